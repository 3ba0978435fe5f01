"""What a judge may ask a person, and the two who need no person: nobody, and a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

DONE: Final = "done"
"""The answer to a plain request."""


class Prompter(Protocol):
    """Somebody to ask. `present` tells whether there is anybody at all."""

    present: bool

    def ask(self, text: str, answers: Sequence[str] = (DONE,)) -> str | None:
        """Show `text` and wait for one of `answers`; None when the person skips it."""

    def close(self) -> None:
        """Nobody is asked any more."""


class Nobody:
    """Skips whatever it is asked: a run that nobody watches."""

    present = False

    def ask(self, text: str, answers: Sequence[str] = (DONE,)) -> str | None:  # noqa: ARG002
        """None, always."""
        return None

    def close(self) -> None:
        """Nothing to close."""


class ScriptedPrompter:
    """Lets a program do what a person would: `act` gets text and answers, and gives one of them or None."""

    present = True

    def __init__(self, act: Callable[[str, Sequence[str]], str | None]) -> None:
        self._act = act

    def ask(self, text: str, answers: Sequence[str] = (DONE,)) -> str | None:
        """What `act` gives; ValueError when that is no answer to the question."""
        given = self._act(text, answers)
        if given is not None and given not in answers:
            raise ValueError(f"{given!r} is none of {', '.join(answers)}")
        return given

    def close(self) -> None:
        """Nothing to close."""
