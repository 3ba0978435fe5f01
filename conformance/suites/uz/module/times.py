"""Time: never back, never two days ahead, on every edge of the calendar (uz-fiscal FM-T-03 … 07)."""

from __future__ import annotations

from datetime import datetime, timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.module import SECOND, TWO_DAYS
from conformance.suites.uz.module.books import OK, Bookkeeper, begin, fresh, refused, still_sells
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord

OPERATIONS = ("open", "close", "register")
HOUR = timedelta(hours=1)


def _prepared(ctx: Context, operation: str) -> Bookkeeper:
    """A module in which only the time can stop `operation`; nothing waits for the operator."""
    if operation == "open":
        return begin(ctx, "closed")
    books = begin(ctx, "fresh")
    if operation == "close":
        sold = books.sell()
        if ctx.can("test-keys"):
            books.acknowledge(sold.seq)
    return books


def _command(ctx: Context, operation: str, time: datetime) -> Command:
    if operation == "open":
        return apdu.zreport_open(time)
    if operation == "close":
        return apdu.zreport_close(time)
    return apdu.receipt_register(ctx.module.block(time=time).encode())


def _passes(ctx: Context, operation: str, time: datetime, clause: str) -> None:
    ctx.step(f"{operation} at {time}, which must pass")
    answer = ctx.module.transmit(_command(ctx, operation, time))
    ctx.check(OK, answer.sw, f"status word of {operation}", clause=clause)
    ctx.check(time, ctx.module.last_operation, "last operation afterwards", clause="FM-T-03")


