"""One USB transfer as a host controller queues it, whatever cable brought it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from reference.protocol.usb.setup import Setup


def _unheard(_urb: Urb) -> None:
    """Nobody waits for it."""


@dataclass(slots=True, eq=False)
class Urb:
    """A transfer. `endpoint` has bit 7 set towards the host; `setup` is there on endpoint 0 only.

    `data` goes out, or has come in when `done` is called. `status` is then 0 or a negated errno of Linux,
    `actual` the bytes that went.
    """

    endpoint: int
    length: int
    done: Callable[[Urb], None] = _unheard
    setup: Setup | None = None
    data: bytes = b""
    status: int = 0
    actual: int = 0
    number: int = 0
    finished: bool = field(default=False)

    @property
    def inward(self) -> bool:
        """Whether its data go to the host."""
        return self.setup.to_host if self.setup is not None else bool(self.endpoint & 0x80)


class Witness(Protocol):
    """Sees every transfer of a device begin and end."""

    def submitted(self, urb: Urb) -> None:
        """It begins."""

    def completed(self, urb: Urb) -> None:
        """It has ended."""
