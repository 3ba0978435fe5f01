"""What each durable change does to a module's state (uz-fiscal §5.3 effects, §5.4, §6).

Effects never refuse: the checks have done that. The same functions run when a command takes effect and when
the flash is read back, so a state cannot differ from its history.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from reference.protocol.uz.total_block import TotalBlock
from reference.protocol.uz.values import decode_time
from simulator import changes
from simulator.request import PURCHASE, REFUND, read_block
from simulator.state import Receipt, State, Sums, ZReport

Effect: TypeAlias = Callable[[State, Any], None]
Count: TypeAlias = Callable[[State, ZReport, TotalBlock], None]


def _add(sums: Sums, refund: bool, amount: int) -> None:
    if refund:
        sums.refund += amount
    else:
        sums.sale += amount


def count_operation(state: State, z: ZReport, block: TotalBlock) -> None:
    """Grow the Z-report's count and totals and the lifetime accumulators, on the operation's side."""
    refund = block.operation == REFUND
    if refund:
        z.refunds += 1
    else:
        z.sales += 1
    for sums in (z.cash, state.cash):
        _add(sums, refund, block.cash)
    for sums in (z.card, state.card):
        _add(sums, refund, block.card)
    for sums in (z.vat, state.vat):
        _add(sums, refund, block.vat)


def opened(state: State, change: changes.Opened) -> None:
    """A new Z block, and the time goes on."""
    time = decode_time(change.time)
    state.pool.take_z()
    state.zreports.append(ZReport(time))
    state.last_operation = time
    state.memory_changes += 1
    state.challenges_used += 1


def closed(state: State, change: changes.Closed) -> None:
    """The Z-report gets its end and its file, and waits for the operator."""
    time = decode_time(change.time)
    z = state.zreports[-1]
    z.close_time = time
    z.body = change.body
    z.signature = change.signature
    state.unacknowledged_z[len(state.zreports) - 1] = None
    state.last_operation = time
    state.memory_changes += 1
    state.challenges_used += 1


def registering(count: Count) -> Effect:
    """The effect of a registration that counts receipts by `count`."""

    def registered(state: State, change: changes.Registered) -> None:
        block = read_block(change.total_block)
        z = state.zreports[-1]
        state.sequence = change.number
        if not z.first_number:
            z.first_number = change.number
        z.last_number = change.number
        if block.type == PURCHASE or state.settings.count_advance_credit:
            count(state, z, block)
        state.pool.place(change.place, change.number)
        state.hold(Receipt(change.number, change.place, block.time, *change[2:]))
        if state.first_unacknowledged is None or block.time < state.first_unacknowledged:
            state.first_unacknowledged = block.time
        state.last_index = change.place
        state.last_operation = block.time
        state.memory_changes += 1
        state.challenges_used += 1

    return registered


def receipt_acknowledged(state: State, change: changes.ReceiptAcknowledged) -> None:
    """The block is free for reuse; the oldest of the others counts for the two days (FM-A-02)."""
    receipt = state.let_go(change.number)
    state.pool.release(receipt.place)
    state.first_unacknowledged = state.earliest_held()
    state.memory_changes += 1


def z_acknowledged(state: State, change: changes.ZAcknowledged) -> None:
    """The Z-report stays for ever and now bears the operator's time (FM-A-03)."""
    state.zreports[change.place].acknowledged = decode_time(change.time)
    state.unacknowledged_z.pop(change.place, None)


def synced(state: State, change: changes.Synced) -> None:
    """Time, lock and POS lock as the operator wants them; the next challenge is a new one (FM-Y-02)."""
    state.last_operation = decode_time(change.last_operation)
    state.locked = bool(change.locked)
    if change.undo_pos_lock:
        state.pos_secret = None
    state.syncs += 1
    state.memory_changes += 1


def pos_locked(state: State, change: changes.PosLocked) -> None:
    """From now on a POS has to know the secret."""
    state.pos_secret = change.secret


def challenge_used(state: State, _change: changes.ChallengeUsed) -> None:
    """The next POS challenge is a new one."""
    state.challenges_used += 1


def rescanned(state: State, change: changes.Rescanned) -> None:
    """The first unacknowledged time is what the memory says."""
    state.first_unacknowledged = decode_time(change.first) if change.first else None
    state.memory_changes += 1


def taxpayer_set(state: State, change: changes.TaxpayerSet) -> None:
    """The personalisation record is complete."""
    state.stir = change.stir.decode("ascii")


def lock_set(state: State, change: changes.LockSet) -> None:
    """Locked or unlocked by hand, past the operator."""
    state.locked = bool(change.locked)


def kept_state(state: State, change: changes.KeptState) -> None:
    """The counters of a compacted flash; Z-reports and receipts follow."""
    state.locked = bool(change.locked)
    state.challenges_used = change.challenges_used
    state.syncs = change.syncs
    state.memory_changes = change.memory_changes
    state.sequence = change.sequence
    state.last_index = None if change.last_index == changes.NO_INDEX else change.last_index
    state.cash = Sums(change.cash_sale, change.cash_refund)
    state.card = Sums(change.card_sale, change.card_refund)
    state.vat = Sums(change.vat_sale, change.vat_refund)
    state.last_operation = decode_time(change.last_operation)
    first = change.first_unacknowledged
    state.first_unacknowledged = decode_time(first) if first else None
    state.pos_secret = change.pos_secret or None
    state.stir = change.stir.decode("ascii") or None
    state.pool.reserve(change.receipts_allocated)


def kept_z(state: State, change: changes.KeptZ) -> None:
    """One more Z-report, oldest first."""
    z = ZReport(
        open_time=decode_time(change.open_time),
        close_time=decode_time(change.close_time) if change.close_time else None,
        sales=change.sales,
        refunds=change.refunds,
        first_number=change.first_number,
        last_number=change.last_number,
        cash=Sums(change.cash_sale, change.cash_refund),
        card=Sums(change.card_sale, change.card_refund),
        vat=Sums(change.vat_sale, change.vat_refund),
        acknowledged=decode_time(change.acknowledged) if change.acknowledged else None,
        body=change.body,
        signature=change.signature,
    )
    state.zreports.append(z)
    state.pool.zreports_allocated += 1
    if z.close_time is not None and z.acknowledged is None:
        state.unacknowledged_z[len(state.zreports) - 1] = None


def kept_receipt(state: State, change: changes.KeptReceipt) -> None:
    """One more held receipt, lowest number first."""
    time = read_block(change.total_block).time
    state.pool.place(change.place, change.number)
    state.hold(Receipt(change.number, change.place, time, *change[2:]))


EFFECTS: Final[dict[type, Effect]] = {
    changes.Opened: opened,
    changes.Closed: closed,
    changes.Registered: registering(count_operation),
    changes.ReceiptAcknowledged: receipt_acknowledged,
    changes.ZAcknowledged: z_acknowledged,
    changes.Synced: synced,
    changes.PosLocked: pos_locked,
    changes.ChallengeUsed: challenge_used,
    changes.Rescanned: rescanned,
    changes.TaxpayerSet: taxpayer_set,
    changes.LockSet: lock_set,
    changes.KeptState: kept_state,
    changes.KeptZ: kept_z,
    changes.KeptReceipt: kept_receipt,
}
"""Every change but Born, which makes a state instead of altering one."""
