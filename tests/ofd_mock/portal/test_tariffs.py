"""What a tariff costs, day by day (KZ-TRF-04)."""

from datetime import date, timedelta

import pytest

from ofd_mock.portal.tariffs import TARIFFS, charge, first_of_next_month

MONTHLY, DAILY = TARIFFS[1], TARIFFS[2]


def total(tariff_id: int, first: date, days: int) -> int:
    return sum(charge(TARIFFS[tariff_id], first + timedelta(days=n), first) for n in range(days))


def test_a_daily_tariff_charges_every_day_it_runs() -> None:
    assert total(2, date(2026, 3, 30), 5) == 5 * DAILY.price
    assert charge(DAILY, date(2026, 3, 29), date(2026, 3, 30)) == 0


def test_a_month_is_charged_once_on_its_first_day() -> None:
    assert total(1, date(2026, 3, 1), 31) == MONTHLY.price
    assert total(1, date(2026, 3, 1), 32) == 2 * MONTHLY.price


@pytest.mark.parametrize(
    ("begun", "tenge"),
    [
        (date(2026, 3, 2), 1451),  # 30 of 31 days: 1451.61
        (date(2026, 3, 31), 48),  # one of 31: 48.38
        (date(2026, 2, 15), 750),  # 14 of 28
        (date(2028, 2, 15), 775),  # 15 of 29: 775.86
    ],
)
def test_a_month_begun_later_costs_the_days_that_are_left(begun: date, tenge: int) -> None:
    assert charge(MONTHLY, begun, begun) == tenge * 100
    assert charge(MONTHLY, begun + timedelta(days=1), begun) in (0, MONTHLY.price)


def test_there_is_a_monthly_and_a_daily_tariff_in_whole_tenge() -> None:
    assert {tariff.period for tariff in TARIFFS.values()} == {"day", "month"}
    assert all(tariff.price % 100 == 0 for tariff in TARIFFS.values())
    assert all("TEST" in tariff.name for tariff in TARIFFS.values())


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2026, 9, 1), date(2026, 10, 1)),
        (date(2026, 9, 30), date(2026, 10, 1)),
        (date(2026, 12, 31), date(2027, 1, 1)),
        (date(2028, 2, 29), date(2028, 3, 1)),
    ],
)
def test_a_suspension_begins_with_the_next_month(day: date, first: date) -> None:
    assert first_of_next_month(day) == first
