"""The pool of blocks: filled to the last, freed by acknowledgements, borrowed by shifts (uz-fiscal §6)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.module.books import OK, Bookkeeper, fresh, fresh_or_with_leave, refused, unchanged
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import StatusWord

MOST_BLOCKS = 32_767
GUIDE_BLOCKS = 14
"""Blocks in the guide's example."""


def _counts(ctx: Context) -> tuple[int | None, ...]:
    memory = ctx.module.memory()
    return (
        memory.zreports_allocated,
        memory.receipts_allocated,
        memory.zreports_count,
        memory.receipts_count,
    )


def _refused_sale(ctx: Context) -> None:
    command = apdu.receipt_register(ctx.module.block().encode())
    refused(ctx, command, StatusWord.RECEIPTS_MEMORY_FULL, clause="MEM-03", what="a receipt without a block")


def _refused_open(ctx: Context, word: StatusWord) -> None:
    command = apdu.zreport_open(ctx.module.next_time())
    refused(ctx, command, word, clause="UNK-08", what="a shift without a block")


@case(
    "uz.module.memory.fill",
    target="module",
    clauses=["MEM-03", "FM-R-10", "FM-A-02"],
    requirements=["UZ-DEV-05", "UZ-OFF-04"],
    needs=["test-keys"],
    tags=["slow"],
    description="Receipts are registered until every block is taken, then one is acknowledged, then all.",
    expectation=(
        "The last block is used, the next receipt is 90F1; one acknowledgement makes room for one, all "
        "for all."
    ),
)
def fill(ctx: Context) -> None:
    """A small new module where that can be had, else the real memory with its owner's leave."""
    fresh_or_with_leave(ctx, "open", blocks=40)
    module = ctx.module
    first = module.sell().seq
    count = 1 + _sell_until_full(ctx)
    if ctx.can("fresh-module"):
        ctx.check(39, count, "receipts beside one shift in 40 blocks", clause="MEM-01")
    ctx.check(count, module.memory().receipts_count, "receipts held", clause="MEM-02")
    _refused_sale(ctx)
    ctx.check(OK, module.acknowledge(ctx.rng.randrange(first, first + count)).sw, "one acknowledgement")
    ctx.check(first + count, module.sell().seq, "number of the receipt in its place", clause="FM-A-02")
    _refused_sale(ctx)
    ctx.check(count, module.acknowledge_receipts(), "receipts acknowledged", clause="FM-A-02")
    ctx.check(count, _sell_until_full(ctx), "receipts in the freed memory", clause="MEM-03")
    module.acknowledge_receipts()


def _sell_until_full(ctx: Context) -> int:
    """Receipts that were taken before the first one that was not."""
    count = 0
    while True:
        answer = ctx.module.register_block(ctx.module.block())
        if answer.sw == StatusWord.RECEIPTS_MEMORY_FULL:
            return count
        ctx.check(OK, answer.sw, "status word of a receipt", clause="S-5.6")
        count += 1
        ctx.check_that(count < MOST_BLOCKS, f"below {MOST_BLOCKS}", count, "receipts held", clause="FM-R-10")


@case(
    "uz.module.memory.smallest",
    target="module",
    clauses=["MEM-09", "MEM-07", "FM-R-10", "FM-Z-05"],
    requirements=["UZ-DEV-05"],
    needs=["fresh-module"],
    description="A module of two blocks: one shift and one receipt at a time.",
    expectation=(
        "Every acknowledgement makes room for the next receipt; no second shift ever opens (90FF, 90F0)."
    ),
)
def smallest(ctx: Context) -> None:
    """The last receipt block is never borrowed."""
    books = fresh(ctx, "open", blocks=2)
    for _ in range(3):
        sold = books.sell()
        _refused_sale(ctx)
        books.acknowledge(sold.seq)
    sold = books.sell()
    books.must(books.close(), "close")
    _refused_open(ctx, StatusWord.NOT_ENOUGH_MEMORY)
    books.acknowledge(sold.seq)
    _refused_open(ctx, StatusWord.ZREPORTS_MEMORY_FULL)
    books.compare()


@case(
    "uz.module.memory.shifts-only",
    target="module",
    clauses=["MEM-04", "MEM-05", "MEM-07"],
    requirements=["UZ-DEV-05"],
    needs=["fresh-module"],
    description="One receipt a shift, each acknowledged: shifts take fresh blocks, then have none to borrow.",
    expectation="Blocks less one shifts open, for the one receipt block is used again and again; then 90F0.",
)
def shifts_only(ctx: Context) -> None:
    """Z-reports stay for ever, so a module has an end."""
    books = fresh(ctx, "open", blocks=9)
    for _ in range(7):
        books.acknowledge(books.sell().seq)
        books.next_shift()
        books.compare()
    books.acknowledge(books.sell().seq)
    books.must(books.close(), "close")
    ctx.check((8, 1, 8, 0), _counts(ctx), "allocated and count of shifts, receipts")
    _refused_open(ctx, StatusWord.ZREPORTS_MEMORY_FULL)


