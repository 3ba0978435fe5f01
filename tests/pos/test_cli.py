"""`python -m reference.pos`: sell, refund, day, close, last, pending."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reference.drive.app import create_app
from reference.pos.__main__ import main
from reference.runtime.clock import LabClock
from reference.runtime.serving import HttpServer
from tests.drive.conftest import START, Bench

Run = Callable[..., int]


@pytest.fixture
def bench(make_bench: Any, tmp_path: Path) -> Bench:
    bench: Bench = make_bench(lab=LabClock.create(tmp_path / "clock", START, rate=0.0))
    bench.tick(60)
    return bench


@pytest.fixture
def run(bench: Bench, tmp_path: Path) -> Iterator[Run]:
    with HttpServer(create_app(bench.drive), "127.0.0.1", 0) as server:

        def run(*arguments: str, drive: str = server.url) -> int:
            bench.tick(30)
            common = ["--drive", drive, "--dir", str(tmp_path / "pos"), "--clock", str(tmp_path / "clock")]
            return main([*common, *arguments])

        yield run


def test_sell_refund_last_close(
    run: Run, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sell", "--sample") == 0
    receipt = capsys.readouterr().out
    assert "271368829008" in receipt
    assert (tmp_path / "pos" / "receipts" / "sample-1.txt").read_text(encoding="utf-8") == receipt
    assert run("last") == 0
    again = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in again if line not in receipt.splitlines()] == ["NUSXA / КОПИЯ"]
    bench.core.sync_full_receipts(bench.factory_id, 32)
    assert run("--paper", "58", "refund", "sample-1", "--lines", "1:500") == 0
    assert "QAYTARISH" in capsys.readouterr().out
    assert run("refund", "sample-1") == 0
    assert run("refund", "sample-1") == 1
    assert "nothing is left to refund" in capsys.readouterr().err
    assert run("sell", "--sample") == 0
    assert bench.number == 4
    assert run("close") == 0
    assert "Z-HISOBOT" in capsys.readouterr().out


def test_a_day(run: Run, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = json.loads(Path("reference/pos/cafe-day.json").read_text(encoding="utf-8"))
    sold = next(order for order in day["orders"] if order.get("refund_order"))["refund_order"]
    orders = [order for order in day["orders"] if order["id"] == sold or order.get("refund_order")]
    path = tmp_path / "day.json"
    path.write_text(json.dumps({"name": "short", "orders": orders[:1]}), encoding="utf-8")
    assert run("day", str(path)) == 0
    bench.core.sync_full_receipts(bench.factory_id, 32)
    path.write_text(json.dumps({"name": "short", "orders": orders}), encoding="utf-8")
    assert run("day", str(path), "--close") == 0
    out = capsys.readouterr().out
    assert json.loads(out.splitlines()[0]) == {"day": "short", "orders": 1, "pending": 0}
    assert "Z-HISOBOT" in out
    assert bench.number == 2
    assert len(list((tmp_path / "pos" / "receipts").iterdir())) == 2


def test_orders_are_kept_while_the_service_is_down(
    run: Run, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """UZ-SVC-03"""
    assert run("sell", "--sample", drive="http://127.0.0.1:1") == 1
    assert "fiscal service does not answer" in capsys.readouterr().err
    assert run("last") == 1
    assert "there is no receipt yet" in capsys.readouterr().err
    assert run("pending") == 0
    assert json.loads(capsys.readouterr().out) == {"done": ["sample-1"], "pending": 0}
    assert bench.number == 1


def test_yesterdays_shift_on_stderr(run: Run, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """UZ-SHF-08"""
    run("sell", "--sample")
    bench.tick(86_400)
    assert run("sell", "--sample") == 0
    assert "! Shift of 2026-07-01 is still open" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("sell", "none.json"), "none.json"),
        (("refund", "nobody"), "there is no order nobody"),
        (("refund", "nobody", "--lines", "x"), "is not line:thousandths"),
        (("--settings", "none.json", "last"), "none.json"),
        (("--factory-id", "00", "sell", "--sample"), "fiscal drive not found"),
    ],
)
def test_mistakes_are_told(
    run: Run, arguments: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 1
    assert text in capsys.readouterr().err
