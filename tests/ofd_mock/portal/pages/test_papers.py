"""«Документы» and «Журнал действий»: lists, filters, files (kz-ofd §15.1, KZ-LOG-01)."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from ofd_mock.portal.moves import Act
from ofd_mock.portal.note_texts import NOTES
from ofd_mock.portal.paging import PAGE
from ofd_mock.portal.papers import Papers
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.stand import Stand

_ROWS = re.compile(r'href="/papers/(\d+)"')


@pytest.fixture
def owner(stand: Stand) -> Any:
    return stand.owner()


@pytest.fixture
def card(stand: Stand, owner: Any) -> int:
    return stand.registered(owner)


@pytest.fixture
def visit(stand: Stand, card: int) -> Visit:
    assert card
    return browse(stand).log_in()


def rows(visit: Visit, query: str = "") -> list[int]:
    return [int(number) for number in _ROWS.findall(visit.get(f"/papers{query}").text)]


def test_papers_are_listed_and_filtered(visit: Visit, card: int) -> None:
    assert rows(visit) == [3, 2, 1]
    assert rows(visit, "?kind=tariff") == [3]
    assert rows(visit, f"?card={card}") == [3, 2]
    assert rows(visit, "?card=1") == []
    assert rows(visit, "?first=13.09.2026") == [3]
    assert rows(visit, "?last=10.09.2026") == [2, 1]
    assert rows(visit, "?first=01.01.0001&last=31.12.9999") == [3, 2, 1]
    for wrong in ("?kind=x", "?card=x", "?card=-1", "?first=x", "?before=x"):
        answer = visit.get(f"/papers{wrong}", 422)
        assert _ROWS.findall(answer.text) == []


def test_a_paper_with_its_files(stand: Stand, visit: Visit, owner: Any) -> None:
    paper = Papers(stand.office).one(owner, 2)
    page = visit.get("/papers/2")
    assert "ЗАЯВЛЕНИЕ о постановке контрольно-кассовой машины на учет" in seen(page)
    assert "ТЕСТОВ ТЕСТ" in seen(page)
    assert f"-attime {int(stand.office.now.timestamp()) - 72 * 3600}" in seen(page)
    text, cms = visit.get("/papers/2.txt"), visit.get("/papers/2.p7s")
    assert text.data.decode() == paper.text
    assert text.mimetype == "text/plain"
    assert text.headers["Content-Disposition"] == 'attachment; filename="application-2.txt"'
    assert cms.data == base64.b64decode(paper.cms)
    assert cms.headers["Content-Disposition"] == 'attachment; filename="application-2.p7s"'


def test_papers_are_paged(stand: Stand, owner: Any, card: int, visit: Visit) -> None:
    for _ in range(PAGE // 2):
        stand.do(owner, card, Act.DROP_TARIFF)
        stand.do(owner, card, Act.CHOOSE_TARIFF, tariff=2)
    first = visit.get("/papers").text
    link = re.search(r'href="([^"]+)" rel="next"', first)
    assert link is not None
    found = [int(number) for number in _ROWS.findall(first)] + rows(visit, link[1].removeprefix("/papers"))
    assert found == list(range(PAGE + 3, 0, -1))


def test_the_log_is_filtered_and_paged(stand: Stand, visit: Visit, owner: Any, card: int) -> None:
    text = seen(visit.get("/notes"))
    assert f"Тариф выбран {card} 123456789021" in text
    assert "Вход по паролю" in text
    only = visit.get("/notes?act=choose-tariff").text
    assert only.count('<td class="moment"') == 1
    assert visit.get(f"/notes?user={owner.user}&first=13.09.2026").text.count('<td class="moment"') >= 2
    assert "Записей нет" in seen(visit.get("/notes?last=01.01.2020"))
    visit.get("/notes?act=nothing", 422)
    for _ in range(PAGE):
        stand.outlet(owner)
    link = re.search(r'href="([^"]+)" rel="next"', visit.get("/notes").text)
    assert link is not None
    assert visit.get(link[1].replace("&amp;", "&")).text.count('<td class="moment"') > 3


def test_everything_that_is_noted_has_words(stand: Stand, owner: Any, card: int) -> None:
    """Of a whole life of a register; a word without a sentence would be shown as it is."""
    stand.do(owner, card, Act.SUSPEND)
    stand.token(owner, card)
    stand.do(owner, card, Act.REREGISTER, outlet=stand.outlet(owner, name="Второй"))
    stand.do(owner, card, Act.DROP_TARIFF)
    stand.do(owner, card, Act.SIGN_DEREGISTRATION, reason=1)
    stand.advance(hours=72)
    stand.cards.delete(owner, stand.draft(owner, stand.outlet(owner), serial="9"))
    acts = {note["act"] for note in Papers(stand.office).notes(owner)}
    assert len(acts) > 12
    assert acts <= set(NOTES)
