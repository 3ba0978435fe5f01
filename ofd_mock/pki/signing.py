"""Making signatures: CMS SignedData as the national software makes it (kz-ofd SG-01…SG-04)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from ofd_mock.pki.certificates import KeyPair

SHA256_BYTES: Final = 32
Stamp = Callable[[bytes], bytes]
"""From the bytes of a signature to the DER of a timestamp token over them."""


class DigestLengthError(ValueError):
    """What was handed in as a digest is none of SHA-256."""


@dataclass(frozen=True, slots=True)
class What:
    """What is signed: `content`, or the SHA-256 `digest` of it, which can only be signed detached."""

    content: bytes | None = None
    digest: bytes | None = None
    attached: bool = True
    kind: str = "data"

    @classmethod
    def of(cls, data: bytes, *, attached: bool, digested: bool) -> What:
        """`data` or, with `digested`, its digest. DigestLengthError: not 32 bytes."""
        if not digested:
            return cls(data, attached=attached)
        if len(data) != SHA256_BYTES:
            raise DigestLengthError(f"a SHA-256 digest has 32 bytes, not {len(data)}")
        return cls(None, data, attached=False)


def sign(what: What, signer: KeyPair, now: datetime, stamp: Stamp | None = None) -> bytes:
    """DER of a SignedData, version 1, one signer, his certificate inside, signing time `now` (SG-01, SG-02).

    With `stamp` the signature carries a timestamp (SG-03).
    """
    certificate = signer.certificate.public_bytes(Encoding.DER)
    digest = what.digest or hashlib.sha256(what.content or b"").digest()
    attributes = cms.CMSAttributes(_signed_attributes(what.kind, digest, certificate, now))
    value = signer.key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": _issuer_and_serial(certificate)}),
            "digest_algorithm": _sha256(),
            "signed_attrs": attributes,
            "signature_algorithm": cms.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signature": value,
        }
    )
    if stamp is not None:
        token = cms.ContentInfo.load(stamp(value))
        unsigned = [cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [token]})]
        info["unsigned_attrs"] = cms.CMSAttributes(unsigned)
    return _signed_data(what, info, certificate)


def make_token(digest: bytes, signer: KeyPair, now: datetime, policy: str, nonce: int | None = None) -> bytes:
    """DER of a timestamp token (RFC 3161) over a SHA-256 digest."""
    serial = int.from_bytes(hashlib.sha256(digest + now.isoformat().encode()).digest()[:8]) >> 1
    values: dict[str, Any] = {
        "version": "v1",
        "policy": policy,
        "message_imprint": {"hash_algorithm": _sha256(), "hashed_message": digest},
        "serial_number": serial,
        "gen_time": now.replace(microsecond=0),
    }
    if nonce is not None:
        values["nonce"] = nonce
    content = tsp.TSTInfo(values).dump()
    return sign(What(content, kind="tst_info"), signer, now)


def _signed_data(what: What, info: Any, certificate: bytes) -> bytes:
    content: dict[str, Any] = {"content_type": what.kind}
    if what.attached and what.content is not None:
        content["content"] = what.content if what.kind == "data" else core.ParsableOctetString(what.content)
    signed = cms.SignedData(
        {
            # RFC 5652 §5.1: version 3 is for content of any other type than data.
            "version": "v1" if what.kind == "data" else "v3",
            "digest_algorithms": cms.DigestAlgorithms([_sha256()]),
            "encap_content_info": content,
            "certificates": [cms.CertificateChoices("certificate", x509.Certificate.load(certificate))],
            "signer_infos": [info],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _signed_attributes(kind: str, digest: bytes, certificate: bytes, now: datetime) -> list[Any]:
    ess = tsp.SigningCertificateV2(
        {"certs": [tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate).digest()})]}
    )
    time = cms.Time({"utc_time": core.UTCTime(now.replace(microsecond=0))})
    if now.year >= 2050:  # RFC 5652 §11.3
        time = cms.Time({"general_time": core.GeneralizedTime(now.replace(microsecond=0))})
    return [
        cms.CMSAttribute({"type": "content_type", "values": [kind]}),
        cms.CMSAttribute({"type": "signing_time", "values": [time]}),
        cms.CMSAttribute({"type": "signing_certificate_v2", "values": [ess]}),
        cms.CMSAttribute({"type": "message_digest", "values": [digest]}),
    ]


def _issuer_and_serial(certificate: bytes) -> Any:
    parsed = x509.Certificate.load(certificate)
    return cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number})


def _sha256() -> Any:
    return algos.DigestAlgorithm({"algorithm": "sha256"})
