"""The rules of the sections, without a browser (BX-ORD-01 … BX-PAY-01)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reference.backoffice.branches import Device, Linked
from reference.backoffice.entrance import Visitor
from tests.backoffice.conftest import EMPLOYEE, PRODUCT, changes, order
from tests.backoffice.pages.browser import Pages, Visit, seen
from tests.backoffice.pages.stock import CHECK, SIGN, fill, told

LANGUAGES = ("uz", "ru", "en")


@pytest.fixture
def visitor(pages: Pages, owner: Visit) -> Visitor:
    return pages.desks.entrance.visitor(owner.cookie("kassalab_owner"))


@pytest.fixture
def cafe(pages: Pages, visitor: Visitor) -> Linked:
    """A branch whose point of sale has told its morning."""
    linked = pages.back.link(visitor)
    fill(pages.desks.intake, linked)
    return linked


def numbers(visit: Visit, path: str) -> list[str]:
    return re.findall(r'class="number">([^<]+)', visit.get(path).text)


# --- orders --------------------------------------------------------------------------------------------


def test_orders_with_their_states_and_colours(owner: Visit, cafe: Linked) -> None:
    """BX-ORD-01"""
    page = owner.get("/orders")
    assert numbers(owner, "/orders") == ["#006", "#005", "#004", "#003", "#002", "#001"]
    cards = page.text.split('<a class="card tile order"')[1:]
    badges = [re.findall(r'class="badge (\w+)">([^<]+)', card) for card in cards]
    assert badges == [
        [("blue", "Qaytarish"), ("grey", "Yakunlangan"), ("red", "Chek rad etilgan")],
        [("red", "Bekor qilingan")],
        [("blue", "Tasdiqlangan")],
        [("yellow", "Ochiq")],
        [("grey", "Yakunlangan"), ("blue", "Chek yuborilmoqda")],
        [("grey", "Yakunlangan"), ("green", "Chek tasdiqlangan")],
    ]
    assert "#001 Yakunlangan 01.09.2026 09:01 Stol 1 Bekzod Aliyev 11 000 so'm" in seen(page)
    assert "1 ta chek hali operator tomonidan qabul qilinmagan" in seen(page)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("state=open", ["#003"]),
        ("state=completed", ["#006", "#002", "#001"]),
        ("fiscal=unacknowledged", ["#002"]),
        ("fiscal=refused", ["#006"]),
        ("state=completed&fiscal=acknowledged", ["#001"]),
        ("state=open&fiscal=refused", []),
    ],
)
def test_orders_are_filtered(owner: Visit, cafe: Linked, asked: str, found: list[str]) -> None:
    assert numbers(owner, f"/orders?{asked}") == found


@pytest.mark.parametrize("asked", ["state=x", "fiscal=x", "before=x", "before=" + "9" * 30])
def test_a_wrong_filter_is_said_and_shows_nothing(owner: Visit, cafe: Linked, asked: str) -> None:
    page = owner.get(f"/orders?{asked}", 422)
    assert "Belgilangan maydonlarni tekshiring" in seen(page)
    assert 'class="number"' not in page.text


def test_an_order_of_nobody_begins_no_page(owner: Visit, cafe: Linked) -> None:
    owner.get("/orders?before=987654", 404)


def test_an_order_with_products_times_and_receipt(owner: Visit, cafe: Linked) -> None:
    page = owner.get("/orders/1")
    text = seen(page)
    for fact in (
        "Yaratilgan 01.09.2026 09:01 Yopilgan 01.09.2026 09:01 Joy/Stol Stol 1 Xodim Bekzod Aliyev",
        "Filial Markaziy",
        f"Fiskal modul UZ170703100001 Chek raqami 1 Chek vaqti 01.09.2026 09:05:00 Fiskal belgi {SIGN}",
        "Osh 2 5 000 so'm 10 000 so'm",
        "Joy/stol ustamasi 1 000 so'm Jami 11 000 so'm",
        "Naqd 01.09.2026 09:01 Tasdiqlangan 6 000 so'm Karta",
    ):
        assert fact in text.replace("\u00a0", " "), text
    assert f'href="{CHECK.replace("&", "&amp;")}" rel="noopener noreferrer"' in page.text


def test_a_refund_names_its_order_and_counts_below_zero(owner: Visit, cafe: Linked) -> None:
    page = owner.get("/orders/6")
    assert '<a href="/orders/1">#001</a>' in page.text
    assert "−10 000 so'm" in seen(page).replace("\u00a0", " ")
    assert "Mehmon ketib qoldi" in seen(owner.get("/orders/5"))


def test_what_a_till_made_up_breaks_no_page(pages: Pages, owner: Visit, visitor: Visitor) -> None:
    """Bodies are a point of sale's own words: scripts, links and shapes that nobody expects."""
    linked = pages.back.link(visitor)
    evil = "<script>alert(1)</script>"
    line = {"name": evil, "product": "7", "amount": 1000, "price": "free", "discount": None, "sum": 5}
    made = order(1, state="open", closed=None, place_name=evil, lines=[line])
    receipt = {"order": made["id"], "state": "done", "acknowledged": False, "address": "javascript:x"}
    pages.desks.intake.take(
        linked,
        changes(
            ("product", "7", PRODUCT | {"name": evil}),
            ("employee", "2", EMPLOYEE | {"first_name": evil, "last_name": ""}),
            ("order", made["id"], made | {"confirmed": "yesterday", "number": [1], "goods": {}}),
            ("fiscal", made["id"], receipt | {"number": {}, "made": True, "sign": evil}),
        ),
    )
    for path in ("/orders", "/orders/1", "/staff", f"/staff/{linked.link}/2", "/products", "/dashboard"):
        page = owner.get(path)
        assert evil not in page.text, path
        assert "javascript:x" not in page.text, path
    assert seen(owner.get("/products")).count(evil) == 1


