"""The authority: shapes of its certificates, its folder, its lists and answers; openssl reads them all."""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask

from ofd_mock.pki.authority import Authority, AuthorityError, Issued
from ofd_mock.pki.fetching import fetch_over_http
from ofd_mock.pki.findings import Rule
from ofd_mock.pki.holders import Holder, HolderError, holder_of, subject_of
from ofd_mock.pki.key_files import (
    DEFAULT_PASSWORD,
    KeyFileError,
    WrongPasswordError,
    read_key_file,
)
from ofd_mock.pki.oids import Policy, Role
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.revocation import ocsp_request
from ofd_mock.pki.verification import Demands, signer_of, verify
from ofd_mock.pki.web import authority_blueprint
from reference.runtime.serving import HttpServer
from tests.ofd_mock.pki.conftest import BITS, NOW, TEXT, Bench
from tests.ofd_mock.pki.test_verification import rules


def openssl(*words: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_user_certificate_has_the_shape_of_the_public_test_certificates(bench: Bench, name: str) -> None:
    """CA-01…CA-12."""
    profile, issued = PROFILES[name], bench.issue(name)
    certificate = issued.certificate
    assert certificate.not_valid_before_utc == NOW + profile.begins
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=365)
    issuer = "БӨТЕН КО MOCK (RSA)" if profile.foreign else "ҰКО 3.0 (RSA MOCK)"
    assert [(each.oid.dotted_string, each.value) for each in certificate.issuer] == [
        ("2.5.4.6", "KZ"),
        ("2.5.4.3", issuer),
    ]
    organisation = [("2.5.4.10", 'АО "ТЕСТ"'), ("2.5.4.11", "BIN123456789021")] if profile.role else []
    assert [(each.oid.dotted_string, each.value) for each in certificate.subject] == [
        ("2.5.4.3", "ТЕСТОВ ТЕСТ"),
        ("2.5.4.4", "ТЕСТОВ"),
        ("2.5.4.5", "IIN123456789011"),
        ("2.5.4.6", "KZ"),
        *organisation,
        ("2.5.4.42", "ТЕСТОВИЧ"),
    ]
    signer = signer_of(certificate)
    assert signer.signing is profile.signing
    assert signer.roles == ({profile.role} if profile.role else set())
    assert issued.file is not None
    prefix = "RSA256" if profile.signing else "AUTH_RSA256"
    assert re.fullmatch(prefix + r"_[0-9a-f]{40}\.p12", issued.file.name)
    assert stat.S_IMODE(issued.file.stat().st_mode) == 0o600


def test_usages_and_policies(bench: Bench) -> None:
    """CA-06, CA-07, CA-09, as openssl shows them."""

    def shown(name: str) -> str:
        issued = bench.issue(name)
        der = issued.certificate.public_bytes(Encoding.DER)
        done = subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-noout", "-text"], input=der, capture_output=True
        )
        return done.stdout.decode()

    head = shown("head")
    assert "Key Usage: critical\n                Digital Signature, Non Repudiation" in head
    assert f"E-mail Protection, 1.2.398.3.3.4.1.2, {Role.HEAD}" in head
    assert f"Policy: {Policy.ORGANISATION_SIGN}\n" in head
    for path in ("crl/issuing.crl", "crl/issuing-delta.crl", "issuing.cer", "ocsp"):
        assert f"URI:http://127.0.0.1:13580/{path}" in head
    door = shown("individual-authentication")
    assert "Digital Signature, Key Encipherment" in door
    assert "TLS Web Client Authentication, 1.2.398.3.3.4.1.1\n" in door
    assert f"Policy: {Policy.PERSON_AUTHENTICATION}\n" in door


def test_openssl_opens_the_key_file(bench: Bench, head: Issued) -> None:
    assert head.file is not None
    said = openssl("pkcs12", "-in", head.file, "-passin", f"pass:{DEFAULT_PASSWORD}", "-noout", "-info")
    assert "pbeWithSHA1And3-KeyTripleDES-CBC" in said


