"""«Картотека ККМ» as its owner sees it: outlets with their registers, counters, search (KZ-KKM-04)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.kz.device_rows import NEWEST
from ofd_mock.kz.registry import profile_from_text
from ofd_mock.portal import tables
from ofd_mock.portal.directories import models
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import UnknownError
from ofd_mock.portal.moments import shown
from ofd_mock.portal.moves import Act, acts_offered
from ofd_mock.portal.office import Office
from ofd_mock.portal.outlets import OutletView, view_of
from ofd_mock.portal.wire_books import counters_now
from reference.protocol.kz.device_states import STATES, DeviceState
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.money import from_almaty
from reference.protocol.kz.results import Texts
from reference.protocol.kz.tally import TICKET_SUM, DeviceCounters

_DEVICES: Final = ledger_tables.devices
_DATED: Final = frozenset(
    {
        DeviceState.REG_REFUSED,
        DeviceState.REG_NO_TARIFF,
        DeviceState.READY,
        DeviceState.ACTIVE,
        DeviceState.SUSPENDED,
        DeviceState.BLOCKED_MONEY,
        DeviceState.BLOCKED_OFD,
        DeviceState.DEREGISTERED,
    }
)
"""States that stand with their date (kz-ofd §15.5)."""
_ACTIVE: Final = frozenset({DeviceState.READY, DeviceState.ACTIVE})


@dataclass(frozen=True, slots=True)
class CardView:
    """A register as its card shows it. Sums are tiyn of the current shift; `last` is when data came last."""

    id: int
    outlet: int
    name: str
    model: str
    model_id: int | None
    serial: str
    year: int | None
    consent: bool
    rnm: str
    state: DeviceState
    label: Texts
    since: str
    reason: str
    tariff: int | None
    suspend_on: str | None
    shift: int
    sold: int
    returned: int
    last: str
    online: bool
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class OutletCards:
    """An outlet with its registers, and its line «Касс: n В сети: m»."""

    outlet: OutletView
    cards: tuple[CardView, ...]

    @property
    def online(self) -> int:
        """Registers with an exchange in the last minutes."""
        return sum(card.online for card in self.cards)


@dataclass(frozen=True, slots=True)
class Cabinet:
    """The whole «Картотека»; «Кассы всего: n активных: m» counts what the search shows."""

    outlets: tuple[OutletCards, ...]

    @property
    def total(self) -> int:
        """All registers shown."""
        return sum(len(group.cards) for group in self.outlets)

    @property
    def active(self) -> int:
        """Those registered and with a tariff."""
        return sum(card.state in _ACTIVE for group in self.outlets for card in group.cards)


class CardViews:
    """The desk that shows registers."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def cabinet(self, visitor: Visitor, search: str = "") -> Cabinet:
        """All outlets of the visitor with their registers; with `search` those it is found in.

        It is looked for in the outlet's name and the register's name, id and serial, whatever its case; an
        outlet that is found itself stands with all its registers.
        """
        wanted = " ".join(search.split()).casefold()
        office = self._office
        with office.reading() as session:
            table = tables.Outlet
            rows = session.scalars(
                select(table)
                .where(table.organisation == visitor.organisation, table.removed.is_(False))
                .order_by(table.id)
            )
            outlets = [view_of(row) for row in rows if visitor.sees(row.id)]
            cards: dict[int, list[CardView]] = {}
            query = _cards().where(tables.Card.organisation == visitor.organisation)
            for row in session.execute(query.order_by(tables.Card.id)).mappings():
                cards.setdefault(row["outlet"], []).append(self._view(session, row))
        groups = []
        for outlet in outlets:
            theirs = cards.get(outlet.id, [])
            if wanted and wanted not in outlet.name.casefold():
                theirs = [card for card in theirs if _matches(card, wanted)]
                if not theirs:
                    continue
            groups.append(OutletCards(outlet, tuple(theirs)))
        return Cabinet(tuple(groups))

    def one(self, visitor: Visitor, card: int) -> CardView:
        """One register; UnknownError unless it is the visitor's."""
        with self._office.reading() as session:
            query = _cards().where(tables.Card.id == card, tables.Card.organisation == visitor.organisation)
            row = session.execute(query).mappings().first()
            if row is None or not visitor.sees(row["outlet"]):
                raise UnknownError
            return self._view(session, row)

    def _view(self, session: Session, row: Mapping[Any, Any]) -> CardView:
        state = DeviceState(row["state"])
        counters = counters_now(session, row)
        registration = profile_from_text(row["profile"]).registration
        last = row["last_received"] or row["last_time"]
        moment = None if last is None else from_almaty(datetime.fromisoformat(last))
        age = timedelta(seconds=self._office.settings.contact_seconds)
        model = models().get(row["model"] or 0)
        return CardView(
            id=row["id"],
            outlet=row["outlet"],
            name=row["name"],
            model="" if model is None else model.name,
            model_id=row["model"],
            serial=row["serial"],
            year=row["year"],
            consent=bool(row["consent"]),
            rnm=registration.rnm,
            state=state,
            label=STATES[state].label,
            since=shown(row["since"]) if state in _DATED else "",
            reason=row["reason"],
            tariff=row["tariff"],
            suspend_on=row["suspend_on"],
            shift=counters.shift_number if counters.shift is not None else counters.last_shift,
            sold=_sum(counters, Operation.SELL),
            returned=_sum(counters, Operation.SELL_RETURN),
            last=shown(moment),
            online=moment is not None and self._office.now - moment <= age,
            acts=acts_offered(state),
        )


def _cards() -> Any:
    """Cards with what the ledger knows of them; the last document is found by its number, not by a search."""
    card, documents = tables.Card, ledger_tables.documents
    columns = card.__table__.c
    return (
        select(
            *columns,
            _DEVICES.c.state,
            _DEVICES.c.counters,
            _DEVICES.c.documents,
            _DEVICES.c.profile,
            _DEVICES.c.last_time,
            documents.c.number.label("newest"),
            documents.c.received.label("last_received"),
        )
        .join(_DEVICES, _DEVICES.c.id == columns.id)
        .join(
            documents,
            (documents.c.device == _DEVICES.c.id) & (documents.c.number == NEWEST),
            isouter=True,
        )
        .where(columns.removed.is_(False))
    )


def _sum(counters: DeviceCounters, operation: Operation) -> int:
    return counters.of_shift(TICKET_SUM, operation)


def _matches(card: CardView, wanted: str) -> bool:
    return any(wanted in text.casefold() for text in (card.name, str(card.id), card.serial))
