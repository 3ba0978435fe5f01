"""A vendor's program that presses the keys of what is under test: `PROGRAM WORD`, JSON in and JSON out."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from conformance.drivers.wire import Tap
from conformance.events import Direction, Layer
from conformance.verdicts import AnswerMissing, AnswerUnreadable, NotApplicable, TargetUnreachable

UNKNOWN_WORD: Final = 64
"""Exit status of a program that does not know the word (EX_USAGE)."""
_SHOWN: Final = 400


class VendorProgram:
    """Runs the program once for every word, with the order as JSON on stdin and the answer on stdout.

    `kind` is the target's, for the sentence about an empty address; `seconds` is the real time a word may
    take.
    """

    def __init__(self, kind: str, program: str, tap: Tap, seconds: float) -> None:
        self._words = shlex.split(program)
        if not self._words:
            raise TargetUnreachable(f"{kind}:command: needs the path of a program")
        self._tap = tap
        self._seconds = seconds

    def run(self, word: str, order: Mapping[str, Any]) -> Any:
        """The JSON that the program writes; NotApplicable when it does not know the word, AnswerMissing
        when it fails or does not end, AnswerUnreadable for what is no JSON."""
        given = json.dumps(dict(order), ensure_ascii=False).encode()
        sent = f"{shlex.join([*self._words, word])} {given.decode()}".encode()
        self._tap(Layer.HTTP, Direction.SENT, sent)
        done = self._ended(word, given)
        self._tap(Layer.HTTP, Direction.RECEIVED, done.stdout, sent)
        if done.returncode == UNKNOWN_WORD:
            raise NotApplicable(f"the program does not know {word}")
        if done.returncode:
            told = done.stderr.decode("utf-8", "replace").strip()[-_SHOWN:]
            raise AnswerMissing(f"{word} ended with status {done.returncode}: {told}")
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            shown = done.stdout[:_SHOWN].decode("utf-8", "replace")
            raise AnswerUnreadable(f"{word} writes no JSON: {error}", observed=shown) from error

    def _ended(self, word: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [*self._words, word], input=given, capture_output=True, timeout=self._seconds, check=False
            )
        except OSError as error:
            raise TargetUnreachable(f"{self._words[0]} does not start: {error}") from error
        except subprocess.TimeoutExpired as error:
            raise AnswerMissing(f"{word} did not end within {self._seconds:g} s") from error
