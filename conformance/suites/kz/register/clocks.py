"""The register's own clock jumps (kz-ofd §2.5, §3.3, §6.5)."""

from __future__ import annotations

from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import sale
from conformance.suites.kz.register.queue import delivered
from conformance.suites.kz.register.till import (
    HOUR,
    NEEDS,
    OFFLINE_LIMIT,
    done,
    in_mode,
    offline,
    queued,
    sell,
    ticket_of,
    turned_away,
)

PART: Final = "register"


@family(
    "kz.register.clock.ahead-{key}",
    rows={"minute": 60, "hour": HOUR, "eleven-hours": 11 * HOUR},
    target="register-kz",
    clauses=["KZ-S-2.5", "KZ-MD-01"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="In ONLINE the register's clock jumps ahead: {key}; sales before and after.",
    expectation="Both are done once; each bears the register's time.",
)
def ahead(ctx: Context, seconds: int) -> None:
    """A clock set to the right time."""
    ctx.clock.stand()
    register = ctx.register
    stand = register.ready()
    first = sell(ctx)
    ctx.clock.skew(PART, seconds)
    second = sell(ctx)
    times = [ticket_of(ctx, seen).time for seen in stand.rest()]
    ctx.check([first.told("time"), second.told("time")], [one and one.isoformat() for one in times], "times")
    gap = (times[1] - times[0]).total_seconds() if times[0] and times[1] else 0
    ctx.check_that(abs(gap - seconds) <= 2, f"{seconds}", gap, "seconds between the two")


@case(
    "kz.register.clock.back",
    target="register-kz",
    clauses=["KZ-S-3.3", "KZ-S-8.1"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="After a sale the register's clock is set back by two hours; a sale is tried; then it is "
    "right again.",
    expectation="No ticket older than the last one, nor than the shift, reaches the OFD; with the right "
    "time it sells.",
)
def back(ctx: Context) -> None:
    """A document must not be older than the one before it."""
    register = ctx.register
    stand = register.ready()
    ctx.clock.advance(3 * HOUR)
    sell(ctx)
    last = ticket_of(ctx, stand.next()).time
    ctx.clock.skew(PART, -2 * HOUR)
    pressed = register.outlast(register.pressing("sell", sale()))
    for seen in [one for one in stand.rest() if one.name == "TICKET"]:
        time = ticket_of(ctx, seen).time
        ctx.check_that(bool(time and last and time >= last), f"not before {last}", time, "time of a ticket")
    ctx.note(f"with its clock set back: {pressed.shown}")
    ctx.clock.skew(PART, 0)
    done(ctx, register.outlast(register.pressing("sell", sale())))


@case(
    "kz.register.clock.back-while-offline",
    target="register-kz",
    clauses=["KZ-H72-01", "KZ-OQ-4", "KZ-OQ-3"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Offline, the register's clock is set back by a day and put right again; then the line is "
    "back.",
    expectation="What was sold is delivered in order, once; no offline number stands twice.",
)
def back_offline(ctx: Context) -> None:
    """Unixtime is no counter."""
    register = ctx.register
    ctx.register.ready()
    ctx.clock.advance(HOUR)
    sold = [register.lose_line()]
    ctx.clock.skew(PART, -86_400)
    for total in (2_00, 3_00):
        pressed = register.press("sell", sale(total))
        sold += [] if pressed.refused else [pressed]
    ctx.clock.skew(PART, 0)
    register.tick()
    sold.append(queued(ctx, register.press("sell", sale(4_00))))
    numbers = [pressed.told("offline_number") for pressed in sold]
    ctx.check(len(numbers), len(set(numbers)), "different offline numbers", clause="KZ-OQ-2")
    register.find_line()
    delivered(ctx, sold)


@case(
    "kz.register.clock.ahead-over-72h",
    target="register-kz",
    clauses=["KZ-H72-01", "KZ-MD-08"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Offline for a minute, the register's clock jumps 73 hours ahead and back again.",
    expectation="While its clock says so it refuses documents; the queue is delivered all the same when "
    "the line is back.",
)
def over_limit(ctx: Context) -> None:
    """The spell is measured by the register's clock: there is no other."""
    register = ctx.register
    sold = [offline(ctx)]
    ctx.clock.skew(PART, OFFLINE_LIMIT + HOUR)
    in_mode(ctx, "OFFLINE_EXPIRED")
    turned_away(ctx, register.press("sell", sale()))
    register.find_line()
    delivered(ctx, sold)


@case(
    "kz.register.clock.drift",
    target="register-kz",
    clauses=["KZ-S-2.5", "KZ-MD-03"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="The register's clock drifts by 500 ppm over ten days of sales, four a day.",
    expectation="Every sale is done, times never go back, and no REQNUM is left out.",
)
def drift(ctx: Context) -> None:
    """A cheap quartz."""
    register = ctx.register
    stand = register.ready()
    ctx.clock.drift(PART, 500)
    for _ in range(10):
        for _ in range(4):
            ctx.clock.advance(5 * HOUR)
            sell(ctx)
        done(ctx, register.press("z", {"withdraw": True}))
        ctx.clock.advance(4 * HOUR)
    tickets = [ticket_of(ctx, seen) for seen in stand.rest() if seen.name == "TICKET"]
    times = [ticket.time for ticket in tickets if ticket.time]
    ctx.check(40, len(times), "tickets")
    ctx.check(times, sorted(times), "times in order")


@case(
    "kz.register.clock.shift-over-midnight",
    target="register-kz",
    clauses=["KZ-S-8.1", "KZ-S-2.5"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="Sales on both sides of midnight in Almaty.",
    expectation="One shift, two dates.",
)
def midnight(ctx: Context) -> None:
    """A shift is no day."""
    register = ctx.register
    stand = register.ready()
    now = register.now()
    before = 23 * HOUR + 3_590 - (now.hour * HOUR + now.minute * 60 + now.second)
    ctx.clock.advance(before if before > 0 else before + 86_400)
    sell(ctx)
    ctx.clock.advance(20)
    sell(ctx)
    first, second = (ticket_of(ctx, seen) for seen in stand.rest() if seen.name == "TICKET")
    ctx.check((1, 1), (first.shift_number, second.shift_number), "shifts")
    days = (second.time.date() - first.time.date()).days if first.time and second.time else 0
    ctx.check(1, days, "days between them")
