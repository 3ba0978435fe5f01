"""X and Z reports: the worked shift, what carries over, and what REPORT answers when (kz-ofd §9)."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers import kz_goods as goods
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import BUY, LOAF, SELL_RETURN, line, paid
from conformance.drivers.kz_operator import Answer
from conformance.models.kz_money import OPERATIONS, Figures
from conformance.suites.kz.operator import worked_shift
from conformance.suites.kz.operator.steps import CONTROL, KIND, VERSIONS, refused_without_a_trace
from reference.protocol.kz.documents import ReportAsk
from reference.protocol.kz.reports import figures

PRT = ("KZ-PRT-02", "KZ-NNT-01")
SHIFTS = 30
Z, X = 0, 1


def figure(answer: Answer, name: str) -> int | str:
    """One figure of an answer's report; what is not there is 0."""
    return figures(answer.report).get(name, 0)


@family(
    "kz.operator.report.worked-shift.{key}",
    rows={"203": 203, "204": 204, "202": 202},
    target=KIND,
    clauses=["KZ-ZR-EX", "KZ-S-9.1", "KZ-TP-8", "KZ-TP-9"],
    requirements=PRT,
    needs=CONTROL,
    description="A new register of version {key} works the shift of the specification, document by document.",
    expectation="Every figure of the Z is the one written there; 4830.00 were in the drawer before closing.",
)
def worked(ctx: Context, version: int) -> None:
    """All sums are written out by hand, none is computed."""
    device = ctx.ofd.device(version)
    for entry in worked_shift.entries(device.time, version):
        device.accept(entry, clause="KZ-ZR-EX")
    ctx.check(483_000, figure(device.compare(), "cash_sum"), "drawer before closing", clause="KZ-ZR-EX")
    closing = device.closing(withdraw=True)
    opened = device.books.opened
    assert closing.time is not None
    assert opened is not None
    answer = device.accept(closing)
    expected: Figures = worked_shift.Z | {
        "open_shift_time": opened.isoformat(),
        "close_shift_time": closing.time.isoformat(),
    }
    device.same(expected, answer, "Z of the worked shift", clause="KZ-ZR-EX")


@case(
    "kz.operator.report.thirty-shifts",
    target=KIND,
    clauses=["KZ-ZR-2", "KZ-ZR-9", "KZ-ZR-15", "KZ-S-8.1", "KZ-ZR-10", "KZ-ZR-11", "KZ-ZR-13"],
    requirements=("KZ-NNT-01", "KZ-PRT-02"),
    description="Thirty shifts are worked with sales, returns, purchases and money, some with withdrawal.",
    expectation="Numbers go up by one, non-nullable sums only grow, and every Z is that of the books.",
)
def thirty_shifts(ctx: Context) -> None:
    """What carries over is compared thirty times."""
    device = ctx.ofd.device()
    number, sums = device.books.shift_number, dict(device.books.non_nullable)
    with device.kept():
        for turn in range(SHIFTS):
            device.accept(device.deposit(50_000 + turn))
            device.sell(line(LOAF + turn * 7), line(1_003, 1_500 + turn, section="2"))
            if turn % 3 == 0:
                device.sell(line(1_000 + turn), operation=SELL_RETURN)
            if turn % 4 == 0:
                device.sell(line(900 + turn), operation=BUY)
            answer = device.close_shift(withdraw=turn % 2 == 0)
            ctx.check(number + turn, answer.report.shift_number, "shift number", clause="KZ-S-8.1")
            now = {OPERATIONS[row.operation]: row.sum for row in answer.report.non_nullable}
            less = [name for name, total in sums.items() if now.get(name, 0) < total]
            ctx.check([], less, "non-nullable sums that went down", clause="KZ-ZR-15")
            sums = now


@case(
    "kz.operator.report.between-shifts",
    target=KIND,
    clauses=["KZ-RP-01", "KZ-RP-02", "KZ-ZR-9"],
    requirements=PRT,
    description="After a closed shift X and Z are asked for; then a shift is opened and both again.",
    expectation="X is that of the shift to come, then of the open one; Z is that of the closed one.",
)
def between_shifts(ctx: Context) -> None:
    """The open shift is never in a Z."""
    device = ctx.ofd.device()
    device.accept(device.deposit(70_000))
    device.sell()
    device.close_shift()
    closed = device.closed
    device.compare("X of the shift to come")
    device.same(closed, device.report(Z), "last Z", clause="KZ-RP-02")
    device.sell(line(999))
    device.compare()
    device.same(closed, device.report(Z), "last Z while a shift is open", clause="KZ-RP-02")


