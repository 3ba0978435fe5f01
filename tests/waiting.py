"""Waiting for what another thread or process brings about: bounded, and without guessing how long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from reference.runtime.clock import real_elapsed

PATIENCE: Final = 60.0
"""Real seconds until what does not come counts as never coming: a disk that stalls for ten, or a processor
that others hold, is no failure."""
_Result = TypeVar("_Result")
_PAUSE_SECONDS = 0.01


def eventually(check: Callable[[], _Result], seconds: float = PATIENCE) -> _Result:
    """The first true result of `check`, asked again and again for at most `seconds` real seconds.

    An AssertionError of `check` counts as not yet. AssertionError with the last one, or the last result, at
    the end.
    """
    pause = threading.Event()
    end = real_elapsed() + seconds
    while True:
        failure: AssertionError | None = None
        result: object = None
        try:
            found = check()
        except AssertionError as error:
            failure = error
        else:
            if found:
                return found
            result = found
        if real_elapsed() >= end:
            raise AssertionError(f"not within {seconds:g} s; last result {result!r}") from failure
        pause.wait(_PAUSE_SECONDS)


def quick_once(spent: Callable[[], float], limit: float, tries: int = 30, in_a_row: int = 1) -> None:
    """AssertionError unless what `spent` measures took less than `limit` real seconds in one of `tries`.

    A machine that others hold up makes any single measurement slow; what is slow by itself is slow each time.
    What looks up now and then is quick by chance: it has to be so several times `in_a_row`.
    """
    took: list[float] = []
    while len(took) < tries:
        took.append(spent())
        if len(took) >= in_a_row and max(took[-in_a_row:]) < limit:
            return
    raise AssertionError(
        f"not below {limit:g} s {in_a_row} times in a row: {min(took):g} s at best of {tries}"
    )
