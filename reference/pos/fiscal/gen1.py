"""What the faces of generation 1 share: refusals by name, answers, Z-reports, lost receipts (uz-fiscal §3).

Texts become the one form of `service.py` here: numbers from text, times with dashes, sums nested.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from reference.pos.errors import DriveRefusedError, DriveUnreachableError, UndecidedError
from reference.pos.fiscal.service import TYPES, Dialect, Json, Meaning, ModuleFacts, Repeat
from reference.pos.fiscal.wire import JsonWire
from reference.pos.order_book import Sale
from reference.pos.way import Way
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.values import format_json_time, parse_compact_time, parse_json_time

OK: Final = 200
_DIGITS_OF_TIME: Final = 14
_MEANINGS: Final = (
    (Meaning.NO_SHIFT, ("error_zreport_is_not_open",)),
    (Meaning.SHIFT_OPEN, ("error_zreport_is_already_open",)),
    (Meaning.TIME_WRONG, ("_time_past", "datetime_sync_with_server")),
    (Meaning.SHIFT_FULL, ("error_sale_refund_count_overflow", "error_receipt_total_price_overflow")),
    (Meaning.BLOCKED, ("error_receipt_store_days_limit_exceeded", "error_receipt_memory_full")),
    (Meaning.LOCKED, ("fiscal drive locked", "error_locked_forever", "error_maintenance_required")),
    (Meaning.ORIGINAL_UNKNOWN, ("not valid refund info",)),
    (Meaning.TRY_AGAIN, ("cannot connect card", "cannot select applet", "cannot save to database")),
    (
        Meaning.UNSURE,
        ("card command failed", "cannot decode card response", "try later", "fiscal_drive_is_not_working"),
    ),
    (
        Meaning.KEPT,
        (
            "cannot check refund info",
            "applet version is not supported",
            "error_zreport_space_is_full",
            "can't find method",
            "wrong_token",
            "no_such_method_available",
        ),
    ),
)
"""Names and texts of uz-fiscal §3.5 and §13.2; clients look for a part of the answer (G1-T-05)."""


class Gen1Service(ABC):
    """One service of generation 1. Sending is its own affair: `send_receipts` only wakes it."""

    dialect: Dialect
    syncs_state = False
    sends_at_once = False

    def __init__(self, url: str, factory_id: str = "", way: Way | None = None) -> None:
        self._wire = JsonWire(url, way)
        self._factory_id = factory_id
        self._refused_as_locked = False

    @property
    def address(self) -> str:
        """Where it is."""
        return self._wire.address

    @property
    def factory_id(self) -> str:
        """The module that was named; the dialect's own way to name one is the subclass's."""
        return self._factory_id

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    # --- the module ----------------------------------------------------------------------------------

    @abstractmethod
    def facts(self) -> ModuleFacts:
        """What the cashier sees of it."""

    def locked(self) -> bool | None:
        """True when it refused the last operation so; generation 1 does not say it otherwise."""
        return True if self._refused_as_locked else None

    def sync_state(self) -> None:
        """Generation 1 has none (uz-fiscal §3.2)."""
        raise DriveRefusedError(OK, f"{self.dialect.label} has no state sync")

    @abstractmethod
    def zreport(self, number: int) -> Json:
        """A flat Z-report (uz-fiscal §9.1), Number 0 the current slot."""

    def shift(self, index: int = 0) -> Json | None:
        """The slots without the empty current one (G1-Z-01): 0 is the newest Z-report that was opened."""
        try:
            current = self.zreport(0)
            number = index if current.get("OpenTime") else index + 1
            return nested(current if number == 0 else self.zreport(number))
        except DriveRefusedError as error:
            if error.says("error_zreport_index_out_of_bounds"):
                return None
            raise

    def asked(self, call: Any) -> Any:
        """The outcome of an operation of the module, by which a lock is learned."""
        try:
            outcome = call()
        except DriveRefusedError as error:
            self._refused_as_locked = self.meaning(error) is Meaning.LOCKED
            raise
        self._refused_as_locked = False
        return outcome

    # --- receipts ------------------------------------------------------------------------------------

    def begin(self, _receipt: Json) -> None:
        """There is one step."""
        return

    def repeat(self, receipt: Json) -> Repeat:
        """Advance and credit receipts get no number, and nothing can be asked for them (G1-Z-09)."""
        return Repeat.NEVER if is_unnumbered(receipt) else self.repeat_numbered

    repeat_numbered = Repeat.LOOK

    @abstractmethod
    def mark(self, receipt: Json, /) -> Json:
        """`seq`: the module's last number."""

    @abstractmethod
    def send(self, sale: Sale, receipt: Json, /) -> Json:
        """Have the receipt registered; the answer in generation 1's form."""

    def finish(self, sale: Sale) -> Json:
        """Send the receipt; DriveRefusedError for a kind that the dialect has not."""
        receipt = sale.receipt
        assert receipt is not None
        if is_unnumbered(receipt) and receipt.get("Operation"):
            kind = TYPES[int(receipt["Type"])]
            raise DriveRefusedError(OK, f"generation 1 gives no {kind} back: it has no number")
        return answer_of(self.asked(lambda: self.send(sale, receipt)))

    @abstractmethod
    def find(self, sale: Sale, doubt: Collection[int], now: datetime, /) -> Json | None:
        """The receipt among the numbers in doubt, None when it is none of them; UndecidedError."""

    @abstractmethod
    def last_number(self) -> int:
        """The module's last receipt number, 0 before the first."""

    def lost(self, sale: Sale, others: Collection[int], now: datetime, _qr_base: str) -> Json | None:
        """Look at the numbers that the module gave out since the mark and that are no other order's."""
        if sale.receipt is None or not sale.attempts:
            return None
        if is_unnumbered(sale.receipt):
            raise UndecidedError(
                f"order {sale.order.id} is kept: its answer was lost, and {self.dialect.label} cannot be "
                "asked for a receipt without a number"
            )
        before, last = int((sale.mark or {}).get("seq", 0)), self.last_number()
        if last < before:
            raise undecided(sale, f"the module counts {last} receipts, fewer than the {before} of before")
        return self.find(sale, in_doubt(before, last, others), now)

    def meaning(self, error: DriveRefusedError) -> Meaning:
        """By the names that clients compare (G1-T-05)."""
        if error.status != OK:
            return Meaning.UNSURE
        for meaning, words in _MEANINGS:
            if error.says(*words):
                return meaning
        return Meaning.FINAL


