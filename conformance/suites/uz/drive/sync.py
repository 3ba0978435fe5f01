"""Sending when told: the Sync operations, their limits, what becomes of each file (uz-fiscal §4.2, §4.5)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.drive import DriveDriver, Registered
from conformance.suites.uz.drive.trade import (
    ACKNOWLEDGED,
    NEW,
    OperatorView,
    accepted,
    begin,
    held_by,
    ready,
    refused,
    still,
    still_sells,
    strikes,
    turned_away,
)

RANGE = "itemsCount must be in range [1, 32]"
KINDS = ("FullReceipts", "ZReports", "Receipts")


def sell(drive: DriveDriver, count: int) -> list[Registered]:
    """That many sales of different sums."""
    return [drive.sell(cash=1_000 * (number + 1)) for number in range(count)]


def numbers(sold: list[Registered]) -> list[int]:
    """Their receipt numbers."""
    return [int(each.answer["ReceiptSeq"]) for each in sold]


def items_of(ctx: Context, reply_json: dict[str, object], name: str = "ReceiptSeq") -> list[object]:
    """What a Sync answer names, after a look that all of it was acknowledged."""
    items = reply_json["Items"]
    assert isinstance(items, list)
    states = {item["StatusText"] for item in items}
    ctx.check_that(states <= {"Acknowledged"}, "Acknowledged", states, "StatusText", clause="S-4.3")
    ctx.check(len(items), reply_json["SuccessfulsCount"], "SuccessfulsCount", clause="S-4.3")
    return [item[name] for item in items]


@family(
    "uz.drive.sync.items-count.{key}",
    rows={
        f"{name}-{kind.lower()}": (kind, value)
        for kind in KINDS
        for name, value in (("zero", 0), ("33", 33), ("negative", -1), ("huge", 2**32), ("missing", None))
    },
    target="drive",
    clauses=["G2-S-14"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description=lambda row: f"Sync/{row[0]} with ItemsCount {'left out' if row[1] is None else row[1]}.",
    expectation=f"400 `{RANGE}`.",
)
def items_count(ctx: Context, row: tuple[str, int | None]) -> None:
    """A client that asks for none or for too many learns it at once."""
    kind, value = row
    drive = ctx.drive
    form = {} if value is None else {"ItemsCount": value}
    refused(ctx, drive.post(f"/DataBase/Files/Sync/{kind}/{drive.factory}", form=form), 400, RANGE)


@family(
    "uz.drive.sync.items-count-of-text.{key}",
    rows={"word": "all", "fraction": "1.5", "empty": ""},
    target="drive",
    clauses=["G2-S-14", "G2-T-09"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="Sync/FullReceipts with an ItemsCount that is no number: {key}.",
    expectation="400 with the usual error body.",
)
def items_count_of_text(ctx: Context, text: str) -> None:
    """The text is the drive's own."""
    drive = ctx.drive
    reply = drive.post(f"/DataBase/Files/Sync/FullReceipts/{drive.factory}", form={"ItemsCount": text})
    turned_away(ctx, reply, {400})


@family(
    "uz.drive.sync.limits.{key}",
    rows={"one": 1, "two": 2, "thirty-two": 32},
    target="drive",
    clauses=["G2-S-14", "G2-S-16"],
    requirements=["UZ-OFF-02"],
    needs=["card"],
    description="Three receipts wait; Sync/FullReceipts with ItemsCount {key}, until none is left.",
    expectation="Each call sends so many at most, the oldest first; all are acknowledged and leave the "
    "module.",
)
@held_by
def limits(ctx: Context, count: int) -> None:
    """1 and 32 are the ends of the range."""
    drive = still(ctx)
    waiting = numbers(sell(drive, 3))
    while waiting:
        body = accepted(ctx, drive.sync_files("FullReceipts", count), "sync").json
        sent = items_of(ctx, body)
        ctx.check(waiting[:count], sent, "receipts sent", clause="G2-S-16")
        del waiting[:count]
        ctx.check(len(waiting), drive.memory()["ReceiptsCount"], "receipts held", clause="FM-A-02")
    ctx.check(
        {"Items": [], "SuccessfulsCount": 0}, drive.sync_files("FullReceipts", count).json, "a call more"
    )


