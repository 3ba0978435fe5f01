"""Who is served: strangers, unknown and blocked modules, and notices (uz-fiscal §11.5, OF-16, OF-17)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.terminal import Terminal
from conformance.suites.uz.operator.exchange import (
    confirmed,
    full,
    genuine,
    refused,
    serves,
    shift,
    short,
    taken,
)
from conformance.suites.uz.operator.sync import synced
from reference.protocol.uz.message import File, StatusCode


def _blocked(ctx: Context, terminal: Terminal, *files: File) -> None:
    frame = ctx.operator.request(terminal, files).encode()
    refused(ctx, frame, StatusCode.NotActive, clause="OF-17")


@family(
    "uz.operator.standing.stranger.{key}",
    rows={
        "module": "UZ724549167320",
        "module-of-another-make": "NA000000000001",
        "virtual": "EP000000000001",
        "virtual-test": "EZ000000000001",
        "one-z": "ZA000000000000",
    },
    target="operator",
    clauses=["OF-16", "ID-06"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A terminal that is no test module speaks, with a receipt and with queries.",
    expectation="NotFound without acknowledgements, whatever it sends.",
)
def stranger(ctx: Context, terminal: str) -> None:
    """A laboratory answers for nobody real."""
    own = ctx.operator.terminal()
    issued = own.issue()
    query = ctx.operator.verify_query(issued.seq, issued.receipt.time, issued.sign)
    for file in (issued.full, issued.short, query, ctx.operator.state_query(bytes(8))):
        frame = ctx.operator.request(terminal, [file]).encode()
        refused(ctx, frame, StatusCode.NotFound, clause="OF-16")
    serves(ctx, own)


@case(
    "uz.operator.standing.unknown",
    target="operator",
    clauses=["OF-16", "S-11.5"],
    requirements=["UZ-OFD-01"],
    needs=["control", "test-keys"],
    description="A test module is marked unknown, and known again.",
    expectation="NotFound to receipts, Z-reports and queries meanwhile; then all is taken.",
)
def unknown(ctx: Context) -> None:
    """Another module is served all the while."""
    terminal, other = ctx.operator.terminal(), ctx.operator.terminal()
    issued = terminal.issue()
    report = shift(terminal.close_shift())
    ctx.control.do("mark-unknown", terminal=terminal.id, unknown=True)
    for file in (issued.full, report.file, ctx.operator.state_query(bytes(8))):
        frame = ctx.operator.request(terminal, [file]).encode()
        refused(ctx, frame, StatusCode.NotFound, clause="OF-16")
    serves(ctx, other)
    ctx.control.do("mark-unknown", terminal=terminal.id, unknown=False)
    taken(ctx, terminal, full(issued), report)


@family(
    "uz.operator.standing.blocked.{key}",
    rows={
        "unpaid": (1, "Abonent to‘lovi kelmagan"),
        "deregistered": (2, "Касса снята с учёта"),
        "other": (3, "See the operator"),
        "without-notice": (3, ""),
        "longest-notice": (1, "n" * 1024),
    },
    target="operator",
    clauses=["OF-17", "S-11.5", "UNK-18"],
    requirements=["UZ-OFF-05", "UZ-OFD-04"],
    needs=["control", "test-keys"],
    description="The operator blocks a module ({key}), which sends what it has.",
    expectation="NotActive with reason and notice, no acknowledgement, nothing stored; lifted, all is taken.",
)
def blocked(ctx: Context, row: tuple[int, str]) -> None:
    """The client keeps everything and sends it again after unblocking."""
    reason, notice = row
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    report = shift(terminal.close_shift())
    ctx.control.do("block", terminal=terminal.id, reason=reason, notice=notice)
    response = ctx.operator.ask(terminal, issued.full, report.file)
    ctx.check(StatusCode.NotActive, response.status.code, "status code", clause="OF-17")
    said = (response.status.reason, response.status.notice)
    ctx.check((reason, notice), said, "reason and notice", clause="OF-17")
    ctx.check(0, len(response.acks), "acknowledgements", clause="OF-10")
    _blocked(ctx, terminal, issued.short)
    ctx.check(False, confirmed(ctx, issued), "the receipt is known", clause="OF-17")
    ctx.control.do("unblock", terminal=terminal.id)
    taken(ctx, terminal, full(issued), report)


@case(
    "uz.operator.standing.blocked-asks",
    target="operator",
    clauses=["OF-17", "UNK-18"],
    requirements=["UZ-OFF-05"],
    needs=["control", "test-keys"],
    description="A blocked module syncs and asks for the sign of a receipt, alone and beside a receipt.",
    expectation="Queries alone are answered; a message with a receipt in it is NotActive.",
)
def blocked_asks(ctx: Context) -> None:
    """A block has to be liftable by a sync."""
    terminal = ctx.operator.terminal()
    known, kept = terminal.issue(), terminal.issue()
    taken(ctx, terminal, full(known))
    ctx.control.do("block", terminal=terminal.id, reason=1, notice="")
    synced(ctx, terminal)
    ctx.check(True, confirmed(ctx, known), "the sign is confirmed while blocked", clause="OF-17")
    _blocked(ctx, terminal, ctx.operator.state_query(bytes(8)), short(kept).file)


@case(
    "uz.operator.standing.blocked-completely",
    target="operator",
    clauses=["OF-17", "UNK-18"],
    requirements=["UZ-OFF-05"],
    needs=["control", "destructive", "test-keys"],
    description="With blocked_serves_sync off, a blocked module asks for its state.",
    expectation="NotActive to queries as well.",
)
def blocked_completely(ctx: Context) -> None:
    """Whether real operators do so is not public, hence the switch."""
    ctx.control.reset(blocked_serves_sync=False)
    terminal = ctx.operator.terminal()
    ctx.control.do("block", terminal=terminal.id, reason=1, notice="")
    _blocked(ctx, terminal, ctx.operator.state_query(bytes(8)))


@case(
    "uz.operator.standing.block-strikes-its-own",
    target="operator",
    clauses=["OF-17", "OF-26"],
    requirements=["UZ-OFD-04"],
    needs=["control", "test-keys"],
    description="One module is blocked, and a half of forty others by share.",
    expectation="Only the one, and about half of the others, the same ones at every try, are NotActive.",
)
def strikes_its_own(ctx: Context) -> None:
    """The forty share a prefix of digits that the order is aimed at."""
    prefix = "ZZ77" + "".join(str(ctx.rng.randrange(10)) for _ in range(6))
    fleet = [f"{prefix}{number:04}" for number in range(40)]
    serves(ctx)
    ctx.control.do("block", terminal=f"{prefix}*", share=0.5, seed=3, reason=3, notice="")
    struck = [_struck(ctx, fleet) for _ in range(2)]
    ctx.check(struck[0], struck[1], "modules struck at a second try", clause="OF-26")
    count = len(struck[0])
    ctx.check_that(8 <= count <= 32, "about half of forty", count, "modules struck", clause="OF-26")
    ctx.control.do("unblock", terminal=f"{prefix}*")
    ctx.check([], _struck(ctx, fleet[:10]), "modules struck after the block", clause="OF-17")
    serves(ctx)


def _struck(ctx: Context, fleet: list[str]) -> list[str]:
    file = File(0x03, 0x02, b"\xa5\x00")
    time = ctx.operator.now()
    answers = {terminal: ctx.operator.ask(terminal, file, time=time).status.code for terminal in fleet}
    return [terminal for terminal, code in answers.items() if code == StatusCode.NotActive]


@case(
    "uz.operator.standing.notice",
    target="operator",
    clauses=["S-11.5", "S-11.2"],
    requirements=["UZ-OFD-04"],
    needs=["control", "test-keys"],
    description="The operator has something to say to a module, which sends receipts.",
    expectation="OKNotice with the text, and acknowledgements as with OK; afterwards plain OK.",
)
def notice(ctx: Context) -> None:
    """The notice is UTF-8 and for the cashier."""
    terminal = ctx.operator.terminal()
    text = "Ertaga soat 2:00 da profilaktika. Завтра в 2:00 профилактика"
    ctx.control.do("notice", terminal=terminal.id, notice=text)
    parcels = [full(terminal.issue()), short(terminal.issue())]
    response = ctx.operator.ask(terminal, *(parcel.file for parcel in parcels))
    ctx.check(StatusCode.OKNotice, response.status.code, "status code", clause="S-11.5")
    ctx.check(text, response.status.notice, "notice", clause="S-11.2")
    ctx.check(2, len(response.acks), "acknowledgements", clause="OF-10")
    for parcel, ack in zip(parcels, response.acks, strict=True):
        genuine(ctx, terminal.id, parcel, ack)
    ctx.control.do("notice", terminal=terminal.id, notice="")
    plain = ctx.operator.ask(terminal, parcels[0].file)
    ctx.check((StatusCode.OK, ""), (plain.status.code, plain.status.notice), "status without a notice")
