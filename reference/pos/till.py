"""The till: an order becomes a fiscal receipt with no step by the cashier (UZ-POS-01).

Each order is in the book before anything is sent, and carried on from where it was after any crash. What the
service refuses is cured where a rule says how (uz-fiscal HB-04): no open shift → open one; time past or too
far ahead → state sync once, then the next free second; a full shift → close and open; blocked by unsent
receipts, or a refund of a sale that is not sent yet → have them sent. Everything else is the cashier's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from reference.pos.drive_client import DriveClient
from reference.pos.errors import DriveRefusedError, DriveUnreachableError, TillError
from reference.pos.order import Order, check_order
from reference.pos.order_book import OrderBook, Sale
from reference.pos.receipt_body import receipt_body
from reference.pos.refunds import refund_order
from reference.protocol.uz.qr import qr_url
from reference.protocol.uz.values import format_json_time, parse_json_time, to_tashkent
from reference.runtime.clock import PartClock

SECOND: Final = timedelta(seconds=1)
TRIES: Final = 6
"""How often one order is tried in a row before it is left for later."""

NO_SHIFT: Final = ("9021", "zreport_is_not_opened")
SHIFT_OPEN: Final = ("9022", "zreport_is_not_closed", "already_open")
TIME_WRONG: Final = ("9030", "9091", "datetime_sync_with_server", "receipt time is in the past")
SHIFT_FULL: Final = ("9040", "9041", "9042", "9043")
LOCKED: Final = ("9090", "locked_sync_with_server")
UNKNOWN_TXID: Final = ("no record found",)
TRY_AGAIN: Final = (
    "card connection lost",
    "no card found",
    "fiscal drive not found",
    "cannot save to database",
)
CARD_WORD: Final = re.compile(r"[0-9A-Fa-f]{4} - ")
"""How the module's own refusals begin; what stays of them when the cures are used up is final."""
BLOCKED: Final = ("9031", "90f1", "90ff")
NOT_KNOWN: Final = ("refundinfo is not valid",)
"""The operator does not know the sale: perhaps only because it waits to be sent."""


