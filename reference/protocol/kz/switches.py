"""Switches of the server's rules where public facts end, with the defaults of kz-ofd §19.2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from reference.protocol.kz.counters import ShiftOpensOn
from reference.protocol.kz.dialects import DOCUMENTS
from reference.protocol.kz.exchange import ReportToken, RotateToken
from reference.protocol.kz.report_building import ZeroRows
from reference.protocol.kz.results import ResultCode


class Mode(Enum):
    """What a check's finding does: nothing is looked for, it is recorded, or the request is refused."""

    OFF = "off"
    WARN = "warn"
    ON = "on"


class ShiftScope(Enum):
    """Switch `shift_timeout_scope`: which commands the 24-hour limit stops (kz-ofd H24-02)."""

    DOCUMENTS = "documents"
    TICKETS = "tickets"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Switches:
    """Settings of the server's rules; `shift_limit_hours` and `document_max_age` in hours of lab time.

    `checks` overrides the modes of kz-ofd §10.4 by id: `T04`, or one part such as `T04.name`.
    `missing_field_code` is 15, 13 or 3.
    """

    checks: Mapping[str, Mode] = field(default_factory=dict, hash=False)
    missing_field_code: ResultCode = ResultCode.BLOCKED
    missing_field_blocks_device: bool = False
    shift_limit_hours: float = 24
    shift_limit_inclusive: bool = False
    shift_timeout_scope: ShiftScope = ShiftScope.DOCUMENTS
    shift_opens_on: ShiftOpensOn = ShiftOpensOn.DOCUMENT
    shift_number_check: Mode = Mode.WARN
    reg_info_check: Mode = Mode.WARN
    geo_check: Mode = Mode.WARN
    cash_check_offline: bool = False
    document_max_age: float | None = None
    zero_rows: ZeroRows = ZeroRows.OMIT
    rotate_token: RotateToken = RotateToken.ALWAYS
    rotate_on: frozenset[int] = DOCUMENTS
    report_token: ReportToken = ReportToken.VERIFY
    token_issue_clears_last: bool = True
