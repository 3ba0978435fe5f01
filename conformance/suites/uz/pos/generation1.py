"""A point of sale before a service of generation 1, JSON-RPC or QPOS: receipts and the day (uz-fiscal §3,
§13.1).

What is said of every dialect stands once: `of_each` makes a case for each. A product that speaks one of them
also gets the cases of `pos` as far as they apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from conformance.cases import Body, case
from conformance.context import Context
from conformance.drivers.pos import good, paid, sale
from conformance.drivers.pos_faces import CLOSE, OPEN, REGISTER
from conformance.drivers.pos_keys import Pressed
from conformance.models.uz_played_receipts import Held

TARGETS: Final = {"rpc": "pos-rpc", "qpos": "pos-qpos"}
SOLD_BY: Final = {"pos-rpc": "Api.Send{}Receipt", "pos-qpos": "{}Receipt"}
"""What a kind of receipt is called."""
ANSWERED: Final = {"rpc": ("S-3.4",), "qpos": ("S-13.1",)}
SLOTS: Final = {"rpc": ("G1-Z-01", "S-9.1"), "qpos": ("S-13.1",)}
LABEL: Final = "010478000000991121K4ssaSample2"


def of_each(
    name: str,
    clauses: Sequence[str],
    requirements: Sequence[str],
    description: str,
    expectation: str,
    *,
    own: Mapping[str, Sequence[str]] = ANSWERED,
    needs: Sequence[str] = (),
    only: str = "",
) -> Callable[[Body], Body]:
    """Register the function as a case of every dialect, or `only` of one; `own` are clauses by dialect."""

    def register(body: Body) -> Body:
        for word, target in TARGETS.items():
            if only in ("", word):
                case(
                    f"uz.pos.{word}.{name}",
                    target=target,
                    clauses=[*clauses, *own.get(word, ())],
                    requirements=requirements,
                    needs=needs,
                    description=description,
                    expectation=expectation,
                )(body)
        return body

    return register


def registered(ctx: Context, pressed: Pressed, kind: str = "Sale", many: int = 1) -> Held:
    """The order is a receipt that was sent by the method of its kind, and since `rest` the module has so
    many."""
    pos = ctx.pos
    settled = pos.settle(pressed)
    held = pos.held(settled)
    made = {str(call.told[1]["ReceiptSeq"]) for call in pos.drive.seen(REGISTER) if not call.refused}
    ctx.check(many, len(made - {""}), "receipts registered", clause="PS-04")
    wanted = SOLD_BY[ctx.case.target].format(kind)
    words = {call.word for call in pos.drive.seen(REGISTER)}
    ctx.check_that(wanted in words, wanted, sorted(words), "methods called")
    told = settled.receipt or {}
    if "sign" in told:
        ctx.check(held.sign, told["sign"], "sign of the receipt", clause="PS-02")
    return held


# --- what goes into a receipt ---------------------------------------------------------------------------


@of_each(
    "receipt.lines",
    ["PS-05", "PS-06"],
    ["UZ-POS-01", "UZ-POS-04"],
    "Half a kilogram with a discount and a marked good are sold.",
    "Two lines with sums in tiyin, thousandths, codes, VAT and the marking code.",
)
def lines(ctx: Context) -> None:
    """Units are those of every dialect; figures worked out by hand."""
    pos = ctx.pos
    pos.ready()
    halva = good(52_000_00, "Halva (sinov)", amount=500, unit="kg", discount=6_000_00)
    water = good(7_000_00, "Suv (sinov)", mxik="02201001001000000", label=LABEL, marked=True)
    held = registered(ctx, pos.sell(sale(27_000_00, halva, water)))
    names = ("Amount", "Price", "Discount", "VATPercent", "VAT")
    got = [tuple(int(item.get(name, 0)) for name in names) for item in held.body["Items"]]
    wanted = [(500, 26_000_00, 6_000_00, 12, 2_142_86), (1000, 7_000_00, 0, 12, 750_00)]
    ctx.check(wanted, got, "amount, price, discount, VAT rate and VAT of each line", clause="PS-05")
    codes = [(str(item.get("SPIC")), str(item.get("Label") or "")) for item in held.body["Items"]]
    ctx.check(
        [("10202001001000001", ""), ("02201001001000000", LABEL)], codes, "MXIK and label", clause="PS-05"
    )


@of_each(
    "receipt.mixed",
    ["PS-07"],
    ["UZ-POS-01"],
    "An order is paid in cash, by card and by an application.",
    "Cash stands as cash, the other two together as card.",
)
def mixed(ctx: Context) -> None:
    """Two sums."""
    pos = ctx.pos
    pos.ready()
    held = registered(ctx, pos.sell(sale(100_00, payments=paid(cash=30_00, card=50_00, click=20_00))))
    ctx.check((30_00, 70_00), (held.cash, held.card), "received in cash and by card")


@of_each(
    "receipt.facts",
    ["PS-02", "HB-18"],
    ["UZ-POS-01"],
    "A sale is answered with 14 digits of time and a sign that begins with a zero.",
    "Number, time, sign and QR address are shown as the module has them.",
)
def facts(ctx: Context) -> None:
    """Numbers are text in these dialects."""
    pos = ctx.pos
    stand = pos.ready()
    with stand.lock:
        stand.module.next_sign = 7_312_345_678
    pressed, held = pos.sold(sale())
    told, answer = pressed.receipt or {}, held.answer
    for mine, theirs in (("number", "ReceiptSeq"), ("sign", "FiscalSign"), ("made", "DateTime")):
        if mine in told:
            ctx.check(str(answer[theirs]), str(told[mine]), mine)
    if "address" in told:
        ctx.check(answer["QRCodeURL"], told["address"], "QR address", clause="QR-01")


@of_each(
    "receipt.advance",
    ["G1-Z-09", "QR-03"],
    ["UZ-POS-04"],
    "An advance is sold.",
    "It is sent by its own method, and shows neither number nor sign nor QR.",
)
def advance(ctx: Context) -> None:
    """Generation 1 numbers no advance."""
    pos = ctx.pos
    stand = pos.ready()
    pressed = pos.sell(sale(kind=1))
    ctx.check("done", pressed.outcome, "the order")
    wanted = SOLD_BY[ctx.case.target].format("Advance")
    ctx.check([wanted], [call.word for call in stand.seen(REGISTER)], "methods called")
    told = pressed.receipt or {}
    shown = tuple(str(told.get(name) or "") for name in ("number", "sign", "address"))
    ctx.check(("", "", ""), shown, "number, sign and QR address", clause="QR-03")


@of_each(
    "refund.whole",
    ["PS-14", "RC-10"],
    ["UZ-POS-03"],
    "A sale paid by card is given back.",
    "It is sent by the method of refunds with RefundInfo: number as text, time in 14 digits, the sign.",
)
def refund(ctx: Context) -> None:
    """The sale it gives back, as the service wants it named."""
    pos = ctx.pos
    stand = pos.ready()
    pressed, sold = pos.sold(sale(112_00, payments=paid(card=112_00)))
    stand.rest()
    held = registered(ctx, pos.press("refund", {"order": pressed.order}), "Refund")
    ctx.check((0, 112_00), (held.cash, held.card), "given back in cash and by card")
    given = held.body["RefundInfo"]
    named = (given.get("ReceiptSeq"), given.get("DateTime"), given.get("FiscalSign"))
    ctx.check((str(sold.seq), f"{sold.time:%Y%m%d%H%M%S}", sold.sign), named, "RefundInfo", clause="RC-10")


# --- the day --------------------------------------------------------------------------------------------


@of_each(
    "shift.whole",
    ["PS-11", "PS-13"],
    ["UZ-SHF-08"],
    "No shift is open; two orders are sold, one is given back, the shift is closed, and one more is sold.",
    "One opening for the first, one for the last; the Z-report shown has the module's sums.",
    own=SLOTS,
)
def shift(ctx: Context) -> None:
    """After a close the current slot is the next one, which is empty."""
    pos = ctx.pos
    stand = pos.ready(shift=False)
    first, _ = pos.sold(sale(112_00))
    pos.sold(sale(50_00))
    pos.settle(pos.press("refund", {"order": first.order}))
    report = pos.press("close-shift")
    ctx.check("done", report.outcome, "the key")
    ctx.check({"Sale": 162_00, "Refund": 112_00}, report.told("TotalCash"), "cash of the report")
    pos.sold(sale(20_00))
    calls = [call.operation for call in stand.seen(OPEN, CLOSE) if not call.refused]
    ctx.check([OPEN, CLOSE, OPEN], calls, "openings and closings", clause="PS-11")


@of_each(
    "standing.time-left",
    ["HB-01", "PS-10"],
    ["UZ-OFF-06"],
    "Two receipts are unsent, the older one since a day.",
    "Two are shown, and that a day is left.",
    only="rpc",
)
def time_left(ctx: Context) -> None:
    """Api.GetReceiptInfo 1 is the oldest."""
    pos = ctx.pos
    stand = pos.ready()
    pos.sold(sale())
    pos.sold(sale())
    with stand.lock:
        stand.module.oldest = pos.now() - timedelta(days=1)
    looked = pos.look()
    ctx.check(2, looked.told("drive.unsent"), "unsent receipts")
    left = looked.told("drive.seconds_left")
    ctx.check_that(
        isinstance(left, int) and abs(left - 86_400) <= 5, "a day", left, "time left", clause="PS-10"
    )
