"""The Communicator without a server: one request's parts in, one answer out (uz-fiscal §13.2)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

import structlog

from reference.drive.core import Core
from reference.drive.dialects.communicator.desk import Desk
from reference.drive.dialects.communicator.methods import METHODS, Method
from reference.drive.dialects.communicator.words import (
    NO_METHOD,
    UNSUPPORTED,
    WRONG_TOKEN,
    CommunicatorError,
    text_of,
)
from reference.drive.dialects.fields import Fields
from reference.drive.dialects.rpc1.codes import Doing, Rpc1Error, drive_error, service_error
from reference.drive.dialects.rpc1.dialect import always_dumped
from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.errors import BadParameterError, DriveError
from reference.drive.parameters import parse_json_body
from reference.drive.rest import JSON, PLAIN, Answer, Asked

PATH: Final = "/uzpos"

_log = structlog.get_logger("drive.communicator")


class CommunicatorDialect:
    """Answers the Communicator's requests from a drive. `passing` gives the core for one request."""

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
        if asked.method != "POST":
            return Answer(405, b"POST method required", PLAIN)
        try:
            fields = self.read(asked.body)
            return _json({"error": False, **self.result(fields)})
        except Rpc1Error as error:
            return _json(self.error(text_of(error)))
        except CommunicatorError as error:
            return _json(self.error(str(error)))

    def read(self, body: bytes) -> Fields:
        """The request object."""
        try:
            value = parse_json_body(body)
        except BadParameterError:
            value = None
        if not isinstance(value, Mapping):
            raise CommunicatorError(UNSUPPORTED)
        return Fields(value, "request")

    def result(self, asked: Fields) -> dict[str, Any]:
        """What stands beside `error: false`."""
        try:
            with self._passing() as core:
                self.check_token(asked, core.stage.settings.epos_token)
                generation = self.generation(core)
                method = self.method(asked, generation)
                core.stage.pass_by("drive.request", path=method.name)
                return self.invoke(generation, method, asked)
        except DriveError as error:
            raise drive_error(error, Doing.OTHER) from error
        except (Rpc1Error, CommunicatorError):
            raise
        except Exception as error:
            _log.exception("request failed", method=str(asked.get("method"))[:80])
            raise service_error(65535, "internal error") from error

    def invoke(self, generation: Generation1, method: Method, asked: Fields) -> dict[str, Any]:
        """Call one method."""
        return method.handler(Desk(generation), asked)

    def check_token(self, asked: Fields, wanted: str) -> None:
        """Any token that is not empty, or the one the settings name."""
        token = asked.get("token")
        given = token if isinstance(token, str) else ""
        if not given or (wanted and not hmac.compare_digest(given.encode(errors="replace"), wanted.encode())):
            raise CommunicatorError(WRONG_TOKEN)

    def method(self, asked: Fields, generation: Generation1) -> Method:
        """The method, unless this release has it no more."""
        name = asked.get("method")
        method = METHODS.get(name) if isinstance(name, str) else None
        release = tuple(int(part) for part in generation.settings.communicator_version.split("."))
        if method is None or (method.until and release >= method.until):
            raise CommunicatorError(NO_METHOD)
        return method

    def error(self, text: str) -> dict[str, Any]:
        """An error: the boolean is what clients branch on."""
        return {"error": True, "message": text}


def _json(value: dict[str, Any]) -> Answer:
    return Answer(200, always_dumped(value), JSON)
