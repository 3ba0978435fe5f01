"""Verifying a signature: every rule of SG-05 in its order, and everything that was found against it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ofd_mock.pki import oids
from ofd_mock.pki.findings import Finding, Rule
from ofd_mock.pki.holders import Holder, holder_of, readable
from ofd_mock.pki.oids import MAY_SIGN, Role
from ofd_mock.pki.status import Fetch, Standing, Trust, chain_of, invalid_at, revocation_status
from ofd_mock.pki.structure import Structure, StructureError, read_structure, signature_bytes
from ofd_mock.pki.timestamps import timestamp_time

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Purpose(Enum):
    """What the signature is for: an application (registration is one, too), or login (SG-06, SG-07)."""

    APPLICATION = "application"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Demands:
    """What a signature must satisfy.

    `content` is what was handed out to be signed: an attached content must equal it, a detached signature is
    verified against it (SG-04). `taxpayer` is the account's IIN or BIN, None when there is no account yet.
    `individuals` lets a natural person in (`allow_individual_entrepreneur`, RX-05).
    """

    content: bytes
    purpose: Purpose = Purpose.APPLICATION
    taxpayer: str | None = None
    individuals: bool = False


@dataclass(frozen=True, slots=True)
class Signer:
    """Whom the certificate names, and what it lets him do."""

    holder: Holder
    subject: str
    issuer: str
    serial: int
    not_before: datetime
    not_after: datetime
    signing: bool
    organisation: bool
    roles: frozenset[Role]
    policies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it: all findings, the first one being the reason of a refusal.

    `signer` is known as soon as the structure could be read; `signing_time` is what the signer claims,
    `timestamp` what the authority proves.
    """

    findings: tuple[Finding, ...]
    signer: Signer | None = None
    attached: bool | None = None
    signing_time: datetime | None = None
    timestamp: datetime | None = None
    revocation: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def refusal(self) -> Finding | None:
        """What to tell the person."""
        return self.findings[0] if self.findings else None


def verify(
    signature: str | bytes, demands: Demands, trust: Trust, now: datetime, fetch: Fetch
) -> Verification:
    """Verify a signature (DER, Base64 or PEM) at the server's lab time `now`.

    Never raises for what it is given. Revocation is asked through `fetch`; the rules are kz-ofd SG-05, in
    that order.
    """
    try:
        structure = read_structure(signature_bytes(signature))
    except StructureError as error:
        return Verification((error.finding,))
    signer = signer_of(structure.certificate)
    result = Verification(
        (),
        signer,
        structure.content is not None,
        structure.attributes.time if structure.attributes else None,
    )
    trusted, source = _check_certificate(structure, trust, now, fetch)
    findings = [*trusted, *_check_holder(signer, demands), *_check_proof(structure, demands.content)]
    stamped = None
    for token in structure.timestamps:
        found = timestamp_time(token, structure.signature, trust, now)
        if isinstance(found, Finding):
            findings.append(found)
        else:
            stamped = found
    return replace(result, findings=tuple(findings), timestamp=stamped, revocation=source)


def signer_of(certificate: x509.Certificate) -> Signer:
    """What a certificate says about its holder."""
    values = [each.value for each in certificate.extensions]
    uses = {use.dotted_string for each in values if isinstance(each, x509.ExtendedKeyUsage) for use in each}
    policies = {
        policy.policy_identifier.dotted_string
        for each in values
        if isinstance(each, x509.CertificatePolicies)
        for policy in each
    }
    usage = next((each for each in values if isinstance(each, x509.KeyUsage)), None)
    signing = (
        usage is not None
        and usage.digital_signature
        and usage.content_commitment
        and oids.EMAIL_PROTECTION in uses
    )
    return Signer(
        holder=holder_of(certificate.subject),
        subject=readable(certificate.subject),
        issuer=readable(certificate.issuer),
        serial=certificate.serial_number,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        signing=signing,
        organisation=oids.ORGANISATION in uses,
        roles=frozenset(role for role in Role if role.value in uses),
        policies=frozenset(policies),
    )


