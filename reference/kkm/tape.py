"""What a document looks like on paper (kz-ofd §13.5): pure, from the document's values to lines of text.

The order and the two languages of a ticket are those of a real sample. TEST stands first, because nothing
printed here is a legal receipt (kz-ofd ID-03).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reference.kkm.catalogue import unit_name
from reference.kkm.paper import (
    OPERATIONS,
    PAYMENTS,
    PLACEMENTS,
    WIDTHS,
    Paper,
    percent_text,
    quantity_text,
)
from reference.kkm.tape_report import print_report
from reference.kkm.values import Delivery, DocumentKind, PrintedDocument
from reference.protocol.kz.kinds import AdType, ItemType, PaymentType, PlacementKind
from reference.protocol.kz.money import money_text
from reference.protocol.kz.service import Registration, TicketAd
from reference.protocol.kz.tickets import Line, Modifier, TaxEntry, Ticket

AUTONOMOUS: Final = "АВТОНОМНЫЙ/АВТОНОМДЫ"
TEST: Final = "*** TEST ***"
NO_RECEIPT: Final = "ИСПЫТАНИЕ, НЕ ЧЕК/СЫНАҚ, ЧЕК ЕМЕС"
_TITLES: Final = {
    DocumentKind.TICKET: "ФИСКАЛЬНЫЙ ЧЕК/ФИСКАЛДЫ ЧЕК",
    DocumentKind.MONEY: "СЛУЖЕБНЫЙ ЧЕК/ҚЫЗМЕТТІК ЧЕК",
    DocumentKind.Z: "Z-ОТЧЁТ/Z-ЕСЕП",
    DocumentKind.X: "X-ОТЧЁТ/X-ЕСЕП",
    DocumentKind.CANCEL: "ОТМЕНА ЧЕКА/ЧЕКТІ БОЛДЫРМАУ",
    DocumentKind.INFO: "СВЕДЕНИЯ О КАССЕ/КАССА ТУРАЛЫ МӘЛІМЕТ",
    DocumentKind.NOMENCLATURE: "НОМЕНКЛАТУРА/НОМЕНКЛАТУРА",
}
_MINUS: Final = frozenset({ItemType.STORNO_COMMODITY, ItemType.DISCOUNT, ItemType.STORNO_MARKUP})
"""Items that take their tax away from the ticket."""
_MODIFIERS: Final = {
    ItemType.DISCOUNT: ("Скидка/Жеңілдік", -1),
    ItemType.STORNO_DISCOUNT: ("Сторно скидки/Жеңілдік сторносы", 1),
    ItemType.MARKUP: ("Наценка/Үстеме баға", 1),
    ItemType.STORNO_MARKUP: ("Сторно наценки/Үстеме баға сторносы", -1),
}


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whose paper it is."""

    registration: Registration
    device_id: int
    model: str
    ads: tuple[TicketAd, ...] = ()


def print_tape(document: PrintedDocument, head: Letterhead, width: int = WIDTHS[0]) -> list[str]:
    """Return the lines of a document, without its QR code; no line is longer than `width`."""
    paper = Paper(width)
    paper.centre(TEST)
    paper.centre(NO_RECEIPT)
    paper.rule("=")
    paper.centre(_TITLES[document.kind])
    if document.autonomous:
        paper.centre(AUTONOMOUS)
    if document.recovered:
        paper.centre("ВОССТАНОВЛЕН ПОСЛЕ СБОЯ/АҚАУДАН КЕЙІН ҚАЛПЫНА КЕЛТІРІЛДІ")
    _shop(paper, head)
    _numbers(paper, document)
    if document.ticket is not None:
        _ticket(paper, document.ticket)
    elif document.kind in (DocumentKind.MONEY, DocumentKind.CANCEL):
        _money(paper, document)
    elif document.report is not None:
        print_report(paper, document.report, document.server_report)
    if document.text:
        paper.rule()
        for line in document.text.splitlines():
            paper.left(line)
    _proof(paper, document, head)
    _ads(paper, document, head)
    paper.rule("=")
    paper.centre(TEST)
    return paper.lines


def _shop(paper: Paper, head: Letterhead) -> None:
    registration = head.registration
    if registration.org_title:
        paper.centre(registration.org_title)
    paper.centre(f"БИН/БСН {registration.org_inn or '—'}")
    paper.centre(registration.pos_title or head.model)


def _numbers(paper: Paper, document: PrintedDocument) -> None:
    paper.rule()
    paper.pair("Смена/Ауысым", document.shift)
    ticket = document.ticket
    if ticket is not None and ticket.shift_document_number is not None:
        paper.pair("Порядковый номер чека/Чектің реттік нөмірі", ticket.shift_document_number)
    paper.pair("Чек №" if ticket is not None else "Документ №/Құжат №", document.number)
    name = document.operator.name or "—"
    paper.pair("Кассир", name if document.operator.code is None else f"{name} ({document.operator.code})")


