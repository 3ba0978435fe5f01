"""A ledger of millions for the portal's benchmark: an organisation with registers that traded day after day.

Every day of a register is the same: tickets, then the closing of the shift. Their bodies are made once, by
the protocol's own code, and repeated under other numbers, times and signs; the Z of each day is computed from
the counters as they stand on that day, so that the archive of such a register adds up to the tiyn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.kz.ledger import KzLedger
from ofd_mock.kz.registry import mock_registration, to_row
from ofd_mock.kz.values import Device, LastDocument, Profile
from ofd_mock.portal import tables
from ofd_mock.portal.identities import check_digit
from ofd_mock.portal.moments import written
from ofd_mock.portal.office import MIGRATIONS as PORTAL_MIGRATIONS
from ofd_mock.portal.passwords import hashed
from reference.protocol.kz.counters import apply_ticket, close_shift
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.documents import CloseShift, to_message
from reference.protocol.kz.envelope import encode_response, new_response
from reference.protocol.kz.exchange import DeviceExchange
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.kinds import Operation, ReportKind
from reference.protocol.kz.money import from_almaty
from reference.protocol.kz.report_codec import write_report
from reference.protocol.kz.tally import DeviceCounters, ShiftCounters
from reference.protocol.kz.tickets import Operator, Ticket
from reference.runtime.chance import generator
from reference.runtime.database import migrate

VERSION: Final = 203
PASSWORD: Final = "Abcdef1!"  # noqa: S105 - of an organisation that exists for a benchmark
NUMBER: Final = "99014000001"
DAY: Final = 500
"""Documents of a day: its tickets and the closing."""
FIRST_DAY: Final = datetime(2021, 1, 1)
FIRST_ID: Final = 4931
_STEP: Final = timedelta(seconds=100)
"""Between two documents: a day's fit into its 24 hours."""
_LEAST_SIGN: Final = 10_000_000_000
_KINDS: Final = 64


@dataclass(frozen=True, slots=True)
class Shop:
    """What was made: login and registers, each with so many documents, one day after the other."""

    login: str
    registers: tuple[int, ...]
    documents: int

    @property
    def days(self) -> int:
        """Shifts of each register."""
        return self.documents // DAY


@dataclass(frozen=True, slots=True)
class _Body:
    """A ticket as it travelled."""

    ticket: Ticket
    request: bytes
    answer: bytes


def build(engine: Engine, registers: int, documents: int) -> Shop:
    """Fill an empty database: `documents` of each register, whole days."""
    KzLedger(engine)
    migrate(engine, PORTAL_MIGRATIONS)
    shop = Shop(NUMBER + str(check_digit(NUMBER)), tuple(range(FIRST_ID, FIRST_ID + registers)), documents)
    bodies = _bodies()
    _people(engine, shop)
    for place, device in enumerate(shop.registers):
        _fill(engine, _rows(device, place * documents, shop.days, bodies))
        row = to_row(_device(device, shop.days, bodies))
        with engine.begin() as connection:
            connection.execute(sa.insert(ledger_tables.devices), row)
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:  # what a server that ran for a while has done by itself
            connection.execute(sa.text("analyze"))
    return shop


def _people(engine: Engine, shop: Shop) -> None:
    now = written(from_almaty(FIRST_DAY))
    with Session(engine) as session, session.begin():
        organisation = tables.Organisation(
            number=shop.login,
            name="MOCK ТОО «Тест»",
            personal_account=1,
            created=now,
            balance=10**12,
            legal_address="Тестовая, 1",
            actual_address="Тестовая, 1",
            email="shop@example.kz",
            phones="+7 000 000-00-00",
            head_position="Директор",
            head_name="Тестов Тест",
        )
        session.add(organisation)
        session.flush()
        user = tables.User(
            organisation=organisation.id,
            login=shop.login,
            password=hashed(PASSWORD),
            name="Тестов Тест",
            role=3,
        )
        outlet = tables.Outlet(
            organisation=organisation.id, name="Магазин", settlement=2, street="Тестовая", house="1"
        )
        session.add_all([user, outlet])
        session.flush()
        session.add_all(
            tables.Card(
                id=device,
                organisation=organisation.id,
                outlet=outlet.id,
                name=f"Касса {device}",
                model=1,
                serial=f"ZZKZ{device:08d}",
                year=2020,
                shown_state=DeviceState.ACTIVE.value,
                since=now,
            )
            for device in shop.registers
        )


