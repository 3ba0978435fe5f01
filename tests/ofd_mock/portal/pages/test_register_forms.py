"""Outlets and the form «Касса» without a screen: every field, choices without a script, drafts."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.moves import Act
from reference.protocol.kz.device_states import DeviceState as S
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.pages.register_pages import CARD, OUTLET, cabinet, findings, sign
from tests.ofd_mock.portal.stand import Stand, signed


@pytest.fixture
def owner(stand: Stand) -> Visitor:
    return stand.owner()


@pytest.fixture
def visit(stand: Stand, owner: Visitor) -> Visit:
    return browse(stand).log_in()


# --- outlets -----------------------------------------------------------------------------------------------


def test_an_outlet_is_added_and_shown(visit: Visit) -> None:
    assert "Торговых точек пока нет" in cabinet(visit)
    page = seen(visit.get("/outlets/new"))
    for label in ("Кассы / Добавление торговой точки", "Населенный пункт*", "Строение", "Отмена", "Добавить"):
        assert label in page
    assert visit.post("/outlets/new", OUTLET).location == "/cabinet"
    page = cabinet(visit)
    assert "Торговая точка успешно создана" in page
    assert "Кассы всего: 0 активных: 0" in page
    assert "Магазин №1 + VPN Касс: 0 В сети: 0" in page
    assert "р-он Есиль, г. Нур-султан, Сауран, 12, 34" in page
    # The message stands once.
    assert "успешно создана" not in cabinet(visit)


WRONG_OUTLETS = (
    ({"name": "  "}, "name", "Обязательное поле"),
    ({"name": "х" * 256}, "name", "Слишком длинное значение"),
    ({"settlement": ""}, "settlement", "Обязательное поле"),
    ({"settlement": "", "settlement_text": "Нур-Султан"}, "settlement", "Выберите значение из списка"),
    ({"settlement": "", "settlement_text": "2"}, "settlement", "Выберите значение из списка"),
    ({"settlement": "9999"}, "settlement", "Выберите значение из списка"),
    ({"settlement": "-1"}, "settlement", "Выберите значение из списка"),
    ({"street": ""}, "street", "Обязательное поле"),
    ({"house": ""}, "house", "Обязательное поле"),
    ({"house": "1" * 33}, "house", "Слишком длинное значение"),
    ({"building": "1" * 33}, "building", "Слишком длинное значение"),
    ({"room": "1" * 33}, "room", "Слишком длинное значение"),
)


def test_a_wrong_field_of_an_outlet_is_named_and_the_rest_stays(visit: Visit) -> None:
    for change, field, text in WRONG_OUTLETS:
        answer = visit.post("/outlets/new", OUTLET | change, 422)
        assert findings(answer) == {field: text}, change
        assert 'value="Сауран"' in answer.text or field == "street"
    assert "Торговых точек пока нет" in cabinet(visit)


def test_without_a_script_settlements_are_found_and_chosen(visit: Visit) -> None:
    sent = {"name": "Лавка", "settlement_text": "есиль", "find": "settlement", "house": "7"}
    page = visit.post("/outlets/new", sent, 200)
    listed = re.findall(r'type="radio" name="settlement" value="(\d+)"', page.text)
    assert listed == ["1", "2", "3", "4", "5", "6"]
    assert "р-он Есиль, г. Нур-султан" in seen(page)
    assert 'value="Лавка"' in page.text
    assert findings(page) == {}
    nothing = visit.post("/outlets/new", sent | {"settlement_text": "Нур-султан"}, 200)
    assert "Ничего не найдено" in seen(nothing)
    # What was chosen stays chosen while another field is wrong.
    wrong = visit.post("/outlets/new", OUTLET | {"settlement_text": "есиль", "street": ""}, 422)
    assert re.search(r'name="settlement" value="2" checked', wrong.text)


def test_only_an_empty_outlet_goes(stand: Stand, owner: Visitor, visit: Visit) -> None:
    outlet = stand.outlet(owner)
    card = stand.draft(owner, outlet)
    refused = visit.post(f"/outlets/{outlet}", {"act": "remove"}, 409)
    assert "В торговой точке есть ККМ" in seen(refused)
    stand.cards.delete(owner, card)
    assert visit.post(f"/outlets/{outlet}", {"act": "remove"}).location == "/cabinet"
    assert "Торговая точка успешно удалена" in cabinet(visit)
    # The second tab still shows it, and its button finds nothing.
    visit.post(f"/outlets/{outlet}", {"act": "remove"}, 404)
    visit.get(f"/outlets/{outlet}", 404)


# --- the form «Касса» --------------------------------------------------------------------------------------


def test_a_draft_is_kept_checked_and_signed(stand: Stand, owner: Visitor, visit: Visit) -> None:
    outlet = stand.outlet(owner)
    page = seen(visit.get("/cards/new"))
    for label in ("Кассы / Добавление кассы", "Модель*", "Год выпуска*", "В торговой точке*", "Сохранить"):
        assert label in page
    assert visit.post("/cards/new", {"name": "Касса 2", "outlet": str(outlet), "go": "save"}).location == (
        "/cabinet"
    )
    page = cabinet(visit)
    assert "Кассы всего: 1 активных: 0" in page
    assert "Касса 2 Продолжить регистрацию Продолжить" in page
    card = int(re.findall(r"id: (\d+)", page)[0])
    # «Продолжить» names what a registration lacks, and keeps what is there.
    form = f"/cards/{card}/form"
    half = {"name": "Касса 2", "outlet": str(outlet), "model": "1", "go": "check"}
    assert visit.post(form, half).location == f"/cards/{card}/check"
    lacking = visit.get(f"/cards/{card}/check", 422)
    assert findings(lacking) == {
        "serial": "Обязательное поле",
        "year": "Обязательное поле",
        "consent": "Необходимо согласие на обработку персональных данных",
    }
    assert f'action="{form}"' in lacking.text
    visit.post(form, CARD | {"outlet": str(outlet), "go": "check"})
    checked = seen(visit.get(f"/cards/{card}/check"))
    assert "Все данные ККМ сохранены. В любой момент вы можете вернуться к регистрации" in checked
    assert "ЗАЯВЛЕНИЕ о постановке" in checked
    assert sign(visit, f"/cards/{card}/check").location == "/cabinet"
    page = cabinet(visit)
    assert "Запрос на регистрацию кассы отправлен. Обработка запроса может занять от 15 минут" in page
    assert "Ожидает регистрацию" in page
    assert stand.state(card) is S.WAIT_REG
    # Nothing of it can be changed any more: form, check, delete, and the second «Подписать».
    assert visit.get(form, 303).location == f"/cards/{card}"
    refused = visit.post(form, CARD | {"outlet": str(outlet), "go": "save"}, 409)
    assert "В состоянии «Ожидает регистрацию» это действие недоступно" in seen(refused)
    visit.get(f"/cards/{card}/check", 409)
    visit.post(f"/cards/{card}/check", {"cms": signed("x")}, 409)
    visit.post(f"/cards/{card}/settings", {"act": "delete"}, 409)
    assert stand.state(card) is S.WAIT_REG


WRONG_REGISTERS = (
    ({"name": ""}, "name", "Обязательное поле"),
    ({"name": "х" * 256}, "name", "Слишком длинное значение"),
    ({"model": "", "model_text": "мер"}, "model", "Выберите значение из списка"),
    ({"model": "77"}, "model", "Выберите значение из списка"),
    ({"serial": "12 34"}, "serial", "Номер: от 1 до 32 букв, цифр и знаков «-»"),
    ({"serial": "1" * 33}, "serial", "Номер: от 1 до 32 букв, цифр и знаков «-»"),
    ({"year": "1999"}, "year", "Год выпуска: от 2000 до текущего"),
    ({"year": "19x9"}, "year", "Год выпуска: от 2000 до текущего"),
    ({"outlet": ""}, "outlet", "Обязательное поле"),
    ({"outlet": "", "outlet_text": "маг"}, "outlet", "Выберите значение из списка"),
    ({"outlet": "9999"}, "outlet", "Выберите торговую точку"),
)


def test_a_wrong_field_of_a_register_is_named(stand: Stand, owner: Visitor, visit: Visit) -> None:
    sound = CARD | {"outlet": str(stand.outlet(owner)), "go": "save"}
    for change, field, text in WRONG_REGISTERS:
        assert findings(visit.post("/cards/new", sound | change, 422)) == {field: text}, change
    assert "Кассы всего: 0" in cabinet(visit)


def test_what_only_a_registration_refuses(stand: Stand, owner: Visitor, visit: Visit) -> None:
    outlet = stand.outlet(owner)
    stand.registered(owner, outlet=outlet, serial="TAKEN")
    visit.log_in()
    for change in ({"year": "2027"}, {"serial": "TAKEN"}):
        sent = CARD | {"outlet": str(outlet), "go": "check"} | change
        path = visit.post("/cards/new", sent).location
        assert findings(visit.get(path, 422)).keys() == change.keys()


def test_models_and_outlets_are_found_by_first_letters(stand: Stand, owner: Visitor, visit: Visit) -> None:
    first, other = stand.outlet(owner, name="Касса 1"), stand.outlet(owner, name="Базар")
    sent = {"model_text": "мер", "outlet_text": "кас", "find": "model"}
    page = visit.post("/cards/new", sent, 200)
    assert re.findall(r'name="model" value="(\d+)"', page.text) == ["1", "2", "3"]
    page = visit.post("/cards/new", sent | {"find": "outlet", "model": "2"}, 200)
    assert re.findall(r'name="outlet" value="(\d+)"', page.text) == [str(first)]
    assert 'name="model" value="2" checked' in page.text
    found = visit.get(f"/choices/outlets?q={quote('БАЗ')}").json
    assert found == [{"id": other, "name": "Базар", "more": "р-он Есиль, г. Нур-султан, Сауран, 12"}]
    assert visit.get("/choices/outlets?q=").json == []
    assert visit.get("/choices/outlets?q=%D0%B0").json == []


def test_a_draft_is_deleted_once(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.draft(owner, stand.outlet(owner))
    assert "Продолжить Удалить" in seen(visit.get(f"/cards/{card}/settings"))
    visit.post(f"/cards/{card}/settings", {"act": "delete"})
    assert "Черновик удалён" in cabinet(visit)
    visit.post(f"/cards/{card}/settings", {"act": "delete"}, 404)
    visit.get(f"/cards/{card}/form", 404)


def test_a_refused_registration_is_taken_up_again(stand: Stand, owner: Visitor, visit: Visit) -> None:
    stand.set(kgd_answer="no", kgd_delay=900, kgd_reason="Адрес не подтверждён")
    card = stand.draft(owner, stand.outlet(owner))
    stand.do(owner, card, Act.SIGN_REGISTRATION)
    stand.advance(minutes=15)
    page = cabinet(visit)
    assert "В регистрации отказано 10.09.2026" in page
    assert "Причина: Адрес не подтверждён" in page
    fresh = visit.post(f"/cards/{card}/settings", {"act": "resume-registration"})
    assert fresh.location == f"/cards/{card}/form"
    assert 'value="91862666525902"' in visit.get(fresh.location).text
    assert stand.state(card) is S.DRAFT
    assert "Отказ КГД: Адрес не подтверждён" in cabinet(visit)
    # A yes afterwards takes the old no away.
    stand.set(kgd_delay=900)
    stand.do(owner, card, Act.SIGN_REGISTRATION)
    stand.advance(minutes=15)
    page = cabinet(visit)
    assert "Зарегистрирована в КГД" in page
    assert "Адрес не подтверждён" not in page


def test_a_refused_move_says_why_until_the_next_act(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.registered(owner)
    near = stand.outlet(owner, name="Рядом")
    visit.log_in()
    stand.set(kgd_answer="no", rereg_delay=900, kgd_reason="Адрес занят")
    sign(visit, f"/cards/{card}/reregister/sign?outlet={near}&name=x")
    page = cabinet(visit)
    assert "Заявка подписана" in page
    assert "Ожидает перерегистрацию" in page
    stand.advance(minutes=15)
    page = cabinet(visit)
    assert "Зарегистрирована 13.09.2026" in page
    assert "Отказ КГД: Адрес занят" in page
    sign(visit, f"/cards/{card}/tariff-off")
    assert "Отказ КГД" not in cabinet(visit)


def test_many_outlets_come_in_pages(stand: Stand, owner: Visitor, visit: Visit) -> None:
    for number in range(26):
        stand.outlet(owner, name=f"Точка {number:02d}")
    stand.draft(owner, stand.outlet(owner, name="Последняя"))
    first = visit.get("/cabinet")
    assert "Точки 1–25 из 27" in seen(first)
    assert "Кассы всего: 1" in seen(first)
    assert "Последняя" not in first.text
    assert 'rel="prev"' not in first.text
    assert 'href="/cabinet?q=&amp;page=2"' in first.text
    for query in ("?page=2", "?page=99"):
        second = visit.get(f"/cabinet{query}")
        assert "Точки 26–27 из 27" in seen(second)
        assert "Последняя" in second.text
        assert 'rel="next"' not in second.text
    assert "Точки 1–25" in seen(visit.get("/cabinet?page=-3"))
    assert "Точки 1–25" in seen(visit.get("/cabinet?page=x"))
    assert 'rel="next"' not in visit.get("/cabinet?q=%D0%BF%D0%BE%D1%81%D0%BB").text
