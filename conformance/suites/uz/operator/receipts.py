"""Receipt files whose header is not what the module made: terminal, signature, record, type (OF-19)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.terminal import FULL_TYPES, Issued, Terminal
from conformance.suites.uz.operator.exchange import answered, errored, full, short, status_of, taken, unstored
from reference.protocol.uz import gost, standin
from reference.protocol.uz.message import File, FileStatus, FileType
from reference.protocol.uz.objects import ReceiptFile
from reference.protocol.uz.receipt import Operation, ReceiptType
from reference.protocol.uz.values import encode_bcd8, encode_terminal_id

Forge = Callable[[Context, Terminal, Issued], File]
"""From a genuine receipt to the file that is sent in its place."""


def _header(change: Callable[[Context, Issued], ReceiptFile]) -> Forge:
    return lambda ctx, _, issued: replace(issued.full, header=change(ctx, issued).encode())


def _flipped(ctx: Context, data: bytes | None) -> bytes:
    """One bit of `data` changed, somewhere."""
    assert data
    at = ctx.rng.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << ctx.rng.randrange(8),)) + data[at + 1 :]


def _of_another_terminal(ctx: Context, terminal: Terminal, _: Issued) -> File:
    other = ctx.operator.terminal(time=terminal.time)
    return other.issue().full


def _signed_by_another(ctx: Context, terminal: Terminal, issued: Issued) -> File:
    other = ctx.operator.terminal(time=terminal.time)
    file = standin.make_receipt_file(other.keys, terminal.id, issued.seq, issued.record, 0)
    return replace(issued.full, header=file.encode())


def _wrong_transport_key(ctx: Context, terminal: Terminal, issued: Issued) -> File:
    data = gost.encrypt(ctx.rng.randbytes(32), gost.pad(issued.record.encode()))
    return _with_data(terminal, issued, data)


def _with_data(terminal: Terminal, issued: Issued, data: bytes) -> File:
    """The receipt with other content of tag 04, truly signed (uz-fiscal §17.4)."""
    message = b"".join(
        (
            b"UZ-TEST-RECEIPT/1",
            encode_terminal_id(terminal.id),
            encode_bcd8(issued.seq),
            bytes((issued.record.type,)),
            data,
        )
    )
    signature = standin.sign(terminal.keys.signing, message)
    header = replace(issued.file, data=data, signature=signature)
    return replace(issued.full, header=header.encode())


def _record(change: Callable[[bytes], bytes]) -> Forge:
    """A record that no table can read, encrypted and signed as it should be."""

    def forge(_: Context, terminal: Terminal, issued: Issued) -> File:
        clear = change(issued.record.encode())
        return _with_data(terminal, issued, gost.encrypt(terminal.keys.transport, gost.pad(clear)))

    return forge


FORGERIES: dict[str, Forge] = {
    "of-another-terminal": _of_another_terminal,
    "signed-by-another": _signed_by_another,
    "terminal-changed": _header(lambda _, issued: replace(issued.file, terminal_id="ZZ000000000000")),
    "number-changed": _header(lambda _, issued: replace(issued.file, receipt_seq=issued.seq + 1)),
    "type-changed": _header(lambda _, issued: replace(issued.file, type=1)),
    "signature-bit": _header(
        lambda ctx, issued: replace(issued.file, signature=_flipped(ctx, issued.file.signature))
    ),
    "signature-zero": _header(lambda _, issued: replace(issued.file, signature=bytes(64))),
    "signature-short": _header(
        lambda _, issued: replace(issued.file, signature=(issued.file.signature or b"")[:63])
    ),
    "signature-swapped": _header(
        lambda _, issued: replace(
            issued.file,
            signature=(issued.file.signature or b"")[32:] + (issued.file.signature or b"")[:32],
        )
    ),
    "record-bit": _header(lambda ctx, issued: replace(issued.file, data=_flipped(ctx, issued.file.data))),
    "record-cut": _header(lambda _, issued: replace(issued.file, data=(issued.file.data or b"")[:-8])),
    "terminal-missing": _header(lambda _, issued: replace(issued.file, terminal_id=None)),
    "number-missing": _header(lambda _, issued: replace(issued.file, receipt_seq=None)),
    "signature-missing": _header(lambda _, issued: replace(issued.file, signature=None)),
    "record-missing": _header(lambda _, issued: replace(issued.file, data=None)),
    "type-missing": _header(lambda _, issued: replace(issued.file, type=None)),
    "header-empty": lambda _, __, issued: replace(issued.full, header=b""),
    "header-cut": lambda _, __, issued: replace(issued.full, header=issued.full.header[:-1]),
    "header-random": lambda ctx, _, issued: replace(issued.full, header=ctx.rng.randbytes(180)),
    "header-of-a-z-report": lambda _, __, issued: replace(
        issued.full, header=b"\xa4" + issued.full.header[1:]
    ),
    "record-of-another-key": _wrong_transport_key,
    "record-of-version-02": _record(lambda record: b"\x02" + record[1:]),
    "record-too-short": _record(lambda record: record[:60]),
    "record-time-is-none": _record(lambda record: record[:7] + bytes(8) + record[15:]),
    "record-sum-is-no-bcd": _record(lambda record: record[:17] + b"\xaa" * 8 + record[25:]),
}
"""Headers that no module made, each for one reason."""


@family(
    "uz.operator.receipt.header.{key}",
    rows=FORGERIES,
    target="operator",
    clauses=["OF-19", "S-17.4"],
    requirements=["UZ-OFD-01", "UZ-DEV-01"],
    needs=["test-keys"],
    description="A receipt's signed header is not what the module made: {key}.",
    expectation="Error with the name of a trace, nothing stored; the genuine receipt is taken afterwards.",
)
def forged_header(ctx: Context, forge: Forge) -> None:
    """Body and message are those of the genuine receipt."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    errored(ctx, terminal, forge(ctx, terminal, issued))
    unstored(ctx, terminal, issued, "OF-19")


