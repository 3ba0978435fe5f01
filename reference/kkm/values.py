"""What crosses the register's borders: orders of the keys in, what was pressed, printed and is so out.

Sums are whole tiyn, quantities and percents thousandths, times naive local time of Almaty unless said
otherwise. Orders come checked for shape; what they mean is for the register to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from reference.protocol.kz.client import Mode
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.service import Registration, TicketAd
from reference.protocol.kz.tickets import Operator, ParentTicket, Payment, Ticket

CASHIER: Final = Operator(1, "Кассир")
"""Who works the register unless an order says otherwise."""


@dataclass(frozen=True, slots=True)
class ItemOrder:
    """One line of a sale. `storno` takes back an equal line before it.

    `vat` is the percent in thousandths (12000), None without tax. `discount` and `markup` of the line exclude
    each other. `quantity` 1000 is one unit.
    """

    name: str
    price: int
    quantity: int = 1000
    code: int | None = None
    section: str = "1"
    unit: str = "796"
    vat: int | None = None
    discount: int = 0
    markup: int = 0
    storno: bool = False
    barcode: str = ""
    ntin: str = ""
    excise_stamps: tuple[str, ...] = ()
    commodity_type: int = 0


class VatOn(StrEnum):
    """Where a ticket's taxes stand: on its items, or once on the whole ticket (kz-ofd §10.1)."""

    ITEM = "item"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class TicketOrder:
    """A sale, purchase or return of either; the key says which.

    Without `payments` all is paid in cash. `taken` is the cash handed over, by default the cash payment.
    With `vat_on` TICKET the items must have one percent in common. `parent` is what a return gives back.
    """

    items: tuple[ItemOrder, ...]
    payments: tuple[Payment, ...] = ()
    taken: int | None = None
    discount: int = 0
    markup: int = 0
    vat_on: VatOn = VatOn.ITEM
    customer_iin: str = ""
    customer_email: str = ""
    customer_phone: str = ""
    parent: ParentTicket | None = None
    operator: Operator = CASHIER


@dataclass(frozen=True, slots=True)
class MoneyOrder:
    """A deposit or a withdrawal."""

    sum: int
    operator: Operator = CASHIER


@dataclass(frozen=True, slots=True)
class ZOrder:
    """The end of the shift; `withdraw` takes all cash out of the drawer first (kz-ofd §8.2)."""

    withdraw: bool = False
    operator: Operator = CASHIER


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """A token typed in, 1…4294967295."""

    token: int


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """The own number of the ticket to be cancelled, up to 2.0.2; None: the last one."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class QrOrder:
    """A payment by QR in 2.0.4: with `sum` a code is generated, without one its status is asked."""

    invoice: int | None = None
    sum: int | None = None


@dataclass(frozen=True, slots=True)
class AuthOrder:
    """Name and password of a portal user."""

    login: str
    password: str


@dataclass(frozen=True, slots=True)
class NomenclatureOrder:
    """Asks for the operator's goods; with a barcode (since 2.0.3) for one of them."""

    barcode: str = ""


@dataclass(frozen=True, slots=True)
class AddressOrder:
    """Where the operator is, `host:port`."""

    server: str


@dataclass(frozen=True, slots=True)
class NoOrder:
    """Keys that say it all: info, x, remove-head, service-reset, pulse."""


Order = (
    TicketOrder
    | MoneyOrder
    | ZOrder
    | TokenOrder
    | CancelOrder
    | QrOrder
    | AuthOrder
    | NomenclatureOrder
    | AddressOrder
    | NoOrder
)

TICKET_KEYS: Final = {
    "sell": Operation.SELL,
    "buy": Operation.BUY,
    "sell-return": Operation.SELL_RETURN,
    "buy-return": Operation.BUY_RETURN,
}
KEYS: Final[Mapping[str, type]] = {
    **dict.fromkeys(TICKET_KEYS, TicketOrder),
    "deposit": MoneyOrder,
    "withdraw": MoneyOrder,
    "x": NoOrder,
    "z": ZOrder,
    "info": NoOrder,
    "token": TokenOrder,
    "cancel": CancelOrder,
    "qr": QrOrder,
    "auth": AuthOrder,
    "nomenclature": NomenclatureOrder,
    "address": AddressOrder,
    "remove-head": NoOrder,
    "service-reset": NoOrder,
    "pulse": NoOrder,
}
"""Every key and the order it takes."""


class Outcome(StrEnum):
    """What became of a key."""

    DONE = "done"
    QUEUED = "queued"
    REFUSED = "refused"


class Local(StrEnum):
    """Why the register itself refused; NONE when it did not, or the operator did."""

    NONE = ""
    MODE = "mode"
    OFFLINE_LIMIT = "offline-limit"
    SHIFT_LIMIT = "shift-limit"
    VALIDATION = "validation"
    CASH = "cash"
    CLOCK = "clock"
    VERSION = "version"
    TOKEN = "token"  # noqa: S105  a reason's name
    NOTHING = "nothing"
    STOPPED = "stopped"


