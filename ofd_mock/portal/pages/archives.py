"""The archives of a register: reports, transactions, shifts; one transaction; downloads (KZ-ARC-01…04)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response, jsonify

from ofd_mock.portal.archive.forms import Form
from ofd_mock.portal.archive.packing import FORMATS
from ofd_mock.portal.archive.shelf import UNFINISHED, ArchiveView
from ofd_mock.portal.archive.spans import Filter
from ofd_mock.portal.archive.store import DEFAULT_FORMATS
from ofd_mock.portal.archive.tape import form_pdf, form_png
from ofd_mock.portal.archive.texts import NON_NULLABLE, time_shown
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError
from ofd_mock.portal.pages import words
from ofd_mock.portal.pages.asked import Asked
from ofd_mock.portal.pages.card_parts import ID, Place, card_values, place_of
from ofd_mock.portal.pages.frame import Frame, findings_of, say
from ofd_mock.portal.web.archive_routes import PDF, PNG, download_response
from ofd_mock.portal.web.desks import Desks
from ofd_mock.portal.web.values import as_json

_ONE: Final = "<int(min=1,max=9007199254740991):one>"
_JSON: Final = "application/json"
_MAKERS: Final[dict[str, tuple[str, Callable[[Form, str], bytes]]]] = {
    "pdf": (PDF, form_pdf),
    "png": (PNG, form_png),
    "json": (_JSON, lambda form, _language: _form_json(form)),
}


def archive_pages(frame: Frame) -> Blueprint:
    """Tabs of a register's page, one transaction, and the archives that were asked for."""
    section = frame.section("archives")
    desks = frame.desks

    for table in ("transactions", "z-reports", "x-reports", "shifts"):
        view = _listed(frame, table)
        section.add_url_rule(f"/cards/{ID}/{table}", table, view)
    for name, read in (("documents", desks.documents.one), ("x-reports", desks.documents.report)):
        way = f"/cards/{ID}/{name}/{_ONE}"
        section.add_url_rule(way, f"{name}-one", _paper(frame, name, read))
        section.add_url_rule(f"{way}/<any(pdf,png,json):kind>", f"{name}-file", _loaded(frame, name, read))

    @section.post(f"/cards/{ID}/archives")
    def order(number: int) -> Any:
        visitor, form = frame.visitor(), frame.form()
        table = form.get("table", "")
        place = place_of(frame, visitor, number)

        def act() -> str:
            asked = Asked(form)
            wanted = _filter(asked)
            if asked.findings:
                return asked.address(f"{place.address}/{table}")
            formats = [name for name in FORMATS if form.get(name)]
            return _address(desks.archives.order(visitor, number, table, formats, wanted))

        return frame.answer("archives/refused.html", act, place=place)

    @section.get(f"/cards/{ID}/archives/<key>")
    def archive(number: int, key: str) -> Any:
        visitor = frame.visitor()
        place = place_of(frame, visitor, number)
        found = desks.archives.one(visitor, number, key)
        return frame.render(
            "archives/archive.html", place=place, archive=found, titles=_titles(), unfinished=UNFINISHED
        )

    @section.get(f"/cards/{ID}/archives/<key>/state")
    def state(number: int, key: str) -> Any:
        return jsonify(as_json(desks.archives.one(frame.visitor(), number, key)))

    @section.get(f"/cards/{ID}/archives/<key>/file")
    def file(number: int, key: str) -> Any:
        return download_response(desks.archives.download(frame.visitor(), number, key))

    @section.post(f"/cards/{ID}/archives/<key>/remove")
    def remove(number: int, key: str) -> Any:
        visitor = frame.visitor()
        place = place_of(frame, visitor, number)

        def act() -> str:
            table = desks.archives.one(visitor, number, key).table
            desks.archives.remove(visitor, number, key)
            say(words.gettext("Архив удален"))
            return f"{place.address}/{table}"

        return frame.answer("archives/refused.html", act, place=place)

    return section


def _listed(frame: Frame, table: str) -> Callable[[int], Any]:
    """The page of one table."""
    read = getattr(frame.desks.lists, table.replace("-", "_"))
    filtered = table in ("transactions", "shifts")

    def view(number: int) -> Any:
        visitor, asked = frame.visitor(), Asked()
        place = place_of(frame, visitor, number)
        wanted, behind = _filter(asked, shift=filtered), asked.text("place")
        page = None
        if not asked.findings:
            try:
                page = read(visitor, number, wanted, behind)
            except InvalidError as error:
                asked.findings |= findings_of(error)
        return frame.render(
            f"archives/{table}.html",
            asked.status,
            findings=asked.findings,
            asked=asked,
            place=place,
            table=table,
            filtered=filtered,
            page=page,
            older=asked.address(place=page.older) if page is not None and page.older else "",
            **_values(frame.desks, visitor, place, table),
        )

    return view


def _values(desks: Desks, visitor: Visitor, place: Place, table: str) -> dict[str, Any]:
    archives = [each for each in desks.archives.all(visitor, place.card.id) if each.table == table]
    return card_values() | {
        "title": _titles()[table],
        "archives": archives,
        "formats": FORMATS,
        "default_formats": DEFAULT_FORMATS,
        "totals": NON_NULLABLE,
        "time": time_shown,
        "unfinished": UNFINISHED,
    }


def _paper(frame: Frame, name: str, read: Callable[[Visitor, int, int], Form]) -> Callable[[int, int], Any]:
    def view(number: int, one: int) -> Any:
        visitor = frame.visitor()
        form = read(visitor, number, one)
        back = "x-reports" if name == "x-reports" else "transactions"
        return frame.render(
            "archives/paper.html",
            place=place_of(frame, visitor, number),
            form=form,
            back=back,
            back_title=_titles()[back],
            address=f"/cards/{number}/{name}/{one}",
        )

    return view


def _loaded(
    frame: Frame, name: str, read: Callable[[Visitor, int, int], Form]
) -> Callable[[int, int, str], Any]:
    def view(number: int, one: int, kind: str) -> Response:
        form = read(frame.visitor(), number, one)
        mimetype, make = _MAKERS[kind]
        answer = Response(make(form, words.language()), mimetype=mimetype)
        answer.headers["Content-Disposition"] = f"attachment; filename={name}-{number}-{one}.{kind}"
        return answer

    return view


def _form_json(form: Form) -> bytes:
    return json.dumps(as_json(form), ensure_ascii=False, indent=1).encode()


def _filter(asked: Asked, *, shift: bool = True) -> Filter:
    return Filter(asked.day("first"), asked.day("last"), asked.number("shift") if shift else None)


def _address(archive: ArchiveView) -> str:
    return f"/cards/{archive.card}/archives/{archive.key}"


def _titles() -> dict[str, str]:
    return {
        "transactions": words.gettext("Транзакции"),
        "z-reports": words.gettext("Z-отчеты"),
        "x-reports": words.gettext("X-отчеты"),
        "shifts": words.gettext("Смены"),
    }
