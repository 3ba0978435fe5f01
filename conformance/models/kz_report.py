"""The judge's figures of a Kazakh report as the rows that a register sends (kz-ofd §9.1)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from conformance.models.kz_money import OPERATIONS, PAYMENTS, PLACEMENTS, Figures
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

_BRACKETED = re.compile(r"(sections|taxes)\[(.*)\]\.(\w+)\.(\w+)")

Counts = Mapping[str, int]
Tree = dict[str, dict[str, dict[str, int]]]


def report_of(figures: Figures, time: datetime) -> ReportData:
    """The report that holds just these figures, made at `time`."""
    plain: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    deep: Tree = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    times: dict[str, datetime] = {}
    for name, value in figures.items():
        if isinstance(value, str):
            times[name] = datetime.fromisoformat(value)
        elif found := _BRACKETED.fullmatch(name):
            deep[found[1]][f"{found[2]}.{found[3]}"][found[4]] = value
        else:
            first, _, rest = name.partition(".")
            plain[first][rest] = value
    return ReportData(
        time,
        plain["shift_number"][""],
        sections=_sections(deep["sections"]),
        operations=_operations(plain["operations"]),
        discounts=_operations(plain["discounts"]),
        markups=_operations(plain["markups"]),
        total_result=_operations(plain["total_result"]),
        taxes=_taxes(deep["taxes"]),
        start_non_nullable=_sums(plain["start_shift_non_nullable_sums"]),
        tickets=_tickets(plain["ticket_operations"]),
        placements=_placements(plain["money_placements"]),
        cash=plain["cash_sum"][""],
        revenue=plain["revenue"][""],
        non_nullable=_sums(plain["non_nullable_sums"]),
        opened=times.get("open_shift_time"),
        closed=times.get("close_shift_time"),
    )


def _named(counts: Counts, names: tuple[str, ...]) -> list[tuple[int, str]]:
    """The numbers and names of an enumeration that have figures."""
    return [
        (number, name)
        for number, name in enumerate(names)
        if any(key == name or key.startswith(f"{name}.") for key in counts)
    ]


def _operations(counts: Counts) -> tuple[OperationRow, ...]:
    return tuple(
        OperationRow(number, counts.get(f"{name}.count", 0), counts.get(f"{name}.sum", 0))
        for number, name in _named(counts, OPERATIONS)
    )


def _sums(counts: Counts) -> tuple[SumRow, ...]:
    return tuple(SumRow(number, counts[name]) for number, name in _named(counts, OPERATIONS))


def _sections(tree: Mapping[str, Counts]) -> tuple[SectionRow, ...]:
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    for place, counts in tree.items():
        code, _, name = place.rpartition(".")
        rows[code] |= {f"{name}.{field}": value for field, value in counts.items()}
    return tuple(SectionRow(code, _operations(row)) for code, row in sorted(rows.items()))


def _taxes(tree: Mapping[str, Counts]) -> tuple[TaxRow, ...]:
    rows: dict[str, list[TaxOperationRow]] = defaultdict(list)
    for place, counts in tree.items():
        percent, _, name = place.rpartition(".")
        row = TaxOperationRow(
            OPERATIONS.index(name),
            counts.get("turnover", 0),
            counts.get("sum", 0),
            counts.get("turnover_without_tax", 0),
        )
        rows[percent].append(row)
    return tuple(TaxRow(100, int(percent), tuple(row)) for percent, row in sorted(rows.items()))


def _tickets(counts: Counts) -> tuple[TicketRow, ...]:
    def row(number: int, name: str) -> TicketRow:
        def of(field: str) -> int:
            return counts.get(f"{name}.{field}", 0)

        payments = tuple(
            PaymentRow(kind, of(f"payments.{word}.sum"), of(f"payments.{word}.count"))
            for kind, word in enumerate(PAYMENTS)
            if of(f"payments.{word}.count")
        )
        return TicketRow(
            number,
            of("total_count"),
            of("count"),
            of("sum"),
            payments,
            of("offline_count"),
            of("discount_sum"),
            of("markup_sum"),
            of("change_sum"),
        )

    return tuple(row(number, name) for number, name in _named(counts, OPERATIONS))


def _placements(counts: Counts) -> tuple[PlacementRow, ...]:
    return tuple(
        PlacementRow(
            number,
            *(counts.get(f"{name}.{field}", 0) for field in ("total_count", "count", "sum", "offline_count")),
        )
        for number, name in _named(counts, PLACEMENTS)
    )
