"""The one interface behind which every way to a module stands: TCP here, PC/SC, USB and serial beside it."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """Bytes to a module and back. One session at a time; not safe for two threads at once."""

    @property
    def name(self) -> str:
        """What a person calls the reader, e.g. `127.0.0.1:4387`."""

    def open(self) -> bytes:
        """Power the module up and give its ATR. Raises NoModule, or LinkTimeout when it stays silent."""

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU and give the response APDU, status word included.

        Raises LinkLost or LinkTimeout: then the link is closed and the outcome of the command unknown.
        """

    def close(self) -> None:
        """Power the module down. Never raises; may be called twice."""
