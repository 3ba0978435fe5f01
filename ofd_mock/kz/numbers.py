"""RNM and serial number of new registers: no two live registrations share one (kz-ofd TP-18).

By its RNM the check page finds a register; one that is off the register gives its numbers free.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from ofd_mock.kz import tables
from ofd_mock.kz.ledger import KzLedger, LedgerError
from ofd_mock.kz.registry import mock_registration, profile_from_text, spare_numbers
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.service import Registration

_SEARCHED: Final = 16
"""So many numbers are searched for one by one; for more all live registrations are read."""
_DEVICES: Final = tables.devices


def registrations(ledger: KzLedger, first: int, count: int, given: Mapping[str, Any]) -> list[Registration]:
    """The registrations of `count` new registers from the ID `first` on.

    `given` are fields that somebody chose. Raises LedgerError when an RNM or serial among them is another
    live register's; those that the operator makes up itself keep out of the way of all others.
    """
    made = [replace(mock_registration(first + place), **given) for place in range(count)]
    taken = _taken(ledger, made)
    for name in ("rnm", "serial"):
        if given.get(name) in taken[name]:
            raise LedgerError(name, "free", f"another register that is not deregistered has {given[name]}")
    for place, one in enumerate(made):
        clashing = [name for name in ("rnm", "serial") if getattr(one, name) in taken[name]]
        if clashing:
            spare = spare_numbers(first + place)
            changed: dict[str, Any] = {name: spare[name] for name in clashing}
            made[place] = replace(one, **changed)
            again = _taken(ledger, [made[place]])
            for name in clashing:
                if spare[name] in again[name]:
                    raise LedgerError("id", "free", f"both numbers that would be its {name} are taken")
    return made


def require_free(ledger: KzLedger, device_id: int) -> None:
    """Refuse to revive a register whose RNM or serial another live one has by now; LedgerError."""
    device = ledger.device(device_id)
    if device is None or device.state is not DeviceState.DEREGISTERED:
        return
    registration = device.profile.registration
    taken = _taken(ledger, [registration])
    for name in ("rnm", "serial"):
        if getattr(registration, name) in taken[name]:
            raise LedgerError("id", "free", f"another register has its {name} by now")


def _taken(ledger: KzLedger, wanted: Sequence[Registration]) -> dict[str, set[str]]:
    """The wanted numbers that live registers have, and perhaps others."""
    query = sa.select(_DEVICES.c.profile).where(_DEVICES.c.state != DeviceState.DEREGISTERED.value)
    if len(wanted) <= _SEARCHED:
        serials = [
            _DEVICES.c.profile.contains(
                f'"serial": {json.dumps(one.serial, ensure_ascii=False)}', autoescape=True
            )
            for one in wanted
        ]
        query = query.where(sa.or_(_DEVICES.c.rnm.in_([one.rnm for one in wanted]), *serials))
    with ledger.reading() as connection:
        profiles = [profile_from_text(text) for text in connection.execute(query).scalars()]
    held = [profile.registration for profile in profiles]
    return {"rnm": {one.rnm for one in held}, "serial": {one.serial for one in held}}
