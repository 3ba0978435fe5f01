from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from reference.runtime.control_models import SnapshotBody
from tests.runtime.bench import TestBench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> TestBench:
    return make_bench(tmp_path)


@pytest.fixture
def client(bench: TestBench) -> FlaskClient:
    return bench.app.test_client()


def error(response: Any) -> tuple[int, str, str, str]:
    body = response.get_json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"field", "rule", "text"}
    problem = body["error"]
    return response.status_code, problem["field"], problem["rule"], problem["text"]


def test_state_is_the_parts_own(client: FlaskClient) -> None:
    response = client.get("/control/state")
    assert response.status_code == 200
    assert response.get_json() == {
        "coins": 0,
        "limit": 100,
        "seal": "01ff",
        "owner": {"name": "<b>Anvar</b>"},
    }


def test_clock_shows_lab_time_and_parts(client: FlaskClient) -> None:
    state = client.get("/control/clock").get_json()
    assert state["part"] == "till"
    assert state["rate"] == 1.0
    assert state["parts"] == {"till": {"skew": 0.0, "drift": 0.0}}


def test_clock_advances_by_duration_text(bench: TestBench, client: FlaskClient) -> None:
    before = bench.clock.now()
    response = client.post("/control/clock", json={"advance": "47h59m"})
    assert response.status_code == 200
    assert timedelta(hours=47, minutes=59) <= bench.clock.now() - before < timedelta(hours=48)


