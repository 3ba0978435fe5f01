"""One place where a module can be plugged in: its link, what was seen there, and whether that is the known
one.

A slot opens sessions for one thread at a time. What it learns on the way (plugged, unplugged, another module)
it tells a listener; nobody has to ask twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from reference.drive.errors import DriveNotConfirmedError
from reference.links.errors import LinkError, LinkTimeout, ModuleError, NoModule
from reference.links.kept import KeptModule
from reference.links.link import Link
from reference.links.module import ModuleSession
from reference.links.watch import presence


@dataclass(frozen=True, slots=True)
class Seen:
    """The module a slot saw last. `version` is empty for an applet this house does not speak to."""

    factory_id: str
    atr: bytes
    version: str


@dataclass(frozen=True, slots=True)
class SlotState:
    """What is known of a slot: `known` is the FactoryID that belongs there, `seen` what stands there now."""

    link: str
    known: str | None = None
    seen: Seen | None = None

    @property
    def present(self) -> bool:
        """Whether a module is plugged in."""
        return self.seen is not None

    @property
    def foreign(self) -> bool:
        """Whether another module stands there than the one that belongs there (UZ-USB-03)."""
        return self.seen is not None and self.known is not None and self.seen.factory_id != self.known


Listener = Callable[[str, SlotState], None]
"""Called with `plugged`, `unplugged` or `replaced`, and the new state."""


class Slot:
    """A link with a memory. `pinned` refuses a foreign module until it is confirmed."""

    def __init__(self, link: Link, known: str | None, pinned: bool, listener: Listener) -> None:
        self.link = link
        self.lock = threading.Lock()
        self._pinned = pinned
        self._listener = listener
        self._state = SlotState(link.name, known)
        self._plugged: str | None = None
        self.module = KeptModule(link, self.lock)

    @property
    def state(self) -> SlotState:
        """The newest knowledge; reading it does not touch the module."""
        return self._state

    def holds(self, factory_id: str) -> bool:
        """Whether that module was seen here last."""
        seen = self._state.seen
        return seen is not None and seen.factory_id == factory_id

    @contextmanager
    def session(self, factory_id: str | None = None) -> Iterator[ModuleSession | None]:
        """A session with the module in this slot, or None when it is not `factory_id`.

        Raises NoModule when nothing answers, DriveNotConfirmedError for a foreign module asked for by its
        FactoryID, and whatever the block and the link raise.
        """
        with self.lock:
            try:
                with self.module.session() as session:
                    self._saw(Seen(session.factory_id, session.atr, session.version))
                    wanted = factory_id in (None, session.factory_id)
                    if wanted and factory_id is not None and not self.admits():
                        raise DriveNotConfirmedError(
                            self.link.name, session.factory_id, str(self._state.known)
                        )
                    yield session if wanted else None
            except NoModule:
                self._gone()
                raise

    def admits(self) -> bool:
        """Whether the module that stands here may be used (UZ-USB-03)."""
        return not (self._pinned and self._state.foreign)

    def identify(self) -> SlotState:
        """Look what is plugged in; a module that cannot be read counts as absent. Never raises for a
        module."""
        try:
            with self.session():
                pass
        except NoModule:
            pass
        except (LinkError, ModuleError):
            self._gone()
        return self._state

    def probe(self) -> None:
        """Notice plugging and unplugging, unless the slot is at work or held by somebody else (UZ-USB-01)."""
        if not self.lock.acquire(blocking=False):
            return
        try:
            there = self.link.name if self.module.powered else presence(self.link)
        except LinkTimeout:
            return
        finally:
            self.lock.release()
        before, self._plugged = self._plugged, there
        if there is None:
            self._gone()
        elif not self._state.present or before not in (None, there):
            self.identify()

    def end(self) -> None:
        """Let go of the module: nobody asks for it any more."""
        self.module.end()

    def confirm(self) -> SlotState:
        """The module that stands here now is the known one from now on."""
        with self.lock:
            if self._state.seen is not None:
                self._state = replace(self._state, known=self._state.seen.factory_id)
            return self._state

    def _saw(self, seen: Seen) -> None:
        before = self._state
        known = before.known or seen.factory_id
        self._state = replace(before, seen=seen, known=known)
        if before.seen is None or before.seen.factory_id != seen.factory_id:
            self._listener("replaced" if self._state.foreign else "plugged", self._state)

    def _gone(self) -> None:
        before = self._state
        self._state = replace(before, seen=None)
        if before.seen is not None:
            self._listener("unplugged", self._state)
