"""A paper as the bytes of a receipt printer (ESC/POS), ready for a file, a socket or a device.

The code goes out as a raster image unless the printer is to draw it itself: an image has the size that we
give it on every printer of 203 dots an inch, a printer's own code has as many modules as its firmware makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from PIL import Image

from reference.pos.prints.code_pages import SETS, CodePage, encoded, speller
from reference.pos.prints.document import TEST, Document
from reference.pos.prints.epson import dummy
from reference.pos.prints.picture import MARK_LETTER, code_picture
from reference.pos.prints.qr_dots import native_dots
from reference.pos.prints.rows import COLUMNS, DOTS, MarkRow, QrRow, Row, TextRow, Weight, rows_of

MEDIA: Final = "application/octet-stream"
_CORRECTION_M: Final = 1
_MODEL_2: Final = 2
_LAST_FEED: Final = b"\n" * 4

QrBy = Literal["raster", "native"]
Pages = Literal["all", "866", "ascii"]


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of a printer: who draws QR codes, and which code pages it has."""

    qr: QrBy = "raster"
    pages: Pages = "all"


def as_escpos(document: Document, paper: int, device: Device | None = None) -> bytes:
    """Everything from the printer's reset to the cut."""
    device = device or Device()
    pages = SETS[device.pages]
    out = _Out(dummy(paper), pages, device, paper)
    for row in rows_of(document, paper, speller(pages)):
        out.row(row)
    out.end()
    return bytes(out.printer.output)


class _Out:
    """The bytes so far, and the page and size that the printer is switched to."""

    def __init__(self, printer: Any, pages: tuple[CodePage, ...], device: Device, paper: int) -> None:
        self.printer = printer
        self._pages = pages
        self._device = device
        self._paper = paper
        self._page = pages[0]
        self._weight = Weight.PLAIN
        printer.hw("INIT")
        self._switch(self._page)

    def row(self, row: Row) -> None:
        match row:
            case TextRow(text, weight):
                self._weigh(weight)
                self._text(text)
            case MarkRow():
                self.printer.set(bold=True, custom_size=True, width=MARK_LETTER, height=MARK_LETTER)
                self._text(TEST.center(COLUMNS[self._paper] // MARK_LETTER).rstrip())
                self.printer.set(bold=False, normal_textsize=True)
            case QrRow(address):
                self._weigh(Weight.PLAIN)
                self._code(address)

    def end(self) -> None:
        self._weigh(Weight.PLAIN)
        self.printer._raw(_LAST_FEED)
        self.printer.cut(feed=False)

    def _text(self, text: str) -> None:
        for page, data in encoded(text, self._pages, self._page):
            if page != self._page:
                self._switch(page)
            self.printer._raw(data)
        self.printer._raw(b"\n")

    def _switch(self, page: CodePage) -> None:
        self._page = page
        self.printer._raw(b"\x1bt" + bytes([page.number]))

    def _weigh(self, weight: Weight) -> None:
        if weight is self._weight:
            return
        self._weight = weight
        high = 2 if weight is Weight.TALL else 1
        self.printer.set(bold=weight is not Weight.PLAIN, custom_size=True, width=1, height=high)

    def _code(self, address: str) -> None:
        if self._device.qr == "native":
            self.printer.set(align="center")
            self.printer.qr(address, ec=_CORRECTION_M, size=native_dots(address), model=_MODEL_2, native=True)
            self.printer._raw(b"\n")
            self.printer.set(align="left")
            return
        code = code_picture(address)
        across = Image.new("1", (DOTS[self._paper], code.height), 1)
        across.paste(code, ((across.width - code.width) // 2, 0))
        self.printer.image(across, impl="bitImageRaster")
