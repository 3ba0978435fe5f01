"""What the checks of kz-ofd §10.4 look for outside tickets, and in every document (§7, §8.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from reference.protocol.kz.documents import FIRST_YEAR, CloseShift, MoneyPlacement, ReportAsk
from reference.protocol.kz.examination import NONE, Context, Examined, Problem, Problems


class Placed(NamedTuple):
    """A deposit or withdrawal under examination."""

    document: MoneyPlacement
    context: Context
    max_age: float | None
    time_field: str


class Closed(NamedTuple):
    """A shift's end under examination."""

    document: CloseShift
    context: Context
    max_age: float | None


class Asked(NamedTuple):
    """The asking of a report under examination."""

    document: ReportAsk
    context: Context


def m01(one: Placed) -> Problems:
    """What a placement must have."""
    document = one.document
    return [
        Problem(field)
        for field, absent in (
            (one.time_field, document.time is None and not document.bad_time),
            ("operation", document.operation is None),
            ("sum", document.sum is None),
        )
        if absent
    ]


def operator(one: Placed | Closed) -> Problems:
    """Who did it."""
    return (Problem("operator.code"),) if one.document.operator.code is None else NONE


def m02(one: Placed) -> Problems:
    """A sum above zero."""
    return (Problem("sum", "0"),) if one.document.sum == 0 else NONE


def bad_money(one: Placed) -> Problems:
    """Bills and coins in their ranges."""
    return [Problem(place) for place in one.document.bad_money]


def c01_time(one: Closed) -> Problems:
    """When it was closed."""
    absent = one.document.time is None and not one.document.bad_time
    return (Problem("close_time"),) if absent else NONE


def c01_report(one: Closed) -> Problems:
    """The register's own Z."""
    return (Problem("z_report"),) if one.document.report is None else NONE


def r01(one: Asked) -> Problems:
    """What is asked, and when."""
    document = one.document
    return [
        Problem(field)
        for field, absent in (
            ("report", document.kind is None),
            ("date_time", document.time is None and not document.bad_time),
        )
        if absent
    ]


def calendar(one: Placed | Closed | Asked) -> Problems:
    """A time that is a date of 2013 or later."""
    document = one.document
    if document.bad_time or (document.time is not None and document.time.year < FIRST_YEAR):
        return (Problem(_time_field(one), document.bad_time or str(document.time)),)
    return NONE


def shift_number(one: Examined | Placed | Closed) -> Problems:
    """The number of the server's shift."""
    document = one.ticket if isinstance(one, Examined) else one.document
    ours = one.context.counters.shift_number
    if document.shift_number is None or document.shift_number == ours:
        return NONE
    return (Problem("fr_shift_number", f"{document.shift_number} ≠ {ours}"),)


def age(one: Examined | Placed | Closed) -> Problems:
    """A time not older than the switch `document_max_age` allows."""
    document = one.ticket if isinstance(one, Examined) else one.document
    now = one.context.now
    if one.max_age is None or now is None or document.time is None:
        return NONE
    if now - document.time <= timedelta(hours=one.max_age):
        return NONE
    return (Problem(_time_field(one), f"{document.time} < {now} - {one.max_age:g} h"),)


def _time_field(one: Examined | Placed | Closed | Asked) -> str:
    if isinstance(one, Placed):
        return one.time_field
    return "close_time" if isinstance(one, Closed) else "date_time"
