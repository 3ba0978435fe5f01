"""Moments of a day at which something can be cut, and the watch that reaches them.

A moment is an APDU (before it is carried out; after, before its answer), a durable write (of the module's
flash, the drive's database, the till's order book, the operator's ledger) or an answer on its way (drive to
till, operator to drive). A cut is a moment, who loses power or is killed there, and what a write in work
leaves on the disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from reference.runtime.clock import PartClock
from reference.runtime.faults import FaultPoints, FaultRule
from tools.crashpoints.images import Image, reordered, torn


class Part(StrEnum):
    """Whose disk and memory it is."""

    MODULE = "module"
    DRIVE = "drive"
    TILL = "till"
    OPERATOR = "operator"


class Victim(StrEnum):
    """Who goes down at a cut: one part, or the shop as a whole when the lights go out."""

    MODULE = "module"
    DRIVE = "drive"
    TILL = "till"
    OPERATOR = "operator"
    SHOP = "shop"

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that lose their memory."""
        if self is Victim.SHOP:
            return (Part.MODULE, Part.DRIVE, Part.TILL)
        return (Part(self.value),)


class Left(StrEnum):
    """What the write in work leaves on the disk."""

    WHOLE = "whole"
    NOTHING = "nothing"
    TORN = "torn"
    REORDERED = "reordered"


class Kind(StrEnum):
    """Kinds of moments."""

    COMMAND = "before"
    REPLY = "after"
    WRITE = "write"
    ANSWER = "answer"


VICTIMS: Final[Mapping[tuple[Kind, Part], tuple[Victim, ...]]] = {
    (Kind.COMMAND, Part.MODULE): (Victim.MODULE, Victim.DRIVE, Victim.SHOP),
    (Kind.REPLY, Part.MODULE): (Victim.MODULE, Victim.DRIVE, Victim.SHOP),
    (Kind.WRITE, Part.MODULE): (Victim.MODULE, Victim.SHOP),
    (Kind.WRITE, Part.DRIVE): (Victim.DRIVE, Victim.SHOP),
    (Kind.WRITE, Part.TILL): (Victim.TILL, Victim.SHOP),
    (Kind.WRITE, Part.OPERATOR): (Victim.OPERATOR,),
    (Kind.ANSWER, Part.DRIVE): (Victim.DRIVE,),
    (Kind.ANSWER, Part.OPERATOR): (Victim.OPERATOR,),
}
"""Who is cut down at which moments."""


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A moment of one step of the day: the `number`-th of its kind and name in that step, from 1."""

    kind: Kind
    part: Part
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.part} {self.name} {self.number}"


@dataclass(frozen=True, slots=True)
class Target:
    """A moment, who goes down there, and what the write in work leaves."""

    moment: Moment
    victim: Victim
    left: Left = Left.WHOLE

    def __str__(self) -> str:
        left = f", {self.left}" if self.moment.kind is Kind.WRITE else ""
        return f"{self.moment}: {self.victim} down{left}"


class Cut(BaseException):
    """What a part's own code meets at the moment it is cut; `images` is what stands on the disks then.

    No error, and none that anything in the part may catch: the part is gone.
    """

    def __init__(self, victim: Victim, images: Mapping[Part, Image]) -> None:
        self.victim = victim
        self.images = images
        super().__init__(f"{victim} down")


@dataclass(frozen=True, slots=True)
class Seen:
    """A moment as the recording saw it. `writes` counts the durable writes of every part before it,
    `request` the till's requests and `command` the APDUs so far: what memory and disks depend on."""

    moment: Moment
    writes: tuple[int, ...]
    request: int
    command: int


@dataclass(slots=True)
class Watch:
    """Counts the moments of a step and cuts at the one that is wanted. `look` gives a part's image.

    `again` makes every recovery be cut in its turn: after so many moments, as long as numbers last.
    """

    look: Callable[[Part], Image]
    target: Target | None = None
    seen: list[Seen] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    brown_outs: int = 0
    _counts: Counter[tuple[Kind, Part, str]] = field(default_factory=Counter)
    _writes: dict[Part, int] = field(default_factory=lambda: dict.fromkeys(Part, 0))
    _requests: int = 0
    _commands: int = 0
    _before: tuple[Moment, Image] | None = None
    _down: bool = False
    _left: int | None = None

    def begin(self, target: Target | None) -> None:
        """A new step."""
        self.target = target
        self.seen.clear()
        self._counts.clear()
        self._requests = self._commands = 0
        self._left = None

    def request(self) -> None:
        """The till asks the drive something."""
        self._requests += 1

    def rest(self) -> None:
        """Nothing is cut any more: the cut parts are down, or the step is over."""
        self.target = None

    def shake(self) -> None:
        """Parts are being started again: the next brown-out, if there is one left, comes during that."""
        self._left = self.again.pop(0) if self.again else None

    def calm(self) -> None:
        """No brown-out from here on."""
        self.again.clear()
        self._left = None

    def reach(self, kind: Kind, part: Part, name: str) -> None:
        """A moment that is no write; raises Cut if it is the one."""
        if self._down:
            return
        moment = self._moment(kind, part, name)
        if kind is Kind.COMMAND:
            self._commands += 1
        self._note(moment)
        if self.target is not None and self.target.moment == moment:
            self._fall(self.target.victim, {})
        self._count_down()

    def writing(self, part: Part, name: str) -> None:
        """A part is about to write something durable."""
        if self._down:
            return
        moment = self._moment(Kind.WRITE, part, name)
        self._note(moment)
        self._before = None
        target = self.target
        if target is None or target.moment != moment:
            return
        if target.left is Left.NOTHING:
            self._fall(target.victim, {})
        self._before = (moment, self.look(part))

    def written(self, part: Part) -> None:
        """It is written, and not forced to the disk yet (a database: committed)."""
        if self._down:
            return
        self._writes[part] += 1
        before, self._before = self._before, None
        if before is not None and self.target is not None and self.target.moment == before[0]:
            mix = {Left.TORN: torn, Left.REORDERED: reordered}.get(self.target.left)
            after = self.look(part)
            self._fall(self.target.victim, {part: after if mix is None else mix(before[1], after)})
        self._count_down()

    def up(self) -> None:
        """The driver has put away what was cut; moments count again."""
        self._down = False

    def _moment(self, kind: Kind, part: Part, name: str) -> Moment:
        self._counts[kind, part, name] += 1
        return Moment(kind, part, name, self._counts[kind, part, name])

    def _note(self, moment: Moment) -> None:
        self.seen.append(Seen(moment, tuple(self._writes.values()), self._requests, self._commands))

    def _count_down(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self._left = None
                self.brown_outs += 1
                self._fall(Victim.SHOP, {})

    def _fall(self, victim: Victim, known: Mapping[Part, Image]) -> None:
        """From here on nothing may reach the disks of the parts that go down: the driver puts this image
        back, whatever their dying code still does."""
        self.target = None
        self._down = True
        raise Cut(victim, {part: known[part] if part in known else self.look(part) for part in victim.parts})


class Tap(FaultPoints):
    """The fault points of a journal, as ears: each write and each sync of it is a moment of the watch."""

    def __init__(self, known: Mapping[str, str], clock: PartClock, part: Part, watch: Watch) -> None:
        super().__init__(known, clock, part.value)
        self._part = part
        self._watch = watch

    def hit(self, point: str, /, **context: str) -> FaultRule | None:
        """Tell the watch; nothing goes wrong by rule."""
        if point.endswith(".sync"):
            self._watch.written(self._part)
        else:
            self._watch.writing(self._part, f"{point} {context.get('stage', '')}".strip())
        return None
