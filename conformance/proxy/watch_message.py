"""Judges of the operator's wire in Uzbekistan: the operator by its answers, the host by its requests
(uz-fiscal §11).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Final

from conformance.proxy.units import Side, Unit
from conformance.proxy.watching import Finding, Pairing, Talk
from reference.protocol.uz import message, standin
from reference.protocol.uz.errors import MessageError, UzError
from reference.protocol.uz.message import AckFile, File, FileStatus, FileType, Request, Response, StatusCode
from reference.protocol.uz.objects import ReceiptFile, ZReportFile
from reference.protocol.uz.values import encode_bcd8, encode_time

_GOOD: Final = (StatusCode.OK, StatusCode.OKNotice)
_ANY_TIME: Final = (StatusCode.RetrySend, StatusCode.TooBigMessage)
"""Answers an operator may give whatever was sent: it is busy, or its limit is set lower (OF-15)."""
_FULL: Final = (FileType.PurchaseReceipt, FileType.AdvanceReceipt, FileType.CreditReceipt)
_RECEIPTS: Final = (*_FULL, FileType.ShortReceipt)


class OperatorWatcher(Pairing):
    """Judges an operator by its answers to the requests that reached it."""

    judges = Side.RESPONSE

    def __init__(self) -> None:
        super().__init__()
        self._acknowledged: dict[tuple[str, bytes], bytes] = {}

    def forget(self) -> None:
        """No acknowledgement is known."""
        self._acknowledged.clear()

    def answered(self, talk: Talk, response: Unit) -> Iterator[Finding]:
        """Judge one answer."""
        request = talk.request
        if request is None:
            yield Finding("OF-01", "the operator speaks without being asked", "no bytes", response.title)
            return
        if not isinstance(response.value, Response):
            yield Finding("OF-02", f"the answer cannot be read: {response.trouble}", "8b", response.raw.hex())
            return
        answer = response.value
        fault = _fault(request)
        if fault is not None:
            allowed = (fault.code, *_ANY_TIME)
            if answer.status.code not in allowed:
                yield Finding(_bare(fault.clause), str(fault), fault.code.name, answer.status.code.name)
            return
        assert isinstance(request.value, Request)
        yield from self._judge(request.value, answer)

    def _judge(self, request: Request, answer: Response) -> Iterator[Finding]:
        code = answer.status.code
        if code not in _GOOD:
            if answer.acks:
                yield Finding("OF-10", f"{code.name} with acknowledgements", "none", str(len(answer.acks)))
            return
        if not request.terminal_id.startswith("ZZ"):
            yield Finding("OF-16", f"terminal {request.terminal_id} is served", "NotFound", code.name)
        if len(answer.acks) != len(request.files):
            text = f"{len(request.files)} files were sent"
            yield Finding("OF-10", text, f"{len(request.files)} acknowledgements", str(len(answer.acks)))
            return
        for place, (file, ack) in enumerate(zip(request.files, answer.acks, strict=True)):
            yield from self._judge_file(request.terminal_id, place, file, ack)

    def _judge_file(self, terminal: str, place: int, file: File, ack: AckFile) -> Iterator[Finding]:
        where = f"file {place} of {terminal}"
        if ack.tag != file.tag:
            yield Finding("OF-10", f"{where}: the tag is not echoed", _hex(file.tag), _hex(ack.tag))
        known = _known_type(file)
        if known is None:
            if ack.status is not FileStatus.UnrecognizedType:
                text = f"{where}: type {file.type:02x} of version {file.version:02x}"
                yield Finding("OF-23", text, "UnrecognizedType", FileStatus(ack.status).name)
            return
        if ack.status is not FileStatus.Acknowledge:
            return
        number = _id8(file, known)
        if number is not None:
            yield from self._judge_ack(terminal, where, known, number, file, ack)
        elif known is FileType.SyncStateQuery:
            yield from _judge_sync(terminal, where, file, ack)

    def _judge_ack(
        self, terminal: str, where: str, kind: FileType, number: bytes, file: File, ack: AckFile
    ) -> Iterator[Finding]:
        try:
            said = standin.read_ack_file(ack.body)
        except UzError as error:
            yield Finding(
                "S-17.5", f"{where}: the AckFile cannot be read: {error}", "90 bytes", ack.body.hex()
            )
            return
        wanted = standin.AckKind.ZREPORT if kind is FileType.ZReport else standin.AckKind.RECEIPT
        if (said.terminal_id, said.kind, said.id8) != (terminal, wanted, number):
            expected = f"{wanted.name} {terminal} {number.hex()}"
            observed = f"{said.kind.name} {said.terminal_id} {said.id8.hex()}"
            clause = "FM-A-01" if said.terminal_id != terminal else "S-17.5"
            yield Finding(clause, f"{where}: the AckFile is for another record", expected, observed)
        if kind in _FULL:
            content = sha256(file.body).digest()
            if self._acknowledged.setdefault((terminal, number), content) != content:
                text = f"{where}: receipt {number.hex()} was acknowledged with other content before"
                yield Finding("OF-21", text, "Reject", "Acknowledge")


class HostWatcher(Pairing):
    """Judges a fiscal drive by the requests it sends."""

    judges = Side.REQUEST

    def forget(self) -> None:
        """There is nothing to forget: requests are judged one by one."""

    def asked(self, request: Unit) -> Iterator[Finding]:
        """Judge one request."""
        if not isinstance(request.value, Request):
            fault = _fault(request)
            clause = _bare(fault.clause) if fault is not None else "OF-02"
            yield Finding(clause, f"the request cannot be read: {request.trouble}", "8a", request.raw.hex())
            return
        sent = request.value
        if len(sent.files) > message.MAX_FILES:
            yield Finding(
                "CL-01", "too many files in a message", f"at most {message.MAX_FILES}", str(len(sent.files))
            )
        for place, file in enumerate(sent.files):
            yield from _judge_sent(sent.terminal_id, place, file)


def _judge_sent(terminal: str, place: int, file: File) -> Iterator[Finding]:
    known = _known_type(file)
    where = f"file {place} of {terminal}"
    if known is None:
        yield Finding(
            "S-11.4", f"{where}: type and version", "one of the table", f"{file.type:02x} {file.version:02x}"
        )
        return
    if known in (FileType.VerifyFiscalSignQuery, FileType.SyncStateQuery):
        sizes = (8,) if known is FileType.SyncStateQuery else (22, 30)
        if len(file.header) not in sizes:
            yield Finding(
                "S-11.4", f"{where}: header of {known.name}", f"{sizes} bytes", str(len(file.header))
            )
        return
    kind = ZReportFile if known is FileType.ZReport else ReceiptFile
    try:
        owner = kind.decode(file.header).terminal_id
    except UzError as error:
        yield Finding(
            "S-11.4", f"{where}: the header cannot be read: {error}", kind.__name__, file.header.hex()
        )
        return
    if owner != terminal:
        yield Finding("S-11.4", f"{where}: the record is another module's", terminal, str(owner))
    if bool(file.body) != (known in _FULL):
        expected = "a body" if known in _FULL else "no body"
        yield Finding("S-11.4", f"{where}: {known.name}", expected, f"{len(file.body)} bytes")


def _judge_sync(terminal: str, where: str, file: File, ack: AckFile) -> Iterator[Finding]:
    try:
        said = standin.read_sync_file(ack.body)
    except UzError as error:
        yield Finding("S-17.6", f"{where}: the SyncFile cannot be read: {error}", "90 bytes", ack.body.hex())
        return
    if (said.terminal_id, said.challenge) != (terminal, file.header):
        expected, observed = f"{terminal} {file.header.hex()}", f"{said.terminal_id} {said.challenge.hex()}"
        yield Finding("S-11.8", f"{where}: the SyncFile is for another query", expected, observed)


def _fault(request: Unit) -> MessageError | None:
    """What is wrong with a request by the operator's own order of checks (OF-18), None for nothing."""
    try:
        Request.decode(request.raw)
    except MessageError as error:
        return error
    return None


def _known_type(file: File) -> FileType | None:
    with suppress(ValueError):
        kind = FileType(file.type)
        if kind.file_version == file.version:
            return kind
    return None


def _id8(file: File, kind: FileType) -> bytes | None:
    """The eight bytes by which an AckFile names the record, None where there is no record."""
    with suppress(UzError):
        if kind is FileType.ZReport:
            time = ZReportFile.decode(file.header).close_time
            return encode_time(time) if time is not None else None
        if kind in _RECEIPTS:
            number = ReceiptFile.decode(file.header).receipt_seq
            return encode_bcd8(number, "ReceiptSeq") if number is not None else None
    return None


def _bare(clause: str | None) -> str:
    return (clause or "OF-12").rpartition(" ")[2]


def _hex(tag: bytes | None) -> str:
    return "no tag" if tag is None else tag.hex()
