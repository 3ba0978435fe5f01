"""What the drive asks the operator besides sending receipts: is a fiscal sign known, and the module's state
sync."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from reference.drive.errors import (
    DriveError,
    NotActiveError,
    NotFoundError,
    TryLaterError,
)
from reference.drive.operator import GOOD, Operator, Reply
from reference.drive.settings import DriveSettings
from reference.drive.stage import Stage
from reference.protocol.uz.message import (
    File,
    FileStatus,
    FileType,
    Request,
    SenderInfo,
    StatusCode,
    StatusInfo,
    encode_verify_query,
)
from reference.protocol.uz.receipt import RefundInfo

_TERMINAL_AND_CHALLENGE: Final = (0x03, 0x04)


def refusal(terminal_id: str, status: StatusInfo) -> DriveError | None:
    """What an operator's status means to the caller, None when the acks count (uz-fiscal §4.6, §11.5)."""
    if status.code in GOOD:
        return None
    if status.code == StatusCode.NotActive:
        return NotActiveError(terminal_id, status.notice, status.reason)
    if status.code == StatusCode.NotFound:
        return NotFoundError(terminal_id)
    return TryLaterError(status.code)


def sender_info(settings: DriveSettings) -> SenderInfo:
    """Who sends, as the settings say."""
    return SenderInfo(settings.sender_name, settings.sender_serial, settings.sender_version)


class OperatorQueries:
    """Single-file exchanges."""

    def __init__(self, stage: Stage, operator: Operator) -> None:
        self.stage = stage
        self.operator = operator

    def ask(
        self, terminal_id: str, files: tuple[File, ...], handing_over: Callable[[], None] = lambda: None
    ) -> Reply:
        """Send files for a terminal; the request bears the PC's time just before sending.
        UnreachableError."""

        def request() -> Request:
            return Request(terminal_id, self.stage.now(), sender_info(self.stage.settings), files)

        return self.operator.exchange(request, handing_over)

    def knows(self, refund: RefundInfo) -> bool:
        """Whether the operator has a sale with these four values (uz-fiscal §11.7).

        Raises UnreachableError, NotActiveError or TryLaterError when there is no yes or no.
        """
        header = encode_verify_query(refund.receipt_seq, refund.time, refund.fiscal_sign)
        kind = FileType.VerifyFiscalSignQuery
        reply = self.ask(refund.terminal_id, (File(kind, kind.file_version, header),))
        if reply.response.status.code == StatusCode.NotFound:
            return False  # the terminal itself is unknown, so none of its receipts can be
        error = refusal(refund.terminal_id, reply.response.status)
        if error is not None:
            raise error
        return reply.response.acks[0].status == FileStatus.Acknowledge

    def sync_state(self, factory_id: str) -> str:
        """Fetch a SyncFile and hand it to the module (uz-fiscal §11.8); gives the TerminalID.

        The module is not occupied while the operator is asked. Raises OperatorError, CardError and what
        Fleet.session raises.
        """
        with self.stage.fleet.session(factory_id) as session:
            info = session.get_info(_TERMINAL_AND_CHALLENGE)
        terminal_id, challenge = info.terminal_id or "", info.sync_challenge or b""
        kind = FileType.SyncStateQuery
        reply = self.ask(terminal_id, (File(kind, kind.file_version, challenge),))
        error = refusal(terminal_id, reply.response.status)
        if error is not None:
            raise error
        ack = reply.response.acks[0]
        if ack.status != FileStatus.Acknowledge:
            raise TryLaterError(ack.status)
        with self.stage.fleet.session(factory_id) as session:
            session.sync(ack.body)
        if reply.response.status.notice:
            self.stage.record("operator.notice", terminal=terminal_id, notice=reply.response.status.notice)
        return terminal_id
