"""Messages that can be read but lack, double or mis-size what their tables ask for (uz-fiscal OF-12)."""

from __future__ import annotations

from collections.abc import Callable

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.operator.exchange import (
    answered,
    file_element,
    file_parts,
    full,
    good_parts,
    refused,
    sealed,
    sender_info,
    serves,
    taken,
    unstored,
)
from reference.protocol.uz.message import Response, StatusCode, StatusInfo
from reference.protocol.uz.tlv import element

Parts = dict[str, bytes]
Spoil = Callable[[Parts, Parts], bytes]
"""From the elements of a good message and those of its file to the frame that is sent."""


def _without(name: str) -> Spoil:
    return lambda message, _: sealed(*(part for key, part in message.items() if key != name))


def _doubled(name: str) -> Spoil:
    return lambda message, _: sealed(*message.values(), message[name])


def _instead(name: str, part: bytes) -> Spoil:
    return lambda message, _: sealed(*(message | {name: part}).values())


def _file_without(name: str) -> Spoil:
    def spoil(message: Parts, file: Parts) -> bytes:
        kept = file_element(*(part for key, part in file.items() if key != name))
        return sealed(*(message | {"file": kept}).values())

    return spoil


def _file_doubled(name: str) -> Spoil:
    return lambda message, file: sealed(
        *(message | {"file": file_element(*file.values(), file[name])}).values()
    )


def _file_instead(name: str, part: bytes) -> Spoil:
    return lambda message, file: sealed(
        *(message | {"file": file_element(*(file | {name: part}).values())}).values()
    )


BAD_STRUCTURES: dict[str, Spoil] = {
    "terminal-missing": _without("terminal"),
    "terminal-doubled": _doubled("terminal"),
    "terminal-short": _instead("terminal", element(0x01, b"ZZ" + bytes(5))),
    "terminal-long": _instead("terminal", element(0x01, b"ZZ" + bytes(7))),
    "terminal-empty": _instead("terminal", element(0x01, b"")),
    "time-missing": _without("time"),
    "time-doubled": _doubled("time"),
    "time-short": _instead("time", element(0x02, bytes.fromhex("20260701541200"))),
    "time-long": _instead("time", element(0x02, bytes.fromhex("202607015412000000"))),
    "sender-missing": _without("sender"),
    "sender-doubled": _doubled("sender"),
    "sender-name-doubled": _instead("sender", element(0x81, element(0x01, b"a") * 2)),
    "sender-name-of-33": _instead("sender", sender_info(name=b"n" * 33)),
    "sender-serial-of-65": _instead("sender", sender_info(serial=b"s" * 65)),
    "sender-version-of-65": _instead("sender", sender_info(version=b"v" * 65)),
    "no-file": _without("file"),
    "file-empty": _instead("file", file_element()),
    "file-type-missing": _file_without("type"),
    "file-type-doubled": _file_doubled("type"),
    "file-type-empty": _file_instead("type", element(0x01, b"")),
    "file-type-of-two-bytes": _file_instead("type", element(0x01, b"\x01\x00")),
    "file-version-missing": _file_without("version"),
    "file-version-doubled": _file_doubled("version"),
    "file-version-of-two-bytes": _file_instead("version", element(0x02, b"\x14\x00")),
    "file-header-missing": _file_without("header"),
    "file-header-doubled": _file_doubled("header"),
    "file-body-doubled": _file_doubled("body"),
    "file-tag-doubled": _file_doubled("tag"),
    "file-tag-of-33": _file_instead("tag", element(0x0F, b"t" * 33)),
    "empty-request": lambda *_: sealed(),
    "only-padding": lambda *_: sealed(bytes(8)),
    "response": lambda *_: Response(StatusInfo(StatusCode.OK)).encode(),
    "request-in-a-response": lambda message, _: sealed(*message.values(), tag=0x8B),
    "other-element": lambda message, _: sealed(*message.values(), tag=0x8C),
    "plain-element": lambda message, _: sealed(*message.values(), tag=0x0A),
}


