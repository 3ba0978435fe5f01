"""Acknowledged means durable: the operator is killed with -9 and asked again (uz-fiscal OF-25)."""

from __future__ import annotations

from dataclasses import replace

from conformance.cases import case
from conformance.context import Context
from conformance.suites.uz.operator.exchange import confirmed, full, refused, rejected, shift, short, taken
from conformance.suites.uz.operator.outages import disturbed, held_once, small, tried
from conformance.suites.uz.operator.sync import synced
from reference.protocol.uz.message import StatusCode

NEEDS = ("processes", "control", "faults", "test-keys")


def _restarted(ctx: Context) -> None:
    ctx.step("the operator is killed with -9 and started again")
    ctx.processes.kill("operator")
    ctx.processes.restart("operator")


@case(
    "uz.operator.durable.killed-after-acknowledging",
    target="operator",
    clauses=["OF-25", "OF-20", "OF-27"],
    requirements=["UZ-OFD-01", "UZ-OFD-02"],
    needs=NEEDS,
    tags=["slow"],
    description="The operator is killed right after it has acknowledged 41 receipts and a Z-report.",
    expectation="Started again it holds each once, acknowledges the repeats, and rejects other contents.",
)
def after_acknowledging(ctx: Context) -> None:
    """The last acknowledgement is read, and the next moment the process is gone."""
    terminal = ctx.operator.terminal()
    issued = small(ctx, terminal, 40)
    report = shift(terminal.close_shift())
    last = small(ctx, terminal, 1)[0]
    taken(ctx, terminal, *(short(each) for each in issued[:20]))
    taken(ctx, terminal, *(full(each) for each in issued[10:]))
    taken(ctx, terminal, report, full(last))
    _restarted(ctx)
    for each in (issued[0], issued[19], issued[20], issued[39], last):
        ctx.check(True, confirmed(ctx, each), f"receipt {each.seq} is known", clause="OF-25")
    taken(ctx, terminal, *(full(each) for each in issued[:20]))
    taken(ctx, terminal, report, *(full(each) for each in (*issued[20:], last)))
    other = replace(last.receipt, received_cash=last.receipt.received_cash + 1)
    rejected(ctx, terminal, terminal.sign(other, last.seq).full)
    held_once(ctx, terminal, [*issued, last])
    ctx.check(1, len(ctx.operator.ledger(terminal, "zreports")), "Z-reports held", clause="OF-27")


@case(
    "uz.operator.durable.killed-in-a-request",
    target="operator",
    clauses=["OF-25", "OF-20", "CL-04"],
    requirements=["UZ-OFD-01", "UZ-OFD-02"],
    needs=NEEDS,
    tags=["slow"],
    description="The operator dies before storing one message, and after storing another before its answer.",
    expectation="No answer either time; after each start the repeat is acknowledged, and each is held once.",
)
def in_a_request(ctx: Context) -> None:
    """Whether the files of an unanswered message were stored is not the client's business."""
    terminal = ctx.operator.terminal()
    issued = small(ctx, terminal, 10)
    batches = {"ofd.store.before": issued[:5], "ofd.store.after": issued[5:]}
    for point, batch in batches.items():
        disturbed(ctx, terminal, point, "crash", count=1)
        answer = tried(ctx, terminal, *(each.full for each in batch))
        ctx.check(None, answer, "answer of an operator that dies", clause="OF-25")
        ctx.processes.restart("operator")
        stored = len(ctx.operator.ledger(terminal))
        expected = 0 if point == "ofd.store.before" else 10
        ctx.check(expected, stored, f"receipts held after dying at {point}", clause="OF-25")
        taken(ctx, terminal, *(full(each) for each in batch))
    held_once(ctx, terminal, issued)


@case(
    "uz.operator.durable.orders",
    target="operator",
    clauses=["OF-17", "S-11.10", "OF-25"],
    level="stand-in",
    requirements=["UZ-OFF-05", "UZ-OFD-01"],
    needs=NEEDS,
    tags=["slow"],
    description="The operator is killed with a block, a lock order, a used and an unused POS unlock.",
    expectation="As before; the used one stays used.",
)
def orders(ctx: Context) -> None:
    """An order that a crash forgets would unblock those it should not."""
    blocked, used, unused = (ctx.operator.terminal() for _ in range(3))
    ctx.control.do("block", terminal=blocked.id, reason=2, notice="deregistered")
    ctx.operator.state_page(change="Yes", lock="Lock", pos_unlock="POS Unlock", terminal=used.id)
    ctx.operator.state_page(pos_unlock="POS Unlock", terminal=unused.id)
    ctx.check(True, synced(ctx, used).undo_pos_lock, "POS unlock before", clause="S-11.10")
    _restarted(ctx)
    frame = ctx.operator.request(blocked, [blocked.issue().full]).encode()
    refused(ctx, frame, StatusCode.NotActive, clause="OF-17")
    again = synced(ctx, used)
    ctx.check((True, False), (again.lock, again.undo_pos_lock), "lock and POS unlock", clause="S-11.10")
    ctx.check(True, synced(ctx, unused).undo_pos_lock, "unused POS unlock", clause="S-11.10")
    ctx.control.do("unblock", terminal=blocked.id)
