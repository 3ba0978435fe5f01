"""What passes through a proxy: pieces as a splitter cuts them, and units as a wire reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Side(StrEnum):
    """Which way a unit goes: from the client (request) or from the server (response)."""

    REQUEST = "request"
    RESPONSE = "response"

    @property
    def other(self) -> Side:
        """The opposite direction."""
        return Side.RESPONSE if self is Side.REQUEST else Side.REQUEST


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive bytes of one direction: a whole unit, or with `trouble` what could not be understood.

    `interim` marks an answer before the answer (HTTP 100), which leaves its request unanswered.
    """

    raw: bytes
    trouble: str = ""
    interim: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """One request or answer. `names` are what rules may match; `value` is the decoded message for watchers,
    None where it cannot be read, and `trouble` then says why. `about` is the request that an answer answers.
    """

    side: Side
    raw: bytes
    title: str
    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    value: object = None
    trouble: str = ""
    interim: bool = False
    about: bytes = b""


class Splitter(Protocol):
    """Cuts the bytes of one direction into pieces and loses none of them. Without I/O."""

    @property
    def pending(self) -> bytes:
        """Bytes of a piece that is not complete yet."""

    def tail(self, start: int) -> bytes:
        """Those bytes without the first `start`."""

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces that `data` completes."""

    def finish(self) -> list[Piece]:
        """What the end of the stream completes: all that is left."""
