"""ZXReport messages from `ReportData` and back, in every version's tables (kz-ofd §9.1, §11, §12)."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from reference.protocol.kz.dialects import Dialect
from reference.protocol.kz.envelope import enum_number, set_enum_number
from reference.protocol.kz.money import read_time, set_money, set_time, to_tiyn
from reference.protocol.kz.reports import (
    OperationRow,
    PaymentRow,
    PlacementRow,
    ReportData,
    SectionRow,
    SumRow,
    TaxOperationRow,
    TaxRow,
    TicketRow,
)


def write_report(dialect: Dialect, message: Any, report: ReportData, *, checksum: bool = True) -> None:
    """Fill a ZXReport message; the fields a strict client needs are always there (kz-ofd PA-4).

    Sums that went below zero, as offline documents can make them, are written as 0 (kz-ofd RG-04). 2.0.4
    requires open_shift_time: without an open shift it is the report's own time. `checksum` is left out of
    the empty reports of a fresh device (kz-ofd §3.3).
    """
    if report.time is not None:
        set_time(message.date_time, report.time)
    message.shift_number = report.shift_number
    for section in report.sections:
        _write_operations(message.sections.add(section_code=section.section).operations, section.operations)
    _write_operations(message.operations, report.operations)
    _write_operations(message.discounts, report.discounts)
    _write_operations(message.markups, report.markups)
    _write_operations(message.total_result, report.total_result)
    for tax in report.taxes:
        _write_tax(dialect, message.taxes.add(), tax)
    _write_sums(message.start_shift_non_nullable_sums, report.start_non_nullable)
    for ticket in report.tickets:
        _write_tickets(dialect, message.ticket_operations.add(), ticket)
    for placement in report.placements:
        _write_placement(dialect, message.money_placements.add(), placement)
    _set(message.cash_sum, report.cash)
    _set(message.revenue.sum, abs(report.revenue))
    message.revenue.is_negative = report.revenue < 0
    _write_sums(message.non_nullable_sums, report.non_nullable)
    if dialect.has("ZXReport.open_shift_time"):
        _write_end(dialect, message, report, checksum)


def read_report(dialect: Dialect, message: Any) -> ReportData:
    """Return a ZXReport message's rows as they came; absent figures are 0."""
    opened, closed = None, None
    if dialect.has("ZXReport.open_shift_time"):
        opened = read_time(message.open_shift_time)[0]
        closed = read_time(message.close_shift_time)[0]
    revenue = to_tiyn(message.revenue.sum)
    return ReportData(
        time=read_time(message.date_time)[0],
        shift_number=message.shift_number,
        sections=tuple(
            SectionRow(_text(section.section_code), _operations(section.operations))
            for section in message.sections
        ),
        operations=_operations(message.operations),
        discounts=_operations(message.discounts),
        markups=_operations(message.markups),
        total_result=_operations(message.total_result),
        taxes=tuple(_tax(dialect, tax) for tax in message.taxes),
        start_non_nullable=_sums(message.start_shift_non_nullable_sums),
        tickets=tuple(_tickets(dialect, row) for row in message.ticket_operations),
        placements=tuple(_placement(dialect, row) for row in message.money_placements),
        cash=to_tiyn(message.cash_sum),
        revenue=-revenue if message.revenue.is_negative else revenue,
        non_nullable=_sums(message.non_nullable_sums),
        opened=opened,
        closed=closed,
        checksum=_text(message.checksum) if dialect.has("ZXReport.checksum") else "",
    )


def report_checksum(message: Any) -> str:
    """Return CRC-32 (IEEE) over a ZXReport with checksum = "", as 8 upper-case hex digits (kz-ofd ZR-18)."""
    bare = type(message)()
    bare.CopyFrom(message)
    bare.checksum = ""
    return f"{zlib.crc32(bare.SerializeToString()):08X}"


def _write_end(dialect: Dialect, message: Any, report: ReportData, checksum: bool) -> None:
    opened = report.opened
    if opened is None and dialect.tables >= 204:
        opened = report.time
    if opened is not None:
        set_time(message.open_shift_time, opened)
    if report.closed is not None:
        set_time(message.close_shift_time, report.closed)
    if checksum:
        message.checksum = report_checksum(message)


def _set(money: Any, tiyn: int) -> None:
    set_money(money, max(0, tiyn))