# --- products, staff, transactions ---------------------------------------------------------------------


def test_products(owner: Visit, cafe: Linked) -> None:
    """BX-PRD-01"""
    text = seen(owner.get("/products")).replace("\u00a0", " ")
    for fact in (
        "Choy 1 litr 5 000 so'm Ichimliklar Zaxira 40 Sotilgan 0 Daromad 0 so'm",
        "Muzqaymoq 12 000 so'm Nofaol Shirinliklar Zaxira 0",
        "Osh 5 000 so'm Taomlar Zaxira ∞ Sotilgan 2 Daromad 10 000 so'm",
    ):
        assert fact in text, text
    assert re.findall("<h2>([^<]+)", owner.get("/products?q=CHOY").text) == ["Choy 1 litr"]
    assert "Hech narsa topilmadi" in seen(owner.get("/products?q=%25"))


def test_the_chosen_branch_filters_every_section(
    pages: Pages, owner: Visit, visitor: Visitor, cafe: Linked
) -> None:
    """BX-NAV-01"""
    empty = pages.desks.branches.add(visitor, {"name": "Bo'sh filial"})[0].id
    found = {"/orders": "#001", "/products": "Osh", "/staff": "Bekzod", "/transactions": "Naqd"}
    for path, fact in found.items():
        assert fact in seen(owner.get(path)), path
    owner.post("/branch", {"branch": empty, "next": "/orders"})
    for path, fact in found.items():
        assert fact not in seen(owner.get(path)), path
    assert owner.get("/payments", 303).location == f"/payments/{empty}"
    owner.post("/branch", {"branch": cafe.branch, "next": "/orders"})
    for path, fact in found.items():
        assert fact in seen(owner.get(path)), path


def test_employees(owner: Visit, cafe: Linked) -> None:
    """BX-EMP-01"""
    text = seen(owner.get("/staff")).replace("\u00a0", " ")
    for fact in (
        "Aziza Karimova Administrator Faol",
        "Dilnoza Usmonova Ofitsiant Faol",
        "Eldor Oshpaz Nofaol",
    ):
        assert fact in text
    assert "Bekzod Aliyev Kassir Faol Buyurtmalar soni 2 Daromad 22 000 so'm" in text
    one = seen(owner.get(f"/staff/{cafe.link}/2")).replace("\u00a0", " ")
    assert "Buyurtmalar soni 2 Jami daromad 22 000 so'm O'rtacha buyurtma 11 000 so'm" in one
    assert "O'rtacha buyurtma 0 so'm" in seen(owner.get(f"/staff/{cafe.link}/1")).replace("\u00a0", " ")
    owner.get(f"/staff/{cafe.link}/nobody", 404)


