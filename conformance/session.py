"""A target with the connection facts of a run: what was probed, the controls around it, and the driver of
each case.

`open` says whether anybody is there and what the target can do; `begin` and `end` enclose one case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx

from conformance.budget import Budget
from conformance.capability_file import Claims
from conformance.control_client import ControlClientError
from conformance.controls import Control, LabTime, Processes, in_reset_order
from conformance.drivers.wire import Tap
from conformance.events import Direction, Layer, TargetFacts
from conformance.lab import Lab
from conformance.probes import PROBES, Probed
from conformance.prompts import Nobody, Prompter
from conformance.targets import Target
from conformance.verdicts import CaseStopped, NotApplicable, TargetUnreachable
from reference.links.link import Link
from reference.links.tcp import TcpLink
from reference.links.urls import make_link
from reference.runtime.clock import LabClock, open_clock

EXCHANGE_SECONDS = 15.0
KEPT = "before-judging"
"""Name of the snapshot of a register that is judged in its owner's lab."""


def _nowhere(layer: Layer, direction: Direction, raw: bytes, about: bytes = b"", line: int = 0) -> None:
    """Tap of exchanges that belong to no case."""


@dataclass(slots=True)
class Session:
    """One target during a run. `seconds` is the real time a target may keep silent in an exchange (EM-03).

    `claims` is what its owner says of it, `budget` bounds what may be registered on it, `prompter` is who can
    be asked to do something, and `used` gathers the capabilities that cases needed and had. `give_back` is
    called once, at the end, to undo what a driver had to change for good; `kept` is what a driver keeps from
    case to case.
    """

    target: Target
    lab: Lab | None = None
    seconds: float = EXCHANGE_SECONDS
    capabilities: frozenset[str] = frozenset()
    facts: dict[str, str] = field(default_factory=dict)
    claims: Claims | None = None
    budget: Budget = field(default_factory=Budget)
    prompter: Prompter = field(default_factory=Nobody)
    used: set[str] = field(default_factory=set)
    give_back: Callable[[], object] | None = None
    kept: dict[str, object] = field(default_factory=dict)
    _tap: Tap = _nowhere
    _controls: dict[str, Control] = field(default_factory=dict)
    _clock: LabTime | None = None
    _processes: Processes | None = None
    _kept: bool = False

    @property
    def name(self) -> str:
        """Name of the target in events and reports."""
        return self.target.name

    # opening

    def open(self) -> TargetFacts:
        """Probe the target. TargetUnreachable, with a sentence for the person,
        when it cannot be judged at all.
        """
        capabilities = self._surroundings()
        self.capabilities = frozenset(capabilities)
        try:
            probed: Probed = PROBES[self.target.kind](self)
        except CaseStopped as stopped:
            raise TargetUnreachable(
                f"{self.target.address} answers, but not as a {self.target.kind} does: {stopped.message}"
            ) from stopped
        found = frozenset(capabilities | probed.capabilities)
        self.capabilities = found if self.claims is None else self.claims.applied(found)
        self.facts = dict(probed.facts)
        self._keep()
        return TargetFacts(
            self.name,
            self.target.kind,
            self.target.text,
            tuple(sorted(self.capabilities)),
            self.target.vendor,
            self.facts,
            dict(self.target.controls),
        )

    def _keep(self) -> None:
        """Remember what a register of somebody's running lab holds, so that he gets it back at the end."""
        part = self.target.part
        if self.target.kind == "register-kz" and self.lab is None and part in self.target.controls:
            self.control(part).snapshot(KEPT, replace=True)
            self._kept = True

    def _surroundings(self) -> set[str]:
        found: set[str] = set()
        for part in self.target.controls:
            try:
                state = self.control(part).state()
            except ControlClientError as error:
                raise TargetUnreachable(f"control API of the {part}: {error}") from error
            defects = state.get("defects") or state.get("settings", {}).get("defects")
            if defects:
                self.control(part).lasting = {"defects": list(defects)}
            found |= {"clock", "faults", "control" if part == self.target.part else f"{part}-control"}
            if part == "module":
                found |= {"fresh-module", "module-control"}
        if self.target.destructive:
            found.add("destructive")
        if self.lab is not None:
            found.add("processes")
        if self.prompter.present:
            found.add("person")
        return found

    def alive(self) -> bool:
        """Whether the target still answers its probe."""
        try:
            PROBES[self.target.kind](self)
        except (TargetUnreachable, CaseStopped):
            return False
        return True

    # one case

    @contextmanager
    def during(self, tap: Tap) -> Iterator[None]:
        """Write exchanges to `tap` until the case is over."""
        self._tap = tap
        try:
            yield
        finally:
            self._tap = _nowhere

    def put_back(self) -> tuple[str, ...]:
        """Undo what a case has moved;
        returns parts of the embedded lab that had died and were started again.
        """
        died: tuple[str, ...] = ()
        if self.lab is not None:
            crashed = {part for part, control in self._controls.items() if control.may_crash}
            died = tuple(part for part in self.processes.put_back(self._parts) if part not in crashed)
        self.clock.put_back()
        # No part that starts afresh is to wait for another one that a rule keeps silent.
        for control in self._controls.values():
            control.heal()
        # The part under test last: when it starts afresh it looks at the others. But who sends before who
        # receives.
        for part in in_reset_order(sorted(self._controls, key=lambda part: part == self.target.part)):
            self._controls[part].put_back()
        return died

    @property
    def _parts(self) -> tuple[str, ...]:
        return tuple(self.target.controls)

    def close(self) -> None:
        """Close the control connections and let go of the clock; a register gets back what it held."""
        if self._kept:
            self._kept = False
            with suppress(ControlClientError):
                self.control(self.target.part).restore(KEPT)
        if self.give_back is not None:
            undo, self.give_back = self.give_back, None
            with suppress(CaseStopped, TargetUnreachable):
                undo()
        for control in self._controls.values():
            control.close()
        self._controls.clear()
        if self._clock is not None:
            self._clock.close()
            self._clock = None

    # what drivers are made of

    def link(self) -> Link:
        """A closed link to the module under test."""
        if self.target.address.startswith("tcp://"):
            return TcpLink(self.target.endpoint, timeout=self.seconds)
        return make_link(self.target.address)

    def tap(self, layer: Layer, direction: Direction, raw: bytes, about: bytes = b"", line: int = 0) -> None:
        """Write an exchange down in the case that runs. NotApplicable for one that the budget forbids."""
        self.budget.watch(layer, direction, raw)
        self._tap(layer, direction, raw, about, line)

    def control(self, part: str) -> Control:
        """The control API of a part; NotApplicable when the target has none."""
        if part not in self._controls:
            url = self.target.controls.get(part)
            if url is None:
                raise NotApplicable(f"no control API of the {part} is known")
            self._controls[part] = Control(url, self.target.token or None, self.tap)
        return self._controls[part]

    @property
    def clock(self) -> LabTime:
        """The lab clock: the target's through a control API, or the judge's own, which cannot be moved."""
        if self._clock is None:
            own = LabClock.attach(self.lab.clock_path) if self.lab is not None else open_clock(None)
            self._clock = LabTime(own, self._clock_control, shared=self.lab is not None, tap=self.tap)
        return self._clock

    def _clock_control(self) -> Control | None:
        # An operator is never the one a case kills or cuts from power in a case of the part that sells.
        for part in ("operator", "drive", "module", "operator-kz", "register", "portal", "backoffice", "pos"):
            if part in self.target.controls:
                return self.control(part)
        return None

    @property
    def processes(self) -> Processes:
        """The embedded lab's processes; NotApplicable without an embedded lab."""
        if self.lab is None:
            raise NotApplicable("the judge does not run the target's processes")
        if self._processes is None:
            self._processes = Processes(self.lab, self.tap)
        return self._processes

    def state_page(
        self, *, change: str = "", lock: str = "", pos_unlock: str = "", terminal: str = ""
    ) -> None:
        """Set the operator's state page (S-11.10);
        NotApplicable when the operator's web address is not known.
        """
        base = self.target.controls.get("operator")
        if base is None:
            raise NotApplicable(
                "the operator's state page is not known; give the target operator-control=URL"
            )
        form = {"ChangeLockState": change, "LockState": lock, "POSUnlock": pos_unlock, "TerminalID": terminal}
        given = {name: value for name, value in form.items() if value}
        self.tap(Layer.CONTROL, Direction.SENT, f"POST {base}/state {given}".encode())
        try:
            # Never HTTPS here, and loading the authorities takes longer than a case.
            answer = httpx.post(
                f"{base}/state",
                data=given,
                timeout=self.seconds,
                trust_env=False,
                verify=False,  # noqa: S501
            )
        except httpx.TransportError as error:
            raise TargetUnreachable(f"state page at {base}/state: {error}") from error
        if answer.status_code >= 400:
            raise NotApplicable(f"the state page refuses the form: {answer.status_code} {answer.text[:200]}")
