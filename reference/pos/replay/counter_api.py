"""The HTTP API of a point of sale, as a replay uses it: one session for each employee whose PIN is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

from reference.pos.errors import TillError

TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
COMINGS: Final = 3
"""How often an employee comes to the till for one request: at a high speed his hours there are short."""
_INTENT: Final = {"X-Kassalab": "control"}


class CounterRefusedError(TillError):
    """The point of sale says no; `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(text)


class CounterApi:
    """One point of sale. `pins` are PINs by employee; `boss` is who does what is nobody else's.

    TillError for whatever it refuses, with the field and the rule that it names.
    """

    def __init__(
        self,
        url: str,
        pins: Mapping[str, str],
        boss: str,
        token: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {**_INTENT, **({"X-Kassalab-Token": token} if token else {})}
        self._http = httpx.Client(
            base_url=url.rstrip("/"), timeout=TIMEOUT, headers=headers, transport=transport, trust_env=False
        )
        self._pins = dict(pins)
        self._boss = boss
        self._keys: dict[str, str] = {}

    def get(self, path: str) -> Any:
        """Read."""
        return self._as(self._boss, "GET", path, None)

    def post(self, path: str, body: Mapping[str, Any] | None, employee: str = "") -> Any:
        """Do, as `employee` if his PIN is known."""
        return self._as(employee if employee in self._pins else self._boss, "POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change."""
        return self._as(self._boss, "PATCH", path, body)

    def look(self) -> Any:
        """Where it stands after one more look: receipts that wait are made."""
        return self.post("/standing", None)

    def clock(self) -> Any:
        """Lab time by the control API."""
        return self._ask("GET", "/control/clock", None, {})

    def set_clock(self, **change: float) -> Any:
        """`advance` or `rate` of lab time."""
        return self._ask("POST", "/control/clock", change, {})

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _as(self, employee: str, method: str, path: str, body: Any) -> Any:
        """As this employee, who comes to the till again when his stay there has run out."""
        for _ in range(COMINGS):
            if employee not in self._keys:
                self._keys[employee] = self._come(employee)
            try:
                return self._ask(method, f"/api{path}", body, _bearer(self._keys[employee]))
            except CounterRefusedError as error:
                if error.status != httpx.codes.UNAUTHORIZED:
                    raise
            del self._keys[employee]
        raise TillError(f"employee: {employee} is at the till too short for {method} {path}: take less speed")

    def _come(self, employee: str) -> str:
        people = {one["name"]: one["id"] for one in self._ask("GET", "/api/people", None, {})}
        if employee not in people:
            raise TillError(
                f"employee: nobody of the name {employee!r} is at the till, only {sorted(people)}"
            )
        body = {"employee": people[employee], "pin": self._pins.get(employee, "")}
        return str(self._ask("POST", "/api/sessions", body, {})["session"])

    def _ask(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        try:
            answer = self._http.request(method, path, json=body, headers=headers)
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise TillError(f"the point of sale does not answer {method} {path}: {error}") from error
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            text = f"{method} {path} is refused ({answer.status_code}): {_reason(told)}"
            raise CounterRefusedError(answer.status_code, text)
        return told


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _reason(told: Any) -> str:
    error = told.get("error", told) if isinstance(told, dict) else told
    if not isinstance(error, dict):
        return str(error)[:200]
    text = error.get("text", "")
    words = text.get("en", "") if isinstance(text, dict) else text
    parts = (error.get("field"), error.get("rule"), words, error.get("fields"))
    return ", ".join(str(part) for part in parts if part)[:300]
