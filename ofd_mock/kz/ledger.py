"""The Kazakh ledger in a database: one transaction a batch of requests, the device's row being the lock.

Whoever gets an Outcome from `settle` may answer: the transaction is committed then, and on disk, unless the
caller said that it brings the log there itself. All writing of a process goes through one thread at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Dialect, Engine

from ofd_mock.kz import tables
from ofd_mock.kz.checkpoint import Checkpoints, log_of
from ofd_mock.kz.device_rows import empty_memory, held, later_tickets, read_devices
from ofd_mock.kz.disturbance import command_of
from ofd_mock.kz.draft import Draft
from ofd_mock.kz.express import Express
from ofd_mock.kz.memory import Memory
from ofd_mock.kz.order_book import OrderBook
from ofd_mock.kz.prepared import Prepared
from ofd_mock.kz.registry import from_row, to_row
from ofd_mock.kz.rules import Rules
from ofd_mock.kz.surroundings import Chance, LedgerSurroundings
from ofd_mock.kz.values import Device, Outcome
from reference.protocol.kz.dialects import dialect_for, fallback_dialect
from reference.protocol.kz.envelope import refusal
from reference.protocol.kz.frames import Frame
from reference.protocol.kz.results import ResultCode
from reference.runtime.database import migrate, reading_options

MIGRATIONS: Final = "ofd_mock.kz.migrations"
_TRIES: Final = 5
"""How often a batch may meet a fiscal sign that another process gave out a moment before."""
_log = structlog.get_logger("operator-kz.ledger")


@dataclass(slots=True)
class Desk:
    """What requests are settled with beside the rules: orders of tests, chance, the check page's address."""

    orders: OrderBook
    chance: Chance
    check_base: str = ""


