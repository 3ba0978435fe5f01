"""The durable changes of a module, one per command that took effect, and their bytes in the flash.

Applying the same changes in the same order to the same state gives the same state: what was answered is
what comes back after a power cut. The second half are the pieces of a whole state, written when the flash
is compacted. Times and numbers are kept in wire form where the wire already has them.
"""

from __future__ import annotations

import struct
from typing import Any, Final, NamedTuple, TypeAlias, cast


class Born(NamedTuple):
    """A module was personalised; it starts from `settings` (JSON) at `created` (BCDDateTime)."""

    created: bytes
    secret: bytes
    factory_id: bytes
    settings: bytes


class Opened(NamedTuple):
    """A Z-report was opened."""

    time: bytes


class Closed(NamedTuple):
    """The open Z-report was closed and its file made."""

    time: bytes
    body: bytes
    signature: bytes


class Registered(NamedTuple):
    """A receipt got a number and went into the block at absolute index `place`."""

    place: int
    number: int
    total_block: bytes
    sign: bytes
    cipher_key: bytes
    body: bytes
    signature: bytes


class ReceiptAcknowledged(NamedTuple):
    """The operator has receipt `number`; its block is free."""

    number: int


class ZAcknowledged(NamedTuple):
    """The operator has the Z-report at absolute index `place` since `time`."""

    place: int
    time: bytes


class Synced(NamedTuple):
    """A state sync left the module with this last operation, lock and POS lock; the challenge is used up."""

    locked: int
    undo_pos_lock: int
    last_operation: bytes


class PosLocked(NamedTuple):
    """The module was bound to the POS that knows `secret`."""

    secret: bytes


class ChallengeUsed(NamedTuple):
    """A refused operation used up the POS challenge (FM-P-04)."""


class Rescanned(NamedTuple):
    """The first unacknowledged time was computed anew; empty when nothing is held."""

    first: bytes


class TaxpayerSet(NamedTuple):
    """The taxpayer's number was written into the personalisation record (UNK-32)."""

    stir: bytes


class LockSet(NamedTuple):
    """Somebody at the bench locked or unlocked the module by hand."""

    locked: int


class KeptState(NamedTuple):
    """Counters and marks of a state, everything but Z-reports and receipts."""

    locked: int
    challenges_used: int
    syncs: int
    memory_changes: int
    sequence: int
    last_index: int
    receipts_allocated: int
    cash_sale: int
    cash_refund: int
    card_sale: int
    card_refund: int
    vat_sale: int
    vat_refund: int
    last_operation: bytes
    first_unacknowledged: bytes
    pos_secret: bytes
    stir: bytes


class KeptZ(NamedTuple):
    """One Z-report of a state."""

    sales: int
    refunds: int
    first_number: int
    last_number: int
    cash_sale: int
    cash_refund: int
    card_sale: int
    card_refund: int
    vat_sale: int
    vat_refund: int
    open_time: bytes
    close_time: bytes
    acknowledged: bytes
    body: bytes
    signature: bytes


class KeptReceipt(NamedTuple):
    """One held receipt of a state."""

    place: int
    number: int
    total_block: bytes
    sign: bytes
    cipher_key: bytes
    body: bytes
    signature: bytes


Change: TypeAlias = (
    Born
    | Opened
    | Closed
    | Registered
    | ReceiptAcknowledged
    | ZAcknowledged
    | Synced
    | PosLocked
    | ChallengeUsed
    | Rescanned
    | TaxpayerSet
    | LockSet
    | KeptState
    | KeptZ
    | KeptReceipt
)

NO_INDEX: Final = 0xFFFF

# Kind byte, type, format of its numbers (which come first); what is left are byte strings.
_LAYOUTS: Final[tuple[tuple[int, type[Change], str], ...]] = (
    (0x01, Born, ""),
    (0x02, Opened, ""),
    (0x03, Closed, ""),
    (0x04, Registered, "HQ"),
    (0x05, ReceiptAcknowledged, "Q"),
    (0x06, ZAcknowledged, "H"),
    (0x07, Synced, "BB"),
    (0x08, PosLocked, ""),
    (0x09, ChallengeUsed, ""),
    (0x0A, Rescanned, ""),
    (0x0B, TaxpayerSet, ""),
    (0x0C, LockSet, "B"),
    (0x81, KeptState, "BQQQQHHQQQQQQ"),
    (0x82, KeptZ, "HHQQQQQQQQ"),
    (0x83, KeptReceipt, "HQ"),
)
_ENCODERS: Final = {
    type_: (struct.Struct(f">BH{numbers}"), kind, len(numbers)) for kind, type_, numbers in _LAYOUTS
}
_DECODERS: Final = {
    kind: (type_, struct.Struct(f">BH{numbers}"), len(type_._fields) - len(numbers))
    for kind, type_, numbers in _LAYOUTS
}
_SIZE: Final = struct.Struct(">H")


def encode_change(module: int, change: Change) -> bytes:
    """The record of `change` in the module with that index in its rack (0…65535)."""
    layout, kind, numbers = _ENCODERS[type(change)]
    pieces = [layout.pack(kind, module, *change[:numbers])]
    for text in cast("tuple[bytes, ...]", change[numbers:]):
        pieces.append(_SIZE.pack(len(text)))
        pieces.append(text)
    return b"".join(pieces)


def decode_change(record: bytes) -> tuple[int, Change]:
    """Module index and change of a record that `encode_change` wrote; ValueError for any other bytes."""
    try:
        type_, layout, strings = _DECODERS[record[0]]
        _, module, *values = layout.unpack_from(record)
        fields: list[Any] = list(values)
        at = layout.size
        for _ in range(strings):
            (size,) = _SIZE.unpack_from(record, at)
            at += 2 + size
            fields.append(record[at - size : at])
    except (IndexError, KeyError, struct.error) as error:
        raise ValueError(f"flash record {record[:8].hex()}… is of no known kind") from error
    if at != len(record):
        raise ValueError(f"flash record {record[:8].hex()}… has {len(record)} bytes, {at} expected")
    return module, type_(*fields)
