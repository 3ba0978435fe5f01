"""The ledger for people: modules, receipts by number, gaps, Z-reports that disagree, refused files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy import Connection

from ofd_mock.uz import inquiries
from ofd_mock.uz.inquiries import Row
from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.web.check_page import KINDS, OPERATIONS
from ofd_mock.uz.web.origin import PageGuard
from ofd_mock.uz.web.texts import write_sum, write_time
from reference.protocol.uz.qr import qr_url
from reference.protocol.uz.values import MAX_BCD, parse_compact_time

PAGE_SIZE: Final = 50
_LANGUAGE: Final = "en"
_NUMBER: Final = re.compile(r"[0-9]{1,16}")


def ledger_blueprint(ledger: Ledger, settings: Callable[[], OperatorSettings], guard: PageGuard) -> Blueprint:
    """`GET /ledger`, `/ledger/<terminal>`, `/ledger/traces` and `/ledger/traces/<name>`."""
    blueprint = Blueprint("ledger", __name__)
    blueprint.before_request(lambda: guard.check(request))
    pages = _Pages(ledger, settings)
    blueprint.get("/ledger")(pages.overview)
    blueprint.get("/ledger/<terminal>")(pages.module)
    blueprint.get("/ledger/traces")(pages.traces)
    blueprint.get("/ledger/traces/<name>")(pages.trace)
    return blueprint


@dataclass(frozen=True, slots=True)
class _Pages:
    """One method a page; each looks at the ledger once."""

    ledger: Ledger
    settings: Callable[[], OperatorSettings]

    def overview(self) -> str:
        after = request.args.get("after", "")
        with self.ledger.reading() as connection:
            rows = inquiries.modules(connection, after, PAGE_SIZE)
            shown = [_module(connection, row, self.settings()) for row in rows]
            counts = inquiries.counts(connection)
        following = _next(rows, "terminal")
        return render_template("ledger.html", counts=counts, modules=shown, after=after, next_page=following)

    def module(self, terminal: str) -> str:
        after, z_after = _after(request.args.get("after", "0")), request.args.get("z", "")
        with self.ledger.reading() as connection:
            row = inquiries.module(connection, terminal)
            if row is None:
                abort(404)
            receipts = inquiries.receipts(connection, terminal, after, PAGE_SIZE)
            reports = inquiries.zreports(connection, terminal, z_after, PAGE_SIZE)
            shown = [_zreport(connection, report, self.settings()) for report in reports]
            gaps = inquiries.gaps(connection, terminal, PAGE_SIZE)
            unsigned = inquiries.unsigned(connection, terminal, PAGE_SIZE)
        return render_template(
            "module.html",
            terminal=terminal,
            module=row,
            gaps=gaps,
            zreports=shown,
            z_after=z_after,
            z_next=_next(reports, "close_time"),
            receipts=[_receipt(receipt) for receipt in receipts],
            unsigned=[_money(receipt) for receipt in unsigned],
            after=after,
            next_page=_next(receipts, "number"),
        )

    def traces(self) -> str:
        with self.ledger.reading() as connection:
            rows = inquiries.traces(connection, limit=PAGE_SIZE)
        return render_template("traces.html", traces=[_trace(row) for row in rows])

    def trace(self, name: str) -> Response:
        with self.ledger.reading() as connection:
            row = inquiries.trace(connection, name)
        if row is None:
            abort(404)
        return Response(render_template("trace.html", trace=_trace(row)))


def _next(rows: Sequence[Row], name: str) -> Any:
    """Where the next page begins: behind the last row of a full one; "" after the last page."""
    return rows[-1][name] if len(rows) == PAGE_SIZE else ""


def _after(text: str) -> int:
    return min(int(text), MAX_BCD) if _NUMBER.fullmatch(text) else 0


def _module(connection: Connection, row: Row, settings: OperatorSettings) -> dict[str, Any]:
    reports = inquiries.zreports(connection, row["terminal"], limit=PAGE_SIZE)
    count = settings.count_advance_credit
    differing = [
        report for report in reports if inquiries.mismatches(connection, report, count_advance_credit=count)
    ]
    seen = row["last_seen"]
    return dict(row) | {"mismatched": len(differing), "last_seen": write_time(seen) if seen else ""}


def _zreport(connection: Connection, report: Row, settings: OperatorSettings) -> dict[str, Any]:
    found = inquiries.mismatches(connection, report, count_advance_credit=settings.count_advance_credit)
    pairs = {
        name: (_sum(report[f"{name}_sale"]), _sum(-report[f"{name}_refund"]))
        for name in ("cash", "card", "vat")
    }
    times = {name: write_time(report[name]) for name in ("open_time", "close_time")}
    return dict(report) | pairs | times | {"mismatches": found}


def _receipt(row: Row) -> dict[str, Any]:
    link = ""
    if row["sign"]:
        time = parse_compact_time(row["time"])
        link = qr_url("/check", row["terminal"], row["number"], time, row["sign"])
    return _money(row) | {"full": row["body"] is not None, "link": link}


def _money(row: Row) -> dict[str, Any]:
    sums = {name: _sum(row[name]) for name in ("cash", "card", "vat")}
    words = {"kind": KINDS[row["type"]], "operation": OPERATIONS[row["operation"]]}
    return dict(row) | sums | words | {"time": write_time(row["time"])}


def _trace(row: Row) -> dict[str, Any]:
    return dict(row) | {"received": write_time(row["received"])}


def _sum(tiyin: int) -> str:
    return write_sum(tiyin, _LANGUAGE)
