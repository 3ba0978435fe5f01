"""The values that pass between the drive's cores and its store. Times are Tashkent local."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

CODEC_VERSION: Final = 0x14
"""Version of the receipt codec (uz-fiscal §8)."""


class FileState(IntEnum):
    """State of a file in the service's database (uz-fiscal §4.7)."""

    NEW = 0
    SENT = 1
    ACKNOWLEDGED = 2
    REJECTED = 3
    ERROR = 4

    @property
    def text(self) -> str:
        """StatusText of uz-fiscal §4.3."""
        return self.name.capitalize()


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A receipt as GetTXID stores it: encoded and padded, not yet numbered (uz-fiscal G2-S-01)."""

    factory_id: str
    terminal_id: str
    type: int
    operation: int
    hash: bytes
    total_block: bytes
    content: bytes
    time: datetime


@dataclass(frozen=True, slots=True)
class Registered:
    """What RegisterTXID answers, for ever the same (uz-fiscal G2-S-07). No sign for advance and credit."""

    terminal_id: str
    receipt_seq: int
    time: datetime
    fiscal_sign: str | None


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A row of the register log; `answer` is None until the module has registered it."""

    txid: int
    factory_id: str
    terminal_id: str
    type: int
    operation: int
    hash: bytes
    total_block: bytes
    content: bytes
    time: datetime
    answer: Registered | None


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A registered receipt and how far its sending has come."""

    txid: int
    factory_id: str
    terminal_id: str
    receipt_seq: int
    time: datetime
    version: int
    type: int
    operation: int
    state: FileState
    attempts: int
    postponed: int
    state_changed_at: datetime | None
    message: str | None


@dataclass(frozen=True, slots=True)
class ReceiptFileRow(FileEntry):
    """The same as it goes to the operator: record file of the module and encrypted full receipt."""

    header: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class ZReportFileRow:
    """A closed Z-report as the module gave it, and how far its sending has come."""

    id: int
    terminal_id: str
    close_time: datetime
    state: FileState
    attempts: int
    postponed: int
    message: str | None
    header: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """Outcome for one file after an exchange: `key` is its TXID or Z id; `put_off` counts one more delay.

    `taken` says that the module has let go of a record for it just now, with 9000.
    """

    key: int
    state: FileState
    message: str | None = None
    put_off: bool = False
    taken: bool = False


@dataclass(frozen=True, slots=True)
class SyncEntry:
    """One exchange with the operator, for the log. `acknowledged` counts files, `outcome` is for people."""

    at: datetime
    terminal_id: str
    kind: str
    address: str
    files: int
    acknowledged: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Files of one terminal: numbers by state, the oldest that still has to go, the last acknowledged."""

    terminal_id: str
    by_state: dict[FileState, int]
    oldest_unsent: datetime | None
    last_acknowledged_seq: int | None
    last_acknowledged_at: datetime | None

    @property
    def unsent(self) -> int:
        """Files a sync still picks up (uz-fiscal §4.7)."""
        return self.by_state.get(FileState.NEW, 0) + self.by_state.get(FileState.SENT, 0)
