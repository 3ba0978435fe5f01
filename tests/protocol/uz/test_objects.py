"""The objects a0…a5: bytes, tag lists, missing fields, every refusal."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz import objects, tlv, values
from reference.protocol.uz.errors import CodecError, TlvError
from reference.protocol.uz.objects import (
    Account,
    FiscalInfo,
    FiscalMemoryInfo,
    MemoryInfo,
    ReceiptFile,
    ReceiptInfo,
    ZReportFile,
    ZReportInfo,
)

TERMINAL = "ZZ000000000000"
T8 = "5a5a000000000000"
TIME = datetime(2026, 7, 1, 9, 0, 1)

BY_KIND = {
    "short": st.integers(0, 32767),
    "short, FFFF = none": st.integers(0, 32767) | st.just(objects.NO_INDEX),
    "byte": st.integers(0, 255),
    "BCD": st.integers(0, values.MAX_BCD),
    "BCDDateTime": st.datetimes(datetime(1999, 1, 1), datetime(9999, 12, 31)).map(
        lambda t: t.replace(microsecond=0)
    ),
    "TerminalID": st.from_regex(r"ZZ[0-9]{12}", fullmatch=True),
    "FiscalSign": st.from_regex(r"[0-9]{12}", fullmatch=True),
    "flag": st.booleans(),
    "bytes": st.binary(max_size=32),
    "bytes 8": st.binary(min_size=8, max_size=8),
    "bytes 32": st.binary(min_size=32, max_size=32),
    "bytes 42": st.binary(min_size=42, max_size=42),
    "Account": st.builds(Account, st.integers(0, values.MAX_BCD), st.integers(0, values.MAX_BCD)),
    "MemoryInfo": st.builds(MemoryInfo, *[st.integers(0, 32767)] * 3),
}
ANY_OBJECT = st.sampled_from(list(objects.OBJECTS.values())).flatmap(
    lambda kind: st.builds(kind, **{row.name: st.none() | BY_KIND[row.kind] for row in kind.TABLE})
)


@given(ANY_OBJECT)
def test_round_trip(obj):
    assert type(obj).decode(obj.encode()) == obj
    assert list(obj.parts()) == [r.tag for r in obj.TABLE if getattr(obj, r.name) is not None]


@given(ANY_OBJECT, st.binary(max_size=20))
def test_tag_lists_select_in_table_order(obj, tags):
    parts = obj.parts()
    wanted = [tag for tag in parts if (tag in tags if tags else tag not in obj.ON_REQUEST)]
    assert obj.encode(tags) == tlv.element(obj.TAG, b"".join(parts[tag] for tag in wanted))
    assert obj.join(parts, tags) == obj.encode(tags)


@pytest.mark.parametrize("kind", [*objects.OBJECTS.values(), Account, MemoryInfo], ids=lambda k: k.__name__)
def test_table_and_dataclass_agree(kind):
    assert [row.name for row in kind.TABLE] == [field.name for field in dataclass_fields(kind)]
    assert len({row.tag for row in kind.TABLE}) == len(kind.TABLE)


def test_info_bytes():
    info = FiscalInfo(
        applet_version=0x0400,
        patch_version=b"\0\1",
        terminal_id=TERMINAL,
        sync_challenge=bytes.fromhex("6ae708515ad6ee84"),
        locked=True,
        jcre_version=0x0300,
        mode=objects.MODE_TEST,
        pos_locked=False,
        pos_auth=False,
        memory=MemoryInfo(694, 3230, 3230),
    )
    assert info.encode().hex() == (
        "a03a" "01020400" "0a020001" f"0308{T8}" "04086ae708515ad6ee84" "050100" "06020300" "070101" "0801ff"
        "0901ff" "800c" "010202b6" "02020c9e" "03020c9e"
    )  # fmt: skip
    assert info.encode(bytes((4, 3, 3, 0x77))).hex() == f"a0140308{T8}04086ae708515ad6ee84"
    assert FiscalInfo.decode(info.encode(b"\x03")) == FiscalInfo(terminal_id=TERMINAL)


def test_memory_info_bytes():
    info = FiscalMemoryInfo(receipt_seq=6162, zreport_index=objects.NO_INDEX, cash=Account(1, 0))
    assert info.encode().hex() == (
        "a124" "02082616000000000000" "0a02ffff" "8014" "01081000000000000000" "02080000000000000000"
    )  # fmt: skip
    assert info.first_unacknowledged is None


def test_zreport_info_writes_first_before_last_receipt():
    report = ZReportInfo(TERMINAL, TIME, None, 1, 0, 1, 2, None, Account(), Account(), Account())
    assert list(report.parts()) == [1, 2, 4, 5, 8, 6, 0x80, 0x81, 0x82]


def test_cipher_key_only_by_name():
    receipt = ReceiptInfo(TERMINAL, 1, TIME, "271368829008", 0, 0, 5, 0, 0, 1, bytes(32), None, bytes(32))
    assert ReceiptInfo.decode(receipt.encode(b"")).cipher_key is None
    assert ReceiptInfo.decode(receipt.encode(b"\x0c")) == ReceiptInfo(cipher_key=bytes(32))
    assert receipt.encode(objects.FISCAL_SIGN_TAGS).hex() == (
        f"a3480108{T8}" "02081000000000000000" "03082026070154090001" "0406271368829008" "0c20" + "00" * 32
    )  # fmt: skip


def test_files():
    file = ReceiptFile(TERMINAL, 1, b"\xaa", b"\xbb", 0, 3)
    assert file.encode().hex() == f"a5210108{T8}020810000000000000000301aa0401bb05010006020003"
    report = ZReportFile(TERMINAL, TIME, b"\xaa", b"\xbb", 0)
    assert report.encode().hex() == f"a41e0108{T8}020820260701540900010301aa0401bb05020000"


def test_unknown_tags_are_skipped():
    assert FiscalInfo.decode(bytes.fromhex("a006 7f01aa 070101")) == FiscalInfo(mode=1)


@pytest.mark.parametrize(
    ("kind", "hex_", "field"),
    [
        (FiscalInfo, "", "a0"),
        (FiscalInfo, "a100", "a0"),
        (FiscalInfo, "a000a000", "a0"),
        (FiscalInfo, "a005", "a0"),
        (FiscalInfo, "a006070101070101", "a0.07"),
        (FiscalInfo, "a00401020190ff", "a0"),
        (FiscalInfo, "a003010104", "a0.applet_version"),
        (FiscalInfo, "a0030201aa", "a0.cplc"),
        (FiscalInfo, "a0068004010201f4", "a0.memory.reset_ram"),
        (FiscalMemoryInfo, "a103020126", "a1.receipt_seq"),
        (FiscalMemoryInfo, "a10a0208aa16000000000000", "a1.receipt_seq"),
        (FiscalMemoryInfo, "a1068004010201f4", "a1.cash.sale"),
        (FiscalMemoryInfo, "a1088106010401f40000", "a1.card.sale"),
        (ReceiptInfo, "a3230e21" + "00" * 33, "a3.extra"),
    ],
)
def test_refused_bytes_name_the_field(kind, hex_, field):
    with pytest.raises(CodecError) as caught:
        kind.decode(bytes.fromhex(hex_))
    assert caught.value.field.startswith(field)
    assert caught.value.clause.startswith("uz-fiscal ")


def test_doubled_tag_is_a_tlv_error():
    with pytest.raises(TlvError) as caught:
        FiscalInfo.decode(bytes.fromhex("a006070101070101"))
    assert caught.value.clause == "uz-fiscal TLV-04"


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        (FiscalInfo(mode=256), "a0.mode"),
        (FiscalInfo(cplc=b""), "a0.cplc"),
        (FiscalInfo(memory=MemoryInfo(-1)), "a0.memory.persistent"),
        (FiscalMemoryInfo(vat=Account(0, -1)), "a1.vat.refund"),
        (FiscalMemoryInfo(zreport_index=40000), "a1.zreport_index"),
        (ReceiptInfo(extra=bytes(33)), "a3.extra"),
        (ReceiptFile(terminal_id="X"), "a5.terminal_id"),
    ],
)
def test_refused_values_name_the_field(obj, field):
    with pytest.raises(CodecError) as caught:
        obj.encode()
    assert caught.value.field == field


@given(st.sampled_from(list(objects.OBJECTS.values())), st.binary(max_size=60))
def test_any_bytes_decode_or_raise(kind, data):
    wrapped = tlv.element(kind.TAG, data)
    try:
        obj = kind.decode(wrapped)
    except CodecError:
        return
    assert kind.decode(obj.encode()) == obj
