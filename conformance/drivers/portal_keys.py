"""Keys that the judge signs with: files of the authority that the portal trusts, and CMS made of them.

The judge makes its signatures itself, good ones and broken ones (kz-ofd §16.2); the keys are made by the
portal's control API.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Any, Final

from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs12

from conformance.control_client import Json
from conformance.verdicts import Inconclusive

PASSWORD: Final = "Test1234"  # noqa: S105 - of test keys
SOON: Final = timedelta(days=40)
"""A key that runs out so soon is made anew: a case may move the clock by a month."""
OWN: Final = "990240000010"
OTHER: Final = "990240000020"
NEWCOMER: Final = "990240000030"
"""Numbers of the judge's two organisations, and of one that is about to register."""
NAMES: Final = {OWN: "ТОО TEST Судья", OTHER: "ТОО TEST Сосед"}
_SHROUDED: Final = "pkcs8_shrouded_key_bag"
_EVER: Final = ("expired", "future", "revoked", "foreign")
"""Profiles that are as they are, whatever the time."""


# DER by hand: cases sign thousands of times, and a library of all of ASN.1 takes longer at it than the key.
_INTEGER, _OCTETS, _UTC_TIME, _SEQUENCE, _SET, _EXPLICIT_0 = 0x02, 0x04, 0x17, 0x30, 0x31, 0xA0
_VERSION_1: Final = bytes.fromhex("020101")
_SHA256: Final = bytes.fromhex("300d06096086480165030402010500")
_RSA: Final = bytes.fromhex("300d06092a864886f70d01010b0500")
"""AlgorithmIdentifiers: SHA-256, and RSA with it."""
_DATA: Final = bytes.fromhex("06092a864886f70d010701")
_SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")
_CONTENT_TYPE: Final = bytes.fromhex("06092a864886f70d010903")
_MESSAGE_DIGEST: Final = bytes.fromhex("06092a864886f70d010904")
_SIGNING_TIME: Final = bytes.fromhex("06092a864886f70d010905")
_SIGNING_CERTIFICATE: Final = bytes.fromhex("060b2a864886f70d010910022f")


