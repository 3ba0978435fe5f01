"""The state page of the test operator (uz-fiscal §11.10), with a table of all modules below the vendor's
form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, render_template, request

from ofd_mock.uz import inquiries
from ofd_mock.uz.orders import Orders
from ofd_mock.uz.registry import Selector
from ofd_mock.uz.web.origin import PageGuard
from ofd_mock.uz.web.texts import write_time

DEFAULT_TERMINAL: Final = "ZZ000000000000"
PAGE_SIZE: Final = 50
BLOCK_REASON: Final = 3
BLOCK_NOTICE: Final = "Blocked on the state page"

_TARGET: Final = re.compile(r"\*|[A-Z]{2}[0-9]{12}")
_CHOICES: Final[Mapping[str, Mapping[str, bool]]] = {
    "ChangeLockState": {"yes": True, "no": False},
    "LockState": {"lock": True, "unlock": False},
    "POSUnlock": {"pos unlock": True, "": False},
}


class FormError(ValueError):
    """A field of the form has a value that it cannot have."""


def state_blueprint(orders: Orders, guard: PageGuard) -> Blueprint:
    """`GET` and `POST /state` as the vendor's test server has them, and `POST /state/module` for the
    table.
    """
    blueprint = Blueprint("state", __name__)
    blueprint.before_request(lambda: guard.check(request))

    @blueprint.get("/state")
    def show() -> Response:
        return _page(orders, request.args.get("TerminalID", DEFAULT_TERMINAL))

    @blueprint.post("/state")
    def change() -> Response:
        terminal = request.form.get("TerminalID", "").strip() or DEFAULT_TERMINAL
        try:
            set_state(orders, terminal, request.form)
        except FormError as error:
            return _page(orders, DEFAULT_TERMINAL, str(error), status=400)
        return _page(orders, terminal, f"Set for {terminal}. It takes effect at the next state sync.")

    @blueprint.post("/state/module")
    def order() -> Response:
        terminal = request.form.get("TerminalID", "")
        try:
            done = give_order(orders, terminal, request.form.get("Order", ""))
        except FormError as error:
            return _page(orders, DEFAULT_TERMINAL, str(error), status=400)
        return _page(orders, terminal, f"{terminal}: {done}.")

    return blueprint


def set_state(orders: Orders, terminal: str, form: Mapping[str, str]) -> None:
    """Take the vendor's form; a field that is not sent leaves its state as it is. FormError for a bad
    value.
    """
    target = _target(terminal)
    chosen = {name: _choice(name, form[name]) for name in _CHOICES if name in form}
    standing, _ = orders.standing(terminal)
    if "ChangeLockState" in chosen or "LockState" in chosen:
        change = chosen.get("ChangeLockState", standing.change_lock)
        orders.set_lock(target, change, chosen.get("LockState", standing.locked))
    if "POSUnlock" in chosen:
        orders.set_pos_unlock(target, chosen["POSUnlock"])


def give_order(orders: Orders, terminal: str, order: str) -> str:
    """Do what a button of the table says, and say what was done."""
    target = _target(terminal)
    match order:
        case "lock" | "unlock":
            orders.set_lock(target, True, order == "lock")
            return f"{order}s at the next state sync"
        case "pos-unlock":
            orders.set_pos_unlock(target, True)
            return "POS lock undone at the next state sync"
        case "block":
            orders.block(target, BLOCK_REASON, BLOCK_NOTICE)
            return "blocked"
        case "unblock":
            orders.unblock(target)
            return "no longer blocked"
    raise FormError(f"Order {order!r} is not lock, unlock, pos-unlock, block or unblock")


def _target(terminal: str) -> Selector:
    if not _TARGET.fullmatch(terminal):
        raise FormError(f"TerminalID {terminal!r} is not 2 capital letters and 12 digits, nor *")
    return Selector(terminal)


def _choice(name: str, text: str) -> bool:
    choices = _CHOICES[name]
    chosen = choices.get(text.strip().lower())
    if chosen is None:
        raise FormError(f"{name} {text!r} is not one of {', '.join(filter(None, choices))}")
    return chosen


def _page(orders: Orders, terminal: str, message: str = "", status: int = 200) -> Response:
    after = request.args.get("after", "")
    with orders.ledger.reading() as connection:
        rows = inquiries.modules(connection, after, PAGE_SIZE)
    if not _TARGET.fullmatch(terminal):
        terminal = DEFAULT_TERMINAL
    standing, pos_unlock = orders.standing(terminal)
    page = render_template(
        "state.html",
        terminal=terminal,
        standing=standing,
        pos_unlock=pos_unlock,
        message=message,
        refused=status != 200,
        modules=[_module(orders, row) for row in rows],
        next_page=rows[-1]["terminal"] if len(rows) == PAGE_SIZE else "",
    )
    return Response(page, status)


def _module(orders: Orders, row: inquiries.Row) -> dict[str, Any]:
    standing = orders.ledger.registry.standing(row["terminal"])
    return {
        "terminal": row["terminal"],
        "standing": standing,
        "pos_unlock": standing.pos_unlock > row["pos_unlock_done"],
        "last_seen": write_time(row["last_seen"]) if row["last_seen"] else "",
        "last_sync": write_time(row["last_sync"]) if row["last_sync"] else "",
    }
