"""Top-ups through the bank: an order, the bank's signed word about it, the money booked (KZ-TRF-04).

order → the bank's page → decide → notified, as often and as late as the bank likes: money is booked once.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ofd_mock.portal import tables
from ofd_mock.portal.accounts import OTHER_SUM, book, lock, read_amount
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import RefusedError, UnknownError
from ofd_mock.portal.forms import Form
from ofd_mock.portal.moments import shown, written
from ofd_mock.portal.office import Office
from reference.protocol.kz.results import Texts
from reference.runtime.chance import secret

NEW, PAID, REFUSED = "new", "paid", "refused"
WORDS: Final = (PAID, REFUSED)
"""What a bank says of a payment."""
_FORGED: Final = Texts(
    "Подпись банка не подходит", "Банктің қолтаңбасы сәйкес емес", "The bank's signature does not fit"
)
_DECIDED: Final = Texts("Платеж уже завершен", "Төлем аяқталған", "This payment is over already")


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment. `amount` is tiyn; `bank` is what the bank decided, `state` what the portal knows of it."""

    number: str
    amount: int
    personal_account: int
    organisation: str
    asked: str
    bank: str
    state: str


@dataclass(frozen=True, slots=True)
class BankWord:
    """What the bank says of a payment; `signature` is over all the rest."""

    payment: str
    amount: int
    status: str
    signature: str


class Payments:
    """The desk for orders, and the bank's way back to it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def order(self, visitor: Visitor, given: Mapping[str, Any]) -> str:
        """A payment of `amount` tenge to be made at the bank; its number.

        `attempt` names one filling of the form: sent again it is the same payment, with another sum refused.
        """
        visitor.require_administrator()
        form = Form(given, frozenset({"amount", "attempt"}))
        amount, attempt = read_amount(form), form.text("attempt", 64, required=False)
        form.done()
        assert amount is not None
        number = _number(visitor.organisation, attempt or secret())
        try:
            with self._office.changing() as session:
                self._ordered(session, visitor, number, amount * 100)
        except IntegrityError:
            with self._office.changing() as session:
                self._ordered(session, visitor, number, amount * 100)
        return number

    def _ordered(self, session: Session, visitor: Visitor, number: str, amount: int) -> None:
        known = _find(session, number)
        if known is not None:
            if known.amount != amount:
                raise RefusedError("payment", OTHER_SUM)
            return
        session.add(
            tables.Payment(
                organisation=visitor.organisation,
                number=number,
                secret=secret(),
                amount=amount,
                asked=written(self._office.now),
                bank=NEW,
                state=NEW,
            )
        )
        self._office.note(
            session,
            "payment-ordered",
            organisation=visitor.organisation,
            user=visitor.user,
            detail=f"{amount // 100}",
        )

    def one(self, visitor: Visitor, number: str) -> PaymentView:
        """A payment of the visitor's organisation; UnknownError for everything else."""
        visitor.require_administrator()
        with self._office.reading() as session:
            row = _find(session, number)
            if row is None or row.organisation != visitor.organisation:
                raise UnknownError
            return _view(session, row)

    def at_bank(self, number: str) -> PaymentView:
        """The payment as the bank's page shows it to whoever was sent there with its number."""
        with self._office.reading() as session:
            row = _find(session, number)
            if row is None:
                raise UnknownError
            return _view(session, row)

    def decide(self, number: str, status: str) -> BankWord:
        """The stand-in bank's decision, as its signed word; a payment that was paid stays so."""
        with self._office.changing() as session:
            row = _find(session, number)
            if row is None or status not in WORDS:
                raise UnknownError
            if row.bank == PAID and status != PAID:
                raise RefusedError("payment", _DECIDED)
            row.bank = status
            return _word(row)

    def word_again(self, number: str) -> BankWord:
        """What the bank has said before, to be said again; UnknownError while it has decided nothing."""
        with self._office.reading() as session:
            row = _find(session, number)
            if row is None or row.bank == NEW:
                raise UnknownError
            return _word(row)

    def notified(self, word: BankWord) -> PaymentView:
        """Take the bank's word: money is booked with the first «paid», whatever came before or comes after.

        RefusedError for a word that the bank did not sign, of a payment that there is or is not.
        """
        office = self._office
        with office.changing() as session:
            row = _find(session, word.payment)
            key = "" if row is None else row.secret
            right = hmac.compare_digest(_signature(key, word).encode(), word.signature.encode())
            if row is None or not right or word.status not in WORDS or word.amount != row.amount:
                raise RefusedError("signature", _FORGED)
            organisation = lock(session, row.organisation)
            session.refresh(row, with_for_update=True)
            if word.status == PAID and row.state != PAID:
                book(office, session, organisation, row.amount, payment=row.number)
                self._settle(session, row, PAID)
            elif word.status == REFUSED and row.state == NEW:
                self._settle(session, row, REFUSED)
            return _view(session, row)

    def _settle(self, session: Session, row: tables.Payment, state: str) -> None:
        row.state, row.answered = state, written(self._office.now)
        self._office.note(
            session, f"payment-{state}", organisation=row.organisation, detail=f"{row.amount // 100}"
        )


def _number(organisation: int, attempt: str) -> str:
    """Nobody guesses it who does not know the attempt, and another organisation's is another."""
    return hashlib.sha256(f"{organisation}:{attempt}".encode()).hexdigest()[:32]


def _find(session: Session, number: str) -> tables.Payment | None:
    table = tables.Payment
    return session.scalars(select(table).where(table.number == number)).first()


def _view(session: Session, row: tables.Payment) -> PaymentView:
    owner = session.get_one(tables.Organisation, row.organisation)
    return PaymentView(
        row.number, row.amount, owner.personal_account, owner.name, shown(row.asked), row.bank, row.state
    )


def _word(row: tables.Payment) -> BankWord:
    word = BankWord(row.number, row.amount, row.bank, "")
    return BankWord(word.payment, word.amount, word.status, _signature(row.secret, word))


def _signature(key: str, word: BankWord) -> str:
    said = f"{word.payment}\n{word.amount}\n{word.status}"
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()
