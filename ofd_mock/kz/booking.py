"""What an accepted document does to its device: counters, the answer's own part, the ledger's entry
(kz-ofd §8, §9, §13.1; step 14 of §5.1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ofd_mock.kz import answers
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.values import Device, DocumentEntry, LastDocument, Received, Surroundings
from reference.protocol.kz.counters import (
    DeviceCounters,
    apply_money,
    apply_ticket,
    build_report,
    cancel_ticket,
    close_shift,
)
from reference.protocol.kz.device_states import STATES, DeviceState
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.money import MAX_TIYN
from reference.protocol.kz.reports import ReportData, differences, figures
from reference.protocol.kz.results import ResultCode, Texts
from reference.protocol.kz.signs import document_sign, qr_address
from reference.protocol.kz.tickets import Ticket
from reference.protocol.kz.validation import Finding, Severity

MOST_NAME = 64
MOST_NUMBER = 2**63 - 1
_Z_TEXTS = Texts(
    "Z-отчёт кассы отличается от расчёта сервера",
    "Кассаның Z-есебі сервердің есебінен өзгеше",
    "the register's Z differs from the server's",
)
_ROOM_TEXTS = Texts(
    "суммы отчёта превышают допустимые",
    "есептің сомалары шектен асады",
    "the sums of the report are beyond their range",
)


@dataclass(frozen=True, slots=True)
class Booking:
    """A document about to be counted; `now` is the server's local time, `resent` kz-ofd OQ-9."""

    received: Received
    device: Device
    document: Document | None
    now: datetime
    resent: bool
    settings: KzSettings


class NoRoomError(Exception):
    """A document after which no report of its device could be written: a figure is beyond Money (RG-04)."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A counted document: the device with its new counters, the sign, what was found on the way."""

    device: Device
    entry: DocumentEntry
    findings: tuple[Finding, ...] = ()
    cancelled: int | None = None


def book(booking: Booking, response: Any, around: Surroundings) -> Booked:
    """Count a document and write its answer's part into `response`; entry.answer is still to be filled.

    NoRoomError when the sums it makes are beyond what a report can hold.
    """
    device, document = booking.device, booking.document
    if isinstance(document, Ticket):
        booked = book_ticket(booking, document, response, around)
    elif isinstance(document, MoneyPlacement):
        counters = apply_money(device.counters, document, booking.settings.shift_opens_on)
        booked = Booked(replace(device, counters=counters), _entry(booking, counters.shift_number))
    elif isinstance(document, CloseShift):
        booked = book_closing(booking, document, response)
    else:
        ticket = around.last_ticket(device.id, device.documents)
        counters = cancel_ticket(device.counters, ticket)
        entry = _entry(booking, counters.shift_number)
        booked = Booked(replace(device, counters=counters), entry, cancelled=device.documents)
    if not has_room(booked.device.counters):
        raise NoRoomError
    after = _after(booking, booked.device, booked.entry)
    return Booked(after, booked.entry, booked.findings, booked.cancelled)


def has_room(counters: DeviceCounters) -> bool:
    """Whether every figure of the next report is one that Money holds (kz-ofd RG-04)."""
    sums = counters.shift.sums.values() if counters.shift else ()
    if abs(counters.cash) + sum(map(abs, counters.totals.values())) + sum(map(abs, sums)) <= MAX_TIYN:
        return True  # no figure is more than all of them together
    return fits(build_report(counters, ReportKind.X, None))


def fits(report: ReportData) -> bool:
    """Whether every figure of a report is one that Money holds."""
    return all(abs(value) <= MAX_TIYN for value in figures(report).values() if isinstance(value, int))


def no_room() -> Finding:
    """What is found wrong with a document after which no report could be written."""
    code, clause = ResultCode.INCORRECT_REQUEST_DATA, "kz-ofd RG-04"
    return Finding("RG-04", code, "zx_report", Severity.REFUSE, _ROOM_TEXTS, "", clause)


