"""The page behind the QR code and the API behind the page (uz-fiscal §10, CK-01 … CK-05, UZ-OFD-03)."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ofd_mock.uz.web.payment import signature
from ofd_mock.uz.web.texts import LANGUAGES, TEXTS, choose_language, words, write_amount, write_sum
from reference.protocol.uz.generate import refund_of
from reference.protocol.uz.qr import qr_url
from reference.protocol.uz.receipt import CommissionInfo, Item, RefundInfo
from reference.protocol.uz.values import format_compact_time
from tests.ofd_mock.conftest import Bench, web
from tests.ofd_mock.till import TERMINAL, Sold, Till, bread


def address(sold: Sold, bench: Bench, **changed: str) -> str:
    url = qr_url(bench.base + "/check", sold.terminal, sold.number, sold.record.time, sold.sign)
    for name, value in changed.items():
        url = re.sub(rf"([?&]){name}=[^&]*", rf"\g<1>{name}={value}", url)
    return url


def verdict(page: str) -> str:
    found = re.search(r'<meta name="kassalab-verdict" content="(\w+)">', page)
    assert found
    return found[1]


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_a_genuine_receipt(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.order(
        "register-taxpayer",
        terminal=TERMINAL,
        tin="123456789",
        company="Non & Choy MChJ",
        address="Toshkent, Amir Temur 1",
        name="Kassa 1",
    )
    bench.send(till, sold.full())
    answer = web.get(address(sold, bench))
    assert answer.status_code == 200
    assert verdict(answer.text) == "genuine"
    shown = text_of(answer.text)
    for piece in (
        "Chek haqiqiy",
        "TEST",
        "Non & Choy MChJ",
        "123456789",
        "Toshkent, Amir Temur 1",
        "Kassa 1",
        TERMINAL,
        "01.07.2026 09:00:01",
        "Xarid, sotuv",
        "Non",
        "01905001001000000",
        "1234567",
        "QQS 12 %",
        "535,71",
        "5 000,00",
        sold.sign,
    ):
        assert piece in shown.replace("\u00a0", " "), piece
    assert answer.text.index(">TEST<") < answer.text.index("Chek haqiqiy")
    assert 'src="data:image/svg+xml' in answer.text


def test_every_line_a_receipt_must_have(bench: Bench, till: Till) -> None:
    item = Item(
        "Tandir non",
        barcode="4780000000001",
        label="0104780000000001215ABC",
        spic="01905001001000000",
        units=796,
        package_code="1500001",
        owner_type=1,
        amount=1500,
        price=1_234_567,
        discount=34_567,
        other=100_000,
        vat=117_857,
        vat_percent=12,
        commission=CommissionInfo(tin="987654321"),
    )
    receipt = replace(bread(till.time), items=(item,), received_cash=100_000, received_card=1_000_000)
    sold = till.sell(receipt)
    bench.send(till, sold.full())
    shown = text_of(web.get(address(sold, bench) + "&lang=en").text).replace("\u00a0", " ")
    for piece in (
        "Quantity 1.5",
        "Barcode 4780000000001",
        "Marking code 0104780000000001215ABC",
        "Unit 796",
        "Package code 1500001",
        "Principal 987654321",
        "Discount 345.67",
        "Other payment 1,000.00",
        "VAT 12 % 1,178.57",
        "12,345.67",
        "Total 11,000.00 UZS",
        "Cash 1,000.00",
        "Card 10,000.00",
        "Total VAT 1,178.57",
        "Seller not registered",
    ):
        assert piece in shown, piece


def test_a_refund_names_what_it_pays_back(bench: Bench, till: Till) -> None:
    sold = till.bread()
    info = RefundInfo(TERMINAL, sold.number, sold.record.time, sold.sign)
    back = till.sell(refund_of(sold.receipt, info, till.time))
    bench.send(till, back.full())
    shown = text_of(web.get(address(back, bench) + "&lang=ru").text)
    assert "Покупка, возврат" in shown
    assert f"Возврат по чеку {TERMINAL} № 1" in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("t", "ZZ000000000001"),
        ("r", "2"),
        ("c", "20260701090002"),
        ("s", "271368829009"),
        ("s", "000000000000"),
        ("t", "zz"),
        ("r", "99999999999999999999"),
        ("r", "-1"),
        ("c", "20261332256199"),
        ("s", ""),
    ],
)
def test_all_four_values_must_match(bench: Bench, till: Till, name: str, value: str) -> None:
    sold = till.bread()
    bench.send(till, sold.full())
    answer = web.get(address(sold, bench, **{name: value}))
    assert (answer.status_code, verdict(answer.text)) == (200, "unknown")
    assert "Chek topilmadi" in answer.text
    assert "Non" not in text_of(answer.text.split("</h1>")[1])


def test_a_receipt_shows_only_after_the_operator_has_it(bench: Bench, till: Till) -> None:
    sold = till.bread()
    assert verdict(web.get(address(sold, bench)).text) == "unknown"
    bench.fault("ofd.store.before", "retry-send")
    bench.send(till, sold.full())
    assert verdict(web.get(address(sold, bench)).text) == "unknown"
    bench.send(till, sold.full())
    assert verdict(web.get(address(sold, bench)).text) == "genuine"


def test_a_short_record_shows_its_sums_and_says_what_is_missing(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.send(till, sold.short())
    page = web.get(address(sold, bench)).text
    assert verdict(page) == "genuine"
    shown = text_of(page).replace("\u00a0", " ")
    assert "Mahsulotlar ro‘yxati hali kelmagan" in shown
    assert "Jami 5 000,00 so‘m" in shown
    assert "01905001001000000" not in shown
    bench.send(till, sold.full())
    assert "hali kelmagan" not in web.get(address(sold, bench)).text


@pytest.mark.parametrize("kind", [1, 2])
def test_advance_and_credit_have_no_check_page(bench: Bench, till: Till, kind: int) -> None:
    sold = till.bread(type=kind)
    bench.send(till, sold.full())
    url = f"{bench.base}/check?t={TERMINAL}&r=1&c={format_compact_time(sold.record.time)}&s=000000000000"
    assert verdict(web.get(url).text) == "unknown"


def test_without_values_it_asks_for_them(bench: Bench) -> None:
    answer = web.get(bench.base + "/check?lang=ru")
    assert verdict(answer.text) == "ask"
    assert set(re.findall(r'<input name="(\w)"', answer.text)) == {"t", "r", "c", "s"}
    assert "Введите четыре значения" in answer.text
    assert '<html lang="ru">' in answer.text


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "uz"),
        ("", "ru-RU,ru;q=0.9", "ru"),
        ("", "en-GB,en;q=0.8", "en"),
        ("", "de,fr;q=0.5", "uz"),
        ("?lang=en", "ru", "en"),
        ("?lang=xx", "ru", "ru"),
        ("", "uz-Latn-UZ,ru;q=0.5", "uz"),
        ("", "en;q=0,ru;q=0.1", "ru"),
        ("", "*", "uz"),
    ],
)
def test_languages(bench: Bench, query: str, header: str, language: str) -> None:
    answer = web.get(bench.base + "/check" + query, headers={"Accept-Language": header})
    assert answer.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in answer.text


def test_language_links_keep_the_values(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.send(till, sold.full())
    page = web.get(address(sold, bench)).text
    link = html.unescape(re.findall(r'<a href="(\?[^"]+lang=en)"', page)[0])
    assert verdict(web.get(bench.base + "/check" + link).text) == "genuine"


def test_what_is_shown_is_escaped(bench: Bench, till: Till) -> None:
    script = "<script>alert(1)</script>"
    page = web.get(bench.base + "/check", params={"t": script, "r": '"><b>', "c": "", "s": ""}).text
    assert "<script" not in page
    assert '"><b>' not in page
    bench.order("register-taxpayer", terminal=TERMINAL, company=script)
    sold = till.bread()
    bench.send(till, sold.full())
    assert "<script" not in web.get(address(sold, bench)).text


def test_nothing_comes_from_elsewhere(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.send(till, sold.full())
    for path in (
        "/state",
        "/ledger",
        f"/ledger/{TERMINAL}",
        "/check",
        address(sold, bench)[len(bench.base) :],
    ):
        answer = web.get(bench.base + path)
        for link in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text):
            assert link.startswith(("/", "?", "data:image/svg+xml")), link
        assert "style=" not in answer.text.replace("data:", "")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert web.get(bench.base + "/static/operator.css").headers["Content-Type"].startswith("text/css")


def test_texts_are_complete() -> None:
    assert all(len(texts) == len(LANGUAGES) and all(texts) for texts in TEXTS.values())
    assert {language: words(language)["refund"] for language in LANGUAGES} == {
        "uz": "qaytarish",
        "ru": "возврат",
        "en": "refund",
    }


def test_sums_and_amounts() -> None:
    assert write_sum(123_456_789, "uz") == "1\u00a0234\u00a0567,89"
    assert write_sum(123_456_789, "en") == "1,234,567.89"
    assert write_sum(-5, "ru") == "−0,05"
    assert [write_amount(value, "en") for value in (1000, 500, 1, 1250, 0)] == [
        "1",
        "0.5",
        "0.001",
        "1.25",
        "0",
    ]
    assert write_amount(1500, "uz") == "1,5"


def test_a_browser_without_wishes_gets_uzbek() -> None:
    from werkzeug.datastructures import LanguageAccept

    assert choose_language(None, LanguageAccept([])) == "uz"


# --- POST /api/payment ----------------------------------------------------------------------------------


def pay(bench: Bench, sold: Sold, headers: dict[str, str] | None = None, **changed: Any) -> httpx.Response:
    body = {
        "terminalId": sold.terminal,
        "paymentNo": sold.number,
        "paymentDate": format_compact_time(sold.record.time),
        "fiscalSign": sold.record.fiscal_sign or "000000000000",
        "paymentType": "CHECK",
    }
    return web.post(bench.base + "/api/payment", json=body | changed, headers=headers or {})


def test_payment_data(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.order(
        "register-taxpayer", terminal=TERMINAL, tin="123456789", company="Non", address="Toshkent", name="K1"
    )
    bench.send(till, sold.full())
    answer = pay(bench, sold).json()
    assert answer["success"] is True
    data = answer["data"]
    assert data["extraInfo"] == {"companyName": "Non", "address": "Toshkent", "merchantTin": "123456789"}
    expected = {
        "terminalId": TERMINAL,
        "paymentNo": 1,
        "paymentDate": "01.07.2026 09:00:01",
        "cashTotal": 5000.0,
        "cardTotal": 0.0,
        "vatTotal": 535.71,
        "isRefund": 0,
        "tin": "123456789",
        "kkmName": "K1",
        "kkmSerialNumber": TERMINAL,
        "itemsArrived": True,
    }
    assert {name: data[name] for name in expected} == expected
    assert [(item["name"], item["price"]) for item in data["paymentDetails"]] == [("Non", 5000.0)]


def test_payment_of_a_short_record(bench: Bench, till: Till) -> None:
    sold = till.bread(operation=1)
    bench.send(till, sold.short())
    data = pay(bench, sold).json()["data"]
    assert (data["itemsArrived"], data["paymentDetails"], data["itemsCount"]) == (False, [], 1)
    assert (data["isRefund"], data["tin"], data["extraInfo"]["companyName"]) == (1, "", "")


@pytest.mark.parametrize(("kind", "name"), [(1, "AVANS"), (2, "CREDIT")])
def test_payment_types(bench: Bench, till: Till, kind: int, name: str) -> None:
    sold, check = till.bread(type=kind), till.bread()
    bench.send(till, sold.full(), check.full())
    assert pay(bench, sold, paymentType=name).json()["success"] is True
    assert pay(bench, sold).json()["success"] is False
    assert pay(bench, check, paymentType=name).json()["success"] is False
    assert pay(bench, check, paymentType="CHECK_EPI").json()["success"] is False
    assert pay(bench, sold, paymentType=name, fiscalSign="111111111111").json()["success"] is False


@pytest.mark.parametrize(
    "changed",
    [
        {"terminalId": "ZZ000000000001"},
        {"paymentNo": 2},
        {"paymentDate": "01.07.2026 09:00:01"},
        {"fiscalSign": "1"},
        {"fiscalSign": None},
        {"paymentNo": [1]},
    ],
)
def test_payment_not_found(bench: Bench, till: Till, changed: dict[str, Any]) -> None:
    sold = till.bread()
    bench.send(till, sold.full())
    answer = pay(bench, sold, **changed)
    assert answer.status_code == 200
    assert answer.json() == {"success": False, "message": "not found"}


def test_payment_bodies_that_are_none(bench: Bench) -> None:
    for body in (b"", b"[]", b"{", b"null"):
        answer = web.post(
            bench.base + "/api/payment", content=body, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert web.get(bench.base + "/api/payment").json() == {
        "success": False,
        "message": "The method is not allowed for the requested URL.",
    }
    big = web.post(bench.base + "/api/payment", json={"terminalId": "x" * 300_000})
    assert big.status_code in (400, 413)


def test_payment_signature(bench: Bench, till: Till) -> None:
    bench.reset(check_signature=True)
    sold = till.bread()
    bench.send(till, sold.full())
    now = int(bench.clock.now().timestamp())

    def signed(key: str = "kassalab-check-test", at: int = 0, number: str = "1") -> int:
        stamp = str(now + at)
        mark = signature(key, TERMINAL, number, stamp)
        return pay(bench, sold, {"X-Timestamp": stamp, "X-Signature": mark}).status_code

    assert signed() == 200
    assert signed(at=300) == 200
    assert signed(at=-300) == 200
    assert signed(at=301) == 401
    assert signed(at=-301) == 401
    assert signed(key="other") == 401
    assert signed(number="2") == 401
    assert pay(bench, sold).status_code == 401
    assert pay(bench, sold, {"X-Timestamp": "soon", "X-Signature": "x"}).json() == {
        "success": False,
        "message": "bad signature",
    }
    bench.reset(check_signature=True, check_key="mine")
    bench.send(till, sold.full())
    assert signed(key="mine") == 200


def test_the_published_formula() -> None:
    import hashlib
    import hmac

    expected = hmac.new(b"k", b"ZZ000000000000:22:1700000000", hashlib.sha256).hexdigest()
    assert signature("k", "ZZ000000000000", "22", "1700000000") == expected
