"""One direction of one connection: bytes in, units past the rules, bytes out.

While no rule lies on the direction, bytes go on as they come and are only looked at. Once one lies there,
each unit waits until it is whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from conformance.proxy.rules import ProxyFaults, corruption
from conformance.proxy.units import Piece, Side, Splitter, Unit
from conformance.proxy.wires import Reader

if TYPE_CHECKING:
    from conformance.proxy.book import Book
    from conformance.proxy.waiting import Waiting
    from conformance.proxy.wires import Wire
    from reference.runtime.faults import FaultRule


class LineOver(Exception):  # noqa: N818 - the end of a connection, no error
    """A rule ends the connection; `abruptly` with a reset."""

    def __init__(self, *, abruptly: bool = False) -> None:
        super().__init__("ended by a rule")
        self.abruptly = abruptly


class Surroundings(Protocol):
    """What flows need of their proxy."""

    wire: Wire
    faults: ProxyFaults
    book: Book
    waiting: Waiting


class Flow:
    """One direction. `send` writes to the other side and returns when there is room for more."""

    def __init__(
        self,
        around: Surroundings,
        line: int,
        side: Side,
        splitter: Splitter,
        reader: Reader,
        send: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._around = around
        self._line = line
        self._side = side
        self._point = f"proxy.{side}"
        self._splitter = splitter
        self._reader = reader
        self._send = send
        self._ahead = 0
        self._kept_back: list[Unit] = []

    async def take(self, data: bytes) -> None:
        """Bytes have come. LineOver when a rule ends the connection; ConnectionError from `send`."""
        for piece in self._splitter.feed(data):
            await self._pass(piece)
        if not self._around.faults.armed(self._point):
            begun = self._splitter.tail(self._ahead)
            if begun:
                self._ahead += len(begun)
                await self._send(begun)

    async def finish(self) -> None:
        """The stream has ended: what is left goes on as it is."""
        for piece in self._splitter.finish():
            await self._pass(piece)
        await self._give_back()

    async def _pass(self, piece: Piece) -> None:
        ahead, self._ahead = self._ahead, 0
        unit = self._reader.read(piece, self._side)
        self._around.book.came(self._line, unit)
        rule = None
        if not ahead and self._around.faults.armed(self._point):
            rule = self._around.faults.hit(self._point, line=str(self._line), **unit.names)
        if rule is not None:
            await self._disturb(rule, unit)
            return
        self._hand_over(unit)
        await self._send(piece.raw[ahead:])
        self._around.waiting.passed(self._side)
        await self._give_back()

    async def _give_back(self) -> None:
        """What a reorder kept back goes out behind the unit that came after it."""
        kept, self._kept_back = self._kept_back, []
        for unit in kept:
            await self._deliver(unit)

    def _hand_over(self, unit: Unit) -> None:
        # Before the bytes leave: the answer may be here before `send` returns.
        self._reader.handed_over(unit)
        self._around.book.delivered(self._line, unit)

    async def _deliver(self, unit: Unit) -> None:
        self._hand_over(unit)
        await self._send(unit.raw)
        self._around.waiting.passed(self._side)

    async def _disturb(self, rule: FaultRule, unit: Unit) -> None:
        detail = f" {rule.value}" if rule.value else ""
        detail += f" {rule.delay:g}s" if rule.delay else ""
        self._around.book.disturbed(self._line, unit, f"rule {rule.id}: {rule.action}{detail}")
        await _ACTIONS[rule.action](self, rule, unit)

    # the actions

    async def _drop(self, rule: FaultRule, unit: Unit) -> None:
        """Nothing goes on."""

    async def _delay(self, rule: FaultRule, unit: Unit) -> None:
        await self._around.waiting.pause(rule.delay, real=rule.value == "real")
        await self._deliver(unit)

    async def _hold(self, rule: FaultRule, unit: Unit) -> None:
        what = f"{self._side} {unit.title}"
        await self._around.waiting.hold(self._line, what, rule.delay, real=rule.value == "real")
        await self._deliver(unit)

    async def _end(self, rule: FaultRule, unit: Unit) -> None:
        kept = unit.raw[: int(rule.value or "0")]
        self._around.book.spoiled(self._line, self._side.other)
        if kept:
            await self._send(kept)
        raise LineOver(abruptly=rule.action == "reset")

    async def _corrupt(self, rule: FaultRule, unit: Unit) -> None:
        raw = corruption(rule.value).of(unit.raw)
        heard = self._as_heard(raw)
        if heard is None:
            self._around.book.spoiled(self._line, self._side.other)
        else:
            self._hand_over(heard)
        await self._send(raw)

    async def _duplicate(self, rule: FaultRule, unit: Unit) -> None:
        for _ in range(1 + int(rule.value or "1")):
            await self._deliver(unit)

    async def _reorder(self, rule: FaultRule, unit: Unit) -> None:
        if rule.value == "wire":
            await self._around.waiting.next_unit(self._side)
            await self._deliver(unit)
        else:
            self._kept_back.append(unit)

    def _as_heard(self, raw: bytes) -> Unit | None:
        """The unit that changed bytes are to whoever gets them; None when they are no longer one."""
        pieces = self._around.wire.splitters()[self._side].feed(raw)
        if [piece.raw for piece in pieces] != [raw] or pieces[0].trouble:
            return None
        return self._around.wire.read(pieces[0], self._side, None)


_ACTIONS: dict[str, Callable[[Flow, FaultRule, Unit], Awaitable[None]]] = {
    "drop": Flow._drop,
    "delay": Flow._delay,
    "hold": Flow._hold,
    "cut": Flow._end,
    "close": Flow._end,
    "reset": Flow._end,
    "corrupt": Flow._corrupt,
    "duplicate": Flow._duplicate,
    "reorder": Flow._reorder,
}
