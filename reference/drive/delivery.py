"""Files to the operator and acknowledgements back to the module, whatever kind of file (uz-fiscal §11.5,
§11.9).

    parcels ─► batches, at most 32 ─► an exchange each ─► acks, in order ─► module ─► outcomes into the store

A lost answer needs nothing special: the files stay Sent and go again, the operator stores once (OF-20) and
the module answers 9020 to a second acknowledgement, which is success (CL-04, CL-05). To an acknowledgement of
something it never had it answers the same; then it still holds the record, and the file stays Sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from reference.drive.errors import OperatorError, UnreachableError
from reference.drive.operator import Reply
from reference.drive.outbox import Outbox
from reference.drive.queries import OperatorQueries, refusal
from reference.drive.records import FileState, Settled, SyncEntry
from reference.drive.stage import Stage
from reference.links.errors import StatusWordError
from reference.links.module import ModuleSession
from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.message import AckFile, File, FileStatus, StatusCode

MISDIRECTED: Final = "acknowledged by the operator, still held by the module"
"""Message of a file whose acknowledgement was about something else."""
_CLOSED: Final = (0x03,)


class Shelf(Protocol):
    """Where the states of a kind of files are kept."""

    def mark_sent(self, keys: Iterable[int], now: datetime) -> None:
        """The files are being handed to a socket."""

    def settle(self, outcomes: Sequence[Settled], now: datetime) -> None:
        """Store what became of files."""


class NoShelf:
    """For files that are kept nowhere but in the module: short records."""

    def mark_sent(self, keys: Iterable[int], now: datetime) -> None:
        """Nothing to note."""

    def settle(self, outcomes: Sequence[Settled], now: datetime) -> None:
        """Nothing to note."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One file on its way. `name` is what Sync answers call it: its receipt number or its close time."""

    key: int
    name: int | datetime
    file: File
    index: int | None
    state: FileState = FileState.NEW


@dataclass(frozen=True, slots=True)
class SyncItem:
    """What became of one file (uz-fiscal §4.3 Sync); `taken` as of Settled."""

    terminal_id: str
    name: int | datetime
    state: FileState
    message: str | None = None
    taken: bool = False


@dataclass(slots=True)
class Consignment:
    """All files of one sync call. `hand_over` False only sends and leaves the module alone (UNK-28).

    Files the module knows nothing of (`for_module` False) are acknowledged by the operator's word alone.
    """

    factory_id: str
    terminal_id: str
    kind: str
    shelf: Shelf
    parcels: Sequence[Parcel]
    hand_over: bool = True
    for_module: bool = True
    items: list[SyncItem] = field(default_factory=list)


