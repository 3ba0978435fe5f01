"""The drive under the control API: state (UZ-OFF-06), operations, refusals; its settings and fault points."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from reference.drive.app import create_app
from reference.drive.errors import CardLostError
from reference.drive.part import DrivePart
from reference.drive.records import FileState, Settled
from reference.drive.settings import DriveSettings, SettingsError, read_config
from reference.protocol.uz.message import AckFile, FileStatus
from reference.runtime.control import control_blueprint
from reference.runtime.faults import FaultRuleError
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.doubles import TERMINAL, losing, make_module, sale
from tests.waiting import eventually

OTHER = "00" + "9" * 34


@pytest.fixture
def web(shop: Bench, tmp_path: Path) -> Iterator[FlaskClient]:
    control = control_blueprint(
        DrivePart(shop.drive), shop.lab, shop.clock, shop.faults, shop.events, tmp_path / "control", None
    )
    app = create_app(shop.drive, control)
    with app.test_client() as client:
        yield client


def do(web: FlaskClient, operation: str, **arguments: Any) -> Any:
    answer = web.post(f"/control/do/{operation}", json=arguments)
    return answer.status_code, answer.json


def state(web: FlaskClient) -> dict[str, Any]:
    answer = web.get("/control/state")
    assert answer.status_code == 200
    return json.loads(answer.data)


def test_the_state_of_sending(shop: Bench, web: FlaskClient) -> None:
    """UZ-OFF-06: unsent count, oldest unsent, last acknowledged, time left until block"""
    empty = state(web)
    assert (empty["unsent"], empty["oldest_unsent"], empty["seconds_until_block"]) == (0, None, None)
    for _ in range(3):
        shop.register()
    first = shop.core.memory(shop.factory_id).first_unacknowledged
    shop.core.sync_full_receipts(shop.factory_id, 1)
    shop.tick(3600)
    seen = state(web)
    oldest = shop.core.memory(shop.factory_id).first_unacknowledged
    assert first != oldest
    assert (seen["unsent"], seen["oldest_unsent"]) == (2, str(oldest))
    assert seen["seconds_until_block"] == 172_800 - 3600 - 1
    assert seen["receipts"][TERMINAL] == {
        "by_state": {"New": 2, "Sent": 0, "Acknowledged": 1, "Rejected": 0, "Error": 0},
        "unsent": 2,
        "oldest_unsent": str(oldest),
        "last_acknowledged": 1,
        "last_acknowledged_at": seen["receipts"][TERMINAL]["last_acknowledged_at"],
    }
    (module,) = seen["modules"]
    assert (module["terminal_id"], module["unacknowledged"], module["receipt_seq"]) == (TERMINAL, 2, 3)
    assert (module["locked"], module["pos_locked"], module["held_for"]) == (False, False, None)
    assert seen["sender"]["address"] == "127.0.0.1:13447"
    assert seen["sync_log"][0]["outcome"] == "acks taken"
    assert seen["settings"]["refund_check"] == "online"


def test_the_block_comes_when_the_state_says(shop: Bench, web: FlaskClient) -> None:
    """UZ-OFF-03"""
    shop.register()
    shop.tick(172_000)
    shop.core.sync_state(shop.factory_id)
    assert 0 < state(web)["seconds_until_block"] <= 800
    shop.tick(900)
    assert state(web)["seconds_until_block"] < 0
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    answer = shop.ask("/FiscalDrive/Receipt/RegisterTXID/{F}", query=f"TXID={txid}")
    assert json.loads(answer.body)["Reason"] == "9031 - SEND_ALL_RECEIPTS_FIRST"


def test_a_state_with_troubles(shop: Bench, web: FlaskClient) -> None:
    shop.card.lose = losing("0000", "before", 99)
    assert state(web)["modules"][0]["error"] == "card connection lost"
    shop.card.lose = losing("", "", 0)
    shop.card.module = make_module(shop.now(), "ZZ000000000009", OTHER)
    shop.core.modules()
    (module,) = state(web)["modules"]
    assert (module["confirmed"], module["factory_id"], module["plugged"]) == (False, OTHER, True)
    shop.card.module = None
    shop.core.modules()
    assert state(web)["modules"][0]["plugged"] is False


def test_send_now(shop: Bench, web: FlaskClient) -> None:
    shop.register()
    shop.core.close_shift(shop.factory_id, shop.tick())
    shop.core.sync.outbox(shop.factory_id).failed(shop.core.stage.lab_seconds())
    status, answer = do(web, "send-now")
    assert (status, answer["acknowledged"]) == (200, {"receipts": 1, "zreports": 1, "short": 0})
    shop.books.unreachable.add("*")
    shop.core.open_shift(shop.factory_id, shop.tick())
    shop.register()
    status, answer = do(web, "send-now", factory_id=shop.factory_id.upper())
    assert (status, answer["error"]["text"]) == (409, "failed to sync: 127.0.0.1:13447: connection refused")


def test_release_hold(shop: Bench, web: FlaskClient) -> None:
    shop.register()
    shop.books.blocked = True
    assert do(web, "send-now")[0] == 409
    assert state(web)["modules"][0]["held_for"] == 600.0
    shop.books.blocked = False
    assert do(web, "release-hold")[0] == 200
    assert do(web, "send-now")[1]["acknowledged"]["receipts"] == 1


def test_recover(shop: Bench, web: FlaskClient) -> None:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    shop.card.lose = losing("001700", "after")
    with pytest.raises(CardLostError):
        shop.core.register(shop.factory_id, txid)
    assert do(web, "recover") == (200, {"factory_id": shop.factory_id, "recovered": 1, "recalled": []})
    shop.core.stage.receipts.settle([Settled(txid, FileState.ACKNOWLEDGED)], shop.now())
    assert do(web, "recover")[1]["recalled"] == [1]
    assert [row.txid for row in shop.core.files(shop.factory_id, FileState.NEW, 9, 0)] == [txid]
    shop.card.module = None
    status, answer = do(web, "recover", factory_id=OTHER)
    assert (status, answer["error"]["text"]) == (409, "no card found")


def test_confirm_module(shop: Bench, web: FlaskClient) -> None:
    """UZ-USB-03"""
    shop.card.module = make_module(shop.now(), "ZZ000000000009", OTHER)
    shop.core.modules()
    (listed,) = json.loads(shop.ask("/FiscalDrive/List").body)
    assert listed["Description"] == "not confirmed: another module was here before"
    refused = shop.ask(f"/FiscalDrive/Info/{OTHER}")
    assert (refused.status, b"is not confirmed" in refused.body) == (409, True)
    assert do(web, "confirm-module") == (200, {"link": "127.0.0.1:4387", "factory_id": OTHER})
    assert shop.ask(f"/FiscalDrive/Info/{OTHER}").status == 200
    assert do(web, "confirm-module", link="nowhere")[0] == 422
    shop.card.module = None
    assert do(web, "confirm-module", link="127.0.0.1:4387")[0] == 409
    shop.drive.stop()
    shop.drive.start()
    assert shop.core.stage.known.all() == {"127.0.0.1:4387": OTHER}


def test_look_and_which_module(make_bench: BenchMaker, tmp_path: Path) -> None:
    bench = make_bench(modules=2)
    control = control_blueprint(
        DrivePart(bench.drive), bench.lab, bench.clock, bench.faults, bench.events, tmp_path / "c", None
    )
    web = create_app(bench.drive, control).test_client()
    assert [one["plugged"] for one in do(web, "look")[1]["modules"]] == [True, True]
    status, answer = do(web, "send-now")
    assert (status, answer["error"]["field"]) == (422, "factory_id")
    assert do(web, "confirm-module")[0] == 422
    bench.drive.reset({})
    bench.cards[1].module = None
    eventually(lambda: do(web, "send-now")[0] == 200)


def test_reset_zreports(shop: Bench, web: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.register()
    shop.core.close_shift(shop.factory_id, shop.tick())
    take = shop.books.take
    monkeypatch.setattr(shop.books, "take", lambda _request, _file: AckFile(FileStatus.Reject))
    shop.core.sync_zreports(shop.factory_id, 1)
    assert state(web)["zreports"] == {TERMINAL: {"Rejected": 1}}
    monkeypatch.setattr(shop.books, "take", take)
    assert do(web, "reset-zreports", terminal_id=TERMINAL) == (200, {"reset": 1})
    assert do(web, "send-now")[1]["acknowledged"]["zreports"] == 1


def test_reset_snapshot_restore_over_http(shop: Bench, web: FlaskClient) -> None:
    shop.register()
    assert web.post("/control/snapshot", json={"name": "one"}).status_code == 201
    answer = web.post(
        "/control/reset", json={"settings": {"server_addresses": ["127.0.0.1:9"], "send_delay": 1}}
    )
    assert (answer.status_code, answer.json["settings"]["server_addresses"]) == (200, ["127.0.0.1:9"])
    assert state(web)["unsent"] == 0
    assert web.post("/control/restore", json={"name": "one"}).status_code == 200
    assert state(web)["unsent"] == 1
    for settings in ({"nonsense": 1}, {"allow_any_host": True}, {"defects": ["none"]}, {"modules": ["x"]}):
        answer = web.post("/control/reset", json={"settings": settings})
        assert answer.status_code in (400, 422), settings
        assert answer.json["error"]["text"]


# --- fault points --------------------------------------------------------------------------------------


def test_fault_points(shop: Bench) -> None:
    shop.faults.add(point="link.transmit", action="drop", match={"apdu": "001700*"}, value="after")
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    with pytest.raises(CardLostError):
        shop.core.register(shop.factory_id, txid)
    assert shop.number == 1
    shop.faults.add(point="link.transmit", action="drop", match={"command": "receipt_register"})
    with pytest.raises(CardLostError):
        shop.core.register(shop.factory_id, txid)
    assert shop.core.register(shop.factory_id, txid).receipt_seq == 1
    shop.faults.add(point="sync.after-send", action="drop")
    answer = shop.ask("/DataBase/Files/Sync/FullReceipts/{F}", query="ItemsCount=1")
    assert b"answer lost (fault point sync.after-send)" in answer.body
    shop.faults.add(point="operator.connect", action="refuse")
    answer = shop.ask("/DataBase/Files/Sync/FullReceipts/{F}", query="ItemsCount=1")
    assert b"connection refused (fault point operator.connect)" in answer.body
    with pytest.raises(FaultRuleError):
        shop.faults.add(point="drive.request", action="refuse")


def test_delays_are_lab_time(make_bench: BenchMaker) -> None:
    bench = make_bench(rate=1000.0)
    bench.faults.add(point="drive.request", action="delay", delay=100.0)
    bench.faults.add(point="link.transmit", action="delay", delay=100.0, match={"apdu": "000001*"})
    before = bench.lab.now()
    assert bench.ask("/FiscalDrive/Info/{F}").status == 200
    assert (bench.lab.now() - before).total_seconds() >= 200


# --- settings ------------------------------------------------------------------------------------------


def test_config_file(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_text(
        "[server]\naddress.1 = 127.0.0.1:1\naddress.2 = localhost\n[qrcode]\nbase = http://127.0.0.1/c\n"
        "[drive]\nsend_delay = 2.5\nmodules = tcp://127.0.0.1:5 tcp://127.0.0.1:6\nauto_send = no\n",
        encoding="utf-8",
    )
    settings = DriveSettings.of(read_config(path))
    assert settings.server_addresses == ("127.0.0.1:1", "localhost:13447")
    assert settings.modules == ("tcp://127.0.0.1:5", "tcp://127.0.0.1:6")
    assert (settings.qr_base, settings.send_delay, settings.auto_send) == ("http://127.0.0.1/c", 2.5, False)
    path.write_text("[server]\nfactory_id = 1\n", encoding="utf-8")
    assert read_config(path) == {}


@pytest.mark.parametrize("content", [b"no section", b"\xff\xfe", None])
def test_config_files_that_are_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "config.ini"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"config.ini"):
        read_config(path)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in DriveSettings.model_fields.values())