def _check_certificate(
    structure: Structure, trust: Trust, now: datetime, fetch: Fetch
) -> tuple[list[Finding], str]:
    certificate = structure.certificate
    findings = []
    chain = chain_of(certificate, trust, structure.others)
    if not chain:
        findings.append(Finding(Rule.CHAIN, f"issued by {readable(certificate.issuer)}"))
    outside = invalid_at(chain or [certificate], now)
    if outside is not None:
        begins, ends = outside.not_valid_before_utc, outside.not_valid_after_utc
        findings.append(
            Finding(Rule.VALIDITY, f"valid {begins.isoformat()} to {ends.isoformat()}, now {now.isoformat()}")
        )
    if not chain:
        return findings, ""
    status = revocation_status(certificate, chain[1], now, fetch)
    if status.standing is Standing.REVOKED:
        when = status.time.isoformat() if status.time else "an unknown time"
        findings.append(Finding(Rule.REVOKED, f"since {when}, says {status.source}"))
    elif status.standing is Standing.UNKNOWN:
        findings.append(Finding(Rule.REVOCATION_UNKNOWN, status.detail))
    return findings, status.source


def _check_holder(signer: Signer, demands: Demands) -> Iterator[Finding]:
    application = demands.purpose is Purpose.APPLICATION
    if application and not signer.signing:
        yield Finding(Rule.USAGE, "the key usages are not those of a signing certificate")
    policy = oids.policy_of(signer.organisation, signer.signing)
    if policy.value not in signer.policies:
        yield Finding(Rule.POLICY, f"{_shown(signer.policies)}, not {policy.value}")
    if not signer.organisation:
        if not demands.individuals:
            yield Finding(Rule.ORGANISATION, "a natural person's certificate")
    elif not signer.roles or (application and not signer.roles & MAY_SIGN):
        yield Finding(Rule.ROLE, _shown(role.name.lower() for role in signer.roles))
    number = signer.holder.bin if signer.organisation else signer.holder.iin
    if not number:
        yield Finding(Rule.NUMBER, signer.subject)
    elif demands.taxpayer is not None and number != demands.taxpayer:
        yield Finding(Rule.TAXPAYER, f"the certificate has {number}, the account {demands.taxpayer}")


def _check_proof(structure: Structure, content: bytes) -> Iterator[Finding]:
    if structure.kind != "data":
        yield Finding(Rule.CONTENT, f"the content is {structure.kind}, not data")
    if structure.content is not None and structure.content != content:
        yield Finding(Rule.CONTENT, "the attached content is another one")
    signed = structure.content if structure.content is not None else content
    yield from check_signature(structure, signed)


def check_signature(structure: Structure, content: bytes) -> Iterator[Finding]:
    """The signed attributes, the digest and the signature itself, against the signer's certificate."""
    attributes = structure.attributes
    proven = content
    if attributes is not None:
        if attributes.kind != structure.kind or attributes.digest is None:
            yield Finding(Rule.ATTRIBUTES, "content type and digest must be signed")
        if not _own_certificate(structure):
            yield Finding(Rule.ATTRIBUTES, "signingCertificateV2 names another certificate")
        if attributes.digest != hashlib.new(structure.digest_algorithm, content).digest():
            yield Finding(Rule.DIGEST, f"messageDigest is not the {structure.digest_algorithm} of the data")
        proven = attributes.signed
    public = structure.certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    try:
        public.verify(structure.signature, proven, padding.PKCS1v15(), _HASHES[structure.digest_algorithm])
    except InvalidSignature:
        yield Finding(Rule.SIGNATURE, "the signature does not fit the certificate's key")


def _own_certificate(structure: Structure) -> bool:
    named = structure.attributes.certificate_hashes if structure.attributes else None
    if named is None:
        return True
    if not named or named[0][0] not in _HASHES:
        return False
    algorithm, expected = named[0]
    return structure.certificate.fingerprint(_HASHES[algorithm]) == expected


def _shown(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "none"
