"""Headers and bodies that are none, and what the operator does with them (kz-ofd §2.2, §2.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_operator import UNKNOWN_ID
from conformance.suites.kz.operator.steps import KIND, VERSIONS, closes, serves
from reference.protocol.kz.frames import APPCODE, HEADER_SIZE, encode_frame

PRT = ("KZ-PRT-01",)
LIMIT = 1_048_576
SYSTEM = b"\x08\x00"


def header(
    device: Device,
    *,
    appcode: int = APPCODE,
    version: int = 203,
    size: int = HEADER_SIZE,
    id: int | None = None,
) -> bytes:
    """A header with whatever is wished in it."""
    number = device.id if id is None else id
    fields = (
        (appcode, 2),
        (version, 2),
        (size, 4),
        (number, 4),
        (device.token, 4),
        (device.next_reqnum(), 2),
    )
    return b"".join(value.to_bytes(width, "little") for value, width in fields)


# --- what every answer's header is ------------------------------------------------------------------------


@family(
    "kz.operator.frame.header.{key}",
    rows={str(version): version for version in (*VERSIONS, 125, 200, 201)},
    target=KIND,
    clauses=["KZ-S-2.2", "KZ-HD-0", "KZ-HD-2", "KZ-HD-4", "KZ-HD-8", "KZ-HD-12", "KZ-HD-16"],
    requirements=PRT,
    description="SYSTEM comes in version {key}.",
    expectation="The answer's header is A2 81, the version, its real size, ID, TOKEN and REQNUM as sent.",
)
def answer_header(ctx: Context, version: int) -> None:
    """All six fields, byte by byte."""
    device = ctx.ofd.device(version)
    answer = device.accept(0)
    said = ctx.ofd.exchange(device.frame(SYSTEM, reqnum=device.next_reqnum()))
    wanted = encode_frame(version, device.id, device.token, device.reqnum, said[HEADER_SIZE:])
    ctx.check(wanted[:HEADER_SIZE], said[:HEADER_SIZE], "header of the answer", clause="KZ-HD-0")
    ctx.check(device.token, answer.token, "TOKEN", clause="KZ-TK-S1")


@family(
    "kz.operator.frame.token.{key}",
    rows={"one": 1, "half": 2**31, "above-half": 3_000_000_002, "largest": 2**32 - 1},
    target=KIND,
    clauses=["KZ-RG-02", "KZ-TP-3", "KZ-HD-12"],
    requirements=("KZ-PRT-01", "KZ-PRT-03"),
    needs=["control"],
    description="A register's token is {key} of the unsigned range.",
    expectation="It is served, and a ticket under it is accepted.",
)
def unsigned_token(ctx: Context, token: int) -> None:
    """A signed reader would see a negative number."""
    device = ctx.ofd.device(token=token)
    ctx.check(token, device.accept(0).token, "TOKEN", clause="KZ-RG-02")
    device.sell()
    device.compare()


@family(
    "kz.operator.frame.reqnum.{key}",
    rows={"zero": 0, "one": 1, "largest": 65_535},
    target=KIND,
    clauses=["KZ-HD-16", "KZ-TK-4"],
    requirements=("KZ-PRT-01", "KZ-PRT-03"),
    description="A deposit comes under REQNUM {key}.",
    expectation="It is accepted, and the answer bears the same REQNUM.",
)
def any_reqnum(ctx: Context, reqnum: int) -> None:
    """Every number of sixteen bits is one."""
    device = ctx.ofd.device()
    if device.reqnum == reqnum:
        device.accept(device.deposit(100))
    device.accept(device.deposit(100), reqnum=reqnum, clause="KZ-HD-16")
    device.reqnum = reqnum
    device.compare()


# --- frames that are none ---------------------------------------------------------------------------------


def _appcode(value: int) -> Callable[[Device], bytes]:
    return lambda device: header(device, appcode=value)


def _size(value: int) -> Callable[[Device], bytes]:
    return lambda device: header(device, size=value) + SYSTEM


NO_FRAMES: dict[str, tuple[Callable[[Device], bytes], str]] = {
    "appcode-zero": (_appcode(0), "KZ-FR-03"),
    "appcode-swapped": (_appcode(0xA281), "KZ-FR-03"),
    "appcode-one-bit": (_appcode(0x81A3), "KZ-FR-03"),
    "appcode-second-byte": (_appcode(0x80A2), "KZ-FR-03"),
    "http": (lambda _: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "KZ-FR-03"),
    "tls": (lambda _: bytes.fromhex("16030100c8010000c40303") + bytes(32), "KZ-FR-03"),
    "all-ones": (lambda _: b"\xff" * 64, "KZ-FR-03"),
    "zeros": (lambda _: bytes(64), "KZ-FR-03"),
    "shifted-by-one": (lambda device: b"\0" + header(device, size=20) + SYSTEM, "KZ-FR-03"),
    "size-zero": (_size(0), "KZ-FR-04"),
    "size-one": (_size(1), "KZ-FR-04"),
    "size-of-the-body-alone": (_size(2), "KZ-FR-04"),
    "size-17": (_size(17), "KZ-FR-04"),
    "size-minus-one": (_size(2**32 - 1), "KZ-FR-05"),
    "size-half-range": (_size(2**31), "KZ-FR-05"),
    "size-limit-plus-one": (_size(LIMIT + 1), "KZ-FR-05"),
}
"""What is sent, and the rule that closes the connection."""


@family(
    "kz.operator.frame.none.{key}",
    rows=NO_FRAMES,
    target=KIND,
    clauses=lambda row: [row[1], "KZ-S-2.3"],
    requirements=PRT,
    description="What comes is no frame: {key}.",
    expectation="The connection is closed without a byte; others are served, and nothing was booked.",
)
def no_frame(ctx: Context, row: tuple[Callable[[Device], bytes], str]) -> None:
    """The judge's own direction stays open: closing is the operator's."""
    make, clause = row
    device = ctx.ofd.device()
    with device.unchanged():
        closes(ctx, make(device), clause=clause)
    serves(device)


@family(
    "kz.operator.frame.short.{key}",
    rows={"nothing": 0, "one-byte": 1, "appcode-only": 2, "to-the-size": 8, "seventeen": 17, "no-body": 18},
    target=KIND,
    clauses=lambda row: ["KZ-FR-01" if row < HEADER_SIZE else "KZ-FR-02"],
    requirements=PRT,
    description="A ticket's frame ends after few bytes and the stream with it: {key}.",
    expectation="The connection is closed without a byte, and nothing was booked.",
)
def short_frame(ctx: Context, length: int) -> None:
    """The register was switched off while it sent."""
    device = ctx.ofd.device()
    with device.unchanged():
        frame = device.frame(device.request(device.ticket()), reqnum=device.next_reqnum())
        clause = "KZ-FR-01" if length < HEADER_SIZE else "KZ-FR-02"
        closes(ctx, frame[:length], finish=True, clause=clause)
    serves(device)


@case(
    "kz.operator.frame.largest",
    target=KIND,
    clauses=["KZ-FR-05"],
    requirements=PRT,
    description="A frame has exactly 1048576 bytes, most of them an unknown field.",
    expectation="It is answered; one byte more closes the connection.",
)
def largest(ctx: Context) -> None:
    """The limit is ours; real ones are unknown."""
    device = ctx.ofd.device()
    room = LIMIT - HEADER_SIZE - len(SYSTEM)
    unknown = b"\xfa\x3e" + _varint(room - 5) + bytes(room - 5)
    frame = device.frame(SYSTEM + unknown, reqnum=device.next_reqnum())
    ctx.check(LIMIT, len(frame), "size of the frame", clause="KZ-FR-05")
    ctx.check(0, ctx.ofd.ask(frame).code, "result code", clause="KZ-FR-05")
    closes(ctx, header(device, size=LIMIT + 1), clause="KZ-FR-05")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


# --- bodies that are none ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bad:
    """A body, the code it is answered with and the command of that answer."""

    make: Callable[[bytes], bytes]
    clause: str = "KZ-FR-10"
    code: int = 3
    command: int = 0


BODIES: dict[str, Bad] = {
    "empty": Bad(lambda _: b"", "KZ-FR-07"),
    "ones": Bad(lambda _: b"\xff" * 20),
    "zeros": Bad(lambda _: bytes(20)),
    "text": Bad(lambda _: b"POST /ticket HTTP/1.1"),
    "json": Bad(lambda _: b'{"command": "COMMAND_TICKET"}'),
    "field-zero": Bad(lambda _: b"\x00\x01"),
    "varint-without-end": Bad(lambda _: b"\x08" + b"\xff" * 12),
    "key-alone": Bad(lambda _: b"\x08"),
    "length-past-the-end": Bad(lambda good: good[:2] + b"\x12\xff\x7f" + good[5:40]),
    "ticket-cut": Bad(lambda good: good[: len(good) // 2]),
    "one-byte-short": Bad(lambda good: good[:-1]),
    "wire-type-6": Bad(lambda good: good + b"\x0e\x01"),
    "wire-type-7": Bad(lambda good: good + b"\x0f\x01"),
    "group-without-end": Bad(lambda good: good + b"\x0b"),
    "group-end-alone": Bad(lambda good: good + b"\x0c"),
    "inside-is-garbage": Bad(lambda _: b"\x08\x01\x12\x04\xff\xff\xff\xff"),
    "command-missing": Bad(lambda good: good[2:]),
    "command-as-text": Bad(lambda good: b"\x0a\x01\x31" + good[2:]),
    "command-as-fixed32": Bad(lambda good: b"\x0d\x01\0\0\0" + good[2:]),
    "part-as-number": Bad(lambda _: b"\x08\x01\x10\x05", "KZ-FR-13", command=1),
    "part-of-another-command": Bad(lambda good: b"\x08\x06" + good[2:], "KZ-FR-13", command=6),
}
"""Bodies made from a good ticket's body, whose first two bytes are the command."""


