"""The keys as a JSON API, the papers, the description, and who is kept away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from reference.kkm.http import create_app
from reference.kkm.openapi import openapi_document
from reference.kkm.orders import KEY_BODIES
from reference.runtime.control import control_blueprint
from tests.kkm.shop import DEVICE, TOKEN, Shop, open_shop, sale, web
from tests.waiting import eventually


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def shop(opened: Shop) -> Shop:
    opened.fresh()
    return opened


def described(name: str, value: Any) -> None:
    """The value is what the API's own description says."""
    document = openapi_document()
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def error(response: Any, status: int) -> tuple[str, str]:
    assert response.status_code == status, response.text
    described("Error", response.json())
    return response.json()["error"]["field"], response.json()["error"]["rule"]


def test_a_sale_online(shop: Shop) -> None:
    answer = shop.press("sell", sale(350_00, taken=1000_00))
    described("Pressed", answer)
    assert (answer["outcome"], answer["mode"], answer["code"], answer["local"]) == ("done", "ONLINE", 0, "")
    document = answer["document"]
    assert (document["number"], document["kind"], document["operation"]) == (1, "ticket", "SELL")
    assert (document["total"], document["shift"], document["autonomous"]) == (350_00, 1, False)
    assert document["time"] == "2026-07-01T12:00:00"
    assert document["qr"].startswith(f"{shop.operator.base}/?i={document['sign']}&f=")
    assert answer["tape"][0].strip() == "*** TEST ***"
    assert "Сдача/Қайтарым            650.00" in answer["tape"]
    page = web.get(document["qr"], follow_redirects=True)
    assert page.status_code == 200
    assert document["sign"] in page.text


def test_a_sale_without_a_line_is_queued_and_delivered(shop: Shop) -> None:
    answer = shop.lose_line()
    described("Pressed", answer)
    assert (answer["outcome"], answer["mode"], answer["document"]["autonomous"]) == (
        "queued",
        "OFFLINE",
        True,
    )
    assert answer["document"]["sign"] == str(answer["document"]["offline_number"])
    assert "      АВТОНОМНЫЙ/АВТОНОМДЫ" in answer["tape"]
    shop.press("deposit", {"sum": 5})
    state = shop.state()
    described("State", state)
    assert state["queue"]["length"] + bool(state["in_flight"]) == 2
    assert 0 < state["offline_left_seconds"] <= 72 * 3600
    shop.control("do/mend-line")
    shop.tick(61)
    eventually(lambda: shop.state()["mode"] == "ONLINE")
    first = web.get(f"{shop.base}/keys/documents/1").json()
    assert first["delivery"] == "delivered"
    assert first["server_sign"] not in ("", first["sign"])


def test_what_the_register_refuses_is_an_answer(shop: Shop) -> None:
    answer = shop.press("withdraw", {"sum": 1})
    described("Pressed", answer)
    assert (answer["outcome"], answer["document"], answer["tape"]) == ("refused", None, [])
    assert answer["code"] == 14 or answer["local"] == "cash"
    assert answer["text"]
    wrong = shop.press("sell", {"items": []})
    described("Pressed", wrong)
    assert wrong["outcome"] == "refused"


def test_a_return_without_rnm_means_this_register(shop: Shop) -> None:
    sold = shop.press("sell", sale())["document"]
    parent = {"number": sold["sign"], "time": sold["time"], "total": sold["total"]}
    back = shop.press("sell-return", sale(parent=parent))
    assert back["outcome"] == "done"
    assert "По чеку/Чек бойынша" in " ".join(back["tape"])
    row = shop.operator.order("documents", id=DEVICE, after=1, limit=1)["documents"][0]
    assert f"990000{DEVICE:06d}" in json.dumps(row, default=str)


def test_x_z_and_their_figures(shop: Shop) -> None:
    shop.press("sell", sale(100_00))
    x = shop.press("x")["document"]
    z = shop.press("z", {"withdraw": True})["document"]
    described("Document", z)
    assert (x["kind"], z["kind"]) == ("x", "z")
    assert (x["report"]["cash"], z["report"]["cash"]) == (100_00, 0)
    assert z["report"]["non_nullable"] == [{"operation": 2, "sum": 100_00}]
    assert shop.state()["shift"] == {"open": False, "number": 2, "opened": None, "hours": 0.0}


def test_token_info_address_and_pulse(shop: Shop) -> None:
    assert shop.press("info")["document"]["kind"] == "info"
    assert shop.press("address", {"server": f"127.0.0.1:{shop.operator.port}"})["outcome"] == "done"
    far = shop.press("address", {"server": "8.8.8.8:7777"})
    assert (far["outcome"], far["local"]) == ("refused", "validation")
    assert "neither loopback nor private" in far["text"]
    pulse = shop.press("pulse")
    assert pulse["state"]["mode"] == "ONLINE"
    new = shop.operator.order("issue-token", id=DEVICE)["token"]
    assert new != TOKEN
    assert shop.press("sell", sale())["mode"] == "TOKEN_INVALID"
    assert shop.press("token", {"token": new})["outcome"] == "done"
    eventually(lambda: shop.state()["mode"] == "ONLINE")


