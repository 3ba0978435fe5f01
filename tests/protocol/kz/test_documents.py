"""Documents through messages of every version and back, and what stands out when a message is odd."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference.protocol.kz.dialects import Command, Dialect, dialect_for
from reference.protocol.kz.documents import (
    CloseShift,
    Document,
    MoneyPlacement,
    OfflinePeriod,
    ReportAsk,
    from_message,
    is_resent,
    offline_period,
    to_message,
)
from reference.protocol.kz.envelope import read_request
from reference.protocol.kz.money import set_time
from reference.protocol.kz.report_codec import read_report, report_checksum, write_report
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.tickets import Line, Misfit, Operator, Payment, Ticket
from tests.protocol.kz import drawing

NOON = datetime(2025, 9, 1, 12)
VERSIONS = (124, 125, 200, 201, 202, 203, 204)


def dialect(version: int = 203) -> Dialect:
    found = dialect_for(version)
    assert found is not None
    return found


def without_checksum(document: object) -> object:
    """A report that was written carries a checksum; the one it was written from may not."""
    report = getattr(document, "report", None)
    return document if report is None else replace(document, report=replace(report, checksum=""))  # type: ignore[type-var]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_survives_its_message(version: int) -> None:
    tables = dialect(version)

    @settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
    @given(drawing.documents(tables.tables))
    def survives(document: Document) -> None:
        body = to_message(tables, document).SerializeToString()
        envelope = read_request(tables, body)
        back = without_checksum(from_message(tables, envelope.message, envelope.command))
        if isinstance(document, Ticket) and tables.tables == 124:
            iin = next((bare for bare in document.bare_strings if bare == "990101300012"), "")
            document = replace(document, customer_iin=iin)
        assert back == document
        assert to_message(tables, document).SerializeToString() == body

    survives()


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_a_ticket_of_all_fields_is_written_in_the_fields_the_version_has(version: int) -> None:
    tables = dialect(version)
    line = Line(
        1,
        "A",
        "1",
        1000,
        100,
        100,
        measure_unit="796",
        barcode="4870000000000",
        ntin="1",
        excise_stamps=("m",),
        commodity_type=1,
    )
    ticket = Ticket(
        2,
        NOON,
        Operator(1),
        (line,),
        (Payment(0, 100),),
        100,
        taken=100,
        printed_number=7,
        shift_document_number=3,
    )
    request = to_message(tables, ticket)
    back = from_message(tables, request)
    assert isinstance(back, Ticket)
    assert back.printed_number == (None if version == 124 else 7)
    assert back.printed_text == ("7" if version == 124 else "")
    assert back.shift_document_number == (3 if version in (202, 203) else None)
    [item] = back.items
    assert isinstance(item, Line)
    assert item.measure_unit == ("" if version == 124 else "796")
    assert item.ntin == ("1" if version >= 203 else "")
    assert item.commodity_type == (1 if version == 204 else None)


@pytest.mark.parametrize("command", [1, 2, 3, 6])
def test_a_missing_part_is_no_document(command: int) -> None:
    request = dialect().messages.Request(command=command)
    assert from_message(dialect(), request) is None


@pytest.mark.parametrize("command", [0, 4, 5, 7, 8, 100])
def test_service_commands_and_cancelling_carry_no_document(command: int) -> None:
    request = dialect().messages.Request()
    request.ticket.SetInParent()
    assert from_message(dialect(), request, command) is None


def test_an_empty_part_is_a_document_of_nothing() -> None:
    for document in (
        Ticket(None, None, Operator(), (), (), None),
        MoneyPlacement(None, None, None),
        CloseShift(None),
        ReportAsk(None, None),
    ):
        assert from_message(dialect(), to_message(dialect(), document)) == document


def test_items_whose_part_does_not_fit_their_type_are_misfits() -> None:
    request = dialect().messages.Request(command=1)
    request.ticket.items.add()
    request.ticket.items.add(type=1).markup.name = "no commodity"
    ticket = from_message(dialect(), request)
    assert isinstance(ticket, Ticket)
    assert ticket.items == (Misfit(None), Misfit(1))


def test_an_unknown_number_in_an_enum_counts_as_missing() -> None:
    body = b"\x08\x01\x12\x04\x08\x09\x2a\x00"
    envelope = read_request(dialect(), body)
    ticket = from_message(dialect(), envelope.message, envelope.command)
    assert isinstance(ticket, Ticket)
    assert ticket.operation is None


@pytest.mark.parametrize(
    ("version", "number", "kind"), [(124, 4, 4), (124, 9, None), (204, 2, None), (202, 4, 4), (203, 9, None)]
)
def test_payment_types_outside_the_enum(version: int, number: int, kind: int | None) -> None:
    ticket = Ticket(2, NOON, Operator(1), (), (Payment(number, 5),), 5)
    back = from_message(dialect(version), to_message(dialect(version), ticket))
    assert isinstance(back, Ticket)
    assert back.payments == (Payment(kind, 5),)


def test_money_out_of_range_is_named_by_its_place() -> None:
    request = dialect().messages.Request(command=1)
    ticket = request.ticket
    ticket.items.add(type=5).discount.sum.coins = 99
    commodity = ticket.items.add(type=1).commodity
    commodity.price.coins = 100
    commodity.taxes.add().sum.coins = 101
    ticket.payments.add().sum.bills = 2**63
    ticket.amounts.total.coins = 100
    back = from_message(dialect(), request)
    assert isinstance(back, Ticket)
    assert back.bad_money == (
        "items[1].commodity.price",
        "items[1].commodity.sum",
        "payments[0].sum",
        "total",
    )
    placement = dialect().messages.Request(command=6)
    placement.money_placement.sum.coins = 100
    money = from_message(dialect(), placement)
    assert isinstance(money, MoneyPlacement)
    assert money.bad_money == ("sum",)


def test_times_that_are_no_dates_are_kept_as_text() -> None:
    tables = dialect()
    for document in (
        Ticket(2, NOON, Operator(1), (), (), None),
        MoneyPlacement(0, NOON, 1),
        CloseShift(NOON),
        ReportAsk(1, NOON),
    ):
        request = to_message(tables, document)
        part = request.ListFields()[1][1]
        name = {"MoneyPlacementRequest": "datetime", "CloseShiftRequest": "close_time"}
        getattr(part, name.get(part.DESCRIPTOR.name, "date_time")).date.month = 13
        back = from_message(tables, request)
        assert back is not None
        assert back.time is None
        assert back.bad_time == "2025-13-01 12:00:00"


def test_text_that_is_no_utf8_is_readable() -> None:
    body = b"\x08\x01\x12\x05\x1a\x03\x12\x01\xff"
    envelope = read_request(dialect(), body)
    ticket = from_message(dialect(), envelope.message)
    assert isinstance(ticket, Ticket)
    assert ticket.operator.name == "�"


def test_twelve_digits_bare_are_the_customer_only_in_124() -> None:
    for version, iin in ((124, "990101300012"), (202, "")):
        tables = dialect(version)
        request = tables.messages.Request(command=1)
        request.ticket.extension_options.MergeFromString(
            b"\x1a\x0c" + (b"000000000000" if version != 124 else b"990101300012")
        )
        envelope = read_request(tables, request.SerializeToString())
        ticket = from_message(tables, envelope.message)
        assert isinstance(ticket, Ticket)
        assert ticket.customer_iin == iin
        assert len(ticket.bare_strings) == 1


def period_request(begin: datetime | None, end: datetime | None) -> object:
    request = dialect().messages.Request(command=1)
    period = request.service.offline_period
    period.SetInParent()
    if begin is not None:
        set_time(period.begin_time, begin)
    if end is not None:
        set_time(period.end_time, end)
    return request


SECOND = datetime(2025, 9, 1, 12, 0, 1)


@pytest.mark.parametrize(
    ("begin", "end", "resent"),
    [
        (NOON, NOON, False),
        (NOON, SECOND, True),
        (SECOND, NOON, False),
        (None, SECOND, False),
        (None, None, False),
        (datetime(2012, 12, 31, 23, 59, 59), NOON, False),
        (datetime(2013, 1, 1), NOON, True),
    ],
)
def test_a_period_marks_a_message_as_re_sent(
    begin: datetime | None, end: datetime | None, resent: bool
) -> None:
    period = offline_period(period_request(begin, end))
    assert period is not None
    assert is_resent(CloseShift(NOON), period) is resent
    assert is_resent(None, period) is resent


def test_a_document_s_own_mark_makes_it_re_sent() -> None:
    assert offline_period(dialect().messages.Request()) is None
    assert offline_period(dialect().messages.Request(service={"get_reg_info": True})) is None
    plain = Ticket(2, NOON, Operator(1), (), (), None)
    assert not is_resent(plain, None)
    assert is_resent(replace(plain, offline_number=1), None)
    assert is_resent(MoneyPlacement(0, NOON, 1, is_offline=True), None)
    assert is_resent(CloseShift(NOON, is_offline=True), None)
    assert is_resent(ReportAsk(1, NOON, is_offline=True), OfflinePeriod((0,) * 6, (0,) * 6))


@given(
    st.sampled_from((202, 203, 204)).flatmap(
        lambda version: st.tuples(st.just(version), drawing.reports(version))
    )
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_a_checksum_is_crc32_over_the_report_with_an_empty_one(drawn: tuple[int, ReportData]) -> None:
    version, report = drawn
    message = dialect(version).messages.ZXReport()
    write_report(dialect(version), message, report)
    assert message.checksum == report_checksum(message)
    assert len(message.checksum) == 8
    bare = dialect(version).messages.ZXReport()
    write_report(dialect(version), bare, report, checksum=False)
    assert not bare.HasField("checksum")
    bare.checksum = ""
    assert slow_crc32(bare.SerializeToString()) == int(message.checksum, 16)


def slow_crc32(data: bytes) -> int:
    """CRC-32 (IEEE 802.3), bit by bit: an oracle that shares nothing with zlib."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def test_an_empty_report_still_has_what_strict_clients_need() -> None:
    message = dialect().messages.ZXReport()
    write_report(dialect(), message, ReportData(NOON, 1), checksum=False)
    assert {field.name for field, _ in message.ListFields()} == {
        "date_time",
        "shift_number",
        "cash_sum",
        "revenue",
    }
    assert message.cash_sum.HasField("bills")
    assert message.cash_sum.HasField("coins")
    assert message.revenue.sum.HasField("coins")
    assert message.revenue.HasField("is_negative")


def test_204_always_has_an_open_time_and_124_never() -> None:
    late = dialect(204).messages.ZXReport()
    write_report(dialect(204), late, ReportData(NOON, 1))
    assert read_report(dialect(204), late).opened == NOON
    early = dialect(124).messages.ZXReport()
    write_report(dialect(124), early, ReportData(NOON, 1, opened=NOON, closed=NOON))
    assert read_report(dialect(124), early) == ReportData(NOON, 1)


def test_sums_below_zero_are_written_as_nothing() -> None:
    message = dialect().messages.ZXReport()
    write_report(dialect(), message, ReportData(NOON, 1, cash=-5, revenue=-7))
    back = read_report(dialect(), message)
    assert (back.cash, back.revenue) == (0, -7)


def test_the_commands_of_documents() -> None:
    assert [
        to_message(dialect(), document).command for document in (MoneyPlacement(0, NOON, 1), CloseShift(NOON))
    ] == [
        Command.MONEY_PLACEMENT,
        Command.CLOSE_SHIFT,
    ]
