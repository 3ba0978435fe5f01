"""Receipts as a café or a corner shop in Uzbekistan writes them, drawn from a seeded generator.

The goods are made up: MXIK and package codes have the right form and a plausible group, but stand in no
catalogue. The same generator state and time give the same receipt, and every receipt passes
`check_receipt`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reference.protocol.uz.receipt import (
    CommissionInfo,
    ExtraInfo,
    Item,
    Location,
    Operation,
    Receipt,
    ReceiptType,
    RefundInfo,
)

if TYPE_CHECKING:
    from random import Random

PIECE: Final = 796
KILOGRAM: Final = 166
LITRE: Final = 112
MOST_ITEMS: Final = 8

_SOM: Final = 100
_COIN: Final = 100 * _SOM
"""Cash is rounded to 100 so'm: half of that stays within what uz-fiscal RC-08 allows."""


@dataclass(frozen=True, slots=True)
class Good:
    """Something sold: price in so'm a unit; `article` is the barcode without its check digit.

    `marked` goods carry a label; what is not counted in pieces is sold in fractions of its unit.
    """

    name: str
    spic: str
    package_code: str
    price: int
    article: str = ""
    units: int = PIECE
    vat_percent: int = 12
    marked: bool = False


GOODS: Final = (
    Good("Non patir", "01905001001000000", "1500001", 5_000),
    Good("Лепёшка тандырная", "01905001002000000", "1500002", 4_000),
    Good("Somsa go‘shtli", "02106001003000000", "1500003", 9_000),
    Good("Osh (palov) 1 porsiya", "10710001001000000", "1500004", 38_000),
    Good("Шашлык говяжий", "10710001002000000", "1500005", 22_000),
    Good("Lag‘mon", "10710001003000000", "1500006", 32_000),
    Good("Choy ko‘k, choynak", "10710001004000000", "1500007", 6_000),
    Good("Кофе американо 200 мл", "10710001005000000", "1500008", 18_000),
    Good("Cappuccino 300 ml", "10710001006000000", "1500009", 24_000),
    Good("Xizmat haqi 10%", "10710002001000000", "1500010", 12_000),
    Good("Вода Hydrolife 0,5 л", "02201001001000000", "1500011", 3_500, "478001100001", marked=True),
    Good("Coca-Cola 1,5 л", "02202001001000000", "1500012", 15_000, "478001100002", marked=True),
    Good("Молоко 3,2% 1 л", "00401001001000000", "1500013", 16_500, "478001100003"),
    Good("Qatiq 0,5 l", "00403001001000000", "1500014", 11_000, "478001100004"),
    Good("Сахар", "01701001001000000", "1500015", 14_000, units=KILOGRAM),
    Good("Guruch lazer", "01006001001000000", "1500016", 23_000, units=KILOGRAM),
    Good("Картофель", "00701001001000000", "1500017", 6_500, units=KILOGRAM),
    Good("Pomidor", "00702001001000000", "1500018", 17_000, units=KILOGRAM),
    Good("Говядина мякоть", "00201001001000000", "1500019", 110_000, units=KILOGRAM),
    Good("Paxta yog‘i quyma", "01512001001000000", "1500020", 21_000, units=LITRE),
    Good("Шоколад 90 г", "01806001001000000", "1500021", 19_900, "478001100005"),
    Good("Choy 95 qora 100 g", "00902001001000000", "1500022", 13_500, "478001100006"),
    Good("Сигареты, пачка", "02402001001000000", "1500023", 25_000, "478001100007", marked=True),
    Good("Парацетамол 500 мг № 10", "03004001001000000", "1500024", 4_800, "478001100008", vat_percent=0),
    Good("Газета «Халқ сўзи»", "04902001001000000", "1500025", 3_000, "478001100009", vat_percent=0),
)


def random_receipt(
    rng: Random, time: datetime, *, items: int | None = None, type: ReceiptType = ReceiptType.PURCHASE
) -> Receipt:
    """Return a sale at this Tashkent time, of 1…8 lines unless `items` says how many, paid in full.

    Money is split between cash, card and both, one line in five has a discount; buyer details and a
    location come along now and then. All choices are drawn from `rng`.
    """
    count = rng.randint(1, MOST_ITEMS) if items is None else items
    lines = tuple(_line(rng) for _ in range(count))
    cash, card = _payment(rng, sum(line.price - line.discount - line.other for line in lines))
    return Receipt(
        time=time,
        received_cash=cash,
        received_card=card,
        type=type,
        operation=Operation.SALE,
        items=lines,
        location=_tashkent(rng) if rng.random() < 0.3 else None,
        extra=_extra(rng, paid_by_card=card > 0) if card or rng.random() < 0.1 else None,
    )


def refund_of(receipt: Receipt, refund: RefundInfo, time: datetime) -> Receipt:
    """Return the refund of a whole receipt at this time; `refund` names the sale."""
    return replace(receipt, time=time, operation=Operation.REFUND, refund=refund)


def barcode(article: str) -> str:
    """Return the EAN-13 of twelve digits: weighted 1, 3, 1, 3… all thirteen sum to a multiple of ten."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(article))
    return f"{article}{-weighted % 10}"


def _line(rng: Random) -> Item:
    good = rng.choice(GOODS)
    amount = 1000 * rng.choice((1, 1, 1, 2, 3)) if good.units == PIECE else rng.randrange(100, 5000)
    price = good.price * _SOM * amount // 1000
    discount = price * rng.choice((5, 10, 15)) // 100 if rng.random() < 0.2 else 0
    other = (price - discount) // 2 if rng.random() < 0.03 else 0
    net = price - discount - other
    code = barcode(good.article) if good.article else ""
    return Item(
        name=good.name,
        barcode=code,
        label=_label(rng, code) if good.marked else "",
        spic=good.spic,
        units=good.units,
        package_code=good.package_code,
        owner_type=rng.choice((None, 0, 1, 2)),
        amount=amount,
        price=price,
        discount=discount,
        other=other,
        vat=net * good.vat_percent // (100 + good.vat_percent),
        vat_percent=good.vat_percent,
        commission=CommissionInfo(tin=_digits(rng, 9)) if rng.random() < 0.03 else None,
    )


def _label(rng: Random, code: str) -> str:
    """A marking code without its crypto tail: (01) product, (21) serial, brackets and GS stripped (HB-14)."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
    return f"010{code}21{''.join(rng.choices(letters, k=13))}"


def _payment(rng: Random, owed: int) -> tuple[int, int]:
    """Cash and card for a sum: cash in whole coins, the card to the tiyin."""
    way = rng.choice(("cash", "card", "card", "both"))
    if way == "card":
        return 0, owed
    if way == "both" and owed > _COIN:
        cash = rng.randrange(1, owed // _COIN + 1) * _COIN
        return cash, owed - cash
    return (owed + _COIN // 2) // _COIN * _COIN, 0


def _extra(rng: Random, *, paid_by_card: bool) -> ExtraInfo:
    if not paid_by_card:
        return ExtraInfo(phone_number=f"99890{_digits(rng, 7)}", tin=_digits(rng, 9))
    if rng.random() < 0.25:
        return ExtraInfo(qr_payment_id=_digits(rng, 24), qr_payment_provider=rng.choice((10, 20, 30)))
    return ExtraInfo(pptid=_digits(rng, 12), card_type=rng.choice((1, 2, 2, 2, 3)))


def _tashkent(rng: Random) -> Location:
    return Location(round(rng.uniform(41.2, 41.4), 6), round(rng.uniform(69.1, 69.4), 6))


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))
