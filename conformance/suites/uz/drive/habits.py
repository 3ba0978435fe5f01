"""What real clients do, right or wrong: a drive has to survive and serve it (uz-fiscal §14)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.drive import DriveDriver
from conformance.drivers.drive_client import Reply
from conformance.suites.uz.drive.trade import (
    Json,
    accepted,
    begin,
    held_by,
    refused,
    refused_saying,
    sent_by_itself,
    still,
    unchanged,
)
from reference.protocol.uz.values import format_json_time, parse_json_time


@family(
    "uz.drive.habit.register-by.{key}",
    rows={"query": "query", "form": "form", "bare-number": "number", "json": "object", "json-small": "small"},
    target="drive",
    clauses=lambda way: ["HB-09", "G2-T-03" if way in ("query", "form") else "G2-T-05"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="RegisterTXID is called as one of the real clients does: {key}.",
    expectation="The receipt is registered.",
)
def register_by(ctx: Context, way: str) -> None:
    """Query without a body, form body, or, in an older revision, a JSON number."""
    drive = still(ctx)
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt()), "GetTXID"))
    given: dict[str, Json] = {
        "query": {"query": {"TXID": txid}},
        "form": {"form": {"TXID": txid}},
        "number": {"json": txid},
        "object": {"json": {"TXID": txid}},
        "small": {"json": {"txid": txid}},
    }
    reply = drive.post(f"/FiscalDrive/Receipt/RegisterTXID/{drive.factory}", **given[way])
    told = accepted(ctx, reply, clause=ctx.case.clauses[1]).json
    ctx.check(drive.memory()["ReceiptSeq"], told["ReceiptSeq"], "number")


@case(
    "uz.drive.habit.bare-txid",
    target="drive",
    clauses=["HB-08", "S-4.2"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="GetTXID's answer is read first as JSON, then as text.",
    expectation="Both give the same positive whole number.",
)
def bare_txid(ctx: Context) -> None:
    """Clients decode it either way."""
    drive = still(ctx)
    reply = accepted(ctx, drive.get_txid(drive.receipt()))
    ctx.check_that(type(reply.json) is int and reply.json > 0, "a positive number", reply.text, "as JSON")
    ctx.check(str(reply.json), reply.text.strip(), "as text")


@case(
    "uz.drive.habit.no-parameters",
    target="drive",
    clauses=["HB-10", "S-4.2"],
    requirements=["UZ-SVC-01"],
    needs=["card", "clock"],
    description="A shift is opened and closed by calls without any parameter or body.",
    expectation="OK both times.",
)
def no_parameters(ctx: Context) -> None:
    """A missing DateTime is now."""
    drive = begin(ctx, "closed")
    drive.catch_up()
    for name in ("Open", "Close"):
        reply = drive.post(f"/FiscalDrive/ZReport/{name}/{drive.factory}")
        ctx.check((200, "OK"), (reply.status, reply.text), name)
        if name == "Open":
            drive.sell()
            drive.catch_up()


@case(
    "uz.drive.habit.open-and-again",
    target="drive",
    clauses=["HB-03", "HB-04", "ZR-01"],
    requirements=["UZ-SHF-08", "UZ-POS-01"],
    needs=["card"],
    description="A client sells without looking; told 9021 it opens a shift and sells anew with a new Time.",
    expectation="The second try is registered.",
)
def open_and_again(ctx: Context) -> None:
    """A new GetTXID and a new Time, as these clients do it."""
    drive = begin(ctx, "closed")
    reply = _sale(drive, drive.receipt())
    ctx.check_that(
        "9021" in reply.reason and "zreport_is_not_opened" in reply.reason.lower(), "9021", reply.text, "told"
    )
    accepted(ctx, drive.open(), "open")
    accepted(ctx, _sale(drive, drive.receipt()), "the second try")


def _sale(drive: DriveDriver, receipt: Json) -> Reply:
    """Both steps; the answer of the step that ended it."""
    first = drive.get_txid(receipt)
    return drive.register_txid(drive.txid_of(first)) if first.ok else first


@family(
    "uz.drive.habit.clock-trouble.{key}",
    rows={"ahead": 200_000, "past": 0},
    target="drive",
    clauses=["HB-04", "HB-03", "FM-Y-02"],
    requirements=["UZ-CLK-04", "UZ-POS-01"],
    needs=["card", "operator-control", "clock"],
    description="A client is told of clock trouble ({key}); it syncs the state once and sells with the "
    "later of now "
    "and one second after the last operation.",
    expectation="The second try is registered.",
)
def clock_trouble(ctx: Context, seconds: int) -> None:
    """Whether the trouble shows in the first step or the second is the drive's."""
    drive = begin(ctx)
    drive.catch_up()
    wrong = drive.receipt(Time=format_json_time(drive.next_time(seconds)))
    reply = _sale(drive, wrong)
    words = ("9091", "datetime_sync_with_server") if seconds else ("receipt time is in the past", "past")
    for word in words:
        refused_saying(ctx, reply, 500 if seconds else 400, word, clause="HB-03")
    accepted(ctx, drive.sync_state(), "state sync")
    later = max(ctx.clock.tashkent(), drive.next_time())
    accepted(ctx, _sale(drive, drive.receipt(Time=format_json_time(later))), "the second try")


