"""The operator suite against the Kazakh operator: with its wire alone, and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from conformance.cases import load_suites
from conformance.events import RunRecord, Step, StepKind
from conformance.lab import Lab
from tests.conformance.kz_operator_lab import PART, SUITE, judged, judged_by_wire, operator
from tests.conformance.labs import outcomes, story

FEWEST = 700
FEWEST_BY_WIRE = 350
BEYOND_THE_WIRE = {"control", "clock", "faults", "processes", "destructive"}
LEADING = re.compile(r"^\[?(\d+)")
CODES = {*range(1, 20), 254, 255}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with operator(tmp_path_factory.mktemp("operator-kz")) as running:
        yield running


@pytest.fixture(scope="module")
def by_wire(lab: Lab) -> RunRecord:
    """Before the clock of the lab has moved: a judge without control has the time of this machine."""
    return judged_by_wire(lab)


@pytest.fixture(scope="module")
def whole(lab: Lab, by_wire: RunRecord) -> RunRecord:
    assert by_wire.ended is not None
    return judged(lab)


def own_cases() -> set[str]:
    return {case.id for case in load_suites([SUITE]) if case.id.startswith(f"{SUITE}.")}


def needing(*needs: str) -> set[str]:
    return {case.id for case in load_suites([SUITE]) if case.needs & set(needs)} & own_cases()


def test_the_wire_alone_fails_nothing(by_wire: RunRecord) -> None:
    found = outcomes(by_wire)
    odd = set(found) - {"pass", "not-applicable"}
    assert not odd, story(by_wire, *odd)
    assert needing(*BEYOND_THE_WIRE) <= set(found["not-applicable"])
    assert len(found["pass"]) >= FEWEST_BY_WIRE


def test_every_case_passes(whole: RunRecord) -> None:
    found = outcomes(whole)
    assert set(found) == {"pass"}, story(whole, *(set(found) - {"pass"}))
    assert set(found["pass"]) == own_cases()
    assert len(found["pass"]) >= FEWEST


def test_a_second_run_with_the_same_seed_passes(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    terms = [f"{SUITE}.token", f"{SUITE}.repeat.lost", f"{SUITE}.walk.first", f"{SUITE}.check"]
    record = judged(lab, terms, processes=False)
    assert set(outcomes(record)) == {"pass"}, story(record, "fail", "inconclusive", "tool-error")


def test_every_result_code_was_demanded_and_seen(whole: RunRecord) -> None:
    checks = [
        step
        for case in whole.cases
        for step in case.timeline
        if isinstance(step, Step) and step.kind is StepKind.CHECK and step.ok
    ]
    leading = [LEADING.match(step.expected) for step in checks if "code" in step.text]
    seen = {int(found[1]) for found in leading if found is not None}
    assert sorted(CODES - seen) == []


def test_texts_are_whole_sentences() -> None:
    for case in load_suites([SUITE]):
        if case.id.startswith(f"{SUITE}."):
            for text in (case.description, case.expectation):
                assert text.endswith("."), (case.id, text)
                assert not text[0].islower(), (case.id, text)
                assert "{key}" not in text, case.id


def test_a_run_puts_everything_back(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    state = lab.control(PART).state()
    switches = ("rotate_token", "report_token", "zero_rows", "consumer_strict", "checks", "no_tariff_code")
    assert {name: state["settings"][name] for name in switches} == {
        "rotate_token": "always",
        "report_token": "verify",
        "zero_rows": "omit",
        "consumer_strict": True,
        "checks": {},
        "no_tariff_code": 15,
    }
    assert state["orders"] == []
    assert lab.control(PART).faults()["rules"] == []
    assert lab.control(PART).clock()["rate"] == 1.0
