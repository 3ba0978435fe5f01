"""All desks of one owner portal, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from reference.backoffice.branches import Branches
from reference.backoffice.checkout import Checkout
from reference.backoffice.click import Click
from reference.backoffice.details import Details
from reference.backoffice.entrance import Entrance
from reference.backoffice.intake import Intake
from reference.backoffice.merchants import AskToken, Merchants, stand_in
from reference.backoffice.office import Office
from reference.backoffice.payme import Payme
from reference.backoffice.reports import Reports
from reference.backoffice.secrets import Seal
from reference.backoffice.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Desks:
    """Every desk, over one office."""

    office: Office
    entrance: Entrance
    branches: Branches
    intake: Intake
    reports: Reports
    details: Details
    subscriptions: Subscriptions
    merchants: Merchants
    payme: Payme
    click: Click
    checkout: Checkout


def desks_of(office: Office, seal: Seal, ask: AskToken = stand_in) -> Desks:
    """The desks of an office."""
    subscriptions, payme, click = Subscriptions(office), Payme(office), Click(office)
    return Desks(
        office,
        Entrance(office),
        Branches(office),
        Intake(office),
        Reports(office),
        Details(office),
        subscriptions,
        Merchants(office, seal, ask),
        payme,
        click,
        Checkout(office, subscriptions, payme, click),
    )
