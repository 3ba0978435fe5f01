"""Requests to a fiscal drive service, and what their failures say about the request.

Only a connection that never came about proves that nothing was sent. Everything else, half an answer too,
leaves open what the service did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx

from reference.pos.errors import DriveRefusedError, DriveUnreachableError

TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
"""Real seconds, as retail clients have them (uz-fiscal HB-01)."""
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_SHOWN: Final = 200


def new_client(url: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client of one service."""
    return httpx.Client(base_url=url.rstrip("/"), timeout=TIMEOUT, transport=transport, trust_env=False)


@contextmanager
def posting() -> Iterator[None]:
    """Failures of the way as DriveUnreachableError."""
    try:
        yield
    except httpx.HTTPError as error:
        sent = not isinstance(error, _NEVER_SENT)
        raise DriveUnreachableError(f"fiscal service does not answer: {error}", sent=sent) from error


class JsonWire:
    """A service with one address that takes and gives JSON objects."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.address = url
        self._http = new_client(url, transport)

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """One request. An answer that is no JSON object, or cut short, is none (DriveUnreachableError)."""
        with posting():
            answer = self._http.post("", json=body)
        if answer.status_code != httpx.codes.OK:
            raise DriveRefusedError(
                answer.status_code,
                f"HTTP {answer.status_code}: {answer.text[:_SHOWN] or answer.reason_phrase}",
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
        self._http.close()
