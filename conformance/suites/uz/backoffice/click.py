"""Click's merchant protocol: prepare and complete, signed; wrong, repeated, out of order (BX-SUB-02)."""

from __future__ import annotations

from typing import Any, Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice_money import COMPLETE, PREPARE
from conformance.suites.uz.backoffice.steps import CONTROL, KIND

REQ: Final = ("BX-SUB-02",)
OK, SIGN, AMOUNT, ACTION, PAID, INVOICE, TRANSACTION, REQUEST, GONE = 0, -1, -2, -3, -4, -5, -6, -8, -9
NO_MONEY: Final = -5017


def _chosen(ctx: Context) -> Any:
    return ctx.backoffice.owner.choose(provider="click")


def _prepared(ctx: Context, invoice: Any, **changes: Any) -> Any:
    """The number that prepare gives."""
    answer = ctx.backoffice.click.prepare(invoice, **changes)
    _told(ctx, answer, OK, clause="BX-CK-2")
    return answer.get("merchant_prepare_id")


def _told(ctx: Context, answer: dict[str, Any], code: int, *, clause: str = "") -> None:
    """An answer with its error and words for it."""
    ctx.check(code, answer.get("error"), "error", clause=clause)
    ctx.check_that(bool(answer.get("error_note")), "a note", answer, "error_note", clause=clause)


def _waits(ctx: Context, invoice: Any, state: str = "waiting") -> None:
    seen = ctx.backoffice.owner.get(f"/invoices/{invoice['id']}")["state"]
    ctx.check(state, seen, "state of the invoice", clause="BX-G-9.4")


@case(
    "uz.backoffice.click.pays",
    target=KIND,
    clauses=["BX-CK-3", "BX-CK-2", "BX-G-9.4"],
    requirements=REQ,
    needs=CONTROL,
    description="An invoice is prepared and completed; both calls come again, and a second payment is tried.",
    expectation="Prepare twice the same; complete once, then -4 for everything; one month is added.",
)
def pays(ctx: Context) -> None:
    """A repeated word is worth one month."""
    owner, click = ctx.backoffice.owner, ctx.backoffice.click
    before = owner.subscription()["until"]
    invoice = _chosen(ctx)
    number = _prepared(ctx, invoice)
    ctx.check(number, _prepared(ctx, invoice), "number of the payment, once more", clause="BX-CK-2")
    ctx.check(before, owner.subscription()["until"], "end before it is paid")
    done = click.complete(invoice, number)
    _told(ctx, done, OK)
    ctx.check(str(invoice["id"]), str(done["merchant_trans_id"]), "invoice in the answer")
    ctx.check("501", str(done["click_trans_id"]), "transaction in the answer")
    _waits(ctx, invoice, "paid")
    after = owner.subscription()["until"]
    ctx.check_that(after > before, f"after {before}", after, "end of the subscription")
    for answer in (
        click.complete(invoice, number),
        click.prepare(invoice),
        click.prepare(invoice, click_trans_id="502"),
        click.complete(invoice, number, error=str(NO_MONEY)),
    ):
        _told(ctx, answer, PAID)
    ctx.check(after, owner.subscription()["until"], "end of the subscription")


@case(
    "uz.backoffice.click.at-once",
    target=KIND,
    clauses=["BX-CK-3"],
    requirements=REQ,
    needs=CONTROL,
    description="Complete comes four times at the same moment.",
    expectation="One is answered 0, the others -4; one month is added.",
)
def at_once(ctx: Context) -> None:
    """Two servers of Click."""
    click, invoice = ctx.backoffice.click, _chosen(ctx)
    number = _prepared(ctx, invoice)
    answers = ctx.backoffice.at_once(*[lambda: click.complete(invoice, number)] * 4)
    ctx.check([PAID] * 3 + [OK], sorted(each["error"] for each in answers), "errors")
    _waits(ctx, invoice, "paid")


SIGNED: Final = {
    "transaction": {"click_trans_id": "502"},
    "service": {"service_id": "2"},
    "invoice": {"merchant_trans_id": "1"},
    "amount": {"amount": "1.00"},
    "time": {"sign_time": "2026-11-02 10:00:01"},
    "sign": {"sign_string": "0" * 32},
    "sign-short": {"sign_string": "x"},
    "sign-not-ascii": {"sign_string": "ж" * 32},
}


@family(
    "uz.backoffice.click.sign.{key}",
    rows=SIGNED,
    target=KIND,
    clauses=["BX-CK-1"],
    requirements=REQ,
    needs=CONTROL,
    description="One signed field of prepare and of complete is changed afterwards ({key}).",
    expectation="-1 both times, and nothing is paid.",
)
def sign(ctx: Context, changed: dict[str, str]) -> None:
    """Whoever can sign may give plans away."""
    click, invoice = ctx.backoffice.click, _chosen(ctx)
    _told(ctx, click.send(click.form(PREPARE, invoice) | changed), SIGN)
    number = _prepared(ctx, invoice)
    _told(ctx, click.send(click.form(COMPLETE, invoice, merchant_prepare_id=number) | changed), SIGN)
    _waits(ctx, invoice)


