"""PDF as it is written: pages of equally wide letters, one after the other, none of them kept (ISO 32000-1).

However many pages there are, only their places in the file stay in memory. Letters stand as glyph numbers of
the bundled face, which goes in last, with the glyphs that were used; a map from glyphs to letters lets text
be searched and copied.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence
from typing import IO, Final

import segno

from ofd_mock.portal.archive.font import MISSING, bundled

A4: Final = (595, 842)
_CATALOG, _PAGES, _FONT, _FACE, _DESCRIPTOR, _FILE, _MAP, _INFO = range(1, 9)
_FIRST_FREE: Final = 9
_MOST_MAPPED: Final = 100
"""Entries that one list of a ToUnicode map may have."""


class _Codes(dict[int, str]):
    """Glyph numbers of letters, four hex digits each, gathered as they are asked for (`str.translate`)."""

    def __missing__(self, letter: int) -> str:
        code = self[letter] = f"{bundled().glyph(chr(letter)):04x}"
        return code


class PdfWriter:
    """Writes to `stream`, which is only ever written onwards; `finish` ends the file.

    `title` and what is drawn may hold any text; letters that the face lacks are drawn as a box.
    """

    def __init__(self, stream: IO[bytes], title: str) -> None:
        self._stream = stream
        self._title = title
        self._at = 0
        self._places = array("Q", [0] * _FIRST_FREE)
        self._pages = array("L")
        self._codes = _Codes()
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def page(
        self,
        lines: Sequence[str],
        size: float = 8,
        paper: tuple[int, int] = A4,
        margin: int = 36,
        qr: str = "",
    ) -> None:
        """A page of lines from its top, letters `size` points high; `qr` stands below them."""
        width, height = paper
        leading = size * 1.25
        drawn = [b"BT /F1 %g Tf %g TL %d %g Td" % (size, leading, margin, height - margin - size)]
        drawn += [b"<%b> Tj T*" % self._encoded(line) for line in lines]
        drawn.append(b"ET")
        if qr:
            drawn += _squares(qr, margin, height - margin - size - leading * len(lines))
        content = self._object(None, b"/Filter /FlateDecode", zlib.compress(b"\n".join(drawn), 6))
        page = (
            b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %d %d] "
            b"/Resources << /Font << /F1 %d 0 R >> >> /Contents %d 0 R >>"
        )
        self._pages.append(self._plain(None, page % (_PAGES, width, height, _FONT, content)))

    def finish(self) -> None:
        """Write the face, the list of pages and the directory."""
        self._face()
        kids = b" ".join(b"%d 0 R" % number for number in self._pages)
        self._plain(_PAGES, b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(self._pages), kids))
        self._plain(_CATALOG, b"<< /Type /Catalog /Pages %d 0 R >>" % _PAGES)
        title = ("\ufeff" + self._title).encode("utf-16-be").hex().encode()
        self._plain(_INFO, b"<< /Title <%b> /Producer (Kassalab TEST) >>" % title)
        start, count = self._at, len(self._places)
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % count)
        for place in self._places[1:]:
            self._write(b"%010d 00000 n \n" % place)
        trailer = b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        self._write(trailer % (count, _CATALOG, _INFO, start))

    def _encoded(self, line: str) -> bytes:
        return line.translate(self._codes).encode()

    def _face(self) -> None:
        face = bundled()
        scale = 1000 / face.units
        box = b" ".join(b"%d" % round(one * scale) for one in face.box)
        width = round(face.width * scale)
        self._plain(
            _FONT,
            b"<< /Type /Font /Subtype /Type0 /BaseFont /DejaVuSansMono /Encoding /Identity-H "
            b"/DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>" % (_FACE, _MAP),
        )
        self._plain(
            _FACE,
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /DejaVuSansMono /CIDToGIDMap /Identity /DW %d "
            b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            b"/FontDescriptor %d 0 R >>" % (width, _DESCRIPTOR),
        )
        self._plain(
            _DESCRIPTOR,
            b"<< /Type /FontDescriptor /FontName /DejaVuSansMono /Flags 5 /FontBBox [%b] /ItalicAngle 0 "
            b"/Ascent %d /Descent %d /CapHeight 729 /StemV 80 /FontFile2 %d 0 R >>"
            % (box, round(face.ascent * scale), round(face.descent * scale), _FILE),
        )
        used = face.subset(map(chr, self._codes))
        self._object(_FILE, b"/Length1 %d /Filter /FlateDecode" % len(used), zlib.compress(used, 6))
        self._object(_MAP, b"/Filter /FlateDecode", zlib.compress(self._letters(), 6))

    def _letters(self) -> bytes:
        """The ToUnicode map."""
        missing = f"{MISSING:04x}"
        known = {code: letter for letter, code in self._codes.items() if code != missing}
        pairs = [
            f"<{code}> <{chr(letter).encode('utf-16-be').hex()}>".encode()
            for code, letter in sorted(known.items())
        ]
        found = [
            b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Letters def "
            b"/CMapType 2 def 1 begincodespacerange <0000> <ffff> endcodespacerange"
        ]
        for start in range(0, len(pairs), _MOST_MAPPED):
            part = pairs[start : start + _MOST_MAPPED]
            found.append(b"%d beginbfchar\n%b\nendbfchar" % (len(part), b"\n".join(part)))
        found.append(b"endcmap CMapName currentdict /CMap defineresource pop end end")
        return b"\n".join(found)

    def _object(self, number: int | None, entries: bytes, data: bytes) -> int:
        return self._plain(number, b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(data), entries, data))

    def _plain(self, number: int | None, body: bytes) -> int:
        if number is None:
            number = len(self._places)
            self._places.append(self._at)
        else:
            self._places[number] = self._at
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        return number

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._at += len(data)


def _squares(address: str, left: float, top: float, module: float = 3) -> list[bytes]:
    """A QR code as filled squares."""
    rows = segno.make(address, error="m", micro=False).matrix_iter(border=2)
    found = []
    for down, row in enumerate(rows, 1):
        for right, dark in enumerate(row):
            if dark:
                at = (left + right * module, top - down * module, module, module)
                found.append(b"%g %g %g %g re" % at)
    return [*found, b"f"]
