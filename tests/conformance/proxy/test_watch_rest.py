"""What the watcher of the drive's HTTP wires finds in transcripts, and what it lets pass."""

from __future__ import annotations

import json

import pytest

from tests.conformance.proxy.playbook import Line, told

F = "/FiscalDrive/"
RECEIPT = {"Time": "2026-07-01 10:00:00"}


def ask(path: str, body: object = None, method: str = "POST") -> Line:
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: drive\r\nContent-Length: {len(data)}\r\n\r\n"
    return ">", head.encode() + data


def say(body: object, status: int = 200, kind: str = "application/json; charset=utf-8") -> Line:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
    return "<", head.encode() + data


def refuse(reason: str, status: int) -> Line:
    return say({"Reason": reason, "Type": "errors.errorString"}, status)


OK = say(b"OK", kind="text/plain")
TXID, REGISTER = F + "Receipt/GetTXID/UZ1", F + "Receipt/RegisterTXID/UZ1"

GOOD: dict[str, list[Line]] = {
    "open": [ask(F + "ZReport/Open/UZ1"), OK],
    "quoted": [ask("/pos/lock/UZ1"), say(b'"OK"')],
    "a sale": [
        ask(TXID, RECEIPT),
        say(5),
        ask(REGISTER + "?TXID=5"),
        say({"S": 1}),
        ask(REGISTER, 5),
        say({"S": 1}),
    ],
    "another device": [
        ask(REGISTER, 5),
        say({"S": 1}),
        ask(F + "Receipt/RegisterTXID/UZ2", 5),
        say({"S": 2}),
    ],
    "refusals": [
        ask(F + "ZReport/Open/UZ1"),
        refuse("9022 - ZREPORT_IS_NOT_CLOSED", 500),
        ask(F + "ZReport/Info/UZ1"),
        refuse("9020 - NOT_FOUND", 404),
        ask(F + "ZReport/Info/UZ1?Index=x"),
        refuse("index must be a number", 400),
        ask(F + "List", method="DELETE"),
        refuse("method not allowed", 405),
    ],
    "a page": [ask("/swagger/index.html", method="GET"), say(b"<html>", kind="text/html")],
    "a page missing": [ask("/favicon.ico", method="GET"), say(b"no", 404, "text/html")],
    "only the head": [ask(F + "List", method="HEAD"), ("<", b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n")],
}


@pytest.mark.parametrize("wire", ["rest", "rpc"])
@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_found(name: str, wire: str) -> None:
    assert told(wire, GOOD[name]) == []


PYTHON = b"<pre>Traceback (most recent call last):\n  File ...</pre>"
BAD: dict[str, tuple[str, list[Line]]] = {
    "a traceback": ("HB-12", [ask("/rpc/api"), say(PYTHON, 500, "text/html")]),
    "a goroutine": ("HB-12", [ask(F + "List"), say(b"panic: runtime error\n\ngoroutine 1 [running]:", 500)]),
    "an error that is a page": ("G2-T-09", [ask(F + "List"), say(b"<h1>Not Found</h1>", 404, "text/html")]),
    "an error without a type": ("G2-T-09", [ask(F + "List"), say({"Reason": "x"}, 400)]),
    "an error as text": ("G2-T-09", [ask(F + "List"), say({"Reason": "x", "Type": "y"}, 400, "text/plain")]),
    "a status word under a wrong status": ("S-4.6", [ask(F + "List"), refuse("9020 - NOT_FOUND", 500)]),
    "another method": ("G2-T-02", [ask(F + "List", method="PUT"), say([])]),
    "no OK": ("G2-T-08", [ask(F + "ZReport/Open/UZ1"), say({"ok": True})]),
    "OK as JSON": ("G2-T-08", [ask(F + "ZReport/Open/UZ1"), say(b"OK")]),
    "no JSON": ("S-4.3", [ask(F + "List"), say(b"[")]),
    "a number in quotes": ("S-4.3", [ask(TXID, RECEIPT), say("5")]),
    "two numbers": ("G2-S-05", [ask(TXID, RECEIPT), say(5), ask(TXID, RECEIPT), say(6)]),
    "two receipts": ("G2-S-07", [ask(REGISTER, {"TXID": 5}), say({"S": 1}), ask(REGISTER, 5), say({"S": 2})]),
    "no HTTP": ("G2-T-01", [ask(F + "List"), ("<", b"\x02\x90\x00garbage\r\n\r\n")]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_found(name: str) -> None:
    clause, lines = BAD[name]
    assert clause in told("rest", lines)
