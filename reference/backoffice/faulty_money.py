"""Mistakes with money: providers' calls, subscriptions, secrets; defects.py names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reference.backoffice import payme, tables
from reference.backoffice.click import Click
from reference.backoffice.entrance import Visitor
from reference.backoffice.merchants import Merchants, MerchantView
from reference.backoffice.payme import Payme, PaymeError
from reference.backoffice.subscriptions import InvoiceView, Subscriptions, settle


class PerformsTwice(Payme):
    """Adds a period every time it is told that one is paid."""

    def _perform(self, session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        row = session.get(tables.Receipt, (payme.NAME, str(params.get("id"))))
        if row is not None and row.state == payme.PERFORMED:
            settle(self._office, session, session.get_one(tables.Invoice, row.invoice))
        return super()._perform(session, params)


class PerformsCancelled(Payme):
    """Lets a late word pay what was cancelled."""

    def _perform(self, session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        row = session.get(tables.Receipt, (payme.NAME, str(params.get("id"))))
        if row is not None and row.state == payme.CANCELLED:
            row.state = payme.CREATED
        return super()._perform(session, params)


class AnyAmount(Payme):
    """Does not compare the amount with the invoice's."""

    def _payable(self, session: Session, params: Mapping[str, Any]) -> tables.Invoice:
        try:
            return super()._payable(session, params)
        except PaymeError as error:
            if error.code != payme.AMOUNT:
                raise
            return session.get_one(tables.Invoice, int(params["account"]["invoice"]))


class AnyKey(Payme):
    """Lets in whoever sends any password at all."""

    def _right(self, authorization: str) -> bool:
        return authorization.startswith("Basic ")


class NeverTooLate(Payme):
    """Lets a transaction wait for ever."""

    def _expire(self, session: Session, row: tables.Receipt) -> bool:  # noqa: ARG002 - the mistake
        return False


class TwoTransactions(Payme):
    """Lets a second transaction hold an invoice that another one holds."""

    def _create(self, session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        table = tables.Receipt
        rows = session.scalars(select(table).where(table.state == payme.CREATED, table.key != params["id"]))
        held = [row for row in rows if row.provider == payme.NAME]
        for row in held:
            row.state = payme.CANCELLED
        session.flush()
        try:
            return super()._create(session, params)
        finally:
            for row in held:
                row.state = payme.CREATED


class OwnTimes(Payme):
    """Goes in statements by the time at which it heard of a transaction."""

    _made = "created"


class SignUnchecked(Click):
    """Does not look at the signature."""

    def _check_sign(self, form: Mapping[str, str]) -> None:  # noqa: ARG002 - the mistake
        return


class AnyClickAmount(Click):
    """Does not compare the amount with the invoice's."""

    @staticmethod
    def _invoice(session: Session, form: Mapping[str, str]) -> tables.Invoice:
        text = form["merchant_trans_id"]
        row = session.get(tables.Invoice, int(text)) if text.isascii() and text.isdigit() else None
        right = form["amount"] if row is None else str(Decimal(row.amount) / 100)
        return Click._invoice(session, {**form, "amount": right})


class RevivesCancelled(Click):
    """Lets a late word pay what Click itself had cancelled."""

    def _complete(
        self, session: Session, form: Mapping[str, str], invoice: tables.Invoice
    ) -> tuple[dict[str, Any], tuple[int, str]]:
        row = session.get(tables.Receipt, ("click", form["click_trans_id"]))
        if row is not None and row.state < 0 and not form["error"].startswith("-"):
            row.state = 1
        return super()._complete(session, form, invoice)


class RenewsWithoutCard(Subscriptions):
    """Promises to renew what nobody can be charged for."""

    def renew_by_itself(self, visitor: Visitor, wanted: bool) -> None:
        """Switch renewal on or off."""
        with self._office.changing() as session:
            session.get_one(tables.Subscription, visitor.owner).renews = wanted


class NeverRenews(Subscriptions):
    """Forgets to renew."""

    def keep_up(self) -> int:
        """Renew what is due."""
        return 0


class KeepsOldChoice(Subscriptions):
    """Leaves the invoice of the choice before to be paid, too."""

    def choose(self, visitor: Visitor, plan: str, months: int, provider: str) -> InvoiceView:
        """«Tanlash»."""
        table = tables.Invoice
        with self._office.reading() as session:
            query = select(table.id).where(table.owner == visitor.owner, table.state == "waiting")
            waiting = session.scalars(query).all()
        made = super().choose(visitor, plan, months, provider)
        with self._office.changing() as session:
            for number in waiting:
                session.get_one(table, number).state = "waiting"
        return made


class AnybodysInvoice(Subscriptions):
    """Shows any owner's invoice by its number."""

    def invoice(self, visitor: Visitor, invoice: int) -> InvoiceView:
        """Where an invoice stands."""
        with self._office.reading() as session:
            row = session.get(tables.Invoice, invoice)
            owner = visitor.owner if row is None else row.owner
        return super().invoice(replace(visitor, owner=owner), invoice)


class ShowsSecret(Merchants):
    """Tells the secret beside the application."""

    def _view(self, row: tables.Merchant | None) -> MerchantView:
        seen = super()._view(row)
        if row is None:
            return seen
        known = self._seal.open(row.secret, f"{row.provider}:{row.branch}")
        return replace(seen, application=f"{seen.application} {known}")


class EndlessTokens(Merchants):
    """Shows a token as living that is over."""

    def _view(self, row: tables.Merchant | None) -> MerchantView:
        return replace(super()._view(row), token=row is not None and row.token_until is not None)
