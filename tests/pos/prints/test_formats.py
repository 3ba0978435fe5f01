"""Every paper in every format: the same lines, the size of codes and letters, TEST (UZ-POS-04, UZ-POS-05)."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference.pos.company import Company
from reference.pos.order import Line, Order, Payment
from reference.pos.order_book import Sale
from reference.pos.prints.document import Centre, Document, Mark, Qr
from reference.pos.prints.escpos import Device, as_escpos
from reference.pos.prints.figures import money
from reference.pos.prints.formats import FORMATS
from reference.pos.prints.pdf import as_pdf
from reference.pos.prints.picture import as_png
from reference.pos.prints.receipts import Tender, shift_document
from reference.pos.refunds import refund_order
from tests.pos.prints.papers import (
    ANSWER,
    MIXED,
    REPORT,
    URL,
    dark_box,
    opened,
    order,
    paper,
    pdf_pages,
    scanned,
)
from tests.pos.prints.reading import Reader, of_escpos, of_pdf, of_text, single
from tests.pos.prints.tape import Printer

WIDTHS = pytest.mark.parametrize("width", [58, 80])
LETTERS = (
    string.ascii_letters + string.digits + "«»—–·‘’'\"№.,:;/()<>%+-*=_!?&#@"
    "абвгдежзийклмнопрстуфхцчшщъыьэюяёАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁўқғҳЎҚҒҲәіңөұүһӘІҢӨҰҮҺ"
)
MANDATORY = (
    "«SINOV CHOYXONA» MCHJ",
    "STIR: 123456789",
    "+998712000000",
    "SOTUV · Xarid",
    "Fiskal modul ZZ000000000000",
    "Seriya raqami 880000000000000001",
    "Chek raqami 17",
    "Sana 2026-07-01 09:00:00",
    "Buyurtma 20260701-00017",
    "Kassir Kassir",
    "MXIK 01905001001000000",
    "Qadoq kodi 1500001",
    "Shtrix-kod 4780000000018",
    "1,5 dona x 5 000,00 7 500,00",
    "Chegirma -100,00",
    "QQS 12% 792,86",
    "2. Ko'k choy",
    "MXIK 00902001001000000",
    "1 dona x 5 000,00 5 000,00",
    "QQS 0% 0,00",
    "Chegirma jami -100,00",
    "Shu jumladan QQS 792,86",
    "To'lov: naqd 2 000,00",
    "Berildi 5 000,00",
    "Qaytim 3 000,00",
    "To'lov: karta 3 000,00",
    "To'lov: Payme 7 400,00",
    "Fiskal belgi 030548219873",
    "TEST",
)
TOTAL = "JAMI 12 400,00 so'm"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(LETTERS)


@WIDTHS
def test_all_formats_say_every_mandatory_line(width: int, reader: Reader) -> None:
    """UZ-POS-04 line by line; names in Latin, Cyrillic and Kazakh letters."""
    document = paper(tenders=MIXED, serial="880000000000000001")
    drawn = {name: form.draw(document, width) for name, form in FORMATS.items()}
    text = of_text(drawn["txt"])
    assert single(drawn["txt"].decode().splitlines()[-1]) == "TEST"
    for line in (*MANDATORY, TOTAL):
        assert line in text
    assert "1. Non «Oltin g‘alla» катта, қатырма нон" in " ".join(text)
    assert "0104780000000001<1D>93abcd" in " ".join(text)
    assert of_pdf(drawn["pdf"]) == text
    assert of_escpos(drawn["escpos"]) == text
    tall = [line for line in text if line != TOTAL]
    assert reader.lines(drawn["png"]) == [reader.same(line) for line in tall]


@WIDTHS
@pytest.mark.parametrize("kind", [1, 2], ids=["advance", "credit"])
def test_advance_and_credit_have_neither_sign_nor_code(width: int, kind: int, tmp_path: Path) -> None:
    """QR-03, even if a service gave them."""
    document = paper(order(type=kind))
    drawn = {name: form.draw(document, width) for name, form in FORMATS.items()}
    text = of_text(drawn["txt"])
    assert ("SOTUV · Bo'nak", "SOTUV · Kredit")[kind - 1] in text
    assert not [line for line in text if "Fiskal belgi" in line]
    assert of_pdf(drawn["pdf"]) == text
    assert of_escpos(drawn["escpos"]) == text
    printed = Printer().take(drawn["escpos"])
    assert (printed.images, printed.codes) == ([], [])
    assert scanned(opened(drawn["png"]), tmp_path) == []
    assert scanned(pdf_pages(drawn["pdf"], tmp_path, 203)[0], tmp_path) == []


def test_a_sign_that_nobody_knows_is_said_to_be_unknown() -> None:
    document = paper(answer=ANSWER | {"ReceiptSeq": None, "FiscalSign": "", "QRCodeURL": ""})
    text = of_text(FORMATS["txt"].draw(document, 58))
    assert "Fiskal belgi noma'lum" in text
    assert not [line for line in text if "Chek raqami" in line]
    printed = Printer().take(as_escpos(document, 58))
    assert (printed.images, printed.codes) == ([], [])


@WIDTHS
def test_a_refund_names_the_original(width: int) -> None:
    """UZ-POS-03"""
    sold = Sale(order(), answer=ANSWER)
    document = paper(refund_order(sold, [], "20260701-00018"), ANSWER | {"ReceiptSeq": 18})
    text = of_text(FORMATS["txt"].draw(document, width))
    for line in (
        "QAYTARISH · Xarid",
        "Asl chek ZZ000000000000 № 17",
        "Asl sana 2026-07-01 09:00:00",
        "Asl fiskal belgi 030548219873",
        "Qaytarildi: naqd 12 400,00",
    ):
        assert line in text
    assert of_pdf(as_pdf(document, width)) == text
    assert of_escpos(as_escpos(document, width)) == text


@WIDTHS
def test_a_z_report_in_every_format(width: int, reader: Reader) -> None:
    """UZ-SHF-04"""
    document = shift_document(REPORT, Company())
    drawn = {name: form.draw(document, width) for name, form in FORMATS.items()}
    text = of_text(drawn["txt"])
    for line in (
        "Z-HISOBOT",
        "Ochildi 2026-07-01 09:00:00",
        "Yopildi 2026-07-01 23:30:00",
        "Cheklar 1–15",
        "Sotuvlar 12",
        "Qaytarishlar 3",
        "Naqd: sotuv 123 456,78",
        "Naqd: qaytarish 5 000,00",
        "Karta: sotuv 7,00",
        "Karta: qaytarish 8,00",
        "QQS: sotuv 9,00",
        "QQS: qaytarish 10,00",
    ):
        assert line in text
    assert of_pdf(drawn["pdf"]) == of_escpos(drawn["escpos"]) == text
    assert reader.lines(drawn["png"]) == [reader.same(line) for line in text]


@WIDTHS
def test_copies_are_marked(width: int) -> None:
    for name, read in (("txt", of_text), ("pdf", of_pdf), ("escpos", of_escpos)):
        draw = FORMATS[name].draw
        assert "NUSXA / КОПИЯ" in read(draw(paper(copy=True), width))
        assert "NUSXA / КОПИЯ" in read(draw(shift_document(REPORT, Company(), copy=True), width))
        assert "NUSXA / КОПИЯ" not in read(draw(paper(), width))


# --- codes ---------------------------------------------------------------------------------------------

LONG = "http://127.0.0.1:13448/check?t=ZZ000000000000&r=9999999999999999&c=20260701090000&s=030548219873"
ADDRESSES = pytest.mark.parametrize("address", [URL, LONG, "https://ofd.example/x?" + "y" * 230])


@WIDTHS
def test_zbar_reads_the_code_on_every_paper(width: int, tmp_path: Path) -> None:
    """UZ-POS-04"""
    document = paper()
    assert scanned(opened(as_png(document, width)), tmp_path) == [URL]
    assert scanned(pdf_pages(as_pdf(document, width), tmp_path, 203)[0], tmp_path) == [URL]
    printed = Printer().take(as_escpos(document, width))
    assert len(printed.images) == 1
    assert scanned(printed.images[0], tmp_path) == [URL]
    assert [code.data for code in Printer().take(as_escpos(document, width, Device("native"))).codes] == [URL]


@WIDTHS
@ADDRESSES
def test_codes_are_thirty_millimetres_wide_at_least(width: int, address: str, tmp_path: Path) -> None:
    """QR-05: without quiet zone, at 203 dots an inch; never wider than the printer's dots."""
    alone = Document("", (Qr(address),))
    picture = opened(as_png(alone, width))
    assert picture.width == {58: 384, 80: 576}[width]
    assert tuple(round(each) for each in picture.info["dpi"]) == (203, 203)
    image = Printer().take(as_escpos(alone, width)).images[0]
    assert image.width == picture.width
    for each in (picture, image):
        left, top, right, bottom = dark_box(each)
        assert right - left == bottom - top
        assert (right - left) / 203 * 25.4 >= 30
        assert left >= 8
        assert each.width - right >= 8
    page = pdf_pages(as_pdf(alone, width), tmp_path, 508)[0]
    assert abs(page.width / 20 - width) < 0.1
    left, top, right, bottom = dark_box(page)
    assert (right - left) / 20 >= 30
    assert abs((right - left) - (bottom - top)) <= 2
    code = Printer().take(as_escpos(alone, width, Device("native"))).codes[0]
    assert code.data == address
    assert 30 <= code.across / 203 * 25.4 <= {58: 48, 80: 72}[width]


