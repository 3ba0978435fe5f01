"""Fields that an answer must have."""

from __future__ import annotations

from typing import TypeVar

from conformance.verdicts import AnswerUnreadable

Value = TypeVar("Value")


def present(value: Value | None, what: str) -> Value:
    """The value itself; AnswerUnreadable when the answer left it out. `what` names object and tag, e.g.

    `a1.03`.
    """
    if value is None:
        raise AnswerUnreadable(f"{what} is missing from the answer", clause="S-5.5")
    return value
