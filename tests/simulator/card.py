"""A module in the hand of a test: commands by their builders, answers as data and status word.

Bytes that a test expects are made by the protocol package or written out; nothing here looks into the module
except `state`, for tests of what must not have changed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from reference.protocol.uz import apdu, standin
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.objects import FiscalInfo, FiscalMemoryInfo, ReceiptFile, ReceiptInfo, ZReportInfo
from reference.protocol.uz.standin import AckKind, SyncFlags
from reference.protocol.uz.total_block import TotalBlock
from reference.protocol.uz.values import encode_bcd8, encode_time
from reference.runtime.clock import LabClock
from simulator.flash import NoFlash, Store
from simulator.keeping import pieces
from simulator.rack import Rack
from simulator.settings import ModuleSettings

START = datetime(2026, 7, 1, 9, 0, 0)
OK = StatusWord.NO_ERROR
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def settings(**given) -> ModuleSettings:
    """Unlocked, last operation at START, unless told otherwise."""
    return ModuleSettings.checked({"start_locked": False, "last_operation": START.isoformat(" "), **given})


def block(time, cash=0, card=0, vat=0, type=0, operation=0, items=1, hash=b"", extra=b"") -> bytes:
    digest = hash or encode_time(time).ljust(32, b"\x11")
    return TotalBlock(digest, cash, card, vat, time, type, operation, items, extra).encode()


class Card:
    """One module with its rack; the applet is selected. `now` is the time of the last accepted operation."""

    def __init__(self, store: Store | None = None, defects=(), **given) -> None:
        self.clock = LabClock.private().part("module")
        self.rack = Rack(store or NoFlash(), self.clock, Random(7), defects)
        self.rack.fill([settings(**given)])
        self.now = START
        self.send(apdu.select(), OK)

    @property
    def slot(self):
        return self.rack.slots[0]

    @property
    def state(self):
        return self.slot.module.state

    @property
    def terminal(self) -> str:
        return self.slot.terminal

    # --- raw ----------------------------------------------------------------------------------------------

    def raw(self, data: bytes) -> bytes:
        return self.rack.exchange(self.slot, data)

    def send(self, command: Command, expected: int | None = None) -> tuple[bytes, int]:
        data, sw = apdu.split_response(self.raw(command.encode()))
        if expected is not None:
            assert f"{sw:04X}" == f"{int(expected):04X}", f"{command.title}: {apdu.status_text(sw)}"
        return data, sw

    def refuses(self, command: Command, expected: int) -> None:
        """The command is refused with that word, says nothing else, and the durable state stays."""
        before = self.kept()
        data, _ = self.send(command, expected)
        assert data == b""
        assert self.kept() == before

    def kept(self) -> list:
        """The durable state but for the use of POS challenges, which refusals may use up (FM-P-04)."""
        return [
            change._replace(challenges_used=0) if hasattr(change, "challenges_used") else change
            for change in pieces(self.state)
        ]

    # --- time ---------------------------------------------------------------------------------------------

    def later(self, time: datetime | None) -> datetime:
        return self.now + SECOND if time is None else time

    # --- operations ---------------------------------------------------------------------------------------

    def open(self, time=None, expected: int = OK) -> None:
        time = self.later(time)
        self.send(apdu.zreport_open(time), expected)
        self.now = time if expected == OK else self.now

    def close(self, time=None, expected: int = OK) -> None:
        time = self.later(time)
        self.send(apdu.zreport_close(time), expected)
        self.now = time if expected == OK else self.now

    def sell(self, cash=1000, card=0, vat=0, time=None, expected: int = OK, **fields) -> ReceiptInfo | None:
        time = self.later(time)
        command = apdu.receipt_register(block(time, cash, card, vat, **fields))
        data, _ = self.send(command, expected)
        if expected != OK:
            return None
        self.now = time
        return ReceiptInfo.decode(data)

    def refund(self, cash=1000, card=0, vat=0, **fields) -> ReceiptInfo | None:
        return self.sell(cash, card, vat, operation=1, **fields)

    def ack(self, number: int, index: int | None = None, expected: int = OK, time: datetime = START) -> None:
        file = standin.make_ack_file(AckKind.RECEIPT, self.terminal, encode_bcd8(number), time)
        self.send(apdu.ack(file, index), expected)

    def ack_z(
        self, closed: datetime, index: int | None = None, expected: int = OK, time: datetime = START
    ) -> None:
        file = standin.make_ack_file(AckKind.ZREPORT, self.terminal, encode_time(closed), time)
        self.send(apdu.ack(file, index), expected)

    def ack_all(self) -> None:
        while self.memory().receipts_count:
            self.ack(self.receipt(self.memory().receipts_count - 1).receipt_seq)

    def sync(self, flags=SyncFlags.NONE, time: datetime = START, expected: int = OK) -> bytes:
        file = standin.make_sync_file(flags, self.terminal, self.info().sync_challenge, time)
        self.send(apdu.sync(file), expected)
        return file

    # --- questions ----------------------------------------------------------------------------------------

    def info(self, tags=()) -> FiscalInfo:
        return FiscalInfo.decode(self.send(apdu.get_info(tags), OK)[0])

    def memory(self) -> FiscalMemoryInfo:
        return FiscalMemoryInfo.decode(self.send(apdu.get_fiscal_memory_info(), OK)[0])

    def z(self, index: int = 0) -> ZReportInfo:
        return ZReportInfo.decode(self.send(apdu.get_zreport_info(index), OK)[0])

    def receipt(self, index: int = 0, tags=()) -> ReceiptInfo:
        return ReceiptInfo.decode(self.send(apdu.get_receipt_info(index, tags), OK)[0])

    def file(self, index: int = 0, seq: int | None = None) -> ReceiptFile:
        return ReceiptFile.decode(self.send(apdu.get_receipt_file(index, seq), OK)[0])

    def picture(self) -> str:
        return " ".join(self.state.pool.picture())