def test_transactions(owner: Visit, cafe: Linked) -> None:
    """BX-TRX-01: what waits or failed is no money"""
    page = owner.get("/transactions")
    assert "Jami o'tkazmalar soni 6 Jami summa 12 000 so'm" in seen(page).replace("\u00a0", " ")
    assert re.findall(r'class="badge (\w+)">([^<]+)', page.text) == [
        ("blue", "Qaytarilgan"),
        ("red", "Muvaffaqiyatsiz"),
        ("yellow", "Kutilmoqda"),
        *[("green", "Tasdiqlangan")] * 3,
    ]
    one = seen(owner.get("/transactions/3")).replace("\u00a0", " ")
    assert "11 000 so'm To'lov turi Mobil (Payme) Sana 01.09.2026 09:02 Xodim Bekzod Aliyev" in one
    assert "Filial Markaziy Bog'langan buyurtma #002" in one
    owner.get("/transactions?before=x", 422)


def test_long_lists_go_on(pages: Pages, owner: Visit, visitor: Visitor) -> None:
    linked = pages.back.link(visitor)
    fill(pages.desks.intake, linked, more=100)
    seen_so_far, path = [], "/orders?state=completed"
    for _ in range(3):
        page = owner.get(path)
        seen_so_far += re.findall(r'class="number">([^<]+)', page.text)
        onward = re.search(r'href="([^"]+)" rel="next"', page.text)
        if onward is None:
            break
        path = onward[1].replace("&amp;", "&")
        assert "state=completed" in path
    assert (len(seen_so_far), len(set(seen_so_far))) == (103, 103)
    assert len(told(100)) > 100


# --- branches ------------------------------------------------------------------------------------------


def test_branches_up_to_the_limit(owner: Visit) -> None:
    """BX-BRN-01"""
    assert "0/5 filial" in seen(owner.get("/branches"))
    for number in range(5):
        page = owner.post("/branches/new", {"name": f"Filial {number}"}, 201)
        assert page.headers["Cache-Control"] == "no-store"
    text = seen(owner.get("/branches"))
    assert "5/5 filial" in text
    assert "Limit to'ldi" in text
    assert 'href="/branches/new"' not in owner.get("/branches").text
    refused = owner.post("/branches/new", {"name": "Oltinchi"}, 409)
    assert "Tarif bo'yicha filiallar limiti to'ldi" in seen(refused)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": ""}, "name"), ({"name": "C"}, "name"), ({"name": "Chilonzor", "phone": "12"}, "phone")],
)
def test_a_wrong_branch_is_marked_at_its_field(owner: Visit, given: dict[str, Any], field: str) -> None:
    page = owner.post("/branches/new", given, 422)
    assert re.search(rf'id="{field}-finding">[^<]+', page.text)
    assert f'value="{given["name"]}"' in page.text
    assert "0/5 filial" in seen(owner.get("/branches"))


def test_a_pos_password_is_told_once(pages: Pages, owner: Visit) -> None:
    """BX-BRN-02"""
    page = owner.post("/branches/new", {"name": "Chilonzor"}, 201)
    login, first = re.findall(r'<dd class="code">([^<]+)', page.text)
    assert pages.desks.branches.link_by_login(login, first, Device("Kassa", "identity of this till"))
    assert first not in owner.get("/branches/1/login").text
    again = owner.post("/branches/1/login", status=200)
    assert again.headers["Cache-Control"] == "no-store"
    second = re.findall(r'<dd class="code">([^<]+)', again.text)[1]
    assert second not in (first, "••••••••••")
    assert "Parol faqat hozir ko'rsatiladi" in seen(again)
    for name in ("kassalab_owner", "kassalab_owner_form"):
        assert second not in owner.cookie(name)


