"""Login by signature: a random text, signed once, within five minutes (kz-ofd SG-07)."""

from __future__ import annotations

import base64
import random
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from reference.protocol.kz.results import Texts

BYTES: Final = 32
LIFE: Final = timedelta(minutes=5)
MOST: Final = 10_000
"""Open challenges; beyond, the oldest is forgotten."""


class ChallengeFault(Enum):
    """Why a challenge cannot be taken, in the portal's languages."""

    UNKNOWN = Texts(
        "Запрос на вход не найден или уже использован",
        "Кіру сұрауы табылмады немесе пайдаланылған",
        "The challenge is unknown or was used already",
    )
    EXPIRED = Texts(
        "Время подписания истекло, начните сначала",
        "Қол қою уақыты өтті, қайта бастаңыз",
        "Too late: the challenge is older than five minutes",
    )


class ChallengeError(ValueError):
    """A challenge that was never issued, is used, or is too old."""

    def __init__(self, fault: ChallengeFault) -> None:
        super().__init__(fault.value.en)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Challenge:
    """A text to be signed: Base64 for the browser, bytes for verification."""

    text: str
    issued: datetime

    @property
    def content(self) -> bytes:
        """The bytes that the browser signs."""
        return base64.b64decode(self.text)


class Challenges:
    """Open challenges of one portal, kept in memory. Safe to use from several threads."""

    def __init__(self, chance: random.Random) -> None:
        """`chance` is the part's own seeded generator."""
        self._chance = chance
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Challenge] = OrderedDict()

    def issue(self, now: datetime) -> Challenge:
        """A fresh challenge, valid for five minutes of lab time."""
        with self._lock:
            made = Challenge(base64.b64encode(self._chance.randbytes(BYTES)).decode(), now)
            self._open[made.text] = made
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return made

    def take(self, text: str, now: datetime) -> Challenge:
        """Use a challenge up, whatever its signature is worth. ChallengeError: unknown, used or old."""
        with self._lock:
            found = self._open.pop(text, None)
        if found is None:
            raise ChallengeError(ChallengeFault.UNKNOWN)
        if now - found.issued > LIFE:
            raise ChallengeError(ChallengeFault.EXPIRED)
        return found
