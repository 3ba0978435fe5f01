"""QPOS on 2040: a till's own receipt number makes a repeat safe (uz-fiscal §13.1).

ReceiptNumber is the order's id and the first time that it was tried at: a till that lost its shop and counts
its orders from one again never meets a number of before. A repeat under the number gives the first receipt
(QP-01). Should the wrapper have forgotten the number, the module refuses the old Time; then its counter is
asked before the receipt gets another Time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from reference.pos.errors import DriveRefusedError, DriveUnreachableError
from reference.pos.fiscal.gen1 import (
    OK,
    Gen1Service,
    gen1_receipt,
    number_of,
    reason_of,
    time_of,
    undecided,
    unsigned,
)
from reference.pos.fiscal.service import TYPES, Dialect, Json, ModuleFacts, Repeat
from reference.pos.order_book import Sale
from reference.protocol.uz.values import format_json_time

METHODS: Final = {(0, 0): "SaleReceipt", (0, 1): "RefundReceipt", (1, 0): "AdvanceReceipt"}
"""By Type and Operation of a receipt: QPOS has no credit receipts."""


class QposService(Gen1Service):
    """One QPOS wrapper."""

    dialect = Dialect.QPOS
    repeat_numbered = Repeat.NAMED

    # --- the module ----------------------------------------------------------------------------------

    def facts(self) -> ModuleFacts:
        """Api.GetInfo: how many receipts are unsent, but not since when."""
        info = self._info()
        return ModuleFacts(
            terminal=str(info.get("TerminalID") or ""),
            locked=self.locked(),
            unsent=number_of(info.get("ReceiptCount"), "ReceiptCount"),
            oldest_unsent=None,
            last_operation=time_of(info.get("CurrentTime"), "CurrentTime"),
        )

    def last_operation(self) -> datetime | None:
        """CurrentTime of Info."""
        return time_of(self._info().get("CurrentTime"), "CurrentTime")

    def zreport(self, number: int) -> Json:
        """Api.ZReportInfo."""
        return _object(self.ask("Api.ZReportInfo", Number=number))

    def open_shift(self, _time: datetime) -> None:
        """Api.OpenZReport, which takes no time."""
        self.asked(lambda: self.ask("Api.OpenZReport"))

    def close_shift(self, _time: datetime) -> None:
        """Api.CloseZReport, which takes no time."""
        self.asked(lambda: self.ask("Api.CloseZReport"))

    def send_receipts(self) -> int:
        """Api.SendReceipt: what is queued goes when the service likes."""
        self.ask("Api.SendReceipt")
        return 0

    def held(self) -> set[int] | None:
        """Known only while it is none: QPOS counts them, and does not show them."""
        return None if number_of(self._info().get("ReceiptCount"), "ReceiptCount") else set()

    # --- receipts ------------------------------------------------------------------------------------

    def mark(self, _receipt: Json) -> Json:
        """CurrentReceiptSeq of Info."""
        return {"seq": self.last_number()}

    def last_number(self) -> int:
        """CurrentReceiptSeq: the module's own counter."""
        return number_of(self._info().get("CurrentReceiptSeq"), "CurrentReceiptSeq")

    def send(self, sale: Sale, receipt: Json) -> Json:
        """SaleReceipt, RefundReceipt under the order's number; AdvanceReceipt has none."""
        method = METHODS.get((receipt["Type"], receipt["Operation"]))
        if method is None:
            raise DriveRefusedError(OK, f"QPOS has no {TYPES[int(receipt['Type'])]} receipts")
        whole = gen1_receipt(receipt)
        if not receipt["Type"]:
            whole["ReceiptNumber"] = sale.name
        return _object(self.ask(method, **whole))

    def find(self, sale: Sale, doubt: Collection[int], _now: datetime) -> Json | None:
        """By the module's last time alone; the sign of a receipt that QPOS forgot cannot be asked for."""
        receipt = sale.receipt
        assert receipt is not None
        if not doubt:
            return None
        info = self._info()
        made = time_of(info.get("CurrentTime"), "CurrentTime")
        last = number_of(info.get("CurrentReceiptSeq"), "CurrentReceiptSeq")
        if made is not None and format_json_time(made) == receipt["Time"] and last in doubt:
            return unsigned(str(info.get("TerminalID") or ""), last, made)
        raise undecided(
            sale, f"QPOS has forgotten its number {sale.name} and cannot be asked for receipt {last}"
        )

    # --- one call ------------------------------------------------------------------------------------

    def _info(self) -> Json:
        return _object(self.ask("Api.GetInfo"))

    def ask(self, method: str, /, **params: object) -> Any:
        """The data of one answer: in the envelope, or in one of the two documented shapes without it."""
        if self._factory_id:
            params["FactoryID"] = self._factory_id
        told = self._wire.ask({"method": method, "params": params})
        if told.get("code") == 0 or told.get("success") is True:
            return told.get("data")
        if isinstance(told.get("code"), int) and isinstance(told.get("message"), str):
            raise DriveRefusedError(OK, reason_of(told["message"], told.get("data")))
        raise DriveUnreachableError(f"fiscal service's answer cannot be read: {str(told)[:200]}")


def _object(data: Any) -> Json:
    if not isinstance(data, dict):
        raise DriveUnreachableError(f"fiscal service's answer cannot be read: {str(data)[:200]}")
    return data
