"""X and Z reports on paper: every row of kz-ofd §9.1 that is not empty."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from reference.kkm.paper import OPERATIONS, PAYMENTS, PLACEMENTS, Paper, percent_text
from reference.protocol.kz.reports import (
    OperationRow,
    PlacementRow,
    ReportData,
    SumRow,
    TicketRow,
    differences,
)

_BLOCKS: Final = (
    ("ПОЗИЦИИ/ПОЗИЦИЯЛАР", "operations"),
    ("СКИДКИ/ЖЕҢІЛДІКТЕР", "discounts"),
    ("НАЦЕНКИ/ҮСТЕМЕЛЕР", "markups"),
    ("ИТОГИ/ҚОРЫТЫНДЫ", "total_result"),
)


def print_report(paper: Paper, report: ReportData, answered: ReportData | None = None) -> None:
    """Write a report; figures in which the operator's own differs follow (kz-ofd OQ-10)."""
    _moment(paper, "Открыта/Ашылды", report.opened)
    _moment(paper, "Закрыта/Жабылды", report.closed)
    _sums(paper, "НЕОБНУЛЯЕМЫЕ НА НАЧАЛО/БАСЫНДАҒЫ НӨЛДЕНБЕЙТІН", report.start_non_nullable)
    for section in report.sections:
        _rows(paper, f"СЕКЦИЯ/СЕКЦИЯ {section.section}", section.operations)
    for title, name in _BLOCKS:
        _rows(paper, title, getattr(report, name))
    _taxes(paper, report)
    for row in report.tickets:
        _tickets(paper, row)
    for placement in report.placements:
        _placement(paper, placement)
    _sums(paper, "НЕОБНУЛЯЕМЫЕ СУММЫ/НӨЛДЕНБЕЙТІН СОМАЛАР", report.non_nullable)
    paper.rule()
    paper.money("Выручка/Түсім", report.revenue)
    paper.money("Наличные в кассе/Кассадағы ақша", report.cash)
    if report.checksum:
        paper.pair("Контрольная сумма/Бақылау сомасы", report.checksum)
    if answered is not None:
        _answered(paper, report, answered)


def _moment(paper: Paper, label: str, time: datetime | None) -> None:
    if time is not None:
        paper.pair(label, f"{time:%d.%m.%Y %H:%M:%S}")


def _rows(paper: Paper, title: str, rows: tuple[OperationRow, ...]) -> None:
    if not rows:
        return
    paper.rule()
    paper.centre(title)
    for row in rows:
        paper.money(f"{_operation(row.operation)}: {row.count}", row.sum)


def _sums(paper: Paper, title: str, rows: tuple[SumRow, ...]) -> None:
    if not rows:
        return
    paper.rule()
    paper.centre(title)
    for row in rows:
        paper.money(_operation(row.operation), row.sum)


def _taxes(paper: Paper, report: ReportData) -> None:
    for tax in report.taxes:
        paper.rule()
        paper.centre(f"НДС/ҚҚС {percent_text(tax.percent)}")
        for row in tax.operations:
            paper.left(_operation(row.operation))
            paper.money("Оборот/Айналым", row.turnover, 2)
            paper.money("Налог/Салық", row.sum, 2)
            paper.money("Без налога/Салықсыз", row.turnover_without_tax, 2)


def _tickets(paper: Paper, row: TicketRow) -> None:
    paper.rule()
    paper.centre(f"ЧЕКИ/ЧЕКТЕР: {OPERATIONS.get(row.operation, str(row.operation))}")
    paper.money(f"За смену/Ауысымда: {row.count}", row.sum)
    paper.pair("С регистрации/Тіркеуден бері", row.total_count)
    for payment in row.payments:
        name = PAYMENTS.get(payment.type, str(payment.type))
        paper.money(f"{name}: {payment.count}", payment.sum, 2)
    if row.offline_count:
        paper.pair("Автономных/Автономды", row.offline_count)
    for label, value in (
        ("Скидки на чек/Чекке жеңілдік", row.discount_sum),
        ("Наценки на чек/Чекке үстеме", row.markup_sum),
        ("Сдача/Қайтарым", row.change_sum),
    ):
        if value:
            paper.money(label, value)


def _placement(paper: Paper, row: PlacementRow) -> None:
    paper.rule()
    paper.centre(PLACEMENTS.get(row.operation, str(row.operation)))
    paper.money(f"За смену/Ауысымда: {row.count}", row.sum)
    paper.pair("С регистрации/Тіркеуден бері", row.total_count)
    if row.offline_count:
        paper.pair("Автономных/Автономды", row.offline_count)


def _answered(paper: Paper, report: ReportData, answered: ReportData) -> None:
    found = differences(report, answered)
    paper.rule()
    if not found:
        paper.centre("СОВПАДАЕТ С ОФД/ФДО-МЕН СӘЙКЕС")
        return
    paper.centre("РАСХОЖДЕНИЯ С ОФД/ФДО-МЕН АЙЫРМАШЫЛЫҚ")
    for one in found:
        paper.left(one.field)
        paper.pair(f"{one.ours}", f"{one.theirs}", 2)


def _operation(number: int) -> str:
    return OPERATIONS.get(number, str(number)).capitalize()
