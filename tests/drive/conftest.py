from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reference.drive.core import Core
from reference.drive.defects import Build, build_with
from reference.drive.drive import Drive
from reference.drive.rest import Answer, Asked
from reference.drive.settings import DriveSettings
from reference.drive.stage import FAULT_ACTIONS, FAULT_POINTS
from reference.protocol.uz.values import to_tashkent
from reference.runtime.clock import LabClock, PartClock
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from tests.drive.doubles import Books, Card, make_module, operator_for, sale

START = datetime(2026, 7, 1, 4, 0, 0, tzinfo=UTC)
"""09:00 in Tashkent."""
MORNING = datetime(2026, 7, 1, 9, 0, 0)


@dataclass
class Bench:
    """A drive with everything around it in memory, except its database."""

    drive: Drive
    cards: list[Card]
    books: Books
    lab: LabClock
    clock: PartClock
    faults: FaultPoints
    events: EventLog
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def core(self) -> Core:
        return self.drive.core

    @property
    def card(self) -> Card:
        return self.cards[0]

    @property
    def factory_id(self) -> str:
        assert self.card.module is not None
        return self.card.module.state.identity.factory_id

    @property
    def held(self) -> list[int]:
        """Receipt numbers the module still holds."""
        assert self.card.module is not None
        return [receipt.number for receipt in self.card.module.state.held()]

    @property
    def number(self) -> int:
        assert self.card.module is not None
        return self.card.module.state.sequence

    def now(self) -> datetime:
        return to_tashkent(self.clock.now())

    def tick(self, seconds: float = 1) -> datetime:
        self.lab.advance(seconds)
        return self.now()

    def open_shift(self) -> None:
        self.core.open_shift(self.factory_id, self.tick())

    def register(self, **changes: Any) -> int:
        """Sell once, one lab second later; the receipt's number."""
        txid = self.core.get_txid(self.factory_id, sale(self.tick(), **changes))
        return self.core.register(self.factory_id, txid).receipt_seq

    def ask(self, path: str, method: str = "POST", **parts: Any) -> Answer:
        return self.drive.answer(Asked(method, path.replace("{F}", self.factory_id), **parts))


BenchMaker = Callable[..., Bench]


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[BenchMaker]:
    made: list[Bench] = []

    def make(
        modules: int = 1,
        folder: str = "drive",
        cards: list[Card] | None = None,
        books: Books | None = None,
        lab: LabClock | None = None,
        rate: float = 0.0,
        **values: Any,
    ) -> Bench:
        lab = lab or LabClock.private(START, rate=rate)
        clock = lab.part("drive")
        books = books or Books()
        if cards is None:
            created = MORNING - timedelta(hours=1)
            cards = [
                Card(
                    make_module(created, f"ZZ{index:012}", f"00{index + 1:034}"), f"127.0.0.1:{4387 + index}"
                )
                for index in range(modules)
            ]
        plain = {"auto_send": False, "presence_interval": 0.0}
        addresses = tuple(f"tcp://{card.name}" for card in cards)
        settings = DriveSettings.of(plain | {"modules": addresses} | values)
        by_address = {f"tcp://{card.name}": card for card in cards}

        def build(names: Sequence[str]) -> Build:
            found = build_with(names)
            booked: Any = type("Booked", (operator_for(books), found.kit.operator), {})
            return replace(found, kit=replace(found.kit, operator=booked))

        faults = FaultPoints(FAULT_POINTS, clock, "drive", FAULT_ACTIONS)
        events = EventLog(None, clock, "drive")
        drive = Drive(
            settings,
            tmp_path / folder,
            clock,
            faults,
            events.record,
            seed=1,
            link_maker=by_address.__getitem__,
            builder=build,
        )
        drive.start()
        drive.core.fleet.look()
        made.append(Bench(drive, cards, books, lab, clock, faults, events))
        return made[-1]

    yield make
    for bench in made:
        bench.drive.stop()
        bench.lab.close()


@pytest.fixture
def bench(make_bench: BenchMaker) -> Bench:
    return make_bench()


@pytest.fixture
def shop(bench: Bench) -> Bench:
    """A bench with an open shift."""
    bench.open_shift()
    return bench
