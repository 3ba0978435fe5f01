"""What each check of kz-ofd §10.4 looks for in a ticket: one function a row, named after it.

A function returns where the row is broken. It is silent about what another row reports as missing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Final

from reference.protocol.kz.documents import FIRST_YEAR
from reference.protocol.kz.examination import NONE, Examined, Problem, Problems, TaxList
from reference.protocol.kz.kinds import RETURNS, ItemType, PaymentType
from reference.protocol.kz.money import MAX_TIYN, money_text, percent_tax
from reference.protocol.kz.tally import NON_NULLABLE
from reference.protocol.kz.tickets import Line, Misfit

MAX_AHEAD: Final = timedelta(minutes=5)
"""How far a ticket's time may be ahead of the server's (kz-ofd T09)."""
MOBILE_SINCE: Final = 201
"""The version that brought PAYMENT_MOBILE (kz-ofd §10.2)."""
_HALVES: Final = {ItemType.DISCOUNT, ItemType.STORNO_DISCOUNT}


def t01(one: Examined) -> Problems:
    """Operation, time, operator, total; of payments and taxes what the message requires."""
    ticket = one.ticket
    found = [
        Problem(field)
        for field, absent in (
            ("operation", ticket.operation is None),
            ("date_time", ticket.time is None and not ticket.bad_time),
            ("operator.code", ticket.operator.code is None),
            ("amounts.total", ticket.total is None),
        )
        if absent
    ]
    for place, payment in enumerate(ticket.payments):
        if payment.type is None:
            found.append(Problem(f"payments[{place}].type"))
        if payment.sum is None:
            found.append(Problem(f"payments[{place}].sum"))
    for taxes in _tax_lists(one):
        found += [
            Problem(f"{taxes.where}[{place}]")
            for place, tax in enumerate(taxes.taxes)
            if tax.percent is None or tax.sum is None
        ]
    return found


def t02(one: Examined) -> Problems:
    """Items, each with the part of its type."""
    if not one.ticket.items:
        return (Problem("items"),)
    return [
        Problem(f"items[{place}]") for place, item in enumerate(one.ticket.items) if isinstance(item, Misfit)
    ]


def t03(one: Examined) -> Problems:
    """Fields of commodities and stornos."""
    found: list[Problem] = []
    for place, line in one.lines:
        plain = line.type == ItemType.COMMODITY
        if (
            line.section
            and line.quantity is not None
            and line.price is not None
            and line.sum is not None
            and (line.name or line.code is not None or not plain)
        ):
            continue
        for field, absent in (
            ("name", plain and not line.name and line.code is None),
            ("section_code", not line.section),
            ("quantity", line.quantity is None),
            ("price", line.price is None),
            ("sum", line.sum is None),
        ):
            if absent:
                found.append(Problem(f"{_part(place, line)}.{field}"))
    return found


def t03_unit(one: Examined) -> Problems:
    """The unit of measure."""
    return [
        Problem(f"{_part(place, line)}.measure_unit_code")
        for place, line in one.lines
        if not line.measure_unit
    ]


def t04_name(one: Examined) -> Problems:
    """Names of modifiers."""
    return [Problem(f"{place}.name") for place, name, _ in _modifiers(one) if not name]


def t04_sum(one: Examined) -> Problems:
    """Sums of modifiers."""
    return [Problem(f"{place}.sum") for place, _, total in _modifiers(one) if total is None]


def t05(one: Examined) -> Problems:
    """The trade."""
    return NONE if one.ticket.domain is not None else (Problem("domain.type"),)


def t06(one: Examined) -> Problems:
    """What the buyer gave in cash."""
    if one.ticket.taken is not None:
        return NONE
    cash = any(payment.type == PaymentType.CASH for payment in one.ticket.payments)
    return (Problem("amounts.taken"),) if cash else NONE


def t07(one: Examined) -> Problems:
    """The parent ticket of a return, all five fields."""
    if one.ticket.operation not in RETURNS:
        return NONE
    parent = one.ticket.parent
    if parent is None:
        return (Problem("parent_ticket"),)
    return [
        Problem(f"parent_ticket.{field}")
        for field, absent in (
            ("parent_ticket_number", not parent.number),
            ("parent_ticket_data_time", parent.time is None and not parent.bad_time),
            ("kgd_kkm_id", not parent.rnm),
            ("parent_ticket_total", parent.total is None),
            ("parent_ticket_is_offline", parent.is_offline is None),
        )
        if absent
    ]


def t08(one: Examined) -> Problems:
    """Times that are dates of 2013 or later."""
    ticket = one.ticket
    found = []
    if ticket.bad_time or (ticket.time is not None and ticket.time.year < FIRST_YEAR):
        found.append(Problem("date_time", ticket.bad_time or str(ticket.time)))
    parent = ticket.parent
    if parent is not None and (
        parent.bad_time or (parent.time is not None and parent.time.year < FIRST_YEAR)
    ):
        found.append(Problem("parent_ticket.parent_ticket_data_time", parent.bad_time or str(parent.time)))
    return found


def t09(one: Examined) -> Problems:
    """A time neither ahead of the server nor before the device's last document."""
    time, context = one.ticket.time, one.context
    if time is None:
        return NONE
    if context.now is not None and time - context.now > MAX_AHEAD:
        return (Problem("date_time", f"{time} > {context.now} + 5 min"),)
    if context.last_time is not None and time < context.last_time:
        return (Problem("date_time", f"{time} < {context.last_time}"),)
    return NONE