@family(
    "kz.operator.frame.body.{key}",
    rows=BODIES,
    target=KIND,
    clauses=lambda row: [row.clause, "KZ-RC-3"],
    requirements=("KZ-PRT-01", "KZ-PRT-04"),
    description="The frame is sound and its body is not: {key}.",
    expectation="Code 3 with a text and the received token; nothing is booked, the register is served on.",
)
def bad_body(ctx: Context, row: Bad) -> None:
    """Without a readable command the answer names COMMAND_SYSTEM."""
    device = ctx.ofd.device()
    with device.unchanged():
        good = device.request(device.ticket()).SerializeToString()
        answer = ctx.ofd.ask(device.frame(row.make(good), reqnum=device.next_reqnum()))
        wanted = (row.code, row.command)
        ctx.check(wanted, (answer.code, answer.command), "result code and command", clause=row.clause)
        ctx.check(device.token, answer.token, "TOKEN of the refusal", clause="KZ-S-2.3")
    serves(device)


PARTS = {
    "ticket": (1, 203),
    "close-shift": (2, 203),
    "report": (3, 203),
    "nomenclature": (4, 203),
    "money-placement": (6, 203),
    "auth": (8, 203),
    "qr-generate": (100, 204),
    "qr-status": (101, 204),
    "ticket-124": (1, 124),
    "close-shift-202": (2, 202),
}


