"""Another owner's things, nobody at all, and requests that are none, at every address that the API has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice import Owner
from conformance.drivers.backoffice_pos import change
from conformance.drivers.portal_client import Told
from conformance.suites.uz.backoffice.steps import CONTROL, KIND, LANGUAGES, REFUSED, STRANGER, UNKNOWN, WRONG

REQ: Final = ("BX-DATA-01",)
METHODS: Final = ("get", "post", "put", "patch", "delete")
TRACES: Final = (b"Traceback", b"sqlalchemy", b'File "', b'.py"', b"psycopg", b"sqlite3")
GOOD: Final[dict[tuple[str, str], Any]] = {
    ("POST", "/api/branches/{id}/links"): {"code": "x"},
    ("PATCH", "/api/branches/{id}"): {"name": "O'g'irlangan"},
    ("PUT", "/api/branches/{id}/merchants/multicard"): {
        "store": "test-x",
        "application": "test-x",
        "secret": "test-x",
    },
}
"""Bodies with which a stranger would do harm."""


def addresses(ctx: Context) -> Iterator[tuple[str, str, Any]]:
    """Method, path and operation of everything in the portal's document."""
    for path, operations in ctx.backoffice.anybody.get("/openapi.json")["paths"].items():
        for method, operation in operations.items():
            if method in METHODS:
                yield method.upper(), path, operation


def _quiet(ctx: Context, told: Told) -> None:
    """A refusal says nothing of the inside, and something to people in three languages."""
    inside = [trace.decode() for trace in TRACES if trace in told.content]
    ctx.check([], inside, f"traces of the inside in {told.request}", clause="BX-S-9")
    ctx.check_that(told.status < 500, "no error of the server", told.status, f"status of {told.request}")
    if told.status >= 400:
        text = told.error.get("text")
        spoken = [name for name in LANGUAGES if isinstance(text, dict) and text.get(name)]
        ctx.check(list(LANGUAGES), spoken, f"languages of {told.request}", clause="BX-S-9")
        ctx.check_that(bool(told.rule), "a rule", told.content, f"rule of {told.request}", clause="BX-S-9")


def _busy(ctx: Context) -> tuple[Owner, dict[str, int]]:
    """The owner with one of everything, and the numbers of it."""
    owner = ctx.backoffice.owner
    owner.pos.stock_up()
    sold = owner.pos.sell(1)
    owner.pos.tell(("payment", "1", owner.pos.payment(sold)))
    account = {"store": "test-s", "application": "test-a", "secret": "test-k"}
    owner.put(f"/branches/{owner.branch}/merchants/multicard", account)
    (link,) = owner.get(f"/branches/{owner.branch}")["links"]
    numbers = {
        "orders": owner.get("/orders")[0]["id"],
        "transactions": owner.get("/transactions")["rows"][0]["id"],
        "branches": owner.branch,
        "invoices": owner.choose()["id"],
        "link": link["id"],
    }
    return owner, numbers


def _all_he_has(owner: Owner, numbers: dict[str, int]) -> list[Any]:
    """Everything that the owner can read, without what a clock moves."""
    paths = ("/branches", "/orders", "/products", "/staff", "/transactions", "/subscription", "/me")
    found = [owner.get(path) for path in paths]
    found.append(owner.get(f"/branches/{owner.branch}/merchants"))
    found.append(owner.get(f"/invoices/{numbers['invoices']}"))
    return found


@case(
    "uz.backoffice.stranger.every-address",
    target=KIND,
    clauses=["BX-S-10"],
    requirements=REQ,
    needs=CONTROL,
    description="Another owner asks every address that takes a number for the numbers of the first.",
    expectation="404 each time, as for what there is not, and everything of the first reads as before.",
)
def every_address(ctx: Context) -> None:
    """Walked as the portal's own document lists them."""
    owner, numbers = _busy(ctx)
    before = _all_he_has(owner, numbers)
    walked = 0
    for method, path, _ in addresses(ctx):
        if "{id}" not in path:
            continue
        kind = path.split("/")[2]
        filled = path.replace("{id}", str(numbers.get(kind, owner.branch)))
        filled = filled.replace("{link}", str(numbers["link"])).removeprefix("/api")
        told = ctx.backoffice.other.send(method, filled, GOOD.get((method, path)))
        ctx.check(UNKNOWN, told.status, f"status of {method} {path}")
        _quiet(ctx, told)
        walked += 1
    ctx.check_that(walked >= 9, "nine addresses or more", walked, "addresses that take a number")
    ctx.check(before, _all_he_has(owner, numbers), "all that the first owner has")


