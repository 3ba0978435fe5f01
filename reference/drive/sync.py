"""The Sync endpoints: which files of a module go out now, in which order, and what is noted (uz-fiscal §4.2,
§4.5).

Every sync first finishes unfinished registrations (G2-S-20), then sends oldest first (G2-S-16). While the
operator is asked the module stays free for selling.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from reference.drive.delivery import Consignment, Delivery, NoShelf, Parcel, Shelf, SyncItem, check_success
from reference.drive.errors import BadParameterError, CardAnswerError, NotActiveError, OperatorError
from reference.drive.gen1_store import UnnumberedRow
from reference.drive.outbox import LARGEST_BATCH, Outbox, Pace
from reference.drive.queries import OperatorQueries
from reference.drive.records import FileState, ReceiptFileRow, ZReportFileRow
from reference.drive.recovery import Recovery
from reference.drive.settings import ShortSyncScope
from reference.drive.stage import Stage
from reference.links.errors import StatusWordError
from reference.links.module import ModuleSession
from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.message import File, FileType
from reference.protocol.uz.objects import NO_INDEX, ReceiptFile, ZReportFile

T = TypeVar("T")

FULL_TYPES: Final = (FileType.PurchaseReceipt, FileType.AdvanceReceipt, FileType.CreditReceipt)
"""File type of a full receipt by receipt type (uz-fiscal §11.4)."""
NOT_YET_CLOSED: Final = (
    StatusWord.ZREPORT_IS_NOT_OPENED,
    StatusWord.ZREPORT_IS_NOT_CLOSED,
    StatusWord.NOT_FOUND,
)
"""Answers to GET_ZREPORT_FILE that mean "not this one" (uz-fiscal CL-09)."""
FINAL: Final = (FileState.REJECTED, FileState.ERROR)
"""The operator's last word: such a file goes again only when somebody resets it (uz-fiscal §4.7)."""
_SEQ: Final = (0x02,)
_COUNT: Final = (0x01, 0x06)


def require_count(count: int | None) -> int:
    """ItemsCount as it must be, 1…32 (uz-fiscal G2-S-14)."""
    if count is None or not 1 <= count <= LARGEST_BATCH:
        raise BadParameterError("ItemsCount", f"itemsCount must be in range [1, {LARGEST_BATCH}]")
    return count


