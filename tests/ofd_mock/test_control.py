"""The operator under the control API: state, reset, snapshot, restore, operations and who may use them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

from reference.protocol.uz.message import FileStatus, Response, StatusCode
from reference.protocol.uz.standin import ModuleKeys
from tests.ofd_mock.conftest import Bench, web
from tests.ofd_mock.till import START, TERMINAL, Till, bread, statuses, sync_of
from tests.waiting import PATIENCE, eventually

ACK = FileStatus.Acknowledge


def do(bench: Bench, name: str, **arguments: Any) -> tuple[int, Any]:
    answer = web.post(f"{bench.base}/control/do/{name}", json=arguments)
    return answer.status_code, answer.json()


def filled(bench: Bench) -> Till:
    """A ledger with one of everything."""
    till = Till()
    bench.reset(generation_1=["ZZ*"], max_files=5)
    bench.send(till, till.bread().full(), till.bread(number=3).short(), till.unsigned(bread(START, type=1)))
    bench.send(till, till.close(sales=7)[0], till.sync(b"bad"))
    bench.order("register-taxpayer", terminal=TERMINAL, tin="123456789", company="Choyxona")
    bench.order("block", terminal="ZZ000000000009", reason=1, notice="unpaid")
    bench.order("pos-unlock", terminal=TERMINAL)
    return till


def test_state(bench: Bench) -> None:
    filled(bench)
    state = web.get(bench.base + "/control/state").json()
    assert state["counts"] == {"modules": 1, "receipts": 2, "zreports": 1, "unsigned": 1, "traces": 1}
    module = state["modules"][TERMINAL]
    assert (module["receipts"], module["short"], module["last"], module["company"]) == (2, 1, 3, "Choyxona")
    assert module["gaps"] == [{"first": 2, "last": 2}]
    assert {"field": "sales", "reported": 7, "stored": 2} in next(iter(module["mismatches"].values()))
    assert [order["kind"] for order in state["orders"]] == ["gen1", "block", "pos-unlock"]
    assert state["settings"]["max_files"] == 5
    assert "check_key" not in state["settings"]
    assert state["time"] == bench.process.operator.time.isoformat(" ")


def test_reset_forgets_everything_and_sets(bench: Bench) -> None:
    till = filled(bench)
    answer = web.post(
        bench.base + "/control/reset",
        json={"settings": {"change_lock_state": True, "lock_state": "Lock", "max_traces": 1}},
    )
    assert answer.status_code == 200, answer.text
    counts = bench.counts()
    assert set(counts.values()) == {0}
    assert sync_of(bench.send(till, till.sync())).lock is True
    assert bench.process.writer.max_traces == 1


@pytest.mark.parametrize("emptied", ["reset", "restore"])
@pytest.mark.parametrize("point", ["ofd.request", "ofd.store.before", "ofd.store.after"])
def test_a_request_in_work_is_nothing_for_the_books_that_come_after(
    bench: Bench, till: Till, tmp_path: Path, point: str, emptied: str
) -> None:
    bench.process.control.snapshot(tmp_path)
    bench.fault(point, "delay", delay=5)
    receipt = till.bread().full()
    work = bench.start(till.request(receipt))
    eventually(lambda: bench.events("fault") != [])
    if emptied == "reset":
        bench.reset()
    else:
        bench.process.control.restore(tmp_path)
    bench.clock.advance(5)
    assert Response.decode(work.result(PATIENCE).data).status.code is StatusCode.RetrySend
    assert bench.counts()["receipts"] == 0
    assert bench.send(till, receipt).status.code is StatusCode.OK
    assert bench.counts()["receipts"] == 1


def test_what_a_mistake_would_store_later_is_nothing_for_the_books_that_come_after(
    bench: Bench, till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    bench.reset(defects=["ack-before-commit"])
    assert bench.send(till, till.bread().full()).status.code is StatusCode.OK
    bench.reset()
    bench.clock.advance(60)
    eventually(lambda: not bench.process.operator._later)
    assert bench.counts()["receipts"] == 0
    gc.collect()  # a task that nobody asked for its error tells it now
    assert caplog.records == []


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"max_files": 0}, "settings.max_files"),
        ({"unknown": 1}, "settings.unknown"),
        ({"identity": "both"}, "settings.identity"),
        ({"check_key": ""}, "settings.check_key"),
    ],
)
def test_settings_that_cannot_be(bench: Bench, settings: dict[str, Any], field: str) -> None:
    filled(bench)
    answer = web.post(bench.base + "/control/reset", json={"settings": settings})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    assert bench.counts()["receipts"] == 2


def test_a_defect_that_there_is_not(bench: Bench) -> None:
    answer = web.post(bench.base + "/control/reset", json={"settings": {"defects": ["clumsy"]}})
    assert answer.status_code == 422
    assert "'clumsy' is not one of ack-before-commit" in answer.json()["error"]["text"]


def test_snapshot_and_restore(bench: Bench) -> None:
    till = filled(bench)
    before = web.get(bench.base + "/control/state").json()
    rows, zrows = bench.rows(), bench.zrows()
    assert web.post(bench.base + "/control/snapshot", json={"name": "full"}).status_code == 201
    bench.reset()
    assert set(bench.counts().values()) == {0}
    assert web.post(bench.base + "/control/restore", json={"name": "full"}).status_code == 200
    assert web.get(bench.base + "/control/state").json() == before
    assert (bench.rows(), bench.zrows()) == (rows, zrows)
    assert statuses(bench.send(till, till.sold[0].full())) == [ACK]
    assert sync_of(bench.send(till, till.sync())).undo_pos_lock, "not used up before the snapshot"
    number = bench.order("unblock")["number"]
    assert number == 4, "order numbers go on"
    blocked = Till("ZZ000000000009")
    assert bench.send(blocked, blocked.bread().full()).status.code is StatusCode.OK


def test_a_broken_snapshot_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    filled(bench)
    part = bench.process.control
    part.snapshot(tmp_path)
    path = tmp_path / "ledger.jsonl"
    whole = path.read_text()
    for wrong in (
        "nonsense\n",
        '{"table": "no", "row": {}}\n',
        '{"table": "uz_receipts", "row": {"header": "zz"}}\n',
    ):
        path.write_text(whole + wrong)
        with pytest.raises(ValueError, match=r"ledger\.jsonl line"):
            part.restore(tmp_path)
        assert bench.counts()["receipts"] == 2
    path.unlink()
    with pytest.raises(ValueError, match="missing"):
        part.restore(tmp_path)


def test_large_snapshots_go_in_portions(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ofd_mock.uz.archive._ROWS_AT_ONCE", 3)
    till = Till()
    bench.send(till, *[till.bread().short() for _ in range(10)])
    bench.process.control.snapshot(tmp_path)
    bench.reset()
    bench.process.control.restore(tmp_path)
    assert len(bench.rows()) == 10


def test_lock_orders(bench: Bench, till: Till) -> None:
    bench.order("lock", terminal=TERMINAL)
    assert sync_of(bench.send(till, till.sync())).lock is True
    bench.order("unlock")
    assert sync_of(bench.send(till, till.sync())).lock is False
    bench.order("leave-lock", terminal=TERMINAL)
    assert sync_of(bench.send(till, till.sync())).lock is None
    for name in ("pos-unlock", "unlock-pos"):
        bench.order(name, terminal=TERMINAL)
        assert sync_of(bench.send(till, till.sync())).undo_pos_lock
        assert not sync_of(bench.send(till, till.sync())).undo_pos_lock
    bench.order("pos-unlock")
    bench.order("pos-unlock", wanted=False)
    assert not sync_of(bench.send(till, till.sync())).undo_pos_lock


def test_forget_loses_what_a_module_has_sent(bench: Bench) -> None:
    filled(bench)
    other = Till("ZZ000000000002")
    bench.send(other, other.bread().full())
    bench.order("forget", terminal=TERMINAL)
    assert bench.counts() == {"modules": 2, "receipts": 1, "zreports": 0, "unsigned": 0, "traces": 0}


@pytest.mark.parametrize(
    ("operation", "arguments", "field"),
    [
        ("block", {"reason": 256}, "reason"),
        ("block", {"share": 0}, "share"),
        ("register-taxpayer", {"terminal": "ZZ1"}, "terminal"),
        ("register-taxpayer", {"terminal": TERMINAL, "tin": "12"}, "tin"),
        ("enroll-key", {"terminal": TERMINAL, "seed": "00"}, "seed"),
        ("enroll-key", {"terminal": TERMINAL}, "seed"),
        ("enroll-key", {"terminal": TERMINAL, "public_key": "00" * 64}, "seed"),
        ("disturb", {"point": "ofd.nowhere", "action": "close"}, "point"),
        ("unblock", {"terminals": "*"}, "terminals"),
    ],
)
def test_arguments_that_cannot_be(
    bench: Bench, operation: str, arguments: dict[str, Any], field: str
) -> None:
    code, answer = do(bench, operation, **arguments)
    assert (code, answer["error"]["field"]) == (422, field), answer


def test_a_public_key_that_is_no_point(bench: Bench) -> None:
    code, answer = do(bench, "enroll-key", terminal=TERMINAL, public_key="00" * 64, transport_key="00" * 32)
    assert code == 422, answer


def test_enrolment_answers_the_public_key(bench: Bench) -> None:
    seed = bytes(range(32))
    answer = bench.order("enroll-key", terminal=TERMINAL, seed=seed.hex())
    numbers = ModuleKeys(seed).public.public_numbers()
    assert answer["public_key"] == f"{numbers.x:064x}{numbers.y:064x}"


def test_pages_of_receipts_and_traces(bench: Bench, till: Till) -> None:
    bench.send(till, *[till.bread().short() for _ in range(5)])
    page = bench.order("receipts", terminal=TERMINAL, after=2, limit=2)["receipts"]
    assert [row["number"] for row in page] == [3, 4]
    bench.send(till, till.sync(b""), Till().sync(b"x"))
    assert len(bench.order("traces", limit=1)["traces"]) == 1
    assert bench.order("traces", terminal="ZZ000000000001")["traces"] == []
    bench.send(till, till.close()[0], till.close()[0])
    first = bench.order("zreports", terminal=TERMINAL, limit=1)["zreports"][0]
    rest = bench.order("zreports", terminal=TERMINAL, after=first["close_time"])["zreports"]
    assert [row["ordinal"] for row in rest] == [2]


def test_every_operation_is_described(bench: Bench) -> None:
    document = web.get(bench.base + "/control/openapi.json").json()
    for name in bench.process.control.operations():
        assert f"/control/do/{name}" in document["paths"]
    page = web.get(bench.base + "/control/")
    assert page.status_code == 200


def test_faults_by_the_control_api(bench: Bench, till: Till) -> None:
    rule = {"point": "ofd.request", "action": "retry-send", "count": 1, "match": {"terminal": TERMINAL}}
    assert web.post(bench.base + "/control/faults", json=rule).status_code == 201
    assert bench.send(till, till.sync()).status.code is StatusCode.RetrySend
    wrong = web.post(bench.base + "/control/faults", json=rule | {"action": "explode"})
    assert wrong.status_code == 422


def test_control_needs_json_and_its_own_host(bench: Bench) -> None:
    assert web.post(bench.base + "/control/reset", data={"a": "b"}).status_code == 415
    foreign = web.post(bench.base + "/control/reset", json={}, headers={"Host": "evil.example"})
    assert foreign.status_code == 403


def test_beyond_loopback_the_pages_want_the_token(tmp_path: Path) -> None:
    from flask import Flask, request

    from ofd_mock.uz.web.origin import PageGuard
    from reference.runtime.control_guard import ControlError

    app = Flask("guarded")

    def code(guard: PageGuard, **given: Any) -> int:
        with app.test_request_context("/state", **given):
            try:
                guard.check(request._get_current_object())  # type: ignore[attr-defined]
            except ControlError as error:
                return error.status
            return 200

    wide = PageGuard("0.0.0.0", "secret")
    host = {"base_url": "http://192.0.2.7:13448"}
    assert code(wide, **host) == 401
    assert code(wide, headers={"X-Kassalab-Token": "wrong"}, **host) == 401
    assert code(wide, headers={"X-Kassalab-Token": "secret"}, **host) == 200
    assert code(wide, auth=("any", "secret"), **host) == 200
    assert code(PageGuard("0.0.0.0", None), headers={"X-Kassalab-Token": ""}, **host) == 401
    assert code(PageGuard("127.0.0.1", "secret"), base_url="http://localhost:1") == 200
    assert code(PageGuard("127.0.0.1", None), base_url="http://[::1]:1") == 200
    assert code(PageGuard("192.0.2.7", "secret"), auth=("any", "secret"), **host) == 200
    assert code(PageGuard("127.0.0.1", None), **host) == 403


def test_a_refused_page_says_how_to_get_in(bench: Bench) -> None:
    from ofd_mock.uz.web.site import _refused
    from reference.runtime.control_guard import ControlError

    with bench.process.site.test_request_context("/state"):
        response = _refused(ControlError("t", "token", "send the token", 401))
    assert response.headers["WWW-Authenticate"].startswith("Basic")