def test_documents_and_papers(shop: Shop) -> None:
    for total in (1_00, 2_00, 3_00):
        shop.press("sell", sale(total))
    found = web.get(f"{shop.base}/keys/documents?after=1&limit=1").json()
    described("Documents", found)
    assert [one["number"] for one in found["documents"]] == [2]
    assert shop.state()["printed"] == 3
    base = f"{shop.base}/keys/documents/2"
    assert web.get(base).json() == found["documents"][0]
    narrow, wide = (web.get(f"{base}/tape?width={width}").text for width in (32, 48))
    assert "2.00" in narrow
    assert max(map(len, narrow.splitlines())) == 32
    assert max(map(len, wide.splitlines())) == 48
    assert "█" in web.get(f"{base}/tape?qr=1").text
    picture = web.get(f"{base}/qr.svg")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml; charset=utf-8")


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/keys/documents/9", 404, ("number", "exists")),
        ("/keys/documents/9/tape", 404, ("number", "exists")),
        ("/keys/documents/9/qr.svg", 404, ("number", "exists")),
        ("/keys/documents/x", 404, ("number", "exists")),
        ("/keys/documents/1/tape?width=40", 400, ("width", "width")),
        ("/keys/documents?after=-1", 400, ("after", "number")),
        ("/keys/sell", 405, ("", "method-not-allowed")),
        ("/nothing", 404, ("", "not-found")),
    ],
)
def test_what_is_not_there(shop: Shop, path: str, status: int, expected: tuple[str, str]) -> None:
    assert error(web.get(shop.base + path), status) == expected


def test_a_paper_without_a_qr_code(shop: Shop) -> None:
    shop.press("deposit", {"sum": 1})
    assert error(web.get(f"{shop.base}/keys/documents/1/qr.svg"), 404) == ("number", "qr")


def test_a_body_that_is_no_order(shop: Shop) -> None:
    url = f"{shop.base}/keys"
    assert error(web.post(f"{url}/nothing", json={}), 404) == ("key", "known")
    assert error(web.post(f"{url}/deposit", json={}), 400) == ("sum", "missing")
    assert error(web.post(f"{url}/deposit", json={"sum": -1}), 400) == ("sum", "greater-than-equal")
    json_type = {"Content-Type": "application/json"}
    assert error(web.post(f"{url}/deposit", content=b"{", headers=json_type), 400) == ("", "json-invalid")
    big = b'{"sum": ' + b" " * 5_000_000 + b"1}"
    assert (
        error(web.post(f"{url}/deposit", content=big, headers=json_type), 413)[1]
        == "request-entity-too-large"
    )
    assert shop.state()["printed"] == 0


def test_pages_of_other_sites_cannot_press_keys(shop: Shop) -> None:
    url = f"{shop.base}/keys/deposit"
    assert error(web.post(url, data={"sum": "1"}), 415) == ("Content-Type", "content-type")
    other = {"Origin": "http://evil.example"}
    assert error(web.post(url, json={"sum": 1}, headers=other), 403) == ("Origin", "origin")
    assert error(web.post(url, json={"sum": 1}, headers={"Host": "evil.example"}), 403) == ("Host", "host")
    assert error(web.get(f"{shop.base}/keys/state", headers={"Host": "evil.example"}), 403) == (
        "Host",
        "host",
    )
    assert shop.state()["printed"] == 0


def test_beyond_this_machine_a_token_is_asked_for(shop: Shop) -> None:
    process = shop.process
    control = control_blueprint(
        process.control, shop.clock, process.clock, process.faults, process.events,
        shop.process.control._folder, "s3cret", "0.0.0.0",
    )  # fmt: skip
    app = create_app(lambda: process.control.register, control, "0.0.0.0", "s3cret")
    client = app.test_client()
    refused = client.get("/keys/state", headers={"Host": "till.example"})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert client.get("/").status_code == 401
    allowed = client.get("/keys/state", headers={"Host": "till.example", "X-Kassalab-Token": "s3cret"})
    assert allowed.status_code == 200


def test_the_page_asks_nobody_else(shop: Shop) -> None:
    page = web.get(f"{shop.base}/")
    assert page.status_code == 200
    assert "TEST" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("register.css", "register.js", "ask.js", "papers.js", "sums.js"):
        found = web.get(f"{shop.base}/static/{name}")
        assert found.status_code == 200, name
        assert "http://" not in found.text
        assert "https://" not in found.text
    assert "https://" not in page.text
    assert 'style="' not in page.text


def test_the_description_is_openapi_and_knows_every_key(shop: Shop) -> None:
    document = web.get(f"{shop.base}/keys/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    pressed = {path.removeprefix("/keys/") for path, item in document["paths"].items() if "post" in item}
    assert pressed == set(KEY_BODIES)
    schema = {
        "$ref": document["paths"]["/keys/sell"]["post"]["requestBody"]["content"]["application/json"][
            "schema"
        ]["$ref"],
        "components": document["components"],
    }
    check = jsonschema.Draft202012Validator(schema)
    assert check.is_valid(sale(taken=5))
    assert not check.is_valid({"items": [{"name": "a"}]})
    assert not check.is_valid(sale(nonsense=1))


def test_the_control_api_lives_beside_the_keys(shop: Shop) -> None:
    state = web.get(f"{shop.base}/control/state").json()
    assert state["mode"] == "ONLINE"
    assert state["settings"]["device_id"] == DEVICE
    document = web.get(f"{shop.base}/control/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    assert web.get(f"{shop.base}/control/").status_code == 200
