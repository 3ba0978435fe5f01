"""The operator suite against the Uzbek operator: whole, without leave to kill it, and with its wire alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.cases import load_suites
from conformance.events import RunRecord, Step, StepKind
from conformance.lab import Lab
from reference.protocol.uz.message import FileStatus, StatusCode
from tests.conformance.labs import outcomes, story
from tests.conformance.operator_lab import SUITE, judged, operator

FEWEST = 55
BEYOND_THE_WIRE = {"control", "clock", "faults", "processes", "destructive"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with operator(tmp_path_factory.mktemp("operator")) as running:
        yield running


@pytest.fixture(scope="module")
def whole(lab: Lab) -> RunRecord:
    return judged(lab)


def own_cases() -> set[str]:
    return {case.id for case in load_suites([SUITE]) if case.id.startswith(f"{SUITE}.")}


def needing(*needs: str) -> set[str]:
    return {case.id for case in load_suites([SUITE]) if case.needs & set(needs)} & own_cases()


def test_every_case_passes(whole: RunRecord) -> None:
    found = outcomes(whole)
    assert set(found) == {"pass"}, story(whole, *(set(found) - {"pass"}))
    assert set(found["pass"]) == own_cases()
    assert len(found["pass"]) >= FEWEST


def test_the_wire_alone_fails_nothing(lab: Lab) -> None:
    record = judged(lab, control=False)
    found = outcomes(record)
    assert set(found) == {"pass", "not-applicable"}, story(record, *(set(found) - {"pass", "not-applicable"}))
    assert set(found["not-applicable"]) == needing(*BEYOND_THE_WIRE)
    assert len(found["pass"]) >= FEWEST


def test_a_second_run_with_the_same_seed_finds_new_terminals(lab: Lab) -> None:
    terms = [f"{SUITE}.once", f"{SUITE}.shift", f"{SUITE}.walk.first"]
    for _ in range(2):
        record = judged(lab, terms, processes=False)
        assert set(outcomes(record)) == {"pass"}, story(record)


@pytest.mark.parametrize("codes", [StatusCode, FileStatus])
def test_every_status_was_demanded_and_seen(whole: RunRecord, codes: type[StatusCode | FileStatus]) -> None:
    seen = " ".join(
        step.expected
        for case in whole.cases
        for step in case.timeline
        if isinstance(step, Step) and step.kind is StepKind.CHECK and step.ok and "status" in step.text
    )
    assert [code.name for code in codes if f"{int(code)} ({code.name})" not in seen] == []


def test_texts_are_whole_sentences() -> None:
    for case in load_suites([SUITE]):
        if case.id.startswith(f"{SUITE}."):
            for text in (case.description, case.expectation):
                assert text.endswith("."), (case.id, text)
                assert text[0].isupper() or text[0].isdigit(), (case.id, text)
                assert "{key}" not in text, case.id


def test_a_run_puts_everything_back(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    control = lab.control("operator")
    assert control.faults()["rules"] == []
    assert control.state()["settings"]["check_signature"] is False
    assert control.clock()["parts"]["operator"] == {"skew": 0.0, "drift": 0.0}
