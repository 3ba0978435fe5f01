"""«Пользователи» and «Группы»: who of an organisation may come in, and which outlets he sees (KZ-USR-01)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ofd_mock.portal import outlets, tables, wire_users
from ofd_mock.portal.accounts import lock
from ofd_mock.portal.entrance import (
    ADMINISTRATOR,
    Visitor,
    count_failure,
    end_visits,
    require_unlocked,
)
from ofd_mock.portal.errors import InvalidError, RefusedError, UnknownError
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.forms import NOT_LISTED, Form
from ofd_mock.portal.office import Office
from ofd_mock.portal.paging import MOST_ROWS, bounded
from ofd_mock.portal.passwords import check_password, fits, hashed
from reference.protocol.kz.results import Texts

ROLES: Final[Mapping[int, Texts]] = {
    1: Texts("Кассир", "Кассир", "Cashier"),
    2: Texts("Старший кассир", "Аға кассир", "Chief cashier"),
    3: Texts("Администратор", "Әкімші", "Administrator"),
}
"""Roles by their numbers on the wire (UserRoleEnum)."""
_LOGIN: Final = re.compile(r"[0-9A-Za-z._@-]{3,100}")
_LOGIN_TEXT: Final = Texts(
    "Логин: от 3 латинских букв, цифр и знаков . _ @ -",
    "Логин: 3-тен бастап латын әрпі, сан және . _ @ - белгілері",
    "A login has at least 3 Latin letters, digits or . _ @ -",
)
_NUMBER: Final = re.compile(r"[0-9]{12}")
_NUMBER_TEXT: Final = Texts(
    "12 цифр — логин самого налогоплательщика, выберите другой",
    "12 сан — салық төлеушінің өз логині, басқасын таңдаңыз",
    "12 digits are the login of a taxpayer himself; choose another",
)
_TAKEN: Final = Texts("Этот логин занят", "Бұл логин бос емес", "This login is taken")
_LAST: Final = Texts(
    "Единственного администратора нельзя изменить",
    "Жалғыз әкімшіні өзгертуге болмайды",
    "The only administrator has to stay one",
)
_OLD_PASSWORD: Final = Texts("Неверный текущий пароль", "Ағымдағы құпиясөз қате", "The old password is wrong")
_OWN_PASSWORD: Final = Texts(
    "Свой пароль меняют на странице «Мой пароль»",
    "Өз құпиясөзіңізді «Менің құпиясөзім» бетінде ауыстырасыз",
    "Your own password is changed on the page of your own",
)
_SAME_PASSWORD: Final = Texts(
    "Новый пароль совпадает с прежним", "Жаңа құпиясөз бұрынғымен бірдей", "The new password is the old one"
)
_USER_FIELDS: Final = frozenset({"login", "name", "role", "password", "password_repeated"})


@dataclass(frozen=True, slots=True)
class UserView:
    """A user, without anything secret."""

    id: int
    login: str
    name: str
    role: int
    active: bool
    groups: tuple[int, ...]
    must_change: bool


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group with its outlets and users, by id."""

    id: int
    name: str
    outlets: tuple[int, ...]
    users: tuple[int, ...]


