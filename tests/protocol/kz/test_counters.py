"""Counters: the worked shift field by field, undo, closing, and two ways of counting held together."""

from __future__ import annotations

import functools
import itertools
import json
import random
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference.protocol.kz import tally
from reference.protocol.kz.counters import (
    DeviceCounters,
    ShiftOpensOn,
    ZeroRows,
    apply_money,
    apply_ticket,
    build_report,
    cancel_ticket,
    close_shift,
    empty_report,
)
from reference.protocol.kz.dialects import dialect_for
from reference.protocol.kz.documents import CloseShift, MoneyPlacement
from reference.protocol.kz.generate import random_placement, random_ticket
from reference.protocol.kz.kinds import PlacementKind, ReportKind
from reference.protocol.kz.message_json import message_to_json
from reference.protocol.kz.recount import Booked, CancelTicket, recount
from reference.protocol.kz.report_codec import read_report, write_report
from reference.protocol.kz.reports import Difference, ReportData, differences, figures
from reference.protocol.kz.takeover import take_over
from reference.protocol.kz.tally import counters_from_json, counters_to_json, counters_to_text
from reference.protocol.kz.tickets import Operator, Payment, Ticket
from tests.protocol.kz import drawing, worked_shift

NOON = datetime(2025, 9, 1, 12)
FRESH = DeviceCounters()


def book(
    counters: DeviceCounters, document: Booked, before: Booked | None = None
) -> tuple[DeviceCounters, ReportData | None]:
    """One document into the counters; its Z if it closes the shift."""
    if isinstance(document, Ticket):
        return apply_ticket(counters, document), None
    if isinstance(document, MoneyPlacement):
        return apply_money(counters, document), None
    if isinstance(document, CancelTicket):
        return (cancel_ticket(counters, before) if isinstance(before, Ticket) else counters), None
    closing = close_shift(
        counters, document.time, withdraw=document.withdraw_money, is_offline=document.is_offline
    )
    return closing.counters, closing.report


def book_all(documents: tuple[Booked, ...]) -> tuple[DeviceCounters, list[ReportData]]:
    counters, reports, before = FRESH, [], None
    for document in documents:
        counters, report = book(counters, document, before)
        if report is not None:
            reports.append(report)
        before = document
    return counters, reports


def wire(report: ReportData, version: int = 203) -> dict:
    dialect = dialect_for(version)
    assert dialect is not None
    message = dialect.messages.ZXReport()
    write_report(dialect, message, report)
    value = message_to_json(message)
    value.pop("checksum", None)
    return value


def test_the_worked_shift_field_by_field() -> None:
    counters, [report] = book_all(worked_shift.DOCUMENTS)
    got = wire(report)
    for field in worked_shift.Z.keys() | got.keys():
        assert got.get(field) == worked_shift.Z.get(field), field
    assert counters.cash == 0
    assert counters.last_shift == 1
    assert counters.shift is None


def test_the_drawer_of_the_worked_shift_before_it_closes() -> None:
    counters, _ = book_all(worked_shift.DOCUMENTS[:-1])
    assert counters.cash == 4830_00
    x = build_report(counters, ReportKind.X, NOON)
    assert (x.time, x.closed, x.opened, x.cash) == (NOON, None, worked_shift.OPENED, 4830_00)
    assert x.placements[1].total_count == 1


def test_the_worked_shift_in_124_lacks_what_124_lacks() -> None:
    _, [report] = book_all(worked_shift.DOCUMENTS)
    got = wire(report, 124)
    assert "open_shift_time" not in got
    assert got["ticket_operations"][0].keys() == {
        "operation",
        "tickets_total_count",
        "tickets_count",
        "tickets_sum",
        "payments",
    }
    assert got["ticket_operations"][1]["payments"][2] == {"sum": {"bills": 270, "coins": 0}}
    dialect = dialect_for(124)
    assert dialect is not None
    message = dialect.messages.ZXReport()
    write_report(dialect, message, report)
    assert read_report(dialect, message).tickets[1].payments[2].type == 4


