"""What a case may move around a target: the parts' control APIs, the lab clock and the embedded lab's
processes.

All of it goes over HTTP or the lab; whatever a case has changed is put back by `Session.end`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from conformance.control_client import ControlClient, Json, RefusedError, UnreachableError
from conformance.drivers.wire import Tap
from conformance.events import Direction, Layer
from conformance.lab import Lab
from conformance.verdicts import NotApplicable
from reference.protocol.uz.values import to_tashkent
from reference.runtime.clock import LabClock

Seconds = float | timedelta
CLOCK_READING: Final = b"lab clock"
"""`about` of a reading of the lab clock that asked nobody, in the transcript."""


_SENDERS_FIRST: Final = ("pos", "module", "drive", "operator")


def in_reset_order(parts: Iterable[str]) -> list[str]:
    """Parts in the order in which they start afresh: who sends before who receives, others as they come.

    Otherwise an empty operator would be sent what a drive still held, and a new module's first receipt be in
    conflict with it.
    """
    places = {part: place for place, part in enumerate(_SENDERS_FIRST)}
    return sorted(parts, key=lambda part: places.get(part, len(places)))


def _unheard(layer: Layer, direction: Direction, raw: bytes, about: bytes = b"", line: int = 0) -> None:
    """Tap of what is not written down."""


class Control(ControlClient):
    """The control API of one part, every call written down.

    `reset` keeps the settings in `lasting` (such as the deliberate defects the part was started with), so
    that a fresh part is still the part under test.
    """

    def __init__(self, url: str, token: str | None, tap: Tap) -> None:
        super().__init__(url, token)
        self._tap = tap
        self.lasting: Json = {}
        self.was_reset = False
        self.has_faults = False
        self.may_crash = False

    def reset(self, **settings: Any) -> Json:
        """Start the part afresh with `settings` on top of the lasting ones;
        it is reset again after the case.
        """
        self.was_reset = True
        return super().reset(**{**self.lasting, **settings})

    def add_fault(self, point: str, action: str, **fields: Any) -> Json:
        """Lay a fault rule; it is taken away after the case."""
        self.has_faults = True
        self.may_crash |= action == "crash"
        return super().add_fault(point, action, **fields)

    def heal(self) -> None:
        """Take away the fault rules that a case has laid."""
        if self.has_faults:
            self.clear_faults()
        self.has_faults = self.may_crash = False

    def put_back(self) -> None:
        """Undo what a case has done by this control: faults, then the state of a reset."""
        self.heal()
        if self.was_reset:
            super().reset(**self.lasting)
        self.was_reset = False

    def _ask(self, method: str, path: str, body: object | None = None) -> Json:
        text = f"{method} {self.url}/control/{path}"
        sent = f"{text} {json.dumps(body)}" if body is not None else text
        self._tap(Layer.CONTROL, Direction.SENT, sent.encode())
        try:
            answer = super()._ask(method, path, body)
        except RefusedError as refused:
            error = {"field": refused.field, "rule": refused.rule, "text": refused.text}
            told = json.dumps({"status": refused.status, "error": error})
            self._tap(Layer.CONTROL, Direction.RECEIVED, told.encode(), sent.encode())
            raise
        except UnreachableError:
            self._tap(Layer.CONTROL, Direction.CLOSED, b"", sent.encode())
            raise
        self._tap(Layer.CONTROL, Direction.RECEIVED, json.dumps(answer).encode(), sent.encode())
        return answer


class LabTime:
    """The lab clock as a case sees it. Reading always works; moving needs the capability `clock`.

    `shared` says that `own` is the very clock of the target's parts, so that nobody has to be asked; what is
    read of it goes to `tap`, so that the transcript can answer a case that is judged again.
    """

    def __init__(
        self,
        own: LabClock,
        control: Callable[[], Control | None],
        *,
        shared: bool = False,
        tap: Tap = _unheard,
    ) -> None:
        self._own = own
        self._tap = tap
        self._control = control
        self._shared = shared
        self._changed: dict[str, set[str]] = {"skew": set(), "drift": set()}
        self._rate: float | None = None

    def now(self) -> datetime:
        """Lab time, aware, UTC."""
        control = None if self._shared else self._control()
        if control is None:
            now = self._own.now()
            self._tap(Layer.CONTROL, Direction.RECEIVED, now.isoformat().encode(), CLOCK_READING)
            return now
        return datetime.fromisoformat(control.clock()["now"])

    def tashkent(self) -> datetime:
        """Lab time as naive Tashkent time in whole seconds, as the protocols write it."""
        return to_tashkent(self.now()).replace(microsecond=0)

    def advance(self, seconds: Seconds) -> None:
        """Jump the time of all parts forward."""
        self._moved().advance(_seconds(seconds))

    def set_rate(self, rate: float) -> None:
        """Let lab time run `rate` times as fast; put back after the case."""
        control = self._moved()
        if self._rate is None:
            self._rate = self._rate_now(control)
        control.set_clock(rate=rate)

    def stand(self) -> None:
        """Let lab time stand still but for `advance`: where a case counts seconds, a slow machine may not add
        its own. Put back after the case.
        """
        self.set_rate(0)

    def _rate_now(self, control: Control) -> float:
        return self._own.rate if self._shared else float(control.clock()["rate"])

    def skew(self, part: str, seconds: Seconds) -> None:
        """Set one part's clock apart from lab time; put back after the case."""
        self._changed["skew"].add(part)
        self._moved().set_clock(skew={part: _seconds(seconds)})

    def drift(self, part: str, ppm: float) -> None:
        """Let one part's clock drift; put back after the case."""
        self._changed["drift"].add(part)
        self._moved().set_clock(drift={part: ppm})

    def close(self) -> None:
        """Let go of the judge's own clock."""
        self._own.close()

    def put_back(self) -> None:
        """Undo rate, skews and drifts of a case. Lab time itself only goes forward."""
        if self._rate is not None and not (self._shared and self._own.rate == self._rate):
            self._moved().set_clock(rate=self._rate)
        for part in self._changed["drift"]:
            self._moved().set_clock(drift={part: 0.0})
        for part in self._changed["skew"] | self._changed["drift"]:
            self._moved().set_clock(skew={part: 0.0})
        self._rate = None
        self._changed = {"skew": set(), "drift": set()}

    def _moved(self) -> Control:
        control = self._control()
        if control is None:
            raise NotApplicable("the target has no lab clock that could be moved")
        return control