class Members:
    """The desk for users and groups; all of it is the administrator's."""

    def __init__(self, office: Office) -> None:
        self._office = office

    @contextmanager
    def _changing(self, visitor: Visitor) -> Iterator[Session]:
        """A transaction alone with the visitor's organisation: its people change one after the other."""
        with self._office.changing() as session:
            lock(session, visitor.organisation)
            yield session

    # --- users ---------------------------------------------------------------------------------------------

    def users(self, visitor: Visitor, limit: int = MOST_ROWS, after: int = 0) -> list[UserView]:
        """Users of the organisation, oldest first, by id from `after` on."""
        visitor.require_administrator()
        table = tables.User
        query = select(table).where(table.organisation == visitor.organisation, table.id > after)
        with self._office.reading() as session:
            rows = session.scalars(query.order_by(table.id).limit(bounded(limit))).all()
            return _user_views(session, rows)

    def user(self, visitor: Visitor, user: int) -> UserView:
        """One user; UnknownError unless he is the organisation's."""
        visitor.require_administrator()
        with self._office.reading() as session:
            return _user_views(session, [self._user(session, visitor, user)])[0]

    def add_user(self, visitor: Visitor, given: Mapping[str, Any]) -> int:
        """A new user; his id. InvalidError names every wrong field, a login that is taken among them."""
        visitor.require_administrator()
        form = Form(given, _USER_FIELDS)
        login, name, role = form.text("login", 100), form.text("name", 255), form.number("role")
        if login and not _LOGIN.fullmatch(login):
            form.add("login", "shape", _LOGIN_TEXT)
        if _NUMBER.fullmatch(login):
            # Else its taxpayer could not register any more, and his key would open this organisation.
            form.add("login", "taxpayer", _NUMBER_TEXT)
        if role is not None and role not in ROLES:
            form.add("role", "directory", NOT_LISTED)
        form.findings += check_password(str(given.get("password", "")), _repeated(given))
        form.done()
        kept = hashed(str(given["password"]))
        try:
            with self._changing(visitor) as session:
                row = tables.User(
                    organisation=visitor.organisation, login=login, name=name, role=role, password=kept
                )
                session.add(row)
                session.flush()
                wire_users.tell(session, visitor.organisation)
                self._note(session, visitor, "user-added", row.id)
                return row.id
        except IntegrityError:
            raise InvalidError([FieldFinding("login", "free", _TAKEN)]) from None

    def change_user(self, visitor: Visitor, user: int, given: Mapping[str, Any]) -> None:
        """Change name, role or whether he may come in; his sessions end. The last administrator stays one."""
        visitor.require_administrator()
        form = Form(given, frozenset({"name", "role", "active"}))
        name = form.text("name", 255) if "name" in given else None
        role = form.number("role") if "role" in given else None
        if role is not None and role not in ROLES:
            form.add("role", "directory", NOT_LISTED)
        form.done()
        with self._changing(visitor) as session:
            row = self._user(session, visitor, user)
            row.name = name or row.name
            new_role = role or row.role
            active = form.mark("active") if "active" in given else row.active
            if row.role == ADMINISTRATOR and (new_role != ADMINISTRATOR or not active):
                self._require_another(session, visitor, row.id)
            row.role, row.active = new_role, active
            end_visits(session, row.id)
            session.flush()
            wire_users.tell(session, visitor.organisation)
            self._note(session, visitor, "user-changed", row.id)

    def give_password(self, visitor: Visitor, user: int, given: Mapping[str, Any]) -> None:
        """A password that the administrator gives a user, who has to choose his own with his next login.

        Every session of the user ends, and his lock. RefusedError for his own: that needs the old one.
        """
        visitor.require_administrator()
        if user == visitor.user:
            raise RefusedError("own", _OWN_PASSWORD)
        password = str(given.get("password", ""))
        findings = check_password(password, _repeated(given))
        if findings:
            raise InvalidError(findings)
        with self._office.reading() as session:
            self._user(session, visitor, user)
        kept = hashed(password)
        with self._changing(visitor) as session:
            row = self._user(session, visitor, user)
            row.failures, row.locked_until = 0, None
            self._keep_password(session, row, kept, due=True)
            self._note(session, visitor, "password-given", row.id)

    def change_password(self, visitor: Visitor, old: str, new: str, repeated: str) -> None:
        """A new password of his own for whoever knows the old one; every session of his ends.

        A wrong old one counts as a wrong login does: LockedError after too many.
        """
        findings = check_password(new, repeated)
        if findings:
            raise InvalidError(findings)
        office = self._office
        with office.reading() as session:
            user = session.get_one(tables.User, visitor.user)
            require_unlocked(office, user)
            known = user.password
        if not fits(known, old):
            with self._changing(visitor) as session:
                count_failure(office, session.get_one(tables.User, visitor.user))
            raise InvalidError([FieldFinding("old_password", "equal", _OLD_PASSWORD)])
        if fits(known, new):
            raise InvalidError([FieldFinding("password", "new", _SAME_PASSWORD)])
        kept = hashed(new)
        with self._changing(visitor) as session:
            self._keep_password(session, session.get_one(tables.User, visitor.user), kept, due=False)
            self._note(session, visitor, "password-changed", visitor.user)

    def _keep_password(self, session: Session, row: tables.User, kept: str, *, due: bool) -> None:
        row.password, row.must_change = kept, due
        end_visits(session, row.id)
        session.flush()
        wire_users.tell(session, row.organisation)

    # --- groups --------------------------------------------------------------------------------------------

    def groups(self, visitor: Visitor, limit: int = MOST_ROWS, after: int = 0) -> list[GroupView]:
        """Groups of the organisation, oldest first, by id from `after` on."""
        visitor.require_administrator()
        table = tables.Group
        query = select(table).where(table.organisation == visitor.organisation, table.id > after)
        with self._office.reading() as session:
            rows = session.scalars(query.order_by(table.id).limit(bounded(limit))).all()
            return _group_views(session, rows)

    def group(self, visitor: Visitor, group: int) -> GroupView:
        """One group; UnknownError unless it is the organisation's."""
        visitor.require_administrator()
        with self._office.reading() as session:
            return _group_views(session, [self._group(session, visitor, group)])[0]

    def name_group(self, visitor: Visitor, group: int, given: Mapping[str, Any]) -> None:
        """Another name for a group."""
        visitor.require_administrator()
        form = Form(given, frozenset({"name"}))
        name = form.text("name", 255)
        form.done()
        with self._changing(visitor) as session:
            self._group(session, visitor, group).name = name
            self._note(session, visitor, "group-renamed", group)

    def add_group(self, visitor: Visitor, given: Mapping[str, Any]) -> int:
        """A new, empty group; its id."""
        visitor.require_administrator()
        form = Form(given, frozenset({"name"}))
        name = form.text("name", 255)
        form.done()
        with self._changing(visitor) as session:
            row = tables.Group(organisation=visitor.organisation, name=name)
            session.add(row)
            session.flush()
            self._note(session, visitor, "group-added", row.id)
            return row.id

    def fill_group(
        self, visitor: Visitor, group: int, outlet_ids: Sequence[int], users: Sequence[int]
    ) -> None:
        """Make these its outlets and users, and no others; UnknownError for one that is not the visitor's."""
        visitor.require_administrator()
        with self._changing(visitor) as session:
            row = self._group(session, visitor, group)
            for outlet in set(outlet_ids):
                outlets.find(session, visitor, outlet)
            for user in set(users):
                self._user(session, visitor, user)
            _empty(session, row.id)
            session.add_all(tables.GroupOutlet(group=row.id, outlet=outlet) for outlet in set(outlet_ids))
            session.add_all(tables.GroupUser(group=row.id, user=user) for user in set(users))
            session.flush()
            wire_users.tell(session, visitor.organisation)
            self._note(session, visitor, "group-filled", row.id)

    def remove_group(self, visitor: Visitor, group: int) -> None:
        """Remove a group; its users no longer see its outlets."""
        visitor.require_administrator()
        with self._changing(visitor) as session:
            row = self._group(session, visitor, group)
            _empty(session, row.id)
            session.delete(row)
            session.flush()
            wire_users.tell(session, visitor.organisation)
            self._note(session, visitor, "group-removed", group)

    # --- the rest ------------------------------------------------------------------------------------------

    def _user(self, session: Session, visitor: Visitor, user: int) -> tables.User:
        row = session.get(tables.User, user)
        if row is None or row.organisation != visitor.organisation:
            raise UnknownError
        return row

    def _group(self, session: Session, visitor: Visitor, group: int) -> tables.Group:
        row = session.get(tables.Group, group)
        if row is None or row.organisation != visitor.organisation:
            raise UnknownError
        return row

    def _require_another(self, session: Session, visitor: Visitor, user: int) -> None:
        table = tables.User
        others = select(table.id).where(
            table.organisation == visitor.organisation,
            table.role == ADMINISTRATOR,
            table.active.is_(True),
            table.id != user,
        )
        if session.scalars(others.limit(1)).first() is None:
            raise RefusedError("administrator", _LAST)

    def _note(self, session: Session, visitor: Visitor, act: str, about: int) -> None:
        self._office.note(
            session, act, organisation=visitor.organisation, user=visitor.user, detail=f"{about}"
        )


