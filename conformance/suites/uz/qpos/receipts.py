"""Receipts of QPOS: the till's own numbers, refunds, advance (uz-fiscal §13.1)."""

from __future__ import annotations

import re

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.gen1 import Json, line, refund_info
from conformance.suites.uz.qpos.till import ALL_CONTROLS, begin, last_number, quiet, refused
from reference.protocol.uz.qr import parse_qr
from reference.protocol.uz.receipt import decode_full_receipt
from reference.protocol.uz.values import format_compact_time, parse_json_time


def _name(ctx: Context) -> str:
    """A receipt number that no earlier run has used: the module's time goes on."""
    return f"{ctx.qpos.info()['CurrentTime']}-{ctx.rng.getrandbits(32)}"


@case(
    "uz.qpos.receipt.answer",
    target="drive-qpos",
    clauses=["S-13.1", "QR-01"],
    requirements=["UZ-DEV-02"],
    needs=["card"],
    description="A sale is registered.",
    expectation="Number and sign as text, 14 digits of time, and the QR address of the same four.",
)
def answer(ctx: Context) -> None:
    """The fields of the documented sample."""
    till = begin(ctx)
    receipt = till.receipt(ReceiptNumber=_name(ctx))
    data = till.call("SaleReceipt", **receipt).data
    fields = {"AppletVersion", "QRCodeURL", "TerminalID", "ReceiptSeq", "DateTime", "FiscalSign"}
    ctx.check(fields, set(data), "fields")
    ctx.check(format_compact_time(parse_json_time(receipt["Time"])), data["DateTime"], "DateTime")
    sign = data["FiscalSign"]
    is_sign = isinstance(sign, str) and re.fullmatch("[0-9]{12}", sign) is not None
    ctx.check_that(is_sign, "12 digits as text", sign, "FiscalSign")
    qr = parse_qr(data["QRCodeURL"])
    ctx.check((data["ReceiptSeq"], sign), (str(qr.receipt_seq), qr.fiscal_sign), "QR", clause="QR-01")


@case(
    "uz.qpos.number.repeat",
    target="drive-qpos",
    clauses=["QP-01"],
    requirements=["UZ-SVC-02"],
    needs=["card"],
    description="A sale is sent again with the same ReceiptNumber and a later time.",
    expectation="The same answer, and no new receipt.",
)
def repeat(ctx: Context) -> None:
    """The till never heard the first answer."""
    till = begin(ctx)
    name = _name(ctx)
    first = till.sale(ReceiptNumber=name).data
    number = last_number(till)
    second = till.sale(ReceiptNumber=name).data
    ctx.check(first["QRCodeURL"], second["QRCodeURL"], "QRCodeURL")
    ctx.check(number, last_number(till), "CurrentReceiptSeq")


@case(
    "uz.qpos.number.other",
    target="drive-qpos",
    clauses=["QP-01"],
    requirements=["UZ-SVC-02"],
    needs=["card"],
    description="Two equal sales have different ReceiptNumbers.",
    expectation="Two receipts.",
)
def other(ctx: Context) -> None:
    """The number is what tells them apart."""
    till = begin(ctx)
    first, second = (till.sale(ReceiptNumber=_name(ctx)).data for _ in range(2))
    ctx.check(int(first["ReceiptSeq"]) + 1, int(second["ReceiptSeq"]), "ReceiptSeq")


@case(
    "uz.qpos.number.refund-shares",
    target="drive-qpos",
    clauses=["QP-01"],
    level="stand-in",
    requirements=["UZ-POS-03"],
    needs=["card", "control"],
    description="A refund has the ReceiptNumber of its sale, as in the documented samples.",
    expectation="It is a receipt of its own; repeated, it is the same refund.",
)
def refund_shares(ctx: Context) -> None:
    """The key is method and number."""
    till = begin(ctx)
    name = _name(ctx)
    sold = till.sale(ReceiptNumber=name).data
    ctx.control.do("send-now")
    info = refund_info(sold)
    asked = till.receipt(ReceiptNumber=name, RefundInfo=info)
    refund = till.call("RefundReceipt", **asked).data
    ctx.check(int(sold["ReceiptSeq"]) + 1, int(refund["ReceiptSeq"]), "ReceiptSeq")
    again = till.call("RefundReceipt", **till.receipt(ReceiptNumber=name, RefundInfo=info)).data
    ctx.check(refund, again, "repeat")