def _ticket(paper: Paper, ticket: Ticket) -> None:
    paper.centre(OPERATIONS.get(ticket.operation or 0, str(ticket.operation)))
    _parent(paper, ticket)
    paper.rule()
    number = 0
    for item in ticket.items:
        if isinstance(item, Line):
            number += 1
            _line(paper, number, item)
        elif isinstance(item, Modifier):
            _modifier(paper, item, item.type, 2)
    paper.rule()
    _modifier(paper, ticket.discount, ItemType.DISCOUNT)
    _modifier(paper, ticket.markup, ItemType.MARKUP)
    for payment in ticket.payments:
        paper.money(PAYMENTS.get(payment.type or 0, str(payment.type)), payment.sum or 0)
    if ticket.taken is not None and ticket.taken != ticket.paid(PaymentType.CASH):
        paper.money("Получено/Алынды", ticket.taken)
    if ticket.change:
        paper.money("Сдача/Қайтарым", ticket.change)
    paper.money("ИТОГО/БАРЛЫҒЫ", ticket.total or 0)
    for percent, tax in sorted(_taxes(ticket).items()):
        paper.money(f"в т.ч. НДС {percent_text(percent)}/оның ішінде ҚҚС", tax)
    if ticket.customer_iin:
        paper.pair("ИИН/БИН покупателя/Сатып алушының ЖСН/БСН", ticket.customer_iin)


def _parent(paper: Paper, ticket: Ticket) -> None:
    if ticket.parent is None:
        return
    paper.pair("По чеку/Чек бойынша", ticket.parent.number)
    if ticket.parent.time is not None:
        paper.pair("от/күні", f"{ticket.parent.time:%d.%m.%Y %H:%M:%S}")


def _line(paper: Paper, number: int, line: Line) -> None:
    storno = line.type == ItemType.STORNO_COMMODITY
    paper.left(f"{number}. {'СТОРНО ' if storno else ''}{line.name or line.code}")
    amount = f"{quantity_text(line.quantity or 0)} {unit_name(line.measure_unit)}".strip()
    sum_of_line = -(line.sum or 0) if storno else line.sum or 0
    paper.pair(f"{amount} × {money_text(line.price or 0)}", money_text(sum_of_line), 2)
    for tax in line.taxes:
        paper.money(f"НДС/ҚҚС {percent_text(tax.percent or 0)}", tax.sum or 0, 2)


def _modifier(paper: Paper, modifier: Modifier | None, kind: int | None, indent: int = 0) -> None:
    if modifier is None or kind is None:
        return
    label, sign = _MODIFIERS[ItemType(kind)]
    paper.money(label, sign * (modifier.sum or 0), indent)


def _taxes(ticket: Ticket) -> dict[int, int]:
    """Tax by percent, as the ticket comes to it: stornos and discounts take away."""
    found: dict[int, int] = {}
    for sign, entry in _tax_entries(ticket):
        found[entry.percent or 0] = found.get(entry.percent or 0, 0) + sign * (entry.sum or 0)
    return found


def _tax_entries(ticket: Ticket) -> Iterator[tuple[int, TaxEntry]]:
    for item in ticket.items:
        if isinstance(item, Line | Modifier):
            for entry in item.taxes:
                yield (-1 if item.type in _MINUS else 1), entry
    for modifier, sign in ((ticket.discount, -1), (ticket.markup, 1)):
        for entry in () if modifier is None else modifier.taxes:
            yield sign, entry
    for entry in ticket.taxes:
        yield 1, entry


def _money(paper: Paper, document: PrintedDocument) -> None:
    names = {kind.name: PLACEMENTS[kind] for kind in PlacementKind}
    if document.operation in names:
        paper.centre(names[document.operation])
    paper.rule()
    paper.money("СУММА/СОМАСЫ", document.total)


def _proof(paper: Paper, document: PrintedDocument, head: Letterhead) -> None:
    registration = head.registration
    paper.rule()
    if document.sign:
        paper.pair("Фискальный признак/Фискалдық белгі", document.sign)
    if document.server_sign and document.server_sign != document.sign:
        paper.pair("Признак ОФД/ФДО белгісі", document.server_sign)
    if document.delivery is Delivery.REMOVED:
        paper.centre("УДАЛЁН ИЗ ОЧЕРЕДИ/КЕЗЕКТЕН АЛЫНДЫ")
    paper.pair("Время/Уақыты", f"{document.time:%d.%m.%Y %H:%M:%S}")
    if registration.pos_address:
        paper.left(registration.pos_address)
    paper.left("Оператор фискальных данных/Фискалдық деректер операторы: TEST")
    if document.qr:
        paper.left("Для проверки чека зайдите на сайт/Чекті тексеру үшін сайтқа кіріңіз:")
        paper.left(document.qr.partition("?")[0])
    paper.pair("ИНК ОФД/КСН", head.device_id)
    paper.pair("Код ККМ КГД (РНМ)/МКК БКМ коды (КТН)", registration.rnm or "—")
    paper.pair("ЗНМ/КЗН", registration.serial or "—")


def _ads(paper: Paper, document: PrintedDocument, head: Letterhead) -> None:
    """The operator's ads with the sign in place of `${ticket_number}` (kz-ofd §3.5), but for INFO."""
    if document.ticket is None:
        return
    for ad in sorted(head.ads, key=lambda one: one.type):
        if ad.type != AdType.INFO and ad.text:
            paper.rule()
            for line in ad.text.replace("${ticket_number}", document.sign).splitlines():
                paper.centre(line)
