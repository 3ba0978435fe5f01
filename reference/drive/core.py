"""One drive, put together: what every dialect (REST here, JSON-RPC and the vendors' elsewhere) calls.

Methods take and give the values of records.py and the module's objects; errors are DriveErrors. Nothing here
knows HTTP. `Core.of` builds a drive from classes in a Kit, which is how defects.py makes one that is wrong in
a known way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reference.drive.background import BackgroundSender
from reference.drive.delivery import Delivery, SyncItem
from reference.drive.fleet import Fleet
from reference.drive.operator import Operator
from reference.drive.outbox import Outbox
from reference.drive.queries import OperatorQueries
from reference.drive.records import FileEntry, FileState, Registered
from reference.drive.recovery import Recovery
from reference.drive.registration import Registrar, pos_digest, prove_pos
from reference.drive.slots import Slot, SlotState
from reference.drive.stage import Stage
from reference.drive.store import ReceiptStore
from reference.drive.sync import Synchroniser, require_count
from reference.drive.turns import SyncTurns
from reference.protocol.uz.objects import FiscalInfo, FiscalMemoryInfo, ReceiptInfo, ZReportInfo


@dataclass(frozen=True, slots=True)
class Kit:
    """The classes a drive is built of."""

    store: type[ReceiptStore] = ReceiptStore
    operator: type[Operator] = Operator
    queries: type[OperatorQueries] = OperatorQueries
    registrar: type[Registrar] = Registrar
    recovery: type[Recovery] = Recovery
    delivery: type[Delivery] = Delivery
    synchroniser: type[Synchroniser] = Synchroniser
    sender: type[BackgroundSender] = BackgroundSender
    outbox: type[Outbox] = Outbox
    slot: type[Slot] = Slot


class Core:
    """The drive without any dialect."""

    def __init__(self, stage: Stage, operator: Operator, kit: Kit) -> None:
        self.stage = stage
        self.operator = operator
        self.started = stage.now()
        self.turns = SyncTurns()
        queries = kit.queries(stage, operator)
        self.registrar = kit.registrar(stage, queries)
        self.recovery = kit.recovery(stage, self.registrar)
        self.sync = kit.synchroniser(stage, queries, self.recovery, kit.delivery(stage, queries), kit.outbox)
        self.sender = kit.sender(stage, self.sync, self.turns)

    @property
    def fleet(self) -> Fleet:
        """The modules."""
        return self.stage.fleet

    def start(self) -> None:
        """Begin to watch the plugs and to send."""
        self.fleet.watch(self.stage.settings.presence_interval)
        self.sender.start()

    def stop(self) -> None:
        """End what `start` began; an exchange with the operator is broken off, which loses nothing."""
        self.operator.end()
        self.sender.stop()
        self.fleet.close()

    # --- modules -------------------------------------------------------------------------------------

    def modules(self) -> list[SlotState]:
        """Every plugged module, after a fresh look."""
        return [state for state in self.fleet.look() if state.present]

    def info(self, factory_id: str, tags: Iterable[int] = ()) -> FiscalInfo:
        """Info, also of a locked module (uz-fiscal G2-S-13)."""
        with self.fleet.session(factory_id) as session:
            return session.get_info(tags)

    def memory(self, factory_id: str, tags: Iterable[int] = ()) -> FiscalMemoryInfo:
        """Counters and accumulators."""
        with self.fleet.session(factory_id) as session:
            return session.get_fiscal_memory_info(tags)

    def sign_challenge(self, factory_id: str, challenge: bytes) -> bytes:
        """The module's signature over a challenge of 16 bytes."""
        with self.fleet.session(factory_id) as session:
            return session.signed_challenge(challenge)

    # --- shifts --------------------------------------------------------------------------------------

    def open_shift(self, factory_id: str, time: datetime, pos_auth: str | None = None) -> None:
        """Open a Z-report."""
        with self.fleet.session(factory_id) as session:
            prove_pos(session, pos_auth)
            session.zreport_open(time)

    def close_shift(self, factory_id: str, time: datetime, pos_auth: str | None = None) -> None:
        """Close the Z-report; the sender then brings it to the operator (uz-fiscal ZR-09)."""
        with self.fleet.session(factory_id) as session:
            prove_pos(session, pos_auth)
            session.zreport_close(time)
        self.sender.wake(factory_id.lower())

    def shift(self, factory_id: str, index: int, tags: Iterable[int] = ()) -> ZReportInfo:
        """A Z-report by reverse index, 0 the current one."""
        with self.fleet.session(factory_id) as session:
            return session.get_zreport_info(index, tags)

    def unacknowledged_shifts(self, factory_id: str) -> list[int]:
        """Reverse indexes of closed Z-reports the operator has not acknowledged."""
        with self.fleet.session(factory_id) as session:
            return session.get_unack_zreports()

    # --- receipts ------------------------------------------------------------------------------------

    def get_txid(self, factory_id: str, body: object) -> int:
        """First step of a sale (see Registrar.get_txid)."""
        return self.registrar.get_txid(factory_id, body)

    def register(self, factory_id: str, txid: int, pos_auth: str | None = None) -> Registered:
        """Second step of a sale (see Registrar.register)."""
        answer = self.registrar.register(factory_id, txid, pos_auth)
        self.sender.receipt_registered(factory_id.lower(), answer.terminal_id)
        return answer

    def receipt(self, factory_id: str, index: int, tags: Iterable[int] = ()) -> ReceiptInfo:
        """A receipt still held by the module, by reverse index."""
        with self.fleet.session(factory_id) as session:
            return session.get_receipt_info(index, tags)

    # --- files ---------------------------------------------------------------------------------------

    def count_files(self, state: FileState) -> dict[str, int]:
        """Number of files in a state by TerminalID."""
        return self.stage.receipts.count(state)

    def files(self, factory_id: str, state: FileState, limit: int, offset: int) -> list[FileEntry]:
        """Files of a module in a state, oldest first."""
        return self.stage.receipts.listed(factory_id.lower(), state, limit, offset)

    def reset_file(self, txid: int) -> None:
        """Put a file back to New, so that it is sent again."""
        row = self.stage.receipts.set_new(txid, self.stage.now())
        self.sender.wake(row.factory_id)

    # --- sending -------------------------------------------------------------------------------------

    def sync_full_receipts(self, factory_id: str, count: int | None) -> list[SyncItem]:
        """Send the oldest full receipts now."""
        number = require_count(count)
        with self.turns.called(factory_id.lower()):
            return self.sync.full_receipts(factory_id, number)

    def sync_zreports(self, factory_id: str, count: int | None) -> list[SyncItem]:
        """Send the oldest closed Z-reports now."""
        number = require_count(count)
        with self.turns.called(factory_id.lower()):
            return self.sync.zreports(factory_id, number)

    def sync_short_receipts(self, factory_id: str, count: int | None) -> list[SyncItem]:
        """Send short records now, for a lost database."""
        number = require_count(count)
        with self.turns.called(factory_id.lower()):
            return self.sync.short_receipts(factory_id, number)

    def resend(self, factory_id: str, numbers: Sequence[int], hand_over: bool) -> list[SyncItem]:
        """Send full receipts again by number."""
        with self.turns.called(factory_id.lower()):
            return self.sync.resend(factory_id, numbers, hand_over)

    def sync_state(self, factory_id: str) -> None:
        """State sync: lock state, time and POS lock by the operator's word (uz-fiscal §11.8)."""
        with self.turns.called(factory_id.lower()):
            self.sync.state(factory_id)
        self.sender.wake(factory_id.lower())

    # --- POS lock ------------------------------------------------------------------------------------

    def pos_lock(self, factory_id: str, data: bytes) -> None:
        """Bind the module to a POS: secret ‖ SHA-256(secret) (uz-fiscal G2-P-01)."""
        with self.fleet.session(factory_id) as session:
            session.pos_lock(data)

    def pos_challenge(self, factory_id: str) -> bytes:
        """The challenge the next X-POS-Auth answers."""
        with self.fleet.session(factory_id) as session:
            return session.pos_challenge()

    def pos_auth(self, factory_id: str, pos_auth: str | None) -> None:
        """Try an X-POS-Auth; 9093 when it is wrong or the module is not POS-locked (uz-fiscal FM-P-03)."""
        with self.fleet.session(factory_id) as session:
            session.pos_auth(pos_digest(pos_auth))
