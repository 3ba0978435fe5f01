from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime

import pytest

from conformance.cases import Registry
from conformance.context import Context
from conformance.drivers.check_site import payment_query, qr_query
from conformance.events import RunRecord
from conformance.outcomes import Outcome
from reference.protocol.uz.message import AckFile, FileStatus, Response, StatusCode, StatusInfo
from tests.conformance.conftest import Judged
from tests.conformance.targets_of_straw import serving

Answer = Callable[[bytes], bytes]
TIME = datetime(2026, 7, 1, 9, 0, 5)


def reply(tag: bytes) -> bytes:
    return Response(StatusInfo(StatusCode.OK), (AckFile(FileStatus.Acknowledge, tag=tag),)).encode()


@pytest.fixture
def verdict_of(registry: Registry, judged: Judged):  # type: ignore[no-untyped-def]
    def run(body, answer: Answer) -> tuple[Outcome, str, RunRecord]:  # type: ignore[no-untyped-def]
        registry.case(
            "uz.operator.only.one", target="operator", clauses=["OF-02"], description="D.", expectation="E."
        )(body)

        def serve(connection: socket.socket) -> None:
            connection.sendall(answer(connection.recv(4096)))

        with serving(serve) as port:
            record = judged(f"operator:tcp://127.0.0.1:{port}?vendor=no")
        verdict = record.cases[0].verdict
        assert verdict is not None
        return verdict.outcome, verdict.message, record

    return run


def test_answers_that_come_together_are_read_one_by_one(verdict_of) -> None:  # type: ignore[no-untyped-def]
    def body(ctx: Context) -> None:
        operator = ctx.operator
        with operator.connect() as wire:
            wire.send(b"\x06")
            for tag in (b"one", b"two"):
                response = operator.decode(operator.receive_frame(wire))
                ctx.check([tag], [ack.tag for ack in response.acks], "tag")
            ctx.check(b"", operator.receive_frame(wire), "after the last answer")

    assert verdict_of(body, lambda _: reply(b"one") + reply(b"two"))[:2] == (Outcome.PASS, "")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "the operator closed the connection without an answer"),
        (b"HTTP/1.1 400", "no message frame"),
        (reply(b"x")[:-1], "answer cannot be read"),
        (reply(b"x")[:-1] + b"!", "answer cannot be read"),
    ],
)
def test_what_is_no_answer_fails_the_case(verdict_of, answer: bytes, message: str) -> None:  # type: ignore[no-untyped-def]
    def body(ctx: Context) -> None:
        ctx.operator.ask(ctx.operator.terminal(), ctx.operator.state_query(bytes(8)))

    outcome, said, _ = verdict_of(body, lambda _: answer)
    assert outcome is Outcome.FAIL
    assert message in said


def test_terminals_are_test_terminals_and_never_the_same(verdict_of) -> None:  # type: ignore[no-untyped-def]
    found: list[str] = []

    def body(ctx: Context) -> None:
        found.extend(ctx.operator.terminal().id for _ in range(50))
        ctx.check(TIME, ctx.operator.terminal(time=TIME).time, "time as given")

    assert verdict_of(body, lambda _: b"")[0] is Outcome.PASS
    assert len(set(found)) == 50
    assert all(each.startswith("ZZ") and each[2:].isdigit() and len(each) == 14 for each in found)


def test_without_its_address_the_check_page_is_not_applicable(verdict_of) -> None:  # type: ignore[no-untyped-def]
    outcome, said, _ = verdict_of(lambda ctx: ctx.operator.site.page(), lambda _: b"")
    assert outcome is Outcome.NOT_APPLICABLE
    assert "give the target control=URL" in said


def test_queries_carry_the_four_values() -> None:
    values = ("ZZ000000000000", 22, TIME, "049567970396")
    assert qr_query(*values) == {
        "t": "ZZ000000000000",
        "r": "22",
        "c": "20260701090005",
        "s": "049567970396",
    }
    assert payment_query(*values, "AVANS") == {
        "terminalId": "ZZ000000000000",
        "paymentNo": "22",
        "paymentDate": "20260701090005",
        "fiscalSign": "049567970396",
        "paymentType": "AVANS",
    }
