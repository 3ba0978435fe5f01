"""One transaction as it is printed: heading, goods, totals, or the figures of a report (KZ-ARC-04, AR-03).

`form_of` and `report_form` turn the ledger's own values into labelled lines in three languages; page, tape,
PDF and JSON all show the same lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ofd_mock.portal.archive import texts
from ofd_mock.portal.archive.texts import OPERATIONS, PAYMENTS, PLACEMENTS
from reference.protocol.kz.documents import CloseShift, MoneyPlacement
from reference.protocol.kz.kinds import ItemType
from reference.protocol.kz.money import money_text
from reference.protocol.kz.reports import ReportData, TicketRow
from reference.protocol.kz.results import Texts
from reference.protocol.kz.service import Registration
from reference.protocol.kz.tickets import Line, Modifier, Operator, TaxEntry, Ticket

TOTAL: Final = Texts("ИТОГО", "БАРЛЫҒЫ", "TOTAL")
_COMPANY: Final = Texts("Организация", "Ұйым", "Company")
_IIN: Final = Texts("ИИН/БИН", "ЖСН/БСН", "IIN/BIN")
_SERIAL: Final = Texts("ЗНМ", "КЗН", "Serial number")
_RNM: Final = Texts("РНМ", "КТН", "Registration number")
_KIND: Final = Texts("Вид операции", "Операция түрі", "Kind of operation")
_SIGN: Final = Texts("ФП", "ФБ", "Fiscal sign")
_TIME: Final = Texts("Дата и время", "Күні мен уақыты", "Date and time")
_CASHIER: Final = Texts("Кассир", "Кассир", "Cashier")
_SHIFT: Final = Texts("Смена", "Ауысым", "Shift")
_ADDRESS: Final = Texts("Адрес", "Мекенжай", "Address")
_OFFLINE: Final = Texts("Автономный признак", "Автономды белгі", "Sign given offline")
_CANCELLED: Final = Texts("Чек отменен", "Чек болдырылмады", "The ticket was cancelled")
_PARENT: Final = Texts("По чеку", "Чек бойынша", "Of the ticket")
_BUYER: Final = Texts("ИИН/БИН покупателя", "Сатып алушының ЖСН/БСН", "Buyer's IIN/BIN")
_SUM: Final = Texts("Сумма", "Сома", "Sum")
_TAKEN: Final = Texts("Получено", "Алынды", "Taken")
_CHANGE: Final = Texts("Сдача", "Қайтарым", "Change")
_DISCOUNT: Final = Texts("Скидка", "Жеңілдік", "Discount")
_MARKUP: Final = Texts("Наценка", "Үстеме баға", "Markup")
_VAT: Final = Texts("в т.ч. НДС", "оның ішінде ҚҚС", "VAT inside")
_STORNO: Final = "СТОРНО "
_OPENED: Final = Texts("Открыта", "Ашылды", "Opened")
_CLOSED: Final = Texts("Закрыта", "Жабылды", "Closed")
_RECEIPTS: Final = Texts("Количество чеков", "Чектер саны", "Receipts")
_REVENUE: Final = Texts("Итоговая выручка", "Жиынтық түсім", "Revenue")
_CASH: Final = Texts("Наличных в кассе", "Кассадағы қолма-қол", "Cash in the drawer")
_START: Final = Texts(
    "Необнуляемый итог на начало", "Басындағы нөлденбейтін қорытынды", "Totals at the start"
)
_END: Final = Texts("Необнуляемый итог", "Нөлденбейтін қорытынды", "Totals since registration")
_OF_SHIFT: Final = Texts("За смену", "Ауысымда", "In the shift")
_COUNT: Final = Texts("С регистрации, чеков", "Тіркеуден бері, чек", "Since registration, receipts")
_AUTONOMOUS: Final = Texts("Автономных", "Автономды", "Offline")
_TURNOVER: Final = Texts("Оборот", "Айналым", "Turnover")
_TAX: Final = Texts("Налог", "Салық", "Tax")
_UNKNOWN: Final = Texts("—", "—", "—")


@dataclass(frozen=True, slots=True)
class Pair:
    """A labelled value; `money` tells a sum, which stands in tenge with both decimals."""

    label: Texts
    value: str
    money: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the table of goods; «Страна» is not in the protocol and stays empty. Sums are tiyn."""

    number: int
    name: str
    country: str
    price: int
    quantity: str
    sum: int


