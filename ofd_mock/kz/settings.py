"""What a person may set at the Kazakh operator: the switches of kz-ofd §19.2, each with its default."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from reference.protocol.kz.checks import CHECK_NAMES
from reference.protocol.kz.counters import ShiftOpensOn
from reference.protocol.kz.dialects import DOCUMENTS
from reference.protocol.kz.exchange import ReportToken, RotateToken
from reference.protocol.kz.frames import HEADER_SIZE, MAX_FRAME_BYTES
from reference.protocol.kz.report_building import ZeroRows
from reference.protocol.kz.results import ResultCode
from reference.protocol.kz.signs import LEAST_SIGN, MAX_SIGN, TotalFormat
from reference.protocol.kz.switches import Mode, ShiftScope, Switches

MOST_SIGN = 10**13 - 1
"""Thirteen digits, as other operators write them (kz-ofd §13.1)."""


class KzSettings(BaseModel):
    """Settings of one operator process; `reset` and `settings` of the control API take the same names.

    Durations are seconds of the operator's lab clock.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    requests_per_connection: int | None = Field(
        None,
        ge=1,
        description="requests served on one connection before it is closed; none: any number (TR-06)",
    )
    idle_timeout_s: float = Field(
        30.0, gt=0, description="a connection without a byte is closed then (TR-07)"
    )
    max_frame_bytes: int = Field(
        MAX_FRAME_BYTES,
        ge=HEADER_SIZE,
        le=1 << 26,
        description="a longer frame closes the connection (FR-05)",
    )
    max_connections: int = Field(2000, ge=1, description="connections above this are closed at once")
    rotate_token: RotateToken = Field(
        RotateToken.ALWAYS, description="whether an accepted document brings a new token (§4.3)"
    )
    rotate_on: frozenset[int] = Field(DOCUMENTS, description="command numbers whose documents rotate (§4.3)")
    report_token: ReportToken = Field(
        ReportToken.VERIFY, description="REPORT must show the token, or is told it (S3, S4)"
    )
    token_issue_clears_last: bool = Field(
        True, description="a token made on the portal makes the server forget the last document (§4.5)"
    )
    block_check: Literal["after_token", "before_token"] = Field(
        "after_token", description="order of block and token check (§5.1)"
    )
    result_text_on_ok: Literal["absent", "present"] = Field(
        "absent", description="whether code 0 has a result_text (§5.2)"
    )
    fresh_info_shift_number: int = Field(
        1, ge=0, le=2**31 - 1, description="shift number of a fresh device in INFO (§3.3)"
    )
    reg_info_check: Mode = Field(Mode.WARN, description="what the register says of itself is wrong (SV-01)")
    geo_check: Mode = Field(Mode.WARN, description="2.0.4 without geo position (SV-07)")
    auth_failure_124: Literal[1, 12] = Field(12, description="auth.result of a wrong login in 1.2.4 (§3.6)")
    barcode_not_found: Literal["nested", "top"] = Field(
        "nested", description="nested: nomenclature.result 3; top: result code 18, in 2.0.3 only (NO-05)"
    )
    shift_number_check: Mode = Field(Mode.WARN, description="fr_shift_number is not the server's (§8.1)")
    shift_opens_on: ShiftOpensOn = Field(ShiftOpensOn.DOCUMENT, description="what opens a shift (§8.1)")
    close_without_shift: Literal["accept", "refuse"] = Field(
        "accept", description="CLOSE_SHIFT without an open shift: an empty shift, or 13 (§8.2)"
    )
    z_source: Literal["server", "client"] = Field("server", description="whose Z is answered (§8.2)")
    zero_rows: ZeroRows = Field(ZeroRows.OMIT, description="rows of zeros in reports (§9.1)")
    shift_limit_hours: float = Field(24.0, gt=0, description="a shift may be open so long (H24-01)")
    shift_limit_inclusive: bool = Field(False, description="the limit itself is too long already (H24-01)")
    shift_timeout_scope: ShiftScope = Field(
        ShiftScope.DOCUMENTS, description="commands that code 11 stops (H24-02)"
    )
    missing_field_code: Literal[15, 13, 3] = Field(15, description="code for a missing field (§10.4)")
    missing_field_blocks_device: bool = Field(False, description="a missing field blocks the device (§10.4)")
    checks: dict[str, Mode] = Field(
        default_factory=dict, description="modes of T01…T24, M01, M02, C01, R01 or parts such as T04.name"
    )
    parent_check: Mode = Field(
        Mode.WARN, description="a return names a ticket of ours that is not there, or gives back more (§10.3)"
    )
    cash_check_offline: bool = Field(False, description="code 14 for re-sent documents too (§10.5)")
    document_max_age: float | None = Field(None, gt=0, description="hours; older documents get 13 (H72-06)")
    no_tariff_code: Literal[15, 19] = Field(15, description="answer without a tariff before 2.0.4 (§15.5)")
    no_tariff_code_204: Literal[15, 19] = Field(19, description="the same to a device that speaks 2.0.4")
    qr_base_url: str = Field(
        "", max_length=200, description="base of qr_code; empty: the operator's own check page (QR-01)"
    )
    s_format: TotalFormat = Field(TotalFormat.TWO_DECIMALS, description="the total in qr_code (QR-04)")
    sign_range: tuple[int, int] = Field((LEAST_SIGN, MAX_SIGN), description="fiscal signs given out (§13.1)")
    consumer_strict: bool = Field(True, description="the check page compares sum and time too (CP-5)")
    defects: tuple[str, ...] = Field((), description="deliberate mistakes, names of ofd_mock/kz/defects.py")

    @field_validator("sign_range")
    @classmethod
    def _has_room(cls, value: tuple[int, int]) -> tuple[int, int]:
        least, most = value
        if not least > 0 or most > MOST_SIGN or most - least < 10**6:
            raise ValueError(f"two numbers of 1…{MOST_SIGN}, at least a million apart")
        return value

    @field_validator("checks")
    @classmethod
    def _known(cls, value: dict[str, Mode]) -> dict[str, Mode]:
        unknown = sorted(set(value) - CHECK_NAMES)
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is no check of kz-ofd §10.4; known: {', '.join(sorted(CHECK_NAMES))}"
            )
        return value

    @property
    def switches(self) -> Switches:
        """The part of the settings that the protocol's own rules read."""
        return Switches(
            checks=self.checks,
            missing_field_code=ResultCode(self.missing_field_code),
            missing_field_blocks_device=self.missing_field_blocks_device,
            shift_limit_hours=self.shift_limit_hours,
            shift_limit_inclusive=self.shift_limit_inclusive,
            shift_timeout_scope=self.shift_timeout_scope,
            shift_opens_on=self.shift_opens_on,
            shift_number_check=self.shift_number_check,
            reg_info_check=self.reg_info_check,
            geo_check=self.geo_check,
            cash_check_offline=self.cash_check_offline,
            document_max_age=self.document_max_age,
            zero_rows=self.zero_rows,
            rotate_token=self.rotate_token,
            rotate_on=self.rotate_on,
            report_token=self.report_token,
            token_issue_clears_last=self.token_issue_clears_last,
        )
