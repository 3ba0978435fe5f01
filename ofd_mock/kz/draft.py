"""What one transaction is about to store: rows are gathered and written together, before anyone reads them.

New documents are by far the most rows. They wait here until the batch ends or a rare question about earlier
documents is asked; the two questions that every ticket asks (is this sign taken, is there a twin) are
answered from here, from memory and, where those do not know, from the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect

from ofd_mock.kz import tables
from ofd_mock.kz.memory import Known, LastSeen, Memory
from ofd_mock.kz.prepared import Prepared
from ofd_mock.kz.strays import Times
from ofd_mock.kz.values import DocumentEntry, Outcome, ReportEntry
from reference.protocol.kz.money import MAX_TIYN
from reference.protocol.kz.tally import DeviceCounters

_DOCUMENTS: Final = tables.documents
_ENTRY_COLUMNS: Final = tuple(DocumentEntry.__slots__)
_entry_values: Final = attrgetter(*_ENTRY_COLUMNS)
_COLUMNS: Final = tuple(column.name for column in _DOCUMENTS.columns)
# SQLite's driver looks for an adapter of every None, truth value and bytes it is given, which costs it more
# than all else about them. So these stand in the statement, and bodies are given as bytearrays.
_OF_PLAIN: Final[Mapping[str, sa.ColumnElement[Any]]] = {
    "resent": sa.false(),
    "cancelled": sa.false(),
    "offline_number": sa.null(),
    "parent_rnm": sa.literal_column("''"),
    "parent_sign": sa.literal_column("''"),
}
"""What is the same in the rows of all plain tickets."""
PLAIN_COLUMNS: Final = tuple(name for name in _COLUMNS if name not in _OF_PLAIN)
"""The values of a plain ticket's row, in this order."""
_STRAY: Final = ("device", "number", "time")

_SIGN: Final = sa.select(_DOCUMENTS.c.number).where(_DOCUMENTS.c.sign == sa.bindparam("sign"))


@lru_cache(maxsize=4)
def _prepared(dialect: Dialect) -> tuple[Prepared, Prepared, Prepared, Prepared]:
    return (
        Prepared(_SIGN, dialect, ("sign",)),
        Prepared(sa.insert(_DOCUMENTS), dialect, _COLUMNS),
        Prepared(sa.insert(_DOCUMENTS).values(_plain_values()), dialect, PLAIN_COLUMNS),
        Prepared(sa.insert(tables.strays), dialect, _STRAY),
    )


def _plain_values() -> dict[str, Any]:
    return {**{name: sa.bindparam(name) for name in PLAIN_COLUMNS}, **_OF_PLAIN}


