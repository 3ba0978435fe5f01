"""GOST R 34.11-94 and GOST 28147-89 (ECB), both with the CryptoPro S-box, in pure Python (uz-fiscal CR-02).

The hash is left to this machine's library where there is one (gost_native.py). The cipher stands here twice
because its two users differ:

* the hash enciphers four single blocks per step, each under its own key, step after step: `_encipher` does
  one block with two look-ups a round, in tables that merge four S-boxes and the rotation each;
* ECB has many blocks: `_feistel` takes all blocks through each round together, as 64-bit lanes of one big
  integer, so that a whole receipt costs little more than a single block, and many short records under keys of
  their own (`encrypt_many`) little more than one.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache, reduce
from itertools import accumulate
from operator import mul, xor
from struct import Struct
from typing import Final

from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.gost_native import Hash, load_digest

BLOCK: Final = 8
KEY_SIZE: Final = 32
DIGEST_SIZE: Final = 32

S_BOX: Final = tuple(
    tuple(int(digit, 16) for digit in row)
    for row in (
        "A4568137DCE092BF",
        "5F402DB91763CEA8",
        "7FCE94103B526A8D",
        "4A7C0F28E165DB93",
        "764B9C2A180EFD35",
        "7624D9F0A15B8EC3",
        "DE41705A3C8F629B",
        "13A95B4F867ED02C",
    )
)
"""id-GostR3411-94-CryptoProParamSet: eight rows, the first for the lowest nibble (uz-fiscal §8.3)."""

_WORD: Final = 0xFFFF_FFFF
_EIGHT_WORDS: Final = Struct("<8I")
_SIXTEEN_SHORTS: Final = Struct("<16H")


def pad(data: bytes) -> bytes:
    """Return data with 1 to 8 zero bytes behind it, to a multiple of 8 (uz-fiscal CR-01)."""
    return data + bytes(BLOCK - len(data) % BLOCK)


def encrypt(key: bytes, data: bytes) -> bytes:
    """Encipher whole blocks by GOST 28147-89 in plain replacement (uz-fiscal CR-03).

    Raises CodecError if the key is not 32 bytes or the data is no multiple of 8 bytes.
    """
    return _feistel(data, _planes(_key_words(key, data), data), _ENCRYPTION)


def encrypt_many(pairs: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Encipher each (key, data) as `encrypt` would, all in one go: from four on it costs a third a piece."""
    if len(pairs) == 1:  # one key needs no spreading over the lanes
        return [encrypt(*pairs[0])]
    spread = [(_key_words(key, data), key, len(data) // BLOCK) for key, data in pairs]
    planes = [
        int.from_bytes(
            b"".join([(key[at : at + 4] + _UPPER_HALF) * blocks for _, key, blocks in spread]), "little"
        )
        for at in range(0, KEY_SIZE, 4)
    ]
    enciphered = _feistel(b"".join([data for _, data in pairs]), planes, _ENCRYPTION)
    ends = list(accumulate(len(data) for _, data in pairs))
    return [enciphered[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def decrypt(key: bytes, data: bytes) -> bytes:
    """Undo `encrypt`, with the same errors; padding stays in place (uz-fiscal CR-03)."""
    return _feistel(data, _planes(_key_words(key, data), data), _DECRYPTION)


def digest(data: bytes) -> bytes:
    """Return the 32-byte GOST R 34.11-94 hash of data, start vector zero (uz-fiscal CR-02)."""
    return (native_digest() or digest_in_python)(data)


@cache
def native_digest() -> Hash | None:
    """`digest` by this machine's library, None where it has none."""
    return load_digest()


def digest_in_python(data: bytes) -> bytes:
    """`digest` without any library."""
    low, high = _merged_tables()
    state = checksum = 0
    for start in range(0, len(data), DIGEST_SIZE):
        block = int.from_bytes(data[start : start + DIGEST_SIZE], "little")
        checksum += block
        state = _step(state, block, low, high)
    state = _step(state, 8 * len(data) & _STATE, low, high)
    return _step(state, checksum & _STATE, low, high).to_bytes(DIGEST_SIZE, "little")


def _key_words(key: bytes, data: bytes) -> tuple[int, ...]:
    if len(key) != KEY_SIZE:
        raise CodecError(f"key has {len(key)} bytes, not {KEY_SIZE}", field="key", clause="uz-fiscal CR-03")
    if len(data) % BLOCK:
        raise CodecError(
            f"data of {len(data)} bytes is no multiple of {BLOCK}", field="data", clause="uz-fiscal CR-03"
        )
    return _EIGHT_WORDS.unpack(key)


# --- many blocks at once ----------------------------------------------------------------------------------

_ENCRYPTION: Final = (*range(8), *range(8), *range(8), *reversed(range(8)))
_DECRYPTION: Final = _ENCRYPTION[::-1]
"""Which of the eight key words each of the 32 rounds adds."""
_UPPER_HALF: Final = bytes(4)

_BYTE_BOXES: Final = tuple(
    bytes(even[value & 15] | odd[value >> 4] << 4 for value in range(256))
    for even, odd in zip(S_BOX[0::2], S_BOX[1::2], strict=True)
)


def _planes(words: tuple[int, ...], data: bytes) -> list[int]:
    """Return each key word in every lane of data."""
    ones = int.from_bytes(b"\x01\0\0\0\0\0\0\0" * (len(data) // BLOCK), "little")
    return [ones * word for word in words]


def _feistel(data: bytes, planes: Sequence[int], order: Sequence[int]) -> bytes:
    """Run all blocks of data through 32 rounds at once; round by round `order` names the key plane to add.

    Each lane holds a 32-bit half in 64 bits: the carry of the key addition ends in the upper half, where
    nobody reads it, and doubling the substituted word (× 2³²+1) turns the rotation by 11 into one shift.
    """
    size = len(data)
    ones = int.from_bytes(b"\x01\0\0\0\0\0\0\0" * (size // BLOCK), "little")
    mask = ones * _WORD
    blocks = int.from_bytes(data, "little")
    first, second = blocks & mask, blocks >> 32 & mask
    box0, box1, box2, box3 = _BYTE_BOXES
    substituted = bytearray(size)
    for word in order:
        total = (first + planes[word]).to_bytes(size, "little")
        substituted[0::8] = total[0::8].translate(box0)
        substituted[1::8] = total[1::8].translate(box1)
        substituted[2::8] = total[2::8].translate(box2)
        substituted[3::8] = total[3::8].translate(box3)
        turned = int.from_bytes(substituted, "little") * 0x1_0000_0001 >> 21 & mask
        first, second = second ^ turned, first
    return (second | first << 32).to_bytes(size, "little")


# --- one block under one key ------------------------------------------------------------------------------


@cache
def _merged_tables() -> tuple[array[int], array[int]]:
    """Return the rotated output of S-boxes 1–4 and 5–8 for every 16-bit half.

    The upper table stands there twice, so that bit 32 of a sum needs no masking away.
    """

    def rotated(position: int) -> list[int]:
        box = (substitute << 8 * position for substitute in _BYTE_BOXES[position])
        return [(word << 11 | word >> 21) & _WORD for word in box]

    byte0, byte1, byte2, byte3 = (rotated(position) for position in range(4))
    low = array("I", [upper | lower for upper in byte1 for lower in byte0])
    high = array("I", [upper | lower for upper in byte3 for lower in byte2])
    return low, high * 2


def _encipher(a: int, b: int, key: tuple[int, ...], low: array[int], high: array[int]) -> tuple[int, int]:
    k0, k1, k2, k3, k4, k5, k6, k7 = key
    for _ in (1, 2, 3):
        b ^= low[(t := a + k0) & 0xFFFF] ^ high[t >> 16]
        a ^= low[(t := b + k1) & 0xFFFF] ^ high[t >> 16]
        b ^= low[(t := a + k2) & 0xFFFF] ^ high[t >> 16]
        a ^= low[(t := b + k3) & 0xFFFF] ^ high[t >> 16]
        b ^= low[(t := a + k4) & 0xFFFF] ^ high[t >> 16]
        a ^= low[(t := b + k5) & 0xFFFF] ^ high[t >> 16]
        b ^= low[(t := a + k6) & 0xFFFF] ^ high[t >> 16]
        a ^= low[(t := b + k7) & 0xFFFF] ^ high[t >> 16]
    b ^= low[(t := a + k7) & 0xFFFF] ^ high[t >> 16]
    a ^= low[(t := b + k6) & 0xFFFF] ^ high[t >> 16]
    b ^= low[(t := a + k5) & 0xFFFF] ^ high[t >> 16]
    a ^= low[(t := b + k4) & 0xFFFF] ^ high[t >> 16]
    b ^= low[(t := a + k3) & 0xFFFF] ^ high[t >> 16]
    a ^= low[(t := b + k2) & 0xFFFF] ^ high[t >> 16]
    b ^= low[(t := a + k1) & 0xFFFF] ^ high[t >> 16]
    a ^= low[(t := b + k0) & 0xFFFF] ^ high[t >> 16]
    return b, a


# --- the step function of the hash (RFC 5831 §5) ----------------------------------------------------------

_STATE: Final = (1 << 256) - 1
_QUARTER: Final = (1 << 64) - 1
_HALF: Final = (1 << 128) - 1
_C3: Final = 0xFF00FFFF000000FFFF0000FF00FFFF0000FF00FF00FF00FFFF00FF00FF00FF00
_PERMUTATION: Final = bytes(8 * (i % 4) + i // 4 for i in range(32))
_TAPS: Final = (0, 1, 2, 3, 12, 15)


def _psi(state: int) -> int:
    """Shift the 16-bit words down by one and feed the taps in at the top."""
    top = reduce(xor, (state >> 16 * tap for tap in _TAPS)) & 0xFFFF
    return state >> 16 | top << 240


def _psi_columns(times: int) -> tuple[int, ...]:
    """Return what each word contributes to ψ^times: ψ is linear and treats all 16 bit columns alike.

    A contribution is the word times a sum of powers of 2^16, so nothing carries; ψ^times costs 16 products.
    """
    columns = []
    for word in range(16):
        state = 1 << 16 * word
        for _ in range(times):
            state = _psi(state)
        columns.append(state)
    return tuple(columns)


def _psi_times(columns: tuple[int, ...], words: tuple[int, ...]) -> int:
    mixed: int = reduce(xor, map(mul, words, columns))
    return mixed


_PSI_12: Final = _psi_columns(12)
_PSI_61: Final = _psi_columns(61)


def _step(state: int, block: int, low: array[int], high: array[int]) -> int:
    """Return χ(block, state), the next chaining value."""
    h0, h1, h2, h3, h4, h5, h6, h7 = _EIGHT_WORDS.unpack(state.to_bytes(32, "little"))
    u, v = state, block
    s0, s1 = _encipher(h0, h1, _step_key(u ^ v), low, high)
    u, v = _a(u), _a_twice(v)
    s2, s3 = _encipher(h2, h3, _step_key(u ^ v), low, high)
    u, v = _a(u) ^ _C3, _a_twice(v)
    s4, s5 = _encipher(h4, h5, _step_key(u ^ v), low, high)
    u, v = _a(u), _a_twice(v)
    s6, s7 = _encipher(h6, h7, _step_key(u ^ v), low, high)
    words = _SIXTEEN_SHORTS.unpack(_EIGHT_WORDS.pack(s0, s1, s2, s3, s4, s5, s6, s7))
    mixed = state ^ _psi(block ^ _psi_times(_PSI_12, words))
    return _psi_times(_PSI_61, _SIXTEEN_SHORTS.unpack(mixed.to_bytes(32, "little")))


def _step_key(w: int) -> tuple[int, ...]:
    """Permute the bytes of w: translate looks each wanted place up in the 256 bytes w is written as."""
    return _EIGHT_WORDS.unpack(_PERMUTATION.translate(w.to_bytes(256, "little")))


def _a(y: int) -> int:
    return y >> 64 | ((y ^ y >> 64) & _QUARTER) << 192


def _a_twice(y: int) -> int:
    return y >> 128 | ((y ^ y >> 64) & _HALF) << 128
