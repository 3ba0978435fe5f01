"""The operator out of reach: what is kept, when the module blocks, what lifts it (uz-fiscal FM-T-05)."""

from __future__ import annotations

from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.module import SECOND, TWO_DAYS
from conformance.suites.uz.module.books import begin, refused, unchanged
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord

HOUR = timedelta(hours=1)
BLOCKED = StatusWord.SEND_ALL_RECEIPTS_FIRST


def _register(ctx: Context, time: object) -> Command:
    return apdu.receipt_register(ctx.module.block(time=time).encode())  # type: ignore[arg-type]


@case(
    "uz.module.outage.47h59m",
    target="module",
    clauses=["FM-T-05", "FM-A-02"],
    requirements=["UZ-OFF-01", "UZ-OFF-03"],
    needs=["test-keys"],
    description=(
        "The operator is away for 47 h 59 m: a receipt every hour, shifts closed and opened as usual."
    ),
    expectation=(
        "All are signed and held, each by its number; when the operator is back all are acknowledged."
    ),
)
def outage_of_47h59m(ctx: Context) -> None:
    """A long outage that must cost nothing."""
    books = begin(ctx, "fresh")
    start = books.now
    for hour in range(48):
        books.sell(time=start + hour * HOUR)
        if hour % 10 == 9:
            books.next_shift()
    books.sell(time=start + 48 * HOUR - 60 * SECOND)
    books.compare()
    held = [ctx.module.receipt(index).receipt_seq for index in range(49)]
    ctx.check(sorted(books.ledger.held, reverse=True), held, "numbers held", clause="TAG-02")
    books.acknowledge_all()
    books.compare()


@case(
    "uz.module.outage.49h",
    target="module",
    clauses=["FM-T-05", "FM-A-02", "FM-I-06"],
    requirements=["UZ-OFF-03", "UZ-OFF-04"],
    needs=["test-keys"],
    description="The operator is away for 49 h; then it acknowledges everything.",
    expectation=(
        "Trade is 9031 after 48 h, reading and acknowledging work, and then it goes on with the next number."
    ),
)
def outage_of_49h(ctx: Context) -> None:
    """Nothing is lost in the block, and nothing is renumbered by it."""
    books = begin(ctx, "fresh")
    start = books.now
    for hour in (0, 20, 40, 47):
        books.sell(time=start + hour * HOUR)
    late = start + 49 * HOUR
    refused(ctx, _register(ctx, late), BLOCKED, clause="FM-T-05")
    refused(ctx, apdu.zreport_close(late), BLOCKED, clause="FM-T-05", what="a close")
    ctx.check(4, len([ctx.module.receipt_file(index) for index in range(4)]), "files read", clause="FM-I-06")
    books.acknowledge_all()
    books.sell(time=late)
    books.must(books.close(), "close")
    books.compare()


@family(
    "uz.module.outage.boundary.{key}",
    rows={
        f"{operation}-{seconds}": (operation, seconds)
        for operation in ("register", "close", "open")
        for seconds in (172_799, 172_801)
    },
    target="module",
    clauses=["FM-T-05"],
    requirements=["UZ-OFF-03"],
    needs=["test-keys"],
    description=lambda row: (
        f"Operation {row[0]} comes {row[1]} s after the oldest unsent receipt, in small steps."
    ),
    expectation=lambda row: "It passes." if row[1] < 172_800 else "9031, and nothing has changed.",
)
def boundary(ctx: Context, row: tuple[str, int]) -> None:
    """172 800 s itself is not judged: the sources differ on it."""
    operation, seconds = row
    books = begin(ctx, "fresh")
    oldest = books.sell().time
    books.sell(time=oldest + timedelta(days=1))
    if operation == "open":
        books.must(books.close(), "close")
    time = oldest + seconds * SECOND
    if seconds > 172_800:
        commands = {
            "register": _register(ctx, time),
            "close": apdu.zreport_close(time),
            "open": apdu.zreport_open(time),
        }
        refused(ctx, commands[operation], BLOCKED)
    elif operation == "register":
        books.sell(time=time)
    else:
        books.must(books.close(time) if operation == "close" else books.open(time), operation)


