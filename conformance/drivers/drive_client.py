"""The judge's client of a drive: REST of uz-fiscal §4, each request and answer written down.

Every call returns a `Reply` whatever the status, because that is what cases judge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from conformance.drivers.wire import NOT_OPENED, Tap, Wire
from conformance.events import Direction, Layer
from conformance.quick_http import HttpError, HttpUnreachableError, QuickHttp
from conformance.verdicts import AnswerMissing, AnswerUnreadable, CaseFailed, TargetUnreachable
from reference.links.address import Endpoint

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer: status, headers by lower-case name, and the body as text."""

    request: str
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == 200

    @property
    def json(self) -> Any:
        """The body as JSON; AnswerUnreadable when it is none."""
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise AnswerUnreadable(
                f"{self.request} answers no JSON: {error}", clause="S-4.3", observed=self.text[:400]
            ) from error

    @property
    def reason(self) -> str:
        """`Reason` of an error body (G2-T-09), empty when there is none."""
        try:
            body = json.loads(self.text)
        except ValueError:
            return ""
        return str(body.get("Reason", "")) if isinstance(body, dict) else ""

    def demand(self) -> Reply:
        """Itself when the status is 200; the case fails otherwise."""
        if not self.ok:
            raise CaseFailed(
                f"{self.request} answers {self.status} {self.text[:200]}",
                expected="200",
                observed=f"{self.status} {self.reason or self.text[:200]}",
            )
        return self


class DriveClient:
    """Speaks HTTP to one drive. `seconds` is how long it may stay silent."""

    def __init__(self, endpoint: Endpoint, tap: Tap, seconds: float) -> None:
        self.endpoint = endpoint
        self._tap = tap
        self._seconds = seconds
        self._client = QuickHttp(f"http://{endpoint}", seconds)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Fields | None = None,
        form: Fields | None = None,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Reply:
        """One exchange. Give at most one of `form`, `json` and `content` as the body."""
        body, kind = _body(form, json, content)
        place = f"/{path.lstrip('/')}" + (f"?{urlencode(dict(query))}" if query else "")
        named = dict(kind if headers is None else {**kind, **headers})
        sent = self._client.request_bytes(method, place, named, body)
        self._tap(Layer.HTTP, Direction.SENT, sent)
        try:
            answer = self._client.exchange(sent, seconds)
        except HttpUnreachableError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", NOT_OPENED)
            raise TargetUnreachable(f"no drive answers at {self.endpoint} ({error})") from error
        except HttpError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", sent)
            raise AnswerMissing(f"{method} {path}: {error}", clause="S-4.6") from error
        self._tap(Layer.HTTP, Direction.RECEIVED, answer.raw, sent)
        return Reply(
            sent[: sent.index(b" HTTP/1.1\r\n")].decode("latin-1"),
            answer.status,
            {name.lower(): value for name, value in answer.headers},
            answer.text,
        )

    def post(self, path: str, **arguments: Any) -> Reply:
        """POST; arguments as in `request`."""
        return self.request("POST", path, **arguments)

    def get(self, path: str, **arguments: Any) -> Reply:
        """GET; arguments as in `request`."""
        return self.request("GET", path, **arguments)

    def raw(self) -> Wire:
        """A bare TCP connection to the drive, for requests that are none."""
        return Wire(self.endpoint, self._tap, Layer.HTTP, self._seconds)


def _body(form: Fields | None, data: object, content: bytes | None) -> tuple[bytes, dict[str, str]]:
    """The bytes of a body, and the header that says what they are."""
    if form is not None:
        return urlencode(dict(form)).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    if data is not None:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode(), {"Content-Type": "application/json"}
    return content or b"", {}


def response_bytes(response: httpx.Response) -> bytes:
    """An answer as it stood on the wire, its body decoded."""
    head = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}"]
    head += [f"{name}: {value}" for name, value in response.headers.items()]
    return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + response.content