class Draft:
    """The rows of one batch.

    `hopeful`: no sign is looked up. The few of billions that are taken are refused by the table itself, and
    the batch must be settled again without hope.
    """

    def __init__(self, connection: Connection, now: datetime, memory: Memory, *, hopeful: bool) -> None:
        self._connection = connection
        self._cursor = connection.connection.cursor()
        self._memory = memory
        self._hopeful = hopeful
        self.now = now.isoformat()
        self._documents: list[tuple[Any, ...]] = []
        self._plain: list[tuple[Any, ...]] = []
        self._strays: list[tuple[Any, ...]] = []
        self._findings: list[dict[str, Any]] = []
        self._signs: set[str] = set()
        self._writing: set[int] = set()
        self._sign_query, self._insert, self._insert_plain, self._insert_stray = _prepared(connection.dialect)
        self._times = Times(connection.dialect, self._cursor)

    def take(self, outcome: Outcome) -> None:
        """Note the rows of one outcome; the device itself is written by the ledger."""
        device, entry = outcome.header.id, outcome.document
        if entry is not None:
            row = _document_row(device, entry)
            row["issued"] = None if outcome.device is None else outcome.device.exchange.issued
            last = entry.sign, entry.request
            self._come(device, entry.number, row["time"], last, entry.printed_number)
            self._documents.append(tuple([row[name] for name in _COLUMNS]))
        if outcome.device is not None and (known := self._memory.get(device)) is not None:
            known.room = None
        if outcome.cancelled is not None:
            self._mark(device, outcome.cancelled, cancelled=True)
        if outcome.second_name is not None:
            self._name_again(device, outcome.second_name)
        if outcome.invoice is not None:
            one = outcome.invoice
            values = {name: getattr(one, name) for name in ("invoice_id", "amount", "qr_code", "status")}
            self._connection.execute(sa.insert(tables.invoices), values | {"device": device})
        if outcome.report is not None:
            self._connection.execute(sa.insert(tables.reports), _report_row(device, outcome.report))
        if outcome.findings:
            self._findings += _finding_rows(outcome, self.now)

    def put(
        self, device: int, number: int, time: str, last: LastSeen, printed: int | None, row: tuple[Any, ...]
    ) -> None:
        """Note the row of an accepted plain ticket, its values in the order of PLAIN_COLUMNS.

        What it is known by is named once more before it.
        """
        self._come(device, number, time, last, printed)
        self._plain.append(row)

    def has_room(self, device: int, weight: int, counters: DeviceCounters) -> bool:
        """Whether all figures of a register together stay below what a sum can hold: then each of its next
        report does.

        `counters` are those with a ticket that makes its figures grow by `weight` tiyn at most.
        """
        known = self._memory.get(device)
        left = -1 if known is None or known.room is None else known.room - weight
        if left < 0:
            left = MAX_TIYN - _all_together(counters)
        if known is not None:
            known.room = left
        return left >= 0

    def _come(self, device: int, number: int, time: str | None, last: LastSeen, printed: int | None) -> None:
        """Note what the next documents of the register and of the batch are compared with."""
        known = self._memory.get(device)
        if known is not None:
            known.last = last
        if time is not None:
            _, latest = self._latest(device, known)
            if time < latest:
                self._strays.append((device, number, time))
            elif known is not None:
                highest = printed or 0
                if time > latest or (known.printed is not None and highest > known.printed):
                    known.printed = highest
                known.latest = number, time
        self._signs.add(last[0])
        self._writing.add(device)

    def has_sign(self, sign: str) -> bool:
        """Whether any document of the server has this sign."""
        if sign in self._signs:
            return True
        return not self._hopeful and self._sign_query.first(self._cursor, (sign,)) is not None

    def has_twin(self, device: int, command: int, time: str, total: int, printed_number: int) -> bool:
        """Whether a document of the register is equal in these.

        Mostly its time is the latest of all, or its number is above all of the latest time.
        """
        known = self._memory.get(device)
        last, latest = self._latest(device, known)
        if time > latest:
            return False
        if device in self._writing:
            self.flush()
        if known is not None and time == latest:
            if known.printed is None:
                known.printed = self._times.highest(device, last, latest)
            if printed_number > known.printed:
                return False
        return self._times.has(device, last, command, time, total, printed_number)

    def flush(self) -> None:
        """Write what has been noted; committing is the ledger's."""
        if self._plain:
            self._insert_plain.run(self._connection, self._plain)
            self._plain.clear()
        if self._documents:
            self._insert.run(self._connection, self._documents)
            self._documents.clear()
        self._writing.clear()
        if self._strays:
            self._insert_stray.run(self._connection, self._strays)
            self._strays.clear()
        if self._findings:
            self._connection.execute(sa.insert(tables.findings), self._findings)
            self._findings.clear()

    def _latest(self, device: int, known: Known | None) -> tuple[int, str]:
        """Number and time of the register's last document that is no stray, those noted here included."""
        if known is not None and known.latest is not None:
            return known.latest
        if device in self._writing:
            self.flush()
        latest = self._times.latest(device)
        if known is not None:
            known.latest = latest
        return latest

    def _mark(self, device: int, number: int, **values: Any) -> None:
        self.flush()
        self._connection.execute(
            sa.update(_DOCUMENTS)
            .where(_DOCUMENTS.c.device == device, _DOCUMENTS.c.number == number)
            .values(**values)
        )

    def _name_again(self, device: int, offline_number: int) -> None:
        """Give the last document an offline number, unless it has one."""
        self.flush()
        inner = _DOCUMENTS.alias("last")
        last = sa.select(sa.func.max(inner.c.number)).where(inner.c.device == device).scalar_subquery()
        self._connection.execute(
            sa.update(_DOCUMENTS)
            .where(_DOCUMENTS.c.device == device, _DOCUMENTS.c.offline_number.is_(None))
            .where(_DOCUMENTS.c.number == last)
            .values(offline_number=offline_number)
        )


def _all_together(counters: DeviceCounters) -> int:
    sums = counters.shift.sums.values() if counters.shift else ()
    return abs(counters.cash) + sum(map(abs, counters.totals.values())) + sum(map(abs, sums))


def _document_row(device: int, entry: DocumentEntry) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(_ENTRY_COLUMNS, _entry_values(entry), strict=True))
    row["received"] = entry.received.isoformat()
    row["time"] = None if entry.time is None else entry.time.isoformat()
    row["device"] = device
    row["cancelled"] = False
    return row


def _report_row(device: int, entry: ReportEntry) -> dict[str, Any]:
    return {
        "device": device,
        "number": entry.number,
        "shift_number": entry.shift_number,
        "received": entry.received.isoformat(),
        "time": entry.time.isoformat(),
        "report": entry.report,
    }


def _finding_rows(outcome: Outcome, now: str) -> list[dict[str, Any]]:
    number = None if outcome.document is None else outcome.document.number
    return [
        {
            "device": outcome.header.id,
            "number": number,
            "command": outcome.command,
            "received": now,
            "check_id": finding.id,
            "code": int(finding.code),
            "severity": finding.severity.value,
            "field": finding.field,
            "text": finding.text.ru,
            "detail": finding.detail,
        }
        for finding in outcome.findings
    ]
