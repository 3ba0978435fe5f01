"""The small enumerations of documents and reports (kz-ofd §10.1, §10.2, §11)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Operation(IntEnum):
    """OPERATION_…: who gives money to whom."""

    BUY = 0
    BUY_RETURN = 1
    SELL = 2
    SELL_RETURN = 3


class PaymentType(IntEnum):
    """PAYMENT_…; CREDIT and TARE belong to 1.2.4, MOBILE came with 2.0.1."""

    CASH = 0
    CARD = 1
    CREDIT = 2
    TARE = 3
    MOBILE = 4


class ItemType(IntEnum):
    """ITEM_TYPE_…: what a line of a ticket is."""

    COMMODITY = 1
    STORNO_COMMODITY = 2
    MARKUP = 3
    STORNO_MARKUP = 4
    DISCOUNT = 5
    STORNO_DISCOUNT = 6


class PlacementKind(IntEnum):
    """MONEY_PLACEMENT_…: cash put into the drawer or taken out without a ticket."""

    DEPOSIT = 0
    WITHDRAWAL = 1


class ReportKind(IntEnum):
    """REPORT_…: the report that ends a shift, and the one that does not."""

    Z = 0
    X = 1


class AdType(IntEnum):
    """TICKET_AD_…: whose text it is; INFO is what a blocked register shows (kz-ofd §3.5)."""

    OFD = 0
    ORG = 1
    POS = 2
    KKM = 3
    INFO = 4


RETURNS: Final = frozenset({Operation.BUY_RETURN, Operation.SELL_RETURN})
CASH_IN: Final = frozenset({Operation.SELL, Operation.BUY_RETURN})
"""Operations whose cash comes into the drawer; that of the others leaves it (kz-ofd ZR-13)."""
STORNOS: Final = frozenset({ItemType.STORNO_COMMODITY, ItemType.STORNO_MARKUP, ItemType.STORNO_DISCOUNT})
VAT: Final = 100
"""tax_type of every tax there is (kz-ofd §10.2)."""
