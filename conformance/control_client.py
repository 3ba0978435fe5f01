"""Client of the control API that every part of the lab carries; the judge and the command line use it.

It speaks JSON to `<base>/control/…` and turns each refusal into one exception that names field, rule and
text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from conformance.any_json import any_json
from conformance.quick_http import HttpAnswer, HttpError, QuickHttp

TOKEN_HEADER = "X-Kassalab-Token"  # noqa: S105 - the name of a header
TIMEOUT_SECONDS = 30.0
BAD = 400

Json = dict[str, Any]


class ControlClientError(Exception):
    """Base of what can go wrong between a person and a part's control API."""


class UnreachableError(ControlClientError):
    """Nobody answers at the address, or something that is no control API does."""


class RefusedError(ControlClientError):
    """The part understood and refused: `status`, and the `field`, `rule` and `text` it gave."""

    def __init__(self, status: int, field: str, rule: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.field = field
        self.rule = rule
        self.text = text


class ControlClient:
    """The control API at `url` (the part's base address, with or without /control).

    `explain` may add what the caller knows about an unreachable part, such as the end of its log.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        explain: Callable[[], str] = str,
    ) -> None:
        self.url = url.rstrip("/").removesuffix("/control")
        self._explain = explain
        self._token = {TOKEN_HEADER: token} if token else {}
        self._timeout = timeout
        self._http: QuickHttp | None = None

    def state(self) -> Json:
        """The part's whole visible state."""
        return self._ask("GET", "state")

    def clock(self) -> Json:
        """Lab time, rate, and the skew and drift of every part."""
        return self._ask("GET", "clock")

    def set_clock(
        self,
        *,
        advance: float | str | None = None,
        rate: float | None = None,
        skew: Mapping[str, float | str] | None = None,
        drift: Mapping[str, float] | None = None,
    ) -> Json:
        """Change the lab's clock; durations in seconds or as texts such as 47h59m. Gives the new state."""
        wanted = {"advance": advance, "rate": rate, "skew": skew, "drift": drift}
        return self._ask(
            "POST", "clock", {name: value for name, value in wanted.items() if value is not None}
        )

    def advance(self, duration: float | str) -> Json:
        """Jump lab time forward for every part."""
        return self.set_clock(advance=duration)

    def faults(self) -> Json:
        """Known fault points (`points`) and laid rules (`rules`)."""
        return self._ask("GET", "faults")

    def add_fault(self, point: str, action: str, **fields: Any) -> Json:
        """Lay a fault rule; `fields` are count, skip, probability, seed, match, seconds, delay, value."""
        return self._ask("POST", "faults", {"point": point, "action": action, **fields})

    def remove_fault(self, rule_id: int | str) -> Json:
        """Take one fault rule away."""
        return self._ask("DELETE", f"faults/{rule_id}")

    def clear_faults(self) -> Json:
        """Take every fault rule away."""
        return self._ask("DELETE", "faults")

    def journal(self, after: int = 0, limit: int = 100) -> list[Json]:
        """Events numbered above `after`, oldest first."""
        events: list[Json] = self._ask("GET", f"journal?after={after}&limit={limit}")["events"]
        return events

    def journal_tail(self, last: int) -> list[Json]:
        """The `last` newest events, oldest first."""
        events: list[Json] = self._ask("GET", f"journal?last={last}")["events"]
        return events

    def snapshots(self) -> list[str]:
        """Names of the snapshots the part keeps."""
        names: list[str] = self._ask("GET", "snapshot")["snapshots"]
        return names

    def snapshot(self, name: str, replace: bool = False) -> Json:
        """Keep the part's state under `name`."""
        return self._ask("POST", "snapshot", {"name": name, "replace": replace})

    def restore(self, name: str) -> Json:
        """Bring the snapshot `name` back."""
        return self._ask("POST", "restore", {"name": name})

    def reset(self, **settings: Any) -> Json:
        """Start the part afresh with `settings`; gives its new state."""
        return self._ask("POST", "reset", {"settings": settings})

    def do(self, operation: str, **arguments: Any) -> Json:
        """Run one of the part's own operations."""
        return self._ask("POST", f"do/{operation}", arguments)

    def openapi(self) -> Json:
        """The part's OpenAPI document."""
        return self._ask("GET", "openapi.json")

    def close(self) -> None:
        """Give the connections back."""
        if self._http is not None:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, method: str, path: str, body: object | None = None) -> Json:
        headers = {"X-Kassalab": "control", **self._token}
        content = b""
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        try:
            http = self._http = self._http or QuickHttp(self.url, self._timeout)
            prefix = urlsplit(self.url).path
            response = http.exchange(http.request_bytes(method, f"{prefix}/control/{path}", headers, content))
        except HttpError as error:
            raise UnreachableError(self._with_cause(f"no answer from {self.url}: {error}")) from None
        answer = self._json(response)
        if response.status >= BAD:
            problem = answer.get("error")
            if not isinstance(problem, dict):
                raise UnreachableError(f"{self.url} is no control API: HTTP {response.status}")
            fields = (str(problem.get(name, "")) for name in ("field", "rule", "text"))
            raise RefusedError(response.status, *fields)
        return answer

    def _json(self, response: HttpAnswer) -> Json:
        try:
            answer = any_json(response.content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise UnreachableError(f"{self.url} is no control API: HTTP {response.status}, not JSON")
        return answer

    def _with_cause(self, text: str) -> str:
        cause = self._explain()
        return f"{text}\n{cause}" if cause else text
