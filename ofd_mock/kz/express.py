"""The short way for plain tickets: from a frame to its answer and its row, without the values in between.

It knows no rule of its own. It takes what the long way (`rules.Rules.settle`) would accept without a finding,
comes to the same bytes and rows, and leaves everything else to it: other commands, repeats, refusals,
warnings, ordered answers, tickets made offline, switches that are not the defaults' checks. A faulty operator
has no short way at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from ofd_mock.kz import answers
from ofd_mock.kz.booking import MOST_NUMBER
from ofd_mock.kz.draft import Draft
from ofd_mock.kz.plain_ticket import PlainTicket, booked
from ofd_mock.kz.reading import VERSIONS, ReadFrame, read
from ofd_mock.kz.rules import Rules, correct_rules
from ofd_mock.kz.surroundings import LedgerSurroundings
from ofd_mock.kz.values import Device, LastDocument, Outcome
from reference.protocol.kz import service
from reference.protocol.kz.device_states import STATES, DeviceState
from reference.protocol.kz.dialects import Command, Dialect, dialect_for
from reference.protocol.kz.envelope import encode_response
from reference.protocol.kz.exchange import DeviceExchange
from reference.protocol.kz.frames import Frame
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.results import ResultCode
from reference.protocol.kz.service import TicketAd
from reference.protocol.kz.signs import qr_address
from reference.protocol.kz.switches import Mode
from reference.protocol.kz.tally import DeviceCounters
from reference.protocol.kz.ticket_checks import MAX_AHEAD

_TICKET: Final = Command.TICKET.value
_OK: Final = ResultCode.OK
_SELL: Final = Operation.SELL.value
_ACTIVE: Final = DeviceState.ACTIVE
_PLACED_SINCE: Final = 204
_SERVED: Final = {
    state: DeviceState.ACTIVE if row.activates else state
    for state, row in STATES.items()
    if row.refusal is None and row.refusal_204 is None
}
"""States that every version is served in, and the state after an accepted document."""
_ROW: Final = "D6"
_MOST_PARTS: Final = 10_000
_MOST_HOURS: Final = 10**9
"""Longer than any shift can be open, and still a time span."""


class Express:
    """The short way under some rules; `open` tells whether there is one."""

    def __init__(self, rules: Rules) -> None:
        settings = rules.settings
        self._settings = settings
        correct = rules == correct_rules(settings)
        self.open = correct and not settings.checks and settings.document_max_age is None
        self._dialects: dict[int, tuple[Dialect, bytes]] = {}
        for version in VERSIONS if self.open else ():
            dialect = dialect_for(version)
            assert dialect is not None
            response = answers.accepted_response(dialect, settings)
            self._dialects[version] = dialect, encode_response(_TICKET, response)
        self._parts: dict[tuple[int, int, object], tuple[tuple[TicketAd, ...], bytes]] = {}
        """Fields `service` with the ads they were made of, by what names those."""
        self._limit = timedelta(hours=min(settings.shift_limit_hours, _MOST_HOURS))
        self._placed = settings.geo_check is not Mode.OFF

    def take(
        self, frame: Frame, device: Device, now: datetime, draft: Draft, around: LedgerSurroundings
    ) -> Outcome | None:
        """Settle the frame and put its row into the draft; None if it must go the long way."""
        header = frame.header
        known = self._dialects.get(header.version)
        if known is None:
            return None
        if device.state is not _ACTIVE and device.state not in _SERVED:
            return None
        exchange = device.exchange
        again = exchange.last_cmd is not None and header.reqnum == exchange.last_req
        if not header.token or header.token != exchange.issued or again:
            return None
        reading = frame.reading if isinstance(frame, ReadFrame) else read(header.version, frame.body)
        if reading is None:
            return None
        ticket, held, placed = reading
        dialect, prefix = known
        if self._placed and dialect.version >= _PLACED_SINCE and not placed:
            return None
        if not self._fits(ticket, device, now, draft):
            return None
        counters = booked(device.counters, ticket)
        if not draft.has_room(device.id, ticket.weight, counters):
            return None
        ads = self._ads_part(dialect, device.profile.ads, held)
        return self._accept(frame, device, ticket, counters, prefix, ads, draft, around)

    def _accept(
        self,
        frame: Frame,
        device: Device,
        ticket: PlainTicket,
        counters: DeviceCounters,
        prefix: bytes,
        ads: bytes,
        draft: Draft,
        around: LedgerSurroundings,
    ) -> Outcome:
        """Row D6: the answer, the ticket's row, the device afterwards."""
        header, settings = frame.header, self._settings
        sign = around.new_sign(*settings.sign_range)
        page = around.new_page()
        address = qr_address(
            settings.qr_base_url or around.check_base(),
            sign,
            device.profile.registration.rnm,
            ticket.total,
            ticket.time,
            settings.s_format,
        )
        answer = prefix + ticket_part(sign, address) + ads
        token = around.new_token(device.exchange, _TICKET)
        changed = _after(device, frame, ticket, counters, answer, token)
        row = _row(frame, ticket, changed, answer, draft.now, sign, page)
        last = sign, frame.body
        draft.put(device.id, changed.documents, ticket.moment, last, ticket.printed_number, row)
        return Outcome(header, _TICKET, _OK, _ROW, token, answer, device=changed)

    def _ads_part(
        self, dialect: Dialect, ads: tuple[TicketAd, ...], held: tuple[tuple[int, int], ...]
    ) -> bytes:
        """Field `service` of the answer; a profile's ads stay one tuple, so that they need no comparing."""
        key = id(ads), dialect.version, held
        known = self._parts.get(key)
        if known is None or known[0] is not ads:
            if len(self._parts) >= _MOST_PARTS:
                self._parts.clear()
            known = self._parts[key] = ads, _ads_part(dialect, ads, held)
        return known[1]

    def _fits(self, ticket: PlainTicket, device: Device, now: datetime, draft: Draft) -> bool:
        """Whether what the server knows beside the ticket agrees with it."""
        counters, time, number = device.counters, ticket.time, ticket.printed_number
        opened = counters.opened
        if opened is not None and now - opened >= self._limit:
            return False
        if time - now > MAX_AHEAD or (device.last_time is not None and time < device.last_time):
            return False
        if ticket.shift_number is not None and ticket.shift_number != counters.shift_number:
            return False
        if ticket.operation != _SELL and counters.cash + ticket.cash < 0:
            return False
        iin = ticket.customer_iin
        if iin and iin == device.profile.registration.org_inn:
            return False
        if max(ticket.total, number or 0) > MOST_NUMBER:
            return False
        if number is None or not device.documents:
            return True
        return not draft.has_twin(device.id, _TICKET, ticket.moment, ticket.total, number)


