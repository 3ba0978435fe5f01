"""What the tax body says, when, and what the register is then (§15.6 PT-3…PT-5, PT-16)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.kz.portal.steps import (
    CLOCK,
    CONTROL,
    KIND,
    WIRE,
    refused,
    stands,
    untouched,
)
from reference.protocol.kz.dialects import Command

REQ = ("KZ-KKM-02",)
SENT = (
    "Запрос на регистрацию кассы отправлен. Обработка запроса может занять от 15 минут до 3-х дней. "
    "Следите за обновлением статуса кассы."
)
QUARTER = 15 * 60
THREE_DAYS = 72 * 3600


@case(
    "kz.portal.registration.sent",
    target=KIND,
    clauses=["PT-03", "S-15.5"],
    requirements=REQ,
    needs=CONTROL,
    description="A complete draft is signed.",
    expectation="«Запрос на регистрацию кассы отправлен. …»; it waits, and nothing is offered meanwhile.",
)
def sent(ctx: Context) -> None:
    """The text is that of the screen, to the letter."""
    owner = ctx.portal.owner
    card = owner.draft()
    done = owner.do(card, "sign-registration")
    ctx.check(("WAIT_REG", SENT), (done["state"], done["message"]["ru"]), "state and message")
    seen = owner.card(card)
    ctx.check(
        ("Ожидает регистрацию", []), (seen["label"]["ru"], seen["acts"]), "label, acts", clause="S-15.5"
    )
    ctx.check("", seen["rnm"], "registration number")


@family(
    "kz.portal.registration.delay.{key}",
    rows={"15-minutes": QUARTER, "a-day": 86_400, "72-hours": THREE_DAYS},
    target=KIND,
    clauses=["PT-04", "S-15.6"],
    requirements=REQ,
    needs=CLOCK,
    description="The tax body takes {key}.",
    expectation="A second before it the register waits, then it is registered and has its number.",
)
def delay(ctx: Context, seconds: int) -> None:
    """Both ends are possible."""
    ctx.clock.stand()
    ctx.portal.switch(kgd_delay=seconds)
    owner = ctx.portal.owner
    card = owner.waiting()
    ctx.portal.pass_time(seconds=seconds - 1)
    stands(ctx, owner, card, "WAIT_REG")
    ctx.portal.pass_time(seconds=1)
    seen = stands(ctx, owner, card, "REG_NO_TARIFF")
    ctx.check("Зарегистрирована в КГД", seen["label"]["ru"], "label", clause="S-15.5")


@case(
    "kz.portal.registration.any-delay",
    target=KIND,
    clauses=["PT-04", "S-15.6"],
    requirements=REQ,
    needs=CLOCK,
    description="Twelve registers are sent to a tax body that takes its time.",
    expectation="None is answered within 15 minutes, all are after 72 hours, and not all at once.",
)
def any_delay(ctx: Context) -> None:
    """«от 15 минут до 3-х дней»."""
    ctx.clock.stand()
    owner = ctx.portal.owner
    place = owner.outlet()
    cards = [owner.waiting(outlet=place) for _ in range(12)]

    def waiting() -> int:
        return [owner.state(card) for card in cards].count("WAIT_REG")

    ctx.portal.pass_time(seconds=QUARTER - 1)
    ctx.check(12, waiting(), "registers that wait after 14:59")
    ctx.portal.pass_time(hours=36)
    ctx.check_that(
        0 < waiting() < 12, "some, not all", waiting(), "registers that wait after a day and a half"
    )
    ctx.portal.pass_time(seconds=THREE_DAYS - 36 * 3600 - QUARTER + 1)
    ctx.check(0, waiting(), "registers that wait after 72 hours")


@case(
    "kz.portal.registration.number",
    target=KIND,
    clauses=["PT-04"],
    requirements=REQ,
    needs=CONTROL,
    description="Registers of outlets in different places are registered.",
    expectation="Each has a number of 12 digits that begins with the code of its tax office, no two alike.",
)
def number(ctx: Context) -> None:
    """The office is that of the outlet's settlement."""
    owner = ctx.portal.owner
    places = {row["tax_office"]["code"]: row for row in ctx.portal.anybody.get("/settlements", q="есиль")}
    numbers = []
    for code, place in places.items():
        card = owner.registered(outlet=owner.outlet(settlement=place["id"]))
        rnm = owner.card(card)["rnm"]
        ctx.check_that(len(rnm) == 12 and rnm.isdigit(), "12 digits", rnm, "registration number")
        ctx.check(code, rnm[:4], "tax office of the number")
        numbers.append(rnm)
    ctx.check(len(numbers), len(set(numbers)), "different numbers")


