"""The port of registers behind a portal: what a page has made is tried there (kz-ofd §15.5, §15.7)."""

from __future__ import annotations

from conformance.drivers.kz_operator import OfdDriver
from conformance.drivers.wire import Wire
from conformance.events import Layer
from conformance.targets import DEFAULT_PORTS
from conformance.verdicts import NotApplicable
from reference.links.address import parse_endpoint


class PortalWire(OfdDriver):
    """An operator's port that is not the target itself."""

    def connect(self) -> Wire:
        """A bare connection; use it in a `with`."""
        place = self._session.target.options.get("operator")
        if place is None:
            raise NotApplicable("the port of registers is not known; give the target operator=HOST:PORT")
        endpoint = parse_endpoint(place, DEFAULT_PORTS["operator-kz"])
        return Wire(endpoint, self._tap, Layer.MESSAGE, self._session.seconds)

    @property
    def lent(self) -> bool:
        """Registers here are made at the portal, never lent."""
        return False
