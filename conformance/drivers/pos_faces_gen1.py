"""Generation 1 as the judge speaks it to a point of sale: JSON-RPC on 3448, QPOS on 2040.

uz-fiscal §3, §13.1. Both register in one step. JSON-RPC makes a second receipt of a repeat (G1-R-08), QPOS
answers a repeated ReceiptNumber with the first receipt (QP-01).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from conformance.drivers.pos_faces import (
    CLOSE,
    INFO,
    LAST,
    LIST,
    OPEN,
    RECEIPT,
    REGISTER,
    SEND,
    SHIFT,
    Asking,
)
from conformance.drivers.pos_server import Answer, Asked, Line, json_answer
from conformance.models import uz_played_gen1 as gen1
from conformance.models.uz_played import PlayedModule, Told
from conformance.models.uz_played_receipts import TERMINAL, Json, time_of

METHOD_UNKNOWN: Final = -32601
UNREADABLE: Final = -32700
NO_REQUEST: Final = -32600
UNKNOWN_REASON: Final = gen1.Refusal(65535, "try later")
QPOS_CODE: Final = 50021
_DOING: Final = {REGISTER: gen1.REGISTERING, OPEN: gen1.OPENING, CLOSE: gen1.CLOSING, SHIFT: "zreport"}
_NAMES: Final = (
    *("Time", "ReceivedCash", "ReceivedCard", "Location", "Items", "ExtraInfo", "RefundInfo", "Cashier"),
    *("ReceiptNumber", "Name", "Barcode", "Label", "SPIC", "Units", "PackageCode", "OwnerType", "Amount"),
    *("Price", "Discount", "Other", "VAT", "VATPercent", "CommissionInfo", "TIN", "PINFL", "TerminalID"),
    *("ReceiptSeq", "DateTime", "FiscalSign", "FactoryID", "Number", "Receipt"),
)
_SPELT: Final = {name.lower(): name for name in _NAMES}
_SOLD: Final = {"Sale": (0, 0), "Refund": (0, 1), "Advance": (1, 0), "Credit": (2, 0)}
SECOND: Final = timedelta(seconds=1)


class Gen1Face(ABC):
    """What both share: operations, reasons, and the module's answers."""

    label: str
    port: int
    path: str
    words: ClassVar[Mapping[str, str]]
    """Operations by what the dialect calls them."""

    @property
    def operations(self) -> frozenset[str]:
        """Those that it has a word for."""
        return frozenset(self.words.values())

    def read(self, asked: Asked) -> Asking:
        """A JSON object with method and params at one path."""
        wrong: Told | None = None
        try:
            shell = json.loads(asked.body)
        except ValueError:
            shell, wrong = {}, (UNREADABLE, "parse error")
        if not isinstance(shell, dict):
            shell, wrong = {}, (NO_REQUEST, "invalid request")
        word = str(shell.get("method") or "")
        params = shell.get("params")
        given = _spelt(params) if isinstance(params, Mapping) else {}
        operation = self.words.get(word, "")
        if not wrong and not operation:
            wrong = METHOD_UNKNOWN, f"can't find method {word}"
        wrong = self._transport(asked) or wrong
        lower = {name.lower(): value for name, value in given.items()}
        body = self.receipt(word, given) if operation == REGISTER else None
        return Asking(operation, word, str(given.get("FactoryID") or ""), lower, body, wrong, shell)

    def does(self, module: PlayedModule, asking: Asking) -> Told:
        """By the operation."""
        operation = asking.operation
        if operation != LIST and asking.factory not in ("", module.factory):
            return 404, "fiscal drive not found"
        number = asking.given.get("number", 0)
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            return 400, 'parsing time "number": cannot parse'
        reading: dict[str, Callable[[], Told]] = {
            LIST: lambda: (200, [module.factory]),
            INFO: lambda: (200, gen1.info(module)),
            SHIFT: lambda: gen1.zreport(module, number),
            RECEIPT: lambda: gen1.held(module, number),
            LAST: lambda: _last(module),
            REGISTER: lambda: self.register(module, asking),
            SEND: lambda: _sent(module),
        }
        found = reading.get(operation)
        return self._shift(module, asking) if found is None else found()

    def _shift(self, module: PlayedModule, asking: Asking) -> Told:
        """Open or close: at the time that is given, else at the service's own."""
        text = asking.given.get("time")
        time = _service_time(module) if text in (None, "") else time_of(text)
        if time is None:
            return 400, f'parsing time "{text}": cannot parse'
        return module.open_shift(time) if asking.operation == OPEN else module.close_shift(time)

    @abstractmethod
    def receipt(self, word: str, given: Json) -> Json:
        """The receipt of a request in the form of REST."""

    def register(self, module: PlayedModule, asking: Asking) -> Told:
        """Each time anew (G1-R-08)."""
        return module.take(asking.body)

    def sayable(self, operation: str, reason: str) -> bool:
        """Whether generation 1 has an error for it."""
        return gen1.refusal(_DOING.get(operation, gen1.READING), reason) is not None

    def written(self, asking: Asking, told: Told, line: Line) -> Answer:
        """The result, or the error, in the dialect's shell."""
        status, value = told
        if status in (405, 415):
            return Answer(status, str(value).encode(), "text/plain", line)
        if status in (METHOD_UNKNOWN, UNREADABLE, NO_REQUEST):
            return self.wrapped(asking, gen1.Refusal(status, str(value)), line)
        if status == 200:
            return self.wrapped(asking, self._result(asking, value), line)
        found = gen1.refusal(_DOING.get(asking.operation, gen1.READING), str(value))
        return self.wrapped(asking, found or UNKNOWN_REASON, line)

    def _result(self, asking: Asking, value: Any) -> Any:
        if asking.operation == LIST:
            return {"FactoryID": value}
        if asking.operation in (REGISTER, LAST):
            return gen1.answered(value)
        return {"AppletVersion": gen1.APPLET} if value == "OK" else value

    @abstractmethod
    def wrapped(self, asking: Asking, told: Any, line: Line) -> Answer:
        """A result or a `Refusal` as it goes out; HTTP status is 200 for both (G1-T-04)."""

    def _transport(self, asked: Asked) -> Told | None:
        if asked.path.rstrip("/").lower() != self.path:
            return 405, f"nothing is at {asked.path}"
        if asked.method != "POST":
            return 405, f"rpc: POST method required, received {asked.method}"
        return None