class LedgerError(ValueError):
    """What the ledger does not do for the portal: `field` names what, `rule` the rule in one word."""

    def __init__(self, field: str, rule: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.rule = rule


class KzLedger:
    """All that the operator has taken; `engine` comes from reference.runtime.database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.near = engine.dialect.name == "sqlite"
        """Whether it is a file of this machine, whose writing is waited for no longer than for a disk."""
        self._to_log = False
        self._late: Connection | None = None
        self._own: Connection | None = None
        self._checkpoints = Checkpoints(engine) if self.near else None
        self._memory = empty_memory()
        self._commits = 0
        sa.event.listen(engine, "commit", self._count_commit)
        self._short: tuple[Rules, Express] | None = None
        migrate(engine, MIGRATIONS)
        self.log = log_of(engine) if self.near else None
        """SQLite's log, in which all lies that is committed: durable as soon as that file is on disk. None
        where commits wait for the disk themselves."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads, all of it as of one moment, and never waits for the writer."""
        with self.engine.connect() as connection:
            reader = connection.execution_options(**reading_options(self.engine))
            reader.begin()
            yield reader

    def settle(
        self, batch: Sequence[Frame], rules: Rules, now: datetime, desk: Desk, *, to_log: bool = False
    ) -> list[Outcome]:
        """Decide about every request of the batch and store what it brings, in one transaction.

        `now` is the operator's local time. `to_log`: do not wait for the disk; nobody may be answered before
        the file `log` has been brought there. Raises sqlalchemy.exc.SQLAlchemyError, and then nothing of the
        batch is stored.
        """
        self.catch_up()
        self._wait_for_disk(not (to_log and rules.durable and self.log))
        short = None if desk.orders.orders else self._express(rules)
        if short is not None:
            with suppress(sa.exc.IntegrityError):
                return self._settle_once(batch, rules, now, desk, short, hopeful=True)
        for _ in range(_TRIES):
            with suppress(sa.exc.IntegrityError):
                return self._settle_once(batch, rules, now, desk, short)
            desk.chance.part_ways(batch[0].header)
        return self._settle_once(batch, rules, now, desk, short)

    def _settle_once(
        self,
        batch: Sequence[Frame],
        rules: Rules,
        now: datetime,
        desk: Desk,
        short: Express | None,
        *,
        hopeful: bool = False,
    ) -> list[Outcome]:
        memory = self._memory
        connection, self._own = self._own or self.engine.connect(), None
        try:
            connection.begin()
            stamp = self._stamp(connection)
            current = stamp is not None and stamp == memory.stamp
            memory.stamp = None
            devices = held(connection, batch, memory, current=current)
            draft = Draft(connection, now, memory, hopeful=hopeful)
            outcomes = _settle(connection, devices, batch, rules, now, desk, memory, draft, short)
        except BaseException:
            memory.doubt(frame.header.id for frame in batch)
            self._release(connection)
            raise
        self._late = connection
        if rules.durable:
            self.catch_up()
            if stamp is not None:
                memory.stamp = *stamp[:2], self._commits
            if self._checkpoints is not None:
                self._checkpoints.settled(len(batch), connection.connection.driver_connection)
        return outcomes

    def _wait_for_disk(self, wait: bool) -> None:
        """Have commits wait until they are on disk, or not; only ever those of the connection kept here."""
        if wait != self._to_log:
            return
        connection = self._own = self._own or self.engine.connect()
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"PRAGMA synchronous={'FULL' if wait else 'NORMAL'}")
        self._to_log = not wait

    def _release(self, connection: Connection) -> None:
        """Let go of a connection; one that does not wait for the disk serves nobody else."""
        if self._to_log:
            self._to_log = False
            connection.invalidate()
        connection.close()

    def _stamp(self, connection: Connection) -> tuple[object, int, int] | None:
        """What is another one if anybody has written since, through this connection, this process or another.

        None where a database cannot tell.
        """
        if not self.near:
            return None
        driver = connection.connection.driver_connection
        assert driver is not None
        return driver, driver.execute("PRAGMA data_version").fetchone()[0], self._commits

    def _count_commit(self, _connection: Connection) -> None:
        self._commits += 1

    def _express(self, rules: Rules) -> Express | None:
        """The short way under these rules, if there is one; rules seldom change."""
        short = self._short
        if short is None or short[0] is not rules:
            short = self._short = rules, Express(rules)
        return short[1] if short[1].open else None

    def catch_up(self) -> None:
        """Commit what is settled. Only a faulty operator is ever late with it (see Rules.durable)."""
        if self._late is not None:
            connection, self._late = self._late, None
            try:
                connection.commit()
            except BaseException:
                # Whether its transaction has ended only the database knows.
                connection.invalidate()
                self._release(connection)
                raise
            if self.near:
                self._own = connection
            else:
                connection.close()

    def close(self) -> None:
        """Commit what is settled and let go of the database."""
        self.catch_up()
        if self._checkpoints is not None:
            self._checkpoints.close()
        if self._own is not None:
            self._release(self._own)
            self._own = None
        self.engine.dispose()

    # --- the portal's side ---------------------------------------------------------------------------------

    def device(self, device_id: int) -> Device | None:
        """A register by its ID."""
        with self.reading() as connection:
            return read_devices(connection, [device_id], empty_memory(), lock=False).get(device_id)

    def devices(self, limit: int = 100) -> list[Device]:
        """The first registers by ID."""
        with self.reading() as connection:
            query = sa.select(_DEVICES).order_by(_DEVICES.c.id).limit(limit)
            rows = [dict(row) for row in connection.execute(query).mappings()]
            return [from_row(row, later_tickets(connection, row["id"], row["documents"])) for row in rows]

    def add(self, devices: Sequence[Device]) -> None:
        """Take new registers. LedgerError for an ID that is there."""
        self.catch_up()
        try:
            with self.engine.begin() as connection:
                connection.execute(sa.insert(_DEVICES), [to_row(device) for device in devices])
        except sa.exc.IntegrityError:
            raise LedgerError("id", "free", "a register of this ID is there already") from None

    def change(self, device_id: int, change: Callable[[Device], Device]) -> Device:
        """Change a register as the portal does. LedgerError if there is none of the ID."""
        self.catch_up()
        with self.engine.begin() as connection:
            device = read_devices(connection, [device_id], empty_memory()).get(device_id)
            if device is None:
                raise LedgerError("id", "known", f"there is no register {device_id}")
            changed = change(device)
            connection.execute(_UPDATE_ALL, _keyed(to_row(changed)))
        return changed

    def next_id(self, least: int) -> int:
        """An ID above all that are given out."""
        with self.reading() as connection:
            most = connection.execute(sa.select(sa.func.max(_DEVICES.c.id))).scalar()
        return max(least, (most or 0) + 1)

    def counts(self) -> dict[str, int]:
        """How many rows there are."""
        with self.reading() as connection:
            return {
                table.name.removeprefix("kz_"): connection.execute(
                    sa.select(sa.func.count()).select_from(table)
                ).scalar_one()
                for table in tables.metadata.sorted_tables
            }

    def wipe(self) -> None:
        """Forget everything."""
        self.replace(lambda _connection: None)

    def replace(self, load: Callable[[Connection], None]) -> None:
        """Put other rows into the empty ledger, in one transaction."""
        self.catch_up()
        self._memory.forget()
        with self.engine.begin() as connection:
            for table in tables.metadata.sorted_tables:
                connection.execute(sa.delete(table))
            load(connection)

    def rows(self, table: sa.Table, device: int, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Rows of a device, documents and findings in the order they came."""
        key = table.c.entry if "entry" in table.c else table.c.number
        query = sa.select(table).where(table.c.device == device, key > after).order_by(key).limit(limit)
        with self.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


_DEVICES: Final = tables.devices
_UPDATE: Final = (
    sa.update(_DEVICES)
    .where(_DEVICES.c.id == sa.bindparam("key"))
    .values({c.name: sa.bindparam(c.name) for c in _DEVICES.c if c.name not in ("id", "rnm", "profile")})
)
_UPDATE_ALL: Final = (
    sa.update(_DEVICES)
    .where(_DEVICES.c.id == sa.bindparam("key"))
    .values({c.name: sa.bindparam(c.name) for c in _DEVICES.c if c.name != "id"})
)


@lru_cache(maxsize=4)
def _update(dialect: Dialect) -> Prepared:
    return Prepared(_UPDATE, dialect)


def _settle(
    connection: Connection,
    devices: dict[int, Device],
    batch: Sequence[Frame],
    rules: Rules,
    now: datetime,
    desk: Desk,
    memory: Memory,
    draft: Draft,
    short: Express | None,
) -> list[Outcome]:
    """Settle and write a batch; committing is the caller's."""
    around = LedgerSurroundings(connection, draft, rules, desk.orders, desk.chance, desk.check_base)
    outcomes = []
    changed: dict[int, Device] = {}
    otherwise: set[int] = set()
    for frame in batch:
        device = devices.get(frame.header.id)
        outcome = None
        if short is not None and device is not None:
            outcome = _shortly(short, frame, device, now, draft, around)
        if outcome is None:
            outcome = _settled(rules, frame, device, now, around)
            draft.take(outcome)
            otherwise.add(frame.header.id)
        if outcome.device is not None:
            devices[outcome.device.id] = changed[outcome.device.id] = outcome.device
        outcomes.append(outcome)
    draft.flush()
    _write(connection, changed, otherwise, memory)
    return outcomes


def _write(
    connection: Connection, changed: Mapping[int, Device], otherwise: Set[int], memory: Memory
) -> None:
    """Write the devices that may not stay behind their documents; `otherwise` took not only plain tickets."""
    rows = [
        _keyed(memory.whole(device))
        for key, device in changed.items()
        if key in otherwise or not memory.may_lag(device)
    ]
    if rows:
        _update(connection.dialect).run(connection, rows)


def _keyed(row: dict[str, Any]) -> dict[str, Any]:
    """The row as the updates take it."""
    return row | {"key": row["id"]}


def _shortly(
    short: Express, frame: Frame, device: Device, now: datetime, draft: Draft, around: LedgerSurroundings
) -> Outcome | None:
    """One request by the short way; what nobody foresaw there is logged and left to the long way."""
    try:
        return short.take(frame, device, now, draft, around)
    except sa.exc.SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 - one request must never take the others of its batch down
        _log.error("a request could not go the short way", device=frame.header.id, exc_info=error)
        return None


def _settled(
    rules: Rules, frame: Frame, device: Device | None, now: datetime, around: LedgerSurroundings
) -> Outcome:
    """One request settled; what nobody foresaw is logged and answered 255 (kz-ofd §5.2)."""
    try:
        return rules.settle(frame, device, now, around)
    except sa.exc.SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 - one request must never take the others of its batch down
        _log.error("a request could not be settled", device=frame.header.id, exc_info=error)
        header = frame.header
        dialect = dialect_for(header.version) or fallback_dialect()
        command = command_of(frame.body) or 0
        body = refusal(dialect, command, ResultCode.UNKNOWN_ERROR)
        return Outcome(header, command, ResultCode.UNKNOWN_ERROR, "", header.token, body)
