"""The service part: registration data, ads, taxation, offline period (kz-ofd §3.3, §3.5, §11).

Field names that versions spell differently are looked up in the dialect; what a version lacks is not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reference.protocol.kz.dialects import Dialect
from reference.protocol.kz.envelope import set_enum_number
from reference.protocol.kz.kinds import VAT
from reference.protocol.kz.money import set_time
from reference.protocol.kz.report_codec import set_number
from reference.protocol.kz.ticket_codec import text


@dataclass(frozen=True, slots=True)
class Registration:
    """Who and where a register is. `kkm_id` is the device ID as decimal text, places are degrees × 10⁶."""

    rnm: str = ""
    serial: str = ""
    kkm_id: str = ""
    pos_title: str = ""
    pos_address: str = ""
    pos_address_kz: str = ""
    pos_latitude: int | None = None
    pos_longitude: int | None = None
    org_title: str = ""
    org_address: str = ""
    org_address_kz: str = ""
    org_inn: str = ""
    org_okved: str = ""


@dataclass(frozen=True, slots=True)
class TicketAd:
    """One ad; `type` is an AdType. Versions grow, and a register says which it holds."""

    type: int
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class BoundTax:
    """A tax of the device's taxation; percent in thousandths."""

    percent: int
    tax_type: int = VAT


@dataclass(frozen=True, slots=True)
class GeoPosition:
    """Where the register stands, degrees × 10⁶; `source` since 2.0.3."""

    latitude: int
    longitude: int
    source: str = "MANUAL"


def _fields(dialect: Dialect) -> dict[str, dict[str, str]]:
    """Attribute of Registration by message part and field name of the version."""
    return {
        "kkm": {"fns_kkm_id": "rnm", "serial_number": "serial", "kkm_id": "kkm_id"},
        "pos": {
            "title": "pos_title",
            "address": "pos_address",
            "address_kz": "pos_address_kz",
            "latitude": "pos_latitude",
            "longitude": "pos_longitude",
        },
        "org": {
            "title": "org_title",
            "address": "org_address",
            "address_kz": "org_address_kz",
            dialect.org_inn_field: "org_inn",
            dialect.org_okved_field: "org_okved",
        },
    }


def write_reg_info(dialect: Dialect, reg_info: Any, registration: Registration) -> None:
    """Fill the reg_info of a request (kkm, org) or of an answer (kkm, pos, org); empty values stay out.

    2.0.2 gets its tenantId 1, as captured (kz-ofd §3.3), in answers only.
    """
    parts = reg_info.DESCRIPTOR.fields_by_name
    for part, fields in _fields(dialect).items():
        if part not in parts:
            continue
        message = getattr(reg_info, part)
        message.SetInParent()
        known = message.DESCRIPTOR.fields_by_name
        for name, attribute in fields.items():
            value = getattr(registration, attribute)
            if name in known and value not in ("", None):
                setattr(message, name, value)
    if "pos" in parts and dialect.tables == 202:
        reg_info.org.tenantId = 1


def read_reg_info(dialect: Dialect, reg_info: Any) -> Registration:
    """Return what a reg_info says; what it leaves out is empty."""
    found: dict[str, Any] = {}
    for part, fields in _fields(dialect).items():
        if part not in reg_info.DESCRIPTOR.fields_by_name:
            continue
        message = getattr(reg_info, part)
        known = message.DESCRIPTOR.fields_by_name
        for name, attribute in fields.items():
            if name in known and message.HasField(name):
                value = getattr(message, name)
                found[attribute] = value if isinstance(value, int) else text(value)
    return Registration(**found)


def registration_differences(ours: Registration, theirs: Registration) -> dict[str, tuple[Any, Any]]:
    """Return what a register says otherwise than its registration (kz-ofd SV-01); what is left out agrees."""
    return {
        name: (getattr(ours, name), getattr(theirs, name))
        for name in Registration.__slots__
        if getattr(theirs, name) not in ("", None) and getattr(theirs, name) != getattr(ours, name)
    }


def write_offline_period(service: Any, begin: datetime, end: datetime) -> None:
    """Fill a request's offline period; one never offline writes begin = end (kz-ofd SV-02)."""
    set_time(service.offline_period.begin_time, begin)
    set_time(service.offline_period.end_time, end)


def write_geo_position(dialect: Dialect, service: Any, position: GeoPosition) -> None:
    """Fill a request's geo position (kz-ofd SV-07)."""
    message = service.security_stats.geo_position
    message.latitude, message.longitude = position.latitude, position.longitude
    if dialect.tables >= 203:
        message.source = position.source


def has_geo_position(request: Any) -> bool:
    """Whether a request says where the register stands: 2.0.4 makes it a duty (kz-ofd SV-07)."""
    return bool(
        request.HasField("service")
        and request.service.HasField("security_stats")
        and request.service.security_stats.HasField("geo_position")
    )


def held_ads(request: Any) -> dict[int, int]:
    """Return the ad versions a register says it holds, by type; of a type told twice the higher."""
    held: dict[int, int] = {}
    for info in request.service.ticket_ad_infos[:]:
        held[info.type] = max(info.version, held.get(info.type, 0))
    return held


def ads_to_send(
    ads: Iterable[TicketAd], held: Mapping[int, int], *, everything: bool = False
) -> list[TicketAd]:
    """Return the ads newer than those held, or `everything` for INFO (kz-ofd §3.5, IN-04)."""
    return [ad for ad in ads if everything or ad.version > held.get(ad.type, 0)]


def write_ads(service: Any, ads: Iterable[TicketAd]) -> None:
    """Add ads to an answer; info, type, version and text are always there (kz-ofd §3.5)."""
    for ad in ads:
        entry = service.ticket_ads.add(text=ad.text)
        set_enum_number(entry.info, "type", ad.type)
        entry.info.version = ad.version


def read_ads(service: Any) -> list[TicketAd]:
    """Return the ads of an answer."""
    return [TicketAd(ad.info.type, ad.info.version, text(ad.text)) for ad in service.ticket_ads]


def write_ad_infos(service: Any, held: Mapping[int, int]) -> None:
    """Tell in a request which ads the register holds."""
    for kind, version in sorted(held.items()):
        set_enum_number(service.ticket_ad_infos.add(version=version), "type", kind)


def write_taxation(dialect: Dialect, taxation: Any, kind: int, taxes: Iterable[BoundTax]) -> None:
    """Fill an answer's binded_taxation (kz-ofd SV-04); `kind` is 100…103 (kz-ofd §10.2)."""
    set_number(taxation, dialect.binded_taxation_field, kind)
    for tax in taxes:
        entry = taxation.taxes.add(percent=tax.percent)
        set_number(entry, dialect.binded_tax_field, tax.tax_type)


def write_last_document(
    dialect: Dialect, service: Any, shift_number: int, printed_number: int | None
) -> None:
    """Fill an answer's last_document_info, which 1.2.4 lacks (kz-ofd IN-05); 2.0.4 needs both numbers."""
    if not dialect.has("ServiceResponse.last_document_info"):
        return
    info = service.last_document_info
    info.fr_shift_number = shift_number
    if printed_number is not None:
        info.printed_document_number = printed_number
    elif dialect.tables >= 204:
        info.printed_document_number = 0
