"""The register is killed at every step: what was handed out is at the OFD once, and sums agree (OQ-14)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reference.protocol.kz.dialects import Command
from tests.ofd_mock.conftest import LAB_START
from tests.ofd_mock.kz.bench import Bench
from tests.waiting import PATIENCE

RATE = 60.0
DEATHS = (137, -signal.SIGKILL)
FISCAL = {"ticket", "money", "z"}
LINE = {"point": "register.connect", "action": "refuse", "count": None}
CUT = ["fault", LINE]
SALE = ["sell", 10_000]


def crash(point: str, skip: int = 0, action: str = "crash", value: str = "", **match: str) -> list[Any]:
    return ["fault", {"point": point, "action": action, "skip": skip, "match": match, "value": value}]


class Shop:
    """One register of the operator and the processes that play it, one after the other."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        self.device = bench.order("provision")
        self.folder = folder
        self.handed: list[dict[str, Any]] = []
        self.runs = 0

    def command(self, keys: list[Any], early: list[Any]) -> list[str]:
        self.runs += 1
        plan = {
            "folder": str(self.folder),
            "start": (LAB_START + self.runs * timedelta(hours=1)).isoformat(),
            "rate": RATE,
            "early_faults": early,
            "keys": keys,
            "settings": {
                "server": f"127.0.0.1:{self.bench.port}",
                "device_id": self.device["id"],
                "token": self.device["token"],
            },
        }
        return [sys.executable, "-m", "tests.kkm.till", json.dumps(plan)]

    def run(self, *keys: Any, early: tuple[Any, ...] = ()) -> tuple[int, list[dict[str, Any]]]:
        done = subprocess.run(
            self.command(list(keys), list(early)), capture_output=True, text=True, timeout=60, check=False
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode in (0, *DEATHS), done.stderr
        self.handed += [line for line in lines if line.get("number") is not None]
        return done.returncode, lines

    def settle(self) -> dict[str, Any]:
        """Start again without faults until everything is delivered; return the last state."""
        code, lines = self.run(["pulse", 0], ["mend", 61], ["pulse", 0], SALE, ["pulse", 0])
        assert code == 0
        assert lines[-1]["state"] == "ONLINE", lines
        return lines[-1]

    def check(self, state: dict[str, Any]) -> None:
        rows = self.bench.order("documents", id=self.device["id"], limit=100)["documents"]
        counted = [row for row in rows if row["command"] in FISCAL_COMMANDS]
        numbers = Counter(row["printed_number"] for row in counted)
        assert set(numbers.values()) == {1}, numbers
        for line in self.handed:
            if line["outcome"] != "refused" and line["key"] in ("sell", "deposit", "z"):
                assert line["number"] in numbers, (line, numbers)
        own = {number for number, kind, _delivery, _recovered in state["documents"] if kind in FISCAL}
        assert own == set(numbers)
        assert {delivery for _number, _kind, delivery, _recovered in state["documents"]} == {"delivered"}
        ledger = self.bench.process.ledger.device(self.device["id"])
        assert ledger.counters.cash == state["cash"] == ledger.counters.total("non_nullable", 2) + 5_000
        assert ledger.counters.shift_number == state["shift"]


FISCAL_COMMANDS = {int(Command.TICKET), int(Command.MONEY_PLACEMENT), int(Command.CLOSE_SHIFT)}


@pytest.fixture
def shop(operator: Bench, tmp_path: Path) -> Shop:
    return Shop(operator, tmp_path / "register")


ONLINE = {
    "connect": crash("register.connect", command="TICKET"),
    "before-send": crash("register.before-send", command="TICKET"),
    "after-send": crash("register.after-send", command="TICKET"),
    "half-answer": crash("register.half-answer", command="TICKET"),
    "before-store-sent": crash("register.before-store", step="sent"),
    "after-store-sent": crash("register.after-store", step="sent"),
    "before-store-answered": crash("register.before-store", step="answered"),
    "after-store-answered": crash("register.after-store", step="answered"),
    "before-print": crash("register.before-print", kind="ticket"),
    "torn-sent": crash("journal.write", 0, "torn-crash", "20"),
    "torn-answered": crash("journal.write", 1, "torn-crash", "20"),
}


@pytest.mark.parametrize("name", ONLINE)
def test_killed_online(shop: Shop, name: str) -> None:
    code, lines = shop.run(["pulse", 0], ["deposit", 5_000], SALE, ONLINE[name], SALE)
    assert (code, len(lines)) == (137, 3)
    state = shop.settle()
    shop.check(state)
    unfinished = name.startswith(("connect", "before-send", "after-send", "half")) or name in (
        "after-store-sent",
        "before-store-answered",
        "torn-answered",
    )
    recovered = [number for number, _kind, _delivery, late in state["documents"] if late]
    assert recovered == [3] * unfinished


OFFLINE = {
    "before-lost": crash("register.before-store", step="lost"),
    "after-lost": crash("register.after-store", step="lost"),
    "before-queued": crash("register.before-store", step="queued"),
    "after-queued": crash("register.after-store", step="queued"),
    "print-queued": crash("register.before-print", 1, kind="ticket"),
    "torn-queued": crash("journal.write", 2, "torn-crash", "20"),
}


@pytest.mark.parametrize("name", OFFLINE)
def test_killed_offline(shop: Shop, name: str) -> None:
    code, _lines = shop.run(["pulse", 0], ["deposit", 5_000], SALE, CUT, OFFLINE[name], SALE, SALE, ["z", 0])
    assert code == 137
    shop.check(shop.settle())


DELIVERING = {
    "after-send": crash("register.after-send", command="TICKET"),
    "second-after-send": crash("register.after-send", 1, command="TICKET"),
    "half-answer": crash("register.half-answer", 1, command="TICKET"),
    "before-next": crash("register.before-store", step="next"),
    "after-next": crash("register.after-store", step="next"),
    "before-answered": crash("register.before-store", 1, step="answered"),
    "after-answered": crash("register.after-store", 1, step="answered"),
    "close-after-send": crash("register.after-send", command="CLOSE_SHIFT"),
    "info-after-send": crash("register.after-send", command="INFO"),
    "before-served": crash("register.before-store", step="served"),
}


@pytest.mark.parametrize("name", DELIVERING)
def test_killed_while_delivering(shop: Shop, name: str) -> None:
    shop.run(["pulse", 0], ["deposit", 5_000], CUT, SALE, SALE, ["z", 0], SALE)
    code, _lines = shop.run(["pulse", 0], ["mend", 61], ["pulse", 0], early=(DELIVERING[name][1],))
    assert code == 137
    shop.check(shop.settle())


def test_killed_by_signal(shop: Shop) -> None:
    """SIGKILL in the middle of a row of sales, three times."""
    for _ in range(3):
        keys = (
            [["pulse", 0], *([SALE] * 200)]
            if shop.handed
            else [["pulse", 0], ["deposit", 5_000], *([SALE] * 200)]
        )
        process = subprocess.Popen(shop.command(keys, []), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(8)]
        process.kill()
        lines += [json.loads(line) for line in process.stdout.read().splitlines() if line.endswith("}")]
        assert process.wait(PATIENCE) == -signal.SIGKILL
        process.stdout.close()
        shop.handed += [line for line in lines if line.get("number") is not None]
    rows = shop.settle()
    shop.bench.process.ledger.catch_up()
    assert len(rows["documents"]) >= 20
    shop.check(rows)
