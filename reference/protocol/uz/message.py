"""Messages between a fiscal drive and the operator, version 6 (uz-fiscal §11).

A frame is version byte, one TLV element, CRC-32C. The host sends a `Request` full of files and gets a
`Response` with one acknowledgement a file. `frame_size` tells a reader when a frame is complete; `decode`
then checks it in the order of OF-18 and raises the MessageError whose code the operator answers. What only
a ledger can know (NotFound, NotActive, the files themselves) is left to the operator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Self, TypeVar

from reference.protocol.uz.errors import CodecError, MessageError
from reference.protocol.uz.frame import MAX_MESSAGE, VERSION, Level, frame_size, open_frame, seal_frame
from reference.protocol.uz.message_codes import FileStatus, FileType, StatusCode
from reference.protocol.uz.tlv import element
from reference.protocol.uz.values import (
    decode_bcd8,
    decode_byte,
    decode_sign,
    decode_terminal_id,
    decode_time,
    encode_bcd8,
    encode_byte,
    encode_sign,
    encode_terminal_id,
    encode_time,
)

__all__ = [
    "MAX_FILES",
    "MAX_MESSAGE",
    "VERSION",
    "AckFile",
    "File",
    "FileStatus",
    "FileType",
    "Request",
    "Response",
    "SenderInfo",
    "StatusCode",
    "StatusInfo",
    "VerifyQuery",
    "decode_verify_query",
    "encode_verify_query",
    "frame_size",
]

Message = TypeVar("Message")

MAX_FILES: Final = 32
"""Files in one message (uz-fiscal OF-14, CL-01)."""
REQUEST_TAG: Final = 0x8A
RESPONSE_TAG: Final = 0x8B
MAX_FILE_TAG: Final = 32
MAX_NOTICE: Final = 1024

_SENDER_TAG: Final = 0x81
_STATUS_TAG: Final = 0x81
_FILE_TAG: Final = 0x8F
_ACK_TAG: Final = 0x8E


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """Who sends: ASCII, name of at most 32 characters, serial and version of at most 64."""

    name: str = ""
    serial: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a request: type and version as bytes, since unknown ones must be answered, not refused.

    `tag`, at most 32 bytes, comes back with the acknowledgement; None means none.
    """

    type: int
    version: int
    header: bytes
    body: bytes = b""
    tag: bytes | None = None


@dataclass(frozen=True, slots=True)
class StatusInfo:
    """The answer to the message as a whole; `reason` explains NotActive, `notice` is for the cashier."""

    code: StatusCode
    reason: int = 0
    notice: str = ""


@dataclass(frozen=True, slots=True)
class AckFile:
    """The answer to one file: `body` is for the module, `header` a trace name or an id (uz-fiscal §11.3)."""

    status: FileStatus
    header: bytes = b""
    body: bytes = b""
    tag: bytes | None = None


# --- request ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """What a drive sends: whose module, the host's Tashkent time just before sending, who, and the files."""

    terminal_id: str
    time: datetime
    sender: SenderInfo
    files: tuple[File, ...]

    def encode(self) -> bytes:
        """Return the whole frame; CodecError for a value that has no place in its field (uz-fiscal §11.2)."""
        parts = [
            element(0x01, encode_terminal_id(self.terminal_id)),
            element(0x02, encode_time(self.time)),
            element(_SENDER_TAG, _encode_sender(self.sender)),
        ]
        parts += [element(_FILE_TAG, _encode_file(file)) for file in self.files]
        return seal_frame(REQUEST_TAG, b"".join(parts))

    @classmethod
    def decode(cls, frame: bytes, *, max_size: int = MAX_MESSAGE, max_files: int = MAX_FILES) -> Self:
        """Return the request in a whole frame, checked in the order 66, 64, 67, 65, 68 (uz-fiscal OF-18).

        Unknown tags are skipped. Raises MessageError with that status code.
        """
        found = open_frame(frame, REQUEST_TAG, (_SENDER_TAG, _FILE_TAG), max_size)
        request = _structure(lambda: cls._from(found))
        if len(request.files) > max_files:
            raise MessageError(
                f"{len(request.files)} files, at most {max_files}",
                code=StatusCode.TooManyFiles,
                clause="uz-fiscal OF-14",
            )
        return request

    @classmethod
    def _from(cls, found: Level) -> Self:
        request = cls(
            terminal_id=decode_terminal_id(found.one(0x01, "TerminalID")),
            time=decode_time(found.one(0x02, "time")),
            sender=_decode_sender(found.part(_SENDER_TAG, "SenderInfo")),
            files=tuple(_decode_file(file) for file in found.parts(_FILE_TAG)),
        )
        if not request.files:
            raise CodecError("no file", field="File", clause="uz-fiscal OF-12")
        return request


def _encode_sender(sender: SenderInfo) -> bytes:
    parts = []
    for tag, name, limit in _SENDER_FIELDS:
        value: str = getattr(sender, name)
        if not value.isascii() or len(value) > limit:
            raise CodecError(
                f"{value!r} is not at most {limit} ASCII characters", field=name, clause="uz-fiscal §11.2"
            )
        if value:
            parts.append(element(tag, value.encode("ascii")))
    return b"".join(parts)


_SENDER_FIELDS: Final = ((0x01, "name", 32), (0x02, "serial", 64), (0x03, "version", 64))


