"""What states of payments, receipts, subscriptions and points of sale are called, and their colours.

(S1 §7, §8, §9; yellow waits, green is well, red is not, blue went back, grey is over)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reference.runtime.words import Words

Badges = Mapping[str, tuple[str, Words]]
"""Colour and name by state."""

TRANSACTION_STATES: Final[Badges] = {
    "pending": ("yellow", Words("Kutilmoqda", "Ожидается", "Pending")),
    "confirmed": ("green", Words("Tasdiqlangan", "Подтверждён", "Confirmed")),
    "failed": ("red", Words("Muvaffaqiyatsiz", "Не прошёл", "Failed")),
    "returned": ("blue", Words("Qaytarilgan", "Возвращён", "Returned")),
}
GROUPS: Final[Mapping[str, Words]] = {
    "cash": Words("Naqd", "Наличные", "Cash"),
    "card": Words("Karta", "Карта", "Card"),
    "mobile": Words("Mobil", "Мобильный", "Mobile"),
}
FISCAL_STATES: Final[Badges] = {
    "waiting": ("yellow", Words("Chek kutilmoqda", "Чек ожидается", "Receipt waits")),
    "done": ("blue", Words("Chek yuborilmoqda", "Чек отправляется", "Receipt on its way")),
    "acknowledged": ("green", Words("Chek tasdiqlangan", "Чек принят", "Receipt acknowledged")),
    "refused": ("red", Words("Chek rad etilgan", "Чек отклонён", "Receipt refused")),
}
"""How far the fiscal receipt of an order is."""
SUBSCRIPTION_STATES: Final[Badges] = {
    "active": ("green", Words("Faol", "Активна", "Active")),
    "expired": ("red", Words("Muddati o'tgan", "Истекла", "Expired")),
    "stopped": ("grey", Words("To'xtatilgan", "Приостановлена", "Stopped")),
}
