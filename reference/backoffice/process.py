"""One owner-portal process put together: desks, API, pages, control, the thread that renews plans."""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from reference.backoffice.defects import DEFECTS, put_in
from reference.backoffice.desks import Desks, desks_of
from reference.backoffice.office import BackofficeSettings, Office
from reference.backoffice.pages.site import SECRET_FILE, SiteSettings
from reference.backoffice.part import NAME, BackofficePart
from reference.backoffice.secrets import Seal
from reference.backoffice.web.app import LOGINS, create_app
from reference.runtime.clock import LabClock, PartClock, open_clock
from reference.runtime.control import control_blueprint
from reference.runtime.database import open_engine
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.logs import configure_logging
from reference.runtime.pages import kept_secret
from reference.runtime.process import PartSettings, add_part_arguments, announce, until_signalled
from reference.runtime.serving import HttpServer

PORT: Final = 7793
DATABASE_FILE: Final = "backoffice.sqlite"
SEAL_FILE: Final = "seal.key"
POINTS: Final = {"backoffice.request": "before a request is handled"}
ACTIONS: Final = {"backoffice.request": frozenset({"delay"})}
THREADS: Final = 16
_USUAL: Final = BackofficeSettings.model_validate({})
_AGAIN_SECONDS: Final = 60.0
"""Lab seconds after which the keeper tries again what the database did not let it do."""


class BackofficeProcess:
    """Everything that `python -m reference.backoffice` runs; tests run it inside their own process."""

    def __init__(
        self,
        part: PartSettings,
        lab: LabClock,
        clock: PartClock,
        database: str | Path | None = None,
        logins: str = LOGINS,
        settings: BackofficeSettings = _USUAL,
    ) -> None:
        self._part = part
        self._lab = lab
        self._logins = logins
        self.clock = clock
        engine = open_engine(database or part.folder / DATABASE_FILE, large=True)
        office = Office(engine, clock, settings)
        office.open()
        self.desks: Desks = desks_of(office, Seal(part.folder / SEAL_FILE))
        put_in(self.desks, settings.defects)
        self.control = BackofficePart(self.desks)
        self.events = EventLog(part.folder / "events.journal", clock, NAME)
        self.faults = FaultPoints(POINTS, clock, NAME, ACTIONS)
        self._ending = threading.Event()
        self._kick = lab.event()
        self._keeper = threading.Thread(target=self._keep, name="backoffice-keeper", daemon=True)
        self.http: HttpServer

    def start(self, port: int) -> dict[str, str]:
        """Listen (0: a free port) and begin to keep up; the addresses of the ready line. OSError: in use."""
        part = self._part
        control = control_blueprint(
            self.control,
            self._lab,
            self.clock,
            self.faults,
            self.events,
            part.folder,
            part.control_token,
            part.host,
        )
        site = SiteSettings(kept_secret(part.folder / SECRET_FILE))
        app = create_app(self.desks, control, changed=self._kick.set, logins=self._logins, site=site)
        self.http = HttpServer(app, part.host, port, THREADS)
        self.http.start()
        self._keeper.start()
        return {NAME: self.http.url}

    def stop(self) -> None:
        """Let requests in work end, and everything go."""
        self._ending.set()
        self._kick.set()
        if self._keeper.is_alive():
            self._keeper.join()
        if hasattr(self, "http"):
            self.http.stop()
        self.desks.office.engine.dispose()
        self.events.close()

    def _keep(self) -> None:
        """Renew subscriptions when they are due."""
        log = structlog.get_logger(NAME)
        while not self._ending.is_set():
            generation = self._lab.generation
            self._kick.clear()
            pause = _AGAIN_SECONDS
            try:
                self.desks.subscriptions.keep_up()
                due = self.desks.subscriptions.next_due()
                if due is not None:
                    pause = min(pause, max(0.001, (due - self.clock.now()).total_seconds()))
            except SQLAlchemyError as error:
                log.warning("the owner portal could not keep up", exc_info=error)
            until = self.clock.deadline(pause)
            # A jump since the loop began would make the span too long.
            if self._lab.generation == generation:
                self.clock.wait(self._kick, until)


def make_parser() -> argparse.ArgumentParser:
    """All options of the process."""
    parser = argparse.ArgumentParser(prog="python -m reference.backoffice", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=PORT, help="pages, API and control, 0: a free one (%(default)s)"
    )
    parser.add_argument("--database", help="SQLAlchemy URL or file (backoffice.sqlite in --dir)")
    parser.add_argument(
        "--logins", default=LOGINS, help="how often one address may try to log in (%(default)s)"
    )
    parser.add_argument(
        "--defect", action="append", default=[], choices=sorted(DEFECTS), metavar="NAME", help="be wrong so"
    )
    add_part_arguments(parser, NAME, control_port=None)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run until told to end; gives the exit status."""
    part, options = PartSettings.parse(make_parser(), arguments)
    lab = open_clock(part.clock)
    clock = lab.part(NAME)
    configure_logging(NAME, part.log_level, clock, [part.control_token])
    settings = BackofficeSettings.model_validate({"defects": options.defect})
    process = BackofficeProcess(part, lab, clock, options.database, options.logins, settings)
    try:
        addresses = process.start(options.port)
    except OSError as error:
        sys.stderr.write(f"cannot listen: {error}\n")
        return 1
    try:
        announce(NAME, addresses, seed=part.seed)
        reason = asyncio.run(until_signalled())
        structlog.get_logger(NAME).info("ending", reason=reason)
    finally:
        process.stop()
    return 0
