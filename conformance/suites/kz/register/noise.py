"""Answers that are none: foreign, cut, garbled, too long; each as if nothing had come (kz-ofd §2.2, §2.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import sale
from conformance.drivers.ofd_orders import Order, accept, bytes_only, changed, garbled, half
from conformance.suites.kz.register.queue import delivered
from conformance.suites.kz.register.till import (
    BY_KEYS,
    COMMAND_OF,
    KEYS,
    NEEDS,
    done,
    in_mode,
    offline,
    queued,
    sell,
)
from reference.protocol.kz.frames import APPCODE, Header

NOT_OURS: Final = 4_000_000_000
"""An ID that no case's register has."""


class Noise(NamedTuple):
    """What comes instead of an answer, and the rule it breaks."""

    order: Order
    clause: str


def _frame(size: int, body: bytes = b"") -> bytes:
    """A header with this SIZE, whatever follows."""
    return Header(203, size, 1, 1, 1).encode() + body


NOISE: Final[dict[str, Noise]] = {
    "appcode": Noise(changed(appcode=APPCODE ^ 0x0101), "KZ-HD-0"),
    "appcode-swapped": Noise(changed(appcode=0xA281), "KZ-HD-0"),
    "other-id": Noise(changed(id=NOT_OURS), "KZ-HD-8"),
    "id-zero": Noise(changed(id=0), "KZ-HD-8"),
    "other-reqnum": Noise(changed(reqnum=60_000), "KZ-HD-16"),
    "previous-reqnum": Noise(changed(reqnum=1), "KZ-HD-16"),
    "other-version": Noise(changed(version=204), "KZ-HD-2"),
    "unknown-version": Noise(changed(version=999), "KZ-HD-2"),
    "size-below-header": Noise(changed(size=17), "KZ-HD-4"),
    "size-zero": Noise(changed(size=0), "KZ-HD-4"),
    "size-of-a-gigabyte": Noise(changed(size=1 << 30), "KZ-HD-4"),
    "size-one-too-many": Noise(bytes_only(_frame(40, b"\x08\x01")), "KZ-HD-4"),
    "empty-body": Noise(garbled(b""), "KZ-CM-1"),
    "body-no-protobuf": Noise(garbled(b"\xff" * 20), "KZ-CM-1"),
    "body-cut-in-a-field": Noise(garbled(b"\x08\x01\x12\x7f\x08"), "KZ-CM-1"),
    "body-of-text": Noise(garbled("ошибка".encode()), "KZ-CM-1"),
    "body-without-result": Noise(garbled(b"\x08\x01"), "KZ-S-3.2"),
    "one-byte": Noise(half(1, counted=False), "KZ-HD-0"),
    "header-less-a-byte": Noise(half(17, counted=False), "KZ-HD-0"),
    "header-alone": Noise(half(18, counted=False), "KZ-HD-4"),
    "nothing": Noise(bytes_only(b""), "KZ-MD-03"),
    "zeros": Noise(bytes_only(bytes(64)), "KZ-HD-0"),
    "http": Noise(bytes_only(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), "KZ-HD-0"),
    "tls-alert": Noise(bytes_only(bytes.fromhex("15030300020228")), "KZ-HD-0"),
}


class Row(NamedTuple):
    """A key pressed, and the noise that answers it."""

    key: str
    noise: Noise


def _rows() -> Iterator[tuple[str, Row]]:
    for name, noise in NOISE.items():
        yield f"sell-{name}", Row("sell", noise)
    for key in ("deposit", "x", "z"):
        for name in ("other-id", "other-reqnum", "body-no-protobuf", "header-alone"):
            yield f"{key}-{name}", Row(key, NOISE[name])


@family(
    "kz.register.noise.{key}",
    rows=dict(_rows()),
    target="register-kz",
    clauses=lambda row: [row.noise.clause, "KZ-MD-03", "KZ-TK-2"],
    requirements=["KZ-PRT-01", "KZ-PRT-03"],
    needs=BY_KEYS,
    description="A key's first answer is noise, its next a good one: {key}.",
    expectation="The noise counts as no answer: the same pair comes again, the key is done, the OFD has it "
    "once, and the register goes on.",
)
def noise(ctx: Context, row: Row) -> None:
    """Nothing of a foreign answer may be believed, its TOKEN least of all."""
    register = ctx.register
    stand = register.ready()
    sell(ctx, 900_00)
    stand.rest()
    booked = len(stand.books.booked)
    stand.order(row.noise.order)
    pressed = register.outlast(register.pressing(row.key, KEYS[row.key]), step=0.5)
    done(ctx, pressed)
    tries = stand.rest()
    ctx.check(1, len({(seen.name, seen.pair) for seen in tries}), "different packets sent", clause="KZ-TK-2")
    ctx.check_that(len(tries) > 1, "more than one", len(tries), "attempts", clause="KZ-MD-03")
    counted = row.key != "x"
    ctx.check(booked + counted, len(stand.books.booked), "documents in the OFD", clause="KZ-TK-D6")
    in_mode(ctx, "ONLINE")
    sell(ctx)
    ctx.check("D6", stand.next().row, "row of §4.2 of the next sale", clause="KZ-TK-1")


