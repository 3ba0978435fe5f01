"""The PC's clock: steps, drift, midnight, and what sets a shop right again (UZ-CLK-01 … UZ-CLK-05)."""

from __future__ import annotations

from datetime import datetime, timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.drive import DriveDriver
from conformance.suites.uz.drive.trade import (
    OperatorView,
    accepted,
    begin,
    refused,
    still_sells,
    unchanged,
)
from reference.protocol.uz.values import format_json_time, to_tashkent

NEEDS = ("card", "control", "clock")
PAST = "9030 - DATETIME_IS_IN_THE_PAST"
FUTURE = "9091 - DATETIME_SYNC_WITH_SERVER"
DAY = 86_400


def pc_time(ctx: Context) -> datetime:
    """What the drive's PC shows, Tashkent time in whole seconds."""
    shown = datetime.fromisoformat(ctx.control.clock()["part_now"])
    return to_tashkent(shown).replace(microsecond=0)


def level(ctx: Context, shift: str = "open") -> DriveDriver:
    """A drive of the case's own, the module's time not ahead of the PC's, lab time frozen."""
    drive = begin(ctx, shift)  # type: ignore[arg-type]
    drive.catch_up()
    ctx.clock.set_rate(0)
    return drive


@case(
    "uz.drive.clock.now",
    target="drive",
    clauses=["S-4.2", "HB-10", "TM-01"],
    requirements=["UZ-CLK-01"],
    needs=NEEDS,
    description="A shift is opened with DateTime=now and closed without any parameter, by the PC's clock.",
    expectation="Open and close time are the PC's Tashkent time of those moments.",
)
def at_pc_time(ctx: Context) -> None:
    """Missing means now."""
    drive = level(ctx, "closed")
    ctx.clock.advance(10)
    opened = pc_time(ctx)
    accepted(ctx, drive.call("ZReport/Open", DateTime="now"), "open")
    ctx.check(format_json_time(opened), drive.shift()["OpenTime"], "OpenTime")
    drive.sell()
    ctx.clock.advance(10)
    closed = pc_time(ctx)
    accepted(ctx, drive.post(f"/FiscalDrive/ZReport/Close/{drive.factory}"), "close without parameters")
    ctx.check(format_json_time(closed), drive.shift()["CloseTime"], "CloseTime")


@case(
    "uz.drive.clock.as-given",
    target="drive",
    clauses=["TM-01", "S-4.3"],
    requirements=["UZ-CLK-01"],
    needs=["card"],
    description="Receipts with times of a minute, an hour and a day after the last operation are sold.",
    expectation="Each bears the time it was given, in the answer and in the module.",
)
def as_given(ctx: Context) -> None:
    """The module has no clock."""
    drive = begin(ctx)
    for seconds in (60, 3_600, DAY):
        time = format_json_time(drive.next_time(seconds))
        sold = drive.sell(Time=time)
        seen = (sold.answer["DateTime"], drive.receipt_info().demand().json["Time"])
        ctx.check((time, time), seen, "time in the answer and in the module")


@case(
    "uz.drive.clock.three-days-ahead",
    target="drive",
    clauses=["FM-T-04", "FM-Y-02"],
    requirements=["UZ-CLK-02", "UZ-CLK-04"],
    needs=[*NEEDS, "operator-control"],
    description="The PC's clock jumps three days ahead; open by it; sync the state; set the clock right; "
    "open.",
    expectation="500 `9091 - …` before and after the state sync, for the operator's time is right; then it "
    "opens.",
)
def three_days_ahead(ctx: Context) -> None:
    """A wrong clock cannot be synced away, a right one needs no sync."""
    drive = level(ctx, "closed")
    ctx.clock.skew("drive", 3 * DAY)
    with unchanged(ctx, "FM-T-04"):
        refused(ctx, drive.call("ZReport/Open", DateTime="now"), 500, FUTURE)
    accepted(ctx, drive.sync_state(), "state sync", clause="FM-Y-02")
    refused(ctx, drive.call("ZReport/Open", DateTime="now"), 500, FUTURE)
    ctx.clock.skew("drive", 0)
    ctx.clock.advance(2)
    accepted(ctx, drive.call("ZReport/Open", DateTime="now"), "open by the right clock")
    still_sells(ctx)


