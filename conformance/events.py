"""The one stream of a run: the engine speaks these events, and every report is a listener.

    RunStarted  (CaseStarted (Step | Exchange)* Verdict)*  RunEnded

Events of different targets may interleave; each names its target and case. `Recorder` folds the stream into a
`RunRecord`, which is what the reports written at the end are made from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from conformance.cases import Case
from conformance.outcomes import Outcome


class StepKind(StrEnum):
    """What a step is: something done, something remarked, or something compared."""

    STEP = "step"
    NOTE = "note"
    CHECK = "check"
    SHOULD = "should"


class Layer(StrEnum):
    """The wire an exchange went over."""

    LINK = "link"
    APDU = "apdu"
    HTTP = "http"
    MESSAGE = "message"
    CONTROL = "control"


class Direction(StrEnum):
    """Seen from the judge."""

    SENT = "sent"
    RECEIVED = "received"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What the run knows of one target:
    its address as given, its capabilities, what it said of itself, and the control APIs around it by part.
    """

    name: str
    kind: str
    address: str
    capabilities: tuple[str, ...]
    vendor: bool
    facts: Mapping[str, str]
    controls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunStarted:
    """First event. `lab_time` is ISO 8601 in UTC by the lab clock; `settings` are the options of the run."""

    lab_time: str
    seed: int
    versions: Mapping[str, str]
    settings: Mapping[str, object]
    targets: tuple[TargetFacts, ...]
    planned: int


@dataclass(frozen=True, slots=True)
class CaseStarted:
    """A case begins on a target."""

    target: str
    case: Case
    lab_time: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something done, noted or compared; `ok` is None where nothing was compared."""

    target: str
    case_id: str
    kind: StepKind
    text: str
    ok: bool | None = None
    expected: str = ""
    observed: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Bytes that crossed a wire. `about` is the command that a received answer answers, for the decoder.

    `line` numbers the connections of a case from 1 on; 0 where nobody says which one it was.
    """

    target: str
    case_id: str
    lab_time: str
    layer: Layer
    direction: Direction
    raw: bytes
    about: bytes = b""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case ended. `seconds` is real time; `again` is the command that shows it once more."""

    target: str
    case_id: str
    outcome: Outcome
    message: str
    clause: str
    expected: str
    observed: str
    seconds: float
    again: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """Last event: outcome → count, the exit status, real seconds, and why a run stopped early."""

    summary: Mapping[str, int]
    exit_code: int
    seconds: float
    stopped: str = ""


Event = RunStarted | CaseStarted | Step | Exchange | Verdict | RunEnded


class Consumer(Protocol):
    """A listener of the stream. It is called for one event at a time."""

    def take(self, event: Event) -> None:
        """React to one event."""


class EventStream:
    """Hands every event to every consumer, one at a time, whatever thread it comes from."""

    def __init__(self, consumers: Iterable[Consumer], now: Callable[[], str]) -> None:
        self._consumers = tuple(consumers)
        self._lock = threading.Lock()
        self.lab_time = now

    def send(self, event: Event) -> None:
        """Deliver the event before returning."""
        with self._lock:
            for consumer in self._consumers:
                consumer.take(event)


@dataclass(slots=True)
class CaseRecord:
    """All that happened in one case on one target, in order."""

    target: str
    case: Case
    lab_time: str
    timeline: list[Step | Exchange] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def steps(self) -> list[Step]:
        """Steps, notes and checks in order."""
        return [entry for entry in self.timeline if isinstance(entry, Step)]

    @property
    def exchanges(self) -> list[Exchange]:
        """What crossed the wires, in order."""
        return [entry for entry in self.timeline if isinstance(entry, Exchange)]


@dataclass(slots=True)
class RunRecord:
    """A whole run, folded from its events."""

    started: RunStarted | None = None
    cases: list[CaseRecord] = field(default_factory=list)
    ended: RunEnded | None = None


class Recorder:
    """Consumer that folds the stream into a `RunRecord`."""

    def __init__(self) -> None:
        self.record = RunRecord()
        self._open: dict[str, CaseRecord] = {}

    def take(self, event: Event) -> None:
        """Fold one event in."""
        match event:
            case RunStarted():
                self.record.started = event
            case CaseStarted():
                opened = CaseRecord(event.target, event.case, event.lab_time)
                self._open[event.target] = opened
                self.record.cases.append(opened)
            case Step() | Exchange():
                if event.target in self._open:
                    self._open[event.target].timeline.append(event)
            case Verdict():
                self._open.pop(event.target).verdict = event
            case RunEnded():
                self.record.ended = event
