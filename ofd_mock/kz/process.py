"""One Kazakh operator process put together: ledger, rules, register port, site and control."""

from __future__ import annotations

import gc
from typing import Final

from flask import Flask

from ofd_mock.kz.consumer import make_site
from ofd_mock.kz.disturbance import ACTIONS, POINTS
from ofd_mock.kz.ledger import Desk, KzLedger
from ofd_mock.kz.operator import KzOperator
from ofd_mock.kz.order_book import OrderBook
from ofd_mock.kz.part import NAME, KzPart, RulesOf
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.surroundings import Chance
from ofd_mock.kz.wire import KzServer
from reference.runtime.clock import LabClock, PartClock
from reference.runtime.control import control_blueprint
from reference.runtime.database import open_engine
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.heap import keep_memory
from reference.runtime.process import PartSettings
from reference.runtime.serving import HttpServer

LEDGER_FILE: Final = "ledger.sqlite"
HTTP_THREADS: Final = 8
_COLLECT_AFTER: Final = 50_000


def hold_batches() -> None:
    """Make memory ready for batches, each of which keeps thousands of objects until it ends.

    Python looks for cyclic garbage more rarely, and what is free stays with the process. For one that is an
    operator and nothing else; what is there now is never looked at again.
    """
    keep_memory()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


class KzProcess:
    """Everything that `python -m ofd_mock --country kz` runs; tests run it inside their own process.

    `database` is a SQLAlchemy URL; None means a file in the part's folder, or KASSALAB_DATABASE_URL.
    """

    def __init__(
        self,
        part: PartSettings,
        settings: KzSettings,
        rules_of: RulesOf,
        lab: LabClock,
        clock: PartClock,
        database: str | None = None,
    ) -> None:
        self.part = part
        self.clock = clock
        self._lab = lab
        self.events = EventLog(part.folder / "events.journal", clock, NAME)
        self.faults = FaultPoints(POINTS, clock, NAME, ACTIONS)
        self.ledger = KzLedger(open_engine(database or part.folder / LEDGER_FILE, large=True))
        chance = Chance(part.seed, self.ledger.counts()["documents"])
        desk = Desk(OrderBook(), chance)
        self.operator = KzOperator(rules_of(settings), self.ledger, desk, clock, self.faults, self.events)
        self.control = KzPart(self.operator, rules_of)
        self.server: KzServer
        self.site: Flask
        self.http: HttpServer

    async def start(self, port: int, http_port: int) -> dict[str, str]:
        """Listen on both ports (0: free ones); gives the addresses for the ready line. OSError: in use."""
        control = control_blueprint(
            self.control,
            self._lab,
            self.clock,
            self.faults,
            self.events,
            self.part.folder,
            self.part.control_token,
            self.part.host,
        )
        self.site = make_site(self.ledger, lambda: self.operator.settings, control)
        self.http = HttpServer(self.site, self.part.host, http_port, HTTP_THREADS)
        self.http.start()
        self.operator.desk.check_base = f"{self.http.url}/"
        self.server = KzServer(self.operator, self.part.host, port)
        await self.server.start()
        host = f"[{self.part.host}]" if ":" in self.part.host else self.part.host
        return {NAME: f"{host}:{self.server.port}", "http": self.http.url}

    async def stop(self) -> None:
        """Answer what is in work, store what is to be stored, and let everything go."""
        if hasattr(self, "server"):
            await self.server.stop()
        if hasattr(self, "http"):
            self.http.stop()
        self.operator.close()
        self.ledger.close()
        self.events.close()
