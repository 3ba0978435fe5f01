"""The two steps of a sale: a transaction id that costs nothing, then one registration (uz-fiscal §4.5)."""

from __future__ import annotations

from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.drive.trade import (
    Json,
    accepted,
    begin,
    ready,
    refused,
    still,
    still_sells,
    unchanged,
)
from reference.protocol.uz.values import format_json_time

TWO_DAYS = 172_800
OTHERS: dict[str, Json] = {
    "time": {"Time": 2},
    "payment": {"ReceivedCash": 0, "ReceivedCard": 100_000},
    "type": {"Type": 1},
    "item": {"Items": 1},
    "extra": {"ExtraInfo": {"TIN": "123456789"}},
}


@case(
    "uz.drive.steps.first-spends-nothing",
    target="drive",
    clauses=["G2-S-01"],
    requirements=["UZ-SVC-06"],
    needs=["card"],
    description="GetTXID is asked for three different receipts; none is registered.",
    expectation="Three positive ids, and memory, shift and files are as before; the next sale gets the "
    "next number.",
)
def first_spends_nothing(ctx: Context) -> None:
    """An abandoned order must not be a fiscal receipt."""
    drive = ready(ctx)
    with unchanged(ctx):
        receipts = [drive.receipt(cash=1_000 + number) for number in range(3)]
        ids = [drive.txid_of(accepted(ctx, drive.get_txid(receipt))) for receipt in receipts]
        ctx.check_that(min(ids) > 0 and len(set(ids)) == 3, "three different positive numbers", ids, "TXIDs")
    still_sells(ctx, "G2-S-01")


@family(
    "uz.drive.steps.past-time.{key}",
    rows={"same-second": 0, "second-before": -1, "day-before": -86_400},
    target="drive",
    clauses=["G2-S-02", "HB-03"],
    requirements=["UZ-CLK-03"],
    needs=["card"],
    description=lambda row: f"GetTXID of a receipt whose Time is the last operation {row:+d} s.",
    expectation="400 `receipt time is in the past`; one second after the last operation is taken.",
)
def past_time(ctx: Context, seconds: int) -> None:
    """The first check of all, before any rule of the codec."""
    drive = ready(ctx)
    receipt = drive.receipt()
    with unchanged(ctx, "G2-S-02"):
        wrong = {**receipt, "Time": format_json_time(drive.next_time(seconds))}
        refused(ctx, drive.get_txid(wrong), 400, "receipt time is in the past")
    accepted(
        ctx, drive.get_txid({**receipt, "Time": format_json_time(drive.next_time(1))}), "one second later"
    )


@case(
    "uz.drive.steps.equal-content",
    target="drive",
    clauses=["G2-S-05"],
    requirements=["UZ-SVC-06"],
    needs=["card"],
    description="The same receipt is given to GetTXID twice, once with its fields in another order; then "
    "registered.",
    expectation="One TXID for both, and one number for it.",
)
def equal_content(ctx: Context) -> None:
    """A cashier who clicks twice sells once."""
    drive = still(ctx)
    number = drive.memory()["ReceiptSeq"]
    receipt = drive.receipt(cash=5_000, card=6_000)
    ids = {
        drive.txid_of(accepted(ctx, drive.get_txid(each)))
        for each in (receipt, receipt, dict(reversed(receipt.items())), {**receipt, "Cashier": "another"})
    }
    ctx.check(1, len(ids), "different TXIDs")
    for txid in ids:
        accepted(ctx, drive.register_txid(txid), "registration")
    ctx.check(number + 1, drive.memory()["ReceiptSeq"], "last number", clause="G2-S-07")


@family(
    "uz.drive.steps.other-content.{key}",
    rows=OTHERS,
    target="drive",
    clauses=["G2-S-05"],
    requirements=["UZ-SVC-06"],
    needs=["card"],
    description="Two receipts that differ in one thing alone ({key}) are given to GetTXID.",
    expectation="Two TXIDs.",
)
def other_content(ctx: Context, change: Json) -> None:
    """The key is the content, its type and its operation."""
    drive = ready(ctx)
    receipt = drive.receipt(cash=100_000)
    other = {**receipt, **change}
    if "Time" in change:
        other["Time"] = format_json_time(drive.next_time(2))
    if "Items" in change:
        other["Items"] = [{**receipt["Items"][0], "Amount": 2_000}]
    ids = [drive.txid_of(accepted(ctx, drive.get_txid(each))) for each in (receipt, other)]
    ctx.check(2, len(set(ids)), "different TXIDs")


