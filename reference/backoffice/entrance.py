"""Registration by phone in three steps, login, sessions on many devices, forced change of a reset password.

(BX-REG-01…03, BX-LOG-01)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from reference.backoffice import tables
from reference.backoffice.moments import moment_of, written
from reference.backoffice.office import Office
from reference.backoffice.secrets import LEAST_PASSWORD, LONGEST_PASSWORD, digest, fits, hashed
from reference.runtime.chance import secret, secret_digits
from reference.runtime.forms import Form
from reference.runtime.refusals import (
    Finding,
    InvalidError,
    LockedError,
    RefusedError,
    StrangerError,
    UnknownError,
)
from reference.runtime.words import Words

PHONE: Final = re.compile(r"\+998[0-9]{9}")
FIRST_PLAN: Final = "trial"
_ENROLMENT_HOURS: Final = 24
_LONGEST_DEVICE: Final = 100
_PHONE: Final = Words(
    "Raqam +998XXXXXXXXX ko'rinishida", "Номер в виде +998XXXXXXXXX", "A phone is +998XXXXXXXXX"
)
_TAKEN: Final = Words(
    "Bu raqam ro'yxatdan o'tgan", "Этот номер уже зарегистрирован", "This phone is registered"
)
_CODE: Final = Words("Kod noto'g'ri", "Неверный код", "The code is wrong")
_OLD: Final = Words("Kod muddati o'tgan", "Срок действия кода истёк", "The code is too old")
_STEP: Final = Words("Avval oldingi bosqich", "Сначала предыдущий шаг", "Finish the step before first")
_WRONG: Final = Words(
    "Telefon yoki parol noto'g'ri", "Неверный телефон или пароль", "Phone or password is wrong"
)
_SHORT: Final = Words("Kamida 8 belgi", "Не менее 8 символов", "At least 8 characters")
_LONG: Final = Words("Ko'pi bilan 128 belgi", "Не более 128 символов", "At most 128 characters")
_DIFFER: Final = Words("Parollar mos emas", "Пароли не совпадают", "The passwords differ")
_RENEW: Final = Words("Yangi parol o'rnating", "Установите новый пароль", "Set a new password first")
_VISIT: Final = (
    select(
        tables.Visit.seen,
        tables.Owner.id,
        tables.Owner.phone,
        tables.Owner.first_name,
        tables.Owner.last_name,
        tables.Owner.business,
        tables.Owner.renew,
    )
    .join(tables.Owner, tables.Owner.id == tables.Visit.owner)
    .where(tables.Visit.secret == bindparam("digest"))
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is logged in. `renew`: he has to set a new password before anything else."""

    owner: int
    phone: str
    name: str
    business: str
    renew: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """What an owner told of himself, and since when he is here."""

    first_name: str
    last_name: str
    phone: str
    business: str
    created: str


@dataclass(frozen=True, slots=True)
class VisitView:
    """A session on one device; `handle` names it, and opens nothing. `mine`: of the one who asks."""

    handle: str
    device: str
    begun: str
    seen: str
    mine: bool


