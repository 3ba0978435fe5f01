"""Employees, what each role may do, and coming to the till with a PIN (BX-EMP-01)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from reference.pos.shop import tables
from reference.pos.shop.moments import moment_of, written
from reference.pos.shop.premises import Premises
from reference.runtime.chance import secret
from reference.runtime.forms import Form
from reference.runtime.refusals import DeniedError, LockedError, RefusedError, StrangerError, UnknownError
from reference.runtime.words import Words

PIN_TRIES: Final = 5
LOCK_SECONDS: Final = 300.0
STAY_SECONDS: Final = 16 * 3600.0
"""An employee comes anew every day."""
FIELDS: Final = ("first_name", "last_name", "role", "pin", "active")


class Role(StrEnum):
    """Posts of the shop: Kassir, Ofitsiant, Oshpaz, Menejer, Administrator."""

    CASHIER = "cashier"
    WAITER = "waiter"
    COOK = "cook"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """What can be allowed."""

    ORDER = "order"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    DISCOUNT = "discount"
    PAY = "pay"
    REFUND = "refund"
    SHIFT = "shift"
    CATALOGUE = "catalogue"
    STAFF = "staff"
    SETTINGS = "settings"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.WAITER: frozenset({Right.ORDER, Right.CONFIRM}),
    Role.COOK: frozenset({Right.CONFIRM}),
    Role.CASHIER: frozenset(
        {Right.ORDER, Right.CONFIRM, Right.DISCOUNT, Right.PAY, Right.REFUND, Right.SHIFT}
    ),
    Role.MANAGER: frozenset(Right) - {Right.STAFF, Right.SETTINGS},
    Role.ADMINISTRATOR: frozenset(Right),
}
"""What each role may do."""

_STAYS: Final = tables.Base.metadata.tables[tables.Stay.__tablename__].c
_PEOPLE: Final = tables.Base.metadata.tables[tables.Employee.__tablename__].c
_HERE: Final = select(
    _STAYS.begun, _PEOPLE.id, _PEOPLE.first_name, _PEOPLE.last_name, _PEOPLE.role, _PEOPLE.active
).where(_STAYS.secret == bindparam("secret"), _PEOPLE.id == _STAYS.employee)
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY: Final = _HASHER.hash("nobody's PIN")
_WRONG: Final = Words("PIN noto'g'ri", "Неверный PIN", "The PIN is wrong")
_PIN: Final = Words("PIN 4–6 raqam", "PIN: 4–6 цифр", "A PIN has 4 to 6 digits")
_LAST: Final = Words(
    "Bitta administrator qolishi kerak", "Нужен хотя бы один администратор", "One administrator has to stay"
)
_GONE: Final = Words("PIN bilan kiring", "Войдите по PIN", "Come in with a PIN first")


@dataclass(frozen=True, slots=True)
class EmployeeView:
    """An employee; never his PIN."""

    id: int
    first_name: str
    last_name: str
    role: Role
    active: bool

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    def require(self, right: Right) -> None:
        """DeniedError unless the role has the right."""
        if right not in RIGHTS[self.role]:
            raise DeniedError


@dataclass(frozen=True, slots=True)
class _Stay:
    """Somebody at the till, until `ends`."""

    employee: EmployeeView
    ends: datetime


class Staff:
    """The desk for employees."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def add(self, given: Mapping[str, Any]) -> EmployeeView:
        """A new employee. InvalidError names every wrong field."""
        read = _read(given, {}, pin_needed=True)
        with self._premises.changing() as session:
            row = tables.Employee(**read)
            session.add(row)
            session.flush()
            return self._told(session, row)

    def change(self, employee: int, given: Mapping[str, Any]) -> EmployeeView:
        """Change the fields that are given; whoever is switched off or gets another PIN has to come anew."""
        with self._premises.reading() as session:
            before = _find(session, employee)
            known = {name: getattr(before, name) for name in FIELDS if name != "pin"}
        read = _read(given, known, pin_needed=False)
        with self._premises.changing() as session:
            row = _find(session, employee)
            for name, value in read.items():
                setattr(row, name, value)
            if "pin" in read or not row.active:
                row.failures, row.locked_until = 0, None
                for stay in session.scalars(select(tables.Stay).where(tables.Stay.employee == row.id)):
                    session.delete(stay)
            session.flush()
            self._require_administrator(session)
            return self._told(session, row)

    def all(self, *, inactive: bool = False) -> list[EmployeeView]:
        """Employees by name."""
        table = tables.Employee
        query = select(table).order_by(table.first_name, table.last_name, table.id)
        if not inactive:
            query = query.where(table.active)
        with self._premises.reading() as session:
            return [view_of(row) for row in session.scalars(query)]

    def come(self, employee: int, pin: str) -> str:
        """A secret for an employee at the till. RefusedError: wrong PIN; LockedError: too often."""
        premises = self._premises
        with premises.reading() as session:
            known = session.get(tables.Employee, employee)
        if known is not None and known.locked_until is not None:
            until = moment_of(known.locked_until)
            if premises.now < until:
                raise LockedError(until)
        if not _fits(known.pin if known is not None and known.active else None, pin):
            self._failed(employee)
            raise RefusedError("pin", _WRONG)
        key = secret()
        with premises.changing() as session:
            row = session.get_one(tables.Employee, employee)
            row.failures, row.locked_until = 0, None
            session.add(tables.Stay(secret=_hash(key), employee=employee, begun=written(premises.now)))
        return key

    def here(self, key: str) -> EmployeeView:
        """Who has this secret; StrangerError when nobody has, or no longer."""
        secret_hash, known = _hash(key), self._premises.memory.of(_Stay)
        stay = known.get(secret_hash) or self._stay(secret_hash)
        if stay is None or not stay.employee.active or self._premises.now > stay.ends:
            raise StrangerError(_GONE)
        known[secret_hash] = stay
        return stay.employee

    def _stay(self, secret_hash: str) -> _Stay | None:
        with self._premises.looking() as connection:
            found = connection.execute(_HERE, {"secret": secret_hash}).first()
        if found is None:
            return None
        who = EmployeeView(found.id, found.first_name, found.last_name, Role(found.role), found.active)
        return _Stay(who, moment_of(found.begun) + timedelta(seconds=STAY_SECONDS))

    def go(self, key: str) -> None:
        """The employee leaves the till; nothing to do when he is not there."""
        with self._premises.changing() as session:
            stay = session.get(tables.Stay, _hash(key))
            if stay is not None:
                session.delete(stay)

    def _failed(self, employee: int) -> None:
        with self._premises.changing() as session:
            row = session.get(tables.Employee, employee)
            if row is None:
                return
            row.failures += 1
            if row.failures >= PIN_TRIES:
                row.failures = 0
                row.locked_until = written(self._premises.now + timedelta(seconds=LOCK_SECONDS))

    def _told(self, session: Session, row: tables.Employee) -> EmployeeView:
        view = view_of(row)
        body = {"first_name": view.first_name, "last_name": view.last_name}
        self._premises.tell(
            session, "employee", row.id, body | {"role": view.role.value, "active": view.active}
        )
        return view

    @staticmethod
    def _require_administrator(session: Session) -> None:
        table = tables.Employee
        query = select(table.id).where(table.active, table.role == Role.ADMINISTRATOR.value)
        if session.scalars(query.limit(1)).first() is None:
            raise RefusedError("administrator", _LAST)


