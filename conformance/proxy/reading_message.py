"""Units of the operator's wire in Uzbekistan: frames of message version 6 (uz-fiscal §11)."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from conformance.proxy.units import Piece, Side, Unit
from conformance.proxy.watch_message import HostWatcher, OperatorWatcher
from conformance.proxy.watching import Watcher
from reference.protocol.uz import message
from reference.protocol.uz.errors import UzError
from reference.protocol.uz.message import FileStatus, FileType, Request, Response

NAMES: Final = {
    "terminal": "TerminalID of the request",
    "type": "file types of the message, sorted, with commas: PurchaseReceipt,ZReport",
    "files": "number of files",
    "status": "status of the answer: OK, NotActive, …",
    "acks": "file statuses of the answer, in order, with commas: Acknowledge,Reject",
}


def size_of(data: bytes) -> int | None:
    """Size of the frame that begins with `data`; ValueError when it is none (OF-11, OF-15)."""
    try:
        return message.frame_size(data)
    except UzError as error:
        raise ValueError(str(error)) from error


def read(piece: Piece, side: Side, asked: Unit | None) -> Unit:
    """The request or answer in a frame."""
    names = dict(asked.names) if asked is not None and side is Side.RESPONSE else {}
    if piece.trouble:
        return Unit(side, piece.raw, piece.trouble, names, trouble=piece.trouble)
    try:
        if side is Side.REQUEST:
            # More files than allowed are the operator's to refuse: here they are only read.
            return _request(piece.raw, Request.decode(piece.raw, max_files=1 << 16))
        return _response(piece.raw, Response.decode(piece.raw), names)
    except UzError as error:
        return Unit(side, piece.raw, f"unreadable message: {error}", names, trouble=str(error))


def _request(raw: bytes, request: Request) -> Unit:
    kinds = sorted({_file_type(file.type) for file in request.files})
    names = {
        "terminal": request.terminal_id,
        "type": ",".join(kinds),
        "files": str(len(request.files)),
    }
    return Unit(
        Side.REQUEST, raw, f"{request.terminal_id} {len(request.files)} × {', '.join(kinds)}", names, request
    )


def _response(raw: bytes, response: Response, names: dict[str, str]) -> Unit:
    acks = [FileStatus(ack.status).name for ack in response.acks]
    names |= {"status": response.status.code.name, "acks": ",".join(acks)}
    return Unit(
        Side.RESPONSE, raw, f"{response.status.code.name} {', '.join(acks)}".rstrip(), names, response
    )


def _file_type(number: int) -> str:
    with suppress(ValueError):
        return FileType(number).name
    return f"{number:02x}"


def watchers() -> tuple[Watcher, ...]:
    """Judges of this wire."""
    return OperatorWatcher(), HostWatcher()
