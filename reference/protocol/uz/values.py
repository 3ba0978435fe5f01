"""The binary value types of uz-fiscal §2.4 and the time spellings of §2.2, each as encode and decode.

Datetimes here are naive and mean Tashkent local time in whole seconds (TM-01, TM-05); `to_tashkent` and
`from_tashkent` stand at the border to aware UTC. The numeric codecs run many thousand times a second in an
emulated module, therefore they work by hexadecimal text and look-up tables instead of digit arithmetic.
"""

from __future__ import annotations

import re
import struct
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from reference.protocol.uz.errors import CodecError

MAX_BCD: Final = 9_999_999_999_999_999
MAX_SHORT: Final = 32767
TASHKENT: Final = timezone(timedelta(hours=5), "UZT")
EARLIEST_YEAR: Final = 1999

_TIME_MARK: Final = 0x54  # 'T' between date and time
_NOT_DIGITS: Final = 10**6  # lies outside every range datetime accepts
_PACK: Final = tuple(tens << 4 | ones for tens in range(10) for ones in range(10))
_UNPACK: Final = tuple(
    (byte >> 4) * 10 + (byte & 15) if byte >> 4 < 10 and byte & 15 < 10 else _NOT_DIGITS
    for byte in range(256)
)
_TERMINAL_ID: Final = re.compile(r"[A-Z]{2}[0-9]{12}")
_SIGN: Final = re.compile(r"[0-9]{12}")


# --- numbers -----------------------------------------------------------------------------------------


def _refuse_number(value: int, field: str) -> CodecError:
    if value < 0:
        return CodecError(f"value {value} is negative", field=field, clause="uz-fiscal RC-12")
    return CodecError(f"value {value} shouldn't exceed {MAX_BCD}", field=field, clause="uz-fiscal RC-09")


def encode_bcd8(value: int, field: str = "") -> bytes:
    """8 bytes, decimal digits least significant first (uz-fiscal §2.4): 6162 → 2616000000000000.

    Raises CodecError for a negative number or one above MAX_BCD.
    """
    if not 0 <= value <= MAX_BCD:
        raise _refuse_number(value, field)
    return bytes.fromhex(str(value)[::-1].ljust(16, "0"))


def decode_bcd8(data: bytes, field: str = "") -> int:
    """The number in 8 BCD bytes; CodecError for another length or a nibble above 9 (uz-fiscal TY-01)."""
    if len(data) != 8:
        raise CodecError(f"BCD8 has {len(data)} bytes, not 8", field=field, clause="uz-fiscal §2.4")
    try:
        return int(data.hex()[::-1])
    except ValueError:
        raise CodecError(f"{data.hex()} is not BCD", field=field, clause="uz-fiscal TY-01") from None


def encode_bcd(value: int, field: str = "") -> bytes:
    """Compact BCD: BCD8 without trailing zero bytes, at least one byte: 0 → 00, 100 → 0010."""
    return encode_bcd8(value, field).rstrip(b"\0") or b"\0"


def decode_bcd(data: bytes, field: str = "", *, sample_app: bool = False) -> int:
    """The number in 1…8 BCD bytes, padded with zero bytes on the right (uz-fiscal TY-02).

    `sample_app` pads on the left as the public sample app does, and so misreads every short value: use it
    to show what such a client would see. CodecError for another length or a nibble above 9.
    """
    if not 1 <= len(data) <= 8:
        raise CodecError(f"compact BCD has {len(data)} bytes, not 1…8", field=field, clause="uz-fiscal §2.4")
    return decode_bcd8(data.rjust(8, b"\0") if sample_app else data.ljust(8, b"\0"), field)


def encode_short(value: int, field: str = "") -> bytes:
    """2 bytes big-endian, 0…32767; CodecError outside."""
    if not 0 <= value <= MAX_SHORT:
        raise CodecError(f"value {value} is not in 0…{MAX_SHORT}", field=field, clause="uz-fiscal §2.4")
    return value.to_bytes(2, "big")


