"""Checks a document in one pass and says everything that is wrong with it (kz-ofd §5.1 steps 10–13, §10.4).

`validate` gives all findings, duties first; `verdict` the one that refuses, if any. The limit of the open
shift (step 10) and the drawer's cash (step 13) have functions of their own, because their order matters.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from reference.protocol.kz.checks import (
    CLOSE_CHECKS,
    MONEY_CHECKS,
    REPORT_CHECKS,
    TICKET_CHECKS,
    Check,
)
from reference.protocol.kz.dialects import Command, Dialect
from reference.protocol.kz.document_checks import Asked, Closed, Placed
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement, ReportAsk
from reference.protocol.kz.examination import Context as Context
from reference.protocol.kz.examination import examine
from reference.protocol.kz.kinds import CASH_IN, PaymentType, PlacementKind
from reference.protocol.kz.money import money_text
from reference.protocol.kz.results import ResultCode, Texts, result_row
from reference.protocol.kz.switches import Mode as Mode
from reference.protocol.kz.switches import ShiftScope
from reference.protocol.kz.switches import Switches as Switches
from reference.protocol.kz.tickets import Ticket


class Severity(Enum):
    """What a finding does."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: the check, the code it is worth, the field by the message's name, the figures."""

    id: str
    code: ResultCode
    field: str
    severity: Severity
    text: Texts
    detail: str = ""
    clause: str = ""


DEFAULTS: Final = Switches()
_NOTHING: Final = Context()
_TABLES: Final[dict[Hashable, tuple[Check, ...]]] = {
    Ticket: TICKET_CHECKS,
    MoneyPlacement: MONEY_CHECKS,
    CloseShift: CLOSE_CHECKS,
    ReportAsk: REPORT_CHECKS,
}
_SHIFT_FREE: Final = frozenset({Command.CLOSE_SHIFT, Command.INFO, Command.SYSTEM})
_SCOPES: Final = {
    ShiftScope.DOCUMENTS: frozenset({Command.TICKET, Command.MONEY_PLACEMENT}),
    ShiftScope.TICKETS: frozenset({Command.TICKET}),
    ShiftScope.ALL: frozenset(command for command in Command if command not in _SHIFT_FREE),
}


def validate(
    document: Document, dialect: Dialect, context: Context = _NOTHING, switches: Switches = DEFAULTS
) -> list[Finding]:
    """Return everything that the switched-on rows of kz-ofd §10.4 find, duties first, warnings included."""
    kind: Any = type(document)
    rows = _plan(kind, dialect.version, switches)
    one = _looked_at(document, dialect, context, switches)
    found: list[Finding] = []
    for check, severity, code in rows:
        for problem in check.find(one):
            found.append(
                Finding(check.id, code, problem.field, severity, check.texts, problem.detail, check.clause)
            )
    return found


validate_ticket = validate
"""The same; a ticket is but the document with the most rows."""


def verdict(findings: Iterable[Finding]) -> Finding | None:
    """Return the finding that refuses the request, the first by kz-ofd §5.1; None if none does."""
    return next((finding for finding in findings if finding.severity is Severity.REFUSE), None)


def shift_finding(command: int, context: Context, switches: Switches = DEFAULTS) -> Finding | None:
    """Return the breach of the open shift's limit, None if there is none (kz-ofd §8.3, step 10).

    Exactly the limit is allowed unless `shift_limit_inclusive`. Re-sent messages are free (H24-04).
    """
    opened, now = context.counters.opened, context.now
    if (
        context.resent
        or opened is None
        or now is None
        or command not in _SCOPES[switches.shift_timeout_scope]
    ):
        return None
    if not limit_passed(now - opened, switches.shift_limit_hours, inclusive=switches.shift_limit_inclusive):
        return None
    return _finding("H24-01", ResultCode.OPEN_SHIFT_TIMEOUT_EXPIRED, "date_time", f"{opened} … {now}")


def cash_finding(document: Document, context: Context, switches: Switches = DEFAULTS) -> Finding | None:
    """Return the lack of cash in the drawer, None if there is enough (kz-ofd §10.5, step 13)."""
    if context.resent and not switches.cash_check_offline:
        return None
    leaving, field = 0, "sum"
    if isinstance(document, MoneyPlacement):
        if document.operation == PlacementKind.WITHDRAWAL:
            leaving = document.sum or 0
    elif (
        isinstance(document, Ticket) and document.operation is not None and document.operation not in CASH_IN
    ):
        leaving, field = document.paid(PaymentType.CASH), "payments"
    cash = context.counters.cash
    if not leaving or leaving <= cash:
        return None
    detail = f"{money_text(leaving)} > {money_text(cash)}"
    return _finding("10.5", ResultCode.NOT_ENOUGH_CASH, field, detail)


def limit_passed(elapsed: timedelta, hours: float, *, inclusive: bool) -> bool:
    """Whether a time is over a limit in hours; the limit itself counts only if `inclusive` (kz-ofd TP-14)."""
    limit = timedelta(hours=hours)
    return elapsed >= limit if inclusive else elapsed > limit


def _finding(id: str, code: ResultCode, field: str, detail: str) -> Finding:
    clause = f"kz-ofd {'§' if id[0].isdigit() else ''}{id}"
    return Finding(id, code, field, Severity.REFUSE, result_row(code).texts, detail, clause)


def _looked_at(document: Document, dialect: Dialect, context: Context, switches: Switches) -> Any:
    age = switches.document_max_age
    if isinstance(document, Ticket):
        return examine(document, dialect.version, context, age)
    if isinstance(document, MoneyPlacement):
        return Placed(document, context, age, dialect.placement_time_field)
    if isinstance(document, CloseShift):
        return Closed(document, context, age)
    return Asked(document, context)


@lru_cache(maxsize=256)
def _plan(kind: type, version: int, switches: Switches) -> tuple[tuple[Check, Severity, ResultCode], ...]:
    """The rows that are switched on for a document of a version, with what their findings are worth."""
    rows = []
    for check in sorted(_TABLES[kind], key=lambda row: not row.duty):
        mode = _mode(check, switches)
        if mode is Mode.OFF or version not in check.versions:
            continue
        severity = Severity.REFUSE if mode is Mode.ON else Severity.WARN
        rows.append((check, severity, check.code or switches.missing_field_code))
    return tuple(rows)


def _mode(check: Check, switches: Switches) -> Mode:
    if check.switch:
        mode: Mode = getattr(switches, check.switch)
        return mode
    return next((switches.checks[name] for name in check.names if name in switches.checks), check.default)
