"""Who may ask, what the control API does, what is never written down, and the process as a whole."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ofd_mock.pki.authority import Authority, Issued
from ofd_mock.pki.findings import Rule
from ofd_mock.signing.origins import may_ask, right_host
from tests.ofd_mock.signing.conftest import GREETING, Bench, Line, web
from tests.ofd_mock.signing.test_common_utils import DATA, TEXT, call
from tests.waiting import PATIENCE, eventually


@pytest.mark.parametrize(
    ("origin", "lets_in"),
    [
        (None, True),
        ("http://127.0.0.1:5000", True),
        ("https://localhost", True),
        ("http://[::1]:80", True),
        ("http://192.168.1.7:8080", True),
        ("http://portal.localhost:8080", True),
        ("https://stand.test", True),
        ("https://example.org", False),
        ("https://127.0.0.1.example.org", False),
        ("https://8.8.8.8", False),
        ("file://", False),
        ("null", False),
        ("", False),
        ("https://allowed.example", True),
    ],
)
def test_which_pages_may_ask(origin: str | None, lets_in: bool) -> None:
    assert may_ask(origin, ("https://allowed.example",)) is lets_in


def test_a_rebound_name_is_no_host() -> None:
    assert right_host("127.0.0.1:13579", "127.0.0.1")
    assert right_host("localhost:13579", "127.0.0.1")
    assert not right_host("evil.example:13579", "127.0.0.1")
    assert not right_host(None, "127.0.0.1")


def test_a_strange_page_is_refused_and_noted(bench: Bench) -> None:
    before = bench.process.events.number
    with pytest.raises(InvalidStatus) as told, bench.line("https://example.org"):
        pass
    assert told.value.response.status_code == 403
    (event,) = bench.process.events.since(before, 10)
    assert (event["kind"], event["data"]) == ("signing.origin-refused", {"origin": "https://example.org"})
    bench.reset(origins=["https://example.org"])
    with bench.line("https://example.org") as line:
        assert line.ask("--heartbeat--") == "--heartbeat--"


def test_a_browser_can_look_whether_it_trusts(bench: Bench) -> None:
    """NL-01: the certificate is for 127.0.0.1 and comes from the test authority."""
    url = bench.wss.replace("wss", "https")
    with httpx.Client(verify=bench.tls, trust_env=False, timeout=PATIENCE) as client:
        answer = client.get(url)
        assert (answer.status_code, "TEST" in answer.text) == (200, True)
        assert client.get(url, headers={"Host": "evil.example"}).status_code == 403
    with (
        httpx.Client(verify=ssl.create_default_context(), trust_env=False, timeout=PATIENCE) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get(url)


def test_other_pages_cannot_use_the_dialog(bench: Bench) -> None:
    with bench.line() as line:
        line.send(call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True))
        number = (eventually(bench.dialog) or {})["number"]
        url = f"{bench.base}/dialog/{number}/cancel"
        strange = {"Origin": "https://example.org"}
        assert web.post(url, json={}, headers=strange).status_code == 403
        assert web.post(url, data={"a": "b"}).status_code == 415
        assert web.post(url, json={}, headers={"Host": "evil.example"}).status_code == 403
        assert web.get(f"{bench.base}/dialog", headers={"Host": "evil.example"}).status_code == 403
        assert bench.dialog() is not None
        wrong = bench.answer(number, "answer", path="nowhere.p12", password="x")
        assert (wrong.status_code, wrong.json()["error"]["rule"]) == (422, "load")
        bad = bench.answer(number, "answer", path=5)
        assert (bad.status_code, bad.json()["error"]["text"].split(":")[0]) == (422, "path")
        assert bench.answer(number + 1, "answer", path="x").status_code == 409
        assert bench.answer(number + 1, "keys", path="x").status_code == 409
        assert bench.answer(number, "cancel").status_code == 200
        assert bench.answer(number, "cancel").status_code == 409
        line.hear()


def test_answers_are_laid_one_after_another(bench: Bench, head: Issued) -> None:
    assert head.file is not None
    request = call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True)
    bench.order("answer", action="cancel", times=2)
    assert bench.order("answer", action="key", path=head.file.name, times=None) == {"waiting": 2}
    with bench.line() as line:
        codes = [line.ask(request)["code"] for _ in range(5)]
    assert codes == ["500", "500", "200", "200", "200"]
    state = web.get(f"{bench.base}/control/state").json()
    assert state["answers"] == [{"action": "key", "path": head.file.name, "left": None}]
    assert str(head.file) in state["keys"]
    bench.reset()
    assert web.get(f"{bench.base}/control/state").json()["answers"] == []


def test_the_dialog_shows_in_the_state_and_can_be_cancelled(bench: Bench) -> None:
    refused = web.post(f"{bench.base}/control/do/cancel", json={})
    assert refused.status_code == 409
    with bench.line() as line:
        line.send(call("getKeyInfo", "PKCS12"))
        eventually(bench.dialog)
        shown = web.get(f"{bench.base}/control/state").json()
        assert (shown["pages"], shown["dialog"]["method"]) == (1, "getKeyInfo")
        bench.order("cancel")
        assert line.hear()["message"] == "action.canceled"


def test_keys_are_made_and_revoked_by_order(bench: Bench) -> None:
    made = bench.order("make-key", profile="signer")
    bench.order("answer", action="key", path=made["file"], times=None)
    request = call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True)
    with bench.line() as line:
        assert bench.verify(line.ask(request)["responseObject"], TEXT).ok
        bench.order("revoke", serial=made["serial"], reason="key-compromise")
        result = bench.verify(line.ask(request)["responseObject"], TEXT)
    assert [each.rule for each in result.findings] == [Rule.REVOKED]
    for operation, body, field in (
        ("make-key", {"profile": "king"}, "profile"),
        ("revoke", {"serial": "1"}, "serial"),
        ("revoke", {"serial": made["serial"], "reason": "boredom"}, "reason"),
        ("answer", {"action": "fly"}, "action"),
    ):
        answer = web.post(f"{bench.base}/control/do/{operation}", json=body)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


def test_settings_survive_a_snapshot_and_wrong_ones_are_refused(bench: Bench) -> None:
    bench.reset(applet_dialect=False)
    web.post(f"{bench.base}/control/snapshot", json={"name": "off", "replace": True})
    bench.reset()
    web.post(f"{bench.base}/control/restore", json={"name": "off"})
    state = web.get(f"{bench.base}/control/state").json()
    assert state["settings"]["applet_dialect"] is False
    answer = web.post(f"{bench.base}/control/reset", json={"settings": {"colour": 1}})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "settings.colour")


def test_the_authority_is_served_beside_the_dialog(bench: Bench) -> None:
    """CA-10, CA-13."""
    assert web.get(f"{bench.base}/trust.pem").text == bench.authority.trust_file.read_text()
    assert web.get(f"{bench.base}/crl/issuing.crl").headers["Content-Type"] == "application/pkix-crl"
    assert "TEST" in web.get(f"{bench.base}/cps").text


def test_the_process(tmp_path: Path) -> None:
    """One ready line; it signs; it ends when told to; and no password is written anywhere."""
    authority = Authority.create(tmp_path / "pki", bits=2048)
    secret = "Sekret77Passw"
    command = [
        *(sys.executable, "-m", "ofd_mock.signing", "--port", "0", "--http-port", "0"),
        *("--dir", tmp_path / "part", "--authority", tmp_path / "pki", "--log-level", "debug"),
        *("--clock", tmp_path / "clock", "--greeting-version", "1.2"),
    ]
    environ = os.environ | {"KASSALAB_STOP_WITH_STDIN": "1"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environ
        )
    assert process.stdin is not None
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert (ready["ready"], ready["part"], set(ready["addresses"])) == (
        True,
        "signing",
        {"wss", "control", "page"},
    )
    at = ready["addresses"]
    tls = ssl.create_default_context(cafile=str(authority.trust_file))
    clock = web.get(f"{at['control']}/control/clock").json()
    from datetime import datetime

    from ofd_mock.pki.profiles import PROFILES

    issued = authority.issue(PROFILES["head"], datetime.fromisoformat(clock["part_now"]), password=secret)
    assert issued.file is not None
    with connect(at["wss"], ssl=tls, proxy=None) as connection:
        line = Line(connection)
        assert line.hear() == GREETING | {"result": {"version": "1.2"}}
        listed = line.ask({"method": "getKeys", "args": ["PKCS12", issued.file.name, secret, "SIGN"]})
        assert listed["errorCode"] == "NONE"
        body = {"action": "key", "path": issued.file.name, "password": secret}
        assert web.post(f"{at['control']}/control/do/answer", json=body).status_code == 200
        made = line.ask(call("createCAdESFromBase64", "PKCS12", "SIGNATURE", DATA, True))
        assert base64.b64decode(made["responseObject"])[:1] == b"\x30"
        wrong = {"action": "key", "path": issued.file.name, "password": secret + "x"}
        assert web.post(f"{at['control']}/control/do/answer", json=wrong | {"a": 1}).status_code == 422
        assert secret not in web.get(f"{at['control']}/control/state").text
        assert secret not in web.get(f"{at['control']}/control/journal?last=100").text
        assert secret not in web.get(f"{at['control']}/control/").text
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [data for data in written if secret.encode() in data]
    process.stdout.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--greeting-version", "x" * 30], "--greeting-version"),
        (["--basics-single-result", "both"], "--basics-single-result"),
        (["--host", "0.0.0.0"], "loopback"),
        (["--port", "70000"], "--port is 0 to"),
    ],
)
def test_wrong_options(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ofd_mock.signing.process import main

    given: list[Any] = [*options, "--dir", str(tmp_path), "--authority", str(tmp_path / "pki")]
    with pytest.raises(SystemExit) as end:
        main(given)
    assert end.value.code == 2
    assert said in capsys.readouterr().err
