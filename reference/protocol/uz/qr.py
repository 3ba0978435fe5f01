"""The text of a receipt's QR code: the address of the check page with the four values (uz-fiscal §10.1)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple

from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.values import (
    MAX_BCD,
    encode_sign,
    encode_terminal_id,
    format_compact_time,
    parse_compact_time,
)

TEST_BASE: Final = "http://127.0.0.1:13448/check"
"""The lab's own check page: nothing printed here may point at the real one (uz-fiscal ID-04)."""

_QR: Final = re.compile(
    r"(?P<base>[^?#]+)\?t=(?P<terminal>[A-Z]{2}[0-9]{12})&r=(?P<seq>0|[1-9][0-9]{0,15})"
    r"&c=(?P<time>[0-9]{14})&s=(?P<sign>[0-9]{12})"
)


class QrFields(NamedTuple):
    """What a QR code says: check page, whose module, which receipt, when (Tashkent time), with which sign."""

    base: str
    terminal_id: str
    receipt_seq: int
    time: datetime
    fiscal_sign: str


def qr_url(base: str, terminal_id: str, receipt_seq: int, time: datetime, fiscal_sign: str) -> str:
    """Return the text byte for byte: order t, r, c, s, nothing escaped, the sign with its zeros (uz-fiscal
    QR-01).

    Raises CodecError for values that no receipt has.
    """
    encode_terminal_id(terminal_id)
    encode_sign(fiscal_sign)
    if not 0 <= receipt_seq <= MAX_BCD:
        raise CodecError(f"{receipt_seq} is no receipt number", field="ReceiptSeq", clause="uz-fiscal §2.3")
    return f"{base}?t={terminal_id}&r={receipt_seq}&c={format_compact_time(time)}&s={fiscal_sign}"


def parse_qr(url: str) -> QrFields:
    """Return the values in the text of a QR code; CodecError unless it is written exactly as QR-01 says."""
    found = _QR.fullmatch(url)
    if not found:
        raise CodecError(
            f"{url!r} is not <base>?t=…&r=…&c=…&s=…", field="QRCodeURL", clause="uz-fiscal QR-01"
        )
    return QrFields(
        base=found["base"],
        terminal_id=found["terminal"],
        receipt_seq=int(found["seq"]),
        time=parse_compact_time(found["time"], "c"),
        fiscal_sign=found["sign"],
    )
