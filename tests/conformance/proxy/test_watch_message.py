"""What the watchers of the operator's wire in Uzbekistan find in transcripts, and what they let pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from reference.protocol.uz import standin
from reference.protocol.uz.frame import seal_frame
from reference.protocol.uz.message import (
    AckFile,
    File,
    FileStatus,
    FileType,
    Request,
    Response,
    SenderInfo,
    StatusCode,
    StatusInfo,
    encode_verify_query,
)
from reference.protocol.uz.objects import ReceiptFile, ZReportFile
from reference.protocol.uz.standin import AckKind, SyncFlags
from reference.protocol.uz.values import encode_bcd8, encode_time
from tests.conformance.proxy.playbook import Line, told

TIME = datetime(2026, 7, 1, 10)
ZZ, OTHER = "ZZ000000000001", "ZZ000000000002"
DONE = FileStatus.Acknowledge


def receipt(number: int = 7, body: bytes = b"full", terminal: str = ZZ, **other: object) -> File:
    header = ReceiptFile(terminal_id=terminal, receipt_seq=number, signature=b"s", data=b"d", type=0, index=0)
    values = {"type": FileType.PurchaseReceipt, "version": 0x14, "body": body, "tag": b"t"} | other
    return File(header=header.encode(), **values)


Z = File(
    FileType.ZReport,
    2,
    ZReportFile(terminal_id=ZZ, close_time=TIME, signature=b"s", data=b"d", index=0).encode(),
)
SYNC = File(FileType.SyncStateQuery, 1, b"chalenge")
QUERY = File(FileType.VerifyFiscalSignQuery, 1, encode_verify_query(7, TIME, "000000000007"))


def ask(*files: File, terminal: str = ZZ) -> Line:
    return ">", Request(terminal, TIME, SenderInfo("drive"), files).encode()


def say(*acks: AckFile, code: StatusCode = StatusCode.OK) -> Line:
    return "<", Response(StatusInfo(code), acks).encode()


def acked(
    number: int = 7, kind: AckKind = AckKind.RECEIPT, terminal: str = ZZ, tag: bytes | None = b"t"
) -> AckFile:
    name = encode_time(TIME) if kind is AckKind.ZREPORT else encode_bcd8(number, "n")
    return AckFile(DONE, b"id", standin.make_ack_file(kind, terminal, name, TIME), tag)


def synced(terminal: str = ZZ, challenge: bytes = SYNC.header) -> AckFile:
    return AckFile(DONE, b"", standin.make_sync_file(SyncFlags.NONE, terminal, challenge, TIME))


Z_ACK = acked(kind=AckKind.ZREPORT, tag=None)
REJECTED = AckFile(FileStatus.Reject, tag=b"t")

GOOD: dict[str, Sequence[Line]] = {
    "all kinds": [ask(receipt(), Z, SYNC, QUERY), say(acked(), Z_ACK, synced(), AckFile(DONE))],
    "the same receipt again": [ask(receipt()), say(acked()), ask(receipt()), say(acked())],
    "another content rejected": [ask(receipt()), say(acked()), ask(receipt(body=b"x")), say(REJECTED)],
    "not active": [ask(receipt()), say(code=StatusCode.NotActive)],
    "busy": [ask(receipt()), say(code=StatusCode.RetrySend)],
    "lower limit": [ask(receipt()), say(code=StatusCode.TooBigMessage)],
}


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_found(name: str) -> None:
    assert told("operator", GOOD[name]) == []


def broken(line: Line, place: int = -1) -> Line:
    raw = bytearray(line[1])
    raw[place] ^= 1
    return line[0], bytes(raw)


UNKNOWN = File(0x77, 1, b"")
BAD: dict[str, tuple[str, Sequence[Line]]] = {
    "unasked": ("OF-01", [say()]),
    "CRC of the answer": ("OF-02", [ask(receipt()), broken(say(acked()))]),
    "an ack too few": ("OF-10", [ask(receipt(), Z), say(acked())]),
    "acks on an error": ("OF-10", [ask(receipt()), say(acked(), code=StatusCode.NotActive)]),
    "tags dropped": ("OF-10", [ask(receipt()), say(acked(tag=None))]),
    "acks reversed": ("S-17.5", [ask(receipt(1), receipt(2)), say(acked(2), acked(1))]),
    "Z acknowledged as receipt": ("S-17.5", [ask(Z), say(acked(tag=None))]),
    "ack for another module": ("FM-A-01", [ask(receipt()), say(acked(terminal=OTHER))]),
    "ack without signature": ("S-17.5", [ask(receipt()), say(AckFile(DONE, b"", b"\0" * 90, b"t"))]),
    "other content acknowledged": (
        "OF-21",
        [ask(receipt()), say(acked()), ask(receipt(body=b"x")), say(acked())],
    ),
    "unknown type acknowledged": ("OF-23", [ask(UNKNOWN), say(AckFile(DONE))]),
    "wrong version acknowledged": ("OF-23", [ask(receipt(version=0x13)), say(acked())]),
    "a live terminal": (
        "OF-16",
        [ask(receipt(terminal="UZ000000000001"), terminal="UZ000000000001"), say(REJECTED)],
    ),
    "wrong CRC taken": ("OF-13", [broken(ask(receipt())), say(acked())]),
    "33 files taken": ("OF-14", [ask(*[QUERY] * 33), say(*[AckFile(DONE)] * 33)]),
    "no file taken": ("OF-12", [(">", seal_frame(0x8A, b"")), say()]),
    "sync for another": ("S-11.8", [ask(SYNC), say(synced(terminal=OTHER))]),
    "sync for another challenge": ("S-11.8", [ask(SYNC), say(synced(challenge=b"otherone"))]),
    "sync unreadable": ("S-17.6", [ask(SYNC), say(AckFile(DONE, b"", b"x"))]),
    # drives
    "33 files sent": ("CL-01", [ask(*[QUERY] * 33), say(code=StatusCode.TooManyFiles)]),
    "unknown type sent": ("S-11.4", [ask(UNKNOWN), say(AckFile(FileStatus.UnrecognizedType))]),
    "another's record sent": ("S-11.4", [ask(receipt(terminal=OTHER)), say(REJECTED)]),
    "no body": ("S-11.4", [ask(receipt(body=b"")), say(REJECTED)]),
    "body of a Z": (
        "S-11.4",
        [ask(File(Z.type, Z.version, Z.header, b"x")), say(AckFile(FileStatus.Reject))],
    ),
    "unreadable header": (
        "S-11.4",
        [ask(File(FileType.ZReport, 2, b"\xa4\x05\x01")), say(AckFile(FileStatus.Error))],
    ),
    "query of a wrong size": (
        "S-11.4",
        [ask(File(FileType.SyncStateQuery, 1, b"x")), say(AckFile(FileStatus.Error))],
    ),
    "request with a wrong CRC": ("OF-13", [broken(ask(receipt())), say(code=StatusCode.BadMessageCRC32)]),
    "no message at all": ("OF-11", [(">", b"GET / HTTP/1.1\r\n\r\n")]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_found(name: str) -> None:
    clause, lines = BAD[name]
    assert clause in told("operator", lines)


def test_a_drive_at_fault_is_not_the_operators_fault() -> None:
    assert told("operator", BAD["33 files sent"][1]) == ["CL-01"]
    assert told("operator", BAD["request with a wrong CRC"][1]) == ["OF-13"]
