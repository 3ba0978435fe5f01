"""The dashboard's figures, periods, tabs and filters, and the profile (BX-DSH-01, BX-DSH-02, BX-PRF-01)."""

from __future__ import annotations

import html
import re

import pytest

from reference.backoffice.entrance import Visitor
from reference.backoffice.pages.session import COOKIE
from tests.backoffice.conftest import EMPLOYEE, PRODUCT, changes, order
from tests.backoffice.pages.browser import Pages, Visit, seen

BEFORE = {"opened": "2026-08-25T05:00:00.000+00:00", "closed": "2026-08-25T05:30:00.000+00:00"}


@pytest.fixture
def visitor(pages: Pages, owner: Visit) -> Visitor:
    return pages.back.entrance.visitor(owner.cookie(COOKIE))


@pytest.fixture
def place(pages: Pages, visitor: Visitor) -> int:
    """A branch that sold three times this week and twice the week before."""
    back = pages.back
    linked = back.link(visitor)
    told = [order(number) for number in (1, 2, 3)] + [order(number, **BEFORE) for number in (4, 5)]
    numbered = [("order", str(each["id"]), each) for each in told]
    back.intake.take(linked, changes(("product", "7", PRODUCT), ("employee", "2", EMPLOYEE), *numbered))
    return linked.branch


def text(visit: Visit, path: str = "/dashboard", status: int = 200) -> str:
    """What a person reads there, every space as the plain one."""
    return seen(visit.get(path, status)).replace("\u00a0", " ")


@pytest.mark.usefixtures("place")
def test_three_figures_against_the_period_before(owner: Visit) -> None:
    """BX-DSH-01: seven days end today; 3 orders of 11,000 with 4,000 spent and 1,000 of surcharge."""
    page = text(owner)
    assert "Umumiy daromad 33 000 so'm ▲ 50% oldingi davrdan ko'p Oldingi davr 22 000 so'm" in page
    assert "Foyda 21 000 so'm ▲ 50%" in page
    assert "Mahsulot foydasi 18 000 so'm ▲ 50%" in page
    assert "Joy/stol ustamasi 3 000 so'm ▲ 50%" in page
    assert "Buyurtmalar soni 3 ▲ 50%" in page
    assert "26.08.2026 – 01.09.2026 · Oldingi davr: 19.08.2026 – 25.08.2026" in page
    assert "5 ta chek hali operator tomonidan qabul qilinmagan" in page


@pytest.mark.usefixtures("place")
def test_fewer_than_before_and_nothing_before(owner: Visit) -> None:
    page = text(owner, "/dashboard?first=2026-09-02&last=2026-09-08")
    assert "Buyurtmalar soni 0 ▼ 100% oldingi davrdan kam Oldingi davr 3" in page
    assert "Bu davrda buyurtma yo'q" in page
    page = text(owner, "/dashboard?first=2026-08-19&last=2026-08-25")
    assert "Buyurtmalar soni 2 — Oldingi davr 0" in page


@pytest.mark.usefixtures("place")
def test_the_tab_of_orders(owner: Visit) -> None:
    """BX-DSH-02: recent orders of the period, orders by hour, what was sold most."""
    page = text(owner)
    assert "Eng ko'p sotilgan mahsulotlar Osh 6 30 000 so'm" in page
    assert "#003 01.09.2026 10:00 Stol 1 Bek Aliyev Yakunlangan 11 000 so'm" in page
    assert "#004" not in page
    assert "10:00 3 11:00 0" in page


@pytest.mark.usefixtures("place")
def test_the_tab_of_staff(owner: Visit) -> None:
    assert "Bek Aliyev Kassir 3 33 000 so'm 11 000 so'm" in text(owner, "/dashboard?tab=staff")


@pytest.mark.usefixtures("place")
def test_the_tab_of_products(owner: Visit) -> None:
    page = text(owner, "/dashboard?tab=products")
    assert "Taomlar 100% 30 000 so'm" in page
    assert "Osh Taomlar 6 30 000 so'm" in page


@pytest.mark.usefixtures("place")
def test_a_wrong_period_is_named_and_shows_the_usual_one(owner: Visit) -> None:
    for query, told in (
        ("first=2026-09-02&last=2026-09-01", "Davr noto'g'ri"),
        ("first=2020-01-01&last=2026-09-01", "Davr noto'g'ri"),
        ("first=yesterday", "Sana YYYY-MM-DD"),
        ("first=9999-12-31&last=9999-12-31", "Davr noto'g'ri"),
        ("first=0001-01-01&last=0001-01-01", "Davr noto'g'ri"),
        ("last=0001-01-01", "Davr noto'g'ri"),
        ("tab=money", "Ro'yxatdan tanlang"),
    ):
        page = text(owner, f"/dashboard?{query}", 422)
        assert told in page, query
        assert "Buyurtmalar soni 3" in page, query


