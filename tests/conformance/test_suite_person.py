"""The cases that need a person, with a script for one who really pulls, or only says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from conformance.cases import load_suites
from conformance.events import EventStream, Recorder
from conformance.lab import Lab
from conformance.prompts import ScriptedPrompter
from conformance.runner import Runner, RunSettings
from conformance.selection import select
from conformance.session import Session
from conformance.targets import parse_target
from tests.conformance.labs import outcomes
from tests.conformance.module_lab import SEED, simulator

CASES = "uz.module.person"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with simulator(tmp_path_factory.mktemp("person")) as running:
        yield running


def judged(lab: Lab, act: Callable[[str, Sequence[str]], str | None]) -> dict[str, list[str]]:
    registry = load_suites(["uz.module"])
    recorder = Recorder()
    # Our own product: its stand-in clauses bind it, although the judge has the wire and a person alone.
    session = Session(
        parse_target(f"module:tcp://{lab.addresses['module']['module']}?vendor=no"),
        prompter=ScriptedPrompter(act),
    )
    stream = EventStream([recorder], lambda: "2026-07-01T04:00:00+00:00")
    Runner(registry.book, stream, RunSettings(SEED)).run([session], select(registry, [CASES]))
    return {
        name: [case.removeprefix(f"{CASES}.") for case in ids]
        for name, ids in outcomes(recorder.record).items()
    }


def test_module_that_is_really_pulled_keeps_all(lab: Lab) -> None:
    asked: list[str] = []

    def pulls(text: str, answers: Sequence[str]) -> str:
        asked.append(text)
        lab.control("module").do("unplug")
        lab.control("module").do("plug")
        return answers[0]

    assert judged(lab, pulls) == {"pass": ["host-off", "other-port", "pulled"]}
    assert len(asked) == 3
    assert "uz.module.person.pulled: Please pull the module out" in asked[2]


def test_module_that_forgets_when_pulled_fails(lab: Lab) -> None:
    def forgets(_text: str, answers: Sequence[str]) -> str:
        lab.control("module").reset()
        return answers[0]

    found = judged(lab, forgets)
    assert set(found) == {"fail"}
    assert len(found["fail"]) == 3


def test_nobody_does_it_and_it_cannot_be_done(lab: Lab) -> None:
    assert set(judged(lab, lambda _text, _answers: None)) == {"inconclusive"}
    assert set(judged(lab, lambda _text, answers: answers[1])) == {"not-applicable"}
