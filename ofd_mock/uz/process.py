"""One operator process put together: ledger, rules, message port, site and control, started and stopped in
order.
"""

from __future__ import annotations

from typing import Final

from flask import Flask

from ofd_mock.uz.checking import RulesOf, checking_for
from ofd_mock.uz.disturbance import ACTIONS, POINTS
from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.operator import Operator
from ofd_mock.uz.orders import Orders
from ofd_mock.uz.part import OperatorPart, give_first_orders
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.web.origin import PageGuard
from ofd_mock.uz.web.site import make_site
from ofd_mock.uz.wire import MessageServer
from ofd_mock.uz.writer import LedgerWriter
from reference.protocol.uz.values import format_compact_time, to_tashkent
from reference.runtime.clock import LabClock, PartClock
from reference.runtime.control import control_blueprint
from reference.runtime.database import open_engine
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.process import PartSettings
from reference.runtime.serving import HttpServer

NAME: Final = "operator"
LEDGER_FILE: Final = "ledger.sqlite"
HTTP_THREADS: Final = 8


class OperatorProcess:
    """Everything that `python -m ofd_mock` runs; tests run it inside their own process.

    `database` is a SQLAlchemy URL; None means a file in the part's folder, or KASSALAB_DATABASE_URL.
    `verifiers` is the number of worker processes that verify files, 0 for a thread.
    """

    def __init__(
        self,
        part: PartSettings,
        settings: OperatorSettings,
        rules_of: RulesOf,
        lab: LabClock,
        clock: PartClock,
        database: str | None = None,
        verifiers: int = 0,
    ) -> None:
        self.part = part
        self.clock = clock
        self._lab = lab
        self.events = EventLog(part.folder / "events.journal", clock, NAME)
        self.faults = FaultPoints(POINTS, clock, NAME, ACTIONS)
        self.ledger = Ledger(open_engine(database or part.folder / LEDGER_FILE))
        rules = rules_of(settings)
        if not rules.unique:
            self.ledger.wipe(unique=False)
        self.writer = LedgerWriter(self.ledger, rules, self._now, settings.max_traces)
        self.orders = Orders(self.writer)
        self._checking = checking_for(rules_of, verifiers)
        self.operator = Operator(
            settings, rules, self.writer, self._checking, clock, self.faults, self.events, part.seed
        )
        self.control = OperatorPart(self.operator, self.orders, rules_of)
        self.server: MessageServer
        self.site: Flask
        self.http: HttpServer

    async def start(self, port: int, http_port: int) -> dict[str, str]:
        """Listen on both ports (0: free ones); gives the addresses for the ready line. OSError: a port in
        use.
        """
        if not self.ledger.registry.directives:
            give_first_orders(self.orders, self.operator.settings)
        await self._checking.start()
        self.server = MessageServer(self.operator, self.part.host, port)
        await self.server.start()
        self.site = self._site()
        self.http = HttpServer(self.site, self.part.host, http_port, HTTP_THREADS)
        self.http.start()
        return {"operator": f"{_bracketed(self.part.host)}:{self.server.port}", "http": self.http.url}

    async def stop(self) -> None:
        """Answer what is in work, store what is to be stored, and let everything go."""
        if hasattr(self, "server"):
            await self.server.stop()
        if hasattr(self, "http"):
            self.http.stop()
        self._checking.close()
        self.writer.stop()
        self.ledger.engine.dispose()
        self.events.close()

    def _site(self) -> Flask:
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
        return make_site(
            self.ledger,
            self.orders,
            lambda: self.operator.settings,
            lambda: self.clock.now_ns() / 1e9,
            PageGuard(self.part.host, self.part.control_token),
            control,
            lambda row, claim: self.operator.rules.matches(row, claim),
        )

    def _now(self) -> str:
        return format_compact_time(to_tashkent(self.clock.now()))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
