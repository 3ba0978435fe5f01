from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from conformance.cases import Registry
from conformance.context import Context
from conformance.events import CaseRecord, RunRecord, StepKind, TargetFacts, Verdict
from conformance.outcomes import Outcome
from conformance.session import Session
from conformance.verdicts import AnswerMissing
from tests.conformance.conftest import Judged


def register(registry: Registry, body: Callable[[Context], None], **changed: object) -> None:
    arguments: dict[str, object] = {
        "target": "operator",
        "clauses": ["OF-13"],
        "description": "Something is done.",
        "expectation": "Something is seen.",
        **changed,
    }
    registry.case("uz.operator.only.one", **arguments)(body)  # type: ignore[arg-type]


def verdict(record: RunRecord, case_id: str = "uz.operator.only.one") -> Verdict:
    found = [each.verdict for each in record.cases if each.case.id == case_id]
    assert len(found) == 1
    assert found[0] is not None
    return found[0]


def misses(ctx: Context) -> None:
    ctx.check(b"\x90\x00", b"\x90\x22", "status word")


def test_a_case_that_says_nothing_wrong_passes(registry: Registry, judged: Judged) -> None:
    register(registry, lambda ctx: ctx.check(1, 1, "one"))
    record = judged()
    assert verdict(record).outcome is Outcome.PASS
    assert record.ended is not None
    assert (record.ended.exit_code, record.ended.summary["pass"]) == (0, 1)


def test_a_missed_check_fails_with_both_sides(registry: Registry, judged: Judged) -> None:
    register(registry, misses)
    record = judged()
    found = verdict(record)
    assert found.outcome is Outcome.FAIL
    assert (found.expected, found.observed, found.clause) == ("9000", "9022", "OF-13")
    assert found.message == "status word: expected 9000, observed 9022"
    assert record.ended is not None
    assert record.ended.exit_code == 1


def test_the_check_names_its_own_clause(registry: Registry, judged: Judged) -> None:
    register(
        registry, lambda ctx: ctx.check_in({1, 2}, 3, "number", clause="OF-02"), clauses=["OF-13", "OF-02"]
    )
    found = verdict(judged())
    assert (found.clause, found.expected) == ("OF-02", "one of 1, 2")


def test_should_makes_a_pass_non_strict(registry: Registry, judged: Judged) -> None:
    register(registry, lambda ctx: ctx.should(False, "at most 5 s", "7 s", "patience"))
    record = judged()
    assert verdict(record).outcome is Outcome.PASS_NON_STRICT
    assert verdict(record).message == "patience: 7 s instead of at most 5 s"
    assert record.ended is not None
    assert record.ended.exit_code == 0


def test_should_fails_under_strict(registry: Registry, judged: Judged) -> None:
    register(registry, lambda ctx: ctx.should(False, "at most 5 s", "7 s", "patience"))
    record = judged(strict=True)
    assert verdict(record).outcome is Outcome.FAIL
    assert "--strict" in verdict(record).again


def test_a_stand_in_does_not_fail_somebody_elses_product(registry: Registry, judged: Judged) -> None:
    register(registry, misses, clauses=["OF-20"])
    record = judged(vendor=True)
    assert verdict(record).outcome is Outcome.INFORMATIONAL
    assert "9022 where ours has 9000" in verdict(record).message
    assert record.ended is not None
    assert record.ended.exit_code == 0


def test_a_stand_in_fails_our_own_product(registry: Registry, judged: Judged) -> None:
    register(registry, misses, clauses=["OF-20"])
    assert verdict(judged(vendor=False)).outcome is Outcome.FAIL


def test_a_documented_rule_beside_a_stand_in_still_fails_a_vendor(registry: Registry, judged: Judged) -> None:
    def body(ctx: Context) -> None:
        ctx.check(1, 2, "the stand-in", clause="OF-20")
        ctx.check(1, 2, "the rule", clause="OF-10")

    register(registry, body, clauses=["OF-20", "OF-10"])
    assert verdict(judged(vendor=True)).clause == "OF-10"
    assert verdict(judged(vendor=True)).outcome is Outcome.FAIL


def test_an_inferred_rule_is_a_should_for_a_vendor(registry: Registry, judged: Judged) -> None:
    register(registry, misses, clauses=["FM-P-02"])
    assert verdict(judged(vendor=True)).outcome is Outcome.PASS_NON_STRICT
    assert verdict(judged(vendor=True, strict=True)).outcome is Outcome.FAIL
    assert verdict(judged(vendor=False)).outcome is Outcome.FAIL


def test_what_cannot_be_observed_is_inconclusive(registry: Registry, judged: Judged) -> None:
    register(registry, lambda ctx: ctx.inconclusive("the ledger cannot be read"))
    record = judged()
    assert verdict(record).outcome is Outcome.INCONCLUSIVE
    assert record.ended is not None
    assert record.ended.exit_code == 0
    assert judged(strict=True).ended.exit_code == 1  # type: ignore[union-attr]


def test_a_failed_preparation_is_inconclusive(registry: Registry, judged: Judged) -> None:
    def body(ctx: Context) -> None:
        with ctx.preparing("an open shift"):
            misses(ctx)

    register(registry, body)
    found = verdict(judged())
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.message == "could not prepare (an open shift): status word: expected 9000, observed 9022"


