"""What states and roles are called, and the colours of their badges (S1 §4, §6, §7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reference.backoffice.pages.words import text_of
from reference.runtime.words import Words

ROLES: Final[Mapping[str, Words]] = {
    "cashier": Words("Kassir", "Кассир", "Cashier"),
    "waiter": Words("Ofitsiant", "Официант", "Waiter"),
    "cook": Words("Oshpaz", "Повар", "Cook"),
    "manager": Words("Menejer", "Менеджер", "Manager"),
    "administrator": Words("Administrator", "Администратор", "Administrator"),
}
ORDER_STATES: Final[Mapping[str, tuple[str, Words]]] = {
    "open": ("yellow", Words("Ochiq", "Открыт", "Open")),
    "confirmed": ("blue", Words("Tasdiqlangan", "Подтверждён", "Confirmed")),
    "completed": ("grey", Words("Yakunlangan", "Завершён", "Completed")),
    "cancelled": ("red", Words("Bekor qilingan", "Отменён", "Cancelled")),
}
"""Colour and name of an order's state."""


def role_name(role: str) -> str:
    """A role as the page's reader calls it; one that is not known stands as it is."""
    known = ROLES.get(role)
    return role if known is None else text_of(known)


def order_state(state: str) -> tuple[str, str]:
    """Colour and name of an order's state, in the language of the request."""
    known = ORDER_STATES.get(state)
    return ("grey", state) if known is None else (known[0], text_of(known[1]))
