"""The cells of the table of modes: what happens in which mode (kz-ofd §6.2, §6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import RECONNECT, sale
from conformance.drivers.ofd_books import INFO_AD
from conformance.drivers.ofd_orders import Order, cut_after, refuse
from conformance.suites.kz.register.till import (
    KEYS,
    NEEDS,
    OFFLINE_LIMIT,
    done,
    held,
    in_mode,
    names,
    nothing_sent,
    queued,
    reach,
    sell,
    stays,
    turned_away,
)
from reference.protocol.kz.dialects import Command

REFUSING: Final = ("START", "OFFLINE_EXPIRED", "QUEUE_BLOCKED", "SERVER_BLOCKED", "TOKEN_INVALID", "HALTED")
POLLS: Final = {
    "START": {"INFO"},
    "OFFLINE_EXPIRED": {"TICKET", "SYSTEM"},
    "SERVER_BLOCKED": {"SYSTEM"},
}
"""What a mode may send by itself."""


class Asked(NamedTuple):
    """A document asked for in a mode."""

    mode: str
    key: str


def _asked() -> Iterator[tuple[str, Asked]]:
    for mode in REFUSING:
        for key in ("sell", "deposit", "x", "z"):
            yield f"{_word(mode)}-{key}", Asked(mode, key)


def _word(mode: str) -> str:
    return mode.lower().replace("_", "-")


@family(
    "kz.register.mode.no-document.{key}",
    rows=dict(_asked()),
    target="register-kz",
    clauses=["KZ-MD-01"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="In that mode that key is pressed: {key}.",
    expectation="The register refuses by itself and says why; nothing is sent and nothing kept, the mode "
    "stays.",
)
def no_document(ctx: Context, row: Asked) -> None:
    """Six modes take no document."""
    register = reach(ctx, row.mode)
    before = held(ctx)
    pressed = turned_away(ctx, register.press(row.key, KEYS[row.key]))
    if row.mode == "OFFLINE_EXPIRED":
        ctx.check("offline-limit", pressed.local, "local code", clause="KZ-H72-04")
    if row.mode == "SERVER_BLOCKED":
        ctx.check_that(
            INFO_AD.text in pressed.text, INFO_AD.text, pressed.text, "what it shows", clause="KZ-S-6.4"
        )
    ctx.check(before, held(ctx), "documents kept")
    came = {seen.name for seen in register.stand.rest()} - POLLS.get(row.mode, set())
    ctx.check(set(), came, "requests that came meanwhile")
    ctx.check(row.mode, register.state().mode, "mode")


@family(
    "kz.register.mode.document-{key}",
    rows={"online": ("ONLINE", "done"), "offline": ("OFFLINE", "queued")},
    target="register-kz",
    clauses=["KZ-MD-01"],
    requirements=["KZ-PRT-04", "KZ-OFF-01"],
    needs=NEEDS,
    description="A register that is {key} is asked for a sale, a deposit, a withdrawal, an X and a closing.",
    expectation=lambda row: (
        "Each is sent at once and done."
        if row[1] == "done"
        else "Each is queued at the tail, a ticket with an autonomous sign."
    ),
)
def documents_taken(ctx: Context, row: tuple[str, str]) -> None:
    """The two modes in which a shop sells."""
    mode, outcome = row
    register = reach(ctx, mode)
    for key in ("sell", "deposit", "withdraw", "x", "z"):
        before = held(ctx)
        pressed = register.press(key, KEYS[key])
        ctx.check(outcome, pressed.outcome, f"outcome of {key} ({pressed.shown})")
        ctx.check(before + (outcome == "queued"), held(ctx), f"documents kept after {key}", clause="KZ-OQ-4")
    ctx.check(mode, register.state().mode, "mode")
    sent = (
        [] if mode == "OFFLINE" else ["TICKET", "MONEY_PLACEMENT", "MONEY_PLACEMENT", "REPORT", "CLOSE_SHIFT"]
    )
    ctx.check(sent, names(register.stand.rest()), "requests")


@family(
    "kz.register.mode.silent.{key}",
    rows={"queue-blocked": "QUEUE_BLOCKED", "token-invalid": "TOKEN_INVALID", "halted": "HALTED"},
    target="register-kz",
    clauses=["KZ-S-6.2", "KZ-MD-09"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="Ten reconnect intervals pass in that mode: {key}.",
    expectation="The register sends nothing at all, and stays.",
)
def silent(ctx: Context, mode: str) -> None:
    """Only a person ends these."""
    register = reach(ctx, mode)
    for _ in range(10):
        register.tick()
    nothing_sent(ctx)
    ctx.check(mode, register.state().mode, "mode")


@case(
    "kz.register.mode.online-keeps-quiet",
    target="register-kz",
    clauses=["KZ-S-6.2"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="An hour passes in ONLINE without a key pressed.",
    expectation="No document comes; a ping at most, and the register stays ONLINE.",
)
def online_quiet(ctx: Context) -> None:
    """Nothing is made up."""
    register = reach(ctx, "ONLINE")
    ctx.clock.advance(3_600)
    nothing_sent(ctx, but=["SYSTEM", "INFO"])
    ctx.check("ONLINE", register.state().mode, "mode")


ANSWERS: Final[dict[str, tuple[str, Order, str]]] = {
    "server-blocked-ok": ("SERVER_BLOCKED", Order(), "ONLINE"),
    "server-blocked-15": ("SERVER_BLOCKED", refuse(15), "SERVER_BLOCKED"),
    "server-blocked-254": ("SERVER_BLOCKED", refuse(254), "SERVER_BLOCKED"),
    "server-blocked-cut": ("SERVER_BLOCKED", cut_after(), "SERVER_BLOCKED"),
    "server-blocked-2": ("SERVER_BLOCKED", refuse(2), "TOKEN_INVALID"),
    "server-blocked-1": ("SERVER_BLOCKED", refuse(1), "HALTED"),
    "server-blocked-3": ("SERVER_BLOCKED", refuse(3), "HALTED"),
    "server-blocked-13": ("SERVER_BLOCKED", refuse(13), "SERVER_BLOCKED"),
    "offline-254": ("OFFLINE", refuse(254), "OFFLINE"),
    "offline-cut": ("OFFLINE", cut_after(), "OFFLINE"),
    "offline-2": ("OFFLINE", refuse(2), "TOKEN_INVALID"),
    "offline-1": ("OFFLINE", refuse(1), "HALTED"),
    "offline-3": ("OFFLINE", refuse(3), "QUEUE_BLOCKED"),
    "offline-13": ("OFFLINE", refuse(13), "QUEUE_BLOCKED"),
    "offline-15": ("OFFLINE", refuse(15), "SERVER_BLOCKED"),
    "expired-254": ("OFFLINE_EXPIRED", refuse(254), "OFFLINE_EXPIRED"),
    "expired-cut": ("OFFLINE_EXPIRED", cut_after(), "OFFLINE_EXPIRED"),
    "expired-2": ("OFFLINE_EXPIRED", refuse(2), "TOKEN_INVALID"),
    "expired-1": ("OFFLINE_EXPIRED", refuse(1), "HALTED"),
    "expired-6": ("OFFLINE_EXPIRED", refuse(6), "QUEUE_BLOCKED"),
    "expired-14": ("OFFLINE_EXPIRED", refuse(14), "QUEUE_BLOCKED"),
    "expired-15": ("OFFLINE_EXPIRED", refuse(15), "SERVER_BLOCKED"),
    "expired-ok": ("OFFLINE_EXPIRED", Order(), "ONLINE"),
    "offline-ok": ("OFFLINE", Order(), "ONLINE"),
    "start-ok": ("START", Order(), "ONLINE"),
    "start-13": ("START", refuse(13), "HALTED"),
    "start-15": ("START", refuse(15), "SERVER_BLOCKED"),
}
"""Mode, what the next request of its own is answered with, mode after it."""


def _row_of(answer: tuple[str, Order, str]) -> str:
    _, order, _ = answer
    if order.code is None:
        return "KZ-MD-02" if order.counted else "KZ-MD-03"
    if order.code in (254, 255):
        return "KZ-MD-03"
    return {2: "KZ-MD-05", 15: "KZ-MD-04", 1: "KZ-MD-06", 3: "KZ-MD-06", 6: "KZ-MD-06"}.get(
        order.code, "KZ-MD-07"
    )


@family(
    "kz.register.mode.answer.{key}",
    rows=ANSWERS,
    target="register-kz",
    clauses=lambda row: [_row_of(row), "KZ-MD-09"],
    requirements=["KZ-PRT-04", "KZ-OFF-01"],
    needs=NEEDS,
    description=lambda row: (
        f"In {row[0]} the reconnect interval passes; what the register sends then is answered: {{key}}."
    ),
    expectation=lambda row: f"Mode {row[2]}; nothing held is lost.",
)
def answer_in_mode(ctx: Context, row: tuple[str, Order, str]) -> None:
    """One answer to what the register does by itself."""
    mode, order, after = row
    register = reach(ctx, mode)
    stand = register.stand
    kept = held(ctx)
    stand.books.blocked = 0
    stand.default = order
    stand.drop()
    stand.open()
    register.tick()
    register.comes("what the mode sends", seconds=2 * RECONNECT, step=RECONNECT / 2)
    ctx.clock.advance(10)
    in_mode(ctx, after)
    stays(ctx, after)
    wanted = 0 if after == "ONLINE" else kept
    ctx.check(wanted, held(ctx), "documents kept", clause="KZ-OQ-8")


@case(
    "kz.register.mode.service-reset",
    target="register-kz",
    clauses=["KZ-MD-12"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="A HALTED register gets a service reset.",
    expectation="It begins anew with INFO and sells.",
)
def service_reset(ctx: Context) -> None:
    """After somebody has looked at it."""
    register = reach(ctx, "HALTED")
    done(ctx, register.press("service-reset"))
    in_mode(ctx, "ONLINE")
    ctx.check("INFO", register.stand.next("INFO").name, "first request after the reset")
    sell(ctx)


@case(
    "kz.register.mode.service-reset-keeps-queue",
    target="register-kz",
    clauses=["KZ-MD-12", "KZ-OQ-14"],
    requirements=["KZ-PRT-04", "KZ-OFF-01"],
    needs=NEEDS,
    description="A queue of sales is answered with 1; a service reset follows, and the OFD answers well.",
    expectation="HALTED with the queue kept; after the reset INFO is asked, and the queue leaves, each "
    "sale once.",
)
def reset_keeps_queue(ctx: Context) -> None:
    """Service is not a way to lose money."""
    register = reach(ctx, "OFFLINE")
    queued(ctx, register.press("sell", sale(2_00)))
    register.stand.order(refuse(1).only(Command.TICKET))
    register.find_line(mode="HALTED")
    ctx.check(2, held(ctx), "documents kept")
    register.stand.rest()
    done(ctx, register.press("service-reset"))
    register.recover()
    ctx.check(2, len(register.stand.books.booked), "tickets in the OFD", clause="KZ-OQ-4")
    came = names(register.stand.rest())
    ctx.check(["INFO", "TICKET", "TICKET"], sorted(came)[:3], "requests after the reset")


@family(
    "kz.register.mode.clock-runs-on.{key}",
    rows={
        "queue-blocked": "QUEUE_BLOCKED",
        "token-invalid": "TOKEN_INVALID",
        "server-blocked": "SERVER_BLOCKED",
    },
    target="register-kz",
    clauses=["KZ-MD-08", "KZ-H72-02"],
    requirements=["KZ-OFF-01"],
    needs=NEEDS,
    description="Offline since yesterday, the register comes into that mode with one sale left; 71 hours "
    "pass there: {key}. Then a person, or the OFD, ends the mode, and the line is away.",
    expectation="The spell is over 72 hours: new documents are refused as after 72 hours offline.",
)
def clock_runs_on(ctx: Context, mode: str) -> None:
    """Being blocked does not stop the clock of the spell."""
    register = reach(ctx, "OFFLINE")
    stand = register.stand
    for total in (2_00, 3_00):
        queued(ctx, register.press("sell", sale(total)))
    ctx.clock.advance(4 * 3_600)
    code = {"QUEUE_BLOCKED": 13, "TOKEN_INVALID": 2, "SERVER_BLOCKED": 15}[mode]
    stand.order(Order(command=Command.TICKET), refuse(code).only(Command.TICKET))
    stand.order(*[refuse(15).only(Command.SYSTEM)] * 9)
    register.find_line(mode=mode)
    stand.shut()
    ctx.clock.advance(OFFLINE_LIMIT - 3 * 3_600)
    ctx.check(mode, register.state().mode, "mode")
    if code == 13:
        register.press("remove-head")
    elif code == 2:
        register.outlast(register.pressing("token", {"token": stand.books.issued}))
    else:
        stand.forget_orders()
        stand.default = cut_after()
        stand.order(Order(command=Command.SYSTEM))
        stand.open()
        register.tick()
        register.until("the block was lifted", lambda: register.state().mode != mode)
    register.until("the mode is over", lambda: register.state().mode != mode)
    register.tick()
    register.until("OFFLINE_EXPIRED", lambda: register.state().mode in ("OFFLINE_EXPIRED", "OFFLINE"))
    pressed = turned_away(ctx, register.press("sell", sale()), clause="KZ-H72-04")
    ctx.check("offline-limit", pressed.local, "local code", clause="KZ-H72-04")