@case(
    "uz.backoffice.click.sign.prepare-number",
    target=KIND,
    clauses=["BX-CK-1"],
    requirements=REQ,
    needs=CONTROL,
    description="The number of prepare is changed in a signed complete; a sign of prepare completes.",
    expectation="-1 both times.",
)
def sign_prepare(ctx: Context) -> None:
    """Complete signs one field more."""
    click, invoice = ctx.backoffice.click, _chosen(ctx)
    number = _prepared(ctx, invoice)
    form = click.form(COMPLETE, invoice, merchant_prepare_id=number)
    _told(ctx, click.send(form | {"merchant_prepare_id": str(int(number) + 1)}), SIGN)
    _told(ctx, click.send(form | {"sign_string": click.form(PREPARE, invoice)["sign_string"]}), SIGN)
    _waits(ctx, invoice)


@case(
    "uz.backoffice.click.sign.other-service",
    target=KIND,
    clauses=["BX-CK-1"],
    requirements=REQ,
    needs=CONTROL,
    description="A call for another service is rightly signed.",
    expectation="-1: it is another merchant's.",
)
def other_service(ctx: Context) -> None:
    """A key may be known to two shops of one owner."""
    invoice = _chosen(ctx)
    _told(ctx, ctx.backoffice.click.prepare(invoice, service_id="2"), SIGN)


AMOUNTS: Final = {
    "less": "248999.99",
    "more": "249000.01",
    "tiyins": "24900000",
    "nothing": "0",
    "word": "many",
    "nan": "NaN",
    "signalling": "sNaN",
    "infinite": "Infinity",
    "beyond-numbers": "9e999999",
    "below-zero": "-249000",
    "comma": "249000,00",
}


@family(
    "uz.backoffice.click.amount.{key}",
    rows=AMOUNTS,
    target=KIND,
    clauses=["BX-CK-5"],
    requirements=REQ,
    needs=CONTROL,
    description="Prepare and complete come with an amount that is not the invoice's, rightly signed ({key}).",
    expectation="-2 both times, and nothing is paid.",
)
def amount(ctx: Context, given: str) -> None:
    """Every tiyin, and never an error of the server."""
    click, invoice = ctx.backoffice.click, _chosen(ctx)
    _told(ctx, click.prepare(invoice, amount=given), AMOUNT)
    number = _prepared(ctx, invoice)
    _told(ctx, click.complete(invoice, number, amount=given), AMOUNT)
    _waits(ctx, invoice)


@family(
    "uz.backoffice.click.amount-written.{key}",
    rows={"plain": "249000", "one-decimal": "249000.0", "two-decimals": "249000.00"},
    target=KIND,
    clauses=["BX-CK-2"],
    requirements=REQ,
    needs=CONTROL,
    description="The right amount is written in one of its ways ({key}).",
    expectation="It is taken: a number is a number.",
)
def amount_written(ctx: Context, given: str) -> None:
    """In so'm."""
    _prepared(ctx, _chosen(ctx), amount=given)


@family(
    "uz.backoffice.click.invoice.{key}",
    rows={"unknown": "999999", "word": "x", "endless": "9" * 40, "below-zero": "-1", "other-digits": "१"},
    target=KIND,
    clauses=["BX-CK-5"],
    requirements=REQ,
    needs=CONTROL,
    description="Prepare names an invoice that there is not, rightly signed ({key}).",
    expectation="-5.",
)
def invoice_unknown(ctx: Context, number: str) -> None:
    """Whatever stands there."""
    _told(ctx, ctx.backoffice.click.prepare(_chosen(ctx), merchant_trans_id=number), INVOICE)


@case(
    "uz.backoffice.click.paymes-invoice",
    target=KIND,
    clauses=["BX-CK-5"],
    requirements=REQ,
    needs=CONTROL,
    description="Click asks about an invoice that is to be paid at Payme.",
    expectation="There is no such invoice for it: -5.",
)
def of_payme(ctx: Context) -> None:
    """Each provider has its own."""
    _told(ctx, ctx.backoffice.click.prepare(ctx.backoffice.owner.choose()), INVOICE)


@family(
    "uz.backoffice.click.action.{key}",
    rows={"two": "2", "below-zero": "-1", "word": "pay", "zeros": "00"},
    target=KIND,
    clauses=["BX-CK-5"],
    requirements=REQ,
    needs=CONTROL,
    description="A call names an action that there is not ({key}).",
    expectation="-3.",
)
def action(ctx: Context, given: str) -> None:
    """There are 0 and 1."""
    click = ctx.backoffice.click
    _told(ctx, click.send(click.form(given, _chosen(ctx))), ACTION)


