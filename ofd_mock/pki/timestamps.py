"""Verifying a timestamp over a signature (RFC 3161, kz-ofd SG-03)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

from asn1crypto import tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ofd_mock.pki import oids
from ofd_mock.pki.findings import Finding, Rule
from ofd_mock.pki.status import SLACK, Trust, chain_of, invalid_at
from ofd_mock.pki.structure import Structure, StructureError, read_structure

_HASHES: Final = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def timestamp_time(token: bytes, signature: bytes, trust: Trust, now: datetime) -> datetime | Finding:
    """The moment that a token proves for `signature`, or what is wrong with it."""
    try:
        structure = read_structure(token)
    except StructureError as error:
        return Finding(Rule.TIMESTAMP, error.finding.detail)
    trouble = _trouble(structure, trust, now)
    if trouble:
        return Finding(Rule.TIMESTAMP, trouble)
    try:
        info: Any = tsp.TSTInfo.load(structure.content or b"", strict=True)
        imprint = info["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        made, expected = info["gen_time"].native, imprint["hashed_message"].native
    except (ValueError, TypeError, KeyError):
        return Finding(Rule.TIMESTAMP, "the token holds no TSTInfo")
    if algorithm not in _HASHES or hashlib.new(algorithm, signature).digest() != expected:
        return Finding(Rule.TIMESTAMP, "the token was made for another signature")
    if made > now + SLACK:
        return Finding(Rule.TIMESTAMP, f"the token is of {made.isoformat()}, which is still to come")
    return made if isinstance(made, datetime) else Finding(Rule.TIMESTAMP, "the token has no time")


def _trouble(structure: Structure, trust: Trust, now: datetime) -> str:
    certificate, attributes = structure.certificate, structure.attributes
    if structure.kind != "tst_info" or structure.content is None or attributes is None:
        return "the token holds no TSTInfo"
    chain = chain_of(certificate, trust, structure.others)
    if not chain or invalid_at(chain, now):
        return "the token comes from nobody who is trusted"
    uses = [
        use
        for each in certificate.extensions
        if isinstance(each.value, x509.ExtendedKeyUsage)
        for use in each.value
    ]
    if [use.dotted_string for use in uses] != [oids.TIME_STAMPING]:
        return "the token's certificate is not meant for timestamps"
    digest = hashlib.new(structure.digest_algorithm, structure.content).digest()
    if attributes.kind != "tst_info" or attributes.digest != digest:
        return "the token's digest does not fit"
    public = certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    algorithm = _HASHES[structure.digest_algorithm]
    try:
        public.verify(structure.signature, attributes.signed, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return "the token's signature does not fit"
    return ""
