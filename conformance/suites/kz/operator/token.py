"""TOKEN and REQNUM: every row of the decision table, under each rotation (kz-ofd §4)."""

from __future__ import annotations

from collections.abc import Callable

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_operator import Answer
from conformance.suites.kz.operator.steps import (
    CONTROL,
    KIND,
    ask_x,
    named,
    refused_without_a_trace,
    wrong_total,
)
from reference.protocol.kz.dialects import Command

PRT = ("KZ-PRT-03",)
ROTATIONS = ("as-found", "always", "random", "never")
SYSTEM, INFO, NOMENCLATURE = int(Command.SYSTEM), int(Command.INFO), int(Command.NOMENCLATURE)
MOST = 65_535
STRANGER = 0x5EED_0BAD
"""A token that nobody was given."""

Row = Callable[[Context, Device], None]


def sold(device: Device) -> tuple[int, int, Answer]:
    """An accepted ticket: the token and REQNUM it went under, and its answer."""
    answer = device.sell()
    assert device.last is not None
    return device.last.token, device.last.reqnum, answer


def rotated(ctx: Context, device: Device, token: int) -> None:
    """The rows that need a new token cannot be judged where none was given."""
    if device.token == token:
        ctx.not_applicable("the operator gave no new token for this ticket, so its pair is a repeat")


def _d1(ctx: Context, device: Device) -> None:
    _, _, first = sold(device)
    sale = device.last
    for _ in range(3):
        device.last = sale
        ctx.check(first.raw, device.repeat().raw, "answer to the repeat", clause="KZ-TK-D1")
        device.accept(SYSTEM)
    device.compare()


def _d2(_: Context, device: Device) -> None:
    token, reqnum, _answer = sold(device)
    with device.unchanged():
        for document in (device.deposit(100), device.closing()):
            device.refuse(9, document, token=token, reqnum=reqnum, clause="KZ-TK-D2")
    device.sell()
    device.compare()


def _d3(ctx: Context, device: Device) -> None:
    token, reqnum, _ = sold(device)
    rotated(ctx, device, token)
    with device.unchanged():
        for document in (device.ticket(), device.deposit(100), device.closing()):
            device.refuse(8, document, reqnum=reqnum, clause="KZ-TK-D3")
    device.sell()
    device.compare()


def _d4(ctx: Context, device: Device) -> None:
    token, _, _ = sold(device)
    rotated(ctx, device, token)
    with device.unchanged():
        for wrong in (token, STRANGER, device.token ^ 1, device.token ^ 0x8000_0000, 0):
            device.refuse(2, device.ticket(), token=wrong, clause="KZ-TK-D4")
    device.sell()
    device.compare()


def _d4_same_number(_: Context, device: Device) -> None:
    _token, reqnum, _answer = sold(device)
    with device.unchanged():
        for document in (device.ticket(), device.deposit(100)):
            device.refuse(2, document, token=STRANGER, reqnum=reqnum, clause="KZ-TK-D4")


def _d5(ctx: Context, device: Device) -> None:
    sold(device)
    number = device.next_reqnum()
    refused_without_a_trace(ctx, device, 13, wrong_total(device), reqnum=number, clause="KZ-TK-D5")
    device.accept(device.ticket(), reqnum=number, clause="KZ-TK-D5")
    device.compare()


def _d6(ctx: Context, device: Device) -> None:
    for document in (device.ticket(), device.deposit(100), device.ticket()):
        answer = device.accept(document, clause="KZ-TK-D6")
        ctx.check_that(answer.token != 0, "any but 0", answer.token, "TOKEN of the answer", clause="KZ-TP-3")
    device.compare()


def _s1(ctx: Context, device: Device) -> None:
    sold(device)
    message = device.request(NOMENCLATURE)
    message.nomenclature.current_version = 0
    for what in (SYSTEM, INFO, message):
        answer = device.accept(what, clause="KZ-TK-S1")
        ctx.check(device.token, answer.token, "TOKEN of a service answer", clause="KZ-TK-S1")
    device.sell()


def _s2(ctx: Context, device: Device) -> None:
    token, _, _ = sold(device)
    rotated(ctx, device, token)
    with device.unchanged():
        for wrong in (token, STRANGER, 0):
            for command in (SYSTEM, INFO):
                device.refuse(2, command, token=wrong, clause="KZ-TK-S2")
    device.sell()


