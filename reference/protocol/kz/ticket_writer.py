"""Tickets into TicketRequest messages of any version (kz-ofd §11): what a version lacks stays unwritten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from reference.protocol.kz.dialects import Dialect
from reference.protocol.kz.envelope import set_enum_number
from reference.protocol.kz.kinds import ItemType
from reference.protocol.kz.money import set_money, set_time
from reference.protocol.kz.report_codec import set_number
from reference.protocol.kz.ticket_codec import ITEM_PARTS
from reference.protocol.kz.tickets import (
    Line,
    Misfit,
    Modifier,
    Operator,
    ParentTicket,
    Payment,
    TaxEntry,
    Ticket,
)

_LINE_TEXTS: Final = {
    "name": "name",
    "section": "section_code",
    "measure_unit": "measure_unit_code",
    "barcode": "barcode",
    "ntin": "ntin",
    "product_id": "product_id",
    "physical_label": "physical_label",
    "excise_stamp": "excise_stamp",
}
_CARD_FIELDS: Final = {
    "terminal_id": "pos_terminal_id",
    "card_type": "pos_card_type",
    "authorization_code": "pos_autorization_code",
    "rrn": "pos_rrn",
    "receipt_number": "pos_receipt_number",
}
_BARE_STRING: Final = b"\x1a"
"""The tag of ExtensionOptions 3, for the hybrids of kz-ofd §12.1."""


def write_ticket(dialect: Dialect, message: Any, ticket: Ticket) -> None:
    """Fill a TicketRequest message. What is None or empty is not written. Raises RangeError, ValueError."""
    if ticket.operation is not None:
        set_enum_number(message, "operation", ticket.operation)
    if ticket.time is not None:
        set_time(message.date_time, ticket.time)
    write_operator(message, ticket.operator)
    if ticket.domain is not None:
        set_enum_number(message.domain, "type", ticket.domain)
    for item in ticket.items:
        _write_item(dialect, message.items.add(), item)
    for payment in ticket.payments:
        _write_payment(dialect, message.payments.add(), payment)
    _write_taxes(dialect, message.taxes, ticket.taxes)
    amounts = message.amounts
    amounts.SetInParent()
    for field in ("total", "taken", "change"):
        write_sum(amounts, field, getattr(ticket, field))
    for field in ("markup", "discount"):
        modifier: Modifier | None = getattr(ticket, field)
        if modifier is not None:
            _write_modifier(dialect, getattr(amounts, field), modifier)
    _write_extension(dialect, message, ticket)
    _write_numbers(dialect, message, ticket)
    if ticket.parent is not None and dialect.tables >= 203:
        _write_parent(message.parent_ticket, ticket.parent)


def write_operator(message: Any, operator: Operator) -> None:
    """Fill the operator of a document message, if there is anything to say."""
    if operator.code is not None:
        message.operator.code = operator.code
    if operator.name:
        message.operator.name = operator.name


def write_sum(owner: Any, field: str, tiyn: int | None) -> None:
    """Write a Money field of a message unless it is None. Raises RangeError."""
    if tiyn is not None:
        set_money(getattr(owner, field), tiyn)


def write_pairs(target: Any, entries: Iterable[tuple[str, str]]) -> None:
    """Write KeyValuePair messages."""
    for key, value in entries:
        target.add(key=key, value=value)


def _write_item(dialect: Dialect, message: Any, item: Line | Modifier | Misfit) -> None:
    if item.type is None:
        return
    message.type = item.type
    if isinstance(item, Misfit):
        return
    inner = getattr(message, ITEM_PARTS[item.type])
    inner.SetInParent()
    if isinstance(item, Line):
        _write_line(dialect, inner, item)
    else:
        _write_modifier(dialect, inner, item)


def _write_line(dialect: Dialect, message: Any, line: Line) -> None:
    storno = line.type == ItemType.STORNO_COMMODITY
    known = message.DESCRIPTOR.fields_by_name
    for attribute, field in _LINE_TEXTS.items():
        value = getattr(line, attribute)
        if value and field in known:
            setattr(message, field, value)
    if line.quantity is not None:
        message.quantity = line.quantity
    write_sum(message, "price", line.price)
    write_sum(message, "sum", line.sum)
    _write_taxes(dialect, message.taxes, line.taxes)
    if line.code is not None and not storno:
        message.code = line.code
    if dialect.tables >= 202:
        write_pairs(message.auxiliary, line.auxiliary)
    if dialect.tables >= 203:
        message.list_excise_stamp.extend(line.excise_stamps)
    if dialect.tables >= 204 and line.commodity_type is not None:
        set_enum_number(message, "commodity_type", line.commodity_type)


def _write_modifier(dialect: Dialect, message: Any, modifier: Modifier) -> None:
    message.SetInParent()
    if modifier.name:
        message.name = modifier.name
    write_sum(message, "sum", modifier.sum)
    _write_taxes(dialect, message.taxes, modifier.taxes)
    if dialect.tables >= 202:
        write_pairs(message.auxiliary, modifier.auxiliary)


def _write_taxes(dialect: Dialect, target: Any, taxes: Iterable[TaxEntry]) -> None:
    for tax in taxes:
        entry = target.add()
        if tax.tax_type is not None:
            set_number(entry, dialect.tax_type_field, tax.tax_type)
        if tax.taxation_type is not None:
            set_number(entry, "taxation_type", tax.taxation_type)
        if tax.percent is not None:
            entry.percent = tax.percent
        write_sum(entry, "sum", tax.sum)
        if tax.inside is not None:
            entry.is_in_total_sum = tax.inside


def _write_payment(dialect: Dialect, message: Any, payment: Payment) -> None:
    if payment.type is not None:
        set_enum_number(message, "type", payment.type)
    write_sum(message, "sum", payment.sum)
    if dialect.tables < 203:
        return
    if payment.card is not None:
        message.card_payment_fields.SetInParent()
        for attribute, field in _CARD_FIELDS.items():
            value = getattr(payment.card, attribute)
            if value not in (None, ""):
                setattr(message.card_payment_fields, field, value)
    if payment.mobile is not None:
        message.mobile_payment_fields.qr_type = payment.mobile.qr_type
        message.mobile_payment_fields.qr_id = payment.mobile.qr_id


def _write_extension(dialect: Dialect, message: Any, ticket: Ticket) -> None:
    fields = {"customer_email": ticket.customer_email, "customer_phone": ticket.customer_phone}
    if dialect.tables >= 202:
        fields["customer_iin_or_bin"] = ticket.customer_iin
        write_pairs(message.extension_options.auxiliary, ticket.auxiliary)
    for field, value in fields.items():
        if value:
            setattr(message.extension_options, field, value)
    for bare in ticket.bare_strings if dialect.tables == 124 else ():
        data = bare.encode()
        message.extension_options.MergeFromString(_BARE_STRING + bytes([len(data)]) + data)


def _write_numbers(dialect: Dialect, message: Any, ticket: Ticket) -> None:
    if ticket.offline_number is not None:
        message.offline_ticket_number = ticket.offline_number
    if ticket.shift_number is not None:
        message.fr_shift_number = ticket.shift_number
    if dialect.tables == 124:
        printed = ticket.printed_text or ("" if ticket.printed_number is None else str(ticket.printed_number))
        if printed:
            message.printed_document_number = printed
        return
    if ticket.printed_number is not None:
        message.printed_document_number = ticket.printed_number
    if dialect.tables < 204:
        if ticket.printed_text:
            message.printed_document_number_old = ticket.printed_text
        if ticket.shift_document_number is not None:
            message.shift_document_number = ticket.shift_document_number


def _write_parent(message: Any, parent: ParentTicket) -> None:
    message.SetInParent()
    if parent.number:
        message.parent_ticket_number = parent.number
    if parent.time is not None:
        set_time(message.parent_ticket_data_time, parent.time)
    if parent.rnm:
        message.kgd_kkm_id = parent.rnm
    write_sum(message, "parent_ticket_total", parent.total)
    if parent.is_offline is not None:
        message.parent_ticket_is_offline = parent.is_offline
