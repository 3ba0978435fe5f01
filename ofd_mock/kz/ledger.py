"""The Kazakh ledger in a database: one transaction a batch of requests, the device's row being the lock.

Whoever gets an Outcome from `settle` may answer: the transaction is committed then. All writing of a process
goes through one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Dialect, Engine

from ofd_mock.kz import registry, tables
from ofd_mock.kz.disturbance import command_of
from ofd_mock.kz.draft import Draft
from ofd_mock.kz.express import Express
from ofd_mock.kz.order_book import OrderBook
from ofd_mock.kz.prepared import Prepared
from ofd_mock.kz.registry import Memory, Row, from_row, to_row
from ofd_mock.kz.rules import Rules
from ofd_mock.kz.surroundings import Chance, LedgerSurroundings, ticket_of
from ofd_mock.kz.values import Device, Outcome
from reference.protocol.kz.dialects import dialect_for, fallback_dialect
from reference.protocol.kz.envelope import refusal
from reference.protocol.kz.frames import Frame
from reference.protocol.kz.results import ResultCode
from reference.protocol.kz.tickets import Ticket
from reference.runtime.database import READ_ONLY, migrate

MIGRATIONS: Final = "ofd_mock.kz.migrations"
_KEYS_AT_ONCE: Final = 256
_SIZES: Final = (1, 4, 16, 64, _KEYS_AT_ONCE)
_MOST_UNCOUNTED: Final = 32
"""Tickets of a device after which its counters are written; who reads the row counts the fewer behind it."""
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
        self._late: Connection | None = None
        self._memory = _memory()
        self._short: tuple[Rules, Express] | None = None
        migrate(engine, MIGRATIONS)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads and never waits for the writer."""
        with self.engine.connect() as connection:
            yield connection.execution_options(**{READ_ONLY: True})

    def settle(self, batch: Sequence[Frame], rules: Rules, now: datetime, desk: Desk) -> list[Outcome]:
        """Decide about every request of the batch and store what it brings, in one transaction.

        `now` is the operator's local time. Raises sqlalchemy.exc.SQLAlchemyError, and then nothing of the
        batch is stored.
        """
        self.catch_up()
        for _ in range(_TRIES):
            with suppress(sa.exc.IntegrityError):
                return self._settle_once(batch, rules, now, desk)
            desk.chance.part_ways(batch[0].header)
        return self._settle_once(batch, rules, now, desk)

    def _settle_once(self, batch: Sequence[Frame], rules: Rules, now: datetime, desk: Desk) -> list[Outcome]:
        connection = self.engine.connect()
        try:
            connection.begin()
            short = None if desk.orders.orders else self._express(rules)
            outcomes = _settle(connection, batch, rules, now, desk, self._memory, short)
        except BaseException:
            connection.close()
            raise
        self._late = connection
        if rules.durable:
            self.catch_up()
        return outcomes

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
            with connection:
                connection.commit()

    # --- the portal's side ---------------------------------------------------------------------------------

    def device(self, device_id: int) -> Device | None:
        """A register by its ID."""
        with self.reading() as connection:
            return _devices(connection, [device_id], _memory(), lock=False).get(device_id)

    def devices(self, limit: int = 100) -> list[Device]:
        """The first registers by ID."""
        with self.reading() as connection:
            query = sa.select(_DEVICES).order_by(_DEVICES.c.id).limit(limit)
            rows = connection.execute(query).mappings().all()
            return [from_row(row, _uncounted(connection, row)) for row in map(dict, rows)]

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
            device = _devices(connection, [device_id], _memory()).get(device_id)
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
_ADVANCE: Final = (
    sa.update(_DEVICES)
    .where(_DEVICES.c.id == sa.bindparam("key"))
    .values(
        {
            c.name: sa.bindparam(c.name)
            for c in _DEVICES.c
            if c.name not in ("id", "rnm", "profile", "counters", "last_z")
        }
    )
)
_UPDATE_ALL: Final = (
    sa.update(_DEVICES)
    .where(_DEVICES.c.id == sa.bindparam("key"))
    .values({c.name: sa.bindparam(c.name) for c in _DEVICES.c if c.name != "id"})
)


def _memory() -> Memory:
    return Memory([column.name for column in _DEVICES.columns])


