"""JSON-RPC 2.0 without a server: one request's parts in, one answer out (uz-fiscal §3.1)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import structlog

from reference.drive.core import Core
from reference.drive.dialects.fields import Fields
from reference.drive.dialects.rpc1.codes import Doing, Rpc1Error, drive_error, service_error
from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.dialects.rpc1.methods import METHODS, Method
from reference.drive.errors import BadParameterError, DriveError
from reference.drive.parameters import parse_json_body
from reference.drive.rest import JSON, PLAIN, Answer, Asked, dumped

VERSION: Final = "2.0"
PATH: Final = "/rpc/api"
_BAD_JSON: Final = -32700
_BAD_REQUEST: Final = -32600
_NO_METHOD: Final = -32601

_log = structlog.get_logger("drive.rpc1")


@dataclass(frozen=True, slots=True)
class RpcCall:
    """A request object, read: its id as it came, its method and its params."""

    id: Any
    method: str
    params: object


class Rpc1Dialect:
    """Answers generation 1 requests from a drive. `passing` gives the core for the time of one request."""

    path = PATH

    def __init__(
        self,
        passing: Callable[[], AbstractContextManager[Core]],
        generation: type[Generation1] = Generation1,
    ) -> None:
        self._passing = passing
        self.generation = generation

    def answer(self, asked: Asked) -> Answer:
        """The answer to one request; never raises."""
        refusal = self.refusal(asked)
        if refusal is not None:
            return refusal
        call: RpcCall | None = None
        try:
            call = self.read(asked.body)
            return self.written(call, self.result(call), None)
        except Rpc1Error as error:
            return self.written(call, None, error)

    def refusal(self, asked: Asked) -> Answer | None:
        """What is no JSON-RPC at all: other methods and content types (G1-T-02, G1-T-03)."""
        if asked.method != "POST":
            return Answer(405, f"rpc: POST method required, received {asked.method}".encode(), PLAIN)
        if asked.content_type.split(";")[0].strip().lower() != "application/json":
            text = f"rpc: unrecognized Content-Type: {asked.content_type}"
            return Answer(415, text.encode(), PLAIN)
        return None

    def read(self, body: bytes) -> RpcCall:
        """The request object; −32700 for no JSON, −32600 for no request (G1-T-07)."""
        try:
            value = parse_json_body(body)
        except BadParameterError as error:
            raise service_error(_BAD_JSON, error.reason) from None
        if not isinstance(value, dict):
            raise service_error(_BAD_REQUEST)
        fields = Fields(value)
        method, version = fields.get("method"), fields.get("jsonrpc")
        key = fields.get("id")
        if not isinstance(method, str) or version not in (None, VERSION) or not _is_id(key):
            raise service_error(_BAD_REQUEST)
        return RpcCall(key, method, fields.get("params"))

    def result(self, call: RpcCall) -> Any:
        """What the method answers; Rpc1Error for whatever goes wrong."""
        method = METHODS.get(call.method)
        if method is None:
            raise service_error(_NO_METHOD, f"rpc: can't find method {call.method[:80]}")
        try:
            with self._passing() as core:
                core.stage.pass_by("drive.request", path=call.method)
                return self.invoke(self.generation(core), method, Fields(call.params))
        except DriveError as error:
            raise drive_error(error, Doing.OTHER) from error
        except Rpc1Error:
            raise
        except Exception as error:
            _log.exception("request failed", method=call.method)
            raise service_error(65535, "internal error") from error

    def invoke(self, generation: Generation1, method: Method, params: Fields) -> Any:
        """Call one method."""
        return method.handler(generation, params)

    def error(self, error: Rpc1Error) -> dict[str, Any]:
        """The error object (G1-T-05)."""
        return {"code": error.code, "message": error.message, "data": error.data}

    def written(self, call: RpcCall | None, result: Any, error: Rpc1Error | None) -> Answer:
        """The answer object; the id comes back as it came, HTTP says 200 for good and bad (G1-T-04)."""
        said = {"error": self.error(error)} if error is not None else {"result": result}
        body = {"jsonrpc": VERSION, **said, "id": None if call is None else call.id}
        return Answer(200, always_dumped(body), JSON)


def always_dumped(value: Any) -> bytes:
    """JSON also of texts that hold half a surrogate pair, which JSON can spell and UTF-8 cannot."""
    try:
        return dumped(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _is_id(value: object) -> bool:
    """Numbers, texts and whatever else has a JSON of its own; not what only a reader makes of one."""
    return not isinstance(value, float) or math.isfinite(value)
