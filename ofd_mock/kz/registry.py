"""Devices as rows of the ledger and back, and a new register with the lab's own identity (kz-ofd §0.4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from ofd_mock.kz.values import Cashier, Device, LastDocument, Profile, Taxation
from reference.protocol.kz.counters import apply_ticket
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.exchange import DeviceExchange
from reference.protocol.kz.service import BoundTax, Registration, TicketAd
from reference.protocol.kz.tally import counters_from_json, counters_to_text
from reference.protocol.kz.tickets import Ticket

Row = Mapping[str, Any]
FIRST_ID: Final = 4931
_RNM_BASE: Final = 990_000_000_000
"""Registration numbers of no tax office: 99, then the device ID."""
_SPARE: Final = 5_000_000_000
"""Above all device IDs, and with them still twelve digits."""


def mock_registration(device_id: int) -> Registration:
    """The registration of a register nobody described: a shop that says of itself that it is a test."""
    return Registration(
        rnm=str(_RNM_BASE + device_id),
        serial=f"ZZKZ{device_id:08d}",
        kkm_id=str(device_id),
        pos_title="TEST Дүкен / Магазин",
        pos_address="Алматы, улица Тестовая, 1",
        pos_address_kz="Алматы, Тест көшесі, 1",
        pos_latitude=43_238_949,
        pos_longitude=76_889_709,
        org_title="MOCK ТОО «Тест»",
        org_address="Алматы, улица Тестовая, 1",
        org_address_kz="Алматы, Тест көшесі, 1",
        org_inn="990140000017",
        org_okved="47111",
    )


def spare_numbers(device_id: int) -> dict[str, str]:
    """RNM and serial of such a register if somebody has given the usual ones to another."""
    return {"rnm": str(_RNM_BASE + _SPARE + device_id), "serial": f"ZZK2{device_id:08d}"}


_ACTIVE: Final = DeviceState.ACTIVE
_ACTIVE_WORD: Final = _ACTIVE.value

DEFAULT_ADS: Final = (TicketAd(0, 588, "TEST ОФД Kassalab"),)
"""One ad of type OFD, as captured from a fresh device (kz-ofd §3.3)."""


def to_row(device: Device) -> dict[str, Any]:
    """A device as a row of `kz_devices`."""
    return changing(device) | {
        "rnm": device.profile.registration.rnm,
        "profile": profile_to_text(device.profile),
    }


def changing(device: Device) -> dict[str, Any]:
    """The key, and the columns that documents change."""
    exchange, last, time = device.exchange, device.last_document, device.last_time
    return {
        "id": device.id,
        "state": _ACTIVE_WORD if device.state is _ACTIVE else device.state.value,
        "issued": exchange.issued,
        "last_token": exchange.last_token,
        "last_req": exchange.last_req,
        "last_cmd": exchange.last_cmd,
        "last_answer": exchange.last_answer,
        "counters": counters_to_text(device.counters),
        "documents": device.documents,
        "last_time": None if time is None else time.isoformat(),
        "last_shift": None if last is None else last.shift_number,
        "last_printed": None if last is None else last.printed_number,
        "last_z": device.last_z,
        "cancellable": device.cancellable,
    }


@dataclass(frozen=True, slots=True)
class LaterTicket:
    """What a ticket changed that stands behind its register's row.

    `exchange` None: nothing of it, since an older version wrote that with every ticket.
    """

    number: int
    ticket: Ticket
    exchange: DeviceExchange | None
    time: datetime
    last: LastDocument


def from_row(row: Row, later: Iterable[LaterTicket]) -> Device:
    """The device of a row; `later` are the tickets behind it, oldest first."""
    device = _as_written(row)
    for one in later:
        device = replace(
            device,
            exchange=one.exchange or device.exchange,
            counters=apply_ticket(device.counters, one.ticket),
            documents=one.number,
            last_time=one.time,
            last_document=one.last,
            cancellable=True,
        )
    return device


def _as_written(row: Row) -> Device:
    time, shift = row["last_time"], row["last_shift"]
    return Device(
        id=row["id"],
        state=DeviceState(row["state"]),
        exchange=DeviceExchange(
            row["issued"], row["last_token"], row["last_req"], row["last_cmd"], row["last_answer"]
        ),
        counters=counters_from_json(json.loads(row["counters"])),
        profile=profile_from_text(row["profile"]),
        documents=row["documents"],
        last_time=None if time is None else datetime.fromisoformat(time),
        last_document=None if shift is None else LastDocument(shift, row["last_printed"]),
        last_z=row["last_z"],
        cancellable=bool(row["cancellable"]),
    )


def profile_to_text(profile: Profile) -> str:
    """A profile as JSON text."""
    return json.dumps(asdict(profile), ensure_ascii=False)


@lru_cache(maxsize=10_000)
def profile_from_text(text: str) -> Profile:
    """The profile of such a text; profiles seldom change, so they are remembered."""
    value = json.loads(text)
    taxation = value["taxation"]
    return Profile(
        registration=Registration(**value["registration"]),
        ads=tuple(TicketAd(**ad) for ad in value["ads"]),
        taxation=None
        if taxation is None
        else Taxation(taxation["kind"], tuple(BoundTax(**tax) for tax in taxation["taxes"])),
        nomenclature=value["nomenclature"],
        cashiers=tuple(Cashier(**(one | {"roles": tuple(one["roles"])})) for one in value["cashiers"]),
    )
