"""A FiscalDriveService and its module as the judge plays them to a point of sale (uz-fiscal §4, §5.3, §9.2).

Calls go in as values; what comes out is the HTTP status and the answer. It is written from the clauses alone,
with arithmetic of its own, and shares nothing with the drive of this repository. What a case wants otherwise
it sets by hand: `locked`, `oldest`, `shifts`. Not safe from several threads: the stand takes a lock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from conformance.models.uz_played_receipts import (
    KINDS,
    OPERATIONS,
    TERMINAL,
    Held,
    Json,
    Shift,
    receipt_rules,
    refund_rules,
    text_of,
    time_of,
)

Told = tuple[int, Any]
"""HTTP status and answer: `OK` and reasons are text, all else JSON."""

TWO_DAYS: Final = timedelta(days=2)
FACTORY: Final = "002026112152503000000000000000000099"
NO_SHIFT: Final = (500, "9021 - ZREPORT_IS_NOT_OPENED")
SHIFT_OPEN: Final = (500, "9022 - ZREPORT_IS_NOT_CLOSED")
SHIFT_CLOSED: Final = (500, "9023 - ZREPORT_IS_ALREADY_CLOSED")
PAST: Final = (500, "9030 - DATETIME_IS_IN_THE_PAST")
UNSENT: Final = (500, "9031 - SEND_ALL_RECEIPTS_FIRST")
EMPTY_SHIFT: Final = (500, "9032 - CANNOT_CLOSE_EMPTY_ZREPORT")
LOCKED: Final = (500, "9090 - LOCKED_SYNC_WITH_SERVER")
FUTURE: Final = (500, "9091 - DATETIME_SYNC_WITH_SERVER")
FULL: Final = (500, "9040 - TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT")
RECEIPT_PAST: Final = (400, "receipt time is in the past")
NOT_FOUND: Final = (404, "9020 - NOT_FOUND")


class PlayedModule:
    """One module behind one service. `now` is Tashkent local; every time is held against its last."""

    def __init__(self, now: Callable[[], datetime], sign: Callable[[], int]) -> None:
        self.now = now
        self._sign = sign
        self.locked = False
        self.factory = FACTORY
        self.last = now() - timedelta(hours=1)
        self.synced: datetime | None = None
        self.oldest: datetime | None = None
        """When the oldest receipt was made that the operator does not have; None by the receipts."""
        self.shifts: list[Shift] = []
        self.receipts: list[Held] = []
        self.stored: dict[int, Json] = {}
        self.registered: dict[int, Held] = {}
        self.unnumbered: list[Json] = []
        """Advance and credit receipts of generation 1, which the module never sees."""
        self.next_sign: int | None = None
        """Sign of the next receipt, None by chance."""
        self.sends = True
        """Whether a sync call reaches the operator."""
        self.unlocks = True
        """Whether a state sync ends a lock and a wrong time."""

    # --- what it holds ----------------------------------------------------------------------------------

    @property
    def shift(self) -> Shift | None:
        """The open shift."""
        return self.shifts[-1] if self.shifts and self.shifts[-1].closed is None else None

    @property
    def unsent(self) -> list[Held]:
        """Receipts that the operator does not have."""
        return [each for each in self.receipts if not each.acknowledged]

    @property
    def oldest_unsent(self) -> datetime | None:
        """Since when something is unsent."""
        held = self.unsent
        return (self.oldest or held[0].time) if held else None

    def acknowledge(self) -> None:
        """The operator has everything."""
        for each in self.receipts:
            each.acknowledged = True
        self.oldest = None

    def fresh_day(self, opened: datetime | None = None) -> None:
        """Everything sent and nothing locked; a shift opened at this time, or none."""
        self.acknowledge()
        self.locked, self.sends, self.unlocks = False, True, True
        if self.shift is not None:
            self.shift.closed = self.last
        self.last = self.now() - timedelta(seconds=10)
        self.synced = None
        if opened is not None:
            self.shifts.append(Shift(opened))

    # --- reading ----------------------------------------------------------------------------------------

    def listed(self) -> Told:
        """FiscalDrive/List."""
        return 200, [
            {
                "ReaderName": "127.0.0.1:4387",
                "ATR": "3b8f800180318065b08503010101030201040105",
                "Description": "",
                "FactoryID": self.factory,
                "AppletVersion": "0400",
            }
        ]

    def info(self) -> Told:
        """FiscalDrive/Info."""
        memory = {
            "AvailablePersistentMemory": 694,
            "AvailableResetMemory": 3230,
            "AvailableDeselectMemory": 3230,
        }
        return 200, {
            "AppletVersion": "0400",
            "TerminalID": TERMINAL,
            "SyncChallenge": "6ae708515ad6ee84",
            "Locked": self.locked,
            "JCREVersion": "0300",
            "POSLocked": False,
            "POSAuth": False,
            "MemoryInfo": memory,
        }

    def memory(self) -> Told:
        """FiscalMemory/Info."""
        sums: Json = {}
        for kind, name in (("cash", "Cash"), ("card", "Card"), ("vat", "VAT")):
            sums[f"{name}Accomulator"] = {
                side: sum(
                    getattr(each, kind)
                    for each in self.receipts
                    if int(each.body.get("Operation", 0)) == number
                )
                for number, side in enumerate(OPERATIONS)
            }
        told: Json = {
            "TerminalID": TERMINAL,
            "ReceiptSeq": len(self.receipts),
            "LastOperationTime": text_of(self.last),
            "ZReportsCount": len(self.shifts),
            "ReceiptsCount": len(self.unsent),
            **sums,
        }
        if self.oldest_unsent is not None:
            told["FirstUnacknowledgedReceiptTime"] = text_of(self.oldest_unsent)
        return 200, told

    def shift_info(self, index: int) -> Told:
        """ZReport/Info by reverse index."""
        if index >= len(self.shifts):
            return NOT_FOUND
        return 200, self.shifts[-1 - index].json

    def receipt_info(self, index: int) -> Told:
        """Receipt/Info by reverse index, of those still in the module."""
        held = self.unsent
        if index >= len(held):
            return NOT_FOUND
        found = held[-1 - index]
        return 200, {
            "TerminalID": TERMINAL,
            "ReceiptSeq": found.seq,
            "Time": text_of(found.time),
            "FiscalSign": found.sign,
            "ReceiptType": KINDS[int(found.body.get("Type", 0))],
            "OperationType": OPERATIONS[int(found.body.get("Operation", 0))],
            "ReceivedCash": found.cash,
            "ReceivedCard": found.card,
            "TotalVAT": found.vat,
            "ItemsCount": len(found.body.get("Items", ())),
        }

    # --- shifts -----------------------------------------------------------------------------------------

    def open_shift(self, time: datetime) -> Told:
        """ZReport/Open (ZR-02, ZR-05)."""
        wrong = self._unusable(time)
        if wrong is not None:
            return wrong
        if self.shift is not None:
            return SHIFT_OPEN
        self.shifts.append(Shift(time))
        self.last = time
        return 200, "OK"

    def close_shift(self, time: datetime) -> Told:
        """ZReport/Close (ZR-03, ZR-04, ZR-05)."""
        wrong = self._unusable(time)
        if wrong is not None:
            return wrong
        if self.shift is None:
            return SHIFT_CLOSED
        if not self.shift.receipts:
            return EMPTY_SHIFT
        self.shift.closed = self.last = time
        return 200, "OK"

    # --- receipts ---------------------------------------------------------------------------------------

    def store(self, body: Mapping[str, Any]) -> Told:
        """GetTXID: checks and stores, spends no number (G2-S-01, -02, -03, -05)."""
        time = time_of(body.get("Time"))
        if time is None:
            return 400, f'parsing time "{body.get("Time")}": cannot parse'
        if time <= self.last:
            return RECEIPT_PAST
        wrong = receipt_rules(body) or refund_rules(body, self.receipts)
        if wrong:
            return 400, wrong
        key = json.dumps(body, sort_keys=True, ensure_ascii=False)
        txid = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") | 1
        self.stored[txid] = dict(body)
        return 200, txid

    def register(self, txid: int) -> Told:
        """RegisterTXID: once, and the first answer again (G2-S-07, -10)."""
        known = self.registered.get(txid)
        if known is not None:
            return 200, known.answer
        if txid not in self.stored:
            return 404, f"no record found in table receipt_register_log with id = {txid}"
        return self._register_anew(txid)

    def take(self, body: Mapping[str, Any]) -> Told:
        """Registration in one step, as generation 1 has it: each time anew (G1-R-08), and advance and credit
        without a number (G1-Z-09)."""
        status, told = self.store(body)
        if status != 200:
            return status, told
        if not int(body.get("Type", 0)):
            return self._register_anew(int(told))
        self.unnumbered.append(dict(body))
        return 200, {
            "TerminalID": TERMINAL,
            "ReceiptSeq": "",
            "DateTime": str(body["Time"]),
            "FiscalSign": "",
            "QRCodeURL": "",
        }

    def _register_anew(self, txid: int) -> Told:
        body = self.stored[txid]
        time = time_of(body["Time"])
        assert time is not None
        if self.shift is None and not self.locked:
            return NO_SHIFT
        wrong = self._unusable(time)
        if wrong is not None:
            return wrong
        assert self.shift is not None
        drawn = self._sign() if self.next_sign is None else self.next_sign
        self.next_sign = None
        sign = f"{drawn:012d}" if int(body.get("Type", 0)) == 0 else ""
        held = Held(len(self.receipts) + 1, time, sign, body, txid)
        self.receipts.append(held)
        self.shift.receipts.append(held)
        self.registered[txid] = held
        self.last = time
        return 200, held.answer

    def forget(self, txid: int) -> None:
        """The service loses its database row."""
        self.stored.pop(txid, None)
        self.registered.pop(txid, None)

    # --- the operator -----------------------------------------------------------------------------------

    def sync_state(self) -> Told:
        """State/Sync."""
        if not self.sends:
            return 500, "failed to sync: dial tcp 127.0.0.1:13447: connect: connection refused"
        if self.unlocks:
            self.locked, self.synced = False, self.now()
        return 200, "OK"

    def send(self, most: int) -> Told:
        """Files/Sync/FullReceipts: the oldest first."""
        if not self.sends:
            return 500, "failed to sync: dial tcp 127.0.0.1:13447: connect: connection refused"
        sent = self.unsent[:most]
        for each in sent:
            each.acknowledged = True
        if not self.unsent:
            self.oldest = None
        items = [
            {"TerminalID": TERMINAL, "ReceiptSeq": each.seq, "StatusText": "Acknowledged"} for each in sent
        ]
        return 200, {"Items": items, "SuccessfulsCount": len(items)}

    def _unusable(self, time: datetime) -> Told | None:
        if self.locked:
            return LOCKED
        if time <= self.last:
            return PAST
        if time > max(self.last, self.synced or self.last) + TWO_DAYS:
            return FUTURE
        oldest = self.oldest_unsent
        return UNSENT if oldest is not None and time > oldest + TWO_DAYS else None
