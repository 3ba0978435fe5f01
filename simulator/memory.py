"""The one pool of blocks in which a module keeps Z-reports and receipts (uz-fiscal §6).

    Z1 Z2 Z3 .  .  .  r  r  R8 R5 R4 R1       Z blocks grow from the front, receipt blocks from the back;
    0  1  2              5  4  3  2  1  0     absolute indexes count each kind from its own end (MEM-08)

The pool knows which block holds which receipt, not what a receipt is. Every question is answered in
constant or logarithmic time, because a module of 32767 blocks must sell as fast as one of fourteen.
"""

from __future__ import annotations

import heapq
from enum import Enum
from typing import Final

FRESH: Final = "."
FREE: Final = "r"


class ZBlock(Enum):
    """Where the block of a new Z-report would come from."""

    FRESH = "fresh block (MEM-04)"
    BORROWED = "front-most receipt block (MEM-05)"
    UNSENT = "none: unacknowledged receipts are in the way (MEM-06)"
    EXHAUSTED = "none: the last receipt block must stay (MEM-07)"


class MemoryPool:
    """Blocks of one module; numbers in `receipts` stand at their absolute index, None in a free block."""

    __slots__ = ("_free", "blocks", "receipts", "unacknowledged", "zreports_allocated")

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self.zreports_allocated = 0
        self.receipts: list[int | None] = []
        self.unacknowledged = 0
        self._free: list[int] | None = []

    @property
    def receipts_allocated(self) -> int:
        """Receipt blocks reserved, whether they hold a receipt or are free again (MEM-02)."""
        return len(self.receipts)

    @property
    def fresh(self) -> int:
        """Blocks nobody has reserved yet."""
        return self.blocks - self.zreports_allocated - len(self.receipts)

    def receipt_block(self) -> int | None:
        """Absolute index a new receipt would get: the free block nearest the end, else a fresh one (MEM-03).

        None when there is neither (90F1).
        """
        free = self._free_blocks()
        return free[0] if free else self.unused_block()

    def unused_block(self) -> int | None:
        """Absolute index of the next fresh block, None without one: what a pool without reuse would offer."""
        return len(self.receipts) if self.fresh > 0 else None

    def z_block(self) -> ZBlock:
        """Where a new Z-report would go (MEM-04…07)."""
        if self.fresh > 0:
            return ZBlock.FRESH
        if self.unacknowledged:
            return ZBlock.UNSENT
        return ZBlock.BORROWED if len(self.receipts) > 1 else ZBlock.EXHAUSTED

    def take_z(self) -> int:
        """Reserve the block of a new Z-report, borrowing one if need be; gives its absolute index.

        The caller has seen `z_block` say that there is one.
        """
        if self.z_block() is ZBlock.BORROWED:
            self.receipts.pop()
            self._free = list(range(len(self.receipts)))
        self.zreports_allocated += 1
        return self.zreports_allocated - 1

    def place(self, index: int, number: int) -> None:
        """Put receipt `number` into the block `index`, which is free or the next fresh one."""
        if index == len(self.receipts):
            self.receipts.append(number)
        else:
            self.receipts[index] = number
            if self._free and self._free[0] == index:
                heapq.heappop(self._free)
            else:
                self._free = None
        self.unacknowledged += 1

    def release(self, index: int) -> None:
        """Free the block of an acknowledged receipt; it stays allocated (MEM-02)."""
        self.receipts[index] = None
        if self._free is not None:
            heapq.heappush(self._free, index)
        self.unacknowledged -= 1

    def reserve(self, receipts_allocated: int) -> None:
        """Have so many receipt blocks, all free: the start of a memory that is read back from the flash."""
        self.receipts = [None] * receipts_allocated
        self._free = None

    def _free_blocks(self) -> list[int]:
        """A heap of the free receipt blocks, found anew after blocks were filled in another order."""
        if self._free is None:
            self._free = [index for index, number in enumerate(self.receipts) if number is None]
        return self._free

    def picture(self) -> list[str]:
        """The blocks from front to back as the guide draws them: `Z1`, `.`, `r`, `R7` (uz-fiscal §6.2)."""
        zreports = [f"Z{number + 1}" for number in range(self.zreports_allocated)]
        receipts = [FREE if number is None else f"R{number}" for number in reversed(self.receipts)]
        return zreports + [FRESH] * self.fresh + receipts
