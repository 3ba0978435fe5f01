"""Receipts of the Communicator (uz-fiscal §13.2)."""

from __future__ import annotations

import re

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.gen1 import Json
from conformance.suites.uz.communicator.till import ALL_CONTROLS, begin, check_paycheck, quiet, refused
from reference.protocol.uz.qr import parse_qr

INFO = {"terminalId", "receiptSeq", "fiscalSign", "qrCodeURL", "dateTime"}


@case(
    "uz.communicator.sale.answer",
    target="drive-communicator",
    clauses=["S-13.2", "EP-04"],
    requirements=["UZ-DEV-02", "UZ-SVC-01"],
    needs=["card"],
    description="A sale is registered and printed.",
    expectation="`info` with number, sign and address, and a paycheck marked TEST.",
)
def sale(ctx: Context) -> None:
    """The fields clients read."""
    found = begin(ctx).sale().good
    info = found["info"]
    ctx.check(INFO, set(info), "info")
    sign = info["fiscalSign"]
    is_sign = isinstance(sign, str) and re.fullmatch("[0-9]{12}", sign) is not None
    ctx.check_that(is_sign, "12 digits as text", sign, "fiscalSign")
    qr = parse_qr(info["qrCodeURL"])
    ctx.check((info["receiptSeq"], sign), (str(qr.receipt_seq), qr.fiscal_sign), "qrCodeURL")
    check_paycheck(ctx, found["paycheck"])


