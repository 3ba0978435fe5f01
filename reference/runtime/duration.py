"""Durations as people write them at the bench: ``90s``, ``47h59m``, ``2d``, ``-5m``, or plain seconds."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

UNIT_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_GAP = re.compile(r"(?<=[dhms])\s+(?=\d)")
_WHOLE = re.compile(r"([+-]?)((?:\d+(?:\.\d+)?(?:ms|[dhms]))+)")


def parse_duration(value: object) -> float:
    """Seconds meant by a number or by a text such as ``1d2h30m``.

    A number, or a text of digits alone, is seconds already. A leading minus turns the whole duration.
    Raises ValueError with the accepted forms when it cannot be read or is not finite.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a duration is a number of seconds or a text such as 90s, 47h59m, 2d")  # noqa: TRY004
    seconds = _from_text(value) if isinstance(value, str) else float(value)
    if not math.isfinite(seconds):
        raise ValueError("a duration must be finite")
    return seconds


def _from_text(text: str) -> float:
    compact = _GAP.sub("", text.strip().lower())
    match = _WHOLE.fullmatch(compact)
    if match is None:
        try:
            return float(compact)
        except ValueError:
            raise ValueError(f"{text!r} is not a duration: write 90s, 47h59m, 2d or seconds") from None
    sign = -1 if match[1] == "-" else 1
    return sign * sum(float(number) * UNIT_SECONDS[unit] for number, unit in _PIECE.findall(match[2]))


def format_duration(seconds: float) -> str:
    """The shortest text of days, hours, minutes and seconds that :func:`parse_duration` reads back."""
    sign, rest = ("-", -seconds) if seconds < 0 else ("", seconds)
    whole, fraction = divmod(round(rest, 3), 1)
    pieces = []
    left = int(whole)
    for unit in ("d", "h", "m"):
        count, left = divmod(left, int(UNIT_SECONDS[unit]))
        if count:
            pieces.append(f"{count}{unit}")
    last = left + round(fraction, 3)
    if last or not pieces:
        pieces.append(f"{last:g}s")
    return sign + "".join(pieces)


Duration = Annotated[float, BeforeValidator(parse_duration)]
"""Pydantic field type: seconds, given as a number or as a duration text."""
