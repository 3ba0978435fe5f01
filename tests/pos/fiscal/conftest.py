"""A till on the real drive over the emulated module, in each dialect; the wire between them can be cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from reference.drive.rest import Asked
from reference.pos.fiscal.address import DriveAddress, open_service
from reference.pos.fiscal.service import Dialect, FiscalService
from reference.pos.order import Line, Order, Payment
from reference.pos.order_book import OrderBook
from reference.pos.till import Till
from reference.runtime.faults import FaultPoints
from tests.drive.conftest import Bench, make_bench
from tests.pos.ways import Through

__all__ = ["make_bench"]

DIALECTS = [dialect.value for dialect in Dialect]
FACES = {"rpc1": "rpc", "qpos": "qpos", "communicator": "communicator"}
REGISTERING = (
    "RegisterTXID",
    "SendSaleReceipt",
    "SendRefundReceipt",
    "SaleReceipt",
    "RefundReceipt",
    "fastSale",
)
SALE_CALL = {
    "rest": "RegisterTXID",
    "rpc1": "SendSaleReceipt",
    "qpos": "SaleReceipt",
    "communicator": "fastSale",
}
SETTLE = 60
"""Lab seconds after which also the Communicator's lost answers are decided."""


class Lost(BaseException):
    """The till dies here, as by kill -9: nothing of its Python runs on but the test."""


@dataclass
class Wire(httpx.BaseTransport):
    """The way to the drive. `cut` says how the next call whose method is named breaks."""

    bench: Bench
    dialect: str
    cut: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    down: bool = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        method = self.method_of(request)
        self.calls.append(method)
        how = self.cut.pop(method, "")
        if self.down or how == "refused":
            raise httpx.ConnectError("connection refused")
        if how == "before":
            raise httpx.ReadError("connection reset")
        if how == "dies-before":
            raise Lost
        answer = self.answer(request)
        if how == "after":
            raise httpx.ReadError("connection reset")
        if how == "dies-after":
            raise Lost
        if how == "half":
            return httpx.Response(answer.status_code, content=answer.content[: len(answer.content) // 2])
        if how == "empty":
            return httpx.Response(200, content=b"{}")
        return answer

    def method_of(self, request: httpx.Request) -> str:
        if self.dialect == "rest":
            return request.url.path.split("/")[-2]
        return str(json.loads(request.content)["method"]).removeprefix("Api.")

    def answer(self, request: httpx.Request) -> httpx.Response:
        asked = Asked(
            request.method,
            request.url.path,
            query=request.url.query.decode(),
            content_type=request.headers.get("Content-Type", ""),
            body=request.read(),
        )
        drive = self.bench.drive
        told = (
            drive.answer(asked) if self.dialect == "rest" else drive.face(FACES[self.dialect]).answer(asked)
        )
        return httpx.Response(told.status, headers={"Content-Type": told.content_type}, content=told.body)


@dataclass
class Counter:
    """A till on a drive, in one dialect."""

    bench: Bench
    wire: Wire
    service: FiscalService
    folder: Path
    faults: FaultPoints | None = None

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        self.book = OrderBook(self.folder / "orders.journal", self.faults)
        self.till = Till(self.service, self.book, self.bench.clock)

    def restart(self, seconds: float = SETTLE) -> None:
        """The till is started again on what its journal holds, after lab time has passed."""
        self.book.close()
        self.bench.tick(seconds)
        self.open()

    def registered(self) -> list[str]:
        """How often each kind of registration was asked for."""
        return [call for call in self.wire.calls if call in REGISTERING]

    def answers(self, *order_ids: str) -> list[tuple[int, str]]:
        """Number and sign that the till has of each."""
        found = [self.book.sale(order_id).answer for order_id in order_ids]
        return [(answer["ReceiptSeq"], answer["FiscalSign"]) for answer in found if answer is not None]

    def truth(self) -> list[tuple[int, str]]:
        """Number and sign of every receipt that the module made, as the drive's own book has them."""
        everything = self.bench.core.stage.gen1.between(
            self.bench.factory_id,
            self.bench.now() - timedelta(days=30),
            self.bench.now() + timedelta(days=30),
        )
        return sorted((sold.answer.receipt_seq, sold.answer.fiscal_sign or "") for sold in everything)

    def send_all(self) -> None:
        """The operator gets everything."""
        self.bench.core.sync_full_receipts(self.bench.factory_id, 32)


def counter_of(bench: Bench, dialect: str, folder: Path, faults: FaultPoints | None = None) -> Counter:
    bench.tick(60)
    wire = Wire(bench, dialect)
    service = open_service(DriveAddress.parse(f"{dialect}:"), way=Through(wire))
    return Counter(bench, wire, service, folder, faults)


def carried_on(counter: Counter) -> None:
    """What the till does after it was started again."""
    counter.restart()
    counter.till.finish_pending()


@pytest.fixture(params=DIALECTS)
def counter(make_bench: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Counter]:
    """One for every dialect."""
    made = counter_of(make_bench(), request.param, tmp_path / "till")
    yield made
    made.book.close()
    made.service.close()


def bread(order_id: str, price: int = 500_000, **changes: Any) -> Order:
    """An order of one bread, paid in cash."""
    line = Line(name="Non patir", price=price, mxik="01905001001000000", package_code="1500001")
    return Order(**({"id": order_id, "lines": (line,), "payment": Payment(cash=price)} | changes))
