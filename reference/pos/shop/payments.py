"""Kinds of payment: what the receipt calls cash and what card, and which go through an application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PaymentState(StrEnum):
    """Kutilmoqda, Tasdiqlangan, Muvaffaqiyatsiz, Qaytarilgan (BX-TRX-01)."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class PaymentKind:
    """A kind. `group` is the owner portal's: Naqd, Karta, Mobil; `app` the application's name."""

    key: str
    group: str
    app: str = ""

    @property
    def is_cash(self) -> bool:
        """Whether the receipt counts it as cash."""
        return self.group == "cash"


KINDS: Final[Mapping[str, PaymentKind]] = {
    kind.key: kind
    for kind in (
        PaymentKind("cash", "cash"),
        PaymentKind("card", "card"),
        PaymentKind("click", "mobile", "Click"),
        PaymentKind("payme", "mobile", "Payme"),
        PaymentKind("uzum", "mobile", "Uzum"),
    )
}
"""All kinds by key."""