@case(
    "uz.drive.sync.thirty-three",
    target="drive",
    clauses=["CL-01", "G2-S-14"],
    requirements=["UZ-OFF-02"],
    needs=["card"],
    description="33 receipts wait; Sync/FullReceipts is called with ItemsCount 32, twice.",
    expectation="32 go, then the last one; no message to the operator carries more than 32 files.",
)
@held_by
def thirty_three(ctx: Context) -> None:
    """The largest batch there may be."""
    drive = begin(ctx)
    view = OperatorView(ctx) if ctx.can("operator-control") else None
    sold = numbers(sell(drive, 33))
    sent = [items_of(ctx, accepted(ctx, drive.sync_files("FullReceipts", 32), "sync").json) for _ in range(2)]
    ctx.check([sold[:32], sold[32:]], sent, "receipts sent by the two calls")
    if view is not None:
        largest = max(len(files) for files in view.messages() if files)
        ctx.check_that(largest <= 32, "at most 32", largest, "files in a message")
        view.holds_once(sold)


@case(
    "uz.drive.sync.states",
    target="drive",
    clauses=["S-4.7", "FM-A-02"],
    requirements=["UZ-OFF-06"],
    needs=["card"],
    description="Files are counted by state before and after a sync of two.",
    expectation="Two new ones become two acknowledged ones, counted under the TerminalID.",
)
@held_by
def states(ctx: Context) -> None:
    """The state of sending can be asked at any time."""
    drive = still(ctx)
    terminal = drive.info()["TerminalID"]
    before = drive.files_count(ACKNOWLEDGED).get(terminal, 0)
    sell(drive, 2)
    ctx.check({terminal: 2}, drive.files_count(NEW), "new files")
    accepted(ctx, drive.sync_files("FullReceipts"), "sync")
    ctx.check({}, drive.files_count(NEW), "new files after the sync")
    ctx.check(before + 2, drive.files_count(ACKNOWLEDGED).get(terminal), "acknowledged files")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held", clause="FM-A-02")


@case(
    "uz.drive.sync.shifts",
    target="drive",
    clauses=["S-4.2", "FM-A-03", "G2-S-16"],
    requirements=["UZ-SHF-06", "UZ-SHF-07"],
    needs=["card"],
    description="Three shifts are closed; their indexes are read, and Sync/ZReports called with 1, then "
    "with 32.",
    expectation="[0,1,2]; the oldest goes first, then the two others; each then has its AcknowledgedTime.",
)
@held_by
def shifts(ctx: Context) -> None:
    """Only AcknowledgedTime changes in a closed shift."""
    drive = begin(ctx, "closed")
    for _ in range(3):
        drive.open().demand()
        drive.sell()
        drive.close_shift().demand()
    ctx.check([0, 1, 2], sorted(drive.unacknowledged_shifts()), "unacknowledged indexes")
    before = [drive.shift(index) for index in range(3)]
    first = accepted(ctx, drive.sync_files("ZReports", 1), "the first sync").json
    ctx.check([before[2]["CloseTime"]], items_of(ctx, first, "CloseTime"), "the first sent", clause="G2-S-16")
    ctx.check(2, len(drive.unacknowledged_shifts()), "indexes after one sync")
    rest = accepted(ctx, drive.sync_files("ZReports", 32), "the second sync").json
    closed = [before[1]["CloseTime"], before[0]["CloseTime"]]
    ctx.check(closed, items_of(ctx, rest, "CloseTime"), "the others", clause="G2-S-16")
    ctx.check([], drive.unacknowledged_shifts(), "indexes at the end")
    for index, shift in enumerate(before):
        now = drive.shift(index)
        ctx.check_that("AcknowledgedTime" in now, "AcknowledgedTime", now, "shift", clause="FM-A-03")
        del now["AcknowledgedTime"]
        ctx.check(shift, now, "the rest of the shift", clause="ZR-08")


