"""The shop's benchmark sees what it is to see; nothing here is timed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from reference.backoffice import tables
from reference.runtime.chance import generator
from reference.runtime.database import open_engine
from tests.browser import launched
from tests.ofd_mock.postgresql import served
from tools.bench import shop, shop_orders
from tools.bench.children import BenchError
from tools.bench.shop_paint import paints

ORDERS = 120


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_orders, "DAY_ORDERS", ORDERS // 4)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_days_are_repeated_with_their_sums(tmp_path: Path) -> None:
    database = str(tmp_path / "owner.sqlite")
    assert shop.fill(tmp_path / "portal", database, ORDERS) == 4
    engine = open_engine(database, {})
    orders, transactions, products = tables.ShopOrder, tables.Transaction, tables.ProductDay
    with engine.connect() as connection:
        days = connection.execute(
            sa.select(sa.func.substr(orders.opened, 1, 10), sa.func.count(), sa.func.sum(orders.total))
            .group_by(sa.func.substr(orders.opened, 1, 10))
            .order_by(sa.func.substr(orders.opened, 1, 10))
        ).all()
        paid = connection.scalar(sa.select(sa.func.sum(transactions.amount)))
        sold = connection.scalar(sa.select(sa.func.sum(products.revenue)))
        kept = connection.scalar(sa.select(sa.func.sum(tables.Product.revenue)))
        goods = sum(sum(line["sum"] for line in body["lines"]) for body in _bodies(connection))
    count, revenue = shop_orders.recounted(engine)
    engine.dispose()
    assert [day for day, _, _ in days] == ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
    assert {(count, total) for _, count, total in days} == {(ORDERS // 4, days[0][2])}
    assert (count, revenue) == (ORDERS, paid)
    assert sold == kept == goods


def _bodies(connection: sa.Connection) -> list[dict[str, list[dict[str, int]]]]:
    return [json.loads(text) for text in connection.scalars(sa.select(tables.ShopOrder.body))]


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_sum_that_is_not_the_orders_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = shop_orders.recounted
    monkeypatch.setattr(shop_orders, "recounted", lambda engine: (counted(engine)[0], counted(engine)[1] + 1))
    with pytest.raises(BenchError, match="the sums by hours say"):
        shop.fill(tmp_path / "portal", str(tmp_path / "owner.sqlite"), ORDERS)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_both_databases_answer_alike(tmp_path: Path) -> None:
    with served() as url:
        databases = {"SQLite": str(tmp_path / "owner.sqlite"), "PostgreSQL": url}
        found = list(shop.dashboard(tmp_path, databases, ORDERS, 40))
    assert [figure.name.split(", ")[-1] for figure in found] == ["SQLite", "memory", "PostgreSQL", "memory"]
    assert all(figure.value > 0 for figure in found)
    assert all((figure.floor or 0) > 0 for figure in found[::2])


def test_dashboards_are_asked_for_within_the_days_there_are() -> None:
    paths = shop.questions(generator(1, "test"), 4, 200)
    spans = {path.partition("&branch")[0].partition("?")[2] for path in paths}
    days = [pair.partition("=")[2] for span in spans for pair in span.split("&")]
    assert (min(days), max(days)) == ("2024-01-01", "2024-01-04")
    assert any(path.endswith("&branch=1") for path in paths)


@pytest.mark.slow
def test_the_order_screen_is_painted(tmp_path: Path) -> None:
    with launched():
        pass  # skipped, with the reason, where there is no browser
    found = paints(tmp_path, 2, products=15)
    assert (found.products, len(found.first), len(found.usable)) == (15, 2, 2)
    assert all(0 < first <= usable for first, usable in zip(found.first, found.usable, strict=True))
    assert found.memory > 10
