from __future__ import annotations

from datetime import timedelta

import pytest

from conformance.cases import Registry
from conformance.context import Context
from conformance.events import RunRecord
from conformance.outcomes import Outcome
from reference.protocol.uz.apdu import StatusWord
from tests.conformance.conftest import Judged
from tests.conformance.targets_of_straw import LAST, StrawModule


@pytest.fixture
def verdict_of(registry: Registry, judged: Judged, module_port: int):  # type: ignore[no-untyped-def]
    def run(body) -> tuple[Outcome, str, RunRecord]:  # type: ignore[no-untyped-def]
        registry.case(
            "uz.module.only.one", target="module", clauses=["FM-Z-01"], description="D.", expectation="E."
        )(body)
        record = judged(f"module:tcp://127.0.0.1:{module_port}")
        if not record.cases or record.cases[0].verdict is None:
            assert record.ended is not None
            return Outcome.TOOL_ERROR, record.ended.stopped, record
        return record.cases[0].verdict.outcome, record.cases[0].verdict.message, record

    return run


def test_it_powers_up_selects_once_and_reads(verdict_of, straw: StrawModule) -> None:
    def body(ctx: Context) -> None:
        straw.seen.clear()
        ctx.check(LAST, ctx.module.last_operation, "last operation")
        ctx.check(LAST + timedelta(seconds=1), ctx.module.next_time(), "next time")
        ctx.check(2, sum(command.startswith("000002") for command in straw.seen), "readings")
        ctx.check(1, sum(command.startswith("00a4") for command in straw.seen), "selections")

    assert verdict_of(body)[0] is Outcome.PASS


def test_status_words_come_as_members_of_the_table(verdict_of, straw: StrawModule) -> None:
    straw.answers["000300"] = b"\x90\x22"
    straw.answers["000301"] = b"\x12\x34"

    def body(ctx: Context) -> None:
        ctx.check(StatusWord.ZREPORT_IS_NOT_CLOSED, ctx.module.open().sw, "open")
        ctx.check("1234", str(ctx.module.close_shift().sw), "close")

    assert verdict_of(body)[0] is Outcome.PASS


def test_a_module_that_hangs_up_fails_the_case(verdict_of, straw: StrawModule) -> None:
    straw.answers["000300"] = b""
    outcome, message, record = verdict_of(lambda ctx: ctx.module.open())
    assert outcome is Outcome.FAIL
    assert message.startswith("no answer to 00030000")
    assert record.cases[0].exchanges[-1].direction == "closed"


def test_an_answer_that_its_table_does_not_allow_fails_the_case(verdict_of, straw: StrawModule) -> None:
    straw.answers["000200"] = bytes.fromhex("9000")
    straw.answers["00020000"] = b""
    straw.answers = {"00000200": bytes.fromhex("a103010101") + b"\x90\x00"}
    outcome, message, _ = verdict_of(lambda ctx: ctx.module.memory())
    # the probe reads the memory too, so the run ends before the first case
    assert outcome is Outcome.TOOL_ERROR
    assert "not as a module does" in message
    assert "cannot be read" in message


def test_a_refused_reading_is_inconclusive_in_preparation(verdict_of, straw: StrawModule) -> None:
    def body(ctx: Context) -> None:
        straw.answers["00000100"] = b"\x6f\x00"
        ctx.module.ready()

    outcome, message, _ = verdict_of(body)
    assert outcome is Outcome.INCONCLUSIVE
    assert "6F00" in message


def test_without_the_test_keys_a_locked_module_is_not_applicable(verdict_of, straw: StrawModule) -> None:
    def body(ctx: Context) -> None:
        ctx.check(False, ctx.can("test-keys"), "capability")
        straw.answers["00000100"] = bytes.fromhex("a003050100") + b"\x90\x00"
        ctx.module.ready()

    outcome, message, _ = verdict_of(body)
    assert outcome is Outcome.NOT_APPLICABLE
    assert "test keys" in message


def test_a_sync_that_is_taken_shows_the_test_keys(verdict_of, straw: StrawModule) -> None:
    straw.answers["001100"] = b"\x90\x00"
    assert verdict_of(lambda ctx: ctx.check(True, ctx.can("test-keys"), "capability"))[0] is Outcome.PASS
    file = next(command for command in straw.seen if command.startswith("001100"))
    assert file[10:14] == "0100"  # version 1, no flags: nothing is changed


@pytest.mark.parametrize(("terminal", "mode"), [("UZ724549167320", 1), ("ZZ000000000000", 2)])
def test_a_module_of_the_real_world_is_never_touched(
    verdict_of, straw: StrawModule, terminal: str, mode: int
) -> None:
    straw.terminal, straw.mode = terminal, mode
    outcome, message, record = verdict_of(lambda ctx: ctx.fail("must not run"))
    assert outcome is Outcome.TOOL_ERROR
    assert "not a test module" in message
    assert record.cases == []
    assert not any(command.startswith("0011") for command in straw.seen)


def test_the_bare_link_takes_broken_frames(verdict_of, straw: StrawModule) -> None:
    def body(ctx: Context) -> None:
        with ctx.module.raw() as wire:
            size = wire.receive(1)[0]
            ctx.check(20, len(wire.receive(size)), "answer to reset")
            wire.send_pieces(b"\x05\x00\x00", b"\x00\x00\x00")
            ctx.check(bytes.fromhex("0404009000"), wire.receive(5), "version")

    assert verdict_of(body)[0] is Outcome.PASS
