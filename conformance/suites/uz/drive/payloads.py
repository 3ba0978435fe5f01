"""Names, spelling and types of every answer, as the producer's guide has them (uz-fiscal §4.3, §9.2)."""

from __future__ import annotations

import re

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.drive.trade import (
    Json,
    accepted,
    begin,
    held_by,
    ready,
    still,
)
from reference.protocol.uz.values import format_json_time, parse_json_time

ACCOUNTS = ("CashAccomulator", "CardAccomulator", "VATAccomulator")
"""The guide spells them so, and clients look for these names."""
MEMORY = {"TerminalID", "ReceiptSeq", "LastOperationTime", "ZReportsCount", "ReceiptsCount", *ACCOUNTS}
ROOM = {"AvailablePersistentMemory", "AvailableResetMemory", "AvailableDeselectMemory"}
REGISTERED = {"TerminalID", "ReceiptSeq", "DateTime", "FiscalSign", "QRCodeURL"}
RECEIPT = {
    "TerminalID",
    "ReceiptSeq",
    "Time",
    "FiscalSign",
    "ReceiptType",
    "OperationType",
    "ReceivedCash",
    "ReceivedCard",
    "TotalVAT",
    "ItemsCount",
}
SHIFT = {
    "TerminalID",
    "OpenTime",
    "TotalSaleCount",
    "TotalRefundCount",
    "TotalCash",
    "TotalCard",
    "TotalVAT",
    "FirstReceiptSeq",
    "LastReceiptSeq",
}


def whole(ctx: Context, body: Json, name: str) -> None:
    """The field is a JSON number without a fraction."""
    value = body[name]
    ctx.check_that(type(value) is int, "a whole number", repr(value), name)


def fits(ctx: Context, pattern: str, body: Json, name: str) -> None:
    """The field is a text of this form."""
    value = body[name]
    fitting = isinstance(value, str) and re.fullmatch(pattern, value) is not None
    ctx.check_that(fitting, f"a text like {pattern}", repr(value), name)


def written(shift: Json) -> Json:
    """A Z-report without the times it does not have yet, which may be missing or blank."""
    return {name: value for name, value in shift.items() if value != ""}


@case(
    "uz.drive.payload.list",
    target="drive",
    clauses=["S-4.3"],
    requirements=["UZ-SVC-04"],
    needs=["card"],
    description="The modules are listed.",
    expectation="ReaderName, ATR, Description, FactoryID, AppletVersion of each, all texts; version 04xx.",
)
def listed(ctx: Context) -> None:
    """FactoryID is what every other path needs."""
    modules = ctx.drive.list_modules()
    for module in modules:
        names = {"ReaderName", "ATR", "Description", "FactoryID", "AppletVersion"}
        ctx.check(names, set(module), "names")
        fits(ctx, "([0-9a-f]{2})+", module, "ATR")
        fits(ctx, "[0-9a-f]{36}", module, "FactoryID")
        fits(ctx, "04[0-9]{2}", module, "AppletVersion")
        fits(ctx, ".*", module, "Description")
        fits(ctx, ".+", module, "ReaderName")
    ctx.check(len(modules), len({module["FactoryID"] for module in modules}), "different FactoryIDs")


@case(
    "uz.drive.payload.info",
    target="drive",
    clauses=["S-4.3"],
    requirements=["UZ-DEV-04"],
    needs=["card"],
    description="A module's Info is read twice.",
    expectation="The guide's names and types, both times the same.",
)
def info(ctx: Context) -> None:
    """Locked and POSLocked are true truth values, unlike the module's own flags."""
    drive = ctx.drive
    body = drive.info()
    flags = ("Locked", "POSLocked", "POSAuth")
    texts = {
        "AppletVersion": "04[0-9]{2}",
        "TerminalID": "[A-Z]{2}[0-9]{12}",
        "SyncChallenge": "[0-9a-f]{16}",
        "JCREVersion": "[0-9]{4}",
    }
    ctx.check({*texts, *flags, "MemoryInfo"}, set(body), "names")
    for name, pattern in texts.items():
        fits(ctx, pattern, body, name)
    for name in flags:
        ctx.check_that(isinstance(body[name], bool), "true or false", repr(body[name]), name)
    room = body["MemoryInfo"]
    ctx.check(ROOM, set(room), "MemoryInfo")
    for name in room:
        whole(ctx, room, name)
    again = drive.info()
    del body["MemoryInfo"], again["MemoryInfo"]
    ctx.check(body, again, "Info read again")


