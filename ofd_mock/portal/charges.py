"""What the tariffs cost: by register, by lab day and month, and how long the balance lasts (KZ-TRF-04)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from sqlalchemy import case, func, literal_column, select

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.portal import tables
from ofd_mock.portal.accounts import lines_of
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.keeper import CHARGED
from ofd_mock.portal.office import Office
from ofd_mock.portal.paging import MOST_ROWS, bounded
from ofd_mock.portal.tariffs import TARIFFS, Tariff, charge
from reference.protocol.kz.device_states import STATES, DeviceState
from reference.protocol.kz.results import Texts

MOST_DAYS: Final = 3_650
"""How far ahead the balance is reckoned."""
_OUTSIDE: Final = tuple(
    state.value
    for state in (
        DeviceState.DRAFT,
        DeviceState.WAIT_REG,
        DeviceState.REG_REFUSED,
        DeviceState.DEREGISTERED,
    )
)
"""States of registers that are not in the tax body's books."""
_DAY: Final = timedelta(days=1)
_LENGTHS: Final = {"day": "10", "month": "7"}
_DEVICES: Final = ledger_tables.devices


@dataclass(frozen=True, slots=True)
class RegisterCharges:
    """A register with its tariff; `charged` is tiyn of the days asked about.

    `running`: days cost money now.
    """

    id: int
    name: str
    serial: str
    outlet: str
    label: Texts
    tariff: Tariff | None
    since: str | None
    suspend_on: str | None
    running: bool
    charged: int


@dataclass(frozen=True, slots=True)
class Total:
    """What a day (`2026-09-10`) or a month (`2026-09`) brought; tiyn, both above zero."""

    span: str
    charged: int
    topped_up: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """`registers` cost money now. `last` is the last day that the balance pays for.

    None: nothing is charged, or it lasts longer than ten years.
    """

    balance: int
    registers: int
    next_month: int
    last: date | None


class Charges:
    """The desk that reckons."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def registers(
        self,
        visitor: Visitor,
        first: date | None = None,
        last: date | None = None,
        limit: int = MOST_ROWS,
        after: int = 0,
        *,
        idle: bool = False,
    ) -> list[RegisterCharges]:
        """The visitor's registers that have a tariff or were charged in these days, by id from `after` on.

        `idle`: and all others that are in the books.
        """
        card, entry, outlet = tables.Card, tables.Entry, tables.Outlet
        sums = (
            select(entry.card.label("card"), func.sum(-entry.amount).label("charged"))
            .where(*lines_of(visitor, first, last), entry.card.is_not(None))
            .group_by(entry.card)
            .subquery()
        )
        query = (
            select(card, outlet.name, _DEVICES.c.state, sums.c.charged)
            .join(outlet, outlet.id == card.outlet)
            .join(_DEVICES, _DEVICES.c.id == card.id)
            .join(sums, sums.c.card == card.id, isouter=True)
            .where(card.organisation == visitor.organisation, card.id > after, card.removed.is_(False))
            .order_by(card.id)
            .limit(bounded(limit))
        )
        if idle:
            query = query.where(_DEVICES.c.state.not_in(_OUTSIDE))
        else:
            query = query.where(card.tariff.is_not(None) | sums.c.charged.is_not(None))
        if visitor.outlets is not None:
            query = query.where(card.outlet.in_(visitor.outlets))
        with self._office.reading() as session:
            return [_charges(*row) for row in session.execute(query)]

    def totals(
        self,
        visitor: Visitor,
        by: Literal["day", "month"] = "month",
        first: date | None = None,
        last: date | None = None,
        limit: int = MOST_ROWS,
        before: str | None = None,
    ) -> list[Total]:
        """Sums of days or months, newest first; with `before` those older than that one."""
        entry = tables.Entry
        # Literals: PostgreSQL must see that it is grouped by the very thing that is selected.
        span = func.substr(entry.day, literal_column("1"), literal_column(_LENGTHS[by])).label("span")
        query = select(
            span,
            func.sum(case((entry.amount < 0, -entry.amount), else_=0)),
            func.sum(case((entry.amount > 0, entry.amount), else_=0)),
        ).where(*lines_of(visitor, first, last))
        if before is not None:
            query = query.where(entry.day < before)
        with self._office.reading() as session:
            found = session.execute(query.group_by(span).order_by(span.desc()).limit(bounded(limit)))
            return [Total(name, int(charged), int(paid)) for name, charged, paid in found]

    def names(self, visitor: Visitor, cards: Collection[int]) -> dict[int, str]:
        """Names of these registers, as far as they are the visitor's."""
        card = tables.Card
        query = select(card.id, card.name, card.outlet).where(
            card.organisation == visitor.organisation, card.id.in_(cards)
        )
        with self._office.reading() as session:
            return {id: name for id, name, outlet in session.execute(query) if visitor.sees(outlet)}

    def forecast(self, visitor: Visitor) -> Forecast:
        """How long the balance lasts if nothing changes; a suspension that was asked for counts."""
        visitor.require_administrator()
        card, today = tables.Card, self._office.today
        with self._office.reading() as session:
            balance = session.get_one(tables.Organisation, visitor.organisation).balance
            query = (
                select(card.tariff, card.tariff_since, card.charged_until, card.suspend_on)
                .join(_DEVICES, _DEVICES.c.id == card.id)
                .where(card.organisation == visitor.organisation, card.removed.is_(False))
                .where(card.tariff.is_not(None), _DEVICES.c.state.in_([one.value for one in CHARGED]))
            )
            running = Counter(_running(*row, today) for row in session.execute(query))
        left, last, month = balance, today - _DAY, 0
        for day in (today + _DAY * ahead for ahead in range(MOST_DAYS)):
            cost = sum(count * _cost(one, day) for one, count in running.items())
            left -= cost
            month += cost if day < today + 30 * _DAY else 0
            if left < 0:
                break
            last = day
        lasts = left >= 0 or not running
        return Forecast(balance, running.total(), month, None if lasts else last)


def _charges(card: tables.Card, outlet: str, state: str, charged: Any) -> RegisterCharges:
    known = DeviceState(state)
    return RegisterCharges(
        card.id,
        card.name,
        card.serial,
        outlet,
        STATES[known].label,
        TARIFFS.get(card.tariff or 0),
        card.tariff_since,
        card.suspend_on,
        card.tariff is not None and known in CHARGED,
        int(charged or 0),
    )


@dataclass(frozen=True, slots=True)
class _Running:
    """Registers that cost the same from now on; days up to `until` are charged already."""

    tariff: int
    since: date
    until: date
    suspend_on: date


def _running(
    tariff: int | None, since: str | None, until: str | None, suspend_on: str | None, today: date
) -> _Running:
    # What lies before yesterday makes no difference, so that a thousand registers are but a few sorts.
    yesterday = today - _DAY
    return _Running(
        tariff or 0,
        max(date.fromisoformat(since), yesterday) if since else yesterday,
        max(date.fromisoformat(until), yesterday) if until else yesterday,
        date.fromisoformat(suspend_on) if suspend_on else date.max,
    )


def _cost(running: _Running, day: date) -> int:
    """What one register costs on a day."""
    if day <= running.until or day >= running.suspend_on:
        return 0
    return charge(TARIFFS[running.tariff], day, running.since)
