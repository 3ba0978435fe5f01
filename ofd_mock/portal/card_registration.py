"""What the wire says of a register: put together from organisation, outlet and card (kz-ofd §3.5)."""

from __future__ import annotations

from ofd_mock.portal import tables
from ofd_mock.portal.directories import settlements
from ofd_mock.portal.outlets import view_of
from reference.protocol.kz.service import Registration


def registration_of(
    organisation: tables.Organisation, outlet: tables.Outlet, card: tables.Card
) -> Registration:
    """The registration data of a card; `rnm` and `kkm_id` are the ledger's to fill in."""
    settlement = settlements()[outlet.settlement]
    address = view_of(outlet).address
    return Registration(
        serial=card.serial,
        pos_title=outlet.name,
        pos_address=address,
        pos_address_kz=address,
        pos_latitude=settlement.latitude_e6,
        pos_longitude=settlement.longitude_e6,
        org_title=organisation.name,
        org_address=organisation.legal_address,
        org_address_kz=organisation.legal_address,
        org_inn=organisation.number,
    )
