"""What a forger would try: each attempt breaks one rule, and that rule alone finds it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import cms, x509
from cryptography.hazmat.primitives.serialization import Encoding

from ofd_mock.pki import authority as authority_module
from ofd_mock.pki import certificates, signing
from ofd_mock.pki.authority import Issued
from ofd_mock.pki.certificates import KeyPair, make_service, make_user, new_key
from ofd_mock.pki.findings import Rule
from ofd_mock.pki.holders import ORGANISATION
from ofd_mock.pki.oids import Policy
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.revocation import Book, answer_ocsp, make_list, ocsp_request
from ofd_mock.pki.signing import What, make_token, sign
from ofd_mock.pki.status import StatusError, chain_of, read_list, read_ocsp
from ofd_mock.pki.verification import Demands, verify
from tests.ofd_mock.pki.conftest import NOW, TEXT, Bench
from tests.ofd_mock.pki.test_verification import rules


def changed(signature: bytes, change: Callable[[Any], None]) -> bytes:
    """A SignedData with something changed in it and encoded anew."""
    info = cms.ContentInfo.load(signature)
    change(info["content"])
    return bytes(info.dump(force=True))


def test_a_user_is_no_authority(bench: Bench, head: Issued) -> None:
    key = new_key()
    forged = make_user(
        bench.key(head).pair, key.public_key(), ORGANISATION, PROFILES["head"], NOW, "http://127.0.0.1:1"
    )
    assert chain_of(head.certificate, bench.authority.trust)
    assert chain_of(forged, bench.authority.trust, (head.certificate,)) == ()


def test_a_user_is_no_responder(bench: Bench, head: Issued) -> None:
    """RFC 6960 §4.2.2.2: only whom the issuer appointed may answer for it."""
    issuer = bench.authority.issuing.certificate
    request = ocsp_request(head.certificate, issuer)
    clean = Book({head.serial}, {})
    forged = answer_ocsp(request, issuer, bench.key(head).pair, clean, NOW)
    with pytest.raises(StatusError, match="nobody that the issuer appointed"):
        read_ocsp(forged, head.certificate, issuer, NOW)


def test_a_list_under_the_issuers_name_is_not_the_issuers(bench: Bench, head: Issued) -> None:
    issuing = bench.authority.issuing
    forged = make_list(KeyPair(issuing.certificate, bench.key(head).pair.key), Book((), {}), NOW)
    with pytest.raises(StatusError, match="not signed by the issuer"):
        read_list(forged, head.certificate, issuing.certificate, NOW)
    delta = bench.authority.crl(NOW, delta=True)
    with pytest.raises(StatusError, match="delta"):
        read_list(delta, head.certificate, issuing.certificate, NOW)


def test_the_answer_for_another_certificate_proves_nothing(bench: Bench, head: Issued) -> None:
    other, issuer = bench.issue("revoked"), bench.authority.issuing.certificate
    good = bench.authority.ocsp(ocsp_request(head.certificate, issuer), NOW)
    with pytest.raises(StatusError, match="another certificate"):
        read_ocsp(good, other.certificate, issuer, NOW)


def test_answers_of_the_future_prove_nothing(bench: Bench, head: Issued) -> None:
    authority = bench.authority
    tomorrow = authority.fetch(NOW + timedelta(days=1))
    result = verify(bench.sign(head), Demands(TEXT), authority.trust, NOW, tomorrow)
    assert rules(result) == [Rule.REVOCATION_UNKNOWN]


def test_a_certificate_cannot_be_changed_for_a_better_one(bench: Bench, head: Issued) -> None:
    """SG-02: signingCertificateV2 binds the certificate, also among several of one key."""
    pair = bench.key(head).pair
    public = pair.key.public_key()
    lesser = make_user(
        bench.authority.issuing, public, ORGANISATION, PROFILES["employee"], NOW, bench.authority.base
    )
    signature = sign(What(TEXT), replace(pair, certificate=lesser), NOW)
    assert rules(bench.verify(signature)) == [Rule.ROLE]
    better = x509.Certificate.load(head.certificate.public_bytes(Encoding.DER))

    def promote(data: Any) -> None:
        data["certificates"] = [cms.CertificateChoices("certificate", better)]

    assert rules(bench.verify(changed(signature, promote))) == [Rule.ATTRIBUTES]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda given: given[:-1], [Rule.ATTRIBUTES, Rule.DIGEST]),
        (lambda given: given[1:], [Rule.ATTRIBUTES]),
        (lambda given: [*given, given[-1]], [Rule.ATTRIBUTES]),
    ],
)
def test_attributes_that_must_be_signed_once(
    bench: Bench, head: Issued, change: Any, found: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = signing._signed_attributes
    monkeypatch.setattr(signing, "_signed_attributes", lambda *given: change(original(*given)))
    assert rules(bench.verify(bench.sign(head))) == found


def test_attributes_in_another_order_are_the_same_set(bench: Bench, head: Issued) -> None:
    """RFC 5652 §5.4: what is signed is their DER, which sorts them however they travelled."""
    signature = bench.sign(head)
    given = cms.ContentInfo.load(signature)["content"]["signer_infos"][0]["signed_attrs"]
    members = [each.dump() for each in given]
    body = b"".join(members)
    turned = signature.replace(body, b"".join(reversed(members)))
    assert turned != signature
    assert rules(bench.verify(turned)) == []


def test_content_of_another_type(bench: Bench, head: Issued) -> None:
    token = cms.ContentInfo.load(bench.authority.timestamp(bytes(32), NOW))
    info = bytes(token["content"]["encap_content_info"]["content"])
    made = sign(What(info, kind="tst_info"), bench.key(head).pair, NOW)
    assert rules(bench.verify(made, Demands(info))) == [Rule.CONTENT]


def test_two_signers_and_none(bench: Bench, head: Issued) -> None:
    """SG-05: exactly one."""
    signature = bench.sign(head)
    infos = cms.ContentInfo.load(signature)["content"]["signer_infos"]
    for count in (0, 2):

        def put(data: Any, count: int = count) -> None:
            data["signer_infos"] = cms.SignerInfos([infos[0].copy() for _ in range(count)])

        result = bench.verify(changed(signature, put))
        assert rules(result) == [Rule.SIGNERS]
        assert result.findings[0].detail == f"{count} signers"


def test_without_its_certificate(bench: Bench, head: Issued) -> None:
    def strip(data: Any) -> None:
        data["certificates"] = cms.CertificateSet([])

    assert rules(bench.verify(changed(bench.sign(head), strip))) == [Rule.CERTIFICATE]


def test_a_policy_that_does_not_fit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    original = certificates._policies
    monkeypatch.setattr(certificates, "_policies", lambda _policy, base: original(Policy.PERSON_SIGN, base))
    assert rules(bench.verify(bench.sign(bench.issue("head")))) == [Rule.POLICY]


def test_without_the_extended_usage_it_does_not_sign(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """CA-06, CA-07: both usages count."""
    original = certificates._uses
    monkeypatch.setattr(certificates, "_uses", lambda profile: original(profile)[1:])
    assert rules(bench.verify(bench.sign(bench.issue("head"))))[0] is Rule.USAGE


def test_timestamps_of_strangers_of_the_future_and_changed_ones(bench: Bench, head: Issued) -> None:
    authority = bench.authority
    foreign = authority_module._load(authority.folder, "foreign")
    stranger = make_service(foreign, new_key(), "tsa")

    def digest(value: bytes) -> bytes:
        return hashlib.sha256(value).digest()

    def broken(value: bytes) -> bytes:
        token = authority.timestamp(digest(value), NOW)
        return token[:-1] + bytes([token[-1] ^ 1])

    def moved(value: bytes) -> bytes:
        token = authority.timestamp(digest(value), NOW)
        assert token.count(b"20310301093015Z") == 1
        return token.replace(b"20310301093015Z", b"20290301093015Z")

    for stamp in (
        lambda value: make_token(digest(value), stranger, NOW, "1.2.3"),
        lambda value: authority.timestamp(digest(value), NOW + timedelta(minutes=6)),
        broken,
        moved,
        lambda _: sign(What(TEXT), bench.key(head).pair, NOW),
    ):
        assert rules(bench.verify(bench.sign(head, stamp=stamp))) == [Rule.TIMESTAMP]
    almost = authority.timestamp
    fine = bench.sign(head, stamp=lambda value: almost(digest(value), NOW + timedelta(minutes=4)))
    assert bench.verify(fine).ok
