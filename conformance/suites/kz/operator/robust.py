"""Damaged bodies by the hundred, the same packet from everywhere at once, hybrids, and texts of all kinds."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers import kz_goods as goods
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import LOAF, line, paid
from conformance.drivers.kz_operator import Answer
from conformance.suites.kz.operator.repeat import once
from conformance.suites.kz.operator.steps import CONTROL, KIND, named, refused_without_a_trace
from conformance.suites.kz.operator.tickets import REFUSED
from reference.protocol.kz.documents import Document

PRT = ("KZ-PRT-01",)
FRAMES = 120
KNOWN = {0, 3, 4, 5, 11, 13, 14, 15, 17}
"""Codes that a damaged request of a register in good standing may get."""


# --- damaged bodies -----------------------------------------------------------------------------------------


def _flipped(rng: random.Random, body: bytearray) -> None:
    for _ in range(rng.randrange(1, 4)):
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)


def _cut_out(rng: random.Random, body: bytearray) -> None:
    start = rng.randrange(len(body))
    del body[start : start + rng.randrange(1, 12)]


def _doubled(rng: random.Random, body: bytearray) -> None:
    start = rng.randrange(len(body))
    piece = body[start : start + rng.randrange(1, 30)]
    body[start:start] = piece


def _stuffed(rng: random.Random, body: bytearray) -> None:
    start = rng.randrange(len(body))
    body[start:start] = rng.randbytes(rng.randrange(1, 12))


DAMAGES: dict[str, Callable[[random.Random, bytearray], None]] = {
    "flipped": _flipped,
    "cut-out": _cut_out,
    "doubled": _doubled,
    "stuffed": _stuffed,
}


@family(
    "kz.operator.damaged.{key}",
    rows=DAMAGES,
    target=KIND,
    clauses=["KZ-FR-10", "KZ-PA-1", "KZ-S-2.3"],
    requirements=PRT,
    needs=CONTROL,
    description="A hundred and twenty requests come with damaged bodies: {key}.",
    expectation="Each gets an answer with a code of the table; only those with code 0 are in the ledger.",
)
def damaged(ctx: Context, damage: Callable[[random.Random, bytearray], None]) -> None:
    """The frame around them is sound, and so is the register beside."""
    device, beside = ctx.ofd.devices(2)
    kinds: tuple[Callable[[], Document | int], ...] = (
        lambda: device.ticket(line(vat=goods.VAT), line(500), discount=goods.modifier(5, 10, type=None)),
        lambda: device.deposit(100),
        lambda: device.closing(),
        lambda: 5,
    )
    taken = 0
    with device.kept():
        for turn in range(FRAMES):
            body = bytearray(device.request(kinds[turn % 4]()).SerializeToString())
            damage(ctx.rng, body)
            frame = device.frame(bytes(body), reqnum=device.next_reqnum())
            answer = device.transmit(frame)
            ctx.check_in(KNOWN, answer.code, "result code", clause="KZ-FR-10")
            taken += answer.ok and answer.command in (1, 2, 6)
    ctx.check(taken, len(ctx.ofd.documents(device)), "documents in the ledger", clause="KZ-PA-1")
    beside.sell()
    beside.compare()
    device.accept(0)


# --- at the same moment ----------------------------------------------------------------------------------


def _at_once(ctx: Context, frames: list[bytes]) -> list[Answer]:
    """Send each frame on a connection of its own before any answer is read."""
    with ExitStack() as ends:
        wires = [ends.enter_context(ctx.ofd.connect()) for _ in frames]
        for wire, frame in zip(wires, frames, strict=True):
            wire.send(frame)
        return [
            ctx.ofd.decode(ctx.ofd.receive(wire, frame), frame)
            for wire, frame in zip(wires, frames, strict=True)
        ]


@case(
    "kz.operator.at-once.same-packet",
    target=KIND,
    clauses=["KZ-TK-D1", "KZ-TK-2"],
    requirements=("KZ-PRT-03",),
    description="One new ticket is sent on eight connections before any answer is read.",
    expectation="Eight times the same answer with code 0; the ticket is counted once.",
)
def same_packet(ctx: Context) -> None:
    """An impatient register, and a line that delivers late."""
    device = ctx.ofd.device()
    ticket = device.ticket()
    frame = device.frame(device.request(ticket), reqnum=device.next_reqnum())
    answers = _at_once(ctx, [frame] * 8)
    ctx.check([0] * 8, [each.code for each in answers], "result codes", clause="KZ-TK-D1")
    ctx.check(1, len({each.raw for each in answers}), "different answers", clause="KZ-TK-D1")
    device.books.add(ticket)
    once(ctx, device)


@case(
    "kz.operator.at-once.same-pair",
    target=KIND,
    clauses=["KZ-TK-D2", "KZ-TK-D6"],
    requirements=("KZ-PRT-03",),
    description="A ticket and a deposit under one token and REQNUM are sent on two connections at once.",
    expectation="One of them is accepted and the other gets 9, whichever comes first.",
)
def same_pair(ctx: Context) -> None:
    """Nobody can say which; both cannot be."""
    device = ctx.ofd.device()
    documents = (device.ticket(), device.deposit(100))
    number = device.next_reqnum()
    frames = [device.frame(device.request(each), reqnum=number) for each in documents]
    codes = [each.code for each in _at_once(ctx, frames)]
    ctx.check([0, 9], sorted(codes), "result codes", clause="KZ-TK-D2")
    device.books.add(documents[codes.index(0)])
    once(ctx, device)


@case(
    "kz.operator.at-once.many-registers",
    target=KIND,
    clauses=["KZ-TK-D6", "KZ-HD-8"],
    requirements=("KZ-PRT-01", "KZ-PRT-03"),
    needs=CONTROL,
    description="Forty registers send a ticket each at the same moment, and then again.",
    expectation="All are accepted under their own IDs with signs of their own; the repeats bring the same.",
)
def many_registers(ctx: Context) -> None:
    """A commit for many must still be one for each."""
    devices = ctx.ofd.devices(40)
    tickets = [device.ticket(line(100 + place)) for place, device in enumerate(devices)]
    frames = [
        device.frame(device.request(ticket), reqnum=device.next_reqnum())
        for device, ticket in zip(devices, tickets, strict=True)
    ]
    first, again = _at_once(ctx, frames), _at_once(ctx, frames)
    ctx.check({0}, {each.code for each in (*first, *again)}, "result codes", clause="KZ-TK-D6")
    ctx.check(40, len({each.sign for each in first}), "different signs", clause="KZ-S-13.1")
    ctx.check([each.raw for each in first], [each.raw for each in again], "answers to the repeats")
    for device, ticket in list(zip(devices, tickets, strict=True))[::8]:
        device.books.add(ticket)
        device.compare()


# --- hybrids ------------------------------------------------------------------------------------------------


def _closing_number(device: Device) -> Any:
    message = device.request(device.closing())
    message.close_shift.MergeFromString(b"\x28\x07")
    return message


def _deposit_operator(device: Device) -> Any:
    message = device.request(device.deposit(100))
    message.money_placement.MergeFromString(b"\x3a\x02\x08\x01")
    return message


@family(
    "kz.operator.hybrid.{key}",
    rows={
        "closing-with-a-number": _closing_number,
        "deposit-with-an-operator": _deposit_operator,
        "paid-by-mobile": lambda device: device.ticket(line(), payments=paid(mobile=LOAF)),
    },
    target=KIND,
    clauses=["KZ-S-12.1", "KZ-PA-2"],
    requirements=("KZ-PRT-01", "KZ-PRT-02"),
    description="A 1.2.4 register sends a field of later versions: {key}.",
    expectation="It is accepted.",
)
def hybrid(ctx: Context, make: Callable[[Device], Any]) -> None:
    """Such clients work in the field."""
    device = ctx.ofd.device(124)
    device.sell()
    device.accept(make(device), clause="KZ-S-12.1")
    device.sell()


# --- texts and numbers --------------------------------------------------------------------------------------

TEXTS = {
    "kazakh": "Қазақша: ә ғ қ ң ө ұ ү һ і — «нан»",
    "markup": "<script>alert('TEST')</script>&amp;",
    "emoji": "TEST 🥖🧾",
    "long": "ұ" * 2_000,
    "spaces": "  TEST\t\n ",
}


@family(
    "kz.operator.text.{key}",
    rows=TEXTS,
    target=KIND,
    clauses=["KZ-TR-08", "KZ-CP-3"],
    requirements=("KZ-PRT-01", "KZ-PRT-05"),
    needs=CONTROL,
    description="A commodity has a name of this kind: {key}.",
    expectation="The check page's JSON has it to the letter, and the page shows it as text.",
)
def text(ctx: Context, name: str) -> None:
    """UTF-8 all the way."""
    device = ctx.ofd.device()
    answer = device.sell(line(name=name))
    found = ctx.ofd.pages.get(answer.qr)
    path = urlsplit(found.location).path
    said = ctx.ofd.pages.get(f"/api/tickets{path}").demand()["ticket"]["items"][0]["commodity"]["name"]
    ctx.check(name, said, "name in the JSON", clause="KZ-TR-08")
    page = ctx.ofd.pages.get(path)
    ctx.check((200, False), (page.status, "<script>alert" in page.text), "status, script", clause="KZ-CP-2")


@family(
    "kz.operator.number.{key}",
    rows={
        "thousandth": (line(1_000_000, 1), {}),
        "large-quantity": (line(1, 2**31 - 1), {}),
        "printed-number": (line(), {"printed_number": 2**63 - 1}),
        "code": (line(code=2**63 - 1), {}),
    },
    target=KIND,
    clauses=["KZ-RG-01", "KZ-RG-05"],
    requirements=("KZ-PRT-01", "KZ-PRT-02"),
    description="A number is at the end of its range: {key}.",
    expectation="The ticket is accepted and counted.",
)
def number(ctx: Context, row: tuple[Any, dict[str, Any]]) -> None:
    """The ranges are the text's."""
    item, fields = row
    device = ctx.ofd.device()
    device.sell(item, payments=paid(card=item.sum), **fields)
    device.compare()


