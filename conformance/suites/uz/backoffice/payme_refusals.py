"""What Payme is refused: wrong amounts and accounts, no right to call, bodies that are none (BX-SUB-02)."""

from __future__ import annotations

from typing import Any, Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice import PRICE
from conformance.drivers.backoffice_money import LOGIN, PAYME_KEY, basic
from conformance.suites.uz.backoffice.payme_deals import (
    ACCOUNT,
    AMOUNT,
    METHOD,
    PARSE,
    REQ,
    REQUEST,
    RIGHTS,
    UNKNOWN,
    code_of,
    deal_at,
    payme_refused,
)
from conformance.suites.uz.backoffice.steps import CONTROL, KIND

AMOUNTS: Final[dict[str, Any]] = {
    "one-tiyin-less": PRICE - 1,
    "one-tiyin-more": PRICE + 1,
    "soms": PRICE // 100,
    "nothing": 0,
    "below-zero": -PRICE,
}


@family(
    "uz.backoffice.payme.amount.{key}",
    rows=AMOUNTS,
    target=KIND,
    clauses=["BX-PM-2", "BX-PM-3"],
    requirements=REQ,
    needs=CONTROL,
    description="An amount that is not the invoice's is asked about and created ({key}).",
    expectation="-31001 both times, and there is no transaction.",
)
def amount(ctx: Context, given: int) -> None:
    """Every tiyin."""
    deal, payme = deal_at(ctx), ctx.backoffice.payme
    about = payme.about(deal.invoice) | {"amount": given}
    payme_refused(ctx, payme.call("CheckPerformTransaction", **about), AMOUNT)
    payme_refused(ctx, payme.create(deal.invoice, deal.key, amount=given), AMOUNT)
    payme_refused(ctx, deal.call("CheckTransaction"), UNKNOWN)


ACCOUNTS: Final[dict[str, Any]] = {
    "unknown": {"invoice": "999999"},
    "word": {"invoice": "x"},
    "empty": {"invoice": ""},
    "left-out": {},
    "other-digits": {"invoice": "१"},
    "endless": {"invoice": "9" * 40},
    "below-zero": {"invoice": "-1"},
    "object": {"invoice": {"id": 1}},
    "array": [],
}


@family(
    "uz.backoffice.payme.account.{key}",
    rows=ACCOUNTS,
    target=KIND,
    clauses=["BX-PM-2"],
    requirements=REQ,
    needs=CONTROL,
    description="An account that is no invoice is asked about and created ({key}).",
    expectation="A code of -31050 … -31099 both times.",
)
def account(ctx: Context, given: Any) -> None:
    """Whatever stands there."""
    deal, payme = deal_at(ctx), ctx.backoffice.payme
    about = payme.about(deal.invoice) | {"account": given}
    payme_refused(ctx, payme.call("CheckPerformTransaction", **about), ACCOUNT)
    payme_refused(ctx, payme.create(deal.invoice, deal.key, account=given), ACCOUNT)


@case(
    "uz.backoffice.payme.clicks-invoice",
    target=KIND,
    clauses=["BX-PM-2"],
    requirements=REQ,
    needs=CONTROL,
    description="Payme asks about an invoice that is to be paid at Click.",
    expectation="There is no such invoice for it.",
)
def of_click(ctx: Context) -> None:
    """Each provider has its own."""
    invoice = ctx.backoffice.owner.choose(provider="click")
    payme_refused(ctx, ctx.backoffice.payme.create(invoice, ctx.backoffice.payment_id()), ACCOUNT)


RIGHTS_ROWS: Final = {
    "none": "",
    "wrong-key": basic(LOGIN, "wrong"),
    "wrong-login": basic("Payme", PAYME_KEY),
    "empty": basic("", ""),
    "bearer": "Bearer x",
    "not-base64": "Basic %%%",
    "no-colon": "Basic UGF5Y29t",
    "not-utf8": "Basic /////w==",
}


