"""The REST dialect of the drive as one table: path, parameters, answer, clause, and what it calls (uz-fiscal
§4.2).

The shell (rest.py), the OpenAPI document and the page are made from this table. A handler gets the core and a
`Call` and gives a text (answered as plain text) or a JSON-ready value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reference.drive import payloads
from reference.drive.core import Core
from reference.drive.errors import BadParameterError
from reference.drive.parameters import Parameters, page, parse_json_body

POS_AUTH: Final = "X-POS-Auth"
CHALLENGE: Final = 16
OK: Final = "OK"
"""What a command without a result answers (uz-fiscal G2-T-08)."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read: names from the path, parameters, body, and the X-POS-Auth header."""

    path: Mapping[str, str]
    parameters: Parameters
    body: bytes = b""
    pos_auth: str | None = None

    @property
    def factory_id(self) -> str:
        """`{F}` of the path, lower case."""
        return self.path["F"].lower()


Handler = Callable[[Core, Call], Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A documented parameter: its name, JSON type and meaning."""

    name: str
    type: str
    text: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of uz-fiscal §4.2. `plain` answers are text, all others JSON."""

    path: str
    summary: str
    answer: str
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    plain: bool = False
    receipt_body: bool = False
    pos_auth: bool = False
    clause: str = "uz-fiscal §4.2"
    segments: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.path.strip("/").split("/")))


# --- handlers ----------------------------------------------------------------------------------------


def _list(core: Core, _call: Call) -> Any:
    return [payloads.listed_module(state) for state in core.modules()]


def _info(core: Core, call: Call) -> Any:
    tags = payloads.wanted_tags(payloads.INFO, call.parameters.texts("Tags"))
    return payloads.shown(payloads.INFO, core.info(call.factory_id, tags))


def _state_sync(core: Core, call: Call) -> Any:
    core.sync_state(call.factory_id)
    return OK


def _memory(core: Core, call: Call) -> Any:
    tags = payloads.wanted_tags(payloads.MEMORY, call.parameters.texts("Tags"))
    return payloads.shown(payloads.MEMORY, core.memory(call.factory_id, tags))


def _open(core: Core, call: Call) -> Any:
    core.open_shift(call.factory_id, call.parameters.time(core.stage.now()), call.pos_auth)
    return OK


def _close(core: Core, call: Call) -> Any:
    core.close_shift(call.factory_id, call.parameters.time(core.stage.now()), call.pos_auth)
    return OK


def _shift(core: Core, call: Call) -> Any:
    tags = payloads.wanted_tags(payloads.ZREPORT, call.parameters.texts("Tags"))
    return payloads.shown(payloads.ZREPORT, core.shift(call.factory_id, call.parameters.index(), tags))


def _unacknowledged(core: Core, call: Call) -> Any:
    return core.unacknowledged_shifts(call.factory_id)


def _get_txid(core: Core, call: Call) -> Any:
    return core.get_txid(call.factory_id, parse_json_body(call.body))


def _register(core: Core, call: Call) -> Any:
    answer = core.register(call.factory_id, call.parameters.txid(), call.pos_auth)
    return payloads.registered(answer, core.stage.settings.qr_base)


def _receipt(core: Core, call: Call) -> Any:
    tags = payloads.wanted_tags(payloads.RECEIPT, call.parameters.texts("Tags"))
    return payloads.shown(payloads.RECEIPT, core.receipt(call.factory_id, call.parameters.index(), tags))


def _count(core: Core, call: Call) -> Any:
    return core.count_files(call.parameters.status())


def _reset(core: Core, call: Call) -> Any:
    core.reset_file(call.parameters.txid())
    return OK


def _files(core: Core, call: Call) -> Any:
    limit = page("Limit", call.path["Limit"], 1)
    offset = page("Offset", call.path["Offset"], 0)
    rows = core.files(call.factory_id, call.parameters.status(), limit, offset)
    return [payloads.listed_file(row) for row in rows]


def _sync_full(core: Core, call: Call) -> Any:
    return payloads.synced(core.sync_full_receipts(call.factory_id, call.parameters.number("ItemsCount")))


def _sync_zreports(core: Core, call: Call) -> Any:
    return payloads.synced(core.sync_zreports(call.factory_id, call.parameters.number("ItemsCount")))


def _sync_short(core: Core, call: Call) -> Any:
    return payloads.synced(core.sync_short_receipts(call.factory_id, call.parameters.number("ItemsCount")))


def _resend(core: Core, call: Call) -> Any:
    hand_over = call.parameters.flag("Ack", default=True)
    return payloads.synced(core.resend(call.factory_id, call.parameters.numbers(), hand_over))


def _sign_challenge(core: Core, call: Call) -> Any:
    challenge = call.parameters.octets("Challenge")
    if len(challenge) != CHALLENGE:
        raise BadParameterError("Challenge", f"Challenge must be {CHALLENGE} bytes, not {len(challenge)}")
    return core.sign_challenge(call.factory_id, challenge).hex()


def _pos_lock(core: Core, call: Call) -> Any:
    core.pos_lock(call.factory_id, call.parameters.octets("SecretKey"))
    return OK


def _pos_challenge(core: Core, call: Call) -> Any:
    return core.pos_challenge(call.factory_id).hex()


def _pos_auth(core: Core, call: Call) -> Any:
    core.pos_auth(call.factory_id, call.pos_auth)
    return OK


# --- the table ---------------------------------------------------------------------------------------

