"""What a module remembers: plain objects, no rules. `changes` says what may happen to them, `effects` how.

Times are naive datetimes in Tashkent local time; sums are tiyin. `Session` is what a power cut wipes,
`State` is what the flash keeps.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from reference.protocol.uz.values import encode_terminal_id
from simulator.memory import MemoryPool
from simulator.settings import ModuleSettings


@dataclass(frozen=True, slots=True)
class Identity:
    """What is given to a module once and never changes (UZ-DEV-04).

    `secret` feeds the challenges only; nobody outside ever sees it. `encoded` is the TerminalID's 8 bytes.
    """

    terminal: str
    factory_id: str
    secret: bytes
    encoded: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "encoded", encode_terminal_id(self.terminal))

    @property
    def cplc(self) -> bytes:
        """42 bytes of card production data: 18 id bytes and 24 zero bytes (uz-fiscal §2.3)."""
        return bytes.fromhex(self.factory_id) + bytes(24)


@dataclass(slots=True)
class Sums:
    """Sale and refund side of one total, tiyin."""

    sale: int = 0
    refund: int = 0


@dataclass(slots=True)
class ZReport:
    """A Z-report's block: what it counted, and its file once closed."""

    open_time: datetime
    close_time: datetime | None = None
    sales: int = 0
    refunds: int = 0
    first_number: int = 0
    last_number: int = 0
    cash: Sums = field(default_factory=Sums)
    card: Sums = field(default_factory=Sums)
    vat: Sums = field(default_factory=Sums)
    acknowledged: datetime | None = None
    body: bytes = b""
    signature: bytes = b""


class Receipt(NamedTuple):
    """A receipt's block: the short record that is held until the operator has acknowledged it.

    `place` is its absolute index.
    """

    number: int
    place: int
    time: datetime
    total_block: bytes
    sign: bytes
    cipher_key: bytes
    body: bytes
    signature: bytes


@dataclass(slots=True)
class Session:
    """What lives only while the module has power (EM-06). `registered` counts this session's receipts."""

    selected: bool = False
    pos_authenticated: bool = False
    registered: int = 0


class State:
    """The durable state of one module."""

    __slots__ = (
        "_by_block",
        "_earliest",
        "_numbers",
        "card",
        "cash",
        "challenges_used",
        "first_unacknowledged",
        "identity",
        "last_index",
        "last_operation",
        "locked",
        "memory_changes",
        "pool",
        "pos_secret",
        "receipts",
        "sequence",
        "settings",
        "stir",
        "syncs",
        "unacknowledged_z",
        "vat",
        "zreports",
    )

    def __init__(self, identity: Identity, settings: ModuleSettings, created: datetime) -> None:
        counters = settings.counters
        self.identity = identity
        self.settings = settings
        self.stir = settings.stir
        self.locked = settings.start_locked
        self.pos_secret: bytes | None = None
        self.challenges_used = 0
        self.syncs = 0
        self.memory_changes = 0
        self.last_operation = settings.last_operation or created
        self.first_unacknowledged: datetime | None = None
        self.sequence = counters.receipt_seq
        self.last_index: int | None = None
        self.cash = Sums(counters.cash_sale, counters.cash_refund)
        self.card = Sums(counters.card_sale, counters.card_refund)
        self.vat = Sums(counters.vat_sale, counters.vat_refund)
        self.zreports: list[ZReport] = []
        self.unacknowledged_z: dict[int, None] = {}
        self.pool = MemoryPool(settings.blocks)
        self.receipts: dict[int, Receipt] = {}
        self._numbers: list[int] = []
        self._by_block: dict[bytes, Receipt] = {}
        self._earliest: list[tuple[datetime, int]] = []

    @property
    def current_z(self) -> ZReport | None:
        """The last opened Z-report, open or closed."""
        return self.zreports[-1] if self.zreports else None

    @property
    def open_z(self) -> ZReport | None:
        """The Z-report that takes operations now."""
        z = self.current_z
        return z if z is not None and z.close_time is None else None

    def hold(self, receipt: Receipt) -> None:
        """Keep `receipt` until it is acknowledged; its number is higher than all held ones or fills a gap."""
        if not self._numbers or receipt.number > self._numbers[-1]:
            self._numbers.append(receipt.number)
        else:
            bisect.insort(self._numbers, receipt.number)
        self.receipts[receipt.number] = receipt
        self._by_block[receipt.total_block] = receipt
        heapq.heappush(self._earliest, (receipt.time, receipt.number))

    def let_go(self, number: int) -> Receipt:
        """Stop holding the receipt of that number, which must be held."""
        receipt = self.receipts.pop(number)
        del self._numbers[bisect.bisect_left(self._numbers, number)]
        if self._by_block.get(receipt.total_block) is receipt:
            del self._by_block[receipt.total_block]
        return receipt

    def held_with(self, total_block: bytes) -> Receipt | None:
        """The held receipt with the identical TotalBlock (FM-R-01)."""
        return self._by_block.get(total_block)

    def held_at(self, reverse_index: int) -> Receipt | None:
        """Held receipts only, newest = 0, without gaps (uz-fiscal §5.2)."""
        if reverse_index >= len(self._numbers):
            return None
        return self.receipts[self._numbers[-1 - reverse_index]]

    def held(self) -> Iterator[Receipt]:
        """All held receipts, lowest number first."""
        return (self.receipts[number] for number in self._numbers)

    def held_in_block(self, index: int) -> Receipt | None:
        """The held receipt at an absolute index."""
        blocks = self.pool.receipts
        number = blocks[index] if index < len(blocks) else None
        return None if number is None else self.receipts[number]

    def earliest_held(self) -> datetime | None:
        """Time of the oldest held receipt, None when none is held."""
        earliest = self._earliest
        while earliest and earliest[0][1] not in self.receipts:
            heapq.heappop(earliest)
        return earliest[0][0] if earliest else None

    def z_at(self, reverse_index: int) -> ZReport | None:
        """Last opened Z-report = 0, the one before = 1, … (uz-fiscal §5.2)."""
        count = len(self.zreports)
        return self.zreports[count - 1 - reverse_index] if reverse_index < count else None
