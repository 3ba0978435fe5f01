"""Places and tables, each with its surcharge (BX-DSH-01: profit of places)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from reference.pos.shop import tables
from reference.pos.shop.premises import Premises
from reference.runtime.forms import Form
from reference.runtime.refusals import RefusedError, UnknownError
from reference.runtime.words import Words

KINDS: Final = ("place", "table")
FIELDS: Final = ("name", "kind", "surcharge", "active")
MOST_SURCHARGE: Final = 100_00
_NAME: Final = Words("Bunday nom bor", "Такое название уже есть", "Another place has this name")
_ROWS: Final = tables.Base.metadata.tables[tables.Place.__tablename__].c
_ONE: Final = select(_ROWS.id, _ROWS.name, _ROWS.kind, _ROWS.surcharge, _ROWS.active).where(
    _ROWS.id == bindparam("place")
)


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place or a table; `surcharge` in hundredths of a percent."""

    id: int
    name: str
    kind: str
    surcharge: int
    active: bool


class Places:
    """The desk for places."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def add(self, given: Mapping[str, Any]) -> PlaceView:
        """A new place. InvalidError names every wrong field."""
        with self._premises.changing() as session:
            row = tables.Place(**_read(given, {}))
            self._require_free_name(session, row.name, None)
            session.add(row)
            session.flush()
            return self._told(session, row)

    def change(self, place: int, given: Mapping[str, Any]) -> PlaceView:
        """Change the fields that are given; closed orders keep the surcharge they had."""
        with self._premises.changing() as session:
            row = _find(session, place)
            read = _read(given, asdict(view_of(row)))
            self._require_free_name(session, read["name"], row.id)
            for name, value in read.items():
                setattr(row, name, value)
            return self._told(session, row)

    def all(self, *, inactive: bool = False) -> list[PlaceView]:
        """All places by kind and name."""
        table = tables.Place
        query = select(table).order_by(table.kind, table.id)
        if not inactive:
            query = query.where(table.active)
        with self._premises.reading() as session:
            return [view_of(row) for row in session.scalars(query)]

    def _told(self, session: Session, row: tables.Place) -> PlaceView:
        view = view_of(row)
        self._premises.tell(session, "place", row.id, asdict(view))
        return view

    @staticmethod
    def _require_free_name(session: Session, name: str, own: int | None) -> None:
        known = session.scalars(select(tables.Place.id).where(tables.Place.name == name)).first()
        if known not in (None, own):
            raise RefusedError("name", _NAME)


def one(premises: Premises, place: int) -> PlaceView:
    """A place; UnknownError."""
    found = known(premises, place)
    if found is None:
        raise UnknownError("place")
    return found


def known(premises: Premises, place: int | None) -> PlaceView | None:
    """A place, remembered until places change; None for none."""
    if place is None:
        return None
    kept = premises.memory.of(PlaceView)
    found = kept.get(place)
    if found is None:
        with premises.looking() as connection:
            row = connection.execute(_ONE, {"place": place}).first()
        if row is None:
            return None
        found = kept[place] = PlaceView(*row)
    return found


def _find(session: Session, place: int) -> tables.Place:
    row = session.get(tables.Place, place)
    if row is None:
        raise UnknownError("place")
    return row


def view_of(row: tables.Place) -> PlaceView:
    """A row as a view."""
    return PlaceView(row.id, row.name, row.kind, row.surcharge, row.active)


def _read(given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    form = Form(given, FIELDS, {name: before[name] for name in FIELDS if name in before})
    read = {
        "name": form.text("name", 100, least=1),
        "kind": form.one_of("kind", KINDS),
        "surcharge": form.number("surcharge", 0, MOST_SURCHARGE, otherwise=0),
        "active": form.mark("active", otherwise=True),
    }
    form.done()
    return read
