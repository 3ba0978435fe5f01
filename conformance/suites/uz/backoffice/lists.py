"""Products, employees, payments: rows, search, sums; the branch filter (BX-PRD, BX-EMP, BX-TRX, BX-NAV)."""

from __future__ import annotations

from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice_pos import EMPLOYEE, PRODUCT, line
from conformance.suites.uz.backoffice.steps import CONTROL, KIND

PRD, EMP, TRX, NAV = ("BX-PRD-01",), ("BX-EMP-01",), ("BX-TRX-01",), ("BX-NAV-01",)


@case(
    "uz.backoffice.products.row",
    target=KIND,
    clauses=["BX-G-5"],
    requirements=PRD,
    needs=CONTROL,
    description="Products with and without a stock, one switched off, are sold and refunded.",
    expectation="Name, price, whether it is on, stock or none, sold amount and revenue of each.",
)
def products(ctx: Context) -> None:
    """Of all times, not of a period."""
    owner, now = ctx.backoffice.owner, ctx.backoffice.now()
    owner.pos.tell(
        ("product", "1", PRODUCT | {"name": "Osh", "stock": 12_500}),
        ("product", "2", PRODUCT | {"name": "Choy", "price": 5_000_00, "category": "Ichimlik"}),
        ("product", "3", PRODUCT | {"name": "Norin", "active": False, "stock": 0}),
    )
    sold = owner.pos.sell(1, lines=[line(1, 1500, 75_000_00), line(2, 3000, 15_000_00)])
    owner.pos.sell(2, closed=now - timedelta(days=300), lines=[line(2, 1000, 5_000_00)])
    owner.pos.refund(3, sold, lines=[line(2, 1000, 5_000_00)])
    owner.pos.sell(4, state="cancelled", lines=[line(3, 1000, 50_000_00)])
    shown = {each["name"]: each for each in owner.get("/products")}
    names = ("price", "active", "stock", "sold", "revenue")
    ctx.check(
        {
            "Osh": (50_000_00, True, 12_500, 1500, 75_000_00),
            "Choy": (5_000_00, True, None, 3000, 15_000_00),
            "Norin": (50_000_00, False, 0, 0, 0),
        },
        {key: tuple(each[name] for name in names) for key, each in shown.items()},
        "products",
    )


@case(
    "uz.backoffice.products.changed",
    target=KIND,
    clauses=["BX-G-5", "BX-S-5"],
    requirements=PRD,
    needs=CONTROL,
    description="A product that was sold is told again with another name, price and stock.",
    expectation="It stands once, as it now is, with what was sold of it.",
)
def product_changed(ctx: Context) -> None:
    """The key is the product, not the name."""
    owner = ctx.backoffice.owner
    owner.pos.stock_up()
    owner.pos.sell(1)
    owner.pos.tell(("product", "1", PRODUCT | {"name": "To'y oshi", "price": 1, "stock": -500}))
    (shown,) = owner.get("/products")
    names = ("name", "price", "stock", "sold", "revenue")
    ctx.check(("To'y oshi", 1, -500, 2000, 100_000_00), tuple(shown[name] for name in names), "product")


SEARCHES: dict[str, tuple[str, list[str]]] = {
    "part": ("os", ["Osh", "Toshkent oshi"]),
    "capitals": ("OSH", ["Osh", "Toshkent oshi"]),
    "cyrillic": ("плов", ["Плов чайханский"]),
    "cyrillic-capitals": ("ПЛОВ", ["Плов чайханский"]),
    "middle": ("kent", ["Toshkent oshi"]),
    "apostrophe": ("o'z", ["O'zbek choyi"]),
    "percent": ("%", ["Sut 3%"]),
    "underline": ("_", []),
    "backslash": ("\\", []),
    "nothing": ("zzz", []),
}
CARD = ("Osh", "Toshkent oshi", "Плов чайханский", "O'zbek choyi", "Sut 3%")


@family(
    "uz.backoffice.products.search.{key}",
    rows=SEARCHES,
    target=KIND,
    clauses=["BX-G-5"],
    requirements=PRD,
    needs=CONTROL,
    description="Text is typed into the search of the products ({key}).",
    expectation="Products whose name holds it, whatever the case; signs mean themselves.",
)
def search(ctx: Context, row: tuple[str, list[str]]) -> None:
    """As one types."""
    typed, wanted = row
    owner = ctx.backoffice.owner
    owner.pos.tell(*(("product", str(n), PRODUCT | {"name": name}) for n, name in enumerate(CARD, 1)))
    found = [each["name"] for each in owner.get("/products", q=typed)]
    ctx.check(sorted(wanted), sorted(found), "products found")


