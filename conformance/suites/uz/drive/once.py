"""Exactly once at the operator, whatever gets lost on the way there or back (uz-fiscal §11.5, §11.9)."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.drive_client import Reply
from conformance.suites.uz.drive.sync import items_of, numbers, sell
from conformance.suites.uz.drive.trade import (
    Json,
    OperatorView,
    accepted,
    aside,
    begin,
    refused_saying,
    still,
    still_sells,
    strikes,
    until,
)

NEEDS = ("card", "operator-control")
TRIES = 4
"""Syncs after which everything must have come through."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault at the operator, and whether the operator has stored the files of the disturbed message."""

    point: str
    action: str
    stored: bool
    clause: str = "CL-04"
    fields: Json = field(default_factory=dict)


TROUBLES: dict[str, Trouble] = {
    "closed-on-connect": Trouble("ofd.connect", "close", False),
    "closed-before-reading": Trouble("ofd.request", "close", False),
    "closed-before-storing": Trouble("ofd.store.before", "close", False),
    "closed-after-storing": Trouble("ofd.store.after", "close", True),
    "retry-send": Trouble("ofd.request", "retry-send", False, "CL-06"),
    "retry-send-after-storing": Trouble("ofd.store.after", "retry-send", True, "CL-06"),
    "bad-checksum": Trouble("ofd.request", "status", False, "S-11.5", {"value": "67"}),
    "bad-syntax": Trouble("ofd.request", "status", False, "S-11.5", {"value": "64"}),
    "ack-of-other-terminal": Trouble("ofd.ack", "wrong-terminal", True, "FM-A-01"),
    "ack-with-wrong-signature": Trouble("ofd.ack", "bad-signature", True, "FM-A-01"),
    "ack-too-short": Trouble("ofd.ack", "short", True, "FM-A-01"),
    "ack-empty": Trouble("ofd.ack", "empty", True, "FM-A-01"),
}


@family(
    "uz.drive.once.{key}",
    rows=TROUBLES,
    target="drive",
    clauses=lambda row: [row.clause, "CL-04", "OF-20"],
    requirements=["UZ-OFF-02", "UZ-OFD-02", "UZ-OFD-04"],
    needs=NEEDS,
    description="Three receipts are synced; the first message suffers at the operator: {key}. Syncs go on.",
    expectation="Selling goes on; in the end each receipt stands once and whole in the ledger and none in "
    "the module.",
)
def once(ctx: Context, row: Trouble) -> None:
    """Until then no receipt may leave the module that the operator does not have."""
    drive = still(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 3))
    ctx.operator_control.add_fault(row.point, row.action, **row.fields)
    drive.sync_files("FullReceipts")
    held = drive.memory()["ReceiptsCount"]
    there = len(view.numbers())
    ctx.check_that(held + there >= 3, "each in the module or at the operator", (held, there), "receipts")
    sold.append(int(still_sells(ctx)["ReceiptSeq"]))
    for _ in range(TRIES):
        reply = drive.sync_files("FullReceipts")
        sent = [item["ReceiptSeq"] for item in reply.json["Items"]] if reply.ok else []
        ctx.check(sorted(set(sent)), sorted(sent), "receipts of one sync, none twice", clause="CL-04")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held at the end", clause=row.clause)
    view.holds_once(sold)
    if row.stored:
        repeated = [entry["number"] for entry in view.receipts() if entry["repeats"]]
        ctx.check_that(bool(repeated), "some receipt sent again", repeated, "repeats at the operator")


