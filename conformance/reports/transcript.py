"""The transcript: every event of a run as one JSON object a line, exchanges both raw and decoded."""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from typing import TextIO, get_args

from conformance.cases import Case
from conformance.decode import decode_exchange
from conformance.events import CaseStarted, Event, Exchange, RunStarted, Verdict


class TranscriptReport:
    """Consumer that writes JSON lines to an open text file, whole after every case."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def take(self, event: Event) -> None:
        """Write one line."""
        self._file.write(_ENCODER.encode(event_json(event)) + "\n")
        if isinstance(event, Verdict | RunStarted):
            self._file.flush()


def event_json(event: Event) -> dict[str, object]:
    """An event as JSON data; `event` names its kind."""
    kind = type(event)
    data: dict[str, object] = {"event": kind.__name__}
    for name in _FIELDS[kind]:
        data[name] = _plain(getattr(event, name))
    if isinstance(event, CaseStarted):
        data["case"] = case_json(event.case)
    if isinstance(event, Exchange):
        data["decoded"] = decode_exchange(event).as_json()
    return data


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
