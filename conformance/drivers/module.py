"""Driver of a module under test: the judge's host, and preparation relative to what the module says of
itself.

Preparation never assumes a state: it reads the last operation, unlocks with a sync file of the judge's own
(signed with the public test keys), acknowledges what is held, and opens or closes shifts as a case asks.
"""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from conformance.drivers.module_host import SECOND, TWO_DAYS, Answer, ModuleHost, Word
from conformance.drivers.present import present
from conformance.drivers.wire import Tap, Wire
from conformance.events import Layer
from conformance.verdicts import CaseFailed, Inconclusive, NotApplicable
from reference.links.link import Link
from reference.protocol.uz import apdu, standin, values
from reference.protocol.uz.apdu import status_text
from reference.protocol.uz.objects import ReceiptInfo
from reference.protocol.uz.standin import SyncFlags
from reference.protocol.uz.total_block import TotalBlock

if TYPE_CHECKING:
    from conformance.controls import Control
    from conformance.session import Session

__all__ = ["SECOND", "TWO_DAYS", "Answer", "ModuleDriver", "Sold", "Word"]

Shift = Literal["open", "closed", "fresh", "ended"]
PURCHASE, ADVANCE, CREDIT = 0, 1, 2
SALE, REFUND = 0, 1
SMALL_SALE = 100_000


class Reporter(Protocol):
    """What a driver needs of the case's context."""

    rng: random.Random

    def step(self, text: str) -> None:
        """Say what is done next."""

    def preparing(self, what: str) -> AbstractContextManager[None]:
        """Make failures inside inconclusive."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A registered receipt: the block that went in and what the module answered."""

    block: TotalBlock
    raw: bytes
    sign: ReceiptInfo
    answer: Answer

    @property
    def seq(self) -> int:
        """The receipt's number."""
        return present(self.sign.receipt_seq, "a3.02")

    @property
    def time(self) -> datetime:
        """The receipt's time."""
        return self.block.time


