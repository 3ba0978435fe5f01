"""The state of a device's counters: named sums, those of the open shift and those since registration.

Each sum has a key: its name, then what it is counted by. A sum of zero has no entry, so equal counters are
equal values. Nothing here computes: `counters` books documents, `report_building` reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

Key = tuple[str | int, ...]
Sums = dict[Key, int]

# Of the shift, by operation and section.
SECTION_COUNT: Final = "section.count"
SECTION_SUM: Final = "section.sum"
# Of the shift, by operation.
DISCOUNT_COUNT: Final = "discount.count"
DISCOUNT_SUM: Final = "discount.sum"
MARKUP_COUNT: Final = "markup.count"
MARKUP_SUM: Final = "markup.sum"
TICKET_COUNT: Final = "ticket.count"
TICKET_SUM: Final = "ticket.sum"
TICKET_OFFLINE: Final = "ticket.offline"
TICKET_DISCOUNT: Final = "ticket.discount"
TICKET_MARKUP: Final = "ticket.markup"
TICKET_CHANGE: Final = "ticket.change"
# Of the shift, by operation, tax type and percent.
TURNOVER: Final = "tax.turnover"
TAX: Final = "tax.sum"
# Of the shift, by operation and payment type.
PAYMENT_COUNT: Final = "payment.count"
PAYMENT_SUM: Final = "payment.sum"
# Of the shift, by kind of placement.
PLACEMENT_COUNT: Final = "placement.count"
PLACEMENT_SUM: Final = "placement.sum"
PLACEMENT_OFFLINE: Final = "placement.offline"
# Since registration, by operation or kind.
TICKETS_TOTAL: Final = "tickets.total"
PLACEMENTS_TOTAL: Final = "placements.total"
NON_NULLABLE: Final = "non_nullable"


@dataclass(slots=True, unsafe_hash=True)
class ShiftCounters:
    """What began with the shift. `opened` is None in a shift closed without documents; `start` holds the
    non-nullable sums, in tiyn by operation, at its beginning.
    """

    number: int
    opened: datetime | None
    start: Sums
    sums: Sums = field(default_factory=dict)


@dataclass(slots=True, unsafe_hash=True)
class DeviceCounters:
    """All counters of a register: the drawer's cash in tiyn, the totals since registration, the open shift.

    `last_shift` is the number of the shift closed last, 0 before the first. Values are never changed in
    place: every booking makes new counters. (A frozen class would take four times as long to make.)
    """

    cash: int = 0
    last_shift: int = 0
    totals: Sums = field(default_factory=dict)
    shift: ShiftCounters | None = None

    @property
    def shift_number(self) -> int:
        """The number of the open shift, else of the shift to come (kz-ofd §8.1, RP-01)."""
        return self.last_shift + 1 if self.shift is None else self.shift.number

    @property
    def opened(self) -> datetime | None:
        """When the open shift was opened, local time; None without one."""
        return None if self.shift is None else self.shift.opened

    @property
    def non_nullable(self) -> Sums:
        """The non-nullable sums by their keys (kz-ofd ZR-15)."""
        return {key: value for key, value in self.totals.items() if key[0] == NON_NULLABLE}

    def of_shift(self, name: str, *by: str | int) -> int:
        """One sum of the open shift, 0 without one."""
        return 0 if self.shift is None else self.shift.sums.get((name, *by), 0)

    def total(self, name: str, *by: str | int) -> int:
        """One sum since registration."""
        return self.totals.get((name, *by), 0)


def counters_to_json(counters: DeviceCounters) -> dict[str, Any]:
    """Return JSON values that `counters_from_json` reads back; sums are lists of key and value."""
    shift = counters.shift
    return {
        "cash": counters.cash,
        "last_shift": counters.last_shift,
        "totals": _rows(counters.totals),
        "shift": None
        if shift is None
        else {
            "number": shift.number,
            "opened": None if shift.opened is None else shift.opened.isoformat(),
            "start": _rows(shift.start),
            "sums": _rows(shift.sums),
        },
    }


def counters_to_text(counters: DeviceCounters) -> str:
    """Return `counters_to_json` as JSON text, cheaply: a server writes it with every document."""
    shift = counters.shift
    text = "null"
    if shift is not None:
        opened = "null" if shift.opened is None else f'"{shift.opened.isoformat()}"'
        text = (
            f'{{"number": {shift.number}, "opened": {opened}, '
            f'"start": {_rows_text(shift.start)}, "sums": {_rows_text(shift.sums)}}}'
        )
    return (
        f'{{"cash": {counters.cash}, "last_shift": {counters.last_shift}, '
        f'"totals": {_rows_text(counters.totals)}, "shift": {text}}}'
    )


def counters_from_json(value: Mapping[str, Any]) -> DeviceCounters:
    """Return the counters of such values."""
    shift = value["shift"]
    return DeviceCounters(
        cash=value["cash"],
        last_shift=value["last_shift"],
        totals=_sums(value["totals"]),
        shift=None
        if shift is None
        else ShiftCounters(
            number=shift["number"],
            opened=None if shift["opened"] is None else datetime.fromisoformat(shift["opened"]),
            start=_sums(shift["start"]),
            sums=_sums(shift["sums"]),
        ),
    )


def _rows(sums: Sums) -> list[list[str | int]]:
    return [[*key, value] for key, value in sums.items()]


def _rows_text(sums: Sums) -> str:
    return f"[{', '.join([f'{_key_text(key)}{value}]' for key, value in sums.items()])}]"


@lru_cache(maxsize=4096)
def _key_text(key: Key) -> str:
    """The beginning of a row, up to its value. Of sections there may be any number."""
    return json.dumps(list(key))[:-1] + ", "


def _sums(rows: list[list[Any]]) -> Sums:
    return {tuple(row[:-1]): row[-1] for row in rows}
