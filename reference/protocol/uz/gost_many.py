"""Hashes and plain texts of many messages at once: what an operator does all day (uz-fiscal CR-02, CR-03).

The hash of one message is a chain, so its blocks cannot go together; the chains of several messages can.
All state is kept in columns: the same 16-bit word of every message in one big integer. XOR then works on
all messages at once, the key transformations A and ψ become renamings of columns, and the four encipherings
of every message's step are lanes of one call of the cipher. Sixteen messages cost about as much as four. A
library that hashes (gost_native.py) is quicker with each message alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from reference.protocol.uz.gost import (
    _C3,
    _DECRYPTION,
    _ENCRYPTION,
    _UPPER_HALF,
    BLOCK,
    DIGEST_SIZE,
    KEY_SIZE,
    _feistel,
    _key_words,
    decrypt,
    digest,
    native_digest,
)

WORDS: Final = DIGEST_SIZE // 2
_C3_WORDS: Final = tuple(_C3 >> 16 * word & 0xFFFF for word in range(WORDS))
_STATE: Final = (1 << 8 * DIGEST_SIZE) - 1
_WORTH_IT: Final = 8
"""From this many messages on the columns are cheaper than one chain after the other."""

Columns = list[int]


def decrypt_many(pairs: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Decipher each (key, data) as `decrypt` would, with its errors, all in one go."""
    if len(pairs) == 1:
        return [decrypt(*pairs[0])]
    for key, data in pairs:
        _key_words(key, data)
    planes = [
        int.from_bytes(
            b"".join([(key[at : at + 4] + _UPPER_HALF) * (len(data) // BLOCK) for key, data in pairs]),
            "little",
        )
        for at in range(0, KEY_SIZE, 4)
    ]
    clear = _feistel(b"".join([data for _, data in pairs]), planes, _DECRYPTION)
    ends = list(accumulate(len(data) for _, data in pairs))
    return [clear[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def digests(messages: Sequence[bytes]) -> list[bytes]:
    """The hash of each message, as `digest` makes it."""
    if len(messages) < _WORTH_IT or native_digest() is not None:
        return [digest(message) for message in messages]
    return digests_in_python(messages)


def digests_in_python(messages: Sequence[bytes]) -> list[bytes]:
    """`digests` without any library, in columns: at least one message."""
    chains = [_chain(message) for message in messages]
    # Longest first: those whose chain has ended are always the last lanes and can be cut off.
    order = sorted(range(len(chains)), key=lambda at: -len(chains[at]))
    found = [b""] * len(messages)
    state: Columns = [0] * WORDS
    lanes = len(order)
    for at in range(len(chains[order[0]]) + 1):
        active = lanes
        while active and len(chains[order[active - 1]]) == at:
            active -= 1
        if active < lanes:
            ended = _rows(state, lanes)[active * DIGEST_SIZE :]
            for place, message in enumerate(order[active:lanes]):
                found[message] = ended[place * DIGEST_SIZE : (place + 1) * DIGEST_SIZE]
            kept = (1 << 16 * active) - 1
            state, lanes = [column & kept for column in state], active
        if lanes:
            blocks = _columns(b"".join([chains[message][at] for message in order[:lanes]]), lanes)
            state = _step(state, blocks, lanes)
    return found


def _chain(message: bytes) -> list[bytes]:
    """The inputs of a message's steps: its blocks, then its length in bits, then the sum of its blocks."""
    blocks = [
        message[start : start + DIGEST_SIZE].ljust(DIGEST_SIZE, b"\0")
        for start in range(0, len(message), DIGEST_SIZE)
    ]
    total = sum(int.from_bytes(block, "little") for block in blocks) & _STATE
    ends = (8 * len(message) & _STATE, total)
    return blocks + [end.to_bytes(DIGEST_SIZE, "little") for end in ends]


def _columns(rows: bytes, lanes: int) -> Columns:
    """Rows of 32 bytes, one a message, as 16 columns of words."""
    columns = []
    column = bytearray(2 * lanes)
    for place in range(0, DIGEST_SIZE, 2):
        column[0::2] = rows[place::DIGEST_SIZE]
        column[1::2] = rows[place + 1 :: DIGEST_SIZE]
        columns.append(int.from_bytes(column, "little"))
    return columns


def _rows(columns: Columns, lanes: int) -> bytes:
    """The inverse of `_columns`."""
    rows = bytearray(lanes * DIGEST_SIZE)
    for place, column in enumerate(columns):
        data = column.to_bytes(2 * lanes, "little")
        rows[2 * place :: DIGEST_SIZE] = data[0::2]
        rows[2 * place + 1 :: DIGEST_SIZE] = data[1::2]
    return bytes(rows)


def _step(state: Columns, block: Columns, lanes: int) -> Columns:
    """χ(block, state) in every lane (RFC 5831 §5)."""
    enciphered = _feistel(_quarters(state, lanes), _keys(state, block, lanes), _ENCRYPTION)
    mixed = _psi(_from_quarters(enciphered, lanes), 12)
    mixed = _psi([left ^ right for left, right in zip(block, mixed, strict=True)], 1)
    return _psi([left ^ right for left, right in zip(state, mixed, strict=True)], 61)


def _psi(words: Columns, times: int) -> Columns:
    """Shift the words down and feed the taps in at the top, `times` times."""
    words = list(words)
    for at in range(times):
        words.append(
            words[at] ^ words[at + 1] ^ words[at + 2] ^ words[at + 3] ^ words[at + 12] ^ words[at + 15]
        )
    return words[times:]


def _keys(state: Columns, block: Columns, lanes: int) -> list[int]:
    """The eight key words of all encipherings as planes: lane j·lanes + m is the j-th key of message m."""
    u, v = state, block
    parts: list[list[bytes]] = [[] for _ in range(8)]
    ones = int.from_bytes(b"\x01\0" * lanes, "little")
    lane = bytearray(8 * lanes)
    for turn in range(4):
        if turn:
            u, v = _a(u), _a(_a(v))
        if turn == 2:
            u = [word ^ ones * constant for word, constant in zip(u, _C3_WORDS, strict=True)]
        data = [(left ^ right).to_bytes(2 * lanes, "little") for left, right in zip(u, v, strict=True)]
        for word in range(8):
            half = word & 1
            for byte in range(4):  # P: byte 4·word + byte of the key is byte 8·byte + word
                lane[byte::8] = data[4 * byte + word // 2][half::2]
            parts[word].append(bytes(lane))
    return [int.from_bytes(b"".join(plane), "little") for plane in parts]


def _a(y: Columns) -> Columns:
    return y[4:] + [low ^ high for low, high in zip(y[:4], y[4:8], strict=True)]


def _quarters(state: Columns, lanes: int) -> bytes:
    """The 64-bit parts of all states as blocks, all first parts, then all second ones and so on."""
    blocks = bytearray(DIGEST_SIZE * lanes)
    size = BLOCK * lanes
    for place, column in enumerate(state):
        data = column.to_bytes(2 * lanes, "little")
        start, end = place // 4 * size + 2 * (place % 4), (place // 4 + 1) * size
        blocks[start:end:BLOCK] = data[0::2]
        blocks[start + 1 : end : BLOCK] = data[1::2]
    return bytes(blocks)


def _from_quarters(blocks: bytes, lanes: int) -> Columns:
    """The inverse of `_quarters`."""
    columns = []
    size = BLOCK * lanes
    column = bytearray(2 * lanes)
    for place in range(WORDS):
        start, end = place // 4 * size + 2 * (place % 4), (place // 4 + 1) * size
        column[0::2] = blocks[start:end:BLOCK]
        column[1::2] = blocks[start + 1 : end : BLOCK]
        columns.append(int.from_bytes(column, "little"))
    return columns
