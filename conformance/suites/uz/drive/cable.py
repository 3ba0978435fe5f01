"""The cable: pulled while idle and in the middle of commands, and another module in its place (UZ-USB)."""

from __future__ import annotations

from collections.abc import Callable

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.drive_client import Reply
from conformance.suites.uz.drive.sync import items_of, numbers, sell
from conformance.suites.uz.drive.trade import (
    OperatorView,
    accepted,
    aside,
    begin,
    refused,
    refused_saying,
    still,
    still_sells,
    strikes,
    turned_away,
    until,
)

NEEDS = ("card", "module-control", "operator-control", "clock")
LOST = "card connection lost"
ABSENT = ("no card found", "no card connected")
NOTICED_WITHIN = 2.0
"""Seconds of lab time (UZ-USB-01)."""


@case(
    "uz.drive.cable.idle",
    target="drive",
    clauses=["S-4.6", "S-4.2"],
    requirements=["UZ-USB-01"],
    needs=NEEDS,
    description="The cable is pulled while nothing happens; the POS asks and tries to sell; it is plugged "
    "in again.",
    expectation="Within two seconds every answer says that there is no card; then the same module works on, "
    "with nothing lost and no restart.",
)
def idle(ctx: Context) -> None:
    """A receipt that got its TXID before is registered after."""
    drive = begin(ctx)
    held = numbers(sell(drive, 2))
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt()), "GetTXID"))
    memory = drive.memory()
    pulled = ctx.clock.now()
    ctx.module_control.do("unplug")
    try:
        refused(ctx, drive.call("Info"), 404, ABSENT)
        seconds = (ctx.clock.now() - pulled).total_seconds()
        ctx.check_that(seconds <= NOTICED_WITHIN, "2 s or less", seconds, "lab seconds until the POS knows")
        ctx.check([], drive.list_modules(), "the list", clause="S-4.2")
        refused(ctx, drive.register_txid(txid), 404, ABSENT)
        refused(ctx, drive.call("ZReport/Close", DateTime="now"), 404, ABSENT)
    finally:
        ctx.module_control.do("plug")
    ctx.check(memory, drive.memory(), "memory after plugging in", clause="S-4.3")
    answer = accepted(ctx, drive.register_txid(txid), "registration after plugging in").json
    ctx.check(held[-1] + 1, answer["ReceiptSeq"], "number", clause="ZR-07")


@case(
    "uz.drive.cable.noticed",
    target="drive",
    clauses=["S-4.6"],
    requirements=["UZ-USB-01"],
    needs=[*NEEDS, "control"],
    description="The cable is pulled and plugged in again while nobody asks the drive anything.",
    expectation="The drive's journal says so by itself, both times.",
)
def noticed(ctx: Context) -> None:
    """The look-out is set to a twentieth of a second, so that the case need not wait."""
    drive = begin(ctx, "open", presence_interval=0.05)
    events = ctx.control.journal_tail(1)
    after = events[-1]["n"] if events else 0

    def seen(kind: str) -> bool:
        return any(event["kind"] == kind for event in ctx.control.journal(after, 1000))

    pulled = ctx.clock.now()
    ctx.module_control.do("unplug")
    try:
        until(ctx, "the drive notices the pull", lambda: seen("module.unplugged"))
        seconds = (ctx.clock.now() - pulled).total_seconds()
        ctx.check_that(seconds <= NOTICED_WITHIN, "2 s or less", seconds, "lab seconds until it is noticed")
    finally:
        ctx.module_control.do("plug")
    until(ctx, "the drive notices the plug", lambda: seen("module.plugged"))
    drive.sell()


