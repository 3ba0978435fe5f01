"""Coming in (KZ-LOG-01): passwords, signatures, sessions, lockout."""

import base64
from dataclasses import replace

import pytest
from sqlalchemy import select

from ofd_mock.password_hashes import fits
from ofd_mock.portal.errors import LockedError, PortalError, RefusedError, StrangerError
from ofd_mock.portal.signatures import SignatureRefusedError
from ofd_mock.portal.tables import Note, User, Visit
from tests.ofd_mock.portal.stand import HEAD, NUMBER, PASSWORD, Stand, signed


def test_login_and_password_open_a_session_whose_secret_only_its_owner_has(stand: Stand) -> None:
    organisation = stand.enrol()
    key = stand.entrance.log_in(NUMBER, PASSWORD, "127.0.0.1")
    visitor = stand.entrance.visitor(key)
    assert (visitor.organisation, visitor.role, visitor.outlets) == (organisation, 3, None)
    with stand.office.reading() as session:
        assert key not in [visit.secret for visit in session.scalars(select(Visit))]


@pytest.mark.parametrize(
    ("login", "password"), [(NUMBER, "wrong"), ("nobody", PASSWORD), ("", ""), (NUMBER, "")]
)
def test_a_wrong_login_and_a_wrong_password_read_the_same(stand: Stand, login: str, password: str) -> None:
    stand.enrol()
    with pytest.raises(RefusedError) as refused:
        stand.entrance.log_in(login, password)
    assert refused.value.text.ru == "Неверный логин или пароль"
    with stand.office.reading() as session:
        notes = list(session.scalars(select(Note).where(Note.act == "login-refused")))
    assert len(notes) == 1
    assert PASSWORD not in notes[0].detail


def test_five_wrong_passwords_lock_the_login_for_a_while(stand: Stand) -> None:
    stand.enrol()
    for _ in range(5):
        with pytest.raises(RefusedError):
            stand.entrance.log_in(NUMBER, "wrong")
    with pytest.raises(LockedError) as locked:
        stand.entrance.log_in(NUMBER, PASSWORD)
    assert (locked.value.until - stand.office.now).total_seconds() == 15 * 60
    stand.lab.advance(15 * 60)
    assert stand.visitor().login == NUMBER


def test_a_right_password_forgives_the_wrong_ones_before_it(stand: Stand) -> None:
    stand.enrol()
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(RefusedError):
                stand.entrance.log_in(NUMBER, "wrong")
        stand.visitor()


def test_a_session_ends_when_idle_and_when_old(stand: Stand) -> None:
    stand.enrol()
    key = stand.entrance.log_in(NUMBER, PASSWORD)
    for _ in range(24):
        stand.lab.advance(29 * 60)
        stand.entrance.visitor(key)
    stand.lab.advance(29 * 60)
    with pytest.raises(StrangerError):
        stand.entrance.visitor(key)
    idle = stand.entrance.log_in(NUMBER, PASSWORD)
    stand.lab.advance(30 * 60 + 1)
    with pytest.raises(StrangerError):
        stand.entrance.visitor(idle)


def test_leaving_ends_this_session_and_no_other(stand: Stand) -> None:
    stand.enrol()
    first, second = (stand.entrance.log_in(NUMBER, PASSWORD) for _ in range(2))
    stand.entrance.log_out(first)
    stand.entrance.log_out(first)
    with pytest.raises(StrangerError):
        stand.entrance.visitor(first)
    assert stand.entrance.visitor(second).login == NUMBER


@pytest.mark.parametrize("key", [None, "", "x", "0" * 64])
def test_nobody_comes_in_without_a_session(stand: Stand, key: str | None) -> None:
    with pytest.raises(StrangerError):
        stand.entrance.visitor(key)


def test_a_signed_challenge_comes_in_once(stand: Stand) -> None:
    stand.enrol()
    challenge = stand.entrance.challenge()
    cms = signed(challenge, replace(HEAD, may_sign=False))
    assert stand.entrance.visitor(stand.entrance.log_in_signed(challenge, cms)).login == NUMBER
    with pytest.raises(SignatureRefusedError):
        stand.entrance.log_in_signed(challenge, cms)


def test_a_challenge_lasts_five_minutes_and_is_spent_by_a_bad_signature(stand: Stand) -> None:
    stand.enrol()
    late = stand.entrance.challenge()
    stand.lab.advance(301)
    with pytest.raises(SignatureRefusedError):
        stand.entrance.log_in_signed(late, signed(late))
    spent = stand.entrance.challenge()
    with pytest.raises(SignatureRefusedError):
        stand.entrance.log_in_signed(spent, base64.b64encode(b"{}").decode())
    with pytest.raises(SignatureRefusedError) as again:
        stand.entrance.log_in_signed(spent, signed(spent))
    assert again.value.rule == "challenge"


def test_a_stranger_s_good_signature_opens_nothing(stand: Stand) -> None:
    stand.enrol()
    challenge = stand.entrance.challenge()
    with pytest.raises(RefusedError) as refused:
        stand.entrance.log_in_signed(challenge, signed(challenge, replace(HEAD, number="123456789999")))
    assert refused.value.rule == "account"


def test_a_login_that_nobody_has_locks_as_others_do(stand: Stand) -> None:
    """Else five tries would tell which logins are real."""
    stand.enrol()
    said = {}
    for login in (NUMBER, "nobody", "nobody\0", "я" * 200):
        said[login] = []
        for _ in range(7):
            with pytest.raises(PortalError) as refused:
                stand.entrance.log_in(login, "Wrong1!x")
            said[login].append(refused.value.rule)
    assert len({tuple(rules) for rules in said.values()}) == 1
    assert said["nobody"] == ["credentials"] * 5 + ["tries"] * 2
    stand.lab.advance(901)
    with pytest.raises(RefusedError):
        stand.entrance.log_in("nobody", "Wrong1!x")
    assert stand.visitor().login == NUMBER


def test_a_password_changed_while_it_is_compared_does_not_count(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.enrol()

    def slow(kept: str | None, password: str) -> bool:
        with stand.office.changing() as session:
            session.scalars(select(User)).one().password = "$argon2id$another"
        return fits(kept, password)

    monkeypatch.setattr("ofd_mock.portal.entrance.fits", slow)
    with pytest.raises(RefusedError):
        stand.entrance.log_in(NUMBER, PASSWORD)