@family(
    "uz.module.time.past.{key}",
    rows={
        f"{operation}-{name}": (operation, seconds)
        for operation in OPERATIONS
        for name, seconds in (
            ("equal", 0),
            ("minus-1-s", 1),
            ("minus-1-h", 3600),
            ("minus-10-years", 315_360_000),
        )
    },
    target="module",
    clauses=["FM-T-03", "TM-05"],
    requirements=["UZ-CLK-03"],
    description=lambda row: f"Operation {row[0]} comes at the last operation's time less {row[1]} s.",
    expectation="9030, nothing has changed, and one second after the last operation it passes.",
)
def past(ctx: Context, row: tuple[str, int]) -> None:
    """Time never runs backwards and no second is used twice."""
    operation, seconds = row
    _prepared(ctx, operation)
    last = ctx.module.last_operation
    time = last - seconds * SECOND
    refused(ctx, _command(ctx, operation, time), StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-T-03")
    _passes(ctx, operation, last + SECOND, "FM-T-03")


@family(
    "uz.module.time.two-days.{key}",
    rows={
        f"{operation}-{name}": (operation, seconds)
        for operation in OPERATIONS
        for name, seconds in (("less-1-s", 172_799), ("exactly", 172_800))
    },
    target="module",
    clauses=["FM-T-04"],
    requirements=["UZ-CLK-02"],
    needs=["test-keys"],
    description=lambda row: (
        f"Operation {row[0]} comes {row[1]} s after the last operation, nothing being unsent."
    ),
    expectation="It passes.",
)
def two_days(ctx: Context, row: tuple[str, int]) -> None:
    """Exactly two days is not more than two days."""
    operation, seconds = row
    _prepared(ctx, operation)
    _passes(ctx, operation, ctx.module.next_time(seconds), "FM-T-04")


@family(
    "uz.module.time.too-far.{key}",
    rows={
        f"{operation}-{name}": (operation, seconds)
        for operation in OPERATIONS
        for name, seconds in (("plus-1-s", 172_801), ("plus-3-days", 432_000), ("plus-10-years", 315_360_000))
    },
    target="module",
    clauses=["FM-T-04"],
    requirements=["UZ-CLK-02", "UZ-CLK-04"],
    description=lambda row: f"Operation {row[0]} comes {row[1]} s after the last operation.",
    expectation="9091, nothing has changed, and with the clock set right it passes.",
)
def too_far(ctx: Context, row: tuple[str, int]) -> None:
    """A host whose clock stands in the future must not take the module there."""
    operation, seconds = row
    _prepared(ctx, operation)
    last = ctx.module.last_operation
    time = last + seconds * SECOND
    refused(ctx, _command(ctx, operation, time), StatusWord.DATETIME_SYNC_WITH_SERVER)
    _passes(ctx, operation, last + 2 * SECOND, "FM-T-04")


@case(
    "uz.module.time.closed-for-three-days",
    target="module",
    clauses=["FM-T-07", "FM-Y-02"],
    requirements=["UZ-CLK-04"],
    needs=["test-keys"],
    description=(
        "A shop stays closed for three days, its clock right; then the operator's sync brings the true time."
    ),
    expectation="9091 before the sync; after it the same opening passes and numbers go on where they stood.",
)
def closed_for_three_days(ctx: Context) -> None:
    """The module measures against its last operation, for it has no clock."""
    books = begin(ctx, "closed")
    morning = books.ledger.last_operation + timedelta(days=3)
    refused(ctx, apdu.zreport_open(morning), StatusWord.DATETIME_SYNC_WITH_SERVER, clause="FM-T-07")
    ctx.step("the operator's sync, a second earlier")
    books.must(books.sync(morning - SECOND), "sync")
    ctx.check(morning - SECOND, ctx.module.last_operation, "last operation after the sync", clause="FM-Y-02")
    books.must(books.open(morning), "open")
    books.sell()
    books.compare()


@case(
    "uz.module.time.sync-sets-a-floor",
    target="module",
    clauses=["FM-Y-02", "FM-T-07"],
    requirements=["UZ-CLK-03", "UZ-CLK-04"],
    needs=["test-keys"],
    description="The operator's time is an hour ahead of a slow till, which sells, is set right, and sells.",
    expectation="9030 until the till's clock has passed the operator's time; then the next number.",
)
def sync_sets_a_floor(ctx: Context) -> None:
    """No receipt is lost or renumbered while the clock is wrong."""
    books = begin(ctx)
    books.sell()
    slow = books.now
    true_time = slow + HOUR
    books.must(books.sync(true_time), "sync")
    for time in (slow, true_time - SECOND, true_time):
        refused(ctx, _command(ctx, "register", time), StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-T-07")
    books.sell(time=true_time + SECOND)
    books.compare()


@case(
    "uz.module.time.no-clock-of-its-own",
    target="module",
    clauses=["FM-T-07"],
    requirements=["UZ-CLK-02"],
    needs=["clock"],
    description=(
        "Lab time jumps three days on while the module has power, and the till's clock stays where it was."
    ),
    expectation="The till sells on at its own times; a receipt of three days later is 9091 as ever.",
)
def no_clock_of_its_own(ctx: Context) -> None:
    """What the module was given is all the time it knows."""
    books = begin(ctx)
    books.sell()
    ctx.clock.advance(timedelta(days=3))
    books.sell()
    refused(
        ctx,
        _command(ctx, "register", books.now + timedelta(days=3)),
        StatusWord.DATETIME_SYNC_WITH_SERVER,
    )
    books.sell()
    books.compare()


LEAPS = {
    "midnight": (datetime(2031, 5, 14, 23, 59, 59), datetime(2031, 5, 15, 0, 0, 0)),
    "month-of-30": (datetime(2031, 4, 30, 23, 59, 59), datetime(2031, 5, 1, 0, 0, 0)),
    "month-of-31": (datetime(2031, 7, 31, 23, 59, 59), datetime(2031, 8, 1, 0, 0, 0)),
    "february": (datetime(2031, 2, 28, 23, 59, 59), datetime(2031, 3, 1, 0, 0, 0)),
    "leap-day-begins": (datetime(2032, 2, 28, 23, 59, 59), datetime(2032, 2, 29, 0, 0, 0)),
    "leap-day-ends": (datetime(2032, 2, 29, 23, 59, 59), datetime(2032, 3, 1, 0, 0, 0)),
    "no-leap-year-2100": (datetime(2100, 2, 28, 23, 59, 59), datetime(2100, 3, 1, 0, 0, 0)),
    "year": (datetime(2031, 12, 31, 23, 59, 59), datetime(2032, 1, 1, 0, 0, 0)),
    "decade": (datetime(2039, 12, 31, 23, 59, 59), datetime(2040, 1, 1, 0, 0, 0)),
}


@family(
    "uz.module.time.leap.{key}",
    rows=LEAPS,
    target="module",
    clauses=["FM-T-03", "TY-03", "S-5.5"],
    requirements=["UZ-CLK-01", "UZ-CLK-05"],
    needs=["fresh-module"],
    description=lambda row: f"A shift trades over the turn from {row[0]} to {row[1]}, second by second.",
    expectation="Every second is taken and kept as given, and the shift closes with the sums of both sides.",
)
def leap(ctx: Context, row: tuple[datetime, datetime]) -> None:
    """One second is one second, whatever the calendar says."""
    before, after = row
    books = fresh(ctx, last_operation=str(before - 3 * SECOND))
    ctx.check(before - 3 * SECOND, ctx.module.last_operation, "last operation set")
    books.must(books.open(before - SECOND), "open")
    for time in (before, after, after + SECOND):
        sold = books.sell(time=time)
        ctx.check(time, ctx.module.receipt(0).time, "time of the receipt", clause="S-5.5")
        ctx.check(time, sold.sign.time, "time in the answer", clause="S-5.5")
    refused(ctx, _command(ctx, "register", before), StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-T-03")
    books.must(books.close(after + TWO_DAYS - HOUR), "close")
    books.compare()


@family(
    "uz.module.time.two-days-over.{key}",
    rows={name: row for name, row in LEAPS.items() if name != "midnight"},
    target="module",
    clauses=["FM-T-04"],
    requirements=["UZ-CLK-02", "UZ-CLK-05"],
    needs=["fresh-module"],
    description=lambda row: f"Two days are counted over the turn from {row[0]} to {row[1]}.",
    expectation="172 800 s after the last operation passes, 172 801 s is 9091.",
)
def two_days_over(ctx: Context, row: tuple[datetime, datetime]) -> None:
    """Days are counted in seconds, not by their dates."""
    last = row[0] - 12 * HOUR
    fresh(ctx, last_operation=str(last))
    refused(ctx, apdu.zreport_open(last + TWO_DAYS + SECOND), StatusWord.DATETIME_SYNC_WITH_SERVER)
    _passes(ctx, "open", last + TWO_DAYS, "FM-T-04")


@case(
    "uz.module.time.next-midnight",
    target="module",
    clauses=["FM-T-03", "S-5.5"],
    requirements=["UZ-CLK-01", "UZ-CLK-05"],
    description="On any module: the next midnight is crossed between two receipts.",
    expectation="23:59:59 and 00:00:00 are both taken and kept as given; 23:59:59 again is 9030.",
)
def next_midnight(ctx: Context) -> None:
    """What a vendor's product can be asked without changing its clock by more than a day."""
    books = begin(ctx)
    midnight = (books.now + 2 * SECOND).replace(hour=0, minute=0, second=0) + timedelta(days=1)
    for time in (midnight - SECOND, midnight):
        books.sell(time=time)
        ctx.check(time, ctx.module.receipt(0).time, "time of the receipt", clause="S-5.5")
    refused(ctx, _command(ctx, "register", midnight - SECOND), StatusWord.DATETIME_IS_IN_THE_PAST)
    books.sell()
    books.compare()


@family(
    "uz.module.time.pc-steps-back.{key}",
    rows={"dst-hour": HOUR, "one-second": SECOND, "zone-of-moscow": 2 * HOUR, "one-day": 24 * HOUR},
    target="module",
    clauses=["FM-T-03", "TM-01"],
    requirements=["UZ-CLK-03", "UZ-CLK-04", "UZ-CLK-05"],
    description="The PC's clock steps back ({key}) between two receipts, and is set right later.",
    expectation="9030 until the old time is passed, no number spent; then the next number, nothing lost.",
)
def pc_steps_back(ctx: Context, step: timedelta) -> None:
    """Tashkent has no daylight saving, but a PC set to another zone has."""
    books = begin(ctx)
    books.sell()
    last = books.ledger.last_operation
    for time in (last - step + SECOND, last - step / 2):
        command = _command(ctx, "register", time.replace(microsecond=0))
        refused(ctx, command, StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-T-03")
    books.sell(time=last + 10 * SECOND)
    books.compare()


@case(
    "uz.module.time.pc-steps-forward",
    target="module",
    clauses=["FM-T-03", "FM-T-04"],
    requirements=["UZ-CLK-04", "UZ-CLK-05"],
    description="A PC's clock jumps an hour on for two receipts and is set right.",
    expectation=(
        "The receipts bear the wrong hour; 9030 until the true time has passed it; no number is lost."
    ),
)
def pc_steps_forward(ctx: Context) -> None:
    """Within two days nothing can tell a wrong clock from a quiet hour."""
    books = begin(ctx)
    start = books.now
    for seconds in (3600, 3610):
        books.sell(time=start + seconds * SECOND)
    refused(ctx, _command(ctx, "register", start + 20 * SECOND), StatusWord.DATETIME_IS_IN_THE_PAST)
    books.sell(time=start + 3611 * SECOND)
    books.compare()


@case(
    "uz.module.time.same-second",
    target="module",
    clauses=["TM-05", "FM-T-03"],
    requirements=["UZ-CLK-03"],
    description=(
        "Opening, three receipts and close come in five following seconds, each tried twice in its second."
    ),
    expectation="The first of each second passes, the second one is 9030.",
)
def same_second(ctx: Context) -> None:
    """All three operations share one row of seconds."""
    books = begin(ctx, "closed")
    books.must(books.open(), "open")
    for _ in range(3):
        refused(
            ctx, _command(ctx, "register", books.ledger.last_operation), StatusWord.DATETIME_IS_IN_THE_PAST
        )
        books.sell()
    refused(ctx, _command(ctx, "close", books.ledger.last_operation), StatusWord.DATETIME_IS_IN_THE_PAST)
    books.must(books.close(), "close")
    refused(ctx, _command(ctx, "open", books.ledger.last_operation), StatusWord.DATETIME_IS_IN_THE_PAST)
    books.must(books.open(), "open")
    still_sells(ctx)