class ModuleDriver(ModuleHost):
    """The module under test; see docs/writing-cases.md for the usual ways to use it."""

    def __init__(self, session: Session, link: Link, tap: Tap, reporter: Reporter) -> None:
        super().__init__(link, tap)
        self._session = session
        self._reporter = reporter
        self._terminal = ""

    # preparation

    def ready(self, shift: Shift | None = None) -> datetime:
        """An unlocked module without unacknowledged receipts, its shift as asked; returns the last operation.

        `shift`: `open` keeps one that is open, `fresh` opens a new one, `closed` leaves none open, `ended`
        neither, with a closed one there; None leaves it. Whatever fails here makes the case inconclusive.
        """
        with self._reporter.preparing(f"unlocked, nothing held, shift {shift or 'as it is'}"):
            self._unlock()
            self.acknowledge_receipts()
            if shift is not None:
                self._bring_shift(shift)
            return self.last_operation

    def fresh(self, **settings: object) -> None:
        """A new module with these settings, by its control API (needs `fresh-module`); still locked by
        default.

        Settings are those of the module's control reset: terminal, blocks, start_locked, last_operation,
        limits…
        """
        with self._reporter.preparing(f"a new module with {settings or 'its default settings'}"):
            self.close()
            self._terminal = ""
            self.control.reset(**settings)

    @property
    def control(self) -> Control:
        """The module's control API (needs `control`)."""
        return self._session.control("module")

    def _unlock(self) -> None:
        info = self.info()
        if not info.locked and not info.pos_locked:
            return
        self._need_test_keys()
        self.demand(apdu.sync(self.sync_file(lock=False if info.locked else None, undo_pos_lock=True)))
        if self.info().locked:
            raise Inconclusive("the module stays locked after a sync that unlocks it", clause="FM-Y-02")

    def _bring_shift(self, shift: Shift) -> None:
        current = self.transmit(apdu.get_zreport_info(0, ()))
        is_open = current.ok and self.shift(0).close_time is None
        if is_open and shift == "open":
            return
        begun = shift == "ended" and not current.ok
        if begun:
            self._demand_done("open", self.open())
        if is_open or begun:
            self._close_open_shift()
        if "test-keys" in self._session.capabilities:
            self.acknowledge_shifts()
        if shift not in ("closed", "ended"):
            self._demand_done("open", self.open())

    def _close_open_shift(self) -> None:
        current = self.shift(0)
        if not current.sales and not current.refunds:
            self.sell()
            self.acknowledge_receipts()
        self._demand_done("close", self.close_shift())

    @staticmethod
    def _demand_done(what: str, answer: Answer) -> None:
        if not answer.ok:
            raise CaseFailed(f"{what} answers {status_text(answer.sw)}", observed=status_text(answer.sw))

    def _need_test_keys(self) -> None:
        if "test-keys" not in self._session.capabilities:
            raise NotApplicable("the module does not take files signed with the public test keys")

    # the operator's files, made with the public test keys

    @property
    def terminal(self) -> str:
        """The module's terminal id, read once."""
        if not self._terminal:
            self._terminal = present(self.info((0x03,)).terminal_id, "a0.03")
        return self._terminal

    def ack_file(self, sold: Sold | int, *, terminal: str = "", time: datetime | None = None) -> bytes:
        """AckFile of a receipt, by what `sell` returned or by its number (S-17.5)."""
        seq = sold if isinstance(sold, int) else sold.seq
        return standin.make_ack_file(
            standin.AckKind.RECEIPT,
            terminal or self.terminal,
            values.encode_bcd8(seq),
            time or self.last_operation,
        )

    def shift_ack_file(
        self, close_time: datetime, *, terminal: str = "", time: datetime | None = None
    ) -> bytes:
        """AckFile of the Z-report closed at `close_time` (S-17.5)."""
        return standin.make_ack_file(
            standin.AckKind.ZREPORT,
            terminal or self.terminal,
            values.encode_time(close_time),
            time or close_time,
        )

    def sync_file(
        self,
        *,
        lock: bool | None = None,
        undo_pos_lock: bool = False,
        time: datetime | None = None,
        challenge: bytes | None = None,
        terminal: str = "",
    ) -> bytes:
        """SyncFile for the module's present challenge (S-17.6). `lock` None leaves the lock as it is.

        `time` is the operator's; by default the last operation, so that nothing moves.
        """
        flags = SyncFlags.UNDO_POS_LOCK if undo_pos_lock else SyncFlags.NONE
        if lock is not None:
            flags |= SyncFlags.CHANGE_LOCK | (SyncFlags.LOCKED if lock else SyncFlags.NONE)
        if challenge is None:
            challenge = present(self.info().sync_challenge, "a0.04")
        return standin.make_sync_file(
            flags, terminal or self.terminal, challenge, time or self.last_operation
        )

    def sync(self, **asked: object) -> Answer:
        """SYNC with a file of `sync_file`'s arguments."""
        return self.transmit(apdu.sync(self.sync_file(**asked)))  # type: ignore[arg-type]

    def acknowledge(self, sold: Sold | int, index: int | None = None) -> Answer:
        """ACK one receipt; `index` is the hint (None: FFFF)."""
        return self.transmit(apdu.ack(self.ack_file(sold), index))

    def acknowledge_receipts(self) -> int:
        """ACK every held receipt, newest first; returns how many. Inconclusive when that frees nothing."""
        count = 0
        while left := self._held():
            self._need_test_keys()
            held = self.receipt_file(0)
            seq = present(held.receipt_seq, "a5.02")
            self.demand(apdu.ack(self.ack_file(seq), held.index))
            if self._held() >= left:
                raise Inconclusive(f"receipt {seq} stays held after its acknowledgement", clause="FM-A-02")
            count += 1
        return count

    def _held(self) -> int:
        return present(self.memory((0x06,)).receipts_count, "a1.06")

    def acknowledge_shifts(self) -> int:
        """ACK every closed Z-report that is not; returns how many. Inconclusive when one stays so."""
        done: set[datetime] = set()
        while indexes := self.unacknowledged_shifts():
            self._need_test_keys()
            for index in indexes:
                file = self.shift_file(index)
                close_time = present(file.close_time, "a4.02")
                if close_time in done:
                    raise Inconclusive(f"the Z-report of {close_time} stays unacknowledged", clause="FM-A-03")
                self.demand(apdu.ack(self.shift_ack_file(close_time), file.index))
                done.add(close_time)
        return len(done)

    # receipts

    def block(
        self,
        *,
        time: datetime | None = None,
        cash: int = SMALL_SALE,
        card: int = 0,
        vat: int = 0,
        type: int = PURCHASE,
        operation: int = SALE,
        items: int = 1,
        items_hash: bytes | None = None,
        extra: bytes = b"",
    ) -> TotalBlock:
        """A total block one second after the last operation, of a random items hash unless one is given."""
        return TotalBlock(
            items_hash=self._reporter.rng.randbytes(32) if items_hash is None else items_hash,
            cash=cash,
            card=card,
            vat=vat,
            time=time or self.next_time(),
            type=type,
            operation=operation,
            items_count=items,
            extra=extra,
        )

    def register_block(self, block: TotalBlock) -> Answer:
        """RECEIPT_REGISTER of a block; `register` takes bytes that need not be one."""
        return self.register(block.encode())

    def sell(self, block: TotalBlock | None = None, **fields: object) -> Sold:
        """Register a block (made of `fields` as in `block`) that the module must take."""
        block = block or self.block(**fields)  # type: ignore[arg-type]
        command = apdu.receipt_register(block.encode())
        answer = self.demand(command)
        return Sold(block, block.encode(), self.sign_of(answer), answer)

    def sign_of(self, answer: Answer) -> ReceiptInfo:
        """Decoded FiscalSignInfo of a registration's answer."""
        return self.read_answer(answer, ReceiptInfo.decode)

    # the bare link

    def raw(self) -> Wire:
        """The module's TCP connection with nothing done on it, for broken frames (needs `raw-link`)."""
        self.close()
        return Wire(self._session.target.endpoint, self._tap, Layer.LINK, self._session.seconds)
