"""Parameters from query, form and JSON: uz-fiscal §4.1, HB-07…HB-13."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.drive.errors import BadParameterError, CardError, DriveError
from reference.drive.parameters import FORM, Parameters, collect, page, parse_json_body
from reference.drive.records import FileState

NOW = datetime(2026, 7, 1, 9)


@pytest.mark.parametrize(
    ("content_type", "query", "body"),
    [
        (FORM, "", b"TXID=17"),
        (FORM + "; charset=utf-8", "", b"txid=17"),
        ("", "TXID=17", b""),
        ("application/json", "txid=17", b""),
        ("application/json", "", b'{"TxID": 17}'),
        ("application/json", "", b'{"TXID": "17", "Other": null}'),
        ("application/json", "", b"17"),
        ("", "", b"17"),
        (FORM, "", b" 17 "),
        (FORM, "", b'{"TXID":17}'),
        ("text/plain", "", b'"17"'),
        (FORM, "TXID=18", b"TXID=17"),
    ],
)
def test_where_a_txid_may_stand(content_type: str, query: str, body: bytes) -> None:
    """G2-T-03, G2-T-05, HB-09"""
    assert collect("POST", content_type, query, body).txid() == 17


def test_a_form_body_on_a_get_is_not_read() -> None:
    """G2-T-04"""
    assert collect("GET", FORM, "", b"Index=4294967295").index() == 0
    assert collect("GET", FORM, "Index=1", b"Index=4294967295").index() == 1


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1.5", "+3", "１"])
def test_txids_that_are_none(text: str) -> None:
    with pytest.raises(BadParameterError, match=r"TXID must be") as refused:
        Parameters([("TXID", text)]).txid()
    assert (refused.value.field, refused.value.status) == ("TXID", 400)


@pytest.mark.parametrize("value", [True, 1.5, [1], {"a": 1}])
def test_json_values_that_are_no_number(value: object) -> None:
    with pytest.raises(BadParameterError, match=r"TXID"):
        Parameters([("TXID", value)]).txid()


@pytest.mark.parametrize("body", [b"true", b"1.5", b"[1]"])
def test_a_bare_value_that_is_no_number_is_named(body: bytes) -> None:
    """G2-T-05"""
    with pytest.raises(BadParameterError, match=r"^request body must be a ") as refused:
        collect("POST", "application/json", "", body).txid()
    assert refused.value.status == 400


@pytest.mark.parametrize(("text", "index"), [("", 0), ("0", 0), ("32767", 32767), (" 7 ", 7)])
def test_index(text: str, index: int) -> None:
    assert Parameters([("Index", text)]).index() == index


@pytest.mark.parametrize("text", ["32768", "4294967295", "-1", "9" * 5000])
def test_index_out_of_range(text: str) -> None:
    """G2-S-15: no crash"""
    with pytest.raises(CardError, match=r"9011 - INVALID_INDEX") as refused:
        Parameters([("index", text)]).index()
    assert refused.value.status == 400


def test_index_that_is_no_number() -> None:
    with pytest.raises(BadParameterError, match=r"Index must be a whole number, not 'abc'"):
        Parameters([("Index", "abc")]).index()


def test_time() -> None:
    assert Parameters([]).time(NOW) == NOW
    assert Parameters([("DateTime", "now")]).time(NOW) == NOW
    assert Parameters([("datetime", " NOW ")]).time(NOW) == NOW
    assert Parameters([("DateTime", "2026-07-02 10:00:00")]).time(NOW) == datetime(2026, 7, 2, 10)
    with pytest.raises(BadParameterError, match=r'cannot parse "T10:00:00" as " "'):
        Parameters([("DateTime", "2026-07-02T10:00:00")]).time(NOW)
    with pytest.raises(CardError, match=r"9010 - INVALID_DATETIME"):
        Parameters([("DateTime", "1998-07-02 10:00:00")]).time(NOW)


def test_status() -> None:
    assert Parameters([]).status() == FileState.NEW
    assert Parameters([("Status", "4")]).status() == FileState.ERROR
    for text in ("5", "-1"):
        with pytest.raises(BadParameterError, match=r"Status must be in range \[0, 4\]"):
            Parameters([("Status", text)]).status()


def test_numbers() -> None:
    assert Parameters([("Numbers", "1, 2,,3"), ("numbers", "4")]).numbers() == [1, 2, 3, 4]
    assert Parameters([("Numbers", [5, "6"])]).numbers() == [5, 6]
    for text in ("", "a", "-1", "1" * 17, ",".join("1" * 33)):
        with pytest.raises(BadParameterError, match=r"Numbers"):
            Parameters([("Numbers", text)]).numbers()


def test_flags() -> None:
    assert [Parameters([("Ack", text)]).flag("Ack", True) for text in ("", "true", "0", "No", "on")] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert Parameters([("Ack", False)]).flag("Ack", True) is False
    assert Parameters([("Ack", True)]).flag("Ack", False) is True
    with pytest.raises(BadParameterError, match=r"Ack must be true or false"):
        Parameters([("Ack", "perhaps")]).flag("Ack", True)


def test_octets() -> None:
    assert Parameters([("Challenge", " 00ff ")]).octets("Challenge") == b"\x00\xff"
    with pytest.raises(BadParameterError, match=r"Challenge must be hexadecimal"):
        Parameters([("Challenge", "0g")]).octets("Challenge")
    with pytest.raises(BadParameterError, match=r"Challenge is missing"):
        Parameters([]).octets("Challenge")


def test_pages() -> None:
    assert (page("Limit", "10", 1), page("Limit", "9" * 18, 1), page("Offset", "0", 0)) == (10, 10**18 - 1, 0)
    with pytest.raises(BadParameterError, match=r"^Limit must be a whole number from 1 to 9{18}$"):
        page("Limit", "0", 1)
    for text in ("-1", "x", "1" * 19):
        with pytest.raises(BadParameterError, match=r"^Offset must be a whole number from 0 to 9{18}$"):
            page("Offset", text, 0)


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}', b"9" * 5000, b"", b'{"a":1} x']
)
def test_bodies_that_are_no_json(body: bytes) -> None:
    with pytest.raises(BadParameterError, match=r"request body is"):
        parse_json_body(body)


def test_a_byte_order_mark_is_let_pass() -> None:
    assert parse_json_body(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.sampled_from(["", FORM, "application/json", "text/plain"]),
    st.text(),
    st.binary(),
)
def test_nothing_breaks_it(method: str, content_type: str, query: str, body: bytes) -> None:
    status = 400
    try:
        collect(method, content_type, query, body).txid()
    except DriveError as error:
        status = error.status
    assert status == 400
