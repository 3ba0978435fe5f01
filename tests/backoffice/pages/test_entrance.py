"""Coming in and going: login, a password that was reset, several devices, secret of forms (BX-LOG-01)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reference.backoffice.pages.session import COOKIE, FORM_COOKIE
from tests.backoffice.conftest import PASSWORD, PHONE, Back
from tests.backoffice.pages.browser import Pages, Visit, pages_of, seen

LOGIN = {"phone": PHONE, "password": PASSWORD}
NEW = {"password": "yangi-parol-1", "password_repeated": "yangi-parol-1"}
ELSEWHERE = [
    "//elsewhere.test",
    "https://elsewhere.test/",
    "/\\elsewhere.test",
    "/\t/elsewhere.test",
    "javascript:alert(1)",
    "elsewhere",
    "",
]


@pytest.fixture
def visit(pages: Pages) -> Visit:
    pages.back.owner()
    return pages.browse()


def test_a_login_leads_to_the_dashboard(visit: Visit) -> None:
    answer = visit.post("/login", LOGIN)
    assert answer.location == "/dashboard"
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith(f"{COOKIE}="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    form = visit.client.get_cookie(FORM_COOKIE)
    assert form is None or (form.http_only and form.same_site == "Lax")
    assert "Sinov choyxona" in seen(visit.get("/dashboard"))
    assert visit.get("/", 302).location == "/dashboard"


def test_a_phone_may_have_spaces_and_a_password_keeps_its_own(pages: Pages, visit: Visit) -> None:
    visit.post("/login", {"phone": " +998 90 123 45 67 ", "password": PASSWORD})
    other = pages.browse()
    assert "Telefon yoki parol noto'g'ri" in seen(
        other.post("/login", LOGIN | {"password": f" {PASSWORD}"}, 409)
    )


@pytest.mark.parametrize("given", [{}, {"csrf_token": "guess"}], ids=["none", "guess"])
def test_a_form_without_its_secret_does_nothing(visit: Visit, given: dict[str, str]) -> None:
    visit.get("/login")
    answer = visit.client.post("/login", data=LOGIN | given)
    assert answer.status_code == 400
    assert "Sahifa eskirgan." in seen(answer)
    assert visit.cookie(COOKIE) == ""


def test_forms_work_behind_https_and_only_from_here(visit: Visit) -> None:
    client = visit.client
    page = client.get("/login", base_url="https://portal.test")
    assert page.headers["Referrer-Policy"] == "same-origin"
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    fields = LOGIN | {"csrf_token": found[1]}
    for referrer, status in (("https://evil.example/", 400), ("", 400), ("https://portal.test/login", 303)):
        headers = {"Referer": referrer} if referrer else {}
        answer = client.post("/login", data=fields, base_url="https://portal.test", headers=headers)
        assert answer.status_code == status, referrer
    assert "Secure" in next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith(COOKIE))


def test_every_form_wants_its_secret(pages: Pages, owner: Visit) -> None:
    """Every POST of the pages, found by the table of addresses itself."""
    for rule in pages.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.rule.startswith(
            ("/api", "/payme", "/click", "/control")
        ):
            continue
        if "page-" in rule.endpoint:
            path = re.sub(r"<[^>]*>", "1", rule.rule)
            assert owner.client.post(path).status_code == 400, path
    assert "Sinov choyxona" in seen(owner.get("/profile"))


def test_the_api_takes_no_cookie(owner: Visit) -> None:
    assert owner.get("/api/me", 401).get_json()["error"]["rule"] == "login"


def test_wrong_logins_look_alike(visit: Visit) -> None:
    wrong = ({"phone": "+998909999999"}, {"password": "wrong-password"})
    said = [seen(visit.post("/login", LOGIN | each, 409)) for each in wrong]
    assert said[0] == said[1]
    assert "Telefon yoki parol noto'g'ri" in said[0]


def test_the_fifth_wrong_password_locks_the_login(pages: Pages, visit: Visit) -> None:
    for _ in range(5):
        visit.post("/login", LOGIN | {"password": "wrong"}, 409)
    assert "Urinishlar ko'p, keyinroq qaytaring (10:15:00)" in seen(visit.post("/login", LOGIN, 429))
    pages.back.advance(901)
    visit.post("/login", LOGIN)


def test_one_address_has_so_many_tries(back: Back, tmp_path: Path) -> None:
    visit = pages_of(back, tmp_path, logins="2 per minute").browse()
    for _ in range(2):
        visit.post("/login", LOGIN, 409)
    assert "Urinishlar ko'p" in seen(visit.post("/login", LOGIN, 429))
    assert "Urinishlar ko'p" in seen(visit.post("/register", {"phone": PHONE}, 429))


@pytest.mark.parametrize("wanted", ELSEWHERE, ids=range(len(ELSEWHERE)))
def test_a_login_leads_nowhere_else(visit: Visit, wanted: str) -> None:
    assert visit.post("/login", LOGIN | {"next": wanted}).location == "/dashboard"
    assert visit.get(f"/language/ru?next={wanted}", 302).location == "/"
    assert visit.post("/branch", {"branch": "", "next": wanted}).location == "/dashboard"


def test_a_stranger_is_led_back_after_the_login(visit: Visit) -> None:
    there = visit.get("/dashboard?tab=staff&first=2026-08-01", 303).location
    assert there == "/login?next=/dashboard%3Ftab%3Dstaff%26first%3D2026-08-01"
    page = visit.get(there)
    assert "Tizimga kiring" in seen(page)
    found = re.search(r'name="next" value="([^"]+)"', page.text)
    assert found is not None
    wanted = found[1].replace("&amp;", "&")
    assert visit.post("/login", LOGIN | {"next": wanted}).location == "/dashboard?tab=staff&first=2026-08-01"


def test_a_session_left_alone_is_over(pages: Pages, owner: Visit) -> None:
    pages.back.advance(7 * 86_400 + 1)
    assert owner.get("/profile", 303).location == "/login?next=/profile"
    assert owner.post("/branch", {"branch": ""}).location == "/login?next=/dashboard"


def test_a_reset_password_opens_one_page_only(pages: Pages, owner: Visit) -> None:
    """BX-LOG-01: the sessions from before are over as well."""
    given = pages.back.entrance.reset(PHONE)
    assert owner.get("/dashboard", 303).location.startswith("/login")
    visit = pages.browse()
    visit.post("/login", {"phone": PHONE, "password": given})
    for path in ("/dashboard", "/profile"):
        assert visit.get(path, 303).location == "/password"
    page = seen(visit.get("/password"))
    assert "Yangi parol o'rnatish" in page
    assert "Sinov choyxona" not in page
    wrong = visit.post("/password", {"password": "short", "password_repeated": "other"}, 422)
    assert "Kamida 8 belgi" in seen(wrong)
    assert "Parollar mos emas" in seen(wrong)
    assert visit.post("/password", NEW).location == "/dashboard"
    assert "Yangi parol saqlandi" in seen(visit.get("/dashboard"))
    assert pages.browse().post("/login", LOGIN | {"password": NEW["password"]}).location == "/dashboard"


def test_nobody_else_changes_a_password_there(pages: Pages, owner: Visit) -> None:
    assert owner.get("/password", 302).location == "/dashboard"
    assert owner.post("/password", NEW).location == "/dashboard"
    pages.browse().log_in()
    assert pages.browse().get("/password", 303).location == "/login?next=/password"


def test_chiqish_ends_this_session_only(pages: Pages, owner: Visit) -> None:
    other = pages.browse().log_in()
    key = owner.cookie(COOKIE)
    assert owner.post("/logout").location == "/login"
    assert owner.cookie(COOKIE) == ""
    owner.client.set_cookie(COOKIE, key)
    owner.get("/profile", 303)
    other.get("/profile")


def test_who_logs_in_next_has_nothing_of_the_one_before(pages: Pages, owner: Visit) -> None:
    """Another owner at the same browser, without «Chiqish»: the chosen branch is gone."""
    visitor = pages.back.entrance.visitor(owner.cookie(COOKIE))
    place = pages.back.branches.add(visitor, {"name": "Markaziy"})[0].id
    owner.post("/branch", {"branch": str(place)})
    assert "selected>Markaziy" in owner.get("/profile").text
    pages.back.owner("+998901112233")
    owner.log_in("+998901112233")
    assert "Markaziy" not in owner.get("/profile").text
