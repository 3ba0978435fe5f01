"""A transaction of Payme for an invoice, and how it comes to each of its states (BX-SUB-02)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from conformance.context import Context

REQ: Final = ("BX-SUB-02",)
RIGHTS, PARSE, REQUEST, METHOD = -32504, -32700, -32600, -32601
AMOUNT, UNKNOWN, NOT_NOW = -31001, -31003, -31008
ACCOUNT: Final = range(-31099, -31049)
"""Payme leaves -31050 … -31099 to the merchant, for what is wrong with the account."""


@dataclass(slots=True)
class Deal:
    """An invoice, and a transaction that was taken to a state. `time` is when Payme itself made it."""

    ctx: Context
    invoice: Any
    key: str
    time: int = 1
    created: Any = None

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A call about the transaction."""
        return self.ctx.backoffice.payme.call(method, **({"id": self.key} | params))

    def create(self, key: str = "") -> dict[str, Any]:
        """CreateTransaction."""
        return self.ctx.backoffice.payme.create(self.invoice, key or self.key, time=self.time)

    def state(self) -> int:
        """What CheckTransaction says."""
        return int(self.ctx.backoffice.payme.demand(self.call("CheckTransaction"))["state"])

    def invoice_state(self) -> str:
        """How the owner sees his invoice."""
        return str(self.ctx.backoffice.owner.get(f"/invoices/{self.invoice['id']}")["state"])


def _none(_: Deal) -> None:
    return


def created(deal: Deal) -> None:
    """CreateTransaction, accepted."""
    deal.created = deal.ctx.backoffice.payme.demand(deal.create())


def _performed(deal: Deal) -> None:
    created(deal)
    deal.ctx.backoffice.payme.demand(deal.call("PerformTransaction"))


def _cancelled(deal: Deal) -> None:
    created(deal)
    deal.ctx.backoffice.payme.demand(deal.call("CancelTransaction", reason=3))


def _taken_back(deal: Deal) -> None:
    _performed(deal)
    deal.ctx.backoffice.payme.demand(deal.call("CancelTransaction", reason=5))


WAYS: Final[dict[str, tuple[Callable[[Deal], None], int | None, str]]] = {
    "none": (_none, None, "waiting"),
    "created": (created, 1, "waiting"),
    "performed": (_performed, 2, "paid"),
    "cancelled": (_cancelled, -1, "waiting"),
    "taken-back": (_taken_back, -2, "cancelled"),
}
"""How a transaction comes to a state; the state, and how its invoice then stands."""


def deal_at(ctx: Context, state: str = "none", time: int = 1) -> Deal:
    """A transaction in a state, for an invoice of its own."""
    deal = Deal(ctx, ctx.backoffice.owner.choose(), ctx.backoffice.payment_id(), time)
    with ctx.preparing(f"a transaction that is {state}"):
        WAYS[state][0](deal)
    return deal


def code_of(answer: dict[str, Any]) -> int | None:
    """The code of a refusal, None for an answer that is none."""
    error = answer.get("error")
    return error.get("code") if isinstance(error, dict) else None


def payme_refused(ctx: Context, answer: dict[str, Any], code: int | range, *, clause: str = "") -> None:
    """A refusal with its code, words in three languages, and the id of the request."""
    allowed = code if isinstance(code, range) else (code,)
    ctx.check_that(code_of(answer) in allowed, f"code {code}", answer, "answer", clause=clause)
    words = answer["error"].get("message")
    spoken = [name for name in ("ru", "uz", "en") if isinstance(words, dict) and words.get(name)]
    ctx.check(["ru", "uz", "en"], spoken, "languages of the refusal", clause="BX-PM-9")
    ctx.check(7, answer.get("id"), "id of the answer", clause="BX-PM-9")
