"""Client of the control API that every part of the lab carries; the judge and the command line use it.

It speaks JSON to `<base>/control/…` and turns each refusal into one exception that names field, rule and
text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

TOKEN_HEADER = "X-Kassalab-Token"  # noqa: S105 - the name of a header
TIMEOUT_SECONDS = 30.0

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
        headers = {TOKEN_HEADER: token} if token else {}
        # trust_env off: a proxy of the machine must not stand between the parts of a lab.
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

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
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, method: str, path: str, body: object | None = None) -> Json:
        headers = {"X-Kassalab": "control"}
        try:
            response = self._http.request(method, f"/control/{path}", json=body, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise UnreachableError(self._with_cause(f"no answer from {self.url}: {error}")) from None
        answer = self._json(response)
        if response.is_error:
            problem = answer.get("error")
            if not isinstance(problem, dict):
                raise UnreachableError(f"{self.url} is no control API: HTTP {response.status_code}")
            fields = (str(problem.get(name, "")) for name in ("field", "rule", "text"))
            raise RefusedError(response.status_code, *fields)
        return answer

    def _json(self, response: httpx.Response) -> Json:
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise UnreachableError(f"{self.url} is no control API: HTTP {response.status_code}, not JSON")
        return answer

    def _with_cause(self, text: str) -> str:
        cause = self._explain()
        return f"{text}\n{cause}" if cause else text
