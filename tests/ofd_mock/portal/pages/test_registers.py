"""Pages of outlets and registers without a screen: what they show, take, refuse, and leave as it was."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from ofd_mock.portal import wire_books
from ofd_mock.portal.cards import Wish
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.members import Members
from ofd_mock.portal.moves import DEREGISTRATION_REASONS, Act
from reference.protocol.kz.device_states import STATES
from reference.protocol.kz.device_states import DeviceState as S
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.pages.register_pages import cabinet, findings, sign
from tests.ofd_mock.portal.stand import Stand, signed


@pytest.fixture
def owner(stand: Stand) -> Visitor:
    return stand.owner()


@pytest.fixture
def visit(stand: Stand, owner: Visitor) -> Visit:
    return browse(stand).log_in()


# --- what is shown -----------------------------------------------------------------------------------------


def test_a_card_shows_what_the_register_sent(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.registered(owner)
    visit.log_in()
    stand.token(owner, card)
    stand.sell(card, 1_15)
    stand.keeper.run()
    page = cabinet(visit)
    assert "Кассы всего: 1 активных: 1" in page
    assert "Касс: 1 В сети: 1" in page
    assert "Касса 1 Активная 13.09.2026" in page
    assert "Меркурий - 115 ФКЗ (версия Online KZ) ЗН: 91862666525902" in page
    assert f"id: {card} РНМ: 6203" in page
    assert "На 13.09.2026 11:00 Смена № 1 Продаж: 1.15 ₸ Возвратов: 0 ₸" in page
    own = seen(visit.get(f"/cards/{card}"))
    for text in (
        "Кассы / Магазин №1 / Касса 1",
        "Z-отчеты X-отчеты Транзакции Смены",
        "TEST Online ККМ, день",
    ):
        assert text in own
    links = re.findall(rf'href="/cards/{card}/([\w-]+)"', visit.get(f"/cards/{card}").text)
    assert {"z-reports", "x-reports", "transactions", "shifts", "settings"} <= set(links)


def test_the_search(stand: Stand, owner: Visitor, visit: Visit) -> None:
    outlet = stand.outlet(owner)
    card = stand.draft(owner, outlet, name="Промтовары")
    stand.draft(owner, outlet, name="Другая", serial="777")
    for query in ("пром", str(card), "9186"):
        page = cabinet(visit, f"?q={quote(query)}")
        assert "Кассы всего: 1" in page
        assert "Промтовары" in page
        assert "Все кассы" in page
    assert "Ничего не найдено" in cabinet(visit, "?q=<script>")
    assert "<script>alert" not in visit.get("/cabinet?q=<script>alert(1)</script>").text


def test_names_of_people_are_never_marks(stand: Stand, owner: Visitor, visit: Visit) -> None:
    outlet = stand.outlet(owner, name="<b>Лавка</b>")
    card = stand.draft(owner, outlet, name="<img src=x onerror=alert(1)>")
    for path in ("/cabinet", f"/cards/{card}", f"/cards/{card}/form", f"/cards/{card}/check", "/cards/new"):
        page = visit.get(path).text
        assert "<img src=x" not in page
        assert "<b>Лавка" not in page


def test_every_state_has_its_words_and_its_menu(stand: Stand, owner: Visitor, visit: Visit) -> None:
    """kz-ofd §15.5, state by state."""
    card = stand.registered(owner)
    visit.log_in()
    work = ["Временно выключить", "Отключить тариф", "Получить токен", "Перерегистрировать"]
    menus = {
        S.DRAFT: ["Продолжить", "Удалить"],
        S.REG_REFUSED: ["Продолжить регистрацию"],
        S.REG_NO_TARIFF: ["Выбрать тариф", "Снять с учета"],
        S.READY: work,
        S.ACTIVE: work,
        S.SUSPENDED: work[1:],
    }
    everything = {name for menu in menus.values() for name in menu}
    for state in S:
        with stand.office.changing() as session:
            wire_books.set_state(session, card, state)
        answer = visit.get(f"/cards/{card}/settings")
        assert STATES[state].label.ru in seen(answer)
        shown = re.findall(r"<(?:a|button)[^>]*>([^<]+)</(?:a|button)></li>", answer.text)
        assert [name for name in shown if name in everything] == menus.get(state, [])
        if state not in menus:
            assert "Сейчас действий нет" in seen(answer)


# --- acts --------------------------------------------------------------------------------------------------


def test_tariff_suspension_and_its_end(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.draft(owner, stand.outlet(owner))
    stand.do(owner, card, Act.SIGN_REGISTRATION)
    stand.advance(hours=72)
    visit.log_in()
    assert "Зарегистрирована в КГД 1" in cabinet(visit)
    listed = seen(visit.get(f"/cards/{card}/tariff"))
    assert "TEST Online ККМ, месяц в месяц 1500 ₸ Выбрать" in listed
    visit.get(f"/cards/{card}/tariff/9", 422)
    sign(visit, f"/cards/{card}/tariff/2")
    page = cabinet(visit)
    assert "Тариф успешно выбран" in page
    assert "Зарегистрирована 13.09.2026" in page
    # The second tab still shows the list of tariffs.
    visit.get(f"/cards/{card}/tariff/1", 409)
    refused = visit.post(f"/cards/{card}/tariff/1", {"cms": signed("x")}, 409)
    assert "В состоянии «Зарегистрирована» это действие недоступно" in seen(refused)
    told = seen(visit.get(f"/cards/{card}/suspend"))
    assert "приостановлены с первого числа следующего месяца: 01.10.2026" in told
    sign(visit, f"/cards/{card}/suspend/sign")
    page = cabinet(visit)
    assert "Услуга будет приостановлена с 01.10.2026" in page
    assert "Зарегистрирована 13.09.2026" in page
    assert "Будет временно выключена с 01.10.2026" in page
    stand.until(datetime(2026, 9, 30, 23, 59))
    visit.log_in()
    assert "Зарегистрирована 13.09.2026" in cabinet(visit)
    stand.until(datetime(2026, 10, 1, 0, 0))
    assert "Временно выключена 01.10.2026" in cabinet(visit)
    stand.token(owner, card)
    stand.sell(card)
    stand.keeper.run()
    assert "Активная 01.10.2026" in cabinet(visit)


def test_the_tariff_off_and_a_new_one(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.registered(owner)
    visit.log_in()
    assert "ЗАЯВКА на прекращение оказания Услуги" in seen(visit.get(f"/cards/{card}/tariff-off"))
    sign(visit, f"/cards/{card}/tariff-off")
    assert "Тариф отключен" in cabinet(visit)
    menu = seen(visit.get(f"/cards/{card}/settings"))
    assert "Выбрать тариф Снять с учета" in menu
    visit.post(f"/cards/{card}/tariff-off", {"cms": signed("x")}, 409)
    sign(visit, f"/cards/{card}/tariff/1")
    assert stand.state(card) is S.READY


def test_a_token_is_shown_once(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.registered(owner)
    visit.log_in()
    path = f"/cards/{card}/token"
    assert 'id="token"' not in visit.get(path).text
    assert visit.post(path).location == path
    number = re.findall(r'id="token"[^>]*>(\d+)<', visit.get(path).text)
    assert len(number) == 1
    assert stand.sell(card, token=int(number[0])).code == 0
    # A reload shows no number and makes none: the register goes on with what it has.
    assert 'id="token"' not in visit.get(path).text
    assert stand.sell(card).code == 0
    visit.post(path)
    assert stand.sell(card).code == 2
    # Of one register's number nothing is seen at another.
    other = stand.draft(owner, stand.card(card).outlet, serial="2")
    assert 'id="token"' not in visit.get(f"/cards/{other}/token").text
    refused = visit.post(f"/cards/{other}/token", {}, 409)
    assert "это действие недоступно" in seen(refused)


def test_re_registration_inside_and_across_tax_districts(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.registered(owner)
    visit.log_in()
    near, far = stand.outlet(owner, name="Рядом"), stand.outlet(owner, settlement=1, name="Далеко")
    path = f"/cards/{card}/reregister"
    page = visit.get(path)
    assert "Кассы / Магазин №1 / Касса 1 / Настройки / Перерегистрация" in seen(page)
    assert not re.search(r'<input[^>]*value="91862666525902"', page.text)  # fixed: text, no field
    sent = {"name": "Касса 9", "outlet": str(near), "consent": "1", "go": "on"}
    assert findings(visit.post(path, sent | {"name": ""}, 422)) == {"name": "Обязательное поле"}
    assert findings(visit.post(path, sent | {"name": "x" * 256}, 422)).keys() == {"name"}
    assert findings(visit.post(path, sent | {"outlet": "", "outlet_text": "ряд"}, 422)).keys() == {"outlet"}
    assert findings(visit.post(path, sent | {"consent": ""}, 422)).keys() == {"consent"}
    assert "Касса уже в этой торговой точке" in seen(
        visit.post(path, sent | {"outlet": str(stand.card(card).outlet)}, 409)
    )
    refused = visit.post(path, sent | {"outlet": str(far)}, 409)
    assert "Касса может быть перерегистрирована только в пределах одного налогового органа" in seen(refused)
    number = stand.counter.ledger.device(card).profile.registration.rnm  # type: ignore[union-attr]
    go_on = visit.post(path, sent).location
    sign(visit, go_on)
    page = cabinet(visit)
    assert "Касса успешно перерегистрирована" in page
    assert "Касса 9" in page
    assert (stand.card(card).outlet, stand.state(card)) == (near, S.READY)
    known = stand.counter.ledger.device(card).profile.registration  # type: ignore[union-attr]
    assert (known.rnm, known.pos_title) == (number, "Рядом")
    # The second tab would move it to where it is already.
    visit.get(go_on, 409)
    # What nobody can have chosen on the page.
    visit.get(f"{path}/sign?outlet=x&name=1", 422)


def test_deregistration_with_its_guards(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.registered(owner)
    visit.log_in()
    path = f"/cards/{card}/deregister"
    assert "В состоянии «Зарегистрирована» это действие недоступно" in seen(visit.get(path, 409))
    stand.token(owner, card)
    stand.sell(card)
    stand.do(owner, card, Act.DROP_TARIFF)
    page = visit.get(path)
    listed = [seen_text(text) for text in re.findall(r'<option value="[1-7]">(.*?)</option>', page.text)]
    assert listed == list(DEREGISTRATION_REASONS.values())
    sent = {"reason": "3", "consent": "1"}
    assert "Закройте смену и передайте данные по закрытию" in seen(visit.post(path, sent, 409))
    assert findings(visit.post(path, {"consent": "1"}, 422)) == {"reason": "Выберите причину из списка"}
    assert findings(visit.post(path, sent | {"reason": "8"}, 422)).keys() == {"reason"}
    assert stand.state(card) is S.REG_NO_TARIFF
    stand.do(owner, card, Act.CHOOSE_TARIFF, tariff=2)
    stand.close_shift(card)
    stand.do(owner, card, Act.DROP_TARIFF)
    assert findings(visit.post(path, {"reason": "3"}, 422)).keys() == {"consent"}
    check = visit.post(path, sent).location
    page = seen(visit.get(check))
    for text in (
        "Кассы / Магазин №1 / Касса 1 / Настройки / Заявление о снятии с учета",
        "Чтобы завершить процедуру снятия ККМ с учета",
        'Название организации (полное) АО "ТЕСТ" ИИН/БИН 123456789021',
        "Регистрационный номер в КГД 6203",
        f"Причина снятия с учета {DEREGISTRATION_REASONS[3]}",
        "Назад",
    ):
        assert text in page
    back = visit.get(f"{path}?reason=3")
    assert '<option value="3" selected>' in back.text
    sign(visit, check)
    page = cabinet(visit)
    assert "Запрос на снятие кассы с учета отправлен." in page
    assert "Ожидает снятия с учёта" in page
    visit.post(check, {"cms": signed("x")}, 409)
    stand.advance(hours=72)
    visit.log_in()
    assert "Снята с учёта 16.09.2026" in cabinet(visit)


def seen_text(text: str) -> str:
    return " ".join(text.split())


def test_a_signature_that_does_not_fit_leaves_everything(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.registered(owner)
    visit.log_in()
    path = f"/cards/{card}/tariff-off"
    for cms, text in ((signed("другой текст"), "Подпись недействительна"), ("", ""), ("???", "")):
        answer = visit.post(path, {"cms": cms}, 409)
        assert text in seen(answer)
        assert "data-sign=" in answer.text  # the form again, ready for the right one
    assert stand.state(card) is S.READY
    stand.do(owner, card, Act.DROP_TARIFF)


# --- who, and for how long ---------------------------------------------------------------------------------


def test_a_session_that_ends_in_the_middle_leads_back(stand: Stand, owner: Visitor, visit: Visit) -> None:
    card = stand.registered(owner)
    near = stand.outlet(owner, name="Рядом")
    visit.log_in()
    path = f"/cards/{card}/reregister/sign?outlet={near}&name=x"
    visit.get(path)
    stand.advance(hours=13)
    away = visit.post(path, {"cms": signed("x")})
    assert away.location.startswith("/login?next=")
    login = visit.get(away.location)
    assert "Войдите в систему" in seen(login)
    wanted = re.findall(r'name="next" value="([^"]*)"', login.text)[0].replace("&amp;", "&")
    fresh = visit.post("/login", {"login": owner.login, "password": "Abcdef1!", "next": wanted})
    assert fresh.location == path
    assert "НОВЫЙ АДРЕС" in seen(visit.get(path))
    assert stand.card(card).outlet != near


def test_a_cashier_looks_and_does_nothing(stand: Stand, owner: Visitor, visit: Visit) -> None:
    outlet = stand.outlet(owner)
    card = stand.registered(owner, outlet=outlet)
    hidden = stand.outlet(owner, name="Чужая точка")
    members = Members(stand.office)
    known = {"password": "Abcdef1!", "password_repeated": "Abcdef1!"}
    user = members.add_user(owner, {"login": "kassir", "name": "Кассир", "role": 1, **known})
    group = members.add_group(owner, {"name": "Смена"})
    members.fill_group(owner, group, [outlet], [user])
    cashier = browse(stand).log_in("kassir")
    page = cabinet(cashier)
    assert "Касса 1" in page
    for text in ("Чужая точка", "+Касса", "+Торговая точка", "Настройки"):
        assert text not in page
    assert "Сейчас действий нет" in seen(cashier.get(f"/cards/{card}/settings"))
    for path in ("/outlets/new", "/cards/new", f"/cards/{card}/tariff-off", f"/cards/{card}/token"):
        cashier.get(path, 403)
    cashier.get(f"/outlets/{hidden}", 404)
    cashier.post(f"/outlets/{outlet}", {"act": "remove"}, 403)
    cashier.post(f"/cards/{card}/token", {}, 403)
    assert stand.state(card) is S.READY


def test_a_number_that_nobody_has_is_not_found(visit: Visit) -> None:
    for number in ("0", "77", "9007199254740992", "x", "-1", "99999999999999999999"):
        for path in ("/cards/{}", "/cards/{}/form", "/cards/{}/settings", "/cards/{}/token", "/outlets/{}"):
            visit.get(path.format(number), 404)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("kk", ("Барлық касса: 1 белсенді: 0", "Тіркеуді жалғастыру", "+Сауда нүктесі")),
        ("en", ("Registers in all: 1 active: 0", "Continue registration", "+Outlet")),
    ],
)
def test_the_pages_speak_three_languages(
    stand: Stand, owner: Visitor, visit: Visit, language: str, words: tuple[str, ...]
) -> None:
    card = stand.draft(owner, stand.outlet(owner))
    visit.get(f"/language/{language}", 302)
    page = cabinet(visit)
    assert all(word in page for word in words)
    for path in (f"/cards/{card}/form", f"/cards/{card}/settings", "/outlets/new"):
        text = seen(visit.get(path))
        assert "Настройки" not in text
        assert "Отмена" not in text


def test_a_wish_is_signed_as_it_was_shown(stand: Stand, owner: Visitor, visit: Visit) -> None:
    """The address names what is wished for: another tariff's signature does not count for this one."""
    card = stand.registered(owner)
    stand.do(owner, card, Act.DROP_TARIFF)
    visit.log_in()
    month: Any = stand.cards.application(owner, card, Act.CHOOSE_TARIFF, Wish(tariff=1))
    visit.post(f"/cards/{card}/tariff/2", {"cms": signed(month)}, 409)
    assert stand.state(card) is S.REG_NO_TARIFF
