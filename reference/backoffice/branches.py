"""Branches, and the points of sale that are linked to them (BX-BRN-01, BX-BRN-02)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from reference.backoffice import tables
from reference.backoffice.entrance import PHONE, Visitor
from reference.backoffice.moments import moment_of, written
from reference.backoffice.office import Office
from reference.backoffice.plans import PLANS
from reference.backoffice.secrets import digest, fits, hashed
from reference.runtime.chance import secret, secret_digits
from reference.runtime.forms import PATTERN, REQUIRED, Form
from reference.runtime.refusals import RefusedError, StrangerError, UnknownError
from reference.runtime.words import Words

FIELDS: Final = ("name", "address", "phone", "active")
LEAST_NAME: Final = 2
_SHORT: Final = Words("Kamida 2 belgi", "Не менее 2 символов", "At least 2 characters")
_LIMIT: Final = Words(
    "Tarif bo'yicha filiallar limiti to'ldi",
    "Лимит филиалов по тарифу исчерпан",
    "The plan holds no more branches",
)
_TERMINALS: Final = Words(
    "Tarif bo'yicha terminallar limiti to'ldi",
    "Лимит терминалов по тарифу исчерпан",
    "The plan holds no more points of sale",
)
_OFFER: Final = Words("QR kod eskirgan", "QR-код устарел", "This QR code is too old or was used")
_LOGIN: Final = Words("Login yoki parol noto'g'ri", "Неверный логин или пароль", "Login or password is wrong")
_ENDED: Final = Words("Ulanish o'chirilgan", "Связь отключена", "This point of sale is not linked any more")
_INACTIVE: Final = Words("Filial faol emas", "Филиал неактивен", "This branch is not active")
_LINKED: Final = (
    select(tables.Link.id, tables.Link.branch, tables.Link.ended, tables.Branch.owner)
    .join(tables.Branch, tables.Branch.id == tables.Link.branch)
    .where(tables.Link.key == bindparam("digest"))
)


@dataclass(frozen=True, slots=True)
class LinkView:
    """A point of sale of a branch. `live`: heard of a moment ago."""

    id: int
    device: str
    made: str
    seen: str | None
    live: bool
    last: int


@dataclass(frozen=True, slots=True)
class BranchView:
    """A branch as pages and API show it."""

    id: int
    name: str
    address: str
    phone: str
    active: bool
    login: str
    links: tuple[LinkView, ...]


@dataclass(frozen=True, slots=True)
class BranchList:
    """All branches, and how many of how many are used."""

    branches: tuple[BranchView, ...]
    used: int
    most: int


@dataclass(frozen=True, slots=True)
class Device:
    """What a POS says of itself: its name, what it is known by, and the number of its newest change."""

    name: str
    identity: str
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Linked:
    """Whose point of sale speaks."""

    link: int
    branch: int
    owner: int


class Branches:
    """The desk for branches and links."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # --- the owner's side ----------------------------------------------------------------------------

    def all(self, visitor: Visitor) -> BranchList:
        """All branches of the owner."""
        table = tables.Branch
        with self._office.reading() as session:
            rows = session.scalars(select(table).where(table.owner == visitor.owner).order_by(table.id))
            views = tuple(self._view(session, row) for row in rows)
            return BranchList(views, len(views), _plan(session, visitor.owner).branches)

    def one(self, visitor: Visitor, branch: int) -> BranchView:
        """One branch; UnknownError unless it is the owner's."""
        with self._office.reading() as session:
            return self._view(session, find(session, visitor, branch))

    def add(self, visitor: Visitor, given: Mapping[str, Any]) -> tuple[BranchView, str]:
        """A new branch and the password for a POS's login, which is told once. RefusedError: the limit."""
        read = _read(given, {})
        password = secret()[:10]
        kept = hashed(password)
        with self._office.changing() as session:
            count = select(func.count()).where(tables.Branch.owner == visitor.owner)
            if int(session.scalar(count) or 0) >= self._room(session, visitor.owner):
                raise RefusedError("branches", _LIMIT)
            row = tables.Branch(owner=visitor.owner, login="", password=kept, **read)
            row.login = f"pos-{secret_digits(8)}"
            session.add(row)
            session.flush()
            return self._view(session, row), password

    def change(self, visitor: Visitor, branch: int, given: Mapping[str, Any]) -> BranchView:
        """Change the fields that are given."""
        with self._office.changing() as session:
            row = find(session, visitor, branch)
            for name, value in _read(given, {each: getattr(row, each) for each in FIELDS}).items():
                setattr(row, name, value)
            return self._view(session, row)

    def new_password(self, visitor: Visitor, branch: int) -> str:
        """Another password for the POS's login, told once."""
        password = secret()[:10]
        kept = hashed(password)
        with self._office.changing() as session:
            find(session, visitor, branch).password = kept
        return password

    def take_offer(self, visitor: Visitor, branch: int, code: str) -> LinkView:
        """«QR kod bilan ulash»: link the POS that shows this code."""
        office = self._office
        with office.changing() as session:
            row = find(session, visitor, branch)
            offer = session.get(tables.Offer, code.strip())
            oldest = office.now - timedelta(seconds=office.settings.offer_seconds)
            if offer is None or moment_of(offer.made) < oldest:
                raise RefusedError("offer", _OFFER)
            link = self._link(session, row, Device(offer.device, offer.identity, offer.newest), offer.key)
            session.delete(offer)
            return self._link_view(link)

    def cut(self, visitor: Visitor, branch: int, link: int) -> None:
        """«Ulanishni o'chirish»: the POS is refused from now on."""
        with self._office.changing() as session:
            find(session, visitor, branch)
            row = session.get(tables.Link, link)
            if row is None or row.branch != branch or row.ended is not None:
                raise UnknownError("link")
            row.ended = written(self._office.now)

    # --- the point of sale's side --------------------------------------------------------------------

    def offer(self, device: Device) -> tuple[str, str]:
        """A POS that is to be linked: the code for its QR code, and its own secret for later."""
        code, key = secret(), secret()
        office = self._office
        with office.changing() as session:
            oldest = written(office.now - timedelta(seconds=office.settings.offer_seconds))
            for row in session.scalars(select(tables.Offer).where(tables.Offer.made < oldest)):
                session.delete(row)
            session.add(
                tables.Offer(
                    code=code,
                    key=digest(key),
                    device=device.name,
                    identity=device.identity,
                    newest=device.newest,
                    made=written(office.now),
                )
            )
        return code, key

    def link_by_login(self, login: str, password: str, device: Device) -> str:
        """«POS login»: link this POS with a branch's login; its secret. RefusedError: wrong."""
        with self._office.reading() as session:
            table = tables.Branch
            known = session.scalars(select(table).where(table.login == login)).first()
        if not fits(None if known is None else known.password, password) or known is None:
            raise RefusedError("credentials", _LOGIN)
        key = secret()
        with self._office.changing() as session:
            row = session.get_one(tables.Branch, known.id)
            self._link(session, row, device, digest(key))
        return key

    def linked(self, key: str) -> Linked:
        """Whose POS has this secret. StrangerError: none, or the link was cut."""
        if not key:
            raise StrangerError
        with self._office.looking() as connection:
            row = connection.execute(_LINKED, {"digest": digest(key)}).first()
        if row is None:
            raise StrangerError
        if row.ended is not None:
            raise StrangerError(_ENDED)
        return Linked(row.id, row.branch, row.owner)

    def _link(self, session: Session, branch: tables.Branch, device: Device, key: str) -> tables.Link:
        """Link a POS. One that was here before goes on where it was: its changes count once.

        In another branch only what comes from now on is that branch's; a new owner learns nothing of the
        owner before.
        """
        if not branch.active:
            raise RefusedError("branch", _INACTIVE)
        table, now = tables.Link, written(self._office.now)
        before = list(session.scalars(select(table).where(table.identity == device.identity)))
        for row in before:
            row.ended = row.ended or now
        session.flush()
        mine = list(session.scalars(select(tables.Branch.id).where(tables.Branch.owner == branch.owner)))
        count = select(func.count()).where(table.branch.in_(mine), table.ended.is_(None))
        if int(session.scalar(count) or 0) >= _plan(session, branch.owner).terminals:
            raise RefusedError("terminals", _TERMINALS)
        again = next((row for row in before if row.branch == branch.id), None)
        told = max((row.last for row in before if row.branch in mine), default=device.newest if before else 0)
        if again is None:
            again = table(branch=branch.id, identity=device.identity)
            session.add(again)
        again.device, again.key, again.made, again.ended, again.last = device.name, key, now, None, told
        session.flush()
        return again

    def _room(self, session: Session, owner: int) -> int:
        """How many branches the owner's plan holds."""
        return int(_plan(session, owner).branches)

    def _view(self, session: Session, row: tables.Branch) -> BranchView:
        table = tables.Link
        query = select(table).where(table.branch == row.id, table.ended.is_(None)).order_by(table.id)
        links = tuple(self._link_view(link) for link in session.scalars(query))
        return BranchView(row.id, row.name, row.address, row.phone, row.active, row.login, links)

    def _link_view(self, row: tables.Link) -> LinkView:
        since = timedelta(seconds=self._office.settings.online_seconds)
        live = row.seen is not None and self._office.now - moment_of(row.seen) <= since
        return LinkView(row.id, row.device, row.made, row.seen, live, row.last)


