"""A drive that lives in a folder: opened, served from, reset, copied and brought back as a whole.

The core inside is replaced, never changed: `reset` and `restore` wait until no request is inside, end the old
core, and put a new one in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from reference.drive.core import Core
from reference.drive.defects import Build, Face, build_with
from reference.drive.faulty_link import FaultyLink
from reference.drive.fleet import Fleet
from reference.drive.gen1_store import Gen1Queries, NamedReceipts, UnnumberedStore
from reference.drive.rest import Answer, Asked
from reference.drive.schema import metadata
from reference.drive.settings import DriveSettings, SettingsError
from reference.drive.shelves import KnownModules, SyncLog, ZReportStore
from reference.drive.slots import Slot, SlotState
from reference.drive.stage import Stage
from reference.drive.table_copy import read_tables, write_tables
from reference.drive.transactions import Database
from reference.drive.turns import Gate
from reference.links.address import parse_endpoint
from reference.links.link import Link
from reference.links.urls import make_link
from reference.runtime.chance import generator
from reference.runtime.clock import PartClock
from reference.runtime.database import migrate, open_engine
from reference.runtime.faults import FaultPoints

DATABASE: Final = "drive.sqlite3"
TABLES: Final = "tables.jsonl"
MIGRATIONS: Final = "reference.drive.migrations"

LinkMaker = Callable[[str], Link]
Builder = Callable[[Sequence[str]], Build]
Recorder = Callable[..., Any]


class Drive:
    """One FiscalDriveService. `link_maker` and `builder` put other links and classes in place."""

    def __init__(
        self,
        settings: DriveSettings,
        folder: Path,
        clock: PartClock,
        faults: FaultPoints,
        record: Recorder,
        *,
        seed: int = 0,
        link_maker: LinkMaker | None = None,
        builder: Builder = build_with,
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.faults = faults
        self.record = record
        self._base = settings
        self._seed = seed
        self._link_maker = link_maker
        self._gate = Gate()
        self._core: Core | None = None
        self._database: Database | None = None
        self._builder = builder
        self._take_faces(builder(settings.defects))

    # --- life ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the store and begin to work."""
        self._put_in(self._base)

    def stop(self) -> None:
        """End after the requests in work."""
        with self._gate.alone():
            self._take_out()

    @property
    def core(self) -> Core:
        """The core at work now. A request uses `passing` instead, so that it is not replaced meanwhile."""
        assert self._core is not None
        return self._core

    @property
    def settings(self) -> DriveSettings:
        """The settings at work now."""
        return self.core.stage.settings

    @contextmanager
    def passing(self) -> Iterator[Core]:
        """The core for the time of one request."""
        with self._gate.passing():
            yield self.core

    def answer(self, asked: Asked) -> Answer:
        """The REST answer to one request."""
        return self._dialect.answer(asked)

    def face(self, name: str) -> Face:
        """A dialect with a port of its own: `rpc`, `qpos` or `communicator`."""
        return self._faces[name]

    # --- as a whole ----------------------------------------------------------------------------------

    def reset(self, values: dict[str, Any]) -> None:
        """Forget everything and start anew with the settings of the start and `values` over them.

        Raises SettingsError; leave for other hosts stays with the person who started the process (ID-05).
        """
        if "allow_any_host" in values:
            raise SettingsError("setting allow_any_host: is given when the drive is started")
        settings = DriveSettings.of(values, self._base)
        self._builder(settings.defects)
        with self._gate.alone():
            database = self._database
            self._stop_core()
            if database is not None:
                _wipe(database)
            self._put_in(settings)

    def snapshot(self, folder: Path) -> None:
        """Write every table into `folder`; requests go on meanwhile and are in it or not."""
        assert self._database is not None
        with self._database.reading() as connection:
            write_tables(connection, metadata, folder / TABLES)

    def restore(self, folder: Path) -> None:
        """Become what `snapshot` wrote, with the settings at work now."""
        settings = self.settings
        with self._gate.alone():
            self._stop_core()
            assert self._database is not None
            with self._database.writing() as connection:
                read_tables(connection, metadata, folder / TABLES)
            self._put_in(settings)

    # --- building ------------------------------------------------------------------------------------

    def _put_in(self, settings: DriveSettings) -> None:
        database = self._database = self._database or self._open_database()
        build = self._builder(settings.defects)
        known = KnownModules(database)
        stage = Stage(
            settings=settings,
            fleet=Fleet(self._slots(settings, known.all(), build.kit.slot)),
            receipts=build.kit.store(database),
            zreports=ZReportStore(database),
            log=SyncLog(database),
            known=known,
            unnumbered=UnnumberedStore(database),
            named=NamedReceipts(database),
            gen1=Gen1Queries(database),
            clock=self.clock,
            faults=self.faults,
            record=self.record,
        )
        operator = build.kit.operator(
            [parse_endpoint(text) for text in settings.server_addresses],
            generator(self._seed, "drive operator address"),
            self.clock,
            self.faults,
            timeout=settings.operator_timeout,
            allow_any_host=settings.allow_any_host,
        )
        self._core = Core(stage, operator, build.kit)
        self._take_faces(build)
        self._core.start()

    def _take_faces(self, build: Build) -> None:
        self._dialect = build.dialect(self.passing)
        self._faces = build.faces(self.passing)

    def _slots(self, settings: DriveSettings, known: dict[str, str], slot: type[Slot]) -> list[Slot]:
        slots = []
        for address in settings.modules:
            link = FaultyLink(self._link(address, settings), self.faults, self.clock)
            slots.append(slot(link, known.get(link.name), settings.pin_modules, self._seen))
        return slots

    def _link(self, address: str, settings: DriveSettings) -> Link:
        if self._link_maker is not None:
            return self._link_maker(address)
        return make_link(address, self.clock, allow_any_host=settings.allow_any_host)

    def _seen(self, what: str, state: SlotState) -> None:
        """A module came or went: note it, remember a first one, let a new one send at once."""
        factory_id = None if state.seen is None else state.seen.factory_id
        self.record(f"module.{what}", link=state.link, factory_id=factory_id, known=state.known)
        core = self._core
        if core is None or factory_id is None:
            return
        if core.stage.known.all().get(state.link) is None:
            core.stage.known.confirm(state.link, factory_id, core.stage.now())
        slot = core.fleet.slot(state.link)
        if slot is not None and slot.admits():
            core.sender.retry_now(factory_id)

    def _open_database(self) -> Database:
        engine = open_engine(self.folder / DATABASE)
        migrate(engine, MIGRATIONS)
        return Database(engine)

    def _take_out(self) -> None:
        self._stop_core()
        self._close_database()

    def _stop_core(self) -> None:
        core, self._core = self._core, None
        if core is not None:
            core.stop()

    def _close_database(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()


def _wipe(database: Database) -> None:
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))
        if connection.dialect.name == "sqlite":
            # A drive that starts afresh counts its TXIDs from 1 again.
            connection.exec_driver_sql("DELETE FROM sqlite_sequence")
