"""Lab time that the judge moves on for a waiting press: no exchange is timed out by a busy machine."""

from __future__ import annotations

import itertools
import threading
from typing import Any, cast

import pytest

from conformance.context import Context
from conformance.drivers import kz_register
from conformance.drivers.kz_keys import Pressed
from conformance.drivers.kz_pending import Pending
from conformance.drivers.kz_register import RegisterDriver
from conformance.drivers.ofd_stand import OfdStand
from conformance.session import Session
from conformance.verdicts import CaseFailed
from tests.waiting import PATIENCE, eventually

DONE = Pressed("sell", "done")


class LabClock:
    """Counts what the judge advances, and says when it has done so often enough."""

    def __init__(self, enough: float) -> None:
        self.passed = 0.0
        self.enough = threading.Event()
        self._enough = enough

    def advance(self, seconds: float) -> None:
        self.passed += seconds
        if self.passed >= self._enough:
            self.enough.set()


class Books:
    def __init__(self) -> None:
        self.booked: list[int] = []


class Stand:
    """A stand with an exchange under way that ends when it is told to."""

    def __init__(self, clock: LabClock) -> None:
        self.listening = True
        self.books = Books()
        self.answered = threading.Event()
        self.moved_before: list[float] = []
        self._clock = clock

    def settled(self, seconds: float) -> bool:
        self.moved_before.append(self._clock.passed)
        return self.answered.wait(seconds)


class Ctx:
    def __init__(self, clock: LabClock, *, movable: bool = True) -> None:
        self.clock = clock
        self._movable = movable

    def can(self, _capability: str) -> bool:
        return self._movable


def driver(clock: LabClock, stand: Stand, *, movable: bool = True) -> RegisterDriver:
    made = RegisterDriver(cast(Session, None), _nowhere, cast(Context, Ctx(clock, movable=movable)))
    made._stand = cast(OfdStand, stand)
    return made


def _nowhere(*_: Any) -> None:
    """Tap of nothing."""


def test_lab_time_stands_still_until_an_exchange_under_way_is_over() -> None:
    clock = LabClock(1)
    stand = Stand(clock)
    over = threading.Event()

    def press() -> Pressed:
        over.wait(PATIENCE)
        return DONE

    pending = Pending(press)
    waiting = Pending(lambda: driver(clock, stand).outlast(pending))
    assert not waiting.done(0.3)  # many moments, no step
    assert clock.passed == 0
    over.set()  # its answer came, and the press with it
    assert pending.done(30)
    stand.answered.set()
    assert waiting.result() == DONE
    assert clock.passed == 0


def test_press_that_waits_for_lab_time_gets_it() -> None:
    clock = LabClock(5)
    stand = Stand(clock)
    stand.answered.set()
    stand.listening = False

    def press() -> Pressed:
        clock.enough.wait(PATIENCE)
        return DONE

    assert driver(clock, stand).outlast(Pending(press)) == DONE
    assert 5 <= clock.passed <= 30


def test_outcome_that_only_a_busy_machine_holds_up_is_waited_for() -> None:
    clock = LabClock(2)
    stand = Stand(clock)
    stand.answered.set()
    late = threading.Event()

    def press() -> Pressed:
        late.wait(PATIENCE)
        return DONE

    waiting = Pending(lambda: driver(clock, stand).outlast(Pending(press), seconds=2, step=1))
    assert clock.enough.wait(PATIENCE)
    assert not waiting.done(0.2)
    late.set()
    assert waiting.result() == DONE


def test_press_that_begins_to_wait_late_gets_its_lab_time_too() -> None:
    clock = LabClock(2)
    stand = Stand(clock)
    stand.answered.set()
    begun = []

    def press() -> Pressed:
        clock.enough.wait(PATIENCE)  # a busy machine: the seconds that were meant for it are over
        begun.append(clock.passed)
        eventually(lambda: clock.passed >= begun[0] + 2)
        return DONE

    assert driver(clock, stand).outlast(Pending(press), seconds=2) == DONE
    assert begun[0] >= 2


def test_press_without_any_outcome_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kz_register, "PATIENCE", 0.05)
    clock = LabClock(2)
    stand = Stand(clock)
    stand.answered.set()
    never = threading.Event()

    def press() -> Pressed:
        never.wait(60)
        return DONE

    pending = Pending(press)
    with pytest.raises(CaseFailed, match="no outcome after 2 s of lab time"):
        driver(clock, stand).outlast(pending, seconds=2)
    never.set()


def test_outcome_on_a_clock_that_nobody_moves_is_waited_for_as_long() -> None:
    clock = LabClock(1)
    late, waits = threading.Event(), threading.Event()

    def press() -> Pressed:
        late.wait(PATIENCE)
        return DONE

    class Told(Pending):
        def result(self, seconds: float = 0.0) -> Pressed:
            waits.set()
            return super().result(seconds)

    waiting = Pending(lambda: driver(clock, Stand(clock), movable=False).outlast(Told(press), seconds=0.01))
    assert waits.wait(PATIENCE)
    assert not waiting.done(0.2)
    late.set()
    assert waiting.result(PATIENCE) is DONE
    assert clock.passed == 0


class Look:
    """A condition that holds at the `last` look, while a document comes at every `pace`th one."""

    def __init__(self, stand: Stand, last: int, pace: int) -> None:
        self.looks = 0
        self._stand, self._last, self._pace = stand, last, pace

    def __call__(self) -> bool:
        self.looks += 1
        if self.looks % self._pace == 0:
            self._stand.books.booked.append(self.looks)
        return self.looks >= self._last


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second passes at every look; the register is given ten of them, and two hundred if documents come."""
    seconds = itertools.count()
    monkeypatch.setattr(kz_register, "real_elapsed", lambda: float(next(seconds)))
    monkeypatch.setattr(kz_register, "PATIENCE", 10.0)
    monkeypatch.setattr(kz_register, "_LONGEST_QUEUE", 200.0)
    monkeypatch.setattr(RegisterDriver, "_shown", lambda _: "mode OFFLINE")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("last", "pace", "looks"), [(5, 1_000, 5), (150, 9, 150), (150, 12, None), (1_000, 9, None)]
)
def test_patience_begins_anew_with_every_document(last: int, pace: int, looks: int | None) -> None:
    clock = LabClock(1)
    stand = Stand(clock)
    look = Look(stand, last, pace)
    register = driver(clock, stand, movable=False)
    if looks is None:
        with pytest.raises(CaseFailed, match="all sent: waited in vain; it shows mode OFFLINE"):
            register.until("all sent", look)
        assert look.looks <= 212
    else:
        register.until("all sent", look)
        assert look.looks == looks
