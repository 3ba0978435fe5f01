"""Re-registration inside a tax office, and leaving the books (§15.8, §15.9)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.portal_owner import Owner
from conformance.suites.kz.portal.steps import (
    CLOCK,
    CONTROL,
    KIND,
    WIRE,
    refused,
    sold,
    stands,
    untouched,
    working,
    wrong,
)
from reference.protocol.kz.dialects import Command

MOVED, LEFT = ("KZ-RRG-01",), ("KZ-DRG-01",)
MOVED_TEXT = "Касса успешно перерегистрирована"
OTHER_OFFICE = "Касса может быть перерегистрирована только в пределах одного налогового органа"
SENT = (
    "Запрос на снятие кассы с учета отправлен. Обработка запроса может занять от 15 минут до 3-х дней. "
    "Следите за обновлением статуса кассы."
)
QUARTER = 15 * 60


def places(ctx: Context) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Two settlements of one tax office, and one of another."""
    rows = [row for typed in "абекмстү" for row in ctx.portal.anybody.get("/settlements", q=typed)]
    by_office: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_office.setdefault(row["tax_office"]["code"], []).append(row)
    pairs = [found for found in by_office.values() if len(found) > 1]
    if not pairs or len(by_office) < 2:
        ctx.inconclusive("the directory has no two settlements of one tax office and a third of another")
    near, far = pairs[0][:2]
    other = next(row for row in rows if row["tax_office"]["code"] != near["tax_office"]["code"])
    return near, far, other


def address_on_the_wire(device: Any) -> str:
    """The address of the place of sale as the operator tells it to the register."""
    return str(device.accept(int(Command.INFO)).message.service.reg_info.pos.address)


@case(
    "kz.portal.move.inside-the-office",
    target=KIND,
    clauses=["PT-11", "S-15.8"],
    requirements=MOVED,
    needs=WIRE,
    description="A register with an open shift moves to another outlet of the same tax office, renamed.",
    expectation="«Касса успешно перерегистрирована»; state, number and token stay, the new address stands on "
    "the card and on the wire, and the shift goes on.",
)
def inside(ctx: Context) -> None:
    """No Z-report is needed."""
    near, far, _ = places(ctx)
    owner = ctx.portal.owner
    here, there = owner.outlet(settlement=near["id"]), owner.outlet(settlement=far["id"])
    card, device = working(ctx, outlet=here)
    sold(ctx, device)
    before = owner.card(card)
    done = owner.do(card, "reregister", outlet=there, name="Переехала")
    ctx.check(("ACTIVE", MOVED_TEXT), (done["state"], done["message"]["ru"]), "state and message")
    seen = owner.card(card)
    same = ("rnm", "serial", "model", "year", "shift", "sold")
    ctx.check([before[each] for each in same], [seen[each] for each in same], "what stays", clause="S-15.8")
    ctx.check((there, "Переехала"), (seen["outlet"], seen["name"]), "outlet and name", clause="S-15.8")
    address = owner.get(f"/outlets/{there}")["address"]
    ctx.check(address, address_on_the_wire(device), "address on the wire", clause="S-15.8")
    device.sell()
    device.compare()


@case(
    "kz.portal.move.across-offices",
    target=KIND,
    clauses=["S-15.8"],
    requirements=MOVED,
    needs=CONTROL,
    description="A register is to move to an outlet of another tax office.",
    expectation="It is refused in the words of the rule, and the register stays where it is.",
)
def across(ctx: Context) -> None:
    """It has to be deregistered and registered anew."""
    near, _, other = places(ctx)
    owner = ctx.portal.owner
    card = owner.ready(outlet=owner.outlet(settlement=near["id"]))
    far = owner.outlet(settlement=other["id"])
    before = owner.card(card)
    refused(ctx, owner.ask(card, "reregister", outlet=far), "tax-office", text=OTHER_OFFICE)
    refused(ctx, owner.sign(card, "reregister", "text", outlet=far), "tax-office", text=OTHER_OFFICE)
    untouched(ctx, owner, card, before)


@case(
    "kz.portal.move.nowhere",
    target=KIND,
    clauses=["S-15.8", "S-15.11"],
    requirements=[*MOVED, "KZ-USR-01"],
    needs=CONTROL,
    description="A register is to move to its own outlet, to none, to a removed one and to another "
    "organisation's.",
    expectation="Each is refused; of the stranger's outlet nobody learns that it is there.",
)
def nowhere(ctx: Context) -> None:
    """The new outlet must exist before."""
    owner = ctx.portal.owner
    here = owner.outlet()
    card = owner.ready(outlet=here)
    before = owner.card(card)
    refused(ctx, owner.ask(card, "reregister", outlet=here), "outlet")
    gone = owner.outlet()
    owner.delete(f"/outlets/{gone}")
    theirs = ctx.portal.other.outlet()
    for wish in ({}, {"outlet": gone}, {"outlet": theirs}, {"outlet": 999_999_999}):
        wrong(ctx, owner.ask(card, "reregister", **wish), "outlet")
    untouched(ctx, owner, card, before)


