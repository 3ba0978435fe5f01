"""What operator cases have in common: files taken, files and messages refused, an operator that still serves.

A `Parcel` is a file together with what its AckFile must name; `taken` sends parcels and verifies every
acknowledgement with the operator's public test key (uz-fiscal §17.5). `refused` (a message) and `errored` (a
file) say "not taken" in one way everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from conformance.context import Context
from conformance.drivers.terminal import Issued, Terminal
from conformance.verdicts import AnswerMissing
from reference.protocol.uz.frame import seal_frame
from reference.protocol.uz.message import AckFile, File, FileStatus, Response, StatusCode
from reference.protocol.uz.objects import ZReportFile
from reference.protocol.uz.standin import AckContents, AckKind, StandinError, read_ack_file
from reference.protocol.uz.tlv import element
from reference.protocol.uz.values import encode_bcd8, encode_terminal_id, encode_time

TAKEN = (StatusCode.OK, StatusCode.OKNotice)
REQUEST = 0x8A
QUIET_SECONDS = 0.15
"""Real time after which a peer that keeps silent on purpose is believed to."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file and what its AckFile must be of: `id8` is the receipt number as BCD8, or the close time."""

    file: File
    kind: AckKind
    id8: bytes


def full(issued: Issued, tag: bytes | None = None) -> Parcel:
    """A receipt as a file of its own type."""
    return Parcel(replace(issued.full, tag=tag), AckKind.RECEIPT, encode_bcd8(issued.seq))


def short(issued: Issued, tag: bytes | None = None) -> Parcel:
    """A receipt as a short record."""
    return Parcel(replace(issued.short, tag=tag), AckKind.RECEIPT, encode_bcd8(issued.seq))


def shift(report: ZReportFile, tag: bytes | None = None) -> Parcel:
    """A Z-report."""
    assert report.close_time is not None
    file = replace(Terminal.shift_message_file(report), tag=tag)
    return Parcel(file, AckKind.ZREPORT, encode_time(report.close_time))


# --- files that are taken ------------------------------------------------------------------------------


def answered(ctx: Context, terminal: Terminal | str, *files: File) -> Sequence[AckFile]:
    """The acknowledgements of a message that must be taken as such: one a file, in order, tags echoed."""
    response = ctx.operator.ask(terminal, *files)
    ctx.check_in(TAKEN, response.status.code, "status code", clause="S-11.5")
    ctx.check(len(files), len(response.acks), "number of acknowledgements", clause="OF-10")
    tags = [ack.tag for ack in response.acks]
    ctx.check([file.tag for file in files], tags, "tags of the acknowledgements", clause="OF-10")
    return response.acks


def taken(ctx: Context, terminal: Terminal, *parcels: Parcel) -> list[AckContents]:
    """Send parcels in one message; each must be acknowledged by a genuine AckFile for just this record."""
    acks = answered(ctx, terminal, *(parcel.file for parcel in parcels))
    return [genuine(ctx, terminal.id, parcel, ack) for parcel, ack in zip(parcels, acks, strict=False)]


def genuine(ctx: Context, terminal: str, parcel: Parcel, ack: AckFile) -> AckContents:
    """The contents of an acknowledgement that a module would take for this record."""
    ctx.check(FileStatus.Acknowledge, ack.status, "file status", clause="S-11.5")
    try:
        contents = read_ack_file(ack.body, terminal)
    except StandinError as error:
        ctx.fail(f"no module would take this AckFile: {error}", clause="S-17.5")
    said = (parcel.kind, parcel.id8)
    ctx.check(said, (contents.kind, contents.id8), "record that the AckFile names", clause="S-17.5")
    return contents


def status_of(ctx: Context, terminal: Terminal | str, *files: File) -> list[FileStatus]:
    """File statuses of a message that must be taken as such."""
    return [ack.status for ack in answered(ctx, terminal, *files)]


# --- files that are not --------------------------------------------------------------------------------


def errored(ctx: Context, terminal: Terminal, file: File, clause: str = "OF-19") -> None:
    """The file is answered Error with the name of a trace, and gives the module nothing."""
    ack = _only(ctx, terminal, file)
    ctx.check(FileStatus.Error, ack.status, "file status", clause=clause)
    named = bool(ack.header) and ack.header.isascii()
    ctx.check_that(
        named, "the name of a trace file", ack.header, "header of the acknowledgement", clause=clause
    )
    ctx.check(b"", ack.body, "body of the acknowledgement", clause=clause)


