"""Where sums and numbers end: every word at its limit and one step before it (uz-fiscal FM-R-02 … 09)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.models.uz_module import MOST
from conformance.suites.uz.module.books import OK, begin, fresh, refused, still_sells
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import StatusWord


@dataclass(frozen=True, slots=True)
class Edge:
    """A module preset so that `last` is the last receipt that fits, and `over` the first that does not."""

    word: StatusWord
    last: dict[str, Any]
    over: dict[str, Any]
    counters: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    clause: str = "FM-R-04"


NOTHING = {"cash": 0, "card": 0, "vat": 0}
HALF = MOST // 2


def _of(**sums: int) -> dict[str, Any]:
    return {**NOTHING, **sums}


EDGES = {
    "number": Edge(
        StatusWord.RECIPT_SEQ_MAX_VALUE_REACHED,
        _of(cash=1),
        _of(cash=1),
        counters={"receipt_seq": MOST - 1},
        clause="FM-R-02",
    ),
    "shift-cash-sale": Edge(StatusWord.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT, _of(cash=MOST), _of(cash=1)),
    "shift-card-sale": Edge(StatusWord.TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT, _of(card=MOST), _of(card=1)),
    "shift-vat-sale": Edge(StatusWord.TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT, _of(vat=MOST), _of(vat=1)),
    "shift-cash-refund": Edge(
        StatusWord.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT,
        _of(cash=MOST, operation=1),
        _of(cash=1, operation=1),
        counters={"cash_sale": MOST},
    ),
    "shift-card-refund": Edge(
        StatusWord.TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT,
        _of(card=MOST, operation=1),
        _of(card=1, operation=1),
        counters={"card_sale": MOST},
    ),
    "shift-vat-refund": Edge(
        StatusWord.TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT,
        _of(vat=MOST, operation=1),
        _of(vat=1, operation=1),
        counters={"vat_sale": MOST},
    ),
    "lifetime-cash": Edge(
        StatusWord.CASH_ACCUMULATOR_OVERFLOW,
        _of(cash=1000),
        _of(cash=1),
        counters={"cash_sale": MOST - 1000},
        clause="FM-R-05",
    ),
    "lifetime-card": Edge(
        StatusWord.CARD_ACCUMULATOR_OVERFLOW,
        _of(card=1000),
        _of(card=1),
        counters={"card_sale": MOST - 1000},
        clause="FM-R-05",
    ),
    "lifetime-vat": Edge(
        StatusWord.VAT_ACCUMULATOR_OVERFLOW,
        _of(vat=1000),
        _of(vat=1),
        counters={"vat_sale": MOST - 1000},
        clause="FM-R-06",
    ),
    "lifetime-vat-refund": Edge(
        StatusWord.VAT_ACCUMULATOR_OVERFLOW,
        _of(vat=1000, operation=1),
        _of(vat=1, operation=1),
        counters={"vat_sale": MOST, "vat_refund": MOST - 1000},
        clause="FM-R-06",
    ),
    "lifetime-cash-refund": Edge(
        StatusWord.CASH_CARD_ACCUMULATOR_OVERFLOW,
        _of(cash=1000, operation=1),
        _of(cash=1, operation=1),
        counters={"cash_sale": MOST, "cash_refund": MOST - 1000},
        clause="FM-R-07",
    ),
    "lifetime-card-refund": Edge(
        StatusWord.CASH_CARD_ACCUMULATOR_OVERFLOW,
        _of(card=1000, operation=1),
        _of(card=1, operation=1),
        counters={"card_sale": MOST, "card_refund": MOST - 1000},
        clause="FM-R-07",
    ),
    "two-halves": Edge(StatusWord.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT, _of(cash=HALF), _of(cash=HALF + 2)),
}

LOWERED = {
    "number": Edge(
        StatusWord.RECIPT_SEQ_MAX_VALUE_REACHED,
        _of(cash=1),
        _of(cash=1),
        limits={"receipt_seq": 1},
        clause="FM-R-02",
    ),
    "shift-cash": Edge(
        StatusWord.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT, _of(cash=500), _of(cash=1), limits={"z_cash": 500}
    ),
    "shift-card": Edge(
        StatusWord.TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT, _of(card=500), _of(card=1), limits={"z_card": 500}
    ),
    "shift-vat": Edge(
        StatusWord.TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT, _of(vat=500), _of(vat=1), limits={"z_vat": 500}
    ),
    "cash": Edge(
        StatusWord.CASH_ACCUMULATOR_OVERFLOW,
        _of(cash=500),
        _of(cash=1),
        limits={"sale_cash": 500},
        clause="FM-R-05",
    ),
    "card": Edge(
        StatusWord.CARD_ACCUMULATOR_OVERFLOW,
        _of(card=500),
        _of(card=1),
        limits={"sale_card": 500},
        clause="FM-R-05",
    ),
    "vat": Edge(
        StatusWord.VAT_ACCUMULATOR_OVERFLOW, _of(vat=500), _of(vat=1), limits={"vat": 500}, clause="FM-R-06"
    ),
    "refund": Edge(
        StatusWord.CASH_CARD_ACCUMULATOR_OVERFLOW,
        _of(cash=500, operation=1),
        _of(cash=1, operation=1),
        counters={"cash_sale": 1000},
        limits={"refund": 500},
        clause="FM-R-07",
    ),
}


def _walk_to_the_edge(ctx: Context, edge: Edge) -> None:
    fresh(ctx, "open", counters=edge.counters, limits=edge.limits)
    module = ctx.module
    if edge.word is StatusWord.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT and edge.last["cash"] == HALF:
        module.sell(**_of(cash=1))
    ctx.step("the last receipt that fits")
    answer = module.register_block(module.block(**edge.last))
    ctx.check(OK, answer.sw, "receipt that reaches the limit", clause=edge.clause)
    command = apdu.receipt_register(module.block(**edge.over).encode())
    refused(ctx, command, edge.word, clause=edge.clause, what="the receipt that goes over it")


@family(
    "uz.module.sums.end.{key}",
    rows=EDGES,
    target="module",
    clauses=lambda edge: [edge.clause, "UNK-10"],
    requirements=["UZ-SHF-03", "UZ-DEV-08"],
    needs=["fresh-module"],
    description=(
        "Counters stand so that one receipt reaches sixteen nines ({key}) and the next would pass it."
    ),
    expectation=lambda edge: f"The first is taken, the second is {edge.word:04X} and changes nothing.",
)
def end(ctx: Context, edge: Edge) -> None:
    """Sixteen nines are still a number, one more is not."""
    _walk_to_the_edge(ctx, edge)


@family(
    "uz.module.sums.lowered.{key}",
    rows=LOWERED,
    target="module",
    clauses=lambda edge: ["FM-R-13", edge.clause],
    requirements=["UZ-SHF-03", "UZ-DEV-08"],
    needs=["fresh-module"],
    description="The limit ({key}) is lowered by a setting, reached, and passed by one.",
    expectation=lambda edge: (
        f"The first receipt is taken, the second is {edge.word:04X} and changes nothing."
    ),
)
def lowered(ctx: Context, edge: Edge) -> None:
    """So that every word can be provoked in a laboratory."""
    _walk_to_the_edge(ctx, edge)


@family(
    "uz.module.sums.new-shift-cures.{key}",
    rows={"cash": "cash", "card": "card", "vat": "vat"},
    target="module",
    clauses=["FM-R-04"],
    requirements=["UZ-SHF-03"],
    needs=["fresh-module"],
    description="A shift's {key} total is full; the shift is closed and the next one opened.",
    expectation="The refused sum is taken by the next shift.",
)
def new_shift_cures(ctx: Context, name: str) -> None:
    """The word says so: open a new Z-report."""
    books = fresh(ctx, "open", limits={f"z_{name}": 1000})
    ctx.module.sell(**_of(**{name: 1000}))
    over = apdu.receipt_register(ctx.module.block(**_of(**{name: 1})).encode())
    word = EDGES[f"shift-{name}-sale"].word
    refused(ctx, over, word)
    ctx.check(OK, ctx.module.close_shift().sw, "close")
    ctx.check(OK, ctx.module.open().sw, "open")
    ctx.check(books.ledger.seq + 2, ctx.module.sell(**_of(**{name: 1000})).seq, "number in the new shift")


@case(
    "uz.module.sums.operations-of-a-shift",
    target="module",
    clauses=["FM-R-03", "FM-R-13"],
    requirements=["UZ-SHF-03"],
    needs=["fresh-module"],
    description="The count of operations of a shift is lowered to five and filled with sales and refunds.",
    expectation="The sixth is 9040 whatever its operation; the next shift takes five again.",
)
def operations_of_a_shift(ctx: Context) -> None:
    """Sales and refunds are counted together."""
    fresh(ctx, "open", limits={"z_operations": 5})
    module = ctx.module
    for _ in range(2):
        for operation in (0, 1, 0, 1, 0):
            module.sell(operation=operation, cash=10, vat=1)
        for operation in (0, 1):
            command = apdu.receipt_register(module.block(operation=operation, cash=1).encode())
            refused(ctx, command, StatusWord.TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT, clause="FM-R-03")
        ctx.check(OK, module.close_shift().sw, "close")
        ctx.check(OK, module.open().sw, "open")
    still_sells(ctx, "FM-R-03")


@family(
    "uz.module.sums.refund-of-more.{key}",
    rows={
        "cash": ("cash", StatusWord.NOT_ENOUGH_SUM_FOR_REFUND),
        "card": ("card", StatusWord.NOT_ENOUGH_SUM_FOR_REFUND),
        "vat": ("vat", StatusWord.NOT_ENOUGH_VAT_FOR_REFUND),
    },
    target="module",
    clauses=["FM-R-08", "FM-R-09"],
    requirements=["UZ-DEV-08"],
    description=(
        "A refund takes one tiyin more {key} than the module ever sold and did not refund, then exactly "
        "as much."
    ),
    expectation=lambda row: f"{row[1]:04X} and nothing has changed; the exact sum passes.",
)
def refund_of_more(ctx: Context, row: tuple[str, StatusWord]) -> None:
    """Weighed against the whole life of the module, which its own accumulators tell."""
    name, word = row
    books = begin(ctx)
    books.sell(**_of(**{name: 5000}))
    sale, refund = books.ledger.lifetime
    rest = int(getattr(sale, name)) - int(getattr(refund, name))
    ctx.check_that(rest >= 5000, "5000 or more", rest, f"{name} sold and not refunded", clause="ZR-06")
    clause = "FM-R-09" if name == "vat" else "FM-R-08"
    block = ctx.module.block(operation=1, **_of(**{name: rest + 1}))
    refused(ctx, apdu.receipt_register(block.encode()), word, clause=clause)
    books.sell(operation=1, **_of(**{name: rest}))
    books.compare()


@case(
    "uz.module.sums.cash-and-card-apart",
    target="module",
    clauses=["FM-R-08"],
    requirements=["UZ-DEV-08"],
    needs=["fresh-module"],
    description="Only cash was sold and a refund goes to the card; then the other way round.",
    expectation="9035 both times, though the sum of both would do; in the coin of the sale it passes.",
)
def cash_and_card_apart(ctx: Context) -> None:
    """Each refund is weighed against its own kind of money."""
    for sold, wanted in (("cash", "card"), ("card", "cash")):
        books = fresh(ctx, "open")
        books.sell(**_of(**{sold: 1000}))
        for amount in (1, 1000):
            block = ctx.module.block(operation=1, **_of(**{wanted: amount}))
            refused(ctx, apdu.receipt_register(block.encode()), StatusWord.NOT_ENOUGH_SUM_FOR_REFUND)
        books.sell(operation=1, **_of(**{sold: 1000}))
        books.compare()


@case(
    "uz.module.sums.refund-over-shifts",
    target="module",
    clauses=["ZR-10", "FM-R-08"],
    requirements=["UZ-SHF-03"],
    description="Goods of an earlier shift are brought back in a shift that sold nothing.",
    expectation="The refund passes and stands in the new shift only.",
)
def refund_over_shifts(ctx: Context) -> None:
    """A shop must be able to take back yesterday's sale."""
    books = begin(ctx, "fresh")
    books.sell(cash=7000, card=3000, vat=1000)
    books.next_shift()
    books.sell(cash=7000, card=3000, vat=1000, operation=1)
    books.compare()
    shift = ctx.module.shift(1)
    ctx.check((1, 0), (shift.sales, shift.refunds), "the earlier shift", clause="ZR-10")
    books.must(books.close(), "close")


@case(
    "uz.module.sums.refund-first",
    target="module",
    clauses=["FM-R-08", "FM-R-09"],
    requirements=["UZ-DEV-08"],
    needs=["fresh-module"],
    description="The very first receipt of a module is a refund: of cash, of card, of VAT alone, of nothing.",
    expectation="9035, 9035, 9037; a refund of zero passes, for nothing is taken back.",
)
def refund_first(ctx: Context) -> None:
    """Nothing was sold."""
    books = fresh(ctx, "open")
    for sums, word in (
        (_of(cash=1), StatusWord.NOT_ENOUGH_SUM_FOR_REFUND),
        (_of(card=1), StatusWord.NOT_ENOUGH_SUM_FOR_REFUND),
        (_of(vat=1), StatusWord.NOT_ENOUGH_VAT_FOR_REFUND),
    ):
        block = ctx.module.block(operation=1, **sums)
        refused(ctx, apdu.receipt_register(block.encode()), word)
    books.sell(operation=1, **NOTHING)
    books.compare()
