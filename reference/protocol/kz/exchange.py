"""Token, REQNUM and repeats: what a server does with a request before it looks inside (kz-ofd §4).

`decide` reads the rows of §4.2 from the top; `accepted` is the state after row D6. Both are pure: a new
token comes from `next_token` with the generator that the caller owns.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from reference.protocol.kz.dialects import DOCUMENTS, Command
from reference.protocol.kz.results import ResultCode

if TYPE_CHECKING:
    from random import Random

MAX_TOKEN: Final = 2**32 - 1
"""Tokens are unsigned and 0 is never valid (kz-ofd RG-02, TP-3)."""


@dataclass(slots=True, unsafe_hash=True)
class DeviceExchange:
    """What the server keeps of one device's exchange (kz-ofd §4.2).

    `issued` is the token the register must come with, 0 before there is one. The rest is the last accepted
    document: its token, REQNUM and command, and the body of its answer. None while there is none.

    It is replaced, never changed; not frozen, since every document makes one, and a frozen one takes four
    times as long to make.
    """

    issued: int = 0
    last_token: int | None = None
    last_req: int | None = None
    last_cmd: int | None = None
    last_answer: bytes | None = None


class Action(Enum):
    """What to do with a request: answer it from the store, refuse it, or check it by kz-ofd §5.1."""

    STORED = "answer-stored"
    REFUSE = "refuse"
    CHECK = "check"


class ReportToken(Enum):
    """Switch `report_token`: whether REPORT must show the right token, or is told it (kz-ofd S3, S4)."""

    VERIFY = "verify"
    HEAL = "heal"


class RotateToken(Enum):
    """Switch `rotate_token` (kz-ofd §4.3)."""

    ALWAYS = "always"
    RANDOM = "random"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Decision:
    """The row that fits and what follows from it.

    `token_in_answer` belongs to a stored answer, to this refusal, and to the refusal of a checked request.
    An accepted service command is answered with it too; an accepted document (`counted`) with the new token.
    `row` names the outcome if a checked document is accepted, `refused_row` if it is refused.
    """

    row: str
    action: Action
    token_in_answer: int
    code: ResultCode | None = None
    counted: bool = False
    refused_row: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One row of kz-ofd §4.2. Conditions: True, False, or None for "any".

    `last` and `issued`: is the TOKEN lastToken, or issued and not 0. `reqnum` and `command`: is it the last
    document's. `issues`: the answer carries `issued`, else what was received.
    """

    row: str
    action: Action
    code: ResultCode | None = None
    last: bool | None = None
    issued: bool | None = None
    reqnum: bool | None = None
    command: bool | None = None
    issues: bool = False
    refused_row: str = ""


_INVALID: Final = ResultCode.INVALID_TOKEN
_NUMBER: Final = ResultCode.INVALID_REQUEST_NUMBER
_RETRY: Final = ResultCode.INVALID_RETRY_REQUEST

DOCUMENT_ROWS: Final[tuple[ExchangeRow, ...]] = (
    ExchangeRow("D1", Action.STORED, last=True, reqnum=True, command=True, issues=True),
    ExchangeRow("D2", Action.REFUSE, _RETRY, last=True, reqnum=True, command=False),
    ExchangeRow("D3", Action.REFUSE, _NUMBER, issued=True, reqnum=True),
    ExchangeRow("D4", Action.REFUSE, _INVALID, issued=False),
    ExchangeRow("D6", Action.CHECK, issued=True, reqnum=False, refused_row="D5"),
)
"""Rows for TICKET, MONEY_PLACEMENT, CLOSE_SHIFT and CANCEL_TICKET; D5 is D6 refused."""

SERVICE_ROWS: Final[tuple[ExchangeRow, ...]] = (
    ExchangeRow("S1", Action.CHECK, issued=True, issues=True, refused_row="S1"),
    ExchangeRow("S2", Action.REFUSE, _INVALID, issued=False),
)
"""Rows for SYSTEM, INFO, AUTH, NOMENCLATURE and QR_*."""

REPORT_ROWS: Final[dict[ReportToken, tuple[ExchangeRow, ...]]] = {
    ReportToken.VERIFY: (
        ExchangeRow("S3", Action.CHECK, issued=True, issues=True, refused_row="S3"),
        ExchangeRow("S3", Action.REFUSE, _INVALID, issued=False),
    ),
    ReportToken.HEAL: (ExchangeRow("S4", Action.CHECK, issues=True, refused_row="S4"),),
}
"""Rows for REPORT by the switch `report_token`."""


def decide(
    state: DeviceExchange,
    token: int,
    reqnum: int,
    command: int,
    report_token: ReportToken = ReportToken.VERIFY,
) -> Decision:
    """Return what kz-ofd §4.2 says about a request of a known device with a served command."""
    rows = SERVICE_ROWS
    document = command in DOCUMENTS
    if document:
        rows = DOCUMENT_ROWS
    elif command == Command.REPORT:
        rows = REPORT_ROWS[report_token]
    known = state.last_cmd is not None
    last = known and token == state.last_token
    issued = token == state.issued and token != 0
    same_number = known and reqnum == state.last_req
    same_command = known and command == state.last_cmd
    row = next(row for row in rows if _fits(row, last, issued, same_number, same_command))
    return Decision(
        row=row.row,
        action=row.action,
        token_in_answer=state.issued if row.issues else token,
        code=row.code,
        counted=document and row.action is Action.CHECK,
        refused_row=row.refused_row,
    )


def accepted(
    state: DeviceExchange, token: int, reqnum: int, command: int, answer: bytes, new_token: int
) -> DeviceExchange:
    """Return the state after an accepted document (kz-ofd D6); `answer` is the body of its Response."""
    return replace(
        state, issued=new_token, last_token=token, last_req=reqnum, last_cmd=command, last_answer=answer
    )


def issue_token(state: DeviceExchange, token: int, *, clears_last: bool = True) -> DeviceExchange:
    """Return the state after the portal made a new token (kz-ofd §4.5, `token_issue_clears_last`)."""
    return DeviceExchange(token) if clears_last else replace(state, issued=token)


def next_token(
    state: DeviceExchange,
    command: int,
    rng: Random,
    rotation: RotateToken = RotateToken.ALWAYS,
    rotate_on: AbstractSet[int] = DOCUMENTS,
) -> int:
    """Return the token of the answer to an accepted document (kz-ofd §4.3)."""
    if command not in rotate_on or rotation is RotateToken.NEVER:
        return state.issued
    if rotation is RotateToken.RANDOM and rng.random() < 0.5:
        return state.issued
    return fresh_token(state, rng)


def fresh_token(state: DeviceExchange, rng: Random) -> int:
    """Return a random token: never 0, the issued one or the last document's (kz-ofd §4.3)."""
    while True:
        token = rng.randint(1, MAX_TOKEN)
        if token not in (state.issued, state.last_token):
            return token


def _fits(row: ExchangeRow, last: bool, issued: bool, reqnum: bool, command: bool) -> bool:
    return (
        row.last in (None, last)
        and row.issued in (None, issued)
        and row.reqnum in (None, reqnum)
        and row.command in (None, command)
    )