def t10(one: Examined) -> Problems:
    """Bills and coins in their ranges, and a non-nullable sum that still fits."""
    ticket = one.ticket
    if ticket.bad_money:
        return [Problem(place) for place in ticket.bad_money]
    before = one.context.counters.total(NON_NULLABLE, ticket.operation or 0)
    if before + (ticket.total or 0) > MAX_TIYN:
        return (Problem("amounts.total", "non_nullable_sums"),)
    return NONE


def t11(one: Examined) -> Problems:
    """Quantities above zero."""
    return [Problem(f"{_part(place, line)}.quantity", "0") for place, line in one.lines if line.quantity == 0]


def t12(one: Examined) -> Problems:
    """A total above zero."""
    return (Problem("amounts.total", "0"),) if one.ticket.total == 0 else NONE


def t13(one: Examined) -> Problems:
    """The total of all lines and modifiers."""
    total = one.ticket.total
    if total is None or not one.complete or total == one.computed_total:
        return NONE
    return (Problem("amounts.total", f"{money_text(total)} ≠ {money_text(one.computed_total)}"),)


def t14(one: Examined) -> Problems:
    """Price times quantity, to a tiyn."""
    found = []
    for place, line in one.lines:
        if line.sum is None or line.price is None or line.quantity is None:
            continue
        product = line.price * line.quantity
        if abs(1000 * line.sum - product) > 1000:
            detail = f"{money_text(line.sum)} ≠ {money_text(line.price)} × {line.quantity} / 1000"
            found.append(Problem(f"{_part(place, line)}.sum", detail))
    return found


def t15(one: Examined) -> Problems:
    """Discounts below what they are taken from."""
    found = []
    before = one.goods + one.markups
    if one.discounts and one.discounts >= before:
        found.append(Problem("amounts", f"{money_text(one.discounts)} ≥ {money_text(before)}"))
    for place, modifier, owner in one.modifiers:
        if modifier.type != ItemType.DISCOUNT or modifier.sum is None:
            continue
        worth = one.largest if owner is None else owner[1].sum or 0
        if modifier.sum >= worth:
            detail = f"{money_text(modifier.sum)} ≥ {money_text(worth)}"
            found.append(Problem(f"items[{place}].discount.sum", detail))
    return found


def t16(one: Examined) -> Problems:
    """Not markup and discount on the same thing."""
    found = []
    if one.ticket.markup is not None and one.ticket.discount is not None:
        found.append(Problem("amounts"))
    nets: dict[tuple[int, bool], int] = {}
    for place, modifier, owner in one.modifiers:
        if owner is None or modifier.type is None:
            continue
        discount = modifier.type in _HALVES
        storno = modifier.type in (ItemType.STORNO_DISCOUNT, ItemType.STORNO_MARKUP)
        key = (owner[0], discount)
        nets[key] = nets.get(key, 0) + (-1 if storno else 1) * (modifier.sum or 0)
        if nets[key] > 0 and nets.get((owner[0], not discount), 0) > 0:
            found.append(Problem(f"items[{place}]"))
    return found


def t17(one: Examined) -> Problems:
    """One payment a type."""
    seen: set[int] = set()
    found = []
    for place, payment in enumerate(one.ticket.payments):
        if payment.type is None:
            continue
        if payment.type in seen:
            found.append(Problem(f"payments[{place}].type"))
        seen.add(payment.type)
    return found


