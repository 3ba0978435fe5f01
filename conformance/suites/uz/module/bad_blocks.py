"""Receipts that cannot be true: one wrong field each, no number spent on any (uz-fiscal §5.3; UZ-DEV-08)."""

from __future__ import annotations

from conformance.cases import family
from conformance.context import Context
from conformance.suites.uz.module.books import OK, refused, still_sells
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import StatusWord

CASH, CARD, VAT, TIME, TYPE, OPERATION, ITEMS = 32, 40, 48, 56, 64, 65, 66
"""Offsets in a total block (uz-fiscal §8.5)."""

BAD_NUMBERS = {
    "first-low-nibble": "0a00000000000000",
    "first-high-nibble": "a000000000000000",
    "middle": "00000000b0000000",
    "last-low-nibble": "000000000000000f",
    "last-high-nibble": "00000000000000c0",
    "all-ones": "ffffffffffffffff",
    "minus-one": "feffffffffffffff",
    "ascii": "3130303030303a30",
}

BAD_TIMES = {
    "zeros": "0000000000000000",
    "all-ones": "ffffffffffffffff",
    "no-t": "2031010100101010",
    "small-t": "2031010174101010",
    "letter-in-year": "20a1010154101010",
    "letter-in-second": "203101015410100a",
    "year-1998": "1998010154101010",
    "month-0": "2031000154101010",
    "month-13": "2031130154101010",
    "day-0": "2031010054101010",
    "day-32": "2031013254101010",
    "hour-24": "2031010154241010",
    "minute-60": "2031010154106010",
    "second-61": "2031010154101061",
}
NO_DAYS = {
    "30-february": "2032023054101010",
    "29-february-2031": "2031022954101010",
    "29-february-2100": "2100022954101010",
    "31-april": "2031043154101010",
    "second-60": "2031010154101060",
}
"""Times that the sample reader would take; refusing them is our decision."""


def _with(block: bytes, offset: int, value: bytes) -> bytes:
    return block[:offset] + value + block[offset + len(value) :]


@family(
    "uz.module.bad-blocks.number.{key}",
    rows={
        f"{field}-{name}": (offset, bytes.fromhex(text))
        for field, offset in (("cash", CASH), ("card", CARD), ("vat", VAT))
        for name, text in BAD_NUMBERS.items()
    },
    target="module",
    clauses=["FM-C-05", "TY-01"],
    requirements=["UZ-DEV-08", "UZ-DEV-07"],
    description=lambda row: f"A receipt has the bytes {row[1].hex()} where a number stands.",
    expectation="9012, nothing has changed, and the next good receipt has the next number.",
)
def bad_number(ctx: Context, row: tuple[int, bytes]) -> None:
    """A negative number in two's complement is one of them."""
    ctx.module.ready("open")
    block = _with(ctx.module.block().encode(), *row)
    refused(ctx, apdu.receipt_register(block), StatusWord.INVALID_BCD)
    still_sells(ctx)


@family(
    "uz.module.bad-blocks.time.{key}",
    rows={name: bytes.fromhex(text) for name, text in BAD_TIMES.items()},
    target="module",
    clauses=["FM-C-04", "TY-03"],
    requirements=["UZ-DEV-08", "UZ-DEV-07"],
    description=lambda value: f"Receipt, close and opening bear the time {value.hex()}.",
    expectation="9010 each time, and nothing has changed.",
)
def bad_time(ctx: Context, value: bytes) -> None:
    """Receipt and close in an open shift, opening with the shift closed."""
    _no_time(ctx, value)


@family(
    "uz.module.bad-blocks.calendar.{key}",
    rows={name: bytes.fromhex(text) for name, text in NO_DAYS.items()},
    target="module",
    clauses=["CAL-01"],
    requirements=["UZ-DEV-08", "UZ-CLK-05"],
    description=lambda value: f"Receipt, close and opening bear the time {value.hex()}.",
    expectation="9010 each time, and nothing has changed.",
)
def no_day(ctx: Context, value: bytes) -> None:
    """Digits all of them, and yet no moment that ever comes."""
    _no_time(ctx, value)


