"""Dialect basics, frame by frame (kz-ofd §16.5)."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from ofd_mock.pki.authority import Issued
from ofd_mock.pki.oids import EMAIL_PROTECTION, ORGANISATION, PERSON
from tests.ofd_mock.signing.conftest import LAB_START, Bench
from tests.ofd_mock.signing.test_common_utils import DATA, TEXT, believed, check_xml


def order(
    how: dict[str, Any] | None = None, who: dict[str, Any] | None = None, **changed: Any
) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "allowedStorages": ["PKCS12"],
        "format": "cms",
        "data": DATA,
        "signingParams": {"decode": True, "encapsulate": True, "digested": False, **(how or {})},
        "signerParams": {"extKeyUsageOids": [EMAIL_PROTECTION, ORGANISATION], **(who or {})},
        "locale": "ru",
    }
    arguments = {name: value for name, value in (arguments | changed).items() if value is not ...}
    return {"module": "kz.gov.pki.knca.basics", "method": "sign", "args": arguments}


def sign(bench: Bench, issued: Issued, *given: Any, **changed: Any) -> Any:
    bench.reset()
    bench.choose(issued)
    with bench.line() as line:
        return line.ask(order(*given, **changed))


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("stamped", [True, False])
def test_a_signature_that_openssl_believes(
    bench: Bench, head: Issued, attached: bool, stamped: bool, tmp_path: Path
) -> None:
    """NB-04…NB-07, NB-12, NB-13, SG-03."""
    answer = sign(bench, head, {"encapsulate": attached, "tsaProfile": {} if stamped else None})
    assert answer.keys() == {"body", "status"}
    assert answer["status"] is True
    (framed,) = answer["body"]["result"]
    lines = framed.split("\n")
    assert (lines[0], lines[-2], lines[-1]) == ("-----BEGIN CMS-----", "-----END CMS-----", "")
    assert {len(line) for line in lines[1:-3]} == {64}
    result = bench.verify(framed, TEXT)
    assert result.ok, result.findings
    assert (result.attached, result.timestamp) == (attached, LAB_START if stamped else None)
    assert believed(bench, base64.b64decode("".join(lines[1:-2])), TEXT, tmp_path)


def test_several_data_defaults_and_flags_as_text(bench: Bench, head: Issued) -> None:
    """NB-03, NB-09, NB-10: without parameters nothing is decoded, and the data is attached."""
    answer = sign(bench, head, data=["один", "два"], signingParams={})
    first, second = answer["body"]["result"]
    assert bench.verify(first, "один".encode()).ok
    assert bench.verify(second, "два".encode()).attached
    answer = sign(bench, head, {"decode": "true", "encapsulate": "FALSE", "digested": "false"})
    assert bench.verify(answer["body"]["result"][0], TEXT).attached is False


def test_a_digest(bench: Bench, head: Issued) -> None:
    """NB-06."""
    digest = base64.b64encode(hashlib.sha256(TEXT).digest()).decode()
    answer = sign(bench, head, {"digested": True}, data=digest)
    assert bench.verify(answer["body"]["result"][0], TEXT).ok
    refused = sign(bench, head, {"digested": True}, data="AAAA")
    assert (refused["status"], refused["code"]) == (False, "SIGNING_FAILURE")


def test_the_certificate_goes_along(bench: Bench, head: Issued) -> None:
    """NB-08, NB-12."""
    result = sign(bench, head, {"outputCert": True})["body"]["result"]
    assert bench.verify(result["signatures"][0], TEXT).ok
    assert result["certificate"].startswith("-----BEGIN CERTIFICATE-----\n")


def test_xml(bench: Bench, head: Issued) -> None:
    """NB-02."""
    answer = sign(bench, head, {"decode": False}, format="xml", data="<a>чек</a>")
    check_xml(answer["body"]["result"][0], "<a>чек</a>", head)


@pytest.mark.parametrize(
    ("changed", "code", "details"),
    [
        (
            {"signingParams": True},
            "INVOCATION_ERROR",
            'org.json.JSONException: JSONObject["signingParams"] is not a JSONObject.',
        ),
        (
            {"signingParams": ...},
            "INVOCATION_ERROR",
            'org.json.JSONException: JSONObject["signingParams"] not found.',
        ),
        ({"format": "pdf"}, "INVALID_SIGNING_PARAMS", "format"),
        ({"data": 5}, "INVALID_SIGNING_PARAMS", "data"),
        ({"data": []}, "INVALID_SIGNING_PARAMS", "data"),
        ({"data": "не Base64"}, "INVALID_SIGNING_PARAMS", "Base64"),
        ({"allowedStorages": "PKCS12"}, "INVALID_SIGNING_PARAMS", "allowedStorages"),
        ({"signerParams": {"extKeyUsageOids": 1}}, "INVALID_SIGNING_PARAMS", "extKeyUsageOids"),
        ({"signerParams": {"iin": 1}}, "INVALID_SIGNING_PARAMS", "iin"),
        ({"signingParams": {"decode": "perhaps"}}, "INVALID_SIGNING_PARAMS", "decode"),
        ({"signingParams": {"tsaProfile": True}}, "INVALID_SIGNING_PARAMS", "tsaProfile"),
        ({"allowedStorages": ["AKKaztokenStore"]}, "SIGNING_FAILURE", ""),
    ],
)
def test_wrong_requests(bench: Bench, changed: dict[str, Any], code: str, details: str) -> None:
    """NB-14; none of them opens a dialog."""
    with bench.line() as line:
        answer = line.ask(order(**changed))
    assert answer["status"] is False
    assert answer["code"] == code
    assert details in answer["details"]
    if code == "INVOCATION_ERROR":
        assert answer["message"] == "An invoked method threw an exception."
    assert bench.dialog() is None


@pytest.mark.parametrize(
    ("profile", "how", "who", "reason"),
    [
        ("authentication", {}, {}, "Ключ другого назначения"),
        ("individual", {}, {}, "Ключ другого назначения"),
        ("individual", {}, {"extKeyUsageOids": [PERSON]}, None),
        ("head", {}, {"extKeyUsageOids": []}, None),
        ("head", {}, {"iin": "123456789011", "bin": "123456789021"}, None),
        ("head", {}, {"iin": "000000000000"}, "Ключ другого владельца"),
        ("head", {}, {"bin": "000000000000"}, "Ключ другого владельца"),
        ("head", {}, {"serialNumber": "12ab"}, "Ключ другого владельца"),
        ("head", {}, {"serialNumber": ""}, None),
        ("foreign", {}, {}, "Ключ другого удостоверяющего центра"),
        ("foreign", {}, {"chain": []}, None),
        ("expired", {}, {}, "Срок действия сертификата истек"),
        ("expired", {"allowExpired": True}, {}, None),
        ("revoked", {}, {}, "Сертификат отозван"),
        ("revoked", {"allowRevoked": "true"}, {}, None),
    ],
)
def test_which_key_suits(
    bench: Bench, profile: str, how: dict[str, Any], who: dict[str, Any], reason: str | None
) -> None:
    """NB-08, NB-11."""
    answer = sign(bench, bench.issue(profile), how, who)
    if reason is None:
        assert answer["status"] is True, answer
    else:
        assert (answer["status"], answer["code"], answer["message"]) == (False, "SIGNING_FAILURE", reason)


def test_the_serial_number_finds_the_key(bench: Bench, head: Issued) -> None:
    answer = sign(bench, head, {}, {"serialNumber": f"{head.serial:X}"})
    assert answer["status"] is True


def test_no_list_of_stores_means_all(bench: Bench, head: Issued) -> None:
    """NB-01."""
    for stores in (None, ..., []):
        assert sign(bench, head, allowedStorages=stores)["status"] is True


def test_cancelled(bench: Bench) -> None:
    """NB-15: an empty body, or a refusal where so set."""
    bench.order("answer", action="cancel")
    with bench.line() as line:
        assert line.ask(order()) == {"body": {}, "status": True}
        bench.reset(basics_cancelled="refusal")
        bench.order("answer", action="cancel")
        assert line.ask(order()) == {"status": False, "message": "action.canceled"}


def test_an_older_version_gives_one_text(bench: Bench, head: Issued) -> None:
    bench.reset(basics_single_result="string", greeting_version="1.3")
    with bench.line(greeted=False) as line:
        assert line.hear() == {"result": {"version": "1.3"}}
        bench.choose(head)
        assert line.ask(order())["body"]["result"].startswith("-----BEGIN CMS-----\n")
        bench.choose(head)
        assert len(line.ask(order(data=[DATA, DATA]))["body"]["result"]) == 2


def test_another_method(bench: Bench) -> None:
    with bench.line() as line:
        answer = line.ask({"module": "kz.gov.pki.knca.basics", "method": "fly", "args": {}})
    assert (answer["code"], answer["status"]) == ("INVOCATION_ERROR", False)