@case(
    "kz.operator.report.none-yet",
    target=KIND,
    clauses=["KZ-RP-03", "KZ-TP-6", "KZ-RP-01"],
    requirements=PRT,
    needs=CONTROL,
    description="A new register asks for Z, for X and for Z in its first shift.",
    expectation="An empty Z with shift number 0 and the date of the request; X has shift number 1.",
)
def none_yet(ctx: Context) -> None:
    """INFO says 1 in the same place."""
    device = ctx.ofd.device()
    for _ in range(2):
        ask = ReportAsk(Z, device.later(seconds=-77))
        report = device.accept(ask, clause="KZ-RP-03").report
        ctx.check((0, ask.time), (report.shift_number, report.time), "number and time", clause="KZ-RP-03")
        ctx.check({}, figures(report), "figures of an empty Z", clause="KZ-RP-03")
        ctx.check(1, device.compare().report.shift_number, "shift number of X", clause="KZ-RP-01")
        device.sell()


@case(
    "kz.operator.report.changes-nothing",
    target=KIND,
    clauses=["KZ-S-9.2", "KZ-CM-3"],
    requirements=PRT,
    description="X and Z are asked for ten times between documents.",
    expectation="Neither figures nor token change, and no shift is opened by it.",
)
def changes_nothing(ctx: Context) -> None:
    """REPORT changes nothing."""
    device = ctx.ofd.device()
    before = device.token
    for _ in range(5):
        for kind in (X, Z):
            answer = device.report(kind)
            ctx.check((kind, before), (answer.message.report.report, answer.token), "kind and TOKEN")
    device.compare()
    device.sell()
    for _ in range(5):
        device.compare()


@case(
    "kz.operator.report.times",
    target=KIND,
    clauses=["KZ-S-2.5", "KZ-ZR-1", "KZ-ZR-16", "KZ-ZR-17"],
    requirements=PRT,
    needs=CONTROL,
    description="X is asked for and the shift closed with times of the register's own.",
    expectation="The date_time is the time asked, the opening is the first document's, the closing its own.",
)
def times(ctx: Context) -> None:
    """The server stores times as sent."""
    device = ctx.ofd.device()
    opened = device.later(minutes=-50)
    device.accept(device.ticket(time=opened))
    device.accept(device.ticket(time=device.later(minutes=-40)))
    asked = device.later(minutes=-30)
    report = device.accept(ReportAsk(X, asked)).report
    seen = (report.time, report.opened, report.closed)
    ctx.check((asked, opened, None), seen, "times of the X", clause="KZ-ZR-1")
    closed = device.later(minutes=-20)
    report = device.close_shift(time=closed).report
    seen = (report.time, report.opened, report.closed)
    ctx.check((closed, opened, closed), seen, "times of the Z", clause="KZ-ZR-17")


# --- the message itself -------------------------------------------------------------------------------------


def _required(message: Any) -> list[str]:
    """What strict clients demand of a ZXReport (PA-4)."""
    money = [("cash_sum", message.cash_sum), ("revenue.sum", message.revenue.sum)]
    money += [(f"non_nullable_sums[{place}]", row.sum) for place, row in enumerate(message.non_nullable_sums)]
    for at, row in enumerate(message.ticket_operations):
        money.append((f"ticket_operations[{at}].tickets_sum", row.tickets_sum))
        money += [(f"ticket_operations[{at}].payments", payment.sum) for payment in row.payments]
    for name in ("operations", "discounts", "markups", "total_result"):
        money += [(name, row.sum) for row in getattr(message, name)]
    missing = [
        name for name in ("date_time", "shift_number", "cash_sum", "revenue") if not message.HasField(name)
    ]
    missing += [name for name, sum in money if not (sum.HasField("bills") and sum.HasField("coins"))]
    if not message.revenue.HasField("is_negative"):
        missing.append("revenue.is_negative")
    return missing


@family(
    "kz.operator.report.required-fields.{key}",
    rows={f"{kind}-{version}": (kind, version) for version in VERSIONS for kind in ("x", "z", "info")},
    target=KIND,
    clauses=["KZ-PA-4", "KZ-TP-11"],
    requirements=PRT,
    description="A report is answered with zero sums in it: {key}.",
    expectation="Money has both fields even when 0, revenue both, and the report its four required fields.",
)
def required_fields(ctx: Context, row: tuple[str, int]) -> None:
    """Strict clients throw otherwise."""
    kind, version = row
    device = ctx.ofd.device(version)
    ask: dict[str, Callable[[], Answer]] = {
        "x": lambda: device.report(X),
        "z": lambda: device.close_shift(),
        "info": lambda: device.accept(5),
    }
    for _ in range(2):
        message = ask[kind]().message.report.zx_report
        ctx.check([], _required(message), "required fields that are missing", clause="KZ-PA-4")
        device.sell(line(700))
        device.sell(line(700), payments=paid(card=700))


