"""abProtocolDataStructure of CCID 1.1 §6.1.7 and §6.2.3: how a reader talks to a card over T=0 and T=1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from reference.protocol.usb.ccid_codes import Offset
from reference.protocol.usb.errors import CcidError, CommandError, UsbError
from reference.protocol.usb.fields import U8, Record

_RULE: Final = "CCID 1.1 §6.1.7"


@dataclass(frozen=True, slots=True)
class ProtocolDataT0(Record):
    """For T=0: FI and DI, convention (bit 1), guard time, waiting integer, clock stop."""

    ERROR: ClassVar[type[UsbError]] = CcidError
    RULE: ClassVar[str] = _RULE

    bmFindexDindex: U8 = 0x11
    bmTCCKST0: U8 = 0x00
    bGuardTimeT0: U8 = 0
    bWaitingIntegerT0: U8 = 10
    bClockStop: U8 = 0


@dataclass(frozen=True, slots=True)
class ProtocolDataT1(Record):
    """For T=1: as above, with BWI and CWI, the size of blocks to the card, and the node address."""

    ERROR: ClassVar[type[UsbError]] = CcidError
    RULE: ClassVar[str] = _RULE

    bmFindexDindex: U8 = 0x11
    bmTCCKST1: U8 = 0x10
    bGuardTimeT1: U8 = 0
    bmWaitingIntegersT1: U8 = 0x4D
    bClockStop: U8 = 0
    bIFSC: U8 = 32
    bNadValue: U8 = 0


ProtocolData: TypeAlias = ProtocolDataT0 | ProtocolDataT1
STRUCTURES: Final[dict[int, type[ProtocolDataT0] | type[ProtocolDataT1]]] = {
    0: ProtocolDataT0,
    1: ProtocolDataT1,
}


def decode_parameters(protocol: int, data: bytes) -> ProtocolData:
    """The structure of a protocol. CommandError 7 for a protocol that has none, 1 for another size, and the
    field's own offset for what no card has.
    """
    kind = STRUCTURES.get(protocol)
    if kind is None:
        text = f"{protocol} has no data structure"
        raise CommandError(text, Offset.byte7, field="bProtocolNum", rule=_RULE)
    if len(data) != kind.size():
        text = f"{len(data)}, T={protocol} needs {kind.size()}"
        raise CommandError(text, Offset.dwLength, field="dwLength", rule=_RULE)
    found = kind.decode(data)
    fi, di = found.bmFindexDindex >> 4, found.bmFindexDindex & 15
    if fi in (7, 8, 14, 15) or di in (0, *range(10, 16)):
        text = f"{found.bmFindexDindex:#04x} is reserved by ISO 7816-3"
        raise CommandError(text, Offset.abData, field="bmFindexDindex", rule=_RULE)
    if found.bClockStop > 3:
        text = f"{found.bClockStop} is none of 0 to 3"
        raise CommandError(text, Offset.abData + 4, field="bClockStop", rule=_RULE)
    if isinstance(found, ProtocolDataT1) and found.bIFSC in (0, 255):
        raise CommandError(f"{found.bIFSC} is reserved", Offset.abData + 5, field="bIFSC", rule=_RULE)
    return found
