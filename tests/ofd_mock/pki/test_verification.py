"""Verification against every kind of certificate and every way to be wrong; openssl agrees where it can."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ofd_mock.pki.authority import Issued
from ofd_mock.pki.findings import Rule
from ofd_mock.pki.holders import ORGANISATION
from ofd_mock.pki.oids import Role
from ofd_mock.pki.revocation import ocsp_request
from ofd_mock.pki.signing import What, sign
from ofd_mock.pki.status import Standing, StatusError, read_list, read_ocsp
from ofd_mock.pki.verification import Demands, Purpose, Verification, verify
from tests.ofd_mock.pki.conftest import NOW, TEXT, Bench

LOGIN = Demands(TEXT, Purpose.LOGIN)


def rules(result: Verification) -> list[Rule]:
    found = [finding.rule for finding in result.findings]
    assert found == sorted(found, key=list(Rule).index), "findings come in the order of verification"
    return found


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("profile", ["head", "signer", "finance"])
def test_who_may_sign_signs_and_openssl_agrees(
    bench: Bench, profile: str, attached: bool, tmp_path: Path
) -> None:
    signature = bench.sign(bench.issue(profile), attached=attached)
    result = bench.verify(signature)
    assert result.ok, result.findings
    assert result.attached is attached
    assert (result.signing_time, result.timestamp, result.revocation) == (NOW, None, "ocsp")
    assert result.signer is not None
    assert result.signer.holder == ORGANISATION
    assert result.signer.roles == {Role[profile.upper()]}

    (tmp_path / "text").write_bytes(TEXT)
    detached = [] if attached else ["-content", tmp_path / "text"]
    said = bench.openssl(
        "cms", "-verify", "-inform", "DER", "-binary", *detached, given=signature
    )  # fmt: skip
    assert "Verification successful" in said or "CMS Verification successful" in said
    assert TEXT.decode() in said


def test_the_figures_of_the_portal(bench: Bench, head: Issued) -> None:
    """SG-01: SignedData, version 1, SHA-256, the certificate inside, about as long as the one seen."""
    signature = bench.sign(head, attached=False)
    assert 1800 < len(signature) < 2500
    assert bytes.fromhex("06092a864886f70d010702") in signature[:20]
    assert signature.count(bytes.fromhex("0609608648016503040201")) >= 2


@pytest.mark.parametrize(
    ("profile", "expected", "text"),
    [
        ("expired", Rule.VALIDITY, "Срок действия сертификата истек"),
        ("future", Rule.VALIDITY, "Срок действия сертификата истек"),
        ("revoked", Rule.REVOKED, "Сертификат отозван"),
        ("foreign", Rule.CHAIN, "Сертификат выдан неизвестным удостоверяющим центром"),
        ("individual", Rule.ORGANISATION, "Требуется сертификат юридического лица"),
        ("authentication", Rule.USAGE, "Сертификат не предназначен для подписи"),
        ("staff", Rule.ROLE, "Недостаточно полномочий для подписи"),
        ("employee", Rule.ROLE, "Недостаточно полномочий для подписи"),
    ],
)
def test_who_is_refused_and_why(bench: Bench, profile: str, expected: Rule, text: str) -> None:
    """RX-02…RX-06, RX-09: one reason each, and no other."""
    result = bench.verify(bench.sign(bench.issue(profile)))
    assert rules(result) == [expected]
    assert result.refusal is not None
    assert result.refusal.text.ru == text
    assert result.refusal.text.kk
    assert result.refusal.text.en
    assert result.refusal.detail


@pytest.mark.parametrize("profile", ["head", "staff", "employee", "authentication"])
def test_login_takes_every_role_and_both_kinds_of_certificate(bench: Bench, profile: str) -> None:
    """SG-06, SG-07."""
    assert bench.verify(bench.sign(bench.issue(profile)), LOGIN).ok


def test_an_entrepreneur_enters_only_where_it_is_allowed(bench: Bench) -> None:
    signature = bench.sign(bench.issue("individual"))
    assert rules(bench.verify(signature, LOGIN)) == [Rule.ORGANISATION]
    allowed = Demands(TEXT, individuals=True, taxpayer="123456789011")
    result = bench.verify(signature, allowed)
    assert result.ok
    assert result.signer is not None
    assert result.signer.holder.taxpayer == "123456789011"
    assert rules(bench.verify(signature, replace(allowed, taxpayer="123456789021"))) == [Rule.TAXPAYER]


def test_the_number_is_the_accounts(bench: Bench, head: Issued) -> None:
    signature = bench.sign(head)
    assert bench.verify(signature, Demands(TEXT, taxpayer="123456789021")).ok
    assert rules(bench.verify(signature, Demands(TEXT, taxpayer="123456789022"))) == [Rule.TAXPAYER]


@pytest.mark.parametrize("attached", [True, False])
def test_another_text_is_refused(bench: Bench, head: Issued, attached: bool) -> None:
    result = bench.verify(bench.sign(head, attached=attached), Demands(TEXT + b"!"))
    assert rules(result) == [Rule.CONTENT if attached else Rule.DIGEST]
    assert result.refusal is not None
    assert result.refusal.text.ru == "Подпись недействительна"


def test_validity_goes_by_the_lab_clock(bench: Bench, head: Issued) -> None:
    signature = bench.sign(head)
    last = NOW + timedelta(days=365)
    assert bench.verify(signature, now=last.replace(microsecond=0)).ok
    assert rules(bench.verify(signature, now=last + timedelta(seconds=1))) == [Rule.VALIDITY]
    assert rules(bench.verify(signature, now=NOW - timedelta(seconds=1))) == [Rule.VALIDITY]


def test_a_certificate_revoked_later_is_refused_from_then_on(bench: Bench) -> None:
    issued = bench.issue("head")
    signature = bench.sign(issued)
    assert bench.verify(signature).ok
    later = NOW + timedelta(hours=2)
    bench.authority.revoke(issued.serial, later, "key-compromise")
    result = bench.verify(signature, now=later)
    assert rules(result) == [Rule.REVOKED]
    assert result.findings[0].detail == f"since {later.isoformat()}, says ocsp"


def test_every_finding_is_named(bench: Bench) -> None:
    """Foreign, of another account, and over another text: all three, the chain first."""
    result = bench.verify(
        bench.sign(bench.issue("foreign"), attached=False), Demands(b"x", taxpayer="000000000000")
    )
    assert rules(result) == [Rule.CHAIN, Rule.TAXPAYER, Rule.DIGEST]


@pytest.mark.parametrize("attached", [True, False])
def test_a_timestamp_is_proved(bench: Bench, head: Issued, attached: bool, tmp_path: Path) -> None:
    made = NOW + timedelta(seconds=2)

    def stamp(value: bytes) -> bytes:
        import hashlib

        (tmp_path / "value").write_bytes(value)
        token = bench.authority.timestamp(hashlib.sha256(value).digest(), made)
        (tmp_path / "token").write_bytes(token)
        return token

    result = bench.verify(bench.sign(head, attached=attached, stamp=stamp))
    assert result.ok, result.findings
    assert result.timestamp == made
    said = bench.openssl(
        "ts", "-verify", "-data", tmp_path / "value", "-in", tmp_path / "token", "-token_in"
    )  # fmt: skip
    assert "Verification: OK" in said


def test_a_timestamp_of_another_signature_is_refused(bench: Bench, head: Issued) -> None:
    other = bench.authority.timestamp(bytes(32), NOW)
    assert rules(bench.verify(bench.sign(head, stamp=lambda _: other))) == [Rule.TIMESTAMP]


def test_nobody_else_stamps(bench: Bench, head: Issued) -> None:
    """A user's key makes no timestamps, though its chain is good."""
    from ofd_mock.pki.signing import make_token

    def stamp(value: bytes) -> bytes:
        import hashlib

        return make_token(hashlib.sha256(value).digest(), bench.key(head).pair, NOW, "1.2.3")

    assert rules(bench.verify(bench.sign(head, stamp=stamp))) == [Rule.TIMESTAMP]


