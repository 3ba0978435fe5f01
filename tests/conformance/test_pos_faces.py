"""Generation 1 as the judge speaks it: shells, names, errors, the current slot, what it has no word for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from conformance.drivers.pos_drive import DriveStand, Order
from conformance.drivers.pos_faces import GETTXID, LIST, OPEN, REGISTER, STATE
from conformance.drivers.pos_faces_gen1 import QposFace, RpcFace
from conformance.models.uz_played import FACTORY, PlayedModule
from conformance.models.uz_played_receipts import TERMINAL, text_of
from conformance.verdicts import NotApplicable
from tests.waiting import PATIENCE

NOW = datetime(2026, 11, 21, 9, 0, 0)
Json = dict[str, Any]


def silent(*_: Any) -> None:
    """A tap that nobody reads."""


def stand_of(face: RpcFace | QposFace) -> DriveStand:
    module = PlayedModule(lambda: NOW, iter(range(1, 1000)).__next__)
    module.fresh_day(NOW - timedelta(hours=1))
    made = DriveStand(module, silent, face=face)
    made.open()
    return made


@pytest.fixture
def rpc() -> Iterator[DriveStand]:
    made = stand_of(RpcFace())
    yield made
    made.rest()
    made.close()


@pytest.fixture
def qpos() -> Iterator[DriveStand]:
    made = stand_of(QposFace())
    yield made
    made.rest()
    made.close()


def receipt(seconds: int = 0, **more: Any) -> Json:
    item = {"Name": "Osh", "Amount": 1000, "Price": 100_00, "VAT": 10_71, "VATPercent": 12}
    return {
        "Time": text_of(NOW + timedelta(seconds=seconds)),
        "ReceivedCash": 100_00,
        "Items": [item],
        **more,
    }


def post(stand: DriveStand, path: str, body: Json, kind: str = "application/json") -> httpx.Response:
    return httpx.post(
        f"{stand.url}{path}", json=body, headers={"Content-Type": kind}, timeout=PATIENCE, trust_env=False
    )


def call(stand: DriveStand, method: str, key: object = 7, **params: Any) -> Json:
    asked = {"jsonrpc": "2.0", "id": key, "method": method, "params": {"FactoryID": FACTORY, **params}}
    answer = post(stand, "/rpc/api", asked)
    assert answer.status_code == 200
    told: Json = answer.json()
    assert (told["jsonrpc"], told["id"]) == ("2.0", key)
    return told


def ask(stand: DriveStand, method: str, **params: Any) -> Json:
    answer = post(stand, "/api", {"method": method, "params": params})
    assert answer.status_code == 200
    told: Json = answer.json()
    return told


def test_json_rpc_sells_and_answers_in_the_types_of_generation_1(rpc: DriveStand) -> None:
    """G1-T-01, S-3.4, S-3.3"""
    told = call(rpc, "Api.SendSaleReceipt", "text", Receipt=receipt())["result"]
    assert (told["ReceiptSeq"], told["DateTime"], told["FiscalSign"]) == (
        "1",
        "20261121090000",
        "000000000001",
    )
    info = call(rpc, "Api.GetInfo")["result"]
    assert (info["TerminalID"], info["CurrentReceiptSeq"], info["ReceiptCount"]) == (TERMINAL, "1", 1)
    held = call(rpc, "Api.GetReceiptInfo", Number=1)["result"]
    assert (held["ReceiptSeq"], held["TotalCash"], held["Sale"]) == ("1", 100_00, True)
    last = call(rpc, "Api.GetLastRegisteredReceipt")["result"]
    assert last == told
    [sold] = rpc.seen(REGISTER)
    assert (sold.word, sold.body["Type"], sold.body["Operation"]) == ("Api.SendSaleReceipt", 0, 0)


def test_the_same_receipt_is_a_second_one_later_and_past_at_once(
    rpc: DriveStand,
) -> None:
    """G1-R-08, TM-05"""
    assert call(rpc, "Api.SendSaleReceipt", Receipt=receipt())["result"]["ReceiptSeq"] == "1"
    error = call(rpc, "Api.SendSaleReceipt", Receipt=receipt())["error"]
    assert (error["code"], error["message"]) == (36888, "ERROR_RECEIPT_TIME_PAST")
    assert call(rpc, "Api.SendSaleReceipt", Receipt=receipt(1))["result"]["ReceiptSeq"] == "2"


def test_names_are_read_without_regard_to_case(rpc: DriveStand) -> None:
    """G1-T-08"""
    small = {"time": text_of(NOW), "receivedcash": 5, "items": [{"name": "Non", "price": 5, "spic": "1"}]}
    assert "result" in call(rpc, "Api.SendSaleReceipt", receipt=small)
    assert rpc.module.receipts[0].cash == 5
    assert rpc.module.receipts[0].body["Items"][0]["SPIC"] == "1"


def test_what_is_no_call_is_told_as_the_real_one_does(rpc: DriveStand) -> None:
    """G1-T-02, G1-T-03, G1-T-07"""
    assert call(rpc, "Api.Nonsense")["error"]["code"] == -32601
    answer = post(rpc, "/rpc/api", {"method": "Api.GetInfo"}, "application/json-rpc")
    assert (answer.status_code, answer.text) == (415, "rpc: unrecognized Content-Type: application/json-rpc")
    got = httpx.get(f"{rpc.url}/rpc/api", timeout=PATIENCE, trust_env=False)
    assert (got.status_code, got.text) == (405, "rpc: POST method required, received GET")
    broken = httpx.post(
        f"{rpc.url}/rpc/api",
        content=b"{",
        headers={"Content-Type": "application/json"},
        timeout=PATIENCE,
        trust_env=False,
    )
    assert broken.json()["error"]["code"] == -32700
    assert call(rpc, "Api.GetInfo", FactoryID="0" * 36)["error"]["code"] == 65534


@pytest.mark.parametrize(
    ("reason", "code", "message"),
    [
        ("9021 - ZREPORT_IS_NOT_OPENED", 36909, "ERROR_ZREPORT_IS_NOT_OPEN"),
        ("9031 - SEND_ALL_RECEIPTS_FIRST", 36889, "ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED"),
        ("9040 - TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT", 36911, "ERROR_SALE_REFUND_COUNT_OVERFLOW"),
        ("9090 - LOCKED_SYNC_WITH_SERVER", 65279, "fiscal drive locked"),
        ("9091 - DATETIME_SYNC_WITH_SERVER", 65278, "card command failed"),
        ("90F1 - RECEIPTS_MEMORY_FULL", 36886, "ERROR_RECEIPT_MEMORY_FULL"),
        ("no card found", 65534, "cannot connect card"),
        ("RefundInfo is undefined", 65277, "no refund info passed"),
        ("RefundInfo is not valid", 65275, "not valid refund info"),
        ("receipt has no iteems", 65531, "cannot encode receipt"),
    ],
)
def test_reasons_of_rest_are_told_by_their_names(
    rpc: DriveStand, qpos: DriveStand, reason: str, code: int, message: str
) -> None:
    """S-3.5, QP-03"""
    rpc.refuse(REGISTER, reason)
    error = call(rpc, "Api.SendSaleReceipt", Receipt=receipt())["error"]
    assert (error["code"], error["message"]) == (code, message)
    qpos.refuse(REGISTER, reason)
    told = ask(qpos, "SaleReceipt", ReceiptNumber="1", **receipt())
    assert (told["code"], told["message"]) == (50021, message)


def test_the_current_slot_is_empty_after_a_close(rpc: DriveStand) -> None:
    """G1-Z-01, G1-Z-02, S-9.1"""
    call(rpc, "Api.SendSaleReceipt", Receipt=receipt())
    current = call(rpc, "Api.GetZReportInfo", Number=0)["result"]
    assert (current["OpenTime"], current["TotalSaleCash"], current["LastReceiptSeq"]) == (
        "20261121080000",
        100_00,
        "1",
    )
    call(rpc, "Api.CloseZReport", Time=text_of(NOW + timedelta(seconds=1)))
    current = call(rpc, "Api.GetZReportInfo", Number=0)["result"]
    assert (current["OpenTime"], current["TotalSaleCash"], current["LastReceiptSeq"]) == ("", 0, "0")
    closed = call(rpc, "Api.GetZReportInfo", Number=1)["result"]
    assert (closed["Number"], closed["TotalSaleCash"]) == (current["Number"] - 1, 100_00)
    assert call(rpc, "Api.GetZReportInfo", Number=9)["error"]["code"] == 36902
    assert call(rpc, "Api.CloseZReport")["error"]["message"] == "ERROR_CURRENT_ZREPORT_IS_EMPTY"


def test_an_advance_has_no_number(rpc: DriveStand) -> None:
    """G1-Z-09"""
    told = call(rpc, "Api.SendAdvanceReceipt", Receipt=receipt())["result"]
    assert (told["ReceiptSeq"], told["FiscalSign"], told["DateTime"]) == ("", "", text_of(NOW))
    assert (rpc.module.receipts, len(rpc.module.unnumbered)) == ([], 1)


def test_qpos_answers_a_number_it_knows_with_its_first_receipt(qpos: DriveStand) -> None:
    """QP-01"""
    first = ask(qpos, "SaleReceipt", ReceiptNumber="a", **receipt())
    again = ask(qpos, "SaleReceipt", ReceiptNumber="a", **receipt(60))
    other = ask(qpos, "SaleReceipt", ReceiptNumber="b", **receipt(60))
    assert first == again
    assert (first["data"]["ReceiptSeq"], other["data"]["ReceiptSeq"]) == ("1", "2")


def test_a_number_that_was_refused_is_free_again(qpos: DriveStand) -> None:
    """QP-01"""
    qpos.refuse(REGISTER, "no card found")
    assert ask(qpos, "SaleReceipt", ReceiptNumber="a", **receipt())["code"] == 50021
    assert ask(qpos, "SaleReceipt", ReceiptNumber="a", **receipt())["data"]["ReceiptSeq"] == "1"


def test_qpos_opens_at_its_own_time_and_has_shapes_of_its_own(qpos: DriveStand) -> None:
    """S-13.1, QP-03"""
    told = ask(qpos, "Api.OpenZReport")
    assert (told["code"], told["message"]) == (50021, "ERROR_ZREPORT_IS_ALREADY_OPEN")
    ask(qpos, "SaleReceipt", ReceiptNumber="a", **receipt())
    assert ask(qpos, "Api.CloseZReport")["code"] == 0
    assert ask(qpos, "Api.OpenZReport") == {"code": 0, "message": "OK", "data": "Z-Report succesfuly open!"}
    assert ask(qpos, "Api.SendReceipt")["success"] is True
    assert qpos.module.unsent == []


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (Order(GETTXID, "x"), "JSON-RPC 3448 has no GetTXID"),
        (Order(STATE), "JSON-RPC 3448 has no State/Sync"),
        (Order(OPEN, body=str), "JSON-RPC 3448 has one shape of this answer"),
        (Order(REGISTER, "no record found in table receipt_register_log"), "JSON-RPC 3448 has no word for"),
    ],
)
def test_what_a_dialect_has_not_is_not_applicable(rpc: DriveStand, order: Order, why: str) -> None:
    with pytest.raises(NotApplicable, match=why):
        rpc.order(order)
    assert rpc.orders_left == 0


def test_the_step_that_stores_is_looked_for_in_the_one_step(rpc: DriveStand, qpos: DriveStand) -> None:
    call(rpc, "Api.SendSaleReceipt", Receipt=receipt())
    assert [each.operation for each in rpc.seen(GETTXID, REGISTER)] == [REGISTER]
    rpc.needs(LIST)
    with pytest.raises(NotApplicable, match="QPOS 2040 has no FiscalDrive/List"):
        qpos.needs(LIST)
