"""Power lost at every point: what was handed over is in the OFD exactly once (kz-ofd OQ-14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from conformance.cases import case, family
from conformance.context import Context
from conformance.control_client import ControlClientError
from conformance.drivers.kz_keys import Json, Pressed
from conformance.drivers.kz_register import sale
from conformance.drivers.ofd_orders import cut_after, silence
from conformance.suites.kz.register.queue import delivered, totals
from conformance.suites.kz.register.till import (
    KEYS,
    NEEDS,
    done,
    held,
    in_mode,
    offline_with_queue,
    queued,
    reach,
    sell,
)
from conformance.verdicts import AnswerMissing, TargetUnreachable
from reference.protocol.kz.dialects import Command

NEEDED: Final = (*NEEDS, "faults", "processes")
POINTS: Final = (
    "register.before-send",
    "register.after-send",
    "register.half-answer",
    "register.before-store",
    "register.after-store",
    "register.before-print",
)
"""Where a register of ours can be made to die; somebody else's names its own, or has none."""


def pressed_to_death(ctx: Context, key: str, order: Json) -> Pressed | None:
    """The outcome of a key, None when the register died over it."""
    pending = ctx.register.pressing(key, order)
    try:
        return ctx.register.outlast(pending)
    except (AnswerMissing, TargetUnreachable, ControlClientError):
        return None


def start_again(ctx: Context) -> None:
    """The register in its folder and at its port."""
    ctx.step("start the register again")
    ctx.processes.kill("register")
    ctx.processes.restart("register")


def printed(ctx: Context) -> list[Json]:
    """The register's own journal of tickets."""
    return [one for one in ctx.register.keys.documents(0, 1_000) if one.get("kind") == "ticket"]


def all_there(ctx: Context, handed: list[int]) -> None:
    """Every paper of the register is in the OFD once, those handed over among them, and no other."""
    found = totals(ctx)
    papers = [one["total"] for one in printed(ctx)]
    ctx.check(sorted(papers), sorted(total or 0 for total in found), "papers, and tickets in the OFD")
    lost = [total for total in handed if total not in found]
    ctx.check([], lost, "papers handed over that the OFD does not have")


class Row(NamedTuple):
    """Where power goes, how many passes of that point are let through before, and the bytes a write keeps."""

    point: str
    skip: int = 0
    kept: str = ""

    def lay(self, ctx: Context) -> None:
        """Lay the fault: a crash, or one in the middle of a write."""
        if self.kept:
            ctx.control.add_fault(self.point, "torn-crash", skip=self.skip, value=self.kept)
        else:
            ctx.control.add_fault(self.point, "crash", skip=self.skip)


def _rows() -> Iterator[tuple[str, Row]]:
    for point in POINTS:
        name = point.removeprefix("register.")
        yield name, Row(point)
        if point == "register.after-store":
            yield f"{name}-second", Row(point, 1)
    yield "torn-write", Row("journal.write", kept="20")
    yield "torn-write-second", Row("journal.write", 1, "1")


@family(
    "kz.register.power.online.{key}",
    rows=dict(_rows()),
    target="register-kz",
    clauses=["KZ-OQ-14", "KZ-TK-2", "KZ-TK-D1"],
    requirements=["KZ-PRT-03", "KZ-OFF-01"],
    needs=NEEDED,
    tags=["slow"],
    description="ONLINE, power is lost over a sale: {key}. It comes back, and another sale is made.",
    expectation="Paper and OFD agree: a sale that the OFD has counted is in the register's journal, and "
    "none is there twice; no code 2, 8 or 9 is ever met.",
)
def online(ctx: Context, row: Row) -> None:
    """Written before sending, so that the same pair can be repeated."""
    register = ctx.register
    register.ready()
    sell(ctx, 1_00)
    row.lay(ctx)
    over = pressed_to_death(ctx, "sell", sale(2_00))
    start_again(ctx)
    register.recover()
    sell(ctx, 3_00)
    handed = [1_00, 3_00, *([2_00] if over is not None else [])]
    all_there(ctx, handed)
    wrong = [seen.code for seen in register.stand.seen if seen.code]
    ctx.check([], wrong, "codes other than 0", clause="KZ-TK-2")


@family(
    "kz.register.power.offline.{key}",
    rows={
        "before-store": Row("register.before-store"),
        "before-print": Row("register.before-print"),
        "torn-write": Row("journal.write", kept="30"),
    },
    target="register-kz",
    clauses=["KZ-OQ-14", "KZ-OQ-4"],
    requirements=["KZ-OFF-01"],
    needs=NEEDED,
    tags=["slow"],
    description="OFFLINE with two sales held, power is lost over a third: {key}. It comes back, the line "
    "too.",
    expectation="The two are delivered; the third is if it is in the register's journal, and is not "
    "otherwise.",
)
def offline_sale(ctx: Context, row: Row) -> None:
    """A queue is worth nothing in memory."""
    register = ctx.register
    sold = offline_with_queue(ctx, 1)
    row.lay(ctx)
    over = pressed_to_death(ctx, "sell", sale(777_00))
    ctx.check(None, over, "answer of the register that died")
    start_again(ctx)
    register.find_line()
    all_there(ctx, [pressed.told("total") for pressed in sold])


