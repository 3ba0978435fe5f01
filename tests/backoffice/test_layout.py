"""The migrations build the tables that the owner portal uses."""

import sqlalchemy as sa

from reference.backoffice.tables import Base
from tests.backoffice.conftest import Back


def test_migrations_build_the_tables(back: Back) -> None:
    found = sa.inspect(back.office.engine)
    for table in Base.metadata.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert set(columns) == {column.name for column in table.columns}
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable, column
            assert str(columns[column.name]["type"]) == column.type.compile(back.office.engine.dialect)
        made = {tuple(each["column_names"]) for each in found.get_indexes(table.name) if not each["unique"]}
        assert made == {tuple(column.name for column in each.columns) for each in table.indexes}
        unique = {tuple(each["column_names"]) for each in found.get_unique_constraints(table.name)}
        wanted = {(column.name,) for column in table.columns if column.unique} | {
            tuple(column.name for column in each.columns)
            for each in table.constraints
            if isinstance(each, sa.UniqueConstraint)
        }
        assert unique == wanted, table.name
