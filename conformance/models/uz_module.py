"""The judge's ledger of a fiscal module: what an honest one counts, numbers, refuses and remembers.

Written from the clauses alone (uz-fiscal §5.3, §5.4, §6) and sharing no code with any module. Commands go in
as values and come out as the status word to expect; an accepted one changes the ledger. `memory` and `shift`
are the objects the module must then show. A ledger begins from what a module says of itself while it holds no
receipt.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from conformance.models.uz_memory import Blocks
from reference.protocol.uz.objects import NO_INDEX, Account, FiscalMemoryInfo, ZReportInfo
from reference.protocol.uz.status_words import StatusWord
from reference.protocol.uz.total_block import TotalBlock

MOST = 9_999_999_999_999_999
"""Largest BCD8: where numbers, totals and accumulators end (FM-R-02 … FM-R-07)."""
MOST_OPERATIONS = 29_999
SECOND = timedelta(seconds=1)
TWO_DAYS = timedelta(seconds=172_800)
SALE, REFUND = 0, 1
LISTED = 16
"""Z-reports that GET_UNACK_ZREPORTS_INDEXES names at most (FM-I-05)."""

OK = StatusWord.NO_ERROR


@dataclass(slots=True)
class Sums:
    """Cash, card and VAT of the one side, sale or refund, in tiyin."""

    cash: int = 0
    card: int = 0
    vat: int = 0

    def add(self, block: TotalBlock, times: int = 1) -> None:
        """Count a receipt, or with −1 take it out again."""
        self.cash += times * block.cash
        self.card += times * block.card
        self.vat += times * block.vat

    def with_block(self, block: TotalBlock) -> tuple[int, int, int]:
        """What the three would be with a receipt more."""
        return self.cash + block.cash, self.card + block.card, self.vat + block.vat


def _sides() -> list[Sums]:
    return [Sums(), Sums()]


@dataclass(slots=True)
class Shift:
    """One Z-report; `sides` are sale and refund."""

    open_time: datetime
    close_time: datetime | None = None
    acknowledged: datetime | None = None
    counts: list[int] = field(default_factory=lambda: [0, 0])
    first: int = 0
    last: int = 0
    sides: list[Sums] = field(default_factory=_sides)

    def count(self, seq: int, block: TotalBlock) -> None:
        """Take a receipt in."""
        self.counts[block.operation] += 1
        self.sides[block.operation].add(block)
        self.first = self.first or seq
        self.last = seq

    def info(self, terminal: str) -> ZReportInfo:
        """Object a2 of this Z-report."""
        sale, refund = self.sides
        return ZReportInfo(
            terminal_id=terminal,
            open_time=self.open_time,
            close_time=self.close_time,
            sales=self.counts[SALE],
            refunds=self.counts[REFUND],
            first_receipt=self.first,
            last_receipt=self.last,
            acknowledged=self.acknowledged,
            cash=Account(sale.cash, refund.cash),
            card=Account(sale.card, refund.card),
            vat=Account(sale.vat, refund.vat),
        )


@dataclass(frozen=True, slots=True)
class Held:
    """A receipt that waits for its acknowledgement; `place` is its absolute index."""

    seq: int
    block: TotalBlock
    place: int


class Ledger:
    """One module's books. `shifts` holds the Z-reports opened since the ledger began, and the one before."""

    def __init__(
        self,
        memory: FiscalMemoryInfo,
        shift: ZReportInfo | None,
        *,
        locked: bool = False,
        blocks: int | None = None,
    ) -> None:
        """Begin from a module's own words; it must hold no receipt. `blocks` defaults to Z capacity + 1."""
        assert memory.last_operation is not None
        assert memory.receipts_count == 0
        self.terminal = memory.terminal_id or ""
        self.seq = memory.receipt_seq or 0
        self.last_operation = memory.last_operation
        self.locked = locked
        self.lifetime = _lifetime(memory)
        self.shifts = [] if shift is None else [_begun(shift)]
        self.held: dict[int, Held] = {}
        self.last_place = memory.receipt_index
        self._before = (memory.zreports_count or 0) - len(self.shifts)
        size = blocks if blocks is not None else (memory.zreports_capacity or 0) + 1
        self.blocks = Blocks(size, memory.zreports_allocated or 0, memory.receipts_allocated or 0)

    # commands: each returns the word to expect, and has taken effect if that is 9000

    def open(self, time: datetime) -> StatusWord:
        """ZREPORT_OPEN."""
        if self.locked:
            return StatusWord.LOCKED_SYNC_WITH_SERVER
        if self.is_open:
            return StatusWord.ZREPORT_IS_NOT_CLOSED
        word = self._time(time)
        if word is OK:
            word = self.blocks.room_for_shift(bool(self.held))
        if word is OK:
            self.blocks.take_shift()
            self.shifts.append(Shift(time))
            self.last_operation = time
        return word

    def close(self, time: datetime) -> StatusWord:
        """ZREPORT_CLOSE."""
        if self.locked:
            return StatusWord.LOCKED_SYNC_WITH_SERVER
        if not self.shifts:
            return StatusWord.ZREPORT_IS_NOT_OPENED
        if not self.is_open:
            return StatusWord.ZREPORT_IS_ALREADY_CLOSED
        word = self._time(time)
        if word is not OK:
            return word
        if not sum(self.current.counts):
            return StatusWord.CANNOT_CLOSE_EMPTY_ZREPORT
        self.current.close_time = self.last_operation = time
        return OK

    def register(self, block: TotalBlock) -> StatusWord:
        """RECEIPT_REGISTER of a readable block; a repeat of a held one is accepted and counts nothing."""
        if self.locked:
            return StatusWord.LOCKED_SYNC_WITH_SERVER
        word = _values(block)
        if word is not OK:
            return word
        if self.held_with(block) is not None:
            return OK
        if not self.is_open:
            return StatusWord.ZREPORT_IS_NOT_OPENED
        for word in (self._time(block.time), self._sums(block), self.blocks.room_for_receipt()):
            if word is not OK:
                return word
        self.seq += 1
        self.last_place = self.blocks.take_receipt(self.seq)
        self.held[self.seq] = Held(self.seq, block, self.last_place)
        self.current.count(self.seq, block)
        self.lifetime[block.operation].add(block)
        self.last_operation = block.time
        return OK

    def leave_out(self, block: TotalBlock) -> None:
        """Take the receipt just registered out of counts and sums: the other reading of FM-R-12."""
        self.current.counts[block.operation] -= 1
        for sums in (self.current.sides[block.operation], self.lifetime[block.operation]):
            sums.add(block, -1)

    def acknowledge(self, seq: int) -> StatusWord:
        """ACK of a receipt by a genuine file."""
        held = self.held.pop(seq, None)
        if held is None:
            return StatusWord.NOT_FOUND
        self.blocks.free(held.place)
        return OK

    def acknowledge_shift(self, close_time: datetime, time: datetime) -> StatusWord:
        """ACK of a Z-report by a genuine file of the operator's `time`."""
        for shift in self.shifts:
            if shift.close_time == close_time and shift.acknowledged is None:
                shift.acknowledged = time
                return OK
        return StatusWord.NOT_FOUND

    def sync(self, time: datetime, lock: bool | None = None) -> StatusWord:
        """SYNC by a genuine file for the present challenge."""
        self.last_operation = max(self.last_operation, time)
        self.locked = self.locked if lock is None else lock
        return OK

    # what the module must show

    @property
    def is_open(self) -> bool:
        """Whether a shift takes receipts."""
        return bool(self.shifts) and self.current.close_time is None

    @property
    def current(self) -> Shift:
        """The last opened shift."""
        return self.shifts[-1]

    def held_with(self, block: TotalBlock) -> Held | None:
        """The held receipt of the identical total block."""
        return next((each for each in self.held.values() if each.block == block), None)

    def memory(self) -> FiscalMemoryInfo:
        """Object a1; `memory_index`, which is a stand-in and tells nothing, is left out."""
        sale, refund = self.lifetime
        shifts = self._before + len(self.shifts)
        return FiscalMemoryInfo(
            terminal_id=self.terminal,
            receipt_seq=self.seq,
            last_operation=self.last_operation,
            first_unacknowledged=min((each.block.time for each in self.held.values()), default=None),
            zreports_count=shifts,
            receipts_count=len(self.held),
            zreports_capacity=self.blocks.size - 1,
            receipts_capacity=self.blocks.size - self.blocks.shifts,
            zreport_index=shifts - 1 if shifts else NO_INDEX,
            receipt_index=self.last_place,
            zreports_allocated=self.blocks.shifts,
            receipts_allocated=len(self.blocks.receipts),
            cash=Account(sale.cash, refund.cash),
            card=Account(sale.card, refund.card),
            vat=Account(sale.vat, refund.vat),
        )

    def shift(self, index: int = 0) -> ZReportInfo:
        """Object a2 by reverse index."""
        return self.shifts[-1 - index].info(self.terminal)

    def unacknowledged(self) -> list[int]:
        """Reverse indexes of the closed Z-reports of this ledger that wait, as FM-I-05 lists them."""
        waiting = [
            index
            for index, shift in enumerate(reversed(self.shifts))
            if shift.close_time is not None and shift.acknowledged is None
        ]
        return waiting[-LISTED:]

    # checks of uz-fiscal §5.3

    def _time(self, time: datetime) -> StatusWord:
        if time < self.last_operation + SECOND:
            return StatusWord.DATETIME_IS_IN_THE_PAST
        if time - self.last_operation > TWO_DAYS:
            return StatusWord.DATETIME_SYNC_WITH_SERVER
        if any(time - each.block.time > TWO_DAYS for each in self.held.values()):
            return StatusWord.SEND_ALL_RECEIPTS_FIRST
        return OK

    def _sums(self, block: TotalBlock) -> StatusWord:
        if self.seq >= MOST:
            return StatusWord.RECIPT_SEQ_MAX_VALUE_REACHED
        if sum(self.current.counts) >= MOST_OPERATIONS:
            return StatusWord.TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT
        for total, word in zip(
            self.current.sides[block.operation].with_block(block), _SHIFT_WORDS, strict=True
        ):
            if total > MOST:
                return word
        cash, card, vat = self.lifetime[block.operation].with_block(block)
        sold = self.lifetime[SALE]
        refund = block.operation == REFUND
        questions = (
            (not refund and cash > MOST, StatusWord.CASH_ACCUMULATOR_OVERFLOW),
            (not refund and card > MOST, StatusWord.CARD_ACCUMULATOR_OVERFLOW),
            (vat > MOST, StatusWord.VAT_ACCUMULATOR_OVERFLOW),
            (refund and max(cash, card) > MOST, StatusWord.CASH_CARD_ACCUMULATOR_OVERFLOW),
            (refund and (cash > sold.cash or card > sold.card), StatusWord.NOT_ENOUGH_SUM_FOR_REFUND),
            (refund and vat > sold.vat, StatusWord.NOT_ENOUGH_VAT_FOR_REFUND),
        )
        return next((word for refused, word in questions if refused), OK)


