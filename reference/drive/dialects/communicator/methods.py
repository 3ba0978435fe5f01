"""The methods of the Communicator as one table (uz-fiscal §13.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from reference.drive.dialects.communicator import desk
from reference.drive.dialects.communicator.desk import Desk
from reference.drive.dialects.fields import Fields
from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.dialects.rpc1.methods import called
from reference.drive.dialects.rpc1.sale import Kind

Handler = Callable[[Desk, Fields], dict[str, Any]]
"""Gives what stands in the answer beside `error: false`."""


@dataclass(frozen=True, slots=True)
class Method:
    """One row. `until` is the first release without the method."""

    name: str
    handler: Handler
    until: tuple[int, ...] = ()
    clause: str = "uz-fiscal §13.2"


def _same(call: Callable[[Generation1, Fields], dict[str, Any]]) -> Handler:
    """The result of the JSON-RPC method of that name."""
    method = called(call)
    return lambda at, asked: {"message": method(at.generation, asked)}


def _numbered(call: Callable[[Generation1, Fields], dict[str, Any]]) -> Handler:
    """The same with a `number` that must be there."""

    method = called(call)

    def handler(at: Desk, asked: Fields) -> dict[str, Any]:
        desk.require(asked, "number")
        return {"message": method(at.generation, asked)}

    return handler


_TABLE: Final = (
    Method("openZreport", desk.open_zreport),
    Method("closeZreport", desk.close_zreport),
    Method("getZreportInfo", desk.zreport_info),
    Method("getZReportInfoByNumber", desk.zreport_info_by_number),
    Method("getZReportCount", _same(Generation1.zreport_count)),
    Method("getZReportsStats", _same(Generation1.zreports_stats)),
    Method("getReceiptCount", _same(Generation1.receipt_count)),
    Method("getUnsentCount", _same(Generation1.unsent)),
    Method("getAckCount", _same(Generation1.ack_count)),
    Method("getStatus", _same(Generation1.status)),
    Method("acknowledge", _same(Generation1.acknowledge)),
    Method("rescanReceipts", _same(Generation1.rescan)),
    Method("resendUnsent", _same(Generation1.resend)),
    Method("sendReceipt", _same(Generation1.send_short)),
    Method("sendZReportByNumber", _numbered(Generation1.send_zreport_by_number)),
    Method("getReceiptInfo", _numbered(Generation1.receipt_info)),
    Method("getLastRegisteredReceipt", _same(Generation1.last_registered)),
    Method("getFiscalsList", _same(Generation1.list_drives)),
    Method("sale", lambda at, asked: desk.sell(at, asked, Kind.SALE, printed=True), until=(3, 20)),
    Method("fastSale", lambda at, asked: desk.sell(at, asked, Kind.SALE, printed=False), until=(3, 20)),
    Method("refund", lambda at, asked: desk.sell(at, asked, Kind.REFUND, printed=True)),
    Method("advance", lambda at, asked: desk.sell(at, asked, Kind.ADVANCE, printed=True)),
    Method("credit", lambda at, asked: desk.sell(at, asked, Kind.CREDIT, printed=True)),
    Method("saleEPS", lambda at, asked: desk.sell_eps(at, asked, Kind.SALE)),
    Method("refundEPS", lambda at, asked: desk.sell_eps(at, asked, Kind.REFUND)),
    Method("checkStatus", lambda _at, _asked: {"message": "OK!"}),
    Method("getVersion", desk.version),
    Method("getDeviceId", desk.device_id),
    Method("setCashNumber", desk.cash_number),
    Method("printLastPaycheck", desk.last_paycheck),
    Method("getReceiptInfoByNumber", desk.by_number),
    Method("getReceiptInfoByFiscalSign", desk.by_sign),
    Method("getReceiptsInfoByDate", desk.by_date),
)

METHODS: Final = {method.name: method for method in _TABLE}
"""Every method by its name on the wire. What is not here is not built: the payment systems of epsPayment, the
product catalogue and the marking checks."""
