"""What the control API takes and gives: one pydantic model per body; OpenAPI is made of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from reference.runtime.duration import Duration

SNAPSHOT_NAME = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$"
CENTURY = 100 * 366 * 86_400.0
"""Seconds: no jump or skew is longer, so that lab time always stays a date that can be printed."""

_DURATION = "seconds, or a text such as 90s, 47h59m, 2d"


class Body(BaseModel):
    """Base of every request body: a misspelt field is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid")


class NoArguments(Body):
    """An operation without arguments."""


class ClockChange(Body):
    """Skew, drift and rate are set first, then lab time jumps. Lab time only goes forward."""

    advance: (
        Annotated[Duration, Field(ge=0, le=CENTURY, description=f"jump of lab time: {_DURATION}")] | None
    ) = None
    rate: (
        Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, description="lab seconds per real second")]
        | None
    ) = None
    skew: dict[str, Annotated[Duration, Field(ge=-CENTURY, le=CENTURY)]] = Field(
        default_factory=dict, description=f"part name to how far its clock stands from lab time: {_DURATION}"
    )
    drift: dict[str, Annotated[float, Field(gt=-1e6, le=1e6, allow_inf_nan=False)]] = Field(
        default_factory=dict, description="part name to drift in parts per million"
    )


class PartClockState(BaseModel):
    """How one part's clock stands against lab time."""

    skew: float = Field(description="seconds")
    drift: float = Field(description="parts per million")


class ClockState(BaseModel):
    """The shared clock, and this part's reading of it."""

    part: str
    now: str = Field(description="lab time, ISO 8601 UTC")
    part_now: str = Field(description="this part's clock, ISO 8601 UTC")
    rate: float
    generation: int = Field(description="number of jumps and settings so far")
    parts: dict[str, PartClockState]


class FaultBody(Body):
    """A fault rule to be laid on one named fault point."""

    id: str | None = Field(None, min_length=1, description="name of the rule; without: the next free number")
    point: str
    action: str
    skip: int = Field(0, ge=0, description="hits let through before the first")
    count: int | None = Field(1, ge=1, description="hits it acts on; null: every one")
    probability: float = Field(1.0, ge=0, le=1)
    seed: int = 0
    match: dict[str, str] = Field(
        default_factory=dict, description="context filters: globs, or hex prefix with *"
    )
    seconds: Annotated[Duration, Field(gt=0, le=CENTURY)] | None = Field(
        None, description=f"how long the rule lives, lab time: {_DURATION}"
    )
    delay: Annotated[Duration, Field(ge=0, le=CENTURY)] = Field(0.0, description=f"for delays: {_DURATION}")
    value: str = ""


class FaultState(BaseModel):
    """A fault rule as it lies, with what it has done."""

    id: str
    point: str
    action: str
    skip: int
    count: int | None
    probability: float
    seed: int
    match: dict[str, str]
    seconds: float | None
    delay: float
    value: str
    hits: int = Field(description="how often it has acted")
    over: bool = Field(description="whether it will never act again")


class FaultList(BaseModel):
    """The fault points this part knows, each with its meaning, and the rules laid on them."""

    points: dict[str, str]
    rules: list[FaultState]


class Removed(BaseModel):
    """How many fault rules were taken away."""

    removed: int


class JournalEvent(BaseModel):
    """One thing that happened in a part."""

    model_config = ConfigDict(extra="allow")

    n: int
    time: str = Field(description="lab time, ISO 8601")
    part: str
    kind: str
    data: dict[str, Any]


class JournalTail(BaseModel):
    """Events after the number asked for, oldest first."""

    events: list[JournalEvent]


class SnapshotBody(Body):
    """Where to keep the part's whole state."""

    name: str = Field(pattern=SNAPSHOT_NAME)
    replace: bool = Field(False, description="overwrite a snapshot of that name")


class RestoreBody(Body):
    """Which snapshot to bring back."""

    name: str = Field(pattern=SNAPSHOT_NAME)


class SnapshotList(BaseModel):
    """Names of the snapshots this part holds."""

    snapshots: list[str]


class SnapshotDone(BaseModel):
    """The snapshot that was taken or brought back."""

    name: str


class ResetBody(Body):
    """Settings of the fresh state; each part documents its own."""

    settings: dict[str, Any] = Field(default_factory=dict)


class Problem(BaseModel):
    """What is wrong: the field, the rule it breaks, and the text for the person."""

    field: str
    rule: str
    text: str


class ProblemReport(BaseModel):
    """Body of every answer of 400 and above."""

    error: Problem
