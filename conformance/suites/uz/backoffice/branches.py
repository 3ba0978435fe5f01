"""Branches within the plan's limit, and points of sale that are linked and cut (BX-BRN)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice_pos import PRODUCT, Identity, Pos
from conformance.drivers.portal_client import Caller
from conformance.suites.uz.backoffice.steps import CLOCK, CONTROL, KIND, refused, stranger, unknown, wrong

BRN1, BRN2 = ("BX-BRN-01",), ("BX-BRN-02",)
OFFER_SECONDS, LIVE_SECONDS = 600, 120


@case(
    "uz.backoffice.branch.add",
    target=KIND,
    clauses=["BX-G-8.1"],
    requirements=BRN1,
    needs=CONTROL,
    description="A branch is made with a name alone, another with address and phone; one is changed.",
    expectation="Both stand in the list with their fields and a POS login each; «3/5 filial».",
)
def add(ctx: Context) -> None:
    """A change names only what changes."""
    owner = ctx.backoffice.owner
    full = {"name": "Chilonzor", "address": "Toshkent sh., Chilonzor t.", "phone": "+998712345678"}
    plain = owner.post("/branches", {"name": "Ab"})["branch"]
    made = owner.post("/branches", full)["branch"]
    ctx.check(full | {"active": True}, {name: made[name] for name in (*full, "active")}, "branch")
    changed = owner.patch(f"/branches/{plain['id']}", {"name": "Yunusobod"})
    ctx.check(("Yunusobod", "", True), (changed["name"], changed["address"], changed["active"]), "change")
    seen = owner.get("/branches")
    ctx.check((3, 5), (seen["used"], seen["most"]), "used and most")
    ctx.check(["Markaziy", "Yunusobod", "Chilonzor"], [each["name"] for each in seen["branches"]], "names")
    ctx.check(3, len({each["login"] for each in seen["branches"]}), "different logins")
    ctx.check(made, owner.get(f"/branches/{made['id']}"), "the branch alone")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "name-missing": ({"name": ""}, "name"),
    "name-of-one": ({"name": "A"}, "name"),
    "name-blank": ({"name": "  "}, "name"),
    "name-of-one-and-blanks": ({"name": " A "}, "name"),
    "name-long": ({"name": "x" * 101}, "name"),
    "name-number": ({"name": 12}, "name"),
    "address-long": ({"address": "x" * 201}, "address"),
    "phone-short": ({"phone": "+99890123456"}, "phone"),
    "phone-word": ({"phone": "qo'ng'iroq"}, "phone"),
    "active-text": ({"active": "yes"}, "active"),
    "misspelt": ({"adress": "x"}, "adress"),
}


@family(
    "uz.backoffice.branch.wrong.{key}",
    rows=WRONG,
    target=KIND,
    clauses=["BX-G-8.1", "BX-S-9"],
    requirements=BRN1,
    needs=CONTROL,
    description="A branch is made and another changed with one wrong field ({key}).",
    expectation="The field is named both times, and the list reads as before.",
)
def wrong_field(ctx: Context, row: tuple[dict[str, Any], str]) -> None:
    """The rules of the form."""
    owner = ctx.backoffice.owner
    before = owner.get("/branches")
    wrong(ctx, owner.send("POST", "/branches", {"name": "Yangi"} | row[0]), row[1])
    wrong(ctx, owner.send("PATCH", f"/branches/{owner.branch}", row[0]), row[1])
    ctx.check(before, owner.get("/branches"), "branches")


@family(
    "uz.backoffice.branch.limit.{key}",
    rows={"trial": ("", 1), "start": ("start", 1), "professional": ("professional", 5)},
    target=KIND,
    clauses=["BX-G-8.1"],
    requirements=[*BRN1, "BX-SUB-01"],
    needs=CONTROL,
    description="Branches are made up to the limit of the plan, and one more ({key}).",
    expectation="As many as the plan holds, then a refusal; the list says so.",
)
def limit(ctx: Context, row: tuple[str, int]) -> None:
    """«Yangi filial» only while the limit is not reached."""
    plan, most = row
    owner = ctx.backoffice.enrol()
    if plan:
        owner.subscribe(plan)
    for number in range(1, most + 1):
        seen = owner.get("/branches")
        ctx.check((number - 1, most), (seen["used"], seen["most"]), "used and most")
        owner.add_branch(name=f"Filial {number}")
    refused(ctx, owner.send("POST", "/branches", {"name": "Ortiqcha"}), "branches")
    ctx.check(most, owner.get("/branches")["used"], "branches that are used")


@case(
    "uz.backoffice.branch.limit-at-once",
    target=KIND,
    clauses=["BX-G-8.1"],
    requirements=BRN1,
    needs=CONTROL,
    description="Two tabs make the last branch of the plan at the same moment.",
    expectation="One of them is refused.",
)
def limit_at_once(ctx: Context) -> None:
    """A double click buys nothing."""
    owner = ctx.backoffice.enrol()
    body = {"name": "Yagona"}
    told = ctx.backoffice.at_once(*[lambda: owner.send("POST", "/branches", body)] * 2)
    ctx.check([201, 409], sorted(each.status for each in told), "HTTP statuses")
    ctx.check(1, owner.get("/branches")["used"], "branches that are used")


# --- links -------------------------------------------------------------------------------------------------


@case(
    "uz.backoffice.link.by-code",
    target=KIND,
    clauses=["BX-G-8.2"],
    requirements=BRN2,
    needs=CONTROL,
    description="A point of sale shows its QR code, reports too early, is linked and reports.",
    expectation="Refused before, taken after; the branch shows the device, live, with its newest change.",
)
def by_code(ctx: Context) -> None:
    """Ulanmagan becomes Faol."""
    owner = ctx.backoffice.owner
    branch = owner.add_branch()
    ctx.check([], owner.get(f"/branches/{branch}")["links"], "links of a new branch")
    offer = ctx.backoffice.offer()
    pos = Pos(ctx.backoffice, Identity(offer.identity, offer.key), branch, owner.book)
    stranger(ctx, pos.send_rows([("product", "1", PRODUCT)]))
    linked = owner.post(f"/branches/{branch}/links", {"code": offer.code})
    ctx.check("TEST kassa", linked["device"], "device")
    pos.tell(("product", "1", PRODUCT))
    (link,) = owner.get(f"/branches/{branch}")["links"]
    ctx.check((linked["id"], True, 1), (link["id"], link["live"], link["last"]), "id, live, newest change")


@case(
    "uz.backoffice.link.code-once",
    target=KIND,
    clauses=["BX-S-11", "BX-G-8.2"],
    requirements=BRN2,
    needs=CONTROL,
    description="A QR code that was used is given again, by the same owner and by another.",
    expectation="It is refused; one point of sale is linked, to the first.",
)
def code_once(ctx: Context) -> None:
    """Whoever photographed it gets nothing."""
    owner, other = ctx.backoffice.owner, ctx.backoffice.other
    branch = owner.add_branch()
    offer = ctx.backoffice.offer()
    owner.post(f"/branches/{branch}/links", {"code": offer.code})
    refused(ctx, owner.send("POST", f"/branches/{branch}/links", {"code": offer.code}), "offer")
    told = other.send("POST", f"/branches/{other.branch}/links", {"code": offer.code})
    refused(ctx, told, "offer")
    ctx.check(1, len(owner.get(f"/branches/{branch}")["links"]), "links")
    ctx.check(1, len(other.get(f"/branches/{other.branch}")["links"]), "links of the other owner")


@case(
    "uz.backoffice.link.code-ten-minutes",
    target=KIND,
    clauses=["BX-S-11"],
    requirements=BRN2,
    needs=CLOCK,
    description="One QR code is given a second before ten minutes are over, another a second after.",
    expectation="The first links, the second is refused.",
)
def ten_minutes(ctx: Context) -> None:
    """By lab time."""
    ctx.clock.stand()
    owner = ctx.backoffice.owner
    first, second = ctx.backoffice.offer(), ctx.backoffice.offer()
    ctx.backoffice.pass_time(seconds=OFFER_SECONDS - 1)
    owner.post(f"/branches/{owner.branch}/links", {"code": first.code})
    ctx.backoffice.pass_time(seconds=2)
    refused(ctx, owner.send("POST", f"/branches/{owner.branch}/links", {"code": second.code}), "offer")


@family(
    "uz.backoffice.link.code-wrong.{key}",
    rows={"empty": "", "short": "x", "unknown": "x" * 43, "nul": "a\x00b"},
    target=KIND,
    clauses=["BX-S-11", "BX-S-9"],
    requirements=BRN2,
    needs=CONTROL,
    description="A QR code that no point of sale shows is given ({key}).",
    expectation="It is refused, and no link is made.",
)
def code_wrong(ctx: Context, code: str) -> None:
    """A code is nothing one could guess."""
    owner = ctx.backoffice.owner
    told = owner.send("POST", f"/branches/{owner.branch}/links", {"code": code})
    ctx.check_in((409, 422), told.status, "HTTP status")
    ctx.check(1, len(owner.get(f"/branches/{owner.branch}")["links"]), "links")


@case(
    "uz.backoffice.link.by-login",
    target=KIND,
    clauses=["BX-G-8.2"],
    requirements=BRN2,
    needs=CONTROL,
    description="A point of sale is linked with login and password of a branch; another password is made.",
    expectation="It reports at once; afterwards only the new password links, and the link of before stays.",
)
def by_login(ctx: Context) -> None:
    """The password is told once."""
    owner = ctx.backoffice.owner
    told = owner.post("/branches", {"name": "Ikkinchi"})
    branch, old = told["branch"], str(told["password"])
    key = str(ctx.backoffice.pos_login(branch["login"], old).demand()["key"])
    pos = Pos(ctx.backoffice, Identity("", key), branch["id"], owner.book)
    pos.tell(("product", "1", PRODUCT))
    new = str(owner.post(f"/branches/{branch['id']}/password")["password"])
    ctx.check_that(new != old, "another password", new, "password")
    refused(ctx, ctx.backoffice.pos_login(branch["login"], old), "credentials")
    ctx.backoffice.pos_login(branch["login"], new).demand()
    pos.tell(("product", "2", PRODUCT))
    ctx.check(2, len(owner.get(f"/branches/{branch['id']}")["links"]), "links")


@case(
    "uz.backoffice.link.login-wrong",
    target=KIND,
    clauses=["BX-G-8.2"],
    requirements=BRN2,
    needs=CONTROL,
    description="POS login with a wrong password, another branch's password, and a login that there is not.",
    expectation="The same refusal each time, and no link.",
)
def login_wrong(ctx: Context) -> None:
    """Nothing tells which logins there are."""
    owner = ctx.backoffice.owner
    first, second = owner.post("/branches", {"name": "Bir"}), owner.post("/branches", {"name": "Ikki"})
    login = str(first["branch"]["login"])
    tries = ((login, "x"), (login, ""), (login, str(second["password"])), ("pos-00000000", "x"))
    told = [ctx.backoffice.pos_login(*each) for each in tries]
    for each in told:
        refused(ctx, each, "credentials")
        ctx.check(told[0].json, each.json, "refusal")
    ctx.check([], owner.get(f"/branches/{first['branch']['id']}")["links"], "links")


@case(
    "uz.backoffice.link.cut",
    target=KIND,
    clauses=["BX-G-8.3"],
    requirements=BRN2,
    needs=CONTROL,
    description="«Ulanishni o'chirish», twice.",
    expectation="The next report is 401 with words about it and nothing of it is taken; the link is gone.",
)
def cut(ctx: Context) -> None:
    """The point of sale notices, and says so to the cashier."""
    owner = ctx.backoffice.owner
    owner.pos.stock_up()
    (link,) = owner.get(f"/branches/{owner.branch}")["links"]
    way = f"/branches/{owner.branch}/links/{link['id']}"
    owner.delete(way)
    told = owner.pos.send_rows([("product", "9", PRODUCT)])
    stranger(ctx, told, clause="BX-G-8.3")
    nobody = Caller(ctx.backoffice.client, "x").send("POST", "/sync/changes", {"changes": []})
    ctx.check_that(told.text != nobody.text, "words about the cut", told.text, "text of the refusal")
    ctx.check([], owner.get(f"/branches/{owner.branch}")["links"], "links")
    unknown(ctx, owner.send("DELETE", way))
    ctx.check(1, len(owner.get("/products")), "products that were told before")


@case(
    "uz.backoffice.link.again",
    target=KIND,
    clauses=["BX-S-12"],
    requirements=[*BRN2, "BX-DATA-01"],
    needs=CONTROL,
    description="A point of sale that was cut is linked to the same branch again and tells on.",
    expectation="It goes on behind its last change, and nothing counts twice.",
)
def again(ctx: Context) -> None:
    """Its identity is the same, its secret another."""
    owner = ctx.backoffice.owner
    owner.pos.stock_up()
    owner.pos.sell(1)
    (link,) = owner.get(f"/branches/{owner.branch}")["links"]
    owner.delete(f"/branches/{owner.branch}/links/{link['id']}")
    pos = owner.link(owner.branch, owner.pos.identity)
    refused(ctx, pos.send_rows([("product", "9", PRODUCT)], 9), "gap")
    pos.next = owner.pos.next
    ctx.check(3, pos.sync([]).demand()["acknowledged"], "acknowledged")
    pos.sell(2)
    ctx.check(2, owner.dashboard()["figures"]["now"]["orders"], "orders")
    ctx.check(1, len(owner.get("/products")), "products")
    stranger(ctx, owner.pos.sync([]))


@case(
    "uz.backoffice.link.elsewhere",
    target=KIND,
    clauses=["BX-S-12"],
    requirements=BRN2,
    needs=CONTROL,
    description="A point of sale of one owner is linked by another.",
    expectation="Its old secret opens nothing, what it told stays with the first, the new one sees only what "
    "comes from then on.",
)
def elsewhere(ctx: Context) -> None:
    """A till that was sold second-hand."""
    owner, other = ctx.backoffice.owner, ctx.backoffice.other
    owner.pos.stock_up()
    owner.pos.sell(1)
    offer = ctx.backoffice.offer(owner.pos.identity, newest=3)
    other.post(f"/branches/{other.branch}/links", {"code": offer.code})
    stranger(ctx, owner.pos.sync([]))
    ctx.check([], owner.get(f"/branches/{owner.branch}")["links"], "links of the first owner")
    ctx.check(1, len(owner.get("/orders")), "orders of the first owner")
    moved = Pos(ctx.backoffice, Identity(offer.identity, offer.key), other.branch, other.book)
    moved.next = 4
    moved.sell(2)
    ctx.check(["#002"], [each["number"] for each in other.get("/orders")], "orders of the new owner")
    ctx.check([], other.get("/products"), "products of the new owner")


@case(
    "uz.backoffice.link.terminals",
    target=KIND,
    clauses=["BX-S-11"],
    requirements=[*BRN2, "BX-SUB-01"],
    needs=CONTROL,
    description="Five points of sale are linked under a plan for five, a sixth is tried; one is cut.",
    expectation="The sixth is refused by code and by login, and fits when one is gone.",
)
def terminals(ctx: Context) -> None:
    """A plan holds only so many."""
    owner = ctx.backoffice.owner
    branch = owner.post("/branches", {"name": "Ikkinchi"})
    number, login = branch["branch"]["id"], str(branch["branch"]["login"])
    for _ in range(4):
        owner.link(number)
    offer = ctx.backoffice.offer()
    refused(ctx, owner.send("POST", f"/branches/{number}/links", {"code": offer.code}), "terminals")
    refused(ctx, ctx.backoffice.pos_login(login, str(branch["password"])), "terminals")
    (first,) = owner.get(f"/branches/{owner.branch}")["links"]
    owner.delete(f"/branches/{owner.branch}/links/{first['id']}")
    owner.post(f"/branches/{number}/links", {"code": offer.code})
    ctx.check(5, len(owner.get(f"/branches/{number}")["links"]), "links")


@case(
    "uz.backoffice.link.inactive-branch",
    target=KIND,
    clauses=["BX-G-8.2"],
    requirements=[*BRN1, *BRN2],
    needs=CONTROL,
    description="A branch is switched off; a point of sale is linked to it by code and by login.",
    expectation="Both are refused; switched on again it works.",
)
def inactive(ctx: Context) -> None:
    """Nofaol."""
    owner = ctx.backoffice.owner
    told = owner.post("/branches", {"name": "Ikkinchi"})
    branch, typed = told["branch"], str(told["password"])
    way = f"/branches/{branch['id']}"
    owner.patch(way, {"active": False})
    offer = ctx.backoffice.offer()
    refused(ctx, owner.send("POST", f"{way}/links", {"code": offer.code}), "branch")
    refused(ctx, ctx.backoffice.pos_login(branch["login"], typed), "branch")
    owner.patch(way, {"active": True})
    owner.post(f"{way}/links", {"code": offer.code})


@case(
    "uz.backoffice.link.live",
    target=KIND,
    clauses=["BX-S-13"],
    requirements=BRN2,
    needs=CLOCK,
    description="A point of sale reports and is silent for two minutes; then it reports again.",
    expectation="It is live, not live, and live again.",
)
def live(ctx: Context) -> None:
    """A report without changes is a sign of life."""
    ctx.clock.stand()
    owner = ctx.backoffice.owner

    def shown() -> bool:
        (link,) = owner.get(f"/branches/{owner.branch}")["links"]
        return bool(link["live"])

    ctx.check(False, shown(), "whether it is live before it was heard of")
    owner.pos.sync([]).demand()
    ctx.check(True, shown(), "whether it is live")
    ctx.backoffice.pass_time(seconds=LIVE_SECONDS - 1)
    ctx.check(True, shown(), "whether it is live after 119 seconds")
    ctx.backoffice.pass_time(seconds=2)
    ctx.check(False, shown(), "whether it is live after 121 seconds")
    owner.pos.sync([]).demand()
    ctx.check(True, shown(), "whether it is live again")
