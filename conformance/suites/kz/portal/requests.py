"""Requests that are none: whatever comes in, the portal answers in its own words (HTTP side of §15)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.kz.portal.steps import CONTROL, KIND, UNKNOWN, refused

BODIES: dict[str, bytes] = {
    "empty": b"",
    "array": b"[]",
    "null": b"null",
    "half": b'{"login": "x',
    "not-utf8": b'{"login": "\xff", "password": "x"}',
    "not-a-number": b'{"login": NaN, "password": "x"}',
    "doubled-name": b'{"login": "x", "login": 5, "password": "x"}',
    "deep": b"[" * 5000 + b"]" * 5000,
    "nul": b'{"login": "a\\u0000b", "password": "x"}',
    "lone-surrogate": b'{"login": "\\ud800", "password": "x"}',
}
ANSWERS = (400, 409, 413, 415, 422)


@family(
    "kz.portal.request.body.{key}",
    rows=BODIES,
    target=KIND,
    clauses=["S-15.2"],
    requirements=["KZ-LOG-01"],
    description="A login comes with a body that cannot be read ({key}).",
    expectation="A refusal in JSON with a text for people, never an error of the server.",
)
def body(ctx: Context, content: bytes) -> None:
    """Also what a browser would never send."""
    told = ctx.portal.anybody.send("POST", "/login", content=content)
    ctx.check_in(ANSWERS, told.status, "HTTP status")
    ctx.check_that(bool(told.rule and told.text), "rule and text", told.content, "refusal")


NUMBERS = ("0", "-1", "x", "1.5", "²", "9" * 30, "%00", "1%20")


@case(
    "kz.portal.request.numbers",
    target=KIND,
    clauses=["S-15.11"],
    requirements=["KZ-USR-01"],
    needs=CONTROL,
    description="Registers, outlets and papers are asked for by what is no number of any.",
    expectation="404 each time.",
)
def numbers(ctx: Context) -> None:
    """An address is not a place to try things out."""
    for head in ("cards", "outlets", "papers"):
        for number in NUMBERS:
            told = ctx.portal.owner.send("GET", f"/{head}/{number}")
            ctx.check(UNKNOWN, told.status, f"status of /{head}/{number}")


@case(
    "kz.portal.request.methods",
    target=KIND,
    clauses=["S-15.2"],
    requirements=["KZ-LOG-01"],
    description="Addresses are asked with methods that they do not have, and addresses that are none.",
    expectation="405 with the methods that there are, 404, both in JSON.",
)
def methods(ctx: Context) -> None:
    """A program learns what it did wrong."""
    told = ctx.portal.anybody.send("DELETE", "/login")
    refused(ctx, told, status=405)
    ctx.check_that("POST" in told.headers.get("allow", ""), "POST", told.headers, "header Allow")
    refused(ctx, ctx.portal.anybody.send("GET", "/no/such/address"), status=404)


@case(
    "kz.portal.request.too-large",
    target=KIND,
    clauses=["S-15.2"],
    requirements=["KZ-LOG-01"],
    description="A body of three mebibytes comes.",
    expectation="413, and the portal serves the next request.",
)
def too_large(ctx: Context) -> None:
    """Nobody fills the memory of the portal."""
    told = ctx.portal.anybody.send("POST", "/login", content=b'"' + b"x" * (3 << 20) + b'"')
    ctx.check(413, told.status, "HTTP status")
    ctx.portal.anybody.get("/contract")
