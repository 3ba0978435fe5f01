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


_TABLE: Final = (
    Method("Api.Ping", ("Message",), Generation1.ping),
    Method("Api.ListFiscalDrives", (), Generation1.list_drives),
    Method("Api.GetInfo", (), Generation1.info, "uz-fiscal §3.3"),
    Method("Api.GetFiscalMemoryInfo", (), Generation1.memory, "uz-fiscal UNK-14"),
    Method("Api.Status", (), Generation1.status, "uz-fiscal §3.3"),
    Method("Api.OpenZReport", ("Time",), Generation1.open_zreport, "uz-fiscal G1-Z-04"),
    Method("Api.CloseZReport", ("Time",), Generation1.close_zreport, "uz-fiscal G1-Z-04"),
    Method("Api.GetZReportCount", (), Generation1.zreport_count, "uz-fiscal G1-Z-02"),
    Method("Api.GetZReportInfo", ("Number",), Generation1.zreport_info, "uz-fiscal §9.1"),
    Method("Api.GetZReportInfoByNumber", ("Number",), Generation1.zreport_info_by_number, "uz-fiscal §9.1"),
    Method("Api.GetZReportsStats", (), Generation1.zreports_stats),
    Method("Api.SendZReport", ("Number",), Generation1.send_zreport),
    Method("Api.SendZReportByNumber", ("Number",), Generation1.send_zreport_by_number),
    Method("Api.SendSaleReceipt", ("Receipt",), lambda one, given: one.send(given, Kind.SALE)),
    Method("Api.SendRefundReceipt", ("Receipt",), lambda one, given: one.send(given, Kind.REFUND)),
    Method("Api.SendAdvanceReceipt", ("Receipt",), lambda one, given: one.send(given, Kind.ADVANCE)),
    Method("Api.SendCreditReceipt", ("Receipt",), lambda one, given: one.send(given, Kind.CREDIT)),
    Method("Api.GetReceiptCount", (), Generation1.receipt_count),
    Method("Api.GetReceiptInfo", ("Number",), Generation1.receipt_info),
    Method("Api.GetLastRegisteredReceipt", (), Generation1.last_registered),
    Method("Api.SendReceipt", (), Generation1.send_short),
    Method("Api.RescanReceipts", (), Generation1.rescan),
    Method("Api.GetUnsentCount", (), Generation1.unsent),
    Method("Api.ResendUnsent", (), Generation1.resend),
)

METHODS: Final = {method.name: method for method in _TABLE}
"""Every method by its name on the wire."""
