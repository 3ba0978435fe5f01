"""«Документы»: signed applications with their text and signature, to read, keep and check."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from flask import Blueprint, Response

from ofd_mock.portal.applications import TITLES
from ofd_mock.portal.moments import moment_of
from ofd_mock.portal.pages.asked import Asked
from ofd_mock.portal.pages.card_parts import ID
from ofd_mock.portal.pages.frame import Frame
from ofd_mock.portal.paging import PAGE, page_of
from ofd_mock.portal.papers import Paper, PaperFilter

_KINDS: Final = tuple(TITLES)


def paper_pages(frame: Frame) -> Blueprint:
    """List, one paper, its files."""
    section = frame.section("papers")
    desk = frame.desks.papers

    @section.get("/papers")
    def papers() -> Any:
        visitor, asked = frame.visitor(), Asked()
        visitor.require_administrator()
        kind, card = asked.choice("kind", _KINDS), asked.number("card")
        wanted = PaperFilter(kind, card, asked.day("first"), asked.day("last"))
        before = asked.number("before")
        found = [] if asked.findings else desk.all(visitor, wanted, PAGE + 1, before)
        page = page_of(found)
        return frame.render(
            "papers/papers.html",
            asked.status,
            asked=asked,
            papers=page,
            titles=TITLES.items(),
            findings=asked.findings,
            older=asked.address(before=page.rows[-1].id) if page.more else "",
        )

    @section.get(f"/papers/{ID}")
    def paper(number: int) -> Any:
        found = desk.one(frame.visitor(), number)
        return frame.render("papers/paper.html", paper=found, command=_command(found))

    @section.get(f"/papers/{ID}.txt")
    def text(number: int) -> Response:
        found = desk.one(frame.visitor(), number)
        return _file(Response(found.text, mimetype="text/plain"), f"application-{number}.txt")

    @section.get(f"/papers/{ID}.p7s")
    def signature(number: int) -> Response:
        found = desk.one(frame.visitor(), number)
        made = Response(_der(found), mimetype="application/pkcs7-signature")
        return _file(made, f"application-{number}.p7s")

    return section


def _command(paper: Paper) -> str:
    """How anybody checks the signature with the two files and the authority's certificates.

    At the moment of signing: a lab's clock seldom shows the time of the machine that checks.
    """
    moment = int(moment_of(paper.moment).timestamp())
    name = f"application-{paper.id}"
    return (
        f"openssl cms -verify -inform DER -binary -in {name}.p7s -content {name}.txt \\\n"
        f"  -CAfile trust.pem -purpose any -attime {moment} -out /dev/null"
    )


def _der(paper: Paper) -> bytes:
    try:
        return base64.b64decode(paper.cms)
    except binascii.Error:
        return paper.cms.encode()


def _file(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
