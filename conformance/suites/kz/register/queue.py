"""Working without the OFD: what an autonomous document carries, and how the queue leaves (kz-ofd §7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from conformance.cases import case
from conformance.context import Context
from conformance.drivers.kz_keys import Pressed
from conformance.drivers.kz_register import sale
from conformance.drivers.ofd_orders import accept, cut_after, silence
from conformance.drivers.ofd_stand import Seen
from conformance.suites.kz.register.till import (
    KEYS,
    NEEDS,
    documents,
    done,
    held,
    in_mode,
    names,
    offline,
    offline_with_queue,
    queued,
    sell,
    ticket_of,
)
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.tickets import Ticket

MANY: Final = 500


def totals(ctx: Context) -> list[int | None]:
    """Totals of the tickets in the OFD's books, in order."""
    booked = [each.document for each in ctx.register.stand.books.booked]
    return [document.total for document in booked if isinstance(document, Ticket)]


def delivered(ctx: Context, sold: list[Pressed], *, clause: str = "KZ-OQ-4") -> None:
    """Each of these sales is in the OFD once, in this order, and nothing else."""
    ctx.check([pressed.told("total") for pressed in sold], totals(ctx), "tickets in the OFD", clause=clause)


def delivery(ctx: Context) -> list[Seen]:
    """The line comes back; the documents and reports that then come, in order."""
    stand = ctx.register.stand
    stand.rest()
    ctx.register.find_line()
    return documents(stand.rest())


