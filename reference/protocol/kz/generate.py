"""Tickets as a small shop in Kazakhstan writes them, drawn from a seeded generator.

The goods are made up. The same generator state and arguments give the same ticket, and every ticket passes
every check of kz-ofd §10.4, those that only warn included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from reference.protocol.kz.documents import MoneyPlacement
from reference.protocol.kz.kinds import RETURNS, VAT, ItemType, Operation, PaymentType, PlacementKind
from reference.protocol.kz.money import TIYN, line_sum, percent_tax
from reference.protocol.kz.tickets import (
    CardFields,
    Line,
    MobileFields,
    Modifier,
    Operator,
    ParentTicket,
    Payment,
    TaxEntry,
    Ticket,
)

if TYPE_CHECKING:
    from random import Random

MOST_ITEMS: Final = 6
VAT_UNTIL_2025: Final = 12_000
VAT_FROM_2026: Final = 16_000
"""VAT in thousandths of a percent, before and from 01.01.2026 (kz-ofd §14.2)."""
_NEW_VAT: Final = datetime(2026, 1, 1)
_PIECE: Final = "796"
_KILOGRAM: Final = "166"
_NOTE: Final = 500 * TIYN
_SERVICE: Final = 2
_GENERAL_REGIME: Final = 101
_MOBILE_SINCE: Final = 201


@dataclass(frozen=True, slots=True)
class Good:
    """Something sold: price in tenge a unit; `article` is its barcode without the check digit."""

    name: str
    price: int
    section: str
    article: str = ""
    unit: str = _PIECE
    taxed: bool = True
    marked: bool = False


GOODS: Final = (
    Good("Нан ақ / Хлеб белый 600 г", 180, "1", "487000100001", taxed=False),
    Good("Сүт 3,2% 1 л / Молоко", 520, "1", "487000100002"),
    Good("Қымыз 0,5 л", 750, "1", "487000100003"),
    Good("Айран 1 л", 610, "1", "487000100004"),
    Good("Құрт 100 г", 450, "1", "487000100005"),
    Good("Бауырсақ", 1900, "2", unit=_KILOGRAM),
    Good("Алма «Апорт» / Яблоки", 890, "2", unit=_KILOGRAM),
    Good("Картоп / Картофель", 240, "2", unit=_KILOGRAM),
    Good("Сиыр еті / Говядина", 3200, "2", unit=_KILOGRAM),
    Good("Қазы", 6900, "2", unit=_KILOGRAM),
    Good("Рахмет шоколады 100 г", 690, "1", "487000100006"),
    Good("Шай «Пиала» 250 г", 1450, "1", "487000100007"),
    Good("Вода «Тассай» 0,5 л", 230, "1", "487000100008", marked=True),
    Good("Сигареты, пачка", 1050, "3", "487000100009", marked=True),
    Good("Аяқ киім / Обувь", 18990, "3", "487000100010", marked=True),
    Good("Лагман 1 порция", 1800, "4"),
    Good("Доставка / Жеткізу", 700, "4", unit="5114"),
)


def random_ticket(
    rng: Random,
    version: int,
    time: datetime,
    *,
    operation: Operation | None = None,
    offline_number: int | None = None,
    items: int | None = None,
    cash_limit: int | None = None,
) -> Ticket:
    """Return a ticket of a protocol version at a local time, of 1…6 lines unless `items` says how many.

    Mostly sales; other operations now and then, unless one is asked for. `cash_limit` keeps the cash that
    leaves the drawer at or below so many tiyn by paying with a card instead. Money of buyers is rounded to
    notes, so that there is change. Nothing has a document number yet.
    """
    kind = operation if operation is not None else _operation(rng)
    count = rng.randint(1, MOST_ITEMS) if items is None else items
    goods = [rng.choice(GOODS) for _ in range(count)]
    lines = [_line(rng, good, version, time) for good in goods]
    written, subtotal = _with_modifiers(rng, lines)
    discount, markup, total = _whole_modifier(rng, subtotal)
    payments, taken, change = _payment(rng, version, kind, total, cash_limit)
    return Ticket(
        operation=kind,
        time=time,
        operator=Operator(rng.randint(1, 9), rng.choice(("Айгүл С.", "Ерлан Т.", "Ольга К."))),
        items=tuple(written),
        payments=payments,
        total=total,
        taken=taken,
        change=change,
        markup=markup,
        discount=discount,
        domain=0,
        offline_number=offline_number,
        parent=_parent(rng, time, total) if version >= 203 and kind in RETURNS else None,
        customer_iin=_digits(rng, 12) if version >= 202 and rng.random() < 0.1 else "",
        customer_phone=f"+7701{_digits(rng, 7)}" if rng.random() < 0.1 else "",
    )


def random_placement(
    rng: Random, time: datetime, *, kind: PlacementKind = PlacementKind.DEPOSIT, most: int = 100_000 * TIYN
) -> MoneyPlacement:
    """Return a deposit or withdrawal of 1 tenge … `most` tiyn, in whole tenge."""
    total = rng.randint(1, max(1, most // TIYN)) * TIYN
    return MoneyPlacement(kind, time, total, operator=Operator(1, "Айгүл С."))


def storno_of(line: Line) -> Line:
    """Return the line that takes a commodity back inside its ticket (kz-ofd T24)."""
    return Line(
        type=ItemType.STORNO_COMMODITY,
        name=line.name,
        section=line.section,
        quantity=line.quantity,
        price=line.price,
        sum=line.sum,
        taxes=line.taxes,
        measure_unit=line.measure_unit,
        barcode=line.barcode,
        commodity_type=line.commodity_type,
    )


def barcode(article: str) -> str:
    """Return the EAN-13 of twelve digits: weighted 1, 3, 1, 3… all thirteen sum to a multiple of ten."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(article))
    return f"{article}{-weighted % 10}"