@WIDTHS
def test_letters_and_the_word_test_are_large(width: int, tmp_path: Path) -> None:
    """QR-05: letters of 2 mm; ID-03: TEST is read first."""
    capital = Document("", (Centre("H"),))
    left, top, right, bottom = dark_box(opened(as_png(capital, width)))
    assert (bottom - top) / 203 * 25.4 >= 2
    left, top, right, bottom = dark_box(pdf_pages(as_pdf(capital, width), tmp_path, 508)[0])
    assert (bottom - top) / 20 >= 2
    left, top, right, bottom = dark_box(opened(as_png(Document("", (Mark(),)), width)))
    assert ((right - left) / 203 * 25.4, (bottom - top) / 203 * 25.4) > (20, 8)
    first = Printer().take(as_escpos(paper(), width)).lines[0]
    assert (first.text.strip(), first.style.wide, first.style.high) == ("TEST", 4, 4)


def test_a_very_long_receipt_goes_on_on_the_next_page(tmp_path: Path) -> None:
    lines = tuple(Line(name=f"Non {number}", price=1_00) for number in range(400))
    document = paper(order(lines=lines))
    pages = pdf_pages(as_pdf(document, 58), tmp_path, 36)
    assert len(pages) > 1
    assert of_pdf(as_pdf(document, 58)) == of_text(FORMATS["txt"].draw(document, 58))


