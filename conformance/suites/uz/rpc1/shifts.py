"""Z slots, opening and closing in generation 1 (uz-fiscal §3.6, §9.1)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.gen1 import parse_time
from conformance.suites.uz.rpc1.till import begin, quiet, refused, unchanged

ALL_CONTROLS = ("card", "control", "module-control", "operator-control")
FIELDS = {
    "AppletVersion": str,
    "TerminalID": str,
    "Number": int,
    "Count": int,
    "OpenTime": str,
    "CloseTime": str,
    "FirstReceiptSeq": str,
    "LastReceiptSeq": str,
    "TotalSaleCount": int,
    "TotalRefundCount": int,
    "TotalSaleCash": int,
    "TotalSaleCard": int,
    "TotalSaleVAT": int,
    "TotalRefundCash": int,
    "TotalRefundCard": int,
    "TotalRefundVAT": int,
}


@case(
    "uz.rpc1.shift.open-twice",
    target="drive-rpc",
    clauses=["G1-Z-04", "ZR-02", "S-3.5"],
    requirements=["UZ-SHF-01"],
    needs=["card"],
    description="A shift is opened while one is open.",
    expectation="36912 `ERROR_ZREPORT_IS_ALREADY_OPEN`, and nothing has changed.",
)
def open_twice(ctx: Context) -> None:
    """The best known message of this dialect."""
    till = begin(ctx)
    before = till.info()
    refused(ctx, till.open(), "ERROR_ZREPORT_IS_ALREADY_OPEN")
    unchanged(ctx, before)


@case(
    "uz.rpc1.shift.close-empty",
    target="drive-rpc",
    clauses=["G1-Z-04", "ZR-03"],
    requirements=["UZ-SHF-01"],
    needs=["card"],
    description="A shift without an operation is closed.",
    expectation="36907, and the shift stays open.",
)
def close_empty(ctx: Context) -> None:
    """Nothing was sold or refunded in it."""
    till = begin(ctx, "fresh")
    refused(ctx, till.close_shift(), "ERROR_CURRENT_ZREPORT_IS_EMPTY")
    ctx.check_that(till.is_open, "open", till.shift(0), "shift")


@case(
    "uz.rpc1.shift.close-twice",
    target="drive-rpc",
    clauses=["G1-Z-04", "ZR-04"],
    requirements=["UZ-SHF-05"],
    needs=["card"],
    description="A closed shift is closed again.",
    expectation="36907.",
)
def close_twice(ctx: Context) -> None:
    """With the same code as an empty one."""
    till = begin(ctx, "closed")
    refused(ctx, till.close_shift(), "ERROR_CURRENT_ZREPORT_IS_EMPTY")


@case(
    "uz.rpc1.shift.no-shift",
    target="drive-rpc",
    clauses=["G1-Z-05", "ZR-01"],
    requirements=["UZ-SHF-02"],
    needs=["card"],
    description="A receipt is sent while no shift is open.",
    expectation="36909 `ERROR_ZREPORT_IS_NOT_OPEN`, and no number is spent.",
)
def no_shift(ctx: Context) -> None:
    """The till forgot to open."""
    till = begin(ctx, "closed")
    before = till.info()
    refused(ctx, till.sale(), "ERROR_ZREPORT_IS_NOT_OPEN")
    unchanged(ctx, before)


@case(
    "uz.rpc1.shift.empty-slot",
    target="drive-rpc",
    clauses=["G1-Z-01", "G1-Z-02", "S-9.1"],
    requirements=["UZ-SHF-04"],
    needs=["card"],
    description="The current slot is read after a close.",
    expectation='The next slot: no times, receipt numbers "0", sums 0; the closed one is Number 1.',
)
def empty_slot(ctx: Context) -> None:
    """Unlike generation 2, where index 0 stays the closed one."""
    till = begin(ctx)
    till.sell_now()
    last = till.shift(0)
    till.close_now()
    current, closed = till.shift(0), till.shift(1)
    ctx.check(("", ""), (current["OpenTime"], current["CloseTime"]), "times", clause="G1-Z-01")
    numbers = (current["FirstReceiptSeq"], current["LastReceiptSeq"])
    ctx.check(("0", "0"), numbers, "receipt numbers", clause="S-9.1")
    sums = {name: current[name] for name in FIELDS if name.startswith("Total")}
    ctx.check(dict.fromkeys(sums, 0), sums, "sums", clause="G1-Z-01")
    ctx.check(last["Count"] + 1, current["Count"], "Count", clause="G1-Z-02")
    ctx.check(last["OpenTime"], closed["OpenTime"], "OpenTime of Number 1", clause="G1-Z-02")
    ctx.check_that(closed["CloseTime"] != "", "a close time", closed["CloseTime"], "CloseTime of Number 1")


@case(
    "uz.rpc1.shift.fields",
    target="drive-rpc",
    clauses=["S-9.1"],
    requirements=["UZ-SHF-04"],
    needs=["card"],
    description="A Z-report is read while it is open.",
    expectation="The flat fields of generation 1, numbers of receipts as text.",
)
def fields(ctx: Context) -> None:
    """By type."""
    till = begin(ctx)
    till.sell_now()
    found = till.shift(0)
    kinds = {name: type(found.get(name)).__name__ for name in FIELDS}
    ctx.check({name: kind.__name__ for name, kind in FIELDS.items()}, kinds, "types")
    parse_time(found["OpenTime"])


@case(
    "uz.rpc1.shift.totals",
    target="drive-rpc",
    clauses=["ZR-06", "S-9.1"],
    requirements=["UZ-SHF-03"],
    needs=["card"],
    description="A sale by cash and card is made in a shift.",
    expectation="Its sums grow by the receipt's cash, card and VAT, its last receipt is the new one.",
)
def totals(ctx: Context) -> None:
    """Cash, card and VAT apart."""
    till = begin(ctx)
    before = till.shift(0)
    answer = till.sale(cash=60_000, card=40_000).result
    found = till.shift(0)
    names = ("TotalSaleCount", "TotalSaleCash", "TotalSaleCard", "TotalSaleVAT", "TotalRefundCount")
    grown = [found[name] - before[name] for name in names]
    ctx.check([1, 60_000, 40_000, 100_000 * 12 // 112, 0], grown, "growth")
    ctx.check(answer["ReceiptSeq"], found["LastReceiptSeq"], "LastReceiptSeq", clause="S-9.1")


@case(
    "uz.rpc1.shift.by-number",
    target="drive-rpc",
    clauses=["G1-Z-02", "S-3.2"],
    requirements=["UZ-SHF-04"],
    needs=["card"],
    description="The same Z-report is read from the back and from the front.",
    expectation="Number k from the back is Count − k from the front; the first of all is 1.",
)
def by_number(ctx: Context) -> None:
    """GetZReportInfo and GetZReportInfoByNumber."""
    till = begin(ctx, "closed")
    count = till.call("GetZReportCount").result["Count"]
    for back in range(min(3, count)):
        front = till.call("GetZReportInfoByNumber", Number=count - back).result
        ctx.check(till.shift(back), front, f"Number {back}")
    first = till.call("GetZReportInfoByNumber", Number=1)
    ctx.check_that(first.ok, "the first Z-report", first.error, "Number 1")


@family(
    "uz.rpc1.shift.beyond.{key}",
    rows={
        "back": ("GetZReportInfo", 0),
        "front": ("GetZReportInfoByNumber", 1),
        "zero": ("GetZReportInfoByNumber", None),
    },
    target="drive-rpc",
    clauses=["G1-Z-03"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="A Z-report beyond the slots is read: {key}.",
    expectation="36902.",
)
def beyond(ctx: Context, row: tuple[str, int | None]) -> None:
    """The number of slots from the back, one more from the front, zero from the front."""
    method, more = row
    count = ctx.rpc.call("GetZReportCount").result["Count"]
    number = 0 if more is None else count + more
    refused(ctx, ctx.rpc.call(method, Number=number), "ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS")


@case(
    "uz.rpc1.shift.statistics",
    target="drive-rpc",
    clauses=["S-3.2", "G1-Z-02"],
    requirements=["UZ-SHF-04"],
    needs=["card"],
    description="Statistics and the count are read while no shift is open.",
    expectation="Sixteen numbers, unused ones 0; Count is one more than the closed ones.",
)
def statistics(ctx: Context) -> None:
    """As in the vendor's sample, 365 and 364."""
    till = begin(ctx, "closed")
    stats = till.call("GetZReportsStats").result
    numbers = stats["LastUnAckZReportsNumbers"]
    ctx.check(16, len(numbers), "LastUnAckZReportsNumbers")
    used = [number for number in numbers if number]
    waiting = stats["TotalClosedUnAckZReportsCount"]
    ctx.check(min(waiting, 16), len(used), "used places")
    count = till.call("GetZReportCount").result["Count"]
    ctx.check(stats["TotalClosedZReportsCount"] + 1, count, "Count", clause="G1-Z-02")


