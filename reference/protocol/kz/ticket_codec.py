"""Ticket parts between messages and values (kz-ofd §11, the Ticket tables): `read_ticket`, `write_ticket`.

Reading misses nothing: what is absent becomes None, what is out of range is noted in `bad_money` and
`bad_time`. It runs for every document a server takes, so each field is asked for once.
"""

from __future__ import annotations

from typing import Any, Final

from reference.protocol.kz.dialects import Dialect
from reference.protocol.kz.envelope import bare_strings, enum_number
from reference.protocol.kz.kinds import ItemType, PaymentType
from reference.protocol.kz.money import MAX_BILLS, MAX_COINS, TIYN, read_time
from reference.protocol.kz.tickets import (
    NOBODY,
    CardFields,
    Item,
    Line,
    Misfit,
    MobileFields,
    Modifier,
    Operator,
    ParentTicket,
    Payment,
    TaxEntry,
    Ticket,
)

ITEM_PARTS: Final = {
    ItemType.COMMODITY.value: "commodity",
    ItemType.STORNO_COMMODITY.value: "storno_commodity",
    ItemType.MARKUP.value: "markup",
    ItemType.STORNO_MARKUP.value: "storno_markup",
    ItemType.DISCOUNT.value: "discount",
    ItemType.STORNO_DISCOUNT.value: "storno_discount",
}
"""The sub-message that each type of item must have (kz-ofd T02)."""

HYBRID_PAYMENTS: Final = {124: frozenset({PaymentType.MOBILE.value})}
"""Payment types that clients of a version send although its enum lacks them (kz-ofd §12.1)."""

_LINE_TYPES: Final = (ItemType.COMMODITY.value, ItemType.STORNO_COMMODITY.value)
_IIN_LENGTH: Final = 12


def read_ticket(dialect: Dialect, message: Any) -> Ticket:
    """Return the values of a TicketRequest message."""
    bad: list[str] = []
    has = message.HasField
    time, bad_time = read_time(message.date_time) if has("date_time") else (None, "")
    amounts = message.amounts
    taxes_of = dialect.tax_type_field
    return Ticket(
        operation=number(message, "operation"),
        time=time,
        bad_time=bad_time,
        operator=read_operator(message),
        items=tuple([_item(dialect, item, bad, place) for place, item in enumerate(message.items)]),
        payments=tuple(
            [_payment(dialect, payment, bad, place) for place, payment in enumerate(message.payments)]
        ),
        taxes=_taxes(taxes_of, message.taxes, bad),
        total=read_sum(amounts, "total", bad),
        taken=read_sum(amounts, "taken", bad),
        change=read_sum(amounts, "change", bad),
        markup=_modifier(dialect, None, amounts.markup, bad) if amounts.HasField("markup") else None,
        discount=_modifier(dialect, None, amounts.discount, bad) if amounts.HasField("discount") else None,
        domain=message.domain.type if has("domain") and message.domain.HasField("type") else None,
        offline_number=number(message, "offline_ticket_number"),
        shift_number=number(message, "fr_shift_number"),
        **_later_fields(dialect, message, bad),
        **(_extension(dialect, message.extension_options) if has("extension_options") else {}),
        bad_money=tuple(bad),
    )


def read_operator(message: Any) -> Operator:
    """Return the operator of a document message, empty if there is none."""
    if not message.HasField("operator"):
        return NOBODY
    operator = message.operator
    return Operator(operator.code if operator.HasField("code") else None, text(operator.name))


def read_sum(owner: Any, field: str, bad: list[str]) -> int | None:
    """Return a Money field in tiyn, None if absent; note its name in `bad` if out of range (kz-ofd RG-04)."""
    money = getattr(owner, field)
    bills, coins = money.bills, money.coins
    if coins > MAX_COINS or bills > MAX_BILLS:
        bad.append(field)
    total: int = bills * TIYN + coins
    if not total and not owner.HasField(field):
        return None
    return total


def number(message: Any, field: str) -> Any:
    """Return a field's value, None if absent; for fields whose default is 0, as presence costs extra."""
    value = getattr(message, field)
    return value if value or message.HasField(field) else None