def test_full_rows_name_every_operation_kind_and_payment() -> None:
    closing = close_shift(FRESH, NOON, zero_rows=ZeroRows.FULL)
    got = wire(closing.report)
    for field in (
        "operations",
        "discounts",
        "markups",
        "total_result",
        "start_shift_non_nullable_sums",
        "ticket_operations",
        "non_nullable_sums",
    ):
        assert len(got[field]) == 4, field
    assert len(got["money_placements"]) == 2
    assert all(len(row["payments"]) == 5 for row in got["ticket_operations"])
    assert figures(closing.report) == figures(close_shift(FRESH, NOON).report)
    _, [full] = zip(
        *[
            (
                None,
                close_shift(book_all(worked_shift.DOCUMENTS[:-1])[0], NOON, zero_rows=ZeroRows.FULL).report,
            )
        ],
        strict=True,
    )
    assert all(len(row["operations"]) == 4 for row in wire(full)["sections"])
    assert all(len(row["operations"]) == 4 for row in wire(full)["taxes"])


def test_a_fresh_device_has_empty_reports() -> None:
    assert build_report(FRESH, ReportKind.X, NOON) == ReportData(NOON, 1)
    assert empty_report(NOON, 0) == ReportData(NOON, 0)


def test_an_x_without_a_shift_is_that_of_the_shift_to_come() -> None:
    counters, _ = book_all(worked_shift.DOCUMENTS)
    report = build_report(counters, ReportKind.X, NOON)
    assert report.shift_number == 2
    assert figures(report) == {
        "shift_number": 2,
        "start_shift_non_nullable_sums.BUY": 200_00,
        "start_shift_non_nullable_sums.SELL": 2220_00,
        "start_shift_non_nullable_sums.SELL_RETURN": 420_00,
        "non_nullable_sums.BUY": 200_00,
        "non_nullable_sums.SELL": 2220_00,
        "non_nullable_sums.SELL_RETURN": 420_00,
        "ticket_operations.BUY.total_count": 1,
        "ticket_operations.SELL.total_count": 3,
        "ticket_operations.SELL_RETURN.total_count": 1,
        "money_placements.DEPOSIT.total_count": 1,
        "money_placements.WITHDRAWAL.total_count": 2,
    }


def test_the_next_shift_starts_with_what_carries_over() -> None:
    counters, _ = book_all(worked_shift.DOCUMENTS)
    counters = apply_ticket(counters, sale(100_00))
    report = close_shift(counters, NOON).report
    assert report.shift_number == 2
    assert [(row.operation, row.sum) for row in report.start_non_nullable] == [
        (0, 200_00),
        (2, 2220_00),
        (3, 420_00),
    ]
    assert [(row.operation, row.sum) for row in report.non_nullable] == [
        (0, 200_00),
        (2, 2320_00),
        (3, 420_00),
    ]
    assert (report.tickets[1].total_count, report.tickets[1].count) == (4, 1)
    assert report.cash == 100_00


def sale(total: int, operation: int = 2, time: datetime = NOON) -> Ticket:
    return Ticket(operation, time, Operator(1), (), (Payment(0, total),), total, taken=total)


@pytest.mark.parametrize(
    ("operation", "cash", "revenue"), [(0, -100, -100), (1, 100, 100), (2, 100, 100), (3, -100, -100)]
)
def test_each_operation_moves_cash_and_revenue_its_way(operation: int, cash: int, revenue: int) -> None:
    counters = apply_ticket(FRESH, sale(100, operation))
    assert counters.cash == cash
    assert build_report(counters, ReportKind.X, NOON).revenue == revenue
    assert counters.non_nullable == {("non_nullable", operation): 100}


def test_withdrawal_at_closing_takes_what_is_there_and_never_less_than_nothing() -> None:
    counters = apply_ticket(FRESH, sale(100))
    closing = close_shift(counters, NOON, withdraw=True, is_offline=True)
    assert closing.counters.cash == 0
    assert [(row.operation, row.count, row.sum, row.offline_count) for row in closing.report.placements] == [
        (1, 1, 100, 1)
    ]
    owing = close_shift(apply_ticket(FRESH, sale(100, operation=0)), NOON, withdraw=True)
    assert owing.counters.cash == -100
    assert owing.report.placements == ()
    kept = close_shift(counters, NOON)
    assert kept.counters.cash == 100


