"""Both ways into the API, past Flask and through it, answer alike."""

from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from reference.pos.web.app import MAX_BODY
from reference.runtime.json_front import JsonFront
from tests.pos.web.conftest import Api

INTENT = {"X-Kassalab": "control"}


def app_of(api: Api) -> Flask:
    app = api.http.application
    assert isinstance(app.wsgi_app, JsonFront)
    return app


def told(client: FlaskClient, method: str, path: str, given: dict[str, Any]) -> tuple[str, bytes, list[Any]]:
    answer = client.open(path, method=method, **given)
    return answer.status, answer.data, sorted(Headers(answer.headers).to_wsgi_list())


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("GET", "/api/people", {}),
        ("GET", "/api/me", {}),
        ("GET", "/api/me", {"headers": {"Authorization": "Bearer nobody"}}),
        ("GET", "/api/orders", {}),
        ("GET", "/api/orders?state=open&day=2026-07-01", {}),
        ("GET", "/api/orders?state=gone", {}),
        ("GET", "/api/orders/{order}", {}),
        ("GET", "/api/orders/20260701-99999", {}),
        ("GET", "/api/orders/{order}/", {}),
        ("GET", "/api//orders/{order}", {}),
        ("GET", "/api/orders/Ro%E2%80%99yxat", {}),
        ("GET", "/api/orders/{order}%0A", {}),
        ("GET", "/api/orders/{order}/receipt.txt", {}),
        ("GET", "/api/orders/{order}/receiptXtxt", {}),
        ("PATCH", "/api/products/0", {"json": {"price": 1}}),
        ("PATCH", "/api/products/1e3", {"json": {"price": 1}}),
        ("PATCH", "/api/products/99", {"json": {"price": 1, "stock": None}}),
        ("PATCH", "/api/products/1", {"json": {"price": "ў", "vat": 1}}),
        ("POST", "/api/orders/{order}/lines", {"data": b"{", "content_type": "application/json"}),
        ("POST", "/api/orders/{order}/lines", {"data": b"{}", "content_type": "text/plain"}),
        ("POST", "/api/orders/{order}/confirm", {"headers": INTENT}),
        ("POST", "/api/orders/{order}/confirm", {}),
        ("POST", "/api/orders/{order}/confirm", {"headers": INTENT | {"Origin": "http://elsewhere"}}),
        ("POST", "/api/orders/{order}/confirm", {"headers": INTENT | {"Origin": "http://["}}),
        ("POST", "/api/orders/{order}/pay", {"json": {"payments": [{"kind": "cash", "amount": 0}]}}),
        ("GET", "/api/me", {"headers": {"Host": "elsewhere.example"}}),
        ("GET", "/api/me", {"headers": {"Host": "127.0.0.1:port"}}),
        ("POST", "/api/orders", {"headers": INTENT | {"Content-Length": str(MAX_BODY + 1)}}),
        ("POST", "/api/orders", {"headers": INTENT | {"Content-Length": "9" * 13}}),
        ("HEAD", "/api/me", {}),
        ("OPTIONS", "/api/me", {}),
        ("PUT", "/api/me", {"headers": INTENT}),
        ("GET", "/api/nothing", {}),
        ("GET", "/api/openapi.json", {}),
        ("GET", "/orders/{order}/paper.txt", {}),
    ],
)
def test_both_ways_answer_alike(api: Api, method: str, path: str, given: dict[str, Any]) -> None:
    cafe = api.cafe
    path = path.replace("{order}", cafe.order((cafe.tea, 1000)).id)
    given = given | {"headers": {"Authorization": f"Bearer {api.key}"} | given.get("headers", {})}
    app = app_of(api)
    quick = told(api.http, method, path, given)
    app.wsgi_app = Flask.wsgi_app.__get__(app)  # type: ignore[method-assign]
    assert quick == told(app.test_client(), method, path, given)
    assert ("X-Content-Type-Options", "nosniff") in quick[2]


def test_what_the_table_has_does_not_come_to_flask(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    front, came = app_of(api).wsgi_app, []

    def inner(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        came.append(environ["PATH_INFO"])
        start("204 NO CONTENT", [])
        return [b""]

    monkeypatch.setattr(front, "_inner", inner)
    order = api.cafe.order((api.cafe.tea, 1000)).id
    assert api.ask("GET", f"/orders/{order}")[0] == 200
    assert api.ask("POST", f"/orders/{order}/confirm")[0] == 200
    assert api.ask("POST", f"/orders/{order}/confirm", headers={"Host": "elsewhere"})[0] == 204
    assert api.ask("GET", "/openapi.json")[0] == 204
    assert came == [f"/api/orders/{order}/confirm", "/api/openapi.json"]


def test_a_failure_inside_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_order: str) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(api.cafe.orders, "one", broken)
    status, said = api.ask("GET", "/orders/1")
    assert (status, said["error"]["rule"]) == (500, "inside")
    assert "secret" not in str(said)
