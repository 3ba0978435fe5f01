"""Operator messages: the vectors, round trips, frames in pieces, every refusal with its code and its rank."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz import message as m
from reference.protocol.uz.errors import CodecError, MessageError, TlvError
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
    frame_size,
)
from reference.protocol.uz.tlv import element
from reference.protocol.uz.values import crc32c
from tests.protocol.uz.receipts import BYTE, TIMES, VECTORS

TERMINALS = st.from_regex(r"[A-Z]{2}[0-9]{12}", fullmatch=True)
ASCII = st.characters(max_codepoint=127)
SENDERS = st.builds(
    SenderInfo,
    st.text(ASCII, max_size=32),
    st.text(ASCII, max_size=64),
    st.text(ASCII, max_size=64),
)
TAGS = st.none() | st.binary(max_size=32)
FILES = st.builds(File, BYTE, BYTE, st.binary(max_size=40), st.binary(max_size=300), TAGS)
REQUESTS = st.builds(Request, TERMINALS, TIMES, SENDERS, st.lists(FILES, min_size=1, max_size=32).map(tuple))
ACKS = st.builds(AckFile, st.sampled_from(FileStatus), st.binary(max_size=40), st.binary(max_size=90), TAGS)
NOTICES = st.text(st.characters(exclude_categories=["Cs"]), max_size=256)
RESPONSES = st.builds(
    Response,
    st.builds(StatusInfo, st.sampled_from(StatusCode), BYTE, NOTICES),
    st.lists(ACKS, max_size=4).map(tuple),
)

TIME = datetime(2026, 7, 1, 9, 0, 2)
SYNC = File(FileType.SyncStateQuery, 1, bytes.fromhex("6ae708515ad6ee84"))
REQUEST = Request("ZZ000000000000", TIME, SenderInfo("sim", "SN1", "1.0"), (SYNC,))

TERMINAL_PART = (0x01, bytes.fromhex("5a5a000000000000"))
TIME_PART = (0x02, bytes.fromhex("2026070154090002"))
SENDER_PART = (0x81, element(1, b"sim"))
FILE_PARTS = [(0x01, b"\xc9"), (0x02, b"\x01"), (0x03, bytes(8))]
STATUS_PARTS = [(0x01, b"\0"), (0x02, b"\0")]


def sequence(parts) -> bytes:
    return b"".join(element(tag, value) for tag, value in parts)


FILE_PART = (0x8F, sequence(FILE_PARTS))
PARTS = [TERMINAL_PART, TIME_PART, SENDER_PART, FILE_PART]


def without(parts, tag: int):
    return [part for part in parts if part[0] != tag]


def request_frame(parts=PARTS) -> bytes:
    return seal_frame(0x8A, sequence(parts))


def code_of(frame: bytes, kind=Request, **limits) -> StatusCode:
    with pytest.raises(MessageError) as caught:
        kind.decode(frame, **limits)
    assert str(caught.value)
    assert caught.value.clause.startswith("uz-fiscal ")
    assert isinstance(caught.value.code, StatusCode)
    return caught.value.code


def resealed(frame: bytes) -> bytes:
    return frame[:-4] + crc32c(frame[:-4]).to_bytes(4, "big")


# --- vectors and round trips -----------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS["messages"], ids=lambda c: c["id"])
def test_vectors(case):
    frame = bytes.fromhex(case["frame_hex"])
    sender = case["sender_info"]
    request = Request(
        case["terminal_id"],
        datetime.fromisoformat(case["local_time"]),
        SenderInfo(sender["name"], sender["sn"], sender["version"]),
        tuple(File(f["type"], f["version"], bytes.fromhex(f["header_hex"])) for f in case["files"]),
    )
    assert request.encode() == frame
    assert Request.decode(frame) == request
    assert frame_size(frame) == len(frame)


@given(REQUESTS)
def test_request_round_trip(request):
    assert Request.decode(request.encode()) == request


@given(RESPONSES)
def test_response_round_trip(response):
    assert Response.decode(response.encode()) == response


def test_response_bytes():
    ack = AckFile(FileStatus.Acknowledge, body=b"\xaa", tag=b"7")
    frame = Response(StatusInfo(StatusCode.OKNotice, 2, "x"), (ack,)).encode()
    assert frame[:-4].hex() == (
        "06" "8b16" "8109" "010101" "020102" "030178" "8e09" "010100" "0301aa" "0f0137"
    )  # fmt: skip
    assert frame[-4:] == crc32c(frame[:-4]).to_bytes(4, "big")


def test_a_file_writes_no_empty_body_and_no_missing_tag():
    assert Request("ZZ000000000000", TIME, SenderInfo(), (SYNC,)).encode()[1:-4].hex() == (
        "8a28" "01085a5a000000000000" "02082026070154090002" "8100" "8f10" "0101c9" "020101"
        "03086ae708515ad6ee84"
    )  # fmt: skip
    tagged = File(1, 0x14, b"", b"\x01", b"")
    assert Request("ZZ000000000000", TIME, SenderInfo(), (tagged,)).encode()[25:-4].hex() == (
        "8f0d" "010101" "020114" "0300" "040101" "0f00"
    )  # fmt: skip


def test_notice_is_cut_within_1024_bytes():
    frame = Response(StatusInfo(StatusCode.NotActive, 1, "x" + "ў" * 2000)).encode()
    assert Response.decode(frame).status.notice == "x" + "ў" * 511


def test_codes():
    assert [code.value for code in StatusCode] == [0, 1, 2, 10, 11, 100, 101, 102, 103, 104]
    assert {type.name: (type.value, type.file_version) for type in FileType} == {
        "PurchaseReceipt": (0x01, 0x14),
        "ZReport": (0x02, 0x02),
        "ShortReceipt": (0x03, 0x02),
        "AdvanceReceipt": (0x04, 0x14),
        "CreditReceipt": (0x05, 0x14),
        "VerifyFiscalSignQuery": (0xC8, 0x01),
        "SyncStateQuery": (0xC9, 0x01),
    }
    assert [(status.value, status.name) for status in FileStatus] == [
        (0, "Acknowledge"),
        (1, "Reject"),
        (2, "Error"),
        (3, "UnrecognizedType"),
    ]


# --- frames in pieces ------------------------------------------------------------------------------


@given(REQUESTS)
def test_frame_size_never_changes_its_mind(request):
    frame = request.encode()
    sizes = {frame_size(frame[:length]) for length in range(len(frame) + 1)}
    assert sizes == {None, len(frame)}
    assert frame_size(frame + b"next") == len(frame)


@pytest.mark.parametrize("prefix", ["", "06", "068a", "068a80", "068a8080"])
def test_frame_size_not_knowable_yet(prefix):
    assert frame_size(bytes.fromhex(prefix)) is None


@pytest.mark.parametrize(
    ("prefix", "size"), [("068a00", 7), ("068a7f", 134), ("068a8001", 136), ("068a808001", 16384 + 9)]
)
def test_frame_size_known_from_the_length(prefix, size):
    assert frame_size(bytes.fromhex(prefix)) == size


@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        ("05", StatusCode.BadMessageSyntax),
        ("168a00", StatusCode.BadMessageSyntax),
        ("068a808080", StatusCode.BadMessageSyntax),
        ("068affff7f", StatusCode.TooBigMessage),
    ],
)
def test_frame_size_refuses(prefix, code):
    with pytest.raises(MessageError) as caught:
        frame_size(bytes.fromhex(prefix))
    assert caught.value.code is code


def test_the_largest_frame():
    assert frame_size(bytes.fromhex("068aaf0f"), 2000) == 1967 + 4 + 4
    frame = request_frame([*PARTS[:3], (0x8F, sequence([*FILE_PARTS, (0x04, bytes(5000))]))])
    assert Request.decode(frame, max_size=len(frame)).files[0].body == bytes(5000)
    assert code_of(frame, max_size=len(frame) - 1) is StatusCode.TooBigMessage


# --- refusals, in the order of OF-18 ---------------------------------------------------------------


def test_too_long_comes_before_bad_syntax():
    """OF-15 before OF-11."""
    assert code_of(b"\x05" + bytes(100), max_size=100) is StatusCode.TooBigMessage


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x06",
        b"\x05" + request_frame()[1:],
        request_frame()[:-1],
        request_frame() + b"\0",
        bytes.fromhex("068a8080808000"),
        bytes.fromhex("068a8080"),
        seal_frame(0x8A, b"\x01\x09\x00"),
        seal_frame(0x8A, sequence([TERMINAL_PART, TIME_PART, SENDER_PART, (0x8F, b"\x01\x05\x00")])),
        seal_frame(0x8A, sequence([TERMINAL_PART, TIME_PART, (0x81, b"\x01\xff"), FILE_PART])),
    ],
)
def test_bad_syntax(frame):
    """OF-11: version, or TLV not readable."""
    assert code_of(frame) is StatusCode.BadMessageSyntax


def test_bad_syntax_comes_before_bad_crc():
    broken = seal_frame(0x8A, b"\x01\x09\x00")
    assert code_of(broken[:-1] + bytes((broken[-1] ^ 1,))) is StatusCode.BadMessageSyntax


@pytest.mark.parametrize("at", [-1, -2, -3, -4])
def test_bad_crc(at):
    frame = bytearray(request_frame())
    frame[at] ^= 0x80
    assert code_of(bytes(frame)) is StatusCode.BadMessageCRC32


def test_a_changed_value_byte_is_a_bad_crc():
    frame = bytearray(REQUEST.encode())
    frame[-6] ^= 1
    assert code_of(bytes(frame)) is StatusCode.BadMessageCRC32
    assert Request.decode(resealed(bytes(frame))) != REQUEST


def test_bad_crc_comes_before_bad_structure():
    frame = request_frame(PARTS[:3])
    assert code_of(frame) is StatusCode.BadMessageStruct
    assert code_of(frame[:-1] + bytes((frame[-1] ^ 1,))) is StatusCode.BadMessageCRC32


@pytest.mark.parametrize(
    "parts",
    [
        *(without(PARTS, tag) for tag in (0x01, 0x02, 0x81, 0x8F)),
        *([*PARTS, part] for part in PARTS[:3]),
        [(0x01, bytes(7)), *PARTS[1:]],
        [(0x01, bytes(8)), *PARTS[1:]],
        [TERMINAL_PART, (0x02, bytes(8)), *PARTS[2:]],
        [TERMINAL_PART, (0x02, bytes(9)), *PARTS[2:]],
        [*PARTS[:2], (0x81, element(1, b"a" * 33)), FILE_PART],
        [*PARTS[:2], (0x81, element(2, b"a" * 65)), FILE_PART],
        [*PARTS[:2], (0x81, element(3, "ў".encode())), FILE_PART],
        [*PARTS[:2], (0x81, element(1, b"a") * 2), FILE_PART],
        *([*PARTS[:3], (0x8F, sequence(without(FILE_PARTS, tag)))] for tag in (1, 2, 3)),
        *([*PARTS[:3], (0x8F, sequence([*FILE_PARTS, part]))] for part in FILE_PARTS),
        [*PARTS[:3], (0x8F, sequence([(0x01, b"\xc9\xc9"), *FILE_PARTS[1:]]))],
        [*PARTS[:3], (0x8F, sequence([*FILE_PARTS, (0x0F, bytes(33))]))],
        [*PARTS[:3], (0x8F, sequence([*FILE_PARTS, (0x04, b"1"), (0x04, b"2")]))],
    ],
)
def test_bad_structure(parts):
    """OF-12: missing, doubled, of wrong size; no file."""
    assert code_of(request_frame(parts)) is StatusCode.BadMessageStruct


def test_not_a_request():
    assert code_of(seal_frame(0x8B, sequence(PARTS))) is StatusCode.BadMessageStruct
    assert code_of(seal_frame(0x01, sequence(PARTS))) is StatusCode.BadMessageStruct


def test_bad_structure_comes_before_too_many_files():
    assert code_of(request_frame([*PARTS[1:3], *[FILE_PART] * 33])) is StatusCode.BadMessageStruct


def test_number_of_files():
    """OF-14."""
    assert len(Request.decode(request_frame([*PARTS[:3], *[FILE_PART] * 32])).files) == 32
    many = request_frame([*PARTS[:3], *[FILE_PART] * 33])
    assert code_of(many) is StatusCode.TooManyFiles
    assert len(Request.decode(many, max_files=33).files) == 33


def test_unknown_tags_any_order_and_padding():
    shuffled = [(0x66, b"?"), FILE_PART, (0x9E, b"\xff\xff"), *reversed(PARTS[:3])]
    frame = seal_frame(0x8A, sequence(shuffled) + b"\0rest")
    assert Request.decode(frame) == Request.decode(request_frame())
    file = (0x8F, sequence([(0x55, b""), *reversed(FILE_PARTS)]))
    assert Request.decode(request_frame([*PARTS[:3], file])) == Request.decode(request_frame())


def test_unknown_file_types_are_kept_for_the_operator_to_answer():
    file = (0x8F, sequence([(0x01, b"\x77"), (0x02, b"\x99"), (0x03, b"")]))
    assert Request.decode(request_frame([*PARTS[:3], file])).files == (File(0x77, 0x99, b""),)


# --- responses -------------------------------------------------------------------------------------


def response_frame(parts) -> bytes:
    return seal_frame(0x8B, sequence(parts))


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [(0x81, sequence(STATUS_PARTS))] * 2,
        [(0x81, sequence(STATUS_PARTS[:1]))],
        [(0x81, sequence(STATUS_PARTS[1:]))],
        [(0x81, sequence([(0x01, b"\x0c"), (0x02, b"\0")]))],
        [(0x81, sequence([*STATUS_PARTS, (0x03, b"\xff")]))],
        [(0x81, sequence(STATUS_PARTS)), (0x8E, b"")],
        [(0x81, sequence(STATUS_PARTS)), (0x8E, element(1, b"\x04"))],
        [(0x81, sequence(STATUS_PARTS)), (0x8E, element(1, b"\0") + element(0x0F, bytes(33)))],
    ],
)
def test_bad_response(parts):
    assert code_of(response_frame(parts), Response) is StatusCode.BadMessageStruct


def test_a_response_names_the_unknown_code():
    with pytest.raises(MessageError, match="12 is not a valid StatusCode"):
        Response.decode(response_frame([(0x81, sequence([(0x01, b"\x0c"), (0x02, b"\0")]))]))


def test_a_request_is_no_response():
    assert code_of(REQUEST.encode(), Response) is StatusCode.BadMessageStruct
    assert code_of(Response(StatusInfo(StatusCode.OK)).encode()) is StatusCode.BadMessageStruct


# --- encoding refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (Request("ZZ", TIME, SenderInfo(), (SYNC,)), "TerminalID"),
        (Request("ZZ000000000000", TIME, SenderInfo("ў"), (SYNC,)), "name"),
        (Request("ZZ000000000000", TIME, SenderInfo(serial="a" * 65), (SYNC,)), "serial"),
        (Request("ZZ000000000000", TIME, SenderInfo(), (File(256, 1, b""),)), "type"),
        (Request("ZZ000000000000", TIME, SenderInfo(), (File(1, 256, b""),)), "version"),
        (Request("ZZ000000000000", TIME, SenderInfo(), (File(1, 1, b"", tag=bytes(33)),)), "tag"),
    ],
)
def test_encoder_names_the_field(request_, field):
    with pytest.raises(CodecError) as caught:
        request_.encode()
    assert caught.value.field == field


def test_a_message_longer_than_tlv_allows():
    file = File(1, 0x14, b"", bytes(2_097_151))
    with pytest.raises(TlvError):
        Request("ZZ000000000000", TIME, SenderInfo(), (file,)).encode()


# --- garbage ---------------------------------------------------------------------------------------


@given(st.binary(max_size=120))
def test_garbage_never_crashes(data):
    for frame in (data, b"\x06\x8a" + data, seal_frame(0x8A, data), seal_frame(0x8B, data)):
        for kind in (Request, Response):
            try:
                read = kind.decode(frame)
            except MessageError:
                continue
            assert kind.decode(read.encode()) == read


@given(REQUESTS, st.data())
def test_one_changed_byte_is_never_accepted(request, data):
    frame = bytearray(request.encode())
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    assert code_of(bytes(frame)) in (
        StatusCode.BadMessageSyntax,
        StatusCode.BadMessageCRC32,
        StatusCode.TooBigMessage,
    )


# --- the query for a fiscal sign -------------------------------------------------------------------


def test_verify_query_of_22_and_30_bytes():
    header = m.encode_verify_query(22, datetime(2021, 11, 2, 14, 13, 7), "445705250315")
    assert header.hex() == VECTORS["messages"][1]["files"][0]["header_hex"]
    query = m.decode_verify_query(header, "ZZ000000000000")
    assert query == ("ZZ000000000000", 22, datetime(2021, 11, 2, 14, 13, 7), "445705250315")
    longer = bytes.fromhex("5a5a077335055257") + header
    assert m.decode_verify_query(longer, "ZZ000000000000") == query._replace(terminal_id="ZZ077335055257")


@pytest.mark.parametrize("size", [0, 21, 23, 29, 31])
def test_verify_query_of_another_length(size):
    with pytest.raises(CodecError, match=f"{size} bytes, not 22 or 30"):
        m.decode_verify_query(bytes(size), "ZZ000000000000")


def test_verify_query_with_bad_values():
    good = m.encode_verify_query(22, TIME, "445705250315")
    for header in (b"\xff" + good[1:], good[:12] + b"\0" + good[13:], good[:21] + b"\xfa"):
        with pytest.raises(CodecError):
            m.decode_verify_query(header, "ZZ000000000000")
    with pytest.raises(CodecError):
        m.decode_verify_query(bytes(8) + good, "ZZ000000000000")