def test_key_files_say_what_is_wrong(bench: Bench, head: Issued) -> None:
    assert head.file is not None
    data = head.file.read_bytes()
    with pytest.raises(WrongPasswordError):
        read_key_file(data, "Wrong1234")
    for broken in (b"", b"no key file", data[:200], b"\x30\x03\x02\x01\x03"):
        with pytest.raises(KeyFileError) as told:
            read_key_file(broken, DEFAULT_PASSWORD)
        assert not isinstance(told.value, WrongPasswordError)


@pytest.mark.parametrize("password", ["Aa1", "aaaa1111", "AAAA1111", "Aaaaaaaa", "Aa1" * 11, ""])
def test_a_password_that_the_real_software_refuses(bench: Bench, password: str) -> None:
    before = len(bench.authority.issued())
    with pytest.raises(KeyFileError, match="6 to 32"):
        bench.authority.issue(PROFILES["head"], NOW, password=password)
    assert len(bench.authority.issued()) == before


@pytest.mark.parametrize(
    ("holder", "field"),
    [
        (Holder(iin="12345"), "iin"),
        (Holder(organisation="ТЕСТ", bin="1"), "bin"),
        (Holder(organisation="ТЕСТ"), "bin"),
        (Holder(common_name=""), "common_name"),
        (Holder(common_name="ИВАНОВ ИВАН"), "common_name"),
        (Holder(organisation="ТЕСТ" * 20, bin="123456789021"), "organisation"),
    ],
)
def test_whom_no_certificate_is_made_for(holder: Holder, field: str) -> None:
    with pytest.raises(HolderError) as told:
        subject_of(holder)
    assert told.value.field == field


