"""Recordings that are not sent again to another product, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from conformance.targets import TILLS

UNSENT: Final[Mapping[str, str]] = {
    "register-kz": "there the register asks and the judge answers, so nothing of what was sent makes another "
    "register do the same",
    "portal": "keys, sessions and signatures are of their day, so nothing of what was sent is let in again",
    **dict.fromkeys(
        ("pos", *TILLS),
        "there the point of sale asks and the judge answers, so nothing of what was sent makes another do "
        "the same",
    ),
    "backoffice": "codes and sessions are of their day, so nothing of what was sent is let in again",
}
"""By kind of target."""