def test_revocation_falls_back_to_the_list_and_fails_closed(bench: Bench) -> None:
    """CA-13: OCSP, then the list; where neither answers nobody is let in."""
    good, bad = bench.issue("head"), bench.issue("revoked")
    authority = bench.authority
    answers = authority.fetch(NOW)

    def list_only(address: str, body: bytes | None) -> bytes:
        if body is not None:
            raise OSError("connection refused")
        return answers(address, body)

    def nothing(address: str, body: bytes | None) -> bytes:
        raise OSError("connection refused")

    def judged(issued: Issued, fetch: object) -> Verification:
        return verify(bench.sign(issued), Demands(TEXT), authority.trust, NOW, fetch)  # type: ignore[arg-type]

    assert judged(good, list_only).ok
    assert judged(good, list_only).revocation == "crl"
    assert rules(judged(bad, list_only)) == [Rule.REVOKED]
    assert rules(judged(good, nothing)) == [Rule.REVOCATION_UNKNOWN]
    assert rules(judged(good, lambda *_: b"no answer")) == [Rule.REVOCATION_UNKNOWN]
    stale = authority.fetch(NOW - timedelta(days=3))
    assert rules(judged(good, stale)) == [Rule.REVOCATION_UNKNOWN]


def test_base64_and_pem_are_taken(bench: Bench, head: Issued) -> None:
    signature = bench.sign(head)
    text = base64.encodebytes(signature).decode()
    assert bench.verify(text).ok
    assert bench.verify(f"-----BEGIN CMS-----\r\n{text}-----END CMS-----\r\n").ok
    assert rules(bench.verify("Не подпись")) == [Rule.SYNTAX]
    assert rules(bench.verify("")) == [Rule.SYNTAX]
    assert rules(bench.verify(b"")) == [Rule.SYNTAX]


