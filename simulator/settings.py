"""What a person can choose about an emulated module, checked before anything is built from it.

A module keeps the settings it was personalised with on its own flash, so that it comes back from a restart
as it was; the command line and the control API only speak for new modules.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Self

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.values import (
    EARLIEST_YEAR,
    MAX_BCD,
    MAX_SHORT,
    format_json_time,
    parse_json_time,
)

TERMINAL = re.compile(r"ZZ[0-9]{12}")
"""The only terminal ids this project may give out (uz-fiscal ID-01)."""

DEFAULT_TERMINAL = "ZZ000000000000"
DEFAULT_BLOCKS = 1120
"""Memory of a module nobody chose a size for (uz-fiscal MEM-09)."""

Z_OPERATIONS = 29_999
"""Operations one Z-report takes (uz-fiscal FM-R-03)."""

MemoryBytes = Annotated[int, Field(ge=0, le=MAX_SHORT)]
Sum = Annotated[int, Field(ge=0, le=MAX_BCD)]


class SettingsError(ValueError):
    """A setting that no module can have: which field, the rule in one word, a text for people."""

    def __init__(self, field: str, rule: str, text: str) -> None:
        self.field = field
        self.rule = rule
        self.text = text
        super().__init__(text)


def _time(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_json_time(value)
    except CodecError as error:
        raise ValueError(error.text) from None


LocalTime = Annotated[datetime, BeforeValidator(_time), PlainSerializer(format_json_time, when_used="json")]
"""Tashkent local time, written `YYYY-MM-DD HH:MM:SS`."""


class _Chosen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Limits(_Chosen):
    """Where the counters end. Lowered so that every status word can be provoked (uz-fiscal FM-R-13)."""

    receipt_seq: Sum = Field(default=MAX_BCD, description="last receipt number (9033)")
    z_operations: int = Field(
        default=Z_OPERATIONS, ge=0, le=Z_OPERATIONS, description="operations of one Z (9040)"
    )
    z_cash: Sum = Field(default=MAX_BCD, description="cash total of one Z, each side (9041)")
    z_card: Sum = Field(default=MAX_BCD, description="card total of one Z, each side (9042)")
    z_vat: Sum = Field(default=MAX_BCD, description="VAT total of one Z, each side (9043)")
    sale_cash: Sum = Field(default=MAX_BCD, description="lifetime cash sales (9044)")
    sale_card: Sum = Field(default=MAX_BCD, description="lifetime card sales (9045)")
    vat: Sum = Field(default=MAX_BCD, description="lifetime VAT, each side (9036)")
    refund: Sum = Field(default=MAX_BCD, description="lifetime cash refunds, and card refunds (9034)")


class Counters(_Chosen):
    """What the lifetime counters of a new module start from (uz-fiscal FM-R-13)."""

    receipt_seq: Sum = 0
    cash_sale: Sum = 0
    cash_refund: Sum = 0
    card_sale: Sum = 0
    card_refund: Sum = 0
    vat_sale: Sum = 0
    vat_refund: Sum = 0


class MemorySizes(_Chosen):
    """What Info tag 80 shows, in bytes (uz-fiscal MEM-10). `persistent` None: 16 for each fresh block."""

    persistent: MemoryBytes | None = None
    reset_ram: MemoryBytes = 3230
    deselect_ram: MemoryBytes = 3230


class ModuleSettings(_Chosen):
    """Everything that makes one emulated module; also the settings of `POST /control/reset`."""

    terminal: str = Field(default=DEFAULT_TERMINAL, description="ZZ and 12 digits (ID-01)")
    factory_id: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{36}$", description="36 hexadecimal characters; none: one is given"
    )
    stir: str | None = Field(
        default=None,
        pattern=r"^([0-9]{9}|[0-9]{14})$",
        description="taxpayer number, read-only once set (UZ-DEV-04)",
    )
    blocks: int = Field(default=DEFAULT_BLOCKS, ge=2, le=MAX_SHORT, description="memory blocks (MEM-09)")
    start_locked: bool = Field(default=True, description="a new module waits for a state sync (EM-09)")
    last_operation: LocalTime | None = Field(default=None, description="first last-operation time (FM-T-06)")
    limits: Limits = Field(default_factory=Limits)
    counters: Counters = Field(default_factory=Counters)
    memory: MemorySizes = Field(default_factory=MemorySizes)
    count_advance_credit: bool = Field(
        default=True, description="advance and credit enter the sums (FM-R-12)"
    )
    sync_may_go_back: bool = Field(default=False, description="a sync may set the time back (FM-Y-02)")
    applet_version: str = Field(default="0400", pattern=r"^04[0-9]{2}$")
    jcre_version: str = Field(default="0300", pattern=r"^[0-9]{4}$")
    patch_version: str = Field(default="0001", pattern=r"^([0-9a-f]{2}){1,16}$", description="hexadecimal")
    seed: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="key seed instead of the public test seed of §17.1",
    )
    defects: tuple[str, ...] = Field(
        default=(), description="mistakes this module makes; see simulator.defects"
    )

    @pydantic.field_validator("terminal")
    @classmethod
    def _is_test_terminal(cls, value: str) -> str:
        if not TERMINAL.fullmatch(value):
            raise ValueError("only test modules are made here: ZZ and 12 digits (uz-fiscal ID-01)")
        return value

    @pydantic.field_validator("last_operation")
    @classmethod
    def _is_fiscal_time(cls, value: datetime | None) -> datetime | None:
        if value is not None and (value.tzinfo is not None or value.year < EARLIEST_YEAR):
            raise ValueError(f"a Tashkent local time without a zone, not before {EARLIEST_YEAR}")
        return value

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> Self:
        """The settings given as JSON values; raises SettingsError for the first that cannot be."""
        try:
            return cls.model_validate(settings)
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "settings"
            raise SettingsError(field, first["type"], first["msg"].removeprefix("Value error, ")) from None
