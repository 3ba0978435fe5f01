"""A lost answer at every command: the repeat gets the stored answer, and the ledger holds it once
(kz-ofd TK-2, TK-D1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.suites.kz.operator.steps import CONTROL, KIND, Asked, documents_of
from reference.protocol.kz.documents import Document
from reference.protocol.kz.service import write_offline_period

PRT = ("KZ-PRT-03",)
FAULTS = ("control", "faults")
KINDS = {
    "ticket": ("ticket", 203),
    "deposit": ("deposit", 203),
    "close-shift": ("close-shift", 203),
    "cancel-ticket": ("cancel-ticket", 202),
    "ticket-124": ("ticket", 124),
    "close-shift-204": ("close-shift", 204),
}


def prepared(device: Device, kind: str) -> Asked:
    """The document, after whatever must come before it."""
    device.accept(device.deposit(500_000))
    if kind == "cancel-ticket":
        device.sell()
    return documents_of(device)[kind]


def once(ctx: Context, device: Device) -> None:
    """What the judge has booked is all that is counted, and all that the ledger holds."""
    device.compare()
    if ctx.can("control") and device.identity.new:
        numbers = [(row["token"], row["reqnum"]) for row in ctx.ofd.documents(device)]
        ctx.check(len(set(numbers)), len(numbers), "documents in the ledger", clause="KZ-TK-D1")


@family(
    "kz.operator.repeat.lost.{key}",
    rows=KINDS,
    target=KIND,
    clauses=["KZ-TK-2", "KZ-TK-D1"],
    requirements=PRT,
    description="The answer to a document is lost, and the packet comes again on new connections: {key}.",
    expectation="The answer is the one that was lost, byte for byte, and the document is counted once.",
)
def lost(ctx: Context, row: tuple[str, int]) -> None:
    """A register that lost an answer is one that sends the packet again."""
    kind, version = row
    device = ctx.ofd.device(version)
    what = prepared(device, kind)
    first = device.accept(what)
    for _ in range(2):
        again = device.repeat()
        ctx.check(first.body, again.body, "body of the answer to the repeat", clause="KZ-TK-D1")
        ctx.check(first.token, again.token, "TOKEN of the answer to the repeat", clause="KZ-TK-D1")
    once(ctx, device)
    device.sell()
    device.compare()


@family(
    "kz.operator.repeat.closed.{key}",
    rows={
        f"{point}-{key}": (f"ofd-kz.{point}", kind)
        for point in ("before-commit", "after-commit")
        for key, kind in KINDS.items()
        if kind[1] == 203 or key == "cancel-ticket"
    },
    target=KIND,
    clauses=["KZ-TK-2", "KZ-TK-D1", "KZ-TK-D6"],
    requirements=PRT,
    needs=FAULTS,
    description="The operator hangs up before or after storing a document: {key}.",
    expectation="The repeat is answered with code 0, and the document is counted once.",
)
def closed(ctx: Context, row: tuple[str, tuple[str, int]]) -> None:
    """Whether it was stored before the line broke is not the register's business."""
    point, (kind, version) = row
    device = ctx.ofd.device(version)
    what = prepared(device, kind)
    ctx.control.add_fault(point, "close", match={"device": str(device.id)})
    device.send_and_lose(what)
    again = device.repeat()
    ctx.check(0, again.code, "result code of the repeat", clause="KZ-TK-2")
    ctx.check(again.raw, device.repeat().raw, "answer to a second repeat", clause="KZ-TK-D1")
    once(ctx, device)


@family(
    "kz.operator.repeat.half-answer.{key}",
    rows={"nothing": 0, "one-byte": 1, "header": 18, "half-the-body": 60},
    target=KIND,
    clauses=["KZ-TK-2", "KZ-TK-D1"],
    requirements=PRT,
    needs=FAULTS,
    description="The line breaks in the middle of the answer to a ticket: {key}.",
    expectation="The repeat brings the whole answer, and the ticket is counted once.",
)
def half_answer(ctx: Context, size: int) -> None:
    """Half an answer is none."""
    device = ctx.ofd.device()
    what = prepared(device, "ticket")
    ctx.control.add_fault("ofd-kz.answer", "cut", value=str(size), match={"device": str(device.id)})
    device.send_and_lose(what)
    ctx.check(0, device.repeat().code, "result code of the repeat", clause="KZ-TK-2")
    once(ctx, device)