@case(
    "uz.qpos.number.after-refusal",
    target="drive-qpos",
    clauses=["QP-01", "ZR-01"],
    requirements=["UZ-SHF-02"],
    needs=["card"],
    description="A sale is refused without a shift, then sent again with the same number and a new time.",
    expectation="The second one is registered.",
)
def after_refusal(ctx: Context) -> None:
    """A refused number is not used up."""
    till = begin(ctx, "closed")
    name = _name(ctx)
    refused(ctx, till.sale(ReceiptNumber=name), "ERROR_ZREPORT_IS_NOT_OPEN")
    till.tick()
    till.open_now()
    ctx.check_that(till.sale(ReceiptNumber=name).ok, "registered", "refused", "the second try")


@case(
    "uz.qpos.number.cable-pulled",
    target="drive-qpos",
    clauses=["QP-01"],
    requirements=["UZ-USB-02", "UZ-SVC-02"],
    needs=ALL_CONTROLS,
    description="The link breaks after the module has registered; the till repeats by its number.",
    expectation="An error first, then the receipt; the module has one receipt.",
)
def cable_pulled(ctx: Context) -> None:
    """Nothing doubled, nothing lost."""
    till = quiet(ctx)
    name = _name(ctx)
    ctx.control.add_fault("link.transmit", "drop", value="after", match={"apdu": "001700*"})
    first = till.sale(ReceiptNumber=name)
    ctx.check_that(not first.ok, "an error", first.body, "first answer")
    ctx.control.clear_faults()
    second = till.sale(ReceiptNumber=name).data
    ctx.check("1", second["ReceiptSeq"], "ReceiptSeq")
    ctx.check(1, last_number(till), "CurrentReceiptSeq")


@case(
    "uz.qpos.number.missing",
    target="drive-qpos",
    clauses=["QP-01", "S-13.1"],
    level="stand-in",
    needs=["card"],
    description="Two sales come without a ReceiptNumber.",
    expectation="Two receipts.",
)
def missing(ctx: Context) -> None:
    """Without a name nothing is a repeat."""
    till = begin(ctx)
    first, second = (till.sale().data for _ in range(2))
    ctx.check(int(first["ReceiptSeq"]) + 1, int(second["ReceiptSeq"]), "ReceiptSeq")


@case(
    "uz.qpos.receipt.advance",
    target="drive-qpos",
    clauses=["S-13.1", "G1-Z-09"],
    requirements=["UZ-POS-04"],
    needs=["card"],
    description="An advance is sent.",
    expectation="Blank number, sign and address, the time with dashes.",
)
def advance(ctx: Context) -> None:
    """It does not reach the module."""
    till = begin(ctx)
    before = last_number(till)
    receipt = till.receipt()
    data = till.call("AdvanceReceipt", **receipt).data
    ctx.check(("", "", ""), (data["ReceiptSeq"], data["FiscalSign"], data["QRCodeURL"]), "blank fields")
    ctx.check(receipt["Time"], data["DateTime"], "DateTime")
    ctx.check(before, last_number(till), "CurrentReceiptSeq", clause="G1-Z-09")


SALES: dict[str, Json] = {
    "no-owner": {"Items": [line(OwnerType=None)]},
    "empty-owner": {"Items": [line(OwnerType="")]},
    "bare-line": {"Items": [{"Name": "Xizmat haqi", "Amount": 1000, "Price": 100_000}]},
    "card-type": {"ExtraInfo": {"CardType": 1}},
    "cashier-name": {"CashierName": "Ali", "Cashier": None},
    "small-names": {"items": [{"name": "Non", "price": 100_000, "amount": 1000}], "Items": None},
    "phone-of-13": {"ExtraInfo": {"PhoneNumber": "+998901234567"}},
}


