"""What a sale becomes on the wire: lines, money, VAT, kinds, payments (uz-fiscal §4.4, §8.7)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.pos import good, paid, sale
from conformance.drivers.pos_keys import Json

DISH: Final = "10202001001000001"


class Row(NamedTuple):
    """An order and what its receipt must hold, each figure worked out by hand.

    `lines` are (Amount, Price, Discount, VATPercent, VAT) of each item.
    """

    order: Json
    lines: tuple[tuple[int, int, int, int, int], ...]
    cash: int
    card: int
    kind: int = 0
    change: int = 0


ROWS: Final[dict[str, Row]] = {
    "cash": Row(sale(112_00), ((1000, 112_00, 0, 12, 12_00),), 112_00, 0),
    "card": Row(sale(112_00, payments=paid(card=112_00)), ((1000, 112_00, 0, 12, 12_00),), 0, 112_00),
    "mixed": Row(
        sale(100_00, payments=paid(cash=30_00, card=70_00)), ((1000, 100_00, 0, 12, 10_71),), 30_00, 70_00
    ),
    "click": Row(sale(56_00, payments=paid(click=56_00)), ((1000, 56_00, 0, 12, 6_00),), 0, 56_00),
    "payme": Row(sale(56_00, payments=paid(payme=56_00)), ((1000, 56_00, 0, 12, 6_00),), 0, 56_00),
    "uzum": Row(sale(56_00, payments=paid(uzum=56_00)), ((1000, 56_00, 0, 12, 6_00),), 0, 56_00),
    "app-and-cash": Row(
        sale(56_00, payments=paid(cash=6_00, click=50_00)), ((1000, 56_00, 0, 12, 6_00),), 6_00, 50_00
    ),
    "change": Row(
        sale(45_000_00, payments=paid(cash=50_000_00)),
        ((1000, 45_000_00, 0, 12, 4_821_43),),
        45_000_00,
        0,
        change=5_000_00,
    ),
    "kilograms": Row(
        sale(26_000_00, good(52_000_00, "Halva (sinov)", amount=500, unit="kg")),
        ((500, 26_000_00, 0, 12, 2_785_71),),
        26_000_00,
        0,
    ),
    "thousandth": Row(
        sale(52_00, good(52_000_00, "Halva (sinov)", amount=1, unit="kg")),
        ((1, 52_00, 0, 12, 5_57),),
        52_00,
        0,
    ),
    "half-tiyin-up": Row(
        sale(2_51, good(10_01, "Tuz (sinov)", amount=251, vat_percent=0)), ((251, 2_51, 0, 0, 0),), 2_51, 0
    ),
    "three-pieces": Row(
        sale(33_00, good(11_00, "Non (sinov)", amount=3000)), ((3000, 33_00, 0, 12, 3_54),), 33_00, 0
    ),
    "no-vat": Row(
        sale(99_99, good(99_99, "Kitob (sinov)", vat_percent=0)), ((1000, 99_99, 0, 0, 0),), 99_99, 0
    ),
    "two-rates": Row(
        sale(212_00, good(112_00), good(100_00, "Kitob (sinov)", vat_percent=0)),
        ((1000, 112_00, 0, 12, 12_00), (1000, 100_00, 0, 0, 0)),
        212_00,
        0,
    ),
    "line-discount": Row(
        sale(100_00, good(112_00, discount=12_00)), ((1000, 112_00, 12_00, 12, 10_71),), 100_00, 0
    ),
    "order-discount": Row(
        sale(270_00, good(100_00), good(200_00, "Kabob (sinov)"), discount=30_00),
        ((1000, 100_00, 10_00, 12, 9_64), (1000, 200_00, 20_00, 12, 19_29)),
        270_00,
        0,
    ),
    "order-discount-odd": Row(
        sale(2_99, good(1_00), good(1_00, "Non (sinov)"), good(1_00, "Choy (sinov)"), discount=1),
        ((1000, 1_00, 0, 12, 11), (1000, 1_00, 0, 12, 11), (1000, 1_00, 1, 12, 11)),
        2_99,
        0,
    ),
    "advance": Row(sale(112_00, kind=1), ((1000, 112_00, 0, 12, 12_00),), 112_00, 0, 1),
    "credit": Row(sale(112_00, kind=2), ((1000, 112_00, 0, 12, 12_00),), 112_00, 0, 2),
    "large": Row(
        sale(9_999_999_00, good(9_999_999_00, "Banket (sinov)"), payments=paid(card=9_999_999_00)),
        ((1000, 9_999_999_00, 0, 12, 1_071_428_46),),
        0,
        9_999_999_00,
    ),
}
"""By key."""


@family(
    "uz.pos.receipt.{key}",
    rows=ROWS,
    target="pos",
    clauses=["PS-05", "PS-06", "PS-07", "S-4.4"],
    requirements=["UZ-POS-01", "UZ-POS-04"],
    needs=lambda row: ["rest"] if row.kind else [],
    description="An order is sold: {key}.",
    expectation="One receipt with these lines, VAT sums and payments to the tiyin, and the change due.",
)
def receipt(ctx: Context, row: Row) -> None:
    """The order as it is bought, against figures worked out by hand."""
    pos = ctx.pos
    pos.ready()
    pressed, held = pos.sold(row.order)
    items = held.body["Items"]
    names = ("Amount", "Price", "Discount", "VATPercent")
    got = tuple(tuple(int(item.get(name, 0)) for name in names) for item in items)
    if row.order.get("discount"):
        _spread(ctx, row, got)
    else:
        ctx.check(
            tuple(line[:4] for line in row.lines), got, "amount, price, discount, VAT rate of each line"
        )
    ctx.check(
        [line["name"] for line in row.order["lines"]], [item["Name"] for item in items], "names of the lines"
    )
    vats = tuple(int(item.get("VAT", 0)) for item in items)
    if not row.order.get("discount"):
        ctx.check(tuple(line[4] for line in row.lines), vats, "VAT of each line", clause="PS-06")
    ctx.check(sum(line[4] for line in row.lines), sum(vats), "VAT of the receipt", clause="PS-06")
    ctx.check((row.cash, row.card), (held.cash, held.card), "received in cash and by card", clause="PS-07")
    ctx.check(row.kind, int(held.body.get("Type", 0)), "kind of receipt", clause="S-4.4")
    ctx.check(0, int(held.body.get("Operation", 0)), "operation", clause="S-4.4")
    if "change" in pressed.fields:
        ctx.check(row.change, pressed.fields["change"], "change", clause="PS-01")


def _spread(ctx: Context, row: Row, got: tuple[tuple[int, ...], ...]) -> None:
    """A discount on all of it may be spread otherwise, a tiyin a line; together it is what was given."""
    whole = sum(line[2] for line in row.lines)
    ctx.check(whole, sum(line[2] for line in got), "discount of all lines", clause="PS-05")
    ctx.check(
        tuple((line[0], line[1], line[3]) for line in row.lines),
        tuple((line[0], line[1], line[3]) for line in got),
        "amount, price, VAT rate of each line",
    )
    near = all(abs(mine[2] - line[2]) <= 1 for mine, line in zip(got, row.lines, strict=True))
    ctx.check_that(near, "each line its share, give or take a tiyin", got, "discounts of the lines")


@case(
    "uz.pos.receipt.codes",
    target="pos",
    clauses=["PS-05", "HB-15"],
    requirements=["UZ-POS-04"],
    description="A good with MXIK, package code, barcode and units is sold.",
    expectation="All four stand on the line as they are, the MXIK with its seventeen digits.",
)
def codes(ctx: Context) -> None:
    """Codes go through unchanged."""
    pos = ctx.pos
    pos.ready()
    line = good(7_000_00, "Suv (sinov)", mxik="02201001001000000", package_code="1500003")
    _, held = pos.sold(sale(7_000_00, {**line, "barcode": "4780000009911", "units": 796}))
    item: dict[str, Any] = held.body["Items"][0]
    told = tuple(str(item.get(name, "")) for name in ("SPIC", "PackageCode", "Barcode", "Units"))
    ctx.check(("02201001001000000", "1500003", "4780000009911", "796"), told, "codes of the line")


@case(
    "uz.pos.receipt.surcharge",
    target="pos",
    clauses=["PS-05", "HB-13"],
    requirements=["UZ-POS-01"],
    description="An order of 100.00 is sold at a place with a surcharge of 10 percent.",
    expectation="A second line of 10.00 with an MXIK and its VAT; lines and money agree to the tiyin.",
)
def surcharge(ctx: Context) -> None:
    """The surcharge is a service that is sold too."""
    pos = ctx.pos
    pos.ready()
    order = sale(100_00, surcharge=1000) | {"payments": paid(cash=110_00)}
    _, held = pos.sold(order)
    items = held.body["Items"]
    ctx.check([100_00, 10_00], [int(item["Price"]) for item in items], "sums of the lines")
    mxik = str(items[-1].get("SPIC", ""))
    ctx.check_that(len(mxik) == 17 and mxik.isdigit(), "seventeen digits", mxik, "MXIK of the surcharge")
    rate = int(items[-1].get("VATPercent", 0))
    due = (2 * 10_00 * rate + 100 + rate) // (2 * (100 + rate))
    ctx.check(due, int(items[-1].get("VAT", 0)), "VAT of the surcharge", clause="PS-06")
    ctx.check(110_00, held.cash + held.card, "received")


@case(
    "uz.pos.receipt.facts",
    target="pos",
    clauses=["PS-02", "HB-18"],
    requirements=["UZ-POS-01"],
    description="A sale is made and its receipt is looked at.",
    expectation="The point of sale shows the number, time, sign and QR address of the module's receipt.",
)
def facts(ctx: Context) -> None:
    """What is shown is what was answered."""
    pos = ctx.pos
    pos.ready()
    pressed, held = pos.sold(sale())
    told = pressed.receipt or {}
    answer = held.answer
    for mine, theirs in (("number", "ReceiptSeq"), ("sign", "FiscalSign"), ("made", "DateTime")):
        if mine in told:
            ctx.check(str(answer[theirs]), str(told[mine]), mine)
    if "address" in told:
        ctx.check(answer["QRCodeURL"], told["address"], "QR address", clause="QR-01")


@case(
    "uz.pos.receipt.time",
    target="pos",
    clauses=["TM-01", "TM-02", "TM-05"],
    requirements=["UZ-POS-04"],
    description="Two sales are made one right after the other.",
    expectation="Both carry the present Tashkent time in the form of the guide, and no two share a second.",
)
def times(ctx: Context) -> None:
    """Times are those of Tashkent."""
    pos = ctx.pos
    pos.ready()
    begun = pos.now()
    first, second = pos.sold(sale())[1], pos.sold(sale())[1]
    ended = pos.now()
    ctx.check_that(
        first.time < second.time, "the second is later", second.body["Time"], "times", clause="TM-05"
    )
    late = (second.time - ended).total_seconds()
    ctx.check_that(
        first.time >= begun.replace(microsecond=0) and late <= 10,
        f"between {begun} and {ended}, give or take what keeps two apart",
        f"{first.time} and {second.time}",
        "times",
        clause="TM-01",
    )


@family(
    "uz.pos.receipt.unsigned-{key}",
    rows={"advance": 1, "credit": 2},
    target="pos",
    clauses=["QR-03"],
    requirements=["UZ-POS-04"],
    needs=["rest"],
    description="A receipt of {key} is made and shown.",
    expectation="It has a number, and shows neither sign nor QR.",
)
def unsigned(ctx: Context, kind: int) -> None:
    """Receipts that the operator does not sign."""
    pos = ctx.pos
    pos.ready()
    pressed, held = pos.sold(sale(kind=kind))
    told = pressed.receipt or {}
    ctx.check(kind, int(held.body.get("Type", 0)), "kind of receipt", clause="S-4.4")
    shown = (str(told.get("sign") or ""), str(told.get("address") or ""))
    ctx.check(("", ""), shown, "sign and QR address")


@case(
    "uz.pos.receipt.paper",
    target="pos",
    clauses=["QR-06"],
    requirements=["UZ-POS-04"],
    description="The receipt of a sale is read as text.",
    expectation="Seller's number, module, receipt number, good, MXIK, VAT rate, total and sign stand on it.",
)
def paper(ctx: Context) -> None:
    """Read without its spaces, so that no layout is asked for."""
    pos = ctx.pos
    pos.ready()
    pressed, held = pos.sold(sale(45_000_00))
    text = pos.press("paper", {"order": pressed.order}).text
    flat = "".join(text.split())
    for what, wanted in (
        ("module", held.answer["TerminalID"]),
        ("number", str(held.seq)),
        ("sign", held.sign),
        ("good", "Osh(sinov)"),
        ("MXIK", DISH),
        ("VAT rate", "12"),
        ("date", held.time.strftime("%Y")),
    ):
        ctx.check_that(wanted in flat, wanted, text[:600], f"{what} on the paper")
    ctx.check_that("45000" in "".join(each for each in flat if each.isdigit()), "45000", text[:600], "total")