def test_not_applicable_by_the_case_and_by_its_needs(registry: Registry, judged: Judged) -> None:
    register(registry, lambda ctx: ctx.not_applicable("no such store"))
    assert verdict(judged()).outcome is Outcome.NOT_APPLICABLE


def test_missing_needs_are_named_and_the_body_not_run(registry: Registry, judged: Judged) -> None:
    def body(ctx: Context) -> None:
        raise AssertionError("must not run")

    register(registry, body, needs={"clock", "control", "raw-link"})
    found = verdict(judged())
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert found.message == "the target lacks clock, control"


def test_moving_a_clock_that_is_not_there_is_not_applicable(registry: Registry, judged: Judged) -> None:
    register(registry, lambda ctx: ctx.clock.advance(5))
    assert verdict(judged()).outcome is Outcome.NOT_APPLICABLE


def test_the_judges_own_fault_is_a_tool_error_with_a_trace(registry: Registry, judged: Judged) -> None:
    def body(ctx: Context) -> None:
        raise ZeroDivisionError("oh")

    register(registry, body)
    record = judged()
    assert verdict(record).outcome is Outcome.TOOL_ERROR
    assert verdict(record).message == "ZeroDivisionError: oh"
    assert "Traceback" in verdict(record).trace
    assert record.ended is not None
    assert record.ended.exit_code == 3


def test_a_missing_answer_fails(registry: Registry, judged: Judged) -> None:
    def body(ctx: Context) -> None:
        ctx.operator.ask_frame(b"\x06\x8a\x00")

    register(registry, body)
    found = verdict(judged())
    assert found.outcome is Outcome.FAIL
    assert "without an answer" in found.message


def test_a_case_may_expect_the_silence(registry: Registry, judged: Judged) -> None:
    def body(ctx: Context) -> None:
        with pytest.raises(AnswerMissing), ctx.operator.connect() as wire:
            wire.receive(1)

    register(registry, body)
    assert verdict(judged()).outcome is Outcome.PASS


def test_asking_for_the_wrong_driver_is_the_judges_fault(registry: Registry, judged: Judged) -> None:
    register(registry, lambda ctx: ctx.module.close())
    assert "has no module" in verdict(judged()).message


def test_an_unreachable_target_ends_the_run_before_the_first_case(registry: Registry, judged: Judged) -> None:
    register(registry, misses)
    record = judged("operator:tcp://127.0.0.1:1")
    assert record.cases == []
    assert record.ended is not None
    assert record.ended.exit_code == 3
    assert record.ended.stopped.startswith("operator:tcp://127.0.0.1:1: nobody answers at 127.0.0.1:1")


def test_steps_and_exchanges_stand_in_order(registry: Registry, judged: Judged) -> None:
    def body(ctx: Context) -> None:
        ctx.step("knock")
        with ctx.operator.connect() as wire:
            wire.send(b"\x06")
        ctx.note("it closed")
        ctx.check(True, True, "door")

    register(registry, body)
    timeline = judged().cases[0].timeline
    assert [getattr(entry, "kind", None) or entry.direction.value for entry in timeline] == [  # type: ignore[union-attr]
        StepKind.STEP,
        "sent",
        "closed",
        StepKind.NOTE,
        StepKind.CHECK,
    ]


def numbers(record: RunRecord) -> list[str]:
    return [step.text for each in record.cases for step in each.steps]


def test_a_seed_reproduces_a_case_whatever_runs_beside_it(registry: Registry, judged: Judged) -> None:
    register(registry, lambda ctx: ctx.note(str(ctx.rng.random())))
    first, again, other = numbers(judged(seed=1)), numbers(judged(seed=1)), numbers(judged(seed=2))
    assert first == again != other
    registry.case(
        "uz.operator.a.before", target="operator", clauses=["OF-13"], description="D.", expectation="E."
    )(lambda ctx: ctx.note(str(ctx.rng.random())))
    assert numbers(judged(seed=1))[1:] == first


def test_the_command_to_run_again_names_target_and_seed(
    registry: Registry, judged: Judged, operator_port: int
) -> None:
    register(registry, misses)
    text = f"operator:tcp://127.0.0.1:{operator_port}?vendor=no"
    assert verdict(judged(seed=5)).again == f"kassalab run uz.operator.only.one --target '{text}' --seed 5"


def test_two_targets_of_a_kind_are_judged_apart(
    registry: Registry, judged: Judged, operator_port: int
) -> None:
    register(registry, lambda ctx: ctx.note("here"))
    address = f"operator:tcp://127.0.0.1:{operator_port}"
    record = judged(address, address)
    assert sorted(each.target for each in record.cases) == ["operator", "operator-2"]
    assert all(isinstance(each, CaseRecord) and each.verdict for each in record.cases)


def test_targets_of_others_are_opened_where_an_interrupt_arrives(
    registry: Registry, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may have to be asked: Ctrl-C would wait with a thread for his answer."""
    register(registry, lambda ctx: ctx.check(1, 1, "one"))
    where, opened = [], Session.open

    def noted(session: Session) -> TargetFacts:
        where.append(threading.current_thread())
        return opened(session)

    monkeypatch.setattr(Session, "open", noted)
    assert verdict(judged()).outcome is Outcome.PASS
    assert where == [threading.current_thread()]
