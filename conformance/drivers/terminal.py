"""A fiscal module of the judge's own making, for cases against an operator: genuine receipts and Z-reports.

Files are made by the stand-in formats of uz-fiscal §17 with the public test keys of the terminal's id.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reference.protocol.uz import gost, standin
from reference.protocol.uz.generate import random_receipt
from reference.protocol.uz.message import File, FileType
from reference.protocol.uz.objects import Account, ReceiptFile, ZReportFile
from reference.protocol.uz.receipt import Operation, Receipt, ReceiptType, encode_full_receipt
from reference.protocol.uz.standin import ModuleKeys, ReceiptRecord, ZReportRecord
from reference.protocol.uz.total_block import TotalBlock, total_block_for

INDEXES = 0x8000
"""Absolute indexes of a module's memory, which a terminal of great numbers uses again and again."""
FULL_TYPES = (FileType.PurchaseReceipt, FileType.AdvanceReceipt, FileType.CreditReceipt)


@dataclass(frozen=True, slots=True)
class Issued:
    """A receipt as its terminal issued it, with all that a case may want to change a byte of."""

    terminal: str
    seq: int
    sign: str
    receipt: Receipt
    tlv: bytes
    block: TotalBlock
    record: ReceiptRecord
    file: ReceiptFile
    body: bytes

    @property
    def full(self) -> File:
        """The receipt as a file of its type, header and body."""
        return File(FULL_TYPES[self.receipt.type], 0x14, self.file.encode(), self.body)

    @property
    def short(self) -> File:
        """The receipt as a ShortReceipt file."""
        return File(FileType.ShortReceipt, 0x02, self.file.encode())


class Terminal:
    """Issues receipts in order. `time` is its own clock; every operation moves it on by one second."""

    def __init__(self, terminal_id: str, time: datetime, rng: random.Random) -> None:
        self.id = terminal_id
        self.keys = ModuleKeys(standin.module_seed(terminal_id))
        self.time = time
        self.seq = 0
        self.shifts = 0
        self._rng = rng
        self._opened = time
        self._in_shift: list[Issued] = []

    def tick(self, seconds: float = 1) -> datetime:
        """Move the terminal's clock on and return it."""
        self.time += timedelta(seconds=seconds)
        return self.time

    def issue(self, receipt: Receipt | None = None, *, seq: int | None = None, **changes: object) -> Issued:
        """A signed receipt: random unless given, with fields of `Receipt` replaced by `changes`.

        `seq` numbers it otherwise than in order.
        """
        receipt = receipt or random_receipt(self._rng, self.tick())
        issued = self.sign(replace(receipt, **changes), self.seq + 1 if seq is None else seq)  # type: ignore[arg-type]
        if seq is None:
            self.seq += 1
            self._in_shift.append(issued)
        return issued

    def sign(self, receipt: Receipt, seq: int) -> Issued:
        """Number and sign a receipt without counting it."""
        tlv = gost.pad(encode_full_receipt(receipt))
        return self.sign_block(receipt, tlv, total_block_for(receipt, tlv), seq)

    def sign_block(self, receipt: Receipt, tlv: bytes, block: TotalBlock, seq: int) -> Issued:
        """Sign whatever a case gives, also what does not fit together."""
        sign = self.keys.fiscal_sign(self.id, seq) if block.type == ReceiptType.PURCHASE else None
        key = self.keys.cipher_key(self.id, seq)
        record = ReceiptRecord.of_block(block, sign, key)
        file = standin.make_receipt_file(self.keys, self.id, seq, record, (seq - 1) % INDEXES)
        return Issued(self.id, seq, sign or "", receipt, tlv, block, record, file, gost.encrypt(key, tlv))

    def close_shift(self, **changes: object) -> ZReportFile:
        """The signed Z-report of what was issued since the last one;
        `changes` falsify fields of its record.
        """
        record = replace(self._shift_record(), **changes)  # type: ignore[arg-type]
        self.shifts += 1
        self._opened = self.tick()
        self._in_shift = []
        return standin.make_zreport_file(self.keys, self.id, record, self.shifts - 1)

    @staticmethod
    def shift_message_file(shift: ZReportFile) -> File:
        """A Z-report as a file of a message."""
        return File(FileType.ZReport, 0x02, shift.encode())

    def _shift_record(self) -> ZReportRecord:
        def account(name: str) -> Account:
            return Account(*(self._sum(name, operation) for operation in Operation))

        operations = [each.block.operation for each in self._in_shift]
        numbers = [each.seq for each in self._in_shift]
        return ZReportRecord(
            ordinal=self.shifts + 1,
            open_time=self._opened,
            close_time=self.tick(),
            sales=operations.count(Operation.SALE),
            refunds=operations.count(Operation.REFUND),
            first_receipt=min(numbers, default=0),
            last_receipt=max(numbers, default=0),
            cash=account("cash"),
            card=account("card"),
            vat=account("vat"),
        )

    def _sum(self, name: str, operation: Operation) -> int:
        blocks = [each.block for each in self._in_shift if each.block.operation == operation]
        return sum(int(getattr(block, name)) for block in blocks)