def book_ticket(booking: Booking, ticket: Ticket, response: Any, around: Surroundings) -> Booked:
    """Count a ticket and answer its fiscal sign and QR address (kz-ofd §13.1, §13.3)."""
    settings, device = booking.settings, booking.device
    counters = apply_ticket(device.counters, ticket)
    sign = around.new_sign(*settings.sign_range)
    total, time = ticket.total or 0, ticket.time or booking.now
    address = qr_address(
        settings.qr_base_url or around.check_base(),
        sign,
        device.profile.registration.rnm,
        total,
        time,
        settings.s_format,
    )
    response.ticket.ticket_number = sign
    response.ticket.qr_code = address.encode("ascii")
    parent = ticket.parent
    entry = _entry(
        booking,
        counters.shift_number,
        sign=sign,
        page=around.new_page(),
        operation=ticket.operation,
        total=_number(total),
        offline_number=ticket.offline_number,
        parent_rnm=_name(parent.rnm) if parent else "",
        parent_sign=_name(parent.number) if parent else "",
    )
    return Booked(replace(device, counters=counters), entry)


def book_closing(booking: Booking, document: CloseShift, response: Any) -> Booked:
    """End the shift and answer its Z (kz-ofd §8.2)."""
    settings, device = booking.settings, booking.device
    closing = close_shift(
        device.counters,
        document.time,
        withdraw=document.withdraw_money,
        is_offline=document.is_offline,
        zero_rows=settings.zero_rows,
    )
    if not fits(closing.report):
        raise NoRoomError
    theirs = document.report
    report = theirs if settings.z_source == "client" and theirs is not None else closing.report
    answers.put_report(booking.received.dialect, response, ReportKind.Z, report)
    changed = replace(device, counters=closing.counters, last_z=answers.keep_report(report))
    entry = _entry(booking, closing.report.shift_number)
    return Booked(changed, entry, _differences(booking, closing.report, theirs))


def _name(text: str) -> str:
    """A name as a column takes it; registers write what they like."""
    return text.replace("\0", "")[:MOST_NAME]


def _number(number: int | None) -> int | None:
    """A number the wire allows up to 2⁶³−1 (kz-ofd RG-01); what is above cannot be kept."""
    return number if number is None or number <= MOST_NUMBER else None


def _entry(booking: Booking, shift_number: int, *, sign: str = "", **told: Any) -> DocumentEntry:
    received, document, device = booking.received, booking.document, booking.device
    number = device.documents + 1
    time = None if document is None else document.time
    return DocumentEntry(
        number=number,
        command=received.command,
        version=received.header.version,
        token=received.header.token,
        reqnum=received.header.reqnum,
        request=received.body,
        answer=b"",
        received=booking.now,
        time=time,
        shift_number=shift_number,
        sign=sign or document_sign(device.id, number),
        page=told.pop("page", ""),
        resent=booking.resent,
        printed_number=_number(getattr(document, "printed_number", None)),
        **told,
    )


def _after(booking: Booking, device: Device, entry: DocumentEntry) -> Device:
    """The device as every accepted document leaves it."""
    state = DeviceState.ACTIVE if STATES[device.state].activates else device.state
    last = device.last_document
    if booking.document is not None:
        last = LastDocument(entry.shift_number, entry.printed_number)
    return Device(
        id=device.id,
        state=state,
        exchange=device.exchange,
        counters=device.counters,
        profile=device.profile,
        documents=entry.number,
        last_time=entry.time or device.last_time,
        last_document=last,
        last_z=device.last_z,
        cancellable=isinstance(booking.document, Ticket),
    )


def _differences(booking: Booking, ours: ReportData, theirs: ReportData | None) -> tuple[Finding, ...]:
    """What the register's own Z says otherwise, field by field (kz-ofd §8.2); the checksum is never read."""
    if theirs is None:
        return ()
    dialect = booking.received.dialect
    return tuple(
        Finding(
            "8.2",
            ResultCode.OK,
            f"z_report.{one.field}",
            Severity.WARN,
            _Z_TEXTS,
            f"{one.theirs} ≠ {one.ours}",
            "kz-ofd §8.2",
        )
        for one in differences(ours, theirs)
        if dialect.has("ZXReport.open_shift_time") or not one.field.startswith(("open", "close"))
    )
