"""What a till needs of a fiscal drive service, whatever dialect it speaks (UZ-POS-01, uz-fiscal §3, §4, §13).

    till ──► FiscalService ──► rest · rpc1 · qpos · communicator ──► module

Receipts and answers have one form here, that of REST 3449 (uz-fiscal §4.3, §4.4); adapters translate. What a
dialect cannot say is None, never a guess. How a receipt whose answer was lost is kept from becoming two is
the dialect's `Repeat`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final, Protocol

from reference.pos.errors import DriveRefusedError
from reference.pos.order_book import Sale

Json = dict[str, Any]

TYPES: Final = ("purchase", "advance", "credit")
"""Type of a receipt by its number (uz-fiscal §4.4)."""


class Dialect(StrEnum):
    """The dialects a till speaks, by the word that stands before an address."""

    REST = "rest"
    RPC1 = "rpc1"
    QPOS = "qpos"
    COMMUNICATOR = "communicator"

    @property
    def label(self) -> str:
        """Its name for people."""
        return _TITLES[self]


_TITLES: Final = {
    Dialect.REST: "FiscalDriveService, REST",
    Dialect.RPC1: "FiscalDriveAPI, JSON-RPC",
    Dialect.QPOS: "QPOS",
    Dialect.COMMUNICATOR: "E-POS Communicator",
}


class Repeat(Enum):
    """What may be done with a receipt that was sent and whose answer never came."""

    SAFE = "send it again: the service keeps the first answer under its TXID (uz-fiscal G2-S-07)"
    NAMED = (
        "send it again under its name; ask the module before anything else of it changes (uz-fiscal QP-01)"
    )
    LOOK = "ask the module first, send it again only when it is not there (uz-fiscal G1-R-08)"
    NEVER = "it has no number to ask for: a person decides (uz-fiscal G1-Z-09)"


class Meaning(Enum):
    """What a refusal means to a till (uz-fiscal HB-03, HB-04)."""

    NO_SHIFT = "no shift is open"
    SHIFT_OPEN = "a shift is open already"
    TIME_WRONG = "the time is past, or too far ahead"
    SHIFT_FULL = "the shift takes no more"
    BLOCKED = "unsent receipts block the module"
    LOCKED = "the operator has locked the module"
    ORIGINAL_UNKNOWN = "the operator does not know the sale: perhaps only because it waits to be sent"
    TXID_UNKNOWN = "the service has lost the stored receipt"
    TRY_AGAIN = "the module was out of reach: what it did is not known"
    UNSURE = "something broke: what was done is not known"
    KEPT = "nothing was done; later it may be"
    FINAL = "it will never be taken"

    @property
    def certain(self) -> bool:
        """Whether it is certain that nothing was registered."""
        return self not in (Meaning.TRY_AGAIN, Meaning.UNSURE)


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """One look at the module. None: the dialect does not say; times are Tashkent's.

    `oldest_unsent` is None, too, while nothing is unsent.
    """

    terminal: str
    locked: bool | None
    unsent: int | None
    oldest_unsent: datetime | None
    last_operation: datetime | None


class FiscalService(Protocol):
    """One service and one module of it.

    Every call raises DriveUnreachableError when nothing answers or an answer cannot be read,
    DriveRefusedError when the service says no.
    """

    dialect: Dialect
    syncs_state: bool
    """Whether a state sync with the operator can be asked for (uz-fiscal §11.8)."""
    sends_at_once: bool
    """Whether `send_receipts` has sent when it returns; else the service sends on its own."""

    @property
    def address(self) -> str:
        """Where it is, without secrets."""

    @property
    def factory_id(self) -> str:
        """The module in use; blank where the dialect names none."""

    def facts(self) -> ModuleFacts:
        """What the cashier sees of it."""

    def locked(self) -> bool | None:
        """Whether the operator has locked the module."""

    def last_operation(self) -> datetime | None:
        """Time of the module's last operation."""

    def shift(self, index: int = 0) -> Json | None:
        """A Z-report as REST has it (uz-fiscal §9.2), 0 the newest that was opened; None beyond the first."""

    def open_shift(self, time: datetime, /) -> None:
        """Open the shift."""

    def close_shift(self, time: datetime, /) -> None:
        """Close the shift."""

    def sync_state(self) -> None:
        """State sync with the operator, where `syncs_state`."""

    def send_receipts(self) -> int:
        """Have the service send what waits; how many receipts the operator has acknowledged now."""

    def held(self) -> set[int] | None:
        """Numbers of the receipts that the module still holds: the operator has not acknowledged them."""

    def repeat(self, receipt: Json, /) -> Repeat:
        """What may be done with this receipt when its answer is lost."""

    def begin(self, receipt: Json, /) -> int | None:
        """The first of two steps: the receipt is stored; its TXID. None where there is one step."""

    def mark(self, receipt: Json, /) -> Json:
        """What has to be known of the module before a receipt is sent, for `lost` to decide by."""

    def finish(self, sale: Sale) -> Json:
        """Have the receipt registered; the answer."""

    def lost(self, sale: Sale, others: Collection[int], now: datetime, qr_base: str, /) -> Json | None:
        """What became of a receipt whose answer was lost: its answer, None when the module never took it.

        `others` are the numbers of this till's other receipts. UndecidedError when it cannot be known (yet).
        An answer without FiscalSign: it is registered, but the dialect does not give its sign again.
        """

    def meaning(self, error: DriveRefusedError) -> Meaning:
        """What a refusal of this service means."""

    def close(self) -> None:
        """Close the connections."""
