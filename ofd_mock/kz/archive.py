"""The whole Kazakh ledger as lines of JSON, for snapshots: the same file for every database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from ofd_mock.kz import strays, tables
from ofd_mock.kz.ledger import KzLedger

FILE: Final = "ledger.jsonl"
_TABLES: Final = [table for table in tables.metadata.sorted_tables if table is not tables.strays]
"""All but what follows from the others."""


class ArchiveError(ValueError):
    """A file is no archive of a ledger. `field` and `rule` are what the control API answers."""

    field = "name"
    rule = "archive"


def write(ledger: KzLedger, folder: Path) -> None:
    """Write all rows, as of one moment, into `folder`; not those that follow from others."""
    with (folder / FILE).open("w", encoding="utf-8") as file, ledger.reading() as connection:
        for table in _TABLES:
            for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings():
                plain = {
                    name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()
                }
                file.write(json.dumps({"table": table.name, "row": plain}) + "\n")


def read(ledger: KzLedger, folder: Path) -> None:
    """Replace the ledger by what `write` wrote into `folder`. ArchiveError leaves it as it was."""
    path = folder / FILE
    if not path.is_file():
        raise ArchiveError(f"{path.name} is missing")

    def load(connection: Connection) -> None:
        for table, row in _lines(path):
            connection.execute(sa.insert(table), row)
        connection.execute(strays.FIND_ALL)

    ledger.replace(load)


def _lines(path: Path) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                entry = json.loads(line)
                table = tables.metadata.tables[entry["table"]]
                yield table, _row(table, entry["row"])
            except (KeyError, TypeError, ValueError) as error:
                raise ArchiveError(f"{path.name} line {number}: {error}") from None


def _row(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    if table is tables.devices and "uncounted" in row:
        # Of an older version: its rows were behind in their counters alone (migration 0007).
        row["documents"] -= row.pop("uncounted")
    raw = {column.name for column in table.columns if isinstance(column.type, sa.LargeBinary)}
    # Entries are numbered anew: a database that counts by itself would meet the restored numbers again.
    return {
        name: bytes.fromhex(value) if name in raw and value is not None else value
        for name, value in row.items()
        if name != "entry"
    }
