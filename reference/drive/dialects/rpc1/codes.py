"""Error codes of generation 1, spelled as its clients compare them (uz-fiscal §3.5, §3.6).

The same four hex digits mean other things in an 0400 module, so the two tables meet in one place only:
`card_error`, which says what a status word of the module becomes here.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from reference.drive.errors import (
    CardAnswerError,
    CardError,
    CardLostError,
    DriveError,
    DriveNotConfirmedError,
    DriveNotFoundError,
    NoCardError,
    RefundUncheckedError,
    SaveError,
)
from reference.links.errors import AppletVersionError, StatusWordError
from reference.protocol.uz.apdu import StatusWord, status_text

CARD_CODES: Final[dict[str, int]] = {
    "ERROR_RECEIPT_COUNT_ZERO": 36870,
    "ERROR_RECEIPT_INDEX_OUT_OF_BOUNDS": 36871,
    "ERROR_RECEIPT_NOT_FOUND": 36872,
    "ERROR_DATA_SIZE_NOT_SUPPORTED": 36873,
    "ERROR_RECEIPT_ALREADY_CLOSED": 36874,
    "ERROR_RECEIPT_IS_NOT_CLOSED": 36875,
    "ERROR_EXTRA_DATA_PASSED": 36876,
    "ERROR_RECEIPT_FORMAT_INVALID": 36877,
    "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW": 36878,
    "ERROR_RECEIPT_TOTAL_PRICE_MISMATCH": 36879,
    "ERROR_RECEIPT_PRICE_OVERFLOW": 36880,
    "ERROR_RECEIPT_VAT_OVERFLOW": 36881,
    "ERROR_RECEIPT_SEQ_OVERFLOW": 36882,
    "ERROR_RECEIPT_CASH_OVERFLOW": 36883,
    "ERROR_RECEIPT_CARD_OVERFLOW": 36884,
    "ERROR_RECEIPT_PARTITION_INVALID": 36885,
    "ERROR_RECEIPT_MEMORY_FULL": 36886,
    "ERROR_RECEIPT_TIME_PAST": 36888,
    "ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED": 36889,
    "ERROR_LAST_TRANSACTION_TIME_FORMAT_INVALID": 36890,
    "ERROR_FIRST_RECEIPT_TRANSACTION_TIME_FORMAT_INVALID": 36891,
    "ERROR_ACKNOWLEGE_WRONG_LENGTH": 36892,
    "ERROR_ACKNOWLEGE_SIGNATURE_INVALID": 36893,
    "ERROR_ACKNOWLEGE_TERMINAL_ID_MISMATCH": 36894,
    "ERROR_ZREPORT_PARTITION_INVALID": 36895,
    "ERROR_OPEN_CLOSE_ZREPORT_WRONG_LENGTH": 36896,
    "ERROR_CLOSE_ZREPORT_TIME_PAST": 36897,
    "ERROR_ZREPORT_SPACE_IS_FULL": 36898,
    "ERROR_CURRENT_TIME_FORMAT_INVALID": 36899,
    "ERROR_RECEIPT_TRANSACTION_TIME_FORMAT_INVALID": 36900,
    "ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS": 36902,
    "ERROR_LOCK_CHALLENGE_INVALID": 36903,
    "ERROR_LOCKED_FOREVER": 36904,
    "ERROR_CONFIGURE_WRONG_LENGTH": 36905,
    "ERROR_CONFIGURE_SIGNATURE_INVALID": 36906,
    "ERROR_CURRENT_ZREPORT_IS_EMPTY": 36907,
    "ERROR_RECEIPT_TOTAL_PRICE_ZERO": 36908,
    "ERROR_ZREPORT_IS_NOT_OPEN": 36909,
    "ERROR_ZREPORT_OPEN_TIME_FORMAT_INVALID": 36910,
    "ERROR_SALE_REFUND_COUNT_OVERFLOW": 36911,
    "ERROR_ZREPORT_IS_ALREADY_OPEN": 36912,
    "ERROR_NOT_ENOUGH_CASH_FOR_REFUND": 36913,
    "ERROR_NOT_ENOUGH_CARD_FOR_REFUND": 36914,
    "ERROR_NOT_ENOUGH_VAT_FOR_REFUND": 36915,
    "ERROR_OPEN_ZREPORT_TIME_PAST": 36916,
    "ERROR_MAINTENANCE_REQUIRED": 36917,
    "ERROR_CONFIGURE_UNLOCK_KEY_INVALID": 36918,
}
"""Card errors: the message is the name, the code the decimal of the card's status word (G1-T-05)."""

