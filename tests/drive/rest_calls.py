"""REST calls of the drive as tests make them: the value of an answer, or the words of a refusal."""

from __future__ import annotations

import json
from typing import Any

from tests.drive.conftest import Bench
from tests.drive.doubles import sale


def ok(bench: Bench, path: str, query: str = "", **parts: Any) -> Any:
    answer = bench.ask(path, query=query, **parts)
    assert answer.status == 200, answer.body
    return answer.body.decode() if answer.content_type.startswith("text/plain") else json.loads(answer.body)


def refused(bench: Bench, path: str, query: str = "", **parts: Any) -> tuple[int, str]:
    answer = bench.ask(path, query=query, **parts)
    body = json.loads(answer.body)
    assert answer.content_type == "application/json; charset=utf-8"
    assert body.keys() == {"Reason", "Type"}
    assert body["Type"] == "errors.errorString"
    return answer.status, body["Reason"]


def txid(bench: Bench, **changes: Any) -> int:
    body = json.dumps(sale(bench.tick(), **changes)).encode()
    return int(ok(bench, "/FiscalDrive/Receipt/GetTXID/{F}", body=body, content_type="application/json"))


def registered(bench: Bench, **changes: Any) -> Any:
    return ok(bench, "/FiscalDrive/Receipt/RegisterTXID/{F}", f"TXID={txid(bench, **changes)}")
