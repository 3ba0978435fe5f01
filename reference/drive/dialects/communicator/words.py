"""Texts and field names of the Communicator as tables (uz-fiscal §13.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reference.drive.dialects.rpc1.codes import Rpc1Error

SUCCESS: Final = "SUCCESS"
WRONG_TOKEN: Final = "WRONG_TOKEN"  # noqa: S105 - a text of the dialect
UNSUPPORTED: Final = "UNSUPPORTED_REQUEST_FORMAT"
NO_METHOD: Final = "NO_SUCH_METHOD_AVAILABLE"
NO_ZREPORT_ID: Final = "ZREPORT_ID_NOT_PROVIDED"
NO_NUMBER: Final = "RECEIPT_NUMBER_NOT_PROVIDED"
NO_PERIOD: Final = "PERIOD_NOT_PROVIDED"
NO_CASH_NUMBER: Final = "CASH_REGISTERER_NUMBER_NOT_AVAILABLE"
NO_PAYCHECK: Final = "COULD_NOT_SEND_PAYCHECK"

_BY_CLAUSE: Final = {
    "uz-fiscal RC-07": "DISCOUNT SUM IS GRATER THEN PRICE SUM",
    "uz-fiscal RC-08": "SUM MISMATCH",
}
_BROKEN: Final = "FISCAL_DRIVE_IS_NOT_WORKING"
_BY_CODE: Final = {65278: _BROKEN, 65524: _BROKEN, 65525: _BROKEN, 65529: _BROKEN}

ITEM_NAMES: Final = {"classcode": "SPIC"}
"""Names of an item that generation 1 has others for; all the rest differ in case only."""
INFO_NAMES: Final = {
    "TerminalID": "terminalId",
    "ReceiptSeq": "receiptSeq",
    "FiscalSign": "fiscalSign",
    "QRCodeURL": "qrCodeURL",
    "DateTime": "dateTime",
}
"""`info` of a sale, in the order of the documentation."""


class CommunicatorError(Exception):
    """An error of the Communicator: all a client gets is the text."""


def text_of(error: Rpc1Error) -> str:
    """The Communicator's text for an error of generation 1."""
    return _BY_CLAUSE.get(error.clause) or _BY_CODE.get(error.code) or error.message


def small_first(result: Mapping[str, Any]) -> dict[str, Any]:
    """The names of a Z-report with a small first letter: `number`, `openTime`, `terminalID`."""
    return {f"{name[:1].lower()}{name[1:]}": value for name, value in result.items()}


def info_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """The `info` part of a sale's answer."""
    return {name: result[source] for source, name in INFO_NAMES.items()}