def test_closing_without_a_shift_counts_an_empty_one() -> None:
    once = close_shift(FRESH, NOON)
    assert (once.counters.last_shift, once.report.shift_number, once.report.opened) == (1, 1, None)
    with_cash = DeviceCounters(cash=5)
    assert close_shift(with_cash, NOON, withdraw=True).report.placements[0].sum == 5


def test_what_opens_a_shift() -> None:
    deposit = MoneyPlacement(0, NOON, 500)
    later = NOON + timedelta(hours=1)
    assert apply_money(FRESH, deposit).opened == NOON
    waiting = apply_money(FRESH, deposit, ShiftOpensOn.TICKET)
    assert waiting.opened is None
    assert waiting.shift_number == 1
    assert apply_money(waiting, deposit, ShiftOpensOn.TICKET).opened is None
    opened = apply_ticket(waiting, sale(100, time=later))
    assert opened.opened == later
    assert opened.of_shift(tally.PLACEMENT_SUM, PlacementKind.DEPOSIT) == 500
    assert apply_ticket(opened, sale(100)).opened == later
    assert opened.total(tally.TICKETS_TOTAL, 2) == 1
    assert FRESH.of_shift(tally.TICKET_COUNT, 2) == 0


def test_documents_without_their_mandatory_fields_count_nothing() -> None:
    nothing = Ticket(None, NOON, Operator(), (), (), None)
    counters = apply_ticket(FRESH, nothing)
    assert counters.opened == NOON
    assert figures(build_report(counters, ReportKind.X, NOON)) == {
        "shift_number": 1,
        "open_shift_time": NOON.isoformat(),
    }
    assert apply_money(FRESH, MoneyPlacement(None, NOON, 5)) == counters
    assert apply_money(FRESH, MoneyPlacement(0, NOON, None)) == counters


def test_cancelling_needs_the_ticket_s_shift() -> None:
    with pytest.raises(ValueError, match="open shift"):
        cancel_ticket(FRESH, sale(1))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(drawing.tickets(203), max_size=3), drawing.tickets(203))
def test_cancelling_takes_a_ticket_out_of_all_but_the_total_count(
    before: list[Ticket], ticket: Ticket
) -> None:
    counters = functools.reduce(apply_ticket, before, apply_money(FRESH, MoneyPlacement(0, NOON, 5)))
    after = cancel_ticket(apply_ticket(counters, ticket), ticket)
    assert after.shift == counters.shift
    assert after.cash == counters.cash
    key = (tally.TICKETS_TOTAL, ticket.operation)
    assert {**after.totals, key: 0} == {**counters.totals, key: 0}
    counted = 0 if ticket.operation is None else 1
    assert after.totals.get(key, 0) == counters.totals.get(key, 0) + counted


placements = st.builds(MoneyPlacement, st.integers(0, 1), drawing.times, drawing.tiyn, st.booleans())
closings = st.builds(CloseShift, drawing.times, st.booleans(), st.booleans())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        drawing.tickets(203).filter(lambda ticket: ticket.operation is not None)
        | placements
        | closings
        | st.just(CancelTicket()),
        max_size=8,
    )
)
def test_counting_one_by_one_equals_counting_all_at_once(documents: list[Booked]) -> None:
    counters, reports = book_all(tuple(documents))
    again = recount(documents)
    assert again.counters == counters
    assert list(again.reports) == reports


@given(st.integers(0, 2**32), st.sampled_from([124, 202, 203, 204]))
@settings(max_examples=30, deadline=None)
def test_a_busy_week_counts_the_same_both_ways_and_through_json(seed: int, version: int) -> None:
    rng = random.Random(seed)
    documents: list[Booked] = []
    for step in range(60):
        time = NOON + timedelta(minutes=step)
        draw = rng.random()
        if draw < 0.08:
            documents.append(CloseShift(time, withdraw_money=rng.random() < 0.5))
        elif draw < 0.2:
            documents.append(random_placement(rng, time))
        elif draw < 0.25:
            documents.append(CancelTicket())
        else:
            offline = int(time.timestamp()) if rng.random() < 0.2 else None
            documents.append(random_ticket(rng, version, time, offline_number=offline))
    counters, reports = book_all(tuple(documents))
    again = recount(documents)
    assert again.counters == counters
    assert list(again.reports) == reports
    assert counters_from_json(json.loads(json.dumps(counters_to_json(counters)))) == counters
    assert counters_to_text(counters) == json.dumps(counters_to_json(counters))
    for earlier, later in itertools.pairwise(reports):
        assert later.start_non_nullable == earlier.non_nullable
    for report in reports:
        assert all(row.sum == sum(payment.sum for payment in row.payments) for row in report.tickets)


