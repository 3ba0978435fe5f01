"""The judge's host of a fiscal module: every command of uz-fiscal §5.2, written down as it crosses the link.

Commands return an `Answer` whatever the status word, because that is what cases judge; the reading helpers
(`info`, `memory`, `shift`, …) decode and end the case when the answer is not what its tables allow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from conformance.drivers.present import present
from conformance.drivers.wire import NOT_OPENED, Tap
from conformance.events import Direction, Layer
from conformance.verdicts import AnswerMissing, AnswerUnreadable, CaseFailed, TargetUnreachable
from reference.links.errors import LinkError, LinkLost
from reference.links.link import Link
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord, split_response, status_text
from reference.protocol.uz.errors import UzError
from reference.protocol.uz.objects import (
    FiscalInfo,
    FiscalMemoryInfo,
    ReceiptFile,
    ReceiptInfo,
    ZReportFile,
    ZReportInfo,
)

SECOND = timedelta(seconds=1)
TWO_DAYS = timedelta(days=2)
Object = TypeVar("Object")


class Word(int):
    """A status word that the table does not know; prints as four hex digits."""

    def __str__(self) -> str:
        return f"{int(self):04X}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer of one command: its data, and its status word (`StatusWord` where the table knows it)."""

    command: bytes
    data: bytes
    sw: int

    @property
    def ok(self) -> bool:
        """Whether the status word is 9000."""
        return self.sw == StatusWord.NO_ERROR


