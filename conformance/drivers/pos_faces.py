"""Dialects in which the judge's drive service answers a point of sale: what was asked, and how it is told.

    request ──► Face.read ──► Asking ──► Face.does (the played module) ──► Told ──► Face.written ──► answer

Operations and reasons have one form, that of REST 3449; a face of generation 1 translates. What it has no
word for is NotApplicable in the case that asks for it. This module is REST itself (uz-fiscal §4).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

from conformance.drivers.pos_server import Answer, Asked, Line, json_answer
from conformance.models.uz_played import PlayedModule, Told
from conformance.models.uz_played_receipts import Json, time_of
from conformance.verdicts import NotApplicable

LIST: Final = "FiscalDrive/List"
GETTXID: Final = "GetTXID"
REGISTER: Final = "RegisterTXID"
OPEN: Final = "ZReport/Open"
CLOSE: Final = "ZReport/Close"
STATE: Final = "State/Sync"
SEND: Final = "Sync/FullReceipts"
INFO: Final = "FiscalDrive/Info"
MEMORY: Final = "FiscalMemory/Info"
SHIFT: Final = "ZReport/Info"
RECEIPT: Final = "Receipt/Info"
LAST: Final = "GetLastRegisteredReceipt"
"""Of generation 1 alone."""
_PATHS: Final = {
    "/fiscaldrive/list": LIST,
    "/fiscaldrive/info": INFO,
    "/fiscaldrive/state/sync": STATE,
    "/fiscaldrive/fiscalmemory/info": MEMORY,
    "/fiscaldrive/zreport/open": OPEN,
    "/fiscaldrive/zreport/close": CLOSE,
    "/fiscaldrive/zreport/info": SHIFT,
    "/fiscaldrive/zreport/unackowledgedindexes": "ZReport/UnackowledgedIndexes",
    "/fiscaldrive/receipt/gettxid": GETTXID,
    "/fiscaldrive/receipt/registertxid": REGISTER,
    "/fiscaldrive/receipt/info": RECEIPT,
    "/database/files/count": "Files/Count",
    "/database/files/sync/fullreceipts": SEND,
    "/database/files/sync/zreports": "Sync/ZReports",
    "/database/files/sync/receipts": "Sync/Receipts",
}
"""Paths of uz-fiscal §4.2 without their FactoryID, in lower case (G2-T-06)."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request asks.

    `operation` is empty for what the dialect does not have, `word` is what the dialect calls it. `given` are
    parameters by their names in lower case, `body` the JSON that came, a receipt in the form of REST.
    `wrong`: what breaks the dialect's own rules. `shell`: what the answer is wrapped by.
    """

    operation: str
    word: str
    factory: str
    given: Json
    body: Any
    wrong: Told | None = None
    shell: Json = field(default_factory=dict)


class Face(Protocol):
    """One dialect."""

    label: str
    port: int

    @property
    def operations(self) -> frozenset[str]:
        """What can be asked in it."""

    def read(self, asked: Asked) -> Asking:
        """What a request asks."""

    def does(self, module: PlayedModule, asking: Asking) -> Told:
        """What the module that is meant answers to it."""

    def written(self, asking: Asking, told: Told, line: Line) -> Answer:
        """The answer on the wire."""

    def sayable(self, operation: str, reason: str) -> bool:
        """Whether the dialect has a word for this reason of REST."""


def known_to(face: Face, operation: str) -> str:
    """The operation's name in a face: one that registers in one step has no other for what is stored.

    NotApplicable where the dialect has none such.
    """
    if operation in face.operations:
        return operation
    raise NotApplicable(f"{face.label} has no {operation}")


class RestFace:
    """FiscalDriveService v10 on 3449."""

    label = "REST 3449"
    port = 3449
    operations = frozenset(_PATHS.values())

    def read(self, asked: Asked) -> Asking:
        """By path, with parameters of query, form or JSON (G2-T-03…07)."""
        place, factory = _place(asked.path)
        given, body = _given(asked)
        operation = _PATHS.get(place, "")
        wrong: Told | None = None
        if asked.method not in ("POST", "GET"):
            wrong = 405, "method not allowed"
        elif not operation:
            wrong = 404, "not found"
        return Asking(operation, asked.path, factory, given, body, wrong)

    def does(self, module: PlayedModule, asking: Asking) -> Told:
        """By the operation."""
        operation, given, body = asking.operation, asking.given, asking.body
        if operation != LIST and asking.factory != module.factory and operation != "Files/Count":
            return 404, "fiscal drive not found"
        if operation == GETTXID:
            return module.store(body) if isinstance(body, dict) else (400, "body is no JSON receipt")
        if operation in (OPEN, CLOSE):
            text = str(given.get("datetime", "now"))
            time = module.now() if text == "now" else time_of(text)
            if time is None:
                return 400, f'parsing time "{text}": cannot parse'
            return module.open_shift(time) if operation == OPEN else module.close_shift(time)
        number = _number(given, body)
        if number is None:
            return 400, "a parameter is no number"
        return _readings(module, number)[operation]()

    def written(self, _asking: Asking, told: Told, line: Line) -> Answer:
        """JSON, a Reason, or the bare OK."""
        status, value = told
        if status != 200:
            return json_answer(status, {"Reason": value, "Type": "errors.errorString"}, line)
        if value == "OK":
            return Answer(200, b"OK", "text/plain", line)
        return json_answer(200, value, line)

    def sayable(self, _operation: str, _reason: str) -> bool:
        """All of them are its own."""
        return True


def _readings(module: PlayedModule, number: int) -> dict[str, Callable[[], Told]]:
    empty: Told = (200, {"Items": [], "SuccessfulsCount": 0})
    return {
        LIST: module.listed,
        "Files/Count": lambda: (200, {module.factory: len(module.unsent)}),
        INFO: module.info,
        MEMORY: module.memory,
        STATE: module.sync_state,
        SHIFT: lambda: module.shift_info(number),
        RECEIPT: lambda: module.receipt_info(number),
        REGISTER: lambda: module.register(number),
        SEND: lambda: module.send(number or 32),
        "ZReport/UnackowledgedIndexes": lambda: (200, []),
        "Sync/ZReports": lambda: empty,
        "Sync/Receipts": lambda: empty,
    }


def _place(path: str) -> tuple[str, str]:
    """Path without its FactoryID, in lower case, and that."""
    lower = path.rstrip("/").lower()
    if lower in _PATHS:
        return lower, ""
    head, _, factory = path.rstrip("/").rpartition("/")
    return head.lower(), factory


def _given(asked: Asked) -> tuple[Json, Any]:
    """Parameters of query, form or JSON by their names in lower case, and a JSON body (G2-T-03…05, -07)."""
    given: Json = {name.lower(): value for name, value in parse_qsl(asked.query)}
    text = asked.body.decode("utf-8", "replace")
    try:
        body = json.loads(text) if text else None
    except ValueError:
        body = None
    if isinstance(body, dict):
        given |= {name.lower(): value for name, value in body.items()}
    elif body is None and asked.method == "POST":
        given |= {name.lower(): value for name, value in parse_qsl(text)}
    return given, body


def _number(given: Json, body: Any) -> int | None:
    """The one number that an operation takes; 0 without one."""
    value = next((given[name] for name in ("txid", "index", "itemscount") if name in given), None)
    if value is None:
        value = body if isinstance(body, int) else 0
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None
