"""Registering receipts: what comes back, what is kept, numbers and signs (uz-fiscal §5.3, §5.5, §8.5)."""

from __future__ import annotations

from itertools import pairwise

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.module import SECOND
from conformance.suites.uz.module.books import begin, fresh
from reference.protocol.uz import apdu, tlv
from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.objects import Account, ReceiptInfo

KINDS = {
    f"{kind}-{operation}": (type_, side)
    for type_, kind in enumerate(("purchase", "advance", "credit"))
    for side, operation in enumerate(("sale", "refund"))
}


@family(
    "uz.module.receipts.kind.{key}",
    rows=KINDS,
    target="module",
    clauses=["FM-R-11", "FM-R-12"],
    requirements=["UZ-DEV-02", "UZ-SHF-03"],
    description="A receipt of the kind {key} is registered.",
    expectation=(
        "The next number, a cipher key, and a sign for a purchase only; it counts on its side of the sums."
    ),
)
def kind(ctx: Context, row: tuple[int, int]) -> None:
    """What a thing is (type) and which way the money goes (operation) are two fields."""
    type_, operation = row
    books = begin(ctx)
    books.sell(cash=1000, card=1000, vat=100)
    sold = books.sell(type=type_, operation=operation, cash=400, card=300, vat=70)
    tags = [tag for tag, _ in tlv.elements(tlv.elements(sold.answer.data)[0][1])]
    wanted = [0x01, 0x02, 0x03, 0x04, 0x0C] if type_ == 0 else [0x01, 0x02, 0x03, 0x0C]
    ctx.check(wanted, tags, "tags of the answer", clause="FM-R-11")
    books.compare()
    held = ctx.module.receipt(0)
    kept = (held.type, held.operation, held.fiscal_sign)
    ctx.check((type_, operation, sold.sign.fiscal_sign), kept, "kept type, operation, sign", clause="FM-R-11")


@case(
    "uz.module.receipts.advance-not-counted",
    target="module",
    clauses=["FM-R-12"],
    requirements=["UZ-SHF-03"],
    needs=["fresh-module"],
    description="With count_advance_credit off, an advance, a credit and a purchase are registered.",
    expectation="Three numbers are spent, and only the purchase is in counts and sums.",
)
def advance_not_counted(ctx: Context) -> None:
    """The other reading of a guide that says nothing."""
    books = fresh(ctx, "open", count_advance_credit=False)
    module, first = ctx.module, books.ledger.seq + 1
    numbers = [module.sell(type=type_, cash=100, card=10, vat=1).seq for type_ in (1, 2, 0)]
    ctx.check([first, first + 1, first + 2], numbers, "numbers", clause="ZR-07")
    shift, memory = module.shift(), module.memory()
    ctx.check((1, 0), (shift.sales, shift.refunds), "counts of the shift")
    one = (Account(100, 0), Account(10, 0), Account(1, 0))
    ctx.check(one, (shift.cash, shift.card, shift.vat), "sums of the shift")
    ctx.check(one, (memory.cash, memory.card, memory.vat), "lifetime sums")
    ctx.check(3, memory.receipts_count, "receipts held", clause="MEM-02")


@case(
    "uz.module.receipts.numbers",
    target="module",
    clauses=["ZR-07"],
    requirements=["UZ-DEV-02", "UZ-DEV-08"],
    needs=["test-keys"],
    description=(
        "Receipts of all types and operations, over three shifts, a power cut, acknowledgements and refusals."
    ),
    expectation="One row of numbers without gap or repeat.",
)
def numbers(ctx: Context) -> None:
    """One sequence for everything; only a registration moves it on."""
    books = begin(ctx, "fresh")
    module = ctx.module
    first, seen = books.ledger.seq + 1, []
    for interrupt in (books.next_shift, module.power_cycle, books.acknowledge_all, books.next_shift):
        books.sell(cash=50_000, card=50_000, vat=5_000)
        seen.append(books.ledger.seq)
        for type_, operation in KINDS.values():
            seen.append(books.sell(type=type_, operation=operation, cash=10, card=10, vat=1).seq)
        late = module.block(time=books.ledger.last_operation)
        books.register(late)
        books.register(module.block(type=7, time=books.now))
        interrupt()
    ctx.check(list(range(first, first + len(seen))), seen, "receipt numbers")
    ctx.check(seen[-1], module.memory().receipt_seq, "last number in fiscal memory")


@case(
    "uz.module.receipts.signs",
    target="module",
    clauses=["TY-04", "FM-R-11"],
    requirements=["UZ-DEV-02"],
    needs=["power"],
    description="Sixty purchases of the same goods are registered, power cycles and shifts between.",
    expectation="Sixty signs of twelve digits, none twice.",
)
def signs(ctx: Context) -> None:
    """Alike in everything but the time; whether a sign could be guessed is only remarked."""
    books = begin(ctx)
    found: list[str] = []
    for interrupt in (ctx.module.power_cycle, books.next_shift, ctx.module.deselect) * 2:
        found += [books.sell(items_hash=bytes(32)).sign.fiscal_sign or "" for _ in range(10)]
        interrupt()
    odd = [sign for sign in found if len(sign) != 12 or not sign.isdigit()]
    ctx.check([], odd, "signs that are not twelve digits", clause="TY-04")
    ctx.check(60, len(set(found)), "different signs", clause="FM-R-11")
    steps = {int(after) - int(before) for before, after in pairwise(found)}
    if len(steps) == 1:
        ctx.note(f"each sign is the one before plus {steps.pop()}: anybody can foretell the next")


