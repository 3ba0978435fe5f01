"""What points of sale tell: in order, once, and summed to the tiyin (BX-DATA-01, BX-DSH, BX-ORD …)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from reference.backoffice.branches import Device, Linked
from reference.backoffice.entrance import Visitor
from reference.backoffice.intake import GapError
from reference.backoffice.reports import percent
from reference.backoffice.tables import PaymentDay, ShopOrder, Transaction
from reference.backoffice.totals import Figures
from reference.runtime.refusals import InvalidError, UnknownError
from tests.backoffice.conftest import EMPLOYEE, PRODUCT, Back, changes, order

FIRST = (("product", "7", PRODUCT), ("employee", "2", EMPLOYEE))
DAY = date(2026, 9, 1)
PAYMENT: dict[str, Any] = {
    "order": order(1)["id"],
    "kind": "payme",
    "group": "mobile",
    "amount": 11_000_00,
    "state": "confirmed",
    "made": "2026-09-01T05:30:00.000+00:00",
    "employee": 2,
}


@contextmanager
def listening(engine: sa.Engine, asked: list[str]) -> Iterator[None]:
    """Statements of an engine while the block lasts."""

    def heard(*given: Any) -> None:
        asked.append(given[2])

    event.listen(engine, "before_cursor_execute", heard)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", heard)


def test_a_day_shows_on_every_page(back: Back) -> None:
    visitor = back.owner()
    linked = back.link(visitor)
    told = changes(
        *FIRST,
        ("order", order(1)["id"], order(1)),
        ("payment", "1", PAYMENT),
        ("place", "1", {}),
    )
    assert back.intake.take(linked, told) == 5
    seen = back.reports.dashboard(visitor, None, DAY, DAY)
    assert seen.now == Figures(11_000_00, 6_000_00, 1_000_00, 1)
    assert (seen.now.profit, seen.hours[10], seen.unacknowledged) == (7_000_00, 1, 1)
    assert (seen.products[0].name, seen.products[0].sold, seen.categories) == (
        "Osh",
        2000,
        (("Taomlar", 10_000_00),),
    )
    assert (seen.staff[0].name, seen.staff[0].average) == ("Bek Aliyev", 11_000_00)
    (row,) = back.reports.orders(visitor, None)
    assert (row.number, row.employee, row.place, row.fiscal) == ("#001", "Bek Aliyev", "Stol 1", "waiting")
    (product,) = back.reports.products(visitor, None, "os")
    assert (product.sold, product.revenue) == (2000, 10_000_00)
    page = back.reports.transactions(visitor, linked.branch)
    assert (page.count, page.sum, page.rows[0].group, page.rows[0].order) == (1, 11_000_00, "mobile", row.id)
    assert back.reports.order(visitor, row.id)["order"]["lines"][0]["name"] == "Osh"


def test_the_owner_sees_what_is_not_acknowledged(back: Back) -> None:
    visitor = back.owner()
    linked = back.link(visitor)
    fiscal = {"order": order(1)["id"], "state": "done", "acknowledged": False, "sign": "123456789012"}
    back.intake.take(linked, changes(("order", order(1)["id"], order(1)), ("fiscal", order(1)["id"], fiscal)))
    assert [row.fiscal for row in back.reports.orders(visitor, None, fiscal="done")] == ["done"]
    more = changes(("fiscal", order(1)["id"], fiscal | {"acknowledged": True}), first=3)
    back.intake.take(linked, more)
    assert [row.fiscal for row in back.reports.orders(visitor, None)] == ["acknowledged"]
    assert back.reports.dashboard(visitor, None, DAY, DAY).unacknowledged == 0


def test_what_comes_again_changes_nothing_and_a_gap_is_refused(back: Back) -> None:
    visitor = back.owner()
    linked = back.link(visitor)
    told = changes(*FIRST, ("order", order(1)["id"], order(1)))
    assert back.intake.take(linked, told) == 3
    assert back.intake.take(linked, told) == 3
    with pytest.raises(GapError) as caught:
        back.intake.take(linked, changes(("order", order(2)["id"], order(2)), first=5))
    assert caught.value.wanted == 4
    assert back.reports.dashboard(visitor, None, DAY, DAY).now.orders == 1


def test_a_wrong_change_takes_none_of_its_request(back: Back) -> None:
    visitor = back.owner()
    linked = back.link(visitor)
    bad_price = PRODUCT | {"price": "arzon"}
    for bad in (
        ("order", "x", {"state": "completed"}),
        ("order", "x", order(1, state="open", closed=None, opened="kecha")),
        ("order", "x", order(1, state="open", closed=None, opened="2026-09-01T05:00:00")),
        ("gold", "1", {}),
        ("product", "1", {"name": "x"}),
        ("product", "1", bad_price),
    ):
        with pytest.raises(InvalidError) as caught:
            back.intake.take(linked, changes(("employee", "2", EMPLOYEE), bad))
        assert caught.value.findings[0].field.startswith("changes[2].")
    assert back.reports.staff(visitor, None) == []


@pytest.mark.parametrize(
    ("kind", "wrong", "field"),
    [
        ("order", {"closed": None}, "closed"),
        ("order", {"closed": "0001-01-01T00:00:00+14:00"}, "closed"),
        ("order", {"total": 10**30}, "total"),
        ("order", {"lines": ["osh"]}, "lines.0"),
        ("order", {"lines": {"a": 1}}, "lines"),
        ("order", {"state": "paid"}, "state"),
        ("product", {"name": {}}, "name"),
        ("product", {"name": "a\x00b"}, "name"),
        ("product", {"price": True}, "price"),
        ("employee", {"role": "director"}, "role"),
    ],
)
def test_a_wrong_field_is_named(back: Back, kind: str, wrong: dict[str, object], field: str) -> None:
    """What is told is read before anything of it is counted: no such body may end in a failure inside."""
    linked = back.link(back.owner())
    good = {"order": order(1), "product": PRODUCT, "employee": EMPLOYEE}[kind]
    with pytest.raises(InvalidError) as caught:
        back.intake.take(linked, changes((kind, "1", good | wrong)))
    assert [each.field for each in caught.value.findings] == [f"changes[1].body.{field}"]
    back.intake.take(linked, changes((kind, "1", good)))


@pytest.mark.parametrize(
    ("kind", "key"),
    [("product", "k" * 33), ("order", "k" * 33), ("payment", "a\x00b"), ("shift", "k" * 65)],
    ids=("product", "order", "payment", "shift"),
)
def test_a_key_that_no_column_holds_is_named(back: Back, kind: str, key: str) -> None:
    """A server's database would refuse it in the midst of the request."""
    linked = back.link(back.owner())
    body = {"product": PRODUCT, "order": order(1), "payment": PAYMENT, "shift": {}}[kind]
    with pytest.raises(InvalidError) as caught:
        back.intake.take(linked, changes((kind, key, body)))
    assert [each.field for each in caught.value.findings] == ["changes[1].key"]
    kept = "k" * (64 if kind == "shift" else 32)
    assert back.intake.take(linked, changes((kind, kept, body))) == 1


