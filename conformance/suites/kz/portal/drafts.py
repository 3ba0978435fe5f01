"""The form «Касса»: drafts, what a registration needs, a number that registers once (§15.4)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.kz.portal.steps import (
    CLOCK,
    CONTROL,
    KIND,
    refused,
    stands,
    unknown,
    untouched,
    wrong,
)

REQ = ("KZ-KKM-01",)
TWICE = ("KZ-KKM-03",)
CHECKED = (
    "Все данные ККМ сохранены. В любой момент вы можете вернуться к регистрации, открыв сохраненную ККМ."
)


@case(
    "kz.portal.draft.saved",
    target=KIND,
    clauses=["PT-01", "S-15.4"],
    requirements=REQ,
    needs=CONTROL,
    description="«Сохранить» with nothing but name and outlet, then again with the rest.",
    expectation="The draft has its ID from the first time on and keeps it; it offers to go on or to delete.",
)
def saved(ctx: Context) -> None:
    """«id: …» stands on the draft already."""
    owner = ctx.portal.owner
    place = owner.outlet()
    card = int(owner.post("/cards", {"name": "Касса", "outlet": place})["id"])
    seen = stands(ctx, owner, card, "DRAFT")
    ctx.check("Продолжить регистрацию", seen["label"]["ru"], "label", clause="S-15.5")
    ctx.check({"check", "delete"}, set(seen["acts"]), "acts", clause="S-15.5")
    form = owner.form(outlet=place)
    ctx.check(card, owner.put(f"/cards/{card}", form)["id"], "id", clause="S-15.4")
    now = owner.card(card)
    ctx.check((form["serial"], form["year"]), (now["serial"], now["year"]), "serial and year")


@case(
    "kz.portal.draft.checked",
    target=KIND,
    clauses=["PT-02"],
    requirements=REQ,
    needs=CONTROL,
    description="«Продолжить» with a complete form.",
    expectation="«Все данные ККМ сохранены. …», and it is a draft as before.",
)
def checked(ctx: Context) -> None:
    """The check registers nothing."""
    owner = ctx.portal.owner
    card = owner.draft()
    done = owner.post(f"/cards/{card}/check")
    ctx.check(("DRAFT", CHECKED), (done["state"], done["message"]["ru"]), "state and message")


LACKS: dict[str, tuple[str, str]] = {
    "model": ("model", "KF-01"),
    "serial": ("serial", "KF-01"),
    "year": ("year", "KF-01"),
    "consent": ("consent", "KF-01"),
}


@family(
    "kz.portal.draft.lacks.{key}",
    rows=LACKS,
    target=KIND,
    clauses=lambda row: [row[1], "PT-02"],
    requirements=REQ,
    needs=CONTROL,
    description="«Продолжить» with a draft that lacks a field ({key}), and an attempt to sign it.",
    expectation="The field is named both times, and the draft stays one.",
)
def lacks(ctx: Context, row: tuple[str, str]) -> None:
    """The check cannot be gone around by signing."""
    owner = ctx.portal.owner
    card = owner.draft(**{row[0]: None})
    wrong(ctx, owner.send("POST", f"/cards/{card}/check"), row[0])
    wrong(ctx, owner.ask(card, "sign-registration"), row[0])
    wrong(ctx, owner.sign(card, "sign-registration", "anything"), row[0])
    stands(ctx, owner, card, "DRAFT")


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "name-missing": ({"name": ""}, "name", "KF-01"),
    "name-long": ({"name": "x" * 256}, "name", "KF-01"),
    "outlet-unknown": ({"outlet": 999_999_999}, "outlet", "KF-01"),
    "model-unknown": ({"model": 999_999}, "model", "KF-02"),
    "model-free-text": ({"model": "Моя касса 1"}, "model", "KF-02"),
    "serial-33": ({"serial": "1" * 33}, "serial", "KF-03"),
    "serial-space": ({"serial": "12 34"}, "serial", "KF-03"),
    "serial-dot": ({"serial": "12.34"}, "serial", "KF-03"),
    "serial-slash": ({"serial": "12/34"}, "serial", "KF-03"),
    "serial-quote": ({"serial": "1' OR '1"}, "serial", "KF-03"),
    "serial-emoji": ({"serial": "12\U0001f600"}, "serial", "KF-03"),
    "year-1999": ({"year": 1999}, "year", "KF-04"),
    "year-5-digits": ({"year": 20190}, "year", "KF-04"),
    "year-0": ({"year": 0}, "year", "KF-04"),
    "year-text": ({"year": "девятнадцатый"}, "year", "KF-04"),
    "misspelt-field": ({"seriall": "1"}, "seriall", "KF-01"),
}


@family(
    "kz.portal.draft.wrong.{key}",
    rows=WRONG,
    target=KIND,
    clauses=lambda row: [row[2]],
    requirements=REQ,
    needs=CONTROL,
    description="A register is saved with one wrong field ({key}).",
    expectation="The field is named, and there is no new register.",
)
def wrong_field(ctx: Context, row: tuple[dict[str, Any], str, str]) -> None:
    """A draft may lack fields, but what stands in it is sound."""
    change, field, _ = row
    owner = ctx.portal.owner
    place = owner.outlet()
    wrong(ctx, owner.send("POST", "/cards", owner.form(**({"outlet": place} | change))), field)
    ctx.check(0, owner.get("/cabinet")["total"], "registers")


RIGHT: dict[str, tuple[dict[str, Any], str]] = {
    "serial-1": ({"serial": "7"}, "KF-03"),
    "serial-32": ({"serial": "A" * 32}, "KF-03"),
    "serial-hyphens": ({"serial": "SWK-00-1"}, "KF-03"),
    "serial-kazakh": ({"serial": "ҚҢҒ-1"}, "KF-03"),
    "year-2000": ({"year": 2000}, "KF-04"),
}


@family(
    "kz.portal.draft.right.{key}",
    rows=RIGHT,
    target=KIND,
    clauses=lambda row: [row[1]],
    requirements=REQ,
    needs=CONTROL,
    description="A register at the edge of what is allowed ({key}).",
    expectation="It is saved and can be registered.",
)
def right(ctx: Context, row: tuple[dict[str, Any], str]) -> None:
    """The edges are inside."""
    owner = ctx.portal.owner
    owner.do(owner.draft(**row[0]), "sign-registration")


@case(
    "kz.portal.draft.year",
    target=KIND,
    clauses=["KF-04"],
    requirements=REQ,
    needs=CLOCK,
    description="Registers made this year and next year are to be registered, and the second again after "
    "New Year.",
    expectation="This year's is taken, next year's is not until it has begun.",
)
def year(ctx: Context) -> None:
    """The current year is the portal's."""
    owner = ctx.portal.owner
    this = ctx.portal.today.year
    owner.do(owner.draft(year=this), "sign-registration")
    card = owner.draft(year=this + 1)
    wrong(ctx, owner.send("POST", f"/cards/{card}/check"), "year")
    wrong(ctx, owner.ask(card, "sign-registration"), "year")
    ctx.portal.pass_until(ctx.portal.today.replace(year=this + 1, month=1, day=1))
    owner.do(card, "sign-registration")


