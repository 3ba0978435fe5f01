"""Binary values and times: the vectors, the guide's examples, round trips, every refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz import values
from reference.protocol.uz.errors import CodecError
from tests.protocol.uz.vectors import VECTORS

LAYOUT = '"2006-01-02 15:04:05"'
TIMES = st.datetimes(datetime(1999, 1, 1), datetime(9999, 12, 31, 23, 59, 59)).map(
    lambda t: t.replace(microsecond=0)
)


@pytest.mark.parametrize("case", VECTORS["bcd"], ids=lambda c: c["value"])
def test_bcd_vectors(case):
    value = int(case["value"])
    assert values.encode_bcd8(value).hex() == case["full_hex"]
    assert values.encode_bcd(value).hex() == case["compact_hex"]
    assert values.decode_bcd8(bytes.fromhex(case["full_hex"])) == value
    assert values.decode_bcd(bytes.fromhex(case["compact_hex"])) == value


@given(st.integers(0, values.MAX_BCD))
def test_bcd_round_trip(value):
    full, compact = values.encode_bcd8(value), values.encode_bcd(value)
    assert len(full) == 8
    assert values.decode_bcd8(full) == value == values.decode_bcd(compact)
    assert full.rstrip(b"\0") == compact.rstrip(b"\0")


@given(st.binary(min_size=8, max_size=8))
def test_bcd8_takes_exactly_digits(data):
    if all(nibble in "0123456789" for nibble in data.hex()):
        assert values.encode_bcd8(values.decode_bcd8(data)) == data
    else:
        with pytest.raises(CodecError) as caught:
            values.decode_bcd8(data)
        assert caught.value.clause == "uz-fiscal TY-01"


@pytest.mark.parametrize("value", [-1, values.MAX_BCD + 1])
def test_bcd_range(value):
    with pytest.raises(CodecError) as caught:
        values.encode_bcd8(value, "price")
    assert caught.value.field == "price"
    assert str(value) in str(caught.value)


def test_bcd_lengths():
    for bad in (b"", bytes(7), bytes(9)):
        with pytest.raises(CodecError, match="BCD8 has"):
            values.decode_bcd8(bad)
    for bad in (b"", bytes(9)):
        with pytest.raises(CodecError, match="compact BCD has"):
            values.decode_bcd(bad)


def test_sample_app_misreads_short_bcd():
    assert values.decode_bcd(bytes.fromhex("2616")) == 6162
    assert values.decode_bcd(bytes.fromhex("2616"), sample_app=True) == 6162 * 10**12
    assert values.decode_bcd(bytes.fromhex("2616000000000000"), sample_app=True) == 6162


def test_short():
    assert values.encode_short(400).hex() == "0190"
    assert values.decode_short(bytes.fromhex("7fff")) == 32767
    for bad in (-1, 32768):
        with pytest.raises(CodecError, match="not in 0…32767"):
            values.encode_short(bad, "n")
    for bad_bytes in (b"", b"\0", b"\0\0\0", b"\x80\0"):
        with pytest.raises(CodecError):
            values.decode_short(bad_bytes)


def test_index():
    assert values.encode_index(None) == b"\xff\xff"
    assert values.encode_index(3) == b"\0\x03"
    assert values.decode_index(b"\xff\xff") is None
    assert values.decode_index(b"\0\x03") == 3


def test_byte():
    assert values.encode_byte(200) == b"\xc8"
    assert values.decode_byte(b"\xc8") == 200
    with pytest.raises(CodecError):
        values.encode_byte(256)
    with pytest.raises(CodecError):
        values.decode_byte(b"")


def test_flag_is_the_unusual_way_round():
    assert values.encode_flag(True) == b"\0"
    assert values.encode_flag(False) == b"\xff"
    assert values.decode_flag(b"\0") is True
    assert values.decode_flag(b"\xff") is False
    assert values.decode_flag(b"\x01") is False
    assert values.decode_flag(b"\xff", strict=True) is False
    with pytest.raises(CodecError, match="not 00 or ff"):
        values.decode_flag(b"\x01", strict=True)


@pytest.mark.parametrize(
    ("text", "hex_"),
    [
        ("ZZ077335055257", "5a5a077335055257"),
        ("UZ724549167320", "555a724549167320"),
        ("VG949183117216", "5647949183117216"),
    ],
)
def test_terminal_id_examples(text, hex_):
    assert values.encode_terminal_id(text).hex() == hex_
    assert values.decode_terminal_id(bytes.fromhex(hex_)) == text


@given(st.from_regex(r"[A-Z]{2}[0-9]{12}", fullmatch=True))
def test_terminal_id_round_trip(text):
    assert values.decode_terminal_id(values.encode_terminal_id(text)) == text


@pytest.mark.parametrize(
    "bad", ["", "zz000000000000", "ZZ00000000000", "ZZ000000000000\n", "ZZ00000000000a", "ÀZ000000000000"]
)
def test_bad_terminal_id_text(bad):
    with pytest.raises(CodecError) as caught:
        values.encode_terminal_id(bad)
    assert caught.value.field == "TerminalID"


@pytest.mark.parametrize(
    "bad", ["", "5a5a0773350552", "5a5a07733505525700", "5a5a07733505525a", "005a077335055257"]
)
def test_bad_terminal_id_bytes(bad):
    with pytest.raises(CodecError):
        values.decode_terminal_id(bytes.fromhex(bad))


@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_sign_round_trip(sign):
    assert values.encode_sign(sign).hex() == sign
    assert values.decode_sign(values.encode_sign(sign)) == sign


def test_sign_refusals():
    assert values.encode_sign("030548219873").hex() == "030548219873"
    for bad in ("", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢"):
        with pytest.raises(CodecError) as caught:
            values.encode_sign(bad)
        assert caught.value.clause == "uz-fiscal TY-04"
    for bad_bytes in (b"", bytes(5), bytes(7), b"\xaa" * 6):
        with pytest.raises(CodecError):
            values.decode_sign(bad_bytes)


@pytest.mark.parametrize(
    ("time", "hex_"),
    [
        (datetime(2023, 1, 27, 12, 38, 25), "2023012754123825"),
        (datetime(2023, 12, 12, 2, 29, 28), "2023121254022928"),
        (datetime(2025, 6, 2, 13, 55, 37), "2025060254135537"),
    ],
)
def test_time_examples(time, hex_):
    assert values.encode_time(time).hex() == hex_
    assert values.decode_time(bytes.fromhex(hex_)) == time


@given(TIMES)
def test_time_round_trips(time):
    assert values.decode_time(values.encode_time(time)) == time
    assert values.decode_time(values.encode_time(time), sample_app=True) == time
    assert values.parse_json_time(values.format_json_time(time)) == time
    assert values.parse_compact_time(values.format_compact_time(time)) == time


@given(st.binary(min_size=8, max_size=8))
def test_time_never_crashes(data):
    try:
        time = values.decode_time(data)
    except CodecError:
        return
    assert values.encode_time(time) == data


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "20230127541238",
        "202301275412382500",
        "2023012700123825",
        "2023130154123825",
        "2023000154123825",
        "2023010054123825",
        "2023013254123825",
        "2023010154243825",
        "2023010154126025",
        "1998010154123825",
        "a023010154123825",
        "202a010154123825",
        "20230a0154123825",
        "2023010154123861",
    ],
)
def test_bad_time_bytes(bad):
    for sample_app in (False, True):
        with pytest.raises(CodecError) as caught:
            values.decode_time(bytes.fromhex(bad), "open time", sample_app=sample_app)
        assert (caught.value.field, caught.value.clause) == ("open time", "uz-fiscal TY-03")


def test_sample_app_rolls_over_what_we_refuse():
    for hex_, rolled in (
        ("2023012754123860", datetime(2023, 1, 27, 12, 39)),
        ("2023023154123825", datetime(2023, 3, 3, 12, 38, 25)),
    ):
        with pytest.raises(CodecError):
            values.decode_time(bytes.fromhex(hex_))
        assert values.decode_time(bytes.fromhex(hex_), sample_app=True) == rolled
    with pytest.raises(CodecError):
        values.decode_time(bytes.fromhex("9999123154235960"), sample_app=True)


def test_encode_time_refusals():
    assert values.encode_time(datetime(2026, 7, 1, 9, 0, 1, 999999)).hex() == "2026070154090001"
    with pytest.raises(CodecError, match="zone"):
        values.encode_time(datetime(2026, 7, 1, tzinfo=UTC))
    with pytest.raises(CodecError, match="before 1999"):
        values.encode_time(datetime(1998, 12, 31))


def test_tashkent_border():
    local = datetime(2026, 7, 1, 2, 30)
    assert values.from_tashkent(local).astimezone(UTC) == datetime(2026, 6, 30, 21, 30, tzinfo=UTC)
    assert values.to_tashkent(datetime(2026, 6, 30, 21, 30, 0, 999999, tzinfo=UTC)) == local
    assert values.from_tashkent(local).utcoffset() == timedelta(hours=5)
    with pytest.raises(CodecError, match="no zone"):
        values.to_tashkent(local)
    with pytest.raises(CodecError, match="zone"):
        values.from_tashkent(datetime(2026, 7, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "2026-07-01T09:00:01",
            f'parsing time "2026-07-01T09:00:01" as {LAYOUT}: cannot parse "T09:00:01" as " "',
        ),
        ("", f'parsing time "" as {LAYOUT}: cannot parse "" as "2006"'),
        ("2026-07-01", f'parsing time "2026-07-01" as {LAYOUT}: cannot parse "" as "15"'),
        (
            "2026-7-01 09:00:01",
            f'parsing time "2026-7-01 09:00:01" as {LAYOUT}: cannot parse "7-01 09:00:01" as "01"',
        ),
        (
            "2026/07/01 09:00:01",
            f'parsing time "2026/07/01 09:00:01" as {LAYOUT}: cannot parse "/07/01 09:00:01" as "-"',
        ),
        ("2026-13-01 09:00:01", 'parsing time "2026-13-01 09:00:01": month out of range'),
        ("2026-00-01 09:00:01", 'parsing time "2026-00-01 09:00:01": month out of range'),
        ("2026-02-30 09:00:01", 'parsing time "2026-02-30 09:00:01": day out of range'),
        ("2026-02-28 24:00:01", 'parsing time "2026-02-28 24:00:01": hour out of range'),
        ("2026-02-28 23:60:01", 'parsing time "2026-02-28 23:60:01": minute out of range'),
        ("2026-02-28 23:59:60", 'parsing time "2026-02-28 23:59:60": second out of range'),
        ("0000-02-28 23:59:59", 'parsing time "0000-02-28 23:59:59": year out of range'),
        ("2026-02-28 23:59:59Z", 'parsing time "2026-02-28 23:59:59Z": extra text: "Z"'),
    ],
)
def test_json_time_errors_read_like_the_service(text, message):
    with pytest.raises(CodecError) as caught:
        values.parse_json_time(text)
    assert caught.value.text == message
    assert caught.value.clause == "uz-fiscal TM-02"


@pytest.mark.parametrize("text", ["2026-07-01 09:00:01", "2026-07-01 9:00:01", "2026-07-01  09:00:01.75"])
def test_json_time_takes_what_go_takes(text):
    assert values.parse_json_time(text) == datetime(2026, 7, 1, 9, 0, 1)


def test_compact_time():
    assert values.format_compact_time(datetime(2021, 11, 2, 14, 13, 7)) == "20211102141307"
    for bad in ("", "2021110214130", "20211102 41307", "20211302141307", "2021110214130٧"):
        with pytest.raises(CodecError) as caught:
            values.parse_compact_time(bad)
        assert caught.value.clause == "uz-fiscal TM-03"
    for write in (values.format_json_time, values.format_compact_time):
        with pytest.raises(CodecError):
            write(datetime(2026, 7, 1, tzinfo=UTC))


@pytest.mark.parametrize("case", VECTORS["crc32c"], ids=lambda c: c["text"])
def test_crc32c_vectors(case):
    assert values.crc32c(case["text"].encode()).to_bytes(4, "big").hex() == case["crc_hex"]


@given(st.binary(max_size=70))
def test_crc32c_equals_the_bitwise_definition(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    assert values.crc32c(data) == crc ^ 0xFFFFFFFF
