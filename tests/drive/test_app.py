"""The web server: the dialect over HTTP, the Swagger page, TLS, and the process with its options."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from reference.drive import secure_server
from reference.drive.__main__ import build_parser, main, settings_of, tls_context
from reference.drive.app import create_app
from reference.drive.endpoints import ENDPOINTS
from reference.drive.secure_server import SecureServer, server_context
from reference.drive.settings import DriveSettings, SettingsError
from tests.certificates import Certificates
from tests.drive.conftest import Bench
from tests.drive.doubles import sale
from tests.waiting import PATIENCE


@pytest.fixture
def web(shop: Bench) -> FlaskClient:
    return create_app(shop.drive).test_client()


def test_a_sale_over_http(shop: Bench, web: FlaskClient) -> None:
    answer = web.post(f"/FiscalDrive/Receipt/GetTXID/{shop.factory_id}", json=sale(shop.tick()))
    assert (answer.status_code, answer.data, answer.content_type) == (
        200,
        b"1",
        "application/json; charset=utf-8",
    )
    answer = web.post(f"/FiscalDrive/Receipt/RegisterTXID/{shop.factory_id}", data={"TXID": 1})
    assert answer.json["ReceiptSeq"] == 1
    answer = web.get(f"/FiscalDrive/State/Sync/{shop.factory_id}")
    assert (answer.data, answer.content_type) == (b"OK", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("PUT", "/FiscalDrive/List", 405, "method not allowed"),
        ("OPTIONS", "/FiscalDrive/List", 405, "method not allowed"),
        ("GET", "/", 404, "not found"),
        ("DELETE", "/x/y", 404, "not found"),
        ("POST", "/swagger/index.html", 404, "not found"),
    ],
)
def test_errors_over_http(web: FlaskClient, method: str, path: str, status: int, reason: str) -> None:
    answer = web.open(path, method=method)
    assert (answer.status_code, answer.json) == (status, {"Reason": reason, "Type": "errors.errorString"})


def test_a_body_that_is_too_large(web: FlaskClient) -> None:
    answer = web.post("/FiscalDrive/Receipt/GetTXID/x", data=b"x" * (16 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json["Type"] == "errors.errorString"


def test_the_swagger_page_needs_nothing_from_elsewhere(web: FlaskClient) -> None:
    """G2-T-01"""
    for path in ("/swagger", "/swagger/", "/swagger/nothing"):
        assert web.get(path).headers["Location"] == "/swagger/index.html"
    for name, kind in (
        ("index.html", "text/html"),
        ("swagger.js", "text/javascript"),
        ("swagger.css", "text/css"),
    ):
        page = web.get(f"/swagger/{name}")
        assert (page.status_code, page.mimetype) == (200, kind)
        assert b"http://" not in page.data
        assert b"https://" not in page.data
    assert "script-src 'self'" in web.get("/swagger/index.html").headers["Content-Security-Policy"]


def test_the_openapi_document(web: FlaskClient) -> None:
    document = web.get("/swagger/doc.json").json
    validate(document)
    assert document["paths"].keys() == {endpoint.path for endpoint in ENDPOINTS}
    register = document["paths"]["/FiscalDrive/Receipt/RegisterTXID/{F}"]["post"]
    assert {one["name"]: one["in"] for one in register["parameters"]} == {
        "F": "path",
        "TXID": "query",
        "X-POS-Auth": "header",
    }


# --- TLS -----------------------------------------------------------------------------------------------


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[SecureServer, Certificates]]:
    certificates = Certificates(tmp_path)
    server = certificates.make("server")
    app = Flask("small")
    app.add_url_rule("/", "home", lambda: "hello")
    context = server_context(*server, certificates.authority[0])
    running = SecureServer(app, "127.0.0.1", 0, context)
    running.start()
    yield running, certificates
    running.stop()


def client_context(certificates: Certificates, shown: tuple[Path, Path] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificates.authority[0]))
    if shown is not None:
        context.load_cert_chain(*shown)
    return context


def test_mutual_tls(secure: tuple[SecureServer, Certificates], tmp_path: Path) -> None:
    """G2-T-01 --use-tls"""
    server, certificates = secure
    url = f"https://localhost:{server.port}/"
    good = client_context(certificates, certificates.make("client"))
    with httpx.Client(verify=good, trust_env=False, timeout=PATIENCE) as client:
        assert [client.get(url).text for _ in range(3)] == ["hello"] * 3
    stranger = Certificates(tmp_path, "stranger").make("client")
    for shown in (None, stranger):
        context = client_context(certificates, shown)
        with (
            pytest.raises(httpx.TransportError),
            httpx.Client(verify=context, trust_env=False, timeout=PATIENCE) as client,
        ):
            client.get(url)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{server.port}/", trust_env=False, timeout=PATIENCE)


def test_a_silent_client_holds_up_nobody(
    secure: tuple[SecureServer, Certificates], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secure_server._Handler, "timeout", 2 * PATIENCE)  # its own end must not help
    server, certificates = secure
    context = client_context(certificates, certificates.make("client"))
    with socket.create_connection(("127.0.0.1", server.port)):
        with httpx.Client(verify=context, trust_env=False, timeout=PATIENCE) as client:
            assert client.get(f"https://localhost:{server.port}/").text == "hello"
        assert server.url == f"https://127.0.0.1:{server.port}"


def test_a_server_that_was_never_started(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    context = server_context(*certificates.make("server"), certificates.authority[0])
    server = SecureServer(Flask("small"), "127.0.0.1", 0, context)
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


# --- the process ---------------------------------------------------------------------------------------


def options(*arguments: str) -> Any:
    return build_parser().parse_args(arguments)


def test_options_as_the_vendor_spells_them(tmp_path: Path) -> None:
    """§4.8: addresses on the command line replace those in the file"""
    config = tmp_path / "config.ini"
    config.write_text("[server]\naddress.1 = 127.0.0.1:1\n[drive]\nsend_delay = 9\n", encoding="utf-8")
    settings = settings_of(options(str(config)))
    assert (settings.server_addresses, settings.send_delay) == (("127.0.0.1:1",), 9.0)
    settings = settings_of(
        options(
            str(config),
            "--server-address",
            "127.0.0.1:2",
            "--server-address",
            "127.0.0.1:3",
            "--use-fiscal-drive-emulator-address",
            "127.0.0.1:4",
            "--module",
            "tcp://127.0.0.1:5",
            "--no-auto-send",
            "--refund-check",
            "when_online",
            "--short-sync-scope",
            "all",
            "--defect",
            "index-ignored",
            "--setting",
            "not_active_hold=1",
            "--no-pin-modules",
        )
    )
    assert settings.server_addresses == ("127.0.0.1:2", "127.0.0.1:3")
    assert settings.modules == ("tcp://127.0.0.1:5", "tcp://127.0.0.1:4")
    assert (settings.auto_send, settings.pin_modules, settings.not_active_hold) == (False, False, 1.0)
    assert (settings.refund_check, settings.short_sync_scope) == ("when_online", "all")
    assert (settings.send_delay, settings.defects) == (9.0, ("index-ignored",))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--setting", "nothing"),
        ("--setting", "nothing=1"),
        ("--server-address", "soliq.uz:1"),
        ("--module", "x"),
        ("--use-tls",),
        ("nowhere.ini",),
    ],
)
def test_options_that_cannot_be(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--dir", str(tmp_path)])
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_the_help_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options("--help")
    text = capsys.readouterr().out
    for name, field in DriveSettings.model_fields.items():
        assert f"  {name} = " in text
        assert str(field.description) in text


def test_tls_files_that_cannot_be_used(tmp_path: Path) -> None:
    assert tls_context(options()) is None
    files = ["--tls-certificate", "a", "--tls-key", "b", "--tls-client-ca", "c"]
    with pytest.raises(SettingsError, match=r"--use-tls"):
        tls_context(options("--use-tls", *files))


def test_a_port_in_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["--dir", str(tmp_path), "--port", port]) == 1
    assert "cannot listen: " in capsys.readouterr().err


@pytest.mark.parametrize("secure_port", [False, True])
def test_the_process(tmp_path: Path, secure_port: bool) -> None:
    command = [sys.executable, "-m", "reference.drive", "--port", "0", "--dir", str(tmp_path / "d")]
    command += ["--module", "tcp://127.0.0.1:1", "--seed", "5", "--log-level", "error"]
    certificates = Certificates(tmp_path)
    verify: Any = True
    if secure_port:
        certificate, key = certificates.make("server")
        command += ["--use-tls", "--tls-certificate", str(certificate), "--tls-key", str(key)]
        command += ["--tls-client-ca", str(certificates.authority[0]), "--host", "localhost"]
        verify = client_context(certificates, certificates.make("client"))
    environ = os.environ | {"KASSALAB_STOP_WITH_STDIN": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE, env=environ, text=True
    )
    assert process.stdout is not None
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        ready = json.loads(process.stdout.readline())
        assert (ready["ready"], ready["part"], ready["seed"]) == (True, "drive", 5)
        url = ready["addresses"]["drive"].replace("127.0.0.1", "localhost" if secure_port else "127.0.0.1")
        assert url.startswith("https" if secure_port else "http://")
        with httpx.Client(base_url=url, verify=verify, trust_env=False, timeout=PATIENCE) as client:
            assert client.post("/FiscalDrive/List").json() == []
            assert client.get("/control/state").json()["settings"]["modules"] == ["tcp://127.0.0.1:1"]
    finally:
        _, errors = process.communicate()
        watchdog.cancel()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
