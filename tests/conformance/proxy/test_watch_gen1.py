"""What the watcher of generation 1's wires finds in transcripts, and what it lets pass."""

from __future__ import annotations

import pytest

from tests.conformance.proxy.playbook import Line, told
from tests.conformance.proxy.test_watch_rest import ask, say

CALL = {"jsonrpc": "2.0", "id": 7, "method": "Api.OpenZReport", "params": {}}
ALREADY = {"code": 36912, "message": "ERROR_ZREPORT_IS_ALREADY_OPEN", "data": None}

GOOD: dict[str, tuple[str, list[Line]]] = {
    "a result": ("rpc", [ask("/rpc/api", CALL), say({"jsonrpc": "2.0", "id": 7, "result": {}})]),
    "an error": ("rpc", [ask("/rpc/api", CALL), say({"jsonrpc": "2.0", "id": 7, "error": ALREADY})]),
    "an error of the service": (
        "rpc",
        [ask("/rpc/api", CALL), say({"id": 7, "error": {"code": 65534, "message": "cannot connect card"}})],
    ),
    "other case": ("rpc", [ask("/rpc/api", {"ID": 3, "Method": "Api.Ping"}), say({"id": 3, "result": {}})]),
    "no request": ("rpc", [ask("/rpc/api", {"id": 1}), say({"id": None, "error": {"code": -32600}})]),
    "refused before JSON": ("rpc", [ask("/rpc/api", CALL), say(b"rpc: no", 415, "text/plain")]),
    "another page": ("rpc", [ask("/", method="GET"), say(b"<html>", kind="text/html")]),
    "an envelope": ("qpos", [ask("/api", {"method": "Api.GetInfo"}), say({"code": 0, "message": "OK"})]),
    "a raw count": ("qpos", [ask("/api", {"method": "Api.GetZReportCount"}), say({"result": {}, "id": 1})]),
    "a text": ("communicator", [ask("/uzpos", {"method": "sale"}), say({"error": True, "message": ""})]),
}


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_found(name: str) -> None:
    wire, lines = GOOD[name]
    assert told(wire, lines) == []


BAD: dict[str, tuple[str, str, list[Line]]] = {
    "a trace": ("HB-12", "rpc", [ask("/rpc/api", CALL), say(b"panic: x\n\ngoroutine 1 [running]:", 500)]),
    "a status": ("G1-T-04", "rpc", [ask("/rpc/api", CALL), say({"id": 7, "error": ALREADY}, 400)]),
    "no object": ("G1-T-04", "rpc", [ask("/rpc/api", CALL), say([])]),
    "another id": ("G1-T-01", "rpc", [ask("/rpc/api", CALL), say({"id": "7", "result": {}})]),
    "a text for an error": ("G1-T-05", "rpc", [ask("/rpc/api", CALL), say({"id": 7, "error": "no"})]),
    "a name without its code": (
        "G1-T-05",
        "rpc",
        [ask("/rpc/api", CALL), say({"id": 7, "error": {"code": 1, "message": "ERROR_X"}})],
    ),
    "a code without its name": (
        "G1-T-05",
        "rpc",
        [ask("/rpc/api", CALL), say({"id": 7, "error": {"code": 36912, "message": "already open"}})],
    ),
    "no envelope": ("S-13.1", "qpos", [ask("/api", {"method": "Api.GetInfo"}), say({"data": {}})]),
    "a status of QPOS": (
        "S-13.1",
        "qpos",
        [ask("/api", {"method": "x"}), say({"code": 1, "message": "m"}, 500)],
    ),
    "no boolean": ("S-13.2", "communicator", [ask("/uzpos", {"method": "sale"}), say({"error": "true"})]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_found(name: str) -> None:
    clause, wire, lines = BAD[name]
    assert told(wire, lines) == [clause]
