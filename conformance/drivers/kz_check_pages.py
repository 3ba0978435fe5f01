"""The check page of a Kazakh operator, for people and for programs (kz-ofd §13.4).

What was asked and what came goes into the transcript like any other exchange.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from conformance.control_client import Json
from conformance.drivers.drive_client import response_bytes
from conformance.drivers.wire import NOT_OPENED, Tap
from conformance.events import Direction, Layer
from conformance.verdicts import AnswerUnreadable, TargetUnreachable


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came."""

    status: int
    location: str
    content_type: str
    text: str
    json: Json | None

    def demand(self) -> Json:
        """Its JSON object; AnswerUnreadable when it is none."""
        if self.json is None:
            raise AnswerUnreadable(
                "the answer is no JSON object", clause="KZ-CP-6", observed=f"{self.status} {self.text[:200]}"
            )
        return self.json


class CheckPages:
    """The pages at `base`. `seconds` is how long they may keep silent."""

    def __init__(self, base: str, tap: Tap, seconds: float) -> None:
        self._tap = tap
        self._http = httpx.Client(
            base_url=base,
            timeout=seconds,
            trust_env=False,
            verify=False,  # noqa: S501 - never HTTPS here, and loading the authorities takes longer than a case
        )

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Page:
        """`GET` a path with a query, redirects not followed. TargetUnreachable when nobody answers."""
        sent = f"GET {str(self._http.base_url).rstrip('/')}/{path.lstrip('/')} {dict(query or {})}".encode()
        self._tap(Layer.HTTP, Direction.SENT, sent)
        try:
            answer = self._http.get(path, params=query)
        except httpx.TransportError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", NOT_OPENED)
            raise TargetUnreachable(f"check page at {self._http.base_url}: {error}") from error
        self._tap(Layer.HTTP, Direction.RECEIVED, response_bytes(answer), sent)
        try:
            found = answer.json()
        except ValueError:
            found = None
        return Page(
            answer.status_code,
            answer.headers.get("Location", ""),
            answer.headers.get("Content-Type", ""),
            answer.text,
            found if isinstance(found, dict) else None,
        )
