"""Money and people at the same moment, on both databases: booked once, and every list the same there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import func, select

from ofd_mock.portal import tables
from ofd_mock.portal.charges import Charges
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError, RefusedError
from ofd_mock.portal.members import Members
from ofd_mock.portal.papers import NoteFilter, PaperFilter, Papers
from ofd_mock.portal.payments import PAID, Payments
from ofd_mock.portal.tariffs import TARIFFS
from tests.ofd_mock.portal.stand import HEAD, PASSWORD, Stand
from tests.ofd_mock.portal.test_races import AT_ONCE, anywhere, at_once

__all__ = ["anywhere"]
DAILY = TARIFFS[2].price


def owner_of(stand: Stand, number: int) -> Visitor:
    return stand.owner(replace(HEAD, number=f"{number:012d}", key=f"k{number}"))


def user(login: str) -> dict[str, Any]:
    return {"login": login, "name": login, "role": 1, "password": PASSWORD, "password_repeated": PASSWORD}


def test_a_form_sent_at_once_is_one_payment_and_its_word_one_booking(anywhere: Stand) -> None:
    owner, desk = owner_of(anywhere, 101), Payments(anywhere.office)
    form = {"amount": 500, "attempt": "once"}
    numbers = at_once([lambda: desk.order(owner, form)] * AT_ONCE)
    assert len(set(numbers)) == 1
    word = desk.decide(numbers[0], PAID)
    views = at_once([lambda: desk.notified(word)] * AT_ONCE)
    assert [view.state for view in views] == [PAID] * AT_ONCE
    lines = anywhere.accounts.statement(owner)
    assert [line.amount for line in lines if line.payment] == [500_00]
    assert anywhere.accounts.balance(owner) == lines[0].balance == sum(line.amount for line in lines)


def test_other_payments_at_once_all_count(anywhere: Stand) -> None:
    owner, desk = owner_of(anywhere, 102), Payments(anywhere.office)
    words = [desk.decide(desk.order(owner, {"amount": 100 + each}), PAID) for each in range(AT_ONCE)]
    before = anywhere.accounts.balance(owner)
    at_once([lambda word=word: desk.notified(word) for word in words])
    assert anywhere.accounts.balance(owner) == before + sum(word.amount for word in words)


def test_one_login_for_two_users_is_refused_to_one(anywhere: Stand) -> None:
    owner, members = owner_of(anywhere, 103), Members(anywhere.office)
    done = at_once([lambda: members.add_user(owner, user("same"))] * AT_ONCE)
    assert sorted(type(each).__name__ for each in done) == ["InvalidError"] * (AT_ONCE - 1) + ["int"]
    assert all(each.findings[0].rule == "free" for each in done if isinstance(each, InvalidError))


def test_the_last_administrator_stays_one_however_fast_they_go(anywhere: Stand) -> None:
    owner, members = owner_of(anywhere, 104), Members(anywhere.office)
    second = members.add_user(owner, user("head-104") | {"role": 3})
    done = at_once(
        [
            lambda: members.change_user(owner, second, {"active": False}),
            lambda: members.change_user(owner, owner.user, {"active": False}),
        ]
    )
    assert [type(each) for each in done if each is not None] == [RefusedError]
    with anywhere.office.reading() as session:
        table = tables.User
        query = select(func.count()).select_from(table)
        left = session.scalar(query.where(table.organisation == owner.organisation, table.active.is_(True)))
    assert left == 1


def test_users_and_groups_changed_at_once_leave_the_wire_what_the_portal_has(anywhere: Stand) -> None:
    owner, members = owner_of(anywhere, 105), Members(anywhere.office)
    outlet = anywhere.outlet(owner)
    cards = [anywhere.draft(owner, outlet, serial=f"R{each}") for each in range(3)]
    users = [members.add_user(owner, user(f"u{each}-105")) for each in range(AT_ONCE)]
    group = members.add_group(owner, {"name": "Все"})
    at_once([lambda: members.fill_group(owner, group, [outlet], users)] * 2)
    at_once([lambda each=each: members.change_user(owner, each, {"name": "Новое"}) for each in users])
    for card in cards:
        device = anywhere.counter.ledger.device(card)
        assert device is not None
        known = device.profile.cashiers
        assert [each.code for each in known] == [owner.user, *users]
        assert {each.name for each in known[1:]} == {"Новое"}


def test_lists_read_the_same_anywhere(anywhere: Stand) -> None:
    owner, charges, papers = owner_of(anywhere, 106), Charges(anywhere.office), Papers(anywhere.office)
    signer = replace(HEAD, number=f"{106:012d}", key="k106")
    card = anywhere.registered(owner, signer, serial="L1")
    anywhere.keeper.run()
    first = anywhere.office.today
    anywhere.advance(days=40)
    days = charges.totals(owner, "day")
    assert [each.charged for each in days if each.charged] == [DAILY] * 41
    months = charges.totals(owner, "month")
    assert sum(each.charged for each in months) == 41 * DAILY
    assert charges.totals(owner, "month", before=months[0].span) == months[1:]
    assert charges.registers(owner, first, first)[0].charged == DAILY
    assert charges.registers(owner, after=card) == []
    assert charges.names(owner, {card, 1}) == {card: "Касса 1"}
    assert charges.forecast(owner).registers == 1
    lines = anywhere.accounts.statement(owner)
    assert anywhere.accounts.statement(owner, limit=2, before=lines[1].id) == lines[2:4]
    assert [each.kind for each in papers.all(owner, PaperFilter(card=card))] == ["tariff", "registration"]
    assert papers.all(owner, PaperFilter(first=date(1, 1, 1), last=date(9999, 12, 31)))
    assert [each["act"] for each in papers.notes(owner, wanted=NoteFilter(act="choose-tariff"))] == [
        "choose-tariff"
    ]
