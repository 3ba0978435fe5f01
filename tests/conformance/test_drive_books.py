"""What excuses a miss at a drive that sends by itself: its own counters, and nothing less (G2-S-17)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from conformance.drivers.drive_books import ACKNOWLEDGED, Books

TERMINAL = "ZZ000000000001"


@dataclass
class Counters:
    """A drive of which only the counters are there."""

    number: int = 7
    held: int = 0
    done: int = 7
    unacknowledged: list[int] = field(default_factory=list)

    def memory(self) -> dict[str, Any]:
        return {"TerminalID": TERMINAL, "ReceiptSeq": self.number, "ReceiptsCount": self.held}

    def files_count(self, status: int) -> dict[str, Any]:
        return {TERMINAL: self.done} if status == ACKNOWLEDGED else {}

    def unacknowledged_shifts(self) -> list[int]:
        return self.unacknowledged


def answer(*numbers: int) -> dict[str, Any]:
    return {"Items": [{"ReceiptSeq": each, "StatusText": "Acknowledged"} for each in numbers]}


@pytest.mark.parametrize(
    ("sold", "held", "done", "named", "gone"),
    [
        (2, 2, 0, (), ""),
        (2, 0, 2, (), "2 receipts"),
        (2, 0, 2, (8,), "1 receipts"),
        (2, 0, 2, (8, 9), ""),
        (2, 0, 0, (), ""),
        (2, 2, 2, (), ""),
    ],
    ids=["waits", "sent", "one-told", "both-told", "lost-and-not-acknowledged", "still-held"],
)
def test_receipts_that_no_answer_named(
    sold: int, held: int, done: int, named: tuple[int, ...], gone: str
) -> None:
    drive = Counters()
    books = Books(drive)
    drive.number, drive.held, drive.done = 7 + sold, held, 7 + done
    books.answered(answer(*named))
    assert books.gone() == gone


def test_shifts_that_no_answer_named() -> None:
    drive = Counters()
    books = Books(drive)
    books.closed()
    books.closed()
    drive.unacknowledged = [0]
    assert books.gone() == "1 shifts"
    books.answered({"Items": [{"CloseTime": "2026-04-15 10:00:00", "StatusText": "Acknowledged"}]})
    assert books.gone() == ""


def test_a_file_put_back_is_counted_anew() -> None:
    drive = Counters()
    books = Books(drive)
    drive.number, drive.done = 8, 8
    books.answered(answer(8))
    assert books.gone() == ""
    books.put_back(8)
    assert books.gone() == "1 receipts"


def test_an_answer_that_names_a_failed_file_counts_nothing() -> None:
    drive = Counters()
    books = Books(drive)
    drive.number, drive.done = 8, 8
    books.answered({"Items": [{"ReceiptSeq": 8, "StatusText": "Rejected"}]})
    assert books.gone() == "1 receipts"
