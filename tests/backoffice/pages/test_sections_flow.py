"""The sections in a real browser, at both widths, with what a point of sale told (BX-ORD-01 … BX-PAY-01)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from reference.backoffice.branches import Device, Linked
from tests.backoffice.pages.running import Door, Owner, come_in, fits
from tests.backoffice.pages.stock import fill

Cafe = tuple[Owner, Linked]
PATIENCE = 30_000
"""Milliseconds for what a page finds out by itself."""


@pytest.fixture
def cafe(door: Door, page: Page) -> Cafe:
    """An owner who is logged in, with a branch whose point of sale has told its morning."""
    owner = door.enrolled()
    linked = door.linked(owner)
    fill(door.desks.intake, linked, more=50)
    come_in(page, door, owner)
    return owner, linked


@pytest.fixture
def go(door: Door, page: Page) -> Callable[[str], None]:
    def opened(path: str) -> None:
        page.goto(f"{door.base}{path}")

    return opened


def test_orders_are_filtered_paged_and_opened(page: Page, cafe: Cafe, go: Callable[[str], None]) -> None:
    """BX-ORD-01"""
    go("/orders")
    expect(page.locator("a.order")).to_have_count(50)
    fits(page, "orders")
    page.get_by_role("link", name="Keyingisi").click()
    expect(page.locator("a.order")).to_have_count(6)
    page.get_by_role("link", name="Bekor qilingan", exact=True).click()
    expect(page.locator("a.order")).to_have_count(1)
    expect(page.locator("a.order")).to_contain_text("#005")
    go("/orders")
    page.get_by_role("link", name="Chek rad etilgan", exact=True).click()
    expect(page.locator("a.order .number")).to_have_text(["#006"])
    fits(page, "orders-refused")
    page.locator("a.order").click()
    expect(page.get_by_text("ERROR_RECEIPT_TIME_PAST")).to_be_visible()
    page.get_by_role("link", name="#001").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Buyurtma #001")
    fits(page, "order")


def test_products_are_found_as_one_types(page: Page, cafe: Cafe, go: Callable[[str], None]) -> None:
    """BX-PRD-01"""
    go("/products")
    expect(page.locator("article.product")).to_have_count(3)
    fits(page, "products")
    page.get_by_role("searchbox").press_sequentially("choy")
    expect(page.locator("article.product h2")).to_have_text(["Choy 1 litr"], timeout=PATIENCE)
    expect(page).to_have_url(re.compile(r"/products\?q=choy$"))
    page.get_by_role("searchbox").fill("yo'q narsa")
    expect(page.get_by_text("Hech narsa topilmadi")).to_be_visible(timeout=PATIENCE)
    fits(page, "products-none")
    page.get_by_role("searchbox").fill("")
    expect(page.locator("article.product")).to_have_count(3, timeout=PATIENCE)


def test_staff_and_one_of_them(page: Page, cafe: Cafe, go: Callable[[str], None]) -> None:
    """BX-EMP-01"""
    go("/staff")
    expect(page.locator("a.employee")).to_have_count(4)
    fits(page, "staff")
    page.get_by_role("link", name="Bekzod Aliyev").click()
    expect(page.get_by_text("O'rtacha buyurtma")).to_be_visible()
    fits(page, "employee")


def test_transactions_and_one_of_them(page: Page, cafe: Cafe, go: Callable[[str], None]) -> None:
    """BX-TRX-01"""
    go("/transactions")
    expect(page.locator("tbody tr")).to_have_count(6)
    fits(page, "transactions")
    page.get_by_role("link", name="Karta").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("O'tkazma")
    fits(page, "transaction")
    page.get_by_role("link", name="#001").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Buyurtma #001")


def test_a_branch_is_added_linked_watched_and_cut(
    page: Page, door: Door, cafe: Cafe, go: Callable[[str], None]
) -> None:
    """BX-BRN-01, BX-BRN-02"""
    go("/branches")
    expect(page.get_by_text("1/5 filial")).to_be_visible()
    fits(page, "branches")
    page.get_by_role("link", name="Yangi filial").click()
    page.get_by_label("Filial nomi").fill("C")
    page.get_by_role("button", name="Qo'shish").click()
    expect(page.locator("#name-finding")).not_to_be_empty()
    fits(page, "branch-new")
    page.get_by_label("Filial nomi").fill("Chilonzor")
    page.get_by_role("button", name="Qo'shish").click()
    expect(page.get_by_text("Parol faqat hozir ko'rsatiladi")).to_be_visible()
    fits(page, "branch-login")
    page.get_by_role("link", name="Filialga qaytish").click()
    expect(page.get_by_text("Ulanmagan", exact=True)).to_be_visible()
    page.get_by_role("link", name="QR kod bilan ulash").click()
    page.get_by_label("QR kod matni").fill("eskirgan kod")
    page.get_by_role("button", name="Ulash", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("QR kod eskirgan")
    fits(page, "branch-link")
    device = Device("Kassa 7", f"identity of till 7 of {cafe[0].visitor.owner}")
    code, _ = door.desks.branches.offer(device)
    page.get_by_label("QR kod matni").fill(code)
    page.get_by_label("QR kod matni").press("Enter")
    expect(page.get_by_text("POS qurilma ulandi: Kassa 7")).to_be_visible()
    fits(page, "branch")
    page.get_by_role("link", name="Ulanishni o'chirish").click()
    fits(page, "branch-cut")
    page.get_by_role("button", name="Ulanishni o'chirish").click()
    expect(page.get_by_text("Ulanmagan", exact=True)).to_be_visible()


def test_the_link_is_shown_as_it_comes(page: Page, door: Door, cafe: Cafe, go: Callable[[str], None]) -> None:
    """BX-BRN-02: linked by login elsewhere while the page stands open"""
    desk = door.desks.branches
    made, password = desk.add(cafe[0].visitor, {"name": "Yunusobod"})
    go(f"/branches/{made.id}")
    expect(page.get_by_text("Ulanmagan", exact=True)).to_be_visible()
    desk.link_by_login(made.login, password, Device("Kassa 9", f"identity of till 9 of {made.id}"))
    expect(page.locator("#links").get_by_text("Kassa 9")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#links").get_by_text("Faol")).to_be_visible()


def test_a_plan_is_paid_at_payme(page: Page, cafe: Cafe, go: Callable[[str], None]) -> None:
    """BX-SUB-01, BX-SUB-02: no money first, then late, and the page learns of it by itself"""
    go("/subscription")
    fits(page, "subscription")
    plan = page.get_by_role("form", name="Tarmoq")
    plan.get_by_label("1 yil").check()
    plan.get_by_role("button", name="Tanlash").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^5\s900\s000\sso'm$"))
    fits(page, "checkout-payme")
    page.get_by_role("button", name="Pul yetmaydi").click()
    expect(page.get_by_role("heading", name="To'lov amalga oshmadi")).to_be_visible()
    fits(page, "payment-failed")
    page.get_by_role("link", name="To'lov sahifasiga o'tish").click()
    page.get_by_role("button", name="Kechikib to'lash").click()
    expect(page.get_by_role("heading", name="To'lov tekshirilmoqda...")).to_be_visible()
    fits(page, "payment-checking")
    provider = page.context.new_page()
    provider.goto(page.url.replace("/subscription/invoices/", "/checkout/"))
    fits(provider, "checkout-held")
    provider.get_by_role("button", name="Kechikkan xabarni yuborish").click()
    # Not in the middle of its way there: Chromium may never end such a page.
    provider.wait_for_url("**/subscription/invoices/*")
    provider.close()
    expect(page.get_by_role("heading", name="To'lov tasdiqlandi")).to_be_visible(timeout=PATIENCE)
    fits(page, "payment-paid")
    page.get_by_role("link", name="Obunaga qaytish").click()
    expect(page.locator(".plan.mine")).to_contain_text("Tarmoq")


def test_a_plan_is_paid_at_click_twice_told(page: Page, cafe: Cafe, go: Callable[[str], None]) -> None:
    """BX-SUB-02"""
    go("/subscription")
    plan = page.get_by_role("form", name="Boshlang'ich")
    plan.get_by_label("Click").check()
    plan.get_by_role("button", name="Tanlash").click()
    fits(page, "checkout-click")
    page.get_by_role("button", name="Ikki marta xabar berish").click()
    expect(page.get_by_text("complete → -4 Already paid")).to_be_visible()
    expect(page.get_by_role("heading", name="To'lov tasdiqlandi")).to_be_visible()


def test_a_card_lets_the_plan_renew(page: Page, cafe: Cafe, go: Callable[[str], None]) -> None:
    """BX-SUB-01"""
    go("/subscription")
    expect(page.locator("#renews")).to_be_disabled()
    page.get_by_label("Karta turi").select_option("Humo")
    page.get_by_label("Oxirgi 4 ta raqam").fill("4242")
    page.get_by_label("Amal qilish muddati").fill("13/28")
    page.get_by_role("button", name="Kartani saqlash").click()
    expect(page.locator("#expiry-finding")).not_to_be_empty()
    fits(page, "subscription-wrong-card")
    page.get_by_label("Amal qilish muddati").fill("12/28")
    page.get_by_role("button", name="Kartani saqlash").click()
    expect(page.locator(".plastic")).to_contain_text("•••• 4242")
    page.locator("#renews").check()
    page.get_by_role("button", name="Saqlash", exact=True).click()
    expect(page.get_by_text("Avtomatik yangilash yoqildi")).to_be_visible()
    fits(page, "subscription-card")


def test_multicard_is_set_up_and_its_secret_never_comes_back(
    page: Page, door: Door, cafe: Cafe, go: Callable[[str], None]
) -> None:
    """BX-PAY-01"""
    door.desks.branches.add(cafe[0].visitor, {"name": "Ikkinchi"})
    go("/payments")
    fits(page, "payments-choose")
    page.locator("main").get_by_role("link", name="Ikkinchi").click()
    expect(page.get_by_text("Tez kunda...")).to_have_count(3)
    page.get_by_role("link", name="Sozlash").click()
    page.get_by_label("Store ID").fill("test-store")
    page.get_by_label("Application ID").fill("test-app")
    page.get_by_role("button", name="Saqlash").click()
    expect(page.locator("#secret-finding")).not_to_be_empty()
    fits(page, "multicard")
    page.get_by_label("Secret").fill("test-secret")
    page.get_by_role("button", name="Saqlash").click()
    expect(page.get_by_text("Aktiv", exact=True)).to_be_visible()
    fits(page, "payments")
    page.get_by_role("link", name="Sozlash").click()
    expect(page.get_by_label("Secret")).to_have_value("")