def t18(one: Examined) -> Problems:
    """Payments that come to the total."""
    ticket = one.ticket
    if not ticket.payments or ticket.total is None:
        return NONE
    paid = sum([payment.sum or 0 for payment in ticket.payments])
    if paid == ticket.total:
        return NONE
    return (Problem("payments", f"{money_text(paid)} ≠ {money_text(ticket.total)}"),)


def t19(one: Examined) -> Problems:
    """Cash net of change."""
    ticket = one.ticket
    if ticket.taken is None or not any(payment.type == PaymentType.CASH for payment in ticket.payments):
        return NONE
    paid, kept = ticket.paid(PaymentType.CASH), ticket.taken - (ticket.change or 0)
    return NONE if paid == kept else (Problem("payments", f"{money_text(paid)} ≠ {money_text(kept)}"),)


def t20(one: Examined) -> Problems:
    """Taxes in one place, each percent once."""
    found = []
    if one.ticket.taxes and one.taxed:
        found.append(Problem("taxes"))
    for taxes in _tax_lists(one):
        if len({tax.percent for tax in taxes.taxes}) < len(taxes.taxes):
            found.append(Problem(taxes.where))
    return found


def t21(one: Examined) -> Problems:
    """Taxes as computed, to a tiyn."""
    found = []
    for taxes in _tax_lists(one):
        for place, tax in enumerate(taxes.taxes):
            if taxes.base is None or tax.percent is None or tax.sum is None or tax.inside is None:
                continue
            wanted = percent_tax(taxes.base, tax.percent, inside=tax.inside)
            if abs(tax.sum - wanted) > 1:
                detail = f"{money_text(tax.sum)} ≠ {money_text(wanted)}"
                found.append(Problem(f"{taxes.where}[{place}].sum", detail))
    return found


def t22(one: Examined) -> Problems:
    """A customer who is not the seller."""
    iin = one.ticket.customer_iin
    if iin and iin == one.context.org_inn:
        return (Problem("extension_options.customer_iin_or_bin", iin),)
    return NONE


def t23(one: Examined) -> Problems:
    """Goods, work or service."""
    return [
        Problem(f"{_part(place, line)}.commodity_type")
        for place, line in one.lines
        if line.commodity_type is None
    ]


def t24(one: Examined) -> Problems:
    """Stornos of what was sold before in the ticket, each line once."""
    if all(line.type == ItemType.COMMODITY for _, line in one.lines):
        return NONE
    sold: dict[tuple[object, ...], Counter[str]] = defaultdict(Counter)
    found = []
    for place, line in one.lines:
        names = sold[line.section, line.quantity, line.price, line.sum]
        if line.type == ItemType.COMMODITY:
            names[line.name] += 1
            continue
        name = line.name or next(iter(names), "")
        if not names[name]:
            found.append(Problem(_part(place, line)))
        names[name] -= 1
        if names[name] <= 0:
            del names[name]
    return found


def payment_types(one: Examined) -> Problems:
    """Payments of 1.2.4 in a version that lists them only (kz-ofd §10.2)."""
    return [
        Problem(f"payments[{place}].type", PaymentType(payment.type).name)
        for place, payment in enumerate(one.ticket.payments)
        if payment.type in (PaymentType.CREDIT, PaymentType.TARE)
    ]


def hybrids(one: Examined) -> Problems:
    """Later fields in an older version, and bare strings (kz-ofd §12.1)."""
    found = [Problem("extension_options", bare) for bare in one.ticket.bare_strings]
    if one.version < MOBILE_SINCE:
        mobile = (place for place, pay in enumerate(one.ticket.payments) if pay.type == PaymentType.MOBILE)
        found += [Problem(f"payments[{place}].type", "MOBILE") for place in mobile]
    return found


def _part(place: int, line: Line) -> str:
    return f"items[{place}].{'commodity' if line.type == ItemType.COMMODITY else 'storno_commodity'}"


def _tax_lists(one: Examined) -> list[TaxList]:
    """All lists of taxes, that of the ticket last."""
    if not one.ticket.taxes:
        return one.taxed
    return [*one.taxed, TaxList(None, "", one.ticket.total, one.ticket.taxes)]


def _modifiers(one: Examined) -> list[tuple[str, str, int | None]]:
    found = [
        (
            f"items[{owned.place}].{ItemType(owned.modifier.type or 0).name.lower()}",
            owned.modifier.name,
            owned.modifier.sum,
        )
        for owned in one.modifiers
    ]
    for name, modifier in (("markup", one.ticket.markup), ("discount", one.ticket.discount)):
        if modifier is not None:
            found.append((f"amounts.{name}", modifier.name, modifier.sum))
    return found
