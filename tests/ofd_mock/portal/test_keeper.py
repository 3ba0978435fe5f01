"""Answers of the tax body, by lab time, whatever the clock does (KZ-KKM-02)."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import select

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.portal.keeper import _first_document
from ofd_mock.portal.moments import moment_of
from ofd_mock.portal.moves import Act
from ofd_mock.portal.tables import TaxRequest
from reference.protocol.kz.device_states import DeviceState as S
from reference.protocol.kz.money import from_almaty
from tests.ofd_mock.portal.stand import Stand


@pytest.mark.parametrize("delay", [15 * 60, 3_600, 72 * 3600])
def test_an_answer_comes_at_its_second(stand: Stand, delay: int) -> None:
    owner = stand.owner()
    stand.set(kgd_delay=delay)
    card = stand.draft(owner, stand.outlet(owner))
    stand.do(owner, card, Act.SIGN_REGISTRATION)
    stand.advance(seconds=delay - 1)
    assert stand.state(card) is S.WAIT_REG
    due = stand.keeper.next_due()
    assert due is not None
    assert (due - stand.office.now).total_seconds() == 1
    stand.advance(seconds=1)
    assert stand.state(card) is S.REG_NO_TARIFF


def test_a_silent_tax_body_never_answers(stand: Stand) -> None:
    owner = stand.owner()
    stand.set(kgd_answer="never")
    card = stand.draft(owner, stand.outlet(owner))
    stand.do(owner, card, Act.SIGN_REGISTRATION)
    stand.advance(days=400)
    assert stand.state(card) is S.WAIT_REG


def test_without_an_order_it_takes_between_a_quarter_of_an_hour_and_three_days(stand: Stand) -> None:
    owner = stand.owner()
    outlet = stand.outlet(owner)
    for number in range(30):
        card = stand.draft(owner, outlet, serial=f"S{number}")
        stand.do(owner, card, Act.SIGN_REGISTRATION)
    with stand.office.reading() as session:
        spans = [(row.due, row.asked) for row in session.scalars(select(TaxRequest)) if row.due is not None]
    seconds = [(moment_of(due) - moment_of(asked)).total_seconds() for due, asked in spans]
    assert len(set(seconds)) > 20
    assert min(seconds) >= 15 * 60
    assert max(seconds) <= 72 * 3600


def test_the_state_shows_the_time_of_the_answer_not_of_the_look(stand: Stand) -> None:
    owner = stand.owner()
    stand.set(kgd_delay=3_600)
    card = stand.draft(owner, stand.outlet(owner))
    stand.do(owner, card, Act.SIGN_REGISTRATION)
    stand.advance(days=2)
    assert stand.card(card).since == "2026-09-10T07:00:00+00:00"


def test_running_twice_changes_nothing(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.advance(days=3)
    before = (stand.card(card).since, stand.accounts.balance(owner), len(stand.accounts.statement(owner)))
    stand.keeper.run()
    after = (stand.card(card).since, stand.accounts.balance(owner), len(stand.accounts.statement(owner)))
    assert before == after


@pytest.mark.parametrize("gone", [(), (1,), (3, 4), (7,), (1, 2, 3, 4, 5, 6, 7)])
def test_the_first_document_after_a_moment_is_found_by_halves(stand: Stand, gone: tuple[int, ...]) -> None:
    """The same as looking at them all, whatever numbers there are and whatever moment is asked for."""
    visitor = stand.owner()
    card = stand.registered(visitor)
    stand.token(visitor, card)
    for _ in range(7):
        stand.advance(minutes=10)
        assert stand.sell(card).code == 0
    documents = ledger_tables.documents
    with stand.office.changing() as session:
        session.execute(sa.delete(documents).where(documents.c.device == card, documents.c.number.in_(gone)))
    with stand.office.reading() as session:
        query = sa.select(documents.c.received).where(documents.c.device == card)
        received = sorted(from_almaty(datetime.fromisoformat(each)) for each in session.scalars(query))
        for minutes in range(-75, 20, 5):
            moment = stand.office.now + timedelta(minutes=minutes)
            wanted = next((each for each in received if each >= moment), None)
            assert _first_document(session, card, moment) == wanted, minutes