_TAGS: Final = Parameter("Tags", "string", "tag numbers or field names, comma list; none = all")
_TIME: Final = Parameter("DateTime", "string", "`now` (default) or YYYY-MM-DD HH:MM:SS, Tashkent time")
_INDEX: Final = Parameter("Index", "integer", "reverse index, 0 (default) = current or newest")
_TXID: Final = Parameter("TXID", "integer", "id of the stored receipt", required=True)
_STATUS: Final = Parameter("Status", "integer", "0 New, 1 Sent, 2 Acknowledged, 3 Rejected, 4 Error")
_ITEMS: Final = Parameter("ItemsCount", "integer", "how many files at most, 1…32", required=True)

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint("/FiscalDrive/List", "Plugged modules", "array; empty without a module", _list),
    Endpoint("/FiscalDrive/Info/{F}", "Version, locks, free memory", "Info", _info, (_TAGS,)),
    Endpoint(
        "/FiscalDrive/State/Sync/{F}",
        "Lock state, time and POS lock by the operator's word",
        OK,
        _state_sync,
        plain=True,
        clause="uz-fiscal §11.8",
    ),
    Endpoint("/FiscalDrive/FiscalMemory/Info/{F}", "Counters and accumulators", "Memory", _memory, (_TAGS,)),
    Endpoint(
        "/FiscalDrive/ZReport/Open/{F}", "Open the shift", OK, _open, (_TIME,), plain=True, pos_auth=True
    ),
    Endpoint(
        "/FiscalDrive/ZReport/Close/{F}", "Close the shift", OK, _close, (_TIME,), plain=True, pos_auth=True
    ),
    Endpoint(
        "/FiscalDrive/ZReport/Info/{F}",
        "One Z-report",
        "ZReportInfo",
        _shift,
        (_INDEX, _TAGS),
        clause="uz-fiscal §9.2",
    ),
    Endpoint(
        "/FiscalDrive/ZReport/UnackowledgedIndexes/{F}",
        "Closed Z-reports the operator has not acknowledged",
        "array of reverse indexes",
        _unacknowledged,
    ),
    Endpoint(
        "/FiscalDrive/Receipt/GetTXID/{F}",
        "Check and store a receipt; no number is spent",
        "a bare number",
        _get_txid,
        receipt_body=True,
        clause="uz-fiscal G2-S-01",
    ),
    Endpoint(
        "/FiscalDrive/Receipt/RegisterTXID/{F}",
        "Register a stored receipt; a repeat gives the same answer",
        "RegisterTXID",
        _register,
        (_TXID,),
        pos_auth=True,
        clause="uz-fiscal G2-S-07",
    ),
    Endpoint(
        "/FiscalDrive/Receipt/Info/{F}",
        "A receipt still in the module",
        "ReceiptInfo",
        _receipt,
        (_INDEX, _TAGS),
    ),
    Endpoint("/DataBase/Files/Count", "Files in a state", "number by TerminalID", _count, (_STATUS,)),
    Endpoint("/DataBase/Files/Status/Reset", "Send a file again", OK, _reset, (_TXID,), plain=True),
    Endpoint(
        "/DataBase/Files/List/{F}/{Limit}/{Offset}", "Files in a state", "array of files", _files, (_STATUS,)
    ),
    Endpoint(
        "/DataBase/Files/Sync/FullReceipts/{F}", "Send full receipts now", "Sync", _sync_full, (_ITEMS,)
    ),
    Endpoint("/DataBase/Files/Sync/ZReports/{F}", "Send Z-reports now", "Sync", _sync_zreports, (_ITEMS,)),
    Endpoint(
        "/DataBase/Files/Sync/Receipts/{F}",
        "Send short records; only for a lost database",
        "Sync",
        _sync_short,
        (_ITEMS,),
        clause="uz-fiscal G2-S-18",
    ),
    Endpoint(
        "/DataBase/Files/Resend/FullReceipts/{F}",
        "Send full receipts again by number",
        "Sync",
        _resend,
        (
            Parameter("Numbers", "string", "receipt numbers, comma list", required=True),
            Parameter("Ack", "boolean", "true (default): hand the acks to the module"),
        ),
    ),
    Endpoint(
        "/Auth/SignChallenge/{F}",
        "The module's signature over a challenge",
        "hex text",
        _sign_challenge,
        (Parameter("Challenge", "string", "16 bytes in hex", required=True),),
        plain=True,
    ),
    Endpoint(
        "/POS/Lock/{F}",
        "Bind the module to a POS",
        OK,
        _pos_lock,
        (Parameter("SecretKey", "string", "hex of secret (32 bytes) and its SHA-256", required=True),),
        plain=True,
        clause="uz-fiscal G2-P-01",
    ),
    Endpoint(
        "/POS/Challenge/{F}",
        "The challenge for X-POS-Auth",
        "hex text, 64 characters",
        _pos_challenge,
        plain=True,
    ),
    Endpoint("/POS/Auth/{F}", "Try an X-POS-Auth", OK, _pos_auth, plain=True, pos_auth=True),
)
"""Every path of the dialect."""


class Routes:
    """Finds the endpoint of a path without regard to case (uz-fiscal G2-T-06)."""

    def __init__(self, endpoints: tuple[Endpoint, ...] = ENDPOINTS) -> None:
        self.endpoints = endpoints
        self._fixed: dict[tuple[str, ...], tuple[Endpoint, int]] = {}
        for endpoint in endpoints:
            fixed = tuple(part.lower() for part in endpoint.segments if not part.startswith("{"))
            self._fixed[fixed] = (endpoint, len(fixed))

    def find(self, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """The endpoint and the names in its path; empty segments count for nothing."""
        parts = [part for part in path.split("/") if part]
        for size in range(len(parts), 0, -1):
            found = self._fixed.get(tuple(part.lower() for part in parts[:size]))
            if found is not None:
                names = [part[1:-1] for part in found[0].segments[size:]]
                return (
                    (found[0], dict(zip(names, parts[size:], strict=True)))
                    if len(names) == len(parts) - size
                    else None
                )
        return None
