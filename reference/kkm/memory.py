"""What the register remembers: one frozen value, changed only by making the next one.

All of it survives a loss of power (kz-ofd OQ-14) except the numbers of service requests, which are made
durable with the next document: a REQNUM that a service command used may come again (kz-ofd §4.2).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from reference.kkm.settings import RegisterSettings
from reference.kkm.values import DocumentKind
from reference.protocol.kz.client import Mode
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.service import Registration, TicketAd
from reference.protocol.kz.tally import DeviceCounters


@dataclass(frozen=True, slots=True)
class Packet:
    """A document on its way to the operator, in the queue or in flight.

    `body` is its Request without the service part, in the messages of `version`; `token` and `reqnum` are the
    pair it left with, None before. `number` is the own printed number, `time` the document's. `handed`: the
    customer has it, its sums are booked. `queued`: it came out of the queue. `refers` is the ticket that a
    cancelling takes back, `report` the register's own X or Z.
    """

    number: int
    kind: DocumentKind
    command: int
    version: int
    body: bytes
    time: datetime
    token: int | None = None
    reqnum: int | None = None
    handed: bool = False
    queued: bool = False
    refers: int | None = None
    report: ReportData | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """The register's whole state beside its printed documents.

    `offline_since` is the spell's start, in UTC.
    `last_time` is the latest time a document or the operator's shift bears. `autonomous` is the date and the
    last offline number of that date. `info_due`: INFO is to be asked (kz-ofd OQ-13). `cancellable` is the
    number of the last ticket while nothing came after it.
    """

    device_id: int
    mode: Mode = Mode.START
    token: int = 0
    reqnum: int = 0
    initialised: bool = False
    counters: DeviceCounters = field(default_factory=DeviceCounters)
    queue: tuple[Packet, ...] = ()
    in_flight: Packet | None = None
    printed: int = 0
    offline_since: datetime | None = None
    last_time: datetime | None = None
    autonomous: tuple[date, int] | None = None
    ads: tuple[TicketAd, ...] = ()
    registration: Registration | None = None
    last_code: int | None = None
    last_text: str = ""
    server: str = ""
    nomenclature: int = 0
    info_due: bool = False
    cancellable: int | None = None

    @property
    def pending(self) -> bool:
        """Whether anything is left to deliver."""
        return bool(self.queue) or self.in_flight is not None

    @property
    def queue_length(self) -> int:
        """Queued messages, the one being sent included."""
        sending = self.in_flight is not None and self.in_flight.queued
        return len(self.queue) + sending

    @property
    def ad_versions(self) -> dict[int, int]:
        """The ads held, by type."""
        return {ad.type: ad.version for ad in self.ads}


def fresh_memory(settings: RegisterSettings) -> Memory:
    """Return the memory of a register that was never switched on."""
    last_shift = 0 if settings.shift is None else settings.shift - 1
    return Memory(
        device_id=settings.device_id,
        token=settings.token,
        reqnum=settings.reqnum,
        counters=DeviceCounters(last_shift=last_shift),
        server=settings.server,
    )


def registration_of(memory: Memory, settings: RegisterSettings) -> Registration:
    """Who the register is: what INFO said, and where it said nothing, what the settings say."""
    own = settings.registration
    if memory.registration is None:
        return own
    told = {
        name: getattr(memory.registration, name)
        for name in Registration.__slots__
        if getattr(memory.registration, name) not in ("", None)
    }
    return replace(own, **told)
