"""The E-POS Communicator over a module in memory (uz-fiscal §13.2)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from reference.drive.dialects.communicator.methods import METHODS
from reference.drive.dialects.communicator.paycheck import Slip, latin, paycheck, wrapped
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.dialects.calls import asked, epos, epos_params, good
from tests.drive.doubles import TERMINAL


@pytest.fixture
def till(bench: Bench) -> Bench:
    assert epos(bench, "openZreport") == {"error": False, "message": "SUCCESS"}
    return bench


def sold(bench: Bench, method: str = "sale", **fields: Any) -> dict[str, Any]:
    bench.tick()
    answer = epos(bench, method, **({"params": epos_params()} | fields))
    assert answer["error"] is False, answer
    return answer


def refused(bench: Bench, method: str, **fields: Any) -> str:
    answer = epos(bench, method, **fields)
    assert (set(answer), answer["error"]) == ({"error", "message"}, True), answer
    return str(answer["message"])


def pdf(text: str) -> bytes:
    found = base64.b64decode(text, validate=True)
    assert found.startswith(b"%PDF-")
    assert b"(TEST)" in found, "ID-03"
    assert found.index(b"(TEST)") < found.index(b"Tj T*", found.index(b"(TEST)"))
    return found


# --- the request -------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"7"])
def test_what_is_no_request(bench: Bench, body: bytes) -> None:
    answer = bench.drive.face("communicator").answer(asked(body))
    assert json.loads(answer.body) == {"error": True, "message": "UNSUPPORTED_REQUEST_FORMAT"}


@pytest.mark.parametrize("token", [None, "", 7])
def test_a_token_is_asked_for(bench: Bench, token: object) -> None:
    assert refused(bench, "checkStatus", token=token) == "WRONG_TOKEN"


def test_a_certain_token(make_bench: BenchMaker) -> None:
    bench = make_bench(epos_token="right")
    assert refused(bench, "checkStatus", token="wrong") == "WRONG_TOKEN"
    assert epos(bench, "checkStatus", token="right") == {"error": False, "message": "OK!"}


@pytest.mark.parametrize("method", ["", None, "nothing", 7, "epsPayment", "validationMarking", "Sale"])
def test_unknown_methods(bench: Bench, method: Any) -> None:
    assert refused(bench, method) == "NO_SUCH_METHOD_AVAILABLE"


@pytest.mark.parametrize(("release", "there"), [("3.19.1", True), ("3.20", False), ("3.20.1", False)])
def test_newer_releases_do_not_sell(make_bench: BenchMaker, release: str, there: bool) -> None:
    bench = make_bench(communicator_version=release)
    epos(bench, "openZreport")
    assert epos(bench, "getVersion")["message"] == f"Communicator--{release}"
    for method in ("sale", "fastSale"):
        bench.tick()
        answer = epos(bench, method, params=epos_params())
        assert answer["error"] is not there
        assert there or answer["message"] == "NO_SUCH_METHOD_AVAILABLE"


# --- shifts ------------------------------------------------------------------------------------------


def test_a_day(till: Bench) -> None:
    assert refused(till, "openZreport") == "ERROR_ZREPORT_IS_ALREADY_OPEN"
    assert refused(till, "closeZreport") == "ERROR_CURRENT_ZREPORT_IS_EMPTY"
    answer = sold(till, companyName="Do'kon", staffName="Ali")
    assert answer["info"] == {
        "terminalId": TERMINAL,
        "receiptSeq": "1",
        "fiscalSign": "271368829008",
        "qrCodeURL": answer["message"]["QRCodeURL"],
        "dateTime": answer["message"]["DateTime"],
    }
    assert b"271368829008" in pdf(answer["paycheck"])
    closed = epos(till, "closeZreport")
    assert closed == {"error": False, "message": "SUCCESS", "leftZreportCount": 639}
    assert refused(till, "closeZreport") == "ERROR_CURRENT_ZREPORT_IS_EMPTY"
    assert refused(till, "sale", params=epos_params()) == "ERROR_ZREPORT_IS_NOT_OPEN"


def test_zreports(till: Bench) -> None:
    sold(till)
    epos(till, "closeZreport")
    current = epos(till, "getZreportInfo", zReportId=0, printerSize=58)["message"]
    assert (current["number"], current["count"], current["openTime"]) == (2, 2, "")
    last = epos(till, "getZreportInfo", zReportId=1)["message"]
    assert pdf(last["paycheck"])
    first = epos(till, "getZReportInfoByNumber", zReportId=1)["message"]
    assert first == last
    assert (last["totalSaleCash"], last["terminalID"], last["lastReceiptSeq"]) == (50_000, TERMINAL, "1")
    assert refused(till, "getZreportInfo") == "ZREPORT_ID_NOT_PROVIDED"
    assert refused(till, "getZreportInfo", zReportId=9) == "ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS"


def test_methods_that_are_generation_1s(till: Bench) -> None:
    sold(till)
    same = {
        "getZReportCount": "GetZReportCount",
        "getZReportsStats": "GetZReportsStats",
        "getReceiptCount": "GetReceiptCount",
        "getUnsentCount": "GetUnsentCount",
        "getLastRegisteredReceipt": "GetLastRegisteredReceipt",
        "rescanReceipts": "RescanReceipts",
        "getFiscalsList": "ListFiscalDrives",
        "getStatus": "Status",
    }
    for name, method in same.items():
        assert epos(till, name) == {"error": False, "message": good(till, method)}
    assert epos(till, "getReceiptInfo", number=1)["message"] == good(till, "GetReceiptInfo", Number=1)
    assert refused(till, "getReceiptInfo") == "RECEIPT_NUMBER_NOT_PROVIDED"
    assert refused(till, "sendZReportByNumber") == "RECEIPT_NUMBER_NOT_PROVIDED"
    assert epos(till, "getAckCount")["message"] == {"TerminalID": {}, "Count": 0}
    assert epos(till, "acknowledge")["message"] == {
        "Errors": [],
        "AppletVersion": "0324",
        "SuccessCount": 0,
        "ErrorCount": 0,
    }


# --- receipts ----------------------------------------------------------------------------------------


def test_fast_sale_prints_nothing(till: Bench) -> None:
    answer = sold(till, "fastSale")
    assert "paycheck" not in answer
    assert answer["info"]["receiptSeq"] == "1"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"receivedCash": 100_000}, "SUM MISMATCH"),
        ({"items": []}, "cannot encode receipt"),
        ({"items": [{"name": "x", "price": 10, "discount": 20}]}, "DISCOUNT SUM IS GRATER THEN PRICE SUM"),
        ({"items": [{"name": "x", "price": "10"}]}, "illegal argument"),
        ({"items": "x"}, "illegal argument"),
        ({"receivedCash": -1}, "illegal argument"),
        ({"items": [{"name": "x"}], "receivedCash": 0}, "ERROR_RECEIPT_TOTAL_PRICE_ZERO"),
    ],
)
def test_texts_of_refusals(till: Bench, change: dict[str, Any], text: str) -> None:
    till.tick()
    assert refused(till, "sale", params=epos_params(**change)) == text
    assert till.number == 0


def test_refunds(till: Bench) -> None:
    info = sold(till)["info"]
    till.core.sender.send_all(till.factory_id)
    assert refused(till, "refund", params=epos_params()) == "no refund info passed"
    refund = {name: info[name] for name in ("terminalId", "receiptSeq", "dateTime", "fiscalSign")}
    assert refused(till, "refund", params=epos_params(), refundInfo=refund | {"dateTime": "x"}) == (
        "bad refund info passed"
    )
    assert sold(till, "refund", refundInfo=refund)["info"]["receiptSeq"] == "2"
    assert epos(till, "getZreportInfo", zReportId=0)["message"]["totalRefundCash"] == 50_000


@pytest.mark.parametrize("method", ["advance", "credit"])
def test_receipts_without_a_number(till: Bench, method: str) -> None:
    info = sold(till, method)["info"]
    assert (info["receiptSeq"], info["fiscalSign"], info["qrCodeURL"]) == ("", "", "")
    assert epos(till, "getUnsentCount")["message"]["Count"] == 1


def test_payment_by_code(till: Bench) -> None:
    params = epos_params(receivedCash=20_000, receivedEps=30_000)
    sold(till, "saleEPS", params=params, payType=1, qrToken="T-1")
    shift = good(till, "GetZReportInfo")
    assert (shift["TotalSaleCash"], shift["TotalSaleCard"]) == (20_000, 30_000)
    assert refused(till, "saleEPS", params=params, payType=9, qrToken="T") == "illegal argument"


def test_details_of_the_buyer(till: Bench) -> None:
    """HB-12: a phone of 13 characters and a car in Cyrillic pass."""
    extra = {"tin": "123456789", "pinfl": "", "phoneNumber": "+998901234567", "carNumber": "01А123ВС"}
    assert sold(till, extraInfo=extra)["info"]["receiptSeq"] == "1"
    assert sold(till, params=epos_params(extraInfos=extra))["info"]["receiptSeq"] == "2"


def test_looking_back(till: Bench) -> None:
    first = sold(till)["info"]
    second = sold(till)["info"]
    (found,) = epos(till, "getReceiptInfoByNumber", number=1)["message"]
    assert found["fiscalSign"] == first["fiscalSign"]
    assert (found["amount"], found["cash"], found["card"]) == (50_000, 50_000, 0)
    assert found["dateTime"].endswith(".0")
    (by_sign,) = epos(till, "getReceiptInfoByFiscalSign", fiscalSign=second["fiscalSign"])["message"]
    assert by_sign["receiptSeq"] == "2"
    period = {"startDate": "20260701000000", "endDate": "20260701235959"}
    assert len(epos(till, "getReceiptsInfoByDate", **period)["message"]) == 2
    assert epos(till, "getReceiptInfoByNumber", number=2**70)["message"] == []
    assert refused(till, "getReceiptsInfoByDate", startDate="20260701000000") == "PERIOD_NOT_PROVIDED"
    assert refused(till, "getReceiptsInfoByDate", **(period | {"endDate": "x"})) == "illegal argument"
    again = epos(till, "printLastPaycheck")
    assert again["info"] == second
    assert pdf(again["paycheck"])


def test_the_program_itself(bench: Bench) -> None:
    assert epos(bench, "getDeviceId")["message"] == bench.factory_id
    assert epos(bench, "setCashNumber", cashNumber=42)["message"] == "42"
    assert refused(bench, "setCashNumber") == "CASH_REGISTERER_NUMBER_NOT_AVAILABLE"


def test_no_module(make_bench: BenchMaker) -> None:
    bench = make_bench(modules=0)
    assert refused(bench, "openZreport") == "cannot connect card"


def test_every_method_answers_a_bare_request(bench: Bench) -> None:
    for name in METHODS:
        answer = epos(bench, name)
        assert answer["error"] in (True, False), name
        assert answer["message"] != "try later", name


# --- paper -------------------------------------------------------------------------------------------


def test_cyrillic_becomes_latin() -> None:
    assert latin("Нон ўзбек Ёз шоҳ ✓") == "Non o'zbek Yoz shoh ?"


def test_long_lines_go_on() -> None:
    assert wrapped(["abcdef", ""], 4) == ["abcd", "ef", ""]


def test_a_slip_is_printed_the_same_twice() -> None:
    slip = Slip(("a", "b"), "http://127.0.0.1/check?t=1")
    assert paycheck(slip, 58) == paycheck(slip, 58)
    assert paycheck(slip, 58) != paycheck(slip, 80)
