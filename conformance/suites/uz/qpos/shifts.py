"""Shifts and state of QPOS (uz-fiscal §13.1)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.gen1_qpos import PATH
from conformance.suites.uz.qpos.till import ALL_CONTROLS, ERROR, begin, quiet, refused
from reference.protocol.uz.values import format_json_time


@case(
    "uz.qpos.shift.open",
    target="drive-qpos",
    clauses=["S-13.1"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A shift is opened without any parameter.",
    expectation="Code 0, OK, and the documented text, spelled as it is.",
)
def opened(ctx: Context) -> None:
    """`succesfuly` is the wrapper's spelling."""
    till = begin(ctx, "closed")
    till.tick(2)
    answer = till.call("Api.OpenZReport")
    ctx.check((0, "OK"), (answer.body.get("code"), answer.message), "code and message")
    ctx.check("Z-Report succesfuly open!", answer.data, "data")


@case(
    "uz.qpos.shift.open-twice",
    target="drive-qpos",
    clauses=["QP-03", "ZR-02"],
    requirements=["UZ-SHF-01"],
    needs=["card"],
    description="A shift is opened while one is open.",
    expectation="50021, `ERROR_ZREPORT_IS_ALREADY_OPEN` and its text; nothing has changed.",
)
def open_twice(ctx: Context) -> None:
    """Clients branch on the message."""
    till = begin(ctx)
    before = till.current_shift()
    answer = till.call("Api.OpenZReport")
    refused(ctx, answer, "ERROR_ZREPORT_IS_ALREADY_OPEN", data="Please, close Z-Report firstly!")
    ctx.check(before, till.current_shift(), "shift", clause="ZR-02")


@family(
    "uz.qpos.shift.close.{key}",
    rows={"empty": "fresh", "twice": "closed"},
    target="drive-qpos",
    clauses=["QP-03", "ZR-03", "ZR-04"],
    requirements=["UZ-SHF-05"],
    needs=["card"],
    description="A shift that is empty, or closed already, is closed: {key}.",
    expectation="50021, `ERROR_CURRENT_ZREPORT_IS_EMPTY` and its text.",
)
def close_nothing(ctx: Context, shift: str) -> None:
    """One message for both."""
    till = begin(ctx, "fresh" if shift == "fresh" else "closed")
    answer = till.call("Api.CloseZReport")
    refused(ctx, answer, "ERROR_CURRENT_ZREPORT_IS_EMPTY", data="Z-Report empty or already closed!")


@case(
    "uz.qpos.shift.close",
    target="drive-qpos",
    clauses=["S-13.1"],
    requirements=["UZ-SHF-04"],
    needs=["card"],
    description="A shift with a sale is closed.",
    expectation="AppletVersion and what still has to go.",
)
def closed(ctx: Context) -> None:
    """Three counts."""
    till = begin(ctx)
    till.sell_now()
    till.tick()
    data = till.call("Api.CloseZReport").data
    names = {"AppletVersion", "UnsentZReportsCount", "AwaitingToSendZReportsCount", "ErrorsCount"}
    ctx.check(names, set(data) if isinstance(data, dict) else set(), "fields")


@case(
    "uz.qpos.shift.empty-slot",
    target="drive-qpos",
    clauses=["G1-Z-01", "S-13.1"],
    requirements=["UZ-SHF-04"],
    needs=["card"],
    description="Number 0 is read after a close.",
    expectation="The next slot, without times.",
)
def empty_slot(ctx: Context) -> None:
    """As generation 1 has it."""
    till = begin(ctx, "closed")
    found = till.call("Api.ZReportInfo", Number=0).data
    ctx.check(("", "", "0"), (found["OpenTime"], found["CloseTime"], found["LastReceiptSeq"]), "slot")


@case(
    "uz.qpos.shift.totals",
    target="drive-qpos",
    clauses=["S-13.1", "ZR-06"],
    requirements=["UZ-SHF-03"],
    needs=["card"],
    description="A sale by cash and card is made.",
    expectation="The shift's sums grow by it.",
)
def totals(ctx: Context) -> None:
    """Cash and card apart."""
    till = begin(ctx)
    before = till.current_shift()
    ctx.check_that(till.sale(cash=60_000, card=40_000).ok, "registered", "refused", "sale")
    found = till.current_shift()
    names = ("TotalSaleCount", "TotalSaleCash", "TotalSaleCard")
    ctx.check([1, 60_000, 40_000], [found[name] - before[name] for name in names], "growth", clause="ZR-06")