def test_clock_sets_rate_skew_and_drift(bench: TestBench, client: FlaskClient) -> None:
    bench.clock.part("drive")
    response = client.post(
        "/control/clock", json={"rate": 0, "skew": {"till": "-5m"}, "drift": {"drive": 20.0}}
    )
    assert response.status_code == 200
    state = response.get_json()
    assert state["rate"] == 0
    assert state["parts"]["till"] == {"skew": pytest.approx(-300), "drift": 0.0}
    assert state["parts"]["drive"]["drift"] == 20.0
    assert bench.clock.part("till").skew == pytest.approx(-300)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"advance": -1}, "advance"),
        ({"advance": "soon"}, "advance"),
        ({"advance": True}, "advance"),
        ({"rate": -1}, "rate"),
        ({"skew": {"till": "1e400"}}, "skew.till"),
        ({"drift": {"till": -1e6}}, "drift.till"),
        ({"advanse": 1}, "advanse"),
        ({"skew": {"till": 1, "printer": 1}}, "skew.printer"),
        ({"drift": {"printer": 1}}, "drift.printer"),
    ],
)
def test_clock_refuses_what_cannot_be(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    status, found, _rule, text = error(client.post("/control/clock", json=body))
    assert (status, found) == (422, field)
    assert field.removeprefix("skew.").removeprefix("drift.") in text


def test_clock_refusal_changes_nothing(bench: TestBench, client: FlaskClient) -> None:
    generation = bench.clock.generation
    client.post("/control/clock", json={"advance": 5, "skew": {"till": 5, "printer": 5}})
    client.post("/control/clock", json={"advance": 5, "rate": -1})
    assert bench.clock.generation == generation


def test_fault_is_laid_hit_and_removed(bench: TestBench, client: FlaskClient) -> None:
    body = {
        "point": "till.open",
        "action": "delay",
        "delay": "2s",
        "count": None,
        "match": {"drawer": "left*"},
    }
    response = client.post("/control/faults", json=body)
    assert response.status_code == 201
    rule = response.get_json()
    assert rule | {"delay": 2.0, "count": None, "hits": 0, "over": False} == rule
    assert bench.faults.hit("till.open", drawer="right") is None
    hit = bench.faults.hit("till.open", drawer="left-1")
    assert hit is not None
    assert hit.delay == 2.0
    listed = client.get("/control/faults").get_json()
    assert listed["points"] == {"till.open": "when the drawer opens"}
    assert [one["hits"] for one in listed["rules"]] == [1]
    removed = client.delete(f"/control/faults/{rule['id']}", headers={"X-Kassalab": "control"})
    assert removed.get_json() == {"removed": 1}
    assert bench.faults.rules() == []


def test_faults_are_cleared_together(bench: TestBench, client: FlaskClient) -> None:
    for _ in range(3):
        client.post("/control/faults", json={"point": "till.open", "action": "drop"})
    assert client.delete("/control/faults", json={}).get_json() == {"removed": 3}
    assert bench.faults.rules() == []


def test_unknown_fault_point_names_the_known(client: FlaskClient) -> None:
    status, field, _, text = error(
        client.post("/control/faults", json={"point": "till.shut", "action": "drop"})
    )
    assert (status, field) == (422, "point")
    assert "till.open" in text


def test_unknown_fault_rule_is_404(client: FlaskClient) -> None:
    status, field, rule, _ = error(client.delete("/control/faults/99", json={}))
    assert (status, field, rule) == (404, "id", "exists")


def test_journal_after_limit_and_last(bench: TestBench, client: FlaskClient) -> None:
    for number in range(5):
        bench.events.record("coin", number=number)
    events = client.get("/control/journal?after=1&limit=2").get_json()["events"]
    assert [(event["n"], event["kind"], event["data"]) for event in events] == [
        (2, "coin", {"number": 1}),
        (3, "coin", {"number": 2}),
    ]
    tail = client.get("/control/journal?last=2").get_json()["events"]
    assert [event["n"] for event in tail] == [4, 5]


@pytest.mark.parametrize("query", ["after=-1", "limit=ten", "last=", "after=9999999999999999999"])
def test_journal_refuses_what_is_no_number(client: FlaskClient, query: str) -> None:
    status, field, rule, _ = error(client.get(f"/control/journal?{query}"))
    assert (status, field, rule) == (400, query.split("=")[0], "number")


def test_snapshot_and_restore(bench: TestBench, client: FlaskClient, tmp_path: Path) -> None:
    bench.till.coins = 7
    assert client.post("/control/snapshot", json={"name": "before"}).status_code == 201
    assert (tmp_path / "snapshots" / "before" / "coins").read_text() == "7"
    bench.till.coins = 0
    assert client.post("/control/restore", json={"name": "before"}).get_json() == {"name": "before"}
    assert bench.till.coins == 7
    assert client.get("/control/snapshot").get_json() == {"snapshots": ["before"]}


def test_snapshot_is_replaced_only_on_demand(bench: TestBench, client: FlaskClient, tmp_path: Path) -> None:
    client.post("/control/snapshot", json={"name": "a"})
    bench.till.coins = 3
    assert error(client.post("/control/snapshot", json={"name": "a"}))[:3] == (409, "name", "exists")
    assert client.post("/control/snapshot", json={"name": "a", "replace": True}).status_code == 201
    assert (tmp_path / "snapshots" / "a" / "coins").read_text() == "3"
    assert sorted(path.name for path in (tmp_path / "snapshots").iterdir()) == ["a"]


def test_failed_snapshot_leaves_the_old_one(bench: TestBench, client: FlaskClient, tmp_path: Path) -> None:
    client.post("/control/snapshot", json={"name": "a"})

    def fail(folder: Path) -> None:
        (folder / "coins").write_text("half")
        raise OSError("disk full")

    bench.till.snapshot = fail  # type: ignore[method-assign]
    assert client.post("/control/snapshot", json={"name": "a", "replace": True}).status_code == 500
    assert (tmp_path / "snapshots" / "a" / "coins").read_text() == "0"
    assert client.get("/control/snapshot").get_json() == {"snapshots": ["a"]}


@pytest.mark.parametrize(
    "name", ["", "..", ".", ".hidden", "a/b", "a\\b", "x" * 65, "a b", "a\n", "é", "a\0"]
)
@pytest.mark.parametrize("endpoint", ["snapshot", "restore"])
def test_snapshot_names_are_tame(client: FlaskClient, tmp_path: Path, endpoint: str, name: str) -> None:
    status, field, _, _ = error(client.post(f"/control/{endpoint}", json={"name": name}))
    assert (status, field) == (422, "name")
    assert not (tmp_path / "snapshots").exists()


@given(st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}", fullmatch=True))
def test_every_tame_name_stays_in_its_folder(name: str) -> None:
    root = Path("/kept")
    assert (root / SnapshotBody(name=name).name).resolve().parent == root


def test_unknown_snapshot_is_404(client: FlaskClient) -> None:
    assert error(client.post("/control/restore", json={"name": "none"}))[:3] == (404, "name", "exists")


def test_reset_with_settings(bench: TestBench, client: FlaskClient) -> None:
    bench.till.coins = 9
    state = client.post("/control/reset", json={"settings": {"limit": 5}}).get_json()
    assert (state["coins"], state["limit"]) == (0, 5)
    status, field, _, _ = error(client.post("/control/reset", json={"settings": {"colour": 1}}))
    assert (status, field) == (422, "settings.colour")


def test_operation_runs_with_checked_arguments(bench: TestBench, client: FlaskClient) -> None:
    assert client.post("/control/do/put", json={"amount": 2}).get_json() == {"coins": 2}
    assert error(client.post("/control/do/put", json={"amount": 0}))[:2] == (422, "amount")
    assert error(client.post("/control/do/put", json={"amount": 99}))[2:] == ("refused", "the till is full")
    assert client.post("/control/do/shake", headers={"X-Kassalab": "control"}).get_json() == {}
    assert bench.till.coins == 2


def test_unknown_operation_names_the_known(client: FlaskClient) -> None:
    status, field, _, text = error(client.post("/control/do/melt", json={}))
    assert (status, field) == (404, "operation")
    assert "break, put, shake" in text


def test_actions_are_in_the_journal(bench: TestBench, client: FlaskClient) -> None:
    client.post("/control/do/put", json={"amount": 2})
    client.post("/control/reset", json={"settings": {"limit": 5}})
    client.post("/control/clock", json={"advance": 5})
    found = [(event["kind"], event["data"]) for event in bench.events.since(0)]
    assert found == [
        ("control.operation", {"name": "put"}),
        ("control.reset", {"settings": ["limit"]}),
        ("control.clock", {"advance": 5.0}),
    ]


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        (b"{", 400, "json_invalid"),
        (b"[]", 422, "model_type"),
        (b'{"name": "a", "name2": 1}', 422, "extra_forbidden"),
    ],
)
def test_malformed_bodies(client: FlaskClient, body: bytes, status: int, rule: str) -> None:
    response = client.post("/control/snapshot", data=body, content_type="application/json")
    found, _, found_rule, _ = error(response)
    assert (found, found_rule) == (status, rule)


