"""The portal's hand on the ledger's row of a register: state, registration data and token.

Only what changes is written, in the portal's own transaction, with the row locked as the wire's intake locks
it: a token made here is the only one that counts from the commit on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ofd_mock.kz import tables
from ofd_mock.kz.device_rows import empty_memory, later_tickets, read_devices
from ofd_mock.kz.registry import DEFAULT_ADS, FIRST_ID, changing, profile_from_text, profile_to_text, to_row
from ofd_mock.kz.values import Cashier, Device, Profile
from ofd_mock.portal.tables import Card
from reference.protocol.kz.counters import apply_ticket
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.exchange import DeviceExchange, fresh_token, issue_token
from reference.protocol.kz.service import Registration
from reference.protocol.kz.tally import DeviceCounters, counters_from_json

_DEVICES: Final = tables.devices
_AT_ONCE: Final = 500
"""Registers of one question to the database."""
_OF_DEVICE: Final = _DEVICES.c.id == sa.bindparam("device")
_BOOKS: Final = sa.select(
    _DEVICES.c.state, _DEVICES.c.documents, _DEVICES.c.counters, _DEVICES.c.profile
).where(_OF_DEVICE)
_NEWEST: Final = sa.select(sa.func.max(tables.documents.c.number)).where(
    tables.documents.c.device == sa.bindparam("device")
)
_BOOKS_LOCKED: Final = _BOOKS.with_for_update()
_SET_STATE: Final = sa.update(_DEVICES).where(_OF_DEVICE).values(state=sa.bindparam("now"))
"""Every act of an owner asks for the books and most set the state: made once."""


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger knows of a register that decides about acts of its owner."""

    state: DeviceState
    documents: int
    shift_open: bool
    profile: Profile


def books_of(session: Session, device: int, *, lock: bool = True) -> Books | None:
    """The books of a register, None if the ledger does not know it."""
    row = session.execute(_BOOKS_LOCKED if lock else _BOOKS, {"device": device}).first()
    if row is None:
        return None
    counters = counters_from_json(json.loads(row.counters))
    # After the row, since its lock may have been waited for while others wrote documents.
    newest = max(row.documents, session.scalar(_NEWEST, {"device": device}) or 0)
    # What stands behind the row are tickets, and each of them is of a shift that is open.
    shift_open = newest > row.documents or counters.shift is not None
    return Books(DeviceState(row.state), newest, shift_open, profile_from_text(row.profile))


def counters_now(session: Session, row: Mapping[Any, Any]) -> DeviceCounters:
    """The counters of a `kz_devices` row (id, counters, documents, and `newest`: its last document's number)
    as of now: the few tickets behind the row are counted here, too.
    """
    counters = counters_from_json(json.loads(row["counters"]))
    if (row["newest"] or 0) > row["documents"]:
        for later in later_tickets(session.connection(), row["id"], row["documents"]):
            counters = apply_ticket(counters, later.ticket)
    return counters


def open_books(session: Session, registration: Registration) -> int:
    """Give a new register an ID that nobody ever had, and enter it as a draft; the ID."""
    given = [session.scalar(sa.select(sa.func.max(column))) for column in (_DEVICES.c.id, Card.id)]
    device_id = max(FIRST_ID, *(1 + (highest or 0) for highest in given))
    known = replace(registration, kkm_id=str(device_id))
    device = Device(device_id, DeviceState.DRAFT, DeviceExchange(0), profile=Profile(known, DEFAULT_ADS))
    session.execute(sa.insert(_DEVICES).values(to_row(device)))
    return device_id


def close_books(session: Session, device: int) -> None:
    """Forget a draft."""
    session.execute(sa.delete(_DEVICES).where(_DEVICES.c.id == device))


def set_state(session: Session, device: int, state: DeviceState) -> None:
    """What the wire answers from the commit on."""
    session.execute(_SET_STATE, {"device": device, "now": state.value})


def describe(session: Session, device: int, change: Callable[[Registration], Registration]) -> None:
    """Change what the wire says of who and where the register is."""
    text = session.execute(
        sa.select(_DEVICES.c.profile).where(_DEVICES.c.id == device).with_for_update()
    ).scalar_one()
    profile = profile_from_text(text)
    changed = replace(profile, registration=change(profile.registration))
    _update(session, device, profile=profile_to_text(changed), rnm=changed.registration.rnm)


def set_cashiers(session: Session, cashiers: Mapping[int, tuple[Cashier, ...]]) -> None:
    """Who may log in from these registers; written only where that changes something."""
    numbers = sorted(cashiers)
    for start in range(0, len(numbers), _AT_ONCE):
        query = sa.select(_DEVICES.c.id, _DEVICES.c.profile).where(
            _DEVICES.c.id.in_(numbers[start : start + _AT_ONCE])
        )
        # By id, as the wire's intake locks them.
        for number, text in session.execute(query.order_by(_DEVICES.c.id).with_for_update()).all():
            profile = profile_from_text(text)
            if profile.cashiers != cashiers[number]:
                _update(session, number, profile=profile_to_text(replace(profile, cashiers=cashiers[number])))


def make_token(session: Session, device: int, chance: Random, *, clears_last: bool = True) -> int:
    """A new token; the one before it is refused from the commit on (kz-ofd §4.5)."""
    known = read_devices(session.connection(), [device], empty_memory())[device]
    before = known.exchange
    after = issue_token(before, fresh_token(before, chance), clears_last=clears_last)
    # All of it, so that no ticket stands behind the row and its token any more.
    _update(session, device, **changing(replace(known, exchange=after)))
    return after.issued


def put_token(session: Session, device: int, token: int) -> None:
    """Have this token count from the commit on, and change nothing else of the exchange."""
    known = read_devices(session.connection(), [device], empty_memory())[device]
    _update(session, device, **changing(replace(known, exchange=replace(known.exchange, issued=token))))


def token_of(session: Session, device: int) -> int | None:
    """The token that counts now; None if the ledger does not know the register."""
    known = read_devices(session.connection(), [device], empty_memory(), lock=False).get(device)
    return None if known is None else known.exchange.issued


def _update(session: Session, device: int, **columns: Any) -> None:
    session.execute(sa.update(_DEVICES).where(_DEVICES.c.id == device).values(**columns))
