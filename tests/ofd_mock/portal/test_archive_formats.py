"""The files of archives and papers: PDF, XLSX, PNG, the typeface inside (KZ-ARC-04)."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import datetime

import openpyxl
import pypdf
import pytest
from PIL import Image

from ofd_mock.portal.archive import sheets
from ofd_mock.portal.archive.font import MISSING, bundled
from ofd_mock.portal.archive.pdf import PdfWriter
from ofd_mock.portal.archive.picture import tape_png
from ofd_mock.portal.archive.sheets import SheetWriter, Tiyn, zip_entry
from ofd_mock.portal.archive.texts import closing_text, sum_shown, ticket_text

LETTERS = "Продажа Әңғүұқөһі № ₸ €"
MADE = datetime(2026, 9, 13, 11, 0, 30)


def pdf(pages: list[list[str]], qr: str = "") -> bytes:
    made = io.BytesIO()
    writer = PdfWriter(made, "TEST Чек")
    for lines in pages:
        writer.page(lines, qr=qr)
    writer.finish()
    return made.getvalue()


def test_a_pdf_can_be_read_and_searched() -> None:
    read = pypdf.PdfReader(io.BytesIO(pdf([[LETTERS, "второй"], ["третья"]])))
    assert read.metadata is not None
    assert read.metadata.title == "TEST Чек"
    assert [page.extract_text().splitlines() for page in read.pages] == [[LETTERS, "второй"], ["третья"]]


def test_a_pdf_of_strange_letters_draws_a_box_and_stays_whole() -> None:
    read = pypdf.PdfReader(io.BytesIO(pdf([["日本 <>()\\ 𐍈"]])))
    assert "<>()\\" in read.pages[0].extract_text()


def test_a_code_is_drawn_into_the_page() -> None:
    plain, coded = (
        pypdf.PdfReader(io.BytesIO(pdf([["x"]], qr))).pages[0].get_contents() for qr in ("", "http://x/?i=1")
    )
    assert plain is not None
    assert coded is not None
    assert b" re" not in plain.get_data()
    assert coded.get_data().count(b" re") > 100


def test_the_face_knows_every_letter_of_both_languages() -> None:
    face = bundled()
    wanted = set("АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯӘҒҚҢӨҰҮҺІабвяәғқңөұүһі0123456789₸№×—«»…")
    assert [letter for letter in wanted if face.glyph(letter) == MISSING] == []
    assert face.glyph("日") == MISSING
    assert face.width == 1233


def test_a_part_of_the_face_keeps_glyphs_under_their_numbers() -> None:
    """й is composed of others: they come along."""
    face, part = bundled(), bundled().subset("й")
    tables = {
        tag: (offset, length)
        for tag, _, offset, length in (
            struct.unpack_from(">4s3I", part, 12 + 16 * number)
            for number in range(struct.unpack_from(">H", part, 4)[0])
        )
    }
    places = struct.unpack_from(f">{face.glyphs + 1}I", part, tables[b"loca"][0])
    kept = {number for number in range(face.glyphs) if places[number + 1] > places[number]}
    assert {face.glyph("й"), MISSING} < kept
    assert len(kept) < 8
    assert len(part) < len(face.data) // 5


def test_a_full_sheet_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "ROWS_OF_A_SHEET", 3)
    made = io.BytesIO()
    writer = SheetWriter(made, "Транзакции", ("№", "Сумма"), MADE)
    for number in range(5):
        writer.row((number, Tiyn(number * 101)))
    writer.finish()
    book = openpyxl.load_workbook(made)
    assert book.sheetnames == ["Транзакции", "Транзакции 2", "Транзакции 3"]
    assert [list(sheet.values) for sheet in book.worksheets] == [
        [("№", "Сумма"), (0, 0), (1, 1.01)],
        [("№", "Сумма"), (2, 2.02), (3, 3.03)],
        [("№", "Сумма"), (4, 4.04)],
    ]


def test_cells_keep_texts_as_texts_and_large_sums_to_the_tiyn() -> None:
    made = io.BytesIO()
    writer = SheetWriter(made, "A", ("x",), MADE)
    huge = 23335632754341876_01
    for cell in ("=1+1", "a\x00\x1b<&>", Tiyn(huge), Tiyn(-huge), 2**60, " 007 "):
        writer.row((cell,))
    writer.finish()
    [sheet] = openpyxl.load_workbook(made).worksheets
    assert [row[0] for row in list(sheet.values)[1:]] == [
        "=1+1",
        "a  <&>",
        "23335632754341876.01",
        "-23335632754341876.01",
        str(2**60),
        " 007 ",
    ]
    assert sheet["A2"].data_type == "s"


def test_entries_bear_the_lab_s_time_however_far_it_is() -> None:
    assert zip_entry("a", MADE).date_time == (2026, 9, 13, 11, 0, 30)
    for year in (1900, 2150):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as packed:
            packed.writestr(zip_entry("a", MADE.replace(year=year)), "x")
        assert zipfile.ZipFile(made).read("a") == b"x"


def test_a_tape_becomes_a_picture_as_wide_as_its_lines() -> None:
    short, long = (Image.open(io.BytesIO(tape_png([text]))) for text in ("и", "и" * 48))
    assert long.width > short.width
    coded = Image.open(io.BytesIO(tape_png(["и"], "http://x/?i=1")))
    assert coded.height > short.height + 100


@pytest.mark.parametrize(
    ("tiyn", "text"),
    [
        (0, "0"),
        (1_15, "1.15"),
        (77_50, "77.5"),
        (-88691_06, "-88691.06"),
        (10**18, "1" + "0" * 16),
        (5, "0.05"),
    ],
)
def test_sums_have_no_groups_and_no_zeros_behind(tiyn: int, text: str) -> None:
    assert sum_shown(tiyn) == text


def test_words_of_rows_are_the_manual_s() -> None:
    assert closing_text(38).ru == "Закрытие смены № 0038"
    assert closing_text(12345).ru == "Закрытие смены № 12345"
    assert ticket_text(2, (0,)).ru == "Продажа, наличные"
    assert ticket_text(2, ()).ru == "Продажа"
    assert ticket_text(0, (0, 1, 4)).ru == "Покупка, наличные, карта, мобильный"
    assert ticket_text(None, (None, 77)).ru == "Прочее, Прочее"
