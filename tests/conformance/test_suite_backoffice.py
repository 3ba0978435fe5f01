"""The suite of the owner portal against the reference one: whole, and as a judge from outside sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.cases import load_suites
from conformance.events import RunRecord
from conformance.lab import Lab
from tests.conformance.backoffice_lab import PART, SUITE, backoffice, judged, judged_from_outside
from tests.conformance.labs import outcomes, story

FEWEST = 350
BEYOND = {"control", "clock"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("suite-backoffice")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with backoffice(tmp_path_factory.mktemp("backoffice")) as running:
        yield running


@pytest.fixture(scope="module")
def whole(lab: Lab) -> RunRecord:
    return judged(lab)


def own_cases() -> set[str]:
    return {case.id for case in load_suites([SUITE]) if case.id.startswith(f"{SUITE}.")}


def test_every_case_passes(whole: RunRecord) -> None:
    found = outcomes(whole)
    assert set(found) == {"pass"}, story(whole, *(set(found) - {"pass"}))
    assert set(found["pass"]) == own_cases()
    assert len(found["pass"]) >= FEWEST


def test_a_judge_from_outside_fails_nothing(lab: Lab) -> None:
    record = judged_from_outside(lab)
    found = outcomes(record)
    assert set(found) == {"pass", "not-applicable"}, story(record)
    needing = {case.id for case in load_suites([SUITE]) if case.needs & BEYOND} & own_cases()
    assert needing == set(found["not-applicable"])


def test_a_run_puts_everything_back(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    state = lab.control(PART).state()
    assert state["settings"]["defects"] == []
    assert (state["counts"]["owners"], state["counts"]["branches"], state["counts"]["orders"]) == (0, 0, 0)


def test_every_requirement_and_clause_has_cases() -> None:
    registry = load_suites([SUITE])
    own = [case for case in registry if case.id.startswith(f"{SUITE}.")]
    named = {each for case in own for each in case.requirements}
    assert {each for each in registry.book.requirements if each.startswith("BX-")} - named == set()
    cited = {each for case in own for each in case.clauses}
    assert {each for each in registry.book.clauses if each.startswith("BX-")} - cited == set()


def test_texts_are_whole_sentences() -> None:
    for case in load_suites([SUITE]):
        if case.id.startswith(f"{SUITE}."):
            for text in (case.description, case.expectation):
                assert text.endswith((".", "».", "...")), (case.id, text)
                assert not text[0].islower(), (case.id, text)
                assert "{key}" not in text, case.id