def _operation(rng: Random) -> Operation:
    return rng.choices(tuple(Operation), weights=(3, 1, 90, 6))[0]


def _line(rng: Random, good: Good, version: int, time: datetime) -> Line:
    quantity = 1000 * rng.choice((1, 1, 1, 2, 3)) if good.unit != _KILOGRAM else rng.randrange(100, 3000)
    price = good.price * TIYN
    total = line_sum(price, quantity)
    later = version > 124
    code = barcode(good.article) if good.article and later else ""
    marks: tuple[str, ...] = ()
    if good.marked and version >= 203:
        marks = (f"010{code}21{_digits(rng, 13)}",)
    return Line(
        type=ItemType.COMMODITY,
        name=good.name,
        section=good.section,
        quantity=quantity,
        price=price,
        sum=total,
        taxes=(_tax(total, time),) if good.taxed else (),
        measure_unit=good.unit if later else "",
        barcode=code,
        excise_stamps=marks,
        commodity_type=(_SERVICE if good.unit == "5114" else 0) if version >= 204 else None,
    )


def _tax(total: int, time: datetime) -> TaxEntry:
    percent = VAT_UNTIL_2025 if time < _NEW_VAT else VAT_FROM_2026
    return TaxEntry(
        percent,
        percent_tax(total, percent, inside=True),
        inside=True,
        tax_type=VAT,
        taxation_type=_GENERAL_REGIME,
    )


def _with_modifiers(rng: Random, lines: Sequence[Line]) -> tuple[list[Line | Modifier], int]:
    """The items in order, and what they come to; some lines have a discount, a markup or a storno."""
    items: list[Line | Modifier] = []
    total = 0
    for line in lines:
        worth = line.sum or 0
        items.append(line)
        total += worth
        draw = rng.random()
        part = worth // rng.choice((10, 20))
        if draw < 0.15 and part:
            items.append(Modifier(ItemType.DISCOUNT, "Скидка", part))
            total -= part
        elif draw < 0.2 and part:
            items.append(Modifier(ItemType.MARKUP, "Наценка", part))
            total += part
        elif draw < 0.25 and total > worth:
            items.append(storno_of(line))
            total -= worth
    return items, total


def _whole_modifier(rng: Random, total: int) -> tuple[Modifier | None, Modifier | None, int]:
    """Discount, markup and what is left: one ticket in ten is rounded to a tenge, or served at a table."""
    draw = rng.random()
    rest = total % TIYN
    if draw < 0.07 and 0 < rest < total:
        return Modifier(None, "Округление", rest), None, total - rest
    if draw < 0.1:
        extra = total // 10 + 1
        return None, Modifier(None, "Обслуживание 10 %", extra), total + extra
    return None, None, total


def _payment(
    rng: Random, version: int, operation: Operation, total: int, cash_limit: int | None
) -> tuple[tuple[Payment, ...], int | None, int | None]:
    """Payments of a total, what the buyer gave in cash and got back."""
    leaves = operation in (Operation.BUY, Operation.SELL_RETURN)
    kinds = [PaymentType.CASH, PaymentType.CARD]
    if version >= _MOBILE_SINCE:
        kinds.append(PaymentType.MOBILE)
    first = rng.choice(kinds)
    if leaves and cash_limit is not None and total > cash_limit:
        first = PaymentType.CARD
    if first is not PaymentType.CASH:
        return (_electronic(rng, version, first, total),), None, None
    if not leaves and total > _NOTE and rng.random() < 0.15:
        card = rng.randrange(1, total)
        cash = total - card
        return (Payment(PaymentType.CASH, cash), _electronic(rng, version, PaymentType.CARD, card)), cash, 0
    taken = total if leaves or rng.random() < 0.3 else -(-total // _NOTE) * _NOTE
    return (Payment(PaymentType.CASH, total),), taken, taken - total


def _electronic(rng: Random, version: int, kind: PaymentType, total: int) -> Payment:
    if version < 203 or rng.random() < 0.5:
        return Payment(kind, total)
    if kind is PaymentType.MOBILE:
        return Payment(kind, total, mobile=MobileFields("QR", _digits(rng, 10)))
    card = CardFields(
        _digits(rng, 8), "VISA", rng.randrange(10**6), rng.randrange(10**12), rng.randrange(10**4)
    )
    return Payment(kind, total, card)


def _parent(rng: Random, time: datetime, total: int) -> ParentTicket:
    """The ticket of an earlier day that a return gives back, of a register of this lab."""
    earlier = time - timedelta(seconds=rng.randrange(3600, 10 * 86400))
    return ParentTicket(
        str(rng.randrange(100_000_000, 2**32)), earlier, f"9999{_digits(rng, 8)}", total, is_offline=False
    )


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))