@family(
    "uz.drive.cable.get-txid.{key}",
    rows={"before": "apdu.command", "after": "apdu.reply"},
    target="drive",
    clauses=["S-4.6", "G2-S-01"],
    requirements=["UZ-USB-02", "UZ-SVC-06"],
    needs=NEEDS,
    description="The link breaks {key} the reading that GetTXID begins with; GetTXID is repeated.",
    expectation="500 `card connection lost`, nothing is kept; then a TXID, and its receipt is the next "
    "number.",
)
def get_txid(ctx: Context, point: str) -> None:
    """The first step never spends anything."""
    drive = still(ctx)
    number = drive.memory()["ReceiptSeq"]
    receipt = drive.receipt()
    ctx.module_control.add_fault(point, "drop", match={"apdu": "00000200*"})
    refused(ctx, drive.get_txid(receipt), 500, LOST, clause="UNK-11")
    answer = drive.sell(receipt).answer
    ctx.check(number + 1, answer["ReceiptSeq"], "number")


Step = Callable[[Context], Reply]


def _open(ctx: Context) -> Reply:
    return ctx.drive.open()


def _close(ctx: Context) -> Reply:
    return ctx.drive.close_shift()


SHIFTS: dict[str, tuple[str, Step, str, bool, str]] = {
    "open-before": ("apdu.command", _open, "00030000*", False, ""),
    "open-after": ("apdu.reply", _open, "00030000*", True, "9022 - ZREPORT_IS_NOT_CLOSED"),
    "close-before": ("apdu.command", _close, "00030100*", False, ""),
    "close-after": ("apdu.reply", _close, "00030100*", True, "9023 - ZREPORT_IS_ALREADY_CLOSED"),
}


@family(
    "uz.drive.cable.shift.{key}",
    rows=SHIFTS,
    target="drive",
    clauses=["S-4.6", "EM-07", "FM-S-08"],
    requirements=["UZ-USB-02", "UZ-SHF-01"],
    needs=NEEDS,
    description="The link breaks at opening or closing a shift: {key} the module did it; then it is asked "
    "for again.",
    expectation="500 `card connection lost`; ZReport/Info tells what happened; the repeat works or says it "
    "was done.",
)
def shift(ctx: Context, row: tuple[str, Step, str, bool, str]) -> None:
    """A timed-out open that was in fact done, then repeated, is what shops ask about most."""
    point, step, prefix, done, reason = row
    opening = step is _open
    drive = begin(ctx, "closed" if opening else "fresh")
    if not opening:
        drive.sell()
    shifts = drive.memory()["ZReportsCount"]
    ctx.module_control.add_fault(point, "drop", match={"apdu": prefix})
    refused(ctx, step(ctx), 500, LOST, clause="UNK-11")
    is_open = drive.memory()["ZReportsCount"] > 0 and "CloseTime" not in drive.shift()
    ctx.check(done if opening else not done, is_open, "whether a shift is open after the cut", clause="EM-07")
    repeat = step(ctx)
    if done:
        refused(ctx, repeat, 500, reason, clause="S-4.6")
    else:
        accepted(ctx, repeat, "the repeat")
    ctx.check(shifts + opening, drive.memory()["ZReportsCount"], "Z-reports opened", clause="FM-S-08")


@family(
    "uz.drive.cable.acknowledgement.{key}",
    rows={"before": "apdu.command", "after": "apdu.reply"},
    target="drive",
    clauses=["CL-05", "CL-04", "G2-S-19"],
    requirements=["UZ-USB-02", "UZ-OFF-02", "UZ-SVC-02"],
    needs=NEEDS,
    description="Three receipts are synced; the link breaks {key} the module takes the second "
    "acknowledgement.",
    expectation="What was not done is done by the next sync: the module is empty, the ledger has each once.",
)
def acknowledgement(ctx: Context, point: str) -> None:
    """After the cut the drive must not believe what it has not seen."""
    drive = still(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 3))
    ctx.module_control.add_fault(point, "drop", skip=1, match={"apdu": "0009*"})
    drive.sync_files("FullReceipts")
    taken = 1 if point == "apdu.command" else 2
    ctx.check(3 - taken, drive.memory()["ReceiptsCount"], "receipts held after the cut", clause="EM-07")
    for _ in range(2):
        accepted(ctx, drive.sync_files("FullReceipts"), "the next sync")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held at the end")
    view.holds_once(sold)
    still_sells(ctx)