def _s3(ctx: Context, device: Device) -> None:
    token, _, _ = sold(device)
    rotated(ctx, device, token)
    answer = device.accept(ask_x(device), clause="KZ-TK-S3")
    ctx.check(device.token, answer.token, "TOKEN of REPORT", clause="KZ-TK-S3")
    for wrong in (token, 0):
        device.refuse(2, ask_x(device), token=wrong, clause="KZ-TK-S3")
    device.sell()


ROWS: dict[str, tuple[Row, str]] = {
    "d1": (_d1, "The last document comes again three times, with pings between."),
    "d2": (_d2, "The last document's pair comes with other commands."),
    "d3": (_d3, "The last document's REQNUM comes with the new token."),
    "d4": (_d4, "Documents come with the old token, with one nobody has, and with 0."),
    "d4-same-reqnum": (_d4_same_number, "The last REQNUM comes with a token nobody has."),
    "d5": (_d5, "A ticket with wrong sums comes, then a right one under the same pair."),
    "d6": (_d6, "Three new documents come, each with the token of the answer before."),
    "s1": (_s1, "Service commands come with the right token."),
    "s2": (_s2, "Service commands come with the old token, with one nobody has, and with 0."),
    "s3": (_s3, "REPORT comes with the right token, the old one and 0."),
}
_NEVER_OCCUR = {("d3", "never"), ("d4", "never"), ("s2", "never"), ("s3", "never")}
_CLAUSES = {key: [f"KZ-TK-{key[:2].upper()}"] for key in ROWS}
_CLAUSES["d1"] += ["KZ-TK-2", "KZ-S-4.1"]
_CLAUSES["d2"] += ["KZ-TK-3", "KZ-TP-4"]
_CLAUSES["d3"] += ["KZ-TK-3", "KZ-TP-4"]
_CLAUSES["d4"] += ["KZ-TK-3", "KZ-TP-4"]
_CLAUSES["d5"] += ["KZ-TP-4"]
_CLAUSES["d6"] += ["KZ-TK-1"]


@family(
    "kz.operator.token.{key}",
    rows={
        f"{key}.{rotation}": (key, rotation)
        for key in ROWS
        for rotation in ROTATIONS
        if (key, rotation) not in _NEVER_OCCUR
        and not (rotation == "random" and key in ("d3", "d4", "s2", "s3"))
    },
    target=KIND,
    clauses=lambda row: [*_CLAUSES[row[0]], *(() if row[1] == "as-found" else ("KZ-S-4.3",))],
    requirements=PRT,
    needs=lambda row: () if row[1] == "as-found" else CONTROL,
    description=lambda row: f"{ROWS[row[0]][1]} Rotation of tokens: {row[1]}.",
    expectation="The answer, its token and what is counted are those of the row.",
)
def table_row(ctx: Context, row: tuple[str, str]) -> None:
    """Under `never` the token stays and rows of a replaced one cannot occur."""
    key, rotation = row
    if rotation != "as-found":
        ctx.ofd.switch(rotate_token=rotation)
    device = ctx.ofd.device()
    before = device.token
    ROWS[key][0](ctx, device)
    if rotation == "never":
        ctx.check(before, device.token, "TOKEN at the end", clause="KZ-S-4.3")


