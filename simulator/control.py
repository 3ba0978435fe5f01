"""The module part as the control API sees it: state, snapshot, reset, and what a hand can do at the bench.

Requests come from HTTP threads; everything that touches a module runs in the loop that serves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, Field

from reference.runtime.control import Operation, Part
from reference.runtime.duration import Duration
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import JournalError
from simulator.control_bodies import ReaderHands
from simulator.exchanges import LATENCY, Exchanges
from simulator.flash import Flash
from simulator.rack import Rack, Slot
from simulator.settings import ModuleSettings, SettingsError
from simulator.shells.body import Body
from simulator.shells.tcp import ModulePort
from simulator.shells.usb_bench import UsbBench
from simulator.view import module_view
from simulator.which import Which

PATIENCE: Final = 30.0
"""Real seconds a request waits for the loop: a guard against a hung bench, no protocol time."""

_Result = TypeVar("_Result")


class Unplug(Which):
    """For how long."""

    seconds: Annotated[Duration, Field(gt=0)] | None = Field(
        default=None, description="lab time after which it is plugged in again; empty: until plug"
    )


class Latency(Which):
    """How slow."""

    milliseconds: float = Field(ge=0, le=3_600_000, description="lab time before each command; 0: none")


class Taxpayer(Which):
    """Whose module it is."""

    stir: str = Field(pattern=r"^([0-9]{9}|[0-9]{14})$", description="STIR or PINFL; for good")


class Inspect(Which):
    """How much of it."""

    records: int = Field(default=1000, ge=0, le=65_536, description="Z-reports and receipts listed, each")


class BrownOut(Which):
    """How often."""

    times: int = Field(default=10, ge=1, le=1000, description="how often the power goes and comes")


class Replacement(Which):
    """Another module for that place."""

    new_terminal: str = Field(description="ZZ and 12 digits, not in this rack yet")
    settings: dict[str, Any] = Field(default_factory=dict, description="as for reset")


class ModulePart(Part):
    """All modules of the process, seen and handled from outside."""

    name = "module"

    def __init__(
        self,
        rack: Rack,
        exchanges: Exchanges,
        ports: Sequence[ModulePort],
        faults: FaultPoints,
        loop: asyncio.AbstractEventLoop,
        bodies: Sequence[Body] = (),
        usb: UsbBench | None = None,
    ) -> None:
        self._rack = rack
        self._exchanges = exchanges
        self._ports = ports
        self._bodies = bodies
        self._faults = faults
        self._loop = loop
        self.readers = ReaderHands(self._do, self._slot, bodies, usb)

    def state(self) -> dict[str, Any]:
        """Every module with its newest records; `inspect` gives more of one."""
        return self._do(lambda: {"modules": [self._view(slot) for slot in self._rack.slots]})

    def snapshot(self, folder: Path) -> None:
        """A flash of its own in `folder`, as a restart would read it."""

        def write() -> None:
            self._exchanges.flush()
            copy = Flash(folder)
            for _ in copy.read():
                raise SettingsError("snapshot", "empty", f"{folder} holds a flash already")
            copy.compact(self._rack.states, now=True)
            copy.close()

        self._do(write)

    def restore(self, folder: Path) -> None:
        """All modules as they were; hosts lose their connections."""

        def read() -> None:
            self._exchanges.flush()
            copy = Flash(folder)
            try:
                self._rack.load(copy.read())
            finally:
                copy.close()
            self._cut_all()

        self._do(read)

    def reset(self, settings: dict[str, Any]) -> None:
        """New modules in the places of all, or of the one that `index` names.

        The other settings are those of ModuleSettings. A module keeps its terminal unless told otherwise;
        with several modules `terminal` names the first, the others count on from it.
        """
        given = dict(settings)
        index = given.pop("index", None)
        wanted = self._wanted(given, index)

        async def renew() -> None:
            self._exchanges.flush()
            self._rack.replace_all(wanted)
            for slot, _ in wanted:
                self._cut(slot)
                await self._put_in(slot)

        self._run(renew())

    def operations(self) -> dict[str, Operation]:
        """What a hand can do."""
        table: tuple[tuple[str, str, type[BaseModel], Callable[[Any], Mapping[str, Any] | None]], ...] = (
            ("unplug", "Pull the module out: hosts lose it and find nothing", Unplug, self._unplug),
            ("plug", "Put the module back in", Which, self._plug),
            ("power-cut", "Take the power for a moment; memory stays", Which, self._power_cut),
            (
                "brown-out",
                "Let the power go again and again while the flash is read",
                BrownOut,
                self._brown_out,
            ),
            ("lock", "Lock by hand, past the operator (for tests)", Which, self._lock),
            ("unlock", "Unlock by hand, past the operator (for tests)", Which, self._unlock),
            ("set-latency", "Make the module slow", Latency, self._set_latency),
            ("set-taxpayer", "Write the taxpayer's number, for good", Taxpayer, self._set_taxpayer),
            ("replace", "Put another, new module into this place", Replacement, self._replace),
            ("inspect", "Show one module with all its records", Inspect, self._inspect),
            *self.readers.rows(),
        )
        return {name: Operation(text, model, run) for name, text, model, run in table}

    # --- the hands ----------------------------------------------------------------------------------------

    def _unplug(self, body: Unplug) -> None:
        def pull() -> None:
            slot = self._slot(body)
            port = self._ports[slot.index]
            port.unplug()
            for other in self._others(slot):
                other.unplug()
            if body.seconds is not None:
                port.plug_after(body.seconds, lambda: self._put_in(slot))

        self._do(pull)

    def _plug(self, body: Which) -> None:
        self._run(self._put_in(self._slot(body)))

    def _power_cut(self, body: Which) -> None:
        def cut() -> None:
            slot = self._slot(body)
            self._exchanges.flush()
            self._cut(slot)
            self._rack.power_cut(slot)

        self._do(cut)

    def _brown_out(self, body: BrownOut) -> None:
        def shake() -> None:
            slot = self._slot(body)
            self._exchanges.flush()
            for _ in range(body.times):
                self._cut(slot)
                self._rack.recover()
                self._rack.power_cut(slot)

        self._do(shake)

    def _lock(self, body: Which) -> None:
        self._turn_lock(body, locked=True)

    def _unlock(self, body: Which) -> None:
        self._turn_lock(body, locked=False)

    def _turn_lock(self, body: Which, *, locked: bool) -> None:
        def turn() -> None:
            self._exchanges.flush()
            self._rack.lock(self._slot(body), locked)

        self._do(turn)

    def _set_latency(self, body: Latency) -> None:
        slot = self._slot(body)
        rule = f"latency-{slot.index}"
        if rule in {laid.id for laid in self._faults.rules()}:
            self._faults.remove(rule)
        if body.milliseconds:
            self._faults.add(
                id=rule,
                point=LATENCY,
                action="delay",
                delay=body.milliseconds / 1000,
                count=None,
                match={"module": str(slot.index)},
            )

    def _set_taxpayer(self, body: Taxpayer) -> None:
        def write() -> None:
            self._exchanges.flush()
            self._rack.set_taxpayer(self._slot(body), body.stir)

        self._do(write)

    def _replace(self, body: Replacement) -> None:
        def exchange() -> None:
            slot = self._slot(body)
            self._exchanges.flush()
            self._rack.replace_all([(slot, _settings(body.settings, body.new_terminal))])
            self._cut(slot)

        self._do(exchange)

    def _inspect(self, body: Inspect) -> dict[str, Any]:
        return self._do(lambda: self._view(self._slot(body), body.records))

    # --- plumbing -----------------------------------------------------------------------------------------

    def _view(self, slot: Slot, listed: int = 20) -> dict[str, Any]:
        port = self._ports[slot.index]
        host, number = port.address
        return {
            "address": f"{host}:{number}",
            "plugged": port.plugged,
            "connected": port.connected,
            "bodies": {
                body.kind: {"address": body.address, "plugged": body.plugged, "connected": body.connected}
                for body in self._others(slot)
            },
            **module_view(slot, listed),
        }

    def _others(self, slot: Slot) -> list[Body]:
        """The module's bodies besides its TCP port."""
        return [body for body in self._bodies if body.slot is slot]

    def _cut(self, slot: Slot) -> None:
        self._ports[slot.index].cut()
        for body in self._others(slot):
            body.cut()

    async def _put_in(self, slot: Slot) -> None:
        await self._ports[slot.index].plug()
        for body in self._others(slot):
            await body.plug()

    def _slot(self, which: Which) -> Slot:
        if which.terminal is not None:
            return self._rack.find(which.terminal)
        return self._rack.at(which.index or 0)

    def _wanted(self, given: dict[str, Any], index: object) -> list[tuple[Slot, ModuleSettings]]:
        if index is not None:
            if isinstance(index, bool) or not isinstance(index, int):
                raise SettingsError("index", "integer", "index is the place of a module in the rack, from 0")
            slot = self._rack.at(index)
            return [(slot, _settings(given, given.get("terminal", slot.terminal)))]
        first = given.get("terminal")
        if given.get("factory_id") is not None and len(self._rack.slots) > 1:
            raise SettingsError("factory_id", "unique", "a factory id is for one module: give its index")
        return [
            (slot, _settings(given, slot.terminal if first is None else counted_on(first, slot.index)))
            for slot in self._rack.slots
        ]

    def _cut_all(self) -> None:
        for slot in self._rack.slots:
            self._cut(slot)

    def _do(self, work: Callable[[], _Result]) -> _Result:
        async def run() -> _Result:
            return work()

        return self._run(run())

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(self._guarded(work), self._loop).result(PATIENCE)

    async def _guarded(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        try:
            return await work
        except JournalError as error:
            self._rack.recover()
            raise SettingsError("flash", "failed", str(error)) from error


def _settings(given: dict[str, Any], terminal: object) -> ModuleSettings:
    return ModuleSettings.checked({**given, "terminal": terminal})


def counted_on(terminal: object, steps: int) -> str:
    """The terminal id `steps` after this one; SettingsError when it is none or they run out."""
    first = ModuleSettings.checked({"terminal": terminal}).terminal
    return ModuleSettings.checked({"terminal": f"{first[:2]}{int(first[2:]) + steps:012}"}).terminal
