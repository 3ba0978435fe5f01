"""What module cases have in common: a refusal that leaves no trace, and trade kept in the judge's books.

`unchanged` and `refused` say "nothing happened" in one way everywhere. `Bookkeeper` sends each command to the
module and to the judge's ledger, and the case fails where the two part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from conformance.context import Context
from conformance.drivers.module import SECOND, Answer, Sold
from conformance.drivers.present import present
from conformance.models.uz_module import Ledger, without_marker
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.objects import FiscalMemoryInfo, ZReportInfo
from reference.protocol.uz.total_block import TotalBlock

OK = StatusWord.NO_ERROR
Shift = Literal["open", "closed", "fresh"]
MEMORY_WORDS = (
    StatusWord.ZREPORTS_MEMORY_FULL,
    StatusWord.RECEIPTS_MEMORY_FULL,
    StatusWord.NOT_ENOUGH_MEMORY,
)
ALLOCATED = ("zreports_allocated", "receipts_allocated")
PLACES = ("zreports_capacity", "receipts_capacity", "zreport_index", "receipt_index")
"""Fields of a1 whose exact value is our decision."""
OLDEST = "first_unacknowledged"


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a refused command must leave as it was."""

    memory: FiscalMemoryInfo
    shift: ZReportInfo | None
    locked: bool
    pos_locked: bool
    sync_challenge: bytes


def picture(ctx: Context) -> Picture:
    """Read the module's memory, last shift, locks and sync challenge."""
    module = ctx.module
    info = module.info()
    return Picture(
        without_marker(module.memory()),
        last_shift(ctx),
        bool(info.locked),
        bool(info.pos_locked),
        present(info.sync_challenge, "a0.04"),
    )


def last_shift(ctx: Context) -> ZReportInfo | None:
    """Z-report 0, None when there was never one."""
    module = ctx.module
    answer = module.transmit(apdu.get_zreport_info(0))
    if answer.sw == StatusWord.NOT_FOUND:
        return None
    ctx.check(OK, answer.sw, "status word of GET_ZREPORT_INFO 0", clause="FM-I-02")
    return module.read_answer(answer, ZReportInfo.decode)


@contextmanager
def unchanged(ctx: Context, clause: str = "S-5.6") -> Iterator[None]:
    """Whatever is done inside must leave counters, sums, times, shift and locks alone."""
    before = picture(ctx)
    yield
    after = picture(ctx)
    ctx.check(before.memory, after.memory, "fiscal memory afterwards", clause=clause)
    ctx.check(before.shift, after.shift, "last shift afterwards", clause=clause)
    ctx.check(before, after, "locks and challenge afterwards", clause=clause)


def refused(
    ctx: Context, command: Command | bytes, word: StatusWord, *, clause: str = "", what: str = ""
) -> None:
    """The command answers `word` without data, and nothing has changed."""
    with unchanged(ctx, clause or ctx.case.clauses[0]):
        ctx.step(f"send {what or 'the command'}, which must be refused")
        answer = ctx.module.transmit(command)
        ctx.check(word, answer.sw, f"status word{' of ' if what else ''}{what}", clause=clause)
        ctx.check(b"", answer.data, "data beside the refusal", clause=clause)


def still_sells(ctx: Context, clause: str = "") -> Sold:
    """A good sale goes through and takes the very next number: no refusal before it has spent one."""
    number = present(ctx.module.memory().receipt_seq, "a1.02")
    sold = ctx.module.sell()
    ctx.check(number + 1, sold.seq, "number of the next good receipt", clause=clause)
    return sold


def begin(ctx: Context, shift: Shift = "open") -> Bookkeeper:
    """A ready module and the books that start from its present state."""
    ctx.module.ready(shift)
    return Bookkeeper(ctx)


def fresh(ctx: Context, shift: Shift | None = None, **settings: object) -> Bookkeeper:
    """A new module with these settings (needs `fresh-module`), unlocked, and the books that start from it."""
    ctx.module.fresh(**settings)
    ctx.module.ready(shift)
    return Bookkeeper(ctx)


def fresh_or_with_leave(ctx: Context, shift: Shift, **settings: object) -> Bookkeeper:
    """A new module where that can be had, else the module as it is if its owner agrees to lasting changes."""
    if ctx.can("fresh-module"):
        return fresh(ctx, shift, **settings)
    if not ctx.can("destructive"):
        ctx.not_applicable("the target lacks fresh-module, and destructive=yes was not given")
    return begin(ctx, shift)


@contextmanager
def other_terminal(ctx: Context) -> Iterator[None]:
    """Inside, modules of other terminal ids may be made; afterwards there is a new one of the old id."""
    own = ctx.module.terminal
    try:
        yield
    finally:
        ctx.module.fresh(terminal=own)


