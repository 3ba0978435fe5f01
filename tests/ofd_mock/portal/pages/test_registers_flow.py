"""Outlets and registers in Chromium, as the manual goes through them, up to the first ticket on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from ofd_mock.portal.moves import DEREGISTRATION_REASONS, Act
from ofd_mock.portal.settings import PortalSettings
from reference.protocol.kz.device_states import DeviceState as S
from reference.protocol.kz.money import to_almaty
from tests.browser import DESK
from tests.ofd_mock.portal.pages.chain import Owner, Till, enrolled, opened_till
from tests.ofd_mock.portal.pages.running import (
    PASSWORD,
    Door,
    fits,
    sign_in_browser,
    signed_by_file,
)

QUARTER = 15 * 60
"""Seconds after which the tax body of these tests answers."""


@pytest.fixture(scope="module", autouse=True)
def prompt_tax_body(door: Door) -> Iterator[None]:
    before = door.process.office.settings
    door.process.office.settings = PortalSettings(kgd_delay=QUARTER)
    yield
    door.process.office.settings = before


@pytest.fixture(scope="module")
def owner(door: Door) -> Owner:
    return enrolled(door)


@pytest.fixture(scope="module")
def till(door: Door, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    with opened_till(door, tmp_path_factory.mktemp("till")) as till:
        yield till


@pytest.fixture
def inside(page: Page, owner: Owner) -> Page:
    owner.log_in(page.context)
    return page


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def go(page: Page, door: Door, path: str) -> None:
    page.goto(f"{door.base}{path}")


def log_in(page: Page, owner: Owner) -> None:
    """On the login page that a session's end led to."""
    page.get_by_label("Логин*").fill(owner.visitor.login)
    page.get_by_label("Пароль*").fill(PASSWORD)
    press(page, "Войти")


def choose(page: Page, field: str, letters: str, entry: str) -> None:
    """First letters into the field, the entry pressed in the list under it."""
    box = page.get_by_role("combobox", name=field)
    box.press_sequentially(letters)
    page.get_by_role("option", name=entry).click()
    expect(box).to_have_value(entry)


def sign_and_send(page: Page, owner: Owner) -> None:
    signed_by_file(page, owner.key)
    press(page, "Подписать")


