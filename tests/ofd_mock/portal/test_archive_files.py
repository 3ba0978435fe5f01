"""Archives that are downloaded: every file of a ZIP says what the ledger says (KZ-ARC-01…03)."""

from __future__ import annotations

import csv
import io
import json
import threading
import zipfile
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pypdf
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ofd_mock.kz import tables
from ofd_mock.portal.archive.packing import FORMATS, Progress, Work, pack
from ofd_mock.portal.archive.shelf import FAILED, READY, ArchiveView
from ofd_mock.portal.archive.spans import Filter, span_of
from ofd_mock.portal.archive.store import ArchiveStore
from ofd_mock.portal.archive.tables import TABLES
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError, RefusedError, UnknownError
from reference.protocol.kz.documents import ReportAsk
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.kinds import Operation, ReportKind
from reference.protocol.kz.money import to_almaty
from tests.ofd_mock.kz.counter import closing, deposit
from tests.ofd_mock.portal.stand import Stand
from tests.waiting import PATIENCE, eventually

ALL = Filter()


@pytest.fixture
def shop(stand: Stand) -> tuple[Visitor, int]:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.counter.now = to_almaty(stand.office.now)
    return owner, card


@pytest.fixture
def store(stand: Stand) -> Any:
    made = ArchiveStore(stand.office)
    yield made
    made.close()


def trade(stand: Stand, card: int, rng: Random, days: int, most: int) -> None:
    """Days of a shop: any tickets of any versions' fields, cash in and out, an X, a Z."""
    for _ in range(days):
        now = stand.counter.now = to_almaty(stand.office.now)
        assert stand.send(card, deposit(10_000_000_00, now)).code == 0
        for _ in range(rng.randrange(most)):
            sold = random_ticket(rng, 203, now, operation=rng.choice([Operation.SELL, Operation.BUY]))
            stand.send(card, sold)
        if rng.random() < 0.5:
            assert stand.send(card, ReportAsk(ReportKind.X, now)).code == 0
        assert stand.send(card, closing(now, withdraw_money=rng.random() < 0.5)).code == 0
        stand.lab.advance(86_400)


def finished(store: ArchiveStore, owner: Visitor, view: ArchiveView) -> ArchiveView:
    eventually(lambda: store.one(owner, view.card, view.key).state in (READY, FAILED), 60)
    return store.one(owner, view.card, view.key)


def opened(store: ArchiveStore, owner: Visitor, card: int, table: str, **more: Any) -> zipfile.ZipFile:
    view = store.order(owner, card, table, more.pop("formats", FORMATS), more.pop("wanted", ALL))
    ready = finished(store, owner, view)
    assert ready.state == READY
    assert ready.done == ready.total
    return zipfile.ZipFile(store.download(owner, card, view.key).path)


