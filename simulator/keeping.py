"""A whole state as changes: what a compacted flash holds instead of its history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from reference.protocol.uz.values import encode_time
from simulator.changes import NO_INDEX, Born, Change, KeptReceipt, KeptState, KeptZ
from simulator.state import State, ZReport


def _time(time: datetime | None) -> bytes:
    return b"" if time is None else encode_time(time)


def pieces(state: State) -> Iterator[Change]:
    """The changes that make this very state anew, `Born` first, then counters, Z-reports and receipts."""
    yield Born(
        created=encode_time(state.last_operation),
        secret=state.identity.secret,
        factory_id=bytes.fromhex(state.identity.factory_id),
        settings=state.settings.model_dump_json(exclude_defaults=True).encode("utf-8"),
    )
    yield _counters(state)
    for z in state.zreports:
        yield _z(z)
    for receipt in state.held():
        yield KeptReceipt(
            place=receipt.place,
            number=receipt.number,
            total_block=receipt.total_block,
            sign=receipt.sign,
            cipher_key=receipt.cipher_key,
            body=receipt.body,
            signature=receipt.signature,
        )


def _counters(state: State) -> KeptState:
    return KeptState(
        locked=state.locked,
        challenges_used=state.challenges_used,
        syncs=state.syncs,
        memory_changes=state.memory_changes,
        sequence=state.sequence,
        last_index=NO_INDEX if state.last_index is None else state.last_index,
        receipts_allocated=state.pool.receipts_allocated,
        cash_sale=state.cash.sale,
        cash_refund=state.cash.refund,
        card_sale=state.card.sale,
        card_refund=state.card.refund,
        vat_sale=state.vat.sale,
        vat_refund=state.vat.refund,
        last_operation=encode_time(state.last_operation),
        first_unacknowledged=_time(state.first_unacknowledged),
        pos_secret=state.pos_secret or b"",
        stir=(state.stir or "").encode("ascii"),
    )


def _z(z: ZReport) -> KeptZ:
    return KeptZ(
        sales=z.sales,
        refunds=z.refunds,
        first_number=z.first_number,
        last_number=z.last_number,
        cash_sale=z.cash.sale,
        cash_refund=z.cash.refund,
        card_sale=z.card.sale,
        card_refund=z.card.refund,
        vat_sale=z.vat.sale,
        vat_refund=z.vat.refund,
        open_time=encode_time(z.open_time),
        close_time=_time(z.close_time),
        acknowledged=_time(z.acknowledged),
        body=z.body,
        signature=z.signature,
    )