@family(
    "uz.qpos.receipt.taken.{key}",
    rows=SALES,
    target="drive-qpos",
    clauses=["QP-02", "HB-12", "HB-13"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A sale as some client sends it: {key}.",
    expectation="It is registered.",
)
def taken(ctx: Context, change: Json) -> None:
    """An empty OwnerType is no error here."""
    till = begin(ctx)
    sold = till.sale(**change)
    ctx.check_that(sold.ok, "registered", sold.body, "answer")


BAD: dict[str, tuple[Json, str]] = {
    "difference": ({"ReceivedCash": 200_000}, "cannot encode receipt"),
    "no-time": ({"Time": None}, "illegal argument"),
    "nothing": ({"ReceivedCash": 0, "Items": [line(0)]}, "ERROR_RECEIPT_TOTAL_PRICE_ZERO"),
}


@family(
    "uz.qpos.receipt.refused.{key}",
    rows=BAD,
    target="drive-qpos",
    clauses=["QP-03"],
    requirements=["UZ-SVC-05", "UZ-DEV-08"],
    needs=["card"],
    description="A receipt breaks a rule: {key}.",
    expectation="50021 with generation 1's message; no number is spent.",
)
def bad(ctx: Context, row: tuple[Json, str]) -> None:
    """The rules are generation 1's."""
    change, message = row
    till = begin(ctx)
    before = last_number(till)
    refused(ctx, till.sale(**change), message)
    ctx.check(before, last_number(till), "CurrentReceiptSeq")


@case(
    "uz.qpos.refund.no-info",
    target="drive-qpos",
    clauses=["QP-03", "G1-R-07"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description="A refund comes without RefundInfo.",
    expectation="50021 with generation 1's message.",
)
def no_info(ctx: Context) -> None:
    """A refund names its original."""
    till = begin(ctx)
    refused(ctx, till.call("RefundReceipt", **till.receipt()), "no refund info passed")


@case(
    "uz.qpos.refund.too-much",
    target="drive-qpos",
    clauses=["QP-03", "ZR-10"],
    requirements=["UZ-POS-03"],
    needs=ALL_CONTROLS,
    description="More is refunded than was ever sold.",
    expectation="50021 with the module's name for it; a corrected refund under the same number goes.",
)
def too_much(ctx: Context) -> None:
    """A new module that sold 100000."""
    till = quiet(ctx)
    sold = till.sale(ReceiptNumber="1").data
    ctx.control.do("send-now")
    info = refund_info(sold)
    too_big = till.receipt(cash=200_000, ReceiptNumber="2", RefundInfo=info)
    refused(ctx, till.call("RefundReceipt", **too_big), "ERROR_NOT_ENOUGH_CASH_FOR_REFUND")
    right = till.call("RefundReceipt", **till.receipt(ReceiptNumber="2", RefundInfo=info))
    ctx.check_that(right.ok, "registered", right.body, "the corrected one")


@family(
    "uz.qpos.receipt.owner.{key}",
    rows={"left-out": (None, 99), "empty": ("", 99), "given": (2, 2)},
    target="drive-qpos",
    clauses=["QP-02"],
    requirements=["UZ-SVC-01"],
    needs=ALL_CONTROLS,
    description="A line's OwnerType is {key}; the receipt reaches the operator.",
    expectation="The full receipt has 99 for an empty one, else what was given.",
)
def owner(ctx: Context, row: tuple[object, int]) -> None:
    """Seen in what the operator was sent."""
    given, sent = row
    till = quiet(ctx)
    ctx.check_that(till.sale(Items=[line(OwnerType=given)]).ok, "registered", "refused", "sale")
    ctx.control.do("send-now")
    terminal = till.info()["TerminalID"]
    (found,) = ctx.operator_control.do("receipts", terminal=terminal, limit=10)["receipts"]
    receipt = decode_full_receipt(bytes.fromhex(found["body"]))
    ctx.check(sent, receipt.items[0].owner_type, "OwnerType")
