"""The owner portal's API, a stranger at every address, and a point of sale that reports to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Blueprint, Flask
from openapi_spec_validator import validate

from reference.backoffice.desks import Desks, desks_of
from reference.backoffice.part import NAME, ROWS_FILE, BackofficePart
from reference.backoffice.secrets import Seal
from reference.backoffice.tables import Receipt
from reference.backoffice.web.app import create_app
from reference.backoffice.web.counter import Counter
from reference.backoffice.web.routes import routes_of
from reference.pos.shop.reporting import Reporter
from reference.pos.shop.worker import Worker
from reference.pos.web.app import create_app as create_pos
from reference.pos.web.counter import Counter as PosCounter
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.refusals import RefusedError
from tests.backoffice.conftest import NAMES, PASSWORD, PHONE, Back
from tests.pos.conftest import make_bench as make_bench
from tests.pos.conftest import shop as shop
from tests.pos.shop.conftest import Cafe
from tests.pos.shop.conftest import cafe as cafe
from tests.pos.ways import Through


class Api:
    def __init__(self, back: Back, desks: Desks, app: Flask) -> None:
        self.back = back
        self.desks = desks
        self.app = app
        self.http = app.test_client()
        self.key = ""

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        more = {} if body is None else {"json": body}
        answer = self.http.open(f"/api{path}", method=method, headers=headers, **more)
        return answer.status_code, answer.get_json()

    def enrol(self, phone: str = PHONE) -> None:
        self.key = ""
        _, told = self.ask("POST", "/enrolments", {"phone": phone})
        key = told["key"]
        assert self.ask("POST", f"/enrolments/{key}/confirm", {"code": self.back.code()})[0] == 200
        names = NAMES | {"password": PASSWORD, "password_repeated": PASSWORD}
        status, told = self.ask("POST", f"/enrolments/{key}/finish", names)
        assert status == 201, told
        self.key = told["session"]


@pytest.fixture
def api(back: Back, tmp_path: Path) -> Iterator[Api]:
    desks = desks_of(back.office, Seal(tmp_path / "seal.key"))
    part = BackofficePart(desks)
    clock = back.office.clock
    events = EventLog(tmp_path / "events", clock, NAME)
    faults = FaultPoints({}, clock, NAME, {})
    control = control_blueprint(part, back.lab, clock, faults, events, tmp_path, None)
    yield Api(back, desks, create_app(desks, control, logins="10000 per minute"))
    events.close()


def test_from_the_phone_to_the_dashboard(api: Api) -> None:
    api.enrol()
    assert api.ask("GET", "/me")[1]["business"] == "Sinov choyxona"
    status, told = api.ask("GET", "/dashboard")
    assert (status, told["figures"]["now"]["revenue"], told["percent"]["revenue"]) == (200, 0, None)
    status, made = api.ask("POST", "/branches", {"name": "Markaziy"})
    assert (status, made["branch"]["name"], len(made["password"])) == (201, "Markaziy", 10)
    assert api.ask("POST", "/branches", {"name": "Ikkinchi"})[0] == 409
    assert api.ask("GET", "/branches")[1]["used"] == 1
    status, invoice = api.ask("POST", "/subscription", {"plan": "start", "months": 1, "provider": "payme"})
    assert (status, invoice["state"]) == (201, "waiting")
    assert api.ask("GET", f"/invoices/{invoice['id']}")[1]["amount"] == 99_000_00
    card = {"brand": "Visa", "last": "4242", "expiry": "12/28"}
    assert api.ask("PUT", "/subscription/card", card) == (200, {"done": True})
    assert api.ask("PUT", "/subscription/renewal", {"renews": True})[0] == 200
    assert api.ask("GET", "/subscription")[1]["subscription"]["renews"] is True
    assert api.ask("DELETE", "/subscription/card")[0] == 200
    branch = made["branch"]["id"]
    merchant = {"store": "test-1", "application": "test-2", "secret": "test-3"}
    assert api.ask("PUT", f"/branches/{branch}/merchants/multicard", merchant)[1]["token"] is True
    assert api.ask("GET", f"/branches/{branch}/merchants")[1]["soon"] == ["atmos", "click", "payme"]
    assert api.ask("DELETE", "/sessions")[0] == 200
    assert api.ask("GET", "/me")[0] == 401


def test_what_may_have_changed_something_is_told(back: Back, tmp_path: Path) -> None:
    """The portal looks for what is to be renewed then; looking and what was refused change nothing."""
    told: list[str] = []
    desks = desks_of(back.office, Seal(tmp_path / "seal.key"))
    api = Api(back, desks, create_app(desks, changed=lambda: told.append("changed")))
    assert api.ask("GET", "/outbox")[0] == 200
    assert api.ask("POST", "/enrolments", {"phone": "nobody's"})[0] == 422
    assert told == []
    assert api.ask("POST", "/enrolments", {"phone": PHONE})[0] == 201
    assert told == ["changed"]


def test_payment_providers_call_in(api: Api) -> None:
    answer = api.http.post("/payme", data=b"no json").get_json()
    assert answer["error"]["code"] == -32504
    assert api.http.post("/click", data={}).get_json()["error"] == -8


def test_a_stranger_gets_nothing_anywhere(api: Api) -> None:
    """Every address, without a session and as another owner."""
    api.enrol()
    mine = api.key
    _, made = api.ask("POST", "/branches", {"name": "Markaziy"})
    branch = made["branch"]["id"]
    _, invoice = api.ask("POST", "/subscription", {"plan": "start", "months": 1, "provider": "payme"})
    bodies: dict[str, Any] = {
        "/password": {"password": "x", "password_repeated": "y"},
        "/branches/{id}": {"name": "Boshqa"},
        "/branches/{id}/links": {"code": "x"},
        "/branches/{id}/merchants/multicard": {"store": "s", "application": "a", "secret": "x"},
        "/subscription": {"plan": "start", "months": 1, "provider": "payme"},
        "/subscription/card": {"brand": "Visa", "last": "4242", "expiry": "12/28"},
        "/subscription/renewal": {"renews": True},
        "/branches": {"name": "Ikkinchi"},
        "/sync/changes": {"changes": []},
    }
    for route in routes_of(Counter(api.desks)):
        if route.public:
            continue
        path = re.sub(r"\{\w+\}", str(branch), route.path)
        body = bodies.get(route.path) if route.body is not None else None
        api.key = ""
        status, told = api.ask(route.method, path, body)
        assert (status, told["error"]["rule"]) == (401, "login"), (route.method, route.path, told)
    api.enrol("+998907654321")
    for method, path, body in (
        ("GET", f"/branches/{branch}", None),
        ("PATCH", f"/branches/{branch}", {"name": "Mening"}),
        ("POST", f"/branches/{branch}/password", None),
        ("POST", f"/branches/{branch}/links", {"code": "x"}),
        ("DELETE", f"/branches/{branch}/links/1", None),
        ("GET", f"/branches/{branch}/merchants", None),
        ("PUT", f"/branches/{branch}/merchants/multicard", bodies["/branches/{id}/merchants/multicard"]),
        ("GET", f"/invoices/{invoice['id']}", None),
        ("GET", "/orders/1", None),
        ("GET", f"/orders?branch={branch}", None),
        ("GET", f"/dashboard?branch={branch}", None),
        ("GET", f"/products?branch={branch}", None),
        ("GET", f"/staff?branch={branch}", None),
        ("GET", f"/transactions?branch={branch}", None),
    ):
        assert api.ask(method, path, body)[0] == 404, path
    api.key = mine
    assert api.ask("GET", f"/branches/{branch}")[1]["name"] == "Markaziy"


def test_a_reset_password_comes_first(api: Api) -> None:
    api.enrol()
    given = api.http.post("/control/do/reset-password", json={"phone": PHONE}).get_json()["password"]
    api.key = api.ask("POST", "/sessions", {"phone": PHONE, "password": given})[1]["session"]
    assert api.ask("GET", "/me")[1]["renew"] is True
    assert api.ask("GET", "/dashboard")[1]["error"]["rule"] == "renew"
    new = {"password": "new-parol-1", "password_repeated": "new-parol-1"}
    assert api.ask("POST", "/password", new)[0] == 200
    assert api.ask("GET", "/dashboard")[0] == 200


def test_the_document_is_valid(api: Api) -> None:
    document = api.http.get("/api/openapi.json").get_json()
    validate(document)
    described = {(m.upper(), p.removeprefix("/api")) for p, ms in document["paths"].items() for m in ms}
    assert described == {(route.method, route.path) for route in routes_of(Counter(api.desks))}


def test_control_stops_renews_and_puts_back(api: Api) -> None:
    api.enrol()
    state = api.http.get("/control/state").get_json()
    assert (state["counts"]["owners"], "payme_key" in state["settings"]) == (1, False)
    assert api.http.post("/control/snapshot", json={"name": "one"}).status_code == 201
    owner = api.ask("GET", "/me")[1]["owner"]
    assert api.http.post("/control/do/stop-subscription", json={"owner": owner}).status_code == 200
    assert api.ask("GET", "/subscription")[1]["subscription"]["state"] == "stopped"
    assert api.http.post("/control/do/keep-up", headers={"X-Kassalab": "control"}).get_json() == {
        "renewed": 0
    }
    assert api.http.post("/control/restore", json={"name": "one"}).status_code == 200
    assert api.ask("GET", "/subscription")[1]["subscription"]["state"] == "active"
    assert api.http.post("/control/reset", json={"settings": {"trial_days": 3}}).status_code == 200
    assert api.ask("GET", "/me")[0] == 401
    assert api.http.post("/control/do/settings", json={"settings": {"trial_days": -1}}).status_code == 422
    assert api.http.post("/control/do/reset-password", json={"phone": PHONE}).status_code == 422
    assert api.http.post("/control/do/stop-subscription", json={"owner": 9}).status_code == 422


def test_logins_are_limited(back: Back, tmp_path: Path) -> None:
    desks = desks_of(back.office, Seal(tmp_path / "seal.key"))
    client = create_app(desks, logins="3 per minute").test_client()
    statuses = [
        client.post("/api/sessions", json={"phone": PHONE, "password": "x"}).status_code for _ in range(5)
    ]
    assert statuses == [409, 409, 409, 429, 429]


# --- a point of sale reports ---------------------------------------------------------------------------


class Line(httpx.BaseTransport):
    """The way to the owner's portal, which may be down or lose answers."""

    def __init__(self, app: Flask) -> None:
        self.below = httpx.WSGITransport(app=app)
        self.down = False
        self.lose = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("connection refused")
        answer = self.below.handle_request(request)
        answer.read()
        if self.lose:
            raise httpx.ReadError("connection reset")
        return answer


