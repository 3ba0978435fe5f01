"""Transcripts read back: a stream of events from JSON lines, of a run or of a proxy.

A last line that breaks off, as that of a killed run does, ends the reading with a note; everything else that
is no line of a transcript is refused with its number and the rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from conformance.events import (
    Direction,
    Exchange,
    Layer,
    RunEnded,
    RunStarted,
    Step,
    StepKind,
    TargetFacts,
    Verdict,
)
from conformance.outcomes import Outcome
from conformance.reports.transcript import last_sent, unpacked

LONGEST_LINE: Final = 64 << 20
"""Characters of a line that is still read; the greatest message of a wire is far below."""


class TranscriptError(Exception):
    """A file that is no transcript, or is one no further; the text names the line and the rule."""


@dataclass(frozen=True, slots=True)
class CaseBegun:
    """A case of a transcript begins; `kind` is the kind of target it was written for."""

    target: str
    case_id: str
    kind: str
    lab_time: str


Told = RunStarted | CaseBegun | Step | Exchange | Verdict | RunEnded


@dataclass(slots=True)
class RecordedCase:
    """One case of a transcript, or one connection of a proxy. `verdict` is None where the run was killed."""

    target: str
    case_id: str
    kind: str
    lab_time: str
    timeline: list[Step | Exchange] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def exchanges(self) -> list[Exchange]:
        """What crossed the wires, in order."""
        return [each for each in self.timeline if isinstance(each, Exchange)]

    @property
    def steps(self) -> list[Step]:
        """What was said and compared, in order."""
        return [each for each in self.timeline if isinstance(each, Step)]


def read_events(path: Path, note: Callable[[str], None]) -> Iterator[Told]:
    """Events of the file in order; TranscriptError as above. `note` hears of a line that breaks off."""
    try:
        with path.open("rb") as file:
            number = 0
            sent: dict[str, bytes] = {}
            while line := file.readline(LONGEST_LINE):
                number += 1
                if not line.strip():
                    continue
                try:
                    event = _event(line, sent)
                except ValueError as error:
                    broken = not line.endswith(b"\n") and number > 1
                    if not broken:
                        raise TranscriptError(f"{path}, line {number}: {error}") from None
                    note(f"line {number} breaks off; what stands before it was read")
                    return
                yield event
            if not number:
                raise TranscriptError(f"{path}, line 1: a transcript has lines, this file is empty")
    except OSError as error:
        raise TranscriptError(f"{path}: {error.strerror}") from None


def read_cases(events: Iterator[Told]) -> Iterator[RunStarted | RecordedCase]:
    """The start of the run, then every case as it ended; what never ended comes last."""
    open_: dict[str, RecordedCase] = {}
    for event in events:
        match event:
            case RunStarted():
                yield event
            case CaseBegun():
                left = open_.pop(event.target, None)
                open_[event.target] = RecordedCase(event.target, event.case_id, event.kind, event.lab_time)
                if left is not None:
                    yield left
            case Step() | Exchange():
                if event.target in open_ and open_[event.target].case_id == event.case_id:
                    open_[event.target].timeline.append(event)
            case Verdict():
                if event.target in open_:
                    ended = open_.pop(event.target)
                    ended.verdict = event
                    yield ended
            case RunEnded():
                break
    yield from open_.values()


def _event(line: bytes, sent: dict[str, bytes]) -> Told:
    """The event of a line; `sent` has what was sent last to each target and is kept up to date."""
    try:
        data = json.loads(line)
    except ValueError:
        raise ValueError("a line of a transcript is one JSON object") from None
    if not isinstance(data, dict) or data.get("event") not in _EVENTS:
        raise ValueError(f"a line of a transcript has `event`, one of {', '.join(_EVENTS)}")
    try:
        return _exchange(data, sent) if data["event"] == "Exchange" else _READERS[data["event"]](data)
    except (KeyError, TypeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{data['event']} of a transcript: {what}") from None


def _started(data: Mapping[str, Any]) -> RunStarted:
    targets = tuple(
        TargetFacts(
            str(each["name"]),
            str(each["kind"]),
            str(each["address"]),
            tuple(each["capabilities"]),
            bool(each["vendor"]),
            dict(each["facts"]),
            dict(each.get("controls", {})),
        )
        for each in data["targets"]
    )
    return RunStarted(
        str(data["lab_time"]),
        int(data["seed"]),
        dict(data["versions"]),
        dict(data["settings"]),
        targets,
        int(data["planned"]),
    )


def _begun(data: Mapping[str, Any]) -> CaseBegun:
    return CaseBegun(
        str(data["target"]), str(data["case"]["id"]), str(data["case"]["target"]), str(data["lab_time"])
    )


def _step(data: Mapping[str, Any]) -> Step:
    return Step(
        str(data["target"]),
        str(data["case_id"]),
        StepKind(data["kind"]),
        str(data["text"]),
        data.get("ok"),
        str(data.get("expected", "")),
        str(data.get("observed", "")),
        str(data.get("clause", "")),
    )


def _exchange(data: Mapping[str, Any], sent: dict[str, bytes]) -> Exchange:
    packed = data.get("raw_packed")
    about = data.get("about_sent")
    exchange = Exchange(
        str(data["target"]),
        str(data["case_id"]),
        str(data["lab_time"]),
        Layer(data["layer"]),
        Direction(data["direction"]),
        bytes.fromhex(data["raw"]) if packed is None else unpacked(str(packed), int(data["raw_bytes"])),
        last_sent(str(data["target"]), sent) if about is True else bytes.fromhex(data.get("about", "")),
        int(data.get("line", 0)),
    )
    if exchange.direction is Direction.SENT:
        sent[exchange.target] = exchange.raw
    return exchange


def _verdict(data: Mapping[str, Any]) -> Verdict:
    texts = {name: str(data.get(name, "")) for name in ("message", "clause", "expected", "observed")}
    return Verdict(
        str(data["target"]),
        str(data["case_id"]),
        Outcome(data["outcome"]),
        **texts,
        seconds=float(data.get("seconds", 0)),
        again=str(data.get("again", "")),
        trace=str(data.get("trace", "")),
    )


def _ended(data: Mapping[str, Any]) -> RunEnded:
    return RunEnded(
        dict(data["summary"]), int(data["exit_code"]), float(data["seconds"]), str(data.get("stopped", ""))
    )


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Told]]] = {
    "RunStarted": _started,
    "CaseStarted": _begun,
    "Step": _step,
    "Verdict": _verdict,
    "RunEnded": _ended,
}
_EVENTS: Final = (*_READERS, "Exchange")
