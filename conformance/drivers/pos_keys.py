"""The keys of a point of sale under test: how the judge presses them, whatever it is made of.

`HttpKeys` speaks the API of docs/pos.md, `CommandKeys` runs a vendor's program for every key, `PersonKeys`
(in `pos_person`) asks somebody at the till. All answer with the same values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from conformance.drivers.vendor_program import VendorProgram
from conformance.drivers.wire import NOT_OPENED, Tap
from conformance.events import Direction, Layer
from conformance.quick_http import HttpAnswer, HttpError, HttpUnreachableError, QuickHttp
from conformance.verdicts import AnswerMissing, AnswerUnreadable, NotApplicable, TargetUnreachable

Json = dict[str, Any]
DONE: Final = "done"
WAITING: Final = "waiting"
REFUSED: Final = "refused"
OUTCOMES: Final = (DONE, WAITING, REFUSED)
KEYS: Final = (
    *("sell", "refund", "order", "paper", "look", "standing", "close-shift", "test-receipt", "app-answer"),
    *("link", "login", "settings"),
)
"""All there are; docs/judge-your-pos.md says what each is given."""
KEY_SECONDS: Final = 60.0
"""Real seconds a key may take."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a key did.

    `outcome`: done (the receipt is there), waiting (the order is kept, its receipt is not there yet) or
    refused. `order` is the order's id at the point of sale, `receipt` its fiscal facts (number, sign, made,
    terminal, address), `why` the rule or Reason of a refusal, `fields` whatever else it told.
    """

    key: str
    outcome: str
    order: str = ""
    receipt: Json | None = None
    why: str = ""
    text: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The outcome as a report shows it."""
        number = "" if self.receipt is None else f"receipt {self.receipt.get('number')}"
        return " ".join(filter(None, (self.outcome, self.why, number, self.text[:200])))

    def told(self, path: str) -> Any:
        """A field by its dotted path; NotApplicable where the point of sale does not tell it."""
        value: Any = self.fields
        for name in path.split("."):
            if not isinstance(value, Mapping) or name not in value:
                raise NotApplicable(f"the point of sale does not tell {path}")
            value = value[name]
        return value


class Keys(Protocol):
    """What every point of sale can be asked to do."""

    def press(self, key: str, order: Mapping[str, Any]) -> Pressed:
        """Press a key and wait for its outcome."""

    def close(self) -> None:
        """Let go of the point of sale."""


def read_pressed(key: str, answer: object) -> Pressed:
    """The outcome that an answer's JSON states. AnswerUnreadable names the field that is wrong."""
    if not isinstance(answer, dict):
        raise AnswerUnreadable(f"key {key}: the answer is no JSON object", observed=str(answer)[:400])
    if answer.get("outcome") not in OUTCOMES:
        raise AnswerUnreadable(
            f"key {key}: outcome is one of {', '.join(OUTCOMES)}", observed=str(answer.get("outcome"))
        )
    receipt, fields = answer.get("receipt"), answer.get("fields") or {}
    if not (receipt is None or isinstance(receipt, dict)):
        raise AnswerUnreadable(f"key {key}: receipt is an object or null", observed=str(receipt)[:400])
    if not isinstance(fields, dict):
        raise AnswerUnreadable(f"key {key}: fields is an object", observed=str(fields)[:400])
    texts = {name: str(answer.get(name) or "") for name in ("order", "why", "text")}
    return Pressed(key, str(answer["outcome"]), receipt=receipt, fields=fields, **texts)


class CommandKeys:
    """Keys by a vendor's program: `PROGRAM KEY` with the order as JSON on stdin and the answer on stdout.

    A program that ends with status 64 does not know the key, and the case is not applicable.
    """

    def __init__(self, program: str, tap: Tap, seconds: float = KEY_SECONDS) -> None:
        self._program = VendorProgram("pos", program, tap, seconds)

    def press(self, key: str, order: Mapping[str, Any]) -> Pressed:
        """Run the program with the key."""
        return read_pressed(key, self._program.run(key, order))

    def close(self) -> None:
        """Nothing is held open."""


class HttpDoor:
    """JSON over HTTP to a point of sale, every exchange written down."""

    def __init__(self, base: str, tap: Tap, seconds: float = KEY_SECONDS) -> None:
        self._tap = tap
        try:
            self._client = QuickHttp(base, seconds)
        except HttpError as error:
            raise TargetUnreachable(str(error)) from error

    def ask(self, method: str, path: str, body: object = None, key: str = "") -> tuple[int, Any]:
        """Status and JSON; AnswerMissing when it hangs up, AnswerUnreadable for what is no JSON."""
        headers, content = {"X-Kassalab": "control"}, b""
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        if key:
            headers["Authorization"] = f"Bearer {key}"
        told = "(a PIN)" if path.endswith("/sessions") else content.decode()
        answer = self._exchange(f"{method} {path} {told}".encode(), method, path, headers, content)
        return answer.status, read_json(answer.text, f"{method} {path}")

    def _exchange(
        self, sent: bytes, method: str, path: str, headers: dict[str, str], content: bytes
    ) -> HttpAnswer:
        self._tap(Layer.HTTP, Direction.SENT, sent)
        try:
            answer = self._client.exchange(self._client.request_bytes(method, path, headers, content))
        except HttpUnreachableError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", NOT_OPENED)
            place = f"http://{self._client.host}"
            raise TargetUnreachable(f"no point of sale answers at {place} ({error})") from error
        except HttpError as error:
            self._tap(Layer.HTTP, Direction.CLOSED, b"", sent)
            raise AnswerMissing(f"{method} {path}: {error}") from error
        shown = b'{"session": "..."}' if b"/sessions " in sent else answer.content
        self._tap(Layer.HTTP, Direction.RECEIVED, f"{answer.status} ".encode() + shown, sent)
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def read_json(text: str, what: str) -> Any:
    """JSON; AnswerUnreadable says of what."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise AnswerUnreadable(f"{what} answers no JSON: {error}", observed=text[:400]) from error