class Processes:
    """The embedded lab's parts as processes:
    kill -9 and restart, for cases on durability (needs `processes`).
    """

    def __init__(self, lab: Lab, tap: Tap = _unheard) -> None:
        self._lab = lab
        self._tap = tap
        self._killed: set[str] = set()

    def kill(self, part: str) -> None:
        """kill -9 of `module`, `drive` or `operator`."""
        self._tap(Layer.CONTROL, Direction.SENT, f"kill -9 {part}".encode())
        self._killed.add(part)
        self._lab.kill(part)

    def restart(self, part: str, *extra: str) -> None:
        """Start a part again in its folder and on its ports; `extra` are options for this start only."""
        self._tap(Layer.CONTROL, Direction.SENT, " ".join(("restart", part, *extra)).encode())
        self._lab.restart(part, extra=extra)

    def alive(self, part: str) -> bool:
        """Whether the part's process runs."""
        asked = f"alive {part}".encode()
        alive = self._lab.alive(part)
        self._tap(Layer.CONTROL, Direction.RECEIVED, b"yes" if alive else b"no", asked)
        return alive

    def put_back(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Start again what has died; returns which of it nobody had killed."""
        dead = [part for part in parts if not self._lab.alive(part)]
        for part in dead:
            self._lab.restart(part)
        unexplained = tuple(part for part in dead if part not in self._killed)
        self._killed.clear()
        return unexplained


def _seconds(value: Seconds) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
