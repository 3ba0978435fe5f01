"""Requests to a fiscal drive service, and what their failures say about the request.

Only a connection that never came about proves that nothing was sent. Everything else, half an answer too,
leaves open what the service did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from reference.pos.errors import DriveRefusedError, DriveUnreachableError
from reference.pos.way import JSON, HttpWay, Way, WayError

CONNECT: Final = 10.0
SILENCE: Final = 30.0
"""Real seconds, as retail clients have them (uz-fiscal HB-01)."""
_SHOWN: Final = 200


def new_way(url: str) -> Way:
    """The way to a service."""
    return HttpWay(url, CONNECT, SILENCE)


def json_bytes(value: Any) -> bytes:
    """A value as it goes out."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


@contextmanager
def posting() -> Iterator[None]:
    """Failures of the way as DriveUnreachableError."""
    try:
        yield
    except WayError as error:
        raise DriveUnreachableError(f"fiscal service does not answer: {error}", sent=error.sent) from error


class JsonWire:
    """A service with one address that takes and gives JSON objects."""

    def __init__(self, url: str, way: Way | None = None) -> None:
        self.address = url
        self._way = way or new_way(url)

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """One request. An answer that is no JSON object, or cut short, is none (DriveUnreachableError)."""
        with posting():
            answer = self._way.post("", json_bytes(body), JSON)
        if answer.status != HTTPStatus.OK:
            raise DriveRefusedError(
                answer.status,
                f"HTTP {answer.status}: {answer.text[:_SHOWN] or answer.phrase}",
            )
        try:
            value = json.loads(answer.content)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise DriveUnreachableError(f"fiscal service's answer cannot be read: {answer.text[:_SHOWN]!r}")
        return value

    def close(self) -> None:
        """Close the connections."""
        self._way.close()
