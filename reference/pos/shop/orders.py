"""Orders: opened at a place, filled, confirmed by the kitchen, cancelled; paid at the checkout (BX-ORD-01).

    open ─► confirmed ─► completed
      └────────┴─► cancelled

An order can be changed while it is open or confirmed; a completed one only by a refund.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from reference.pos.order import THOUSAND
from reference.pos.shop import catalogue, places, tables
from reference.pos.shop.moments import written
from reference.pos.shop.payments import PaymentState
from reference.pos.shop.premises import Premises
from reference.pos.shop.rows import ByKey
from reference.pos.shop.staff import EmployeeView, Right
from reference.pos.shop.sums import LineSum, OrderSum, sum_order
from reference.runtime.forms import Form
from reference.runtime.refusals import RefusedError, UnknownError
from reference.runtime.words import Words

MOST_AMOUNT: Final = 10**9
MOST_LINES: Final = 200
_BY_ID: Final = ByKey(tables.ShopOrder, tables.ShopOrder.id)
_HIGHEST: Final = select(func.max(tables.ShopOrder.number)).where(tables.ShopOrder.day == bindparam("day"))
_LINES: Final = (
    select(tables.OrderLine).where(tables.OrderLine.order == bindparam("order")).order_by(tables.OrderLine.id)
)
_PENDING: Final = (
    select(tables.Payment.id)
    .where(tables.Payment.order == bindparam("order"), tables.Payment.state == PaymentState.PENDING.value)
    .limit(1)
)


class State(StrEnum):
    """Where an order stands: Ochiq, Tasdiqlangan, Yakunlangan, Bekor qilingan."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


_CLOSED: Final = Words(
    "Buyurtma yopilgan", "Заказ закрыт", "This order is closed and cannot be changed any more"
)
_EMPTY: Final = Words("Buyurtma bo'sh", "Заказ пуст", "The order has no lines")
_SOLD_OUT: Final = Words("Mahsulot sotuvda emas", "Товар не продаётся", "This product is not for sale")
_EXPIRED: Final = Words(
    "Yaroqlilik muddati o'tgan", "Срок годности истёк", "This product is past its best-before day"
)
_LABEL: Final = Words("Markirovka kodi kerak", "Нужен код маркировки", "This product needs its marking code")
_LABEL_TWICE: Final = Words(
    "Bu kod chekda bor", "Этот код уже есть в заказе", "This marking code stands in the order already"
)
_LABEL_ONE: Final = Words(
    "Markirovkali mahsulot bittadan",
    "Маркированный товар продаётся по одному",
    "One code stands for one piece",
)
_DISCOUNT: Final = Words(
    "Chegirma summadan katta", "Скидка больше суммы", "The discount is more than there is to pay"
)
_MANY: Final = Words("Qatorlar ko'p", "Слишком много строк", "The order has too many lines")
_WAITING: Final = Words(
    "To'lov kutilmoqda", "Оплата ещё не подтверждена", "A payment of this order is still waiting"
)
_PLACE: Final = Words("Joy ishlamaydi", "Место не обслуживается", "This place is not in use")


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as pages and API show it; `sum` is what it comes to after every discount."""

    id: int
    product: int | None
    name: str
    amount: int
    price: int
    discount: int
    label: str
    sum: int


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as pages and API show it."""

    id: str
    number: str
    day: str
    state: State
    place: int | None
    place_name: str
    employee: int
    opened: str
    confirmed: str | None
    closed: str | None
    goods: int
    discount: int
    surcharge: int
    total: int
    refund_of: str | None
    reason: str
    lines: tuple[LineView, ...]