def test_counters_without_a_shift_go_through_json() -> None:
    for counters in (
        FRESH,
        DeviceCounters(5, 3, {("tickets.total", 2): 7}),
        apply_money(FRESH, MoneyPlacement(0, NOON, 1), ShiftOpensOn.TICKET),
    ):
        assert counters_from_json(json.loads(json.dumps(counters_to_json(counters)))) == counters
        assert counters_to_text(counters) == json.dumps(counters_to_json(counters))


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_a_register_that_lost_everything_takes_all_over_from_an_x(seed: int) -> None:
    rng = random.Random(seed)
    counters, _ = book_all(worked_shift.DOCUMENTS)
    for _ in range(5):
        counters = apply_ticket(counters, random_ticket(rng, 203, NOON, cash_limit=0))
    dialect = dialect_for(203)
    assert dialect is not None
    message = dialect.messages.ZXReport()
    write_report(dialect, message, build_report(counters, ReportKind.X, NOON))
    assert take_over(FRESH, ReportKind.X, read_report(dialect, message)) == counters


def test_a_register_takes_over_after_a_z() -> None:
    counters, [z] = book_all(worked_shift.DOCUMENTS)
    assert take_over(FRESH, ReportKind.Z, z) == counters
    assert take_over(FRESH, ReportKind.Z, ReportData(NOON, 1)) == FRESH
    assert take_over(FRESH, ReportKind.Z, ReportData(NOON, 0)) == FRESH


def test_totals_since_registration_only_grow_when_taken_over() -> None:
    local = DeviceCounters(totals={(tally.NON_NULLABLE, 2): 500, (tally.TICKETS_TOTAL, 2): 9})
    report = build_report(apply_ticket(FRESH, sale(100)), ReportKind.X, NOON)
    taken = take_over(local, ReportKind.X, report)
    assert taken.totals == {(tally.NON_NULLABLE, 2): 500, (tally.TICKETS_TOTAL, 2): 9}
    assert taken.cash == 100


def test_differences_name_their_figures() -> None:
    _, [ours] = book_all(worked_shift.DOCUMENTS)
    _, [theirs] = book_all((*worked_shift.DOCUMENTS[:4], *worked_shift.DOCUMENTS[5:]))
    found = {difference.field: difference for difference in differences(ours, theirs)}
    assert found["operations.BUY.count"] == Difference("operations.BUY.count", 1, None)
    assert found["revenue"] == Difference("revenue", 1600_00, 1800_00)
    assert found["sections[3].BUY.sum"].ours == 200_00
    assert "operations.SELL.sum" not in found
    assert differences(ours, ours) == []


def test_sections_that_a_client_splits_are_added() -> None:
    _, [ours] = book_all(worked_shift.DOCUMENTS)
    section = ours.sections[0]
    split = tuple(type(section)(section.section, (row,)) for row in section.operations)
    theirs = ReportData(
        **{name: getattr(ours, name) for name in ours.__slots__ if name != "sections"},
        sections=(*split, *ours.sections[1:]),
    )
    assert differences(ours, theirs) == []


def test_a_number_nobody_named_stands_for_itself() -> None:
    row = book_all(worked_shift.DOCUMENTS)[1][0].tickets[0]
    odd = type(row)(9, 1, 1, 5)
    assert figures(ReportData(NOON, 1, tickets=(odd,)))["ticket_operations.9.sum"] == 5


def test_turnover_without_tax_is_compared_as_stated() -> None:
    _, [ours] = book_all(worked_shift.DOCUMENTS)
    dialect = dialect_for(203)
    assert dialect is not None
    message = dialect.messages.ZXReport()
    write_report(dialect, message, ours)
    message.taxes[0].operations[0].turnover_without_tax.bills = 900
    found = differences(ours, read_report(dialect, message))
    assert [difference.field for difference in found] == ["taxes[12000].SELL.turnover_without_tax"]
    message.taxes[0].operations[0].ClearField("turnover_without_tax")
    assert differences(ours, read_report(dialect, message)) == []
