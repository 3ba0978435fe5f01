"""The register as its keys, its page and its control part see it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from reference.kkm.settings import RegisterSettings
from reference.kkm.values import Order, Pressed, PrintedDocument, RegisterState
from reference.runtime.clock import PartClock
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints


class Register:
    """One register; safe to use from any thread, key presses take turns.

    SIGNATURES ONLY for now: the bodies come with the next commits.
    """

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
        """Take up what the folder holds, or begin anew; start the sender (INFO leaves at once)."""
        raise NotImplementedError

    def close(self) -> None:
        """Break off what is under way and let go of the folder; keys then answer `stopped`."""
        raise NotImplementedError

    @property
    def settings(self) -> RegisterSettings:
        """What is in force."""
        raise NotImplementedError

    def press(self, key: str, order: Order) -> Pressed:
        """Press a key of values.KEYS; return when its outcome is known. KeyError for another key."""
        raise NotImplementedError

    def state(self) -> RegisterState:
        """What a person would see; never waits for a key or the line."""
        raise NotImplementedError

    def documents(self, after: int = 0, limit: int = 100) -> Sequence[PrintedDocument]:
        """Return printed documents with numbers above `after`, oldest first."""
        raise NotImplementedError

    def document(self, number: int) -> PrintedDocument:
        """Return one printed document, an archived one too; KeyError if there is none."""
        raise NotImplementedError

    def snapshot(self, folder: Path) -> None:
        """Copy all that is durable into an empty folder; keys and sender wait meanwhile."""
        raise NotImplementedError

    def cut_line(self, seconds: float | None) -> None:
        """Let every connection fail for so many lab seconds, or until `mend_line`."""
        raise NotImplementedError

    def mend_line(self) -> None:
        """Let connections be made again."""
        raise NotImplementedError


FAULT_POINTS = {
    "register.connect": "before a connection is made; refuse, delay",
    "register.before-send": "connected, before the frame goes out; drop, delay",
    "register.after-send": "after the frame went out, before its answer is read; drop, delay",
    "register.half-answer": "with `value` bytes (default 9) of the answer read; drop",
    "register.before-store": "before a change is made durable; delay",
    "register.after-store": "after it was made durable; delay",
    "register.before-print": "a document is durable, its key not yet answered; delay",
}
"""Fault points of a register with their actions beside crash; the journal's own are added to them.
Context of the first four: command; of the stores: step; of print: kind."""
