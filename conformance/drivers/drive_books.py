"""What a drive has sent without being told: its own counters against what its Sync answers named (G2-S-17).

A drive whose habit the judge cannot set may send at any moment what a case has left waiting. The books are
opened while nothing waits; later they tell what has been acknowledged beyond what any answer to the judge
named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = dict[str, Any]
ACKNOWLEDGED = 2
"""State of an acknowledged file (§4.7)."""


class Asked(Protocol):
    """What of a drive's driver the books look at."""

    def memory(self) -> Json:
        """FiscalMemory/Info."""
        ...

    def files_count(self, status: int) -> Json:
        """Files in a state, by terminal."""
        ...

    def unacknowledged_shifts(self) -> list[int]:
        """Indexes of the closed shifts that wait."""
        ...


@dataclass(slots=True)
class Books:
    """Opened for one drive while all is acknowledged; `answered` is told every answer of a Sync."""

    drive: Asked
    _number: int = field(init=False)
    _acknowledged: int = field(init=False)
    _receipts: set[int] = field(default_factory=set)
    _shifts: set[str] = field(default_factory=set)
    _closed: int = 0

    def __post_init__(self) -> None:
        memory = self.drive.memory()
        self._number = int(memory["ReceiptSeq"])
        self._acknowledged = self._count(str(memory["TerminalID"]))

    def closed(self) -> None:
        """A shift was closed."""
        self._closed += 1

    def answered(self, body: object) -> None:
        """An answer of Sync named these files as acknowledged."""
        items = body.get("Items") if isinstance(body, dict) else None
        for item in items if isinstance(items, list) else []:
            if item.get("StatusText") == "Acknowledged":
                if "ReceiptSeq" in item:
                    self._receipts.add(int(item["ReceiptSeq"]))
                elif "CloseTime" in item:
                    self._shifts.add(str(item["CloseTime"]))

    def put_back(self, number: int) -> None:
        """The file of this receipt was made new again: who sends it next is to be seen anew."""
        self._receipts.discard(number)

    def receipts_gone(self) -> int:
        """Receipts that left the module, counted as acknowledged by the drive, and that no answer named."""
        memory = self.drive.memory()
        sold = int(memory["ReceiptSeq"]) - self._number
        gone = sold - int(memory["ReceiptsCount"])
        told = self._count(str(memory["TerminalID"])) - self._acknowledged
        return max(0, min(gone, told) - len(self._receipts))

    def shifts_gone(self) -> int:
        """Shifts closed and acknowledged since then that no answer named."""
        return max(0, self._closed - len(self.drive.unacknowledged_shifts()) - len(self._shifts))

    def gone(self) -> str:
        """What went by itself, in words; empty when nothing did."""
        counts: dict[str, Callable[[], int]] = {"receipts": self.receipts_gone, "shifts": self.shifts_gone}
        return ", ".join(f"{number} {name}" for name, count in counts.items() if (number := count()))

    def _count(self, terminal: str) -> int:
        return int(self.drive.files_count(ACKNOWLEDGED).get(terminal, 0))
