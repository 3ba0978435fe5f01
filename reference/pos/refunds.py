"""Refunds from a stored sale: what is left to give back, and the refund order (UZ-POS-03).

The operator only says whether the original exists, the module only looks at lifetime sums; that nobody gets
back more than was sold is the till's job (uz-fiscal §11.7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reference.pos.errors import OrderError, OverRefundError
from reference.pos.order import Line, Order, Payment, RefundOf
from reference.pos.order_book import Sale
from reference.protocol.uz.values import format_compact_time, parse_json_time


def left_of(sale: Sale, refunds: Sequence[Sale]) -> dict[int, int]:
    """Quantity left to refund by line number (from 0), in thousandths."""
    left = {place: line.amount for place, line in enumerate(sale.order.lines)}
    for refund in refunds:
        for line in refund.order.lines:
            left[_place(line)] -= line.amount
    return left


def can_be_referred_to(sale: Sale) -> bool:
    """Whether number and sign are known: an advance of generation 1 has none (uz-fiscal G1-Z-09), and a sale
    whose answer was lost may be found without its sign."""
    answer = sale.answer or {}
    return bool(answer.get("ReceiptSeq")) and bool(answer.get("FiscalSign") or sale.order.type)


def refund_order(
    sale: Sale, refunds: Sequence[Sale], order_id: str, wanted: Mapping[int, int] | None = None
) -> Order:
    """The order that gives back `wanted` (thousandths by line, from 0), by default all that is left.

    Raises OverRefundError for more than is left, OrderError for a sale that is no fiscal receipt, or has
    nothing that a refund can refer to.
    """
    if sale.answer is None or sale.order.refund_of is not None:
        raise OrderError("order", f"order {sale.order.id} is no registered sale")
    if not can_be_referred_to(sale):
        raise OrderError("order", f"the number or the sign of order {sale.order.id} is not known")
    left = left_of(sale, refunds)
    amounts = {place: amount for place, amount in left.items() if amount > 0} if wanted is None else wanted
    lines = tuple(_part(sale, place, amounts[place], left) for place in sorted(amounts))
    if not lines:
        raise OverRefundError("order", f"nothing is left to refund of order {sale.order.id}")
    return Order(
        id=order_id,
        lines=lines,
        payment=_money(sale, refunds, sum(line.net for line in lines)),
        type=sale.order.type,
        refund_of=RefundOf(
            order=sale.order.id,
            terminal_id=str(sale.answer["TerminalID"]),
            receipt_seq=int(sale.answer["ReceiptSeq"]),
            date_time=format_compact_time(parse_json_time(str(sale.answer["DateTime"]))),
            fiscal_sign=str(sale.answer["FiscalSign"] or "0" * 12),
        ),
    )


def _part(sale: Sale, place: int, amount: int, left: Mapping[int, int]) -> Line:
    """A part of a line, cut so that all parts together are the whole line to the tiyin."""
    if place not in left:
        raise OrderError("lines", f"order {sale.order.id} has no line {place + 1}")
    if not 0 < amount <= left[place]:
        raise OverRefundError(
            "lines", f"line {place + 1}: {amount} asked for, {left[place]} thousandths are left"
        )
    line = sale.order.lines[place]
    before = line.amount - left[place]

    def share(whole: int) -> int:
        return whole * (before + amount) // line.amount - whole * before // line.amount

    discount, other = share(line.discount), share(line.other)
    # The total is put together from its shares: cut by itself it could fall below discount and other.
    return line.model_copy(
        update={
            "amount": amount,
            "discount": discount,
            "other": other,
            "share": (share(line.net) + discount + other, share(line.vat)),
            "best_before": None,
            "position": place,
        }
    )


def _place(line: Line) -> int:
    assert line.position is not None
    return line.position


def _money(sale: Sale, refunds: Sequence[Sale], owed: int) -> Payment:
    """Cash first, as far as the sale was paid in cash, the rest by card (uz-fiscal FM-R-08, HB-17).

    What was rounded off at the sale is not given back: never more money than came in.
    """
    cash_left = sale.order.payment.cash - sum(refund.order.payment.cash for refund in refunds)
    card_left = sale.order.payment.card - sum(refund.order.payment.card for refund in refunds)
    cash = min(owed, cash_left)
    return Payment(cash=cash, card=min(owed - cash, card_left), app=sale.order.payment.app)
