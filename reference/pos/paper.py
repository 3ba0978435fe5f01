"""The receipt on paper, as text in the columns of 58 or 80 mm (UZ-POS-04, UZ-POS-05).

TEST stands first and large: nothing printed here is a legal receipt (uz-fiscal ID-03). Advance and credit
receipts carry neither sign nor QR (QR-03). Labels are in Uzbek, as a buyer sees them.
"""

from __future__ import annotations

import textwrap
from typing import Any, Final

from reference.pos.company import Company
from reference.pos.order import REFUND, Line, Order
from reference.pos.order_book import Sale
from reference.pos.qr_text import qr_lines

COLUMNS: Final = {58: 32, 80: 48}
"""Characters of the normal font on a paper width in mm."""
SMALL_COLUMNS: Final = {58: 42, 80: 64}
"""Characters of the small font, in which the QR code is printed."""
KINDS: Final = ("Xarid", "Bo'nak", "Kredit")

_BIG_TEST: Final = (
    "█████ █████ █████ █████",
    "  █   █     █       █  ",
    "  █   ████  █████   █  ",
    "  █   █         █   █  ",
    "  █   █████ █████   █  ",
)


def print_sale(sale: Sale, company: Company) -> str:
    """The receipt of a sale that has its answer, ready for the printer."""
    assert sale.answer is not None
    width = COLUMNS[company.paper]
    lines = [line.center(width).rstrip() for line in _BIG_TEST]
    lines += _centred("BU CHEK EMAS — SINOV / NOT A LEGAL RECEIPT", width)
    lines.append("=" * width)
    lines += _seller(company, width)
    lines.append("-" * width)
    lines += _head(sale.order, sale.answer, company, width)
    lines.append("-" * width)
    for number, line in enumerate(sale.order.lines, 1):
        lines += _item(number, line, width)
    lines.append("-" * width)
    lines += _sums(sale.order, width)
    lines.append("=" * width)
    lines += _proof(sale.answer, company)
    lines += _centred("TEST", width)
    return "\n".join(lines) + "\n"


def print_shift(report: dict[str, Any], company: Company) -> str:
    """A Z-report on paper (UZ-SHF-04)."""
    width = COLUMNS[company.paper]
    lines = [line.center(width).rstrip() for line in _BIG_TEST]
    lines += _centred("Z-HISOBOT", width)
    lines.append("=" * width)
    lines += _seller(company, width)
    lines += _pair("Fiskal modul", str(report["TerminalID"]), width)
    lines += _pair("Ochildi", str(report.get("OpenTime", "")), width)
    lines += _pair("Yopildi", str(report.get("CloseTime", "")), width)
    lines += _pair("Cheklar", f"{report['FirstReceiptSeq']}–{report['LastReceiptSeq']}", width)
    lines += _pair("Sotuvlar", str(report["TotalSaleCount"]), width)
    lines += _pair("Qaytarishlar", str(report["TotalRefundCount"]), width)
    for label, name in (("Naqd", "TotalCash"), ("Karta", "TotalCard"), ("QQS", "TotalVAT")):
        lines += _pair(f"{label}: sotuv", money(report[name]["Sale"]), width)
        lines += _pair(f"{label}: qaytarish", money(report[name]["Refund"]), width)
    lines += _centred("TEST", width)
    return "\n".join(lines) + "\n"


def money(tiyin: int) -> str:
    """`1 234,56` of an amount in tiyin."""
    whole, rest = divmod(abs(tiyin), 100)
    return f"{'-' if tiyin < 0 else ''}{whole:,}".replace(",", " ") + f",{rest:02}"


def quantity(thousandths: int) -> str:
    """`1`, `0,5`, `0,125` of a quantity in thousandths."""
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}" if not rest else f"{whole},{rest:03}".rstrip("0")


def _seller(company: Company, width: int) -> list[str]:
    lines = _centred(company.name, width)
    lines += _centred(f"STIR: {company.stir}", width)
    lines += _centred(company.address, width)
    if company.phone:
        lines += _centred(company.phone, width)
    return lines


def _head(order: Order, answer: dict[str, Any], company: Company, width: int) -> list[str]:
    title = "QAYTARISH" if order.operation == REFUND else "SOTUV"
    lines = _centred(f"{title} · {KINDS[order.type]}", width)
    lines += _pair("Fiskal modul", str(answer["TerminalID"]), width)
    lines += _pair("Chek raqami", str(answer["ReceiptSeq"]), width)
    lines += _pair("Sana", str(answer["DateTime"]), width)
    lines += _pair("Buyurtma", order.id, width)
    lines += _pair("Kassir", company.cashier, width)
    if order.refund_of is not None:
        lines += _pair("Asl chek", f"{order.refund_of.terminal_id} № {order.refund_of.receipt_seq}", width)
    return lines


def _item(number: int, line: Line, width: int) -> list[str]:
    lines = _wrapped(f"{number}. {line.name}", width)
    if line.mxik:
        lines += _pair("MXIK", line.mxik, width)
    if line.package_code:
        lines += _pair("Qadoq kodi", line.package_code, width)
    if line.barcode:
        lines += _pair("Shtrix-kod", line.barcode, width)
    if line.label:
        lines += _pair("Markirovka", line.label, width)
    lines += _pair(f"{quantity(line.amount)} {line.unit} x {money(line.price)}", money(line.total), width)
    if line.discount:
        lines += _pair("Chegirma", f"-{money(line.discount)}", width)
    if line.other:
        lines += _pair("Boshqa to'lov", f"-{money(line.other)}", width)
    lines += _pair(f"QQS {line.vat_percent}%", money(line.vat), width)
    return lines


def _sums(order: Order, width: int) -> list[str]:
    lines = _pair("JAMI", f"{money(order.total)} so'm", width)
    lines += _pair("Shu jumladan QQS", money(sum(line.vat for line in order.lines)), width)
    if order.payment.cash:
        lines += _pair("To'lov: naqd", money(order.payment.cash), width)
    if order.payment.card:
        app = f" ({order.payment.app})" if order.payment.app else ""
        lines += _pair(f"To'lov: karta{app}", money(order.payment.card), width)
    return lines


def _proof(answer: dict[str, Any], company: Company) -> list[str]:
    """Sign and QR, where the receipt has them."""
    width, small = COLUMNS[company.paper], SMALL_COLUMNS[company.paper]
    if not answer.get("FiscalSign"):
        return []
    lines = _pair("Fiskal belgi", str(answer["FiscalSign"]), width)
    return lines + [line.center(small).rstrip() for line in qr_lines(str(answer["QRCodeURL"]))]


def _pair(label: str, value: str, width: int) -> list[str]:
    """A label on the left and a value on the right; on two lines where they do not fit on one."""
    if len(label) + 1 + len(value) <= width:
        return [label + value.rjust(width - len(label))]
    return [*_wrapped(label, width), *(part.rjust(width) for part in _wrapped(value, width))]


def _centred(text: str, width: int) -> list[str]:
    return [line.center(width).rstrip() for line in _wrapped(text, width)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width) or [""]
