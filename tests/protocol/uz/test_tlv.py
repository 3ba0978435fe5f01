"""TLV: lengths, elements, strict fields, the decoded tree and its paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz import tlv
from reference.protocol.uz.errors import TlvError
from tests.protocol.uz.vectors import VECTORS

PRIMITIVES = st.lists(st.tuples(st.integers(1, 0x7F), st.binary(max_size=300)), max_size=8)


@pytest.mark.parametrize("case", VECTORS["length"], ids=lambda c: str(c["length"]))
def test_length_vectors(case):
    assert tlv.encode_length(case["length"]).hex() == case["hex"]
    data = bytes.fromhex(case["hex"])
    assert tlv.decode_length(b"\xff" + data + b"\xff", 1) == (case["length"], 1 + len(data))


@given(st.integers(0, tlv.MAX_LENGTH))
def test_length_round_trip(length):
    data = tlv.encode_length(length)
    assert tlv.decode_length(data, 0) == (length, len(data))


@pytest.mark.parametrize("bad", [-1, tlv.MAX_LENGTH + 1])
def test_length_out_of_range(bad):
    with pytest.raises(TlvError) as caught:
        tlv.encode_length(bad)
    assert caught.value.clause == "uz-fiscal TLV-02"


def test_longer_length_forms_are_read():
    assert tlv.decode_length(bytes.fromhex("858000"), 0) == (5, 3)
    assert tlv.elements(bytes.fromhex("018100aa")) == [(1, b"\xaa")]


@pytest.mark.parametrize(("bad", "clause"), [("80808001", "TLV-02"), ("8080", "TLV-05"), ("", "TLV-05")])
def test_broken_lengths(bad, clause):
    with pytest.raises(TlvError) as caught:
        tlv.decode_length(bytes.fromhex(bad), 0)
    assert caught.value.clause == f"uz-fiscal {clause}"


@given(PRIMITIVES, st.integers(0, 9))
def test_elements_round_trip_before_padding(items, padding):
    data = b"".join(tlv.element(tag, value) for tag, value in items)
    assert tlv.elements(data + bytes(padding)) == items
    assert tlv.elements(data + b"\0\xff\xff") == items


@pytest.mark.parametrize("tag", [0, -1, 256])
def test_no_such_tag(tag):
    with pytest.raises(TlvError):
        tlv.element(tag, b"")


def test_element_past_the_end():
    with pytest.raises(TlvError, match="element 02 at byte 3 claims 5 bytes, 1 are there") as caught:
        tlv.elements(bytes.fromhex("0101aa0205bb"))
    assert caught.value.clause == "uz-fiscal TLV-05"


def test_fields():
    data = bytes.fromhex("0101aa 8c00 8c0101 0200 7f01ee 00 0101bb")
    assert tlv.fields(data, {0x8C}) == {1: b"\xaa", 0x8C: [b"", b"\x01"], 2: b"", 0x7F: b"\xee"}
    assert tlv.fields(bytes.fromhex("0101aa"), {0x8C}) == {1: b"\xaa"}
    with pytest.raises(TlvError, match="8c: tag occurs twice \\(uz-fiscal TLV-04\\)"):
        tlv.fields(data)


def test_tree_and_paths_of_a_receipt():
    data = bytes.fromhex(VECTORS["receipts"][1]["tlv_hex"])
    (root,) = tlv.tree(data)
    assert (root.tag, root.path, root.length, root.offset, root.constructed) == (0x8D, "8d", 135, 0, True)
    assert [child.path for child in root.children][:6] == [
        "8d.01",
        "8d.02",
        "8d.03",
        "8d.04",
        "8d.05",
        "8d.8d",
    ]
    for node in root.children:
        assert data[node.offset] == node.tag
    refund = root.children[5].children[0]
    assert (refund.path, data[refund.offset + 2 : refund.offset + 10]) == ("8d.8d.01", refund.value)
    assert ("8d.8d.04", bytes.fromhex("445705250315")) in tlv.paths(data)


def test_repeated_tags_get_an_index():
    items = (
        tlv.element(0x8C, bytes.fromhex("0101aa")) + tlv.element(0x8C, bytes.fromhex("0101bb")) + b"\x81\0"
    )
    assert tlv.paths(tlv.element(0x8D, items)) == [
        ("8d.8c[0].01", b"\xaa"),
        ("8d.8c[1].01", b"\xbb"),
        ("8d.81", b""),
    ]


def test_tree_errors_name_the_path():
    with pytest.raises(TlvError) as caught:
        tlv.tree(bytes.fromhex("8d04 8c020105"))
    assert caught.value.field == "8d.8c"
    with pytest.raises(TlvError) as caught:
        tlv.tree(bytes.fromhex("0105"))
    assert caught.value.field == ""


def test_tree_refuses_bottomless_nesting():
    data = b""
    for _ in range(tlv.MAX_DEPTH):
        data = tlv.element(0x81, data)
    assert len(tlv.paths(data)) == 1
    with pytest.raises(TlvError, match="more than 32 levels"):
        tlv.tree(tlv.element(0x81, data))


@given(st.binary(max_size=80))
def test_any_bytes_decode_or_raise_tlv_error(data):
    try:
        tlv.tree(data)
    except TlvError:
        return
    assert b"".join(tlv.element(t, v) for t, v in tlv.elements(data))[:1] == data[:1].rstrip(b"\0")