def told(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def test_from_an_outlet_to_the_first_ticket(inside: Page, door: Door, owner: Owner, till: Till) -> None:
    """KZ-OUT-01, KZ-KKM-01…04, KZ-TRF-01, KZ-TOK-01, by mouse and by keyboard."""
    page = inside
    go(page, door, "/cabinet")
    page.get_by_role("link", name="+Торговая точка").click()
    page.get_by_label("Название*").fill("Касса 1")
    # By keyboard: six places begin so, the second is wanted.
    place = page.get_by_role("combobox", name="Населенный пункт*")
    place.press_sequentially("есиль")
    expect(page.get_by_role("option")).to_have_count(6)
    fits(page, "outlet-settlements")
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        place.press(key)
    expect(place).to_have_value("р-он Есиль, г. Нур-султан")
    expect(page.get_by_role("option")).to_have_count(0)
    page.get_by_label("Улица*").fill("Сауран")
    page.get_by_label("Дом*").fill("12")
    press(page, "Добавить")
    told(page, "Торговая точка успешно создана")
    expect(page.get_by_text("р-он Есиль, г. Нур-султан, Сауран, 12")).to_be_visible()

    page.get_by_role("link", name="+Касса").click()
    page.get_by_label("Название*").fill("Касса 2")
    choose(page, "Модель*", "мер", "Меркурий - 115 ФКЗ (версия Online KZ)")
    page.get_by_label("Серийный/заводской номер*").fill("91862666525902")
    outlet = page.get_by_role("combobox", name="В торговой точке*")
    outlet.press_sequentially("кас")
    page.get_by_role("option", name="Касса 1").click()
    press(page, "Сохранить")
    expect(page.get_by_role("heading", level=1)).to_have_text("Кассы всего: 1 активных: 0")
    card = int(page.locator(".register").get_attribute("id").removeprefix("register-"))  # type: ignore[union-attr]
    own = page.locator(f"#register-{card}")
    expect(own.locator(".state")).to_have_text("Продолжить регистрацию")
    own.get_by_role("link", name="Продолжить").click()
    expect(page.get_by_role("combobox", name="Модель*")).to_have_value(
        "Меркурий - 115 ФКЗ (версия Online KZ)"
    )
    press(page, "Продолжить")
    expect(page.locator("#year-finding")).to_have_text("Обязательное поле")
    expect(page.locator("#consent-finding")).to_contain_text("Необходимо согласие")
    fits(page, "register-form")
    page.get_by_label("Год выпуска*").fill("2019")
    page.get_by_label("Соглашаюсь на сбор").check()
    press(page, "Продолжить")
    told(page, "Все данные ККМ сохранены.")
    expect(page.get_by_role("button", name="Подписать", exact=True)).to_be_disabled()
    fits(page, "register-check")
    sign_and_send(page, owner)
    told(page, "Запрос на регистрацию кассы отправлен.")
    expect(own.locator(".state")).to_have_text("Ожидает регистрацию")

    owner.pass_time(seconds=QUARTER)
    owner.until(card, S.REG_NO_TARIFF)
    page.reload()
    own.get_by_role("link", name="Выбрать тариф").click()
    fits(page, "register-tariffs")
    page.get_by_role("link", name="Выбрать: TEST Online ККМ, день").click()
    expect(page.locator(".application")).to_contain_text("ЗАЯВКА на подключение и тарификацию Услуги")
    sign_and_send(page, owner)
    told(page, "Тариф успешно выбран")
    expect(own.locator(".state")).to_contain_text("Зарегистрирована")

    own.get_by_role("link", name="Настройки: Касса 2").click()
    fits(page, "register-settings")
    page.get_by_role("link", name="Получить токен").click()
    press(page, "Получить токен")
    token = int(page.locator("#token").inner_text())
    fits(page, "register-token")
    till.introduce(card, token)
    made = till.sell()
    assert made["outcome"] == "done", made
    owner.until(card, S.ACTIVE)
    go(page, door, "/cabinet")
    expect(page.get_by_role("heading", level=1)).to_have_text("Кассы всего: 1 активных: 1")
    expect(own).to_contain_text("Смена № 1")
    expect(own).to_contain_text("Продаж: 180 ₸ Возвратов: 0 ₸")
    expect(page.locator(".counts")).to_have_text("Касс: 1 В сети: 1")
    fits(page, "cabinet")

    # A new number: the one that the register goes on with is dead at once.
    go(page, door, f"/cards/{card}/token")
    expect(page.locator("#token")).to_have_count(0)
    press(page, "Получить токен")
    fresh = int(page.locator("#token").inner_text())
    assert till.sell()["code"] == 2
    till.introduce(card, fresh)
    assert till.sell()["outcome"] == "done"
    page.reload()
    expect(page.locator("#token")).to_have_count(0)
    assert till.sell()["outcome"] == "done"
    assert till.press("z")["outcome"] == "done"


def test_suspended_at_the_months_end_and_back_with_a_ticket(
    inside: Page, door: Door, owner: Owner, till: Till
) -> None:
    """KZ-TRF-02."""
    page, card = inside, owner.registered(owner.outlet("Месяц"), "M-1")
    go(page, door, f"/cards/{card}/settings")
    page.get_by_role("link", name="Временно выключить").click()
    today = to_almaty(door.clock.now())
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
    expect(page.get_by_text(f"первого числа следующего месяца: {first:%d.%m.%Y}")).to_be_visible()
    page.get_by_role("link", name="Продолжить").click()
    expect(page.locator(".application")).to_contain_text("ЗАЯВКА на приостановление услуги")
    sign_and_send(page, owner)
    own = page.locator(f"#register-{card}")
    expect(own).to_contain_text(f"Будет временно выключена с {first:%d.%m.%Y}")
    expect(own.locator(".state")).to_contain_text("Зарегистрирована")
    _until(door, first - timedelta(minutes=1))
    assert owner.state(card) is S.READY
    _until(door, first)
    owner.until(card, S.SUSPENDED)
    # The session is over by now: the browser is led to the login page, and back to the cabinet.
    go(page, door, "/cabinet")
    log_in(page, owner)
    expect(page).to_have_url(f"{door.base}/cabinet")
    expect(own.locator(".state")).to_have_text(f"Временно выключена {first:%d.%m.%Y}")
    till.introduce(card, owner.desks.cards.token(owner.visitor, card))
    assert till.sell()["outcome"] == "done"
    owner.until(card, S.ACTIVE)
    page.reload()
    expect(own.locator(".state")).to_have_text(f"Активная {first:%d.%m.%Y}")
    assert till.press("z")["outcome"] == "done"


def _until(door: Door, local: datetime) -> None:
    door.clock.advance((local - to_almaty(door.clock.now())).total_seconds())


def test_moved_inside_its_tax_district_and_not_beyond(inside: Page, door: Door, owner: Owner) -> None:
    """KZ-RRG-01."""
    page, card = inside, owner.registered(owner.outlet("Старая"), "R-1")
    owner.outlet("Соседняя")
    owner.outlet("Дальняя", settlement=1)
    number = owner.desks.views.one(owner.visitor, card).rnm
    go(page, door, f"/cards/{card}/reregister")
    field = page.get_by_role("combobox", name="В торговой точке*")
    expect(field).to_have_value("Старая")
    page.get_by_label("Соглашаюсь на сбор").check()
    field.fill("")
    choose(page, "В торговой точке*", "даль", "Дальняя")
    press(page, "Продолжить")
    expect(page.get_by_role("alert")).to_contain_text("только в пределах одного налогового органа")
    fits(page, "register-move")
    # What was typed is still there, but for the place.
    expect(page.get_by_label("Соглашаюсь на сбор")).to_be_checked()
    field.fill("сосед")
    press(page, "Продолжить")  # typed is not chosen
    expect(page.locator("#outlet-finding")).to_have_text("Выберите торговую точку")
    field.fill("")
    choose(page, "В торговой точке*", "сосед", "Соседняя")
    page.get_by_label("Название*").fill("Касса у дверей")
    press(page, "Продолжить")
    sign_and_send(page, owner)
    told(page, "Касса успешно перерегистрирована")
    moved = page.locator(".outlet").filter(has=page.get_by_role("heading", name="Соседняя"))
    expect(moved.locator(f"#register-{card}")).to_contain_text(f"РНМ: {number}")
    expect(moved).to_contain_text("Касса у дверей")


def test_off_the_books_once_shift_and_tariff_are_closed(
    inside: Page, door: Door, owner: Owner, till: Till
) -> None:
    """KZ-TRF-03, KZ-DRG-01."""
    page, card = inside, owner.registered(owner.outlet("Последняя"), "D-1")
    till.introduce(card, owner.desks.cards.token(owner.visitor, card))
    assert till.sell()["outcome"] == "done"
    owner.until(card, S.ACTIVE)
    go(page, door, f"/cards/{card}/deregister")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "В состоянии «Активная» это действие недоступно"
    )
    go(page, door, f"/cards/{card}/tariff-off")
    sign_and_send(page, owner)
    told(page, "Тариф отключен")
    go(page, door, f"/cards/{card}/settings")
    page.get_by_role("link", name="Снять с учета").click()
    expect(page.locator("#reason option")).to_have_text(
        ["Выберите причину", *DEREGISTRATION_REASONS.values()]
    )
    press(page, "Продолжить")
    expect(page.locator("#reason-finding")).to_have_text("Выберите причину из списка")
    page.get_by_label("Причина*").select_option("3")
    page.get_by_label("Соглашаюсь на сбор").check()
    press(page, "Продолжить")
    expect(page.get_by_role("alert")).to_contain_text("Закройте смену и передайте данные по закрытию")
    fits(page, "register-leave")
    owner.do(card, Act.CHOOSE_TARIFF, tariff=2)
    assert till.press("z")["outcome"] == "done"
    owner.do(card, Act.DROP_TARIFF)
    press(page, "Продолжить")
    expect(page.get_by_role("heading", name="Проверьте данные")).to_be_visible()
    expect(page.get_by_text(DEREGISTRATION_REASONS[3]).first).to_be_visible()
    fits(page, "register-leave-check")
    page.get_by_role("link", name="Назад").click()
    expect(page.get_by_label("Причина*")).to_have_value("3")
    page.go_back()
    sign_and_send(page, owner)
    told(page, "Запрос на снятие кассы с учета отправлен.")
    own = page.locator(f"#register-{card}")
    expect(own.locator(".state")).to_have_text("Ожидает снятия с учёта")
    owner.pass_time(seconds=QUARTER)
    owner.until(card, S.DEREGISTERED)
    page.reload()
    expect(own.locator(".state")).to_contain_text("Снята с учёта")
    # Now the outlet can go, though the register has been in it.
    page.get_by_role("link", name="Настройки: Последняя").click()
    press(page, "Удалить")
    told(page, "Торговая точка успешно удалена")


