"""What the drive's cores stand on: the module fleet, the memory, the clock of the PC, fault points and the
event log.

Handed as one value, so that a core names what it needs and tests put doubles in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from reference.drive.fleet import Fleet
from reference.drive.gen1_store import Gen1Queries, NamedReceipts, UnnumberedStore
from reference.drive.settings import DriveSettings
from reference.drive.shelves import KnownModules, SyncLog, ZReportStore
from reference.drive.store import ReceiptStore
from reference.protocol.uz.values import to_tashkent
from reference.runtime.clock import PartClock
from reference.runtime.faults import FaultPoints

FAULT_POINTS: Final = {
    "drive.request": "a REST request was read, nothing was done yet",
    "gettxid.before-store": "the receipt is checked and encoded, not stored",
    "gettxid.after-store": "the receipt has its TXID, the POS does not know it",
    "register.before-fm": "RegisterTXID has found the receipt, the module knows nothing of it",
    "register.after-fm": "the module has registered, nothing is stored",
    "register.before-store": "record file and encrypted file are ready, nothing is stored",
    "register.after-store": "everything is stored, the POS has no answer",
    "sync.before-send": "a batch is ready, no connection to the operator yet",
    "sync.after-send": "the operator's answer has come, nothing was done with it",
    "sync.before-ack": "one acknowledgement is about to go to the module",
    "sync.after-ack": "the module has one acknowledgement, the store does not know",
    "operator.connect": "a connection to an operator address is about to be opened (refuse)",
    "link.transmit": "a command is about to go to a module (drop; value before or after)",
}
"""Where the lab can hurt the drive; every point also takes crash and delay."""

FAULT_ACTIONS: Final = {
    **dict.fromkeys(FAULT_POINTS, ("delay",)),
    "operator.connect": ("delay", "refuse"),
    "link.transmit": ("delay", "drop"),
    "sync.after-send": ("delay", "drop"),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything around the cores of one drive."""

    settings: DriveSettings
    fleet: Fleet
    receipts: ReceiptStore
    zreports: ZReportStore
    log: SyncLog
    known: KnownModules
    unnumbered: UnnumberedStore
    named: NamedReceipts
    gen1: Gen1Queries
    clock: PartClock
    faults: FaultPoints
    record: Callable[..., Any]

    def now(self) -> datetime:
        """The PC's time, Tashkent local, whole seconds (uz-fiscal TM-01)."""
        return to_tashkent(self.clock.now())

    def lab_seconds(self) -> float:
        """Lab time in seconds, which never goes back: for spans, not for receipts."""
        return self.clock.lab.now_ns() / 1e9

    def pass_by(self, point: str, **context: str) -> bool:
        """Reach a fault point; True when a rule says that what comes next gets lost (action drop)."""
        rule = self.faults.hit(point, **context)
        if rule is None:
            return False
        if rule.action == "delay":
            self.clock.sleep(rule.delay)
        return rule.action == "drop"
