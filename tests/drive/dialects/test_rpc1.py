"""Generation 1 over a module in memory: slots, receipts, codes (uz-fiscal §3)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from reference.drive.dialects.rpc1.codes import CARD_CODES, Doing, card_error
from reference.drive.dialects.rpc1.methods import METHODS
from reference.drive.dialects.rpc1.results import go_duration
from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.objects import ReceiptFile
from reference.protocol.uz.values import format_json_time
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.dialects.calls import error, good, receipt, rpc, rpc_answer, sold
from tests.drive.doubles import TERMINAL
from tests.waiting import eventually


@pytest.fixture
def open_bench(bench: Bench) -> Bench:
    good(bench, "OpenZReport", Time=format_json_time(bench.tick()))
    return bench


def refund_of(bench: Bench, answer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    info = {name: answer[name] for name in ("TerminalID", "ReceiptSeq", "DateTime", "FiscalSign")}
    return receipt(bench.tick(), RefundInfo=info | changes)


# --- transport ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [1, 0, -3, "a", "", None, 1.5, 2**70, True])
def test_the_id_comes_back_as_it_came(bench: Bench, key: object) -> None:
    answer = rpc_answer(
        bench, {"jsonrpc": "2.0", "id": key, "method": "Api.Ping", "params": {"Message": "x"}}
    )
    assert json.loads(answer.body) == {"jsonrpc": "2.0", "result": {"Message": "x"}, "id": key}


@pytest.mark.parametrize("kind", ["application/json-rpc", "text/plain", "", "application/jsonx"])
def test_other_content_types_are_refused(bench: Bench, kind: str) -> None:
    answer = rpc_answer(bench, {}, content_type=kind)
    assert answer.status == 415
    assert answer.body.decode() == f"rpc: unrecognized Content-Type: {kind}"


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_a_charset_is_fine(bench: Bench, kind: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "Api.Ping"}
    assert json.loads(rpc_answer(bench, body, content_type=kind).body)["result"] == {"Message": ""}


def test_other_methods_are_refused(bench: Bench) -> None:
    answer = rpc_answer(bench, {}, method="GET")
    assert (answer.status, answer.body) == (405, b"rpc: POST method required, received GET")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"", -32700),
        (b"\xff\xfe", -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b"{}", -32600),
        (b'{"method":7}', -32600),
        (b'{"method":"Api.Ping","jsonrpc":"1.0"}', -32600),
        (b'{"method":"Api.Ping","id":1e999}', -32600),
    ],
)
def test_what_is_no_request(bench: Bench, body: bytes, code: int) -> None:
    answer = rpc_answer(bench, body)
    assert answer.status == 200
    found = json.loads(answer.body)
    assert (found["error"]["code"], found["id"]) == (code, None)


def test_an_unknown_method_keeps_its_id(bench: Bench) -> None:
    assert error(bench, "Nothing")[0] == -32601
    assert error(bench, "getinfo")[0] == -32601, "methods are matched to the letter"


def test_half_a_surrogate_pair_does_not_stop_an_answer(bench: Bench) -> None:
    answer = rpc_answer(bench, b'{"id":"\\ud800","method":"Api.Ping","params":{"Message":"\\udc00"}}')
    assert json.loads(answer.body) == {"jsonrpc": "2.0", "result": {"Message": "\udc00"}, "id": "\ud800"}


def test_names_match_without_case_and_unknown_ones_pass(bench: Bench) -> None:
    body = b'{"ID":3,"Method":"Api.Ping","PARAMS":{"message":"x","Other":[1]},"more":1}'
    assert json.loads(rpc_answer(bench, body).body) == {"jsonrpc": "2.0", "result": {"Message": "x"}, "id": 3}


def test_params_of_the_wrong_kind(bench: Bench) -> None:
    for params in ([1], "x", 7):
        answer = rpc_answer(bench, {"id": 1, "method": "Api.Ping", "params": params})
        assert json.loads(answer.body)["error"]["code"] == 65532


# --- which module ------------------------------------------------------------------------------------


def test_the_only_module_needs_no_name(bench: Bench) -> None:
    info = good(bench, "GetInfo")
    assert good(bench, "GetInfo", FactoryID="") == info
    assert good(bench, "GetInfo", FactoryID=bench.factory_id.upper()) == info
    assert error(bench, "GetInfo", FactoryID="00") == (65534, "cannot connect card")
    assert good(bench, "ListFiscalDrives") == {"FactoryID": [bench.factory_id]}


def test_two_modules_must_be_named(make_bench: BenchMaker) -> None:
    bench = make_bench(modules=2)
    assert error(bench, "GetInfo") == (65534, "cannot connect card")
    first, second = good(bench, "ListFiscalDrives")["FactoryID"]
    assert good(bench, "GetInfo", FactoryID=first)["TerminalID"] == TERMINAL
    assert good(bench, "GetInfo", FactoryID=second)["TerminalID"] == "ZZ000000000001"


def test_without_a_module(make_bench: BenchMaker) -> None:
    bench = make_bench(modules=0)
    assert good(bench, "ListFiscalDrives") == {"FactoryID": []}
    assert error(bench, "GetInfo") == (65534, "cannot connect card")
    assert good(bench, "GetUnsentCount") == {"TerminalID": {}, "Count": 0}


# --- info --------------------------------------------------------------------------------------------


def test_info(open_bench: Bench) -> None:
    info = good(open_bench, "GetInfo")
    assert (info["AppletVersion"], info["TerminalID"]) == ("0324", TERMINAL)
    assert (info["CurrentReceiptSeq"], info["ReceiptCount"]) == ("0", 0)
    assert (info["ReceiptMaxCount"], info["ZReportMaxCount"]) == (480, 640)
    assert (info["ZReportCount"], info["CurrentTime"]) == (1, "20260701090001")
    assert info["AvailablePersistentMemory"] > 0


def test_times_may_have_dashes(make_bench: BenchMaker) -> None:
    bench = make_bench(gen1_times="dashed")
    good(bench, "OpenZReport", Time=format_json_time(bench.tick()))
    assert good(bench, "GetZReportInfo")["OpenTime"] == "2026-07-01 09:00:01"
    assert sold(bench)["DateTime"] == "20260701090002", "receipts keep their 14 digits"


def test_lifetime_sums(open_bench: Bench) -> None:
    sold(open_bench)
    assert good(open_bench, "GetFiscalMemoryInfo") == {
        "AppletVersion": "0324",
        "TerminalID": TERMINAL,
        "SaleCash": 50_000,
        "SaleCard": 0,
        "SaleVAT": 5357,
        "RefundCash": 0,
        "RefundCard": 0,
        "RefundVAT": 0,
    }


def test_status_tells_what_was_sent(open_bench: Bench) -> None:
    before = good(open_bench, "Status")
    assert before["Sender"]["TotalFilesSent"] == {}
    assert before["StartTime"] == "2026-07-01 09:00:00"
    sold(open_bench)
    open_bench.core.sender.send_all(open_bench.factory_id)
    status = good(open_bench, "Status")
    sender = status["Sender"]
    assert sender["FullReceiptFilesSent"] == sender["TotalAckFilesReceived"] == {TERMINAL: 1}
    assert sender["LastOnlineTime"] == "2026-07-01T09:00:02+05:00"
    assert sender["LiveAddress"] == "127.0.0.1:13447"
    assert status["DB"] == {"ArchivedFiles": {"2026-07": 1}}


@pytest.mark.parametrize(
    ("span", "text"), [(0, "0s"), (230_986_900, "230.9869ms"), (1_500_000_000, "1.5s"), (999, "999ns")]
)
def test_spans_as_go_prints_them(span: int, text: str) -> None:
    assert go_duration(span) == text


# --- shifts ------------------------------------------------------------------------------------------


def test_a_day_of_one_sale(bench: Bench) -> None:
    assert good(bench, "OpenZReport", Time=format_json_time(bench.tick())) == {"AppletVersion": "0324"}
    answer = sold(bench)
    assert answer == {
        "AppletVersion": "0324",
        "TerminalID": TERMINAL,
        "ReceiptSeq": "1",
        "DateTime": "20260701090002",
        "FiscalSign": "271368829008",
        "QRCodeURL": "http://127.0.0.1:13448/check?t=ZZ000000000000&r=1&c=20260701090002&s=271368829008",
    }
    assert good(bench, "GetLastRegisteredReceipt") == answer
    shift = good(bench, "GetZReportInfo", Number=0)
    assert (shift["Count"], shift["TotalSaleCash"], shift["LastReceiptSeq"]) == (1, 50_000, "1")
    assert error(bench, "OpenZReport") == (36912, "ERROR_ZREPORT_IS_ALREADY_OPEN")
    closed = good(bench, "CloseZReport", Time=format_json_time(bench.tick()))
    assert closed == {
        "AppletVersion": "0324",
        "UnsentZReportsCount": 1,
        "AwaitingToSendZReportsCount": 1,
        "ErrorsCount": 0,
    }
    assert error(bench, "CloseZReport") == (36907, "ERROR_CURRENT_ZREPORT_IS_EMPTY")
    current = good(bench, "GetZReportInfo")
    assert (current["Number"], current["Count"], current["OpenTime"]) == (2, 2, "")
    assert (current["FirstReceiptSeq"], current["LastReceiptSeq"], current["TotalSaleVAT"]) == ("0", "0", 0)
    assert good(bench, "GetZReportInfo", Number=1) == good(bench, "GetZReportInfoByNumber", Number=1)
    assert good(bench, "GetZReportInfo", Number=1)["TotalSaleCash"] == 50_000
    refused = (36909, "ERROR_ZREPORT_IS_NOT_OPEN")
    assert error(bench, "SendSaleReceipt", Receipt=receipt(bench.tick())) == refused


def test_an_empty_shift_is_not_closed(open_bench: Bench) -> None:
    assert error(open_bench, "CloseZReport") == (36907, "ERROR_CURRENT_ZREPORT_IS_EMPTY")
    assert good(open_bench, "GetZReportInfo")["OpenTime"] == "20260701090001"


@pytest.mark.parametrize(("method", "number"), [("GetZReportInfo", 1), ("GetZReportInfo", 2**80)])
@pytest.mark.parametrize("by", ["", "ByNumber"])
def test_numbers_beyond_the_slots(open_bench: Bench, method: str, by: str, number: int) -> None:
    beyond = number + 1 if by else number
    found = error(open_bench, method + by, Number=beyond)
    assert found == (36902, "ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS")
    assert error(open_bench, "GetZReportInfoByNumber", Number=0)[0] == 36902


def test_a_missing_time_is_now_or_the_second_after(bench: Bench) -> None:
    good(bench, "OpenZReport")
    sold(bench)
    assert good(bench, "CloseZReport")["AppletVersion"] == "0324"
    assert good(bench, "GetZReportInfo", Number=1)["CloseTime"] == "20260701090002"
    bench.tick(3600)
    good(bench, "OpenZReport")
    assert good(bench, "GetZReportInfo")["OpenTime"] == "20260701100001"


def test_shift_times_in_the_past(open_bench: Bench) -> None:
    past = format_json_time(open_bench.now() - timedelta(minutes=1))
    sold(open_bench)
    assert error(open_bench, "CloseZReport", Time=past) == (36897, "ERROR_CLOSE_ZREPORT_TIME_PAST")
    good(open_bench, "CloseZReport", Time=format_json_time(open_bench.tick()))
    assert error(open_bench, "OpenZReport", Time=past) == (36916, "ERROR_OPEN_ZREPORT_TIME_PAST")
    assert error(open_bench, "OpenZReport", Time="2026-07-01T10:00:00")[0] == 65532


def test_statistics(bench: Bench) -> None:
    for _ in range(2):
        good(bench, "OpenZReport", Time=format_json_time(bench.tick()))
        sold(bench)
        good(bench, "CloseZReport", Time=format_json_time(bench.tick()))
    assert good(bench, "GetZReportsStats") == {
        "AppletVersion": "0324",
        "TotalClosedUnAckZReportsCount": 2,
        "LastUnAckZReportsNumbers": [1, 2] + [0] * 14,
        "TotalClosedZReportsCount": 2,
    }
    assert good(bench, "GetZReportCount") == {"AppletVersion": "0324", "Count": 3}


def test_more_unacknowledged_shifts_than_a_module_names(bench: Bench) -> None:
    for _ in range(18):
        good(bench, "OpenZReport", Time=format_json_time(bench.tick()))
        sold(bench)
        good(bench, "CloseZReport", Time=format_json_time(bench.tick()))
    good(bench, "OpenZReport", Time=format_json_time(bench.tick()))
    stats = good(bench, "GetZReportsStats")
    assert stats["TotalClosedUnAckZReportsCount"] == 18
    assert stats["LastUnAckZReportsNumbers"] == list(range(3, 19))


def test_an_older_applet_counts_nothing_at_a_close(make_bench: BenchMaker) -> None:
    bench = make_bench(gen1_applet_version="0302")
    good(bench, "OpenZReport")
    sold(bench)
    assert good(bench, "CloseZReport") == {"AppletVersion": "0302"}


# --- receipts ----------------------------------------------------------------------------------------


def changed(bench: Bench, **item: Any) -> dict[str, Any]:
    made = receipt(bench.tick())
    made["Items"][0] |= item
    return made


def test_a_sign_keeps_its_zeros(open_bench: Bench) -> None:
    signs = [sold(open_bench)["FiscalSign"] for _ in range(22)]
    assert signs[21] == "049567970396"


@pytest.mark.parametrize(
    ("change", "code", "chain"),
    [
        (
            {"ReceivedCash": 115_000},
            65531,
            [
                "failed to make total block",
                " difference 65000 between 50000 and 115000 is larger than 10000",
                " math error",
            ],
        ),
        ({"Items": []}, 65531, ["failed to encode receipt", " receipt has no iteems"]),
        ({"ReceivedCash": 10**16}, 65531, None),
        ({"ReceivedCash": -1}, 65532, None),
        ({"ReceivedCash": "5"}, 65532, None),
        ({"Time": ""}, 65532, None),
        ({"Time": "2026-07-01T10:00:00"}, 65532, None),
        ({"Items": {}}, 65532, None),
    ],
)
def test_what_is_wrong_with_a_receipt(
    open_bench: Bench, change: dict[str, Any], code: int, chain: list[str] | None
) -> None:
    found = rpc(open_bench, "SendSaleReceipt", Receipt=receipt(open_bench.tick(), **change))["error"]
    texts = {65531: "cannot encode receipt", 65532: "illegal argument"}
    assert (found["code"], found["message"]) == (code, texts[code])
    assert found["data"].endswith("\n")
    if chain is not None:
        assert found["data"] == "\n".join(chain) + "\n"
    assert open_bench.number == 0
    assert open_bench.core.stage.gen1.last_registered(open_bench.factory_id) is None


def test_what_is_wrong_with_a_line(open_bench: Bench) -> None:
    too_much = changed(open_bench, Discount=40_000, Other=10_001)
    assert error(open_bench, "SendSaleReceipt", Receipt=too_much) == (65531, "cannot encode receipt")
    nameless = changed(open_bench, Name=" ")
    assert error(open_bench, "SendSaleReceipt", Receipt=nameless) == (65531, "cannot encode receipt")
    nothing = receipt(open_bench.tick(), price=0)
    zero = (36908, "ERROR_RECEIPT_TOTAL_PRICE_ZERO")
    assert error(open_bench, "SendSaleReceipt", Receipt=nothing) == zero
    assert error(open_bench, "SendSaleReceipt", Receipt=None)[0] == 65532


def test_a_time_that_has_passed(open_bench: Bench) -> None:
    made = receipt(open_bench.tick())
    good(open_bench, "SendSaleReceipt", Receipt=made)
    assert error(open_bench, "SendSaleReceipt", Receipt=made) == (36888, "ERROR_RECEIPT_TIME_PAST")
    made["Time"] = format_json_time(open_bench.tick())
    assert good(open_bench, "SendSaleReceipt", Receipt=made)["ReceiptSeq"] == "2", "the same again is another"


def test_tolerated_fields(open_bench: Bench) -> None:
    made = receipt(
        open_bench.tick(),
        IsRefund=True,
        ReceiptType=2,
        Type=1,
        Operation=1,
        Cashier="Ali",
        SenderInfo={"name": "p", "sn": "1", "version": "1"},
        RefundInfo={"TerminalID": "", "ReceiptSeq": "", "DateTime": "", "FiscalSign": ""},
    )
    made["Items"][0]["spic"] = made["Items"][0].pop("SPIC")
    assert good(open_bench, "SendSaleReceipt", Receipt=made)["ReceiptSeq"] == "1"
    shift = good(open_bench, "GetZReportInfo")
    assert (shift["TotalSaleCount"], shift["TotalRefundCount"]) == (1, 0)


def test_refunds(open_bench: Bench) -> None:
    first = sold(open_bench)
    open_bench.core.sender.send_all(open_bench.factory_id)
    again = good(open_bench, "SendRefundReceipt", Receipt=refund_of(open_bench, first))
    assert again["ReceiptSeq"] == "2"
    more = refund_of(open_bench, first)
    assert error(open_bench, "SendRefundReceipt", Receipt=more) == (36913, "ERROR_NOT_ENOUGH_CASH_FOR_REFUND")
    by_card = refund_of(open_bench, first) | {"ReceivedCash": 0, "ReceivedCard": 50_000}
    refused = error(open_bench, "SendRefundReceipt", Receipt=by_card)
    assert refused == (36914, "ERROR_NOT_ENOUGH_CARD_FOR_REFUND")


def test_refund_info(open_bench: Bench) -> None:
    first = sold(open_bench)
    open_bench.core.sender.send_all(open_bench.factory_id)
    bare = receipt(open_bench.tick())
    assert error(open_bench, "SendRefundReceipt", Receipt=bare) == (65277, "no refund info passed")
    for name, value in (("DateTime", "2026-07-01 09:00:02"), ("ReceiptSeq", "x"), ("FiscalSign", "1")):
        made = refund_of(open_bench, first, **{name: value})
        assert error(open_bench, "SendRefundReceipt", Receipt=made) == (65276, "bad refund info passed")
    other = refund_of(open_bench, first, FiscalSign="000000000001")
    found = rpc(open_bench, "SendRefundReceipt", Receipt=other)["error"]
    assert found == {"code": 65275, "message": "not valid refund info", "data": "refund info is not valid\n"}
    open_bench.books.unreachable.add("*")
    made = refund_of(open_bench, first)
    assert error(open_bench, "SendRefundReceipt", Receipt=made) == (65274, "cannot check refund info")
    assert open_bench.number == 1


def test_old_clients_refund_without_info(make_bench: BenchMaker) -> None:
    bench = make_bench(gen1_refund_info="optional")
    good(bench, "OpenZReport")
    sold(bench)
    assert good(bench, "SendRefundReceipt", Receipt=receipt(bench.tick()))["ReceiptSeq"] == "2"
    assert good(bench, "GetZReportInfo")["TotalRefundCash"] == 50_000


@pytest.mark.parametrize(("method", "kind"), [("Advance", 1), ("Credit", 2)])
def test_receipts_without_a_number(bench: Bench, method: str, kind: int) -> None:
    made = receipt(bench.tick())
    answer = good(bench, f"Send{method}Receipt", Receipt=made)
    assert answer == {
        "AppletVersion": "0324",
        "TerminalID": TERMINAL,
        "ReceiptSeq": "",
        "DateTime": made["Time"],
        "FiscalSign": "",
        "QRCodeURL": "",
    }
    assert good(bench, "GetUnsentCount") == {"TerminalID": {TERMINAL: 1}, "Count": 1}
    assert good(bench, "GetInfo")["CurrentReceiptSeq"] == "0"
    bench.core.sender.send_all(bench.factory_id)
    (file,) = bench.books.unsigned
    assert file.type == kind + 3
    assert ReceiptFile.decode(file.header) == ReceiptFile(terminal_id=TERMINAL, type=kind)
    assert good(bench, "GetUnsentCount")["Count"] == 0
    assert good(bench, "Status")["Sender"][f"{method}ReceiptFilesSent"] == {TERMINAL: 1}
    assert error(bench, "GetLastRegisteredReceipt") == (36872, "ERROR_RECEIPT_NOT_FOUND")


def test_a_receipt_without_a_number_goes_by_itself(make_bench: BenchMaker) -> None:
    """Also when nothing but receipts came since the sender's last look at everything."""
    bench = make_bench(auto_send=True)
    sender = bench.core.sender
    eventually(lambda: sender.looked_at >= bench.core.stage.lab_seconds())
    good(bench, "SendCreditReceipt", Receipt=receipt(bench.tick()))
    bench.tick(6)
    eventually(lambda: len(bench.books.unsigned) == 1)