@pytest.fixture
def line(api: Api) -> Line:
    return Line(api.app)


@pytest.fixture
def reporter(cafe: Cafe, line: Line) -> Iterator[Reporter]:
    made = Reporter(cafe.premises, "http://owner", "Kassa 1", Through(line))
    yield made
    made.close()


def test_real_orders_reach_the_owner(api: Api, cafe: Cafe, reporter: Reporter, line: Line) -> None:
    """BX-DATA-01, BX-BRN-02: linked by the QR code; fiscal data too"""
    api.enrol()
    branch = api.ask("POST", "/branches", {"name": "Markaziy"})[1]["branch"]["id"]
    offered = reporter.offer()
    assert (offered.linked, bool(offered.code)) == (False, True)
    assert reporter.run().linked is False
    assert api.ask("POST", f"/branches/{branch}/links", {"code": offered.code})[0] == 201
    sale = cafe.sold((cafe.tea, 2000), (cafe.plov, 1000), kind="payme")
    told = reporter.run()
    assert (told.linked, told.waiting, told.trouble) == (True, 0, "")
    period = "?first=2026-07-01&last=2026-07-01"
    seen = api.ask("GET", f"/dashboard{period}")[1]["figures"]
    assert (seen["now"]["revenue"], seen["now"]["product_profit"]) == (55_000_00, 35_000_00)
    assert seen["unacknowledged"] == 1
    (row,) = api.ask("GET", "/orders")[1]
    assert (row["number"], row["fiscal"], row["employee"]) == ("#001", "done", "Aziza")
    one = api.ask("GET", f"/orders/{row['id']}")[1]
    fiscal = cafe.fiscal.of(sale.id)
    assert fiscal is not None
    assert one["receipt"]["sign"] == fiscal.sign
    assert {each["group"] for each in api.ask("GET", "/transactions")[1]["rows"]} == {"mobile"}
    cafe.refunds.refund(cafe.boss, sale.id)
    line.down = True
    assert reporter.run().trouble
    line.down = False
    line.lose = True
    assert reporter.run().waiting > 0
    line.lose = False
    assert reporter.run().waiting == 0
    assert api.ask("GET", f"/dashboard{period}")[1]["figures"]["now"]["revenue"] == 0
    assert api.ask("GET", "/branches")[1]["branches"][0]["links"][0]["live"] is True


