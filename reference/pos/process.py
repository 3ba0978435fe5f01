"""One point-of-sale process put together: shop, till, worker, API and page, control."""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
from pathlib import Path
from typing import Final

import structlog

from reference.pos.defects import DEFECTS, UnknownDefectError
from reference.pos.errors import OrderError
from reference.pos.fiscal.address import HELP, DriveAddress, open_service
from reference.pos.order_book import OrderBook
from reference.pos.part import NAME, PosPart
from reference.pos.prints.printer import Whereabouts
from reference.pos.prints.spool import Spool
from reference.pos.shop.desks import Desks, desks_of
from reference.pos.shop.premises import Premises
from reference.pos.shop.reporting import Reporter
from reference.pos.shop.worker import Worker
from reference.pos.till import Till
from reference.pos.web.app import MAX_BODY, create_app
from reference.pos.web.counter import Counter
from reference.runtime.clock import LabClock, PartClock, open_clock
from reference.runtime.control import control_blueprint
from reference.runtime.database import open_engine
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_actions, journal_points
from reference.runtime.logs import configure_logging
from reference.runtime.process import PartSettings, add_part_arguments, announce, until_signalled
from reference.runtime.serving import HttpServer

PORT: Final = 7792
DRIVE: Final = "http://127.0.0.1:3449"
THREADS: Final = 8
SHOP_FILE: Final = "shop.sqlite"
BOOK_FILE: Final = "orders.journal"
FIRST_STOCK: Final = Path(__file__).with_name("first-stock.json")
"""Goods, places and people that an empty shop begins with; all of it is made up."""


class PosProcess:
    """Everything that `python -m reference.pos serve` runs; tests run it inside their own process."""

    def __init__(
        self,
        part: PartSettings,
        lab: LabClock,
        clock: PartClock,
        drive: str | DriveAddress = DRIVE,
        factory_id: str = "",
        database: str | Path | None = None,
        backoffice: str = "",
        *,
        printer_anywhere: bool = False,
    ) -> None:
        self._part = part
        self._lab = lab
        self.clock = clock
        self.drive = open_service(drive, factory_id, seller=lambda: self.desks.settings.read().company(""))
        self.faults = FaultPoints(journal_points(), clock, NAME, journal_actions())
        self._book = OrderBook(part.folder / BOOK_FILE, self.faults)
        premises = Premises(open_engine(database or part.folder / SHOP_FILE), clock)
        premises.open()
        till = Till(self.drive, self._book, clock)
        self.desks: Desks = desks_of(premises, till, printer_anywhere=printer_anywhere)
        self._fill()
        device = f"{platform.node() or 'POS'} · {part.folder.name}"[:100]
        self.reporter = Reporter(premises, backoffice, device) if backoffice else None
        self.worker = Worker(premises, self.desks.fiscal, self.desks.settings, self.drive, lab, self.reporter)
        self.spool = Spool(premises, Whereabouts(part.folder, printer_anywhere), lab)
        self.worker.after_round = self.spool.kick
        self.events = EventLog(part.folder / "events.journal", clock, NAME)
        self.control = PosPart(self.desks, self.worker, self._fill, self.reporter)
        self.http: HttpServer

    def start(self, port: int) -> dict[str, str]:
        """Listen (0: a free port) and begin to work; the addresses of the ready line. OSError: in use."""
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
        app = create_app(
            Counter(self.desks, self.worker, self.reporter, self.spool),
            control,
            part.host,
            part.control_token,
        )
        self.http = HttpServer(app, part.host, port, THREADS, MAX_BODY)
        self.http.start()
        self.worker.start()
        self.spool.start()
        return {NAME: self.http.url}

    def stop(self) -> None:
        """Let what is in work end, and everything go."""
        if hasattr(self, "http"):
            self.http.stop()
        self.worker.stop()
        self.spool.stop()
        self._book.close()
        self.drive.close()
        if self.reporter is not None:
            self.reporter.close()
        self.desks.premises.close()
        self.events.close()

    def _fill(self) -> None:
        """Give an empty shop its first goods, places and people."""
        desks = self.desks
        if desks.staff.all(inactive=True):
            return
        known = json.loads(FIRST_STOCK.read_text(encoding="utf-8"))
        for desk, rows in (
            (desks.staff, known["people"]),
            (desks.places, known["places"]),
            (desks.catalogue, known["products"]),
        ):
            for row in rows:
                desk.add(row)


def make_parser() -> argparse.ArgumentParser:
    """All options of the process."""
    parser = argparse.ArgumentParser(
        prog="python -m reference.pos serve",
        description="The reference point of sale (TEST): its page, its API and its control API.",
    )
    parser.add_argument(
        "--port", type=int, default=PORT, help="page, API and control, 0: a free one (%(default)s)"
    )
    parser.add_argument("--drive", default=DRIVE, metavar="ADDRESS", help=HELP)
    parser.add_argument("--factory-id", default="", help="module to use (default: the first of the list)")
    parser.add_argument("--backoffice", default="", help="the owner's portal to report to (default: none)")
    parser.add_argument("--database", help="SQLAlchemy URL or file of the shop (shop.sqlite in --dir)")
    parser.add_argument(
        "--printer-anywhere",
        action="store_true",
        help="let the setting `printer` name files outside --dir and printers beyond this machine",
    )
    parser.add_argument(
        *("--defects", "--defect"),
        dest="defects",
        action="append",
        default=[],
        choices=sorted(DEFECTS),
        metavar="NAME",
        help="be wrong so, on purpose; repeatable",
    )
    add_part_arguments(parser, NAME, control_port=None)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run until told to end; gives the exit status."""
    part, options = PartSettings.parse(make_parser(), arguments)
    try:
        drive = DriveAddress.parse(options.drive)
    except OrderError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    lab = open_clock(part.clock)
    clock = lab.part(NAME)
    configure_logging(NAME, part.log_level, clock, [part.control_token, drive.token])
    process = PosProcess(
        part,
        lab,
        clock,
        drive,
        options.factory_id,
        options.database,
        options.backoffice,
        printer_anywhere=options.printer_anywhere,
    )
    try:
        process.control.be_wrong(options.defects)
        addresses = process.start(options.port)
    except UnknownDefectError as error:
        sys.stderr.write(f"error: --defects: {error}\n")
        return 2
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