def test_tabs_keep_the_period(owner: Visit, place: int) -> None:
    page = html.unescape(owner.get("/dashboard?first=2026-08-31&last=2026-09-01").text)
    assert '"/dashboard?first=2026-08-31&last=2026-09-01&tab=staff"' in page


def test_the_branch_filters_and_another_s_is_none(
    pages: Pages, owner: Visit, visitor: Visitor, place: int
) -> None:
    """BX-NAV-01"""
    empty = pages.back.branches.add(visitor, {"name": "Bo'sh"})[0].id
    assert owner.post(
        "/branch", {"branch": str(empty), "next": "/dashboard?tab=staff&before=5"}
    ).location == ("/dashboard?tab=staff")
    assert "Buyurtmalar soni 0" in text(owner)
    owner.post("/branch", {"branch": str(place)})
    assert "Buyurtmalar soni 3" in text(owner)
    stranger = pages.back.owner("+998907654321")
    foreign = pages.back.branches.add(stranger, {"name": "Begona"})[0].id
    owner.post("/branch", {"branch": str(foreign)})
    page = owner.get("/dashboard")
    assert "Buyurtmalar soni 3" in seen(page)
    assert "Begona" not in page.text
    assert 'value="" selected' not in page.text
    for wrong in ("0", "-1", "x", "9" * 30):
        assert owner.post("/branch", {"branch": wrong}).location == "/dashboard"
    assert "Buyurtmalar soni 3" in text(owner)


def test_who_has_no_branch_is_told_what_to_do(owner: Visit) -> None:
    page = owner.get("/dashboard")
    assert "Hali filial yo'q" in seen(page)
    assert 'href="/branches"' in page.text
    assert "Soatlik" not in seen(page)


def test_names_are_text_never_marks(pages: Pages, owner: Visit, visitor: Visitor) -> None:
    name = "<img src=x onerror=alert(1)>"
    linked = pages.back.link(visitor, pages.back.branches.add(visitor, {"name": name})[0].id)
    told = order(1, place_name=name) | {"number": name}
    pages.back.intake.take(
        linked,
        changes(
            ("product", "7", PRODUCT | {"name": name, "category": name}),
            ("employee", "2", EMPLOYEE | {"first_name": name}),
            ("order", str(told["id"]), told),
        ),
    )
    for tab in ("orders", "staff", "products"):
        page = owner.get(f"/dashboard?tab={tab}")
        assert name in seen(page).replace("\u00a0", " ") or name in html.unescape(page.text)
        assert "<img" not in page.text


# --- profile ------------------------------------------------------------------------------------------------


def test_the_profile_and_its_ways(owner: Visit, place: int) -> None:
    """BX-PRF-01"""
    page = owner.get("/profile")
    for told in (
        "Aziza Sinova",
        "+998901234567",
        "Sinov choyxona",
        "01.09.2026",
        "Obuna Professional",
        "Filiallar 1/5",
    ):
        assert told in seen(page)
    for address in ("/subscription", "/branches"):
        assert f'class="card shortcut" href="{address}"' in page.text


def test_sessions_are_listed_and_ended(pages: Pages, owner: Visit) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/131.0"}
    other = pages.browse()
    pages.back.advance(60)
    other.post("/login", {"phone": "+998901234567", "password": "parol-123"}, headers=agent)
    page = owner.get("/profile")
    assert seen(page).index("Shu qurilma") < seen(page).index("Firefox · Windows")
    assert "Kirilgan: 01.09.2026 10:01" in seen(page)
    ways = re.findall(r'action="(/profile/sessions/[^"]+/end)"', page.text)
    assert len(ways) == 2, "the one of the registration and Firefox"
    assert other.cookie(COOKIE) not in page.text
    for way in ways:
        assert owner.post(way).location == "/profile"
    assert other.get("/profile", 303).location.startswith("/login")
    assert "Firefox" not in seen(owner.get("/profile"))


def test_one_s_own_session_can_be_ended_too(pages: Pages, owner: Visit) -> None:
    mine = next(each for each in pages.back.entrance.visits(owner.cookie(COOKIE)) if each.mine)
    assert owner.post(f"/profile/sessions/{mine.handle}/end").location == "/login"
    assert owner.cookie(COOKIE) == ""


def test_another_owner_s_session_is_not_there(pages: Pages, owner: Visit) -> None:
    key = pages.back.enrol("+998907654321")
    theirs = pages.back.entrance.visits(key)[0].handle
    owner.post(f"/profile/sessions/{theirs}/end", status=404)
    owner.post("/profile/sessions/nothing/end", status=404)
    assert pages.back.entrance.visitor(key).phone == "+998907654321"
