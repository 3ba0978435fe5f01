"""The portal's signature desk on the test authority: its rules, its lists, its words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ofd_mock.pki.findings import Finding
from ofd_mock.pki.oids import MAY_SIGN
from ofd_mock.pki.status import Fetch, Trust
from ofd_mock.pki.verification import Demands, Purpose, verify
from ofd_mock.portal.signatures import SignatureRefusedError, Signer


class PkiDesk:
    """Checks signatures against `trust` by the time of `now`; asks about revocation through `fetch`."""

    def __init__(self, trust: Trust, now: Callable[[], datetime], fetch: Callable[[datetime], Fetch]) -> None:
        self._trust = trust
        self._now = now
        self._fetch = fetch

    def signer_of(self, cms: str, content: bytes, *, for_login: bool = False) -> Signer:
        """See SignatureDesk. Whether a natural person may come in is for the caller to say."""
        now = self._now()
        purpose = Purpose.LOGIN if for_login else Purpose.APPLICATION
        demands = Demands(content, purpose, individuals=True)
        result = verify(cms, demands, self._trust, now, self._fetch(now))
        for refusal in self._counting(result.findings)[:1]:
            raise SignatureRefusedError(refusal.rule.word, refusal.text)
        assert result.signer is not None
        signer, holder = result.signer, result.signer.holder
        return Signer(
            number=(holder.bin if signer.organisation else holder.iin) or "",
            name=(holder.organisation if signer.organisation else holder.common_name) or "",
            person=holder.common_name,
            organisation=signer.organisation,
            may_sign=not signer.organisation or bool(signer.roles & MAY_SIGN),
            key=f"{signer.serial:x}",
        )

    def _counting(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Findings that refuse a signature: all of them."""
        return findings