def _devices(
    connection: Connection, ids: Sequence[int], memory: Memory, *, lock: bool = True
) -> dict[int, Device]:
    found: dict[int, Device] = {}
    for start in range(0, len(ids), _KEYS_AT_ONCE):
        some = list(ids[start : start + _KEYS_AT_ONCE])
        # Few sizes, so that few statements are compiled; the last key fills the rest.
        size = next(size for size in _SIZES if size >= len(some))
        keys = {f"key{place}": key for place, key in enumerate(some + some[-1:] * (size - len(some)))}
        for row in _select(connection.dialect, size, lock).all(connection, keys):
            found[row[0]] = memory.device(tuple(row), lambda row: _uncounted(connection, row))
    return found


def _uncounted(connection: Connection, row: Row) -> list[Ticket]:
    """The tickets of a device's row that its counters do not hold."""
    last, count = row["documents"], row["uncounted"]
    if not count:
        return []
    table = tables.documents
    query = (
        sa.select(table.c.version, table.c.request)
        .where(table.c.device == row["id"], table.c.number > last - count, table.c.number <= last)
        .order_by(table.c.number)
    )
    tickets = [ticket_of(one.version, one.request) for one in connection.execute(query)]
    return [ticket for ticket in tickets if ticket is not None]


@lru_cache(maxsize=64)
def _select(dialect: Dialect, size: int, lock: bool) -> Prepared:
    keys: list[sa.BindParameter[int]] = [sa.bindparam(f"key{place}") for place in range(size)]
    query = sa.select(_DEVICES).where(_DEVICES.c.id.in_(keys)).order_by(_DEVICES.c.id)
    return Prepared(query.with_for_update() if lock else query, dialect)


@lru_cache(maxsize=4)
def _updates(dialect: Dialect) -> tuple[Prepared, Prepared]:
    return Prepared(_UPDATE, dialect), Prepared(_ADVANCE, dialect)


def _settle(
    connection: Connection,
    batch: Sequence[Frame],
    rules: Rules,
    now: datetime,
    desk: Desk,
    memory: Memory,
    short: Express | None,
) -> list[Outcome]:
    """Settle and write a batch; committing is the caller's."""
    held = _devices(connection, sorted({frame.header.id for frame in batch}), memory)
    draft = Draft(connection, now)
    around = LedgerSurroundings(connection, draft, rules, desk.orders, desk.chance, desk.check_base)
    outcomes = []
    changed: dict[int, Device] = {}
    advanced: dict[int, int] = {}
    for frame in batch:
        device = held.get(frame.header.id)
        outcome = None
        if short is not None and device is not None:
            outcome = _shortly(short, frame, device, now, draft, around)
            if outcome is not None:
                advanced[frame.header.id] = advanced.get(frame.header.id, 0) + 1
        if outcome is None:
            outcome = _settled(rules, frame, device, now, around)
            draft.take(outcome)
            if outcome.device is not None:
                advanced[frame.header.id] = _MOST_UNCOUNTED
        if outcome.device is not None:
            held[outcome.device.id] = changed[outcome.device.id] = outcome.device
        outcomes.append(outcome)
    draft.flush()
    _write(connection, changed, advanced, memory)
    return outcomes


def _write(
    connection: Connection, changed: Mapping[int, Device], advanced: Mapping[int, int], memory: Memory
) -> None:
    """Write the devices; those that have but advanced by a few plain tickets without their counters."""
    whole, few = [], []
    for key, device in changed.items():
        before = memory.uncounted(key)
        after = _MOST_UNCOUNTED if before is None else before + advanced[key]
        if after < _MOST_UNCOUNTED:
            few.append(_changed(device, registry.advanced(device, after), memory))
        else:
            whole.append(_changed(device, registry.changing(device), memory))
    update, advance = _updates(connection.dialect)
    if whole:
        update.run(connection, whole)
    if few:
        advance.run(connection, few)


def _changed(device: Device, row: dict[str, Any], memory: Memory) -> dict[str, Any]:
    memory.written(device, row)
    return _keyed(row)


def _keyed(row: dict[str, Any]) -> dict[str, Any]:
    """The row as the updates take it."""
    row["key"] = row.pop("id")
    return row


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
