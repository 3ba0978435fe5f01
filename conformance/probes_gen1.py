"""First question to a dialect of the drive: is a module there, and whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.drivers.gen1 import Gen1Driver
from conformance.drivers.gen1_communicator import CommunicatorDriver
from conformance.drivers.gen1_qpos import QposDriver
from conformance.drivers.gen1_rpc import RpcDriver

if TYPE_CHECKING:
    from conformance.session import Session

DRIVERS: dict[str, type[Gen1Driver]] = {
    "drive-rpc": RpcDriver,
    "drive-qpos": QposDriver,
    "drive-communicator": CommunicatorDriver,
}
"""The driver of each dialect by target kind."""


def probe_face(session: Session) -> tuple[frozenset[str], dict[str, str]]:
    """The module's TerminalID and applet, or nothing where no module is plugged in."""
    driver = DRIVERS[session.target.kind](session, session.tap, None)
    try:
        found = driver.identity()
        if found is None:
            return frozenset(), {"modules": "none"}
        terminal, version = found
        return frozenset({"card"}), {"terminal": terminal, "applet version": version}
    finally:
        driver.close()
