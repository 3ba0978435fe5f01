"""What goes back over the wire: signed AckFiles and SyncFiles, and the response around them. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ofd_mock.uz.values import AckOrder, Outcome, Settlement, SyncOrder
from reference.protocol.uz.message import AckFile, File, FileStatus, Response, StatusCode, StatusInfo
from reference.protocol.uz.standin import AckKind, SyncFlags, make_ack_file, make_sync_file


def sign_ack(order: AckOrder, time: datetime) -> bytes:
    """A fresh AckFile of 90 bytes, dated by the operator's clock (uz-fiscal §17.5)."""
    return make_ack_file(AckKind(order.kind.value), order.terminal, order.id8, time)


def sign_sync(order: SyncOrder, time: datetime) -> bytes:
    """A SyncFile of 90 bytes for the challenge of this very request (uz-fiscal §17.6)."""
    flags = SyncFlags.NONE
    if order.change_lock:
        flags |= SyncFlags.CHANGE_LOCK
    if order.locked:
        flags |= SyncFlags.LOCKED
    if order.pos_unlock:
        flags |= SyncFlags.UNDO_POS_LOCK
    return make_sync_file(flags, order.terminal, order.challenge, time)


def ack_for(outcome: Outcome, file: File, body: bytes) -> AckFile:
    """The AckFile of one file: its tag echoed, on Error the name of the trace (OF-10, uz-fiscal §11.3)."""
    trace = outcome.trace.encode("ascii") if outcome.status is FileStatus.Error else b""
    return AckFile(outcome.status, trace, body, file.tag)


def arrange(acks: Sequence[AckFile]) -> tuple[AckFile, ...]:
    """As many AckFiles as files, in the same order (OF-10)."""
    return tuple(acks)


def respond(settlement: Settlement, acks: Sequence[AckFile]) -> Response:
    """The whole answer; no acks when the status is an error (OF-10)."""
    return Response(settlement.status, tuple(acks))


def refuse(code: StatusCode, notice: str = "") -> Response:
    """An answer without files."""
    return Response(StatusInfo(code, notice=notice))
