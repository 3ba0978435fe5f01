"""Receipts of generation 1: the answer, the checks, refunds, advance and credit (uz-fiscal §3.4)."""

from __future__ import annotations

import re

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.gen1 import Json, line, refund_info
from conformance.suites.uz.rpc1.shifts import ALL_CONTROLS
from conformance.suites.uz.rpc1.till import begin, quiet, refused, unchanged
from reference.protocol.uz.qr import parse_qr
from reference.protocol.uz.values import format_compact_time, format_json_time, parse_json_time


@case(
    "uz.rpc1.receipt.answer",
    target="drive-rpc",
    clauses=["S-3.4", "QR-01"],
    requirements=["UZ-DEV-02", "UZ-SVC-01"],
    needs=["card"],
    description="A sale is registered.",
    expectation="Number and sign as text, the time in 14 digits, a QR address of the same four.",
)
def answer(ctx: Context) -> None:
    """Leading zeros of a sign survive as text only."""
    till = begin(ctx)
    before = int(till.info()["CurrentReceiptSeq"])
    receipt = till.receipt()
    found = till.sale(receipt).result
    ctx.check(str(before + 1), found["ReceiptSeq"], "ReceiptSeq")
    time = format_compact_time(parse_json_time(receipt["Time"]))
    ctx.check(time, found["DateTime"], "DateTime", clause="TM-03")
    sign = found["FiscalSign"]
    is_sign = isinstance(sign, str) and re.fullmatch(r"[0-9]{12}", sign) is not None
    ctx.check_that(is_sign, "12 digits as text", sign, "FiscalSign")
    qr = parse_qr(found["QRCodeURL"])
    told = (found["TerminalID"], int(found["ReceiptSeq"]), sign)
    ctx.check(told, (qr.terminal_id, qr.receipt_seq, qr.fiscal_sign), "QR address", clause="QR-01")


def _line(**changes: object) -> Json:
    return {"Items": [line(**changes)]}  # type: ignore[arg-type]


BAD: dict[str, tuple[Json, str, str]] = {
    "discount-over-price": (_line(Discount=60_000, Other=40_001), "cannot encode receipt", "G1-R-01"),
    "received-too-much": ({"ReceivedCash": 110_001}, "cannot encode receipt", "G1-R-02"),
    "received-too-little": ({"ReceivedCash": 89_999}, "cannot encode receipt", "G1-R-02"),
    "no-lines": ({"Items": []}, "cannot encode receipt", "G1-R-03"),
    "nameless": (_line(Name=""), "cannot encode receipt", "G1-R-03"),
    "too-large": ({"ReceivedCard": 10**16}, "cannot encode receipt", "G1-R-03"),
    "no-time": ({"Time": None}, "illegal argument", "G1-R-04"),
    "iso-time": ({"Time": "2026-01-01T10:00:00"}, "illegal argument", "G1-R-04"),
    "text-for-number": ({"ReceivedCash": "100000"}, "illegal argument", "G1-R-04"),
    "negative": ({"ReceivedCash": -1}, "illegal argument", "G1-R-04"),
    "number-for-text": (_line(Name=7), "illegal argument", "G1-R-04"),
    "nothing": ({"ReceivedCash": 0, **_line(price=0)}, "ERROR_RECEIPT_TOTAL_PRICE_ZERO", "G1-R-06"),
}


@family(
    "uz.rpc1.receipt.refused.{key}",
    rows=BAD,
    target="drive-rpc",
    clauses=lambda row: [row[2], "G1-R-09"],
    requirements=["UZ-DEV-08", "UZ-SVC-05"],
    needs=["card"],
    description="A receipt breaks a rule: {key}.",
    expectation="The code and message for it; no number is spent.",
)
def bad(ctx: Context, row: tuple[Json, str, str]) -> None:
    """Each rule alone."""
    change, message, clause = row
    till = begin(ctx)
    receipt = till.receipt()
    before = till.info()
    receipt = {name: value for name, value in (receipt | change).items() if value is not None}
    refused(ctx, till.sale(receipt), message, clause=clause)
    unchanged(ctx, before)


