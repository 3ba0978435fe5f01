"""All commands of CCID 1.1 §6.1 but XfrBlock and Abort: what each does to a slot and what it answers.

A handler answers through `reader.reply`, or raises CommandError with the bError of its failure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from reference.protocol.usb import ccid
from reference.protocol.usb.ccid import status
from reference.protocol.usb.ccid_codes import (
    ClockCommand,
    ClockStatus,
    MechanicalFunction,
    Offset,
    PowerSelect,
    SlotError,
)
from reference.protocol.usb.descriptors import CcidFeatures
from reference.protocol.usb.errors import CommandError
from reference.protocol.usb.parameters import decode_parameters
from simulator.shells.icc import Icc, Reply, Work, default_parameters

if TYPE_CHECKING:
    from simulator.shells.reader import Reader

_WITHIN_RATE: Final = Offset.abData + 4
_MECHANICAL_BITS: Final = {
    MechanicalFunction.ACCEPT_CARD: 0x01,
    MechanicalFunction.EJECT_CARD: 0x02,
    MechanicalFunction.CAPTURE_CARD: 0x04,
    MechanicalFunction.LOCK_CARD: 0x08,
    MechanicalFunction.UNLOCK_CARD: 0x08,
}
"""The bit of dwMechanical that a function needs (CCID 1.1 table 5.1-1)."""


def power_on(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_IccPowerOn, reply: Reply) -> None:
    """Cold reset; answers with the ATR."""
    if command.bPowerSelect not in set(PowerSelect):
        raise CommandError(f"{command.bPowerSelect} is reserved", Offset.byte7, field="bPowerSelect")
    _needs_card(icc)
    protocol = _protocol(reader)
    reader.power_off(icc)
    icc.powered = True
    icc.work = work = Work(command.bSeq, reply)

    def ready() -> None:
        if icc.work is not work:
            return
        icc.work = None
        icc.power = icc.slot.power
        icc.clock = ClockStatus.RUNNING
        icc.clock_frequency, icc.data_rate = reader.settings.clocks[0], reader.settings.data_rates[0]
        icc.settle(protocol, default_parameters(protocol, reader.atr))
        answer = ccid.RDR_to_PC_DataBlock(
            command.bSlot, command.bSeq, status(icc.status), abData=reader.settings.atr
        )
        reader.reply(reply, answer)

    def refused() -> None:
        if icc.work is not work:
            return
        icc.work = None
        reader.power_off(icc)
        reader.reply(reply, reader.failed(icc, command.bSeq, SlotError.ICC_MUTE, ccid.RDR_to_PC_DataBlock))

    reader.exchanges.power_on(icc.slot, ready, refused)
    reader.watch(icc)


def _protocol(reader: Reader) -> int:
    """What to speak with the card, by its ATR; CommandError when reader and card have nothing in common."""
    if reader.settings.verify_atr and not reader.atr.checked:
        raise CommandError("TCK is wrong", SlotError.BAD_ATR_TCK)
    protocol = reader.settings.protocol_for(reader.atr)
    if protocol is None:
        raise CommandError("no protocol in common", SlotError.ICC_PROTOCOL_NOT_SUPPORTED)
    return protocol


def power_off(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_IccPowerOff, reply: Reply) -> None:
    """The card loses its power; fine too when it has none or is not there."""
    reader.power_off(icc)
    icc.clock = ClockStatus.STOPPED_LOW
    _slot_status(reader, icc, command, reply)


def get_slot_status(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_GetSlotStatus, reply: Reply) -> None:
    """How the card is."""
    _slot_status(reader, icc, command, reply)


def get_parameters(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_GetParameters, reply: Reply) -> None:
    """What is in force."""
    _needs_power(icc)
    _parameters(reader, icc, command, reply)


def reset_parameters(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_ResetParameters, reply: Reply) -> None:
    """Back to what the ATR says."""
    _needs_power(icc)
    icc.settle(icc.protocol, default_parameters(icc.protocol, reader.atr))
    _parameters(reader, icc, command, reply)


def set_parameters(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_SetParameters, reply: Reply) -> None:
    """Other parameters, or the card's other protocol."""
    _needs_power(icc)
    wanted = command.bProtocolNum
    parameters = decode_parameters(wanted, command.abProtocolDataStructure)
    if wanted not in reader.settings.protocols or wanted not in reader.atr.protocols:
        raise CommandError(f"T={wanted} is not offered", Offset.byte7, field="bProtocolNum")
    icc.settle(wanted, parameters)
    icc.forget()
    _parameters(reader, icc, command, reply)


def escape(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_Escape, reply: Reply) -> None:
    """A vendor's own command; it needs no card."""
    answer = reader.escape(command.abData)
    if answer is None:
        raise CommandError(
            f"{command.abData.hex() or 'nothing'} is no command", Offset.abData, field="abData"
        )
    reader.reply(reply, ccid.RDR_to_PC_Escape(command.bSlot, command.bSeq, status(icc.status), abData=answer))


def icc_clock(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_IccClock, reply: Reply) -> None:
    """Stop or restart the card's clock."""
    if command.bClockCommand not in set(ClockCommand):
        raise CommandError(f"{command.bClockCommand} is reserved", Offset.byte7, field="bClockCommand")
    _needs_power(icc)
    stop = command.bClockCommand == ClockCommand.STOP
    icc.clock = ClockStatus.STOPPED_LOW if stop else ClockStatus.RUNNING
    _slot_status(reader, icc, command, reply)


