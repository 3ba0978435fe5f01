"""What travels between the operator's stages: files that passed their checks, and what was decided about
them.

Bytes become a Request (protocol), a Request becomes intents (verification), intents become outcomes
(decisions, in the ledger's transaction), outcomes become acknowledgements (answers).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reference.protocol.uz.message import FileStatus, StatusInfo


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """A receipt file that passed every check of OF-19.

    Times are 14 digits Tashkent time, sums tiyin. `content` is the module's record in clear: two files are
    the same receipt exactly when these bytes are equal, because the record holds the hash of the body.
    `body` is the clear TLV with its padding, None for a short record.
    """

    terminal: str
    number: int
    type: int
    operation: int
    time: str
    sign: str | None
    cash: int
    card: int
    vat: int
    items_count: int
    content: bytes
    header: bytes
    body: bytes | None


@dataclass(frozen=True, slots=True)
class VerifiedZReport:
    """A Z-report file that passed every check of OF-27; pairs are (sale, refund) in tiyin."""

    terminal: str
    close_time: str
    ordinal: int
    open_time: str
    sales: int
    refunds: int
    first: int
    last: int
    cash: tuple[int, int]
    card: tuple[int, int]
    vat: tuple[int, int]
    content: bytes
    header: bytes


@dataclass(frozen=True, slots=True)
class UnsignedReceipt:
    """An advance or credit receipt of a generation-1 terminal: no number, no sign, clear body (G1-Z-09)."""

    terminal: str
    type: int
    operation: int
    time: str
    cash: int
    card: int
    vat: int
    items_count: int
    digest: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class SignQuery:
    """VerifyFiscalSignQuery: is there a purchase with these four values? (uz-fiscal §11.7)"""

    terminal: str
    number: int
    time: str
    sign: str


@dataclass(frozen=True, slots=True)
class SyncQuery:
    """SyncStateQuery with the module's current SyncChallenge, 8 bytes (uz-fiscal §11.8)."""

    challenge: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that is not taken, with the reason for the trace file and the clause it breaks."""

    status: FileStatus
    reason: str
    clause: str
    terminal: str
    type: int
    header: bytes
    body: bytes


Intent = VerifiedReceipt | VerifiedZReport | UnsignedReceipt | SignQuery | SyncQuery | Refusal


class Verdict(Enum):
    """What the ledger does with one file."""

    STORE = "store"
    AGAIN = "again"
    """The same file is stored already: acknowledged again, nothing changes (OF-20)."""
    COMPLETE = "complete"
    """The items of a receipt known as short record arrive (OF-24)."""
    KEEP_FULL = "keep-full"
    """A short record after the full one (OF-24)."""
    OVERWRITE = "overwrite"
    """Replace what is stored; no correct operator does this."""
    CONFLICT = "conflict"
    """Same number, other content (OF-21, OF-27)."""


TAKEN = frozenset({Verdict.STORE, Verdict.AGAIN, Verdict.COMPLETE, Verdict.KEEP_FULL, Verdict.OVERWRITE})


class AckKind(Enum):
    """Byte 1 of an AckFile (uz-fiscal §17.5)."""

    RECEIPT = 1
    ZREPORT = 2


@dataclass(frozen=True, slots=True)
class AckOrder:
    """An AckFile to be signed: `id8` is the receipt number as BCD8 or the close time (uz-fiscal §17.5)."""

    kind: AckKind
    terminal: str
    id8: bytes


@dataclass(frozen=True, slots=True)
class SyncOrder:
    """A SyncFile to be signed (uz-fiscal §17.6)."""

    terminal: str
    challenge: bytes
    change_lock: bool
    locked: bool
    pos_unlock: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one file: its status, the name of the trace file on Error, and what to sign as body."""

    status: FileStatus
    trace: str = ""
    order: AckOrder | SyncOrder | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One request whose files have passed verification, ready for the ledger. `books` says for which: the
    ledger's, when the request came.
    """

    terminal: str
    intents: tuple[Intent, ...]
    only_queries: bool = False
    books: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the ledger says to one request; `outcomes` is empty unless the status is OK or OKNotice (OF-10).

    `verdicts` names for each receipt, Z-report or unsigned receipt what was done with it, "" for other files.
    """

    status: StatusInfo
    outcomes: tuple[Outcome, ...] = ()
    verdicts: tuple[str, ...] = ()