def decode_short(data: bytes, field: str = "") -> int:
    """The number in 2 bytes; CodecError for another length or a negative value."""
    if len(data) != 2:
        raise CodecError(f"short has {len(data)} bytes, not 2", field=field, clause="uz-fiscal §2.4")
    value = data[0] << 8 | data[1]
    if value > MAX_SHORT:
        raise CodecError(f"short {data.hex()} is negative", field=field, clause="uz-fiscal §2.4")
    return value


def encode_index(index: int | None, field: str = "") -> bytes:
    """An absolute or reverse index as short; None, "unknown", is FFFF (uz-fiscal §5.2 ACK, §5.5)."""
    return b"\xff\xff" if index is None else encode_short(index, field)


def decode_index(data: bytes, field: str = "") -> int | None:
    """The index in 2 bytes, None for FFFF; CodecError as decode_short."""
    return None if data == b"\xff\xff" else decode_short(data, field)


def encode_byte(value: int, field: str = "") -> bytes:
    """One byte, 0…255; CodecError outside."""
    if not 0 <= value <= 255:
        raise CodecError(f"value {value} is not in 0…255", field=field, clause="uz-fiscal §2.4")
    return value.to_bytes(1, "big")


def decode_byte(data: bytes, field: str = "") -> int:
    """The number in one byte; CodecError for another length."""
    if len(data) != 1:
        raise CodecError(f"byte has {len(data)} bytes, not 1", field=field, clause="uz-fiscal §2.4")
    return data[0]


def encode_flag(value: bool) -> bytes:
    """A flag of the Info object, the unusual way round: 00 = yes, FF = no (uz-fiscal §2.4)."""
    return b"\0" if value else b"\xff"


def decode_flag(data: bytes, field: str = "", *, strict: bool = False) -> bool:
    """Whether the flag says yes. Every value but 00 counts as no; `strict` refuses all but 00 and FF."""
    value = decode_byte(data, field)
    if strict and value not in (0, 0xFF):
        raise CodecError(f"flag is {data.hex()}, not 00 or ff", field=field, clause="uz-fiscal §2.4")
    return value == 0


# --- identifiers -------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def encode_terminal_id(terminal_id: str, field: str = "TerminalID") -> bytes:
    """8 bytes of a TerminalID: two capital Latin letters, twelve packed digits (uz-fiscal §2.4)."""
    if not _TERMINAL_ID.fullmatch(terminal_id):
        raise CodecError(
            f"{terminal_id!r} is not 2 capital letters and 12 digits", field=field, clause="uz-fiscal §2.3"
        )
    return terminal_id[:2].encode("ascii") + bytes.fromhex(terminal_id[2:])


def decode_terminal_id(data: bytes, field: str = "TerminalID") -> str:
    """The TerminalID in 8 bytes; CodecError when it is none."""
    text = data[:2].decode("latin-1") + data[2:].hex()
    if len(data) != 8 or not _TERMINAL_ID.fullmatch(text):
        raise CodecError(f"{data.hex()} is not a TerminalID", field=field, clause="uz-fiscal §2.4")
    return text


def encode_sign(sign: str, field: str = "FiscalSign") -> bytes:
    """6 bytes of a fiscal sign of exactly twelve digits (uz-fiscal TY-04)."""
    if not _SIGN.fullmatch(sign):
        raise CodecError(f"{sign!r} is not 12 digits", field=field, clause="uz-fiscal TY-04")
    return bytes.fromhex(sign)


def decode_sign(data: bytes, field: str = "FiscalSign") -> str:
    """The twelve digits in 6 bytes, leading zeros kept; CodecError for another length or a nibble above 9."""
    text = data.hex()
    if not _SIGN.fullmatch(text):
        raise CodecError(f"{text} is not 12 packed digits", field=field, clause="uz-fiscal TY-04")
    return text


