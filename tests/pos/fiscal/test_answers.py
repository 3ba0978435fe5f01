"""Answers of generation 1 as they are read: what cannot be read is no answer (uz-fiscal §3, §13)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reference.pos.errors import DriveRefusedError, DriveUnreachableError
from reference.pos.fiscal.address import open_service
from reference.pos.fiscal.gen1 import answer_of, in_doubt, nested, reason_of
from reference.pos.fiscal.service import FiscalService, Meaning
from reference.pos.order_book import Sale
from reference.pos.receipt_body import receipt_body
from tests.drive.conftest import MORNING
from tests.pos.fiscal.conftest import bread
from tests.pos.ways import Through

GEN1 = ("rpc1", "qpos", "communicator")


def service_of(dialect: str, answer: Callable[[dict[str, Any]], httpx.Response]) -> FiscalService:
    transport = httpx.MockTransport(lambda request: answer(json.loads(request.content)))
    return open_service(f"{dialect}:", "F", Through(transport))


def a_sale() -> Sale:
    order = bread("1")
    return Sale(order, receipt_body(order, MORNING), name="1@x")


@pytest.mark.parametrize("dialect", GEN1)
@pytest.mark.parametrize(
    "text", ["", "<html>", "[]", "{", "{}", "17", '{"code":"0"}', '{"jsonrpc":"2.0","id":1}']
)
def test_what_is_no_answer_leaves_the_outcome_open(dialect: str, text: str) -> None:
    service = service_of(dialect, lambda _: httpx.Response(200, text=text))
    with pytest.raises(DriveUnreachableError, match=r"cannot be read") as caught:
        service.finish(a_sale())
    assert caught.value.sent


@pytest.mark.parametrize("dialect", GEN1)
def test_another_status_than_200_leaves_the_outcome_open(dialect: str) -> None:
    service = service_of(dialect, lambda _: httpx.Response(502, text="bad gateway"))
    with pytest.raises(DriveRefusedError, match=r"HTTP 502: bad gateway") as caught:
        service.finish(a_sale())
    assert service.meaning(caught.value) is Meaning.UNSURE
    assert not service.meaning(caught.value).certain


@pytest.mark.parametrize("dialect", GEN1)
@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ("ERROR_ZREPORT_IS_NOT_OPEN", Meaning.NO_SHIFT),
        (" EN: ERROR_ZREPORT_IS_ALREADY_OPEN \n Ru: Z отчет уже открыт", Meaning.SHIFT_OPEN),
        ("ERROR_RECEIPT_TIME_PAST", Meaning.TIME_WRONG),
        ("ERROR_OPEN_ZREPORT_TIME_PAST", Meaning.TIME_WRONG),
        ("ERROR_SALE_REFUND_COUNT_OVERFLOW", Meaning.SHIFT_FULL),
        ("ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED", Meaning.BLOCKED),
        ("fiscal drive locked", Meaning.LOCKED),
        ("not valid refund info", Meaning.ORIGINAL_UNKNOWN),
        ("cannot check refund info", Meaning.KEPT),
        ("cannot connect card", Meaning.TRY_AGAIN),
        ("try later", Meaning.UNSURE),
        ("FISCAL_DRIVE_IS_NOT_WORKING", Meaning.UNSURE),
        ("WRONG_TOKEN", Meaning.KEPT),
        ("ERROR_NOT_ENOUGH_CASH_FOR_REFUND", Meaning.FINAL),
        ("cannot encode receipt", Meaning.FINAL),
    ],
    ids=lambda value: value.name if isinstance(value, Meaning) else "",
)
def test_refusals_by_name(dialect: str, message: str, meaning: Meaning) -> None:
    """G1-T-05, HB-02: a part of the answer decides"""

    def answer(asked: dict[str, Any]) -> httpx.Response:
        told = {
            "rpc1": {
                "jsonrpc": "2.0",
                "id": asked.get("id"),
                "error": {"code": 1, "message": message, "data": None},
            },
            "qpos": {"code": 50021, "message": message, "data": ""},
            "communicator": {"error": True, "message": message},
        }
        return httpx.Response(200, json=told[dialect])

    service = service_of(dialect, answer)
    with pytest.raises(DriveRefusedError) as caught:
        service.finish(a_sale())
    assert service.meaning(caught.value) is meaning


def test_an_answer_to_another_request_is_none() -> None:
    service = service_of(
        "rpc1", lambda _: httpx.Response(200, json={"jsonrpc": "2.0", "id": "other", "result": {}})
    )
    with pytest.raises(DriveUnreachableError):
        service.finish(a_sale())


def test_a_newer_communicator_says_where_it_sells() -> None:
    told = {"error": True, "message": "NO_SUCH_METHOD_AVAILABLE"}
    service = service_of("communicator", lambda _: httpx.Response(200, json=told))
    with pytest.raises(
        DriveRefusedError, match=r"no fastSale; it sells by JSON-RPC, use the address rpc1:"
    ) as caught:
        service.finish(a_sale())
    assert service.meaning(caught.value) is Meaning.KEPT


def test_what_each_sends_for_a_sale() -> None:
    """No time and no number where the dialect has none; the till's own where it has"""
    sent: dict[str, dict[str, Any]] = {}

    def keep(asked: dict[str, Any]) -> httpx.Response:
        sent[dialect] = asked
        return httpx.Response(503)

    for dialect in GEN1:
        with pytest.raises(DriveRefusedError):
            service_of(dialect, keep).finish(a_sale())
    rpc1, qpos, communicator = (sent[dialect] for dialect in GEN1)
    assert rpc1["method"] == "Api.SendSaleReceipt"
    assert rpc1["params"]["Receipt"]["Time"] == "2026-07-01 09:00:00"
    assert not {"Type", "Operation"} & set(rpc1["params"]["Receipt"])
    assert (qpos["method"], qpos["params"]["ReceiptNumber"]) == ("SaleReceipt", "1@x")
    assert communicator["method"] == "fastSale"
    assert communicator["params"]["paycheckNumber"] == "1@x"
    assert communicator["params"]["items"][0]["classCode"] == "01905001001000000"
    assert (communicator["companyINN"], communicator["printerSize"]) == ("123456789", 80)
    assert "Time" not in json.dumps(communicator)


