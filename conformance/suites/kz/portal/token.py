"""«Получить токен»: what the portal gives out opens the port of registers, and nothing older does (§15.7)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.kz.portal.steps import ALL, CONTROL, KIND, WIRE, refused, stands, untouched, working
from reference.protocol.kz.dialects import Command

TOK = ("KZ-TOK-01",)
LARGEST = 2**32 - 1


@case(
    "kz.portal.token.opens-the-wire",
    target=KIND,
    clauses=["S-15.7", "PT-07"],
    requirements=TOK,
    needs=WIRE,
    description="A register sells with the token that its card has just shown.",
    expectation="The ticket is accepted.",
)
def opens(ctx: Context) -> None:
    """The number is 32 bits and not 0, and the figures of the shift are those that were sold."""
    _, device = working(ctx)
    ctx.check_that(1 <= device.token <= LARGEST, f"1…{LARGEST}", device.token, "token", clause="S-15.7")
    device.sell()
    device.compare()


@case(
    "kz.portal.token.first-is-needed",
    target=KIND,
    clauses=["S-15.5", "S-15.7"],
    requirements=TOK,
    needs=WIRE,
    description="A register with a tariff sells before it ever got a token.",
    expectation="Code 2; with the token it is served.",
)
def first_needed(ctx: Context) -> None:
    """READY means nothing on the wire until a number was shown."""
    owner = ctx.portal.owner
    card = owner.ready()
    device = ctx.portal.register(owner, card, 1)
    for token in (1, 0, LARGEST):
        device.refuse(2, int(Command.INFO), token=token, clause="S-15.5")
    device.token = owner.token(card)
    device.sell()


@case(
    "kz.portal.token.kills-the-old-one",
    target=KIND,
    clauses=["S-15.7", "S-4.5"],
    requirements=TOK,
    needs=WIRE,
    description="A new token is made while the register works with the one before.",
    expectation="The old one is refused at once with code 2, the new one sells.",
)
def kills_old(ctx: Context) -> None:
    """The refusal comes with the very next request, on whatever connection."""
    card, device = working(ctx)
    old = device.token
    device.accept(int(Command.INFO))
    new = ctx.portal.owner.token(card)
    ctx.check_that(new != old, "another number", new, "new token", clause="S-15.7")
    device.refuse(2, int(Command.INFO), clause="S-15.7")
    device.refuse(2, device.ticket(), clause="S-15.7")
    device.token = new
    device.sell()


@case(
    "kz.portal.token.kills-the-rotated-one",
    target=KIND,
    clauses=["S-15.7", "S-4.5"],
    requirements=TOK,
    needs=WIRE,
    description="After some sales, whose answers have moved the token on, a new one is made at the portal.",
    expectation="The last token of the wire is refused with code 2, and the books of the shift go on.",
)
def kills_rotated(ctx: Context) -> None:
    """It does not matter how far the wire has moved on."""
    card, device = working(ctx)
    for _ in range(3):
        device.sell()
    new = ctx.portal.owner.token(card)
    device.refuse(2, device.ticket(), clause="S-15.7")
    device.token = new
    device.sell()
    device.compare()


@case(
    "kz.portal.token.two-tabs",
    target=KIND,
    clauses=["S-15.7"],
    requirements=TOK,
    needs=WIRE,
    description="Two tabs ask for a token at the same moment.",
    expectation="Two numbers are shown, and exactly one of them opens the wire.",
)
def two_tabs(ctx: Context) -> None:
    """Whoever comes second wins; never both, never none."""
    card, device = working(ctx)
    owner = ctx.portal.owner
    first, second = ctx.portal.at_once(lambda: owner.token(card), lambda: owner.token(card))
    served = []
    for token in (first, second):
        answer = device.ask(int(Command.INFO), token=token)
        served.append(answer.ok)
    ctx.check(1, sum(served), "tokens that are served", clause="S-15.7")


@family(
    "kz.portal.token.not-offered.{key}",
    rows={
        "draft": ("DRAFT", "draft"),
        "waiting": ("WAIT_REG", "waiting"),
        "no-tariff": ("REG_NO_TARIFF", "registered"),
    },
    target=KIND,
    clauses=["S-15.7", "S-15.5"],
    requirements=TOK,
    needs=CONTROL,
    description="A token is asked for a register without a tariff ({key}).",
    expectation="It is refused, and the card reads as before.",
)
def not_offered(ctx: Context, row: tuple[str, str]) -> None:
    """Without a tariff there is nothing to speak to the operator about."""
    state, made = row
    owner = ctx.portal.owner
    card = int(getattr(owner, made)())
    before = stands(ctx, owner, card, state)
    refused(ctx, owner.send("POST", f"/cards/{card}/token"), clause="S-15.7")
    untouched(ctx, owner, card, before)


@case(
    "kz.portal.token.suspended",
    target=KIND,
    clauses=["S-15.7", "PT-09"],
    requirements=TOK,
    needs=ALL,
    description="A token is made for a suspended register.",
    expectation="It is given, kills the old one, and the first ticket with it makes the register active.",
)
def suspended(ctx: Context) -> None:
    """A register at rest is woken by selling, so it must be able to sell."""
    card, device = working(ctx)
    owner = ctx.portal.owner
    owner.do(card, "suspend")
    ctx.portal.pass_time(days=31)
    stands(ctx, owner, card, "SUSPENDED")
    new = owner.token(card)
    device.refuse(2, device.ticket(), clause="S-15.7")
    device.token = new
    device.sell()
    ctx.portal.keep_up()
    stands(ctx, owner, card, "ACTIVE", clause="PT-09")