def _row(
    frame: Frame, ticket: PlainTicket, device: Device, answer: bytes, received: str, sign: str, page: str
) -> tuple[Any, ...]:
    """The ticket's row, in the order of draft.PLAIN_COLUMNS."""
    header = frame.header
    return (
        device.id,
        device.documents,
        _TICKET,
        header.version,
        header.token,
        header.reqnum,
        bytearray(frame.body),
        bytearray(answer),
        received,
        ticket.moment,
        device.counters.shift_number,
        sign,
        page,
        ticket.operation,
        ticket.total,
        ticket.printed_number,
        device.exchange.issued,
    )


def ticket_part(sign: str, address: str) -> bytes:
    """Field `ticket` of a Response, a TicketResponse of sign and QR address, as protobuf writes it."""
    inner = _element(b"\x0a", sign.encode("ascii")) + _element(b"\x12", address.encode("ascii"))
    return _element(b"\x1a", inner)


def _element(tag: bytes, value: bytes) -> bytes:
    size = len(value)
    length = bytes((size,)) if size < 0x80 else bytes((size & 0x7F | 0x80, size >> 7))
    return tag + length + value


@lru_cache(maxsize=256)
def _ads_part(dialect: Dialect, ads: tuple[TicketAd, ...], held: tuple[tuple[int, int], ...]) -> bytes:
    """Field `service` of a Response with the ads that the register does not hold yet; nothing without any."""
    response = dialect.messages.Response()
    if sent := service.ads_to_send(ads, dict(held)):
        service.write_ads(response.service, sent)
    return bytes(response.SerializeToString())


def _after(
    device: Device, frame: Frame, ticket: PlainTicket, counters: DeviceCounters, answer: bytes, token: int
) -> Device:
    header = frame.header
    return Device(
        device.id,
        _ACTIVE if device.state is _ACTIVE else _SERVED[device.state],
        DeviceExchange(token, header.token, header.reqnum, _TICKET, answer),
        counters,
        device.profile,
        device.documents + 1,
        ticket.time,
        LastDocument(counters.shift_number, ticket.printed_number),
        device.last_z,
        cancellable=True,
    )
