"""What intake and operator tell each other over their socket pair: batches of records, in order.

A record is a tuple; its first value is its kind, its second mostly the number of a connection, which is never
given twice. Both ends are one program of one interpreter, so that `marshal` carries them: nothing costs less.
"""

from __future__ import annotations

import marshal
import struct
from collections.abc import Sequence
from typing import Any, Final

Record = tuple[Any, ...]

# From the intake.
CAME: Final = 0
"""(CAME, number): a connection is there. Any other record that names a number first tells that too: mostly a
connection's request is there when it is accepted, and stands for both."""
FRAME: Final = 1
"""(FRAME, number, header fields, body): a whole frame has come; it wants one ANSWER. If the intake has read
it, its reading stands behind (see reading.py)."""
ALIVE: Final = 2
"""(ALIVE, number): bytes came that are no whole frame yet."""
BROKEN: Final = 3
"""(BROKEN, number, reason, text): what came behind the last frame is none; nothing more is read."""
ENDED: Final = 4
"""(ENDED, number): the peer sends no more, and answers are still due to it."""
GONE: Final = 5
"""(GONE, number): the connection is no more, and the operator did not ask for that."""
FULL: Final = 6
"""(FULL, text): the machine has no more files or memory, so that nobody is accepted for a while."""
READY: Final = 7
"""(READY,): the intake has begun."""

# From the operator.
ANSWER: Final = 10
"""(ANSWER, number, bytes, flags): what the oldest frame without one is answered."""
CLOSE: Final = 11
"""(CLOSE, number): send what is left, then end the connection."""
ABORT: Final = 12
"""(ABORT, number): end the connection at once."""
DEAFEN: Final = 13
"""(DEAFEN, number): read on, and throw away what comes; no answer is due any more."""
LIMIT: Final = 14
"""(LIMIT, bytes): the largest frame of connections that come from now on."""
REFUSE: Final = 15
"""(REFUSE,): accept nobody more."""
SYNC: Final = 16
"""(SYNC, path): bring this file to disk before anything that stands behind."""

# Flags of an ANSWER.
LAST: Final = 1
"""Close behind it."""
DEAF: Final = 2
"""Hear nothing more from this connection."""
PIECEWISE: Final = 4
"""One byte a segment."""

_SIZE: Final = struct.Struct("<I")


def packed(records: Sequence[Record]) -> bytes:
    """One message with these records."""
    body = marshal.dumps(list(records))
    return _SIZE.pack(len(body)) + body


class Unpacker:
    """Bytes of the socket pair in, records out."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Record]:
        """The records of all messages that `data` completes."""
        buffer = self._buffer + data if self._buffer else data
        records: list[Record] = []
        start, end = 0, len(buffer)
        while end - start >= _SIZE.size:
            behind = start + _SIZE.size + _SIZE.unpack_from(buffer, start)[0]
            if behind > end:
                break
            records += marshal.loads(buffer[start + _SIZE.size : behind])  # noqa: S302 - our own child's
            start = behind
        self._buffer = buffer[start:]
        return records
