"""How a register takes its counters over from an INFO answer (kz-ofd §3.3, OQ-10, OQ-13)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reference.protocol.kz import tally
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.tally import DeviceCounters, Key, ShiftCounters, Sums


def take_over(local: DeviceCounters, kind: int, report: ReportData) -> DeviceCounters:
    """Return a register's counters after it read the server's report.

    X: the shift is open since open_shift_time, with all the report's sums. Z: none is open, and the report's
    shift is the last one only if it bears a close_shift_time; a fresh device begins with the number it is
    given. Non-nullable sums and counts since registration only grow. A register with unsent documents must
    not call this.
    """
    totals = dict(local.totals)
    for key, value in _totals(report):
        totals[key] = max(value, totals.get(key, 0))
    totals = _kept(totals.items())
    if kind == ReportKind.X:
        start = _kept(((tally.NON_NULLABLE, row.operation), row.sum) for row in report.start_non_nullable)
        shift = ShiftCounters(report.shift_number, report.opened, start, _kept(_shift(report)))
        return DeviceCounters(report.cash, report.shift_number - 1, totals, shift)
    last = report.shift_number if report.closed is not None else report.shift_number - 1
    return DeviceCounters(report.cash, max(0, last), totals)


def _totals(report: ReportData) -> Iterator[tuple[Key, int]]:
    for row in report.non_nullable:
        yield (tally.NON_NULLABLE, row.operation), row.sum
    for ticket in report.tickets:
        yield (tally.TICKETS_TOTAL, ticket.operation), ticket.total_count
    for placement in report.placements:
        yield (tally.PLACEMENTS_TOTAL, placement.operation), placement.total_count


def _shift(report: ReportData) -> Iterator[tuple[Key, int]]:
    for section in report.sections:
        for row in section.operations:
            yield (tally.SECTION_COUNT, row.operation, section.section), row.count
            yield (tally.SECTION_SUM, row.operation, section.section), row.sum
    for count_key, sum_key, rows in (
        (tally.DISCOUNT_COUNT, tally.DISCOUNT_SUM, report.discounts),
        (tally.MARKUP_COUNT, tally.MARKUP_SUM, report.markups),
    ):
        for row in rows:
            yield (count_key, row.operation), row.count
            yield (sum_key, row.operation), row.sum
    for tax in report.taxes:
        for entry in tax.operations:
            by = (entry.operation, tax.tax_type, tax.percent)
            yield (tally.TURNOVER, *by), entry.turnover
            yield (tally.TAX, *by), entry.sum
    yield from _tickets(report)


def _tickets(report: ReportData) -> Iterator[tuple[Key, int]]:
    for row in report.tickets:
        yield (tally.TICKET_COUNT, row.operation), row.count
        yield (tally.TICKET_SUM, row.operation), row.sum
        yield (tally.TICKET_OFFLINE, row.operation), row.offline_count
        yield (tally.TICKET_DISCOUNT, row.operation), row.discount_sum
        yield (tally.TICKET_MARKUP, row.operation), row.markup_sum
        yield (tally.TICKET_CHANGE, row.operation), row.change_sum
        for payment in row.payments:
            yield (tally.PAYMENT_COUNT, row.operation, payment.type), payment.count
            yield (tally.PAYMENT_SUM, row.operation, payment.type), payment.sum
    for placement in report.placements:
        yield (tally.PLACEMENT_COUNT, placement.operation), placement.count
        yield (tally.PLACEMENT_SUM, placement.operation), placement.sum
        yield (tally.PLACEMENT_OFFLINE, placement.operation), placement.offline_count


def _kept(sums: Iterable[tuple[Key, int]]) -> Sums:
    found: Sums = {}
    for key, value in sums:
        found[key] = found.get(key, 0) + value
    return {key: value for key, value in found.items() if value}
