"""A bound on what a run may leave in a real module for good: its memory of receipts and shifts is finite.

The budget is asked before the bytes go out, so a run over its budget sends nothing more of that kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from conformance.events import Direction, Layer
from conformance.verdicts import NotApplicable
from reference.protocol.uz.apdu import INSTRUCTIONS

GIVEN_TARGET: Final = 1000
"""Receipts and shifts that a run may register on a target without a control API unless told otherwise."""

_HEADERS: Final = frozenset(
    bytes((row.ins, row.p1 or 0, row.p2 or 0))
    for row in INSTRUCTIONS
    if row.name in ("RECEIPT_REGISTER", "ZREPORT_OPEN")
)
_PATHS: Final = (b"POST /FiscalDrive/Receipt/RegisterTXID/", b"POST /FiscalDrive/ZReport/Open/")
_FACES: Final = (b"POST /rpc/api", b"POST /api ", b"POST /uzpos")
_SELLING: Final = re.compile(
    rb'"method" ?: ?"(Api\.OpenZReport|Api\.Send(Sale|Refund)Receipt|SaleReceipt|RefundReceipt|openZreport|'
    rb'sale|fastSale|refund|saleEPS|refundEPS)"'
)


@dataclass(slots=True)
class Budget:
    """How many receipts and shifts a run may still send to be registered; None: as many as it likes."""

    limit: int | None = None
    spent: int = 0
    _lock: Lock = field(default_factory=Lock)

    def watch(self, layer: Layer, direction: Direction, raw: bytes) -> None:
        """Count what is about to be sent. NotApplicable, before it is sent, when nothing is left."""
        if direction is not Direction.SENT or not _lasting(layer, raw):
            return
        with self._lock:
            if self.limit is not None and self.spent >= self.limit:
                raise NotApplicable(
                    f"the budget of {self.limit} receipts and shifts is used up; --receipts sets another"
                )
            self.spent += 1


def _lasting(layer: Layer, raw: bytes) -> bool:
    if layer is Layer.APDU:
        return raw[1:4] in _HEADERS
    if layer is not Layer.HTTP:
        return False
    return raw.startswith(_PATHS) or (raw.startswith(_FACES) and _SELLING.search(raw) is not None)
