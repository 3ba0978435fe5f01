"""QPOS over a module in memory (uz-fiscal §13.1)."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from reference.protocol.uz.receipt import decode_full_receipt
from tests.drive.conftest import Bench
from tests.drive.dialects.calls import asked, good, qpos, receipt
from tests.drive.doubles import TERMINAL


@pytest.fixture
def till(bench: Bench) -> Bench:
    assert qpos(bench, "Api.OpenZReport") == {
        "code": 0,
        "message": "OK",
        "data": "Z-Report succesfuly open!",
    }
    return bench


def sale(bench: Bench, number: str | None = "1", **changes: Any) -> dict[str, Any]:
    made = receipt(bench.tick(), **changes)
    return made if number is None else made | {"ReceiptNumber": number}


def sold(bench: Bench, method: str = "SaleReceipt", **params: Any) -> Any:
    answer = qpos(bench, method, **params)
    assert (answer["code"], answer["message"]) == (0, "OK"), answer
    return answer["data"]


def test_a_day(till: Bench) -> None:
    again = qpos(till, "Api.OpenZReport")
    assert again == {
        "code": 50021,
        "message": "ERROR_ZREPORT_IS_ALREADY_OPEN",
        "data": "Please, close Z-Report firstly!",
    }
    empty = {
        "code": 50021,
        "message": "ERROR_CURRENT_ZREPORT_IS_EMPTY",
        "data": "Z-Report empty or already closed!",
    }
    assert qpos(till, "Api.CloseZReport") == empty
    data = sold(till, **sale(till))
    assert data["ReceiptSeq"] == "1"
    assert data["DateTime"] == "20260701090001" or len(data["DateTime"]) == 14
    assert set(data) == {
        "AppletVersion",
        "QRCodeURL",
        "TerminalID",
        "ReceiptSeq",
        "DateTime",
        "FiscalSign",
    }
    assert qpos(till, "Api.ZReportInfo", Number=0)["data"]["TotalSaleCount"] == 1
    till.tick()
    closed = qpos(till, "Api.CloseZReport")["data"]
    assert closed == {
        "AppletVersion": "0324",
        "UnsentZReportsCount": 1,
        "AwaitingToSendZReportsCount": 1,
        "ErrorsCount": 0,
    }
    assert qpos(till, "Api.CloseZReport") == empty
    assert qpos(till, "Api.GetInfo")["data"] == good(till, "GetInfo")


def test_the_count_is_raw(bench: Bench) -> None:
    answer = qpos(bench, "Api.GetZReportCount")
    assert answer == {"result": {"AppletVersion": "0324", "Count": 1}, "id": 1, "jsonrpc": "2.0"}
    face = bench.drive.face("qpos")
    asked_with = json.loads(face.answer(asked({"method": "Api.GetZReportCount", "id": 68934})).body)
    assert asked_with["id"] == 68934


def test_short_records_are_timed(bench: Bench) -> None:
    answer = qpos(bench, "Api.SendReceipt")
    assert (answer["success"], answer["data"]["QueuedToSendCount"]) == (True, 0)
    number, unit = answer["apiTime"].split(" ")
    assert number.isdigit()
    assert unit == "ms"


def test_a_repeat_gives_the_same_receipt(till: Bench) -> None:
    """QP-01"""
    first = sold(till, **sale(till, "17"))
    assert sold(till, **sale(till, "17", ReceivedCash=45_000)) == first
    assert till.number == 1
    till.drive.stop()
    till.drive.start()
    till.core.fleet.look()
    assert sold(till, **sale(till, "17")) == first, "the name outlives the process"
    assert sold(till, **sale(till, "18"))["ReceiptSeq"] == "2"
    assert sold(till, **sale(till, None))["ReceiptSeq"] == "3"


def test_a_refund_may_bear_the_number_of_its_sale(till: Bench) -> None:
    first = sold(till, **sale(till, "17"))
    till.core.sender.send_all(till.factory_id)
    info = {name: first[name] for name in ("TerminalID", "ReceiptSeq", "DateTime", "FiscalSign")}
    refund = sold(till, "RefundReceipt", **sale(till, "17", RefundInfo=info))
    assert refund["ReceiptSeq"] == "2"
    assert sold(till, "RefundReceipt", **sale(till, "17", RefundInfo=info)) == refund


def test_a_refused_receipt_frees_its_number(bench: Bench) -> None:
    refused = qpos(bench, "SaleReceipt", **sale(bench, "17"))
    assert refused["message"] == "ERROR_ZREPORT_IS_NOT_OPEN"
    qpos(bench, "Api.OpenZReport")
    sold(bench, **sale(bench, "17", ReceivedCash=45_000))
    assert qpos(bench, "Api.ZReportInfo")["data"]["TotalSaleCash"] == 45_000


def test_what_the_module_refuses_frees_the_number(till: Bench) -> None:
    first = sold(till, **sale(till, "1"))
    till.core.sender.send_all(till.factory_id)
    info = {name: first[name] for name in ("TerminalID", "ReceiptSeq", "DateTime", "FiscalSign")}
    sold(till, "RefundReceipt", **sale(till, "1", RefundInfo=info))
    too_much = qpos(till, "RefundReceipt", **sale(till, "2", RefundInfo=info))
    assert too_much["message"] == "ERROR_NOT_ENOUGH_CASH_FOR_REFUND"
    sold(till, **sale(till, "3"))
    assert sold(till, "RefundReceipt", **sale(till, "2", RefundInfo=info))["ReceiptSeq"] == "4"


def test_a_lost_answer_is_healed_by_a_repeat(till: Bench) -> None:
    till.faults.add(point="link.transmit", action="drop", value="after", match={"apdu": "001700*"})
    assert qpos(till, "SaleReceipt", **sale(till, "17"))["message"] == "cannot connect card"
    assert sold(till, **sale(till, "17"))["ReceiptSeq"] == "1"
    assert till.number == 1


def test_one_number_from_many_threads(till: Bench) -> None:
    bodies = [sale(till, "17") for _ in range(6)]
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda body=body: answers.append(qpos(till, "SaleReceipt", **body)["data"]))
        for body in bodies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer["FiscalSign"] for answer in answers}) == 1
    assert till.number == 1


@pytest.mark.parametrize(("owner", "kept"), [("", 99), (None, 99), (0, 0), (2, 2)])
def test_an_empty_owner_is_99(till: Bench, owner: object, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """QP-02"""
    made = sale(till)
    if owner is not None:
        made["Items"][0]["OwnerType"] = owner
    contents: list[bytes] = []
    finish = till.core.stage.receipts.finish

    def watched(stored: Any, *rest: Any) -> Any:
        contents.append(stored.content)
        return finish(stored, *rest)

    monkeypatch.setattr(till.core.stage.receipts, "finish", watched)
    sold(till, **made)
    assert decode_full_receipt(contents[0]).items[0].owner_type == kept


def test_an_advance(till: Bench) -> None:
    made = sale(till, None)
    data = sold(till, "AdvanceReceipt", **made)
    assert (data["ReceiptSeq"], data["FiscalSign"], data["QRCodeURL"]) == ("", "", "")
    assert data["DateTime"] == made["Time"]
    assert till.number == 0
    assert till.core.stage.gen1.unsent() == {TERMINAL: 1}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"{}", b'{"method":7}', b'{"method":"No"}'])
def test_bad_requests_have_status_200(bench: Bench, body: bytes) -> None:
    answer = bench.drive.face("qpos").answer(asked(body))
    assert answer.status == 200
    assert json.loads(answer.body)["code"] == 50021


def test_receipt_numbers(till: Bench) -> None:
    first = sold(till, **sale(till, None), ReceiptNumber=5)
    assert sold(till, **sale(till, "5")) == first
    long = qpos(till, "SaleReceipt", **sale(till, "9" * 201))
    assert long["message"] == "illegal argument"
    assert qpos(till, "SaleReceipt", **sale(till, None), ReceiptNumber=[1])["message"] == "illegal argument"
