"""Signs and QR addresses."""

from __future__ import annotations

import random
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.kz.errors import AddressError
from reference.protocol.kz.money import MAX_TIYN
from reference.protocol.kz.signs import (
    QrFields,
    TotalFormat,
    autonomous_number,
    document_sign,
    fields_of_query,
    parse_qr_address,
    qr_address,
    random_sign,
)
from tests.protocol.kz import drawing

BASE = "http://127.0.0.1:7778/"
TIME = datetime(2025, 9, 1, 12, 5, 9)


def test_an_address_has_its_four_parts() -> None:
    expected = "http://127.0.0.1:7778/?i=2147483649&f=010100109730&s=696.90&t=20250901T120509"
    assert qr_address(BASE, 2147483649, "010100109730", 69690, TIME) == expected
    assert qr_address(BASE, "2147483649", "010100109730", 69690, TIME) == expected
    assert parse_qr_address(expected) == QrFields("2147483649", "010100109730", 69690, TIME)


@pytest.mark.parametrize(
    ("tiyn", "text"),
    [
        (0, "0.0"),
        (1350700, "13507.0"),
        (69690, "696.9"),
        (69699, "696.99"),
        (5, "0.05"),
        (999999999, "9999999.99"),
        (1000000000, "1.0E7"),
        (1350700000, "1.3507E7"),
        (1350700099, "1.350700099E7"),
        (123456789012, "1.23456789012E9"),
    ],
)
def test_older_addresses_write_a_java_double(tiyn: int, text: str) -> None:
    address = qr_address(BASE, "1", "2", tiyn, TIME, TotalFormat.JAVA_DOUBLE)
    assert f"&s={text}&" in address
    assert parse_qr_address(address).total == tiyn


@given(st.integers(0, MAX_TIYN), drawing.times, st.sampled_from(TotalFormat), st.integers(1, 2**40))
def test_addresses_are_read_as_they_were_written(
    total: int, time: datetime, form: TotalFormat, sign: int
) -> None:
    address = qr_address(BASE, sign, "010100109730", total, time, form)
    assert parse_qr_address(address) == QrFields(str(sign), "010100109730", total, time)
    assert address.isascii()


def test_a_stray_ampersand_and_another_order_are_taken() -> None:
    address = "http://x/y?&i=1&f=2&s=3.5&t=20250901T120509"
    assert parse_qr_address(address) == QrFields("1", "2", 350, TIME)
    assert parse_qr_address("http://x?t=20250901T120509&s=3.50&f=2&i=1") == QrFields("1", "2", 350, TIME)


GOOD = {"i": "1", "f": "2", "s": "3.50", "t": "20250901T120509"}


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("i", ""),
        ("i", "<script>"),
        ("i", "1" * 33),
        ("f", ""),
        ("s", ""),
        ("s", "x"),
        ("s", "1.005"),
        ("s", "-1.00"),
        ("s", "NaN"),
        ("s", "Infinity"),
        ("s", "1E99"),
        ("s", "1E-999999"),
        ("s", "1E999999999"),
        ("t", ""),
        ("t", "2025-09-01"),
        ("t", "20251301T120509"),
        ("t", "20250901T12050９"),
    ],
)
def test_a_wrong_part_is_named(part: str, value: str) -> None:
    with pytest.raises(AddressError) as caught:
        fields_of_query({**GOOD, part: value})
    assert caught.value.field == part
    assert "§13.3" in str(caught.value)


@pytest.mark.parametrize("address", ["", "hello", "http://x/", "http://[x?i=1"])
def test_other_texts_are_no_addresses(address: str) -> None:
    with pytest.raises(AddressError):
        parse_qr_address(address)


@pytest.mark.parametrize(
    ("seconds", "used", "number"),
    [
        (1756702800, set(), 1756702800),
        (1756702800, {1756702800, 1756702801}, 1756702802),
        (2**31, set(), 2**31),
        (2**32, set(), 1),
        (2**32 + 5, set(), 5),
        (2**32 - 1, {2**32 - 1}, 1),
        (2**32 - 1, {2**32 - 1, 1}, 2),
    ],
)
def test_an_autonomous_number_is_unixtime_until_unused(seconds: int, used: set[int], number: int) -> None:
    assert autonomous_number(seconds, used) == number


class Scripted(random.Random):
    """A generator that draws what it is told."""

    def randint(self, a: int, b: int) -> int:
        assert (a, b) == (100_000_000, 2**32 - 1)
        return self.draws.pop(0)

    draws: list[int]


def test_signs_are_unique_and_in_range() -> None:
    rng = Scripted()
    rng.draws = [100_000_000, 4_000_000_000]
    assert random_sign(rng, {"100000000"}) == "4000000000"
    assert random_sign(random.Random(1), set(), 1, 9) in "123456789"
    assert document_sign(3445, 1500) == "3445_1500"