@dataclass(frozen=True, slots=True)
class Section:
    """Figures of a report under one title."""

    title: Texts
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A transaction as printed."""

    title: Texts
    heading: tuple[Pair, ...]
    items: tuple[Item, ...] = ()
    totals: tuple[Pair, ...] = ()
    sections: tuple[Section, ...] = ()
    qr: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ledger says of a document beside its body; `time` is local."""

    number: int
    time: datetime
    shift: int
    sign: str
    title: Texts
    cancelled: bool = False
    offline_number: int | None = None
    qr: str = ""


def form_of(
    facts: Facts,
    registration: Registration,
    document: Ticket | MoneyPlacement | CloseShift | None,
    report: ReportData | None,
) -> Form:
    """The form of a document; `report` is the Z that a closing was answered with."""
    operator = None if document is None else document.operator
    heading = _heading(facts, registration, operator)
    if isinstance(document, Ticket):
        return Form(
            facts.title,
            (*heading, *_ticket_pairs(facts, document)),
            tuple(_items(document)),
            tuple(_totals(document)),
            qr=facts.qr,
        )
    if isinstance(document, MoneyPlacement):
        return Form(facts.title, heading, totals=(_money(_SUM, document.sum or 0),))
    if report is not None:
        return report_form(facts, registration, report, operator)
    return Form(facts.title, heading)


def report_form(
    facts: Facts, registration: Registration, report: ReportData, operator: Operator | None = None
) -> Form:
    """The form of a Z or X report: every row that is not empty."""
    totals = [
        Pair(_RECEIPTS, str(sum(row.count for row in report.tickets))),
        _money(_REVENUE, report.revenue),
        _money(_CASH, report.cash),
    ]
    return Form(
        facts.title,
        (*_heading(facts, registration, operator), *_moments(report)),
        totals=tuple(totals),
        sections=tuple(_sections(report)),
    )


def _heading(facts: Facts, registration: Registration, operator: Operator | None) -> tuple[Pair, ...]:
    cashier = "" if operator is None else operator.name
    if operator is not None and operator.code is not None:
        cashier = f"{cashier} ({operator.code})".strip()
    pairs = (
        Pair(_COMPANY, registration.org_title),
        Pair(_IIN, registration.org_inn),
        Pair(_SERIAL, registration.serial),
        Pair(_RNM, registration.rnm),
        Pair(_ADDRESS, registration.pos_address),
        Pair(_KIND, facts.title.ru),
        Pair(_SHIFT, str(facts.shift)),
        Pair(_SIGN, facts.sign),
        Pair(_TIME, f"{facts.time:%d.%m.%Y %H:%M:%S}"),
        Pair(_CASHIER, cashier),
    )
    return tuple(pair for pair in pairs if pair.value)


def _ticket_pairs(facts: Facts, ticket: Ticket) -> Iterator[Pair]:
    if facts.offline_number is not None:
        yield Pair(_OFFLINE, str(facts.offline_number))
    if ticket.parent is not None:
        time = "" if ticket.parent.time is None else f" {ticket.parent.time:%d.%m.%Y %H:%M:%S}"
        yield Pair(_PARENT, f"{ticket.parent.number}{time}")
    if ticket.customer_iin:
        yield Pair(_BUYER, ticket.customer_iin)
    if facts.cancelled:
        yield Pair(_CANCELLED, "✓")


def _items(ticket: Ticket) -> Iterator[Item]:
    for number, item in enumerate(ticket.items, 1):
        if isinstance(item, Line):
            storno = item.type == ItemType.STORNO_COMMODITY
            name = f"{_STORNO if storno else ''}{item.name or item.code or ''}"
            total = -(item.sum or 0) if storno else item.sum or 0
            yield Item(number, name, "", item.price or 0, _quantity(item.quantity or 0), total)
        elif isinstance(item, Modifier):
            discount = item.type in (ItemType.DISCOUNT, ItemType.STORNO_DISCOUNT)
            storno = item.type in (ItemType.STORNO_DISCOUNT, ItemType.STORNO_MARKUP)
            label = (_DISCOUNT if discount else _MARKUP).ru
            name = f"{_STORNO if storno else ''}{label}{f': {item.name}' if item.name else ''}"
            yield Item(number, name, "", 0, "", _signed(item.type) * (item.sum or 0))


