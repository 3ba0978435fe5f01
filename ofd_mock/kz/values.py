"""What travels between rules, ledger and intake of the Kazakh operator: values that nobody changes.

A request goes in as `Frame` beside the `Device` it names; an `Outcome` comes out: the answer, the device as
it is afterwards, and the rows to store.

Values are frozen but for the three that every ticket makes anew: a frozen one of ten fields takes a
microsecond more to make. They are replaced all the same, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.dialects import Dialect
from reference.protocol.kz.exchange import DeviceExchange
from reference.protocol.kz.frames import Header
from reference.protocol.kz.service import BoundTax, Registration, TicketAd
from reference.protocol.kz.tally import DeviceCounters
from reference.protocol.kz.tickets import Ticket
from reference.protocol.kz.validation import Finding


@dataclass(frozen=True, slots=True)
class Taxation:
    """The taxation bound to a device (kz-ofd §14.2); `kind` is 100…103."""

    kind: int
    taxes: tuple[BoundTax, ...] = ()


@dataclass(frozen=True, slots=True)
class Cashier:
    """A portal user who may log in from the register (kz-ofd §3.6); `roles` are numbers of UserRoleEnum.

    `password` is an argon2 hash, never the password itself.
    """

    login: str
    password: str
    code: int
    name: str
    roles: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the portal holds of a device. `nomenclature` is {version, created, elements} or None."""

    registration: Registration = field(default_factory=Registration)
    ads: tuple[TicketAd, ...] = ()
    taxation: Taxation | None = None
    nomenclature: Mapping[str, Any] | None = field(default=None, hash=False)
    cashiers: tuple[Cashier, ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class LastDocument:
    """What INFO says of the last accepted document (kz-ofd IN-05)."""

    shift_number: int
    printed_number: int | None = None


@dataclass(slots=True, unsafe_hash=True)
class Device:
    """One register as the operator keeps it.

    `documents` numbers its accepted documents. `last_z` is the last Z as a ZXReport of 2.0.3. `cancellable`:
    the last document is a ticket and nothing but SYSTEM and INFO came after it (kz-ofd §3.8).
    """

    id: int
    state: DeviceState = DeviceState.READY
    exchange: DeviceExchange = field(default_factory=DeviceExchange)
    counters: DeviceCounters = field(default_factory=DeviceCounters)
    profile: Profile = field(default_factory=Profile)
    documents: int = 0
    last_time: datetime | None = None
    last_document: LastDocument | None = None
    last_z: bytes | None = None
    cancellable: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A request of a known device that could be read."""

    header: Header
    dialect: Dialect
    command: int
    message: Any
    body: bytes


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """An accepted document as the ledger stores it; `request` and `answer` are bodies as they travelled.

    `parent_rnm` and `parent_sign` name the ticket that a return gives back.
    """

    number: int
    command: int
    version: int
    token: int
    reqnum: int
    request: bytes
    answer: bytes
    received: datetime
    time: datetime | None
    shift_number: int
    sign: str
    page: str
    resent: bool = False
    operation: int | None = None
    total: int | None = None
    offline_number: int | None = None
    printed_number: int | None = None
    parent_rnm: str = ""
    parent_sign: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """A payment by QR (kz-ofd §3.9); `status` is a number of StatusTypeEnum."""

    invoice_id: int
    amount: int
    qr_code: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """An X report that was answered; `number` is the device's last document before it, `report` its ZXReport
    of 2.0.3.
    """

    number: int
    shift_number: int
    received: datetime
    time: datetime
    report: bytes


@dataclass(slots=True, unsafe_hash=True)
class Outcome:
    """What one request came to. `body` None is silence.

    `device` None: unchanged. `second_name` is an offline number that a repeat gave the last document,
    `cancelled` the number of the ticket taken back.
    """

    header: Header
    command: int
    code: int
    row: str
    token: int
    body: bytes | None
    device: Device | None = None
    document: DocumentEntry | None = None
    findings: tuple[Finding, ...] = ()
    invoice: Invoice | None = None
    second_name: int | None = None
    cancelled: int | None = None
    report: ReportEntry | None = None
    answered_id: int | None = None
    """The ID in the answer's header if it is not the request's; no correct operator does that."""


class When(Enum):
    """Where in the order of kz-ofd §5.1 an ordered answer stands."""

    BEFORE_TOKEN = "before-token"  # noqa: S105 - a place, not a password
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Ordered:
    """An answer that a test ordered; `code` None is silence."""

    code: int | None


@dataclass(frozen=True, slots=True)
class Parent:
    """A ticket of one of our registers that a return names: its total and what was given back before."""

    total: int
    returned: int


class Surroundings(Protocol):
    """What the rules ask of the world while they look at one request."""

    def ordered(self, when: When, device: int, command: int) -> Ordered | None:
        """The answer a test ordered for this place; it is used up by being asked for."""

    def new_token(self, exchange: DeviceExchange, command: int) -> int:
        """The token of the answer to an accepted document."""

    def new_sign(self, least: int, most: int) -> str:
        """A fiscal sign nobody has yet."""

    def new_page(self) -> str:
        """A uuid for the check page."""

    def has_register(self, rnm: str) -> bool:
        """Whether a register of this RNM is ours."""

    def parent(self, rnm: str, sign: str) -> Parent | None:
        """The ticket of our register `rnm` that either sign names."""

    def is_twin(self, device: int, time: datetime, total: int, printed_number: int) -> bool:
        """Whether a ticket equal in these stands in the ledger (kz-ofd §4.5)."""

    def last_ticket(self, device: int, number: int) -> Ticket:
        """The ticket that is the device's document of this number."""

    def invoice(self, device: int, invoice_id: int) -> Invoice | None:
        """A QR payment asked for before."""

    def check_base(self) -> str:
        """Where the operator's own check page is."""
