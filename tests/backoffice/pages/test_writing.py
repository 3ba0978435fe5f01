"""How pages write money, amounts, moments, devices and states."""

from __future__ import annotations

from datetime import date

import pytest

from reference.backoffice.pages import labels
from reference.backoffice.pages.devices import device_of
from reference.backoffice.pages.formats import amount, day, grouped, moment, uzs
from tests.backoffice.pages.browser import Pages

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("tiyin", "text"),
    [
        (0, "0 so'm"),
        (100, "1 so'm"),
        (123_456_700, "1 234 567 so'm"),
        (123_456_789, "1 234 567,89 so'm"),
        (5, "0,05 so'm"),
        (-150_005, "−1 500,05 so'm"),
    ],
)
def test_money(pages: Pages, tiyin: int, text: str) -> None:
    with pages.app.test_request_context():
        assert uzs(tiyin).replace("\u00a0", " ") == text


@pytest.mark.parametrize(("language", "unit"), [("uz", "so'm"), ("ru", "сум"), ("en", "UZS")])
def test_the_unit_of_money_speaks_the_language(pages: Pages, language: str, unit: str) -> None:
    with pages.app.test_request_context(headers={"Accept-Language": language}):
        assert uzs(100) == f"1\u00a0{unit}"


@pytest.mark.parametrize(
    ("thousandths", "text"),
    [(2000, "2"), (1500, "1,5"), (1, "0,001"), (1_234_000, "1 234"), (-250, "−0,25"), (0, "0")],
)
def test_amounts(thousandths: int, text: str) -> None:
    assert amount(thousandths).replace("\u00a0", " ") == text


def test_moments_are_tashkent_s() -> None:
    assert moment("2026-08-31T20:30:00.000+00:00") == "01.09.2026 01:30"
    assert day("2026-08-31T20:30:00.000+00:00") == "01.09.2026"
    assert day(date(2026, 9, 1)) == "01.09.2026"
    assert (moment(None), day(None), grouped(-1000)) == ("—", "—", "−1\u00a0000")


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        pytest.param(
            f"Mozilla/5.0 (Windows NT 10.0; Win64) {CHROME} Safari/537.36", "Chrome · Windows", id="w"
        ),
        pytest.param(f"Mozilla/5.0 (X11; Linux) {CHROME} Safari/537.36 Edg/130.0", "Edge · Linux", id="edge"),
        pytest.param(f"Mozilla/5.0 (Linux; Android 14) {CHROME} Mobile", "Chrome · Android", id="android"),
        pytest.param(
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) {SAFARI} Version/17.0 Safari/604.1",
            "Safari · iPhone",
            id="iphone",
        ),
        pytest.param(
            "Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/131.0", "Firefox · Linux", id="firefox"
        ),
        pytest.param("curl/8.0", "", id="unknown"),
        pytest.param("", "", id="none"),
    ],
)
def test_devices(agent: str, device: str) -> None:
    assert device_of(agent) == device


def test_states_have_the_seed_s_colours(pages: Pages) -> None:
    """BX-ORD-01: yellow, blue, grey, red; what is not known stands as it is."""
    with pages.app.test_request_context(headers={"Accept-Language": "uz"}):
        found = [
            labels.order_state(state) for state in ("open", "confirmed", "completed", "cancelled", "new")
        ]
        assert labels.role_name("waiter") == "Ofitsiant"
        assert labels.role_name("pilot") == "pilot"
    assert found == [
        ("yellow", "Ochiq"),
        ("blue", "Tasdiqlangan"),
        ("grey", "Yakunlangan"),
        ("red", "Bekor qilingan"),
        ("grey", "new"),
    ]