def test_held_receipts(open_bench: Bench) -> None:
    assert good(open_bench, "GetReceiptCount")["Count"] == 0
    assert error(open_bench, "GetReceiptInfo", Number=1) == (36870, "ERROR_RECEIPT_COUNT_ZERO")
    sold(open_bench)
    sold(open_bench, ReceivedCash=40_000, ReceivedCard=10_000)
    oldest, newest = (good(open_bench, "GetReceiptInfo", Number=number) for number in (1, 2))
    assert (oldest["ReceiptSeq"], oldest["Number"], oldest["Count"], oldest["Sale"]) == ("1", 1, 2, True)
    assert (newest["ReceiptSeq"], newest["TotalCash"], newest["TotalCard"]) == ("2", 40_000, 10_000)
    for number in (0, 3):
        found = error(open_bench, "GetReceiptInfo", Number=number)
        assert found == (36871, "ERROR_RECEIPT_INDEX_OUT_OF_BOUNDS")
    first = good(open_bench, "RescanReceipts")
    assert first == {"AppletVersion": "0324", "FirstReceiptTime": oldest["TransactionTime"]}


def test_a_lost_answer_is_found_again(open_bench: Bench) -> None:
    """UZ-USB-02, G1-R-08: the link breaks after the module has registered."""
    open_bench.faults.add(point="link.transmit", action="drop", value="after", match={"apdu": "001700*"})
    made = receipt(open_bench.tick())
    assert error(open_bench, "SendSaleReceipt", Receipt=made) == (65534, "cannot connect card")
    open_bench.faults.clear()
    last = good(open_bench, "GetLastRegisteredReceipt")
    assert (last["ReceiptSeq"], last["FiscalSign"]) == ("1", "271368829008")


