"""TotalBlock, the 68…100 bytes a module signs of a receipt (uz-fiscal §8.5), and the checks on its values."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reference.protocol.uz import gost
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.receipt import Receipt, total_vat
from reference.protocol.uz.status_words import StatusWord
from reference.protocol.uz.tlv import element
from reference.protocol.uz.values import decode_bcd8, decode_time, encode_bcd8, encode_short, encode_time

MIN_SIZE: Final = 68
MAX_SIZE: Final = 100
MAX_EXTRA: Final = MAX_SIZE - MIN_SIZE
SPIC_TAG: Final = 0x04
SPIC_LENGTH: Final = 18
"""Characters of a SPIC the receipt's field takes (uz-fiscal §8.1); EXTRA repeats that field."""

REFUSALS: Final[Mapping[str, StatusWord]] = {
    "uz-fiscal FM-C-01": StatusWord.WRONG_LENGTH,
    "uz-fiscal FM-C-04": StatusWord.INVALID_DATETIME,
    "uz-fiscal FM-C-05": StatusWord.INVALID_BCD,
    "uz-fiscal FM-C-06": StatusWord.INVALID_TYPE,
    "uz-fiscal FM-C-07": StatusWord.INVALID_OPERATION,
    "uz-fiscal FM-C-08": StatusWord.WRONG_DATA,
}
"""What a module answers for the clause of the CodecError that `TotalBlock.decode` raises."""

_LAYOUT: Final = struct.Struct(">32s8s8s8s8sBBH")


@dataclass(frozen=True, slots=True)
class TotalBlock:
    """Sums in tiyin, Tashkent time, number of items, hash of the padded receipt, optional EXTRA."""

    items_hash: bytes
    cash: int
    card: int
    vat: int
    time: datetime
    type: int
    operation: int
    items_count: int
    extra: bytes = b""

    def encode(self) -> bytes:
        """The block's bytes; CodecError for a value that has no place in them."""
        for name, data, low, high in (
            ("items_hash", self.items_hash, 32, 32),
            ("extra", self.extra, 0, MAX_EXTRA),
        ):
            if not low <= len(data) <= high:
                raise CodecError(f"{len(data)} bytes, not {low}…{high}", field=name, clause="uz-fiscal §8.5")
        for name, byte in (("type", self.type), ("operation", self.operation)):
            if not 0 <= byte <= 255:
                raise CodecError(f"{byte} is not in 0…255", field=name, clause="uz-fiscal §8.5")
        return b"".join(
            (
                self.items_hash,
                encode_bcd8(self.cash, "cash"),
                encode_bcd8(self.card, "card"),
                encode_bcd8(self.vat, "vat"),
                encode_time(self.time),
                bytes((self.type, self.operation)),
                encode_short(self.items_count, "items_count"),
                self.extra,
            )
        )

    @classmethod
    def decode(cls, data: bytes, strict: bool = True) -> TotalBlock:
        """The values of a block, checked in the module's order: size, time, sums, type, operation, items.

        CodecError names the field; its clause is a key of REFUSALS. Not `strict` takes any type, operation
        and number of items, for those who show what somebody sent.
        """
        if not MIN_SIZE <= len(data) <= MAX_SIZE:
            text = f"{len(data)} bytes, not {MIN_SIZE}…{MAX_SIZE}"
            raise CodecError(text, field="TotalBlock", clause="uz-fiscal FM-C-01")
        hash_, cash, card, vat, time, type_, operation, items = _LAYOUT.unpack_from(data)
        try:
            block = cls(
                items_hash=hash_,
                time=decode_time(time),
                cash=decode_bcd8(cash, "cash"),
                card=decode_bcd8(card, "card"),
                vat=decode_bcd8(vat, "vat"),
                type=type_,
                operation=operation,
                items_count=items,
                extra=bytes(data[MIN_SIZE:]),
            )
        except CodecError as error:
            clause = "uz-fiscal FM-C-04" if error.field == "time" else "uz-fiscal FM-C-05"
            raise CodecError(error.text, field=error.field, clause=clause) from None
        if strict:
            _check(type_, operation, items)
        return block


def _check(type_: int, operation: int, items: int) -> None:
    if type_ > 2:
        raise CodecError(f"{type_} is not 0, 1 or 2", field="type", clause="uz-fiscal FM-C-06")
    if operation > 1:
        raise CodecError(f"{operation} is not 0 or 1", field="operation", clause="uz-fiscal FM-C-07")
    if not 1 <= items <= 32767:
        raise CodecError(f"{items} is not in 1…32767", field="items_count", clause="uz-fiscal FM-C-08")


def total_block_for(receipt: Receipt, padded_tlv: bytes) -> TotalBlock:
    """The block of a receipt whose encoded form with padding is `padded_tlv` (uz-fiscal CR-01, §8.5)."""
    return TotalBlock(
        items_hash=gost.digest(padded_tlv),
        cash=receipt.received_cash,
        card=receipt.received_card,
        vat=total_vat(receipt),
        time=receipt.time,
        type=receipt.type,
        operation=receipt.operation,
        items_count=len(receipt.items),
        extra=extra_for(receipt),
    )


def extra_for(receipt: Receipt) -> bytes:
    """EXTRA: the SPIC as an element, only where there is exactly one item and it has a SPIC."""
    if len(receipt.items) != 1 or not receipt.items[0].spic.strip():
        return b""
    return element(SPIC_TAG, receipt.items[0].spic[:SPIC_LENGTH].encode("utf-8"))[:MAX_EXTRA]
