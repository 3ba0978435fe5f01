"""The register as its keys, its page and its control part see it."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from reference.kkm.booking import shift_age
from reference.kkm.defects import rules_with_defects
from reference.kkm.desk import Desk, StoppedError
from reference.kkm.keys import DocumentKeys, RefusalError
from reference.kkm.memory import Memory, Packet, fresh_memory, registration_of
from reference.kkm.sender import Sender
from reference.kkm.service_keys import ServiceKeys
from reference.kkm.settings import RegisterSettings
from reference.kkm.store import Store
from reference.kkm.texts import LOCAL_TEXTS
from reference.kkm.values import (
    KEYS,
    LastResult,
    Local,
    Order,
    Outcome,
    Pressed,
    PrintedDocument,
    RegisterState,
    ShiftState,
    Waiting,
)
from reference.protocol.kz import tally
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.money import to_almaty
from reference.runtime.clock import PartClock
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import JournalError

DOCUMENT_KEYS: Final = frozenset(
    {"sell", "buy", "sell-return", "buy-return", "deposit", "withdraw", "x", "z", "cancel"}
)
FAULT_POINTS: Final = {
    "register.connect": "before a connection is made; refuse, delay",
    "register.before-send": "connected, before the frame goes out; drop, delay",
    "register.after-send": "after the frame went out, before its answer is read; drop, delay",
    "register.half-answer": "with `value` bytes (default 9) of the answer read; drop",
    "register.before-store": "before a change is made durable; delay",
    "register.after-store": "after it was made durable; delay",
    "register.before-print": "a document is durable, its key not yet answered; delay",
}
"""Fault points of a register beside those of its journal. Context of the first four: command (its name); of
the stores: step (sent, answered, lost, queued, next, served …); of print: kind."""
FAULT_ACTIONS: Final = {
    "register.connect": ("refuse", "delay"),
    "register.before-send": ("drop", "delay"),
    "register.after-send": ("drop", "delay"),
    "register.half-answer": ("drop",),
    "register.before-store": ("delay",),
    "register.after-store": ("delay",),
    "register.before-print": ("delay",),
}
"""What each point can do, beside crash."""


class RegisterError(Exception):
    """The folder holds another register, or its journal cannot be used."""


class Register:
    """One register; safe to use from any thread, key presses take turns."""

    def __init__(self, desk: Desk, sender: Sender, rng: random.Random) -> None:
        self._desk = desk
        self._sender = sender
        self._documents = DocumentKeys(desk, sender)
        self._service = ServiceKeys(desk, sender, rng)
        self._keys = threading.Lock()

    @classmethod
    def open(
        cls,
        folder: Path,
        settings: RegisterSettings,
        clock: PartClock,
        faults: FaultPoints,
        events: EventLog,
        rng: random.Random,
    ) -> Register:
        """Take up what the folder holds, or begin anew; start the sender: INFO leaves at once.

        Of the settings, token, server, reqnum and shift count in a new folder only. Raises RegisterError,
        UnknownDefectError.
        """
        rules = rules_with_defects(settings)
        try:
            store = Store(folder, faults, settings.version, settings.documents_kept)
        except JournalError as error:
            raise RegisterError(str(error)) from error
        memory = store.memory or fresh_memory(settings)
        if memory.device_id != settings.device_id:
            store.close()
            raise RegisterError(f"{folder} belongs to register {memory.device_id}, not {settings.device_id}")
        desk = Desk(store, memory, settings, rules, clock, faults, events)
        turn = desk.keep(desk.core.power_on(memory, clock.now()), "power-on")
        for document in turn.documents:
            events.record("recovered", number=document.number, kind=document.kind.value)
        sender = Sender(desk)
        register = cls(desk, sender, rng)
        sender.start()
        return register

    def close(self) -> None:
        """Break off what is under way and let go of the folder; keys then answer `stopped`."""
        self._desk.stop()
        self._sender.join()
        with self._keys, self._desk.lock:
            self._desk.store.close()

    @property
    def settings(self) -> RegisterSettings:
        """What is in force."""
        return self._desk.settings

    def press(self, key: str, order: Order) -> Pressed:
        """Press a key of values.KEYS; return when its outcome is known.

        KeyError for another key, TypeError for another key's order.
        """
        if not isinstance(order, KEYS[key]):
            raise TypeError(f"{key} takes a {KEYS[key].__name__}, not a {type(order).__name__}")
        with self._keys:
            if self._desk.waiting.stopped:
                return self._stopped(LOCAL_TEXTS[Local.STOPPED])
            try:
                keys = self._documents if key in DOCUMENT_KEYS else self._service
                return keys.press(key, order)
            except StoppedError:
                return self._stopped(LOCAL_TEXTS[Local.STOPPED])
            except JournalError as error:
                self._desk.stop()
                return self._stopped(str(error))

    def state(self) -> RegisterState:
        """What a person would see; never waits for a key or the line."""
        desk = self._desk
        with desk.lock:
            memory = desk.core.limited(desk.memory, desk.clock.now())
        counters = memory.counters
        code = memory.last_code
        sums = {kind: counters.total(tally.NON_NULLABLE, kind) for kind in Operation}
        age = shift_age(counters, desk.local)
        return RegisterState(
            mode=memory.mode,
            device_id=memory.device_id,
            version=desk.settings.version,
            reqnum=memory.reqnum,
            token_known=memory.token != 0,
            server=memory.server,
            shift=ShiftState(
                counters.shift is not None, counters.shift_number, counters.opened, age.total_seconds() / 3600
            ),
            cash=counters.cash,
            non_nullable=sums,
            queue_length=memory.queue_length,
            head=_head(memory),
            in_flight=None if memory.in_flight is None else _waiting(memory.in_flight),
            offline_since=None if memory.offline_since is None else to_almaty(memory.offline_since),
            offline_left_seconds=self._left(memory),
            last=None if code is None else LastResult(code, memory.last_text),
            ads=memory.ads,
            refused=self._refused(memory),
            warning=self._documents.warning(memory),
            time=desk.local,
            registration=registration_of(memory, desk.settings),
            printed=memory.printed,
        )

    def documents(self, after: int = 0, limit: int = 100) -> Sequence[PrintedDocument]:
        """Return printed documents with numbers above `after`, oldest first."""
        with self._desk.lock:
            return self._desk.store.documents(after, limit)

    def document(self, number: int) -> PrintedDocument:
        """Return one printed document, an archived one too; KeyError if there is none."""
        with self._desk.lock:
            return self._desk.store.document(number)

    def snapshot(self, folder: Path) -> None:
        """Copy all that is durable into an empty folder, as of one moment; `open` takes it up."""
        with self._desk.lock:
            self._desk.store.copy_to(folder)

    def cut_line(self, seconds: float | None) -> None:
        """Let every connection fail for so many lab seconds, or until `mend_line`."""
        self._desk.line.cut(seconds)

    def mend_line(self) -> None:
        """Let connections be made again."""
        self._desk.line.mend()

    def _stopped(self, text: str) -> Pressed:
        return Pressed(Outcome.REFUSED, self._desk.memory.mode, local=Local.STOPPED, text=text)

    def _left(self, memory: Memory) -> float | None:
        if memory.offline_since is None:
            return None
        limit = timedelta(hours=self._desk.settings.offline_limit_hours)
        return max(0.0, (memory.offline_since + limit - self._desk.clock.now()).total_seconds())

    def _refused(self, memory: Memory) -> str:
        try:
            self._documents.check_mode(memory)
        except RefusalError as refusal:
            return refusal.text
        return ""


def _head(memory: Memory) -> Waiting | None:
    sending = memory.in_flight
    if sending is not None and sending.queued:
        return _waiting(sending)
    return _waiting(memory.queue[0]) if memory.queue else None


def _waiting(packet: Packet) -> Waiting:
    return Waiting(packet.kind, packet.number, packet.time, packet.reqnum)