def _tlv(tag: int, content: bytes) -> bytes:
    """An element of DER."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


@dataclass(frozen=True)
class Key:
    """A private key with its certificate; `serial` is hexadecimal."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def serial(self) -> str:
        """The certificate's number, hexadecimal."""
        return f"{self.certificate.serial_number:x}"

    @cached_property
    def der(self) -> bytes:
        """The certificate's bytes."""
        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def place(self) -> bytes:
        """IssuerAndSerialNumber, DER."""
        number = self.certificate.serial_number
        serial = number.to_bytes(number.bit_length() // 8 + 1, "big")
        return _tlv(_SEQUENCE, self.certificate.issuer.public_bytes() + _tlv(_INTEGER, serial))

    @cached_property
    def named(self) -> bytes:
        """SigningCertificateV2, DER."""
        name = _tlv(_SEQUENCE, _tlv(_OCTETS, hashlib.sha256(self.der).digest()))
        return _tlv(_SEQUENCE, _tlv(_SEQUENCE, name))


class Break(Enum):
    """How a signature can be spoiled (kz-ofd SG-05)."""

    NOTHING = "nothing"
    VALUE = "a bit of the signature is another"
    OTHER_TEXT = "the digest is that of another text"
    NO_CERTIFICATE = "the signer's certificate is left out"
    NO_SIGNER = "nobody has signed"
    TWO_SIGNERS = "there are two signers"


def read_key(data: bytes, password: str = PASSWORD) -> Key:
    """The key of a PKCS#12 file; Inconclusive for a file that is none."""
    try:
        loaded = pkcs12.load_pkcs12(data, password.encode())
    except ValueError as error:
        raise Inconclusive(f"a key file cannot be opened: {error}") from error
    if not isinstance(loaded.key, rsa.RSAPrivateKey) or loaded.cert is None:
        raise Inconclusive("a key file holds no RSA key with its certificate")
    return Key(loaded.key, loaded.cert.certificate)


def read_bag(data: bytes, password: str, certificate: bytes) -> Key:
    """The key of a PKCS#12 file whose certificate is known; as `read_key` for a file of another shape.

    The key is ours from a minute ago: to test its primes would take longer than a case.
    """
    try:
        bags = [bag for bags in _plain_bags(data) for bag in bags if bag["bag_id"].native == _SHROUDED]
        loaded = load_der_private_key(
            bags[0]["bag_value"].untag().dump(), password.encode(), unsafe_skip_rsa_key_validation=True
        )
        parsed = x509.load_der_x509_certificate(certificate)
    except (ValueError, TypeError, IndexError):
        return read_key(data, password)
    return Key(loaded, parsed) if isinstance(loaded, rsa.RSAPrivateKey) else read_key(data, password)


def _plain_bags(data: bytes) -> Iterator[Any]:
    for info in asn1_pkcs12.Pfx.load(data).authenticated_safe:
        if info["content_type"].native == "data":
            yield asn1_pkcs12.SafeContents.load(info["content"].native)


def signed(
    text: str, key: Key, now: datetime, *, attached: bool = True, spoiled: Break = Break.NOTHING
) -> str:
    """A CMS over the UTF-8 of `text`, Base64 (kz-ofd SG-01, SG-02), sound unless it is to be `spoiled`."""
    content = text.encode()
    digest = hashlib.sha256(content + (b"!" if spoiled is Break.OTHER_TEXT else b"")).digest()
    info = _signer_info(key, digest, now, spoiled=spoiled is Break.VALUE)
    infos = {Break.NO_SIGNER: 0, Break.TWO_SIGNERS: 2}.get(spoiled, 1) * info
    inside = _DATA + (_tlv(_EXPLICIT_0, _tlv(_OCTETS, content)) if attached else b"")
    certificates = b"" if spoiled is Break.NO_CERTIFICATE else _tlv(_EXPLICIT_0, key.der)
    data = _VERSION_1 + _tlv(_SET, _SHA256) + _tlv(_SEQUENCE, inside) + certificates + _tlv(_SET, infos)
    whole = _tlv(_SEQUENCE, _SIGNED_DATA + _tlv(_EXPLICIT_0, _tlv(_SEQUENCE, data)))
    return base64.b64encode(whole).decode()


def _signer_info(key: Key, digest: bytes, now: datetime, *, spoiled: bool) -> bytes:
    time = _tlv(_UTC_TIME, f"{now.astimezone(UTC):%y%m%d%H%M%S}Z".encode())
    kept = (
        _attribute(_CONTENT_TYPE, _DATA),
        _attribute(_SIGNING_TIME, time),
        _attribute(_SIGNING_CERTIFICATE, key.named),
        _attribute(_MESSAGE_DIGEST, _tlv(_OCTETS, digest)),
    )
    attributes = b"".join(sorted(kept))
    value = key.key.sign(_tlv(_SET, attributes), padding.PKCS1v15(), hashes.SHA256())
    if spoiled:
        value = value[:-1] + bytes([value[-1] ^ 1])
    fields = (_VERSION_1, key.place, _SHA256, _tlv(_EXPLICIT_0, attributes), _RSA, _tlv(_OCTETS, value))
    return _tlv(_SEQUENCE, b"".join(fields))


def _attribute(name: bytes, value: bytes) -> bytes:
    return _tlv(_SEQUENCE, name + _tlv(_SET, value))


class KeyRing:
    """The keys of a run, by profile and number of the organisation, each made when first asked for.

    `make` is the portal's control operation of that name.
    """

    def __init__(self, make: Callable[..., Json]) -> None:
        self._make = make
        self._keys: dict[tuple[str, str], Key] = {}

    def key(self, profile: str, number: str, now: datetime) -> Key:
        """A key of `profile` for the organisation `number`."""
        known = self._keys.get((profile, number))
        if known is None or (profile not in _EVER and known.certificate.not_valid_after_utc < now + SOON):
            known = self._keys[profile, number] = self.fresh(profile, number)
        return known

    def fresh(self, profile: str, number: str) -> Key:
        """A key that nobody has used before."""
        made = self._make(profile=profile, bin=number, organisation=NAMES.get(number, f"TEST {number}"))
        file, certificate = (base64.b64decode(made.get(each, "")) for each in ("file", "certificate"))
        return read_bag(file, str(made["password"]), certificate)
