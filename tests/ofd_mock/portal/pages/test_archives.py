"""Archives on pages: tabs, filters, one transaction, «Скачать» (KZ-ARC-01…04)."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import pytest

from reference.protocol.kz.documents import ReportAsk
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.money import to_almaty
from tests.ofd_mock.kz.counter import line, ticket
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.stand import HEAD, OTHER_NUMBER, Stand
from tests.waiting import eventually


@pytest.fixture
def card(stand: Stand) -> int:
    """A register with two shifts: 13.09.2026 11:00 and the day after."""
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    for total in (1_15, 2_000_00):
        now = stand.counter.now = to_almaty(stand.office.now)
        goods = (line(total, "Нан <b>ұн</b>"),)
        assert stand.send(card, ticket(total, time=now, items=goods)).code == 0
        assert stand.send(card, ReportAsk(ReportKind.X, now)).code == 0
        assert stand.close_shift(card).code == 0
        stand.lab.advance(86_400)
    return card


@pytest.fixture
def visit(stand: Stand, card: int) -> Visit:
    return browse(stand).log_in()


def test_transactions_stand_with_the_manual_s_columns(visit: Visit, card: int) -> None:
    shown = seen(visit.get(f"/cards/{card}/transactions"))
    for text in ("Дата и время", "Фискальный признак", "Операция, тип расчета", "Сумма, ₸"):
        assert text in shown
    assert "Документов: 4" in shown
    assert f"14.09.2026 11:00 {card}_4 Z-отчет 2000 ₸" in shown
    assert f"13.09.2026 11:00 {card}_2 Закрытие смены № 0001 1.15 ₸" in shown
    assert "X-отчет 1.15 ₸" in shown


def test_a_filter_shows_its_shift_and_is_taken_back(visit: Visit, card: int) -> None:
    way = f"/cards/{card}/transactions"
    page = visit.get(f"{way}?first=13.09.2026&last=13.09.2026&shift=1")
    shown = seen(page)
    assert "Закрытие смены № 0001" in shown
    assert "Закрытие смены № 0002" not in shown
    assert 'value="13.09.2026"' in page.text
    assert re.search(rf'<a [^>]*href="{way}">Сбросить</a>', page.text)
    assert "Документов нет" in seen(visit.get(f"{way}?shift=7"))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("first=32.01.2026", "Дата пишется так: ДД.ММ.ГГГГ"),
        ("first=14.09.2026&last=13.09.2026", "Начало периода позже его конца"),
        ("shift=x", "Здесь нужно число"),
        ("shift=0", "Номер смены: целое число от 1"),
    ],
)
def test_a_wrong_filter_is_told_at_its_field(visit: Visit, card: int, query: str, text: str) -> None:
    page = visit.get(f"/cards/{card}/transactions?{query}", 422)
    assert text in seen(page)
    assert "<td" not in page.text


def test_reports_and_shifts_have_their_tables(visit: Visit, card: int) -> None:
    shown = seen(visit.get(f"/cards/{card}/z-reports"))
    assert "14.09.2026 11:00 2 1 2000 ₸ 2001.15 ₸ Продаж: 2001.15 ₸ Покупок: 0 ₸" in shown
    assert "13.09.2026 11:00 1 1 1.15 ₸ 1.15 ₸ Продаж: 1.15 ₸ Покупок: 0 ₸ Возвр. продаж: 0 ₸" in shown
    assert "1 1 1.15 ₸ 1.15 ₸" in seen(visit.get(f"/cards/{card}/x-reports"))
    assert "2 14.09.2026 11:00 14.09.2026 11:00 2 1 2000 ₸ 2001.15 ₸" in seen(
        visit.get(f"/cards/{card}/shifts")
    )


def test_one_transaction_is_shown_and_loaded(visit: Visit, card: int) -> None:
    page = visit.get(f"/cards/{card}/documents/1")
    shown = seen(page)
    assert "<b>ұн</b>" not in page.text
    assert "Продажа, наличные" in shown
    assert "Загрузить" in shown
    assert "№ Название Страна Цена Количество Сумма 1 Нан <b>ұн</b> — 1.15 ₸ 1 1.15 ₸" in shown
    assert "ИТОГО 1.15 ₸" in shown
    for kind, head in (("pdf", b"%PDF"), ("png", b"\x89PNG"), ("json", b"{")):
        loaded = visit.get(f"/cards/{card}/documents/1/{kind}")
        assert loaded.data.startswith(head)
        name = f"attachment; filename=documents-{card}-1.{kind}"
        assert loaded.headers["Content-Disposition"] == name
    visit.get(f"/cards/{card}/documents/1/exe", 404)
    assert "Z-отчет" in seen(visit.get(f"/cards/{card}/documents/2"))
    assert "X-отчет" in seen(visit.get(f"/cards/{card}/x-reports/1"))


def test_an_archive_is_asked_for_and_loaded(visit: Visit, card: int) -> None:
    asked = visit.post(
        f"/cards/{card}/archives", {"table": "transactions", "shift": "1", "json": "1", "csv": "1"}
    )
    way = asked.location
    state = eventually(lambda: ((one := visit.get(f"{way}/state").json)["state"] == "ready") and one, 60)
    assert (state["rows"], state["formats"], state["shift"]) == (4, ["json", "csv"], 1)
    shown = seen(visit.get(way))
    assert "JSON, CSV" in shown
    assert "Хранится до" in shown
    whole = visit.get(f"{way}/file", buffered=True)
    assert zipfile.ZipFile(io.BytesIO(whole.data)).namelist() == [
        "transactions.json",
        "transactions.csv",
        "archive.json",
    ]
    assert visit.get(f"{way}/file", 206, headers={"Range": "bytes=5-"}, buffered=True).data == whole.data[5:]
    assert "Заказанные архивы: 1" in seen(visit.get(f"/cards/{card}/transactions"))
    visit.post(f"{way}/remove")
    visit.get(way, 404)


def test_an_order_that_is_wrong_goes_back_to_its_filter(visit: Visit, card: int) -> None:
    asked = visit.post(f"/cards/{card}/archives", {"table": "transactions", "first": "x"})
    assert asked.location == f"/cards/{card}/transactions?first=x"
    visit.post(f"/cards/{card}/archives", {"table": "nothing"}, 422)


def test_a_stranger_finds_no_page_of_it(stand: Stand, visit: Visit, card: int) -> None:
    way = visit.post(f"/cards/{card}/archives", {"table": "transactions"}).location
    stand.owner(replace(HEAD, number=OTHER_NUMBER, key="k2"))
    stranger = browse(stand).log_in(OTHER_NUMBER)
    for path in (
        f"/cards/{card}/transactions",
        f"/cards/{card}/z-reports",
        f"/cards/{card}/shifts",
        f"/cards/{card}/documents/1",
        f"/cards/{card}/documents/1/pdf",
        f"/cards/{card}/x-reports/1",
        way,
        f"{way}/file",
        f"{way}/state",
    ):
        stranger.get(path, 404)
    stranger.post(f"/cards/{card}/archives", {"table": "transactions"}, 404)
    assert browse(stand).get(f"/cards/{card}/transactions", 303).location.startswith("/login")


def test_the_pages_speak_kazakh_and_english(visit: Visit, card: int) -> None:
    visit.get("/language/kk", 302)
    assert "Сату, қолма-қол" in seen(visit.get(f"/cards/{card}/transactions"))
    visit.get("/language/en", 302)
    assert "Closing of shift No. 0001" in seen(visit.get(f"/cards/{card}/transactions"))
