"""Shifts and their sums: numbers without gap, and every figure equal in register, Z and the judge's books
(kz-ofd §8, §9).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_keys import Json, Pressed
from conformance.drivers.kz_register import item, sale
from conformance.drivers.ofd_stand import Seen
from conformance.models.kz_money import Books, Carried, Entry, known_to_124
from conformance.suites.kz.register.till import NEEDS, done, names, queued, sell
from reference.protocol.kz.documents import CloseShift, MoneyPlacement, ReportAsk
from reference.protocol.kz.reports import figures
from reference.protocol.kz.tickets import Ticket

SHIFTS: Final = 30
Figures = dict[str, int | str]


class Ledger:
    """The judge's books of a register, fed with what the register sends."""

    def __init__(self, ctx: Context, carried: Carried | None = None) -> None:
        self.ctx = ctx
        self.books = Books(carried)
        self.closed: list[Figures] = []

    def take(self) -> list[Seen]:
        """Enter what has come since the last look; a closing brings a Z, kept in `closed`."""
        came = self.ctx.register.stand.rest()
        for seen in came:
            if seen.row not in ("D6", ""):
                continue
            if isinstance(seen.document, Ticket | MoneyPlacement):
                entry: Entry = seen.document
                self.books.add(entry)
            elif isinstance(seen.document, CloseShift):
                self.closed.append(self.books.close(seen.document))
        return came

    def agrees(self, *, clause: str = "KZ-ZR-13") -> None:
        """The register's drawer, shift and sums since registration are those of the judge's books."""
        state = self.ctx.register.state()
        self.ctx.check(self.books.cash, state.told("cash"), "cash", clause=clause)
        self.ctx.check(self.books.shift_number, state.told("shift.number"), "shift", clause="KZ-S-8.1")
        shown = {name: total for name, total in state.told("non_nullable").items() if total}
        self.ctx.check(self.books.non_nullable, shown, "non-nullable sums", clause="KZ-ZR-15")


def differing(expected: Figures, found: Figures) -> dict[str, tuple[object, object]]:
    """Figures that two reports do not share, as expected and found."""
    return {
        name: (expected.get(name), found.get(name))
        for name in sorted({*expected, *found})
        if expected.get(name) != found.get(name)
    }


def sent_report(ctx: Context, seen: Seen) -> Figures:
    """The register's own X or Z that a request carries."""
    report = seen.document.report if isinstance(seen.document, CloseShift | ReportAsk) else None
    if report is None:
        ctx.fail(f"{seen.name} carries no report of the register's own", clause="KZ-CM-2")
    return figures(report)


