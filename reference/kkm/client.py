"""A till's way to a register: one call a key, failures as errors for a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

from reference.runtime.control_guard import TOKEN_HEADER

PATIENCE: Final = httpx.Timeout(60.0, connect=5.0)
"""Real seconds: a document waits for the operator as long as the protocol says."""


class KeysError(Exception):
    """Base; the text is for the person at the till."""


class RegisterUnreachableError(KeysError):
    """Nothing answers at the register's address, or it is no register."""


class BadOrderError(KeysError):
    """The register could not read what it was asked; `field` names the place."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class RegisterClient:
    """One register at `url`; `token` as its control token asks, when it listens beyond this machine."""

    def __init__(
        self, url: str, token: str | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {TOKEN_HEADER: token} if token else {}
        self._url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=self._url, headers=headers, timeout=PATIENCE, transport=transport, trust_env=False
        )

    def press(self, key: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Press a key and return the outcome's JSON."""
        return self._object("POST", f"/keys/{key}", dict(order))

    def state(self) -> dict[str, Any]:
        """Return what the register shows."""
        return self._object("GET", "/keys/state")

    def documents(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Return printed documents numbered above `after`."""
        found = self._object("GET", f"/keys/documents?after={after}&limit={limit}")
        return list(found.get("documents", ()))

    def document(self, number: int) -> dict[str, Any]:
        """Return one document."""
        return self._object("GET", f"/keys/documents/{number}")

    def tape(self, number: int, width: int) -> str:
        """Return a document's paper with its QR code."""
        return self._ask("GET", f"/keys/documents/{number}/tape?width={width}&qr=1").text

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _object(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self._ask(method, path, body)
        try:
            found = json.loads(answer.text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise RegisterUnreachableError(f"{self._url} answers, but not as a register does")
        return found

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RegisterUnreachableError(f"no register answers at {self._url}: {error}") from error
        if answer.status_code == httpx.codes.OK:
            return answer
        try:
            fault = json.loads(answer.text)["error"]
            field, text = str(fault["field"]), str(fault["text"])
        except (ValueError, KeyError, TypeError):
            raise RegisterUnreachableError(
                f"{self._url} answers {answer.status_code}, not as a register"
            ) from None
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise RegisterUnreachableError(text)
        raise BadOrderError(field, text)