def test_unknown_paths_and_methods_answer_in_json(client: FlaskClient) -> None:
    assert error(client.get("/control/nothing"))[:3] == (404, "path", "exists")
    response = client.get("/control/reset")
    assert error(response)[:3] == (405, "method", "method")
    assert response.headers["Allow"] == "POST"
    assert error(client.delete("/control/state", json={}))[0] == 405


def test_failure_shows_no_stack(client: FlaskClient) -> None:
    response = client.post("/control/do/break", json={})
    status, _, rule, text = error(response)
    assert (status, rule) == (500, "internal")
    assert "RuntimeError" not in text
    assert "s3cret-value" not in text


def test_openapi_document_is_valid_and_complete(bench: TestBench, client: FlaskClient) -> None:
    document = client.get("/control/openapi.json").get_json()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    assert "/control/do/put" in document["paths"]
    assert document["components"]["schemas"]["Put"]["properties"]["amount"]["exclusiveMinimum"] == 0
    served = {
        rule.rule.replace("<rule_id>", "{id}")
        for rule in bench.app.url_map.iter_rules()
        if rule.endpoint.startswith("control.") and rule.endpoint != "control.unknown"
    }
    pages = {"/control/", "/control/openapi.json", "/control/control_page.css", "/control/control_page.js"}
    operations = {f"/control/do/{name}" for name in bench.till.operations()}
    assert (served - pages - {"/control/do/<name>"}) | operations == set(document["paths"])


def test_openapi_document_asks_for_the_token(tmp_path: Path) -> None:
    client = make_bench(tmp_path, token="t").app.test_client()
    document = client.get("/control/openapi.json", headers={"X-Kassalab-Token": "t"}).get_json()
    OpenAPIV31SpecValidator(document).validate()
    assert document["security"] == [{"token": []}]
