"""Which certificates the test authority makes: one row a kind of holder, good and bad ones (kz-ofd §16.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ofd_mock.pki.oids import Role

YEAR: Final = timedelta(days=365)
"""Validity of every user certificate (CA-02)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a certificate is made as. `begins` is counted from the lab time of its making.

    `role` None is a natural person. `revoked` is revoked as soon as it is made; `foreign` comes from an
    authority that nobody trusts.
    """

    name: str
    text: str
    role: Role | None
    signing: bool = True
    begins: timedelta = timedelta()
    revoked: bool = False
    foreign: bool = False

    @property
    def organisation(self) -> bool:
        """Whether the holder stands for a legal entity."""
        return self.role is not None


_ROWS: Final = (
    Profile("head", "first head of an organisation", Role.HEAD),
    Profile("signer", "employee with the right to sign", Role.SIGNER),
    Profile("finance", "employee with the right to sign financial documents", Role.FINANCE),
    Profile("staff", "employee of the staff department, may not sign applications", Role.STAFF),
    Profile("employee", "employee without the right to sign", Role.EMPLOYEE),
    Profile("individual", "natural person", None),
    Profile("authentication", "first head, for authentication only", Role.HEAD, signing=False),
    Profile("individual-authentication", "natural person, for authentication only", None, signing=False),
    Profile("expired", "first head, run out a year ago", Role.HEAD, begins=-2 * YEAR),
    Profile("future", "first head, valid from next month", Role.HEAD, begins=timedelta(days=30)),
    Profile("revoked", "first head, revoked at once", Role.HEAD, revoked=True),
    Profile("foreign", "first head, from an unknown authority", Role.HEAD, foreign=True),
)

PROFILES: Final = {row.name: row for row in _ROWS}