@case(
    "uz.communicator.sale.fast",
    target="drive-communicator",
    clauses=["S-13.2"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A fast sale is made.",
    expectation="The same `info`, nothing printed.",
)
def fast(ctx: Context) -> None:
    """For tills that print themselves."""
    found = begin(ctx).sale("fastSale").good
    ctx.check(INFO, set(found["info"]), "info")
    ctx.check_that("paycheck" not in found, "no paycheck", sorted(found), "answer")


BAD: dict[str, tuple[Json, Json | None, str]] = {
    "sums": ({"receivedCash": 200_000}, None, "SUM MISMATCH"),
    "discount": ({}, {"discount": 60_000, "other": 40_001}, "DISCOUNT SUM IS GRATER THEN PRICE SUM"),
    "no-lines": ({"items": []}, None, "cannot encode receipt"),
    "nothing": ({"receivedCash": 0}, {"price": 0}, "ERROR_RECEIPT_TOTAL_PRICE_ZERO"),
    "text-for-number": ({}, {"amount": "1000"}, "illegal argument"),
    "negative": ({"receivedCash": -1}, None, "illegal argument"),
}


@family(
    "uz.communicator.sale.refused.{key}",
    rows=BAD,
    target="drive-communicator",
    clauses=["EP-02", "S-13.2"],
    requirements=["UZ-SVC-05", "UZ-DEV-08"],
    needs=["card"],
    description="A sale breaks a rule: {key}.",
    expectation="The documented text, spelled as it is; nothing is registered.",
)
def bad(ctx: Context, row: tuple[Json, Json | None, str]) -> None:
    """`GRATER` and `THEN` are the documented spelling."""
    change, line_change, text = row
    till = begin(ctx)
    before = till.zreport(0)["lastReceiptSeq"]
    params = till.params() | change
    if line_change is not None:
        params["items"] = [till.line(**line_change)]
    refused(ctx, till.sale(params=params), text)
    ctx.check(before, till.zreport(0)["lastReceiptSeq"], "lastReceiptSeq", clause="S-13.2")


@case(
    "uz.communicator.sale.no-shift",
    target="drive-communicator",
    clauses=["EP-02", "ZR-01"],
    requirements=["UZ-SHF-02"],
    needs=["card"],
    description="A sale comes while no shift is open.",
    expectation="An error with `ERROR_ZREPORT_IS_NOT_OPEN`.",
)
def no_shift(ctx: Context) -> None:
    """Texts vary, the name is in them."""
    refused(ctx, begin(ctx, "closed").sale(), "ERROR_ZREPORT_IS_NOT_OPEN")


SALES: dict[str, Json] = {
    "extra-info": {"extraInfo": {"tin": "123456789", "phoneNumber": "998901234567", "carNumber": "01A123BC"}},
    "phone-of-13": {"extraInfo": {"phoneNumber": "+998901234567"}},
    "cyrillic-car": {"extraInfo": {"carNumber": "01А123ВС"}},
    "printer-as-text": {"printerSize": "58"},
    "discount-card": {"params": "discountCard"},
    "bare-line": {"params": "bare"},
    "commission": {"params": "commission"},
    "unknown-fields": {"color": "red", "phoneNumber": "998901234567"},
}


@family(
    "uz.communicator.sale.taken.{key}",
    rows=SALES,
    target="drive-communicator",
    clauses=["S-13.2", "HB-12", "HB-13"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A sale as some client sends it: {key}.",
    expectation="It is registered.",
)
def taken(ctx: Context, change: Json) -> None:
    """Passed or cut, never a crash."""
    till = begin(ctx)
    own = {
        "discountCard": till.params(discountCard="1000.50", note="rahmat"),
        "bare": till.params(items=[{"name": "Xizmat haqi", "amount": 1000, "price": 100_000}]),
        "commission": till.params(items=[till.line(commissionTIN="123456789")]),
    }
    fields = {
        name: own.get(str(value), value) if name == "params" else value for name, value in change.items()
    }
    found = till.sale(**fields)
    ctx.check_that(found.ok, "registered", found.body, "answer")


@case(
    "uz.communicator.sale.money",
    target="drive-communicator",
    clauses=["ZR-06", "S-13.2"],
    requirements=["UZ-SHF-03"],
    needs=["card"],
    description="A sale by cash and card is made.",
    expectation="The shift's sums grow by both, and by the line's VAT.",
)
def money(ctx: Context) -> None:
    """Units are those of generation 1: tiyin."""
    till = begin(ctx)
    before = till.zreport(0)
    ctx.check_that(
        till.sale(params=till.params(cash=60_000, card=40_000)).ok, "registered", "refused", "sale"
    )
    found = till.zreport(0)
    names = ("totalSaleCount", "totalSaleCash", "totalSaleCard", "totalSaleVAT")
    grown = [found[name] - before[name] for name in names]
    ctx.check([1, 60_000, 40_000, 100_000 * 12 // 112], grown, "growth")


@case(
    "uz.communicator.sale.by-code",
    target="drive-communicator",
    clauses=["HB-16", "S-13.2"],
    level="stand-in",
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A sale is paid partly by Click.",
    expectation="That part counts as card.",
)
def by_code(ctx: Context) -> None:
    """receivedEps beside receivedCash."""
    till = begin(ctx)
    before = till.zreport(0)
    params = till.params(receivedCash=70_000, receivedEps=30_000)
    found = till.sale("saleEPS", params=params, payType=1, qrToken="token-1")
    ctx.check_that(found.ok, "registered", found.body, "answer")
    after = till.zreport(0)
    grown = [after[name] - before[name] for name in ("totalSaleCash", "totalSaleCard")]
    ctx.check([70_000, 30_000], grown, "growth")


@case(
    "uz.communicator.refund.whole",
    target="drive-communicator",
    clauses=["S-13.2", "HB-18"],
    requirements=["UZ-POS-03"],
    needs=["card", "control"],
    description="A sale is sent to the operator and refunded by the `info` that was kept.",
    expectation="The refund is registered and counts as one.",
)
def refund(ctx: Context) -> None:
    """refundInfo has the names of `info`."""
    till = begin(ctx)
    info = till.sale().good["info"]
    ctx.control.do("send-now")
    till.tick()
    before = till.zreport(0)["totalRefundCount"]
    named = {name: info[name] for name in ("terminalId", "receiptSeq", "dateTime", "fiscalSign")}
    found = till.sale("refund", refundInfo=named)
    ctx.check_that(found.ok, "registered", found.body, "answer")
    ctx.check(before + 1, till.zreport(0)["totalRefundCount"], "totalRefundCount")


@case(
    "uz.communicator.refund.no-info",
    target="drive-communicator",
    clauses=["EP-02", "G1-R-07"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description="A refund comes without refundInfo.",
    expectation="An error, nothing registered.",
)
def no_info(ctx: Context) -> None:
    """A refund names its original."""
    found = begin(ctx).sale("refund")
    ctx.check_that(not found.ok, "an error", found.body, "answer")


@family(
    "uz.communicator.unnumbered.{key}",
    rows={"advance": "advance", "credit": "credit"},
    target="drive-communicator",
    clauses=["S-13.2", "G1-Z-09"],
    requirements=["UZ-POS-04"],
    needs=["card"],
    description="A receipt of {key} is sent.",
    expectation="`info` with blank number, sign and address.",
)
def unnumbered(ctx: Context, method: str) -> None:
    """They do not reach the module."""
    info = begin(ctx).sale(method).good["info"]
    ctx.check(("", "", ""), (info["receiptSeq"], info["fiscalSign"], info["qrCodeURL"]), "blank fields")


@case(
    "uz.communicator.lookup.found",
    target="drive-communicator",
    clauses=["S-13.2"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A sale is looked up by number, by sign and by date.",
    expectation="Each finds it, the time with dashes and a fraction.",
)
def lookup(ctx: Context) -> None:
    """Arrays of the `info` fields, newer also sums."""
    till = begin(ctx)
    info = till.sale().good["info"]
    number, sign = info["receiptSeq"], info["fiscalSign"]
    by_number = till.call("getReceiptInfoByNumber", number=int(number)).message
    ctx.check_that(sign in [one["fiscalSign"] for one in by_number], sign, by_number, "by number")
    (by_sign,) = till.call("getReceiptInfoByFiscalSign", fiscalSign=sign).message
    ctx.check(number, by_sign["receiptSeq"], "by sign")
    day = info["dateTime"][:8]
    dated = till.call("getReceiptsInfoByDate", startDate=f"{day}000000", endDate=f"{day}235959").message
    ctx.check_that(sign in [one["fiscalSign"] for one in dated], sign, len(dated), "by date")
    time = by_sign["dateTime"]
    dashed = re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.0", time) is not None
    ctx.check_that(dashed, "2021-11-10 14:23:38.0", time, "dateTime")


@case(
    "uz.communicator.lookup.last",
    target="drive-communicator",
    clauses=["S-13.2", "EP-04"],
    requirements=["UZ-USB-02"],
    needs=["card"],
    description="The last paycheck is printed again.",
    expectation="The `info` of the last sale, and a paycheck.",
)
def last(ctx: Context) -> None:
    """A till that lost the answer has this."""
    till = begin(ctx)
    info = till.sale().good["info"]
    found = till.call("printLastPaycheck", printerSize=58).good
    ctx.check(info, found["info"], "info")
    check_paycheck(ctx, found["paycheck"])


@case(
    "uz.communicator.lookup.cable-pulled",
    target="drive-communicator",
    clauses=["EP-02", "S-13.2"],
    requirements=["UZ-USB-02"],
    needs=ALL_CONTROLS,
    description="The link breaks after the module has registered a sale.",
    expectation="`cannot connect card`; the last registered receipt is that sale.",
)
def cable_pulled(ctx: Context) -> None:
    """The till asks before it sells anew."""
    till = quiet(ctx)
    ctx.control.add_fault("link.transmit", "drop", value="after", match={"apdu": "001700*"})
    refused(ctx, till.sale(), "cannot connect card")
    ctx.control.clear_faults()
    ctx.check("1", till.call("getLastRegisteredReceipt").message["ReceiptSeq"], "ReceiptSeq")


@case(
    "uz.communicator.locked",
    target="drive-communicator",
    clauses=["EP-02"],
    requirements=["UZ-OFF-05"],
    needs=ALL_CONTROLS,
    description="The operator has locked the module.",
    expectation="`fiscal drive locked`.",
)
def locked(ctx: Context) -> None:
    """A new module that nobody unlocked."""
    till = ctx.communicator
    till.fresh(module={"start_locked": True})
    refused(ctx, till.call("openZreport"), "fiscal drive locked")
