"""What the module says about itself: the objects a0…a5 made from its state (uz-fiscal §5.5)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from reference.protocol.uz.objects import (
    MODE_TEST,
    NO_INDEX,
    Account,
    FiscalInfo,
    FiscalMemoryInfo,
    MemoryInfo,
    ReceiptFile,
    ReceiptInfo,
    ZReportFile,
    ZReportInfo,
)
from reference.protocol.uz.values import (
    MAX_SHORT,
    decode_sign,
    encode_bcd8,
    encode_sign,
    encode_terminal_id,
    encode_time,
)
from simulator.request import read_block
from simulator.state import Receipt, Session, State, Sums, ZReport

BYTES_PER_BLOCK: Final = 16
"""What one fresh block adds to the persistent memory of Info tag 80 (uz-fiscal MEM-10)."""


def sync_challenge(state: State) -> bytes:
    """8 bytes that the next SyncFile must quote; new after each sync (FM-Y-02)."""
    return _challenge(state, b"sync", state.syncs)[:8]


def pos_challenge(state: State) -> bytes:
    """32 bytes that the next POS_AUTH must answer; new after each use (FM-P-02, FM-P-04)."""
    return _challenge(state, b"pos", state.challenges_used)


def _challenge(state: State, purpose: bytes, uses: int) -> bytes:
    # Made from a durable count instead of being stored: it outlives power loss, and none ever comes again.
    return hashlib.sha256(state.identity.secret + purpose + uses.to_bytes(8, "big")).digest()


def info(state: State, session: Session) -> FiscalInfo:
    """a0, whole."""
    settings = state.settings
    sizes = settings.memory
    persistent = sizes.persistent
    if persistent is None:
        persistent = min(MAX_SHORT, BYTES_PER_BLOCK * state.pool.fresh)
    return FiscalInfo(
        applet_version=int(settings.applet_version, 16),
        cplc=state.identity.cplc,
        patch_version=bytes.fromhex(settings.patch_version),
        terminal_id=state.identity.terminal,
        sync_challenge=sync_challenge(state),
        locked=state.locked,
        jcre_version=int(settings.jcre_version, 16),
        mode=MODE_TEST,
        pos_locked=state.pos_secret is not None,
        pos_auth=session.pos_authenticated,
        memory=MemoryInfo(persistent, sizes.reset_ram, sizes.deselect_ram),
    )


def memory_info(state: State) -> FiscalMemoryInfo:
    """a1, whole."""
    pool = state.pool
    return FiscalMemoryInfo(
        terminal_id=state.identity.terminal,
        receipt_seq=state.sequence,
        last_operation=state.last_operation,
        first_unacknowledged=state.first_unacknowledged,
        zreports_count=len(state.zreports),
        receipts_count=pool.unacknowledged,
        zreports_capacity=pool.blocks - 1,
        receipts_capacity=pool.blocks - pool.zreports_allocated,
        memory_index=state.memory_changes & 1,
        zreport_index=len(state.zreports) - 1 if state.zreports else NO_INDEX,
        receipt_index=NO_INDEX if state.last_index is None else state.last_index,
        zreports_allocated=pool.zreports_allocated,
        receipts_allocated=pool.receipts_allocated,
        cash=_account(state.cash),
        card=_account(state.card),
        vat=_account(state.vat),
    )


def _account(sums: Sums) -> Account:
    return Account(sums.sale, sums.refund)


def z_info(state: State, z: ZReport) -> ZReportInfo:
    """a2, whole."""
    return ZReportInfo(
        terminal_id=state.identity.terminal,
        open_time=z.open_time,
        close_time=z.close_time,
        sales=z.sales,
        refunds=z.refunds,
        first_receipt=z.first_number,
        last_receipt=z.last_number,
        acknowledged=z.acknowledged,
        cash=_account(z.cash),
        card=_account(z.card),
        vat=_account(z.vat),
    )


def receipt_info(state: State, receipt: Receipt) -> ReceiptInfo:
    """a3, whole."""
    block = read_block(receipt.total_block)
    return ReceiptInfo(
        terminal_id=state.identity.terminal,
        receipt_seq=receipt.number,
        time=receipt.time,
        fiscal_sign=decode_sign(receipt.sign) if receipt.sign else None,
        type=block.type,
        operation=block.operation,
        cash=block.cash,
        card=block.card,
        vat=block.vat,
        items_count=block.items_count,
        cipher_key=receipt.cipher_key,
        extra=block.extra or None,
        items_hash=block.items_hash,
    )


def registered(terminal: bytes, number: int, time: datetime, sign: bytes, cipher_key: bytes) -> bytes:
    """FiscalSignInfo, the answer to a registration (a3, tags 01–04 and 0c), poured into its mould."""
    values = (terminal, encode_bcd8(number), encode_time(time), *((sign,) if sign else ()), cipher_key)
    mould = _SIGNED if sign else _UNSIGNED
    return b"".join([piece for pair in zip(mould, values, strict=True) for piece in pair])


def _mould(fiscal_sign: str | None) -> tuple[bytes, ...]:
    """What stands before each value of a FiscalSignInfo, found by encoding one whose values are known.

    All its values have fixed sizes, so the busiest answer of a module needs no encoder.
    """
    terminal, number, key = "ZZ987654321098", 1_234_567_890_123_456, b"\xee" * 32
    time = datetime(2098, 11, 22, 13, 14, 15)
    values = [encode_terminal_id(terminal), encode_bcd8(number), encode_time(time), key]
    if fiscal_sign:
        values.insert(3, encode_sign(fiscal_sign))
    rest = ReceiptInfo(terminal, number, time, fiscal_sign, cipher_key=key).encode()
    mould = []
    for value in values:
        piece, _, rest = rest.partition(value)
        mould.append(piece)
    return tuple(mould)


_SIGNED: Final = _mould("112233445566")
_UNSIGNED: Final = _mould(None)


def z_file(state: State, index: int) -> ZReportFile:
    """a4 of the closed Z-report at an absolute index."""
    z = state.zreports[index]
    return ZReportFile(state.identity.terminal, z.close_time, z.signature, z.body, index)


def receipt_file(state: State, receipt: Receipt) -> ReceiptFile:
    """a5."""
    return ReceiptFile(
        state.identity.terminal,
        receipt.number,
        receipt.signature,
        receipt.body,
        read_block(receipt.total_block).type,
        receipt.place,
    )