def text(value: str | bytes) -> str:
    """Return a string field's text; what is no UTF-8 is shown with replacement signs."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def pairs(entries: Any) -> tuple[tuple[str, str], ...]:
    """Return KeyValuePair messages that have a key."""
    return tuple((text(pair.key), text(pair.value)) for pair in entries if pair.HasField("key"))


def _item(dialect: Dialect, message: Any, bad: list[str], place: int) -> Item:
    if not message.HasField("type"):
        return Misfit()
    kind = message.type
    part = ITEM_PARTS[kind]
    if not message.HasField(part):
        return Misfit(kind)
    known = len(bad)
    inner = getattr(message, part)
    if kind in _LINE_TYPES:
        item: Item = _line(dialect, kind, inner, bad)
    else:
        item = _modifier(dialect, kind, inner, bad)
    if len(bad) > known:
        bad[known:] = [f"items[{place}].{part}.{field}" for field in bad[known:]]
    return item


def _line(dialect: Dialect, kind: int, message: Any, bad: list[str]) -> Line:
    # Arguments by position: with seventeen of them names would cost as much as the reading.
    has = message.HasField
    tables = dialect.tables
    plain = kind == ItemType.COMMODITY
    taxes = message.taxes
    first = (
        kind,
        text(message.name),
        text(message.section_code),
        number(message, "quantity"),
        read_sum(message, "price", bad),
        read_sum(message, "sum", bad),
        _taxes(dialect.tax_type_field, taxes, bad) if taxes else (),
    )
    code = message.code if plain and has("code") else None
    if tables < 202:
        return Line(*first, "", code, "", "", "", "", text(message.excise_stamp))
    stamps = message.list_excise_stamp if tables >= 203 else None
    auxiliary = message.auxiliary
    return Line(
        *first,
        text(message.measure_unit_code),
        code,
        text(message.barcode),
        text(message.ntin) if tables >= 203 else "",
        text(message.product_id),
        text(message.physical_label),
        text(message.excise_stamp) if tables < 204 else "",
        tuple(map(text, stamps)) if stamps else (),
        message.commodity_type if tables >= 204 and has("commodity_type") else None,
        pairs(auxiliary) if auxiliary else (),
    )


def _modifier(dialect: Dialect, kind: int | None, message: Any, bad: list[str]) -> Modifier:
    return Modifier(
        kind,
        text(message.name),
        read_sum(message, "sum", bad),
        _taxes(dialect.tax_type_field, message.taxes, bad),
        pairs(message.auxiliary) if dialect.tables >= 202 else (),
    )


def _taxes(tax_type: str, messages: Any, bad: list[str]) -> tuple[TaxEntry, ...]:
    return tuple([_tax(tax_type, message, bad) for message in messages])


def _tax(tax_type: str, message: Any, bad: list[str]) -> TaxEntry:
    has = message.HasField
    return TaxEntry(
        number(message, "percent"),
        read_sum(message, "sum", bad),
        number(message, "is_in_total_sum"),
        getattr(message, tax_type) if has(tax_type) else None,
        message.taxation_type if has("taxation_type") else None,
    )


def _payment(dialect: Dialect, message: Any, bad: list[str], place: int) -> Payment:
    known = len(bad)
    total = read_sum(message, "sum", bad)
    if len(bad) > known:
        bad[known:] = [f"payments[{place}].{field}" for field in bad[known:]]
    kind = message.type if message.HasField("type") else None
    if kind is None:
        received = enum_number(message, "type")
        kind = received if received in HYBRID_PAYMENTS.get(dialect.tables, ()) else None
    if dialect.tables < 203:
        return Payment(kind, total)
    card = _card(message.card_payment_fields) if message.HasField("card_payment_fields") else None
    mobile = None
    if message.HasField("mobile_payment_fields"):
        fields = message.mobile_payment_fields
        mobile = MobileFields(text(fields.qr_type), text(fields.qr_id))
    return Payment(kind, total, card, mobile)


def _card(message: Any) -> CardFields:
    return CardFields(
        terminal_id=text(message.pos_terminal_id),
        card_type=text(message.pos_card_type),
        authorization_code=number(message, "pos_autorization_code"),
        rrn=number(message, "pos_rrn"),
        receipt_number=number(message, "pos_receipt_number"),
    )


def _later_fields(dialect: Dialect, message: Any, bad: list[str]) -> dict[str, Any]:
    """The document numbers and the parent ticket, which versions write in different places."""
    has = message.HasField
    if dialect.tables == 124:
        return {"printed_text": text(message.printed_document_number)}
    fields: dict[str, Any] = {"printed_number": number(message, "printed_document_number")}
    if dialect.tables < 204:
        fields["printed_text"] = text(message.printed_document_number_old)
        if has("shift_document_number"):
            fields["shift_document_number"] = message.shift_document_number
    if dialect.tables >= 203 and has("parent_ticket"):
        fields["parent"] = _parent(message.parent_ticket, bad)
    return fields


def _parent(message: Any, bad: list[str]) -> ParentTicket:
    has = message.HasField
    timed = has("parent_ticket_data_time")
    time, bad_time = read_time(message.parent_ticket_data_time) if timed else (None, "")
    return ParentTicket(
        number=text(message.parent_ticket_number),
        time=time,
        rnm=text(message.kgd_kkm_id),
        total=read_sum(message, "parent_ticket_total", bad),
        is_offline=number(message, "parent_ticket_is_offline"),
        bad_time=bad_time,
    )


def _extension(dialect: Dialect, message: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "customer_email": text(message.customer_email),
        "customer_phone": text(message.customer_phone),
        "bare_strings": bare_strings(message),
    }
    if dialect.tables >= 202:
        fields["customer_iin"] = text(message.customer_iin_or_bin)
        fields["auxiliary"] = pairs(message.auxiliary)
    else:
        numbers = [bare for bare in fields["bare_strings"] if len(bare) == _IIN_LENGTH and bare.isdecimal()]
        fields["customer_iin"] = numbers[0] if numbers else ""
    return fields
