"""What JSON-RPC 3448 and QPOS 2040 say of the module that the judge plays (uz-fiscal §3, §9.1, §13.1).

Written from the clauses, as `uz_played`: its values and reasons go in, the names, types and error codes of
generation 1 come out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from conformance.models.uz_played import PlayedModule, Told
from conformance.models.uz_played_receipts import TERMINAL, Json, Shift, time_of

APPLET: Final = "0324"
REGISTERING: Final = "register"
OPENING: Final = "open"
CLOSING: Final = "close"
READING: Final = "read"


class Refusal(NamedTuple):
    """An error of generation 1 (G1-T-05, G1-T-06)."""

    code: int
    message: str
    data: str = ""


_NAMES: Final = {
    36870: "ERROR_RECEIPT_COUNT_ZERO",
    36871: "ERROR_RECEIPT_INDEX_OUT_OF_BOUNDS",
    36872: "ERROR_RECEIPT_NOT_FOUND",
    36877: "ERROR_RECEIPT_FORMAT_INVALID",
    36878: "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW",
    36886: "ERROR_RECEIPT_MEMORY_FULL",
    36888: "ERROR_RECEIPT_TIME_PAST",
    36889: "ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED",
    36897: "ERROR_CLOSE_ZREPORT_TIME_PAST",
    36898: "ERROR_ZREPORT_SPACE_IS_FULL",
    36902: "ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS",
    36907: "ERROR_CURRENT_ZREPORT_IS_EMPTY",
    36909: "ERROR_ZREPORT_IS_NOT_OPEN",
    36911: "ERROR_SALE_REFUND_COUNT_OVERFLOW",
    36912: "ERROR_ZREPORT_IS_ALREADY_OPEN",
    36916: "ERROR_OPEN_ZREPORT_TIME_PAST",
    65279: "fiscal drive locked",
    65534: "cannot connect card",
}
"""Names of uz-fiscal §3.5 that a played module has a use for."""
_BY_WORD: Final[dict[str, int | dict[str, int]]] = {
    "9020": {READING: 36871, "zreport": 36902},
    "9021": {REGISTERING: 36909, CLOSING: 36907},
    "9022": 36912,
    "9023": 36907,
    "9030": {REGISTERING: 36888, OPENING: 36916, CLOSING: 36897},
    "9031": 36889,
    "9032": 36907,
    "9040": 36911,
    "9090": 65279,
    "90f0": 36898,
    "90f1": 36886,
    "90ff": 36886,
}
"""Status words of the module by what was asked of it (uz-fiscal §3.6). The overflows of sums (9041…9045)
are left out: generation 1 says 36878 of a full shift, too, which another shift cures."""
_BY_TEXT: Final = (
    ("receipt time is in the past", Refusal(36888, _NAMES[36888])),
    ("refundinfo is undefined", Refusal(65277, "no refund info passed")),
    ("bad refundinfo", Refusal(65276, "bad refund info passed")),
    ("refundinfo is not valid", Refusal(65275, "not valid refund info", "refund info is not valid\n")),
    ("parsing time", Refusal(65532, "illegal argument")),
    ("no card found", Refusal(65534, _NAMES[65534])),
    ("fiscal drive not found", Refusal(65534, _NAMES[65534])),
    ("card connection lost", Refusal(65534, _NAMES[65534])),
)
_WORD: Final = re.compile(r"\b(9[0-9a-f]{3})\b")
_SYNC: Final = "9091"


def refusal(doing: str, reason: str) -> Refusal | None:
    """How generation 1 says this reason about an operation; None for one that it cannot have."""
    text = reason.lower()
    for code, name in _NAMES.items():
        if name.lower() == text:
            return Refusal(code, name)
    for words, told in _BY_TEXT:
        if words in text:
            return told
    found = _WORD.search(text)
    if found is not None:
        return _of_word(doing, found[1], reason)
    if doing != REGISTERING or "no record found" in text:
        return None
    return Refusal(65531, "cannot encode receipt", f"{reason}\n")


def _of_word(doing: str, word: str, reason: str) -> Refusal | None:
    if word == _SYNC:
        return Refusal(65278, "card command failed", f"{reason}\n")
    found = _BY_WORD.get(word)
    code = found.get(doing) if isinstance(found, dict) else found
    return None if code is None else Refusal(code, _NAMES[code])


# --- what it is told ------------------------------------------------------------------------------------


def info(module: PlayedModule) -> Json:
    """Api.GetInfo (uz-fiscal §3.3)."""
    return {
        "AppletVersion": APPLET,
        "TerminalID": TERMINAL,
        "CurrentTime": compact(module.last),
        "CurrentReceiptSeq": str(len(module.receipts)),
        "ReceiptCount": len(module.unsent),
        "ReceiptMaxCount": 480,
        "ZReportCount": len(module.shifts),
        "ZReportMaxCount": 640,
        "AvailablePersistentMemory": 10356,
        "AvailableResetMemory": 709,
        "AvailableDeselectMemory": 709,
    }


def slots(module: PlayedModule) -> int:
    """Z slots, the current one among them: after a close that is the next, empty one (G1-Z-01, G1-Z-02)."""
    return len(module.shifts) + (module.shift is None)


def zreport(module: PlayedModule, number: int) -> Told:
    """Api.GetZReportInfo: 0 is the current slot (uz-fiscal §9.1)."""
    count = slots(module)
    if number >= count:
        return 404, _NAMES[36902]
    ordinal = count - number
    shift = module.shifts[ordinal - 1] if ordinal <= len(module.shifts) else None
    return 200, {
        "AppletVersion": APPLET,
        "TerminalID": TERMINAL,
        "Number": ordinal,
        "Count": count,
        **_slot(shift),
    }


def _slot(shift: Shift | None) -> Json:
    told: Json = {} if shift is None else shift.json
    sums = {
        f"Total{side}{kind}": told.get(f"Total{kind}", {}).get(side, 0)
        for side in ("Sale", "Refund")
        for kind in ("Cash", "Card", "VAT")
    }
    return {
        "OpenTime": "" if shift is None else compact(shift.opened),
        "CloseTime": "" if shift is None or shift.closed is None else compact(shift.closed),
        "FirstReceiptSeq": str(told.get("FirstReceiptSeq", 0)),
        "LastReceiptSeq": str(told.get("LastReceiptSeq", 0)),
        "TotalSaleCount": told.get("TotalSaleCount", 0),
        "TotalRefundCount": told.get("TotalRefundCount", 0),
        **sums,
    }


def held(module: PlayedModule, number: int) -> Told:
    """Api.GetReceiptInfo: 1 is the oldest that the operator does not have."""
    unsent = module.unsent
    if not unsent:
        return 404, _NAMES[36870]
    if not 1 <= number <= len(unsent):
        return 404, _NAMES[36871]
    found = unsent[number - 1]
    made = (module.oldest_unsent if number == 1 else None) or found.time
    return 200, {
        "AppletVersion": APPLET,
        "TerminalID": TERMINAL,
        "Number": number,
        "Count": len(unsent),
        "Sale": not int(found.body.get("Operation", 0)),
        "TransactionTime": compact(made),
        "ReceiptSeq": str(found.seq),
        "TotalCash": found.cash,
        "TotalCard": found.card,
        "TotalVAT": found.vat,
    }


def answered(told: Mapping[str, Any]) -> Json:
    """The answer to a registration: numbers are text, a numbered receipt's time has 14 digits (§3.4)."""
    made = time_of(told["DateTime"])
    numbered = str(told["ReceiptSeq"])
    return {
        "AppletVersion": APPLET,
        **told,
        "ReceiptSeq": numbered,
        "DateTime": compact(made) if numbered and made is not None else told["DateTime"],
    }


def compact(time: datetime) -> str:
    """A time in 14 digits (TM-03)."""
    return f"{time:%Y%m%d%H%M%S}"
