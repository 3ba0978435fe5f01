"""The objects a module answers with, a0…a5 (uz-fiscal §5.5).

Every field may be None: the host asked for some tags only, or the object leaves the tag out. `parts` gives
each top-level element apart, so that a module can keep the encoded form and `join` any selection of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reference.protocol.uz.tagged import NO_INDEX as NO_INDEX
from reference.protocol.uz.tagged import (
    TaggedObject,
    bcd_field,
    byte_field,
    flag_field,
    index_field,
    nested_field,
    raw_field,
    short_field,
    sign_field,
    terminal_field,
    time_field,
)

MODE_TEST: Final = 1
MODE_PRODUCTION: Final = 2

FISCAL_SIGN_TAGS: Final = bytes.fromhex("010203040c")
"""What RECEIPT_REGISTER answers of ReceiptInfo: the object the guide calls FiscalSignInfo."""


@dataclass(frozen=True, slots=True)
class MemoryInfo(TaggedObject):
    """Free memory in bytes: persistent, RAM kept until reset, RAM kept until deselect (a0.80)."""

    TAG = 0x80
    COMPLETE = True
    TABLE = (short_field(1, "persistent"), short_field(2, "reset_ram"), short_field(3, "deselect_ram"))

    persistent: int = 0
    reset_ram: int = 0
    deselect_ram: int = 0


@dataclass(frozen=True, slots=True)
class Account(TaggedObject):
    """Sums of sales and of refunds in tiyin (80, 81, 82 of a1 and a2)."""

    TAG = 0x80
    COMPLETE = True
    TABLE = (bcd_field(1, "sale"), bcd_field(2, "refund"))

    sale: int = 0
    refund: int = 0


@dataclass(frozen=True, slots=True)
class FiscalInfo(TaggedObject):
    """Info, the answer of GET_INFO (a0). Versions are numbers as read in hex: 0x0400."""

    TAG = 0xA0
    TABLE = (
        short_field(0x01, "applet_version"),
        raw_field(0x02, "cplc", 42),
        raw_field(0x0A, "patch_version", range(256)),
        terminal_field(0x03, "terminal_id"),
        raw_field(0x04, "sync_challenge", 8),
        flag_field(0x05, "locked"),
        short_field(0x06, "jcre_version"),
        byte_field(0x07, "mode"),
        flag_field(0x08, "pos_locked"),
        flag_field(0x09, "pos_auth"),
        nested_field(0x80, "memory", MemoryInfo),
    )

    applet_version: int | None = None
    cplc: bytes | None = None
    patch_version: bytes | None = None
    terminal_id: str | None = None
    sync_challenge: bytes | None = None
    locked: bool | None = None
    jcre_version: int | None = None
    mode: int | None = None
    pos_locked: bool | None = None
    pos_auth: bool | None = None
    memory: MemoryInfo | None = None


@dataclass(frozen=True, slots=True)
class FiscalMemoryInfo(TaggedObject):
    """Counters, lifetime accumulators and layout of the memory (a1). The indexes are NO_INDEX if none."""

    TAG = 0xA1
    TABLE = (
        terminal_field(0x01, "terminal_id"),
        bcd_field(0x02, "receipt_seq"),
        time_field(0x03, "last_operation"),
        time_field(0x04, "first_unacknowledged"),
        short_field(0x05, "zreports_count"),
        short_field(0x06, "receipts_count"),
        short_field(0x07, "zreports_capacity"),
        short_field(0x08, "receipts_capacity"),
        index_field(0x09, "memory_index"),
        index_field(0x0A, "zreport_index"),
        index_field(0x0B, "receipt_index"),
        short_field(0x0C, "zreports_allocated"),
        short_field(0x0D, "receipts_allocated"),
        nested_field(0x80, "cash", Account),
        nested_field(0x81, "card", Account),
        nested_field(0x82, "vat", Account),
    )

    terminal_id: str | None = None
    receipt_seq: int | None = None
    last_operation: datetime | None = None
    first_unacknowledged: datetime | None = None
    zreports_count: int | None = None
    receipts_count: int | None = None
    zreports_capacity: int | None = None
    receipts_capacity: int | None = None
    memory_index: int | None = None
    zreport_index: int | None = None
    receipt_index: int | None = None
    zreports_allocated: int | None = None
    receipts_allocated: int | None = None
    cash: Account | None = None
    card: Account | None = None
    vat: Account | None = None


@dataclass(frozen=True, slots=True)
class ZReportInfo(TaggedObject):
    """One Z-report (a2): `close_time` is missing while open, `acknowledged` until the operator's ack."""

    TAG = 0xA2
    TABLE = (
        terminal_field(0x01, "terminal_id"),
        time_field(0x02, "open_time"),
        time_field(0x03, "close_time"),
        short_field(0x04, "sales"),
        short_field(0x05, "refunds"),
        bcd_field(0x08, "first_receipt"),
        bcd_field(0x06, "last_receipt"),
        time_field(0x07, "acknowledged"),
        nested_field(0x80, "cash", Account),
        nested_field(0x81, "card", Account),
        nested_field(0x82, "vat", Account),
    )

    terminal_id: str | None = None
    open_time: datetime | None = None
    close_time: datetime | None = None
    sales: int | None = None
    refunds: int | None = None
    first_receipt: int | None = None
    last_receipt: int | None = None
    acknowledged: datetime | None = None
    cash: Account | None = None
    card: Account | None = None
    vat: Account | None = None