@case(
    "uz.drive.clock.shop-closed",
    target="drive",
    clauses=["FM-T-07", "FM-Y-02", "HB-04"],
    requirements=["UZ-CLK-02", "UZ-CLK-04"],
    needs=[*NEEDS, "operator-control"],
    description="A shop is closed for three days; its clock is right. Open, sync the state, open.",
    expectation="500 `9091 - …`, OK, and the shift is open at the PC's time; no number is lost.",
)
def shop_closed(ctx: Context) -> None:
    """Relative to the last operation: a right clock can be refused too, and the operator's time cures it."""
    drive = level(ctx, "closed")
    number = drive.memory()["ReceiptSeq"]
    ctx.clock.advance(3 * DAY)
    with unchanged(ctx, "FM-T-07"):
        refused(ctx, drive.call("ZReport/Open", DateTime="now"), 500, FUTURE)
    accepted(ctx, drive.sync_state(), "state sync")
    ctx.clock.advance(2)
    accepted(ctx, drive.call("ZReport/Open", DateTime="now"), "open after the sync", clause="FM-Y-02")
    ctx.check(format_json_time(pc_time(ctx)), drive.shift()["OpenTime"], "OpenTime")
    ctx.check(number + 1, still_sells(ctx)["ReceiptSeq"], "number", clause="ZR-07")


@family(
    "uz.drive.clock.set-back.{key}",
    rows={"a-minute": -60, "an-hour": -3_600, "two-years": -730 * DAY},
    target="drive",
    clauses=["FM-T-03", "G2-S-02"],
    requirements=["UZ-CLK-03", "UZ-CLK-04", "UZ-CLK-05"],
    needs=NEEDS,
    description="The PC's clock is set back by {key} with a shift open: sell and close by it, then set it "
    "right.",
    expectation="400 `receipt time is in the past`, 500 `9030 - …`; nothing changed; then both work, in "
    "order.",
)
def set_back(ctx: Context, seconds: int) -> None:
    """A zone or summer-time change of the PC looks the same."""
    drive = level(ctx, "fresh")
    number = still_sells(ctx)["ReceiptSeq"]
    drive.catch_up()
    ctx.clock.skew("drive", seconds)
    with unchanged(ctx, "FM-T-03"):
        receipt = drive.receipt(Time=format_json_time(pc_time(ctx)))
        refused(ctx, drive.get_txid(receipt), 400, "receipt time is in the past", clause="G2-S-02")
        refused(ctx, drive.call("ZReport/Close", DateTime="now"), 500, PAST)
    ctx.clock.skew("drive", 0)
    sold = drive.sell(Time=format_json_time(pc_time(ctx)))
    ctx.check(number + 1, sold.answer["ReceiptSeq"], "number by the right clock", clause="ZR-07")
    ctx.clock.advance(2)
    accepted(ctx, drive.call("ZReport/Close", DateTime="now"), "close by the right clock")


@case(
    "uz.drive.clock.hour-ahead",
    target="drive",
    clauses=["FM-T-03", "FM-Y-02", "HB-04"],
    requirements=["UZ-CLK-03", "UZ-CLK-05"],
    needs=[*NEEDS, "operator-control"],
    description="The PC's clock is an hour ahead for one sale (a wrong zone), then right; the state is "
    "synced.",
    expectation="By the right clock sales are refused, also after the sync: time in one device never runs "
    "back; "
    "one second after the last operation is always taken.",
)
def hour_ahead(ctx: Context) -> None:
    """What clients do then: Time = max(now, last operation + 1 s)."""
    drive = level(ctx)
    ctx.clock.skew("drive", 3_600)
    drive.sell(Time=format_json_time(pc_time(ctx)))
    ctx.clock.skew("drive", 0)
    for _ in range(2):
        receipt = drive.receipt(Time=format_json_time(pc_time(ctx)))
        refused(ctx, drive.get_txid(receipt), 400, "receipt time is in the past", clause="G2-S-02")
        accepted(ctx, drive.sync_state(), "state sync")
    later = max(pc_time(ctx), drive.next_time())
    drive.sell(Time=format_json_time(later))


@family(
    "uz.drive.clock.drift.{key}",
    rows={"fast": 500, "slow": -500},
    target="drive",
    clauses=["FM-T-03", "FM-T-04", "FM-Y-02"],
    requirements=["UZ-CLK-05", "UZ-CLK-04"],
    needs=[*NEEDS, "operator-control"],
    description=lambda ppm: f"The PC's clock drifts by {ppm} ppm. For ten days a sale a day by it, all sent.",
    expectation="Every sale passes in order; then a state sync by the right operator: a slow clock is now "
    "behind "
    "and refused until it is set right, a fast one goes on.",
)
def drift(ctx: Context, ppm: int) -> None:
    """Seven minutes in ten days, which nobody in a shop would notice."""
    drive = level(ctx)
    view = OperatorView(ctx)
    ctx.clock.drift("drive", ppm)
    sold = []
    for _ in range(10):
        ctx.clock.advance(DAY)
        sold.append(int(drive.sell(Time=format_json_time(pc_time(ctx))).answer["ReceiptSeq"]))
        drive.send_all()
    off = (pc_time(ctx) - ctx.clock.tashkent()).total_seconds()
    ctx.check_that(
        abs(off - ppm * 10 * DAY / 1e6) <= 2, f"{ppm * 10 * DAY / 1e6:g}", off, "seconds the PC is off"
    )
    accepted(ctx, drive.sync_state(), "state sync")
    ctx.clock.advance(2)
    receipt = drive.receipt(Time=format_json_time(pc_time(ctx)))
    if ppm < 0:
        refused(ctx, drive.get_txid(receipt), 400, "receipt time is in the past", clause="G2-S-02")
        ctx.clock.drift("drive", 0)
        ctx.clock.skew("drive", 0)
        receipt["Time"] = format_json_time(pc_time(ctx))
    sold.append(int(drive.sell(receipt).answer["ReceiptSeq"]))
    drive.send_all()
    view.holds_once(sold)