class Synchroniser:
    """Picks files and has them delivered. One call a module at a time: the caller holds its turn."""

    def __init__(
        self,
        stage: Stage,
        queries: OperatorQueries,
        recovery: Recovery,
        delivery: Delivery,
        outbox: type[Outbox] = Outbox,
    ) -> None:
        self.stage = stage
        self.queries = queries
        self.recovery = recovery
        self.delivery = delivery
        self._make_outbox = outbox
        self._outboxes: dict[str, Outbox] = {}
        self._lock = threading.Lock()
        self._short_refused: set[tuple[str, int]] = set()
        self._more: set[str] = set()
        self._shifts: dict[str, list[int]] = {}
        """By module, what it listed as unacknowledged when there was no Z-report to send."""

    def outbox(self, factory_id: str) -> Outbox:
        """The bookkeeping of a module."""
        settings = self.stage.settings
        pace = Pace(settings.send_delay, settings.send_backoff_max, settings.not_active_hold)
        with self._lock:
            return self._outboxes.setdefault(factory_id.lower(), self._make_outbox(pace))

    # --- receipts ------------------------------------------------------------------------------------

    def full_receipts(self, factory_id: str, count: int, *, watch_shifts: bool = False) -> list[SyncItem]:
        """Send the oldest `count` full receipts that still have to go.

        `watch_shifts` looks on the way whether the module's list of Z-reports is as `quiet_shifts` knows it.
        """
        outbox = self.outbox(factory_id)
        with self.stage.fleet.session(factory_id) as session:
            memory = self.recovery.look(session)
            terminal_id = memory.terminal_id or ""
            self.recovery.recover(session, memory)
            came = outbox.came
            rows = self.pick(terminal_id, count)
            if not rows and self.recovery.recall(session, memory):
                rows = self.pick(terminal_id, count)
            known = self._shifts.get(factory_id) if watch_shifts else None
            if known is not None and session.get_unack_zreports() != known:
                del self._shifts[factory_id]
        self._more.add(factory_id)
        items = self._deliver(factory_id, terminal_id, "receipts", [full_parcel(row) for row in rows])
        if len(rows) < count and all(item.state == FileState.ACKNOWLEDGED for item in items):
            outbox.emptied(came)
            if sum(item.taken for item in items) >= (memory.receipts_count or 0):
                self._more.discard(factory_id)
        return items

    def more_receipts(self, factory_id: str) -> bool:
        """Whether another `full_receipts` may find something: files left over, or records that the module
        held and took no acknowledgement of. What came since has woken the sender."""
        return factory_id in self._more

    def pick(self, terminal_id: str, count: int) -> list[ReceiptFileRow]:
        """The files to send next, oldest first (uz-fiscal G2-S-16)."""
        return self.stage.receipts.pending(terminal_id, count)

    def resend(self, factory_id: str, numbers: Sequence[int], hand_over: bool) -> list[SyncItem]:
        """Send full receipts again by number, whatever their state (uz-fiscal G2-S-19)."""
        with self.stage.fleet.session(factory_id) as session:
            memory = self.recovery.look(session)
            self.recovery.recover(session, memory)
        terminal_id = memory.terminal_id or ""
        rows = self.stage.receipts.by_numbers(terminal_id, numbers)
        parcels = [full_parcel(row) for row in rows]
        return self._deliver(factory_id, terminal_id, "resend", parcels, hand_over=hand_over)

    def short_receipts(self, factory_id: str, count: int, *, background: bool = False) -> list[SyncItem]:
        """Send records of the module itself, for a lost database (uz-fiscal G2-S-18), oldest first."""
        with self.stage.fleet.session(factory_id) as session:
            self.recovery.recover(session)
            memory = session.get_fiscal_memory_info(_COUNT)
            terminal_id = memory.terminal_id or ""
            numbers = self._held(session, memory.receipts_count or 0)
            wanted = self.short_wanted(terminal_id, numbers)
            if background:
                wanted = [number for number in wanted if (terminal_id, number) not in self._short_refused]
            parcels = [short_parcel(session.get_receipt_file(seq=number)) for number in wanted[:count]]
        items = self._deliver(factory_id, terminal_id, "short", parcels)
        self._short_refused |= {(terminal_id, int(str(item.name))) for item in items if item.state in FINAL}
        return items

    def _held(self, session: ModuleSession, count: int) -> list[int]:
        """Numbers of all held records, oldest first."""
        numbers = []
        for index in reversed(range(count)):
            number = session.get_receipt_info(index, _SEQ).receipt_seq
            if number is None:
                raise CardAnswerError("GET_RECEIPT_INFO: ReceiptSeq is missing")
            numbers.append(number)
        return numbers

    def short_wanted(self, terminal_id: str, numbers: Sequence[int]) -> list[int]:
        """Which held records may go as short ones: by default only those without a full file here."""
        if self.stage.settings.short_sync_scope is ShortSyncScope.ALL:
            return list(numbers)
        stored = self.stage.receipts.states_of(terminal_id, numbers)
        return [number for number in numbers if number not in stored]

    def short_queue(self, factory_id: str) -> int:
        """How many records of the module would go as short ones (uz-fiscal §3.2 SendReceipt)."""
        with self.stage.fleet.session(factory_id) as session:
            self.recovery.recover(session)
            memory = session.get_fiscal_memory_info(_COUNT)
            numbers = self._held(session, memory.receipts_count or 0)
        return len(self.short_wanted(memory.terminal_id or "", numbers))

    def unnumbered(self, factory_id: str, count: int) -> list[SyncItem]:
        """Send the oldest `count` advance and credit receipts of generation 1 (uz-fiscal G1-Z-09)."""
        rows = self.stage.unnumbered.pending(factory_id.lower(), count)
        parcels = [unnumbered_parcel(row) for row in rows]
        return self._deliver(factory_id, rows[0].terminal_id, "unnumbered", parcels) if rows else []

    # --- Z-reports -----------------------------------------------------------------------------------

    def zreports(self, factory_id: str, count: int) -> list[SyncItem]:
        """Send the oldest `count` closed Z-reports the operator has not acknowledged.

        What the module lists no more goes again when its file is still New or Sent here: its acknowledgement
        was cut in two between module and store, or the module forgot it. The operator knows which (OF-27).
        """
        with self.stage.fleet.session(factory_id) as session:
            memory = self.recovery.look(session)
            self.recovery.recover(session, memory)
            terminal_id = memory.terminal_id or ""
            indexes = session.get_unack_zreports()
            files = self._zreport_files(session, indexes)
        listed = [self._zreport_parcel(terminal_id, file) for file in files]
        names = {parcel.name for parcel in listed}
        rows = self.stage.zreports.pending(terminal_id)
        left = [zreport_parcel(row) for row in rows if row.close_time not in names]
        parcels = sorted(left + listed, key=lambda parcel: str(parcel.name))
        open_ones = [parcel for parcel in parcels if parcel.state not in FINAL]
        if open_ones:
            self._shifts.pop(factory_id, None)
        else:
            self._shifts[factory_id] = indexes
        return self._deliver(factory_id, terminal_id, "zreports", open_ones[:count])

    def quiet_shifts(self, factory_id: str) -> bool:
        """Whether the last `full_receipts` found the module's list of Z-reports as it was when there was none
        to send. A shift that was closed here has woken the sender."""
        return factory_id in self._shifts

    def _zreport_files(self, session: ModuleSession, indexes: Sequence[int]) -> list[bytes]:
        files: list[bytes] = []
        for index in sorted(indexes, reverse=True):
            try:
                files.append(session.get_zreport_file(index))
            except StatusWordError as error:
                if error.sw not in NOT_YET_CLOSED:
                    raise
        return files

    def _zreport_parcel(self, terminal_id: str, raw: bytes) -> Parcel:
        file = _decoded(ZReportFile.decode, raw)
        if file.close_time is None:
            raise CardAnswerError("GET_ZREPORT_FILE: close time is missing")
        row = self.stage.zreports.keep(terminal_id, file.close_time, raw)
        return zreport_parcel(replace(row, header=raw))

    # --- state ---------------------------------------------------------------------------------------

    def state(self, factory_id: str) -> None:
        """State sync; lifts the hold that NotActive began (uz-fiscal CL-06)."""
        self.queries.sync_state(factory_id)
        self.outbox(factory_id).release(self.stage.lab_seconds())

    # --- the common part -----------------------------------------------------------------------------

    def _deliver(
        self,
        factory_id: str,
        terminal_id: str,
        kind: str,
        parcels: Sequence[Parcel],
        *,
        hand_over: bool = True,
    ) -> list[SyncItem]:
        """Deliver, and tell the outbox how it went. While NotActive holds, nothing is sent (uz-fiscal
        CL-06)."""
        outbox = self.outbox(factory_id)
        held = outbox.refusal(self.stage.lab_seconds())
        if held is not None and parcels:
            raise held
        shelves: dict[str, Shelf] = {
            "zreports": self.stage.zreports,
            "short": NoShelf(),
            "unnumbered": self.stage.unnumbered,
        }
        shelf = shelves.get(kind, self.stage.receipts)
        for_module = kind != "unnumbered"
        consignment = Consignment(factory_id, terminal_id, kind, shelf, parcels, hand_over, for_module)
        try:
            items = self.delivery.deliver(consignment, outbox)
        except NotActiveError as error:
            outbox.not_active(self.stage.lab_seconds(), error)
            raise
        except OperatorError:
            outbox.failed(self.stage.lab_seconds())
            raise
        if check_success(items) or not hand_over:
            outbox.went_well()
        else:
            outbox.failed(self.stage.lab_seconds())
        return items


