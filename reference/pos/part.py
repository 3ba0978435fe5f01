"""The point of sale as the control API sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from pydantic import Field

from reference.pos.defects import UnknownDefectError, put_in
from reference.pos.errors import BookError, DriveUnreachableError, TillError
from reference.pos.order_book import OrderBook
from reference.pos.shop import tables
from reference.pos.shop.desks import Desks
from reference.pos.shop.reporting import Reporter
from reference.pos.shop.worker import Worker
from reference.runtime.control import ControlError, Operation, Part
from reference.runtime.control_models import Body, NoArguments
from reference.runtime.refusals import DeskError, InvalidError

NAME: Final = "pos"
ROWS_FILE: Final = "shop.json"
_ORDERS: Final = sa.select(tables.Fiscal.order)


class Settings(Body):
    """Settings that change; the others stay."""

    settings: dict[str, Any] = Field(default_factory=dict)


class PosPart(Part):
    """Part "pos". `seed` fills an empty shop with its first goods and people."""

    name = NAME

    def __init__(
        self, desks: Desks, worker: Worker, seed: Callable[[], None], reporter: Reporter | None = None
    ) -> None:
        self._desks = desks
        self._worker = worker
        self._seed = seed
        self._reporter = reporter
        self._defects: tuple[str, ...] = ()

    def be_wrong(self, names: Iterable[str]) -> None:
        """Make these deliberate mistakes and no others; UnknownDefectError."""
        self._defects = put_in(self._desks, self._reporter, names)

    def state(self) -> dict[str, Any]:
        """Settings, where things stand, and how many rows there are."""
        standing = self._worker.standing
        with self._desks.premises.reading() as session:
            counts = {
                table.name.removeprefix("pos_"): session.scalar(sa.select(sa.func.count()).select_from(table))
                for table in tables.Base.metadata.sorted_tables
            }
        return {
            "settings": self._desks.settings.read().model_dump(),
            "defects": list(self._defects),
            "drive": {name: getattr(standing.drive, name) for name in standing.drive.__dataclass_fields__},
            "waiting": standing.waiting,
            "trouble": standing.trouble,
            "notices": list(standing.notices),
            "counts": counts,
        }

    def snapshot(self, folder: Path) -> None:
        """All rows of the shop as JSON. The till's journal stays where it is: receipts cannot be undone."""
        with self._desks.premises.reading() as session:
            rows = {
                table.name: [dict(row) for row in session.execute(sa.select(table)).mappings()]
                for table in tables.Base.metadata.sorted_tables
            }
        (folder / ROWS_FILE).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        """The rows as they were; ValueError leaves everything as it is.

        Orders that came since are no more, and new ones will have their names.
        """
        rows = json.loads((folder / ROWS_FILE).read_text(encoding="utf-8"))
        with self._worker.lock, self._writable() as book:
            with self._desks.premises.changing() as session:
                _empty(session)
                for table in tables.Base.metadata.sorted_tables:
                    if rows.get(table.name):
                        session.execute(sa.insert(table), rows[table.name])
                after = set(session.scalars(_ORDERS))
            # All that the shop does not have, so that what could not be written is made up for the next time.
            book.set_aside(set(book.names()) - after, "the shop was put back to before it", after)

    def reset(self, settings: dict[str, Any]) -> None:
        """A shop as on its first day, under these settings; `defects` are deliberate mistakes it makes.

        What the till still had to do is given up: it belongs to orders that are no more, and new ones will
        have their names.
        """
        wanted = settings.get("defects", ())
        with self._worker.lock, self._writable() as book:
            self._take_defects(wanted)
            with self._desks.premises.changing() as session:
                _empty(session)
            self._change(
                Settings(settings={name: each for name, each in settings.items() if name != "defects"})
            )
            self._seed()
            book.set_aside(book.names(), "the shop was reset")

    @contextmanager
    def _writable(self) -> Iterator[OrderBook]:
        """The till's journal; ControlError while the disk takes nothing."""
        book = self._desks.fiscal.till.book
        try:
            book.mend()
            yield book
        except BookError as error:
            raise ControlError("journal", "disk", str(error), 503) from None

    def _take_defects(self, wanted: Any) -> None:
        if not isinstance(wanted, list | tuple) or not all(isinstance(each, str) for each in wanted):
            raise ControlError("defects", "list", "a list of names is wanted")
        try:
            self.be_wrong(wanted)
        except UnknownDefectError as error:
            raise ControlError("defects", "known", str(error)) from None

    def operations(self) -> dict[str, Operation]:
        """Settings, and what the point of sale does by itself, now."""
        return {
            "settings": Operation("change settings and keep everything", Settings, self._change),
            "round": Operation("look at the service and do what waits", NoArguments, lambda _: self._round()),
            "close-shift": Operation("close the shift", NoArguments, lambda _: self._close_shift()),
        }

    def _change(self, body: Settings) -> dict[str, Any]:
        try:
            return self._desks.settings.change(body.settings).model_dump()
        except InvalidError as error:
            first = error.findings[0]
            raise ControlError(first.field, first.rule, first.words.en) from None
        except DeskError as error:
            raise ControlError("settings", error.rule, error.words.en) from None

    def _close_shift(self) -> dict[str, Any]:
        try:
            return self._worker.close_shift()
        except DriveUnreachableError as error:
            raise ControlError("shift", "service", str(error), 503) from None
        except BookError as error:
            raise ControlError("journal", "disk", str(error), 503) from None
        except TillError as error:
            raise ControlError("shift", "till", str(error), 409) from None

    def _round(self) -> dict[str, Any]:
        standing = self._worker.round()
        return {"waiting": standing.waiting, "trouble": standing.trouble}


def _empty(session: Any) -> None:
    for table in reversed(tables.Base.metadata.sorted_tables):
        session.execute(sa.delete(table))
