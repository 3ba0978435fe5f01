"""The JSON API: every address, whose it is, and how it refuses."""

import errno
import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from reference.pos.web.counter import Counter
from reference.pos.web.routes import routes_of
from reference.runtime.journal_disk import Disk
from tests.pos.shop.conftest import PLOV
from tests.pos.web.conftest import Api


def test_a_day_through_the_api(api: Api) -> None:
    """UZ-POS-01, UZ-POS-03"""
    tea, boss = api.cafe.tea, api.cafe.boss
    _, place = api.ask("POST", "/places", {"name": "Stol 9", "kind": "table", "surcharge": 1000})
    _, order = api.ask("POST", "/orders", {"place": place["id"]})
    _, order = api.ask("POST", f"/orders/{order['id']}/lines", {"product": tea.id, "amount": 2000})
    _, order = api.ask("POST", f"/orders/{order['id']}/discount", {"discount": 1_000_00})
    assert (order["total"], order["employee"], order["number"]) == (9_900_00, boss.id, "#001")
    assert api.ask("POST", f"/orders/{order['id']}/confirm")[1]["state"] == "confirmed"
    payments = [{"kind": "card", "amount": 4_900_00}, {"kind": "cash", "amount": 6_000_00}]
    status, paid = api.ask("POST", f"/orders/{order['id']}/pay", {"payments": payments})
    assert (status, paid["change"], paid["order"]["state"]) == (200, 1_000_00, "completed")
    _, standing = api.ask("POST", "/standing")
    assert (standing["waiting"], standing["drive"]["unsent"]) == (0, 1)
    _, fiscal = api.ask("GET", f"/orders/{order['id']}/fiscal")
    assert (fiscal["state"], fiscal["number"]) == ("done", 1)
    _, paper = api.ask("GET", f"/orders/{order['id']}/paper")
    assert fiscal["sign"] in paper["text"]
    assert "TEST" in paper["text"]
    assert api.ask("GET", f"/orders/{order['id']}/left")[1] == [
        {"line": 0, "amount": 2000},
        {"line": 1, "amount": 1000},
    ]
    lines = [{"line": 0, "amount": 1000}]
    status, refund = api.ask("POST", f"/orders/{order['id']}/refund", {"lines": lines})
    assert (status, refund["refund_of"]) == (201, order["id"])
    assert api.ask("POST", "/standing")[1]["waiting"] == 0
    status, report = api.ask("POST", "/shift/close")
    assert (report["TotalSaleCount"], report["TotalRefundCount"]) == (1, 1)
    assert [each["number"] for each in api.ask("GET", "/orders?state=completed")[1]] == ["#002", "#001"]


def test_staff_settings_and_goods(api: Api) -> None:
    status, made = api.ask("POST", "/employees", {"first_name": "Nodir", "role": "cashier", "pin": "5555"})
    assert (status, set(made)) == (201, {"id", "first_name", "last_name", "role", "active"})
    assert api.ask("PATCH", f"/employees/{made['id']}", {"active": False})[1]["active"] is False
    assert api.ask("PATCH", "/settings", {"close_at": "22:00"})[1]["close_at"] == "22:00"
    product = {"name": "Shirchoy", "mxik": "00902001001000002", "price": 8_000_00, "stock": None}
    status, made = api.ask("POST", "/products", product)
    assert (status, made["stock"]) == (201, None)
    assert api.ask("PATCH", f"/products/{made['id']}", {"stock": 5000})[1]["stock"] == 5000
    assert [each["name"] for each in api.ask("GET", "/products?q=shirch")[1]] == ["Shirchoy"]
    assert api.ask("GET", "/categories")[1] == []
    assert api.ask("POST", "/test-receipt")[1]["number"] == 1


def test_an_application_is_answered(api: Api) -> None:
    api.ask("PATCH", "/settings", {"apps": "wait"})
    order = api.cafe.order((api.cafe.tea, 1000))
    _, paid = api.ask(
        "POST", f"/orders/{order.id}/pay", {"payments": [{"kind": "click", "amount": 5_000_00}]}
    )
    payment = paid["payments"][0]
    assert payment["state"] == "pending"
    _, order_ = api.ask("POST", f"/payments/{payment['id']}/answer", {"confirmed": True})
    assert order_["state"] == "completed"
    assert api.ask("GET", f"/orders/{order.id}/payments")[1][0]["state"] == "confirmed"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "rule"),
    [
        ("GET", "/orders/none", None, 404, "order"),
        ("POST", "/orders", {"place": 99}, 404, "place"),
        ("POST", "/orders", {"place": "1"}, 422, "fields"),
        ("POST", "/orders", {"plaice": 1}, 422, "fields"),
        ("POST", "/orders", [], 422, "fields"),
        ("GET", "/orders?state=lost", None, 422, "fields"),
        ("GET", "/orders?day=yesterday", None, 422, "fields"),
        ("PATCH", "/products/0", {"price": 1}, 404, "http"),
        ("PATCH", "/products/1x", {"price": 1}, 404, "http"),
        ("PATCH", "/products/99999999999999999", {"price": 1}, 404, "http"),
        ("PATCH", "/settings", {"stir": "12"}, 422, "fields"),
        ("GET", "/nothing", None, 404, "http"),
        ("PUT", "/orders", None, 405, "http"),
    ],
)
def test_refusals_name_their_rule(
    api: Api, method: str, path: str, body: Any, status: int, rule: str
) -> None:
    answered, told = api.ask(method, path, body)
    assert (answered, told["error"]["rule"]) == (status, rule)
    assert set(told["error"]["text"]) == {"uz", "ru", "en"}