@case(
    "uz.drive.sync.shift-before-receipts",
    target="drive",
    clauses=["ZR-09", "CL-09"],
    requirements=["UZ-SHF-07"],
    needs=["card"],
    description="A shift is closed and synced while its receipts are not sent, and the next one is open.",
    expectation="It is acknowledged; the receipts wait on; the open shift is not listed and not sent.",
)
@held_by
def shift_before_receipts(ctx: Context) -> None:
    """The Z-report does not wait for its receipts."""
    drive = begin(ctx, "fresh")
    sell(drive, 2)
    drive.close_shift().demand()
    closed = drive.shift()["CloseTime"]
    drive.open().demand()
    ctx.check([1], drive.unacknowledged_shifts(), "unacknowledged indexes", clause="CL-09")
    body = accepted(ctx, drive.sync_files("ZReports"), "sync").json
    ctx.check([closed], items_of(ctx, body, "CloseTime"), "shifts sent")
    ctx.check(2, drive.memory()["ReceiptsCount"], "receipts held")


@case(
    "uz.drive.sync.short-not-needed",
    target="drive",
    clauses=["G2-S-18", "G2-S-17"],
    requirements=["UZ-SVC-02"],
    needs=["card", "operator-control"],
    description="Two receipts wait whose full files are there; Sync/Receipts is called, then "
    "Sync/FullReceipts.",
    expectation="The first sends nothing; the second sends both, and the operator has them whole.",
)
def short_not_needed(ctx: Context) -> None:
    """A short record in place of a full one would lose what was sold."""
    drive = still(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 2))
    body = accepted(ctx, drive.sync_files("Receipts"), "Sync/Receipts").json
    ctx.check([], body["Items"], "short records sent")
    accepted(ctx, drive.sync_files("FullReceipts"), "Sync/FullReceipts")
    ctx.check([["01", "01"]], view.messages(), "file types of the messages", clause="G2-S-17")
    view.holds_once(sold)


@case(
    "uz.drive.sync.short-all",
    target="drive",
    clauses=["G2-S-18", "OF-24"],
    requirements=["UZ-SVC-02"],
    needs=["card", "control", "operator-control"],
    description="With short_sync_scope=all, Sync/Receipts is called for two waiting receipts, then "
    "Sync/FullReceipts.",
    expectation="The short records are acknowledged and leave the module; the full ones then complete them.",
)
def short_all(ctx: Context) -> None:
    """As the producer's sample does it."""
    drive = begin(ctx, "open", short_sync_scope="all")
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 2))
    short = accepted(ctx, drive.sync_files("Receipts"), "Sync/Receipts").json
    ctx.check(sold, items_of(ctx, short), "short records sent")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held", clause="FM-A-02")
    full = accepted(ctx, drive.sync_files("FullReceipts"), "Sync/FullReceipts").json
    ctx.check(sold, items_of(ctx, full), "full files sent after the module has forgotten", clause="CL-05")
    view.holds_once(sold, clause="OF-24")


@case(
    "uz.drive.sync.lost-database",
    target="drive",
    clauses=["G2-S-18"],
    requirements=["UZ-SVC-02", "UZ-DEV-03"],
    needs=["card", "control", "operator-control"],
    description="The drive's database is lost while two receipts wait in the module.",
    expectation="Sync/FullReceipts has nothing; Sync/Receipts sends both records, oldest first; selling "
    "goes on.",
)
def lost_database(ctx: Context) -> None:
    """What short records are for."""
    drive = begin(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 2))
    ctx.control.reset(auto_send=False)
    ctx.check(
        [], accepted(ctx, drive.sync_files("FullReceipts"), "Sync/FullReceipts").json["Items"], "full files"
    )
    body = accepted(ctx, drive.sync_files("Receipts", 32), "Sync/Receipts").json
    ctx.check(sold, items_of(ctx, body), "short records sent")
    ctx.check(sold, view.numbers(), "receipts at the operator")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held", clause="FM-A-02")
    still_sells(ctx)


