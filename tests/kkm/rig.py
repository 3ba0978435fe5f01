"""A register inside the test process, on a clock that stands still unless the test moves it."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reference.kkm.register import FAULT_ACTIONS, FAULT_POINTS, Register
from reference.kkm.settings import RegisterSettings
from reference.kkm.values import (
    ItemOrder,
    MoneyOrder,
    NoOrder,
    Order,
    Outcome,
    Pressed,
    TicketOrder,
    ZOrder,
)
from reference.protocol.kz.client import Mode
from reference.runtime.clock import LabClock
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_actions, journal_points
from tests.waiting import PATIENCE, eventually

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""10:00:00 in Almaty."""
TOKEN = 1_000_000_001
DEVICE = 4931
BREAD = TicketOrder((ItemOrder("Хлеб", 10_000),))
HOUR = 3600.0


@dataclass
class Rig:
    """One register and its lab; `server` is where it dials."""

    folder: Path
    server: str
    lab: LabClock = field(default_factory=lambda: LabClock.private(START, rate=0.0))
    settings: dict[str, Any] = field(default_factory=dict)
    pulses: bool = True
    owns_clock: bool = True
    line_cut: bool = False

    def __post_init__(self) -> None:
        self.clock = self.lab.part("register")
        points = {**FAULT_POINTS, **journal_points()}
        self.faults = FaultPoints(points, self.clock, "register", {**FAULT_ACTIONS, **journal_actions()})
        self.events = EventLog(None, self.clock, "register")
        if self.line_cut:
            self.cut()
        self.register = self._opened()

    def _opened(self) -> Register:
        given = {"server": self.server, "device_id": DEVICE, "token": TOKEN} | self.settings
        register = Register.open(
            self.folder,
            RegisterSettings(**given),
            self.clock,
            self.faults,
            self.events,
            random.Random(7),
        )
        if self.pulses:
            register.press("pulse", NoOrder())
        return register

    def reopen(self, **settings: Any) -> None:
        """Switch off and on again."""
        self.register.close()
        self.settings |= settings
        self.register = self._opened()

    def close(self) -> None:
        self.register.close()
        self.events.close()
        if self.owns_clock:
            self.lab.close()

    @property
    def mode(self) -> Mode:
        return self.register.state().mode

    def press(self, key: str, order: Order | None = None) -> Pressed:
        return self.register.press(key, NoOrder() if order is None else order)

    def sell(self, order: TicketOrder = BREAD) -> Pressed:
        return self.press("sell", order)

    def done(self, key: str, order: Order | None = None) -> Pressed:
        """Press a key that must be done."""
        pressed = self.press(key, order)
        assert pressed.outcome is Outcome.DONE, pressed
        return pressed

    def deposit(self, tiyn: int) -> Pressed:
        return self.press("deposit", MoneyOrder(tiyn))

    def z(self, *, withdraw: bool = False) -> Pressed:
        return self.press("z", ZOrder(withdraw))

    def wait(self, seconds: float) -> None:
        """Let lab time pass and the sender do what is due."""
        self.lab.advance(seconds)
        self.press("pulse")

    def losing(self, key: str, order: Order | None = None, seconds: float = 5.0) -> Pressed:
        """Press a key whose transaction time runs out."""
        found: list[Pressed] = []
        before = self._unanswered()
        thread = threading.Thread(target=lambda: found.append(self.press(key, order)))
        thread.start()
        attempts = self.register.settings.repeat_attempts
        eventually(lambda: self._unanswered() - before >= attempts)
        self.lab.advance(seconds)
        thread.join(PATIENCE)
        assert found, "the key did not return"
        return found[0]

    def in_time(self, key: str, order: Order | None = None) -> Pressed:
        """Press a key and let lab time run for as long as it waits."""
        found: list[Pressed] = []
        thread = threading.Thread(target=lambda: found.append(self.press(key, order)))
        thread.start()
        for _ in range(40):
            thread.join(0.25)
            if found:
                return found[0]
            self.lab.advance(5)
        raise AssertionError(f"{key} did not return")

    def offline(self, order: TicketOrder = BREAD) -> Pressed:
        """Sell with the line down: OFFLINE, the ticket in flight."""
        self.cut()
        pressed = self.losing("sell", order)
        assert pressed.outcome is Outcome.QUEUED, pressed
        assert self.mode is Mode.OFFLINE
        return pressed

    def online(self) -> None:
        """Mend the line and let the interval pass."""
        self.mend()
        self.wait(60)

    def cut(self) -> None:
        """No connection can be made, over restarts too."""
        self.faults.add(id="cut", point="register.connect", action="refuse", count=None)

    def mend(self) -> None:
        self.faults.remove("cut")

    def _unanswered(self) -> int:
        return sum(event["kind"] == "unanswered" for event in self.events.last(10_000))
