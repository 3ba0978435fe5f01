"""File types, versions, tags and the number of files in a message (uz-fiscal §11.4, OF-10, OF-14, OF-23)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.terminal import Issued, Terminal
from conformance.suites.uz.operator.exchange import (
    answered,
    confirmed,
    full,
    genuine,
    refused,
    shift,
    short,
    status_of,
    taken,
)
from reference.protocol.uz.message import File, FileStatus, FileType, StatusCode
from reference.protocol.uz.receipt import ReceiptType

MOST = 32


def _receipt(kind: ReceiptType) -> Callable[[Context, Terminal], File]:
    return lambda _, terminal: terminal.issue(type=kind).full


def _zreport(_: Context, terminal: Terminal) -> File:
    terminal.issue()
    return shift(terminal.close_shift()).file


def _sign_query(ctx: Context, terminal: Terminal) -> File:
    issued = terminal.issue()
    taken(ctx, terminal, full(issued))
    return ctx.operator.verify_query(issued.seq, issued.receipt.time, issued.sign)


MAKERS: dict[FileType, Callable[[Context, Terminal], File]] = {
    FileType.PurchaseReceipt: _receipt(ReceiptType.PURCHASE),
    FileType.ZReport: _zreport,
    FileType.ShortReceipt: lambda _, terminal: terminal.issue().short,
    FileType.AdvanceReceipt: _receipt(ReceiptType.ADVANCE),
    FileType.CreditReceipt: _receipt(ReceiptType.CREDIT),
    FileType.VerifyFiscalSignQuery: _sign_query,
    FileType.SyncStateQuery: lambda ctx, _: ctx.operator.state_query(bytes(8)),
}
VERSIONS = {1: 0x14, 2: 0x02, 3: 0x02, 4: 0x14, 5: 0x14, 0xC8: 0x01, 0xC9: 0x01}
"""Version byte by type byte, as the table of §11.4 has them."""
NAMES = {
    FileType.PurchaseReceipt: "purchase",
    FileType.ZReport: "zreport",
    FileType.ShortReceipt: "short",
    FileType.AdvanceReceipt: "advance",
    FileType.CreditReceipt: "credit",
    FileType.VerifyFiscalSignQuery: "sign-query",
    FileType.SyncStateQuery: "state-query",
}


@family(
    "uz.operator.files.type.{key}",
    rows={name: kind for kind, name in NAMES.items()},
    target="operator",
    clauses=["S-11.4", "S-11.5"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A good file of type {key} in its right version.",
    expectation="Acknowledge.",
)
def right_version(ctx: Context, kind: FileType) -> None:
    """The version bytes are those of the table."""
    terminal = ctx.operator.terminal()
    file = MAKERS[kind](ctx, terminal)
    ctx.check((int(kind), VERSIONS[kind]), (file.type, file.version), "type and version that are sent")
    ctx.check([FileStatus.Acknowledge], status_of(ctx, terminal, file), "file status", clause="S-11.5")


@family(
    "uz.operator.files.wrong-version.{key}",
    rows={name: kind for kind, name in NAMES.items()},
    target="operator",
    clauses=["OF-23", "S-11.4"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A good file of type {key} bears other versions, those of the other types among them.",
    expectation="UnrecognizedType for each, and Acknowledge for the right one.",
)
def wrong_version(ctx: Context, kind: FileType) -> None:
    """All in one message: one bad file does not spoil the others."""
    terminal = ctx.operator.terminal()
    file = MAKERS[kind](ctx, terminal)
    right = VERSIONS[kind]
    versions = sorted({0x00, 0x01, 0x02, 0x07, 0x13, 0x14, 0x15, 0xFF, right + 1} - {right})
    files = [replace(file, version=version) for version in (*versions, right)]
    expected = [FileStatus.UnrecognizedType] * len(versions) + [FileStatus.Acknowledge]
    ctx.check(expected, status_of(ctx, terminal, *files), "file statuses", clause="OF-23")


@case(
    "uz.operator.files.unknown-types",
    target="operator",
    clauses=["OF-23"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A genuine receipt is sent as fifteen file types that are none, sample code's ack types too.",
    expectation="UnrecognizedType for each, nothing stored.",
)
def unknown_types(ctx: Context) -> None:
    """Types 15…19 hex are named in sample code as acks; no file of them exists."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    types = (0x00, 0x06, 0x0A, 0x15, 0x16, 0x17, 0x18, 0x19, 0x21, 0x25, 0x7F, 0x80, 0xC7, 0xCA, 0xFF)
    files = [replace(issued.full, type=kind) for kind in types]
    statuses = status_of(ctx, terminal, *files)
    ctx.check([FileStatus.UnrecognizedType] * len(types), statuses, "file statuses", clause="OF-23")
    ctx.check(False, confirmed(ctx, issued), "the receipt is known", clause="OF-23")


