"""Both ways into the dialect, past Flask and through it, answer alike."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from reference.drive.app import MAX_BODY, create_app
from reference.drive.front import RestFront
from reference.drive.rest import PLAIN, Answer, Asked
from tests.drive.conftest import Bench

F = "{F}"


@pytest.fixture
def web(shop: Bench) -> FlaskClient:
    return create_app(shop.drive).test_client()


@pytest.fixture
def through_flask(shop: Bench) -> FlaskClient:
    app = create_app(shop.drive)
    assert isinstance(app.wsgi_app, RestFront)
    app.wsgi_app = Flask.wsgi_app.__get__(app)  # type: ignore[method-assign]
    return app.test_client()


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("GET", "/FiscalDrive/List", {}),
        ("POST", "/fiscaldrive/list/", {}),
        ("GET", f"/FiscalDrive/Info/{F}?Tags=1,3&tags=4", {}),
        ("POST", f"/FiscalDrive/Info/{F}?Tags=1", {"data": {"Tags": "3"}}),
        ("POST", f"/FiscalDrive/ZReport/Info/{F}", {"json": {"Index": "sinov ў"}}),
        ("POST", f"/FiscalDrive/Receipt/RegisterTXID/{F}", {"data": b"1"}),
        ("GET", f"/FiscalDrive/Receipt/GetTXID/{F}", {"data": b"{"}),
        ("POST", f"/POS/Auth/{F}", {"headers": {"X-POS-Auth": "00" * 32}}),
        ("POST", "/FiscalDrive/Nothing", {}),
        ("HEAD", "/FiscalDrive/List", {}),
        ("PUT", "/FiscalDrive/List", {}),
        ("GET", "/swagger/", {}),
        ("GET", "/FiscalDrive//List", {}),
        ("GET", "/FiscalDrive/Ro%E2%80%99yxat", {}),
        ("POST", "/FiscalDrive/List", {"headers": {"Content-Length": "9" * 13}}),
        ("POST", "/FiscalDrive/List", {"headers": {"Content-Length": str(MAX_BODY + 1)}}),
    ],
)
def test_both_ways_answer_alike(
    shop: Bench, web: FlaskClient, through_flask: FlaskClient, method: str, path: str, given: dict[str, Any]
) -> None:
    path = path.replace(F, shop.factory_id)
    answers = [client.open(path, method=method, **given) for client in (web, through_flask)]
    told = [(each.status, each.data, sorted(Headers(each.headers).to_wsgi_list())) for each in answers]
    assert told[0] == told[1]
    assert answers[0].headers["X-Content-Type-Options"] == "nosniff"


class Inner:
    """What would be Flask: counts what comes through."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return (b"inner",)


@pytest.mark.parametrize(
    ("changes", "passes"),
    [
        ({}, True),
        ({"REQUEST_METHOD": "DELETE"}, False),
        ({"PATH_INFO": "/control/state"}, False),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, False),
        ({"CONTENT_LENGTH": "5"}, False),
        ({"CONTENT_LENGTH": "-1"}, False),
    ],
)
def test_only_what_needs_no_framework_is_answered_here(changes: dict[str, str], passes: bool) -> None:
    inner, seen = Inner(), []

    def answer(asked: Asked) -> Answer:
        seen.append(asked)
        return Answer(200, b"front", PLAIN)

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/FiscalDrive/List",
        "QUERY_STRING": "a=1",
        "CONTENT_LENGTH": "4",
        "CONTENT_TYPE": "text/x",
        "HTTP_X_POS_AUTH": "ab",
        "wsgi.input": io.BytesIO(b"bodyrest"),
    }
    got = RestFront(inner, answer, 4)(environ | changes, lambda *_: None)  # type: ignore[arg-type,return-value]
    assert b"".join(got) == (b"front" if passes else b"inner")
    if passes:
        assert seen == [Asked("POST", "FiscalDrive/List", "a=1", "text/x", b"body", "ab")]
    assert len(inner.asked) == (not passes)
