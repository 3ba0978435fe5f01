"""Challenges: random, once, five minutes (SG-07)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ofd_mock.pki.challenges import LIFE, MOST, ChallengeError, ChallengeFault, Challenges
from reference.runtime.chance import generator
from tests.ofd_mock.pki.conftest import NOW


def test_once_and_within_five_minutes() -> None:
    open_ones = Challenges(generator(7, "portal"))
    first, second = open_ones.issue(NOW), open_ones.issue(NOW)
    assert first.text != second.text
    assert len(first.content) == 32
    assert open_ones.take(first.text, NOW + LIFE) == first
    with pytest.raises(ChallengeError) as told:
        open_ones.take(first.text, NOW)
    assert told.value.fault is ChallengeFault.UNKNOWN
    with pytest.raises(ChallengeError) as told:
        open_ones.take(second.text, NOW + LIFE + timedelta(microseconds=1))
    assert told.value.fault is ChallengeFault.EXPIRED
    with pytest.raises(ChallengeError):
        open_ones.take(second.text, NOW)


def test_nobody_fills_the_memory() -> None:
    open_ones = Challenges(generator(7, "portal"))
    first = open_ones.issue(NOW)
    for _ in range(MOST):
        open_ones.issue(NOW)
    with pytest.raises(ChallengeError):
        open_ones.take(first.text, NOW)