# --- limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "most", "code"),
    [
        ("gen1_operations_max", 1, 36911),
        ("gen1_receipt_max", 1, 36886),
        ("gen1_total_max", 99_999, 36878),
    ],
)
def test_limits_of_a_receipt(make_bench: BenchMaker, setting: str, most: int, code: int) -> None:
    bench = make_bench(**{setting: most})
    good(bench, "OpenZReport")
    sold(bench)
    assert error(bench, "SendSaleReceipt", Receipt=receipt(bench.tick()))[0] == code
    assert bench.number == 1


def test_limit_of_shifts(make_bench: BenchMaker) -> None:
    bench = make_bench(gen1_zreport_max=1)
    good(bench, "OpenZReport")
    sold(bench)
    good(bench, "CloseZReport")
    assert error(bench, "OpenZReport") == (36898, "ERROR_ZREPORT_SPACE_IS_FULL")


@pytest.mark.parametrize(("hours", "late"), [(24, 86_401), (48, 172_801)])
def test_receipts_kept_too_long(make_bench: BenchMaker, hours: int, late: int) -> None:
    bench = make_bench(gen1_offline_hours=hours)
    good(bench, "OpenZReport")
    sold(bench)
    bench.tick(late // 2)
    sold(bench)
    bench.tick(late - late // 2)
    refused = (36889, "ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED")
    assert error(bench, "SendSaleReceipt", Receipt=receipt(bench.now())) == refused
    assert error(bench, "CloseZReport", Time=format_json_time(bench.now())) == refused
    bench.core.sender.send_all(bench.factory_id)
    assert sold(bench)["ReceiptSeq"] == "3"


def test_a_locked_module(make_bench: BenchMaker) -> None:
    bench = make_bench()
    assert bench.card.module is not None
    bench.card.module.state.locked = True
    locked = (65279, "fiscal drive locked")
    assert error(bench, "OpenZReport") == locked
    assert error(bench, "CloseZReport") == locked
    assert error(bench, "SendSaleReceipt", Receipt=receipt(bench.tick())) == locked
    assert good(bench, "GetInfo")["TerminalID"] == TERMINAL


def test_a_clock_far_ahead(open_bench: Bench) -> None:
    made = receipt(open_bench.now() + timedelta(days=3))
    found = rpc(open_bench, "SendSaleReceipt", Receipt=made)["error"]
    assert (found["code"], found["data"]) == (65278, "9091 - DATETIME_SYNC_WITH_SERVER\n")


# --- sending -----------------------------------------------------------------------------------------


def test_sending_when_told_to(open_bench: Bench) -> None:
    """`auto_send` is off on this bench; ResendUnsent orders one round."""
    sold(open_bench)
    assert good(open_bench, "ResendUnsent") == {"AppletVersion": "0324"}
    eventually(lambda: open_bench.held == [])
    assert open_bench.books.numbers() == [1]


def test_short_records_of_a_lost_database(open_bench: Bench) -> None:
    sold(open_bench)
    open_bench.drive.reset({})
    open_bench.core.fleet.look()
    assert good(open_bench, "SendReceipt") == {"AppletVersion": "0324", "QueuedToSendCount": 1}
    eventually(lambda: open_bench.held == [])


def test_sending_a_shift(open_bench: Bench) -> None:
    sold(open_bench)
    assert error(open_bench, "SendZReport", Number=0)[0] == 36907
    good(open_bench, "CloseZReport")
    assert error(open_bench, "SendZReportByNumber", Number=3)[0] == 36902
    assert good(open_bench, "SendZReport", Number=1) == {"AppletVersion": "0324"}
    eventually(lambda: len(open_bench.books.zreports) == 1)


# --- codes -------------------------------------------------------------------------------------------


def test_codes_are_the_documented_ones() -> None:
    assert len(CARD_CODES) == 47
    assert len(set(CARD_CODES.values())) == 47
    assert CARD_CODES["ERROR_ZREPORT_IS_ALREADY_OPEN"] == 0x9030
    assert set(range(36870, 36919)) - set(CARD_CODES.values()) == {36887, 36901}


MAPPED = {
    0x9010: (36900, 36910, 36899),
    0x9012: (36877,) * 3,
    0x9015: (36893,) * 3,
    0x9016: (36894,) * 3,
    0x9017: (36906,) * 3,
    0x9018: (36903,) * 3,
    0x9021: (36909, 36909, 36907),
    0x9022: (36912,) * 3,
    0x9023: (36907,) * 3,
    0x9030: (36888, 36916, 36897),
    0x9031: (36889,) * 3,
    0x9032: (36907,) * 3,
    0x9033: (36882,) * 3,
    0x9034: (36878,) * 3,
    0x9036: (36878,) * 3,
    0x9035: (36913,) * 3,
    0x9037: (36915,) * 3,
    0x9040: (36911,) * 3,
    0x9045: (36878,) * 3,
    0x9090: (65279,) * 3,
    0x9091: (65278,) * 3,
    0x9093: (65278,) * 3,
    0x6F00: (65278,) * 3,
    0x90F0: (36898,) * 3,
    0x90F1: (36886,) * 3,
    0x90FF: (36886,) * 3,
}


@pytest.mark.parametrize("sw", MAPPED)
def test_status_words_become_codes(sw: int) -> None:
    found = tuple(card_error(sw, doing).code for doing in (Doing.REGISTER, Doing.OPEN, Doing.CLOSE))
    assert found == MAPPED[sw]


def test_not_found_is_a_receipt_or_a_shift() -> None:
    for sw in (StatusWord.INVALID_INDEX, StatusWord.NOT_FOUND):
        assert card_error(sw, Doing.READ_ZREPORT).code == 36902
        assert card_error(sw, Doing.READ_RECEIPT).code == 36871


def test_every_method_answers_without_params(bench: Bench) -> None:
    for name in METHODS:
        body = rpc(bench, name.removeprefix("Api."))
        assert "result" in body or body["error"]["code"] in (36870, 36872, 36902, 36907, 65532), (name, body)
