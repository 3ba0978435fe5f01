"""Payme's merchant protocol: every state against every call, what comes late and what comes twice.

The states of a transaction: there is none, created 1, performed 2, cancelled before -1, cancelled after -2
(BX-SUB-02).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.backoffice.payme_deals import (
    ACCOUNT,
    NOT_NOW,
    REQ,
    UNKNOWN,
    Deal,
    created,
    deal_at,
    payme_refused,
)
from conformance.suites.uz.backoffice.steps import CLOCK, CONTROL, KIND

TWELVE_HOURS: Final = 12
_HOUR: Final = 3_600_000
"""Milliseconds."""
_SAME: Final = 0
"""The call is answered with the state that there was."""
TABLE: Final[dict[str, dict[str, tuple[int | range, int | None]]]] = {
    # per state: call → what it answers (a state, or a code below -30000), and the state afterwards
    "none": {
        "check-perform": (_SAME, None),
        "create": (1, 1),
        "perform": (UNKNOWN, None),
        "cancel": (UNKNOWN, None),
        "check": (UNKNOWN, None),
    },
    "created": {
        "create": (1, 1),
        "create-another": (ACCOUNT, 1),
        "perform": (2, 2),
        "cancel": (-1, -1),
        "check": (1, 1),
    },
    "performed": {
        "check-perform": (ACCOUNT, 2),
        "create": (NOT_NOW, 2),
        "create-another": (ACCOUNT, 2),
        "perform": (2, 2),
        "cancel": (-2, -2),
        "check": (2, 2),
    },
    "cancelled": {
        "check-perform": (_SAME, -1),
        "create": (NOT_NOW, -1),
        "create-another": (1, -1),
        "perform": (NOT_NOW, -1),
        "cancel": (-1, -1),
        "check": (-1, -1),
    },
    "taken-back": {
        "check-perform": (ACCOUNT, -2),
        "create": (NOT_NOW, -2),
        "create-another": (ACCOUNT, -2),
        "perform": (NOT_NOW, -2),
        "cancel": (-2, -2),
        "check": (-2, -2),
    },
}
ROWS: Final = {f"{state}.{call}": (state, call) for state, calls in TABLE.items() for call in calls}
CLAUSES: Final = {
    "check-perform": "BX-PM-2",
    "create": "BX-PM-3",
    "create-another": "BX-PM-3",
    "perform": "BX-PM-4",
    "cancel": "BX-PM-5",
    "check": "BX-PM-6",
}


@family(
    "uz.backoffice.payme.table.{key}",
    rows=ROWS,
    target=KIND,
    clauses=lambda row: [CLAUSES[row[1]], "BX-G-9.4"],
    requirements=REQ,
    needs=CONTROL,
    description="A transaction is in a state, and a call about it comes twice ({key}).",
    expectation="Both answers are those of the table, and alike; invoice and subscription follow once.",
)
def table(ctx: Context, row: tuple[str, str]) -> None:
    """Payme asks again until it has an answer."""
    state, name = row
    deal = deal_at(ctx, state)
    another = ctx.backoffice.payment_id()
    calls: dict[str, Callable[[], dict[str, Any]]] = {
        "check-perform": lambda: ctx.backoffice.payme.call(
            "CheckPerformTransaction", **ctx.backoffice.payme.about(deal.invoice)
        ),
        "create": deal.create,
        "create-another": lambda: deal.create(another),
        "perform": lambda: deal.call("PerformTransaction"),
        "cancel": lambda: deal.call("CancelTransaction", reason=4),
        "check": lambda: deal.call("CheckTransaction"),
    }
    wanted, after = TABLE[state][name]
    first, second = calls[name](), calls[name]()
    if isinstance(wanted, range) or wanted < -30000:
        payme_refused(ctx, first, wanted)
    elif name == "check-perform":
        ctx.check(True, first.get("result", {}).get("allow"), "whether it can be paid")
    else:
        ctx.check(wanted, first.get("result", {}).get("state"), "state in the answer")
    ctx.check(first, second, "the same call once more")
    if after is None:
        payme_refused(ctx, deal.call("CheckTransaction"), UNKNOWN)
    else:
        ctx.check(after, deal.state(), "state afterwards")
    stands = {2: "paid", -2: "cancelled"}.get(after or 0, "waiting")
    ctx.check(stands, deal.invoice_state(), "state of the invoice", clause="BX-G-9.4")


@case(
    "uz.backoffice.payme.pays",
    target=KIND,
    clauses=["BX-G-9.4", "BX-PM-4"],
    requirements=REQ,
    needs=CLOCK,
    description="A plan is chosen and paid, and Payme tells it three more times.",
    expectation="«To'lov tekshirilmoqda...» until it is paid; a month is added once, all times stay.",
)
def pays(ctx: Context) -> None:
    """A repeated word is worth one month."""
    owner = ctx.backoffice.owner
    before = owner.subscription()
    deal = deal_at(ctx, "created")
    ctx.check("waiting", deal.invoice_state(), "state of the invoice")
    ctx.check(before, owner.subscription(), "subscription while it is not paid")
    answers = [deal.call("PerformTransaction")]
    after = owner.subscription()
    for _ in range(3):
        ctx.backoffice.pass_time(minutes=1)
        answers.append(deal.call("PerformTransaction"))
    ctx.check([answers[0]] * 4, answers, "answers")
    ctx.check(after["until"], owner.subscription()["until"], "end of the subscription")
    ctx.check_that(after["until"] > before["until"], f"after {before['until']}", after["until"], "end")
    ctx.check("paid", deal.invoice_state(), "state of the invoice")


@case(
    "uz.backoffice.payme.at-once",
    target=KIND,
    clauses=["BX-PM-4", "BX-G-9.4"],
    requirements=REQ,
    needs=CONTROL,
    description="PerformTransaction comes four times at the same moment.",
    expectation="The same answer each time, and one month is added.",
)
def at_once(ctx: Context) -> None:
    """Two servers of Payme."""
    owner = ctx.backoffice.owner
    until = datetime.fromisoformat(owner.subscription()["until"])
    deal = deal_at(ctx, "created")
    answers = ctx.backoffice.at_once(*[lambda: deal.call("PerformTransaction")] * 4)
    ctx.check([answers[0]] * 4, answers, "answers")
    added = datetime.fromisoformat(owner.subscription()["until"]) - until
    ctx.check_in((28, 29, 30, 31), added.days, "days that were added")


@case(
    "uz.backoffice.payme.taken-back",
    target=KIND,
    clauses=["BX-PM-5", "BX-G-9.4"],
    requirements=REQ,
    needs=CONTROL,
    description="A paid month is taken back, twice.",
    expectation="The subscription ends when it ended before, once.",
)
def taken_back(ctx: Context) -> None:
    """Money back, days back."""
    owner = ctx.backoffice.owner
    before = datetime.fromisoformat(owner.subscription()["until"])
    deal = deal_at(ctx, "performed")
    for _ in range(2):
        result = ctx.backoffice.payme.demand(deal.call("CancelTransaction", reason=5))
        ctx.check(-2, result["state"], "state")
    apart = abs((datetime.fromisoformat(owner.subscription()["until"]) - before).days)
    # From the 31st a month on and back again may end up to three days earlier.
    ctx.check_that(apart <= 3, f"{before} or up to three days before", apart, "days apart")
    reason = ctx.backoffice.payme.demand(deal.call("CheckTransaction"))["reason"]
    ctx.check(5, reason, "reason")


@case(
    "uz.backoffice.payme.after-cancel",
    target=KIND,
    clauses=["BX-PM-4", "BX-PM-5", "BX-G-9.4"],
    requirements=REQ,
    needs=CONTROL,
    description="A transaction is cancelled; then Payme's late word comes that it is performed.",
    expectation="It is refused, and nothing is paid; another transaction can pay the invoice.",
)
def after_cancel(ctx: Context) -> None:
    """Out of order."""
    owner = ctx.backoffice.owner
    before = owner.subscription()
    deal = deal_at(ctx, "cancelled")
    payme_refused(ctx, deal.call("PerformTransaction"), NOT_NOW)
    ctx.check(before, owner.subscription(), "subscription")
    ctx.backoffice.payme.pay(deal.invoice, ctx.backoffice.payment_id())
    ctx.check("paid", deal.invoice_state(), "state of the invoice")


@case(
    "uz.backoffice.payme.twelve-hours",
    target=KIND,
    clauses=["BX-PM-8"],
    requirements=REQ,
    needs=CLOCK,
    description="A transaction waits for twelve hours and a second, another a second less.",
    expectation="The second is performed; the first is cancelled with reason 4, and the invoice can be paid.",
)
def twelve_hours(ctx: Context) -> None:
    """The callback comes late."""
    late = deal_at(ctx, "created")
    ctx.backoffice.pass_time(hours=TWELVE_HOURS, seconds=1)
    payme_refused(ctx, late.call("PerformTransaction"), NOT_NOW)
    seen = ctx.backoffice.payme.demand(late.call("CheckTransaction"))
    ctx.check((-1, 4), (seen["state"], seen["reason"]), "state and reason")
    ctx.check("waiting", late.invoice_state(), "state of the invoice")
    again = Deal(ctx, late.invoice, ctx.backoffice.payment_id())
    created(again)
    ctx.backoffice.pass_time(hours=TWELVE_HOURS, seconds=-1)
    result = ctx.backoffice.payme.demand(again.call("PerformTransaction"))
    ctx.check(2, result["state"], "state")


@case(
    "uz.backoffice.payme.chosen-otherwise",
    target=KIND,
    clauses=["BX-S-15", "BX-PM-4"],
    requirements=REQ,
    needs=CONTROL,
    description="While a transaction is held the owner chooses another plan; then the first is performed.",
    expectation="It is refused, nothing of it is active; the new invoice waits and can be paid.",
)
def otherwise(ctx: Context) -> None:
    """One choice at a time."""
    owner = ctx.backoffice.owner
    deal = deal_at(ctx, "created")
    other = owner.choose("network", 12)
    ctx.check("cancelled", deal.invoice_state(), "state of the first invoice")
    payme_refused(ctx, deal.call("PerformTransaction"), NOT_NOW)
    ctx.check("professional", owner.subscription()["plan"]["key"], "plan")
    refused = ctx.backoffice.payme.call("CheckPerformTransaction", **ctx.backoffice.payme.about(deal.invoice))
    payme_refused(ctx, refused, ACCOUNT)
    ctx.backoffice.payme.pay(other, ctx.backoffice.payment_id())
    ctx.check("network", owner.subscription()["plan"]["key"], "plan")


@case(
    "uz.backoffice.payme.statement",
    target=KIND,
    clauses=["BX-PM-7"],
    requirements=REQ,
    needs=CLOCK,
    description="Payme tells of three transactions out of their order, an hour apart; statements of spans.",
    expectation="Those that Payme made in the span, edges included, its oldest first, with amount and times.",
)
def statement(ctx: Context) -> None:
    """What the accountants of both sides compare."""
    payme = ctx.backoffice.payme
    made = int(ctx.backoffice.now().timestamp() * 1000)
    told = []
    for place, state in ((1, "performed"), (0, "cancelled"), (2, "created")):
        told.append(deal_at(ctx, state, made + place * _HOUR))
    ctx.backoffice.pass_time(hours=3)
    deals = sorted(told, key=lambda deal: deal.time)
    times = [deal.time for deal in deals]

    def keys(first: int, last: int) -> list[str]:
        return [str(row["id"]) for row in _statement(ctx, first, last)]

    names = [deal.key for deal in deals]
    ctx.check(names, keys(times[0], times[2]), "transactions of the whole span")
    ctx.check(names[1:2], keys(times[0] + 1, times[2] - 1), "transactions between")
    ctx.check([], keys(times[2], times[0]), "transactions of a span backwards")
    rows = _statement(ctx, times[0], times[2])
    for deal, row, wanted in zip(deals, rows, (-1, 2, 1), strict=True):
        seen = payme.demand(deal.call("CheckTransaction"))
        ctx.check(seen, {name: row[name] for name in seen}, "transaction as CheckTransaction has it")
        ctx.check(wanted, row["state"], "state")
        ctx.check(deal.time, row["time"], "time that Payme gave")
        ctx.check(payme.about(deal.invoice), {"amount": row["amount"], "account": row["account"]}, "account")


def _statement(ctx: Context, first: int, last: int) -> list[Any]:
    """Transactions that Payme made in a span, edges included."""
    span: dict[str, Any] = {"from": first, "to": last}
    rows: list[Any] = ctx.backoffice.payme.demand(ctx.backoffice.payme.call("GetStatement", **span))[
        "transactions"
    ]
    return rows
