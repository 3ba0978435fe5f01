"""What a sale becomes on the wire: lines, stornos, modifiers, taxes, payments, returns (kz-ofd §10, §14)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_goods import inside
from conformance.drivers.kz_keys import Json
from conformance.drivers.kz_register import item, sale
from conformance.suites.kz.register.till import (
    BY_KEYS,
    NEEDS,
    done,
    in_mode,
    nothing_sent,
    sell,
    ticket_of,
    turned_away,
)
from reference.protocol.kz.kinds import ItemType, PaymentType
from reference.protocol.kz.tickets import Line, Modifier, TaxEntry, Ticket

COMMODITY, STORNO = ItemType.COMMODITY, ItemType.STORNO_COMMODITY
BREAD, MILK = item(100_00), item(250_00, "Сүт", vat=None)


class Row(NamedTuple):
    """An order and what its ticket must hold, each figure worked out by hand."""

    order: Json
    lines: tuple[tuple[int, int, int], ...] = ()
    modifiers: tuple[tuple[int, int], ...] = ()
    payments: tuple[tuple[int, int], ...] = ()
    total: int = 0
    taken: int | None = None
    change: int = 0
    discount: int = 0
    markup: int = 0
    item_taxes: tuple[int, ...] = ()
    ticket_taxes: tuple[tuple[int, int], ...] = ()


CASH, CARD, MOBILE = PaymentType.CASH.value, PaymentType.CARD.value, PaymentType.MOBILE.value
ROWS: Final[dict[str, Row]] = {
    "one-line": Row(
        sale(100_00, BREAD), ((1, 1000, 100_00),), (), ((CASH, 100_00),), 100_00, 100_00, item_taxes=(10_71,)
    ),
    "quantity": Row(
        sale(1_050_00, item(420_00, quantity="2.500")),
        ((1, 2500, 1_050_00),),
        (),
        ((CASH, 1_050_00),),
        1_050_00,
        1_050_00,
        item_taxes=(112_50,),
    ),
    "thousandth": Row(sale(1, item(9_99, quantity="0.001", vat=None)), ((1, 1, 1),), (), ((CASH, 1),), 1, 1),
    "half-up": Row(
        sale(2_51, item(10_01, quantity="0.251", vat=None)),
        ((1, 251, 2_51),),
        (),
        ((CASH, 2_51),),
        2_51,
        2_51,
    ),
    "change": Row(
        sale(1_300_00, item(1_300_00), taken=2_000_00),
        ((1, 1000, 1_300_00),),
        (),
        ((CASH, 1_300_00),),
        1_300_00,
        2_000_00,
        700_00,
        item_taxes=(139_29,),
    ),
    "change-of-a-tiyn": Row(
        sale(99_99, item(99_99, vat=None), taken=100_00),
        ((1, 1000, 99_99),),
        (),
        ((CASH, 99_99),),
        99_99,
        100_00,
        1,
    ),
    "storno": Row(
        sale(150_00, item(100_00), item(150_00, "Сүт", vat=None), item(100_00, storno=True)),
        ((1, 1000, 100_00), (1, 1000, 150_00), (2, 1000, 100_00)),
        (),
        ((CASH, 150_00),),
        150_00,
        150_00,
        item_taxes=(10_71, 10_71),
    ),
    "item-discount": Row(
        sale(80_00, item(100_00, vat=None, discount=20_00)),
        ((1, 1000, 100_00),),
        ((ItemType.DISCOUNT, 20_00),),
        ((CASH, 80_00),),
        80_00,
        80_00,
    ),
    "item-markup": Row(
        sale(130_00, item(100_00, vat=None, markup=30_00)),
        ((1, 1000, 100_00),),
        ((ItemType.MARKUP, 30_00),),
        ((CASH, 130_00),),
        130_00,
        130_00,
    ),
    "ticket-discount": Row(
        sale(300_00, BREAD, MILK, discount=50_00),
        ((1, 1000, 100_00), (1, 1000, 250_00)),
        (),
        ((CASH, 300_00),),
        300_00,
        300_00,
        discount=50_00,
        item_taxes=(10_71,),
    ),
    "ticket-markup": Row(
        sale(770_00, item(700_00, vat=None), markup=70_00),
        ((1, 1000, 700_00),),
        (),
        ((CASH, 770_00),),
        770_00,
        770_00,
        markup=70_00,
    ),
    "card": Row(
        sale(100_00, BREAD, payments=[{"type": "card", "sum": 100_00}], taken=None),
        ((1, 1000, 100_00),),
        (),
        ((CARD, 100_00),),
        100_00,
        item_taxes=(10_71,),
    ),
    "three-payments": Row(
        sale(
            350_00,
            BREAD,
            MILK,
            payments=[
                {"type": "cash", "sum": 50_01},
                {"type": "card", "sum": 199_99},
                {"type": "mobile", "sum": 100_00},
            ],
            taken=60_00,
        ),
        ((1, 1000, 100_00), (1, 1000, 250_00)),
        (),
        ((CASH, 50_01), (CARD, 199_99), (MOBILE, 100_00)),
        350_00,
        60_00,
        9_99,
        item_taxes=(10_71,),
    ),
    "vat-16": Row(
        sale(116_00, item(116_00, vat=16)),
        ((1, 1000, 116_00),),
        (),
        ((CASH, 116_00),),
        116_00,
        116_00,
        item_taxes=(16_00,),
    ),
    "vat-0": Row(
        sale(116_00, item(116_00, vat=0)),
        ((1, 1000, 116_00),),
        (),
        ((CASH, 116_00),),
        116_00,
        116_00,
        item_taxes=(0,),
    ),
    "vat-on-ticket": Row(
        sale(336_00, item(112_00), item(224_00, "Сүт"), vat_on="ticket"),
        ((1, 1000, 112_00), (1, 1000, 224_00)),
        (),
        ((CASH, 336_00),),
        336_00,
        336_00,
        ticket_taxes=((12_000, 36_00),),
    ),
    "vat-rounded-half-up": Row(
        sale(14, item(14)), ((1, 1000, 14),), (), ((CASH, 14),), 14, 14, item_taxes=(2,)
    ),
    "largest-coins": Row(sale(99, item(99, vat=None)), ((1, 1000, 99),), (), ((CASH, 99),), 99, 99),
    "many-lines": Row(
        sale(30_00, *[item(1_00, f"Тауар {n}", vat=None) for n in range(30)]),
        tuple((1, 1000, 1_00) for _ in range(30)),
        (),
        ((CASH, 30_00),),
        30_00,
        30_00,
    ),
    "large-sum": Row(
        sale(9_999_999_999_99, item(9_999_999_999_99, vat=None)),
        ((1, 1000, 9_999_999_999_99),),
        (),
        ((CASH, 9_999_999_999_99),),
        9_999_999_999_99,
        9_999_999_999_99,
    ),
}


@family(
    "kz.register.ticket.{key}",
    rows=ROWS,
    target="register-kz",
    clauses=["KZ-S-10.1", "KZ-TI-T13", "KZ-TI-T14", "KZ-TI-T18", "KZ-TI-T19", "KZ-TI-T21"],
    requirements=["KZ-PRT-02"],
    needs=BY_KEYS,
    description="A sale is made: {key}.",
    expectation="The ticket holds the lines, modifiers, taxes, payments, cash taken, change and total "
    "worked out by hand, to the tiyn.",
)
def sums(ctx: Context, row: Row) -> None:
    """All arithmetic is done in whole tiyn."""
    stand = ctx.register.ready()
    pressed = done(ctx, ctx.register.press("sell", row.order))
    ticket = ticket_of(ctx, stand.next())
    found = [(item.type, item.quantity, item.sum) for item in ticket.items if isinstance(item, Line)]
    ctx.check(list(row.lines), found, "lines: type, quantity, sum", clause="KZ-TI-T14")
    modifiers = [(one.type, one.sum) for one in ticket.items if isinstance(one, Modifier)]
    ctx.check(list(row.modifiers), modifiers, "modifiers of lines")
    ctx.check(sorted(row.payments), sorted(_paid(ticket)), "payments", clause="KZ-TI-T18")
    ctx.check(
        (row.total, row.total),
        (ticket.total, pressed.told("total")),
        "total, on the wire and shown",
        clause="KZ-TI-T13",
    )
    ctx.check(row.taken, ticket.taken, "taken", clause="KZ-TI-T06")
    ctx.check(row.change, ticket.change or 0, "change", clause="KZ-TI-T19")
    ctx.check(
        (row.discount, row.markup), (_sum(ticket.discount), _sum(ticket.markup)), "modifiers of the ticket"
    )
    taxes = [tax.sum for line in ticket.items if isinstance(line, Line) for tax in line.taxes]
    ctx.check(list(row.item_taxes), taxes, "taxes of lines", clause="KZ-TI-T21")
    ctx.check(
        list(row.ticket_taxes),
        [(one.percent, one.sum) for one in ticket.taxes],
        "taxes of the ticket",
        clause="KZ-TI-T20",
    )


def _paid(ticket: Ticket) -> list[tuple[int | None, int | None]]:
    return [(payment.type, payment.sum) for payment in ticket.payments]


def _sum(modifier: Modifier | None) -> int:
    return 0 if modifier is None else modifier.sum or 0


BAD: Final[dict[str, tuple[str, Json]]] = {
    "no-items": ("KZ-TI-T02", {"items": [], "payments": [{"type": "cash", "sum": 0}]}),
    "paid-too-little": ("KZ-TI-T18", sale(99_99, BREAD)),
    "paid-too-much-by-card": (
        "KZ-TI-T18",
        sale(100_00, BREAD, payments=[{"type": "card", "sum": 100_01}], taken=None),
    ),
    "type-twice": (
        "KZ-TI-T17",
        sale(100_00, BREAD, payments=[{"type": "cash", "sum": 50_00}, {"type": "cash", "sum": 50_00}]),
    ),
    "discount-of-everything": ("KZ-TI-T15", sale(0, BREAD, discount=100_00)),
    "line-discount-of-everything": ("KZ-TI-T15", sale(0, item(100_00, discount=100_00))),
    "markup-and-discount": ("KZ-TI-T16", sale(100_00, BREAD, discount=10_00, markup=10_00)),
    "line-markup-and-discount": ("KZ-TI-T16", sale(100_00, item(100_00, discount=10_00, markup=10_00))),
    "total-zero": ("KZ-TI-T12", sale(0, item(0, vat=None))),
    "taken-too-little": ("KZ-TI-T19", sale(100_00, BREAD, taken=99_99)),
    "storno-of-nothing": ("KZ-TI-T24", sale(50_00, BREAD, item(50_00, "Сүт", storno=True))),
    "quantity-zero": ("KZ-TI-T11", sale(0, item(100_00, quantity="0.000"))),
}


@family(
    "kz.register.ticket.refused.{key}",
    rows=BAD,
    target="register-kz",
    clauses=lambda row: [row[0], "KZ-S-10.1"],
    requirements=["KZ-PRT-02"],
    needs=BY_KEYS,
    description="A sale that cannot be right is tried: {key}. Then a good one is made.",
    expectation="The register refuses it and says why, nothing is sent; the good one has the next REQNUM.",
)
def bad_sale(ctx: Context, row: tuple[str, Json]) -> None:
    """What the OFD would refuse is not sent; what it would only record is not made."""
    register = ctx.register
    stand = register.ready()
    turned_away(ctx, register.press("sell", row[1]))
    nothing_sent(ctx)
    before = stand.seen[-1].header.reqnum
    sell(ctx)
    ctx.check(before + 1, stand.next().header.reqnum, "REQNUM of the next sale", clause="KZ-TK-1")
    in_mode(ctx, "ONLINE")


@case(
    "kz.register.ticket.numbers-of-its-own",
    target="register-kz",
    clauses=["KZ-S-8.1"],
    requirements=["KZ-PRT-02"],
    needs=BY_KEYS,
    description="Sales, money and a closing are made; a key is refused in between.",
    expectation="The printed_document_number grows by one with every document made, and is what the paper "
    "says.",
)
def own_numbers(ctx: Context) -> None:
    """The KKM's own numbering, kept as sent."""
    register = ctx.register
    stand = register.ready()
    made = [sell(ctx), sell(ctx)]
    refused = register.press("withdraw", {"sum": 9_999_99})
    turned_away(ctx, refused, code=refused.code)
    made += [
        done(ctx, register.press("deposit", {"sum": 1_00})),
        done(ctx, register.press("z", {"withdraw": False})),
    ]
    printed = [pressed.told("number") for pressed in made]
    sent = [getattr(seen.document, "printed_number", None) for seen in stand.rest() if not seen.code]
    ctx.check(printed, sent, "numbers on paper and on the wire")
    ctx.check(list(range(printed[0], printed[0] + 4)), printed, "numbers")