class RpcFace(Gen1Face):
    """FiscalDriveAPI on 3448."""

    label = "JSON-RPC 3448"
    port = 3448
    path = "/rpc/api"
    words: ClassVar[Mapping[str, str]] = {
        "Api.ListFiscalDrives": LIST,
        "Api.GetInfo": INFO,
        "Api.OpenZReport": OPEN,
        "Api.CloseZReport": CLOSE,
        "Api.GetZReportInfo": SHIFT,
        "Api.GetReceiptInfo": RECEIPT,
        "Api.GetLastRegisteredReceipt": LAST,
        "Api.ResendUnsent": SEND,
        "Api.SendReceipt": SEND,
        "Api.GetReceiptCount": "GetReceiptCount",
        "Api.GetUnsentCount": "GetUnsentCount",
        "Api.GetZReportCount": "GetZReportCount",
        "Api.Ping": "Ping",
        **{f"Api.Send{kind}Receipt": REGISTER for kind in _SOLD},
    }

    def _transport(self, asked: Asked) -> Told | None:
        """G1-T-02 and G1-T-03."""
        wrong = super()._transport(asked)
        kind = asked.header("content-type")
        if wrong is None and kind.partition(";")[0].strip().lower() != "application/json":
            return 415, f"rpc: unrecognized Content-Type: {kind}"
        return wrong

    def receipt(self, word: str, given: Json) -> Json:
        """`Receipt`; its kind is the method's."""
        kind, operation = _SOLD[word.removeprefix("Api.Send").removesuffix("Receipt")]
        found = given.get("Receipt")
        whole = found if isinstance(found, dict) else {}
        return {**whole, "Type": kind, "Operation": operation}

    def _shift(self, module: PlayedModule, asking: Asking) -> Told:
        """What counts, besides the two of a shift."""
        unsent = len(module.unsent)
        counts: dict[str, Json] = {
            "GetReceiptCount": {"AppletVersion": gen1.APPLET, "Count": unsent},
            "GetZReportCount": {"AppletVersion": gen1.APPLET, "Count": gen1.slots(module)},
            "GetUnsentCount": {"TerminalID": {TERMINAL: unsent}, "Count": unsent},
            "Ping": {"Message": asking.given.get("message", "")},
        }
        found = counts.get(asking.operation)
        return super()._shift(module, asking) if found is None else (200, found)

    def wrapped(self, asking: Asking, told: Any, line: Line) -> Answer:
        """JSON-RPC 2.0, the id as it came (G1-T-01)."""
        shell: Json = {"jsonrpc": "2.0", "id": asking.shell.get("id")}
        if isinstance(told, gen1.Refusal):
            shell["error"] = {"code": told.code, "message": told.message, "data": told.data or None}
        else:
            shell["result"] = told
        return json_answer(200, shell, line)


