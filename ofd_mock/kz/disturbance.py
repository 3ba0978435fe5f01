"""What can be made to go wrong at the Kazakh operator: its fault points and what each can do.

Every rule may be narrowed by `match`: `device` is a glob over the device ID, `command` one over the
command's name (TICKET, CLOSE_SHIFT, …); at ofd-kz.connect nobody knows either.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from reference.protocol.kz.dialects import COMMANDS
from reference.protocol.kz.frames import Frame

POINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ofd-kz.connect": "a connection has come in; nobody knows whose",
        "ofd-kz.request": "a whole request has arrived, nothing has been done about it",
        "ofd-kz.before-commit": "the request is about to be settled and stored",
        "ofd-kz.after-commit": "everything is stored, nothing is answered",
        "ofd-kz.answer": "the answer is about to be sent",
    }
)
_ROUTE: Final = ("silence", "close", "delay", "code")
_ANSWER: Final = ("silence", "close", "delay", "cut", "split", "other-device", "token", "reqnum", "garbage")
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ofd-kz.connect": ("silence", "close", "delay"),
        "ofd-kz.request": _ROUTE,
        "ofd-kz.before-commit": _ROUTE,
        "ofd-kz.after-commit": _ROUTE,
        "ofd-kz.answer": _ANSWER,
    }
)
"""`code` answers the result code in `value`; `cut` sends `value` bytes and closes; `split` sends byte by
byte; `other-device` answers under the ID in `value` (default: the next one), `token` with the TOKEN in
`value`, `reqnum` with the REQNUM in `value`; `garbage` sends bytes that are no frame and closes. `delay`
waits `delay` lab seconds, which every other action may do too. `crash` is possible everywhere.
"""
GARBAGE: Final = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def context_of(frame: Frame, command: int | None) -> dict[str, str]:
    """What rules may be narrowed by."""
    row = None if command is None else COMMANDS.get(command)
    return {"device": str(frame.header.id), "command": str(command) if row is None else row.command.name}


def command_of(body: bytes) -> int | None:
    """The command of a body by a glance at its first field, which encoders write first; None otherwise."""
    if len(body) > 1 and body[0] == _COMMAND_KEY and body[1] < _VARINT_MORE:
        return body[1]
    return None


_COMMAND_KEY: Final = 0x08
_VARINT_MORE: Final = 0x80