@case(
    "kz.portal.draft.deleted",
    target=KIND,
    clauses=["PT-17"],
    requirements=REQ,
    needs=CONTROL,
    description="A draft is deleted, twice; then another is made.",
    expectation="It is gone, and its ID is not given out again.",
)
def deleted(ctx: Context) -> None:
    """An ID belongs to one register for ever."""
    owner = ctx.portal.owner
    card = owner.draft()
    owner.delete(f"/cards/{card}")
    unknown(ctx, owner.send("DELETE", f"/cards/{card}"), clause="PT-17")
    unknown(ctx, owner.send("GET", f"/cards/{card}"), clause="PT-17")
    again = owner.draft()
    ctx.check_that(again > card, f"above {card}", again, "next id")


@case(
    "kz.portal.draft.number-registers-once",
    target=KIND,
    clauses=["KF-03"],
    requirements=TWICE,
    needs=CONTROL,
    description="A model and serial that is registered is registered again, here and by a neighbour.",
    expectation="The serial is named; the same serial of another model is taken.",
)
def once(ctx: Context) -> None:
    """A pair of model and serial has one live registration."""
    owner, other = ctx.portal.owner, ctx.portal.other
    card = owner.registered()
    serial = owner.card(card)["serial"]
    for asker in (owner, other):
        twin = asker.draft(serial=serial)
        wrong(ctx, asker.send("POST", f"/cards/{twin}/check"), "serial", "free")
        wrong(ctx, asker.ask(twin, "sign-registration"), "serial", "free")
        stands(ctx, asker, twin, "DRAFT")
    other.do(other.draft(serial=serial, model=2), "sign-registration")


