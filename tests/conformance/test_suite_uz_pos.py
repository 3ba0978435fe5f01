"""The suite of points of sale against ours: whole, and as a judge from outside sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cases import load_suites
from conformance.events import RunRecord
from conformance.targets import TILLS
from tests.conformance.labs import outcomes, run_cases, story
from tests.conformance.pos_lab import PART, SEED, SUITE, Shop, judged, judged_from_outside, session_of, shop

FEWEST = 125
FEWEST_OF_A_DIALECT = 19
DIALECTS_SHARE = [
    f"{SUITE}.{each}" for each in ("cure", "receipt", "shift", "standing", "twice.gettxid-half")
]
BEYOND = {"control", "clock", "processes"}
PROMISED = ("UZ-POS-01", "UZ-POS-02", "UZ-POS-03", "UZ-POS-04", "UZ-POS-06", "UZ-SHF-08", "UZ-OFF-06")
ALSO = ("UZ-USB-01", "UZ-USB-02", "UZ-USB-03", "UZ-SVC-01", "UZ-SVC-03", "BX-DATA-01", "BX-BRN-02")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("pos")) as running:
        yield running


@pytest.fixture(scope="module")
def whole(one: Shop) -> RunRecord:
    return judged(one, [f"target:{PART}"])


def own_cases(kind: str = PART) -> set[str]:
    return {case.id for case in load_suites([SUITE]) if case.target == kind}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("suite-uz-pos")
def test_every_case_passes(whole: RunRecord) -> None:
    found = outcomes(whole)
    assert set(found) == {"pass"}, story(whole, *(set(found) - {"pass"}))
    assert set(found["pass"]) == own_cases()
    assert len(found["pass"]) >= FEWEST


@pytest.mark.parametrize("kind", sorted(TILLS))
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("suite-uz-pos")
def test_every_case_of_a_dialect_passes(tmp_path: Path, kind: str) -> None:
    with shop(tmp_path, kind) as till:
        record = judged(till, [f"{SUITE}.{kind.removeprefix('pos-')}"])
    found = outcomes(record)
    assert set(found) == {"pass"}, story(record, *(set(found) - {"pass"}))
    assert set(found["pass"]) == own_cases(kind)
    assert len(found["pass"]) >= FEWEST_OF_A_DIALECT


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(TILLS))
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("suite-uz-pos")
def test_cases_of_every_dialect_apply_to_one_as_far_as_it_goes(tmp_path: Path, kind: str) -> None:
    """Those that need what the dialect has not say so; the others pass."""
    with shop(tmp_path, kind) as till:
        record = judged(till, DIALECTS_SHARE)
    found = outcomes(record)
    assert set(found) == {"pass", "not-applicable"}, story(record)
    reasons = story(record, "not-applicable")
    assert "has no GetTXID" in reasons
    assert "lacks rest" in reasons
    assert len(found["pass"]) >= 2 * len(found["not-applicable"]), found


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("suite-uz-pos")
def test_a_judge_from_outside_needs_keys_alone(tmp_path: Path) -> None:
    """In a lab of its own: nobody tells this judge where the cases before have moved the clock."""
    wanted = [
        f"{SUITE}.{each}" for each in ("refund", "shift", "twice.register-half", "twice.killed-in-register")
    ]
    with shop(tmp_path) as fresh:
        record = judged_from_outside(fresh, terms=wanted)
    found = outcomes(record)
    assert set(found) == {"pass", "not-applicable"}, story(record)
    needing = {case.id for case in load_suites([SUITE]) if case.needs & BEYOND}
    assert set(found["not-applicable"]) <= needing


@pytest.mark.xdist_group("suite-uz-pos")
def test_a_session_that_was_closed_can_judge_again(tmp_path: Path) -> None:
    with shop(tmp_path) as fresh:
        session = session_of(fresh)
        for _ in range(2):
            record = run_cases(fresh.lab, session, SUITE, [f"{SUITE}.receipt.cash"], SEED)
            assert set(outcomes(record)) == {"pass"}, story(record, "fail", "tool-error")


def test_every_requirement_of_the_point_of_sale_has_cases() -> None:
    registry = load_suites([SUITE])
    named = {each for case in registry if case.id.startswith(SUITE) for each in case.requirements}
    assert {*PROMISED, *ALSO} - named == set()


def test_every_rule_of_the_point_of_sale_is_judged() -> None:
    registry = load_suites([SUITE])
    cited = {each for case in registry if case.id.startswith(SUITE) for each in case.clauses}
    wanted = {each for each in registry.book.clauses if each.startswith("PS-")}
    assert wanted - cited == set()


def test_texts_are_whole_sentences() -> None:
    for case in load_suites([SUITE]):
        if case.id.startswith(f"{SUITE}."):
            for text in (case.description, case.expectation):
                assert text.endswith("."), (case.id, text)
                assert not text[0].islower(), (case.id, text)
                assert "{key}" not in text, case.id
