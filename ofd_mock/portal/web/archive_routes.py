"""Addresses of a register's archives: lists, papers, downloads (KZ-ARC-01…04)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from flask import Response, send_file
from pydantic import Field

from ofd_mock.portal.archive.forms import Form
from ofd_mock.portal.archive.lists import MOST_ROWS, PAGE
from ofd_mock.portal.archive.packing import FORMATS
from ofd_mock.portal.archive.shelf import ArchiveView
from ofd_mock.portal.archive.spans import MOST_SHIFT, Filter
from ofd_mock.portal.archive.store import Download
from ofd_mock.portal.archive.tape import form_pdf, form_png
from ofd_mock.portal.web.bodies import Body
from ofd_mock.portal.web.route import Call, Parameter, Route, done

PDF: Final = "application/pdf"
PNG: Final = "image/png"
ZIP: Final = "application/zip"
LANGUAGES: Final = ("ru", "kk", "en")
_LANGUAGE: Final = (Parameter("language", "of the labels", {"type": "string", "enum": list(LANGUAGES)}),)

_DAY: Final = {"type": "string", "format": "date"}
_PERIOD: Final = (
    Parameter("first", "first day, included", _DAY),
    Parameter("last", "last day, included", _DAY),
)
_SHIFT: Final = (
    Parameter("shift", "number of a shift", {"type": "integer", "minimum": 1, "maximum": MOST_SHIFT}),
)
_PAGE: Final = (
    Parameter(
        "place", "where the page begins: `older` of the page before", {"type": "string", "maxLength": 40}
    ),
    Parameter("limit", "rows of a page", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}),
)


class ArchiveBody(Body):
    """What is to be packed; no formats: JSON, CSV and XLSX. Z and X reports are given whole."""

    table: str = Field(max_length=32)
    formats: list[str] = Field(default_factory=list, max_length=len(FORMATS))
    first: date | None = None
    last: date | None = None
    shift: int | None = Field(None, ge=1, le=MOST_SHIFT)


def _filter(call: Call) -> Filter:
    return Filter(call.query.get("first"), call.query.get("last"), call.query.get("shift"))


def _listed(name: str) -> Callable[[Call], Any]:
    def run(call: Call) -> Any:
        read = getattr(call.desks.lists, name)
        place, limit = call.query.get("place", ""), call.query.get("limit", PAGE)
        return read(call.owner, call.path["id"], _filter(call), place, limit)

    return run


def _form(call: Call) -> Form:
    return call.desks.documents.one(call.owner, call.path["id"], call.path["number"])


def _report(call: Call) -> Form:
    return call.desks.documents.report(call.owner, call.path["id"], call.path["number"])


def _as_pdf(form: Callable[[Call], Form]) -> Callable[[Call], Response]:
    return lambda call: Response(form_pdf(form(call), call.query.get("language", "ru")), mimetype=PDF)


def _as_png(form: Callable[[Call], Form]) -> Callable[[Call], Response]:
    return lambda call: Response(form_png(form(call), call.query.get("language", "ru")), mimetype=PNG)


def _ordered(call: Call) -> ArchiveView:
    body: ArchiveBody = call.body
    wanted = Filter(body.first, body.last, body.shift)
    return call.desks.archives.order(call.owner, call.path["id"], body.table, body.formats, wanted)


def download_response(found: Download) -> Response:
    """An archive as an answer: a whole one with ETag and ranges, one still being made as it grows."""
    if found.whole:
        return send_file(
            found.path,
            ZIP,
            as_attachment=True,
            download_name=found.name,
            etag=found.key,
            last_modified=found.finished,
        )
    made = Response(found.chunks, mimetype=ZIP)
    made.headers["Content-Disposition"] = f"attachment; filename={found.name}"
    made.set_etag(found.key)
    return made


def _papers(path: str, what: str, form: Callable[[Call], Form]) -> tuple[Route, ...]:
    return (
        Route("GET", path, f"{what} as printed", form),
        Route("GET", f"{path}/pdf", f"{what} as PDF", _as_pdf(form), query=_LANGUAGE, media=(PDF,)),
        Route(
            "GET",
            f"{path}/png",
            f"{what}: the tape as a picture",
            _as_png(form),
            query=_LANGUAGE,
            media=(PNG,),
        ),
    )


ARCHIVES: Final = (
    Route(
        "GET",
        "/cards/{id}/transactions",
        "«Транзакции», newest first",
        _listed("transactions"),
        query=(*_PERIOD, *_SHIFT, *_PAGE),
    ),
    Route(
        "GET",
        "/cards/{id}/z-reports",
        "«Z-отчеты», newest first",
        _listed("z_reports"),
        query=(*_PERIOD, *_SHIFT, *_PAGE),
    ),
    Route(
        "GET",
        "/cards/{id}/x-reports",
        "«X-отчеты», newest first",
        _listed("x_reports"),
        query=(*_PERIOD, *_SHIFT, *_PAGE),
    ),
    Route(
        "GET",
        "/cards/{id}/shifts",
        "shifts, the open one first",
        _listed("shifts"),
        query=(*_PERIOD, *_SHIFT, *_PAGE),
    ),
    *_papers("/cards/{id}/documents/{number}", "one document", _form),
    *_papers("/cards/{id}/x-reports/{number}", "one X report", _report),
    Route(
        "POST",
        "/cards/{id}/archives",
        "«Скачать»: have an archive made",
        _ordered,
        ArchiveBody,
        status=202,
    ),
    Route(
        "GET",
        "/cards/{id}/archives",
        "archives of a register, newest first",
        lambda call: call.desks.archives.all(call.owner, call.path["id"]),
    ),
    Route(
        "GET",
        "/cards/{id}/archives/{key}",
        "how far an archive is",
        lambda call: call.desks.archives.one(call.owner, call.path["id"], call.path["key"]),
    ),
    Route(
        "DELETE",
        "/cards/{id}/archives/{key}",
        "throw an archive away",
        done(lambda call: call.desks.archives.remove(call.owner, call.path["id"], call.path["key"])),
    ),
    Route(
        "GET",
        "/cards/{id}/archives/{key}/file",
        "the file of an archive; a whole one can be taken up again (Range)",
        lambda call: download_response(
            call.desks.archives.download(call.owner, call.path["id"], call.path["key"])
        ),
        media=(ZIP,),
    ),
)
"""All of them, below `/api`."""
