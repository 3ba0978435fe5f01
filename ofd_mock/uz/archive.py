"""The whole ledger as lines of JSON, for snapshots: the same file for every database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from ofd_mock.uz import tables
from ofd_mock.uz.ledger import Ledger

FILE: Final = "ledger.jsonl"
_ROWS_AT_ONCE: Final = 1000
_REGISTRY: Final = "registry"


class ArchiveError(ValueError):
    """A file is no archive of a ledger."""


def write(ledger: Ledger, folder: Path) -> None:
    """Write all rows of all tables, as of one moment, into `folder`."""
    with (folder / FILE).open("w", encoding="utf-8") as file, ledger.reading() as connection:
        for table in tables.metadata.sorted_tables:
            for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings():
                file.write(json.dumps({"table": table.name, "row": _to_json(row)}) + "\n")


def read(ledger: Ledger, folder: Path, *, unique: bool) -> None:
    """Replace the ledger by what `write` wrote into `folder`. ArchiveError leaves it as it was."""
    path = folder / FILE
    if not path.is_file():
        raise ArchiveError(f"{path.name} is missing")
    ledger.replace(lambda connection: _load(connection, path), unique=unique)


def _load(connection: Connection, path: Path) -> None:
    waiting: dict[str, list[dict[str, Any]]] = {}
    for table, row in _lines(path):
        if table.name == tables.marks.name and row["name"] == _REGISTRY:
            continue  # versions only go up, whatever is restored
        rows = waiting.setdefault(table.name, [])
        rows.append(row)
        if len(rows) == _ROWS_AT_ONCE:
            connection.execute(sa.insert(table), rows)
            rows.clear()
    for name, rows in waiting.items():
        if rows:
            connection.execute(sa.insert(tables.metadata.tables[name]), rows)


def _lines(path: Path) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                entry = json.loads(line)
                table = tables.metadata.tables[entry["table"]]
                yield table, _from_json(table, entry["row"])
            except (KeyError, TypeError, ValueError) as error:
                raise ArchiveError(f"{path.name} line {number}: {error}") from None


def _to_json(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}


def _from_json(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    raw = {column.name for column in table.columns if isinstance(column.type, sa.LargeBinary)}
    # Entries are numbered anew: a database that counts by itself would meet the restored numbers again.
    return {
        name: bytes.fromhex(value) if name in raw and value is not None else value
        for name, value in row.items()
        if name != "entry"
    }