WORKED: Final[tuple[tuple[str, Json], ...]] = (
    ("deposit", {"sum": 5_000_00}),
    (
        "sell",
        sale(
            1_300_00,
            item(420_00, "A", quantity="2.500"),
            item(300_00, "B", section="2", vat=None, discount=50_00),
            taken=2_000_00,
        ),
    ),
    (
        "sell",
        sale(
            770_00,
            item(700_00, "C", vat=None),
            markup=70_00,
            payments=[{"type": "card", "sum": 500_00}, {"type": "mobile", "sum": 270_00}],
            taken=None,
        ),
    ),
    ("sell-return", sale(420_00, item(420_00, "A"))),
    ("buy", sale(200_00, item(200_00, "D", section="3", vat=None))),
    ("withdraw", {"sum": 1_000_00}),
    (
        "sell",
        sale(
            150_00,
            item(100_00, "E", vat=None),
            item(150_00, "F", vat=None),
            item(100_00, "E", vat=None, storno=True),
        ),
    ),
)
Z: Final[Figures] = {
    "shift_number": 1,
    "sections[1].SELL.count": 4,
    "sections[1].SELL.sum": 1_900_00,
    "sections[1].SELL_RETURN.count": 1,
    "sections[1].SELL_RETURN.sum": 420_00,
    "sections[2].SELL.count": 1,
    "sections[2].SELL.sum": 300_00,
    "sections[3].BUY.count": 1,
    "sections[3].BUY.sum": 200_00,
    "operations.SELL.count": 5,
    "operations.SELL.sum": 2_200_00,
    "operations.SELL_RETURN.count": 1,
    "operations.SELL_RETURN.sum": 420_00,
    "operations.BUY.count": 1,
    "operations.BUY.sum": 200_00,
    "discounts.SELL.count": 1,
    "discounts.SELL.sum": 50_00,
    "markups.SELL.count": 1,
    "markups.SELL.sum": 70_00,
    "total_result.SELL.count": 5,
    "total_result.SELL.sum": 2_220_00,
    "total_result.SELL_RETURN.count": 1,
    "total_result.SELL_RETURN.sum": 420_00,
    "total_result.BUY.count": 1,
    "total_result.BUY.sum": 200_00,
    "taxes[12000].SELL.turnover": 1_050_00,
    "taxes[12000].SELL.sum": 112_50,
    "taxes[12000].SELL.turnover_without_tax": 937_50,
    "taxes[12000].SELL_RETURN.turnover": 420_00,
    "taxes[12000].SELL_RETURN.sum": 45_00,
    "taxes[12000].SELL_RETURN.turnover_without_tax": 375_00,
    "ticket_operations.SELL.total_count": 3,
    "ticket_operations.SELL.count": 3,
    "ticket_operations.SELL.sum": 2_220_00,
    "ticket_operations.SELL.payments.CASH.sum": 1_450_00,
    "ticket_operations.SELL.payments.CASH.count": 2,
    "ticket_operations.SELL.payments.CARD.sum": 500_00,
    "ticket_operations.SELL.payments.CARD.count": 1,
    "ticket_operations.SELL.payments.MOBILE.sum": 270_00,
    "ticket_operations.SELL.payments.MOBILE.count": 1,
    "ticket_operations.SELL.markup_sum": 70_00,
    "ticket_operations.SELL.change_sum": 700_00,
    "ticket_operations.SELL_RETURN.total_count": 1,
    "ticket_operations.SELL_RETURN.count": 1,
    "ticket_operations.SELL_RETURN.sum": 420_00,
    "ticket_operations.SELL_RETURN.payments.CASH.sum": 420_00,
    "ticket_operations.SELL_RETURN.payments.CASH.count": 1,
    "ticket_operations.BUY.total_count": 1,
    "ticket_operations.BUY.count": 1,
    "ticket_operations.BUY.sum": 200_00,
    "ticket_operations.BUY.payments.CASH.sum": 200_00,
    "ticket_operations.BUY.payments.CASH.count": 1,
    "money_placements.DEPOSIT.total_count": 1,
    "money_placements.DEPOSIT.count": 1,
    "money_placements.DEPOSIT.sum": 5_000_00,
    "money_placements.WITHDRAWAL.total_count": 2,
    "money_placements.WITHDRAWAL.count": 2,
    "money_placements.WITHDRAWAL.sum": 5_830_00,
    "revenue": 1_600_00,
    "non_nullable_sums.BUY": 200_00,
    "non_nullable_sums.SELL": 2_220_00,
    "non_nullable_sums.SELL_RETURN": 420_00,
}
"""The worked shift of kz-ofd §9.3, typed from its table; times and the offline count are the case's."""


def parent() -> Json:
    """A ticket of another register that a return gives back."""
    return {"number": "1", "time": "2026-01-01T10:00:00", "total": 420_00, "offline": False}


