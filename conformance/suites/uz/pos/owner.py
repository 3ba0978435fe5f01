"""What the owner is told: changes in their order, each until it is acknowledged (docs/judge-your-pos.md)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.pos import good, paid, sale
from conformance.drivers.pos_owner import OwnerStand, Turn
from conformance.drivers.pos_server import Line

NEEDS = ["owner"]


def linked(ctx: Context) -> OwnerStand:
    """A point of sale that is linked by its POS login, everything told."""
    pos = ctx.pos
    pos.ready(fresh=True)
    owner = pos.owner
    with ctx.preparing("a link to the owner's portal by login"):
        pos.press("login", {"login": owner.login, "password": owner.password})
        told(ctx)
    return owner


def told(ctx: Context) -> None:
    """Look until nothing waits to be told."""
    pos = ctx.pos
    for _ in range(8):
        if not int(pos.look().told("report.waiting")):
            return
    ctx.fail("changes wait still, though the portal takes them", clause="PS-18")


@case(
    "uz.pos.owner.from-one",
    target="pos",
    clauses=["PS-18"],
    requirements=["BX-DATA-01"],
    needs=NEEDS,
    description="A point of sale is linked, and sells.",
    expectation="Changes come from 1 on without a gap, each once.",
)
def from_one(ctx: Context) -> None:
    """In their order."""
    owner = linked(ctx)
    ctx.pos.sold(sale())
    told(ctx)
    numbers = [n for batch in owner.batches if batch.status == 200 for n in batch.numbers]
    ctx.check(list(range(1, len(numbers) + 1)), numbers, "numbers of the changes")
    ctx.check_that(len(numbers) > 0, "some", numbers, "changes")


@case(
    "uz.pos.owner.order-payment-fiscal",
    target="pos",
    clauses=["PS-22"],
    requirements=["BX-DATA-01"],
    needs=NEEDS,
    description="An order is sold, paid in cash and by Click.",
    expectation="The owner learns of its lines and total, of both payments, and of number and sign.",
)
def content(ctx: Context) -> None:
    """The order as it is, and what the module made of it."""
    owner = linked(ctx)
    pos = ctx.pos
    order = sale(100_00, good(40_00, amount=2500), payments=paid(cash=30_00, click=70_00))
    pressed, held = pos.sold(order)
    told(ctx)
    last = owner.of("order", pressed.order)[-1]
    ctx.check(("completed", 100_00), (last["state"], last["total"]), "state and total")
    ctx.check([(2500, 100_00)], [(line["amount"], line["sum"]) for line in last["lines"]], "lines")
    payments = [each for each in owner.of("payment") if each["order"] == pressed.order]
    ctx.check(
        [("cash", 30_00), ("click", 70_00)],
        sorted((each["kind"], each["amount"]) for each in payments),
        "payments",
    )
    fiscal = owner.of("fiscal", pressed.order)[-1]
    ctx.check((held.seq, held.sign, "done"), (fiscal["number"], fiscal["sign"], fiscal["state"]), "receipt")


@case(
    "uz.pos.owner.acknowledgement",
    target="pos",
    clauses=["PS-22"],
    requirements=["BX-DATA-01"],
    needs=NEEDS,
    description="A receipt is made; the operator acknowledges it later.",
    expectation="The owner learns first that it is not acknowledged, then that it is.",
)
def acknowledgement(ctx: Context) -> None:
    """So that he sees what is still to be sent."""
    owner = linked(ctx)
    pos = ctx.pos
    pressed, _ = pos.sold(sale())
    told(ctx)
    ctx.check(False, owner.of("fiscal", pressed.order)[-1]["acknowledged"], "before")
    with pos.drive.lock:
        pos.module.acknowledge()
    pos.look()
    told(ctx)
    ctx.check(True, owner.of("fiscal", pressed.order)[-1]["acknowledged"], "after")


@case(
    "uz.pos.owner.shift",
    target="pos",
    clauses=["PS-22"],
    requirements=["BX-DATA-01"],
    needs=NEEDS,
    description="An order is sold and the shift closed.",
    expectation="The owner has the Z-report with the module's sums.",
)
def shift(ctx: Context) -> None:
    """The day as the module closed it."""
    owner = linked(ctx)
    ctx.pos.sold(sale(112_00))
    ctx.pos.press("close-shift")
    told(ctx)
    report = owner.of("shift")[-1]
    ctx.check({"Sale": 112_00, "Refund": 0}, report["TotalCash"], "cash of the report")


@case(
    "uz.pos.owner.refund",
    target="pos",
    clauses=["PS-22"],
    requirements=["BX-DATA-01", "UZ-POS-03"],
    needs=NEEDS,
    description="A sale is given back.",
    expectation="The owner has the refund with the sale it belongs to, and the money as returned.",
)
def refund(ctx: Context) -> None:
    """A refund is no revenue."""
    owner = linked(ctx)
    pos = ctx.pos
    pressed, _ = pos.sold(sale(100_00))
    back = pos.settle(pos.press("refund", {"order": pressed.order}))
    told(ctx)
    last = owner.of("order", back.order)[-1]
    ctx.check((pressed.order, 100_00), (last["refund_of"], last["total"]), "sale and total")
    payment = next(each for each in owner.of("payment") if each["order"] == back.order)
    ctx.check((-100_00, "returned"), (payment["amount"], payment["state"]), "payment")


@family(
    "uz.pos.owner.again-after-{key}",
    rows={
        "an-error": Turn(500, "inside"),
        "too-many-requests": Turn(429, "often"),
        "a-lost-answer": Turn(line=Line.CUT_AFTER),
        "half-an-answer": Turn(line=Line.HALF),
    },
    target="pos",
    clauses=["PS-19", "PS-18"],
    requirements=["BX-DATA-01"],
    needs=NEEDS,
    description="A report meets {key}.",
    expectation="It is sent again with the same changes, and in the end the owner has every change once.",
)
def again(ctx: Context, turn: Turn) -> None:
    """What was not acknowledged has not been told."""
    owner = linked(ctx)
    pos = ctx.pos
    before = len(owner.batches)
    owner.turn(turn)
    pressed, held = pos.sold(sale())
    told(ctx)
    batches = owner.batches[before:]
    ctx.check_that(len(batches) >= 2, "sent again", len(batches), "reports")
    first = {int(each["n"]): each for each in batches[0].changes}
    later = {int(each["n"]): each for batch in batches[1:] for each in batch.changes}
    same = all(later.get(n) == each for n, each in first.items())
    ctx.check_that(same, "unchanged", batches[1].numbers, "the changes of the second report")
    ctx.check(held.seq, owner.of("fiscal", pressed.order)[-1]["number"], "the receipt", clause="PS-22")


@case(
    "uz.pos.owner.not-again-once-acknowledged",
    target="pos",
    clauses=["PS-19"],
    requirements=["BX-DATA-01"],
    needs=NEEDS,
    description="Two orders are sold one after the other, each report acknowledged.",
    expectation="The second report begins behind the first.",
)
def not_again(ctx: Context) -> None:
    """What is acknowledged is done with."""
    owner = linked(ctx)
    ctx.pos.sold(sale())
    told(ctx)
    known = owner.newest
    before = len(owner.batches)
    ctx.pos.sold(sale(20_00))
    told(ctx)
    numbers = [n for batch in owner.batches[before:] for n in batch.numbers]
    ctx.check_that(bool(numbers) and min(numbers) == known + 1, f"from {known + 1}", numbers, "numbers")


@case(
    "uz.pos.owner.part-acknowledged",
    target="pos",
    clauses=["PS-19"],
    requirements=["BX-DATA-01"],
    needs=NEEDS,
    description="The portal takes only two changes of a report.",
    expectation="The next report goes on with the third.",
)
def part(ctx: Context) -> None:
    """The number that is acknowledged counts, not what was sent."""
    owner = linked(ctx)
    known, before = owner.newest, len(owner.batches)
    owner.turn(Turn(most=2))
    ctx.pos.sold(sale())
    told(ctx)
    firsts = [batch.numbers[0] for batch in owner.batches[before:] if batch.numbers]
    ctx.check([known + 1, known + 3], firsts[:2], "first numbers of the two reports")


@case(
    "uz.pos.owner.gap",
    target="pos",
    clauses=["PS-20"],
    requirements=["BX-DATA-01"],
    needs=NEEDS,
    description="The portal was put back to an earlier day and wants a number again.",
    expectation="Reporting goes on there, and nothing is missing in the end.",
)
def gap(ctx: Context) -> None:
    """The portal knows best what it has."""
    owner = linked(ctx)
    ctx.pos.sold(sale())
    told(ctx)
    whole = owner.newest
    owner.lose(whole - 3)
    pressed, held = ctx.pos.sold(sale(20_00))
    told(ctx)
    ctx.check(list(range(1, owner.newest + 1)), [each["n"] for each in owner.changes], "numbers it has")
    ctx.check_that(owner.newest > whole, f"beyond {whole}", owner.newest, "newest")
    ctx.check(held.seq, owner.of("fiscal", pressed.order)[-1]["number"], "the receipt", clause="PS-22")


@case(
    "uz.pos.owner.cut-off",
    target="pos",
    clauses=["PS-21"],
    requirements=["BX-BRN-02"],
    needs=NEEDS,
    description="The owner cuts the link, and orders are sold.",
    expectation="The point of sale says that it is not linked, and sells on.",
)
def cut_off(ctx: Context) -> None:
    """The shop does not close because the owner pressed a button."""
    owner = linked(ctx)
    pos = ctx.pos
    owner.cut_off()
    pos.sold(sale())
    pos.look()
    report = pos.look()
    ctx.check(False, report.told("report.linked"), "linked")
    ctx.check_that(
        bool(report.told("report.trouble")), "a word", report.fields.get("report"), "trouble shown"
    )
    pos.sold(sale(20_00))


@case(
    "uz.pos.owner.linked-again",
    target="pos",
    clauses=["PS-21", "PS-19"],
    requirements=["BX-BRN-02", "BX-DATA-01"],
    needs=NEEDS,
    description="The link is cut, an order is sold, and the point of sale is linked again.",
    expectation="It goes on where it was; the order that was sold meanwhile is told.",
)
def linked_again(ctx: Context) -> None:
    """The same shop, the same numbers."""
    owner = linked(ctx)
    pos = ctx.pos
    known = owner.newest
    owner.cut_off()
    pressed, _ = pos.sold(sale())
    pos.look()
    before = len(owner.batches)
    pos.press("login", {"login": owner.login, "password": owner.password})
    told(ctx)
    numbers = [n for batch in owner.batches[before:] for n in batch.numbers]
    ctx.check_that(bool(numbers) and min(numbers) == known + 1, f"from {known + 1}", numbers, "numbers")
    ctx.check("completed", owner.of("order", pressed.order)[-1]["state"], "the order sold meanwhile")
    identities = {str(each.get("identity")) for each in owner.devices}
    ctx.check(1, len(identities), "identities it has told", clause="PS-21")


@case(
    "uz.pos.owner.wrong-password",
    target="pos",
    clauses=["PS-21"],
    requirements=["BX-BRN-02"],
    needs=NEEDS,
    description="The POS login is typed with a wrong password.",
    expectation="It is refused, the point of sale is not linked, and tells nothing.",
)
def wrong_password(ctx: Context) -> None:
    """No key, no report."""
    pos = ctx.pos
    pos.ready(fresh=True)
    pressed = pos.press("login", {"login": pos.owner.login, "password": "something-else"})
    ctx.check("refused", pressed.outcome, "the key")
    ctx.check(False, pos.look().told("report.linked"), "linked")
    ctx.check(0, len(pos.owner.changes), "changes told")


@case(
    "uz.pos.owner.by-code",
    target="pos",
    clauses=["PS-18"],
    requirements=["BX-BRN-02"],
    needs=NEEDS,
    description="The point of sale asks to be linked, and the owner scans its code.",
    expectation="It shows the portal's code; it is linked after the scan and not before.",
)
def by_code(ctx: Context) -> None:
    """Shown, scanned, linked."""
    pos = ctx.pos
    pos.ready(fresh=True)
    shown = pos.press("link").told("code")
    ctx.check(False, pos.look().told("report.linked"), "linked before the scan")
    ctx.check(pos.owner.scan(), shown, "the code shown")
    told(ctx)
    ctx.check(True, pos.look().told("report.linked"), "linked after the scan")
    ctx.check_that(pos.owner.newest > 0, "some", pos.owner.newest, "changes told")


@case(
    "uz.pos.owner.portal-away",
    target="pos",
    clauses=["PS-19", "PS-21"],
    requirements=["BX-DATA-01"],
    needs=NEEDS,
    description="The portal is away while two orders are sold, and comes back.",
    expectation="Selling goes on, and then everything is told.",
)
def away(ctx: Context) -> None:
    """Nobody at the till waits for the owner."""
    owner = linked(ctx)
    pos = ctx.pos
    with owner.away():
        orders = [pos.sold(sale(each))[0] for each in (10_00, 20_00)]
        ctx.check_that(int(pos.look().told("report.waiting")) > 0, "some", 0, "changes that wait")
    told(ctx)
    states = [owner.of("order", each.order)[-1]["state"] for each in orders]
    ctx.check(["completed"] * 2, states, "orders at the owner's")
