"""Token and REQNUM: every combination against the rows of kz-ofd §4.2 typed anew, and the trace of §4.4."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.kz.dialects import COMMANDS, DOCUMENTS, Command
from reference.protocol.kz.exchange import (
    Action,
    DeviceExchange,
    ReportToken,
    RotateToken,
    accepted,
    decide,
    fresh_token,
    issue_token,
    next_token,
)
from reference.protocol.kz.results import ResultCode

LAST, ISSUED, OTHER = 1000000001, 3000000002, 777
LAST_REQ, OTHER_REQ = 40, 41
USUAL = DeviceExchange(ISSUED, LAST, LAST_REQ, Command.TICKET, b"stored")

# row, what is done (stored, check or a code), whose token stands in the answer, counted if accepted
STORED = ("D1", "stored", "issued", False)
RETRY = ("D2", 9, "received", False)
NUMBER = ("D3", 8, "received", False)
WRONG = ("D4", 2, "received", False)
TAKEN = ("D6", "check", "received", True)
SERVED = ("S1", "check", "issued", False)
UNSERVED = ("S2", 2, "received", False)
REPORTED = ("S3", "check", "issued", False)
UNREPORTED = ("S3", 2, "received", False)
HEALED = ("S4", "check", "issued", False)

# token, reqnum: the last document's command, another document, a service command, REPORT verify and heal
COLUMNS = ("same", "document", "service", "verify", "heal")
USUAL_TABLE = {
    ("last", "last"): (STORED, RETRY, UNSERVED, UNREPORTED, HEALED),
    ("last", "other"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("issued", "last"): (NUMBER, NUMBER, SERVED, REPORTED, HEALED),
    ("issued", "other"): (TAKEN, TAKEN, SERVED, REPORTED, HEALED),
    ("other", "last"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("other", "other"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("zero", "last"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("zero", "other"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
}
# the token was not rotated: last and issued are one
STEADY_TABLE = {
    ("last", "last"): (STORED, RETRY, SERVED, REPORTED, HEALED),
    ("last", "other"): (TAKEN, TAKEN, SERVED, REPORTED, HEALED),
    ("other", "last"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("other", "other"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("zero", "last"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("zero", "other"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
}
# no document yet: no REQNUM is the last one
FRESH_TABLE = {
    ("issued", "last"): (TAKEN, TAKEN, SERVED, REPORTED, HEALED),
    ("issued", "other"): (TAKEN, TAKEN, SERVED, REPORTED, HEALED),
    ("last", "last"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("other", "other"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("zero", "last"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
    ("zero", "other"): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED),
}
# no token was ever made: nothing is right
MUTE_TABLE = {
    (token, reqnum): (WRONG, WRONG, UNSERVED, UNREPORTED, HEALED)
    for token in ("last", "issued", "other", "zero")
    for reqnum in ("last", "other")
}
STATES = {
    "usual": (USUAL, USUAL_TABLE),
    "steady": (DeviceExchange(LAST, LAST, LAST_REQ, Command.TICKET, b"stored"), STEADY_TABLE),
    "fresh": (DeviceExchange(ISSUED), FRESH_TABLE),
    "mute": (DeviceExchange(), MUTE_TABLE),
}
COMMANDS_OF = {
    "same": [Command.TICKET],
    "document": [Command.CLOSE_SHIFT, Command.MONEY_PLACEMENT, Command.CANCEL_TICKET],
    "service": [
        Command.SYSTEM,
        Command.INFO,
        Command.AUTH,
        Command.NOMENCLATURE,
        Command.QR_GENERATE,
        Command.QR_GET_STATUS,
    ],
    "verify": [Command.REPORT],
    "heal": [Command.REPORT],
}
TOKENS = {"last": LAST, "issued": ISSUED, "other": OTHER, "zero": 0}
REQNUMS = {"last": LAST_REQ, "other": OTHER_REQ}
CASES = [
    pytest.param(
        state,
        TOKENS[token],
        REQNUMS[reqnum],
        command,
        column,
        outcome,
        id=f"{name}-{token}-{reqnum}-{column}-{command.name}",
    )
    for name, (state, table) in STATES.items()
    for (token, reqnum), outcomes in table.items()
    for column, outcome in zip(COLUMNS, outcomes, strict=True)
    for command in COMMANDS_OF[column]
]


@pytest.mark.parametrize(("state", "token", "reqnum", "command", "column", "outcome"), CASES)
def test_every_combination_has_its_row(
    state: DeviceExchange, token: int, reqnum: int, command: Command, column: str, outcome: tuple
) -> None:
    row, done, whose, counted = outcome
    report_token = ReportToken.HEAL if column == "heal" else ReportToken.VERIFY
    decision = decide(state, token, reqnum, command, report_token)
    assert decision.row == row
    assert decision.action is {"stored": Action.STORED, "check": Action.CHECK}.get(done, Action.REFUSE)
    assert decision.code == (done if isinstance(done, int) else None)
    assert decision.token_in_answer == (token if whose == "received" else state.issued)
    assert decision.counted is counted
    assert decision.refused_row == {"D6": "D5"}.get(row, row if done == "check" else "")


def test_the_tables_miss_no_command() -> None:
    assert {command for commands in COMMANDS_OF.values() for command in commands} == {
        row.command for row in COMMANDS.values() if row.served
    }


def test_the_worked_trace() -> None:
    t1, t2, t3 = 1000000001, 3000000002, 4000000003
    verify, heal = ReportToken.VERIFY, ReportToken.HEAL
    trace = [  # command, token, reqnum, content right, code, answer token, row
        (Command.INFO, t1, 1, True, 0, t1, "S1", verify),
        (Command.TICKET, t1, 2, True, 0, t2, "D6", verify),
        (Command.TICKET, t1, 2, True, 0, t2, "D1", verify),
        (Command.CLOSE_SHIFT, t1, 2, True, 9, t1, "D2", verify),
        (Command.TICKET, t2, 2, True, 8, t2, "D3", verify),
        (Command.TICKET, t1, 3, True, 2, t1, "D4", verify),
        (Command.SYSTEM, t1, 4, True, 2, t1, "S2", verify),
        (Command.SYSTEM, t2, 5, True, 0, t2, "S1", verify),
        (Command.TICKET, t2, 6, False, 13, t2, "D5", verify),
        (Command.TICKET, t2, 6, True, 0, t3, "D6", verify),
        (Command.REPORT, 0, 7, True, 0, t3, "S4", heal),
    ]
    state = DeviceExchange(t1)
    new_tokens = iter((t2, t3))
    stored = []
    for number, (command, token, reqnum, right, code, answer_token, row, report_token) in enumerate(trace, 1):
        decision = decide(state, token, reqnum, command, report_token)
        got_code = decision.code or ResultCode.OK
        got_token, got_row = decision.token_in_answer, decision.row
        if decision.action is Action.CHECK and not right:
            got_code, got_row = ResultCode.INCORRECT_REQUEST_DATA, decision.refused_row
        elif decision.counted:
            state = accepted(state, token, reqnum, command, f"answer {number}".encode(), next(new_tokens))
            got_token = state.issued
        elif decision.action is Action.STORED:
            stored.append(state.last_answer)
        assert (number, got_code, got_token, got_row) == (number, code, answer_token, row)
    assert stored == [b"answer 2"]
    assert state == DeviceExchange(t3, t2, 6, Command.TICKET, b"answer 10")


@pytest.mark.parametrize("reqnum", [0, 1, 65534, 40000])
def test_any_number_but_the_last_is_taken_after_65535(reqnum: int) -> None:
    state = accepted(DeviceExchange(ISSUED), ISSUED, 65535, Command.TICKET, b"", OTHER)
    assert decide(state, OTHER, reqnum, Command.TICKET).row == "D6"
    assert decide(state, OTHER, 65535, Command.TICKET).row == "D3"
    assert decide(state, ISSUED, 65535, Command.TICKET).row == "D1"


def test_a_new_token_forgets_the_last_document_or_not() -> None:
    assert issue_token(USUAL, 5) == DeviceExchange(5)
    assert issue_token(USUAL, 5, clears_last=False) == DeviceExchange(
        5, LAST, LAST_REQ, Command.TICKET, b"stored"
    )
    assert decide(issue_token(USUAL, 5), 5, LAST_REQ, Command.TICKET).row == "D6"
    assert decide(issue_token(USUAL, 5), ISSUED, OTHER_REQ, Command.TICKET).row == "D4"


@given(st.integers(0, 2**32), st.sampled_from(sorted(DOCUMENTS)))
def test_a_new_token_is_never_zero_issued_or_last(seed: int, command: int) -> None:
    token = next_token(USUAL, command, random.Random(seed))
    assert 0 < token < 2**32
    assert token not in (ISSUED, LAST)


class Scripted(random.Random):
    """A generator that draws what it is told."""

    def __init__(self, *draws: int) -> None:
        super().__init__(0)
        self.draws = list(draws)

    def randint(self, a: int, b: int) -> int:
        assert (a, b) == (1, 2**32 - 1)
        return self.draws.pop(0)


def test_a_token_that_is_in_use_is_drawn_again() -> None:
    assert fresh_token(USUAL, Scripted(ISSUED, LAST, 2**32 - 1)) == 2**32 - 1


def test_rotation_follows_its_switches() -> None:
    rng = random.Random(1)
    assert next_token(USUAL, Command.TICKET, rng, RotateToken.NEVER) == ISSUED
    only = {Command.TICKET, Command.CLOSE_SHIFT}
    assert next_token(USUAL, Command.MONEY_PLACEMENT, rng, rotate_on=only) == ISSUED
    assert next_token(USUAL, Command.CLOSE_SHIFT, rng, rotate_on=only) != ISSUED
    drawn = [next_token(USUAL, Command.TICKET, rng, RotateToken.RANDOM) == ISSUED for _ in range(100)]
    assert 20 < sum(drawn) < 80
