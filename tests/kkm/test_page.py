"""The page for a person: a sale, an outage, a return, a Z, and what it shows when the register refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import DESK, PHONE, launched, width_of_content
from tests.kkm.shop import DEVICE, Shop, open_shop

TOUCH = 40
"""Pixels: a finger hits nothing lower."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def shop(opened: Shop) -> Shop:
    opened.fresh()
    return opened


@pytest.fixture
def page(browser: Browser, shop: Shop) -> Iterator[Page]:
    complaints: list[str] = []
    page = browser.new_page(viewport=DESK)  # type: ignore[arg-type]
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{shop.base}/")
    expect(page.locator("#mode")).to_have_attribute("data-mode", "ONLINE")
    yield page
    page.close()
    # Chromium complains of every refused request; those the tests provoke themselves.
    provoked = "Failed to load resource"
    assert [line for line in complaints if provoked not in line] == []


def put(page: Page, *goods: str) -> None:
    for good in goods:
        page.locator(".goods button").filter(has=page.get_by_text(good, exact=True)).first.click()


def message(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator("#message")).to_contain_text(text)


def tape(page: Page, text: str) -> None:
    expect(page.locator("#tape")).to_contain_text(text)


def test_a_sale(shop: Shop, page: Page) -> None:
    expect(page.locator("#make")).to_be_disabled()
    put(page, "Чай", "Чай", "Плов")
    expect(page.locator("#total")).to_have_text("2\u00a0650,00\u00a0₸")
    page.fill("#taken", "3000")
    expect(page.locator("#change")).to_have_text("350,00\u00a0₸")
    page.click("#make")
    message(page, "Продажа № 1: готово. Сдача 350,00\u00a0₸.")
    tape(page, "*** TEST ***")
    tape(page, "ИТОГО/БАРЛЫҒЫ            2650.00")
    expect(page.locator("#cash")).to_have_text("2\u00a0650,00\u00a0₸")
    expect(page.locator("#qr")).to_be_visible()
    assert page.locator("#qr").evaluate("image => image.complete && image.naturalWidth") > 100
    expect(page.locator("#lines li")).to_have_count(0)
    rows = shop.operator.order("documents", id=DEVICE)["documents"]
    assert len(rows) == 1


def test_an_outage_and_its_end(shop: Shop, page: Page) -> None:
    shop.control("do/kill-line")
    put(page, "Нан")
    page.click("#make")

    def answered() -> bool:
        return page.locator("#message").is_visible()

    for _ in range(200):
        if answered():
            break
        shop.tick(0.5)
        page.wait_for_timeout(20)
    message(page, "Продажа № 1: принято автономно, ждёт отправки.")
    tape(page, "АВТОНОМНЫЙ/АВТОНОМДЫ")
    expect(page.locator("#mode")).to_have_attribute("data-mode", "OFFLINE")
    expect(page.locator("#left")).to_have_text(re.compile(r"^(72:00:00|71:59:)"))
    put(page, "Нан")
    page.click("#make")
    message(page, "Продажа № 2: принято автономно")
    expect(page.locator("#queue")).to_have_text("1 + 1 в пути")
    expect(page.locator("#documents li").first).to_contain_text("ждёт отправки")
    shop.control("do/mend-line")
    shop.tick(61)
    expect(page.locator("#mode")).to_have_attribute("data-mode", "ONLINE", timeout=15_000)
    expect(page.locator("#queue")).to_have_text("0")
    expect(page.locator("#documents li").first).not_to_contain_text("ждёт отправки")


def test_a_return_of_a_ticket_on_the_list(shop: Shop, page: Page) -> None:
    put(page, "Плов")
    page.click("#make")
    page.get_by_label("Возврат по чеку № 1").click()
    expect(page.locator("#parent")).to_be_visible()
    expect(page.locator("#parent-time")).to_have_value(re.compile(r"^01\.07\.2026 12:\d\d:\d\d$"))
    put(page, "Плов")
    time = page.locator("#parent-time").input_value()
    page.fill("#parent-time", "вчера")
    page.click("#make")
    message(page, "«вчера» не подходит")
    page.fill("#parent-time", time)
    page.click("#make")
    message(page, "Возврат продажи № 2: готово.")
    tape(page, "По чеку/Чек бойынша")
    expect(page.locator("#cash")).to_have_text("0,00\u00a0₸")
    expect(page.locator("#parent")).to_be_hidden()