@case(
    "uz.drive.habit.five-and-a-half-minutes",
    target="drive",
    clauses=["HB-04", "FM-T-04"],
    requirements=["UZ-CLK-01"],
    needs=["card"],
    description="A client sells with Time five and a half minutes ahead of the last operation, twice in a "
    "row.",
    expectation="Both are registered with these times.",
)
def minutes_ahead(ctx: Context) -> None:
    """What one client does about clock trouble."""
    drive = begin(ctx)
    for _ in range(2):
        time = format_json_time(drive.next_time(330))
        ctx.check(time, drive.sell(Time=time).answer["DateTime"], "DateTime")


@case(
    "uz.drive.habit.failed-sync",
    target="drive",
    clauses=["HB-05", "CL-02"],
    requirements=["UZ-OFF-01"],
    needs=["card", "control"],
    description="A client calls three syncs around each sale while the operator is away, and ignores their "
    "failures.",
    expectation="Every sale is registered.",
)
def failed_sync(ctx: Context) -> None:
    """No sync stands in the way of selling."""
    drive = begin(ctx)
    ctx.control.add_fault("operator.connect", "refuse", count=None)
    number = drive.memory()["ReceiptSeq"]
    for _ in range(3):
        drive.sync_files("FullReceipts")
        ctx.check(500, drive.sync_state().status, "status of the state sync", clause="UNK-11")
        drive.sell()
        drive.sync_files("ZReports")
    ctx.check(number + 3, drive.memory()["ReceiptSeq"], "last number")


@case(
    "uz.drive.habit.index-from-the-oldest",
    target="drive",
    clauses=["HB-07", "G2-S-15"],
    requirements=["UZ-SVC-05", "UZ-SHF-06"],
    needs=["card"],
    description="A client that counts from the oldest asks for Index = ZReportsCount − 1, then for one more.",
    expectation="The module's first Z-report, and 404 `9020 - NOT_FOUND`.",
)
def index_from_the_oldest(ctx: Context) -> None:
    """By the guide's reverse index that is the oldest one, whatever the client meant."""
    drive = begin(ctx, "closed")
    for _ in range(2):
        drive.open().demand()
        drive.sell()
        drive.close_shift().demand()
    count = int(drive.memory()["ZReportsCount"])
    oldest = accepted(ctx, drive.call("ZReport/Info", Index=count - 1)).json
    newest = drive.shift(0)
    first, last = (parse_json_time(each["OpenTime"]) for each in (oldest, newest))
    ctx.check_that(first < last, "older than the newest", oldest["OpenTime"], "OpenTime")
    refused(ctx, drive.call("ZReport/Info", Index=count), 404, "9020 - NOT_FOUND", clause="G2-S-15")


