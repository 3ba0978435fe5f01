"""Power-on: INFO comes first, what it says is taken over, and what may go wrong (kz-ofd §3.3, §6.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import sale
from conformance.drivers.ofd_books import ADS
from conformance.drivers.ofd_orders import cut_after, refuse, silence
from conformance.suites.kz.register.till import (
    NEEDS,
    done,
    in_mode,
    names,
    sell,
    stays,
    ticket_of,
    turned_away,
)
from reference.protocol.kz import tally
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.service import held_ads
from reference.protocol.kz.tally import DeviceCounters, Key, ShiftCounters, Sums

SOLD: Final[Key] = (tally.NON_NULLABLE, Operation.SELL.value)
BOUGHT: Final[Key] = (tally.NON_NULLABLE, Operation.BUY.value)


@case(
    "kz.register.start.info-first",
    target="register-kz",
    clauses=["KZ-CM-5", "KZ-MD-09"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="A register is switched on before an OFD that answers, and a sale is made.",
    expectation="INFO is the first request, the TICKET comes after it.",
)
def info_first(ctx: Context) -> None:
    """A KKM starts work with COMMAND_INFO."""
    stand = ctx.register.begin()
    in_mode(ctx, "ONLINE")
    sell(ctx)
    ctx.check(["INFO", "TICKET"], names(stand.rest()), "requests since power-on")


@case(
    "kz.register.start.nothing-before-info",
    target="register-kz",
    clauses=["KZ-MD-01"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="The OFD does not answer the first INFO; a sale, a deposit and a closing are tried.",
    expectation="Each is refused by the register itself, and no document reaches the OFD.",
)
def nothing_before_info(ctx: Context) -> None:
    """START allows no document."""
    stand = ctx.register.begin(default=silence())
    ctx.register.comes("INFO")
    in_mode(ctx, "START")
    for key, order in (("sell", sale()), ("deposit", {"sum": 1_00}), ("z", {"withdraw": False})):
        turned_away(ctx, ctx.register.press(key, order))
    ctx.check({"INFO"}, set(names(stand.seen)), "requests since power-on")


@case(
    "kz.register.start.never-initialised-stays",
    target="register-kz",
    clauses=["KZ-MD-03", "KZ-MD-09"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="A new register finds no OFD; the transaction time and two reconnect intervals pass; then "
    "the OFD is there.",
    expectation="It stays in START and sells nothing, tries INFO again, and is ONLINE at the first good "
    "answer.",
)
def never_initialised(ctx: Context) -> None:
    """Without one good INFO a register knows neither shift nor sums."""
    register = ctx.register
    stand = register.begin(default=cut_after())
    register.comes("INFO")
    for _ in range(2):
        register.tick()
        register.comes("INFO again")
        ctx.check("START", register.state().mode, "mode")
        turned_away(ctx, register.press("sell", sale()))
    stand.forget_orders()
    register.recover(clause="KZ-MD-02")
    ctx.check({"INFO"}, set(names(stand.seen)), "requests since power-on")
    sell(ctx)


@case(
    "kz.register.start.initialised-goes-offline",
    target="register-kz",
    clauses=["KZ-MD-03"],
    requirements=["KZ-OFF-01"],
    needs=(*NEEDS, "processes"),
    tags=["slow"],
    description="A register that has worked is killed and started while nobody listens; a sale is made.",
    expectation="After the transaction time it is OFFLINE and sells autonomously; with the line the sale "
    "goes out.",
)
def initialised(ctx: Context) -> None:
    """Power comes back before the internet does."""
    register = ctx.register
    stand = register.ready()
    sell(ctx)
    stand.shut()
    ctx.processes.kill("register")
    ctx.processes.restart("register")
    register.tick(30)  # its INFO is under way
    in_mode(ctx, "OFFLINE")
    pressed = register.press("sell", sale(170_00))
    ctx.check("queued", pressed.outcome, "outcome of a sale", clause="KZ-MD-01")
    stand.rest()
    register.find_line()
    tickets = [seen for seen in stand.rest() if seen.name == "TICKET"]
    ctx.check(
        [170_00], [ticket_of(ctx, seen).total for seen in tickets], "tickets delivered", clause="KZ-OQ-4"
    )


@case(
    "kz.register.start.takes-open-shift",
    target="register-kz",
    clauses=["KZ-IN-01", "KZ-IN-02"],
    requirements=["KZ-NNT-01", "KZ-SHF-01"],
    needs=NEEDS,
    description="INFO answers an X of shift 37, open for an hour, with cash and non-nullable sums; a sale "
    "is made.",
    expectation="Shift, cash and sums are taken over; the sale bears shift 37.",
)
def takes_open_shift(ctx: Context) -> None:
    """A replaced register goes on where the old one stopped."""
    register = ctx.register
    opened = register.now() - timedelta(hours=1)
    totals: Sums = {SOLD: 1_974_649_85, BOUGHT: 5_00}
    shift = ShiftCounters(37, opened, dict(totals), {})
    stand = register.ready(books={"counters": DeviceCounters(12_345_67, 36, totals, shift)})
    state = register.state()
    ctx.check((True, 37), (state.told("shift.open"), state.told("shift.number")), "shift")
    ctx.check(opened.isoformat(), state.told("shift.opened"), "open since", clause="KZ-ZR-16")
    ctx.check(12_345_67, state.told("cash"), "cash", clause="KZ-ZR-13")
    sums = state.told("non_nullable")
    ctx.check((1_974_649_85, 5_00), (sums["SELL"], sums["BUY"]), "non-nullable sums", clause="KZ-ZR-15")
    sell(ctx)
    ctx.check(37, ticket_of(ctx, stand.next()).shift_number, "shift of the sale", clause="KZ-ZR-2")


CLOSED = {"closed": (True, 38), "not-closed": (False, 37)}


@family(
    "kz.register.start.shift-after-z.{key}",
    rows=CLOSED,
    target="register-kz",
    clauses=["KZ-IN-01", "KZ-IN-02"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="INFO answers a Z of shift 37 that is {key}: with, or without close_shift_time; a sale is "
    "made.",
    expectation=lambda row: f"The sale opens shift {row[1]}.",
)
def shift_after_z(ctx: Context, row: tuple[bool, int]) -> None:
    """A fresh device is told shift 1 without a time of closing, and begins with 1."""
    closed, number = row
    register = ctx.register
    time = register.now() - timedelta(hours=2)
    report = ReportData(time, 37, cash=50_00, closed=time if closed else None)
    counters = DeviceCounters(50_00, 37 if closed else 36, {})
    stand = register.ready(books={"last_z": report, "counters": counters})
    ctx.check((False, number), _shift(ctx), "shift open, its number")
    sell(ctx)
    ctx.check(number, ticket_of(ctx, stand.next()).shift_number, "shift of the sale", clause="KZ-ZR-2")
    ctx.check((True, number), _shift(ctx), "shift open, its number")


def _shift(ctx: Context) -> tuple[bool, int]:
    state = ctx.register.state()
    return state.told("shift.open"), state.told("shift.number")


@case(
    "kz.register.start.non-nullable-only-upwards",
    target="register-kz",
    clauses=["KZ-IN-02", "KZ-ZR-15"],
    requirements=["KZ-NNT-01"],
    needs=NEEDS,
    description="A register that has sold for 700.00 asks INFO again and is told 300.00.",
    expectation="Its non-nullable sum of sales is 700.00 still.",
)
def only_upwards(ctx: Context) -> None:
    """Sums that never reset never shrink, whatever the OFD says."""
    stand = ctx.register.ready()
    sell(ctx, 700_00)
    counters = stand.books.counters
    stand.books.counters = DeviceCounters(counters.cash, 0, {SOLD: 300_00}, counters.shift)
    done(ctx, ctx.register.press("info"))
    ctx.check(700_00, ctx.register.state().told("non_nullable")["SELL"], "non-nullable sum of sales")


@family(
    "kz.register.start.clock-before-{key}",
    rows={"opening": True, "closing": False},
    target="register-kz",
    clauses=["KZ-IN-02"],
    requirements=["KZ-SHF-01"],
    needs=NEEDS,
    description="INFO answers a shift whose {key} lies ten minutes after the register's own clock; a sale "
    "is tried.",
    expectation="The register refuses to work, and no document reaches the OFD.",
)
def clock_before(ctx: Context, opening: bool) -> None:
    """A register whose clock was set back would write times that never were."""
    register = ctx.register
    later = register.now() + timedelta(minutes=10)
    books = (
        {"counters": DeviceCounters(0, 4, {}, ShiftCounters(5, later, {}, {}))}
        if opening
        else {"last_z": ReportData(later, 4, closed=later), "counters": DeviceCounters(0, 4, {})}
    )
    stand = register.begin(books=books)
    stand.next("INFO")
    register.press("pulse")
    turned_away(ctx, register.press("sell", sale()))
    ctx.check({"INFO"}, set(names(stand.seen)), "requests")


CODES = {
    1: "HALTED",
    2: "TOKEN_INVALID",
    3: "HALTED",
    4: "HALTED",
    5: "HALTED",
    6: "HALTED",
    13: "HALTED",
    15: "SERVER_BLOCKED",
}


@family(
    "kz.register.start.code-{key}",
    rows={str(code): (code, mode) for code, mode in CODES.items()},
    target="register-kz",
    clauses=lambda row: [
        f"KZ-RC-{row[0]}",
        "KZ-MD-04" if row[0] == 15 else "KZ-MD-05" if row[0] == 2 else "KZ-MD-06",
    ],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="The first INFO is answered with code {key}; a sale is tried.",
    expectation=lambda row: f"The register is {row[1]} and refuses the sale.",
)
def code_at_start(ctx: Context, row: tuple[int, str]) -> None:
    """A refused INFO is as bad as a refused document."""
    code, mode = row
    stand = ctx.register.begin(default=refuse(code))
    stand.next("INFO")
    in_mode(ctx, mode)
    turned_away(ctx, ctx.register.press("sell", sale()))
    ctx.check([], [seen.name for seen in stand.rest() if seen.name == "TICKET"], "documents sent")


@case(
    "kz.register.start.unavailable-then-good",
    target="register-kz",
    clauses=["KZ-RC-254", "KZ-MD-03"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="The first INFO is answered with 254, the same one repeated with 0.",
    expectation="The repeat has the same TOKEN and REQNUM; the register is ONLINE.",
)
def unavailable_then_good(ctx: Context) -> None:
    """254 is no answer."""
    register = ctx.register
    stand = register.begin(default=refuse(254))
    first = stand.next("INFO")
    again = register.comes("the repeat")
    ctx.check((first.name, first.pair), (again.name, again.pair), "the repeat", clause="KZ-TK-2")
    stand.forget_orders()
    register.recover(clause="KZ-MD-02")


@case(
    "kz.register.start.ads-kept",
    target="register-kz",
    clauses=["KZ-IN-04", "KZ-SV-05"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="INFO brings two ads; a sale is made.",
    expectation="The register shows both, and tells their versions in its next request.",
)
def ads_kept(ctx: Context) -> None:
    """So the OFD sends an ad once, and not with every answer."""
    stand = ctx.register.ready()
    shown = {(ad["type"], ad["version"], ad["text"]) for ad in ctx.register.state().told("ads")}
    ctx.check({(ad.type, ad.version, ad.text) for ad in ADS}, shown, "ads it shows")
    sell(ctx)
    ctx.check({ad.type: ad.version for ad in ADS}, held_ads(stand.next().message), "versions it tells")


@case(
    "kz.register.start.no-token",
    target="register-kz",
    clauses=["KZ-RG-02", "KZ-TP-3"],
    requirements=["KZ-TOK-01"],
    needs=NEEDS,
    description="A register without a token is switched on, a sale is tried; then a token is typed in.",
    expectation="No request bears TOKEN 0 and nothing is sold; with the token it goes ONLINE and sells.",
)
def no_token(ctx: Context) -> None:
    """0 is never a token."""
    register = ctx.register
    stand = register.begin(token=0)
    turned_away(ctx, register.press("sell", sale()))
    ctx.check([], [seen.header.token for seen in stand.rest()], "TOKENs of what was sent")
    register.press("token", {"token": stand.books.token})
    in_mode(ctx, "ONLINE", clause="KZ-MD-11")
    sell(ctx)
    stays(ctx, "ONLINE")


@case(
    "kz.register.start.service-part",
    target="register-kz",
    clauses=["KZ-SV-01", "KZ-SV-02"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="A register that was never offline is switched on and sells.",
    expectation="INFO and TICKET carry reg_info of register and organisation, and a period that begins as "
    "it ends.",
)
def service_part(ctx: Context) -> None:
    """Always present since 2.0.1."""
    stand = ctx.register.ready()
    sell(ctx)
    for seen in stand.seen:
        said = seen.message.service.reg_info.kkm
        held = stand.books.registration
        ctx.check((held.rnm, held.serial), (said.fns_kkm_id, said.serial_number), f"reg_info of {seen.name}")
        period = seen.period
        ctx.check_that(
            period is not None, "a period", period, f"offline_period of {seen.name}", clause="KZ-SV-02"
        )
        if period is not None:
            ctx.check(period.begin, period.end, f"end of the period of {seen.name}", clause="KZ-SV-02")