class Entrance:
    """The door of the owner portal."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # --- registration --------------------------------------------------------------------------------

    def begin(self, phone: str) -> str:
        """Step 1: a code is sent; the secret by which the registration goes on. RefusedError: taken."""
        known = _phone(phone)
        key = secret()
        office = self._office
        with office.changing() as session:
            if _owner(session, known) is not None:
                raise RefusedError("phone", _TAKEN)
            now = written(office.now)
            row = tables.Enrolment(
                secret=digest(key), phone=known, step=2, code="", sent=now, tries=0, begun=now
            )
            session.add(row)
            self._send_code(session, row)
        return key

    def resend(self, key: str) -> None:
        """«Qayta yuborish»: another code instead of the one before. LockedError: too soon or too many."""
        office = self._office
        with office.changing() as session:
            row = self._enrolment(session, key)
            pause = moment_of(row.sent) + timedelta(seconds=office.settings.resend_seconds)
            if office.now < pause:
                raise LockedError(pause)
            self._send_code(session, row)

    def confirm(self, key: str, code: str) -> None:
        """Step 2: the code. A wrong one counts as a try and stays so."""
        office = self._office
        with office.changing() as session:
            row = self._enrolment(session, key)
            refused = self._tried(row, code)
            if refused is None:
                row.step = max(row.step, 3)
        if refused is not None:
            raise refused

    def finish(self, key: str, given: Mapping[str, Any], device: str = "") -> str:
        """Step 3: names and password; the secret of the new owner's session on this `device`."""
        form = Form(given, ("first_name", "last_name", "business", "password", "password_repeated"))
        read = {name: form.text(name, 100, least=1) for name in ("first_name", "last_name", "business")}
        password = str(given.get("password") or "")
        form.findings += check_password(password, str(given.get("password_repeated") or ""))
        form.done()
        kept = hashed(password)
        office = self._office
        with office.changing() as session:
            row = self._enrolment(session, key)
            if row.step < 3:
                raise RefusedError("step", _STEP)
            if _owner(session, row.phone) is not None:
                raise RefusedError("phone", _TAKEN)
            now = office.now
            owner = tables.Owner(phone=row.phone, password=kept, created=written(now), **read)
            session.add(owner)
            session.flush()
            trial = now + timedelta(days=office.settings.trial_days)
            session.add(tables.Subscription(owner=owner.id, plan=FIRST_PLAN, until=written(trial)))
            session.delete(row)
            return self._open(session, owner.id, device)

    def enrolling(self, key: str) -> tuple[str, int]:
        """Phone and step of a registration; UnknownError."""
        with self._office.reading() as session:
            row = self._enrolment(session, key)
            return row.phone, row.step

    def _enrolment(self, session: Session, key: str) -> tables.Enrolment:
        row = session.get(tables.Enrolment, digest(key))
        if row is None or moment_of(row.begun) + timedelta(hours=_ENROLMENT_HOURS) < self._office.now:
            raise UnknownError("registration")
        return row

    def _send_code(self, session: Session, row: tables.Enrolment) -> None:
        office = self._office
        hour = office.now - timedelta(hours=1)
        table = tables.Sms
        recent = select(func.count(), func.min(table.sent)).where(
            table.phone == row.phone, table.sent > written(hour)
        )
        count, first = session.execute(recent).one()
        if count >= office.settings.codes_an_hour:
            raise LockedError(moment_of(first) + timedelta(hours=1))
        code = secret_digits(6)
        row.code, row.sent, row.tries = digest(code), written(office.now), 0
        office.send(session, row.phone, f"TEST Kassalab: tasdiqlash kodi {code}")

    def _tried(self, row: tables.Enrolment, code: str) -> Exception | None:
        settings = self._office.settings
        end = moment_of(row.sent) + timedelta(seconds=settings.code_seconds)
        if self._office.now > end:
            return InvalidError([Finding("code", "age", _OLD)])
        if row.tries >= settings.code_tries:
            return LockedError(end)
        if row.code != digest(code.strip()):
            row.tries += 1
            return InvalidError([Finding("code", "equal", _CODE)])
        return None

    # --- coming and going ----------------------------------------------------------------------------

    def log_in(self, phone: str, password: str, device: str = "") -> str:
        """The secret of a session on this `device`. RefusedError: wrong; LockedError: too often."""
        office = self._office
        with office.reading() as session:
            known = _owner(session, "".join(phone.split()))
        if known is not None and known.locked_until is not None:
            until = moment_of(known.locked_until)
            if office.now < until:
                raise LockedError(until)
        if not fits(None if known is None else known.password, password) or known is None:
            self._failed(known)
            raise RefusedError("credentials", _WRONG)
        with office.changing() as session:
            owner = session.get_one(tables.Owner, known.id)
            owner.failures, owner.locked_until = 0, None
            return self._open(session, owner.id, device)

    def visitor(self, key: str) -> Visitor:
        """Who has this session; StrangerError when nobody has, or no longer."""
        office = self._office
        if not key:
            raise StrangerError
        with office.looking() as connection:
            row = connection.execute(_VISIT, {"digest": digest(key)}).first()
        if row is None:
            raise StrangerError
        idle, now = office.settings.visit_idle_seconds, office.now
        seen = moment_of(row.seen)
        if now - seen > timedelta(seconds=idle):
            raise StrangerError
        name = f"{row.first_name} {row.last_name}"
        found = Visitor(row.id, row.phone, name, row.business, row.renew)
        if now - seen > timedelta(seconds=idle / 100):
            with office.changing() as session:
                again = session.get(tables.Visit, digest(key))
                if again is not None:
                    again.seen = written(now)
        return found

    def settled(self, key: str) -> Visitor:
        """The same, for all that may not be done before a reset password is changed."""
        found = self.visitor(key)
        if found.renew:
            raise RefusedError("renew", _RENEW)
        return found

    def log_out(self, key: str) -> None:
        """End one session; the others stay."""
        with self._office.changing() as session:
            visit = session.get(tables.Visit, digest(key))
            if visit is not None:
                session.delete(visit)

    def profile(self, visitor: Visitor) -> Profile:
        """What the owner told of himself (BX-PRF-01)."""
        with self._office.reading() as session:
            row = session.get_one(tables.Owner, visitor.owner)
            return Profile(row.first_name, row.last_name, row.phone, row.business, row.created)

    def visits(self, key: str) -> tuple[VisitView, ...]:
        """Every session of who has this one that is not over, his own first, then the newest."""
        visitor, office = self.visitor(key), self._office
        table = tables.Visit
        oldest = written(office.now - timedelta(seconds=office.settings.visit_idle_seconds))
        with office.reading() as session:
            query = select(table).where(table.owner == visitor.owner, table.seen >= oldest)
            rows = session.scalars(query.order_by(table.seen.desc(), table.secret))
            found = [
                VisitView(row.secret, row.device, row.begun, row.seen, row.secret == digest(key))
                for row in rows
            ]
        return tuple(sorted(found, key=lambda each: not each.mine))

    def end_visit(self, visitor: Visitor, handle: str) -> None:
        """End a session of his on another device; UnknownError for everything else."""
        with self._office.changing() as session:
            row = session.get(tables.Visit, handle)
            if row is None or row.owner != visitor.owner:
                raise UnknownError("session")
            session.delete(row)

    def change_password(self, key: str, password: str, repeated: str) -> None:
        """Set a new password; every other session ends."""
        visitor = self.visitor(key)
        found = check_password(password, repeated)
        if found:
            raise InvalidError(found)
        kept = hashed(password)
        with self._office.changing() as session:
            owner = session.get_one(tables.Owner, visitor.owner)
            owner.password, owner.renew = kept, False
            self._end_visits(session, visitor.owner, but=digest(key))

    def reset(self, phone: str) -> str:
        """What an administrator does for who forgot: a new password, to be changed at the next login."""
        password = secret()[:12]
        kept = hashed(password)
        with self._office.changing() as session:
            owner = _owner(session, phone)
            if owner is None:
                raise UnknownError("owner")
            owner.password, owner.renew, owner.failures, owner.locked_until = kept, True, 0, None
            self._end_visits(session, owner.id)
        return password

    def _failed(self, known: tables.Owner | None) -> None:
        if known is None:
            return
        settings = self._office.settings
        with self._office.changing() as session:
            owner = session.get_one(tables.Owner, known.id)
            owner.failures += 1
            if owner.failures >= settings.login_tries:
                owner.failures = 0
                owner.locked_until = written(self._office.now + timedelta(seconds=settings.lock_seconds))

    def _open(self, session: Session, owner: int, device: str) -> str:
        key, now = secret(), written(self._office.now)
        known = device[:_LONGEST_DEVICE]
        session.add(tables.Visit(secret=digest(key), owner=owner, begun=now, seen=now, device=known))
        return key

    @staticmethod
    def _end_visits(session: Session, owner: int, but: str = "") -> None:
        for visit in session.scalars(select(tables.Visit).where(tables.Visit.owner == owner)):
            if visit.secret != but:
                session.delete(visit)


def check_password(password: str, repeated: str) -> list[Finding]:
    """Everything that is wrong with a new password (BX-REG-03)."""
    found = []
    if len(password) < LEAST_PASSWORD:
        found.append(Finding("password", "length", _SHORT))
    if len(password) > LONGEST_PASSWORD:
        found.append(Finding("password", "length", _LONG))
    if password != repeated:
        found.append(Finding("password_repeated", "equal", _DIFFER))
    return found


def _phone(text: str) -> str:
    known = "".join(str(text).split())
    if not PHONE.fullmatch(known):
        raise InvalidError([Finding("phone", "pattern", _PHONE)])
    return known


def _owner(session: Session, phone: str) -> tables.Owner | None:
    return session.scalars(select(tables.Owner).where(tables.Owner.phone == phone)).first()
