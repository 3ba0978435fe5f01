"""What a failed suite's test tells: whatever was not as hoped, and why a run stopped."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.outcomes import Outcome
from tests.conformance.labs import story


def record(stopped: str = "") -> Any:
    cases = [
        SimpleNamespace(
            case=SimpleNamespace(id=each.value),
            verdict=SimpleNamespace(outcome=each, message="seen", trace=""),
        )
        for each in Outcome
    ]
    return SimpleNamespace(cases=cases, ended=SimpleNamespace(stopped=stopped))


def told(text: str) -> set[str]:
    return {line.split(" ")[0] for line in text.splitlines()}


def test_every_outcome_that_nobody_hoped_for_is_told() -> None:
    hoped = {Outcome.PASS.value, Outcome.NOT_APPLICABLE.value}
    assert told(story(record())) == {each.value for each in Outcome} - hoped


@pytest.mark.parametrize("wanted", ["pass", "informational"])
def test_of_named_outcomes_those_alone(wanted: str) -> None:
    assert told(story(record(), wanted)) == {wanted}


def test_a_run_that_stopped_says_why() -> None:
    assert story(record("the portal does not answer"), "fail").splitlines()[0] == "the portal does not answer"
