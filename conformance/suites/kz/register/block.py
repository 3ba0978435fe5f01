"""Blocked by the server: what the register shows, what it sends, and how it comes back (kz-ofd §6.4)."""

from __future__ import annotations

from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import sale
from conformance.drivers.ofd_books import INFO_AD
from conformance.drivers.ofd_orders import cut_after, refuse
from conformance.suites.kz.register.queue import delivered
from conformance.suites.kz.register.till import (
    NEEDS,
    done,
    held,
    in_mode,
    names,
    offline_with_queue,
    reach,
    sell,
    stays,
    turned_away,
)
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.service import TicketAd, write_ads

CODES: Final = {
    "15-124": (15, 124),
    "15-203": (15, 203),
    "15-204": (15, 204),
    "18-204": (18, 204),
    "19-204": (19, 204),
}


@family(
    "kz.register.block.polls-{key}",
    rows=CODES,
    target="register-kz",
    clauses=lambda row: [f"KZ-RC-{row[0]}", "KZ-S-6.4", "KZ-MD-09", "KZ-MD-04"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="The OFD answers everything with that code for five intervals, then lifts the block: {key}.",
    expectation="SYSTEM every interval and nothing else; with the answer 0 the register is ONLINE and sells.",
)
def polls(ctx: Context, row: tuple[int, int]) -> None:
    """Again and again."""
    code, version = row
    register = ctx.register
    stand = register.ready(version=version)
    stand.books.blocked = code
    turned_away(ctx, register.press("sell", sale()), code=code)
    in_mode(ctx, "SERVER_BLOCKED")
    stand.rest()
    for _ in range(5):
        register.tick()
        ctx.check("SYSTEM", stand.next("the poll").name, "poll")
        stays(ctx, "SERVER_BLOCKED")
    ctx.check([], names(stand.rest()), "requests beside the polls")
    stand.books.blocked = 0
    register.recover(clause="KZ-MD-02")
    sell(ctx)


@case(
    "kz.register.block.shows-the-ad",
    target="register-kz",
    clauses=["KZ-S-6.4", "KZ-SV-05"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="A register that holds an ad of type INFO is blocked, and a key is pressed.",
    expectation="It shows that ad when it is blocked and at the refused key.",
)
def shows_ad(ctx: Context) -> None:
    """Prints or shows the stored ad of type INFO."""
    register = ctx.register
    stand = register.ready()
    stand.books.blocked = 15
    first = turned_away(ctx, register.press("sell", sale()), code=15)
    second = turned_away(ctx, register.press("sell", sale()))
    for pressed in (first, second):
        shown = "\n".join((pressed.text, *pressed.tape))
        ctx.check_that(INFO_AD.text in shown, INFO_AD.text, shown, "what it shows")


@case(
    "kz.register.block.newer-ad",
    target="register-kz",
    clauses=["KZ-SV-05", "KZ-S-6.4"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="The refusal itself brings an INFO ad of a higher version; a later poll one of a lower "
    "version.",
    expectation="The new one is shown, and stays.",
)
def newer_ad(ctx: Context) -> None:
    """Versions grow."""
    register = ctx.register
    stand = register.ready()
    newer = TicketAd(INFO_AD.type, 9, "Жаңа мәтін TEST")
    older = TicketAd(INFO_AD.type, 2, "Ескі мәтін TEST")
    stand.books.blocked = 15
    stand.order(refuse(15, fill=lambda response: write_ads(response.service, [newer])))
    turned_away(ctx, register.press("sell", sale()), code=15)
    stand.order(refuse(15, fill=lambda response: write_ads(response.service, [older])))
    register.tick()
    stays(ctx, "SERVER_BLOCKED")
    pressed = turned_away(ctx, register.press("sell", sale()))
    ctx.check_that(newer.text in pressed.text, newer.text, pressed.text, "what it shows")


@case(
    "kz.register.block.queue-after-the-block",
    target="register-kz",
    clauses=["KZ-S-6.4", "KZ-MD-02", "KZ-OQ-4"],
    requirements=["KZ-OFF-01", "KZ-PRT-04"],
    needs=NEEDS,
    description="With four sales waiting the OFD blocks; three polls later it does not any more.",
    expectation="While blocked only SYSTEM comes; then the untransmitted sales in order, each once, and "
    "ONLINE.",
)
def queue_after(ctx: Context) -> None:
    """On 0 the KKM checks its untransmitted records and sends them in order."""
    sold = offline_with_queue(ctx, 3)
    register = ctx.register
    stand = register.stand
    stand.default = refuse(15)
    stand.open()
    register.tick()
    in_mode(ctx, "SERVER_BLOCKED")
    ctx.check(4, held(ctx), "documents kept")
    stand.rest()
    for _ in range(3):
        register.tick()
        stays(ctx, "SERVER_BLOCKED")
    ctx.check({"SYSTEM"}, set(names(stand.rest())), "what a blocked register sends")
    stand.forget_orders()
    register.recover()
    delivered(ctx, sold)


@case(
    "kz.register.block.one-request-only",
    target="register-kz",
    clauses=["KZ-TP-10", "KZ-MD-02"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="One sale is answered with 15 for a missing field; the next SYSTEM with 0.",
    expectation="After one interval the register is ONLINE again and sells.",
)
def one_request(ctx: Context) -> None:
    """Only two of the three causes of 15 keep SYSTEM at 15."""
    register = ctx.register
    stand = register.ready()
    stand.order(refuse(15).only(Command.TICKET))
    turned_away(ctx, register.press("sell", sale()), code=15)
    register.recover()
    sell(ctx)


@case(
    "kz.register.block.line-lost-meanwhile",
    target="register-kz",
    clauses=["KZ-MD-03", "KZ-S-6.4"],
    requirements=["KZ-PRT-04", "KZ-OFF-01"],
    needs=NEEDS,
    description="A blocked register loses the line for ten intervals; the OFD comes back and answers 15, "
    "then 0.",
    expectation="It stays blocked without a line and with 15, sells nothing, and is ONLINE at the 0.",
)
def line_lost(ctx: Context) -> None:
    """Losing the line is no way out of a block."""
    register = reach(ctx, "SERVER_BLOCKED")
    stand = register.stand
    stand.default = cut_after()
    for _ in range(10):
        register.tick()
        ctx.clock.advance(10)
    ctx.check("SERVER_BLOCKED", register.state().mode, "mode without a line")
    turned_away(ctx, register.press("sell", sale()))
    stand.forget_orders()
    register.tick()
    stays(ctx, "SERVER_BLOCKED")
    stand.books.blocked = 0
    register.recover()
    done(ctx, register.press("z", {"withdraw": False}))


@case(
    "kz.register.block.survives-restart",
    target="register-kz",
    clauses=["KZ-S-6.4", "KZ-MD-04"],
    requirements=["KZ-PRT-04"],
    needs=(*NEEDS, "processes"),
    tags=["slow"],
    description="A blocked register is killed and started; the OFD still blocks.",
    expectation="It sells nothing, and comes back when the block is lifted.",
)
def survives_restart(ctx: Context) -> None:
    """Pulling the plug is none either."""
    register = reach(ctx, "SERVER_BLOCKED")
    ctx.processes.kill("register")
    ctx.processes.restart("register")
    in_mode(ctx, "SERVER_BLOCKED")
    turned_away(ctx, register.press("sell", sale()))
    register.stand.books.blocked = 0
    register.recover()
    sell(ctx)
