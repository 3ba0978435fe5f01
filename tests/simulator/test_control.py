"""The module part over its control API: state, hands, reset, snapshots; and the page (UZ-DEV-03)."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from reference.protocol.uz import apdu
from reference.protocol.uz.objects import FiscalInfo, FiscalMemoryInfo
from reference.runtime.clock import LabClock
from tests.simulator.card import SECOND, START, block
from tests.simulator.served import Served, serving
from tests.waiting import PATIENCE, eventually


class Desk:
    def __init__(self, served: Served) -> None:
        self.base = served.addresses["control"]

    def post(self, path: str, body: dict | None = None, expected: int = 200) -> dict:
        answer = httpx.post(
            f"{self.base}/control/{path}", json=body if body is not None else {}, timeout=PATIENCE
        )
        assert answer.status_code == expected, answer.text
        return answer.json()

    def do(self, operation: str, expected: int = 200, **body) -> dict:
        return self.post(f"do/{operation}", body, expected)

    def modules(self) -> list[dict]:
        return httpx.get(f"{self.base}/control/state", timeout=PATIENCE).json()["modules"]

    def module(self, index: int = 0) -> dict:
        return self.modules()[index]


def sold(served: Served, index: int = 0, receipts: int = 2):
    host = served.host(index, select=True)
    host.ask(apdu.zreport_open(START + SECOND))
    for step in range(receipts):
        answer = host.ask(apdu.receipt_register(block(START + (2 + step) * SECOND, 5, 6, 1)))
        assert answer[-2:] == b"\x90\x00"
    return host


def memory(host) -> FiscalMemoryInfo:
    return FiscalMemoryInfo.decode(host.ask(apdu.get_fiscal_memory_info())[:-2])


def test_state_shows_everything_readable(tmp_path):
    with serving(tmp_path, module={"blocks": 6}) as served:
        host = sold(served)
        host.ask(apdu.zreport_close(START + 9 * SECOND))
        host.ask(apdu.zreport_open(START + 10 * SECOND))
        module = Desk(served).module()
        assert module["address"] == served.address()
        assert (module["plugged"], module["connected"], module["locked"]) == (True, True, False)
        assert module["memory"]["picture"] == "Z1 Z2 . . R2 R1"
        assert (module["receipt_seq"], module["receipts_count"], module["zreports_count"]) == (2, 2, 2)
        assert module["first_unacknowledged"] == "2026-07-01 09:00:02"
        assert module["cash"] == {"sale": 10, "refund": 0}
        assert [z["closed"] for z in module["zreports"]] == [None, "2026-07-01 09:00:09"]
        assert [(r["number"], r["cash"], r["card"], r["place"]) for r in module["receipts"]] == [
            (2, 5, 6, 1), (1, 5, 6, 0),
        ]  # fmt: skip
        assert module["receipts"][1]["sign"] == "271368829008"
        assert module["exchanges"][0]["command"] == "ZREPORT_OPEN"
        assert module["session"] == {"selected": True, "pos_authenticated": False, "registered": 2}
        host.close()


def test_state_while_a_module_is_unplugged_and_plugged(tmp_path):
    with serving(tmp_path) as served:
        desk = Desk(served)
        host = sold(served)
        waiting = served.host(wait_for_atr=False)
        desk.do("unplug")
        assert host.gone()
        assert waiting.gone()
        host.close()
        waiting.close()
        assert desk.module()["plugged"] is False
        with pytest.raises(ConnectionRefusedError):
            served.host()
        desk.do("plug")
        desk.do("plug")
        with served.host(select=True) as host:
            assert memory(host).receipt_seq == 2


def test_unplugged_for_a_while(tmp_path):
    with serving(tmp_path) as served:
        desk = Desk(served)
        desk.do("unplug", seconds="1h")
        with pytest.raises(ConnectionRefusedError):
            served.host()
        served.lab.advance(3600)
        eventually(lambda: desk.module()["plugged"])
        served.host().close()


def test_a_hand_is_faster_than_the_timer(tmp_path):
    with serving(tmp_path) as served:
        desk = Desk(served)
        desk.do("unplug", seconds=10)
        desk.do("plug")
        desk.do("unplug")
        served.lab.advance(60)
        served.await_(asyncio.sleep(0.05))
        assert desk.module()["plugged"] is False


def test_power_cut_ends_the_session_and_keeps_the_memory(tmp_path):
    with serving(tmp_path) as served:
        host = sold(served)
        Desk(served).do("power-cut")
        assert host.gone()
        host.close()
        with served.host() as host:
            assert host.ask(apdu.get_version()).hex() == "6d00"
            host.ask(apdu.select())
            assert memory(host).receipt_seq == 2


def test_brown_outs_keep_the_memory(tmp_path):
    """UZ-DEV-03"""
    with serving(tmp_path) as served:
        host = sold(served)
        Desk(served).do("brown-out", times=25)
        assert host.gone()
        host.close()
        with served.host(select=True) as host:
            assert memory(host).receipt_seq == 2


def test_lock_and_unlock_by_hand(tmp_path):
    with serving(tmp_path) as served:
        desk = Desk(served)
        with served.host(select=True) as host:
            desk.do("lock")
            assert host.ask(apdu.zreport_open(START + SECOND)).hex() == "9090"
            desk.do("unlock")
            assert host.ask(apdu.zreport_open(START + SECOND)).hex() == "9000"


def test_latency_is_lab_time_and_goes_again():
    lab = LabClock.private(rate=0)
    with serving(lab=lab) as served:
        desk = Desk(served)
        desk.do("set-latency", milliseconds=5000)
        desk.do("set-latency", milliseconds=60_000)
        with served.host() as host:
            host.write(b"\x05" + bytes(5))
            host.socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                host.read(1)
            host.socket.settimeout(10)
            lab.advance(60)
            assert host.read_frame().hex() == "6d00"
            desk.do("set-latency", milliseconds=0)
            assert host.ask(apdu.get_version()).hex() == "6d00"
        assert served.process.faults.rules() == []


def test_the_taxpayer_is_written_once(tmp_path):
    with serving(tmp_path) as served:
        desk = Desk(served)
        desk.do("set-taxpayer", stir="123456789")
        problem = desk.do("set-taxpayer", 422, stir="987654321")["error"]
        assert (problem["field"], problem["rule"]) == ("stir", "read-only")
        assert desk.module()["stir"] == "123456789"
        assert desk.do("set-taxpayer", 422, stir="12")["error"]["field"] == "stir"


def test_another_module_in_its_place(tmp_path):
    with serving(tmp_path, count=2) as served:
        desk = Desk(served)
        host = sold(served)
        before = desk.module()["factory_id"]
        desk.do("replace", new_terminal="ZZ000000000777", settings={"blocks": 9})
        assert host.gone()
        host.close()
        module = desk.module()
        assert (module["terminal"], module["receipt_seq"], module["memory"]["blocks"]) == (
            "ZZ000000000777",
            0,
            9,
        )
        assert module["factory_id"] != before
        assert desk.do("replace", 422, new_terminal="ZZ000000000001")["error"]["rule"] == "unique"
        assert desk.do("replace", 422, new_terminal="UZ000000000001")["error"]["field"] == "terminal"
        assert desk.do("unlock", terminal="ZZ000000000777") is not None
        assert desk.do("unlock", 422, terminal="ZZ000000000000")["error"]["rule"] == "unknown"
        assert desk.do("unlock", 422, index=2)["error"]["field"] == "index"


def test_inspect_lists_all_records(tmp_path):
    with serving(tmp_path) as served:
        host = sold(served, receipts=30)
        host.close()
        desk = Desk(served)
        assert len(desk.module()["receipts"]) == 20
        assert len(desk.do("inspect", index=0)["receipts"]) == 30
        assert len(desk.do("inspect", records=3)["receipts"]) == 3


def test_reset_makes_a_fresh_module_with_these_settings(tmp_path):
    with serving(tmp_path) as served:
        desk = Desk(served)
        host = sold(served)
        before = desk.module()
        state = desk.post(
            "reset",
            {
                "settings": {
                    "blocks": 14, "start_locked": True, "last_operation": "2026-08-01 00:00:00",
                    "limits": {"z_cash": 100}, "counters": {"receipt_seq": 6}, "defects": ["empty-z-closes"],
                }
            },
        )["modules"][0]  # fmt: skip
        assert host.gone()
        host.close()
        assert (state["receipt_seq"], state["locked"], state["memory"]["blocks"]) == (6, True, 14)
        assert state["last_operation"] == "2026-08-01 00:00:00"
        assert state["terminal"] == before["terminal"]
        assert state["factory_id"] != before["factory_id"], "it is another module"
        assert state["settings"]["defects"] == ["empty-z-closes"]
        with served.host(select=True) as host:
            info = FiscalInfo.decode(host.ask(apdu.get_info())[:-2])
            assert info.locked


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"terminal": "AA000000000000"}, "terminal"),
        ({"blocks": 1}, "blocks"),
        ({"blocks": 32768}, "blocks"),
        ({"colour": "red"}, "colour"),
        ({"last_operation": "2026-08-01T00:00:00"}, "last_operation"),
        ({"last_operation": "1998-08-01 00:00:00"}, "last_operation"),
        ({"limits": {"z_cash": -1}}, "limits.z_cash"),
        ({"factory_id": "zz"}, "factory_id"),
        ({"defects": ["no-such"]}, "defects"),
        ({"index": 7}, "index"),
        ({"index": "x"}, "index"),
    ],
)
def test_reset_refuses_what_no_module_can_be(settings, field):
    with serving() as served:
        desk = Desk(served)
        before = desk.module()["factory_id"]
        problem = desk.post("reset", {"settings": settings}, 422)["error"]
        assert problem["field"] == field
        assert problem["text"]
        assert desk.module()["factory_id"] == before


def test_reset_of_one_or_all_of_many(tmp_path):
    with serving(tmp_path, count=3) as served:
        desk = Desk(served)
        for index in range(3):
            sold(served, index).close()
        desk.post("reset", {"settings": {"index": 1, "terminal": "ZZ000000000100", "start_locked": False}})
        assert [m["receipt_seq"] for m in desk.modules()] == [2, 0, 2]
        desk.do("unplug", index=2)
        desk.post("reset", {"settings": {"terminal": "ZZ000000000500"}})
        modules = desk.modules()
        assert [m["terminal"] for m in modules] == [f"ZZ00000000050{index}" for index in range(3)]
        assert [m["plugged"] for m in modules] == [True] * 3
        assert (
            len({m["factory_id"] for m in modules}) == 3
        )  # made in the same second, told apart all the same
        assert [m["receipt_seq"] for m in modules] == [0, 0, 0]
        for wrong in ({"terminal": "ZZ999999999999"}, {"factory_id": "00" * 18}):
            problem = desk.post("reset", {"settings": wrong}, 422)["error"]
            assert problem["field"] == next(iter(wrong))
        other = modules[2]["factory_id"]
        problem = desk.post("reset", {"settings": {"index": 0, "factory_id": other}}, 422)["error"]
        assert (problem["field"], problem["rule"]) == ("factory_id", "unique")


def test_snapshot_and_restore(tmp_path):
    with serving(tmp_path, count=2) as served:
        desk = Desk(served)
        sold(served).close()
        before = [{k: v for k, v in m.items() if k not in ("exchanges", "session")} for m in desk.modules()]
        desk.post("snapshot", {"name": "monday"}, 201)
        sold(served, 1, 5).close()
        desk.post("reset", {"settings": {"index": 0}})
        host = served.host(0)
        desk.post("restore", {"name": "monday"})
        assert host.gone()
        host.close()
        after = [{k: v for k, v in m.items() if k not in ("exchanges", "session")} for m in desk.modules()]
        assert after == before


def test_a_snapshot_of_another_rack_is_refused(tmp_path):
    with serving(tmp_path / "a", count=2) as served:
        Desk(served).post("snapshot", {"name": "two"}, 201)
    with serving(tmp_path / "b") as served:
        (tmp_path / "b" / "snapshots").mkdir()
        (tmp_path / "a" / "snapshots" / "two").rename(tmp_path / "b" / "snapshots" / "two")
        assert Desk(served).post("restore", {"name": "two"}, 422)["error"]["rule"] == "modules"


def test_a_disk_that_fails_under_a_hand_is_told(tmp_path):
    with serving(tmp_path) as served:
        desk = Desk(served)
        desk.post("faults", {"point": "flash.write", "action": "error"}, 201)
        assert desk.do("lock", 422)["error"]["field"] == "flash"
        assert desk.module()["locked"] is False
        desk.do("lock")
        assert desk.module()["locked"] is True


def test_fault_points_and_actions_are_those_of_the_table(tmp_path):
    with serving(tmp_path) as served:
        points = httpx.get(f"{served.addresses['control']}/control/faults", timeout=PATIENCE).json()["points"]
        assert {"apdu.command", "apdu.commit", "apdu.reply", "flash.write", "link.connect"} <= set(points)
        Desk(served).post("faults", {"point": "link.latency", "action": "drop"}, 422)


# --- the page ---------------------------------------------------------------------------------------------


def test_the_page_draws_the_memory(tmp_path):
    with serving(tmp_path, module={"blocks": 5}) as served:
        sold(served).close()
        page = httpx.get(served.addresses["control"] + "/", timeout=PATIENCE).text
        assert "ZZ000000000000" in page
        assert "TEST" in page
        assert '<li class="zreport">Z1</li>' in page
        assert '<li class="receipt">R2</li>' in page
        assert '<li class="fresh">.</li>' in page
        assert "271368829008" in page
        assert "RECEIPT_REGISTER" in page
        style = httpx.get(served.addresses["control"] + "/module_page.css", timeout=PATIENCE)
        assert style.headers["content-type"].startswith("text/css")


def test_the_page_of_a_rack():
    with serving(count=3) as served:
        base = served.addresses["control"]
        assert "<h1>ZZ000000000002" in httpx.get(f"{base}/?index=2", timeout=PATIENCE).text
        assert httpx.get(f"{base}/?index=3", timeout=PATIENCE).status_code == 404
        assert httpx.get(f"{base}/?index=x", timeout=PATIENCE).status_code == 200


def test_the_page_is_guarded():
    with serving(control_token="t0ken") as served:
        base = served.addresses["control"]
        assert httpx.get(f"{base}/", timeout=PATIENCE).status_code == 401
        assert (
            httpx.get(f"{base}/", headers={"X-Kassalab-Token": "t0ken"}, timeout=PATIENCE).status_code == 200
        )
        wrong_host = {"Host": "evil.example", "X-Kassalab-Token": "t0ken"}
        assert httpx.get(f"{base}/", headers=wrong_host, timeout=PATIENCE).status_code == 403
