from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.runtime.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("47h59m", 172_740),
        ("2d", 172_800),
        ("1d 2h 30m", 95_400),
        ("-5m", -300),
        ("+1h", 3600),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("12", 12),
        (3, 3),
        ("-0.5", -0.5),
        ("2D", 172_800),
    ],
)
def test_what_people_write(text: object, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "soon", "5x", "m5", "1h-5m", "nan", "inf", float("inf"), None, True, [], "5 m s"]
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_format_is_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=0.0006)


def test_format_is_short() -> None:
    assert [format_duration(seconds) for seconds in (0, 90, 176_400, -300, 0.25)] == [
        "0s",
        "1m30s",
        "2d1h",
        "-5m",
        "0.25s",
    ]
