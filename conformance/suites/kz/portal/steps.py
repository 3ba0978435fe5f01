"""What cases of a portal have in common: refusals, states, registers that work on the wire."""

from __future__ import annotations

from typing import Any, Final

from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.drivers.portal_client import Caller, Told
from conformance.drivers.portal_owner import Owner

KIND: Final = "portal"
KEYS: Final = ("test-certificates",)
CONTROL: Final = ("control", "test-certificates")
CLOCK: Final = ("control", "clock", "test-certificates")
WIRE: Final = ("control", "test-certificates", "wire")
ALL: Final = ("control", "clock", "test-certificates", "wire")
REFUSED, WRONG, UNKNOWN, STRANGER, DENIED, TRIES = 409, 422, 404, 401, 403, 429
"""HTTP statuses: a rule, fields, not yours, not logged in, your role, too often."""


def refused(
    ctx: Context, told: Told, rule: str = "", *, text: str = "", status: int = REFUSED, clause: str = ""
) -> None:
    """A refusal with its status, its word and what the person reads."""
    ctx.check(status, told.status, "HTTP status", clause=clause)
    if rule:
        ctx.check(rule, told.rule, "rule of the refusal", clause=clause)
    if text:
        ctx.check(text, told.text, "text of the refusal", clause=clause)
    ctx.check_that(bool(told.text), "a text for people", told.content, "text of the refusal", clause=clause)


def wrong(ctx: Context, told: Told, field: str, rule: str = "", *, clause: str = "") -> None:
    """A form is refused, and the field is named, with its rule if one is given."""
    ctx.check(WRONG, told.status, "HTTP status", clause=clause)
    rules = told.fields.get(field, [])
    expected = f"{field}: {rule or 'any rule'}"
    ctx.check_that(rule in rules if rule else bool(rules), expected, told.fields, "findings", clause=clause)


def unknown(ctx: Context, told: Told, *, clause: str = "") -> None:
    """There is no such thing, as far as the asker may know (kz-ofd §15.11)."""
    refused(ctx, told, "unknown", status=UNKNOWN, clause=clause or "KZ-S-15.11")


def stands(ctx: Context, owner: Owner, card: int, state: str, *, clause: str = "") -> Any:
    """A register is in a state; its card."""
    seen = owner.card(card)
    ctx.check(state, seen["state"], "state of the register", clause=clause)
    return seen


def untouched(ctx: Context, owner: Owner, card: int, before: Any, *, clause: str = "") -> None:
    """The card reads as it did."""
    ctx.check(before, owner.card(card), "card of the register", clause=clause or "KZ-S-15.6")


def working(ctx: Context, owner: Owner | None = None, **form: Any) -> tuple[int, Device]:
    """A register with tariff and token, and the judge's own device with its identity."""
    asker = owner or ctx.portal.owner
    with ctx.preparing("a register with tariff and token"):
        card = asker.ready(**form)
        device = ctx.portal.register(asker, card, asker.token(card))
    return card, device


def sold(ctx: Context, device: Device) -> None:
    """The wire takes a ticket of the register; then the portal looks at what the wire did."""
    device.sell()
    ctx.portal.keep_up()


def passer_by(ctx: Context) -> Caller:
    """Somebody who is not logged in."""
    return ctx.portal.anybody
