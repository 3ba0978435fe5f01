"""Each cause of an error with its status and Reason (uz-fiscal §4.6)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import as_completed

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.drive_client import Reply
from conformance.suites.uz.drive.trade import (
    accepted,
    aside,
    begin,
    ready,
    refused,
    refused_saying,
    still,
    still_sells,
    strikes,
    unchanged,
    until,
)
from reference.protocol.uz.values import format_json_time

BAD_REQUEST, MISSING, FAILURE = 400, 404, 500
WORDS: dict[str, tuple[str, int]] = {
    "9010": ("INVALID_DATETIME", BAD_REQUEST),
    "9011": ("INVALID_INDEX", BAD_REQUEST),
    "9012": ("INVALID_BCD", BAD_REQUEST),
    "9013": ("INVALID_TYPE", BAD_REQUEST),
    "9014": ("INVALID_OPERATION", BAD_REQUEST),
    "9015": ("INVALID_ACK_SIGNATURE", FAILURE),
    "9016": ("WRONG_TERMINAL_ID", FAILURE),
    "9017": ("INVALID_SYNC_SIGNATURE", FAILURE),
    "9018": ("WRONG_SYNC_CHALLENGE", FAILURE),
    "9020": ("NOT_FOUND", MISSING),
    "9021": ("ZREPORT_IS_NOT_OPENED", FAILURE),
    "9022": ("ZREPORT_IS_NOT_CLOSED", FAILURE),
    "9023": ("ZREPORT_IS_ALREADY_CLOSED", FAILURE),
    "9030": ("DATETIME_IS_IN_THE_PAST", FAILURE),
    "9031": ("SEND_ALL_RECEIPTS_FIRST", FAILURE),
    "9032": ("CANNOT_CLOSE_EMPTY_ZREPORT", FAILURE),
    "9033": ("RECIPT_SEQ_MAX_VALUE_REACHED", FAILURE),
    "9034": ("CASH_CARD_ACCUMULATOR_OVERFLOW", FAILURE),
    "9035": ("NOT_ENOUGH_SUM_FOR_REFUND", FAILURE),
    "9036": ("VAT_ACCUMULATOR_OVERFLOW", FAILURE),
    "9037": ("NOT_ENOUGH_VAT_FOR_REFUND", FAILURE),
    "9040": ("TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT", FAILURE),
    "9041": ("TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT", FAILURE),
    "9042": ("TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT", FAILURE),
    "9043": ("TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT", FAILURE),
    "9044": ("CASH_ACCUMULATOR_OVERFLOW", FAILURE),
    "9045": ("CARD_ACCUMULATOR_OVERFLOW", FAILURE),
    "9090": ("LOCKED_SYNC_WITH_SERVER", FAILURE),
    "9091": ("DATETIME_SYNC_WITH_SERVER", FAILURE),
    "9092": ("ALREADY_POS_LOCKED", FAILURE),
    "9093": ("POS_AUTH_FAIL", FAILURE),
    "90F0": ("ZREPORTS_MEMORY_FULL", FAILURE),
    "90F1": ("RECEIPTS_MEMORY_FULL", FAILURE),
    "90FF": ("NOT_ENOUGH_MEMORY", FAILURE),
    "6700": ("WRONG_LENGTH", BAD_REQUEST),
    "6A80": ("WRONG_DATA", BAD_REQUEST),
    "6A86": ("INCORRECT_P1P2", BAD_REQUEST),
    "6D00": ("INS_NOT_SUPPORTED", FAILURE),
    "6F00": ("UNKNOWN", FAILURE),
}
"""Status words of the module with the names clients look for, and their HTTP status."""


@family(
    "uz.drive.error.word.{key}",
    rows={word.lower(): (word, *row) for word, row in WORDS.items()},
    target="drive",
    clauses=["S-4.6", "S-5.6", "HB-03"],
    requirements=["UZ-SVC-05"],
    needs=["card", "module-control"],
    description=lambda row: f"The module answers {row[0]}.",
    expectation=lambda row: f"{row[2]} `{row[0]} - {row[1]}`; asked again the drive answers well.",
)
def word(ctx: Context, row: tuple[str, str, int]) -> None:
    """The word is laid in the module's mouth once; whatever the command, it is told in the same way."""
    digits, name, status = row
    drive = ready(ctx)
    ctx.module_control.add_fault("apdu.command", "sw", value=digits, match={"apdu": "0001*"})
    refused(ctx, drive.call("ZReport/Info"), status, f"{digits} - {name}")
    accepted(ctx, drive.call("ZReport/Info"), "asked again")


