from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.runtime.bench import make_bench

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:4388", "127.9.9.9:1", "[::1]:4388", "LOCALHOST"])
def test_loopback_hosts_pass(tmp_path: Path, host: str) -> None:
    response = make_bench(tmp_path).app.test_client().get("/control/state", headers={"Host": host})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example", "192.168.1.5", "localhost.evil", "1.2.3.4:80"),
        "localhost:" + "0" * 300,
    ],
)
def test_rebound_hosts_are_refused(tmp_path: Path, host: str) -> None:
    for path in ("/control/state", "/control/", "/control/nothing"):
        response = make_bench(tmp_path).app.test_client().get(path, headers={"Host": host})
        assert response.status_code == 403
        assert response.get_json()["error"]["rule"] == "host"


def test_bound_host_passes_with_token(tmp_path: Path) -> None:
    client = make_bench(tmp_path, token="t", host="192.168.1.5").app.test_client()
    headers = {"Host": "192.168.1.5:4388", "X-Kassalab-Token": "t"}
    assert client.get("/control/state", headers=headers).status_code == 200
    assert client.get("/control/state", headers=headers | {"Host": "192.168.1.6"}).status_code == 403


def test_beyond_loopback_needs_a_token(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a token"):
        make_bench(tmp_path, host="0.0.0.0")


@pytest.mark.parametrize("given", [None, "", "wrong", "токен"])
def test_wrong_token_is_401(tmp_path: Path, given: str | None) -> None:
    client = make_bench(tmp_path, token="right").app.test_client()
    headers = {} if given is None else {"X-Kassalab-Token": given.encode().decode("latin-1")}
    response = client.get("/control/state", headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic")
    assert "right" not in response.get_data(as_text=True)


def test_token_as_basic_password(tmp_path: Path) -> None:
    client = make_bench(tmp_path, token="right").app.test_client()
    good = base64.b64encode(b"kassalab:right").decode()
    assert client.get("/control/", headers={"Authorization": f"Basic {good}"}).status_code == 200
    bad = base64.b64encode(b"kassalab:wrong").decode()
    assert client.get("/control/", headers={"Authorization": f"Basic {bad}"}).status_code == 401
    assert client.get("/control/", headers={"Authorization": "Bearer right"}).status_code == 401


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_forged_forms_are_refused(tmp_path: Path, content_type: str) -> None:
    bench = make_bench(tmp_path)
    response = bench.app.test_client().post(
        "/control/do/put", data=b'{"amount": 1}', headers={"Content-Type": content_type}
    )
    assert response.status_code == 415
    assert bench.till.coins == 0


def test_empty_body_needs_the_intent_header(tmp_path: Path) -> None:
    client = make_bench(tmp_path).app.test_client()
    assert client.post("/control/do/shake").status_code == 415
    assert client.post("/control/do/shake", headers={"X-Kassalab": "other"}).status_code == 415
    assert client.post("/control/do/shake", headers={"X-Kassalab": "control"}).status_code == 200
    with_body = client.post("/control/do/shake", data=b"{}", headers={"X-Kassalab": "control"})
    assert with_body.status_code == 415


def test_foreign_origin_is_refused(tmp_path: Path) -> None:
    client = make_bench(tmp_path).app.test_client()
    for origin in ("http://evil.example", "null", "http://localhost:9999", "http://["):
        response = client.post("/control/do/shake", data=b"{}", headers=JSON | {"Origin": origin})
        assert response.status_code == 403
    own = client.post("/control/do/shake", data=b"{}", headers=JSON | {"Origin": "http://localhost"})
    assert own.status_code == 200


def test_every_answer_carries_the_security_headers(tmp_path: Path) -> None:
    client = make_bench(tmp_path).app.test_client()
    for path in ("/control/", "/control/state", "/control/nothing", "/control/control_page.js"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "no-" in headers["Cache-Control"]
