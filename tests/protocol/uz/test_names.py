"""NAME: the vectors, dropping, cutting, round trips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz import names
from reference.protocol.uz.errors import CodecError
from tests.protocol.uz.vectors import VECTORS

CASES = VECTORS["name"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["text"])
def test_vectors(case):
    codes = bytes.fromhex(case["hex"])
    assert len(codes) == case["bytes"]
    assert names.map_name(case["text"]) == codes
    assert names.encode_name(case["text"]) == (codes if len(codes) <= 63 else codes[:62])
    if case["source"] == "guide" and len(codes) <= 63:
        assert names.decode_name(codes) == case["text"]


def test_table_uses_every_code_and_character_once():
    assert len(names.CHARACTERS) == len(set(names.CHARACTERS)) == 256
    assert names.CHARACTERS[0xE6] == " "
    assert names.CHARACTERS[0x3D] == "'"


@given(st.text(st.sampled_from(names.CHARACTERS), min_size=1, max_size=63))
def test_round_trip(text):
    assert names.decode_name(names.encode_name(text)) == text


@given(st.text(max_size=80))
def test_any_text(text):
    kept = "".join(char for char in text if char in names.CHARACTERS)
    assert names.encode_name(text) == names.map_name(kept)[: 62 if len(kept) > 63 else 63]


def test_apostrophes():
    assert names.decode_name(names.encode_name("O‘zbekiston Oʻz O’z O'z")) == "Ozbekiston Oz Oz O'z"


@pytest.mark.parametrize(("length", "written"), [(62, 62), (63, 63), (64, 62), (200, 62)])
def test_cut(length, written):
    assert names.encode_name("A" * length) == b"\x80" * written


def test_nothing_may_be_left():
    assert names.encode_name("日本") == b""


@pytest.mark.parametrize("length", [0, 64])
def test_reader_limits(length):
    with pytest.raises(CodecError) as caught:
        names.decode_name(bytes(length))
    assert caught.value.clause == "uz-fiscal NM-03"
