"""Employees and their PINs: rights, lockout, leaving."""

from datetime import timedelta

import pytest

from reference.pos.shop.staff import LOCK_SECONDS, PIN_TRIES, RIGHTS, STAY_SECONDS, Right, Role
from reference.pos.shop.tables import Employee
from reference.runtime.refusals import (
    DeniedError,
    InvalidError,
    LockedError,
    RefusedError,
    StrangerError,
    UnknownError,
)
from tests.pos.shop.conftest import Cafe


def test_a_pin_opens_the_till_and_is_kept_as_a_hash(cafe: Cafe) -> None:
    key = cafe.staff.come(cafe.waiter.id, "1111")
    assert cafe.staff.here(key).name == "Bek Aliyev"
    with cafe.premises.reading() as session:
        assert session.get_one(Employee, cafe.waiter.id).pin.startswith("$argon2id$")
    cafe.staff.go(key)
    with pytest.raises(StrangerError):
        cafe.staff.here(key)


def test_wrong_pins_lock_for_a_while(cafe: Cafe) -> None:
    for _ in range(PIN_TRIES):
        with pytest.raises(RefusedError):
            cafe.staff.come(cafe.waiter.id, "2222")
    with pytest.raises(LockedError) as caught:
        cafe.staff.come(cafe.waiter.id, "1111")
    assert caught.value.until == cafe.premises.now + timedelta(seconds=LOCK_SECONDS)
    cafe.till.bench.tick(int(LOCK_SECONDS))
    assert cafe.staff.come(cafe.waiter.id, "1111")


def test_an_employee_who_is_not_there_is_refused_alike(cafe: Cafe) -> None:
    with pytest.raises(RefusedError) as caught:
        cafe.staff.come(999, "1111")
    assert caught.value.rule == "pin"


def test_a_stay_ends_with_the_day_or_with_the_job(cafe: Cafe) -> None:
    key = cafe.staff.come(cafe.waiter.id, "1111")
    other = cafe.staff.come(cafe.waiter.id, "1111")
    cafe.staff.change(cafe.waiter.id, {"active": False})
    with pytest.raises(StrangerError):
        cafe.staff.here(key)
    with pytest.raises(RefusedError):
        cafe.staff.come(cafe.waiter.id, "1111")
    cafe.staff.change(cafe.waiter.id, {"active": True})
    with pytest.raises(StrangerError):
        cafe.staff.here(other)
    key = cafe.staff.come(cafe.waiter.id, "1111")
    cafe.till.bench.tick(int(STAY_SECONDS) + 1)
    with pytest.raises(StrangerError):
        cafe.staff.here(key)


def test_another_pin_sends_everybody_out(cafe: Cafe) -> None:
    key = cafe.staff.come(cafe.waiter.id, "1111")
    cafe.staff.change(cafe.waiter.id, {"pin": "4321"})
    with pytest.raises(StrangerError):
        cafe.staff.here(key)
    assert cafe.staff.come(cafe.waiter.id, "4321")


@pytest.mark.parametrize("pin", ["", "123", "1234567", "12a4", "١٢٣٤"])
def test_pins_have_four_to_six_digits(cafe: Cafe, pin: str) -> None:
    with pytest.raises(InvalidError) as caught:
        cafe.staff.add({"first_name": "Nodir", "role": "cashier", "pin": pin})
    assert caught.value.findings[0].field == "pin"


def test_one_administrator_stays(cafe: Cafe) -> None:
    with pytest.raises(RefusedError) as caught:
        cafe.staff.change(cafe.boss.id, {"role": "waiter"})
    assert caught.value.rule == "administrator"
    assert cafe.staff.all()[0].role is Role.ADMINISTRATOR
    with pytest.raises(UnknownError):
        cafe.staff.change(999, {"active": False})


def test_every_right_is_somebodys_and_roles_differ(cafe: Cafe) -> None:
    assert frozenset().union(*RIGHTS.values()) == frozenset(Right)
    assert len({RIGHTS[role] for role in Role}) == len(Role)
    with pytest.raises(DeniedError):
        cafe.waiter.require(Right.PAY)
