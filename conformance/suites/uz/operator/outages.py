"""Outages, lost and wrong answers, and the backlog afterwards (uz-fiscal OF-26, OF-20, OF-22)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.check_site import qr_query
from conformance.drivers.terminal import Issued, Terminal
from conformance.suites.uz.operator.exchange import (
    QUIET_SECONDS,
    confirmed,
    full,
    serves,
    shift,
    taken,
)
from conformance.verdicts import AnswerMissing
from reference.protocol.uz.generate import random_receipt
from reference.protocol.uz.message import File, FileStatus, Response, StatusCode

BATCH = 32
CLOSE = ("ofd.connect", "ofd.request", "ofd.store.before", "ofd.store.after")


def disturbed(ctx: Context, terminal: Terminal, point: str, action: str, **fields: object) -> None:
    """Lay a fault on one module alone; it is taken away after the case."""
    ctx.control.add_fault(point, action, match={"terminal": terminal.id}, **fields)


def tried(ctx: Context, terminal: Terminal, *files: File) -> Response | None:
    """The answer to a message, None when the operator closes instead."""
    try:
        answer = ctx.operator.exchange(ctx.operator.request(terminal, files).encode())
    except AnswerMissing:
        return None
    return ctx.operator.decode(answer) if answer else None


def held_once(ctx: Context, terminal: Terminal, issued: Sequence[Issued]) -> None:
    """The ledger holds just these receipts, each once and with its items."""
    rows = ctx.operator.ledger(terminal)
    expected = [(each.seq, each.sign, each.receipt.received_cash) for each in issued]
    held = [(row["number"], row["sign"], row["cash"]) for row in rows]
    ctx.check(expected, held, "number, sign and cash of every entry", clause="OF-20")
    bodies = [row["body"] is not None for row in rows]
    ctx.check([True] * len(issued), bodies, "entries with their items", clause="OF-24")


def small(ctx: Context, terminal: Terminal, count: int, *, apart: float = 1) -> list[Issued]:
    """Receipts of one item, `apart` seconds from each other."""
    return [terminal.issue(random_receipt(ctx.rng, terminal.tick(apart), items=1)) for _ in range(count)]


def delivered(ctx: Context, terminal: Terminal, backlog: Sequence[Issued], batch: int = BATCH) -> None:
    """Send a backlog oldest first in batches; every acknowledgement must be genuine."""
    for begin in range(0, len(backlog), batch):
        taken(ctx, terminal, *(full(each) for each in backlog[begin : begin + batch]))


@family(
    "uz.operator.outage.backlog.{key}",
    rows={"47h59m": timedelta(hours=47, minutes=59), "49h": timedelta(hours=49)},
    target="operator",
    clauses=["OF-22", "OF-20"],
    requirements=["UZ-OFF-02", "UZ-OFF-04"],
    needs=["test-keys"],
    description="A module comes back after {key} with the receipts and Z-reports of that time, oldest first.",
    expectation="Each is acknowledged once for its own number; how late it comes is no reason to refuse.",
)
def backlog(ctx: Context, outage: timedelta) -> None:
    """The 48 hours are the module's rule, not the operator's."""
    terminal = ctx.operator.terminal(time=ctx.operator.now() - outage)
    apart = outage.total_seconds() / 60
    first = small(ctx, terminal, 25, apart=apart)
    day_one = terminal.close_shift()
    second = small(ctx, terminal, 20, apart=apart)
    delivered(ctx, terminal, first)
    taken(ctx, terminal, shift(day_one))
    delivered(ctx, terminal, second)
    taken(ctx, terminal, shift(terminal.close_shift()))
    for each in (first[0], first[-1], second[0], second[-1]):
        ctx.check(True, confirmed(ctx, each), f"receipt {each.seq} is known", clause="OF-22")
    if ctx.can("control"):
        held_once(ctx, terminal, [*first, *second])
        flags = [row["mismatches"] for row in ctx.operator.ledger(terminal, "zreports")]
        ctx.check([[], []], flags, "flags of the Z-reports", clause="OF-22")


@family(
    "uz.operator.outage.lived-through.{key}",
    rows={"47h59m": timedelta(hours=47, minutes=59), "49h": timedelta(hours=49)},
    target="operator",
    clauses=["OF-26", "OF-22", "OF-20"],
    requirements=["UZ-OFF-02", "UZ-OFD-04"],
    needs=["control", "clock", "faults", "test-keys"],
    description="For {key} of lab time the operator answers one module nothing, which goes on selling.",
    expectation="It gets no answer until then, another module does; afterwards each receipt is taken, once.",
)
def lived_through(ctx: Context, outage: timedelta) -> None:
    """The fault's duration is lab time, so it ends by itself."""
    terminal, other = ctx.operator.terminal(), ctx.operator.terminal()
    disturbed(ctx, terminal, "ofd.request", "close", count=None, seconds=outage.total_seconds())
    issued = small(ctx, terminal, 3)
    for _ in range(4):
        answer = tried(ctx, terminal, *(each.full for each in issued))
        ctx.check(None, answer, "answer during the outage", clause="OF-26")
        serves(ctx, other)
        ctx.clock.advance(outage / 4 - timedelta(seconds=30))
        terminal.time = ctx.operator.now()
        issued += small(ctx, terminal, 4)
    ctx.check(None, tried(ctx, terminal, issued[0].full), "answer two minutes before the end", clause="OF-26")
    ctx.clock.advance(timedelta(seconds=121))
    delivered(ctx, terminal, issued)
    held_once(ctx, terminal, issued)


