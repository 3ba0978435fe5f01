"""A check: one row of a command's table, asked in its turn (uz-fiscal §5.3, §5.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from reference.protocol.uz.apdu import instruction
from reference.protocol.uz.status_words import StatusWord
from simulator.request import Request

Question: TypeAlias = Callable[[Request], bool]

POS_GATE: Final = 3
"""The step of FM-C-03: an operation that came past it has used up the POS challenge (FM-P-04)."""


@dataclass(frozen=True, slots=True)
class Check:
    """One row: where it stands, the rule, the word it answers with, and the question it asks.

    The first row whose question is answered True decides; nothing has changed by then. A row with NO_ERROR
    answers from memory instead of refusing.
    """

    step: int
    clause: str
    status: StatusWord
    refuses: Question


def length_check(name: str, clause: str) -> Check:
    """The row that refuses data of a size the instruction table does not allow."""
    sizes = instruction(name).data.sizes
    return Check(1, clause, StatusWord.WRONG_LENGTH, lambda request: len(request.data) not in sizes)


def without(rows: Iterable[Check], clause: str, status: StatusWord | None = None) -> tuple[Check, ...]:
    """The rows less those of `clause` (and, if given, `status`): a module that forgets a rule."""
    return tuple(
        row for row in rows if row.clause != clause or (status is not None and row.status is not status)
    )


def altered(
    rows: Iterable[Check], clause: str, question: Question, status: StatusWord | None = None
) -> tuple[Check, ...]:
    """The rows with another question for `clause` (and, if given, `status`): a rule got wrong."""
    return tuple(
        Check(row.step, row.clause, row.status, question)
        if row.clause == clause and (status is None or row.status is status)
        else row
        for row in rows
    )