def _totals(ticket: Ticket) -> Iterator[Pair]:
    if ticket.discount is not None:
        yield _money(_DISCOUNT, -(ticket.discount.sum or 0))
    if ticket.markup is not None:
        yield _money(_MARKUP, ticket.markup.sum or 0)
    kinds = {kind.value: label for kind, label in PAYMENTS.items()}
    for payment in ticket.payments:
        label = kinds.get(-1 if payment.type is None else payment.type, _UNKNOWN)
        yield _money(Texts(*(word.capitalize() for word in label)), payment.sum or 0)
    if ticket.taken:
        yield _money(_TAKEN, ticket.taken)
    if ticket.change:
        yield _money(_CHANGE, ticket.change)
    yield _money(TOTAL, ticket.total or 0)
    sums: dict[int, int] = {}
    for sign, entry in _taxes(ticket):
        sums[entry.percent or 0] = sums.get(entry.percent or 0, 0) + sign * (entry.sum or 0)
    for percent, tax in sorted(sums.items()):
        yield _money(_with(_VAT, _percent(percent)), tax)


def _taxes(ticket: Ticket) -> Iterator[tuple[int, TaxEntry]]:
    for item in ticket.items:
        if isinstance(item, Line | Modifier):
            yield from ((_signed(item.type), entry) for entry in item.taxes)
    for modifier, sign in ((ticket.discount, -1), (ticket.markup, 1)):
        yield from ((sign, entry) for entry in (() if modifier is None else modifier.taxes))
    yield from ((1, entry) for entry in ticket.taxes)


def _signed(kind: int | None) -> int:
    return -1 if kind in (ItemType.STORNO_COMMODITY, ItemType.DISCOUNT, ItemType.STORNO_MARKUP) else 1


def _moments(report: ReportData) -> Iterator[Pair]:
    for label, moment in ((_OPENED, report.opened), (_CLOSED, report.closed)):
        if moment is not None:
            yield Pair(label, f"{moment:%d.%m.%Y %H:%M:%S}")


def _sections(report: ReportData) -> Iterator[Section]:
    for row in report.tickets:
        yield Section(_operation(row.operation), tuple(_ticket_row(row)))
    for placement in report.placements:
        known = {kind.value: label for kind, label in PLACEMENTS.items()}
        pairs = [_money(_counted(_OF_SHIFT, placement.count), placement.sum)]
        if placement.offline_count:
            pairs.append(Pair(_AUTONOMOUS, str(placement.offline_count)))
        yield Section(known.get(placement.operation, _UNKNOWN), tuple(pairs))
    for tax in report.taxes:
        found: list[Pair] = []
        for entry in tax.operations:
            label = _operation(entry.operation)
            found += [_money(_both(label, _TURNOVER), entry.turnover), _money(_both(label, _TAX), entry.sum)]
        yield Section(_with(_VAT, _percent(tax.percent)), tuple(found))
    for title, sums in ((_START, report.start_non_nullable), (_END, report.non_nullable)):
        known_sums = {one.operation: one.sum for one in sums}
        yield Section(
            title, tuple(_money(label, known_sums.get(kind, 0)) for kind, label in texts.NON_NULLABLE)
        )


def _ticket_row(row: TicketRow) -> Iterator[Pair]:
    yield _money(_counted(_OF_SHIFT, row.count), row.sum)
    kinds = {kind.value: label for kind, label in PAYMENTS.items()}
    for payment in row.payments:
        yield _money(_counted(kinds.get(payment.type, _UNKNOWN), payment.count), payment.sum)
    for label, value in (
        (_DISCOUNT, row.discount_sum),
        (_MARKUP, row.markup_sum),
        (_CHANGE, row.change_sum),
    ):
        if value:
            yield _money(label, value)
    yield Pair(_COUNT, str(row.total_count))
    if row.offline_count:
        yield Pair(_AUTONOMOUS, str(row.offline_count))


def _money(label: Texts, tiyn: int) -> Pair:
    return Pair(label, money_text(tiyn), money=True)


def _operation(number: int) -> Texts:
    return {kind.value: label for kind, label in OPERATIONS.items()}.get(number, _UNKNOWN)


def _counted(label: Texts, count: int) -> Texts:
    return Texts(*(f"{word}: {count}" for word in label))


def _with(label: Texts, more: str) -> Texts:
    return Texts(*(f"{word} {more}" for word in label))


def _both(first: Texts, second: Texts) -> Texts:
    return Texts(*(f"{one}, {other}" for one, other in zip(first, second, strict=True)))


def _percent(thousandths: int) -> str:
    return f"{_quantity(thousandths)} %"


def _quantity(thousandths: int) -> str:
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") if rest else str(whole)