def t0_apdu(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_T0APDU, reply: Reply) -> None:
    """Class bytes of the commands that a reader makes itself, at APDU level over T=0."""
    if reader.settings.level == CcidFeatures.TPDU_LEVEL:
        raise CommandError("at TPDU level the host makes them", SlotError.CMD_NOT_SUPPORTED)
    if command.bmChanges > 3:
        raise CommandError(f"{command.bmChanges:#04x} has reserved bits", Offset.byte7, field="bmChanges")
    _needs_power(icc)
    if command.bmChanges & 1:
        icc.class_get_response = command.bClassGetResponse
    if command.bmChanges & 2:
        icc.class_envelope = command.bClassEnvelope
    _slot_status(reader, icc, command, reply)


def secure(_reader: Reader, _icc: Icc, _command: ccid.PC_to_RDR_Secure, _reply: Reply) -> None:
    """PIN entry: this reader has no keys (bPINSupport 0)."""
    raise CommandError("there is no pin pad", SlotError.CMD_NOT_SUPPORTED)


def mechanical(reader: Reader, icc: Icc, command: ccid.PC_to_RDR_Mechanical, reply: Reply) -> None:
    """Take, eject, capture, lock or unlock the card, as far as dwMechanical says it can."""
    if not reader.settings.mechanical:
        raise CommandError("it has no mechanics", SlotError.CMD_NOT_SUPPORTED)
    needed = _MECHANICAL_BITS.get(command.bFunction)  # type: ignore[call-overload]
    if needed is None or not needed & reader.settings.mechanical:
        raise CommandError(f"{command.bFunction} is none of its own", Offset.byte7, field="bFunction")
    slot = command.bSlot
    if command.bFunction in (MechanicalFunction.LOCK_CARD, MechanicalFunction.UNLOCK_CARD):
        _needs_card(icc)
        icc.locked = command.bFunction == MechanicalFunction.LOCK_CARD
    elif command.bFunction == MechanicalFunction.ACCEPT_CARD:
        reader.insert(slot)
    elif not reader.remove(slot):
        raise CommandError("the card is locked", SlotError.HW_ERROR)
    _slot_status(reader, icc, command, reply)


def set_rate(
    reader: Reader,
    icc: Icc,
    command: ccid.PC_to_RDR_SetDataRateAndClockFrequency,
    reply: Reply,
) -> None:
    """Another data rate and clock out of those the control requests list; 0 is the default."""
    _needs_power(icc)
    clock = command.dwClockFrequency or reader.settings.clocks[0]
    rate = command.dwDataRate or reader.settings.data_rates[0]
    if clock not in reader.settings.clocks:
        raise CommandError(f"{clock} kHz is not offered", Offset.abData, field="dwClockFrequency")
    if rate not in reader.settings.data_rates:
        raise CommandError(f"{rate} bit/s is not offered", _WITHIN_RATE, field="dwDataRate")
    icc.clock_frequency, icc.data_rate = clock, rate
    answer = ccid.RDR_to_PC_DataRateAndClockFrequency(
        command.bSlot, command.bSeq, status(icc.status), dwClockFrequency=clock, dwDataRate=rate
    )
    reader.reply(reply, answer)


def _needs_card(icc: Icc) -> None:
    if not icc.present:
        raise CommandError("no card", SlotError.ICC_MUTE)


def _needs_power(icc: Icc) -> None:
    if not icc.present or not icc.active:
        raise CommandError("no card with power", SlotError.ICC_MUTE)


def _slot_status(reader: Reader, icc: Icc, command: ccid.Message, reply: Reply) -> None:
    answer = ccid.RDR_to_PC_SlotStatus(command.bSlot, command.bSeq, status(icc.status), 0, icc.clock)
    reader.reply(reply, answer)


def _parameters(reader: Reader, icc: Icc, command: ccid.Message, reply: Reply) -> None:
    data = icc.parameters.encode()
    answer = ccid.RDR_to_PC_Parameters(command.bSlot, command.bSeq, status(icc.status), 0, icc.protocol, data)
    reader.reply(reply, answer)


Handler: TypeAlias = "Callable[[Reader, Icc, Any, Reply], None]"

HANDLERS: Final[dict[type[ccid.Message], Handler]] = {
    ccid.PC_to_RDR_IccPowerOn: power_on,
    ccid.PC_to_RDR_IccPowerOff: power_off,
    ccid.PC_to_RDR_GetSlotStatus: get_slot_status,
    ccid.PC_to_RDR_GetParameters: get_parameters,
    ccid.PC_to_RDR_ResetParameters: reset_parameters,
    ccid.PC_to_RDR_SetParameters: set_parameters,
    ccid.PC_to_RDR_Escape: escape,
    ccid.PC_to_RDR_IccClock: icc_clock,
    ccid.PC_to_RDR_T0APDU: t0_apdu,
    ccid.PC_to_RDR_Secure: secure,
    ccid.PC_to_RDR_Mechanical: mechanical,
    ccid.PC_to_RDR_SetDataRateAndClockFrequency: set_rate,
}
"""What each command does. XfrBlock and Abort stand apart: the reader itself keeps what they change."""
