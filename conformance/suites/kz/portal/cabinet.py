"""«Картотека ККМ»: cards, counts, search, and figures that are those of the wire (§15.3, §15.4)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers import kz_goods as goods
from conformance.suites.kz.portal.steps import ALL, CONTROL, KIND, WIRE, sold, stands, working
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.money import to_almaty

REQ = ("KZ-KKM-04",)


def _cards(seen: Any) -> list[int]:
    return [card["id"] for group in seen["outlets"] for card in group["cards"]]


@case(
    "kz.portal.cabinet.search",
    target=KIND,
    clauses=["S-15.4"],
    requirements=REQ,
    needs=CONTROL,
    description="Registers are looked for by outlet, name, id and serial, in any case, and by nothing known.",
    expectation="Each finds what it names; an outlet that is found stands with all its registers.",
)
def search(ctx: Context) -> None:
    """«Название магазина, наименование ККМ, идентификатор ККМ, серийный номер ККМ»."""
    owner = ctx.portal.owner
    first, second = owner.outlet(name="Алма"), owner.outlet(name="Нан")
    one = owner.draft(outlet=first, name="Бірінші касса", serial="SER-1")
    two = owner.draft(outlet=first, name="Екінші касса", serial="SER-2")
    three = owner.draft(outlet=second, name="Үшінші", serial="OTHER-3")
    for typed, wanted in {
        "": [one, two, three],
        "алма": [one, two],
        "касса": [one, two],
        "БІРІНШІ": [one],
        "ser-2": [two],
        str(three): [three],
        "other": [three],
        "  нан  ": [three],
        "%": [],
        "nowhere": [],
    }.items():
        seen = owner.get("/cabinet", q=typed)
        ctx.check(wanted, _cards(seen), f"registers found by {typed!r}")
        ctx.check(len(wanted), seen["total"], f"«Кассы всего» for {typed!r}")


@case(
    "kz.portal.cabinet.counts",
    target=KIND,
    clauses=["S-15.4"],
    requirements=REQ,
    needs=CONTROL,
    description="An organisation has a draft, one that waits, one without and one with a tariff.",
    expectation="«Кассы всего: 4», of which one is active; the card of each shows model, serial, id.",
)
def counts(ctx: Context) -> None:
    """«Кассы всего: n активных: m»."""
    owner = ctx.portal.owner
    place = owner.outlet()
    cards = [make(outlet=place) for make in (owner.draft, owner.waiting, owner.registered, owner.ready)]
    seen = owner.get("/cabinet")
    ctx.check((4, 1), (seen["total"], seen["active"]), "all and active registers")
    ctx.check(cards, _cards(seen), "registers")
    for card in seen["outlets"][0]["cards"]:
        shown = (bool(card["model"]), bool(card["serial"]), card["year"])
        ctx.check((True, True, 2019), shown, "model, serial, year")


@case(
    "kz.portal.cabinet.online",
    target=KIND,
    clauses=["S-15.3"],
    requirements=REQ,
    needs=ALL,
    description="Two registers of an outlet sell; after more than ten minutes one of them sells again.",
    expectation="«В сети: 2» until ten minutes are over, then 0, then 1.",
)
def online(ctx: Context) -> None:
    """«В сети» counts exchanges within the last 10 minutes."""
    ctx.clock.stand()
    owner = ctx.portal.owner
    place = owner.outlet()
    devices = [working(ctx, outlet=place)[1] for _ in range(2)]

    def seen() -> int:
        return int(owner.get("/cabinet")["outlets"][0]["online"])

    ctx.check(0, seen(), "registers online before any exchange")
    for device in devices:
        device.sell()
    ctx.check(2, seen(), "registers online")
    ctx.portal.pass_time(minutes=9, seconds=59)
    ctx.check(2, seen(), "registers online a second before")
    ctx.portal.pass_time(seconds=2)
    ctx.check(0, seen(), "registers online a second behind ten minutes")
    devices[0].sell()
    ctx.check(1, seen(), "registers online after a sale")


SALES: dict[str, list[tuple[int, int]]] = {
    "one": [(goods.SELL, 42_000)],
    "coins": [(goods.SELL, 1), (goods.SELL, 115), (goods.SELL_RETURN, 1)],
    "mixed": [(goods.SELL, 100_00), (goods.BUY, 7_00), (goods.SELL_RETURN, 30_50), (goods.BUY_RETURN, 1_00)],
    "large": [(goods.SELL, 99_999_999_99), (goods.SELL, 99_999_999_99)],
    "many": [(goods.SELL, 100 + number) for number in range(40)],
}


@family(
    "kz.portal.cabinet.figures.{key}",
    rows=SALES,
    target=KIND,
    clauses=["S-15.4"],
    requirements=REQ,
    needs=WIRE,
    description="The judge sells on its register ({key}) and looks at the card after each document.",
    expectation="Shift, sales and returns of the card are those of the judge, to the tiyn; a closed shift "
    "shows none.",
)
def figures(ctx: Context, sales: list[tuple[int, int]]) -> None:
    """«На … Смена № n», «Продаж: x ₸ Возвратов: y ₸»."""
    card, device = working(ctx)
    owner = ctx.portal.owner
    device.accept(device.deposit(200_00))
    totals = {goods.SELL: 0, goods.SELL_RETURN: 0}
    for number, (operation, total) in enumerate(sales):
        device.sell(goods.line(price=total), operation=operation)
        if operation in totals:
            totals[operation] += total
        if number % 7 and number + 1 < len(sales):
            continue
        seen = owner.card(card)
        shown = (seen["shift"], seen["sold"], seen["returned"])
        ctx.check((1, totals[goods.SELL], totals[goods.SELL_RETURN]), shown, "shift, sales, returns")
    ctx.check(f"{to_almaty(ctx.portal.now()):%d.%m.%Y %H:%M}", seen["last"], "time of the last data")
    device.close_shift()
    seen = owner.card(card)
    ctx.check((1, 0, 0), (seen["shift"], seen["sold"], seen["returned"]), "shift, sales, returns when closed")
    device.sell()
    ctx.check(
        (2, 42_000), (owner.card(card)["shift"], owner.card(card)["sold"]), "shift and sales of the next"
    )


@case(
    "kz.portal.cabinet.wire-data",
    target=KIND,
    clauses=["S-15.4", "S-15.7"],
    requirements=["KZ-KKM-04", "KZ-OUT-01"],
    needs=WIRE,
    description="A register asks the wire who and where it is.",
    expectation="Organisation, outlet, address, serial, number and id are those of the portal.",
)
def wire_data(ctx: Context) -> None:
    """What a ticket prints comes from here."""
    card, device = working(ctx, outlet=ctx.portal.owner.outlet(name="TEST Дүкен"))
    owner = ctx.portal.owner
    seen, known = owner.card(card), owner.get("/organisation")
    told = device.accept(int(Command.INFO)).message.service.reg_info
    ctx.check((known["name"], known["number"]), (told.org.title, told.org.inn), "organisation")
    ctx.check(known["legal_address"], told.org.address, "address of the organisation")
    outlet = owner.get(f"/outlets/{seen['outlet']}")
    ctx.check((outlet["name"], outlet["address"]), (told.pos.title, told.pos.address), "outlet")
    shown = (told.kkm.serial_number, told.kkm.fns_kkm_id, told.kkm.kkm_id)
    ctx.check((seen["serial"], seen["rnm"], str(card)), shown, "serial, number, id")


@case(
    "kz.portal.cabinet.refused-document",
    target=KIND,
    clauses=["S-15.4", "PT-07"],
    requirements=REQ,
    needs=WIRE,
    description="A document is refused on the wire.",
    expectation="The card shows nothing of it, and the register is not active for it.",
)
def refused_document(ctx: Context) -> None:
    """Only what was accepted counts."""
    card, device = working(ctx)
    owner = ctx.portal.owner
    before = owner.card(card)
    device.refuse(2, device.ticket(), token=device.token ^ 1)
    device.refuse(13, device.ticket(total=1), clause="KZ-RC-13")
    ctx.portal.keep_up()
    after = stands(ctx, owner, card, "READY")
    ctx.check((0, 0), (after["sold"], after["returned"]), "sales and returns")
    ctx.check(before["shift"], after["shift"], "shift")
    sold(ctx, device)
    stands(ctx, owner, card, "ACTIVE", clause="PT-07")
