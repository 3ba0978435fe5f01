"""What a person may set at the reference register: the switches of kz-ofd §19.2 and who the register is."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from reference.links.address import AddressRefusedError, parse_endpoint, require_named, require_near
from reference.protocol.kz.client import MAX_REQNUM
from reference.protocol.kz.exchange import MAX_TOKEN
from reference.protocol.kz.frames import DEFAULT_PORT
from reference.protocol.kz.service import GeoPosition, Registration

MOST_UINT32 = 2**31 - 1


class RegisterSettings(BaseModel):
    """Settings of one register. `reset` of the control API takes the same names.

    Durations are lab time. What INFO says of the registration takes the place of the texts given here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    allow_any_host: bool = Field(False, description="dial hosts neither loopback nor private (ID-02)")
    server: str = Field(f"127.0.0.1:{DEFAULT_PORT}", description="the operator's address, host:port")
    device_id: int = Field(1, ge=0, le=2**32 - 1, description="ID of the frame header")
    token: int = Field(0, ge=0, le=MAX_TOKEN, description="the first token; 0: none typed in yet (RG-02)")
    version: Literal[124, 202, 203, 204] = Field(203, description="VERSION of the protocol (§1)")
    rnm: str = Field("", max_length=64, description="registration number, until INFO says it")
    serial: str = Field("KASSALAB-TEST-1", max_length=64, description="factory number")
    model: str = Field("Kassalab reference register", max_length=64, description="name of the model")
    taxation: Literal[100, 101, 102, 103] | None = Field(101, description="taxation_type of taxes (§10.2)")
    org_title: str = Field("ТОО TEST", max_length=200, description="organisation, until INFO says it")
    org_inn: str = Field("", max_length=12, description="its IIN or BIN")
    org_address: str = Field("", max_length=300, description="its legal address")
    org_okved: str = Field("", max_length=16, description="its ОКЭД")
    pos_title: str = Field("", max_length=200, description="the outlet")
    pos_address: str = Field("", max_length=300, description="the outlet's address")
    latitude: int = Field(43_238_949, ge=0, le=90_000_000, description="degrees × 10⁶ (SV-07)")
    longitude: int = Field(76_889_709, ge=0, le=180_000_000, description="degrees × 10⁶ (SV-07)")
    transaction_seconds: float = Field(5.0, ge=5, description="a packet is repeated for so long (§6.1)")
    answer_seconds: float = Field(
        2.0, gt=0, description="one attempt waits so long for its answer, within the transaction time"
    )
    repeat_attempts: int = Field(3, ge=1, description="attempts at once when connections break")
    repeat_pause_seconds: float = Field(1.0, gt=0, description="pause between later attempts")
    reconnect_seconds: float = Field(60.0, ge=60, description="reconnect interval and poll (§6.1)")
    offline_limit_hours: float = Field(72.0, gt=0, description="offline spell that stops the register (§6.5)")
    offline_limit_inclusive: bool = Field(False, description="the limit itself is too long (H72-03)")
    shift_limit_hours: float = Field(24.0, gt=0, description="an open shift takes tickets so long (H24-05)")
    shift_warning_hours: float = Field(23.0, gt=0, description="and is warned of from here (H24-05)")
    auto_close: bool = Field(False, description="close an over-long shift before the next ticket (H24-05)")
    invalid_token_reaction: Literal["block", "offline"] = Field(
        "block", description="answer 2 stops the register, or is a lost line (§6.3)"
    )
    queue_reqnum: Literal["fresh", "stored"] = Field(
        "fresh", description="REQNUM of a queued message: taken when it is sent, or when it is stored (OQ-7)"
    )
    reqnum_wrap: Literal[0, 1] = Field(0, description="REQNUM after 65535 (TK-4)")
    reqnum: int = Field(0, ge=0, le=MAX_REQNUM, description="preset: the last REQNUM used")
    shift: int | None = Field(None, ge=1, le=MOST_UINT32, description="preset: number of the first shift")
    test_mode: Literal[True] = Field(True, description="TEST stands on every paper (ID-03)")
    check_url: str = Field(
        "http://127.0.0.1:7778/", max_length=200, description="base of an autonomous ticket's QR (QR-01)"
    )
    documents_kept: int = Field(2000, ge=10, description="documents in memory; older ones are archived")
    defects: tuple[str, ...] = Field((), description="deliberate mistakes, names of reference/kkm/defects.py")

    @field_validator("server")
    @classmethod
    def _dialable(cls, value: str, info: ValidationInfo) -> str:
        try:
            endpoint = parse_endpoint(value, DEFAULT_PORT)
            require_named(endpoint.host)
            if not info.data.get("allow_any_host"):
                require_near(endpoint.host, endpoint.host)
        except AddressRefusedError as error:
            raise ValueError(str(error)) from error
        return str(endpoint)

    @field_validator("check_url")
    @classmethod
    def _opens(cls, value: str) -> str:
        if not re.match(r"https?://[^\s/?#]+", value, re.IGNORECASE):
            raise ValueError(f"{value!r} is no address of the form http://host/ or https://host/")
        return value

    @property
    def invalid_token_blocks(self) -> bool:
        """Whether answer 2 stops the register."""
        return self.invalid_token_reaction == "block"  # noqa: S105  a switch

    @property
    def registration(self) -> Registration:
        """Who the register says it is (kz-ofd SV-01)."""
        return Registration(
            rnm=self.rnm,
            serial=self.serial,
            kkm_id=str(self.device_id),
            pos_title=self.pos_title,
            pos_address=self.pos_address,
            org_title=self.org_title,
            org_address=self.org_address,
            org_inn=self.org_inn,
            org_okved=self.org_okved,
        )

    @property
    def position(self) -> GeoPosition:
        """Where the register stands."""
        return GeoPosition(self.latitude, self.longitude)
