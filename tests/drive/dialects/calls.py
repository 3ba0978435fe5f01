"""Calls of the dialects as tests make them, on a bench without a server."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from reference.drive.rest import Answer, Asked
from reference.protocol.uz.values import format_json_time
from tests.drive.conftest import Bench


def asked(body: object, content_type: str = "application/json", method: str = "POST") -> Asked:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Asked(method, "/", content_type=content_type, body=data)


def rpc_answer(bench: Bench, body: object, **parts: Any) -> Answer:
    return bench.drive.face("rpc").answer(asked(body, **parts))


def rpc(bench: Bench, method: str, **params: Any) -> dict[str, Any]:
    """The answer object of one call."""
    answer = rpc_answer(bench, {"jsonrpc": "2.0", "id": 7, "method": f"Api.{method}", "params": params})
    assert (answer.status, answer.content_type) == (200, "application/json; charset=utf-8")
    body = json.loads(answer.body)
    assert (body["jsonrpc"], body["id"]) == ("2.0", 7)
    assert ("result" in body) != ("error" in body)
    return dict(body)


def good(bench: Bench, method: str, **params: Any) -> Any:
    """The result of a call that must go well."""
    body = rpc(bench, method, **params)
    assert "result" in body, body
    return body["result"]


def error(bench: Bench, method: str, **params: Any) -> tuple[int, str]:
    """Code and message of a call that must fail."""
    body = rpc(bench, method, **params)
    assert "error" in body, body
    assert set(body["error"]) == {"code", "message", "data"}
    return body["error"]["code"], body["error"]["message"]


def receipt(time: datetime, price: int = 50_000, **changes: Any) -> dict[str, Any]:
    """A receipt of generation 1, one line, paid in cash."""
    item = {
        "Name": "Non",
        "Barcode": "4780000000012",
        "SPIC": "01905001001000000",
        "Units": 1,
        "PackageCode": "1500001",
        "Amount": 1000,
        "Price": price,
        "VAT": price * 12 // 112,
        "VATPercent": 12,
    }
    plain = {"Time": format_json_time(time), "ReceivedCash": price, "ReceivedCard": 0, "Items": [item]}
    return plain | changes


def sold(bench: Bench, **changes: Any) -> Any:
    """A sale, one lab second after the last."""
    return good(bench, "SendSaleReceipt", Receipt=receipt(bench.tick(), **changes))


def qpos(bench: Bench, method: str, **params: Any) -> dict[str, Any]:
    """The answer object of one QPOS call."""
    answer = bench.drive.face("qpos").answer(asked({"method": method, "params": params}))
    assert (answer.status, answer.content_type) == (200, "application/json; charset=utf-8")
    return dict(json.loads(answer.body))


def epos(bench: Bench, method: str, **fields: Any) -> dict[str, Any]:
    """The answer object of one call of the Communicator."""
    body = {"token": "T", "method": method} | fields
    answer = bench.drive.face("communicator").answer(asked(body))
    assert (answer.status, answer.content_type) == (200, "application/json; charset=utf-8")
    return dict(json.loads(answer.body))


def epos_params(price: int = 50_000, **changes: Any) -> dict[str, Any]:
    """`params` of a sale, one line, paid in cash."""
    item = {
        "price": price,
        "discount": 0,
        "barcode": "4780000000012",
        "amount": 1000,
        "vatPercent": 12,
        "vat": price * 12 // 112,
        "name": "Нон",
        "classCode": "01905001001000000",
        "packageCode": "1500001",
        "other": 0,
        "ownerType": 0,
    }
    return {"items": [item], "paycheckNumber": "1", "receivedCash": price, "receivedCard": 0} | changes
