"""What a module and its drive would send, made from the protocol's parts alone: files, requests,
exchanges.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from reference.protocol.uz import gost
from reference.protocol.uz.generate import random_receipt
from reference.protocol.uz.message import (
    AckFile,
    File,
    FileStatus,
    FileType,
    Request,
    Response,
    SenderInfo,
    StatusCode,
    encode_verify_query,
    frame_size,
)
from reference.protocol.uz.objects import Account, ReceiptFile
from reference.protocol.uz.receipt import Item, Receipt, encode_full_receipt
from reference.protocol.uz.standin import (
    AckContents,
    ModuleKeys,
    ReceiptRecord,
    SyncContents,
    ZReportRecord,
    make_receipt_file,
    make_zreport_file,
    module_keys,
    read_ack_file,
    read_sync_file,
)
from reference.protocol.uz.total_block import TotalBlock, total_block_for
from reference.protocol.uz.values import encode_terminal_id

TERMINAL = "ZZ000000000000"
START = datetime(2026, 7, 1, 9, 0, 0)
FULL_TYPES = {
    0: FileType.PurchaseReceipt,
    1: FileType.AdvanceReceipt,
    2: FileType.CreditReceipt,
}


def bread(time: datetime, *, type: int = 0, operation: int = 0, price: int = 500_000) -> Receipt:
    """One loaf, paid in cash."""
    item = Item("Non", spic="01905001001000000", package_code="1234567", amount=1000, price=price, vat=53_571)
    return Receipt(time, price, 0, type, operation, (replace(item, vat_percent=12),))


@dataclass(frozen=True, slots=True)
class Sold:
    """A registered receipt with everything the host then holds."""

    terminal: str
    number: int
    receipt: Receipt
    record: ReceiptRecord
    header: ReceiptFile
    body: bytes
    clear: bytes

    @property
    def sign(self) -> str:
        assert self.record.fiscal_sign is not None
        return self.record.fiscal_sign

    def full(self, tag: bytes | None = None) -> File:
        return File(FULL_TYPES[self.receipt.type], 0x14, self.header.encode(), self.body, tag)

    def short(self, tag: bytes | None = None) -> File:
        return File(FileType.ShortReceipt, 2, self.header.encode(), b"", tag)

    def query(self, **changed: object) -> File:
        values = {"number": self.number, "time": self.record.time, "sign": self.record.fiscal_sign} | changed
        header = encode_verify_query(values["number"], values["time"], values["sign"])  # type: ignore[arg-type]
        return File(FileType.VerifyFiscalSignQuery, 1, header)


@dataclass
class Till:
    """A module that registers without asking anything; whatever it is told goes into its files."""

    terminal: str = TERMINAL
    keys: ModuleKeys | None = None
    rng: Random = field(default_factory=lambda: Random(7))
    number: int = 0
    time: datetime = START
    sold: list[Sold] = field(default_factory=list)
    ordinal: int = 0

    def module(self) -> ModuleKeys:
        return self.keys or module_keys(self.terminal)

    def sell(
        self,
        receipt: Receipt | None = None,
        number: int | None = None,
        *,
        signed: ReceiptRecord | None = None,
        block: TotalBlock | None = None,
    ) -> Sold:
        """Register a receipt, a random one by default; `signed` or `block` put other values into the
        record.
        """
        self.time += timedelta(seconds=1)
        self.number = self.number + 1 if number is None else number
        receipt = receipt or random_receipt(self.rng, self.time)
        keys = self.module()
        clear = gost.pad(encode_full_receipt(receipt))
        key = keys.cipher_key(self.terminal, self.number)
        sign = keys.fiscal_sign(self.terminal, self.number) if receipt.type == 0 else None
        record = signed or ReceiptRecord.of_block(block or total_block_for(receipt, clear), sign, key)
        header = make_receipt_file(keys, self.terminal, self.number, record)
        body = gost.encrypt(record.cipher_key, clear)
        self.sold.append(Sold(self.terminal, self.number, receipt, record, header, body, clear))
        return self.sold[-1]

    def bread(self, *, type: int = 0, operation: int = 0, number: int | None = None) -> Sold:
        """Sell one loaf at the till's next second."""
        return self.sell(bread(self.time + timedelta(seconds=1), type=type, operation=operation), number)

    def close(self, **changed: object) -> tuple[File, ZReportRecord]:
        """The Z-report over everything sold so far; `changed` fields lie."""
        self.time += timedelta(seconds=1)
        self.ordinal += 1
        records = [sold.record for sold in self.sold]
        sales = [record for record in records if record.operation == 0]
        refunds = [record for record in records if record.operation == 1]

        def account(name: str) -> Account:
            return Account(*(sum(getattr(r, name) for r in kind) for kind in (sales, refunds)))

        record = ZReportRecord(
            ordinal=self.ordinal,
            open_time=START,
            close_time=self.time,
            sales=len(sales),
            refunds=len(refunds),
            first_receipt=self.sold[0].number if self.sold else 0,
            last_receipt=self.sold[-1].number if self.sold else 0,
            cash=account("cash"),
            card=account("card"),
            vat=account("vat"),
        )
        record = replace(record, **changed)  # type: ignore[arg-type]
        return self.zfile(record), record

    def zfile(self, record: ZReportRecord, tag: bytes | None = None) -> File:
        header = make_zreport_file(self.module(), self.terminal, record).encode()
        return File(FileType.ZReport, 2, header, b"", tag)

    def sync(self, challenge: bytes = b"challeng", tag: bytes | None = None) -> File:
        return File(FileType.SyncStateQuery, 1, challenge, b"", tag)

    def unsigned(self, receipt: Receipt, type: int | None = None) -> File:
        """An advance or credit receipt as a generation-1 dialect sends it (G1-Z-09)."""
        kind = receipt.type if type is None else type
        header = ReceiptFile(self.terminal, type=receipt.type).encode()
        return File(FULL_TYPES[kind], 0x14, header, gost.pad(encode_full_receipt(receipt)))

    def request(self, *files: File) -> Request:
        return Request(self.terminal, self.time, SenderInfo("till", "1", "1.0"), files)


