"""The worked shift of kz-ofd §9.3 (ZR-EX): its documents, and its Z typed from the table."""

from __future__ import annotations

from datetime import datetime, timedelta

from reference.protocol.kz.documents import CloseShift, MoneyPlacement
from reference.protocol.kz.tickets import Line, Modifier, Operator, Payment, TaxEntry, Ticket

OPENED = datetime(2025, 9, 1, 9)
CASHIER = Operator(1, "Айгүл")


def at(minute: int) -> datetime:
    return OPENED + timedelta(minutes=minute)


def vat(tiyn: int) -> tuple[TaxEntry, ...]:
    return (TaxEntry(12000, tiyn),)


def line(
    name: str,
    section: str,
    total: int,
    *,
    quantity: int = 1000,
    price: int | None = None,
    taxes: tuple = (),
    type: int = 1,
) -> Line:
    return Line(type, name, section, quantity, total if price is None else price, total, taxes, "796")


A = line("A", "1", 1050_00, quantity=2500, price=420_00, taxes=vat(112_50))
E = line("E", "1", 100_00)

DOCUMENTS = (
    MoneyPlacement(0, at(0), 5000_00, operator=CASHIER),
    Ticket(
        2,
        at(1),
        CASHIER,
        (A, line("B", "2", 300_00), Modifier(5, "скидка", 50_00)),
        (Payment(0, 1300_00),),
        1300_00,
        taken=2000_00,
        change=700_00,
        domain=0,
    ),
    Ticket(
        2,
        at(2),
        CASHIER,
        (line("C", "1", 700_00),),
        (Payment(1, 500_00), Payment(4, 270_00)),
        770_00,
        markup=Modifier(None, "наценка", 70_00),
        domain=0,
    ),
    Ticket(
        3,
        at(3),
        CASHIER,
        (line("A", "1", 420_00, price=420_00, taxes=vat(45_00)),),
        (Payment(0, 420_00),),
        420_00,
        taken=420_00,
        domain=0,
    ),
    Ticket(
        0, at(4), CASHIER, (line("D", "3", 200_00),), (Payment(0, 200_00),), 200_00, taken=200_00, domain=0
    ),
    MoneyPlacement(1, at(5), 1000_00, operator=CASHIER),
    Ticket(
        2,
        at(6),
        CASHIER,
        (E, line("F", "1", 150_00), line("E", "1", 100_00, type=2)),
        (Payment(0, 150_00),),
        150_00,
        taken=150_00,
        change=0,
        domain=0,
        offline_number=1756702800,
    ),
    CloseShift(at(7), withdraw_money=True, operator=CASHIER),
)

SELL, SELL_RETURN, BUY = "OPERATION_SELL", "OPERATION_SELL_RETURN", "OPERATION_BUY"


def money(tenge: float) -> dict[str, int]:
    tiyn = round(tenge * 100)
    return {"bills": tiyn // 100, "coins": tiyn % 100}


def operation(name: str, count: int, tenge: float) -> dict[str, object]:
    return {"operation": name, "count": count, "sum": money(tenge)}


def moment(time: datetime) -> dict[str, object]:
    return {
        "date": {"year": time.year, "month": time.month, "day": time.day},
        "time": {"hour": time.hour, "minute": time.minute, "second": time.second},
    }


Z = {
    "date_time": moment(at(7)),
    "shift_number": 1,
    "sections": [
        {"section_code": "1", "operations": [operation(SELL, 4, 1900), operation(SELL_RETURN, 1, 420)]},
        {"section_code": "2", "operations": [operation(SELL, 1, 300)]},
        {"section_code": "3", "operations": [operation(BUY, 1, 200)]},
    ],
    "operations": [operation(BUY, 1, 200), operation(SELL, 5, 2200), operation(SELL_RETURN, 1, 420)],
    "discounts": [operation(SELL, 1, 50)],
    "markups": [operation(SELL, 1, 70)],
    "total_result": [operation(BUY, 1, 200), operation(SELL, 5, 2220), operation(SELL_RETURN, 1, 420)],
    "taxes": [
        {
            "tax_type": 100,
            "percent": 12000,
            "operations": [
                {
                    "operation": SELL,
                    "turnover": money(1050),
                    "sum": money(112.50),
                    "turnover_without_tax": money(937.50),
                },
                {
                    "operation": SELL_RETURN,
                    "turnover": money(420),
                    "sum": money(45),
                    "turnover_without_tax": money(375),
                },
            ],
        }
    ],
    "ticket_operations": [
        {
            "operation": BUY,
            "tickets_total_count": 1,
            "tickets_count": 1,
            "tickets_sum": money(200),
            "payments": [{"payment": "PAYMENT_CASH", "sum": money(200), "count": 1}],
            "offline_count": 0,
            "discount_sum": money(0),
            "markup_sum": money(0),
            "change_sum": money(0),
        },
        {
            "operation": SELL,
            "tickets_total_count": 3,
            "tickets_count": 3,
            "tickets_sum": money(2220),
            "payments": [
                {"payment": "PAYMENT_CASH", "sum": money(1450), "count": 2},
                {"payment": "PAYMENT_CARD", "sum": money(500), "count": 1},
                {"payment": "PAYMENT_MOBILE", "sum": money(270), "count": 1},
            ],
            "offline_count": 1,
            "discount_sum": money(0),
            "markup_sum": money(70),
            "change_sum": money(700),
        },
        {
            "operation": SELL_RETURN,
            "tickets_total_count": 1,
            "tickets_count": 1,
            "tickets_sum": money(420),
            "payments": [{"payment": "PAYMENT_CASH", "sum": money(420), "count": 1}],
            "offline_count": 0,
            "discount_sum": money(0),
            "markup_sum": money(0),
            "change_sum": money(0),
        },
    ],
    "money_placements": [
        {
            "operation": "MONEY_PLACEMENT_DEPOSIT",
            "operations_total_count": 1,
            "operations_count": 1,
            "operations_sum": money(5000),
            "offline_count": 0,
        },
        {
            "operation": "MONEY_PLACEMENT_WITHDRAWAL",
            "operations_total_count": 2,
            "operations_count": 2,
            "operations_sum": money(5830),
            "offline_count": 0,
        },
    ],
    "cash_sum": money(0),
    "revenue": {"sum": money(1600), "is_negative": False},
    "non_nullable_sums": [
        {"operation": BUY, "sum": money(200)},
        {"operation": SELL, "sum": money(2220)},
        {"operation": SELL_RETURN, "sum": money(420)},
    ],
    "open_shift_time": moment(at(0)),
    "close_shift_time": moment(at(7)),
}
