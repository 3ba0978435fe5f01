"""Certificates of the test authority: root, issuing authority, services and users (kz-ofd CA-01…CA-10)."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from ofd_mock.pki import oids
from ofd_mock.pki.holders import Holder, subject_of
from ofd_mock.pki.profiles import YEAR, Profile

AUTHORITY_BITS: Final = 4096
USER_BITS: Final = 2048
EXPONENT: Final = 65537
FIRST_DAY: Final = datetime(2015, 1, 1, tzinfo=UTC)
LAST_DAY: Final = datetime(2199, 12, 31, tzinfo=UTC)
"""Authorities and TLS outlive every lab clock: a browser looks at the machine's time, users at the lab's."""

_SERVICE_USES: Final = {"ocsp": oids.OCSP_SIGNING, "tsa": oids.TIME_STAMPING}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and the private key that belongs to it."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def authority_name(middle: str) -> x509.Name:
    """Subject of an authority: country and name; MOCK stands where public test authorities have TEST."""
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"), x509.NameAttribute(NameOID.COMMON_NAME, middle)]
    )


ROOT_NAME: Final = authority_name("НЕГІЗГІ КО MOCK (RSA)")
ISSUING_NAME: Final = authority_name("ҰКО 3.0 (RSA MOCK)")
FOREIGN_NAME: Final = authority_name("БӨТЕН КО MOCK (RSA)")


def new_key(bits: int = USER_BITS) -> rsa.RSAPrivateKey:
    """A fresh RSA key."""
    return rsa.generate_private_key(EXPONENT, bits)


def make_root(key: rsa.RSAPrivateKey, name: x509.Name = ROOT_NAME) -> KeyPair:
    """A self-signed authority."""
    builder = _begin(name, name, key, FIRST_DAY, LAST_DAY)
    builder = _as_authority(builder, None)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    return KeyPair(builder.sign(key, hashes.SHA256()), key)


def make_issuing(root: KeyPair, key: rsa.RSAPrivateKey, base: str) -> KeyPair:
    """The authority that issues users' certificates; `base` is where lists and answers are served."""
    builder = _begin(ISSUING_NAME, root.certificate.subject, key, FIRST_DAY, LAST_DAY)
    builder = _identified(_as_authority(builder, 0), root, key)
    points = [x509.UniformResourceIdentifier(f"{base}/crl/root.crl")]
    builder = builder.add_extension(
        x509.CRLDistributionPoints([x509.DistributionPoint(points, None, None, None)]), False
    )
    return KeyPair(builder.sign(root.key, hashes.SHA256()), key)


def make_service(issuing: KeyPair, key: rsa.RSAPrivateKey, kind: str) -> KeyPair:
    """The certificate of the "ocsp" responder or the "tsa" (timestamps)."""
    name = authority_name(f"{kind.upper()} MOCK")
    builder = _begin(name, issuing.certificate.subject, key, FIRST_DAY, LAST_DAY)
    builder = _identified(builder, issuing, key)
    builder = builder.add_extension(_usage(digital_signature=True, content_commitment=True), True)
    # RFC 3161 wants the usage critical and alone.
    builder = builder.add_extension(x509.ExtendedKeyUsage([oids.oid(_SERVICE_USES[kind])]), kind == "tsa")
    if kind == "ocsp":
        builder = builder.add_extension(x509.OCSPNoCheck(), False)
    return KeyPair(builder.sign(issuing.key, hashes.SHA256()), key)


def make_tls(issuing: KeyPair, key: rsa.RSAPrivateKey) -> KeyPair:
    """The server certificate of the signing service: loopback only (NL-01)."""
    builder = _begin(authority_name("127.0.0.1 MOCK"), issuing.certificate.subject, key, FIRST_DAY, LAST_DAY)
    builder = _identified(builder, issuing, key)
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    builder = builder.add_extension(
        x509.SubjectAlternativeName([*addresses, x509.DNSName("localhost")]), False
    )
    builder = builder.add_extension(_usage(digital_signature=True, key_encipherment=True), True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([oids.oid(oids.SERVER_AUTH)]), False)
    return KeyPair(builder.sign(issuing.key, hashes.SHA256()), key)