@family(
    "uz.backoffice.stranger.list.{key}",
    rows={
        "orders": "/orders",
        "products": "/products",
        "staff": "/staff",
        "transactions": "/transactions",
        "dashboard": "/dashboard",
    },
    target=KIND,
    clauses=["BX-S-10", "BX-G-12"],
    requirements=[*REQ, "BX-NAV-01"],
    needs=CONTROL,
    description="Another owner reads a list, also for the first one's branch ({key}).",
    expectation="Nothing of the first is in his; for the branch it is 404.",
)
def lists(ctx: Context, path: str) -> None:
    """The filter takes only one's own branches."""
    owner, _ = _busy(ctx)
    other = ctx.backoffice.other
    told = other.get(path)
    if path == "/dashboard":
        ctx.check(0, told["figures"]["now"]["revenue"], "revenue of the other owner")
        ctx.check(0, told["figures"]["unacknowledged"], "receipts of the other owner")
    else:
        rows = told if isinstance(told, list) else told["rows"]
        ctx.check([], rows, "rows of the other owner")
    refused = other.send("GET", path, query={"branch": owner.branch})
    ctx.check(UNKNOWN, refused.status, "status for the first owner's branch")


@case(
    "uz.backoffice.stranger.goes-on-behind",
    target=KIND,
    clauses=["BX-S-10", "BX-S-8"],
    requirements=REQ,
    needs=CONTROL,
    description="Another owner reads on behind a row of the first.",
    expectation="404: there is no such row.",
)
def behind(ctx: Context) -> None:
    """Nothing tells how many rows there are."""
    _, numbers = _busy(ctx)
    for path, kind in (("/orders", "orders"), ("/transactions", "transactions")):
        told = ctx.backoffice.other.send("GET", path, query={"before": numbers[kind]})
        ctx.check(UNKNOWN, told.status, f"status of {path}")


@case(
    "uz.backoffice.stranger.other-branch-of-a-link",
    target=KIND,
    clauses=["BX-S-10", "BX-G-8.3"],
    requirements=[*REQ, "BX-BRN-02"],
    needs=CONTROL,
    description="Another owner cuts the first one's link by the address of his own branch.",
    expectation="404, and the point of sale reports on.",
)
def other_branch(ctx: Context) -> None:
    """Both numbers have to be his."""
    owner, numbers = _busy(ctx)
    other = ctx.backoffice.other
    told = other.send("DELETE", f"/branches/{other.branch}/links/{numbers['link']}")
    ctx.check(UNKNOWN, told.status, "HTTP status")
    owner.pos.sync([]).demand()


@case(
    "uz.backoffice.nobody.every-address",
    target=KIND,
    clauses=["BX-S-10", "BX-S-9"],
    requirements=[*REQ, "BX-LOG-01"],
    description="Somebody without a session asks every address that wants one.",
    expectation="401 each time with words for people; a body that is wrong tells no more.",
)
def nobody(ctx: Context) -> None:
    """Walked as the portal's own document lists them."""
    walked = 0
    for method, path, operation in addresses(ctx):
        if not operation.get("security"):
            continue
        filled = path.replace("{id}", "1").replace("{link}", "1").removeprefix("/api")
        body = _least(ctx, operation)
        told = ctx.backoffice.anybody.send(method, filled, body)
        ctx.check(STRANGER, told.status, f"status of {method} {path}")
        _quiet(ctx, told)
        walked += 1
    ctx.check_that(walked >= 20, "twenty addresses or more", walked, "addresses that want a session")


def _least(ctx: Context, operation: Any) -> Any:
    """A body that fits its schema, as far as it has to."""
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return None
    (media,) = content.values()
    schemas = ctx.backoffice.anybody.get("/openapi.json")["components"]["schemas"]
    return _example(media["schema"], schemas)


def _example(schema: Any, schemas: Any) -> Any:
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", ())
            return {name: _example(schema["properties"][name], schemas) for name in wanted}
        case "string":
            known = {r"^[0-9]{4}$": "4242", r"^(0[1-9]|1[0-2])/[0-9]{2}$": "12/29"}
            return known.get(schema.get("pattern", ""), "x" * max(1, schema.get("minLength", 1)))
        case "integer":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
        case "array":
            return []
    return None


BODIES: Final = {
    "empty": b"",
    "array": b"[]",
    "null": b"null",
    "number": b"5",
    "half": b'{"phone": "x',
    "not-utf8": b'{"phone": "\xff"}',
    "not-a-number": b'{"phone": NaN}',
    "deep": b"[" * 5000 + b"]" * 5000,
    "nul": b'{"phone": "a\\u0000b", "password": "x", "code": "\\u0000"}',
    "lone-surrogate": b'{"phone": "\\ud800", "password": "\\udfff"}',
}


