"""What people ask the ledger: modules, receipts, Z-reports, gaps and mismatches. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ofd_mock.uz import tables

Row = sa.RowMapping


@dataclass(frozen=True, slots=True)
class Gap:
    """Receipt numbers of a module that have not arrived: from `first` to `last`, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A field of a Z-report that does not agree with the stored receipts (OF-22)."""

    field: str
    reported: int
    stored: int


def counts(connection: Connection) -> dict[str, int]:
    """Number of rows of each kind."""
    wanted = {
        "modules": tables.modules,
        "receipts": tables.receipts,
        "zreports": tables.zreports,
        "unsigned": tables.unsigned,
        "traces": tables.traces,
    }
    return {
        name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
        for name, table in wanted.items()
    }


def modules(connection: Connection, after: str = "", limit: int = 50) -> Sequence[Row]:
    """Modules in the order of their ids, with the number of their receipts, short ones and Z-reports."""
    table, receipts, reports = tables.modules, tables.receipts, tables.zreports
    own = receipts.c.terminal == table.c.terminal
    held = sa.select(sa.func.count()).where(own).scalar_subquery()
    short = sa.select(sa.func.count()).where(own, receipts.c.body.is_(None)).scalar_subquery()
    last = sa.select(sa.func.max(receipts.c.number)).where(own).scalar_subquery()
    first = sa.select(sa.func.min(receipts.c.number)).where(own).scalar_subquery()
    closed = sa.select(sa.func.count()).where(reports.c.terminal == table.c.terminal).scalar_subquery()
    facts = [column for column in table.columns if column.name != "transport_key"]
    wanted = sa.select(
        *facts,
        held.label("receipts"),
        short.label("short"),
        first.label("first"),
        last.label("last"),
        closed.label("zreports"),
    )
    page = wanted.where(table.c.terminal > after).order_by(table.c.terminal).limit(limit)
    return connection.execute(page).mappings().all()


def module(connection: Connection, terminal: str) -> Row | None:
    """The row of one module."""
    wanted = sa.select(tables.modules).where(tables.modules.c.terminal == terminal)
    return connection.execute(wanted).mappings().one_or_none()


def receipts(connection: Connection, terminal: str, after: int = 0, limit: int = 50) -> Sequence[Row]:
    """Receipts of a module by number, above `after`."""
    table = tables.receipts
    wanted = sa.select(table).where(table.c.terminal == terminal, table.c.number > after)
    return connection.execute(wanted.order_by(table.c.number, table.c.entry).limit(limit)).mappings().all()


def receipt(connection: Connection, terminal: str, number: int) -> Row | None:
    """One receipt."""
    table = tables.receipts
    wanted = sa.select(table).where(table.c.terminal == terminal, table.c.number == number)
    return connection.execute(wanted.limit(1)).mappings().one_or_none()


def zreports(connection: Connection, terminal: str, after: str = "", limit: int = 50) -> Sequence[Row]:
    """Z-reports of a module by close time, after `after` (14 digits)."""
    table = tables.zreports
    wanted = sa.select(table).where(table.c.terminal == terminal, table.c.close_time > after)
    return (
        connection.execute(wanted.order_by(table.c.close_time, table.c.entry).limit(limit)).mappings().all()
    )


def unsigned(connection: Connection, terminal: str, limit: int = 50) -> Sequence[Row]:
    """Receipts without a number of a generation-1 module, oldest first."""
    table = tables.unsigned
    wanted = sa.select(table).where(table.c.terminal == terminal)
    return connection.execute(wanted.order_by(table.c.entry).limit(limit)).mappings().all()


def traces(connection: Connection, terminal: str | None = None, limit: int = 50) -> Sequence[Row]:
    """Refused files, newest first."""
    table = tables.traces
    wanted = sa.select(table).order_by(table.c.entry.desc()).limit(limit)
    if terminal is not None:
        wanted = wanted.where(table.c.terminal == terminal)
    return connection.execute(wanted).mappings().all()


def trace(connection: Connection, name: str) -> Row | None:
    """One refused file by the name that its sender was told."""
    wanted = sa.select(tables.traces).where(tables.traces.c.name == name)
    return connection.execute(wanted).mappings().one_or_none()


def gaps(connection: Connection, terminal: str, limit: int = 50) -> list[Gap]:
    """Numbers missing between 1 and the highest that has arrived (OF-22)."""
    table = tables.receipts
    following = sa.func.lead(table.c.number).over(order_by=table.c.number).label("following")
    pairs = sa.select(table.c.number, following).where(table.c.terminal == terminal).subquery()
    wide = sa.select(pairs).where(pairs.c.following > pairs.c.number + 1).order_by(pairs.c.number)
    found = [Gap(row.number + 1, row.following - 1) for row in connection.execute(wide.limit(limit))]
    lowest = connection.execute(
        sa.select(sa.func.min(table.c.number)).where(table.c.terminal == terminal)
    ).scalar()
    if lowest is not None and lowest > 1:
        found.insert(0, Gap(1, lowest - 1))
    return found[:limit]


def mismatches(connection: Connection, report: Row, *, count_advance_credit: bool) -> list[Mismatch]:
    """Where a stored Z-report and the stored receipts from its first to its last number disagree (OF-22)."""
    table = tables.receipts
    inside = [table.c.terminal == report["terminal"], table.c.number.between(report["first"], report["last"])]
    if not count_advance_credit:
        inside.append(table.c.type == 0)
    sums = sa.select(
        table.c.operation,
        sa.func.count().label("count"),
        *(sa.func.coalesce(sa.func.sum(table.c[name]), 0).label(name) for name in ("cash", "card", "vat")),
    )
    stored = {
        row["operation"]: row
        for row in connection.execute(sums.where(*inside).group_by(table.c.operation)).mappings()
    }
    return [
        Mismatch(name, report[name], found)
        for name, operation, column in _Z_FIELDS
        if report[name] != (found := int(stored[operation][column]) if operation in stored else 0)
    ]


_Z_FIELDS: tuple[tuple[str, int, str], ...] = (
    ("sales", 0, "count"),
    ("refunds", 1, "count"),
    ("cash_sale", 0, "cash"),
    ("cash_refund", 1, "cash"),
    ("card_sale", 0, "card"),
    ("card_refund", 1, "card"),
    ("vat_sale", 0, "vat"),
    ("vat_refund", 1, "vat"),
)


def plain(row: Row) -> dict[str, Any]:
    """A row as JSON-ready values: bytes become hex."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