@family(
    "kz.register.power.flush.{key}",
    rows={
        "after-send": "register.after-send",
        "before-store": "register.before-store",
        "after-store": "register.after-store",
    },
    target="register-kz",
    clauses=["KZ-OQ-14", "KZ-OQ-4", "KZ-TK-D1"],
    requirements=["KZ-OFF-01", "KZ-PRT-03"],
    needs=NEEDED,
    tags=["slow"],
    description="Five sales are held; while they leave power is lost at the third: {key}. It comes back.",
    expectation="All five are in the OFD once, in order.",
)
def flush(ctx: Context, point: str) -> None:
    """The head of the queue was sent, or was it not?"""
    register = ctx.register
    sold = offline_with_queue(ctx, 4)
    ctx.control.add_fault(point, "crash", skip=2)
    register.stand.open()
    register.tick()
    register.until("the register died", lambda: not ctx.processes.alive("register"))
    start_again(ctx)
    register.recover()
    delivered(ctx, sold)


@case(
    "kz.register.power.kill-with-a-queue",
    target="register-kz",
    clauses=["KZ-OQ-14"],
    requirements=["KZ-OFF-01"],
    needs=(*NEEDS, "processes"),
    tags=["slow"],
    description="With 20 documents of every kind held the register is killed with -9, twice.",
    expectation="Queue, packet in flight, token, REQNUM, start of the spell, drawer and shift are as "
    "before; all is delivered in order.",
)
def killed(ctx: Context) -> None:
    """kill -9 is what a cable pulled out is."""
    register = ctx.register
    sold = offline_with_queue(ctx, 11)
    for key in ("deposit", "x", "withdraw", "deposit", "x", "z", "deposit", "z"):
        queued(ctx, register.press(key, KEYS[key]))
    before = register.state()
    for _ in range(2):
        start_again(ctx)
        in_mode(ctx, "OFFLINE")
        after = register.state()
        for what in ("queue", "in_flight", "reqnum", "offline_since", "cash", "shift.number", "non_nullable"):
            ctx.check(before.told(what), after.told(what), what)
    register.find_line()
    delivered(ctx, sold)
    ctx.check(0, held(ctx), "documents kept")


@case(
    "kz.register.power.in-flight-repeated",
    target="register-kz",
    clauses=["KZ-OQ-14", "KZ-TK-2", "KZ-TP-1"],
    requirements=["KZ-PRT-03"],
    needs=(*NEEDS, "processes"),
    tags=["slow"],
    description="The OFD has counted a sale and is silent; the register is killed and started.",
    expectation="The old pair comes before INFO and everything else; one ticket in the OFD, one paper, no "
    "code 2.",
)
def in_flight(ctx: Context) -> None:
    """The trap of the protocol, with power lost in the middle of it."""
    register = ctx.register
    stand = register.ready()
    stand.order(silence(counted=True))
    register.pressing("sell", sale(5_00))
    first = stand.next("the sale")
    start_again(ctx)
    again = register.comes("the first request after the restart")
    ctx.check(
        (first.name, first.pair),
        (again.name, again.pair),
        "first request after the restart",
        clause="KZ-TP-1",
    )
    register.recover()
    ctx.check([5_00], totals(ctx), "tickets in the OFD", clause="KZ-TK-D1")
    ctx.check([5_00], [one["total"] for one in printed(ctx)], "papers in the register's journal")
    sell(ctx)


@case(
    "kz.register.power.reqnum-goes-on",
    target="register-kz",
    clauses=["KZ-OQ-14", "KZ-TK-1"],
    requirements=["KZ-PRT-03"],
    needs=(*NEEDS, "processes"),
    tags=["slow"],
    description="Three times a sale is made and the register killed and started.",
    expectation="REQNUM only grows, the token is the last one, every sale is counted once.",
)
def reqnum_goes_on(ctx: Context) -> None:
    """Nothing begins anew."""
    register = ctx.register
    stand = register.ready()
    for place in range(3):
        sell(ctx, 1_00 + place)
        start_again(ctx)
        register.recover()
    numbers = [seen.header.reqnum for seen in stand.seen]
    ctx.check(sorted(numbers), numbers, "REQNUMs in order")
    ctx.check([1_00 + place for place in range(3)], totals(ctx), "tickets in the OFD")
    ctx.check([], [seen.code for seen in stand.seen if seen.code], "codes other than 0")


@case(
    "kz.register.power.modes-kept",
    target="register-kz",
    clauses=["KZ-OQ-14", "KZ-S-6.2"],
    requirements=["KZ-PRT-04"],
    needs=(*NEEDS, "processes"),
    tags=["slow"],
    description="A register whose queue is blocked is killed and started.",
    expectation="It sends no document and takes none until a person has removed the message.",
)
def modes_kept(ctx: Context) -> None:
    """Switching off and on removes no message."""
    register = reach(ctx, "QUEUE_BLOCKED")
    stand = register.stand
    kept = held(ctx)
    start_again(ctx)
    register.press("pulse")
    ctx.check(kept, held(ctx), "documents kept")
    sent = [seen.name for seen in stand.rest() if seen.command in (Command.TICKET, Command.MONEY_PLACEMENT)]
    ctx.check([], sent, "documents sent")
    ctx.check("refused", register.press("sell", sale()).outcome, "outcome of a sale", clause="KZ-MD-01")
    done(ctx, register.press("remove-head"))
    register.recover()
    sell(ctx)


@case(
    "kz.register.power.while-typing-a-token",
    target="register-kz",
    clauses=["KZ-OQ-14", "KZ-MD-11"],
    requirements=["KZ-TOK-01"],
    needs=(*NEEDS, "processes"),
    tags=["slow"],
    description="A new token is typed in, INFO gets no answer, power is lost.",
    expectation="The register knows the token after the restart, and is ONLINE with the line.",
)
def typing(ctx: Context) -> None:
    """Nobody types it twice."""
    register = reach(ctx, "TOKEN_INVALID")
    stand = register.stand
    stand.default = cut_after()
    register.pressing("token", {"token": stand.books.issued})
    register.comes("INFO")
    start_again(ctx)
    stand.forget_orders()
    register.recover()
    sell(ctx)