def rejected(ctx: Context, terminal: Terminal, file: File, clause: str = "OF-21") -> None:
    """The file is answered Reject and gives the module nothing."""
    ack = _only(ctx, terminal, file)
    ctx.check(FileStatus.Reject, ack.status, "file status", clause=clause)
    ctx.check(b"", ack.body, "body of the acknowledgement", clause=clause)


def _only(ctx: Context, terminal: Terminal, file: File) -> AckFile:
    acks = answered(ctx, terminal, file)
    return acks[0] if acks else AckFile(FileStatus.Error)


def confirmed(ctx: Context, issued: Issued) -> bool:
    """Whether the operator says that it holds this receipt, by a query for its sign (§11.7)."""
    query = ctx.operator.verify_query(issued.seq, issued.receipt.time, issued.sign)
    return status_of(ctx, issued.terminal, query) == [FileStatus.Acknowledge]


def unstored(ctx: Context, terminal: Terminal, issued: Issued, clause: str) -> None:
    """Nothing stands under this number: its sign is unknown, and the genuine receipt is taken."""
    ctx.step("nothing was stored under this number")
    ctx.check(False, confirmed(ctx, issued), "the sign is known", clause=clause)
    taken(ctx, terminal, full(issued))
    ctx.check(True, confirmed(ctx, issued), "the genuine receipt's sign is known", clause="S-11.7")


# --- messages that are not taken -----------------------------------------------------------------------


def refused(ctx: Context, frame: bytes, *codes: StatusCode, clause: str, finish: bool = False) -> None:
    """The whole message is answered with one of `codes` and no acknowledgement.

    `finish` ends our side of the connection after it, for what an operator may take for half a frame.
    """
    response = answer_to(ctx, frame, finish=finish)
    if response is None:
        names = " or ".join(code.name for code in codes)
        ctx.check_that(False, names, "the connection closed without an answer", "answer", clause=clause)
        return
    ctx.check_in(codes, response.status.code, "status code", clause=clause)
    ctx.check(0, len(response.acks), "number of acknowledgements", clause="OF-10")


def answer_to(ctx: Context, raw: bytes, *, finish: bool = True) -> Response | None:
    """The answer to raw bytes; None when the operator just closes."""
    try:
        answer = ctx.operator.exchange(raw, finish=finish)
    except AnswerMissing:
        return None
    return ctx.operator.decode(answer) if answer else None


def serves(ctx: Context, terminal: Terminal | None = None) -> None:
    """The operator takes a good message afterwards."""
    ctx.step("the operator still serves")
    sender = terminal or ctx.operator.terminal()
    if ctx.can("test-keys"):
        taken(ctx, sender, full(sender.issue()))
        return
    response = ctx.operator.ask(sender, ctx.operator.state_query(bytes(8)))
    ctx.check_that(
        response.status.code < StatusCode.BadMessageSyntax,
        "any answer but that the message is bad",
        response.status.code,
        "answer to a good message",
        clause="S-11.5",
    )


def idle_round(ctx: Context) -> None:
    """A whole exchange on a connection of its own: what was sent on others before has been read by then."""
    frame = ctx.operator.request(ctx.operator.terminal(), [ctx.operator.state_query(bytes(8))]).encode()
    ctx.operator.exchange(frame)


# --- messages by hand ----------------------------------------------------------------------------------


def sender_info(**fields: bytes) -> bytes:
    """A SenderInfo element from its fields name, serial and version."""
    tags = {"name": 0x01, "serial": 0x02, "version": 0x03}
    return element(0x81, b"".join(element(tags[name], value) for name, value in fields.items()))


def file_element(*parts: bytes) -> bytes:
    """A File element around its parts."""
    return element(0x8F, b"".join(parts))


def good_parts(terminal: Terminal, file: File) -> dict[str, bytes]:
    """The four elements of a good message by name, each to be left out, doubled or spoilt."""
    return {
        "terminal": element(0x01, encode_terminal_id(terminal.id)),
        "time": element(0x02, encode_time(terminal.time)),
        "sender": sender_info(name=b"kassalab-judge", version=b"1"),
        "file": file_element(*file_parts(file).values()),
    }


def file_parts(file: File) -> dict[str, bytes]:
    """The elements of a file by name."""
    parts = {
        "type": element(0x01, bytes((file.type,))),
        "version": element(0x02, bytes((file.version,))),
        "header": element(0x03, file.header),
        "body": element(0x04, file.body) if file.body else b"",
        "tag": b"" if file.tag is None else element(0x0F, file.tag),
    }
    return {name: part for name, part in parts.items() if part}


def sealed(*parts: bytes, tag: int = REQUEST) -> bytes:
    """A whole frame with a true checksum around any elements."""
    return seal_frame(tag, b"".join(parts))
