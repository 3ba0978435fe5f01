"""Users and groups with rights (KZ-USR-01)."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from ofd_mock.portal.card_views import CardViews
from ofd_mock.portal.errors import DeniedError, InvalidError, RefusedError, StrangerError, UnknownError
from ofd_mock.portal.members import Members
from ofd_mock.portal.moves import Act
from ofd_mock.portal.tables import User
from tests.ofd_mock.portal.stand import HEAD, NUMBER, OTHER_NUMBER, PASSWORD, Stand

CASHIER = {"login": "aigul", "name": "Айгүл", "role": 1, "password": PASSWORD, "password_repeated": PASSWORD}


@pytest.fixture
def members(stand: Stand) -> Members:
    return Members(stand.office)


def test_a_user_sees_the_outlets_of_his_groups_only(stand: Stand, members: Members) -> None:
    owner = stand.owner()
    mine, other = stand.outlet(owner), stand.outlet(owner, name="Магазин №2")
    card, hidden = stand.draft(owner, mine), stand.draft(owner, other)
    user = members.add_user(owner, CASHIER)
    assert stand.outlets.all(stand.visitor("aigul")) == []
    group = members.add_group(owner, {"name": "Центр"})
    members.fill_group(owner, group, [mine], [user])
    cashier = stand.visitor("aigul")
    assert [outlet.id for outlet in stand.outlets.all(cashier)] == [mine]
    views = CardViews(stand.office)
    assert [c.id for g in views.cabinet(cashier).outlets for c in g.cards] == [card]
    assert views.one(cashier, card).id == card
    with pytest.raises(UnknownError):
        views.one(cashier, hidden)
    with pytest.raises(UnknownError):
        stand.outlets.one(cashier, other)
    members.remove_group(owner, group)
    assert stand.outlets.all(stand.visitor("aigul")) == []


def test_only_an_administrator_changes_anything(stand: Stand, members: Members) -> None:
    owner = stand.owner()
    outlet = stand.outlet(owner)
    user = members.add_user(owner, CASHIER | {"role": 2})
    group = members.add_group(owner, {"name": "Все"})
    members.fill_group(owner, group, [outlet], [user])
    cashier = stand.visitor("aigul")
    for attempt in (
        lambda: members.users(cashier),
        lambda: members.add_user(cashier, CASHIER),
        lambda: members.change_user(cashier, user, {"role": 3}),
        lambda: members.groups(cashier),
        lambda: members.add_group(cashier, {"name": "x"}),
        lambda: members.fill_group(cashier, group, [], []),
        lambda: members.remove_group(cashier, group),
        lambda: stand.outlets.add(cashier, {}),
        lambda: stand.outlets.remove(cashier, outlet),
        lambda: stand.draft(cashier, outlet),
        lambda: stand.cards.token(cashier, 1),
        lambda: stand.cards.application(cashier, 1, Act.SUSPEND),
        lambda: stand.accounts.top_up(cashier, {}),
    ):
        with pytest.raises(DeniedError):
            attempt()


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"login": "ai"}, "login", "shape"),
        ({"login": "айгүл"}, "login", "shape"),
        ({"login": NUMBER}, "login", "taxpayer"),
        ({"login": OTHER_NUMBER}, "login", "taxpayer"),
        ({"name": ""}, "name", "required"),
        ({"role": 4}, "role", "directory"),
        ({"role": None}, "role", "required"),
        ({"password": "short", "password_repeated": "short"}, "password", "length"),
        ({"password_repeated": "Other1!x"}, "password_repeated", "equal"),
        ({"organisation": 1}, "organisation", "known"),
    ],
)
def test_a_wrong_user_is_named(
    stand: Stand, members: Members, change: dict[str, Any], field: str, rule: str
) -> None:
    owner = stand.owner()
    with pytest.raises(InvalidError) as wrong:
        members.add_user(owner, CASHIER | change)
    assert (field, rule) in [(finding.field, finding.rule) for finding in wrong.value.findings]
    assert len(members.users(owner)) == 1


def test_a_login_that_is_taken_is_refused_wherever_its_user_is(stand: Stand, members: Members) -> None:
    members.add_user(stand.owner(), CASHIER)
    with pytest.raises(InvalidError) as wrong:
        members.add_user(stand.owner(replace(HEAD, number=OTHER_NUMBER, key="k2")), CASHIER)
    assert [(finding.field, finding.rule) for finding in wrong.value.findings] == [("login", "free")]


def test_who_is_switched_off_is_out_at_once(stand: Stand, members: Members) -> None:
    owner = stand.owner()
    user = members.add_user(owner, CASHIER)
    key = stand.entrance.log_in("aigul", PASSWORD)
    members.change_user(owner, user, {"active": False})
    with pytest.raises(StrangerError):
        stand.entrance.visitor(key)
    with pytest.raises(RefusedError):
        stand.entrance.log_in("aigul", PASSWORD)
    members.change_user(owner, user, {"active": True, "name": "Айгүл С.", "role": 2})
    assert stand.visitor("aigul").role == 2
    assert [view.name for view in members.users(owner)][-1] == "Айгүл С."


def test_the_only_administrator_stays_one(stand: Stand, members: Members) -> None:
    owner = stand.owner()
    for change in ({"role": 1}, {"active": False}):
        with pytest.raises(RefusedError):
            members.change_user(owner, owner.user, change)
    second = members.add_user(owner, CASHIER | {"role": 3})
    members.change_user(owner, owner.user, {"role": 1})
    with pytest.raises(RefusedError):
        members.change_user(stand.visitor("aigul"), second, {"active": False})


def test_a_new_password_needs_the_old_one_and_ends_every_session(stand: Stand, members: Members) -> None:
    stand.enrol()
    key = stand.entrance.log_in(NUMBER, PASSWORD)
    owner = stand.entrance.visitor(key)
    with pytest.raises(InvalidError) as wrong:
        members.change_password(owner, "wrong", "Zyxwvu9?", "Zyxwvu9?")
    assert wrong.value.findings[0].field == "old_password"
    with pytest.raises(InvalidError):
        members.change_password(owner, PASSWORD, "short", "short")
    members.change_password(owner, PASSWORD, "Zyxwvu9?", "Zyxwvu9?")
    with pytest.raises(StrangerError):
        stand.entrance.visitor(key)
    assert stand.visitor(password="Zyxwvu9?").user == owner.user


def test_nothing_of_another_organisation_can_be_named(stand: Stand, members: Members) -> None:
    owner = stand.owner()
    user, group = members.add_user(owner, CASHIER), members.add_group(owner, {"name": "x"})
    outlet = stand.outlet(owner)
    stranger = stand.owner(replace(HEAD, number=OTHER_NUMBER, key="k2"))
    theirs = members.add_group(stranger, {"name": "y"})
    for attempt in (
        lambda: members.change_user(stranger, user, {"role": 3}),
        lambda: members.fill_group(stranger, group, [], []),
        lambda: members.remove_group(stranger, group),
        lambda: members.fill_group(stranger, theirs, [outlet], []),
        lambda: members.fill_group(stranger, theirs, [], [user]),
    ):
        with pytest.raises(UnknownError):
            attempt()
    assert [view.login for view in members.users(stranger)] == [OTHER_NUMBER]
    assert members.groups(stranger)[0].outlets == ()


def test_passwords_are_kept_as_argon2_hashes(stand: Stand, members: Members) -> None:
    members.add_user(stand.owner(), CASHIER)
    with stand.office.reading() as session:
        assert all(kept.startswith("$argon2id$") for kept in session.scalars(select(User.password)))