def _with_period(device: Device, what: Document) -> Asked:
    return device.request(what, period=(device.later(minutes=-9), device.later(minutes=-1)))


def _offline_number(device: Device, what: Document) -> Asked:
    message = device.request(what, period=(device.later(minutes=-9), device.later(minutes=-1)))
    message.ticket.offline_ticket_number = 1_770_000_777
    return message


def _other_content(device: Device, what: Document) -> Asked:
    message = device.request(what)
    message.ticket.amounts.total.bills += 7
    return message


def _refreshed(device: Device, what: Document) -> Asked:
    def later(service: object) -> None:
        write_offline_period(service, device.time, device.time + timedelta(hours=3))

    return device.request(what, service=later)


@family(
    "kz.operator.repeat.other-body.{key}",
    rows={
        "offline-period": _with_period,
        "offline-number": _offline_number,
        "refreshed-period": _refreshed,
        "other-total": _other_content,
    },
    target=KIND,
    clauses=["KZ-TP-2", "KZ-TK-D1"],
    requirements=("KZ-PRT-03", "KZ-OFF-01"),
    description="The repeat of a ticket has another body: {key}.",
    expectation="The stored answer; what was counted first stays as it was.",
)
def other_body(ctx: Context, change: Callable[[Device, Document], Asked]) -> None:
    """Only TOKEN, REQNUM and command are compared."""
    device = ctx.ofd.device()
    ticket = device.ticket()
    token = device.token
    first = device.accept(ticket)
    reqnum = device.reqnum
    answer = device.transmit(device.frame(change(device, ticket), token=token, reqnum=reqnum))
    ctx.check(first.raw, answer.raw, "answer to the repeat", clause="KZ-TP-2")
    once(ctx, device)


@case(
    "kz.operator.repeat.refused-packet",
    target=KIND,
    clauses=["KZ-TK-D5", "KZ-S-4.2"],
    requirements=PRT,
    description="A refused ticket comes again unchanged, then corrected, then once more, under one pair.",
    expectation="Refused, refused, accepted, and the accepted answer again; one ticket is counted.",
)
def refused_packet(ctx: Context) -> None:
    """A refusal uses no REQNUM and changes no token."""
    device = ctx.ofd.device()
    number = device.next_reqnum()
    bad = device.ticket(total=100, payments=())
    for _ in range(2):
        device.refuse(13, bad, reqnum=number, clause="KZ-TK-D5")
    first = device.accept(device.ticket(), reqnum=number, clause="KZ-TK-D5")
    ctx.check(first.raw, device.repeat().raw, "answer to the repeat", clause="KZ-TK-D1")
    once(ctx, device)


@case(
    "kz.operator.repeat.after-a-block",
    target=KIND,
    clauses=["KZ-S-4.2", "KZ-TK-D1"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="A register is blocked between a ticket and its repeat.",
    expectation="The repeat gets the stored answer; a new ticket gets 15.",
)
def after_a_block(ctx: Context) -> None:
    """What was counted is confirmed again, whatever holds now."""
    device = ctx.ofd.device()
    first = device.sell()
    sale = device.last
    ctx.ofd.do("block", device)
    device.refuse(15, device.ticket(), clause="KZ-RC-15")
    device.last = sale
    ctx.check(first.raw, device.repeat().raw, "answer to the repeat", clause="KZ-TK-D1")


@case(
    "kz.operator.repeat.a-day-later",
    target=KIND,
    clauses=["KZ-H24-04", "KZ-TK-D1"],
    requirements=("KZ-PRT-03", "KZ-SHF-01"),
    needs=["control", "clock"],
    description="The last ticket's repeat comes when its shift is open for thirty hours.",
    expectation="The stored answer and no code 11.",
)
def a_day_later(ctx: Context) -> None:
    """The limit is for what is new."""
    device = ctx.ofd.device()
    first = device.sell()
    sale = device.last
    ctx.clock.advance(30 * 3600)
    device.refuse(11, device.ticket(), clause="KZ-RC-11")
    device.last = sale
    ctx.check(first.raw, device.repeat().raw, "answer to the repeat", clause="KZ-H24-04")
    once(ctx, device)
