"""Every row of kz-ofd §10.4 at its boundary, switched on, to warn and off; limits of §8.3 and §10.5."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.protocol.kz.checks import CLOSE_CHECKS, MONEY_CHECKS, REPORT_CHECKS, TICKET_CHECKS
from reference.protocol.kz.counters import DeviceCounters, ShiftCounters
from reference.protocol.kz.dialects import Command, Dialect, dialect_for
from reference.protocol.kz.documents import CloseShift, MoneyPlacement, ReportAsk
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.money import MAX_TIYN
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.results import ResultCode
from reference.protocol.kz.switches import Mode, ShiftScope, Switches
from reference.protocol.kz.tickets import (
    Line,
    Misfit,
    Modifier,
    Operator,
    ParentTicket,
    Payment,
    TaxEntry,
    Ticket,
)
from reference.protocol.kz.validation import (
    Context,
    Finding,
    Severity,
    cash_finding,
    limit_passed,
    shift_finding,
    validate,
    validate_ticket,
    verdict,
)
from tests.protocol.kz import drawing, worked_shift

NOON = datetime(2025, 9, 1, 12)
CASHIER = Operator(1, "Айгүл")
HERE = Context(now=NOON, last_time=NOON, org_inn="941240000193")
EVERYTHING = {check.id for check in (*TICKET_CHECKS, *MONEY_CHECKS, *CLOSE_CHECKS, *REPORT_CHECKS)}
ALL_ON = Switches(checks=dict.fromkeys(EVERYTHING, Mode.ON), shift_number_check=Mode.ON)


def dialect(version: int = 203) -> Dialect:
    found = dialect_for(version)
    assert found is not None
    return found


def line(total: int = 100_00, **fields: Any) -> Line:
    plain = {
        "name": "A",
        "section": "1",
        "quantity": 1000,
        "price": total,
        "sum": total,
        "measure_unit": "796",
    }
    return Line(1, **{**plain, "commodity_type": 0, **fields})


def storno(total: int = 100_00, **fields: Any) -> Line:
    return replace(line(total, **fields), type=2)


def discount(total: int | None, name: str = "скидка", type: int = 5) -> Modifier:
    return Modifier(type, name, total)


def markup(total: int | None, type: int = 3) -> Modifier:
    return Modifier(type, "наценка", total)


def whole(total: int | None) -> Modifier:
    return Modifier(None, "на чек", total)


def sale(*items: Any, total: int = 100_00, **fields: Any) -> Ticket:
    """A ticket of these items that is right if they come to `total`, paid by card unless told otherwise."""
    plain: dict[str, Any] = {
        "operation": 2,
        "time": NOON,
        "operator": CASHIER,
        "items": items or (line(total),),
        "payments": (Payment(1, total),),
        "total": total,
        "domain": 0,
    }
    return Ticket(**{**plain, **fields})


PARENT = ParentTicket("123456789", NOON - timedelta(days=1), "010100109730", 100_00, False)
GOOD = sale()


def found(
    document: Any, version: int = 203, context: Context = HERE, switches: Switches = ALL_ON
) -> list[tuple[str, str]]:
    return [
        (finding.id, finding.field) for finding in validate(document, dialect(version), context, switches)
    ]


@pytest.mark.parametrize("version", [124, 125, 200, 201, 202, 203, 204])
def test_a_good_ticket_has_no_finding(version: int) -> None:
    assert found(GOOD, version) == []
    assert verdict(validate(GOOD, dialect(version), HERE)) is None


# what is done to a good ticket, and the findings that follow with every row switched on
BROKEN: list[tuple[str, Ticket, list[tuple[str, str]]]] = [
    ("operation", replace(GOOD, operation=None), [("T01", "operation")]),
    ("time", replace(GOOD, time=None), [("T01", "date_time")]),
    ("operator", replace(GOOD, operator=Operator(name="X")), [("T01", "operator.code")]),
    ("total", replace(GOOD, total=None), [("T01", "amounts.total")]),
    ("payment type", replace(GOOD, payments=(Payment(None, 100_00),)), [("T01", "payments[0].type")]),
    (
        "payment sum",
        replace(GOOD, payments=(Payment(1, None),)),
        [("T01", "payments[0].sum"), ("T18", "payments")],
    ),
    ("tax sum", sale(line(taxes=(TaxEntry(12000, None),))), [("T01", "items[0].commodity.taxes[0]")]),
    ("tax percent", replace(GOOD, taxes=(TaxEntry(None, 1),)), [("T01", "taxes[0]")]),
    ("no items", replace(GOOD, items=()), [("T02", "items"), ("T13", "amounts.total")]),
    ("misfit", sale(line(), Misfit(3)), [("T02", "items[1]")]),
    ("misfit without type", sale(line(), Misfit(None)), [("T02", "items[1]")]),
    ("name", sale(line(name="")), [("T03", "items[0].commodity.name")]),
    ("section", sale(line(section="")), [("T03", "items[0].commodity.section_code")]),
    ("quantity", sale(line(quantity=None)), [("T03", "items[0].commodity.quantity")]),
    ("price", sale(line(price=None)), [("T03", "items[0].commodity.price")]),
    ("line sum", sale(line(sum=None)), [("T03", "items[0].commodity.sum")]),
    ("unit", sale(line(measure_unit="")), [("T03", "items[0].commodity.measure_unit_code")]),
    (
        "storno section",
        sale(line(), line(), storno(section="", name="")),
        [("T03", "items[2].storno_commodity.section_code"), ("T24", "items[2].storno_commodity")],
    ),
    ("modifier name", sale(line(), discount(10_00, ""), total=90_00), [("T04", "items[1].discount.name")]),
    ("modifier sum", sale(line(), markup(None)), [("T04", "items[1].markup.sum")]),
    ("whole modifier sum", sale(line(), discount=whole(None)), [("T04", "amounts.discount.sum")]),
    (
        "whole modifier name",
        sale(total=90_00, items=(line(),), discount=Modifier(None, "", 10_00)),
        [("T04", "amounts.discount.name")],
    ),
    ("domain", replace(GOOD, domain=None), [("T05", "domain.type")]),
    ("taken", replace(GOOD, payments=(Payment(0, 100_00),)), [("T06", "amounts.taken")]),
    ("parent", replace(GOOD, operation=3), [("T07", "parent_ticket")]),
    ("parent of a purchase", replace(GOOD, operation=1), [("T07", "parent_ticket")]),
    (
        "empty parent",
        replace(GOOD, operation=3, parent=ParentTicket()),
        [
            ("T07", "parent_ticket.parent_ticket_number"),
            ("T07", "parent_ticket.parent_ticket_data_time"),
            ("T07", "parent_ticket.kgd_kkm_id"),
            ("T07", "parent_ticket.parent_ticket_total"),
            ("T07", "parent_ticket.parent_ticket_is_offline"),
        ],
    ),
    ("no date", replace(GOOD, time=None, bad_time="2025-02-30 12:00:00"), [("T08", "date_time")]),
    (
        "2012",
        replace(GOOD, time=datetime(2012, 12, 31, 23, 59, 59)),
        [("T08", "date_time"), ("T09", "date_time")],
    ),
    (
        "parent without a date",
        replace(GOOD, operation=3, parent=replace(PARENT, time=None, bad_time="x")),
        [("T08", "parent_ticket.parent_ticket_data_time")],
    ),
    (
        "parent of 2012",
        replace(GOOD, operation=3, parent=replace(PARENT, time=datetime(2012, 1, 1))),
        [("T08", "parent_ticket.parent_ticket_data_time")],
    ),
    ("301 s ahead", replace(GOOD, time=NOON + timedelta(seconds=301)), [("T09", "date_time")]),
    ("1 s before the last", replace(GOOD, time=NOON - timedelta(seconds=1)), [("T09", "date_time")]),
    (
        "coins",
        replace(GOOD, bad_money=("amounts.total", "items[0].price")),
        [("T10", "amounts.total"), ("T10", "items[0].price")],
    ),
    (
        "quantity 0",
        sale(line(quantity=0)),
        [("T11", "items[0].commodity.quantity"), ("T14", "items[0].commodity.sum")],
    ),
    ("total 0", sale(line(0), total=0), [("T12", "amounts.total")]),
    ("total too high", sale(line(), total=100_01), [("T13", "amounts.total")]),
    ("total too low", sale(line(), total=99_99), [("T13", "amounts.total")]),
    (
        "line sum 2 tiyn off",
        sale(line(100_02, price=100_00), total=100_02),
        [("T14", "items[0].commodity.sum")],
    ),
    (
        "line sum 2 tiyn below",
        sale(line(99_98, price=100_00), total=99_98),
        [("T14", "items[0].commodity.sum")],
    ),
    (
        "discount of the whole",
        sale(line(), discount(100_00), total=0),
        [("T12", "amounts.total"), ("T15", "amounts"), ("T15", "items[1].discount.sum")],
    ),
    (
        "discount of the line",
        sale(line(10_00), discount(10_00), line(90_00), total=90_00),
        [("T15", "items[1].discount.sum")],
    ),
    (
        "discount of the last line",
        sale(line(90_00), line(10_00), discount(10_00), total=90_00),
        [("T15", "items[2].discount.sum")],
    ),
    (
        "ticket discount of the whole",
        sale(line(), total=0, discount=whole(100_00)),
        [("T12", "amounts.total"), ("T15", "amounts")],
    ),
    ("markup and discount", sale(line(), markup=whole(5_00), discount=whole(5_00)), [("T16", "amounts")]),
    ("both on one item", sale(line(), markup(5_00), discount(5_00)), [("T16", "items[2]")]),
    (
        "both on the first item",
        sale(line(), discount(5_00), markup(5_00), line(), total=200_00),
        [("T16", "items[2]")],
    ),
    (
        "two cards",
        replace(GOOD, payments=(Payment(1, 40_00), Payment(4, 20_00), Payment(1, 40_00))),
        [("T17", "payments[2].type")],
    ),
    ("paid too little", replace(GOOD, payments=(Payment(1, 99_99),)), [("T18", "payments")]),
    ("paid too much", replace(GOOD, payments=(Payment(1, 60_00), Payment(4, 40_01))), [("T18", "payments")]),
    (
        "change forgotten",
        replace(GOOD, payments=(Payment(0, 100_00),), taken=150_00, change=49_99),
        [("T19", "payments")],
    ),
    (
        "taxes in both places",
        sale(line(taxes=(TaxEntry(12000, 10_71),)), taxes=(TaxEntry(12000, 10_71),)),
        [("T20", "taxes")],
    ),
    (
        "a percent twice on a line",
        sale(line(taxes=(TaxEntry(12000, 10_71), TaxEntry(12000, 10_71)))),
        [("T20", "items[0].commodity.taxes")],
    ),
    (
        "a percent twice on a modifier",
        sale(line(), Modifier(5, "x", 10_00, (TaxEntry(0, 0), TaxEntry(0, 0))), total=90_00),
        [("T20", "items[1].discount.taxes")],
    ),
    (
        "a percent twice on the whole markup",
        sale(line(), total=110_00, markup=Modifier(None, "x", 10_00, (TaxEntry(0, 0), TaxEntry(0, 0)))),
        [("T20", "amounts.markup.taxes")],
    ),
    (
        "a percent twice on the ticket",
        replace(GOOD, taxes=(TaxEntry(0, 0), TaxEntry(0, 0))),
        [("T20", "taxes")],
    ),
    (
        "tax 2 tiyn high",
        sale(line(taxes=(TaxEntry(12000, 10_73),))),
        [("T21", "items[0].commodity.taxes[0].sum")],
    ),
    ("tax 2 tiyn low", replace(GOOD, taxes=(TaxEntry(12000, 10_69),)), [("T21", "taxes[0].sum")]),
    ("tax on top", replace(GOOD, taxes=(TaxEntry(12000, 10_71, inside=False),)), [("T21", "taxes[0].sum")]),
    (
        "customer is seller",
        replace(GOOD, customer_iin="941240000193"),
        [("T22", "extension_options.customer_iin_or_bin")],
    ),
    (
        "storno of nothing",
        sale(line(), line(50_00), storno(50_00, name="B")),
        [("T24", "items[2].storno_commodity")],
    ),
    (
        "storno before its line",
        sale(line(), storno(50_00), line(50_00)),
        [("T24", "items[1].storno_commodity")],
    ),
    (
        "a line taken back twice",
        sale(line(), line(50_00), storno(50_00), storno(50_00), line(50_00)),
        [("T24", "items[3].storno_commodity")],
    ),
    (
        "credit",
        replace(GOOD, payments=(Payment(2, 60_00), Payment(3, 40_00))),
        [("10.2", "payments[0].type"), ("10.2", "payments[1].type")],
    ),
    ("bare string", replace(GOOD, bare_strings=("990101300012",)), [("12.1", "extension_options")]),
    ("shift number", replace(GOOD, shift_number=2), [("8.1", "fr_shift_number")]),
]


@pytest.mark.parametrize(
    ("ticket", "findings"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_broken_ticket_has_its_findings_and_no_other(
    ticket: Ticket, findings: list[tuple[str, str]]
) -> None:
    assert found(ticket) == findings


# what stands right at the boundary, or is allowed
ALLOWED: list[tuple[str, Ticket]] = [
    ("a code instead of a name", sale(line(name="", code=0))),
    ("a storno for each of two lines", sale(line(), line(), storno(), line(), storno())),
    ("storno without a name", sale(line(), line(), storno(name=""))),
    ("cash with change", replace(GOOD, payments=(Payment(0, 100_00),), taken=150_00, change=50_00)),
    ("cash without change", replace(GOOD, payments=(Payment(0, 100_00),), taken=100_00)),
    ("a return with its parent", replace(GOOD, operation=3, parent=PARENT)),
    ("a parent number may be offline", replace(GOOD, operation=1, parent=replace(PARENT, is_offline=True))),
    ("300 s ahead", replace(GOOD, time=NOON + timedelta(seconds=300))),
    ("99 coins", sale(line(99), total=99)),
    ("one tiyn", sale(line(1), total=1)),
    ("the longest sum", sale(line(MAX_TIYN), total=MAX_TIYN)),
    ("half a unit", sale(line(50_00, quantity=500, price=100_00), total=50_00)),
    ("line sum 1 tiyn off", sale(line(100_01, price=100_00), total=100_01)),
    ("line sum 1 tiyn below", sale(line(99_99, price=100_00), total=99_99)),
    ("discount of all but a tiyn", sale(line(), discount(99_99), total=1)),
    ("discount taken back", sale(line(), discount(10_00), discount(10_00, type=6), total=100_00)),
    ("markup taken back", sale(line(), markup(10_00), markup(10_00, type=4), total=100_00)),
    (
        "markup after a discount taken back",
        sale(line(), discount(5_00), discount(5_00, type=6), markup(5_00), total=105_00),
    ),
    ("modifiers at the end", sale(line(90_00), line(10_00), discount(50_00), discount(5_00), total=45_00)),
    ("both at the end, of two lines", sale(line(90_00), line(10_00), discount(5_00), markup(5_00))),
    ("each its own", sale(line(), discount(5_00), line(), markup(5_00), total=200_00)),
    ("no payments", replace(GOOD, payments=())),
    (
        "three payments",
        replace(GOOD, payments=(Payment(0, 50_00), Payment(1, 30_00), Payment(4, 20_00)), taken=50_00),
    ),
    ("tax inside", sale(line(taxes=(TaxEntry(12000, 10_71),)))),
    ("tax 1 tiyn high", sale(line(taxes=(TaxEntry(12000, 10_72),)))),
    ("tax 1 tiyn low", sale(line(taxes=(TaxEntry(12000, 10_70),)))),
    ("tax on the ticket", replace(GOOD, taxes=(TaxEntry(16000, 13_79), TaxEntry(0, 0)))),
    ("tax on top", replace(GOOD, taxes=(TaxEntry(12000, 12_00, inside=False),))),
    ("another customer", replace(GOOD, customer_iin="990101300012")),
    ("its shift number", replace(GOOD, shift_number=1)),
]


@pytest.mark.parametrize("ticket", [case[1] for case in ALLOWED], ids=[case[0] for case in ALLOWED])
def test_what_is_allowed_has_no_finding(ticket: Ticket) -> None:
    assert found(ticket) == []


def test_a_non_nullable_sum_may_not_outgrow_money() -> None:
    full = DeviceCounters(totals={("non_nullable", 2): MAX_TIYN - 100_00 + 1})
    assert found(GOOD, context=replace(HERE, counters=full)) == [("T10", "amounts.total")]
    nearly = DeviceCounters(totals={("non_nullable", 2): MAX_TIYN - 100_00})
    assert found(GOOD, context=replace(HERE, counters=nearly)) == []


# id or part, versions that check it (the others let it pass)
SINCE = [
    ("T03", sale(line(measure_unit="")), {201, 202, 203, 204}),
    ("T04", sale(line(), discount(10_00, ""), total=90_00), {201, 202, 203, 204}),
    ("T05", replace(GOOD, domain=None), {124, 203, 204}),
    ("T07", replace(GOOD, operation=3), {203, 204}),
    ("T22", replace(GOOD, customer_iin="941240000193"), {202, 203, 204}),
    ("T23", sale(line(commodity_type=None)), {204}),
    ("10.2", replace(GOOD, payments=(Payment(2, 100_00),)), {125, 200, 201, 202, 203, 204}),
    ("12.1", replace(GOOD, payments=(Payment(4, 100_00),)), {124, 125, 200}),
]


@pytest.mark.parametrize(("id", "ticket", "versions"), SINCE)
def test_a_row_begins_with_its_version(id: str, ticket: Ticket, versions: set[int]) -> None:
    checked = {
        version
        for version in (124, 125, 200, 201, 202, 203, 204)
        if id in {row for row, _ in found(ticket, version)}
    }
    assert checked == versions


# id: default mode by part, code of a breach; typed from kz-ofd §10.4
DEFAULTS = {
    "T01": {"": "on"},
    "T02": {"": "on"},
    "T03": {"": "on", "unit": "on"},
    "T04": {"name": "off", "sum": "on"},
    "T05": {"": "off"},
    "T06": {"": "on"},
    "T07": {"": "on"},
    "T08": {"": "on"},
    "T09": {"": "warn"},
    "T10": {"": "on"},
    "T11": {"": "on"},
    "T12": {"": "on"},
    "T13": {"": "on"},
    "T14": {"": "warn"},
    "T15": {"": "on"},
    "T16": {"": "on"},
    "T17": {"": "on"},
    "T18": {"": "on"},
    "T19": {"": "warn"},
    "T20": {"": "on"},
    "T21": {"": "warn"},
    "T22": {"": "on"},
    "T23": {"": "warn"},
    "T24": {"": "warn"},
    "M01": {"": "on", "operator": "off"},
    "M02": {"": "on"},
    "C01": {"close_time": "on", "z_report": "warn", "operator": "warn"},
    "R01": {"": "on"},
}
CODES = {**dict.fromkeys(("T01", "T02", "T03", "T04", "T05", "T06", "T07", "T23"), None), "T22": 17}


def test_the_rows_have_the_modes_and_codes_of_the_table() -> None:
    rows = [*TICKET_CHECKS, *MONEY_CHECKS, *CLOSE_CHECKS, *REPORT_CHECKS]
    got: dict[str, dict[str, str]] = {}
    for row in rows:
        got.setdefault(row.id, {})[row.part] = row.default.value
        assert row.code == CODES.get(row.id, 13), row.id
        assert all(row.texts), row.id
        assert row.clause == ("kz-ofd TI-" + row.id if row.id[0] in "TMCR" else row.clause)
    extra = {"8.1": {"": "warn"}, "10.2": {"": "warn"}, "12.1": {"": "warn"}, "H72-06": {"": "on"}}
    assert got == {**DEFAULTS, **extra}
    assert {row.clause for row in rows if row.id in extra} == {
        "kz-ofd §8.1",
        "kz-ofd §10.2",
        "kz-ofd §12.1",
        "kz-ofd H72-06",
    }


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("id", ["T01", "T12", "T22"])
def test_a_row_is_switched_by_itself(id: str, mode: Mode) -> None:
    ticket = sale(line(0), total=0, operator=Operator(), customer_iin="941240000193")
    switches = Switches(checks={id: mode})
    severities = {finding.id: finding.severity for finding in validate(ticket, dialect(), HERE, switches)}
    expected = dict.fromkeys(("T01", "T12", "T22"), Severity.REFUSE)
    expected.pop(id)
    if mode is not Mode.OFF:
        expected[id] = Severity.REFUSE if mode is Mode.ON else Severity.WARN
    assert severities == expected


def test_a_part_is_switched_before_its_row() -> None:
    ticket = sale(line(), discount(None, ""))
    both = Switches(checks={"T04": Mode.OFF, "T04.name": Mode.WARN})
    assert found(ticket, switches=both) == [("T04", "items[1].discount.name")]
    assert found(ticket, switches=Switches()) == [("T04", "items[1].discount.sum")]


@pytest.mark.parametrize(
    "code", [ResultCode.BLOCKED, ResultCode.INCORRECT_REQUEST_DATA, ResultCode.PROTOCOL_ERROR]
)
def test_the_code_of_a_missing_field_is_a_switch(code: ResultCode) -> None:
    [finding] = validate_ticket(
        replace(GOOD, operation=None), dialect(), HERE, Switches(missing_field_code=code)
    )
    assert finding.code is code
    [wrong] = validate_ticket(sale(line(0), total=0), dialect(), HERE, Switches(missing_field_code=code))
    assert wrong.code is ResultCode.INCORRECT_REQUEST_DATA


def test_duties_come_before_content_and_warnings_do_not_refuse() -> None:
    ticket = sale(
        line(commodity_type=None), total=99_99, operator=Operator(), time=NOON - timedelta(1), shift_number=9
    )
    findings = validate(ticket, dialect(204), HERE)
    assert [(finding.id, finding.severity.value) for finding in findings] == [
        ("T01", "refuse"),
        ("T23", "warn"),
        ("T09", "warn"),
        ("T13", "refuse"),
        ("8.1", "warn"),
    ]
    first = verdict(findings)
    assert first is not None
    assert (first.id, first.code) == ("T01", 15)
    assert verdict(findings[1:3]) is None
    assert verdict(findings[1:]) == findings[3]
    assert findings[3] == Finding(
        "T13",
        ResultCode.INCORRECT_REQUEST_DATA,
        "amounts.total",
        Severity.REFUSE,
        findings[3].text,
        "99.99 ≠ 100.00",
        "kz-ofd TI-T13",
    )


PLACED = MoneyPlacement(0, NOON, 1, operator=CASHIER, shift_number=1)
CLOSED = CloseShift(NOON, operator=CASHIER, report=ReportData(NOON, 1))
ASKED = ReportAsk(1, NOON)


@pytest.mark.parametrize(
    ("document", "findings"),
    [
        (PLACED, []),
        (
            MoneyPlacement(None, None, None),
            [("M01", "datetime"), ("M01", "operation"), ("M01", "sum"), ("M01", "operator.code")],
        ),
        (replace(PLACED, sum=0), [("M02", "sum")]),
        (replace(PLACED, bad_money=("sum",)), [("T10", "sum")]),
        (replace(PLACED, time=None, bad_time="x"), [("T08", "datetime")]),
        (replace(PLACED, time=datetime(2012, 1, 1)), [("T08", "datetime")]),
        (replace(PLACED, shift_number=2), [("8.1", "fr_shift_number")]),
        (CLOSED, []),
        (CloseShift(None), [("C01", "close_time"), ("C01", "z_report"), ("C01", "operator.code")]),
        (replace(CLOSED, time=None, bad_time="x"), [("T08", "close_time")]),
        (replace(CLOSED, shift_number=3), [("8.1", "fr_shift_number")]),
        (ASKED, []),
        (ReportAsk(None, None), [("R01", "report"), ("R01", "date_time")]),
        (replace(ASKED, time=None, bad_time="x"), [("T08", "date_time")]),
    ],
)
def test_other_documents(document: Any, findings: list[tuple[str, str]]) -> None:
    assert found(document) == findings


def test_other_documents_by_default() -> None:
    assert found(MoneyPlacement(0, NOON, 1), switches=Switches()) == []
    findings = validate(CloseShift(NOON), dialect(), HERE)
    assert {finding.severity for finding in findings} == {Severity.WARN}
    assert [finding.id for finding in findings] == ["C01", "C01"]
    assert found(MoneyPlacement(None, None, None), 204)[0] == ("M01", "date_time")
    assert found(CloseShift(NOON), 124) == []
    assert found(MoneyPlacement(0, NOON, 1), 124) == []


@pytest.mark.parametrize("document", [GOOD, PLACED, CLOSED])
def test_the_age_of_a_document_is_limited_only_by_order(document: Any) -> None:
    late = replace(HERE, now=NOON + timedelta(hours=72), last_time=None)
    assert found(document, context=late) == []
    limited = Switches(document_max_age=72)
    assert [row for row, _ in found(document, context=late, switches=limited)] == []
    later = replace(late, now=NOON + timedelta(hours=72, seconds=1))
    assert [row for row, _ in found(document, context=later, switches=limited)] == ["H72-06"]
    assert found(document, context=Context(), switches=limited) == []


def test_a_server_that_knows_nothing_checks_what_it_can() -> None:
    assert validate(replace(GOOD, time=datetime(2099, 1, 1), customer_iin=""), dialect()) == []


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([124, 125, 200, 201, 202, 203, 204]),
    st.sampled_from([None, *Operation]),
)
def test_generated_tickets_have_no_finding_in_any_row(
    seed: int, version: int, operation: Operation | None
) -> None:
    ticket = random_ticket(random.Random(seed), version, NOON, operation=operation)
    assert found(ticket, version) == []


@pytest.mark.parametrize("ticket", [one for one in worked_shift.DOCUMENTS if isinstance(one, Ticket)])
def test_the_worked_shift_s_tickets_are_right(ticket: Ticket) -> None:
    if ticket.operation == 3:
        ticket = replace(ticket, parent=PARENT)
    assert found(ticket, context=Context(now=NOON, org_inn="941240000193")) == []


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([124, 202, 203, 204]).flatmap(
        lambda version: st.tuples(st.just(version), drawing.documents(version))
    )
)
def test_no_document_breaks_the_checks(drawn: tuple[int, Any]) -> None:
    version, document = drawn
    for finding in validate(document, dialect(version), HERE, ALL_ON):
        assert finding.field
        assert finding.severity is Severity.REFUSE


def open_shift(opened: datetime | None = NOON, cash: int = 0) -> DeviceCounters:
    return DeviceCounters(cash=cash, shift=ShiftCounters(1, opened, {}))


DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("after", "inclusive", "over"),
    [
        (DAY - SECOND, False, False),
        (DAY, False, False),
        (DAY + SECOND, False, True),
        (DAY, True, True),
        (DAY - SECOND, True, False),
    ],
)
def test_24_hours_are_the_limit_and_not_yet_over_it(after: timedelta, inclusive: bool, over: bool) -> None:
    context = Context(now=NOON + after, counters=open_shift())
    finding = shift_finding(Command.TICKET, context, Switches(shift_limit_inclusive=inclusive))
    assert (finding is not None) is over
    if finding is not None:
        assert (finding.code, finding.id, finding.severity) == (11, "H24-01", Severity.REFUSE)
        assert finding.text.ru.startswith("Истек период")
    assert limit_passed(after, 24, inclusive=inclusive) is over


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [
        (ShiftScope.DOCUMENTS, {1, 6}),
        (ShiftScope.TICKETS, {1}),
        (ShiftScope.ALL, {1, 3, 4, 6, 7, 8, 9, 100, 101, 127}),
    ],
)
def test_the_limit_stops_its_scope(scope: ShiftScope, stopped: set[int]) -> None:
    context = Context(now=NOON + DAY + SECOND, counters=open_shift())
    switches = Switches(shift_timeout_scope=scope)
    assert {command for command in Command if shift_finding(command, context, switches)} == stopped


def test_the_limit_knows_no_shift_no_clock_and_no_re_sent_message() -> None:
    late = NOON + 2 * DAY
    assert shift_finding(1, Context(now=late)) is None
    assert shift_finding(1, Context(now=late, counters=open_shift(None))) is None
    assert shift_finding(1, Context(counters=open_shift())) is None
    assert shift_finding(1, Context(now=late, counters=open_shift(), resent=True)) is None
    assert shift_finding(1, Context(now=late, counters=open_shift()), Switches(shift_limit_hours=48)) is None


CASH_SALE = sale(payments=(Payment(0, 60_00), Payment(1, 40_00)), taken=60_00)


@pytest.mark.parametrize(
    ("document", "leaving"),
    [
        (replace(CASH_SALE, operation=0), 60_00),
        (replace(CASH_SALE, operation=1), 0),
        (CASH_SALE, 0),
        (replace(CASH_SALE, operation=3), 60_00),
        (replace(GOOD, operation=3), 0),
        (replace(CASH_SALE, operation=None), 0),
        (MoneyPlacement(1, NOON, 60_00), 60_00),
        (MoneyPlacement(1, NOON, None), 0),
        (MoneyPlacement(0, NOON, 60_00), 0),
        (CLOSED, 0),
        (ASKED, 0),
    ],
)
def test_cash_that_leaves_must_be_there(document: Any, leaving: int) -> None:
    enough = Context(counters=open_shift(cash=leaving))
    assert cash_finding(document, enough) is None
    if not leaving:
        assert cash_finding(document, Context(counters=open_shift(cash=-5))) is None
        return
    short = Context(counters=open_shift(cash=leaving - 1))
    finding = cash_finding(document, short)
    assert finding is not None
    assert (finding.code, finding.id, finding.detail) == (14, "10.5", "60.00 > 59.99")
    assert finding.clause == "kz-ofd §10.5"
    resent = replace(short, resent=True)
    assert cash_finding(document, resent) is None
    assert cash_finding(document, resent, Switches(cash_check_offline=True)) == finding
