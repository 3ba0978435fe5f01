"""One command on its way through the checks, and the TotalBlock it may carry.

The checks read the data field by field, in the order of uz-fiscal §5.3, because the first field that cannot
be read decides the answer. So a request starts with its bytes alone; each check that reads something leaves
it here for the checks and the action after it.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final

from reference.protocol.uz.standin import AckContents, SyncContents
from reference.protocol.uz.total_block import TotalBlock
from simulator.keys import Keys
from simulator.state import Receipt, Session, State, ZReport

PURCHASE: Final = 0
LAST_TYPE: Final = 2
REFUND: Final = 1


class Request:
    """The command's data and index (P1P2), the module it is for, and what the checks have read so far."""

    __slots__ = (
        "ack",
        "block",
        "counted",
        "data",
        "index",
        "keys",
        "number",
        "receipt",
        "refund",
        "session",
        "state",
        "sync",
        "time",
        "z",
        "z_index",
    )

    time: datetime
    block: TotalBlock
    refund: bool
    counted: bool
    number: int
    receipt: Receipt
    z: ZReport
    z_index: int
    ack: AckContents
    sync: SyncContents

    def __init__(self, data: bytes, index: int, state: State, session: Session, keys: Keys) -> None:
        self.data = data
        self.index = index
        self.state = state
        self.session = session
        self.keys = keys


@lru_cache(maxsize=1024)
def read_block(raw: bytes) -> TotalBlock:
    """The values of a TotalBlock, whatever its type, operation and count; CodecError as TotalBlock.decode.

    Remembers the last ones, since a registration reads its block in the checks, the effect and the answer.
    """
    return TotalBlock.decode(raw, strict=False)