SERVICE_MESSAGES: Final[dict[int, str]] = {
    65274: "cannot check refund info",
    65275: "not valid refund info",
    65276: "bad refund info passed",
    65277: "no refund info passed",
    65278: "card command failed",
    65279: "fiscal drive locked",
    65524: "cannot decode card response",
    65525: "applet version is not supported",
    65528: "cannot save to database",
    65529: "cannot decode card response",
    65531: "cannot encode receipt",
    65532: "illegal argument",
    65533: "cannot select applet",
    65534: "cannot connect card",
    65535: "try later",
    -32600: "rpc: not a request object",
    -32601: "rpc: can't find method",
    -32700: "rpc: request body is not JSON",
}
"""Errors of the service itself, and of JSON-RPC (G1-T-07)."""


class Doing(Enum):
    """What a module was asked when it refused; one status word has several codes (uz-fiscal §3.6)."""

    READ_RECEIPT = "receipt"
    READ_ZREPORT = "zreport"
    REGISTER = "register"
    OPEN = "open"
    CLOSE = "close"
    OTHER = "other"


class Rpc1Error(Exception):
    """An error of generation 1: code, message and the chain of inner errors, outermost first (G1-T-06)."""

    clause = ""
    """The codec's rule that was broken, where one was."""

    def __init__(self, code: int, message: str, chain: tuple[str, ...] = ()) -> None:
        self.code = code
        self.message = message
        self.chain = chain
        super().__init__(message)

    @property
    def data(self) -> str | None:
        """The chain as the service prints it: a line each, continuations led by a blank."""
        return "\n ".join(self.chain) + "\n" if self.chain else None


def card_code(name: str) -> Rpc1Error:
    """A card error by its name; `data` repeats the name as the service does (G1-T-06)."""
    return Rpc1Error(CARD_CODES[name], name, (name, name))


def service_error(code: int, *chain: str) -> Rpc1Error:
    """An error of the service, with what caused it."""
    return Rpc1Error(code, SERVICE_MESSAGES[code], chain)


_TIME_FORMAT: Final = {
    Doing.OPEN: "ERROR_ZREPORT_OPEN_TIME_FORMAT_INVALID",
    Doing.CLOSE: "ERROR_CURRENT_TIME_FORMAT_INVALID",
}
_TIME_PAST: Final = {Doing.OPEN: "ERROR_OPEN_ZREPORT_TIME_PAST", Doing.CLOSE: "ERROR_CLOSE_ZREPORT_TIME_PAST"}
_NAMES: Final[dict[int, str]] = {
    StatusWord.INVALID_BCD: "ERROR_RECEIPT_FORMAT_INVALID",
    StatusWord.INVALID_TYPE: "ERROR_RECEIPT_FORMAT_INVALID",
    StatusWord.INVALID_OPERATION: "ERROR_RECEIPT_FORMAT_INVALID",
    StatusWord.INVALID_ACK_SIGNATURE: "ERROR_ACKNOWLEGE_SIGNATURE_INVALID",
    StatusWord.WRONG_TERMINAL_ID: "ERROR_ACKNOWLEGE_TERMINAL_ID_MISMATCH",
    StatusWord.INVALID_SYNC_SIGNATURE: "ERROR_CONFIGURE_SIGNATURE_INVALID",
    StatusWord.WRONG_SYNC_CHALLENGE: "ERROR_LOCK_CHALLENGE_INVALID",
    StatusWord.ZREPORT_IS_NOT_CLOSED: "ERROR_ZREPORT_IS_ALREADY_OPEN",
    StatusWord.ZREPORT_IS_ALREADY_CLOSED: "ERROR_CURRENT_ZREPORT_IS_EMPTY",
    StatusWord.SEND_ALL_RECEIPTS_FIRST: "ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED",
    StatusWord.CANNOT_CLOSE_EMPTY_ZREPORT: "ERROR_CURRENT_ZREPORT_IS_EMPTY",
    StatusWord.RECIPT_SEQ_MAX_VALUE_REACHED: "ERROR_RECEIPT_SEQ_OVERFLOW",
    StatusWord.CASH_CARD_ACCUMULATOR_OVERFLOW: "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW",
    StatusWord.VAT_ACCUMULATOR_OVERFLOW: "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW",
    StatusWord.NOT_ENOUGH_VAT_FOR_REFUND: "ERROR_NOT_ENOUGH_VAT_FOR_REFUND",
    StatusWord.TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT: "ERROR_SALE_REFUND_COUNT_OVERFLOW",
    StatusWord.TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT: "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW",
    StatusWord.TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT: "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW",
    StatusWord.TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT: "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW",
    StatusWord.CASH_ACCUMULATOR_OVERFLOW: "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW",
    StatusWord.CARD_ACCUMULATOR_OVERFLOW: "ERROR_RECEIPT_TOTAL_PRICE_OVERFLOW",
    StatusWord.ZREPORTS_MEMORY_FULL: "ERROR_ZREPORT_SPACE_IS_FULL",
    StatusWord.RECEIPTS_MEMORY_FULL: "ERROR_RECEIPT_MEMORY_FULL",
    StatusWord.NOT_ENOUGH_MEMORY: "ERROR_RECEIPT_MEMORY_FULL",
}
"""Status words with one code whatever was asked (uz-fiscal §3.6)."""


