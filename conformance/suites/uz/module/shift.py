"""Opening and closing shifts, and the Z-report that comes of it (uz-fiscal §5.3, §9.3)."""

from __future__ import annotations

from dataclasses import replace

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.module import SECOND, ModuleDriver
from conformance.suites.uz.module.books import OK, begin, fresh, refused, still_sells, unchanged
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.objects import Account
from reference.protocol.uz.values import encode_time


@case(
    "uz.module.shift.open-twice",
    target="module",
    clauses=["FM-Z-01", "ZR-02"],
    requirements=["UZ-SHF-01"],
    description="A shift is opened while one is open.",
    expectation="9022, and nothing in the module has changed.",
)
def open_twice(ctx: Context) -> None:
    """One cause only: the time of the second opening is a good one."""
    module = ctx.module
    module.ready("open")
    refused(ctx, apdu.zreport_open(module.next_time()), StatusWord.ZREPORT_IS_NOT_CLOSED, clause="FM-Z-01")
    still_sells(ctx, "ZR-02")


@case(
    "uz.module.shift.close-empty",
    target="module",
    clauses=["FM-Z-04", "ZR-03"],
    requirements=["UZ-SHF-05"],
    description="A shift is closed in which nothing was sold.",
    expectation="9032, and the shift stays open; after one sale it closes.",
)
def close_empty(ctx: Context) -> None:
    """A shift opened for the case, so that it is certainly empty."""
    module = ctx.module
    module.ready("fresh")
    refused(
        ctx, apdu.zreport_close(module.next_time()), StatusWord.CANNOT_CLOSE_EMPTY_ZREPORT, clause="FM-Z-04"
    )
    still_sells(ctx, "ZR-03")
    ctx.check(OK, module.close_shift().sw, "close after one sale", clause="ZR-03")


def _with_a_closed_shift(ctx: Context) -> ModuleDriver:
    """A module whose last shift is closed, not one that never had any."""
    books = begin(ctx, "fresh")
    books.sell()
    books.must(books.close(), "close")
    if ctx.can("test-keys"):
        books.acknowledge_all()
    return ctx.module


@case(
    "uz.module.shift.close-twice",
    target="module",
    clauses=["FM-Z-03", "ZR-04"],
    requirements=["UZ-SHF-05"],
    description="A closed shift is closed again.",
    expectation="9023, and nothing has changed; the next shift opens and sells.",
)
def close_twice(ctx: Context) -> None:
    """Its own error, unlike that of selling without a shift."""
    module = _with_a_closed_shift(ctx)
    refused(
        ctx, apdu.zreport_close(module.next_time()), StatusWord.ZREPORT_IS_ALREADY_CLOSED, clause="FM-Z-03"
    )
    ctx.check(OK, module.open().sw, "open after the refusal", clause="ZR-04")
    still_sells(ctx, "ZR-04")


@case(
    "uz.module.shift.register-closed",
    target="module",
    clauses=["FM-Z-02", "ZR-01", "S-15"],
    requirements=["UZ-SHF-02"],
    description="A receipt is registered while the last shift is closed.",
    expectation="Word 9021 (the sources would also allow 9023), and no number is spent.",
)
def register_closed(ctx: Context) -> None:
    """A sale and a refund alike."""
    module = _with_a_closed_shift(ctx)
    for operation in (0, 1):
        with unchanged(ctx, "ZR-01"):
            answer = module.register_block(module.block(operation=operation, cash=1, vat=0))
            words = (StatusWord.ZREPORT_IS_NOT_OPENED, StatusWord.ZREPORT_IS_ALREADY_CLOSED)
            ctx.check_in(words, answer.sw, "status word", clause="FM-Z-02")
            ctx.check(words[0], answer.sw, "status word", clause="S-15")
    module.open()
    still_sells(ctx, "ZR-01")


@family(
    "uz.module.shift.never-opened.{key}",
    rows={"close": False, "register": True},
    target="module",
    clauses=["FM-Z-02"],
    requirements=["UZ-SHF-02", "UZ-SHF-05"],
    needs=["fresh-module"],
    description="A module that never had a shift is asked to {key}.",
    expectation="9021, and nothing has changed.",
)
def never_opened(ctx: Context, register: bool) -> None:
    """Closing here is not 9023: there is nothing that could be closed already."""
    fresh(ctx)
    time = ctx.module.next_time()
    block = ctx.module.block(time=time).encode()
    command = apdu.receipt_register(block) if register else apdu.zreport_close(time)
    refused(ctx, command, StatusWord.ZREPORT_IS_NOT_OPENED)


