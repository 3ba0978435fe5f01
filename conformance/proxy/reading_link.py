"""Units of the module link: one length byte and an APDU each way (uz-fiscal EM-01, EM-02)."""

from __future__ import annotations

from typing import Final

from conformance.proxy.units import Piece, Side, Unit
from conformance.proxy.watch_link import LinkWatcher
from conformance.proxy.watching import Watcher
from reference.protocol.uz.apdu import Command, split_response, status_text
from reference.protocol.uz.errors import UzError

NAMES: Final = {
    "command": "name of the instruction: RECEIPT_REGISTER, SELECT, …; answer to reset: ATR",
    "apdu": "the command in hex",
    "sw": "status word of the answer: 9000, 9021, …",
}


def size_of(data: bytes) -> int | None:
    """Size of the frame that begins with `data`."""
    return 1 + data[0]


def read(piece: Piece, side: Side, asked: Unit | None) -> Unit:
    """The command or answer in a frame."""
    apdu = piece.raw[1:]
    if piece.trouble:
        return Unit(side, piece.raw, piece.trouble, trouble=piece.trouble)
    if side is Side.REQUEST:
        return _command(piece.raw, apdu)
    names = dict(asked.names) if asked is not None else {"command": "ATR"}
    if asked is None:
        return Unit(side, piece.raw, f"answer to reset {apdu.hex()}", names)
    try:
        _, sw = split_response(apdu)
    except UzError as error:
        return Unit(side, piece.raw, str(error), names, trouble=str(error))
    names["sw"] = f"{sw:04x}"
    return Unit(side, piece.raw, f"{names['command']}: {status_text(sw)}", names, apdu)


def _command(raw: bytes, apdu: bytes) -> Unit:
    names = {"apdu": apdu.hex()}
    try:
        command = Command.decode(apdu)
    except UzError as error:
        return Unit(Side.REQUEST, raw, str(error), names | {"command": "malformed"}, trouble=str(error))
    names["command"] = command.title
    return Unit(Side.REQUEST, raw, command.title, names, command)


def watchers() -> tuple[Watcher, ...]:
    """Judges of this wire."""
    return (LinkWatcher(),)
