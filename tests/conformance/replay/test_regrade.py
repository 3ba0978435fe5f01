from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cases import Case, Registry, load_suites
from conformance.context import Context
from conformance.events import Recorder, Step, StepKind
from conformance.outcomes import Outcome
from conformance.replay.regrade import by_recorded_checks, regrade
from conformance.replay.transcripts import TranscriptError
from reference.protocol.uz.apdu import StatusWord
from tests.conformance.replay.recorded import WIRE_CASES, record

FIRST = "uz.module.shift.open-twice"
MOVED = ("uz.module.power", "uz.module.identity", "uz.module.session", "uz.module.time.no-clock-of-its-own")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "module.jsonl"
    assert record(path, (*WIRE_CASES, *MOVED)).exit_code == 0
    return path


@pytest.fixture(scope="module")
def by_operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "operator.jsonl"
    record(path, ("uz.operator.check", "uz.operator.durable", "uz.operator.shift"))
    return path


def _changed(original: Registry, case_id: str, body: object) -> Registry:
    registry = Registry(original.book)
    for case in original:
        registry.add(replace(case, body=body) if case.id == case_id else case)  # type: ignore[arg-type]
    return registry


def test_cases_of_the_module_are_judged_as_they_were(recorded: Path) -> None:
    """At least 95 % of the module's cases regrade to the same verdict; of these, all do."""
    regrading = regrade(recorded, load_suites())
    assert len(regrading.rows) > 60
    assert [(row.case_id, row.message) for row in regrading.changes] == []
    assert regrading.unplayed == 0
    assert regrading.ended is not None
    assert regrading.ended.exit_code == 0


def test_cases_of_the_operator_are_judged_as_they_were(by_operator: Path) -> None:
    """Terminals whose ids hold the present, check pages, control calls."""
    regrading = regrade(by_operator, load_suites())
    assert len(regrading.rows) > 20
    assert [(row.case_id, row.message) for row in regrading.changes] == []


def test_cases_that_act_while_a_request_waits_are_judged_as_they_were(tmp_path: Path) -> None:
    """The answer comes when what was done meanwhile is done, as it did then."""
    path = tmp_path / "drive.jsonl"
    wanted = ("uz.drive.once.silence", "uz.drive.cable.sells-through-sync", "uz.drive.error.sync-running")
    assert record(path, wanted).exit_code == 0
    regrading = regrade(path, load_suites())
    assert [row.case_id for row in regrading.rows] == sorted(wanted)
    assert [(row.case_id, row.message) for row in regrading.changes] == []


def test_what_failed_fails_again(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    assert record(path, (FIRST,), [("module", "second-open-accepted")]).exit_code == 1
    regrading = regrade(path, load_suites())
    assert [(row.old, row.new) for row in regrading.rows] == [(Outcome.FAIL, Outcome.FAIL)]
    assert regrading.ended is not None
    assert regrading.ended.exit_code == 1


def test_a_rule_of_today_changes_the_verdict(recorded: Path) -> None:
    def stricter(ctx: Context) -> None:
        ctx.module.ready(shift="open")
        before = ctx.module.memory()
        answer = ctx.module.open(ctx.module.next_time())
        ctx.check(StatusWord.NO_ERROR, answer.sw, "status word")
        ctx.note(str(before))

    registry = _changed(load_suites(), FIRST, stricter)
    recorder = Recorder()
    regrading = regrade(recorded, registry, consumers=[recorder])
    (row,) = regrading.changes
    assert (row.case_id, row.old, row.new) == (FIRST, Outcome.PASS, Outcome.FAIL)
    assert "expected 9000" in row.message
    assert recorder.record.ended is regrading.ended
    assert sum(case.verdict is not None for case in recorder.record.cases) == len(regrading.rows)


def test_a_question_that_was_not_asked_is_named(recorded: Path) -> None:
    def curious(ctx: Context) -> None:
        ctx.module.ready(shift="open")
        ctx.module.transmit(bytes.fromhex("0000070000"))

    regrading = regrade(recorded, _changed(load_suites(), FIRST, curious))
    (row,) = regrading.changes
    assert row.new is Outcome.INCONCLUSIVE
    assert row.message == "the recording has no answer to: apdu 0000070000"
    assert row.by_checks is Outcome.PASS
    assert regrading.unplayed == 1


def test_cases_that_are_gone_and_a_run_that_was_killed(recorded: Path, tmp_path: Path) -> None:
    registry = Registry(load_suites().book)
    for case in load_suites():
        if case.id != FIRST:
            registry.add(case)
    text = recorded.read_text(encoding="utf-8")
    cut = tmp_path / "cut.jsonl"
    last = text.rindex('{"event": "Verdict"')
    cut.write_text(text[: last + 30], encoding="utf-8")
    regrading = regrade(cut, registry)
    assert regrading.gone == [FIRST]
    assert len(regrading.unfinished) == 1
    assert "breaks off" in regrading.notes[0]


def test_a_record_without_verdicts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "proxy.jsonl"
    step = {"event": "Step", "target": "module", "case_id": "connection-1", "kind": "step", "text": "opened"}
    path.write_text(json.dumps(step) + "\n")
    with pytest.raises(TranscriptError, match="only the transcript of a run"):
        regrade(path, load_suites())


@pytest.mark.parametrize(
    ("kind", "clause", "vendor", "strict", "outcome"),
    [
        (StepKind.CHECK, "FM-Z-01", True, False, Outcome.FAIL),
        (StepKind.CHECK, "S-17.5", True, False, Outcome.INFORMATIONAL),
        (StepKind.CHECK, "S-17.5", False, False, Outcome.FAIL),
        (StepKind.SHOULD, "FM-Z-01", True, False, Outcome.PASS_NON_STRICT),
        (StepKind.SHOULD, "FM-Z-01", True, True, Outcome.FAIL),
    ],
)
def test_recorded_checks_by_the_levels_of_today(
    kind: StepKind, clause: str, vendor: bool, strict: bool, outcome: Outcome
) -> None:
    missed = Step("m", "uz.module.a.b", kind, "what", False, "1", "2", clause)
    held = Step("m", "uz.module.a.b", StepKind.CHECK, "what", True, "1", "1", clause)
    book = load_suites().book
    assert by_recorded_checks([held, missed], book, vendor, strict) is outcome
    assert by_recorded_checks([held], book, vendor, strict) is Outcome.PASS


def test_a_case_knows_nothing_of_the_recording(recorded: Path) -> None:
    """The body runs as it is: what it says stands in the new report."""
    seen: list[Case] = []

    def telling(ctx: Context) -> None:
        seen.append(ctx.case)
        ctx.fail("told")

    regrading = regrade(recorded, _changed(load_suites(), FIRST, telling))
    assert [case.id for case in seen] == [FIRST]
    assert regrading.changes[0].message == "told"
