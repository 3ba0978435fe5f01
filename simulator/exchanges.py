"""Commands of many modules from frame to answer: fault points, execution, one commit for all of a loop turn.

A shell calls `submit` and gets its answer by callback: at once for a question that nothing unsafe stands
behind, else after the one commit that ends this turn of the event loop. None instead of an answer means that
the power is gone. Nothing is answered before it is durable (uz-fiscal FM-S-08).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import structlog

from reference.protocol.uz.apdu import Command, status_text
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.status_words import StatusWord
from reference.runtime.clock import PartClock
from reference.runtime.faults import FaultPoints, FaultRule
from reference.runtime.journal import JournalError, TornWriteError, journal_actions, journal_points
from simulator.cable_points import CABLE_ACTIONS, CABLE_POINTS
from simulator.flash import WRITE_POINT
from simulator.rack import Rack, Slot
from simulator.sealing import Decision

Done: TypeAlias = Callable[[bytes | None], None]

COMMAND: Final = "apdu.command"
COMMIT: Final = "apdu.commit"
REPLY: Final = "apdu.reply"
CONNECT: Final = "link.connect"
LATENCY: Final = "link.latency"

_CONTEXT: Final = "context: apdu (hex), command (name), terminal, module (index)"
FAULT_POINTS: Final[dict[str, str]] = {
    LATENCY: f"a command is on its way in; {_CONTEXT}",
    COMMAND: f"a command has arrived and is not executed yet; {_CONTEXT}",
    COMMIT: f"a command is decided and nothing of it is on the flash yet; {_CONTEXT}",
    REPLY: f"the command's changes are safe, its answer is about to leave; {_CONTEXT}",
    CONNECT: "a host connects; context: terminal, module (index)",
    **journal_points(WRITE_POINT),
    **CABLE_POINTS,
}
FAULT_ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    LATENCY: ("delay",),
    COMMAND: ("drop", "delay", "sw"),
    COMMIT: ("drop", "delay", "sw"),
    REPLY: ("drop", "delay", "sw"),
    CONNECT: ("drop", "delay"),
    **journal_actions(WRITE_POINT),
    **CABLE_ACTIONS,
}
"""What each point can do: drop the connection, wait `delay` seconds, answer the status word in `value`."""

_log = structlog.get_logger("exchanges")


@lru_cache(maxsize=512)
def command_name(header: bytes) -> str:
    """Name of the instruction with this header, its hex if there is none."""
    return Command(*header).title if len(header) == 4 else header.hex()


class Exchanges:
    """The work of one event loop on one rack."""

    def __init__(self, rack: Rack, faults: FaultPoints, clock: PartClock) -> None:
        self.rack = rack
        self.faults = faults
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Decided] = []
        self._deciding: set[int] = set()
        self._hosts = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, slot: Slot, apdu: bytes, done: Done) -> None:
        """Take one command. `done` is called once, unless the power goes while a fault delays it."""
        rule = self.hit(LATENCY, slot, apdu)
        if rule is None:
            self._arrive(slot, apdu, done)
        else:
            self.later(rule.delay, slot, lambda: self._arrive(slot, apdu, done))

    async def transact(self, slot: Slot, apdu: bytes) -> bytes | None:
        """`submit` for shells that wait; None when the power is gone."""
        answered: asyncio.Future[bytes | None] = self._loop.create_future()
        self.submit(slot, apdu, answered.set_result)
        return await answered

    def power_on(self, slot: Slot, ready: Callable[[], None], refused: Callable[[], None]) -> None:
        """Power for a host that has connected; `ready` when the module is there, `refused` by a fault."""
        self._hosts += 1
        slot.module.power_up()
        slot.power += 1
        rule = self.faults.hit(CONNECT, terminal=slot.terminal, module=str(slot.index))
        if rule is None:
            ready()
        elif rule.action == "delay":
            self.later(rule.delay, slot, ready)
        else:
            refused()

    def power_off(self, slot: Slot) -> None:
        """The host has gone: what is decided goes to the flash, what lives in RAM is lost (EM-06)."""
        self._hosts -= 1
        slot.module.power_up()
        slot.power += 1

    def flush(self) -> None:
        """Bring all that is decided to the flash, let it take effect, and let the answers go."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        self._deciding.clear()
        try:
            self.rack.keep([(one.slot, one.decided) for one in waiting])
        except JournalError as error:
            self._fail(waiting, error)
            return
        for one in waiting:
            self._reply(one.slot, one.apdu, one.answer, one.done)
        self.rack.tidy()
        if self._hosts == 1:
            self._loop.call_soon(waiting[0].slot.module.look_ahead)

    def later(self, seconds: float, slot: Slot, then: Callable[[], None]) -> None:
        """Run `then` after lab seconds, if the module's power has not been touched by then."""
        power = slot.power

        def unless_touched() -> None:
            if slot.power == power:
                then()

        self.after(seconds, unless_touched)

    def after(self, seconds: float, then: Callable[[], None]) -> asyncio.Task[None]:
        """Run `then` in this loop when that much lab time has passed from now."""
        deadline = self._clock.deadline(seconds)

        async def wait() -> None:
            await self._clock.asleep(deadline)
            then()

        return self.spawn(wait())

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` beside the commands until it ends or the exchanges are closed."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def close(self) -> None:
        """Bring what is decided to the flash and forget what is delayed."""
        for task in self._tasks:
            task.cancel()
        self.flush()

    def _arrive(self, slot: Slot, apdu: bytes, done: Done) -> None:
        rule = self.hit(COMMAND, slot, apdu)
        if rule is None:
            self._execute(slot, apdu, done)
        else:
            self._disturb(rule, slot, done, lambda: self._execute(slot, apdu, done))

    def _execute(self, slot: Slot, apdu: bytes, done: Done) -> None:
        if slot.index in self._deciding:
            self.flush()
        try:
            answer, decided = slot.module.decide(apdu)
        except Exception:  # noqa: BLE001 - a mistake in the emulator costs one answer, not the bench
            _log.exception("command failed", terminal=slot.terminal, apdu=apdu.hex())
            answer, decided = StatusWord.UNKNOWN.wire, ()
        slot.exchanges.append((apdu, answer))
        if not decided:
            self._reply(slot, apdu, answer, done)
            return
        one = _Decided(slot, apdu, answer, decided, done)
        rule = self.hit(COMMIT, slot, apdu)
        if rule is None:
            self._wait_for_flash(one)
        else:
            self._disturb(rule, slot, done, lambda: self._wait_for_flash(one))

    def _wait_for_flash(self, one: _Decided) -> None:
        self._waiting.append(one)
        self._deciding.add(one.slot.index)
        if self._hosts == 1:
            self.flush()  # nobody else is there to share the commit with
        elif len(self._waiting) == 1:
            self._loop.call_soon(self.flush)

    def _reply(self, slot: Slot, apdu: bytes, answer: bytes, done: Done) -> None:
        rule = self.hit(REPLY, slot, apdu)
        if rule is None:
            done(answer)
        else:
            self._disturb(rule, slot, done, lambda: done(answer))

    def hit(self, point: str, slot: Slot, apdu: bytes) -> FaultRule | None:
        """The rule that acts on a command at this point now, if any."""
        if not self.faults.armed(point):
            return None
        return self.faults.hit(
            point,
            apdu=apdu.hex(),
            command=command_name(apdu[:4]),
            terminal=slot.terminal,
            module=str(slot.index),
        )

    def _disturb(self, rule: FaultRule, slot: Slot, done: Done, go_on: Callable[[], None]) -> None:
        if rule.action == "delay":
            self.later(rule.delay, slot, go_on)
        elif rule.action == "sw":
            done(_word(rule.value))
        else:
            done(None)

    def _fail(self, waiting: list[_Decided], error: JournalError) -> None:
        """Nobody hears that it worked. After a torn write the power is gone; else the module says 6F00."""
        power_is_gone = isinstance(error, TornWriteError)
        _log.error("flash failed", text=str(error), answers=len(waiting))
        self.rack.recover()
        for one in waiting:
            if power_is_gone:
                one.slot.module.power_up()
                one.slot.power += 1
            one.done(None if power_is_gone else StatusWord.UNKNOWN.wire)


def _word(text: str) -> bytes:
    """The status word that a fault rule names in four hex digits; 6F00 for anything else."""
    return bytes.fromhex(text) if re.fullmatch("[0-9A-Fa-f]{4}", text) else StatusWord.UNKNOWN.wire


class _Decided(NamedTuple):
    """A command whose changes wait for the flash."""

    slot: Slot
    apdu: bytes
    answer: bytes
    decided: tuple[Decision, ...]
    done: Done


def describe(apdu: bytes, answer: bytes) -> dict[str, str]:
    """One exchange for people: the command's name and bytes, the answer's bytes and word."""
    try:
        name = Command.decode(apdu, trailing_le=True).title
    except CodecError as error:
        name = str(error)
    word = int.from_bytes(answer[-2:], "big")
    return {"command": name, "apdu": apdu.hex(), "answer": answer.hex(), "status": status_text(word)}
