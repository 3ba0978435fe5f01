"""What every body of a module besides its TCP port has in common: it can be pulled out and put back."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from simulator.rack import Slot
from simulator.shells.reader import Reader


class Body(Protocol):
    """One way into one module. All of a module's bodies are pulled, put back and cut together."""

    @property
    def kind(self) -> str:
        """The body's name in the ready line and the control API, e.g. `vpcd`."""

    @property
    def address(self) -> str:
        """Where hosts find it, for people."""

    @property
    def slot(self) -> Slot:
        """The module it belongs to."""

    @property
    def plugged(self) -> bool:
        """Whether hosts can find the module through this body."""

    @property
    def connected(self) -> bool:
        """Whether a host has the module through this body now."""

    async def plug(self) -> None:
        """Put it in again; nothing to do when it is in. OSError when its place is taken."""

    def unplug(self) -> None:
        """Pull it out: hosts lose it, the power goes."""

    def cut(self) -> None:
        """Lose contact for a moment, as a loss of power does."""


@runtime_checkable
class ReaderBody(Body, Protocol):
    """A body that is a card in a reader: the card can be taken out, and the reader can freeze."""

    @property
    def reader(self) -> Reader:
        """The reader the module sits in, perhaps beside others."""
