"""Units of the operator's wire in Kazakhstan: an 18-byte header and a protobuf body (kz-ofd §2)."""

from __future__ import annotations

from typing import Final

from conformance.proxy.kz_message import KzMessage, command_name
from conformance.proxy.units import Piece, Side, Unit
from conformance.proxy.watch_kz import KzOperatorWatcher
from conformance.proxy.watch_register import RegisterWatcher
from conformance.proxy.watching import Watcher
from reference.protocol.kz.dialects import dialect_for, fallback_dialect
from reference.protocol.kz.envelope import read_request, read_response
from reference.protocol.kz.errors import KzError
from reference.protocol.kz.frames import APPCODE, HEADER_SIZE, MAX_FRAME_BYTES, Header

NAMES: Final = {
    "command": "name of the command: TICKET, CLOSE_SHIFT, INFO, …",
    "device": "ID of the header",
    "token": "TOKEN of the header",
    "reqnum": "REQNUM of the header",
    "version": "VERSION of the header",
    "code": "result code of the answer",
    "offline": "yes for a message that was kept in a queue, else no",
}


def size_of(data: bytes) -> int | None:
    """Size of the frame that begins with `data`; ValueError when it is none (FR-03, FR-04, FR-05)."""
    beginning = APPCODE.to_bytes(2, "little")
    if not beginning.startswith(data[:2]):
        raise ValueError(f"the frame begins with {data[:2].hex()}, not {beginning.hex()} (FR-03)")
    if len(data) < 8:
        return None
    size = int.from_bytes(data[4:8], "little")
    if size < HEADER_SIZE:
        raise ValueError(f"SIZE {size} is below {HEADER_SIZE} (FR-04)")
    if size > MAX_FRAME_BYTES:
        raise ValueError(f"SIZE {size} is above {MAX_FRAME_BYTES} (FR-05)")
    return size


def read(piece: Piece, side: Side, asked: Unit | None) -> Unit:
    """The request or answer in a frame."""
    names = dict(asked.names) if asked is not None and side is Side.RESPONSE else {}
    if piece.trouble:
        return Unit(side, piece.raw, piece.trouble, names, trouble=piece.trouble)
    try:
        header = Header.decode(piece.raw[:HEADER_SIZE])
    except KzError as error:
        return Unit(side, piece.raw, str(error), names, trouble=str(error))
    names |= {
        "device": str(header.id),
        "token": str(header.token),
        "reqnum": str(header.reqnum),
        "version": str(header.version),
    }
    dialect = dialect_for(header.version) or fallback_dialect()
    parse = read_request if side is Side.REQUEST else read_response
    try:
        command, message = parse(dialect, piece.raw[HEADER_SIZE:])
    except KzError as error:
        return Unit(side, piece.raw, f"unreadable body: {error}", names, trouble=str(error))
    value = KzMessage(header, piece.raw[HEADER_SIZE:], command, message, dialect)
    names["command"] = command_name(command)
    if side is Side.REQUEST:
        names["offline"] = "yes" if value.is_resent else "no"
    title = f"{names['command']} device {header.id} token {header.token} reqnum {header.reqnum}"
    if side is Side.RESPONSE:
        names["code"] = str(message.result.result_code)
        title += f": {message.result.result_code} {message.result.result_text}".rstrip()
    return Unit(side, piece.raw, title, names, value)


def watchers() -> tuple[Watcher, ...]:
    """Judges of this wire."""
    return KzOperatorWatcher(), RegisterWatcher()
