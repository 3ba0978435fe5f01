"""Notices within two seconds that a module was plugged in or pulled out, whatever cable it is on (UZ-USB-01).

A link that can tell without powering the module says so in a `presence` of its own; any other is opened and
closed. A cable is pulled in real time whatever the lab clock says, hence no lab time here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

from reference.links.errors import LinkError, LinkTimeout
from reference.links.link import Link

INTERVAL: Final = 1.0
"""Real seconds between two looks; with the time of one look still below two."""


@runtime_checkable
class Watchable(Protocol):
    """A link that knows its plug."""

    def presence(self) -> str | None:
        """What is plugged in, as a text that is another one for another module in the same place; None for
        nothing. Called between sessions only. LinkTimeout when it cannot be told now."""


def presence(link: Link) -> str | None:
    """As Watchable.presence, for any link between its sessions."""
    if isinstance(link, Watchable):
        return link.presence()
    try:
        link.open()
    except LinkTimeout:
        raise
    except LinkError:
        return None
    link.close()
    return link.name


class Watcher:
    """Makes each of `looks` every `interval` real seconds until `stop`, each in a thread of its own: a look
    that hangs delays no other."""

    def __init__(self, looks: Sequence[Callable[[], None]], interval: float = INTERVAL) -> None:
        self._interval = interval
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=(look,), name="module-watch", daemon=True)
            for look in looks
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, wait: float | None = None) -> None:
        """End after the looks under way; `wait` bounds the real seconds that is waited for each."""
        self._stop.set()
        for thread in self._threads:
            thread.join(wait)

    def _watch(self, look: Callable[[], None]) -> None:
        while not self._stop.wait(self._interval):
            look()


def watch(link: Link, listener: Callable[[str | None], None], interval: float = INTERVAL) -> Watcher:
    """Watch a link that nobody else uses; `listener` hears the presence at first and whenever it changes."""
    heard: list[str | None] = []

    def look() -> None:
        try:
            there = presence(link)
        except LinkTimeout:
            return
        if heard != [there]:
            heard[:] = [there]
            listener(there)

    return Watcher([look], interval)
