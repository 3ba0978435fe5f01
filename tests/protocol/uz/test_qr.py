"""QR texts byte for byte, and back."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.qr import TEST_BASE, QrFields, parse_qr, qr_url
from reference.protocol.uz.values import MAX_BCD
from tests.protocol.uz.receipts import TIMES

TIME = datetime(2021, 11, 2, 14, 13, 7)
EXAMPLE = "t=ZZ000000000000&r=22&c=20211102141307&s=445705250315"


def test_the_example():
    """QR-02."""
    url = qr_url(TEST_BASE, "ZZ000000000000", 22, TIME, "445705250315")
    assert url == f"http://127.0.0.1:13448/check?{EXAMPLE}"
    assert parse_qr(url) == QrFields(TEST_BASE, "ZZ000000000000", 22, TIME, "445705250315")


def test_leading_zeros():
    """QR-01: none in the number, all in the sign."""
    url = qr_url("http://lab/check", "ZZ000000000001", 7, TIME, "000000000042")
    assert url == "http://lab/check?t=ZZ000000000001&r=7&c=20211102141307&s=000000000042"


@given(
    st.from_regex(r"[A-Z]{2}[0-9]{12}", fullmatch=True),
    st.integers(0, MAX_BCD),
    TIMES,
    st.from_regex(r"[0-9]{12}", fullmatch=True),
)
def test_round_trip(terminal_id, seq, time, sign):
    assert parse_qr(qr_url(TEST_BASE, terminal_id, seq, time, sign)) == (
        TEST_BASE, terminal_id, seq, time, sign,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (("zz000000000000", 22, TIME, "445705250315"), "TerminalID"),
        (("ZZ000000000000", -1, TIME, "445705250315"), "ReceiptSeq"),
        (("ZZ000000000000", MAX_BCD + 1, TIME, "445705250315"), "ReceiptSeq"),
        (("ZZ000000000000", 22, TIME, "44570525031"), "FiscalSign"),
    ],
)
def test_values_that_no_receipt_has(values, field):
    with pytest.raises(CodecError) as caught:
        qr_url(TEST_BASE, *values)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "query",
    [
        "",
        EXAMPLE.replace("r=22", "r=022"),
        EXAMPLE.replace("r=22", "r="),
        EXAMPLE.replace("r=22", "r=-22"),
        EXAMPLE[:-1],
        EXAMPLE + "0",
        EXAMPLE + "&x=1",
        "r=22&t=ZZ000000000000&c=20211102141307&s=445705250315",
        EXAMPLE.replace("20211102141307", "20211131141307"),
    ],
)
def test_texts_that_are_no_qr(query):
    with pytest.raises(CodecError):
        parse_qr(f"{TEST_BASE}?{query}")