def test_two_clicks_two_tabs_and_the_back_button_do_it_once(inside: Page, door: Door, owner: Owner) -> None:
    page, context = inside, inside.context
    go(page, door, "/outlets/new")
    page.get_by_label("Название*").fill("Дважды")
    choose(page, "Населенный пункт*", "алмал", "р-он Алмалинский, г. Алматы")
    page.get_by_label("Улица*").fill("Абая")
    page.get_by_label("Дом*").fill("1")
    page.get_by_role("button", name="Добавить").dblclick()
    told(page, "Торговая точка успешно создана")
    expect(page.get_by_role("heading", name="Дважды")).to_have_count(1)
    outlet = owner.desks.outlets.find(owner.visitor, "Дважды")
    card = owner.draft(outlet[0].id, "T-1")
    other = context.new_page()
    for tab in (page, other):
        go(tab, door, f"/cards/{card}/check")
        signed_by_file(tab, owner.key)
    page.get_by_role("button", name="Подписать", exact=True).dblclick()
    told(page, "Запрос на регистрацию кассы отправлен.")
    press(other, "Подписать")
    expect(other.get_by_role("heading", level=1)).to_have_text(
        "В состоянии «Ожидает регистрацию» это действие недоступно"
    )
    other.close()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "В состоянии «Ожидает регистрацию» это действие недоступно"
    )
    papers = [paper for paper in owner.desks.papers.all(owner.visitor) if paper.card == card]
    assert [paper.kind for paper in papers] == ["registration"]