@case(
    "kz.register.noise.other-command",
    target="register-kz",
    clauses=["KZ-S-3.2"],
    requirements=["KZ-PRT-01"],
    needs=BY_KEYS,
    description="The answer to a sale repeats COMMAND_INFO instead of COMMAND_TICKET; then all is well.",
    expectation="A breach of protocol by the OFD: it is not taken for a sale done, and nothing is lost.",
)
def other_command(ctx: Context) -> None:
    """Response.command equals Request.command in every answer."""
    register = ctx.register
    stand = register.ready()
    stand.order(garbled(b"\x08\x05\x12\x02\x08\x00"))
    pressed = register.outlast(register.pressing("sell", sale()))
    ctx.check(False, pressed.refused, f"whether the sale was lost ({pressed.shown})")
    if pressed.outcome == "queued":
        register.find_line()
    ctx.check(1, len(stand.books.booked), "tickets in the OFD", clause="KZ-TK-D6")


@family(
    "kz.register.noise.to-the-end.{key}",
    rows={
        name: NOISE[name].order
        for name in ("other-id", "other-reqnum", "body-no-protobuf", "http", "nothing")
    },
    target="register-kz",
    clauses=["KZ-MD-03", "KZ-OQ-1"],
    requirements=["KZ-PRT-01", "KZ-OFF-01"],
    needs=NEEDS,
    description="Nothing but noise answers a sale for the whole transaction time; two more are made; then "
    "all is well: {key}.",
    expectation="OFFLINE, three autonomous papers, and three tickets in the OFD in the end.",
)
def to_the_end(ctx: Context, order: Order) -> None:
    """A proxy in between that answers for the OFD."""
    register = ctx.register
    stand = register.ready()
    with stand.always(order):
        sold = [queued(ctx, register.outlast(register.pressing("sell", sale(1_00))))]
        in_mode(ctx, "OFFLINE")
        sold += [queued(ctx, register.press("sell", sale(total))) for total in (2_00, 3_00)]
    register.recover()
    delivered(ctx, sold)


@family(
    "kz.register.noise.queue-{key}",
    rows={
        name: NOISE[name].order for name in ("other-id", "other-reqnum", "body-no-protobuf", "header-alone")
    },
    target="register-kz",
    clauses=["KZ-OQ-8", "KZ-MD-03"],
    requirements=["KZ-PRT-01", "KZ-OFF-01"],
    needs=NEEDS,
    description="While a queue leaves, one answer is noise: {key}.",
    expectation="That message is tried again later; all are delivered in order, once.",
)
def noise_in_queue(ctx: Context, order: Order) -> None:
    """Silence at the head of the queue."""
    sold = [offline(ctx)]
    register = ctx.register
    sold += [queued(ctx, register.press("sell", sale(total))) for total in (2_00, 3_00)]
    stand = register.stand
    stand.order(accept(), order)
    register.find_line()
    delivered(ctx, sold)


def _without(*names: str) -> Callable[[Any], None]:
    def fill(response: Any) -> None:
        for name in names:
            response.ClearField(name)

    return fill


@family(
    "kz.register.noise.good-answer-lacking-{key}",
    rows={
        "ticket": ("sell", _without("ticket")),
        "qr-code": ("sell", lambda response: response.ticket.ClearField("qr_code")),
        "report": ("z", _without("report")),
        "service": ("info", _without("service")),
    },
    target="register-kz",
    clauses=lambda row: [f"KZ-CM-{COMMAND_OF[row[0]].value}", "KZ-S-3.1"],
    requirements=["KZ-PRT-01"],
    needs=NEEDS,
    description="An answer with code 0 lacks what belongs to it: {key}.",
    expectation="The register does not fall over: what the OFD has counted is there once, and the next "
    "sale is done.",
)
def lacking(ctx: Context, row: tuple[str, Callable[[Any], None]]) -> None:
    """The document was counted; the register has to live with it."""
    key, fill = row
    register = ctx.register
    stand = register.ready()
    sell(ctx)
    stand.order(accept(fill=fill))
    register.outlast(register.pressing(key, KEYS.get(key, {})))
    stand.forget_orders()
    register.recover()
    sell(ctx)
    stored = [seen for seen in stand.seen if seen.row == "D1"]
    ctx.note(f"repeats of a counted document: {len(stored)}")
    ctx.check(2 + (key in ("sell", "z")), len(stand.books.booked), "documents in the OFD", clause="KZ-TK-D1")


@case(
    "kz.register.noise.token-zero",
    target="register-kz",
    clauses=["KZ-TP-3", "KZ-RG-02"],
    requirements=["KZ-PRT-03", "KZ-TOK-01"],
    needs=NEEDS,
    description="An X is answered well but with TOKEN 0 in the header; a sale follows.",
    expectation="The register keeps the token it has, and the sale is done.",
)
def token_zero(ctx: Context) -> None:
    """0 is never valid."""
    register = ctx.register
    stand = register.ready()
    sell(ctx)
    token = stand.books.issued
    stand.order(accept(token=0))
    register.outlast(register.pressing("x"))
    stand.rest()
    pressed = register.outlast(register.pressing("sell", sale()))
    done(ctx, pressed)
    ctx.check(
        {token}, {seen.header.token for seen in stand.rest() if seen.name == "TICKET"}, "TOKEN of the sale"
    )
