"""The transcript: every event of a run as one JSON object a line, exchanges both raw and decoded.

Nothing is left out, but little is written twice: what an answer answers (`about`) is left out where it is
what was sent last, which `about_sent` says; of more than LONG bytes `raw` holds the first BEGINNING, and
`raw_packed` all of them (zlib, base64).
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Final, TextIO, get_args

from conformance.cases import Case
from conformance.decode import decode_exchange
from conformance.events import CaseStarted, Direction, Event, Exchange, RunStarted, Step, Verdict

LONG: Final = 4096
"""Bytes of an exchange that are still written out as they are."""
BEGINNING: Final = 256
"""Bytes of a longer one that can be read without unpacking it."""
LARGEST: Final = 1 << 28
"""Bytes of the longest exchange that is unpacked again."""
PACKING: Final = 1
"""How hard zlib tries: time counts for more than size."""


def open_transcript(path: Path, buffering: int = -1) -> TextIO:
    """A file for a transcript; halves of surrogate pairs become the escapes that JSON has for them."""
    return path.open("w", buffering, encoding="utf-8", errors="backslashreplace")


class TranscriptReport:
    """Consumer that writes JSON lines to a file of `open_transcript`, whole after every case."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._sent: dict[str, bytes] = {}

    def take(self, event: Event) -> None:
        """Write one line."""
        data = _exchange_json(event, self._sent) if isinstance(event, Exchange) else event_json(event)
        self._file.write(_ENCODER.encode(data) + "\n")
        if isinstance(event, Verdict | RunStarted):
            self._file.flush()


def event_json(event: Event) -> dict[str, object]:
    """An event other than an exchange as JSON data; `event` names its kind."""
    if isinstance(event, Step):  # every third line, and of plain texts alone
        return _step_json(event)
    kind = type(event)
    data: dict[str, object] = {"event": kind.__name__}
    for name in _FIELDS[kind]:
        data[name] = _plain(getattr(event, name))
    if isinstance(event, CaseStarted):
        data["case"] = case_json(event.case)
    return data


def _step_json(event: Step) -> dict[str, object]:
    return {
        "event": "Step",
        "target": event.target,
        "case_id": event.case_id,
        "kind": event.kind.value,
        "text": event.text,
        "ok": event.ok,
        "expected": event.expected,
        "observed": event.observed,
        "clause": event.clause,
    }


def _exchange_json(event: Exchange, sent: dict[str, bytes]) -> dict[str, object]:
    """An exchange; `sent` has what was sent last to each target and is kept up to date."""
    data: dict[str, object] = {
        "event": "Exchange",
        "target": event.target,
        "case_id": event.case_id,
        "lab_time": event.lab_time,
        "layer": event.layer.value,
        "direction": event.direction.value,
    }
    raw, about = event.raw, event.about
    data["raw"] = raw.hex() if len(raw) <= LONG else raw[:BEGINNING].hex()
    if len(raw) > LONG:
        data["raw_bytes"] = len(raw)
        data["raw_packed"] = b64encode(zlib.compress(raw, PACKING)).decode()
    if about:
        if sent.get(event.target) == about:
            data["about_sent"] = True
        else:
            data["about"] = about.hex()
    if event.line:
        data["line"] = event.line
    data["decoded"] = decode_exchange(event).as_json()
    if event.direction is Direction.SENT:
        sent[event.target] = raw
    return data


def last_sent(target: str, sent: Mapping[str, bytes]) -> bytes:
    """What `about_sent` stands for: the last thing sent to that target; ValueError where nothing was."""
    if target not in sent:
        raise ValueError("about_sent needs an exchange that was sent before")
    return sent[target]


def unpacked(packed: str, size: int) -> bytes:
    """The bytes of a `raw_packed`; ValueError where they are not `raw_bytes` many, or cannot be read."""
    if not 0 <= size <= LARGEST:
        raise ValueError(f"raw_bytes is 0 to {LARGEST}")
    try:
        raw = zlib.decompressobj().decompress(b64decode(packed, validate=True), size + 1)
    except zlib.error as error:
        raise ValueError(f"raw_packed cannot be unpacked: {error}") from None
    if len(raw) != size:
        raise ValueError(f"raw_packed holds another number of bytes than raw_bytes says ({size})")
    return raw


def case_json(case: Case) -> dict[str, object]:
    """What a case says of itself."""
    return {
        "id": case.id,
        "target": case.target,
        "clauses": list(case.clauses),
        "requirements": list(case.requirements),
        "description": case.description,
        "expectation": case.expectation,
        "needs": sorted(case.needs),
        "tags": sorted(case.tags),
        "level": case.level.value,
    }


_ENCODER = json.JSONEncoder(ensure_ascii=False)
_FIELDS = {kind: tuple(each.name for each in dataclasses.fields(kind)) for kind in get_args(Event)}
_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def _plain(value: object) -> object:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Case):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
