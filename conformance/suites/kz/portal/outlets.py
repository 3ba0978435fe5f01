"""Outlets: the address directory, each field's bad input, and removing empty ones (§15.3)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.portal_owner import OUTLET
from conformance.suites.kz.portal.steps import CONTROL, KIND, refused, unknown, wrong

OUT1, OUT2 = ("KZ-OUT-01",), ("KZ-OUT-02",)


def _found(ctx: Context, typed: str) -> list[Any]:
    found: list[Any] = ctx.portal.anybody.get("/settlements", q=typed)
    return found


@case(
    "kz.portal.outlet.add",
    target=KIND,
    clauses=["S-15.3"],
    requirements=OUT1,
    needs=CONTROL,
    description="An outlet is added with building and room, another without.",
    expectation="Each stands in the list with its address in one line, and «Касс: 0 В сети: 0».",
)
def add(ctx: Context) -> None:
    """`{settlement}, {street}, {house}[, {building}][, {room}]`."""
    owner = ctx.portal.owner
    place = _found(ctx, "есиль")[0]
    plain = OUTLET | {"settlement": place["id"]}
    made = [owner.post("/outlets", plain), owner.post("/outlets", plain | {"building": "Б", "room": "5"})]
    ctx.check(
        [f"{place['display']}, Сауран, 12", f"{place['display']}, Сауран, 12, Б, 5"],
        [each["address"] for each in made],
        "addresses",
    )
    groups = owner.get("/cabinet")["outlets"]
    ctx.check([each["id"] for each in made], [group["outlet"]["id"] for group in groups], "outlets")
    ctx.check([(0, 0)] * 2, [(len(each["cards"]), each["online"]) for each in groups], "registers, online")


@case(
    "kz.portal.outlet.directory",
    target=KIND,
    clauses=["S-15.3"],
    requirements=OUT1,
    description="First letters are typed into the address directory.",
    expectation="«есиль» brings six entries whatever the case; of a divided city the district is found and "
    "the city is not; letters in the middle and nothing at all find nothing.",
)
def directory(ctx: Context) -> None:
    """For a city with districts the district's name is typed."""
    for typed in ("есиль", "ЕСИЛЬ", "Есиль", " есиль "):
        ctx.check(6, len(_found(ctx, typed)), f"entries for {typed!r}")
    begins = [row["name"].casefold().startswith("есиль") for row in _found(ctx, "есиль")]
    ctx.check_that(all(begins), "names that begin so", begins, "entries")
    ctx.check(1, len(_found(ctx, "имени Казыбек Би")), "entries for a district")
    for typed in ("Нур-султан", "силь", "", "%", "_", "xyz"):
        ctx.check([], _found(ctx, typed), f"entries for {typed!r}")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "name-missing": ({"name": ""}, "name"),
    "name-blank": ({"name": "  "}, "name"),
    "name-long": ({"name": "x" * 256}, "name"),
    "settlement-missing": ({"settlement": None}, "settlement"),
    "settlement-unknown": ({"settlement": 999_999}, "settlement"),
    "settlement-typed": ({"settlement": "г. Нур-султан"}, "settlement"),
    "street-missing": ({"street": ""}, "street"),
    "house-missing": ({"house": ""}, "house"),
    "house-long": ({"house": "1" * 33}, "house"),
    "building-long": ({"building": "1" * 33}, "building"),
    "room-long": ({"room": "1" * 33}, "room"),
    "misspelt-field": ({"hause": "1"}, "hause"),
}


@family(
    "kz.portal.outlet.wrong.{key}",
    rows=WRONG,
    target=KIND,
    clauses=["S-15.3"],
    requirements=OUT1,
    needs=CONTROL,
    description="An outlet is added with one wrong field ({key}).",
    expectation="The field is named, and there is no new outlet.",
)
def wrong_field(ctx: Context, row: tuple[dict[str, Any], str]) -> None:
    """Starred fields are demanded, the settlement is one of the directory."""
    owner = ctx.portal.owner
    wrong(ctx, owner.send("POST", "/outlets", OUTLET | row[0]), row[1])
    ctx.check([], owner.get("/cabinet")["outlets"], "outlets")


@case(
    "kz.portal.outlet.remove",
    target=KIND,
    clauses=["S-15.3"],
    requirements=OUT2,
    needs=CONTROL,
    description="An empty outlet is removed, twice.",
    expectation="It is gone after the first click; the second finds nothing.",
)
def remove(ctx: Context) -> None:
    """A double click does no harm."""
    owner = ctx.portal.owner
    place = owner.outlet()
    owner.delete(f"/outlets/{place}")
    unknown(ctx, owner.send("DELETE", f"/outlets/{place}"), clause="S-15.3")
    unknown(ctx, owner.send("GET", f"/outlets/{place}"), clause="S-15.3")
    wrong(ctx, owner.send("POST", "/cards", owner.form(outlet=place)), "outlet")


@case(
    "kz.portal.outlet.remove-full",
    target=KIND,
    clauses=["S-15.3"],
    requirements=OUT2,
    needs=CONTROL,
    description="An outlet with a draft is removed; then the draft is taken back and it is removed again.",
    expectation="«В торговой точке есть ККМ», and then it is gone.",
)
def remove_full(ctx: Context) -> None:
    """A draft counts as a register, one that was taken back does not."""
    owner = ctx.portal.owner
    place = owner.outlet()
    card = owner.draft(outlet=place)
    refused(ctx, owner.send("DELETE", f"/outlets/{place}"), "empty", text="В торговой точке есть ККМ")
    owner.delete(f"/cards/{card}")
    owner.delete(f"/outlets/{place}")


@case(
    "kz.portal.outlet.remove-with-deregistered",
    target=KIND,
    clauses=["S-15.3", "PT-13"],
    requirements=OUT2,
    needs=CONTROL,
    description="An outlet whose only register was taken off the books is removed.",
    expectation="It goes: a register in «Снята с учёта» does not count.",
)
def remove_after(ctx: Context) -> None:
    """While the tax body thinks it over it still counts."""
    owner = ctx.portal.owner
    place = owner.outlet()
    card = owner.registered(outlet=place)
    owner.do(card, "sign-deregistration", reason=7)
    refused(ctx, owner.send("DELETE", f"/outlets/{place}"), "empty")
    ctx.portal.order("answer-now", card)
    owner.delete(f"/outlets/{place}")
