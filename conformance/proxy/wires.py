"""The wires a proxy can stand on: how each is split, and what a unit of it is called and means.

`WIRES` is the table; a `Reader` is made for every connection and sees its units in order, so that an answer
can carry the names of what it answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog

from conformance.events import Layer
from conformance.proxy import reading_http, reading_kz, reading_link, reading_message
from conformance.proxy.splitting import HttpSplitter, SizedSplitter
from conformance.proxy.units import Piece, Side, Splitter, Unit
from conformance.proxy.watching import Watcher

_log = structlog.get_logger("proxy")


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire. `names` are what its rules may match, each with what it is."""

    name: str
    port: int
    title: str
    layer: Layer
    names: Mapping[str, str]
    splitters: Callable[[], dict[Side, Splitter]]
    read: Callable[[Piece, Side, Unit | None], Unit]
    watchers: Callable[[], tuple[Watcher, ...]]
    greets: bool = False
    """Whether the server speaks first: its first unit answers nothing."""

    def reader(self) -> Reader:
        """A reader for one connection."""
        return Reader(self)


class Reader:
    """Units of one connection: reads pieces, and gives answers the names of what they answer.

    Only requests that were `handed_over` are answered: a server knows nothing of what a rule dropped.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._asked: deque[Unit] = deque()
        self._greeting = wire.greets

    def read(self, piece: Piece, side: Side) -> Unit:
        """The unit a piece is; never raises, whatever the bytes are."""
        if side is Side.REQUEST:
            return self._understood(piece, side, None)
        asked = self._asked[0] if self._asked and not self._greeting else None
        self._greeting = False
        if asked is not None and not piece.interim:
            self._asked.popleft()
        unit = self._understood(piece, side, asked)
        return unit if asked is None else replace(unit, about=asked.raw)

    def _understood(self, piece: Piece, side: Side, asked: Unit | None) -> Unit:
        try:
            return self._wire.read(piece, side, asked)
        except Exception as error:  # noqa: BLE001 - what the proxy fails to read must pass all the same
            _log.error("a unit could not be read", wire=self._wire.name, raw=piece.raw.hex(), exc_info=error)
            return Unit(side, piece.raw, "unreadable", trouble=f"reading failed: {error!r}")

    def handed_over(self, unit: Unit) -> None:
        """A unit has been given to whom it is for."""
        if unit.side is Side.REQUEST:
            self._asked.append(unit)


def sized(size_of: Callable[[bytes], int | None]) -> Callable[[], dict[Side, Splitter]]:
    """Both directions of a wire whose frames tell their size."""
    return lambda: {side: SizedSplitter(size_of) for side in Side}


def _http() -> dict[Side, Splitter]:
    methods: deque[bytes] = deque()
    return {side: HttpSplitter(side, methods) for side in Side}


def _gen1(name: str, port: int, text: str) -> Wire:
    """A wire of generation 1: HTTP, judged by rules of its own."""
    return Wire(
        name,
        port,
        text,
        Layer.HTTP,
        reading_http.NAMES,
        _http,
        reading_http.read,
        reading_http.gen1_watchers,
    )


WIRES: Final[Mapping[str, Wire]] = {
    wire.name: wire
    for wire in (
        Wire(
            "module",
            4387,
            "fiscal module, APDU over TCP",
            Layer.LINK,
            reading_link.NAMES,
            sized(reading_link.size_of),
            reading_link.read,
            reading_link.watchers,
            greets=True,
        ),
        Wire(
            "rest",
            3449,
            "fiscal drive, REST",
            Layer.HTTP,
            reading_http.NAMES,
            _http,
            reading_http.read,
            reading_http.watchers,
        ),
        _gen1("rpc", 3448, "fiscal drive of the first generation, JSON-RPC"),
        _gen1("qpos", 2040, "QPOS, a wrapper of the first generation"),
        _gen1("communicator", 8347, "E-POS Communicator, a wrapper of the first generation"),
        Wire(
            "operator",
            13447,
            "operator of Uzbekistan, message version 6",
            Layer.MESSAGE,
            reading_message.NAMES,
            sized(reading_message.size_of),
            reading_message.read,
            reading_message.watchers,
        ),
        Wire(
            "kz",
            7777,
            "operator of Kazakhstan",
            Layer.MESSAGE,
            reading_kz.NAMES,
            sized(reading_kz.size_of),
            reading_kz.read,
            reading_kz.watchers,
        ),
    )
}
"""The wires by name."""
