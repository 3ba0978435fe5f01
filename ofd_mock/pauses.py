"""Waiting for a moment that was fixed earlier, in lab time."""

from __future__ import annotations

import asyncio
from typing import Final

from reference.runtime.clock import Deadline, PartClock

_LOOK_AGAIN: Final = 1.0
"""Real seconds: a jump of the clock between reading the rest and falling asleep is made good after this."""


async def sleep_until(clock: PartClock, deadline: Deadline) -> None:
    """Come back when the deadline has passed, however the clock jumped since it was set."""
    while not deadline.passed:
        try:
            async with asyncio.timeout(_LOOK_AGAIN):
                await clock.asleep(deadline.remaining)
        except TimeoutError:
            continue
