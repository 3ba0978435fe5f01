"""The judge against a real part in an embedded lab: what a case moves is put back, whatever becomes of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from os import kill

import pytest

from conformance.bench import embedded
from conformance.cases import Registry
from conformance.context import Context
from conformance.events import EventStream, Recorder, Verdict
from conformance.outcomes import Outcome
from conformance.runner import Runner, RunSettings
from conformance.session import Session
from reference.protocol.uz.message import FileStatus
from tests.waiting import eventually

OneCase = Callable[[Callable[[Context], None]], Verdict]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with embedded(["operator"], 11) as sessions:
        sessions[0].open()
        yield sessions[0]
        sessions[0].close()


@pytest.fixture
def verdict_of(session: Session) -> OneCase:
    def run(body: Callable[[Context], None]) -> Verdict:
        registry = Registry()
        registry.case(
            "uz.operator.only.one", target="operator", clauses=["OF-10"], description="D.", expectation="E."
        )(body)
        recorder = Recorder()
        stream = EventStream([recorder], lambda: "2026-07-01T04:00:00.000+00:00")
        Runner(registry.book, stream, RunSettings(3, embedded=True)).run_case(
            session, registry["uz.operator.only.one"]
        )
        found = recorder.record.cases[0].verdict
        assert found is not None
        return found

    return run


def test_an_embedded_target_can_all_that_control_allows(session: Session) -> None:
    assert session.capabilities >= {"control", "clock", "faults", "processes", "destructive", "raw-link"}
    assert not session.target.vendor


def test_a_terminal_of_the_judges_own_is_taken_and_stands_in_the_ledger(verdict_of: OneCase) -> None:
    def body(ctx: Context) -> None:
        terminal = ctx.operator.terminal()
        issued = [terminal.issue() for _ in range(3)]
        acks = ctx.operator.send(terminal, *(each.full for each in issued))
        ctx.check([FileStatus.Acknowledge] * 3, [ack.status for ack in acks], "receipts")
        shift = ctx.operator.send(terminal, terminal.shift_message_file(terminal.close_shift()))
        ctx.check(FileStatus.Acknowledge, shift[0].status, "Z-report")
        rows = ctx.operator.ledger(terminal)
        ctx.check([1, 2, 3], [row["number"] for row in rows], "ledger")
        ctx.check(1, len(ctx.operator.ledger(terminal, "zreports")), "Z-reports in the ledger")

    found = verdict_of(body)
    assert found.outcome is Outcome.PASS, found.message + found.trace


def test_rate_skew_and_drift_are_put_back(session: Session, verdict_of: OneCase) -> None:
    def body(ctx: Context) -> None:
        before = ctx.clock.now()
        ctx.clock.advance(3600)
        ctx.check_that((ctx.clock.now() - before).total_seconds() >= 3600, "an hour", "", "advance")
        ctx.clock.set_rate(50)
        ctx.clock.skew("operator", -30)
        ctx.clock.drift("operator", 200)
        state = ctx.control.clock()
        own = state["parts"]["operator"]
        ctx.check((50, -30, 200), (state["rate"], round(own["skew"]), own["drift"]), "clock")

    found = verdict_of(body)
    assert found.outcome is Outcome.PASS, found.message + found.trace
    state = session.control("operator").clock()
    assert state["rate"] == 0  # what embedded labs are judged by
    assert state["parts"]["operator"] == {"skew": 0, "drift": 0}


def test_faults_and_a_reset_are_put_back(session: Session, verdict_of: OneCase) -> None:
    def body(ctx: Context) -> None:
        ctx.control.reset(max_message=4096)
        ctx.control.add_fault("ofd.connect", "close", count=None)

    found = verdict_of(body)
    assert found.outcome is Outcome.PASS, found.message + found.trace
    control = session.control("operator")
    assert control.faults()["rules"] == []
    assert control.state()["settings"]["max_message"] == 1024 * 1024


def test_a_killed_part_stands_again_for_the_next_case(session: Session, verdict_of: OneCase) -> None:
    found = verdict_of(lambda ctx: ctx.processes.kill("operator"))
    assert found.outcome is Outcome.PASS, found.message + found.trace
    assert session.alive()


def test_a_part_that_dies_by_itself_fails_the_case(session: Session, verdict_of: OneCase) -> None:
    def body(ctx: Context) -> None:
        lab = session.lab
        assert lab is not None
        kill(lab.pid("operator"), signal.SIGKILL)
        eventually(lambda: not lab.alive("operator"))

    found = verdict_of(body)
    assert found.outcome is Outcome.FAIL
    assert found.message.startswith("the operator died during the case")
    assert session.alive()


def test_putting_back_does_not_bury_the_last_exchanges(session: Session) -> None:
    def body(ctx: Context) -> None:
        ctx.control.add_fault("ofd.connect", "close", count=None)
        ctx.fail("here")

    recorder = Recorder()
    registry = Registry()
    registry.case(
        "uz.operator.only.one", target="operator", clauses=["OF-10"], description="D.", expectation="E."
    )(body)
    stream = EventStream([recorder], lambda: "2026-07-01T04:00:00.000+00:00")
    Runner(registry.book, stream, RunSettings(3)).run_case(session, registry["uz.operator.only.one"])
    sent = [each.raw.decode() for each in recorder.record.cases[0].exchanges if each.direction == "sent"]
    assert len(sent) == 1
    assert sent[0].startswith("POST ")
    assert session.control("operator").faults()["rules"] == []


def test_a_clock_that_the_judge_holds_is_asked_of_nobody(
    session: Session, verdict_of: OneCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = session.control("operator")
    asked: list[str] = []

    def ask(method: str, path: str, *_: object) -> dict[str, object]:
        asked.append(f"{method} {path}")
        return {}

    monkeypatch.setattr(control, "_ask", ask)
    found = verdict_of(lambda ctx: ctx.clock.set_rate(0))
    assert found.outcome is Outcome.PASS, found.message + found.trace
    assert asked == ["POST clock"]  # it stood still before: nothing to put back