@family(
    "uz.backoffice.payme.rights.{key}",
    rows=RIGHTS_ROWS,
    target=KIND,
    clauses=["BX-PM-1"],
    requirements=REQ,
    needs=CONTROL,
    description="Every method is called without the right to ({key}).",
    expectation="-32504 each time, and nothing happens.",
)
def rights(ctx: Context, authorization: str) -> None:
    """Whoever can call may give plans away."""
    deal = deal_at(ctx, "created")
    params = {"id": deal.key, **ctx.backoffice.payme.about(deal.invoice), "from": 0, "to": 1, "reason": 3}
    methods = ("CheckPerformTransaction", "CreateTransaction", "PerformTransaction", "CancelTransaction")
    for method in (*methods, "CheckTransaction", "GetStatement", "Nothing"):
        answer = ctx.backoffice.payme.call(method, authorization=authorization, **params)
        payme_refused(ctx, answer, RIGHTS)
    ctx.check((1, "waiting"), (deal.state(), deal.invoice_state()), "states of transaction and invoice")


BODIES: Final[dict[str, tuple[bytes, int]]] = {
    "empty": (b"", PARSE),
    "half": (b'{"method": "Check', PARSE),
    "not-utf8": (b'{"id": 7, "method": "\xff"}', PARSE),
    "array": (b"[]", REQUEST),
    "text": (b'"CheckTransaction"', REQUEST),
    "no-params": (b'{"id": 7, "method": "CheckTransaction"}', REQUEST),
    "params-array": (b'{"id": 7, "method": "CheckTransaction", "params": []}', REQUEST),
    "no-method": (b'{"id": 7, "params": {}}', METHOD),
    "unknown-method": (b'{"id": 7, "method": "ChangePassword", "params": {}}', METHOD),
    "id-missing": (b'{"id": 7, "method": "CheckTransaction", "params": {}}', REQUEST),
    "id-number": (b'{"id": 7, "method": "CheckTransaction", "params": {"id": 5}}', REQUEST),
    "id-long": (b'{"id": 7, "method": "CheckTransaction", "params": {"id": "' + b"x" * 500 + b'"}}', REQUEST),
    "from-missing": (b'{"id": 7, "method": "GetStatement", "params": {"to": 1}}', REQUEST),
    "from-text": (b'{"id": 7, "method": "GetStatement", "params": {"from": "1", "to": 2}}', REQUEST),
    "from-huge": (
        b'{"id": 7, "method": "GetStatement", "params": {"from": 1' + b"0" * 30 + b', "to": 2}}',
        REQUEST,
    ),
}


@family(
    "uz.backoffice.payme.request.{key}",
    rows=BODIES,
    target=KIND,
    clauses=["BX-PM-9"],
    requirements=REQ,
    needs=CONTROL,
    description="A body comes that is no call, with the right to call ({key}).",
    expectation="HTTP 200 with the code of JSON-RPC, never an error of the server.",
)
def body(ctx: Context, row: tuple[bytes, int]) -> None:
    """Payme reads nothing but JSON with status 200."""
    content, code = row
    told = ctx.backoffice.payme.send(content)
    ctx.check(200, told.status, "HTTP status")
    ctx.check(code, code_of(told.json), "code")


@case(
    "uz.backoffice.payme.reason-huge",
    target=KIND,
    clauses=["BX-PM-5", "BX-PM-9"],
    requirements=REQ,
    needs=CONTROL,
    description="A transaction is cancelled with a reason that no table knows, huge or a word.",
    expectation="A cancelled transaction or a refusal; never an error of the server.",
)
def reason_huge(ctx: Context) -> None:
    """A number of another's table."""
    for reason in (10**30, "because", None, True, -1):
        deal = deal_at(ctx, "created")
        answer = deal.call("CancelTransaction", reason=reason)
        if "error" in answer:
            ctx.check(REQUEST, code_of(answer), f"code for the reason {reason}")
        else:
            ctx.check(-1, answer["result"]["state"], f"state for the reason {reason}")
