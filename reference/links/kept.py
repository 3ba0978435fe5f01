"""A module that stays powered for a moment between two sessions, where its link can tell that it still is.

A host that sells asks for several sessions within milliseconds: connecting, reading the factory data and the
version anew each time would cost more than the commands themselves. Another program gets its turn as soon as
the moment is over (uz-fiscal EM-04).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol, runtime_checkable

from reference.links.link import Link
from reference.links.module import ModuleSession, begin_session, end_session
from reference.runtime.clock import real_elapsed

REST: Final = 0.25
"""Real seconds that a module stays powered after a session: others wait meanwhile."""

LONGEST: Final = 1.0
"""Real seconds after which others get their turn although the next session follows at once."""


@runtime_checkable
class Keepable(Protocol):
    """A link that knows, without a command, whether the module has kept its power since `open`."""

    def alive(self) -> bool:
        """Whether it has; False also when `open` was never called. Never raises."""


class KeptModule:
    """Sessions with the module behind a link, one after the other: the caller holds `lock` for each.

    Nothing of an earlier session is left in the module (see ModuleSession.begin_anew). After an error it
    loses its power, as it does when its link cannot tell whether it has any.
    """

    def __init__(
        self, link: Link, lock: threading.Lock, rest: float = REST, longest: float = LONGEST
    ) -> None:
        self._link = link
        self._keepable = link if isinstance(link, Keepable) else None
        self._lock = lock
        self._rest = rest
        self._longest = longest
        self._began = 0.0
        self._kept: ModuleSession | None = None
        self._last = 0.0
        self._used = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def link(self) -> Link:
        """The link below."""
        return self._link

    @link.setter
    def link(self, link: Link) -> None:
        self._link = link
        self._keepable = link if isinstance(link, Keepable) else None

    @contextmanager
    def session(self) -> Iterator[ModuleSession]:
        """The sequence FM-S-05 around a block, without what a module that has kept its power still knows.

        Raises what `module_session` raises.
        """
        session = self._again()
        if session is None:
            session, self._began = begin_session(self.link), real_elapsed()
        try:
            yield session
        except BaseException:
            self.link.close()
            raise
        old = real_elapsed() - self._began >= self._longest
        if self._keepable is None or old or self._ended.is_set():
            end_session(session)
        else:
            self._keep(session)

    @property
    def powered(self) -> bool:
        """Whether the module is kept powered and has its power still."""
        return self._kept is not None and self._keepable is not None and self._keepable.alive()

    def end(self) -> None:
        """Let go of the module, and keep it no more. The caller does not hold the lock."""
        self._ended.set()
        self._used.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._let_go()

    def _again(self) -> ModuleSession | None:
        """The session of before, as if it began; None when the module has lost its power."""
        powered, session = self.powered, self._kept
        self._kept = None
        if session is None or not powered:
            return None
        try:
            session.begin_anew()
        except BaseException:
            self.link.close()
            raise
        return session

    def _keep(self, session: ModuleSession) -> None:
        self._kept = session
        self._last = real_elapsed()
        if self._thread is None:
            self._thread = threading.Thread(target=self._wait, name=f"rest-{self.link.name}", daemon=True)
            self._thread.start()
        self._used.set()

    def _wait(self) -> None:
        """Let go of the module when nobody wanted it for a while."""
        while not self._ended.is_set():
            self._used.wait()
            self._used.clear()
            while not self._ended.wait(self._rest):
                with self._lock:
                    if self._kept is None or real_elapsed() - self._last >= self._rest:
                        self._let_go()
                        break

    def _let_go(self) -> None:
        """Without a farewell: the power goes, and nobody waits for a module that has fallen silent."""
        if self._kept is not None:
            self._kept = None
            self.link.close()
