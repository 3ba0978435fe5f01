"""How units wait in a proxy: some time, until a person lets them go, or until another unit has passed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from conformance.proxy.units import Side
from reference.runtime.clock import LabClock, PartClock


@dataclass(slots=True, eq=False)
class _Held:
    number: int
    line: int
    what: str
    released: asyncio.Event = field(default_factory=asyncio.Event)


class Waiting:
    """All that waits in one proxy. Lives in its loop; `held` and `release` also serve other threads."""

    def __init__(self, clock: PartClock) -> None:
        self._clock = clock
        self._real = LabClock.private().part("proxy")
        self._held: dict[int, _Held] = {}
        self._numbers = 0
        self._next: dict[Side, asyncio.Event] = {side: asyncio.Event() for side in Side}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def pause(self, seconds: float, *, real: bool = False) -> None:
        """Wait some seconds of lab time, or of real time."""
        await (self._real if real else self._clock).asleep(seconds)

    async def hold(self, line: int, what: str, longest: float = 0.0, *, real: bool = False) -> None:
        """Wait until released, or for `longest` seconds where that is not 0."""
        self._loop = asyncio.get_running_loop()
        self._numbers += 1
        held = self._held[self._numbers] = _Held(self._numbers, line, what)
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(held.released.wait())]
        if longest:
            waits.append(asyncio.create_task(self.pause(longest, real=real)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            del self._held[held.number]

    def held(self) -> list[dict[str, object]]:
        """What is held now, oldest first."""
        return [{"number": one.number, "line": one.line, "unit": one.what} for one in [*self._held.values()]]

    def release(self, number: int | None = None) -> int:
        """Let one unit go, or all; gives how many. KeyError for a number that is not held."""
        chosen = [*self._held.values()] if number is None else [self._held[number]]
        for held in chosen:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(held.released.set)
        return len(chosen)

    def passed(self, side: Side) -> None:
        """A unit of this direction has gone on, on any connection."""
        self._next[side].set()
        self._next[side] = asyncio.Event()

    async def next_unit(self, side: Side) -> None:
        """Wait until the next unit of this direction has gone on."""
        await self._next[side].wait()
