"""The worked shift of kz-ofd §9.3 as data: its documents, and the Z that must come of them (ZR-EX).

All sums are written out by hand; nothing here is computed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from conformance.drivers.kz_goods import (
    BUY,
    CARD,
    CASHIER,
    DISCOUNT,
    SELL_RETURN,
    line,
    modifier,
    paid,
    storno,
    ticket,
)
from conformance.models.kz_money import Entry, Figures
from reference.protocol.kz.documents import MoneyPlacement
from reference.protocol.kz.tickets import Line, Modifier, Operator, Payment, TaxEntry

OFFLINE_NUMBER: Final = 1_770_000_001

Z: Final[Figures] = {
    "shift_number": 1,
    "sections[1].SELL.count": 4,
    "sections[1].SELL.sum": 190_000,
    "sections[1].SELL_RETURN.count": 1,
    "sections[1].SELL_RETURN.sum": 42_000,
    "sections[2].SELL.count": 1,
    "sections[2].SELL.sum": 30_000,
    "sections[3].BUY.count": 1,
    "sections[3].BUY.sum": 20_000,
    "operations.SELL.count": 5,
    "operations.SELL.sum": 220_000,
    "operations.SELL_RETURN.count": 1,
    "operations.SELL_RETURN.sum": 42_000,
    "operations.BUY.count": 1,
    "operations.BUY.sum": 20_000,
    "discounts.SELL.count": 1,
    "discounts.SELL.sum": 5_000,
    "markups.SELL.count": 1,
    "markups.SELL.sum": 7_000,
    "total_result.SELL.count": 5,
    "total_result.SELL.sum": 222_000,
    "total_result.SELL_RETURN.count": 1,
    "total_result.SELL_RETURN.sum": 42_000,
    "total_result.BUY.count": 1,
    "total_result.BUY.sum": 20_000,
    "taxes[12000].SELL.turnover": 105_000,
    "taxes[12000].SELL.sum": 11_250,
    "taxes[12000].SELL.turnover_without_tax": 93_750,
    "taxes[12000].SELL_RETURN.turnover": 42_000,
    "taxes[12000].SELL_RETURN.sum": 4_500,
    "taxes[12000].SELL_RETURN.turnover_without_tax": 37_500,
    "ticket_operations.SELL.total_count": 3,
    "ticket_operations.SELL.count": 3,
    "ticket_operations.SELL.sum": 222_000,
    "ticket_operations.SELL.payments.CASH.sum": 145_000,
    "ticket_operations.SELL.payments.CASH.count": 2,
    "ticket_operations.SELL.payments.CARD.sum": 50_000,
    "ticket_operations.SELL.payments.CARD.count": 1,
    "ticket_operations.SELL.payments.MOBILE.sum": 27_000,
    "ticket_operations.SELL.payments.MOBILE.count": 1,
    "ticket_operations.SELL.offline_count": 1,
    "ticket_operations.SELL.markup_sum": 7_000,
    "ticket_operations.SELL.change_sum": 70_000,
    "ticket_operations.SELL_RETURN.total_count": 1,
    "ticket_operations.SELL_RETURN.count": 1,
    "ticket_operations.SELL_RETURN.sum": 42_000,
    "ticket_operations.SELL_RETURN.payments.CASH.sum": 42_000,
    "ticket_operations.SELL_RETURN.payments.CASH.count": 1,
    "ticket_operations.BUY.total_count": 1,
    "ticket_operations.BUY.count": 1,
    "ticket_operations.BUY.sum": 20_000,
    "ticket_operations.BUY.payments.CASH.sum": 20_000,
    "ticket_operations.BUY.payments.CASH.count": 1,
    "money_placements.DEPOSIT.total_count": 1,
    "money_placements.DEPOSIT.count": 1,
    "money_placements.DEPOSIT.sum": 500_000,
    "money_placements.WITHDRAWAL.total_count": 2,
    "money_placements.WITHDRAWAL.count": 2,
    "money_placements.WITHDRAWAL.sum": 583_000,
    "revenue": 160_000,
    "non_nullable_sums.BUY": 20_000,
    "non_nullable_sums.SELL": 222_000,
    "non_nullable_sums.SELL_RETURN": 42_000,
}
"""Every figure that is not zero, but for the two times."""


def entries(time: datetime, version: int = 203) -> list[Entry]:
    """Documents 1 to 7 of the table; the closing with withdrawal is the eighth."""

    def sale(*items: Line | Modifier, **fields: Any) -> Entry:
        return ticket(*items, time=time, version=version, **fields)

    bread = line(42_000, 2500, name="A", taxes=(_vat(11_250),))
    back = line(42_000, name="A", taxes=(_vat(4_500),))
    e_line = line(10_000, name="E")
    return [
        MoneyPlacement(0, time, 500_000, operator=CASHIER),
        sale(
            bread,
            line(30_000, name="B", section="2"),
            modifier(DISCOUNT, 5_000),
            total=130_000,
            taken=200_000,
            change=70_000,
        ),
        sale(
            line(70_000, name="C"),
            markup=Modifier(None, "TEST үстеме", 7_000),
            total=77_000,
            payments=(Payment(CARD, 50_000), *paid(mobile=27_000)),
        ),
        sale(back, total=42_000, operation=SELL_RETURN),
        sale(line(20_000, name="D", section="3"), total=20_000, operation=BUY),
        MoneyPlacement(1, time, 100_000, operator=Operator(1, "TEST кассир")),
        sale(
            e_line,
            line(15_000, name="F"),
            storno(e_line),
            total=15_000,
            taken=15_000,
            offline_number=OFFLINE_NUMBER,
        ),
    ]


def _vat(total: int) -> TaxEntry:
    return TaxEntry(12_000, total, inside=True, taxation_type=101)
