"""Control calls of a transcript repeated on the control APIs around the second device, if it has any."""

from __future__ import annotations

import ast
import contextlib
import json
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from conformance.control_client import ControlClientError, RefusedError
from conformance.controls import Control
from conformance.events import Exchange, Layer
from conformance.replay.devices import Unrepeatable, control_answer
from conformance.replay.tokens import Tokens
from conformance.session import Session
from conformance.verdicts import NotApplicable
from reference.runtime.clock import LabClock

_CALL: Final = re.compile(
    r"(?P<method>GET|POST|DELETE) (?P<base>\S*?)/control/(?P<path>\S+)(?: (?P<body>.*))?", re.DOTALL
)
_PAGE: Final = re.compile(r"POST (?P<base>\S*?)/state (?P<form>\{.*\})", re.DOTALL)
_PROCESS: Final = re.compile(r"(?P<act>kill -9|restart) (?P<part>\S+)(?P<extra>.*)")

_WORTH_WAITING: Final = 0.002
_REAL_WAIT: Final = 0.02
"""Lab seconds between two exchanges that a device may have waited for, and real ones that it may take."""


class Steering:
    """What moves around a device. The judge puts back after each case; so does this (`Session.put_back`).

    `controls` are the control APIs of then by part; where nobody told them, what is asked tells the part.
    """

    def __init__(self, session: Session, controls: Mapping[str, str]) -> None:
        self._session = session
        self._answers: dict[bytes, deque[object]] = {}
        self._parts = {
            url.rstrip("/"): part for part, url in controls.items() if part in session.target.controls
        }
        self._rates: dict[str, float] = {}
        self._moved: dict[str, dict[str, Any]] = {}
        self._switched: dict[str, dict[str, Any]] = {}
        self._ordered: set[str] = set()
        self._clock = None if session.lab is None else LabClock.attach(session.lab.clock_path)

    def reach(self, lab_time: str) -> None:
        """Bring an embedded lab's clock to the time of then; a lab that is ahead stays so."""
        if self._clock is not None and (behind := self._behind(lab_time)) > 0:
            self._clock.advance(behind)

    @contextmanager
    def flowing(self, until: str) -> Iterator[None]:
        """Let an embedded lab's time go on to that of the next exchange, should the device wait for it.

        Otherwise its clock stands still: how long a replay takes is none of the time of then.
        """
        if self._clock is None or self._behind(until) < _WORTH_WAITING:
            yield
            return
        answered = threading.Event()

        def move() -> None:
            if not answered.wait(_REAL_WAIT):
                self.reach(until)

        moving = threading.Thread(target=move, name="lab time of then")
        moving.start()
        try:
            yield
        finally:
            answered.set()
            moving.join()

    def sent(self, was: Exchange) -> None:
        """Repeat one call, form or kill. Unrepeatable where the device has no such surroundings."""
        text = was.raw.decode("utf-8", "replace")
        for form, act in ((_CALL, self._call), (_PAGE, self._page), (_PROCESS, self._process)):
            found = form.fullmatch(text)
            if found is not None:
                act(was.raw, found)
                return
        raise Unrepeatable(f"no control call: {text[:80]}")

    def came(self, was: Exchange) -> Exchange | None:
        """What the call answered now; None where it was not repeated."""
        waiting = self._answers.get(was.about)
        if not waiting:
            return None
        now = waiting.popleft()
        with contextlib.suppress(ValueError):
            Tokens.of(self._session).learn_told(json.loads(was.raw), now)
        return control_answer(was, now)

    def case_over(self) -> None:
        """Undo what the calls moved, as the judge does."""
        self._answers.clear()
        for part in self._moved:
            self._session.control(part).set_clock(**self._moved[part])
        for part, rate in self._rates.items():
            self._session.control(part).set_clock(rate=rate)
        for part, settings in self._switched.items():
            with contextlib.suppress(ControlClientError):
                self._session.control(part).do("settings", settings=settings)
        for part in self._ordered:
            with contextlib.suppress(ControlClientError):
                self._session.control(part).do("clear-orders")
        self._moved.clear()
        self._rates.clear()
        self._switched.clear()
        self._ordered.clear()
        self._session.put_back()

    def close(self) -> None:
        """Let go of the clock."""
        if self._clock is not None:
            self._clock.close()

    def _behind(self, lab_time: str) -> float:
        assert self._clock is not None
        return (datetime.fromisoformat(lab_time) - self._clock.now()).total_seconds()

    def _call(self, raw: bytes, found: re.Match[str]) -> None:
        body = json.loads(found["body"]) if found["body"] else None
        control = self._control(found["base"], found["path"], body)
        if (found["method"], found["path"]) == ("POST", "clock") and isinstance(body, dict):
            self._remember(self._parts[found["base"]], body)
        self._remember_switches(self._parts[found["base"]], found["path"], body)
        try:
            answer: object = _asked(control, found["method"], found["path"], body)
        except RefusedError as refused:
            error = {"field": refused.field, "rule": refused.rule, "text": refused.text}
            answer = {"status": refused.status, "error": error}
        except ControlClientError as error:
            raise Unrepeatable(f"the control API is gone: {error}") from None
        self._answers.setdefault(raw, deque()).append(answer)

    def _remember(self, part: str, moved: dict[str, Any]) -> None:
        """What the judge puts back after a case without writing it down: rate, skews and drifts."""
        if "rate" in moved and part not in self._rates:
            still = self._session.lab is not None
            self._rates[part] = 0.0 if still else float(self._session.control(part).clock()["rate"])
        for name in ("skew", "drift"):
            for other in moved.get(name, ()):
                back = self._moved.setdefault(part, {})
                back.setdefault("skew", {})[other] = 0.0
                if name == "drift":
                    back.setdefault("drift", {})[other] = 0.0

    def _remember_switches(self, part: str, path: str, body: object) -> None:
        """What a driver puts back when its case is over, off the record too: settings, answers ordered."""
        if path == "do/settings" and isinstance(body, dict):
            with contextlib.suppress(ControlClientError):  # the call itself will tell
                known = self._session.control(part).state().get("settings", {})
                before = self._switched.setdefault(part, {})
                for name in known.keys() & body.get("settings", {}).keys():
                    before.setdefault(name, known[name])
        elif path == "do/order":
            self._ordered.add(part)

    def _page(self, raw: bytes, found: re.Match[str]) -> None:  # noqa: ARG002 - the shape of the three
        form = ast.literal_eval(found["form"])
        try:
            self._session.state_page(
                change=form.get("ChangeLockState", ""),
                lock=form.get("LockState", ""),
                pos_unlock=form.get("POSUnlock", ""),
                terminal=form.get("TerminalID", ""),
            )
        except NotApplicable as missing:
            raise Unrepeatable(missing.message) from None

    def _process(self, raw: bytes, found: re.Match[str]) -> None:  # noqa: ARG002
        try:
            processes = self._session.processes
        except NotApplicable as missing:
            raise Unrepeatable(missing.message) from None
        if found["act"] == "restart":
            processes.restart(found["part"], *found["extra"].split())
        else:
            processes.kill(found["part"])

    def _control(self, base: str, path: str, body: object) -> Control:
        """The control API that stands where `base` stood: the only one, or the one that knows the call."""
        parts = list(self._session.target.controls)
        if not parts:
            raise Unrepeatable("the device has no control API")
        if base not in self._parts:
            knowing = [part for part in parts if self._knows(part, path, body)]
            if len(knowing) != 1:
                raise Unrepeatable(f"which of {', '.join(parts)} was asked for {path} is not told")
            self._parts[base] = knowing[0]
        return self._session.control(self._parts[base])

    def _knows(self, part: str, path: str, body: object) -> bool:
        if len(self._session.target.controls) == 1:
            return True
        control = self._session.control(part)
        if path == "faults" and isinstance(body, dict):
            return body.get("point") in control.faults()["points"]
        return path.startswith("do/") and f"/control/{path}" in control.openapi()["paths"]


def moves_time(was: Exchange) -> bool:
    """Whether an exchange sets the lab clock or lets it jump."""
    return was.layer is Layer.CONTROL and re.match(rb"POST \S*/control/clock ", was.raw) is not None


def _asked(control: Control, method: str, path: str, body: Any) -> object:
    """The call by the client's own methods, which remember what has to be put back."""
    settings = body or {}
    if path == "reset":
        return control.reset(**settings.get("settings", {}))
    if (method, path) == ("POST", "faults"):
        return control.add_fault(**settings)
    if path.startswith("do/"):
        return control.do(path.removeprefix("do/"), **settings)
    if path == "clock":
        return control.set_clock(**settings) if method == "POST" else control.clock()
    if path.startswith("faults"):
        _, _, rule = path.partition("/")
        if method == "DELETE":
            return control.remove_fault(rule) if rule else control.clear_faults()
        return control.faults()
    if path in ("snapshot", "restore") and method == "POST":
        return control.snapshot(**settings) if path == "snapshot" else control.restore(**settings)
    if path == "state":
        return control.state()
    raise Unrepeatable(f"{method} {path} is not repeated")