# --- time --------------------------------------------------------------------------------------------


def _require_naive(time: datetime, field: str) -> None:
    if time.tzinfo is not None:
        raise CodecError(
            f"{time} carries a zone; pass Tashkent local time", field=field, clause="uz-fiscal TM-01"
        )


def encode_time(time: datetime, field: str = "time") -> bytes:
    """BCDDateTime, 8 bytes YYYYMMDD 54 HHMMSS; a fraction of a second is cut off (uz-fiscal TM-05).

    Raises CodecError for an aware datetime or a year before 1999 (uz-fiscal TY-03).
    """
    _require_naive(time, field)
    year = time.year
    if year < EARLIEST_YEAR:
        raise CodecError(f"year {year} is before {EARLIEST_YEAR}", field=field, clause="uz-fiscal TY-03")
    pack = _PACK
    return bytes(
        (
            pack[year // 100],
            pack[year % 100],
            pack[time.month],
            pack[time.day],
            _TIME_MARK,
            pack[time.hour],
            pack[time.minute],
            pack[time.second],
        )
    )


def decode_time(data: bytes, field: str = "time", *, sample_app: bool = False) -> datetime:
    """The Tashkent local time in a BCDDateTime; CodecError for whatever uz-fiscal TY-03 refuses.

    `sample_app` also takes what the public sample reader takes, second 60 and days the month does not have,
    and rolls them over into the following minute or month.
    """
    unpack = _UNPACK
    try:
        century, years, month, day, mark, hour, minute, second = data
        year = unpack[century] * 100 + unpack[years]
        if mark == _TIME_MARK and year >= EARLIEST_YEAR:
            if not sample_app:
                return datetime(
                    year, unpack[month], unpack[day], unpack[hour], unpack[minute], unpack[second]
                )
            if 1 <= unpack[day] <= 31 and unpack[second] <= 60:
                start = datetime(year, unpack[month], 1, unpack[hour], unpack[minute])
                return start + timedelta(days=unpack[day] - 1, seconds=unpack[second])
    except (ValueError, OverflowError):
        pass
    raise CodecError(f"{data.hex()} is not a BCDDateTime", field=field, clause="uz-fiscal TY-03")


def to_tashkent(time: datetime) -> datetime:
    """Naive Tashkent local time, whole seconds (rounded down), of an aware datetime."""
    if time.tzinfo is None:
        raise CodecError(f"{time} carries no zone", field="time", clause="uz-fiscal TM-01")
    return time.astimezone(TASHKENT).replace(tzinfo=None, microsecond=0)


def from_tashkent(time: datetime) -> datetime:
    """The aware datetime (zone TASHKENT) of a naive Tashkent local time."""
    _require_naive(time, "time")
    return time.replace(tzinfo=TASHKENT)


_JSON_LAYOUT: Final = "2006-01-02 15:04:05"  # Go's way to write YYYY-MM-DD HH:MM:SS
_DIGITS: Final = {length: re.compile(length) for length in ("[0-9]{4}", "[0-9]{2}", "[0-9]{1,2}")}
# What stands before it, the layout's number, its digits, its name and bounds in a range error. Go takes one
# digit for the hour, finds days a month does not have only at the end, and cuts off a fraction of a second.
_JSON_STEPS: Final = (
    ("", "2006", "[0-9]{4}", "year", 0, 9999),
    ("-", "01", "[0-9]{2}", "month", 1, 12),
    ("-", "02", "[0-9]{2}", "day", 0, 99),
    (" ", "15", "[0-9]{1,2}", "hour", 0, 23),
    (":", "04", "[0-9]{2}", "minute", 0, 59),
    (":", "05", "[0-9]{2}", "second", 0, 59),
)
_FRACTION: Final = re.compile(r"[.,][0-9]+")


def _json_time_error(text: str, why: str, field: str) -> CodecError:
    return CodecError(f'parsing time "{text}"{why}', field=field, clause="uz-fiscal TM-02")


def _scan_json_time(text: str, field: str) -> tuple[list[int], str]:
    """Walk the layout as Go's time.Parse does, so that an error quotes the same place in the same words."""
    numbers: list[int] = []
    rest = text
    for literal, step, digits, name, low, high in _JSON_STEPS:
        if not rest.startswith(literal) and not (literal == " " and not rest):
            why = f' as "{_JSON_LAYOUT}": cannot parse "{rest}" as "{literal}"'
            raise _json_time_error(text, why, field)
        rest = rest.lstrip(" ") if literal == " " else rest[len(literal) :]
        found = _DIGITS[digits].match(rest)
        if not found:
            why = f' as "{_JSON_LAYOUT}": cannot parse "{rest}" as "{step}"'
            raise _json_time_error(text, why, field)
        number = int(found.group())
        if not low <= number <= high:
            raise _json_time_error(text, f": {name} out of range", field)
        numbers.append(number)
        rest = rest[found.end() :]
    return numbers, rest


def parse_json_time(text: str, field: str = "Time") -> datetime:
    """The time in `YYYY-MM-DD HH:MM:SS`, Tashkent local (uz-fiscal TM-02).

    CodecError.text is worded as the real service words it; an ISO `T` gives `cannot parse "T…" as " "`.
    """
    numbers, rest = _scan_json_time(text, field)
    rest = _FRACTION.sub("", rest, count=1) if _FRACTION.match(rest) else rest
    if rest:
        raise _json_time_error(text, f': extra text: "{rest}"', field)
    year, month, day, hour, minute, second = numbers
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        raise _json_time_error(text, f": {'day' if year else 'year'} out of range", field) from None


def format_json_time(time: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS` of a Tashkent local time (uz-fiscal TM-02)."""
    _require_naive(time, "time")
    return time.isoformat(" ", "seconds")


def parse_compact_time(text: str, field: str = "DateTime") -> datetime:
    """The time in 14 digits `YYYYMMDDHHMMSS` (uz-fiscal TM-03); CodecError for anything else."""
    if re.fullmatch(r"[0-9]{14}", text):
        try:
            return datetime.strptime(text, "%Y%m%d%H%M%S")
        except ValueError:
            pass
    raise CodecError(f"{text!r} is not a time of 14 digits", field=field, clause="uz-fiscal TM-03")


def format_compact_time(time: datetime) -> str:
    """14 digits `YYYYMMDDHHMMSS` of a Tashkent local time (uz-fiscal TM-03)."""
    _require_naive(time, "time")
    return f"{time.year:04}{time.month:02}{time.day:02}{time.hour:02}{time.minute:02}{time.second:02}"


# --- CRC-32C -----------------------------------------------------------------------------------------


def _crc_tables() -> tuple[list[int], list[int], list[int]]:
    """Remainders of a byte, of the high and of the low half of a word: four bytes then cost two look-ups."""
    byte_table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        byte_table.append(value)
    high_table = []
    for word in range(65536):
        value = byte_table[word & 255]
        high_table.append(value >> 8 ^ byte_table[(value ^ word >> 8) & 255])
    low_table = [high_table[value & 0xFFFF] ^ value >> 16 for value in high_table]
    return byte_table, high_table, low_table


_CRC_BYTE, _CRC_HIGH, _CRC_LOW = _crc_tables()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) as the operator's frames carry it, big-endian on the wire (uz-fiscal §2.4)."""
    crc = 0xFFFFFFFF
    low, high = _CRC_LOW, _CRC_HIGH
    whole = len(data) & ~3
    for word in struct.unpack(f"<{whole >> 2}I", data[:whole]):
        crc ^= word
        crc = low[crc & 0xFFFF] ^ high[crc >> 16]
    for byte in data[whole:]:
        crc = crc >> 8 ^ _CRC_BYTE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
