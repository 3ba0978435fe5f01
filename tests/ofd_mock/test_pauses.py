"""A moment fixed earlier comes when it comes, also when the clock jumps just before the wait begins."""

from __future__ import annotations

import asyncio

from ofd_mock import pauses
from ofd_mock.pauses import sleep_until
from reference.runtime.clock import LabClock, PartClock
from tests.ofd_mock.conftest import LAB_START


class Jumpy(PartClock):
    """Its lab jumps between the reading of a rest and the sleep, once."""

    jumped = False

    async def asleep(self, seconds: float) -> None:
        if not self.jumped:
            self.jumped = True
            self.lab.advance(seconds)
        await super().asleep(seconds)


def test_a_jump_at_the_worst_moment() -> None:
    pauses._LOOK_AGAIN = 0.05  # type: ignore[misc]
    try:
        lab = LabClock.private(LAB_START, rate=0.0)
        lab.part("jumpy")
        clock = Jumpy(lab, "jumpy")
        asyncio.run(asyncio.wait_for(sleep_until(clock, clock.deadline(40)), 5))
        assert clock.jumped
    finally:
        pauses._LOOK_AGAIN = 1.0  # type: ignore[misc]


def test_a_deadline_that_has_passed_is_not_waited_for() -> None:
    lab = LabClock.private(LAB_START, rate=0.0)
    clock = lab.part("part")
    deadline = clock.deadline(3)
    lab.advance(3)
    asyncio.run(asyncio.wait_for(sleep_until(clock, deadline), 5))
    assert deadline.passed
