"""Answers that are wrong, late or refused on purpose, as a person orders them (uz-fiscal OF-26, §11.5)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.control_client import Json
from conformance.drivers.terminal import Issued, Terminal
from conformance.suites.uz.operator.exchange import (
    QUIET_SECONDS,
    full,
    genuine,
    idle_round,
    refused,
    serves,
    shift,
    taken,
)
from conformance.suites.uz.operator.outages import disturbed, tried
from reference.protocol.uz.message import File, FileStatus, StatusCode
from reference.protocol.uz.standin import StandinError, read_ack_file


@case(
    "uz.operator.fault.retry-send",
    target="operator",
    clauses=["S-11.5", "OF-26"],
    requirements=["UZ-OFD-04"],
    needs=["control", "faults", "test-keys"],
    description="The operator is told to put a module off once.",
    expectation="RetrySend without acknowledgements, nothing stored; the next try is taken.",
)
def retry_send(ctx: Context) -> None:
    """Another module is served at the same time."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    disturbed(ctx, terminal, "ofd.request", "retry-send", count=1)
    serves(ctx)
    frame = ctx.operator.request(terminal, [issued.full]).encode()
    refused(ctx, frame, StatusCode.RetrySend, clause="S-11.5")
    ctx.check([], ctx.operator.ledger(terminal), "entries in the ledger", clause="OF-26")
    taken(ctx, terminal, full(issued))


@family(
    "uz.operator.fault.status.{key}",
    rows={code.name.lower(): code for code in StatusCode if code > StatusCode.OKNotice},
    target="operator",
    clauses=["OF-26", "S-11.5"],
    level="stand-in",
    requirements=["UZ-OFD-04"],
    needs=["control", "faults", "test-keys"],
    description="The operator is told to answer a module with status {key}, once.",
    expectation="That status without acknowledgements; the next try is taken.",
)
def ordered_status(ctx: Context, code: StatusCode) -> None:
    """For tests of clients: every status can be had."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    disturbed(ctx, terminal, "ofd.request", "status", value=f"{int(code):02x}", count=1)
    frame = ctx.operator.request(terminal, [issued.full]).encode()
    refused(ctx, frame, code, clause="OF-26")
    taken(ctx, terminal, full(issued))


WRONG_ACKS = {
    "wrong-id": "id",
    "wrong-terminal": "terminal",
    "wrong-kind": "kind",
    "bad-signature": "signature",
    "short": "length",
    "empty": "length",
}


@family(
    "uz.operator.fault.ack.{key}",
    rows={name: name for name in WRONG_ACKS},
    target="operator",
    clauses=["OF-26", "S-17.5"],
    requirements=["UZ-OFD-04"],
    needs=["control", "faults", "test-keys"],
    description="The operator is told to spoil one AckFile: {key}.",
    expectation="No module would take that one, by the reason that was ordered; the next one is genuine.",
)
def spoilt_ack(ctx: Context, action: str) -> None:
    """The receipt itself is stored, so the repeat is acknowledged."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    disturbed(ctx, terminal, "ofd.ack", action, count=1)
    response = ctx.operator.ask(terminal, issued.full)
    body = response.acks[0].body
    ctx.check(WRONG_ACKS[action], _fault_of(body, terminal, issued), "what is wrong with it", clause="OF-26")
    taken(ctx, terminal, full(issued))
    ctx.check(1, len(ctx.operator.ledger(terminal)), "entries in the ledger", clause="OF-20")


def _fault_of(body: bytes, terminal: Terminal, issued: Issued) -> str:
    """Why a module would not take this AckFile, in a word."""
    try:
        said = read_ack_file(body, terminal.id)
    except StandinError as error:
        return error.reason.name.lower()
    if said.kind != 1:
        return "kind"
    return "" if said.receipt_seq == issued.seq else "id"