def test_the_signing_service_cancelled_and_then_used(inside: Page, door: Door, owner: Owner) -> None:
    page, card = inside, owner.registered(owner.outlet("Подпись"), "S-1")
    window = page.context.new_page()
    window.goto(f"{door.bench.base}/")
    go(page, door, f"/cards/{card}/tariff-off")
    press(page, "Подписать в браузере")
    page.get_by_role("dialog", name="Формирование подписи").get_by_role("button", name="Отмена").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Подписать", exact=True)).to_be_disabled()
    assert owner.state(card) is S.READY
    sign_in_browser(page, window, owner.key)
    expect(page.locator("#cms")).to_have_value(re.compile("^MII"))
    press(page, "Подписать")
    told(page, "Тариф отключен")
    assert owner.state(card) is S.REG_NO_TARIFF
    window.close()


def test_a_session_that_ends_in_the_middle_of_a_form(inside: Page, door: Door, owner: Owner) -> None:
    page, card = inside, owner.registered(owner.outlet("Долгая"), "E-1")
    go(page, door, f"/cards/{card}/tariff-off")
    signed_by_file(page, owner.key)
    owner.pass_time(minutes=31)
    press(page, "Подписать")
    expect(page.get_by_role("status")).to_have_text("Войдите в систему")
    assert owner.state(card) is S.READY
    log_in(page, owner)
    expect(page).to_have_url(f"{door.base}/cards/{card}/tariff-off")
    sign_and_send(page, owner)
    told(page, "Тариф отключен")