@case(
    "kz.operator.report.checksum",
    target=KIND,
    clauses=["KZ-ZR-18"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="The checksum of X and Z reports is computed anew; a Z of the register's has a wrong one.",
    expectation="CRC-32 of the message with an empty checksum, eight capital hex digits; nobody reads it.",
)
def checksum(ctx: Context) -> None:
    """Written by ours, never verified by anybody."""
    device = ctx.ofd.device()
    device.sell()
    for answer in (device.report(X), _closed_with_a_wrong_checksum(device)):
        message = type(answer.message.report.zx_report)()
        message.CopyFrom(answer.message.report.zx_report)
        said, message.checksum = message.checksum, ""
        computed = f"{binascii.crc32(message.SerializeToString()):08X}"
        ctx.check(computed, said, "checksum", clause="KZ-ZR-18")


def _closed_with_a_wrong_checksum(device: Device) -> Answer:
    document = device.closing()
    message = device.request(document)
    message.close_shift.z_report.checksum = "00000000"
    answer = device.accept(message)
    device.same(device.books.close(document), answer, "Z of the closed shift")
    return answer


@case(
    "kz.operator.report.negative-revenue",
    target=KIND,
    clauses=["KZ-ZR-14", "KZ-RG-04"],
    requirements=PRT,
    description="More is bought and given back than sold.",
    expectation="Revenue is the absolute value with is_negative true.",
)
def negative_revenue(ctx: Context) -> None:
    """Money has no sign of its own."""
    device = ctx.ofd.device()
    device.accept(device.deposit(1_000_000))
    device.sell(line(100))
    device.sell(line(5_000), operation=BUY)
    device.sell(line(3_000), operation=SELL_RETURN)
    answer = device.compare()
    revenue = answer.message.report.zx_report.revenue
    seen = (revenue.sum.bills, revenue.sum.coins, revenue.is_negative)
    ctx.check((79, 0, True), seen, "revenue", clause="KZ-ZR-14")


@case(
    "kz.operator.report.annulled-absent",
    target=KIND,
    clauses=["KZ-ZR-12"],
    requirements=PRT,
    description="A 2.0.2 register cancels a ticket and asks for X and Z.",
    expectation="The field annulled_tickets is absent.",
)
def annulled(ctx: Context) -> None:
    """A field of old texts."""
    device = ctx.ofd.device(202)
    device.sell()
    device.accept(7)
    for answer in (device.compare(), device.close_shift()):
        held = answer.message.report.zx_report.HasField("annulled_tickets")
        ctx.check(False, held, "annulled_tickets", clause="KZ-ZR-12")


@case(
    "kz.operator.report.zero-rows",
    target=KIND,
    clauses=["KZ-S-9.1", "KZ-TP-7"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="An X is asked for with rows of zeros left out, then with the switch for full lists.",
    expectation="Only rows that are not all zero; then one for every operation, kind and payment type.",
)
def zero_rows(ctx: Context) -> None:
    """Real servers do either."""
    device = ctx.ofd.device()
    device.sell(line())
    message = device.report(X).message.report.zx_report
    counts = [len(getattr(message, name)) for name in ("operations", "discounts", "ticket_operations")]
    ctx.check([1, 0, 1], counts, "rows of operations, discounts, ticket_operations")
    ctx.ofd.switch(zero_rows="full")
    answer = device.compare("X with full lists")
    message = answer.message.report.zx_report
    names = ("operations", "discounts", "ticket_operations", "money_placements", "non_nullable_sums")
    counts = [len(getattr(message, name)) for name in names]
    ctx.check([4, 4, 4, 2, 4], counts, "rows of full lists")


def _report_of(change: Callable[[Any], None]) -> Callable[[Device], Any]:
    def make(device: Device) -> Any:
        message = device.request(ReportAsk(X, device.time))
        change(message.report)
        return message

    return make


def _bad_month(report: Any) -> None:
    report.date_time.date.month = 13


REPORTS: dict[str, Callable[[Device], Any]] = {
    "kind": _report_of(lambda report: report.ClearField("report")),
    "kind-unknown": lambda device: device.request(ReportAsk(5, device.time)),
    "time": _report_of(lambda report: report.ClearField("date_time")),
    "month-13": _report_of(_bad_month),
}


@family(
    "kz.operator.report.refused.{key}",
    rows=REPORTS,
    target=KIND,
    clauses=["KZ-TI-R01", "KZ-RC-13"],
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    description="REPORT has one fault: {key}.",
    expectation="Code 13 under the same command.",
)
def report_refused(ctx: Context, make: Callable[[Device], Any]) -> None:
    """An enum number nobody knows counts as missing (PA-2)."""
    device = ctx.ofd.device()
    refused_without_a_trace(ctx, device, 13, make(device), clause="KZ-TI-R01", coded="KZ-S-5.1")


@case(
    "kz.operator.report.large-sums",
    target=KIND,
    clauses=["KZ-TP-16", "KZ-RG-04", "KZ-ZR-15"],
    requirements=PRT,
    needs=CONTROL,
    description="Tickets of more than 2 to the 53 tiyn are sold, with odd tiyn.",
    expectation="Every figure is exact to the tiyn.",
)
def large_sums(ctx: Context) -> None:
    """The real portal shows what floats do above that."""
    device = ctx.ofd.device()
    huge = 9_007_199_254_740_993
    for total in (huge, 1, huge + 2):
        device.sell(line(total), payments=goods.paid(card=total))
    device.compare()
    device.close_shift()
