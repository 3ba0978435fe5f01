"""First question to a portal: is it there, and what can the judge do with it.

A portal must be a test one: its contract says so in its first line (kz-ofd ID-06). What the judge signs has
no force, but organisations and registers of the judge would stay in a real one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conformance.drivers.portal_client import Caller, PortalClient
from conformance.verdicts import AnswerUnreadable, TargetUnreachable

if TYPE_CHECKING:
    from conformance.session import Session

_MARK: Final = "TEST"


def probe_portal(session: Session) -> tuple[frozenset[str], dict[str, str]]:
    """Read the contract and the directories."""
    target = session.target
    client = PortalClient(target.endpoint, session.tap, session.seconds)
    try:
        anybody = Caller(client)
        contract = anybody.get("/contract")
        text = contract.get("text") if isinstance(contract, dict) else None
        if not isinstance(text, str):
            raise AnswerUnreadable("GET /api/contract answers no object with a text", clause="KZ-RS-04")
        if _MARK not in text.partition("\n")[0]:
            raise TargetUnreachable("the portal's contract does not say TEST: the suites refuse to touch it")
        facts = {
            "address": str(target.endpoint),
            "banks": str(len(anybody.get("/banks"))),
        }
    finally:
        client.close()
    capabilities = set()
    if target.part in target.controls:
        capabilities.add("test-certificates")
    if "operator" in target.options:
        capabilities.add("wire")
        facts["registers connect to"] = target.options["operator"]
    return frozenset(capabilities), facts