def test_a_kazakh_gost_signature_is_named(bench: Bench, head: Issued) -> None:
    """kz-ofd §16.1: refused as an algorithm that is not supported, not as a broken signature."""
    sha256_rsa = bytes.fromhex("06092a864886f70d01010b")
    gost = bytes.fromhex("06092a830e030a01010203")  # 1.2.398.3.10.1.1.2.3
    signature = bench.sign(head)
    assert sha256_rsa in signature
    result = bench.verify(signature.replace(sha256_rsa, gost))
    assert rules(result) == [Rule.ALGORITHM]
    assert "GOST" in result.findings[0].detail
    assert result.findings[0].text.ru == "Алгоритм подписи не поддерживается"


def test_another_signers_certificate_does_not_pass(bench: Bench, head: Issued) -> None:
    """signingCertificateV2 binds the certificate; the key would not fit either."""
    other = bench.key(bench.issue("head")).pair
    mixed = sign(What(TEXT), replace(other, certificate=bench.key(head).pair.certificate), NOW)
    assert rules(bench.verify(mixed)) == [Rule.SIGNATURE]


@pytest.mark.parametrize("options", [[], ["-nodetach"], ["-cades"], ["-nodetach", "-noattr"], ["-keyid"]])
def test_what_openssl_signed(bench: Bench, head: Issued, options: list[str], tmp_path: Path) -> None:
    """Other programs leave attributes out, or name the signer by his key: right is right."""
    pair = bench.key(head).pair
    pem = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "cert.pem").write_bytes(pair.certificate.public_bytes(Encoding.PEM))
    done = subprocess.run(
        [
            *("openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256", *options),
            *("-signer", tmp_path / "cert.pem", "-inkey", tmp_path / "key.pem"),
        ],
        input=TEXT,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    result = bench.verify(done.stdout)
    assert result.ok, result.findings
    assert result.attached is ("-nodetach" in options)
    assert rules(bench.verify(done.stdout, Demands(b"x")))[-1] in (Rule.DIGEST, Rule.SIGNATURE, Rule.CONTENT)


@settings(max_examples=100)
@given(data=st.data())
def test_no_answer_about_revocation_can_be_changed(bench: Bench, data: st.DataObject) -> None:
    """A changed answer proves nothing: revoked never turns into good, and nothing else is raised."""
    revoked = next((each for each in bench.authority.issued() if each.profile == "revoked"), None)
    certificate = (revoked or bench.issue("revoked")).certificate
    issuer = bench.authority.issuing.certificate
    for read, answer in (
        (read_ocsp, bench.authority.ocsp(ocsp_request(certificate, issuer), NOW)),
        (read_list, bench.authority.crl(NOW)),
    ):
        assert read(answer, certificate, issuer, NOW).standing is Standing.REVOKED
        changed = bytearray(answer)
        changed[data.draw(st.integers(0, len(answer) - 1))] ^= data.draw(st.integers(1, 255))
        try:
            found = read(bytes(changed), certificate, issuer, NOW)
        except StatusError:
            continue
        assert found.standing is Standing.REVOKED


@settings(max_examples=150)
@given(data=st.data())
def test_no_byte_can_be_changed_and_nothing_raises(bench: Bench, head: Issued, data: st.DataObject) -> None:
    signature = bytearray(bench.sign(head))
    place = data.draw(st.integers(0, len(signature) - 1))
    flipped = data.draw(st.integers(1, 255))
    signature[place] ^= flipped
    result = bench.verify(bytes(signature))
    # What is not signed is the outer frame: versions, lengths said in two ways, the list of digests.
    if result.ok:
        assert place < 60 or place > len(signature) - 600


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_are_answered(bench: Bench, data: bytes) -> None:
    assert not bench.verify(data).ok
    assert not bench.verify(b"\x30" + data).ok
