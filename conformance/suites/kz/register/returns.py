"""Returns that name their ticket, and the cash in the drawer (kz-ofd §10.3, §10.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_keys import Json
from conformance.drivers.kz_register import sale
from conformance.suites.kz.register.till import (
    BY_KEYS,
    NEEDS,
    done,
    in_mode,
    nothing_sent,
    sell,
    ticket_of,
    turned_away,
)
from reference.protocol.kz.kinds import Operation

RETURN_OF: Final = {"sell-return": "sell", "buy-return": "buy"}


@family(
    "kz.register.ticket.return.{key}",
    rows={
        "sell-return-203": ("sell-return", 203),
        "buy-return-203": ("buy-return", 203),
        "sell-return-204": ("sell-return", 204),
        "sell-return-202": ("sell-return", 202),
        "sell-return-124": ("sell-return", 124),
    },
    target="register-kz",
    clauses=["KZ-S-10.3", "KZ-TI-T07"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="A ticket is made and given back, by the key and in the version named {key}.",
    expectation="The return names number, time, RNM, total and offline flag of its ticket from 2.0.3 on; "
    "before, it has no such field.",
)
def returns(ctx: Context, row: tuple[str, int]) -> None:
    """Since 2.0.3 a return names its ticket."""
    key, version = row
    register = ctx.register
    stand = register.ready(version=version)
    done(ctx, register.press("deposit", {"sum": 1_000_00}))
    first = done(ctx, register.press(RETURN_OF[key], sale(200_00)))
    parent = {"number": first.told("sign"), "time": first.told("time"), "total": 200_00, "offline": False}
    stand.rest()
    done(ctx, register.press(key, sale(200_00, parent=parent)))
    ticket = ticket_of(ctx, stand.next())
    operation = {"sell-return": Operation.SELL_RETURN, "buy-return": Operation.BUY_RETURN}[key]
    ctx.check(operation.value, ticket.operation, "operation", clause="KZ-TI-T01")
    if version < 203:
        ctx.check(None, ticket.parent, "parent_ticket")
        return
    found = ticket.parent
    if found is None:
        ctx.fail("no parent_ticket", clause="KZ-TI-T07")
    told = (found.number, found.time and found.time.isoformat(), found.rnm, found.total, found.is_offline)
    wanted = (first.told("sign"), first.told("time"), stand.books.registration.rnm, 200_00, False)
    ctx.check(wanted, told, "parent_ticket", clause="KZ-TI-T07")


@case(
    "kz.register.ticket.return-without-parent",
    target="register-kz",
    clauses=["KZ-TI-T07", "KZ-S-10.3"],
    requirements=["KZ-PRT-02"],
    needs=BY_KEYS,
    description="In 2.0.3 a return is tried without the ticket it gives back.",
    expectation="The register refuses it, and nothing is sent.",
)
def return_without_parent(ctx: Context) -> None:
    """Without it a return is impossible."""
    register = ctx.register
    register.ready()
    sell(ctx, 500_00)
    register.stand.rest()
    turned_away(ctx, register.press("sell-return", sale(100_00)))
    nothing_sent(ctx)


@family(
    "kz.register.ticket.cash.{key}",
    rows={
        "withdraw": lambda total: ("withdraw", {"sum": total}),
        "buy": lambda total: ("buy", sale(total)),
        "sell-return": lambda total: (
            "sell-return",
            sale(
                total, parent={"number": "1", "time": "2026-01-01T10:00:00", "total": total, "offline": False}
            ),
        ),
    },
    target="register-kz",
    clauses=["KZ-S-10.5"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="With 300.00 in the drawer {key} is pressed for 300.01 in cash, then for 300.00.",
    expectation="Refused, by the register or by the OFD with 14, and nothing moved; then done, the drawer "
    "empty.",
)
def drawer(ctx: Context, order: Callable[[int], tuple[str, Json]]) -> None:
    """Equal is allowed."""
    register = ctx.register
    stand = register.ready()
    done(ctx, register.press("deposit", {"sum": 300_00}))
    stand.rest()
    pressed = register.press(*order(300_01))
    turned_away(ctx, pressed, code=pressed.code)
    ctx.check_that(
        pressed.code == 14 or pressed.local == "cash", "14, or its own check", pressed.shown, "reason"
    )
    ctx.check(300_00, register.state().told("cash"), "cash after the refusal", clause="KZ-ZR-13")
    in_mode(ctx, "ONLINE", clause="KZ-RC-14")
    done(ctx, register.press(*order(300_00)))
    ctx.check(0, register.state().told("cash"), "cash", clause="KZ-ZR-13")


@case(
    "kz.register.ticket.card-needs-no-cash",
    target="register-kz",
    clauses=["KZ-S-10.5", "KZ-ZR-13"],
    requirements=["KZ-PRT-02"],
    needs=BY_KEYS,
    description="With an empty drawer goods are bought by card.",
    expectation="It is done; the drawer stays empty.",
)
def card_needs_no_cash(ctx: Context) -> None:
    """Only the CASH payment counts."""
    register = ctx.register
    register.ready()
    order = sale(400_00, payments=[{"type": "card", "sum": 400_00}], taken=None)
    done(ctx, register.press("buy", order))
    ctx.check(0, register.state().told("cash"), "cash")
