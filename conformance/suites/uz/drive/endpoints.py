"""Every operation of the guide's table answers at its path, to POST and to GET (uz-fiscal §4.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.cases import family
from conformance.context import Context
from conformance.drivers.drive import Shift
from conformance.suites.uz.drive.trade import Json, accepted, begin, still
from reference.protocol.uz.values import format_json_time

Given = dict[str, object]


def _nothing(_ctx: Context) -> Given:
    return {}


def _fixed(**given: object) -> Callable[[Context], Given]:
    return lambda _ctx: dict(given)


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table: path, what must be there before, parameters, and the shape of its answer."""

    path: str
    answer: str
    shift: Shift = "open"
    sold: int = 0
    parameters: Callable[[Context], Given] = _nothing
    body: Callable[[Context], Json] | None = None
    needs: tuple[str, ...] = ()
    own: bool = False
    """Whether a drive may look around by itself after it, so that the case wants one of its own."""


def _receipt(ctx: Context) -> Json:
    return ctx.drive.receipt()


def _next_time(ctx: Context) -> Given:
    return {"DateTime": format_json_time(ctx.drive.next_time())}


def _txid(ctx: Context) -> Given:
    return {"TXID": ctx.drive.txid_of(ctx.drive.get_txid(ctx.drive.receipt()).demand())}


def _registered(ctx: Context) -> Given:
    return {"TXID": ctx.drive.sell().txid}


def _numbers(ctx: Context) -> Given:
    return {"Numbers": ctx.drive.memory()["ReceiptSeq"]}


def _secret(ctx: Context) -> Given:
    secret = bytes(ctx.rng.randrange(256) for _ in range(32))
    return {"SecretKey": (secret + hashlib.sha256(secret).digest()).hex()}


def _challenge(ctx: Context) -> Given:
    return {"Challenge": bytes(ctx.rng.randrange(256) for _ in range(16)).hex()}


OPERATIONS: dict[str, Operation] = {
    "list": Operation("/FiscalDrive/List", "array"),
    "info": Operation("/FiscalDrive/Info/{F}", "object"),
    "state-sync": Operation("/FiscalDrive/State/Sync/{F}", "OK", own=True),
    "memory": Operation("/FiscalDrive/FiscalMemory/Info/{F}", "object"),
    "open": Operation("/FiscalDrive/ZReport/Open/{F}", "OK", shift="closed", parameters=_next_time),
    "close": Operation("/FiscalDrive/ZReport/Close/{F}", "OK", sold=1, parameters=_next_time, own=True),
    "shift": Operation("/FiscalDrive/ZReport/Info/{F}", "object", parameters=_fixed(Index=0)),
    "unacknowledged": Operation("/FiscalDrive/ZReport/UnackowledgedIndexes/{F}", "array"),
    "get-txid": Operation("/FiscalDrive/Receipt/GetTXID/{F}", "number", body=_receipt),
    "register-txid": Operation("/FiscalDrive/Receipt/RegisterTXID/{F}", "object", parameters=_txid),
    "receipt": Operation("/FiscalDrive/Receipt/Info/{F}", "object", sold=1, parameters=_fixed(Index=0)),
    "count": Operation("/DataBase/Files/Count", "object", parameters=_fixed(Status=2)),
    "reset": Operation("/DataBase/Files/Status/Reset", "OK", parameters=_registered, own=True),
    "files": Operation("/DataBase/Files/List/{F}/10/0", "array", sold=1, parameters=_fixed(Status=0)),
    "sync-full": Operation(
        "/DataBase/Files/Sync/FullReceipts/{F}", "sync", sold=1, parameters=_fixed(ItemsCount=32)
    ),
    "sync-shifts": Operation("/DataBase/Files/Sync/ZReports/{F}", "sync", parameters=_fixed(ItemsCount=32)),
    "sync-short": Operation("/DataBase/Files/Sync/Receipts/{F}", "sync", parameters=_fixed(ItemsCount=32)),
    "resend": Operation("/DataBase/Files/Resend/FullReceipts/{F}", "sync", sold=1, parameters=_numbers),
    "sign-challenge": Operation("/Auth/SignChallenge/{F}", "hex", parameters=_challenge),
    "pos-lock": Operation(
        "/POS/Lock/{F}",
        "OK",
        parameters=_secret,
        own=True,
        needs=("module-control", "operator-control"),
    ),
    "pos-challenge": Operation("/POS/Challenge/{F}", "hex"),
}
"""All but POS/Auth, which only a POS-locked module answers well (see pos_lock.py)."""


def _array(body: Any) -> bool:
    return isinstance(body, list)


def _object(body: Any) -> bool:
    return isinstance(body, dict)


def _sync(body: Any) -> bool:
    return _object(body) and _array(body.get("Items")) and isinstance(body.get("SuccessfulsCount"), int)


_JSON: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "array": ("a JSON array", _array),
    "object": ("a JSON object", _object),
    "sync": ("a JSON object with Items and SuccessfulsCount", _sync),
}
_TEXT: dict[str, tuple[str, str]] = {
    "number": ("a bare number", "[0-9]+"),
    "OK": ("the text OK", "OK"),
    "hex": ("a hex text", '"?([0-9a-fA-F]{2})+"?'),
}


def _shape(operation: Operation) -> str:
    return (_JSON.get(operation.answer) or _TEXT[operation.answer])[0]


SEEN_WITH_GET = ("list", "info", "memory", "shift")
"""Operations that real clients ask for by GET; for the others GET is a decision of ours."""


def _clauses(row: tuple[str, Operation]) -> list[str]:
    verb, operation = row
    if operation is OPERATIONS["sign-challenge"]:
        return ["UNK-26"]
    seen = any(operation is OPERATIONS[name] for name in SEEN_WITH_GET)
    return ["S-4.2", "G2-T-02"] if verb == "POST" or seen else ["VRB-01"]


@family(
    "uz.drive.endpoint.{key}",
    rows={
        f"{name}-{verb.lower()}": (verb, operation)
        for name, operation in OPERATIONS.items()
        for verb in ("GET", "POST")
    },
    target="drive",
    clauses=_clauses,
    requirements=["UZ-SVC-01"],
    needs=lambda row: ["card", *row[1].needs],
    description=lambda row: (
        f"{row[0]} {row[1].path}; parameters go in the query of a GET, the form of a POST."
    ),
    expectation=lambda row: f"200 and {_shape(row[1])}.",
)
def endpoint(ctx: Context, row: tuple[str, Operation]) -> None:
    """The operation does what it is for; what its answer holds, other cases judge."""
    verb, operation = row
    drive = begin(ctx, operation.shift) if operation.own else still(ctx, operation.shift)
    for _ in range(operation.sold):
        drive.sell()
    given: dict[str, Any] = {"query" if verb == "GET" else "form": operation.parameters(ctx)}
    if operation.body is not None:
        given = {"json": operation.body(ctx)}
    ctx.step("ask for the operation")
    reply = accepted(ctx, drive.request(verb, operation.path.replace("{F}", drive.factory), **given))
    if operation.answer in _JSON:
        holds = _JSON[operation.answer][1](reply.json)
    else:
        holds = re.fullmatch(_TEXT[operation.answer][1], reply.text.strip()) is not None
    ctx.check_that(holds, _shape(operation), reply.text[:200], "answer")
