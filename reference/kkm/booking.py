"""What documents do to the register's own counters (kz-ofd §8, §9.1; KZ-NNT-01)."""

from __future__ import annotations

from datetime import datetime, timedelta

from reference.protocol.kz.counters import apply_money, apply_ticket, close_shift
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement
from reference.protocol.kz.kinds import CASH_IN, PaymentType, PlacementKind
from reference.protocol.kz.tally import DeviceCounters
from reference.protocol.kz.tickets import Ticket
from reference.protocol.kz.validation import limit_passed


def book(counters: DeviceCounters, document: Document) -> DeviceCounters:
    """Return the counters after a document; asking for a report changes nothing."""
    if isinstance(document, Ticket):
        return apply_ticket(counters, document)
    if isinstance(document, MoneyPlacement):
        return apply_money(counters, document)
    if isinstance(document, CloseShift):
        return close_shift(
            counters, document.time, withdraw=document.withdraw_money, is_offline=document.is_offline
        ).counters
    return counters


def cash_leaving(document: Document) -> int:
    """Return the cash that a document takes out of the drawer, in tiyn (kz-ofd §10.5, OQ-11)."""
    if isinstance(document, MoneyPlacement):
        return (document.sum or 0) if document.operation == PlacementKind.WITHDRAWAL else 0
    if isinstance(document, Ticket) and document.operation is not None and document.operation not in CASH_IN:
        return document.paid(PaymentType.CASH)
    return 0


def cash_short(document: Document, counters: DeviceCounters) -> bool:
    """Whether the drawer holds too little; the whole cash may leave (kz-ofd §10.5)."""
    return cash_leaving(document) > counters.cash


def shift_age(counters: DeviceCounters, now: datetime) -> timedelta:
    """How long the shift has been open; nothing without one."""
    return timedelta() if counters.opened is None else now - counters.opened


def shift_expired(counters: DeviceCounters, now: datetime, hours: float) -> bool:
    """Whether tickets must wait for the shift's end: over the limit, not at it (kz-ofd H24-01, H24-05)."""
    return limit_passed(shift_age(counters, now), hours, inclusive=False)
