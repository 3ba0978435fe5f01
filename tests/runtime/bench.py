"""A small part on its own bench, for tests of what the control API puts around every part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from pydantic import BaseModel, Field

from reference.runtime.clock import LabClock
from reference.runtime.control import ControlError, Operation, Part, control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints


class Put(BaseModel):
    amount: int = Field(gt=0, description="coins to put in")
    note: str | None = None


class Nothing(BaseModel):
    pass


class Till(Part):
    """Holds a number of coins."""

    name = "till"

    def __init__(self) -> None:
        self.coins = 0
        self.limit = 100

    def state(self) -> dict[str, Any]:
        return {
            "coins": self.coins,
            "limit": self.limit,
            "seal": b"\x01\xff",
            "owner": {"name": "<b>Anvar</b>"},
        }

    def snapshot(self, folder: Path) -> None:
        assert not list(folder.iterdir())
        (folder / "coins").write_text(str(self.coins))

    def restore(self, folder: Path) -> None:
        self.coins = int((folder / "coins").read_text())

    def reset(self, settings: dict[str, Any]) -> None:
        unknown = sorted(set(settings) - {"limit"})
        if unknown:
            raise ControlError(
                f"settings.{unknown[0]}", "known", f"no setting {unknown[0]!r}; there is limit"
            )
        self.coins = 0
        self.limit = settings.get("limit", 100)

    def operations(self) -> dict[str, Operation]:
        return {
            "put": Operation("Put coins in", Put, self._put),
            "shake": Operation("Shake it", Nothing, self._shake),
            "break": Operation("Break it", Nothing, self._break),
        }

    def _put(self, model: Put) -> dict[str, Any]:
        if self.coins + model.amount > self.limit:
            raise ValueError("the till is full")
        self.coins += model.amount
        return {"coins": self.coins}

    def _shake(self, _model: Nothing) -> None:
        return None

    def _break(self, _model: Nothing) -> None:
        raise RuntimeError("broken by s3cret-value")


@dataclass
class TestBench:
    __test__ = False

    till: Till
    clock: LabClock
    faults: FaultPoints
    events: EventLog
    app: Flask


def make_bench(folder: Path, token: str | None = None, host: str = "127.0.0.1") -> TestBench:
    till, clock = Till(), LabClock.private()
    part_clock = clock.part("till")
    faults = FaultPoints({"till.open": "when the drawer opens"}, part_clock, "till")
    events = EventLog(None, clock, "till")
    app = Flask("till")
    app.register_blueprint(control_blueprint(till, clock, part_clock, faults, events, folder, token, host))
    return TestBench(till, clock, faults, events, app)
