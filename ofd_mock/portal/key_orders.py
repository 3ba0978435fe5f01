"""Control operations that make and revoke test keys of the portal's authority, for programs that sign."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import Field

from ofd_mock.pki.authority import Authority, AuthorityError
from ofd_mock.pki.holders import ORGANISATION, PERSON, Holder, HolderError
from ofd_mock.pki.key_files import DEFAULT_PASSWORD
from ofd_mock.pki.profiles import PROFILES, Profile
from ofd_mock.pki.revocation import REASONS
from reference.runtime.clock import PartClock
from reference.runtime.control import ControlError, Operation
from reference.runtime.control_models import Body

_NUMBER: Final = r"^[0-9]{12}$"


class MakeKey(Body):
    """A key with its certificate; names and numbers not given are those of the public test certificates."""

    profile: str = Field("head", description=f"one of {', '.join(PROFILES)}")
    organisation: str | None = Field(None, min_length=1, max_length=64, description="TEST stands in its name")
    bin: str | None = Field(None, pattern=_NUMBER, description="number of the organisation")
    iin: str | None = Field(None, pattern=_NUMBER, description="number of the person")


class RevokeKey(Body):
    """A certificate that is revoked from now on."""

    serial: str = Field(pattern=r"^[0-9A-Fa-f]{1,40}$", description="hexadecimal")
    reason: str = Field("unspecified", description=f"one of {', '.join(REASONS)}")


class KeyOrders:
    """Makes and revokes keys of an authority by the portal's clock."""

    def __init__(self, authority: Authority, clock: PartClock) -> None:
        self._authority = authority
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        """The operations make-key and revoke."""
        return {
            "make-key": Operation("make a test key; its PKCS#12 file, Base64", MakeKey, self._make),
            "revoke": Operation("revoke a certificate from now on", RevokeKey, self._revoke),
        }

    def _make(self, body: MakeKey) -> Mapping[str, Any]:
        profile = PROFILES.get(body.profile)
        if profile is None:
            known = ", ".join(PROFILES)
            raise ControlError("profile", "known", f"no profile {body.profile!r}; known: {known}")
        try:
            issued = self._authority.issue(profile, self._clock.now(), _holder(profile, body))
        except HolderError as error:
            raise ControlError(error.field, error.rule, str(error)) from None
        assert issued.file is not None
        return {
            "serial": f"{issued.serial:x}",
            "subject": issued.subject,
            "password": DEFAULT_PASSWORD,
            "certificate": base64.b64encode(issued.certificate.public_bytes(Encoding.DER)).decode(),
            "file": base64.b64encode(issued.file.read_bytes()).decode(),
        }

    def _revoke(self, body: RevokeKey) -> None:
        try:
            self._authority.revoke(int(body.serial, 16), self._clock.now(), body.reason)
        except AuthorityError as error:
            raise ControlError(error.field, "known", str(error)) from None


def _holder(profile: Profile, body: MakeKey) -> Holder:
    known = ORGANISATION if profile.organisation else PERSON
    given = {"organisation": body.organisation, "bin": body.bin} if profile.organisation else {}
    given["iin"] = body.iin
    return replace(known, **{name: value for name, value in given.items() if value is not None})