def test_the_pos_shows_its_code_as_a_picture(
    api: Api, cafe: Cafe, reporter: Reporter, tmp_path: Path
) -> None:
    """BX-BRN-02"""
    bench = cafe.till.bench
    worker = Worker(cafe.premises, cafe.fiscal, cafe.settings, cafe.till.client, bench.lab, reporter)
    app = create_pos(
        PosCounter(cafe.desks(), worker, reporter), Blueprint("control", __name__), "127.0.0.1", None
    )
    http = app.test_client()
    headers = {"X-Kassalab": "control"}
    coming = {"employee": cafe.boss.id, "pin": "123456"}
    key = http.post("/api/sessions", json=coming).get_json()["session"]
    headers["Authorization"] = f"Bearer {key}"
    assert http.get("/api/owner/qr", headers=headers).status_code == 404
    code = http.post("/api/owner/offer", headers=headers).get_json()["code"]
    assert http.get("/api/owner/qr", headers=headers).get_json()["picture"].startswith("data:image/svg+xml")
    api.enrol()
    branch = api.ask("POST", "/branches", {"name": "Markaziy"})[1]["branch"]["id"]
    assert api.ask("POST", f"/branches/{branch}/links", {"code": code})[0] == 201
    standing = http.post("/api/standing", headers=headers).get_json()
    assert (standing["report"]["linked"], standing["report"]["waiting"]) == (True, 0)