@family(
    "uz.drive.once.misdirected.{key}",
    rows={"number": "wrong-id", "kind": "wrong-kind"},
    target="drive",
    clauses=["G2-S-19", "CL-05", "FM-A-01"],
    requirements=["UZ-OFD-04", "UZ-SVC-02"],
    needs=NEEDS,
    description="The operator acknowledges another {key} than it was sent; then all three receipts are "
    "resent.",
    expectation="No receipt leaves the module that the operator does not have; in the end all are through, "
    "once.",
)
def misdirected(ctx: Context, action: str) -> None:
    """The module answers 9020 to such a file, which is what it also answers to a second acknowledgement."""
    drive = still(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 3))
    ctx.operator_control.add_fault("ofd.ack", action)
    drive.sync_files("FullReceipts")
    view.holds_once(sold)
    form = {"Numbers": ",".join(map(str, sold))}
    accepted(ctx, drive.post(f"/DataBase/Files/Resend/FullReceipts/{drive.factory}", form=form), "resend")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held at the end")
    view.holds_once(sold)


@family(
    "uz.drive.once.healed.{key}",
    rows={"number": ("wrong-id", 1), "kind": ("wrong-kind", 1), "every-number": ("wrong-id", 3)},
    target="drive",
    clauses=["MIS-01"],
    requirements=["UZ-OFF-03", "UZ-OFD-04", "UZ-SVC-02"],
    needs=NEEDS,
    description="The operator acknowledges others than it was sent ({key}); syncs go on, and nobody resends "
    "anything.",
    expectation="In the end the module holds none of them, and the operator has each once.",
)
def healed(ctx: Context, row: tuple[str, int]) -> None:
    """A receipt that stays behind blocks the module after 48 hours, long after anybody remembers why."""
    action, times = row
    drive = begin(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 3))
    ctx.operator_control.add_fault("ofd.ack", action, count=times)
    for _ in range(TRIES):
        accepted(ctx, drive.sync_files("FullReceipts"), "sync")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held at the end")
    view.holds_once(sold)


@case(
    "uz.drive.once.silence",
    target="drive",
    clauses=["CL-04", "OF-04"],
    requirements=["UZ-OFF-02", "UZ-OFD-04"],
    needs=[*NEEDS, "clock"],
    description="The operator stores two receipts and keeps silent; six seconds pass; the sync is repeated.",
    expectation="500 `failed to sync: …` after the time-out, not before the operator was given time; then "
    "all once.",
)
def silence(ctx: Context) -> None:
    """Five seconds are what the sample client waits."""
    drive = begin(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 2))
    ctx.clock.set_rate(0)
    rule = ctx.operator_control.add_fault("ofd.store.after", "silence")

    def sync() -> Reply:
        return drive.sync_files("FullReceipts")

    with aside(sync) as calls:
        until(ctx, "the operator keeps silent", lambda: strikes(ctx.operator_control, rule) > 0)
        ctx.check(False, calls[0].done(), "whether the sync has given up at once")
        ctx.clock.advance(6)
        reply = calls[0].result()
    refused_saying(ctx, reply, 500, "failed to sync: ", clause="S-4.6")
    body = accepted(ctx, drive.sync_files("FullReceipts"), "the next sync").json
    ctx.check(sold, items_of(ctx, body), "receipts of the next sync")
    view.holds_once(sold)


@family(
    "uz.drive.once.halved.{key}",
    rows={"too-big": "66", "too-many": "68"},
    target="drive",
    clauses=["CL-06", "S-11.5"],
    requirements=["UZ-OFF-02"],
    needs=NEEDS,
    description="Five receipts are synced; the operator answers the first message with {key}.",
    expectation="The same call sends smaller messages until all five are acknowledged, oldest first.",
)
def halved(ctx: Context, code: str) -> None:
    """Fewer files per message, and none is given up."""
    drive = begin(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 5))
    ctx.operator_control.add_fault("ofd.request", "status", value=code)
    body = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    ctx.check(sold, items_of(ctx, body), "receipts sent")
    largest = max(len(row) for row in _batches(view))
    ctx.check_that(largest < 5, "fewer than 5", largest, "files of the largest message that was taken")
    ctx.check(sold, view.numbers(), "order in the ledger", clause="G2-S-16")


def _batches(view: OperatorView) -> list[list[str]]:
    return [files for files in view.messages() if files]


