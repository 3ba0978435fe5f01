"""What a bad reader does to frames between pcscd's virtual driver and the card: UZ-USB-02, from its side."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from reference.protocol.uz import apdu
from simulator.cable_points import CABLE_ACTIONS, FRAME
from simulator.shells.vpcd import MUTE, Control
from tests.simulator.served import Served
from tests.simulator.shells.test_vpcd import SELECT, VERSION, Driver, card_in
from tests.waiting import eventually

OK = b"\x90\x00"
ANSWER = bytes.fromhex("04009000")


@pytest.fixture
def driver() -> Iterator[Driver]:
    driver = Driver()
    with contextlib.closing(driver):
        yield driver


@pytest.fixture
def served(driver: Driver) -> Iterator[Served]:
    with card_in(driver) as served:
        driver.accept().control(Control.ON)
        assert driver.ask(SELECT) == OK
        yield served


def spoil(served: Served, action: str, **more: object) -> None:
    served.process.faults.add(point=FRAME, action=action, **more)


def hits(served: Served) -> int:
    return served.process.faults.rules()[0].hits


def exchanges(served: Served) -> int:
    """How many commands the module has carried out."""
    return len(served.process.rack.slots[0].exchanges)


@pytest.mark.parametrize(("value", "done"), [("before", 0), ("after", 1)])
def test_pulled(driver: Driver, served: Served, value: str, done: int) -> None:
    before = exchanges(served)
    spoil(served, "unplug", value=value, delay=0.01)
    driver.send(VERSION)
    assert driver.gone()
    assert exchanges(served) == before + done
    driver.accept().control(Control.ON)
    assert driver.ask(SELECT) == OK


@pytest.mark.parametrize(
    ("action", "answer"), [("stall", MUTE), ("short", ANSWER[:2]), ("babble", ANSWER * 2), ("delay", ANSWER)]
)
def test_spoilt(driver: Driver, served: Served, action: str, answer: bytes) -> None:
    spoil(served, action, delay=0.01)
    assert driver.ask(VERSION) == answer


def test_a_command_that_arrives_twice(driver: Driver, served: Served) -> None:
    before = exchanges(served)
    spoil(served, "duplicate")
    assert driver.ask(VERSION) == ANSWER
    assert exchanges(served) == before + 2
    assert driver.ask(apdu.get_version().encode()) == ANSWER


@pytest.mark.parametrize(("action", "done"), [("lost", 1), ("timeout", 0)])
def test_silence_ends_with_the_next_stay(driver: Driver, served: Served, action: str, done: int) -> None:
    before = exchanges(served)
    spoil(served, action)
    driver.send(VERSION)
    eventually(lambda: hits(served) == 1)
    assert exchanges(served) == before + done
    driver.accept().control(Control.ON)
    assert driver.ask(SELECT) == OK


def test_every_action_is_tried() -> None:
    tried = {"unplug", "stall", "short", "babble", "delay", "duplicate", "lost", "timeout"}
    assert set(CABLE_ACTIONS[FRAME]) == tried