@case(
    "uz.module.memory.reuse",
    target="module",
    clauses=["MEM-03", "MEM-02", "MEM-08"],
    requirements=["UZ-DEV-05"],
    needs=["fresh-module"],
    description=(
        "Eight receipts are held, the third, sixth and seventh acknowledged, and four more registered."
    ),
    expectation="The new ones take the freed blocks from the end of memory on, the last a fresh one.",
)
def reuse(ctx: Context) -> None:
    """Lowest absolute index first."""
    books = fresh(ctx, "open", blocks=20)
    sold = [books.sell() for _ in range(8)]
    for at in (6, 2, 5):
        books.acknowledge(sold[at].seq)
    ctx.check((1, 8, 1, 5), _counts(ctx), "after the acknowledgements", clause="MEM-02")
    places = []
    for _ in range(4):
        receipt = books.sell()
        places.append(ctx.module.receipt_file(seq=receipt.seq).index)
    ctx.check([2, 5, 6, 8], places, "absolute indexes of the new receipts", clause="MEM-08")
    ctx.check((1, 9, 1, 9), _counts(ctx), "after four more", clause="MEM-02")
    books.compare()


@case(
    "uz.module.memory.indexes",
    target="module",
    clauses=["MEM-08", "S-5.5"],
    requirements=["UZ-DEV-05"],
    needs=["fresh-module"],
    description="Shifts and receipts are made, and their files and the memory record are read.",
    expectation=(
        "Shifts count from the front, receipts from the back, both from zero; the newest are in the record."
    ),
)
def indexes(ctx: Context) -> None:
    """FFFF while there is none."""
    books = fresh(ctx, "open", blocks=30)
    for shift in range(3):
        for _ in range(2):
            receipt = books.sell()
            memory = ctx.module.memory()
            expected = (shift, receipt.seq - 1)
            ctx.check(expected, (memory.zreport_index, memory.receipt_index), "newest shift and receipt")
            ctx.check(receipt.seq - 1, ctx.module.receipt_file(0).index, "index in the receipt's file")
        books.next_shift()
        ctx.check(shift, ctx.module.shift_file(1).index, "index in the shift's file")


@case(
    "uz.module.memory.guide-example",
    target="module",
    clauses=["S-6.2", "MEM-01", "MEM-02", "MEM-03"],
    requirements=["UZ-DEV-05"],
    needs=["fresh-module"],
    description="The guide's example of fourteen blocks, steps 0 to 8.",
    expectation=(
        "After each step the allocated and the counts are those of the guide's table, the numbers its R1 "
        "to R10."
    ),
)
def guide_example(ctx: Context) -> None:
    """The pictures come from the judge's own pool, whose counts the module must share."""
    books = fresh(ctx, blocks=GUIDE_BLOCKS)
    _guide_step(ctx, books, 0, (0, 0, 0, 0), ". . . . . . . . . . . . . .")
    books.open()
    _guide_step(ctx, books, 1, (1, 0, 1, 0), "Z1 . . . . . . . . . . . . .")
    books.sell()
    _guide_step(ctx, books, 2, (1, 1, 1, 1), "Z1 . . . . . . . . . . . . R1")
    for _ in range(7):
        books.sell()
    _guide_step(ctx, books, 3, (1, 8, 1, 8), "Z1 . . . . . R8 R7 R6 R5 R4 R3 R2 R1")
    _next_shift_sent(ctx, books)
    _guide_step(ctx, books, 4, (2, 8, 2, 8), "Z1 Z2 . . . . R8 R7 R6 R5 R4 R3 R2 R1")
    for seq in (8, 7, 6):
        books.acknowledge(seq)
    _guide_step(ctx, books, 5, (2, 8, 2, 5), "Z1 Z2 . . . . r r r R5 R4 R3 R2 R1")
    books.sell()
    books.sell()
    _guide_step(ctx, books, 6, (2, 8, 2, 7), "Z1 Z2 . . . . r R10 R9 R5 R4 R3 R2 R1")
    books.acknowledge_all()
    _guide_step(ctx, books, 7, (2, 8, 2, 0), "Z1 Z2 . . . . r r r r r r r r")
    _next_shift_sent(ctx, books)
    _guide_step(ctx, books, 8, (3, 8, 3, 0), "Z1 Z2 Z3 . . . r r r r r r r r")


def _next_shift_sent(ctx: Context, books: Bookkeeper) -> None:
    books.must(books.close(), "close")
    close_time = books.ledger.current.close_time
    assert close_time is not None
    books.must(books.acknowledge_shift(close_time), "acknowledge the shift")
    books.must(books.open(), "open")
    ctx.check([], ctx.module.unacknowledged_shifts(), "unacknowledged shifts", clause="FM-I-05")


def _guide_step(ctx: Context, books: Bookkeeper, step: int, counts: tuple[int, ...], picture: str) -> None:
    ctx.check(picture, books.ledger.blocks.picture(), f"step {step}: the judge's picture", clause="S-6.2")
    ctx.check(counts, _counts(ctx), f"step {step}: allocated and count of shifts, receipts", clause="S-6.2")
    books.compare()


