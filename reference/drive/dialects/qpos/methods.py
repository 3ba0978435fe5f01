"""The methods and texts of QPOS as tables (uz-fiscal §13.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.dialects.rpc1.methods import Handler, called
from reference.drive.dialects.rpc1.sale import Kind

ERROR: Final = 50021
"""The code of every known error: clients branch on the message (uz-fiscal QP-03)."""
OPENED: Final = "Z-Report succesfuly open!"
EXPLAINED: Final = {
    "ERROR_ZREPORT_IS_ALREADY_OPEN": "Please, close Z-Report firstly!",
    "ERROR_CURRENT_ZREPORT_IS_EMPTY": "Z-Report empty or already closed!",
}
"""`data` of the two documented errors; any other has generation 1's."""
NO_OWNER: Final = 99
"""What an empty OwnerType is sent as (uz-fiscal QP-02)."""


class Shape(Enum):
    """How an answer is wrapped."""

    ENVELOPE = "code, message, data"
    RAW = "JSON-RPC, as the documented sample of GetZReportCount"
    TIMED = "success, data, apiTime"


@dataclass(frozen=True, slots=True)
class Method:
    """One row: what is called, or which receipt is sold; `named` honours ReceiptNumber (uz-fiscal QP-01)."""

    name: str
    handler: Handler | None = None
    kind: Kind | None = None
    named: bool = False
    shape: Shape = Shape.ENVELOPE
    said: str = ""
    clause: str = "uz-fiscal §13.1"


_TABLE: Final = (
    Method("Api.GetInfo", called(Generation1.info)),
    Method("Api.GetZReportCount", called(Generation1.zreport_count), shape=Shape.RAW),
    Method("Api.ZReportInfo", called(Generation1.zreport_info)),
    Method("Api.OpenZReport", called(Generation1.open_zreport), said=OPENED),
    Method("Api.CloseZReport", called(Generation1.close_zreport)),
    Method("SaleReceipt", kind=Kind.SALE, named=True, clause="uz-fiscal QP-01"),
    Method("RefundReceipt", kind=Kind.REFUND, named=True, clause="uz-fiscal QP-01"),
    Method("AdvanceReceipt", kind=Kind.ADVANCE),
    Method("Api.SendReceipt", called(Generation1.send_short), shape=Shape.TIMED),
)

METHODS: Final = {method.name: method for method in _TABLE}
"""Every method by its name on the wire."""
