"""When and what the tax body answers: a pure decision, made when it is asked.

A real one needs between 15 minutes and three days; both ends are possible. By order it says yes, no with a
reason, or nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

LEAST_SECONDS: Final = 15 * 60
MOST_SECONDS: Final = 72 * 3600

Word = Literal["yes", "no", "never"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What it will say, and after how many seconds; `after` is None when it stays silent."""

    word: Word
    after: float | None
    reason: str = ""


def decide(word: Word, delay: float | None, reason: str, chance: Random) -> Verdict:
    """The verdict on an application. Without `delay` any whole second between the two ends is as likely."""
    if word == "never":
        return Verdict(word, None)
    after = float(chance.randint(LEAST_SECONDS, MOST_SECONDS)) if delay is None else delay
    return Verdict(word, after, reason if word == "no" else "")


def registration_number(tax_office: str, running: int) -> str:
    """The RNM: four digits of the tax office, eight of a running number, ValueError when used up."""
    if not 0 < running < 10**8:
        raise ValueError(f"running number {running} has no eight digits")
    return f"{tax_office}{running:08d}"