@family(
    "kz.portal.move.asked.{key}",
    rows={"yes": "yes", "no": "no"},
    target=KIND,
    clauses=["PT-18", "S-15.5"],
    requirements=MOVED,
    needs=[*CLOCK, "wire"],
    description="The tax body is asked about a move and says {key} after 15 minutes.",
    expectation="Meanwhile the register waits, can do nothing on the page and sells on the wire; then it is "
    "as before, at the new outlet or the old one.",
)
def asked(ctx: Context, answer: str) -> None:
    """`rereg_delay` above 0."""
    near, far, _ = places(ctx)
    owner = ctx.portal.owner
    here, there = owner.outlet(settlement=near["id"]), owner.outlet(settlement=far["id"])
    card, device = working(ctx, outlet=here)
    sold(ctx, device)
    ctx.portal.switch(rereg_delay=QUARTER, kgd_answer=answer, kgd_reason="Нет такого дома (TEST)")
    owner.do(card, "reregister", outlet=there)
    seen = stands(ctx, owner, card, "WAIT_REREG")
    ctx.check(
        ("Ожидает перерегистрацию", []), (seen["label"]["ru"], seen["acts"]), "label, acts", clause="S-15.5"
    )
    ctx.check(here, seen["outlet"], "outlet while waiting")
    sold(ctx, device)
    ctx.portal.pass_time(seconds=QUARTER)
    seen = stands(ctx, owner, card, "ACTIVE")
    ctx.check(there if answer == "yes" else here, seen["outlet"], "outlet")
    address = owner.get(f"/outlets/{seen['outlet']}")["address"]
    ctx.check(address, address_on_the_wire(device), "address on the wire", clause="S-15.8")
    if answer == "no":
        ctx.check("Нет такого дома (TEST)", seen["reason"], "reason")


# --- leaving the books


def without_tariff(ctx: Context, owner: Owner, *, closed: bool = True) -> int:
    """A register that has sold, its shift closed or not, and its tariff off."""
    card, device = working(ctx, owner)
    device.sell()
    if closed:
        device.close_shift()
    ctx.portal.keep_up()
    owner.do(card, "drop-tariff")
    return card


@case(
    "kz.portal.leave.open-shift",
    target=KIND,
    clauses=["S-15.9"],
    requirements=LEFT,
    needs=WIRE,
    description="A register whose shift is open is to be taken off the books; it closes the shift and asks "
    "again.",
    expectation="Refused until the closing has come in, then sent.",
)
def open_shift(ctx: Context) -> None:
    """Shift closed, the closing delivered to the OFD, tariff off."""
    owner = ctx.portal.owner
    card, device = working(ctx)
    sold(ctx, device)
    owner.do(card, "drop-tariff")
    before = owner.card(card)
    refused(ctx, owner.ask(card, "sign-deregistration", reason=1), "shift")
    refused(ctx, owner.sign(card, "sign-deregistration", "text", reason=1), "shift")
    untouched(ctx, owner, card, before)
    owner.do(card, "choose-tariff", tariff=2)
    device.close_shift()
    ctx.portal.keep_up()
    owner.do(card, "drop-tariff")
    done = owner.do(card, "sign-deregistration", reason=1)
    ctx.check(("WAIT_DEREG", SENT), (done["state"], done["message"]["ru"]), "state, message", clause="PT-12")


@case(
    "kz.portal.leave.tariff-on",
    target=KIND,
    clauses=["S-15.9", "S-15.6"],
    requirements=LEFT,
    needs=CONTROL,
    description="A register with a tariff is to be taken off the books.",
    expectation="It is refused, and the register works on.",
)
def tariff_on(ctx: Context) -> None:
    """The tariff goes first."""
    owner = ctx.portal.owner
    card = owner.ready()
    refused(ctx, owner.ask(card, "sign-deregistration", reason=1), "state")
    stands(ctx, owner, card, "READY")


@family(
    "kz.portal.leave.reason.{key}",
    rows={str(number): number for number in range(1, 8)},
    target=KIND,
    clauses=lambda number: [f"DR-{number}", "PT-12"],
    requirements=LEFT,
    needs=CONTROL,
    description="A register is taken off the books for reason {key} of the list.",
    expectation="The reason stands in the application and on the card, and the request is sent.",
)
def reason(ctx: Context, number: int) -> None:
    """The list is the portal's own; the words of the screen begin each."""
    owner = ctx.portal.owner
    words = ctx.portal.anybody.get("/reasons")[str(number)]
    ctx.check_that(words.startswith(BEGINNINGS[number]), BEGINNINGS[number], words, "reason")
    card = owner.registered()
    text = owner.ask(card, "sign-deregistration", reason=number).demand()["text"]
    ctx.check_that(words in text, words, text, "application")
    owner.sign(card, "sign-deregistration", text, reason=number).demand()
    seen = stands(ctx, owner, card, "WAIT_DEREG")
    ctx.check((words, "Ожидает снятия с учёта"), (seen["reason"], seen["label"]["ru"]), "reason and label")


