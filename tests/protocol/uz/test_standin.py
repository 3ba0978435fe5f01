"""Stand-in keys and files: the check values of uz-fiscal §17, round trips, every refusal with its reason."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.protocol.uz import gost, standin, standin_keys, values
from reference.protocol.uz.errors import CodecError, StandinError
from reference.protocol.uz.objects import Account, ReceiptFile, ZReportFile
from reference.protocol.uz.standin import (
    AckKind,
    ModuleKeys,
    ReceiptRecord,
    StandinReason,
    SyncFlags,
    ZReportRecord,
)
from reference.protocol.uz.total_block import TotalBlock

TERMINAL = "ZZ000000000000"
OTHER = "ZZ000000000001"
KEYS = standin.module_keys(TERMINAL)
OTHER_KEYS = standin.module_keys(OTHER)
TIME = datetime(2026, 7, 1, 9, 0, 1)
RECORD = ReceiptRecord("271368829008", TIME, 0, 0, 500000, 0, 53571, 1, bytes(32), bytes(range(32)), b"\4\1x")
ZREPORT = ZReportRecord(
    1, TIME, datetime(2026, 7, 1, 22, 0), 2, 1, 1, 3, Account(5, 1), Account(6, 2), Account(7, 3)
)
TIMES = st.datetimes(datetime(1999, 1, 1), datetime(9999, 12, 31)).map(lambda t: t.replace(microsecond=0))
SUM = st.integers(0, values.MAX_BCD)
SHORT = st.integers(0, 32767)
TERMINALS = st.from_regex(r"ZZ[0-9]{12}", fullmatch=True)
SIGNS = st.from_regex(r"[0-9]{12}", fullmatch=True).filter(lambda sign: sign != "0" * 12)
BYTES32 = st.binary(min_size=32, max_size=32)
RECORDS = st.builds(
    ReceiptRecord, SIGNS, TIMES, st.integers(0, 255), st.integers(0, 255), SUM, SUM, SUM, SHORT, BYTES32,
    BYTES32, st.binary(max_size=32),
)  # fmt: skip
ACCOUNTS = st.builds(Account, SUM, SUM)
ZREPORTS = st.builds(ZReportRecord, SHORT, TIMES, TIMES, SHORT, SHORT, SUM, SUM, ACCOUNTS, ACCOUNTS, ACCOUNTS)


def refusal(call, *args, **kwargs) -> StandinReason:
    with pytest.raises(StandinError) as caught:
        call(*args, **kwargs)
    assert caught.value.clause.startswith("uz-fiscal ")
    assert str(caught.value)
    return caught.value.reason


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


# --- keys --------------------------------------------------------------------------------------------


def test_seeds_and_public_points():
    assert KEYS.seed.hex() == "25d852f9f341e78a0247ad02fa610fd41952a5ea4b0969e3b1b9b77a831da290"
    point = KEYS.public.public_numbers()
    assert f"{point.x:064x}" == "d0937902548a82a25c5f5b98cab8fd7ad0d96a761c0f7694da4db0b316e5298a"
    assert f"{point.y:064x}" == "f7efad2caccd6d8499de0ed7c8cca2e626b6bd8683bd69d9b2c7170e9dfd2e19"
    assert KEYS.transport.hex() == "07f228be400a6da72b8ec22a2b2bcb93d22f92a515d886916460c870d82c4b82"
    assert standin.ofd_seed().hex() == "d9a50df0eeb13efac12ee24df8ca73107ba277f265969bb767fe29c4226bef54"
    point = standin.public_key(standin.ofd_seed()).public_numbers()
    assert f"{point.x:064x}" == "a0f18a4f5e0b9c6c74c390130e314e5281ee513ee36159e289fe9b700a5de7c1"
    assert f"{point.y:064x}" == "f81478d21f9044c7bcf1635b66f9d8bf9d570e9dd584ed97b2d1e8f15a04fc57"


def test_cipher_key_check_value():
    expected = "9a8876c02b2254b8c4908ee31694f0ece5717cd3c6f835c4142b6f5e3af1bd8f"
    assert KEYS.cipher_key(TERMINAL, 1).hex() == expected


@pytest.mark.parametrize(
    ("terminal", "seq", "sign"),
    [
        (TERMINAL, 1, "271368829008"),
        (TERMINAL, 2, "263237644884"),
        (TERMINAL, 22, "049567970396"),
        (TERMINAL, 999999999999, "014027640392"),
        (OTHER, 1, "628688974170"),
    ],
)
def test_fiscal_sign_check_values(terminal, seq, sign):
    keys = standin.module_keys(terminal)
    assert keys.fiscal_sign(terminal, seq) == sign
    assert keys.receipt_seq(terminal, sign) == seq
    assert keys.fiscal_sign(terminal, seq + 10**12) == sign


@given(st.integers(0, 10**12 - 1))
def test_fiscal_sign_is_a_permutation(seq):
    sign = KEYS.fiscal_sign(TERMINAL, seq)
    assert len(sign) == 12
    assert KEYS.receipt_seq(TERMINAL, sign) == seq


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_hmac_agrees_with_the_standard_library(key, message):
    assert standin_keys._Hmac(key).digest(message) == hmac.digest(key, message, "sha256")


def test_only_test_terminals_have_test_keys():
    for terminal in ("UZ000000000000", "ZZ00000000000", ""):
        with pytest.raises(CodecError) as caught:
            standin.module_seed(terminal)
        assert caught.value.clause == "uz-fiscal ID-01"


def test_signatures():
    signature = standin.sign(KEYS.signing, b"message")
    assert len(signature) == 64
    assert standin.verifies(KEYS.public, signature, b"message")
    assert not standin.verifies(KEYS.public, signature, b"massage")
    assert not standin.verifies(OTHER_KEYS.public, signature, b"message")
    assert not standin.verifies(KEYS.public, signature[:-1], b"message")
    assert not standin.verifies(KEYS.public, bytes(64), b"message")


def test_signing_works_without_deterministic_nonces(monkeypatch):
    real = ec.ECDSA

    def old_openssl(algorithm, deterministic_signing=False):
        if deterministic_signing:
            raise UnsupportedAlgorithm("too old")
        return real(algorithm)

    monkeypatch.setattr(standin_keys.ec, "ECDSA", old_openssl)
    algorithm = standin_keys._signing_algorithm()
    monkeypatch.undo()
    assert not algorithm.deterministic_signing


# --- receipt and Z-report files ------------------------------------------------------------------------


@given(RECORDS)
def test_receipt_record_round_trip(record):
    data = record.encode()
    assert len(data) == 108 + len(record.extra)
    assert ReceiptRecord.decode(gost.pad(data)) == record


@given(ZREPORTS)
def test_zreport_record_round_trip(record):
    data = record.encode()
    assert len(data) == 87
    assert ZReportRecord.decode(gost.pad(data)) == record


def test_record_layouts():
    data = RECORD.encode().hex()
    assert data == (
        "01" "271368829008" "2026070154090001" "00" "00"
        "0000050000000000" "0000000000000000" "1753500000000000" "0001"
        + "00" * 32 + bytes(range(32)).hex() + "03" "040178"
    )  # fmt: skip
    assert ZREPORT.encode().hex() == (
        "01" "0001" "2026070154090001" "2026070154220000" "0002" "0001" "1000000000000000" "3000000000000000"
        "5000000000000000" "1000000000000000" "6000000000000000" "2000000000000000" "7000000000000000"
        "3000000000000000"
    )  # fmt: skip


def test_record_of_a_block():
    block = TotalBlock(bytes(32), 500000, 0, 53571, TIME, 0, 0, 1, b"\4\1x")
    assert ReceiptRecord.of_block(block, "271368829008", bytes(range(32))) == RECORD


def test_advance_has_no_sign_but_twelve_zeros_may_sign_a_purchase():
    advance = replace(RECORD, type=1, fiscal_sign=None)
    assert advance.encode()[1:7] == bytes(6)
    assert ReceiptRecord.decode(gost.pad(advance.encode())) == advance
    zeros = replace(RECORD, fiscal_sign="000000000000")
    assert ReceiptRecord.decode(gost.pad(zeros.encode())) == zeros


@pytest.mark.parametrize(
    "change",
    [{"extra": bytes(33)}, {"items_hash": bytes(31)}, {"cipher_key": b""}, {"type": 256}, {"cash": -1}],
)
def test_records_refuse_values_without_a_place(change):
    with pytest.raises(CodecError) as caught:
        replace(RECORD, **change).encode()
    assert caught.value.field == next(iter(change))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        RECORD.encode(),
        RECORD.encode() + bytes(9),
        RECORD.encode() + b"\0\1",
        b"\2" + gost.pad(RECORD.encode())[1:],
        gost.pad(RECORD.encode()[:107] + b"\x21" + bytes(33)),
        gost.pad(b"\1\xff" + RECORD.encode()[2:]),
    ],
)
def test_no_receipt_records(data):
    with pytest.raises(CodecError):
        ReceiptRecord.decode(data)


@pytest.mark.parametrize("data", [b"", ZREPORT.encode(), b"\2" + gost.pad(ZREPORT.encode())[1:]])
def test_no_zreport_records(data):
    with pytest.raises(CodecError):
        ZReportRecord.decode(data)


@settings(max_examples=30)
@given(TERMINALS, st.integers(1, values.MAX_BCD), RECORDS, SHORT)
def test_receipt_file_round_trip(terminal, seq, record, index):
    file = standin.make_receipt_file(standin.module_keys(terminal), terminal, seq, record, index)
    encoded = file.encode()
    assert len(encoded) <= 243
    assert standin.open_receipt_file(ReceiptFile.decode(encoded)) == record
    assert (file.receipt_seq, file.type, file.index) == (seq, record.type, index)


@settings(max_examples=30)
@given(TERMINALS, ZREPORTS, SHORT)
def test_zreport_file_round_trip(terminal, record, index):
    file = standin.make_zreport_file(standin.module_keys(terminal), terminal, record, index)
    encoded = file.encode()
    assert len(encoded) == 183
    assert standin.open_zreport_file(ZReportFile.decode(encoded)) == record
    assert (file.close_time, file.index) == (record.close_time, index)


def test_signed_bytes_are_those_of_the_spec():
    file = standin.make_receipt_file(KEYS, TERMINAL, 1, RECORD)
    message = b"UZ-TEST-RECEIPT/1" + bytes.fromhex("5a5a000000000000100000000000000000") + file.data
    assert standin.verifies(KEYS.public, file.signature, message)
    assert gost.decrypt(KEYS.transport, file.data) == gost.pad(RECORD.encode())
    report = standin.make_zreport_file(KEYS, TERMINAL, ZREPORT)
    message = b"UZ-TEST-ZREPORT/1" + bytes.fromhex("5a5a0000000000002026070154220000") + report.data
    assert standin.verifies(KEYS.public, report.signature, message)


RECEIPT_FILE = standin.make_receipt_file(KEYS, TERMINAL, 1, RECORD, 0)
ZREPORT_FILE = standin.make_zreport_file(KEYS, TERMINAL, ZREPORT, 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data": None}, StandinReason.RECORD),
        ({"terminal_id": "UZ000000000000"}, StandinReason.TERMINAL),
        ({"terminal_id": OTHER}, StandinReason.SIGNATURE),
        ({"receipt_seq": 2}, StandinReason.SIGNATURE),
        ({"type": 1}, StandinReason.SIGNATURE),
        ({"data": flip(RECEIPT_FILE.data, 5)}, StandinReason.SIGNATURE),
        ({"signature": flip(RECEIPT_FILE.signature, 63)}, StandinReason.SIGNATURE),
        ({"signature": b""}, StandinReason.SIGNATURE),
    ],
)
def test_receipt_file_refusals(change, reason):
    assert refusal(standin.open_receipt_file, replace(RECEIPT_FILE, **change)) is reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"close_time": None}, StandinReason.RECORD),
        ({"terminal_id": "UZ000000000000"}, StandinReason.TERMINAL),
        ({"terminal_id": OTHER}, StandinReason.SIGNATURE),
        ({"close_time": TIME}, StandinReason.SIGNATURE),
        ({"data": flip(ZREPORT_FILE.data, 0)}, StandinReason.SIGNATURE),
    ],
)
def test_zreport_file_refusals(change, reason):
    assert refusal(standin.open_zreport_file, replace(ZREPORT_FILE, **change)) is reason


def signed_receipt_file(data: bytes, type_: int = 0) -> ReceiptFile:
    message = b"UZ-TEST-RECEIPT/1" + values.encode_terminal_id(TERMINAL) + values.encode_bcd8(1)
    signature = standin.sign(KEYS.signing, message + bytes((type_,)) + data)
    return ReceiptFile(TERMINAL, 1, signature, data, type_, 0)


def signed_zreport_file(data: bytes, close: datetime) -> ZReportFile:
    message = b"UZ-TEST-ZREPORT/1" + values.encode_terminal_id(TERMINAL) + values.encode_time(close) + data
    return ZReportFile(TERMINAL, close, standin.sign(KEYS.signing, message), data, 0)


def test_well_signed_nonsense_is_refused_as_record():
    for data in (b"", b"1234567", bytes(144)):
        assert refusal(standin.open_receipt_file, signed_receipt_file(data)) is StandinReason.RECORD
        assert refusal(standin.open_zreport_file, signed_zreport_file(data, TIME)) is StandinReason.RECORD
    assert (
        refusal(standin.open_receipt_file, signed_receipt_file(RECEIPT_FILE.data, 1)) is StandinReason.RECORD
    )
    assert (
        refusal(standin.open_zreport_file, signed_zreport_file(ZREPORT_FILE.data, TIME))
        is StandinReason.RECORD
    )


def test_enrolled_keys_replace_the_public_ones():
    keys = ModuleKeys(bytes(32))
    file = standin.make_receipt_file(keys, TERMINAL, 1, RECORD, 0)
    assert standin.open_receipt_file(file, keys) == RECORD
    assert refusal(standin.open_receipt_file, file) is StandinReason.SIGNATURE
    report = standin.make_zreport_file(keys, TERMINAL, ZREPORT, 0)
    assert standin.open_zreport_file(report, keys) == ZREPORT
    assert refusal(standin.open_zreport_file, report) is StandinReason.SIGNATURE


# --- ack files, sync files -------------------------------------------------------------------------------


OFD_KEY = standin.signing_key(standin.ofd_seed())
STRANGER = standin.signing_key(bytes(32))
ACK = standin.make_ack_file(AckKind.RECEIPT, TERMINAL, values.encode_bcd8(22), TIME)
CHALLENGE = bytes.fromhex("6ae708515ad6ee84")
SYNC = standin.make_sync_file(SyncFlags.CHANGE_LOCK, TERMINAL, CHALLENGE, TIME)


def resigned(label: bytes, body: bytes) -> bytes:
    return body + standin.sign(OFD_KEY, label + body)


def test_ack_layout():
    assert len(ACK) == 90
    assert ACK[:26].hex() == "01015a5a00000000000022000000000000002026070154090001"
    assert standin.verifies(OFD_KEY.public_key(), ACK[26:], b"UZ-TEST-ACK/1" + ACK[:26])


@settings(max_examples=30)
@given(st.sampled_from(AckKind), TERMINALS, SUM, TIMES, TIMES)
def test_ack_round_trip(kind, terminal, seq, close, time):
    id8 = values.encode_bcd8(seq) if kind is AckKind.RECEIPT else values.encode_time(close)
    ack = standin.read_ack_file(standin.make_ack_file(kind, terminal, id8, time), terminal)
    assert (ack.kind, ack.terminal_id, ack.id8, ack.time) == (kind, terminal, id8, time)
    assert (ack.receipt_seq == seq) if kind is AckKind.RECEIPT else (ack.close_time == close)


@pytest.mark.parametrize(
    ("data", "reason", "word"),
    [
        (b"", StandinReason.LENGTH, 0x9015),
        (ACK + b"\0", StandinReason.LENGTH, 0x9015),
        (b"\2" + ACK[1:], StandinReason.VERSION, 0x9015),
        (b"\1\3" + ACK[2:], StandinReason.KIND, 0x9015),
        (b"\1\2" + ACK[2:], StandinReason.SIGNATURE, 0x9015),
        (flip(ACK, 12), StandinReason.SIGNATURE, 0x9015),
        (flip(ACK, 89), StandinReason.SIGNATURE, 0x9015),
        (resigned(b"UZ-TEST-SYNC/1", ACK[:26]), StandinReason.SIGNATURE, 0x9015),
        (resigned(b"UZ-TEST-ACK/1", ACK[:25] + b"\xff"), StandinReason.RECORD, 0x9015),
        (resigned(b"UZ-TEST-ACK/1", ACK[:9] + b"\xff" + ACK[10:26]), StandinReason.TERMINAL, 0x9016),
        (standin.make_ack_file(AckKind.RECEIPT, OTHER, bytes(8), TIME), StandinReason.TERMINAL, 0x9016),
        (
            standin.make_ack_file(AckKind.RECEIPT, TERMINAL, bytes(8), TIME, STRANGER),
            StandinReason.SIGNATURE,
            0x9015,
        ),
    ],
)
def test_ack_refusals(data, reason, word):
    assert refusal(standin.read_ack_file, data, TERMINAL) is reason
    assert standin.ACK_REFUSALS[reason] == word


def test_ack_of_another_operator():
    data = standin.make_ack_file(AckKind.RECEIPT, TERMINAL, bytes(8), TIME, STRANGER)
    assert standin.read_ack_file(data, key=STRANGER.public_key()).receipt_seq == 0
    with pytest.raises(CodecError):
        standin.make_ack_file(AckKind.RECEIPT, TERMINAL, bytes(7), TIME)


def test_sync_layout():
    assert len(SYNC) == 90
    assert SYNC[:26].hex() == "01015a5a0000000000006ae708515ad6ee842026070154090001"
    assert standin.verifies(OFD_KEY.public_key(), SYNC[26:], b"UZ-TEST-SYNC/1" + SYNC[:26])


@pytest.mark.parametrize(
    ("flags", "lock", "undo"),
    [
        (SyncFlags.NONE, None, False),
        (SyncFlags.LOCKED, None, False),
        (SyncFlags.CHANGE_LOCK, False, False),
        (SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED, True, False),
        (SyncFlags.UNDO_POS_LOCK, None, True),
        (SyncFlags(7), True, True),
    ],
)
def test_sync_flags(flags, lock, undo):
    data = standin.make_sync_file(flags, TERMINAL, CHALLENGE, TIME)
    sync = standin.read_sync_file(data, TERMINAL, CHALLENGE)
    assert (sync.flags, sync.lock, sync.undo_pos_lock) == (flags, lock, undo)
    assert (sync.terminal_id, sync.challenge, sync.time) == (TERMINAL, CHALLENGE, TIME)


@pytest.mark.parametrize(
    ("data", "reason", "word"),
    [
        (SYNC[:-1], StandinReason.LENGTH, 0x9017),
        (b"\0" + SYNC[1:], StandinReason.VERSION, 0x9017),
        (flip(SYNC, 1), StandinReason.SIGNATURE, 0x9017),
        (resigned(b"UZ-TEST-SYNC/1", SYNC[:18] + bytes(8)), StandinReason.RECORD, 0x9017),
        (standin.make_sync_file(SyncFlags.NONE, OTHER, CHALLENGE, TIME), StandinReason.TERMINAL, 0x9016),
        (standin.make_sync_file(SyncFlags.NONE, TERMINAL, bytes(8), TIME), StandinReason.CHALLENGE, 0x9018),
    ],
)
def test_sync_refusals(data, reason, word):
    assert refusal(standin.read_sync_file, data, TERMINAL, CHALLENGE) is reason
    assert standin.SYNC_REFUSALS[reason] == word


def test_sync_of_another_operator():
    data = standin.make_sync_file(SyncFlags.NONE, TERMINAL, CHALLENGE, TIME, STRANGER)
    assert standin.read_sync_file(data, key=STRANGER.public_key()).lock is None
    with pytest.raises(CodecError):
        standin.make_sync_file(SyncFlags.NONE, TERMINAL, bytes(7), TIME)


# --- signed challenge ------------------------------------------------------------------------------------


def test_signed_challenge():
    challenge = bytes(range(16))
    data = standin.make_signed_challenge(KEYS, TERMINAL, challenge)
    assert len(data) == 88
    assert data[:24] == values.encode_terminal_id(TERMINAL) + challenge
    assert standin.verifies(KEYS.public, data[24:], b"UZ-TEST-AUTH/1" + data[:24])
    assert standin.verify_signed_challenge(data, challenge) == TERMINAL
    assert standin.verify_signed_challenge(data, challenge, TERMINAL, KEYS) == TERMINAL
    with pytest.raises(CodecError):
        standin.make_signed_challenge(KEYS, TERMINAL, bytes(15))


@pytest.mark.parametrize(
    ("spoil", "terminal", "reason"),
    [
        (lambda data: data[:-1], None, StandinReason.LENGTH),
        (lambda data: flip(data, 0)[:1] + b"\xff" + data[2:], None, StandinReason.TERMINAL),
        (lambda data: b"UZ" + data[2:], None, StandinReason.TERMINAL),
        (lambda data: data, OTHER, StandinReason.TERMINAL),
        (lambda data: flip(data, 8), None, StandinReason.CHALLENGE),
        (lambda data: flip(data, 87), None, StandinReason.SIGNATURE),
    ],
)
def test_signed_challenge_refusals(spoil, terminal, reason):
    data = spoil(standin.make_signed_challenge(KEYS, TERMINAL, bytes(16)))
    assert refusal(standin.verify_signed_challenge, data, bytes(16), terminal) is reason


@given(
    sums=st.tuples(*[st.integers(0, values.MAX_BCD)] * 3),
    kind=st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(1, 32767)),
    texts=st.tuples(
        st.binary(min_size=32, max_size=32), st.binary(max_size=32), st.binary(min_size=32, max_size=32)
    ),
    sign=st.none() | st.from_regex("[0-9]{12}", fullmatch=True),
)
def test_a_record_cut_from_the_block_is_the_record_encoded(sums, kind, texts, sign):
    hash_, extra, key = texts
    block = TotalBlock(hash_, *sums, datetime(2026, 7, 1, 9, 0, 1), *kind, extra)
    expected = ReceiptRecord.of_block(block, sign, key).encode()
    sign_bytes = values.encode_sign(sign) if sign else b""
    assert standin.record_of_block(block.encode(), sign_bytes, key) == expected
