"""The producer's own walk-through, from a new module to an acknowledged shift (uz-fiscal §11.10)."""

from __future__ import annotations

from conformance.cases import case
from conformance.context import Context
from conformance.suites.uz.drive.trade import accepted


@case(
    "uz.drive.walkthrough",
    target="drive",
    clauses=["S-11.10", "S-4.2", "S-4.3", "S-9.2"],
    requirements=["UZ-SVC-01", "UZ-SVC-06", "UZ-SHF-04", "UZ-SHF-07", "UZ-OFF-02", "UZ-POS-01"],
    needs=["card", "control", "module-control", "operator-control"],
    description="List; Info; the state page says Yes, Unlock; State/Sync; Info; open; GetTXID; "
    "RegisterTXID; Receipt/"
    "Info; close; ZReport/Info; memory; Sync/FullReceipts; memory; indexes; Sync/ZReports; ZReport/Info.",
    expectation="Locked, then not; one receipt held, then none; [0], and at last an AcknowledgedTime.",
)
def walkthrough(ctx: Context) -> None:
    """A smoke test of the whole chain, in the guide's order, with a new and locked module."""
    drive = ctx.drive
    drive.fresh(module={}, drive={"auto_send": False}, operator={})
    listed = drive.list_modules()
    ctx.check(1, len(listed), "modules listed", clause="S-4.2")
    info = drive.info()
    ctx.check(True, info["Locked"], "Locked of a new module")
    drive.state_page(change="Yes", lock="Unlock", terminal=info["TerminalID"])
    ctx.check("OK", accepted(ctx, drive.sync_state(), "State/Sync").text, "answer of State/Sync")
    ctx.check(False, drive.info()["Locked"], "Locked after State/Sync")
    accepted(ctx, drive.open(), "Open")
    sold = drive.sell(cash=50_000, card=50_000)
    ctx.check(1, sold.answer["ReceiptSeq"], "number of the first receipt", clause="S-4.3")
    seen = accepted(ctx, drive.receipt_info(0), "Receipt/Info").json
    ctx.check(sold.answer["FiscalSign"], seen["FiscalSign"], "sign in Receipt/Info", clause="S-4.3")
    accepted(ctx, drive.close_shift(), "Close")
    shift = drive.shift(0)
    told = (shift["TotalSaleCount"], shift["TotalCash"], shift["TotalCard"], "AcknowledgedTime" in shift)
    half = {"Sale": 50_000, "Refund": 0}
    ctx.check((1, half, half, False), told, "ZReport/Info of the closed shift", clause="S-9.2")
    ctx.check(1, drive.memory()["ReceiptsCount"], "ReceiptsCount", clause="S-4.3")
    synced = accepted(ctx, drive.sync_files("FullReceipts"), "Sync/FullReceipts").json
    ctx.check(
        ["Acknowledged"], [item["StatusText"] for item in synced["Items"]], "StatusText", clause="S-4.3"
    )
    ctx.check(0, drive.memory()["ReceiptsCount"], "ReceiptsCount after the sync", clause="S-4.3")
    ctx.check([0], drive.unacknowledged_shifts(), "UnackowledgedIndexes", clause="S-4.2")
    accepted(ctx, drive.sync_files("ZReports"), "Sync/ZReports")
    ctx.check([], drive.unacknowledged_shifts(), "UnackowledgedIndexes after the sync", clause="S-4.2")
    ctx.check_that("AcknowledgedTime" in drive.shift(0), "AcknowledgedTime", drive.shift(0), "ZReport/Info")
