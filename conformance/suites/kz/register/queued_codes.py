"""Every result code as the answer to a queued document, or to the packet in flight (kz-ofd §5.2, §7)."""

from __future__ import annotations

from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import sale
from conformance.drivers.ofd_orders import Order, accept, cut_after, refuse, silence
from conformance.suites.kz.register.till import (
    NEEDS,
    done,
    held,
    in_mode,
    names,
    nothing_sent,
    offline_with_queue,
    sell,
    stays,
    ticket_of,
    turned_away,
)
from reference.protocol.kz.dialects import Command

AFTER: Final = {
    1: "HALTED",
    2: "TOKEN_INVALID",
    3: "QUEUE_BLOCKED",
    4: "QUEUE_BLOCKED",
    5: "QUEUE_BLOCKED",
    6: "QUEUE_BLOCKED",
    8: "QUEUE_BLOCKED",
    9: "QUEUE_BLOCKED",
    10: "QUEUE_BLOCKED",
    12: "QUEUE_BLOCKED",
    13: "QUEUE_BLOCKED",
    14: "QUEUE_BLOCKED",
    15: "SERVER_BLOCKED",
    16: "QUEUE_BLOCKED",
    17: "QUEUE_BLOCKED",
}
"""Mode after a queued document was answered with a code."""
ROWS: Final = {
    **{str(code): (code, mode, 203) for code, mode in AFTER.items()},
    "18-204": (18, "SERVER_BLOCKED", 204),
    "19-204": (19, "SERVER_BLOCKED", 204),
}
TICKET: Final = Command.TICKET


def _mode_row(mode: str, code: int) -> str:
    if mode == "SERVER_BLOCKED":
        return "KZ-MD-04"
    if mode == "TOKEN_INVALID":
        return "KZ-MD-05"
    return "KZ-MD-06" if code in (1, 3, 4, 5, 6) else "KZ-MD-07"


@family(
    "kz.register.queued-code.{key}",
    rows=ROWS,
    target="register-kz",
    clauses=lambda row: [f"KZ-RC-{row[0]}", _mode_row(row[1], row[0]), "KZ-OQ-8"],
    requirements=["KZ-PRT-04", "KZ-OFF-01"],
    needs=NEEDS,
    description="Three sales wait; the line comes back, the packet in flight is taken, and the head of the "
    "queue is answered with {key}.",
    expectation=lambda row: (
        f"The register is {row[1]}, nothing more is sent of the queue, and both sales are kept."
    ),
)
def head_refused(ctx: Context, row: tuple[int, str, int]) -> None:
    """Column «queued document» of the table of codes."""
    code, mode, version = row
    register = ctx.register
    offline_with_queue(ctx, 2, version=version)
    stand = register.stand
    stand.rest()
    stand.order(accept().only(TICKET), refuse(code).only(TICKET))
    if mode == "SERVER_BLOCKED":
        stand.order(*[refuse(code).only(Command.SYSTEM)] * 3)
    register.find_line(mode=mode)
    stays(ctx, mode)
    tickets = [seen for seen in stand.rest() if seen.command == TICKET]
    ctx.check(2, len(tickets), "tickets sent")
    ctx.check(2, held(ctx), "documents kept", clause="KZ-OQ-8")
    turned_away(ctx, register.press("sell", sale()), clause="KZ-MD-01")
    nothing_sent(ctx, but=["SYSTEM"])


@family(
    "kz.register.queued-code.in-flight-{key}",
    rows={str(code): (code, AFTER[code]) for code in (1, 2, 3, 13, 14, 15)},
    target="register-kz",
    clauses=lambda row: [f"KZ-RC-{row[0]}", _mode_row(row[1], row[0]), "KZ-OQ-8"],
    requirements=["KZ-PRT-04", "KZ-OFF-01"],
    needs=NEEDS,
    description="Two sales wait, one of them in flight; the line comes back and the packet is answered "
    "with {key}.",
    expectation=lambda row: f"The register is {row[1]}, and both are kept.",
)
def in_flight_refused(ctx: Context, row: tuple[int, str]) -> None:
    """The paper has left the shop: what it stands for must not vanish."""
    code, mode = row
    register = ctx.register
    offline_with_queue(ctx, 1)
    stand = register.stand
    stand.rest()
    stand.order(refuse(code).only(TICKET))
    if mode == "SERVER_BLOCKED":
        stand.order(*[refuse(code).only(Command.SYSTEM)] * 3)
    register.find_line(mode=mode)
    stays(ctx, mode)
    ctx.check(1, len([seen for seen in stand.rest() if seen.command == TICKET]), "tickets sent")
    ctx.check(2, held(ctx), "documents kept", clause="KZ-OQ-8")


NO_ANSWERS: Final[dict[str, Order]] = {
    "254": refuse(254),
    "255": refuse(255),
    "7": refuse(7),
    "cut": cut_after(),
    "silence": silence(),
}


