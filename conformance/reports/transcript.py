"""The transcript: every event of a run as one JSON object a line, exchanges both raw and decoded."""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from typing import TextIO

from conformance.cases import Case
from conformance.decode import decode_exchange
from conformance.events import CaseStarted, Event, Exchange, RunStarted, Verdict


class TranscriptReport:
    """Consumer that writes JSON lines to an open text file, whole after every case."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def take(self, event: Event) -> None:
        """Write one line."""
        self._file.write(json.dumps(event_json(event), ensure_ascii=False) + "\n")
        if isinstance(event, Verdict | RunStarted):
            self._file.flush()


def event_json(event: Event) -> dict[str, object]:
    """An event as JSON data; `event` names its kind."""
    data: dict[str, object] = {"event": type(event).__name__}
    for field in dataclasses.fields(event):
        data[field.name] = _plain(getattr(event, field.name))
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


def _plain(value: object) -> object:
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