@case(
    "uz.backoffice.staff.row",
    target=KIND,
    clauses=["BX-G-6"],
    requirements=EMP,
    needs=CONTROL,
    description="Employees of all five roles, one not active any more, sell differently much.",
    expectation="Name, role, whether active, orders, revenue and average of each, of all times.",
)
def staff(ctx: Context) -> None:
    """The average is what an order of his comes to, in whole tiyin."""
    owner, now = ctx.backoffice.owner, ctx.backoffice.now()
    roles = ("cashier", "waiter", "cook", "manager", "administrator")
    people = [
        ("employee", str(n), EMPLOYEE | {"last_name": role, "role": role, "active": n != 3})
        for n, role in enumerate(roles, 1)
    ]
    owner.pos.tell(*people)
    first = owner.pos.sell(1, employee=1, total=100_00)
    owner.pos.sell(2, employee=1, total=50_01, closed=now - timedelta(days=200))
    owner.pos.sell(3, employee=2, total=70_00)
    owner.pos.refund(4, first, employee=1, total=100_00)
    owner.pos.sell(5, employee=4, state="cancelled")
    names = ("role", "active", "orders", "revenue", "average")
    shown = [tuple(each[name] for name in names) for each in owner.get("/staff")]
    wanted = [
        ("administrator", True, 0, 0, 0),
        ("cashier", True, 2, 50_01, 25_00),
        ("cook", False, 0, 0, 0),
        ("manager", True, 0, 0, 0),
        ("waiter", True, 1, 70_00, 70_00),
    ]
    ctx.check(wanted, sorted(shown), "employees")


@case(
    "uz.backoffice.transactions.row",
    target=KIND,
    clauses=["BX-G-7"],
    requirements=TRX,
    needs=CONTROL,
    description="Payments of three kinds and four states, one of them money that went back.",
    expectation="Kind, date, sum and state of each, with employee, branch and order; count and sum above.",
)
def transactions(ctx: Context) -> None:
    """What waits or went wrong is no money; what went back is taken off."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    pos.stock_up(staff=2)
    sold = pos.sell(1, employee=2)
    made = [
        pos.payment(sold, amount=60_000_00),
        pos.payment(sold, kind="uzcard", group="card", amount=30_000_00),
        pos.payment(sold, kind="payme", group="mobile", amount=20_000_00),
        pos.payment(sold, kind="click", group="mobile", amount=7, state="pending"),
        pos.payment(sold, kind="humo", group="card", amount=9, state="failed"),
        pos.payment(sold, kind="cash", group="cash", amount=-10_000_00, state="returned"),
    ]
    pos.tell(*(("payment", str(n), body) for n, body in enumerate(made, 1)))
    page = owner.get("/transactions")
    ctx.check(owner.book.paid(), (page["count"], page["sum"]), "count and sum")
    (order,) = owner.get("/orders")
    names = ("kind", "group", "amount", "state", "made")
    ctx.check(
        sorted(tuple(each[name] for name in names) for each in made),
        sorted(tuple(each[name] for name in names) for each in page["rows"]),
        "payments",
    )
    about = {(each["employee"], each["branch"], each["order"]) for each in page["rows"]}
    ctx.check({("Bek Aliyev 2", "Markaziy", order["id"])}, about, "employee, branch, order")


@case(
    "uz.backoffice.transactions.settled-later",
    target=KIND,
    clauses=["BX-G-7"],
    requirements=TRX,
    needs=CONTROL,
    description="A payment that waits is told again as confirmed, another one as failed.",
    expectation="Each stands once, as it now is; the sum has the confirmed one.",
)
def settled(ctx: Context) -> None:
    """Kutilmoqda becomes Tasdiqlangan or Muvaffaqiyatsiz."""
    owner, pos = ctx.backoffice.owner, ctx.backoffice.owner.pos
    sold = pos.sell(1)
    for state in ("pending", "confirmed"):
        pos.tell(("payment", "1", pos.payment(sold, state=state)))
    for state in ("pending", "failed"):
        pos.tell(("payment", "2", pos.payment(sold, state=state)))
    page = owner.get("/transactions")
    ctx.check((2, sold["total"]), (page["count"], page["sum"]), "count and sum")
    ctx.check(["confirmed", "failed"], sorted(each["state"] for each in page["rows"]), "states")


@family(
    "uz.backoffice.filter.{key}",
    rows={"orders": "/orders", "products": "/products", "staff": "/staff", "transactions": "/transactions"},
    target=KIND,
    clauses=["BX-G-12"],
    requirements=NAV,
    needs=CONTROL,
    description="Two branches have told the same, one of them twice as much ({key}).",
    expectation="Each branch shows its own rows and sums, all together both.",
)
def branch_filter(ctx: Context, path: str) -> None:
    """The selector on top of every page."""
    owner = ctx.backoffice.owner
    second = owner.link(owner.add_branch())
    for pos, count in ((owner.pos, 1), (second, 2)):
        pos.stock_up(products=count, staff=count)
        for number in range(1, count + 1):
            sold = pos.sell(number, employee=number, lines=[line(number, 1000, 1_000_00 * count)])
            pos.tell(("payment", str(number), pos.payment(sold, amount=5_00 * count)))
    for branch, count in ((owner.branch, 1), (second.branch, 2), (None, 3)):
        query = {} if branch is None else {"branch": branch}
        told = owner.get(path, **query)
        rows = told if isinstance(told, list) else told["rows"]
        ctx.check(count, len(rows), f"rows of branch {branch or 'any'}")
        if path == "/transactions":
            ctx.check(owner.book.paid(branch), (told["count"], told["sum"]), "count and sum")
        if path in ("/products", "/staff"):
            book = owner.book.sold(None, branch) if path == "/products" else owner.book.served(None, branch)
            sums = sorted(each[1] for each in book.values())
            ctx.check(sums, sorted(each["revenue"] for each in rows), "revenues")
