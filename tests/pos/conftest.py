from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from reference.drive.app import create_app
from reference.pos.drive_client import DriveClient
from reference.pos.order import Line, Order, Payment
from reference.pos.order_book import OrderBook
from reference.pos.till import Till
from tests.drive.conftest import Bench, make_bench
from tests.pos.ways import Through

__all__ = ["bread", "make_bench"]


class Wire(httpx.BaseTransport):
    """The way to the drive, which may break: `cut` maps the number of a call to "before" or "after"."""

    def __init__(self, bench: Bench) -> None:
        self.below = httpx.WSGITransport(app=create_app(bench.drive))
        self.cut: dict[int, str] = {}
        self.calls: list[str] = []
        self.down = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        how = self.cut.pop(len(self.calls), "")
        self.calls.append(request.url.path.split("/")[-2])
        if self.down or how == "before":
            raise httpx.ConnectError("connection refused")
        answer = self.below.handle_request(request)
        answer.read()
        if how == "after":
            raise httpx.ReadError("connection reset")
        return answer


@dataclass
class Shop:
    """A till on a drive in memory."""

    bench: Bench
    wire: Wire
    folder: Path
    client: DriveClient
    book: OrderBook
    till: Till

    def restart(self) -> None:
        """Switch the till off and on."""
        self.book.close()
        self.book = OrderBook(self.folder / "orders.journal")
        self.till = Till(self.client, self.book, self.bench.clock)

    def answer(self, order_id: str) -> dict[str, Any]:
        found = self.book.sale(order_id).answer
        assert found is not None
        return found


@pytest.fixture
def shop(make_bench: Any, tmp_path: Path) -> Iterator[Shop]:
    bench = make_bench()
    bench.tick(60)
    wire = Wire(bench)
    client = DriveClient("http://drive", way=Through(wire))
    book = OrderBook(tmp_path / "till" / "orders.journal")
    made = Shop(bench, wire, tmp_path / "till", client, book, Till(client, book, bench.clock))
    yield made
    made.book.close()
    client.close()


def bread(order_id: str, price: int = 500_000, **changes: Any) -> Order:
    """An order of one bread, paid in cash."""
    line = Line(name="Non patir", price=price, mxik="01905001001000000", package_code="1500001")
    return Order(**({"id": order_id, "lines": (line,), "payment": Payment(cash=price)} | changes))
