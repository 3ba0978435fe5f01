"""The till: an order becomes a fiscal receipt with no step by the cashier (UZ-POS-01).

Each order is in the book before anything is sent, and carried on from where it was after any crash. What the
service refuses is cured where a rule says how (uz-fiscal HB-04): no open shift → open one; time past or too
far ahead → state sync once, then the next free second; a full shift → close and open; blocked by unsent
receipts, or a refund of a sale that is not sent yet → have them sent. Everything else is the cashier's.
A receipt whose answer was lost is sent again only as its dialect allows (`fiscal.service.Repeat`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from reference.pos.errors import (
    DriveRefusedError,
    DriveUnreachableError,
    NotReadyError,
    OrderError,
    TillError,
)
from reference.pos.fiscal.service import FiscalService, Json, Meaning, Repeat
from reference.pos.order import Order, check_order
from reference.pos.order_book import OrderBook, Sale
from reference.pos.receipt_body import receipt_body
from reference.pos.refunds import refund_order
from reference.protocol.uz.values import format_json_time, parse_json_time, to_tashkent
from reference.runtime.clock import PartClock

SECOND: Final = timedelta(seconds=1)
TRIES: Final = 6
"""How often one order is tried in a row before it is left for later."""
_LATER: Final = (Meaning.BLOCKED, Meaning.LOCKED, Meaning.UNSURE, Meaning.KEPT)
"""What keeps an order once its cures are used up."""
_NOT_READY: Final = (Meaning.TRY_AGAIN, Meaning.TIME_WRONG, Meaning.BLOCKED, Meaning.LOCKED)
"""What says nothing of the order: the module would refuse any other, too."""


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
        drive: FiscalService,
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

    def close_day(self) -> Json:
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
            if self.drive.meaning(error) is not Meaning.SHIFT_OPEN:
                raise

    def _with_good_time(self, action: Callable[[datetime], None]) -> None:
        """Do it now; when the module says the time is wrong, once more after a state sync."""
        try:
            action(self._next_time())
        except DriveRefusedError as error:
            if self.drive.meaning(error) is not Meaning.TIME_WRONG:
                raise
            action(self._time_after_sync())

    # --- selling -------------------------------------------------------------------------------------

    def sell(self, order: Order) -> Sale:
        """Take an order and make it a fiscal receipt.

        Raises OrderError before anything is kept, DriveUnreachableError when the order is kept for later
        (UZ-SVC-03), DriveRefusedError when the service will not take it.
        """
        check_order(order, self.now().date())
        self.book.mend()
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
        answers, NotReadyError when the module takes none.
        """
        self.book.mend()
        done = []
        for sale in self.book.pending():
            if sale.order.id == but:
                continue
            try:
                done.append(self.fiscalise(sale))
            except (DriveUnreachableError, NotReadyError):
                raise
            except TillError as error:
                self.notices.add(str(error))
        return done

    def fiscalise(self, sale: Sale, *, sure: bool = False, durable: bool = True) -> Sale:
        """Bring one taken order to its answer. `sure`: another one just got its, or the module was just
        looked at, so it is not asked anew whether it is locked or without a shift; it says so itself.

        Not `durable`: where the service gives an answer again, it is only kept for good with the next step
        of any order, or by the book's `sync`.
        """
        order_id = sale.order.id
        with self._kept(order_id):
            if (found := self._found(sale)) is not None:
                return found
            if not sure:
                self._unlock()
                self.start_day()
        cured: set[Meaning] = set()
        for _ in range(TRIES):
            try:
                return self._register(sale, durable=durable)
            except DriveRefusedError as error:
                sale = self._cure(self.book.sale(order_id), error, cured)
                if sale.answer is not None:
                    return sale
        raise DriveUnreachableError(f"order {order_id} is kept: the service keeps refusing")

    def settle(self, order_id: str, answer: Json | None) -> Sale:
        """What a person knows of an order whose answer was lost: its answer, or None when it was not made.

        OrderError for an order that no try may have made.
        """
        sale = self.book.sale(order_id)
        if not sale.pending or not sale.attempts:
            raise OrderError("order", f"order {order_id} waits for no lost answer")
        if answer is not None:
            return self.book.answer(order_id, answer)
        while sale.attempts:
            sale = self.book.withdraw(order_id)
        return sale

    def _register(self, sale: Sale, *, durable: bool) -> Sale:
        """The steps of the dialect, each noted before it is made."""
        order_id, drive = sale.order.id, self.drive
        if sale.receipt is None:
            sale = self.book.prepare(order_id, receipt_body(sale.order, self._next_time()))
        receipt = sale.receipt
        assert receipt is not None
        txid = drive.begin(receipt) if sale.txid is None else None
        if drive.repeat(receipt) is Repeat.SAFE:
            sale = self.book.attempt(order_id, txid=txid)
            return self.book.answer(order_id, drive.finish(sale), durable=durable)
        mark = drive.mark(receipt)
        return self._send(self.book.attempt(order_id, mark, format_json_time(self.now()), txid=txid))

    def _send(self, sale: Sale) -> Sale:
        """One try where a repeat is not safe: one that certainly did nothing is taken back."""
        order_id = sale.order.id
        try:
            answer = self.drive.finish(sale)
        except DriveUnreachableError as error:
            if not error.sent:
                self.book.withdraw(order_id)
            raise
        except DriveRefusedError as error:
            assert sale.receipt is not None
            unnumbered = self.drive.repeat(sale.receipt) is Repeat.NEVER  # refused, it is stored nowhere
            if unnumbered or self.drive.meaning(error).certain:
                self.book.withdraw(order_id)
            raise
        return self.book.answer(order_id, answer)

    def _found(self, sale: Sale, *, refused: bool = False) -> Sale | None:
        """What became of tries without an answer, where that has to be known before anything else is done.

        `refused`: a later try was refused for certain, so the receipt is about to be changed or given up.
        UndecidedError when nobody can say.
        """
        if sale.receipt is None or not sale.attempts:
            return None
        repeat = self.drive.repeat(sale.receipt)
        if repeat is Repeat.SAFE or (repeat is Repeat.NAMED and not refused):
            return None
        return self._asked_for(sale)

    def _asked_for(self, sale: Sale) -> Sale | None:
        others = {
            int(other.answer["ReceiptSeq"])
            for other in self.book.answered()
            if other.answer is not None and other.answer.get("ReceiptSeq")
        }
        answer = self.drive.lost(sale, others, self.now(), self._qr_base)
        return None if answer is None else self.book.answer(sale.order.id, answer)

    # --- cures ---------------------------------------------------------------------------------------

    def _cure(self, sale: Sale, error: DriveRefusedError, cured: set[Meaning]) -> Sale:
        """Do what a rule says about a refusal and give the sale as it then stands; else raise."""
        order_id, meaning = sale.order.id, self.drive.meaning(error)
        if meaning is Meaning.TRY_AGAIN and meaning in cured:
            raise DriveUnreachableError(f"order {order_id} is kept: {error.reason}") from error
        with self._kept(order_id):
            if (found := self._found(sale, refused=meaning.certain)) is not None:
                return found
            if meaning not in cured:
                cured.add(meaning)
                if (better := self._bettered(sale, meaning)) is not None:
                    return better
        hopeless = meaning is Meaning.TIME_WRONG and not self.drive.syncs_state
        if hopeless or meaning in _LATER:
            raise self._waits(order_id, error) from error
        self.book.refuse(order_id, error.reason)
        raise error

    @contextmanager
    def _kept(self, order_id: str) -> Iterator[None]:
        """What the service refuses on the way to a registration refuses no order for good."""
        try:
            yield
        except DriveRefusedError as error:
            raise self._waits(order_id, error) from error

    def _waits(self, order_id: str, error: DriveRefusedError) -> TillError:
        """That the order is kept, and whether those behind it have to wait with it."""
        kind = NotReadyError if self.drive.meaning(error) in _NOT_READY else TillError
        return kind(f"order {order_id} is kept: {error.reason}")

    def _bettered(self, sale: Sale, meaning: Meaning) -> Sale | None:
        """The sale after the cure of this refusal, None where there is none."""
        match meaning:
            case Meaning.TRY_AGAIN:
                return sale
            case Meaning.NO_SHIFT:
                self._open_shift()
            case Meaning.TIME_WRONG:
                return self._anew(sale, self._time_after_sync())
            case Meaning.SHIFT_FULL:
                self._with_good_time(self.drive.close_shift)
                self._open_shift()
            case Meaning.TXID_UNKNOWN:
                return self._asked_for(sale) or self._anew(sale)
            case Meaning.BLOCKED:
                self._send_backlog()
            case Meaning.ORIGINAL_UNKNOWN:
                self._tell_operator(sale)
            case _:
                return None
        return self._anew(sale)

    def _tell_operator(self, sale: Sale) -> None:
        """Have everything sent that the operator may not have seen. TillError while anything is left.

        The service may be sending by itself and refuse to be told, so that only a refusal which comes when
        nothing is left to send is the operator's last word.
        """
        if self.drive.sends_at_once:
            self._send_backlog()
        if self.drive.facts().unsent == 0:
            return
        if not self.drive.sends_at_once:
            self._send_backlog()
        raise TillError(f"order {sale.order.id} is kept: the operator may not have seen its sale yet")

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

    def _unlock(self) -> None:
        """A locked module is synced once before selling (uz-fiscal HB-06); where there is no state sync, the
        receipt is tried: only its refusal says that the lock is gone."""
        if self.drive.syncs_state and self.drive.locked():
            self.drive.sync_state()
            if self.drive.locked():
                raise NotReadyError("the fiscal module is locked by the operator")

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
        if self.drive.syncs_state:
            try:
                self.drive.sync_state()
            except DriveRefusedError as error:
                self.notices.add(f"state sync failed: {error.reason}")  # the sale goes on without it (HB-05)
        last = self.drive.last_operation()
        self._last_time = self.now() if last is None else max(self.now(), last + SECOND)
        return self._last_time
