"""The person at the console."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final, TextIO

from conformance.prompts.prompter import DONE

SKIP: Final = "s"
ATTEMPTS: Final = 5
"""How often a question is put before it counts as skipped."""


class ConsolePrompter:
    """Asks on `output` and reads lines from `read` (standard output and input unless told otherwise).

    Enter takes the first answer, a number or the word itself the one meant, `s` skips, and so does the end of
    the input.
    """

    present = True

    def __init__(self, read: Callable[[], str] | None = None, output: TextIO | None = None) -> None:
        self._read = read or sys.stdin.readline
        self._output = output or sys.stdout

    def ask(self, text: str, answers: Sequence[str] = (DONE,)) -> str | None:
        """The answer typed in, None when it is skipped."""
        choices = ", ".join(f"{place} {answer}" for place, answer in enumerate(answers, start=1))
        self._say(f"\n>>> {text}\n    [{choices}; Enter: {answers[0]}; {SKIP}: skip] ")
        for _ in range(ATTEMPTS):
            line = self._read()
            if not line or line.strip().lower() == SKIP:
                return None
            typed = line.strip().lower()
            if not typed:
                return answers[0]
            if typed.isdigit() and 0 < int(typed) <= len(answers):
                return answers[int(typed) - 1]
            for answer in answers:
                if typed == answer.lower():
                    return answer
            self._say(f"    {typed!r} is none of them [{choices}; {SKIP}: skip] ")
        return None

    def close(self) -> None:
        """The console stays."""

    def _say(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()
