"""What points of sale tell: in order, once, whole or not at all; wrong ones are named (BX-DATA-01)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice_pos import EMPLOYEE, MOST, PRODUCT, change
from conformance.drivers.portal_client import Caller
from conformance.suites.uz.backoffice.dashboard import days
from conformance.suites.uz.backoffice.steps import CONTROL, KIND, WRONG, figures, refused

REQ = ("BX-DATA-01",)


def _gap(ctx: Context, told: Any, wanted: int) -> None:
    """A gap is refused with the number that is wanted."""
    refused(ctx, told, "gap", clause="BX-S-5")
    ctx.check(wanted, told.error.get("wanted"), "number that is wanted", clause="BX-S-5")


@case(
    "uz.backoffice.sync.in-order",
    target=KIND,
    clauses=["BX-S-5"],
    requirements=REQ,
    needs=CONTROL,
    description="Changes are told in three portions, and none at all.",
    expectation="Each is acknowledged by the number of the newest; the branch shows it.",
)
def in_order(ctx: Context) -> None:
    """From 1, without a gap."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    for number in (1, 2, 3):
        acknowledged = pos.tell(("employee", str(number), EMPLOYEE), ("product", str(number), PRODUCT))
        ctx.check(2 * number, acknowledged, "acknowledged")
    ctx.check(6, pos.sync([]).demand()["acknowledged"], "acknowledged without changes")
    (link,) = owner.get(f"/branches/{owner.branch}")["links"]
    ctx.check(6, link["last"], "newest change of the link")


@case(
    "uz.backoffice.sync.repeated",
    target=KIND,
    clauses=["BX-S-5", "BX-S-4"],
    requirements=REQ,
    needs=CONTROL,
    description="A portion comes twice, then as a part of a longer one.",
    expectation="It is acknowledged each time and counts once.",
)
def repeated(ctx: Context) -> None:
    """The answer may have been lost."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    pos.stock_up()
    rows: list[Any] = []
    for number in (1, 2):
        body = pos.order(number)
        rows += [("order", body["id"], body), ("payment", str(number), pos.payment(body))]
    pos.tell(*rows)
    for _ in range(2):
        told = pos.send_rows(rows, pos.next - len(rows)).demand()
        ctx.check(pos.next - 1, told["acknowledged"], "acknowledged")
    third = pos.order(3)
    longer = [*rows, ("order", third["id"], third)]
    ctx.check(pos.next, pos.send_rows(longer, pos.next - 4).demand()["acknowledged"], "acknowledged")
    owner.book.take(owner.branch, "order", third["id"], third)
    figures(ctx, owner, days(ctx, 0))
    ctx.check(2, owner.get("/transactions")["count"], "payments")
    ctx.check(3, len(owner.get("/orders")), "orders")


@case(
    "uz.backoffice.sync.same-number-other-change",
    target=KIND,
    clauses=["BX-S-5"],
    requirements=REQ,
    needs=CONTROL,
    description="A number that was taken comes again with another change.",
    expectation="It is acknowledged and changes nothing.",
)
def other_change(ctx: Context) -> None:
    """What is taken is taken."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    pos.stock_up()
    before = owner.get("/products")
    told = pos.send_rows([("product", "1", PRODUCT | {"name": "Boshqa"})], 1).demand()
    ctx.check(2, told["acknowledged"], "acknowledged")
    ctx.check(before, owner.get("/products"), "products")