@case(
    "uz.module.outage.oldest-counts",
    target="module",
    clauses=["FM-T-05", "FM-A-02"],
    requirements=["UZ-OFF-03", "UZ-OFF-04"],
    needs=["test-keys"],
    description="Blocked with three receipts: the two newer are acknowledged first, then the oldest.",
    expectation="Blocked until the oldest is gone; the oldest unsent time follows what is left.",
)
def oldest_counts(ctx: Context) -> None:
    """Order of acknowledgement is the operator's; the block looks at the oldest only."""
    books = begin(ctx, "fresh")
    sold = [books.sell(time=books.now + 20 * HOUR) for _ in range(3)]
    late = sold[0].time + TWO_DAYS + SECOND
    ctx.check(sold[0].time, ctx.module.memory().first_unacknowledged, "oldest unsent", clause="FM-A-02")
    for number in (2, 1):
        books.acknowledge(sold[number].seq)
        ctx.check(sold[0].time, ctx.module.memory().first_unacknowledged, "oldest unsent", clause="FM-A-02")
        refused(ctx, _register(ctx, late), BLOCKED, clause="FM-T-05")
    books.acknowledge(sold[0].seq)
    ctx.check(None, ctx.module.memory().first_unacknowledged, "oldest unsent", clause="UNS-01")
    books.sell(time=late)
    books.compare()


@case(
    "uz.module.outage.partly-sent",
    target="module",
    clauses=["FM-T-05", "FM-A-02"],
    requirements=["UZ-OFF-04"],
    needs=["test-keys"],
    description="Blocked with receipts of three days: the oldest is acknowledged, and 48 h later the next.",
    expectation="Each acknowledgement of the oldest moves the block to the next one's 48 h.",
)
def partly_sent(ctx: Context) -> None:
    """The block is no state of its own: it follows from the oldest."""
    books = begin(ctx, "fresh")
    sold = [books.sell(time=books.now + 23 * HOUR) for _ in range(3)]
    for receipt, following in ((sold[0], sold[1]), (sold[1], sold[2])):
        refused(ctx, _register(ctx, receipt.time + TWO_DAYS + SECOND), BLOCKED, clause="FM-T-05")
        books.acknowledge(receipt.seq)
        ctx.check(following.time, ctx.module.memory().first_unacknowledged, "oldest unsent", clause="FM-A-02")
        books.sell(time=receipt.time + TWO_DAYS + SECOND)
    books.compare()


@case(
    "uz.module.outage.told-apart-from-lock",
    target="module",
    clauses=["FM-C-02", "FM-T-05"],
    requirements=["UZ-OFF-05", "UZ-OFF-04"],
    needs=["test-keys"],
    description=(
        "The operator locks a module that is blocked by 48 h; receipts are acknowledged, then it is unlocked."
    ),
    expectation=(
        "9031 and not locked; then 9090 and locked, acknowledgements notwithstanding; free after the unlock."
    ),
)
def told_apart_from_lock(ctx: Context) -> None:
    """One goes by acknowledgements alone, the other by the operator alone."""
    books = begin(ctx, "fresh")
    oldest = books.sell()
    books.sell(time=oldest.time + 47 * HOUR)
    late = oldest.time + TWO_DAYS + SECOND
    refused(ctx, _register(ctx, late), BLOCKED, clause="FM-T-05")
    ctx.check(False, ctx.module.info().locked, "locked by the 48 h block", clause="FM-T-05")
    books.must(books.sync(books.ledger.last_operation, lock=True), "locking sync")
    refused(ctx, _register(ctx, late), StatusWord.LOCKED_SYNC_WITH_SERVER, clause="FM-C-02")
    books.acknowledge_all()
    ctx.check(True, ctx.module.info().locked, "locked after the acknowledgements", clause="FM-C-02")
    refused(ctx, _register(ctx, late), StatusWord.LOCKED_SYNC_WITH_SERVER, clause="FM-C-02")
    books.must(books.sync(books.ledger.last_operation, lock=False), "unlocking sync")
    books.sell(time=late)
    books.compare()