def test_a_link_that_was_cut_is_told(api: Api, cafe: Cafe, reporter: Reporter) -> None:
    """BX-BRN-02: the POS notices"""
    api.enrol()
    made = api.ask("POST", "/branches", {"name": "Markaziy"})[1]
    branch = made["branch"]
    assert reporter.log_in(branch["login"], made["password"]).linked
    assert reporter.run().waiting == 0
    link = api.ask("GET", "/branches")[1]["branches"][0]["links"][0]["id"]
    assert api.ask("DELETE", f"/branches/{branch['id']}/links/{link}")[0] == 200
    cafe.catalogue.change(cafe.tea.id, {"price": 6_000_00})
    told = reporter.run()
    assert (told.linked, told.trouble) == (False, "Ulanish o'chirilgan")
    assert reporter.log_in(branch["login"], made["password"]).linked
    assert reporter.run().waiting == 0
    assert [each["price"] for each in api.ask("GET", "/products?q=choy")[1]] == [6_000_00]


def test_a_pos_that_is_linked_again_counts_once(api: Api, cafe: Cafe, reporter: Reporter) -> None:
    """To the same branch, to another, and to another owner, who learns nothing of the one before."""
    api.enrol()
    api.http.post("/control/do/settings", json={"settings": {"trial_days": 30}})
    made = api.ask("POST", "/branches", {"name": "Markaziy"})[1]
    cafe.sold((cafe.tea, 1000))
    for _ in range(2):
        reporter.log_in(made["branch"]["login"], made["password"])
        assert reporter.run().waiting == 0
    mine = api.key
    assert len(api.ask("GET", "/orders")[1]) == 1
    assert len(api.ask("GET", "/branches")[1]["branches"][0]["links"]) == 1
    api.enrol("+998907654321")
    other = api.ask("POST", "/branches", {"name": "Boshqa"})[1]
    reporter.log_in(other["branch"]["login"], other["password"])
    assert reporter.run().waiting == 0
    assert api.ask("GET", "/orders")[1] == []
    cafe.sold((cafe.tea, 2000))
    assert reporter.run().waiting == 0
    assert [each["total"] for each in api.ask("GET", "/orders")[1]] == [10_000_00]
    api.key = mine
    assert [each["total"] for each in api.ask("GET", "/orders")[1]] == [5_000_00]
    assert api.ask("GET", "/branches")[1]["branches"][0]["links"] == []


