"""The portal's desk on the test authority (KZ-REG-02): who comes through, and why others do not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from ofd_mock.pki.authority import Authority
from ofd_mock.pki.key_files import DEFAULT_PASSWORD, read_key_file
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.signing import What, sign
from ofd_mock.portal.pki_desk import PkiDesk
from ofd_mock.portal.signatures import SignatureRefusedError

NOW = datetime(2026, 9, 10, 6, 0, tzinfo=UTC)
TEXT = "TEST заявление".encode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"), bits=2048)


@pytest.fixture
def desk(authority: Authority) -> PkiDesk:
    return PkiDesk(authority.trust, lambda: NOW, authority.fetch)


def signed(authority: Authority, profile: str, *, attached: bool = True) -> str:
    issued = authority.issue(PROFILES[profile], NOW)
    assert issued.file is not None
    pair = read_key_file(issued.file.read_bytes(), DEFAULT_PASSWORD).pair
    return base64.b64encode(sign(What(TEXT, attached=attached), pair, NOW)).decode()


@pytest.mark.parametrize("profile", ["head", "signer", "finance"])
@pytest.mark.parametrize("attached", [True, False])
def test_who_may_sign_comes_through(
    authority: Authority, desk: PkiDesk, profile: str, attached: bool
) -> None:
    signer = desk.signer_of(signed(authority, profile, attached=attached), TEXT)
    assert (signer.number, signer.name) == ("123456789021", 'АО "ТЕСТ"')
    assert (signer.organisation, signer.may_sign) == (True, True)
    assert signer.person == "ТЕСТОВ ТЕСТ"


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("expired", "Срок действия сертификата истек"),
        ("future", "Срок действия сертификата истек"),
        ("revoked", "Сертификат отозван"),
        ("foreign", "Сертификат выдан неизвестным удостоверяющим центром"),
        ("authentication", "Сертификат не предназначен для подписи"),
        ("employee", "Недостаточно полномочий для подписи"),
        ("staff", "Недостаточно полномочий для подписи"),
    ],
)
def test_everybody_else_is_told_why_not(authority: Authority, desk: PkiDesk, profile: str, text: str) -> None:
    with pytest.raises(SignatureRefusedError) as refused:
        desk.signer_of(signed(authority, profile), TEXT)
    assert refused.value.text.ru == text


def test_other_content_is_refused(authority: Authority, desk: PkiDesk) -> None:
    for attached in (True, False):
        with pytest.raises(SignatureRefusedError) as refused:
            desk.signer_of(signed(authority, "head", attached=attached), TEXT + b" ")
        assert refused.value.text.ru == "Подпись недействительна"


def test_a_natural_person_is_told_apart(authority: Authority, desk: PkiDesk) -> None:
    signer = desk.signer_of(signed(authority, "individual"), TEXT)
    assert (signer.organisation, signer.number) == (False, "123456789011")


def test_for_a_login_an_authentication_certificate_and_any_role_do(
    authority: Authority, desk: PkiDesk
) -> None:
    assert desk.signer_of(signed(authority, "authentication"), TEXT, for_login=True).may_sign
    assert not desk.signer_of(signed(authority, "employee"), TEXT, for_login=True).may_sign


def test_a_certificate_runs_out_by_the_lab_s_clock(authority: Authority) -> None:
    cms = signed(authority, "head")
    for days, good in ((364, True), (366, False)):
        later = NOW + timedelta(days=days)
        desk = PkiDesk(authority.trust, lambda later=later: later, authority.fetch)
        if good:
            assert desk.signer_of(cms, TEXT)
            continue
        with pytest.raises(SignatureRefusedError):
            desk.signer_of(cms, TEXT)


@pytest.mark.parametrize("cms", ["", "x", "eA==", "ы"])
def test_what_is_no_signature_is_said_so(desk: PkiDesk, cms: str) -> None:
    with pytest.raises(SignatureRefusedError):
        desk.signer_of(cms, TEXT)