class QposFace(Gen1Face):
    """QPOS on 2040. Receipts that it knows by their number are kept with the module's own."""

    label = "QPOS 2040"
    port = 2040
    path = "/api"
    words: ClassVar[Mapping[str, str]] = {
        "Api.GetInfo": INFO,
        "Api.ZReportInfo": SHIFT,
        "Api.OpenZReport": OPEN,
        "Api.CloseZReport": CLOSE,
        "Api.SendReceipt": SEND,
        **{f"{kind}Receipt": REGISTER for kind in ("Sale", "Refund", "Advance")},
    }

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Json] = {}

    def receipt(self, word: str, given: Json) -> Json:
        """The params themselves; the kind is the method's."""
        kind, operation = _SOLD[word.removesuffix("Receipt")]
        return {**given, "Type": kind, "Operation": operation}

    def register(self, module: PlayedModule, asking: Asking) -> Told:
        """Once for a method and a number (QP-01); a refusal frees the number."""
        key = asking.word, str(asking.given.get("receiptnumber") or "")
        if key[1] and key in self._known:
            return 200, self._known[key]
        status, told = module.take(asking.body)
        if status == 200 and key[1]:
            self._known[key] = told
        return status, told

    def forget(self) -> None:
        """The wrapper loses the numbers it has kept."""
        self._known.clear()

    def _result(self, asking: Asking, value: Any) -> Any:
        if asking.operation == OPEN:
            return "Z-Report succesfuly open!"
        if asking.operation == SEND:
            return {"AppletVersion": gen1.APPLET, "QueuedToSendCount": 0}
        return super()._result(asking, value)

    def wrapped(self, asking: Asking, told: Any, line: Line) -> Answer:
        """code, message, data; the answer of Api.SendReceipt has a shape of its own."""
        if isinstance(told, gen1.Refusal):
            shell: Json = {"code": QPOS_CODE, "message": told.message, "data": told.data}
        elif asking.operation == SEND:
            shell = {"success": True, "data": told, "apiTime": "142 ms"}
        else:
            shell = {"code": 0, "message": "OK", "data": told}
        return json_answer(200, shell, line)


def _last(module: PlayedModule) -> Told:
    return (200, module.receipts[-1].answer) if module.receipts else (404, "ERROR_RECEIPT_NOT_FOUND")


def _sent(module: PlayedModule) -> Told:
    """It begins to send; how that goes is not said."""
    module.send(len(module.receipts) or 1)
    return 200, "OK"


def _service_time(module: PlayedModule) -> datetime:
    """The service's own time, which never repeats the module's last (TM-05)."""
    return max(module.now(), module.last + SECOND)


def _spelt(value: Any) -> Any:
    """Names as the clauses spell them: they are matched without regard to case (G1-T-08)."""
    if isinstance(value, Mapping):
        return {_SPELT.get(str(name).lower(), str(name)): _spelt(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_spelt(each) for each in value]
    return value
