"""Subscriptions: what is paid for, until when, and how it goes on by itself (BX-SUB-01, BX-SUB-02)."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from reference.backoffice import tables
from reference.backoffice.entrance import Visitor
from reference.backoffice.moments import moment_of, written
from reference.backoffice.office import Office
from reference.backoffice.plans import MONTHS, PLANS, Plan, price_of
from reference.protocol.uz.values import from_tashkent, to_tashkent
from reference.runtime.forms import LISTED
from reference.runtime.refusals import Finding, InvalidError, RefusedError, UnknownError
from reference.runtime.words import Words

PROVIDERS: Final = ("payme", "click")
_NO_CARD: Final = Words("Avval kartani saqlang", "Сначала сохраните карту", "Save a card first")
_STOPPED: Final = Words(
    "Obuna administrator tomonidan to'xtatilgan",
    "Подписка приостановлена администратором",
    "An administrator has stopped this subscription",
)
_ENDS: Final = (
    select(tables.Subscription.until)
    .where(tables.Subscription.renews, tables.Subscription.stopped.is_(False), tables.Subscription.card != "")
    .order_by(tables.Subscription.until)
)
"""When subscriptions that renew end, the next one first."""
_NEXT_END: Final = _ENDS.limit(1)
_ENDED: Final = _ENDS.where(tables.Subscription.until <= bindparam("now"))


class State(StrEnum):
    """Faol, Muddati o'tgan, To'xtatilgan."""

    ACTIVE = "active"
    EXPIRED = "expired"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription as pages and API show it; `card` is «Visa •••• 1234 12/28», or empty."""

    plan: Plan
    until: str
    days_left: int
    state: State
    renews: bool
    card: str


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """A period to be paid, and where."""

    id: int
    plan: str
    months: int
    amount: int
    provider: str
    state: str
    paid: str | None


class Subscriptions:
    """The desk for subscriptions."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def view(self, visitor: Visitor) -> SubscriptionView:
        """What the owner has."""
        with self._office.reading() as session:
            row = session.get_one(tables.Subscription, visitor.owner)
            left = moment_of(row.until) - self._office.now
            return SubscriptionView(
                PLANS[row.plan],
                row.until,
                max(0, -(-left // timedelta(days=1))),
                self._state(row),
                row.renews,
                row.card,
            )

    def choose(self, visitor: Visitor, plan: str, months: int, provider: str) -> InvoiceView:
        """«Tanlash»: an invoice that the provider is to be paid. One that waits is cancelled by it."""
        found = PLANS.get(plan)
        price = None if found is None else price_of(found, months)
        if price is None or months not in MONTHS:
            raise InvalidError([Finding("plan", "list", LISTED)])
        if provider not in PROVIDERS:
            raise InvalidError([Finding("provider", "list", LISTED)])
        office = self._office
        with office.changing() as session:
            if session.get_one(tables.Subscription, visitor.owner).stopped:
                raise RefusedError("stopped", _STOPPED)
            table = tables.Invoice
            waiting = select(table).where(table.owner == visitor.owner, table.state == "waiting")
            for row in session.scalars(waiting):
                row.state = "cancelled"
            made = table(
                owner=visitor.owner,
                plan=plan,
                months=months,
                amount=price,
                provider=provider,
                state="waiting",
                made=written(office.now),
            )
            session.add(made)
            session.flush()
            return _view(made)

    def invoice(self, visitor: Visitor, invoice: int) -> InvoiceView:
        """«To'lov tekshirilmoqda...»: where an invoice stands; UnknownError unless it is the owner's."""
        with self._office.reading() as session:
            row = session.get(tables.Invoice, invoice)
            if row is None or row.owner != visitor.owner:
                raise UnknownError("invoice")
            return _view(row)

    def save_card(self, visitor: Visitor, brand: str, last: str, expiry: str) -> None:
        """Remember a card of the stand-in: brand, last four digits, expiry; never its number."""
        with self._office.changing() as session:
            row = session.get_one(tables.Subscription, visitor.owner)
            row.card = f"{brand} •••• {last} {expiry}"

    def forget_card(self, visitor: Visitor) -> None:
        """Forget it; renewal ends with it."""
        with self._office.changing() as session:
            row = session.get_one(tables.Subscription, visitor.owner)
            row.card, row.renews = "", False

    def renew_by_itself(self, visitor: Visitor, wanted: bool) -> None:
        """Switch renewal on or off; on needs a saved card."""
        with self._office.changing() as session:
            row = session.get_one(tables.Subscription, visitor.owner)
            if wanted and not row.card:
                raise RefusedError("card", _NO_CARD)
            row.renews = wanted

    def stop(self, owner: int, stopped: bool) -> None:
        """What an administrator does."""
        with self._office.changing() as session:
            row = session.get(tables.Subscription, owner)
            if row is None:
                raise UnknownError("owner")
            row.stopped = stopped

    # --- by the lab clock ----------------------------------------------------------------------------

    def keep_up(self) -> int:
        """Renew what ends by now and is to renew; how many were. The stand-in of the card always pays."""
        office = self._office
        now = written(office.now)
        with office.looking() as connection:
            if connection.execute(_ENDED, {"now": now}).first() is None:
                return 0
        with office.changing() as session:
            table = tables.Subscription
            due = select(table).where(
                table.renews, table.stopped.is_(False), table.card != "", table.until <= now
            )
            rows = [row for row in session.scalars(due) if PLANS[row.plan].month is not None]
            for row in rows:
                price = PLANS[row.plan].month
                assert price is not None
                invoice = tables.Invoice(
                    owner=row.owner,
                    plan=row.plan,
                    months=1,
                    amount=price,
                    provider="card",
                    state="waiting",
                    made=now,
                )
                session.add(invoice)
                session.flush()
                settle(office, session, invoice)
            return len(rows)

    def next_due(self) -> datetime | None:
        """When the next subscription that renews ends."""
        with self._office.looking() as connection:
            ends = connection.execute(_NEXT_END).scalar()
        return None if ends is None else moment_of(ends)

    def _state(self, row: tables.Subscription) -> State:
        if row.stopped:
            return State.STOPPED
        return State.ACTIVE if self._office.now < moment_of(row.until) else State.EXPIRED


def settle(office: Office, session: Session, invoice: tables.Invoice) -> None:
    """An invoice is paid: the subscription goes on from its end, or from now when that has passed."""
    row = session.get_one(tables.Subscription, invoice.owner)
    begin = max(office.now, moment_of(row.until)) if row.plan == invoice.plan else office.now
    row.plan, row.until = invoice.plan, written(_after(begin, invoice.months))
    invoice.state, invoice.paid = "paid", written(office.now)


def unsettle(office: Office, session: Session, invoice: tables.Invoice) -> None:
    """A paid invoice is given back: its months are taken off, never below now."""
    row = session.get_one(tables.Subscription, invoice.owner)
    end = max(office.now, _after(moment_of(row.until), -invoice.months))
    row.until = written(end)
    invoice.state = "cancelled"


def _after(moment: datetime, months: int) -> datetime:
    """The same day of the month so many months on, or its last day where there is no such day."""
    local = to_tashkent(moment)
    number = local.year * 12 + local.month - 1 + months
    year, month = divmod(number, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return from_tashkent(local.replace(year=year, month=month + 1, day=day))


def _view(row: tables.Invoice) -> InvoiceView:
    return InvoiceView(row.id, row.plan, row.months, row.amount, row.provider, row.state, row.paid)