def test_payments_are_counted_as_they_now_are(back: Back) -> None:
    """BX-TRX-01: told again, confirmed later or given back, in one request or in several."""
    visitor = back.owner()
    linked, other = back.link(visitor), back.link(visitor)
    late = PAYMENT | {"amount": 500, "made": "2026-09-01T20:30:00.000+00:00"}
    told = changes(
        ("payment", "1", PAYMENT | {"state": "pending"}),
        ("payment", "1", PAYMENT),
        ("payment", "2", late | {"state": "pending"}),
    )
    back.intake.take(linked, told)
    back.intake.take(other, changes(("payment", "1", PAYMENT | {"amount": 7})))
    assert _paid(back, visitor) == (3, 11_000_07)
    more = changes(("payment", "2", late), ("payment", "1", PAYMENT | {"state": "failed"}), first=4)
    back.intake.take(linked, more)
    assert (_paid(back, visitor), _paid(back, visitor, linked.branch)) == ((3, 507), (2, 500))
    again = changes(("payment", "2", late | {"made": PAYMENT["made"], "amount": -20}), first=6)
    back.intake.take(linked, again)
    assert _paid(back, visitor) == (3, -13)


def _paid(back: Back, visitor: Visitor, branch: int | None = None) -> tuple[int, int]:
    """Count and sum as the page of payments has them; it must not add up all payments for that."""
    asked: list[str] = []
    with listening(back.office.engine, asked):
        page = back.reports.transactions(visitor, branch)
    assert not [each for each in asked if "bx_transactions" in each and ("sum(" in each or "count(" in each)]
    return page.count, page.sum