@case(
    "uz.drive.payload.memory",
    target="drive",
    clauses=["S-4.3"],
    requirements=["UZ-OFF-06"],
    needs=["card"],
    description="The fiscal memory is read before and after a sale of cash and card.",
    expectation="The guide's names, misspelt accumulators included; counts and sums grow by the sale, whose "
    "time is that of the last operation and of the first unacknowledged receipt.",
)
@held_by
def memory(ctx: Context) -> None:
    """Without an unacknowledged receipt the time of the first is left out, which is a stand-in."""
    drive = still(ctx)
    before = drive.memory()
    ctx.check(MEMORY, set(before) - {"FirstUnacknowledgedReceiptTime"}, "names")
    ctx.check(0, before["ReceiptsCount"], "receipts not acknowledged")
    sold = drive.sell(cash=43_210, card=8_765)
    expected = {**before, "ReceiptSeq": before["ReceiptSeq"] + 1, "ReceiptsCount": 1}
    for name, more in zip(ACCOUNTS, (43_210, 8_765, sold.receipt["Items"][0]["VAT"]), strict=True):
        expected[name] = {"Sale": before[name]["Sale"] + more, "Refund": before[name]["Refund"]}
    time = sold.receipt["Time"]
    expected |= {"LastOperationTime": time, "FirstUnacknowledgedReceiptTime": time}
    ctx.check(expected, drive.memory(), "memory after the sale")


@case(
    "uz.drive.payload.memory-unsent",
    target="drive",
    clauses=["ANS-01"],
    requirements=["UZ-OFF-06"],
    needs=["card"],
    description="The fiscal memory is read while every receipt is acknowledged.",
    expectation="FirstUnacknowledgedReceiptTime is left out.",
)
def memory_unsent(ctx: Context) -> None:
    """The guide does not say what stands there then."""
    drive = ready(ctx, None)
    name, shown = "FirstUnacknowledgedReceiptTime", drive.memory()
    ctx.check_that(name not in shown, f"no {name}", shown, "memory", clause="ANS-01")


@case(
    "uz.drive.payload.registered",
    target="drive",
    clauses=["S-4.3", "TY-04", "TM-02"],
    requirements=["UZ-DEV-02"],
    needs=["card"],
    description="A sale is registered.",
    expectation="TerminalID, ReceiptSeq a number, DateTime as sent, FiscalSign 12 digits as text, QRCodeURL.",
)
def registered(ctx: Context) -> None:
    """The time comes back as it was given: the module has no clock."""
    drive = still(ctx)
    terminal = drive.info()["TerminalID"]
    number = drive.memory()["ReceiptSeq"] + 1
    sold = drive.sell()
    ctx.check(REGISTERED, set(sold.answer), "names")
    whole(ctx, sold.answer, "ReceiptSeq")
    fits(ctx, "[0-9]{12}", sold.answer, "FiscalSign")
    told = (sold.answer["TerminalID"], sold.answer["ReceiptSeq"], sold.answer["DateTime"])
    ctx.check((terminal, number, sold.receipt["Time"]), told, "terminal, number and time")


@case(
    "uz.drive.payload.receipt",
    target="drive",
    clauses=["S-4.3"],
    requirements=["UZ-SHF-03"],
    needs=["card"],
    description="A sale of two items is registered and its information read.",
    expectation="Exactly the guide's names; number, time, sign and sums are those of the registration.",
)
@held_by
def receipt(ctx: Context) -> None:
    """TotalVAT is the sum of the items' own VAT."""
    drive = still(ctx)
    items = [drive.item(price=70_000, VAT=7_500), drive.item(price=30_000, VAT=1)]
    sold = drive.sell(cash=60_000, card=40_000, Items=items)
    body = drive.receipt_info().demand().json
    expected = {
        "TerminalID": sold.answer["TerminalID"],
        "ReceiptSeq": sold.answer["ReceiptSeq"],
        "Time": sold.receipt["Time"],
        "FiscalSign": sold.answer["FiscalSign"],
        "ReceiptType": "Purchase",
        "OperationType": "Sale",
        "ReceivedCash": 60_000,
        "ReceivedCard": 40_000,
        "TotalVAT": 7_501,
        "ItemsCount": 2,
    }
    ctx.check(expected, body, "receipt information")
    ctx.check(RECEIPT, set(body), "names")


