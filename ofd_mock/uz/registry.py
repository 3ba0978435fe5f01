"""What the operator has decided about modules: blocks, marks, lock orders, POS-unlocks and enrolled keys.

Orders are kept as directives in the sequence they were given, each aimed at one module, a glob, a share of
the modules or all; for every kind the latest directive that covers a module holds. A Registry is an
immutable picture of all directives: reading it needs no lock, and whoever changes something makes a new
one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

ALL = "*"
_SHARE_SCALE = 1 << 64


class DirectiveKind(StrEnum):
    """What a directive orders."""

    BLOCK = "block"
    """The operator takes no files of the module: NotActive (OF-17)."""
    UNKNOWN = "unknown"
    """The operator says it never heard of the module: NotFound (OF-16)."""
    LOCK = "lock"
    """ChangeLockState and LockState of the state page (uz-fiscal §11.10)."""
    POS_UNLOCK = "pos-unlock"
    """The next state sync undoes the module's POS lock (uz-fiscal §11.10)."""
    NOTICE = "notice"
    """A text shown to the user with every answer: OKNotice (uz-fiscal §11.5)."""
    GENERATION_1 = "gen1"
    """Unsigned advance and credit receipts of a generation-1 dialect are taken (G1-Z-09)."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which modules a directive is aimed at: a glob over the TerminalID and a share from 0 to 1 of those.

    The share is deterministic: the same modules for the same seed, more of them for a larger share.
    """

    pattern: str = ALL
    share: float = 1.0
    seed: int = 0

    def covers(self, terminal: str) -> bool:
        """Whether the module is among the selected ones."""
        if self.share < 1.0 and share_point(terminal, self.seed) >= self.share:
            return False
        return fnmatchcase(terminal, self.pattern)

    def swallows(self, other: Selector) -> bool:
        """Whether every module that `other` covers is surely covered by this one too."""
        if self.share < 1.0:
            return self == other
        return self.pattern in (ALL, other.pattern)


def share_point(terminal: str, seed: int) -> float:
    """Where in 0…1 a module stands for shares drawn with this seed; evenly spread over the modules."""
    digest = hashlib.sha256(f"{seed}:{terminal}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _SHARE_SCALE


@dataclass(frozen=True, slots=True)
class Directive:
    """One order of the operator; `number` grows with every order and is never used twice."""

    number: int
    kind: DirectiveKind
    selector: Selector
    on: bool
    locked: bool = False
    reason: int = 0
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Keys of a module that was personalised with a seed of its own (uz-fiscal §17.1).

    `public_key` is x ‖ y, 64 bytes; `transport_key` 32 bytes.
    """

    public_key: bytes
    transport_key: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """Why a module is blocked: reason 1 unpaid, 2 deregistered, 3 other, and the text for its user."""

    reason: int
    notice: str


@dataclass(frozen=True, slots=True)
class Standing:
    """All that holds for one module at one moment."""

    terminal: str
    unknown: bool
    block: Block | None
    change_lock: bool
    locked: bool
    pos_unlock: int
    """Number of the POS-unlock order in force, 0 if none; used up once a sync carried it."""
    notice: str
    generation_1: bool


@dataclass(frozen=True)
class Registry:
    """All directives and enrolled keys as of `version`."""

    version: int = 0
    directives: tuple[Directive, ...] = ()
    enrolments: Mapping[str, Enrolment] = field(default_factory=dict)
    _known: dict[str, Standing] = field(default_factory=dict, compare=False, repr=False)

    def standing(self, terminal: str) -> Standing:
        """What holds for this module."""
        known = self._known.get(terminal)
        if known is None:
            known = self._work_out(terminal)
            if len(self._known) < _MOST_REMEMBERED:
                self._known[terminal] = known
        return known

    def _work_out(self, terminal: str) -> Standing:
        latest = {entry.kind: entry for entry in self.directives if entry.selector.covers(terminal)}

        def order(kind: DirectiveKind) -> Directive | None:
            entry = latest.get(kind)
            return entry if entry is not None and entry.on else None

        block, notice = order(DirectiveKind.BLOCK), order(DirectiveKind.NOTICE)
        unlock, lock = order(DirectiveKind.POS_UNLOCK), latest.get(DirectiveKind.LOCK)
        return Standing(
            terminal,
            unknown=order(DirectiveKind.UNKNOWN) is not None,
            block=None if block is None else Block(block.reason, block.notice),
            change_lock=lock is not None and lock.on,
            locked=lock is not None and lock.locked,
            pos_unlock=0 if unlock is None else unlock.number,
            notice="" if notice is None else notice.notice,
            generation_1=order(DirectiveKind.GENERATION_1) is not None,
        )


_MOST_REMEMBERED = 100_000


def superseded(held: Iterable[Directive], newer: Directive) -> tuple[int, ...]:
    """Numbers of the held directives that can never hold again once `newer` is given."""
    return tuple(
        entry.number for entry in held if entry.kind == newer.kind and newer.selector.swallows(entry.selector)
    )
