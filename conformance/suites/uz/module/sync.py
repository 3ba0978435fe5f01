"""State syncs: the operator's time and locks; forged, old and foreign files (uz-fiscal FM-Y-01, 02)."""

from __future__ import annotations

from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.module import SECOND
from conformance.drivers.present import present
from conformance.suites.uz.module.books import OK, begin, fresh, refused, unchanged
from reference.protocol.uz import apdu, standin
from reference.protocol.uz.apdu import Command, StatusWord

FORGED = StatusWord.INVALID_SYNC_SIGNATURE
FOREIGN = "ZZ999999999999"
NOBODY = bytes(range(32))


def _sync(data: bytes) -> Command:
    return Command(0, 0x11, 0, 0, data)


def _challenge(ctx: Context) -> bytes:
    return present(ctx.module.info((0x04,)).sync_challenge, "a0.04")


@case(
    "uz.module.sync.time-forward",
    target="module",
    clauses=["FM-Y-02"],
    requirements=["UZ-CLK-04"],
    needs=["test-keys"],
    description=(
        "Syncs bring the operator's time one second, one day and three days ahead of the last operation."
    ),
    expectation=(
        "The last operation is the operator's time each time; the next receipt is measured against it."
    ),
)
def time_forward(ctx: Context) -> None:
    """The operator may go further than a host: its time is the true one."""
    books = begin(ctx)
    for step in (SECOND, timedelta(days=1), timedelta(days=3)):
        books.must(books.sync(books.ledger.last_operation + step), "sync")
        books.compare()
        command = apdu.receipt_register(ctx.module.block(time=books.ledger.last_operation).encode())
        refused(ctx, command, StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-Y-02")
        books.acknowledge(books.sell().seq)


@family(
    "uz.module.sync.time-back.{key}",
    rows={"one-second": SECOND, "one-day": timedelta(days=1), "ten-years": timedelta(days=3650)},
    target="module",
    clauses=["S-15"],
    requirements=["UZ-CLK-03"],
    needs=["test-keys"],
    description="A sync brings an operator's time that lies {key} before the last operation.",
    expectation="It is taken, with a new challenge, and the last operation stays: time never runs backwards.",
)
def time_back(ctx: Context, step: timedelta) -> None:
    """The till was fast; its receipts are signed, so it has to wait."""
    books = begin(ctx)
    books.sell()
    challenge = _challenge(ctx)
    books.must(books.sync(books.ledger.last_operation - step), "sync")
    books.compare()
    ctx.check(True, _challenge(ctx) != challenge, "the challenge is a new one", clause="FM-Y-02")


@case(
    "uz.module.sync.time-back-allowed",
    target="module",
    clauses=["S-15"],
    requirements=["UZ-CLK-04"],
    needs=["fresh-module"],
    description="With sync_may_go_back on, a sync brings a time one day before the last operation.",
    expectation=(
        "The last operation is the operator's time, as the guide words it, and trade goes on from there."
    ),
)
def time_back_allowed(ctx: Context) -> None:
    """The other reading of the sources."""
    fresh(ctx, "open", sync_may_go_back=True)
    module = ctx.module
    module.acknowledge(module.sell())
    back = module.last_operation - timedelta(days=1)
    ctx.check(OK, module.sync(time=back).sw, "sync")
    ctx.check(back, module.last_operation, "last operation")
    ctx.check(2, module.sell(time=back + SECOND).seq, "number of the next receipt")


@case(
    "uz.module.sync.lock-and-unlock",
    target="module",
    clauses=["FM-Y-02", "FM-C-02", "FM-I-06"],
    requirements=["UZ-OFF-05"],
    needs=["test-keys"],
    description="Syncs lock, leave, leave, unlock and leave the module's lock.",
    expectation="Info shows the lock as ordered; where nothing is ordered it stays; trade follows it.",
)
def lock_and_unlock(ctx: Context) -> None:
    """Bit 1 without bit 0 means nothing."""
    books = begin(ctx)
    terminal = ctx.module.terminal
    for order, locked in ((True, True), (None, True), (True, True), (False, False), (None, False)):
        books.must(books.sync(books.ledger.last_operation, lock=order), "sync")
        ctx.check(locked, ctx.module.info((0x05,)).locked, f"locked after order {order}", clause="FM-Y-02")
    stray = standin.make_sync_file(
        standin.SyncFlags.LOCKED, terminal, _challenge(ctx), books.ledger.last_operation
    )
    books.must(ctx.module.transmit(_sync(stray)), "sync with bit 1 alone")
    ctx.check(False, ctx.module.info((0x05,)).locked, "locked by bit 1 alone", clause="S-17.6")
    books.sell()


@case(
    "uz.module.sync.locked-trade",
    target="module",
    clauses=["FM-C-02"],
    requirements=["UZ-OFF-05"],
    needs=["test-keys"],
    description="A locked module is asked to register, close, and, its shift being closed, to open.",
    expectation="9090 each time, nothing has changed, and after the unlock each of them works.",
)
def locked_trade(ctx: Context) -> None:
    """Whatever the shift's state, the lock comes first."""
    books = begin(ctx, "fresh")
    locked = StatusWord.LOCKED_SYNC_WITH_SERVER
    books.sell()
    books.must(books.sync(books.ledger.last_operation, lock=True), "locking sync")
    refused(ctx, apdu.receipt_register(ctx.module.block().encode()), locked, what="a receipt")
    refused(ctx, apdu.zreport_close(books.now), locked, what="a close")
    refused(ctx, apdu.zreport_open(books.now), locked, what="an opening")
    ctx.module.power_cycle()
    refused(ctx, apdu.zreport_close(books.now), locked, what="a close after a power cycle")
    books.must(books.sync(books.ledger.last_operation, lock=False), "unlocking sync")
    books.sell()
    books.must(books.close(), "close")
    books.must(books.sync(books.ledger.last_operation, lock=True), "locking sync")
    refused(ctx, apdu.zreport_open(books.now), locked, what="an opening")
    books.must(books.sync(books.ledger.last_operation, lock=False), "unlocking sync")
    books.must(books.open(), "open")


@case(
    "uz.module.sync.locked-reading",
    target="module",
    clauses=["FM-I-06"],
    requirements=["UZ-OFF-05", "UZ-OFF-06"],
    needs=["test-keys"],
    description=(
        "A locked module that holds receipts and a Z-report is asked for everything that can be read."
    ),
    expectation="All of it is answered, and the same as before the lock but for the lock itself.",
)
def locked_reading(ctx: Context) -> None:
    """What was traded can be sent while trade is stopped."""
    books = begin(ctx, "fresh")
    books.sell()
    books.next_shift()
    books.sell(type=1)
    commands = [
        apdu.get_version(),
        apdu.get_fiscal_memory_info((0x02, 0x03, 0x06)),
        apdu.get_unack_zreports(),
        apdu.get_zreport_info(0),
        apdu.get_zreport_info(1),
        apdu.get_zreport_file(1),
        apdu.get_receipt_info(0),
        apdu.get_receipt_file(1),
        apdu.get_info((0x03, 0x07)),
    ]
    free = [ctx.module.demand(command).data for command in commands]
    books.must(books.sync(books.ledger.last_operation, lock=True), "locking sync")
    ctx.check(free, [ctx.module.demand(command).data for command in commands], "answers while locked")
    books.must(books.sync(books.ledger.last_operation, lock=False), "unlocking sync")


@family(
    "uz.module.sync.order-with-lock.{key}",
    rows={
        "length-first": (apdu.Command(0, 0x03, 0, 0, bytes(7)), StatusWord.WRONG_LENGTH),
        "lock-before-time": (apdu.Command(0, 0x03, 0, 0, bytes(8)), StatusWord.LOCKED_SYNC_WITH_SERVER),
        "lock-before-sums": (apdu.Command(0, 0x17, 0, 0, b"\xff" * 68), StatusWord.LOCKED_SYNC_WITH_SERVER),
    },
    target="module",
    clauses=["UNK-07"],
    requirements=["UZ-DEV-07"],
    needs=["test-keys"],
    description="A locked module gets a command with a fault of its own, {key}.",
    expectation=lambda row: f"{row[1]:04X}: length, then lock, then contents.",
)
def order_with_lock(ctx: Context, row: tuple[Command, StatusWord]) -> None:
    """The order is our decision."""
    books = begin(ctx)
    books.must(books.sync(books.ledger.last_operation, lock=True), "locking sync")
    refused(ctx, row[0], row[1])


@case(
    "uz.module.sync.repeated",
    target="module",
    clauses=["FM-Y-01"],
    requirements=["UZ-OFF-05"],
    needs=["test-keys"],
    description="An unlocking sync is kept; the operator locks the module, and the kept file is given again.",
    expectation="9018 at once and after a power cycle, and the module stays locked.",
)
def repeated(ctx: Context) -> None:
    """Else an old unlock would open the module for ever."""
    books = begin(ctx)
    kept = ctx.module.sync_file(lock=False)
    ctx.check(OK, ctx.module.transmit(_sync(kept)).sw, "the first time")
    refused(ctx, _sync(kept), StatusWord.WRONG_SYNC_CHALLENGE)
    books.must(books.sync(books.ledger.last_operation, lock=True), "locking sync")
    refused(ctx, _sync(kept), StatusWord.WRONG_SYNC_CHALLENGE)
    ctx.module.power_cycle()
    refused(ctx, _sync(kept), StatusWord.WRONG_SYNC_CHALLENGE)
    ctx.check(True, ctx.module.info().locked, "still locked")


@case(
    "uz.module.sync.challenge",
    target="module",
    clauses=["FM-Y-02", "FM-Y-01"],
    requirements=["UZ-OFF-05"],
    needs=["test-keys"],
    description="The sync challenge is read around trade, a refused sync, a power cycle, and six syncs.",
    expectation=(
        "The same until a sync is taken, then another eight bytes, and never one that was there before."
    ),
)
def challenge(ctx: Context) -> None:
    """A host fetches the sync file in one session and gives it in another."""
    books = begin(ctx)
    first = _challenge(ctx)
    ctx.check(8, len(first), "size of the challenge")
    books.sell()
    stale = ctx.module.sync_file(challenge=bytes(8))
    ctx.check(
        StatusWord.WRONG_SYNC_CHALLENGE, ctx.module.transmit(_sync(stale)).sw, "a sync for another challenge"
    )
    ctx.module.power_cycle()
    ctx.check(first, _challenge(ctx), "challenge before any sync is taken")
    seen = [first]
    for _ in range(6):
        books.must(books.sync(books.ledger.last_operation), "sync")
        seen.append(_challenge(ctx))
    ctx.check(7, len(set(seen)), "different challenges")


@family(
    "uz.module.sync.forged.{key}",
    rows={
        "version": 0,
        "flags": 1,
        "terminal": 5,
        "challenge": 10,
        "time": 20,
        "signature-begin": 26,
        "signature-middle": 58,
        "signature-end": 89,
    },
    target="module",
    clauses=["FM-Y-01", "S-17.6"],
    requirements=["UZ-OFF-05", "UZ-DEV-07"],
    needs=["test-keys"],
    description="One byte ({key}) of a genuine sync file is changed.",
    expectation="9017, nothing has changed, and the genuine one is still taken.",
)
def forged(ctx: Context, at: int) -> None:
    """Among them the bit that unlocks."""
    ctx.module.ready("open")
    file = ctx.module.sync_file(lock=True)
    refused(ctx, _sync(file[:at] + bytes((file[at] ^ 2,)) + file[at + 1 :]), FORGED, clause="FM-Y-01")
    ctx.check(OK, ctx.module.transmit(_sync(file)).sw, "the genuine sync")


@family(
    "uz.module.sync.misshapen.{key}",
    rows={
        "empty": (0, StatusWord.WRONG_LENGTH),
        "one-byte": (1, FORGED),
        "cut-by-one": (89, FORGED),
        "longer-by-one": (91, FORGED),
        "longest": (250, FORGED),
    },
    target="module",
    clauses=["FM-Y-01", "FM-S-09"],
    requirements=["UZ-DEV-07"],
    needs=["test-keys"],
    description=lambda row: f"A sync file has {row[0]} bytes.",
    expectation=lambda row: f"{row[1]:04X}, and nothing has changed.",
)
def misshapen(ctx: Context, row: tuple[int, StatusWord]) -> None:
    """A genuine one, cut or filled up with zeros."""
    size, word = row
    ctx.module.ready()
    file = (ctx.module.sync_file() + bytes(200))[:size]
    refused(ctx, _sync(file), word, clause="FM-S-09" if not size else "FM-Y-01")


@family(
    "uz.module.sync.wrong-hand.{key}",
    rows={"unknown-key": "key", "the-module-itself": "module", "an-acknowledgement": "ack"},
    target="module",
    clauses=["FM-Y-01"],
    requirements=["UZ-OFF-05"],
    needs=["test-keys"],
    description="Well-formed files that are no syncs of the operator: {key}.",
    expectation="9017, and nothing has changed.",
)
def wrong_hand(ctx: Context, how: str) -> None:
    """Right layout, wrong signer or wrong purpose."""
    ctx.module.ready("open")
    terminal, time = ctx.module.terminal, ctx.module.last_operation
    if how == "ack":
        file = ctx.module.ack_file(ctx.module.sell())
    else:
        seed = standin.module_seed(terminal) if how == "module" else NOBODY
        key = standin.signing_key(seed)
        file = standin.make_sync_file(standin.SyncFlags.CHANGE_LOCK, terminal, _challenge(ctx), time, key)
    refused(ctx, _sync(file), FORGED)


@case(
    "uz.module.sync.other-terminal",
    target="module",
    clauses=["SYN-01"],
    requirements=["UZ-OFF-05"],
    needs=["test-keys"],
    description="A genuine sync for this challenge names another module.",
    expectation="9016, and nothing has changed.",
)
def other_terminal(ctx: Context) -> None:
    """The terminal is looked at before the challenge."""
    ctx.module.ready("open")
    refused(ctx, _sync(ctx.module.sync_file(terminal=FOREIGN, lock=True)), StatusWord.WRONG_TERMINAL_ID)


@case(
    "uz.module.sync.nothing-ordered",
    target="module",
    clauses=["FM-Y-02"],
    requirements=["UZ-CLK-04"],
    needs=["test-keys"],
    description="A sync with no flag and the last operation's own time is taken in the middle of trade.",
    expectation="Only the challenge is another; shift, receipts, sums and times are untouched.",
)
def nothing_ordered(ctx: Context) -> None:
    """What a drive does every few minutes."""
    books = begin(ctx)
    books.sell()
    books.must(books.sync(books.ledger.last_operation), "sync")
    books.compare()
    books.sell()
    with unchanged(ctx, "FM-Y-02"):
        ctx.module.info()
    books.compare()