def _repeated(given: Mapping[str, Any]) -> str | None:
    return str(given["password_repeated"]) if "password_repeated" in given else None


def _user_views(session: Session, rows: Sequence[tables.User]) -> list[UserView]:
    table = tables.GroupUser
    found: dict[int, list[int]] = {row.id: [] for row in rows}
    query = select(table.user, table.group).where(table.user.in_(found)).order_by(table.group)
    for user, group in session.execute(query):
        found[user].append(group)
    return [
        UserView(
            row.id,
            row.login,
            row.name,
            row.role,
            row.active,
            tuple(found[row.id]),
            row.must_change,
        )
        for row in rows
    ]


def _group_views(session: Session, rows: Sequence[tables.Group]) -> list[GroupView]:
    held, members = tables.GroupOutlet, tables.GroupUser
    outlet_ids: dict[int, list[int]] = {row.id: [] for row in rows}
    users: dict[int, list[int]] = {row.id: [] for row in rows}
    by_outlet = select(held.group, held.outlet).where(held.group.in_(users)).order_by(held.outlet)
    by_user = select(members.group, members.user).where(members.group.in_(users)).order_by(members.user)
    for group, outlet in session.execute(by_outlet):
        outlet_ids[group].append(outlet)
    for group, user in session.execute(by_user):
        users[group].append(user)
    return [GroupView(row.id, row.name, tuple(outlet_ids[row.id]), tuple(users[row.id])) for row in rows]


def _empty(session: Session, group: int) -> None:
    session.execute(delete(tables.GroupOutlet).where(tables.GroupOutlet.group == group))
    session.execute(delete(tables.GroupUser).where(tables.GroupUser.group == group))