def find(session: Session, visitor: Visitor, branch: int) -> tables.Branch:
    """The row of an owner's branch; UnknownError for everything else."""
    row = session.get(tables.Branch, branch)
    if row is None or row.owner != visitor.owner:
        raise UnknownError("branch")
    return row


def chosen(session: Session, visitor: Visitor, branch: int | None) -> list[int]:
    """Ids of the branch that was chosen, of all the owner's without one; UnknownError for another's."""
    if branch is not None:
        return [find(session, visitor, branch).id]
    return list(session.scalars(select(tables.Branch.id).where(tables.Branch.owner == visitor.owner)))


def _plan(session: Session, owner: int) -> Any:
    row = session.get(tables.Subscription, owner)
    return PLANS[row.plan if row is not None else "trial"]


def _read(given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    form = Form(given, FIELDS, before)
    read = {
        "name": form.text("name", 100),
        "address": form.text("address", 200),
        "phone": form.text("phone", 13),
        "active": form.mark("active", otherwise=True),
    }
    name = str(read["name"])
    if len(name) < LEAST_NAME and not any(each.field == "name" for each in form.findings):
        form.add("name", "length" if name else "required", _SHORT if name else REQUIRED)
    if read["phone"] and not PHONE.fullmatch(str(read["phone"])):
        form.add("phone", "pattern", PATTERN)
    form.done()
    return read