@case(
    "uz.drive.sync.state",
    target="drive",
    clauses=["S-11.8", "FM-Y-02", "S-11.10"],
    requirements=["UZ-OFF-05", "UZ-CLK-04"],
    needs=["card", "operator-control"],
    description="The state is synced: plainly, with the order to lock, and with the order to unlock.",
    expectation="OK each time with a new SyncChallenge; only the orders change Locked; receipts and sums "
    "stay.",
)
def state(ctx: Context) -> None:
    """The page's setting takes effect at the next sync."""
    drive = begin(ctx)
    drive.sell()
    before = drive.info()
    memory = drive.memory()
    challenges = [before["SyncChallenge"]]
    for change, lock, locked in (("No", "Unlock", False), ("Yes", "Lock", True), ("Yes", "Unlock", False)):
        drive.state_page(change=change, lock=lock, terminal=before["TerminalID"])
        ctx.check(
            challenges[-1], drive.info()["SyncChallenge"], "challenge before the sync", clause="FM-Y-02"
        )
        ctx.check("OK", accepted(ctx, drive.sync_state(), "state sync").text, "answer", clause="G2-T-08")
        info = drive.info()
        ctx.check(locked, info["Locked"], f"Locked after {change}, {lock}", clause="S-11.10")
        challenges.append(info["SyncChallenge"])
    ctx.check(4, len(set(challenges)), "different challenges", clause="FM-Y-02")
    after = drive.memory()
    del memory["LastOperationTime"], after["LastOperationTime"]
    ctx.check(memory, after, "memory without its last operation", clause="FM-Y-02")


@case(
    "uz.drive.sync.state-without-receipts",
    target="drive",
    clauses=["S-11.8", "G2-S-17"],
    requirements=["UZ-OFF-06"],
    needs=["card", "operator-control"],
    description="A receipt waits in a drive that sends only when told; the state is synced.",
    expectation="One message with one SyncStateQuery; the receipt still waits.",
)
def state_without_receipts(ctx: Context) -> None:
    """A state sync is no sync of files."""
    drive = begin(ctx)
    view = OperatorView(ctx)
    drive.sell()
    accepted(ctx, drive.sync_state(), "state sync")
    ctx.check([["c9"]], view.messages(), "messages")
    ctx.check(1, drive.memory()["ReceiptsCount"], "receipts held", clause="G2-S-17")


@case(
    "uz.drive.sync.index-of-acknowledgement",
    target="drive",
    clauses=["CL-10"],
    requirements=["UZ-SVC-02"],
    needs=["card", "module-control"],
    description="Three receipts and a shift are synced while the module's commands are watched.",
    expectation="Every acknowledgement carries the index of its file; none says that it is unknown.",
)
def index_of_acknowledgement(ctx: Context) -> None:
    """A hint for speed, which the module had given along with the file."""
    drive = begin(ctx, "fresh")
    sell(drive, 3)
    accepted(ctx, drive.close_shift(), "close")
    watched = {
        what: ctx.module_control.add_fault("apdu.reply", "delay", count=None, match={"apdu": prefix})
        for what, prefix in (("without an index", "0009ffff*"), ("at all", "0009*"))
    }
    drive.send_all()
    seen = {what: strikes(ctx.module_control, rule) for what, rule in watched.items()}
    ctx.check({"without an index": 0, "at all": 4}, seen, "acknowledgements")


@case(
    "uz.drive.sync.indexes-of-none",
    target="drive",
    clauses=["S-4.2", "FM-I-05"],
    requirements=["UZ-SHF-07"],
    needs=["card"],
    description="The unacknowledged indexes are read while every closed shift is acknowledged.",
    expectation="An empty array, whether a shift is open or not.",
)
def indexes_of_none(ctx: Context) -> None:
    """The open shift is not listed."""
    drive = ready(ctx)
    ctx.check([], drive.unacknowledged_shifts(), "indexes")
