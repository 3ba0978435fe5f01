"""The two steps when the module is locked, away, another one, or cut off in the middle (uz-fiscal §4.5)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.drive.trade import (
    OperatorView,
    accepted,
    begin,
    refused,
    refused_saying,
    still,
    unchanged,
)
from reference.protocol.uz.values import format_json_time


@case(
    "uz.drive.steps.register-without-module",
    target="drive",
    clauses=["G2-S-08"],
    requirements=["UZ-SVC-02"],
    needs=["card", "module-control"],
    description="A receipt is registered, the module pulled out, and RegisterTXID repeated.",
    expectation="The same answer: a stored one needs no module.",
)
def register_without_module(ctx: Context) -> None:
    """The POS that lost the answer gets it although the cable is out."""
    drive = still(ctx)
    sold = drive.sell()
    factory = drive.factory
    ctx.module_control.do("unplug")
    try:
        reply = drive.post(f"/FiscalDrive/Receipt/RegisterTXID/{factory}", form={"TXID": sold.txid})
        ctx.check(sold.answer, accepted(ctx, reply).json, "the answer")
    finally:
        ctx.module_control.do("plug")


@case(
    "uz.drive.steps.txid-of-other-module",
    target="drive",
    clauses=["G2-S-10", "G2-T-10"],
    requirements=["UZ-SVC-04"],
    needs=["card", "control", "module-control", "operator-control"],
    description="A TXID is given for one module; another one is put in its place, and the TXID registered "
    "there.",
    expectation="404 `no record found …`; the other module has spent no number.",
)
def txid_of_other_module(ctx: Context) -> None:
    """The drive does not insist on the known module here, so that only the TXID's owner can decide."""
    drive = begin(ctx, "open", pin_modules=False)
    terminal = drive.info()["TerminalID"]
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt()), "GetTXID"))
    ctx.module_control.reset(start_locked=False, terminal="ZZ000000000077", factory_id="00" + "7" * 34)
    drive.__dict__.pop("factory", None)
    accepted(ctx, drive.open(), "open at the other module")
    text = f"no record found in table receipt_register_log with id = {txid}"
    refused(ctx, drive.register_txid(txid), 404, text, clause="G2-S-10")
    ctx.check(0, drive.memory()["ReceiptSeq"], "last number of the other module", clause="G2-T-10")
    ctx.module_control.reset(terminal=terminal)


@case(
    "uz.drive.steps.locked-module",
    target="drive",
    clauses=["G2-S-13", "FM-C-02", "FM-I-06", "HB-06"],
    requirements=["UZ-OFF-05"],
    needs=["card", "operator-control"],
    description="The operator locks the module; everything that reads and everything that writes is tried.",
    expectation="Info shows Locked, and memory, shift and receipt can be read; open, close and "
    "registration are 9090.",
)
def locked_module(ctx: Context) -> None:
    """A client reads Locked before it sells."""
    drive = begin(ctx)
    terminal = drive.info()["TerminalID"]
    drive.sell()
    receipt = drive.receipt(Time=format_json_time(drive.next_time(3_600)))
    txid = drive.txid_of(accepted(ctx, drive.get_txid(receipt), "GetTXID"))
    ctx.drive.state_page(change="Yes", lock="Lock", terminal=terminal)
    try:
        accepted(ctx, drive.sync_state(), "state sync")
        ctx.check(True, drive.info()["Locked"], "Locked", clause="G2-S-13")
        for name in ("FiscalMemory/Info", "ZReport/Info", "Receipt/Info", "ZReport/UnackowledgedIndexes"):
            accepted(ctx, drive.call(name), name, clause="G2-S-13")
        with unchanged(ctx, "FM-C-02"):
            for reply in (drive.open(), drive.close_shift(), drive.register_txid(txid)):
                refused(ctx, reply, 500, "9090 - LOCKED_SYNC_WITH_SERVER", clause="FM-C-02")
    finally:
        drive.state_page(change="Yes", lock="Unlock", terminal=terminal)
    accepted(ctx, drive.sync_state(), "state sync that unlocks")
    answer = accepted(ctx, drive.register_txid(txid), "registration after the lock").json
    ctx.check(receipt["Time"], answer["DateTime"], "time", clause="G2-S-11")


@family(
    "uz.drive.steps.cut.{key}",
    rows={
        "before-command": ("apdu.command", False),
        "before-commit": ("apdu.commit", False),
        "before-answer": ("apdu.reply", True),
    },
    target="drive",
    clauses=["G2-S-09", "G2-S-07", "FM-R-01", "EM-07"],
    requirements=["UZ-USB-02", "UZ-SVC-02"],
    needs=["card", "module-control"],
    description="The link breaks at the registering command ({key}); RegisterTXID is repeated, twice.",
    expectation="500 `card connection lost`; then the same receipt both times, numbered and counted once.",
)
def cut(ctx: Context, row: tuple[str, bool]) -> None:
    """Whether the module took it is asked, never guessed: cut after the commit it has, before it has not."""
    point, taken = row
    drive = still(ctx)
    before = drive.memory()
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt()), "GetTXID"))
    ctx.module_control.add_fault(point, "drop", match={"apdu": "001700*"})
    refused_saying(ctx, drive.register_txid(txid), 500, "card connection lost", clause="S-4.6")
    held = drive.memory()["ReceiptsCount"]
    ctx.check(before["ReceiptsCount"] + taken, held, "receipts in the module after the cut", clause="EM-07")
    answers = [accepted(ctx, drive.register_txid(txid), "the repeat").json for _ in range(2)]
    ctx.check(answers[0], answers[1], "answer of the second repeat", clause="G2-S-07")
    ctx.check(before["ReceiptSeq"] + 1, answers[0]["ReceiptSeq"], "number", clause="G2-S-09")
    after = drive.memory()
    counted = (after["ReceiptSeq"], after["ReceiptsCount"])
    expected = (before["ReceiptSeq"] + 1, before["ReceiptsCount"] + 1)
    ctx.check(expected, counted, "last number and receipts held", clause="FM-R-01")


@family(
    "uz.drive.steps.unfinished.{key}",
    rows={"full-sync": "FullReceipts", "short-sync": "Receipts"},
    target="drive",
    clauses=["G2-S-20", "G2-S-08"],
    requirements=["UZ-USB-02", "UZ-SVC-02"],
    needs=["card", "module-control", "operator-control"],
    description="The answer to a registration is lost on the cable; nobody repeats it, but a {key} comes.",
    expectation="The registration is finished first: the operator gets the receipt whole, and the POS, "
    "when it asks "
    "at last, its sign; one number is spent.",
)
def unfinished(ctx: Context, kind: str) -> None:
    """A short record would erase from the module a receipt whose sign the POS never got."""
    drive = begin(ctx)
    view = OperatorView(ctx)
    number = drive.memory()["ReceiptSeq"] + 1
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt()), "GetTXID"))
    ctx.module_control.add_fault("apdu.reply", "drop", match={"apdu": "001700*"})
    refused_saying(ctx, drive.register_txid(txid), 500, "card connection lost", clause="S-4.6")
    accepted(ctx, drive.sync_files(kind), kind)  # type: ignore[arg-type]
    accepted(ctx, drive.sync_files("FullReceipts"), "FullReceipts")
    view.holds_once([number], clause="G2-S-20")
    answer = accepted(ctx, drive.register_txid(txid), "RegisterTXID at last").json
    told = (answer["ReceiptSeq"], len(answer["FiscalSign"]), drive.memory()["ReceiptSeq"])
    ctx.check((number, 12, number), told, "number, length of the sign, last number", clause="G2-S-07")
