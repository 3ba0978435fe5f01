"""What the portal asks of whoever checks signatures, and what it learns of a signer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ofd_mock.portal.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed, after everything about the signature was found right.

    `number` is the BIN of an organisation, else the IIN of the person; `key` names the certificate.
    `may_sign`: the role allows to sign applications (kz-ofd SG-06).
    """

    number: str
    name: str
    person: str
    organisation: bool
    may_sign: bool
    key: str


class SignatureRefusedError(RefusedError):
    """The signature does not count; rule and text say why (kz-ofd RX-02…RX-09)."""


class SignatureDesk(Protocol):
    """Checks a CMS as kz-ofd §16.2 says, by the lab clock."""

    def signer_of(self, cms: str, content: bytes, *, for_login: bool = False) -> Signer:
        """The signer of `content`; `cms` is Base64, attached or detached.

        `for_login` takes authentication certificates, too (SG-07). Raises SignatureRefusedError.
        """
        ...
