"""Sending by itself: when, how often, in which order, and where to (uz-fiscal G2-S-16, G2-S-17, §11.9)."""

from __future__ import annotations

from conformance.cases import case
from conformance.context import Context
from conformance.drivers.drive import DriveDriver
from conformance.suites.uz.drive.sync import numbers, sell
from conformance.suites.uz.drive.trade import (
    Json,
    OperatorView,
    accepted,
    begin,
    refused,
    refused_saying,
    still_sells,
    strikes,
    until,
)

NEEDS = ("card", "control", "operator-control", "clock")
DELAY = 5.0
"""Seconds the sender waits for more receipts (UNK-16)."""
LONGEST_PAUSE = 600
"""Seconds between two tries at most (UNK-16)."""


def awake(ctx: Context, shift: str = "open", **settings: object) -> DriveDriver:
    """A drive of the case's own that sends by itself, in frozen lab time: only `advance` lets time pass."""
    drive = begin(ctx, shift, auto_send=True, **settings)  # type: ignore[arg-type]
    ctx.clock.set_rate(0)
    return drive


def drained(ctx: Context, drive: DriveDriver) -> None:
    """Wait until the module holds no receipt any more."""
    until(ctx, "all receipts acknowledged", lambda: drive.memory()["ReceiptsCount"] == 0, clause="G2-S-17")


@case(
    "uz.drive.sender.after-the-delay",
    target="drive",
    clauses=["UNK-16", "CL-08", "G2-S-17"],
    requirements=["UZ-OFF-02", "UZ-SVC-02"],
    needs=NEEDS,
    description="Two receipts are sold three seconds apart; four seconds pass, then two more.",
    expectation="Nothing is sent until five seconds after the second; then both go in one message.",
)
def after_the_delay(ctx: Context) -> None:
    """It waits a while for more."""
    drive = awake(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 1))
    ctx.clock.advance(3)
    sold += numbers(sell(drive, 1))
    ctx.clock.advance(4)
    ctx.check(2, drive.memory()["ReceiptsCount"], "receipts held after four seconds")
    ctx.check([], view.messages(), "messages after four seconds")
    ctx.clock.advance(2)
    drained(ctx, drive)
    ctx.check([["01", "01"]], view.messages(), "messages, by their file types", clause="CL-08")
    view.holds_once(sold)


@case(
    "uz.drive.sender.shift",
    target="drive",
    clauses=["G2-S-17", "ZR-09"],
    requirements=["UZ-SHF-07", "UZ-SVC-02"],
    needs=NEEDS,
    description="A shift with a receipt is closed, and ten seconds pass.",
    expectation="Receipt and Z-report are acknowledged without anybody asking.",
)
def shift(ctx: Context) -> None:
    """The Z-report goes to the operator as a receipt does."""
    drive = awake(ctx, "fresh")
    drive.sell()
    accepted(ctx, drive.close_shift(), "close")
    ctx.clock.advance(2 * DELAY)
    drained(ctx, drive)
    until(ctx, "the shift acknowledged", lambda: drive.unacknowledged_shifts() == [], clause="ZR-09")
    ctx.check_that("AcknowledgedTime" in drive.shift(), "AcknowledgedTime", drive.shift(), "shift")


@case(
    "uz.drive.sender.off",
    target="drive",
    clauses=["G2-S-17"],
    requirements=["UZ-SVC-02"],
    needs=NEEDS,
    description="With background sending off, an hour passes after a sale and a close.",
    expectation="Nothing is sent; Sync calls then send both.",
)
def off(ctx: Context) -> None:
    """As the real service: only when told."""
    drive = begin(ctx, "fresh")
    view = OperatorView(ctx)
    drive.sell()
    accepted(ctx, drive.close_shift(), "close")
    ctx.clock.advance(3_600)
    ctx.check((1, [0]), (drive.memory()["ReceiptsCount"], drive.unacknowledged_shifts()), "what waits")
    ctx.check([], view.messages(), "messages")
    drive.send_all()


@case(
    "uz.drive.sender.oldest-first",
    target="drive",
    clauses=["G2-S-16", "OF-20"],
    requirements=["UZ-OFF-01", "UZ-OFF-02"],
    needs=NEEDS,
    description="34 receipts are sold during an outage; the operator comes back and ten minutes pass.",
    expectation="All are acknowledged by themselves; the ledger got them in the order of their numbers, "
    "each once.",
)
def oldest_first(ctx: Context) -> None:
    """More than one message holds."""
    drive = awake(ctx)
    view = OperatorView(ctx)
    rule = ctx.control.add_fault("operator.connect", "refuse", count=None)
    sold = numbers(sell(drive, 34))
    given_up(ctx, rule, 10)
    ctx.check(34, drive.memory()["ReceiptsCount"], "receipts held during the outage")
    ctx.control.remove_fault(rule["id"])
    ctx.clock.advance(LONGEST_PAUSE + 1)
    drained(ctx, drive)
    ctx.check(sold, view.numbers(), "order in the ledger")
    view.holds_once(sold)
    ctx.check([32, 2], [len(files) for files in view.messages()], "files of the messages", clause="CL-01")


