"""Refunds in the shop: against a completed order, never more than is left of it (UZ-POS-03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select

from reference.pos.errors import OrderError, OverRefundError
from reference.pos.order import Line, Order
from reference.pos.order_book import Sale
from reference.pos.refunds import can_be_referred_to, left_of, refund_order
from reference.pos.shop import catalogue, order_rows, orders, tables
from reference.pos.shop.checkout import (
    PaymentRow,
    expect_receipt,
    insert_payments,
    payments_of,
    tell_payment,
)
from reference.pos.shop.order_rows import Asked, LineRow, OrderRow, Whole
from reference.pos.shop.orders import OrderView, State
from reference.pos.shop.payments import KINDS, PaymentState
from reference.pos.shop.premises import Premises, Writing
from reference.pos.shop.staff import EmployeeView, Right
from reference.runtime.refusals import RefusedError
from reference.runtime.words import Words

_ORDERS: Final = tables.Base.metadata.tables[tables.ShopOrder.__tablename__]
_FISCALS: Final = tables.Base.metadata.tables[tables.Fiscal.__tablename__]


class _Registered(NamedTuple):
    """What is asked of a fiscal receipt, as tables.Fiscal says."""

    state: str
    body: str
    terminal: str
    number: int | None
    made: str | None
    sign: str
    address: str


_FISCAL_OF: Final = select(*(_FISCALS.c[name] for name in _Registered._fields)).where(
    _FISCALS.c.order_id == bindparam("order")
)
_REFUNDS: Final = (
    select(_FISCALS.c.body)
    .join(_ORDERS, _ORDERS.c.id == _FISCALS.c.order_id)
    .where(_ORDERS.c.refund_of == bindparam("order"), _FISCALS.c.state != "refused")
)
_NOT_FISCAL: Final = Words(
    "Avval sotuv cheki ro'yxatdan o'tishi kerak",
    "Сначала должен пройти чек продажи",
    "The receipt of the sale has to be registered first",
)
_UNSIGNED: Final = Words(
    "Sotuv chekining raqami yoki belgisi noma'lum",
    "Номер или признак чека продажи неизвестен",
    "The number or the sign of the sale's receipt is not known",
)
_NO_SALE: Final = Words(
    "Bu yakunlangan sotuv emas", "Это не завершённая продажа", "This is no completed sale"
)
_MORE: Final = Words(
    "Sotilgandan ko'p qaytarib bo'lmaydi",
    "Вернуть можно не больше проданного",
    "No more can be given back than is left of the sale",
)


class Refunds:
    """The desk for money and goods that come back."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def left(self, order: str) -> dict[int, int]:
        """Thousandths left to give back, by place of the line on the receipt (from 0)."""
        with self._premises.looking() as connection:
            _completed(order_rows.whole(connection, order))
            return left_of(_sale(connection, order), _refunds(connection, order))

    def refund(
        self,
        employee: EmployeeView,
        order: str,
        wanted: Mapping[int, int] | None = None,
        *,
        restock: bool = True,
    ) -> OrderView:
        """Give back `wanted` (thousandths by place of the line), by default all that is left.

        `restock`: the goods go back into the stock. RefusedError: no completed sale, not fiscal yet,
        more than is left.
        """
        employee.require(Right.REFUND)
        premises = self._premises
        with premises.writing() as writing:
            original = _completed(order_rows.whole(writing, order))
            sale = _sale(writing, order)
            row = order_rows.new_row(premises, writing, employee.id, State.COMPLETED.value)
            try:
                made = refund_order(sale, _refunds(writing, order), row.id, wanted)
            except OverRefundError:
                raise RefusedError("over-refund", _MORE) from None
            except OrderError as error:
                raise RefusedError(error.field, _MORE) from None
            whole = self._write(writing, row, original, made)
            if restock:
                self._restock(writing, original, made)
            expect_receipt(writing, made)
            return orders.tell(premises, writing, whole)

    def _write(self, writing: Writing, row: OrderRow, original: Whole, made: Order) -> Whole:
        """Write the refund, its lines, and the money that goes back."""
        of = original.row
        row.closed, row.refund_of = writing.moment, of.id
        row.place, row.kind, row.total = of.place, of.kind, made.total
        lines = [_back_line(row.id, line, original.lines) for line in made.lines]
        order_rows.insert_whole(writing, row, lines)
        back = [
            PaymentRow(0, row.id, 1, kind, -amount, PaymentState.RETURNED.value, writing.moment)
            for kind, amount in _back(writing, of, made)
        ]
        insert_payments(writing, back)
        for each in back:
            tell_payment(writing, each, row)
        return Whole(row, lines)

    def _restock(self, writing: Writing, original: Whole, made: Order) -> None:
        for line in made.lines:
            assert line.position is not None
            if line.position < len(original.lines):
                product = original.lines[line.position].product
                assert product is not None
                catalogue.take_from_stock(writing, catalogue.good(self._premises, product), -line.amount)


def _back_line(order: str, line: Line, sold: Sequence[LineRow]) -> LineRow:
    """A line of a refund; the surcharge of a place is none of the lines that were `sold`."""
    assert line.position is not None
    of = sold[line.position] if line.position < len(sold) else None
    return LineRow(
        0,
        order,
        None if of is None else of.product,
        line.name,
        line.amount,
        line.price,
        0 if of is None else of.cost,
        line.discount,
        line.label,
        line.position,
    )


def _completed(found: Whole) -> Whole:
    if found.row.state != State.COMPLETED.value or found.row.refund_of is not None:
        raise RefusedError("sale", _NO_SALE)
    return found


def _sale(asked: Asked, order: str) -> Sale:
    """The till's view of a completed order."""
    row = asked.execute(_FISCAL_OF, {"order": order}).first()
    fiscal = None if row is None else _Registered(*row)
    if fiscal is None or fiscal.state != "done":
        raise RefusedError("fiscal", _NOT_FISCAL)
    sale = sale_of(fiscal)
    if not can_be_referred_to(sale):
        raise RefusedError("unsigned", _UNSIGNED)
    return sale


def sale_of(fiscal: tables.Fiscal | _Registered) -> Sale:
    """A registered receipt as the till keeps it, with the service's answer."""
    answer: dict[str, Any] = {
        "TerminalID": fiscal.terminal,
        "ReceiptSeq": fiscal.number,
        "DateTime": fiscal.made,
        "FiscalSign": fiscal.sign,
        "QRCodeURL": fiscal.address,
    }
    return Sale(Order.model_validate_json(fiscal.body), answer=answer)


def _refunds(asked: Asked, order: str) -> list[Sale]:
    """Refunds of an order that are made or still to be made."""
    found = asked.execute(_REFUNDS, {"order": order})
    return [Sale(Order.model_validate_json(body)) for (body,) in found]


def _back(writing: Writing, original: OrderRow, made: Order) -> Sequence[tuple[str, int]]:
    """By which kinds the money goes back: cash as the receipt says, the rest as it came."""
    back = [("cash", made.payment.cash)] if made.payment.cash else []
    rest = made.payment.card
    for each in payments_of(writing, original.id):
        if not KINDS[each.kind].is_cash and rest:
            part = min(rest, each.amount)
            back.append((each.kind, part))
            rest -= part
    return back
