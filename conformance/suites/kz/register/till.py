"""What register cases have in common: how a register is brought into a mode, and what must be seen there.

A press that waits for the OFD runs beside the case (`register.pressing`), which moves lab time meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from conformance.context import Context
from conformance.drivers.kz_keys import Json, Pressed
from conformance.drivers.kz_register import RegisterDriver, sale
from conformance.drivers.ofd_orders import accept, refuse, silence
from conformance.drivers.ofd_stand import Seen
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.documents import CloseShift, MoneyPlacement, ReportAsk
from reference.protocol.kz.tickets import Ticket

NEEDS: Final = ("control", "clock")
"""What nearly every case wants: a register that can be set up anew, and time that can be moved."""
BY_KEYS: Final[tuple[str, ...]] = ()
"""Of cases that a register can be held to by its keys and its wire alone."""
HOUR: Final = 3_600
OFFLINE_LIMIT: Final = 72 * HOUR
KEYS: Final[Mapping[str, Json]] = {
    "sell": sale(),
    "buy": sale(),
    "deposit": {"sum": 500_00},
    "withdraw": {"sum": 100_00},
    "x": {},
    "z": {},
}
"""An order for every key that makes a document."""
MODES: Final = (
    "START",
    "ONLINE",
    "OFFLINE",
    "OFFLINE_EXPIRED",
    "QUEUE_BLOCKED",
    "SERVER_BLOCKED",
    "TOKEN_INVALID",
    "HALTED",
)
COMMAND_OF: Final = {
    "sell": Command.TICKET,
    "buy": Command.TICKET,
    "deposit": Command.MONEY_PLACEMENT,
    "withdraw": Command.MONEY_PLACEMENT,
    "x": Command.REPORT,
    "z": Command.CLOSE_SHIFT,
    "info": Command.INFO,
    "nomenclature": Command.NOMENCLATURE,
    "auth": Command.AUTH,
    "cancel": Command.CANCEL_TICKET,
    "qr": Command.QR_GENERATE,
}


# outcomes


def done(ctx: Context, pressed: Pressed, *, clause: str = "") -> Pressed:
    """The key did what it says, online: code 0 and, of a document, no autonomous mark."""
    ctx.check("done", pressed.outcome, f"outcome of {pressed.key} ({pressed.shown})", clause=clause)
    return pressed


def queued(ctx: Context, pressed: Pressed, *, clause: str = "KZ-OQ-2") -> Pressed:
    """The key made an autonomous document."""
    ctx.check("queued", pressed.outcome, f"outcome of {pressed.key} ({pressed.shown})", clause=clause)
    return pressed


def turned_away(ctx: Context, pressed: Pressed, *, code: int | None = None, clause: str = "") -> Pressed:
    """The key was refused and made nothing; `code`: the OFD's, None: by the register itself."""
    ctx.check("refused", pressed.outcome, f"outcome of {pressed.key} ({pressed.shown})", clause=clause)
    ctx.check(None, pressed.document, f"document of {pressed.key}", clause=clause)
    ctx.check(code, pressed.code, f"code shown by {pressed.key}", clause=clause)
    said = pressed.text or pressed.local
    ctx.check_that(bool(said), "a sentence that says why", said, "what the register shows", clause=clause)
    return pressed


def in_mode(ctx: Context, mode: str, *, clause: str = "") -> None:
    """The register is in this mode, or gets there by itself at once."""
    ctx.register.until(
        f"mode {mode}", lambda: ctx.register.state().mode == mode, clause=clause or ctx.case.clauses[0]
    )


def stays(ctx: Context, mode: str, *, clause: str = "") -> None:
    """The register is in this mode once it has nothing under way any more."""
    ctx.register.press("pulse")
    ctx.check(mode, ctx.register.state().mode, "mode", clause=clause)


def nothing_sent(ctx: Context, *, but: Iterable[str] = (), clause: str = "") -> None:
    """Nothing has come to the OFD since the last look, but commands of these names."""
    ctx.register.press("pulse")
    names = [seen.name for seen in ctx.register.stand.rest() if seen.name not in set(but)]
    ctx.check([], names, "requests that came meanwhile", clause=clause)


def names(requests: Iterable[Seen]) -> list[str]:
    """The commands of requests, by name."""
    return [seen.name for seen in requests]