def test_a_serial_number_that_begins_with_bin_counts() -> None:
    """CA-04."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, "BIN123456789021")])
    assert holder_of(name).bin == "123456789021"
    assert holder_of(name).iin == ""


def test_a_folder_keeps_the_authority(tmp_path: Path) -> None:
    made = Authority.create(tmp_path / "pki", bits=BITS)
    issued = made.issue(PROFILES["head"], NOW)
    with pytest.raises(AuthorityError):
        Authority.create(tmp_path / "pki", bits=BITS)
    again = Authority.ensure(tmp_path / "pki")
    assert again.root.certificate == made.root.certificate
    assert [each.serial for each in again.issued()] == [issued.serial]
    again.revoke(issued.serial, NOW, "superseded")
    again.revoke(issued.serial, NOW + timedelta(days=1), "unspecified")
    found = made.issued()[0].revocation
    assert found is not None
    assert (found.time, found.reason) == (NOW, "superseded")
    with pytest.raises(AuthorityError) as told:
        made.revoke(7, NOW)
    assert told.value.field == "serial"
    with pytest.raises(AuthorityError) as told:
        made.revoke(issued.serial, NOW, "boredom")
    assert told.value.field == "reason"
    with pytest.raises(AuthorityError):
        Authority(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Authority, str]]:
    """An authority that really is where its certificates say."""
    app = Flask(__name__)
    server = HttpServer(app, "127.0.0.1", 0)
    authority = Authority.create(tmp_path_factory.mktemp("served"), server.url, bits=BITS)
    app.register_blueprint(authority_blueprint(authority, lambda: NOW))
    with server:
        yield authority, server.url


def test_openssl_asks_the_responder(served: tuple[Authority, str], tmp_path: Path) -> None:
    authority, base = served
    states = {}
    serials = {name: authority.issue(PROFILES[name], NOW).serial for name in ("head", "revoked", "foreign")}
    for name, serial in serials.items():
        states[name] = openssl(
            "ocsp", "-issuer", authority.folder / "issuing.pem", "-serial", str(serial),
            "-url", f"{base}/ocsp",
            "-CAfile", authority.trust_file, "-validity_period", "999999999",
            "-attime", str(int(NOW.timestamp())),
        )  # fmt: skip
    assert all("Response verify OK" in said for said in states.values()), states
    assert ": good" in states["head"]
    assert ": revoked" in states["revoked"]
    assert ": unknown" in states["foreign"]
    assert "WARNING: no nonce" not in states["head"]


def test_openssl_reads_the_lists(served: tuple[Authority, str], tmp_path: Path) -> None:
    authority, base = served
    old = authority.issue(PROFILES["head"], NOW - timedelta(days=9))
    authority.revoke(old.serial, NOW - timedelta(days=8), "key-compromise")
    new = authority.issue(PROFILES["revoked"], NOW)
    for name, serials in (("issuing", [old, new]), ("issuing-delta", [new]), ("root", [])):
        path = tmp_path / name
        path.write_bytes(fetch_over_http(f"{base}/crl/{name}.crl", None))
        said = openssl(
            "crl", "-inform", "DER", "-in", path, "-noout", "-text", "-CAfile", authority.trust_file
        )
        assert "verify OK" in said
        assert "Last Update: Mar  1 09:30:15 2031 GMT" in said
        assert "Next Update: Mar  2 09:30:15 2031 GMT" in said
        for each in (old, new):
            assert (f"{each.serial:X}" in said) is (each in serials), said


def test_openssl_gets_a_timestamp(served: tuple[Authority, str], tmp_path: Path) -> None:
    authority, base = served
    (tmp_path / "data").write_bytes(TEXT)
    openssl("ts", "-query", "-data", tmp_path / "data", "-sha256", "-cert", "-out", tmp_path / "asked")
    (tmp_path / "reply").write_bytes(fetch_over_http(f"{base}/tsp", (tmp_path / "asked").read_bytes()))
    said = openssl(
        "ts", "-verify", "-queryfile", tmp_path / "asked", "-in", tmp_path / "reply",
        "-CAfile", authority.trust_file, "-attime", str(int(NOW.timestamp())),
    )  # fmt: skip
    assert "Verification: OK" in said
    openssl("ts", "-query", "-data", tmp_path / "data", "-sha1", "-out", tmp_path / "asked")
    (tmp_path / "reply").write_bytes(fetch_over_http(f"{base}/tsp", (tmp_path / "asked").read_bytes()))
    assert "unrecognized or unsupported" in openssl("ts", "-reply", "-in", tmp_path / "reply", "-text")
    (tmp_path / "reply").write_bytes(fetch_over_http(f"{base}/tsp", b"nothing"))
    assert "the data submitted has the wrong format" in openssl(
        "ts", "-reply", "-in", tmp_path / "reply", "-text"
    )


def test_revocation_over_http(served: tuple[Authority, str]) -> None:
    authority, _ = served
    bench = Bench(authority)
    for name, ok in (("head", True), ("revoked", False)):
        signature = bench.sign(bench.issue(name))
        result = verify(signature, Demands(TEXT), authority.trust, NOW, fetch_over_http)
        assert (result.ok, result.revocation) == (ok, "ocsp")


def test_an_answer_of_the_responder_serves_for_its_second_and_book(bench: Bench) -> None:
    """The same question in the same second has the same bytes; a revocation in it is told at once."""
    authority, issued = bench.authority, bench.issue("head")
    request = ocsp_request(issued.certificate, authority.issuing.certificate)
    first = authority.ocsp(request, NOW)
    assert authority.ocsp(request, NOW + timedelta(milliseconds=900)) == first
    assert authority.ocsp(request, NOW + timedelta(seconds=1)) != first
    assert bench.verify(bench.sign(issued)).ok
    authority.revoke(issued.serial, NOW)
    assert authority.ocsp(request, NOW) != first
    assert rules(bench.verify(bench.sign(issued))) == [Rule.REVOKED]


def test_what_is_no_ocsp_request(served: tuple[Authority, str]) -> None:
    _, base = served
    malformed = bytes.fromhex("30030a0101")
    assert fetch_over_http(f"{base}/ocsp", b"nothing") == malformed
    assert fetch_over_http(f"{base}/ocsp", b"") == malformed
    assert fetch_over_http(f"{base}/ocsp/AAAA", None) == malformed


@pytest.mark.parametrize(
    "address", ["http://8.8.8.8/ocsp", "http://ocsp.pki.gov.kz/", "http:///x", "http://127.0.0.1:1/ocsp"]
)
def test_public_addresses_are_never_dialled(address: str) -> None:
    """ID-02."""
    with pytest.raises(OSError, match=r"dialled|refused"):
        fetch_over_http(address, b"")