FIELDS: Final = (
    *("click_trans_id", "service_id", "merchant_trans_id", "amount"),
    *("action", "error", "sign_time", "sign_string"),
)


@family(
    "uz.backoffice.click.left-out.{key}",
    rows={name.replace("_", "-"): name for name in FIELDS},
    target=KIND,
    clauses=["BX-CK-5"],
    requirements=REQ,
    needs=CONTROL,
    description="A field is left out of a call ({key}).",
    expectation="-8.",
)
def left_out(ctx: Context, name: str) -> None:
    """Not guessed."""
    click = ctx.backoffice.click
    fields = click.form(PREPARE, _chosen(ctx))
    del fields[name]
    _told(ctx, click.send(fields), REQUEST)


@case(
    "uz.backoffice.click.complete-first",
    target=KIND,
    clauses=["BX-CK-5", "BX-CK-3"],
    requirements=REQ,
    needs=CONTROL,
    description="Complete comes before prepare, with a number of its own, and with another payment's number.",
    expectation="-6 each time, and nothing is paid.",
)
def complete_first(ctx: Context) -> None:
    """Out of order."""
    click, invoice = ctx.backoffice.click, _chosen(ctx)
    _told(ctx, click.complete(invoice, "1"), TRANSACTION)
    number = _prepared(ctx, invoice)
    _told(ctx, click.complete(invoice, int(number) + 1), TRANSACTION)
    _told(ctx, click.complete(invoice, number, click_trans_id="502"), TRANSACTION)
    _told(ctx, click.complete(invoice, ""), TRANSACTION)
    _waits(ctx, invoice)
    _told(ctx, click.complete(invoice, number), OK)


@case(
    "uz.backoffice.click.cancelled",
    target=KIND,
    clauses=["BX-CK-4", "BX-G-9.4"],
    requirements=REQ,
    needs=CONTROL,
    description="Complete says that there is no money; then the same payment is completed after all.",
    expectation="-9 both times, nothing is active; another payment pays the invoice.",
)
def cancelled(ctx: Context) -> None:
    """A late word after the end activates nothing."""
    owner, click = ctx.backoffice.owner, ctx.backoffice.click
    before = owner.subscription()
    invoice = _chosen(ctx)
    number = _prepared(ctx, invoice)
    _told(ctx, click.complete(invoice, number, error=str(NO_MONEY)), GONE)
    _told(ctx, click.complete(invoice, number), GONE)
    _told(ctx, click.prepare(invoice), GONE)
    ctx.check(before, owner.subscription(), "subscription")
    _waits(ctx, invoice)
    again = _prepared(ctx, invoice, click_trans_id="502")
    _told(ctx, click.complete(invoice, again, click_trans_id="502"), OK)
    _waits(ctx, invoice, "paid")


@case(
    "uz.backoffice.click.chosen-otherwise",
    target=KIND,
    clauses=["BX-S-15", "BX-CK-4"],
    requirements=REQ,
    needs=CONTROL,
    description="After prepare the owner chooses another plan; then complete comes.",
    expectation="-9, and nothing of the first plan is active.",
)
def otherwise(ctx: Context) -> None:
    """One choice at a time."""
    owner, click = ctx.backoffice.owner, ctx.backoffice.click
    invoice = _chosen(ctx)
    number = _prepared(ctx, invoice)
    before = owner.subscription()
    owner.choose("network", 1, "click")
    _told(ctx, click.complete(invoice, number), GONE)
    _told(ctx, click.prepare(invoice), GONE)
    ctx.check(before, owner.subscription(), "subscription")


@case(
    "uz.backoffice.click.other-invoice",
    target=KIND,
    clauses=["BX-CK-5"],
    requirements=REQ,
    needs=CONTROL,
    description="A payment that is prepared for one invoice is prepared and completed for another owner's.",
    expectation="-6, and neither is paid.",
)
def other_invoice(ctx: Context) -> None:
    """A payment is for one invoice."""
    click, invoice = ctx.backoffice.click, _chosen(ctx)
    number = _prepared(ctx, invoice)
    other = ctx.backoffice.other.choose(provider="click")
    _told(ctx, click.prepare(other), TRANSACTION)
    _told(ctx, click.complete(other, number), TRANSACTION)
    _waits(ctx, invoice)


@case(
    "uz.backoffice.click.long-transaction",
    target=KIND,
    clauses=["BX-CK-2"],
    requirements=REQ,
    needs=CONTROL,
    description="Prepare comes twice with an id of 200 digits.",
    expectation="A refusal, or the same number both times; never an error of the server.",
)
def long_transaction(ctx: Context) -> None:
    """What does not fit is not cut silently."""
    invoice = _chosen(ctx)
    answers = [ctx.backoffice.click.prepare(invoice, click_trans_id="5" * 200) for _ in range(2)]
    ctx.check_in((OK, TRANSACTION, REQUEST), answers[0].get("error"), "error")
    ctx.check(answers[0], answers[1], "the same call once more")