class DocumentKind(StrEnum):
    """What was printed."""

    TICKET = "ticket"
    MONEY = "money"
    Z = "z"
    X = "x"
    CANCEL = "cancel"
    INFO = "info"
    NOMENCLATURE = "nomenclature"


class Delivery(StrEnum):
    """Whether the operator has a document; REMOVED was taken out of the queue by a person (MD-10)."""

    DELIVERED = "delivered"
    WAITING = "waiting"
    REMOVED = "removed"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True)
class PrintedDocument:
    """One document of the register's own journal.

    `operation` is SELL, DEPOSIT … of tickets and money, else empty. `sign` is what the paper shows: the
    operator's ticket_number, or the autonomous number. `server_sign` and `server_report` came with a later
    delivery. `recovered`: a loss of power came before its key was answered. `text` holds what an INFO or a
    nomenclature has to say. `change`, `taken` and lines are in `ticket`.
    """

    number: int
    kind: DocumentKind
    time: datetime
    shift: int
    operation: str = ""
    total: int = 0
    sign: str = ""
    autonomous: bool = False
    offline_number: int | None = None
    qr: str = ""
    operator: Operator = CASHIER
    ticket: Ticket | None = None
    report: ReportData | None = None
    delivery: Delivery = Delivery.DELIVERED
    server_sign: str = ""
    server_report: ReportData | None = None
    recovered: bool = False
    text: str = ""

    def as_json(self) -> dict[str, Any]:
        """The document as the keys' answers show it."""
        return {
            "number": self.number,
            "kind": self.kind.value,
            "operation": self.operation,
            "time": self.time.isoformat(),
            "total": self.total,
            "shift": self.shift,
            "sign": self.sign,
            "autonomous": self.autonomous,
            "offline_number": self.offline_number,
            "qr": self.qr,
            "report": None if self.report is None else report_json(self.report),
            "delivery": self.delivery.value,
            "server_sign": self.server_sign,
            "server_report": None if self.server_report is None else report_json(self.server_report),
            "recovered": self.recovered,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class OrderFinding:
    """One thing wrong with an order: its field, the rule, a sentence."""

    field: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """What became of a key: `code` is the operator's result code, `local` why the register refused itself.

    `details` holds what keys without a document bring: operator and roles of auth, qr_code and status of qr.
    """

    outcome: Outcome
    mode: Mode
    code: int | None = None
    local: Local = Local.NONE
    text: str = ""
    document: PrintedDocument | None = None
    findings: tuple[OrderFinding, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ShiftState:
    """The open shift, or the one to come; `hours` it has been open."""

    open: bool
    number: int
    opened: datetime | None
    hours: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document that waits; `reqnum` None until it has been sent."""

    kind: DocumentKind
    number: int
    time: datetime | None
    reqnum: int | None = None


@dataclass(frozen=True, slots=True)
class LastResult:
    """The last answer's code and text."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class RegisterState:
    """What the register would tell a person who looks at it.

    `refused`: why no new document is taken. `printed` is the number of the last document.
    """

    mode: Mode
    device_id: int
    version: int
    reqnum: int
    token_known: bool
    server: str
    shift: ShiftState
    cash: int
    non_nullable: Mapping[Operation, int]
    queue_length: int
    head: Waiting | None
    in_flight: Waiting | None
    offline_since: datetime | None
    offline_left_seconds: float | None
    last: LastResult | None
    ads: tuple[TicketAd, ...]
    refused: str
    warning: str
    time: datetime
    registration: Registration
    printed: int = 0
    test: bool = True

    def as_json(self) -> dict[str, Any]:
        """The state as `GET /keys/state` shows it."""
        head, packet, last = self.head, self.in_flight, self.last
        return {
            "mode": self.mode.name,
            "device_id": self.device_id,
            "version": self.version,
            "reqnum": self.reqnum,
            "token_known": self.token_known,
            "server": self.server,
            "test": self.test,
            "shift": {
                "open": self.shift.open,
                "number": self.shift.number,
                "opened": _time(self.shift.opened),
                "hours": round(self.shift.hours, 4),
            },
            "cash": self.cash,
            "non_nullable": {kind.name: total for kind, total in self.non_nullable.items()},
            "queue": {
                "length": self.queue_length,
                "head": None
                if head is None
                else {"kind": head.kind.value, "number": head.number, "time": _time(head.time)},
            },
            "in_flight": None
            if packet is None
            else {"kind": packet.kind.value, "number": packet.number, "reqnum": packet.reqnum},
            "offline_since": _time(self.offline_since),
            "offline_left_seconds": self.offline_left_seconds,
            "last": None if last is None else {"code": last.code, "text": last.text},
            "ads": [{"type": ad.type, "version": ad.version, "text": ad.text} for ad in self.ads],
            "refused": self.refused,
            "warning": self.warning,
            "printed": self.printed,
            "time": self.time.isoformat(),
        }


def report_json(report: ReportData) -> dict[str, Any]:
    """Return a report with its fields by name, times as ISO texts."""
    return {name: _plain(getattr(report, name)) for name in ReportData.__slots__}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "__slots__"):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    return value


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
