"""Orders: opened at a place, filled, confirmed by the kitchen, cancelled; paid at the checkout (BX-ORD-01).

    open ─► confirmed ─► completed
      └────────┴─► cancelled

An order can be changed while it is open or confirmed; a completed one only by a refund.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from reference.pos.order import THOUSAND
from reference.pos.shop import catalogue, order_rows, places
from reference.pos.shop.order_rows import LineRow, OrderRow, Whole, line_sums
from reference.pos.shop.places import PlaceView
from reference.pos.shop.premises import Premises, Writing
from reference.pos.shop.staff import EmployeeView, Right
from reference.pos.shop.sums import LineSum, OrderSum, sum_order
from reference.runtime.forms import Form
from reference.runtime.refusals import RefusedError, UnknownError
from reference.runtime.words import Words

MOST_AMOUNT: Final = 10**9
MOST_LINES: Final = 200


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


_TOLD: Final = tuple(name for name in OrderView.__dataclass_fields__ if name != "lines")
_TOLD_LINE: Final = tuple(LineView.__dataclass_fields__)


class Orders:
    """The desk for orders that are not paid yet, and the book of all."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    # --- reading -------------------------------------------------------------------------------------

    def one(self, order: str) -> OrderView:
        """One order; UnknownError."""
        with self._premises.looking() as connection:
            return view_of(self._premises, order_rows.whole(connection, order))

    def all(
        self, states: Sequence[State] = (), day: str = "", *, limit: int = 200, before: str = ""
    ) -> list[OrderView]:
        """Orders, newest first; `before` an id goes on from there."""
        with self._premises.looking() as connection:
            found = order_rows.listed(connection, [state.value for state in states], day, before, limit)
        return [view_of(self._premises, each) for each in found]

    # --- changing ------------------------------------------------------------------------------------

    def open(
        self, employee: EmployeeView, place: int | None = None, lines: Sequence[Mapping[str, Any]] = ()
    ) -> OrderView:
        """A new order, at a place or over the counter, with its first `lines` as `add` takes them."""
        employee.require(Right.ORDER)
        premises, wanted = self._premises, [_wanted(each) for each in lines]
        with premises.writing() as writing:
            self._require_place(place)
            row = order_rows.new_row(premises, writing, employee.id, State.OPEN.value)
            row.place = place
            made: list[LineRow] = []
            for each in wanted:
                self._put(row, made, each)
            order_rows.insert_whole(writing, row, made)
            return tell(premises, writing, Whole(row, made))

    def add(self, employee: EmployeeView, order: str, given: Mapping[str, Any]) -> OrderView:
        """A product into the order: `product`, `amount` in thousandths (1000), `label` of marked goods.

        Unmarked goods that are in it already grow instead of standing twice.
        """
        employee.require(Right.ORDER)
        wanted = _wanted(given)
        with self._premises.writing() as writing:
            found = _changeable(writing, order)
            line = self._put(found.row, found.lines, wanted)
            if line.id:
                order_rows.save_line(writing, line)
            else:
                order_rows.insert_lines(writing, [line])
            return tell(self._premises, writing, found)

    def change_line(
        self, employee: EmployeeView, order: str, line: int, given: Mapping[str, Any]
    ) -> OrderView:
        """Another `amount` (0 takes the line out) or `discount` of a line."""
        employee.require(Right.ORDER)
        with self._premises.writing() as writing:
            whole = _changeable(writing, order)
            found = next((each for each in whole.lines if each.id == line), None)
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
                order_rows.drop_line(writing, found)
                whole.lines.remove(found)
            else:
                if discount > LineSum(found.price, amount).total:
                    raise RefusedError("discount", _DISCOUNT)
                found.amount, found.discount = amount, discount
                order_rows.save_line(writing, found)
            return tell(self._premises, writing, whole)

    def discount(self, employee: EmployeeView, order: str, discount: int) -> OrderView:
        """A discount on the whole order, in tiyin."""
        employee.require(Right.DISCOUNT)
        with self._premises.writing() as writing:
            found = _changeable(writing, order)
            if not 0 <= discount <= sum(each.net for each in line_sums(found.lines)):
                raise RefusedError("discount", _DISCOUNT)
            found.row.discount = discount
            return self._saved(writing, found, "discount")

    def move(self, employee: EmployeeView, order: str, place: int | None) -> OrderView:
        """To another place, or from it to the counter."""
        employee.require(Right.ORDER)
        with self._premises.writing() as writing:
            found = _changeable(writing, order)
            self._require_place(place)
            found.row.place = place
            return self._saved(writing, found, "place")

    def confirm(self, employee: EmployeeView, order: str) -> OrderView:
        """The kitchen takes it; once more changes nothing."""
        employee.require(Right.CONFIRM)
        with self._premises.writing() as writing:
            found = _changeable(writing, order)
            if not found.lines:
                raise RefusedError("lines", _EMPTY)
            if found.row.confirmed is None:
                found.row.state, found.row.confirmed = State.CONFIRMED.value, writing.moment
            return self._saved(writing, found, "state", "confirmed")

    def cancel(self, employee: EmployeeView, order: str, reason: str = "") -> OrderView:
        """Give it up. Whoever may only take orders can give up one that the kitchen has not seen."""
        with self._premises.writing() as writing:
            found = _changeable(writing, order)
            row = found.row
            employee.require(Right.ORDER if row.confirmed is None else Right.CANCEL)
            row.state, row.closed = State.CANCELLED.value, writing.moment
            row.reason = " ".join(reason.split())[:255]
            return self._saved(writing, found, "state", "closed", "reason")

    def _saved(self, writing: Writing, found: Whole, *names: str) -> OrderView:
        """Write what changed of an order, and tell it."""
        order_rows.save(writing, found.row, *names)
        return tell(self._premises, writing, found)

    def _require_place(self, place: int | None) -> None:
        if place is not None and not places.one(self._premises, place).active:
            raise RefusedError("place", _PLACE)

    def _put(self, row: OrderRow, lines: list[LineRow], wanted: tuple[int, int, str]) -> LineRow:
        """Put a product into an order that has `lines`, which grow with it; the line that it is in."""
        product, amount, label = wanted
        found = catalogue.good(self._premises, product)
        self._require_saleable(found, label, amount, lines)
        same = next((each for each in lines if each.product == product and not label), None)
        if same is not None:
            same.amount = min(same.amount + amount, MOST_AMOUNT)
            return same
        if len(lines) >= MOST_LINES:
            raise RefusedError("lines", _MANY)
        line = LineRow(0, row.id, product, found.name, amount, found.price, found.cost, label=label)
        lines.append(line)
        return line

    def _require_saleable(
        self, product: catalogue.Good, label: str, amount: int, lines: Sequence[LineRow]
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


def sums_of(premises: Premises, found: Whole) -> OrderSum:
    """The sums of an order; of an open one with the surcharge that its place has now."""
    return _sums(found, places.known(premises, found.row.place))


def view_of(premises: Premises, found: Whole) -> OrderView:
    """An order with its lines as a view."""
    place = places.known(premises, found.row.place)
    return _view(found, place, _sums(found, place))


def tell(premises: Premises, writing: Writing, found: Whole) -> OrderView:
    """Log an order as it now is; its view."""
    place = places.known(premises, found.row.place)
    sums = _sums(found, place)
    view = _view(found, place, sums)
    told = {name: getattr(view, name) for name in _TOLD}
    told["spent"] = sums.spent
    told["lines"] = [{name: getattr(line, name) for name in _TOLD_LINE} for line in view.lines]
    writing.tell("order", view.id, told)
    return view


def _sums(found: Whole, place: PlaceView | None) -> OrderSum:
    percent = 0 if place is None or found.row.refund_of is not None else place.surcharge
    return sum_order(line_sums(found.lines), found.row.discount, percent)


def _view(found: Whole, place: PlaceView | None, sums: OrderSum) -> OrderView:
    row = found.row
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
            for line, part in zip(found.lines, sums.lines, strict=True)
        ),
    )


def require_changeable(row: OrderRow) -> None:
    """RefusedError for an order that is completed or cancelled, and for a refund."""
    if row.state not in (State.OPEN.value, State.CONFIRMED.value) or row.refund_of is not None:
        raise RefusedError("state", _CLOSED)


def _changeable(writing: Writing, order: str) -> Whole:
    """An order that can be changed; RefusedError, also while a payment of it waits."""
    found = order_rows.whole(writing, order)
    require_changeable(found.row)
    if found.waiting:
        raise RefusedError("payment-waiting", _WAITING)
    return found
