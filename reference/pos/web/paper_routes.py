"""Addresses of what is printed: receipts and Z-reports in four formats, and the printer's queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from reference.pos.prints.escpos import Device, as_escpos
from reference.pos.prints.formats import FORMATS
from reference.pos.prints.queue import RECEIPT, SHIFT, PrintView
from reference.pos.prints.shelf import document_of, last_shift
from reference.pos.prints.spool import Spool
from reference.pos.shop.staff import Right
from reference.pos.web.counter import Counter
from reference.runtime.json_routes import Asked, JsonRoute, Parameter
from reference.runtime.refusals import UnknownError

_PAPER: Final = Parameter(
    "paper", "width in mm; by default the setting's", {"type": "integer", "enum": [58, 80]}
)


def paper_routes(counter: Counter) -> tuple[JsonRoute, ...]:
    """The rows, bound to one shop."""
    shown = [
        JsonRoute(
            "GET",
            f"{path}.{ending}",
            f"{what} as {ending}",
            _drawn(counter, ending, kind),
            bytes,
            query=(_PAPER,),
            media=form.media,
        )
        for path, what, kind in (
            ("/orders/{order}/receipt", "the receipt", RECEIPT),
            ("/shifts/last", "the last Z-report", SHIFT),
        )
        for ending, form in FORMATS.items()
    ]
    return (
        *shown,
        JsonRoute(
            "POST",
            "/orders/{order}/print",
            "print it again",
            _receipt(counter),
            PrintView,
            status=202,
        ),
        JsonRoute(
            "POST",
            "/shifts/last/print",
            "print it again",
            _shift(counter),
            PrintView,
            status=202,
        ),
        JsonRoute("GET", "/prints", "the printer's queue, newest first", _queue(counter), list[PrintView]),
    )


def _drawn(counter: Counter, ending: str, kind: str) -> Callable[[Asked], bytes]:
    def run(asked: Asked) -> bytes:
        counter.who(asked)
        settings = counter.desks.settings.read()
        with counter.desks.premises.reading() as session:
            key = asked.path["order"] if kind == RECEIPT else last_shift(session)
            document = document_of(session, kind, key)
        paper = asked.query.get("paper", settings.paper)
        if ending == "escpos":
            return as_escpos(document, paper, Device(settings.printer_qr, settings.printer_pages))
        return FORMATS[ending].draw(document, paper)

    return run


def _receipt(counter: Counter) -> Callable[[Asked], PrintView]:
    def run(asked: Asked) -> PrintView:
        counter.allowed(asked, Right.PAY)
        return _spool(counter).again(RECEIPT, asked.path["order"])

    return run


def _shift(counter: Counter) -> Callable[[Asked], PrintView]:
    def run(asked: Asked) -> PrintView:
        counter.allowed(asked, Right.SHIFT)
        with counter.desks.premises.reading() as session:
            key = last_shift(session)
        return _spool(counter).again(SHIFT, key)

    return run


def _queue(counter: Counter) -> Callable[[Asked], list[PrintView]]:
    def run(asked: Asked) -> list[PrintView]:
        counter.who(asked)
        return _spool(counter).newest()

    return run


def _spool(counter: Counter) -> Spool:
    if counter.spool is None:
        raise UnknownError("printer")
    return counter.spool
