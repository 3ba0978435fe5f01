"""The operator's ledger in a database: one transaction per batch of requests, exactly once by unique index.

Whoever gets a Settlement from `settle` may acknowledge: the transaction is committed then (OF-25). All
writing goes through one object per process; on PostgreSQL several processes share one ledger, the module's
row being the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite

from ofd_mock.uz import tables
from ofd_mock.uz.decisions import HeldReceipt, HeldZReport
from ofd_mock.uz.registry import (
    Directive,
    DirectiveKind,
    Enrolment,
    Registry,
    Selector,
    superseded,
)
from ofd_mock.uz.rules import Rules
from ofd_mock.uz.settling import Needs, ReceiptSlot, Row, Sheet, ZReportSlot
from ofd_mock.uz.values import Settlement, Submission
from reference.runtime.database import READ_ONLY, migrate

MIGRATIONS: Final = "ofd_mock.uz.migrations"
_KEYS_AT_ONCE: Final = 400
_REGISTRY: Final = "registry"
_DIRECTIVE: Final = "directive"


class Ledger:
    """All that the operator has taken and decided; `engine` comes from reference.runtime.database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.registry = Registry()
        """The picture of the last transaction; replaced, never changed, so any thread may read it."""
        migrate(engine, MIGRATIONS)
        with self.reading() as connection:
            self._refresh(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads and never waits for the writer."""
        with self.engine.connect() as connection:
            yield connection.execution_options(**{READ_ONLY: True})

    def settle(
        self, batch: Sequence[Submission], rules: Rules, now: str, max_traces: int
    ) -> list[Settlement]:
        """Decide about every request of the batch and store what it brings, in one transaction.

        `now` is the operator's time in 14 digits. Raises sqlalchemy.exc.SQLAlchemyError, and then nothing
        of the batch is stored.
        """
        try:
            return self._settle(batch, rules, now, max_traces)
        except sa.exc.IntegrityError:
            # Another process stored the first receipt of a new module between our look and our insert; its
            # row is there to be seen now.
            return self._settle(batch, rules, now, max_traces)

    def _settle(
        self, batch: Sequence[Submission], rules: Rules, now: str, max_traces: int
    ) -> list[Settlement]:
        needs = Needs.of(batch)
        with self.engine.begin() as connection:
            self._refresh(connection)
            sheet = Sheet(self.registry, rules, now)
            _read(connection, needs, sheet)
            settlements = [sheet.settle(submission) for submission in batch]
            _write(connection, sheet, max_traces)
        return settlements

    # --- the operator's orders ---------------------------------------------------------------------------

    def issue(
        self,
        kind: DirectiveKind,
        selector: Selector,
        *,
        on: bool = True,
        locked: bool = False,
        reason: int = 0,
        notice: str = "",
    ) -> Directive:
        """Give an order; it holds from the next request on and until a later one covers the same modules."""
        with self.engine.begin() as connection:
            self._refresh(connection)
            number = _next(connection, _DIRECTIVE)
            directive = Directive(number, kind, selector, on, locked, reason, notice)
            obsolete = superseded(self.registry.directives, directive)
            if obsolete:
                connection.execute(sa.delete(_DIRECTIVES).where(_DIRECTIVES.c.number.in_(obsolete)))
            connection.execute(sa.insert(_DIRECTIVES), _directive_row(directive))
            _next(connection, _REGISTRY)
        self.refresh()
        return directive

    def enroll(self, terminal: str, enrolment: Enrolment) -> None:
        """Take the keys of a module with a seed of its own (uz-fiscal §17.1)."""
        keys = {"public_key": enrolment.public_key, "transport_key": enrolment.transport_key}
        with self.engine.begin() as connection:
            _register(connection, terminal, keys)
            _next(connection, _REGISTRY)
        self.refresh()

    def register_taxpayer(self, terminal: str, tin: str, company: str, address: str, name: str) -> None:
        """Say whose module this is (UNK-32); shown on the check page."""
        facts = {"tin": tin, "company": company, "address": address, "name": name}
        with self.engine.begin() as connection:
            _register(connection, terminal, facts)

    def pos_unlock_done(self, terminal: str) -> int:
        """Number of the POS-unlock order that the module's last sync has used up, 0 for none."""
        table = tables.modules
        with self.reading() as connection:
            done = connection.execute(
                sa.select(table.c.pos_unlock_done).where(table.c.terminal == terminal)
            ).scalar()
        return 0 if done is None else int(done)

    def refresh(self) -> None:
        """Look whether another process has changed the registry."""
        with self.reading() as connection:
            self._refresh(connection)

    def wipe(self, *, unique: bool = True) -> None:
        """Forget everything. Not `unique`: without the unique indexes, for a deliberately faulty operator."""
        self.replace(lambda _: None, unique=unique)

    def replace(self, load: Callable[[Connection], None], *, unique: bool) -> None:
        """Forget everything and let `load` fill the tables anew, in one transaction."""
        with self.engine.begin() as connection:
            version = _mark(connection, _REGISTRY)
            for table in reversed(tables.metadata.sorted_tables):
                connection.execute(sa.delete(table))
            # Versions go on, so that other processes notice that their picture is old.
            connection.execute(sa.insert(tables.marks), {"name": _REGISTRY, "value": version + 1})
            _set_indexes(connection, unique)
            load(connection)
        self.refresh()

    def forget(self, terminal: str) -> None:
        """Lose everything that one module has sent, as an accident would; its registration stays."""
        with self.engine.begin() as connection:
            for table in (tables.receipts, tables.zreports, tables.unsigned, tables.traces):
                connection.execute(sa.delete(table).where(table.c.terminal == terminal))

    def _refresh(self, connection: Connection) -> None:
        version = _mark(connection, _REGISTRY)
        if version != self.registry.version:
            self.registry = _load_registry(connection, version)


_DIRECTIVES = tables.directives

# Statements of the busy path are made once: building one costs as much as running it.
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)
_MODULES = (
    sa.select(tables.modules.c.terminal, tables.modules.c.pos_unlock_done)
    .where(tables.modules.c.terminal.in_(_KEYS))
    .order_by(tables.modules.c.terminal)
    .with_for_update()
)
LOCK_NAME: Final = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
"""Holds a name until the transaction ends; only PostgreSQL knows it."""
_RECEIPTS = sa.select(
    tables.receipts.c.terminal,
    tables.receipts.c.number,
    tables.receipts.c.entry,
    tables.receipts.c.content,
    tables.receipts.c.body.is_not(None),
    tables.receipts.c.type,
    tables.receipts.c.operation,
    tables.receipts.c.time,
    tables.receipts.c.sign,
).where(sa.tuple_(tables.receipts.c.terminal, tables.receipts.c.number).in_(_KEYS))
_ZREPORTS = sa.select(
    tables.zreports.c.terminal,
    tables.zreports.c.close_time,
    tables.zreports.c.entry,
    tables.zreports.c.content,
).where(sa.tuple_(tables.zreports.c.terminal, tables.zreports.c.close_time).in_(_KEYS))
_UNSIGNED = sa.select(tables.unsigned.c.terminal, tables.unsigned.c.digest, tables.unsigned.c.entry).where(
    sa.tuple_(tables.unsigned.c.terminal, tables.unsigned.c.digest).in_(_KEYS)
)
_MARK = sa.select(tables.marks.c.value).where(tables.marks.c.name == sa.bindparam("mark"))
_SEEN = (
    sa.update(tables.modules)
    .where(tables.modules.c.terminal.in_(_KEYS))
    .values(last_seen=sa.bindparam("seen"))
)
_INSERTS = {table: sa.insert(table) for table in (tables.receipts, tables.zreports, tables.unsigned)}


