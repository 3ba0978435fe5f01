"""Charts as numbers: lines at round numbers, columns that fit, rings that close, bars that compare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.backoffice.pages.charts import HEIGHT, hour_chart, share, slices


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, (4, 3, 2, 1, 0)),
        (4, (4, 3, 2, 1, 0)),
        (5, (8, 6, 4, 2, 0)),
        (21, (40, 30, 20, 10, 0)),
        (80, (80, 60, 40, 20, 0)),
        (81, (200, 150, 100, 50, 0)),
    ],
)
def test_lines_stand_at_round_numbers(most: int, ticks: tuple[int, ...]) -> None:
    hours = [0] * 24
    hours[13] = most
    chart = hour_chart(hours)
    assert (chart.ticks, chart.empty) == (ticks, most == 0)
    assert chart.columns[13].height == round(HEIGHT * most / ticks[0], 2)


@given(st.lists(st.integers(min_value=-5, max_value=10**7), min_size=24, max_size=24))
def test_columns_stand_on_the_ground_and_fit(hours: list[int]) -> None:
    chart = hour_chart(hours)
    assert max(hours) <= chart.ticks[0]
    assert hours[chart.busiest] == max(hours)
    for column, count in zip(chart.columns, hours, strict=True):
        assert column.count == count
        assert 0 <= column.height <= HEIGHT
        assert abs(column.y + column.height - HEIGHT) < 0.02


def test_a_ring_is_ordered_and_joins_the_small_parts() -> None:
    parts = [("A", 10), ("B", 50), ("C", 20), ("D", 15), ("E", 5), ("F", 0), ("G", -7)]
    made = slices(parts, 3, "rest")
    assert [(each.name, each.value, each.percent) for each in made] == [
        ("B", 50, 50),
        ("C", 20, 20),
        ("rest", 30, 30),
    ]
    assert [(each.begin, each.length) for each in made] == [(0, 50), (50, 20), (70, 30)]


def test_nothing_sold_is_no_ring() -> None:
    assert slices([("A", 0), ("B", -1)], 7, "rest") == ()


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(-100, 10**12)), max_size=20), st.integers(2, 9))
def test_a_ring_closes(parts: list[tuple[str, int]], most: int) -> None:
    made = slices(parts, most, "rest")
    assert len(made) <= most
    assert sum(each.value for each in made) == sum(value for _, value in parts if value > 0)
    if made:
        assert abs(sum(each.length for each in made) - 100) < 0.05
        assert sum(each.percent for each in made) == 100


@pytest.mark.parametrize(("value", "most", "percent"), [(5, 10, 50), (10, 10, 100), (-5, 10, 0), (5, 0, 0)])
def test_a_bar_compares_with_the_longest(value: int, most: int, percent: int) -> None:
    assert share(value, most) == percent
