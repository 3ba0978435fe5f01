"""Dialect commonUtils, frame by frame (kz-ofd §16.4), and the connection itself (§16.3)."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ofd_mock.pki.authority import Issued
from ofd_mock.pki.findings import Rule
from ofd_mock.pki.structure import read_structure
from tests.ofd_mock.signing.conftest import LAB_START, Bench
from tests.waiting import eventually

TEXT = "Заявка №1 (TEST)".encode()
DATA = base64.b64encode(TEXT).decode()
MISMATCH = "java.lang.IllegalArgumentException: argument type mismatch. Method: createCAdESFromBase64"


def call(method: str, *arguments: Any, **more: Any) -> dict[str, Any]:
    return {"module": "kz.gov.pki.knca.commonUtils", "method": method, "args": list(arguments), **more}


def test_the_greeting_the_heartbeat_and_what_is_no_request(bench: Bench) -> None:
    """NL-02, NL-03, NL-05, NL-06, NL-07; nothing of it is fatal."""
    unknown = {"success": False, "errorCode": "MODULE_NOT_FOUND"}
    with bench.line() as line:
        assert line.ask("--heartbeat--") == "--heartbeat--"
        assert line.ask({"module": "nca", "version": "2.3"}) == unknown
        assert line.ask({"type": "ping"}) == unknown
        assert line.ask({"module": "kz.digiflow.mobile.extensions", "method": "getVersion"}) == unknown
        for broken in ("no json", "[1]", "", '{"a":', "[" * 100_000):
            answer = line.ask(broken)
            assert answer["code"] == "500"
            assert answer["message"]
        line.connection.send(b"\xff\xfe")
        assert line.hear()["code"] == "500"
        assert line.ask("--heartbeat--") == "--heartbeat--"


def test_small_methods(bench: Bench) -> None:
    with bench.line() as line:
        assert line.ask(call("getActiveTokens")) == {"responseObject": [], "code": "200"}
        assert line.ask(call("changeLocale", "kz")) == {"code": "200"}
        assert line.ask(call("getActiveTokens", uuid="7")) == {
            "responseObject": [],
            "code": "200",
            "uuid": "7",
        }
        for method in ("applyCAdEST", "createCMSSignatureFromFile", "showFileChooser", "fly"):
            assert line.ask(call(method))["code"] == "500"


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize(
    ("method", "stamped"), [("createCMSSignatureFromBase64", True), ("createCAdESFromBase64", False)]
)
def test_a_signature_that_openssl_believes(
    bench: Bench, head: Issued, method: str, stamped: bool, attached: bool, tmp_path: Path
) -> None:
    """NC-03, NC-04, SG-03."""
    bench.choose(head)
    with bench.line() as line:
        answer = line.ask(call(method, "PKCS12", "SIGNATURE", DATA, attached))
    assert answer["code"] == "200", answer
    assert set(answer) == {"responseObject", "code"}
    result = bench.verify(answer["responseObject"], TEXT, taxpayer="123456789021")
    assert result.ok, result.findings
    assert (result.attached, result.signing_time) == (attached, LAB_START)
    assert result.timestamp == (LAB_START if stamped else None)
    assert believed(bench, base64.b64decode(answer["responseObject"]), TEXT, tmp_path)


def believed(bench: Bench, der: bytes, content: bytes, folder: Path) -> bool:
    """Whether openssl, at the lab's time, finds the signature right and the content in it or beside it."""
    (folder / "content").write_bytes(content)
    detached = read_structure(der).content is None
    done = subprocess.run(
        [
            *("openssl", "cms", "-verify", "-inform", "DER", "-binary"),
            *("-CAfile", bench.authority.trust_file, "-attime", str(int(LAB_START.timestamp()))),
            *(("-content", folder / "content") if detached else ()),
        ],
        input=der,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout == content


def test_a_digest_is_signed_detached(bench: Bench, head: Issued, tmp_path: Path) -> None:
    """NC-05."""
    bench.choose(head)
    digest = base64.b64encode(hashlib.sha256(TEXT).digest()).decode()
    with bench.line() as line:
        answer = line.ask(call("createCAdESFromBase64Hash", "PKCS12", "SIGNATURE", digest))
        assert bench.verify(answer["responseObject"], TEXT).ok
        bench.choose(head)
        short = line.ask(call("createCAdESFromBase64Hash", "PKCS12", "SIGNATURE", "AAAA"))
    assert believed(bench, base64.b64decode(answer["responseObject"]), TEXT, tmp_path)
    assert short["code"] == "500"
    assert "32 bytes" in short["message"]


def test_the_facts_of_a_key(bench: Bench, head: Issued) -> None:
    """NC-02, times in Almaty."""
    bench.choose(head)
    with bench.line() as line:
        facts = line.ask(call("getKeyInfo", "PKCS12"))["responseObject"]
    assert facts["certNotBefore"] == "01.03.2031 14:30:15"
    assert facts["certNotAfter"] == "29.02.2032 14:30:15"
    assert facts["serialNumber"] == f"{head.serial:x}"
    assert facts["subjectCn"] == "ТЕСТОВ ТЕСТ"
    assert facts["subjectDn"].startswith("CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,SERIALNUMBER=IIN123456789011,C=KZ")
    assert facts["issuerCn"] == "ҰКО 3.0 (RSA MOCK)"
    assert facts["algorithm"] == "RSA"
    assert re.fullmatch("[0-9a-f]{40}", facts["keyId"])
    assert re.fullmatch("[0-9a-f]{40}", facts["authorityKeyIdentifier"])
    assert facts["pem"].startswith("-----BEGIN CERTIFICATE-----\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("PKCS12", "SIGNATURE", DATA, "true"), MISMATCH),
        (("PKCS12", "SIGNATURE", 5, True), MISMATCH),
        (("PKCS12", None, DATA, True), MISMATCH),
        (("PKCS12", "SIGNATURE", DATA), "wrong number of arguments"),
        (("PKCS12", "SIGNATURE", "не Base64", True), "java.lang.IllegalArgumentException"),
        (("JKS", "SIGNATURE", DATA, True), "Хранилище не найдено"),
    ],
)
def test_what_is_refused_without_a_dialog(bench: Bench, arguments: tuple[Any, ...], message: str) -> None:
    with bench.line() as line:
        answer = line.ask(call("createCAdESFromBase64", *arguments))
    assert answer["code"] == "500"
    assert message in answer["message"]
    assert bench.dialog() is None


