"""State sync and the state page that steers it (uz-fiscal §11.8, §11.10, §17.6)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.terminal import Terminal
from conformance.suites.uz.operator.acks import signed_by_operator
from conformance.suites.uz.operator.exchange import answered, full, genuine
from reference.protocol.uz.message import File, FileStatus
from reference.protocol.uz.standin import StandinError, SyncContents, read_sync_file
from reference.protocol.uz.values import encode_terminal_id


def synced(ctx: Context, terminal: Terminal) -> SyncContents:
    """What a genuine SyncFile for a fresh challenge of this module says."""
    challenge = ctx.rng.randbytes(8)
    ack = answered(ctx, terminal, ctx.operator.state_query(challenge))[0]
    ctx.check(FileStatus.Acknowledge, ack.status, "file status", clause="S-11.8")
    return _read(ctx, terminal, challenge, ack.body)


def _read(ctx: Context, terminal: Terminal, challenge: bytes, file: bytes) -> SyncContents:
    try:
        return read_sync_file(file, terminal.id, challenge)
    except StandinError as error:
        ctx.fail(f"no module would take this SyncFile: {error}", clause="S-17.6")


def _orders(contents: SyncContents) -> tuple[bool | None, bool]:
    return contents.lock, contents.undo_pos_lock


@case(
    "uz.operator.sync.bytes",
    target="operator",
    clauses=["S-17.6", "S-11.8"],
    requirements=["UZ-OFF-05", "UZ-CLK-04"],
    needs=["test-keys"],
    description="A module that the operator has never seen asks for its state; the SyncFile is taken apart.",
    expectation="01, flags, terminal, the challenge of this query, a time, and the operator's signature.",
)
def sync_bytes(ctx: Context) -> None:
    """The signature is verified with the key as the specification prints it."""
    terminal = ctx.operator.terminal()
    challenge = ctx.rng.randbytes(8)
    file = answered(ctx, terminal, ctx.operator.state_query(challenge))[0].body
    ctx.check(90, len(file), "bytes of the SyncFile", clause="S-17.6")
    ctx.check(1, file[0], "version of the SyncFile", clause="S-17.6")
    ctx.check(0, file[1] & ~7, "unknown flags of the SyncFile", clause="S-17.6")
    named = encode_terminal_id(terminal.id) + challenge
    ctx.check(named, file[2:18], "terminal and challenge", clause="S-17.6")
    signed = signed_by_operator(b"UZ-TEST-SYNC/1", file)
    ctx.check(True, signed, "the signature is the operator's", clause="S-17.6")


@case(
    "uz.operator.sync.fresh-challenge",
    target="operator",
    clauses=["S-11.8", "S-17.6"],
    requirements=["UZ-OFF-05"],
    needs=["test-keys"],
    description="A module syncs five times with new challenges, and another module in between.",
    expectation="Each SyncFile is for the challenge and the module of its own query.",
)
def fresh_challenge(ctx: Context) -> None:
    """A module takes no SyncFile of an old challenge (9018) or of another module (9016)."""
    first, second = ctx.operator.terminal(), ctx.operator.terminal()
    for _ in range(5):
        synced(ctx, first)
        synced(ctx, second)


@case(
    "uz.operator.sync.with-receipts",
    target="operator",
    clauses=["S-11.8", "OF-10"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Two state queries with different challenges and a receipt between them come in one message.",
    expectation="Three acknowledgements in order, each SyncFile for its own challenge.",
)
def with_receipts(ctx: Context) -> None:
    """A sync is a file like any other."""
    terminal = ctx.operator.terminal()
    parcel = full(terminal.issue())
    challenges = (b"\x00" * 7 + b"\x01", b"\xff" * 8)
    first, last = (ctx.operator.state_query(challenge) for challenge in challenges)
    acks = answered(ctx, terminal, first, parcel.file, last)
    _read(ctx, terminal, challenges[0], acks[0].body)
    genuine(ctx, terminal.id, parcel, acks[1])
    _read(ctx, terminal, challenges[1], acks[2].body)


@family(
    "uz.operator.sync.bad-challenge.{key}",
    rows={"empty": 0, "7-bytes": 7, "9-bytes": 9, "16-bytes": 16},
    target="operator",
    clauses=["S-11.4"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="The challenge of a state query has the wrong size: {key}.",
    expectation="Not acknowledged, and the receipt beside it is.",
)
def bad_challenge(ctx: Context, size: int) -> None:
    """A SyncChallenge has eight bytes."""
    terminal = ctx.operator.terminal()
    parcel = full(terminal.issue())
    acks = answered(ctx, terminal, File(0xC9, 0x01, bytes(size)), parcel.file)
    status = acks[0].status
    ctx.check_that(
        status != FileStatus.Acknowledge, "not Acknowledge", status, "file status", clause="S-11.4"
    )
    genuine(ctx, terminal.id, parcel, acks[1])


@case(
    "uz.operator.sync.time",
    target="operator",
    clauses=["S-17.6", "TM-01"],
    requirements=["UZ-CLK-04"],
    needs=["clock", "test-keys"],
    description="A module whose clock is two years behind syncs, and once more after 40 days.",
    expectation="The SyncFile bears the operator's Tashkent time each time.",
)
def sync_time(ctx: Context) -> None:
    """The sync is how a module learns the time again after 9091."""
    terminal = ctx.operator.terminal()
    terminal.tick(-2 * 365 * 86_400)
    for _ in range(2):
        before = ctx.operator.now()
        said = synced(ctx, terminal).time
        after = ctx.operator.now()
        in_time = before <= said <= after
        ctx.check_that(in_time, f"between {before} and {after}", said, "time in the SyncFile", clause="TM-01")
        ctx.clock.advance(40 * 86_400)


@case(
    "uz.operator.sync.default",
    target="operator",
    clauses=["S-11.10"],
    level="stand-in",
    requirements=["UZ-OFF-05"],
    needs=["control", "destructive", "test-keys"],
    description="Nobody has touched the state page of a fresh operator; a module syncs.",
    expectation="The SyncFile leaves both locks alone.",
)
def default(ctx: Context) -> None:
    """So a new module stays locked until somebody sets the page."""
    ctx.control.reset()
    ctx.check((None, False), _orders(synced(ctx, ctx.operator.terminal())), "orders", clause="S-11.10")


@family(
    "uz.operator.sync.state-page.{key}",
    rows={
        "lock": ("Yes", "Lock", True),
        "unlock": ("Yes", "Unlock", False),
        "no-change-lock": ("No", "Lock", None),
        "no-change-unlock": ("No", "Unlock", None),
    },
    target="operator",
    clauses=["S-11.10", "S-11.8"],
    requirements=["UZ-OFF-05"],
    needs=["control", "test-keys"],
    description=lambda row: f"The state page is set to ChangeLockState {row[0]}, LockState {row[1]}.",
    expectation="The module's next three syncs carry just that; another module's do not.",
)
def state_page(ctx: Context, row: tuple[str, str, bool | None]) -> None:
    """The setting stays until it is changed."""
    change, lock, expected = row
    terminal, other = ctx.operator.terminal(), ctx.operator.terminal()
    ctx.operator.state_page(change="No", lock="Unlock", terminal=other.id)
    ctx.operator.state_page(change=change, lock=lock, terminal=terminal.id)
    for _ in range(3):
        ctx.check((expected, False), _orders(synced(ctx, terminal)), "orders", clause="S-11.10")
    ctx.check((None, False), _orders(synced(ctx, other)), "orders to another module", clause="S-11.10")


@case(
    "uz.operator.sync.changed-again",
    target="operator",
    clauses=["S-11.10"],
    requirements=["UZ-OFF-05"],
    needs=["control", "test-keys"],
    description="A module is locked by the state page, unlocked, and then left alone.",
    expectation="Each sync carries what the page says at that time.",
)
def changed_again(ctx: Context) -> None:
    """The page decides at the next sync, not at the one before."""
    terminal = ctx.operator.terminal()
    for change, lock, expected in (("Yes", "Lock", True), ("Yes", "Unlock", False), ("No", "Unlock", None)):
        ctx.operator.state_page(change=change, lock=lock, terminal=terminal.id)
        ctx.check((expected, False), _orders(synced(ctx, terminal)), "orders", clause="S-11.10")


@case(
    "uz.operator.sync.pos-unlock",
    target="operator",
    clauses=["S-11.10", "S-17.6"],
    requirements=["UZ-OFF-05"],
    needs=["control", "test-keys"],
    description="POS Unlock is set for a module, which syncs three times; then it is set again.",
    expectation="The first sync after each setting undoes the POS lock, no other does.",
)
def pos_unlock(ctx: Context) -> None:
    """One setting is used up by one sync of that module."""
    terminal, other = ctx.operator.terminal(), ctx.operator.terminal()
    for _ in range(2):
        ctx.operator.state_page(pos_unlock="POS Unlock", terminal=terminal.id)
        ctx.check(False, synced(ctx, other).undo_pos_lock, "another module's POS lock", clause="S-11.10")
        ctx.check(True, synced(ctx, terminal).undo_pos_lock, "first sync", clause="S-11.10")
        ctx.check(False, synced(ctx, terminal).undo_pos_lock, "second sync", clause="S-11.10")
        ctx.check(False, synced(ctx, terminal).undo_pos_lock, "third sync", clause="S-11.10")


@case(
    "uz.operator.sync.pos-unlock-with-lock",
    target="operator",
    clauses=["S-11.10"],
    requirements=["UZ-OFF-05"],
    needs=["control", "test-keys"],
    description="Unlock and POS Unlock are set in one form; the module syncs twice.",
    expectation="Both orders at first, then Unlock alone.",
)
def pos_unlock_with_lock(ctx: Context) -> None:
    """The one order stays, the other is used up."""
    terminal = ctx.operator.terminal()
    ctx.operator.state_page(change="Yes", lock="Unlock", pos_unlock="POS Unlock", terminal=terminal.id)
    ctx.check((False, True), _orders(synced(ctx, terminal)), "orders of the first sync", clause="S-11.10")
    ctx.check((False, False), _orders(synced(ctx, terminal)), "orders of the second sync", clause="S-11.10")


@case(
    "uz.operator.sync.all-modules",
    target="operator",
    clauses=["S-11.10"],
    level="stand-in",
    requirements=["UZ-OFF-05"],
    needs=["control", "destructive", "test-keys"],
    description="The state page is set for all modules; POS Unlock with it.",
    expectation="Modules known and unknown get the order, and each its own POS unlock, once.",
)
def all_modules(ctx: Context) -> None:
    """The operator is reset afterwards, since the order would stay."""
    known = ctx.operator.terminal()
    ctx.control.reset()
    synced(ctx, known)
    ctx.operator.state_page(change="Yes", lock="Unlock", pos_unlock="POS Unlock", terminal="*")
    for terminal in (known, ctx.operator.terminal()):
        ctx.check((False, True), _orders(synced(ctx, terminal)), "orders of the first sync", clause="S-11.10")
        ctx.check((False, False), _orders(synced(ctx, terminal)), "of the second", clause="S-11.10")