def test_a_pos_is_linked_by_its_text_and_cut(pages: Pages, owner: Visit, visitor: Visitor) -> None:
    """BX-BRN-02"""
    branch = pages.desks.branches.add(visitor, {"name": "Chilonzor"})[0].id
    assert "Ulanmagan" in seen(owner.get("/branches"))
    assert "QR kod eskirgan" in seen(owner.post(f"/branches/{branch}/link", {"code": "yo'q"}, 409))
    code, key = pages.desks.branches.offer(Device("Kassa 1", "identity of till number 1"))
    owner.post(f"/branches/{branch}/link", {"code": f"  {code}\n"})
    text = seen(owner.get(f"/branches/{branch}"))
    assert "POS qurilma ulandi: Kassa 1" in text
    assert "Hali aloqa bo'lmagan" in text
    linked = pages.desks.branches.linked(key)
    pages.desks.intake.take(linked, [])
    assert "Aloqada" in seen(owner.get(f"/branches/{branch}"))
    pages.back.advance(121)
    assert "Oxirgi aloqa: 01.09.2026 10:00" in seen(owner.get("/branches"))
    way = f"/branches/{branch}/links/{linked.link}/cut"
    assert "Kassa 1 — Chilonzor" in seen(owner.get(way))
    assert owner.post(way).location == f"/branches/{branch}"
    assert "Ulanmagan" in seen(owner.get("/branches"))
    owner.get(way, 404)
    owner.post(way, status=404)


def test_a_branch_is_changed(owner: Visit) -> None:
    owner.post("/branches/new", {"name": "Chilonzor"}, 201)
    facts = {"name": "Yunusobod", "address": "Toshkent sh.", "phone": "+998712000000"}
    owner.post("/branches/1", facts)
    text = seen(owner.get("/branches"))
    assert "Yunusobod Nofaol Toshkent sh. +998712000000" in text
    owner.post("/branches/1", facts | {"active": "1"})
    assert "Yunusobod Faol Toshkent sh." in seen(owner.get("/branches"))
    owner.post("/branches/1", facts | {"phone": "9"}, 422)


# --- subscription, payment settings --------------------------------------------------------------------


def test_the_subscription_and_its_states(pages: Pages, owner: Visit, visitor: Visitor) -> None:
    """BX-SUB-01"""
    text = seen(owner.get("/subscription"))
    assert "Joriy obuna Professional Tugash sanasi 15.09.2026 10:00 Qolgan kunlar 14" in text
    pages.back.advance(14 * 86_400)
    session = pages.browse().log_in()
    assert "Muddati o'tgan" in seen(session.get("/subscription"))
    pages.desks.subscriptions.stop(visitor.owner, stopped=True)
    page = session.get("/subscription")
    assert "To'xtatilgan" in seen(page)
    chosen = {"plan": "start", "months": "1", "provider": "payme"}
    refused = session.post("/subscription/choose", chosen, 409)
    assert "Obuna administrator tomonidan to'xtatilgan" in seen(refused)


def test_renewal_needs_a_card(owner: Visit) -> None:
    assert "Avval kartani saqlang" in seen(owner.post("/subscription/renewal", {"renews": "1"}, 409))
    owner.post("/subscription/card", {"brand": "Visa", "last": "4242", "expiry": "12/28"})
    owner.post("/subscription/renewal", {"renews": "1"})
    assert "Avtomatik yangilash Yoqilgan" in seen(owner.get("/subscription"))
    owner.post("/subscription/card/forget")
    text = seen(owner.get("/subscription"))
    assert "Avtomatik yangilash O'chirilgan" in text
    assert "4242" not in text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"brand": "Amex"}, "brand"),
        ({"last": "42424242"}, "last"),
        ({"last": "42a2"}, "last"),
        ({"expiry": "13/28"}, "expiry"),
        ({"expiry": ""}, "expiry"),
    ],
)
def test_a_wrong_card_is_marked(owner: Visit, changed: dict[str, str], field: str) -> None:
    given = {"brand": "Visa", "last": "4242", "expiry": "12/28"} | changed
    page = owner.post("/subscription/card", given, 422)
    assert re.search(rf'id="{field}-finding">[^<]+', page.text)


