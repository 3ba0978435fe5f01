"""What all pages stand in: menu, languages, headers, and how refusals look to people and to programs."""

from __future__ import annotations

import html
import re

import pytest
from structlog.testing import capture_logs

from reference.backoffice.pages.words import COOKIE
from tests.backoffice.pages.browser import Pages, Visit, seen

PAGES = [
    ("/dashboard", "Dashboard"),
    ("/orders", "Buyurtmalar"),
    ("/products", "Mahsulotlar"),
    ("/staff", "Xodimlar"),
    ("/transactions", "O'tkazmalar"),
    ("/branches", "Filiallar"),
    ("/subscription", "Obuna"),
    ("/payments", "To'lov sozlamalari"),
    ("/profile", "Profil"),
]


@pytest.mark.parametrize(("path", "name"), PAGES, ids=[path[1:] for path, _ in PAGES])
def test_the_menu_has_nine_pages_and_knows_where_it_is(owner: Visit, path: str, name: str) -> None:
    """BX-NAV-01"""
    page = owner.get(path)
    menu = page.text.split("<aside", 1)[1].split("</aside>")[0]
    links = re.findall(r'<li><a href="([^"]+)"( aria-current="page")?>', menu)
    assert [address for address, _ in links] == [address for address, _ in PAGES]
    assert [address for address, here in links if here] == [path]
    assert f"<h1>{name}</h1>" in html.unescape(page.text)
    assert 'id="branch-choice"' in page.text


def test_a_stranger_sees_no_menu(pages: Pages) -> None:
    for path in ("/login", "/register", "/outbox"):
        page = pages.browse().get(path).text
        assert "<aside" not in page
        assert "branch-choice" not in page


@pytest.mark.parametrize(
    ("code", "heading"), [("uz", "Tizimga kirish"), ("ru", "Вход в систему"), ("en", "Log in")]
)
def test_languages(pages: Pages, code: str, heading: str) -> None:
    visit = pages.browse()
    by_browser = visit.get("/login", headers={"Accept-Language": f"{code}-XX,{code};q=0.9"})
    assert heading in seen(by_browser)
    assert visit.get(f"/language/{code}?next=/login", 302).location == "/login"
    chosen = visit.get("/login", headers={"Accept-Language": "de"})
    assert f'<html lang="{code}">' in chosen.text
    assert f"<h1>{heading}</h1>" in chosen.text


def test_an_unknown_language_changes_nothing(pages: Pages) -> None:
    visit = pages.browse()
    visit.get("/language/kk?next=/login", 302)
    assert visit.cookie(COOKIE) == ""
    assert "Tizimga kirish" in seen(visit.get("/login"))


def test_refusals_of_desks_speak_the_language(pages: Pages) -> None:
    visit = pages.browse()
    visit.get("/language/ru", 302)
    answer = visit.post("/register", {"phone": "1"}, 422)
    assert "Номер в виде +998XXXXXXXXX" in seen(answer)


def test_no_page_lets_scripts_or_styles_in_from_elsewhere(owner: Visit) -> None:
    for path, _ in PAGES:
        page = owner.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]* src=\"/static/)|\son\w+=|<style|\sstyle=", page.text), path
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Frame-Options"] == "DENY"


def test_what_is_not_there(pages: Pages, owner: Visit) -> None:
    page = owner.get("/nowhere", 404)
    assert "Sahifa topilmadi" in seen(page)
    assert 'href="/dashboard"' in page.text
    assert "Sahifa topilmadi" in seen(pages.browse().get("/nowhere", 404))
    assert owner.get("/api/nowhere", 404).get_json()["error"]["rule"]
    assert owner.get("/static/../frame.py", 404).status_code == 404
    assert "So'rov noto'g'ri" in seen(owner.get("/logout", 405))


def test_a_failure_tells_nothing_of_the_inside(
    pages: Pages, owner: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret of the inside")

    monkeypatch.setattr(type(pages.desks.reports), "dashboard", broken)
    with capture_logs() as logs:
        page = owner.get("/dashboard", 500)
    assert "Ichki xato" in seen(page)
    assert "secret" not in page.text
    assert "Traceback" not in page.text
    assert [(line["event"], line["path"]) for line in logs] == [("a page failed", "/dashboard")]


def test_styles_and_scripts_are_there(pages: Pages) -> None:
    page = pages.browse().get("/login").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        with pages.browse().get(address) as file:
            assert file.get_data()
