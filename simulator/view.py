"""What the control API and the page show of a module: everything readable, in words."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby, islice
from typing import Any, Final

from reference.protocol.uz.apdu import ATR_VENDOR
from reference.protocol.uz.values import decode_sign, format_json_time
from simulator import answers
from simulator.exchanges import describe
from simulator.memory import MemoryPool
from simulator.rack import Slot
from simulator.request import read_block
from simulator.state import Receipt, State, Sums, ZReport

DRAWN_WHOLE: Final = 64
"""Blocks up to which the memory is drawn block by block; larger ones are drawn as runs."""
LISTED: Final = 20
"""Z-reports and receipts listed, newest first."""


def module_view(slot: Slot, listed: int = LISTED) -> dict[str, Any]:
    """The module in a slot: identity, locks, counters, memory, its newest records and its last exchanges."""
    state, session = slot.module.state, slot.module.session
    return {
        "index": slot.index,
        "terminal": state.identity.terminal,
        "factory_id": state.identity.factory_id,
        "cplc": state.identity.cplc.hex(),
        "atr": ATR_VENDOR.hex(),
        "stir": state.stir,
        "locked": state.locked,
        "pos_locked": state.pos_secret is not None,
        "session": {
            "selected": session.selected,
            "pos_authenticated": session.pos_authenticated,
            "registered": session.registered,
        },
        "last_operation": format_json_time(state.last_operation),
        "first_unacknowledged": _time(state.first_unacknowledged),
        "receipt_seq": state.sequence,
        "sync_challenge": answers.sync_challenge(state).hex(),
        "cash": _sums(state.cash),
        "card": _sums(state.card),
        "vat": _sums(state.vat),
        "zreports_count": len(state.zreports),
        "zreports_unacknowledged": len(state.unacknowledged_z),
        "zreport_open": state.open_z is not None,
        "receipts_count": len(state.receipts),
        "memory": memory_view(state.pool),
        "settings": state.settings.model_dump(mode="json", exclude_defaults=True),
        "zreports": [_z(state, index) for index in range(min(listed, len(state.zreports)))],
        "receipts": [receipt_view(receipt) for receipt in _newest(state, listed)],
        "exchanges": [describe(apdu, answer) for apdu, answer in reversed(slot.exchanges)],
    }


def memory_view(pool: MemoryPool) -> dict[str, Any]:
    """The pool of blocks, drawn as the guide draws it."""
    return {
        "blocks": pool.blocks,
        "fresh": pool.fresh,
        "zreports_allocated": pool.zreports_allocated,
        "receipts_allocated": pool.receipts_allocated,
        "receipts_unacknowledged": pool.unacknowledged,
        "picture": drawn(pool.picture()),
    }


def drawn(blocks: list[str]) -> str:
    """`Z1 Z2 . . r R7`; of a large memory only runs: `Z1…Z9 .×1100 r×3 R8…R1`."""
    if len(blocks) <= DRAWN_WHOLE:
        return " ".join(blocks)
    runs = []
    for kind, members in groupby(blocks, key=lambda block: block[0]):
        run = list(members)
        if len(run) == 1:
            runs.append(run[0])
        else:
            runs.append(f"{run[0]}…{run[-1]}" if kind in "ZR" else f"{kind}×{len(run)}")
    return " ".join(runs)


def receipt_view(receipt: Receipt) -> dict[str, Any]:
    """One held receipt."""
    block = read_block(receipt.total_block)
    return {
        "number": receipt.number,
        "place": receipt.place,
        "time": format_json_time(receipt.time),
        "sign": decode_sign(receipt.sign) if receipt.sign else None,
        "type": block.type,
        "operation": block.operation,
        "cash": block.cash,
        "card": block.card,
        "vat": block.vat,
        "items": block.items_count,
        "hash": block.items_hash.hex(),
    }


def _newest(state: State, count: int) -> list[Receipt]:
    receipts = (state.held_at(index) for index in range(len(state.receipts)))
    return [receipt for receipt in islice(receipts, count) if receipt is not None]


def _z(state: State, reverse_index: int) -> dict[str, Any]:
    z = state.z_at(reverse_index)
    assert isinstance(z, ZReport)
    return {
        "ordinal": len(state.zreports) - reverse_index,
        "opened": format_json_time(z.open_time),
        "closed": _time(z.close_time),
        "acknowledged": _time(z.acknowledged),
        "sales": z.sales,
        "refunds": z.refunds,
        "first_receipt": z.first_number,
        "last_receipt": z.last_number,
        "cash": _sums(z.cash),
        "card": _sums(z.card),
        "vat": _sums(z.vat),
    }


def _sums(sums: Sums) -> dict[str, int]:
    return {"sale": sums.sale, "refund": sums.refund}


def _time(time: datetime | None) -> str | None:
    return None if time is None else format_json_time(time)
