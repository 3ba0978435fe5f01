"""Making the files of decided registrations: many together, because encryption is cheap for a batch only.

A registration is decided by the applet one by one; its record is encrypted and signed here, before the flash
gets it and long before anybody hears of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from reference.protocol.uz.standin import ModuleKeys, seal_receipts
from simulator.changes import Change, Registered


class Unsealed(NamedTuple):
    """A registration that lacks only its file: the record to go into it, and the keys to make it with."""

    keys: ModuleKeys
    terminal: str
    number: int
    type: int
    record: bytes
    place: int
    total_block: bytes
    sign: bytes
    cipher_key: bytes


Decision: TypeAlias = Change | Unsealed


def seal(decided: Sequence[Decision]) -> list[Change]:
    """The durable changes of these decisions, in their order; registrations get their files all at once."""
    wanted = [one[:5] for one in decided if isinstance(one, Unsealed)]
    files = iter(seal_receipts(wanted) if wanted else ())
    return [
        Registered(one.place, one.number, one.total_block, one.sign, one.cipher_key, *next(files))
        if isinstance(one, Unsealed)
        else one
        for one in decided
    ]