@case(
    "uz.operator.files.mixed",
    target="operator",
    clauses=["OF-10", "S-11.5"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Ten files of every kind and every fate in one message, each with a tag of its own.",
    expectation="Ten acknowledgements in the same order with the same tags and the four file statuses.",
)
def mixed(ctx: Context) -> None:
    """The order of the answer is all that a client without tags has."""
    terminal = ctx.operator.terminal()
    kept, fresh, advance = terminal.issue(), terminal.issue(), terminal.issue(type=ReceiptType.ADVANCE)
    taken(ctx, terminal, full(kept))
    report = terminal.close_shift()
    other = terminal.sign(replace(kept.receipt, received_cash=kept.receipt.received_cash + 1), kept.seq)
    query = ctx.operator.verify_query(kept.seq, kept.receipt.time, kept.sign)
    fates: list[tuple[File, FileStatus]] = [
        (other.full, FileStatus.Reject),
        (fresh.full, FileStatus.Acknowledge),
        (replace(fresh.full, version=7), FileStatus.UnrecognizedType),
        (replace(advance.full, body=kept.body), FileStatus.Error),
        (shift(report).file, FileStatus.Acknowledge),
        (query, FileStatus.Acknowledge),
        (ctx.operator.verify_query(99, kept.receipt.time, kept.sign), FileStatus.Reject),
        (ctx.operator.state_query(bytes(8)), FileStatus.Acknowledge),
        (advance.short, FileStatus.Acknowledge),
        (kept.short, FileStatus.Acknowledge),
    ]
    files = [replace(file, tag=bytes((0xA0 + at,)) * (at + 1)) for at, (file, _) in enumerate(fates)]
    statuses = [ack.status for ack in answered(ctx, terminal, *files)]
    ctx.check([fate for _, fate in fates], statuses, "file statuses in order", clause="OF-10")


@case(
    "uz.operator.files.tags",
    target="operator",
    clauses=["OF-10", "S-11.2"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Files bear tags of 1 to 32 bytes of any value, the same tag twice, or none.",
    expectation="Every acknowledgement bears the tag of its file, byte for byte.",
)
def tags(ctx: Context) -> None:
    """What a tag means is the client's own affair."""
    terminal = ctx.operator.terminal()
    wanted: list[bytes | None] = [ctx.rng.randbytes(size) for size in (1, 2, 31, 32)]
    wanted += [bytes(32), b"\xff" * 32, b"twin", b"twin", None, None, b"\x0f\x01x"]
    parcels = [short(terminal.issue(), tag=tag) for tag in wanted]
    taken(ctx, terminal, *parcels)


def _many(terminal: Terminal, count: int) -> list[Issued]:
    return [terminal.issue() for _ in range(count)]


@case(
    "uz.operator.files.thirty-two",
    target="operator",
    clauses=["OF-10", "OF-14", "CL-01"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A message brings 32 receipts, full and short in turn.",
    expectation="32 acknowledgements, each for the receipt at its place.",
)
def thirty_two(ctx: Context) -> None:
    """32 files are the most that a client may send."""
    terminal = ctx.operator.terminal()
    issued = _many(terminal, MOST)
    parcels = [(full if each.seq % 2 else short)(each, tag=b"%d" % each.seq) for each in issued]
    taken(ctx, terminal, *parcels)


@case(
    "uz.operator.files.thirty-three",
    target="operator",
    clauses=["OF-14", "S-11.5"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A message brings 33 receipts.",
    expectation="TooManyFiles without acknowledgements, and none of them is stored.",
)
def thirty_three(ctx: Context) -> None:
    """A refused message leaves nothing behind."""
    terminal = ctx.operator.terminal()
    issued = _many(terminal, MOST + 1)
    frame = ctx.operator.request(terminal, [each.short for each in issued]).encode()
    refused(ctx, frame, StatusCode.TooManyFiles, clause="OF-14")
    for each in (issued[0], issued[-1]):
        ctx.check(False, confirmed(ctx, each), f"receipt {each.seq} is known", clause="OF-14")
    taken(ctx, terminal, *(short(each) for each in issued[:MOST]))


@case(
    "uz.operator.files.same-twice-in-a-message",
    target="operator",
    clauses=["OF-20", "OF-10"],
    requirements=["UZ-OFD-02"],
    needs=["test-keys"],
    description="A message holds the same receipt three times, and once more as a short record.",
    expectation="Four genuine acknowledgements, one entry in the ledger.",
)
def same_twice(ctx: Context) -> None:
    """Each file of a message sees what the ones before it have done."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    taken(ctx, terminal, full(issued), full(issued), short(issued), full(issued))
    if ctx.can("control"):
        ctx.check(1, len(ctx.operator.ledger(terminal)), "entries in the ledger", clause="OF-20")


@case(
    "uz.operator.files.conflict-in-a-message",
    target="operator",
    clauses=["OF-21", "OF-10"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A message holds two different receipts under one number.",
    expectation="The first is acknowledged, the second rejected.",
)
def conflict_in_a_message(ctx: Context) -> None:
    """The first to come has the number."""
    terminal = ctx.operator.terminal()
    first = terminal.issue()
    second = terminal.sign(replace(first.receipt, received_cash=first.receipt.received_cash + 1), first.seq)
    acks = answered(ctx, terminal, first.full, second.full)
    genuine(ctx, terminal.id, full(first), acks[0])
    ctx.check(FileStatus.Reject, acks[1].status, "status of the second", clause="OF-21")
