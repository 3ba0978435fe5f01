"""What the rules ask of the ledger and of chance while one request is settled (see values.Surroundings)."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from ofd_mock.kz import tables
from ofd_mock.kz.draft import Draft
from ofd_mock.kz.order_book import OrderBook
from ofd_mock.kz.rules import Rules
from ofd_mock.kz.values import Invoice, Ordered, Parent, When
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.documents import from_message
from reference.protocol.kz.envelope import read_request
from reference.protocol.kz.exchange import DeviceExchange, next_token
from reference.protocol.kz.frames import Header
from reference.protocol.kz.signs import random_sign
from reference.protocol.kz.tickets import Ticket
from reference.runtime.chance import generator

_DOCUMENTS: Final = tables.documents
_OFFLINE_DIGITS: Final = 10
_BLOCK: Final = 4096
"""The signs of a transaction are given out of one block of so many: neighbours lie on one page of their
index, where each sign would cost a page of its own."""
_VARIANTS: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class Chance:
    """Seeded dice for tokens, signs and page ids.

    `start` is how many documents there were: a process that starts anew on its ledger throws others.
    """

    def __init__(self, seed: int, start: int) -> None:
        self.tokens: Random = generator(seed, f"kz tokens {start}")
        self.signs: Random = generator(seed, f"kz signs {start}")
        self.pages: Random = generator(seed, f"kz pages {start}")
        self._pages = start

    def page(self) -> str:
        """A new page id: a UUID of version 8, its first half counting up, its second half drawn.

        Ids in order keep their index in order too: it grows at its end only, however large it is.
        """
        self._pages += 1
        count, dice = f"{self._pages:012x}", f"{self.pages.getrandbits(74):019x}"
        return f"{count[:8]}-{count[8:]}-8{dice[:3]}-{_VARIANTS[dice[3]]}{dice[4:7]}-{dice[7:]}"

    def part_ways(self, header: Header) -> None:
        """Throw other signs from now on than another process of the same seed, which has other requests."""
        self.signs = generator(self.signs.getrandbits(64), f"kz signs {header}")


class LedgerSurroundings:
    """The surroundings within one transaction."""

    def __init__(
        self,
        connection: Connection,
        draft: Draft,
        rules: Rules,
        orders: OrderBook,
        chance: Chance,
        check_base: str,
    ) -> None:
        self._connection = connection
        self._draft = draft
        self._switches = rules.switches
        self._orders = orders
        self._chance = chance
        self._check_base = check_base
        self._taken = _TakenSigns(draft)
        self._block: tuple[int, int] | None = None

    def ordered(self, when: When, device: int, command: int) -> Ordered | None:
        """See values.Surroundings."""
        return self._orders.take(when, device, command)

    def new_token(self, exchange: DeviceExchange, command: int) -> int:
        """See values.Surroundings."""
        switches = self._switches
        return next_token(exchange, command, self._chance.tokens, switches.rotate_token, switches.rotate_on)

    def new_sign(self, least: int, most: int) -> str:
        """See values.Surroundings; a transaction's first sign is any one, the others are of its block."""
        rng = self._chance.signs
        if self._block is not None:
            sign = str(rng.randint(*self._block))
            if sign not in self._taken:
                return sign
        sign = random_sign(rng, self._taken, least, most)
        start = int(sign) // _BLOCK * _BLOCK
        self._block = max(least, start), min(most, start + _BLOCK - 1)
        return sign

    def new_page(self) -> str:
        """See values.Surroundings."""
        return self._chance.page()

    def has_register(self, rnm: str) -> bool:
        """See values.Surroundings."""
        query = sa.select(tables.devices.c.id).where(tables.devices.c.rnm == rnm).limit(1)
        return self._connection.execute(query).first() is not None

    def parent(self, rnm: str, sign: str) -> Parent | None:
        """See values.Surroundings."""
        self._draft.flush()
        row = self._connection.execute(
            sa.select(_DOCUMENTS.c.total, _DOCUMENTS.c.sign, _DOCUMENTS.c.offline_number)
            .join(tables.devices, tables.devices.c.id == _DOCUMENTS.c.device)
            .where(tables.devices.c.rnm == rnm, _DOCUMENTS.c.command == Command.TICKET)
            .where(_DOCUMENTS.c.cancelled.is_(False), either_sign(sign))
        ).first()
        if row is None:
            return None
        names = [row.sign] if row.offline_number is None else [row.sign, str(row.offline_number)]
        returned = self._connection.execute(
            sa.select(sa.func.sum(_DOCUMENTS.c.total))
            .where(_DOCUMENTS.c.parent_rnm == rnm, _DOCUMENTS.c.parent_sign.in_(names))
            .where(tables.HAS_PARENT, _DOCUMENTS.c.cancelled.is_(False))
        ).scalar()
        return Parent(row.total, int(returned or 0))

    def is_twin(self, device: int, time: datetime, total: int, printed_number: int) -> bool:
        """See values.Surroundings."""
        return self._draft.has_twin(device, Command.TICKET, time.isoformat(), total, printed_number)

    def last_ticket(self, device: int, number: int) -> Ticket:
        """See values.Surroundings; ValueError if that document is no ticket."""
        self._draft.flush()
        row = self._connection.execute(
            sa.select(_DOCUMENTS.c.version, _DOCUMENTS.c.request).where(
                _DOCUMENTS.c.device == device, _DOCUMENTS.c.number == number
            )
        ).one()
        ticket = ticket_of(row.version, row.request)
        if ticket is None:
            raise ValueError(f"document {number} of register {device} is no ticket")
        return ticket

    def invoice(self, device: int, invoice_id: int) -> Invoice | None:
        """See values.Surroundings."""
        table = tables.invoices
        row = self._connection.execute(
            sa.select(table.c.invoice_id, table.c.amount, table.c.qr_code, table.c.status).where(
                table.c.device == device, table.c.invoice_id == invoice_id
            )
        ).first()
        return None if row is None else Invoice(*row)

    def check_base(self) -> str:
        """See values.Surroundings."""
        return self._check_base


def either_sign(sign: str) -> sa.ColumnElement[bool]:
    """The condition that a ticket is known by this sign, the operator's or the register's own (OQ-12)."""
    if sign.isdecimal() and len(sign) <= _OFFLINE_DIGITS:
        return sa.or_(_DOCUMENTS.c.sign == sign, _DOCUMENTS.c.offline_number == int(sign))
    return _DOCUMENTS.c.sign == sign


def ticket_of(version: int, body: bytes) -> Ticket | None:
    """The ticket of a stored request."""
    dialect = dialect_for(version)
    if dialect is None:
        return None
    envelope = read_request(dialect, body)
    document: Any = from_message(dialect, envelope.message, envelope.command)
    return document if isinstance(document, Ticket) else None


class _TakenSigns:
    """The signs of the whole server, looked up one by one."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def __contains__(self, sign: object) -> bool:
        return self._draft.has_sign(str(sign))
