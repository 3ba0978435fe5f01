"""A common ticket read, checked and summed in one pass over its message (kz-ofd §10.4, §9.1).

Nearly all tickets are plain: sales and purchases at the till, whose every figure is as it should be. `plain`
knows those, and gives no verdict about any other: what it does not know goes the long way, by the ticket's
own values and every check by itself. Whatever is plain passes every check there, those that warn included.

Repeated fields are gone through as slices: protobuf ends every other loop over them with an exception, which
costs as much as the elements.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from reference.protocol.kz import tally
from reference.protocol.kz.dialects import Dialect
from reference.protocol.kz.documents import FIRST_YEAR
from reference.protocol.kz.kinds import ItemType, Operation, PaymentType
from reference.protocol.kz.money import MAX_BILLS, MAX_COINS, TIYN, percent_tax
from reference.protocol.kz.tally import DeviceCounters, Key, ShiftCounters, Sums

_COMMODITY: Final = ItemType.COMMODITY.value
_STORNO: Final = ItemType.STORNO_COMMODITY.value
_DISCOUNT: Final = ItemType.DISCOUNT.value
_MARKUP: Final = ItemType.MARKUP.value
_SELL: Final = Operation.SELL.value
_BUY: Final = Operation.BUY.value
_CASH: Final = PaymentType.CASH.value
_PAYMENTS: Final = frozenset({_CASH, PaymentType.CARD.value, PaymentType.MOBILE.value})
_THOUSAND: Final = 1000

Additions = list[tuple[Key, int]]


class PlainTicket(NamedTuple):
    """What is left to know of a plain ticket, sums in tiyn. `cash` comes into the drawer, below 0 leaves it.

    `moment` is its time as text; `additions` is what it adds to the sums of its shift; `weight` is by how
    much it makes all figures of its register grow at most, taken together.
    """

    operation: int
    time: datetime
    moment: str
    total: int
    cash: int
    printed_number: int | None
    shift_number: int | None
    customer_iin: str
    additions: Additions
    weight: int


class _OddError(Exception):
    """The ticket is not plain."""


def plain(dialect: Dialect, message: Any) -> PlainTicket | None:
    """Return what a TicketRequest says, None if it is anything but plain; versions from 2.0.2 on."""
    try:
        return _plain(dialect, message)
    except _OddError:
        return None


def booked(counters: DeviceCounters, ticket: PlainTicket) -> DeviceCounters:
    """Return the counters after the ticket, as `counters.apply_ticket` does (kz-ofd §8.1)."""
    operation, total = ticket.operation, ticket.total
    shift = counters.shift
    sums: Sums
    if shift is None:
        number, opened, start, sums = counters.last_shift + 1, ticket.time, counters.non_nullable, {}
    else:
        number, start, sums = shift.number, shift.start, dict(shift.sums)
        opened = shift.opened or ticket.time
    get = sums.get
    for key, amount in ticket.additions:
        value = get(key, 0) + amount
        if value:
            sums[key] = value
        else:
            sums.pop(key, None)
    totals = dict(counters.totals)
    for key, amount in ((tally.TICKETS_TOTAL, operation), 1), ((tally.NON_NULLABLE, operation), total):
        totals[key] = totals.get(key, 0) + amount
    return DeviceCounters(
        counters.cash + ticket.cash, counters.last_shift, totals, ShiftCounters(number, opened, start, sums)
    )


def _plain(dialect: Dialect, message: Any) -> PlainTicket:
    has = message.HasField
    operation = message.operation
    if operation != _SELL and not (operation == _BUY and has("operation")):
        raise _OddError
    if has("offline_ticket_number") or (dialect.tables >= 203 and has("parent_ticket")):
        raise _OddError
    operator = message.operator
    if not operator.code and not operator.HasField("code"):
        raise _OddError
    amounts = message.amounts
    total = _sum(amounts.total)
    additions: Additions = [
        ((tally.TICKET_COUNT, operation), 1),
        ((tally.TICKET_SUM, operation), total),
    ]
    items = _Items(dialect, operation, additions)
    items.take(message.items)
    items.take_whole(amounts)
    if items.discounts and items.discounts >= items.goods + items.markups:
        raise _OddError
    if total != items.goods - items.discounts + items.markups:
        raise _OddError
    if len(message.taxes):
        if items.taxed:
            raise _OddError
        items.tax(message.taxes, total, 1)
    cash = _paid(message.payments, amounts, operation, total, additions)
    number, shift = message.printed_document_number, message.fr_shift_number
    time = _time(message.date_time)
    return PlainTicket(
        operation,
        time,
        time.isoformat(),
        total,
        cash if operation == _SELL else -cash,
        number if number or has("printed_document_number") else None,
        shift if shift or has("fr_shift_number") else None,
        _customer(message.extension_options) if has("extension_options") else "",
        additions,
        # Beside its shift's sums: the cash, the tickets and the total since registration.
        sum([abs(amount) for _, amount in additions]) + cash + total + 1,
    )


def _sum(money: Any) -> int:
    """A sum above zero."""
    bills, coins = money.bills, money.coins
    total: int = bills * TIYN + coins
    if coins > MAX_COINS or bills > MAX_BILLS or not total:
        raise _OddError
    return total


def _any_sum(money: Any) -> int:
    """A sum that may be zero or absent, which count alike where this is asked."""
    bills, coins = money.bills, money.coins
    if coins > MAX_COINS or bills > MAX_BILLS:
        raise _OddError
    total: int = bills * TIYN + coins
    return total


def _time(message: Any) -> datetime:
    date, clock = message.date, message.time
    year, hour, minute, second = date.year, clock.hour, clock.minute, clock.second
    if year < FIRST_YEAR or not (hour or minute or second or message.HasField("time")):
        raise _OddError
    try:
        return datetime(year, date.month, date.day, hour, minute, second)
    except (ValueError, OverflowError):
        raise _OddError from None


def _customer(options: Any) -> str:
    iin = options.customer_iin_or_bin
    if len(options.auxiliary) or not isinstance(iin, str):
        raise _OddError
    return iin


def _paid(payments: Any, amounts: Any, operation: int, total: int, additions: Additions) -> int:
    """Note the payments, and return the cash among them."""
    seen: list[int] = []
    cash = paid = 0
    for payment in payments[:]:
        kind = payment.type
        if kind in seen or kind not in _PAYMENTS or not payment.HasField("type"):
            raise _OddError
        seen.append(kind)
        amount = _sum(payment.sum)
        paid += amount
        if kind == _CASH:
            cash = amount
        additions.append(((tally.PAYMENT_COUNT, operation, kind), 1))
        additions.append(((tally.PAYMENT_SUM, operation, kind), amount))
    if seen and paid != total:
        raise _OddError
    taken, change = _any_sum(amounts.taken), _any_sum(amounts.change)
    if cash and (not taken or cash != taken - change):
        raise _OddError
    if change:
        additions.append(((tally.TICKET_CHANGE, operation), change))
    return cash


class _Items:
    """The items of one ticket as they are summed."""

    __slots__ = ("_kinds", "additions", "dialect", "discounts", "goods", "markups", "operation", "taxed")

    def __init__(self, dialect: Dialect, operation: int, additions: Additions) -> None:
        self.dialect = dialect
        self._kinds = dialect.tables >= 204
        self.operation = operation
        self.additions = additions
        self.goods = self.discounts = self.markups = 0
        self.taxed = False

    def take(self, items: Any) -> None:
        """Each commodity may have one modifier, or be taken back, by the item right behind it."""
        before: Any = None
        worth = 0
        for item in items[:]:
            kind = item.type
            if kind == _COMMODITY:
                # The type of least number: absent, it reads the same.
                if not item.HasField("type"):
                    raise _OddError
                before = item.commodity
                worth = self._line(before, 1)
                continue
            if before is None:
                raise _OddError
            if kind == _DISCOUNT:
                self._discount(item.discount, worth)
            elif kind == _MARKUP:
                self._markup(item.markup)
            elif kind == _STORNO:
                _same(before, item.storno_commodity)
                self._line(item.storno_commodity, -1)
            else:
                raise _OddError
            before = None
        if not self.goods:
            raise _OddError

    def take_whole(self, amounts: Any) -> None:
        """Take the discount or the markup of the whole ticket."""
        discounted, marked = amounts.HasField("discount"), amounts.HasField("markup")
        if discounted and marked:
            raise _OddError
        if discounted:
            total = self._modifier(amounts.discount, tally.DISCOUNT_COUNT, tally.DISCOUNT_SUM, -1)
            self.discounts += total
            self.additions.append(((tally.TICKET_DISCOUNT, self.operation), total))
        elif marked:
            total = self._modifier(amounts.markup, tally.MARKUP_COUNT, tally.MARKUP_SUM, 1)
            self.markups += total
            self.additions.append(((tally.TICKET_MARKUP, self.operation), total))

    def tax(self, taxes: Any, base: int, sign: int) -> None:
        """Check and add taxes that stand on `base`."""
        operation, field, add = self.operation, self.dialect.tax_type_field, self.additions.append
        seen: list[int] = []
        for tax in taxes[:]:
            has = tax.HasField
            percent, inside = tax.percent, tax.is_in_total_sum
            amount = _any_sum(tax.sum)
            if percent in seen or not has(field) or not (amount or has("sum")):
                raise _OddError
            if not (percent or has("percent")) or not (inside or has("is_in_total_sum")):
                raise _OddError
            seen.append(percent)
            if not -1 <= amount - percent_tax(base, percent, inside=inside) <= 1:
                raise _OddError
            kind = getattr(tax, field)
            add(((tally.TURNOVER, operation, kind, percent), sign * base))
            add(((tally.TAX, operation, kind, percent), sign * amount))

    def _line(self, line: Any, sign: int) -> int:
        section, quantity, money, price = line.section_code, line.quantity, line.sum, line.price
        coins, total = money.coins, money.bills
        if coins > MAX_COINS or total > MAX_BILLS:
            raise _OddError
        total = total * TIYN + coins
        if not (total and quantity and section and line.measure_unit_code) or not isinstance(section, str):
            raise _OddError
        if sign > 0 and not line.name and not line.HasField("code"):
            raise _OddError
        if self._kinds and not line.HasField("commodity_type"):
            raise _OddError
        if not -_THOUSAND <= _THOUSAND * total - _sum(price) * quantity <= _THOUSAND:
            raise _OddError
        self.goods += sign * total
        additions, operation = self.additions, self.operation
        if sign > 0:
            additions.append(((tally.SECTION_COUNT, operation, section), 1))
        additions.append(((tally.SECTION_SUM, operation, section), sign * total))
        taxes = line.taxes
        if taxes:
            self.taxed = True
            self.tax(taxes, total, sign)
        return int(total)

    def _discount(self, modifier: Any, worth: int) -> None:
        total = self._modifier(modifier, tally.DISCOUNT_COUNT, tally.DISCOUNT_SUM, -1)
        if total >= worth:
            raise _OddError
        self.discounts += total

    def _markup(self, modifier: Any) -> None:
        self.markups += self._modifier(modifier, tally.MARKUP_COUNT, tally.MARKUP_SUM, 1)

    def _modifier(self, modifier: Any, count: str, name: str, sign: int) -> int:
        total = _sum(modifier.sum)
        self.additions.append(((count, self.operation), 1))
        self.additions.append(((name, self.operation), total))
        if taxes := modifier.taxes:
            self.taxed = True
            self.tax(taxes, total, sign)
        return total


def _same(line: Any, storno: Any) -> None:
    """A storno of the very line before it."""
    if not storno.name or (line.name, line.section_code, line.quantity) != (
        storno.name,
        storno.section_code,
        storno.quantity,
    ):
        raise _OddError
    if (_sum(line.price), _sum(line.sum)) != (_sum(storno.price), _sum(storno.sum)):
        raise _OddError
