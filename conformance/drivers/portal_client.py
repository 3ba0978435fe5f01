"""The judge's client of a portal: its JSON API, each request and answer written down (kz-ofd §15).

Every call returns what was told, whatever the status, because that is what cases judge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from conformance.any_json import any_json
from conformance.drivers.wire import NOT_OPENED, Tap
from conformance.events import Direction, Layer
from conformance.quick_http import HttpError, HttpUnreachableError, QuickHttp
from conformance.verdicts import (
    AnswerMissing,
    AnswerUnreadable,
    CaseFailed,
    Inconclusive,
    TargetUnreachable,
)
from reference.links.address import Endpoint

PREFIX = "/api"
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of the API: the request it answers, its status and its bytes."""

    request: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; AnswerUnreadable when it is none."""
        try:
            return any_json(self.content)
        except ValueError as error:
            seen = self.content[:200].decode("utf-8", "replace")
            raise AnswerUnreadable(f"{self.request} answers no JSON: {error}", observed=seen) from error

    @property
    def error(self) -> Mapping[str, Any]:
        """The refusal: `rule`, `text` and `fields`; empty for an answer that is none."""
        body = self.json
        found = body.get("error") if isinstance(body, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def rule(self) -> str:
        """The word of the refusal."""
        return str(self.error.get("rule", ""))

    @property
    def text(self) -> str:
        """What the refusal says, in Russian."""
        text = self.error.get("text")
        return str(text.get("ru", "")) if isinstance(text, dict) else ""

    @property
    def fields(self) -> dict[str, list[str]]:
        """Rules that were broken, by field."""
        found: dict[str, list[str]] = {}
        for each in self.error.get("fields", ()):
            found.setdefault(str(each.get("field")), []).append(str(each.get("rule")))
        return found

    def demand(self) -> Any:
        """The JSON of a good answer; the case fails for any other."""
        if not 200 <= self.status < 300:
            raise CaseFailed(
                f"{self.request} answers {self.status} {self.rule}: {self.text} {self.fields or ''}",
                expected="a status of 200…299",
                observed=f"{self.status} {self.rule}",
            )
        return self.json


class PortalClient:
    """Speaks HTTP to one portal; `seconds` is how long it may stay silent. Threads may share it."""

    def __init__(self, endpoint: Endpoint, tap: Tap, seconds: float) -> None:
        self.endpoint = endpoint
        self._tap = tap
        self._client = QuickHttp(f"http://{endpoint}", seconds)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        session: str = "",
        query: Mapping[str, object] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Told:
        """One exchange below /api; `session` is who asks, `content` a body that need not be JSON."""
        place = PREFIX + path + (f"?{urlencode(dict(query))}" if query else "")
        named = {"Accept": "application/json", **(headers or {})}
        if session:
            named["Authorization"] = f"Bearer {session}"
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).encode()
        if content is not None:
            named.setdefault("Content-Type", "application/json")
        return self._exchange(method, place, named, content or b"")

    def page(self, path: str) -> Told:
        """A page as a browser asks for it."""
        return self._exchange("GET", path, {"Accept": "text/html"}, b"")

    def outside(self, method: str, path: str, headers: Mapping[str, str], content: bytes = b"") -> Told:
        """One exchange with an address that is not below /api."""
        return self._exchange(method, path, headers, content)

    def _exchange(self, method: str, place: str, headers: Mapping[str, str], body: bytes) -> Told:
        sent = self._client.request_bytes(method, place, headers, body)
        self._tap(Layer.HTTP, Direction.SENT, sent)
        try:
            answer = self._client.exchange(sent)
        except HttpUnreachableError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", NOT_OPENED)
            raise TargetUnreachable(f"no portal answers at {self.endpoint} ({error})") from error
        except HttpError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", sent)
            raise AnswerMissing(f"{method} {place}: {error}") from error
        self._tap(Layer.HTTP, Direction.RECEIVED, answer.raw, sent)
        named = {name.lower(): value for name, value in answer.headers}
        told = Told(f"{method} {place}", answer.status, named, answer.content)
        if answer.status == TOO_MANY and told.rule != "tries":
            raise Inconclusive(
                "the portal limits how often one address may ask; have it take more for the time of judging"
            )
        return told


class Caller:
    """Somebody who asks the portal: with a session, or without one a passer-by."""

    def __init__(self, client: PortalClient, session: str = "") -> None:
        self.client = client
        self.session = session

    def send(self, method: str, path: str, body: object = None, **more: Any) -> Told:
        """One exchange; see `PortalClient.send`."""
        return self.client.send(method, path, body, session=self.session, **more)

    def get(self, path: str, **query: object) -> Any:
        """The JSON of a good answer to GET."""
        return self.send("GET", path, query=query).demand()

    def post(self, path: str, body: object = None) -> Any:
        """The JSON of a good answer to POST."""
        return self.send("POST", path, body).demand()

    def put(self, path: str, body: object) -> Any:
        """The JSON of a good answer to PUT."""
        return self.send("PUT", path, body).demand()

    def patch(self, path: str, body: object) -> Any:
        """The JSON of a good answer to PATCH."""
        return self.send("PATCH", path, body).demand()

    def delete(self, path: str) -> Any:
        """The JSON of a good answer to DELETE."""
        return self.send("DELETE", path).demand()
