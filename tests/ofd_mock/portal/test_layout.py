"""The migrations build the tables that the portal uses."""

import sqlalchemy as sa

from ofd_mock.portal.tables import Base
from tests.ofd_mock.portal.stand import Stand


def test_migrations_build_the_tables(stand: Stand) -> None:
    found = sa.inspect(stand.office.engine)
    for table in Base.metadata.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert set(columns) == {column.name for column in table.columns}
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable, column
            assert str(columns[column.name]["type"]) == column.type.compile(stand.office.engine.dialect)
        made = {
            tuple(index["column_names"]) for index in found.get_indexes(table.name) if not index["unique"]
        }
        assert made == {
            tuple(column.name for column in index.columns) for index in table.indexes if not index.unique
        }
        unique = {tuple(each["column_names"]) for each in found.get_unique_constraints(table.name)}
        assert unique == {(column.name,) for column in table.columns if column.unique}
