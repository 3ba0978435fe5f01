"""Object identifiers of Kazakh certificates (kz-ofd CA-07…CA-09), and of what the first build leaves out."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cryptography.x509 import ObjectIdentifier

EMAIL_PROTECTION: Final = "1.3.6.1.5.5.7.3.4"
CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"

PERSON: Final = "1.2.398.3.3.4.1.1"
ORGANISATION: Final = "1.2.398.3.3.4.1.2"

TSA_POLICY: Final = "1.3.6.1.4.1.32473.1.1"
"""Of our own timestamps (stand-in): from the arc that is kept for examples."""

GOST_PREFIX: Final = "1.2.398.3.10.1."
"""Kazakh GOST keys, signatures and digests: known by name, not supported (kz-ofd §16.1, `gost`=off)."""


class Role(StrEnum):
    """What an organisation lets the holder do; the value is the OID among the extended key usages (CA-08)."""

    HEAD = "1.2.398.3.3.4.1.2.1"
    SIGNER = "1.2.398.3.3.4.1.2.2"
    FINANCE = "1.2.398.3.3.4.1.2.3"
    STAFF = "1.2.398.3.3.4.1.2.4"
    EMPLOYEE = "1.2.398.3.3.4.1.2.5"


MAY_SIGN: Final = frozenset({Role.HEAD, Role.SIGNER, Role.FINANCE})
"""Roles whose signature an application takes (SG-06)."""


class Policy(StrEnum):
    """The four certificate policies (CA-09)."""

    ORGANISATION_SIGN = "1.2.398.3.3.2.1"
    ORGANISATION_AUTHENTICATION = "1.2.398.3.3.2.2"
    PERSON_SIGN = "1.2.398.3.3.2.3"
    PERSON_AUTHENTICATION = "1.2.398.3.3.2.4"


def policy_of(organisation: bool, signing: bool) -> Policy:
    """The policy under which such a certificate is issued."""
    if organisation:
        return Policy.ORGANISATION_SIGN if signing else Policy.ORGANISATION_AUTHENTICATION
    return Policy.PERSON_SIGN if signing else Policy.PERSON_AUTHENTICATION


def oid(dotted: str) -> ObjectIdentifier:
    """An OID as `cryptography` wants it."""
    return ObjectIdentifier(dotted)
