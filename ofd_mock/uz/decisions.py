"""Exactly once by number: what to do with a verified file, given what the ledger holds. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from ofd_mock.uz.values import SignQuery, Verdict, VerifiedReceipt, VerifiedZReport

PURCHASE = 0
SALE = 0


@dataclass(frozen=True, slots=True)
class HeldReceipt:
    """What the ledger holds under a terminal and number, as far as a decision needs it."""

    entry: int
    content: bytes
    full: bool
    type: int
    operation: int
    time: str
    sign: str | None


@dataclass(frozen=True, slots=True)
class HeldZReport:
    """What the ledger holds under a terminal and close time."""

    entry: int
    content: bytes


def decide_receipt(held: HeldReceipt | None, incoming: VerifiedReceipt) -> Verdict:
    """OF-20, OF-21, OF-24: numbers may come in any order (OF-22), so nothing else is looked at."""
    if held is None:
        return Verdict.STORE
    if held.content != incoming.content:
        return Verdict.CONFLICT
    if incoming.body is None:
        return Verdict.KEEP_FULL if held.full else Verdict.AGAIN
    return Verdict.AGAIN if held.full else Verdict.COMPLETE


def decide_zreport(held: HeldZReport | None, incoming: VerifiedZReport) -> Verdict:
    """OF-27: one Z-report per terminal and close time."""
    if held is None:
        return Verdict.STORE
    return Verdict.AGAIN if held.content == incoming.content else Verdict.CONFLICT


def confirms(held: HeldReceipt | None, query: SignQuery) -> bool:
    """Whether the ledger holds a sale of type purchase with all four values (uz-fiscal §11.7)."""
    return (
        held is not None
        and held.type == PURCHASE
        and held.operation == SALE
        and held.time == query.time
        and held.sign == query.sign
    )
