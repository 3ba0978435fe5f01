"""PC_to_RDR_XfrBlock at each exchange level: a TPDU, a short APDU, or an APDU in as many parts as needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reference.protocol.usb.ccid import HEADER_SIZE, Answer, PC_to_RDR_XfrBlock, RDR_to_PC_DataBlock, status
from reference.protocol.usb.ccid_codes import Chain, Level, Offset, SlotError
from reference.protocol.usb.descriptors import CcidFeatures
from reference.protocol.usb.errors import CommandError, TpduError
from reference.protocol.usb.pps import PPSS, Pps
from simulator.shells.icc import Icc, Reply, default_parameters

if TYPE_CHECKING:
    from simulator.shells.reader import Reader

LONGEST_APDU: Final = 65_544
"""Header, extended Lc, 65 535 bytes, extended Le."""
_TPDU_HEADER: Final = 5
_PPSS: Final = bytes((PPSS,))


def transfer(reader: Reader, icc: Icc, command: PC_to_RDR_XfrBlock, reply: Reply) -> None:
    """Take one block to the card; CommandError for what cannot be."""
    if not icc.present or not icc.active:
        raise CommandError("no card with power", SlotError.ICC_MUTE)
    if len(command.abData) + HEADER_SIZE > reader.settings.max_message:
        raise CommandError("above dwMaxCCIDMessageLength", Offset.dwLength, field="dwLength")
    level = reader.settings.level
    if level == CcidFeatures.EXTENDED_APDU_LEVEL:
        _extended(reader, icc, command, reply)
        return
    if command.wLevelParameter:
        raise CommandError("0 at this level", Offset.byte8, field="wLevelParameter")
    if level == CcidFeatures.TPDU_LEVEL:
        _tpdu(reader, icc, command, reply)
        return
    if len(command.abData) < 4:
        raise CommandError("an APDU has 4 bytes or more", Offset.dwLength, field="dwLength")
    slot, seq = command.bSlot, command.bSeq

    def answered(answer: bytes) -> Answer:
        return RDR_to_PC_DataBlock(slot, seq, status(icc.status), 0, Chain.WHOLE, answer)

    reader.send(icc, seq, without_le(command.abData), reply, answered)


def without_le(apdu: bytes) -> bytes:
    """The command as the module takes it: one Le byte after its data is tolerated (uz-fiscal FM-S-10)."""
    return apdu[:-1] if len(apdu) > _TPDU_HEADER and len(apdu) == _TPDU_HEADER + 1 + apdu[4] else apdu


def _tpdu(reader: Reader, icc: Icc, command: PC_to_RDR_XfrBlock, reply: Reply) -> None:
    tpdu = command.abData
    if icc.protocol == 1:
        _block(reader, icc, command, reply)
        return
    if tpdu[:1] == _PPSS:
        _select_protocol(reader, icc, command, reply)
        return
    if len(tpdu) < _TPDU_HEADER:
        raise CommandError("a T=0 command has 5 bytes or more", Offset.dwLength, field="dwLength")
    slot, seq = command.bSlot, command.bSeq
    fetched = icc.t0.fetch(tpdu)
    if fetched is not None:
        answer = RDR_to_PC_DataBlock(slot, seq, status(icc.status), 0, Chain.WHOLE, fetched)
        reader.reply(reply, answer)
        return
    if len(tpdu) != _TPDU_HEADER and len(tpdu) != _TPDU_HEADER + tpdu[4]:
        # The card wants P3 bytes after its procedure byte, and the reader has others.
        raise CommandError("not P3 bytes after the header", SlotError.PROCEDURE_BYTE_CONFLICT, field="abData")

    def answered(response: bytes) -> Answer:
        shown = icc.t0.answer(response)
        return RDR_to_PC_DataBlock(slot, seq, status(icc.status), 0, Chain.WHOLE, shown)

    reader.send(icc, seq, tpdu, reply, answered)


def _block(reader: Reader, icc: Icc, command: PC_to_RDR_XfrBlock, reply: Reply) -> None:
    """T=1: a block to the card, a block back."""
    slot, seq = command.bSlot, command.bSeq

    def shown(block: bytes) -> Answer:
        return RDR_to_PC_DataBlock(slot, seq, status(icc.status), 0, Chain.WHOLE, block)

    block = icc.t1.take(command.abData)
    if block is not None:
        reader.reply(reply, shown(block))
    else:
        apdu = without_le(icc.t1.command())
        reader.send(icc, seq, apdu, reply, lambda response: shown(icc.t1.answer(response)))


def _select_protocol(reader: Reader, icc: Icc, command: PC_to_RDR_XfrBlock, reply: Reply) -> None:
    """PPS: a card that can what is asked for says it back, any other says nothing (ISO 7816-3 §9)."""
    try:
        wanted = Pps.decode(command.abData)
    except TpduError as error:
        raise CommandError(str(error), SlotError.ICC_MUTE, field="abData") from error
    if wanted.protocol not in reader.atr.protocols:
        raise CommandError(f"T={wanted.protocol} is not offered", SlotError.ICC_MUTE, field="abData")
    icc.forget()
    icc.settle(wanted.protocol, default_parameters(wanted.protocol, reader.atr))
    said = RDR_to_PC_DataBlock(
        command.bSlot, command.bSeq, status(icc.status), 0, Chain.WHOLE, wanted.encode()
    )
    reader.reply(reply, said)


def _extended(reader: Reader, icc: Icc, command: PC_to_RDR_XfrBlock, reply: Reply) -> None:
    level = command.wLevelParameter
    if level not in set(Level):
        raise CommandError(f"{level:#06x} is reserved", Offset.byte8, field="wLevelParameter")
    if level == Level.ANSWER_WANTED:
        _go_on(reader, icc, command, reply)
        return
    begins = level in (Level.WHOLE, Level.BEGINS)
    if begins:
        icc.forget()
    elif not icc.command:
        raise CommandError("nothing to continue", Offset.byte8, field="wLevelParameter")
    icc.command += command.abData
    if len(icc.command) > LONGEST_APDU:
        icc.forget()
        raise CommandError("the command is longer than any", SlotError.XFR_OVERRUN)
    if level in (Level.BEGINS, Level.CONTINUES):
        wanted = RDR_to_PC_DataBlock(command.bSlot, command.bSeq, status(icc.status), 0, Chain.COMMAND_WANTED)
        reader.reply(reply, wanted)
        return
    apdu = bytes(icc.command)
    icc.forget()
    if len(apdu) < 4:
        raise CommandError("an APDU has 4 bytes or more", Offset.dwLength, field="dwLength")
    slot, seq = command.bSlot, command.bSeq

    def answered(answer: bytes) -> Answer:
        icc.answer = answer
        return _piece(reader, icc, slot, seq)

    reader.send(icc, seq, without_le(apdu), reply, answered)


def _go_on(reader: Reader, icc: Icc, command: PC_to_RDR_XfrBlock, reply: Reply) -> None:
    if command.abData:
        raise CommandError("no data when an answer is fetched", Offset.dwLength, field="dwLength")
    if not icc.answer:
        raise CommandError("no answer to continue", Offset.byte8, field="wLevelParameter")
    reader.reply(reply, _piece(reader, icc, command.bSlot, command.bSeq))


def _piece(reader: Reader, icc: Icc, slot: int, seq: int) -> Answer:
    chain, piece = icc.next_piece(reader.settings.max_message - HEADER_SIZE)
    return RDR_to_PC_DataBlock(slot, seq, status(icc.status), 0, chain, piece)
