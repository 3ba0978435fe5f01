"""The Uzbek ledger's database thread: batches of requests settled under the rules in force (OF-25)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ofd_mock.batches import MOST_REQUESTS, BatchWriter, WriterStoppedError
from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.rules import Rules
from ofd_mock.uz.values import Settlement, Submission

__all__ = ["MOST_REQUESTS", "LedgerWriter", "OldBooksError", "WriterStoppedError"]


class OldBooksError(RuntimeError):
    """The request came before the ledger was emptied or exchanged; nothing of it is stored."""


class LedgerWriter(BatchWriter[Submission, Settlement]):
    """Owns the ledger's writing side; `now` gives the operator's time in 14 digits.

    `books` counts how often this process has emptied or exchanged the ledger.
    """

    books = 0

    def __init__(self, ledger: Ledger, rules: Rules, now: Callable[[], str], max_traces: int) -> None:
        self.ledger = ledger
        self.rules = rules
        self.max_traces = max_traces
        self._now = now
        super().__init__(self._settle_now)

    def _settle_now(self, batch: list[Submission]) -> Sequence[Settlement | Exception]:
        current = [submission for submission in batch if submission.books == self.books]
        settled = iter(self.ledger.settle(current, self.rules, self._now(), self.max_traces))
        return [
            next(settled) if submission.books == self.books else OldBooksError("the ledger is another one")
            for submission in batch
        ]