BEGINNINGS = {
    1: "Прекращение осуществления деятельности, связанной с денежными расчетами, осуществляемыми при "
    "торговых операциях, выполнении работ, оказании услуг посредством н",
    2: "Изменение места использования контрольно-кассовой машины",
    3: "Невозможность дальнейшего применения в связи с технической неисправностью",
    4: "Исключение контрольно-кассовой машины из государственного реестра",
    5: "Замена технически исправной модели контрольно-кассовой машины на новую модель",
    6: "Кража, утеря контрольно-кассовой машины",
    7: "Иные случаи, не противоречащие налоговому законодательству Республики Казахстан",
}


NO_REASON: dict[str, dict[str, Any]] = {
    "none": {},
    "zero": {"reason": 0},
    "eight": {"reason": 8},
    "text": {"reason": "Надоело"},
}


@family(
    "kz.portal.leave.no-reason.{key}",
    rows=NO_REASON,
    target=KIND,
    clauses=["S-15.9"],
    requirements=LEFT,
    needs=CONTROL,
    description="A register is to be taken off the books without one of the seven reasons ({key}).",
    expectation="The field is named, and nothing is sent.",
)
def no_reason(ctx: Context, wish: dict[str, Any]) -> None:
    """One of seven."""
    owner = ctx.portal.owner
    card = owner.registered()
    wrong(ctx, owner.ask(card, "sign-deregistration", **wish), "reason")
    stands(ctx, owner, card, "REG_NO_TARIFF")


@family(
    "kz.portal.leave.answer.{key}",
    rows={"yes": ("yes", "DEREGISTERED"), "no": ("no", "REG_NO_TARIFF"), "never": ("never", "WAIT_DEREG")},
    target=KIND,
    clauses=["PT-13", "S-15.5"],
    requirements=LEFT,
    needs=[*CLOCK, "wire"],
    description="The tax body is asked to take a register off and says {key}.",
    expectation="«Снята с учёта» and history only; or without a tariff as before; or it waits.",
)
def answer(ctx: Context, row: tuple[str, str]) -> None:
    """On the wire 15, to a device of 2.0.4 18 or 19."""
    ctx.clock.stand()
    said, state = row
    owner = ctx.portal.owner
    card, device = working(ctx)
    device.sell()
    device.close_shift()
    ctx.portal.keep_up()
    owner.do(card, "drop-tariff")
    ctx.portal.switch(kgd_answer=said, kgd_delay=QUARTER)
    owner.do(card, "sign-deregistration", reason=3)
    ctx.portal.pass_time(seconds=QUARTER - 1)
    stands(ctx, owner, card, "WAIT_DEREG", clause="PT-12")
    ctx.portal.pass_time(seconds=1)
    seen = stands(ctx, owner, card, state)
    offered = {"choose-tariff", "sign-deregistration"} if said == "no" else set()
    ctx.check(offered, set(seen["acts"]), "acts", clause="S-15.5")
    device.refuse(15, int(Command.INFO), clause="S-15.5")
    device.version = 204
    device.refuse(18 if said == "yes" else 19, int(Command.INFO), clause="S-15.5")
    ctx.check(1, seen["shift"], "shift that the card still shows", clause="S-15.5")


@family(
    "kz.portal.leave.theft.{key}",
    rows={"by-default": False, "excused": True},
    target=KIND,
    clauses=["S-15.9", "DR-6"],
    requirements=LEFT,
    needs=WIRE,
    description="A stolen register cannot close its shift any more ({key}).",
    expectation="The manual names no exception, so it is refused, unless the switch excuses theft.",
)
def theft(ctx: Context, excused: bool) -> None:
    """`theft_skips_guards`; every other reason needs the closing all the same."""
    owner = ctx.portal.owner
    card = without_tariff(ctx, owner, closed=False)
    if not excused:
        refused(ctx, owner.ask(card, "sign-deregistration", reason=6), "shift")
        return
    ctx.portal.switch(theft_skips_guards=True)
    refused(ctx, owner.ask(card, "sign-deregistration", reason=5), "shift")
    owner.do(card, "sign-deregistration", reason=6)


@case(
    "kz.portal.leave.double-click",
    target=KIND,
    clauses=["PT-12", "S-15.6"],
    requirements=LEFT,
    needs=CONTROL,
    description="The application to leave is signed twice at the same moment.",
    expectation="One request goes to the tax body, one paper is kept.",
)
def double_click(ctx: Context) -> None:
    """The same act twice at once has one effect."""
    owner = ctx.portal.owner
    card = owner.registered()
    text = owner.ask(card, "sign-deregistration", reason=7).demand()["text"]
    papers = len(owner.papers())
    told = ctx.portal.at_once(*[lambda: owner.sign(card, "sign-deregistration", text, reason=7)] * 2)
    ctx.check([200, 409], sorted(each.status for each in told), "statuses")
    ctx.check(papers + 1, len(owner.papers()), "papers")
    asked_about = [row for row in ctx.control.state()["tax_body"] if row["card"] == card]
    ctx.check(1, len(asked_about), "requests to the tax body")
