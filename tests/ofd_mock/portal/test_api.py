"""The JSON API: the desks over HTTP, errors by field and rule, a stranger at every address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from ofd_mock.portal.moves import Act
from ofd_mock.portal.web.app import make_portal
from ofd_mock.portal.web.desks import desks_of
from ofd_mock.portal.web.routes import ROUTES
from tests.ofd_mock.portal.stand import DETAILS, HEAD, NUMBER, OTHER_NUMBER, PASSWORD, Stand, signed

OUTLET = {"name": "Магазин №1", "settlement": 2, "street": "Сауран", "house": "12"}
CARD = {"name": "Касса 1", "model": 1, "serial": "91862666525902", "year": 2019, "consent": True}


class Caller:
    """Somebody at the API, logged in or not."""

    def __init__(self, client: FlaskClient, session: str = "") -> None:
        self.client = client
        self.session = session

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.session}"} if self.session else {}
        given = {} if body is None else {"json": body}
        return self.client.open(f"/api{path}", method=method, headers=headers, **given, **more)

    def get(self, path: str, **query: str) -> Any:
        answer = self.send("GET", path, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def post(self, path: str, body: Any = None, status: int = 200, method: str = "POST") -> Any:
        answer = self.send(method, path, body)
        assert answer.status_code == status, answer.text
        return answer.json

    def log_in(self, login: str = NUMBER) -> Caller:
        made = self.post("/login", {"login": login, "password": PASSWORD}, 201)
        return Caller(self.client, made["session"])

    def sign(self, card: int, act: str, signer: Any = HEAD, **wish: Any) -> Any:
        wanted = {"act": act} | wish
        text = self.post(f"/cards/{card}/application", wanted)["text"]
        return self.post(f"/cards/{card}/sign", wanted | {"cms": signed(text, signer)})


@pytest.fixture
def anybody(stand: Stand) -> Iterator[Caller]:
    app = make_portal(desks_of(stand.office))
    with app.test_client() as client:
        yield Caller(client)


def test_what_may_have_changed_something_is_told(stand: Stand) -> None:
    """The portal looks for what is due then; looking and what was refused change nothing."""
    told: list[str] = []
    app = make_portal(desks_of(stand.office), changed=lambda: told.append("changed"))
    with app.test_client() as client:
        caller = Caller(client)
        caller.get("/banks")
        caller.post("/login", {"login": NUMBER, "password": "wrong"}, 409)
        assert told == []
        caller.post("/enrolments", status=201)
    assert told == ["changed"]


def test_the_document_is_valid_and_knows_every_address(anybody: Caller) -> None:
    document = anybody.get("/openapi.json")
    validate(document)
    known = {(method.upper(), path) for path, each in document["paths"].items() for method in each}
    assert known == {(route.method, f"/api{route.path}") for route in ROUTES}


def test_an_organisation_registers_and_sells_through_the_api_alone(stand: Stand, anybody: Caller) -> None:
    key = anybody.post("/enrolments", status=201)["key"]
    way = f"/enrolments/{key}"
    challenge = anybody.get(way)["challenge"]
    assert anybody.post(f"{way}/signature", {"cms": signed(challenge)})["number"] == NUMBER
    anybody.post(f"{way}/password", {"password": PASSWORD, "password_repeated": PASSWORD})
    anybody.post(f"{way}/email", {"email": DETAILS["email"]})
    code = anybody.get("/outbox")[0]["text"].rsplit(" ", 1)[-1]
    anybody.post(f"{way}/code", {"email": DETAILS["email"], "code": code})
    anybody.post(f"{way}/details", DETAILS)
    anybody.post(f"{way}/agreement", {"agreed": True})
    text = anybody.get(f"{way}/application")["text"]
    session = anybody.post(f"{way}/application", {"cms": signed(text)}, 201)["session"]
    owner = Caller(anybody.client, session)
    assert owner.get("/me")["login"] == NUMBER
    outlet = owner.post("/outlets", OUTLET, 201)
    assert outlet["address"] == "р-он Есиль, г. Нур-султан, Сауран, 12"
    card = owner.post("/cards", CARD | {"outlet": outlet["id"]}, 201)["id"]
    assert owner.post(f"/cards/{card}/check")["message"]["ru"].startswith("Все данные ККМ сохранены.")
    assert owner.sign(card, "sign-registration")["state"] == "WAIT_REG"
    stand.advance(hours=72)
    assert owner.send("GET", "/me").status_code == 401  # three days are longer than a session
    owner = anybody.log_in()
    assert owner.sign(card, "choose-tariff", tariff=2)["message"]["ru"] == "Тариф успешно выбран"
    token = owner.post(f"/cards/{card}/token")["token"]
    assert stand.sell(card, token=token).code == 0
    stand.keeper.run()
    cabinet = owner.get("/cabinet")
    assert (cabinet["total"], cabinet["active"]) == (1, 1)
    shown = cabinet["outlets"][0]["cards"][0]
    assert (shown["label"]["ru"], shown["sold"], shown["online"]) == ("Активная", 100_00, True)
    assert [paper["kind"] for paper in owner.get("/papers")] == ["tariff", "registration", "accession"]
    paper = owner.get(f"/papers/{owner.get('/papers')[0]['id']}")
    assert paper["text"].startswith("TEST")
    assert paper["cms"]
    assert owner.get("/account")["balance"] == 1_000_000 - 6_000
    assert owner.get("/organisation")["personal_account"] == 58_968


def test_a_refusal_names_rule_text_and_every_field(stand: Stand, anybody: Caller) -> None:
    stand.enrol()
    owner = anybody.log_in()
    answer = owner.send("POST", "/outlets", {"name": "x"})
    assert answer.status_code == 422
    assert {each["field"]: each["rule"] for each in answer.json["error"]["fields"]} == {
        "settlement": "required",
        "street": "required",
        "house": "required",
    }
    assert set(answer.json["error"]["text"]) == {"ru", "kk", "en"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "body"),
        ("[]", "body"),
        ("{", "body"),
        ('{"login": 5, "password": "x"}', "login"),
        ('{"login": "x"}', "password"),
        ('{"login": "x", "password": "x", "extra": 1}', "extra"),
        ('{"login": "' + "x" * 256 + '", "password": "x"}', "login"),
    ],
)
def test_a_body_that_does_not_fit_is_told_by_field(anybody: Caller, body: str, field: str) -> None:
    answer = anybody.client.post("/api/login", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"]["fields"][0]["field"] == field
    assert "Traceback" not in answer.text


def test_wrong_addresses_and_methods_answer_in_json(anybody: Caller) -> None:
    assert anybody.send("PATCH", "/login").status_code == 405
    assert "POST" in anybody.send("PATCH", "/login").headers["Allow"]
    unknown = anybody.client.get("/api/nothing")
    assert unknown.status_code == 404
    assert anybody.client.post("/api/login", data=b"x" * (3 << 20)).status_code == 413


def test_statuses_tell_refusals_apart(stand: Stand, anybody: Caller) -> None:
    stand.enrol()
    assert anybody.send("GET", "/cabinet").status_code == 401
    assert anybody.send("POST", "/login", {"login": NUMBER, "password": "x"}).status_code == 409
    for _ in range(4):
        anybody.send("POST", "/login", {"login": NUMBER, "password": "x"})
    locked = anybody.send("POST", "/login", {"login": NUMBER, "password": PASSWORD})
    assert (locked.status_code, locked.json["error"]["rule"]) == (429, "tries")
    stand.lab.advance(900)
    owner = anybody.log_in()
    assert owner.send("GET", "/cards/999999").status_code == 404
    for number in ("0", "-1", "x", "²", "9" * 30):
        assert owner.send("GET", f"/cards/{number}").status_code == 404
    assert owner.send("GET", "/account/statement", query_string={"first": "yesterday"}).status_code == 422


def test_nobody_reaches_a_private_address_without_a_session(anybody: Caller) -> None:
    asked = 0
    for route in ROUTES:
        if route.public:
            continue
        path = route.path.replace("{id}", "1")
        for session in ("", "guess"):
            answer = Caller(anybody.client, session).send(route.method, path, {})
            assert answer.status_code == 401, route
            asked += 1
    assert asked == 2 * sum(not route.public for route in ROUTES)


def test_a_stranger_walks_every_address_and_sees_nothing_of_ours(stand: Stand, anybody: Caller) -> None:
    owner_visitor = stand.owner()
    card = stand.registered(owner_visitor, name="СЕКРЕТ-КАССА", serial="SECRET-1")
    stand.do(owner_visitor, card, Act.SUSPEND)
    owner = anybody.log_in()
    outlet = stand.card(card).outlet
    paper = owner.get("/papers")[0]["id"]
    user = owner.get("/users")[0]["id"]
    group = owner.post("/groups", {"name": "СЕКРЕТ-ГРУППА"}, 201)["id"]
    stand.enrol(replace(HEAD, number=OTHER_NUMBER, name="ТОО MOCK", key="k2"))
    stranger = anybody.log_in(OTHER_NUMBER)
    ours = {
        "/outlets/{id}": outlet,
        "/cards/{id}": card,
        "/papers/{id}": paper,
        "/users/{id}": user,
        "/groups/{id}": group,
    }
    bodies: dict[str, Any] = {
        "/cards/{id}": CARD | {"outlet": outlet},
        "/cards/{id}/application": {"act": "suspend"},
        "/cards/{id}/sign": {"act": "suspend", "cms": signed("x")},
        "/cards/{id}/archives": {"table": "transactions"},
        "/users/{id}": {"role": 1},
        "/users/{id}/password": {"password": "Zyxwvu9?", "password_repeated": "Zyxwvu9?"},
        "/groups/{id}": {"outlets": [], "users": []},
    }
    before = stand.state(card), owner.get("/users"), owner.get("/groups")
    walked = 0
    for route in ROUTES:
        if route.public or route.path in ("/logout", "/me/password"):
            continue
        number = next((ours[head] for head in ours if route.path.startswith(head)), None)
        path = route.path if number is None else route.path.replace("{id}", str(number))
        body = {"name": "y"} if route.method == "PATCH" else bodies.get(route.path)
        answer = stranger.send(route.method, path, body if route.body else None)
        walked += 1
        assert "СЕКРЕТ" not in answer.text, route
        assert "SECRET" not in answer.text, route
        assert 'АО \\"ТЕСТ\\"' not in answer.text, route
        if number is not None:
            assert answer.status_code == 404, (route, answer.text)
    assert walked > 20
    assert before == (stand.state(card), owner.get("/users"), owner.get("/groups"))


def test_a_session_can_be_ended_by_its_owner(stand: Stand, anybody: Caller) -> None:
    stand.enrol()
    owner = anybody.log_in()
    owner.post("/logout")
    assert owner.send("GET", "/me").status_code == 401


def test_what_breaks_inside_is_not_told(
    stand: Stand, anybody: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.enrol()
    owner = anybody.log_in()

    def broken(*_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("ofd_mock.portal.card_views.CardViews.cabinet", broken)
    answer = owner.send("GET", "/cabinet")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert answer.json["error"]["rule"] == "inside"