def test_cancelled_and_a_wrong_password(bench: Bench, head: Issued) -> None:
    request = call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True)
    with bench.line() as line:
        bench.order("answer", action="cancel")
        assert line.ask(request) == {"code": "500", "message": "action.canceled"}
        bench.order("answer", action="wrong-password")
        assert line.ask(request) == {"code": "500", "message": "Неверный пароль хранилища"}
        assert head.file is not None
        bench.order("answer", action="key", path=str(head.file), password="Wrong1234")
        line.ask(call("changeLocale", "kz"))
        assert line.ask(request) == {"code": "500", "message": "Қойма құпиясөзі қате"}


def test_the_kind_of_key_is_watched(bench: Bench) -> None:
    door = bench.issue("authentication")
    with bench.line() as line:
        bench.choose(door)
        refused = line.ask(call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True))
        assert refused == {"code": "500", "message": "Ключ другого назначения"}
        for kind in ("AUTHENTICATION", "", "ALL"):
            bench.choose(door)
            made = line.ask(call("createCAdESFromBase64", "PKCS12", kind, DATA, True))
            assert made["code"] == "200"
    assert [each.rule for each in bench.verify(made["responseObject"], TEXT).findings] == [Rule.USAGE]


@pytest.mark.parametrize(
    ("profile", "rule"),
    [
        ("expired", Rule.VALIDITY),
        ("revoked", Rule.REVOKED),
        ("foreign", Rule.CHAIN),
        ("individual", Rule.ORGANISATION),
        ("employee", Rule.ROLE),
    ],
)
def test_bad_certificates_reach_the_portal_and_are_refused_there(
    bench: Bench, profile: str, rule: Rule
) -> None:
    """KZ-REG-02."""
    bench.choose(bench.issue(profile))
    with bench.line() as line:
        answer = line.ask(call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True))
    assert [each.rule for each in bench.verify(answer["responseObject"], TEXT).findings] == [rule]