Call = Callable[[Context], Reply]
NATURAL: dict[str, tuple[str, str, str, int, Call]] = {
    "open-open": ("open", "FM-Z-01", "9022 - ZREPORT_IS_NOT_CLOSED", FAILURE, lambda ctx: ctx.drive.open()),
    "close-closed": (
        "ended",
        "FM-Z-03",
        "9023 - ZREPORT_IS_ALREADY_CLOSED",
        FAILURE,
        lambda ctx: ctx.drive.close_shift(),
    ),
    "close-empty": (
        "fresh",
        "FM-Z-04",
        "9032 - CANNOT_CLOSE_EMPTY_ZREPORT",
        FAILURE,
        lambda ctx: ctx.drive.close_shift(),
    ),
    "open-past": (
        "closed",
        "FM-T-03",
        "9030 - DATETIME_IS_IN_THE_PAST",
        FAILURE,
        lambda ctx: ctx.drive.open(ctx.drive.last_operation),
    ),
    "open-future": (
        "closed",
        "FM-T-04",
        "9091 - DATETIME_SYNC_WITH_SERVER",
        FAILURE,
        lambda ctx: ctx.drive.open(ctx.drive.next_time(172_801)),
    ),
    "open-year-1998": (
        "closed",
        "TY-03",
        "9010 - INVALID_DATETIME",
        BAD_REQUEST,
        lambda ctx: ctx.drive.open("1998-01-01 10:00:00"),
    ),
    "receipt-none": (
        "open",
        "G2-S-15",
        "9020 - NOT_FOUND",
        MISSING,
        lambda ctx: ctx.drive.receipt_info(0),
    ),
    "shift-beyond": (
        "open",
        "G2-S-15",
        "9020 - NOT_FOUND",
        MISSING,
        lambda ctx: ctx.drive.call("ZReport/Info", Index=ctx.drive.memory()["ZReportsCount"]),
    ),
    "index-32768": (
        "open",
        "G2-S-15",
        "9011 - INVALID_INDEX",
        BAD_REQUEST,
        lambda ctx: ctx.drive.receipt_info(32_768),
    ),
}


@family(
    "uz.drive.error.natural.{key}",
    rows=NATURAL,
    target="drive",
    clauses=lambda row: [row[1], "S-4.6"],
    requirements=["UZ-SVC-05", "UZ-SHF-01", "UZ-SHF-05"],
    needs=["card"],
    description="What the module cannot do is asked of the drive: {key}.",
    expectation=lambda row: f"{row[3]} `{row[2]}`, and nothing has changed.",
)
def natural(ctx: Context, row: tuple[str, str, str, int, Call]) -> None:
    """The module's own refusal, as the drive tells it."""
    shift, clause, reason, status, call = row
    ready(ctx, shift)  # type: ignore[arg-type]
    with unchanged(ctx, clause):
        refused(ctx, call(ctx), status, reason, clause=clause)


@case(
    "uz.drive.error.no-module",
    target="drive",
    clauses=["S-4.6"],
    requirements=["UZ-USB-01", "UZ-SVC-05"],
    needs=["card", "module-control"],
    description="The only module is pulled out, and everything that needs one is asked for.",
    expectation="404 `no card found` (or `no card connected`), an empty list; after plugging in it answers "
    "again.",
)
def no_module(ctx: Context) -> None:
    """What the files in the database are, can still be asked."""
    drive = still(ctx)
    memory, factory = drive.memory(), drive.factory
    receipt = drive.receipt()
    ctx.module_control.do("unplug")
    try:
        texts = ("no card found", "no card connected")
        for name in ("Info", "FiscalMemory/Info", "ZReport/Info", "ZReport/Open", "State/Sync"):
            refused(ctx, drive.post(f"/FiscalDrive/{name}/{factory}"), MISSING, texts)
        reply = drive.post(f"/FiscalDrive/Receipt/GetTXID/{factory}", json=receipt)
        refused(ctx, reply, MISSING, texts)
        ctx.check([], drive.list_modules(), "the list", clause="S-4.2")
        accepted(ctx, drive.post("/DataBase/Files/Count", form={"Status": 0}), "Files/Count", clause="S-4.2")
    finally:
        ctx.module_control.do("plug")
    ctx.check(memory, drive.memory(), "memory after plugging in", clause="S-4.3")