@case(
    "uz.module.outage.unlock-does-not-lift",
    target="module",
    clauses=["FM-T-05", "FM-Y-02"],
    requirements=["UZ-OFF-05"],
    needs=["test-keys"],
    description="Blocked by 48 h, the module gets a sync that unlocks and brings the true time.",
    expectation="Still 9031: only sending the receipts lifts that block.",
)
def unlock_does_not_lift(ctx: Context) -> None:
    """Else a dishonest till would never have to send."""
    books = begin(ctx, "fresh")
    oldest = books.sell()
    late = oldest.time + 49 * HOUR
    books.must(books.sync(late, lock=False), "sync")
    refused(ctx, _register(ctx, late + SECOND), BLOCKED, clause="FM-T-05")
    books.acknowledge_all()
    books.sell(time=late + SECOND)
    books.compare()


@case(
    "uz.module.outage.shifts-do-not-block",
    target="module",
    clauses=["FM-T-05", "FM-I-05"],
    requirements=["UZ-OFF-03"],
    needs=["test-keys"],
    description="All receipts are acknowledged, but a Z-report stays unacknowledged for five days of trade.",
    expectation="Trade goes on: the block is about receipts.",
)
def shifts_do_not_block(ctx: Context) -> None:
    """The Z-report stays in the list of the unacknowledged all the while."""
    books = begin(ctx, "fresh")
    books.sell()
    books.next_shift()
    books.acknowledge_all()
    for _ in range(5):
        books.acknowledge(books.sell(time=books.now + 24 * HOUR).seq)
    ctx.check([1], ctx.module.unacknowledged_shifts(), "unacknowledged shifts", clause="FM-I-05")
    books.compare()


@case(
    "uz.module.outage.state-of-sending",
    target="module",
    clauses=["S-5.5", "FM-A-02"],
    requirements=["UZ-OFF-06"],
    needs=["test-keys"],
    description="Unsent count, oldest unsent and last operation are read while receipts come and go.",
    expectation="They are right after every step, so that the time left until the block can be told.",
)
def state_of_sending(ctx: Context) -> None:
    """What a POS shows its cashier."""
    books = begin(ctx, "fresh")
    for step in range(12):
        if step % 3 == 2:
            books.acknowledge(min(books.ledger.held))
        else:
            books.sell(time=books.now + ctx.rng.randrange(3600) * SECOND)
        memory = ctx.module.memory((0x03, 0x04, 0x06))
        waiting = [held.block.time for held in books.ledger.held.values()]
        expected = (len(waiting), min(waiting, default=None), books.ledger.last_operation)
        observed = (memory.receipts_count, memory.first_unacknowledged, memory.last_operation)
        ctx.check(expected, observed, "unsent, oldest unsent, last operation")


@case(
    "uz.module.outage.block-survives-power",
    target="module",
    clauses=["FM-T-05", "FM-S-08"],
    requirements=["UZ-DEV-03", "UZ-OFF-03"],
    needs=["test-keys", "power"],
    description="A blocked module is powered down and up and moved to another host.",
    expectation="Still 9031, and the held receipts are the same.",
)
def block_survives_power(ctx: Context) -> None:
    """Pulling the plug is no way round it."""
    books = begin(ctx, "fresh")
    oldest = books.sell()
    books.sell(time=oldest.time + TWO_DAYS - SECOND)
    with unchanged(ctx, "FM-S-08"):
        ctx.module.power_cycle()
    refused(ctx, _register(ctx, oldest.time + TWO_DAYS + SECOND), BLOCKED, clause="FM-T-05")
