"""Requests as they leave: a document's own body with the service part of the moment (kz-ofd §3.5, §7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from reference.kkm.memory import Memory, Packet, registration_of
from reference.kkm.records import known_dialect
from reference.kkm.rules import Period, Rules
from reference.kkm.settings import RegisterSettings
from reference.protocol.kz.dialects import Command, Dialect
from reference.protocol.kz.documents import Document, from_message, to_message
from reference.protocol.kz.frames import encode_frame
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.service import (
    write_ad_infos,
    write_geo_position,
    write_offline_period,
    write_reg_info,
)

_PLACED: Final = frozenset({Command.TICKET, Command.CLOSE_SHIFT, Command.REPORT, Command.MONEY_PLACEMENT})
"""Commands that say where the register stands, a duty of 2.0.4 (kz-ofd SV-07)."""


class Outgoing(NamedTuple):
    """One request: its pair, its command, and the frame's bytes."""

    version: int
    token: int
    reqnum: int
    command: int
    frame: bytes


def document_body(dialect: Dialect, document: Document) -> bytes:
    """Return a document's Request without service part. Raises KzError for what no message can hold."""
    body: bytes = to_message(dialect, document).SerializeToString()
    return body


def cancel_body(dialect: Dialect) -> bytes:
    """Return the Request that cancels the last ticket (kz-ofd §3.8)."""
    body: bytes = dialect.messages.Request(command=Command.CANCEL_TICKET).SerializeToString()
    return body


def packet_document(packet: Packet) -> Document | None:
    """Return what a packet carries; None for a cancelling."""
    dialect = known_dialect(packet.version)
    return from_message(dialect, dialect.messages.Request.FromString(packet.body), packet.command)


class RequestWriter:
    """Writes the requests of one register."""

    def __init__(self, settings: RegisterSettings, rules: Rules) -> None:
        self._settings = settings
        self._rules = rules

    def document(self, memory: Memory, packet: Packet, now: datetime) -> Outgoing:
        """Return a packet's request under its pair; `now` is local and ends the offline period."""
        dialect = known_dialect(packet.version)
        request = dialect.messages.Request.FromString(packet.body)
        self._service(dialect, request, memory, packet.command, now, packet.time)
        token = memory.token if packet.token is None else packet.token
        reqnum = memory.reqnum if packet.reqnum is None else packet.reqnum
        return self._outgoing(dialect, request, token, reqnum, packet.command)

    def service(
        self, memory: Memory, command: Command, now: datetime, fill: Callable[[Any], None] | None = None
    ) -> Outgoing:
        """Return the request of a service command; `fill` writes its own part."""
        dialect = known_dialect(self._settings.version)
        request = dialect.messages.Request(command=command)
        if fill is not None:
            fill(request)
        self._service(dialect, request, memory, command, now, now)
        return self._outgoing(dialect, request, memory.token, memory.reqnum, command)

    def _service(
        self, dialect: Dialect, request: Any, memory: Memory, command: int, now: datetime, made: datetime
    ) -> None:
        service = request.service
        begin = now if memory.offline_since is None else to_almaty(memory.offline_since)
        period = self._rules.period(Period(begin, max(begin, now)), made)
        if period is not None:
            write_offline_period(service, *period)
        write_reg_info(dialect, service.reg_info, registration_of(memory, self._settings))
        write_ad_infos(service, memory.ad_versions)
        service.get_reg_info = command == Command.INFO
        if command == Command.INFO:
            service.get_binded_taxation = True
        if dialect.tables >= 203 and command in _PLACED:
            write_geo_position(dialect, service, self._settings.position)

    def _outgoing(self, dialect: Dialect, request: Any, token: int, reqnum: int, command: int) -> Outgoing:
        body = request.SerializeToString()
        frame = encode_frame(dialect.version, self._settings.device_id, token, reqnum, body)
        return Outgoing(dialect.version, token, reqnum, command, frame)