@case(
    "uz.drive.steps.first-after-second",
    target="drive",
    clauses=["G2-S-06"],
    requirements=["UZ-SVC-06"],
    needs=["card"],
    description="GetTXID is repeated with a receipt that has been registered.",
    expectation="400 `receipt time is in the past`: the client has to keep its TXID.",
)
def first_after_second(ctx: Context) -> None:
    """It is neither a new receipt nor the old TXID."""
    drive = still(ctx)
    sold = drive.sell()
    with unchanged(ctx, "G2-S-06"):
        refused(ctx, drive.get_txid(sold.receipt), 400, "receipt time is in the past")


@case(
    "uz.drive.steps.register-twice",
    target="drive",
    clauses=["G2-S-07", "FM-R-01"],
    requirements=["UZ-SVC-06"],
    needs=["card"],
    description="RegisterTXID is repeated at once, after another sale, after the close, and after the sync.",
    expectation="The very same answer every time; one number, one receipt, counted once.",
)
def register_twice(ctx: Context) -> None:
    """After the sync the module knows nothing of the receipt any more; the answer comes from the store."""
    drive = begin(ctx, "fresh")
    sold = drive.sell()

    def again(when: str) -> None:
        with unchanged(ctx, "G2-S-07"):
            reply = accepted(ctx, drive.register_txid(sold.txid), f"the repeat {when}")
            ctx.check(sold.answer, reply.json, f"the answer {when}")

    again("at once")
    other = drive.sell()
    again("after another sale")
    accepted(ctx, drive.close_shift(), "close")
    again("after the close")
    accepted(ctx, drive.sync_files("FullReceipts"), "sync")
    again("after the sync")
    ctx.check(sold.answer["ReceiptSeq"] + 1, other.answer["ReceiptSeq"], "number of the sale between")
    shift = drive.shift()
    ctx.check((2, 0), (shift["TotalSaleCount"], shift["TotalRefundCount"]), "receipts of the shift")