def _bodies() -> list[_Body]:
    dialect = dialect_for(VERSION)
    assert dialect is not None
    rng = generator(1, "bench portal")
    found = []
    for number in range(_KINDS):
        ticket = random_ticket(rng, VERSION, FIRST_DAY, operation=Operation.SELL, items=1 + number % 3)
        response = new_response(dialect, 0)
        response.ticket.ticket_number = str(_LEAST_SIGN)
        response.ticket.qr_code = b"http://127.0.0.1:7778/?i=1&f=1&s=1.00&t=20210101T000000"
        request = bytes(to_message(dialect, ticket).SerializeToString())
        found.append(_Body(ticket, request, encode_response(Command.TICKET, response)))
    return found


def _day(bodies: Sequence[_Body]) -> list[_Body]:
    return [bodies[place % _KINDS] for place in range(DAY - 1)]


def _first_day(bodies: Sequence[_Body]) -> DeviceCounters:
    """The counters before the first closing."""
    one = DeviceCounters()
    for body in _day(bodies):
        one = apply_ticket(one, body.ticket)
    return one


def _at_closing(first: DeviceCounters, day: int) -> DeviceCounters:
    """The counters before the closing of a day, so many equal days later."""
    assert first.shift is not None
    start = {key: value * day for key, value in first.non_nullable.items() if day}
    shift = ShiftCounters(day + 1, FIRST_DAY + timedelta(days=day), start, first.shift.sums)
    totals = {key: value * (day + 1) for key, value in first.totals.items()}
    return DeviceCounters(first.cash * (day + 1), day, totals, shift)


def _device(device: int, days: int, bodies: Sequence[_Body]) -> Device:
    last = FIRST_DAY + timedelta(days=days - 1) + _STEP * (DAY - 1)
    return Device(
        device,
        DeviceState.ACTIVE,
        DeviceExchange(1),
        close_shift(_at_closing(_first_day(bodies), days - 1), last).counters,
        Profile(mock_registration(device)),
        documents=days * DAY,
        last_time=last,
        last_document=LastDocument(days, days * DAY),
    )


def _closing(day: int, time: datetime, known: DeviceCounters) -> tuple[bytes, bytes]:
    """Request and answer of a day's closing; `known` are the counters before it."""
    dialect = dialect_for(VERSION)
    assert dialect is not None
    report = close_shift(known, time).report
    response = new_response(dialect, 0)
    response.report.report = ReportKind.Z
    write_report(dialect, response.report.zx_report, report)
    document = CloseShift(time, operator=Operator(1, "Айгүл"), printed_number=(day + 1) * DAY)
    request = to_message(dialect, document)
    return bytes(request.SerializeToString()), encode_response(Command.CLOSE_SHIFT, response)


def _rows(device: int, before: int, days: int, bodies: Sequence[_Body]) -> Iterator[tuple[Any, ...]]:
    """All documents of a register as rows of the ledger; `before` are signs that others have."""
    plan = _day(bodies)
    first = _first_day(bodies)
    number = 0
    for day in range(days):
        time = FIRST_DAY + timedelta(days=day)
        for body in plan:
            number += 1
            written_time = time.isoformat()
            sign = _LEAST_SIGN + before + number
            yield (
                device, number, 1, VERSION, 1, number & 0xFFFF, body.request, body.answer, written_time,
                written_time, day + 1, str(sign), f"{sign:036d}", False, False, 2, body.ticket.total, None,
                number, "", "", 1,
            )  # fmt: skip
            time += _STEP
        number += 1
        written_time = time.isoformat()
        request, answer = _closing(day, time, _at_closing(first, day))
        yield (
            device, number, 2, VERSION, 1, number & 0xFFFF, request, answer, written_time, written_time,
            day + 1, f"{device}_{number}", "", False, False, None, None, None, number, "", "", 1,
        )  # fmt: skip


def _fill(engine: Engine, rows: Iterator[tuple[Any, ...]]) -> None:
    """Put rows in by the quickest way that the database has."""
    names = [column.name for column in ledger_tables.documents.columns]
    if engine.dialect.name == "sqlite":
        places = ", ".join("?" * len(names))
        with closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as store:
            for pragma in ("synchronous=OFF", "cache_size=-500000", "wal_autocheckpoint=50000"):
                store.execute(f"PRAGMA {pragma}")
            store.execute("begin")
            statement = f"insert into kz_documents ({', '.join(names)}) values ({places})"  # noqa: S608
            store.executemany(statement, rows)
            store.execute("commit")
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        with (
            driver.cursor() as cursor,
            cursor.copy(f"copy kz_documents ({', '.join(names)}) from stdin") as copy,
        ):
            for row in rows:
                copy.write_row(row)
