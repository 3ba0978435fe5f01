"""What the wire is told of the portal's users: COMMAND_AUTH knows the same people (kz-ofd §3.6, §15.11).

A register knows the administrators of its organisation and the users of the groups that its outlet is in.
What goes along is the hash of a password, never the password. The hashes stand with each register, since the
wire reads nothing but the ledger; whoever changes users, groups, outlets of registers tells it in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from ofd_mock.kz.values import Cashier
from ofd_mock.portal import tables, wire_books
from ofd_mock.portal.accounts import lock
from ofd_mock.portal.entrance import ADMINISTRATOR


def tell(session: Session, organisation: int, card: int | None = None) -> None:
    """Tell the wire who may log in at the organisation's registers, or at one of them.

    What was added to the session before must have been flushed. The organisation is locked: whoever changes
    people or registers at the same moment comes second, and sees both.
    """
    lock(session, organisation)
    table = tables.Card
    query = select(table.id, table.outlet).where(table.organisation == organisation, table.removed.is_(False))
    if card is not None:
        query = query.where(table.id == card)
    outlets = {row.id: row.outlet for row in session.execute(query)}
    users = _users(session, organisation)
    by_outlet = _by_outlet(session, users)
    people = {
        outlet: tuple(_cashier(user) for user in users.values() if _knows(user, by_outlet.get(outlet, set())))
        for outlet in set(outlets.values())
    }
    wire_books.set_cashiers(session, {number: people[outlet] for number, outlet in outlets.items()})


def tell_everything(session: Session) -> None:
    """Tell it of every organisation: after rows have come from elsewhere."""
    for organisation in session.scalars(
        select(tables.Organisation.id).order_by(tables.Organisation.id)
    ).all():
        tell(session, organisation)


def _users(session: Session, organisation: int) -> dict[int, tables.User]:
    table = tables.User
    query = select(table).where(table.organisation == organisation, table.active.is_(True))
    return {row.id: row for row in session.scalars(query.order_by(table.id))}


def _by_outlet(session: Session, users: Iterable[int]) -> dict[int, set[int]]:
    """Users of groups, by the outlets of these groups."""
    held, members = tables.GroupOutlet, tables.GroupUser
    query = (
        select(held.outlet, members.user)
        .join(members, members.group == held.group)
        .where(members.user.in_(list(users)))
    )
    found: dict[int, set[int]] = {}
    for outlet, user in session.execute(query):
        found.setdefault(outlet, set()).add(user)
    return found


def _knows(user: tables.User, of_outlet: set[int]) -> bool:
    return user.role == ADMINISTRATOR or user.id in of_outlet


def _cashier(user: tables.User) -> Cashier:
    return Cashier(user.login, user.password, user.id, user.name or user.login, (user.role,))