@family(
    "uz.backoffice.sync.gap.{key}",
    rows={"first": (2, 1), "after-two": (4, 3), "far": (2**53 - 1, 3)},
    target=KIND,
    clauses=["BX-S-5"],
    requirements=REQ,
    needs=CONTROL,
    description="A number is left out ({key}).",
    expectation="It is refused with the number that is wanted; from there it goes on.",
)
def gap(ctx: Context, row: tuple[int, int]) -> None:
    """Nothing may be lost on the way."""
    number, wanted = row
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    if wanted > 1:
        pos.stock_up()
    _gap(ctx, pos.send_rows([("product", "9", PRODUCT)], number), wanted)
    ctx.check(wanted // 2, len(owner.get("/products")), "products")
    pos.tell(("product", "9", PRODUCT))


@case(
    "uz.backoffice.sync.gap-inside",
    target=KIND,
    clauses=["BX-S-6", "BX-S-5"],
    requirements=REQ,
    needs=CONTROL,
    description="In the middle of a portion a number is left out.",
    expectation="Nothing of it is taken, and what is wanted is the first number that is missing then.",
)
def gap_inside(ctx: Context) -> None:
    """What is wanted must be what the portal does not have."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    rows = [change(n, "product", str(n), PRODUCT) for n in (1, 2, 4)]
    told = pos.sync(rows)
    ctx.check([], owner.get("/products"), "products")
    _gap(ctx, told, 1)
    pos.tell(*(("product", str(n), PRODUCT) for n in (1, 2, 3)))


@case(
    "uz.backoffice.sync.backwards",
    target=KIND,
    clauses=["BX-S-5", "BX-S-6"],
    requirements=REQ,
    needs=CONTROL,
    description="A portion has its numbers backwards.",
    expectation="It is refused as a gap, and nothing is taken.",
)
def backwards(ctx: Context) -> None:
    """Order is not sorted out here."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    _gap(ctx, pos.sync([change(n, "product", str(n), PRODUCT) for n in (3, 2, 1)]), 1)
    ctx.check([], owner.get("/products"), "products")


@case(
    "uz.backoffice.sync.five-hundred",
    target=KIND,
    clauses=["BX-S-5", "BX-S-9"],
    requirements=REQ,
    needs=CONTROL,
    description="500 changes come at once, then 501.",
    expectation="500 are taken; 501 are refused by name, and none of them is taken.",
)
def five_hundred(ctx: Context) -> None:
    """A point of sale that was away for a week."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    bodies = [pos.order(n, lines=[]) for n in range(1, MOST + 1)]
    ctx.check(MOST, pos.tell(*(("order", body["id"], body) for body in bodies)), "acknowledged")
    figures(ctx, owner, days(ctx, 0))
    told = pos.send_rows([("product", str(n), PRODUCT) for n in range(MOST + 1)])
    ctx.check(WRONG, told.status, "HTTP status")
    ctx.check_that("changes" in told.fields, "changes", told.fields, "findings")
    ctx.check([], owner.get("/products"), "products")


GOOD: dict[str, dict[str, Any]] = {
    "product": dict(PRODUCT),
    "employee": dict(EMPLOYEE),
    "payment": {
        "order": "o-1",
        "kind": "cash",
        "group": "cash",
        "amount": 1,
        "state": "confirmed",
        "made": "2026-11-01T05:00:00.000+00:00",
        "employee": 1,
    },
    "fiscal": {"order": "o-1", "state": "done", "acknowledged": False},
}
HUGE = 10**30
WRONG_BODIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "product-no-name": ("product", {"name": None}, "name"),
    "product-name-number": ("product", {"name": 5}, "name"),
    "product-name-object": ("product", {"name": {}}, "name"),
    "product-price-text": ("product", {"price": "5000"}, "price"),
    "product-price-huge": ("product", {"price": HUGE}, "price"),
    "product-price-broken": ("product", {"price": 0.5}, "price"),
    "product-active-text": ("product", {"active": "yes"}, "active"),
    "product-stock-array": ("product", {"stock": [1]}, "stock"),
    "employee-role": ("employee", {"role": "director"}, "role"),
    "employee-name-array": ("employee", {"first_name": []}, "first_name"),
    "order-total-missing": ("order", {"total": None}, "total"),
    "order-total-text": ("order", {"total": "many"}, "total"),
    "order-total-huge": ("order", {"total": HUGE}, "total"),
    "order-state": ("order", {"state": "paid"}, "state"),
    "order-closed-never": ("order", {"closed": None}, "closed"),
    "order-closed-naive": ("order", {"closed": "2026-11-01T05:00:00"}, "closed"),
    "order-closed-word": ("order", {"closed": "today"}, "closed"),
    "order-opened-word": ("order", {"opened": "today"}, "opened"),
    "order-lines-object": ("order", {"lines": {"a": 1}}, "lines"),
    "order-lines-texts": ("order", {"lines": ["osh"]}, "lines"),
    "order-line-sum-missing": ("order", {"lines": [{"product": 1, "amount": 1}]}, "lines"),
    "payment-amount-text": ("payment", {"amount": "1"}, "amount"),
    "payment-amount-huge": ("payment", {"amount": -HUGE}, "amount"),
    "payment-group": ("payment", {"group": "gold"}, "group"),
    "payment-state": ("payment", {"state": "stolen"}, "state"),
    "payment-made-word": ("payment", {"made": "now"}, "made"),
    "fiscal-state": ("fiscal", {"state": "lost"}, "state"),
    "fiscal-acknowledged-text": ("fiscal", {"acknowledged": "no"}, "acknowledged"),
}


@family(
    "uz.backoffice.sync.wrong.{key}",
    rows=WRONG_BODIES,
    target=KIND,
    clauses=["BX-S-6", "BX-S-9"],
    requirements=REQ,
    needs=CONTROL,
    description="The second of three changes has one wrong field ({key}); then it comes rightly.",
    expectation="The change and its field are named and nothing is taken; then all three are.",
)
def wrong_body(ctx: Context, row: tuple[str, dict[str, Any], str]) -> None:
    """Half a portion never."""
    kind, broken, field = row
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    pos.tell(("order", "o-1", pos.order(1)))
    good = pos.order(2) if kind == "order" else GOOD[kind]
    around = ("employee", "e-1", EMPLOYEE), ("product", "p-9", PRODUCT)
    told = pos.send_rows([around[0], (kind, "x-1", good | broken), around[1]])
    ctx.check(WRONG, told.status, "HTTP status")
    place = [name for name in told.fields if "body" in name and f"{pos.next + 1}" in name and field in name]
    expected = f"change {pos.next + 1} and its field {field}"
    ctx.check_that(bool(place), expected, told.fields, "findings")
    shown = (owner.get("/staff"), owner.get("/products"), len(owner.get("/orders")))
    ctx.check(([], [], 1), shown, "employees, products, orders")
    pos.tell(around[0], (kind, "x-1", good), around[1])


WRONG_CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "kind": ({"kind": "gold"}, "kind"),
    "kind-long": ({"kind": "x" * 40}, "kind"),
    "number-0": ({"n": 0}, "n"),
    "number-text": ({"n": "1"}, "n"),
    "number-huge": ({"n": 2**60}, "n"),
    "key-long": ({"key": "x" * 65}, "key"),
    "key-number": ({"key": 5}, "key"),
    "body-array": ({"body": []}, "body"),
    "body-text": ({"body": "x"}, "body"),
    "misspelt": ({"boddy": {}}, "boddy"),
}


@family(
    "uz.backoffice.sync.form.{key}",
    rows=WRONG_CHANGES,
    target=KIND,
    clauses=["BX-S-9", "BX-S-6"],
    requirements=REQ,
    needs=CONTROL,
    description="A change breaks the form ({key}).",
    expectation="The field is named, and nothing is taken.",
)
def wrong_form(ctx: Context, row: tuple[dict[str, Any], str]) -> None:
    """The document of the API says what a change is."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    told = pos.sync([change(1, "product", "1", PRODUCT) | row[0]])
    ctx.check(WRONG, told.status, "HTTP status")
    named = [name for name in told.fields if row[1] in name]
    ctx.check_that(bool(named), row[1], told.fields, "findings")
    ctx.check([], owner.get("/products"), "products")


@case(
    "uz.backoffice.sync.receipt-of-an-earlier-order",
    target=KIND,
    clauses=["BX-S-12", "BX-S-5"],
    requirements=[*REQ, "BX-BRN-02"],
    needs=CONTROL,
    description="A point of sale moves to another owner; then comes the receipt of an order of before.",
    expectation="It is taken and shows nothing: what comes behind it must not wait for ever.",
)
def earlier_order(ctx: Context) -> None:
    """A change that cannot be taken would stop all that follow."""
    owner, other = ctx.backoffice.owner, ctx.backoffice.other
    body = owner.pos.sell(1)
    offer = ctx.backoffice.offer(owner.pos.identity, newest=1)
    other.post(f"/branches/{other.branch}/links", {"code": offer.code})
    receipt = {"order": body["id"], "state": "done", "acknowledged": True, "sign": "1" * 12}
    rows = [change(2, "fiscal", body["id"], receipt), change(3, "product", "1", PRODUCT)]
    told = Caller(ctx.backoffice.client, offer.key).send("POST", "/sync/changes", {"changes": rows})
    ctx.check(3, told.demand()["acknowledged"], "acknowledged")
    ctx.check([], other.get("/orders"), "orders of the new owner")
    ctx.check(1, len(other.get("/products")), "products of the new owner")


@case(
    "uz.backoffice.sync.at-once",
    target=KIND,
    clauses=["BX-S-5", "BX-S-4"],
    requirements=REQ,
    needs=CONTROL,
    description="The same portion comes four times at the same moment.",
    expectation="It is acknowledged each time and counts once.",
)
def at_once(ctx: Context) -> None:
    """A point of sale that lost patience asks again."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    pos.stock_up()
    bodies = [pos.order(n) for n in range(1, 31)]
    rows = [("order", body["id"], body) for body in bodies]
    acts = [lambda: pos.send_rows(rows)] * 4
    for told in ctx.backoffice.at_once(*acts):
        ctx.check(pos.next + 29, told.demand()["acknowledged"], "acknowledged")
    for body in bodies:
        owner.book.take(owner.branch, "order", body["id"], body)
    figures(ctx, owner, days(ctx, 0))


@case(
    "uz.backoffice.sync.two-at-once",
    target=KIND,
    clauses=["BX-S-5", "BX-G-12"],
    requirements=[*REQ, "BX-NAV-01"],
    needs=CONTROL,
    description="Two points of sale of two branches tell at the same moment, with the same keys.",
    expectation="Both are taken; each branch shows its own.",
)
def two_at_once(ctx: Context) -> None:
    """A key is unique at its point of sale alone."""
    owner = ctx.backoffice.owner
    second = owner.link(owner.add_branch())
    acts = []
    for number, pos in enumerate((owner.pos, second), 1):
        bodies = [pos.order(n, total=1_000_00 * number, lines=[]) for n in range(1, 41)]
        rows = [("order", body["id"], body) for body in bodies]
        for _, key, body in rows:
            owner.book.take(pos.branch, "order", key, body)
        acts.append(lambda pos=pos, rows=rows: pos.send_rows(rows))
    for told in ctx.backoffice.at_once(*acts):
        ctx.check(40, told.demand()["acknowledged"], "acknowledged")
    for branch in (owner.branch, second.branch, None):
        figures(ctx, owner, days(ctx, 0), branch)
