"""The lines of a paper as each format shows them, read back from its bytes; blanks count once."""

from __future__ import annotations

from PIL import Image

from reference.pos.prints.document import Centre, Document
from reference.pos.prints.picture import MARGIN, MARK_LETTER, ROW_DOTS, as_png
from reference.pos.prints.rows import LETTER_DOTS
from tests.pos.prints.papers import opened, pdf_text
from tests.pos.prints.tape import Printer

BLOCKS = set("█▀▄ ")


def single(text: str) -> str:
    return " ".join(text.split())


def of_text(data: bytes) -> list[str]:
    lines = data.decode().splitlines()
    return [single(line) for line in lines if line.strip() and not set(line) <= BLOCKS]


def of_pdf(data: bytes) -> list[str]:
    """Without the large TEST at the beginning."""
    lines = [single(line) for line in pdf_text(data).replace("\f", "\n").splitlines() if line.strip()]
    assert lines[0] == "TEST"
    return lines[1:]


def of_escpos(data: bytes) -> list[str]:
    """Without the large TEST at the beginning."""
    lines = [single(line.text) for line in Printer().take(data).lines if line.text.strip()]
    assert lines[0] == "TEST"
    return lines[1:]


class Reader:
    """Reads pictures letter by letter, by a specimen of the letters that may stand there.

    Letters that look alike (Latin and Cyrillic а) are one: `same` compares what is seen.
    """

    def __init__(self, letters: str) -> None:
        self._looks: dict[bytes, str] = {}
        for loud in (False, True):
            for letter in sorted(set(letters) - set(" ")):
                # Alone it would stand in the middle: the row is filled, and its first cell looked at.
                picture = opened(as_png(Document("", (Centre(letter * 32, loud),)), 58))
                cell = picture.crop((0, MARGIN, LETTER_DOTS, MARGIN + ROW_DOTS))
                self._looks.setdefault(cell.tobytes(), letter)
        self._alike = {letter: self._looks[self._cell(letter)] for letter in sorted(set(letters) - set(" "))}

    @staticmethod
    def _cell(letter: str) -> bytes:
        picture = opened(as_png(Document("", (Centre(letter * 32),)), 58))
        return picture.crop((0, MARGIN, LETTER_DOTS, MARGIN + ROW_DOTS)).tobytes()

    def same(self, text: str) -> str:
        """The text as this reader would read it."""
        return "".join(self._alike.get(letter, letter) for letter in single(text))

    def lines(self, data: bytes) -> list[str]:
        """Rows of usual height: not the large TEST, not the tall row of the total, not the code."""
        picture, found, tall = opened(data), [], 0
        top, last = MARGIN + MARK_LETTER * ROW_DOTS, picture.height - MARGIN - ROW_DOTS
        while top <= last:
            line = self._row(picture, top)
            if line is None and not tall:
                tall, top = 1, top + 2 * ROW_DOTS
                continue
            if not line:  # the code begins; below it one row stands
                line, top = self._row(picture, last), last
                assert line
            found.append(single(line))
            top += ROW_DOTS
        return found

    def _row(self, picture: Image.Image, top: int) -> str | None:
        made = []
        for left in range(0, picture.width, LETTER_DOTS):
            cell = picture.crop((left, top, left + LETTER_DOTS, top + ROW_DOTS))
            if cell.getextrema() == (255, 255):
                made.append(" ")
            elif (letter := self._looks.get(cell.tobytes())) is not None:
                made.append(letter)
            else:
                return None
        return "".join(made).rstrip()