@case(
    "uz.drive.cable.pulled-while-sending",
    target="drive",
    clauses=["CL-04", "S-4.6"],
    requirements=["UZ-USB-01", "UZ-OFF-02"],
    needs=NEEDS,
    description="The cable is pulled while the operator has the receipts and the drive waits for its answer.",
    expectation="The sync fails; plugged in again, the next one brings the acknowledgements; nothing is "
    "doubled.",
)
def pulled_while_sending(ctx: Context) -> None:
    """The operator has stored what the module still holds."""
    drive = begin(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 2))
    ctx.clock.set_rate(0)
    slow = ctx.operator_control.add_fault("ofd.store.after", "delay", delay=2)

    def sync() -> Reply:
        return drive.sync_files("FullReceipts")

    with aside(sync) as calls:
        until(ctx, "the operator has stored", lambda: strikes(ctx.operator_control, slow) > 0)
        ctx.module_control.do("unplug")
        ctx.clock.advance(2.5)
        turned_away(ctx, calls[0].result(), {404, 500})
    ctx.module_control.do("plug")
    ctx.check(2, drive.memory()["ReceiptsCount"], "receipts held after plugging in")
    body = accepted(ctx, drive.sync_files("FullReceipts"), "the next sync").json
    ctx.check(sold, items_of(ctx, body), "receipts of the next sync")
    view.holds_once(sold)


@family(
    "uz.drive.cable.state-sync.{key}",
    rows={"before": ("apdu.command", True), "after": ("apdu.reply", False)},
    target="drive",
    clauses=["S-11.8", "S-4.6"],
    requirements=["UZ-USB-02", "UZ-OFF-05"],
    needs=NEEDS,
    description="The operator orders a lock; the link breaks {key} the module takes the sync file; sync "
    "again.",
    expectation="500 `card connection lost`; Info tells whether it took effect; the next state sync works.",
)
def state_sync(ctx: Context, row: tuple[str, bool]) -> None:
    """A new file is fetched for the new challenge."""
    point, lost = row
    drive = still(ctx)
    terminal = drive.info()["TerminalID"]
    drive.state_page(change="Yes", lock="Lock", terminal=terminal)
    try:
        ctx.module_control.add_fault(point, "drop", match={"apdu": "0011*"})
        refused(ctx, drive.sync_state(), 500, LOST, clause="UNK-11")
        ctx.check(not lost, drive.info()["Locked"], "Locked after the cut", clause="EM-07")
        accepted(ctx, drive.sync_state(), "the next state sync")
        ctx.check(True, drive.info()["Locked"], "Locked")
    finally:
        drive.state_page(change="Yes", lock="Unlock", terminal=terminal)
    accepted(ctx, drive.sync_state(), "the state sync that unlocks")
    still_sells(ctx)


@case(
    "uz.drive.cable.sells-through-sync",
    target="drive",
    clauses=["S-4.2"],
    requirements=["UZ-OFF-01"],
    needs=NEEDS,
    description="While a Sync call waits for a slow operator, a receipt is sold.",
    expectation="The sale does not wait for the operator.",
)
def sells_through_sync(ctx: Context) -> None:
    """The module is free while the operator is asked."""
    drive = still(ctx)
    sell(drive, 1)
    ctx.clock.set_rate(0)
    slow = ctx.operator_control.add_fault("ofd.request", "delay", delay=2)

    def sync() -> Reply:
        return drive.sync_files("FullReceipts")

    with aside(sync) as calls:
        until(ctx, "the operator has the message", lambda: strikes(ctx.operator_control, slow) > 0)
        still_sells(ctx)
        ctx.check(False, calls[0].done(), "whether the sync is over already")
        ctx.clock.advance(2.5)
        accepted(ctx, calls[0].result(), "sync")
    ctx.check(1, drive.memory()["ReceiptsCount"], "receipts held")


