"""Frames of message version 6: checksum, lengths, and bytes that are no frame (uz-fiscal §11.1, §11.6)."""

from __future__ import annotations

from collections.abc import Callable

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.operator.exchange import (
    REQUEST,
    answer_to,
    full,
    genuine,
    good_parts,
    refused,
    sealed,
    serves,
    unstored,
)
from reference.protocol.uz.message import StatusCode
from reference.protocol.uz.tlv import element
from reference.protocol.uz.values import crc32c


@case(
    "uz.operator.frame.wrong-checksum",
    target="operator",
    clauses=["OF-13"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A genuine message arrives with one bit of its checksum changed.",
    expectation="BadMessageCRC32, and no acknowledgement.",
)
def wrong_checksum(ctx: Context) -> None:
    """The same message with its true checksum is taken afterwards, so nothing else was wrong with it."""
    operator = ctx.operator
    terminal = operator.terminal()
    issued = terminal.issue()
    frame = operator.request(terminal, [issued.full]).encode()
    ctx.step("send it with a changed checksum")
    refused(ctx, frame[:-1] + bytes((frame[-1] ^ 1,)), StatusCode.BadMessageCRC32, clause="OF-13")
    unstored(ctx, terminal, issued, "OF-13")


def _rewritten(frame: bytes, checksum: bytes) -> bytes:
    return frame[:-4] + checksum


Rewrite = Callable[[bytes], bytes]

WRONG_CHECKSUMS: dict[str, Rewrite] = {
    "little-endian": lambda frame: _rewritten(frame, frame[:-5:-1]),
    "without-the-version": lambda frame: _rewritten(frame, crc32c(frame[1:-4]).to_bytes(4, "big")),
    "not-inverted": lambda frame: _rewritten(frame, bytes(byte ^ 0xFF for byte in frame[-4:])),
    "zero": lambda frame: _rewritten(frame, bytes(4)),
    "content-changed": lambda frame: frame[:-12] + bytes((frame[-12] ^ 0x10,)) + frame[-11:],
}
"""Ways to get a frame's checksum wrong."""


@family(
    "uz.operator.frame.checksum.{key}",
    rows=WRONG_CHECKSUMS,
    target="operator",
    clauses=["OF-13", "OF-02"],
    requirements=["UZ-OFD-01"],
    description="A message whose checksum is wrong in a way that programs get it wrong: {key}.",
    expectation="BadMessageCRC32, and no acknowledgement.",
)
def other_checksum(ctx: Context, spoil: Rewrite) -> None:
    """The last element is a challenge, so a changed byte in it leaves the message readable."""
    query = ctx.operator.state_query(bytes(range(1, 9)))
    frame = ctx.operator.request(ctx.operator.terminal(), [query]).encode()
    refused(ctx, spoil(frame), StatusCode.BadMessageCRC32, clause="OF-13")
    serves(ctx)


@case(
    "uz.operator.frame.longer-lengths",
    target="operator",
    clauses=["TLV-02"],
    needs=["test-keys"],
    description="The element's length is written in three bytes where fewer would do.",
    expectation="The message is read like any other.",
)
def longer_lengths(ctx: Context) -> None:
    """Writers use the shortest form, readers accept longer ones."""
    terminal = ctx.operator.terminal()
    parcel = full(terminal.issue())
    value = b"".join(good_parts(terminal, parcel.file).values())
    size = len(value)
    length = bytes((size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14))
    content = bytes((6, REQUEST)) + length + value
    response = ctx.operator.ask_frame(content + crc32c(content).to_bytes(4, "big"))
    ctx.check(StatusCode.OK, response.status.code, "status code", clause="TLV-02")
    genuine(ctx, terminal.id, parcel, response.acks[0])


@case(
    "uz.operator.frame.unknown-tags",
    target="operator",
    clauses=["TLV-04"],
    needs=["test-keys"],
    description="A message holds tags that no table knows: beside the files, in one, in the sender's data.",
    expectation="They are passed over, and the file is taken.",
)
def unknown_tags(ctx: Context) -> None:
    """What a later version adds must not stop an operator of this one."""
    terminal = ctx.operator.terminal()
    parcel = full(terminal.issue())
    parts = good_parts(terminal, parcel.file)
    stranger, nested = element(0x6E, b"later"), element(0xEE, element(0x01, b"deep"))
    parts["sender"] = element(0x81, element(0x01, b"judge") + stranger + nested)
    parts["file"] = element(0x8F, stranger + parts["file"][_head(parts["file"]) :] + nested)
    response = ctx.operator.ask_frame(sealed(stranger, *parts.values(), nested))
    ctx.check(StatusCode.OK, response.status.code, "status code", clause="TLV-04")
    genuine(ctx, terminal.id, parcel, response.acks[0])


def _head(data: bytes) -> int:
    """Size of an element's tag and length."""
    return 2 + next(at for at, byte in enumerate(data[1:4]) if byte < 0x80)


@case(
    "uz.operator.frame.padding",
    target="operator",
    clauses=["TLV-03"],
    needs=["test-keys"],
    description="Tag 00 and bytes of no meaning stand behind the last file of a message.",
    expectation="What follows tag 00 is padding, and the file is taken.",
)
def padding(ctx: Context) -> None:
    """The checksum covers the padding."""
    terminal = ctx.operator.terminal()
    parcel = full(terminal.issue())
    response = ctx.operator.ask_frame(sealed(*good_parts(terminal, parcel.file).values(), b"\0\xff\x8f\x7f"))
    ctx.check(StatusCode.OK, response.status.code, "status code", clause="TLV-03")
    genuine(ctx, terminal.id, parcel, response.acks[0])


NO_FRAMES = {
    "version-00": b"\x00" + sealed(element(0x01, bytes(8)))[1:],
    "version-05": b"\x05" + sealed(element(0x01, bytes(8)))[1:],
    "version-07": b"\x07" + sealed(element(0x01, bytes(8)))[1:],
    "version-missing": sealed(element(0x01, bytes(8)))[1:],
    "fourth-length-byte": bytes.fromhex("068affffff7f") + bytes(16),
    "fifth-length-byte": bytes.fromhex("068a8080808000") + bytes(16),
    "value-past-the-element": sealed(b"\x01\x09" + bytes(8)),
    "value-far-past-the-element": sealed(element(0x02, bytes(8)), b"\x01\xff\xff\x7f\0"),
    "file-past-the-element": sealed(element(0x01, bytes(8)), b"\x8f\x20\x01\x01\x01"),
    "value-past-the-file": sealed(element(0x8F, b"\x01\x02\xc9")),
    "value-past-the-sender": sealed(element(0x81, b"\x01\x7fname")),
    "fourth-length-byte-inside": sealed(b"\x01\x88\x80\x80\x00" + bytes(8)),
    "tag-without-length": sealed(element(0x01, bytes(8)), b"\x02"),
    "length-unfinished": sealed(element(0x01, bytes(8)), b"\x02\x88"),
    "http-request": b"GET /state HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "tls-hello": bytes.fromhex("160301006a010000660303") + bytes(range(90)),
    "text": b"receipts, please\n",
    "zeros": bytes(64),
    "ones": b"\xff" * 64,
    "apdu": bytes.fromhex("1300a404000e66697363616c6472697665533031"),
}
"""Whole inputs that are no readable frame of version 6."""


@family(
    "uz.operator.frame.unreadable.{key}",
    rows=NO_FRAMES,
    target="operator",
    clauses=["OF-11", "TLV-02", "TLV-05"],
    requirements=["UZ-OFD-01"],
    description=lambda raw: f"What arrives is no readable frame: {{key}}, beginning {raw[:8].hex()}.",
    expectation="BadMessageSyntax without acknowledgements, and the operator goes on serving.",
)
def unreadable(ctx: Context, raw: bytes) -> None:
    """Where the checksum can be right it is, so that nothing but the syntax is wrong."""
    refused(ctx, raw, StatusCode.BadMessageSyntax, clause="OF-11", finish=True)
    serves(ctx)


@family(
    "uz.operator.frame.unfinished.{key}",
    rows={
        "nothing": 0,
        "version": 1,
        "tag": 2,
        "half-a-length": 3,
        "no-checksum": -4,
        "one-byte-missing": -1,
    },
    target="operator",
    clauses=["OF-03", "OF-11"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A client sends a frame only so far ({key}) and leaves.",
    expectation="Nothing is acknowledged or stored, and the operator goes on serving.",
)
def unfinished(ctx: Context, size: int) -> None:
    """The same frame is sent whole afterwards."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    frame = ctx.operator.request(terminal, [issued.full]).encode()
    with ctx.operator.connect() as wire:
        wire.send(frame[:size])
    response = answer_to(ctx, frame[:size])
    acks = 0 if response is None else len(response.acks)
    ctx.check(0, acks, "acknowledgements of half a frame", clause="OF-10")
    unstored(ctx, terminal, issued, "OF-03")


@family(
    "uz.operator.frame.garbage.{key}",
    rows={
        "bytes": b"",
        "after-the-version": b"\x06",
        "after-the-tag": b"\x06\x8a",
        "as-response": b"\x06\x8b",
    },
    target="operator",
    clauses=["OF-11", "OF-18"],
    requirements=["UZ-OFD-01"],
    description="Twelve clients send bytes that a die has chosen ({key}) and wait.",
    expectation="Never an acknowledgement, at most a refusal; the operator goes on serving.",
)
def garbage(ctx: Context, prefix: bytes) -> None:
    """The dice are seeded, so a failure comes again."""
    for _ in range(12):
        response = answer_to(ctx, prefix + ctx.rng.randbytes(ctx.rng.randrange(1, 200)))
        if response is not None:
            bad = (
                StatusCode.BadMessageSyntax,
                StatusCode.TooBigMessage,
                StatusCode.BadMessageCRC32,
                StatusCode.BadMessageStruct,
            )
            ctx.check_in(bad, response.status.code, "status code", clause="OF-18")
            ctx.check(0, len(response.acks), "acknowledgements", clause="OF-10")
    serves(ctx)


@case(
    "uz.operator.frame.too-big",
    target="operator",
    clauses=["OF-15"],
    requirements=["UZ-OFD-01"],
    description="A frame announces the greatest length that three bytes can say.",
    expectation="TooBigMessage before the content has come, and the operator goes on serving.",
)
def too_big(ctx: Context) -> None:
    """An operator that waits for two megabytes first can be filled up by anybody."""
    refused(ctx, bytes.fromhex("068affff7f"), StatusCode.TooBigMessage, clause="OF-15")
    serves(ctx)


@case(
    "uz.operator.frame.size-limit",
    target="operator",
    clauses=["OF-15", "UNK-19"],
    requirements=["UZ-OFD-01"],
    needs=["control", "destructive", "test-keys"],
    description="The operator's limit is set to the size of a message, then to one byte less.",
    expectation="At the limit the message is taken, above it TooBigMessage.",
)
def size_limit(ctx: Context) -> None:
    """The setting is put back afterwards."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    frame = ctx.operator.request(terminal, [issued.full]).encode()
    ctx.control.reset(max_message=len(frame) - 1)
    refused(ctx, frame, StatusCode.TooBigMessage, clause="OF-15")
    ctx.control.reset(max_message=len(frame))
    response = ctx.operator.ask_frame(frame)
    ctx.check(StatusCode.OK, response.status.code, "status code at the limit", clause="OF-15")
    genuine(ctx, terminal.id, full(issued), response.acks[0])