def rows_of_csv(packed: zipfile.ZipFile, name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(packed.read(name).decode(), newline=""), delimiter=";"))


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_all_files_hold_the_ledger_to_the_tiyn(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    stand = Stand(tmp_path_factory.mktemp("month"))
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    trade(stand, card, Random(seed), days=3, most=12)
    store = ArchiveStore(stand.office)
    packed = opened(store, owner, card, "transactions")
    documents = tables.documents.c
    with stand.counter.ledger.reading() as connection:
        ledger = connection.execute(
            sa.select(documents.operation, sa.func.count(), sa.func.sum(documents.total))
            .where(documents.device == card, documents.command == 1)
            .group_by(documents.operation)
        ).all()
        count = connection.scalar(
            sa.select(sa.func.count()).select_from(tables.documents).where(documents.device == card)
        )
    summary = json.loads(packed.read("archive.json"))
    expected = {Operation(kind).name: {"count": number, "sum": total} for kind, number, total in ledger}
    assert summary["tickets"] == expected
    records = json.loads(packed.read("transactions.json"))
    assert sorted({row["number"] for row in records}) == list(range(1, (count or 0) + 1))
    assert [row["number"] for row in records] == sorted((row["number"] for row in records), reverse=True)
    for name, entry in expected.items():
        sums = [row["sum"] for row in records if row.get("operation") == name]
        assert (len(sums), sum(sums)) == (entry["count"], entry["sum"])
    head, *written = rows_of_csv(packed, "transactions.csv")
    assert head == list(TABLES["transactions"].columns)
    assert [round(float(row[3]) * 100) for row in written] == [row["sum"] for row in records]
    assert [(row[1], row[2]) for row in written] == [(row["sign"], row["text"]) for row in records]
    sheet = openpyxl.load_workbook(io.BytesIO(packed.read("transactions.xlsx"))).worksheets[0]
    assert [round(float(row[3]) * 100) for row in list(sheet.values)[1:]] == [row["sum"] for row in records]
    shown = "".join(
        page.extract_text() for page in pypdf.PdfReader(io.BytesIO(packed.read("transactions.pdf"))).pages
    )
    assert all(row["sign"] in shown for row in records)
    store.close()
    stand.close()


def test_each_table_is_packed_with_its_columns(
    stand: Stand, store: ArchiveStore, shop: tuple[Visitor, int]
) -> None:
    owner, card = shop
    trade(stand, card, Random(3), days=4, most=5)
    for table in ("z-reports", "x-reports", "shifts"):
        packed = opened(store, owner, card, table)
        head, *rows = rows_of_csv(packed, f"{table}.csv")
        records = json.loads(packed.read(f"{table}.json"))
        assert head == list(TABLES[table].columns)
        assert len(rows) == len(records) == json.loads(packed.read("archive.json"))["rows"] > 0
        assert [record["shift"] for record in records] == sorted(
            (record["shift"] for record in records), reverse=True
        )
    packed = opened(store, owner, card, "z-reports")
    last = json.loads(packed.read("z-reports.json"))[0]
    assert rows_of_csv(packed, "z-reports.csv")[1][5].startswith("Продаж: ")
    device = stand.counter.ledger.device(card)
    assert device is not None
    known = {Operation(int(key[1])).name: value for key, value in device.counters.non_nullable.items()}
    assert {name: total for name, total in last["non_nullable"].items() if total} == known


def test_transactions_are_packed_as_filtered_and_reports_whole(
    stand: Stand, store: ArchiveStore, shop: tuple[Visitor, int]
) -> None:
    owner, card = shop
    day = stand.counter.now.date()
    trade(stand, card, Random(5), days=3, most=4)
    second = Filter(day + timedelta(days=1), day + timedelta(days=1), None)
    packed = opened(store, owner, card, "transactions", wanted=second, formats=("json",))
    assert {row["shift"] for row in json.loads(packed.read("transactions.json"))} == {2}
    assert packed.namelist() == ["transactions.json", "archive.json"]
    told = json.loads(packed.read("archive.json"))["filter"]
    assert told == {"first": "2026-09-14", "last": "2026-09-14", "shift": None}
    packed = opened(store, owner, card, "transactions", wanted=Filter(shift=3), formats=("csv",))
    assert packed.namelist() == ["transactions.csv", "archive.json"]
    packed = opened(store, owner, card, "z-reports", wanted=second, formats=("json",))
    assert [row["shift"] for row in json.loads(packed.read("z-reports.json"))] == [3, 2, 1]


def test_nothing_at_all_is_a_whole_archive_too(store: ArchiveStore, shop: tuple[Visitor, int]) -> None:
    packed = opened(store, *shop, "transactions")
    assert json.loads(packed.read("transactions.json")) == []
    assert len(rows_of_csv(packed, "transactions.csv")) == 1
    assert len(list(openpyxl.load_workbook(io.BytesIO(packed.read("transactions.xlsx"))).active.values)) == 1
    assert len(pypdf.PdfReader(io.BytesIO(packed.read("transactions.pdf"))).pages) == 1


def test_a_growing_archive_can_be_read_while_it_is_made(
    stand: Stand, store: ArchiveStore, shop: tuple[Visitor, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, card = shop
    stand.sell(card)
    go_on = threading.Event()
    read = TABLES["transactions"].read

    def slow(*arguments: Any) -> Any:
        assert go_on.wait(PATIENCE)
        yield from read(*arguments)

    object.__setattr__(TABLES["transactions"], "read", slow)
    try:
        view = store.order(owner, card, "transactions", ("json",), ALL)
        found = store.download(owner, card, view.key)
        first = next(found.chunks)
        assert first.startswith(b"PK\x03\x04")
        assert store.one(owner, card, view.key).state != READY
        go_on.set()
        whole = first + b"".join(found.chunks)
    finally:
        go_on.set()
        object.__setattr__(TABLES["transactions"], "read", read)
    assert finished(store, owner, view).size == len(whole)
    assert zipfile.ZipFile(io.BytesIO(whole)).testzip() is None
    assert store.download(owner, card, view.key).path.read_bytes() == whole


def test_what_a_process_left_unfinished_is_told_as_failed(
    stand: Stand, store: ArchiveStore, shop: tuple[Visitor, int], tmp_path: Path
) -> None:
    owner, card = shop
    view = store.order(owner, card, "transactions", ("json",), ALL)
    finished(store, owner, view)
    path = tmp_path / "archives" / f"{view.key}.json"
    path.write_text(path.read_text().replace('"ready"', '"working"'))
    again = ArchiveStore(stand.office)
    [left] = again.all(owner, card)
    assert (left.state, left.text and left.text.ru) == (FAILED, "Архив не собран, закажите его снова")
    with pytest.raises(RefusedError):
        again.download(owner, card, view.key)
    again.remove(owner, card, view.key)
    assert list((tmp_path / "archives").iterdir()) == []


def test_an_archive_goes_after_its_lab_time(
    stand: Stand, store: ArchiveStore, shop: tuple[Visitor, int], tmp_path: Path
) -> None:
    owner, card = shop
    view = finished(store, owner, store.order(owner, card, "shifts", (), ALL))
    assert view.until == f"{to_almaty(stand.office.now) + timedelta(days=1):%d.%m.%Y %H:%M}"
    stand.lab.advance(86_399)
    assert len(store.all(owner, card)) == 1
    stand.lab.advance(1)
    assert store.all(owner, card) == []
    with pytest.raises(UnknownError):
        store.one(owner, card, view.key)
    assert list((tmp_path / "archives").iterdir()) == []


def test_an_organisation_has_a_limit_and_its_oldest_go_first(stand: Stand, shop: tuple[Visitor, int]) -> None:
    owner, card = shop
    stand.set(archives_kept=2, archives_at_once=1)
    store = ArchiveStore(stand.office)
    keys = []
    for _ in range(3):
        keys.append(finished(store, owner, store.order(owner, card, "shifts", (), ALL)).key)
        stand.lab.advance(60)
    assert [view.key for view in store.all(owner, card)] == [keys[2], keys[1]]
    store.close()
    waiting = ArchiveStore(stand.office)
    waiting.close()
    waiting.order(owner, card, "shifts", (), ALL)
    with pytest.raises(RefusedError) as told:
        waiting.order(owner, card, "shifts", (), ALL)
    assert told.value.rule == "limit"


@pytest.mark.parametrize(
    ("table", "formats", "field"),
    [("tickets", (), "table"), ("shifts", ("doc",), "formats"), ("", ("json", ""), "table")],
)
def test_what_there_is_not_is_told_by_field(
    store: ArchiveStore, shop: tuple[Visitor, int], table: str, formats: tuple[str, ...], field: str
) -> None:
    with pytest.raises(InvalidError) as told:
        store.order(*shop, table, formats, ALL)
    assert told.value.findings[0].field == field


def test_what_fails_is_told_and_leaves_no_file(
    store: ArchiveStore, shop: tuple[Visitor, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owner, card = shop

    def broken(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("ofd_mock.portal.archive.store.pack", broken)
    view = finished(store, owner, store.order(owner, card, "shifts", (), ALL))
    assert view.state == FAILED
    assert [path.suffix for path in (tmp_path / "archives").iterdir()] == [".json"]


def test_a_text_like_a_formula_is_none_in_a_spreadsheet(
    stand: Stand, shop: tuple[Visitor, int], tmp_path: Path
) -> None:
    card = shop[1]
    stand.sell(card)
    work = Work(TABLES["transactions"], _span(stand, card), card, FORMATS, {}, stand.counter.now)
    read = TABLES["transactions"].read
    risky = '=HYPERLINK("http://x";"y")'

    def renamed(*arguments: Any) -> Any:
        for batch in read(*arguments):
            yield [record | {"text": risky} for record in batch]

    object.__setattr__(work.table, "read", renamed)
    try:
        with (tmp_path / "x.zip").open("wb") as target, (tmp_path / "lines").open("w+b") as scratch:
            pack(work, stand.office.reading, target, scratch, Progress(None))
    finally:
        object.__setattr__(work.table, "read", read)
    packed = zipfile.ZipFile(tmp_path / "x.zip")
    assert rows_of_csv(packed, "transactions.csv")[1][2] == f"'{risky}"
    cell = openpyxl.load_workbook(io.BytesIO(packed.read("transactions.xlsx"))).active["C2"]
    assert (cell.value, cell.data_type) == (risky, "s")


def _span(stand: Stand, card: int) -> Any:
    with stand.office.reading() as session:
        return span_of(session.connection(), card, Filter(None, date.max))
