"""An answer that does not come: the same packet again, then OFFLINE with it in flight (kz-ofd §4.1, §7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_keys import Json
from conformance.drivers.kz_register import DEFAULT_VERSION, TRANSACTION, sale
from conformance.drivers.ofd_orders import Order, cut_after, cut_before, half, silence
from conformance.drivers.ofd_stand import Seen
from conformance.suites.kz.register.till import (
    BY_KEYS,
    COMMAND_OF,
    KEYS,
    NEEDS,
    done,
    held,
    in_mode,
    names,
    queued,
    repeats,
    sell,
    ticket_of,
)
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.tickets import Ticket

LOSSES: Final[dict[str, Order]] = {
    "silence": silence(),
    "silence-counted": silence(counted=True),
    "cut-before": cut_before(),
    "cut-after": cut_after(),
    "cut-after-counted": cut_after(counted=True),
    "half": half(9),
    "half-body": half(25),
}
"""Ways in which an answer does not come, by when the line broke and whether the OFD had counted."""
DOCUMENT_KEYS: Final = ("sell", "deposit", "withdraw", "x", "z")
SERVICE_KEYS: Final[dict[str, Json]] = {
    "info": {},
    "nomenclature": {},
    "auth": {"login": "kassir", "password": "Kassir-1"},
}


class Row(NamedTuple):
    """A key pressed while the line fails like this; `version` because some keys belong to old ones."""

    key: str
    loss: Order
    version: int = 203

    @property
    def clause(self) -> str:
        """The command's row."""
        return f"KZ-CM-{COMMAND_OF[self.key].value}"


def _rows() -> Iterator[tuple[str, Row]]:
    for name, loss in LOSSES.items():
        for key in DOCUMENT_KEYS:
            yield f"{key}-{name}", Row(key, loss)
    for key in SERVICE_KEYS:
        yield f"{key}-silence", Row(key, silence())
        yield f"{key}-cut-after", Row(key, cut_after())
    yield "cancel-cut-after", Row("cancel", cut_after(counted=True), 202)


@family(
    "kz.register.retry.once.{key}",
    rows=dict(_rows()),
    target="register-kz",
    clauses=lambda row: ["KZ-TK-2", "KZ-MD-03", row.clause],
    requirements=["KZ-PRT-03"],
    needs=lambda row: BY_KEYS if row.version == DEFAULT_VERSION else NEEDS,
    description="That key is pressed and that is what becomes of the line once, then the OFD answers: {key}.",
    expectation="The same packet comes again within the transaction time, same TOKEN and REQNUM; the key "
    "is done and the OFD has it once.",
)
def once(ctx: Context, row: Row) -> None:
    """Repeat the old pair before anything else, ping included."""
    register = ctx.register
    stand = register.ready(version=row.version)
    done(ctx, register.press("deposit", {"sum": 1_000_00}))
    sell(ctx)
    stand.rest()
    booked = len(stand.books.booked)
    stand.order(row.loss)
    order = {**KEYS, **SERVICE_KEYS}.get(row.key, {})
    pressed = register.outlast(register.pressing(row.key, order), seconds=TRANSACTION, step=0.5)
    done(ctx, pressed)
    tries = stand.rest()
    wanted = COMMAND_OF[row.key].name
    ctx.check([wanted], sorted({seen.name for seen in tries}), "commands that came")
    ctx.check(1, len({seen.pair for seen in tries}), "different pairs of TOKEN and REQNUM")
    counted = wanted in ("TICKET", "MONEY_PLACEMENT", "CLOSE_SHIFT")
    ctx.check(booked + counted, len(stand.books.booked), "documents in the OFD", clause="KZ-TK-D1")
    in_mode(ctx, "ONLINE")
    sell(ctx)
    ctx.check("D6", stand.next().row, "row of §4.2 of the next sale", clause="KZ-TK-1")


