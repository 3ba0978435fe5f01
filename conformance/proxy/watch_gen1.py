"""Judge of generation 1 and its wrappers by their HTTP answers (uz-fiscal §3.1, §13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from conformance.any_json import any_json
from conformance.proxy.units import Side, Unit
from conformance.proxy.watch_rest import TRACES
from conformance.proxy.watching import Finding, Pairing, Talk

if TYPE_CHECKING:
    from conformance.proxy.reading_http import HttpMessage

_CARD_CODES: Final = range(36870, 36919)
"""Codes of card errors; their messages are the names (uz-fiscal §3.5)."""
_NO_REQUEST: Final = (-32700, -32600)
"""Errors about what is no request, whose id is null (uz-fiscal G1-T-07)."""


class Gen1Watcher(Pairing):
    """Judges the answers of JSON-RPC at /rpc/api, of QPOS at /api and of the Communicator at /uzpos."""

    judges = Side.RESPONSE

    def forget(self) -> None:
        """Nothing is kept: an answer is judged by its request alone."""

    def answered(self, talk: Talk, response: Unit) -> Iterator[Finding]:
        """Judge one answer."""
        request = talk.request
        if request is None or request.value is None or response.value is None:
            return
        asked: HttpMessage = request.value  # type: ignore[assignment]
        answer: HttpMessage = response.value  # type: ignore[assignment]
        if TRACES.search(answer.body):
            shown = answer.body[:200].decode("utf-8", "replace")
            yield Finding(
                "HB-12", f"{request.title}: the answer shows the inside of the service", "an error", shown
            )
        judge = _JUDGES.get(request.names["path"].rstrip("/"))
        if judge is None or request.names["method"] != "POST":
            return
        body = _object(answer)
        if int(answer.start[0]) == 200 and body is None:
            shown = answer.body[:80].decode("utf-8", "replace")
            yield Finding(judge.shape, f"{request.title}: the answer", "a JSON object", shown)
        elif body is not None:
            yield from judge.of(request, _object(asked), body, int(answer.start[0]))


class _Rpc:
    shape = "G1-T-04"

    @staticmethod
    def of(
        request: Unit, asked: dict[str, Any] | None, body: dict[str, Any], status: int
    ) -> Iterator[Finding]:
        """Status, id, and an error whose message fits its code."""
        if status != 200:
            yield Finding("G1-T-04", f"{request.title}: status of a JSON-RPC answer", "200", str(status))
        error = body.get("error")
        refused = isinstance(error, dict) and error.get("code") in _NO_REQUEST
        named_asked = {} if asked is None else {name.lower(): value for name, value in asked.items()}
        wanted = named_asked.get("id")
        if "method" in named_asked and not refused and body.get("id") != wanted:
            yield Finding("G1-T-01", f"{request.title}: the id", str(wanted), str(body.get("id")))
        if error is None:
            return
        if not isinstance(error, dict) or not isinstance(error.get("code"), int):
            yield Finding(
                "G1-T-05", f"{request.title}: the error", "code, message and data", str(error)[:200]
            )
            return
        named = str(error.get("message", "")).startswith("ERROR_")
        if named != (error["code"] in _CARD_CODES):
            shown = f"{error['code']} {error.get('message')}"
            yield Finding("G1-T-05", f"{request.title}: a card code and its name", "both or neither", shown)


class _Qpos:
    shape = "S-13.1"

    @staticmethod
    def of(
        request: Unit, _asked: dict[str, Any] | None, body: dict[str, Any], status: int
    ) -> Iterator[Finding]:
        """HTTP 200, and one of the three documented shapes."""
        if status != 200:
            yield Finding("S-13.1", f"{request.title}: the status", "200", str(status))
        if not ({"code", "message"} <= body.keys() or "result" in body or "success" in body):
            yield Finding("S-13.1", f"{request.title}: the answer", "code, message and data", str(body)[:200])


class _Communicator:
    shape = "S-13.2"

    @staticmethod
    def of(
        request: Unit, _asked: dict[str, Any] | None, body: dict[str, Any], _status: int
    ) -> Iterator[Finding]:
        """The boolean that clients branch on."""
        if not isinstance(body.get("error"), bool):
            yield Finding("S-13.2", f"{request.title}: error", "true or false", str(body.get("error"))[:80])


_JUDGES: Final[dict[str, type[_Rpc] | type[_Qpos] | type[_Communicator]]] = {
    "/rpc/api": _Rpc,
    "/api": _Qpos,
    "/uzpos": _Communicator,
}


def _object(message: HttpMessage) -> dict[str, Any] | None:
    try:
        body = any_json(message.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