@case(
    "uz.module.memory.guide-example-end",
    target="module",
    clauses=["S-6.2", "MEM-05", "MEM-06", "MEM-07"],
    requirements=["UZ-DEV-05"],
    needs=["fresh-module"],
    description=(
        "The guide's steps 9 to 12 by pattern: four shifts and ten receipt blocks, five of them live."
    ),
    expectation=(
        "No shift opens while receipts wait, freed blocks or not; then shifts borrow until one block is left."
    ),
)
def guide_example_end(ctx: Context) -> None:
    """Z1 Z2 Z3 Z4 r r R R R r r R R r; the guide's own numbers come of a longer way to that picture."""
    books = fresh(ctx, "open", blocks=GUIDE_BLOCKS)
    for _ in range(3):
        books.acknowledge(books.sell().seq)
        books.next_shift()
    held = [books.sell().seq for _ in range(10)]
    for place in (9, 8, 4, 3, 0):
        books.acknowledge(held[place])
    pattern = " ".join(each[0] for each in books.ledger.blocks.picture().split())
    ctx.check("Z Z Z Z r r R R R r r R R r", pattern, "step 9: the judge's picture")
    ctx.check((4, 10, 4, 5), _counts(ctx), "step 9: counts")
    books.must(books.close(), "close")
    _refused_open(ctx, StatusWord.NOT_ENOUGH_MEMORY)
    books.acknowledge_all()
    ctx.check((4, 10, 4, 0), _counts(ctx), "step 10: counts")
    books.must(books.open(), "open with a borrowed block")
    ctx.check((5, 9, 5, 0), _counts(ctx), "step 11: counts", clause="MEM-05")
    books.compare()
    for _ in range(8):
        books.acknowledge(books.sell().seq)
        books.next_shift()
        books.compare()
    ctx.check((13, 1, 13, 0), _counts(ctx), "step 12: counts", clause="MEM-07")
    books.acknowledge(books.sell().seq)
    books.must(books.close(), "close")
    _refused_open(ctx, StatusWord.ZREPORTS_MEMORY_FULL)
    books.compare()


@case(
    "uz.module.memory.borrow-waits-for-all",
    target="module",
    clauses=["MEM-06", "MEM-05", "FM-Z-05"],
    requirements=["UZ-DEV-05"],
    needs=["fresh-module"],
    description="No fresh block, five of six receipts acknowledged: a shift is opened; then the sixth is.",
    expectation=(
        "Refused with one receipt waiting, opened with none, and receipts go on in the blocks that are left."
    ),
)
def borrow_waits_for_all(ctx: Context) -> None:
    """A block in use may be the one that would have to move."""
    books = fresh(ctx, "open", blocks=7)
    sold = [books.sell() for _ in range(6)]
    books.must(books.close(), "close")
    for receipt in sold[1:]:
        books.acknowledge(receipt.seq)
    _refused_open(ctx, StatusWord.NOT_ENOUGH_MEMORY)
    books.acknowledge(sold[0].seq)
    books.must(books.open(), "open with a borrowed block")
    for _ in range(5):
        books.sell()
    books.compare()
    _refused_sale(ctx)


@case(
    "uz.module.memory.full-still-works",
    target="module",
    clauses=["FM-R-10", "FM-I-06", "FM-R-01"],
    requirements=["UZ-DEV-05", "UZ-DEV-07"],
    needs=["fresh-module"],
    description="With every block taken, receipts are read and repeated and the shift is closed.",
    expectation="All of that works: only a new record needs a block.",
)
def full_still_works(ctx: Context) -> None:
    """The last receipt of the day must not lock the till up."""
    books = fresh(ctx, "open", blocks=5)
    sold = [books.sell() for _ in range(4)]
    _refused_sale(ctx)
    with unchanged(ctx, "FM-R-01"):
        again = ctx.module.register(sold[0].raw)
        ctx.check((sold[0].answer.data, OK), (again.data, again.sw), "repeat of the first", clause="FM-R-01")
        ctx.check(4, len([ctx.module.receipt_file(index) for index in range(4)]), "files", clause="FM-I-06")
    books.must(books.close(), "close")
    books.compare()


@family(
    "uz.module.memory.capacity.{key}",
    rows={"2": 2, "14": 14, "1120": 1120, "32767": 32_767},
    target="module",
    clauses=["MEM-09", "S-5.5"],
    requirements=["UZ-DEV-05"],
    needs=["fresh-module"],
    description="A module of {key} blocks shows its capacities, before and after a shift is opened.",
    expectation="Shifts: blocks less one. Receipts: blocks less the shifts' blocks.",
)
def capacity(ctx: Context, blocks: int) -> None:
    """A receipt needs a shift, so not all blocks can be shifts."""
    fresh(ctx, blocks=blocks)
    memory = ctx.module.memory()
    ctx.check((blocks - 1, blocks), (memory.zreports_capacity, memory.receipts_capacity), "capacities")
    ctx.module.open()
    memory = ctx.module.memory()
    ctx.check((blocks - 1, blocks - 1), (memory.zreports_capacity, memory.receipts_capacity), "with a shift")
