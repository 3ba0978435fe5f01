"""The receipt on paper: UZ-POS-04, UZ-POS-05, uz-fiscal ID-03, QR-03, QR-05."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import segno

from reference.pos.company import Company
from reference.pos.order import Payment, read_day
from reference.pos.order_book import Sale
from reference.pos.paper import COLUMNS, SMALL_COLUMNS, money, print_sale, print_shift, quantity
from reference.pos.qr_text import QUIET, qr_lines
from reference.pos.refunds import refund_order
from tests.pos.conftest import bread

URL = "http://127.0.0.1:13448/check?t=ZZ000000000000&r=1&c=20260701090000&s=030548219873"
ANSWER = {
    "TerminalID": "ZZ000000000000",
    "ReceiptSeq": 1,
    "DateTime": "2026-07-01 09:00:00",
    "FiscalSign": "030548219873",
    "QRCodeURL": URL,
}
DAY = read_day(json.loads(Path("reference/pos/cafe-day.json").read_text(encoding="utf-8")))
BLOCKS = set("█▀▄ ")


def paper(sale: Sale, width: int = 80, **company: str) -> str:
    return print_sale(sale, Company(paper=width, **company))  # type: ignore[arg-type]


def is_qr(line: str) -> bool:
    return bool(line) and set(line) <= BLOCKS


@pytest.mark.parametrize("width", [58, 80])
def test_every_line_a_receipt_must_have(width: int) -> None:
    line = (
        bread("x")
        .lines[0]
        .model_copy(
            update={
                "barcode": "4780000000018",
                "label": "0104780000000001",
                "discount": 10_000,
                "other": 5_000,
                "amount": 1500,
            }
        )
    )
    order = bread("A-17", lines=(line,), payment=Payment(cash=400_000, card=335_000, app="Payme"))
    text = paper(Sale(order, answer=ANSWER), width, phone="+998 71 200 00 00")
    for part in (
        "«SINOV CHOYXONA» MCHJ",
        "STIR: 123456789",
        "Toshkent sh.",
        "+998 71 200 00 00",
        "ZZ000000000000",
        "Chek raqami",
        "2026-07-01 09:00:00",
        "Non patir",
        "01905001001000000",
        "1500001",
        "4780000000018",
        "0104780000000001",
        "1,5 dona x 5 000,00",
        "7 500,00",
        "-100,00",
        "-50,00",
        "QQS 12%",
        money(line.vat),
        "JAMI",
        "7 350,00 so'm",
        "To'lov: naqd",
        "4 000,00",
        "To'lov: karta (Payme)",
        "3 350,00",
        "030548219873",
        "A-17",
    ):
        assert part in text, part


@pytest.mark.parametrize("width", [58, 80])
@pytest.mark.parametrize("order", DAY.orders[:12], ids=lambda order: order.id)
def test_widths(width: int, order: object) -> None:
    lines = paper(Sale(order, answer=ANSWER), width).splitlines()  # type: ignore[arg-type]
    assert max(len(line) for line in lines if not is_qr(line)) <= COLUMNS[width]
    assert max(len(line) for line in lines) <= SMALL_COLUMNS[width]


@pytest.mark.parametrize("width", [58, 80])
def test_the_word_test_is_read_first(width: int) -> None:
    """ID-03"""
    lines = paper(Sale(bread("1"), answer=ANSWER), width).splitlines()
    assert lines[0].split() == ["█████"] * 4
    assert all(is_qr(line) for line in lines[:5])
    assert "NOT A LEGAL" in " ".join(line.strip() for line in lines[5:8])
    assert lines[-1].strip() == "TEST"


@pytest.mark.parametrize("kind", [1, 2])
def test_advance_and_credit_carry_neither_sign_nor_qr(kind: int) -> None:
    """QR-03"""
    answer = ANSWER | {"FiscalSign": "", "QRCodeURL": ""}
    lines = paper(Sale(bread("1", type=kind), answer=answer)).splitlines()
    assert not [line for line in lines[5:] if is_qr(line)]
    assert "Fiskal belgi" not in "\n".join(lines)
    assert ("Bo'nak", "Kredit")[kind - 1] in "\n".join(lines)


def test_a_refund_names_the_original() -> None:
    text = paper(
        Sale(refund_order(Sale(bread("1"), answer=ANSWER), [], "1-R"), answer=ANSWER | {"ReceiptSeq": 2})
    )
    assert "QAYTARISH" in text
    assert "ZZ000000000000 № 1" in text


def test_the_code_is_the_code() -> None:
    """The blocks read back are the matrix of the address."""
    lines = qr_lines(URL)
    halves = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    rows = []
    for line in lines:
        pairs = [halves[mark] for mark in line]
        rows += [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
    code = segno.make(URL, error="l", micro=False)
    expected = [[int(bool(cell)) for cell in row] for row in code.matrix_iter(border=QUIET)]
    assert rows[: len(expected)] == expected
    assert len({len(line) for line in lines}) == 1


def test_the_code_is_large_enough() -> None:
    """QR-05: at least 30 × 30 mm. 48 mm of 58 mm paper hold 42 small characters, 72 of 80 hold 64."""
    modules = len(qr_lines(URL)[0]) - 2 * QUIET
    for width, printed in ((58, 48), (80, 72)):
        assert modules * printed / SMALL_COLUMNS[width] >= 30
        assert len(qr_lines(URL.replace("r=1&", "r=9999999999999999&"))[0]) <= SMALL_COLUMNS[width]


def test_numbers() -> None:
    assert [money(value) for value in (0, 5, 123_456, 100_000_000, -150)] == [
        "0,00",
        "0,05",
        "1 234,56",
        "1 000 000,00",
        "-1,50",
    ]
    assert [quantity(value) for value in (1000, 500, 125, 2500, 1005)] == [
        "1",
        "0,5",
        "0,125",
        "2,5",
        "1,005",
    ]


def test_a_shift_on_paper() -> None:
    """UZ-SHF-04"""
    sums = {"Sale": 100_000, "Refund": 50_000}
    report = {
        "TerminalID": "ZZ000000000000",
        "OpenTime": "2026-07-01 09:00:00",
        "CloseTime": "2026-07-01 21:00:00",
        "TotalSaleCount": 12,
        "TotalRefundCount": 3,
        "TotalCash": sums,
        "TotalCard": sums,
        "TotalVAT": sums,
        "FirstReceiptSeq": 1,
        "LastReceiptSeq": 15,
    }
    text = print_shift(report, Company(paper=58))
    for part in ("Z-HISOBOT", "1–15", "12", "2026-07-01 21:00:00", "1 000,00", "500,00", "TEST"):
        assert part in text
    assert max(len(line) for line in text.splitlines()) <= 32
