"""Whether the books of a shop agree to the tiyin: receipt by receipt, shift by shift, and in their sums.

    point of sale ── till's journal ── module ── operator
          └──────── owner's portal

What is only on its way is no difference: an order that waits, a receipt that the module still holds, a change
that the portal has not acknowledged (UZ-SHF-05, UZ-OFD-02, BX-DATA-01).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from reference.protocol.uz.values import format_json_time, parse_compact_time
from simulator.state import State, ZReport
from tools.audit.findings import Findings
from tools.audit.shop_books import Books, Shop, Slip, Sold

_OF_SLIPS: Final = ("time", "sign", "refund", "cash", "card")
_OF_ORDERS: Final = ("total", "refund", "number", "sign", "made", "cash", "card")


def audit_shop(shop: Shop) -> Findings:
    """Everything in which the books differ."""
    findings = Findings()
    for books in shop.tills:
        findings.take(_audit_till(books), f"{books.name}: " if len(shop.tills) > 1 else "")
    if any(books.portal is not None for books in shop.tills):
        findings.expect("portal", "dashboard", "revenue", shop.revenue, shop.shown)
    return findings


def _audit_till(books: Books) -> Findings:
    findings = Findings()
    _compare_till(findings, books)
    _compare_operator(findings, books)
    for terminal, state in books.modules.items():
        own = [slip for slip in books.till.values() if slip.terminal == terminal]
        _compare_module(findings, state, own)
        _compare_shifts(findings, books, terminal, state, own)
    if books.portal is not None:
        _compare_portal(findings, books, books.portal)
    return findings


def on_the_way(shop: Shop) -> list[str]:
    """What is not done yet, a sentence each."""
    waiting, held, untold = (
        sum(len(getattr(books, name)) for books in shop.tills) for name in ("waiting", "held", "untold")
    )
    counts = (
        (waiting, "orders wait for their receipt"),
        (held, "receipts wait for the operator's acknowledgement"),
        (untold, "orders have news that the owner has not heard"),
    )
    return [f"{count} {what}" for count, what in counts if count]


def _compare_till(findings: Findings, books: Books) -> None:
    """The receipt that an order shows is the one that its journal has."""
    slips = {slip.order: slip for slip in books.till.values()}
    waiting = set(books.waiting)
    for order, sold in books.shop.items():
        slip = slips.get(order)
        if order in waiting and sold.number is None:
            continue
        if slip is None:
            if sold.number is not None:
                findings.add("till", f"receipt {sold.number} (order {order})", "the till's journal has none")
            continue
        _same(findings, "till", slip, "point of sale's", _as_slip(sold, slip), _OF_SLIPS)
        findings.expect("till", slip.place, "point of sale's number", sold.number, slip.number)


def _as_slip(sold: Sold, like: Slip) -> Slip:
    return Slip(
        like.terminal, like.number, sold.made, sold.sign, sold.refund, sold.cash, sold.card, like.order
    )


def _compare_operator(findings: Findings, books: Books) -> None:
    held = books.held
    for key, slip in books.till.items():
        stored = books.operator.get(key)
        if stored is not None:
            _same(findings, "operator", slip, "operator's", stored, _OF_SLIPS)
        elif key not in held:
            findings.add("operator", slip.place, "the operator has none, and the module no longer holds it")
    for key, stored in books.operator.items():
        if key not in books.till:
            findings.add("operator", stored.place, "the operator has one that the till never got")


def _same(
    findings: Findings, check: str, wanted: Slip, whose: str, found: Slip, names: Iterable[str]
) -> None:
    for name in names:
        findings.expect(check, wanted.place, f"{whose} {name}", getattr(found, name), getattr(wanted, name))


def _compare_module(findings: Findings, state: State, own: list[Slip]) -> None:
    """The module's counters are the till's sums; its numbers have no gap."""
    place = f"module {state.identity.terminal}"
    findings.expect(
        "module", place, "last number", state.sequence, max((one.number for one in own), default=0)
    )
    findings.expect("module", place, "receipts", state.sequence, len(own))
    for name in ("cash", "card"):
        sums = getattr(state, name)
        for side, refund in (("sale", False), ("refund", True)):
            expected = sum(getattr(one, name) for one in own if one.refund is refund)
            findings.expect("module", place, f"{name} of {side}s", getattr(sums, side), expected)


def _compare_shifts(findings: Findings, books: Books, terminal: str, state: State, own: list[Slip]) -> None:
    """Every shift counts its receipts, in the module and with the operator."""
    stored = {row["close_time"]: row for row in books.zreports if row["terminal"] == terminal}
    for number, report in enumerate(state.zreports, 1):
        place = f"shift {number} of {terminal}"
        first, last = report.first_number, report.last_number
        slips = [one for one in own if first <= one.number <= last]
        for name, found, expected in _shift_figures(report, slips):
            findings.expect("z-report", place, f"module's {name}", found, expected)
        row = None if report.close_time is None else stored.pop(f"{report.close_time:%Y%m%d%H%M%S}", None)
        if row is not None:
            for name, found, _ in _shift_figures(report, slips):
                findings.expect("z-report", place, f"operator's {name}", row[_COLUMNS[name]], found)
        elif report.acknowledged is not None:
            findings.add("z-report", place, "the operator has acknowledged it, and has none")
    for row in stored.values():
        closed = format_json_time(parse_compact_time(row["close_time"]))
        findings.add("z-report", f"shift of {terminal} closed {closed}", "the module has none")


_COLUMNS: Final = {
    "sales": "sales",
    "refunds": "refunds",
    "cash of sales": "cash_sale",
    "cash of refunds": "cash_refund",
    "card of sales": "card_sale",
    "card of refunds": "card_refund",
}


def _shift_figures(report: ZReport, slips: list[Slip]) -> Iterable[tuple[str, int, int]]:
    """Name, figure of the module, figure of the receipts."""
    sales = [one for one in slips if not one.refund]
    refunds = [one for one in slips if one.refund]
    yield "sales", report.sales, len(sales)
    yield "refunds", report.refunds, len(refunds)
    for name in ("cash", "card"):
        sums: Any = getattr(report, name)
        yield f"{name} of sales", sums.sale, sum(getattr(one, name) for one in sales)
        yield f"{name} of refunds", sums.refund, sum(getattr(one, name) for one in refunds)


def _compare_portal(findings: Findings, books: Books, portal: dict[str, Sold]) -> None:
    """What the owner sees of each order is what the point of sale has told."""
    for order, sold in books.shop.items():
        if order in books.untold:
            continue
        place = f"order {order}" if sold.number is None else f"receipt {sold.number} (order {order})"
        shown = portal.get(order)
        if shown is None:
            findings.add("portal", place, "the owner's portal has no such order")
            continue
        for name in (*_OF_ORDERS, "acknowledged"):
            findings.expect("portal", place, f"portal's {name}", getattr(shown, name), getattr(sold, name))
    for order in portal.keys() - books.shop.keys():
        findings.add("portal", f"order {order}", "the point of sale has no such order")
