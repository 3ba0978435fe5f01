"""The drive's settings: one documented row each, read from options, a config file, or a control reset.

Defaults are those of uz-fiscal; every stand-in behaviour of its §4 is a field here (architecture rule 9).
"""

from __future__ import annotations

import configparser
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from reference.links.address import parse_endpoint, require_named
from reference.links.urls import parse_module_url

OPERATOR_PORT: Final = 13447


class RefundCheck(StrEnum):
    """Whether a refund is checked at the operator before it is stored (uz-fiscal G2-S-04)."""

    ONLINE = "online"
    WHEN_ONLINE = "when_online"
    OFF = "off"


class ShortSyncScope(StrEnum):
    """Which held records Sync/Receipts sends (uz-fiscal G2-S-18)."""

    MISSING = "missing"
    ALL = "all"


class Gen1RefundInfo(StrEnum):
    """Whether a refund of generation 1 must carry RefundInfo (uz-fiscal G1-R-07)."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Gen1Times(StrEnum):
    """How answers of generation 1 write times besides those of receipts (uz-fiscal TM-03)."""

    COMPACT = "compact"
    DASHED = "dashed"


class SettingsError(ValueError):
    """A setting is unknown or has a value it cannot have; the text names both."""


class DriveSettings(BaseModel):
    """All settings of one drive."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    modules: tuple[str, ...] = Field(
        default=("tcp://127.0.0.1:4387",),
        description="module addresses: tcp://host:port, usb:VID:PID[:SERIAL], pcsc:READER, serial:PORT",
    )
    server_addresses: tuple[str, ...] = Field(
        default=(f"127.0.0.1:{OPERATOR_PORT}",),
        min_length=1,
        description="operator addresses, tried by CL-02",
    )
    qr_base: str = Field(default="http://127.0.0.1:13448/check", description="base of the QR address (ID-04)")
    auto_send: bool = Field(default=True, description="send in the background, besides Sync calls (G2-S-17)")
    send_delay: Annotated[float, Field(ge=0)] = Field(
        default=5.0, description="lab seconds to wait for more receipts before a batch (CL-08)"
    )
    send_backoff_max: Annotated[float, Field(gt=0)] = Field(
        default=600.0, description="lab seconds the back-off grows to (UNK-16)"
    )
    not_active_hold: Annotated[float, Field(ge=0)] = Field(
        default=600.0, description="lab seconds without sending after NotActive (CL-06)"
    )
    operator_timeout: Annotated[float, Field(gt=0)] = Field(
        default=5.0, description="lab seconds to wait for the operator, each address (OF-04)"
    )
    refund_check: RefundCheck = Field(
        default=RefundCheck.ONLINE, description="online check of refunds (G2-S-04)"
    )
    short_sync_scope: ShortSyncScope = Field(
        default=ShortSyncScope.MISSING, description="which records Sync/Receipts sends (G2-S-18)"
    )
    auto_short_receipts: bool = Field(
        default=False,
        description="background sender also sends short records whose full file is lost (G2-S-17)",
    )
    gettxid_check_future: bool = Field(
        default=False, description="GetTXID refuses times 2 days ahead (G2-S-12)"
    )
    pin_modules: bool = Field(
        default=True,
        description="another module in a known one's place is refused until confirmed (UZ-USB-03)",
    )
    presence_interval: Annotated[float, Field(ge=0, le=2)] = Field(
        default=1.0,
        description="real seconds between looks whether modules are plugged in; 0: never (UZ-USB-01)",
    )
    sender_name: Annotated[str, Field(max_length=32, pattern=r"^[ -~]*$")] = Field(
        default="kassalab-drive", description="SenderInfo name (uz-fiscal §11.2)"
    )
    sender_serial: Annotated[str, Field(max_length=64, pattern=r"^[ -~]*$")] = Field(
        default="TEST", description="SenderInfo serial"
    )
    sender_version: Annotated[str, Field(max_length=64, pattern=r"^[ -~]*$")] = Field(
        default="10.0.10", description="SenderInfo version"
    )
    gen1_applet_version: Annotated[str, Field(pattern=r"^03[0-9]{2}$")] = Field(
        default="0324", description="AppletVersion that JSON-RPC and the wrappers report (§1.1)"
    )
    gen1_offline_hours: Annotated[int, Field(ge=1, le=48)] = Field(
        default=48,
        description="hours until the oldest unsent receipt blocks generation 1 (G1-Z-06): 48 or 24",
    )
    gen1_refund_info: Gen1RefundInfo = Field(
        default=Gen1RefundInfo.REQUIRED, description="optional: refunds of 2020 clients without it (G1-R-07)"
    )
    gen1_receipt_max: Annotated[int, Field(ge=1)] = Field(
        default=480, description="ReceiptMaxCount: unsent receipts until 36886 (G1-Z-07)"
    )
    gen1_zreport_max: Annotated[int, Field(ge=1)] = Field(
        default=640, description="ZReportMaxCount: Z-reports until 36898 (G1-Z-07)"
    )
    gen1_operations_max: Annotated[int, Field(ge=1)] = Field(
        default=9999, description="operations of a Z until 36911 (G1-Z-05)"
    )
    gen1_total_max: Annotated[int, Field(ge=1)] = Field(
        default=999_999_999_999, description="tiyin of a Z until 36878 (G1-Z-05)"
    )
    gen1_times: Gen1Times = Field(
        default=Gen1Times.COMPACT, description="times in answers: 14 digits (TM-03) or dashed"
    )
    epos_token: str = Field(
        default="", description="token the Communicator asks for; blank: any that is not empty (§13.2)"
    )
    communicator_version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$")] = Field(
        default="3.19.1",
        description="release of the Communicator; from 3.20 sale and fastSale are gone (§13.2)",
    )
    defects: tuple[str, ...] = Field(
        default=(), description="named mistakes to make, see reference.drive.defects"
    )
    allow_any_host: bool = Field(
        default=False, description="leave to talk to addresses beyond loopback and private networks (ID-05)"
    )

    @field_validator("modules")
    @classmethod
    def _modules(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(parse_module_url(text)) for text in value)

    @field_validator("server_addresses")
    @classmethod
    def _servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        endpoints = [parse_endpoint(text, OPERATOR_PORT) for text in value]
        for endpoint in endpoints:
            require_named(endpoint.host)
        return tuple(str(endpoint) for endpoint in endpoints)

    @classmethod
    def of(cls, values: dict[str, Any], base: Self | None = None) -> Self:
        """Settings from names and values, over `base` where given; SettingsError names the field and the
        rule."""
        merged = (base.model_dump() if base is not None else {}) | values
        try:
            return cls(**merged)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise SettingsError(f"setting {field}: {first['msg'].removeprefix('Value error, ')}") from error


def read_config(path: Path) -> dict[str, Any]:
    """Settings in a config file: `[server] address.N`, `[qrcode] base`, `[drive] <setting>`.

    Lists in `[drive]` are separated by blanks. Raises SettingsError for what cannot be read.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise SettingsError(f"{path}: {error}") from error
    values: dict[str, Any] = {}
    if parser.has_section("server"):
        addresses = [text for name, text in parser.items("server") if name.split(".")[0] == "address"]
        values |= {"server_addresses": tuple(addresses)} if addresses else {}
    if parser.has_option("qrcode", "base"):
        values["qr_base"] = parser.get("qrcode", "base")
    lists = {name for name, field in DriveSettings.model_fields.items() if "tuple" in str(field.annotation)}
    if parser.has_section("drive"):
        for name, text in parser.items("drive"):
            values[name] = tuple(text.split()) if name in lists else text
    return values
