"""The module suite against the emulated module: with its control API, and with its wire alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.cases import load_suites
from conformance.events import RunRecord, Step, StepKind
from conformance.lab import Lab
from reference.protocol.uz.status_words import StatusWord
from tests.conformance.labs import outcomes, story
from tests.conformance.module_lab import SUITE, judged, simulator

FEWEST = 90
BEYOND_THE_WIRE = {"person", "control", "clock", "faults", "fresh-module", "processes"}
ONLY_WITH_LEAVE = ("uz.module.memory.fill", "uz.module.drift.", "uz.module.walk.")
"""Cases that leave a memory full or the time months ahead, unless the module can be made anew afterwards."""
TERMINAL = "ZZ000000000000"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with simulator(tmp_path_factory.mktemp("module")) as running:
        yield running


@pytest.fixture(scope="module")
def whole(lab: Lab) -> RunRecord:
    return judged(lab)


@pytest.fixture(scope="module")
def worn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A module that nobody resets: each run starts from what the one before has left."""
    with simulator(tmp_path_factory.mktemp("worn")) as running:
        yield running


def own_cases() -> set[str]:
    return {case.id for case in load_suites([SUITE]) if case.id.startswith(f"{SUITE}.")}


def test_every_case_passes(whole: RunRecord) -> None:
    found = outcomes(whole)
    by_hand = {case.id for case in load_suites([SUITE]) if "person" in case.needs} & own_cases()
    assert set(found) == {"pass", "not-applicable"}, story(whole, *(set(found) - {"pass"}))
    assert set(found["not-applicable"]) == by_hand
    assert set(found["pass"]) == own_cases() - by_hand
    assert len(found["pass"]) >= FEWEST


@pytest.mark.parametrize("seed", [1, 2])
def test_the_wire_alone_fails_nothing(worn: Lab, seed: int) -> None:
    record = judged(worn, control=False, seed=seed)
    found = outcomes(record)
    assert set(found) == {"pass", "not-applicable"}, story(record, *(set(found) - {"pass", "not-applicable"}))
    beyond = {case.id for case in load_suites([SUITE]) if case.needs & BEYOND_THE_WIRE} & own_cases()
    lasting = {case_id for case_id in own_cases() if case_id.startswith(ONLY_WITH_LEAVE)}
    assert set(found["not-applicable"]) == beyond | lasting
    assert len(found["pass"]) >= FEWEST


def test_with_leave_the_wire_alone_fills_memory_and_moves_time(worn: Lab) -> None:
    terms = [term.rstrip(".") for term in ONLY_WITH_LEAVE]
    record = judged(worn, terms, control=False, destructive=True)
    assert set(outcomes(record)) == {"pass"}, story(
        record, "fail", "tool-error", "inconclusive", "not-applicable"
    )


@pytest.mark.parametrize(
    ("setting", "outcome"),
    [({"sync_may_go_back": True}, "informational"), ({"count_advance_credit": False}, "pass-non-strict")],
)
def test_another_reading_of_the_sources_never_fails(
    lab: Lab, whole: RunRecord, setting: dict[str, bool], outcome: str
) -> None:
    """Where public facts end, somebody else's product may have decided otherwise."""
    assert whole.ended is not None
    lab.control("module").reset(**setting)
    terms = [f"{SUITE}.{subject}" for subject in ("sync", "receipts", "files", "time", "outage")]
    found = outcomes(judged(lab, terms, control=False))
    lab.control("module").reset()
    assert set(found) == {"pass", "not-applicable", outcome}, found


def test_every_status_word_was_demanded_and_seen(whole: RunRecord) -> None:
    seen = {
        step.expected.split(" ")[0].strip("[,]")
        for case in whole.cases
        for step in case.timeline
        if isinstance(step, Step) and step.kind is StepKind.CHECK and step.ok
    }
    missing = [word.name for word in StatusWord if f"{word.value:04X}" not in seen]
    assert missing == []


def test_texts_are_whole_sentences() -> None:
    for case in load_suites([SUITE]):
        if case.id.startswith(f"{SUITE}."):
            for text in (case.description, case.expectation):
                assert text.endswith("."), (case.id, text)
                assert text[0].isupper() or text[0].isdigit(), (case.id, text)
                assert "{key}" not in text, case.id


def test_a_run_puts_everything_back(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    assert lab.control("module").faults()["rules"] == []
    (module,) = lab.control("module").state()["modules"]
    assert (module["terminal"], module["plugged"]) == (TERMINAL, True)