@family(
    "uz.drive.steps.unknown-txid.{key}",
    rows={"next": 1, "far": 1_000_000, "huge": 2**63 - 1},
    target="drive",
    clauses=["G2-S-10"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="RegisterTXID of a TXID that was never given ({key}).",
    expectation="404 `no record found in table receipt_register_log with id = <TXID>`, and nothing has "
    "changed.",
)
def unknown_txid(ctx: Context, ahead: int) -> None:
    """The newest TXID is asked for first, so that the one after it is certainly unknown."""
    drive = ready(ctx)
    txid = min(drive.txid_of(drive.get_txid(drive.receipt()).demand()) + ahead, 2**63 - 1)
    with unchanged(ctx, "G2-S-10"):
        text = f"no record found in table receipt_register_log with id = {txid}"
        refused(ctx, drive.register_txid(txid), 404, text)


@case(
    "uz.drive.steps.register-again-after-refusal",
    target="drive",
    clauses=["G2-S-11", "ZR-01"],
    requirements=["UZ-SHF-02", "UZ-SVC-06"],
    needs=["card"],
    description="A TXID is registered while no shift is open, then again after the shift was opened.",
    expectation="First 500 `9021 - ZREPORT_IS_NOT_OPENED` and no number spent; then the receipt.",
)
def register_after_refusal(ctx: Context) -> None:
    """Its Time lies after the opening, so that only the missing shift stood in the way."""
    drive = begin(ctx, "closed")
    receipt = drive.receipt(Time=format_json_time(drive.next_time(60)))
    txid = drive.txid_of(accepted(ctx, drive.get_txid(receipt), "GetTXID"))
    number = drive.memory()["ReceiptSeq"]
    with unchanged(ctx, "ZR-01"):
        refused(ctx, drive.register_txid(txid), 500, "9021 - ZREPORT_IS_NOT_OPENED", clause="ZR-01")
    accepted(ctx, drive.open(), "open")
    answer = accepted(ctx, drive.register_txid(txid), "the second try").json
    ctx.check((number + 1, receipt["Time"]), (answer["ReceiptSeq"], answer["DateTime"]), "number and time")


@case(
    "uz.drive.steps.register-too-late",
    target="drive",
    clauses=["G2-S-11", "FM-T-03", "HB-04"],
    requirements=["UZ-CLK-03"],
    needs=["card"],
    description="Two receipts of one second get their TXIDs; both are registered.",
    expectation="The first passes; the second is 500 `9030 - DATETIME_IS_IN_THE_PAST`, and sells with a "
    "new Time.",
)
def register_too_late(ctx: Context) -> None:
    """Two operations of a module never share a second."""
    drive = still(ctx)
    first = drive.receipt(cash=1_000)
    second = {**drive.receipt(cash=2_000), "Time": first["Time"]}
    ids = [drive.txid_of(accepted(ctx, drive.get_txid(each))) for each in (first, second)]
    accepted(ctx, drive.register_txid(ids[0]), "the first")
    with unchanged(ctx, "FM-T-03"):
        reply = drive.register_txid(ids[1])
        refused(ctx, reply, 500, "9030 - DATETIME_IS_IN_THE_PAST", clause="FM-T-03")
    drive.sell({**second, "Time": format_json_time(drive.next_time())})


@family(
    "uz.drive.steps.future.{key}",
    rows={"two-days": (TWO_DAYS, True), "two-days-and-a-second": (TWO_DAYS + 1, False)},
    target="drive",
    clauses=["FM-T-04", "G2-S-12"],
    requirements=["UZ-CLK-02"],
    needs=["card"],
    description=lambda row: (
        f"A receipt whose Time is {row[0]} s after the last operation goes through both steps."
    ),
    expectation=lambda row: "It is registered." if row[1] else "GetTXID gives an id; then 500 `9091 - …`.",
)
def future(ctx: Context, row: tuple[int, bool]) -> None:
    """By default the first step does not look ahead; some clients expect that it does."""
    seconds, passes = row
    drive = ready(ctx)
    receipt = drive.receipt(Time=format_json_time(drive.next_time(seconds)))
    reply = drive.get_txid(receipt)
    if not passes and not reply.ok and "9091" in reply.reason and ctx.vendor:
        ctx.note("this drive looks ahead in the first step already")
        return
    txid = drive.txid_of(accepted(ctx, reply, "GetTXID", clause="G2-S-12"))
    if passes:
        accepted(ctx, drive.register_txid(txid), "RegisterTXID", clause="FM-T-04")
        return
    with unchanged(ctx, "FM-T-04"):
        reply = drive.register_txid(txid)
        refused(ctx, reply, 500, "9091 - DATETIME_SYNC_WITH_SERVER", clause="FM-T-04")


@case(
    "uz.drive.steps.future-checked-first",
    target="drive",
    clauses=["G2-S-12"],
    requirements=["UZ-CLK-02"],
    needs=["card", "control"],
    description="With `gettxid_check_future` on, receipts of exactly two days ahead and of a second more "
    "are tried.",
    expectation="Two days pass; a second more is 400 `9091 - DATETIME_SYNC_WITH_SERVER` in the first step.",
)
def future_checked_first(ctx: Context) -> None:
    """The setting for drives that look ahead."""
    drive = begin(ctx, "open", gettxid_check_future=True)
    times = [format_json_time(drive.next_time(TWO_DAYS + more)) for more in (0, 1)]
    accepted(ctx, drive.get_txid(drive.receipt(Time=times[0])), "two days ahead")
    refused(ctx, drive.get_txid(drive.receipt(Time=times[1])), 400, "9091 - DATETIME_SYNC_WITH_SERVER")


@case(
    "uz.drive.steps.abandoned-id",
    target="drive",
    clauses=["G2-S-01", "ZR-07"],
    requirements=["UZ-SVC-06", "UZ-SHF-05"],
    needs=["card"],
    description="Of five receipts that got a TXID, the second and fourth are never registered.",
    expectation="The three others get consecutive numbers.",
)
def abandoned_id(ctx: Context) -> None:
    """Abandoned orders leave no gap."""
    drive = still(ctx)
    number = drive.memory()["ReceiptSeq"]
    start = drive.next_time(10)
    ids = []
    for place in range(5):
        time = format_json_time(start + timedelta(seconds=place))
        ids.append(drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt(Time=time)), "GetTXID")))
    answers = [accepted(ctx, drive.register_txid(ids[place]), "RegisterTXID").json for place in (0, 2, 4)]
    expected = [number + 1, number + 2, number + 3]
    ctx.check(expected, [answer["ReceiptSeq"] for answer in answers], "numbers", clause="ZR-07")
