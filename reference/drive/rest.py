"""The REST dialect without a server: one request's parts in, one answer out (uz-fiscal §4.1).

Whatever a client sends, the answer is the documented value or `{"Reason", "Type"}` with the documented
status; never a stack trace.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import structlog

from reference.drive.core import Core
from reference.drive.endpoints import Call, Endpoint, Routes
from reference.drive.errors import DriveError
from reference.drive.parameters import collect

METHODS: Final = ("GET", "POST")
PLAIN: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"
ERROR_TYPE: Final = "errors.errorString"

_log = structlog.get_logger("drive.rest")


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of an HTTP request the dialect looks at."""

    method: str
    path: str
    query: str = ""
    content_type: str = ""
    body: bytes = b""
    pos_auth: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str


class RestDialect:
    """Answers requests from a drive. `passing` gives the core for the time of one request."""

    def __init__(self, passing: Callable[[], AbstractContextManager[Core]]) -> None:
        self._passing = passing
        self.routes = Routes()

    def answer(self, asked: Asked) -> Answer:
        """The answer to one request; never raises."""
        found = self.routes.find(asked.path)
        if found is None:
            return self.refusal(404, "not found")
        if asked.method not in METHODS:
            return self.refusal(405, "method not allowed")
        endpoint, names = found
        try:
            with self._passing() as core:
                core.stage.pass_by("drive.request", path=asked.path)
                value = self.result(core, endpoint, self.call(endpoint, names, asked))
        except DriveError as error:
            return self.refusal(error.status, error.reason)
        except Exception:  # noqa: BLE001 - the last line: a client must get JSON, and the log the trace
            _log.exception("request failed", path=asked.path)
            return self.refusal(500, "internal error")
        return Answer(200, value.encode(), PLAIN) if endpoint.plain else Answer(200, dumped(value), JSON)

    def call(self, endpoint: Endpoint, names: dict[str, str], asked: Asked) -> Call:
        """The request as the handlers want it."""
        body = b"" if endpoint.receipt_body else asked.body
        parameters = collect(asked.method, asked.content_type, asked.query, body)
        return Call(names, parameters, asked.body, asked.pos_auth if endpoint.pos_auth else None)

    def result(self, core: Core, endpoint: Endpoint, call: Call) -> Any:
        """What the endpoint answers."""
        return endpoint.handler(core, call)

    def refusal(self, status: int, reason: str) -> Answer:
        """An error as clients know it (uz-fiscal G2-T-09)."""
        return Answer(status, dumped({"Reason": reason, "Type": ERROR_TYPE}), JSON)


def dumped(value: Any) -> bytes:
    """JSON as the service writes it: no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