@case(
    "uz.drive.cable.other-module",
    target="drive",
    clauses=["G2-T-10", "S-4.2"],
    requirements=["UZ-USB-03", "UZ-SVC-04"],
    needs=[*NEEDS, "control"],
    description="Another module is put in the place of the known one; it is asked and told to sell; then "
    "confirmed.",
    expectation="It is listed, with a word that it is not confirmed; every operation on it is refused and "
    "it has "
    "spent nothing; after a person's confirmation it works; the known one's FactoryID is not found.",
)
def other_module(ctx: Context) -> None:
    """Another shop's module must not sell here by mistake."""
    drive = begin(ctx)
    known, terminal = drive.factory, drive.info()["TerminalID"]
    drive.sell()
    other = "00" + "5" * 34
    ctx.module_control.reset(start_locked=False, terminal="ZZ000000000055", factory_id=other)
    listed = drive.list_modules()
    ctx.check([other], [module["FactoryID"] for module in listed], "the list", clause="S-4.2")
    ctx.check_that(bool(listed[0]["Description"]), "a word of warning", listed[0], "Description")
    for name in ("Info", "FiscalMemory/Info", "ZReport/Open", "ZReport/Info", "State/Sync", "Receipt/Info"):
        turned_away(ctx, drive.post(f"/FiscalDrive/{name}/{other}"), {409})
        turned_away(ctx, drive.post(f"/FiscalDrive/{name}/{known}"), {404, 409})
    refused_saying(ctx, drive.post(f"/FiscalDrive/Info/{other}"), 409, "confirm")
    ctx.step("a person confirms the new module")
    ctx.control.do("confirm-module")
    drive.__dict__.pop("factory", None)
    ctx.check(
        ("ZZ000000000055", 0), (drive.info()["TerminalID"], drive.memory()["ReceiptSeq"]), "the new module"
    )
    accepted(ctx, drive.open(), "open")
    ctx.check(1, still_sells(ctx)["ReceiptSeq"], "its first number", clause="ZR-07")
    ctx.module_control.reset(terminal=terminal)


@case(
    "uz.drive.cable.known-module-again",
    target="drive",
    clauses=["G2-T-10"],
    requirements=["UZ-USB-03"],
    needs=[*NEEDS, "control"],
    description="Another module is put in and taken out again; the known one comes back.",
    expectation="The known one works at once, without confirmation, with all it held.",
)
def known_module_again(ctx: Context) -> None:
    """The module is snapshotted, replaced, and brought back."""
    drive = begin(ctx)
    terminal = drive.info()["TerminalID"]
    drive.sell()
    memory = drive.memory()
    ctx.module_control.snapshot("the-known-one", replace=True)
    ctx.module_control.reset(start_locked=False, terminal="ZZ000000000056", factory_id="00" + "6" * 34)
    turned_away(ctx, drive.call("Info"), {404, 409})
    ctx.module_control.restore("the-known-one")
    ctx.check(memory, drive.memory(), "memory of the known module")
    still_sells(ctx)
    ctx.module_control.reset(terminal=terminal)


@family(
    "uz.drive.cable.power-cut.{key}",
    rows={"once": 1, "five-times": 5},
    target="drive",
    clauses=["EM-06", "FM-S-08"],
    requirements=["UZ-DEV-03", "UZ-USB-01"],
    needs=NEEDS,
    description="The module loses its power between sales, {key}.",
    expectation="Numbers, sums and the open shift go on as if nothing had happened.",
)
def power_cut(ctx: Context, times: int) -> None:
    """Memory is as after the last finished command."""
    drive = begin(ctx, "fresh")
    first = int(still_sells(ctx)["ReceiptSeq"])
    for _ in range(times):
        memory = drive.memory()
        ctx.module_control.do("power-cut")
        ctx.check(memory, drive.memory(), "memory after the cut")
        still_sells(ctx)
    shift = drive.shift()
    told = (shift["FirstReceiptSeq"], shift["LastReceiptSeq"], shift["TotalSaleCount"])
    ctx.check((first, first + times, times + 1), told, "first, last and sales of the shift")
