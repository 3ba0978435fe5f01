"""What the wire is told of the portal's users: COMMAND_AUTH knows the same people (kz-ofd §3.6, §15.11).

A register knows the administrators of its organisation and the users of the groups that its outlet is in.
What goes along is the hash of a password, never the password. The hashes stand with each register, since the
wire reads nothing but the ledger; whoever changes users, groups, outlets of registers tells it in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from ofd_mock.kz.values import Cashier
from ofd_mock.portal import tables, wire_books
from ofd_mock.portal.accounts import lock
from ofd_mock.portal.entrance import ADMINISTRATOR

_Person = Row[int, str, str, str, int]
_CARDS: Final = select(tables.Card.id, tables.Card.outlet).where(
    tables.Card.organisation == bindparam("organisation"), tables.Card.removed.is_(False)
)
_CARD: Final = _CARDS.where(tables.Card.id == bindparam("card"))
_WITH_CARDS: Final = (
    select(tables.Card.organisation)
    .where(tables.Card.removed.is_(False))
    .distinct()
    .order_by(tables.Card.organisation)
)
_USERS: Final = (
    select(tables.User.id, tables.User.login, tables.User.password, tables.User.name, tables.User.role)
    .where(tables.User.organisation == bindparam("organisation"), tables.User.active.is_(True))
    .order_by(tables.User.id)
)


def tell(session: Session, organisation: int, card: int | None = None) -> None:
    """Tell the wire who may log in at the organisation's registers, or at one of them.

    What was added to the session before must have been flushed. The organisation is locked: whoever changes
    people or registers at the same moment comes second, and sees both.
    """
    lock(session, organisation)
    asked = {"organisation": organisation} if card is None else {"organisation": organisation, "card": card}
    outlets = {row.id: row.outlet for row in session.execute(_CARDS if card is None else _CARD, asked)}
    if not outlets:
        return  # an organisation without registers has nothing for the wire
    users = _users(session, organisation)
    by_outlet = _by_outlet(session, users)
    people = {
        outlet: tuple(_cashier(user) for user in users.values() if _knows(user, by_outlet.get(outlet, set())))
        for outlet in set(outlets.values())
    }
    wire_books.set_cashiers(session, {number: people[outlet] for number, outlet in outlets.items()})


def tell_everything(session: Session) -> None:
    """Tell it of every organisation: after rows have come from elsewhere."""
    for organisation in session.scalars(_WITH_CARDS).all():
        tell(session, organisation)


def _users(session: Session, organisation: int) -> dict[int, _Person]:
    return {row.id: row for row in session.execute(_USERS, {"organisation": organisation})}


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


def _knows(user: _Person, of_outlet: set[int]) -> bool:
    return user.role == ADMINISTRATOR or user.id in of_outlet


def _cashier(user: _Person) -> Cashier:
    return Cashier(user.login, user.password, user.id, user.name or user.login, (user.role,))
