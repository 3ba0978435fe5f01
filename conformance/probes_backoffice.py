"""First question to an owner portal: is it there, and does it say that it is a test one.

The judge registers owners, links points of sale and plays the payment providers: a portal with real owners is
never touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conformance.drivers.portal_client import Caller, PortalClient
from conformance.verdicts import AnswerUnreadable, TargetUnreachable

if TYPE_CHECKING:
    from conformance.session import Session

_MARK: Final = "test"


def probe_backoffice(session: Session) -> tuple[frozenset[str], dict[str, str]]:
    """Read the API's document."""
    target = session.target
    client = PortalClient(target.endpoint, session.tap, session.seconds)
    try:
        document = Caller(client).get("/openapi.json")
    finally:
        client.close()
    info = document.get("info") if isinstance(document, dict) else None
    if not isinstance(info, dict) or not isinstance(document.get("paths"), dict):
        raise AnswerUnreadable("GET /api/openapi.json answers no OpenAPI document", clause="BX-S-9")
    if _MARK not in str(info.get("description", "")).casefold():
        raise TargetUnreachable(
            "the description in the portal's API document does not say that it is a test stand: "
            "the suites refuse to touch it"
        )
    facts = {"address": str(target.endpoint), "addresses of the API": str(len(document["paths"]))}
    return frozenset(), facts
