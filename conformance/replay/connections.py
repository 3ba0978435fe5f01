"""Connections to the second device, opened, used and closed as the transcript tells.

A transcript tells by a number which of two connections open at once bytes and closes belong to. Where it does
not, as one written by a proxy, what is sent goes to the one opened last.
"""

from __future__ import annotations

from collections.abc import Callable

from conformance.drivers.wire import BY_US, NOT_OPENED, RESET_BY_US, Wire
from conformance.events import Direction, Exchange, Layer
from conformance.proxy import reading_kz, reading_link, reading_message
from conformance.verdicts import AnswerMissing, TargetUnreachable
from reference.links.address import Endpoint
from reference.protocol.kz.frames import APPCODE

_SIZES = {Layer.LINK: reading_link.size_of, Layer.MESSAGE: reading_message.size_of}
"""How long a frame of a layer is, by its beginning."""

_KZ_BEGINNING = APPCODE.to_bytes(2, "little")

CLOSE_SECONDS = 1.0
"""Real seconds in which a peer that closed then must close now."""


def unheard(layer: Layer, direction: Direction, raw: bytes, about: bytes = b"", line: int = 0) -> None:
    """What a second device says is compared, not written down."""


class Connections:
    """Bare connections of one case, or of one line of a proxy, to the device at `endpoint`."""

    def __init__(self, endpoint: Endpoint, layer: Layer, seconds: float, *, one_each: bool = False) -> None:
        self._endpoint = endpoint
        self._layer = layer
        self._seconds = seconds
        self._one_each = one_each
        self._open: list[Wire] = []
        self._of_line: dict[int, Wire] = {}
        self._answered = False
        self._greeted = False

    def send(self, raw: bytes, line: int = 0) -> None:
        """Send bytes, whole frames or halves, on connection `line`, or the one opened last, or a new one."""
        if self._one_each and self._answered and not line:
            self.close()
        try:
            self._wire(line).send(raw)
        except AnswerMissing:
            return  # what was to come shows that it does not

    def heard(self, was: Exchange) -> Exchange:
        """What comes where `was` came then, in place of it."""
        self._answered = True
        if self._layer is Layer.LINK and is_greeting(was) and not was.line:
            if self._open and self._greeted:
                self._open.append(self._dial())
            self._greeted = True
        wire = self._wire(was.line)
        for finish in (False, True):
            if finish:
                # A transcript does not tell that our direction was closed; some answers wait for that.
                wire.finish_sending()
            try:
                got = self._unit(wire, was.raw, self._patience(finish))
            except AnswerMissing:
                continue
            if not got:
                self._forget(wire)
                return _closed(was)
            return _like(was, got)
        return _like(was, b"")

    def closed(self, was: Exchange) -> Exchange | None:
        """Close as it was done then, or see whether the peer closes too; None where nothing compares."""
        if was.about == NOT_OPENED:
            return self._not_opened(was)
        found = self._of_line.get(was.line) if was.line else next(reversed(self._open), None)
        if found is None:
            return None
        wire = found
        if was.about in (BY_US, RESET_BY_US):
            self._forget(wire, abruptly=was.about == RESET_BY_US)
            return None
        closed = wire.closed_by_peer(CLOSE_SECONDS)
        if not closed:
            wire.finish_sending()
            closed = wire.closed_by_peer(CLOSE_SECONDS)
        self._forget(wire)
        return _closed(was) if closed else _like(was, b"")

    def close(self) -> None:
        """Close everything that is open."""
        for wire in self._open:
            wire.close()
        self._open.clear()
        self._of_line.clear()
        self._answered = False

    def _unit(self, wire: Wire, was: bytes, seconds: float) -> bytes:
        """One frame where one came then, else as many bytes as then."""
        size_of = reading_kz.size_of if was[:2] == _KZ_BEGINNING else _SIZES.get(self._layer)

        if size_of is None or _size(size_of, was, 0) != len(was):
            return wire.receive_until(lambda data: len(data) >= len(was), limit=len(was), seconds=seconds)
        sized = size_of
        return wire.receive_sized(lambda data: _size(sized, data, len(was)), seconds=seconds)

    def _patience(self, finished: bool) -> float:
        return CLOSE_SECONDS if finished else min(self._seconds, 2 * CLOSE_SECONDS)

    def _not_opened(self, was: Exchange) -> Exchange:
        try:
            self._dial().close()
        except TargetUnreachable:
            return _closed(was)
        return _like(was, b"")

    def _wire(self, line: int) -> Wire:
        """The connection of this number; without one the one opened last."""
        if line:
            if line not in self._of_line:
                self._of_line[line] = self._dial()
                self._open.append(self._of_line[line])
            return self._of_line[line]
        if not self._open:
            self._open.append(self._dial())
            self._answered = self._greeted = False
        return self._open[-1]

    def _dial(self) -> Wire:
        return Wire(self._endpoint, unheard, self._layer, self._seconds)

    def _forget(self, wire: Wire, *, abruptly: bool = False) -> None:
        wire.close(abruptly=abruptly)
        self._open.remove(wire)
        self._of_line = {line: each for line, each in self._of_line.items() if each is not wire}


def _size(size_of: Callable[[bytes], int | None], data: bytes, otherwise: int) -> int | None:
    """Size of the frame that `data` begins, None while that is open, `otherwise` where it begins none."""
    try:
        return size_of(data) if data else None
    except ValueError:
        return otherwise


def is_greeting(exchange: Exchange) -> bool:
    """Whether a module says its answer to reset by itself, in a frame of the link."""
    raw = exchange.raw
    return not exchange.about and len(raw) > 1 and raw[0] == len(raw) - 1 and raw[1] in (0x3B, 0x3F)


def _like(was: Exchange, raw: bytes) -> Exchange:
    return Exchange(was.target, was.case_id, was.lab_time, was.layer, Direction.RECEIVED, raw, was.about)


def _closed(was: Exchange) -> Exchange:
    return Exchange(was.target, was.case_id, was.lab_time, was.layer, Direction.CLOSED, b"", was.about)
