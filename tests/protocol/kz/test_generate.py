"""Made-up tickets: the same from the same seed, of all kinds, true to their version."""

from __future__ import annotations

import random
from datetime import datetime

import pytest

from reference.protocol.kz.dialects import dialect_for
from reference.protocol.kz.documents import from_message, to_message
from reference.protocol.kz.envelope import read_request
from reference.protocol.kz.generate import GOODS, barcode, random_placement, random_ticket
from reference.protocol.kz.kinds import Operation, PaymentType, PlacementKind
from reference.protocol.kz.tickets import Line

NOON = datetime(2025, 12, 31, 12)


@pytest.mark.parametrize("version", [124, 125, 202, 203, 204])
def test_tickets_survive_their_message_and_repeat_by_seed(version: int) -> None:
    dialect = dialect_for(version)
    assert dialect is not None
    for seed in range(200):
        ticket = random_ticket(random.Random(seed), version, NOON)
        assert random_ticket(random.Random(seed), version, NOON) == ticket
        envelope = read_request(dialect, to_message(dialect, ticket).SerializeToString())
        assert from_message(dialect, envelope.message) == ticket


def test_a_seed_draws_every_kind_of_ticket() -> None:
    rng = random.Random(7)
    tickets = [random_ticket(rng, 203, NOON) for _ in range(800)]
    assert {ticket.operation for ticket in tickets} == set(Operation)
    assert {payment.type for ticket in tickets for payment in ticket.payments} == {0, 1, 4}
    assert any(ticket.discount for ticket in tickets)
    assert any(ticket.markup for ticket in tickets)
    assert any(len(ticket.payments) == 2 for ticket in tickets)
    assert any(ticket.change for ticket in tickets)
    assert any(ticket.customer_iin for ticket in tickets)
    assert {item.type for ticket in tickets for item in ticket.items} >= {1, 2, 3, 5}
    assert any(isinstance(item, Line) and item.excise_stamps for ticket in tickets for item in ticket.items)
    assert all((ticket.parent is not None) == (ticket.operation in (1, 3)) for ticket in tickets)


def test_what_is_asked_for_is_drawn() -> None:
    rng = random.Random(1)
    ticket = random_ticket(rng, 203, NOON, operation=Operation.BUY, offline_number=5, items=3, cash_limit=0)
    assert (ticket.operation, ticket.offline_number) == (0, 5)
    assert sum(1 for item in ticket.items if isinstance(item, Line) and item.type == 1) == 3
    for _ in range(200):
        leaving = random_ticket(rng, 203, NOON, operation=Operation.SELL_RETURN, cash_limit=100_00)
        assert leaving.paid(PaymentType.CASH) <= 100_00


@pytest.mark.parametrize(("time", "percent"), [(NOON, 12000), (datetime(2026, 1, 1), 16000)])
def test_vat_changed_with_2026(time: datetime, percent: int) -> None:
    rng = random.Random(1)
    taxes = [tax for _ in range(20) for item in random_ticket(rng, 203, time).items for tax in item.taxes]
    assert {tax.percent for tax in taxes} == {percent}


def test_placements_stay_in_their_bounds() -> None:
    rng = random.Random(1)
    for _ in range(100):
        document = random_placement(rng, NOON, kind=PlacementKind.WITHDRAWAL, most=5_00)
        assert document.operation == 1
        assert 0 < (document.sum or 0) <= 5_00


def test_barcodes_have_their_check_digit() -> None:
    assert barcode("400638133393") == "4006381333931"
    assert all(len(barcode(good.article)) == 13 for good in GOODS if good.article)
