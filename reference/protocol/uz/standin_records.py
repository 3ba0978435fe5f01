"""The plain records inside stand-in receipt and Z-report files, before encryption (uz-fiscal §17.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reference.protocol.uz import gost
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.objects import Account
from reference.protocol.uz.total_block import TotalBlock
from reference.protocol.uz.values import (
    decode_bcd8,
    decode_sign,
    decode_time,
    encode_bcd8,
    encode_byte,
    encode_short,
    encode_sign,
    encode_time,
)

RECORD_VERSION: Final = 1
NO_SIGN: Final = "000000000000"
_NO_SIGN_BYTES: Final = bytes(6)

_RECEIPT: Final = struct.Struct(">B6s8sBB8s8s8sH32s32sB")
_ZREPORT: Final = struct.Struct(">BH8s8sHH8s8s8s8s8s8s8s8s")


def _sized(data: bytes, size: int, name: str) -> bytes:
    if len(data) != size:
        raise CodecError(f"{len(data)} bytes, not {size}", field=name, clause="uz-fiscal §17")
    return data


def _unpadded(data: bytes, size: int) -> None:
    """Refuse anything but 1…8 zero bytes after the record."""
    rest = data[size:]
    if not 1 <= len(rest) <= gost.BLOCK or any(rest):
        raise CodecError(
            f"record of {size} bytes is followed by {rest.hex()}", field="padding", clause="uz-fiscal §17.4"
        )


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    """What a receipt file tells the operator under encryption. No `fiscal_sign` for advance and credit."""

    fiscal_sign: str | None
    time: datetime
    type: int
    operation: int
    cash: int
    card: int
    vat: int
    items_count: int
    items_hash: bytes
    cipher_key: bytes
    extra: bytes = b""

    @classmethod
    def of_block(cls, block: TotalBlock, fiscal_sign: str | None, cipher_key: bytes) -> ReceiptRecord:
        """The record of a registered TotalBlock."""
        return cls(
            fiscal_sign=fiscal_sign,
            time=block.time,
            type=block.type,
            operation=block.operation,
            cash=block.cash,
            card=block.card,
            vat=block.vat,
            items_count=block.items_count,
            items_hash=block.items_hash,
            cipher_key=cipher_key,
            extra=block.extra,
        )

    def encode(self) -> bytes:
        """The record's 108…140 bytes, without padding; CodecError for a value that has no place."""
        if len(self.extra) > 32:
            raise CodecError(f"{len(self.extra)} bytes, at most 32", field="extra", clause="uz-fiscal §17.4")
        return b"".join(
            (
                b"\x01",
                encode_sign(self.fiscal_sign or NO_SIGN),
                encode_time(self.time),
                encode_byte(self.type, "type"),
                encode_byte(self.operation, "operation"),
                encode_bcd8(self.cash, "cash"),
                encode_bcd8(self.card, "card"),
                encode_bcd8(self.vat, "vat"),
                encode_short(self.items_count, "items_count"),
                _sized(self.items_hash, 32, "items_hash"),
                _sized(self.cipher_key, 32, "cipher_key"),
                bytes((len(self.extra),)),
                self.extra,
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> ReceiptRecord:
        """The record in its padded bytes; CodecError when they are none."""
        if len(data) < _RECEIPT.size or data[0] != RECORD_VERSION:
            raise CodecError("not a receipt record of version 01", field="record", clause="uz-fiscal §17.4")
        _, sign_, time, type_, operation, cash, card, vat, items, hash_, key, extra = _RECEIPT.unpack_from(
            data
        )
        if extra > 32:
            raise CodecError(f"{extra} bytes, at most 32", field="extra", clause="uz-fiscal §17.4")
        _unpadded(data, _RECEIPT.size + extra)
        fiscal_sign = decode_sign(sign_)
        return cls(
            fiscal_sign=None if fiscal_sign == NO_SIGN and type_ else fiscal_sign,
            time=decode_time(time),
            type=type_,
            operation=operation,
            cash=decode_bcd8(cash, "cash"),
            card=decode_bcd8(card, "card"),
            vat=decode_bcd8(vat, "vat"),
            items_count=items,
            items_hash=hash_,
            cipher_key=key,
            extra=bytes(data[_RECEIPT.size : _RECEIPT.size + extra]),
        )


def record_of_block(block: bytes, fiscal_sign: bytes, cipher_key: bytes) -> bytes:
    """`ReceiptRecord.of_block(…).encode()` for a TotalBlock that has passed the checks, not taken apart.

    The record is the block in another order; `fiscal_sign` are the 6 bytes of the sign, none for no sign.
    """
    extra = block[0x44:]
    return b"".join(
        (
            b"\x01",
            fiscal_sign or _NO_SIGN_BYTES,
            block[0x38:0x42],  # time, type, operation
            block[0x20:0x38],  # cash, card, VAT
            block[0x42:0x44],  # number of items
            block[:0x20],  # hash
            cipher_key,
            bytes((len(extra),)),
            extra,
        )
    )


@dataclass(frozen=True, slots=True)
class ZReportRecord:
    """What a Z-report file tells the operator under encryption; `ordinal` 1 is the module's first Z."""

    ordinal: int
    open_time: datetime
    close_time: datetime
    sales: int
    refunds: int
    first_receipt: int
    last_receipt: int
    cash: Account
    card: Account
    vat: Account

    def encode(self) -> bytes:
        """The record's 87 bytes, without padding; CodecError for a value that has no place."""
        return b"".join(
            (
                b"\x01",
                encode_short(self.ordinal, "ordinal"),
                encode_time(self.open_time, "open_time"),
                encode_time(self.close_time, "close_time"),
                encode_short(self.sales, "sales"),
                encode_short(self.refunds, "refunds"),
                encode_bcd8(self.first_receipt, "first_receipt"),
                encode_bcd8(self.last_receipt, "last_receipt"),
                *(
                    encode_bcd8(value, name)
                    for name, account in (("cash", self.cash), ("card", self.card), ("vat", self.vat))
                    for value in (account.sale, account.refund)
                ),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> ZReportRecord:
        """The record in its padded bytes; CodecError when they are none."""
        if len(data) < _ZREPORT.size or data[0] != RECORD_VERSION:
            raise CodecError("not a Z-report record of version 01", field="record", clause="uz-fiscal §17.4")
        _unpadded(data, _ZREPORT.size)
        _, ordinal, opened, closed, sales, refunds, first, last, *sums = _ZREPORT.unpack_from(data)
        numbers = [decode_bcd8(value, "sum") for value in sums]
        return cls(
            ordinal=ordinal,
            open_time=decode_time(opened, "open_time"),
            close_time=decode_time(closed, "close_time"),
            sales=sales,
            refunds=refunds,
            first_receipt=decode_bcd8(first, "first_receipt"),
            last_receipt=decode_bcd8(last, "last_receipt"),
            cash=Account(numbers[0], numbers[1]),
            card=Account(numbers[2], numbers[3]),
            vat=Account(numbers[4], numbers[5]),
        )