def full_parcel(row: ReceiptFileRow) -> Parcel:
    """A stored full receipt on its way; the module's index goes back with the ack (uz-fiscal CL-10)."""
    file = File(FULL_TYPES[row.type], row.version, row.header, row.body)
    return Parcel(
        row.txid,
        row.receipt_seq,
        file,
        known_index(_decoded(ReceiptFile.decode, row.header).index),
        row.state,
    )


def zreport_parcel(row: ZReportFileRow) -> Parcel:
    """A closed Z-report on its way."""
    kind = FileType.ZReport
    index = known_index(_decoded(ZReportFile.decode, row.header).index)
    return Parcel(row.id, row.close_time, File(kind, kind.file_version, row.header), index, row.state)


def short_parcel(raw: bytes) -> Parcel:
    """A record of the module without its full receipt."""
    record = _decoded(ReceiptFile.decode, raw)
    if record.receipt_seq is None:
        raise CardAnswerError("GET_RECEIPT_FILE: ReceiptSeq is missing")
    kind = FileType.ShortReceipt
    file = File(kind, kind.file_version, raw)
    return Parcel(record.receipt_seq, record.receipt_seq, file, known_index(record.index))


def unnumbered_parcel(row: UnnumberedRow) -> Parcel:
    """An advance or credit receipt that no module numbered."""
    kind = FULL_TYPES[row.type]
    return Parcel(row.id, row.id, File(kind, kind.file_version, row.header, row.body), None, row.state)


def known_index(index: int | None) -> int | None:
    """An absolute index for ACK, None when there is none."""
    return None if index in (None, NO_INDEX) else index


def _decoded(decode: Callable[[bytes], T], raw: bytes) -> T:
    try:
        return decode(raw)
    except CodecError as error:
        raise CardAnswerError(str(error)) from error