@family(
    "uz.operator.fault.file-status.{key}",
    rows={"reject": FileStatus.Reject, "error": FileStatus.Error},
    target="operator",
    clauses=["OF-26", "S-11.5"],
    level="stand-in",
    requirements=["UZ-OFD-04"],
    needs=["control", "faults", "test-keys"],
    description="The operator is told to answer {key} to one file of a module's message.",
    expectation="That file has that status and no AckFile, the other is acknowledged; then both are.",
)
def ordered_file_status(ctx: Context, status: FileStatus) -> None:
    """The order is aimed at Z-reports alone."""
    terminal = ctx.operator.terminal()
    issued = full(terminal.issue())
    report = shift(terminal.close_shift())
    action = status.name.lower()
    match = {"terminal": terminal.id, "file": "02"}
    ctx.control.add_fault("ofd.ack", action, match=match, count=1)
    acks = ctx.operator.send(terminal, issued.file, report.file)
    genuine(ctx, terminal.id, issued, acks[0])
    ctx.check((status, b""), (acks[1].status, acks[1].body), "answer to the Z-report", clause="OF-26")
    taken(ctx, terminal, issued, report)


@case(
    "uz.operator.fault.delay",
    target="operator",
    clauses=["OF-26"],
    requirements=["UZ-OFD-04"],
    needs=["control", "clock", "faults", "test-keys"],
    description="The operator is told to answer a module ten lab minutes late.",
    expectation="No byte for nine minutes, the true answer after ten; another module is served at once.",
)
def delay(ctx: Context) -> None:
    """Slowness is not an outage: the answer does come."""
    terminal = ctx.operator.terminal()
    parcel = full(terminal.issue())
    disturbed(ctx, terminal, "ofd.request", "delay", delay=600, count=1)
    with ctx.operator.connect() as wire:
        wire.send(ctx.operator.request(terminal, [parcel.file]).encode())
        idle_round(ctx)
        ctx.clock.advance(540)
        serves(ctx)
        ctx.check(False, wire.closed_by_peer(QUIET_SECONDS), "closed after nine minutes", clause="OF-26")
        ctx.clock.advance(61)
        response = ctx.operator.decode(ctx.operator.receive_frame(wire))
    ctx.check(1, len(response.acks), "acknowledgements after ten minutes", clause="OF-26")
    genuine(ctx, terminal.id, parcel, response.acks[0])


@case(
    "uz.operator.fault.connect",
    target="operator",
    clauses=["OF-26"],
    requirements=["UZ-OFD-04"],
    needs=["control", "faults", "test-keys"],
    description="The operator is told to hang up on the next two connections.",
    expectation="Two clients get nothing, the third is served.",
)
def hang_up(ctx: Context) -> None:
    """An address where somebody answers the call and says nothing."""
    terminal = ctx.operator.terminal()
    parcel = full(terminal.issue())
    ctx.control.add_fault("ofd.connect", "close", count=2)
    for _ in range(2):
        ctx.check(None, tried(ctx, terminal, parcel.file), "answer", clause="OF-26")
    taken(ctx, terminal, parcel)


@case(
    "uz.operator.fault.share",
    target="operator",
    clauses=["OF-26"],
    requirements=["UZ-OFD-04"],
    needs=["control", "faults", "test-keys"],
    description="The operator puts off a quarter of all modules; forty of them send a file, twice.",
    expectation="Some but not most are put off, the same ones both times; without the order nobody is.",
)
def share(ctx: Context) -> None:
    """A share is of modules, not of messages."""
    fleet = [ctx.operator.terminal().id for _ in range(40)]
    laid: Json = ctx.control.do("disturb", point="ofd.request", action="retry-send", share=0.25)
    ctx.control.has_faults = True
    struck = [_put_off(ctx, fleet) for _ in range(2)]
    ctx.check(struck[0], struck[1], "modules put off at the second try", clause="OF-26")
    ctx.check_that(1 <= len(struck[0]) <= 24, "about 10 of 40", len(struck[0]), "put off", clause="OF-26")
    ctx.control.remove_fault(laid["id"])
    ctx.check([], _put_off(ctx, fleet), "modules put off without the order", clause="OF-26")


def _put_off(ctx: Context, fleet: list[str]) -> list[str]:
    file, time = File(0x77, 0x01, b"x"), ctx.operator.now()
    answers = {terminal: ctx.operator.ask(terminal, file, time=time).status.code for terminal in fleet}
    return [terminal for terminal, code in answers.items() if code == StatusCode.RetrySend]