@family(
    "uz.drive.error.link-lost.{key}",
    rows={"info": "Info", "memory": "FiscalMemory/Info", "shift": "ZReport/Info"},
    target="drive",
    clauses=["S-4.6"],
    requirements=["UZ-USB-02"],
    needs=["card", "module-control"],
    description="The link breaks while the module is asked for its {key}.",
    expectation="500 `card connection lost`; asked again it answers.",
)
def link_lost(ctx: Context, name: str) -> None:
    """The instruction of each, 00 00 01, 00 00 02 and 00 01, is cut off before it is executed."""
    drive = ready(ctx)
    prefix = {"Info": "00000100*", "FiscalMemory/Info": "00000200*", "ZReport/Info": "0001*"}[name]
    ctx.module_control.add_fault("apdu.command", "drop", match={"apdu": prefix})
    refused(ctx, drive.call(name), FAILURE, "card connection lost", clause="UNK-11")
    accepted(ctx, drive.call(name), "asked again")


@case(
    "uz.drive.error.operator-away",
    target="drive",
    clauses=["S-4.6"],
    requirements=["UZ-OFF-01", "UZ-SVC-05"],
    needs=["card", "control"],
    description="The operator refuses connections; files and state are synced.",
    expectation="500 `failed to sync: …` each time; selling goes on, and nothing is lost.",
)
def operator_away(ctx: Context) -> None:
    """The state of the file stays one that is sent again."""
    drive = still(ctx)
    drive.sell()
    ctx.control.add_fault("operator.connect", "refuse", count=None)
    for reply in (drive.sync_files("FullReceipts"), drive.sync_state(), drive.sync_files("FullReceipts", 1)):
        turned = reply.reason.startswith("failed to sync: ") and len(reply.reason) > len("failed to sync: ")
        ctx.check_that(turned, "failed to sync: <inner error>", reply.text[:200], "Reason")
        ctx.check(FAILURE, reply.status, "status number", clause="UNK-11")
    still_sells(ctx)
    ctx.check(2, drive.memory()["ReceiptsCount"], "receipts held", clause="S-4.3")


@case(
    "uz.drive.error.not-active",
    target="drive",
    clauses=["S-4.6", "OF-17"],
    requirements=["UZ-OFF-05", "UZ-SVC-05"],
    needs=["card", "operator-control"],
    description="The operator blocks the module with reason 1 and a notice; receipts are synced.",
    expectation="500 `Fiscal drive <id> is not active, notice: <text>, reasonCode:1`; selling goes on.",
)
def not_active(ctx: Context) -> None:
    """The notice is what the shop reads."""
    drive = begin(ctx)
    terminal = drive.info()["TerminalID"]
    drive.sell()
    ctx.operator_control.do("block", terminal=terminal, reason=1, notice="To‘lov yo‘q")
    try:
        text = f"Fiscal drive {terminal} is not active, notice: To‘lov yo‘q, reasonCode:1"
        refused(ctx, drive.sync_files("FullReceipts"), FAILURE, text)
        still_sells(ctx)
    finally:
        ctx.operator_control.do("unblock", terminal=terminal)
    accepted(ctx, drive.sync_state(), "state sync, which sets the sending going again", clause="CL-06")


