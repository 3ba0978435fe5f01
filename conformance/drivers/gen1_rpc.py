"""Driver of a generation-1 service: JSON-RPC at /rpc/api (uz-fiscal §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from conformance.drivers.drive_client import Reply
from conformance.drivers.gen1 import Gen1Driver, Json, after, json_object, line, parse_time
from conformance.verdicts import AnswerUnreadable, CaseFailed, NotApplicable

PATH = "/rpc/api"


@dataclass(frozen=True, slots=True)
class RpcReply:
    """A JSON-RPC answer: the HTTP answer, and its object."""

    method: str
    reply: Reply
    body: Json

    @property
    def ok(self) -> bool:
        """Whether it carries no error (G1-T-04)."""
        return self.body.get("error") is None

    @property
    def error(self) -> Json:
        """The error object, empty without one."""
        found = self.body.get("error")
        return found if isinstance(found, dict) else {}

    @property
    def told(self) -> tuple[object, object]:
        """Code and message of the error, (None, None) without one."""
        return self.error.get("code"), self.error.get("message")

    @property
    def result(self) -> Json:
        """The result; the case fails when there is an error in its place."""
        if not self.ok:
            raise CaseFailed(
                f"{self.method} answers {self.error}", expected="a result", observed=str(self.error)
            )
        found = self.body.get("result")
        if not isinstance(found, dict):
            raise AnswerUnreadable(
                f"{self.method} has no result object", clause="S-3.2", observed=str(self.body)
            )
        return found


class RpcDriver(Gen1Driver):
    """FiscalDriveAPI under test, its first module unless told otherwise."""

    path = PATH
    _id = 0

    @cached_property
    def factory(self) -> str:
        """FactoryID of the first module of Api.ListFiscalDrives; not applicable when there is none."""
        listed = self.call("ListFiscalDrives", FactoryID="").result.get("FactoryID")
        if not isinstance(listed, list) or not listed:
            raise NotApplicable("the service lists no module")
        return str(listed[0])

    def identity(self) -> tuple[str, str] | None:
        """TerminalID and applet version by Api.GetInfo."""
        try:
            info = self.call("GetInfo", FactoryID=self.factory).result
        except NotApplicable:
            return None
        return str(info.get("TerminalID", "")), str(info.get("AppletVersion", ""))

    # calls

    def call(self, name: str, /, **params: object) -> RpcReply:
        """`Api.`name with these params; a FactoryID of None leaves it out, else it is the first module's."""
        if "FactoryID" not in params:
            params["FactoryID"] = self.factory
        given = {key: value for key, value in params.items() if key != "FactoryID" or value is not None}
        return self.send({"method": f"Api.{name}", "params": given})

    def send(self, body: Mapping[str, object], **parts: Any) -> RpcReply:
        """A request object, completed by version and id where it has none."""
        self._id += 1
        whole = {"jsonrpc": "2.0", "id": self._id, **body}
        reply = self.ask(whole, **parts)
        return RpcReply(str(whole.get("method")), reply, json_object(reply, "G1-T-04"))

    # state

    def info(self) -> Json:
        """Api.GetInfo."""
        return self.call("GetInfo").result

    @property
    def last_operation(self) -> datetime:
        """CurrentTime of Info: the module's last operation (S-3.3)."""
        return parse_time(str(self.info()["CurrentTime"]))

    def next_time(self, seconds: float = 1) -> str:
        """So many seconds after the last operation, as requests have it."""
        return after(self.last_operation, seconds)

    def current_shift(self) -> Json:
        """Api.GetZReportInfo 0."""
        return self.shift(0)

    def shift(self, number: int) -> Json:
        """Api.GetZReportInfo: 0 the current one."""
        return self.call("GetZReportInfo", Number=number).result

    def held(self) -> int:
        """Api.GetReceiptCount: receipts the operator has not acknowledged."""
        return int(self.call("GetReceiptCount").result["Count"])

    def send_all(self) -> None:
        """Resend what is unsent and wait until the module holds nothing."""
        with self.preparing("everything sent"):
            self.call("ResendUnsent").result  # noqa: B018 - the case fails here when there is none
            self.until("the module holds no receipt", lambda: self.held() == 0, clause="S-3.2")

    # acts

    def open(self, time: str | None = None) -> RpcReply:
        """Api.OpenZReport at a time, one second after the last operation when not given."""
        return self.call("OpenZReport", Time=self.next_time() if time is None else time)

    def close_shift(self, time: str | None = None) -> RpcReply:
        """Api.CloseZReport, time as in `open`."""
        return self.call("CloseZReport", Time=self.next_time() if time is None else time)

    def open_now(self) -> str:
        """Open; the message of an error."""
        return str(self.open().error.get("message", ""))

    def close_now(self) -> str:
        """Close; the message of an error."""
        return str(self.close_shift().error.get("message", ""))

    def sell_now(self) -> Json:
        """A sale that must be taken; its result."""
        return self.sale().result

    def receipt(self, cash: int = 100_000, card: int = 0, **changes: object) -> Json:
        """A balanced receipt of one line, one second after the last operation; None leaves a field out."""
        whole: Json = {
            "Time": "" if "Time" in changes else self.next_time(),
            "ReceivedCash": cash,
            "ReceivedCard": card,
            "Items": [line(cash + card)],
        }
        whole.update(changes)
        return {name: value for name, value in whole.items() if value is not None}

    def sale(self, receipt: Json | None = None, **changes: Any) -> RpcReply:
        """Api.SendSaleReceipt of a receipt, or of one made as in `receipt`."""
        return self.call("SendSaleReceipt", Receipt=self.receipt(**changes) if receipt is None else receipt)

    def refund(self, receipt: Json) -> RpcReply:
        """Api.SendRefundReceipt."""
        return self.call("SendRefundReceipt", Receipt=receipt)