class Orders:
    """The desk for orders that are not paid yet, and the book of all."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    # --- reading -------------------------------------------------------------------------------------

    def one(self, order: str) -> OrderView:
        """One order; UnknownError."""
        with self._premises.reading() as session:
            return view_of(session, find(session, order))

    def all(
        self, states: Sequence[State] = (), day: str = "", *, limit: int = 200, before: str = ""
    ) -> list[OrderView]:
        """Orders, newest first; `before` an id goes on from there."""
        table = tables.ShopOrder
        query = select(table).order_by(table.id.desc()).limit(limit)
        if states:
            query = query.where(table.state.in_([state.value for state in states]))
        if day:
            query = query.where(table.day == day)
        if before:
            query = query.where(table.id < before)
        with self._premises.reading() as session:
            rows = session.scalars(query).all()
            lines = _lines_of_all(session, [row.id for row in rows])
            known = {each.id: each for each in session.scalars(select(tables.Place))}
            found = []
            for row in rows:
                own, place = lines.get(row.id, []), None if row.place is None else known.get(row.place)
                found.append(_view(row, own, place, _sums(row, own, place)))
            return found

    # --- changing ------------------------------------------------------------------------------------

    def open(
        self, employee: EmployeeView, place: int | None = None, lines: Sequence[Mapping[str, Any]] = ()
    ) -> OrderView:
        """A new order, at a place or over the counter, with its first `lines` as `add` takes them."""
        employee.require(Right.ORDER)
        premises, wanted = self._premises, [_wanted(each) for each in lines]
        with premises.changing() as session:
            row = new_order(premises, session, employee.id)
            row.place = place
            if place is not None and not places.find(session, place).active:
                raise RefusedError("place", _PLACE)
            made: list[tables.OrderLine] = []
            for each in wanted:
                self._put(session, row, made, each)
            return self._told(session, row, made)

    def add(self, employee: EmployeeView, order: str, given: Mapping[str, Any]) -> OrderView:
        """A product into the order: `product`, `amount` in thousandths (1000), `label` of marked goods.

        Unmarked goods that are in it already grow instead of standing twice.
        """
        employee.require(Right.ORDER)
        wanted = _wanted(given)
        with self._premises.changing() as session:
            row = _changeable(session, order)
            lines = lines_of(session, row.id)
            self._put(session, row, lines, wanted)
            return self._told(session, row, lines)

    def change_line(
        self, employee: EmployeeView, order: str, line: int, given: Mapping[str, Any]
    ) -> OrderView:
        """Another `amount` (0 takes the line out) or `discount` of a line."""
        employee.require(Right.ORDER)
        with self._premises.changing() as session:
            row = _changeable(session, order)
            found = next((each for each in lines_of(session, row.id) if each.id == line), None)
            if found is None:
                raise UnknownError("line")
            before = {"amount": found.amount, "discount": found.discount}
            form = Form(given, ("amount", "discount"), before)
            amount = form.number("amount", 0, MOST_AMOUNT)
            discount = form.number("discount", 0, catalogue.MOST_PRICE, otherwise=0)
            form.done()
            if discount != found.discount:
                employee.require(Right.DISCOUNT)
            if found.label and amount not in (0, found.amount):
                raise RefusedError("label", _LABEL_ONE)
            if amount == 0:
                session.delete(found)
            else:
                found.amount, found.discount = amount, discount
                if discount > LineSum(found.price, amount).total:
                    raise RefusedError("discount", _DISCOUNT)
            return self._told(session, row)

    def discount(self, employee: EmployeeView, order: str, discount: int) -> OrderView:
        """A discount on the whole order, in tiyin."""
        employee.require(Right.DISCOUNT)
        with self._premises.changing() as session:
            row = _changeable(session, order)
            lines = lines_of(session, row.id)
            row.discount = discount
            if not 0 <= discount <= sum(each.net for each in line_sums(lines)):
                raise RefusedError("discount", _DISCOUNT)
            return self._told(session, row, lines)

    def move(self, employee: EmployeeView, order: str, place: int | None) -> OrderView:
        """To another place, or from it to the counter."""
        employee.require(Right.ORDER)
        with self._premises.changing() as session:
            row = _changeable(session, order)
            if place is not None and not places.find(session, place).active:
                raise RefusedError("place", _PLACE)
            row.place = place
            return self._told(session, row)

    def confirm(self, employee: EmployeeView, order: str) -> OrderView:
        """The kitchen takes it; once more changes nothing."""
        employee.require(Right.CONFIRM)
        with self._premises.changing() as session:
            row = _changeable(session, order)
            lines = lines_of(session, row.id)
            if not lines:
                raise RefusedError("lines", _EMPTY)
            if row.confirmed is None:
                row.state, row.confirmed = State.CONFIRMED.value, written(self._premises.now)
            return self._told(session, row, lines)

    def cancel(self, employee: EmployeeView, order: str, reason: str = "") -> OrderView:
        """Give it up. Whoever may only take orders can give up one that the kitchen has not seen."""
        with self._premises.changing() as session:
            row = _changeable(session, order)
            employee.require(Right.ORDER if row.confirmed is None else Right.CANCEL)
            row.state, row.closed = State.CANCELLED.value, written(self._premises.now)
            row.reason = " ".join(reason.split())[:255]
            return self._told(session, row)

    def _put(
        self,
        session: Session,
        row: tables.ShopOrder,
        lines: list[tables.OrderLine],
        wanted: tuple[int, int, str],
    ) -> None:
        """Put a product into an order that has `lines`, which grow with it."""
        product, amount, label = wanted
        found = catalogue.find(session, product)
        self._require_saleable(found, label, amount, lines)
        same = next((each for each in lines if each.product == product and not label), None)
        if same is not None:
            same.amount = min(same.amount + amount, MOST_AMOUNT)
        elif len(lines) >= MOST_LINES:
            raise RefusedError("lines", _MANY)
        else:
            line = tables.OrderLine(order=row.id, product=product, name=found.name, amount=amount)
            line.price, line.cost, line.label, line.discount = found.price, found.cost, label, 0
            session.add(line)
            lines.append(line)

    def _told(
        self, session: Session, row: tables.ShopOrder, lines: Sequence[tables.OrderLine] | None = None
    ) -> OrderView:
        return tell(self._premises, session, row, lines)

    def _require_saleable(
        self, product: tables.Product, label: str, amount: int, lines: Sequence[tables.OrderLine]
    ) -> None:
        if not product.active:
            raise RefusedError("product", _SOLD_OUT)
        if product.best_before is not None and product.best_before < self._premises.today:
            raise RefusedError("best-before", _EXPIRED)
        if product.marked and not label:
            raise RefusedError("label", _LABEL)
        if label and amount != THOUSAND:
            raise RefusedError("label", _LABEL_ONE)
        if label and any(each.label == label for each in lines):
            raise RefusedError("label-twice", _LABEL_TWICE)


def _wanted(given: Mapping[str, Any]) -> tuple[int, int, str]:
    """Product, amount and label of a line that is to be put in; InvalidError names every wrong field."""
    form = Form(given, ("product", "amount", "label"))
    product = form.number("product", 1, 2**53)
    amount = form.number("amount", 1, MOST_AMOUNT, otherwise=THOUSAND)
    label = form.text("label", 255)
    form.done()
    return product, amount, label


def new_order(premises: Premises, session: Session, employee: int) -> tables.ShopOrder:
    """A row with the day's next number, which is its id, too."""
    table, day = tables.ShopOrder, premises.today
    highest = session.scalar(_HIGHEST, {"day": day}) or 0
    number = highest + 1
    row = table(
        id=f"{day.replace('-', '')}-{number:05d}",
        day=day,
        number=number,
        state=State.OPEN.value,
        employee=employee,
        opened=written(premises.now),
        surcharge=0,
        discount=0,
        total=0,
        kind=0,
        reason="",
    )
    session.add(row)
    session.flush()
    return row