def test_what_was_typed_outlives_the_session(inside: Page, door: Door, owner: Owner) -> None:
    page = inside
    outlet = owner.outlet("Памятная")
    go(page, door, f"/cards/new?outlet={outlet}")
    page.get_by_label("Название*").fill("Касса памяти")
    choose(page, "Модель*", "порт", "ПОРТ FPG-1000 ФКЗ")
    page.get_by_label("Год выпуска*").fill("2020")
    page.get_by_label("Соглашаюсь на сбор").check()
    owner.pass_time(minutes=31)
    press(page, "Сохранить")
    log_in(page, owner)
    expect(page).to_have_url(f"{door.base}/cards/new")
    expect(page.get_by_label("Название*")).to_have_value("Касса памяти")
    expect(page.get_by_role("combobox", name="Модель*")).to_have_value("ПОРТ FPG-1000 ФКЗ")
    expect(page.get_by_role("combobox", name="В торговой точке*")).to_have_value("Памятная")
    expect(page.get_by_label("Соглашаюсь на сбор")).to_be_checked()
    press(page, "Сохранить")
    expect(page.get_by_role("link", name="Касса памяти", exact=True)).to_be_visible()
    card = owner.desks.views.cabinet(owner.visitor, "Касса памяти").outlets[0].cards[0]
    assert (card.model, card.year, card.outlet, card.consent) == ("ПОРТ FPG-1000 ФКЗ", 2020, outlet, True)
    # The next form is an empty one: what was taken is not kept.
    go(page, door, "/cards/new")
    expect(page.get_by_label("Название*")).to_have_value("")


def test_of_another_organisation_nothing_is_put_back(inside: Page, door: Door, owner: Owner) -> None:
    page = inside
    go(page, door, "/outlets/new")
    page.get_by_label("Название*").fill("Тайная точка")
    owner.pass_time(minutes=31)
    press(page, "Добавить")
    log_in(page, enrolled(door))
    expect(page).to_have_url(f"{door.base}/outlets/new")
    expect(page.get_by_label("Название*")).to_have_value("")


def test_without_a_script_an_outlet_is_still_added(chromium: Browser, door: Door, owner: Owner) -> None:
    context = chromium.new_context(viewport=DESK, java_script_enabled=False, locale="ru-RU")
    try:
        owner.log_in(context)
        page = context.new_page()
        _without_script(page, door)
    finally:
        context.close()


def _without_script(page: Page, door: Door) -> None:
    go(page, door, "/outlets/new")
    page.get_by_label("Название*").fill("Без сценария")
    page.get_by_label("Населенный пункт*").first.fill("сарайшык")
    press(page, "Найти")
    expect(page.get_by_label("Название*")).to_have_value("Без сценария")
    page.get_by_label("р-он Сарайшык, г. Нур-султан").check()
    page.get_by_label("Улица*").fill("Туран")
    page.get_by_label("Дом*").fill("5")
    press(page, "Добавить")
    told(page, "Торговая точка успешно создана")


def test_a_list_that_does_not_load_says_so(inside: Page, door: Door) -> None:
    page = inside
    go(page, door, "/outlets/new")
    page.route("**/api/settlements?*", lambda route: route.abort())
    box = page.get_by_role("combobox", name="Населенный пункт*")
    box.press_sequentially("ес")
    expect(page.locator(".chooser-list")).to_have_text("Список не загрузился, повторите")
    page.unroute("**/api/settlements?*")
    box.press_sequentially("иль")
    expect(page.get_by_role("option")).to_have_count(6)
    box.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    box.fill("нур-султан")
    expect(page.locator(".chooser-list")).to_have_text("Ничего не найдено")
