"""«Пользователи», «Группы», the page of one's own: forms, passwords that were given, lists (KZ-USR-01)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ofd_mock.portal.members import Members
from ofd_mock.portal.paging import PAGE
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.stand import NUMBER, PASSWORD, Stand

AIGUL = {"login": "aigul", "name": "Айгүл", "role": "1", "password": PASSWORD, "password_repeated": PASSWORD}
NEW = {"password": "Zyxwvu9?", "password_repeated": "Zyxwvu9?"}
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def owner(stand: Stand) -> Any:
    return stand.owner()


@pytest.fixture
def visit(stand: Stand, owner: Any) -> Visit:
    assert owner.login == NUMBER
    return browse(stand).log_in()


def add(visit: Visit, **more: str) -> str:
    """«+Пользователь»; the address of the user's page."""
    return str(visit.post("/users/new", AIGUL | more).location)


def test_a_user_is_made_and_put_into_a_group(stand: Stand, owner: Any, visit: Visit) -> None:
    mine, other = stand.outlet(owner), stand.outlet(owner, name="Магазин №2")
    user = add(visit)
    assert "Пользователь добавлен" in seen(visit.get(user))
    assert "не видит ни одной торговой точки" in seen(visit.get(user))
    group = visit.post("/groups", {"name": "Центр"}).location
    visit.post(group, {"name": "Центр города", "outlets": [mine], "users": [user.rsplit("/")[-1]]})
    assert "Центр города 1 1" in seen(visit.get("/groups"))
    assert "aigul Айгүл Кассир Центр города разрешен" in seen(visit.get("/users"))
    cashier = browse(stand).log_in("aigul")
    assert "Магазин №1" in seen(cashier.get("/me"))
    assert "Магазин №2" not in seen(cashier.get("/cabinet"))
    assert [each.id for each in stand.outlets.all(stand.visitor("aigul"))] == [mine]
    assert other != mine
    assert visit.post(f"{group}/remove").location == "/groups"
    assert "Группа удалена" in seen(visit.get("/groups"))
    visit.get(group, 404)


def test_a_user_is_changed_and_switched_off(stand: Stand, visit: Visit) -> None:
    user = add(visit)
    cashier = browse(stand).log_in("aigul")
    visit.post(user, {"name": "Айгүл С.", "role": "2", "active": "1"})
    assert cashier.get("/account", 303).location.startswith("/login")
    assert "aigul Айгүл С. Старший кассир — разрешен" in seen(visit.get("/users"))
    visit.post(user, {"name": "Айгүл С.", "role": "2"})
    assert "выключен" in seen(visit.get("/users"))
    browse(stand).post("/login", {"login": "aigul", "password": PASSWORD}, 409)


def test_a_password_that_was_given_is_changed_first(stand: Stand, visit: Visit) -> None:
    user = add(visit)
    own = visit.post("/users/1/password", NEW, 409)
    assert "Свой пароль меняют на странице «Мой пароль»" in seen(own)
    visit.post(f"{user}/password", NEW)
    assert "Пароль задан." in seen(visit.get(user))
    assert "сменит пароль" in seen(visit.get("/users"))
    cashier = browse(stand)
    cashier.post("/login", {"login": "aigul", "password": PASSWORD}, 409)
    cashier.log_in("aigul", NEW["password"])
    for page in ("/account", "/cabinet", "/tariffs"):
        assert cashier.get(page, 303).location == "/me"
    assert "Сначала смените пароль" in seen(cashier.get("/me"))
    same = cashier.post("/me", {"old_password": NEW["password"], **NEW}, 422)
    assert "Новый пароль совпадает с прежним" in seen(same)
    own = {"old_password": NEW["password"], "password": "Own own1!", "password_repeated": "Own own1!"}
    assert cashier.post("/me", own).location == "/login"
    assert "Пароль изменен. Войдите с новым паролем." in seen(cashier.get("/login"))
    cashier.log_in("aigul", "Own own1!").get("/account")


def test_a_password_that_was_given_opens_no_api_either(stand: Stand, visit: Visit) -> None:
    user = add(visit)
    visit.post(f"{user}/password", NEW)
    client = visit.client
    made: Any = client.post("/api/login", json={"login": "aigul", "password": NEW["password"]}).json
    headers = {"Authorization": f"Bearer {made['session']}"}
    refused: Any = client.get("/api/account", headers=headers)
    assert (refused.status_code, refused.json["error"]["rule"]) == (403, "password")
    assert client.get("/api/me", headers=headers).json["must_change"] is True  # type: ignore[index]
    own = {"old_password": NEW["password"], "password": "Other11!", "password_repeated": "Other11!"}
    assert client.post("/api/me/password", headers=headers, json=own).status_code == 200
    assert client.get("/api/me", headers=headers).status_code == 401


