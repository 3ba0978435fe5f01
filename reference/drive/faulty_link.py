"""The link as the fault point `link.transmit` may have it: the command lost on the way there, or its answer
on the way back (uz-fiscal EM-07 from the host's side)."""

from __future__ import annotations

from collections.abc import Callable

from reference.links.errors import LinkLost
from reference.links.kept import Keepable
from reference.links.link import Link
from reference.links.watch import presence
from reference.protocol.uz.apdu import Instruction, find_instruction
from reference.runtime.clock import PartClock
from reference.runtime.faults import FaultPoints


class FaultyLink:
    """A link with the fault point around each command."""

    alive: Callable[[], bool]
    """Whether the module below has kept its power; missing where the link below cannot tell."""

    def __init__(self, link: Link, faults: FaultPoints, clock: PartClock) -> None:
        self._link = link
        if isinstance(link, Keepable):
            self.alive = link.alive
        self._faults = faults
        self._clock = clock

    @property
    def name(self) -> str:
        """The name of the link below."""
        return self._link.name

    def open(self) -> bytes:
        """Power up."""
        return self._link.open()

    def transmit(self, command: bytes) -> bytes:
        """One exchange, as far as the fault rules let it through."""
        if not self._faults.armed("link.transmit"):
            return self._link.transmit(command)
        rule = self._faults.hit(
            "link.transmit", apdu=command.hex(), command=_command_name(command), link=self.name
        )
        if rule is not None and rule.action == "delay":
            self._clock.sleep(rule.delay)
        drop = rule is not None and rule.action == "drop"
        if drop and rule is not None and rule.value != "after":
            self.close()
            raise LinkLost(f"{self.name}: lost before the command (fault point link.transmit)")
        answer = self._link.transmit(command)
        if drop:
            self.close()
            raise LinkLost(f"{self.name}: lost after the command (fault point link.transmit)")
        return answer

    def presence(self) -> str | None:
        """What is plugged in below."""
        return presence(self._link)

    def close(self) -> None:
        """Power down."""
        self._link.close()


def _command_name(command: bytes) -> str:
    """The instruction's name, as fault rules of the module call it too; the header in hex for an unknown
    one."""
    row = find_instruction(*command[1:4]) if len(command) > 4 else None
    return row.name if isinstance(row, Instruction) else command[:4].hex()
