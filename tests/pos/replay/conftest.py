"""Points of sale on one drive and one lab clock, spoken to over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reference.drive.app import create_app
from reference.pos.process import PosProcess, make_parser
from reference.pos.replay.counter_api import CounterApi
from reference.runtime.clock import LabClock
from reference.runtime.process import PartSettings
from reference.runtime.serving import HttpServer
from tests.drive.conftest import START, Bench, make_bench

__all__ = ["make_bench"]

PINS = {"Aziza Sinova": "0000", "Bekzod Sinov": "1111", "Dilnoza Sinova": "2222"}


@pytest.fixture
def bench(make_bench: Any, tmp_path: Path) -> Bench:
    bench: Bench = make_bench(lab=LabClock.create(tmp_path / "clock", START, rate=0.0))
    bench.tick(60)
    return bench


OpenShop = Callable[[str], CounterApi]


@pytest.fixture
def open_shop(bench: Bench, tmp_path: Path) -> Iterator[OpenShop]:
    """A new shop in the folder of that name; its API."""
    made: list[tuple[PosProcess, CounterApi]] = []
    with HttpServer(create_app(bench.drive), "127.0.0.1", 0) as drive:

        def opened(name: str) -> CounterApi:
            part, _ = PartSettings.parse(make_parser(), ["--port", "0", "--dir", str(tmp_path / name)])
            process = PosProcess(part, bench.lab, bench.lab.part("pos"), drive.url)
            api = CounterApi(process.start(0)["pos"], PINS, "Aziza Sinova")
            made.append((process, api))
            return api

        yield opened
        for process, api in made:
            api.close()
            process.stop()
