"""Users, groups, rights; one organisation never sees another's data (§15.11)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.portal import OTHER, OWN, STRONG
from conformance.drivers.portal_owner import Owner
from conformance.suites.kz.portal.steps import (
    CONTROL,
    DENIED,
    KIND,
    STRANGER,
    UNKNOWN,
    refused,
    unknown,
    wrong,
)

REQ = ("KZ-USR-01",)
CASHIER: dict[str, Any] = {"login": "kassir-1", "name": "TEST Кассир", "role": 1}
WRONG_FIELDS = 422
BOTH = {"password": STRONG, "password_repeated": STRONG}


def cashier(ctx: Context, *outlets: int, role: int = 1) -> Owner:
    """A user of a role who sees these outlets, logged in."""
    owner = ctx.portal.owner
    user = owner.post("/users", CASHIER | BOTH | {"role": role})["id"]
    group = owner.post("/groups", {"name": "TEST смена"})["id"]
    owner.put(f"/groups/{group}", {"outlets": list(outlets), "users": [user]})
    return ctx.portal.visitor(ctx.portal.log_in(CASHIER["login"], STRONG))


@case(
    "kz.portal.users.sees-his-outlets",
    target=KIND,
    clauses=["S-15.11"],
    requirements=REQ,
    needs=CONTROL,
    description="A cashier's group has one of two outlets.",
    expectation="He sees that outlet and its register; the other is not there for him, 404 and not 403.",
)
def sees_his(ctx: Context) -> None:
    """A user sees only the outlets of his groups."""
    owner = ctx.portal.owner
    mine, not_mine = owner.outlet(name="Моя"), owner.outlet(name="Чужая")
    card, hidden = owner.draft(outlet=mine), owner.draft(outlet=not_mine)
    user = cashier(ctx, mine)
    groups = user.get("/cabinet")["outlets"]
    ctx.check([mine], [group["outlet"]["id"] for group in groups], "outlets")
    ctx.check([card], [each["id"] for group in groups for each in group["cards"]], "registers")
    unknown(ctx, user.send("GET", f"/outlets/{not_mine}"))
    unknown(ctx, user.send("GET", f"/cards/{hidden}"))
    ctx.check([], user.get("/cabinet", q="Чужая")["outlets"], "outlets found by name")


@family(
    "kz.portal.users.may-not.{key}",
    rows={"paymaster": 1, "chief-paymaster": 2},
    target=KIND,
    clauses=["S-15.11"],
    requirements=REQ,
    needs=CONTROL,
    description="A user who is no administrator ({key}) tries every act of an administrator.",
    expectation="Each is refused, and nothing has changed.",
)
def may_not(ctx: Context, role: int) -> None:
    """He may look."""
    owner = ctx.portal.owner
    place = owner.outlet()
    card = owner.ready(outlet=place)
    user = cashier(ctx, place, role=role)
    ctx.portal.keep_up()  # its first day is charged
    before = (owner.card(card), owner.get("/users"), owner.get("/groups"), owner.balance())
    acts: list[tuple[str, str, Any]] = [
        ("POST", "/outlets", {"name": "x", "settlement": 2, "street": "x", "house": "1"}),
        ("DELETE", f"/outlets/{place}", None),
        ("POST", "/cards", user.form(outlet=place)),
        ("POST", f"/cards/{card}/token", None),
        ("POST", f"/cards/{card}/application", {"act": "suspend"}),
        ("POST", f"/cards/{card}/sign", {"act": "suspend", "cms": "AAAA"}),
        ("POST", "/account/payments", {"amount": 1, "payment": "TEST-1"}),
        ("GET", "/papers", None),
        ("GET", "/notes", None),
        ("GET", "/users", None),
        ("POST", "/users", CASHIER | BOTH | {"login": "kassir-2"}),
        ("PATCH", "/users/1", {"role": 3}),
        ("GET", "/groups", None),
        ("POST", "/groups", {"name": "x"}),
    ]
    for method, path, body in acts:
        told = user.send(method, path, body)
        refused(ctx, told, "role", status=DENIED)
    ctx.check(place, user.get("/cabinet")["outlets"][0]["outlet"]["id"], "outlet that he may look at")
    after = (owner.card(card), owner.get("/users"), owner.get("/groups"), owner.balance())
    ctx.check(before, after, "register, users, groups, balance")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "login-missing": ({"login": ""}, "login"),
    "login-short": ({"login": "ab"}, "login"),
    "login-space": ({"login": "kas sir"}, "login"),
    "login-cyrillic": ({"login": "кассир"}, "login"),
    "name-missing": ({"name": ""}, "name"),
    "name-long": ({"name": "x" * 256}, "name"),
    "role-0": ({"role": 0}, "role"),
    "role-4": ({"role": 4}, "role"),
    "role-text": ({"role": "ADMINISTRATOR"}, "role"),
    "password-weak": ({"password": "abc", "password_repeated": "abc"}, "password"),
    "password-differs": ({"password_repeated": "Abcdef1?"}, "password_repeated"),
}


@family(
    "kz.portal.users.wrong.{key}",
    rows=WRONG,
    target=KIND,
    clauses=["S-15.11"],
    requirements=REQ,
    needs=CONTROL,
    description="A user is made with one wrong field ({key}).",
    expectation="The field is named, and there is no new user.",
)
def wrong_field(ctx: Context, row: tuple[dict[str, Any], str]) -> None:
    """Roles are 1, 2 and 3, as on the wire."""
    owner = ctx.portal.owner
    wrong(ctx, owner.send("POST", "/users", CASHIER | BOTH | row[0]), row[1])
    ctx.check(1, len(owner.get("/users")), "users")


@case(
    "kz.portal.users.login-once",
    target=KIND,
    clauses=["S-15.11"],
    requirements=REQ,
    needs=CONTROL,
    description="A login is taken twice, by two tabs at once, and by another organisation; also a BIN.",
    expectation="There is one user of each login at the whole portal.",
)
def login_once(ctx: Context) -> None:
    """Whoever logs in gives nothing but a login."""
    owner, other = ctx.portal.owner, ctx.portal.other
    told = ctx.portal.at_once(*[lambda: owner.send("POST", "/users", CASHIER | BOTH)] * 2)
    ctx.check([201, 422], sorted(each.status for each in told), "statuses")
    wrong(ctx, other.send("POST", "/users", CASHIER | BOTH), "login", "free")
    wrong(ctx, owner.send("POST", "/users", CASHIER | BOTH | {"login": OTHER}), "login")


@case(
    "kz.portal.users.shut-out",
    target=KIND,
    clauses=["S-15.11"],
    requirements=REQ,
    needs=CONTROL,
    description="A cashier who is logged in is shut out by the administrator; then he is let in again.",
    expectation="His session is over at once, his password opens nothing until he is let in.",
)
def shut_out(ctx: Context) -> None:
    """Whoever was dismissed reads no figures any more."""
    owner = ctx.portal.owner
    user = cashier(ctx, owner.outlet())
    number = next(each["id"] for each in owner.get("/users") if each["login"] == CASHIER["login"])
    owner.patch(f"/users/{number}", {"active": False})
    ctx.check(STRANGER, user.send("GET", "/cabinet").status, "status of his session")
    refused(ctx, ctx.portal.log_in(CASHIER["login"], STRONG), "credentials")
    owner.patch(f"/users/{number}", {"active": True})
    ctx.portal.log_in(CASHIER["login"], STRONG).demand()


@case(
    "kz.portal.users.last-administrator",
    target=KIND,
    clauses=["S-15.11"],
    requirements=REQ,
    needs=CONTROL,
    description="The only administrator makes himself a cashier, and shuts himself out.",
    expectation="Both are refused; with a second administrator it can be done.",
)
def last_administrator(ctx: Context) -> None:
    """Somebody has to keep the key."""
    owner = ctx.portal.owner
    own = owner.get("/users")[0]["id"]
    for change in ({"role": 1}, {"active": False}):
        refused(ctx, owner.send("PATCH", f"/users/{own}", change), "administrator")
    owner.post("/users", CASHIER | BOTH | {"role": 3})
    owner.patch(f"/users/{own}", {"role": 1})


@case(
    "kz.portal.users.group",
    target=KIND,
    clauses=["S-15.11"],
    requirements=REQ,
    needs=CONTROL,
    description="A group gets outlets and users that are another organisation's or nobody's, and is removed.",
    expectation="Strangers are not found and change nothing; without the group its user sees nothing.",
)
def group(ctx: Context) -> None:
    """A group is filled as a whole or not at all."""
    owner, other = ctx.portal.owner, ctx.portal.other
    mine, theirs = owner.outlet(), other.outlet()
    stranger = other.get("/users")[0]["id"]
    user = cashier(ctx, mine)
    before = owner.get("/groups")
    number = before[0]["id"]
    for content in (
        {"outlets": [mine, theirs], "users": []},
        {"outlets": [mine], "users": [stranger]},
        {"outlets": [999_999_999], "users": []},
    ):
        unknown(ctx, owner.send("PUT", f"/groups/{number}", content))
        ctx.check(before, owner.get("/groups"), "groups")
    ctx.check(1, len(user.get("/cabinet")["outlets"]), "outlets of the user")
    owner.delete(f"/groups/{number}")
    ctx.check(0, len(user.get("/cabinet")["outlets"]), "outlets of the user without the group")


@case(
    "kz.portal.stranger.walk",
    target=KIND,
    clauses=["S-15.11"],
    requirements=REQ,
    needs=CONTROL,
    description="Another organisation's administrator walks through every address with the numbers of ours.",
    expectation="404 everywhere, no name or serial of ours in any answer, and nothing of ours has changed.",
)
def walk(ctx: Context) -> None:
    """The addresses are those of the portal's own OpenAPI document."""
    owner, other = ctx.portal.owner, ctx.portal.other
    place = owner.outlet(name="SECRET-OUTLET")
    card = owner.ready(outlet=place, name="SECRET-CARD", serial="SECRET-1")
    numbers = {
        "outlets": place,
        "cards": card,
        "papers": owner.papers()[0]["id"],
        "users": owner.get("/users")[0]["id"],
        "groups": owner.post("/groups", {"name": "SECRET-GROUP"})["id"],
    }
    bodies: dict[str, Any] = {
        "put /cards/{id}": owner.form(outlet=other.outlet()),
        "post /cards/{id}/application": {"act": "suspend"},
        "post /cards/{id}/sign": {"act": "suspend", "cms": "AAAA"},
        "patch /users/{id}": {"role": 1},
        "post /users/{id}/password": BOTH,
        "put /groups/{id}": {"outlets": [], "users": []},
        "patch /groups/{id}": {"name": "x"},
    }
    before = (owner.get("/cabinet"), owner.get("/users"), owner.get("/groups"), len(owner.papers()))
    walked = 0
    for path, methods in ctx.portal.anybody.get("/openapi.json")["paths"].items():
        way = path.removeprefix("/api")
        head = way.strip("/").split("/")[0]
        if head not in numbers or "{id}" not in way:
            continue
        for method, operation in methods.items():
            place_of = way.replace("{id}", str(numbers[head])).replace("{number}", "1")
            wants = operation.get("requestBody") is not None
            known = bodies.get(f"{method} {way}")
            told = other.send(method.upper(), place_of, (known or {}) if wants else None)
            # A body that this case does not know may be looked at before the number is.
            allowed = (UNKNOWN,) if known or not wants else (UNKNOWN, WRONG_FIELDS)
            ctx.check_in(allowed, told.status, f"status of {method.upper()} {way}")
            ctx.check_that(b"SECRET" not in told.content, "nothing of ours", told.content, "answer")
            walked += 1
    ctx.check_that(walked >= 14, "14 addresses or more", walked, "addresses with a number")
    for way in ("/cabinet", "/account/statement", "/papers", "/notes", "/users", "/groups", "/organisation"):
        told = other.send("GET", way)
        secrets = [word for word in ("SECRET", OWN) if word.encode() in told.content]
        ctx.check([], secrets, f"words of ours in GET {way}")
    after = (owner.get("/cabinet"), owner.get("/users"), owner.get("/groups"), len(owner.papers()))
    ctx.check(before, after, "registers, users, groups, papers")


@case(
    "kz.portal.stranger.search",
    target=KIND,
    clauses=["S-15.11"],
    requirements=REQ,
    needs=CONTROL,
    description="Another organisation looks for our register by name, id, serial and outlet.",
    expectation="Nothing is found.",
)
def search(ctx: Context) -> None:
    """Nor does it see how many there are."""
    owner, other = ctx.portal.owner, ctx.portal.other
    card = owner.draft(outlet=owner.outlet(name="SECRET-OUTLET"), name="SECRET-CARD", serial="SECRET-1")
    for typed in ("SECRET", "SECRET-1", str(card), "SECRET-OUTLET", ""):
        seen = other.get("/cabinet", q=typed)
        ctx.check((0, 0, []), (seen["total"], seen["active"], seen["outlets"]), f"what {typed!r} finds")