@family(
    "uz.backoffice.request.body.{key}",
    rows=BODIES,
    target=KIND,
    clauses=["BX-S-9"],
    requirements=["BX-LOG-01"],
    description="Login, registration, offer and POS login come with a body that cannot be read ({key}).",
    expectation="A refusal in JSON with words for people, never an error of the server.",
)
def body(ctx: Context, content: bytes) -> None:
    """Also what a browser would never send."""
    for path in ("/sessions", "/enrolments", "/sync/offers", "/sync/logins"):
        told = ctx.backoffice.anybody.send("POST", path, content=content)
        ctx.check_in((400, REFUSED, WRONG), told.status, f"status of {path}")
        _quiet(ctx, told)


@case(
    "uz.backoffice.request.every-address",
    target=KIND,
    clauses=["BX-S-9"],
    requirements=REQ,
    needs=CONTROL,
    description="An owner sends to every address that takes a body one that is no object.",
    expectation="A refusal that names what is wrong, never an error of the server.",
)
def every_body(ctx: Context) -> None:
    """Walked as the portal's own document lists them."""
    owner = ctx.backoffice.owner
    for method, path, operation in addresses(ctx):
        if "requestBody" not in operation:
            continue
        filled = path.replace("{id}", str(owner.branch)).replace("{key}", "x").removeprefix("/api")
        asker = owner.pos if filled == "/sync/changes" else owner
        for content in (b"[]", b'{"there is": "no such field"}'):
            told = asker.send(method, filled, content=content)
            ctx.check(WRONG, told.status, f"status of {method} {path}")
            ctx.check_that(bool(told.fields), "a field", told.content, f"findings of {method} {path}")
            _quiet(ctx, told)


NUMBERS: Final = ("0", "-1", "x", "1.5", "²", "9" * 30, "%00", "1%20", "1;2")


@case(
    "uz.backoffice.request.numbers",
    target=KIND,
    clauses=["BX-S-10", "BX-S-9"],
    requirements=REQ,
    needs=CONTROL,
    description="Every address that takes a number is read with what is no number of anything.",
    expectation="404 each time.",
)
def numbers_wrong(ctx: Context) -> None:
    """An address is not a place to try things out."""
    for method, path, _ in addresses(ctx):
        if method == "GET" and "{id}" in path:
            for number in NUMBERS:
                told = ctx.backoffice.owner.send("GET", path.replace("{id}", number).removeprefix("/api"))
                ctx.check(UNKNOWN, told.status, f"status of {told.request}")
                _quiet(ctx, told)


@case(
    "uz.backoffice.request.methods",
    target=KIND,
    clauses=["BX-S-9"],
    requirements=REQ,
    description="Addresses are asked with methods that they do not have, and addresses that are none.",
    expectation="405 with the methods that there are, and 404, both in JSON.",
)
def methods(ctx: Context) -> None:
    """A program learns what it did wrong."""
    told = ctx.backoffice.anybody.send("PUT", "/sessions", {})
    ctx.check(405, told.status, "HTTP status")
    ctx.check_that("POST" in told.headers.get("allow", ""), "POST", told.headers, "header Allow")
    _quiet(ctx, told)
    told = ctx.backoffice.anybody.send("GET", "/no/such/address")
    ctx.check(UNKNOWN, told.status, "HTTP status")
    _quiet(ctx, told)


@case(
    "uz.backoffice.request.too-large",
    target=KIND,
    clauses=["BX-S-9"],
    requirements=REQ,
    description="A body of five mebibytes comes.",
    expectation="413, and the portal serves the next request.",
)
def too_large(ctx: Context) -> None:
    """Nobody fills the memory of the portal."""
    told = ctx.backoffice.anybody.send("POST", "/sessions", content=b'"' + b"x" * (5 << 20) + b'"')
    ctx.check(413, told.status, "HTTP status")
    ctx.backoffice.anybody.get("/openapi.json")


@case(
    "uz.backoffice.request.sums-of-others",
    target=KIND,
    clauses=["BX-S-10"],
    requirements=[*REQ, "BX-DSH-01"],
    needs=CONTROL,
    description="Two owners' points of sale tell orders of the same keys, products and employees.",
    expectation="Each owner sees his own figures and rows alone.",
)
def sums_apart(ctx: Context) -> None:
    """A key is unique at its point of sale alone."""
    for number, owner in enumerate((ctx.backoffice.owner, ctx.backoffice.other), 1):
        owner.pos.stock_up()
        owner.pos.sell(1, total=1_000_00 * number)
        owner.pos.sync([change(1, "product", "1", {})]).demand()
    for number, owner in enumerate((ctx.backoffice.owner, ctx.backoffice.other), 1):
        ctx.check(1_000_00 * number, owner.dashboard()["figures"]["now"]["revenue"], "revenue")
        ctx.check([1_000_00 * number], [each["total"] for each in owner.get("/orders")], "orders")
        ctx.check([1], [each["orders"] for each in owner.get("/staff")], "orders of the employees")
