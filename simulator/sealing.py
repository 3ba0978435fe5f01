"""Making the files of decided registrations: many together, because encryption is cheap for a batch only.

A registration is decided by the applet one by one; its record is encrypted and signed here, before the
flash gets it and long before anybody hears of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from reference.protocol.uz.standin import ModuleKeys, ReceiptRecord, make_receipt_files
from simulator.changes import Change, Registered


class Unsealed(NamedTuple):
    """A registration that lacks only its file: the record to go into it, and the keys to make it with."""

    keys: ModuleKeys
    terminal: str
    place: int
    number: int
    total_block: bytes
    sign: bytes
    cipher_key: bytes
    record: ReceiptRecord


Decision: TypeAlias = Change | Unsealed


def seal(decided: Sequence[Decision]) -> list[Change]:
    """The durable changes of these decisions, in their order; registrations get their files all at once."""
    unsealed = [decision for decision in decided if isinstance(decision, Unsealed)]
    files = iter(
        make_receipt_files([(one.keys, one.terminal, one.number, one.record, one.place) for one in unsealed])
        if unsealed
        else ()
    )
    changes: list[Change] = []
    for decision in decided:
        if not isinstance(decision, Unsealed):
            changes.append(decision)
            continue
        file = next(files)
        assert file.data is not None
        assert file.signature is not None
        changes.append(Registered(*decision[2:7], file.data, file.signature))
    return changes
