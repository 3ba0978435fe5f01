"""Working without the operator: how long, what blocks, and what lifts which block (UZ-OFF-01 … UZ-OFF-06)."""

from __future__ import annotations

from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.drive.sender import LONGEST_PAUSE, pause_of
from conformance.suites.uz.drive.sync import numbers, sell
from conformance.suites.uz.drive.trade import (
    OperatorView,
    accepted,
    begin,
    held_by,
    refused,
    still,
    still_sells,
    strikes,
    unchanged,
    until,
)
from reference.protocol.uz.values import format_json_time, parse_json_time

HOUR = 3_600
TWO_DAYS = 172_800
UNSENT = "9031 - SEND_ALL_RECEIPTS_FIRST"
LOCKED = "9090 - LOCKED_SYNC_WITH_SERVER"
BORDERS: dict[str, tuple[int, bool]] = {
    "47h59m": (47 * HOUR + 59 * 60, True),
    "48h-less-a-second": (TWO_DAYS - 1, True),
    "48h-and-a-second": (TWO_DAYS + 1, False),
    "49h": (49 * HOUR, False),
}
"""Age of the oldest unsent receipt; what happens at 48 h sharp is not public."""


@family(
    "uz.drive.outage.age.{key}",
    rows=BORDERS,
    target="drive",
    clauses=["FM-T-05", "G2-S-11"],
    requirements=["UZ-OFF-01", "UZ-OFF-03", "UZ-OFF-04"],
    needs=["card"],
    description="A receipt stays unsent; one is sold a day later, and one when the first is {key} old; "
    "then a sync.",
    expectation=lambda row: (
        "It is sold."
        if row[1]
        else f"500 `{UNSENT}`, no number spent; after the sync the same TXID is registered."
    ),
)
@held_by
def age(ctx: Context, row: tuple[int, bool]) -> None:
    """No step is longer than two days, so that only the age can decide; the receipts say what time it is."""
    seconds, sells = row
    drive = still(ctx)
    first = drive.sell()
    start = parse_json_time(first.receipt["Time"])
    drive.sell(Time=format_json_time(start + timedelta(days=1)))
    late = drive.receipt(Time=format_json_time(start + timedelta(seconds=seconds)))
    txid = drive.txid_of(accepted(ctx, drive.get_txid(late), "GetTXID"))
    if sells:
        accepted(ctx, drive.register_txid(txid), "registration")
        return
    with unchanged(ctx, "FM-T-05"):
        refused(ctx, drive.register_txid(txid), 500, UNSENT)
    with ctx.preparing("everything sent"):
        drive.send_all()
    answer = accepted(ctx, drive.register_txid(txid), "registration after the sync", clause="G2-S-11").json
    ctx.check(late["Time"], answer["DateTime"], "time")


@family(
    "uz.drive.outage.shift.{key}",
    rows={"open": "closed", "close": "open"},
    target="drive",
    clauses=["FM-T-05", "ZR-05"],
    requirements=["UZ-OFF-03", "UZ-OFF-04"],
    needs=["card"],
    description="With a receipt unsent for 48 h and a second, a shift is to {key}; then everything is sent.",
    expectation=f"500 `{UNSENT}` and nothing changed; after the sync it works.",
)
@held_by
def shift(ctx: Context, before: str) -> None:
    """Shifts are held to the same age as receipts."""
    drive = begin(ctx, "fresh")
    first = drive.sell()
    start = parse_json_time(first.receipt["Time"])
    drive.sell(Time=format_json_time(start + timedelta(days=1)))
    if before == "closed":
        accepted(ctx, drive.close_shift(), "close")
    time = start + timedelta(seconds=TWO_DAYS + 1)
    operation = drive.open if before == "closed" else drive.close_shift
    with unchanged(ctx, "FM-T-05"):
        refused(ctx, operation(time), 500, UNSENT)
    with ctx.preparing("everything sent"):
        drive.send_all()
    accepted(ctx, operation(time), "after the sync", clause="ZR-05")