@case(
    "uz.drive.sender.back-off",
    target="drive",
    clauses=["UNK-16", "S-4.7", "CL-06"],
    requirements=["UZ-SVC-02", "UZ-OFF-02"],
    needs=NEEDS,
    description="The operator is away for an hour after a sale; the tries are counted while time goes on "
    "in steps.",
    expectation="The pauses grow and never exceed ten minutes; it never gives up; within ten minutes of the "
    "operator's return the receipt is there.",
)
def back_off(ctx: Context) -> None:
    """Neither a storm of tries nor silence."""
    drive = awake(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 1))
    rule = ctx.control.add_fault("operator.connect", "refuse", count=None)
    ctx.clock.advance(DELAY + 1)
    pauses: list[float] = []
    while sum(pauses) < 3_600:
        tries = len(pauses) + 1
        until(ctx, f"try {tries}", lambda: strikes(ctx.control, rule) >= tries and pause_of(ctx) > 0)  # noqa: B023
        pauses.append(pause_of(ctx))
        ctx.clock.advance(pauses[-1] + 0.1)
    ctx.check_that(6 <= len(pauses) <= 30, "6 to 30", len(pauses), "tries in an hour")
    ctx.check_that(pauses == sorted(pauses), "growing", pauses, "pauses in seconds")
    ctx.check_that(max(pauses) <= LONGEST_PAUSE, "at most ten minutes", pauses, "pauses in seconds")
    until(ctx, "the last try", lambda: strikes(ctx.control, rule) > len(pauses) and pause_of(ctx) > 0)
    ctx.control.remove_fault(rule["id"])
    ctx.clock.advance(LONGEST_PAUSE + 1)
    drained(ctx, drive)
    view.holds_once(sold)


def given_up(ctx: Context, rule: Json, seconds: float) -> None:
    """Let time pass during an outage until the sender has tried in vain once more, and pauses."""
    before = strikes(ctx.control, rule)
    ctx.clock.advance(seconds)
    until(ctx, "a try in vain", lambda: strikes(ctx.control, rule) > before and pause_of(ctx) > 0)


def pause_of(ctx: Context) -> float:
    """Lab seconds until the drive tries again, as it says itself."""
    return float(ctx.control.state()["modules"][0]["backing_off_for"])


@case(
    "uz.drive.sender.by-hand",
    target="drive",
    clauses=["G2-S-17", "CL-04"],
    requirements=["UZ-OFF-02"],
    needs=NEEDS,
    description="The sender has failed and pauses; the operator is back; Sync is called at once.",
    expectation="The call sends: a pause of the sender does not bind a person.",
)
def by_hand(ctx: Context) -> None:
    """No time passes between."""
    drive = awake(ctx)
    sell(drive, 1)
    rule = ctx.control.add_fault("operator.connect", "refuse", count=None)
    given_up(ctx, rule, DELAY + 1)
    ctx.control.remove_fault(rule["id"])
    body = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    ctx.check(1, body["SuccessfulsCount"], "SuccessfulsCount")


@case(
    "uz.drive.sender.blocked",
    target="drive",
    clauses=["CL-06", "OF-17", "S-4.6"],
    requirements=["UZ-OFF-05", "UZ-OFD-04"],
    needs=NEEDS,
    description="The operator blocks the module; nine minutes pass; it lifts the block; the state is synced.",
    expectation="After the one refusal nothing is sent; selling goes on; the state sync sets everything "
    "going again.",
)
def blocked(ctx: Context) -> None:
    """A blocked shop does not knock every second."""
    drive = awake(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 1))
    ctx.operator_control.do("block", terminal=view.terminal, reason=2, notice="")
    ctx.clock.advance(DELAY + 1)
    until(ctx, "the refusal", lambda: len(view.messages()) == 1)
    for _ in range(9):
        ctx.clock.advance(60)
        sold.append(int(still_sells(ctx)["ReceiptSeq"]))
    text = f"Fiscal drive {view.terminal} is not active, notice: , reasonCode:2"
    refused(ctx, drive.sync_files("FullReceipts"), 500, text, clause="S-4.6")
    ctx.check(1, len(view.messages()), "messages with files in nine minutes")
    ctx.check([], view.numbers(), "receipts at the operator", clause="OF-17")
    ctx.operator_control.do("unblock", terminal=view.terminal)
    accepted(ctx, drive.sync_state(), "state sync")
    drained(ctx, drive)
    view.holds_once(sold)


