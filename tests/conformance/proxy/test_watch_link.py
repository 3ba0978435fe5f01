"""What the watcher of the module link finds in transcripts, and what it lets pass."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_VENDOR, Command
from reference.protocol.uz.objects import FiscalMemoryInfo, ReceiptInfo, ZReportInfo
from reference.protocol.uz.total_block import TotalBlock
from tests.conformance.proxy.playbook import Line, told

TEN = datetime(2026, 7, 1, 10)
TERMINAL = "ZZ000000000001"


def framed(arrow: str, data: bytes) -> Line:
    return arrow, bytes((len(data),)) + data


def ask(command: Command | bytes) -> Line:
    return framed(">", command if isinstance(command, bytes) else command.encode())


def say(sw: int = 0x9000, data: bytes = b"") -> Line:
    return framed("<", data + sw.to_bytes(2, "big"))


def at(seconds: int) -> datetime:
    return TEN + timedelta(seconds=seconds)


def block(seconds: int, **other: int) -> bytes:
    values = {"cash": 100, "card": 0, "vat": 0, "type": 0, "operation": 0, "items_count": 1} | other
    return TotalBlock(items_hash=b"\x11" * 32, time=at(seconds), **values).encode()


def signed(number: int | None, sign: str | None = "same as number") -> bytes:
    text = f"{number:012}" if sign == "same as number" else sign
    return ReceiptInfo(terminal_id=TERMINAL, receipt_seq=number, time=TEN, fiscal_sign=text).encode(
        b"\x01\x02\x03\x04"
    )


def sell(seconds: int, number: int, sw: int = 0x9000, **other: int) -> list[Line]:
    sign = None if other.get("type") else "same as number"
    data = signed(number, sign) if sw == 0x9000 else b""
    return [ask(apdu.receipt_register(block(seconds, **other))), say(sw, data)]


def opened(seconds: int, sw: int = 0x9000) -> list[Line]:
    return [ask(apdu.zreport_open(at(seconds))), say(sw)]


def closed(seconds: int, sw: int = 0x9000) -> list[Line]:
    return [ask(apdu.zreport_close(at(seconds))), say(sw)]


def memory(**known: object) -> list[Line]:
    info = FiscalMemoryInfo(terminal_id=TERMINAL, **known)
    return [ask(apdu.get_fiscal_memory_info()), say(0x9000, info.encode())]


START = [framed("<", ATR_VENDOR), ask(apdu.select()), say()]


def test_a_day() -> None:
    day = [
        *START,
        ask(apdu.get_version()),
        say(0x9000, b"\x04\x00"),
        *opened(0),
        *opened(1, 0x9022),
        *sell(1, 7),
        *sell(1, 7),
        *sell(2, 8, type=1),
        *sell(2, 9, 0x9030),
        *memory(last_operation=at(2), receipt_seq=8),
        *closed(3),
        *closed(4, 0x9023),
        *sell(5, 9, 0x9021),
        ask(apdu.get_zreport_info()),
        say(0x9000, ZReportInfo(terminal_id=TERMINAL, open_time=at(0), close_time=at(3)).encode()),
        *opened(6),
        ask(b"\x00\x03\x00\x00\x08" + b"\x20" * 8),
        say(0x9010),
        ask(b"\x00\x03\x00\x00\x03abc"),
        say(0x6700),
        ask(b"\x00\x77\x00\x00\x00"),
        say(0x6D00),
        ask(b"\x00"),
        say(0x6700),
        ask(apdu.receipt_register(b"\x11" * 32 + b"\xff" * 36)),
        say(0x9014),
        ask(apdu.deselect()),
        say(),
    ]
    assert told("module", day) == []


def test_other_time_after_a_sync_or_a_lost_answer() -> None:
    earlier = [*START, *opened(-500)]
    synced = [ask(apdu.sync(b"\x01" * 90)), say()]
    assert told("module", [*START, *opened(0), *synced, *sell(-100, 7)]) == []
    assert (
        told(
            "module", [*START, *opened(0), ask(apdu.zreport_close(at(9)))], [*earlier, *closed(-499, 0x9032)]
        )
        == []
    )


BAD = {
    "no ATR": ("EM-01", [framed("<", b"\x90\x00")]),
    "unasked": ("EM-02", [*START, say()]),
    "no status word": ("FM-S-01", [*START, ask(apdu.get_version()), framed("<", b"\x90")]),
    "malformed command taken": ("EM-05", [*START, ask(b"\x00\x01"), say()]),
    "foreign class taken": ("ISO-01", [*START, ask(b"\x80\x01\x00\x00\x00"), say()]),
    "unknown instruction": ("FM-S-06", [*START, ask(b"\x00\x77\x00\x00\x00"), say()]),
    "wrong parameters": ("FM-S-06", [*START, ask(b"\x00\x03\x07\x00\x00"), say(0x6D00)]),
    "wrong length of a time": ("FM-C-01", [*START, ask(b"\x00\x03\x00\x00\x03abc"), say(0x9010)]),
    "data where none belongs": ("FM-S-09", [*START, ask(b"\x00\x00\x00\x00\x01a"), say()]),
    "no time": ("FM-C-04", [*START, ask(b"\x00\x03\x00\x00\x08" + b"\x20" * 8), say()]),
    "no BCD": (
        "FM-C-05",
        [*START, ask(apdu.receipt_register(block(1)[:32] + b"\xaa" * 8 + block(1)[40:])), say()],
    ),
    "type": ("FM-C-06", [*START, *sell(1, 7, type=3)]),
    "operation": ("FM-C-07", [*START, *sell(1, 7, operation=2)]),
    "clock behind": ("FM-T-03", [*START, *opened(0), *sell(0, 7)]),
    "clock behind what memory says": ("FM-T-03", [*START, *memory(last_operation=at(9)), *opened(9)]),
    "too far ahead": ("FM-T-04", [*START, *opened(0), *sell(2 * 86_400 + 1, 7)]),
    "second shift": ("FM-Z-01", [*START, *opened(0), *opened(1)]),
    "second shift after 9022": ("FM-Z-01", [*START, *opened(0, 0x9022), *opened(1)]),
    "sale without shift": ("FM-Z-02", [*START, *closed(0), *sell(1, 7)]),
    "close twice": ("FM-Z-03", [*START, *closed(0), *closed(1)]),
    "close empty": ("FM-Z-04", [*START, *opened(0), *closed(1)]),
    "repeat with another number": ("FM-R-01", [*START, *sell(1, 7), *sell(1, 8)]),
    "gap": ("ZR-07", [*START, *sell(1, 7), *sell(2, 9)]),
    "number again": ("ZR-07", [*START, *sell(1, 7), *sell(2, 7)]),
    "number in memory": ("ZR-07", [*START, *sell(1, 7), *memory(receipt_seq=8)]),
    "time set back": ("FM-T-03", [*START, *opened(5), *memory(last_operation=at(4))]),
    "time moved by itself": ("FM-T-07", [*START, *opened(5), *memory(last_operation=at(6))]),
    "sign again": (
        "S-17.3",
        [*START, *sell(1, 7), ask(apdu.receipt_register(block(2))), say(0x9000, signed(8, "000000000007"))],
    ),
    "no sign": ("FM-R-11", [*START, ask(apdu.receipt_register(block(2))), say(0x9000, signed(8, None))]),
    "sign of an advance": (
        "FM-R-11",
        [*START, ask(apdu.receipt_register(block(2, type=1))), say(0x9000, signed(8))],
    ),
    "unreadable answer": (
        "S-5.5",
        [*START, ask(apdu.get_fiscal_memory_info()), say(0x9000, b"\xa1\x05\x01")],
    ),
    "no number": ("S-5.5", [*START, ask(apdu.receipt_register(block(2))), say(0x9000, b"\xa3\x00")]),
    "shift told open": (
        "S-5.5",
        [
            *START,
            *closed(0),
            ask(apdu.get_zreport_info()),
            say(0x9000, ZReportInfo(open_time=at(0)).encode()),
        ],
    ),
    "index": ("FM-I-01", [*START, ask(apdu.get_receipt_info(0x8000)), say(0x9020)]),
    "locked reading": ("FM-I-06", [*START, ask(apdu.get_info()), say(0x9090)]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_found(name: str) -> None:
    clause, lines = BAD[name]
    assert clause in told("module", lines)


def test_another_module_has_another_memory() -> None:
    other = FiscalMemoryInfo(terminal_id="ZZ000000000002", last_operation=at(-9), receipt_seq=1)
    swapped = [ask(apdu.get_fiscal_memory_info()), say(0x9000, other.encode())]
    assert told("module", [*START, *memory(receipt_seq=3), *opened(0)], [*START, *swapped, *opened(-8)]) == []


def test_a_challenge_that_begins_as_an_object_does_is_none() -> None:
    challenge = bytes((0xA4, 45)) + bytes(30)
    assert told("module", [*START, ask(apdu.pos_challenge()), say(data=challenge)]) == []
