"""The stand-ins of Payme and Click: what they ask the portal when somebody pays at their page (BX-SUB-02).

Each speaks its public merchant protocol to the portal's own callbacks and knows of an invoice only what its
page was given. Its word comes at once, twice, or late: then the money is held until somebody lets it speak.

    a plan is chosen ─► checkout page ─► pay: check, create, perform │ late: check, create … perform │ fail
"""

from __future__ import annotations

import base64
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select

from reference.backoffice import click, payme, tables
from reference.backoffice.entrance import Visitor
from reference.backoffice.office import Office
from reference.backoffice.subscriptions import InvoiceView, Subscriptions
from reference.protocol.uz.values import to_tashkent
from reference.runtime.chance import secret, secret_digits
from reference.runtime.refusals import RefusedError
from reference.runtime.words import Words

DEBIT_FAILED: Final = 2
"""Payme's reason: the card's bank did not give the money."""
NO_MONEY: Final = -5017
"""Click's error of the same meaning."""
_OVER: Final = Words(
    "Bu hisob to'lovni kutmayapti", "Этот счёт не ждёт оплаты", "This invoice does not wait to be paid"
)
_NOTHING: Final = Words("Ushlab turilgan to'lov yo'q", "Нет удержанного платежа", "No payment is held")


class Way(StrEnum):
    """What a person does at the checkout page."""

    PAY = "pay"
    TWICE = "twice"
    LATE = "late"
    FAIL = "fail"


class Phase(StrEnum):
    """Where a payment stands for who waits for it."""

    CHECKING = "checking"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Standing:
    """An invoice with its payment. `held`: the provider has the money and has not said so yet."""

    invoice: InvoiceView
    phase: Phase
    held: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call of a provider and the portal's answer to it; `code` is 0 unless it was refused."""

    call: str
    code: int
    text: str


class Checkout:
    """The desk of both stand-ins."""

    def __init__(
        self, office: Office, subscriptions: Subscriptions, payme_desk: payme.Payme, click_desk: click.Click
    ) -> None:
        self._office = office
        self._subscriptions = subscriptions
        self._payme = payme_desk
        self._click = click_desk

    def show(self, visitor: Visitor, invoice: int) -> Standing:
        """Where an invoice stands; UnknownError unless it is the owner's."""
        view = self._subscriptions.invoice(visitor, invoice)
        last = self._last(view)
        held = last is not None and last.state == payme.CREATED
        if view.state == "waiting":
            failed = last is not None and last.state < 0
            return Standing(view, Phase.FAILED if failed else Phase.CHECKING, held)
        return Standing(view, Phase(view.state), held)

    def go(self, visitor: Visitor, invoice: int, way: Way) -> list[Exchange]:
        """Pay, or fail to: every call of the provider with its answer. RefusedError: not to be paid."""
        standing = self.show(visitor, invoice)
        if standing.invoice.state != "waiting" or standing.held:
            raise RefusedError("invoice", _OVER)
        talk = self._talk(standing.invoice)
        talk.begin()
        if way is Way.FAIL:
            talk.fail()
        elif way is not Way.LATE:
            for _ in range(2 if way is Way.TWICE else 1):
                talk.end()
        return talk.said

    def deliver(self, visitor: Visitor, invoice: int) -> list[Exchange]:
        """The late word, at last; money that the portal does not take any more goes back. RefusedError."""
        view = self._subscriptions.invoice(visitor, invoice)
        last = self._last(view)
        if last is None or last.state != payme.CREATED:
            raise RefusedError("held", _NOTHING)
        talk = self._talk(view, last)
        talk.end()
        if talk.said[-1].code:
            talk.fail()
        return talk.said

    def _talk(self, invoice: InvoiceView, known: tables.Receipt | None = None) -> _Talk:
        if invoice.provider == payme.NAME:
            return _PaymeTalk(self._office, self._payme, invoice, known)
        return _ClickTalk(self._office, self._click, invoice, known)

    def _last(self, invoice: InvoiceView) -> tables.Receipt | None:
        table = tables.Receipt
        query = select(table).where(table.invoice == invoice.id, table.provider == invoice.provider)
        with self._office.reading() as session:
            return session.scalars(query.order_by(table.id.desc()).limit(1)).first()


