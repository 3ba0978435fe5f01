"""Protocol and parameters selection (ISO 7816-3 §9)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.usb.errors import TpduError
from reference.protocol.usb.pps import Pps


@pytest.mark.parametrize(
    ("data", "wanted"),
    [("ff01fe", Pps(1)), ("ff00ff", Pps(0)), ("ff119478", None), ("ff11947a", Pps(1, 0x94))],
)
def test_requests(data: str, wanted: Pps | None) -> None:
    if wanted is None:
        with pytest.raises(TpduError, match="PCK"):
            Pps.decode(bytes.fromhex(data))
    else:
        assert Pps.decode(bytes.fromhex(data)) == wanted
        assert wanted.encode().hex() == data


@pytest.mark.parametrize(
    ("data", "field"),
    [("", "PPS"), ("ff01", "PPS"), ("0001fe", "PPS"), ("ff01fe00", "PPS0"), ("ff11ee", "PPS0")],
)
def test_what_is_no_request(data: str, field: str) -> None:
    with pytest.raises(TpduError) as caught:
        Pps.decode(bytes.fromhex(data))
    assert caught.value.field == field


def test_pps2_and_pps3_are_read_over() -> None:
    assert Pps.decode(bytes.fromhex("ff7194010219")) == Pps(1, 0x94)


@given(st.integers(0, 15), st.none() | st.integers(0, 255))
def test_what_is_written_is_read_back(protocol: int, fi_di: int | None) -> None:
    wanted = Pps(protocol, fi_di)
    assert Pps.decode(wanted.encode()) == wanted
