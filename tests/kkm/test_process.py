"""The register as a part of a lab: reset, snapshot, operations, settings that last, and the real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reference.kkm.part import SETTINGS_FILE, RegisterPart
from reference.kkm.process import FAULT_ACTIONS, build_parser, settings_from
from reference.kkm.register import FAULT_POINTS, Register, RegisterError
from reference.kkm.settings import RegisterSettings
from reference.runtime.chance import generator
from reference.runtime.control import ControlError
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_points
from tests.kkm.shop import DEVICE, TOKEN, Shop, open_shop, sale, web
from tests.waiting import eventually


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def shop(opened: Shop) -> Shop:
    opened.fresh()
    return opened


def refusal(shop: Shop, path: str, **body: Any) -> tuple[str, str]:
    answer = web.post(f"{shop.base}/control/{path}", json=body)
    assert 400 <= answer.status_code < 500, answer.text
    return answer.json()["error"]["field"], answer.json()["error"]["text"]


def test_a_reset_forgets_everything_and_takes_every_setting(shop: Shop) -> None:
    shop.press("sell", sale())
    given = {"reqnum": 65535, "shift": 7, "reqnum_wrap": 1, "transaction_seconds": 9, "version": 202}
    shop.fresh(**given)
    state = shop.control("reset", settings={"device_id": DEVICE, "token": TOKEN, **given})
    assert state["printed"] == 0
    eventually(lambda: shop.state()["reqnum"] == 1)
    settings = web.get(f"{shop.base}/control/state").json()["settings"]
    assert set(settings) == set(RegisterSettings.model_fields)
    assert {name: settings[name] for name in given} == given


def test_a_reset_without_settings_goes_back_to_those_of_the_start(shop: Shop) -> None:
    shop.fresh(reconnect_seconds=99)
    shop.control("reset", settings={})
    settings = web.get(f"{shop.base}/control/state").json()["settings"]
    assert settings["reconnect_seconds"] == 60
    assert settings["server"] == f"127.0.0.1:{shop.operator.port}"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"version": 205}, "settings.version"),
        ({"server": "oofd.kz:7777"}, "settings.server"),
        ({"server": "8.8.8.8:7777"}, "settings.server"),
        ({"check_url": "7778"}, "settings.check_url"),
        ({"nonsense": 1}, "settings.nonsense"),
        ({"test_mode": False}, "settings.test_mode"),
        ({"allow_any_host": True}, "settings.allow_any_host"),
        ({"transaction_seconds": 4}, "settings.transaction_seconds"),
    ],
)
def test_a_wrong_setting_changes_nothing(shop: Shop, settings: dict[str, Any], field: str) -> None:
    shop.press("deposit", {"sum": 5})
    assert refusal(shop, "reset", settings=settings)[0] == field
    assert refusal(shop, "do/settings", settings=settings)[0] == field
    assert shop.state()["cash"] == 5
    assert shop.press("deposit", {"sum": 5})["outcome"] == "done"


def test_a_defect_that_is_not_known_changes_nothing(shop: Shop) -> None:
    shop.press("deposit", {"sum": 5})
    _field, text = refusal(shop, "reset", settings={"defects": ["no-such-mistake"]})
    assert "no-such-mistake" in text
    assert shop.press("deposit", {"sum": 5})["outcome"] == "done"
    assert shop.state()["cash"] == 10


def test_a_snapshot_brings_register_and_settings_back(shop: Shop) -> None:
    shop.fresh(reconnect_seconds=77)
    shop.press("deposit", {"sum": 5})
    before = shop.state()
    shop.control("snapshot", name="five", replace=True)
    shop.press("deposit", {"sum": 5})
    shop.control("do/settings", settings={"reconnect_seconds": 66})
    assert web.get(f"{shop.base}/control/state").json()["settings"]["reconnect_seconds"] == 66
    shop.control("restore", name="five")
    after = shop.state()
    assert (after["cash"], after["printed"], after["shift"]) == (5, 1, before["shift"])
    assert web.get(f"{shop.base}/control/state").json()["settings"]["reconnect_seconds"] == 77
    shop.control("restore", name="five")
    assert shop.state()["cash"] == 5


def test_settings_change_and_the_memory_stays(shop: Shop) -> None:
    shop.press("deposit", {"sum": 5})
    changed = shop.control("do/settings", settings={"offline_limit_hours": 1})
    assert changed["offline_limit_hours"] == 1
    assert shop.state()["cash"] == 5
    eventually(lambda: shop.state()["mode"] == "ONLINE")


def test_the_address_is_set_and_live_hosts_are_refused(shop: Shop) -> None:
    server = f"127.0.0.1:{shop.operator.port}"
    assert shop.control("do/set-address", server=server) == {"server": server}
    assert refusal(shop, "do/set-address", server="consumer.oofd.kz:7777")[0] == "server"
    assert shop.state()["server"] == server


def test_a_line_is_cut_for_a_while(shop: Shop) -> None:
    shop.control("do/kill-line", seconds=30)
    assert shop.outlast(lambda: shop.press("sell", sale()))["outcome"] == "queued"
    shop.tick(61)
    eventually(lambda: shop.state()["mode"] == "ONLINE")
    assert refusal(shop, "do/kill-line", seconds="soon")[0] == "seconds"


def test_faults_of_the_register_are_refused_by_name(shop: Shop) -> None:
    assert set(FAULT_POINTS) | set(journal_points()) == set(FAULT_ACTIONS)
    field, text = refusal(shop, "faults", point="register.before-print", action="refuse")
    assert field == "action"
    assert "delay" in text
    shop.control("faults", point="register.connect", action="refuse", count=None)
    assert shop.outlast(lambda: shop.press("sell", sale()))["outcome"] == "queued"


def part_of(folder: Path, shop: Shop, **start: Any) -> RegisterPart:
    clock = shop.clock.part("other")
    faults = FaultPoints({**FAULT_POINTS, **journal_points()}, clock, "other", FAULT_ACTIONS)
    events = EventLog(None, clock, "other")

    def opener(place: Path, settings: RegisterSettings) -> Register:
        return Register.open(place, settings, clock, faults, events, generator(1, "other"))

    return RegisterPart(folder, RegisterSettings(**{"server": "127.0.0.1:1", **start}), opener)


def test_settings_of_a_reset_outlive_the_process_until_it_starts_otherwise(
    shop: Shop, tmp_path: Path
) -> None:
    part = part_of(tmp_path, shop)
    part.reset({"device_id": 77})
    part.close()
    part = part_of(tmp_path, shop)
    assert part.register.settings.device_id == 77
    part.close()
    part = part_of(tmp_path, shop, server="127.0.0.1:2", reconnect_seconds=61)
    assert part.register.settings.device_id == 77
    assert part.register.settings.reconnect_seconds == 61
    assert part.state()["server"] == "127.0.0.1:2"
    part.close()
    with pytest.raises(RegisterError, match="belongs to register 77"):
        part_of(tmp_path, shop, device_id=5)


def other_device(part: RegisterPart) -> str:
    settings = part.register.settings.model_dump(mode="json")
    return json.dumps({"start": {}, "settings": {**settings, "device_id": 1234}})


def test_a_damaged_snapshot_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    part = part_of(tmp_path / "part", shop)
    saved = tmp_path / "saved"
    saved.mkdir()
    part.snapshot(saved)
    (saved / SETTINGS_FILE).write_text('{"start": {}, "settings": {"version": 5}}')
    with pytest.raises(ControlError, match="version"):
        part.restore(saved)
    (saved / SETTINGS_FILE).write_text(other_device(part))
    with pytest.raises(ControlError, match="belongs to register"):
        part.restore(saved)
    (saved / SETTINGS_FILE).write_text("{")
    with pytest.raises(ValueError, match="JSON"):
        part.restore(saved)
    assert part.state()["mode"] == "START"
    part.close()


def test_options_become_settings() -> None:
    words = ["--device-id", "5", "--token", "4000000000", "--rnm", "600400112233", "--version", "204"]
    words += ["--taxation", "100", "--queue-reqnum", "stored", "--auto-close", "true", "--check-url"]
    words += ["http://127.0.0.1:123/"]
    settings = settings_from(build_parser().parse_args(words))
    assert (settings.device_id, settings.token, settings.rnm, settings.version) == (
        5,
        4000000000,
        "600400112233",
        204,
    )
    assert (settings.taxation, settings.queue_reqnum, settings.auto_close) == (100, "stored", True)
    assert settings.check_url == "http://127.0.0.1:123/"


class Child:
    """`python -m reference.kkm` as labs start it; `ready` is the line it printed."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "reference.kkm",
                "--port",
                "0",
                "--seed",
                "1",
                "--dir",
                str(folder),
                *options,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"KASSALAB_STOP_WITH_STDIN": "1"},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate(timeout=60)[1]
        self.ready = json.loads(line)
        self.base = str(self.ready["addresses"]["register"])

    def end(self) -> str:
        self.process.terminate()
        assert self.process.stderr is not None
        told = self.process.stderr.read()
        assert self.process.wait(60) == 0, told
        self.close()
        return told

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@pytest.mark.slow
def test_the_process_sells_ends_and_goes_on(shop: Shop, tmp_path: Path) -> None:
    options = (
        "--server",
        f"127.0.0.1:{shop.operator.port}",
        "--device-id",
        str(DEVICE),
        "--token",
        str(TOKEN),
    )
    child = Child(tmp_path, *options)
    assert child.ready["part"] == "register"
    assert child.ready["seed"] == 1
    eventually(lambda: web.get(f"{child.base}/keys/state").json()["mode"] == "ONLINE")
    assert web.post(f"{child.base}/keys/deposit", json={"sum": 7}).json()["outcome"] == "done"
    assert "SIGTERM" in child.end()
    child = Child(tmp_path, *options)
    eventually(lambda: web.get(f"{child.base}/keys/state").json()["cash"] == 7)
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.process.wait(60) == 0
    child.close()


def test_options_that_are_wrong() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reference.kkm", "--version", "205"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "--version" in done.stderr.splitlines()[-1]
    assert done.stdout == ""


def test_what_stops_a_start_is_said(shop: Shop, tmp_path: Path) -> None:
    def started(*options: str) -> subprocess.CompletedProcess[str]:
        words = ["--dir", str(tmp_path), "--server", "127.0.0.1:1", *options]
        return subprocess.run(
            [sys.executable, "-m", "reference.kkm", *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    port = shop.base.rpartition(":")[2]
    done = started("--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot listen" in done.stderr
    done = started("--port", "0", "--device-id", "5")
    assert (done.returncode, done.stdout) == (1, "")
    assert "belongs to register 1, not 5" in done.stderr
    done = started("--port", "0", "--defect", "no-such-mistake")
    assert done.returncode == 2
    assert "'no-such-mistake' is not one of" in done.stderr