def test_a_portal_put_back_is_told_again_from_where_it_is(api: Api, cafe: Cafe, reporter: Reporter) -> None:
    api.enrol()
    made = api.ask("POST", "/branches", {"name": "Markaziy"})[1]
    reporter.log_in(made["branch"]["login"], made["password"])
    reporter.run()
    api.http.post("/control/snapshot", json={"name": "before"})
    cafe.sold((cafe.tea, 1000))
    assert reporter.run().waiting == 0
    api.http.post("/control/restore", json={"name": "before"})
    cafe.sold((cafe.tea, 1000))
    assert reporter.run().waiting == 0
    assert len(api.ask("GET", "/orders")[1]) == 2


def test_a_snapshot_from_before_payments_were_summed_is_summed(
    api: Api, cafe: Cafe, reporter: Reporter, tmp_path: Path
) -> None:
    api.enrol()
    made = api.ask("POST", "/branches", {"name": "Markaziy"})[1]
    reporter.log_in(made["branch"]["login"], made["password"])
    cafe.sold((cafe.tea, 1000))
    assert reporter.run().waiting == 0
    with api.back.office.changing() as session:
        session.add(Receipt(provider="payme", key="one", id=1, invoice=1, state=1, created=7))
    part = BackofficePart(api.desks)
    part.snapshot(tmp_path)
    told = json.loads((tmp_path / ROWS_FILE).read_text(encoding="utf-8"))
    sums = told["rows"].pop("bx_sums_payment")
    assert [(each["payments"], each["amount"]) for each in sums] == [(1, 5_000_00)]
    del told["rows"]["bx_receipts"][0]["given"]
    (tmp_path / ROWS_FILE).write_text(json.dumps(told), encoding="utf-8")
    part.restore(tmp_path)
    part.snapshot(tmp_path)
    rows = json.loads((tmp_path / ROWS_FILE).read_text(encoding="utf-8"))["rows"]
    assert (rows["bx_sums_payment"], rows["bx_receipts"][0]["given"]) == (sums, 7)


def test_wrong_logins_and_a_portal_that_is_away(api: Api, reporter: Reporter, line: Line) -> None:
    with pytest.raises(RefusedError) as caught:
        reporter.log_in("pos-1", "x")
    assert caught.value.rule == "credentials"
    line.down = True
    with pytest.raises(RefusedError) as caught:
        reporter.offer()
    assert caught.value.rule == "away"
