"""What the drive says when it cannot: one hierarchy, each leaf with its HTTP status and the Reason clients
look into.

    DriveError
    ├── BadParameterError, ReceiptRefusedError   400  the text of the rule
    ├── CardError                                400, 404 or 500 by status word
    ├── NoCardError, DriveNotFoundError          404  no module, or not that one
    ├── DriveNotConfirmedError                   409  another module than the one known here (UZ-USB-03)
    ├── CardLostError                            500  the link broke in the middle (UZ-USB-02)
    ├── RecordNotFoundError                      404
    ├── SyncRunningError                         409
    ├── SaveError                                500  the database refused
    └── OperatorError                            500  what the operator said, or that it said nothing
        ├── UnreachableError, RefundUncheckedError
        ├── NotActiveError, NotFoundError, TryLaterError

The table is uz-fiscal §4.6; generation 1 and the vendor dialects map the same classes to codes of their own.
"""

from __future__ import annotations

from typing import Final

from reference.protocol.uz.apdu import StatusWord, status_text

_BAD_REQUEST: Final = frozenset(
    {
        StatusWord.INVALID_DATETIME,
        StatusWord.INVALID_INDEX,
        StatusWord.INVALID_BCD,
        StatusWord.INVALID_TYPE,
        StatusWord.INVALID_OPERATION,
        StatusWord.WRONG_LENGTH,
        StatusWord.WRONG_DATA,
        StatusWord.INCORRECT_P1P2,
    }
)


def status_of(sw: int) -> int:
    """HTTP status of a status word (uz-fiscal §4.6)."""
    if sw in _BAD_REQUEST:
        return 400
    return 404 if sw == StatusWord.NOT_FOUND else 500


class DriveError(Exception):
    """Base: `status` is the HTTP status, `reason` the text in the error body (uz-fiscal G2-T-09)."""

    status = 500

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class BadParameterError(DriveError):
    """A parameter is missing or breaks a rule; `field` is its documented name."""

    status = 400

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(reason)


class ReceiptRefusedError(DriveError):
    """The receipt breaks a rule of uz-fiscal §4.5 or §8.7; the reason is the documented text."""

    status = 400


class CardError(DriveError):
    """The module refused; the reason is `<SW> - <NAME>`."""

    def __init__(self, sw: int) -> None:
        self.sw = sw
        self.status = status_of(sw)
        super().__init__(status_text(sw))


class CardAnswerError(DriveError):
    """The module's answer cannot be read, or its applet is of another generation."""


class NoCardError(DriveError):
    """No module at all."""

    status = 404

    def __init__(self) -> None:
        super().__init__("no card found")


class DriveNotFoundError(DriveError):
    """Modules there are, but none with this FactoryID."""

    status = 404

    def __init__(self) -> None:
        super().__init__("fiscal drive not found")


class DriveNotConfirmedError(DriveError):
    """Another module stands where a known one was; it is refused until a person confirms it (UZ-USB-03)."""

    status = 409

    def __init__(self, link: str, seen: str, known: str) -> None:
        super().__init__(
            f"fiscal drive {seen} at {link} is not confirmed, {known} was here before; "
            "put that one back or confirm the new one"
        )


class CardLostError(DriveError):
    """The link broke during a command; ask again, the module knows what took effect (UZ-USB-02)."""

    def __init__(self) -> None:
        super().__init__("card connection lost")


class RecordNotFoundError(DriveError):
    """No such row (uz-fiscal G2-S-10)."""

    status = 404

    def __init__(self, table: str, number: int) -> None:
        super().__init__(f"no record found in table {table} with id = {number}")


class SyncRunningError(DriveError):
    """A sync of this module is already under way."""

    status = 409

    def __init__(self) -> None:
        super().__init__("sync is already in progress")


class SaveError(DriveError):
    """The database refused; nothing was answered as done."""

    def __init__(self) -> None:
        super().__init__("cannot save to database")


class OperatorError(DriveError):
    """Base of what comes from the operator."""


class UnreachableError(OperatorError):
    """No address gave a usable answer; `first` is the first inner error."""

    def __init__(self, first: str) -> None:
        self.first = first
        super().__init__(f"failed to sync: {first}")


class RefundUncheckedError(OperatorError):
    """A refund could not be checked online (uz-fiscal G2-S-04)."""

    def __init__(self) -> None:
        super().__init__("cannot check RefundInfo: no connection with OFD")


class NotActiveError(OperatorError):
    """The operator has blocked this module (uz-fiscal OF-17)."""

    def __init__(self, terminal_id: str, notice: str, reason_code: int) -> None:
        self.terminal_id = terminal_id
        self.notice = notice
        self.reason_code = reason_code
        super().__init__(
            f"Fiscal drive {terminal_id} is not active, notice: {notice}, reasonCode:{reason_code}"
        )


class NotFoundError(OperatorError):
    """The operator does not know this module (uz-fiscal OF-16)."""

    def __init__(self, terminal_id: str) -> None:
        super().__init__(f"Fiscal drive {terminal_id} is not found")


class TryLaterError(OperatorError):
    """RetrySend or any other code; `code` is the operator's, for the log."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__("Try later")
