"""Many messages at once give what each gives alone, whatever their lengths and their number."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.protocol.uz import gost_many
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.gost import decrypt, digest_in_python, encrypt
from reference.protocol.uz.gost_many import decrypt_many, digests, digests_in_python
from reference.protocol.uz.gost_native import Hash

KEYS = st.binary(min_size=32, max_size=32)
BLOCKS = st.integers(0, 12).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))


@given(st.lists(st.binary(max_size=200), max_size=20))
@settings(deadline=None)
def test_hashes(messages: list[bytes]) -> None:
    assert digests(messages) == [digest_in_python(message) for message in messages]


@pytest.mark.parametrize("native", [None, digest_in_python], ids=["columns", "one by one"])
def test_a_library_takes_them_one_by_one(monkeypatch: pytest.MonkeyPatch, native: Hash | None) -> None:
    monkeypatch.setattr(gost_many, "native_digest", lambda: native)
    monkeypatch.setattr(gost_many, "digest", lambda _: b"alone")
    messages = [bytes((at,)) for at in range(gost_many._WORTH_IT)]
    alone = [b"alone"] * len(messages)
    assert digests(messages) == (alone if native else [digest_in_python(message) for message in messages])
    assert digests(messages[1:]) == alone[1:]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=20))
@settings(deadline=None)
def test_hashes_in_columns_however_few(messages: list[bytes]) -> None:
    assert digests_in_python(messages) == [digest_in_python(message) for message in messages]


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 63, 64, 65, 1000])
def test_equal_lengths_at_the_borders_of_a_block(size: int) -> None:
    messages = [bytes((at,)) * size for at in range(9)]
    assert digests_in_python(messages) == [digest_in_python(message) for message in messages]


def test_carries_of_the_checksum() -> None:
    messages = [b"\xff" * (32 * count) for count in range(10)]
    assert digests_in_python(messages) == [digest_in_python(message) for message in messages]


@given(st.lists(st.tuples(KEYS, BLOCKS), max_size=12))
@settings(deadline=None)
def test_plain_texts(pairs: list[tuple[bytes, bytes]]) -> None:
    assert decrypt_many(pairs) == [decrypt(key, data) for key, data in pairs]
    assert decrypt_many([(key, encrypt(key, data)) for key, data in pairs]) == [data for _, data in pairs]


@pytest.mark.parametrize("wrong", [(bytes(31), bytes(8)), (bytes(32), bytes(9))])
def test_what_is_no_key_or_no_blocks(wrong: tuple[bytes, bytes]) -> None:
    with pytest.raises(CodecError):
        decrypt_many([(bytes(32), bytes(8)), wrong])
