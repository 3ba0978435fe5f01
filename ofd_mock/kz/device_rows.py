"""Devices read from a Kazakh ledger: by their IDs, many at once, or from memory where that is certain.

A row may be behind its documents by a few tickets (`tables.devices`): here is what goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect

from ofd_mock.kz import tables
from ofd_mock.kz.memory import NO_DOCUMENT, Memory
from ofd_mock.kz.prepared import Prepared
from ofd_mock.kz.registry import LaterTicket
from ofd_mock.kz.surroundings import ticket_of
from ofd_mock.kz.values import Device, LastDocument
from reference.protocol.kz.exchange import DeviceExchange
from reference.protocol.kz.frames import Frame

_KEYS_AT_ONCE: Final = 256
_SIZES: Final = (1, 4, 16, 64, _KEYS_AT_ONCE)
_DEVICES: Final = tables.devices
_DOCUMENTS: Final = tables.documents
_OF_IT: Final = _DOCUMENTS.alias("of_it")
NEWEST: Final = (
    sa.select(sa.func.max(_OF_IT.c.number)).where(_OF_IT.c.device == _DEVICES.c.id).scalar_subquery()
)
"""The number of the last document, in a question that asks for rows of `kz_devices`; NULL without any."""
_LATER: Final = (
    sa.select(
        _DOCUMENTS.c.number,
        _DOCUMENTS.c.version,
        _DOCUMENTS.c.request,
        _DOCUMENTS.c.token,
        _DOCUMENTS.c.reqnum,
        _DOCUMENTS.c.command,
        _DOCUMENTS.c.answer,
        _DOCUMENTS.c.issued,
        _DOCUMENTS.c.time,
        _DOCUMENTS.c.shift_number,
        _DOCUMENTS.c.printed_number,
    )
    .where(_DOCUMENTS.c.device == sa.bindparam("device"), _DOCUMENTS.c.number > sa.bindparam("written"))
    .order_by(_DOCUMENTS.c.number)
)


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
        rows = _select(connection.dialect, size, lock).all(connection, keys)
        # After the rows, since their locks may have been waited for while others wrote documents.
        last = {row[0]: (row[1], row[2]) for row in _last(connection.dialect, size).all(connection, keys)}
        for row in rows:
            found[row[0]] = memory.read(
                tuple(row),
                last.get(row[0], NO_DOCUMENT),
                lambda row: later_tickets(connection, row["id"], row["documents"]),
            )
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


def later_tickets(connection: Connection, device: int, written: int) -> list[LaterTicket]:
    """The tickets behind a device's row, which is as of document `written`, oldest first.

    ValueError if one of them is no ticket: then the ledger was written by somebody else.
    """
    later = []
    for row in connection.execute(_LATER, {"device": device, "written": written}):
        ticket = ticket_of(row.version, row.request)
        if ticket is None or row.time is None:
            raise ValueError(f"document {row.number} behind the row of register {device} is no plain ticket")
        later.append(
            LaterTicket(
                row.number,
                ticket,
                None
                if row.issued is None
                else DeviceExchange(row.issued, row.token, row.reqnum, row.command, row.answer),
                datetime.fromisoformat(row.time),
                LastDocument(row.shift_number, row.printed_number),
            )
        )
    return later


@lru_cache(maxsize=64)
def _select(dialect: Dialect, size: int, lock: bool) -> Prepared:
    keys: list[sa.BindParameter[int]] = [sa.bindparam(f"key{place}") for place in range(size)]
    query = sa.select(_DEVICES).where(_DEVICES.c.id.in_(keys)).order_by(_DEVICES.c.id)
    return Prepared(query.with_for_update() if lock else query, dialect)


@lru_cache(maxsize=16)
def _last(dialect: Dialect, size: int) -> Prepared:
    keys: list[sa.BindParameter[int]] = [sa.bindparam(f"key{place}") for place in range(size)]
    query = (
        sa.select(_DOCUMENTS.c.device, _DOCUMENTS.c.sign, _DOCUMENTS.c.request)
        .join(_DEVICES, _DEVICES.c.id == _DOCUMENTS.c.device)
        .where(_DEVICES.c.id.in_(keys), _DOCUMENTS.c.number == NEWEST)
    )
    return Prepared(query, dialect)