@pytest.mark.parametrize("time", ["20260701090000", "2026-07-01 09:00:00", "2026-07-01 09:00:00.0"])
def test_times_in_every_dress(time: str) -> None:
    """TM-03, §13.2"""
    answer = answer_of(
        {"TerminalID": "ZZ", "ReceiptSeq": "7", "DateTime": time, "FiscalSign": "012345678901"}
    )
    assert (answer["DateTime"], answer["ReceiptSeq"]) == ("2026-07-01 09:00:00", 7)
    assert answer["FiscalSign"] == "012345678901"


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        {},
        {"TerminalID": "ZZ"},
        {"DateTime": "20260701090000"},
        {"TerminalID": "ZZ", "DateTime": "yesterday"},
        {"TerminalID": "ZZ", "DateTime": "20260701090000", "ReceiptSeq": "seven"},
    ],
    ids=range(7),
)
def test_half_an_answer_is_none(found: object) -> None:
    with pytest.raises(DriveUnreachableError, match=r"cannot be read"):
        answer_of(found)


def test_a_flat_zreport_as_rest_has_it() -> None:
    """uz-fiscal §9.1, §9.2"""
    flat = {
        "TerminalID": "ZZ000000000000",
        "Number": 3,
        "Count": 3,
        "OpenTime": "20260701090000",
        "CloseTime": "",
        "FirstReceiptSeq": "5",
        "LastReceiptSeq": "9",
        "TotalSaleCount": 4,
        "TotalRefundCount": 1,
        "TotalSaleCash": 10,
        "TotalSaleCard": 20,
        "TotalSaleVAT": 3,
        "TotalRefundCash": 1,
        "TotalRefundCard": 2,
        "TotalRefundVAT": 0,
    }
    assert nested(flat) == {
        "TerminalID": "ZZ000000000000",
        "OpenTime": "2026-07-01 09:00:00",
        "FirstReceiptSeq": 5,
        "LastReceiptSeq": 9,
        "TotalSaleCount": 4,
        "TotalRefundCount": 1,
        "TotalCash": {"Sale": 10, "Refund": 1},
        "TotalCard": {"Sale": 20, "Refund": 2},
        "TotalVAT": {"Sale": 3, "Refund": 0},
    }


def test_numbers_in_doubt() -> None:
    assert in_doubt(3, 6, {5}) == [4, 6]
    assert in_doubt(3, 3, ()) == []


def test_reasons_in_one_line() -> None:
    """G1-T-06"""
    assert reason_of("ERROR_X", "ERROR_X\n ERROR_X\n") == "ERROR_X"
    assert (
        reason_of("cannot encode receipt", "failed\n difference 1\n")
        == "cannot encode receipt: failed; difference 1"
    )
    assert reason_of("try later", None) == "try later"