def test_wrong_old_passwords_lock_as_wrong_logins_do(stand: Stand, visit: Visit) -> None:
    stolen = browse(stand).log_in()
    for _ in range(stand.office.settings.login_tries):
        wrong = stolen.post("/me", {"old_password": "guess", **NEW}, 422)
        assert "Неверный текущий пароль" in seen(wrong)
    locked = stolen.post("/me", {"old_password": PASSWORD, **NEW}, 429)
    assert "Слишком много попыток" in seen(locked)
    stand.lab.advance(stand.office.settings.lock_seconds)
    stolen.post("/me", {"old_password": PASSWORD, **NEW})
    assert visit.get("/account", 303).location.startswith("/login")


WRONG: list[tuple[dict[str, str], str]] = [
    ({"login": "ai"}, "Логин: от 3 латинских букв"),
    ({"login": NUMBER}, "12 цифр — логин самого налогоплательщика"),
    ({"login": "x" * 101}, "Слишком длинное значение"),
    ({"name": ""}, "Обязательное поле"),
    ({"name": "я" * 256}, "Слишком длинное значение"),
    ({"name": "a\x00b"}, "Недопустимые знаки в тексте"),
    ({"name": "a\u202eb"}, "Недопустимые знаки в тексте"),
    ({"role": "4"}, "Выберите значение из списка"),
    ({"role": "x"}, "Выберите значение из списка"),
    ({"password": "short"}, "Минимум 8 символов"),
    ({"password": "A1!" + "a" * 126}, "Не более 128 символов"),
    ({"password_repeated": "x"}, "Пароли не совпадают"),
    ({"organisation": "1"}, "Проверьте отмеченные поля"),
]


def test_a_wrong_user_is_told_at_his_field(visit: Visit) -> None:
    for change, finding in WRONG:
        answer = visit.post("/users/new", AIGUL | change, 422)
        assert finding in seen(answer), change
        assert 'type="password" value=""' in answer.text
        assert PASSWORD not in answer.text
    assert "aigul" not in seen(visit.get("/users"))
    add(visit)
    assert "Этот логин занят" in seen(visit.post("/users/new", AIGUL, 422))


def test_the_only_administrator_stays_one(visit: Visit, owner: Any) -> None:
    answer = visit.post(f"/users/{owner.user}", {"name": "x", "role": "1", "active": "1"}, 409)
    assert "Единственного администратора нельзя изменить" in seen(answer)


def test_names_are_never_marks_of_a_page(stand: Stand, owner: Any, visit: Visit) -> None:
    outlet = stand.outlet(owner, name=NASTY)
    stand.registered(owner, outlet=outlet, name=NASTY)
    visit = browse(stand).log_in()
    user = add(visit, name=NASTY)
    group = visit.post("/groups", {"name": NASTY}).location
    visit.post(group, {"name": NASTY, "outlets": [outlet], "users": [user.rsplit("/")[-1]]})
    pages = ("/users", user, "/groups", group, "/account", "/tariffs", "/notes", "/papers", "/papers/2")
    for page in (*pages, "/cabinet"):
        text = visit.get(page).text
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
    assert "&lt;script&gt;alert(1)" in visit.get("/users").text
    cashier = browse(stand).log_in("aigul")
    assert "<script>alert" not in cashier.get("/me").text


def test_lists_of_people_are_paged(stand: Stand, owner: Any, visit: Visit) -> None:
    members = Members(stand.office)
    for number in range(PAGE + 1):
        members.add_group(owner, {"name": f"Группа {number:02d}"})
    first = visit.get("/groups").text
    link = re.search(r'href="([^"]+)" rel="next"', first)
    assert link is not None
    rest = visit.get(link[1]).text
    found = re.findall(r">(Группа \d\d)<", first) + re.findall(r">(Группа \d\d)<", rest)
    assert found == [f"Группа {number:02d}" for number in range(PAGE + 1)]
    assert [view.name for view in members.groups(owner, 2, members.groups(owner, 1)[0].id)] == [
        "Группа 01",
        "Группа 02",
    ]


def test_who_is_no_administrator_is_refused(stand: Stand, visit: Visit) -> None:
    add(visit)
    cashier = browse(stand).log_in("aigul")
    for page in ("/users", "/users/new", "/groups", "/papers", "/notes"):
        assert "Недостаточно прав" in seen(cashier.get(page, 403))
    text = seen(cashier.get("/account"))
    assert "Пополнить" not in text
    assert "Денег хватит" not in text
