"""72 hours offline and 24 hours of a shift, to the second (kz-ofd §6.5, §8.3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import sale
from conformance.drivers.ofd_orders import accept, cut_after, refuse
from conformance.suites.kz.register.queue import delivered
from conformance.suites.kz.register.till import (
    HOUR,
    KEYS,
    NEEDS,
    OFFLINE_LIMIT,
    done,
    held,
    in_mode,
    names,
    offline,
    offline_with_queue,
    queued,
    sell,
    turned_away,
)
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.money import ALMATY

DAY: Final = 24 * HOUR


class Age(NamedTuple):
    """How old a spell or a shift is, and whether work goes on."""

    seconds: float
    works: bool
    inclusive: bool = False


SPELLS: Final = {
    "71h59m": Age(OFFLINE_LIMIT - 60, True),
    "72h-less-a-second": Age(OFFLINE_LIMIT - 1, True),
    "72h": Age(OFFLINE_LIMIT, True),
    "72h-and-a-second": Age(OFFLINE_LIMIT + 1, False),
    "72h01m": Age(OFFLINE_LIMIT + 60, False),
    "72h-inclusive": Age(OFFLINE_LIMIT, False, True),
}


def _until(ctx: Context, seconds: float) -> None:
    """Lab time goes on until the spell is so old, by what the register says began it."""
    register = ctx.register
    begun = datetime.fromisoformat(register.state().told("offline_since"))
    passed = (to_almaty_exact(ctx) - begun).total_seconds()
    ctx.clock.advance(seconds - passed)


def to_almaty_exact(ctx: Context) -> datetime:
    """Lab time in Almaty with its fraction of a second."""
    return ctx.clock.now().astimezone(ALMATY).replace(tzinfo=None)


@family(
    "kz.register.offline-limit.{key}",
    rows=SPELLS,
    target="register-kz",
    clauses=["KZ-H72-01", "KZ-H72-03", "KZ-MD-08"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Offline, the shift is closed; the register has been offline for {key} and a sale is tried.",
    expectation=lambda row: (
        "It is queued." if row.works else "It is refused with the local code for 72 hours."
    ),
)
def spell(ctx: Context, row: Age) -> None:
    """Blocked when more than 72 h 00 min 00 s have passed."""
    settings = {"offline_limit_inclusive": True} if row.inclusive else {}
    offline(ctx, **settings)
    register = ctx.register
    queued(ctx, register.press("z", {"withdraw": False}))
    _until(ctx, row.seconds)
    in_mode(ctx, "OFFLINE" if row.works else "OFFLINE_EXPIRED")
    pressed = register.press("sell", sale())
    if row.works:
        queued(ctx, pressed)
    else:
        turned_away(ctx, pressed)
        ctx.check("offline-limit", pressed.local, "local code", clause="KZ-H72-04")


@case(
    "kz.register.offline-limit.every-document",
    target="register-kz",
    clauses=["KZ-H72-04", "KZ-MD-01"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="After 73 hours offline a sale, a deposit, a withdrawal, an X and a closing are tried.",
    expectation="Each is refused with the local code for 72 hours, and nothing is added to the queue.",
)
def every_document(ctx: Context) -> None:
    """Every new document."""
    offline(ctx)
    ctx.clock.advance(OFFLINE_LIMIT + HOUR)
    register = ctx.register
    in_mode(ctx, "OFFLINE_EXPIRED")
    for key in ("sell", "deposit", "withdraw", "x", "z"):
        pressed = turned_away(ctx, register.press(key, KEYS[key]))
        ctx.check("offline-limit", pressed.local, f"local code of {key}")
    ctx.check(1, held(ctx), "documents kept")


@case(
    "kz.register.offline-limit.ends-by-itself",
    target="register-kz",
    clauses=["KZ-H72-02", "KZ-H72-05"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="After 80 hours offline with three sales waiting the line comes back, and nobody does "
    "anything.",
    expectation="The queue is delivered in order; then ONLINE, and a sale is done.",
)
def ends_by_itself(ctx: Context) -> None:
    """What goes on: delivery of the queue."""
    sold = offline_with_queue(ctx, 2)
    ctx.clock.advance(80 * HOUR)
    in_mode(ctx, "OFFLINE_EXPIRED")
    ctx.register.find_line()
    delivered(ctx, sold)
    left = ctx.register.state().told("offline_since")
    ctx.check(None, left, "offline since")
    done(ctx, ctx.register.press("z", {"withdraw": False}))
    sell(ctx)


@case(
    "kz.register.offline-limit.connection-is-not-enough",
    target="register-kz",
    clauses=["KZ-H72-02"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="After 73 hours the line is back, the packet in flight is taken, and the line breaks again "
    "with one sale left.",
    expectation="New documents are still refused; when the last one is delivered they are not.",
)
def connection_not_enough(ctx: Context) -> None:
    """Until the queue is empty and an answer 0 has come."""
    offline_with_queue(ctx, 1)
    ctx.clock.advance(73 * HOUR)
    register = ctx.register
    in_mode(ctx, "OFFLINE_EXPIRED")
    stand = register.stand
    stand.order(accept().only(Command.TICKET))
    stand.default = cut_after()
    stand.open()
    register.tick()
    register.until("the packet was taken", lambda: len(stand.books.booked) == 1)
    ctx.clock.advance(10)
    register.press("pulse")
    turned_away(ctx, register.press("sell", sale()))
    in_mode(ctx, "OFFLINE_EXPIRED")
    stand.forget_orders()
    register.tick()
    in_mode(ctx, "ONLINE")
    done(ctx, register.press("z", {"withdraw": False}))


@case(
    "kz.register.offline-limit.from-the-first-failure",
    target="register-kz",
    clauses=["KZ-H72-01", "KZ-H72-02"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Offline for 40 hours, the register gets one answer of two and is offline again for 33 "
    "hours.",
    expectation="The spell counts from the first failure: over 72 hours, documents are refused.",
)
def from_first_failure(ctx: Context) -> None:
    """A half-delivered queue does not end the spell."""
    offline_with_queue(ctx, 1)
    register = ctx.register
    ctx.clock.advance(40 * HOUR)
    stand = register.stand
    stand.order(accept().only(Command.TICKET))
    stand.default = cut_after()
    stand.open()
    register.tick()
    register.until("one was taken", lambda: len(stand.books.booked) == 1)
    ctx.clock.advance(33 * HOUR)
    in_mode(ctx, "OFFLINE_EXPIRED")
    turned_away(ctx, register.press("sell", sale()))


@case(
    "kz.register.offline-limit.what-is-left",
    target="register-kz",
    clauses=["KZ-H72-01"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="A register has been offline for 30 hours.",
    expectation="It tells since when, and that 42 hours are left.",
)
def what_is_left(ctx: Context) -> None:
    """What a cashier should be able to see."""
    ctx.clock.stand()
    offline(ctx)
    _until(ctx, 30 * HOUR)
    left = float(ctx.register.state().told("offline_left_seconds"))
    ctx.check_that(abs(left - 42 * HOUR) <= 2, f"{42 * HOUR}", left, "seconds left")


# the shift


SHIFTS: Final = {
    "23h59m": Age(DAY - 60, True),
    "24h": Age(DAY, True),
    "24h-and-a-second": Age(DAY + 1, False),
    "24h01m": Age(DAY + 60, False),
}


class Tried(NamedTuple):
    """A key pressed in a shift of an age."""

    age: Age
    key: str


def _tried() -> Iterator[tuple[str, Tried]]:
    for name, age in SHIFTS.items():
        yield f"sell-{name}", Tried(age, "sell")
    for key in ("x", "z"):
        yield f"{key}-24h01m", Tried(Age(DAY + 60, True), key)


@family(
    "kz.register.shift-limit.{key}",
    rows=dict(_tried()),
    target="register-kz",
    clauses=["KZ-H24-05", "KZ-H24-01"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="A shift was opened by a sale; that long after it that key is pressed: {key}.",
    expectation=lambda row: (
        "It is done."
        if row.age.works
        else "The register refuses it, and nothing is sent; after a closing it is done."
    ),
)
def shift_age(ctx: Context, row: Tried) -> None:
    """Refuses tickets after 24 h, and not at 24 h."""
    register = ctx.register
    stand = register.ready()
    sell(ctx)
    opened = datetime.fromisoformat(register.state().told("shift.opened"))
    ctx.clock.advance(row.age.seconds - (to_almaty_exact(ctx) - opened).total_seconds())
    stand.rest()
    pressed = register.press(row.key, KEYS[row.key])
    if row.age.works:
        done(ctx, pressed)
        return
    turned_away(ctx, pressed)
    ctx.check("shift-limit", pressed.local, "local code")
    ctx.check([], [seen.name for seen in stand.rest() if seen.name == "TICKET"], "tickets sent")
    done(ctx, register.press("z", {"withdraw": True}))
    done(ctx, register.press("sell", sale()))
    ctx.check(2, register.state().told("shift.number"), "shift", clause="KZ-S-8.1")


@case(
    "kz.register.shift-limit.offline-too",
    target="register-kz",
    clauses=["KZ-H24-05", "KZ-OQ-10"],
    requirements=["KZ-SHF-01", "KZ-OFF-01"],
    needs=NEEDS,
    description="Offline with a shift of 25 hours a sale is tried, the shift closed, the sale tried again.",
    expectation="Refused, queued, queued; all of it is delivered in order.",
)
def shift_offline(ctx: Context) -> None:
    """The law knows no line."""
    register = ctx.register
    offline(ctx)
    ctx.clock.advance(25 * HOUR)
    pressed = turned_away(ctx, register.press("sell", sale()))
    ctx.check("shift-limit", pressed.local, "local code")
    queued(ctx, register.press("z", {"withdraw": False}))
    queued(ctx, register.press("sell", sale(2_00)))
    stand = register.stand
    stand.rest()
    register.find_line()
    sent = [name for name in names(stand.rest()) if name in ("TICKET", "CLOSE_SHIFT")]
    ctx.check(["TICKET", "CLOSE_SHIFT", "TICKET"], sent, "documents delivered", clause="KZ-OQ-4")


@case(
    "kz.register.shift-limit.warned-from-23h",
    target="register-kz",
    clauses=["KZ-H24-05"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="A shift is 22 h 59 min old, then 23 h 01 min.",
    expectation="No warning, then one.",
)
def warned(ctx: Context) -> None:
    """Warns from 23 h."""
    register = ctx.register
    register.ready()
    sell(ctx)
    ctx.clock.advance(23 * HOUR - 60)
    ctx.check("", register.state().told("warning"), "warning at 22:59")
    ctx.clock.advance(120)
    warning = register.state().told("warning")
    ctx.check_that(bool(warning), "a warning", warning, "warning at 23:01")


@case(
    "kz.register.shift-limit.auto-close",
    target="register-kz",
    clauses=["KZ-H24-05"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="A register set to auto_close sells in a shift of 25 hours.",
    expectation="CLOSE_SHIFT by operator 0, auto_close_shift, goes out before the ticket, which opens the "
    "next shift.",
)
def auto_close(ctx: Context) -> None:
    """One client closes by itself before the next ticket."""
    register = ctx.register
    stand = register.ready(auto_close=True)
    sell(ctx)
    ctx.clock.advance(25 * HOUR)
    stand.rest()
    sell(ctx)
    closing, ticket = stand.rest()[-2:]
    ctx.check(["CLOSE_SHIFT", "TICKET"], names([closing, ticket]), "requests")
    operator = getattr(closing.document, "operator", None)
    seen = (getattr(operator, "code", None), getattr(operator, "name", None))
    ctx.check((0, "auto_close_shift"), seen, "operator of the closing")
    ctx.check(2, getattr(ticket.document, "shift_number", None), "shift of the ticket", clause="KZ-ZR-2")


@case(
    "kz.register.shift-limit.by-the-ofd",
    target="register-kz",
    clauses=["KZ-RC-11", "KZ-H24-02", "KZ-H24-03"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="The OFD answers 11 to a sale and to a deposit until the shift is closed.",
    expectation="Both are refused and made nothing of; after the closing both are done.",
)
def by_the_ofd(ctx: Context) -> None:
    """The server's clock may be ahead."""
    register = ctx.register
    stand = register.ready()
    sell(ctx)
    for key in ("sell", "deposit"):
        stand.order(refuse(11))
        turned_away(ctx, register.press(key, KEYS[key]), code=11)
    done(ctx, register.press("z", {"withdraw": False}))
    for key in ("sell", "deposit"):
        done(ctx, register.press(key, KEYS[key]))


@case(
    "kz.register.shift-limit.close-with-withdrawal",
    target="register-kz",
    clauses=["KZ-TP-12", "KZ-S-8.2"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="A shift of 30 hours with cash in the drawer is closed with the money taken out.",
    expectation="One CLOSE_SHIFT with withdraw_money, no withdrawal of its own before it; the drawer is "
    "empty.",
)
def close_with_withdrawal(ctx: Context) -> None:
    """A KKM that adds its own withdrawal can be stuck by 11."""
    register = ctx.register
    stand = register.ready()
    sell(ctx, 900_00)
    ctx.clock.advance(30 * HOUR)
    stand.rest()
    done(ctx, register.press("z", {"withdraw": True}))
    (seen,) = stand.rest()
    ctx.check("CLOSE_SHIFT", seen.name, "request")
    ctx.check(True, getattr(seen.document, "withdraw_money", None), "withdraw_money")
    ctx.check(0, register.state().told("cash"), "cash", clause="KZ-ZR-13")
