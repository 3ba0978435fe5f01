"""One portal process put together: desks over the ledger's database, API, control, the keeper's thread."""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from ofd_mock.kz.ledger import KzLedger
from ofd_mock.pki.authority import Authority
from ofd_mock.pki.certificates import AUTHORITY_BITS
from ofd_mock.portal import wire_users
from ofd_mock.portal.defects import DEFECTS, put_in
from ofd_mock.portal.office import Office
from ofd_mock.portal.pages.site import LOGINS, SECRET_FILE, SIGNING, SiteSettings
from ofd_mock.portal.part import NAME, PortalPart
from ofd_mock.portal.pki_desk import PkiDesk
from ofd_mock.portal.postman import Postman
from ofd_mock.portal.settings import PortalSettings
from ofd_mock.portal.web.app import make_portal
from ofd_mock.portal.web.desks import Desks, desks_of
from reference.runtime.chance import generator
from reference.runtime.clock import LabClock, PartClock, open_clock
from reference.runtime.control import control_blueprint
from reference.runtime.database import open_engine
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.logs import configure_logging
from reference.runtime.pages import kept_secret
from reference.runtime.process import PartSettings, add_part_arguments, announce, until_signalled
from reference.runtime.serving import HostRefusedError, HttpServer, require_loopback

PORT: Final = 7790
LEDGER_FILE: Final = "ledger.sqlite"
AUTHORITY_FOLDER: Final = Path(".kassalab") / "pki"
KEY_BITS: Final = (2048, 3072, AUTHORITY_BITS)
POINTS: Final = {"portal.request": "before a request is handled"}
ACTIONS: Final = {"portal.request": frozenset({"delay"})}
_AGAIN_SECONDS: Final = 30.0
"""Lab seconds after which the keeper tries again what the database did not let it do."""
THREADS: Final = 16
_CACHE_KILOBYTES: Final = 8_192
"""Of the ledger's file, in memory, for each connection."""


class PortalProcess:
    """Everything that `python -m ofd_mock.portal` runs; tests run it inside their own process.

    `database` is a SQLAlchemy URL or a file: the ledger that port 7777 feeds.
    """

    def __init__(
        self,
        part: PartSettings,
        settings: PortalSettings,
        lab: LabClock,
        clock: PartClock,
        authority: Path,
        database: str | Path | None = None,
        authority_bits: int = AUTHORITY_BITS,
        signing: str = SIGNING,
        logins: str = LOGINS,
        smtp: tuple[str, int] | None = None,
    ) -> None:
        self._site = SiteSettings(kept_secret(part.folder / SECRET_FILE), signing, logins)
        self._part = part
        self._lab = lab
        self.clock = clock
        self.authority = Authority.ensure(authority, bits=authority_bits)
        engine = open_engine(database or part.folder / LEDGER_FILE, large=True)
        if engine.dialect.name == "sqlite":
            # Each thread has a connection: the operator's large cache would stand in memory many times.
            event.listen(engine, "connect", _small_cache)
        KzLedger(engine)  # its tables, where the operator has not made them yet
        desk = PkiDesk(self.authority.trust, clock.now, self.authority.fetch)
        chance = generator(part.seed, NAME)
        self.office = Office(engine, clock, chance, desk, settings, part.folder)
        self.office.open()
        with self.office.changing() as session:
            wire_users.tell_everything(session)  # of users who are older than this telling
        self.desks: Desks = desks_of(self.office)
        put_in(self.desks, settings.defects)
        self.control = PortalPart(self.desks, self.authority)
        self._postman = None if smtp is None else Postman(self.office, *smtp)
        self.events = EventLog(part.folder / "events.journal", clock, NAME)
        self.faults = FaultPoints(POINTS, clock, NAME, ACTIONS)
        self._ending = threading.Event()
        self._kick = lab.event()
        self._keeper = threading.Thread(target=self._keep, name="portal-keeper", daemon=True)
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
        self.http = HttpServer(
            make_portal(self.desks, control, changed=self._changed, site=self._site),
            part.host,
            port,
            THREADS,
        )
        self.http.start()
        self._keeper.start()
        if self._postman is not None:
            self._postman.start()
        return {NAME: self.http.url}

    def stop(self) -> None:
        """Let requests in work end, and everything go."""
        self._ending.set()
        self._kick.set()
        if self._keeper.is_alive():
            self._keeper.join()
        if self._postman is not None:
            self._postman.stop()
        self.desks.archives.close()
        if hasattr(self, "http"):
            self.http.stop()
        self.office.engine.dispose()
        self.events.close()

    def _changed(self) -> None:
        self._kick.set()
        if self._postman is not None:
            self._postman.kick()

    def _keep(self) -> None:
        """Run the keeper when something is due or was changed here, and soon after the wire did."""
        log = structlog.get_logger(NAME)
        while not self._ending.is_set():
            generation = self._lab.generation
            self._kick.clear()
            pause = _AGAIN_SECONDS
            try:
                self.desks.keeper.run()
                due = self.desks.keeper.next_due()
                if due is not None:
                    pause = min(pause, max(0.001, (due - self.clock.now()).total_seconds()))
            except SQLAlchemyError as error:
                log.warning("the portal could not keep up", exc_info=error)
            until = self.clock.deadline(pause)
            # A jump since the loop began would make the span too long.
            if self._lab.generation == generation:
                self.clock.wait(self._kick, until)


def _small_cache(connection: Any, _record: Any) -> None:
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KILOBYTES}")


def make_parser() -> argparse.ArgumentParser:
    """All options; every setting is one."""
    parser = argparse.ArgumentParser(prog="python -m ofd_mock.portal", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="of the portal, 0 is a free one (%(default)s)")
    parser.add_argument(
        "--database", help="SQLAlchemy URL or file of the operator's ledger (ledger.sqlite in --dir)"
    )
    parser.add_argument(
        "--authority", type=Path, default=AUTHORITY_FOLDER, help="folder of the test authority (%(default)s)"
    )
    parser.add_argument(
        "--authority-bits",
        type=int,
        choices=KEY_BITS,
        default=AUTHORITY_BITS,
        help="length of its keys where it is made anew (%(default)s)",
    )
    parser.add_argument(
        "--signing", default=SIGNING, help="the signing service as browsers reach it (%(default)s)"
    )
    parser.add_argument(
        "--logins", default=LOGINS, help="how often one address may try to log in (%(default)s)"
    )
    parser.add_argument(
        "--smtp", type=_address, metavar="HOST:PORT", help="hand mails to this mail catcher, too"
    )
    parser.add_argument(
        "--defect", action="append", default=[], choices=sorted(DEFECTS), metavar="NAME", help="be wrong so"
    )
    add_part_arguments(parser, part=NAME, control_port=None)
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT")
    return host.strip("[]"), int(port)


def main(arguments: list[str] | None = None) -> int:
    """Run until told to end; gives the exit status."""
    parser = make_parser()
    part, options = PartSettings.parse(parser, arguments)
    if options.smtp is not None:
        try:
            # Whatever somebody typed as his address must not get real mail from a stand.
            require_loopback(options.smtp[0], part.allow_any_host)
        except HostRefusedError as error:
            parser.error(f"--smtp: {error}")
    lab = open_clock(part.clock)
    clock = lab.part(NAME)
    configure_logging(NAME, part.log_level, clock, [part.control_token])
    process = PortalProcess(
        part,
        PortalSettings.model_validate({"defects": options.defect}),
        lab,
        clock,
        options.authority,
        options.database,
        options.authority_bits,
        options.signing,
        options.logins,
        options.smtp,
    )
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