@case(
    "uz.drive.outage.two-days",
    target="drive",
    clauses=["FM-T-05", "G2-S-16", "G2-S-17"],
    requirements=["UZ-OFF-01", "UZ-OFF-02", "UZ-OFF-03", "UZ-OFF-04", "UZ-OFF-06"],
    needs=["card", "control", "operator-control", "clock"],
    description="The operator is away. A shop sells every eight hours by its own clock, at 47 h 59 min and "
    "at 49 h; "
    "then the operator comes back and nobody does anything.",
    expectation="Sales until 47 h 59 min; at 49 h 9031; then everything goes out by itself, oldest first, "
    "once, "
    "and the shop sells again.",
)
def two_days(ctx: Context) -> None:
    """The lab's clock stands in for two days of waiting."""
    drive = begin(ctx, "open", auto_send=True)
    view = OperatorView(ctx)
    ctx.clock.set_rate(0)
    away = ctx.control.add_fault("operator.connect", "refuse", count=None)
    drive.catch_up()
    began = ctx.clock.tashkent()
    sold = numbers([drive.sell(Time=format_json_time(began))])
    for hours in (8, 16, 24, 32, 40, 47 + 59 / 60):
        now = began + timedelta(hours=hours)
        ctx.clock.advance(now - ctx.clock.tashkent())
        receipt = drive.receipt(Time=format_json_time(now))
        sold += numbers([drive.sell(receipt)])
    left = int(ctx.control.state()["seconds_until_block"])
    ctx.check_that(
        abs(left - 60) <= 1, "60", left, "seconds until the block, as the drive says", clause="S-4.3"
    )
    ctx.clock.advance(began + timedelta(hours=49) - ctx.clock.tashkent())
    late = drive.receipt(Time=format_json_time(ctx.clock.tashkent()))
    txid = drive.txid_of(accepted(ctx, drive.get_txid(late), "GetTXID"))
    with unchanged(ctx, "FM-T-05"):
        refused(ctx, drive.register_txid(txid), 500, UNSENT)
    until(ctx, "the sender pauses after its last try", lambda: pause_of(ctx) > 0)
    ctx.step("the operator comes back; ten minutes pass")
    ctx.control.remove_fault(away["id"])
    ctx.clock.advance(LONGEST_PAUSE + 1)
    until(ctx, "everything acknowledged", lambda: drive.memory()["ReceiptsCount"] == 0, clause="G2-S-17")
    ctx.check(sold, view.numbers(), "order in the ledger", clause="G2-S-16")
    answer = accepted(ctx, drive.register_txid(txid), "the refused receipt, again", clause="G2-S-11").json
    ctx.check(sold[-1] + 1, answer["ReceiptSeq"], "its number", clause="ZR-07")
    view.holds_once(sold)


@case(
    "uz.drive.outage.state-of-sending",
    target="drive",
    clauses=["S-4.3", "S-4.7"],
    requirements=["UZ-OFF-06"],
    needs=["card"],
    description="Two of three receipts are sent; the state of sending is asked for.",
    expectation="One is new, two acknowledged; the first unacknowledged time is that of the third receipt.",
)
@held_by
def state_of_sending(ctx: Context) -> None:
    """What a till shows beside the clock: first unacknowledged + 48 h − now is what is left."""
    drive = still(ctx)
    terminal = drive.info()["TerminalID"]
    acknowledged = drive.files_count(2).get(terminal, 0)
    sold = sell(drive, 3)
    ctx.check(sold[0].receipt["Time"], drive.memory()["FirstUnacknowledgedReceiptTime"], "of three")
    accepted(ctx, drive.sync_files("FullReceipts", 2), "sync")
    memory = drive.memory()
    seen = (memory["ReceiptsCount"], memory["FirstUnacknowledgedReceiptTime"])
    ctx.check((1, sold[2].receipt["Time"]), seen, "receipts held and the first of them")
    counts = [drive.files_count(state).get(terminal, 0) for state in (0, 2)]
    ctx.check([1, acknowledged + 2], counts, "files new and acknowledged", clause="S-4.7")


