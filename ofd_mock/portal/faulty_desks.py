"""Mistakes with registers, outlets and money; defects.py names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ofd_mock.portal import tables, wire_books
from ofd_mock.portal.accounts import Accounts, book
from ofd_mock.portal.card_form import read_card_form
from ofd_mock.portal.card_views import CardView, CardViews
from ofd_mock.portal.cards import Cards, Wish, _fill, _Held
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError, RefusedError
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.keeper import Keeper
from ofd_mock.portal.moments import written
from ofd_mock.portal.moves import Act
from ofd_mock.portal.outlets import Outlets, find
from ofd_mock.portal.tariffs import TARIFFS, charge
from reference.protocol.kz.device_states import DeviceState

_DAY = timedelta(days=1)


class OldTokenLives(Cards):
    """Shows a new token and forgets to write it down."""

    def token(self, visitor: Visitor, card: int) -> int:
        """«Получить токен»."""
        with self._office.reading() as session:
            before = wire_books.token_of(session, card)
        made = super().token(visitor, card)
        if before:
            with self._office.changing() as session:
                wire_books.put_token(session, card, before)
        return made


class TokenAlways(Cards):
    """Gives a token in every state."""

    def token(self, visitor: Visitor, card: int) -> int:
        """«Получить токен»."""
        visitor.require_administrator()
        with self._office.changing() as session:
            self._hold(session, visitor, card)
            return wire_books.make_token(session, card, self._office.chance)


class SuspendsAtOnce(Cards):
    """Lets a suspension begin today."""

    def _carry_out(self, session: Session, visitor: Visitor, held: _Held, act: Act, wish: Wish) -> None:
        super()._carry_out(session, visitor, held, act, wish)
        if act is Act.SUSPEND:
            held.card.suspend_on = self._office.today.isoformat()


class LeavesWithOpenShift(Cards):
    """Looks at the tariff alone before a register leaves the books."""

    def _guard_leaving(self, held: _Held, wish: Wish) -> list[tuple[str, str]]:
        closed = _Held(held.card, replace(held.books, shift_open=False), held.organisation)
        return super()._guard_leaving(closed, wish)


class NewNumberWithMove(Cards):
    """Gives a register a new registration number where it moves to."""

    def _carry_out(self, session: Session, visitor: Visitor, held: _Held, act: Act, wish: Wish) -> None:
        super()._carry_out(session, visitor, held, act, wish)
        if act is Act.REREGISTER:
            wire_books.describe(
                session, held.card.id, lambda known: replace(known, rnm=known.rnm[:4] + known.rnm[:3:-1])
            )


class MovesAnywhere(Cards):
    """Does not look at tax offices."""

    def _guard_move(
        self, session: Session, visitor: Visitor, held: _Held, wish: Wish
    ) -> list[tuple[str, str]]:
        try:
            return super()._guard_move(session, visitor, held, wish)
        except RefusedError as error:
            if error.rule != "tax-office":
                raise
            return [("НОВЫЙ АДРЕС", str(wish.outlet))]


class ChangesLater(Cards):
    """Saves the form of a registered register as it saves a draft."""

    def save(self, visitor: Visitor, given: Mapping[str, Any], card: int | None = None) -> int:
        """«Сохранить»."""
        try:
            return super().save(visitor, given, card)
        except RefusedError:
            assert card is not None
            form = read_card_form(given)
            with self._office.changing() as session:
                _fill(self._hold(session, visitor, card).card, form)
            return card


class _Lenient(Cards):
    """Overlooks some findings of a form that is to be registered."""

    overlooks: Callable[[FieldFinding], bool]

    def _require_whole(self, session: Session, held: _Held) -> None:
        try:
            super()._require_whole(session, held)
        except InvalidError as error:
            left = [finding for finding in error.findings if not type(self).overlooks(finding)]
            if left:
                raise InvalidError(left) from None


class SerialTwice(_Lenient):
    """Registers a number that is registered."""

    overlooks = staticmethod(lambda finding: finding.rule == "free")


class AnyYear(_Lenient):
    """Registers a register of next year."""

    overlooks = staticmethod(lambda finding: finding.field == "year")


class AnswersAtOnce(Cards):
    """Asks the tax body and answers a minute later itself."""

    def _ask(self, session: Session, card: tables.Card, kind: str) -> None:
        super()._ask(session, card, kind)
        for row in session.new:
            if isinstance(row, tables.TaxRequest) and row.due is not None:
                row.due = written(self._office.now + timedelta(minutes=1))


class StrangersVisible(CardViews):
    """Finds a register by its number alone."""

    def one(self, visitor: Visitor, card: int) -> CardView:
        """One register."""
        with self._office.reading() as session:
            row = session.get(tables.Card, card)
        anybody = visitor if row is None else replace(visitor, organisation=row.organisation, outlets=None)
        return super().one(anybody, card)


class RemovesFull(Outlets):
    """Removes an outlet with its registers."""

    def remove(self, visitor: Visitor, outlet: int) -> None:
        """Remove an outlet."""
        visitor.require_administrator()
        with self._office.changing() as session:
            find(session, visitor, outlet).removed = True


class BooksTwice(Accounts):
    """Books a payment as often as the bank tells of it."""

    def top_up(self, visitor: Visitor, given: Mapping[str, Any]) -> int:
        """Money from the stand-in bank."""
        known = len(self.statement(visitor))
        return super().top_up(visitor, dict(given) | {"payment": f"{given.get('payment')}-{known}"})


class ChargesAtRest(Keeper):
    """Charges a register while it rests."""

    def _behind(self) -> list[int]:
        with self._office.looking() as connection:
            return sorted(connection.scalars(select(tables.Organisation.id)))

    def _charge(
        self, session: Session, organisation: tables.Organisation, cards: list[tables.Card], until: date
    ) -> None:
        super()._charge(session, organisation, cards, until)
        for card in cards:
            books = wire_books.books_of(session, card.id)
            resting = books is not None and books.state is DeviceState.SUSPENDED
            while resting and card.charged_until is not None and card.charged_until < until.isoformat():
                day = date.fromisoformat(card.charged_until) + _DAY
                card.charged_until = day.isoformat()
                cost = charge(TARIFFS[card.tariff or 0], day, date.fromisoformat(card.tariff_since or ""))
                if cost:
                    book(self._office, session, organisation, -cost, payment=None, day=day, card=card)
