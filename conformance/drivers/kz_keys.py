"""The keys of a register under test: how the judge presses them, whatever the register is made of.

`HttpKeys` speaks to a register with an HTTP interface, `CommandKeys` runs a vendor's program for every key,
`PersonKeys` (in `kz_person`) asks somebody who stands at the machine. All answer with the same two values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from conformance.drivers.vendor_program import VendorProgram
from conformance.drivers.wire import NOT_OPENED, Tap
from conformance.events import Direction, Layer
from conformance.quick_http import HttpAnswer, HttpError, HttpUnreachableError, QuickHttp
from conformance.verdicts import AnswerMissing, AnswerUnreadable, NotApplicable, TargetUnreachable

Json = dict[str, Any]
OUTCOMES: Final = ("done", "queued", "refused")
KEY_SECONDS: Final = 30.0
"""Real seconds a key may take: a document waits for its answer as long as the protocol says."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a key did.

    `outcome`: done, queued (autonomous) or refused. `code`: the OFD's result code, None without an answer.
    `local`: why the register itself refused. `document` is None when nothing was made. `text` is what it
    showed, `tape` what it printed.
    """

    key: str
    outcome: str
    mode: str = ""
    code: int | None = None
    local: str = ""
    text: str = ""
    document: Json | None = None
    tape: tuple[str, ...] = ()
    findings: tuple[Json, ...] = ()

    @property
    def shown(self) -> str:
        """The outcome as a report shows it."""
        why = self.local or ("" if self.code is None else f"code {self.code}")
        return " ".join(filter(None, (self.outcome, why, f"in {self.mode}" if self.mode else "", self.text)))

    @property
    def refused(self) -> bool:
        """Whether the register made no document."""
        return self.outcome == "refused"

    def told(self, field_name: str) -> Any:
        """A field of the document; AnswerUnreadable without one."""
        if self.document is None or field_name not in self.document:
            raise AnswerUnreadable(f"key {self.key}: the answer has no document.{field_name}")
        return self.document[field_name]


@dataclass(frozen=True, slots=True)
class State:
    """What a register tells of itself; what it does not tell makes a case not applicable."""

    fields: Mapping[str, Any] = field(default_factory=dict)

    def told(self, path: str) -> Any:
        """A field by its dotted path, such as `queue.length`."""
        value: Any = self.fields
        for name in path.split("."):
            if not isinstance(value, Mapping) or name not in value:
                raise NotApplicable(f"the register does not tell {path}")
            value = value[name]
        return value

    @property
    def mode(self) -> str:
        """The mode by its name in kz-ofd §6.2."""
        return str(self.told("mode"))


class Keys(Protocol):
    """What every register can be asked to do."""

    def press(self, key: str, order: Mapping[str, Any]) -> Pressed:
        """Press a key and wait for its outcome; what it may be given stands in docs/writing-cases.md."""

    def state(self) -> State:
        """What the register tells of itself now."""

    def documents(self, after: int, limit: int) -> list[Json]:
        """Documents it has printed, numbered above `after`."""

    def tape(self, number: int, width: int) -> str:
        """A printed document as text of so many columns."""

    def close(self) -> None:
        """Let go of the register."""


def read_pressed(key: str, answer: object) -> Pressed:
    """The outcome that an answer's JSON states. AnswerUnreadable names the field that is wrong."""
    if not isinstance(answer, dict):
        raise AnswerUnreadable(f"key {key}: the answer is no JSON object", observed=str(answer)[:400])
    if answer.get("outcome") not in OUTCOMES:
        raise AnswerUnreadable(
            f"key {key}: outcome is one of {', '.join(OUTCOMES)}", observed=str(answer.get("outcome"))
        )
    code, document = answer.get("code"), answer.get("document")
    if not (code is None or isinstance(code, int)):
        raise AnswerUnreadable(f"key {key}: code is a number or null", observed=str(code))
    if not (document is None or isinstance(document, dict)):
        raise AnswerUnreadable(f"key {key}: document is an object or null", observed=str(document)[:400])
    return Pressed(
        key,
        str(answer["outcome"]),
        str(answer.get("mode") or ""),
        code,
        str(answer.get("local") or ""),
        str(answer.get("text") or ""),
        document,
        tuple(str(line) for line in answer.get("tape") or ()),
        tuple(answer.get("findings") or ()),
    )


