"""X and Z out of a device's counters (kz-ofd §9.1, §9.2)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from enum import Enum

from reference.protocol.kz import tally
from reference.protocol.kz.kinds import Operation, PaymentType, PlacementKind, ReportKind
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
from reference.protocol.kz.tally import DeviceCounters, Key, ShiftCounters, Sums

By = dict[Key, int]
"""The sums of one name by what they are counted by."""

_OPERATIONS = tuple(kind.value for kind in Operation)
_PAYMENTS = tuple(kind.value for kind in PaymentType)
_PLACEMENTS = tuple(kind.value for kind in PlacementKind)
_REVENUE = {Operation.SELL: 1, Operation.BUY_RETURN: 1, Operation.SELL_RETURN: -1, Operation.BUY: -1}
"""The sign of each operation in the revenue (kz-ofd ZR-14, TP-9)."""


class ZeroRows(Enum):
    """Switch `zero_rows`: rows that are all zero are left out, or every enum value has its row."""

    OMIT = "omit"
    FULL = "full"


def build_report(
    counters: DeviceCounters,
    kind: ReportKind,
    time: datetime | None,
    zero_rows: ZeroRows = ZeroRows.OMIT,
) -> ReportData:
    """Return the report of the open shift, or of the shift to come (kz-ofd RP-01).

    `time` becomes date_time, and of a Z close_shift_time as well.
    """
    shift = counters.shift or ShiftCounters(counters.shift_number, None, counters.non_nullable)
    by = _grouped(shift.sums)
    totals = _grouped(counters.totals)
    full = zero_rows is ZeroRows.FULL
    sections = _sections(by, full=full)
    operations = _operation_rows(_summed(by[tally.SECTION_COUNT]), _summed(by[tally.SECTION_SUM]), full=full)
    return ReportData(
        time=time,
        shift_number=shift.number,
        sections=sections,
        operations=operations,
        discounts=_operation_rows(by[tally.DISCOUNT_COUNT], by[tally.DISCOUNT_SUM], full=full),
        markups=_operation_rows(by[tally.MARKUP_COUNT], by[tally.MARKUP_SUM], full=full),
        total_result=_total_result(by, full=full),
        taxes=_taxes(by, full=full),
        start_non_nullable=_sum_rows(_grouped(shift.start)[tally.NON_NULLABLE], full=full),
        tickets=_ticket_rows(by, totals[tally.TICKETS_TOTAL], full=full),
        placements=_placement_rows(by, totals[tally.PLACEMENTS_TOTAL], full=full),
        cash=counters.cash,
        revenue=sum(_REVENUE[Operation(int(key[0]))] * value for key, value in by[tally.TICKET_SUM].items()),
        non_nullable=_sum_rows(totals[tally.NON_NULLABLE], full=full),
        opened=shift.opened,
        closed=time if kind == ReportKind.Z else None,
    )


def empty_report(time: datetime, shift_number: int) -> ReportData:
    """Return the report of a device without a Z: INFO gives it number 1, REPORT number 0 (kz-ofd TP-6).

    It is written without a checksum, as captured.
    """
    return ReportData(time, shift_number)


def _grouped(sums: Sums) -> defaultdict[str | int, By]:
    groups: defaultdict[str | int, By] = defaultdict(dict)
    for key, value in sums.items():
        groups[key[0]][key[1:]] = value
    return groups


def _summed(by: By) -> By:
    """The same sums by operation alone."""
    found: By = defaultdict(int)
    for key, value in by.items():
        found[key[:1]] += value
    return found


def _operation_rows(counts: By, sums: By, *, full: bool) -> tuple[OperationRow, ...]:
    rows = (OperationRow(kind, counts.get((kind,), 0), sums.get((kind,), 0)) for kind in _OPERATIONS)
    return tuple(row for row in rows if full or row.count or row.sum)


def _sections(by: defaultdict[str | int, By], *, full: bool) -> tuple[SectionRow, ...]:
    counts, sums = by[tally.SECTION_COUNT], by[tally.SECTION_SUM]
    codes = sorted({str(key[1]) for key in (*counts, *sums)})
    return tuple(
        SectionRow(code, _operation_rows(_of(counts, code), _of(sums, code), full=full)) for code in codes
    )


def _of(by: By, last: str | int) -> By:
    """The entries whose last key is `last`, without it."""
    return {key[:-1]: value for key, value in by.items() if key[-1] == last}


def _total_result(by: defaultdict[str | int, By], *, full: bool) -> tuple[OperationRow, ...]:
    sums = _summed(by[tally.SECTION_SUM])
    for key, value in by[tally.DISCOUNT_SUM].items():
        sums[key] = sums.get(key, 0) - value
    for key, value in by[tally.MARKUP_SUM].items():
        sums[key] = sums.get(key, 0) + value
    return _operation_rows(_summed(by[tally.SECTION_COUNT]), sums, full=full)


def _taxes(by: defaultdict[str | int, By], *, full: bool) -> tuple[TaxRow, ...]:
    turnovers, taxes = by[tally.TURNOVER], by[tally.TAX]
    kinds = sorted({(int(key[1]), int(key[2])) for key in (*turnovers, *taxes)})
    rows = []
    for tax_type, percent in kinds:
        operations = (
            TaxOperationRow(
                kind, turnovers.get((kind, tax_type, percent), 0), taxes.get((kind, tax_type, percent), 0)
            )
            for kind in _OPERATIONS
        )
        kept = tuple(row for row in operations if full or row.turnover or row.sum)
        rows.append(TaxRow(tax_type, percent, kept))
    return tuple(rows)


def _sum_rows(by: By, *, full: bool) -> tuple[SumRow, ...]:
    rows = (SumRow(kind, by.get((kind,), 0)) for kind in _OPERATIONS)
    return tuple(row for row in rows if full or row.sum)


def _ticket_rows(by: defaultdict[str | int, By], totals: By, *, full: bool) -> tuple[TicketRow, ...]:
    rows = []
    for kind in _OPERATIONS:
        row = TicketRow(
            operation=kind,
            total_count=totals.get((kind,), 0),
            count=by[tally.TICKET_COUNT].get((kind,), 0),
            sum=by[tally.TICKET_SUM].get((kind,), 0),
            payments=_payment_rows(by, kind, full=full),
            offline_count=by[tally.TICKET_OFFLINE].get((kind,), 0),
            discount_sum=by[tally.TICKET_DISCOUNT].get((kind,), 0),
            markup_sum=by[tally.TICKET_MARKUP].get((kind,), 0),
            change_sum=by[tally.TICKET_CHANGE].get((kind,), 0),
        )
        if full or row.total_count or row.count or row.sum:
            rows.append(row)
    return tuple(rows)


def _payment_rows(by: defaultdict[str | int, By], operation: int, *, full: bool) -> tuple[PaymentRow, ...]:
    rows = (
        PaymentRow(
            kind,
            by[tally.PAYMENT_SUM].get((operation, kind), 0),
            by[tally.PAYMENT_COUNT].get((operation, kind), 0),
        )
        for kind in _PAYMENTS
    )
    return tuple(row for row in rows if full or row.sum or row.count)


def _placement_rows(by: defaultdict[str | int, By], totals: By, *, full: bool) -> tuple[PlacementRow, ...]:
    rows = (
        PlacementRow(
            operation=kind,
            total_count=totals.get((kind,), 0),
            count=by[tally.PLACEMENT_COUNT].get((kind,), 0),
            sum=by[tally.PLACEMENT_SUM].get((kind,), 0),
            offline_count=by[tally.PLACEMENT_OFFLINE].get((kind,), 0),
        )
        for kind in _PLACEMENTS
    )
    return tuple(row for row in rows if full or row.total_count or row.count or row.sum)