def test_a_second_request_waits_while_a_dialog_is_open(bench: Bench) -> None:
    """NL-08; the heartbeat goes on meanwhile (NL-03)."""
    with bench.line() as first, bench.line() as second:
        first.send(call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True))
        dialog = eventually(bench.dialog)
        assert dialog["origin"] == "http://127.0.0.1:8080"
        assert dialog["shown"] == TEXT.decode()
        second.send(call("getActiveTokens"))
        second.send("--heartbeat--")
        assert second.hear() == "--heartbeat--"
        assert first.ask("--heartbeat--") == "--heartbeat--"
        with pytest.raises(TimeoutError):
            second.hear(0.3)
        assert bench.answer(dialog["number"], "cancel").status_code == 200
        assert first.hear() == {"code": "500", "message": "action.canceled"}
        assert second.hear() == {"responseObject": [], "code": "200"}


def test_the_dialog_of_a_page_that_went_away_closes(bench: Bench) -> None:
    with bench.line() as line:
        line.send(call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True))
        eventually(bench.dialog)
    eventually(lambda: bench.dialog() is None)
    with bench.line() as line:
        assert line.ask(call("getActiveTokens"))["code"] == "200"


def test_silence_lasts_until_it_is_taken_back(bench: Bench) -> None:
    bench.order("answer", action="silent")
    with bench.line() as line:
        line.send(call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True))
        with pytest.raises(TimeoutError):
            line.hear(0.3)
        assert bench.dialog() is None
        bench.order("clear-answers")
        assert line.hear() == {"code": "500", "message": "action.canceled"}


def test_xml_is_signed_inside(bench: Bench, head: Issued) -> None:
    """NC-06."""
    document = '<?xml version="1.0"?><a xmlns="urn:x" b="1"><!-- note --><c>чек</c></a>'
    with bench.line() as line:
        bench.choose(head)
        one = line.ask(call("signXml", "PKCS12", "SIGNATURE", document, "", ""))
        bench.choose(head)
        two = line.ask(call("signXmls", "PKCS12", "SIGNATURE", [document, "<b/>"], "", ""))
        bench.choose(head)
        broken = line.ask(call("signXml", "PKCS12", "SIGNATURE", "<a>", "", ""))
        bench.choose(head)
        declared = line.ask(call("signXml", "PKCS12", "SIGNATURE", "<!DOCTYPE a><a/>", "", ""))
    check_xml(one["responseObject"], '<a xmlns="urn:x" b="1"><c>чек</c></a>', head)
    check_xml(two["responseObject"][0], '<a xmlns="urn:x" b="1"><c>чек</c></a>', head)
    check_xml(two["responseObject"][1], "<b></b>", head)
    assert "no XML document" in broken["message"]
    assert "document type" in declared["message"]


def check_xml(signed: str, document: str, issued: Issued) -> None:
    """An enveloped signature: digest of the document without it, signature over SignedInfo in its place."""
    from xml.etree import ElementTree

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    found = re.search(r"<ds:Signature .*</ds:Signature>", signed)
    assert found
    assert signed.replace(found.group(), "") == document
    ns = {"ds": "http://www.w3.org/2000/09/xmldsig#"}
    root = ElementTree.fromstring(found.group())
    digest = base64.b64encode(hashlib.sha256(document.encode()).digest()).decode()
    assert root.findtext(".//ds:DigestValue", namespaces=ns) == digest
    inner = re.search(r"<ds:SignedInfo>.*</ds:SignedInfo>", signed)
    assert inner
    info = inner.group().replace("<ds:SignedInfo>", f'<ds:SignedInfo xmlns:ds="{ns["ds"]}">')
    canonical = ElementTree.canonicalize(info)
    key = issued.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    value = base64.b64decode(root.findtext(".//ds:SignatureValue", "", ns))
    key.verify(value, canonical.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_fault_rules_at_the_service(bench: Bench) -> None:
    with bench.line() as line:
        bench.process.faults.add(point="signing.request", action="drop", match={"method": "getActiveTokens"})
        line.send(call("getActiveTokens"))
        with pytest.raises(TimeoutError):
            line.hear(0.3)
        assert line.ask(call("getActiveTokens"))["code"] == "200"
        bench.process.faults.add(point="signing.answer", action="close")
        line.send(call("getActiveTokens"))
        from websockets.exceptions import ConnectionClosedError

        with pytest.raises(ConnectionClosedError):
            line.hear()
