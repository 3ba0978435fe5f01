"""Large bodies of requests: none waits for a disk, for the loop that serves all would wait with it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing

import pytest
import waitress.buffers
from flask import Flask, request

from reference.runtime.serving import MAX_BODY, HttpServer, harden
from tests.waiting import PATIENCE


@pytest.fixture
def server() -> Iterator[HttpServer]:
    app = harden(Flask("served"))

    @app.post("/size")
    def size() -> str:
        return str(len(request.get_data()))

    with HttpServer(app, "127.0.0.1", 0) as running:
        yield running


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def stalled(*_: object) -> None:
        raise AssertionError("a body goes to a temporary file")

    monkeypatch.setattr(waitress.buffers, "TempfileBasedBuffer", stalled)


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize(
    ("size", "status"),
    [(MAX_BODY, 200), (MAX_BODY + 1, 413), (2 * MAX_BODY - 1, 413)],
    ids=["largest", "too-large", "as-large-as-can-be"],
)
def test_a_body_stays_in_memory(server: HttpServer, size: int, status: int, chunked: bool) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    body = b"x" * size
    pieces = (body[at : at + 50_000] for at in range(0, size, 50_000))
    with closing(connection):
        connection.request("POST", "/size", pieces if chunked else body, encode_chunked=chunked)
        response = connection.getresponse()
        told = response.read()
    assert response.status == status
    if status == 200:
        assert told == str(size).encode()