@case(
    "uz.drive.once.small-operator",
    target="drive",
    clauses=["CL-06", "OF-14"],
    requirements=["UZ-OFF-02"],
    needs=[*NEEDS, "module-control", "control"],
    description="An operator that takes two files a message gets seven receipts.",
    expectation="One Sync call brings them all through in messages of at most two.",
)
def small_operator(ctx: Context) -> None:
    """Not one refusal but a limit that stays."""
    drive = begin(ctx)
    ctx.operator_control.reset(max_files=2)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 7))
    body = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    ctx.check(sold, items_of(ctx, body), "receipts sent")
    ctx.check_that(max(map(len, _batches(view))) <= 2, "at most 2", _batches(view), "files of the messages")
    view.holds_once(sold)


@case(
    "uz.drive.once.shift",
    target="drive",
    clauses=["CL-04", "OF-27", "CL-05"],
    requirements=["UZ-SHF-07", "UZ-OFD-02"],
    needs=NEEDS,
    description="A closed shift is synced; the operator stores it and hangs up. The sync is repeated.",
    expectation="500, then acknowledged; the operator has the Z-report once.",
)
def shift(ctx: Context) -> None:
    """The same for Z-reports as for receipts."""
    drive = begin(ctx, "fresh")
    view = OperatorView(ctx)
    drive.sell()
    accepted(ctx, drive.close_shift(), "close")
    closed = drive.shift()
    ctx.operator_control.add_fault("ofd.store.after", "close", match={"file": "*02*"})
    refused_saying(ctx, drive.sync_files("ZReports"), 500, "failed to sync: ", clause="S-4.6")
    ctx.check([0], drive.unacknowledged_shifts(), "unacknowledged indexes")
    body = accepted(ctx, drive.sync_files("ZReports"), "the next sync").json
    ctx.check([closed["CloseTime"]], items_of(ctx, body, "CloseTime"), "shifts sent")
    ctx.check([], drive.unacknowledged_shifts(), "unacknowledged indexes at the end")
    rows = view.shifts()
    ctx.check(
        [(1, 0, 1)], [(row["sales"], row["refunds"], row["repeats"]) for row in rows], "Z-reports there"
    )


@case(
    "uz.drive.once.sums",
    target="drive",
    clauses=["OF-22", "ZR-06", "S-17.4"],
    requirements=["UZ-OFD-01", "UZ-SHF-04"],
    needs=NEEDS,
    description="A shift of sales, a refund, an advance and a credit is closed, and everything synced.",
    expectation="The operator finds each receipt's sums, and no mismatch between the Z-report and its "
    "receipts.",
)
def sums(ctx: Context) -> None:
    """The whole chain adds up."""
    drive = begin(ctx, "fresh")
    view = OperatorView(ctx)
    sold = [
        drive.sell(cash=11_000, card=22_000),
        drive.sell(cash=3_000),
        drive.sell(Type=1),
        drive.sell(Type=2),
    ]
    with ctx.preparing("the first sale at the operator, so that it can be refunded"):
        drive.send_all()
    answer = sold[1].answer
    info = {name: answer[name] for name in ("TerminalID", "ReceiptSeq", "FiscalSign")}
    info["DateTime"] = "".join(filter(str.isdigit, answer["DateTime"]))
    sold.append(drive.sell(cash=3_000, Operation=1, RefundInfo=info))
    accepted(ctx, drive.close_shift(), "close")
    drive.send_all()
    expected = [
        (
            each.answer["ReceiptSeq"],
            each.receipt["Type"],
            each.receipt["Operation"],
            each.receipt["ReceivedCash"],
        )
        for each in sold
    ]
    found = [(row["number"], row["type"], row["operation"], row["cash"]) for row in view.receipts()]
    ctx.check(expected, found, "receipts at the operator")
    rows = view.shifts()
    ctx.check(
        [(4, 1)], [(row["sales"], row["refunds"]) for row in rows], "counts of the Z-report", clause="ZR-06"
    )
    ctx.check([[]], [list(row["mismatches"]) for row in rows], "mismatches the operator found")
