"""The migrations build the tables that the ledger uses."""

from __future__ import annotations

import sqlalchemy as sa

from ofd_mock.kz import tables
from tests.ofd_mock.kz.counter import Counter


def test_migrations_build_the_tables(counter: Counter) -> None:
    found = sa.inspect(counter.ledger.engine)
    for table in tables.metadata.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert set(columns) == {column.name for column in table.columns}
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable, column
            assert str(columns[column.name]["type"]) == column.type.compile(counter.ledger.engine.dialect)
        indexes = {index["name"]: index["unique"] for index in found.get_indexes(table.name)}
        assert indexes == {index.name: int(index.unique) for index in table.indexes}
