"""Z-reports: taken, repeated, forged, and compared with the stored receipts (uz-fiscal OF-27, OF-22)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.control_client import Json
from conformance.drivers.terminal import Terminal
from conformance.suites.uz.operator.exchange import errored, full, rejected, shift, short, taken
from reference.protocol.uz import gost, standin
from reference.protocol.uz.message import File
from reference.protocol.uz.objects import Account, ZReportFile
from reference.protocol.uz.receipt import Operation, ReceiptType
from reference.protocol.uz.standin import AckKind, ZReportRecord, open_zreport_file
from reference.protocol.uz.values import encode_terminal_id, encode_time


def _day(terminal: Terminal) -> ZReportFile:
    """Two sales and a refund, closed."""
    terminal.issue()
    terminal.issue(operation=Operation.REFUND)
    terminal.issue()
    return terminal.close_shift()


def _other(terminal: Terminal, report: ZReportFile, **changes: object) -> ZReportFile:
    """A Z-report of the same close time whose record says otherwise, genuinely signed."""
    record = replace(open_zreport_file(report, terminal.keys), **changes)  # type: ignore[arg-type]
    return standin.make_zreport_file(terminal.keys, terminal.id, record, 0)


def _entries(ctx: Context, terminal: Terminal) -> list[Json]:
    return ctx.operator.ledger(terminal, "zreports")


@case(
    "uz.operator.shift.taken",
    target="operator",
    clauses=["OF-27", "S-11.4", "S-17.5"],
    requirements=["UZ-SHF-07", "UZ-OFD-01"],
    needs=["test-keys"],
    description="A shift's receipts are sent, then its Z-report, then that of the next shift.",
    expectation="Each Z-report is acknowledged by an AckFile of kind 02 for its close time.",
)
def taken_shift(ctx: Context) -> None:
    """A Z-report goes to the operator like a receipt."""
    terminal = ctx.operator.terminal()
    for _ in range(2):
        issued = [terminal.issue() for _ in range(3)]
        report = terminal.close_shift()
        taken(ctx, terminal, *(full(each) for each in issued))
        said = taken(ctx, terminal, shift(report))[0]
        ctx.check(AckKind.ZREPORT, said.kind, "kind of the AckFile", clause="S-17.5")
        ctx.check(report.close_time, said.close_time, "close time in the AckFile", clause="S-17.5")


@case(
    "uz.operator.shift.repeated",
    target="operator",
    clauses=["OF-27"],
    requirements=["UZ-SHF-07", "UZ-OFD-02"],
    needs=["test-keys"],
    description="The same Z-report is sent four times, twice of them in one message.",
    expectation="Acknowledged each time, and in the ledger once.",
)
def repeated(ctx: Context) -> None:
    """Where there is no control API, the acknowledgements are all that can be seen."""
    terminal = ctx.operator.terminal()
    report = _day(terminal)
    taken(ctx, terminal, shift(report))
    taken(ctx, terminal, shift(report), shift(report))
    taken(ctx, terminal, shift(report))
    if ctx.can("control"):
        ctx.check(1, len(_entries(ctx, terminal)), "entries in the ledger", clause="OF-27")


CHANGES: dict[str, dict[str, object]] = {
    "sales": {"sales": 7},
    "cash": {"cash": Account(1, 0)},
    "vat": {"vat": Account(0, 1)},
    "open-time": {"open_time": None},
    "last-number": {"last_receipt": 99},
    "ordinal": {"ordinal": 2},
}


@family(
    "uz.operator.shift.conflict.{key}",
    rows=CHANGES,
    target="operator",
    clauses=["OF-27"],
    requirements=["UZ-SHF-06", "UZ-OFD-01"],
    needs=["test-keys"],
    description="A second Z-report of the same close time comes, which differs in its {key}.",
    expectation="Reject; the first one is still acknowledged.",
)
def conflict(ctx: Context, changes: dict[str, object]) -> None:
    """A closed Z-report never changes."""
    terminal = ctx.operator.terminal()
    report = _day(terminal)
    if "open_time" in changes:
        changes = {"open_time": terminal.time - timedelta(days=1)}
    taken(ctx, terminal, shift(report))
    rejected(ctx, terminal, shift(_other(terminal, report, **changes)).file, clause="OF-27")
    taken(ctx, terminal, shift(report))


Forge = Callable[[Context, Terminal, ZReportFile], File]


def _header(change: Callable[[ZReportFile], ZReportFile]) -> Forge:
    return lambda _, __, report: Terminal.shift_message_file(change(report))


def _bit(data: bytes | None, at: int) -> bytes:
    assert data is not None
    at %= len(data)
    return data[:at] + bytes((data[at] ^ 4,)) + data[at + 1 :]


def _of_another_terminal(ctx: Context, terminal: Terminal, _: ZReportFile) -> File:
    return shift(_day(ctx.operator.terminal(time=terminal.time))).file


def _signed_by_another(ctx: Context, terminal: Terminal, report: ZReportFile) -> File:
    record = open_zreport_file(report, terminal.keys)
    keys = ctx.operator.terminal().keys
    return shift(standin.make_zreport_file(keys, terminal.id, record, 0)).file


def _with_data(clear: Callable[[bytes], bytes]) -> Forge:
    """A record that no table can read, encrypted and truly signed (uz-fiscal §17.4)."""

    def forge(_: Context, terminal: Terminal, report: ZReportFile) -> File:
        record: ZReportRecord = open_zreport_file(report, terminal.keys)
        data = gost.encrypt(terminal.keys.transport, gost.pad(clear(record.encode())))
        signed = (
            b"UZ-TEST-ZREPORT/1" + encode_terminal_id(terminal.id) + encode_time(record.close_time) + data
        )
        signature = standin.sign(terminal.keys.signing, signed)
        return Terminal.shift_message_file(replace(report, data=data, signature=signature))

    return forge


def _as_receipt(_: Context, terminal: Terminal, __: ZReportFile) -> File:
    return replace(terminal.issue().short, type=0x02)


FORGERIES: dict[str, Forge] = {
    "of-another-terminal": _of_another_terminal,
    "signed-by-another": _signed_by_another,
    "terminal-changed": _header(lambda report: replace(report, terminal_id="ZZ000000000000")),
    "close-time-changed": _header(
        lambda report: replace(
            report, close_time=report.close_time and report.close_time + timedelta(seconds=1)
        )
    ),
    "signature-bit": _header(lambda report: replace(report, signature=_bit(report.signature, 17))),
    "record-bit": _header(lambda report: replace(report, data=_bit(report.data, -3))),
    "terminal-missing": _header(lambda report: replace(report, terminal_id=None)),
    "close-time-missing": _header(lambda report: replace(report, close_time=None)),
    "signature-missing": _header(lambda report: replace(report, signature=None)),
    "record-missing": _header(lambda report: replace(report, data=None)),
    "record-of-version-02": _with_data(lambda record: b"\x02" + record[1:]),
    "record-too-short": _with_data(lambda record: record[:-10]),
    "record-of-another-close-time": _with_data(
        lambda record: record[:11] + bytes.fromhex("2020010154000000") + record[19:]
    ),
    "header-empty": lambda *_: File(0x02, 0x02, b""),
    "a-receipt": _as_receipt,
}
"""Headers that no module made, each for one reason."""


@family(
    "uz.operator.shift.forged.{key}",
    rows=FORGERIES,
    target="operator",
    clauses=["OF-27", "S-17.4"],
    requirements=["UZ-SHF-07", "UZ-OFD-01"],
    needs=["test-keys"],
    description="A Z-report is not what the module made: {key}.",
    expectation="Error with the name of a trace; the genuine Z-report is taken afterwards.",
)
def forged(ctx: Context, forge: Forge) -> None:
    """The genuine one takes the same close time, so nothing stands there."""
    terminal = ctx.operator.terminal()
    report = _day(terminal)
    errored(ctx, terminal, forge(ctx, terminal, report), clause="OF-27")
    taken(ctx, terminal, shift(report))


@case(
    "uz.operator.shift.before-its-receipts",
    target="operator",
    clauses=["ZR-09", "OF-27", "OF-22"],
    level="stand-in",
    requirements=["UZ-SHF-07"],
    needs=["test-keys"],
    description="A Z-report comes before any of its receipts, which then come in reversed order.",
    expectation="Everything is acknowledged; with all receipts there the Z-report is no longer flagged.",
)
def before_its_receipts(ctx: Context) -> None:
    """Receipts need not be acknowledged before their Z-report is."""
    terminal = ctx.operator.terminal()
    issued = [terminal.issue() for _ in range(4)]
    report = terminal.close_shift()
    taken(ctx, terminal, shift(report))
    if ctx.can("control"):
        ctx.check_that(bool(_flags(ctx, terminal)), "flagged", _flags(ctx, terminal), "Z-report alone")
    taken(ctx, terminal, *(full(each) for each in reversed(issued)))
    if ctx.can("control"):
        ctx.check({}, _flags(ctx, terminal), "flags of the Z-report", clause="OF-22")


def _flags(ctx: Context, terminal: Terminal) -> dict[str, tuple[int, int]]:
    """Fields of the module's first Z-report that do not agree: what it reports, what is stored."""
    entries = _entries(ctx, terminal)
    found = entries[0]["mismatches"] if entries else []
    return {flag["field"]: (flag["reported"], flag["stored"]) for flag in found}


