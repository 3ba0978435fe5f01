"""Driver of a QPOS wrapper (uz-fiscal §13.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conformance.drivers.drive_client import Reply
from conformance.drivers.gen1 import Gen1Driver, Json, after, json_object, line, parse_time
from conformance.verdicts import CaseFailed

PATH = "/api"


@dataclass(frozen=True, slots=True)
class QposReply:
    """An answer of QPOS."""

    method: str
    reply: Reply
    body: Json

    @property
    def ok(self) -> bool:
        """Whether the code is 0."""
        return self.body.get("code") == 0

    @property
    def message(self) -> str:
        """The message."""
        return str(self.body.get("message", ""))

    @property
    def data(self) -> Any:
        """The data of a good answer; the case fails for any other."""
        if not self.ok:
            raise CaseFailed(f"{self.method} answers {self.body}", expected="code 0", observed=str(self.body))
        return self.body.get("data")


class QposDriver(Gen1Driver):
    """QPOS under test."""

    path = PATH

    def call(self, method: str, /, **params: object) -> QposReply:
        """One call with these params."""
        reply = self.ask({"method": method, "params": params})
        return QposReply(method, reply, json_object(reply, "S-13.1"))

    def identity(self) -> tuple[str, str] | None:
        """TerminalID and applet version by Api.GetInfo; None when it answers an error."""
        answer = self.call("Api.GetInfo")
        if not answer.ok or not isinstance(answer.data, dict):
            return None
        return str(answer.data.get("TerminalID", "")), str(answer.data.get("AppletVersion", ""))

    def info(self) -> Json:
        """Api.GetInfo."""
        return dict(self.call("Api.GetInfo").data)

    def last_moment(self) -> datetime:
        """CurrentTime of Api.GetInfo."""
        return parse_time(str(self.info()["CurrentTime"]))

    def next_time(self, seconds: float = 1) -> str:
        """So many seconds after the last operation."""
        return after(self.last_moment(), seconds)

    def current_shift(self) -> Json:
        """Api.ZReportInfo 0."""
        return dict(self.call("Api.ZReportInfo", Number=0).data)

    def open_now(self) -> str:
        """Api.OpenZReport; the message of an error."""
        answer = self.call("Api.OpenZReport")
        return "" if answer.ok else answer.message

    def close_now(self) -> str:
        """Api.CloseZReport; the message of an error."""
        answer = self.call("Api.CloseZReport")
        return "" if answer.ok else answer.message

    def sell_now(self) -> Json:
        """A sale without a number of its own that must be taken."""
        return dict(self.sale().data)

    def receipt(self, cash: int = 100_000, card: int = 0, **changes: object) -> Json:
        """Params of a balanced sale of one line, one second after the last operation; None leaves one out."""
        whole: Json = {
            "Cashier": "Ali",
            "Time": "" if "Time" in changes else self.next_time(),
            "ReceivedCash": cash,
            "ReceivedCard": card,
            "Items": [line(cash + card)],
        }
        whole.update(changes)
        return {name: value for name, value in whole.items() if value is not None}

    def sale(self, **changes: Any) -> QposReply:
        """SaleReceipt of params made as in `receipt`."""
        return self.call("SaleReceipt", **self.receipt(**changes))