@dataclass(frozen=True, slots=True)
class ReceiptInfo(TaggedObject):
    """One held receipt (a3); with FISCAL_SIGN_TAGS alone, the answer of RECEIPT_REGISTER.

    `fiscal_sign` is missing for advance and credit, `extra` where the TotalBlock had none.
    """

    TAG = 0xA3
    ON_REQUEST = frozenset({0x0C})
    TABLE = (
        terminal_field(0x01, "terminal_id"),
        bcd_field(0x02, "receipt_seq"),
        time_field(0x03, "time"),
        sign_field(0x04, "fiscal_sign"),
        byte_field(0x05, "type"),
        byte_field(0x06, "operation"),
        bcd_field(0x07, "cash"),
        bcd_field(0x08, "card"),
        bcd_field(0x09, "vat"),
        short_field(0x0A, "items_count"),
        raw_field(0x0C, "cipher_key", 32),
        raw_field(0x0E, "extra", range(33)),
        raw_field(0x0F, "items_hash", 32),
    )

    terminal_id: str | None = None
    receipt_seq: int | None = None
    time: datetime | None = None
    fiscal_sign: str | None = None
    type: int | None = None
    operation: int | None = None
    cash: int | None = None
    card: int | None = None
    vat: int | None = None
    items_count: int | None = None
    cipher_key: bytes | None = None
    extra: bytes | None = None
    items_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class ZReportFile(TaggedObject):
    """The signed record of a closed Z-report as it goes to the operator (a4); `index` is absolute."""

    TAG = 0xA4
    TABLE = (
        terminal_field(0x01, "terminal_id"),
        time_field(0x02, "close_time"),
        raw_field(0x03, "signature", range(256)),
        raw_field(0x04, "data", range(256)),
        index_field(0x05, "index"),
    )

    terminal_id: str | None = None
    close_time: datetime | None = None
    signature: bytes | None = None
    data: bytes | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class ReceiptFile(TaggedObject):
    """The signed record of a receipt as it goes to the operator (a5); `index` is absolute."""

    TAG = 0xA5
    TABLE = (
        terminal_field(0x01, "terminal_id"),
        bcd_field(0x02, "receipt_seq"),
        raw_field(0x03, "signature", range(256)),
        raw_field(0x04, "data", range(256)),
        byte_field(0x05, "type"),
        index_field(0x06, "index"),
    )

    terminal_id: str | None = None
    receipt_seq: int | None = None
    signature: bytes | None = None
    data: bytes | None = None
    type: int | None = None
    index: int | None = None


OBJECTS: Final[dict[int, type[TaggedObject]]] = {
    kind.TAG: kind
    for kind in (FiscalInfo, FiscalMemoryInfo, ZReportInfo, ReceiptInfo, ZReportFile, ReceiptFile)
}
"""The objects by their own tag, for decoders and documents."""
