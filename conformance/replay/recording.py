"""One recorded case as the other side of a conversation: today's questions find the answers of then.

Questions are taken in the order in which they were asked then. A case of today may leave out what only
reads; where several threads asked at once then, their questions may come in any order, and an answer that
was long in coming waits for what was asked meanwhile.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import Final

from conformance.controls import CLOCK_READING
from conformance.drivers.wire import BY_US, NOT_OPENED, RESET_BY_US
from conformance.events import Direction, Exchange, Layer
from conformance.replay.questions import only_reads, question, told
from conformance.replay.transcripts import RecordedCase
from conformance.verdicts import Inconclusive

_ASIDE = (CLOCK_READING, b"alive ")
_OURS = (BY_US, RESET_BY_US)
HELD: Final = 10.0
"""Real seconds for which an answer waits for questions that came before it; a case of today may ask fewer."""


class Recording:
    """The exchanges of one recorded case. `missing` is the first question that it cannot answer."""

    def __init__(self, case: RecordedCase) -> None:
        self.missing = ""
        self._case = case
        self._entries = case.exchanges
        self._used = [False] * len(self._entries)
        self._first = 0
        self._lock = threading.Condition()
        self._waiting: dict[tuple[Layer, bytes], deque[int]] = defaultdict(deque)
        self._any_order = _asked_at_once(self._entries)
        self._now = case.lab_time
        self._answers = deque(
            step.text.removeprefix(PERSON) for step in case.steps if step.text.startswith(PERSON)
        )

    # questions

    def ask(self, layer: Layer, raw: bytes) -> None:
        """Take the question as asked; Inconclusive, the first time and ever after, when it was not asked
        then."""
        with self._lock:
            self._still_whole()
            wanted = question(layer, raw)
            for place in self._open_questions():
                entry = self._entries[place]
                if entry.layer is layer and question(layer, entry.raw) == wanted:
                    self._take(place)
                    self._waiting[layer, raw].append(place)
                    return
                if not self._any_order and not only_reads(entry):
                    break
            self.lack(f"has no answer to: {told(layer, raw)}")

    def tell(self, layer: Layer, raw: bytes) -> None:
        """Take note of something done that has no answer; nothing happens when it was not written down."""
        with self._lock:
            for place in self._open_questions():
                if self._entries[place].layer is layer and self._entries[place].raw == raw:
                    self._take(place)
                    return

    def lack(self, what: str) -> None:
        """The recording cannot go on; raises Inconclusive with the first such sentence."""
        with self._lock:
            self.missing = self.missing or f"the recording {what}"
            self._lock.notify_all()
        self._still_whole()

    # answers

    def answer(self, layer: Layer, raw: bytes) -> Exchange | None:
        """What came for a question of `ask`, or None where nothing came."""
        with self._lock:
            waiting = self._waiting[layer, raw]
            if not waiting:
                return None
            asked = waiting.popleft()
            place = self._answer_to(asked)
            if place is None:
                return None
            came = self._use(place)
            if layer is Layer.HTTP and self._any_order:
                meanwhile = [
                    between
                    for between in range(asked + 1, place)
                    if self._entries[between].direction is Direction.SENT
                ]
                self._lock.wait_for(
                    lambda: self.missing or all(self._used[between] for between in meanwhile), HELD
                )
            return came

    def arrived(self, layer: Layer) -> Exchange | None:
        """What the peer said or did next on a stream, None for silence; it stays there to be used."""
        with self._lock:
            place = self._next_on(layer)
            if place is None or self._entries[place].direction is Direction.SENT:
                return None
            entry = self._entries[place]
            return None if entry.about in (*_OURS, NOT_OPENED) else entry

    def take_arrived(self, layer: Layer) -> Exchange | None:
        """The same, and it is used. Of a last answer and the close after it, the answer comes first."""
        with self._lock:
            entry = self.arrived(layer)
            place = self._next_on(layer)
            if entry is None or place is None:
                return None
            behind = place + 1
            if entry.direction is Direction.CLOSED and self._open_at(behind):
                # A wire writes down the close before the bytes that came before it.
                last = self._entries[behind]
                if (last.layer, last.direction, last.about) == (layer, Direction.RECEIVED, entry.about):
                    return self._use(behind)
            return self._use(place)

    def hung_up(self, layer: Layer) -> None:
        """We close: the close written down then is used."""
        with self._lock:
            place = self._next_on(layer)
            if place is not None and self._entries[place].direction is Direction.CLOSED:
                self._use(place)

    def refused(self, layer: Layer) -> bool:
        """Whether nobody let us in, as it was then."""
        with self._lock:
            place = self._next_on(layer)
            if place is None or self._entries[place].about != NOT_OPENED:
                return False
            self._use(place)
            return True

    def reading(self, about: bytes) -> bytes | None:
        """What was read next of something that is asked nobody, such as the lab clock."""
        with self._lock:
            for place in range(self._first, len(self._entries)):
                if not self._used[place] and self._entries[place].about == about:
                    return self._use(place).raw
            return None

    def asks_for_time(self) -> bool:
        """Whether the next question of then was to a control API, for lab time."""
        with self._lock:
            return any(
                question(self._entries[place].layer, self._entries[place].raw) == b"GET /control/clock"
                for place in self._open_questions()[:1]
            )

    @property
    def lab_time(self) -> str:
        """Lab time of what was used last."""
        return self._now

    def person(self) -> str | None:
        """What the person answered next, None when nobody did."""
        with self._lock:
            return self._answers.popleft() if self._answers else None

    # inside

    def _still_whole(self) -> None:
        if self.missing:
            raise Inconclusive(self.missing)

    def _answer_to(self, asked: int) -> int | None:
        question_ = self._entries[asked]
        for place in range(asked + 1, len(self._entries)):
            entry = self._entries[place]
            if entry.layer is not question_.layer or self._used[place]:
                continue
            if entry.direction is Direction.SENT:
                if not self._any_order and entry.raw == question_.raw:
                    return None
            elif entry.about == question_.raw:
                return place
        return None

    def _open_questions(self) -> list[int]:
        return [
            place
            for place in range(self._first, len(self._entries))
            if not self._used[place] and self._entries[place].direction is Direction.SENT
        ]

    def _open_at(self, place: int) -> bool:
        return place < len(self._entries) and not self._used[place]

    def _next_on(self, layer: Layer) -> int | None:
        """What comes next on a layer, unless something else was asked before it."""
        for place in range(self._first, len(self._entries)):
            entry = self._entries[place]
            if self._used[place] or entry.about.startswith(_ASIDE):
                continue
            if entry.layer is layer:
                return place
            if entry.direction is Direction.SENT and not self._any_order:
                return None
        return None

    def _take(self, place: int) -> None:
        """Use a question; what stood before it and was left out is over."""
        if not self._any_order:
            for before in range(self._first, place):
                if not self._entries[before].about.startswith(_ASIDE):
                    self._used[before] = True
        self._use(place)

    def _use(self, place: int) -> Exchange:
        self._used[place] = True
        self._lock.notify_all()
        while self._first < len(self._used) and self._used[self._first]:
            self._first += 1
        self._now = max(self._now, self._entries[place].lab_time)
        return self._entries[place]


PERSON = "the person answered: "
"""How the note of an answer begins that somebody gave."""


def _asked_at_once(entries: list[Exchange]) -> bool:
    """Whether something was asked while an HTTP question was open: then several threads were asking."""
    open_: list[bytes] = []
    for entry in entries:
        if entry.layer is not Layer.HTTP:
            if open_ and entry.layer is Layer.CONTROL and entry.direction is Direction.SENT:
                return True
            continue
        if entry.direction is Direction.SENT:
            open_.append(entry.raw)
        elif entry.about in open_:
            open_.remove(entry.about)
        if len(open_) > 1:
            return True
    return False
