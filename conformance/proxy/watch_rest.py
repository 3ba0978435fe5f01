"""Judge of a fiscal drive by its HTTP answers (uz-fiscal §4): shapes, texts, repeats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from conformance.any_json import any_json
from conformance.proxy.units import Side, Unit
from conformance.proxy.watching import Finding, Pairing, Talk

if TYPE_CHECKING:
    from conformance.proxy.reading_http import HttpMessage

TRACES: Final = re.compile(
    rb"Traceback \(most recent call last\)|goroutine \d+ \[|^\s+at [\w.$]+\([\w.]+:\d+\)|\bpanic: ",
    re.MULTILINE,
)
"""How traces of Python, Go and Java begin."""
_STATUS_WORD: Final = re.compile(r"([0-9A-F]{4}) - [A-Z0-9_]+")
_STATUSES: Final = {
    **dict.fromkeys(("9010", "9011", "9012", "9013", "9014", "6700", "6A80", "6A86"), 400),
    "9020": 404,
}
"""HTTP status by status word; any other word is 500 (uz-fiscal §4.6)."""
_COMMANDS: Final = re.compile(
    r"/(fiscaldrive/(state/sync|zreport/(open|close))|pos/(lock|auth)|database/files/status/reset)\b",
    re.IGNORECASE,
)
"""Operations whose good answer is OK."""
_OPERATIONS: Final = re.compile(r"/(fiscaldrive|database|auth|pos)/", re.IGNORECASE)


class DriveWatcher(Pairing):
    """Judges a fiscal drive; what is not one of its operations (pages, control) is left alone."""

    judges = Side.RESPONSE

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[tuple[str, bytes], str] = {}
        self._registered: dict[tuple[str, str], Any] = {}

    def forget(self) -> None:
        """No transaction is known."""
        self._numbers.clear()
        self._registered.clear()

    def answered(self, talk: Talk, response: Unit) -> Iterator[Finding]:
        """Judge one answer."""
        request = talk.request
        if request is None or request.value is None:
            return
        answer: HttpMessage | None = response.value  # type: ignore[assignment]
        if answer is None:
            yield Finding(
                "G2-T-01", f"{request.title}: {response.trouble}", "an HTTP answer", response.raw[:80].hex()
            )
            return
        if TRACES.search(answer.body):
            shown = answer.body[:200].decode("utf-8", "replace")
            yield Finding(
                "HB-12", f"{request.title}: the answer shows the inside of the drive", "a Reason", shown
            )
        path = request.names["path"]
        if not _OPERATIONS.match(path):
            return
        status = int(answer.start[0])
        if request.names["method"] not in ("GET", "POST", "HEAD"):
            if status != 405:
                yield Finding("G2-T-02", request.title, "405", str(status))
        elif status >= 400:
            yield from _judge_error(request, status, answer)
        elif _COMMANDS.match(path):
            yield from _judge_ok(request, answer)
        elif request.names["method"] != "HEAD":
            yield from self._judge_value(request, answer)

    def _judge_value(self, request: Unit, answer: HttpMessage) -> Iterator[Finding]:
        try:
            value = any_json(answer.body)
        except ValueError:
            if answer.content_type == "application/json" or "txid" in request.names["path"].lower():
                shown = answer.body[:80].decode("utf-8", "replace")
                yield Finding("S-4.3", f"{request.title}: the answer is not JSON", "JSON", shown)
            return
        path, device = request.names["path"].lower(), request.names["device"]
        if "/receipt/gettxid/" in path:
            yield from self._judge_number(request, device, value)
        elif "/receipt/registertxid/" in path:
            yield from self._judge_registration(request, device, value)

    def _judge_number(self, request: Unit, device: str, value: Any) -> Iterator[Finding]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Finding("S-4.3", "the answer to GetTXID", "a bare number", str(value)[:80])
            return
        message: HttpMessage = request.value  # type: ignore[assignment]
        key = (device, message.body)
        if message.body and self._numbers.setdefault(key, str(value)) != str(value):
            yield Finding(
                "G2-S-05", "the same receipt gets another transaction id", self._numbers[key], str(value)
            )

    def _judge_registration(self, request: Unit, device: str, value: Any) -> Iterator[Finding]:
        number = _transaction(request)
        if not number:
            return
        first = self._registered.setdefault((device, number), value)
        if first != value:
            text = f"TXID {number} registered again is answered otherwise"
            yield Finding("G2-S-07", text, json.dumps(first), json.dumps(value))


def _judge_error(request: Unit, status: int, answer: HttpMessage) -> Iterator[Finding]:
    try:
        body = any_json(answer.body)
    except ValueError:
        body = None
    named = {name.lower(): value for name, value in body.items()} if isinstance(body, dict) else {}
    if not all(isinstance(named.get(name), str) for name in ("reason", "type")):
        if request.names["method"] != "HEAD":
            shown = answer.body[:200].decode("utf-8", "replace")
            yield Finding("G2-T-09", f"{request.title}: {status}", "JSON with Reason and Type", shown)
        return
    if answer.content_type != "application/json":
        yield Finding("G2-T-09", f"{request.title}: content type", "application/json", answer.content_type)
    found = _STATUS_WORD.match(named["reason"])
    if found is not None:
        expected = _STATUSES.get(found[1], 500)
        if status != expected:
            yield Finding("S-4.6", f"{request.title}: {named['reason']}", str(expected), str(status))


def _judge_ok(request: Unit, answer: HttpMessage) -> Iterator[Finding]:
    if answer.body.strip() == b'"OK"':
        return  # clients take it as well
    if answer.body != b"OK":
        shown = answer.body[:80].decode("utf-8", "replace")
        yield Finding("G2-T-08", f"{request.title}: the answer", "OK", shown)
    elif answer.content_type != "text/plain":
        yield Finding("G2-T-08", f"{request.title}: content type", "text/plain", answer.content_type)


def _transaction(request: Unit) -> str:
    """TXID of a registration, wherever it stands (G2-T-03, G2-T-05, HB-08)."""
    message: HttpMessage = request.value  # type: ignore[assignment]
    text = message.body.decode("utf-8", "replace").strip()
    if text.isdigit():
        return text
    query = message.start[1].partition("?")[2]
    pairs = parse_qsl(query) + parse_qsl(text)
    if text.startswith("{"):
        try:
            pairs += [(name, str(value)) for name, value in any_json(text).items()]
        except ValueError:
            return ""
    return next((value for name, value in pairs if name.lower() == "txid"), "")