def test_payments_from_before_are_summed_by_the_migration(back: Back) -> None:
    visitor = back.owner()
    linked = back.link(visitor)
    late = PAYMENT | {"amount": 500, "made": "2026-09-01T20:30:00.000+00:00"}
    failed = PAYMENT | {"state": "failed"}
    told = [("payment", str(n), each) for n, each in enumerate((PAYMENT, late, failed), 1)]
    back.intake.take(linked, changes(*told))
    rows = sa.select(PaymentDay.branch, PaymentDay.day, PaymentDay.payments, PaymentDay.amount)
    with back.office.engine.begin() as connection:
        kept = connection.execute(rows).all()
        for statement in (
            "drop table bx_sums_payment",
            "alter table bx_receipts drop column given",
            "update alembic_reference_backoffice_migrations set version_num = '0002'",
        ):
            connection.execute(sa.text(statement))
    back.office.open()
    with back.office.engine.connect() as connection:
        assert connection.execute(rows).all() == kept
    assert [tuple(row)[1:] for row in kept] == [("2026-09-01", 2, 11_000_00), ("2026-09-02", 1, 500)]


@pytest.mark.parametrize("page", ["orders", "transactions"])
def test_a_page_of_all_branches_reads_no_more_for_many_rows(back: Back, page: str) -> None:
    """The newest of each branch, by its index: to sort all rows of two branches takes far more steps."""
    visitor = back.owner()
    places = [back.branches.add(visitor, {"name": "Filial"})[0].id for _ in range(2)]
    moments = [f"2026-09-01T05:{n // 60 % 60:02d}:{n % 60:02d}.000+00:00" for n in range(3_000)]
    made: dict[str, Any] = {"link": 1, "employee": "1", "state": "completed"}
    order_more: dict[str, Any] = {"total": 1, "refund": False, "body": "{}"}
    paid_more: dict[str, Any] = {"order": "x", "kind": "cash", "group": "cash", "amount": 1}
    rows = [made | {"branch": places[n % 2], "key": str(n)} for n in range(3_000)]
    steps: list[int] = []
    table, more, moment = (
        (ShopOrder, order_more, "opened") if page == "orders" else (Transaction, paid_more, "made")
    )
    told = [row | more | {moment: when} for row, when in zip(rows, moments, strict=True)]
    with back.office.changing() as session:
        session.execute(sa.insert(table), told)

    def counting(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(lambda: steps.append(1), 100)

    event.listen(back.office.engine, "checkout", counting)
    if page == "orders":
        shown = [row.opened for row in back.reports.orders(visitor, None)]
    else:
        shown = [row.made for row in back.reports.transactions(visitor, None).rows]
    assert shown == sorted(moments, reverse=True)[:50]
    assert len(steps) < 200


def test_an_employee_of_two_branches_stands_once(back: Back) -> None:
    """BX-DSH-02: by name and role where books differ, by his key where a book moved; namesakes stay two."""
    visitor = back.owner()
    first, second = back.link(visitor), back.link(visitor)
    people = (("employee", "2", EMPLOYEE), ("employee", "3", EMPLOYEE))
    told = changes(*people, *(("order", order(n)["id"], order(n, employee=n + 1)) for n in (1, 2)))
    back.intake.take(first, told)
    cook = EMPLOYEE | {"role": "cook"}
    sold = [("order", order(n)["id"], order(n, employee=n)) for n in (8, 9)]
    back.intake.take(second, changes(("employee", "8", EMPLOYEE), ("employee", "9", cook), *sold))
    seen = back.reports.dashboard(visitor, None, DAY, DAY).staff
    told_of = [(each.role, each.orders, each.revenue) for each in seen]
    assert sorted(told_of) == [("cashier", 1, 11_000_00), ("cashier", 2, 22_000_00), ("cook", 1, 11_000_00)]
    only = back.reports.dashboard(visitor, second.branch, DAY, DAY).staff
    assert sorted((each.role, each.orders) for each in only) == [("cashier", 1), ("cook", 1)]


def test_an_employee_of_a_till_that_moved_stands_once(back: Back) -> None:
    visitor = back.owner()
    told = changes(("employee", "2", EMPLOYEE), ("order", order(1)["id"], order(1)))
    later = changes(
        ("employee", "2", EMPLOYEE | {"role": "manager"}), ("order", order(2)["id"], order(2)), first=3
    )
    for newest, part in ((0, told), (2, later)):
        place = back.branches.add(visitor, {"name": "Filial"})[0].id
        code, key = back.branches.offer(Device("Kassa 1", "identity of one and the same", newest=newest))
        back.branches.take_offer(visitor, place, code)
        back.intake.take(back.branches.linked(key), part)
    (seen,) = back.reports.dashboard(visitor, None, DAY, DAY).staff
    assert (seen.role, seen.orders, seen.revenue) == ("manager", 2, 22_000_00)


def test_a_gap_inside_a_request_wants_what_was_not_kept(back: Back) -> None:
    """Nothing of the request stays, so its first change is wanted, not the one that was missing."""
    visitor = back.owner()
    linked = back.link(visitor)
    one, two = changes(("product", "1", PRODUCT), ("product", "2", PRODUCT))
    (four,) = changes(("product", "4", PRODUCT), first=4)
    with pytest.raises(GapError) as caught:
        back.intake.take(linked, [one, two, four])
    assert (caught.value.wanted, back.reports.products(visitor, None)) == (1, [])


def test_a_receipt_of_an_order_told_before_the_link_stops_nothing(back: Back) -> None:
    """BX-BRN-02: it is acknowledged, shown at the owner's own order, and not at all at another owner."""
    first, second = back.owner(), back.owner("+998907654321")
    place, other, his = (
        back.branches.add(visitor, {"name": "Markaziy"})[0].id for visitor in (first, first, second)
    )
    receipt = {"order": order(1)["id"], "state": "done", "acknowledged": True}

    def linked_to(visitor: Visitor, branch: int) -> Linked:
        code, key = back.branches.offer(Device("Kassa 1", "identity of one and the same", newest=1))
        back.branches.take_offer(visitor, branch, code)
        return back.branches.linked(key)

    back.intake.take(linked_to(first, place), changes(("order", order(1)["id"], order(1))))
    told = changes(("fiscal", order(1)["id"], receipt), first=2)
    assert back.intake.take(linked_to(first, other), told) == 2
    assert [row.fiscal for row in back.reports.orders(first, place)] == ["acknowledged"]
    told = changes(("fiscal", order(1)["id"], receipt), first=2)
    assert back.intake.take(linked_to(second, his), told) == 2
    assert back.reports.orders(second, None) == []


def test_an_order_counts_once_however_often_it_is_told(back: Back) -> None:
    visitor = back.owner()
    linked = back.link(visitor)
    one = order(1)
    told = changes(
        *FIRST,
        ("order", one["id"], order(1, state="open", closed=None)),
        ("order", one["id"], one),
        ("order", one["id"], one),
        ("order", order(2)["id"], order(2, state="cancelled")),
    )
    back.intake.take(linked, told)
    assert back.reports.dashboard(visitor, None, DAY, DAY).now == Figures(11_000_00, 6_000_00, 1_000_00, 1)


def test_a_large_request_takes_no_more_statements_than_a_small_one(back: Back) -> None:
    linked = back.link(back.owner())
    asked: list[str] = []
    event.listen(back.office.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def statements(first: int, count: int) -> int:
        asked.clear()
        told = [("order", order(n)["id"], order(n)) for n in range(first, first + count)]
        receipts = [
            ("fiscal", key, {"order": key, "state": "done", "acknowledged": True}) for _, key, _ in told
        ]
        taken = back.intake.take(linked, changes(*FIRST, *told, *receipts, first=last + 1))
        assert taken == last + 2 + 2 * count
        return len(asked)

    last = 0
    small = statements(1, 1)
    last = 4
    assert statements(2, 100) == small


def test_a_refund_counts_below_zero(back: Back) -> None:
    visitor = back.owner()
    linked = back.link(visitor)
    back_again = order(2, refund_of=order(1)["id"], total=11_000_00, spent=4_000_00, surcharge=1_000_00)
    told = changes(*FIRST, ("order", order(1)["id"], order(1)), ("order", order(2)["id"], back_again))
    back.intake.take(linked, told)
    seen = back.reports.dashboard(visitor, None, DAY, DAY)
    assert seen.now == Figures(0, 0, 0, 1)
    assert seen.products[0].sold == 0


def test_branches_filter_and_periods_compare(back: Back) -> None:
    """BX-DSH-01, BX-NAV-01"""
    visitor = back.owner()
    first, second = back.link(visitor), back.link(visitor)
    before = order(1, closed="2026-08-31T05:30:00.000+00:00", total=5_000_00)
    back.intake.take(first, changes(("order", "a", before), ("order", "b", order(2))))
    back.intake.take(second, changes(("order", "a", order(1, total=1_000_00))))
    seen = back.reports.dashboard(visitor, None, DAY, DAY)
    assert (seen.now.revenue, seen.before.revenue) == (12_000_00, 5_000_00)
    assert percent(seen.now.revenue, seen.before.revenue) == 140
    assert back.reports.dashboard(visitor, second.branch, DAY, DAY).now.revenue == 1_000_00
    assert len(back.reports.orders(visitor, first.branch)) == 2
    default = back.reports.dashboard(visitor, None, None, None)
    assert (default.first, default.last) == (date(2026, 8, 26), DAY)
    with pytest.raises(InvalidError):
        back.reports.dashboard(visitor, None, DAY, date(2026, 8, 1))


def test_a_period_without_one_before_is_refused(back: Back) -> None:
    visitor = back.owner()
    with pytest.raises(InvalidError) as caught:
        back.reports.dashboard(visitor, None, date.min, date.min)
    assert caught.value.findings[0].field == "first"
    back.reports.dashboard(visitor, None, date(2199, 12, 31), date(2199, 12, 31))


def test_products_are_found_in_every_script_whatever_the_case(back: Back) -> None:
    """BX-PRD-01"""
    visitor = back.owner()
    names = ("Плов чайханский", "Sut 3%", "Osh")
    rows = (("product", str(n), PRODUCT | {"name": name}) for n, name in enumerate(names))
    back.intake.take(back.link(visitor), changes(*rows))
    for typed, wanted in (("ПЛОВ", names[0]), ("%", names[1]), ("oS", names[2])):
        assert [row.name for row in back.reports.products(visitor, None, typed)] == [wanted]
    assert back.reports.products(visitor, None, "_") == []


def test_percent_needs_something_before() -> None:
    assert percent(5, 0) is None
    assert percent(50, 100) == -50
    assert percent(0, -100) == 100


def test_lists_go_on_where_they_ended(back: Back) -> None:
    visitor = back.owner()
    linked = back.link(visitor)
    back.intake.take(linked, changes(*(("order", f"{n}", order(n)) for n in range(1, 61))))
    page = back.reports.orders(visitor, None)
    rest = back.reports.orders(visitor, None, before=page[-1].id)
    assert (len(page), len(rest)) == (50, 10)
    assert {row.id for row in page}.isdisjoint(row.id for row in rest)
    with pytest.raises(UnknownError):
        back.reports.orders(visitor, None, before=999)
    with pytest.raises(UnknownError):
        back.reports.order(back.owner("+998907654321"), page[0].id)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(1, 5), st.sampled_from(["open", "completed", "cancelled"]), st.integers(0, 10**6)
        ),
        max_size=12,
    ),
    st.integers(1, 5),
)
def test_sums_are_those_of_the_orders_as_they_now_are(
    back: Back, told: list[tuple[int, str, int]], size: int
) -> None:
    """Whatever is told in whatever portions: the dashboard is what the last word on each order adds up to."""
    phone = f"+9989{abs(hash((tuple(told), size))) % 10**8:08d}"
    visitor = back.owner(phone)
    linked = back.link(visitor)
    known: dict[int, tuple[str, int]] = {}
    rows = []
    for number, state, total in told:
        known[number] = (state, total)
        rows.append(
            ("order", f"{number}", order(number, state=state, total=total, spent=0, surcharge=0, lines=[]))
        )
    made = changes(*rows)
    for place in range(0, len(made), size):
        back.intake.take(linked, made[place : place + size])
    counted = [total for state, total in known.values() if state == "completed"]
    now = back.reports.dashboard(visitor, None, DAY, DAY).now
    assert (now.revenue, now.orders) == (sum(counted), len(counted))
