"""Keys that the judge signs with: files of the authority that the portal trusts, and CMS made of them.

The judge makes its signatures itself, good ones and broken ones (kz-ofd §16.2); the keys are made by the
portal's control API.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

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
_EVER: Final = ("expired", "future", "revoked", "foreign")
"""Profiles that are as they are, whatever the time."""


@dataclass(frozen=True, slots=True)
class Key:
    """A private key with its certificate; `serial` is hexadecimal."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def serial(self) -> str:
        """The certificate's number, hexadecimal."""
        return f"{self.certificate.serial_number:x}"

    @property
    def der(self) -> bytes:
        """The certificate's bytes."""
        return self.certificate.public_bytes(Encoding.DER)


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


def signed(
    text: str, key: Key, now: datetime, *, attached: bool = True, spoiled: Break = Break.NOTHING
) -> str:
    """A CMS over the UTF-8 of `text`, Base64 (kz-ofd SG-01, SG-02), sound unless it is to be `spoiled`."""
    content = text.encode()
    digest = hashlib.sha256(content + (b"!" if spoiled is Break.OTHER_TEXT else b"")).digest()
    info = _signer_info(key, digest, now, spoiled=spoiled is Break.VALUE)
    infos = {Break.NO_SIGNER: [], Break.TWO_SIGNERS: [info, info]}.get(spoiled, [info])
    inside: dict[str, Any] = {"content_type": "data"}
    if attached:
        inside["content"] = content
    data: dict[str, Any] = {
        "version": "v1",
        "digest_algorithms": cms.DigestAlgorithms([_sha256()]),
        "encap_content_info": inside,
        "signer_infos": infos,
    }
    if spoiled is not Break.NO_CERTIFICATE:
        parsed = asn1_x509.Certificate.load(key.der)
        data["certificates"] = [cms.CertificateChoices("certificate", parsed)]
    whole = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)})
    return base64.b64encode(whole.dump()).decode()


def _signer_info(key: Key, digest: bytes, now: datetime, *, spoiled: bool) -> Any:
    parsed = asn1_x509.Certificate.load(key.der)
    ess = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(key.der).digest()})
    time = core.UTCTime(now.replace(microsecond=0))
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": time})]}),
            cms.CMSAttribute(
                {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [ess]})]}
            ),
            cms.CMSAttribute({"type": "message_digest", "values": [digest]}),
        ]
    )
    value = key.key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
    if spoiled:
        value = value[:-1] + bytes([value[-1] ^ 1])
    place = {"issuer": parsed.issuer, "serial_number": parsed.serial_number}
    return cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": cms.IssuerAndSerialNumber(place)}),
            "digest_algorithm": _sha256(),
            "signed_attrs": attributes,
            "signature_algorithm": cms.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signature": value,
        }
    )


def _sha256() -> Any:
    return algos.DigestAlgorithm({"algorithm": "sha256"})


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
        return read_key(base64.b64decode(made["file"]), str(made["password"]))
