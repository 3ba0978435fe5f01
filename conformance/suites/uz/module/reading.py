"""Asking by index and number: bounds, order, what is not there (uz-fiscal §5.2, §5.4)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.module.books import OK, begin, fresh, refused, unchanged
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord


@family(
    "uz.module.reading.index.{key}",
    rows={"shift-info": 0x01, "shift-file": 0x02, "receipt-info": 0x05, "receipt-file": 0x06},
    target="module",
    clauses=["FM-I-01", "FM-I-02", "FM-I-04"],
    requirements=["UZ-DEV-07"],
    description="The {key} is asked for by indexes from 7FFF to FFFF.",
    expectation="9020 up to 7FFF, 9011 from 8000 on; nothing has changed.",
)
def index_bounds(ctx: Context, ins: int) -> None:
    """An index is a short that is not negative."""
    ctx.module.ready("open")
    with unchanged(ctx):
        for index in (0x7FFE, 0x7FFF):
            answer = ctx.module.transmit(Command(0, ins, index >> 8, index & 0xFF))
            expected = StatusWord.NOT_FOUND
            ctx.check(expected, answer.sw, f"status word for index {index:04X}", clause="FM-I-02")
        for index in (0x8000, 0x8001, 0xC000, 0xFFFE, 0xFFFF):
            answer = ctx.module.transmit(Command(0, ins, index >> 8, index & 0xFF))
            ctx.check(
                StatusWord.INVALID_INDEX, answer.sw, f"status word for index {index:04X}", clause="FM-I-01"
            )


@case(
    "uz.module.reading.shift-indexes",
    target="module",
    clauses=["S-5.2", "FM-I-02", "FM-I-03"],
    requirements=["UZ-SHF-06"],
    description=(
        "Three shifts are opened; they are read by index, then the oldest of all and the one beyond it."
    ),
    expectation=(
        "Index 0 is the last opened; the oldest answers; beyond it 9020 for information and file alike."
    ),
)
def shift_indexes(ctx: Context) -> None:
    """As many shifts as fiscal memory counts, newest first."""
    books = begin(ctx, "fresh")
    for _ in range(2):
        books.sell()
        books.next_shift()
    module = ctx.module
    expected = [books.ledger.shift(index).open_time for index in range(3)]
    ctx.check(
        expected, [module.shift(index).open_time for index in range(3)], "opening times", clause="S-5.2"
    )
    count = module.memory().zreports_count or 0
    ctx.check(OK, module.transmit(apdu.get_zreport_info(count - 1)).sw, "oldest shift", clause="FM-I-02")
    beyond = module.transmit(apdu.get_zreport_info(count))
    ctx.check(StatusWord.NOT_FOUND, beyond.sw, "beyond the oldest", clause="FM-I-02")
    file = module.transmit(apdu.get_zreport_file(count))
    ctx.check(StatusWord.NOT_FOUND, file.sw, "file beyond the oldest", clause="FM-I-03")


@case(
    "uz.module.reading.open-shift-file",
    target="module",
    clauses=["FM-I-03"],
    requirements=["UZ-SHF-06"],
    description="The file of the open shift is asked for.",
    expectation="9022.",
)
def open_shift_file(ctx: Context) -> None:
    """A shift has no file before its close."""
    ctx.module.ready("open")
    refused(ctx, apdu.get_zreport_file(0), StatusWord.ZREPORT_IS_NOT_CLOSED)


@case(
    "uz.module.reading.before-the-first-shift",
    target="module",
    clauses=["FM-I-02", "FM-I-03", "FM-I-04", "FM-I-05"],
    requirements=["UZ-DEV-07"],
    needs=["fresh-module"],
    description=(
        "A module that never had a shift is asked for shifts, their files, receipts and what is "
        "unacknowledged."
    ),
    expectation="9020 for the shift, 9021 for its file, 9020 for receipt and receipt file, an empty list.",
)
def before_the_first_shift(ctx: Context) -> None:
    """Each has its own word."""
    ctx.module.fresh()
    ask = ctx.module.transmit
    ctx.check(StatusWord.NOT_FOUND, ask(apdu.get_zreport_info(0)).sw, "shift 0", clause="FM-I-02")
    ctx.check(
        StatusWord.ZREPORT_IS_NOT_OPENED, ask(apdu.get_zreport_file(0)).sw, "its file", clause="FM-I-03"
    )
    ctx.check(StatusWord.NOT_FOUND, ask(apdu.get_receipt_info(0)).sw, "receipt 0", clause="FM-I-04")
    ctx.check(StatusWord.NOT_FOUND, ask(apdu.get_receipt_file(0)).sw, "receipt file 0", clause="FM-I-04")
    ctx.check(StatusWord.NOT_FOUND, ask(apdu.get_receipt_file(seq=1)).sw, "receipt file 1", clause="FM-I-04")
    ctx.check(
        b"\x00\x00", ctx.module.demand(apdu.get_unack_zreports()).data, "unacknowledged", clause="FM-I-05"
    )


@case(
    "uz.module.reading.receipt-indexes",
    target="module",
    clauses=["FM-I-04", "TAG-02"],
    requirements=["UZ-OFF-06"],
    needs=["test-keys"],
    description=(
        "Six receipts are held, the first and two in the middle are acknowledged, and all indexes are read."
    ),
    expectation="Index 0 is the newest held one, then downwards without gaps, and 9020 after the last.",
)
def receipt_indexes(ctx: Context) -> None:
    """A host reads 0, 1, 2 … until 9020 and has seen all."""
    books = begin(ctx)
    sold = [books.sell() for _ in range(6)]
    for at in (0, 2, 3):
        books.acknowledge(sold[at].seq)
    left = [sold[at].seq for at in (5, 4, 1)]
    ctx.check(
        left,
        [ctx.module.receipt(index).receipt_seq for index in range(3)],
        "numbers by index",
        clause="TAG-02",
    )
    files = [ctx.module.receipt_file(index).receipt_seq for index in range(3)]
    ctx.check(left, files, "numbers of files by index", clause="TAG-02")
    for command in (apdu.get_receipt_info(3), apdu.get_receipt_file(3)):
        ctx.check(StatusWord.NOT_FOUND, ctx.module.transmit(command).sw, "index 3", clause="FM-I-04")


@case(
    "uz.module.reading.receipt-file-by-number",
    target="module",
    clauses=["S-5.2", "FM-I-04"],
    requirements=["UZ-OFF-06"],
    needs=["test-keys"],
    description=(
        "Receipt files are asked for by number, with any P1 P2; then by numbers never given or acknowledged."
    ),
    expectation="The file of that number whatever P1 P2 say; 9020 for the others.",
)
def receipt_file_by_number(ctx: Context) -> None:
    """P1 P2 are ignored beside a number, also where they would be no index."""
    books = begin(ctx)
    sold = [books.sell() for _ in range(3)]
    for receipt in sold:
        for index in (0, 2, 0x7FFF, 0xFFFF):
            file = ctx.module.receipt_file(index, receipt.seq)
            ctx.check(receipt.seq, file.receipt_seq, f"number of the file, P1 P2 {index:04X}", clause="S-5.2")
    books.acknowledge(sold[1].seq)
    for seq in (sold[1].seq, sold[2].seq + 1, 0, 9_999_999_999_999_999):
        answer = ctx.module.transmit(apdu.get_receipt_file(seq=seq))
        ctx.check(StatusWord.NOT_FOUND, answer.sw, f"status word for number {seq}", clause="FM-I-04")


@family(
    "uz.module.reading.receipt-file-data.{key}",
    rows={
        "one-byte": ("01", StatusWord.WRONG_LENGTH),
        "seven-bytes": ("01000000000000", StatusWord.WRONG_LENGTH),
        "nine-bytes": ("010000000000000000", StatusWord.WRONG_LENGTH),
        "nibble-a-first": ("a000000000000000", StatusWord.INVALID_BCD),
        "nibble-f-last": ("100000000000000f", StatusWord.INVALID_BCD),
    },
    target="module",
    clauses=["FM-S-09", "TY-01"],
    requirements=["UZ-DEV-07"],
    description=lambda row: f"A receipt file is asked for with the data {row[0]}.",
    expectation=lambda row: f"{row[1]:04X}, and nothing has changed.",
)
def receipt_file_data(ctx: Context, row: tuple[str, StatusWord]) -> None:
    """Empty or a number of eight bytes."""
    ctx.module.ready("open")
    ctx.module.sell()
    refused(ctx, Command(0, 0x06, 0, 0, bytes.fromhex(row[0])), row[1], clause="FM-S-09")


@family(
    "uz.module.reading.data-where-none-belongs.{key}",
    rows={
        "version": Command(0, 0x00, 0x00, 0),
        "unacknowledged-list": Command(0, 0x00, 0x03, 0),
        "shift-file": Command(0, 0x02, 0, 0),
        "pos-challenge": Command(0, 0x0C, 0x01, 0),
        "rescan": Command(0, 0x17, 0x01, 0),
    },
    target="module",
    clauses=["FM-S-09"],
    requirements=["UZ-DEV-07"],
    description="Command {key} is given one byte, and eight, of data that it does not take.",
    expectation="6700 both times, and nothing has changed.",
)
def data_where_none_belongs(ctx: Context, command: Command) -> None:
    """Not ignored, so that a misbuilt command is noticed."""
    ctx.module.ready()
    for data in (b"\x01", bytes(8)):
        refused(ctx, command._replace(data=data), StatusWord.WRONG_LENGTH)


@case(
    "uz.module.reading.unacknowledged-shifts",
    target="module",
    clauses=["FM-I-05", "FM-A-03"],
    requirements=["UZ-SHF-07"],
    needs=["test-keys"],
    description="Three shifts are closed, a fourth is open; the middle one is acknowledged, then the others.",
    expectation=(
        "The list holds closed, unacknowledged shifts in ascending reverse index, never the open one."
    ),
)
def unacknowledged_shifts(ctx: Context) -> None:
    """After every step."""
    books = begin(ctx, "fresh")
    module = ctx.module
    for _ in range(3):
        books.sell()
        books.next_shift()
    ctx.check([1, 2, 3], module.unacknowledged_shifts(), "three closed shifts", clause="FM-I-05")
    for index, left in ((2, [1, 3]), (1, [3]), (3, [])):
        close_time = books.ledger.shift(index).close_time
        assert close_time is not None
        books.acknowledge_shift(close_time)
        ctx.check(left, module.unacknowledged_shifts(), f"without shift {index}", clause="FM-A-03")


@case(
    "uz.module.reading.sixteen-oldest-shifts",
    target="module",
    clauses=["FM-I-05"],
    requirements=["UZ-SHF-07"],
    needs=["fresh-module"],
    description="Eighteen shifts are closed and none is acknowledged, then the oldest is.",
    expectation="The list names the sixteen oldest, and after the acknowledgement the next sixteen.",
)
def sixteen_oldest_shifts(ctx: Context) -> None:
    """What one answer holds; the newest wait for their turn."""
    books = fresh(ctx, "open")
    for _ in range(17):
        books.sell()
        books.next_shift()
    books.sell()
    books.close()
    ctx.check(list(range(2, 18)), ctx.module.unacknowledged_shifts(), "sixteen oldest of eighteen")
    oldest = books.ledger.shifts[0].close_time
    assert oldest is not None
    books.acknowledge_shift(oldest)
    ctx.check(list(range(1, 17)), ctx.module.unacknowledged_shifts(), "sixteen oldest of the rest")


@case(
    "uz.module.reading.rescan",
    target="module",
    clauses=["UNK-24"],
    requirements=["UZ-OFF-06"],
    needs=["test-keys"],
    description="A rescan is asked for with receipts held, and with none.",
    expectation="9000 without data, and the oldest unsent time stays the true one.",
)
def rescan(ctx: Context) -> None:
    """It only looks again."""
    books = begin(ctx)
    for held in (2, 0):
        for _ in range(held):
            books.sell()
        with unchanged(ctx, "UNK-24"):
            answer = ctx.module.transmit(apdu.receipt_rescan())
            ctx.check((b"", OK), (answer.data, answer.sw), f"rescan with {held} receipts held")
        books.acknowledge_all()
