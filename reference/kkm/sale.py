"""Builds tickets, placements and closings out of orders, and finds what is wrong with them beforehand.

Sums are computed here and nowhere else: lines, taxes, total, change (kz-ofd §10.1, §14.2). The checks are
those of the protocol itself (kz-ofd §10.4), so that no document leaves that the rules would refuse for its
content; what only the operator can know is left to its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from reference.kkm.rules import Rules
from reference.kkm.settings import RegisterSettings
from reference.kkm.values import ItemOrder, MoneyOrder, OrderFinding, TicketOrder, VatOn
from reference.protocol.kz.dialects import Dialect
from reference.protocol.kz.documents import Document, MoneyPlacement
from reference.protocol.kz.kinds import VAT, ItemType, Operation, PaymentType, PlacementKind
from reference.protocol.kz.money import line_sum, percent_tax
from reference.protocol.kz.switches import Mode, Switches
from reference.protocol.kz.tally import DeviceCounters
from reference.protocol.kz.tickets import Item, Line, Modifier, Payment, TaxEntry, Ticket
from reference.protocol.kz.validation import Context, Severity, validate

TRADING: Final = 0
_STRICT: Final = Switches(checks={"T24": Mode.ON, "T09": Mode.OFF}, shift_number_check=Mode.OFF)
"""A storno must have its line; the clock is checked apart."""
_DISCOUNT_NAME: Final = "Скидка"
_MARKUP_NAME: Final = "Наценка"
_ITEM_SIGNS: Final = {
    ItemType.COMMODITY: 1,
    ItemType.STORNO_COMMODITY: -1,
    ItemType.MARKUP: 1,
    ItemType.STORNO_MARKUP: -1,
    ItemType.DISCOUNT: -1,
    ItemType.STORNO_DISCOUNT: 1,
}


class SaleBuilder:
    """Builds the documents of one register."""

    def __init__(self, settings: RegisterSettings, dialect: Dialect, rules: Rules) -> None:
        self._settings = settings
        self._dialect = dialect
        self._rules = rules

    def ticket(
        self, operation: Operation, order: TicketOrder, time: datetime, number: int, shift: int
    ) -> Ticket:
        """Return the ticket of an order, wrong or not: `findings` tells."""
        on_items = order.vat_on is VatOn.ITEM
        items: list[Item] = []
        for item in order.items:
            items += self._items(item, on_items=on_items)
        discount, markup = self._whole(order)
        total = _total(items) - order.discount + order.markup
        payments, taken, change = self._paid(order, total)
        return Ticket(
            operation=operation,
            time=time,
            operator=order.operator,
            items=tuple(items),
            payments=payments,
            total=total,
            taken=taken,
            change=change,
            markup=markup,
            discount=discount,
            taxes=() if on_items else self._taxes(total, _percent_of(order.items)),
            domain=TRADING,
            printed_number=number,
            shift_number=shift,
            parent=order.parent if self._dialect.has("TicketRequest.parent_ticket") else None,
            customer_iin=order.customer_iin,
            customer_email=order.customer_email,
            customer_phone=order.customer_phone,
        )

    def placement(
        self, kind: PlacementKind, order: MoneyOrder, time: datetime, number: int, shift: int
    ) -> MoneyPlacement:
        """Return the deposit or withdrawal of an order."""
        return MoneyPlacement(
            operation=kind,
            time=time,
            sum=order.sum,
            operator=order.operator,
            shift_number=shift,
            printed_number=number,
        )

    def findings(self, document: Document, order: object, counters: DeviceCounters) -> list[OrderFinding]:
        """Return everything wrong with a document before it leaves, by the protocol's own field names."""
        found = []
        if isinstance(order, TicketOrder) and isinstance(document, Ticket):
            found += self._order_findings(order, document)
        context = Context(now=document.time, counters=counters)
        for finding in validate(document, self._dialect, context, _STRICT):
            if finding.severity is Severity.REFUSE:
                detail = f": {finding.detail}" if finding.detail else ""
                found.append(OrderFinding(finding.field, finding.id, f"{finding.text.ru}{detail}"))
        return found

    def _order_findings(self, order: TicketOrder, ticket: Ticket) -> list[OrderFinding]:
        found = []
        cash = ticket.paid(PaymentType.CASH)
        if order.taken is not None and order.taken < cash:
            found.append(OrderFinding("taken", "T19", "получено меньше, чем оплачено наличными"))
        if order.vat_on is VatOn.TICKET and len({item.vat for item in order.items}) > 1:
            found.append(OrderFinding("vat_on", "T20", "у позиций разные ставки НДС"))
        known = {PaymentType.CASH, PaymentType.CARD}
        if self._dialect.tables >= 202:
            known.add(PaymentType.MOBILE)
        else:
            known |= {PaymentType.CREDIT, PaymentType.TARE}
        for place, payment in enumerate(ticket.payments):
            if payment.type not in known:
                found.append(
                    OrderFinding(
                        f"payments[{place}].type", "§10.2", "этого вида оплаты нет в версии протокола"
                    )
                )
        return found

    def _items(self, order: ItemOrder, *, on_items: bool) -> list[Item]:
        total = line_sum(order.price, order.quantity)
        taxes = self._taxes(total, order.vat) if on_items else ()
        storno = order.storno
        items: list[Item] = [
            Line(
                type=ItemType.STORNO_COMMODITY if storno else ItemType.COMMODITY,
                name=order.name,
                section=order.section,
                quantity=order.quantity,
                price=order.price,
                sum=total,
                taxes=taxes,
                measure_unit=order.unit,
                code=None if storno else order.code,
                barcode=order.barcode,
                ntin=order.ntin,
                excise_stamps=order.excise_stamps,
                commodity_type=order.commodity_type,
            )
        ]
        for amount, plain, taken_back, name in (
            (order.discount, ItemType.DISCOUNT, ItemType.STORNO_DISCOUNT, _DISCOUNT_NAME),
            (order.markup, ItemType.MARKUP, ItemType.STORNO_MARKUP, _MARKUP_NAME),
        ):
            if amount:
                kind = taken_back if storno else plain
                items.append(Modifier(kind, name, amount, self._rules.modifier_taxes(amount, taxes)))
        return items

    def _whole(self, order: TicketOrder) -> tuple[Modifier | None, Modifier | None]:
        """Discount and markup of the ticket; they bear taxes if all lines have one percent in common."""
        percent = _percent_of(order.items) if order.vat_on is VatOn.ITEM else None
        found: list[Modifier | None] = []
        for amount, name in ((order.discount, _DISCOUNT_NAME), (order.markup, _MARKUP_NAME)):
            taxes = self._rules.modifier_taxes(amount, self._taxes(amount, percent))
            found.append(Modifier(None, name, amount, taxes) if amount else None)
        return found[0], found[1]

    def _taxes(self, base: int, percent: int | None) -> tuple[TaxEntry, ...]:
        if percent is None or base <= 0:
            return ()
        tax = percent_tax(base, percent, inside=True)
        return (TaxEntry(percent, tax, inside=True, tax_type=VAT, taxation_type=self._settings.taxation),)

    def _paid(self, order: TicketOrder, total: int) -> tuple[tuple[Payment, ...], int | None, int | None]:
        payments = order.payments or (Payment(PaymentType.CASH, total),)
        cash = sum(payment.sum or 0 for payment in payments if payment.type == PaymentType.CASH)
        if not any(payment.type == PaymentType.CASH for payment in payments):
            return payments, None, None
        taken = cash if order.taken is None else order.taken
        written = tuple(
            Payment(payment.type, self._rules.cash_payment(payment.sum or 0, taken))
            if payment.type == PaymentType.CASH
            else payment
            for payment in payments
        )
        return written, taken, max(0, taken - cash)


def _percent_of(items: Sequence[ItemOrder]) -> int | None:
    """The one percent that all lines have, None if there is none."""
    percents = {item.vat for item in items}
    return percents.pop() if len(percents) == 1 else None


def _total(items: Sequence[Item]) -> int:
    return sum(
        _ITEM_SIGNS[ItemType(item.type)] * (item.sum or 0)
        for item in items
        if isinstance(item, (Line, Modifier)) and item.type is not None
    )
