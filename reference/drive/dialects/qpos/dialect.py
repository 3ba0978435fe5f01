"""QPOS without a server: one request's parts in, one answer out, HTTP 200 whatever it says (uz-fiscal
§13.1)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

import structlog

from reference.drive.core import Core
from reference.drive.dialects.fields import Fields
from reference.drive.dialects.qpos.methods import ERROR, EXPLAINED, METHODS, NO_OWNER, Method, Shape
from reference.drive.dialects.qpos.tills import Tills
from reference.drive.dialects.rpc1.codes import Doing, Rpc1Error, drive_error, service_error
from reference.drive.dialects.rpc1.dialect import always_dumped
from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.errors import BadParameterError, DriveError
from reference.drive.parameters import parse_json_body
from reference.drive.rest import JSON, PLAIN, Answer, Asked
from reference.runtime.clock import real_elapsed

PATH: Final = "/api"

_log = structlog.get_logger("drive.qpos")


class QposDialect:
    """Answers QPOS requests from a drive. `passing` gives the core for the time of one request."""

    path = PATH
    tills_of: type[Tills] = Tills

    def __init__(
        self,
        passing: Callable[[], AbstractContextManager[Core]],
        generation: type[Generation1] = Generation1,
    ) -> None:
        self._passing = passing
        self.generation = generation
        self.tills = self.tills_of()
        self._ids = itertools.count(1)

    def answer(self, asked: Asked) -> Answer:
        """The answer to one request; never raises."""
        if asked.method != "POST":
            return Answer(405, b"POST method required", PLAIN)
        began = real_elapsed()
        try:
            fields = self.read(asked.body)
            method = METHODS.get(fields.text("method"))
            if method is None:
                raise service_error(-32601, f"no method {fields.text('method')[:80]}")
            data = self.result(method, Fields(fields.get("params")))
        except Rpc1Error as error:
            return _json(self.error(error))
        return _json(self.wrapped(method, fields, data, real_elapsed() - began))

    def read(self, body: bytes) -> Fields:
        """The request object; −32700 and −32600 as generation 1 has them."""
        try:
            value = parse_json_body(body)
        except BadParameterError as error:
            raise service_error(-32700, error.reason) from None
        if not isinstance(value, Mapping):
            raise service_error(-32600)
        return Fields(value, "request")

    def result(self, method: Method, params: Fields) -> Any:
        """What the method gives; Rpc1Error for whatever goes wrong."""
        try:
            with self._passing() as core:
                core.stage.pass_by("drive.request", path=method.name)
                return self.invoke(self.generation(core), method, params)
        except DriveError as error:
            raise drive_error(error, Doing.OTHER) from error
        except Rpc1Error:
            raise
        except Exception as error:
            _log.exception("request failed", method=method.name)
            raise service_error(65535, "internal error") from error

    def invoke(self, generation: Generation1, method: Method, params: Fields) -> Any:
        """Call one method, or sell one receipt."""
        if method.kind is None:
            assert method.handler is not None
            found = method.handler(generation, params)
            return method.said or found
        factory_id = generation.factory_id(params)
        body = self.body(params)
        name = receipt_number(params) if method.named else ""
        if not name:
            return generation.send_body(factory_id, body, method.kind)
        key = (factory_id, method.name, name)
        return generation.results.registered(self.tills.sell(generation, key, body, method.kind))

    def body(self, params: Fields) -> dict[str, Any]:
        """The receipt in the params, an empty OwnerType filled in (uz-fiscal QP-02)."""
        return receipt_body(params)

    def wrapped(self, method: Method, fields: Fields, data: Any, seconds: float) -> dict[str, Any]:
        """The answer object of a good answer; two methods have shapes of their own."""
        if method.shape is Shape.RAW:
            key = fields.get("id")
            return {"result": data, "id": next(self._ids) if key is None else key, "jsonrpc": "2.0"}
        if method.shape is Shape.TIMED:
            return {"success": True, "data": data, "apiTime": f"{round(seconds * 1000)} ms"}
        return {"code": 0, "message": "OK", "data": data}

    def error(self, error: Rpc1Error) -> dict[str, Any]:
        """The answer object of an error (uz-fiscal QP-03)."""
        data = EXPLAINED.get(error.message, error.data or "")
        return {"code": ERROR, "message": error.message, "data": data}


def receipt_number(params: Fields) -> str:
    """ReceiptNumber, a text unique per cash desk; a number is taken for its digits."""
    value = params.get("ReceiptNumber")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return params.text("ReceiptNumber").strip()


def receipt_body(params: Fields) -> dict[str, Any]:
    """The receipt in the params, an empty OwnerType filled in (uz-fiscal QP-02)."""
    body = dict(params.members)
    items = body.get("items")
    if isinstance(items, list):
        body["items"] = [_owned(item) for item in items]
    return body


def _owned(item: object) -> object:
    if not isinstance(item, Mapping):
        return item
    fields = {str(name).lower(): value for name, value in item.items()}
    if fields.get("ownertype") in (None, ""):
        fields["ownertype"] = NO_OWNER
    return fields


def _json(value: dict[str, Any]) -> Answer:
    return Answer(200, always_dumped(value), JSON)
