"""Hash and cipher: the vectors, two independent oracles, block borders, refusals."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.protocol.uz import gost
from reference.protocol.uz.errors import CodecError
from tests.protocol.uz.gost_oracles import (
    engine_digests,
    engine_missing,
    reference_digest,
    reference_ecb,
)

VECTORS = json.loads(
    (Path(__file__).parents[3] / "conformance" / "vectors" / "uz.json").read_text(encoding="utf-8")
)
KEYS = st.binary(min_size=32, max_size=32)
BORDERS = [1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 95, 96, 97, 255, 256, 257, 1023, 1024, 1025]


@pytest.fixture(
    params=[gost.digest_in_python, *filter(None, [gost.native_digest()])], ids=lambda way: way.__qualname__
)
def digest(request):
    """Each way this machine has to the hash."""
    return request.param


@pytest.mark.parametrize("case", VECTORS["gost_hash"], ids=lambda c: repr(c["text"]))
def test_hash_vectors(digest, case):
    assert digest(case["text"].encode()).hex() == case["digest_hex"]
    assert gost.digest(case["text"].encode()).hex() == case["digest_hex"]


@pytest.mark.parametrize("case", VECTORS["receipts"], ids=lambda c: c["id"])
def test_receipt_vectors(case):
    tlv, key = bytes.fromhex(case["tlv_hex"]), bytes.fromhex(case["key_hex"])
    assert gost.digest(tlv).hex() == case["hash_hex"]
    assert gost.encrypt(key, tlv).hex() == case["ciphertext_hex"]
    assert gost.decrypt(key, bytes.fromhex(case["ciphertext_hex"])) == tlv


def test_the_zero_block():
    """The check value of uz-fiscal §8.3."""
    assert gost.encrypt(bytes(range(32)), bytes(8)).hex() == "063823f0d2c4fbbb"


@given(KEYS, st.binary(max_size=96).map(lambda data: data[: len(data) // 8 * 8]))
@settings(max_examples=30, deadline=None)
def test_cipher_against_gostcrypto(key, data):
    assert gost.encrypt(key, data) == reference_ecb(key, data)
    assert gost.decrypt(key, data) == reference_ecb(key, data, decrypt=True)


@given(KEYS, st.binary(max_size=4000).map(gost.pad))
def test_cipher_round_trip(key, data):
    assert gost.decrypt(key, gost.encrypt(key, data)) == data


@given(st.lists(st.tuples(KEYS, st.binary(max_size=200).map(gost.pad)), max_size=9))
def test_many_under_their_own_keys_are_as_each_alone(pairs):
    assert gost.encrypt_many(pairs) == [gost.encrypt(key, data) for key, data in pairs]


@pytest.mark.parametrize("word", [0x00000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_carry_of_the_key_addition(word):
    """Key words and blocks at their extremes: sums of 33 bits must not leak into a neighbour."""
    key = word.to_bytes(4, "little") * 8
    data = b"\xff" * 24 + bytes(8) + b"\xff" * 16
    assert gost.encrypt(key, data) == reference_ecb(key, data)


@given(st.binary(max_size=100))
@settings(max_examples=20, deadline=None)
def test_hash_against_gostcrypto(data):
    assert gost.digest_in_python(data) == reference_digest(data)


@given(st.binary(max_size=2000))
def test_every_way_gives_the_same_hash(data):
    assert gost.digest(data) == gost.digest_in_python(data)


@pytest.mark.parametrize("filler", [b"\x00", b"\xff"])
@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 64, 65])
def test_hash_of_extremes_against_gostcrypto(digest, size, filler):
    assert digest(filler * size) == reference_digest(filler * size)


def test_hash_against_openssl_at_block_borders(digest, tmp_path):
    if engine_missing():
        pytest.skip(engine_missing())
    messages = [Random(size).randbytes(size) for size in BORDERS] + [b"\xff" * size for size in BORDERS]
    assert [digest(message) for message in messages] == engine_digests(tmp_path, messages)


@given(st.lists(st.binary(min_size=1, max_size=700), min_size=1, max_size=30))
@settings(max_examples=15, deadline=None)
def test_hash_against_openssl(messages):
    if engine_missing():
        pytest.skip(engine_missing())
    with tempfile.TemporaryDirectory() as folder:
        assert [gost.digest_in_python(message) for message in messages] == engine_digests(
            Path(folder), messages
        )


def test_both_oracles_agree(tmp_path):
    if engine_missing():
        pytest.skip(engine_missing())
    assert engine_digests(tmp_path, [b"abc"]) == [reference_digest(b"abc")]


@given(st.binary(max_size=40))
def test_padding_is_one_to_eight_zero_bytes(data):
    padded = gost.pad(data)
    assert len(padded) % 8 == 0
    assert 1 <= len(padded) - len(data) <= 8
    assert padded == data + bytes(len(padded) - len(data))


def test_aligned_data_gets_a_whole_block_of_padding():
    assert gost.pad(b"12345678") == b"12345678" + bytes(8)


@pytest.mark.parametrize(
    "run", [gost.encrypt, gost.decrypt, lambda key, data: gost.encrypt_many([(key, data)])[0]]
)
def test_refusals(run):
    with pytest.raises(CodecError, match="key: key has 31 bytes, not 32") as caught:
        run(bytes(31), bytes(8))
    assert (caught.value.field, caught.value.clause) == ("key", "uz-fiscal CR-03")
    with pytest.raises(CodecError, match="data of 9 bytes is no multiple of 8"):
        run(bytes(32), bytes(9))
    assert run(bytes(32), b"") == b""
