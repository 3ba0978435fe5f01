"""One slot of a reader and the card in it: what a reader remembers between commands (CCID 1.1 §3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from reference.protocol.usb import t1
from reference.protocol.usb.atr import Atr
from reference.protocol.usb.ccid_codes import Chain, ClockStatus, IccStatus
from reference.protocol.usb.parameters import ProtocolData, ProtocolDataT0, ProtocolDataT1
from reference.protocol.usb.t0 import Card
from simulator.rack import Slot

Reply: TypeAlias = Callable[[bytes], None]

CLASS_ECHO: Final = 0xFF
"""bClassGetResponse and bClassEnvelope: the class of the command is used again."""


@dataclass(slots=True, eq=False)
class Work:
    """A command that the module is at work on. `aged` turns true with each tick that finds it still here."""

    seq: int
    reply: Reply
    aged: bool = False


@dataclass(slots=True, eq=False)
class Icc:
    """A place for a card, which is a module of the rack.

    `power` is the slot's power count at activation: when it differs, the module has lost its power since.
    `silent` is a card that fell silent by itself while the reader supplies it.
    """

    slot: Slot
    present: bool = True
    locked: bool = False
    changed: bool = True
    powered: bool = False
    silent: bool = False
    power: int = 0
    work: Work | None = None
    protocol: int = 0
    parameters: ProtocolData = field(default_factory=ProtocolDataT0)
    clock: ClockStatus = ClockStatus.RUNNING
    clock_frequency: int = 0
    data_rate: int = 0
    class_get_response: int = CLASS_ECHO
    class_envelope: int = CLASS_ECHO
    command: bytearray = field(default_factory=bytearray)
    chaining: bool = False
    answer: bytes = b""
    t0: Card = field(default_factory=Card)
    t1: t1.Card = field(default_factory=t1.Card)
    abort_asked: int | None = None
    abort_sent: Work | None = None

    @property
    def active(self) -> bool:
        """Whether the card has power and is the one that was activated."""
        return self.powered and self.power == self.slot.power

    @property
    def status(self) -> IccStatus:
        """bmICCStatus. A card that lost its power by itself is still supplied, so it is mute, not inactive:
        libccid takes an inactive one for another card, and pcscd then waits for an insertion in vain.
        """
        if not self.present:
            return IccStatus.ABSENT
        return IccStatus.ACTIVE if self.powered or self.silent else IccStatus.INACTIVE

    def settle(self, protocol: int, parameters: ProtocolData) -> None:
        """These parameters are in force."""
        self.protocol = protocol
        self.parameters = parameters

    def forget(self) -> None:
        """Nothing of a chain is left, and nothing waits for GET RESPONSE."""
        self.command.clear()
        self.chaining = False
        self.answer = b""
        self.t0.reset()
        self.t1.reset()

    def next_piece(self, room: int) -> tuple[Chain, bytes]:
        """The next part of the answer that fits into `room` bytes, and where it stands in the chain."""
        piece, self.answer = self.answer[:room], self.answer[room:]
        first, self.chaining = not self.chaining, bool(self.answer)
        if first:
            return (Chain.BEGINS if self.chaining else Chain.WHOLE), piece
        return (Chain.CONTINUES if self.chaining else Chain.ENDS), piece


def default_parameters(protocol: int, atr: Atr) -> ProtocolData:
    """What a reader uses for a card before anyone sets anything else, by the card's ATR."""
    fi_di = atr.fi_di
    if protocol == 0:
        return ProtocolDataT0(fi_di, 0, atr.guard_time)
    return ProtocolDataT1(fi_di, bGuardTimeT1=atr.guard_time)
