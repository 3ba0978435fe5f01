"""All desks of one shop, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from reference.pos.shop.catalogue import Catalogue
from reference.pos.shop.checkout import Checkout
from reference.pos.shop.fiscal_desk import FiscalDesk
from reference.pos.shop.orders import Orders
from reference.pos.shop.places import Places
from reference.pos.shop.premises import Premises
from reference.pos.shop.refunds import Refunds
from reference.pos.shop.settings import SettingsDesk
from reference.pos.shop.staff import Staff
from reference.pos.till import Till


@dataclass(frozen=True, slots=True)
class Desks:
    """Every desk, over one shop and one till."""

    premises: Premises
    catalogue: Catalogue
    places: Places
    staff: Staff
    settings: SettingsDesk
    orders: Orders
    checkout: Checkout
    refunds: Refunds
    fiscal: FiscalDesk


def desks_of(premises: Premises, till: Till, *, printer_anywhere: bool = False) -> Desks:
    """The desks of a shop."""
    settings = SettingsDesk(premises, printer_anywhere=printer_anywhere)
    return Desks(
        premises,
        Catalogue(premises),
        Places(premises),
        Staff(premises),
        settings,
        Orders(premises),
        Checkout(premises, settings),
        Refunds(premises),
        FiscalDesk(premises, till),
    )
