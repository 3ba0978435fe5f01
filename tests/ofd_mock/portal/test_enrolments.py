"""Registration in five steps (KZ-REG-02…06)."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from ofd_mock.portal.errors import InvalidError, LockedError, RefusedError, UnknownError
from ofd_mock.portal.passwords import fits
from ofd_mock.portal.signatures import SignatureRefusedError, Signer
from ofd_mock.portal.tables import Application, Entry, MailCode, Note, Organisation, User
from tests.ofd_mock.portal.stand import DETAILS, HEAD, NUMBER, PASSWORD, Stand, signed


def at_step(stand: Stand, step: int, signer: Signer = HEAD) -> str:
    desk = stand.enrolments
    key = desk.begin()
    if step > 1:
        desk.present(key, signed(desk.view(key).challenge, signer))
    if step > 2:
        desk.choose_password(key, PASSWORD, PASSWORD)
    if step > 3:
        desk.send_code(key, DETAILS["email"])
        desk.confirm_code(key, DETAILS["email"], stand.mailed_code())
        desk.describe(key, DETAILS)
    if step > 4:
        desk.agree(key, True)
    return key


def test_five_steps_open_an_account(stand: Stand) -> None:
    organisation = stand.enrol()
    with stand.office.reading() as session:
        row = session.get_one(Organisation, organisation)
        assert (row.number, row.name, row.personal_account) == (NUMBER, 'АО "ТЕСТ"', 58_968)
        user = session.scalars(select(User)).one()
        assert (user.login, user.role, user.organisation) == (NUMBER, 3, organisation)
        assert fits(user.password, PASSWORD)
        assert PASSWORD not in user.password
        application = session.scalars(select(Application)).one()
        assert application.kind == "accession"
        assert application.text.startswith("TEST")
        assert session.scalars(select(Entry.amount)).one() == 1_000_000
        assert "registered" in set(session.scalars(select(Note.act)))
    assert stand.visitor().organisation == organisation


def test_an_enrolment_can_be_taken_up_where_it_was_left(stand: Stand) -> None:
    key = at_step(stand, 4)
    stand.lab.advance(86_400 * 29)
    view = stand.enrolments.view(key)
    assert view.step == 4
    assert view.number == NUMBER
    assert view.details is not None
    assert view.details.head_position == "Директор"
    stand.lab.advance(86_400 * 2)
    with pytest.raises(UnknownError):
        stand.enrolments.view(key)


def test_an_earlier_step_can_be_done_again_and_nothing_after_it_is_lost(stand: Stand) -> None:
    key = at_step(stand, 5)
    stand.enrolments.choose_password(key, "Zyxwvu9?", "Zyxwvu9?")
    assert stand.enrolments.view(key).step == 5
    stand.enrolments.sign(key, signed(stand.enrolments.application(key)))
    assert stand.visitor(password="Zyxwvu9?").login == NUMBER


def test_another_organisation_s_key_begins_anew(stand: Stand) -> None:
    key = at_step(stand, 5)
    other = replace(HEAD, number="123456789032", name="ТОО MOCK", key="k2")
    view = stand.enrolments.present(key, signed(stand.enrolments.view(key).challenge, other))
    assert (view.step, view.number, view.details, view.email_confirmed) == (2, "123456789032", None, "")


def test_no_step_can_be_skipped(stand: Stand) -> None:
    desk = stand.enrolments
    for step, act in (
        (1, lambda key: desk.choose_password(key, PASSWORD, PASSWORD)),
        (2, lambda key: desk.send_code(key, DETAILS["email"])),
        (2, lambda key: desk.describe(key, DETAILS)),
        (3, lambda key: desk.agree(key, True)),
        (4, desk.application),
        (4, lambda key: desk.sign(key, signed("x"))),
    ):
        with pytest.raises(RefusedError) as refused:
            act(at_step(stand, step))
        assert refused.value.rule == "step"


@pytest.mark.parametrize("cms", ["", "kein Base64!", "eA==", "{}"])
def test_what_is_no_signature_is_refused(stand: Stand, cms: str) -> None:
    with pytest.raises(SignatureRefusedError):
        stand.enrolments.present(at_step(stand, 1), cms)


def test_a_challenge_is_its_own_enrolment_s(stand: Stand) -> None:
    first, second = at_step(stand, 1), at_step(stand, 1)
    with pytest.raises(SignatureRefusedError):
        stand.enrolments.present(first, signed(stand.enrolments.view(second).challenge))


def test_a_natural_person_is_refused_unless_entrepreneurs_are_let_in(stand: Stand) -> None:
    person = replace(HEAD, number="123456789011", organisation=False)
    key = at_step(stand, 1)
    cms = signed(stand.enrolments.view(key).challenge, person)
    with pytest.raises(SignatureRefusedError) as refused:
        stand.enrolments.present(key, cms)
    assert refused.value.text.ru == "Требуется сертификат юридического лица"
    stand.set(allow_individual_entrepreneur=True)
    assert stand.enrolments.present(key, cms).number == "123456789011"


def test_an_employee_without_the_right_to_sign_is_refused(stand: Stand) -> None:
    key = at_step(stand, 1)
    employee = replace(HEAD, may_sign=False)
    with pytest.raises(SignatureRefusedError) as refused:
        stand.enrolments.present(key, signed(stand.enrolments.view(key).challenge, employee))
    assert refused.value.text.ru == "Недостаточно полномочий для подписи"


def test_an_organisation_registers_once(stand: Stand) -> None:
    late = at_step(stand, 5)
    stand.enrol()
    key = at_step(stand, 1)
    for attempt in (
        lambda: stand.enrolments.present(key, signed(stand.enrolments.view(key).challenge)),
        lambda: stand.enrolments.sign(late, signed(stand.enrolments.application(late))),
    ):
        with pytest.raises(RefusedError) as refused:
            attempt()
        assert refused.value.text.ru == "Организация уже зарегистрирована"


def test_the_application_is_signed_with_the_key_of_the_first_step(stand: Stand) -> None:
    key = at_step(stand, 5)
    text = stand.enrolments.application(key)
    with pytest.raises(SignatureRefusedError) as refused:
        stand.enrolments.sign(key, signed(text, replace(HEAD, key="k2")))
    assert refused.value.rule == "key"
    with pytest.raises(SignatureRefusedError):
        stand.enrolments.sign(key, signed(text + " "))
    stand.enrolments.sign(key, signed(text))


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"legal_address": " "}, "legal_address", "required"),
        ({"actual_address": "x" * 501}, "actual_address", "length"),
        ({"phones": ""}, "phones", "required"),
        ({"phones": "звоните"}, "phones", "shape"),
        ({"phones": "+7"}, "phones", "shape"),
        ({"head_name": None}, "head_name", "required"),
        ({"head_position": 5}, "head_position", "text"),
        ({"email": "other@example.kz"}, "email", "confirmed"),
        ({"email": ""}, "email", "required"),
        ({"bic": "XXXXKZXX"}, "bic", "directory"),
        ({"bic": "DEMVKZKA"}, "bic", "certain"),
        ({"iik": "KZ86125KZT5004100100"}, "bic", "with-account"),
        ({"bic": "ALFAKZKA", "iik": "KZ00125KZT5004100100"}, "iik", "check-digits"),
        ({"bic": "ABKZKZKX", "iik": "KZ86125KZT5004100100"}, "iik", "bank"),
        ({"inn": NUMBER}, "inn", "known"),
    ],
)
def test_each_wrong_field_is_named_with_its_rule(
    stand: Stand, change: dict[str, Any], field: str, rule: str
) -> None:
    key = at_step(stand, 3)
    stand.enrolments.send_code(key, DETAILS["email"])
    stand.enrolments.confirm_code(key, DETAILS["email"], stand.mailed_code())
    with pytest.raises(InvalidError) as wrong:
        stand.enrolments.describe(key, DETAILS | change)
    assert (field, rule) in [(finding.field, finding.rule) for finding in wrong.value.findings]
    assert stand.enrolments.view(key).step == 3


def test_all_wrong_fields_are_named_at_once(stand: Stand) -> None:
    with pytest.raises(InvalidError) as wrong:
        stand.enrolments.describe(at_step(stand, 3), {})
    assert {finding.field for finding in wrong.value.findings} == set(DETAILS)


def test_a_bank_and_its_account_are_kept(stand: Stand) -> None:
    organisation = stand.enrol(bic="ALFAKZKA", iik="kz86 125k zt50 0410 0100")
    with stand.office.reading() as session:
        row = session.get_one(Organisation, organisation)
        assert (row.bic, row.iik) == ("ALFAKZKA", "KZ86125KZT5004100100")


def test_a_code_counts_for_its_address_ten_minutes_and_five_tries(stand: Stand) -> None:
    desk, email = stand.enrolments, DETAILS["email"]
    key = at_step(stand, 3)
    desk.send_code(key, email)
    code = stand.mailed_code()
    assert len(code) == 6
    wrong = "000000" if code != "000000" else "000001"
    with pytest.raises(InvalidError):
        desk.confirm_code(key, "other@example.kz", code)
    for _ in range(5):
        with pytest.raises(InvalidError):
            desk.confirm_code(key, email, wrong)
    with pytest.raises(LockedError):
        desk.confirm_code(key, email, code)
    desk.send_code(key, email)
    late = stand.mailed_code()
    stand.lab.advance(600)
    stand.lab.advance(1)
    with pytest.raises(InvalidError) as old:
        desk.confirm_code(key, email, late)
    assert old.value.findings[0].rule == "age"
    desk.send_code(key, email)
    stand.lab.advance(600)
    assert desk.confirm_code(key, email, stand.mailed_code()).email_confirmed == email


def test_only_the_newest_code_counts_and_its_hash_alone_is_kept(stand: Stand) -> None:
    desk, email = stand.enrolments, DETAILS["email"]
    key = at_step(stand, 3)
    desk.send_code(key, email)
    first = stand.mailed_code()
    desk.send_code(key, email)
    second = stand.mailed_code()
    if first != second:
        with pytest.raises(InvalidError):
            desk.confirm_code(key, email, first)
    with stand.office.reading() as session:
        assert second not in " ".join(session.scalars(select(MailCode.code)))
    assert desk.confirm_code(key, email, f" {second} ").email_confirmed == email


def test_mails_are_limited_by_the_hour(stand: Stand) -> None:
    key = at_step(stand, 3)
    for _ in range(10):
        stand.enrolments.send_code(key, DETAILS["email"])
    with pytest.raises(LockedError) as locked:
        stand.enrolments.send_code(key, DETAILS["email"])
    assert (locked.value.until - stand.office.now).total_seconds() == 3600
    stand.lab.advance(3601)
    stand.enrolments.send_code(key, DETAILS["email"])


@pytest.mark.parametrize(
    "email", ["", "a", "a@b", "a b@c.kz", "a@b..kz", "а@почта.kz", "a" * 250 + "@b.kz", "a@b.kz\n"]
)
def test_what_is_no_address_gets_no_mail(stand: Stand, email: str) -> None:
    with pytest.raises(InvalidError) as wrong:
        stand.enrolments.send_code(at_step(stand, 3), email)
    assert wrong.value.findings[0].field == "email"


def test_the_contract_has_to_be_read(stand: Stand) -> None:
    with pytest.raises(InvalidError) as wrong:
        stand.enrolments.agree(at_step(stand, 4), False)
    assert wrong.value.findings[0].field == "agreed"


def test_nobody_comes_in_by_a_guessed_secret(stand: Stand) -> None:
    at_step(stand, 3)
    for guess in ("", "x", "0" * 43):
        with pytest.raises(UnknownError):
            stand.enrolments.view(guess)