@case(
    "uz.drive.habit.index-without-shift",
    target="drive",
    clauses=["HB-07", "G2-S-15"],
    requirements=["UZ-SVC-05"],
    needs=["card", "module-control", "control", "operator-control"],
    description="At a module that never had a shift the same client asks for Index 4294967295, by GET form "
    "and by query.",
    expectation="The query is 400 `9011 - INVALID_INDEX`; the form is not read: 404 `9020 - NOT_FOUND`.",
)
def index_without_shift(ctx: Context) -> None:
    """0 − 1 in 32 bits."""
    drive = begin(ctx, None)
    path = f"/FiscalDrive/ZReport/Info/{drive.factory}"
    index = {"Index": 2**32 - 1}
    refused(ctx, drive.get(path, query=index), 400, "9011 - INVALID_INDEX", clause="G2-S-15")
    refused(ctx, drive.get(path, form=index), 404, "9020 - NOT_FOUND", clause="G2-T-04")
    ctx.check([], drive.unacknowledged_shifts(), "unacknowledged indexes", clause="S-4.2")


@case(
    "uz.drive.habit.row-of-five",
    target="drive",
    clauses=["HB-11", "G2-S-18"],
    requirements=["UZ-OFF-02", "UZ-SVC-01"],
    needs=["card"],
    description="After each of three sales a client calls FullReceipts (32), Receipts (32), ZReports (5), "
    "State/Sync "
    "and Files/Count in a row.",
    expectation="All answer 200; each receipt went as a full file, none as a short record.",
)
@held_by
def row_of_five(ctx: Context) -> None:
    """What one client does all day."""
    drive = begin(ctx)
    for _ in range(3):
        number = drive.sell().answer["ReceiptSeq"]
        full = accepted(ctx, drive.sync_files("FullReceipts", 32), "FullReceipts").json
        ctx.check([number], [item["ReceiptSeq"] for item in full["Items"]], "full receipts sent")
        short = accepted(ctx, drive.sync_files("Receipts", 32), "Receipts").json
        ctx.check([], short["Items"], "short records sent", clause="G2-S-18")
        accepted(ctx, drive.sync_files("ZReports", 5), "ZReports")
        accepted(ctx, drive.sync_state(), "State/Sync")
        accepted(ctx, drive.post("/DataBase/Files/Count"), "Files/Count")
    ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held")


ODD: dict[str, Json] = {
    "cyrillic-car": {"ExtraInfo": {"CarNumber": "01А777АА"}},
    "phone-of-13": {"ExtraInfo": {"PhoneNumber": "+998901112233"}},
    "pinfl-of-12": {"ExtraInfo": {"PINFL": "123456789012"}},
    "empty-extra": {"ExtraInfo": {}},
    "empty-texts": {"ExtraInfo": {"TIN": "", "PINFL": "", "CarNumber": "", "PPTID": ""}},
    "card-type-social": {"ExtraInfo": {"CardType": 3}},
    "location-swapped": {"Location": {"Latitude": 69.240562, "Longitude": 41.311081}},
    "location-whole": {"Location": {"Latitude": 41, "Longitude": 69}},
    "payment-by-app": {"ExtraInfo": {"QRPaymentID": "5d3c…", "QRPaymentProvider": 64}},
    "old-client": {"IsRefund": 0, "ReceiptType": 0, "Cashier": "Kassir", "PaymentType": 3},
}


@family(
    "uz.drive.habit.odd-receipt.{key}",
    rows=ODD,
    target="drive",
    clauses=["HB-12", "HB-16", "RC-01", "S-4.4"],
    requirements=["UZ-POS-04", "UZ-SVC-05"],
    needs=["card"],
    description="A receipt with contents as real clients send them is sold and synced: {key}.",
    expectation="It is registered and acknowledged.",
)
def odd_receipt(ctx: Context, change: Json) -> None:
    """Passed or cut, never a crash; and the operator can read it."""
    _sold_and_acknowledged(ctx, change)


