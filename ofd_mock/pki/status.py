"""Is a certificate trusted and unrevoked: the chain to the test authority, then OCSP, then the list (CA-13).

Nothing here dials by itself: answers come from a `Fetch` that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from ofd_mock.pki import oids
from ofd_mock.pki.revocation import ocsp_request

Fetch = Callable[[str, bytes | None], bytes]
"""From an address, and a body to post or None, to the answer's body. OSError when there is none."""

SLACK: Final = timedelta(minutes=5)
"""By so much clocks of two parts may differ."""
_DEEPEST: Final = 5
UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises when a certificate, list or answer is not what it should be."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The authorities a verifier believes: roots, and issuers between them and users."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()


class Standing(Enum):
    """What is known of a certificate's revocation."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """A standing, who said so ("ocsp", "crl", "" for nobody), when it was revoked, details for experts."""

    standing: Standing
    source: str = ""
    time: datetime | None = None
    detail: str = ""


class StatusError(ValueError):
    """An answer about revocation that proves nothing."""


def chain_of(
    certificate: x509.Certificate, trust: Trust, extra: Iterable[x509.Certificate] = ()
) -> tuple[x509.Certificate, ...]:
    """The certificate and its issuers up to a trusted root; empty when it does not lead to one.

    Every issuer must be a certificate authority and must have signed what it is said to have signed. `extra`
    certificates may stand between, never at the end.
    """
    between = [*trust.intermediates, *extra]
    chain = [certificate]
    while len(chain) <= _DEEPEST:
        last = chain[-1]
        root = next((root for root in trust.roots if _issued(last, root)), None)
        if root is not None:
            return (*chain, root)
        issuer = next((each for each in between if each not in chain and _issued(last, each)), None)
        if issuer is None:
            return ()
        chain.append(issuer)
    return ()


def invalid_at(chain: Sequence[x509.Certificate], now: datetime) -> x509.Certificate | None:
    """The first certificate of a chain that is not valid at `now`."""
    outside = (each for each in chain if not each.not_valid_before_utc <= now <= each.not_valid_after_utc)
    return next(outside, None)


def revocation_status(
    certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, fetch: Fetch
) -> RevocationStatus:
    """What OCSP says of `certificate` at `now`, and when it says nothing, what the list says."""
    troubles = []
    for source, ask in (("ocsp", _by_ocsp), ("crl", _by_list)):
        try:
            found = ask(certificate, issuer, now, fetch)
        except (OSError, StatusError) as error:
            troubles.append(f"{source}: {error}")
            continue
        if found.standing is not Standing.UNKNOWN:
            return found
        troubles.append(f"{source}: {found.detail}")
    return RevocationStatus(Standing.UNKNOWN, detail="; ".join(troubles))


def read_ocsp(
    response: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> RevocationStatus:
    """What an OCSP response proves about `certificate`; StatusError when it proves nothing."""
    try:
        answer = ocsp.load_der_ocsp_response(response)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise StatusError(f"the responder answered {answer.response_status.name.lower()}")
        _check_ocsp_signature(answer, issuer, now)
        asked = ocsp.load_der_ocsp_request(ocsp_request(certificate, issuer))
        if (answer.serial_number, answer.issuer_key_hash) != (asked.serial_number, asked.issuer_key_hash):
            raise StatusError("the answer is about another certificate")
        _check_fresh(answer.this_update_utc, answer.next_update_utc, now)
        status, revoked_at = answer.certificate_status, answer.revocation_time_utc
    except UNREADABLE as error:
        raise StatusError(str(error)) from error
    if status is ocsp.OCSPCertStatus.REVOKED:
        return RevocationStatus(Standing.REVOKED, "ocsp", revoked_at)
    if status is ocsp.OCSPCertStatus.GOOD:
        return RevocationStatus(Standing.GOOD, "ocsp")
    return RevocationStatus(Standing.UNKNOWN, "ocsp", detail="the responder does not know the certificate")


def read_list(
    data: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> RevocationStatus:
    """What a revocation list proves about `certificate`; StatusError when it proves nothing."""
    try:
        found = x509.load_der_x509_crl(data)
        public = issuer.public_key()
        if not isinstance(public, rsa.RSAPublicKey):
            raise StatusError("the issuer's key is no RSA key")
        if found.issuer != issuer.subject or not found.is_signature_valid(public):
            raise StatusError("the list was not signed by the issuer")
        if any(isinstance(each.value, x509.DeltaCRLIndicator) for each in found.extensions):
            raise StatusError("the list is a delta")
        _check_fresh(found.last_update_utc, found.next_update_utc, now)
        entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
    except UNREADABLE as error:
        raise StatusError(str(error)) from error
    if entry is None:
        return RevocationStatus(Standing.GOOD, "crl")
    return RevocationStatus(Standing.REVOKED, "crl", entry.revocation_date_utc)


def _by_ocsp(
    certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, fetch: Fetch
) -> RevocationStatus:
    address = _ocsp_address(certificate)
    if address is None:
        raise StatusError("the certificate names no responder")
    return read_ocsp(fetch(address, ocsp_request(certificate, issuer)), certificate, issuer, now)


def _by_list(
    certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, fetch: Fetch
) -> RevocationStatus:
    address = _list_address(certificate)
    if address is None:
        raise StatusError("the certificate names no list")
    return read_list(fetch(address, None), certificate, issuer, now)


def _ocsp_address(certificate: x509.Certificate) -> str | None:
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.AuthorityInformationAccess):
            for access in extension.value:
                if access.access_method == AuthorityInformationAccessOID.OCSP:
                    return str(access.access_location.value)
    return None


def _list_address(certificate: x509.Certificate) -> str | None:
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.CRLDistributionPoints):
            for point in extension.value:
                for name in point.full_name or ():
                    return str(name.value)
    return None


def _check_ocsp_signature(answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    """The issuer signed, or the responder that it appointed and whose certificate came along."""
    signers = [issuer, *(each for each in answer.certificates if _appointed(each, issuer, now))]
    algorithm = answer.signature_hash_algorithm
    if not isinstance(algorithm, hashes.SHA256 | hashes.SHA384 | hashes.SHA512):
        raise StatusError("the answer is not signed with SHA-2")
    for signer in signers:
        public = signer.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            try:
                public.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
            except InvalidSignature:
                continue
            return
    raise StatusError("the answer was signed by nobody that the issuer appointed")


def _appointed(responder: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    uses = [
        use.dotted_string
        for extension in responder.extensions
        if isinstance(extension.value, x509.ExtendedKeyUsage)
        for use in extension.value
    ]
    return oids.OCSP_SIGNING in uses and _signed_by(responder, issuer) and not invalid_at([responder], now)


def _check_fresh(this_update: datetime, next_update: datetime | None, now: datetime) -> None:
    if this_update > now + SLACK:
        raise StatusError(f"the answer is of {this_update.isoformat()}, which is still to come")
    if next_update is not None and next_update < now - SLACK:
        raise StatusError(f"the answer is out of date since {next_update.isoformat()}")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` is an authority and signed `certificate`."""
    authority = signs = False
    for extension in issuer.extensions:
        if isinstance(extension.value, x509.BasicConstraints):
            authority = extension.value.ca
        if isinstance(extension.value, x509.KeyUsage):
            signs = extension.value.key_cert_sign
    return authority and signs and _signed_by(certificate, issuer)


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True