class HttpKeys:
    """Keys over HTTP: `POST /keys/<key>`, `GET /keys/state`, `GET /keys/documents`."""

    def __init__(self, base: str, tap: Tap, seconds: float = KEY_SECONDS) -> None:
        self._tap = tap
        try:
            self._client = QuickHttp(base, seconds)
        except HttpError as error:
            raise TargetUnreachable(str(error)) from error
        self._prefix = urlsplit(base).path.rstrip("/")

    def press(self, key: str, order: Mapping[str, Any]) -> Pressed:
        """Press a key. AnswerUnreadable for any answer that is none of the three outcomes."""
        response = self.request("POST", f"/keys/{key}", dict(order))
        if response.status != 200:
            raise AnswerUnreadable(
                f"key {key} answers {response.status}", expected="200", observed=response.text[:400]
            )
        return read_pressed(key, _json(response, f"key {key}"))

    def state(self) -> State:
        """GET /keys/state."""
        found = _json(self._good("/keys/state"), "state")
        if not isinstance(found, dict):
            raise AnswerUnreadable("state is no JSON object", observed=str(found)[:400])
        return State(found)

    def documents(self, after: int, limit: int) -> list[Json]:
        """GET /keys/documents."""
        found = _json(self._good(f"/keys/documents?after={after}&limit={limit}"), "documents")
        if isinstance(found, dict):
            found = found.get("documents")
        if not isinstance(found, list):
            raise AnswerUnreadable("documents is no JSON array", observed=str(found)[:400])
        return found

    def tape(self, number: int, width: int) -> str:
        """GET /keys/documents/<n>/tape."""
        return self._good(f"/keys/documents/{number}/tape?width={width}").text

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def request(
        self, method: str, path: str, body: object = None, *, content: bytes | None = None
    ) -> HttpAnswer:
        """One exchange, whatever its status; AnswerMissing when the register hangs up in it."""
        kind = {}
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
            kind = {"Content-Type": "application/json"}
        content = content or b""
        sent = f"{method} {path} {content.decode('utf-8', 'replace')}".encode()
        self._tap(Layer.HTTP, Direction.SENT, sent)
        try:
            request = self._client.request_bytes(method, self._prefix + path, kind, content)
            answer = self._client.exchange(request)
        except HttpUnreachableError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", NOT_OPENED)
            raise TargetUnreachable(f"no register answers at http://{self._client.host} ({error})") from error
        except HttpError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", sent)
            raise AnswerMissing(f"{method} {path}: {error}") from error
        self._tap(Layer.HTTP, Direction.RECEIVED, f"{answer.status} {answer.text}".encode(), sent)
        return answer

    def _good(self, path: str) -> HttpAnswer:
        answer = self.request("GET", path)
        if answer.status != 200:
            raise AnswerUnreadable(
                f"GET {path} answers {answer.status}", expected="200", observed=answer.text[:400]
            )
        return answer


def _json(response: HttpAnswer, what: str) -> Any:
    try:
        return json.loads(response.text)
    except ValueError as error:
        raise AnswerUnreadable(f"{what} answers no JSON: {error}", observed=response.text[:400]) from error


class CommandKeys:
    """Keys by a vendor's program: `PROGRAM KEY` with the order as JSON on stdin and the answer on stdout.

    `state`, `documents` and `tape` are words like the keys; a program that ends with status 64 does not
    know the word, and the case is not applicable.
    """

    def __init__(self, program: str, tap: Tap, seconds: float = KEY_SECONDS) -> None:
        self._program = VendorProgram("register-kz", program, tap, seconds)

    def press(self, key: str, order: Mapping[str, Any]) -> Pressed:
        """Run the program with the key."""
        return read_pressed(key, self._program.run(key, order))

    def state(self) -> State:
        """Run it with `state`."""
        found = self._program.run("state", {})
        if not isinstance(found, dict):
            raise AnswerUnreadable("state is no JSON object", observed=str(found)[:400])
        return State(found)

    def documents(self, after: int, limit: int) -> list[Json]:
        """Run it with `documents`."""
        found = self._program.run("documents", {"after": after, "limit": limit})
        if not isinstance(found, list):
            raise AnswerUnreadable("documents is no JSON array", observed=str(found)[:400])
        return found

    def tape(self, number: int, width: int) -> str:
        """Run it with `tape`; it answers a JSON string."""
        return str(self._program.run("tape", {"number": number, "width": width}))

    def close(self) -> None:
        """Nothing is held open."""