@family(
    "kz.operator.frame.part-missing.{key}",
    rows=PARTS,
    target=KIND,
    clauses=["KZ-FR-13", "KZ-RC-3"],
    requirements=("KZ-PRT-01", "KZ-PRT-04"),
    description="A command comes without the part it needs: {key}.",
    expectation="Code 3 under the same command; nothing was booked.",
)
def part_missing(ctx: Context, row: tuple[int, int]) -> None:
    """The service part alone makes no document."""
    command, version = row
    device = ctx.ofd.device(version)
    with device.unchanged():
        device.refuse(3, command, clause="KZ-FR-13")


# --- versions and registers nobody knows --------------------------------------------------------------------


@family(
    "kz.operator.frame.version.{key}",
    rows={str(version): version for version in (0, 1, 123, 126, 199, 205, 1000, 65_535)},
    target=KIND,
    clauses=["KZ-FR-08", "KZ-RC-3"],
    requirements=PRT,
    description="A ticket comes under VERSION {key}, which nobody speaks.",
    expectation="Code 3 in the tables of 2.0.3 under the same VERSION; nothing was booked.",
)
def unknown_version(ctx: Context, version: int) -> None:
    """The body is a good ticket of 2.0.3."""
    device = ctx.ofd.device()
    with device.unchanged():
        body = device.request(device.ticket()).SerializeToString()
        answer = ctx.ofd.ask(device.frame(body, reqnum=device.next_reqnum(), version=version))
        ctx.check(3, answer.code, "result code", clause="KZ-FR-08")
        ctx.check((version, device.token), (answer.header.version, answer.token), "VERSION and TOKEN")


@family(
    "kz.operator.frame.id.{key}",
    rows={"zero": 0, "nobody": UNKNOWN_ID, "largest": 2**32 - 1},
    target=KIND,
    clauses=["KZ-FR-09", "KZ-RC-1"],
    requirements=("KZ-PRT-01", "KZ-PRT-04"),
    description="A ticket comes under an ID that no register has: {key}.",
    expectation="Code 1 with a text, the same ID and TOKEN.",
)
def unknown_id(ctx: Context, id: int) -> None:
    """The token is a real one, of another register."""
    device = ctx.ofd.device()
    with device.unchanged():
        body: Any = device.request(device.ticket()).SerializeToString()
        frame = encode_frame(203, id, device.token, device.next_reqnum(), body)
        answer = ctx.ofd.ask(frame)
        ctx.check((1, 1), (answer.code, answer.command), "result code and command", clause="KZ-FR-09")
        ctx.check(device.token, answer.token, "TOKEN", clause="KZ-FR-09")
