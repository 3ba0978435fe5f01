"""What the card of a register shows, and search (KZ-KKM-04)."""

from dataclasses import replace

import pytest

from ofd_mock.portal.card_views import CardViews
from ofd_mock.portal.errors import UnknownError
from ofd_mock.portal.moves import Act
from tests.ofd_mock.kz.counter import ParentTicket, ticket
from tests.ofd_mock.portal.stand import HEAD, OTHER_NUMBER, Stand


@pytest.fixture
def views(stand: Stand) -> CardViews:
    return CardViews(stand.office)


def test_a_draft_shows_its_id_and_no_date(stand: Stand, views: CardViews) -> None:
    owner = stand.owner()
    card = stand.draft(owner, stand.outlet(owner), model=None, serial="", year=None)
    view = views.one(owner, card)
    assert (view.id, view.label.ru, view.since) == (card, "Продолжить регистрацию", "")
    assert (view.model, view.serial, view.year, view.last, view.online) == ("", "", None, "", False)
    assert view.acts == (Act.CHECK, Act.DELETE)


def test_a_working_register_shows_its_shift_and_sums(stand: Stand, views: CardViews) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.sell(card, 1_15)
    stand.advance(seconds=60)
    sold = stand.sell(card, 100_00)
    # As yet the second ticket stands behind the register's row.
    assert (views.one(owner, card).sold, views.one(owner, card).last) == (101_15, "13.09.2026 11:01")
    now = stand.counter.now
    parent = ParentTicket(sold.sign, now, f"6203{card:08d}", 100_00, False)
    assert stand.send(card, ticket(50_00, operation=3, time=now, parent=parent)).code == 0
    stand.keeper.run()
    view = views.one(owner, card)
    assert (view.label.ru, view.shift, view.sold, view.returned) == ("Активная", 1, 101_15, 50_00)
    assert (view.since, view.last) == ("13.09.2026 11:00", "13.09.2026 11:01")
    assert view.model == "Меркурий - 115 ФКЗ (версия Online KZ)"
    assert view.rnm == "6203" + f"{card:08d}"
    stand.close_shift(card)
    closed = views.one(owner, card)
    assert (closed.shift, closed.sold) == (1, 0)


def test_online_is_who_spoke_within_ten_minutes(stand: Stand, views: CardViews) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.draft(owner, stand.card(card).outlet, serial="2")
    stand.token(owner, card)
    stand.sell(card)
    stand.advance(seconds=600)
    cabinet = views.cabinet(owner)
    assert (cabinet.outlets[0].online, len(cabinet.outlets[0].cards)) == (1, 2)
    assert (cabinet.total, cabinet.active) == (2, 1)
    stand.advance(seconds=1)
    assert views.cabinet(owner).outlets[0].online == 0


def test_search_looks_in_outlet_name_id_and_serial(stand: Stand, views: CardViews) -> None:
    owner = stand.owner()
    north, south = stand.outlet(owner, name="Северный"), stand.outlet(owner, name="Южный")
    first = stand.draft(owner, north, name="Касса А", serial="AAA-1")
    second = stand.draft(owner, north, name="Касса Б", serial="BBB-2")
    third = stand.draft(owner, south, name="Промтовары", serial="CCC-3")

    def found(search: str) -> list[int]:
        return [card.id for group in views.cabinet(owner, search).outlets for card in group.cards]

    assert found("") == [first, second, third]
    assert found("север") == [first, second]
    assert found(" промтовары ") == [third]
    assert found("bbb") == [second]
    assert found(str(third)) == [third]
    assert found("%") == []
    assert found("касса") == [first, second]


def test_a_stranger_s_cabinet_is_empty(stand: Stand, views: CardViews) -> None:
    owner = stand.owner()
    card = stand.draft(owner, stand.outlet(owner))
    stranger = stand.owner(replace(HEAD, number=OTHER_NUMBER, key="k2"))
    assert views.cabinet(stranger).outlets == ()
    with pytest.raises(UnknownError):
        views.one(stranger, card)
