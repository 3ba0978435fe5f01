"""Every endpoint, error row and client habit of the REST dialect: uz-fiscal §4, §14."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference.drive.endpoints import ENDPOINTS
from reference.drive.parameters import FORM
from reference.drive.rest import Asked
from reference.drive.schema import receipt_files, register_log
from reference.protocol.uz.apdu import pos_auth_digest
from reference.protocol.uz.standin import SyncFlags, verify_signed_challenge
from tests.drive.conftest import Bench
from tests.drive.doubles import TERMINAL, losing, sale
from tests.drive.rest_calls import ok, refused, registered, txid

SECRET = bytes(range(32))
SECRET_KEY = SECRET.hex() + "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"


# --- files ---------------------------------------------------------------------------------------------


def test_files(shop: Bench) -> None:
    first, second = txid(shop), txid(shop, Type=1)
    assert ok(shop, "/DataBase/Files/Count", "Status=0") == {}
    for one in (first, second):
        ok(shop, "/FiscalDrive/Receipt/RegisterTXID/{F}", f"TXID={one}") if one == second else None
    assert ok(shop, "/DataBase/Files/Count") == {TERMINAL: 1}
    (row,) = ok(shop, "/DataBase/Files/List/{F}/10/0", "Status=0")
    assert row == {
        "TXID": 2,
        "TerminalID": TERMINAL,
        "ReceiptSeq": 1,
        "Time": str(shop.now()),
        "Version": 20,
        "ReceiptType": 1,
        "OperationType": 0,
    }
    ok(shop, "/DataBase/Files/Sync/FullReceipts/{F}", "ItemsCount=32")
    assert ok(shop, "/DataBase/Files/Count", "Status=2") == {TERMINAL: 1}
    (row,) = ok(shop, "/DataBase/Files/List/{F}/10/0", "Status=2")
    assert row["StatusChangeTime"] == str(shop.now())
    assert ok(shop, "/DataBase/Files/List/{F}/10/1", "Status=2") == []
    assert ok(shop, "/DataBase/Files/Status/Reset", "TXID=2") == "OK"
    assert ok(shop, "/DataBase/Files/Count", "Status=0") == {TERMINAL: 1}
    assert refused(shop, "/DataBase/Files/Status/Reset", "TXID=1") == (
        404,
        "no record found in table full_receipt_files with id = 1",
    )
    assert ok(shop, "/DataBase/Files/Resend/FullReceipts/{F}", "Numbers=1&Ack=true") == {
        "Items": [{"TerminalID": TERMINAL, "ReceiptSeq": 1, "StatusText": "Acknowledged"}],
        "SuccessfulsCount": 1,
    }


def test_a_sync_with_failures(shop: Bench) -> None:
    """§4.3: FailsCount, Status only when not Acknowledged"""
    from reference.protocol.uz.message import FileStatus

    registered(shop)
    registered(shop)
    shop.books.file_script = {1: FileStatus.Reject}
    assert ok(shop, "/DataBase/Files/Sync/FullReceipts/{F}", "ItemsCount=32") == {
        "Items": [
            {"TerminalID": TERMINAL, "ReceiptSeq": 1, "StatusText": "Rejected", "Status": 3},
            {"TerminalID": TERMINAL, "ReceiptSeq": 2, "StatusText": "Acknowledged"},
        ],
        "SuccessfulsCount": 1,
        "FailsCount": 1,
    }
    (row,) = ok(shop, "/DataBase/Files/List/{F}/10/0", "Status=3")
    assert row["Message"] == "Reject trace-1"


def test_a_list_is_as_long_as_asked_for(shop: Bench) -> None:
    """§4.2: the guide gives Limit no largest value"""
    shop.register()
    copies = range(2, 1502)
    with shop.core.stage.receipts.database.writing() as connection:
        for table in (register_log, receipt_files):
            row = dict(connection.execute(sa.select(table)).mappings().one())
            changed = [{"txid": n, "receipt_seq": n, "hash": str(n).encode()} for n in copies]
            names = table.columns.keys()
            rows = [row | {name: one[name] for name in one if name in names} for one in changed]
            connection.execute(sa.insert(table), rows)
    assert [row["TXID"] for row in ok(shop, "/DataBase/Files/List/{F}/5000/0")] == [1, *copies]
    assert [row["TXID"] for row in ok(shop, f"/DataBase/Files/List/{{F}}/{10**18 - 1}/1499")] == [1500, 1501]
    assert refused(shop, f"/DataBase/Files/List/{{F}}/{10**18}/0") == (
        400,
        "Limit must be a whole number from 1 to 999999999999999999",
    )
    assert refused(shop, "/DataBase/Files/List/{F}/0/0")[1].startswith("Limit must be a whole number from 1 ")


# --- tags ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("Tags=TerminalID", {"TerminalID"}),
        ("Tags=0x03,5", {"TerminalID", "Locked"}),
        ("Tags=3&Tags=LOCKED", {"TerminalID", "Locked"}),
        ("Tags=0x80", {"MemoryInfo"}),
        ("Tags=128", {"MemoryInfo"}),
        ("tags=TerminalID,nonsense,0xzz,77", {"TerminalID"}),
    ],
)
def test_tags(bench: Bench, query: str, names: set[str]) -> None:
    """§4.3 Tags"""
    assert ok(bench, "/FiscalDrive/Info/{F}", query).keys() == names


def test_no_known_tag_means_all(bench: Bench) -> None:
    assert len(ok(bench, "/FiscalDrive/Info/{F}", "Tags=77")) == 8
    assert len(ok(bench, "/FiscalDrive/Info/{F}", "Tags=")) == 8


def test_extra_and_hash_on_request(shop: Bench) -> None:
    """§4.3: Extra and ItemsHash only when Tags asks for them"""
    registered(shop)
    shown = ok(shop, "/FiscalDrive/Receipt/Info/{F}", "Tags=Extra,ItemsHash,ReceiptType")
    assert shown.keys() == {"ReceiptType", "Extra", "ItemsHash"}
    assert shown["Extra"] == "0411" + b"01905001001000000".hex()
    assert len(shown["ItemsHash"]) == 64


# --- POS lock ------------------------------------------------------------------------------------------


def test_pos_lock(shop: Bench) -> None:
    """G2-P-01…G2-P-06"""
    assert refused(shop, "/POS/Lock/{F}", f"SecretKey={SECRET_KEY[:-2]}") == (400, "6700 - WRONG_LENGTH")
    assert refused(shop, "/POS/Lock/{F}", f"SecretKey={SECRET_KEY[:-2]}00") == (400, "6A80 - WRONG_DATA")
    assert refused(shop, "/POS/Lock/{F}", "SecretKey=xyz") == (400, "SecretKey must be hexadecimal")
    assert refused(shop, "/POS/Lock/{F}", f"SecretKey={SECRET_KEY}{SECRET_KEY * 4}") == (
        400,
        "6700 - WRONG_LENGTH",
    )
    assert registered_with(shop, "00" * 32) == 200, "not POS-locked: the header is ignored"
    assert ok(shop, "/POS/Lock/{F}", f"SecretKey={SECRET_KEY}") == "OK"
    assert ok(shop, "/FiscalDrive/Info/{F}")["POSLocked"] is True
    assert refused(shop, "/POS/Lock/{F}", f"SecretKey={SECRET_KEY}") == (500, "9092 - ALREADY_POS_LOCKED")
    failed = (500, "9093 - POS_AUTH_FAIL")
    assert refused(shop, "/FiscalDrive/ZReport/Close/{F}") == failed
    for wrong in ("", "zz", "00" * 32, "00" * 31):
        assert refused(shop, "/POS/Auth/{F}", pos_auth=wrong) == failed
        assert refused(shop, "/FiscalDrive/ZReport/Close/{F}", pos_auth=wrong) == failed
    challenge = ok(shop, "/POS/Challenge/{F}")
    assert len(challenge) == 64
    proof = pos_auth_digest(SECRET, bytes.fromhex(challenge)).hex()
    assert ok(shop, "/POS/Auth/{F}", pos_auth=proof) == "OK"
    assert registered_with(shop, proof) == 200
    assert registered_with(shop, proof) == 500, "the challenge is used up"
    shop.books.sync_flags = SyncFlags.UNDO_POS_LOCK
    ok(shop, "/FiscalDrive/State/Sync/{F}")
    assert registered_with(shop, proof) == 200
    assert refused(shop, "/POS/Auth/{F}") == failed


def registered_with(shop: Bench, pos_auth: str) -> int:
    number = txid(shop)
    return shop.ask("/FiscalDrive/Receipt/RegisterTXID/{F}", query=f"TXID={number}", pos_auth=pos_auth).status


def test_sign_challenge(bench: Bench) -> None:
    signed = bytes.fromhex(ok(bench, "/Auth/SignChallenge/{F}", "Challenge=" + "0a" * 16))
    verify_signed_challenge(signed, b"\x0a" * 16, TERMINAL)
    assert ok(bench, "/Auth/SignChallenge/{F}", body=b'{"challenge":"' + b"0b" * 16 + b'"}') != signed.hex()
    assert refused(bench, "/Auth/SignChallenge/{F}", "Challenge=0a") == (
        400,
        "Challenge must be 16 bytes, not 1",
    )


# --- errors --------------------------------------------------------------------------------------------


def test_errors_of_the_module(bench: Bench) -> None:
    """§4.6"""
    assert refused(bench, "/FiscalDrive/ZReport/Close/{F}") == (500, "9021 - ZREPORT_IS_NOT_OPENED")
    bench.open_shift()
    bench.tick()
    assert refused(bench, "/FiscalDrive/ZReport/Open/{F}") == (500, "9022 - ZREPORT_IS_NOT_CLOSED")
    assert refused(bench, "/FiscalDrive/ZReport/Close/{F}") == (500, "9032 - CANNOT_CLOSE_EMPTY_ZREPORT")
    assert refused(bench, "/FiscalDrive/ZReport/Close/{F}", "DateTime=2000-01-01%2000:00:00")[1].startswith(
        "9030"
    )
    assert refused(bench, "/FiscalDrive/ZReport/Open/{F}", "DateTime=1990-01-01+00:00:00") == (
        400,
        "9010 - INVALID_DATETIME",
    )
    status, reason = refused(bench, "/FiscalDrive/ZReport/Open/{F}", "DateTime=2026-07-01T10:00:00")
    assert (status, 'cannot parse "T10:00:00" as " "' in reason) == (400, True)


def test_errors_of_modules_and_links(bench: Bench) -> None:
    other = bench.ask("/FiscalDrive/Info/" + "0" * 36)
    assert (other.status, json.loads(other.body)["Reason"]) == (404, "fiscal drive not found")
    bench.card.lose = losing("0000", "before", 99)
    assert refused(bench, "/FiscalDrive/Info/{F}") == (500, "card connection lost")
    bench.card.lose = losing("", "", 0)
    path, bench.card.module = f"/FiscalDrive/Info/{bench.factory_id}", None
    gone = bench.drive.answer(Asked("POST", path))
    assert (gone.status, json.loads(gone.body)["Reason"]) == (404, "no card found")
    assert json.loads(bench.drive.answer(Asked("POST", "/FiscalDrive/List")).body) == []


def test_errors_of_the_operator(shop: Bench) -> None:
    registered(shop)
    sync = "/DataBase/Files/Sync/FullReceipts/{F}"
    shop.books.unreachable.add("*")
    assert refused(shop, sync, "ItemsCount=1") == (500, "failed to sync: 127.0.0.1:13447: connection refused")
    shop.books.unreachable.clear()
    for code, reason in (
        ("NotFound", f"Fiscal drive {TERMINAL} is not found"),
        ("RetrySend", "Try later"),
        ("NotActive", f"Fiscal drive {TERMINAL} is not active, notice: pay first, reasonCode:1"),
    ):
        shop.books.script.append(f"code:{code}")
        assert refused(shop, sync, "ItemsCount=1") == (500, reason)
    with shop.core.turns.called(shop.factory_id):
        assert refused(shop, "/FiscalDrive/State/Sync/{F}") == (409, "sync is already in progress")


def test_paths_and_methods(bench: Bench) -> None:
    """G2-T-02, G2-T-06, §4.6"""
    for method in ("PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"):
        assert refused(bench, "/FiscalDrive/List", method=method) == (405, "method not allowed")
    for path in (
        "/",
        "",
        "/FiscalDrive",
        "/FiscalDrive/Nothing",
        "/FiscalDrive/Info",
        "/FiscalDrive/List/x/y",
    ):
        assert refused(bench, path) == (404, "not found")
    for path in ("/fiscaldrive/list", "//FiscalDrive//List/", "FISCALDRIVE/LIST"):
        assert ok(bench, path)[0]["AppletVersion"] == "0400"
    assert ok(bench, "/Database/Files/Count", method="GET") == {}
    assert ok(bench, f"/FiscalDrive/Info/{bench.factory_id.upper()}")["TerminalID"] == TERMINAL


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_every_endpoint_takes_get_and_post(shop: Bench, endpoint: Any) -> None:
    registered(shop)
    path = endpoint.path.replace("{Limit}", "10").replace("{Offset}", "0")
    query = (
        f"TXID=1&ItemsCount=1&Numbers=1&Challenge={'00' * 16}&SecretKey={SECRET_KEY}"
        f"&DateTime={shop.tick():%Y-%m-%d+%H:%M:%S}"
    )
    for method in ("GET", "POST"):
        answer = shop.ask(
            path,
            method,
            query=query,
            body=json.dumps(sale(shop.tick())).encode() if endpoint.receipt_body else b"",
        )
        assert answer.status in (200, 500), answer.body
        assert b"internal error" not in answer.body


def test_an_error_nobody_thought_of(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """UZ-SVC-05: never a stack trace"""

    def broken() -> Any:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(bench.core.fleet, "look", broken)
    assert refused(bench, "/FiscalDrive/List") == (500, "internal error")


# --- habits of real clients ----------------------------------------------------------------------------


def test_billz_asks_by_get_with_a_form_body(shop: Bench) -> None:
    """G2-T-04, HB-07"""
    shown = ok(
        shop, "/FiscalDrive/ZReport/Info/{F}", method="GET", content_type=FORM, body=b"Index=4294967295"
    )
    assert "OpenTime" in shown
    assert refused(shop, "/FiscalDrive/ZReport/Info/{F}", "Index=4294967295") == (400, "9011 - INVALID_INDEX")
    assert refused(shop, "/FiscalDrive/ZReport/Info/{F}", "Index=1") == (404, "9020 - NOT_FOUND")
    assert refused(shop, "/FiscalDrive/Receipt/Info/{F}", "Index=x")[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        {"IsRefund": 0, "Labels": ["a"], "PaymentType": 4},
        {"time": None},
        {"extrainfo": {"carnumber": "01А777АА", "PhoneNumber": "+998901234567", "PINFL": "123456789012"}},
        {
            "RefundInfo": {
                "TerminalID": TERMINAL,
                "ReceiptSeq": "1",
                "DateTime": "20260701090000",
                "FiscalSign": "000000000001",
            }
        },
        {"Items": [{"Name": "Xizmat haqi", "Amount": 1000, "Price": 500000}]},
        {
            "Items": [
                {
                    "Name": "Non",
                    "Amount": 1000,
                    "Price": 500000,
                    "Labels": ["0104"],
                    "spic": "01905001001000000",
                }
            ]
        },
    ],
)
def test_what_real_clients_send(shop: Bench, body: dict[str, Any]) -> None:
    """G2-T-07, HB-12, HB-13"""
    assert (
        registered(shop, **{name: value for name, value in body.items() if value is not None})["ReceiptSeq"]
        == 1
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {
                "RefundInfo": {
                    "TerminalID": TERMINAL,
                    "ReceiptSeq": 1,
                    "DateTime": "2026-07-01 09:00:00",
                    "FiscalSign": "0" * 12,
                }
            },
            "Bad RefundInfo DateTime value",
        ),
        ({"Items": [{"Name": "Non", "Amount": 1, "Price": 1, "Labels": ["a", "b"]}]}, "Labels"),
        ({"Items": [{"Name": "   ", "Amount": 1, "Price": 500_000}]}, "field name is not found or empty"),
        ({"ReceivedCash": "500000"}, "ReceivedCash"),
        (
            {"Items": [{"Name": "Non", "Price": 500_000, "Discount": 500_001}]},
            "item total discount 500001 shouldn't exceed item price 500000",
        ),
    ],
)
def test_what_is_refused_with_its_rule(shop: Bench, changes: dict[str, Any], reason: str) -> None:
    body = json.dumps(sale(shop.tick()) | changes).encode()
    status, text = refused(shop, "/FiscalDrive/Receipt/GetTXID/{F}", body=body)
    assert (status, reason in text) == (400, True), text


def test_bodies_that_are_no_receipt(shop: Bench) -> None:
    for body in (b"", b"{", b"[]", b"17", b"null", b'"text"', b"\xff", b'{"Time":5}'):
        status, _ = refused(shop, "/FiscalDrive/Receipt/GetTXID/{F}", body=body)
        assert status == 400


def test_the_row_of_calls_after_each_sale(shop: Bench) -> None:
    """HB-11"""
    registered(shop)
    for path, query in (
        ("/DataBase/Files/Sync/FullReceipts/{F}", "ItemsCount=32"),
        ("/DataBase/Files/Sync/Receipts/{F}", "ItemsCount=32"),
        ("/DataBase/Files/Sync/ZReports/{F}", "ItemsCount=5"),
        ("/FiscalDrive/State/Sync/{F}", ""),
        ("/DataBase/Files/Count", "Status=0"),
    ):
        ok(shop, path, query)
    assert shop.books.bodies.keys() == {(TERMINAL, 1)}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([endpoint.path for endpoint in ENDPOINTS]),
    st.text(max_size=20),
    st.binary(max_size=60),
    st.sampled_from(["", FORM, "application/json"]),
    st.text(max_size=70),
)
def test_no_request_makes_it_stumble(
    bench: Bench, path: str, query: str, body: bytes, content_type: str, header: str
) -> None:
    answer = bench.ask(path, query=query, body=body, content_type=content_type, pos_auth=header)
    assert b"internal error" not in answer.body
    assert answer.status in (200, 400, 404, 500)