@dataclass(slots=True)
class Notices:
    """What the cashier should know, in the order it came up."""

    texts: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Say something once."""
        if text not in self.texts:
            self.texts.append(text)


class Till:
    """One till on one service. `clock` is the PC's; `qr_base` only serves receipts found again in the
    module."""

    def __init__(
        self,
        drive: DriveClient,
        book: OrderBook,
        clock: PartClock,
        *,
        qr_base: str = "http://127.0.0.1:13448/check",
    ) -> None:
        self.drive = drive
        self.book = book
        self.clock = clock
        self.notices = Notices()
        self._qr_base = qr_base
        self._last_time: datetime | None = None

    # --- the day -------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The PC's time, Tashkent local."""
        return to_tashkent(self.clock.now())

    def start_day(self) -> None:
        """Open the shift if none is open; warn of one that yesterday left open (UZ-SHF-08)."""
        shift = self.drive.shift()
        if shift is None or shift.get("CloseTime"):
            self._open_shift()
            return
        opened = parse_json_time(str(shift["OpenTime"]))
        if opened.date() < self.now().date():
            self.notices.add(f"Shift of {opened:%Y-%m-%d} is still open: close it (day's end was forgotten)")

    def close_day(self) -> dict[str, Any]:
        """Close the shift; its Z-report."""
        self.finish_pending()
        self._with_good_time(self.drive.close_shift)
        report = self.drive.shift()
        assert report is not None
        return report

    def _open_shift(self) -> None:
        try:
            self._with_good_time(self.drive.open_shift)
        except DriveRefusedError as error:
            if not error.says(*SHIFT_OPEN):
                raise

    def _with_good_time(self, action: Callable[[datetime], None]) -> None:
        """Do it now; when the module says the time is wrong, once more after a state sync."""
        try:
            action(self._next_time())
        except DriveRefusedError as error:
            if not error.says(*TIME_WRONG):
                raise
            action(self._time_after_sync())

    # --- selling -------------------------------------------------------------------------------------

    def sell(self, order: Order) -> Sale:
        """Take an order and make it a fiscal receipt.

        Raises OrderError before anything is kept, DriveUnreachableError when the order is kept for later
        (UZ-SVC-03), DriveRefusedError when the service will not take it.
        """
        check_order(order, self.now().date())
        sale = self.book.take(order)
        self.finish_pending(but=order.id)
        return self.fiscalise(sale)

    def refund(self, order_id: str, refund_id: str, wanted: Mapping[int, int] | None = None) -> Sale:
        """Give back a sale, wholly or in part (UZ-POS-03); OverRefundError for more than is left."""
        sale = self.book.sale(order_id)
        return self.sell(refund_order(sale, self.book.refunds_of(order_id), refund_id, wanted))

    def finish_pending(self, but: str = "") -> list[Sale]:
        """Carry on every order that has no answer yet, oldest first; those that now got one.

        An order that cannot be carried on yet stops nobody behind it. DriveUnreachableError when nothing
        answers.
        """
        done = []
        for sale in self.book.pending():
            if sale.order.id == but:
                continue
            try:
                done.append(self.fiscalise(sale))
            except DriveUnreachableError:
                raise
            except TillError as error:
                self.notices.add(str(error))
        return done

    def fiscalise(self, sale: Sale) -> Sale:
        """Bring one taken order to its answer."""
        self._unlock()
        self.start_day()
        cured: set[str] = set()
        for _ in range(TRIES):
            try:
                return self._two_steps(sale)
            except DriveRefusedError as error:
                sale = self._cure(self.book.sale(sale.order.id), error, cured)
                if sale.answer is not None:
                    return sale
        raise DriveUnreachableError(f"order {sale.order.id} is kept: the service keeps refusing")

    def _two_steps(self, sale: Sale) -> Sale:
        """GetTXID and RegisterTXID, each noted before it is made."""
        order_id = sale.order.id
        if sale.receipt is None:
            sale = self.book.prepare(order_id, receipt_body(sale.order, self._next_time()))
        assert sale.receipt is not None
        if sale.txid is None:
            sale = self.book.store(order_id, self.drive.get_txid(sale.receipt))
        assert sale.txid is not None
        self.book.attempt(order_id)
        return self.book.answer(order_id, self.drive.register(sale.txid))

    # --- cures ---------------------------------------------------------------------------------------

    def _cure(self, sale: Sale, error: DriveRefusedError, cured: set[str]) -> Sale:
        """Do what a rule says about a refusal and give the sale as it then stands; else raise."""
        if error.says(*TRY_AGAIN):
            if "link" in cured:
                raise DriveUnreachableError(f"order {sale.order.id} is kept: {error.reason}") from error
            cured.add("link")
            return sale
        if error.says(*NO_SHIFT) and "shift" not in cured:
            cured.add("shift")
            self._open_shift()
            return self._anew(sale)
        if error.says(*TIME_WRONG) and "time" not in cured:
            cured.add("time")
            return self._anew(sale, self._time_after_sync())
        if error.says(*SHIFT_FULL) and "full" not in cured:
            cured.add("full")
            self._with_good_time(self.drive.close_shift)
            self._open_shift()
            return self._anew(sale)
        if error.says(*UNKNOWN_TXID) and "lost" not in cured:
            cured.add("lost")
            return self._found_in_module(sale) or self._anew(sale)
        if error.says(*BLOCKED) and "backlog" not in cured:
            cured.add("backlog")
            self._send_backlog()
            return self._anew(sale)
        if error.says(*NOT_KNOWN) and "original" not in cured:
            cured.add("original")
            self._send_backlog()
            return self._anew(sale)
        if error.says(*LOCKED, *BLOCKED) or (error.status >= 500 and not CARD_WORD.match(error.reason)):
            raise TillError(f"order {sale.order.id} is kept: {error.reason}") from error
        self.book.refuse(sale.order.id, error.reason)
        raise error

    def _send_backlog(self) -> None:
        """Let the service send what the module still holds; a block by unsent receipts ends so (UZ-
        OFF-04)."""
        try:
            while self.drive.send_receipts():
                pass
        except DriveRefusedError as error:
            self.notices.add(f"unsent receipts: {error.reason}")  # HB-05

    def _anew(self, sale: Sale, time: datetime | None = None) -> Sale:
        """The same order as a new receipt with another time."""
        return self.book.prepare(sale.order.id, receipt_body(sale.order, time or self._next_time()))

    def _found_in_module(self, sale: Sale) -> Sale | None:
        """The answer to a sale whose TXID the service has lost, read from the module itself, if it is
        there."""
        if sale.receipt is None or not sale.attempts:
            return None
        index = 0
        while (held := self.drive.receipt(index)) is not None and held["Time"] >= sale.receipt["Time"]:
            if all(held[name] == sale.receipt[name] for name in ("Time", "ReceivedCash", "ReceivedCard")):
                return self.book.answer(sale.order.id, self._answer_from(held))
            index += 1
        return None

    def _answer_from(self, held: dict[str, Any]) -> dict[str, Any]:
        terminal, seq, sign = (
            str(held["TerminalID"]),
            int(held["ReceiptSeq"]),
            str(held.get("FiscalSign", "")),
        )
        time = parse_json_time(str(held["Time"]))
        address = qr_url(self._qr_base, terminal, seq, time, sign) if sign else ""
        return {
            "TerminalID": terminal,
            "ReceiptSeq": seq,
            "DateTime": format_json_time(time),
            "FiscalSign": sign,
            "QRCodeURL": address,
        }

    def _unlock(self) -> None:
        """A locked module is synced once before selling (uz-fiscal HB-06)."""
        if self.drive.info().get("Locked"):
            self.drive.sync_state()
            if self.drive.info().get("Locked"):
                raise TillError("the fiscal module is locked by the operator")

    # --- time ----------------------------------------------------------------------------------------

    def _next_time(self) -> datetime:
        """Now, but never a second used before: two operations never share one (uz-fiscal TM-05)."""
        time = self.now()
        if self._last_time is not None and time <= self._last_time < time + timedelta(minutes=5):
            time = self._last_time + SECOND
        self._last_time = time
        return time

    def _time_after_sync(self) -> datetime:
        """State sync, then max(now, last operation + 1 s) (uz-fiscal HB-04)."""
        try:
            self.drive.sync_state()
        except DriveRefusedError as error:
            self.notices.add(f"state sync failed: {error.reason}")  # the sale goes on without it (HB-05)
        last = parse_json_time(str(self.drive.memory()["LastOperationTime"]))
        self._last_time = max(self.now(), last + SECOND)
        return self._last_time