@family(
    "kz.register.retry.to-the-end.{key}",
    rows={key: key for key in DOCUMENT_KEYS},
    target="register-kz",
    clauses=["KZ-MD-03", "KZ-OQ-1", "KZ-OQ-3"],
    requirements=["KZ-PRT-03", "KZ-OFF-01"],
    needs=NEEDS,
    description="No answer to {key} for the whole transaction time; a minute later the OFD answers.",
    expectation="OFFLINE after the transaction time and not before; the packet is kept with TOKEN and "
    "REQNUM, and is the first to leave, with a period that goes on.",
)
def to_the_end(ctx: Context, key: str) -> None:
    """The in-flight packet."""
    ctx.clock.stand()
    register = ctx.register
    stand = register.ready()
    done(ctx, register.press("deposit", {"sum": 1_000_00}))
    stand.rest()
    stand.default = silence()
    pending = register.pressing(key, KEYS[key])
    first = register.comes("the packet", step=0.5)
    ctx.clock.advance(TRANSACTION - 1.5)
    ctx.check(False, pending.done(0.1), "whether it gave up before the transaction time", clause="KZ-MD-03")
    queued(ctx, register.outlast(pending, seconds=3 * TRANSACTION), clause="KZ-OQ-1")
    in_mode(ctx, "OFFLINE")
    packet = register.state().told("in_flight") or {"reqnum": None}
    ctx.check(first.header.reqnum, packet["reqnum"], "REQNUM of the packet in flight")
    stand.forget_orders()
    stand.rest()
    register.tick()
    again = stand.next("the packet in flight")
    repeats(ctx, first, again, clause="KZ-OQ-3")
    _marked(ctx, again)
    in_mode(ctx, "ONLINE", clause="KZ-MD-02")
    ctx.check(0, held(ctx), "documents kept")


def _marked(ctx: Context, seen: Seen) -> None:
    """A packet that is sent again after the transaction time says so in its period."""
    period = seen.period
    ctx.check_that(
        period is not None and period.end > period.begin,
        "an end after the begin",
        period,
        "period",
        clause="KZ-OQ-3",
    )


