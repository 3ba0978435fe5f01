"""The register suite against the reference register: in its lab, and with the keys and the wire alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.events import RunRecord
from conformance.lab import Lab
from reference.protocol.kz.results import RESULTS
from tests.conformance.kz_register_lab import SUITE, judged, shop, suite
from tests.conformance.labs import outcomes, story

FEWEST = 400

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with shop(tmp_path_factory.mktemp("register")) as running:
        yield running


@pytest.fixture(scope="module")
def whole(lab: Lab) -> RunRecord:
    return judged(lab)


def own_cases() -> set[str]:
    return {case.id for case in suite() if case.id.startswith(f"{SUITE}.")}


@pytest.mark.timeout(600)
def test_every_case_passes(whole: RunRecord) -> None:
    found = outcomes(whole)
    assert set(found) == {"pass"}, story(whole, *(set(found) - {"pass"}))
    assert set(found["pass"]) == own_cases()
    assert len(found["pass"]) >= FEWEST


def test_a_run_puts_everything_back(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    assert whole.ended.stopped == ""
    control = lab.control("register")
    assert control.faults()["rules"] == []
    clock = control.clock()
    assert clock["rate"] == 1
    assert clock["parts"]["register"] == {"skew": 0.0, "drift": 0.0}


def test_keys_and_wire_alone_fail_nothing(lab: Lab) -> None:
    """Somebody else's register cannot be set up: nothing may be said against it that was not seen."""
    terms = [f"{SUITE}.{subject}" for subject in ("start", "frame", "tape", "ticket")]
    record = judged(lab, terms, control=False, processes=False, vendor=True)
    found = outcomes(record)
    assert set(found) <= {"pass", "not-applicable"}, story(record, *(set(found) - {"pass", "not-applicable"}))
    beyond = {case.id for case in suite() if case.needs}
    assert set(found["not-applicable"]) <= beyond


def test_texts_are_whole_sentences() -> None:
    for case in suite():
        if case.id.startswith(f"{SUITE}."):
            for text in (case.description, case.expectation):
                assert text.endswith("."), (case.id, text)
                assert not text[0].islower(), (case.id, text)
                assert "{key}" not in text, case.id


def test_every_result_code_is_answered_to_a_register() -> None:
    cited = {clause for case in suite() if case.id.startswith(f"{SUITE}.") for clause in case.clauses}
    assert {f"KZ-RC-{row.code.value}" for row in RESULTS if row.code} - cited == set()


def test_every_rule_of_the_register_is_judged() -> None:
    """Modes, queue, limits, tokens and the header; what binds the server alone is left out."""
    cited = {clause for case in suite() if case.id.startswith(f"{SUITE}.") for clause in case.clauses}
    rules = {f"KZ-MD-{n:02}" for n in range(1, 13)} | {f"KZ-OQ-{n}" for n in range(1, 15)} - {"KZ-OQ-12"}
    rules |= {f"KZ-H72-{n:02}" for n in range(1, 6)} | {f"KZ-H24-{n:02}" for n in (1, 2, 3, 5)}
    rules |= {f"KZ-TK-{n}" for n in (1, 2, 4)} | {f"KZ-QR-{n:02}" for n in range(1, 6)}
    rules |= {f"KZ-HD-{n}" for n in (0, 2, 4, 8, 12, 16)} | {f"KZ-CM-{n}" for n in (*range(9), 100)}
    assert sorted(rules - cited) == []
