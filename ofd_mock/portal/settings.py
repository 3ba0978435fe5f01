"""Switches of the portal, each with its default (kz-ofd §19.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LEAST_TAX_SECONDS = 15 * 60
MOST_TAX_SECONDS = 72 * 3600


class PortalSettings(BaseModel):
    """Settings of one portal; durations are lab time."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    allow_individual_entrepreneur: bool = Field(
        False, description="a natural person's certificate may register, with his IIN as login (RX-05)"
    )
    iin_check_digit: bool = Field(False, description="IIN and BIN must have the right check digit")
    kgd_answer: Literal["yes", "no", "never"] = Field("yes", description="what the tax body says")
    kgd_delay: float | None = Field(
        None,
        ge=0,
        le=MOST_TAX_SECONDS,
        description="seconds until it answers; none: any time between 15 minutes and 72 hours",
    )
    kgd_reason: str = Field("Сведения не подтверждены (TEST)", max_length=500, description="of a no")
    rereg_delay: float = Field(
        0, ge=0, le=MOST_TAX_SECONDS, description="0: a re-registration is confirmed at once"
    )
    theft_skips_guards: bool = Field(False, description="reason 6 needs no closed shift (§15.9)")
    visit_idle_seconds: float = Field(30 * 60, gt=0, description="a session unused for so long is over")
    visit_seconds: float = Field(12 * 3600, gt=0, description="a session is over after so long, used or not")
    login_tries: int = Field(5, ge=1, description="wrong passwords in a row before a login is locked")
    lock_seconds: float = Field(15 * 60, gt=0, description="how long it stays locked")
    mail_code_seconds: float = Field(600, gt=0, description="how long a mailed code counts")
    mail_code_tries: int = Field(5, ge=1, description="wrong codes before a new one has to be sent")
    mails_an_hour: int = Field(10, ge=1, description="codes one registration can have sent in an hour")
    challenge_seconds: float = Field(300, gt=0, description="how long a challenge to sign counts (SG-07)")
    contact_seconds: float = Field(600, gt=0, description="«В сети»: exchanges younger than that")
    archive_keep_seconds: float = Field(86_400, gt=0, description="how long a finished archive is kept")
    archives_at_once: int = Field(3, ge=1, description="archives an organisation can have waiting")
    archives_kept: int = Field(
        10, ge=1, description="its archives that are kept; the oldest goes for a new one"
    )
    welcome_credit: int = Field(
        1_000_000, ge=0, description="tiyn on the account of a new organisation, so that it can sell at once"
    )
    defects: tuple[str, ...] = Field(
        (), description="deliberate mistakes, names of ofd_mock/portal/defects.py"
    )