@family(
    "kz.register.queued-code.try-later-{key}",
    rows=NO_ANSWERS,
    target="register-kz",
    clauses=["KZ-RC-254", "KZ-MD-03", "KZ-OQ-8"],
    requirements=["KZ-PRT-04", "KZ-OFF-01"],
    needs=NEEDS,
    description="Three sales wait; the packet in flight is taken, the head of the queue gets {key} and "
    "nothing else; a reconnect interval later all is well.",
    expectation="The same message comes again after the interval and not before; all go out in order, once.",
)
def try_later(ctx: Context, order: Order) -> None:
    """The queue waits at its head."""
    register = ctx.register
    sold = offline_with_queue(ctx, 2)
    stand = register.stand
    before = stand.count()
    stand.order(accept().only(TICKET))
    stand.default = order
    stand.open()
    register.tick()
    register.until("the head was tried", lambda: _tickets(ctx, before) >= 2, clause="KZ-OQ-4")
    head = ticket_of(ctx, [seen for seen in stand.seen if seen.command == TICKET][-1])
    ctx.clock.advance(6)
    register.press("pulse")
    in_mode(ctx, "OFFLINE")
    stand.forget_orders()
    stand.rest()
    register.recover(clause="KZ-MD-02")
    rest = [ticket_of(ctx, seen) for seen in stand.rest() if seen.command == TICKET]
    ctx.check(head.offline_number, rest[0].offline_number, "what comes first again", clause="KZ-OQ-4")
    booked = [each.document for each in stand.books.booked]
    ctx.check(3, len(booked), "tickets in the OFD", clause="KZ-OQ-4")
    totals = [getattr(document, "total", None) for document in booked]
    ctx.check([pressed.told("total") for pressed in sold], totals, "their order", clause="KZ-OQ-4")


def _tickets(ctx: Context, before: int) -> int:
    """Tickets that came after the first `before` requests."""
    return len([seen for seen in ctx.register.stand.seen[before:] if seen.command == TICKET])


@case(
    "kz.register.queued-code.removed-by-a-person",
    target="register-kz",
    clauses=["KZ-MD-10", "KZ-OQ-8"],
    requirements=["KZ-PRT-04", "KZ-OFF-01"],
    needs=NEEDS,
    description="A queued sale is refused with 13; a person removes it.",
    expectation="The queue goes on with the next; the removed sale never comes again, the others are there "
    "once.",
)
def removed(ctx: Context) -> None:
    """The only way out of QUEUE_BLOCKED."""
    register = ctx.register
    sold = offline_with_queue(ctx, 3)
    stand = register.stand
    stand.order(accept().only(TICKET), refuse(13).only(TICKET))
    register.find_line(mode="QUEUE_BLOCKED")
    done(ctx, register.press("remove-head"))
    register.tick()
    in_mode(ctx, "ONLINE")
    totals = [getattr(each.document, "total", None) for each in stand.books.booked]
    wanted = [pressed.told("total") for pressed in (sold[0], sold[2], sold[3])]
    ctx.check(wanted, totals, "tickets in the OFD", clause="KZ-OQ-4")
    sell(ctx)


@case(
    "kz.register.queued-code.two-in-a-row-removed",
    target="register-kz",
    clauses=["KZ-MD-10", "KZ-MD-07"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Of three waiting sales the last two are refused with 14, each removed when it blocks.",
    expectation="The queue blocks twice, goes on twice, and is empty in the end.",
)
def two_removed(ctx: Context) -> None:
    """Each refusal is a person's to settle."""
    register = ctx.register
    offline_with_queue(ctx, 2)
    stand = register.stand
    stand.order(accept().only(TICKET), refuse(14).only(TICKET), refuse(14).only(TICKET))
    register.find_line(mode="QUEUE_BLOCKED")
    done(ctx, register.press("remove-head"))
    register.tick()
    in_mode(ctx, "QUEUE_BLOCKED")
    done(ctx, register.press("remove-head"))
    register.tick()
    in_mode(ctx, "ONLINE")
    ctx.check(0, held(ctx), "documents kept")
    ctx.check(1, len(stand.books.booked), "tickets in the OFD")


@case(
    "kz.register.queued-code.11-cannot-happen",
    target="register-kz",
    clauses=["KZ-RC-11", "KZ-OQ-9"],
    requirements=["KZ-SHF-01", "KZ-OFF-01"],
    needs=NEEDS,
    description="A shift is open for 30 hours of which the register was offline; the queue goes out.",
    expectation="Each message shows that it is re-sent: by its offline number and by a period that ends "
    "after it begins.",
)
def eleven(ctx: Context) -> None:
    """The server never answers 11 to a re-sent message: the marks must be there."""
    register = ctx.register
    offline_with_queue(ctx, 2)
    ctx.clock.advance(23 * 3_600)
    stand = register.stand
    stand.rest()
    register.find_line()
    for seen in [one for one in stand.rest() if one.command == TICKET]:
        ctx.check(True, ticket_of(ctx, seen).is_offline, "offline number", clause="KZ-OQ-6")
        period = seen.period
        ctx.check_that(
            period is not None and period.end > period.begin,
            "end later than begin",
            period,
            "period",
            clause="KZ-OQ-6",
        )
    ctx.check(True, "TICKET" in names(stand.seen), "tickets came", clause="KZ-OQ-4")
