"""The judge as a point of sale: changes numbered from 1, told to an owner portal in order (BX-DATA-01)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from conformance.drivers.portal_client import Caller, PortalClient, Told
from conformance.models.shop_book import ShopBook

if TYPE_CHECKING:
    from conformance.drivers.backoffice import BackofficeDriver

MOST: Final = 500
"""Changes in one request."""
PRODUCT: Final = {"name": "Osh", "category": "Taomlar", "price": 50_000_00, "stock": None, "active": True}
EMPLOYEE: Final = {"first_name": "Bek", "last_name": "Aliyev", "role": "cashier", "active": True}

Row = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a point of sale says of itself, and the secret it reports under."""

    identity: str
    key: str


class Pos(Caller):
    """A point of sale of a branch; `book` gets what the portal has acknowledged."""

    def __init__(self, driver: BackofficeDriver, known: Identity, branch: int, book: ShopBook) -> None:
        client: PortalClient = driver.client
        super().__init__(client, known.key)
        self.identity = known.identity
        self.branch = branch
        self.book = book
        self.next = 1
        self._driver = driver

    def tell(self, *rows: Row) -> int:
        """Changes that have to be acknowledged; what the portal has then."""
        acknowledged = 0
        for begin in range(0, len(rows), MOST):
            part = rows[begin : begin + MOST]
            acknowledged = int(self.send_rows(part).demand()["acknowledged"])
            self.next += len(part)
            for kind, key, body in part:
                self.book.take(self.branch, kind, key, body)
        return acknowledged

    def send_rows(self, rows: Sequence[Row], first: int | None = None) -> Told:
        """Changes that begin with a number; nothing is written down."""
        begin = self.next if first is None else first
        return self.sync([change(begin + place, *row) for place, row in enumerate(rows)])

    def sync(self, changes: Sequence[Mapping[str, Any]]) -> Told:
        """Changes as they are."""
        return self.send("POST", "/sync/changes", {"changes": list(changes)})

    # what a shop tells

    def stock_up(self, *, products: int = 1, staff: int = 1) -> None:
        """Products and employees to sell with."""
        rows: list[Row] = [
            ("product", str(n), PRODUCT | {"name": f"Osh {n}", "category": ("Taomlar", "Ichimlik")[n % 2]})
            for n in range(1, products + 1)
        ]
        rows += [("employee", str(n), EMPLOYEE | {"last_name": f"Aliyev {n}"}) for n in range(1, staff + 1)]
        self.tell(*rows)

    def sell(self, number: int, **changes: Any) -> dict[str, Any]:
        """An order that is told at once; its body."""
        body = self.order(number, **changes)
        self.tell(("order", body["id"], body))
        return body

    def order(self, number: int, *, closed: datetime | None = None, **changes: Any) -> dict[str, Any]:
        """An order as a point of sale has it: two of product 1, closed now, completed."""
        end = closed or self._driver.now()
        made: dict[str, Any] = {
            "id": f"20261101-{number:05d}",
            "number": f"#{number:03d}",
            "day": "2026-11-01",
            "state": "completed",
            "place": 1,
            "place_name": "Stol 1",
            "employee": 1,
            "opened": moment(end - timedelta(minutes=30)),
            "confirmed": None,
            "closed": moment(end),
            "goods": 100_000_00,
            "discount": 0,
            "surcharge": 10_000_00,
            "total": 110_000_00,
            "refund_of": None,
            "reason": "",
            "spent": 40_000_00,
            "lines": [line(1, 2000, 100_000_00)],
        }
        return made | changes

    def refund(self, number: int, of: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """A refund of all of an order that is told at once; its body."""
        names = ("employee", "goods", "surcharge", "total", "spent", "lines", "place_name")
        return self.sell(number, **({name: of[name] for name in names} | {"refund_of": of["id"]} | changes))

    def payment(self, order: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """The payment of an order, in cash."""
        return {
            "order": order["id"],
            "kind": "cash",
            "group": "cash",
            "amount": order["total"],
            "state": "confirmed",
            "made": order["closed"],
            "employee": order["employee"],
        } | changes


def change(number: int, kind: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A change as it is told."""
    made = "2026-11-01T05:00:00.000+00:00"
    return {"n": number, "kind": kind, "key": key, "made": made, "body": dict(body)}


def line(product: int | None, amount: int, total: int) -> dict[str, Any]:
    """A line of an order."""
    price = total * 1000 // amount if amount else 0
    return {
        "id": 1,
        "product": product,
        "name": f"Osh {product}",
        "amount": amount,
        "price": price,
        "discount": 0,
        "label": "",
        "sum": total,
    }


def moment(when: datetime) -> str:
    """As tables and changes write it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds")
