"""Messages with two faults at once: which of them is told (uz-fiscal OF-18)."""

from __future__ import annotations

from collections.abc import Callable

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.terminal import Terminal
from conformance.suites.uz.operator.exchange import (
    full,
    good_parts,
    refused,
    sealed,
    serves,
    short,
    taken,
)
from reference.protocol.uz.message import File, StatusCode
from reference.protocol.uz.tlv import element, encode_length
from reference.protocol.uz.values import encode_terminal_id

STRANGER = "UZ724549167320"
FOREIGN = element(0x01, encode_terminal_id(STRANGER))


def _spoilt(frame: bytes) -> bytes:
    return frame[:-4] + bytes(byte ^ 0x5A for byte in frame[-4:])


def _many(terminal: Terminal, changes: dict[str, bytes]) -> bytes:
    """A frame of 33 state queries with some of its elements replaced."""
    parts = good_parts(terminal, File(0xC9, 1, bytes(8)))
    return sealed(*(parts | changes).values(), *(parts["file"],) * 32)


def _too_big_unreadable(_: Terminal) -> bytes:
    size = (1 << 20) + 1
    return b"\x06\x8a" + encode_length(size) + b"\x01\xff\xff\x7f" + b"\xff" * 64


def _unreadable_wrong_checksum(_: Terminal) -> bytes:
    return _spoilt(sealed(element(0x01, bytes(8)), b"\x02\x7f"))


def _wrong_checksum_bad_structure(terminal: Terminal) -> bytes:
    return _spoilt(sealed(good_parts(terminal, File(0xC9, 1, bytes(8)))["terminal"]))


def _wrong_checksum_response(_: Terminal) -> bytes:
    return _spoilt(sealed(element(0x81, b"\x01\x01\x00\x02\x01\x00"), tag=0x8B))


def _bad_structure_too_many(terminal: Terminal) -> bytes:
    return _many(terminal, {"time": b""})


def _bad_file_too_many(terminal: Terminal) -> bytes:
    return _many(terminal, {"file": element(0x8F, element(0x01, b"\xc9"))})


def _too_many_stranger(terminal: Terminal) -> bytes:
    return _many(terminal, {"terminal": FOREIGN})


def _wrong_checksum_stranger(terminal: Terminal) -> bytes:
    parts = good_parts(terminal, File(0xC9, 1, bytes(8))) | {"terminal": FOREIGN}
    return _spoilt(sealed(*parts.values()))


def _bad_structure_stranger(terminal: Terminal) -> bytes:
    parts = good_parts(terminal, File(0xC9, 1, bytes(8))) | {"terminal": FOREIGN, "time": b""}
    return sealed(*parts.values())


def _stranger_bad_file(terminal: Terminal) -> bytes:
    parts = good_parts(terminal, File(0x77, 0x77, b"no header")) | {"terminal": FOREIGN}
    return sealed(*parts.values())


@family(
    "uz.operator.order.{key}",
    rows={
        "size-before-syntax": (_too_big_unreadable, StatusCode.TooBigMessage),
        "syntax-before-checksum": (_unreadable_wrong_checksum, StatusCode.BadMessageSyntax),
        "checksum-before-structure": (_wrong_checksum_bad_structure, StatusCode.BadMessageCRC32),
        "checksum-before-element": (_wrong_checksum_response, StatusCode.BadMessageCRC32),
        "checksum-before-terminal": (_wrong_checksum_stranger, StatusCode.BadMessageCRC32),
        "structure-before-count": (_bad_structure_too_many, StatusCode.BadMessageStruct),
        "file-structure-before-count": (_bad_file_too_many, StatusCode.BadMessageStruct),
        "structure-before-terminal": (_bad_structure_stranger, StatusCode.BadMessageStruct),
        "count-before-terminal": (_too_many_stranger, StatusCode.TooManyFiles),
        "terminal-before-files": (_stranger_bad_file, StatusCode.NotFound),
    },
    target="operator",
    clauses=["OF-18"],
    requirements=["UZ-OFD-01"],
    description="A message has two faults, and one of them has to be told first: {key}.",
    expectation=lambda row: f"{row[1].name}, and no acknowledgement.",
)
def two_faults(ctx: Context, row: tuple[Callable[[Terminal], bytes], StatusCode]) -> None:
    """Each fault alone has its own case elsewhere."""
    make, code = row
    refused(ctx, make(ctx.operator.terminal()), code, clause="OF-18")
    serves(ctx)


@case(
    "uz.operator.order.count-before-block",
    target="operator",
    clauses=["OF-18", "OF-17"],
    requirements=["UZ-OFD-01"],
    needs=["control", "test-keys"],
    description="A blocked module sends 33 files.",
    expectation="TooManyFiles; with 32 of them NotActive.",
)
def count_before_block(ctx: Context) -> None:
    """A client that must send fewer has to learn so even while it is blocked."""
    terminal = ctx.operator.terminal()
    files = [short(terminal.issue()).file for _ in range(33)]
    ctx.control.do("block", terminal=terminal.id, reason=1, notice="")
    request = ctx.operator.request
    refused(ctx, request(terminal, files).encode(), StatusCode.TooManyFiles, clause="OF-18")
    refused(ctx, request(terminal, files[:32]).encode(), StatusCode.NotActive, clause="OF-17")


@case(
    "uz.operator.order.unknown-before-block",
    target="operator",
    clauses=["OF-18", "OF-16"],
    requirements=["UZ-OFD-01", "UZ-OFF-05"],
    needs=["control", "test-keys"],
    description="A module that is marked unknown and blocked sends a receipt.",
    expectation="NotFound; NotActive once it is known again.",
)
def unknown_before_block(ctx: Context) -> None:
    """Who is unknown cannot have been blocked."""
    terminal = ctx.operator.terminal()
    frame = ctx.operator.request(terminal, [terminal.issue().full]).encode()
    ctx.control.do("block", terminal=terminal.id, reason=2, notice="")
    ctx.control.do("mark-unknown", terminal=terminal.id, unknown=True)
    refused(ctx, frame, StatusCode.NotFound, clause="OF-18")
    ctx.control.do("mark-unknown", terminal=terminal.id, unknown=False)
    refused(ctx, frame, StatusCode.NotActive, clause="OF-18")


@case(
    "uz.operator.order.block-before-files",
    target="operator",
    clauses=["OF-18", "OF-17"],
    requirements=["UZ-OFD-01", "UZ-OFF-05"],
    needs=["control", "test-keys"],
    description="A blocked module sends a file of an unknown type and a receipt with a broken signature.",
    expectation="NotActive without acknowledgements: nobody looks at the files.",
)
def block_before_files(ctx: Context) -> None:
    """After the block the files are answered one by one."""
    terminal = ctx.operator.terminal()
    files = [File(0x77, 1, b"x"), File(0x03, 0x02, b"no header")]
    ctx.control.do("block", terminal=terminal.id, reason=3, notice="")
    frame = ctx.operator.request(terminal, files).encode()
    refused(ctx, frame, StatusCode.NotActive, clause="OF-18")
    ctx.control.do("unblock", terminal=terminal.id)
    statuses = [int(ack.status) for ack in ctx.operator.ask_frame(frame).acks]
    ctx.check([3, 2], statuses, "file statuses after the block", clause="OF-18")
    taken(ctx, terminal, full(terminal.issue()))