_SHIFT_WORDS = (
    StatusWord.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT,
    StatusWord.TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT,
    StatusWord.TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT,
)


def _values(block: TotalBlock) -> StatusWord:
    if block.type not in (0, 1, 2):
        return StatusWord.INVALID_TYPE
    if block.operation not in (SALE, REFUND):
        return StatusWord.INVALID_OPERATION
    return OK if 1 <= block.items_count <= 32767 else StatusWord.WRONG_DATA


def _lifetime(memory: FiscalMemoryInfo) -> list[Sums]:
    cash, card, vat = (account or Account() for account in (memory.cash, memory.card, memory.vat))
    return [Sums(cash.sale, card.sale, vat.sale), Sums(cash.refund, card.refund, vat.refund)]


def _begun(info: ZReportInfo) -> Shift:
    cash, card, vat = (account or Account() for account in (info.cash, info.card, info.vat))
    assert info.open_time is not None
    return Shift(
        open_time=info.open_time,
        close_time=info.close_time,
        acknowledged=info.acknowledged,
        counts=[info.sales or 0, info.refunds or 0],
        first=info.first_receipt or 0,
        last=info.last_receipt or 0,
        sides=[Sums(cash.sale, card.sale, vat.sale), Sums(cash.refund, card.refund, vat.refund)],
    )


def without_marker(memory: FiscalMemoryInfo) -> FiscalMemoryInfo:
    """A module's a1 as `Ledger.memory` states it: without the index of the current memory record."""
    return replace(memory, memory_index=None)