@case(
    "uz.drive.payload.shift",
    target="drive",
    clauses=["S-9.2", "ZR-06"],
    requirements=["UZ-SHF-03", "UZ-SHF-04", "UZ-SHF-07"],
    needs=["card"],
    description="A shift is opened, gets two sales, is closed and acknowledged, and read at each step.",
    expectation="The guide's nested names; CloseTime and AcknowledgedTime only once there are such times.",
)
def shift(ctx: Context) -> None:
    """Sums are the case's own."""
    drive = begin(ctx, "closed")
    opened = drive.next_time()
    accepted(ctx, drive.open(opened), "open")
    nothing = {"Sale": 0, "Refund": 0}
    expected: Json = {
        "TerminalID": drive.info()["TerminalID"],
        "OpenTime": format_json_time(opened),
        "TotalSaleCount": 0,
        "TotalRefundCount": 0,
        "TotalCash": nothing,
        "TotalCard": nothing,
        "TotalVAT": nothing,
        "FirstReceiptSeq": 0,
        "LastReceiptSeq": 0,
    }
    ctx.check(SHIFT, set(expected), "names")
    ctx.check(expected, written(drive.shift()), "the empty open shift")
    first = drive.sell(cash=10_000, card=1_000, Items=[drive.item(price=11_000, VAT=1_000)])
    last = drive.sell(cash=20_000, card=2_000, Items=[drive.item(price=22_000, VAT=200)])
    closed = drive.next_time()
    accepted(ctx, drive.close_shift(closed), "close")
    expected |= {
        "CloseTime": format_json_time(closed),
        "TotalSaleCount": 2,
        "TotalCash": {"Sale": 30_000, "Refund": 0},
        "TotalCard": {"Sale": 3_000, "Refund": 0},
        "TotalVAT": {"Sale": 1_200, "Refund": 0},
        "FirstReceiptSeq": first.answer["ReceiptSeq"],
        "LastReceiptSeq": last.answer["ReceiptSeq"],
    }
    ctx.check(expected, written(drive.shift()), "the closed shift")
    accepted(ctx, drive.sync_files("ZReports"), "sync")
    acknowledged = drive.shift()
    fits(ctx, "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", acknowledged, "AcknowledgedTime")
    del acknowledged["AcknowledgedTime"]
    ctx.check(expected, acknowledged, "the acknowledged shift otherwise")


@family(
    "uz.drive.payload.sync.{key}",
    rows={"receipts": "ReceiptSeq", "shifts": "CloseTime"},
    target="drive",
    clauses=["S-4.3"],
    requirements=["UZ-OFF-06"],
    needs=["card"],
    description="Two {key} wait and are synced.",
    expectation=lambda name: f"Items of TerminalID, {name}, StatusText; SuccessfulsCount 2; no FailsCount.",
)
@held_by
def sync(ctx: Context, name: str) -> None:
    """SuccessfulsCount is the guide's spelling."""
    drive = begin(ctx, "fresh")
    terminal = drive.info()["TerminalID"]
    if name == "ReceiptSeq":
        named: list[object] = [drive.sell().answer["ReceiptSeq"] for _ in range(2)]
        reply = drive.sync_files("FullReceipts", 32)
    else:
        named = []
        for _ in range(2):
            drive.sell()
            drive.close_shift().demand()
            named.append(drive.shift()["CloseTime"])
            drive.open().demand()
        reply = drive.sync_files("ZReports", 32)
    items = [{"TerminalID": terminal, name: each, "StatusText": "Acknowledged"} for each in named]
    ctx.check({"Items": items, "SuccessfulsCount": 2}, accepted(ctx, reply).json, "answer")


