"""The portal suite against the portal: whole, and as a judge from outside sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.cases import load_suites
from conformance.events import RunRecord
from conformance.lab import Lab
from tests.conformance.labs import outcomes, story
from tests.conformance.portal_lab import PART, SUITE, judged, judged_from_outside, portal

FEWEST = 280
BEYOND = {"control", "clock", "wire", "test-certificates"}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("suite-portal")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with portal(tmp_path_factory.mktemp("portal")) as running:
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


def test_every_requirement_of_the_portal_has_cases() -> None:
    registry = load_suites([SUITE])
    named = {each for case in registry if case.id.startswith(SUITE) for each in case.requirements}
    heads = (
        "KZ-REG",
        "KZ-LOG",
        "KZ-OUT",
        "KZ-KKM",
        "KZ-TRF",
        "KZ-TOK",
        "KZ-RRG",
        "KZ-DRG",
        "KZ-ARC",
        "KZ-USR",
    )
    wanted = {each for each in registry.book.requirements if each.startswith(heads)}
    assert wanted - named == set()


def test_every_transition_and_reason_has_cases() -> None:
    registry = load_suites([SUITE])
    cited = {each for case in registry if case.id.startswith(SUITE) for each in case.clauses}
    heads = ("KZ-PT-", "KZ-DR-", "KZ-KF-", "KZ-RX-", "KZ-RF-", "KZ-RS-", "KZ-AR-")
    of_pages = {"KZ-RX-01", "KZ-RF-01"}
    """Those of the signing service and of a heading."""
    wanted = {each for each in registry.book.clauses if each.startswith(heads)} - of_pages
    assert wanted - cited == set()


def test_texts_are_whole_sentences() -> None:
    for case in load_suites([SUITE]):
        if case.id.startswith(f"{SUITE}."):
            for text in (case.description, case.expectation):
                assert text.endswith((".", "».")), (case.id, text)
                assert not text[0].islower(), (case.id, text)
                assert "{key}" not in text, case.id


def test_a_run_puts_everything_back(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    settings = lab.control(PART).state()["settings"]
    assert (settings["kgd_answer"], settings["kgd_delay"], settings["rereg_delay"]) == ("yes", None, 0)
    assert settings["defects"] == []
