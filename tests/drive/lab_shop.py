"""A shop on a real lab: module, operator and drive as processes, and a till in this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from conformance.lab import Lab
from reference.pos.drive_client import DriveClient
from reference.pos.order import Line, Order, Payment
from reference.pos.order_book import OrderBook
from reference.pos.till import Till
from reference.runtime.clock import LabClock
from tests.waiting import PATIENCE

TERMINAL = "ZZ000000000000"


class LabShop:
    """What a test needs of a running lab; the module is unlocked and synced."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.clock: LabClock = lab.clock
        self.drive_url = lab.addresses["drive"]["drive"]
        operator = lab.addresses["operator"]["http"]
        httpx.post(
            f"{operator}/state",
            data={"ChangeLockState": "Yes", "LockState": "Unlock"},
            trust_env=False,
            timeout=PATIENCE,
        )
        self.client = DriveClient(self.drive_url)
        self.client.sync_state()
        self.orders = 0
        self.open_till()

    def open_till(self) -> None:
        self.book = OrderBook(self.folder / "orders.journal")
        self.till = Till(self.client, self.book, self.clock.part("drive"))

    def close(self) -> None:
        self.book.close()
        self.client.close()
        self.clock.close()

    def order(self, price: int = 500_000) -> Order:
        self.orders += 1
        line = Line(name=f"Non {self.orders}", price=price, mxik="01905001001000000", package_code="1500001")
        return Order(id=f"order-{self.orders}", lines=(line,), payment=Payment(cash=price))

    def drive(self, path: str, **parts: Any) -> Any:
        url = f"{self.drive_url}{path.replace('{F}', self.client.factory_id)}"
        answer = httpx.post(url, timeout=PATIENCE, trust_env=False, **parts)
        assert answer.status_code == 200, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    # --- what must agree -----------------------------------------------------------------------------

    def answers(self) -> list[int]:
        """Receipt numbers the till has answers for, in the order of the orders."""
        sales = [self.book.sale(f"order-{number}") for number in range(1, self.orders + 1)]
        return [int(sale.answer["ReceiptSeq"]) for sale in sales if sale.answer is not None]

    def ledger(self) -> list[dict[str, Any]]:
        found = self.lab.control("operator").do("receipts", terminal=TERMINAL, limit=10_000)
        return list(found["receipts"])

    def all_agree(self) -> None:
        """Till, module, drive and operator know the same receipts, each exactly once."""
        memory = self.drive("/FiscalDrive/FiscalMemory/Info/{F}")
        numbers = list(range(1, memory["ReceiptSeq"] + 1))
        assert sorted(self.answers()) == numbers, "every number is one order's"
        assert self.book.pending() == []
        assert memory["ReceiptsCount"] == 0, "the module has every acknowledgement"
        counts = {state: self.drive("/DataBase/Files/Count", params={"Status": state}) for state in range(5)}
        assert counts == {0: {}, 1: {}, 2: {TERMINAL: len(numbers)} if numbers else {}, 3: {}, 4: {}}
        rows = self.ledger()
        assert [row["number"] for row in rows] == numbers
        signs = {int(sale["ReceiptSeq"]): sale["FiscalSign"] for sale in self._answers()}
        assert {row["number"]: row["sign"] for row in rows} == signs
        total = sum(
            self.book.sale(f"order-{number}").order.payment.cash for number in range(1, self.orders + 1)
        )
        assert memory["CashAccomulator"]["Sale"] == total, "nothing was sold twice"

    def _answers(self) -> list[dict[str, Any]]:
        sales = [self.book.sale(f"order-{number}") for number in range(1, self.orders + 1)]
        return [sale.answer for sale in sales if sale.answer is not None]
