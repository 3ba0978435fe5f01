"""What an autonomous document carries: number, time, period of the spell; and the drawer (kz-ofd §7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_keys import Json
from conformance.drivers.kz_register import sale
from conformance.suites.kz.register.queue import delivery
from conformance.suites.kz.register.till import (
    KEYS,
    NEEDS,
    documents,
    done,
    names,
    offline,
    queued,
    reach,
    sell,
    ticket_of,
    turned_away,
)

DOCUMENT_KEYS: Final = ("sell", "deposit", "withdraw", "x", "z")


@case(
    "kz.register.offline.numbers-unique",
    target="register-kz",
    clauses=["KZ-OQ-2", "KZ-S-13.2"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Twenty sales are made offline within one second, ten more a second later.",
    expectation="Thirty-one different offline numbers, none 0, each printed as the sign of its paper.",
)
def numbers_unique(ctx: Context) -> None:
    """Unixtime alone is not unique."""
    register = ctx.register
    sold = [offline(ctx)]
    for place in range(30):
        if place == 20:
            ctx.clock.advance(1)
        sold.append(queued(ctx, register.press("sell", sale(100 + place))))
    numbers = [pressed.told("offline_number") for pressed in sold]
    ctx.check(31, len(set(numbers)), "different offline numbers")
    ctx.check(
        [],
        [number for number in numbers if not 0 < number < 2**32],
        "numbers out of range",
        clause="KZ-RG-03",
    )
    ctx.check(
        [str(number) for number in numbers],
        [one.told("sign") for one in sold],
        "signs printed",
        clause="KZ-QR-02",
    )
    ctx.check(
        numbers,
        [ticket_of(ctx, seen).offline_number for seen in delivery(ctx)],
        "numbers sent",
        clause="KZ-OQ-6",
    )


@family(
    "kz.register.offline.marks.{key}",
    rows={key: key for key in DOCUMENT_KEYS},
    target="register-kz",
    clauses=["KZ-OQ-6", "KZ-SV-02"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Offline, {key} is pressed; a quarter of an hour later the line is back.",
    expectation="It is delivered with its offline mark, and with a period from the first failure to now.",
)
def marks(ctx: Context, key: str) -> None:
    """Ticket: an offline number; the others: is_offline. All: the period."""
    register = ctx.register
    register.ready()
    done(ctx, register.press("deposit", {"sum": 1_000_00}))
    begun = register.now()
    register.lose_line()
    queued(ctx, register.press(key, KEYS[key]))
    ctx.clock.advance(900)
    seen = delivery(ctx)[1]
    document: Any = seen.document
    ctx.check(True, document.is_offline, f"offline mark of {seen.name}")
    period = seen.period
    if period is None:
        ctx.fail("no offline_period", clause="KZ-SV-02")
    began, ended = _moment(period.begin), _moment(period.end)
    ctx.check_that(
        abs((began - begun).total_seconds()) <= 20, f"{begun}", began, "begin of the period", clause="KZ-OQ-6"
    )
    now = register.now()
    ctx.check_that(
        abs((now - ended).total_seconds()) <= 20, f"{now}", ended, "end of the period", clause="KZ-OQ-6"
    )


def _moment(figures: tuple[int, ...]) -> datetime:
    year, month, day, hour, minute, second = figures
    return datetime(year, month, day, hour, minute, second)


@case(
    "kz.register.offline.time-of-the-sale",
    target="register-kz",
    clauses=["KZ-OQ-6", "KZ-OQ-4"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Three sales an hour apart are made offline and delivered five hours later.",
    expectation="Each bears the time at which it was made, as on its paper.",
)
def time_of_the_sale(ctx: Context) -> None:
    """A queue does not rewrite history."""
    register = ctx.register
    offline(ctx)
    times = []
    for place in range(3):
        ctx.clock.advance(3_600)
        times.append(queued(ctx, register.press("sell", sale(200 + place))).told("time"))
    ctx.clock.advance(5 * 3_600)
    sent = [ticket_of(ctx, seen).time for seen in delivery(ctx)[1:]]
    ctx.check(times, [time.isoformat() if time else None for time in sent], "times of the tickets")


@case(
    "kz.register.offline.periods-follow-the-spell",
    target="register-kz",
    clauses=["KZ-OQ-6", "KZ-SV-02"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="After a spell offline a sale is made online.",
    expectation="Its period no longer marks it as re-sent by an offline number, and it has none.",
)
def after_the_spell(ctx: Context) -> None:
    """A sale of today is not yesterday's."""
    register = reach(ctx, "OFFLINE")
    register.find_line()
    register.stand.rest()
    sell(ctx)
    seen = register.stand.next()
    ctx.check(None, ticket_of(ctx, seen).offline_number, "offline number")
    period = seen.period
    ctx.check_that(
        period is None or period.begin == period.end,
        "a period that begins as it ends",
        period,
        "offline_period",
    )


@case(
    "kz.register.queue.withdrawal-checked-locally",
    target="register-kz",
    clauses=["KZ-OQ-11"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Offline with 300.00 in the drawer: 300.01 are to be taken out, then 300.00, then 0.01.",
    expectation="Refused, queued, refused.",
)
def withdrawal(ctx: Context) -> None:
    """Nobody else can check it."""
    register = ctx.register
    stand = register.ready()
    stand.shut()
    queued(ctx, register.outlast(register.pressing("deposit", {"sum": 300_00})))
    turned_away(ctx, register.press("withdraw", {"sum": 300_01}))
    queued(ctx, register.press("withdraw", {"sum": 300_00}))
    turned_away(ctx, register.press("withdraw", {"sum": 1}))
    stand.rest()
    register.find_line()
    ctx.check(
        ["MONEY_PLACEMENT"] * 2, names(documents(stand.rest())), "documents delivered", clause="KZ-OQ-4"
    )


@family(
    "kz.register.queue.drawer-as-the-line-breaks.{key}",
    rows={"withdraw": {"sum": 300_01}, "buy": sale(300_01)},
    target="register-kz",
    clauses=["KZ-OQ-11", "KZ-S-10.5"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="ONLINE with 300.00 in the drawer the line breaks; 300.01 are to be paid out: {key}.",
    expectation="Refused: no autonomous document takes more out of the drawer than it holds.",
)
def drawer_as_the_line_breaks(ctx: Context, order: Json) -> None:
    """The OFD skips its check for what is re-sent, because the KKM had to do it."""
    register = ctx.register
    stand = register.ready()
    done(ctx, register.press("deposit", {"sum": 300_00}))
    stand.shut()
    key = "buy" if "items" in order else "withdraw"
    turned_away(ctx, register.outlast(register.pressing(key, order)))
    register.find_line()
    ctx.check(1, len(stand.books.booked), "documents in the OFD")
    ctx.check(300_00, register.state().told("cash"), "cash", clause="KZ-ZR-13")
