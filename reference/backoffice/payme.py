"""Payme's merchant protocol, as the merchant: JSON-RPC calls that pay an invoice (BX-SUB-02).

    1 created ─► 2 performed ─► -2 cancelled after
         └─► -1 cancelled before

Every call may come again and is answered as the first time. A transaction that was created and not performed
within twelve hours is cancelled with reason 4. Amounts are tiyin, times milliseconds.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reference.backoffice import tables
from reference.backoffice.office import Office
from reference.backoffice.subscriptions import settle, unsettle

NAME: Final = "payme"
CREATED: Final = 1
PERFORMED: Final = 2
CANCELLED: Final = -1
CANCELLED_AFTER: Final = -2
TIMED_OUT: Final = 4
LIFE: Final = 12 * 3600 * 1000
REASONS: Final = range(1, 100)
"""Payme knows 1 … 10; a reason that is none is not kept."""
LARGEST: Final = 2**53 - 1

PARSE: Final = -32700
REQUEST: Final = -32600
METHOD: Final = -32601
RIGHTS: Final = -32504
AMOUNT: Final = -31001
UNKNOWN: Final = -31003
NOT_CANCELLABLE: Final = -31007
NOT_NOW: Final = -31008
ACCOUNT: Final = -31050


Method = Callable[[Session, Mapping[str, Any]], dict[str, Any]]
"""What a method does with its params."""


class PaymeError(Exception):
    """A refusal with its code; `data` names the field where one is wrong."""

    def __init__(self, code: int, text: str, data: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.data = data


class Payme:
    """The merchant's side of Payme."""

    _made: ClassVar[str] = "given"
    """Column of receipts whose time a statement goes by: that of Payme's own books."""

    def __init__(self, office: Office) -> None:
        self._office = office

    @property
    def _methods(self) -> dict[str, Method]:
        return {
            "CheckPerformTransaction": self._check_perform,
            "CreateTransaction": self._create,
            "PerformTransaction": self._perform,
            "CancelTransaction": self._cancel,
            "CheckTransaction": self._check,
            "GetStatement": self._statement,
        }

    def answer(self, authorization: str, request: Any) -> dict[str, Any]:
        """The answer to one call; refusals are answers, too. `request` is the body as JSON, None for none."""
        number = request.get("id") if isinstance(request, Mapping) else None
        try:
            result = self._run(authorization, request)
        except PaymeError as error:
            text = {language: str(error) for language in ("uz", "ru", "en")}
            told: dict[str, Any] = {"code": error.code, "message": text}
            if error.data is not None:
                told["data"] = error.data
            return {"jsonrpc": "2.0", "id": number, "error": told}
        return {"jsonrpc": "2.0", "id": number, "result": result}

    def _run(self, authorization: str, request: Any) -> dict[str, Any]:
        if not self._right(authorization):
            raise PaymeError(RIGHTS, "not enough rights")
        if request is None:
            raise PaymeError(PARSE, "the request is no JSON")
        if not isinstance(request, Mapping) or not isinstance(request.get("params"), Mapping):
            raise PaymeError(REQUEST, "the request is no call")
        method = self._methods.get(str(request.get("method")))
        if method is None:
            raise PaymeError(METHOD, "there is no such method", str(request.get("method"))[:100])
        with self._office.changing() as session:
            return method(session, request["params"])

    def _right(self, authorization: str) -> bool:
        settings = self._office.settings
        try:
            scheme, given = authorization.split(" ", 1)
            pair = base64.b64decode(given, validate=True).decode()
        except (ValueError, binascii.Error):
            return False
        wanted = f"{settings.payme_login}:{settings.payme_key}"
        return scheme == "Basic" and hmac.compare_digest(pair.encode(), wanted.encode())

    # --- methods -------------------------------------------------------------------------------------

    def _check_perform(self, session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        self._payable(session, params)
        return {"allow": True}

    def _create(self, session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        key, given = _text(params, "id"), _number(params, "time")
        row = session.get(tables.Receipt, (NAME, key))
        if row is not None:
            self._expire(session, row)
            if row.state != CREATED:
                raise PaymeError(NOT_NOW, "the transaction is over")
            return _created(row)
        invoice = self._payable(session, params)
        table = tables.Receipt
        held = select(table).where(
            table.invoice == invoice.id, table.provider == NAME, table.state == CREATED
        )
        for other in session.scalars(held):
            if not self._expire(session, other):
                raise PaymeError(ACCOUNT, "another transaction pays this invoice", "invoice")
        number = int(session.scalar(select(func.max(table.id))) or 0) + 1
        row = table(
            provider=NAME,
            key=key,
            id=number,
            invoice=invoice.id,
            state=CREATED,
            given=given,
            created=self._now(),
            performed=0,
            cancelled=0,
        )
        session.add(row)
        session.flush()
        return _created(row)

    def _perform(self, session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        row = _find(session, params)
        if row.state == CREATED:
            if self._expire(session, row):
                # The answer is a refusal, and yet the cancellation has to stay.
                session.commit()
                raise PaymeError(NOT_NOW, "the transaction is too old")
            invoice = session.get_one(tables.Invoice, row.invoice)
            if invoice.state != "waiting":
                raise PaymeError(NOT_NOW, "the invoice is not to be paid any more")
            row.state, row.performed = PERFORMED, self._now()
            settle(self._office, session, invoice)
        if row.state != PERFORMED:
            raise PaymeError(NOT_NOW, "the transaction is cancelled")
        return {"transaction": str(row.id), "perform_time": row.performed, "state": row.state}

    def _cancel(self, session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        row = _find(session, params)
        reason = params.get("reason")
        if row.state in (CREATED, PERFORMED):
            if row.state == PERFORMED:
                unsettle(self._office, session, session.get_one(tables.Invoice, row.invoice))
            row.state = CANCELLED if row.state == CREATED else CANCELLED_AFTER
            row.reason = reason if isinstance(reason, int) and reason in REASONS else None
            row.cancelled = self._now()
        return {"transaction": str(row.id), "cancel_time": row.cancelled, "state": row.state}

    def _check(self, session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        row = _find(session, params)
        return {
            "create_time": row.created,
            "perform_time": row.performed,
            "cancel_time": row.cancelled,
            "transaction": str(row.id),
            "state": row.state,
            "reason": row.reason,
        }

    def _statement(self, session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        """Transactions that Payme made in a span, edges included, by the time that its own books have."""
        first, last = _number(params, "from"), _number(params, "to")
        table, invoices = tables.Receipt, tables.Invoice
        made = getattr(table, self._made)
        query = (
            select(table, invoices.amount)
            .join(invoices, invoices.id == table.invoice)
            .where(table.provider == NAME, made >= first, made <= last)
            .order_by(made, table.id)
        )
        return {
            "transactions": [
                {
                    "id": row.key,
                    "time": row.given,
                    "amount": amount,
                    "account": {"invoice": str(row.invoice)},
                    "create_time": row.created,
                    "perform_time": row.performed,
                    "cancel_time": row.cancelled,
                    "transaction": str(row.id),
                    "state": row.state,
                    "reason": row.reason,
                }
                for row, amount in session.execute(query)
            ]
        }

    # --- rules ---------------------------------------------------------------------------------------

    def _payable(self, session: Session, params: Mapping[str, Any]) -> tables.Invoice:
        account = params.get("account")
        text = str(account.get("invoice", "")) if isinstance(account, Mapping) else ""
        known = text.isascii() and text.isdigit() and len(text) <= 16
        invoice = session.get(tables.Invoice, int(text)) if known else None
        if invoice is None or invoice.provider != NAME or invoice.state != "waiting":
            raise PaymeError(ACCOUNT, "there is no such invoice to be paid", "invoice")
        if _number(params, "amount") != invoice.amount:
            raise PaymeError(AMOUNT, "the amount is not the invoice's")
        return invoice

    def _expire(self, session: Session, row: tables.Receipt) -> bool:
        """Cancel a transaction that waited too long; whether it did."""
        if row.state != CREATED or self._now() - row.created <= LIFE:
            return False
        row.state, row.reason, row.cancelled = CANCELLED, TIMED_OUT, self._now()
        session.flush()
        return True

    def _now(self) -> int:
        return int(self._office.now.timestamp() * 1000)


def _find(session: Session, params: Mapping[str, Any]) -> tables.Receipt:
    row = session.get(tables.Receipt, (NAME, _text(params, "id")))
    if row is None:
        raise PaymeError(UNKNOWN, "there is no such transaction")
    return row


def _created(row: tables.Receipt) -> dict[str, Any]:
    return {"create_time": row.created, "transaction": str(row.id), "state": row.state}


def _text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise PaymeError(REQUEST, f"{name} is missing", name)
    return value


def _number(params: Mapping[str, Any], name: str) -> int:
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise PaymeError(REQUEST, f"{name} is no whole number", name)
    return value
