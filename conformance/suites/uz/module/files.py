"""Receipt and Z-report files: signed once, kept, true to what was traded (uz-fiscal §5.5, §17.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.present import present
from conformance.suites.uz.module.books import begin, fresh, other_terminal
from reference.protocol.uz import apdu, standin
from reference.protocol.uz.errors import StandinError
from reference.protocol.uz.objects import Account, ReceiptFile, ZReportFile
from reference.protocol.uz.standin import ReceiptRecord, ZReportRecord

LARGEST_ANSWER = 253
"""Data bytes that fit a frame beside the status word (EM-02)."""


def _receipt_record(file: ReceiptFile) -> ReceiptRecord | None:
    """The record, None where the file is not signed by its terminal's test key."""
    try:
        return standin.open_receipt_file(file)
    except StandinError:
        return None


def _shift_record(file: ZReportFile) -> ZReportRecord | None:
    try:
        return standin.open_zreport_file(file)
    except StandinError:
        return None


def _opens(file: ReceiptFile | ZReportFile) -> bool:
    record = _receipt_record(file) if isinstance(file, ReceiptFile) else _shift_record(file)
    return record is not None


@case(
    "uz.module.files.receipt-record",
    target="module",
    clauses=["S-17.4", "FM-R-11"],
    requirements=["UZ-DEV-01"],
    needs=["test-keys"],
    description="Receipts of all types, with and without EXTRA, are registered and their files opened.",
    expectation=(
        "Every signature verifies; the record holds what was registered, the sign and the cipher key."
    ),
)
def receipt_record(ctx: Context) -> None:
    """Advance and credit are signed by the device, though they have no fiscal sign."""
    books = begin(ctx, "fresh")
    books.sell(cash=9_000, card=9_000, vat=900)
    for type_, operation, extra in ((0, 0, b""), (0, 1, bytes(32)), (1, 0, b"\x04\x01a"), (2, 1, b"")):
        sold = books.sell(
            type=type_,
            operation=operation,
            cash=ctx.rng.randrange(3000),
            card=ctx.rng.randrange(3000),
            vat=ctx.rng.randrange(300),
            items=ctx.rng.randrange(1, 32_768),
            extra=extra,
        )
        block, sign = sold.block, sold.sign
        expected = ReceiptRecord(
            fiscal_sign=sign.fiscal_sign,
            time=block.time,
            type=type_,
            operation=operation,
            cash=block.cash,
            card=block.card,
            vat=block.vat,
            items_count=block.items_count,
            items_hash=block.items_hash,
            cipher_key=present(sign.cipher_key, "a3.0c"),
            extra=extra,
        )
        file = ctx.module.receipt_file(seq=sold.seq)
        ctx.check(expected, _receipt_record(file), f"record of receipt {sold.seq}", clause="S-17.4")
        named = (file.terminal_id, file.receipt_seq, file.type)
        ctx.check((ctx.module.terminal, sold.seq, type_), named, "terminal, number and type", clause="S-5.5")


@case(
    "uz.module.files.one-byte-changed",
    target="module",
    clauses=["S-17.4"],
    requirements=["UZ-DEV-01"],
    needs=["test-keys"],
    description=(
        "In the files of a receipt and a Z-report every byte of the data, and number, type and time, is "
        "changed."
    ),
    expectation="The signature verifies for the file as it came, and for none of the changed ones.",
)
def one_byte_changed(ctx: Context) -> None:
    """One bit each; the signature itself in a few places."""
    books = begin(ctx, "fresh")
    books.sell()
    file = ctx.module.receipt_file(0)
    books.must(books.close(), "close")
    shift = ctx.module.shift_file(0)
    data, signature = present(file.data, "a5.04"), present(file.signature, "a5.03")
    forged: list[ReceiptFile | ZReportFile] = [
        replace(file, receipt_seq=present(file.receipt_seq, "a5.02") + 1),
        replace(file, type=1),
        replace(file, terminal_id="ZZ999999999999"),
        replace(shift, close_time=present(shift.close_time, "a4.02") + timedelta(seconds=1)),
        replace(shift, terminal_id="ZZ999999999999"),
    ]
    forged += [replace(file, data=_flipped(data, at)) for at in range(len(data))]
    forged += [replace(file, signature=_flipped(signature, at)) for at in range(0, len(signature), 9)]
    shift_data = present(shift.data, "a4.04")
    forged += [replace(shift, data=_flipped(shift_data, at)) for at in range(0, len(shift_data), 5)]
    ctx.check((True, True), (_opens(file), _opens(shift)), "the files as they came verify")
    ctx.check(0, sum(_opens(each) for each in forged), f"of {len(forged)} changed files verify")


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


