"""Orders: rows, states, details; lists page by page; arguments that are none (BX-ORD-01)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice import Owner
from conformance.drivers.backoffice_pos import line
from conformance.suites.uz.backoffice.steps import CONTROL, KIND, unknown, wrong

ORD, TRX, NAV = ("BX-ORD-01",), ("BX-TRX-01",), ("BX-NAV-01",)
STATES = ("open", "confirmed", "completed", "cancelled")


@case(
    "uz.backoffice.orders.row",
    target=KIND,
    clauses=["BX-G-4"],
    requirements=ORD,
    needs=CONTROL,
    description="A completed order is looked at in the list and opened.",
    expectation="Number, times, place, employee, sum and state; name, amount, price and sum of every line.",
)
def row(ctx: Context) -> None:
    """What a card of the list and the page behind it show."""
    owner = ctx.backoffice.owner
    owner.pos.stock_up(staff=2)
    lines = [line(1, 1500, 75_000_00), line(None, 1000, 25_000_00)]
    told = owner.pos.sell(7, employee=2, place_name="Ayvon 3", lines=lines)
    (shown,) = owner.get("/orders")
    wanted = {
        "number": "#007",
        "opened": told["opened"],
        "closed": told["closed"],
        "place": "Ayvon 3",
        "employee": "Bek Aliyev 2",
        "total": told["total"],
        "state": "completed",
        "refund": False,
    }
    ctx.check(wanted, {name: shown[name] for name in wanted}, "row of the order")
    details = owner.get(f"/orders/{shown['id']}")
    ctx.check(shown, details["row"], "row of the details")
    names = ("name", "amount", "price", "sum")
    ctx.check(
        [tuple(each[name] for name in names) for each in lines],
        [tuple(each[name] for name in names) for each in details["order"]["lines"]],
        "lines",
    )
    ctx.check(told["closed"], details["order"]["closed"], "closed")


@family(
    "uz.backoffice.orders.state.{key}",
    rows={state: state for state in STATES},
    target=KIND,
    clauses=["BX-G-4"],
    requirements=ORD,
    needs=CONTROL,
    description="Orders of all four states are there; the list is asked for one of them ({key}).",
    expectation="Those of that state, and no others.",
)
def state_filter(ctx: Context, state: str) -> None:
    """Yellow, blue, grey, red."""
    owner = ctx.backoffice.owner
    for number, each in enumerate(STATES * 2, 1):
        closed = {} if each in ("completed", "cancelled") else {"closed": None}
        owner.pos.sell(number, state=each, **closed)
    shown = owner.get("/orders", state=state)
    ctx.check([state] * 2, [each["state"] for each in shown], "states")
    ctx.check(8, len(owner.get("/orders")), "orders of all states")


@case(
    "uz.backoffice.orders.newest-first",
    target=KIND,
    clauses=["BX-S-8"],
    requirements=ORD,
    needs=CONTROL,
    description="Orders are told in another order than they were opened in, two of them of one moment.",
    expectation="The list goes by opening, the newest first.",
)
def newest_first(ctx: Context) -> None:
    """A point of sale that was away tells late."""
    owner, now = ctx.backoffice.owner, ctx.backoffice.now()
    for number, hours in enumerate((5, 1, 9, 3, 3, 0), 1):
        owner.pos.sell(number, closed=now - timedelta(hours=hours))
    opened = [each["opened"] for each in owner.get("/orders")]
    ctx.check(sorted(opened, reverse=True), opened, "times of opening")


@case(
    "uz.backoffice.orders.refund",
    target=KIND,
    clauses=["BX-G-4", "BX-S-4"],
    requirements=ORD,
    needs=CONTROL,
    description="An order is refunded.",
    expectation="The refund stands in the list as one, beside the order.",
)
def refund_row(ctx: Context) -> None:
    """Two papers, two rows."""
    owner = ctx.backoffice.owner
    owner.pos.refund(2, owner.pos.sell(1))
    shown = {each["number"]: each["refund"] for each in owner.get("/orders")}
    ctx.check({"#001": False, "#002": True}, shown, "orders and refunds")


def _pages(owner: Owner, path: str, **query: object) -> list[list[Any]]:
    """All pages of a list, one request after another."""
    pages: list[list[Any]] = []
    before: dict[str, object] = {}
    while True:
        told = owner.get(path, **query, **before)
        rows = told if isinstance(told, list) else told["rows"]
        if not rows or len(pages) > 20:
            return pages
        pages.append(rows)
        before = {"before": rows[-1]["id"]}


@family(
    "uz.backoffice.pages.whole.{key}",
    rows={"orders": "/orders", "transactions": "/transactions"},
    target=KIND,
    clauses=["BX-S-8"],
    requirements=[*ORD, *TRX],
    needs=CONTROL,
    description="A list of 120 rows, many of one moment, is read page by page ({key}).",
    expectation="Every row once, and each page in order.",
)
def pages(ctx: Context, path: str) -> None:
    """Rows of the same second are no reason to lose one."""
    owner = ctx.backoffice.owner
    _many(ctx, owner, 120)
    read = [each["id"] for page in _pages(owner, path) for each in page]
    ctx.check(120, len(set(read)), "different rows")
    ctx.check(120, len(read), "rows")


@family(
    "uz.backoffice.pages.while-it-comes-in.{key}",
    rows={"orders": "/orders", "transactions": "/transactions"},
    target=KIND,
    clauses=["BX-S-8"],
    requirements=[*ORD, *TRX],
    needs=CONTROL,
    description="Behind every page that is read new rows come in, newer and older ones ({key}).",
    expectation="Every row that was there at the beginning is read once.",
)
def growing_pages(ctx: Context, path: str) -> None:
    """Pages go on behind a row, not behind a number of rows."""
    owner = ctx.backoffice.owner
    _many(ctx, owner, 120)
    there = {each["id"] for page in _pages(owner, path) for each in page}
    read: list[int] = []
    before: dict[str, object] = {}
    for number in range(10):
        told = owner.get(path, **before)
        rows = told if isinstance(told, list) else told["rows"]
        if not rows:
            break
        read += [each["id"] for each in rows]
        before = {"before": rows[-1]["id"]}
        for late in (0, 100):
            body = owner.pos.order(900 + 2 * number + bool(late))
            opened = ctx.backoffice.now() + timedelta(hours=1) - timedelta(days=late)
            body["opened"] = body["closed"] = opened.isoformat(timespec="milliseconds")
            owner.pos.tell(
                ("order", body["id"], body), ("payment", f"p{body['id']}", owner.pos.payment(body))
            )
    ctx.check(len(set(read)), len(read), "rows that were read")
    missing = sorted(there - set(read))
    ctx.check([], missing, "rows that were there and not read")


def _many(ctx: Context, owner: Owner, count: int) -> None:
    """Orders with a payment each, four of them of every moment."""
    rows: list[Any] = []
    for number in range(1, count + 1):
        at = ctx.backoffice.now() - timedelta(minutes=number // 4)
        body = owner.pos.order(number, closed=at, lines=[])
        rows += [("order", body["id"], body), ("payment", str(number), owner.pos.payment(body))]
    owner.pos.tell(*rows)


WRONG_QUERIES: dict[str, tuple[str, dict[str, str], str]] = {
    "orders-state": ("/orders", {"state": "paid"}, "state"),
    "orders-fiscal": ("/orders", {"fiscal": "maybe"}, "fiscal"),
    "orders-branch": ("/orders", {"branch": "x"}, "branch"),
    "orders-before": ("/orders", {"before": "0"}, "before"),
    "products-branch": ("/products", {"branch": "-1"}, "branch"),
    "products-text": ("/products", {"q": "x" * 256}, "q"),
    "staff-branch": ("/staff", {"branch": "1.5"}, "branch"),
    "transactions-before": ("/transactions", {"before": "9" * 30}, "before"),
    "dashboard-branch": ("/dashboard", {"branch": ""}, "branch"),
}


@family(
    "uz.backoffice.query.wrong.{key}",
    rows=WRONG_QUERIES,
    target=KIND,
    clauses=["BX-S-9"],
    requirements=[*ORD, *NAV],
    needs=CONTROL,
    description="A list is asked for with an argument that is none ({key}).",
    expectation="The argument is named.",
)
def wrong_query(ctx: Context, row: tuple[str, dict[str, str], str]) -> None:
    """Never ignored, never an error of the server."""
    path, query, name = row
    wrong(ctx, ctx.backoffice.owner.send("GET", path, query=query), name)


@family(
    "uz.backoffice.query.unknown.{key}",
    rows={
        "order": ("/orders/{n}", {}),
        "orders-before": ("/orders", {"before": "{n}"}),
        "transactions-before": ("/transactions", {"before": "{n}"}),
        "orders-branch": ("/orders", {"branch": "{n}"}),
        "branch": ("/branches/{n}", {}),
        "invoice": ("/invoices/{n}", {}),
        "merchants": ("/branches/{n}/merchants", {}),
    },
    target=KIND,
    clauses=["BX-S-10"],
    requirements=[*ORD, *TRX],
    needs=CONTROL,
    description="What there is not is asked for by its number ({key}).",
    expectation="404 with words for people.",
)
def unknown_number(ctx: Context, row: tuple[str, dict[str, str]]) -> None:
    """Also a number beyond all."""
    for number in ("999999", str(2**53 - 1)):
        path, query = row[0].replace("{n}", number), dict.fromkeys(row[1], number)
        unknown(ctx, ctx.backoffice.owner.send("GET", path, query=query))


@case(
    "uz.backoffice.fiscal.states",
    target=KIND,
    clauses=["BX-S-7"],
    requirements=["BX-DATA-01", *ORD],
    needs=CONTROL,
    description="Receipts wait, are made, acknowledged and refused.",
    expectation="Each order shows how far it is, the filter finds it, and those on the way are counted.",
)
def fiscal(ctx: Context) -> None:
    """The owner sees what the operator does not know yet."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    wanted = {"#001": "waiting", "#002": "done", "#003": "acknowledged", "#004": "refused", "#005": ""}
    for number in range(1, 6):
        body = pos.sell(number, **({"state": "open", "closed": None} if number == 5 else {}))
        told = {"order": body["id"], "acknowledged": number == 3, "sign": "123456789012", "number": number}
        if number in (2, 3, 4):
            state = "refused" if number == 4 else "done"
            pos.tell(("fiscal", body["id"], told | {"state": state}))
    shown = {each["number"]: each["fiscal"] for each in owner.get("/orders")}
    ctx.check(wanted, shown, "how far receipts are")
    for state in ("waiting", "done", "acknowledged", "refused"):
        found = [each["fiscal"] for each in owner.get("/orders", fiscal=state)]
        ctx.check([state], found, f"orders found as {state}")
    ctx.check(2, owner.dashboard()["figures"]["unacknowledged"], "receipts on the way")
    number = next(each["id"] for each in owner.get("/orders") if each["number"] == "#003")
    receipt = owner.get(f"/orders/{number}")["receipt"]
    ctx.check(("123456789012", 3), (receipt["sign"], receipt["number"]), "sign and number of the receipt")


@case(
    "uz.backoffice.fiscal.acknowledged-later",
    target=KIND,
    clauses=["BX-S-7"],
    requirements=["BX-DATA-01"],
    needs=CONTROL,
    description="A receipt is told as made, then as acknowledged; the order is told again afterwards.",
    expectation="It is acknowledged and stays so.",
)
def acknowledged(ctx: Context) -> None:
    """A later word on the order says nothing of its receipt."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    body = pos.sell(1)
    told = {"order": body["id"], "state": "done", "acknowledged": False, "sign": "1" * 12}
    pos.tell(("fiscal", body["id"], told))
    ctx.check(1, owner.dashboard()["figures"]["unacknowledged"], "receipts on the way")
    pos.tell(("fiscal", body["id"], told | {"acknowledged": True}), ("order", body["id"], body))
    ctx.check(["acknowledged"], [each["fiscal"] for each in owner.get("/orders")], "how far receipts are")
    ctx.check(0, owner.dashboard()["figures"]["unacknowledged"], "receipts on the way")
