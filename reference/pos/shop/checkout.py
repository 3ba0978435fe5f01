"""The checkout: an order is paid, leaves the stock, and waits for its fiscal receipt (UZ-POS-01).

What was paid is in one transaction with the fiscal receipt that has to be made of it, so that no crash leaves
one without the other. Payments through an application may wait for it; the order is completed when the last
one is confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select, update

from reference.pos.order import THOUSAND, Line, Order
from reference.pos.order import Payment as Money
from reference.pos.shop import catalogue, order_rows, orders, places, tables
from reference.pos.shop.catalogue import Good
from reference.pos.shop.order_rows import Asked, LineRow, OrderRow, Whole
from reference.pos.shop.orders import OrderView, State
from reference.pos.shop.payments import KINDS, PaymentState
from reference.pos.shop.premises import Premises, Writing
from reference.pos.shop.settings import SettingsDesk, ShopSettings
from reference.pos.shop.staff import EmployeeView, Right
from reference.pos.shop.sums import LineSum, OrderSum
from reference.runtime.forms import LISTED, NUMBER, Form
from reference.runtime.refusals import Finding, InvalidError, RefusedError, UnknownError
from reference.runtime.words import Words

MOST_PAYMENTS: Final = 10
_PAYMENTS: Final = tables.Base.metadata.tables[tables.Payment.__tablename__]
_FISCAL: Final = insert(tables.Base.metadata.tables[tables.Fiscal.__tablename__])
_NAMES: Final = ("id", "order_id", "attempt", "kind", "amount", "state", "made", "given")
_ALL: Final = (
    select(*(_PAYMENTS.c[name] for name in _NAMES))
    .where(_PAYMENTS.c.order_id == bindparam("order"))
    .order_by(_PAYMENTS.c.id)
)
_LAST_TRY: Final = _ALL.where(
    _PAYMENTS.c.attempt
    == select(func.max(_PAYMENTS.c.attempt))
    .where(_PAYMENTS.c.order_id == bindparam("order"))
    .correlate(None)
    .scalar_subquery()
)
_ONE: Final = select(_PAYMENTS.c.order_id, _PAYMENTS.c.state).where(_PAYMENTS.c.id == bindparam("payment"))
_TELLING: Final = ("kind", "amount", "given")
_NEW: Final = insert(_PAYMENTS).returning(_PAYMENTS.c.id, *(_PAYMENTS.c[name] for name in _TELLING))
_DECIDE: Final = update(_PAYMENTS).where(_PAYMENTS.c.id == bindparam("key"))
RECEIPT_KINDS: Final = (0, 1, 2)
"""Purchase, advance, credit (uz-fiscal §2.1 Type)."""
_ANSWERS: Final = {
    "confirm": PaymentState.CONFIRMED,
    "wait": PaymentState.PENDING,
    "fail": PaymentState.FAILED,
}
_EMPTY: Final = Words("Buyurtma bo'sh", "Заказ пуст", "The order has no lines")
_SUM: Final = Words(
    "To'lov summasi mos emas", "Сумма оплаты не сходится", "The payments are not what is to be paid"
)
_OPEN_PAYMENT: Final = Words(
    "To'lov kutilmoqda", "Оплата ещё не подтверждена", "A payment of this order is still waiting"
)
_NOT_WAITING: Final = Words(
    "To'lov kutilayotgani yo'q", "Платёж не ожидает ответа", "This payment is not waiting"
)


@dataclass(slots=True)
class PaymentRow:
    """A payment, as tables.Payment says; `id` is 0 until it is written."""

    id: int
    order_id: str
    attempt: int
    kind: str
    amount: int
    state: str
    made: str
    given: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as pages and API show it; negative when the money went back."""

    id: int
    order: str
    kind: str
    amount: int
    state: PaymentState
    made: str


@dataclass(frozen=True, slots=True)
class Paid:
    """The order after paying; `change` is what the guest gets back of his cash."""

    order: OrderView
    payments: tuple[PaymentView, ...]
    change: int


