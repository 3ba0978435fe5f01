"""Papers: order and languages of kz-ofd §13.5, the reports of §9.1, TEST, and what fits the roll."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.kkm.catalogue import UNITS, unit_name
from reference.kkm.paper import WIDTHS, Paper, percent_text, quantity_text
from reference.kkm.qr import qr_lines, qr_svg
from reference.kkm.tape import Letterhead, print_tape
from reference.kkm.values import CASHIER, Delivery, DocumentKind, PrintedDocument
from reference.protocol.kz.counters import DeviceCounters, apply_ticket, build_report
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.kinds import ItemType, Operation, PaymentType, ReportKind
from reference.protocol.kz.service import Registration, TicketAd
from reference.protocol.kz.tickets import Line, Modifier, ParentTicket, Payment, TaxEntry, Ticket

TIME = datetime(2026, 7, 1, 9, 0, 1)
QR = "http://127.0.0.1:7778/?i=1338045056&f=600400112233&s=650.00&t=20260701T090001"
HEAD = Letterhead(
    Registration(
        "600400112233",
        "SWK00000042",
        "4931",
        "Дүкен 1",
        "Алматы, Абай 1",
        org_title="ТОО Сынақ",
        org_inn="990140000017",
    ),
    4931,
    "Kassalab",
    (TicketAd(4, 1, "INFO сюда не идёт"), TicketAd(0, 2, "Спасибо, чек ${ticket_number}")),
)
TICKET = Ticket(
    Operation.SELL,
    TIME,
    CASHIER,
    (
        Line(1, "Шай", "1", 2000, 350_00, 700_00, (TaxEntry(12000, 75_00),), "796"),
        Modifier(ItemType.DISCOUNT, "скидка", 50_00, (TaxEntry(12000, 5_36),)),
        Line(1, "Қант", "1", 500, 360_00, 180_00, (), "166"),
        Line(2, "Қант", "1", 500, 360_00, 180_00, (), "166"),
    ),
    (Payment(PaymentType.CASH, 500_00), Payment(PaymentType.MOBILE, 150_00)),
    650_00,
    1000_00,
    500_00,
)
SALE = PrintedDocument(12, DocumentKind.TICKET, TIME, 3, "SELL", 650_00, "1338045056", qr=QR, ticket=TICKET)


def text(document: PrintedDocument, width: int = 48) -> str:
    return "\n".join(print_tape(document, HEAD, width))


def in_order(shown: str, *parts: str) -> None:
    at = 0
    for part in parts:
        found = shown.find(part, at)
        assert found >= 0, f"{part!r} does not follow in\n{shown}"
        at = found + len(part)


def test_a_sale_stands_in_the_order_of_the_real_sample() -> None:
    in_order(
        text(SALE),
        "*** TEST ***",
        "ФИСКАЛЬНЫЙ ЧЕК/ФИСКАЛДЫ ЧЕК",
        "ТОО Сынақ",
        "БИН/БСН 990140000017",
        "Дүкен 1",
        "Смена/Ауысым                                   3",
        "Чек №                                         12",
        "Кассир                                Кассир (1)",
        "ПРОДАЖА/САТУ",
        "1. Шай",
        "  2 шт × 350.00                           700.00",
        "Скидка/Жеңілдік                         -50.00",
        "2. Қант",
        "  0.5 кг × 360.00                         180.00",
        "3. СТОРНО Қант",
        "-180.00",
        "Наличные/Қолма-қол ақша                   500.00",
        "Мобильный платёж/Мобильді төлем           150.00",
        "Сдача/Қайтарым                            500.00",
        "ИТОГО/БАРЛЫҒЫ                             650.00",
        "в т.ч. НДС 12%/оның ішінде ҚҚС             69.64",
        "Фискальный признак/Фискалдық белгі    1338045056",
        "Время/Уақыты                 01.07.2026 09:00:01",
        "Алматы, Абай 1",
        "Оператор фискальных данных",
        "Для проверки чека зайдите на сайт",
        "http://127.0.0.1:7778/",
        "ИНК ОФД/КСН                                 4931",
        "Код ККМ КГД (РНМ)/МКК БКМ коды (КТН)",
        "600400112233",
        "ЗНМ/КЗН                              SWK00000042",
        "Спасибо, чек 1338045056",
        "*** TEST ***",
    )
    assert "АВТОНОМНЫЙ" not in text(SALE)
    assert "INFO сюда" not in text(SALE)


def test_test_is_the_first_and_the_last_thing_on_every_paper() -> None:
    for kind in DocumentKind:
        lines = print_tape(PrintedDocument(1, kind, TIME, 1), HEAD)
        assert lines[0].strip() == lines[-1].strip() == "*** TEST ***"


def test_an_autonomous_sale_says_so_and_shows_the_operators_sign_when_it_has_come() -> None:
    queued = replace(
        SALE, autonomous=True, delivery=Delivery.WAITING, sign="1782892801", offline_number=1782892801
    )
    in_order(text(queued), "ФИСКАЛЬНЫЙ ЧЕК", "АВТОНОМНЫЙ/АВТОНОМДЫ", "1782892801")
    assert "Признак ОФД" not in text(queued)
    in_order(text(replace(queued, server_sign="1338045056")), "1782892801", "Признак ОФД", "1338045056")


def test_what_happened_to_a_paper_stands_on_it() -> None:
    assert "УДАЛЁН ИЗ ОЧЕРЕДИ" in text(replace(SALE, delivery=Delivery.REMOVED))
    assert "ВОССТАНОВЛЕН ПОСЛЕ СБОЯ" in text(replace(SALE, recovered=True))


def test_a_return_names_the_ticket_it_gives_back() -> None:
    parent = ParentTicket("77", TIME, "600400112233", 1, False)
    back = replace(TICKET, operation=Operation.SELL_RETURN, parent=parent, customer_iin="990140000017")
    in_order(
        text(replace(SALE, ticket=back)),
        "ВОЗВРАТ ПРОДАЖИ/САТУДЫ ҚАЙТАРУ",
        "По чеку/Чек бойынша                           77",
        "01.07.2026 09:00:01",
        "ИИН/БИН покупателя",
        "990140000017",
    )


def test_modifiers_and_taxes_of_the_whole_ticket() -> None:
    whole = replace(
        TICKET,
        items=(Line(1, "Нан", "1", 1000, 100_00, 100_00),),
        markup=Modifier(None, "наценка", 12_00),
        taxes=(TaxEntry(12000, 12_00), TaxEntry(0, 0)),
    )
    in_order(
        text(replace(SALE, ticket=whole)),
        "Наценка/Үстеме баға                        12.00",
        "в т.ч. НДС 0%/оның ішінде ҚҚС               0.00",
        "в т.ч. НДС 12%/оның ішінде ҚҚС             12.00",
    )


def test_money_put_in() -> None:
    shown = text(PrintedDocument(1, DocumentKind.MONEY, TIME, 1, "DEPOSIT", 5000_00))
    in_order(shown, "СЛУЖЕБНЫЙ ЧЕК", "ВНЕСЕНИЕ/САЛЫМ", "СУММА/СОМАСЫ                             5000.00")


def test_a_z_shows_every_figure_of_its_report() -> None:
    counters = apply_ticket(DeviceCounters(), TICKET)
    report = build_report(counters, ReportKind.Z, TIME)
    z = PrintedDocument(13, DocumentKind.Z, TIME, 1, report=report)
    in_order(
        text(z),
        "Z-ОТЧЁТ/Z-ЕСЕП",
        "Открыта/Ашылды               01.07.2026 09:00:01",
        "СЕКЦИЯ/СЕКЦИЯ 1",
        "Продажа/сату: 2                           700.00",
        "СКИДКИ/ЖЕҢІЛДІКТЕР",
        "Продажа/сату: 1                            50.00",
        "ИТОГИ/ҚОРЫТЫНДЫ",
        "650.00",
        "НДС/ҚҚС 12%",
        "Без налога/Салықсыз",
        "ЧЕКИ/ЧЕКТЕР: ПРОДАЖА/САТУ",
        "За смену/Ауысымда: 1                      650.00",
        "Наличные/Қолма-қол ақша: 1              500.00",
        "Сдача/Қайтарым                            500.00",
        "НЕОБНУЛЯЕМЫЕ СУММЫ",
        "Выручка/Түсім                             650.00",
        "Наличные в кассе/Кассадағы ақша           500.00",
    )
    same = text(replace(z, server_report=report))
    assert "СОВПАДАЕТ С ОФД" in same
    other = text(replace(z, server_report=replace(report, cash=1)))
    in_order(other, "РАСХОЖДЕНИЯ С ОФД", "cash_sum", "50000", "1")


def test_what_a_printer_or_a_terminal_would_obey_is_not_printed() -> None:
    sly = replace(TICKET, items=(Line(1, "A\x1b[2J\r\nB", "1", 1000, 1, 1),))
    shown = text(replace(SALE, ticket=sly))
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert "1. A [2J  B" in shown


@pytest.mark.parametrize("width", WIDTHS)
@given(seed=st.integers(0, 2**32))
def test_no_line_is_wider_than_the_roll(width: int, seed: int) -> None:
    ticket = random_ticket(Random(seed), 203, TIME)
    document = replace(SALE, ticket=ticket, total=ticket.total or 0)
    counters = apply_ticket(DeviceCounters(), ticket)
    z = PrintedDocument(2, DocumentKind.Z, TIME, 1, report=build_report(counters, ReportKind.Z, TIME))
    for lines in (print_tape(document, HEAD, width), print_tape(z, HEAD, width)):
        assert max(map(len, lines)) <= width
        assert all("\n" not in line for line in lines)


def test_a_pair_that_does_not_fit_stands_on_two_lines() -> None:
    paper = Paper(32)
    paper.pair("a" * 20, "b" * 11)
    paper.pair("a" * 20, "b" * 12)
    assert paper.lines == ["a" * 20 + " " + "b" * 11, "a" * 20, " " * 20 + "b" * 12]


def test_numbers_as_people_write_them() -> None:
    assert [quantity_text(one) for one in (1000, 500, 1125, 10)] == ["1", "0.5", "1.125", "0.01"]
    assert [percent_text(one) for one in (12000, 0, 12500)] == ["12%", "0%", "12.5%"]


def test_units() -> None:
    assert unit_name("796") == "шт"
    assert unit_name("9999") == "9999"
    assert len(UNITS) == 35


def test_the_qr_code_is_drawn_twice_and_safe() -> None:
    picture = qr_svg(QR)
    assert picture.startswith(b"<svg")
    assert b"script" not in picture
    drawn = qr_lines(QR)
    assert len({len(line) for line in drawn}) == 1
    assert set("".join(drawn)) == set(" ▀▄█")
    assert drawn != qr_lines(QR.replace("650.00", "651.00"))
