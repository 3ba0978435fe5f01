"""Two independent judges of gost.py: gostcrypto's Magma with the CryptoPro S-box, and OpenSSL's gost engine.

gostcrypto has no GOST R 34.11-94, so the hash stands here once more as RFC 5831 writes it, byte by byte, on
top of gostcrypto's cipher: slow, and sharing nothing with the code under test. The engine has no cipher with
this S-box, so it judges the hash alone, which enciphers four blocks a step.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from gostcrypto.gostcipher import gost_34_12_2015

CRYPTOPRO = (
    (10, 4, 5, 6, 8, 1, 3, 7, 13, 12, 14, 0, 9, 2, 11, 15),
    (5, 15, 4, 0, 2, 13, 11, 9, 1, 7, 6, 3, 12, 14, 10, 8),
    (7, 15, 12, 14, 9, 4, 1, 0, 3, 11, 5, 2, 6, 10, 8, 13),
    (4, 10, 7, 12, 0, 15, 2, 8, 14, 1, 6, 5, 13, 11, 9, 3),
    (7, 6, 4, 11, 9, 12, 2, 10, 1, 8, 0, 14, 15, 13, 3, 5),
    (7, 6, 2, 4, 13, 9, 15, 0, 10, 1, 5, 11, 8, 14, 12, 3),
    (13, 14, 4, 1, 7, 0, 5, 10, 3, 12, 8, 15, 6, 2, 9, 11),
    (1, 3, 10, 9, 5, 11, 4, 15, 8, 6, 7, 14, 13, 0, 2, 12),
)


def reference_ecb(key: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    """GOST 28147-89 by Magma: the same rounds, but big-endian words, and its S-box exchanged for ours."""
    words = bytearray(b"".join(key[i : i + 4][::-1] for i in range(0, 32, 4)))
    usual = gost_34_12_2015._S_BOX_MAGMA
    gost_34_12_2015._S_BOX_MAGMA = CRYPTOPRO
    try:
        cipher = gost_34_12_2015.GOST34122015Magma(words)
        one = cipher.decrypt if decrypt else cipher.encrypt
        return b"".join(bytes(one(bytearray(data[i : i + 8][::-1])))[::-1] for i in range(0, len(data), 8))
    finally:
        gost_34_12_2015._S_BOX_MAGMA = usual


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _a(y: bytes) -> bytes:
    return y[8:] + _xor(y[:8], y[8:16])


def _psi(y: bytes, times: int) -> bytes:
    for _ in range(times):
        top = bytes(2)
        for word in (1, 2, 3, 4, 13, 16):
            top = _xor(top, y[2 * word - 2 : 2 * word])
        y = y[2:] + top
    return y


def _reference_step(state: bytes, block: bytes) -> bytes:
    c3 = bytes.fromhex("ff00ffff000000ffff0000ff00ffff0000ff00ff00ff00ffff00ff00ff00ff00")[::-1]
    u, v, ciphered = state, block, b""
    for piece in range(4):
        if piece:
            u = _xor(_a(u), c3) if piece == 2 else _a(u)
            v = _a(_a(v))
        w = _xor(u, v)
        key = bytes(w[8 * i + k] for k in range(8) for i in range(4))
        ciphered += reference_ecb(key, state[8 * piece : 8 * piece + 8])
    return _psi(_xor(state, _psi(_xor(block, _psi(ciphered, 12)), 1)), 61)


def reference_digest(data: bytes) -> bytes:
    """GOST R 34.11-94 from RFC 5831, start vector zero."""
    state, checksum = bytes(32), 0
    for start in range(0, len(data), 32):
        block = data[start : start + 32].ljust(32, b"\0")
        checksum = (checksum + int.from_bytes(block, "little")) % (1 << 256)
        state = _reference_step(state, block)
    state = _reference_step(state, (8 * len(data)).to_bytes(32, "little"))
    return _reference_step(state, checksum.to_bytes(32, "little"))


@cache
def engine_missing() -> str:
    """Why OpenSSL cannot judge on this machine, "" if it can."""
    if not shutil.which("openssl"):
        return "no openssl command"
    probe = subprocess.run(
        ["openssl", "dgst", "-engine", "gost", "-md_gost94"], input=b"abc", capture_output=True, check=False
    )
    if probe.returncode:
        return f"openssl has no gost engine (package libengine-gost-openssl): {probe.stderr.decode()[:200]}"
    return ""


def engine_digests(folder: Path, messages: list[bytes]) -> list[bytes]:
    """The engine's hashes of several messages, in one process. It answers wrongly for an empty one."""
    names = []
    for index, message in enumerate(messages):
        (folder / f"{index}.bin").write_bytes(message)
        names.append(f"{index}.bin")
    told = subprocess.run(
        ["openssl", "dgst", "-engine", "gost", "-md_gost94", *names],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    return [bytes.fromhex(line.split()[-1]) for line in told.stdout.decode().splitlines()]
