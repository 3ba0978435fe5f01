"""What the watchers of the Kazakh wire find in transcripts, and what they let pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.documents import to_message
from reference.protocol.kz.envelope import encode_response, new_response
from reference.protocol.kz.frames import encode_frame
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.service import write_offline_period
from tests.conformance.proxy.playbook import Line, told

DIALECT = dialect_for(203)
assert DIALECT is not None
NOON = datetime(2026, 7, 1, 12)
T1, T2, T3, DEVICE = 1000000001, 3000000002, 4000000003, 77


def ask(command: int, token: int, reqnum: int, fill: Callable[[Any], None] | None = None) -> Line:
    request = DIALECT.messages.Request(command=command)
    if command == Command.TICKET:
        request = to_message(DIALECT, replace(random_ticket(Random(5), 203, NOON), offline_number=None))
    if command == Command.CLOSE_SHIFT:
        request.close_shift.withdraw_money = False
    if command == Command.REPORT:
        request.report.report = 1
    if fill is not None:
        fill(request)
    return ">", encode_frame(203, DEVICE, token, reqnum, request.SerializeToString())


def say(
    command: int,
    token: int,
    reqnum: int,
    code: int = 0,
    fill: Callable[[Any], None] | None = None,
    *,
    version: int = 203,
    device: int = DEVICE,
) -> Line:
    response = new_response(DIALECT, code)
    if code == 0 and command == Command.TICKET:
        response.ticket.ticket_number = f"9{reqnum}"
    if code == 0 and command in (Command.CLOSE_SHIFT, Command.REPORT, Command.INFO):
        response.report.report = 0 if command == Command.CLOSE_SHIFT else 1
        response.report.zx_report.shift_number = 1
    if code == 0 and command == Command.INFO:
        response.service.SetInParent()
    if fill is not None:
        fill(response)
    return "<", encode_frame(version, device, token, reqnum, encode_response(command, response))


INFO, TICKET, CLOSE, SYSTEM, REPORT, MONEY = (
    Command.INFO,
    Command.TICKET,
    Command.CLOSE_SHIFT,
    Command.SYSTEM,
    Command.REPORT,
    Command.MONEY_PLACEMENT,
)
START = [ask(INFO, T1, 1), say(INFO, T1, 1), ask(TICKET, T1, 2), say(TICKET, T2, 2)]
"""A ticket accepted under (T1, 2); T2 is the token now."""


def shift(number: int) -> Callable[[Any], None]:
    def fill(response: Any) -> None:
        response.report.zx_report.shift_number = number

    return fill


def sums(operation: int, bills: int) -> Callable[[Any], None]:
    def fill(response: Any) -> None:
        row = response.report.zx_report.non_nullable_sums.add(operation=operation)
        row.sum.bills, row.sum.coins = bills, 0

    return fill


def offline(
    minutes: int, *, number: int = 7, period: bool = True, total: int | None = None
) -> Callable[[Any], None]:
    def fill(request: Any) -> None:
        request.ticket.offline_ticket_number = number
        if total is not None:
            request.ticket.amounts.total.bills = total
        time = NOON + timedelta(minutes=minutes)
        request.ticket.date_time.time.hour, request.ticket.date_time.time.minute = time.hour, time.minute
        if period:
            write_offline_period(request.service, NOON - timedelta(hours=3), NOON + timedelta(hours=1))

    return fill


def test_the_worked_trace() -> None:
    """kz-ofd §4.4, as far as a register that keeps the rules would go."""
    trace = [
        *START,
        ask(TICKET, T1, 2),
        say(TICKET, T2, 2),
        ask(SYSTEM, T2, 5),
        say(SYSTEM, T2, 5),
        ask(TICKET, T2, 6),
        say(TICKET, T2, 6, 13),
        ask(TICKET, T2, 7),
        say(TICKET, T3, 7),
        ask(REPORT, T3, 8),
        say(REPORT, T3, 8),
        ask(CLOSE, T3, 9),
        say(CLOSE, T1 + 5, 9),
    ]
    assert told("kz", trace) == []


GOOD: dict[str, list[Line]] = {
    "a wrong token is 2": [*START, ask(TICKET, 5, 3), say(TICKET, 5, 3, 2)],
    "the last pair with another command is 9": [*START, ask(CLOSE, T1, 2), say(CLOSE, T1, 2, 9)],
    "the last number is 8": [*START, ask(TICKET, T2, 2), say(TICKET, T2, 2, 8)],
    "a healed report": [*START, ask(REPORT, T1, 3), say(REPORT, T2, 3)],
    "a token issued out of sight": [*START, ask(TICKET, T3, 3), say(TICKET, T1 + 9, 3)],
    "no rotation": [
        *START[:2],
        ask(TICKET, T1, 2),
        say(TICKET, T1, 2),
        ask(TICKET, T1, 3),
        say(TICKET, T1, 3),
    ],
    "11 for a new ticket": [*START, ask(TICKET, T2, 3), say(TICKET, T2, 3, 11)],
    "busy, then the same pair": [
        *START,
        ask(TICKET, T2, 3),
        say(TICKET, T2, 3, 254),
        ask(TICKET, T2, 3),
        say(TICKET, T3, 3),
    ],
    "sums that grow": [
        ask(REPORT, T1, 1),
        say(REPORT, T1, 1, fill=sums(2, 5)),
        ask(REPORT, T1, 2),
        say(REPORT, T1, 2, fill=sums(2, 5)),
    ],
    "shifts in order": [
        ask(CLOSE, T1, 1),
        say(CLOSE, T2, 1, fill=shift(4)),
        ask(CLOSE, T2, 2),
        say(CLOSE, T3, 2, fill=shift(5)),
    ],
    "a queue in order": [
        ask(TICKET, T1, 1, offline(-9)),
        say(TICKET, T2, 1),
        ask(TICKET, T2, 2, offline(-8, number=8, total=5)),
        say(TICKET, T3, 2),
    ],
    "REQNUM starts again": [
        ask(SYSTEM, T1, 65535),
        say(SYSTEM, T1, 65535),
        ask(SYSTEM, T1, 0),
        say(SYSTEM, T1, 0),
    ],
    "REQNUM leaves a gap": [*START, ask(SYSTEM, T2, 400), say(SYSTEM, T2, 400)],
}


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_found(name: str) -> None:
    found = told("kz", GOOD[name])
    if name in (
        "a wrong token is 2",
        "the last number is 8",
        "a healed report",
        "the last pair with another command is 9",
    ):
        # The register that asks so is at fault; the operator is not.
        assert set(found) <= {"KZ-TK-1"}
    else:
        assert found == []


BAD: dict[str, tuple[str, list[Line]]] = {
    "version": ("KZ-S-2.2", [ask(SYSTEM, T1, 1), say(SYSTEM, T1, 1, version=202)]),
    "device": ("KZ-S-2.2", [ask(SYSTEM, T1, 1), say(SYSTEM, T1, 1, device=5)]),
    "reqnum": ("KZ-S-2.2", [ask(SYSTEM, T1, 1), say(SYSTEM, T1, 2)]),
    "token 0 answered": ("KZ-HD-12", [ask(TICKET, T1, 1), say(TICKET, 0, 1)]),
    "command": ("KZ-S-3.2", [ask(TICKET, T1, 1), say(SYSTEM, T1, 1, 13)]),
    "text": (
        "KZ-S-5.2",
        [ask(TICKET, T1, 1), say(TICKET, T1, 1, 13, lambda r: r.result.ClearField("result_text"))],
    ),
    "19 for 203": ("KZ-S-5.2", [ask(TICKET, T1, 1), say(TICKET, T1, 1, 19)]),
    "no part": ("KZ-CM-1", [ask(TICKET, T1, 1), say(TICKET, T2, 1, fill=lambda r: r.ClearField("ticket"))]),
    "asked by nobody": ("KZ-TR-05", [say(SYSTEM, T1, 1)]),
    "a repeat with another sign": (
        "KZ-TK-D1",
        [
            *START,
            ask(TICKET, T1, 2),
            say(TICKET, T2, 2, fill=lambda r: setattr(r.ticket, "ticket_number", "1")),
        ],
    ),
    "a repeat refused": ("KZ-TK-D1", [*START, ask(TICKET, T1, 2), say(TICKET, T1, 2, 2)]),
    "a repeat with a third token": ("KZ-TK-D1", [*START, ask(TICKET, T1, 2), say(TICKET, T3, 2)]),
    "the pair with another command": ("KZ-TK-D2", [*START, ask(CLOSE, T1, 2), say(CLOSE, T2, 2)]),
    "the number again": ("KZ-TK-D3", [*START, ask(TICKET, T2, 2), say(TICKET, T3, 2)]),
    "an old token sells": (
        "KZ-TK-D4",
        [*START, ask(TICKET, T2, 3), say(TICKET, T3, 3), ask(TICKET, T1, 4), say(TICKET, T2, 4)],
    ),
    "an old token serves": ("KZ-TK-S2", [*START, ask(SYSTEM, T1, 3), say(SYSTEM, T2, 3)]),
    "token 0 serves": ("KZ-TP-3", [*START, ask(SYSTEM, 0, 3), say(SYSTEM, T2, 3)]),
    "a refusal hands out the token": ("KZ-TP-4", [*START, ask(TICKET, 5, 3), say(TICKET, T2, 3, 2)]),
    "refused, then served": (
        "KZ-TK-S1",
        [*START, ask(SYSTEM, T2, 3), say(SYSTEM, T2, 3, 2), ask(SYSTEM, T2, 4), say(SYSTEM, T2, 4)],
    ),
    "SYSTEM rotates": ("KZ-CM-0", [*START, ask(SYSTEM, T2, 3), say(SYSTEM, T3, 3)]),
    "INFO rotates": ("KZ-TK-S1", [*START, ask(INFO, T2, 3), say(INFO, T3, 3)]),
    "8 for a fresh number": ("KZ-TP-15", [*START, ask(TICKET, T2, 9), say(TICKET, T2, 9, 8)]),
    "11 for a re-sent ticket": ("KZ-OQ-9", [ask(TICKET, T1, 1, offline(-9)), say(TICKET, T1, 1, 11)]),
    "11 for a closing": ("KZ-H24-02", [ask(CLOSE, T1, 1), say(CLOSE, T1, 1, 11)]),
    "sums that shrink": (
        "KZ-ZR-15",
        [
            ask(REPORT, T1, 1),
            say(REPORT, T1, 1, fill=sums(2, 5)),
            ask(REPORT, T1, 2),
            say(REPORT, T1, 2, fill=sums(2, 4)),
        ],
    ),
    "a sum that is gone": (
        "KZ-ZR-15",
        [ask(REPORT, T1, 1), say(REPORT, T1, 1, fill=sums(2, 5)), ask(INFO, T1, 2), say(INFO, T1, 2)],
    ),
    "another report": (
        "KZ-CM-3",
        [ask(REPORT, T1, 1), say(REPORT, T1, 1, fill=lambda r: setattr(r.report, "report", 0))],
    ),
    "a shift left out": (
        "KZ-S-8.1",
        [
            ask(CLOSE, T1, 1),
            say(CLOSE, T2, 1, fill=shift(4)),
            ask(CLOSE, T2, 2),
            say(CLOSE, T3, 2, fill=shift(6)),
        ],
    ),
    "a shift twice": (
        "KZ-S-8.1",
        [
            ask(CLOSE, T1, 1),
            say(CLOSE, T2, 1, fill=shift(4)),
            ask(CLOSE, T2, 2),
            say(CLOSE, T3, 2, fill=shift(4)),
        ],
    ),
    "an unreadable body accepted": (
        "KZ-FR-10",
        [(">", encode_frame(203, DEVICE, T1, 1, b"\xff\xff")), say(SYSTEM, T1, 1)],
    ),
    "an unreadable answer": (
        "KZ-S-2.2",
        [ask(SYSTEM, T1, 1), ("<", encode_frame(203, DEVICE, T1, 1, b"\xff\xff"))],
    ),
    # registers
    "an old token shown": ("KZ-TK-1", [*START, ask(TICKET, T1, 3), say(TICKET, T1, 3, 2)]),
    "a number again": ("KZ-TK-1", [*START, ask(TICKET, T2, 2), say(TICKET, T2, 2, 8)]),
    "a number before": ("KZ-TK-1", [*START, ask(TICKET, T2, 1), say(TICKET, T3, 1)]),
    "token 0 shown": ("KZ-TP-3", [ask(SYSTEM, 0, 1), say(SYSTEM, 0, 1, 2)]),
    "no period": ("KZ-OQ-6", [ask(TICKET, T1, 1, offline(-9, period=False)), say(TICKET, T2, 1)]),
    "offline number of another": (
        "KZ-OQ-2",
        [
            ask(TICKET, T1, 1, offline(-9)),
            say(TICKET, T2, 1),
            ask(TICKET, T2, 2, offline(-8, total=5)),
            say(TICKET, T3, 2),
        ],
    ),
    "offline number 0": ("KZ-S-13.2", [ask(TICKET, T1, 1, offline(-9, number=0)), say(TICKET, T2, 1)]),
    "a queue out of order": (
        "KZ-OQ-4",
        [
            ask(TICKET, T1, 1, offline(-8)),
            say(TICKET, T2, 1),
            ask(TICKET, T2, 2, offline(-9)),
            say(TICKET, T3, 2),
        ],
    ),
    "no frame": ("KZ-S-2.2", [(">", b"GET / HTTP/1.1\r\n\r\n")]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_found(name: str) -> None:
    clause, lines = BAD[name]
    assert clause in told("kz", lines)


def test_a_lost_answer() -> None:
    """TK-2, TP-1: the pair comes again before anything else, also before a ping."""
    lost = [*START, ask(TICKET, T2, 3)]
    assert told("kz", lost, [ask(TICKET, T2, 3), say(TICKET, T3, 3)]) == []
    assert told("kz", lost, [ask(SYSTEM, T2, 4), say(SYSTEM, T2, 4)]) == ["KZ-TK-2"]
    assert told("kz", lost, [ask(TICKET, T2, 4), say(TICKET, T3, 4)]) == ["KZ-TK-2"]
    typed = [ask(INFO, T3, 4), say(INFO, T3, 4)]
    assert told("kz", lost, typed) == []
    counted = [ask(TICKET, T3, 4), say(TICKET, T1 + 1, 4)]  # the operator had counted it, so nothing is known
    assert told("kz", lost, counted) == []
