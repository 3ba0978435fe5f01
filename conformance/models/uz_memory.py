"""The judge's picture of a module's memory: one pool of blocks (uz-fiscal §6).

Shifts take blocks from the front, receipts from the back; absolute indexes count each kind from its own end.
"""

from __future__ import annotations

from reference.protocol.uz.status_words import StatusWord

FRESH, FREE = ".", "r"


class Blocks:
    """`receipts` are the reserved receipt blocks by absolute index: the number there, None if freed."""

    def __init__(self, size: int, shifts: int = 0, receipts: int = 0) -> None:
        self.size = size
        self.shifts = shifts
        self.receipts: list[int | None] = [None] * receipts

    @property
    def fresh(self) -> int:
        """Blocks never reserved."""
        return self.size - self.shifts - len(self.receipts)

    def room_for_receipt(self) -> StatusWord:
        """9000 or 90F1 (MEM-03)."""
        room = self.fresh or None in self.receipts
        return StatusWord.NO_ERROR if room else StatusWord.RECEIPTS_MEMORY_FULL

    def room_for_shift(self, unacknowledged: bool) -> StatusWord:
        """9000, 90FF or 90F0 (MEM-04 … MEM-07)."""
        if self.fresh:
            return StatusWord.NO_ERROR
        if unacknowledged:
            return StatusWord.NOT_ENOUGH_MEMORY
        return StatusWord.NO_ERROR if len(self.receipts) >= 2 else StatusWord.ZREPORTS_MEMORY_FULL

    def take_receipt(self, seq: int) -> int:
        """The place of a new receipt: the freed block nearest the end, else a fresh one (MEM-03)."""
        for place, number in enumerate(self.receipts):
            if number is None:
                self.receipts[place] = seq
                return place
        self.receipts.append(seq)
        return len(self.receipts) - 1

    def take_shift(self) -> None:
        """A new shift takes a fresh block, else borrows the front-most receipt block (MEM-04, MEM-05)."""
        if not self.fresh:
            self.receipts.pop()
        self.shifts += 1

    def free(self, place: int) -> None:
        """An acknowledged receipt's block can be used again (FM-A-02)."""
        self.receipts[place] = None

    def picture(self) -> str:
        """The blocks as the guide draws them: `Z1 . . r R2 R1`."""
        shifts = [f"Z{number}" for number in range(1, self.shifts + 1)]
        receipts = [FREE if number is None else f"R{number}" for number in reversed(self.receipts)]
        return " ".join([*shifts, *[FRESH] * self.fresh, *receipts])