@case(
    "kz.portal.registration.no",
    target=KIND,
    clauses=["PT-05", "PT-16", "S-15.5"],
    requirements=REQ,
    needs=CLOCK,
    description="The tax body says no; the owner goes on with the registration and gets a yes.",
    expectation="«В регистрации отказано» with its reason; then a draft under the same ID; then registered.",
)
def no(ctx: Context) -> None:
    """The reason is what the owner has to mend."""
    ctx.portal.switch(kgd_answer="no", kgd_delay=QUARTER, kgd_reason="Адрес не найден (TEST)")
    owner = ctx.portal.owner
    card = owner.waiting()
    ctx.portal.pass_time(seconds=QUARTER)
    seen = stands(ctx, owner, card, "REG_REFUSED")
    ctx.check("Адрес не найден (TEST)", seen["reason"], "reason")
    ctx.check("В регистрации отказано", seen["label"]["ru"], "label", clause="S-15.5")
    ctx.check("", seen["rnm"], "registration number")
    owner.post(f"/cards/{card}/resume")
    stands(ctx, owner, card, "DRAFT", clause="PT-16")
    ctx.portal.switch(kgd_answer="yes")
    owner.do(card, "sign-registration")
    ctx.portal.pass_time(seconds=QUARTER)
    stands(ctx, owner, card, "REG_NO_TARIFF", clause="PT-16")


@case(
    "kz.portal.registration.never",
    target=KIND,
    clauses=["S-15.6"],
    requirements=REQ,
    needs=CLOCK,
    description="The tax body keeps silent for ten days.",
    expectation="The register waits, and nothing can be done with it.",
)
def never(ctx: Context) -> None:
    """Silence is no yes."""
    ctx.portal.switch(kgd_answer="never")
    owner = ctx.portal.owner
    card = owner.waiting()
    ctx.portal.pass_time(days=10)
    before = stands(ctx, owner, card, "WAIT_REG")
    refused(ctx, owner.ask(card, "choose-tariff", tariff=1), "state")
    refused(ctx, owner.send("DELETE", f"/cards/{card}"), "state")
    untouched(ctx, owner, card, before)


@case(
    "kz.portal.registration.double-click",
    target=KIND,
    clauses=["PT-03", "S-15.6"],
    requirements=REQ,
    needs=CONTROL,
    description="«Подписать» is clicked twice with the same signature, at the same moment.",
    expectation="One request goes to the tax body, one paper is kept; the second click is refused.",
)
def double_click(ctx: Context) -> None:
    """The same act twice at once has one effect."""
    owner = ctx.portal.owner
    card = owner.draft()
    papers = len(owner.papers())
    text = owner.ask(card, "sign-registration").demand()["text"]
    told = ctx.portal.at_once(*[lambda: owner.sign(card, "sign-registration", text)] * 3)
    ctx.check([200, 409, 409], sorted(each.status for each in told), "statuses")
    ctx.check(papers + 1, len(owner.papers()), "papers")
    asked = [row for row in ctx.control.state()["tax_body"] if row["card"] == card]
    ctx.check(1, len(asked), "requests to the tax body")


@case(
    "kz.portal.registration.after-the-answer",
    target=KIND,
    clauses=["S-15.6", "PT-04"],
    requirements=REQ,
    needs=CLOCK,
    description="A page of yesterday still shows the draft; its buttons are pressed after the answer came.",
    expectation="Each is refused, and the registered register stays as it is.",
)
def stale_page(ctx: Context) -> None:
    """The back button shows the past."""
    ctx.portal.switch(kgd_delay=QUARTER)
    owner = ctx.portal.owner
    card = owner.draft()
    text = owner.ask(card, "sign-registration").demand()["text"]
    owner.sign(card, "sign-registration", text).demand()
    ctx.portal.pass_time(seconds=QUARTER)
    before = stands(ctx, owner, card, "REG_NO_TARIFF")
    refused(ctx, owner.sign(card, "sign-registration", text), "state")
    refused(ctx, owner.send("POST", f"/cards/{card}/check"), "state")
    refused(ctx, owner.send("POST", f"/cards/{card}/resume"), "state")
    refused(ctx, owner.send("DELETE", f"/cards/{card}"), "state")
    untouched(ctx, owner, card, before)


@family(
    "kz.portal.registration.wire.{key}",
    rows={"draft": "draft", "waiting": "waiting"},
    target=KIND,
    clauses=["S-15.5"],
    requirements=REQ,
    needs=WIRE,
    description="A register that is not registered yet ({key}) speaks to the operator.",
    expectation="Nobody knows it: code 1.",
)
def on_the_wire(ctx: Context, made: str) -> None:
    """The wire says of each state what the table says."""
    owner = ctx.portal.owner
    card = int(getattr(owner, made)())
    device = ctx.portal.register(owner, card, 1)
    for what in (int(Command.INFO), device.ticket()):
        device.refuse(1, what, clause="S-15.5")