def _portions(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """The keys in portions that every database takes as parameters of one statement."""
    held = list(keys)
    for start in range(0, len(held), _KEYS_AT_ONCE):
        yield held[start : start + _KEYS_AT_ONCE]


def _read(connection: Connection, needs: Needs, sheet: Sheet) -> None:
    """Fill the sheet with the rows that its batch may touch; the modules' rows are locked by it."""
    _read_modules(connection, sorted(needs.terminals), sheet)
    for keys in _portions(needs.numbers):
        for terminal, number, *rest in connection.execute(_RECEIPTS, {"keys": keys}):
            sheet.receipts[(terminal, number)] = ReceiptSlot(HeldReceipt(*rest))
    for keys in _portions(needs.closes):
        for terminal, close, *rest in connection.execute(_ZREPORTS, {"keys": keys}):
            sheet.zreports[(terminal, close)] = ZReportSlot(HeldZReport(*rest))
    for keys in _portions(needs.contents):
        for terminal, digest, entry in connection.execute(_UNSIGNED, {"keys": keys}):
            sheet.unsigned[(terminal, digest)] = entry


def _read_modules(connection: Connection, terminals: Sequence[str], sheet: Sheet) -> None:
    """Lock and read the modules' rows; of a new module, which has none to lock, its name.

    Else a process that did not see the row yet would take its receipts' locks first and the row's after them,
    against the order of one that does.
    """
    _read_rows(connection, terminals, sheet)
    new = [terminal for terminal in terminals if terminal not in sheet.pos_unlock_done]
    if not new or connection.dialect.name != "postgresql":
        return
    for terminal in new:
        connection.execute(LOCK_NAME, {"name": f"module {terminal}"})
    _read_rows(connection, new, sheet)


def _read_rows(connection: Connection, terminals: Sequence[str], sheet: Sheet) -> None:
    for keys in _portions(terminals):
        rows = connection.execute(_MODULES, {"keys": keys})
        sheet.pos_unlock_done.update((terminal, done) for terminal, done in rows)


def _write(connection: Connection, sheet: Sheet, max_traces: int) -> None:
    for table, rows in (
        (tables.receipts, sheet.new_receipts),
        (tables.zreports, sheet.new_zreports),
        (tables.unsigned, sheet.new_unsigned),
    ):
        if rows:
            connection.execute(_INSERTS[table], rows)
    for entry, change in sheet.completed.items():
        connection.execute(sa.update(tables.receipts).where(tables.receipts.c.entry == entry), change)
    for table, repeats in (
        (tables.receipts, sheet.receipt_repeats),
        (tables.zreports, sheet.zreport_repeats),
        (tables.unsigned, sheet.unsigned_repeats),
    ):
        if repeats:
            counted = sa.update(table).where(table.c.entry == sa.bindparam("at"))
            connection.execute(
                counted.values(repeats=table.c.repeats + sa.bindparam("more")),
                [{"at": entry, "more": count} for entry, count in repeats.items()],
            )
    _write_modules(connection, sheet)
    _write_traces(connection, sheet, max_traces)


def _write_modules(connection: Connection, sheet: Sheet) -> None:
    known = sheet.seen & sheet.pos_unlock_done.keys() - sheet.synced
    for terminals in _portions(sorted(known)):
        connection.execute(_SEEN, {"keys": terminals, "seen": sheet.now})
    for terminal in sorted(sheet.seen - known):
        facts: Row = {"last_seen": sheet.now}
        if terminal in sheet.synced:
            facts |= {"last_sync": sheet.now, "pos_unlock_done": sheet.pos_unlock_done.get(terminal, 0)}
        _register(connection, terminal, facts, first_seen=sheet.now)


def _write_traces(connection: Connection, sheet: Sheet, max_traces: int) -> None:
    if not sheet.traces:
        return
    table = tables.traces
    for row in sheet.traces.values():
        entered = _insert(connection, table).values(row)
        more = table.c.repeats + 1 + row["repeats"]
        connection.execute(entered.on_conflict_do_update(index_elements=["name"], set_={"repeats": more}))
    newest = sa.select(sa.func.max(table.c.entry)).scalar_subquery()
    connection.execute(sa.delete(table).where(table.c.entry <= newest - max_traces))


_EMPTY_MODULE: Final[Row] = {
    "tin": "",
    "company": "",
    "address": "",
    "name": "",
    "pos_unlock_done": 0,
}


def _register(connection: Connection, terminal: str, facts: Row, first_seen: str | None = None) -> None:
    """Make or change the row of a module; `first_seen` is kept once it is set."""
    row = _EMPTY_MODULE | facts | {"terminal": terminal, "first_seen": first_seen}
    change: dict[str, Any] = dict(facts)
    if first_seen is not None:
        change["first_seen"] = sa.func.coalesce(tables.modules.c.first_seen, first_seen)
    entered = _insert(connection, tables.modules).values(row)
    connection.execute(entered.on_conflict_do_update(index_elements=["terminal"], set_=change))


def _insert(connection: Connection, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT, which SQLAlchemy offers per database only."""
    make: Callable[[sa.Table], Any] = (
        postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    )
    return make(table)


def _mark(connection: Connection, name: str) -> int:
    value = connection.execute(_MARK, {"mark": name}).scalar()
    return 0 if value is None else int(value)


def _next(connection: Connection, name: str) -> int:
    """Raise a mark by one and give its new value."""
    value = tables.marks.c.value
    entered = _insert(connection, tables.marks).values(name=name, value=1)
    entered = entered.on_conflict_do_update(index_elements=["name"], set_={"value": value + 1})
    return int(connection.execute(entered.returning(value)).scalar_one())


def _directive_row(directive: Directive) -> Row:
    return {
        "number": directive.number,
        "kind": directive.kind.value,
        "pattern": directive.selector.pattern,
        "share": directive.selector.share,
        "seed": directive.selector.seed,
        "active": directive.on,
        "locked": directive.locked,
        "reason": directive.reason,
        "notice": directive.notice,
    }


def _load_registry(connection: Connection, version: int) -> Registry:
    orders = tuple(
        Directive(
            row.number,
            DirectiveKind(row.kind),
            Selector(row.pattern, row.share, row.seed),
            bool(row.active),
            bool(row.locked),
            row.reason,
            row.notice,
        )
        for row in connection.execute(sa.select(_DIRECTIVES).order_by(_DIRECTIVES.c.number))
    )
    table = tables.modules
    enrolled = sa.select(table.c.terminal, table.c.public_key, table.c.transport_key)
    keys = {
        terminal: Enrolment(public_key, transport_key)
        for terminal, public_key, transport_key in connection.execute(
            enrolled.where(table.c.public_key.is_not(None))
        )
    }
    return Registry(version, orders, keys)


def _set_indexes(connection: Connection, unique: bool) -> None:
    present = {
        entry["name"]
        for table in tables.metadata.sorted_tables
        for entry in sa.inspect(connection).get_indexes(table.name)
    }
    for table in tables.metadata.sorted_tables:
        for index in table.indexes:
            if unique and index.name not in present:
                index.create(connection)
            elif not unique and index.name in present:
                index.drop(connection)
