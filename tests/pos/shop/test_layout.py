"""The migrations build the tables that the shop uses."""

import sqlalchemy as sa

from reference.pos.shop.tables import Base
from tests.pos.shop.conftest import Cafe


def test_migrations_build_the_tables(cafe: Cafe) -> None:
    found = sa.inspect(cafe.premises.engine)
    for table in Base.metadata.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert set(columns) == {column.name for column in table.columns}
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable, column
            assert str(columns[column.name]["type"]) == column.type.compile(cafe.premises.engine.dialect)
        made = {tuple(each["column_names"]) for each in found.get_indexes(table.name) if not each["unique"]}
        assert made == {tuple(column.name for column in each.columns) for each in table.indexes}
