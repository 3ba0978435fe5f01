"""Answers of the tax body, by lab time, whatever the clock does (KZ-KKM-02)."""

import pytest
from sqlalchemy import select

from ofd_mock.portal.moments import moment_of
from ofd_mock.portal.moves import Act
from ofd_mock.portal.tables import TaxRequest
from reference.protocol.kz.device_states import DeviceState as S
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
