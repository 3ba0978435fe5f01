"""What is asked with every look does not get dearer from day to day."""

from __future__ import annotations

import pytest
from sqlalchemy import Select, text

from reference.pos.shop import fiscal_desk
from tests.pos.shop.conftest import Cafe


@pytest.mark.parametrize(
    ("statement", "way"),
    [
        (fiscal_desk._UNACKNOWLEDGED, "(state=? AND acknowledged=?)"),
        (fiscal_desk._QUEUE, "(state=?)"),
        (fiscal_desk._WAITING, "(state=?)"),
    ],
    ids=("unacknowledged", "queue", "waiting"),
)
def test_an_index_leads_to_the_few_receipts_that_are_asked_for(
    cafe: Cafe, statement: Select[tuple[object, ...]], way: str
) -> None:
    if cafe.premises.engine.dialect.name != "sqlite":
        pytest.skip("SQLite's way of telling it")
    asked = statement.compile(cafe.premises.engine, compile_kwargs={"render_postcompile": True})
    values = {f"value{place}": 1 for place in range(len(asked.positiontup or ()))}
    plain = str(asked)
    for name in values:
        plain = plain.replace("?", f":{name}", 1)
    with cafe.premises.looking() as connection:
        plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {plain}"), values)]
    assert plan[0].endswith(way)
