"""The register waits for moments, not for spans: a jump of the clock just before is not slept through."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from reference.kkm.waiting import Waiting
from reference.runtime.clock import LabClock
from tests.waiting import PATIENCE

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def over(wait: Callable[[], object]) -> bool:
    """Whether a wait in a thread of its own comes to its end."""
    ended = threading.Event()

    def run() -> None:
        wait()
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    return ended.wait(PATIENCE)


def test_rest_until_a_moment_that_a_jump_has_passed_already() -> None:
    lab = LabClock.private(START, rate=0)
    clock = lab.part("register")
    waiting = Waiting(clock)
    due = clock.deadline(60)
    lab.advance(60)
    assert over(lambda: waiting.rest(due))


@pytest.mark.parametrize("is_sender", [False, True])
def test_pause_until_a_moment_that_a_jump_has_passed_already(is_sender: bool) -> None:
    lab = LabClock.private(START, rate=0)
    clock = lab.part("register")
    waiting = Waiting(clock)
    due = clock.deadline(1)
    lab.advance(1)

    def pause() -> None:
        if is_sender:
            waiting.begin()
        assert waiting.pause(due)

    assert over(pause)


def test_sender_that_is_due_is_not_at_rest() -> None:
    lab = LabClock.private(START, rate=0)
    clock = lab.part("register")
    waiting = Waiting(clock)
    sender = threading.Thread(target=waiting.rest, args=(clock.deadline(60),), daemon=True)
    sender.start()
    assert waiting.until_rest(PATIENCE)
    waiting.kick()
    sender.join(PATIENCE)
    assert not sender.is_alive()
    assert not waiting.until_rest(0)
