"""Registration by phone and code, login, sessions, reset passwords (BX-REG, BX-LOG)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from reference.backoffice.tables import Enrolment, Owner, Sms, Visit
from reference.runtime.refusals import InvalidError, LockedError, RefusedError, StrangerError, UnknownError
from tests.backoffice.conftest import NAMES, PASSWORD, PHONE, Back


def test_three_steps_lead_inside(back: Back) -> None:
    """BX-REG-01…03"""
    key = back.entrance.begin(" +998 90 123 45 67 ")
    assert back.entrance.enrolling(key) == (PHONE, 2)
    assert len(back.code()) == 6
    back.entrance.confirm(key, back.code())
    session = back.entrance.finish(key, NAMES | {"password": PASSWORD, "password_repeated": PASSWORD})
    visitor = back.entrance.visitor(session)
    assert (visitor.phone, visitor.name, visitor.business) == (PHONE, "Aziza Sinova", "Sinov choyxona")
    assert back.subscriptions.view(visitor).days_left == 14
    with pytest.raises(RefusedError) as caught:
        back.entrance.begin(PHONE)
    assert caught.value.rule == "phone"
    with pytest.raises(UnknownError):
        back.entrance.enrolling(key)


@pytest.mark.parametrize("phone", ["", "998901234567", "+99890123456", "+9989012345678", "+99890123456x"])
def test_phones_have_one_form(back: Back, phone: str) -> None:
    with pytest.raises(InvalidError) as caught:
        back.entrance.begin(phone)
    assert caught.value.findings[0].field == "phone"


def test_codes_are_wrong_old_and_used_up(back: Back) -> None:
    """BX-REG-02"""
    key = back.entrance.begin(PHONE)
    right = back.code()
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        with pytest.raises(InvalidError):
            back.entrance.confirm(key, wrong)
    with pytest.raises(LockedError):
        back.entrance.confirm(key, right)
    back.advance(60)
    back.entrance.resend(key)
    with pytest.raises(InvalidError):
        back.entrance.confirm(key, right if right != back.code() else wrong)
    newest = back.code()
    back.advance(301)
    with pytest.raises(InvalidError) as caught:
        back.entrance.confirm(key, newest)
    assert caught.value.findings[0].rule == "age"


def test_a_code_counts_until_its_last_second(back: Back) -> None:
    key = back.entrance.begin(PHONE)
    back.advance(300)
    back.entrance.confirm(key, back.code())
    assert back.entrance.enrolling(key) == (PHONE, 3)


def test_codes_are_not_sent_without_end(back: Back) -> None:
    key = back.entrance.begin(PHONE)
    with pytest.raises(LockedError) as caught:
        back.entrance.resend(key)
    assert caught.value.until == back.office.now + timedelta(seconds=60)
    for _ in range(4):
        back.advance(60)
        back.entrance.resend(key)
    back.advance(60)
    with pytest.raises(LockedError):
        back.entrance.resend(key)
    with pytest.raises(LockedError):
        back.entrance.begin(PHONE)
    back.advance(3600)
    back.entrance.begin(PHONE)


def test_steps_come_in_order(back: Back) -> None:
    key = back.entrance.begin(PHONE)
    with pytest.raises(RefusedError) as caught:
        back.entrance.finish(key, NAMES | {"password": PASSWORD, "password_repeated": PASSWORD})
    assert caught.value.rule == "step"


def test_wrong_fields_of_the_last_step_come_at_once(back: Back) -> None:
    """BX-REG-03"""
    key = back.entrance.begin(PHONE)
    back.entrance.confirm(key, back.code())
    with pytest.raises(InvalidError) as caught:
        back.entrance.finish(key, {"first_name": " ", "password": "short", "password_repeated": "other"})
    assert {each.field for each in caught.value.findings} == {
        "first_name",
        "last_name",
        "business",
        "password",
        "password_repeated",
    }


def test_nothing_secret_stands_in_the_tables(back: Back) -> None:
    key = back.entrance.begin(PHONE)
    with back.office.reading() as session:
        row = session.scalars(select(Enrolment)).one()
        assert key not in (row.secret, row.code)
        assert row.code != back.code()
    session_key = back.enrol("+998907654321")
    with back.office.reading() as session:
        assert session.scalars(select(Visit.secret)).one() != session_key
        assert session.scalars(select(Owner.password)).one().startswith("$argon2id$")


def test_login_on_many_devices(back: Back) -> None:
    """BX-LOG-01"""
    first = back.enrol()
    second = back.entrance.log_in(PHONE, PASSWORD)
    assert back.entrance.visitor(first) == back.entrance.visitor(second)
    back.entrance.log_out(first)
    with pytest.raises(StrangerError):
        back.entrance.visitor(first)
    assert back.entrance.visitor(second)
    back.advance(7 * 86_400 + 1)
    with pytest.raises(StrangerError):
        back.entrance.visitor(second)


def test_wrong_passwords_lock_for_a_while(back: Back) -> None:
    back.enrol()
    for _ in range(5):
        with pytest.raises(RefusedError) as caught:
            back.entrance.log_in(PHONE, "wrong-one")
        assert caught.value.rule == "credentials"
    with pytest.raises(LockedError):
        back.entrance.log_in(PHONE, PASSWORD)
    back.advance(900)
    assert back.entrance.log_in(PHONE, PASSWORD)
    with pytest.raises(RefusedError) as caught:
        back.entrance.log_in("+998900000000", PASSWORD)
    assert caught.value.rule == "credentials"


def test_a_reset_password_has_to_be_changed(back: Back) -> None:
    """BX-LOG-01"""
    old = back.enrol()
    given = back.entrance.reset(PHONE)
    with pytest.raises(StrangerError):
        back.entrance.visitor(old)
    with pytest.raises(RefusedError):
        back.entrance.log_in(PHONE, PASSWORD)
    key = back.entrance.log_in(PHONE, given)
    other = back.entrance.log_in(PHONE, given)
    assert back.entrance.visitor(key).renew
    with pytest.raises(RefusedError) as caught:
        back.entrance.settled(key)
    assert caught.value.rule == "renew"
    with pytest.raises(InvalidError):
        back.entrance.change_password(key, "short", "short")
    back.entrance.change_password(key, "new-parol-1", "new-parol-1")
    assert not back.entrance.settled(key).renew
    with pytest.raises(StrangerError):
        back.entrance.visitor(other)
    assert back.entrance.log_in(PHONE, "new-parol-1")
    with pytest.raises(UnknownError):
        back.entrance.reset("+998900000000")


def test_messages_stay_on_the_stand(back: Back) -> None:
    back.entrance.begin(PHONE)
    with back.office.reading() as session:
        assert session.scalars(select(Sms.text)).one().startswith("TEST ")
