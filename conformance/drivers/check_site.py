"""The operator's pages for buyers: the check page behind a QR code, and the interface it is made from.

What was asked and what came goes into the transcript like any other exchange.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from re import search

import httpx

from conformance.control_client import Json
from conformance.drivers.drive_client import response_bytes
from conformance.drivers.wire import NOT_OPENED, Tap
from conformance.events import Direction, Layer
from conformance.verdicts import AnswerUnreadable, TargetUnreachable
from reference.protocol.uz.values import format_compact_time


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as it came. `verdict` is what its machine-readable mark says: genuine, unknown or ask."""

    status: int
    text: str

    @property
    def verdict(self) -> str:
        """Content of `<meta name="kassalab-verdict">`, empty when there is none."""
        found = search(r'<meta name="kassalab-verdict" content="([a-z]*)">', self.text)
        return "" if found is None else found[1]


@dataclass(frozen=True, slots=True)
class Payment:
    """An answer of `POST /api/payment`."""

    status: int
    body: Json


class CheckSite:
    """The site at `base`, such as http://127.0.0.1:13448. `seconds` is how long it may keep silent."""

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

    def page(self, **query: str) -> Shown:
        """`GET /check` in English with t, r, c and s as given."""
        answer = self._ask("GET", "/check", params={**query, "lang": "en"})
        return Shown(answer.status_code, answer.text)

    def payment(self, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Payment:
        """`POST /api/payment` with a JSON body; AnswerUnreadable when no JSON object comes back."""
        answer = self._ask("POST", "/api/payment", json=dict(body), headers=dict(headers or {}))
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise AnswerUnreadable(
                "the answer is no JSON object", clause="CK-02", observed=f"{answer.status_code} {answer.text}"
            )
        return Payment(answer.status_code, found)

    def _ask(self, method: str, path: str, **parts: object) -> httpx.Response:
        sent = (
            f"{method} {str(self._http.base_url).rstrip('/')}/{path.lstrip('/')} {json.dumps(parts)}".encode()
        )
        self._tap(Layer.HTTP, Direction.SENT, sent)
        try:
            answer = self._http.request(method, path, **parts)  # type: ignore[arg-type]
        except httpx.TransportError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", NOT_OPENED)
            raise TargetUnreachable(f"check page at {self._http.base_url}: {error}") from error
        self._tap(Layer.HTTP, Direction.RECEIVED, response_bytes(answer), sent)
        return answer


def qr_query(terminal: str, seq: int, time: datetime, sign: str) -> dict[str, str]:
    """The four values of a QR code as query parameters (QR-01)."""
    return {"t": terminal, "r": str(seq), "c": format_compact_time(time), "s": sign}


def payment_query(terminal: str, seq: int, time: datetime, sign: str, kind: str = "CHECK") -> dict[str, str]:
    """The same values as a body of the payment interface."""
    return {
        "terminalId": terminal,
        "paymentNo": str(seq),
        "paymentDate": format_compact_time(time),
        "fiscalSign": sign,
        "paymentType": kind,
    }
