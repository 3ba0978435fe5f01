"""The lab commands on a Kazakh lab of real parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.introduction import introduce_register, register_options
from conformance.lab import Lab
from conformance.lab_parts import KZ_PARTS
from tests.waiting import PATIENCE, eventually
from tools.cli import run

SALE = {"items": [{"name": "Нан", "price": 25000, "quantity": "2.000"}], "taken": 50000}
FAST = 20
"""Lab seconds per real second: a sale without a line waits five of them."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab"), parts=KZ_PARTS, seed=4, rate=FAST) as running:
        introduce_register(running)
        yield running


def kassalab(lab: Lab, *words: str) -> int:
    return run([*words, "--dir", str(lab.folder)])


def sell(lab: Lab) -> tuple[str, int | None]:
    answer = httpx.post(f"{lab.addresses['register']['register']}/keys/sell", json=SALE, timeout=PATIENCE)
    pressed: dict[str, Any] = answer.json()
    return pressed["outcome"], pressed["code"]


def mode(lab: Lab) -> str:
    return str(lab.control("register").state()["mode"])


def test_a_cut_network_makes_the_register_autonomous(lab: Lab) -> None:
    assert sell(lab) == ("done", 0)
    assert kassalab(lab, "fault", "cut-network") == 0
    assert sell(lab) == ("queued", None)
    assert kassalab(lab, "fault", "mend-network") == 0
    assert kassalab(lab, "clock", "advance", "61s") == 0
    eventually(lambda: mode(lab) == "ONLINE")


def test_a_block_by_the_operator_is_laid_and_lifted(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert kassalab(lab, "fault", "server-block", "--reason", "money") == 0
    device = lab.control("register").state()["device_id"]
    assert lab.control("operator-kz").state()["devices"][str(device)]["state"] == "BLOCKED_MONEY"
    assert sell(lab) == ("refused", 15)
    assert kassalab(lab, "fault", "lift-block") == 0
    assert kassalab(lab, "clock", "advance", "61s") == 0
    eventually(lambda: mode(lab) == "ONLINE")
    assert kassalab(lab, "fault", "server-block", "--reason", "weather") == 1
    assert kassalab(lab, "fault", "pull-card") == 2


def test_snapshot_and_restore_keep_register_and_operator_together(lab: Lab) -> None:
    before = lab.control("register").state()["non_nullable"]
    assert kassalab(lab, "snapshot", "day") == 0
    assert sell(lab) == ("done", 0)
    lab.control("operator-kz").add_fault("ofd-kz.request", "delay", delay="4s")
    assert kassalab(lab, "restore", "day") == 0
    assert lab.control("register").state()["non_nullable"] == before
    assert sell(lab) == ("done", 0)


def test_a_reset_of_all_parts_introduces_the_register_again(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kassalab(lab, "reset") == 0
    assert "has a token again" in capsys.readouterr().out
    assert sell(lab) == ("done", 0)


def test_state_clock_and_journal_know_the_parts(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert kassalab(lab, "state", "--json") == 0
    assert list(json.loads(capsys.readouterr().out)) == ["operator-kz", "register"]
    assert kassalab(lab, "clock", "skew", "register", "-5m") == 0
    assert "register: skew -5m" in capsys.readouterr().out
    assert kassalab(lab, "clock", "skew", "register", "0") == 0
    assert kassalab(lab, "clock", "skew", "module", "1s") == 2
    capsys.readouterr()
    assert kassalab(lab, "journal", "--limit", "2", "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {event["part"] for event in events} == {"operator-kz", "register"}


def test_a_lab_that_starts_again_keeps_its_register(tmp_path: Path) -> None:
    with Lab(tmp_path, parts=KZ_PARTS, seed=4) as first:
        introduce_register(first)
        assert sell(first) == ("done", 0)
        held = first.control("register").state()
    with Lab(tmp_path, parts=KZ_PARTS, seed=4, options=register_options(tmp_path)) as again:
        introduce_register(again)
        state = again.control("register").state()
        assert [state[name] for name in ("device_id", "non_nullable", "cash")] == [
            held[name] for name in ("device_id", "non_nullable", "cash")
        ]
        eventually(lambda: mode(again) == "ONLINE")
        assert sell(again) == ("done", 0)
