"""The service killed inside a sale: its receipt number finds it again (uz-fiscal QP-01)."""

from __future__ import annotations

from conformance.cases import family
from conformance.context import Context
from conformance.suites.uz.qpos.till import ALL_CONTROLS, last_number, quiet
from conformance.verdicts import AnswerMissing, TargetUnreachable


@family(
    "uz.qpos.number.crash.{key}",
    rows={
        "before-module": "register.before-fm",
        "after-module": "register.after-fm",
        "before-store": "register.before-store",
        "after-store": "register.after-store",
    },
    target="drive-qpos",
    clauses=["QP-01"],
    requirements=["UZ-SVC-02", "UZ-USB-02"],
    needs=[*ALL_CONTROLS, "processes"],
    tags=["slow"],
    description="The service is killed in a sale, {key}; it starts again and the till repeats by its number.",
    expectation="One receipt, and every further repeat gives the same answer.",
)
def crash(ctx: Context, point: str) -> None:
    """The name is kept before the module is asked."""
    till = quiet(ctx)
    asked = till.receipt(ReceiptNumber="K-1")
    ctx.control.add_fault(point, "crash")
    try:
        answer = till.call("SaleReceipt", **asked)
        ctx.fail(f"the service answers {answer.body} where it was to die")
    except (AnswerMissing, TargetUnreachable):
        pass
    ctx.step("start the service again")
    ctx.processes.restart("drive")
    first = till.call("SaleReceipt", **asked).data
    second = till.sale(ReceiptNumber="K-1").data
    ctx.check(("1", first), (first["ReceiptSeq"], second), "both answers")
    ctx.check(1, last_number(till), "CurrentReceiptSeq")
