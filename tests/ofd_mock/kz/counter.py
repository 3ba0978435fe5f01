"""A register and an operator's ledger face to face: requests without a socket, a clock that tests set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ofd_mock.kz import tables
from ofd_mock.kz.defects import rules_with_defects
from ofd_mock.kz.ledger import Desk, KzLedger
from ofd_mock.kz.order_book import OrderBook
from ofd_mock.kz.registry import DEFAULT_ADS, mock_registration
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.surroundings import Chance
from ofd_mock.kz.values import Device, Outcome, Profile
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement, ReportAsk, to_message
from reference.protocol.kz.envelope import read_response, set_enum_number
from reference.protocol.kz.exchange import DeviceExchange
from reference.protocol.kz.frames import Frame, Header
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.report_codec import read_report
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.service import write_offline_period
from reference.protocol.kz.tickets import Line, Modifier, Operator, ParentTicket, Payment, TaxEntry, Ticket
from reference.runtime.database import open_engine

NOW = datetime(2026, 9, 1, 12, 0, 0)
CASHIER = Operator(1, "Айгүл")
TOKEN = 1_000_000_001
ID = 4931
INN = "990140000017"
Fill = Callable[[Any], None]


def line(total: int = 100_00, name: str = "Нан", section: str = "1", **more: Any) -> Line:
    return Line(more.pop("type", 1), name, section, 1000, total, total, more.pop("taxes", ()), "796", **more)


def ticket(total: int = 100_00, operation: int = 2, time: datetime = NOW, **more: Any) -> Ticket:
    given: dict[str, Any] = {"taken": total, "change": 0} | more
    items = given.pop("items", (line(total),))
    payments = given.pop("payments", (Payment(0, total),))
    return Ticket(operation, time, CASHIER, items, payments, total, domain=0, **given)


def deposit(total: int, time: datetime = NOW, kind: int = 0, **more: Any) -> MoneyPlacement:
    return MoneyPlacement(kind, time, total, operator=CASHIER, **more)


def closing(time: datetime = NOW, **more: Any) -> CloseShift:
    return CloseShift(time, operator=CASHIER, **more)


class Answer:
    """One outcome, decoded."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.code, self.token, self.row = outcome.code, outcome.token, outcome.row
        dialect = dialect_for(outcome.header.version) or dialect_for(203)
        assert dialect is not None
        self.dialect = dialect
        self.message: Any = None
        if outcome.body is not None:
            envelope = read_response(dialect, outcome.body)
            self.command, self.message = envelope.command, envelope.message

    @property
    def text(self) -> str:
        return str(self.message.result.result_text)

    @property
    def sign(self) -> str:
        return str(self.message.ticket.ticket_number)

    @property
    def report(self) -> ReportData:
        return read_report(self.dialect, self.message.report.zx_report)


class Counter:
    """One operator's ledger, in a folder or at a URL, and one register that plays by the rules unless told
    otherwise.
    """

    def __init__(self, database: Path | str, version: int = 203, **settings: Any) -> None:
        self.database = database / "ledger.sqlite" if isinstance(database, Path) else database
        self.ledger = self.opened()
        self.desk = Desk(OrderBook(), Chance(1, 0), "http://127.0.0.1:7778/")
        self.now = NOW
        self.version = version
        self.reqnum = 0
        self.token = TOKEN
        self.rules = rules_with_defects(KzSettings(**settings))
        self.add()

    def opened(self) -> KzLedger:
        """The ledger, as another process opens it."""
        return KzLedger(open_engine(self.database, {}))

    def set(self, **settings: Any) -> None:
        self.rules = rules_with_defects(KzSettings(**settings))

    def add(self, device_id: int = ID, token: int = TOKEN) -> None:
        profile = Profile(mock_registration(device_id), DEFAULT_ADS)
        self.ledger.add([Device(device_id, exchange=DeviceExchange(token), profile=profile)])

    def change(self, **values: Any) -> None:
        self.ledger.change(ID, lambda device: replace(device, **values))

    def profile(self, **values: Any) -> None:
        self.ledger.change(ID, lambda device: replace(device, profile=replace(device.profile, **values)))

    @property
    def device(self) -> Device:
        device = self.ledger.device(ID)
        assert device is not None
        return device

    def documents(self) -> list[dict[str, Any]]:
        return self.ledger.rows(tables.documents, ID)

    def findings(self) -> list[str]:
        return [row["check_id"] for row in self.ledger.rows(tables.findings, ID)]

    def raw(
        self,
        body: bytes,
        *,
        token: int | None = None,
        reqnum: int | None = None,
        device: int = ID,
        version: int | None = None,
    ) -> Answer:
        """Any body under the register's header; the register stores the token that comes back."""
        if reqnum is None:
            self.reqnum += 1
            reqnum = self.reqnum
        header = Header(
            self.version if version is None else version,
            18 + len(body),
            device,
            self.token if token is None else token,
            reqnum,
        )
        outcome = self.ledger.settle([Frame(header, body)], self.rules, self.now, self.desk)[0]
        if device == ID and token is None:
            self.token = outcome.token
        return Answer(outcome)

    def body(self, document: Document) -> bytes:
        """A document as it travels."""
        dialect = dialect_for(self.version)
        assert dialect is not None
        return bytes(to_message(dialect, document).SerializeToString())

    def ask(self, command: int, fill: Fill | None = None, **header: Any) -> Answer:
        return self.raw(self.request(command, fill), **header)

    def request(self, command: int, fill: Fill | None = None) -> bytes:
        dialect = dialect_for(self.version)
        assert dialect is not None
        message = dialect.messages.Request()
        set_enum_number(message, "command", command)
        if fill is not None:
            fill(message)
        return bytes(message.SerializeToString())

    def send(self, document: Document, fill: Fill | None = None, **header: Any) -> Answer:
        dialect = dialect_for(self.version)
        assert dialect is not None
        message = to_message(dialect, document)
        if fill is not None:
            fill(message)
        return self.raw(bytes(message.SerializeToString()), **header)

    def report(self, kind: ReportKind, **header: Any) -> Answer:
        return self.send(ReportAsk(kind, self.now), **header)

    def info(self, **header: Any) -> Answer:
        return self.ask(Command.INFO, **header)

    def system(self, **header: Any) -> Answer:
        return self.ask(Command.SYSTEM, **header)


def offline(begin: datetime = NOW - timedelta(hours=1), end: datetime = NOW) -> Fill:
    return lambda message: write_offline_period(message.service, begin, end)


__all__ = ["Modifier", "ParentTicket", "TaxEntry"]
