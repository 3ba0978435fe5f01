from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest
from flask import Flask, Response, jsonify, request

from reference.runtime.clock import real_elapsed
from reference.runtime.serving import HostRefusedError, HttpServer, harden, require_loopback, require_token
from tests.waiting import PATIENCE, quick_once


def make_app() -> Flask:
    app = harden(Flask("served"), max_body=1000)
    app.config["seen"] = []

    @app.get("/")
    def index() -> str:
        return "here"

    @app.post("/echo")
    def echo() -> Response:
        return jsonify(size=len(request.get_data()))

    @app.get("/framed")
    def framed() -> Response:
        return Response("framed", headers={"X-Frame-Options": "SAMEORIGIN"})

    return app


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(make_app(), "127.0.0.1", 0) as running:
        yield running


def ask(server: HttpServer, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_free_port_is_known_before_the_start() -> None:
    server = HttpServer(make_app(), "127.0.0.1", 0)
    try:
        assert 0 < server.port < 65536
        assert server.url == f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def test_two_hundred_keep_their_connections_and_are_all_served(server: HttpServer) -> None:
    kept = [http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE) for _ in range(200)]
    try:
        for _ in range(2):
            for connection in kept:
                connection.request("GET", "/")
                assert connection.getresponse().read() == b"here"
    finally:
        for connection in kept:
            connection.close()


def test_answers_with_security_headers(server: HttpServer) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    connection.request("GET", "/")
    response = connection.getresponse()
    assert response.read() == b"here"
    headers = dict(response.getheaders())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Server" not in headers
    connection.close()


def test_own_headers_stay(server: HttpServer) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    connection.request("GET", "/framed")
    response = connection.getresponse()
    assert response.getheader("X-Frame-Options") == "SAMEORIGIN"
    response.read()
    connection.close()


def test_bodies_above_the_limit_are_413(server: HttpServer) -> None:
    assert ask(server, "POST", "/echo", b"x" * 1000)[0] == 200
    assert ask(server, "POST", "/echo", b"x" * 1001)[0] == 413


def test_no_delay_is_set_on_every_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    server = HttpServer(make_app(), "127.0.0.1", 0)
    options: list[int] = []
    accept = server._server.accept

    def watched() -> object:
        accepted = accept()
        if accepted is not None:
            server._server.set_socket_options(accepted[0])
            options.append(accepted[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return accepted

    monkeypatch.setattr(server._server, "accept", watched)
    with server:
        assert ask(server, "GET", "/")[0] == 200
    assert options == [1]


def test_stop_waits_for_the_request_in_work() -> None:
    app, entered, leave = Flask("slow"), threading.Event(), threading.Event()

    @app.get("/slow")
    def slow() -> str:
        entered.set()
        assert leave.wait(PATIENCE)
        return "done"

    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    answers: list[tuple[int, bytes]] = []
    asking = threading.Thread(target=lambda: answers.append(ask(server, "GET", "/slow")))
    asking.start()
    assert entered.wait(PATIENCE)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    leave.set()
    stopping.join(PATIENCE)
    asking.join(PATIENCE)
    assert answers == [(200, b"done")]


def test_stop_joins_frees_the_port_and_may_be_repeated() -> None:
    before = set(threading.enumerate())
    server = HttpServer(make_app(), "127.0.0.1", 0)
    server.start()
    lingering = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    assert ask(server, "GET", "/")[0] == 200
    server.stop()
    server.stop()
    assert lingering.recv(1) == b""
    lingering.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    assert {
        thread for thread in set(threading.enumerate()) - before if thread.name.startswith("http-")
    } == set()
    with HttpServer(make_app(), "127.0.0.1", server.port) as again:
        assert ask(again, "GET", "/")[0] == 200


def test_stop_waits_for_no_connection_that_lingers() -> None:
    def spent() -> float:
        with HttpServer(make_app(), "127.0.0.1", 0) as server:
            lingering = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
            assert ask(server, "GET", "/")[0] == 200
            began = real_elapsed()
            server.stop()
            took = real_elapsed() - began
            lingering.close()
        return took

    quick_once(spent, 5, tries=3)


def test_stop_bears_a_loop_that_somebody_else_woke(monkeypatch: pytest.MonkeyPatch) -> None:
    server = HttpServer(make_app(), "127.0.0.1", 0)
    server.start()
    assert server._thread is not None
    loop, pull = server._thread, server._server.trigger._physical_pull

    def after_another() -> None:
        pull()
        loop.join(PATIENCE)
        pull()

    monkeypatch.setattr(server._server.trigger, "_physical_pull", after_another)
    server.stop()
    assert not loop.is_alive()
    assert not server._connections


def test_port_in_use_is_an_os_error(server: HttpServer) -> None:
    with pytest.raises(OSError, match=f"127.0.0.1:{server.port}.* in use"):
        HttpServer(make_app(), "127.0.0.1", server.port)


def test_six_and_localhost() -> None:
    with HttpServer(make_app(), "localhost", 0) as server:
        assert server.url.startswith("http://127.0.0.1:")
    with HttpServer(make_app(), "::1", 0) as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert ask(server, "GET", "/")[0] == 200


def test_hosts_beyond_loopback_need_leave_and_token() -> None:
    for host in ("127.0.0.1", "127.1.2.3", "localhost", "::1"):
        require_loopback(host, allow_any=False)
        require_token(host, None)
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", ""):
        with pytest.raises(HostRefusedError, match="--allow-any-host"):
            require_loopback(host, allow_any=False)
        require_loopback(host, allow_any=True)
        with pytest.raises(HostRefusedError, match="control token"):
            require_token(host, None)
        require_token(host, "t")