@pytest.mark.parametrize(
    "changed", [{"plan": "trial"}, {"plan": "x"}, {"months": "2"}, {"months": ""}, {"provider": "card"}]
)
def test_what_is_not_sold_cannot_be_chosen(owner: Visit, changed: dict[str, str]) -> None:
    given = {"plan": "start", "months": "1", "provider": "payme"} | changed
    page = owner.post("/subscription/choose", given, 422)
    assert "Ro'yxatdan tanlang" in seen(page)


def test_a_payment_by_its_pages(owner: Visit) -> None:
    """BX-SUB-02"""
    chosen = {"plan": "network", "months": "12", "provider": "click"}
    way = owner.post("/subscription/choose", chosen).location
    assert way == "/checkout/1"
    assert "5 900 000 so'm" in seen(owner.get(way)).replace("\u00a0", " ")
    assert "Ro'yxatdan tanlang" in seen(owner.post(way, {"do": "steal"}, 422))
    back = owner.post(way, {"do": "late"}).location
    assert back == "/subscription/invoices/1"
    page = owner.get(back)
    assert "To'lov tekshirilmoqda..." in seen(page)
    assert 'http-equiv="refresh"' in page.text
    assert "Bu hisob to'lovni kutmayapti" in seen(owner.post(way, {"do": "pay"}, 409))
    owner.post(way, {"do": "deliver"})
    page = owner.get(back)
    assert "«Tarmoq» obunasi faollashdi" in seen(page)
    assert 'http-equiv="refresh"' not in page.text
    assert "Bu hisob to'langan" in seen(owner.get(way))
    assert "Joriy obuna Tarmoq Tugash sanasi 01.09.2027" in seen(owner.get("/subscription"))


def test_multicard_and_its_secret(pages: Pages, owner: Visit) -> None:
    """BX-PAY-01"""
    assert "Hali filial yo'q" in seen(owner.get("/payments"))
    owner.post("/branches/new", {"name": "Chilonzor"}, 201)
    assert owner.get("/payments", 303).location == "/payments/1"
    assert seen(owner.get("/payments/1")).count("Tez kunda...") == 3
    way, facts = "/payments/1/multicard", {"store": "test-s", "application": "test-a", "active": "1"}
    assert re.search('id="secret-finding">[^<]+', owner.post(way, facts, 422).text)
    wrong = owner.post(way, facts | {"secret": "qwerty-secret"}).location
    assert "Token Nofaol" in seen(owner.get(wrong))
    owner.post(way, facts | {"secret": "test-qwerty"})
    assert "Token Aktiv" in seen(owner.get("/payments/1"))
    owner.post(way, facts | {"store": "test-other"})
    assert "Token Aktiv Store ID test-other" in seen(owner.get("/payments/1"))
    refused = owner.post(way, {"store": "", "application": "a", "secret": "test-typed"}, 422)
    for page in (owner.get(way), owner.get("/payments/1"), refused):
        assert "qwerty" not in page.text
        assert "test-typed" not in page.text
    pages.back.advance(86_401)
    assert "Token Nofaol" in seen(owner.get("/payments/1"))


# --- all of them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_in_every_language(owner: Visit, cafe: Linked, language: str) -> None:
    titles = {
        "/orders": ("Buyurtmalar", "Заказы", "Orders"),
        "/products": ("Mahsulotlar", "Товары", "Products"),
        "/staff": ("Xodimlar", "Сотрудники", "Staff"),
        "/transactions": ("O'tkazmalar", "Транзакции", "Transactions"),
        "/branches": ("Filiallar", "Филиалы", "Branches"),
        "/subscription": ("Obuna", "Подписка", "Subscription"),
        f"/payments/{cafe.branch}": ("To'lov sozlamalari", "Настройки оплаты", "Payment settings"),
    }
    owner.client.get(f"/language/{language}?next=/orders")
    for path, names in titles.items():
        page = owner.get(path)
        heading = re.search("<h1>([^<]+)", page.text)
        assert heading is not None, path
        assert heading[1].replace("&#39;", "'") == names[LANGUAGES.index(language)], path


def test_an_owner_with_nothing_sees_what_to_do(owner: Visit) -> None:
    for path in ("/orders", "/products", "/staff", "/transactions", "/branches", "/payments"):
        assert 'class="empty"' in owner.get(path).text, path
