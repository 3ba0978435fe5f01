"""The operator suite against the Kazakh operator: with its wire alone, and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

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
OTHER_CHOICES: dict[str, dict[str, Any]] = {
    "lax": {
        "rotate_token": "never",
        "report_token": "heal",
        "z_source": "client",
        "shift_opens_on": "ticket",
        "zero_rows": "full",
        "result_text_on_ok": "present",
        "close_without_shift": "refuse",
        "requests_per_connection": 1,
        "max_frame_bytes": 65_536,
        "cash_check_offline": True,
        "fresh_info_shift_number": 0,
    },
    "strict": {
        "rotate_token": "random",
        "reg_info_check": "on",
        "geo_check": "on",
        "shift_number_check": "on",
        "document_max_age": 72,
        "shift_limit_inclusive": True,
        "block_check": "before_token",
        "s_format": "java_double",
        "sign_range": [10**9, 10**12],
        "barcode_not_found": "top",
        "checks": dict.fromkeys(("T05", "T09", "T14", "T19", "T21", "T23", "T24", "C01", "M01"), "on"),
    },
}
"""Switches of kz-ofd §19.2 turned the other way, as far as they can stand together."""

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


@pytest.mark.parametrize("kind", sorted(OTHER_CHOICES))
def test_another_ofds_choices_fail_nothing(tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    """Where the sources are silent a product may do as it likes: kz-ofd's own decisions bind ours only."""
    with operator(tmp_path_factory.mktemp(kind)) as lab:
        lab.control(PART).reset(**OTHER_CHOICES[kind])
        record = judged_by_wire(lab)
    found = outcomes(record)
    odd = set(found) - {"pass", "pass-non-strict", "informational", "not-applicable"}
    assert not odd, story(record, *odd)
    assert len(found["pass"]) >= FEWEST_BY_WIRE
    assert found["informational"]


def test_every_case_passes(whole: RunRecord) -> None:
    found = outcomes(whole)
    assert set(found) == {"pass"}, story(whole, *(set(found) - {"pass"}))
    assert set(found["pass"]) == own_cases()
    assert len(found["pass"]) >= FEWEST


def test_a_second_run_with_the_same_seed_passes(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    terms = [f"{SUITE}.token", f"{SUITE}.repeat.lost", f"{SUITE}.walk.first", f"{SUITE}.check"]
    record = judged(lab, terms, processes=False)
    assert set(outcomes(record)) == {"pass"}, story(record)


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