def _decode_sender(found: Level) -> SenderInfo:
    values = {}
    for tag, name, limit in _SENDER_FIELDS:
        raw = found.maybe(tag, name) or b""
        if not raw.isascii() or len(raw) > limit:
            raise CodecError(
                f"{raw!r} is not at most {limit} ASCII characters", field=name, clause="uz-fiscal §11.2"
            )
        values[name] = raw.decode("ascii")
    return SenderInfo(**values)


def _encode_file(file: File) -> bytes:
    parts = [
        element(0x01, encode_byte(file.type, "type")),
        element(0x02, encode_byte(file.version, "version")),
        element(0x03, file.header),
    ]
    if file.body:
        parts.append(element(0x04, file.body))
    return b"".join(parts) + _encode_file_tag(file.tag)


def _decode_file(found: Level) -> File:
    return File(
        type=decode_byte(found.one(0x01, "type"), "type"),
        version=decode_byte(found.one(0x02, "version"), "version"),
        header=found.one(0x03, "header"),
        body=found.maybe(0x04, "body") or b"",
        tag=_file_tag(found),
    )


# --- response --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Response:
    """What the operator answers: the status and, if it is OK or OKNotice, an ack a file in order (OF-10)."""

    status: StatusInfo
    acks: tuple[AckFile, ...] = ()

    def encode(self) -> bytes:
        """Return the whole frame; a notice is cut to 1024 bytes of UTF-8 (uz-fiscal §11.3)."""
        status = element(0x01, encode_byte(self.status.code)) + element(0x02, encode_byte(self.status.reason))
        notice = self.status.notice.encode()[:MAX_NOTICE].decode(errors="ignore")
        if notice:
            status += element(0x03, notice.encode())
        acks = (element(_ACK_TAG, _encode_ack(ack)) for ack in self.acks)
        return seal_frame(RESPONSE_TAG, element(_STATUS_TAG, status) + b"".join(acks))

    @classmethod
    def decode(cls, frame: bytes, *, max_size: int = MAX_MESSAGE) -> Self:
        """Return the response in a whole frame; MessageError as for a request, also for an unknown code."""
        found = open_frame(frame, RESPONSE_TAG, (_STATUS_TAG, _ACK_TAG), max_size)
        return _structure(lambda: cls._from(found))

    @classmethod
    def _from(cls, found: Level) -> Self:
        status = found.part(_STATUS_TAG, "StatusInfo")
        notice = status.maybe(0x03, "notice") or b""
        try:
            info = StatusInfo(
                code=StatusCode(decode_byte(status.one(0x01, "code"), "code")),
                reason=decode_byte(status.one(0x02, "reason"), "reason"),
                notice=notice.decode(),
            )
            return cls(info, tuple(_decode_ack(ack) for ack in found.parts(_ACK_TAG)))
        except ValueError as error:
            raise CodecError(str(error), field="StatusInfo", clause="uz-fiscal §11.5") from None


def _encode_ack(ack: AckFile) -> bytes:
    parts = [element(0x01, encode_byte(ack.status))]
    if ack.header:
        parts.append(element(0x02, ack.header))
    if ack.body:
        parts.append(element(0x03, ack.body))
    return b"".join(parts) + _encode_file_tag(ack.tag)


def _decode_ack(found: Level) -> AckFile:
    return AckFile(
        status=FileStatus(decode_byte(found.one(0x01, "status"), "status")),
        header=found.maybe(0x02, "header") or b"",
        body=found.maybe(0x03, "body") or b"",
        tag=_file_tag(found),
    )


# --- what both share -------------------------------------------------------------------------------


def _structure(read: Callable[[], Message]) -> Message:
    try:
        return read()
    except CodecError as error:
        raise MessageError(
            str(error), code=StatusCode.BadMessageStruct, clause=error.clause or "uz-fiscal OF-12"
        ) from None


def _encode_file_tag(tag: bytes | None) -> bytes:
    if tag is None:
        return b""
    if len(tag) > MAX_FILE_TAG:
        raise CodecError(f"{len(tag)} bytes, at most {MAX_FILE_TAG}", field="tag", clause="uz-fiscal §11.2")
    return element(0x0F, tag)


def _file_tag(found: Level) -> bytes | None:
    tag = found.maybe(0x0F, "tag")
    if tag is not None and len(tag) > MAX_FILE_TAG:
        raise CodecError(f"{len(tag)} bytes, at most {MAX_FILE_TAG}", field="tag", clause="uz-fiscal §11.2")
    return tag


# --- the query for a fiscal sign (uz-fiscal §11.7) -------------------------------------------------


class VerifyQuery(NamedTuple):
    """The four values of a receipt whose sign is asked about."""

    terminal_id: str
    receipt_seq: int
    time: datetime
    fiscal_sign: str


def encode_verify_query(receipt_seq: int, time: datetime, fiscal_sign: str) -> bytes:
    """Return the 22-byte header; the original receipt's terminal then stands in the request itself."""
    return encode_bcd8(receipt_seq, "ReceiptSeq") + encode_time(time) + encode_sign(fiscal_sign)


def decode_verify_query(header: bytes, terminal_id: str) -> VerifyQuery:
    """Return the query in a header of 22 bytes, for the request's terminal, or of 30, which names its own.

    Raises CodecError for another length or a value that is none.
    """
    if len(header) == 30:
        terminal_id, header = decode_terminal_id(header[:8]), header[8:]
    if len(header) != 22:
        raise CodecError(f"{len(header)} bytes, not 22 or 30", field="header", clause="uz-fiscal §11.7")
    return VerifyQuery(
        terminal_id,
        decode_bcd8(header[:8], "ReceiptSeq"),
        decode_time(header[8:16], "DateTime"),
        decode_sign(header[16:]),
    )