@family(
    "uz.operator.structure.{key}",
    rows=BAD_STRUCTURES,
    target="operator",
    clauses=["OF-12", "S-11.2"],
    level="stand-in",
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A message with a true checksum is not built as its table says: {key}.",
    expectation="BadMessageStruct, no acknowledgement, nothing stored; the receipt is taken afterwards.",
)
def bad_structure(ctx: Context, spoil: Spoil) -> None:
    """All other elements are those of a good message with a genuine receipt."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    file = full(issued, tag=b"t").file
    refused(
        ctx,
        spoil(good_parts(terminal, file), file_parts(file)),
        StatusCode.BadMessageStruct,
        clause="OF-12",
    )
    unstored(ctx, terminal, issued, "OF-12")


@family(
    "uz.operator.structure.bad-time.{key}",
    rows={
        "nibble-above-nine": "20260a0154120000",
        "month-13": "2026130154120000",
        "day-32": "2026073254120000",
        "hour-24": "2026070154240000",
        "minute-60": "2026070154126000",
        "no-t": "2026070120120000",
        "zeros": "0000000000000000",
    },
    target="operator",
    clauses=["TY-03", "OF-12"],
    level="stand-in",
    requirements=["UZ-OFD-01"],
    description="The time of a message is none: {key}.",
    expectation="The message is refused as badly built, and the operator goes on serving.",
)
def bad_time(ctx: Context, text: str) -> None:
    """Eight bytes, but no date."""
    terminal = ctx.operator.terminal()
    parts = good_parts(terminal, ctx.operator.state_query(bytes(8)))
    parts["time"] = element(0x02, bytes.fromhex(text))
    refused(ctx, sealed(*parts.values()), StatusCode.BadMessageStruct, clause="OF-12")
    serves(ctx)


@case(
    "uz.operator.structure.any-order",
    target="operator",
    clauses=["S-11.2", "TLV-04"],
    needs=["test-keys"],
    description="The elements of a message, and those of its file, come in reversed order.",
    expectation="The file is taken: tags say what an element is, not its place.",
)
def any_order(ctx: Context) -> None:
    """No table of messages asks for an order."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    parts = good_parts(terminal, full(issued).file)
    parts["file"] = file_element(*reversed(file_parts(full(issued).file).values()))
    response = ctx.operator.ask_frame(sealed(*reversed(parts.values())))
    ctx.check(StatusCode.OK, response.status.code, "status code", clause="S-11.2")
    taken(ctx, terminal, full(issued))


@family(
    "uz.operator.structure.sender.{key}",
    rows={
        "empty": sender_info(),
        "longest": sender_info(name=b"n" * 32, serial=b"s" * 64, version=b"v" * 64),
        "name-only": sender_info(name=b"judge"),
    },
    target="operator",
    clauses=["S-11.2"],
    needs=["test-keys"],
    description="The sender's data are as small or as large as its table allows: {key}.",
    expectation="The file is taken.",
)
def sender(ctx: Context, info: bytes) -> None:
    """Empty fields are not written; 32 and 64 characters are the most."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    parts = good_parts(terminal, full(issued).file) | {"sender": info}
    response = ctx.operator.ask_frame(sealed(*parts.values()))
    ctx.check(StatusCode.OK, response.status.code, "status code", clause="S-11.2")
    taken(ctx, terminal, full(issued))


@case(
    "uz.operator.structure.empty-header",
    target="operator",
    clauses=["OF-12", "OF-19"],
    needs=["test-keys"],
    description="A file has a header of no bytes.",
    expectation="The message is well built, so the file alone is answered, and not acknowledged.",
)
def empty_header(ctx: Context) -> None:
    """A fault of one file is that file's own."""
    terminal = ctx.operator.terminal()
    good = full(terminal.issue(), tag=b"good").file
    bad = type(good)(good.type, good.version, b"", good.body, b"bad")
    acks = answered(ctx, terminal, bad, good)
    ctx.check_that(
        acks[0].status != 0, "not Acknowledge", acks[0].status, "status of the file without header"
    )
    ctx.check(0, int(acks[1].status), "status of the good file", clause="OF-19")
