"""The portal's benchmark sees what it is to see; nothing here is timed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from ofd_mock.kz import tables
from reference.runtime.chance import generator
from reference.runtime.database import open_engine
from tests.ofd_mock.postgresql import served
from tools.audit.archive import Archive
from tools.audit.checks import audit
from tools.bench import portal
from tools.bench.portal_ledger import DAY, Shop

DOCUMENTS = 4 * DAY


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def shop(place: Path) -> Shop:
    return portal.built(place / "ledger.sqlite", 2, DOCUMENTS)


def test_the_ledger_is_one_of_whole_days(place: Path, shop: Shop) -> None:
    documents = tables.documents.c
    engine = open_engine(place / "ledger.sqlite", {})
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(documents.device, sa.func.count(), sa.func.max(documents.number))
            .group_by(documents.device)
            .order_by(documents.device)
        ).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [(card, DOCUMENTS, DOCUMENTS) for card in shop.registers]
    assert shop.days == 4


@pytest.mark.slow
def test_its_archive_comes_whole_and_adds_up(place: Path, shop: Shop) -> None:
    found = {
        figure.name.split(", ", 1)[1]: figure
        for figure in portal.archive(place, place / "ledger.sqlite", shop)
    }
    assert found["off the ledger by"].value == 0
    assert found["first bytes"].value > 0
    assert found["memory"].value > 10
    archive = Archive(place / "archive.zip")
    findings = audit(archive)
    archive.close()
    assert (findings.found, findings.looked["number"]) == ([], DOCUMENTS - 1)


@pytest.mark.slow
def test_lists_are_asked_of_each_database(place: Path, shop: Shop) -> None:
    paths = portal.questions(shop, generator(1, "test"), 200)
    assert {path.split("?")[0].rsplit("/", 1)[1] for path in paths} == {
        "transactions",
        "z-reports",
        "x-reports",
        "shifts",
    }
    [figure] = portal.lists(place, {"SQLite": str(place / "ledger.sqlite")}, shop, 60)
    assert min(figure.value, figure.floor or 0) > 0


@pytest.mark.slow
def test_the_same_ledger_stands_in_postgresql(tmp_path: Path) -> None:
    with served() as url:
        shop = portal.built(url, 1, DAY)
        [figure] = portal.lists(tmp_path, {"PostgreSQL": url}, shop, 40)
        assert figure.value > 0
        engine = open_engine(url, {})
        with engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(tables.documents)) == DAY
        engine.dispose()


@pytest.mark.slow
def test_users_browse_while_tickets_are_taken(
    place: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "USERS", 5)
    monkeypatch.setattr(portal, "PAUSE", 0.5)
    errors, tickets, page = portal.crowd(place, shop, 3)
    assert (errors.value, errors.holds) == (0, True)
    assert tickets.value > 0
    assert page.value > 0