class Bookkeeper:
    """Sends commands to the module and to the ledger; every answer must be the one the ledger expects.

    Times default to one second after the ledger's last operation, which is the earliest a module may take.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        memory, info = ctx.module.memory(), ctx.module.info()
        self._counts_all = True
        self.ledger = Ledger(memory, last_shift(ctx), locked=bool(info.locked))

    @property
    def now(self) -> datetime:
        """The earliest time for the next operation."""
        return self.ledger.last_operation + SECOND

    def open(self, time: datetime | None = None) -> Answer:
        """ZREPORT_OPEN."""
        time = time or self.now
        return self._same("open", self.ledger.open(time), self._ctx.module.open(time))

    def close(self, time: datetime | None = None) -> Answer:
        """ZREPORT_CLOSE."""
        time = time or self.now
        return self._same("close", self.ledger.close(time), self._ctx.module.close_shift(time))

    def next_shift(self) -> None:
        """Close the shift and open the next one; both must work."""
        self.must(self.close(), "close")
        self.must(self.open(), "open")

    def register(self, block: TotalBlock) -> Answer:
        """RECEIPT_REGISTER; the answer's number must be the ledger's."""
        known = self.ledger.held_with(block)
        word = self.ledger.register(block)
        answer = self._same("register", word, self._ctx.module.register_block(block))
        if word is OK and answer.ok:
            number = self.ledger.seq if known is None else known.seq
            sign = self._ctx.module.sign_of(answer)
            self._ctx.check(number, sign.receipt_seq, "receipt number", clause="ZR-07")
            self._ctx.check(block.time, sign.time, "receipt time", clause="S-5.5")
            if block.type and known is None:
                self._settle_counting(block)
        return answer

    def sell(self, **fields: object) -> Sold:
        """Register a good receipt of `ModuleDriver.block`'s arguments, one second on by default."""
        fields.setdefault("time", self.now)
        block = self._ctx.module.block(**fields)  # type: ignore[arg-type]
        answer = self.must(self.register(block), "register")
        return Sold(block, block.encode(), self._ctx.module.sign_of(answer), answer)

    def acknowledge(self, seq: int, index: int | None = None) -> Answer:
        """ACK of a receipt."""
        answer = self._ctx.module.acknowledge(seq, index)
        return self._same("acknowledge", self.ledger.acknowledge(seq), answer)

    def acknowledge_all(self) -> None:
        """ACK every held receipt, oldest first."""
        for seq in sorted(self.ledger.held):
            self.must(self.acknowledge(seq), "acknowledge")

    def acknowledge_shift(self, close_time: datetime, time: datetime | None = None) -> Answer:
        """ACK of a Z-report."""
        at = time or close_time
        file = self._ctx.module.shift_ack_file(close_time, time=at)
        answer = self._ctx.module.transmit(apdu.ack(file))
        return self._same("acknowledge the shift", self.ledger.acknowledge_shift(close_time, at), answer)

    def sync(self, time: datetime, lock: bool | None = None) -> Answer:
        """SYNC with the operator's time."""
        back = time < self.ledger.last_operation
        answer = self._ctx.module.sync(time=time, lock=lock)
        self._same("sync", self.ledger.sync(time, lock), answer)
        if back:
            self._settle_time(time)
        return answer

    def must(self, answer: Answer, what: str) -> Answer:
        """The answer is 9000. Where the ledger says that memory is full, the case decides nothing."""
        if answer.sw in MEMORY_WORDS:
            self._ctx.inconclusive(f"no block of the module's memory is left to {what}")
        self._ctx.check(OK, answer.sw, f"status word of {what}", clause="S-5.6")
        return answer

    def compare(self) -> None:
        """Counters, sums, times and layout of the module are those of the books."""
        module = self._ctx.module
        expected, observed = self.ledger.memory(), without_marker(module.memory())
        apart = {"memory_index", OLDEST, *ALLOCATED, *PLACES}
        names = [name for name in expected.__dataclass_fields__ if name not in apart]
        self._agree("memory", "ZR-06", names, expected, observed)
        self._agree("blocks", "MEM-02", ALLOCATED, expected, observed)
        self._agree("capacities and places", "MEM-08", PLACES, expected, observed)
        clause = "FM-A-02" if self.ledger.held else "UNS-01"
        self._agree("oldest unsent", clause, (OLDEST,), expected, observed)
        if self.ledger.shifts:
            shift = self.ledger.shift()
            self._agree("last shift", "ZR-06", shift.__dataclass_fields__, shift, module.shift())

    def _settle_counting(self, block: TotalBlock) -> None:
        """Advance and credit count, or the books follow a product that reads the guide otherwise."""
        if self._counts_all:
            shift = self._ctx.module.shift(0, (0x04, 0x05))
            expected, observed = self.ledger.current.counts, [shift.sales, shift.refunds]
            self._counts_all = expected == observed
            self._ctx.check(expected, observed, "sales and refunds with it", clause="FM-R-12")
        if not self._counts_all:
            self.ledger.leave_out(block)

    def _settle_time(self, time: datetime) -> None:
        """No sync sets time back, or the books follow a product that takes the guide at its word."""
        shown = self._ctx.module.last_operation
        allowed = (self.ledger.last_operation, time)
        self._ctx.check_in(allowed, shown, "last operation after an earlier time", clause="FM-Y-02")
        self._ctx.check(allowed[0], shown, "last operation after an earlier time", clause="S-15")
        self.ledger.last_operation = shown

    def _agree(self, what: str, clause: str, names: Iterable[str], mine: object, theirs: object) -> None:
        different = [name for name in names if getattr(mine, name) != getattr(theirs, name)]
        expected = (
            ", ".join(f"{name} {getattr(mine, name)}" for name in different) or "as in the judge's books"
        )
        observed = ", ".join(f"{name} {getattr(theirs, name)}" for name in different) or "the same"
        self._ctx.check_that(not different, expected, observed, what, clause=clause)

    def _same(self, what: str, expected: StatusWord, answer: Answer) -> Answer:
        self._ctx.check(expected, answer.sw, f"status word of {what}", clause="S-5.6")
        return answer