@family(
    "uz.module.shift.length.{key}",
    rows={
        f"{name}-{size}": (p1, size)
        for name, p1 in (("open", 0), ("close", 1))
        for size in (0, 1, 7, 9, 16, 100)
    },
    target="module",
    clauses=["FM-C-01"],
    requirements=["UZ-DEV-07"],
    description=lambda row: (
        f"A shift is to be {'closed' if row[0] else 'opened'} with {row[1]} bytes of data."
    ),
    expectation="6700, and nothing has changed.",
)
def length(ctx: Context, row: tuple[int, int]) -> None:
    """A good time stands at the front, so that only the size is wrong."""
    p1, size = row
    if p1:
        begin(ctx).sell()
    else:
        ctx.module.ready("closed")
    data = (encode_time(ctx.module.next_time()) + bytes(100))[:size]
    refused(ctx, Command(0, 0x03, p1, 0, data), StatusWord.WRONG_LENGTH)


@case(
    "uz.module.shift.totals",
    target="module",
    clauses=["ZR-06", "FM-R-12"],
    requirements=["UZ-SHF-03", "UZ-SHF-04"],
    description=(
        "Sales and refunds in cash and by card, with and without VAT, are registered and the shift is closed."
    ),
    expectation=(
        "Counts, sums, numbers and times of the Z-report and the lifetime sums equal the judge's own "
        "addition."
    ),
)
def totals(ctx: Context) -> None:
    """Amounts are random, so that no sum is right by accident; refunds stay below what was sold."""
    books = begin(ctx, "fresh")
    for _ in range(8):
        books.sell(cash=ctx.rng.randrange(10**7), card=ctx.rng.randrange(10**7), vat=ctx.rng.randrange(10**6))
    books.sell(cash=10**8, card=10**8, vat=10**7)
    for operation in (1, 0, 1, 1):
        books.sell(
            operation=operation,
            cash=ctx.rng.randrange(10**7),
            card=ctx.rng.randrange(10**7),
            vat=ctx.rng.randrange(10**6),
        )
    books.compare()
    books.must(books.close(), "close")
    books.compare()


@case(
    "uz.module.shift.totals-by-hand",
    target="module",
    clauses=["ZR-06", "S-5.5"],
    requirements=["UZ-SHF-03", "UZ-SHF-04"],
    description="Three sales and one refund of round sums make a shift.",
    expectation=(
        "3 and 1; cash 600 and 50, card 60 and 5, VAT 6 and 1; first and last number; opening and closing"
        " time."
    ),
)
def totals_by_hand(ctx: Context) -> None:
    """The same as the case before, without any model to be wrong."""
    module = ctx.module
    module.ready("closed")
    opened = module.next_time(90)
    ctx.check(OK, module.open(opened).sw, "open")
    numbers = [
        module.sell(cash=cash, card=card, vat=vat, operation=operation).seq
        for cash, card, vat, operation in ((100, 10, 1, 0), (200, 20, 2, 0), (50, 5, 1, 1), (300, 30, 3, 0))
    ]
    closed = module.next_time(3600)
    ctx.check(OK, module.close_shift(closed).sw, "close")
    shift = module.shift()
    ctx.check((3, 1), (shift.sales, shift.refunds), "sales and refunds", clause="ZR-06")
    sums = (shift.cash, shift.card, shift.vat)
    ctx.check((Account(600, 50), Account(60, 5), Account(6, 1)), sums, "cash, card and VAT", clause="ZR-06")
    ctx.check((numbers[0], numbers[-1]), (shift.first_receipt, shift.last_receipt), "first and last number")
    ctx.check(
        (opened, closed, None),
        (shift.open_time, shift.close_time, shift.acknowledged),
        "times",
        clause="S-5.5",
    )
    ctx.check(list(range(numbers[0], numbers[0] + 4)), numbers, "receipt numbers", clause="ZR-07")