def _no_time(ctx: Context, value: bytes) -> None:
    module = ctx.module
    module.ready("open")
    module.sell()
    receipt = apdu.receipt_register(_with(module.block().encode(), TIME, value))
    refused(ctx, receipt, StatusWord.INVALID_DATETIME, what="a receipt")
    refused(ctx, apdu.Command(0, 0x03, 1, 0, value), StatusWord.INVALID_DATETIME, what="a close")
    ctx.check(OK, module.close_shift().sw, "close with a good time")
    refused(ctx, apdu.Command(0, 0x03, 0, 0, value), StatusWord.INVALID_DATETIME, what="an opening")


@family(
    "uz.module.bad-blocks.kind.{key}",
    rows={
        "type-3": (TYPE, 3, StatusWord.INVALID_TYPE),
        "type-16": (TYPE, 0x10, StatusWord.INVALID_TYPE),
        "type-128": (TYPE, 0x80, StatusWord.INVALID_TYPE),
        "type-255": (TYPE, 0xFF, StatusWord.INVALID_TYPE),
        "operation-2": (OPERATION, 2, StatusWord.INVALID_OPERATION),
        "operation-16": (OPERATION, 0x10, StatusWord.INVALID_OPERATION),
        "operation-128": (OPERATION, 0x80, StatusWord.INVALID_OPERATION),
        "operation-255": (OPERATION, 0xFF, StatusWord.INVALID_OPERATION),
    },
    target="module",
    clauses=["FM-C-06", "FM-C-07"],
    requirements=["UZ-DEV-08"],
    description="A receipt has the kind {key}.",
    expectation=lambda row: (
        f"{row[2]:04X}, nothing has changed, and the next good receipt has the next number."
    ),
)
def bad_kind(ctx: Context, row: tuple[int, int, StatusWord]) -> None:
    """Purchase, advance, credit; sale, refund."""
    offset, value, word = row
    ctx.module.ready("open")
    block = _with(ctx.module.block().encode(), offset, bytes((value,)))
    refused(ctx, apdu.receipt_register(block), word)
    still_sells(ctx)


@family(
    "uz.module.bad-blocks.items.{key}",
    rows={"0": 0, "minus-32768": 0x8000, "minus-1": 0xFFFF},
    target="module",
    clauses=["FM-C-08"],
    requirements=["UZ-DEV-08"],
    description="A receipt counts {key} items.",
    expectation="6A80, nothing has changed, and the next good receipt has the next number.",
)
def bad_items(ctx: Context, value: int) -> None:
    """The count is a signed short."""
    ctx.module.ready("open")
    block = _with(ctx.module.block().encode(), ITEMS, value.to_bytes(2, "big"))
    refused(ctx, apdu.receipt_register(block), StatusWord.WRONG_DATA)
    still_sells(ctx)


@family(
    "uz.module.bad-blocks.first-of-two.{key}",
    rows={
        "length-before-time": (TIME, bytes(8), None, StatusWord.WRONG_LENGTH),
        "time-before-sum": (CASH, b"\xff" * 8, TIME, StatusWord.INVALID_DATETIME),
        "sum-before-type": (TYPE, b"\x09", CARD, StatusWord.INVALID_BCD),
        "type-before-operation": (OPERATION, b"\x09", TYPE, StatusWord.INVALID_TYPE),
        "operation-before-items": (ITEMS, b"\0\0", OPERATION, StatusWord.INVALID_OPERATION),
    },
    target="module",
    clauses=["UNK-07"],
    requirements=["UZ-DEV-07"],
    description="A receipt has two faults, {key}.",
    expectation=lambda row: f"The word of the first check: {row[3]:04X}.",
)
def first_of_two(ctx: Context, row: tuple[int, bytes, int | None, StatusWord]) -> None:
    """The order is our decision; nobody else's product is failed for it."""
    second, bad, first, word = row
    ctx.module.ready("open")
    block = _with(ctx.module.block().encode(), second, bad)
    block = block[:67] if first is None else _with(block, first, b"\xff")
    refused(ctx, apdu.Command(0, 0x17, 0, 0, block), word)
