"""How traffic is judged without taking part in it.

A watcher judges one party. It is told what that party said as it was said, and what the other said as it
reached the party: what the proxy itself did to the traffic is never held against anybody.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.proxy.units import Side, Unit


@dataclass(frozen=True, slots=True)
class Finding:
    """A clause seen not to hold, and by what."""

    clause: str
    text: str
    expected: str = ""
    observed: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """Where an answer stands: its connection and the request it answers, None for what nobody asked for."""

    line: int
    request: Unit | None
    greeting: bool = False


class Watcher(ABC):
    """One judge of one party: `judges` is the side whose units it judges."""

    judges: Side

    @abstractmethod
    def take(self, line: int, unit: Unit) -> Iterable[Finding]:
        """Look at one unit of connection `line`."""

    @abstractmethod
    def forget(self) -> None:
        """Know nothing of devices any more; connections go on."""

    @abstractmethod
    def ended(self, line: int) -> Iterable[Finding]:
        """Connection `line` is over."""


class Pairing(Watcher):
    """A watcher that looks at each answer together with what it answers.

    Where the server `greets`, the first it says on a connection answers nothing.
    """

    greets = False

    def __init__(self) -> None:
        self._asked: dict[int, deque[Unit]] = {}
        self._greeted: set[int] = set()

    def take(self, line: int, unit: Unit) -> Iterator[Finding]:
        """Pair requests and answers of a connection in order."""
        waiting = self._asked.setdefault(line, deque())
        greeting = self.greets and unit.side is Side.RESPONSE and line not in self._greeted
        if unit.side is Side.REQUEST:
            waiting.append(unit)
            yield from self.asked(unit)
        elif not unit.interim:
            self._greeted.add(line)
            asked = self._answered_by(unit, waiting) if waiting and not greeting else None
            yield from self.answered(Talk(line, asked, greeting), unit)

    def ended(self, line: int) -> Iterable[Finding]:
        """What was asked last stays without an answer."""
        self._greeted.discard(line)
        left = list(self._asked.pop(line, ()))
        return self.unanswered(left) if left else ()

    def _answered_by(self, response: Unit, waiting: deque[Unit]) -> Unit:
        """What an answer answers: the oldest request.

        A client's answer is for the request it was made for: what it asked before may have been dropped.
        """
        places = [place for place, each in enumerate(waiting) if each.raw == response.about]
        if self.judges is Side.REQUEST and places:
            for _ in range(places[-1]):
                waiting.popleft()
        return waiting.popleft()

    def asked(self, request: Unit) -> Iterable[Finding]:  # noqa: ARG002 - for those who look at requests
        """Look at a request."""
        return ()

    def answered(self, talk: Talk, response: Unit) -> Iterable[Finding]:  # noqa: ARG002 - the same
        """Look at an answer and what it answers."""
        return ()

    def unanswered(self, requests: list[Unit]) -> Iterable[Finding]:  # noqa: ARG002 - the same
        """Look at requests that the connection ended without answering."""
        return ()
