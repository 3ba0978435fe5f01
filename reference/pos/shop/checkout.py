"""The checkout: an order is paid, leaves the stock, and waits for its fiscal receipt (UZ-POS-01).

What was paid is in one transaction with the fiscal receipt that has to be made of it, so that no crash leaves
one without the other. Payments through an application may wait for it; the order is completed when the last
one is confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from reference.pos.order import THOUSAND, Line, Order
from reference.pos.order import Payment as Money
from reference.pos.shop import catalogue, orders, places, tables
from reference.pos.shop.moments import written
from reference.pos.shop.orders import OrderView, State
from reference.pos.shop.payments import KINDS, PaymentState
from reference.pos.shop.premises import Premises
from reference.pos.shop.settings import SettingsDesk, ShopSettings, settings_in
from reference.pos.shop.staff import EmployeeView, Right
from reference.pos.shop.sums import OrderSum
from reference.runtime.forms import LISTED, NUMBER, Form
from reference.runtime.refusals import Finding, InvalidError, RefusedError, UnknownError
from reference.runtime.words import Words

MOST_PAYMENTS: Final = 10
_ALL: Final = (
    select(tables.Payment).where(tables.Payment.order == bindparam("order")).order_by(tables.Payment.id)
)
_LAST_TRY: Final = _ALL.where(
    tables.Payment.attempt
    == select(func.max(tables.Payment.attempt))
    .where(tables.Payment.order == bindparam("order"))
    .correlate(None)
    .scalar_subquery()
)
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
        with self._premises.changing() as session:
            settings = settings_in(session)
            row = orders.find(session, order)
            orders.require_changeable(row)
            before = payments_of(session, order)
            if any(each.state == PaymentState.PENDING.value for each in before):
                raise RefusedError("payment-waiting", _OPEN_PAYMENT)
            attempt = before[0].attempt + 1 if before else 1
            sums = orders.sums_of(session, row)
            if not sums.lines:
                raise RefusedError("lines", _EMPTY)
            amounts, change = _cut(wanted, sums.total)
            row.kind = kind
            made = []
            for key, amount in amounts:
                state = PaymentState.CONFIRMED if not KINDS[key].app else _ANSWERS[settings.apps]
                each = self._payment(row, attempt, key, amount, state)
                if change and KINDS[key].is_cash:
                    each.given = amount + change
                made.append(each)
            session.add_all(made)
            session.flush()
            for each in made:
                tell_payment(self._premises, session, each, row)
            view = self._settle(session, row, made, sums, settings)
            return Paid(view, _views(session, order), change)

    def answer(self, payment: int, *, confirmed: bool) -> OrderView:
        """What the application says of a waiting payment. A failure gives back what else was paid."""
        settings = self._settings.read()
        with self._premises.changing() as session:
            found = session.get(tables.Payment, payment)
            if found is None:
                raise UnknownError("payment")
            if found.state != PaymentState.PENDING.value:
                raise RefusedError("payment-state", _NOT_WAITING)
            found.state = (PaymentState.CONFIRMED if confirmed else PaymentState.FAILED).value
            row = orders.find(session, found.order)
            tell_payment(self._premises, session, found, row)
            made = payments_of(session, row.id)
            return self._settle(session, row, made, orders.sums_of(session, row), settings)

    def payments(self, order: str) -> tuple[PaymentView, ...]:
        """All payments of an order."""
        with self._premises.reading() as session:
            orders.find(session, order)
            return _views(session, order)

    def _settle(
        self,
        session: Session,
        row: tables.ShopOrder,
        made: Sequence[tables.Payment],
        sums: OrderSum,
        settings: ShopSettings,
    ) -> OrderView:
        """Complete the order when all is confirmed; give money back when an application refused."""
        states = {each.state for each in made}
        if PaymentState.PENDING.value in states:
            return orders.view_of(session, row)
        if PaymentState.FAILED.value in states:
            for each in made:
                if each.state == PaymentState.CONFIRMED.value:
                    each.state = PaymentState.RETURNED.value
                    tell_payment(self._premises, session, each, row)
            return orders.view_of(session, row)
        return self._complete(session, row, made, sums, settings)

    def _complete(
        self,
        session: Session,
        row: tables.ShopOrder,
        made: Sequence[tables.Payment],
        sums: OrderSum,
        settings: ShopSettings,
    ) -> OrderView:
        lines = orders.lines_of(session, row.id)
        # Held here: the session itself forgets what nobody holds, and would ask for each of them again.
        goods = {
            line.product: catalogue.find(session, line.product) for line in lines if line.product is not None
        }
        for line in lines:
            if line.product is not None:
                catalogue.take_from_stock(goods[line.product], line.amount)
        row.state, row.closed = State.COMPLETED.value, written(self._premises.now)
        row.surcharge, row.total = sums.surcharge, sums.total
        body = Order(
            id=row.id,
            lines=_fiscal_lines(lines, goods, sums, settings),
            payment=_money(made),
            type=row.kind,
            place=_place(session, row),
        )
        session.add(tables.Fiscal(order=row.id, state="waiting", body=body.model_dump_json()))
        return orders.tell(self._premises, session, row, lines)

    def _payment(
        self, row: tables.ShopOrder, attempt: int, kind: str, amount: int, state: PaymentState
    ) -> tables.Payment:
        now = written(self._premises.now)
        return tables.Payment(
            order=row.id, attempt=attempt, kind=kind, amount=amount, state=state.value, made=now
        )


def payments_of(session: Session, order: str) -> list[tables.Payment]:
    """The payments of the last try to pay an order."""
    return list(session.scalars(_LAST_TRY, {"order": order}))


def tell_payment(
    premises: Premises, session: Session, payment: tables.Payment, row: tables.ShopOrder
) -> None:
    """Log a payment as it now is."""
    body = {
        "order": payment.order,
        "kind": payment.kind,
        "group": KINDS[payment.kind].group,
        "amount": payment.amount,
        "state": payment.state,
        "made": payment.made,
        "employee": row.employee,
    }
    premises.tell(session, "payment", payment.id, body)


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
    lines: Sequence[tables.OrderLine],
    goods: Mapping[int, tables.Product],
    sums: OrderSum,
    settings: ShopSettings,
) -> tuple[Line, ...]:
    made = []
    for line, part in zip(lines, sums.lines, strict=True):
        assert line.product is not None
        product = goods[line.product]
        whole = orders.line_sums([line])[0].total
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


def _money(made: Sequence[tables.Payment]) -> Money:
    cash = sum(each.amount for each in made if KINDS[each.kind].is_cash)
    card = sum(each.amount for each in made if not KINDS[each.kind].is_cash)
    apps = ", ".join(dict.fromkeys(KINDS[each.kind].app for each in made if KINDS[each.kind].app))
    return Money(cash=cash, card=card, app=apps)


def _place(session: Session, row: tables.ShopOrder) -> str:
    place = None if row.place is None else places.BY_ID.find(session, row.place)
    return "" if place is None else place.name


def _views(session: Session, order: str) -> tuple[PaymentView, ...]:
    return tuple(
        PaymentView(row.id, row.order, row.kind, row.amount, PaymentState(row.state), row.made)
        for row in session.scalars(_ALL, {"order": order})
    )
