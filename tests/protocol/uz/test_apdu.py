"""Commands, the instruction table, status words."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.errors import CodecError
from tests.protocol.uz.vectors import VECTORS

BYTE = st.integers(0, 255)
TIME = datetime(2023, 1, 27, 12, 38, 25)
LOCK = {name: bytes.fromhex(text) for name, text in VECTORS["pos_lock"].items() if name != "source"}

BUILT = [
    (apdu.select(), "00a404000e66697363616c6472697665533031"),
    (apdu.deselect(), "00a4040000"),
    (apdu.get_cplc(), "00ca9f7f00"),
    (apdu.get_version(), "0000000000"),
    (apdu.get_info(), "0000010000"),
    (apdu.get_info((3, 4)), "00000100020304"),
    (apdu.get_info(b"\x05"), "000001000105"),
    (apdu.get_fiscal_memory_info([3]), "000002000103"),
    (apdu.get_unack_zreports(), "0000030000"),
    (apdu.get_zreport_info(0x102, (1,)), "000101020101"),
    (apdu.get_zreport_file(0x7FFF), "00027fff00"),
    (apdu.zreport_open(TIME), "00030000082023012754123825"),
    (apdu.zreport_close(TIME), "00030100082023012754123825"),
    (apdu.get_receipt_info(1, (0x0C,)), "00050001010c"),
    (apdu.get_receipt_file(2), "0006000200"),
    (apdu.get_receipt_file(seq=6162), "00060000082616000000000000"),
    (apdu.ack(b"\xaa"), "0009ffff01aa"),
    (apdu.ack(b"\xaa", 5), "0009000501aa"),
    (apdu.signed_challenge(bytes(16)), "000b000010" + "00" * 16),
    (apdu.pos_lock(LOCK["secret_hex"]), "000c000040" + LOCK["pos_lock_data_hex"].hex()),
    (apdu.pos_challenge(), "000c010000"),
    (apdu.pos_auth(LOCK["secret_hex"], LOCK["challenge_hex"]), "000c020020" + LOCK["auth_hex"].hex()),
    (apdu.sync(b"\xbb"), "0011000001bb"),
    (apdu.receipt_register(bytes(68)), "0017000044" + "00" * 68),
    (apdu.receipt_rescan(), "0017010000"),
]


@pytest.mark.parametrize(("command", "hex_"), BUILT, ids=lambda v: v.title if isinstance(v, Command) else "")
def test_builders(command, hex_):
    assert command.encode().hex() == hex_
    assert Command.decode(bytes.fromhex(hex_)) == command
    row = apdu.find_instruction(*command[1:4])
    assert isinstance(row, apdu.Instruction)
    assert row.data.allows(len(command.data))
    assert command.title == row.name or command == apdu.deselect()


def test_every_row_has_a_builder():
    built = {command.title for command, _ in BUILT}
    assert built == {row.name for row in (*apdu.INSTRUCTIONS, *apdu.CARD_INSTRUCTIONS)} | {"DESELECT"}


@given(BYTE, BYTE, BYTE, BYTE, st.binary(max_size=255))
def test_command_round_trip(cla, ins, p1, p2, data):
    command = Command(cla, ins, p1, p2, data)
    encoded = command.encode()
    assert encoded == bytes((cla, ins, p1, p2, len(data))) + data
    assert Command.decode(encoded) == command
    assert Command.decode(encoded + b"\0", trailing_le=True) == command
    assert command.p1p2 == int.from_bytes(encoded[2:4], "big")
    assert command.title


@given(st.binary(max_size=300))
def test_any_bytes_decode_or_raise(data):
    try:
        command = Command.decode(data)
    except CodecError:
        return
    assert command.encode() == data


@pytest.mark.parametrize(
    ("bad", "field"), [("", "command"), ("00000000", "command"), ("0000000001", "Lc"), ("000000000000", "Lc")]
)
def test_malformed_commands(bad, field):
    with pytest.raises(CodecError) as caught:
        Command.decode(bytes.fromhex(bad))
    assert (caught.value.field, caught.value.clause) == (field, "uz-fiscal EM-05")


def test_trailing_le_is_one_byte_only():
    with pytest.raises(CodecError):
        Command.decode(bytes(7), trailing_le=True)


def test_encode_refusals():
    with pytest.raises(CodecError, match="at most 255"):
        Command(0, 0, 0, 0, bytes(256)).encode()
    with pytest.raises(CodecError, match="not four bytes"):
        Command(0, 256, 0, 0).encode()


@pytest.mark.parametrize(
    "build",
    [
        lambda: apdu.signed_challenge(bytes(15)),
        lambda: apdu.pos_lock(bytes(31)),
        lambda: apdu.sync(b""),
        lambda: apdu.ack(b""),
        lambda: apdu.receipt_register(bytes(67)),
        lambda: apdu.receipt_register(bytes(101)),
        lambda: apdu.select(bytes(17)),
        lambda: apdu.get_zreport_info(-1),
        lambda: apdu.get_zreport_info(65536),
        lambda: apdu.get_receipt_file(seq=10**16),
    ],
)
def test_builders_refuse_what_no_clause_allows(build):
    with pytest.raises(CodecError):
        build()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("000000", "GET_VERSION"),
        ("01ffff", "GET_ZREPORT_INFO"),
        ("0900ff", "ACK"),
        ("000001", StatusWord.INCORRECT_P1P2),
        ("030200", StatusWord.INCORRECT_P1P2),
        ("a40000", StatusWord.INCORRECT_P1P2),
        ("040000", StatusWord.INS_NOT_SUPPORTED),
    ],
)
def test_find_instruction(header, found):
    row = apdu.find_instruction(*bytes.fromhex(header))
    assert (row.name if isinstance(found, str) else row) == found


def test_instruction_headers_read_like_the_spec():
    assert apdu.instruction("GET_ZREPORT_INFO").header == "00 01 XX YY"
    assert apdu.instruction("POS_AUTH").header == "00 0C 02 00"
    assert len(apdu.INSTRUCTIONS) == 18
    with pytest.raises(KeyError):
        apdu.instruction("GET_FORTUNE")


def test_titles():
    assert Command(0x80, 0, 0, 0).title == "80 00 00 00"
    assert Command(0, 4, 0, 0).title == "00 04 00 00"


def test_split_response():
    assert apdu.split_response(bytes.fromhex("04009000")) == (b"\x04\0", 0x9000)
    assert apdu.split_response(bytes.fromhex("9010")) == (b"", 0x9010)
    with pytest.raises(CodecError):
        apdu.split_response(b"\x90")


def test_constants():
    assert apdu.ATR_VENDOR.hex() == "3b8f800180318065b08503010101030201040105"
    check = 0
    for byte in apdu.ATR_ISO[1:]:
        check ^= byte
    assert check == 0, "ISO 7816-3: the bytes from T0 to TCK add up to nothing"
    assert apdu.ATR_ISO[:-1] == apdu.ATR_VENDOR[:-1]


def test_cplc():
    cplc = bytes(range(42))
    assert apdu.decode_cplc(apdu.CPLC_PREFIX + cplc) == apdu.decode_cplc(cplc) == cplc
    with pytest.raises(CodecError):
        apdu.decode_cplc(cplc[1:])


def test_unack_indexes():
    assert apdu.decode_indexes(bytes.fromhex("0000")) == ()
    assert apdu.decode_indexes(bytes.fromhex("000200010003")) == (1, 3)
    for bad in ("", "00", "0001", "00010001ff", "000200010003000400"):
        with pytest.raises(CodecError) as caught:
            apdu.decode_indexes(bytes.fromhex(bad))
        assert caught.value.clause == "uz-fiscal FM-I-05"


def test_status_words_are_the_whole_table():
    assert " ".join(f"{word:04x}" for word in StatusWord) == (
        "9000 9010 9011 9012 9013 9014 9015 9016 9017 9018 9020 9021 9022 9023 9030 9031 9032 9033 9034 9035"
        " 9036 9037 9040 9041 9042 9043 9044 9045 9090 9091 9092 9093 90f0 90f1 90ff"
        " 6700 6a80 6a86 6d00 6e00 6f00"
    )
    for word in StatusWord:
        assert word.hint.endswith(".")
        assert word.clause.startswith("uz-fiscal ")
        assert int.from_bytes(word.wire, "big") == word == StatusWord(int(word))
        assert apdu.status_word(int(word)) is word
    assert StatusWord.RECIPT_SEQ_MAX_VALUE_REACHED == 0x9033
    assert apdu.status_word(0x6985) is None


@pytest.mark.parametrize(
    ("sw", "text"),
    [
        (0x9010, "9010 - INVALID_DATETIME"),
        (StatusWord.RECEIPTS_MEMORY_FULL, "90F1 - RECEIPTS_MEMORY_FULL"),
        (0x6985, "6985 - CONDITIONS_NOT_SATISFIED"),
        (0x610E, "610E - BYTES_REMAINING"),
        (0x6C10, "6C10 - CORRECT_LENGTH"),
        (0x1234, "1234 - UNKNOWN_STATUS_WORD"),
    ],
)
def test_status_text(sw, text):
    assert apdu.status_text(sw) == text
