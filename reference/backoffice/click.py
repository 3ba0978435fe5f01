"""Click's merchant protocol, as the merchant: prepare and complete, signed with MD5 (BX-SUB-02).

Amounts come in so'm, with or without decimals. Both calls may come again; a completed payment answers -4.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reference.backoffice import tables
from reference.backoffice.office import Office
from reference.backoffice.subscriptions import settle

NAME: Final = "click"
PREPARE: Final = "0"
COMPLETE: Final = "1"
PREPARED: Final = 1
COMPLETED: Final = 2
CANCELLED: Final = -1
LONGEST: Final = 64
"""Characters of a transaction's id."""

OK: Final = (0, "Success")
SIGN: Final = (-1, "SIGN CHECK FAILED!")
AMOUNT: Final = (-2, "Incorrect parameter amount")
ACTION: Final = (-3, "Action not found")
PAID: Final = (-4, "Already paid")
INVOICE: Final = (-5, "User does not exist")
TRANSACTION: Final = (-6, "Transaction does not exist")
REQUEST: Final = (-8, "Error in request from click")
GONE: Final = (-9, "Transaction cancelled")

_FIELDS: Final = (
    "click_trans_id",
    "service_id",
    "merchant_trans_id",
    "amount",
    "action",
    "error",
    "sign_time",
    "sign_string",
)


class _Refused(Exception):  # noqa: N818 - an answer, not a failure
    def __init__(self, why: tuple[int, str]) -> None:
        super().__init__(why[1])
        self.why = why


class Click:
    """The merchant's side of Click."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def answer(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer to one call; refusals are answers, too."""
        told: dict[str, Any] = {
            "click_trans_id": form.get("click_trans_id", ""),
            "merchant_trans_id": form.get("merchant_trans_id", ""),
        }
        try:
            with self._office.changing() as session:
                more, why = self._run(session, form)
        except _Refused as refused:
            more, why = {}, refused.why
        return told | more | {"error": why[0], "error_note": why[1]}

    def _run(self, session: Session, form: Mapping[str, str]) -> tuple[dict[str, Any], tuple[int, str]]:
        if any(not form.get(name) for name in _FIELDS) or len(form["click_trans_id"]) > LONGEST:
            raise _Refused(REQUEST)
        if form["action"] not in (PREPARE, COMPLETE):
            raise _Refused(ACTION)
        self._check_sign(form)
        invoice = self._invoice(session, form)
        if form["action"] == PREPARE:
            return self._prepare(session, form, invoice), OK
        return self._complete(session, form, invoice)

    def _check_sign(self, form: Mapping[str, str]) -> None:
        settings = self._office.settings
        wanted = signature(form, settings.click_key)
        right = hmac.compare_digest(form["sign_string"].lower().encode(), wanted.encode())
        if not right or form["service_id"] != str(settings.click_service):
            raise _Refused(SIGN)

    @staticmethod
    def _invoice(session: Session, form: Mapping[str, str]) -> tables.Invoice:
        text = form["merchant_trans_id"]
        known = text.isascii() and text.isdigit() and len(text) <= 16
        invoice = session.get(tables.Invoice, int(text)) if known else None
        if invoice is None or invoice.provider != NAME:
            raise _Refused(INVOICE)
        try:
            amount = Decimal(form["amount"]) * 100
        except ArithmeticError:  # no number, or one beyond all
            raise _Refused(AMOUNT) from None
        if amount != invoice.amount:
            raise _Refused(AMOUNT)
        if invoice.state == "paid":
            raise _Refused(PAID)
        if invoice.state != "waiting":
            raise _Refused(GONE)
        return invoice

    def _prepare(self, session: Session, form: Mapping[str, str], invoice: tables.Invoice) -> dict[str, Any]:
        row = session.get(tables.Receipt, (NAME, form["click_trans_id"]))
        if row is None:
            table = tables.Receipt
            row = table(
                provider=NAME,
                key=form["click_trans_id"],
                id=int(session.scalar(select(func.max(table.id))) or 0) + 1,
                invoice=invoice.id,
                state=PREPARED,
                created=int(self._office.now.timestamp() * 1000),
                performed=0,
                cancelled=0,
            )
            session.add(row)
            session.flush()
        if row.invoice != invoice.id:
            raise _Refused(TRANSACTION)
        if row.state == CANCELLED:
            raise _Refused(GONE)
        return {"merchant_prepare_id": row.id}

    def _complete(
        self, session: Session, form: Mapping[str, str], invoice: tables.Invoice
    ) -> tuple[dict[str, Any], tuple[int, str]]:
        row = session.get(tables.Receipt, (NAME, form["click_trans_id"]))
        prepared = form.get("merchant_prepare_id", "")
        if row is None or str(row.id) != prepared or row.invoice != invoice.id:
            raise _Refused(TRANSACTION)
        if row.state == CANCELLED:
            raise _Refused(GONE)
        now = int(self._office.now.timestamp() * 1000)
        told = {"merchant_confirm_id": row.id}
        if form["error"].startswith("-"):
            # Click says that the money did not come: that is kept, and answered as cancelled.
            row.state, row.cancelled = CANCELLED, now
            return told, GONE
        row.state, row.performed = COMPLETED, now
        settle(self._office, session, invoice)
        return told, OK


def signature(form: Mapping[str, str], key: str) -> str:
    """What Click signs a call with: MD5 over its fields and the secret `key`."""
    prepared = form.get("merchant_prepare_id", "") if form["action"] == COMPLETE else ""
    signed = (
        form["click_trans_id"],
        form["service_id"],
        key,
        form["merchant_trans_id"],
        prepared,
        form["amount"],
        form["action"],
        form["sign_time"],
    )
    return hashlib.md5("".join(signed).encode()).hexdigest()  # noqa: S324 - the protocol's own
