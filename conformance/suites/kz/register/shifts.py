"""Shifts and their sums: numbers without gap, and every figure equal in register, Z and the judge's books
(kz-ofd §8, §9).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from conformance.cases import case
from conformance.context import Context
from conformance.drivers.kz_keys import Json, Pressed
from conformance.drivers.kz_register import item, sale
from conformance.models.kz_money import Figures, known_to_124
from conformance.suites.kz.register.books import Ledger, differing, less_times, parent, sent_report
from conformance.suites.kz.register.till import NEEDS, done, names, queued, sell

SHIFTS: Final = 30


@case(
    "kz.register.shift.thirty",
    target="register-kz",
    clauses=["KZ-ZR-15", "KZ-ZR-9", "KZ-S-8.1", "KZ-ZR-13"],
    requirements=["KZ-NNT-01", "KZ-SHF-01"],
    needs=NEEDS,
    tags=["slow"],
    description="Thirty shifts with sales, purchases, returns of both, deposits and withdrawals drawn from "
    "the case's seed; every fifth is closed offline.",
    expectation="Numbers 1 to 30 without gap; non-nullable sums and drawer equal in register, its Z and "
    "the judge's books, and they only grow.",
)
def thirty(ctx: Context) -> None:
    """Sums that never reset, over a month."""
    register = ctx.register
    register.ready()
    ledger = Ledger(ctx)
    ledger.take()
    last: dict[str, int] = {}
    for number in range(1, SHIFTS + 1):
        _trade(ctx, number)
        closing = _close(ctx, number)
        came = ledger.take()
        ctx.check(number, closing.told("shift"), "shift of the Z", clause="KZ-S-8.1")
        (sent,) = (seen for seen in came if seen.name == "CLOSE_SHIFT" and seen.row in ("D6", ""))
        differs = differing(less_times(ledger.closed[-1]), less_times(sent_report(ctx, sent)))
        ctx.check({}, differs, f"figures of Z {number} that differ: expected, found", clause="KZ-ZR-15")
        ledger.agrees()
        sums = dict(register.state().told("non_nullable"))
        shrunk = [name for name in last if sums.get(name, 0) < last[name]]
        ctx.check([], shrunk, "non-nullable sums that shrank", clause="KZ-ZR-15")
        last = sums
        ctx.clock.advance(3_600)
    ctx.check(SHIFTS, len(ledger.closed), "shifts closed")


def _trade(ctx: Context, number: int) -> None:
    """A handful of documents of a shift."""
    register, rng = ctx.register, ctx.rng
    done(ctx, register.press("deposit", {"sum": rng.randint(2_000_00, 9_000_00)}))
    for _ in range(3):
        total = rng.randint(1, 500_00)
        vat = rng.choice((None, 12, 16))
        sell(ctx, total, items=[item(total, vat=vat)], taken=total + rng.randint(0, 50_00))
    key = ("buy", "sell-return", "buy-return", "sell")[number % 4]
    total = rng.randint(1, 300_00)
    order = sale(total, parent={**parent(), "total": total}) if key.endswith("return") else sale(total)
    done(ctx, register.press(key, order))
    done(ctx, register.press("withdraw", {"sum": rng.randint(1, 900_00)}))


def _close(ctx: Context, number: int) -> Pressed:
    """The end of a shift, every fifth without a line."""
    register = ctx.register
    order = {"withdraw": number % 3 == 0}
    if number % 5:
        return done(ctx, register.press("z", order))
    register.stand.shut()
    pressed = queued(ctx, register.outlast(register.pressing("z", order)))
    register.find_line()
    return pressed


@case(
    "kz.register.shift.walk",
    target="register-kz",
    clauses=["KZ-ZR-13", "KZ-ZR-15", "KZ-S-8.1", "KZ-OQ-4"],
    requirements=["KZ-NNT-01", "KZ-OFF-01"],
    needs=NEEDS,
    tags=["slow"],
    description="Ninety keys drawn from the case's seed; the line comes and goes, answers are lost.",
    expectation="After every return of the line drawer, shift and sums are those of the judge's books, and "
    "nothing is lost or doubled.",
)
def walk(ctx: Context) -> None:
    """The judge's books against the register's counters."""
    register, rng = ctx.register, ctx.rng
    register.ready()
    ledger = Ledger(ctx)
    made: list[Any] = []
    for _ in range(15):
        away = rng.random() < 0.5
        if away:
            register.stand.shut()
        for _ in range(6):
            key, order = _drawn(ctx)
            pressed = register.outlast(register.pressing(key, order))
            if not pressed.refused:
                made.append(pressed)
        if away:
            register.find_line()
        ledger.take()
        ledger.agrees()
    sent = len(register.stand.books.booked) + names(register.stand.seen).count("REPORT")
    ctx.check(len(made), sent, "documents and reports in the OFD", clause="KZ-OQ-4")


def _drawn(ctx: Context) -> tuple[str, Json]:
    rng = ctx.rng
    key = rng.choice(("sell", "sell", "sell", "buy", "deposit", "withdraw", "x", "z", "sell-return"))
    total = rng.randint(1, 400_00)
    if key in ("sell", "buy"):
        return key, sale(total)
    if key == "sell-return":
        return key, sale(total, parent={**parent(), "total": total})
    if key in ("deposit", "withdraw"):
        return key, {"sum": total}
    return key, {"withdraw": rng.random() < 0.3} if key == "z" else {}


@case(
    "kz.register.shift.opens-by-itself",
    target="register-kz",
    clauses=["KZ-S-8.1", "KZ-ZR-16"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="After a closing a deposit is made, ten minutes later a sale.",
    expectation="The deposit opens the next shift at its own time.",
)
def opens(ctx: Context) -> None:
    """There is no command that opens a shift."""
    register = ctx.register
    register.ready()
    sell(ctx)
    done(ctx, register.press("z", {"withdraw": False}))
    ctx.check(False, register.state().told("shift.open"), "shift open after the closing")
    ctx.clock.advance(600)
    pressed = done(ctx, register.press("deposit", {"sum": 5_00}))
    ctx.clock.advance(600)
    sell(ctx)
    state = register.state()
    ctx.check((True, 2), (state.told("shift.open"), state.told("shift.number")), "shift")
    opened = datetime.fromisoformat(state.told("shift.opened"))
    ctx.check(pressed.told("time"), opened.isoformat(), "time of opening")


@case(
    "kz.register.shift.x-changes-nothing",
    target="register-kz",
    clauses=["KZ-CM-3", "KZ-S-9.2"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="Three X reports are made in a shift of two sales.",
    expectation="Each shows the sums so far, carries the register's own report, and changes nothing.",
)
def x_report(ctx: Context) -> None:
    """REPORT changes nothing."""
    register = ctx.register
    stand = register.ready()
    ledger = Ledger(ctx)
    sell(ctx, 300_00)
    sell(ctx, 200_00)
    ledger.take()
    wanted = less_times(ledger.books.report())
    for _ in range(3):
        pressed = done(ctx, register.press("x"))
        seen = stand.next("REPORT")
        ctx.check({}, differing(wanted, less_times(sent_report(ctx, seen))), "figures of X that differ")
        ctx.check(
            (500_00, 500_00),
            (pressed.told("report")["cash"], pressed.told("report")["revenue"]),
            "X on paper",
        )
        ledger.agrees()


@case(
    "kz.register.shift.empty",
    target="register-kz",
    clauses=["KZ-S-8.2"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="Two closings follow each other.",
    expectation="The second is an empty shift with the next number, all of it zero but what carries over.",
)
def empty(ctx: Context) -> None:
    """A shift with 0 receipts."""
    register = ctx.register
    stand = register.ready()
    sell(ctx, 80_00)
    first = done(ctx, register.press("z", {"withdraw": False}))
    stand.rest()
    second = done(ctx, register.press("z", {"withdraw": False}))
    ctx.check((1, 2), (first.told("shift"), second.told("shift")), "shifts")
    found = less_times(sent_report(ctx, stand.next()))
    wanted: Figures = {
        "shift_number": 2,
        "cash_sum": 80_00,
        "non_nullable_sums.SELL": 80_00,
        "start_shift_non_nullable_sums.SELL": 80_00,
        "ticket_operations.SELL.total_count": 1,
    }
    ctx.check({}, differing(wanted, found), "figures of the empty Z that differ")


@case(
    "kz.register.shift.server-z-printed",
    target="register-kz",
    clauses=["KZ-CM-2", "KZ-S-8.2"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="The OFD's books know 9.00 more in the drawer than the register; the shift is closed online.",
    expectation="The paper shows the OFD's Z, and the register goes on from it.",
)
def server_z(ctx: Context) -> None:
    """The server's own computation is what counts."""
    register = ctx.register
    stand = register.ready()
    sell(ctx, 100_00)
    counters = stand.books.counters
    stand.books.counters = type(counters)(
        counters.cash + 9_00, counters.last_shift, counters.totals, counters.shift
    )
    pressed = done(ctx, register.press("z", {"withdraw": False}))
    ctx.check(109_00, pressed.told("report")["cash"], "cash on the paper")
    ctx.check(109_00, register.state().told("cash"), "cash afterwards", clause="KZ-ZR-13")


@case(
    "kz.register.shift.z-124",
    target="register-kz",
    clauses=["KZ-S-12.1", "KZ-CM-2"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="A register of 1.2.4 sells and closes its shift.",
    expectation="CLOSE_SHIFT carries no report of its own; its sums are those of the OFD's Z all the same.",
)
def z_124(ctx: Context) -> None:
    """The KKM sends its own Z since 1.2.5."""
    register = ctx.register
    stand = register.ready(version=124)
    ledger = Ledger(ctx)
    sell(ctx, 123_45)
    done(ctx, register.press("z", {"withdraw": False}))
    came = ledger.take()
    ctx.check(None, getattr(came[-1].document, "report", None), "report in the request")
    wanted = known_to_124(ledger.closed[-1])
    ctx.check_that(
        wanted.get("cash_sum") == 123_45, "12345", wanted.get("cash_sum"), "cash in the judge's books"
    )
    ledger.agrees()
    ctx.check(1, stand.books.counters.last_shift, "shifts closed at the OFD", clause="KZ-S-8.1")