# --- any order -----------------------------------------------------------------------------------------

NAMES = st.text(st.sampled_from(LETTERS + "  "), min_size=1, max_size=90).filter(str.strip)
SUMS = st.integers(1, 10**10)


@st.composite
def orders(draw: st.DrawFn) -> tuple[Order, tuple[Tender, ...]]:
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        line = Line(name=draw(NAMES), price=draw(SUMS), amount=draw(st.integers(1, 10**6)))
        discount = draw(st.integers(0, line.total))
        other = draw(st.integers(0, line.total - discount))
        known = {"discount": discount, "other": other, "vat_percent": draw(st.sampled_from([0, 12, 15]))}
        digits = st.from_regex(r"\A[0-9]{17}\Z")
        lines.append(line.model_copy(update=known | {"mxik": draw(digits), "package_code": "1500001"}))
    total = sum(line.net for line in lines)
    card = draw(st.integers(0, total))
    tenders = (
        Tender("naqd", total - card, total - card + draw(st.integers(0, 10**6))),
        Tender("Click", card),
    )
    payment = Payment(cash=total - card, card=card)
    return order(lines=tuple(lines), payment=payment, type=draw(st.integers(0, 2))), tenders


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=orders(), width=st.sampled_from([58, 80]))
def test_any_order_says_the_same_everywhere(made: tuple[Order, tuple[Tender, ...]], width: int) -> None:
    ordered, tenders = made
    document = paper(ordered, tenders=tenders)
    text = of_text(FORMATS["txt"].draw(document, width))
    # No page of a printer has this letter of Uzbek Cyrillic: Х is how it is read there.
    spelled = [line.replace("Ҳ", "Х").replace("ҳ", "х") for line in text]
    assert of_escpos(as_escpos(document, width)) == spelled
    assert of_pdf(as_pdf(document, width)) == text
    whole = "".join(text).replace(" ", "")
    for line in ordered.lines:
        for part in (line.name, line.mxik, money(line.price), money(line.total), money(line.vat)):
            assert single(part).replace(" ", "") in whole
    assert f"JAMI{money(ordered.total)}so'm".replace(" ", "") in whole
    assert ("Fiskalbelgi" in whole) is (ordered.type == 0)
    printed = Printer().take(as_escpos(document, width))
    assert max(line.columns for line in printed.lines) <= {58: 32, 80: 48}[width]
    assert printed.cuts == 1