class _Talk(ABC):
    """One payment of a provider: begins, and ends or fails. `said` is all of it."""

    said: list[Exchange]

    @abstractmethod
    def begin(self) -> None:
        """Ask whether it may be paid, and announce it."""

    @abstractmethod
    def end(self) -> None:
        """Say that the money is there."""

    @abstractmethod
    def fail(self) -> None:
        """Say that it will not come."""


class _PaymeTalk(_Talk):
    """JSON-RPC with Basic authorisation; transactions are named by 24 hexadecimal digits."""

    def __init__(
        self, office: Office, desk: payme.Payme, invoice: InvoiceView, known: tables.Receipt | None
    ) -> None:
        self.said = []
        self._office, self._desk, self._invoice = office, desk, invoice
        self._key = hashlib.sha256(secret().encode()).hexdigest()[:24] if known is None else known.key

    def begin(self) -> None:
        account = {"invoice": str(self._invoice.id)}
        paid = {"amount": self._invoice.amount, "account": account}
        self._call("CheckPerformTransaction", paid)
        moment = int(self._office.now.timestamp() * 1000)
        self._call("CreateTransaction", {"id": self._key, "time": moment, **paid})

    def end(self) -> None:
        self._call("PerformTransaction", {"id": self._key})

    def fail(self) -> None:
        self._call("CancelTransaction", {"id": self._key, "reason": DEBIT_FAILED})

    def _call(self, method: str, params: Mapping[str, Any]) -> None:
        settings = self._office.settings
        pair = f"{settings.payme_login}:{settings.payme_key}"
        request = {"jsonrpc": "2.0", "id": len(self.said) + 1, "method": method, "params": params}
        answer = self._desk.answer("Basic " + base64.b64encode(pair.encode()).decode(), request)
        error = answer.get("error")
        code, text = (0, "") if error is None else (error["code"], error["message"]["en"])
        self.said.append(Exchange(method, code, text))


class _ClickTalk(_Talk):
    """Signed forms: prepare, and complete with what prepare answered; amounts in so'm."""

    def __init__(
        self, office: Office, desk: click.Click, invoice: InvoiceView, known: tables.Receipt | None
    ) -> None:
        self.said = []
        self._office, self._desk, self._invoice = office, desk, invoice
        self._key = "1" + secret_digits(9) if known is None else known.key
        self._prepared = "" if known is None else str(known.id)

    def begin(self) -> None:
        answer = self._call(click.PREPARE, 0)
        self._prepared = str(answer.get("merchant_prepare_id", ""))

    def end(self) -> None:
        self._call(click.COMPLETE, 0)

    def fail(self) -> None:
        self._call(click.COMPLETE, NO_MONEY)

    def _call(self, action: str, error: int) -> dict[str, Any]:
        settings = self._office.settings
        soum, tiyin = divmod(self._invoice.amount, 100)
        form = {
            "click_trans_id": self._key,
            "service_id": str(settings.click_service),
            "click_paydoc_id": self._key,
            "merchant_trans_id": str(self._invoice.id),
            "amount": f"{soum}.{tiyin:02d}",
            "action": action,
            "error": str(error),
            "error_note": "Success" if not error else "Insufficient funds",
            "sign_time": to_tashkent(self._office.now).strftime("%Y-%m-%d %H:%M:%S"),
        }
        if action == click.COMPLETE:
            form["merchant_prepare_id"] = self._prepared
        form["sign_string"] = click.signature(form, settings.click_key)
        answer = self._desk.answer(form)
        name = "prepare" if action == click.PREPARE else "complete"
        self.said.append(Exchange(name, answer["error"], answer["error_note"] if answer["error"] else ""))
        return answer
