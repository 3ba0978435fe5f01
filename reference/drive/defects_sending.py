"""Mistakes on the way to the operator and back to the module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from typing_extensions import override

from reference.drive.delivery import Consignment, Delivery, Parcel, SyncItem
from reference.drive.errors import NotActiveError
from reference.drive.mistakes import Mistake
from reference.drive.operator import Operator
from reference.drive.outbox import LARGEST_BATCH, Outbox
from reference.drive.records import FileState, ReceiptFileRow, Settled
from reference.drive.recovery import Recovery
from reference.drive.store import ReceiptStore
from reference.drive.sync import Synchroniser
from reference.links.address import Endpoint
from reference.links.errors import StatusWordError
from reference.links.module import ModuleSession
from reference.protocol.uz.message import AckFile, File, FileType
from reference.protocol.uz.objects import FiscalMemoryInfo

TOO_MANY: Final = LARGEST_BATCH + 1
EVERYTHING: Final = 1_000_000


class _NewestFirst(Synchroniser):
    @override
    def pick(self, terminal_id: str, count: int) -> list[ReceiptFileRow]:
        return super().pick(terminal_id, EVERYTHING)[::-1][:count]


class _PicksOneMore(Synchroniser):
    @override
    def pick(self, terminal_id: str, count: int) -> list[ReceiptFileRow]:
        return super().pick(terminal_id, TOO_MANY if count == LARGEST_BATCH else count)


class _WideBatch(Outbox):
    @override
    @property
    def batch(self) -> int:
        return TOO_MANY

    @override
    def too_much(self, files: int) -> bool:
        return False  # who believes in 33 does not halve, so the call ends with Try later


class _AckKept(Delivery):
    @override
    def hand_ack(self, session: ModuleSession, parcel: Parcel, ack: AckFile, terminal_id: str) -> Settled:
        return Settled(parcel.key, FileState.ACKNOWLEDGED)


class _SecondAckIsFailure(Delivery):
    @override
    def hand_ack(self, session: ModuleSession, parcel: Parcel, ack: AckFile, terminal_id: str) -> Settled:
        try:
            session.ack(ack.body, parcel.index)
        except StatusWordError as error:
            return Settled(parcel.key, FileState.ERROR, str(error))
        return Settled(parcel.key, FileState.ACKNOWLEDGED)


class _BelievesAnyAck(Delivery):
    @override
    def still_held(self, session: ModuleSession, parcel: Parcel) -> bool:
        return False


class _NeverLooksAgain(Recovery):
    @override
    def recall(self, session: ModuleSession, memory: FiscalMemoryInfo | None = None) -> list[int]:
        return []


class _ShortForFull(Delivery):
    @override
    def deliver(self, consignment: Consignment, outbox: Outbox) -> list[SyncItem]:
        kind = FileType.ShortReceipt
        if consignment.kind == "receipts":
            consignment.parcels = [
                replace(one, file=File(kind, kind.file_version, one.file.header))
                for one in consignment.parcels
            ]
        return super().deliver(consignment, outbox)


class _RejectedStaysNew(ReceiptStore):
    @override
    def settle(self, outcomes: Sequence[Settled], now: datetime) -> None:
        changed = [
            replace(one, state=FileState.NEW) if one.state == FileState.REJECTED else one for one in outcomes
        ]
        super().settle(changed, now)


class _GivesUp(ReceiptStore):
    @override
    def settle(self, outcomes: Sequence[Settled], now: datetime) -> None:
        changed = [replace(one, state=FileState.ERROR) if one.put_off else one for one in outcomes]
        super().settle(changed, now)


class _SendsTwice(Synchroniser):
    @override
    def pick(self, terminal_id: str, count: int) -> list[ReceiptFileRow]:
        rows = super().pick(terminal_id, count)
        return [again for row in rows for again in ([row, row] if row.attempts else [row])][:LARGEST_BATCH]


class _NotSticky(Operator):
    @override
    def worked(self, endpoint: Endpoint) -> None:
        self.forget_address()


class _IgnoresBlock(Outbox):
    @override
    def not_active(self, now: float, error: NotActiveError) -> None:
        self.wake(now + 1)


class _KeepsShifts(Synchroniser):
    @override
    def zreports(self, factory_id: str, count: int) -> list[SyncItem]:
        return []


SENDING_MISTAKES: Final = (
    Mistake(
        "sends-newest-first",
        "after an outage the newest receipts go out before the oldest",
        "uz-fiscal G2-S-16",
        (("synchroniser", _NewestFirst),),
    ),
    Mistake(
        "batch-of-33",
        "a message carries 33 files",
        "uz-fiscal CL-01",
        (("synchroniser", _PicksOneMore), ("outbox", _WideBatch)),
    ),
    Mistake(
        "ack-not-handed-over",
        "the operator's acknowledgement never reaches the module, which blocks after 48 hours",
        "uz-fiscal §11.5",
        (("delivery", _AckKept),),
    ),
    Mistake(
        "second-ack-is-failure",
        "9020 at an acknowledgement counts as an error instead of success",
        "uz-fiscal CL-05",
        (("delivery", _SecondAckIsFailure),),
    ),
    Mistake(
        "misdirected-ack-believed",
        "a receipt stays in the module for good when the operator acknowledged another one in its place",
        "uz-fiscal CL-05",
        (("delivery", _BelievesAnyAck), ("recovery", _NeverLooksAgain)),
    ),
    Mistake(
        "short-for-full",
        "the short record goes out in place of the full receipt that is there",
        "uz-fiscal G2-S-17",
        (("delivery", _ShortForFull),),
    ),
    Mistake(
        "rejected-resent",
        "a receipt the operator rejected is sent again for ever",
        "uz-fiscal §4.7",
        (("store", _RejectedStaysNew),),
    ),
    Mistake(
        "gives-up",
        "a receipt whose answer was lost once is never sent again",
        "uz-fiscal CL-04",
        (("store", _GivesUp),),
    ),
    Mistake(
        "lost-answer-doubles",
        "after a lost answer the next message carries the same receipt twice",
        "uz-fiscal CL-04",
        (("synchroniser", _SendsTwice),),
    ),
    Mistake(
        "address-not-sticky",
        "the operator address that worked is forgotten after each exchange",
        "uz-fiscal CL-02",
        (("operator", _NotSticky),),
    ),
    Mistake(
        "block-ignored",
        "a module the operator has blocked keeps sending",
        "uz-fiscal CL-06",
        (("outbox", _IgnoresBlock),),
    ),
    Mistake(
        "shifts-not-sent",
        "closed Z-reports stay in the module",
        "UZ-SHF-07",
        (("synchroniser", _KeepsShifts),),
    ),
)