@case(
    "uz.drive.error.not-found",
    target="drive",
    clauses=["S-4.6", "OF-16"],
    requirements=["UZ-SVC-05"],
    needs=["card", "operator-control"],
    description="The operator does not know the module; receipts and state are synced.",
    expectation="500 `Fiscal drive <id> is not found` each time.",
)
def not_found(ctx: Context) -> None:
    """As a production module at a test operator."""
    drive = still(ctx)
    terminal = drive.info()["TerminalID"]
    drive.sell()
    ctx.operator_control.do("mark-unknown", terminal=terminal)
    try:
        for reply in (drive.sync_files("FullReceipts"), drive.sync_state()):
            refused(ctx, reply, FAILURE, f"Fiscal drive {terminal} is not found")
    finally:
        ctx.operator_control.do("mark-unknown", terminal=terminal, unknown=False)
    accepted(ctx, drive.sync_files("FullReceipts"), "sync once it is known")


@family(
    "uz.drive.error.operator-says.{key}",
    rows={"retry-send": "02", "bad-syntax": "64", "bad-structure": "65"},
    target="drive",
    clauses=["S-4.6", "S-11.5"],
    requirements=["UZ-SVC-05"],
    needs=["card", "operator-control"],
    description=lambda code: f"The operator answers a sync with status {code}.",
    expectation="500 `Try later`, and the next sync brings the receipt through.",
)
def operator_says(ctx: Context, code: str) -> None:
    """Whatever the operator means, the receipt stays and goes again."""
    drive = still(ctx)
    drive.sell()
    ctx.operator_control.add_fault("ofd.request", "status", value=code)
    refused(ctx, drive.sync_files("FullReceipts"), FAILURE, "Try later")
    synced = accepted(ctx, drive.sync_files("FullReceipts"), "the next sync").json
    ctx.check(1, synced["SuccessfulsCount"], "SuccessfulsCount", clause="CL-04")


@case(
    "uz.drive.error.sync-running",
    target="drive",
    clauses=["UNK-11"],
    requirements=["UZ-SVC-05"],
    needs=["card", "operator-control", "clock"],
    description="Two syncs are asked for at the same time while the operator takes three seconds to answer.",
    expectation="One is refused with 409 `sync is already in progress`, the other brings the receipt "
    "through.",
)
def sync_running(ctx: Context) -> None:
    """Which of the two is first is left to chance."""
    drive = still(ctx)
    drive.sell()
    ctx.clock.set_rate(0)
    slow = ctx.operator_control.add_fault("ofd.request", "delay", delay=3)

    def sync() -> Reply:
        return drive.sync_files("FullReceipts")

    with aside(sync, sync) as calls:
        refusal = next(call.result() for call in as_completed(calls))
        until(ctx, "the operator has the other request", lambda: strikes(ctx.operator_control, slow) > 0)
        ctx.clock.advance(3.5)
        replies = [call.result() for call in calls]
    refused(ctx, refusal, 409, "sync is already in progress")
    done = [reply for reply in replies if reply is not refusal]
    ctx.check([1], [reply.json.get("SuccessfulsCount") for reply in done], "SuccessfulsCount of the other")


@case(
    "uz.drive.error.words-in-small-letters",
    target="drive",
    clauses=["HB-03", "S-4.6"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="The Reasons that clients look into are provoked: 9021, 9030, 9091, and a receipt in the "
    "past.",
    expectation="In small letters each contains what clients look for.",
)
def words_in_small_letters(ctx: Context) -> None:
    """Three clients look for parts of the Reason, never for the whole."""
    drive = ready(ctx, "closed")
    time = format_json_time(drive.next_time(2))
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt(Time=time)), "GetTXID"))
    past = drive.receipt(Time=format_json_time(drive.last_operation))
    found = {
        "9021 zreport_is_not_opened": drive.register_txid(txid),
        "9030 datetime_is_in_the_past": drive.open(drive.last_operation),
        "9091 datetime_sync_with_server": drive.open(drive.next_time(200_000)),
        "receipt time is in the past": drive.get_txid(past),
    }
    for words, reply in found.items():
        parts = [words] if words.startswith("receipt") else words.split()
        for part in parts:
            refused_saying(ctx, reply, BAD_REQUEST if len(parts) == 1 else FAILURE, part)
