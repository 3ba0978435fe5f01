"""XLSX as it is written: rows into sheets, a new sheet where one is full, nothing kept (ECMA-376).

Texts are stored as texts, so that nothing in them is ever a formula; sums are numbers of tenge where Excel
keeps every tiyn of them, and texts above.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Final
from xml.sax.saxutils import escape

from reference.protocol.kz.money import money_text

ROWS_OF_A_SHEET: Final = 1_048_576
MOST_EXACT: Final = 10**15
"""Tiyn below which a sum has no more digits than a spreadsheet keeps."""
_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2107
"""What a ZIP can say of the time of its entries."""
_UNPRINTABLE: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


class Tiyn(int):
    """A cell that is a sum."""


Cell = str | Tiyn | int


class SheetWriter:
    """Writes a workbook to `stream`, which is only ever written onwards; `finish` ends it.

    Every sheet is called `title`, from the second on with its number, and begins with `head`.
    """

    def __init__(self, stream: IO[bytes], title: str, head: Sequence[str], made: datetime) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self._title, self._head, self._made = title, head, made
        self._sheets = 0
        self._rows = 0
        self._sheet: IO[bytes] | None = None
        self._begin()

    def row(self, cells: Sequence[Cell]) -> None:
        """One row more."""
        if self._rows == ROWS_OF_A_SHEET:
            self._end()
            self._begin()
        self._put(cells)

    def finish(self) -> None:
        """End the last sheet, and say what sheets there are."""
        self._end()
        for name, text in self._parts():
            self._zip.writestr(zip_entry(name, self._made), _XML + text)
        self._zip.close()

    def _begin(self) -> None:
        self._sheets += 1
        self._rows = 0
        entry = zip_entry(f"xl/worksheets/sheet{self._sheets}.xml", self._made)
        self._sheet = self._zip.open(entry, "w", force_zip64=True)
        self._sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        self._put(self._head)

    def _put(self, cells: Sequence[Cell]) -> None:
        assert self._sheet is not None
        self._rows += 1
        self._sheet.write(f"<row>{''.join([_cell(cell) for cell in cells])}</row>".encode())

    def _end(self) -> None:
        assert self._sheet is not None
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()

    def _parts(self) -> list[tuple[str, str]]:
        numbers = range(1, self._sheets + 1)
        sheets = "".join(
            f'<sheet name="{escape(self._title)}{f" {number}" if number > 1 else ""}" sheetId="{number}" '
            f'r:id="rId{number}"/>'
            for number in numbers
        )
        relations = "".join(
            f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" '
            f'Target="worksheets/sheet{number}.xml"/>'
            for number in numbers
        )
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}worksheet+xml"/>'
            for number in numbers
        )
        return [
            (
                "xl/workbook.xml",
                f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
            ),
            (
                "xl/_rels/workbook.xml.rels",
                f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>',
            ),
            (
                "_rels/.rels",
                f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
                f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            ),
            (
                "[Content_Types].xml",
                f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}sheet.main+xml"/>{parts}</Types>',
            ),
        ]


def zip_entry(name: str, made: datetime, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    """An entry that bears the lab's time."""
    year = min(max(made.year, _FIRST_YEAR), _LAST_YEAR)
    entry = zipfile.ZipInfo(name, (year, made.month, made.day, made.hour, made.minute, made.second))
    entry.compress_type = method
    entry.external_attr = 0o644 << 16
    return entry


def _cell(cell: Cell) -> str:
    if isinstance(cell, Tiyn):
        if abs(cell) < MOST_EXACT:
            return f"<c><v>{money_text(cell)}</v></c>"
        return f'<c t="inlineStr"><is><t>{money_text(cell)}</t></is></c>'
    if isinstance(cell, int):
        return f"<c><v>{cell}</v></c>" if abs(cell) < MOST_EXACT else _text(str(cell))
    return _text(cell)


def _text(text: str) -> str:
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_UNPRINTABLE.sub(" ", text))}</t></is></c>'
