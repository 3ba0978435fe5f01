"""What a case orders the judge's OFD to do with a request: answer well, refuse, cut, stay silent, or garble.

An order is a value; `OfdStand` keeps a list of them and takes the first that fits the request at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any


class Line(Enum):
    """What becomes of the connection."""

    ANSWERED = "the answer goes out whole"
    CUT_BEFORE = "closed before a byte of the request is read"
    CUT_AFTER = "closed when the request has been read"
    SILENT = "kept open without a byte"
    HALF = "closed after some bytes of the answer"


Fill = Callable[[Any], None]
"""Changes a Response before it is written."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to do with one request.

    `code`: refuse with it; None answers as the books say. `counted`: whether an accepted document is booked.
    `token`, `header`: what the answer's header holds instead. `body`, `raw`: these bytes instead of the
    body, of the whole frame. `keep`: bytes sent before the cut of HALF. `piece`: bytes a segment. `copies`:
    how often the answer is written in one go. `command`: only a request of this number takes the order.
    """

    code: int | None = None
    text: str | None = None
    line: Line = Line.ANSWERED
    counted: bool = True
    token: int | None = None
    header: Mapping[str, int] = field(default_factory=dict)
    fill: Fill | None = None
    body: bytes | None = None
    raw: bytes | None = None
    keep: int = 0
    piece: int = 0
    copies: int = 1
    command: int | None = None

    def only(self, command: int) -> Order:
        """The same, for requests of one command."""
        return replace(self, command=command)


def accept(*, token: int | None = None, fill: Fill | None = None) -> Order:
    """A good answer by the books; `token` instead of the one they would give."""
    return Order(token=token, fill=fill)


def refuse(
    code: int, text: str | None = None, *, token: int | None = None, fill: Fill | None = None
) -> Order:
    """A refusal; its text is the code's own unless given."""
    return Order(code, text, token=token, fill=fill)


def silence(*, counted: bool = False) -> Order:
    """No answer, the connection left open; `counted`: the document is booked all the same."""
    return Order(line=Line.SILENT, counted=counted)


def cut_before() -> Order:
    """The connection is reset as soon as it stands."""
    return Order(line=Line.CUT_BEFORE, counted=False)


def cut_after(*, counted: bool = False) -> Order:
    """The request is read, then the connection closes; `counted`: the document was booked all the same."""
    return Order(line=Line.CUT_AFTER, counted=counted)


def half(keep: int = 9, *, counted: bool = True) -> Order:
    """Some bytes of the answer, then the connection closes."""
    return Order(line=Line.HALF, keep=keep, counted=counted)


def changed(**header: int) -> Order:
    """A good answer that is not counted, with other figures in its header.

    Names: `appcode`, `version`, `size`, `id`, `token`, `reqnum`.
    """
    return Order(header=header, counted=False)


def garbled(body: bytes) -> Order:
    """A frame of the right header whose body is these bytes."""
    return Order(body=body, counted=False)


def bytes_only(raw: bytes) -> Order:
    """These bytes instead of a frame, then the connection closes."""
    return Order(raw=raw, counted=False)


def in_pieces(size: int = 1) -> Order:
    """A good answer in segments of so many bytes."""
    return Order(piece=size)


def doubled(copies: int = 2) -> Order:
    """A good answer written several times in one segment."""
    return Order(copies=copies)
