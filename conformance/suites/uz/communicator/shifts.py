"""Requests, shifts and state of the Communicator (uz-fiscal §13.2)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.gen1_communicator import PATH
from conformance.suites.uz.communicator.till import ALL_CONTROLS, begin, check_paycheck, quiet, refused


@family(
    "uz.communicator.request.broken.{key}",
    rows={"no-json": b"{", "array": b"[1]", "text": b'"sale"', "empty": b""},
    target="drive-communicator",
    clauses=["EP-02", "S-13.2"],
    requirements=["UZ-SVC-05"],
    description="The body is no request object: {key}.",
    expectation="An error with `UNSUPPORTED_REQUEST_FORMAT`.",
)
def broken(ctx: Context, body: bytes) -> None:
    """Whatever comes, the boolean and a text answer."""
    reply = ctx.communicator.post(PATH, content=body, headers={"Content-Type": "application/json"})
    ctx.check(True, reply.json.get("error"), "error", clause="S-13.2")
    ctx.check("UNSUPPORTED_REQUEST_FORMAT", reply.json.get("message"), "message")


@family(
    "uz.communicator.request.token.{key}",
    rows={"missing": None, "empty": ""},
    target="drive-communicator",
    clauses=["EP-01", "EP-02"],
    requirements=["UZ-SVC-05"],
    description="A request comes with a token that is {key}.",
    expectation="`WRONG_TOKEN`.",
)
def token(ctx: Context, given: str | None) -> None:
    """The real one is a fixed marker for all shops; which, is not asked here."""
    refused(ctx, ctx.communicator.call("checkStatus", token=given), "WRONG_TOKEN", clause="EP-01")


@case(
    "uz.communicator.request.own-token",
    target="drive-communicator",
    clauses=["EP-01"],
    requirements=["UZ-SVC-05"],
    needs=["card", "control"],
    description="The service is set to a token, and another one comes.",
    expectation="`WRONG_TOKEN`; the right one is served.",
)
def own_token(ctx: Context) -> None:
    """`epos_token`."""
    ctx.control.reset(epos_token="right")  # noqa: S106
    till = ctx.communicator
    refused(ctx, till.call("checkStatus", token="wrong"), "WRONG_TOKEN", clause="EP-01")  # noqa: S106
    ctx.check("OK!", till.call("checkStatus", token="right").message, "message")  # noqa: S106


@family(
    "uz.communicator.request.unknown.{key}",
    rows={
        "name": "noSuchMethod",
        "missing": None,
        "other-case": "OPENZREPORT",
        "catalogue": "getICPCPackage",
    },
    target="drive-communicator",
    clauses=["EP-02"],
    level="stand-in",
    requirements=["UZ-SVC-05"],
    description="A method is called that is not there: {key}.",
    expectation="`NO_SUCH_METHOD_AVAILABLE`.",
)
def unknown(ctx: Context, name: str | None) -> None:
    """Of other releases, or not built."""
    refused(
        ctx, ctx.communicator.call(name or "", **{} if name else {"method": None}), "NO_SUCH_METHOD_AVAILABLE"
    )


@case(
    "uz.communicator.request.newer-release",
    target="drive-communicator",
    clauses=["EP-03", "EP-02"],
    needs=[*ALL_CONTROLS],
    description="The release is 3.20, and a till calls sale and fastSale.",
    expectation="`NO_SUCH_METHOD_AVAILABLE` for both; refund and the shift are served.",
)
def newer(ctx: Context) -> None:
    """Such releases want JSON-RPC for selling."""
    till = quiet(ctx, "open", communicator_version="3.20.0")
    for method in ("sale", "fastSale"):
        refused(ctx, till.sale(method), "NO_SUCH_METHOD_AVAILABLE", clause="EP-03")
    refused(ctx, till.call("openZreport"), "ERROR_ZREPORT_IS_ALREADY_OPEN")


@case(
    "uz.communicator.request.program",
    target="drive-communicator",
    clauses=["S-13.2"],
    description="The program itself is asked: status and version.",
    expectation="`OK!`, and a version led by `Communicator--`.",
)
def program(ctx: Context) -> None:
    """Installers look at these."""
    ctx.check("OK!", ctx.communicator.call("checkStatus").message, "checkStatus")
    version = str(ctx.communicator.call("getVersion").message)
    ctx.check_that(version.startswith("Communicator--"), "Communicator--", version, "getVersion")


@case(
    "uz.communicator.shift.open-and-close",
    target="drive-communicator",
    clauses=["S-13.2"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A shift is opened, something is sold, the shift is closed.",
    expectation="`SUCCESS` both times.",
)
def day(ctx: Context) -> None:
    """Without any parameter."""
    till = begin(ctx, "closed")
    ctx.check("SUCCESS", till.call("openZreport").message, "openZreport")
    till.sell_now()
    till.tick()
    ctx.check("SUCCESS", till.call("closeZreport").message, "closeZreport")


@case(
    "uz.communicator.shift.open-twice",
    target="drive-communicator",
    clauses=["EP-02", "ZR-02", "HB-02"],
    requirements=["UZ-SHF-01"],
    needs=["card"],
    description="A shift is opened while one is open.",
    expectation="An error whose text contains `ERROR_ZREPORT_IS_ALREADY_OPEN`.",
)
def open_twice(ctx: Context) -> None:
    """Some releases write it in three languages."""
    refused(ctx, begin(ctx).call("openZreport"), "ERROR_ZREPORT_IS_ALREADY_OPEN")


@family(
    "uz.communicator.shift.close.{key}",
    rows={"empty": "fresh", "twice": "closed"},
    target="drive-communicator",
    clauses=["EP-02", "ZR-03", "ZR-04"],
    requirements=["UZ-SHF-05"],
    needs=["card"],
    description="A shift that is empty, or closed already, is closed: {key}.",
    expectation="An error with `ERROR_CURRENT_ZREPORT_IS_EMPTY`.",
)
def close_nothing(ctx: Context, shift: str) -> None:
    """One text for both."""
    till = begin(ctx, "fresh" if shift == "fresh" else "closed")
    refused(ctx, till.call("closeZreport"), "ERROR_CURRENT_ZREPORT_IS_EMPTY")


@case(
    "uz.communicator.shift.report",
    target="drive-communicator",
    clauses=["S-13.2", "EP-04", "G1-Z-01"],
    requirements=["UZ-SHF-04"],
    needs=["card"],
    description="The current and the last Z-report are read after a close.",
    expectation="Names with a small first letter, a paycheck; the current one is empty.",
)
def report(ctx: Context) -> None:
    """`zReportId` 0 is the current one."""
    till = begin(ctx)
    till.sell_now()
    till.tick()
    till.close_now()
    current, last = till.zreport(0), till.zreport(1)
    ctx.check(("", "0"), (current["openTime"], current["lastReceiptSeq"]), "current", clause="G1-Z-01")
    names = {
        "number",
        "count",
        "openTime",
        "closeTime",
        "firstReceiptSeq",
        "lastReceiptSeq",
        "totalSaleCount",
    }
    names |= {"totalRefundCount", "totalSaleCash", "terminalID", "appletVersion", "paycheck"}
    ctx.check_that(names <= set(last), ", ".join(sorted(names)), sorted(last), "fields")
    ctx.check(current["number"] - 1, last["number"], "number")
    check_paycheck(ctx, last["paycheck"])


@case(
    "uz.communicator.shift.by-number",
    target="drive-communicator",
    clauses=["S-13.2"],
    requirements=["UZ-SHF-06"],
    needs=["card"],
    description="The first Z-report is read from the front.",
    expectation="Its number is 1.",
)
def by_number(ctx: Context) -> None:
    """getZReportInfoByNumber, 1 the first ever."""
    till = begin(ctx, "closed")
    found = till.call("getZReportInfoByNumber", zReportId=1, printerSize=58).message
    ctx.check(1, found["number"], "number")


@family(
    "uz.communicator.shift.not-given.{key}",
    rows={
        "report": ("getZreportInfo", "ZREPORT_ID_NOT_PROVIDED"),
        "receipt": ("getReceiptInfo", "RECEIPT_NUMBER_NOT_PROVIDED"),
        "period": ("getReceiptsInfoByDate", "PERIOD_NOT_PROVIDED"),
    },
    target="drive-communicator",
    clauses=["EP-02"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="A field that a method needs is missing: {key}.",
    expectation="The documented text for it.",
)
def not_given(ctx: Context, row: tuple[str, str]) -> None:
    """Each method has its own text."""
    method, text = row
    refused(ctx, ctx.communicator.call(method), text)


@case(
    "uz.communicator.state.as-generation-1",
    target="drive-communicator",
    clauses=["S-13.2", "S-3.2"],
    requirements=["UZ-OFF-06"],
    needs=ALL_CONTROLS,
    description="One receipt is unsent; counts, statistics and the receipt are read.",
    expectation="The results of the JSON-RPC methods of these names.",
)
def same(ctx: Context) -> None:
    """Passed through."""
    till = quiet(ctx)
    till.sell_now()
    ctx.check(1, till.call("getReceiptCount").message["Count"], "getReceiptCount")
    ctx.check(1, till.call("getUnsentCount").message["Count"], "getUnsentCount")
    ctx.check("1", till.call("getReceiptInfo", number=1).message["ReceiptSeq"], "getReceiptInfo")
    ctx.check(16, len(till.call("getZReportsStats").message["LastUnAckZReportsNumbers"]), "getZReportsStats")
    ctx.check(1, till.call("getZReportCount").message["Count"], "getZReportCount")
    ctx.check_that("Sender" in till.call("getStatus").message, "Sender", "nothing", "getStatus")
    ctx.check(1, len(till.call("getFiscalsList").message["FactoryID"]), "getFiscalsList")


@case(
    "uz.communicator.state.acknowledged",
    target="drive-communicator",
    clauses=["S-13.2"],
    requirements=["UZ-OFF-02"],
    needs=ALL_CONTROLS,
    description="What is unsent is resent and acknowledged.",
    expectation="Counts of unsent files and waiting acks fall to 0; acknowledge tells its counts.",
)
def acknowledged(ctx: Context) -> None:
    """resendUnsent, getAckCount, acknowledge."""
    till = quiet(ctx)
    till.sell_now()
    ctx.check_that(till.call("resendUnsent").ok, "served", "refused", "resendUnsent")

    def all_gone() -> bool:
        # Module, database and acks let go of a receipt one after the other, in whichever order.
        counts = ("getReceiptCount", "getUnsentCount", "getAckCount")
        return all(till.call(name).message["Count"] == 0 for name in counts)

    till.until("nothing held, nothing unsent, no ack waiting", all_gone, clause="S-13.2")
    names = {"Errors", "AppletVersion", "SuccessCount", "ErrorCount"}
    ctx.check(names, set(till.call("acknowledge").message), "acknowledge")
