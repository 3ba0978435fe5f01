"""What real clients of generation 1 do, and a service has to survive (uz-fiscal §14)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.gen1 import Json, line, parse_time
from conformance.suites.uz.rpc1.till import begin


@case(
    "uz.rpc1.habit.retail-start",
    target="drive-rpc",
    clauses=["HB-01", "G1-Z-01"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A retail client resends, looks at the oldest unsent receipt, opens lazily and sells.",
    expectation="Every step is served; two messages mean that nothing is unsent.",
)
def retail_start(ctx: Context) -> None:
    """SET10's order of calls."""
    till = begin(ctx, "closed")
    ctx.check_that(till.call("ResendUnsent").ok, "served", "refused", "ResendUnsent")
    count = till.call("GetReceiptCount").result["Count"]
    oldest = till.call("GetReceiptInfo", Number=1)
    if not count:
        nothing = ("ERROR_RECEIPT_COUNT_ZERO", "ERROR_RECEIPT_INDEX_OUT_OF_BOUNDS")
        ctx.check_that(oldest.ok or oldest.told[1] in nothing, " or ".join(nothing), oldest.told, "oldest")
    if not till.is_open:
        ctx.check_that(till.open().ok, "opened", "refused", "OpenZReport")
    ctx.check_that(till.sale().ok, "registered", "refused", "SendSaleReceipt")
    ctx.check_that(till.is_open, "open", till.shift(0), "shift")


@case(
    "uz.rpc1.habit.walk-backwards",
    target="drive-rpc",
    clauses=["HB-01", "G1-Z-02"],
    requirements=["UZ-SHF-04"],
    needs=["card"],
    description="A client walks Z-reports backwards until one has a last receipt or the count is reached.",
    expectation="It finds the newest that has one, without an error on the way.",
)
def walk_backwards(ctx: Context) -> None:
    """GetZReportInfo(0, 1, 2 …) until LastReceiptSeq is not "0"."""
    till = begin(ctx)
    sold = till.sale().result
    till.close_now()
    number, last = 0, "0"
    while last == "0":
        found = till.shift(number)
        last = found["LastReceiptSeq"]
        number += 1
        if number >= found["Count"]:
            break
    ctx.check(sold["ReceiptSeq"], last, "LastReceiptSeq")


@case(
    "uz.rpc1.habit.open-counts",
    target="drive-rpc",
    clauses=["HB-02"],
    requirements=["UZ-SHF-01"],
    needs=["card"],
    description="A client opens without looking and searches the whole answer for the known message.",
    expectation="The text of the answer contains ERROR_ZREPORT_IS_ALREADY_OPEN.",
)
def open_counts(ctx: Context) -> None:
    """Whatever stands around it."""
    till = begin(ctx)
    text = till.open().reply.text
    ctx.check_that("ERROR_ZREPORT_IS_ALREADY_OPEN" in text, "the message", text[:300], "answer")


@case(
    "uz.rpc1.habit.no-parameters",
    target="drive-rpc",
    clauses=["HB-10", "S-3.2"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A shift is opened and closed without a time.",
    expectation="Both are done at the time of the service.",
)
def no_parameters(ctx: Context) -> None:
    """Real clients leave Time of CloseZReport out."""
    till = begin(ctx, "closed")
    till.tick(2)
    opened = till.call("OpenZReport")
    ctx.check_that(opened.ok, "opened", opened.error, "OpenZReport")
    behind = abs((till.now - parse_time(till.shift(0)["OpenTime"])).total_seconds())
    ctx.check_that(behind <= 60, "the time of the service", behind, "seconds beside it")
    till.sell_now()
    till.tick(2)
    closed = till.call("CloseZReport")
    ctx.check_that(closed.ok, "closed", closed.error, "CloseZReport")


SALES: dict[str, Json] = {
    "bare-line": {"Items": [{"Name": "Xizmat haqi", "Amount": 1000, "Price": 100_000}]},
    "client-of-2020": {
        "Items": [
            {
                "Discount": 0,
                "Price": 100_000,
                "Barcode": "4780000000012",
                "Amount": 1000,
                "VAT": 10_714,
                "Name": "Non",
                "Other": 0,
            }
        ]
    },
    "legacy-type": {"IsRefund": False, "ReceiptType": 0, "PaymentType": 4, "Cashier": "Ali"},
    "sender": {"SenderInfo": {"name": "pos", "sn": "1", "version": "2.0"}},
    "blank-refund-info": {
        "RefundInfo": {"TerminalID": "", "ReceiptSeq": "", "DateTime": "", "FiscalSign": ""}
    },
    "full-refund-info": {
        "RefundInfo": {
            "TerminalID": "ZZ000000000000",
            "ReceiptSeq": "1",
            "DateTime": "20260101100000",
            "FiscalSign": "000000000001",
        }
    },
    "phone-of-13": {"ExtraInfo": {"PhoneNumber": "+998901234567"}},
    "short-pinfl": {"ExtraInfo": {"PINFL": "123456789012"}},
    "cyrillic-car": {"ExtraInfo": {"CarNumber": "01А123ВС"}},
    "empty-label": {"Items": [line(Label="")]},
    "marked": {"Items": [line(Label="010478000000001221abcdEFGH")]},
    "by-qr": {
        "ReceivedCash": 0,
        "ReceivedCard": 100_000,
        "ExtraInfo": {"QRPaymentID": "a-1", "QRPaymentProvider": 64},
    },
    "other-pays": {"ReceivedCash": 0, "Items": [line(Other=100_000)]},
    "place": {"Location": {"Latitude": 41.3, "Longitude": 69.2}},
}


@family(
    "uz.rpc1.habit.receipt.{key}",
    rows=SALES,
    target="drive-rpc",
    clauses=["HB-12", "HB-13", "HB-14", "HB-16", "G1-T-08"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A sale as some client sends it: {key}.",
    expectation="It is registered.",
)
def receipts(ctx: Context, change: Json) -> None:
    """Passed or cut, never a crash."""
    till = begin(ctx)
    sold = till.sale(till.receipt() | change)
    ctx.check_that(sold.ok, "registered", sold.error, "answer")


@case(
    "uz.rpc1.habit.dashed-refund-info",
    target="drive-rpc",
    clauses=["HB-12", "G1-R-07"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="A sale has a RefundInfo whose DateTime has dashes, as some tests of clients have.",
    expectation="65276, and the next sale is served.",
)
def dashed(ctx: Context) -> None:
    """Refused, never a crash."""
    till = begin(ctx)
    info = {
        "TerminalID": "ZZ000000000000",
        "ReceiptSeq": "1",
        "DateTime": "2026-01-01 10:00:00",
        "FiscalSign": "000000000001",
    }
    answer = till.sale(till.receipt(RefundInfo=info))
    ctx.check(65276, answer.told[0], "code", clause="G1-R-07")
    ctx.check_that(till.sale().ok, "registered", "refused", "the next sale")
