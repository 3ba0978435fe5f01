"""Outlets («торговая точка»): adding, listing, removing empty ones (KZ-OUT-01, KZ-OUT-02)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.portal import tables
from ofd_mock.portal.directories import FOUND_AT_MOST, Settlement, settlements
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import RefusedError, UnknownError
from ofd_mock.portal.forms import NOT_LISTED, Form
from ofd_mock.portal.office import Office
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.results import Texts

ADDED: Final = Texts("Торговая точка успешно создана", "Сауда нүктесі құрылды", "The outlet was created")
REMOVED: Final = Texts("Торговая точка успешно удалена", "Сауда нүктесі жойылды", "The outlet was removed")
_NOT_EMPTY: Final = Texts(
    "В торговой точке есть ККМ", "Сауда нүктесінде ББМ бар", "There are registers in this outlet"
)
_FIELDS: Final = frozenset({"name", "settlement", "street", "house", "building", "room"})


@dataclass(frozen=True, slots=True)
class OutletView:
    """An outlet as its card shows it."""

    id: int
    name: str
    settlement: Settlement
    street: str
    house: str
    building: str
    room: str

    @property
    def address(self) -> str:
        """`{settlement}, {street}, {house}[, {building}][, {room}]` (kz-ofd §15.3)."""
        parts = (self.settlement.display, self.street, self.house, self.building, self.room)
        return ", ".join(part for part in parts if part)


class Outlets:
    """The desk for outlets."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def add(self, visitor: Visitor, given: Mapping[str, Any]) -> OutletView:
        """A new outlet; InvalidError names every wrong field."""
        visitor.require_administrator()
        form = Form(given, _FIELDS)
        name = form.text("name", 255)
        settlement = form.number("settlement")
        if settlement is not None and settlement not in settlements():
            form.add("settlement", "directory", NOT_LISTED)
        street, house = form.text("street", 255), form.text("house", 32)
        building, room = form.text("building", 32, required=False), form.text("room", 32, required=False)
        form.done()
        assert settlement is not None
        with self._office.changing() as session:
            row = tables.Outlet(
                organisation=visitor.organisation,
                name=name,
                settlement=settlement,
                street=street,
                house=house,
                building=building,
                room=room,
            )
            session.add(row)
            session.flush()
            self._office.note(
                session,
                "outlet-added",
                organisation=visitor.organisation,
                user=visitor.user,
                detail=f"{row.id}",
            )
            return view_of(row)

    def all(self, visitor: Visitor) -> list[OutletView]:
        """The visitor's outlets, oldest first."""
        table = tables.Outlet
        with self._office.reading() as session:
            query = (
                select(table)
                .where(table.organisation == visitor.organisation, table.removed.is_(False))
                .order_by(table.id)
            )
            return [view_of(row) for row in session.scalars(query) if visitor.sees(row.id)]

    def find(self, visitor: Visitor, typed: str, limit: int = FOUND_AT_MOST) -> list[OutletView]:
        """The visitor's outlets whose name begins so, whatever its case; none for empty text."""
        start = " ".join(typed.split()).casefold()
        known = self.all(visitor) if start else []
        return [outlet for outlet in known if outlet.name.casefold().startswith(start)][:limit]

    def one(self, visitor: Visitor, outlet: int) -> OutletView:
        """One outlet; UnknownError unless it is the visitor's."""
        with self._office.reading() as session:
            return view_of(find(session, visitor, outlet))

    def remove(self, visitor: Visitor, outlet: int) -> None:
        """Remove an outlet without registers; RefusedError else. Deregistered ones do not count."""
        visitor.require_administrator()
        devices = ledger_tables.devices
        with self._office.changing() as session:
            row = find(session, visitor, outlet)
            standing = (
                select(tables.Card.id)
                .join(devices, devices.c.id == tables.Card.id)
                .where(tables.Card.outlet == row.id, devices.c.state != DeviceState.DEREGISTERED.value)
            )
            if session.scalars(standing).first() is not None:
                raise RefusedError("empty", _NOT_EMPTY)
            for link in session.scalars(
                select(tables.GroupOutlet).where(tables.GroupOutlet.outlet == row.id)
            ):
                session.delete(link)
            row.removed = True
            self._office.note(
                session,
                "outlet-removed",
                organisation=visitor.organisation,
                user=visitor.user,
                detail=f"{row.id}",
            )


def find(session: Session, visitor: Visitor, outlet: int) -> tables.Outlet:
    """The visitor's outlet of that number; UnknownError for everything else."""
    row = session.get(tables.Outlet, outlet)
    if row is None or row.removed or row.organisation != visitor.organisation or not visitor.sees(row.id):
        raise UnknownError
    return row


def view_of(row: tables.Outlet) -> OutletView:
    """The outlet of a row."""
    return OutletView(
        row.id, row.name, settlements()[row.settlement], row.street, row.house, row.building, row.room
    )