@case(
    "uz.operator.outage.two-days-of-a-shop",
    target="operator",
    clauses=["OF-20", "OF-22", "CL-01", "CK-01"],
    level="stand-in",
    requirements=["UZ-OFF-02", "UZ-OFD-02", "UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="300 receipts of two days arrive in batches of 32; the fourth batch is sent three times.",
    expectation="Every one acknowledged, once in the ledger, and genuine on the check page.",
)
def two_days(ctx: Context) -> None:
    """Sums of the ledger against the judge's own."""
    terminal = ctx.operator.terminal(time=ctx.operator.now() - timedelta(days=2))
    issued = small(ctx, terminal, 300, apart=570)
    report = terminal.close_shift()
    delivered(ctx, terminal, issued[:128])
    for _ in range(2):
        delivered(ctx, terminal, issued[96:128])
    delivered(ctx, terminal, issued[128:])
    taken(ctx, terminal, shift(report))
    held_once(ctx, terminal, issued)
    cash = sum(row["cash"] for row in ctx.operator.ledger(terminal))
    ctx.check(sum(each.receipt.received_cash for each in issued), cash, "cash in the ledger", clause="OF-20")
    flags = [row["mismatches"] for row in ctx.operator.ledger(terminal, "zreports")]
    ctx.check([[]], flags, "flags of the Z-report", clause="OF-22")
    for each in ctx.rng.sample(issued, 5):
        query = qr_query(terminal.id, each.seq, each.receipt.time, each.sign)
        verdict = ctx.operator.site.page(**query).verdict
        ctx.check("genuine", verdict, f"check page of receipt {each.seq}", clause="CK-01")


# --- lost answers ---------------------------------------------------------------------------------------


@family(
    "uz.operator.lost-answer.{key}",
    rows={"before-reading": CLOSE[1], "before-storing": CLOSE[2], "after-storing": CLOSE[3]},
    target="operator",
    clauses=["OF-20", "OF-26", "CL-04"],
    requirements=["UZ-OFD-02", "UZ-OFD-04"],
    needs=["control", "faults", "test-keys"],
    description="The operator hangs up {key} a message of five receipts, three times in a row.",
    expectation="Sent a fourth time all are acknowledged; each stands in the ledger once.",
)
def lost_answer(ctx: Context, point: str) -> None:
    """A client that got no answer sends the same files again."""
    terminal = ctx.operator.terminal()
    issued = small(ctx, terminal, 5)
    disturbed(ctx, terminal, point, "close", count=3)
    for _ in range(3):
        ctx.check(None, tried(ctx, terminal, *(each.full for each in issued)), "answer", clause="OF-26")
        stored = len(ctx.operator.ledger(terminal))
        expected = 5 if point == "ofd.store.after" else 0
        ctx.check(expected, stored, "entries while the answer is lost", clause="OF-26")
    delivered(ctx, terminal, issued)
    held_once(ctx, terminal, issued)


@case(
    "uz.operator.lost-answer.silence",
    target="operator",
    clauses=["OF-26", "OF-20"],
    requirements=["UZ-OFD-02", "UZ-OFD-04"],
    needs=["control", "faults", "test-keys"],
    description="The operator takes a receipt and keeps silent, before and after storing it.",
    expectation="No byte comes while another module is served; sent again, it is acknowledged and held once.",
)
def silence(ctx: Context) -> None:
    """The client gives up after its own time-out and comes again."""
    terminal = ctx.operator.terminal()
    issued = small(ctx, terminal, 1)
    frame = ctx.operator.request(terminal, [issued[0].full]).encode()
    for point in ("ofd.request", "ofd.store.after"):
        disturbed(ctx, terminal, point, "silence", count=1)
        with ctx.operator.connect() as wire:
            wire.send(frame)
            serves(ctx)
            closed = wire.closed_by_peer(QUIET_SECONDS)
            ctx.check(False, closed, "the operator hangs up instead of keeping silent", clause="OF-26")
    delivered(ctx, terminal, issued)
    held_once(ctx, terminal, issued)


@family(
    "uz.operator.lost-answer.storm.{key}",
    rows={"one": 1, "two": 2},
    target="operator",
    clauses=["OF-20", "OF-25", "OF-26", "CL-04"],
    requirements=["UZ-OFD-02", "UZ-OFF-02", "UZ-OFD-04"],
    needs=["control", "faults", "test-keys"],
    description="Of 99 receipts and three Z-reports many answers are lost somewhere (die number {key}).",
    expectation="A client that repeats what was not answered ends with each in the ledger exactly once.",
)
def storm(ctx: Context, die: int) -> None:
    """The die is seeded by the run, so a failure comes again."""
    terminal = ctx.operator.terminal()
    for point, action in (
        ("ofd.request", "close"),
        ("ofd.store.before", "retry-send"),
        ("ofd.store.after", "close"),
        ("ofd.ack", "retry-send"),
    ):
        seed = ctx.rng.randrange(1 << 30) + die
        disturbed(ctx, terminal, point, action, count=None, probability=0.15, seed=seed)
    issued: list[Issued] = []
    for _ in range(3):
        day = small(ctx, terminal, 33)
        issued += day
        report = terminal.close_shift()
        for begin in range(0, len(day), 5):
            _until_taken(ctx, terminal, [full(each).file for each in day[begin : begin + 5]])
        _until_taken(ctx, terminal, [shift(report).file])
    held_once(ctx, terminal, issued)
    reports = ctx.operator.ledger(terminal, "zreports")
    ctx.check([[], [], []], [row["mismatches"] for row in reports], "flags of the Z-reports", clause="OF-27")


def _until_taken(ctx: Context, terminal: Terminal, files: list[File]) -> None:
    for _ in range(60):
        response = tried(ctx, terminal, *files)
        if response is not None and response.status.code == StatusCode.OK:
            statuses = [ack.status for ack in response.acks]
            ctx.check([FileStatus.Acknowledge] * len(files), statuses, "file statuses", clause="OF-20")
            return
    ctx.inconclusive("sixty answers in a row were lost")