def card_error(sw: int, doing: Doing, *, cash_is_short: bool = True) -> Rpc1Error:
    """What a status word of the module becomes; `cash_is_short` decides 9035 (uz-fiscal §3.6)."""
    if sw == StatusWord.LOCKED_SYNC_WITH_SERVER:
        return service_error(65279, status_text(sw))
    name = _NAMES.get(sw) or _by_doing(sw, doing, cash_is_short)
    return card_code(name) if name else service_error(65278, status_text(sw))


def _by_doing(sw: int, doing: Doing, cash_is_short: bool) -> str | None:
    match sw:
        case StatusWord.INVALID_DATETIME:
            return _TIME_FORMAT.get(doing, "ERROR_RECEIPT_TRANSACTION_TIME_FORMAT_INVALID")
        case StatusWord.INVALID_INDEX | StatusWord.NOT_FOUND:
            of_shift = doing is Doing.READ_ZREPORT
            return "ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS" if of_shift else "ERROR_RECEIPT_INDEX_OUT_OF_BOUNDS"
        case StatusWord.ZREPORT_IS_NOT_OPENED:
            closing = doing is Doing.CLOSE
            return "ERROR_CURRENT_ZREPORT_IS_EMPTY" if closing else "ERROR_ZREPORT_IS_NOT_OPEN"
        case StatusWord.DATETIME_IS_IN_THE_PAST:
            return _TIME_PAST.get(doing, "ERROR_RECEIPT_TIME_PAST")
        case StatusWord.NOT_ENOUGH_SUM_FOR_REFUND:
            return f"ERROR_NOT_ENOUGH_{'CASH' if cash_is_short else 'CARD'}_FOR_REFUND"
    return None


def drive_error(error: DriveError, doing: Doing, *, cash_is_short: bool = True) -> Rpc1Error:
    """What an error of the core becomes (uz-fiscal §3.5)."""
    cause = error.__cause__
    match error:
        case CardError() if isinstance(cause, StatusWordError) and cause.command == "SELECT":
            return service_error(65533, error.reason)
        case CardError():
            return card_error(error.sw, doing, cash_is_short=cash_is_short)
        case CardAnswerError() if isinstance(cause, AppletVersionError):
            return service_error(65525, error.reason)
        case CardAnswerError():
            return service_error(65524, error.reason)
        case NoCardError() | DriveNotFoundError() | CardLostError() | DriveNotConfirmedError():
            return service_error(65534, error.reason)
        case SaveError():
            return service_error(65528, error.reason)
        case RefundUncheckedError():
            return service_error(65274, error.reason)
    return service_error(65535, error.reason)