def test_a_purchase_of_something_else_with_a_discount_by_card(shop: Shop, page: Page) -> None:
    page.get_by_text("Покупка", exact=False).first.click()
    page.click("#other summary")
    page.fill("#other-name", "Ет")
    page.fill("#other-price", "2 500,50")
    page.fill("#other-quantity", "1,5")
    page.select_option("#other-unit", "166")
    page.select_option("#other-vat", "")
    page.press("#other-price", "Enter")
    expect(page.locator("#total")).to_have_text("3\u00a0750,75\u00a0₸")
    page.get_by_text("Скидка, наценка").click()
    page.fill("#discount", "50,75")
    page.fill("#card", "3700")
    page.click("#make")
    message(page, "Покупка № 1: готово.")
    tape(page, "1.5 кг × 2500.50        3750.75")
    tape(page, "Банковская карта/Банк картасы")


def test_money_x_and_z(shop: Shop, page: Page) -> None:
    page.fill("#money", "5000")
    page.click('[data-money="deposit"]')
    message(page, "Внесение № 1: готово.")
    page.click('[data-key="x"]')
    message(page, "X-отчёт № 2: готово.")
    page.check("#z-withdraw")
    page.click("#z")
    message(page, "Z-отчёт № 3: готово.")
    tape(page, "Z-ОТЧЁТ/Z-ЕСЕП")
    expect(page.locator("#cash")).to_have_text("0,00\u00a0₸")
    expect(page.locator("#shift")).to_have_text("№ 2 не открыта")
    page.locator("#documents .show").last.click()
    tape(page, "ВНЕСЕНИЕ/САЛЫМ")


def test_a_refusal_says_why(shop: Shop, page: Page) -> None:
    page.fill("#money", "1")
    page.click('[data-money="withdraw"]')
    message(page, re.compile("Отказано.*Недостаточно наличных"))
    page.fill("#money", "много")
    page.click('[data-money="withdraw"]')
    message(page, "«много» не подходит")
    expect(page.locator("#money")).to_have_class("wrong")


def test_a_block_of_the_operator_shows_its_ad_once(shop: Shop, page: Page) -> None:
    shop.operator.order("set-ads", id=DEVICE, ads=[{"type": 4, "version": 1, "text": "Оплатите тариф"}])
    shop.operator.order("block", id=DEVICE)
    put(page, "Нан")
    page.click("#make")
    message(page, "Отказано (код 15)")
    expect(page.locator("#refused")).to_have_text("Касса заблокирована. Оплатите тариф")
    expect(page.locator("#mode")).to_have_attribute("data-mode", "SERVER_BLOCKED")


def test_a_token_is_typed_in(shop: Shop, page: Page) -> None:
    token = shop.operator.order("issue-token", id=DEVICE)["token"]
    put(page, "Нан")
    page.click("#make")
    expect(page.locator("#mode")).to_have_attribute("data-mode", "TOKEN_INVALID")
    expect(page.locator("#refused")).to_contain_text("Токен")
    page.fill("#token", str(token))
    page.click("#token-send")
    expect(page.locator("#mode")).to_have_attribute("data-mode", "ONLINE")
    expect(page.locator("#refused")).to_be_hidden()


def test_the_basket_is_changed_by_hand(page: Page) -> None:
    put(page, "Чай", "Нан")
    page.get_by_label("Больше: Чай").click()
    page.get_by_label("Количество: Нан").fill("0,5")
    page.get_by_label("Количество: Нан").blur()
    expect(page.locator("#total")).to_have_text("790,00\u00a0₸")
    page.get_by_label("Убрать: Чай").click()
    expect(page.locator("#total")).to_have_text("90,00\u00a0₸")
    page.fill("#taken", "50")
    expect(page.locator("#change")).to_have_text("не хватает 40,00\u00a0₸")
    expect(page.locator("#make")).to_be_disabled()
    page.click("#clear")
    expect(page.locator("#empty")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_it_fits_and_can_be_touched(shop: Shop, page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    put(page, "Чай", "Баурсаки, кг")
    page.click("#make")
    message(page, "готово")
    page.locator("summary").first.click()
    page.get_by_text("Возврат продажи", exact=False).first.click()
    assert width_of_content(page) <= size["width"]
    touched = (
        "button:visible, summary:visible, select:visible, input:not([type=radio], [type=checkbox]):visible"
    )
    heights = page.locator(touched).evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert min(heights) >= TOUCH


def test_every_word_is_shown_in_both_languages(page: Page) -> None:
    headings = page.locator("h1, h2").all()
    assert len(headings) >= 7
    assert all(heading.locator('[lang="kk"]').count() == 1 for heading in headings)


def test_nobody_at_the_other_end(shop: Shop, page: Page) -> None:
    page.route("**/keys/**", lambda route: route.abort())
    page.fill("#money", "1")
    page.click('[data-money="deposit"]')
    message(page, "Касса не отвечает.")
    expect(page.locator("#mode")).to_have_text("Касса не отвечает.")
    page.unroute("**/keys/**")
    expect(page.locator("#mode")).to_have_attribute("data-mode", "ONLINE")
