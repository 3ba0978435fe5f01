"""Files in the drive's database: their states, sending again, counting, listing (uz-fiscal §4.2, §4.7)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.drive.sync import items_of, numbers, sell
from conformance.suites.uz.drive.trade import (
    NEW,
    OperatorView,
    accepted,
    begin,
    held_by,
    refused_saying,
    still,
    turned_away,
)


@case(
    "uz.drive.sync.reset",
    target="drive",
    clauses=["S-4.7", "G2-S-19", "CL-05"],
    requirements=["UZ-SVC-02", "UZ-OFD-02"],
    needs=["card"],
    description="An acknowledged file is put back to New and synced again.",
    expectation="It is counted as new, sent, and acknowledged although the module knows nothing of it any "
    "more.",
)
@held_by
def reset(ctx: Context) -> None:
    """9020 at the second acknowledgement means success."""
    drive = begin(ctx)
    view = OperatorView(ctx) if ctx.can("operator-control") else None
    terminal = drive.info()["TerminalID"]
    sold = sell(drive, 1)
    accepted(ctx, drive.sync_files("FullReceipts"), "sync")
    reply = accepted(ctx, drive.post("/DataBase/Files/Status/Reset", form={"TXID": sold[0].txid}), "reset")
    ctx.check("OK", reply.text, "answer", clause="G2-T-08")
    if drive.books is not None:
        drive.books.put_back(numbers(sold)[0])
    ctx.check({terminal: 1}, drive.files_count(NEW), "new files")
    body = accepted(ctx, drive.sync_files("FullReceipts"), "the second sync").json
    ctx.check(numbers(sold), items_of(ctx, body), "receipts sent again", clause="G2-S-19")
    ctx.check({}, drive.files_count(NEW), "new files at the end")
    if view is not None:
        view.holds_once(numbers(sold))
        ctx.check([1], [row["repeats"] for row in view.receipts()], "repeats at the operator", clause="OF-20")


@family(
    "uz.drive.sync.reset-refused.{key}",
    rows={"unknown": (10**9, 404), "zero": (0, 400), "word": ("last", 400), "missing": (None, 400)},
    target="drive",
    clauses=["S-4.6", "G2-S-10"],
    requirements=["UZ-SVC-05"],
    description="A file is to be put back by a TXID that is none: {key}.",
    expectation=lambda row: f"{row[1]} with the usual error body.",
)
def reset_refused(ctx: Context, row: tuple[object, int]) -> None:
    """An unknown one is told like an unknown registration."""
    txid, status = row
    reply = ctx.drive.post("/DataBase/Files/Status/Reset", form={} if txid is None else {"TXID": txid})
    if status == 404:
        refused_saying(ctx, reply, status, f"with id = {txid}")
    else:
        turned_away(ctx, reply, {status})


@case(
    "uz.drive.sync.resend",
    target="drive",
    clauses=["G2-S-19", "S-4.2"],
    requirements=["UZ-SVC-02", "UZ-OFD-02"],
    needs=["card", "operator-control"],
    description="Of three acknowledged receipts the first and third are resent by number, with one unknown "
    "number.",
    expectation="Exactly these two go again, are acknowledged again, and stand in the ledger once.",
)
def resend(ctx: Context) -> None:
    """Whatever their state, by number."""
    drive = still(ctx)
    view = OperatorView(ctx)
    sold = numbers(sell(drive, 3))
    accepted(ctx, drive.sync_files("FullReceipts"), "sync")
    form = {"Numbers": f"{sold[2]},{sold[0]},999999", "Ack": "true"}
    body = accepted(ctx, drive.post(f"/DataBase/Files/Resend/FullReceipts/{drive.factory}", form=form)).json
    ctx.check([sold[0], sold[2]], sorted(items_of(ctx, body), key=int), "receipts sent again")  # type: ignore[arg-type]
    view.holds_once(sold)
    ctx.check(
        [1, 0, 1], [row["repeats"] for row in view.receipts()], "repeats at the operator", clause="OF-20"
    )


@case(
    "uz.drive.sync.resend-without-ack",
    target="drive",
    clauses=["UNK-28"],
    requirements=["UZ-SVC-02"],
    needs=["card"],
    description="A waiting receipt is resent by number with Ack=false, then synced.",
    expectation="The operator gets it, the module keeps it; the sync then brings the acknowledgement.",
)
@held_by
def resend_without_ack(ctx: Context) -> None:
    """Only sending."""
    drive = still(ctx)
    sold = numbers(sell(drive, 1))
    form = {"Numbers": sold[0], "Ack": "false"}
    accepted(ctx, drive.post(f"/DataBase/Files/Resend/FullReceipts/{drive.factory}", form=form))
    ctx.check(1, drive.memory()["ReceiptsCount"], "receipts held after Resend")
    body = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    ctx.check(sold, items_of(ctx, body), "receipts of the sync")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held at the end")


@family(
    "uz.drive.sync.resend-refused.{key}",
    rows={"missing": None, "empty": "", "word": "one", "negative": "-1"},
    target="drive",
    clauses=["G2-T-09", "S-4.2"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="Resend with Numbers that are none: {key}.",
    expectation="400 with the usual error body.",
)
def resend_refused(ctx: Context, text: str | None) -> None:
    """No guess which receipt was meant."""
    drive = ctx.drive
    form = {} if text is None else {"Numbers": text}
    reply = drive.post(f"/DataBase/Files/Resend/FullReceipts/{drive.factory}", form=form)
    turned_away(ctx, reply, {400})


@family(
    "uz.drive.sync.verdict.{key}",
    rows={"reject": ("Rejected", 3), "error": ("Error", 4)},
    target="drive",
    clauses=["S-4.7", "S-11.5", "ANS-01"],
    requirements=["UZ-OFD-04", "UZ-SVC-02"],
    needs=["card", "operator-control"],
    description="The operator answers one of two receipts with {key}; sync, sync again, put back, sync.",
    expectation=lambda row: (
        f"{row[0]} beside Acknowledged, then nothing to do; put back, it goes and is acknowledged."
    ),
)
def verdict(ctx: Context, row: tuple[str, int]) -> None:
    """The operator's last word on a file stands until somebody resets it."""
    text, state = row
    drive = begin(ctx)
    terminal = drive.info()["TerminalID"]
    sold = sell(drive, 2)
    ctx.operator_control.add_fault("ofd.ack", "reject" if state == 3 else "error")
    body = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    found = {item["ReceiptSeq"]: item["StatusText"] for item in body["Items"]}
    ctx.check(dict(zip(numbers(sold), (text, "Acknowledged"), strict=True)), found, "StatusText")
    told = (body["SuccessfulsCount"], body.get("FailsCount"), body["Items"][0].get("Status"))
    ctx.check((1, 1, state), told, "SuccessfulsCount, FailsCount and Status", clause="ANS-01")
    ctx.check({terminal: 1}, drive.files_count(state), "files in that state")
    ctx.check(1, drive.memory()["ReceiptsCount"], "receipts held")
    again = accepted(ctx, drive.sync_files("FullReceipts"), "the next sync").json
    ctx.check([], again["Items"], "files of the next sync")
    accepted(ctx, drive.post("/DataBase/Files/Status/Reset", form={"TXID": sold[0].txid}), "reset")
    last = accepted(ctx, drive.sync_files("FullReceipts"), "the sync after the reset").json
    ctx.check(numbers(sold)[:1], items_of(ctx, last), "files of the sync after the reset")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held at the end")


