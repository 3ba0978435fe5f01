"""Refunds in the shop: against a completed order, never more than is left of it (UZ-POS-03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from reference.pos.errors import OrderError, OverRefundError
from reference.pos.order import Order
from reference.pos.order_book import Sale
from reference.pos.refunds import can_be_referred_to, left_of, refund_order
from reference.pos.shop import catalogue, orders, tables
from reference.pos.shop.checkout import payments_of, tell_payment
from reference.pos.shop.moments import written
from reference.pos.shop.orders import OrderView, State
from reference.pos.shop.payments import KINDS, PaymentState
from reference.pos.shop.premises import Premises
from reference.pos.shop.staff import EmployeeView, Right
from reference.runtime.refusals import RefusedError
from reference.runtime.words import Words

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
        with self._premises.reading() as session:
            sale = _sale(session, _completed(session, order))
            return left_of(sale, _refunds(session, order))

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
        with premises.changing() as session:
            original = _completed(session, order)
            sale = _sale(session, original)
            row = orders.new_order(premises, session, employee.id)
            try:
                made = refund_order(sale, _refunds(session, order), row.id, wanted)
            except OverRefundError:
                raise RefusedError("over-refund", _MORE) from None
            except OrderError as error:
                raise RefusedError(error.field, _MORE) from None
            self._write(session, row, original, made)
            if restock:
                self._restock(session, original, made)
            session.add(tables.Fiscal(order=row.id, state="waiting", body=made.model_dump_json()))
            return orders.tell(premises, session, row)

    def _write(
        self, session: Session, row: tables.ShopOrder, original: tables.ShopOrder, made: Order
    ) -> None:
        now = written(self._premises.now)
        row.state, row.closed, row.refund_of = State.COMPLETED.value, now, original.id
        row.place, row.kind, row.total = original.place, original.kind, made.total
        sold = orders.lines_of(session, original.id)
        for line in made.lines:
            assert line.position is not None
            of = sold[line.position] if line.position < len(sold) else None
            session.add(
                tables.OrderLine(
                    order=row.id,
                    product=None if of is None else of.product,
                    name=line.name,
                    amount=line.amount,
                    price=line.price,
                    cost=0 if of is None else of.cost,
                    discount=line.discount,
                    label=line.label,
                    position=line.position,
                )
            )
        for kind, amount in _back(session, original, made):
            payment = tables.Payment(
                order=row.id,
                attempt=1,
                kind=kind,
                amount=-amount,
                state=PaymentState.RETURNED.value,
                made=now,
            )
            session.add(payment)
            session.flush()
            tell_payment(self._premises, session, payment, row)

    @staticmethod
    def _restock(session: Session, original: tables.ShopOrder, made: Order) -> None:
        sold = orders.lines_of(session, original.id)
        for line in made.lines:
            assert line.position is not None
            if line.position < len(sold):
                product = sold[line.position].product
                assert product is not None
                catalogue.take_from_stock(catalogue.find(session, product), -line.amount)


def _completed(session: Session, order: str) -> tables.ShopOrder:
    row = orders.find(session, order)
    if row.state != State.COMPLETED.value or row.refund_of is not None:
        raise RefusedError("sale", _NO_SALE)
    return row


def _sale(session: Session, row: tables.ShopOrder) -> Sale:
    """The till's view of a completed order."""
    fiscal = session.get(tables.Fiscal, row.id)
    if fiscal is None or fiscal.state != "done":
        raise RefusedError("fiscal", _NOT_FISCAL)
    sale = sale_of(fiscal)
    if not can_be_referred_to(sale):
        raise RefusedError("unsigned", _UNSIGNED)
    return sale


def sale_of(fiscal: tables.Fiscal) -> Sale:
    """A registered receipt as the till keeps it, with the service's answer."""
    answer: dict[str, Any] = {
        "TerminalID": fiscal.terminal,
        "ReceiptSeq": fiscal.number,
        "DateTime": fiscal.made,
        "FiscalSign": fiscal.sign,
        "QRCodeURL": fiscal.address,
    }
    return Sale(Order.model_validate_json(fiscal.body), answer=answer)


def _refunds(session: Session, order: str) -> list[Sale]:
    """Refunds of an order that are made or still to be made."""
    table, fiscal = tables.ShopOrder, tables.Fiscal
    query = (
        select(fiscal)
        .join(table, table.id == fiscal.order)
        .where(table.refund_of == order, fiscal.state != "refused")
    )
    return [Sale(Order.model_validate_json(row.body)) for row in session.scalars(query)]


def _back(session: Session, original: tables.ShopOrder, made: Order) -> Sequence[tuple[str, int]]:
    """By which kinds the money goes back: cash as the receipt says, the rest as it came."""
    back = [("cash", made.payment.cash)] if made.payment.cash else []
    rest = made.payment.card
    for each in payments_of(session, original.id):
        if not KINDS[each.kind].is_cash and rest:
            part = min(rest, each.amount)
            back.append((each.kind, part))
            rest -= part
    return back