@case(
    "uz.module.shift.starts-at-zero",
    target="module",
    clauses=["S-5.5", "ZR-06"],
    requirements=["UZ-SHF-03"],
    description="A shift is opened after one with sales and refunds.",
    expectation="No close time, counts, sums and numbers are zero, while the lifetime sums stay.",
)
def starts_at_zero(ctx: Context) -> None:
    """Nothing of yesterday is left in it."""
    books = begin(ctx, "fresh")
    books.sell(cash=500, card=300, vat=80)
    books.sell(cash=200, card=100, vat=30, operation=1)
    books.next_shift()
    shift, zero = ctx.module.shift(), Account(0, 0)
    ctx.check(
        (0, 0, 0, 0),
        (shift.sales, shift.refunds, shift.first_receipt, shift.last_receipt),
        "counts and numbers",
    )
    ctx.check((zero, zero, zero), (shift.cash, shift.card, shift.vat), "sums")
    ctx.check((None, None), (shift.close_time, shift.acknowledged), "close time and acknowledgement")
    books.compare()


@case(
    "uz.module.shift.stays-as-closed",
    target="module",
    clauses=["ZR-08", "FM-A-03"],
    requirements=["UZ-SHF-06"],
    needs=["test-keys"],
    description="After a close the module trades on, closes again, and the first shift is acknowledged.",
    expectation=(
        "The first shift reads the same by its new index, its file too; only the time of acknowledgement "
        "appears."
    ),
)
def stays_as_closed(ctx: Context) -> None:
    """A Z-report is for ever."""
    books = begin(ctx, "fresh")
    module = ctx.module
    books.sell(cash=1234, card=432, vat=99)
    books.next_shift()
    shift, file = module.shift(1), module.transmit(apdu.get_zreport_file(1))
    books.sell()
    books.next_shift()
    books.sell()
    module.power_cycle()
    ctx.check(shift, module.shift(2), "the shift by its new index", clause="ZR-08")
    ctx.check(file.data, module.transmit(apdu.get_zreport_file(2)).data, "its file", clause="ZR-08")
    assert shift.close_time is not None
    acknowledged = shift.close_time + 77 * SECOND
    books.must(books.acknowledge_shift(shift.close_time, acknowledged), "acknowledge the shift")
    ctx.check(
        replace(shift, acknowledged=acknowledged), module.shift(2), "the acknowledged shift", clause="FM-A-03"
    )
    ctx.check(
        file.data, module.transmit(apdu.get_zreport_file(2)).data, "its file afterwards", clause="ZR-08"
    )


@case(
    "uz.module.shift.numbers",
    target="module",
    clauses=["ZR-07", "ZR-05"],
    requirements=["UZ-SHF-05"],
    description="Four shifts follow each other at one second's distance.",
    expectation=(
        "The count of shifts grows by one each; the receipt numbers of each shift follow those of the last."
    ),
)
def numbers(ctx: Context) -> None:
    """No gap and no repeat, in shifts or receipts."""
    books = begin(ctx, "fresh")
    count = ctx.module.memory().zreports_count or 0
    first = books.ledger.seq + 1
    for _ in range(3):
        books.sell()
        books.sell()
        books.next_shift()
    ctx.check(count + 3, ctx.module.memory().zreports_count, "shifts opened", clause="ZR-07")
    spans = [
        (shift.first_receipt, shift.last_receipt)
        for shift in (ctx.module.shift(index) for index in (3, 2, 1))
    ]
    ctx.check(
        [(first, first + 1), (first + 2, first + 3), (first + 4, first + 5)], spans, "numbers of the shifts"
    )


@case(
    "uz.module.shift.nothing-forces-a-close",
    target="module",
    clauses=["ZR-11"],
    requirements=["UZ-SHF-08"],
    needs=["test-keys"],
    description="A shift stays open over five days of daily sales that are acknowledged.",
    expectation="Every sale goes into it; it closes on the sixth day with the whole sum.",
)
def nothing_forces_a_close(ctx: Context) -> None:
    """Warning of yesterday's shift is the POS's affair."""
    books = begin(ctx, "fresh")
    for _ in range(5):
        sold = books.sell(time=books.now + 86_399 * SECOND)
        books.acknowledge(sold.seq)
    books.compare()
    books.must(books.close(books.now + 86_399 * SECOND), "close")
    books.compare()