def raw_request(terminal: str, *files: bytes) -> bytes:
    """A request whose File elements are given as bytes, for malformed ones."""
    from reference.protocol.uz.frame import seal_frame
    from reference.protocol.uz.tlv import element
    from reference.protocol.uz.values import encode_time

    parts = [element(1, encode_terminal_id(terminal)), element(2, encode_time(START)), element(0x81, b"")]
    return seal_frame(0x8A, b"".join(parts + [element(0x8F, file) for file in files]))


def statuses(response: Response) -> list[FileStatus]:
    assert response.status.code is StatusCode.OK, response.status
    return [ack.status for ack in response.acks]


def ack_of(ack: AckFile, terminal: str = TERMINAL) -> AckContents:
    assert ack.status is FileStatus.Acknowledge, ack
    return read_ack_file(ack.body, terminal)


def sync_of(response: Response, challenge: bytes = b"challeng", terminal: str = TERMINAL) -> SyncContents:
    (ack,) = response.acks
    return read_sync_file(ack.body, terminal, challenge)


class Line:
    """A plain socket to the message port; answers are read as the frames they are."""

    def __init__(self, port: int, timeout: float = 20.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._held = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self) -> Response | None:
        """The next answer, None when the operator has closed."""
        while True:
            size = frame_size(self._held)
            if size is not None and len(self._held) >= size:
                frame, self._held = self._held[:size], self._held[size:]
                return Response.decode(frame)
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._held += data

    def ask(self, request: Request) -> Response:
        self.send(request.encode())
        response = self.read()
        assert response is not None, "closed without an answer"
        return response

    def closed(self) -> bool:
        """Waits for the operator to close; False when it sends something instead."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
