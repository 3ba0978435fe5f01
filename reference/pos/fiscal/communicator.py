"""E-POS Communicator on 8347: no time, no number of the till's own (uz-fiscal §13.2).

Nothing in a request tells a repeat from another sale, so a lost answer is looked for by the numbers that the
module gave out since: the one with these sums that is no other order's. Is there none, the receipt is sent
again only SETTLED seconds after the try, when no service works on it any more; are there several, nobody can
say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final

from reference.pos.company import Company, read_company
from reference.pos.errors import DriveRefusedError, DriveUnreachableError
from reference.pos.fiscal.gen1 import (
    OK,
    Gen1Service,
    answer_of,
    number_of,
    same_sums,
    time_of,
    undecided,
)
from reference.pos.fiscal.service import Dialect, Json, ModuleFacts
from reference.pos.order_book import Sale
from reference.pos.way import Way
from reference.protocol.uz.values import parse_json_time

TOKEN: Final = "KASSALAB-TEST"  # noqa: S105 - any text that is not empty
SETTLED: Final = timedelta(seconds=35)
"""Longer than the client waits for an answer (HB-01): what was not registered by then never will be."""
METHODS: Final = {(0, 0): "fastSale", (0, 1): "refund", (1, 0): "advance", (2, 0): "credit"}
"""By Type and Operation; fastSale is sale without its paycheck: the till prints its own."""
_ITEM_NAMES: Final = {
    "Name": "name",
    "Barcode": "barcode",
    "Label": "label",
    "SPIC": "classCode",
    "PackageCode": "packageCode",
    "Amount": "amount",
    "Price": "price",
    "Discount": "discount",
    "Other": "other",
    "VAT": "vat",
    "VATPercent": "vatPercent",
    "OwnerType": "ownerType",
}
_INFO_NAMES: Final = {
    "TerminalID": "terminalId",
    "ReceiptSeq": "receiptSeq",
    "DateTime": "dateTime",
    "FiscalSign": "fiscalSign",
    "QRCodeURL": "qrCodeURL",
}
_NOTHING_HELD: Final = ("error_receipt_count_zero", "error_receipt_index_out_of_bounds")
_NO_METHOD: Final = "NO_SUCH_METHOD_AVAILABLE"
_PAPER: Final = 80


class CommunicatorService(Gen1Service):
    """One E-POS Communicator."""

    dialect = Dialect.COMMUNICATOR

    def __init__(
        self,
        url: str,
        factory_id: str = "",
        way: Way | None = None,
        *,
        token: str = "",
        seller: Callable[[], Company] | None = None,
    ) -> None:
        super().__init__(url, factory_id, way)
        self._token = token or TOKEN
        self._seller = seller or (lambda: read_company(None))

    @property
    def factory_id(self) -> str:
        """The module that was named, else the first of getFiscalsList."""
        if not self._factory_id:
            listed = _object(self.ask("getFiscalsList")["message"]).get("FactoryID")
            if not isinstance(listed, list) or not listed:
                raise DriveRefusedError(OK, "cannot connect card: no module is listed")
            self._factory_id = str(listed[0])
        return self._factory_id

    # --- the module ----------------------------------------------------------------------------------

    def facts(self) -> ModuleFacts:
        """The current Z-report for the terminal, getReceiptCount and getReceiptInfo for what is unsent."""
        terminal = str(self.zreport(0).get("TerminalID") or "")
        unsent = self._unsent()
        oldest = self._held(1) if unsent else None
        return ModuleFacts(
            terminal=terminal,
            locked=self.locked(),
            unsent=unsent,
            oldest_unsent=None
            if oldest is None
            else time_of(oldest.get("TransactionTime"), "TransactionTime"),
            last_operation=None,
        )

    def last_operation(self) -> None:
        """The Communicator does not say it."""
        return

    def zreport(self, number: int) -> Json:
        """getZreportInfo under the names of uz-fiscal §9.1."""
        told = _object(self.ask("getZreportInfo", zReportId=number, printerSize=_PAPER)["message"])
        return {f"{name[:1].upper()}{name[1:]}": value for name, value in told.items() if name != "paycheck"}

    def open_shift(self, _time: datetime) -> None:
        """openZreport: at the service's own time."""
        self.asked(lambda: self.ask("openZreport"))

    def close_shift(self, _time: datetime) -> None:
        """closeZreport: at the service's own time."""
        self.asked(lambda: self.ask("closeZreport"))

    def send_receipts(self) -> int:
        """resendUnsent: the service begins now; when it is done it does not say."""
        self.ask("resendUnsent")
        return 0

    def held(self) -> set[int]:
        """getReceiptInfo of every receipt that the module holds."""
        held = [self._held(number) for number in range(1, self._unsent() + 1)]
        return {number_of(one.get("ReceiptSeq"), "ReceiptSeq") for one in held if one is not None}

    def _unsent(self) -> int:
        return number_of(_object(self.ask("getReceiptCount")["message"]).get("Count"), "Count")

    def _held(self, place: int) -> Json | None:
        try:
            return _object(self.ask("getReceiptInfo", number=place)["message"])
        except DriveRefusedError as error:
            if error.says(*_NOTHING_HELD):
                return None
            raise

    # --- receipts ------------------------------------------------------------------------------------

    def mark(self, _receipt: Json) -> Json:
        """The last number that is known."""
        return {"seq": self.last_number()}

    def last_number(self) -> int:
        """Of the last registered receipt, or of the current Z-report: the one knows what the other lost."""
        try:
            told = _object(self.ask("getLastRegisteredReceipt")["message"])
            registered = number_of(told.get("ReceiptSeq"), "ReceiptSeq")
        except DriveRefusedError as error:
            if not error.says("error_receipt_not_found"):
                raise
            registered = 0
        return max(registered, number_of(self.zreport(0).get("LastReceiptSeq"), "LastReceiptSeq"))

    def send(self, sale: Sale, receipt: Json) -> Json:
        """fastSale, refund, advance, credit with the shop's details."""
        method = METHODS[receipt["Type"], receipt["Operation"]]
        try:
            told = self.ask(method, **self._shop(), **_fields(receipt, sale.name))
        except DriveRefusedError as error:
            if error.reason != _NO_METHOD:
                raise
            text = f"{_NO_METHOD}: this release has no {method}; it sells by JSON-RPC, use the address rpc1:"
            raise DriveRefusedError(OK, text) from error
        info = told.get("info")
        if not isinstance(info, dict):
            return _object(told.get("message"))
        return {name: info.get(key) for name, key in _INFO_NAMES.items()}

    def _shop(self) -> Json:
        seller = self._seller()
        return {
            "companyName": seller.name,
            "companyAddress": seller.address,
            "companyINN": seller.stir,
            "companyPhoneNumber": seller.phone,
            "staffName": seller.cashier,
            "printerSize": seller.paper,
        }

    def find(self, sale: Sale, doubt: Collection[int], now: datetime) -> Json | None:
        """By its sums among the numbers in doubt; that there is none is believed when the try is over."""
        receipt = sale.receipt
        assert receipt is not None
        found = []
        for number in sorted(doubt):
            entry = self._registered(number)
            if entry is None:
                raise undecided(sale, f"the Communicator does not know receipt {number} any more")
            if same_sums(receipt, entry.get("cash"), entry.get("card")):
                found.append(entry)
        if len(found) > 1:
            numbers = ", ".join(str(entry.get("receiptSeq")) for entry in found)
            raise undecided(sale, f"receipts {numbers} of the module have its sums")
        if found:
            return answer_of({name: found[0].get(key) for name, key in _INFO_NAMES.items()})
        left = parse_json_time(sale.tried) + SETTLED - now if sale.tried else timedelta(0)
        if left > timedelta(0):
            seconds = int(left.total_seconds())
            raise undecided(sale, f"the service may still work on it for {seconds} seconds")
        return None

    def _registered(self, number: int) -> Json | None:
        listed = self.ask("getReceiptInfoByNumber", number=number)["message"]
        entry = listed[0] if isinstance(listed, list) and listed else None
        return entry if isinstance(entry, dict) and "cash" in entry else None

    # --- one call ------------------------------------------------------------------------------------

    def ask(self, method: str, /, **fields: object) -> Json:
        """A good answer. Clients branch on the boolean alone."""
        named = {"FactoryID": self._factory_id} if self._factory_id else {}
        told = self._wire.ask({"token": self._token, "method": method, **named, **fields})
        if told.get("error") is True:
            raise DriveRefusedError(OK, str(told.get("message") or "error without a text"))
        if told.get("error") is not False or not {"message", "info"} & set(told):
            raise DriveUnreachableError(f"fiscal service's answer cannot be read: {str(told)[:200]}")
        return told


def _object(message: Any) -> Json:
    if not isinstance(message, dict):
        raise DriveUnreachableError(f"fiscal service's answer cannot be read: {str(message)[:200]}")
    return message


def _fields(receipt: Json, name: str) -> Json:
    """A receipt in the Communicator's names; the time is the service's."""
    items = [
        {_ITEM_NAMES[key]: value for key, value in item.items() if key in _ITEM_NAMES}
        for item in receipt["Items"]
    ]
    params = {
        "items": items,
        "paycheckNumber": name,
        "receivedCash": receipt["ReceivedCash"],
        "receivedCard": receipt["ReceivedCard"],
    }
    refund = receipt.get("RefundInfo")
    if refund is None:
        return {"params": params}
    told = {
        "terminalId": refund["TerminalID"],
        "receiptSeq": str(refund["ReceiptSeq"]),
        "dateTime": refund["DateTime"],
        "fiscalSign": refund["FiscalSign"],
    }
    return {"params": params, "refundInfo": told}
