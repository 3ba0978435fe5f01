"""All rows of all tables in one file, a JSON line each, and back: the same for every database."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

BYTES: Final = "base64"
CHUNK: Final = 1000


def write_tables(connection: sa.Connection, metadata: sa.MetaData, path: Path) -> None:
    """Write every row; tables in an order in which they can be filled again."""
    with path.open("w", encoding="utf-8") as lines:
        for table in metadata.sorted_tables:
            rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            for row in rows.mappings():
                values = {name: _plain(value) for name, value in row.items()}
                lines.write(json.dumps([table.name, values], ensure_ascii=False) + "\n")


def read_tables(connection: sa.Connection, metadata: sa.MetaData, path: Path) -> None:
    """Replace the content of every table by what the file holds."""
    for table in reversed(metadata.sorted_tables):
        connection.execute(sa.delete(table))
    with path.open(encoding="utf-8") as lines:
        rows = (json.loads(line) for line in lines)
        for name, values in _grouped(rows):
            connection.execute(sa.insert(metadata.tables[name]), values)


def _grouped(rows: Iterator[list[Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Rows of one table together, at most CHUNK at a time."""
    while chunk := list(islice(rows, CHUNK)):
        names = list(dict.fromkeys(name for name, _ in chunk))
        for name in names:
            yield name, [_rich(values) for row_name, values in chunk if row_name == name]


def _plain(value: Any) -> Any:
    return {BYTES: base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _rich(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: base64.b64decode(value[BYTES]) if isinstance(value, dict) else value
        for name, value in values.items()
    }
