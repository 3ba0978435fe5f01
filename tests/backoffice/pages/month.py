"""A café's two weeks as its till tells them: enough for every chart to have something to show."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from reference.backoffice.branches import Linked
from reference.backoffice.intake import Intake
from reference.protocol.uz.values import from_tashkent
from tests.backoffice.conftest import changes, order

LAST = date(2026, 9, 1)
DAYS = 14
MENU = (
    ("Osh", "Taomlar", 45_000_00),
    ("Lag'mon", "Taomlar", 38_000_00),
    ("Choy", "Ichimliklar", 8_000_00),
    ("Somsa", "Pishiriqlar", 12_000_00),
    ("Non", "", 5_000_00),
)
STAFF = (("Bekzod", "Aliyev", "cashier"), ("Dilnoza", "Karimova", "waiter"))
HOURS = (8, 9, 11, 12, 12, 13, 13, 14, 18, 19, 19, 20)
RISE = 7
"""Days before which half as much was sold: the percents have something to say."""


def told(busy: int = 1) -> list[tuple[str, str, dict[str, Any]]]:
    """Changes of goods, people and completed orders; `busy` times as many orders."""
    made: list[tuple[str, str, dict[str, Any]]] = [
        (
            "product",
            str(place + 1),
            {"name": name, "category": kind, "price": price, "stock": None, "active": True},
        )
        for place, (name, kind, price) in enumerate(MENU)
    ]
    made += [
        ("employee", str(place + 1), {"first_name": first, "last_name": last, "role": role, "active": True})
        for place, (first, last, role) in enumerate(STAFF)
    ]
    number = 0
    for back in range(DAYS - 1, -1, -1):
        day = LAST - timedelta(days=back)
        for hour in HOURS[:: 1 if back < RISE else 2] * busy:
            number += 1
            made.append(("order", f"{day:%Y%m%d}-{number:05d}", _order(number, day, hour)))
    return made


def take(intake: Intake, linked: Linked, busy: int = 1) -> None:
    """Have the portal take them."""
    every = changes(*told(busy))
    for begin in range(0, len(every), 400):
        intake.take(linked, every[begin : begin + 400])


def _order(number: int, day: date, hour: int) -> dict[str, Any]:
    opened = from_tashkent(datetime(day.year, day.month, day.day, hour, number % 50))
    closed = opened + timedelta(minutes=9)
    lines = []
    for place in {number % len(MENU), (number * 3 + 1) % len(MENU)}:
        name, _, price = MENU[place]
        lines.append({"product": place + 1, "name": name, "amount": 2000, "price": price, "sum": 2 * price})
    goods = sum(int(line["sum"]) for line in lines)
    surcharge = goods // 10 if number % 3 else 0
    return order(number) | {
        "id": f"{day:%Y%m%d}-{number:05d}",
        "number": f"#{number:03d}",
        "day": str(day),
        "employee": number % len(STAFF) + 1,
        "opened": opened.isoformat(timespec="milliseconds"),
        "closed": closed.isoformat(timespec="milliseconds"),
        "goods": goods,
        "surcharge": surcharge,
        "total": goods + surcharge,
        "spent": goods * 6 // 10,
        "lines": lines,
    }