@case(
    "kz.register.retry.ticket-gets-autonomous-sign",
    target="register-kz",
    clauses=["KZ-OQ-2", "KZ-OQ-3"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="No answer to a sale for the whole transaction time; a minute later the OFD answers.",
    expectation="It is printed with an autonomous sign, and its repeat carries that offline_ticket_number.",
)
def autonomous_sign(ctx: Context) -> None:
    """The customer has to get a paper; the check page must find it by what stands there."""
    register = ctx.register
    stand = register.ready()
    stand.default = silence(counted=True)
    pressed = queued(ctx, register.outlast(register.pressing("sell", sale())))
    ctx.check(True, pressed.told("autonomous"), "autonomous")
    number = pressed.told("offline_number")
    ctx.check(str(number), pressed.told("sign"), "sign on the paper", clause="KZ-QR-02")
    stand.rest()
    stand.forget_orders()
    register.tick()
    again = ticket_of(ctx, stand.next())
    ctx.check(number, again.offline_number, "offline_ticket_number of the repeat", clause="KZ-OQ-3")
    in_mode(ctx, "ONLINE")
    ctx.check(1, len(stand.books.booked), "tickets in the OFD", clause="KZ-TK-D1")


@case(
    "kz.register.retry.end-refreshed",
    target="register-kz",
    clauses=["KZ-OQ-3", "KZ-SV-02"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="A packet in flight is tried four times, a minute apart, without an answer.",
    expectation="Same TOKEN and REQNUM each time; the period's begin stays, its end is that of the attempt.",
)
def end_refreshed(ctx: Context) -> None:
    """Refreshed before every attempt."""
    register = ctx.register
    stand = register.ready()
    stand.default = cut_after()
    queued(ctx, register.outlast(register.pressing("sell", sale())))
    stand.rest()
    begins, ends = set(), []
    for _ in range(4):
        register.tick()
        seen = register.comes("the packet", step=1)
        ctx.check("TICKET", seen.name, "what is tried")
        ctx.check_that(seen.period is not None, "a period", seen.period, "offline_period")
        if seen.period is not None:
            begins.add(seen.period.begin)
            ends.append(seen.period.end)
            moment = register.now()
            behind = abs((_as_time(seen.period.end) - moment).total_seconds())
            ctx.check_that(behind <= 10, f"{moment}", seen.period.end, "end of the period")
        ctx.clock.advance(10)
        register.press("pulse")  # the interval begins when it has seen that its transaction is over
        stand.rest()
    ctx.check(1, len(begins), "different begins")
    ctx.check(4, len(set(ends)), "different ends")


def _as_time(figures: tuple[int, ...]) -> datetime:
    year, month, day, hour, minute, second = figures
    return datetime(year, month, day, hour, minute, second)


@case(
    "kz.register.retry.body-may-differ-pair-may-not",
    target="register-kz",
    clauses=["KZ-TP-1", "KZ-TP-2", "KZ-TK-D1"],
    requirements=["KZ-PRT-03"],
    needs=NEEDS,
    description="The OFD counts a sale, its answer is lost until the register is OFFLINE; two more sales "
    "are made; then the line is back.",
    expectation="The first request is the old pair, before any ping; three tickets stand in the OFD, each "
    "once.",
)
def lost_answer(ctx: Context) -> None:
    """The trap of the whole protocol."""
    register = ctx.register
    stand = register.ready()
    stand.order(cut_after(counted=True))
    stand.default = cut_after()
    queued(ctx, register.outlast(register.pressing("sell", sale(1_00))))
    for total in (2_00, 3_00):
        queued(ctx, register.press("sell", sale(total)))
    first = stand.rest()[0]
    stand.forget_orders()
    register.tick()
    again = register.comes("the packet")
    repeats(ctx, first, again)
    ctx.check("D1", again.row, "row of §4.2")
    in_mode(ctx, "ONLINE")
    totals = [each.document.total for each in stand.books.booked if isinstance(each.document, Ticket)]
    ctx.check([1_00, 2_00, 3_00], totals, "tickets in the OFD", clause="KZ-OQ-4")


@case(
    "kz.register.retry.no-line-at-all",
    target="register-kz",
    clauses=["KZ-MD-03", "KZ-OQ-1"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Nobody listens at the OFD's address; a sale is made.",
    expectation="After the transaction time it is autonomous, the register OFFLINE; with the line it goes "
    "out once.",
)
def no_line(ctx: Context) -> None:
    """The cable is out."""
    register = ctx.register
    stand = register.ready()
    pressed = register.lose_line(sale(123_45))
    in_mode(ctx, "OFFLINE")
    ctx.check(True, pressed.told("autonomous"), "autonomous", clause="KZ-OQ-2")
    register.find_line()
    totals = [each.document.total for each in stand.books.booked if isinstance(each.document, Ticket)]
    ctx.check([123_45], totals, "tickets in the OFD", clause="KZ-OQ-4")


@case(
    "kz.register.retry.connection-dropped-between",
    target="register-kz",
    clauses=["KZ-TK-2", "KZ-MD-03"],
    requirements=["KZ-PRT-03"],
    needs=BY_KEYS,
    description="A sale is first held in silence, then its connection is reset, then half an answer comes, "
    "then 254, then the whole answer.",
    expectation="One pair of TOKEN and REQNUM all the time; one ticket in the OFD.",
)
def every_way(ctx: Context) -> None:
    """All of it within the transaction time."""
    register = ctx.register
    stand = register.ready()
    stand.order(silence(counted=True), cut_after(), half(30))
    pending = register.pressing("sell", sale())
    register.comes("the first try", step=0.25)
    stand.drop()
    done(ctx, register.outlast(pending, step=0.25))
    tries = stand.rest()
    ctx.check({"TICKET"}, set(names(tries)), "commands")
    ctx.check(1, len({seen.pair for seen in tries}), "pairs")
    ctx.check(
        1, len([one for one in stand.books.booked if one.command == Command.TICKET]), "tickets in the OFD"
    )


@case(
    "kz.register.retry.silent-then-service-key",
    target="register-kz",
    clauses=["KZ-TP-1", "KZ-OQ-3"],
    requirements=["KZ-PRT-03"],
    needs=NEEDS,
    description="The OFD counts a sale and stays silent until the register is OFFLINE; then it answers and "
    "a person asks for INFO at once.",
    expectation="Whatever is sent, the old pair is sent before it.",
)
def before_service(ctx: Context) -> None:
    """A register must not even ping before."""
    register = ctx.register
    stand = register.ready()
    stand.order(silence(counted=True))
    stand.default = silence()
    queued(ctx, register.outlast(register.pressing("sell", sale())))
    first = stand.rest()[0]
    stand.forget_orders()
    pending = register.pressing("info")
    register.tick()
    register.outlast(pending, seconds=120)
    in_mode(ctx, "ONLINE")
    again = stand.rest()[0]
    repeats(ctx, first, again, clause="KZ-TP-1")
    ctx.check(1, len(stand.books.booked), "tickets in the OFD", clause="KZ-TK-D1")
