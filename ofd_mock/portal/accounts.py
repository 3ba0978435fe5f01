"""«Лицевой счет»: charges, top-ups through a stand-in bank, balance and statement (KZ-TRF-04)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ofd_mock.portal import tables, wire_books
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import RefusedError
from ofd_mock.portal.forms import Form
from ofd_mock.portal.moments import written
from ofd_mock.portal.moves import Act, after
from ofd_mock.portal.office import Office
from ofd_mock.portal.paging import MOST_ROWS, bounded
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.results import Texts

MOST_AT_ONCE: Final = 100_000_000
"""Tiyn of one top-up: a million tenge."""
WORKING: Final = (DeviceState.READY, DeviceState.ACTIVE, DeviceState.SUSPENDED)
_PAYMENT: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_AMOUNT: Final = Texts(
    "Сумма: от 1 до 1 000 000 тенге", "Сома: 1-ден 1 000 000 теңгеге дейін", "From 1 to 1,000,000 tenge"
)
_WHOLE: Final = Texts(
    "Целое число без знаков и пробелов", "Таңбасыз және бос орынсыз бүтін сан", "A whole number, digits only"
)
_PAYMENT_TEXT: Final = Texts(
    "Номер платежа: до 64 латинских букв, цифр и «-»",
    "Төлем нөмірі: 64-ке дейін латын әрпі, сан және «-»",
    "A payment's number has up to 64 Latin letters, digits and hyphens",
)
OTHER_SUM: Final = Texts(
    "Платеж с этим номером уже принят на другую сумму",
    "Осы нөмірлі төлем басқа сомаға қабылданған",
    "The payment of this number came in already, with another sum",
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the statement; `amount` below zero is a charge. Tiyn."""

    id: int
    day: date
    amount: int
    balance: int
    card: int | None
    tariff: int | None
    payment: str | None


class Accounts:
    """The desk for money."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def balance(self, visitor: Visitor) -> int:
        """Tiyn; may be below zero."""
        with self._office.reading() as session:
            return session.get_one(tables.Organisation, visitor.organisation).balance

    def statement(
        self,
        visitor: Visitor,
        first: date | None = None,
        last: date | None = None,
        limit: int = MOST_ROWS,
        before: int | None = None,
    ) -> list[Line]:
        """Lines of these days, both included, newest first; with `before` those older than that line.

        Who sees but some outlets sees the charges of their registers only.
        """
        table = tables.Entry
        query = select(table).where(*lines_of(visitor, first, last))
        if before is not None:
            query = query.where(table.id < before)
        bounded(limit)
        with self._office.reading() as session:
            return [
                Line(
                    row.id,
                    date.fromisoformat(row.day),
                    row.amount,
                    row.balance,
                    row.card,
                    row.tariff,
                    row.payment,
                )
                for row in session.scalars(query.order_by(table.id.desc()).limit(limit))
            ]

    def top_up(self, visitor: Visitor, given: Mapping[str, Any]) -> int:
        """Money from the stand-in bank: `amount` in tenge, `payment` its number there; the new balance.

        The same payment again changes nothing; with another sum it is refused.
        """
        visitor.require_administrator()
        form = Form(given, frozenset({"amount", "payment"}))
        amount, payment = read_amount(form), form.text("payment", 64)
        if payment and not _PAYMENT.fullmatch(payment):
            form.add("payment", "shape", _PAYMENT_TEXT)
        form.done()
        assert amount is not None
        office = self._office
        with office.changing() as session:
            organisation = lock(session, visitor.organisation)
            known = session.scalars(select(tables.Entry).where(tables.Entry.payment == payment)).first()
            if known is None:
                book(office, session, organisation, amount * 100, payment=payment)
                office.note(
                    session,
                    "top-up",
                    organisation=organisation.id,
                    user=visitor.user,
                    detail=f"{payment}: {amount}",
                )
            elif known.organisation != organisation.id or known.amount != amount * 100:
                raise RefusedError("payment", OTHER_SUM)
            return organisation.balance


def read_amount(form: Form) -> int | None:
    """The tenge of one top-up; what is wrong with them stands in the form."""
    amount = form.number("amount", _WHOLE)
    if amount is not None and not 1 <= amount * 100 <= MOST_AT_ONCE:
        form.add("amount", "range", _AMOUNT)
    return amount


def lines_of(visitor: Visitor, first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    """The conditions that leave of all lines those of these days that the visitor may see."""
    table, card = tables.Entry, tables.Card
    found = [table.organisation == visitor.organisation]
    if visitor.outlets is not None:
        found.append(table.card.in_(select(card.id).where(card.outlet.in_(visitor.outlets))))
    if first is not None:
        found.append(table.day >= first.isoformat())
    if last is not None:
        found.append(table.day <= last.isoformat())
    return found


def lock(session: Session, organisation: int) -> tables.Organisation:
    """The organisation's row, locked for the rest of the transaction."""
    session.flush()  # what is read anew must not undo what is not yet written
    return session.get_one(tables.Organisation, organisation, with_for_update=True, populate_existing=True)


def book(
    office: Office,
    session: Session,
    organisation: tables.Organisation,
    amount: int,
    *,
    payment: str | None,
    day: date | None = None,
    card: tables.Card | None = None,
) -> None:
    """Book a line, and block or free the organisation's registers as the balance asks (PT-14, PT-15)."""
    organisation.balance += amount
    session.add(
        tables.Entry(
            organisation=organisation.id,
            day=(day or office.today).isoformat(),
            made=written(office.now),
            amount=amount,
            balance=organisation.balance,
            card=None if card is None else card.id,
            tariff=None if card is None else card.tariff,
            payment=payment,
        )
    )
    act = Act.BLOCK_FOR_MONEY if organisation.balance < 0 else Act.MONEY_BACK
    _follow(office, session, organisation.id, act)


def _follow(office: Office, session: Session, organisation: int, act: Act) -> None:
    """Block all working registers of an organisation, or give all blocked for money their state back."""
    table = tables.Card
    for card in session.scalars(
        select(table).where(table.organisation == organisation, table.removed.is_(False))
    ):
        books = wire_books.books_of(session, card.id)
        if books is None:
            continue
        if act is Act.BLOCK_FOR_MONEY and books.state in WORKING:
            card.before = books.state.value
        elif act is not Act.MONEY_BACK or books.state is not DeviceState.BLOCKED_MONEY:
            continue
        before = DeviceState(card.before) if card.before else DeviceState.READY
        state = after(books.state, act, before)
        assert state is not None
        wire_books.set_state(session, card.id, state)
        card.shown_state, card.since = state.value, written(office.now)
        if act is Act.MONEY_BACK:
            card.before = None
            # Days of a block are not charged: the service was not there.
            card.charged_until = max(card.charged_until or "", office.today.isoformat())
