"""A morning in a café as its point of sale tells it: something of everything that the sections show."""

from __future__ import annotations

from typing import Any

from reference.backoffice.branches import Linked
from reference.backoffice.intake import Change, Intake
from tests.backoffice.conftest import order

MORNING = "2026-09-01T04:{:02d}:00.000+00:00"
SIGN = "123456789012"
CHECK = "https://ofd.example.uz/check?t=UZ170703100001&r=1&c=20260901090500&s=123456789012"
PRODUCTS = (
    ("7", "Osh", "Taomlar", 5_000_00, None, True),
    ("8", "Choy 1 litr", "Ichimliklar", 5_000_00, 40_000, True),
    ("9", "Muzqaymoq", "Shirinliklar", 12_000_00, 0, False),
)
PEOPLE = (
    ("1", "Aziza", "Karimova", "administrator", True),
    ("2", "Bekzod", "Aliyev", "cashier", True),
    ("3", "Dilnoza", "Usmonova", "waiter", True),
    ("4", "Eldor", "", "cook", False),
)


def told(more: int = 0) -> list[Change]:
    """Changes from the first on: five orders and a refund in every state, and `more` completed ones."""
    made: list[tuple[str, str, dict[str, Any]]] = []
    for key, name, category, price, stock, active in PRODUCTS:
        product = {"name": name, "category": category, "price": price, "stock": stock, "active": active}
        made.append(("product", key, product))
    for key, first, last, role, active in PEOPLE:
        person = {"first_name": first, "last_name": last, "role": role, "active": active}
        made.append(("employee", key, person))
    made += _orders()
    for number in range(7, 7 + more):
        made.append(_order(number, state="completed", minute=10 + number % 45))
    moment = MORNING.format(0)
    return [Change(1 + place, kind, key, moment, body) for place, (kind, key, body) in enumerate(made)]


def _orders() -> list[tuple[str, str, dict[str, Any]]]:
    first = order(1)["id"]
    return [
        _order(1, state="completed", minute=1),
        _fiscal(1, "done", acknowledged=True),
        _payment("1", 1, "cash", "cash", 6_000_00, "confirmed"),
        _payment("2", 1, "uzcard", "card", 5_000_00, "confirmed"),
        _order(2, state="completed", minute=2),
        _fiscal(2, "done", acknowledged=False),
        _payment("3", 2, "payme", "mobile", 11_000_00, "confirmed"),
        _order(3, state="open", minute=3, closed=None, place_name=""),
        _payment("4", 3, "click", "mobile", 11_000_00, "pending"),
        _order(4, state="confirmed", minute=4, closed=None, place_name="Ayvon"),
        _payment("5", 4, "payme", "mobile", 11_000_00, "failed"),
        _order(5, state="cancelled", minute=5, reason="Mehmon ketib qoldi"),
        _order(6, state="completed", minute=6, refund_of=first, surcharge=0, total=10_000_00, employee=3),
        _payment("6", 6, "cash", "cash", -10_000_00, "returned"),
        _fiscal(6, "refused", acknowledged=False, reason="ERROR_RECEIPT_TIME_PAST"),
    ]


def _order(number: int, minute: int, **changes: Any) -> tuple[str, str, dict[str, Any]]:
    closed = {"closed": MORNING.format(minute)} | changes
    one = order(number, opened=MORNING.format(minute), **closed)
    return "order", one["id"], one


def _fiscal(number: int, state: str, acknowledged: bool, **changes: Any) -> tuple[str, str, dict[str, Any]]:
    made = state == "done"
    body = {
        "order": order(number)["id"],
        "state": state,
        "terminal": "UZ170703100001" if made else "",
        "number": number if made else None,
        "made": "2026-09-01 09:05:00" if made else None,
        "sign": SIGN if made else "",
        "address": CHECK if made else "",
        "acknowledged": acknowledged,
        "reason": "",
    }
    return "fiscal", body["order"], body | changes


def _payment(
    key: str, number: int, kind: str, group: str, amount: int, state: str
) -> tuple[str, str, dict[str, Any]]:
    body = {
        "order": order(number)["id"],
        "kind": kind,
        "group": group,
        "amount": amount,
        "state": state,
        "made": MORNING.format(number),
        "employee": "2",
    }
    return "payment", key, body


def fill(intake: Intake, linked: Linked, more: int = 0) -> None:
    """Let the point of sale tell all of it."""
    changes = told(more)
    for begin in range(0, len(changes), 200):
        intake.take(linked, changes[begin : begin + 200])