def find(session: Session, order: str) -> tables.ShopOrder:
    """The row of an order; UnknownError."""
    row = _BY_ID.find(session, order)
    if row is None:
        raise UnknownError("order")
    return row


def lines_of(session: Session, order: str) -> list[tables.OrderLine]:
    """Its lines, in the order they came."""
    return list(session.scalars(_LINES, {"order": order}))


def _lines_of_all(session: Session, orders: Sequence[str]) -> dict[str, list[tables.OrderLine]]:
    """The lines of several orders, in the order they came."""
    table, found = tables.OrderLine, defaultdict[str, list[tables.OrderLine]](list)
    for line in session.scalars(select(table).where(table.order.in_(orders)).order_by(table.id)):
        found[line.order].append(line)
    return found


def line_sums(lines: Sequence[tables.OrderLine]) -> list[LineSum]:
    """What the lines cost."""
    return [LineSum(line.price, line.amount, line.discount, line.cost) for line in lines]


def sums_of(session: Session, row: tables.ShopOrder) -> OrderSum:
    """The sums of an order; of an open one with the surcharge that its place has now."""
    return _sums(row, lines_of(session, row.id), _place_of(session, row))


def view_of(session: Session, row: tables.ShopOrder) -> OrderView:
    """A row with its lines as a view."""
    lines, place = lines_of(session, row.id), _place_of(session, row)
    return _view(row, lines, place, _sums(row, lines, place))


