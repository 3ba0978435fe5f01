"""All modules of a drive: found by FactoryID, watched for plugging, opened for one command sequence at a
time.

Errors of links and modules become DriveErrors here, at the border between the field's words and the drive's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reference.drive.errors import (
    CardAnswerError,
    CardError,
    CardLostError,
    DriveError,
    DriveNotFoundError,
    NoCardError,
)
from reference.drive.slots import Slot, SlotState
from reference.links.errors import LinkError, ModuleError, NoModule, StatusWordError
from reference.links.module import ModuleSession
from reference.links.watch import Watcher


def drive_error(error: LinkError | ModuleError) -> DriveError:
    """What the drive says to a link's or module's error (uz-fiscal §4.6)."""
    if isinstance(error, StatusWordError):
        return CardError(error.sw)
    if isinstance(error, ModuleError):
        return CardAnswerError(str(error))
    return CardLostError()


class Fleet:
    """The slots of one drive."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = tuple(slots)
        self._watcher: Watcher | None = None

    @contextmanager
    def session(self, factory_id: str) -> Iterator[ModuleSession]:
        """A session with the module of this FactoryID (uz-fiscal G2-T-10), in any case of letters.

        Raises DriveNotFoundError, NoCardError, DriveNotConfirmedError, CardLostError, CardError.
        """
        wanted = factory_id.lower()
        try:
            for slot in self._candidates(wanted):
                try:
                    with slot.session(wanted) as session:
                        if session is not None:
                            yield session
                            return
                except NoModule:
                    continue
        except (LinkError, ModuleError) as error:
            raise drive_error(error) from error
        raise DriveNotFoundError if any(slot.state.present for slot in self.slots) else NoCardError

    def _candidates(self, wanted: str) -> Iterator[Slot]:
        """Where it was seen last; when it is not there any more, wherever a fresh look finds it."""
        tried = [slot for slot in self.slots if slot.holds(wanted)]
        yield from tried
        for slot in self.slots:
            if slot not in tried and slot.identify().present and slot.holds(wanted):
                yield slot

    def look(self) -> list[SlotState]:
        """A fresh look at every slot."""
        return [slot.identify() for slot in self.slots]

    def states(self) -> list[SlotState]:
        """What is known of every slot without touching a module."""
        return [slot.state for slot in self.slots]

    def slot(self, link: str) -> Slot | None:
        """The slot of that link name."""
        return next((slot for slot in self.slots if slot.link.name == link), None)

    # --- plugging ------------------------------------------------------------------------------------

    def watch(self, interval: float) -> None:
        """Look every `interval` real seconds whether modules were plugged in or out (UZ-USB-01); 0: never.

        A cable is pulled in real time whatever the lab clock says, hence no lab time here.
        """
        if interval > 0:
            self._watcher = Watcher([slot.probe for slot in self.slots], interval)

    def close(self) -> None:
        """End the watching and let go of every module."""
        if self._watcher is not None:
            self._watcher.stop()
        for slot in self.slots:
            slot.end()
