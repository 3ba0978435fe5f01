"""The Uzbek ledger's database thread: batches of requests settled under the rules in force (OF-25)."""

from __future__ import annotations

from collections.abc import Callable

from ofd_mock.batches import MOST_REQUESTS, BatchWriter, WriterStoppedError
from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.rules import Rules
from ofd_mock.uz.values import Settlement, Submission

__all__ = ["MOST_REQUESTS", "LedgerWriter", "WriterStoppedError"]


class LedgerWriter(BatchWriter[Submission, Settlement]):
    """Owns the ledger's writing side; `now` gives the operator's time in 14 digits."""

    def __init__(self, ledger: Ledger, rules: Rules, now: Callable[[], str], max_traces: int) -> None:
        self.ledger = ledger
        self.rules = rules
        self.max_traces = max_traces
        self._now = now
        super().__init__(self._settle_now)

    def _settle_now(self, batch: list[Submission]) -> list[Settlement]:
        return self.ledger.settle(batch, self.rules, self._now(), self.max_traces)