class ModuleHost:
    """Powers the module up, selects the applet when first needed, and sends commands."""

    def __init__(self, link: Link, tap: Tap) -> None:
        self._link = link
        self._tap = tap
        self._atr: bytes | None = None
        self._selected = False

    # power and session

    def connect(self) -> bytes:
        """Power up and return the answer to reset; a connection that is open is kept."""
        if self._atr is None:
            try:
                self._atr = self._link.open()
            except LinkError as error:
                self._tap(Layer.LINK, Direction.CLOSED, b"", NOT_OPENED)
                raise TargetUnreachable(f"no module answers at {self._link.name} ({error})") from error
            self._tap(Layer.LINK, Direction.RECEIVED, self._atr)
        return self._atr

    def close(self) -> None:
        """Power down."""
        if self._atr is not None:
            self._link.close()
            self._tap(Layer.LINK, Direction.CLOSED, b"")
        self._atr = None
        self._selected = False

    def power_cycle(self) -> bytes:
        """Power down and up again; volatile state of the module is lost. Returns the answer to reset."""
        self.close()
        return self.connect()

    def select(self) -> Answer:
        """Select the applet (FM-S-02)."""
        answer = self.transmit(apdu.select(), selected=False)
        self._selected = answer.ok
        return answer

    def deselect(self) -> Answer:
        """Select the card manager (FM-S-03); the next command does not select the applet by itself."""
        answer = self.transmit(apdu.deselect(), selected=False)
        self._selected = False
        return answer

    # commands

    def transmit(self, command: Command | bytes, *, selected: bool = True) -> Answer:
        """Send a command, whole or as raw bytes, and return its answer.

        Powers up, and selects the applet unless `selected` is False. AnswerMissing when the module hangs up.
        """
        raw = command if isinstance(command, bytes) else command.encode()
        self.connect()
        if selected and not self._selected:
            chosen = self.select()
            if not chosen.ok:
                raise CaseFailed(f"SELECT answers {status_text(chosen.sw)}", clause="FM-S-02")
        self._tap(Layer.APDU, Direction.SENT, raw)
        try:
            response = self._link.transmit(raw)
        except LinkLost as error:
            self.close()
            raise AnswerMissing(f"no answer to {raw[:4].hex()}: {error}", clause="S-5.2") from error
        self._tap(Layer.APDU, Direction.RECEIVED, response, raw)
        if len(response) < 2:
            raise AnswerUnreadable(f"an answer of {len(response)} bytes has no status word", clause="FM-S-01")
        data, sw = split_response(response)
        return Answer(raw, data, _word(sw))

    def read(self, command: Command, decode: Callable[[bytes], Object]) -> Object:
        """Decoded data of a command that must answer 9000."""
        return self.read_answer(self.demand(command), decode)

    def read_answer(self, answer: Answer, decode: Callable[[bytes], Object]) -> Object:
        """Decoded data of an answer; AnswerUnreadable when its tables do not allow it."""
        try:
            return decode(answer.data)
        except UzError as error:
            raise AnswerUnreadable(
                f"answer to {answer.command[:4].hex()} cannot be read: {error}",
                clause="S-5.5",
                observed=answer.data.hex(),
            ) from error

    def demand(self, command: Command) -> Answer:
        """Answer of a command that must answer 9000; the case fails otherwise."""
        answer = self.transmit(command)
        if not answer.ok:
            raise CaseFailed(
                f"{command.encode()[:4].hex()} answers {status_text(answer.sw)} where 9000 is needed",
                expected=status_text(StatusWord.NO_ERROR),
                observed=status_text(answer.sw),
            )
        return answer

    # reading

    def info(self, tags: tuple[int, ...] = ()) -> FiscalInfo:
        """Info, object a0."""
        return self.read(apdu.get_info(tags), FiscalInfo.decode)

    def memory(self, tags: tuple[int, ...] = ()) -> FiscalMemoryInfo:
        """Fiscal memory, object a1."""
        return self.read(apdu.get_fiscal_memory_info(tags), FiscalMemoryInfo.decode)

    def shift(self, index: int = 0, tags: tuple[int, ...] = ()) -> ZReportInfo:
        """Z-report by reverse index, object a2."""
        return self.read(apdu.get_zreport_info(index, tags), ZReportInfo.decode)

    def shift_file(self, index: int = 0) -> ZReportFile:
        """Z-report file by reverse index, object a4."""
        return self.read(apdu.get_zreport_file(index), ZReportFile.decode)

    def receipt(self, index: int = 0, tags: tuple[int, ...] = ()) -> ReceiptInfo:
        """Held receipt by reverse index, object a3."""
        return self.read(apdu.get_receipt_info(index, tags), ReceiptInfo.decode)

    def receipt_file(self, index: int = 0, seq: int | None = None) -> ReceiptFile:
        """Receipt file by reverse index or number, object a5."""
        return self.read(apdu.get_receipt_file(index, seq), ReceiptFile.decode)

    def unacknowledged_shifts(self) -> list[int]:
        """Reverse indexes of the closed, unacknowledged Z-reports (FM-I-05)."""
        data = self.demand(apdu.get_unack_zreports()).data
        shorts = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        if len(data) % 2 or not shorts or shorts[0] != len(shorts) - 1:
            raise AnswerUnreadable(
                "the list of Z-reports is not a count and as many indexes", clause="FM-I-05"
            )
        return shorts[1:]

    @property
    def last_operation(self) -> datetime:
        """Time of the module's last operation, Tashkent time."""
        return present(self.memory().last_operation, "a1.03")

    def next_time(self, seconds: float = 1) -> datetime:
        """The last operation's time plus some seconds: the earliest time that FM-T-03 allows is plus one."""
        return self.last_operation + timedelta(seconds=seconds)

    # writing

    def open(self, time: datetime | None = None) -> Answer:
        """ZREPORT_OPEN at `time`, one second after the last operation when not given."""
        return self.transmit(apdu.zreport_open(time or self.next_time()))

    def close_shift(self, time: datetime | None = None) -> Answer:
        """ZREPORT_CLOSE at `time`, one second after the last operation when not given."""
        return self.transmit(apdu.zreport_close(time or self.next_time()))

    def register(self, block: bytes) -> Answer:
        """RECEIPT_REGISTER of a total block as bytes, valid or not."""
        return self.transmit(apdu.receipt_register(block))


def _word(sw: int) -> int:
    return _KNOWN.get(sw) or Word(sw)


_KNOWN: dict[int, int] = {int(word): word for word in StatusWord}