@case(
    "uz.qpos.shift.beyond",
    target="drive-qpos",
    clauses=["QP-03", "G1-Z-03"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="A Z-report beyond the slots is read.",
    expectation="50021 with generation 1's name for it.",
)
def beyond(ctx: Context) -> None:
    """Every error of the module goes under the one code."""
    refused(ctx, ctx.qpos.call("Api.ZReportInfo", Number=999_999), "ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS")


@case(
    "uz.qpos.state.info",
    target="drive-qpos",
    clauses=["S-13.1", "S-3.3"],
    needs=["card"],
    description="Info is read.",
    expectation="Generation 1's Info in the envelope.",
)
def info(ctx: Context) -> None:
    """The names of §3.3."""
    found = ctx.qpos.info()
    names = {
        "AppletVersion",
        "TerminalID",
        "CurrentTime",
        "CurrentReceiptSeq",
        "ReceiptCount",
        "ZReportCount",
    }
    ctx.check_that(names <= set(found), ", ".join(sorted(names)), sorted(found), "fields")


@case(
    "uz.qpos.state.count",
    target="drive-qpos",
    clauses=["S-13.1"],
    needs=["card"],
    description="The number of Z-reports is read.",
    expectation="Raw JSON-RPC without the envelope, as the documented sample.",
)
def count(ctx: Context) -> None:
    """result, id and jsonrpc, nothing else."""
    answer = ctx.qpos.call("Api.GetZReportCount")
    ctx.check({"result", "id", "jsonrpc"}, set(answer.body), "fields")
    ctx.check("2.0", answer.body["jsonrpc"], "version")
    ctx.check({"AppletVersion", "Count"}, set(answer.body["result"]), "result")


@case(
    "uz.qpos.state.send-receipt",
    target="drive-qpos",
    clauses=["S-13.1"],
    needs=["card"],
    description="Short records are to be sent.",
    expectation="`success`, the number queued, and the time it took as a number and ms.",
)
def send_receipt(ctx: Context) -> None:
    """The text advises repeating while apiTime is above 200 ms."""
    answer = ctx.qpos.call("Api.SendReceipt").body
    ctx.check(True, answer.get("success"), "success")
    data = answer.get("data") or {}
    ctx.check_that(isinstance(data.get("QueuedToSendCount"), int), "a number", data, "QueuedToSendCount")
    number, _, unit = str(answer.get("apiTime")).partition(" ")
    ctx.check_that(number.isdigit() and unit == "ms", "such as 142 ms", answer.get("apiTime"), "apiTime")


@family(
    "uz.qpos.transport.{key}",
    rows={
        "no-json": b"{",
        "array": b"[]",
        "no-method": b"{}",
        "unknown-method": b'{"method":"Api.NoSuchMethod","params":{}}',
        "number-for-method": b'{"method":7}',
    },
    target="drive-qpos",
    clauses=["S-13.1", "QP-03"],
    requirements=["UZ-SVC-05"],
    description="The body is no request that QPOS knows: {key}.",
    expectation="HTTP 200 and an error object.",
)
def broken(ctx: Context, body: bytes) -> None:
    """HTTP 200 always."""
    reply = ctx.qpos.post(PATH, content=body, headers={"Content-Type": "application/json"})
    ctx.check(200, reply.status, "HTTP status")
    code = reply.json.get("code")
    ctx.check_that(isinstance(code, int) and code != 0, "a code beside 0", code, "code")
    ctx.should(code == ERROR, str(ERROR), code, "code", clause="QP-03")


@case(
    "uz.qpos.habit.open-counts",
    target="drive-qpos",
    clauses=["HB-02", "QP-03"],
    requirements=["UZ-SHF-01"],
    needs=["card"],
    description="A client opens without looking and searches the whole answer for the known message.",
    expectation="The text of the answer contains ERROR_ZREPORT_IS_ALREADY_OPEN.",
)
def open_counts(ctx: Context) -> None:
    """Any answer with it counts as opened."""
    text = begin(ctx).call("Api.OpenZReport").reply.text
    ctx.check_that("ERROR_ZREPORT_IS_ALREADY_OPEN" in text, "the message", text[:300], "answer")


@case(
    "uz.qpos.offline",
    target="drive-qpos",
    clauses=["QP-04", "QP-03"],
    requirements=["UZ-OFF-03"],
    needs=[*ALL_CONTROLS, "clock"],
    description="A receipt has been unsent for more than two days.",
    expectation="The next sale is refused with the name of that limit.",
)
def offline(ctx: Context) -> None:
    """A day passes, a sale, another day."""
    till = quiet(ctx)
    till.sell_now()
    ctx.clock.advance(86_400)
    ctx.check_that(till.sale(Time=format_json_time(till.now)).ok, "registered", "refused", "after a day")
    ctx.clock.advance(86_402)
    late = till.sale(Time=format_json_time(till.now))
    refused(ctx, late, "ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED")
