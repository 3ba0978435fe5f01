"""The point of sale's application over the café of the shop's tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from reference.pos.part import NAME, PosPart
from reference.pos.web.app import create_app
from reference.pos.web.counter import Counter
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from tests.pos.conftest import Shop
from tests.pos.conftest import shop as shop
from tests.pos.shop.conftest import Cafe
from tests.pos.shop.conftest import cafe as cafe

__all__ = ["Api", "Shop", "api", "cafe", "shop"]


@dataclass
class Api:
    """A client of the application; `key` is whose session it uses."""

    cafe: Cafe
    http: FlaskClient
    key: str = ""

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        headers = {"X-Kassalab": "control"} | more.pop("headers", {})
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if body is not None:
            more["json"] = body
        answer = self.http.open(f"/api{path}", method=method, headers=headers, **more)
        return answer.status_code, answer.get_json()

    def come(self, employee: int, pin: str) -> None:
        status, told = self.ask("POST", "/sessions", {"employee": employee, "pin": pin})
        assert status == 201, told
        self.key = told["session"]


@pytest.fixture
def api(cafe: Cafe, tmp_path: Path) -> Iterator[Api]:
    bench = cafe.till.bench
    events = EventLog(tmp_path / "pos-events", bench.clock, NAME)
    part = PosPart(cafe.desks(), cafe.worker, lambda: None)
    faults = FaultPoints({}, bench.clock, NAME, {})
    control = control_blueprint(part, bench.lab, bench.clock, faults, events, tmp_path, None)
    app = create_app(Counter(cafe.desks(), cafe.worker), control, "127.0.0.1", None)
    made = Api(cafe, app.test_client())
    made.come(cafe.boss.id, "123456")
    yield made
    events.close()