@case(
    "uz.drive.sender.blocked-for-ten-minutes",
    target="drive",
    clauses=["CL-06", "UNK-16"],
    requirements=["UZ-OFF-05"],
    needs=NEEDS,
    description="The operator blocks the module, and lifts the block without a state sync; eleven minutes "
    "pass.",
    expectation="The drive tries again by itself and everything is acknowledged.",
)
def blocked_for_ten_minutes(ctx: Context) -> None:
    """Nobody in the shop has to know."""
    drive = awake(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 2))
    ctx.operator_control.do("block", terminal=view.terminal)
    ctx.clock.advance(DELAY + 1)
    until(ctx, "the refusal", lambda: len(view.messages()) == 1)
    ctx.operator_control.do("unblock", terminal=view.terminal)
    until(ctx, "the refusal taken in", lambda: ctx.control.state()["modules"][0]["held_for"] is not None)
    ctx.clock.advance(660)
    drained(ctx, drive)
    view.holds_once(sold)


# addresses


DEAD = ("127.0.0.1:9", "127.0.0.1:11")
"""Addresses at which nobody listens."""


def addresses(ctx: Context) -> tuple[str, ...]:
    """The operator addresses the drive was started with."""
    return tuple(ctx.control.state()["settings"]["server_addresses"])


@case(
    "uz.drive.sender.sticky-address",
    target="drive",
    clauses=["CL-02"],
    requirements=["UZ-OFF-02"],
    needs=NEEDS,
    description="Of three operator addresses one answers; twenty state syncs follow one another.",
    expectation="All succeed, and the two others are tried once each at most: the address that worked is "
    "kept.",
)
def sticky_address(ctx: Context) -> None:
    """The first choice is random."""
    alive = addresses(ctx)
    drive = begin(ctx, "open", server_addresses=[*DEAD, *alive])
    tried = {
        address: ctx.control.add_fault("operator.connect", "delay", count=None, match={"address": address})
        for address in DEAD
    }
    for number in range(20):
        accepted(ctx, drive.sync_state(), f"state sync {number + 1}")
    for address, rule in tried.items():
        ctx.check_that(strikes(ctx.control, rule) <= 1, "at most once", strikes(ctx.control, rule), address)


@case(
    "uz.drive.sender.next-address",
    target="drive",
    clauses=["CL-02", "CL-03"],
    requirements=["UZ-OFF-02"],
    needs=NEEDS,
    description="The address that worked begins to refuse; receipts are synced, then it works again.",
    expectation="The same Sync call goes on to another address and brings the receipts through.",
)
def next_address(ctx: Context) -> None:
    """Both names lead to the one operator of the lab."""
    (alive,) = addresses(ctx)
    other = f"localhost:{alive.rpartition(':')[2]}"
    drive = begin(ctx, "open", server_addresses=[alive, other])
    view = OperatorView(ctx)
    for _ in range(3):
        accepted(ctx, drive.sync_state(), "state sync")
    first = ctx.control.state()["sender"]["address"]
    ctx.check_in((alive, other), first, "the address that worked")
    rule = ctx.control.add_fault("operator.connect", "refuse", count=None, match={"address": first})
    sold = numbers(sell(drive, 2))
    body = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    ctx.check(2, body["SuccessfulsCount"], "SuccessfulsCount")
    ctx.check(1, strikes(ctx.control, rule), "tries of the refusing address")
    accepted(ctx, drive.sync_state(), "another sync")
    ctx.check(1, strikes(ctx.control, rule), "tries of the refusing address afterwards")
    view.holds_once(sold)


@case(
    "uz.drive.sender.no-address",
    target="drive",
    clauses=["CL-02", "S-4.6"],
    requirements=["UZ-OFF-01"],
    needs=NEEDS,
    description="None of three addresses answers; receipts are synced and sold.",
    expectation="500 `failed to sync: …`; selling goes on with signs; each address is tried once a call.",
)
def no_address(ctx: Context) -> None:
    """All failed: go on selling and try later."""
    drive = begin(ctx, "open")
    ctx.control.reset(auto_send=False, server_addresses=[*DEAD, "127.0.0.1:13"])
    still_sells(ctx)
    rule = ctx.control.add_fault("operator.connect", "delay", count=None)
    refused_saying(ctx, drive.sync_files("FullReceipts"), 500, "failed to sync: ", clause="S-4.6")
    ctx.check(3, strikes(ctx.control, rule), "addresses tried")
    ctx.check(12, len(still_sells(ctx)["FiscalSign"]), "length of the sign of a receipt offline")
