"""Driver of an E-POS Communicator (uz-fiscal §13.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.drivers.drive_client import Reply
from conformance.drivers.gen1 import Gen1Driver, Json, json_object
from conformance.verdicts import CaseFailed

PATH = "/uzpos"
TOKEN = "KASSALAB-TEST"  # noqa: S105 - any text that is not empty


@dataclass(frozen=True, slots=True)
class CommunicatorReply:
    """An answer of the Communicator."""

    method: str
    reply: Reply
    body: Json

    @property
    def ok(self) -> bool:
        """Whether `error` is false: all a client may branch on."""
        return self.body.get("error") is False

    @property
    def text(self) -> str:
        """The text of an error, blank for a good answer."""
        return "" if self.ok else str(self.body.get("message", ""))

    @property
    def good(self) -> Json:
        """The whole of a good answer; the case fails for any other."""
        if not self.ok:
            raise CaseFailed(
                f"{self.method} answers {self.body}", expected="error false", observed=str(self.body)
            )
        return self.body

    @property
    def message(self) -> Any:
        """The message of a good answer."""
        return self.good.get("message")


class CommunicatorDriver(Gen1Driver):
    """The Communicator under test."""

    path = PATH

    def call(self, method: str, /, **fields: object) -> CommunicatorReply:
        """One call; a field of None is left out."""
        whole = {"token": TOKEN, "method": method, **fields}
        reply = self.ask({name: value for name, value in whole.items() if value is not None})
        return CommunicatorReply(method, reply, json_object(reply, "S-13.2"))

    def identity(self) -> tuple[str, str] | None:
        """TerminalID and applet version by the current Z-report; None when it answers an error."""
        answer = self.call("getZreportInfo", zReportId=0, printerSize=80)
        if not answer.ok or not isinstance(answer.message, dict):
            return None
        found = answer.message
        return str(found.get("terminalID", "")), str(found.get("appletVersion", ""))

    def zreport(self, number: int) -> Json:
        """getZreportInfo: 0 the current one."""
        return dict(self.call("getZreportInfo", zReportId=number, printerSize=80).message)

    def current_shift(self) -> Json:
        """The current Z-report under the names of uz-fiscal §9.1."""
        return {f"{name[:1].upper()}{name[1:]}": value for name, value in self.zreport(0).items()}

    def open_now(self) -> str:
        """openZreport; the text of an error."""
        return self.call("openZreport").text

    def close_now(self) -> str:
        """closeZreport; the text of an error."""
        return self.call("closeZreport").text

    def sell_now(self) -> Json:
        """A sale that must be taken, a second after what was before; its `info`."""
        self.tick()
        return dict(self.sale("fastSale").good["info"])

    def line(self, price: int = 100_000, **changes: object) -> Json:
        """A line, VAT 12 % included; a change to None leaves a field out."""
        whole: Json = {
            "price": price,
            "discount": 0,
            "barcode": "4780000000012",
            "amount": 1000,
            "vatPercent": 12,
            "vat": price * 12 // 112,
            "name": "Sinov tovari",
            "label": "",
            "classCode": "10999001001000000",
            "packageCode": "1508291",
            "other": 0,
            "ownerType": 0,
        }
        whole.update(changes)
        return {name: value for name, value in whole.items() if value is not None}

    def params(self, cash: int = 100_000, card: int = 0, **changes: object) -> Json:
        """`params` of a balanced sale of one line."""
        whole: Json = {
            "items": [self.line(cash + card)],
            "paycheckNumber": "1",
            "receivedCash": cash,
            "receivedCard": card,
        }
        whole.update(changes)
        return {name: value for name, value in whole.items() if value is not None}

    def sale(self, method: str = "sale", /, **fields: Any) -> CommunicatorReply:
        """`sale` or a sister, with the details of a shop; `params` made as in `params` unless given."""
        shop = {
            "companyName": "Sinov do'koni",
            "companyAddress": "Toshkent",
            "companyINN": "123456789",
            "staffName": "Ali",
            "printerSize": 80,
        }
        return self.call(method, **{**shop, "params": self.params(), **fields})