@case(
    "uz.rpc1.shift.close-answer",
    target="drive-rpc",
    clauses=["S-3.2"],
    needs=["card"],
    description="A shift is closed.",
    expectation="AppletVersion; from applet 0324 on three counts, which fit each other.",
)
def close_answer(ctx: Context) -> None:
    """What still has to go."""
    till = begin(ctx)
    till.sell_now()
    found = till.close_shift().result
    if found["AppletVersion"] < "0324":
        ctx.not_applicable("the applet is older than 0324")
    counts = [found.get(f"{name}Count") for name in ("UnsentZReports", "AwaitingToSendZReports", "Errors")]
    ctx.check_that(all(isinstance(count, int) for count in counts), "three numbers", counts, "counts")
    unsent = int(found["UnsentZReportsCount"])
    ctx.check_that(unsent >= 1, "the closed one at least", counts, "UnsentZReportsCount")


@family(
    "uz.rpc1.shift.past.{key}",
    rows={"open": "ERROR_OPEN_ZREPORT_TIME_PAST", "close": "ERROR_CLOSE_ZREPORT_TIME_PAST"},
    target="drive-rpc",
    clauses=["ZR-05", "S-3.5"],
    requirements=["UZ-CLK-03"],
    needs=["card"],
    description="A shift is to {key} at the time of the last operation.",
    expectation="The code for a time in the past of that command.",
)
def past(ctx: Context, message: str) -> None:
    """A second has one operation."""
    opening = message.startswith("ERROR_OPEN")
    till = begin(ctx, "closed" if opening else "open")
    if not opening:
        till.sell_now()
    time = till.next_time(0)
    refused(ctx, till.open(time) if opening else till.close_shift(time), message)


@case(
    "uz.rpc1.shift.full",
    target="drive-rpc",
    clauses=["G1-Z-07"],
    requirements=["UZ-DEV-05"],
    needs=ALL_CONTROLS,
    description="As many shifts have been opened as Info allows.",
    expectation="36898 at the next.",
)
def full(ctx: Context) -> None:
    """ZReportMaxCount lowered to 2."""
    till = quiet(ctx, "open", gen1_zreport_max=2)
    till.sell_now()
    till.close_now()
    ctx.check("", till.open_now(), "the second opens")
    till.sell_now()
    till.close_now()
    ctx.check(2, till.info()["ZReportMaxCount"], "ZReportMaxCount", clause="S-3.3")
    refused(ctx, till.open(), "ERROR_ZREPORT_SPACE_IS_FULL")
