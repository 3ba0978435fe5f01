"""Thirty days behind a counter whose PC runs fast or slow (uz-fiscal FM-T-03 … 07; UZ-CLK-05)."""

from __future__ import annotations

from datetime import datetime, timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.module import SECOND
from conformance.suites.uz.module.books import Bookkeeper, fresh_or_with_leave, refused
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import StatusWord

DAYS = 30
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class HostClock:
    """A PC's clock that was right at `start` and drifts by `ppm`; times are whole seconds."""

    def __init__(self, start: datetime, ppm: int) -> None:
        self.start = start
        self.ppm = ppm

    def at(self, true_time: datetime) -> datetime:
        """What the PC shows at a true time."""
        elapsed = int((true_time - self.start).total_seconds())
        return self.start + timedelta(seconds=elapsed + elapsed * self.ppm // 1_000_000)

    def set_right(self, true_time: datetime) -> None:
        """Somebody sets the PC's clock; it drifts on from there."""
        self.start = true_time


def _day(ctx: Context, books: Bookkeeper, clock: HostClock, morning: datetime) -> None:
    """Open at nine, three receipts, close at six; the operator acknowledges, and synchronises at night."""
    books.must(books.open(clock.at(morning)), "open")
    for hour in (1, 4, 8):
        time = clock.at(morning + hour * HOUR)
        sold = books.sell(time=time, cash=ctx.rng.randrange(10**6), vat=ctx.rng.randrange(10**5))
        ctx.check(time, sold.sign.time, "the receipt bears the host's time", clause="S-5.5")
    evening = morning + 9 * HOUR
    closed = clock.at(evening)
    books.must(books.close(closed), "close")
    books.acknowledge_all()
    books.must(books.acknowledge_shift(closed, evening), "acknowledge the shift")
    books.must(books.sync(evening + 9 * HOUR), "sync")
    books.compare()


@family(
    "uz.module.drift.thirty-days.{key}",
    rows={"fast-500-ppm": 500, "slow-500-ppm": -500, "fast-20-ppm": 20, "right": 0},
    target="module",
    clauses=["FM-T-03", "FM-T-04", "FM-T-07"],
    requirements=["UZ-CLK-05", "UZ-CLK-01"],
    needs=["test-keys"],
    tags=["slow"],
    description=(
        "Thirty days of a shop whose PC drifts ({key}), the operator's time coming by a sync every night."
    ),
    expectation=(
        "Every operation is taken at the host's time, no number is lost, and the books agree every evening."
    ),
)
def thirty_days(ctx: Context, ppm: int) -> None:
    """500 ppm are 43 s a day: 21.6 minutes in the end, far below what a night leaves between two shifts."""
    books = fresh_or_with_leave(ctx, "closed")
    first = books.ledger.seq + 1
    morning = books.now + HOUR
    clock = HostClock(morning, ppm)
    for day in range(DAYS):
        _day(ctx, books, clock, morning + day * DAY)
    off = clock.at(morning + DAYS * DAY) - (morning + DAYS * DAY)
    ctx.check(ppm * 2_592_000 // 1_000_000, int(off.total_seconds()), "seconds the PC is off in the end")
    ctx.check(first + 3 * DAYS - 1, ctx.module.memory().receipt_seq, "last receipt number", clause="ZR-07")


@case(
    "uz.module.drift.slow-host-meets-sync",
    target="module",
    clauses=["FM-T-03", "FM-Y-02", "FM-T-07"],
    requirements=["UZ-CLK-04", "UZ-CLK-05", "UZ-CLK-03"],
    needs=["test-keys"],
    description=(
        "After thirty days at −500 ppm a sync comes in the middle of a sale; then the PC's clock is set "
        "right."
    ),
    expectation=(
        "9030 while the PC is behind the operator's time; set right, the sale takes the very next number."
    ),
)
def slow_host_meets_sync(ctx: Context) -> None:
    """21 minutes and 36 seconds behind."""
    books = fresh_or_with_leave(ctx, "fresh")
    start = books.now
    clock = HostClock(start, -500)
    now = start
    for _ in range(DAYS):
        now += DAY
        books.acknowledge(books.sell(time=clock.at(now)).seq)
    books.must(books.sync(now), "sync with the true time")
    for minutes in (0, 10, 21):
        time = clock.at(now + timedelta(minutes=minutes))
        command = apdu.receipt_register(ctx.module.block(time=time).encode())
        refused(ctx, command, StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-T-03")
    now += 25 * 60 * SECOND
    clock.set_right(now)
    books.sell(time=clock.at(now))
    books.compare()


@case(
    "uz.module.drift.fast-host-set-right",
    target="module",
    clauses=["FM-T-03", "FM-T-07"],
    requirements=["UZ-CLK-04", "UZ-CLK-05"],
    needs=["test-keys"],
    description="After thirty days at +500 ppm the PC's clock is set right in the middle of trade.",
    expectation=(
        "9030 until the true time has passed the last receipt's; then the very next number, nothing lost."
    ),
)
def fast_host_set_right(ctx: Context) -> None:
    """The price of a fast clock is a wait."""
    books = fresh_or_with_leave(ctx, "fresh")
    start = books.now
    clock = HostClock(start, 500)
    now = start
    for _ in range(DAYS):
        now += DAY
        books.acknowledge(books.sell(time=clock.at(now)).seq)
    clock.set_right(now)
    for minutes in (1, 21):
        time = clock.at(now + timedelta(minutes=minutes))
        command = apdu.receipt_register(ctx.module.block(time=time).encode())
        refused(ctx, command, StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-T-03")
    books.sell(time=clock.at(now + timedelta(minutes=22)))
    books.compare()


@case(
    "uz.module.drift.card-left-in-a-fast-host",
    target="module",
    clauses=["FM-T-04", "FM-T-05"],
    requirements=["UZ-CLK-02", "UZ-CLK-05", "UZ-OFF-03"],
    needs=["test-keys"],
    description=(
        "A PC gains ten hours a day through a broken battery, offline, with a receipt every true day."
    ),
    expectation=(
        "Taken while its steps stay within two days; then 9031 by the PC's own time, until all is sent."
    ),
)
def fast_host_offline(ctx: Context) -> None:
    """A wrong clock shortens the 48 h; it never lengthens them."""
    books = fresh_or_with_leave(ctx, "fresh")
    start = books.now
    clock = HostClock(start, 416_667)
    books.sell(time=clock.at(start))
    books.sell(time=clock.at(start + DAY))
    time = clock.at(start + 2 * DAY)
    command = apdu.receipt_register(ctx.module.block(time=time).encode())
    refused(ctx, command, StatusWord.SEND_ALL_RECEIPTS_FIRST, clause="FM-T-05")
    books.acknowledge_all()
    books.sell(time=time)
    books.compare()
