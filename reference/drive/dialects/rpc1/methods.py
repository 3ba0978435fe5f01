"""The methods of FiscalDriveAPI as one table (uz-fiscal §3.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from reference.drive.dialects.fields import Fields
from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.dialects.rpc1.sale import Kind

Handler = Callable[[Generation1, Fields], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Method:
    """One row: the name on the wire, its parameters besides FactoryID, and what it calls."""

    name: str
    parameters: tuple[str, ...]
    handler: Handler
    clause: str = "uz-fiscal §3.2"


def called(method: Handler) -> Handler:
    """A method of Generation1 by its name, so that a subclass may have its own."""
    name = getattr(method, "__name__", "")
    return lambda generation, params: dict(getattr(generation, name)(params))


_TABLE: Final = (
    Method("Api.Ping", ("Message",), called(Generation1.ping)),
    Method("Api.ListFiscalDrives", (), called(Generation1.list_drives)),
    Method("Api.GetInfo", (), called(Generation1.info), "uz-fiscal §3.3"),
    Method("Api.GetFiscalMemoryInfo", (), called(Generation1.memory), "uz-fiscal UNK-14"),
    Method("Api.Status", (), called(Generation1.status), "uz-fiscal §3.3"),
    Method("Api.OpenZReport", ("Time",), called(Generation1.open_zreport), "uz-fiscal G1-Z-04"),
    Method("Api.CloseZReport", ("Time",), called(Generation1.close_zreport), "uz-fiscal G1-Z-04"),
    Method("Api.GetZReportCount", (), called(Generation1.zreport_count), "uz-fiscal G1-Z-02"),
    Method("Api.GetZReportInfo", ("Number",), called(Generation1.zreport_info), "uz-fiscal §9.1"),
    Method(
        "Api.GetZReportInfoByNumber",
        ("Number",),
        called(Generation1.zreport_info_by_number),
        "uz-fiscal §9.1",
    ),
    Method("Api.GetZReportsStats", (), called(Generation1.zreports_stats)),
    Method("Api.SendZReport", ("Number",), called(Generation1.send_zreport)),
    Method("Api.SendZReportByNumber", ("Number",), called(Generation1.send_zreport_by_number)),
    Method("Api.SendSaleReceipt", ("Receipt",), lambda one, given: one.send(given, Kind.SALE)),
    Method("Api.SendRefundReceipt", ("Receipt",), lambda one, given: one.send(given, Kind.REFUND)),
    Method("Api.SendAdvanceReceipt", ("Receipt",), lambda one, given: one.send(given, Kind.ADVANCE)),
    Method("Api.SendCreditReceipt", ("Receipt",), lambda one, given: one.send(given, Kind.CREDIT)),
    Method("Api.GetReceiptCount", (), called(Generation1.receipt_count)),
    Method("Api.GetReceiptInfo", ("Number",), called(Generation1.receipt_info)),
    Method("Api.GetLastRegisteredReceipt", (), called(Generation1.last_registered)),
    Method("Api.SendReceipt", (), called(Generation1.send_short)),
    Method("Api.RescanReceipts", (), called(Generation1.rescan)),
    Method("Api.GetUnsentCount", (), called(Generation1.unsent)),
    Method("Api.ResendUnsent", (), called(Generation1.resend)),
)

METHODS: Final = {method.name: method for method in _TABLE}
"""Every method by its name on the wire."""