def test_a_body_that_is_no_json_is_named(api: Api) -> None:
    headers = {"Content-Type": "application/json"}
    status, told = api.ask("POST", "/orders", data=b'{"place": 1', headers=headers)
    assert (status, told["error"]["fields"][0]["field"]) == (422, "body")


def test_who_is_not_at_the_till_gets_nothing(api: Api) -> None:
    """Every address but the door's."""
    api.key = "somebody"
    public = {("GET", "/people"), ("POST", "/sessions"), ("DELETE", "/sessions")}
    for route in routes_of(Counter(api.cafe.desks(), api.cafe.worker)):
        if (route.method, route.path) in public:
            continue
        path = re.sub(r"\{\w+\}", "1", route.path)
        body = {} if route.body is not None else None
        status, told = api.ask(route.method, path, body)
        assert status in (401, 422), (route.method, route.path, told)
        if route.body is None:
            assert told["error"]["rule"] == "login", (route.method, route.path)


def test_a_waiter_reaches_no_further_than_his_role(api: Api) -> None:
    api.come(api.cafe.waiter.id, "1111")
    assert api.ask("GET", "/me")[1]["rights"] == ["confirm", "order"]
    order = api.ask("POST", "/orders", {})[1]["id"]
    api.ask("POST", f"/orders/{order}/lines", {"product": api.cafe.tea.id})
    for method, path, body in (
        ("POST", "/products", {"name": "x", "mxik": "0" * 17, "price": 1}),
        ("PATCH", "/settings", {"paper": 58}),
        ("POST", "/employees", {"first_name": "x", "role": "cook", "pin": "1234"}),
        ("POST", f"/orders/{order}/pay", {"payments": [{"kind": "cash", "amount": 5_000_00}]}),
        ("POST", f"/orders/{order}/discount", {"discount": 1}),
        ("POST", f"/orders/{order}/refund", {}),
        ("POST", "/shift/close", None),
        ("POST", "/test-receipt", None),
        ("POST", "/payments/1/answer", {"confirmed": True}),
    ):
        assert api.ask(method, path, body)[0] == 403, path


def test_pins_are_refused_alike_and_lock(api: Api) -> None:
    for _ in range(5):
        status, told = api.ask("POST", "/sessions", {"employee": api.cafe.waiter.id, "pin": "0000"})
        assert (status, told["error"]["rule"]) == (409, "pin")
    status, told = api.ask("POST", "/sessions", {"employee": api.cafe.waiter.id, "pin": "1111"})
    assert (status, told["error"]["rule"]) == (429, "tries")
    assert "until" in told["error"]


def test_leaving_ends_the_session(api: Api) -> None:
    assert api.ask("DELETE", "/sessions") == (200, {"done": True})
    assert api.ask("GET", "/me")[0] == 401


def test_a_service_that_is_gone_is_503(api: Api) -> None:
    api.cafe.till.wire.down = True
    status, told = api.ask("POST", "/shift/close")
    assert (status, told["error"]["rule"]) == (503, "service")


def test_nothing_of_the_inside_is_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(api.cafe.places), "all", lambda _: 1 / 0)
    status, told = api.ask("GET", "/places")
    assert (status, told["error"]["rule"]) == (500, "inside")
    assert "division" not in str(told)


def test_pages_of_other_sites_are_kept_away(api: Api) -> None:
    assert api.ask("GET", "/people", headers={"Host": "evil.example"})[0] == 403
    assert api.ask("POST", "/orders", {}, headers={"Origin": "http://evil.example"})[0] == 403


def test_the_document_is_valid_and_whole(api: Api) -> None:
    document = api.http.get("/api/openapi.json").get_json()
    validate(document)
    described = {(m.upper(), p.removeprefix("/api")) for p, ms in document["paths"].items() for m in ms}
    table = routes_of(Counter(api.cafe.desks(), api.cafe.worker))
    assert described == {(route.method, route.path) for route in table}


def test_the_receipt_as_a_file(api: Api) -> None:
    order = api.cafe.sold((api.cafe.tea, 1000))
    answer = api.http.get(f"/orders/{order.id}/paper.txt")
    assert answer.mimetype == "text/plain"
    assert "Ko'k choy" in answer.get_data(as_text=True)
    assert api.http.get("/orders/none/paper.txt").status_code == 404
    page = api.http.get("/")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "TEST" in page.get_data(as_text=True)


