"""Generation 1 by JSON-RPC, FiscalDriveAPI on 3448 (uz-fiscal §3).

A receipt that is sent twice is registered twice (G1-R-08), so a lost answer is looked for before the receipt
is sent again: by the module's last number, Api.GetLastRegisteredReceipt and what the module holds. It is sent
again with the same Time, which the module takes once only (TM-05): also a first try that comes in late, after
the look, makes no second receipt.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from datetime import datetime
from typing import Final

from reference.pos.errors import DriveRefusedError, DriveUnreachableError
from reference.pos.fiscal.gen1 import (
    OK,
    Gen1Service,
    answer_of,
    gen1_receipt,
    newest_first,
    number_of,
    reason_of,
    same_sums,
    time_of,
    undecided,
    unsigned,
)
from reference.pos.fiscal.service import Dialect, Json, ModuleFacts
from reference.pos.order_book import Sale
from reference.pos.way import Way
from reference.protocol.uz.values import format_json_time

METHODS: Final = {
    (0, 0): "Api.SendSaleReceipt",
    (0, 1): "Api.SendRefundReceipt",
    (1, 0): "Api.SendAdvanceReceipt",
    (2, 0): "Api.SendCreditReceipt",
}
"""By Type and Operation of a receipt."""
NOTHING_HELD: Final = ("error_receipt_count_zero", "error_receipt_index_out_of_bounds")
"""What means "nothing unsent" (HB-01)."""


class Rpc1Service(Gen1Service):
    """One FiscalDriveAPI."""

    dialect = Dialect.RPC1

    def __init__(self, url: str, factory_id: str = "", way: Way | None = None) -> None:
        super().__init__(url, factory_id, way)
        self._ids = itertools.count(1)
        self._seen: tuple[tuple[int, int], set[int]] | None = None

    @property
    def factory_id(self) -> str:
        """The module that was named, else the first of Api.ListFiscalDrives."""
        if not self._factory_id:
            listed = self._call("Api.ListFiscalDrives", {"FactoryID": ""}).get("FactoryID")
            if not isinstance(listed, list) or not listed:
                raise DriveRefusedError(OK, "cannot connect card: no module is listed")
            self._factory_id = str(listed[0])
        return self._factory_id

    # --- the module ----------------------------------------------------------------------------------

    def facts(self) -> ModuleFacts:
        """Api.GetInfo and the oldest receipt that the module holds (HB-01)."""
        info = self._info()
        unsent = number_of(info.get("ReceiptCount"), "ReceiptCount")
        oldest = self._held(1) if unsent else None
        return ModuleFacts(
            terminal=str(info.get("TerminalID") or ""),
            locked=self.locked(),
            unsent=unsent,
            oldest_unsent=None
            if oldest is None
            else time_of(oldest.get("TransactionTime"), "TransactionTime"),
            last_operation=time_of(info.get("CurrentTime"), "CurrentTime"),
        )

    def last_operation(self) -> datetime | None:
        """CurrentTime of Info."""
        return time_of(self._info().get("CurrentTime"), "CurrentTime")

    def zreport(self, number: int) -> Json:
        """Api.GetZReportInfo."""
        return self.ask("Api.GetZReportInfo", Number=number)

    def open_shift(self, time: datetime) -> None:
        """Api.OpenZReport."""
        self.asked(lambda: self.ask("Api.OpenZReport", Time=format_json_time(time)))

    def close_shift(self, time: datetime) -> None:
        """Api.CloseZReport."""
        self.asked(lambda: self.ask("Api.CloseZReport", Time=format_json_time(time)))

    def send_receipts(self) -> int:
        """Api.ResendUnsent: the service begins now; when it is done it does not say."""
        self.ask("Api.ResendUnsent")
        return 0

    def held(self) -> set[int]:
        """Api.GetReceiptInfo from the oldest on; asked anew only when the module's counters have changed."""
        info = self._info()
        count = number_of(info.get("ReceiptCount"), "ReceiptCount")
        key = (count, number_of(info.get("CurrentReceiptSeq"), "CurrentReceiptSeq"))
        if self._seen is None or self._seen[0] != key:
            held = [self._held(number) for number in range(1, count + 1)]
            self._seen = (
                key,
                {number_of(one.get("ReceiptSeq"), "ReceiptSeq") for one in held if one is not None},
            )
        return set(self._seen[1])

    # --- receipts ------------------------------------------------------------------------------------

    def mark(self, _receipt: Json) -> Json:
        """CurrentReceiptSeq of Info."""
        return {"seq": self.last_number()}

    def last_number(self) -> int:
        """CurrentReceiptSeq: the module's own counter."""
        return number_of(self._info().get("CurrentReceiptSeq"), "CurrentReceiptSeq")

    def send(self, _sale: Sale, receipt: Json) -> Json:
        """Api.SendSaleReceipt and its sisters."""
        method = METHODS[receipt["Type"], receipt["Operation"]]
        return self.ask(method, Receipt=gen1_receipt(receipt))

    def find(self, sale: Sale, doubt: Collection[int], _now: datetime) -> Json | None:
        """By its Time, which no other receipt of the module has (TM-05)."""
        receipt = sale.receipt
        assert receipt is not None
        if not doubt:
            return None
        held = self._held_since(min(doubt))
        last = self._last_registered()
        unknown = []
        for number in newest_first(doubt):
            known = held.get(number)
            made = time_of(known.get("TransactionTime"), "TransactionTime") if known is not None else None
            if known is not None and not same_sums(receipt, known.get("TotalCash"), known.get("TotalCard")):
                continue
            if last is not None and last["ReceiptSeq"] == number:
                if last["DateTime"] == receipt["Time"]:
                    return last
            elif known is None or made is None:
                unknown.append(number)
            elif format_json_time(made) == receipt["Time"]:
                return unsigned(str(known.get("TerminalID") or ""), number, made)
        if unknown:
            raise undecided(sale, f"receipt {unknown[0]} of the module cannot be asked for any more")
        return None

    def _last_registered(self) -> Json | None:
        try:
            return answer_of(self.ask("Api.GetLastRegisteredReceipt"))
        except DriveRefusedError as error:
            if error.says("error_receipt_not_found"):
                return None
            raise

    def _held_since(self, first: int) -> dict[int, Json]:
        """What the module holds from number `first` on, from the newest back."""
        found: dict[int, Json] = {}
        count = number_of(self._info().get("ReceiptCount"), "ReceiptCount")
        for place in range(count, 0, -1):
            one = self._held(place)
            if one is None:
                break
            number = number_of(one.get("ReceiptSeq"), "ReceiptSeq")
            found[number] = one
            if number <= first:
                break
        return found

    def _held(self, place: int) -> Json | None:
        try:
            return self.ask("Api.GetReceiptInfo", Number=place)
        except DriveRefusedError as error:
            if error.says(*NOTHING_HELD):
                return None
            raise

    # --- one call ------------------------------------------------------------------------------------

    def _info(self) -> Json:
        return self.ask("Api.GetInfo")

    def ask(self, method: str, **params: object) -> Json:
        """A call about the module in use."""
        return self._call(method, {"FactoryID": self.factory_id, **params})

    def _call(self, method: str, params: Json) -> Json:
        key = next(self._ids)
        told = self._wire.ask({"jsonrpc": "2.0", "id": key, "method": method, "params": params})
        error = told.get("error")
        if isinstance(error, dict):
            raise DriveRefusedError(OK, reason_of(str(error.get("message") or ""), error.get("data")))
        result = told.get("result")
        if error is not None or not isinstance(result, dict) or told.get("id") != key:
            raise DriveUnreachableError(f"fiscal service's answer cannot be read: {str(told)[:200]}")
        return result
