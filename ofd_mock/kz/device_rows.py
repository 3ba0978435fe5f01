"""Devices read from a Kazakh ledger: by their IDs, many at once, or from memory where that is certain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect

from ofd_mock.kz import tables
from ofd_mock.kz.memory import Memory
from ofd_mock.kz.prepared import Prepared
from ofd_mock.kz.registry import Row
from ofd_mock.kz.surroundings import ticket_of
from ofd_mock.kz.values import Device
from reference.protocol.kz.frames import Frame
from reference.protocol.kz.tickets import Ticket

_KEYS_AT_ONCE: Final = 256
_SIZES: Final = (1, 4, 16, 64, _KEYS_AT_ONCE)
_DEVICES: Final = tables.devices


def empty_memory() -> Memory:
    """A memory for rows as they are read here."""
    return Memory([column.name for column in _DEVICES.columns])


def read_devices(
    connection: Connection, ids: Sequence[int], memory: Memory, *, lock: bool = True
) -> dict[int, Device]:
    """The devices of these IDs that there are, by ID; `lock`: for a transaction that is to change them."""
    found: dict[int, Device] = {}
    for start in range(0, len(ids), _KEYS_AT_ONCE):
        some = list(ids[start : start + _KEYS_AT_ONCE])
        # Few sizes, so that few statements are compiled; the last key fills the rest.
        size = next(size for size in _SIZES if size >= len(some))
        keys = {f"key{place}": key for place, key in enumerate(some + some[-1:] * (size - len(some)))}
        for row in _select(connection.dialect, size, lock).all(connection, keys):
            found[row[0]] = memory.read(tuple(row), lambda row: uncounted_tickets(connection, row))
    return found


def held(
    connection: Connection, batch: Sequence[Frame], memory: Memory, *, current: bool
) -> dict[int, Device]:
    """The devices of a batch; those that are known are not read if that is `current`."""
    devices: dict[int, Device] = {}
    wanted = {frame.header.id for frame in batch}
    if current:
        for device_id in wanted:
            known = memory.get(device_id)
            if known is not None:
                devices[device_id] = known.device
        wanted -= devices.keys()
    if wanted:
        devices.update(read_devices(connection, sorted(wanted), memory))
    return devices


def uncounted_tickets(connection: Connection, row: Row) -> list[Ticket]:
    """The tickets of a device's row that its counters do not hold."""
    last, count = row["documents"], row["uncounted"]
    if not count:
        return []
    table = tables.documents
    query = (
        sa.select(table.c.version, table.c.request)
        .where(table.c.device == row["id"], table.c.number > last - count, table.c.number <= last)
        .order_by(table.c.number)
    )
    tickets = [ticket_of(one.version, one.request) for one in connection.execute(query)]
    return [ticket for ticket in tickets if ticket is not None]


@lru_cache(maxsize=64)
def _select(dialect: Dialect, size: int, lock: bool) -> Prepared:
    keys: list[sa.BindParameter[int]] = [sa.bindparam(f"key{place}") for place in range(size)]
    query = sa.select(_DEVICES).where(_DEVICES.c.id.in_(keys)).order_by(_DEVICES.c.id)
    return Prepared(query.with_for_update() if lock else query, dialect)
