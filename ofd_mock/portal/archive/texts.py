"""Words and figures of the archives, as the portal's screens write them (kz-ofd §15.10, AR-01…03)."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Final

from reference.protocol.kz.kinds import Operation, PaymentType, PlacementKind
from reference.protocol.kz.money import TIYN, money_text
from reference.protocol.kz.results import Texts


class Kind(Enum):
    """What a row of «Транзакции» is."""

    TICKET = "ticket"
    MONEY = "money"
    Z = "z"
    CLOSING = "closing"
    X = "x"
    CANCEL = "cancel"


OPERATIONS: Final = {
    Operation.SELL: Texts("Продажа", "Сату", "Sale"),
    Operation.SELL_RETURN: Texts("Возврат продажи", "Сатуды қайтару", "Return of a sale"),
    Operation.BUY: Texts("Покупка", "Сатып алу", "Purchase"),
    Operation.BUY_RETURN: Texts("Возврат покупки", "Сатып алуды қайтару", "Return of a purchase"),
}
PAYMENTS: Final = {
    PaymentType.CASH: Texts("наличные", "қолма-қол", "cash"),
    PaymentType.CARD: Texts("карта", "карта", "card"),
    PaymentType.CREDIT: Texts("кредит", "несие", "credit"),
    PaymentType.TARE: Texts("тара", "ыдыс", "tare"),
    PaymentType.MOBILE: Texts("мобильный", "мобильді", "mobile"),
}
PLACEMENTS: Final = {
    PlacementKind.DEPOSIT: Texts("Внесение", "Салым", "Deposit"),
    PlacementKind.WITHDRAWAL: Texts("Изъятие", "Алу", "Withdrawal"),
}
NON_NULLABLE: Final = (
    (Operation.SELL, Texts("Продаж", "Сату", "Sales")),
    (Operation.BUY, Texts("Покупок", "Сатып алу", "Purchases")),
    (Operation.SELL_RETURN, Texts("Возвр. продаж", "Сат. қайт.", "Ret. of sales")),
    (Operation.BUY_RETURN, Texts("Возвр. покупок", "Сатып алу қайт.", "Ret. of purchases")),
)
"""The four totals of «Необнуляемый итог», in the screen's order."""
Z_REPORT: Final = Texts("Z-отчет", "Z-есеп", "Z report")
X_REPORT: Final = Texts("X-отчет", "X-есеп", "X report")
CANCELLATION: Final = Texts("Отмена чека", "Чекті болдырмау", "Cancellation of a ticket")
_OTHER: Final = Texts("Прочее", "Басқа", "Other")
_CANCELLED: Final = Texts("отменен", "болдырылмады", "cancelled")


@lru_cache(maxsize=1024)
def ticket_text(operation: int | None, payments: tuple[int | None, ...], cancelled: bool = False) -> Texts:
    """«Продажа, наличные»: operation and kinds of payment; a ticket taken back says so (AR-03)."""
    known = {kind.value: text for kind, text in OPERATIONS.items()}
    parts = [known.get(-1 if operation is None else operation, _OTHER)]
    kinds = {kind.value: text for kind, text in PAYMENTS.items()}
    parts += dict.fromkeys(kinds.get(-1 if one is None else one, _OTHER) for one in payments)
    if cancelled:
        parts.append(_CANCELLED)
    return Texts(*(", ".join(words) for words in zip(*parts, strict=True)))


def placement_text(kind: int | None) -> Texts:
    """«Внесение» or «Изъятие»."""
    known = {one.value: text for one, text in PLACEMENTS.items()}
    return known.get(-1 if kind is None else kind, _OTHER)


def closing_text(shift: int) -> Texts:
    """«Закрытие смены № 0038»: at least four digits (AR-03)."""
    number = f"{shift:04d}"
    return Texts(f"Закрытие смены № {number}", f"Ауысымды жабу № {number}", f"Closing of shift No. {number}")


def sum_shown(tiyn: int) -> str:
    """«1.15», «303678», «0»: no groups, no zeros at the end (kz-ofd §15.4); exact however large."""
    tenge, rest = divmod(abs(tiyn), TIYN)
    if not rest:
        return f"{'-' if tiyn < 0 else ''}{tenge}"
    return money_text(tiyn).rstrip("0")


def tenge_shown(tiyn: int) -> str:
    """«16355 ₸»."""
    return f"{sum_shown(tiyn)} ₸"


def time_shown(local: str | datetime) -> str:
    """`dd.MM.yyyy HH:mm` of the ledger's local time."""
    known = datetime.fromisoformat(local) if isinstance(local, str) else local
    return f"{known:%d.%m.%Y %H:%M}"


def non_nullable_text(sums: dict[int, int], language: int = 0) -> str:
    """«Продаж: 1993004.85 ₸ Покупок: …»: all four, by operation (AR-01)."""
    return " ".join(f"{label[language]}: {tenge_shown(sums.get(kind, 0))}" for kind, label in NON_NULLABLE)