class Checkout:
    """The desk where orders are paid."""

    def __init__(self, premises: Premises, settings: SettingsDesk) -> None:
        self._premises = premises
        self._settings = settings

    def pay(self, employee: EmployeeView, order: str, given: dict[str, Any]) -> Paid:
        """Pay an order: `payments` [{kind, amount}], together what is to be paid; `kind` of the receipt.

        More cash than needed gives change. RefusedError: sums differ, stock is short, a payment waits.
        """
        employee.require(Right.PAY)
        wanted, kind = _read(given)
        settings = self._settings.read()
        with self._premises.writing() as writing:
            found = order_rows.whole(writing, order)
            orders.require_changeable(found.row)
            if found.waiting:
                raise RefusedError("payment-waiting", _OPEN_PAYMENT)
            sums = orders.sums_of(self._premises, found)
            if not sums.lines:
                raise RefusedError("lines", _EMPTY)
            amounts, change = _cut(wanted, sums.total)
            found.row.kind = kind
            made = _payments(writing, found, amounts, change, settings)
            before = _views(payments_in(writing, order)) if found.attempts else ()
            insert_payments(writing, made)
            for each in made:
                tell_payment(writing, each, found.row)
            view = self._settle(writing, found, made, sums, settings)
            return Paid(view, (*before, *_views(made)), change)

    def answer(self, payment: int, *, confirmed: bool) -> OrderView:
        """What the application says of a waiting payment. A failure gives back what else was paid."""
        settings = self._settings.read()
        with self._premises.writing() as writing:
            known = writing.execute(_ONE, {"payment": payment}).first()
            if known is None:
                raise UnknownError("payment")
            order, state = known
            if state != PaymentState.PENDING.value:
                raise RefusedError("payment-state", _NOT_WAITING)
            found = order_rows.whole(writing, order)
            made = payments_of(writing, order)
            [decided] = [each for each in made if each.id == payment]
            _decide(writing, found.row, decided, PaymentState.CONFIRMED if confirmed else PaymentState.FAILED)
            sums = orders.sums_of(self._premises, found)
            return self._settle(writing, found, made, sums, settings)

    def payments(self, order: str) -> tuple[PaymentView, ...]:
        """All payments of an order."""
        with self._premises.looking() as connection:
            order_rows.whole(connection, order)
            return _views(payments_in(connection, order))

    def _settle(
        self,
        writing: Writing,
        found: Whole,
        made: Sequence[PaymentRow],
        sums: OrderSum,
        settings: ShopSettings,
    ) -> OrderView:
        """Complete the order when all is confirmed; give money back when an application refused."""
        states = {each.state for each in made}
        if PaymentState.PENDING.value not in states:
            if PaymentState.FAILED.value not in states:
                return self._complete(writing, found, made, sums, settings)
            for each in made:
                if each.state == PaymentState.CONFIRMED.value:
                    _decide(writing, found.row, each, PaymentState.RETURNED)
        order_rows.save(writing, found.row, "kind")
        return orders.view_of(self._premises, found)

    def _complete(
        self,
        writing: Writing,
        found: Whole,
        made: Sequence[PaymentRow],
        sums: OrderSum,
        settings: ShopSettings,
    ) -> OrderView:
        row, goods = found.row, {}
        for line in found.lines:
            assert line.product is not None
            goods[line.product] = catalogue.good(self._premises, line.product)
            catalogue.take_from_stock(writing, goods[line.product], line.amount)
        row.state, row.closed = State.COMPLETED.value, writing.moment
        row.surcharge, row.total = sums.surcharge, sums.total
        order_rows.save(writing, row, "state", "closed", "surcharge", "total", "kind")
        place = places.known(self._premises, row.place)
        body = Order(
            id=row.id,
            lines=_fiscal_lines(found.lines, goods, sums, settings),
            payment=_money(made),
            type=row.kind,
            place="" if place is None else place.name,
        )
        expect_receipt(writing, body)
        return orders.tell(self._premises, writing, found)


def payments_in(asked: Asked, order: str) -> list[PaymentRow]:
    """All payments of an order."""
    return [PaymentRow(*each) for each in asked.execute(_ALL, {"order": order})]


def payments_of(asked: Asked, order: str) -> list[PaymentRow]:
    """The payments of the last try to pay an order."""
    return [PaymentRow(*each) for each in asked.execute(_LAST_TRY, {"order": order})]


def insert_payments(writing: Writing, made: list[PaymentRow]) -> None:
    """Write new payments; they learn their numbers, and stand in the order of these."""
    if not made:
        return
    rows = [{name: getattr(each, name) for name in _NAMES if name != "id"} for each in made]
    for each, number in zip(made, writing.added(_NEW, rows, _TELLING), strict=True):
        each.id = number
    made.sort(key=attrgetter("id"))


def expect_receipt(writing: Writing, body: Order) -> None:
    """A fiscal receipt has to be made of this."""
    writing.execute(_FISCAL, {"order_id": body.id, "state": "waiting", "body": body.model_dump_json()})


