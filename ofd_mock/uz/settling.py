"""One batch of requests against what the ledger holds: decisions and the rows they change. No I/O.

A Sheet is filled with the rows that the batch may touch, settles the requests one after another (each sees
what the ones before it have done), and then names the inserts and updates that the ledger writes in the
same transaction.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ofd_mock.uz.decisions import HeldReceipt, HeldZReport
from ofd_mock.uz.registry import Registry, Standing
from ofd_mock.uz.rules import Rules
from ofd_mock.uz.values import (
    TAKEN,
    AckKind,
    AckOrder,
    Intent,
    Outcome,
    Refusal,
    Settlement,
    SignQuery,
    Submission,
    SyncOrder,
    SyncQuery,
    UnsignedReceipt,
    Verdict,
    VerifiedReceipt,
    VerifiedZReport,
)
from reference.protocol.uz.message import FileStatus, StatusCode
from reference.protocol.uz.values import encode_bcd8, encode_time, parse_compact_time

Row = dict[str, Any]
NumberKey = tuple[str, int]
CloseKey = tuple[str, str]
ContentKey = tuple[str, bytes]

_UNSIGNED_NUMBER = 0
"""A generation-1 receipt has no number; its AckFile bears one that no module ever gives."""


@dataclass(slots=True)
class ReceiptSlot:
    """The receipt under one number; `fresh` is its row when this very batch stores it."""

    held: HeldReceipt
    fresh: Row | None = None


@dataclass(slots=True)
class ZReportSlot:
    """The Z-report under one close time; `fresh` as in ReceiptSlot."""

    held: HeldZReport
    fresh: Row | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """Which rows a batch may touch: to be read before it is settled."""

    terminals: frozenset[str]
    numbers: frozenset[NumberKey]
    closes: frozenset[CloseKey]
    contents: frozenset[ContentKey]

    @classmethod
    def of(cls, batch: Iterable[Submission]) -> Needs:
        """The keys that the files of all these requests name."""
        terminals: set[str] = set()
        numbers: set[NumberKey] = set()
        closes: set[CloseKey] = set()
        contents: set[ContentKey] = set()
        for submission in batch:
            terminals.add(submission.terminal)
            for intent in submission.intents:
                if isinstance(intent, VerifiedReceipt | SignQuery):
                    numbers.add((intent.terminal, intent.number))
                elif isinstance(intent, VerifiedZReport):
                    closes.add((intent.terminal, intent.close_time))
                elif isinstance(intent, UnsignedReceipt):
                    contents.add((intent.terminal, intent.digest))
        return cls(frozenset(terminals), frozenset(numbers), frozenset(closes), frozenset(contents))


@dataclass(slots=True)
class Sheet:
    """Rows as they stand, and everything the batch does to them."""

    registry: Registry
    rules: Rules
    now: str
    receipts: dict[NumberKey, ReceiptSlot] = field(default_factory=dict)
    zreports: dict[CloseKey, ZReportSlot] = field(default_factory=dict)
    unsigned: dict[ContentKey, int | Row] = field(default_factory=dict)
    pos_unlock_done: dict[str, int] = field(default_factory=dict)
    """By module known so far: number of the POS-unlock order that its last sync has used up."""

    new_receipts: list[Row] = field(default_factory=list)
    new_zreports: list[Row] = field(default_factory=list)
    new_unsigned: list[Row] = field(default_factory=list)
    completed: dict[int, Row] = field(default_factory=dict)
    receipt_repeats: Counter[int] = field(default_factory=Counter)
    zreport_repeats: Counter[int] = field(default_factory=Counter)
    unsigned_repeats: Counter[int] = field(default_factory=Counter)
    traces: dict[str, Row] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    synced: set[str] = field(default_factory=set)

    def settle(self, submission: Submission) -> Settlement:
        """Decide about one request and note what changes (OF-16 … OF-24, OF-27)."""
        standing = self.registry.standing(submission.terminal)
        status = self.rules.admit(standing, submission.only_queries)
        if status.code not in (StatusCode.OK, StatusCode.OKNotice):
            return Settlement(status)
        # A query about a sign names the terminal of the original receipt: nobody has seen that module speak.
        if not all(isinstance(intent, SignQuery) for intent in submission.intents):
            self.seen.add(submission.terminal)
        pairs = [self._settle_file(intent, standing) for intent in submission.intents]
        return Settlement(status, tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))

    def _settle_file(self, intent: Intent, standing: Standing) -> tuple[Outcome, str]:
        match intent:
            case VerifiedReceipt():
                verdict = self.settle_receipt(intent)
                order = AckOrder(AckKind.RECEIPT, intent.terminal, encode_bcd8(intent.number))
                return self._answer(verdict, order, intent)
            case VerifiedZReport():
                verdict = self.settle_zreport(intent)
                close = encode_time(parse_compact_time(intent.close_time))
                return self._answer(verdict, AckOrder(AckKind.ZREPORT, intent.terminal, close), intent)
            case UnsignedReceipt():
                verdict = self.settle_unsigned(intent)
                order = AckOrder(AckKind.RECEIPT, intent.terminal, encode_bcd8(_UNSIGNED_NUMBER))
                return Outcome(FileStatus.Acknowledge, order=order), verdict.value
            case SignQuery():
                slot = self.receipts.get((intent.terminal, intent.number))
                known = self.rules.confirms(None if slot is None else slot.held, intent)
                return Outcome(FileStatus.Acknowledge if known else FileStatus.Reject), ""
            case SyncQuery():
                return Outcome(FileStatus.Acknowledge, order=self._sync(intent, standing)), ""
            case Refusal():
                return Outcome(intent.status, self._trace(intent)), ""

    def _answer(
        self, verdict: Verdict, order: AckOrder, intent: VerifiedReceipt | VerifiedZReport
    ) -> tuple[Outcome, str]:
        if verdict in TAKEN:
            return Outcome(FileStatus.Acknowledge, order=order), verdict.value
        self._trace(conflict_of(intent))
        return Outcome(FileStatus.Reject), verdict.value

    def settle_receipt(self, receipt: VerifiedReceipt) -> Verdict:
        """Enter a receipt under its number (OF-20, OF-21, OF-24)."""
        key = (receipt.terminal, receipt.number)
        slot = self.receipts.get(key)
        verdict = self.rules.decide_receipt(None if slot is None else slot.held, receipt)
        if verdict is Verdict.STORE:
            row = receipt_row(receipt, self.now)
            self.new_receipts.append(row)
            self.receipts[key] = ReceiptSlot(held_receipt(0, receipt), row)
        elif slot is not None and verdict in (Verdict.COMPLETE, Verdict.OVERWRITE):
            change = receipt_row(receipt, self.now)
            del change["received"], change["repeats"]
            self._change_receipt(slot, change)
            slot.held = held_receipt(slot.held.entry, receipt)
        elif slot is not None and verdict is not Verdict.CONFLICT:
            _repeat(slot.fresh, slot.held.entry, self.receipt_repeats)
        return verdict

    def _change_receipt(self, slot: ReceiptSlot, change: Row) -> None:
        if slot.fresh is not None:
            slot.fresh.update(change)
        else:
            self.completed[slot.held.entry] = change

    def settle_zreport(self, report: VerifiedZReport) -> Verdict:
        """Enter a Z-report under its close time (OF-27)."""
        key = (report.terminal, report.close_time)
        slot = self.zreports.get(key)
        verdict = self.rules.decide_zreport(None if slot is None else slot.held, report)
        if verdict is Verdict.STORE:
            row = zreport_row(report, self.now)
            self.new_zreports.append(row)
            self.zreports[key] = ZReportSlot(HeldZReport(0, report.content), row)
        elif slot is not None and verdict is Verdict.AGAIN:
            _repeat(slot.fresh, slot.held.entry, self.zreport_repeats)
        return verdict

    def settle_unsigned(self, receipt: UnsignedReceipt) -> Verdict:
        """Enter a receipt without a number under its content (G1-Z-09)."""
        key = (receipt.terminal, receipt.digest)
        held = self.unsigned.get(key)
        if held is None:
            row = unsigned_row(receipt, self.now)
            self.new_unsigned.append(row)
            self.unsigned[key] = row
            return Verdict.STORE
        if isinstance(held, int):
            self.unsigned_repeats[held] += 1
        else:
            held["repeats"] += 1
        return Verdict.AGAIN

    def _sync(self, query: SyncQuery, standing: Standing) -> SyncOrder:
        terminal = standing.terminal
        self.synced.add(terminal)
        unlock = self.rules.pos_unlock_due(standing, self.pos_unlock_done.get(terminal, 0))
        if unlock:
            self.pos_unlock_done[terminal] = standing.pos_unlock
        return SyncOrder(terminal, query.challenge, standing.change_lock, standing.locked, unlock)

    def _trace(self, refusal: Refusal) -> str:
        name = trace_name(refusal)
        row = self.traces.get(name)
        if row is None:
            self.traces[name] = trace_row(name, refusal, self.now)
        else:
            row["repeats"] += 1
        return name


def _repeat(fresh: Row | None, entry: int, repeats: Counter[int]) -> None:
    if fresh is not None:
        fresh["repeats"] += 1
    else:
        repeats[entry] += 1


def held_receipt(entry: int, receipt: VerifiedReceipt) -> HeldReceipt:
    """What later decisions need of a receipt that is being stored."""
    return HeldReceipt(
        entry,
        receipt.content,
        receipt.body is not None,
        receipt.type,
        receipt.operation,
        receipt.time,
        receipt.sign,
    )


def receipt_row(receipt: VerifiedReceipt, now: str) -> Row:
    """Columns of table uz_receipts."""
    return {
        "terminal": receipt.terminal,
        "number": receipt.number,
        "type": receipt.type,
        "operation": receipt.operation,
        "time": receipt.time,
        "sign": receipt.sign,
        "cash": receipt.cash,
        "card": receipt.card,
        "vat": receipt.vat,
        "items_count": receipt.items_count,
        "content": receipt.content,
        "header": receipt.header,
        "body": receipt.body,
        "received": now,
        "completed": None if receipt.body is None else now,
        "repeats": 0,
    }


def zreport_row(report: VerifiedZReport, now: str) -> Row:
    """Columns of table uz_zreports."""
    return {
        "terminal": report.terminal,
        "close_time": report.close_time,
        "ordinal": report.ordinal,
        "open_time": report.open_time,
        "sales": report.sales,
        "refunds": report.refunds,
        "first": report.first,
        "last": report.last,
        "cash_sale": report.cash[0],
        "cash_refund": report.cash[1],
        "card_sale": report.card[0],
        "card_refund": report.card[1],
        "vat_sale": report.vat[0],
        "vat_refund": report.vat[1],
        "content": report.content,
        "header": report.header,
        "received": now,
        "repeats": 0,
    }


def unsigned_row(receipt: UnsignedReceipt, now: str) -> Row:
    """Columns of table uz_unsigned_receipts."""
    return {
        "terminal": receipt.terminal,
        "digest": receipt.digest,
        "type": receipt.type,
        "operation": receipt.operation,
        "time": receipt.time,
        "cash": receipt.cash,
        "card": receipt.card,
        "vat": receipt.vat,
        "items_count": receipt.items_count,
        "body": receipt.body,
        "received": now,
        "repeats": 0,
    }


def trace_name(refusal: Refusal) -> str:
    """Name of the trace file: the same for the same file, so that a client that insists fills nothing."""
    digest = hashlib.sha256(bytes((refusal.type & 0xFF,)) + refusal.header + b"\0" + refusal.body)
    return f"{refusal.terminal}-{digest.hexdigest()[:12]}.trace"


def trace_row(name: str, refusal: Refusal, now: str) -> Row:
    """Columns of table uz_traces."""
    return {
        "name": name,
        "terminal": refusal.terminal,
        "type": refusal.type,
        "status": int(refusal.status),
        "reason": refusal.reason,
        "clause": refusal.clause,
        "header": refusal.header,
        "body": refusal.body,
        "received": now,
        "repeats": 0,
    }


def conflict_of(intent: VerifiedReceipt | VerifiedZReport) -> Refusal:
    """The trace of a file whose number or close time is taken by another content (OF-21, OF-27)."""
    if isinstance(intent, VerifiedReceipt):
        reason, clause = f"receipt {intent.number} is stored with other content", "uz-fiscal OF-21"
        kind, body = 1 if intent.body is not None else 3, intent.body or b""
    else:
        reason, clause = f"Z-report of {intent.close_time} is stored with other content", "uz-fiscal OF-27"
        kind, body = 2, b""
    return Refusal(FileStatus.Reject, reason, clause, intent.terminal, kind, intent.header, body)
