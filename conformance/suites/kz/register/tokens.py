"""Tokens and request numbers: rotation, loss, typing in, and the wrap (kz-ofd §4, §7)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import RECONNECT, sale
from conformance.drivers.ofd_orders import cut_after, refuse, silence
from conformance.suites.kz.register.till import (
    BY_KEYS,
    NEEDS,
    done,
    held,
    in_mode,
    names,
    offline_with_queue,
    queued,
    reach,
    sell,
    ticket_of,
    turned_away,
)
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.exchange import RotateToken

LAST: Final = 65_535


@family(
    "kz.register.token.rotated-{key}",
    rows={rotation.value: rotation for rotation in RotateToken},
    target="register-kz",
    clauses=["KZ-TK-1", "KZ-S-4.3"],
    requirements=["KZ-PRT-03", "KZ-TOK-01"],
    needs=BY_KEYS,
    description="The OFD changes the TOKEN {key}; sales, money, reports and a closing are made, some "
    "answers lost.",
    expectation="Every request shows the TOKEN of the last answer; nothing is refused, nothing counted "
    "twice.",
)
def rotation(ctx: Context, how: RotateToken) -> None:
    """A register must not care."""
    register = ctx.register
    stand = register.ready(books={"rotation": how})
    for place in range(4):
        sell(ctx, 100_00 + place)
        stand.order(cut_after(counted=True))
        done(ctx, register.outlast(register.pressing("deposit", {"sum": 10_00}), step=0.5))
        done(ctx, register.press("x"))
        sell(ctx, 200_00 + place)
    done(ctx, register.press("z", {"withdraw": True}))
    ctx.check({"D6", "D1", "S1", "S3"}, {seen.row for seen in stand.seen}, "rows of §4.2")
    ctx.check(13, len(stand.books.booked), "documents in the OFD", clause="KZ-TK-D1")


@case(
    "kz.register.token.service-answers-change-nothing",
    target="register-kz",
    clauses=["KZ-TK-1", "KZ-S-3.2"],
    requirements=["KZ-PRT-03"],
    needs=BY_KEYS,
    description="A sale, an X and an INFO are made, each answered with the token issued; then a sale.",
    expectation="All of them show the token that the last sale brought.",
)
def service_answers(ctx: Context) -> None:
    """The token of a service answer is the one the register has."""
    register = ctx.register
    stand = register.ready()
    sell(ctx)
    stand.rest()
    token = stand.books.issued
    for key in ("x", "info", "nomenclature"):
        done(ctx, register.press(key))
    sell(ctx)
    ctx.check([token] * 4, [seen.header.token for seen in stand.rest()], "TOKENs")


@family(
    "kz.register.token.unsigned-{key}",
    rows={"above-31-bits": 0x8000_0001, "the-highest": 0xFFFF_FFFF, "one": 1},
    target="register-kz",
    clauses=["KZ-RG-02", "KZ-TP-3"],
    requirements=["KZ-PRT-03"],
    needs=NEEDS,
    description="The OFD issues a TOKEN that is {key}.",
    expectation="The next sale shows it, all 32 bits.",
)
def unsigned(ctx: Context, token: int) -> None:
    """Values above 2³¹ are normal."""
    register = ctx.register
    stand = register.ready(books={"token": token})
    sell(ctx)
    stand.books.issue(token)
    turned_away(ctx, register.press("sell", sale()), code=2)
    register.press("token", {"token": token})
    in_mode(ctx, "ONLINE", clause="KZ-MD-11")
    stand.rest()
    sell(ctx)
    ctx.check(token, stand.next().header.token, "TOKEN")


@case(
    "kz.register.token.typed-in",
    target="register-kz",
    clauses=["KZ-MD-05", "KZ-MD-11", "KZ-RC-2"],
    requirements=["KZ-TOK-01"],
    needs=NEEDS,
    description="The portal issues a new token; a sale is refused with 2; the new token is typed in.",
    expectation="TOKEN_INVALID and nothing sent until it is typed in; then INFO with it, ONLINE, and sales "
    "go on.",
)
def typed_in(ctx: Context) -> None:
    """What «Получить токен» is for."""
    register = ctx.register
    stand = register.ready()
    sell(ctx)
    stand.books.issue(777_000_777)
    turned_away(ctx, register.press("sell", sale()), code=2)
    in_mode(ctx, "TOKEN_INVALID")
    stand.rest()
    ctx.clock.advance(10 * RECONNECT)
    ctx.check([], names(stand.rest()), "requests while it waits")
    register.press("token", {"token": 777_000_777})
    first = stand.next("INFO")
    ctx.check(("INFO", 777_000_777), (first.name, first.header.token), "first request", clause="KZ-MD-11")
    in_mode(ctx, "ONLINE")
    sell(ctx)


@case(
    "kz.register.token.typed-in-wrong",
    target="register-kz",
    clauses=["KZ-MD-05", "KZ-MD-11"],
    requirements=["KZ-TOK-01"],
    needs=NEEDS,
    description="A register in TOKEN_INVALID is given a wrong token, then the right one.",
    expectation="INFO is refused with 2 and the mode stays; with the right one it is ONLINE.",
)
def typed_in_wrong(ctx: Context) -> None:
    """A slip of the finger."""
    register = reach(ctx, "TOKEN_INVALID")
    stand = register.stand
    register.press("token", {"token": (stand.books.issued % 1_000_000) + 1})
    ctx.check("INFO", stand.next("INFO").name, "first request")
    in_mode(ctx, "TOKEN_INVALID")
    register.press("token", {"token": stand.books.issued})
    in_mode(ctx, "ONLINE")
    sell(ctx)


@case(
    "kz.register.token.typed-in-with-queue",
    target="register-kz",
    clauses=["KZ-MD-11", "KZ-OQ-7"],
    requirements=["KZ-TOK-01", "KZ-OFF-01"],
    needs=NEEDS,
    description="With sales waiting the OFD answers 2; the new token is typed in.",
    expectation="The queue is kept; INFO goes first, then everything in order with current tokens, each "
    "once.",
)
def typed_in_with_queue(ctx: Context) -> None:
    """TOKEN_INVALID keeps the queue."""
    sold = offline_with_queue(ctx, 2)
    register = ctx.register
    stand = register.stand
    stand.books.issue(99_000_001)
    register.find_line(mode="TOKEN_INVALID")
    ctx.check(3, held(ctx), "documents kept", clause="KZ-MD-05")
    stand.rest()
    register.press("token", {"token": 99_000_001})
    ctx.check("INFO", stand.next("INFO").name, "first request")
    register.tick()
    in_mode(ctx, "ONLINE")
    totals = [getattr(each.document, "total", None) for each in stand.books.booked]
    ctx.check([pressed.told("total") for pressed in sold], totals, "tickets in the OFD", clause="KZ-OQ-4")


@case(
    "kz.register.token.in-flight-with-new-token",
    target="register-kz",
    clauses=["KZ-OQ-3", "KZ-OQ-7"],
    requirements=["KZ-TOK-01", "KZ-OFF-01"],
    needs=NEEDS,
    description="A sale is in flight, two wait; the portal issues a new token, which is typed in.",
    expectation="The packet in flight leaves first with the new TOKEN and a fresh REQNUM, and carries its "
    "offline number; nothing is lost.",
)
def in_flight_with_new_token(ctx: Context) -> None:
    """It becomes the head of the queue."""
    register = ctx.register
    stand = register.ready()
    stand.default = cut_after()
    pressed = queued(ctx, register.outlast(register.pressing("sell", sale(1_00))))
    for total in (2_00, 3_00):
        queued(ctx, register.press("sell", sale(total)))
    old = stand.rest()[0]
    stand.forget_orders()
    stand.books.issue(42_000_042)
    register.tick()
    in_mode(ctx, "TOKEN_INVALID")
    stand.rest()
    register.press("token", {"token": 42_000_042})
    register.tick()
    in_mode(ctx, "ONLINE")
    tickets = [seen for seen in stand.rest() if seen.command == Command.TICKET]
    first = tickets[0]
    ctx.check(42_000_042, first.header.token, "TOKEN of the first ticket")
    ctx.check_that(
        first.header.reqnum != old.header.reqnum,
        "a fresh one",
        first.header.reqnum,
        "REQNUM of the first ticket",
    )
    ctx.check(pressed.told("offline_number"), ticket_of(ctx, first).offline_number, "its offline number")
    totals = [getattr(each.document, "total", None) for each in stand.books.booked]
    ctx.check([1_00, 2_00, 3_00], totals, "tickets in the OFD", clause="KZ-OQ-4")


@case(
    "kz.register.token.invalid-means-offline",
    target="register-kz",
    clauses=["KZ-RC-2", "KZ-S-6.3"],
    requirements=["KZ-TOK-01"],
    needs=NEEDS,
    description="A register set to invalid_token_reaction=offline gets 2 for a sale.",
    expectation="It is OFFLINE, the sale autonomous.",
)
def invalid_means_offline(ctx: Context) -> None:
    """One known client sells on and queues."""
    register = ctx.register
    stand = register.ready(invalid_token_reaction="offline")  # noqa: S106 - a reaction
    stand.default = refuse(2)
    queued(ctx, register.outlast(register.pressing("sell", sale())))
    in_mode(ctx, "OFFLINE")


# numbers


@family(
    "kz.register.reqnum.wrap-to-{key}",
    rows={"0": 0, "1": 1},
    target="register-kz",
    clauses=["KZ-TK-4", "KZ-TP-15"],
    requirements=["KZ-PRT-03"],
    needs=NEEDS,
    description="A register whose counter wraps to {key} begins three requests before 65535.",
    expectation=lambda row: f"…65534, 65535, {row}, {row + 1}…: nothing refused, nothing left out.",
)
def wrap(ctx: Context, wrap: int) -> None:
    """After 65535 the counter starts again."""
    register = ctx.register
    stand = register.ready(reqnum=LAST - 3, reqnum_wrap=wrap)
    for _ in range(5):
        sell(ctx)
    numbers = [seen.header.reqnum for seen in stand.seen]
    ctx.check([LAST - 2, LAST - 1, LAST, wrap, wrap + 1, wrap + 2], numbers, "REQNUMs")
    ctx.check(5, len(stand.books.booked), "tickets in the OFD")


@case(
    "kz.register.reqnum.wrap-in-a-repeat",
    target="register-kz",
    clauses=["KZ-TK-4", "KZ-TK-2"],
    requirements=["KZ-PRT-03"],
    needs=NEEDS,
    description="The packet with REQNUM 65535 gets no answer and is repeated; a sale follows.",
    expectation="65535 twice, then 0; two tickets in the OFD.",
)
def wrap_in_repeat(ctx: Context) -> None:
    """The repeat uses no number up."""
    register = ctx.register
    stand = register.ready(reqnum=LAST - 2)
    stand.order(cut_after(counted=True))
    done(ctx, register.outlast(register.pressing("sell", sale()), step=0.5))
    sell(ctx)
    numbers = [seen.header.reqnum for seen in stand.seen if seen.command == Command.TICKET]
    ctx.check([LAST, LAST, 0], numbers, "REQNUMs")
    ctx.check(2, len(stand.books.booked), "tickets in the OFD", clause="KZ-TK-D1")


@case(
    "kz.register.reqnum.survives-offline",
    target="register-kz",
    clauses=["KZ-TK-1", "KZ-OQ-7"],
    requirements=["KZ-PRT-03", "KZ-OFF-01"],
    needs=NEEDS,
    description="A register goes offline, queues two sales, and delivers.",
    expectation="No two different packets bear the same TOKEN and REQNUM, and no REQNUM follows itself.",
)
def survives_offline(ctx: Context) -> None:
    """Gaps are normal, twins are not."""
    offline_with_queue(ctx, 2)
    register = ctx.register
    register.find_line()
    sell(ctx)
    packets = [(seen.pair, seen.command) for seen in register.stand.seen]
    pairs = {pair for pair, _ in packets}
    ctx.check(len(pairs), len(set(packets)), "different packets with a pair of their own")
    booked = [each.reqnum for each in register.stand.books.booked]
    twins = [number for number, after in pairwise(booked) if number == after]
    ctx.check([], twins, "REQNUMs that follow themselves")


@family(
    "kz.register.reqnum.queued-{key}",
    rows={"fresh": "fresh", "stored": "stored"},
    target="register-kz",
    clauses=["KZ-OQ-7"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="A register that gives queued messages {key} numbers queues three sales and delivers.",
    expectation="All are taken, each with the token of the moment.",
)
def queued_numbers(ctx: Context, how: str) -> None:
    """Clients do either; the token is always the current one."""
    offline_with_queue(ctx, 3, queue_reqnum=how)
    register = ctx.register
    register.find_line()
    ctx.check(4, len(register.stand.books.booked), "tickets in the OFD")
    rows = {seen.row for seen in register.stand.seen if seen.command == Command.TICKET}
    ctx.check({"D6"}, rows, "rows of §4.2")


@case(
    "kz.register.token.lost-with-the-answer",
    target="register-kz",
    clauses=["KZ-TK-2", "KZ-TK-D1", "KZ-S-4.4"],
    requirements=["KZ-PRT-03", "KZ-TOK-01"],
    needs=NEEDS,
    description="The answer that brings a new TOKEN is lost three times in a row; then it arrives; a sale "
    "follows.",
    expectation="The old pair until then, the new TOKEN afterwards; no code 2 is ever met.",
)
def lost_with_answer(ctx: Context) -> None:
    """Rows 2, 3 and 6 of the worked trace."""
    register = ctx.register
    stand = register.ready()
    stand.order(cut_after(counted=True), silence(), cut_after())
    done(ctx, register.outlast(register.pressing("sell", sale()), step=0.25))
    sell(ctx)
    rows = [seen.row for seen in stand.seen if seen.command == Command.TICKET and seen.row]
    ctx.check(["D6", "D1", "D6"], rows, "rows of §4.2")
    ctx.check(set(), {seen.code for seen in stand.seen} - {0, None}, "codes other than 0")
