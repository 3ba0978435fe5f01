"""The background of a register: INFO at the start, the offline queue, the poll while blocked (kz-ofd §6, §7).

One thread, one exchange at a time, all intervals in lab time. What leaves next is decided by the memory
alone, so the thread can be stopped anywhere and go on after a restart.
"""

from __future__ import annotations

import threading

from reference.kkm.core import Turn
from reference.kkm.desk import Desk, StoppedError
from reference.kkm.memory import Memory
from reference.protocol.kz.client import Action, Mode
from reference.protocol.kz.dialects import Command
from reference.runtime.journal import JournalError
from reference.runtime.part_clock import Deadline

FLUSHING = (Mode.OFFLINE, Mode.OFFLINE_EXPIRED)
STILL = (Mode.QUEUE_BLOCKED, Mode.TOKEN_INVALID, Mode.HALTED)
"""Modes in which nothing is sent."""


class Sender:
    """The sending thread. `flowing`: the line has just been good, so the next message leaves at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._due: Deadline | None = None
        self._flowing = False
        self._thread = threading.Thread(target=self._run, name="register-sender", daemon=True)

    def start(self) -> None:
        """Begin with what the memory asks for."""
        self._thread.start()

    def join(self) -> None:
        """Return when the thread has ended; `Desk.stop` must have been called."""
        self._thread.join()

    def follow(self, turn: Turn) -> None:
        """Go on after a turn that a key made: at once if the queue is to flow, else by the interval."""
        self._plan(turn)
        self._desk.waiting.kick()

    def at_once(self) -> None:
        """Begin anew with what the memory asks for, without waiting for the interval."""
        with self._lock:
            self._due, self._flowing = None, False
        self._desk.waiting.kick()

    def _run(self) -> None:
        desk = self._desk
        desk.waiting.begin()
        try:
            while not desk.waiting.stopped:
                self._look()
        except StoppedError:
            return
        except BaseException as error:
            # A register that delivers nothing any more must not look alive.
            desk.events.record("sender.failed", text=str(error) or type(error).__name__)
            desk.stop()
            if not isinstance(error, JournalError):
                raise

    def _look(self) -> None:
        """One look at the memory: one exchange, or a rest until there may be something to do."""
        memory = self._desk.look_at_limit()
        if not _has_work(memory):
            self._desk.waiting.rest(None)
            return
        with self._lock:
            due = self._due
        if due is not None and not due.passed:
            self._desk.waiting.rest(due)
            return
        with self._desk.wire:
            memory = self._desk.look_at_limit()
            if _has_work(memory):
                self._plan(self._exchange(memory))

    def _exchange(self, memory: Memory) -> Turn | None:
        """What the mode wants now; None: no answer, the interval begins (kz-ofd MD-09)."""
        desk = self._desk
        if memory.mode in (Mode.START, Mode.ONLINE):
            return desk.serve(Command.INFO)[0]
        if memory.mode is Mode.SERVER_BLOCKED:
            return desk.ping()
        if not self._flowing and desk.rules.pings(memory):
            return desk.ping()
        if memory.in_flight is None:
            with desk.lock:
                if not desk.memory.queue:
                    return desk.ping()
                desk.keep(Turn(desk.core.next_sent(desk.memory)), "next")
        return desk.attempt()

    def _plan(self, turn: Turn | None) -> None:
        """Set when the next exchange is due: at once, or after the reconnect interval."""
        flows = turn is not None and (turn.does(Action.SEND_NEXT) or turn.memory.mode is Mode.ONLINE)
        with self._lock:
            self._flowing = flows
            interval = self._desk.settings.reconnect_seconds
            self._due = None if flows else self._desk.clock.deadline(interval)


def _has_work(memory: Memory) -> bool:
    if memory.token == 0 or memory.mode in STILL:
        return False
    return memory.mode is not Mode.ONLINE or memory.info_due