@family(
    "uz.rpc1.receipt.taken.{key}",
    rows={
        "received-10000-more": {"ReceivedCash": 110_000},
        "received-10000-less": {"ReceivedCash": 90_000},
        "all-discounted-but-one": _line(Discount=99_999) | {"ReceivedCash": 1},
        "other-pays-all": _line(Other=100_000) | {"ReceivedCash": 0},
        "own-vat": _line(VAT=1, VATPercent=12),
    },
    target="drive-rpc",
    clauses=["G1-R-02", "G1-R-01", "G1-R-05"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A receipt is at the edge of a rule: {key}.",
    expectation="It is registered.",
)
def taken(ctx: Context, change: Json) -> None:
    """10000 tiyin pass, VAT is the POS's own."""
    till = begin(ctx)
    sold = till.sale(till.receipt() | change)
    ctx.check_that(sold.ok, "registered", sold.error, "answer")


@case(
    "uz.rpc1.receipt.difference-text",
    target="drive-rpc",
    clauses=["G1-T-06", "G1-R-02"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="Lines of 50000 are paid with 115000.",
    expectation="The data is the documented chain of three lines.",
)
def difference(ctx: Context) -> None:
    """First the lines' sum, second what was received."""
    till = begin(ctx)
    error = till.sale(till.receipt(cash=50_000) | {"ReceivedCash": 115_000}).error
    text = (
        "failed to make total block\n difference 65000 between 50000 and 115000 is larger than 10000\n"
        " math error\n"
    )
    ctx.check(text, error.get("data"), "data")


@case(
    "uz.rpc1.receipt.same-time",
    target="drive-rpc",
    clauses=["S-3.5", "G1-R-08"],
    requirements=["UZ-CLK-03", "UZ-USB-02"],
    needs=["card"],
    description="A receipt is sent twice as it is, then with a new time.",
    expectation="36888 for the same time; with a new time it is another receipt.",
)
def twice(ctx: Context) -> None:
    """Nothing in the service knows a repeat."""
    till = begin(ctx)
    receipt = till.receipt()
    first = till.sale(receipt).result
    refused(ctx, till.sale(receipt), "ERROR_RECEIPT_TIME_PAST", clause="S-3.5")
    second = till.sale(receipt | {"Time": till.next_time()}).result
    ctx.check(int(first["ReceiptSeq"]) + 1, int(second["ReceiptSeq"]), "ReceiptSeq", clause="G1-R-08")


@family(
    "uz.rpc1.receipt.unnumbered.{key}",
    rows={"advance": "SendAdvanceReceipt", "credit": "SendCreditReceipt"},
    target="drive-rpc",
    clauses=["S-3.4", "G1-Z-09"],
    requirements=["UZ-POS-04"],
    needs=["card"],
    description="A receipt of {key} is sent while no shift is open.",
    expectation="Blank number, sign and address, the time with dashes; the module is not touched.",
)
def unnumbered(ctx: Context, method: str) -> None:
    """They never reach the module."""
    till = begin(ctx, "closed")
    receipt = till.receipt()
    before = till.info()
    found = till.call(method, Receipt=receipt).result
    blank = {name: found.get(name) for name in ("ReceiptSeq", "FiscalSign", "QRCodeURL")}
    ctx.check(dict.fromkeys(blank, ""), blank, "number, sign and address")
    ctx.check(receipt["Time"], found["DateTime"], "DateTime")
    unchanged(ctx, before)


# --- refunds -----------------------------------------------------------------------------------------


@case(
    "uz.rpc1.refund.whole",
    target="drive-rpc",
    clauses=["G1-R-07", "HB-18", "HB-17"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description="A sale is sent to the operator and then refunded in cash by the answer that was kept.",
    expectation="The refund is registered and counts as one.",
)
def refund(ctx: Context) -> None:
    """ReceiptSeq is a text in RefundInfo."""
    till = begin(ctx)
    sold = till.sale().result
    till.send_all()
    before = till.shift(0)
    found = till.refund(till.receipt(RefundInfo=refund_info(sold), Time=till.next_time()))
    ctx.check_that(found.ok, "registered", found.error, "answer")
    ctx.check(before["TotalRefundCount"] + 1, till.shift(0)["TotalRefundCount"], "TotalRefundCount")


BAD_INFO = {
    "missing": (None, "no refund info passed"),
    "blank": ("blank", "no refund info passed"),
    "dashed-time": ({"DateTime": "2026-01-01 10:00:00"}, "bad refund info passed"),
    "short-sign": ({"FiscalSign": "123"}, "bad refund info passed"),
    "worded-number": ({"ReceiptSeq": "first"}, "bad refund info passed"),
    "other-sign": ({"FiscalSign": "000000000001"}, "not valid refund info"),
    "other-number": ({"ReceiptSeq": "999999999"}, "not valid refund info"),
}


@family(
    "uz.rpc1.refund.info.{key}",
    rows=BAD_INFO,
    target="drive-rpc",
    clauses=["G1-R-07", "G1-R-09"],
    requirements=["UZ-POS-03", "UZ-SVC-05"],
    needs=["card"],
    description="The RefundInfo of a refund is wrong: {key}.",
    expectation="The code and message for it; no number is spent.",
)
def bad_info(ctx: Context, row: tuple[object, str]) -> None:
    """None, malformed, or unknown to the operator."""
    change, message = row
    till = begin(ctx)
    sold = till.sale().result
    till.send_all()
    before = till.info()
    info: object = change
    if isinstance(change, dict):
        info = refund_info(sold, **change)
    elif change == "blank":
        info = {}
    refused(ctx, till.refund(till.receipt(RefundInfo=info)), message)
    unchanged(ctx, before)


@case(
    "uz.rpc1.refund.operator-silent",
    target="drive-rpc",
    clauses=["G1-R-07"],
    requirements=["UZ-POS-03", "UZ-OFF-01"],
    needs=["card", "control"],
    description="A refund is sent while no operator can be reached.",
    expectation="65274, and no number is spent.",
)
def silent(ctx: Context) -> None:
    """The check comes before the registration."""
    till = begin(ctx)
    sold = till.sale().result
    till.send_all()
    ctx.control.add_fault("operator.connect", "refuse", count=None)
    before = till.info()
    refused(ctx, till.refund(till.receipt(RefundInfo=refund_info(sold))), "cannot check refund info")
    unchanged(ctx, before)


@family(
    "uz.rpc1.refund.too-much.{key}",
    rows={
        "cash": (200_000, 0, "ERROR_NOT_ENOUGH_CASH_FOR_REFUND"),
        "card": (0, 200_000, "ERROR_NOT_ENOUGH_CARD_FOR_REFUND"),
    },
    target="drive-rpc",
    clauses=["ZR-10", "S-3.5"],
    requirements=["UZ-POS-03"],
    needs=ALL_CONTROLS,
    description="A new module sells 100000 and is to give back 200000 by {key}.",
    expectation="The code for {key}.",
)
def too_much(ctx: Context, row: tuple[int, int, str]) -> None:
    """The lifetime sums of cash and card are apart."""
    cash, card, message = row
    till = quiet(ctx)
    sold = till.sale(cash=100_000).result
    till.send_all()
    receipt = till.receipt(cash, card, RefundInfo=refund_info(sold))
    refused(ctx, till.refund(receipt | {"Time": till.next_time()}), message)


@case(
    "uz.rpc1.refund.old-client",
    target="drive-rpc",
    clauses=["G1-R-07"],
    requirements=["UZ-POS-03"],
    needs=ALL_CONTROLS,
    description="A client of 2020 refunds without RefundInfo, where the setting lets it.",
    expectation="The refund is registered.",
)
def old_client(ctx: Context) -> None:
    """`gen1_refund_info=optional`."""
    till = quiet(ctx, gen1_refund_info="optional")
    till.sell_now()
    found = till.refund(till.receipt())
    ctx.check_that(found.ok, "registered", found.error, "answer")


# --- limits ------------------------------------------------------------------------------------------


@family(
    "uz.rpc1.limit.{key}",
    rows={
        "operations": ({"gen1_operations_max": 1}, "ERROR_SALE_REFUND_COUNT_OVERFLOW", "G1-Z-05"),
        "sum": ({"gen1_total_max": 150_000}, "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW", "G1-Z-05"),
        "unsent": ({"gen1_receipt_max": 1}, "ERROR_RECEIPT_MEMORY_FULL", "G1-Z-07"),
    },
    target="drive-rpc",
    clauses=lambda row: [row[2], "S-3.5"],
    requirements=["UZ-DEV-05"],
    needs=ALL_CONTROLS,
    description="A second sale goes over a limit of generation 1, lowered by a setting: {key}.",
    expectation="The code for it; the first sale stays.",
)
def limits(ctx: Context, row: tuple[dict[str, int], str, str]) -> None:
    """9999 operations, 999999999999 tiyin, 480 receipts as they are."""
    settings, message, clause = row
    till = quiet(ctx, "open", **settings)
    till.sell_now()
    refused(ctx, till.sale(), message, clause=clause)
    ctx.check("1", till.info()["CurrentReceiptSeq"], "CurrentReceiptSeq")


@family(
    "uz.rpc1.offline.{key}",
    rows={"24": 24, "48": 48},
    target="drive-rpc",
    clauses=["G1-Z-06"],
    requirements=["UZ-OFF-03"],
    needs=[*ALL_CONTROLS, "clock"],
    description="The oldest unsent receipt is older than {key} hours, the limit of the setting.",
    expectation="36889 for a receipt and for closing; after sending both go.",
)
def offline(ctx: Context, hours: int) -> None:
    """Half the time passes twice, with a sale between."""
    till = quiet(ctx, gen1_offline_hours=hours)
    till.sell_now()
    half = hours * 1800
    ctx.clock.advance(half)
    inside = till.sale(till.receipt(Time=format_json_time(till.now)))
    ctx.check_that(inside.ok, "registered", inside.error, "half the time")
    ctx.clock.advance(half + 2)
    late = format_json_time(till.now)
    message = "ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED"
    refused(ctx, till.sale(till.receipt(Time=late)), message)
    refused(ctx, till.close_shift(late), message)
    till.send_all()
    after = till.sale(till.receipt(Time=late))
    ctx.check_that(after.ok, "registered", after.error, "after sending")


@case(
    "uz.rpc1.clock-ahead",
    target="drive-rpc",
    clauses=["G1-Z-08"],
    requirements=["UZ-CLK-02"],
    needs=["card"],
    description="A receipt is three days ahead of the last operation.",
    expectation="65278, and the data names 9091.",
)
def ahead(ctx: Context) -> None:
    """A check of the module that generation 1 has no code for."""
    till = begin(ctx)
    found = till.sale(till.receipt(Time=till.next_time(3 * 86_400)))
    refused(ctx, found, "card command failed")
    data = str(found.error.get("data"))
    ctx.check_that("9091" in data, "9091", data, "data")


@case(
    "uz.rpc1.locked",
    target="drive-rpc",
    clauses=["S-3.5"],
    requirements=["UZ-OFF-05"],
    needs=ALL_CONTROLS,
    description="The operator has locked the module.",
    expectation="65279 `fiscal drive locked` for opening; Info is still told.",
)
def locked(ctx: Context) -> None:
    """A new module that nobody unlocked."""
    till = ctx.rpc
    till.fresh(module={"start_locked": True})
    refused(ctx, till.open(), "fiscal drive locked")
    ctx.check_that(till.info()["TerminalID"].startswith("ZZ"), "Info", till.info(), "Info")
