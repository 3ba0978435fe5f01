"""A module in memory behind the Link interface, and an operator in memory behind the exchange of bytes."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from reference.drive.operator import Operator
from reference.links.address import Endpoint
from reference.links.errors import LinkLost, NoModule
from reference.links.patience import PatienceSpent
from reference.protocol.uz.apdu import ATR_VENDOR
from reference.protocol.uz.message import (
    AckFile,
    File,
    FileStatus,
    FileType,
    Request,
    Response,
    StatusCode,
    StatusInfo,
    decode_verify_query,
)
from reference.protocol.uz.objects import ReceiptFile, ZReportFile
from reference.protocol.uz.standin import (
    AckKind,
    SyncFlags,
    make_ack_file,
    make_sync_file,
    open_receipt_file,
    open_zreport_file,
)
from reference.protocol.uz.values import encode_bcd8, encode_time
from simulator.keys import keys_for
from simulator.module import Module
from simulator.personalisation import first_state, personalise
from simulator.settings import ModuleSettings

TERMINAL = "ZZ000000000000"


def make_module(
    created: datetime, terminal: str = TERMINAL, factory_id: str = "", **settings: object
) -> Module:
    values = {"terminal": terminal, "start_locked": False} | settings
    if factory_id:
        values["factory_id"] = factory_id
    chosen = ModuleSettings.model_validate(values)
    state = first_state(personalise(chosen, created, random.Random(7)))
    return Module(state, keys_for(chosen))


class Card:
    """A link with a module in it. `lose` may break it: called with each command before it is carried out, it
    says "before", "after" or ""."""

    def __init__(self, module: Module | None, name: str = "card:0") -> None:
        self.module = module
        self._name = name
        self.powered = False
        self.opened = 0
        self.commands: list[bytes] = []
        self.lose: Callable[[bytes], str] = lambda _command: ""

    @property
    def name(self) -> str:
        return self._name

    def open(self) -> bytes:
        if self.module is None:
            raise NoModule(f"{self.name}: nothing plugged in")
        self.module.power_up()
        self.powered = True
        self.opened += 1
        return ATR_VENDOR

    def transmit(self, command: bytes) -> bytes:
        if self.module is None or not self.powered:
            raise LinkLost(f"{self.name}: no power")
        self.commands.append(command)
        how = self.lose(command)
        if how != "before":
            answer, changes = self.module.execute(command)
            self.module.apply(changes)
        if how:
            self.powered = False
            raise LinkLost(f"{self.name}: cut {how}")
        return answer

    def close(self) -> None:
        self.powered = False


def losing(prefix: str, how: str, times: int = 1) -> Callable[[bytes], str]:
    """Break the link at the next `times` commands with these first bytes."""
    left = [times]

    def lose(command: bytes) -> str:
        if left[0] and command.hex().startswith(prefix):
            left[0] -= 1
            return how
        return ""

    return lose


class Books:
    """What an operator knows: a ledger by terminal and number, who is blocked, a script of bad answers."""

    def __init__(self) -> None:
        self.receipts: dict[tuple[str, int], bytes] = {}
        self.bodies: dict[tuple[str, int], bytes] = {}
        self.zreports: dict[tuple[str, datetime], bytes] = {}
        self.script: deque[str] = deque()
        self.requests: list[Request] = []
        self.asked: list[str] = []
        self.unreachable: set[str] = set()
        self.blocked = False
        self.sync_flags = SyncFlags.NONE
        self.file_script: dict[int, FileStatus | str] = {}
        self.misnamed: dict[int | datetime, tuple[AckKind, bytes]] = {}
        """By number or close time: what the acknowledgement of that file is made out for instead."""
        self.unsigned: list[File] = []
        self.max_files = 32
        self.max_body = 1 << 30

    def numbers(self, terminal: str = TERMINAL) -> list[int]:
        return sorted(number for owner, number in self.receipts if owner == terminal)

    # --- answering -----------------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        act = self.script.popleft() if self.script else ""
        if act in ("silence-before", "close-before"):
            raise PatienceSpent("no answer for 5 s")
        if act.startswith("code:"):
            code = StatusCode[act[5:]]
            return Response(StatusInfo(code, 1, "pay first" if code == StatusCode.NotActive else ""))
        queries = {FileType.SyncStateQuery, FileType.VerifyFiscalSignQuery}
        if self.blocked and not all(file.type in queries for file in request.files):
            return Response(StatusInfo(StatusCode.NotActive, 2, "unpaid"))
        if len(request.files) > self.max_files:
            return Response(StatusInfo(StatusCode.TooManyFiles))
        if sum(len(file.body) for file in request.files) > self.max_body:
            return Response(StatusInfo(StatusCode.TooBigMessage))
        acks = tuple(self.take(request, file) for file in request.files)
        if act == "lost":
            raise ConnectionResetError("connection reset")
        if act == "fewer":
            return Response(StatusInfo(StatusCode.OK), acks[:-1])
        if act == "notice":
            return Response(StatusInfo(StatusCode.OKNotice, 0, "Tariff ends soon"), acks)
        if act == "bad-acks":
            acks = tuple(AckFile(FileStatus.Acknowledge, body=b"\x01" * 90) for _ in acks)
        return Response(StatusInfo(StatusCode.OK), acks)

    def take(self, request: Request, file: File) -> AckFile:
        terminal = request.terminal_id
        if file.type == FileType.SyncStateQuery:
            return AckFile(
                FileStatus.Acknowledge,
                body=make_sync_file(self.sync_flags, terminal, file.header, request.time),
            )
        if file.type == FileType.VerifyFiscalSignQuery:
            query = decode_verify_query(file.header, terminal)
            known = self.receipts.get((terminal, query.receipt_seq)) == query.fiscal_sign.encode()
            return AckFile(FileStatus.Acknowledge if known else FileStatus.Reject)
        if file.type == FileType.ZReport:
            z = ZReportFile.decode(file.header)
            open_zreport_file(z)
            assert z.close_time is not None
            self.zreports[terminal, z.close_time] = file.header
            return self._ack(z.close_time, terminal, request)
        record_file = ReceiptFile.decode(file.header)
        if record_file.data is None:  # an advance or credit of generation 1 (uz-fiscal G1-Z-09)
            self.unsigned.append(file)
            return AckFile(FileStatus.Acknowledge)
        record = open_receipt_file(record_file)
        number = record_file.receipt_seq
        assert number is not None
        scripted = self.file_script.get(number)
        if isinstance(scripted, FileStatus):
            return AckFile(scripted, header=b"trace-1")
        self.receipts[terminal, number] = (record.fiscal_sign or "").encode()
        if file.type != FileType.ShortReceipt:
            self.bodies[terminal, number] = file.body
        return self._ack(number, terminal, request)

    def _ack(self, name: int | datetime, terminal: str, request: Request) -> AckFile:
        right = (
            (AckKind.RECEIPT, encode_bcd8(name))
            if isinstance(name, int)
            else (AckKind.ZREPORT, encode_time(name))
        )
        kind, id8 = self.misnamed.get(name, right)
        return AckFile(FileStatus.Acknowledge, body=make_ack_file(kind, terminal, id8, request.time))


class StubOperator(Operator):
    """The drive's own client with the socket replaced by `books`; bytes are made and read on both sides."""

    books: Books

    def _ask(
        self, endpoint: Endpoint, make_request: Callable[[], Request], handing_over: Callable[[], None]
    ) -> Response:
        rule = self._faults.hit("operator.connect", address=str(endpoint))
        if rule is not None and rule.action == "refuse":
            raise ConnectionRefusedError("connection refused (fault point operator.connect)")
        self.books.asked.append(str(endpoint))
        if str(endpoint) in self.books.unreachable or "*" in self.books.unreachable:
            raise ConnectionRefusedError("connection refused")
        request = make_request()
        handing_over()
        received = Request.decode(request.encode(), max_files=64)
        return self.read(self.books.answer(received).encode(), len(request.files))


def operator_for(books: Books) -> type[StubOperator]:
    return type("BookedOperator", (StubOperator,), {"books": books})


def sale(time: datetime, price: int = 500_000, **changes: object) -> dict[str, object]:
    """A JSON receipt of one line, paid in cash."""
    receipt: dict[str, object] = {
        "Time": time.strftime("%Y-%m-%d %H:%M:%S"),
        "ReceivedCash": price,
        "ReceivedCard": 0,
        "Type": 0,
        "Operation": 0,
        "Items": [
            {
                "Name": "Non",
                "SPIC": "01905001001000000",
                "PackageCode": "1234567",
                "Units": 1,
                "Amount": 1000,
                "Price": price,
                "VATPercent": 12,
                "VAT": price * 12 // 112,
            }
        ],
    }
    return receipt | changes


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