def tell_payment(writing: Writing, payment: PaymentRow, row: OrderRow) -> None:
    """Log a payment as it now is."""
    body = {
        "order": payment.order_id,
        "kind": payment.kind,
        "group": KINDS[payment.kind].group,
        "amount": payment.amount,
        "state": payment.state,
        "made": payment.made,
        "employee": row.employee,
    }
    writing.tell("payment", payment.id, body)


def _decide(writing: Writing, row: OrderRow, payment: PaymentRow, state: PaymentState) -> None:
    """A payment has come to another state; log it."""
    payment.state = state.value
    writing.execute(_DECIDE, {"key": payment.id, "state": payment.state})
    tell_payment(writing, payment, row)


def _payments(
    writing: Writing,
    found: Whole,
    amounts: Sequence[tuple[str, int]],
    change: int,
    settings: ShopSettings,
) -> list[PaymentRow]:
    """New payments of an order."""
    made = []
    for key, amount in amounts:
        state = PaymentState.CONFIRMED if not KINDS[key].app else _ANSWERS[settings.apps]
        given = amount + change if change and KINDS[key].is_cash else None
        row = PaymentRow(0, found.row.id, found.attempts + 1, key, amount, state.value, writing.moment, given)
        made.append(row)
    return made


def _read(given: dict[str, Any]) -> tuple[list[tuple[str, int]], int]:
    form = Form(given, ("payments", "kind"))
    kind = form.number("kind", min(RECEIPT_KINDS), max(RECEIPT_KINDS), otherwise=0)
    form.done()
    listed = given.get("payments")
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not 0 < len(listed) <= MOST_PAYMENTS:
        raise InvalidError([Finding("payments", "list", LISTED)])
    wanted = []
    for place, each in enumerate(listed):
        where = f"payments[{place}]"
        if not isinstance(each, dict) or each.get("kind") not in KINDS:
            raise InvalidError([Finding(f"{where}.kind", "list", LISTED)])
        amount = each.get("amount")
        if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= catalogue.MOST_PRICE:
            raise InvalidError([Finding(f"{where}.amount", "number", NUMBER)])
        wanted.append((str(each["kind"]), amount))
    return wanted, kind


def _cut(wanted: Sequence[tuple[str, int]], total: int) -> tuple[list[tuple[str, int]], int]:
    """What of each payment is taken, and the change: only cash may be more than is owed."""
    cash = sum(amount for key, amount in wanted if KINDS[key].is_cash)
    other = sum(amount for key, amount in wanted if not KINDS[key].is_cash)
    if other > total or cash + other < total:
        raise RefusedError("sum", _SUM)
    taken = [(key, amount) for key, amount in wanted if amount and not KINDS[key].is_cash]
    if total - other or not taken:
        taken.insert(0, ("cash", total - other))
    return taken, cash + other - total


def _fiscal_lines(
    lines: Sequence[LineRow],
    goods: Mapping[int, Good],
    sums: OrderSum,
    settings: ShopSettings,
) -> tuple[Line, ...]:
    made = []
    for line, part in zip(lines, sums.lines, strict=True):
        assert line.product is not None
        product = goods[line.product]
        whole = LineSum(line.price, line.amount).total
        made.append(
            Line(
                name=line.name,
                mxik=product.mxik,
                package_code=product.package_code,
                unit=product.unit,
                units=product.units,
                amount=line.amount,
                price=line.price,
                discount=whole - part,
                vat_percent=product.vat_percent,
                barcode=product.barcode,
                label=line.label,
            )
        )
    if sums.surcharge:
        made.append(
            Line(
                name=settings.surcharge_name,
                mxik=settings.surcharge_mxik,
                package_code=settings.surcharge_package,
                amount=THOUSAND,
                price=sums.surcharge,
                vat_percent=settings.surcharge_vat,
            )
        )
    return tuple(made)


def _money(made: Sequence[PaymentRow]) -> Money:
    cash = sum(each.amount for each in made if KINDS[each.kind].is_cash)
    card = sum(each.amount for each in made if not KINDS[each.kind].is_cash)
    apps = ", ".join(dict.fromkeys(KINDS[each.kind].app for each in made if KINDS[each.kind].app))
    return Money(cash=cash, card=card, app=apps)


def _views(rows: Sequence[PaymentRow]) -> tuple[PaymentView, ...]:
    return tuple(
        PaymentView(row.id, row.order_id, row.kind, row.amount, PaymentState(row.state), row.made)
        for row in rows
    )