def view_of(row: tables.Employee) -> EmployeeView:
    """A row as a view."""
    return EmployeeView(row.id, row.first_name, row.last_name, Role(row.role), row.active)


def _find(session: Session, employee: int) -> tables.Employee:
    row = session.get(tables.Employee, employee)
    if row is None:
        raise UnknownError("employee")
    return row


def _read(given: Mapping[str, Any], before: Mapping[str, Any], *, pin_needed: bool) -> dict[str, Any]:
    form = Form(given, FIELDS, before)
    read: dict[str, Any] = {
        "first_name": form.text("first_name", 100, least=1),
        "last_name": form.text("last_name", 100),
        "role": form.one_of("role", [role.value for role in Role]),
        "active": form.mark("active", otherwise=True),
    }
    pin = given.get("pin")
    if pin not in (None, "") or pin_needed:
        text = str(pin or "")
        if text.isascii() and text.isdigit() and 4 <= len(text) <= 6:
            read["pin"] = _HASHER.hash(text)
        else:
            form.add("pin", "pattern", _PIN)
    form.done()
    return read


def _fits(kept: str | None, pin: str) -> bool:
    """Whether it is the PIN; without one to compare it takes as long and is False."""
    try:
        right = _HASHER.verify(kept or _NOBODY, pin)
    except (VerificationError, InvalidHashError):
        return False
    return right and kept is not None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
