"""What can be made to go wrong at the operator: its fault points, whom a fault strikes, and spoilt AckFiles.

Every rule may be narrowed by `match`: `terminal` is a glob over the TerminalID; `file` is one over the file
types of the request in hex, joined by spaces (`*02*`), at `ofd.ack` over the type of that one file; `share`
selects a fixed share of all modules and is written by `share_glob`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from ofd_mock.uz.registry import share_point
from ofd_mock.uz.values import AckKind, AckOrder, SyncOrder
from reference.protocol.uz.message import File
from reference.protocol.uz.values import decode_bcd8, decode_time, encode_bcd8, encode_time

POINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ofd.connect": "a connection has come in; nobody knows whose, so rules cannot be narrowed",
        "ofd.request": "a whole request has arrived, nothing has been done about it",
        "ofd.store.before": "the files are checked, nothing is stored",
        "ofd.store.after": "everything is stored, nothing is answered",
        "ofd.ack": "an AckFile or SyncFile is about to be signed",
    }
)
_ROUTE: Final = ("silence", "close", "delay", "retry-send", "status")
_SPOIL: Final = ("wrong-id", "wrong-terminal", "wrong-kind", "bad-signature", "short", "empty")
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ofd.connect": ("silence", "close", "delay"),
        "ofd.request": _ROUTE,
        "ofd.store.before": _ROUTE,
        "ofd.store.after": _ROUTE,
        "ofd.ack": (*_SPOIL, "reject", "error", "retry-send"),
    }
)
"""`status` answers the status code that `value` gives in hex; `delay` waits `delay` lab seconds, which
every other action may do too. `wrong-terminal` takes its terminal from `value`. `crash` is possible
everywhere.
"""

OTHER_TERMINAL: Final = "ZZ999999999999"
_STEPS: Final = 100


def share_mark(terminal: str, seed: int) -> str:
    """Where a module stands among all, as a bar of 1…100 strokes for `share_glob` to measure."""
    return "|" * (_STEPS - int(share_point(terminal, seed) * _STEPS))


def share_glob(share: float) -> str:
    """The glob for `match: {"share": …}` that strikes this share of the modules, in steps of a hundredth.

    ValueError unless 0 < share ≤ 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share: must be more than 0 and at most 1, not {share!r}")
    return "|" * (_STEPS + 1 - max(1, round(share * _STEPS))) + "*"


def context_of(terminal: str, files: Sequence[File], seed: int) -> dict[str, str]:
    """What rules at request level may be narrowed by."""
    types = sorted({file.type for file in files})
    return {
        "terminal": terminal,
        "file": " ".join(f"{kind:02x}" for kind in types),
        "share": share_mark(terminal, seed),
    }


def wrong_order(action: str, value: str, order: AckOrder | SyncOrder) -> AckOrder | SyncOrder:
    """The order whose signed file is the wrong answer that `action` asks for; unchanged if it spoils the
    bytes.
    """
    if action == "wrong-terminal":
        return replace(order, terminal=value or OTHER_TERMINAL)
    if isinstance(order, SyncOrder):
        if action == "wrong-id":
            return replace(order, challenge=bytes(byte ^ 0xFF for byte in order.challenge))
        return order
    if action == "wrong-id":
        return replace(order, id8=_other_id(order))
    if action == "wrong-kind":
        return replace(order, kind=AckKind.ZREPORT if order.kind is AckKind.RECEIPT else AckKind.RECEIPT)
    return order


def spoil(action: str, body: bytes) -> bytes:
    """The signed file after `action` has been at its bytes."""
    if action == "bad-signature":
        return body[:-1] + bytes((body[-1] ^ 1,))
    if action == "short":
        return body[:-1]
    return b"" if action == "empty" else body


def _other_id(order: AckOrder) -> bytes:
    if order.kind is AckKind.RECEIPT:
        return encode_bcd8(decode_bcd8(order.id8) + 1)
    time: datetime = decode_time(order.id8)
    return encode_time(time + timedelta(seconds=1))