@family(
    "uz.drive.clock.leap.{key}",
    rows={"midnight": "day", "end-of-month": "month", "new-year": "year"},
    target="drive",
    clauses=["TM-01", "FM-T-03", "ZR-11"],
    requirements=["UZ-CLK-05", "UZ-SHF-08"],
    needs=[*NEEDS, "operator-control"],
    description="In one shift a receipt is sold a second before the {key} and one a second after.",
    expectation="Both have the right date, the shift keeps its own, and its close takes both in.",
)
def leap(ctx: Context, border: str) -> None:
    """The lab's clock is moved on to the evening before, and the operator's time brought to the module."""
    drive = begin(ctx, "closed")
    ctx.clock.set_rate(0)
    turn = _next(border, max(ctx.clock.tashkent(), drive.last_operation))
    ctx.clock.advance(turn - timedelta(minutes=1) - ctx.clock.tashkent())
    accepted(ctx, drive.sync_state(), "state sync in the evening", clause="FM-Y-02")
    opened = turn - timedelta(seconds=30)
    accepted(ctx, drive.open(opened), "open")
    times = [format_json_time(turn + timedelta(seconds=each)) for each in (-1, 0, 1)]
    for time in times:
        ctx.check(time, drive.sell(Time=time).answer["DateTime"], "time of the receipt")
    accepted(ctx, drive.close_shift(turn + timedelta(hours=9)), "close in the morning", clause="ZR-11")
    shift = drive.shift()
    told = (shift["OpenTime"], shift["CloseTime"], shift["TotalSaleCount"])
    expected = (format_json_time(opened), format_json_time(turn + timedelta(hours=9)), 3)
    ctx.check(expected, told, "open time, close time and sales of the shift")


def _next(border: str, after: datetime) -> datetime:
    """The next midnight, first of a month or of a year, at least two minutes away."""
    day = (after + timedelta(minutes=2)).replace(hour=0, minute=0, second=0) + timedelta(days=1)
    while (border == "month" and day.day != 1) or (border == "year" and (day.month, day.day) != (1, 1)):
        day += timedelta(days=1)
    return day


@case(
    "uz.drive.clock.left-open",
    target="drive",
    clauses=["ZR-11", "ZR-02"],
    requirements=["UZ-SHF-01", "UZ-SHF-08"],
    needs=["card"],
    description="A shift is left open overnight; in the morning it is opened again, then sold into and "
    "closed.",
    expectation="9022, and OpenTime tells whose shift it is; selling goes on in it; it closes.",
)
def left_open(ctx: Context) -> None:
    """Nothing in the module forces a close; a POS that looks at OpenTime can warn."""
    drive = begin(ctx, "fresh")
    opened = drive.shift()["OpenTime"]
    first = drive.sell()
    morning = drive.next_time(16 * 3_600)
    with unchanged(ctx, "ZR-02"):
        refused(ctx, drive.open(morning), 500, "9022 - ZREPORT_IS_NOT_CLOSED", clause="ZR-02")
    ctx.check(opened, drive.shift()["OpenTime"], "OpenTime")
    drive.sell(Time=format_json_time(morning))
    accepted(ctx, drive.close_shift(), "close")
    shift = drive.shift()
    ctx.check(
        (first.answer["ReceiptSeq"], 2), (shift["FirstReceiptSeq"], shift["TotalSaleCount"]), "the shift"
    )


@family(
    "uz.drive.clock.shift-border.{key}",
    rows={
        "same-second": (0, PAST),
        "next-second": (1, ""),
        "two-days": (2 * DAY, ""),
        "two-days-and-a-second": (2 * DAY + 1, FUTURE),
    },
    target="drive",
    clauses=["FM-T-03", "FM-T-04", "ZR-05"],
    requirements=["UZ-CLK-02", "UZ-CLK-03"],
    needs=["card"],
    description=lambda row: f"A shift is opened {row[0]} s after the last operation.",
    expectation=lambda row: f"500 `{row[1]}`." if row[1] else "It opens.",
)
def shift_border(ctx: Context, row: tuple[int, str]) -> None:
    """The borders of the time rules, to the second."""
    seconds, reason = row
    drive = begin(ctx, "closed")
    time = drive.next_time(seconds)
    if not reason:
        accepted(ctx, drive.open(time), "open")
        return
    with unchanged(ctx, "ZR-05"):
        refused(ctx, drive.open(time), 500, reason)