def make_user(
    issuer: KeyPair, public: rsa.RSAPublicKey, holder: Holder, profile: Profile, now: datetime, base: str
) -> x509.Certificate:
    """A user's certificate as `profile` says, made at lab time `now`. HolderError: nobody to make one for."""
    begins = now.replace(microsecond=0) + profile.begins
    builder = _begin(
        subject_of(holder), issuer.certificate.subject, None, begins, begins + YEAR, public=public
    )
    builder = _identified(builder, issuer, None, public=public)
    usage = (
        _usage(digital_signature=True, content_commitment=True)
        if profile.signing
        else _usage(digital_signature=True, key_encipherment=True)
    )
    builder = builder.add_extension(usage, True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(_uses(profile)), False)
    policy = oids.policy_of(profile.organisation, profile.signing)
    builder = builder.add_extension(_policies(policy, base), False)
    return _with_addresses(builder, base).sign(issuer.key, hashes.SHA256())


def key_identifier(public: rsa.RSAPublicKey) -> str:
    """40 hex digits that name a key: files and aliases bear them (CA-11)."""
    return x509.SubjectKeyIdentifier.from_public_key(public).digest.hex()


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey | None,
    begins: datetime,
    ends: datetime,
    public: rsa.RSAPublicKey | None = None,
) -> x509.CertificateBuilder:
    chosen = public or (key.public_key() if key is not None else None)
    assert chosen is not None
    return x509.CertificateBuilder(issuer, subject, chosen, _serial(chosen), begins, ends)


def _serial(public: rsa.RSAPublicKey) -> int:
    """19 bytes of the key's own digest: unique as the key is, positive, and no dice are rolled."""
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return int.from_bytes(b"\x4b" + hashlib.sha256(der).digest()[:18])


def _as_authority(builder: x509.CertificateBuilder, below: int | None) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(True, below), True)
    return builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), True)


def _identified(
    builder: x509.CertificateBuilder,
    issuer: KeyPair,
    key: rsa.RSAPrivateKey | None,
    public: rsa.RSAPublicKey | None = None,
) -> x509.CertificateBuilder:
    chosen = public or (key.public_key() if key is not None else None)
    assert chosen is not None
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(chosen), False)
    theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return builder.add_extension(theirs, False)


def _uses(profile: Profile) -> list[x509.ObjectIdentifier]:
    first = oids.EMAIL_PROTECTION if profile.signing else oids.CLIENT_AUTH
    roles = [oids.PERSON] if profile.role is None else [oids.ORGANISATION, profile.role.value]
    return [oids.oid(text) for text in (first, *roles)]


def _policies(policy: oids.Policy, base: str) -> x509.CertificatePolicies:
    page = f"{base}/cps"
    qualifiers: list[str | x509.UserNotice] = [page, x509.UserNotice(None, page)]
    return x509.CertificatePolicies([x509.PolicyInformation(oids.oid(policy.value), qualifiers)])


def _with_addresses(builder: x509.CertificateBuilder, base: str) -> x509.CertificateBuilder:
    def point(path: str) -> list[x509.DistributionPoint]:
        return [x509.DistributionPoint([x509.UniformResourceIdentifier(f"{base}{path}")], None, None, None)]

    builder = builder.add_extension(x509.CRLDistributionPoints(point("/crl/issuing.crl")), False)
    builder = builder.add_extension(x509.FreshestCRL(point("/crl/issuing-delta.crl")), False)
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS,
                x509.UniformResourceIdentifier(f"{base}/issuing.cer"),
            ),
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(f"{base}/ocsp")
            ),
        ]
    )
    return builder.add_extension(access, False)


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