@case(
    "kz.portal.draft.number-while-waiting",
    target=KIND,
    clauses=["KF-03"],
    requirements=TWICE,
    needs=CONTROL,
    description="Two tabs register two drafts of one model and serial at the same moment.",
    expectation="Exactly one is sent to the tax body.",
)
def two_tabs(ctx: Context) -> None:
    """Whoever waits for the tax body holds the number already."""
    owner = ctx.portal.owner
    cards = [owner.draft(serial="TWIN-1"), owner.draft(serial="TWIN-1")]
    texts = [owner.ask(card, "sign-registration").demand()["text"] for card in cards]
    first, second = ctx.portal.at_once(
        lambda: owner.sign(cards[0], "sign-registration", texts[0]),
        lambda: owner.sign(cards[1], "sign-registration", texts[1]),
    )
    ctx.check([200, 422], sorted((first.status, second.status)), "statuses")
    ctx.check(["DRAFT", "WAIT_REG"], sorted(owner.state(card) for card in cards), "states")


@case(
    "kz.portal.draft.number-after-deregistration",
    target=KIND,
    clauses=["KF-03", "PT-13"],
    requirements=TWICE,
    needs=CONTROL,
    description="A register is taken off the books, and its model and serial are registered anew.",
    expectation="Refused while the tax body thinks it over, taken afterwards, with another ID.",
)
def after_leaving(ctx: Context) -> None:
    """Moving to another tax office demands exactly that."""
    owner = ctx.portal.owner
    card = owner.registered(serial="AGAIN-1")
    owner.do(card, "sign-deregistration", reason=2)
    twin = owner.draft(serial="AGAIN-1")
    wrong(ctx, owner.send("POST", f"/cards/{twin}/check"), "serial", "free")
    ctx.portal.order("answer-now", card)
    owner.do(twin, "sign-registration")
    ctx.check_that(twin != card, "another id", twin, "id")


CHANGES: dict[str, dict[str, Any]] = {
    "model": {"model": 2},
    "serial": {"serial": "OTHER-1"},
    "year": {"year": 2020},
    "everything": {"model": 2, "serial": "OTHER-1", "year": 2020, "name": "Другая"},
}


@family(
    "kz.portal.draft.fixed-after-registration.{key}",
    rows=CHANGES,
    target=KIND,
    clauses=["S-15.4", "S-15.6"],
    requirements=TWICE,
    needs=CONTROL,
    description="A registered register is saved with another {key}.",
    expectation="It is refused, and the card reads as before.",
)
def fixed(ctx: Context, change: dict[str, Any]) -> None:
    """Model, serial and year never change after registration."""
    owner = ctx.portal.owner
    place = owner.outlet()
    for made in (owner.waiting, owner.registered):
        card = made(outlet=place)
        before = owner.card(card)
        form = owner.form(**({"outlet": place, "serial": before["serial"]} | change))
        refused(ctx, owner.send("PUT", f"/cards/{card}", form), "state")
        untouched(ctx, owner, card, before)
