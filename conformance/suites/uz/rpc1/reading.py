"""What generation 1 tells: Info, Status, held receipts, and what still has to go (uz-fiscal §3.2, §3.3)."""

from __future__ import annotations

import re

from conformance.cases import case
from conformance.context import Context
from conformance.drivers.gen1 import parse_time
from conformance.suites.uz.rpc1.shifts import ALL_CONTROLS
from conformance.suites.uz.rpc1.till import begin, quiet, refused

INFO = {
    "AppletVersion": str,
    "TerminalID": str,
    "CurrentTime": str,
    "CurrentReceiptSeq": str,
    "ReceiptCount": int,
    "ReceiptMaxCount": int,
    "ZReportCount": int,
    "ZReportMaxCount": int,
    "AvailablePersistentMemory": int,
    "AvailableResetMemory": int,
    "AvailableDeselectMemory": int,
}
COUNTERS = (
    *("TotalFilesSent", "FullReceiptFilesSent", "ReceiptFilesSent", "ZReportFilesSent"),
    *("AdvanceReceiptFilesSent", "CreditReceiptFilesSent", "EncodedFullReceiptBodyFilesSent"),
    "TotalAckFilesReceived",
)


@case(
    "uz.rpc1.info.fields",
    target="drive-rpc",
    clauses=["S-3.3"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="Info is read.",
    expectation="Its fields by type; an applet of generation 1 in four digits.",
)
def info(ctx: Context) -> None:
    """Clients tell the generations apart by AppletVersion."""
    found = ctx.rpc.info()
    kinds = {name: type(found.get(name)).__name__ for name in INFO}
    ctx.check({name: kind.__name__ for name, kind in INFO.items()}, kinds, "types")
    version = found["AppletVersion"]
    ctx.check_that(re.fullmatch("03[0-9]{2}", version) is not None, "03 and two digits", version, "applet")


@case(
    "uz.rpc1.info.moves",
    target="drive-rpc",
    clauses=["S-3.3"],
    requirements=["UZ-CLK-01"],
    needs=["card"],
    description="Info is read before and after a sale.",
    expectation="CurrentTime is the sale's time, CurrentReceiptSeq its number.",
)
def moves(ctx: Context) -> None:
    """CurrentTime is the last operation, not the time of day."""
    till = begin(ctx)
    sold = till.sale().result
    found = till.info()
    ctx.check(parse_time(sold["DateTime"]), parse_time(found["CurrentTime"]), "CurrentTime")
    ctx.check(sold["ReceiptSeq"], found["CurrentReceiptSeq"], "CurrentReceiptSeq")


@case(
    "uz.rpc1.info.memory",
    target="drive-rpc",
    clauses=["UNK-14"],
    needs=["card"],
    description="Lifetime sums are read before and after a sale.",
    expectation="They grow by its cash, card and VAT.",
)
def memory(ctx: Context) -> None:
    """The names are our own."""
    till = begin(ctx)
    before = till.call("GetFiscalMemoryInfo").result
    till.sale(cash=70_000, card=30_000).result  # noqa: B018 - it must be taken
    found = till.call("GetFiscalMemoryInfo").result
    grown = [found.get(f"Sale{name}", 0) - before.get(f"Sale{name}", 0) for name in ("Cash", "Card", "VAT")]
    ctx.check([70_000, 30_000, 100_000 * 12 // 112], grown, "growth")


@case(
    "uz.rpc1.status.fields",
    target="drive-rpc",
    clauses=["S-3.3", "TM-04"],
    requirements=["UZ-OFF-06"],
    needs=["card"],
    description="Status is read after something was sent.",
    expectation="Counters by TerminalID, LastOnlineTime with +05:00, a span as Go prints it.",
)
def status(ctx: Context) -> None:
    """`{}` where nothing was counted."""
    till = begin(ctx)
    till.sell_now()
    till.send_all()
    found = till.call("Status").result
    sender = found["Sender"]
    for name in COUNTERS:
        ctx.check_that(isinstance(sender.get(name), dict), "an object", sender.get(name), name)
    terminal = till.info()["TerminalID"]
    ctx.check_that(sender["TotalFilesSent"].get(terminal, 0) >= 1, "1 or more", sender, "TotalFilesSent")
    online = sender["LastOnlineTime"]
    ctx.check_that(online.endswith("+05:00") and "T" in online, "RFC 3339, +05:00", online, "LastOnlineTime")
    span = sender["LastSendReceiveDuration"]
    whole = re.fullmatch(r"([0-9]+(\.[0-9]+)?(ns|µs|ms|s|m|h))+", span) is not None
    ctx.check_that(whole, "a span such as 230.9869ms", span, "LastSendReceiveDuration")
    ctx.check_that(isinstance(found["DB"]["ArchivedFiles"], dict), "an object", found["DB"], "ArchivedFiles")


@case(
    "uz.rpc1.held.oldest-first",
    target="drive-rpc",
    clauses=["S-3.2"],
    requirements=["UZ-OFF-06"],
    needs=ALL_CONTROLS,
    description="Two receipts are unsent.",
    expectation="Number 1 is the older one, 2 the newer one, 3 is out of bounds.",
)
def held(ctx: Context) -> None:
    """The other way round than generation 2."""
    till = quiet(ctx)
    first, second = (till.sale().result["ReceiptSeq"] for _ in range(2))
    ctx.check(2, till.held(), "Count")
    found = [till.call("GetReceiptInfo", Number=number).result for number in (1, 2)]
    ctx.check([first, second], [one["ReceiptSeq"] for one in found], "ReceiptSeq")
    ctx.check([True, True], [one["Sale"] for one in found], "Sale")
    ctx.check([2, 2], [one["Count"] for one in found], "Count")
    refused(ctx, till.call("GetReceiptInfo", Number=3), "ERROR_RECEIPT_INDEX_OUT_OF_BOUNDS")


@case(
    "uz.rpc1.held.none",
    target="drive-rpc",
    clauses=["S-3.5", "HB-01"],
    requirements=["UZ-SVC-05"],
    needs=ALL_CONTROLS,
    description="Nothing is unsent, and the oldest unsent receipt is asked for.",
    expectation='36870 `ERROR_RECEIPT_COUNT_ZERO`, which a client takes for "nothing unsent".',
)
def nothing_held(ctx: Context) -> None:
    """A client reads it by its message."""
    till = quiet(ctx)
    refused(ctx, till.call("GetReceiptInfo", Number=1), "ERROR_RECEIPT_COUNT_ZERO")


@case(
    "uz.rpc1.last-registered.same",
    target="drive-rpc",
    clauses=["G1-R-08", "S-3.2"],
    requirements=["UZ-USB-02"],
    needs=["card"],
    description="The last registered receipt is asked for after a sale.",
    expectation="The very answer of the sale.",
)
def last_registered(ctx: Context) -> None:
    """What a client that lost it needs."""
    till = begin(ctx)
    sold = till.sale().result
    ctx.check(sold, till.call("GetLastRegisteredReceipt").result, "answer")


@case(
    "uz.rpc1.last-registered.none",
    target="drive-rpc",
    clauses=["S-3.2", "S-3.5"],
    level="stand-in",
    needs=ALL_CONTROLS,
    description="The last registered receipt of an empty service is asked for.",
    expectation="36872.",
)
def none_registered(ctx: Context) -> None:
    """Before the first sale."""
    till = quiet(ctx)
    refused(ctx, till.call("GetLastRegisteredReceipt"), "ERROR_RECEIPT_NOT_FOUND")


@case(
    "uz.rpc1.last-registered.cable-pulled",
    target="drive-rpc",
    clauses=["G1-R-08", "S-3.5"],
    requirements=["UZ-USB-02"],
    needs=ALL_CONTROLS,
    description="The link breaks after the module has registered a sale.",
    expectation="65534 for the sale; the last registered receipt is that sale, with its sign.",
)
def cable_pulled(ctx: Context) -> None:
    """The module is asked what happened."""
    till = quiet(ctx)
    ctx.control.add_fault("link.transmit", "drop", value="after", match={"apdu": "001700*"})
    receipt = till.receipt()
    refused(ctx, till.sale(receipt), "cannot connect card")
    ctx.control.clear_faults()
    found = till.call("GetLastRegisteredReceipt").result
    ctx.check("1", found["ReceiptSeq"], "ReceiptSeq")
    ctx.check(receipt["Time"], str(parse_time(found["DateTime"])), "DateTime")
    sign = found["FiscalSign"]
    ctx.check_that(len(sign) == 12 and sign.isdigit(), "12 digits", sign, "FiscalSign")


@case(
    "uz.rpc1.sending.unsent",
    target="drive-rpc",
    clauses=["S-3.2"],
    requirements=["UZ-OFF-06"],
    needs=ALL_CONTROLS,
    description="A sale and an advance wait; then they are resent.",
    expectation="GetUnsentCount says 2 for the terminal, then nothing.",
)
def unsent(ctx: Context) -> None:
    """Files in the database, the operator marked to take unsigned ones."""
    till = quiet(ctx)
    terminal = till.info()["TerminalID"]
    ctx.operator_control.do("mark-generation", terminal=terminal, generation=1)
    till.sell_now()
    till.call("SendAdvanceReceipt", Receipt=till.receipt()).result  # noqa: B018 - it must be taken
    found = till.call("GetUnsentCount", FactoryID=None).result
    ctx.check({"TerminalID": {terminal: 2}, "Count": 2}, found, "before")
    till.call("ResendUnsent").result  # noqa: B018 - it must be taken

    def all_gone() -> bool:
        # Module and database let go of a receipt one after the other, in whichever order.
        return not till.call("GetUnsentCount", FactoryID=None).result["Count"] and not till.held()

    till.until("no file in the database and no receipt in the module", all_gone, clause="S-3.2")


@case(
    "uz.rpc1.sending.shift",
    target="drive-rpc",
    clauses=["S-3.2", "ZR-09"],
    requirements=["UZ-SHF-07"],
    needs=ALL_CONTROLS,
    description="A closed shift is sent by SendZReport.",
    expectation="It is acknowledged: no number stands among the unacknowledged.",
)
def send_shift(ctx: Context) -> None:
    """A test aid of the real service."""
    till = quiet(ctx)
    till.sell_now()
    till.close_now()
    stats = till.call("GetZReportsStats").result
    ctx.check([1], [number for number in stats["LastUnAckZReportsNumbers"] if number], "before")
    ctx.check(["AppletVersion"], list(till.call("SendZReport", Number=1).result), "answer")

    def acknowledged() -> bool:
        return not till.call("GetZReportsStats").result["TotalClosedUnAckZReportsCount"]

    till.until("the Z-report is acknowledged", acknowledged, clause="ZR-09")


@case(
    "uz.rpc1.sending.lost-database",
    target="drive-rpc",
    clauses=["S-3.2"],
    requirements=["UZ-OFF-02"],
    needs=ALL_CONTROLS,
    description="The service has lost its database while the module holds a receipt.",
    expectation="SendReceipt queues its short record, and the module is freed of it.",
)
def lost_database(ctx: Context) -> None:
    """The only use of short records."""
    till = quiet(ctx)
    till.sell_now()
    ctx.control.reset(auto_send=False)
    found = till.call("SendReceipt").result
    ctx.check(1, found["QueuedToSendCount"], "QueuedToSendCount")
    till.until("the module holds nothing", lambda: till.held() == 0, clause="S-3.2")


@case(
    "uz.rpc1.sending.rescan",
    target="drive-rpc",
    clauses=["S-3.2"],
    needs=ALL_CONTROLS,
    description="The module recounts its receipts.",
    expectation="The time of the oldest unsent one; blank when there is none.",
)
def rescan(ctx: Context) -> None:
    """RescanReceipts."""
    till = quiet(ctx)
    ctx.check("", till.call("RescanReceipts").result["FirstReceiptTime"], "with none")
    sold = till.sale().result
    till.sell_now()
    first = till.call("RescanReceipts").result["FirstReceiptTime"]
    ctx.check(parse_time(sold["DateTime"]), parse_time(first), "FirstReceiptTime")
