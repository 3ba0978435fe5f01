"""Receipts and Z-reports as documents: every line that uz-fiscal QR-06 and UZ-POS-04 ask for.

Labels are in Uzbek, as a buyer sees them. Advance and credit receipts carry neither sign nor QR (QR-03).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reference.pos.company import Company
from reference.pos.order import REFUND, Line, Order
from reference.pos.order_book import Sale
from reference.pos.prints.document import TEST, Centre, Document, Item, Mark, Pair, PaperLine, Qr, Rule, Total
from reference.pos.prints.figures import money, quantity

PURCHASE: Final = 0
KINDS: Final = ("Xarid", "Bo'nak", "Kredit")
"""What a receipt is, by its type."""
NOT_LEGAL: Final = "BU CHEK EMAS — SINOV / NOT A LEGAL RECEIPT"
COPY: Final = "NUSXA / КОПИЯ"
UNKNOWN: Final = "noma'lum"


@dataclass(frozen=True, slots=True)
class Tender:
    """One payment as the paper names it, in tiyin; `given` is what the guest handed over, 0: just that."""

    name: str
    amount: int
    given: int = 0


@dataclass(frozen=True, slots=True)
class Slip:
    """A receipt and what else its paper says. `serial`: number of the device that the fiscal module is in.

    Without `tenders` the kinds of payment are those of the fiscal receipt: cash, card.
    """

    sale: Sale
    company: Company
    serial: str = ""
    tenders: tuple[Tender, ...] = ()
    copy: bool = False


def receipt_document(slip: Slip) -> Document:
    """The paper of a receipt that has its answer."""
    answer = slip.sale.answer
    assert answer is not None
    order = slip.sale.order
    lines = [*_head(slip.company, copy=slip.copy), *_which(slip, answer), Rule()]
    for number, line in enumerate(order.lines, 1):
        lines += _item(number, line)
    lines += [Rule(), *_sums(slip), Rule(heavy=True), *_proof(order, answer), Centre(TEST, loud=True)]
    return Document(f"{TEST} {order.id}", tuple(lines))


def shift_document(report: Mapping[str, Any], company: Company, *, copy: bool = False) -> Document:
    """The paper of a Z-report (UZ-SHF-04)."""
    lines: list[PaperLine] = [*_head(company, copy=copy), Centre("Z-HISOBOT", loud=True)]
    lines += [
        Pair("Fiskal modul", str(report["TerminalID"])),
        Pair("Ochildi", str(report.get("OpenTime") or "—")),
        Pair("Yopildi", str(report.get("CloseTime") or "—")),
        Pair("Cheklar", f"{report['FirstReceiptSeq']}–{report['LastReceiptSeq']}"),
        Pair("Sotuvlar", str(report["TotalSaleCount"])),
        Pair("Qaytarishlar", str(report["TotalRefundCount"])),
        Rule(),
    ]
    for label, name in (("Naqd", "TotalCash"), ("Karta", "TotalCard"), ("QQS", "TotalVAT")):
        lines.append(Pair(f"{label}: sotuv", money(report[name]["Sale"])))
        lines.append(Pair(f"{label}: qaytarish", money(report[name]["Refund"])))
    return Document(f"{TEST} Z {report['TerminalID']}", (*lines, Centre(TEST, loud=True)))


def _head(company: Company, *, copy: bool) -> Iterator[PaperLine]:
    yield Mark()
    yield Centre(NOT_LEGAL)
    if copy:
        yield Centre(COPY, loud=True)
    yield Rule(heavy=True)
    yield Centre(company.name, loud=True)
    yield Centre(f"STIR: {company.stir}")
    yield Centre(company.address)
    if company.phone:
        yield Centre(company.phone)
    yield Rule()


def _which(slip: Slip, answer: Mapping[str, Any]) -> Iterator[PaperLine]:
    order = slip.sale.order
    title = "QAYTARISH" if order.operation == REFUND else "SOTUV"
    yield Centre(f"{title} · {KINDS[order.type]}", loud=True)
    yield Pair("Fiskal modul", str(answer["TerminalID"]))
    if slip.serial:
        yield Pair("Seriya raqami", slip.serial)
    if answer["ReceiptSeq"]:
        yield Pair("Chek raqami", str(answer["ReceiptSeq"]))
    yield Pair("Sana", str(answer["DateTime"]))
    yield Pair("Buyurtma", order.id)
    yield Pair("Kassir", slip.company.cashier)
    if order.place:
        yield Pair("Joy", order.place)
    if order.refund_of is not None:
        original = order.refund_of
        yield Pair("Asl chek", f"{original.terminal_id} № {original.receipt_seq}")
        yield Pair("Asl sana", _long_time(original.date_time))
        if original.fiscal_sign.strip("0"):
            yield Pair("Asl fiskal belgi", original.fiscal_sign)


def _item(number: int, line: Line) -> Iterator[PaperLine]:
    yield Item(number, line.name)
    for label, value in (
        ("MXIK", line.mxik),
        ("Qadoq kodi", line.package_code),
        ("Shtrix-kod", line.barcode),
        ("Markirovka", line.label),
    ):
        if value:
            yield Pair(label, value)
    yield Pair(f"{quantity(line.amount)} {line.unit} x {money(line.price)}", money(line.total))
    if line.discount:
        yield Pair("Chegirma", f"-{money(line.discount)}")
    if line.other:
        yield Pair("Boshqa to'lov", f"-{money(line.other)}")
    yield Pair(f"QQS {line.vat_percent}%", money(line.vat))


def _sums(slip: Slip) -> Iterator[PaperLine]:
    order = slip.sale.order
    discount = sum(line.discount for line in order.lines)
    if discount:
        yield Pair("Chegirma jami", f"-{money(discount)}")
    yield Total("JAMI", f"{money(order.total)} so'm")
    yield Pair("Shu jumladan QQS", money(sum(line.vat for line in order.lines)))
    word = "Qaytarildi" if order.operation == REFUND else "To'lov"
    for tender in slip.tenders or _tenders(order):
        yield Pair(f"{word}: {tender.name}", money(tender.amount))
        if tender.given > tender.amount:
            yield Pair("Berildi", money(tender.given))
            yield Pair("Qaytim", money(tender.given - tender.amount))


def _tenders(order: Order) -> Iterator[Tender]:
    paid = order.payment
    if paid.cash or not paid.card:
        yield Tender("naqd", paid.cash)
    if paid.card:
        yield Tender(f"karta ({paid.app})" if paid.app else "karta", paid.card)


def _proof(order: Order, answer: Mapping[str, Any]) -> Iterator[PaperLine]:
    """Sign and QR of a purchase; a sign that the service never gave again is said to be unknown."""
    if order.type != PURCHASE:
        return
    yield Pair("Fiskal belgi", str(answer.get("FiscalSign") or UNKNOWN))
    if answer.get("FiscalSign") and answer.get("QRCodeURL"):
        yield Qr(str(answer["QRCodeURL"]))


def _long_time(compact: str) -> str:
    """`YYYY-MM-DD HH:MM:SS` of fourteen digits."""
    if len(compact) != 14:
        return compact
    return f"{compact[:4]}-{compact[4:6]}-{compact[6:8]} {compact[8:10]}:{compact[10:12]}:{compact[12:]}"