@case(
    "uz.drive.outage.state-of-drive",
    target="drive",
    clauses=["S-4.7"],
    requirements=["UZ-OFF-06"],
    needs=["card", "control", "operator-control", "clock"],
    description="Two of three receipts are sent; the drive's own state is read.",
    expectation="Unsent count, time of the oldest, number of the last acknowledged, seconds until the block.",
)
def state_of_drive(ctx: Context) -> None:
    """The four figures of the requirement in one answer."""
    drive = begin(ctx)
    ctx.clock.set_rate(0)
    drive.catch_up()
    sold = [drive.sell(Time=format_json_time(drive.next_time(each))) for each in (1, 60, 3_600)]
    accepted(ctx, drive.sync_files("FullReceipts", 2), "sync")
    ctx.clock.advance(parse_json_time(sold[2].receipt["Time"]) - ctx.clock.tashkent())
    ctx.clock.advance(HOUR)
    state = ctx.control.state()
    tally = state["receipts"][sold[0].answer["TerminalID"]]
    told = (tally["unsent"], tally["oldest_unsent"], tally["last_acknowledged"])
    ctx.check(
        (1, sold[2].receipt["Time"], sold[1].answer["ReceiptSeq"]), told, "unsent, oldest, acknowledged"
    )
    left = state["seconds_until_block"]
    ctx.check_that(
        abs(left - (TWO_DAYS - HOUR)) <= 1, "47 hours, to the second", left, "seconds until the block"
    )


@case(
    "uz.drive.outage.two-blocks",
    target="drive",
    clauses=["FM-C-02", "FM-T-05", "S-11.10"],
    requirements=["UZ-OFF-04", "UZ-OFF-05"],
    needs=["card", "operator-control"],
    description="A module blocked by age is also locked by the operator; receipts are sent; the operator "
    "unlocks.",
    expectation="9031 by age; 9090 under the lock; sending alone does not lift 9090, the operator's unlock "
    "does; "
    "a state sync alone does not lift 9031.",
)
def two_blocks(ctx: Context) -> None:
    """Told apart by their words, and each lifted only by its own remedy."""
    drive = begin(ctx)
    terminal = drive.info()["TerminalID"]
    first = drive.sell()
    start = parse_json_time(first.receipt["Time"])
    drive.sell(Time=format_json_time(start + timedelta(days=1)))
    late = drive.receipt(Time=format_json_time(start + timedelta(seconds=TWO_DAYS + HOUR)))
    txid = drive.txid_of(accepted(ctx, drive.get_txid(late), "GetTXID"))
    refused(ctx, drive.register_txid(txid), 500, UNSENT, clause="FM-T-05")
    accepted(ctx, drive.sync_state(), "state sync", clause="S-11.8")
    refused(ctx, drive.register_txid(txid), 500, UNSENT, clause="FM-T-05")
    drive.state_page(change="Yes", lock="Lock", terminal=terminal)
    try:
        accepted(ctx, drive.sync_state(), "state sync that locks", clause="S-11.8")
        refused(ctx, drive.register_txid(txid), 500, LOCKED, clause="FM-C-02")
        body = accepted(ctx, drive.sync_files("FullReceipts"), "sync under the lock", clause="FM-A-04").json
        ctx.check(2, body["SuccessfulsCount"], "receipts acknowledged under the lock", clause="FM-A-04")
        refused(ctx, drive.register_txid(txid), 500, LOCKED, clause="FM-C-02")
    finally:
        drive.state_page(change="Yes", lock="Unlock", terminal=terminal)
    accepted(ctx, drive.sync_state(), "state sync that unlocks", clause="S-11.8")
    accepted(ctx, drive.register_txid(txid), "registration at last")


@case(
    "uz.drive.outage.offline-sales",
    target="drive",
    clauses=["S-4.3", "CL-02"],
    requirements=["UZ-OFF-01", "UZ-SVC-03"],
    needs=["card", "control", "operator-control"],
    description="The operator is away while a shift is opened, five receipts are sold, and the shift is "
    "closed.",
    expectation="Every receipt has its sign and QR; after the outage all of it is acknowledged.",
)
def offline_sales(ctx: Context) -> None:
    """A day without internet."""
    drive = begin(ctx, "closed")
    view = OperatorView(ctx)
    away = ctx.control.add_fault("operator.connect", "refuse", count=None)
    accepted(ctx, drive.open(), "open")
    sold = sell(drive, 5)
    signs = {each.answer["FiscalSign"] for each in sold if each.answer["QRCodeURL"]}
    ctx.check(5, len(signs), "different signs with a QR")
    accepted(ctx, drive.close_shift(), "close")
    ctx.check(0, strikes(ctx.control, away), "connections that selling needed", clause="CL-02")
    ctx.control.remove_fault(away["id"])
    drive.send_all()
    view.holds_once(numbers(sold))
    ctx.check([5], [row["sales"] for row in view.shifts()], "sales of the Z-report there")
    accepted(ctx, drive.open(), "the next shift")
    still_sells(ctx)
