"""A key that is pressed in a thread, for a press that waits while a case acts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Final

from conformance.drivers.kz_keys import Pressed
from conformance.verdicts import AnswerMissing

PATIENCE: Final = 30.0
"""Real seconds within which something that nothing holds up has to happen: only a hang takes so long."""


class Pending:
    """A press under way in a thread of its own."""

    def __init__(self, press: Callable[[], Pressed]) -> None:
        self._future: Future[Pressed] = Future()
        threading.Thread(target=self._run, args=(press,), daemon=True).start()

    def _run(self, press: Callable[[], Pressed]) -> None:
        try:
            self._future.set_result(press())
        except BaseException as error:  # noqa: BLE001 - told to whoever asks for the outcome
            self._future.set_exception(error)

    def done(self, seconds: float = 0.0) -> bool:
        """Whether the outcome is there, or comes within real `seconds`."""
        try:
            self._future.exception(seconds)
        except FutureTimeout:
            return False
        return True

    def result(self, seconds: float = PATIENCE) -> Pressed:
        """The outcome; AnswerMissing when it does not come within real `seconds`."""
        try:
            return self._future.result(seconds)
        except FutureTimeout:
            raise AnswerMissing(f"the key has no outcome within {seconds:g} s") from None