@case(
    "uz.operator.shift.matches",
    target="operator",
    clauses=["OF-22", "UNK-09", "ZR-06"],
    level="stand-in",
    requirements=["UZ-SHF-04", "UZ-OFD-01"],
    needs=["control", "test-keys"],
    description="A shift of sales and refunds of every receipt type, full and short, is closed.",
    expectation="Acknowledged, and the ledger finds nothing amiss in it.",
)
def matches(ctx: Context) -> None:
    """Advance and credit count in the totals."""
    terminal = ctx.operator.terminal()
    for kind in ReceiptType:
        for operation in Operation:
            taken(ctx, terminal, full(terminal.issue(type=kind, operation=operation)))
    taken(ctx, terminal, short(terminal.issue()))
    taken(ctx, terminal, shift(terminal.close_shift()))
    ctx.check({}, _flags(ctx, terminal), "flags of the Z-report", clause="OF-22")


@family(
    "uz.operator.shift.mismatch.{key}",
    rows={
        "sales": ("sales", {"sales": 9}, 9),
        "refunds": ("refunds", {"refunds": 0}, 0),
        "cash-of-sales": ("cash_sale", {"cash": 1}, 1),
        "card-of-sales": ("card_sale", {"card": 1}, 1),
        "vat-of-sales": ("vat_sale", {"vat": 1}, 1),
    },
    target="operator",
    clauses=["OF-22"],
    requirements=["UZ-SHF-04", "UZ-OFD-01"],
    needs=["control", "test-keys"],
    description="A genuine Z-report does not agree with the stored receipts in its {key}.",
    expectation="It is acknowledged and flagged in just that field, with both values.",
)
def mismatch(ctx: Context, row: tuple[str, dict[str, int], int]) -> None:
    """The module is right by its signature; who is wrong is for people to find out."""
    field, changes, reported = row
    terminal = ctx.operator.terminal()
    issued = [terminal.issue(), terminal.issue(operation=Operation.REFUND), terminal.issue()]
    taken(ctx, terminal, *(full(each) for each in issued))
    true = open_zreport_file(terminal.close_shift(), terminal.keys)
    wrong: dict[str, object] = {
        name: value if name in ("sales", "refunds") else replace(getattr(true, name), sale=value)
        for name, value in changes.items()
    }
    record = replace(true, **wrong)  # type: ignore[arg-type]
    taken(ctx, terminal, shift(standin.make_zreport_file(terminal.keys, terminal.id, record, 0)))
    sales = [each.receipt for each in issued if each.receipt.operation == Operation.SALE]
    stored = {
        "sales": 2,
        "refunds": 1,
        "cash_sale": sum(receipt.received_cash for receipt in sales),
        "card_sale": sum(receipt.received_card for receipt in sales),
        "vat_sale": sum(item.vat for receipt in sales for item in receipt.items),
    }[field]
    ctx.check({field: (reported, stored)}, _flags(ctx, terminal), "flags of the Z-report", clause="OF-22")


@case(
    "uz.operator.shift.missing-receipt",
    target="operator",
    clauses=["OF-22"],
    requirements=["UZ-OFD-01"],
    needs=["control", "test-keys"],
    description="Of a shift of five receipts one has not come; it comes after the Z-report.",
    expectation="The Z-report is acknowledged and flagged in the count of sales, until the receipt is there.",
)
def missing_receipt(ctx: Context) -> None:
    """First and last number enclose the one that is missing."""
    terminal = ctx.operator.terminal()
    issued = [terminal.issue() for _ in range(5)]
    taken(ctx, terminal, *(full(each) for each in issued if each.seq != 3))
    taken(ctx, terminal, shift(terminal.close_shift()))
    ctx.check((5, 4), _flags(ctx, terminal).get("sales"), "sales reported and stored", clause="OF-22")
    taken(ctx, terminal, full(issued[2]))
    ctx.check({}, _flags(ctx, terminal), "flags of the Z-report", clause="OF-22")
