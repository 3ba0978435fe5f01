"""A smart card reader over modules of the rack: CCID messages in, CCID messages out (CCID 1.1 §6).

`handle` takes a bulk message and answers by callback, at once or when the module has; while the module works
the same callback hears time extensions. Every cable that speaks CCID drives one of these.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final

from reference.protocol.usb.atr import Atr
from reference.protocol.usb.ccid import (
    COMMANDS,
    HEADER_SIZE,
    Answer,
    Message,
    PC_to_RDR_Abort,
    PC_to_RDR_XfrBlock,
    RDR_to_PC_DataBlock,
    RDR_to_PC_NotifySlotChange,
    RDR_to_PC_SlotStatus,
    decode_command,
    status,
)
from reference.protocol.usb.ccid_codes import Chain, CommandStatus, IccStatus, Offset, SlotError
from reference.protocol.usb.errors import CommandError
from simulator.cable_points import CARD
from simulator.exchanges import Exchanges
from simulator.rack import Slot
from simulator.shells.card_faults import disturbed
from simulator.shells.icc import Icc, Reply, Work
from simulator.shells.reader_commands import HANDLERS
from simulator.shells.reader_exchange import transfer
from simulator.shells.reader_settings import ReaderSettings

MAX_SLOTS: Final = 16
_XFR_HEAD: Final = struct.Struct("<BIBBBH")


class Reader:
    """A reader with one slot for each module given. Everything happens in the loop's thread.

    `on_change` hears what the interrupt endpoint has to say. `escape` answers a vendor's own command, None
    when there is no such.
    """

    def __init__(
        self, slots: Sequence[Slot], exchanges: Exchanges, settings: ReaderSettings | None = None
    ) -> None:
        if not 1 <= len(slots) <= MAX_SLOTS:
            raise ValueError(f"a reader has 1 to {MAX_SLOTS} slots, not {len(slots)}")
        self.settings = settings or ReaderSettings()
        self.exchanges = exchanges
        self.atr = Atr.decode(self.settings.atr)
        self.iccs = [Icc(slot) for slot in slots]
        self.descriptor = self.settings.descriptor(len(slots))
        self.on_change: Callable[[bytes], None] = _nobody
        self.escape: Callable[[bytes], bytes | None] = _firmware
        self._ticking = False
        self._frozen: list[Callable[[], None]] | None = None
        self._freezes = 0

    # --- messages -----------------------------------------------------------------------------------------

    def handle(self, message: bytes, reply: Reply) -> None:
        """Take one whole bulk message; a broken one is answered with its own error (CCID 1.1 §6.2.6)."""
        if self._frozen is not None:
            self._frozen.append(lambda: self.handle(message, reply))
            return
        try:
            command = self._command(message)
            icc = self._checked(command)
            if isinstance(command, PC_to_RDR_XfrBlock):
                transfer(self, icc, command, reply)
            elif isinstance(command, PC_to_RDR_Abort):
                self._abort_sent(icc, Work(command.bSeq, reply))
            else:
                HANDLERS[type(command)](self, icc, command, reply)
        except CommandError as error:
            self.reply(reply, self._refusal(message, error.error))

    def abort(self, slot: int, seq: int) -> bool:
        """The control request ABORT (CCID 1.1 §5.3.1); False for a slot there is not.

        The slot refuses everything until the bulk message with the same bSeq has come.
        """
        if slot >= len(self.iccs):
            return False
        icc = self.iccs[slot]
        icc.abort_asked = seq
        if icc.abort_sent is not None and icc.abort_sent.seq == seq:
            self._aborted(icc, icc.abort_sent)
        return True

    def send(
        self, icc: Icc, seq: int, apdu: bytes, reply: Reply, answered: Callable[[bytes], Answer]
    ) -> None:
        """Let the module work on an APDU; `answered` makes the message of its response."""
        icc.work = work = Work(seq, reply)

        def done(answer: bytes | None) -> None:
            if icc.work is not work:
                return  # aborted, removed or without power meanwhile
            icc.work = None
            if answer is None:
                self._fall_silent(icc)
                self.reply(reply, self.failed(icc, seq, SlotError.ICC_MUTE, RDR_to_PC_DataBlock))
            else:
                self.reply(reply, answered(answer))

        rule = self.exchanges.hit(CARD, icc.slot, apdu)
        if rule is None:
            self.exchanges.submit(icc.slot, apdu, done)
        else:
            disturbed(self.exchanges, icc.slot, apdu, done, rule, _InSlot(self, icc))
        self.watch(icc)

    def watch(self, icc: Icc) -> None:
        """Keep the host patient for as long as the slot is at work."""
        if icc.work is not None and not self._ticking:
            self._ticking = True
            self.exchanges.after(self.settings.extension, self._extend)

    def reply(self, reply: Reply, answer: Answer) -> None:
        """Give an answer, later when the reader is frozen."""
        data = answer.encode()
        if self._frozen is None:
            reply(data)
        else:
            self._frozen.append(lambda: reply(data))

    def failed(self, icc: Icc, seq: int, error: int, kind: type[Answer] = RDR_to_PC_SlotStatus) -> Answer:
        """The answer to a command that fails for this reason."""
        slot = self.iccs.index(icc)
        return kind(bSlot=slot, bSeq=seq, bStatus=status(icc.status, CommandStatus.FAILED), bError=error)  # type: ignore[call-arg]

    # --- the world around it ------------------------------------------------------------------------------

    def insert(self, slot: int = 0) -> None:
        """Put the card in; nothing to do when it is there."""
        icc = self.iccs[slot]
        if not icc.present:
            icc.present = icc.changed = True
            self._notify()

    def remove(self, slot: int = 0) -> bool:
        """Take the card out, in the middle of whatever it does; False when the reader holds it locked."""
        icc = self.iccs[slot]
        if not icc.present:
            return True
        if icc.locked:
            return False
        icc.present = False
        icc.changed = True
        self.mute(slot)
        self._notify()
        return True

    def mute(self, slot: int = 0) -> None:
        """The card loses its power by itself: whatever it does is not answered by it."""
        icc = self.iccs[slot]
        self._fall_silent(icc)
        work, icc.work = icc.work, None
        if work is not None:
            self.reply(work.reply, self.failed(icc, work.seq, SlotError.ICC_MUTE, RDR_to_PC_DataBlock))

    def freeze(self, seconds: float | None = None) -> None:
        """Hear and say nothing for lab seconds, or until `thaw`."""
        if self._frozen is None:
            self._frozen = []
        self._freezes += 1
        if seconds is not None:
            this = self._freezes
            self.exchanges.after(seconds, lambda: self.thaw() if self._freezes == this else None)

    def thaw(self) -> None:
        """Go on with all that came and all that was to be said meanwhile, in order."""
        held, self._frozen = self._frozen or [], None
        self._freezes += 1
        for work in held:
            work()

    @property
    def frozen(self) -> bool:
        """Whether it hears nothing now."""
        return self._frozen is not None

    def reset(self) -> None:
        """As after power up: no card has power, nothing is under way, all cards are news."""
        for icc in self.iccs:
            icc.work = icc.abort_sent = icc.abort_asked = None
            icc.locked = False
            icc.changed = True
            self.power_off(icc)
        if self._frozen:
            self._frozen.clear()

    def news(self) -> bytes:
        """A notice of every slot; what has changed is told once (CCID 1.1 §6.3.1)."""
        notice = RDR_to_PC_NotifySlotChange.of([(icc.present, icc.changed) for icc in self.iccs])
        for icc in self.iccs:
            icc.changed = False
        return notice.encode()

    def _fall_silent(self, icc: Icc) -> None:
        silent = icc.present and (icc.powered or icc.silent)
        self.power_off(icc)
        icc.silent = silent

    def power_off(self, icc: Icc) -> None:
        """Take the card's power, if it has any."""
        icc.silent = False
        icc.forget()
        if icc.powered:
            icc.powered = False
            self.exchanges.power_off(icc.slot)

    # --- inside -------------------------------------------------------------------------------------------

    def _command(self, message: bytes) -> Message:
        if len(message) >= HEADER_SIZE and message[0] == PC_to_RDR_XfrBlock.TYPE:
            # Nearly all traffic; the general way costs three times as much.
            _, length, slot, seq, bwi, level = _XFR_HEAD.unpack_from(message)
            if length == len(message) - HEADER_SIZE:
                return PC_to_RDR_XfrBlock(slot, seq, bwi, level, message[HEADER_SIZE:])
        return decode_command(message)

    def _checked(self, command: Message) -> Icc:
        if command.bSlot >= len(self.iccs):
            raise CommandError(f"{command.bSlot} does not exist", Offset.bSlot, field="bSlot")
        icc = self.iccs[command.bSlot]
        if isinstance(command, PC_to_RDR_Abort):
            return icc
        if icc.abort_asked is not None:
            raise CommandError("an abort is under way", SlotError.CMD_ABORTED)
        if icc.work is not None:
            raise CommandError("the slot is at work", SlotError.CMD_SLOT_BUSY)
        if icc.abort_sent is not None:
            self._give_up(icc, icc.abort_sent)
        return icc

    def _refusal(self, message: bytes, error: int) -> Answer:
        row = COMMANDS.get(message[0]) if message else None
        kind = row.answer if row else RDR_to_PC_SlotStatus
        slot, seq = (message[5], message[6]) if len(message) > 6 else (0, 0)
        if slot < len(self.iccs):
            return self.failed(self.iccs[slot], seq, error, kind)
        nothing = status(IccStatus.ABSENT, CommandStatus.FAILED)
        return kind(bSlot=slot, bSeq=seq, bStatus=nothing, bError=error)  # type: ignore[call-arg]

    def _abort_sent(self, icc: Icc, sent: Work) -> None:
        if icc.abort_sent is not None:
            self._give_up(icc, icc.abort_sent)
        if icc.abort_asked == sent.seq:
            self._aborted(icc, sent)
        elif icc.abort_asked is not None:
            raise CommandError("another bSeq than the control request's", SlotError.CMD_ABORTED)
        else:
            icc.abort_sent = sent

    def _aborted(self, icc: Icc, sent: Work) -> None:
        icc.work = icc.abort_sent = icc.abort_asked = None
        icc.forget()
        slot = self.iccs.index(icc)
        answer = RDR_to_PC_SlotStatus(slot, sent.seq, status(icc.status), 0, icc.clock)
        self.reply(sent.reply, answer)

    def _give_up(self, icc: Icc, sent: Work) -> None:
        """The bulk half of an abort whose other half never came."""
        icc.abort_sent = None
        self.reply(sent.reply, self.failed(icc, sent.seq, SlotError.CMD_ABORTED))

    def _notify(self) -> None:
        self.on_change(self.news())

    def _extend(self) -> None:
        """Tell the hosts of commands that are a whole tick old that they take longer (CCID 1.1 §6.2.1)."""
        self._ticking = False
        for slot, icc in enumerate(self.iccs):
            if icc.work is None:
                continue
            if icc.work.aged and self._frozen is None:
                bits = status(icc.status, CommandStatus.TIME_EXTENSION)
                icc.work.reply(RDR_to_PC_DataBlock(slot, icc.work.seq, bits, 1, Chain.WHOLE).encode())
            icc.work.aged = True
            self.watch(icc)


class _InSlot:
    """A fault rule's hands on a card."""

    def __init__(self, reader: Reader, icc: Icc) -> None:
        self._reader = reader
        self._place = reader.iccs.index(icc)

    def take_out(self) -> None:
        self._reader.iccs[self._place].locked = False  # by force
        self._reader.remove(self._place)

    def put_back(self) -> None:
        self._reader.insert(self._place)

    def freeze(self, seconds: float | None) -> None:
        self._reader.freeze(seconds)


def _nobody(_notice: bytes) -> None:
    """No cable listens."""


def _firmware(command: bytes) -> bytes | None:
    """02 asks serial readers of this family for their name; no other command is known."""
    return b"Kassalab R1" if command == b"\x02" else None
