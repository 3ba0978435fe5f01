"""What cases of an owner portal have in common: refusals, and figures against the judge's own book."""

from __future__ import annotations

from typing import Any, Final

from conformance.context import Context
from conformance.drivers.backoffice import Owner
from conformance.drivers.portal_client import Told
from conformance.models.shop_book import FIGURES, Period, fits_percent

KIND: Final = "backoffice"
CONTROL: Final = ("control",)
CLOCK: Final = ("control", "clock")
REFUSED, WRONG, UNKNOWN, STRANGER, TRIES = 409, 422, 404, 401, 429
"""HTTP statuses: a rule, fields, not yours, not logged in, too often."""
LANGUAGES: Final = ("uz", "ru", "en")


def refused(ctx: Context, told: Told, rule: str = "", *, status: int = REFUSED, clause: str = "") -> None:
    """A refusal with its status, its word, and what people read in three languages."""
    ctx.check(status, told.status, "HTTP status", clause=clause)
    if rule:
        ctx.check(rule, told.rule, "rule of the refusal", clause=clause)
    text = told.error.get("text")
    spoken = [name for name in LANGUAGES if isinstance(text, dict) and text.get(name)]
    ctx.check(list(LANGUAGES), spoken, "languages of the refusal", clause="BX-S-9")


def wrong(ctx: Context, told: Told, field: str, rule: str = "", *, clause: str = "") -> None:
    """A form is refused, and the field is named, with its rule if one is given."""
    ctx.check(WRONG, told.status, "HTTP status", clause=clause)
    rules = told.fields.get(field, [])
    expected = f"{field}: {rule or 'any rule'}"
    ctx.check_that(rule in rules if rule else bool(rules), expected, told.fields, "findings", clause=clause)


def stranger(ctx: Context, told: Told, *, clause: str = "") -> None:
    """Nobody is logged in, as far as the portal knows."""
    refused(ctx, told, "login", status=STRANGER, clause=clause)


def unknown(ctx: Context, told: Told, *, clause: str = "") -> None:
    """There is no such thing, as far as the asker may know."""
    refused(ctx, told, status=UNKNOWN, clause=clause or "BX-S-10")


def figures(ctx: Context, owner: Owner, period: Period, branch: int | None = None) -> Any:
    """The dashboard of a period shows what the judge's book adds up to; the dashboard."""
    seen = owner.dashboard(period, branch)
    now, before = owner.book.figures(period, branch), owner.book.figures(period.before, branch)
    shown = seen["figures"]
    ctx.check(now, {name: shown["now"][name] for name in FIGURES}, "figures", clause="BX-G-3.1")
    ctx.check(before, {name: shown["before"][name] for name in FIGURES}, "figures before", clause="BX-G-3.2")
    profit = now["product_profit"] + now["surcharge"]
    ctx.check(profit, seen["profit"], "whole profit", clause="BX-G-3.1")
    for each in (now, before):
        each["profit"] = each["product_profit"] + each["surcharge"]
    for name in (*FIGURES, "profit"):
        percent = seen["percent"].get(name)
        right = fits_percent(percent, now[name], before[name])
        said = f"the change from {before[name]} to {now[name]} in percent"
        ctx.check_that(right, said, percent, f"percent of {name}", clause="BX-G-3.2")
    return seen
