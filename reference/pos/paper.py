"""The receipt on paper, as text in the columns of 58 or 80 mm (UZ-POS-04, UZ-POS-05).

TEST stands first and large: nothing printed here is a legal receipt (uz-fiscal ID-03).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference.pos.company import Company
from reference.pos.order_book import Sale
from reference.pos.prints.figures import money, quantity
from reference.pos.prints.receipts import KINDS, Slip, receipt_document, shift_document
from reference.pos.prints.rows import COLUMNS
from reference.pos.prints.text import SMALL_COLUMNS, as_text

__all__ = ["COLUMNS", "KINDS", "SMALL_COLUMNS", "money", "print_sale", "print_shift", "quantity"]


def print_sale(sale: Sale, company: Company) -> str:
    """The receipt of a sale that has its answer, ready for the printer."""
    return as_text(receipt_document(Slip(sale, company)), company.paper)


def print_shift(report: Mapping[str, Any], company: Company) -> str:
    """A Z-report on paper (UZ-SHF-04)."""
    return as_text(shift_document(report, company), company.paper)
