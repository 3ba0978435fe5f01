"""What a reader says unasked, on its interrupt endpoint (CCID 1.1 §6.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, TypeAlias

from reference.protocol.usb.errors import CcidError, UsbError
from reference.protocol.usb.fields import U8, Record, Rest

Notice: TypeAlias = "RDR_to_PC_NotifySlotChange | RDR_to_PC_HardwareError"


@dataclass(frozen=True, slots=True)
class RDR_to_PC_NotifySlotChange(Record):
    """§6.3.1: two bits a slot from the lowest on, present now and changed since the last notice."""

    ERROR: ClassVar[type[UsbError]] = CcidError
    RULE: ClassVar[str] = "CCID 1.1 §6.3.1"
    TYPE: ClassVar[int] = 0x50

    bMessageType: U8 = 0x50
    bmSlotICCState: Rest = b""

    @classmethod
    def of(cls, slots: list[tuple[bool, bool]]) -> Self:
        """The notice of (present, changed) of each slot."""
        bits = sum((present | changed << 1) << 2 * place for place, (present, changed) in enumerate(slots))
        return cls(bmSlotICCState=bits.to_bytes((len(slots) + 3) // 4, "little"))

    def slots(self, count: int) -> list[tuple[bool, bool]]:
        """(present, changed) of `count` slots; CcidError when the notice holds fewer."""
        if len(self.bmSlotICCState) < (count + 3) // 4:
            text = f"{len(self.bmSlotICCState)} bytes are too few for {count} slots"
            raise CcidError(text, field="bmSlotICCState", rule=self.RULE)
        bits = int.from_bytes(self.bmSlotICCState, "little")
        return [(bool(bits >> 2 * n & 1), bool(bits >> 2 * n & 2)) for n in range(count)]


@dataclass(frozen=True, slots=True)
class RDR_to_PC_HardwareError(Record):
    """§6.3.2. bHardwareErrorCode 1: over-current."""

    ERROR: ClassVar[type[UsbError]] = CcidError
    RULE: ClassVar[str] = "CCID 1.1 §6.3.2"
    TYPE: ClassVar[int] = 0x51

    bMessageType: U8 = 0x51
    bSlot: U8 = 0
    bSeq: U8 = 0
    bHardwareErrorCode: U8 = 1


def decode_notice(data: bytes) -> Notice:
    """The interrupt message these bytes are; CcidError for what is none."""
    kinds = (RDR_to_PC_NotifySlotChange, RDR_to_PC_HardwareError)
    for kind in kinds:
        if data[:1] == bytes((kind.TYPE,)):
            return kind.decode(data)
    raise CcidError(f"{data[:1].hex() or 'nothing'} is no notice", field="bMessageType", rule="CCID 1.1 §6.3")
