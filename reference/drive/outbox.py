"""When and how much to send for one module: the sender's bookkeeping as a plain object, lab seconds handed
in.

    idle ──wake──► waiting ──due──► begin, exchanges ──done──► idle, or waiting for what came meanwhile
                      ▲                 │
                      ├── back-off ◄────┤ failed: 5 s, 10 s, … up to the maximum (UNK-16)
                      └── held ◄────────┘ NotActive: until a state sync or `hold` seconds (CL-06)

Nothing is ever given up (uz-fiscal §4.7): the only ways out are an acknowledgement, Rejected and Error, and
those are states of files, not of the sender.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

from reference.drive.errors import NotActiveError

LARGEST_BATCH: Final = 32
"""Files in a message (uz-fiscal CL-01)."""
LONGEST_WAIT: Final = 6
"""How many times `send_delay` a steady stream of receipts can put a batch off."""
CALM: Final = 8
"""Batches that must go well before a halved batch size grows again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The settings the bookkeeping needs, in lab seconds (see DriveSettings)."""

    send_delay: float = 5.0
    backoff_max: float = 600.0
    hold: float = 600.0

    @property
    def backoff_first(self) -> float:
        """The first pause after a failure."""
        return min(max(self.send_delay, 1.0), self.backoff_max)


class Outbox:
    """Bookkeeping for one module. `now` is lab time in seconds and never goes back."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._due: float | None = None
        self._first: float | None = None
        self._not_before = 0.0
        self._backoff = 0.0
        self._held_until: float | None = None
        self._refusal: NotActiveError | None = None
        self._batch = LARGEST_BATCH
        self._calm = 0
        self._count = itertools.count(1)
        self._came = 0
        self._came_before: int | None = None
        self._wakes = itertools.count(1)
        self._woken, self._seen = 0, -1

    # --- when ----------------------------------------------------------------------------------------

    @property
    def due(self) -> float | None:
        """When the background sender should act; None while there is nothing to do."""
        if self._due is None:
            return None
        return max(self._due, self._not_before, self._held_until or 0.0)

    @property
    def backing_off_until(self) -> float:
        """No background sending before this moment; 0.0 when the last exchange went well."""
        return self._not_before

    @property
    def held_until(self) -> float | None:
        """End of the hold that NotActive began, None without one."""
        return self._held_until

    def receipt_came(self, now: float, waiting: int) -> None:
        """A receipt was registered and `waiting` files are unsent: wait a while for more (uz-fiscal
        CL-08)."""
        if self._first is None:
            self._first = now
        delay = self._pace.send_delay
        latest = self._first + LONGEST_WAIT * delay
        self._due = now if waiting >= self._batch else min(now + delay, latest)

    @property
    def came(self) -> int:
        """How many receipts have come so far; to be read before the store is asked what has to go."""
        return self._came

    def one_more(self) -> int | None:
        """A receipt came: how many are unsent now, as far as is known without asking the store."""
        self._came = next(self._count)
        return None if self._came_before is None else self._came - self._came_before

    def emptied(self, came: int) -> None:
        """All that was unsent when `came` receipts had come has reached the module as acknowledged."""
        self._came_before = came

    def wake(self, now: float) -> None:
        """There may be something to send: look at once, as far as back-off and hold allow."""
        self._woken = next(self._wakes)  # before the time, which `begin` may take away a moment later
        self._due = now

    def retry_now(self, now: float) -> None:
        """The same without back-off: something has changed that makes another try worth while."""
        self._not_before, self._backoff = 0.0, 0.0
        self.wake(now)

    # --- whether -------------------------------------------------------------------------------------

    def refusal(self, now: float) -> NotActiveError | None:
        """The operator's block while it is to be respected (uz-fiscal CL-06), else None."""
        if self._held_until is not None and now >= self._held_until:
            self._held_until, self._refusal = None, None
        return self._refusal

    def not_active(self, now: float, error: NotActiveError) -> None:
        """The operator has blocked the module: nothing goes out until `release` or the end of the hold."""
        self._held_until = now + self._pace.hold
        self._refusal = error
        self.wake(now)

    def release(self, now: float) -> None:
        """A state sync came through: forget hold and back-off, and look at once."""
        self._held_until, self._refusal = None, None
        self._not_before, self._backoff = 0.0, 0.0
        self.wake(now)

    # --- outcomes ------------------------------------------------------------------------------------

    def begin(self) -> bool:
        """The sender looks at what there is now; whatever comes from here on makes it look again.

        Whether nothing but receipts can have come since it looked last and found its way through.
        """
        woken = self._woken
        only_receipts, self._seen = woken == self._seen, woken
        self._came_before = None
        self._due, self._first = None, None
        return only_receipts

    def failed(self, now: float) -> None:
        """An exchange brought nothing: pause, twice as long each time (UZ-SVC-02)."""
        doubled = self._backoff * 2 or self._pace.backoff_first
        self._backoff = min(doubled, self._pace.backoff_max)
        self._not_before = now + self._backoff
        self.wake(now)

    def look_at_all(self) -> None:
        """More than receipts is to be looked for by the next round, whatever makes that due."""
        self._woken = next(self._wakes)

    def went_well(self) -> None:
        """An exchange brought its answer: no pause before the next."""
        self._not_before, self._backoff = 0.0, 0.0

    # --- how much ------------------------------------------------------------------------------------

    @property
    def batch(self) -> int:
        """Files in the next message, 1…32."""
        return self._batch

    def too_much(self, files: int) -> bool:
        """The operator refused `files` in one message: halve. False when a single file was too much
        (CL-06)."""
        self._calm = 0
        if files <= 1:
            return False
        self._batch = max(1, files // 2)
        return True

    def batch_accepted(self) -> None:
        """A message of this size went through; after some calm larger ones are tried again."""
        self._calm += 1
        if self._calm >= CALM and self._batch < LARGEST_BATCH:
            self._batch = min(LARGEST_BATCH, self._batch * 2)
            self._calm = 0