@family(
    "kz.register.ticket.customer.{key}",
    rows={"203": 203, "204": 204, "202": 202},
    target="register-kz",
    clauses=["KZ-TI-T22", "KZ-S-11"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="A sale for a customer with an IIN is made in version {key}.",
    expectation="Its extension_options carry it.",
)
def customer(ctx: Context, version: int) -> None:
    """Since 2.0.1."""
    stand = ctx.register.ready(version=version)
    sell(ctx, customer_iin="900101300123")
    ctx.check("900101300123", ticket_of(ctx, stand.next()).customer_iin, "customer_iin_or_bin")


@case(
    "kz.register.ticket.vat-exact",
    target="register-kz",
    clauses=["KZ-S-14.2", "KZ-TI-T21"],
    requirements=["KZ-PRT-02"],
    needs=BY_KEYS,
    description="Forty prices drawn from the case's seed are sold in one ticket at 12 and 16 percent.",
    expectation="Each tax is price × p / (100 + p), rounded half up to tiyn, and every figure is whole.",
)
def vat_exact(ctx: Context) -> None:
    """Per list entry, not on the total."""
    prices = [(ctx.rng.randint(1, 10_000_00), ctx.rng.choice((12, 16))) for _ in range(40)]
    stand = ctx.register.ready()
    goods = [item(price, f"Тауар {n}", vat=vat) for n, (price, vat) in enumerate(prices)]
    sell(ctx, sum(price for price, _ in prices), items=goods)
    lines = [line for line in ticket_of(ctx, stand.next()).items if isinstance(line, Line)]
    wanted: Any = [TaxEntry(vat * 1000, inside(price, vat * 1000)).sum for price, vat in prices]
    ctx.check(wanted, [line.taxes[0].sum for line in lines], "taxes")


@family(
    "kz.register.ticket.vat-of-a-{key}",
    rows={"discount": (item(112_00, discount=56_00), 6_00), "markup": (item(112_00, markup=56_00), 18_00)},
    target="register-kz",
    clauses=["KZ-ZR-8", "KZ-S-14.2"],
    requirements=["KZ-PRT-02", "KZ-NNT-01"],
    needs=BY_KEYS,
    description="A line of 112.00 with VAT inside is sold with a {key} of 56.00.",
    expectation="The taxes of line and modifier come to the VAT inside what was paid.",
)
def vat_of_modifier(ctx: Context, row: tuple[Json, int]) -> None:
    """A discount takes its part of the tax away, a markup adds it."""
    goods, vat = row
    stand = ctx.register.ready()
    total = 112_00 - goods.get("discount", 0) + goods.get("markup", 0)
    sell(ctx, total, items=[goods])
    ticket = ticket_of(ctx, stand.next())
    found = 0
    for one in ticket.items:
        if isinstance(one, Line | Modifier):
            sign = -1 if one.type == ItemType.DISCOUNT else 1
            found += sign * sum(tax.sum or 0 for tax in one.taxes)
    found += sum(tax.sum or 0 for tax in ticket.taxes)
    ctx.check(vat, found, "VAT of the ticket")
