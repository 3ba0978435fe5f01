"""What the till says when it cannot.

TillError
├── OrderError          the order itself: nothing was sent anywhere
│   └── OverRefundError
├── DriveUnreachableError   the service does not answer; the order is kept (UZ-SVC-03)
├── DriveRefusedError       the service answered with a Reason
├── NotReadyError       the module takes nothing now: the orders behind this one wait, too
│   └── BookError       the till's own journal takes nothing: the disk is full or broken
└── UndecidedError          nobody can say whether the module took it; the order is kept
"""

from __future__ import annotations


class TillError(Exception):
    """Base; the text is for the cashier."""


class OrderError(TillError):
    """The order breaks a rule; `field` names where."""

    def __init__(self, field: str, text: str) -> None:
        self.field = field
        super().__init__(f"{field}: {text}")


class OverRefundError(OrderError):
    """More would be given back than was sold (UZ-POS-03)."""


class DriveUnreachableError(TillError):
    """Nothing answers at the service's address, or it broke off, or its answer cannot be read.

    `sent`: whether it may have got the request; what it then did with it is not known.
    """

    def __init__(self, text: str, *, sent: bool = True) -> None:
        self.sent = sent
        super().__init__(text)


class NotReadyError(TillError):
    """The module is out, locked, blocked or at odds about the time: this order is kept, and whichever were
    tried next might be registered before it (PS-03)."""


class BookError(NotReadyError):
    """The till's journal cannot be written, so nothing may be done that would have to stand in it."""


class UndecidedError(TillError):
    """An answer was lost, and the service cannot (yet) be asked what became of the receipt: it is not sent
    again."""


class DriveRefusedError(TillError):
    """The service refused; clients look for texts inside the Reason in lower case (uz-fiscal HB-03)."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)

    def says(self, *parts: str) -> bool:
        """Whether one of these texts stands in the Reason."""
        reason = self.reason.lower()
        return any(part in reason for part in parts)
