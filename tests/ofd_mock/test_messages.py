"""Whether a message is taken at all: every status code by its cause, in the order of OF-18."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reference.protocol.uz.frame import seal_frame
from reference.protocol.uz.message import File, FileStatus, Response, StatusCode
from reference.protocol.uz.tlv import element
from reference.protocol.uz.values import crc32c, encode_terminal_id, encode_time
from tests.ofd_mock.conftest import Bench
from tests.ofd_mock.till import START, TERMINAL, Till, statuses, sync_of

ACK = FileStatus.Acknowledge
TERMINAL_TAG = element(1, encode_terminal_id(TERMINAL))
TIME_TAG = element(2, encode_time(START))
SENDER_TAG = element(0x81, b"")
SYNC_FILE = element(0x8F, element(1, b"\xc9") + element(2, b"\x01") + element(3, bytes(8)))


def sealed(*elements: bytes, tag: int = 0x8A) -> bytes:
    return seal_frame(tag, b"".join(elements))


def with_wrong_crc(frame: bytes) -> bytes:
    return frame[:-1] + bytes((frame[-1] ^ 1,))


def status(bench: Bench, frame: bytes) -> StatusCode:
    response = Response.decode(bench.handle(frame))
    assert response.acks == (), "an error status comes without acks (OF-10)"
    return response.status.code


def vector(name: str) -> bytes:
    held = json.loads(Path("conformance/vectors/uz.json").read_text(encoding="utf-8"))
    return bytes.fromhex(next(entry["frame_hex"] for entry in held["messages"] if entry["id"] == name))


@pytest.mark.parametrize(("name", "expected"), [("M1", FileStatus.Acknowledge), ("M2", FileStatus.Reject)])
def test_the_published_messages_are_served(bench: Bench, name: str, expected: FileStatus) -> None:
    assert statuses(Response.decode(bench.handle(vector(name)))) == [expected]


@pytest.mark.parametrize(
    "frame",
    [
        b"\x05" + sealed(TERMINAL_TAG, TIME_TAG, SENDER_TAG, SYNC_FILE)[1:],
        sealed(TERMINAL_TAG, TIME_TAG, SENDER_TAG, b"\x8f\x7f\x01"),
        sealed(TERMINAL_TAG, TIME_TAG, SENDER_TAG, element(0x8F, b"\x01\x7f")),
        sealed(TERMINAL_TAG, TIME_TAG, element(0x81, b"\x01\xff\xff\xff\xff"), SYNC_FILE),
        b"\x06\x8a\xff\xff\xff\xff",
        b"\x06\x8a\x05\x01",
        b"\x06",
        b"",
    ],
)
def test_64_version_or_tlv(bench: Bench, frame: bytes) -> None:
    assert status(bench, frame) is StatusCode.BadMessageSyntax


@pytest.mark.parametrize(
    "frame",
    [
        sealed(TIME_TAG, SENDER_TAG, SYNC_FILE),
        sealed(TERMINAL_TAG, SENDER_TAG, SYNC_FILE),
        sealed(TERMINAL_TAG, TIME_TAG, SYNC_FILE),
        sealed(TERMINAL_TAG, TIME_TAG, SENDER_TAG),
        sealed(TERMINAL_TAG, TERMINAL_TAG, TIME_TAG, SENDER_TAG, SYNC_FILE),
        sealed(element(1, b"ZZ12345"), TIME_TAG, SENDER_TAG, SYNC_FILE),
        sealed(element(1, b"zz" + bytes(6)), TIME_TAG, SENDER_TAG, SYNC_FILE),
        sealed(TERMINAL_TAG, element(2, bytes(8)), SENDER_TAG, SYNC_FILE),
        sealed(TERMINAL_TAG, TIME_TAG, SENDER_TAG, element(0x8F, element(1, b"\xc9"))),
        sealed(
            TERMINAL_TAG, TIME_TAG, SENDER_TAG, element(0x8F, element(1, b"\xc9\x01") + element(2, b"\x01"))
        ),
        sealed(TERMINAL_TAG, TIME_TAG, SENDER_TAG, SYNC_FILE, tag=0x8B),
        sealed(TERMINAL_TAG, TIME_TAG, element(0x81, element(1, b"n" * 33)), SYNC_FILE),
    ],
)
def test_65_tags_missing_doubled_or_of_wrong_size(bench: Bench, frame: bytes) -> None:
    assert status(bench, frame) is StatusCode.BadMessageStruct


def test_66_too_big(bench: Bench, till: Till) -> None:
    frame = till.request(till.bread().full()).encode()
    bench.reset(max_message=len(frame))
    assert statuses(bench.send(till, till.sold[0].full())) == [ACK]
    bench.reset(max_message=len(frame) - 1)
    assert status(bench, frame) is StatusCode.TooBigMessage


def test_67_crc(bench: Bench, till: Till) -> None:
    frame = till.request(till.bread().full()).encode()
    assert status(bench, with_wrong_crc(frame)) is StatusCode.BadMessageCRC32
    assert bench.counts()["receipts"] == 0


def test_68_thirty_three_files(bench: Bench, till: Till) -> None:
    sync = till.sync()
    assert statuses(bench.send(till, *[sync] * 32)) == [ACK] * 32
    assert status(bench, till.request(*[sync] * 33).encode()) is StatusCode.TooManyFiles


def test_0b_production_identity(bench: Bench) -> None:
    for terminal in ("UZ724549167320", "EZ000000000000", "ZA000000000000"):
        till = Till(terminal)
        assert status(bench, till.request(till.sync()).encode()) is StatusCode.NotFound


def test_0b_the_other_way_round(bench: Bench, till: Till) -> None:
    bench.reset(identity="production")
    assert status(bench, till.request(till.sync()).encode()) is StatusCode.NotFound
    other = Till("UZ724549167320")
    response = bench.send(other, other.sync())
    assert sync_of(response, terminal="UZ724549167320").lock is None


def test_0b_a_module_marked_unknown(bench: Bench, till: Till) -> None:
    bench.order("mark-unknown", terminal=TERMINAL)
    request = till.request(till.bread().full())
    assert status(bench, request.encode()) is StatusCode.NotFound
    other = Till("ZZ000000000001")
    assert statuses(bench.send(other, other.bread().full())) == [ACK]
    bench.order("mark-unknown", terminal=TERMINAL, unknown=False)
    assert statuses(bench.ask(request)) == [ACK]


def test_0a_blocked_with_reason_and_notice(bench: Bench, till: Till) -> None:
    bench.order("block", terminal=TERMINAL, reason=1, notice="To‘lov qilinmagan")
    request = till.request(till.bread().full(), till.close()[0])
    response = bench.ask(request)
    assert (response.status.code, response.status.reason) == (StatusCode.NotActive, 1)
    assert response.status.notice == "To‘lov qilinmagan"
    assert response.acks == ()
    assert bench.counts()["receipts"] == 0
    bench.order("unblock", terminal=TERMINAL)
    assert statuses(bench.ask(request)) == [ACK, ACK]


def test_queries_of_a_blocked_module_are_served(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.send(till, sold.full())
    bench.order("block", terminal=TERMINAL)
    assert statuses(bench.send(till, till.sync())) == [ACK]
    assert statuses(bench.send(till, sold.query())) == [ACK]
    mixed = bench.send(till, till.sync(), sold.full())
    assert (mixed.status.code, mixed.status.reason, mixed.acks) == (StatusCode.NotActive, 3, ())


def test_unless_the_block_is_set_to_be_complete(bench: Bench, till: Till) -> None:
    bench.reset(blocked_serves_sync=False)
    bench.order("block", terminal=TERMINAL)
    assert status(bench, till.request(till.sync()).encode()) is StatusCode.NotActive


def test_01_a_notice_comes_with_the_acks(bench: Bench, till: Till) -> None:
    bench.order("notice", terminal="*", notice="Maintenance tonight")
    response = bench.send(till, till.bread().full())
    assert (response.status.code, response.status.notice) == (StatusCode.OKNotice, "Maintenance tonight")
    assert [ack.status for ack in response.acks] == [ACK]
    bench.order("notice", terminal="*")
    assert bench.send(till, till.sync()).status.code is StatusCode.OK


def test_02_when_the_ledger_cannot_be_written(
    bench: Bench, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    def full(*_: object) -> None:
        raise OperationalError("insert", {}, Exception("disk is full"))

    request = till.request(till.bread().full())
    with monkeypatch.context() as patch:
        patch.setattr(bench.process.ledger, "settle", full)
        assert status(bench, request.encode()) is StatusCode.RetrySend
    assert statuses(bench.ask(request)) == [ACK]


def test_02_when_something_unforeseen_happens(
    bench: Bench, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> None:
        raise ZeroDivisionError

    request = till.request(till.bread().full())
    with monkeypatch.context() as patch:
        patch.setattr(bench.process.operator.checking, "verify", wrong)
        assert status(bench, request.encode()) is StatusCode.RetrySend
        patch.undo()
        patch.setattr("ofd_mock.uz.checking.verify_bundles", wrong)
        assert status(bench, request.encode()) is StatusCode.RetrySend
    assert statuses(bench.ask(request)) == [ACK]


# --- the order of OF-18: of two causes the earlier one is answered --------------------------------------


def test_order_of_checks(bench: Bench, till: Till) -> None:
    sync = till.sync()
    many = till.request(*[sync] * 33).encode()
    bench.reset(max_message=200)
    assert status(bench, b"\x05" + bytes(300)) is StatusCode.TooBigMessage, "66 before 64"
    bench.reset()
    unreadable = sealed(TERMINAL_TAG, TIME_TAG, SENDER_TAG, b"\x8f\x7f\x01")
    assert status(bench, with_wrong_crc(unreadable)) is StatusCode.BadMessageSyntax, "64 before 67"
    assert status(bench, with_wrong_crc(sealed(TIME_TAG))) is StatusCode.BadMessageCRC32, "67 before 65"
    bad = sealed(TIME_TAG, SENDER_TAG, *[SYNC_FILE] * 33)
    assert status(bench, bad) is StatusCode.BadMessageStruct, "65 before 68"
    bench.order("mark-unknown", terminal=TERMINAL)
    bench.order("block", terminal=TERMINAL)
    assert status(bench, many) is StatusCode.TooManyFiles, "68 before 0b"
    bad_file = till.request(replace(till.bread().full(), version=1))
    assert status(bench, bad_file.encode()) is StatusCode.NotFound, "0b before 0a"
    bench.order("mark-unknown", terminal=TERMINAL, unknown=False)
    assert status(bench, bad_file.encode()) is StatusCode.NotActive, "0a before the files"
    bench.order("unblock", terminal=TERMINAL)
    assert statuses(bench.ask(bad_file)) == [FileStatus.UnrecognizedType]


def test_tags_come_back_in_order_whatever_their_bytes(bench: Bench, till: Till) -> None:
    tags = [None, b"", b"\x00" * 32, b"same", b"same", bytes(range(32))]
    files = [
        till.bread().full(tags[0]),
        till.bread().short(tags[1]),
        till.sync(tag=tags[2]),
        File(0x77, 1, b"x", b"", tags[3]),
        replace(till.bread().full(tags[4]), body=bytes(16)),
        replace(till.close()[0], tag=tags[5]),
    ]
    response = bench.send(till, *files)
    assert [ack.tag for ack in response.acks] == tags
    assert [int(ack.status) for ack in response.acks] == [0, 0, 0, 3, 2, 0]


def test_requests_are_noted_in_the_journal(bench: Bench, till: Till) -> None:
    bench.send(till, till.bread().full(), till.sold[0].short(), till.sync())
    last = bench.events("request")[-1]
    assert last == {
        "terminal": TERMINAL,
        "files": ["01", "03", "c9"],
        "status": "OK",
        "acks": [0, 0, 0],
        "verdicts": ["store", "keep-full", ""],
    }
    frame = till.request(till.sync()).encode()
    bench.handle(with_wrong_crc(frame))
    assert bench.events("refused")[-1]["status"] == "BadMessageCRC32"


def test_crc_is_castagnoli_over_version_and_tlv(bench: Bench, till: Till) -> None:
    frame = till.request(till.sync()).encode()
    assert frame[-4:] == crc32c(frame[:-4]).to_bytes(4, "big")
    answer = bench.handle(frame)
    assert answer[:2] == b"\x06\x8b"
    assert answer[-4:] == crc32c(answer[:-4]).to_bytes(4, "big")


def test_a_stale_picture_of_the_orders_is_answered_retry(
    bench: Bench, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process lifts a block; this one sees it in its next transaction only."""
    bench.order("block", terminal=TERMINAL)
    blocked = bench.process.ledger.registry
    bench.order("unblock", terminal=TERMINAL)
    request = till.request(till.bread().full())
    bench.process.ledger.registry = blocked
    assert status(bench, request.encode()) is StatusCode.RetrySend
    assert statuses(bench.ask(request)) == [ACK]
