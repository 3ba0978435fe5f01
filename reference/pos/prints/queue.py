"""What is to be printed, noted in the transaction that makes it so: once, whatever crashes (UZ-POS-01).

    waiting ─► sending ─► done
       ▲          ├─► broken   some of it went: what is on the paper only a person can see
       └──────────┴─► failed   nothing went, and it is too late for the guest who waited

What nothing went of goes back to waiting and is tried again. A paper of which something may have come out is
never sent again by itself; what a person asks for then is a copy, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.orm import Session, aliased

from reference.pos.prints.printer import NONE
from reference.pos.shop import tables
from reference.pos.shop.moments import written
from reference.pos.shop.premises import Premises, Writing
from reference.pos.shop.settings import settings_of

RECEIPT: Final = "receipt"
SHIFT: Final = "shift"
WAITING, SENDING, DONE, FAILED, BROKEN = "waiting", "sending", "done", "failed", "broken"
OUT: Final = (SENDING, DONE, BROKEN)
"""States in which something of the paper may have come out."""
_TABLE: Final = tables.Base.metadata.tables[tables.Print.__tablename__]
_ASKED: Final = select(func.count()).where(
    _TABLE.c.kind == bindparam("kind"), _TABLE.c.key == bindparam("key")
)
_NEW: Final = insert(_TABLE)


@dataclass(frozen=True, slots=True)
class PrintView:
    """A paper for the printer as pages and API show it; `key`: the order, or the shift."""

    id: int
    kind: str
    key: str
    copy: bool
    state: str
    reason: str
    asked: str


def expect_all(changed: Writing, premises: Premises, kind: str, keys: Iterable[str]) -> None:
    """Papers have come to be: have them printed, where there is a printer, unless asked for before."""
    if settings_of(premises).printer == NONE:
        return
    for key in keys:
        if not changed.execute(_ASKED, {"kind": kind, "key": key}).scalar():
            changed.execute(_NEW, _row(changed.now, kind, key, 0, copy=False))


def ask_again(session: Session, now: datetime, kind: str, key: str) -> PrintView:
    """A person wants the paper: as a copy if it may have come out before. One that waits stays the one."""
    newest = _newest(session, kind, key)
    if newest is not None and newest.state == WAITING:
        newest.asked = written(now)
        return view_of(newest)
    number = 0 if newest is None else newest.number + 1
    row = tables.Print(**_row(now, kind, key, number, copy=came_out(session, kind, key)))
    session.add(row)
    session.flush()
    return view_of(row)


def came_out(session: Session, kind: str, key: str) -> bool:
    """Whether a paper may have come out of the printer before: whatever shows it now is a copy."""
    table = tables.Print
    query = select(func.count()).where(table.kind == kind, table.key == key, table.state.in_(OUT))
    return bool(session.scalar(query))


def lost(session: Session) -> int:
    """How many papers never came out whole, and were not asked for again since."""
    table, later = tables.Print, aliased(tables.Print)
    again = select(later.id).where(
        later.kind == table.kind, later.key == table.key, later.number > table.number
    )
    query = select(func.count()).where(table.state.in_((FAILED, BROKEN)), ~again.exists())
    return int(session.scalar(query) or 0)


def view_of(row: tables.Print) -> PrintView:
    """A row as it is shown."""
    return PrintView(**{name: getattr(row, name) for name in PrintView.__dataclass_fields__})


def _newest(session: Session, kind: str, key: str) -> tables.Print | None:
    table = tables.Print
    query = select(table).where(table.kind == kind, table.key == key).order_by(table.number.desc()).limit(1)
    return session.scalar(query)


def _row(now: datetime, kind: str, key: str, number: int, *, copy: bool) -> dict[str, Any]:
    return {
        "kind": kind,
        "key": key,
        "number": number,
        "copy": copy,
        "state": WAITING,
        "reason": "",
        "asked": written(now),
    }
