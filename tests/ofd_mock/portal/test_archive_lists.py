"""The tables of a register's history: rows, filters, pages (KZ-ARC-01…03, kz-ofd §15.10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ofd_mock.kz import tables
from ofd_mock.portal.archive.lists import Lists
from ofd_mock.portal.archive.spans import Filter, span_of
from ofd_mock.portal.archive.tables import TABLES
from ofd_mock.portal.archive.texts import Kind
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError, UnknownError
from reference.protocol.kz.documents import ReportAsk
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.tickets import Payment
from tests.ofd_mock.kz.counter import ParentTicket, deposit, ticket
from tests.ofd_mock.portal.stand import HEAD, OTHER_NUMBER, Stand
from tests.ofd_mock.postgresql import served

ALL = Filter()


@pytest.fixture
def lists(stand: Stand) -> Lists:
    return Lists(stand.office)


@pytest.fixture
def shop(stand: Stand) -> tuple[Visitor, int]:
    """An owner and his register, which has a token: 13.09.2026 11:00."""
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.counter.now = to_almaty(stand.office.now)
    return owner, card


def ask_x(stand: Stand, card: int) -> None:
    assert stand.send(card, ReportAsk(ReportKind.X, stand.counter.now)).code == 0


def test_every_kind_of_document_has_its_words_sum_and_sign(
    stand: Stand, lists: Lists, shop: tuple[Visitor, int]
) -> None:
    owner, card = shop
    now = stand.counter.now
    assert stand.send(card, deposit(5_000_00, now)).code == 0
    sold = stand.sell(card, 112_50)
    parent = ParentTicket(sold.sign, now, f"6203{card:08d}", 112_50, False)
    back = ticket(12_50, operation=3, time=now, parent=parent)
    assert stand.send(card, back).code == 0
    mixed = ticket(300_00, time=now, payments=(Payment(1, 200_00), Payment(4, 100_00)), taken=None)
    assert stand.send(card, mixed).code == 0
    ask_x(stand, card)
    assert stand.close_shift(card).code == 0
    page = lists.transactions(owner, card, ALL)
    assert [(row.text.ru, row.sum) for row in page.rows] == [
        ("Z-отчет", 400_00),
        ("Закрытие смены № 0001", 400_00),
        ("X-отчет", 400_00),
        ("Продажа, карта, мобильный", 300_00),
        ("Возврат продажи, наличные", 12_50),
        ("Продажа, наличные", 112_50),
        ("Внесение", 5_000_00),
    ]
    assert [row.sign for row in page.rows[:3]] == [f"{card}_5", f"{card}_5", ""]
    assert page.rows[5].sign == sold.sign
    assert (page.older, page.documents) == (None, 5)


def test_a_z_report_and_its_shift_show_the_closing_s_own_figures(
    stand: Stand, lists: Lists, shop: tuple[Visitor, int]
) -> None:
    owner, card = shop
    stand.sell(card, 1_15)
    stand.sell(card, 2_000_00)
    stand.close_shift(card)
    stand.close_shift(card)
    stand.sell(card, 7_00)
    later, first = lists.z_reports(owner, card, ALL).rows
    assert (first.kind, first.shift, first.receipts, first.revenue, first.cash) == (
        Kind.Z,
        1,
        2,
        2_001_15,
        2_001_15,
    )
    assert first.non_nullable == {0: 0, 1: 0, 2: 2_001_15, 3: 0}
    assert (later.shift, later.receipts, later.revenue, later.cash) == (2, 0, 0, 2_001_15)
    opened, second, begun = lists.shifts(owner, card, ALL).rows
    assert (opened.shift, opened.closed, opened.number, opened.documents) == (3, "", None, 1)
    assert (opened.receipts, opened.revenue, opened.cash) == (1, 7_00, 2_008_15)
    assert (second.shift, second.documents, second.opened) == (2, 1, "")
    assert (begun.shift, begun.documents, begun.receipts) == (1, 3, 2)
    assert begun.opened == begun.closed == "2026-09-13T11:00:00"


def test_an_x_report_keeps_the_figures_of_its_moment(
    stand: Stand, lists: Lists, shop: tuple[Visitor, int]
) -> None:
    owner, card = shop
    stand.sell(card, 36_00)
    ask_x(stand, card)
    stand.sell(card, 64_00)
    ask_x(stand, card)
    second, first = lists.x_reports(owner, card, ALL).rows
    assert (first.shift, first.receipts, first.revenue, first.non_nullable) == (1, 1, 36_00, {})
    assert (second.receipts, second.revenue, second.cash) == (2, 100_00, 100_00)


def test_a_period_has_both_its_days_and_a_shift_its_documents(
    stand: Stand, lists: Lists, shop: tuple[Visitor, int]
) -> None:
    owner, card = shop
    for day in range(4):
        stand.sell(card, (day + 1) * 100)
        ask_x(stand, card)
        stand.close_shift(card)
        stand.lab.advance(timedelta(days=1).total_seconds())

    def sums(first: int | None = None, last: int | None = None, shift: int | None = None) -> list[int]:
        days = (None if one is None else date(2026, 9, one) for one in (first, last))
        page = lists.transactions(owner, card, Filter(*days, shift))
        assert page.documents == len([row for row in page.rows if row.kind not in (Kind.X, Kind.Z)])
        return [row.sum for row in page.rows if row.kind is Kind.TICKET]

    assert sums() == [400, 300, 200, 100]
    assert sums(14, 15) == [300, 200]
    assert sums(16) == [400]
    assert sums(None, 13) == [100]
    assert sums(17) == sums(None, 12) == []
    assert sums(shift=3) == [300]
    assert sums(14, 14, shift=2) == [200]
    assert sums(14, 14, shift=3) == []
    assert sums(shift=9) == []
    days = Filter(date(2026, 9, 14), date(2026, 9, 15))
    assert [row.shift for row in lists.z_reports(owner, card, days).rows] == [3, 2]
    assert [row.shift for row in lists.x_reports(owner, card, days).rows] == [3, 2]
    assert [row.shift for row in lists.shifts(owner, card, days).rows] == [3, 2]


def test_pages_follow_each_other_without_a_row_lost_or_twice(
    stand: Stand, lists: Lists, shop: tuple[Visitor, int]
) -> None:
    owner, card = shop
    for number in range(7):
        stand.sell(card, 100 + number)
        for _ in range(number % 3):
            ask_x(stand, card)
    stand.close_shift(card)
    whole = lists.transactions(owner, card, ALL).rows
    assert len(whole) == 7 + 6 + 2
    for limit in (1, 2, 3, 14):
        found, place = [], ""
        while True:
            page = lists.transactions(owner, card, ALL, place, limit)
            found += page.rows
            if page.older is None:
                break
            place = page.older
        assert found == list(whole), limit


def test_a_register_whose_clock_went_back_loses_no_document(
    stand: Stand, lists: Lists, shop: tuple[Visitor, int]
) -> None:
    owner, card = shop
    now = stand.counter.now
    moments = [now, now - timedelta(days=2), now + timedelta(seconds=1), now - timedelta(days=1)]
    for place, moment in enumerate(moments):
        assert stand.send(card, ticket(100 + place, time=moment)).code == 0
    for back, sums in ((0, [102, 100]), (1, [103]), (2, [101])):
        day = (now - timedelta(days=back)).date()
        page = lists.transactions(owner, card, Filter(day, day))
        assert ([row.sum for row in page.rows], page.documents) == (sums, None)


@pytest.mark.parametrize(
    ("wanted", "place", "limit", "field"),
    [
        (Filter(date(2026, 9, 2), date(2026, 9, 1)), "", 50, "first"),
        (Filter(shift=0), "", 50, "shift"),
        (Filter(shift=2**40), "", 50, "shift"),
        (ALL, "x", 50, "place"),
        (ALL, "1.x", 50, "place"),
        (ALL, "9" * 17, 50, "place"),
        (ALL, "", 0, "limit"),
        (ALL, "", 501, "limit"),
    ],
)
def test_a_wrong_question_is_told_by_field(
    lists: Lists, shop: tuple[Visitor, int], wanted: Filter, place: str, limit: int, field: str
) -> None:
    for name in ("transactions", "z_reports", "x_reports", "shifts"):
        with pytest.raises(InvalidError) as told:
            getattr(lists, name)(*shop, wanted, place, limit)
        assert [one.field for one in told.value.findings] == [field]


def test_the_last_day_there_is_can_be_asked_for(lists: Lists, shop: tuple[Visitor, int]) -> None:
    assert lists.transactions(*shop, Filter(date.min, date.max)).rows == ()


def test_a_stranger_and_a_user_of_another_outlet_find_nothing(
    stand: Stand, lists: Lists, shop: tuple[Visitor, int]
) -> None:
    owner, card = shop
    stand.sell(card)
    stranger = stand.owner(replace(HEAD, number=OTHER_NUMBER, key="k2"))
    cashier = replace(owner, role=1, outlets=frozenset())
    for visitor in (stranger, cashier):
        for name in ("transactions", "z_reports", "x_reports", "shifts"):
            with pytest.raises(UnknownError):
                getattr(lists, name)(visitor, card, ALL)
    seller = replace(owner, role=1, outlets=frozenset({stand.card(card).outlet}))
    assert len(lists.transactions(seller, card, ALL).rows) == 1


def test_lists_and_spans_read_by_index_only(stand: Stand, lists: Lists, shop: tuple[Visitor, int]) -> None:
    owner, card = shop
    stand.sell(card)
    stand.close_shift(card)
    plans: list[str] = []
    engine = stand.office.engine

    def explain(
        connection: sa.Connection, cursor: object, statement: str, parameters: object, *_: object
    ) -> None:
        if statement.startswith("SELECT") and "kz_documents" in statement:
            driver = connection.connection.driver_connection
            assert driver is not None
            plans.extend(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    sa.event.listen(engine, "before_cursor_execute", explain)
    wanted = Filter(date(2026, 9, 13), date(2026, 9, 13), 1)
    lists.transactions(owner, card, wanted)
    lists.z_reports(owner, card, ALL)
    lists.shifts(owner, card, ALL)
    assert plans
    assert [plan for plan in plans if "SCAN" in plan or "TEMP" in plan] == []
    assert any("kz_documents_closings" in plan for plan in plans)


def test_a_cancelled_ticket_says_so(stand: Stand, lists: Lists, shop: tuple[Visitor, int]) -> None:
    owner, card = shop
    stand.sell(card, 5_00)
    with stand.counter.ledger.engine.begin() as connection:
        connection.execute(sa.update(tables.documents).values(cancelled=True))
    [row] = lists.transactions(owner, card, ALL).rows
    assert (row.text.ru, row.cancelled) == ("Продажа, наличные, отменен", True)
    assert datetime.fromisoformat(row.time) == stand.counter.now


@pytest.mark.slow
def test_postgresql_shows_the_same(tmp_path: Path) -> None:
    """Both databases, the same documents: every list and every archive row alike."""

    def told(stand: Stand) -> list[object]:
        owner = stand.owner()
        card = stand.registered(owner)
        stand.token(owner, card)
        for day in range(3):
            for total in range(1, 4):
                stand.sell(card, total * 100 + day)
            ask_x(stand, card)
            stand.close_shift(card)
            stand.lab.advance(86_400)
        stand.sell(card)
        lists = Lists(stand.office)
        days = Filter(date(2026, 9, 14), date(2026, 9, 15))
        found: list[object] = []
        for name in ("transactions", "z_reports", "x_reports", "shifts"):
            for wanted in (ALL, days, Filter(shift=2)):
                for limit in (3, 50):
                    page = getattr(lists, name)(owner, card, wanted, "", limit)
                    found.append(page)
                    if page.older is not None:
                        found.append(getattr(lists, name)(owner, card, wanted, page.older, limit))
        read = TABLES["transactions"].read
        with stand.office.reading() as session:
            span = span_of(session.connection(), card, ALL)
        found.append(list(read(stand.office.reading, span, card)))
        stand.close()
        return found

    with served() as url:
        known, other = told(Stand(tmp_path)), told(Stand(url))
    assert len(known) > 24
    assert known == other
