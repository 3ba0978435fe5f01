"""What the authority says about revoked certificates: lists (RFC 5280) and answers by OCSP (RFC 6960), CA-13.

Bytes in, bytes out, at a moment handed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import core, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp

from ofd_mock.pki.certificates import KeyPair

LIST_LIFE: Final = timedelta(hours=24)
ANSWER_LIFE: Final = timedelta(hours=1)
REASONS: Final = {
    "unspecified": x509.ReasonFlags.unspecified,
    "key-compromise": x509.ReasonFlags.key_compromise,
    "affiliation-changed": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessation-of-operation": x509.ReasonFlags.cessation_of_operation,
}


@dataclass(frozen=True, slots=True)
class Revocation:
    """When a certificate was revoked, and why (a key of REASONS)."""

    time: datetime
    reason: str = "unspecified"


@dataclass(frozen=True, slots=True)
class Book:
    """What the authority knows at a moment: serials it issued, those revoked since, and how many changes."""

    issued: Collection[int]
    revoked: Mapping[int, Revocation]


def make_list(issuer: KeyPair, book: Book, now: datetime, *, delta: bool = False) -> bytes:
    """DER of the revocation list; `delta` is the list of what is new within a list's life (freshest CRL)."""
    number = int(now.timestamp())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now.replace(microsecond=0))
        .next_update(now.replace(microsecond=0) + LIST_LIFE)
        .add_extension(x509.CRLNumber(number), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False)
    )
    since = now - LIST_LIFE
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(int(since.timestamp())), True)
    for serial, revocation in sorted(book.revoked.items()):
        if delta and revocation.time <= since:
            continue
        entry = x509.RevokedCertificateBuilder(serial, revocation.time.replace(microsecond=0))
        if revocation.reason != "unspecified":
            entry = entry.add_extension(x509.CRLReason(REASONS[revocation.reason]), False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def answer_ocsp(
    request: bytes, issuer: x509.Certificate, responder: KeyPair, book: Book, now: datetime
) -> bytes:
    """DER of the OCSP response to `request`, signed by the `responder` that the issuer appointed.

    What is no request is answered malformed_request; a certificate of another issuer, or one that was never
    issued, is unknown.
    """
    try:
        asked = ocsp.OCSPRequest.load(request, strict=True)["tbs_request"]
        wanted = [one["req_cert"] for one in asked["request_list"]]
        nonces = [
            extension
            for extension in asked["request_extensions"] or []
            if extension["extn_id"].native == "nonce"
        ]
        answers = [_single(one, issuer, book, now.replace(microsecond=0)) for one in wanted]
    except (ValueError, TypeError, KeyError):
        return _unsuccessful("malformed_request")
    if not answers:
        return _unsuccessful("malformed_request")
    return _signed(answers, nonces[:1], responder, now.replace(microsecond=0))


def ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """DER of the question whether `certificate` is revoked."""
    builder = x509_ocsp.OCSPRequestBuilder()
    builder = builder.add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303 - names, secures nothing
    return builder.build().public_bytes(Encoding.DER)


def _single(wanted: Any, issuer: x509.Certificate, book: Book, now: datetime) -> Any:
    serial = int(wanted["serial_number"].native)
    status: Any = {"unknown": core.Null()}
    if _same_issuer(wanted, issuer) and serial in book.issued:
        status = {"good": core.Null()}
        revocation = book.revoked.get(serial)
        if revocation is not None:
            reason = revocation.reason.replace("-", "_")
            info = {"revocation_time": revocation.time.replace(microsecond=0), "revocation_reason": reason}
            status = {"revoked": ocsp.RevokedInfo(info)}
    return ocsp.SingleResponse(
        {
            "cert_id": wanted,
            "cert_status": ocsp.CertStatus(status),
            "this_update": now,
            "next_update": now + ANSWER_LIFE,
        }
    )


def _same_issuer(wanted: Any, issuer: x509.Certificate) -> bool:
    algorithm = wanted["hash_algorithm"]["algorithm"].native
    if algorithm not in ("sha1", "sha256", "sha384", "sha512"):
        return False
    parsed = asn1_x509.Certificate.load(issuer.public_bytes(Encoding.DER))
    name = hashlib.new(algorithm, parsed.subject.dump()).digest()
    key = hashlib.new(algorithm, bytes(parsed.public_key["public_key"])).digest()
    return bool(name == wanted["issuer_name_hash"].native and key == wanted["issuer_key_hash"].native)


def _signed(answers: list[Any], nonces: list[Any], responder: KeyPair, now: datetime) -> bytes:
    certificate = asn1_x509.Certificate.load(responder.certificate.public_bytes(Encoding.DER))
    values: dict[str, Any] = {
        "responder_id": ocsp.ResponderId("by_name", certificate.subject),
        "produced_at": now,
        "responses": answers,
    }
    if nonces:
        values["response_extensions"] = [{"extn_id": "nonce", "extn_value": nonces[0]["extn_value"].parsed}]
    data = ocsp.ResponseData(values)
    basic = ocsp.BasicOCSPResponse(
        {
            "tbs_response_data": data,
            "signature_algorithm": {"algorithm": "sha256_rsa"},
            "signature": responder.key.sign(data.dump(), padding.PKCS1v15(), hashes.SHA256()),
            "certs": [certificate],
        }
    )
    response = {"response_type": "basic_ocsp_response", "response": basic}
    made = ocsp.OCSPResponse({"response_status": "successful", "response_bytes": response})
    return bytes(made.dump())


def _unsuccessful(status: str) -> bytes:
    return bytes(ocsp.OCSPResponse({"response_status": status}).dump())
