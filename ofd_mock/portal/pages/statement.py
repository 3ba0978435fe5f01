"""The statement as a file: CSV, streamed however long it is, and PDF (KZ-TRF-04)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Final

from flask import Response

from ofd_mock.portal.accounts import Line
from ofd_mock.portal.archive.pdf import PdfWriter
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import RefusedError
from ofd_mock.portal.pages import words
from ofd_mock.portal.paging import MOST_ROWS
from ofd_mock.portal.tariffs import TARIFFS
from ofd_mock.portal.web.desks import Desks
from reference.protocol.kz.money import money_text
from reference.protocol.kz.results import Texts

MOST_PRINTED: Final = 5_000
"""Lines of a PDF."""
_LINES_OF_A_PAGE: Final = 64
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_TOO_LONG: Final = Texts(
    f"Больше {MOST_PRINTED} строк: выберите период короче или скачайте CSV",
    f"{MOST_PRINTED} жолдан көп: қысқа кезеңді таңдаңыз немесе CSV жүктеңіз",
    f"More than {MOST_PRINTED} lines: choose a shorter period, or CSV",
)


def statement_csv(desks: Desks, visitor: Visitor, first: date | None, last: date | None) -> Response:
    """UTF-8 with «;» and a head; no text in it can be taken for a formula."""
    head = _head()
    kinds = _kinds()

    def parts() -> Iterator[str]:
        yield "\ufeff" + _row(head)
        for lines, names in _batches(desks, visitor, first, last):
            yield "".join(_row(_cells(line, names, kinds)) for line in lines)

    return _file(Response(parts(), mimetype="text/csv"), "csv")


def statement_pdf(desks: Desks, visitor: Visitor, first: date | None, last: date | None) -> Response:
    """A4 pages; RefusedError for more lines than anybody prints."""
    kinds = _kinds()
    rows: list[str] = []
    for lines, names in _batches(desks, visitor, first, last):
        rows += [_printed(_cells(line, names, kinds)) for line in lines]
        if len(rows) > MOST_PRINTED:
            raise RefusedError("long", _TOO_LONG)
    title = words.gettext("Выписка по лицевому счету")
    days = " – ".join(f"{day:%d.%m.%Y}" if day else "…" for day in (first, last))
    stream = io.BytesIO()
    writer = PdfWriter(stream, f"TEST · {title}")
    for start in range(0, max(len(rows), 1), _LINES_OF_A_PAGE):
        head = [f"TEST · {title} · {days}", "", _printed(_head()), ""]
        writer.page(head + rows[start : start + _LINES_OF_A_PAGE])
    writer.finish()
    return _file(Response(stream.getvalue(), mimetype="application/pdf"), "pdf")


def _batches(
    desks: Desks, visitor: Visitor, first: date | None, last: date | None
) -> Iterator[tuple[list[Line], dict[int, str]]]:
    """All lines, newest first, a thousand at a time, with names of their registers."""
    before = None
    while True:
        lines = desks.accounts.statement(visitor, first, last, MOST_ROWS, before)
        if lines:
            cards = {line.card for line in lines if line.card is not None}
            yield lines, desks.charges.names(visitor, cards)
            before = lines[-1].id
        if len(lines) < MOST_ROWS:
            return


def _head() -> list[str]:
    return [
        words.gettext("Дата"),
        words.gettext("Операция"),
        words.gettext("Касса"),
        words.gettext("Сумма, ₸"),
        words.gettext("Остаток, ₸"),
    ]


def _kinds() -> tuple[str, str, str]:
    """Words of lines: taken now, since a stream has no request any more."""
    return words.gettext("Списание"), words.gettext("Пополнение"), words.gettext("Начальный остаток")


def _cells(line: Line, names: dict[int, str], kinds: tuple[str, str, str]) -> list[str]:
    charged, topped_up, beginning = kinds
    if line.amount < 0:
        tariff = TARIFFS.get(line.tariff or 0)
        text = charged if tariff is None else f"{charged}: {tariff.name}"
    else:
        text = f"{topped_up}: {line.payment}" if line.payment else beginning
    card = "" if line.card is None else names.get(line.card, "")
    number = "" if line.card is None else f" ({line.card})"
    shown = [_plain(text), _plain(card + number)]
    return [f"{line.day:%d.%m.%Y}", *shown, money_text(line.amount), money_text(line.balance)]


def _plain(text: str) -> str:
    """A text that begins like a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _printed(cells: list[str]) -> str:
    day, text, card, amount, balance = cells
    return f"{day:10} {text[:44]:44} {card[:24]:24} {amount[:14]:>14} {balance[:14]:>14}"


def _file(response: Response, ending: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="statement.{ending}"'
    return response
