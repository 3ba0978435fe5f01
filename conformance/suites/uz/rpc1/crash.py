"""The service killed inside a sale: generation 1 finds it by the last registered receipt (uz-fiscal §3.4)."""

from __future__ import annotations

from conformance.cases import family
from conformance.context import Context
from conformance.suites.uz.rpc1.shifts import ALL_CONTROLS
from conformance.suites.uz.rpc1.till import quiet
from conformance.verdicts import AnswerMissing, TargetUnreachable


@family(
    "uz.rpc1.last-registered.crash.{key}",
    rows={
        "after-module": "register.after-fm",
        "before-store": "register.before-store",
        "after-store": "register.after-store",
    },
    target="drive-rpc",
    clauses=["G1-R-08"],
    requirements=["UZ-SVC-02", "UZ-USB-02"],
    needs=[*ALL_CONTROLS, "processes"],
    tags=["slow"],
    description="The service is killed in a sale, {key}; it starts again.",
    expectation="The last registered receipt is that sale, and the next sale has the next number.",
)
def crash(ctx: Context, point: str) -> None:
    """The module is asked what it took."""
    till = quiet(ctx)
    receipt = till.receipt()
    ctx.control.add_fault(point, "crash")
    try:
        till.sale(receipt)
        ctx.fail("the service answers where it was to die")
    except (AnswerMissing, TargetUnreachable):
        pass
    ctx.step("start the service again")
    ctx.processes.restart("drive")
    found = till.call("GetLastRegisteredReceipt").result
    ctx.check("1", found["ReceiptSeq"], "ReceiptSeq")
    ctx.check(12, len(found["FiscalSign"]), "digits of FiscalSign")
    ctx.check("2", till.sale().result["ReceiptSeq"], "next ReceiptSeq")
