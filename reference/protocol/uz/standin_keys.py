"""Test keys, cipher keys and fiscal signs of the stand-in formats (uz-fiscal §17.1 … §17.3).

Every key here grows from public text, so anyone can rebuild it: these keys protect nothing, identify only
ZZ test modules, and have nothing to do with the keys of real modules or operators.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.values import encode_bcd8, encode_terminal_id

SIGNATURE_SIZE: Final = 64
GROUP_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order n of the group of P-256 (SEC 2)."""

_MILLION: Final = 10**6
_TEST_TERMINAL: Final = re.compile(r"ZZ[0-9]{12}")
_HMAC_BLOCK: Final = 64
_INNER_PAD: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD: Final = bytes(byte ^ 0x5C for byte in range(256))


class _Hmac:
    """HMAC-SHA-256 under one key, whose two blocks are hashed once: a short message then costs half."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= _HMAC_BLOCK else sha256(key).digest()).ljust(_HMAC_BLOCK, b"\0")
        self._inner = sha256(block.translate(_INNER_PAD))
        self._outer = sha256(block.translate(_OUTER_PAD))

    def digest(self, message: bytes) -> bytes:
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


def module_seed(terminal_id: str) -> bytes:
    """Seed of a test module; CodecError for any but a ZZ terminal (uz-fiscal ID-01, ID-02)."""
    if not _TEST_TERMINAL.fullmatch(terminal_id):
        raise CodecError(f"{terminal_id!r} is no ZZ test id", field="TerminalID", clause="uz-fiscal ID-01")
    return sha256(b"UZ-TEST-FM/1/" + terminal_id.encode("ascii")).digest()


def ofd_seed() -> bytes:
    """Seed of the mock operator."""
    return sha256(b"UZ-TEST-OFD/1").digest()


@lru_cache(maxsize=4096)
def signing_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """The ECDSA P-256 key that grows from a 32-byte seed (uz-fiscal §17.1)."""
    number = int.from_bytes(_Hmac(seed).digest(b"sign/p256"), "big")
    return ec.derive_private_key(1 + number % (GROUP_ORDER - 1), ec.SECP256R1())


@lru_cache(maxsize=4096)
def public_key(seed: bytes) -> ec.EllipticCurvePublicKey:
    """The key that verifies what `signing_key(seed)` signs."""
    return signing_key(seed).public_key()


def _signing_algorithm() -> ec.ECDSA:
    # RFC 6979 makes the same file from the same record every time; a system OpenSSL before 3.2 has it not.
    try:
        return ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    except UnsupportedAlgorithm:
        return ec.ECDSA(hashes.SHA256())


_SIGNING: Final = _signing_algorithm()
_VERIFYING: Final = ec.ECDSA(hashes.SHA256())


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """ECDSA P-256 SHA-256 signature, r ‖ s, 32 bytes each, big-endian (uz-fiscal §17.1)."""
    r, s = decode_dss_signature(key.sign(message, _SIGNING))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verifies(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (r ‖ s) is the key's signature of `message`; any other size is not."""
    if len(signature) != SIGNATURE_SIZE:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, _VERIFYING)
    except InvalidSignature:
        return False
    return True


class ModuleKeys:
    """All keys of one module, made once from its seed: signing key, K_fiscal, K_cipher, K_transport."""

    __slots__ = ("_cipher", "_fiscal", "public", "seed", "signing", "transport")

    def __init__(self, seed: bytes) -> None:
        root = _Hmac(seed)
        self.seed = seed
        self.signing = signing_key(seed)
        self.public = public_key(seed)
        self.transport = root.digest(b"transport")
        self._fiscal = _Hmac(root.digest(b"fiscal-sign"))
        self._cipher = _Hmac(root.digest(b"cipher-key"))

    def cipher_key(self, terminal_id: str, receipt_seq: int) -> bytes:
        """Key of the receipt's file, 32 bytes (uz-fiscal §17.2)."""
        return self._cipher.digest(encode_terminal_id(terminal_id) + encode_bcd8(receipt_seq, "receipt_seq"))

    def fiscal_sign(self, terminal_id: str, receipt_seq: int) -> str:
        """The twelve digits of a receipt: a keyed permutation, so no two share one (uz-fiscal §17.3)."""
        terminal = encode_terminal_id(terminal_id)
        digest = self._fiscal.digest
        left, right = divmod(receipt_seq % 10**12, _MILLION)
        for round_ in _ROUNDS:
            mixed = int.from_bytes(digest(round_ + terminal + right.to_bytes(4, "big"))[:8], "big")
            left, right = right, (left + mixed) % _MILLION
        return f"{left:06d}{right:06d}"

    def receipt_seq(self, terminal_id: str, fiscal_sign: str) -> int:
        """The number, modulo 10¹², whose sign this is: `fiscal_sign` turned round, for judges, decoders."""
        terminal = encode_terminal_id(terminal_id)
        left, right = int(fiscal_sign[:6]), int(fiscal_sign[6:])
        for round_ in reversed(_ROUNDS):
            mixed = int.from_bytes(
                self._fiscal.digest(round_ + terminal + left.to_bytes(4, "big"))[:8], "big"
            )
            left, right = (right - mixed) % _MILLION, left
        return left * _MILLION + right


_ROUNDS: Final = tuple(bytes((i,)) for i in range(8))


@lru_cache(maxsize=4096)
def module_keys(terminal_id: str) -> ModuleKeys:
    """The keys of a ZZ test module, made once; errors as `module_seed`."""
    return ModuleKeys(module_seed(terminal_id))