def test_without_an_owners_portal_there_is_nothing_to_link_to(api: Api) -> None:
    assert api.ask("GET", "/standing")[1]["report"] is None
    for method, path, body in (
        ("POST", "/owner/offer", None),
        ("GET", "/owner/qr", None),
        ("POST", "/owner/login", {"login": "pos-1", "password": "x"}),
    ):
        status, told = api.ask(method, path, body)
        assert (status, told["error"]["rule"]) == (404, "portal")


# --- control -------------------------------------------------------------------------------------------


def control(api: Api, method: str, path: str, body: Any = None) -> Any:
    answer = api.http.open(f"/control{path}", method=method, json=body, headers={"X-Kassalab": "control"})
    assert answer.status_code in (200, 201), answer.get_data(as_text=True)
    return answer.get_json()


def test_control_shows_resets_and_restores(api: Api) -> None:
    api.cafe.sold((api.cafe.tea, 1000))
    control(api, "POST", "/snapshot", {"name": "noon"})
    api.cafe.order((api.cafe.plov, 1000))
    assert control(api, "GET", "/state")["counts"]["orders"] == 2
    control(api, "POST", "/restore", {"name": "noon"})
    assert control(api, "GET", "/state")["counts"]["orders"] == 1
    assert control(api, "POST", "/do/round")["waiting"] == 0
    assert control(api, "POST", "/do/settings", {"settings": {"paper": 58}})["paper"] == 58
    assert control(api, "POST", "/do/close-shift")["TotalSaleCount"] == 1
    control(api, "POST", "/reset", {"settings": {"close_at": ""}})
    state = control(api, "GET", "/state")
    assert (state["counts"]["orders"], state["settings"]["close_at"]) == (0, "")
    refused = api.http.post("/control/reset", json={"settings": {"paper": 60}})
    assert refused.status_code == 422


def test_control_says_why_a_shift_stays_open(api: Api) -> None:
    def refused() -> tuple[int, str]:
        answer = api.http.post("/control/do/close-shift", json={})
        return answer.status_code, answer.get_json()["error"]["rule"]

    assert refused() == (409, "till")  # none was opened
    api.cafe.sold((api.cafe.tea, 1000))
    api.cafe.till.wire.down = True
    assert refused() == (503, "service")
    api.cafe.till.wire.down = False
    assert control(api, "POST", "/do/close-shift")["TotalSaleCount"] == 1


def no_room(*_: object) -> None:
    """A disk that is full."""
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("full", [False, True], ids=["at once", "the second time"])
@pytest.mark.parametrize("back", ["reset", "restore"])
def test_a_name_that_is_given_again_is_another_order(
    api: Api, back: str, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not get the receipt of the order that had its name before."""
    control(api, "POST", "/snapshot", {"name": "dawn"})
    before = api.cafe.sold((api.cafe.tea, 1000))
    control(api, "POST", "/do/round")
    old = api.ask("GET", f"/orders/{before.id}/fiscal")[1]
    assert (old["state"], old["number"]) == ("done", 1)
    wanted = {"name": "dawn"} if back == "restore" else {}
    if full:
        monkeypatch.setattr(Disk, "write", no_room)
        refused = api.http.post(f"/control/{back}", json=wanted)
        assert (refused.status_code, refused.get_json()["error"]["rule"]) == (503, "disk")
        monkeypatch.undo()
    control(api, "POST", f"/{back}", wanted)
    if back == "reset":
        api.cafe.boss = api.cafe.staff.add({"first_name": "Aziza", "role": "administrator", "pin": "123456"})
        api.cafe.plov = api.cafe.catalogue.add(PLOV)
    api.come(api.cafe.boss.id, "123456")
    after = api.cafe.sold((api.cafe.plov, 1000))
    assert after.id == before.id
    control(api, "POST", "/do/round")
    new = api.ask("GET", f"/orders/{after.id}/fiscal")[1]
    assert (new["state"], new["number"]) == ("done", 2)
    assert new["sign"] != old["sign"]


def test_a_disk_that_takes_nothing_is_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Disk, "write", no_room)
    status, told = api.ask("POST", "/test-receipt")
    assert (status, told["error"]["rule"]) == (503, "disk")
    assert set(told["error"]["text"]) >= {"uz", "ru"}
    paid = api.cafe.order((api.cafe.tea, 1000))
    payments = [{"kind": "cash", "amount": 5_000_00}]
    assert api.ask("POST", f"/orders/{paid.id}/pay", {"payments": payments})[0] == 200
    refused = api.http.post("/control/reset", json={})
    assert (refused.status_code, refused.get_json()["error"]["rule"]) == (503, "disk")
    assert "No space left" in control(api, "POST", "/do/round")["trouble"]
    monkeypatch.undo()
    assert control(api, "POST", "/do/round") == {"waiting": 0, "trouble": ""}