ITEMS: dict[str, Json] = {
    "name-amount-price": {"Name": "Xizmat haqi", "Amount": 1000, "Price": 100_000},
    "label-with-separator": {
        "Name": "Sigaret",
        "Amount": 1000,
        "Price": 100_000,
        "Label": "0104600439931256\x1d93Zjqw",
    },
    "label-with-brackets": {
        "Name": "Suv",
        "Amount": 1000,
        "Price": 100_000,
        "Label": "(01)04600439931256(21)ab!",
    },
    "label-empty": {"Name": "Non", "Amount": 1000, "Price": 100_000, "Label": ""},
    "one-entry-of-labels": {"Name": "Non", "Amount": 1000, "Price": 100_000, "Labels": ["0104600439931256"]},
    "paid-by-other": {"Name": "Dori", "Amount": 1000, "Price": 150_000, "Other": 50_000},
    "discounted": {"Name": "Kitob", "Amount": 1000, "Price": 120_000, "Discount": 20_000},
    "half-a-kilo": {"Name": "Olma", "Amount": 500, "Price": 100_000, "Units": 715},
    "owner-type-99": {"Name": "Non", "Amount": 1000, "Price": 100_000, "OwnerType": 99},
    "name-in-three-scripts": {"Name": "O‘zbek ноni Хлеб №5", "Amount": 1000, "Price": 100_000},
    "commission": {"Name": "Taksi", "Amount": 1000, "Price": 100_000, "CommissionInfo": {"TIN": "123456789"}},
}


@family(
    "uz.drive.habit.odd-item.{key}",
    rows=ITEMS,
    target="drive",
    clauses=["HB-13", "HB-14", "HB-15", "HB-16", "S-4.4"],
    requirements=["UZ-POS-04", "UZ-POS-06"],
    needs=["card"],
    description="A receipt of one item as real clients send it is sold and synced: {key}.",
    expectation="It is registered and acknowledged.",
)
def odd_item(ctx: Context, item: Json) -> None:
    """Service charges, marked goods, insurance, weighed goods."""
    _sold_and_acknowledged(ctx, {"Items": [item]})


def _sold_and_acknowledged(ctx: Context, change: Json) -> None:
    drive = still(ctx)
    number = drive.sell(**change).answer["ReceiptSeq"]
    body = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    found = [(item["ReceiptSeq"], item["StatusText"]) for item in body["Items"]]
    if not found and sent_by_itself(ctx):
        ctx.note("the drive sent it by itself, and counts it as acknowledged")
        ctx.check(0, drive.memory()["ReceiptsCount"], "receipts held", clause="FM-A-02")
        return
    ctx.check([(number, "Acknowledged")], found, "what was sent")


@case(
    "uz.drive.habit.refund-in-cash",
    target="drive",
    clauses=["HB-17", "FM-R-08"],
    requirements=["UZ-POS-03"],
    needs=["card", "control", "module-control", "operator-control"],
    description="A sale by card, the first of the module, is refunded wholly in cash, then by card.",
    expectation="500 `9035 - NOT_ENOUGH_SUM_FOR_REFUND`; by card it passes.",
)
def refund_in_cash(ctx: Context) -> None:
    """Cash and card are weighed apart, whatever the client puts where."""
    drive = begin(ctx)
    sold = drive.sell(cash=0, card=80_000).answer
    with ctx.preparing("the sale at the operator"):
        drive.send_all()
    info = {
        "TerminalID": sold["TerminalID"],
        "ReceiptSeq": sold["ReceiptSeq"],
        "DateTime": "".join(filter(str.isdigit, sold["DateTime"])),
        "FiscalSign": sold["FiscalSign"],
    }
    refund: Json = {"Operation": 1, "RefundInfo": info}
    with unchanged(ctx, "FM-R-08"):
        reply = _sale(drive, drive.receipt(cash=80_000, **refund))
        refused(ctx, reply, 500, "9035 - NOT_ENOUGH_SUM_FOR_REFUND", clause="FM-R-08")
    accepted(ctx, _sale(drive, drive.receipt(cash=0, card=80_000, **refund)), "by card")