@family(
    "uz.drive.sync.count-refused.{key}",
    rows={"five": "5", "negative": "-1", "word": "new", "huge": "99999999999999999999"},
    target="drive",
    clauses=["PRM-01"],
    requirements=["UZ-SVC-05"],
    description="Files are counted in a state that is none: {key}.",
    expectation="400 with the usual error body.",
)
def count_refused(ctx: Context, text: str) -> None:
    """There are five states, 0 to 4."""
    turned_away(ctx, ctx.drive.post("/DataBase/Files/Count", form={"Status": text}), {400})


@case(
    "uz.drive.sync.paging",
    target="drive",
    clauses=["S-4.2"],
    requirements=["UZ-OFF-06"],
    needs=["card"],
    description="Five new files are listed by pages of two, and from beyond the last.",
    expectation="Each file stands on one page, in the order of the TXIDs; the page beyond is empty.",
)
@held_by
def paging(ctx: Context) -> None:
    """Limit and Offset stand in the path."""
    drive = still(ctx)
    expected = [each.txid for each in sell(drive, 5)]

    def page(limit: int, offset: int) -> list[int]:
        path = f"/DataBase/Files/List/{drive.factory}/{limit}/{offset}"
        return [int(row["TXID"]) for row in accepted(ctx, drive.post(path, form={"Status": 0})).json]

    pages = [page(2, offset) for offset in (0, 2, 4, 6)]
    ctx.check([expected[0:2], expected[2:4], expected[4:5], []], pages, "pages")
    ctx.check(expected, page(100, 0), "all on one page")


@family(
    "uz.drive.sync.paging-refused.{key}",
    rows={"limit-zero": "0/0", "limit-word": "all/0", "offset-negative": "10/-1", "offset-word": "10/first"},
    target="drive",
    clauses=["PRM-01"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="Files are listed with a Limit or Offset that is none: {key}.",
    expectation="400 with the usual error body.",
)
def paging_refused(ctx: Context, tail: str) -> None:
    """A limit of zero would be an endless loop for who pages by it."""
    drive = ctx.drive
    turned_away(ctx, drive.post(f"/DataBase/Files/List/{drive.factory}/{tail}", form={"Status": 0}), {400})