def _write_operations(target: Any, rows: Iterable[OperationRow]) -> None:
    for row in rows:
        _set(target.add(operation=row.operation, count=row.count).sum, row.sum)


def _write_sums(target: Any, rows: Iterable[SumRow]) -> None:
    for row in rows:
        _set(target.add(operation=row.operation).sum, row.sum)


def _write_tax(dialect: Dialect, target: Any, tax: TaxRow) -> None:
    set_number(target, dialect.tax_type_field, tax.tax_type)
    target.percent = tax.percent
    whole = dialect.has("ZXReport.Tax.TaxOperation.turnover_without_tax")
    for row in tax.operations:
        entry = target.operations.add(operation=row.operation)
        _set(entry.turnover, row.turnover)
        _set(entry.sum, row.sum)
        if whole:
            _set(entry.turnover_without_tax, row.turnover_without_tax)


def _write_tickets(dialect: Dialect, target: Any, row: TicketRow) -> None:
    target.operation = row.operation
    target.tickets_total_count = row.total_count
    target.tickets_count = row.count
    _set(target.tickets_sum, row.sum)
    counted = dialect.has("ZXReport.TicketOperation.Payment.count")
    for payment in row.payments:
        entry = target.payments.add()
        set_enum_number(entry, "payment", payment.type)
        _set(entry.sum, payment.sum)
        if counted:
            entry.count = payment.count
    if dialect.has("ZXReport.TicketOperation.offline_count"):
        target.offline_count = row.offline_count
        _set(target.discount_sum, row.discount_sum)
        _set(target.markup_sum, row.markup_sum)
        _set(target.change_sum, row.change_sum)


def _write_placement(dialect: Dialect, target: Any, row: PlacementRow) -> None:
    target.operation = row.operation
    target.operations_total_count = row.total_count
    target.operations_count = row.count
    _set(target.operations_sum, row.sum)
    if dialect.has("ZXReport.MoneyPlacement.offline_count"):
        target.offline_count = row.offline_count


def set_number(message: Any, field: str, number: int) -> None:
    """Write a number into a field that is a number in some versions and an enum in others."""
    if message.DESCRIPTOR.fields_by_name[field].enum_type is None:
        setattr(message, field, number)
    else:
        set_enum_number(message, field, number)


def _operations(rows: Any) -> tuple[OperationRow, ...]:
    return tuple(OperationRow(row.operation, row.count, to_tiyn(row.sum)) for row in rows)


def _sums(rows: Any) -> tuple[SumRow, ...]:
    return tuple(SumRow(row.operation, to_tiyn(row.sum)) for row in rows)


def _tax(dialect: Dialect, message: Any) -> TaxRow:
    rows = tuple(_tax_operation(dialect, row) for row in message.operations)
    return TaxRow(getattr(message, dialect.tax_type_field), message.percent, rows)


def _tax_operation(dialect: Dialect, row: Any) -> TaxOperationRow:
    stated = dialect.has("ZXReport.Tax.TaxOperation.turnover_without_tax")
    without = to_tiyn(row.turnover_without_tax) if stated and row.HasField("turnover_without_tax") else None
    return TaxOperationRow(row.operation, to_tiyn(row.turnover), to_tiyn(row.sum), without)


def _tickets(dialect: Dialect, row: Any) -> TicketRow:
    later = dialect.has("ZXReport.TicketOperation.offline_count")
    counted = dialect.has("ZXReport.TicketOperation.Payment.count")
    payments = (
        PaymentRow(
            enum_number(payment, "payment") or 0, to_tiyn(payment.sum), payment.count if counted else 0
        )
        for payment in row.payments
    )
    return TicketRow(
        operation=row.operation,
        total_count=row.tickets_total_count,
        count=row.tickets_count,
        sum=to_tiyn(row.tickets_sum),
        payments=tuple(payments),
        offline_count=row.offline_count if later else 0,
        discount_sum=to_tiyn(row.discount_sum) if later else 0,
        markup_sum=to_tiyn(row.markup_sum) if later else 0,
        change_sum=to_tiyn(row.change_sum) if later else 0,
    )


def _placement(dialect: Dialect, row: Any) -> PlacementRow:
    later = dialect.has("ZXReport.MoneyPlacement.offline_count")
    return PlacementRow(
        operation=row.operation,
        total_count=row.operations_total_count,
        count=row.operations_count,
        sum=to_tiyn(row.operations_sum),
        offline_count=row.offline_count if later else 0,
    )


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