@case(
    "uz.module.files.shift-record",
    target="module",
    clauses=["S-17.4", "ZR-06"],
    requirements=["UZ-DEV-01", "UZ-SHF-04", "UZ-SHF-05"],
    needs=["test-keys"],
    description="Three shifts of random trade are closed and their files opened.",
    expectation=(
        "Every signature verifies; the record is the judge's own addition, with ordinals one after another."
    ),
)
def shift_record(ctx: Context) -> None:
    """What the operator will get is what the module showed."""
    books = begin(ctx, "fresh")
    ordinal = present(ctx.module.memory().zreports_count, "a1.05")
    for number in range(3):
        for _ in range(ctx.rng.randrange(1, 5)):
            books.sell(
                cash=ctx.rng.randrange(10**6), card=ctx.rng.randrange(10**6), vat=ctx.rng.randrange(10**5)
            )
        books.sell(operation=1, cash=1 + number, card=0, vat=0)
        books.must(books.close(), "close")
        shift = books.ledger.current
        sale, refund = shift.sides
        expected = ZReportRecord(
            ordinal=ordinal + number,
            open_time=shift.open_time,
            close_time=books.ledger.last_operation,
            sales=shift.counts[0],
            refunds=shift.counts[1],
            first_receipt=shift.first,
            last_receipt=shift.last,
            cash=Account(sale.cash, refund.cash),
            card=Account(sale.card, refund.card),
            vat=Account(sale.vat, refund.vat),
        )
        file = ctx.module.shift_file(0)
        ctx.check(shift.close_time, file.close_time, "close time in the file", clause="S-5.5")
        ctx.check(expected, _shift_record(file), f"record of shift {ordinal + number}", clause="S-17.4")
        books.must(books.open(), "open")


@case(
    "uz.module.files.fit-the-frame",
    target="module",
    clauses=["EM-02", "S-17.4"],
    requirements=["UZ-DEV-01"],
    description="The largest receipt, with an EXTRA of 32 bytes, is registered and its file read.",
    expectation="The file fits an answer of 253 bytes, and so does the information with every tag.",
)
def fit_the_frame(ctx: Context) -> None:
    """One length byte is all there is."""
    ctx.module.ready("open")
    ctx.module.sell(cash=10**12, items=32_767, extra=ctx.rng.randbytes(32))
    for what, command in (
        ("file", apdu.get_receipt_file(0)),
        ("information", apdu.get_receipt_info(0, range(1, 0x10))),
    ):
        size = len(ctx.module.demand(command).data)
        ctx.check_that(size <= LARGEST_ANSWER, f"at most {LARGEST_ANSWER} bytes", size, f"size of the {what}")


@family(
    "uz.module.files.same-bytes.{key}",
    rows={"receipt": apdu.get_receipt_file(0), "shift": apdu.get_zreport_file(1)},
    target="module",
    clauses=["S-5.5", "ZR-08"],
    requirements=["UZ-DEV-01", "UZ-DEV-03"],
    description="The file of a {key} is read three times, with trade and a power cycle between.",
    expectation="The same bytes each time: it was signed once and is kept.",
)
def same_bytes(ctx: Context, command: apdu.Command) -> None:
    """A second signature over the same record would be another file to the operator."""
    books = begin(ctx, "fresh")
    books.sell()
    books.next_shift()
    sold = books.sell()
    first = ctx.module.demand(command).data
    ctx.check(first, ctx.module.demand(command).data, "second reading")
    books.sell()
    ctx.module.power_cycle()
    again = apdu.get_receipt_file(seq=sold.seq) if command.ins == 0x06 else command
    ctx.check(first, ctx.module.demand(again).data, "reading after trade and power cycle")


@case(
    "uz.module.files.other-module",
    target="module",
    clauses=["S-17.4", "S-17.3", "ID-01"],
    requirements=["UZ-DEV-01", "UZ-DEV-02"],
    needs=["fresh-module"],
    description="Two modules of different terminal ids register the same receipt under the same number.",
    expectation=(
        "Different signs, keys and files, each verified by its own terminal's key and not by the other's."
    ),
)
def other_module(ctx: Context) -> None:
    """One after the other in the same place."""
    found = []
    with other_terminal(ctx):
        for terminal in ("ZZ000000000011", "ZZ000000000012"):
            ctx.module.fresh(terminal=terminal, last_operation="2031-03-03 10:00:00", start_locked=False)
            ctx.check(terminal, ctx.module.info().terminal_id, "terminal id", clause="ID-01")
            ctx.module.open()
            sold = ctx.module.sell(items_hash=bytes(32))
            found.append((sold.sign.fiscal_sign, sold.sign.cipher_key, ctx.module.receipt_file(0)))
            ctx.check(True, _opens(ctx.module.receipt_file(0)), f"file of {terminal} verifies")
    (one_sign, one_key, one), (two_sign, two_key, two) = found
    ctx.check(
        (True, True), (one_sign != two_sign, one_key != two_key), "different sign and key", clause="S-17.3"
    )
    ctx.check(
        False, _opens(replace(one, terminal_id=two.terminal_id)), "one file under the other's name verifies"
    )


@case(
    "uz.module.files.gone-with-the-acknowledgement",
    target="module",
    clauses=["FM-A-02", "FM-I-04"],
    requirements=["UZ-OFF-06"],
    needs=["fresh-module"],
    description="A receipt is acknowledged and its block is used by the next.",
    expectation="Its number is 9020 by file; the new receipt's file stands at the same absolute index.",
)
def gone_with_the_acknowledgement(ctx: Context) -> None:
    """Only the short record lives in the module, and only until then."""
    books = fresh(ctx, "open", blocks=10)
    first, second = books.sell(), books.sell()
    index = ctx.module.receipt_file(seq=first.seq).index
    books.acknowledge(first.seq)
    ctx.check(0x9020, ctx.module.transmit(apdu.get_receipt_file(seq=first.seq)).sw, "file of the first")
    third = books.sell()
    ctx.check(index, ctx.module.receipt_file(seq=third.seq).index, "index of the third", clause="MEM-03")
    ctx.check(second.seq, ctx.module.receipt_file(1).receipt_seq, "second by reverse index", clause="TAG-02")