@family(
    "uz.drive.payload.nothing-to-do.{key}",
    rows={"full-receipts": "FullReceipts", "shifts": "ZReports", "receipts": "Receipts"},
    target="drive",
    clauses=["ANS-01", "S-4.3"],
    requirements=["UZ-OFF-06"],
    needs=["card"],
    description="Sync of {key} is called while nothing waits.",
    expectation='`{"Items":[],"SuccessfulsCount":0}`.',
)
def nothing_to_do(ctx: Context, kind: str) -> None:
    """No error: clients call it after every sale."""
    drive = begin(ctx)
    reply = accepted(ctx, drive.sync_files(kind), clause="S-4.3")  # type: ignore[arg-type]
    ctx.check({"Items": [], "SuccessfulsCount": 0}, reply.json, "answer", clause="ANS-01")


@case(
    "uz.drive.payload.file",
    target="drive",
    clauses=["S-4.2", "S-4.7"],
    requirements=["UZ-OFF-06"],
    needs=["card"],
    description="Files are listed: a new one, and after a sync the same one acknowledged.",
    expectation="TXID, TerminalID, ReceiptSeq, Time, Version 20 and kinds; then StatusChangeTime too.",
)
@held_by
def file(ctx: Context) -> None:
    """Version is that of the receipt codec, 20."""
    drive = begin(ctx)
    sold = drive.sell()
    path = f"/DataBase/Files/List/{drive.factory}/10/0"
    entry = accepted(ctx, drive.post(path, form={"Status": 0})).json[0]
    expected = {
        "TXID": sold.txid,
        "TerminalID": sold.answer["TerminalID"],
        "ReceiptSeq": sold.answer["ReceiptSeq"],
        "Time": sold.receipt["Time"],
        "Version": 20,
    }
    ctx.check(expected, {name: entry.get(name) for name in expected}, "the new file")
    kinds = {"ReceiptType", "OperationType"}
    ctx.check(kinds, kinds & set(entry), "names of the kinds")
    accepted(ctx, drive.sync_files("FullReceipts"), "sync")
    ctx.check([], accepted(ctx, drive.post(path, form={"Status": 0})).json, "new files after the sync")
    last = drive.files_count(2)[str(sold.answer["TerminalID"])] - 1
    path = f"/DataBase/Files/List/{drive.factory}/10/{last}"
    done = accepted(ctx, drive.post(path, form={"Status": 2})).json[-1]
    ctx.check(expected, {name: done.get(name) for name in expected}, "the acknowledged file")
    parse_json_time(str(done["StatusChangeTime"]))


@family(
    "uz.drive.payload.tags.{key}",
    rows={
        "hex": ("Tags=0x02", ["ReceiptSeq"]),
        "decimal": ("Tags=2", ["ReceiptSeq"]),
        "name": ("Tags=receiptseq", ["ReceiptSeq"]),
        "list": ("Tags=0x01,ReceiptSeq", ["ReceiptSeq", "TerminalID"]),
        "repeated": ("Tags=TerminalID&Tags=2", ["ReceiptSeq", "TerminalID"]),
        "unknown": ("Tags=2,0x7e,Nothing", ["ReceiptSeq"]),
    },
    target="drive",
    clauses=["UNK-26"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description=lambda row: f"The fiscal memory is read with {row[0]}.",
    expectation=lambda row: f"Only {' and '.join(row[1])}; unknown tags are passed over.",
)
def tags(ctx: Context, row: tuple[str, list[str]]) -> None:
    """The syntax is a stand-in; that fields can be picked is the guide's."""
    query, wanted = row
    drive = ctx.drive
    whole_memory = drive.memory()
    reply = accepted(ctx, drive.post(f"/FiscalDrive/FiscalMemory/Info/{drive.factory}?{query}"))
    ctx.check({name: whole_memory[name] for name in wanted}, reply.json, "fields")


@case(
    "uz.drive.payload.tags-empty",
    target="drive",
    clauses=["UNK-26"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="The fiscal memory is read with an empty tag list, and with one that names nothing known.",
    expectation="All fields.",
)
def tags_empty(ctx: Context) -> None:
    """Empty means all."""
    drive = ctx.drive
    ctx.check(drive.memory(), drive.call("FiscalMemory/Info", Tags="").demand().json, "fields")
