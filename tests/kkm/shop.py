"""A shop inside the test process: operator and register on one standing lab clock, real ports between."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reference.kkm.process import RegisterProcess
from reference.kkm.settings import RegisterSettings
from reference.runtime.clock import LabClock
from tests.ofd_mock.conftest import part_settings
from tests.ofd_mock.kz.bench import Bench, running
from tests.waiting import PATIENCE, eventually
from tests.web import lasting_client

DEVICE, TOKEN = 4931, 3_000_000_001
Json = dict[str, Any]
web = lasting_client()


@dataclass
class Shop:
    """A running register, its operator, and what tests do with them."""

    operator: Bench
    process: RegisterProcess
    base: str

    @property
    def clock(self) -> LabClock:
        return self.operator.clock

    def fresh(self, **settings: Any) -> None:
        """An operator that knows the register and a register that knows nothing, ONLINE."""
        self.process.faults.clear()
        self.operator.reset()
        self.operator.order("provision", id=DEVICE, token=TOKEN, org_title="ТОО Сынақ", pos_title="Дүкен 1")
        self.control("reset", settings={"device_id": DEVICE, "token": TOKEN, **settings})
        eventually(lambda: self.state()["mode"] == "ONLINE")

    def press(self, key: str, order: Mapping[str, Any] | None = None) -> Json:
        answer = web.post(f"{self.base}/keys/{key}", json=dict(order or {}), timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def state(self) -> Json:
        return dict(web.get(f"{self.base}/keys/state").json())

    def control(self, path: str, **body: Any) -> Json:
        answer = web.post(f"{self.base}/control/{path}", json=body, timeout=PATIENCE)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json() or {})

    def tick(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def lose_line(self) -> Json:
        """Cut the line and sell one bread: the register goes offline with it."""
        self.control("do/kill-line")
        return self.outlast(lambda: self.press("sell", sale()))

    def outlast(self, act: Any) -> Any:
        """What `act` gives, lab time going on until it does."""
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(act())
            except BaseException as error:  # noqa: BLE001 - told to whoever asks
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()

        def ended() -> bool:
            if not future.done():
                self.tick(0.5)
            return future.done()

        eventually(ended)
        return future.result()


def sale(total: int = 180_00, **more: Any) -> Json:
    return {"items": [{"name": "Нан", "price": total, "vat": 12}], **more}


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    for name in ("operator", "register"):
        (folder / name).mkdir()
    with running(folder / "operator") as operator:
        server = f"127.0.0.1:{operator.port}"
        settings = RegisterSettings(server=server, check_url=f"{operator.base}/")
        clock = operator.clock
        process = RegisterProcess(part_settings(folder / "register"), settings, clock, clock.part("register"))
        shop = Shop(operator, process, process.start(0))
        try:
            yield shop
        finally:
            process.stop()
