"""The portal's users at the register: COMMAND_AUTH knows whom the portal knows (kz-ofd §3.6, §15.11)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.password_hashes import hashed
from ofd_mock.portal import tables, wire_users
from ofd_mock.portal.members import Members
from ofd_mock.portal.moves import Act
from reference.protocol.kz.dialects import Command
from tests.ofd_mock.portal.stand import HEAD, NUMBER, OTHER_NUMBER, PASSWORD, Stand

CASHIER = {"login": "aigul", "name": "Айгүл", "role": 1, "password": PASSWORD, "password_repeated": PASSWORD}
NEW = "Zyxwvu9?"


class Till:
    """A register that cashiers log in at."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.owner = stand.owner()
        self.outlet = stand.outlet(self.owner)
        self.card = stand.registered(self.owner, outlet=self.outlet)
        self.token = stand.token(self.owner, self.card)
        self.members = Members(stand.office)

    def log_in(self, login: str, password: str = PASSWORD) -> tuple[int, int, str, list[int]]:
        """auth.result, and who it is."""

        def fill(message: Any) -> None:
            message.auth.login, message.auth.password = login, password

        answer = self.stand.counter.ask(
            Command.AUTH, fill, device=self.card, token=self.token, reqnum=len(login) + 5
        )
        assert answer.code == 0
        part = answer.message.auth
        return part.result, part.operator_code, part.operator_name, list(part.roles)


@pytest.fixture
def till(stand: Stand) -> Till:
    return Till(stand)


NOBODY: tuple[int, int, str, list[int]] = (1, 0, "", [])


def test_the_administrator_logs_in_and_nobody_else_does(till: Till) -> None:
    assert till.log_in(NUMBER) == (0, till.owner.user, "Тестов Тест", [3])
    assert till.log_in(NUMBER, "Wrong1!x") == NOBODY
    assert till.log_in("nobody") == NOBODY
    stranger = till.stand.owner(replace(HEAD, number=OTHER_NUMBER, key="k2"))
    assert stranger.login == OTHER_NUMBER
    assert till.log_in(OTHER_NUMBER) == NOBODY


def test_a_cashier_logs_in_where_his_groups_reach(till: Till) -> None:
    members, owner = till.members, till.owner
    user = members.add_user(owner, CASHIER)
    assert till.log_in("aigul") == NOBODY
    group = members.add_group(owner, {"name": "Центр"})
    members.fill_group(owner, group, [till.outlet], [user])
    assert till.log_in("aigul") == (0, user, "Айгүл", [1])
    members.change_user(owner, user, {"role": 2, "name": "Айгүл С."})
    assert till.log_in("aigul") == (0, user, "Айгүл С.", [2])
    members.fill_group(owner, group, [], [user])
    assert till.log_in("aigul") == NOBODY
    members.fill_group(owner, group, [till.outlet], [user])
    members.remove_group(owner, group)
    assert till.log_in("aigul") == NOBODY
    members.change_user(owner, user, {"role": 3})
    assert till.log_in("aigul")[0] == 0


def test_a_new_password_counts_at_once_and_the_old_one_no_more(till: Till) -> None:
    members, owner = till.members, till.owner
    members.change_password(owner, PASSWORD, NEW, NEW)
    assert till.log_in(NUMBER) == NOBODY
    assert till.log_in(NUMBER, NEW)[0] == 0
    user = members.add_user(owner, CASHIER | {"role": 3})
    assert till.log_in("aigul")[0] == 0
    members.give_password(owner, user, {"password": NEW, "password_repeated": NEW})
    assert (till.log_in("aigul")[0], till.log_in("aigul", NEW)[0]) == (1, 0)
    members.change_user(owner, user, {"active": False})
    assert till.log_in("aigul", NEW) == NOBODY


@pytest.mark.parametrize("delay", [0, 3600])
def test_whoever_a_register_moves_to_is_known_there(stand: Stand, delay: float) -> None:
    till = Till(stand)
    members, owner = till.members, till.owner
    user = members.add_user(owner, CASHIER)
    second = stand.outlet(owner, name="Магазин №2")
    group = members.add_group(owner, {"name": "Второй"})
    members.fill_group(owner, group, [second], [user])
    stand.set(rereg_delay=delay)
    stand.do(owner, till.card, Act.REREGISTER, outlet=second)
    assert till.log_in("aigul")[0] == (1 if delay else 0)
    stand.advance(seconds=delay)
    assert till.log_in("aigul")[0] == 0


def test_a_register_that_is_entered_knows_its_people(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.draft(owner, stand.outlet(owner))
    device = stand.counter.ledger.device(card)
    assert device is not None
    assert [(each.login, each.roles) for each in device.profile.cashiers] == [(NUMBER, (3,))]


def test_the_wire_s_books_hold_hashes_only(till: Till) -> None:
    till.members.add_user(till.owner, CASHIER | {"role": 3})
    table = ledger_tables.devices
    with till.stand.office.reading() as session:
        text = session.execute(sa.select(table.c.profile).where(table.c.id == till.card)).scalar_one()
    kept = [each["password"] for each in json.loads(text)["cashiers"]]
    assert len(kept) == 2
    assert all(each.startswith("$argon2id$") for each in kept)
    assert PASSWORD not in text


def test_people_whose_rows_came_from_elsewhere_are_told(till: Till) -> None:
    """As a restore of the portal's rows brings them."""
    office = till.stand.office
    with office.changing() as session:
        session.get_one(tables.User, till.owner.user).password = hashed(NEW)
    assert till.log_in(NUMBER, NEW) == NOBODY
    with office.changing() as session:
        wire_users.tell_everything(session)
    assert till.log_in(NUMBER, NEW)[0] == 0
    assert till.log_in(NUMBER) == NOBODY


def test_nothing_is_written_where_nothing_changes(till: Till) -> None:
    """A telling that changes nothing leaves the rows that the wire remembers as they are."""
    engine, written = till.stand.office.engine, []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        written.append(statement)

    sa.event.listen(engine, "before_cursor_execute", listen)
    with till.stand.office.changing() as session:
        wire_users.tell_everything(session)
    sa.event.remove(engine, "before_cursor_execute", listen)
    assert written
    assert not [statement for statement in written if statement.lstrip().upper().startswith("UPDATE")]
