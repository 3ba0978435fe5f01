"""A session whose target is a recording: what a case of today is given in place of a target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from conformance.controls import Control, LabTime, Processes
from conformance.drivers.wire import NOT_OPENED, Tap
from conformance.events import Direction, Layer, TargetFacts
from conformance.prompts import ScriptedPrompter
from conformance.replay.player import Player
from conformance.replay.recording import Recording
from conformance.replay.stand_ins import (
    PlayedControl,
    PlayedEndpoint,
    PlayedLink,
    PlayedProcesses,
    PlayedTime,
    Playing,
)
from conformance.replay.transcripts import RecordedCase
from conformance.session import Session
from conformance.targets import FACES, PARTS, Target, TargetError, parse_target
from conformance.verdicts import NotApplicable, TargetUnreachable
from reference.links.address import Endpoint
from reference.links.link import Link
from reference.runtime.clock import open_clock

STREAMS: Final = {
    "module": Layer.LINK,
    "drive": Layer.HTTP,
    **dict.fromkeys(FACES, Layer.HTTP),
    "operator": Layer.MESSAGE,
    "operator-kz": Layer.MESSAGE,
}
"""The layer of a bare connection to a target of each kind that can be played."""

_DIED: Final = re.compile(r"the (.+) died during the case; it was started again")


@dataclass(frozen=True, slots=True)
class PlayedTarget(Target):
    """A target that is reached through its recording."""

    place: Endpoint | None = None

    @property
    def endpoint(self) -> Endpoint:
        """Where the recording answers."""
        if self.place is None:
            raise TargetError(f"a {self.kind} cannot be played")
        return self.place


class PlayedSession(Session):
    """One target of a transcript. `play` chooses the case; between cases it answers nothing."""

    def __init__(self, facts: TargetFacts, defects: Mapping[str, list[str]]) -> None:
        self._recording: Recording | None = None
        self._died: tuple[str, ...] = ()
        self._player = Player()
        self._defects = defects
        super().__init__(
            _target(facts, self._player.place, self._current),
            capabilities=frozenset(facts.capabilities),
            facts=dict(facts.facts),
            prompter=ScriptedPrompter(lambda text, answers: self._person()),  # noqa: ARG005
        )

    def play(self, case: RecordedCase) -> Recording:
        """The case that is judged next."""
        self._recording = Recording(case)
        told = _DIED.fullmatch(case.verdict.message) if case.verdict is not None else None
        self._died = () if told is None else tuple(told[1].split(" and the "))
        self._player.forget()
        return self._recording

    def open(self) -> TargetFacts:
        """What the recording says of the target; it is not probed."""
        target = self.target
        return TargetFacts(
            target.name,
            target.kind,
            target.text,
            tuple(sorted(self.capabilities)),
            target.vendor,
            self.facts,
        )

    def alive(self) -> bool:
        """A recording never goes away."""
        return True

    @contextmanager
    def during(self, tap: Tap) -> Iterator[None]:
        """Answer until the case is over; what drivers put back behind it was never written down."""
        with super().during(tap):
            try:
                yield
            finally:
                self._recording = None

    def put_back(self) -> tuple[str, ...]:
        """Nothing was moved; which parts had died by themselves then."""
        return self._died

    def close(self) -> None:
        """Let go of the player."""
        self._player.close()
        super().close()

    def link(self) -> Link:
        """The module of then."""
        return PlayedLink(self._current)

    def tap(self, layer: Layer, direction: Direction, raw: bytes, about: bytes = b"", line: int = 0) -> None:
        """Write down what is asked, and have the recording find it."""
        super().tap(layer, direction, raw, about, line)
        recording = self._recording
        if recording is None or direction is not Direction.SENT:
            return
        recording.ask(layer, raw)
        if layer is Layer.HTTP:
            if recording.refused(layer):
                super().tap(layer, Direction.CLOSED, b"", NOT_OPENED)
                raise TargetUnreachable("nobody answered then either")
            self._player.expect(raw, lambda: recording.answer(layer, raw))

    def control(self, part: str) -> Control:
        """The control API of then."""
        if part not in self._controls:
            url = self.target.controls.get(part)
            if url is None:
                raise NotApplicable(f"no control API of the {part} is known")
            played = PlayedControl(url, self.tap, self._current)
            if self._defects.get(part):
                played.lasting = {"defects": self._defects[part]}
            self._controls[part] = played
        return self._controls[part]

    @property
    def clock(self) -> LabTime:
        """The lab clock as it was read then."""
        if self._clock is None:
            self._clock = PlayedTime(open_clock(None), self._clock_control, self._current, self.tap)
        return self._clock

    @property
    def processes(self) -> Processes:
        """Kills and starts of then."""
        return PlayedProcesses(self.tap, self._current)

    def state_page(
        self, *, change: str = "", lock: str = "", pos_unlock: str = "", terminal: str = ""
    ) -> None:
        """The form as it was sent then."""
        base = self.target.controls.get("operator")
        if base is None:
            raise NotApplicable(
                "the operator's state page is not known; give the target operator-control=URL"
            )
        form = {"ChangeLockState": change, "LockState": lock, "POSUnlock": pos_unlock, "TerminalID": terminal}
        given = {name: value for name, value in form.items() if value}
        self.tap(Layer.CONTROL, Direction.SENT, f"POST {base}/state {given}".encode())

    def _current(self) -> Recording | None:
        return self._recording

    def _person(self) -> str | None:
        return None if self._recording is None else self._recording.person()


def _target(facts: TargetFacts, place: Endpoint, playing: Playing) -> PlayedTarget:
    try:
        written = parse_target(facts.address)
        address, options = written.address, written.options
    except TargetError:
        address, options = f"tcp://{place}", {}
    own = PARTS.get(facts.kind, facts.kind)
    parts = {each.removesuffix("-control") for each in facts.capabilities if each.endswith("-control")}
    if "control" in facts.capabilities:
        parts.add(own)
    layer = STREAMS.get(facts.kind)
    return PlayedTarget(
        kind=facts.kind,
        address=address,
        text=facts.address,
        name=facts.name,
        controls=dict.fromkeys(sorted(parts), f"http://{place}"),
        vendor=facts.vendor,
        destructive="destructive" in facts.capabilities,
        options=options,
        place=None if layer is None else PlayedEndpoint(place, layer, playing),
    )