# --- checks that are switched off ------------------------------------------------------------------------

OFF = (
    "t03-name",
    "t06-taken",
    "t07-no-parent",
    "t13-a-tiyn-more",
    "t15-item-equal",
    "t16-ticket",
    "t17-cash-twice",
    "t18-a-tiyn-less",
    "t20-percent-twice",
    "t22-seller-is-customer",
)


@family(
    "kz.operator.ticket.switched-off.{key}",
    rows={key: REFUSED[key] for key in OFF},
    target=KIND,
    clauses=lambda row: [f"KZ-TI-{row.id}", "KZ-S-10.4"],
    level="stand-in",
    requirements=("KZ-PRT-02",),
    needs=CONTROL,
    description="The check of a fault is switched to warn, and to off: {key}.",
    expectation="Refused, then accepted with a finding, then accepted without one more.",
)
def switched_off(ctx: Context, row: Any) -> None:
    """All rows can be switched one by one."""
    device = ctx.ofd.device(row.version)
    device.accept(device.deposit(1_000_000))
    refused_without_a_trace(ctx, device, row.code, row.make(device), clause=f"KZ-TI-{row.id}")
    for mode in ("warn", "off"):
        ctx.ofd.switch(checks={row.id: mode})
        before = len(ctx.ofd.findings(device))
        device.ask(row.make(device))
        ctx.check(mode == "warn", len(ctx.ofd.findings(device)) > before, f"a finding with {mode}")
    named(ctx, device, row.id, row.field)
    ctx.check(3, len(ctx.ofd.documents(device)), "documents in the ledger", clause=f"KZ-TI-{row.id}")
