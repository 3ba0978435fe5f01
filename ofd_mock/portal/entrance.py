"""Coming in and going: password, e-signature, sessions, lockout (KZ-LOG-01).

A session's secret is known to its browser alone; the table keeps a hash of it. Logins that do not exist take
as long to refuse as wrong passwords do, and read the same.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from ofd_mock.portal import tables
from ofd_mock.portal.errors import DeniedError, LockedError, RefusedError, StrangerError
from ofd_mock.portal.moments import moment_of, written
from ofd_mock.portal.office import Office
from ofd_mock.portal.passwords import fits
from ofd_mock.portal.signatures import SignatureRefusedError
from reference.protocol.kz.results import Texts
from reference.runtime.chance import secret

ADMINISTRATOR: Final = 3
_LONGEST: Final = 100
"""Characters of a login."""
_MOST_STRANGERS: Final = 10_000

_WRONG: Final = Texts(
    "Неверный логин или пароль", "Логин немесе құпиясөз қате", "The login or the password is wrong"
)
_NO_ACCOUNT: Final = Texts(
    "Организация не зарегистрирована", "Ұйым тіркелмеген", "The organisation is not registered"
)
_CHALLENGE: Final = Texts(
    "Запрос на подпись устарел, повторите вход",
    "Қол қою сұрауы ескірді, кіруді қайталаңыз",
    "This challenge is used up or too old; begin again",
)

_VISIT: Final = (
    select(
        tables.Visit.begun,
        tables.Visit.seen,
        tables.User.id,
        tables.User.login,
        tables.User.name,
        tables.User.organisation,
        tables.User.role,
        tables.User.must_change,
    )
    .join(tables.User, tables.User.id == tables.Visit.user)
    .where(tables.Visit.secret == bindparam("secret"), tables.User.active.is_(True))
)
_OUTLETS: Final = (
    select(tables.GroupOutlet.outlet)
    .join(tables.GroupUser, tables.GroupUser.group == tables.GroupOutlet.group)
    .where(tables.GroupUser.user == bindparam("user"))
)
"""Asked by every click, so both are made once."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is logged in. `outlets` are those he may see, None for all of his organisation.

    `must_change`: his password was given to him, and he has to choose his own before anything else.
    """

    user: int
    login: str
    name: str
    organisation: int
    role: int
    outlets: frozenset[int] | None
    must_change: bool = False

    def require_administrator(self) -> None:
        """DeniedError for everybody else."""
        if self.role != ADMINISTRATOR:
            raise DeniedError

    def sees(self, outlet: int) -> bool:
        """Whether an outlet of his organisation is one of his."""
        return self.outlets is None or outlet in self.outlets


class Entrance:
    """The door of the portal."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._strangers: OrderedDict[str, tables.User] = OrderedDict()
        self._lock = threading.Lock()

    def log_in(self, login: str, password: str, address: str = "") -> str:
        """A session for login and password; its secret. RefusedError: wrong, LockedError: too often."""
        office = self._office
        with office.reading() as session:
            known = _user(session, login)
        require_unlocked(office, known or self._stranger(login))
        right = fits(known.password if known is not None and known.active else None, password)
        if known is None or not right:
            self._failed(login, address)
            raise RefusedError("credentials", _WRONG)
        with office.changing() as session:
            user = session.get_one(tables.User, known.id, with_for_update=True)
            require_unlocked(office, user)
            if user.password != known.password or not user.active:
                # Changed while it was compared.
                raise RefusedError("credentials", _WRONG)
            user.failures, user.locked_until = 0, None
            return self._open(session, user, "login", address)

    def forget_strangers(self) -> None:
        """Forget tries of logins that nobody has."""
        with self._lock:
            self._strangers.clear()

    def _stranger(self, login: str) -> tables.User:
        """Counts tries of a login that nobody has: it locks as others do, to tell nobody which are real.

        Kept in memory, the newest of them.
        """
        with self._lock:
            known = self._strangers.setdefault(login[:_LONGEST], tables.User(failures=0))
            self._strangers.move_to_end(login[:_LONGEST])
            if len(self._strangers) > _MOST_STRANGERS:
                self._strangers.popitem(last=False)
        return known

    def _failed(self, login: str, address: str) -> None:
        """Count a wrong password."""
        office = self._office
        with office.changing() as session:
            user = _user(session, login)
            if user is None:
                count_failure(office, self._stranger(login))
                office.note(session, "login-refused", address=address)
                return
            count_failure(office, user)
            office.note(
                session, "login-refused", organisation=user.organisation, user=user.id, address=address
            )

    def challenge(self) -> str:
        """A text to sign for «Войти с ЭЦП»: counts once and for a while (SG-07)."""
        office = self._office
        text = secret()
        with office.changing() as session:
            oldest = written(office.now - timedelta(seconds=office.settings.challenge_seconds))
            for row in session.scalars(select(tables.Challenge).where(tables.Challenge.made < oldest)):
                session.delete(row)
            session.add(tables.Challenge(text=text, made=written(office.now)))
        return text

    def log_in_signed(self, challenge: str, cms: str, address: str = "") -> str:
        """A session for a signed challenge, as the organisation's administrator; its secret."""
        office = self._office
        with office.changing() as session:
            # Used up whatever becomes of it, so it is committed before the signature is looked at.
            row = session.get(tables.Challenge, challenge)
            made = None if row is None else moment_of(row.made)
            if row is not None:
                session.delete(row)
        if made is None or made + timedelta(seconds=office.settings.challenge_seconds) < office.now:
            raise SignatureRefusedError("challenge", _CHALLENGE)
        signer = office.signatures.signer_of(cms, challenge.encode(), for_login=True)
        with office.changing() as session:
            user = _user(session, signer.number)
            if user is None or not user.active:
                raise RefusedError("account", _NO_ACCOUNT)
            return self._open(session, user, "login-signed", address)

    def open_for(self, organisation: int, address: str = "") -> str:
        """A session for the administrator of an organisation that has just registered; its secret."""
        with self._office.changing() as session:
            table = tables.User
            query = select(table).where(table.organisation == organisation, table.role == ADMINISTRATOR)
            user = session.scalars(query.order_by(table.id).limit(1)).one()
            return self._open(session, user, "login-registered", address)

    def _open(self, session: Session, user: tables.User, act: str, address: str) -> str:
        office = self._office
        key = secret()
        now = written(office.now)
        oldest = written(office.now - timedelta(seconds=office.settings.visit_seconds))
        over = tables.Visit.user == user.id, tables.Visit.begun < oldest
        session.execute(delete(tables.Visit).where(*over))
        session.add(tables.Visit(secret=_hash(key), user=user.id, begun=now, seen=now))
        office.note(session, act, organisation=user.organisation, user=user.id, address=address)
        return key

    def visitor(self, key: str | None) -> Visitor:
        """Who has this session; StrangerError when nobody has, or no longer."""
        if not key:
            raise StrangerError
        office, settings = self._office, self._office.settings
        with office.looking() as connection:
            row = connection.execute(_VISIT, {"secret": _hash(key)}).first()
            if row is None:
                raise StrangerError
            now = office.now
            if now - moment_of(row.begun) > timedelta(seconds=settings.visit_seconds):
                raise StrangerError
            seen = moment_of(row.seen)
            if now - seen > timedelta(seconds=settings.visit_idle_seconds):
                raise StrangerError
            outlets = None
            if row.role != ADMINISTRATOR:
                outlets = frozenset(connection.scalars(_OUTLETS, {"user": row.id}))
            found = Visitor(row.id, row.login, row.name, row.organisation, row.role, outlets, row.must_change)
        # Not at every click: a page should not have to wait for the database's one writer.
        if now - seen > timedelta(seconds=settings.visit_idle_seconds / 10):
            with office.changing() as session:
                again = session.get(tables.Visit, _hash(key))
                if again is not None:
                    again.seen = written(now)
        return found

    def log_out(self, key: str) -> None:
        """End a session; nothing to do when there is none."""
        with self._office.changing() as session:
            visit = session.get(tables.Visit, _hash(key))
            if visit is not None:
                session.delete(visit)


def require_unlocked(office: Office, user: tables.User) -> None:
    """LockedError while too many wrong passwords have locked a user out."""
    if user.locked_until is not None and office.now < (until := moment_of(user.locked_until)):
        raise LockedError(until)


def count_failure(office: Office, user: tables.User) -> None:
    """Count a wrong password of a user; too many in a row lock him out for a while."""
    user.failures += 1
    if user.failures >= office.settings.login_tries:
        user.failures = 0
        user.locked_until = written(office.now + timedelta(seconds=office.settings.lock_seconds))


def end_visits(session: Session, user: int) -> None:
    """End every session of a user: his password or his rights have changed."""
    for visit in session.scalars(select(tables.Visit).where(tables.Visit.user == user)):
        session.delete(visit)


def _user(session: Session, login: str) -> tables.User | None:
    if "\0" in login:  # which PostgreSQL takes in no text
        return None
    return session.scalars(select(tables.User).where(tables.User.login == login)).first()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