@family(
    "uz.operator.receipt.short.{key}",
    rows={name: FORGERIES[name] for name in ("of-another-terminal", "signature-bit", "record-bit")},
    target="operator",
    clauses=["OF-19", "S-17.4"],
    requirements=["UZ-OFD-01", "UZ-DEV-01"],
    needs=["test-keys"],
    description="A short record is not what the module made: {key}.",
    expectation="Error with the name of a trace, nothing stored.",
)
def forged_short(ctx: Context, forge: Forge) -> None:
    """A short record is a header alone, and is checked as one."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    header = forge(ctx, terminal, issued).header
    errored(ctx, terminal, replace(issued.short, header=header))
    unstored(ctx, terminal, issued, "OF-19")


@family(
    "uz.operator.receipt.type.{key}",
    rows={
        f"{kind.name.lower()}-as-{as_kind.name.lower()}": (kind, as_kind)
        for kind in ReceiptType
        for as_kind in ReceiptType
        if kind != as_kind
    },
    target="operator",
    clauses=["OF-19", "S-11.4"],
    level="stand-in",
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A genuine receipt is sent as a file of another type: {key}.",
    expectation="Error with the name of a trace; as a file of its own type it is taken.",
)
def type_disagrees(ctx: Context, row: tuple[ReceiptType, ReceiptType]) -> None:
    """File types 01, 04 and 05 are receipts of types 0, 1 and 2."""
    kind, as_kind = row
    terminal = ctx.operator.terminal()
    issued = terminal.issue(type=kind)
    errored(ctx, terminal, replace(issued.full, type=FULL_TYPES[as_kind]))
    taken(ctx, terminal, full(issued))


@family(
    "uz.operator.receipt.good.{key}",
    rows={
        f"{kind.name.lower()}-{operation.name.lower()}": (kind, operation)
        for kind in ReceiptType
        for operation in Operation
    },
    target="operator",
    clauses=["S-11.4", "OF-24"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A genuine receipt, {key}, comes as short record and then in full.",
    expectation="Both are acknowledged for its number.",
)
def good_receipt(ctx: Context, row: tuple[ReceiptType, Operation]) -> None:
    """Every type of receipt in both directions."""
    kind, operation = row
    terminal = ctx.operator.terminal()
    issued = terminal.issue(type=kind, operation=operation)
    taken(ctx, terminal, short(issued))
    taken(ctx, terminal, full(issued))


@case(
    "uz.operator.receipt.one-bad-among-good",
    target="operator",
    clauses=["OF-19", "OF-10"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Of five receipts in a message the third has a broken signature.",
    expectation="Error for that one, genuine acknowledgements for the others.",
)
def one_bad_among_good(ctx: Context) -> None:
    """One bad file costs nobody else anything."""
    terminal = ctx.operator.terminal()
    files = [terminal.issue().full for _ in range(5)]
    signature = FORGERIES["signature-bit"](ctx, terminal, terminal.issue())
    files[2] = signature
    expected = [FileStatus.Acknowledge] * 5
    expected[2] = FileStatus.Error
    ctx.check(expected, status_of(ctx, terminal, *files), "file statuses", clause="OF-19")


@case(
    "uz.operator.receipt.trace",
    target="operator",
    clauses=["S-11.5", "OF-19"],
    requirements=["UZ-OFD-01"],
    needs=["control", "test-keys"],
    description="A receipt with a broken signature is refused, and its trace is looked up.",
    expectation="The operator keeps a trace of that name with the reason.",
)
def trace(ctx: Context) -> None:
    """A name of which nobody knows the content helps nobody."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    ack = answered(ctx, terminal, FORGERIES["signature-bit"](ctx, terminal, issued))[0]
    traces = ctx.control.do("traces", terminal=terminal.id)["traces"]
    names = [row["name"] for row in traces]
    ctx.check([ack.header.decode("ascii", "replace")], names, "traces of this module", clause="OF-19")
    ctx.check_that(bool(traces[0]["reason"]), "a reason", traces[0]["reason"], "reason in the trace")
    ctx.check(int(FileType.PurchaseReceipt), traces[0]["type"], "file type in the trace")
