"""The papers of a shop by their keys: what its tables know of a receipt or a closed shift, as a document."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from reference.pos.prints.document import Document
from reference.pos.prints.queue import RECEIPT, SHIFT, came_out
from reference.pos.prints.receipts import Slip, Tender, receipt_document, shift_document
from reference.pos.shop import tables
from reference.pos.shop.checkout import payments_of
from reference.pos.shop.payments import KINDS
from reference.pos.shop.refunds import sale_of
from reference.pos.shop.settings import settings_in
from reference.runtime.refusals import UnknownError

LAST: Final = "last"
"""The key of the shift that was closed last."""
_NAMES: Final = {"cash": "naqd", "card": "karta"}


def document_of(session: Session, kind: str, key: str, *, copy: bool | None = None) -> Document:
    """The paper; marked as a copy when `copy` says so, by default when it may have been printed before.

    UnknownError: there is no such receipt, or it is not registered yet; no shift was closed.
    """
    if copy is None:
        copy = came_out(session, kind, key)
    if kind == RECEIPT:
        return receipt_document(_slip(session, key, copy=copy))
    company = settings_in(session).company("")
    return shift_document(_report(session, key), company, copy=copy)


def last_shift(session: Session) -> str:
    """The key of the shift that was closed last; UnknownError without one."""
    table = tables.Change
    found = session.scalar(select(table.key).where(table.kind == SHIFT).order_by(table.n.desc()).limit(1))
    if found is None:
        raise UnknownError("shift")
    return found


def _report(session: Session, key: str) -> dict[str, object]:
    table = tables.Change
    query = select(table.body).where(table.kind == SHIFT, table.key == key).order_by(table.n.desc()).limit(1)
    body = session.scalar(query)
    if body is None:
        raise UnknownError("shift")
    report: dict[str, object] = json.loads(body)
    return report


def _slip(session: Session, order: str, *, copy: bool) -> Slip:
    row = session.get(tables.Fiscal, order)
    if row is None or row.state != "done":
        raise UnknownError("receipt")
    seller = session.get_one(tables.ShopOrder, order).employee
    cashier = session.get(tables.Employee, seller)
    name = "" if cashier is None else f"{cashier.first_name} {cashier.last_name}".strip()
    tenders = tuple(
        Tender(_NAMES.get(each.kind, KINDS[each.kind].app), abs(each.amount), each.given or 0)
        for each in payments_of(session, order)
    )
    return Slip(sale_of(row), settings_in(session).company(name), row.serial, tenders, copy)