class Delivery:
    """Brings consignments to the operator, one module's at a time."""

    def __init__(self, stage: Stage, queries: OperatorQueries) -> None:
        self.stage = stage
        self.queries = queries

    def deliver(self, consignment: Consignment, outbox: Outbox) -> list[SyncItem]:
        """Send all parcels, in batches; what became of each.

        Raises OperatorError when the operator took none of a batch, and what Fleet.session raises when the
        module went away; files then stay Sent, to be sent again.
        """
        queue = list(consignment.parcels)
        repeated = False
        while queue:
            batch = queue[: outbox.batch]
            reply = self._exchange(consignment, batch)
            code = reply.response.status.code
            if code in (StatusCode.TooBigMessage, StatusCode.TooManyFiles) and outbox.too_much(len(batch)):
                continue
            if code == StatusCode.BadMessageCRC32 and not repeated:
                repeated = True
                continue
            if code == StatusCode.TooBigMessage:
                self._too_big(consignment, batch[0])
            else:
                self._accepted(consignment, batch, reply)
                outbox.batch_accepted()
            repeated = False
            queue = queue[len(batch) :]
        places = {parcel.name: place for place, parcel in enumerate(consignment.parcels)}
        return sorted(consignment.items, key=lambda item: places[item.name])

    def _exchange(self, consignment: Consignment, batch: Sequence[Parcel]) -> Reply:
        self.stage.pass_by("sync.before-send", terminal=consignment.terminal_id, kind=consignment.kind)
        keys = [parcel.key for parcel in batch]
        handed = False

        def handing_over() -> None:
            nonlocal handed
            handed = True
            consignment.shelf.mark_sent(keys, self.stage.now())

        try:
            files = tuple(parcel.file for parcel in batch)
            reply = self.queries.ask(consignment.terminal_id, files, handing_over)
            if self.stage.pass_by("sync.after-send", terminal=consignment.terminal_id, kind=consignment.kind):
                raise UnreachableError("answer lost (fault point sync.after-send)")
        except OperatorError as error:
            if handed:
                self._put_off(consignment, batch, None)
            self._log(consignment, batch, "", 0, error.reason)
            raise
        return reply

    def _accepted(self, consignment: Consignment, batch: Sequence[Parcel], reply: Reply) -> None:
        status = reply.response.status
        error = refusal(consignment.terminal_id, status)
        if error is not None:
            if status.code == StatusCode.RetrySend:
                self.queries.operator.forget_address()
            self._put_off(consignment, batch, f"{status.code:02x} - {status.code.name}")
            self._log(consignment, batch, reply.address, 0, error.reason)
            raise error
        if status.notice:
            self.stage.record("operator.notice", terminal=consignment.terminal_id, notice=status.notice)
        outcomes = self._take(consignment, batch, reply.response.acks)
        with self.stage.receipts.database.together():
            self._settle(consignment, outcomes)
            states = [item.state for item in consignment.items[-len(batch) :]]
            acknowledged = states.count(FileState.ACKNOWLEDGED)
            self._log(consignment, batch, reply.address, acknowledged, "acks taken")

    # --- acknowledgements ----------------------------------------------------------------------------

    def _take(
        self, consignment: Consignment, batch: Sequence[Parcel], acks: Sequence[AckFile]
    ) -> list[tuple[Parcel, Settled]]:
        """Settle refusals first, they need no module; then hand the acks over in order. What became of
        those."""
        pairs = list(zip(batch, acks, strict=True))
        refused = [_refused(parcel, ack) for parcel, ack in pairs if ack.status != FileStatus.Acknowledge]
        self._settle(consignment, refused)
        taken = [(parcel, ack) for parcel, ack in pairs if ack.status == FileStatus.Acknowledge]
        if not consignment.for_module:
            return [(parcel, Settled(parcel.key, FileState.ACKNOWLEDGED)) for parcel, _ in taken]
        if not consignment.hand_over:
            return [_only_sent(parcel) for parcel, _ in taken]
        return self._hand_over(consignment, taken) if taken else []

    def _hand_over(
        self, consignment: Consignment, taken: Sequence[tuple[Parcel, AckFile]]
    ) -> list[tuple[Parcel, Settled]]:
        done: list[tuple[Parcel, Settled]] = []
        try:
            with self.stage.fleet.session(consignment.factory_id) as session:
                for parcel, ack in taken:
                    done.append((parcel, self.hand_ack(session, parcel, ack, consignment.terminal_id)))
        except BaseException:
            # What the module has taken is stored even when it was unplugged before it took the rest.
            self._settle(consignment, done)
            raise
        return done

    def hand_ack(self, session: ModuleSession, parcel: Parcel, ack: AckFile, terminal_id: str) -> Settled:
        """One AckFile to the module; 9020 means it had it before, unless it holds the record (CL-05)."""
        self.stage.pass_by("sync.before-ack", terminal=terminal_id)
        taken = False
        try:
            session.ack(ack.body, parcel.index)
            taken = True
        except StatusWordError as error:
            if error.sw != StatusWord.NOT_FOUND:
                return Settled(parcel.key, FileState.SENT, str(error), put_off=True)
            if self.still_held(session, parcel):
                return Settled(parcel.key, FileState.SENT, f"{MISDIRECTED}: {error}", put_off=True)
        self.stage.pass_by("sync.after-ack", terminal=terminal_id)
        return Settled(parcel.key, FileState.ACKNOWLEDGED, taken=taken)

    def still_held(self, session: ModuleSession, parcel: Parcel) -> bool:
        """Whether the module waits for the acknowledgement of this file."""
        try:
            if isinstance(parcel.name, datetime):
                indexes = session.get_unack_zreports()
                times = [session.get_zreport_info(index, _CLOSED).close_time for index in indexes]
                return parcel.name in times
            session.get_receipt_file(seq=parcel.name)
        except StatusWordError as error:
            if error.sw != StatusWord.NOT_FOUND:
                raise
            return False
        return True

    # --- notes ---------------------------------------------------------------------------------------

    def _settle(self, consignment: Consignment, outcomes: Sequence[tuple[Parcel, Settled]]) -> None:
        consignment.shelf.settle([settled for _, settled in outcomes], self.stage.now())
        for parcel, settled in outcomes:
            told = settled.state, settled.message, settled.taken
            item = SyncItem(consignment.terminal_id, parcel.name, *told)
            consignment.items.append(item)

    def _put_off(self, consignment: Consignment, batch: Sequence[Parcel], message: str | None) -> None:
        kept = [parcel for parcel in batch if parcel.state in (FileState.NEW, FileState.SENT)]
        outcomes = [Settled(parcel.key, FileState.SENT, message, put_off=True) for parcel in kept]
        consignment.shelf.settle(outcomes, self.stage.now())

    def _too_big(self, consignment: Consignment, parcel: Parcel) -> None:
        """A single file over the operator's limit: it must not stop those behind it."""
        self._settle(consignment, [(parcel, Settled(parcel.key, FileState.ERROR, "66 - TooBigMessage"))])

    def _log(
        self, consignment: Consignment, batch: Sequence[Parcel], address: str, acknowledged: int, outcome: str
    ) -> None:
        self.stage.log.add(
            SyncEntry(
                at=self.stage.now(),
                terminal_id=consignment.terminal_id,
                kind=consignment.kind,
                address=address,
                files=len(batch),
                acknowledged=acknowledged,
                outcome=outcome,
            )
        )
        self.stage.record(
            "sync",
            terminal=consignment.terminal_id,
            files=consignment.kind,
            sent=len(batch),
            acknowledged=acknowledged,
            address=address,
            outcome=outcome,
        )


def _refused(parcel: Parcel, ack: AckFile) -> tuple[Parcel, Settled]:
    """Reject is the operator's word on the content, the rest an error with a trace name (uz-fiscal §11.5)."""
    state = FileState.REJECTED if ack.status == FileStatus.Reject else FileState.ERROR
    trace = ack.header.decode("ascii", "replace")
    return parcel, Settled(parcel.key, state, f"{ack.status.name} {trace}".strip())


def _only_sent(parcel: Parcel) -> tuple[Parcel, Settled]:
    kept = parcel.state if parcel.state == FileState.ACKNOWLEDGED else FileState.SENT
    return parcel, Settled(parcel.key, kept)


def check_success(items: Iterable[SyncItem]) -> bool:
    """Whether every file came through or got a final answer; False makes the sender pause."""
    return all(item.state != FileState.SENT for item in items)
