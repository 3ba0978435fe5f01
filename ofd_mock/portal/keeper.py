"""What happens at the portal by itself, by the lab clock: answers of the tax body, month ends, charges, and
what the wire has done to registers.

`Keeper.run` brings everything up to now, however far the clock has jumped; running it twice changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import CompoundSelect, String, bindparam, func, select, union
from sqlalchemy.orm import Session

from ofd_mock.kgd.answers import registration_number
from ofd_mock.kz import tables as ledger_tables
from ofd_mock.portal import tables, wire_books, wire_users
from ofd_mock.portal.accounts import book, lock
from ofd_mock.portal.card_registration import registration_of
from ofd_mock.portal.directories import settlements
from ofd_mock.portal.moments import beginning, local_day, moment_of, written
from ofd_mock.portal.moves import Act, after, move_of
from ofd_mock.portal.office import Office
from ofd_mock.portal.tariffs import TARIFFS, charge
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.money import from_almaty, to_almaty

_DAY: Final = timedelta(days=1)
_DOCUMENTS: Final = ledger_tables.documents
CHARGED: Final = frozenset({DeviceState.READY, DeviceState.ACTIVE, DeviceState.WAIT_REREG})
"""States in which a tariff runs; neither a suspension nor a block is charged."""
_ANSWERS: Final = {
    ("registration", "yes"): Act.REGISTERED,
    ("registration", "no"): Act.REGISTRATION_REFUSED,
    ("reregistration", "yes"): Act.REREGISTERED,
    ("reregistration", "no"): Act.REREGISTRATION_REFUSED,
    ("deregistration", "yes"): Act.DEREGISTERED,
    ("deregistration", "no"): Act.DEREGISTRATION_REFUSED,
}


def _behind() -> CompoundSelect[tuple[int]]:
    """Organisations for which something is to be done by the day `today` and the moment `now`."""
    card, devices, request = tables.Card, ledger_tables.devices.c, tables.TaxRequest
    today = bindparam("today", type_=String())
    moved = card.shown_state != devices.state
    unpaid = (card.charged_until < today) & devices.state.in_(sorted(state.value for state in CHARGED))
    waiting = (
        select(card.organisation)
        .join(ledger_tables.devices, devices.id == card.id)
        .where(card.removed.is_(False), (card.suspend_on <= today) | moved | unpaid)
    )
    answered = (
        select(card.organisation)
        .join(request, request.card == card.id)
        .where(request.answered.is_(None), request.due <= bindparam("now", type_=String()))
    )
    return union(waiting, answered)


_BEHIND: Final = _behind()
_NEXT_ANSWER: Final = select(func.min(tables.TaxRequest.due)).where(tables.TaxRequest.answered.is_(None))
"""Both are asked after every request that may have changed something, so they are made once."""


class Keeper:
    """Keeps the portal's books in step with the clock and the wire."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def run(self) -> None:
        """Bring all organisations up to now, each in a transaction of its own."""
        for organisation in self._behind():
            with self._office.changing() as session:
                self._bring_up(session, lock(session, organisation))

    def _behind(self) -> list[int]:
        """Organisations for which something is to be done, found by reading: no writer waits for that."""
        now = self._office.now
        when = {"today": local_day(now).isoformat(), "now": written(now)}
        with self._office.looking() as connection:
            return sorted(connection.scalars(_BEHIND, when))

    def next_due(self) -> datetime | None:
        """When something is to happen by itself next; None if nothing is known to."""
        with self._office.looking() as connection:
            due = connection.scalar(_NEXT_ANSWER)
        midnight = beginning(self._office.today + _DAY)
        return midnight if due is None else min(midnight, moment_of(due))

    def _bring_up(self, session: Session, organisation: tables.Organisation) -> None:
        # One moment for all: a day that begins meanwhile is not charged before what comes into force with it.
        now = self._office.now
        today = local_day(now)
        self._answers(session, organisation, now)
        table = tables.Card
        query = select(table).where(table.organisation == organisation.id, table.removed.is_(False))
        cards = list(session.scalars(query.order_by(table.id)))
        for card in cards:
            self._suspend(session, organisation, card, today)
            self._follow_wire(session, card, now)
        self._charge(session, organisation, cards, today)

    # --- the tax body --------------------------------------------------------------------------------------

    def _answers(self, session: Session, organisation: tables.Organisation, now: datetime) -> None:
        """Tell the answers whose time has come by `now`, in the order in which they were due."""
        request, card = tables.TaxRequest, tables.Card
        due = (
            select(request)
            .join(card, card.id == request.card)
            .where(
                card.organisation == organisation.id,
                request.answered.is_(None),
                request.due <= written(now),
            )
            .order_by(request.due, request.id)
        )
        for row in session.scalars(due).all():
            self._answer(session, organisation, row)

    def _answer(
        self, session: Session, organisation: tables.Organisation, request: tables.TaxRequest
    ) -> None:
        card = session.get_one(tables.Card, request.card)
        books = wire_books.books_of(session, card.id)
        assert books is not None
        assert request.due is not None
        act = _ANSWERS[request.kind, request.answer]
        before = DeviceState(card.before) if card.before else None
        state = after(books.state, act, before)
        assert state is not None
        request.answered = request.due
        wire_books.set_state(session, card.id, state)
        card.shown_state, card.since = state.value, request.due
        if act is not Act.DEREGISTERED:  # which keeps what its owner gave
            card.reason = request.reason
        if act is Act.REGISTERED:
            self._enter_register(session, organisation, card)
        if act in (Act.REREGISTERED, Act.REREGISTRATION_REFUSED):
            if act is Act.REREGISTERED and card.move_to is not None:
                card.outlet = card.move_to
                outlet = session.get_one(tables.Outlet, card.outlet)
                made = registration_of(organisation, outlet, card)
                wire_books.describe(
                    session, card.id, lambda known: replace(made, rnm=known.rnm, kkm_id=known.kkm_id)
                )
                session.flush()
                wire_users.tell(session, organisation.id, card.id)
            card.move_to = card.before = None
        self._office.note(session, act.value, organisation=organisation.id, detail=f"{card.id}")

    def _enter_register(self, session: Session, organisation: tables.Organisation, card: tables.Card) -> None:
        """A registration number for a register; it stays its own for good."""
        outlet = session.get_one(tables.Outlet, card.outlet)
        office = settlements()[outlet.settlement].tax_office.code
        rnm = registration_number(office, card.id)
        made = registration_of(organisation, outlet, card)
        wire_books.describe(session, card.id, lambda known: replace(made, rnm=rnm, kkm_id=known.kkm_id))

    # --- suspension and return -----------------------------------------------------------------------------

    def _suspend(
        self, session: Session, organisation: tables.Organisation, card: tables.Card, today: date
    ) -> None:
        """Take a suspension into effect whose first of the month has come by `today` (PT-8)."""
        if card.suspend_on is None or card.suspend_on > today.isoformat():
            return
        day = date.fromisoformat(card.suspend_on)
        self._charge(session, organisation, [card], day - _DAY)
        books = wire_books.books_of(session, card.id)
        assert books is not None
        card.suspend_on = None
        if books.state not in move_of(DeviceState.READY, Act.MONTH_BEGINS).sources:
            if card.before is not None:
                # A block or a waiting re-registration stands in for it: it comes into force behind that.
                card.before = DeviceState.SUSPENDED.value
            return
        wire_books.set_state(session, card.id, DeviceState.SUSPENDED)
        card.shown_state, card.since = DeviceState.SUSPENDED.value, written(beginning(day))
        if _first_document(session, card.id, day) is not None:
            # The wire took a document before anybody looked: it resumed with that one (PT-9).
            wire_books.set_state(session, card.id, DeviceState.ACTIVE)

    def _follow_wire(self, session: Session, card: tables.Card, now: datetime) -> None:
        """Show what accepted documents made of a register (PT-7, PT-9), and charge again from that day on."""
        books = wire_books.books_of(session, card.id)
        assert books is not None
        shown = DeviceState(card.shown_state)
        if books.state is shown:
            return
        since = now
        if books.state is DeviceState.ACTIVE and card.since is not None:
            first = _first_document(session, card.id, moment_of(card.since))
            since = first or since
        if shown is DeviceState.SUSPENDED and books.state is DeviceState.ACTIVE:
            resumed = local_day(since)
            card.tariff_since = resumed.isoformat()
            card.charged_until = (resumed - _DAY).isoformat()
        card.shown_state, card.since = books.state.value, written(since)

    # --- charges -------------------------------------------------------------------------------------------

    def _charge(
        self,
        session: Session,
        organisation: tables.Organisation,
        cards: list[tables.Card],
        until: date,
    ) -> None:
        """Charge day by day up to `until`, all cards of a day before the next; a debt ends it (PT-14)."""
        running = [card for card in cards if card.charged_until is not None and _runs(session, card)]
        if not running:
            return
        day = min(date.fromisoformat(card.charged_until or "") for card in running) + _DAY
        while day <= until:
            for card in running:
                self._charge_day(session, organisation, card, day)
            day += _DAY

    def _charge_day(
        self, session: Session, organisation: tables.Organisation, card: tables.Card, day: date
    ) -> None:
        if card.charged_until is None or card.charged_until >= day.isoformat():
            return
        if card.tariff_since is None or not _runs(session, card):
            return
        card.charged_until = day.isoformat()
        cost = charge(TARIFFS[card.tariff or 0], day, date.fromisoformat(card.tariff_since))
        if cost:
            book(self._office, session, organisation, -cost, payment=None, day=day, card=card)