def tell(
    premises: Premises,
    session: Session,
    row: tables.ShopOrder,
    lines: Sequence[tables.OrderLine] | None = None,
) -> OrderView:
    """Log an order as it now is; its view. `lines` are all it has, if they are known."""
    session.flush()
    lines, place = lines_of(session, row.id) if lines is None else lines, _place_of(session, row)
    sums = _sums(row, lines, place)
    view = _view(row, lines, place, sums)
    body = {name: getattr(view, name) for name in OrderView.__dataclass_fields__ if name != "lines"}
    told = [{name: getattr(line, name) for name in LineView.__dataclass_fields__} for line in view.lines]
    premises.tell(session, "order", row.id, body | {"spent": sums.spent, "lines": told})
    return view


def _place_of(session: Session, row: tables.ShopOrder) -> tables.Place | None:
    return None if row.place is None else places.BY_ID.find(session, row.place)


def _sums(row: tables.ShopOrder, lines: Sequence[tables.OrderLine], place: tables.Place | None) -> OrderSum:
    percent = 0 if place is None or row.refund_of is not None else place.surcharge
    return sum_order(line_sums(lines), row.discount, percent)


def _view(
    row: tables.ShopOrder,
    lines: Sequence[tables.OrderLine],
    place: tables.Place | None,
    sums: OrderSum,
) -> OrderView:
    closed = row.state == State.COMPLETED.value
    return OrderView(
        id=row.id,
        number=f"#{row.number:03d}",
        day=row.day,
        state=State(row.state),
        place=row.place,
        place_name="" if place is None else place.name,
        employee=row.employee,
        opened=row.opened,
        confirmed=row.confirmed,
        closed=row.closed,
        goods=sums.goods,
        discount=row.discount,
        surcharge=row.surcharge if closed else sums.surcharge,
        total=row.total if closed else sums.total,
        refund_of=row.refund_of,
        reason=row.reason,
        lines=tuple(
            LineView(
                line.id, line.product, line.name, line.amount, line.price, line.discount, line.label, part
            )
            for line, part in zip(lines, sums.lines, strict=True)
        ),
    )


def require_changeable(row: tables.ShopOrder) -> None:
    """RefusedError for an order that is completed or cancelled, and for a refund."""
    if row.state not in (State.OPEN.value, State.CONFIRMED.value) or row.refund_of is not None:
        raise RefusedError("state", _CLOSED)


def _changeable(session: Session, order: str) -> tables.ShopOrder:
    """An order that can be changed; RefusedError, also while a payment of it waits."""
    row = find(session, order)
    require_changeable(row)
    if session.scalar(_PENDING, {"order": order}) is not None:
        raise RefusedError("payment-waiting", _WAITING)
    return row
