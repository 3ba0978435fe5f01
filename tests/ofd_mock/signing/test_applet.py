"""The legacy applet dialect (kz-ofd §16.6)."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from ofd_mock.pki.authority import Issued
from ofd_mock.pki.key_files import DEFAULT_PASSWORD
from tests.ofd_mock.signing.conftest import Bench
from tests.ofd_mock.signing.test_common_utils import DATA, TEXT, believed, check_xml


def call(method: str, *arguments: Any) -> dict[str, Any]:
    return {"method": method, "args": list(arguments)}


def keys(issued: Issued, password: str = DEFAULT_PASSWORD, use: str = "SIGN") -> dict[str, Any]:
    return call("getKeys", "PKCS12", str(issued.file), password, use)


def test_keys_and_a_signature(bench: Bench, head: Issued, tmp_path: Path) -> None:
    """NA-02, NA-03, NA-05."""
    with bench.line() as line:
        listed = line.ask(keys(head))
        algorithm, name, serial, alias = listed["result"].split("|")
        assert (listed["errorCode"], algorithm, name) == ("NONE", "RSA", "ТЕСТОВ ТЕСТ")
        assert serial == f"{head.serial:x}"
        key = ("PKCS12", str(head.file), alias, DEFAULT_PASSWORD)
        for attached in (True, False):
            made = line.ask(call("createCMSSignature", *key, DATA, attached))
            assert made["errorCode"] == "NONE"
            result = bench.verify(made["result"], TEXT)
            assert (result.ok, result.attached, result.timestamp) == (True, attached, None)
            assert believed(bench, base64.b64decode(made["result"]), TEXT, tmp_path)
        assert line.ask(call("getNotBefore", *key))["result"] == "01.03.2031 14:30:15"
        assert line.ask(call("getNotAfter", *key))["result"] == "29.02.2032 14:30:15"
        assert line.ask(call("getSubjectDN", *key))["result"].startswith("CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,")
        assert line.ask(call("getIssuerDN", *key))["result"] == "C=KZ,CN=ҰКО 3.0 (RSA MOCK)"
        signed = line.ask(call("signXml", *key, "<a>чек</a>"))
        check_xml(signed["result"], "<a>чек</a>", head)


def test_errors(bench: Bench, head: Issued, tmp_path: Path) -> None:
    door = bench.issue("authentication")
    (bench.authority.keys_folder / "broken.p12").write_bytes(b"no key file")
    elsewhere = tmp_path / "elsewhere.p12"
    assert head.file is not None
    elsewhere.write_bytes(head.file.read_bytes())
    with bench.line() as line:
        wrong = {"result": -1, "errorCode": "WRONG_PASSWORD"}
        assert line.ask(keys(head, "Wrong1234")) == wrong
        load = {"result": "", "errorCode": "LOAD_KEYSTORE_ERROR"}
        for path in (
            "/nowhere.p12", "broken.p12", "../issuing.key", "", "a\0b", "x" * 5000, str(elsewhere)
        ):  # fmt: skip
            assert line.ask(call("getKeys", "PKCS12", path, DEFAULT_PASSWORD, "SIGN")) == load
        assert line.ask(call("getKeys", "JKS", str(head.file), DEFAULT_PASSWORD, "SIGN")) == load
        empty = {"result": "", "errorCode": "EMPTY_KEY_LIST"}
        assert line.ask(keys(door)) == empty
        assert line.ask(keys(head, use="AUTH")) == empty
        assert line.ask(keys(door, use="AUTH"))["errorCode"] == "NONE"
        assert line.ask(keys(door, use="ALL"))["errorCode"] == "NONE"
        alias = call("createCMSSignature", "PKCS12", str(head.file), "other", DEFAULT_PASSWORD, DATA, True)
        assert line.ask(alias) == empty
        assert line.ask(call("getKeys", "PKCS12"))["errorCode"] == "INVALID_ARGUMENTS"
        assert line.ask(call("fly"))["errorCode"] == "METHOD_NOT_FOUND"
        bad = call(
            "createCMSSignature",
            "PKCS12",
            str(head.file),
            line.ask(keys(head))["result"].split("|")[3],
            DEFAULT_PASSWORD,
            "не Base64",
            True,
        )
        assert line.ask(bad)["errorCode"] == "SIGNING_FAILURE"


def test_the_person_chooses_a_file(bench: Bench, head: Issued) -> None:
    """NA-01: empty when cancelled."""
    with bench.line() as line:
        bench.choose(head)
        assert head.file is not None
        assert line.ask(call("browseKeyStore", "PKCS12", "P12", "")) == {
            "result": head.file.name,
            "errorCode": "NONE",
        }
        bench.order("answer", action="cancel")
        assert line.ask(call("browseKeyStore", "PKCS12", "P12", "")) == {"result": "", "errorCode": "NONE"}


def test_set_locale_is_not_answered(bench: Bench) -> None:
    """NA-06: the next answer is that of the next request."""
    with bench.line() as line:
        line.send(call("setLocale", "ru"))
        assert line.ask(call("fly"))["errorCode"] == "METHOD_NOT_FOUND"


@pytest.mark.parametrize("named", [True, False])
def test_switched_off_it_is_not_there(bench: Bench, head: Issued, named: bool) -> None:
    request = keys(head)
    if named:
        request["module"] = "kz.gov.pki.knca.applet.Applet"
    with bench.line() as line:
        assert line.ask(request)["errorCode"] == "NONE"
        bench.reset(applet_dialect=False)
        assert line.ask(request) == {"success": False, "errorCode": "MODULE_NOT_FOUND"}
