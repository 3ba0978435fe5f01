"""What settling costs by itself: processor time of a ticket in a batch of the ledger, commit included."""

from __future__ import annotations

import resource
import statistics
from pathlib import Path
from typing import Any, Final

from ofd_mock.kz.ledger import Desk, KzLedger
from ofd_mock.kz.order_book import OrderBook
from ofd_mock.kz.process import hold_batches
from ofd_mock.kz.registry import DEFAULT_ADS, mock_registration
from ofd_mock.kz.rules import correct_rules
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.surroundings import Chance
from ofd_mock.kz.values import Device, Profile
from reference.protocol.kz.dialects import dialect_for
from reference.protocol.kz.documents import to_message
from reference.protocol.kz.exchange import DeviceExchange
from reference.protocol.kz.frames import HEADER_SIZE, Frame, Header
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.kinds import Operation
from reference.runtime.chance import generator
from reference.runtime.database import open_engine
from tools.bench.children import BenchError
from tools.bench.figures import Figure, at_most_times
from tools.bench.kz_load import ITEMS, VERSION
from tools.bench.kz_ticket import NOON

REGISTERS: Final = 64
"""Tickets of a batch, one of each register."""
ROUNDS: Final = 100
SHARE: Final = 0.4
_UNCOUNTED: Final = 5
_FIRST: Final = 5000


def settling(folder: Path, rounds: int = ROUNDS) -> Figure:
    """Processor time of a ticket in µs, from the frame to the commit: reading, checks, counting, rows.

    Beside it, batch by batch in turn, stands the same by the long way, which tickets go that are not plain.
    """
    hold_batches()  # as an operator does
    ways = _Till(folder / "short.sqlite"), _Till(folder / "long.sqlite")
    ways[1].desk.orders.give(None, times=None, device=0)  # an order for nobody keeps the short way shut
    try:
        taken = [[till.settle() for till in ways] for _ in range(rounds + _UNCOUNTED)]
    finally:
        for till in ways:
            till.ledger.close()
    value, other = (statistics.median(column) for column in zip(*taken[_UNCOUNTED:], strict=True))
    return at_most_times("kz: settling a ticket, processor time", value, "µs", other, SHARE)


class _Till:
    """A ledger and all its registers: what each shows next."""

    def __init__(self, path: Path) -> None:
        self.ledger = KzLedger(open_engine(path, large=True))
        self.desk = Desk(OrderBook(), Chance(1, 0), "http://127.0.0.1:7778/")
        self._rules = correct_rules(KzSettings.model_validate({}))
        ids = range(_FIRST, _FIRST + REGISTERS)
        self.ledger.add(
            [
                Device(
                    number,
                    exchange=DeviceExchange(issued=1000 + number),
                    profile=Profile(mock_registration(number), DEFAULT_ADS),
                )
                for number in ids
            ]
        )
        self._tokens = {number: 1000 + number for number in ids}
        self._sold = 0
        dialect, rng = dialect_for(VERSION), generator(1, "bench")
        assert dialect is not None
        self._messages: list[Any] = [
            to_message(dialect, random_ticket(rng, VERSION, NOON, operation=Operation.SELL, items=ITEMS))
            for _ in range(REGISTERS)
        ]

    def settle(self) -> float:
        """The processor time of a ticket in the next batch, in µs. BenchError if one was refused."""
        self._sold += 1
        batch = [self._frame(number, token) for number, token in self._tokens.items()]
        start = _processor_seconds()
        outcomes = self.ledger.settle(batch, self._rules, NOON, self.desk)
        taken = _processor_seconds() - start
        for outcome in outcomes:
            if outcome.code:
                raise BenchError(f"register {outcome.header.id} was answered {outcome.code}")
            self._tokens[outcome.header.id] = outcome.token
        return taken / REGISTERS * 1e6

    def _frame(self, number: int, token: int) -> Frame:
        message = self._messages[(number + self._sold) % REGISTERS]
        message.ticket.printed_document_number = self._sold
        body = message.SerializeToString()
        header = Header(VERSION, HEADER_SIZE + len(body), number, token, self._sold % 65535 + 1)
        return Frame(header, body)


def _processor_seconds() -> float:
    """What this process has used so far: other work of the machine weighs little on it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
