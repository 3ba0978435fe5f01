"""The judge's signatures, read by a library that knows all of ASN.1."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from conformance.drivers.portal_keys import PASSWORD, Break, Key, read_bag, signed
from conformance.verdicts import Inconclusive
from ofd_mock.pki.certificates import KeyPair
from ofd_mock.pki.key_files import write_key_file

NOW = datetime(2026, 7, 1, 4, 0, 0, 250_000, tzinfo=UTC)
TEXT = "Заявление " * 40


@pytest.fixture(scope="module", params=[255, 2**159 - 1], ids=["leading-zero", "long"])
def key(request: pytest.FixtureRequest) -> Key:
    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ТОО TEST ҰЛТТЫҚ")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=private.public_key(),
        serial_number=request.param,
        not_valid_before=NOW,
        not_valid_after=NOW + timedelta(days=1),
    )
    return Key(private, builder.sign(private, hashes.SHA256()))


def parsed(text: str) -> cms.SignedData:
    data = base64.b64decode(text)
    whole = cms.ContentInfo.load(data, strict=True)
    assert whole.copy().dump(force=True) == data, "written anew by the library it is the same, byte for byte"
    assert whole["content_type"].native == "signed_data"
    return whole["content"]


def the_one(data: cms.SignedData) -> cms.SignerInfo:
    assert len(data["signer_infos"]) == 1
    return data["signer_infos"][0]


def attributes(info: cms.SignerInfo) -> dict[str, object]:
    return {each["type"].native: each["values"][0].native for each in info["signed_attrs"]}


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("text", ["", TEXT], ids=["empty", "long"])
def test_a_sound_signature_says_all_that_a_signature_says(key: Key, text: str, attached: bool) -> None:
    data = parsed(signed(text, key, NOW, attached=attached))
    assert data["encap_content_info"]["content"].native == (text.encode() if attached else None)
    assert [each.dump() for each in data["certificates"]] == [key.der]
    info = the_one(data)
    place = info["sid"].chosen
    assert place["serial_number"].native == key.certificate.serial_number
    assert place["issuer"].dump() == key.certificate.issuer.public_bytes()
    said = attributes(info)
    assert said["content_type"] == "data"
    assert said["signing_time"] == NOW.replace(microsecond=0)
    assert said["message_digest"] == hashlib.sha256(text.encode()).digest()
    named = tsp.SigningCertificateV2({"certs": [{"cert_hash": hashlib.sha256(key.der).digest()}]})
    assert said["signing_certificate_v2"] == named.native
    check(key, info)


def check(key: Key, info: cms.SignerInfo) -> None:
    public = key.key.public_key()
    public.verify(
        info["signature"].native, info["signed_attrs"].untag().dump(), padding.PKCS1v15(), hashes.SHA256()
    )


def test_each_spoiled_signature_is_spoiled_in_one_place(key: Key) -> None:
    assert len(parsed(signed(TEXT, key, NOW, spoiled=Break.NO_SIGNER))["signer_infos"]) == 0
    assert len(parsed(signed(TEXT, key, NOW, spoiled=Break.TWO_SIGNERS))["signer_infos"]) == 2
    assert not parsed(signed(TEXT, key, NOW, spoiled=Break.NO_CERTIFICATE))["certificates"]
    other = the_one(parsed(signed(TEXT, key, NOW, spoiled=Break.OTHER_TEXT)))
    assert attributes(other)["message_digest"] != hashlib.sha256(TEXT.encode()).digest()
    check(key, other)
    with pytest.raises(InvalidSignature):
        check(key, the_one(parsed(signed(TEXT, key, NOW, spoiled=Break.VALUE))))


def key_file(key: Key) -> bytes:
    return write_key_file(KeyPair(certificate=key.certificate, key=key.key), (), PASSWORD)


def test_a_key_file_with_its_certificate_is_read_without_testing_the_key(
    key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Key:
        raise AssertionError("the long way")

    monkeypatch.setattr("conformance.drivers.portal_keys.read_key", refuse)
    found = read_bag(key_file(key), PASSWORD, key.der)
    assert found.key.private_numbers() == key.key.private_numbers()
    assert found.certificate == key.certificate


def test_a_key_file_of_a_portal_that_names_no_certificate_is_read_all_the_same(key: Key) -> None:
    found = read_bag(key_file(key), PASSWORD, b"")
    assert found.key.private_numbers() == key.key.private_numbers()
    assert found.certificate == key.certificate


@pytest.mark.parametrize("data", [b"", b"\x30\x03\x02\x01\x03", b"no key file"], ids=["empty", "pfx", "text"])
def test_what_is_no_key_file_decides_nothing(key: Key, data: bytes) -> None:
    with pytest.raises(Inconclusive, match="a key file"):
        read_bag(data, PASSWORD, key.der)


def test_a_wrong_password_decides_nothing(key: Key) -> None:
    with pytest.raises(Inconclusive, match="a key file"):
        read_bag(key_file(key), "Other1234", key.der)