def is_unnumbered(receipt: Json) -> bool:
    """Whether the receipt never reaches the module of generation 1 (G1-Z-09)."""
    return bool(receipt.get("Type"))


def in_doubt(before: int, last: int, others: Collection[int]) -> list[int]:
    """Numbers after `before` that are not known to be another order's."""
    return [number for number in range(before + 1, last + 1) if number not in others]


def undecided(sale: Sale, why: str) -> UndecidedError:
    """Nobody can say what became of the order, and why."""
    return UndecidedError(f"order {sale.order.id} is kept: its answer was lost, and {why}")


def reason_of(message: str, data: object) -> str:
    """Message and inner errors of an error in one line; the service repeats the message in `data`."""
    lines = [line.strip() for line in data.splitlines()] if isinstance(data, str) else []
    inner = [line for line in lines if line and line != message]
    return f"{message}: {'; '.join(inner)}" if inner else message


def time_of(text: object, where: str) -> datetime | None:
    """A time in 14 digits or with dashes, None for a blank one (TM-03)."""
    given = str(text or "").strip()
    if not given:
        return None
    try:
        compact = len(given) == _DIGITS_OF_TIME and given.isdigit()
        return parse_compact_time(given, where) if compact else parse_json_time(given[:19], where)
    except CodecError as error:
        raise DriveUnreachableError(f"fiscal service's answer cannot be read: {error}") from error


def number_of(value: object, where: str) -> int:
    """A number, as text or not; blank is 0."""
    text = str("" if value is None else value).strip()
    if text and not text.isdigit():
        raise DriveUnreachableError(f"fiscal service's answer cannot be read: {where} is {value!r}")
    return int(text or 0)


def answer_of(found: object) -> Json:
    """The answer to a registration in the one form; ReceiptSeq is None where there is none (G1-Z-09).

    DriveUnreachableError for an answer that holds less: then it is not known what was done.
    """
    told = found if isinstance(found, dict) else {}
    made = time_of(told.get("DateTime"), "DateTime")
    if made is None or not told.get("TerminalID"):
        raise DriveUnreachableError(f"fiscal service's answer cannot be read: {str(found)[:200]}")
    return {
        "TerminalID": str(told["TerminalID"]),
        "ReceiptSeq": number_of(told.get("ReceiptSeq"), "ReceiptSeq") or None,
        "DateTime": format_json_time(made),
        "FiscalSign": str(told.get("FiscalSign") or ""),
        "QRCodeURL": str(told.get("QRCodeURL") or ""),
    }


def unsigned(terminal: str, number: int, made: datetime) -> Json:
    """The answer of a receipt of which the dialect only gives the number again."""
    return {
        "TerminalID": terminal,
        "ReceiptSeq": number,
        "DateTime": format_json_time(made),
        "FiscalSign": "",
        "QRCodeURL": "",
    }


def nested(flat: Json) -> Json:
    """A flat Z-report as REST has it (uz-fiscal §9.2); CloseTime is left out while it is open."""

    def time(name: str) -> dict[str, str]:
        found = time_of(flat.get(name), name)
        return {} if found is None else {name: format_json_time(found)}

    def both(kind: str) -> dict[str, int]:
        return {
            side: number_of(flat.get(f"Total{side}{kind}"), f"Total{side}{kind}")
            for side in ("Sale", "Refund")
        }

    counted = ("FirstReceiptSeq", "LastReceiptSeq", "TotalSaleCount", "TotalRefundCount")
    return {
        "TerminalID": str(flat.get("TerminalID") or ""),
        **time("OpenTime"),
        **time("CloseTime"),
        **{name: number_of(flat.get(name), name) for name in counted},
        **{f"Total{kind}": both(kind) for kind in ("Cash", "Card", "VAT")},
    }


def gen1_receipt(receipt: Json) -> Json:
    """A receipt as generation 1 has it: the method says the kind, numbers of receipts are text (uz-fiscal
    §3.4)."""
    whole = {
        name: value for name, value in receipt.items() if name not in ("Type", "Operation", "RefundInfo")
    }
    refund = receipt.get("RefundInfo")
    if refund is None:
        return whole
    return whole | {"RefundInfo": {**refund, "ReceiptSeq": str(refund["ReceiptSeq"])}}


def same_sums(receipt: Json, cash: object, card: object) -> bool:
    """Whether sums that were read again are the receipt's."""
    return (number_of(cash, "cash"), number_of(card, "card")) == (
        receipt["ReceivedCash"],
        receipt["ReceivedCard"],
    )


def newest_first(numbers: Iterable[int]) -> list[int]:
    """Numbers from the newest: what a till lost is near the end."""
    return sorted(numbers, reverse=True)
