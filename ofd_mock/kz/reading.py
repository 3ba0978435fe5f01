"""What the body of a plain ticket says, apart from the register that sent it: for the short way (express.py).

Reading depends on nothing but the bytes. So the intake does it while the operator is busy, and sends what it
read along with the frame; it comes to the same in either process.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError

from ofd_mock.kz.plain_ticket import PlainTicket, plain
from reference.protocol.kz import service
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.documents import is_resent, offline_period
from reference.protocol.kz.frames import Frame

VERSIONS: Final = (202, 203, 204)
_TICKET: Final = Command.TICKET.value
_BEGINNING: Final = b"\x08\x01"
"""How encoders begin a TICKET: the field `command`."""
_PLACED_SINCE: Final = 204
_DIALECTS: Final = {version: dialect_for(version) for version in VERSIONS}


class Reading(NamedTuple):
    """A plain ticket, the ads its register holds as (type, version), whether it says where it stands."""

    ticket: PlainTicket
    held: tuple[tuple[int, int], ...]
    placed: bool


class ReadFrame(Frame):
    """A frame whose body was read before; `reading` None: it is no plain ticket."""

    reading: Reading | None = None


def read(version: int, body: bytes) -> Reading | None:
    """What the body says if it is a plain ticket that asks for nothing but its answer."""
    dialect = _DIALECTS.get(version)
    if dialect is None or not body.startswith(_BEGINNING):
        return None
    try:
        message = dialect.messages.Request.FromString(body)
    except DecodeError:
        return None
    if message.command != _TICKET or not message.HasField("ticket"):
        return None
    held: tuple[tuple[int, int], ...] = ()
    if message.HasField("service"):
        part = message.service
        if part.get_reg_info or part.get_binded_taxation or part.HasField("reg_info"):
            return None
        if part.HasField("offline_period") and is_resent(None, offline_period(message)):
            return None
        held = tuple(service.held_ads(message).items())
    ticket = plain(dialect, message.ticket)
    if ticket is None:
        return None
    return Reading(ticket, held, version >= _PLACED_SINCE and service.has_geo_position(message))


def to_record(reading: Reading | None) -> Any:
    """A reading in values that records can hold."""
    if reading is None:
        return None
    (operation, _, *rest), held, placed = reading
    return (operation, *rest), held, placed


def from_record(value: Any) -> Reading | None:
    """The reading of `to_record`."""
    if value is None:
        return None
    (operation, moment, *rest), held, placed = value
    return Reading(PlainTicket(operation, datetime.fromisoformat(moment), moment, *rest), held, placed)