@case(
    "uz.module.receipts.cipher-keys",
    target="module",
    clauses=["S-5.5"],
    requirements=["UZ-DEV-02"],
    description="Ten receipts of all types are registered.",
    expectation="Ten cipher keys of 32 bytes, none twice.",
)
def cipher_keys(ctx: Context) -> None:
    """Advance and credit are encrypted like any other."""
    books = begin(ctx)
    keys = [books.sell(type=number % 3).sign.cipher_key or b"" for number in range(10)]
    ctx.check([32] * 10, [len(key) for key in keys], "sizes of the keys")
    ctx.check(10, len(set(keys)), "different keys")


@case(
    "uz.module.receipts.kept-as-given",
    target="module",
    clauses=["S-5.5", "S-8.5"],
    requirements=["UZ-DEV-03", "UZ-CLK-01"],
    description="Receipts with every field at odd values are registered and read back.",
    expectation="Number, time, sign, kinds, sums, items, EXTRA and hash are those of block and answer.",
)
def kept_as_given(ctx: Context) -> None:
    """The short record is all the module keeps of a receipt, so it has to be exact."""
    books = begin(ctx)
    for items, cash, extra in ((1, 1_099_511_627_777, b""), (32_767, 1, b"\x04\x02ab"), (256, 0, bytes(32))):
        sold = books.sell(
            time=books.now + ctx.rng.randrange(1, 3600) * SECOND,
            items=items,
            cash=cash,
            card=ctx.rng.randrange(1, 10**9),
            vat=ctx.rng.randrange(10**9),
            extra=extra,
            operation=0,
        )
        block, sign = sold.block, sold.sign
        kept = ctx.module.receipt(0)
        expected = ReceiptInfo(
            terminal_id=sign.terminal_id,
            receipt_seq=sold.seq,
            time=block.time,
            fiscal_sign=sign.fiscal_sign,
            type=block.type,
            operation=block.operation,
            cash=block.cash,
            card=block.card,
            vat=block.vat,
            items_count=items,
            extra=extra or None,
            items_hash=block.items_hash,
        )
        ctx.check(expected, kept, f"receipt of {items} items", clause="S-5.5")
        books.sell(operation=1, cash=cash, card=block.card, vat=block.vat)


@family(
    "uz.module.receipts.size.{key}",
    rows={
        "68": (68, True),
        "69": (69, True),
        "87": (87, True),
        "100": (100, True),
        "0": (0, False),
        "1": (1, False),
        "67": (67, False),
        "101": (101, False),
        "132": (132, False),
        "250": (250, False),
    },
    target="module",
    clauses=["FM-C-01", "S-8.5"],
    requirements=["UZ-DEV-07"],
    description=lambda row: f"A total block of {row[0]} bytes is registered.",
    expectation=lambda row: "It is taken." if row[1] else "6700, and no number is spent.",
)
def size(ctx: Context, row: tuple[int, bool]) -> None:
    """68 bytes and an EXTRA of up to 32."""
    count, good = row
    books = begin(ctx)
    block = (ctx.module.block().encode() + ctx.rng.randbytes(200))[:count]
    answer = ctx.module.transmit(apdu.Command(0, 0x17, 0, 0, block))
    word = StatusWord.NO_ERROR if good else StatusWord.WRONG_LENGTH
    ctx.check(word, answer.sw, "status word", clause="FM-C-01")
    number = ctx.module.memory().receipt_seq
    ctx.check(books.ledger.seq + good, number, "last number afterwards", clause="FM-C-01")
    if good:
        ctx.check(block[68:] or None, ctx.module.receipt(0).extra, "EXTRA kept", clause="S-8.5")


@case(
    "uz.module.receipts.many-without-answers-read",
    target="module",
    clauses=["FM-S-08", "ZR-06"],
    requirements=["UZ-OFF-01"],
    needs=["test-keys"],
    description="A hundred receipts are registered one after another without the operator.",
    expectation="Each is signed and held, and the sums are those of a hundred receipts.",
)
def many(ctx: Context) -> None:
    """An outage at a busy till."""
    books = begin(ctx, "fresh")
    for _ in range(100):
        books.sell(cash=ctx.rng.randrange(10**6), vat=ctx.rng.randrange(10**5))
    books.compare()
    ctx.check(100, ctx.module.memory().receipts_count, "receipts held", clause="MEM-02")
    books.acknowledge_all()
    books.compare()