def _runs(session: Session, card: tables.Card) -> bool:
    """Whether the tariff of a register runs; a debt may have ended that a moment ago."""
    books = wire_books.books_of(session, card.id)
    return card.tariff is not None and books is not None and books.state in CHARGED


def _ledger_time(moment: datetime) -> str:
    """A moment as the ledger writes when a document came: local, whole seconds."""
    return to_almaty(moment).replace(tzinfo=None, microsecond=0).isoformat()


def _first_document(session: Session, device: int, since: date | datetime) -> datetime | None:
    """When the first document came that is not older than the beginning of a day, or than a moment.

    Numbers and arrivals of one register rise together, so it is looked for by halves: a register with
    millions of documents takes two dozen questions of the primary key.
    """
    start = _ledger_time(since if isinstance(since, datetime) else beginning(since))
    mine = _DOCUMENTS.c.device == device
    low, high = session.execute(
        select(func.min(_DOCUMENTS.c.number), func.max(_DOCUMENTS.c.number)).where(mine)
    ).one()
    found: str | None = None
    while low is not None and low <= high:
        middle = (low + high) // 2
        # There may be none of that number: the next one tells.
        number, received = session.execute(
            select(_DOCUMENTS.c.number, _DOCUMENTS.c.received)
            .where(mine, _DOCUMENTS.c.number >= middle)
            .order_by(_DOCUMENTS.c.number)
            .limit(1)
        ).one()
        if received >= start:
            found, high = received, middle - 1
        else:
            low = number + 1
    return None if found is None else from_almaty(datetime.fromisoformat(found))