def documents(requests: Iterable[Seen]) -> list[Seen]:
    """Those that carry a document or a report."""
    kinds = (Ticket, MoneyPlacement, CloseShift, ReportAsk)
    return [seen for seen in requests if isinstance(seen.document, kinds)]


def ticket_of(ctx: Context, seen: Seen, *, clause: str = "KZ-CM-1") -> Ticket:
    """The ticket that a request carries."""
    if not isinstance(seen.document, Ticket):
        ctx.fail(f"a TICKET was due, {seen.name} came", clause=clause)
    return seen.document


def held(ctx: Context) -> int:
    """Documents not delivered: the queue, and the packet in flight where it is not the queue's head."""
    state = ctx.register.state()
    packet, head = state.told("in_flight"), state.told("queue.head")
    apart = packet is not None and (head is None or head["number"] != packet["number"])
    return int(state.told("queue.length")) + apart


def sell(ctx: Context, total: int = 100_00, **fields: Any) -> Pressed:
    """A sale that the OFD takes."""
    return done(ctx, ctx.register.press("sell", sale(total, **fields)))


def repeats(ctx: Context, first: Seen, again: Seen, *, clause: str = "KZ-TK-2") -> None:
    """The second request is the first once more: same TOKEN, REQNUM and command."""
    ctx.check((first.name, first.pair), (again.name, again.pair), "the repeat", clause=clause)


# modes


def offline(ctx: Context, **settings: Any) -> Pressed:
    """OFFLINE with a sale in flight and nobody listening; what was sold last is returned."""
    ctx.register.ready(**settings)
    return ctx.register.lose_line()


def offline_with_queue(ctx: Context, count: int = 2, **settings: Any) -> list[Pressed]:
    """OFFLINE with a sale in flight and `count` more in the queue; all of them in order."""
    first = offline(ctx, **settings)
    more = [
        queued(ctx, ctx.register.press("sell", sale(100_00 + (place + 1) * 100))) for place in range(count)
    ]
    return [first, *more]


def _start(ctx: Context, settings: Mapping[str, Any]) -> None:
    ctx.register.begin(default=silence(), **settings).next("INFO")
    in_mode(ctx, "START")


def _expired(ctx: Context, settings: Mapping[str, Any]) -> None:
    offline_with_queue(ctx, 1, **settings)
    ctx.clock.advance(OFFLINE_LIMIT + 1)
    in_mode(ctx, "OFFLINE_EXPIRED")


def _queue_blocked(ctx: Context, settings: Mapping[str, Any]) -> None:
    offline_with_queue(ctx, 1, **settings)
    stand = ctx.register.stand
    stand.order(accept().only(Command.TICKET), refuse(13).only(Command.TICKET))
    ctx.register.find_line(mode="QUEUE_BLOCKED")


def _after_code(code: int) -> Callable[[Context, Mapping[str, Any]], None]:
    def reach(ctx: Context, settings: Mapping[str, Any]) -> None:
        stand = ctx.register.ready(**settings)
        stand.order(refuse(code).only(Command.TICKET))
        if code == 15:
            stand.books.blocked = 15
        turned_away(ctx, ctx.register.press("sell", sale()), code=code)

    return reach


def _ready(ctx: Context, settings: Mapping[str, Any]) -> None:
    ctx.register.ready(**settings)


def _offline(ctx: Context, settings: Mapping[str, Any]) -> None:
    offline(ctx, **settings)


_REACH: Final[Mapping[str, Callable[[Context, Mapping[str, Any]], None]]] = {
    "START": _start,
    "ONLINE": _ready,
    "OFFLINE": _offline,
    "OFFLINE_EXPIRED": _expired,
    "QUEUE_BLOCKED": _queue_blocked,
    "SERVER_BLOCKED": _after_code(15),
    "TOKEN_INVALID": _after_code(2),
    "HALTED": _after_code(3),
}


def reach(ctx: Context, mode: str, **settings: Any) -> RegisterDriver:
    """A register of the case's own in this mode; requests so far are read away."""
    with ctx.preparing(f"a register in mode {mode}"):
        _REACH[mode](ctx, settings)
        in_mode(ctx, mode)
        ctx.register.stand.rest()
    return ctx.register