@case(
    "kz.register.queue.mixed-in-order",
    target="register-kz",
    clauses=["KZ-OQ-4", "KZ-OQ-10"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Offline: sales, deposit, X, withdrawal, Z, a sale of the next shift; then the line is back.",
    expectation="All leave in the order of origin, one at a time, each once, before anything new.",
)
def mixed(ctx: Context) -> None:
    """Strictly in the order of origin."""
    register = ctx.register
    offline(ctx)
    for key in ("sell", "deposit", "x", "withdraw", "sell", "z", "sell"):
        queued(ctx, register.press(key, KEYS[key]))
    wanted = [
        "TICKET",
        "TICKET",
        "MONEY_PLACEMENT",
        "REPORT",
        "MONEY_PLACEMENT",
        "TICKET",
        "CLOSE_SHIFT",
        "TICKET",
    ]
    sent = delivery(ctx)
    ctx.check(wanted, names(sent), "documents as they came")
    shifts = [getattr(seen.document, "shift_number", None) for seen in sent if seen.name == "TICKET"]
    ctx.check([1, 1, 1, 2], shifts, "shifts of the tickets", clause="KZ-S-8.1")
    ctx.check(0, held(ctx), "documents kept")


@case(
    "kz.register.queue.five-hundred",
    target="register-kz",
    clauses=["KZ-OQ-4", "KZ-OQ-8"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    tags=["slow"],
    description="500 sales are made offline; the line comes back, breaks in the middle, and comes back "
    "again.",
    expectation="All 501 tickets are in the OFD, in order, without gap or double; then ONLINE.",
)
def five_hundred(ctx: Context) -> None:
    """A busy day without internet."""
    register = ctx.register
    sold = [offline(ctx)]
    for place in range(MANY):
        sold.append(queued(ctx, register.press("sell", sale(10_00 + place))))
    ctx.check(MANY + 1, held(ctx), "documents kept")
    stand = register.stand
    stand.order(*[accept()] * 200, cut_after(counted=True))
    stand.open()
    register.tick()
    for _ in range(4):
        register.until("all sent", lambda: register.state().mode == "ONLINE" or stand.waiting_orders == 0)
        register.tick()
    register.until("ONLINE", lambda: register.state().mode == "ONLINE", clause="KZ-MD-02")
    delivered(ctx, sold)
    numbers = [getattr(each.document, "offline_number", None) for each in stand.books.booked]
    ctx.check(MANY + 1, len(set(numbers)), "different offline numbers", clause="KZ-OQ-2")


@case(
    "kz.register.queue.new-ones-to-the-tail",
    target="register-kz",
    clauses=["KZ-OQ-5"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="While the queue leaves, the OFD holds an answer back; a sale, an X and a closing are made.",
    expectation="They are autonomous too and leave last, in their order.",
)
def to_the_tail(ctx: Context) -> None:
    """Though the line is up."""
    register = ctx.register
    sold = offline_with_queue(ctx, 2)
    stand = register.stand
    stand.order(accept().only(Command.TICKET), silence(counted=True).only(Command.TICKET))
    stand.rest()
    stand.open()
    register.tick()
    register.until("two were sent", lambda: stand.waiting_orders == 0)
    late = queued(ctx, register.press("sell", sale(777_00)), clause="KZ-OQ-5")
    queued(ctx, register.press("x"), clause="KZ-OQ-5")
    queued(ctx, register.press("z", {"withdraw": False}), clause="KZ-OQ-5")
    stand.drop()
    ctx.clock.advance(10)
    register.recover(clause="KZ-MD-02")
    delivered(ctx, [*sold, late], clause="KZ-OQ-5")
    last = [seen.name for seen in documents(stand.rest())][-3:]
    ctx.check(["TICKET", "REPORT", "CLOSE_SHIFT"], last, "what came last")


@case(
    "kz.register.queue.ping-before-the-head",
    target="register-kz",
    clauses=["KZ-OQ-3", "KZ-MD-09"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="A register goes offline over a ping or a service key, with no packet in flight, and "
    "queues a sale; then the line is back.",
    expectation="SYSTEM with an offline_period comes before the queue.",
)
def ping_first(ctx: Context) -> None:
    """Without an in-flight packet the KKM pings."""
    register = ctx.register
    stand = offline_by_service(ctx)
    pressed = queued(ctx, register.press("sell", sale(55_00)))
    stand.rest()
    register.find_line()
    came = stand.rest()
    ctx.check(["SYSTEM", "TICKET"], names(came)[:2], "what came first")
    ctx.check(True, came[0].period is not None, "offline_period of SYSTEM")
    delivered(ctx, [pressed])


def offline_by_service(ctx: Context) -> Any:
    """OFFLINE with an empty queue and nothing in flight: an INFO that nobody answered."""
    register = ctx.register
    stand = register.ready()
    stand.shut()
    register.outlast(register.pressing("info"))
    in_mode(ctx, "OFFLINE")
    ctx.check(None, register.state().told("in_flight"), "packet in flight")
    return stand


@case(
    "kz.register.queue.counters-from-info",
    target="register-kz",
    clauses=["KZ-OQ-13", "KZ-MD-02"],
    requirements=["KZ-OFF-01", "KZ-NNT-01"],
    needs=NEEDS,
    description="Sales wait; meanwhile the OFD's drawer is corrected by 7.00; the queue leaves.",
    expectation="INFO follows the queue, and the register's cash is the OFD's.",
)
def counters_from_info(ctx: Context) -> None:
    """Set from COMMAND_INFO when the queue is empty, and not before."""
    register = ctx.register
    offline_with_queue(ctx, 1)
    stand = register.stand
    counters = stand.books.counters
    stand.books.counters = type(counters)(
        counters.cash + 7_00, counters.last_shift, counters.totals, counters.shift
    )
    stand.rest()
    register.find_line()
    ctx.check("INFO", names(stand.rest())[-1], "what came last")
    ctx.check(stand.books.counters.cash, register.state().told("cash"), "cash")


@case(
    "kz.register.queue.counters-not-before",
    target="register-kz",
    clauses=["KZ-S-3.3", "KZ-OQ-13"],
    requirements=["KZ-OFF-01", "KZ-NNT-01"],
    needs=(*NEEDS, "processes"),
    tags=["slow"],
    description="Offline with two sales waiting the register is killed and started; INFO is answered with "
    "the OFD's older sums, the queue is held up.",
    expectation="The register's own cash and sums stay until the queue is delivered.",
)
def counters_not_before(ctx: Context) -> None:
    """While the offline queue is not empty the counters are not taken over."""
    register = ctx.register
    stand = offline_by_service(ctx)
    sold = [queued(ctx, register.press("sell", sale(total))) for total in (2_00, 3_00)]
    before = register.state()
    ctx.processes.kill("register")
    stand.default = cut_after()
    stand.order(accept().only(Command.INFO))
    stand.rest()
    stand.open()
    ctx.processes.restart("register")
    register.until("INFO was answered", lambda: stand.waiting_orders == 0, clause="KZ-CM-5")
    ctx.clock.advance(10)
    register.press("pulse")
    after = register.state()
    for what in ("cash", "non_nullable"):
        ctx.check(before.told(what), after.told(what), what)
    stand.forget_orders()
    register.recover()
    delivered(ctx, sold)


@case(
    "kz.register.queue.offline-z-server-decides",
    target="register-kz",
    clauses=["KZ-OQ-10", "KZ-S-8.2"],
    requirements=["KZ-OFF-01", "KZ-SHF-01"],
    needs=NEEDS,
    description="A shift is closed offline; the OFD's Z says 3.00 more in the drawer.",
    expectation="The register prints its own Z at once; after delivery its cash is that of the OFD's Z.",
)
def offline_z(ctx: Context) -> None:
    """The Z of the server's answer is authoritative."""
    register = ctx.register
    stand = register.ready()
    sell(ctx, 400_00)
    register.lose_line(sale(100_00))
    pressed = queued(ctx, register.press("z", {"withdraw": False}))
    report = pressed.told("report")
    ctx.check(
        (500_00, 500_00),
        (report["cash"], report["revenue"]),
        "cash and revenue of its own Z",
        clause="KZ-ZR-13",
    )
    counters = stand.books.counters
    stand.books.counters = type(counters)(
        counters.cash + 3_00, counters.last_shift, counters.totals, counters.shift
    )
    register.find_line()
    ctx.check(503_00, register.state().told("cash"), "cash after the delivery")
    ctx.check(2, register.state().told("shift.number"), "shift to come", clause="KZ-S-8.1")


@case(
    "kz.register.queue.one-at-a-time",
    target="register-kz",
    clauses=["KZ-OQ-4"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Five sales wait; the OFD keeps silent at the third.",
    expectation="The fourth is not sent before the third has its code 0.",
)
def one_at_a_time(ctx: Context) -> None:
    """One message at a time, each needing code 0."""
    sold = offline_with_queue(ctx, 4)
    register = ctx.register
    stand = register.stand
    stand.rest()
    stand.order(*[accept().only(Command.TICKET)] * 2, silence().only(Command.TICKET))
    stand.open()
    register.tick()
    register.until("the third was sent", lambda: stand.waiting_orders == 0)
    ctx.clock.advance(1)
    tickets = [ticket_of(ctx, seen).total for seen in documents(stand.rest())]
    ctx.check([one.told("total") for one in sold[:3]], tickets, "tickets sent so far")
    stand.drop()
    ctx.clock.advance(10)
    register.recover()
    delivered(ctx, sold)


@case(
    "kz.register.queue.flapping-line",
    target="register-kz",
    clauses=["KZ-OQ-3", "KZ-OQ-4", "KZ-TK-D1"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Eight sales wait; every second answer is lost after counting.",
    expectation="Each ticket is in the OFD once, in order.",
)
def flapping(ctx: Context) -> None:
    """Queued messages are repeated as packets, not as new ones."""
    sold = offline_with_queue(ctx, 7)
    register = ctx.register
    stand = register.stand
    stand.order(*[accept().only(Command.TICKET), cut_after(counted=True).only(Command.TICKET)] * 4)
    stand.open()
    for _ in range(30):
        register.tick()
        register.press("pulse")
        if register.state().mode == "ONLINE":
            break
    in_mode(ctx, "ONLINE")
    delivered(ctx, sold)


@case(
    "kz.register.queue.back-online",
    target="register-kz",
    clauses=["KZ-MD-02", "KZ-H72-02"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="After a delivery a sale is made; the register goes offline again a day later.",
    expectation="The sale is online with the OFD's sign; the second spell has a begin of its own.",
)
def back_online(ctx: Context) -> None:
    """The offline clock is cleared."""
    register = ctx.register
    offline(ctx)
    register.find_line()
    ctx.check(None, register.state().told("offline_since"), "offline since", clause="KZ-H72-02")
    pressed = sell(ctx)
    ctx.check(False, pressed.told("autonomous"), "autonomous")
    ctx.check(register.stand.books.booked[-1].sign, pressed.told("sign"), "sign")
    done(ctx, register.press("z", {"withdraw": False}))
    ctx.clock.advance(86_400)
    begun = register.now()
    register.lose_line()
    since = iso(register.state().told("offline_since"))
    ctx.check_that(
        abs((since - begun).total_seconds()) <= 20, f"{begun}", since, "offline since", clause="KZ-H72-01"
    )


def iso(text: str) -> datetime:
    """A time that the register tells."""
    return datetime.fromisoformat(text)
