"""Money in tiyn, taxes half up, and the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.kz.errors import RangeError
from reference.protocol.kz.money import (
    MAX_TIYN,
    from_almaty,
    line_sum,
    money_text,
    percent_tax,
    read_time,
    set_money,
    set_time,
    time_figures,
    to_almaty,
    to_tiyn,
)
from reference.protocol.kz.proto import kkm203_pb2

whole_seconds = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(
    lambda time: time.replace(microsecond=0)
)


@given(st.integers(0, MAX_TIYN))
def test_money_goes_there_and_back_with_both_fields(tiyn: int) -> None:
    money = kkm203_pb2.Money()
    set_money(money, tiyn)
    assert money.HasField("bills")
    assert money.HasField("coins")
    assert money.coins < 100
    assert to_tiyn(money) == tiyn


@pytest.mark.parametrize("tiyn", [-1, MAX_TIYN + 1])
def test_money_outside_its_range_is_refused(tiyn: int) -> None:
    with pytest.raises(RangeError, match="RG-04"):
        set_money(kkm203_pb2.Money(), tiyn)


def test_an_empty_money_is_nothing() -> None:
    assert to_tiyn(kkm203_pb2.Money()) == 0
    assert to_tiyn(kkm203_pb2.Money(bills=1)) == 100


@pytest.mark.parametrize(("tiyn", "text"), [(0, "0.00"), (5, "0.05"), (123405, "1234.05"), (-205, "-2.05")])
def test_money_reads_as_text(tiyn: int, text: str) -> None:
    assert money_text(tiyn) == text


@pytest.mark.parametrize(
    ("base", "percent", "inside", "tax"),
    [
        (105000, 12000, True, 11250),
        (42000, 12000, True, 4500),
        (11600, 16000, True, 1600),
        (10000, 16000, False, 1600),
        (10000, 0, True, 0),
        (1, 12000, True, 0),
        (14, 12000, True, 2),  # 1.5 rounds up
        (50, 1000, False, 1),  # 0.5 rounds up
        (49, 1000, False, 0),
    ],
)
def test_tax_is_rounded_half_up(base: int, percent: int, inside: bool, tax: int) -> None:
    assert percent_tax(base, percent, inside=inside) == tax


@given(st.integers(0, MAX_TIYN), st.integers(0, 200000), st.booleans())
def test_tax_is_within_half_a_tiyn(base: int, percent: int, inside: bool) -> None:
    exact = Fraction(base * percent, (100000 + percent) if inside else 100000)
    assert -Fraction(1, 2) < percent_tax(base, percent, inside=inside) - exact <= Fraction(1, 2)


def test_line_sums() -> None:
    assert line_sum(42000, 2500) == 105000
    assert line_sum(1, 499) == 0
    assert line_sum(1, 500) == 1


def test_almaty_changed_its_offset_in_2024() -> None:
    before = datetime(2024, 2, 29, 12, tzinfo=UTC)
    after = datetime(2024, 3, 2, 12, 0, 0, 999999, tzinfo=UTC)
    assert to_almaty(before) == datetime(2024, 2, 29, 18)
    assert to_almaty(after) == datetime(2024, 3, 2, 17)
    assert from_almaty(datetime(2024, 3, 2, 17)) == datetime(2024, 3, 2, 12, tzinfo=UTC)
    assert from_almaty(datetime(2024, 2, 29, 18)) == before
    assert to_almaty(after).tzinfo is None
    assert from_almaty(datetime(2025, 1, 1)).utcoffset() == timedelta(hours=5)


@given(whole_seconds)
def test_times_go_there_and_back(time: datetime) -> None:
    message = kkm203_pb2.DateTime()
    set_time(message, time)
    assert message.time.HasField("second")
    assert read_time(message) == (time, "")
    assert time_figures(message) == tuple(time.timetuple()[:6])


def datetime_message(
    year: int = 2025, month: int = 9, day: int = 1, hour: int = 12, minute: int = 0
) -> kkm203_pb2.DateTime:
    return kkm203_pb2.DateTime(
        date=kkm203_pb2.Date(year=year, month=month, day=day), time=kkm203_pb2.Time(hour=hour, minute=minute)
    )


def test_an_absent_second_is_zero() -> None:
    assert read_time(datetime_message()) == (datetime(2025, 9, 1, 12), "")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"month": 13}, "2025-13-01 12:00:00"),
        ({"month": 0}, "2025-00-01 12:00:00"),
        ({"month": 2, "day": 29}, "2025-02-29 12:00:00"),
        ({"hour": 24}, "2025-09-01 24:00:00"),
        ({"minute": 60}, "2025-09-01 12:60:00"),
        ({"year": 0}, "0000-09-01 12:00:00"),
        ({"year": 4294967295}, "4294967295-09-01 12:00:00"),
    ],
)
def test_figures_that_are_no_date_are_kept_as_text(fields: dict[str, int], text: str) -> None:
    assert read_time(datetime_message(**fields)) == (None, text)


@pytest.mark.parametrize("part", ["date", "time"])
def test_half_a_time_is_no_time(part: str) -> None:
    message = datetime_message()
    message.ClearField(part)
    time, text = read_time(message)
    assert time is None
    assert text
