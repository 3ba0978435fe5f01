"""The same registration again: one receipt, one number, one answer (uz-fiscal FM-R-01; UZ-SVC-02)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.module import SECOND, TWO_DAYS, Sold
from conformance.suites.uz.module.books import OK, begin, refused, unchanged
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import StatusWord


def _same_again(ctx: Context, sold: Sold, clause: str = "FM-R-01") -> None:
    with unchanged(ctx, clause):
        again = ctx.module.register(sold.raw)
        ctx.check(OK, again.sw, "status word of the repeat", clause=clause)
        ctx.check(sold.answer.data, again.data, "answer of the repeat", clause=clause)


@family(
    "uz.module.repeat.last.{key}",
    rows={"at-once": False, "after-reconnect": True},
    target="module",
    clauses=["FM-R-01"],
    requirements=["UZ-SVC-02", "UZ-USB-02"],
    description="The last receipt's total block is registered three times more, {key}.",
    expectation="The first answer byte for byte, and nothing is counted twice.",
)
def last(ctx: Context, reconnect: bool) -> None:
    """A host that does not know whether the first one arrived."""
    ctx.module.ready("open")
    sold = ctx.module.sell(extra=b"\x04\x01x")
    for _ in range(3):
        if reconnect:
            ctx.module.power_cycle()
        _same_again(ctx, sold)
    following = ctx.module.sell()
    ctx.check(sold.seq + 1, following.seq, "number of the next receipt", clause="ZR-07")


@case(
    "uz.module.repeat.older",
    target="module",
    clauses=["UNK-29", "FM-R-01"],
    requirements=["UZ-SVC-02"],
    description="After five more receipts, every one of them and the first is registered again.",
    expectation="Each gives its own first answer, and nothing is counted twice.",
)
def older(ctx: Context) -> None:
    """All held receipts, not only the last."""
    ctx.module.ready("open")
    sold = [ctx.module.sell(type=number % 3) for number in range(6)]
    for receipt in (*reversed(sold), sold[2]):
        _same_again(ctx, receipt, "UNK-29")


@case(
    "uz.module.repeat.after-close",
    target="module",
    clauses=["UNK-07", "UNK-29"],
    requirements=["UZ-SVC-02"],
    description=(
        "A held receipt is registered again after its shift was closed, and after the next one was opened."
    ),
    expectation="Its first answer both times, and no shift counts it again.",
)
def after_close(ctx: Context) -> None:
    """What was done is looked up before anything is asked of the shift or the time."""
    module = ctx.module
    module.ready("fresh")
    sold = module.sell()
    module.close_shift()
    _same_again(ctx, sold, "UNK-07")
    module.open()
    _same_again(ctx, sold, "UNK-07")


@case(
    "uz.module.repeat.while-blocked",
    target="module",
    clauses=["UNK-07", "FM-T-05"],
    requirements=["UZ-OFF-03", "UZ-SVC-02"],
    needs=["test-keys"],
    description="The 48 h block is reached, and the receipt that caused it is registered again.",
    expectation="Its first answer: a receipt that is there already needs no room in time.",
)
def while_blocked(ctx: Context) -> None:
    """Two reasons to refuse a new one do not touch an old one."""
    books = begin(ctx, "fresh")
    sold = books.sell()
    books.sell(time=sold.time + TWO_DAYS - SECOND)
    refused(
        ctx,
        apdu.receipt_register(ctx.module.block(time=sold.time + TWO_DAYS + SECOND).encode()),
        StatusWord.SEND_ALL_RECEIPTS_FIRST,
        clause="FM-T-05",
    )
    _same_again(ctx, sold, "UNK-07")


@family(
    "uz.module.repeat.one-byte-other.{key}",
    rows={"hash": 0, "hash-end": 31, "cash": 39, "items": 67, "extra": 70},
    target="module",
    clauses=["FM-R-01", "FM-T-03"],
    requirements=["UZ-SVC-02"],
    description="The last total block is registered again with one byte changed in {key}.",
    expectation="9030, for it is another receipt at a time that has passed; nothing has changed.",
)
def one_byte_other(ctx: Context, offset: int) -> None:
    """Identical means every byte."""
    ctx.module.ready("open")
    sold = ctx.module.sell(items=256, extra=b"\x04\x03abc")
    raw = bytearray(sold.raw)
    raw[offset] ^= 1
    refused(ctx, apdu.receipt_register(bytes(raw)), StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-R-01")


@case(
    "uz.module.repeat.shorter",
    target="module",
    clauses=["FM-R-01", "FM-T-03"],
    requirements=["UZ-SVC-02"],
    description="The last total block is registered again without its EXTRA.",
    expectation="9030, for it is another receipt; nothing has changed.",
)
def shorter(ctx: Context) -> None:
    """A common beginning is not enough."""
    ctx.module.ready("open")
    sold = ctx.module.sell(extra=b"\x04\x03abc")
    refused(ctx, apdu.receipt_register(sold.raw[:68]), StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-R-01")


@case(
    "uz.module.repeat.acknowledged",
    target="module",
    clauses=["FM-R-01", "FM-A-02"],
    requirements=["UZ-SVC-02"],
    needs=["test-keys"],
    description="A receipt is acknowledged and then registered again.",
    expectation="9030: its record is gone, and its time has passed.",
)
def acknowledged(ctx: Context) -> None:
    """The module knows only what it holds; it is the drive that remembers for longer."""
    books = begin(ctx)
    sold = books.sell()
    books.must(books.acknowledge(sold.seq), "acknowledge")
    refused(ctx, apdu.receipt_register(sold.raw), StatusWord.DATETIME_IS_IN_THE_PAST, clause="FM-R-01")


@case(
    "uz.module.repeat.time-of-last-operation",
    target="module",
    clauses=["FM-R-01"],
    requirements=["UZ-SVC-02"],
    description="An older receipt is registered again, then a new one one second after the newest.",
    expectation="The repeat does not move the last operation; the new receipt is taken.",
)
def time_of_last_operation(ctx: Context) -> None:
    """Neither back to the old receipt's time nor on."""
    books = begin(ctx)
    sold = books.sell()
    books.sell(time=books.now + 600 * SECOND)
    _same_again(ctx, sold)
    books.sell()
    books.compare()
