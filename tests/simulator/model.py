"""A fiscal module as a clerk would keep it on paper: lists and sums, written from the clauses alone.

Nothing of the simulator is used here. Times are seconds since the start of the test.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TWO_DAYS = 2 * 24 * 3600
MAX = 9_999_999_999_999_999


@dataclass
class PaperZ:
    opened: int
    closed: int | None = None
    acknowledged: bool = False
    rows: list[PaperReceipt] = field(default_factory=list)

    def total(self, what: str, operation: int) -> int:
        return sum(getattr(row, what) for row in self.rows if row.operation == operation)

    def count(self, operation: int) -> int:
        return sum(row.operation == operation for row in self.rows)


@dataclass(frozen=True)
class PaperReceipt:
    number: int
    time: int
    cash: int
    card: int
    vat: int
    type: int
    operation: int
    raw: bytes


@dataclass
class Paper:
    """What must be true of a module; each method gives the status word it must answer with."""

    blocks: int
    z_operations: int
    z_cash: int
    last: int = 0
    locked: bool = False
    zs: list[PaperZ] = field(default_factory=list)
    held: dict[int, PaperReceipt] = field(default_factory=dict)
    receipt_blocks: int = 0
    number: int = 0
    secret: bool = False
    authenticated: bool = False

    def free_blocks(self) -> int:
        return self.blocks - len(self.zs) - self.receipt_blocks

    def lifetime(self, what: str, operation: int) -> int:
        return sum(z.total(what, operation) for z in self.zs)

    def gate(self) -> int | None:
        if self.locked:
            return 0x9090
        if self.secret and not self.authenticated:
            return 0x9093
        self.authenticated = False
        return None

    def when(self, time: int) -> int | None:
        if time < self.last + 1:
            return 0x9030
        if time > self.last + TWO_DAYS:
            return 0x9091
        if self.held and time - min(row.time for row in self.held.values()) > TWO_DAYS:
            return 0x9031
        return None

    def open(self, time: int) -> int:
        if refused := self.gate():
            return refused
        if self.zs and self.zs[-1].closed is None:
            return 0x9022
        if refused := self.when(time):
            return refused
        if self.free_blocks() == 0:
            if self.held:
                return 0x90FF
            if self.receipt_blocks < 2:
                return 0x90F0
            self.receipt_blocks -= 1
        self.zs.append(PaperZ(time))
        self.last = time
        return 0x9000

    def close(self, time: int) -> int:
        if refused := self.gate():
            return refused
        if not self.zs:
            return 0x9021
        if self.zs[-1].closed is not None:
            return 0x9023
        if refused := self.when(time):
            return refused
        if not self.zs[-1].rows:
            return 0x9032
        self.zs[-1].closed = self.last = time
        return 0x9000

    def register(self, row: PaperReceipt) -> int:
        if refused := self.gate():
            return refused
        if any(row.raw == known.raw for known in self.held.values()):
            return 0x9000
        if not self.zs or self.zs[-1].closed is not None:
            return 0x9021
        if refused := self.when(row.time) or self._room(row):
            return refused
        self.number += 1
        kept = PaperReceipt(
            self.number, row.time, row.cash, row.card, row.vat, row.type, row.operation, row.raw
        )
        self.zs[-1].rows.append(kept)
        if len(self.held) == self.receipt_blocks:
            self.receipt_blocks += 1
        self.held[self.number] = kept
        self.last = row.time
        return 0x9000

    def _room(self, row: PaperReceipt) -> int | None:
        z, side = self.zs[-1], row.operation
        if len(z.rows) >= self.z_operations:
            return 0x9040
        if z.total("cash", side) + row.cash > self.z_cash:
            return 0x9041
        if z.total("card", side) + row.card > MAX:
            return 0x9042
        if z.total("vat", side) + row.vat > MAX:
            return 0x9043
        if side == 1:
            for what in ("cash", "card"):
                if self.lifetime(what, 1) + getattr(row, what) > self.lifetime(what, 0):
                    return 0x9035
            if self.lifetime("vat", 1) + row.vat > self.lifetime("vat", 0):
                return 0x9037
        if len(self.held) == self.receipt_blocks and self.free_blocks() == 0:
            return 0x90F1
        return None

    def acknowledge(self, number: int) -> int:
        return 0x9000 if self.held.pop(number, None) else 0x9020

    def acknowledge_z(self, closed: int) -> int:
        for z in self.zs:
            if z.closed == closed and not z.acknowledged:
                z.acknowledged = True
                return 0x9000
        return 0x9020

    def sync(self, time: int, lock: bool | None, undo: bool) -> int:
        self.last = max(self.last, time)
        if lock is not None:
            self.locked = lock
        if undo:
            self.secret = self.authenticated = False
        return 0x9000
