"""All desks of one portal, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from ofd_mock.portal.accounts import Accounts
from ofd_mock.portal.archive.documents import Documents
from ofd_mock.portal.archive.lists import Lists
from ofd_mock.portal.archive.store import ArchiveStore
from ofd_mock.portal.card_views import CardViews
from ofd_mock.portal.cards import Cards
from ofd_mock.portal.charges import Charges
from ofd_mock.portal.enrolments import Enrolments
from ofd_mock.portal.entrance import Entrance
from ofd_mock.portal.keeper import Keeper
from ofd_mock.portal.members import Members
from ofd_mock.portal.office import Office
from ofd_mock.portal.organisations import Organisations
from ofd_mock.portal.outlets import Outlets
from ofd_mock.portal.papers import Papers
from ofd_mock.portal.payments import Payments


@dataclass(frozen=True, slots=True)
class Desks:
    """Every desk, over one office."""

    office: Office
    enrolments: Enrolments
    organisations: Organisations
    entrance: Entrance
    outlets: Outlets
    cards: Cards
    views: CardViews
    accounts: Accounts
    members: Members
    papers: Papers
    keeper: Keeper
    lists: Lists
    documents: Documents
    archives: ArchiveStore
    charges: Charges
    payments: Payments


def desks_of(office: Office) -> Desks:
    """The desks of an office."""
    return Desks(
        office,
        Enrolments(office),
        Organisations(office),
        Entrance(office),
        Outlets(office),
        Cards(office),
        CardViews(office),
        Accounts(office),
        Members(office),
        Papers(office),
        Keeper(office),
        Lists(office),
        Documents(office),
        ArchiveStore(office),
        Charges(office),
        Payments(office),
    )
