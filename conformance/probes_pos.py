"""First questions to a point of sale: is it there, and did its owner say that it is a test one.

The suites sell on it. Whatever it sells goes to the judge's own drive service, but its own books keep the
judge's orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.drivers.pos import make_keys, stands_of
from conformance.drivers.pos_faces import RestFace
from conformance.verdicts import NotApplicable, TargetUnreachable

if TYPE_CHECKING:
    from conformance.session import Session


def probe_pos(session: Session) -> tuple[frozenset[str], dict[str, str]]:
    """Stand where it looks for its service, and have it look."""
    target = session.target
    if target.part not in target.controls and target.options.get("test") != "yes":
        raise TargetUnreachable(
            "the suites sell on it, and its books keep that; where it is a test one, give the target test=yes"
        )
    stands = stands_of(session)
    kind = target.address.partition(":")[0]
    facts = {"keys": "HTTP" if kind == "http" else kind, "drive service at": stands.drive.url}
    facts["dialect"] = stands.drive.face.label
    capabilities = {"rest"} if isinstance(stands.drive.face, RestFace) else set()
    if "owner" in target.options:
        capabilities.add("owner")
        facts["owner's portal at"] = stands.owner.url
    if kind == "person":
        return frozenset(capabilities), facts
    keys = make_keys(target.address, session.tap, target.options.get("pin", "0000"), session.kept)
    try:
        keys.press("look", {})
    except NotApplicable as error:
        facts["does not tell"] = str(error)
    finally:
        keys.close()
    return frozenset(capabilities), facts
