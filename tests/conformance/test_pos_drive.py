"""The judge's drive service: what it answers by the rules, and what becomes of the line."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from conformance.drivers.pos_drive import DriveStand, Order
from conformance.drivers.pos_faces import GETTXID, OPEN, REGISTER
from conformance.drivers.pos_owner import OwnerStand, Turn
from conformance.drivers.pos_server import Line
from conformance.models.uz_played import FACTORY, PlayedModule
from conformance.models.uz_played_receipts import TERMINAL, text_of
from tests.waiting import PATIENCE

NOW = datetime(2026, 11, 21, 9, 0, 0)


def silent(*_: Any) -> None:
    """A tap that nobody reads."""


def body(seconds: int = 0, cash: int = 100_00, **more: Any) -> dict[str, Any]:
    item = {"Name": "Osh", "Amount": 1000, "Price": cash, "VAT": 10_71, "VATPercent": 12}
    return {"Time": text_of(NOW + timedelta(seconds=seconds)), "ReceivedCash": cash, "Items": [item], **more}


@pytest.fixture
def module() -> PlayedModule:
    made = PlayedModule(lambda: NOW, iter(range(1, 1000)).__next__)
    made.fresh_day(NOW - timedelta(hours=1))
    return made


@pytest.fixture
def stand(module: PlayedModule) -> Iterator[DriveStand]:
    made = DriveStand(module, silent)
    made.open()
    yield made
    made.rest()
    made.close()


def ask(stand: DriveStand, path: str, **given: Any) -> httpx.Response:
    return httpx.post(f"{stand.url}{path}/{FACTORY}", timeout=PATIENCE, trust_env=False, **given)


def registered(module: PlayedModule, receipt: dict[str, Any]) -> dict[str, Any]:
    status, txid = module.store(receipt)
    assert status == 200, txid
    status, answer = module.register(txid)
    assert status == 200, answer
    return answer


def test_a_receipt_is_registered_once_and_answered_again(module: PlayedModule) -> None:
    """UZ-SVC-06"""
    _, txid = module.store(body())
    assert module.store(body()) == (200, txid)
    first = module.register(txid)
    assert first == module.register(txid)
    assert first[1]["TerminalID"] == TERMINAL
    assert len(module.receipts) == 1
    assert module.store(body())[1] == "receipt time is in the past"


@pytest.mark.parametrize(
    ("receipt", "reason"),
    [
        (body(Time="2026-11-21T09:00:00"), "cannot parse"),
        (body(Items=[]), "no iteems"),
        (body(Type=3), "Type or Operation"),
        (body(ReceivedCard=10_001), "larger than 10000"),
        (body(Operation=1), "RefundInfo is undefined"),
        (body(Items=[{"Name": " ", "Price": 1}]), "name is not found"),
        (body(Items=[{"Name": "Osh", "Price": 100_00, "Discount": 100_01}]), "shouldn't exceed"),
        (body(Items=[{"Name": "Osh", "Price": 100_00, "Amount": -1}]), "amount value -1"),
    ],
    ids=["time", "no-items", "type", "difference", "refund", "name", "discount", "negative"],
)
def test_a_receipt_that_breaks_a_rule_is_not_stored(
    module: PlayedModule, receipt: dict[str, Any], reason: str
) -> None:
    status, told = module.store(receipt)
    assert (status, reason in told) == (400, True), told
    assert module.stored == {}


def test_a_refund_names_a_receipt_that_there_is(module: PlayedModule) -> None:
    """UZ-POS-03"""
    answer = registered(module, body())
    named = {
        "TerminalID": TERMINAL,
        "ReceiptSeq": answer["ReceiptSeq"],
        "DateTime": f"{NOW:%Y%m%d%H%M%S}",
        "FiscalSign": answer["FiscalSign"],
    }
    assert module.store(body(1, Operation=1, RefundInfo=named))[0] == 200
    wrong = {**named, "FiscalSign": "000000000000"}
    assert module.store(body(2, Operation=1, RefundInfo=wrong)) == (400, "RefundInfo is not valid")
    dashes = {**named, "DateTime": text_of(NOW)}
    assert module.store(body(2, Operation=1, RefundInfo=dashes)) == (400, "Bad RefundInfo DateTime value")


def test_shifts_open_and_close_by_the_rules(module: PlayedModule) -> None:
    assert module.open_shift(NOW)[1].startswith("9022")
    assert module.close_shift(NOW)[1].startswith("9032")
    registered(module, body())
    assert module.close_shift(NOW)[1].startswith("9030")
    assert module.close_shift(NOW + timedelta(seconds=1)) == (200, "OK")
    assert module.close_shift(NOW + timedelta(seconds=2))[1].startswith("9023")
    _, txid = module.store(body(3))
    assert module.register(txid)[1].startswith("9021")


def test_old_receipts_block_until_they_are_sent(module: PlayedModule) -> None:
    """UZ-OFF-06"""
    registered(module, body())
    module.oldest = NOW - timedelta(days=3)
    _, txid = module.store(body(1))
    assert module.register(txid)[1].startswith("9031")
    assert module.send(32)[1]["SuccessfulsCount"] == 1
    assert module.register(txid)[0] == 200


def test_a_time_too_far_ahead_is_refused_until_a_sync(module: PlayedModule) -> None:
    module.last = NOW - timedelta(days=3)
    _, txid = module.store(body())
    assert module.register(txid)[1].startswith("9091")
    module.sync_state()
    assert module.register(txid)[0] == 200


def test_calls_are_kept_in_their_order(stand: DriveStand) -> None:
    assert ask(stand, "/fiscaldrive/info").json()["TerminalID"] == TERMINAL
    txid = ask(stand, "/FiscalDrive/Receipt/GetTXID", json=body()).text
    assert ask(stand, "/FiscalDrive/Receipt/RegisterTXID", data={"TXID": txid}).json()["ReceiptSeq"] == 1
    assert [call.operation for call in stand.seen(GETTXID, REGISTER)] == [GETTXID, REGISTER]
    assert stand.seen(GETTXID)[0].body == body()
    assert ask(stand, "/FiscalDrive/Receipt/RegisterTXID", content=txid).json()["ReceiptSeq"] == 1


def test_a_module_of_another_number_is_not_found(stand: DriveStand) -> None:
    answer = httpx.post(
        f"{stand.url}/FiscalDrive/Info/000000000000000000000000000000000000",
        trust_env=False,
        timeout=PATIENCE,
    )
    assert (answer.status_code, answer.json()["Reason"]) == (404, "fiscal drive not found")
    with stand.key_out():
        assert httpx.post(f"{stand.url}/FiscalDrive/List", trust_env=False, timeout=PATIENCE).json() == []


def test_an_order_is_taken_once(stand: DriveStand) -> None:
    stand.refuse(OPEN, "9022 - ZREPORT_IS_NOT_CLOSED")
    first = ask(stand, "/FiscalDrive/ZReport/Open")
    assert (first.status_code, first.json()["Reason"]) == (500, "9022 - ZREPORT_IS_NOT_CLOSED")
    assert stand.orders_left == 0
    with stand.always(Order(OPEN, "Try later")):
        assert ask(stand, "/FiscalDrive/ZReport/Open").json()["Reason"] == "Try later"


@pytest.mark.parametrize(("line", "many"), [(Line.CUT_BEFORE, 0), (Line.CUT_AFTER, 1), (Line.HALF, 1)])
def test_a_line_breaks_before_or_after_it_is_done(stand: DriveStand, line: Line, many: int) -> None:
    txid = ask(stand, "/FiscalDrive/Receipt/GetTXID", json=body()).text
    stand.order(Order(REGISTER, line=line))
    with pytest.raises(httpx.TransportError):
        ask(stand, "/FiscalDrive/Receipt/RegisterTXID", data={"TXID": txid})
    assert len(stand.module.receipts) == many
    assert ask(stand, "/FiscalDrive/Receipt/RegisterTXID", data={"TXID": txid}).status_code == 200
    assert len(stand.module.receipts) == 1


def test_what_is_held_is_done_and_answered_later(stand: DriveStand) -> None:
    held = stand.holding(GETTXID)
    answers: list[str] = []
    asking = threading.Thread(
        target=lambda: answers.append(ask(stand, "/FiscalDrive/Receipt/GetTXID", json=body()).text)
    )
    asking.start()
    assert stand.comes(GETTXID).told[0] == 200
    assert answers == []
    held.set()
    asking.join(PATIENCE)
    assert int(answers[0]) in stand.module.stored


def test_the_address_stays_when_nobody_is_there(stand: DriveStand) -> None:
    place = stand.url
    with stand.away(), pytest.raises(httpx.ConnectError):
        ask(stand, "/FiscalDrive/Info")
    assert stand.url == place
    assert ask(stand, "/FiscalDrive/Info").status_code == 200


@pytest.fixture
def owner() -> Iterator[OwnerStand]:
    made = OwnerStand(silent)
    made.open()
    yield made
    made.close()


def report(owner: OwnerStand, key: str, *numbers: int) -> httpx.Response:
    changes = [{"n": n, "kind": "order", "key": "1", "made": "", "body": {"n": n}} for n in numbers]
    return httpx.post(
        f"{owner.url}/api/sync/changes",
        content=json.dumps({"changes": changes}),
        headers={"Authorization": f"Bearer {key}"},
        trust_env=False,
        timeout=PATIENCE,
    )


def test_an_owner_takes_changes_in_their_order(owner: OwnerStand) -> None:
    """BX-DATA-01"""
    made = httpx.post(
        f"{owner.url}/api/sync/offers", json={"device": "x"}, trust_env=False, timeout=PATIENCE
    ).json()
    assert report(owner, made["key"], 1).status_code == 401
    assert owner.scan() == made["code"]
    assert report(owner, made["key"], 1, 2).json() == {"acknowledged": 2}
    assert report(owner, made["key"], 2, 3).json() == {"acknowledged": 3}
    gap = report(owner, made["key"], 5)
    assert (gap.status_code, gap.json()["error"]["wanted"]) == (409, 4)
    owner.turn(Turn(500, "inside"), Turn(most=1))
    assert report(owner, made["key"], 4).status_code == 500
    assert report(owner, made["key"], 4, 5).json() == {"acknowledged": 4}
    owner.cut_off()
    assert report(owner, made["key"], 5).status_code == 401
    assert [each["n"] for each in owner.of("order")] == [1, 2, 3, 4]


def test_a_length_that_is_no_number_is_told_and_the_connection_closed(stand: DriveStand) -> None:
    """A point of sale with a broken client leaves no connection behind."""
    host, port = stand.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 20) as line:
        line.sendall(b"POST /FiscalDrive/List HTTP/1.1\r\nContent-Length: many\r\n\r\n")
        answer = b""
        while piece := line.recv(4096):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Length" in answer
    assert ask(stand, "/FiscalDrive/Info").status_code == 200