@case(
    "kz.operator.token.s4",
    target=KIND,
    clauses=["KZ-TK-S4"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="With `report_token`=heal REPORT comes with an old token and with 0.",
    expectation="It is answered and brings the current token.",
)
def healed(ctx: Context) -> None:
    """So behaves one known test server."""
    ctx.ofd.switch(report_token="heal")  # noqa: S106 - the name of a switch
    device = ctx.ofd.device()
    token, _, _ = sold(device)
    for wrong in (token, 0, STRANGER):
        answer = device.accept(ask_x(device), token=wrong, clause="KZ-TK-S4")
        ctx.check(device.token, answer.token, "TOKEN of REPORT", clause="KZ-TK-S4")
    device.refuse(2, SYSTEM, token=token, clause="KZ-TK-S2")


@case(
    "kz.operator.token.trace",
    target=KIND,
    clauses=["KZ-S-4.4", "KZ-TK-D1", "KZ-TK-D4", "KZ-TP-1"],
    requirements=PRT,
    description="The eleven requests of the worked trace come one after the other, the last one verified.",
    expectation="Codes and tokens are those of the trace; two tickets are counted.",
)
def trace(ctx: Context) -> None:
    """Whoever loses an answer must repeat the old pair before anything else."""
    device = ctx.ofd.device()
    first = device.token
    device.accept(INFO, clause="KZ-TK-S1")
    token, reqnum, answer = sold(device)
    rotated(ctx, device, token)
    ctx.check(answer.raw, device.repeat().raw, "answer to request 3", clause="KZ-TK-D1")
    device.refuse(9, device.closing(), token=first, reqnum=reqnum, clause="KZ-TK-D2")
    device.refuse(8, device.ticket(), reqnum=reqnum, clause="KZ-TK-D3")
    device.refuse(2, device.ticket(), token=first, clause="KZ-TK-D4")
    device.refuse(2, SYSTEM, token=first, clause="KZ-TK-S2")
    device.accept(SYSTEM, clause="KZ-TK-S1")
    number = device.next_reqnum()
    device.refuse(13, wrong_total(device), reqnum=number, clause="KZ-TK-D5")
    device.accept(device.ticket(), reqnum=number, clause="KZ-TK-D6")
    device.refuse(2, ask_x(device), token=first, clause="KZ-TK-S3")
    device.compare()


# --- REQNUM -----------------------------------------------------------------------------------------------


@family(
    "kz.operator.token.wrap.{key}",
    rows={"to-zero": 0, "to-one": 1},
    target=KIND,
    clauses=["KZ-TK-4", "KZ-TP-15"],
    requirements=PRT,
    description="After REQNUM 65535 the counter starts again: {key}.",
    expectation="The document is accepted, and so is its repeat from the store.",
)
def wrap(ctx: Context, start: int) -> None:
    """Both wraps are seen in the field."""
    device = ctx.ofd.device()
    device.accept(device.deposit(100), reqnum=MOST - 1)
    device.accept(device.deposit(100), reqnum=MOST)
    first = device.accept(device.ticket(), reqnum=start, clause="KZ-TK-4")
    ctx.check(first.raw, device.repeat().raw, "answer to the repeat", clause="KZ-TK-D1")
    device.reqnum = start
    device.sell()
    device.compare()


@case(
    "kz.operator.token.any-number-but-the-last",
    target=KIND,
    clauses=["KZ-TP-15", "KZ-TK-4"],
    requirements=PRT,
    description="REQNUM jumps on, goes back, and comes again to numbers of earlier documents.",
    expectation="Every document is accepted: only the number of the one before is taken.",
)
def any_number(ctx: Context) -> None:
    """There is no history of numbers."""
    device = ctx.ofd.device()
    base = 1000 if device.reqnum < 500 else 100
    for number in (base, base + 500, base + 5, base, base + 5, base + 500, base + 4, base):
        device.accept(device.deposit(number), reqnum=number, clause="KZ-TP-15")
    device.reqnum = base
    device.compare()


@case(
    "kz.operator.token.service-numbers",
    target=KIND,
    clauses=["KZ-TK-S1", "KZ-S-4.2"],
    requirements=PRT,
    description="Service commands use the last document's REQNUM, and a document uses theirs.",
    expectation="All are served, and a repeat of the last document still comes from the store.",
)
def service_numbers(ctx: Context) -> None:
    """Service commands do not touch the last REQNUM."""
    device = ctx.ofd.device()
    _, reqnum, answer = sold(device)
    sale = device.last
    device.accept(SYSTEM, reqnum=reqnum)
    device.accept(INFO, reqnum=reqnum)
    device.accept(ask_x(device), reqnum=reqnum)
    device.last = sale
    ctx.check(answer.raw, device.repeat().raw, "answer to the repeat", clause="KZ-TK-D1")
    number = device.next_reqnum()
    device.accept(SYSTEM, reqnum=number)
    device.accept(device.ticket(), reqnum=number, clause="KZ-S-4.2")
    device.compare()


@case(
    "kz.operator.token.only-the-last",
    target=KIND,
    clauses=["KZ-S-4.2", "KZ-TK-D4"],
    requirements=PRT,
    description="After a second ticket the first one comes again, byte for byte.",
    expectation="Code 2: its token is no longer the last document's; nothing is counted.",
)
def only_the_last(ctx: Context) -> None:
    """Uniqueness is checked against the previous accepted document only."""
    device = ctx.ofd.device()
    token, _, _ = sold(device)
    rotated(ctx, device, token)
    old = device.last
    device.sell()
    rotated(ctx, device, token)
    assert old is not None
    with device.unchanged():
        answer = device.transmit(old.frame)
        ctx.check((2, token), (answer.code, answer.token), "result code and TOKEN", clause="KZ-TK-D4")


@case(
    "kz.operator.token.always-another",
    target=KIND,
    clauses=["KZ-S-4.3", "KZ-TP-3"],
    level="stand-in",
    requirements=PRT,
    description="Forty deposits are made one after the other.",
    expectation="Each brings a token that is not 0, not the one before and not the one before that.",
)
def always_another(ctx: Context) -> None:
    """What a token must not be when it is drawn."""
    device = ctx.ofd.device()
    tokens = [device.token]
    with device.kept():
        for _ in range(40):
            tokens.append(device.accept(device.deposit(100)).token)
    wrong = [token for at, token in enumerate(tokens) if not token or token in tokens[max(0, at - 2) : at]]
    ctx.check([], wrong, "tokens that are 0 or one of the two before", clause="KZ-S-4.3")


# --- a token made on the portal ---------------------------------------------------------------------------


@case(
    "kz.operator.token.issued-anew",
    target=KIND,
    clauses=["KZ-S-4.5", "KZ-TK-D4"],
    requirements=("KZ-PRT-03", "KZ-TOK-01"),
    needs=CONTROL,
    description="The portal makes a new token while the register still has the old one.",
    expectation="The old one gets 2 in documents and service commands; the new one is served at once.",
)
def issued_anew(ctx: Context) -> None:
    """A new one makes the old one invalid."""
    device = ctx.ofd.device()
    device.sell()
    new = ctx.ofd.do("issue-token", device)["token"]
    device.refuse(2, SYSTEM, clause="KZ-S-4.5")
    device.refuse(2, device.ticket(), clause="KZ-S-4.5")
    device.token = new
    device.accept(SYSTEM)
    device.sell()
    device.compare()


@case(
    "kz.operator.token.issue-forgets-the-last",
    target=KIND,
    clauses=["KZ-S-4.5"],
    level="stand-in",
    requirements=("KZ-PRT-03", "KZ-TOK-01"),
    needs=CONTROL,
    description="After a new token the last document's REQNUM comes with it, the ticket being the same one.",
    expectation="It is accepted and counted again, and flagged as equal to an earlier one.",
)
def forgotten(ctx: Context) -> None:
    """That is inherent in the rules; `token_issue_clears_last`=false keeps the last document instead."""
    device = ctx.ofd.device()
    ticket = device.ticket()
    device.accept(ticket)
    reqnum = device.reqnum
    device.token = ctx.ofd.do("issue-token", device)["token"]
    device.accept(ticket, reqnum=reqnum, clause="KZ-S-4.5")
    device.compare()
    named(ctx, device, "4.5")
    ctx.ofd.switch(token_issue_clears_last=False)
    device.token = ctx.ofd.do("issue-token", device)["token"]
    with device.unchanged():
        device.refuse(8, device.ticket(), reqnum=reqnum, clause="KZ-TK-D3")


@case(
    "kz.operator.token.none-yet",
    target=KIND,
    clauses=["KZ-S-15.5", "KZ-TK-D4", "KZ-TP-3"],
    requirements=("KZ-PRT-03", "KZ-TOK-01"),
    needs=CONTROL,
    description="A registered register for which no token was ever made sends 0 and guesses.",
    expectation="Code 2 each time, until a token is made.",
)
def none_yet(ctx: Context) -> None:
    """0 is never valid, not even when nothing else is."""
    device = ctx.ofd.device(token=0)
    for guess in (0, 1, STRANGER):
        device.refuse(2, SYSTEM, token=guess, clause="KZ-TK-S2")
        device.refuse(2, device.ticket(), token=guess, clause="KZ-TK-D4")
    device.token = ctx.ofd.do("issue-token", device)["token"]
    device.sell()
    device.compare()
