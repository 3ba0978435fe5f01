"""Addresses at which the judge will play a drive service and an owner's portal to a point of sale.

They are held from before the part is started until the run is over, so that nobody else gets the ports while
the judge does not listen.
"""

from __future__ import annotations

from typing import Final, Self

from conformance.drivers.pos_server import bound

_HOST: Final = "127.0.0.1"


class PlayedPlaces:
    """Two ports of this machine. Use as a context manager."""

    def __init__(self) -> None:
        self._held = [bound(_HOST, 0), bound(_HOST, 0)]
        self.drive, self.owner = (f"{_HOST}:{held.getsockname()[1]}" for held in self._held)

    def words(self, dialect: str = "") -> list[str]:
        """Options of the point of sale that name them; `dialect` stands before the drive's address."""
        drive = f"{dialect}:http://{self.drive}" if dialect else f"http://{self.drive}"
        return ["--drive", drive, "--backoffice", f"http://{self.owner}"]

    @property
    def options(self) -> dict[str, str]:
        """Options of a target that name them."""
        return {"listen": self.drive, "owner": self.owner}

    def close(self) -> None:
        """Let go of the ports."""
        for held in self._held:
            held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