@family(
    "kz.register.shift.worked-{key}",
    rows={"203": 203, "204": 204, "202": 202},
    target="register-kz",
    clauses=["KZ-ZR-EX", "KZ-CM-2", *(f"KZ-ZR-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 14, 15))],
    requirements=["KZ-NNT-01", "KZ-PRT-02"],
    needs=NEEDS,
    description="The worked shift of the specification is played in version {key}, all of it online, and "
    "closed with "
    "the money taken out.",
    expectation="The register's own Z has every figure of the worked table.",
)
def worked(ctx: Context, version: int) -> None:
    """Typed from the table, not computed."""
    register = ctx.register
    stand = register.ready(version=version)
    for key, order in WORKED:
        given = {**order, "parent": parent()} if key == "sell-return" else order
        done(ctx, register.press(key, given))
    stand.rest()
    done(ctx, register.press("z", {"withdraw": True}))
    found = sent_report(ctx, stand.next("CLOSE_SHIFT"))
    for name in ("open_shift_time", "close_shift_time"):
        found.pop(name, None)
    ctx.check({}, differing(Z, found), "figures of its Z that differ: expected, found")


@case(
    "kz.register.shift.worked-offline",
    target="register-kz",
    clauses=["KZ-ZR-EX", "KZ-OQ-10"],
    requirements=["KZ-NNT-01", "KZ-OFF-01"],
    needs=NEEDS,
    description="The worked shift is played without a line, but for the power-on.",
    expectation="Its own Z has the figures of the table, with every document counted as offline besides.",
)
def worked_offline(ctx: Context) -> None:
    """The register makes the Z itself from its counters."""
    register = ctx.register
    stand = register.ready()
    stand.shut()
    first, *rest = WORKED
    queued(ctx, register.outlast(register.pressing(*first)))
    for key, order in rest:
        given = {**order, "parent": parent()} if key == "sell-return" else order
        queued(ctx, register.press(key, given))
    queued(ctx, register.press("z", {"withdraw": True}))
    stand.rest()
    register.find_line()
    (closing,) = (seen for seen in stand.rest() if seen.name == "CLOSE_SHIFT")
    found = sent_report(ctx, closing)
    offline = {name: found.pop(name) for name in list(found) if name.endswith("offline_count")}
    for name in ("open_shift_time", "close_shift_time"):
        found.pop(name, None)
    ctx.check({}, differing(Z, found), "figures of its Z that differ: expected, found")
    wanted = {"SELL": 3, "SELL_RETURN": 1, "BUY": 1}
    for name, count in wanted.items():
        place = f"ticket_operations.{name}.offline_count"
        ctx.check(count, offline.get(place), place, clause="KZ-ZR-10")
    taken = offline.get("money_placements.WITHDRAWAL.offline_count")
    ctx.check(2, taken, "offline withdrawals, that of the closing included", clause="KZ-ZR-11")


@case(
    "kz.register.shift.thirty",
    target="register-kz",
    clauses=["KZ-ZR-15", "KZ-ZR-9", "KZ-S-8.1", "KZ-ZR-13"],
    requirements=["KZ-NNT-01", "KZ-SHF-01"],
    needs=NEEDS,
    tags=["slow"],
    description="Thirty shifts with sales, purchases, returns of both, deposits and withdrawals drawn from "
    "the case's "
    "seed; every fifth is closed offline.",
    expectation="Numbers 1 to 30 without gap; non-nullable sums and drawer equal in register, its Z and "
    "the judge's "
    "books, and they only grow.",
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
        differs = differing(_less_times(ledger.closed[-1]), _less_times(sent_report(ctx, sent)))
        ctx.check({}, differs, f"figures of Z {number} that differ: expected, found", clause="KZ-ZR-15")
        ledger.agrees()
        sums = dict(register.state().told("non_nullable"))
        shrunk = [name for name in last if sums.get(name, 0) < last[name]]
        ctx.check([], shrunk, "non-nullable sums that shrank", clause="KZ-ZR-15")
        last = sums
        ctx.clock.advance(3_600)
    ctx.check(SHIFTS, len(ledger.closed), "shifts closed")


def _less_times(found: Figures) -> Figures:
    return {name: value for name, value in found.items() if not name.endswith("_shift_time")}


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
    "nothing is "
    "lost or doubled.",
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
    wanted = _less_times(ledger.books.report())
    for _ in range(3):
        pressed = done(ctx, register.press("x"))
        seen = stand.next("REPORT")
        ctx.check({}, differing(wanted, _less_times(sent_report(ctx, seen))), "figures of X that differ")
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
    found = _less_times(sent_report(ctx, stand.next()))
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
