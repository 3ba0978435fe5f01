"""What a case holds in its hands:
the target's driver, the lab's controls, and the ways to state a finding.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from conformance.cases import Case
from conformance.clauses import ClauseBook, cited
from conformance.drivers.drive import DriveDriver
from conformance.drivers.module import ModuleDriver
from conformance.drivers.operator import OperatorDriver
from conformance.events import Direction, EventStream, Exchange, Layer, Step, StepKind
from conformance.outcomes import Level
from conformance.prompts import DONE
from conformance.showing import differing, shown
from conformance.targets import TILLS
from conformance.verdicts import CaseFailed, CaseStopped, Inconclusive, NotApplicable

if TYPE_CHECKING:
    from conformance.controls import Control, LabTime, Processes
    from conformance.drivers.backoffice import BackofficeDriver
    from conformance.drivers.gen1_communicator import CommunicatorDriver
    from conformance.drivers.gen1_qpos import QposDriver
    from conformance.drivers.gen1_rpc import RpcDriver
    from conformance.drivers.kz_operator import OfdDriver
    from conformance.drivers.kz_register import RegisterDriver
    from conformance.drivers.portal import PortalDriver
    from conformance.drivers.pos import PosDriver
    from conformance.session import Session


@dataclass(slots=True)
class Findings:
    """What a case has gathered that does not end it at once."""

    should_missed: list[Step] = field(default_factory=list)
    stand_in_missed: list[Step] = field(default_factory=list)


class Context:
    """One case on one target. Cases read from it and state findings; they never keep it.

    `rng` is a generator seeded from the run's seed and the case id, so a repeat with the same seed is the
    same.
    """

    def __init__(
        self,
        case: Case,
        session: Session,
        stream: EventStream,
        book: ClauseBook,
        rng: random.Random,
        *,
        strict: bool = False,
    ) -> None:
        self.case = case
        self.rng = rng
        self.findings = Findings()
        self._session = session
        self._stream = stream
        self._lines: dict[int, int] = {}
        self._book = book
        self._strict = strict
        self._module: ModuleDriver | None = None
        self._drive: DriveDriver | None = None
        self._operator: OperatorDriver | None = None
        self._ofd: OfdDriver | None = None
        self._register: RegisterDriver | None = None
        self._portal: PortalDriver | None = None
        self._backoffice: BackofficeDriver | None = None
        self._pos: PosDriver | None = None
        self._rpc: RpcDriver | None = None
        self._qpos: QposDriver | None = None
        self._communicator: CommunicatorDriver | None = None

    # the target and its surroundings

    @property
    def module(self) -> ModuleDriver:
        """Driver of the module under test (target kind `module`)."""
        self._only("module")
        if self._module is None:
            self._module = ModuleDriver(self._session, self._session.link(), self._session.tap, self)
        return self._module

    @property
    def drive(self) -> DriveDriver:
        """Driver of the drive under test (target kind `drive`)."""
        self._only("drive")
        if self._drive is None:
            self._drive = DriveDriver(self._session, self._session.tap, self)
        return self._drive

    @property
    def rpc(self) -> RpcDriver:
        """Driver of the generation-1 service under test (target kind `drive-rpc`)."""
        from conformance.drivers.gen1_rpc import RpcDriver

        self._only("drive-rpc")
        if self._rpc is None:
            self._rpc = RpcDriver(self._session, self._session.tap, self)
        return self._rpc

    @property
    def qpos(self) -> QposDriver:
        """Driver of the QPOS wrapper under test (target kind `drive-qpos`)."""
        from conformance.drivers.gen1_qpos import QposDriver

        self._only("drive-qpos")
        if self._qpos is None:
            self._qpos = QposDriver(self._session, self._session.tap, self)
        return self._qpos

    @property
    def communicator(self) -> CommunicatorDriver:
        """Driver of the Communicator under test (target kind `drive-communicator`)."""
        from conformance.drivers.gen1_communicator import CommunicatorDriver

        self._only("drive-communicator")
        if self._communicator is None:
            self._communicator = CommunicatorDriver(self._session, self._session.tap, self)
        return self._communicator

    @property
    def operator(self) -> OperatorDriver:
        """Driver of the operator under test (target kind `operator`)."""
        self._only("operator")
        if self._operator is None:
            self._operator = OperatorDriver(self._session, self._session.tap, self)
        return self._operator

    @property
    def ofd(self) -> OfdDriver:
        """Driver of the Kazakh operator under test (target kind `operator-kz`)."""
        # Imported here: a run of the Uzbek suites needs nothing of the Kazakh protocol.
        from conformance.drivers.kz_operator import OfdDriver

        self._only("operator-kz")
        if self._ofd is None:
            self._ofd = OfdDriver(self._session, self._session.tap, self)
        return self._ofd

    @property
    def register(self) -> RegisterDriver:
        """Driver of the Kazakh register under test (target kind `register-kz`)."""
        from conformance.drivers.kz_register import RegisterDriver

        self._only("register-kz")
        if self._register is None:
            self._register = RegisterDriver(self._session, self._session.tap, self)
        return self._register

    @property
    def portal(self) -> PortalDriver:
        """Driver of the portal under test (target kind `portal`)."""
        from conformance.drivers.portal import PortalDriver

        self._only("portal")
        if self._portal is None:
            self._portal = PortalDriver(self._session, self._session.tap, self)
        return self._portal

    @property
    def backoffice(self) -> BackofficeDriver:
        """Driver of the owner portal under test (target kind `backoffice`)."""
        from conformance.drivers.backoffice import BackofficeDriver

        self._only("backoffice")
        if self._backoffice is None:
            self._backoffice = BackofficeDriver(self._session, self._session.tap, self)
        return self._backoffice

    @property
    def pos(self) -> PosDriver:
        """Driver of the point of sale under test (target kinds `pos`, `pos-rpc`, `pos-qpos`)."""
        from conformance.drivers.pos import PosDriver

        self._only("pos", *TILLS)
        if self._pos is None:
            self._pos = PosDriver(self._session, self._session.tap, self)
        return self._pos

    @property
    def clock(self) -> LabTime:
        """The lab clock, through the control API (needs `clock`)."""
        return self._session.clock

    @property
    def control(self) -> Control:
        """The target's own control API (needs `control`)."""
        return self._session.control(self._session.target.part)

    @property
    def module_control(self) -> Control:
        """The control API of the module (needs `module-control`; for a module target it is `control`)."""
        return self._session.control("module")

    @property
    def drive_control(self) -> Control:
        """The control API of the drive (needs `drive-control`)."""
        return self._session.control("drive")

    @property
    def operator_control(self) -> Control:
        """The control API of the operator (needs `operator-control`)."""
        return self._session.control("operator")

    @property
    def ofd_control(self) -> Control:
        """The control API of the Kazakh operator (needs `operator-kz-control`)."""
        return self._session.control("operator-kz")

    @property
    def processes(self) -> Processes:
        """Kill and restart parts of the embedded lab (needs `processes`)."""
        return self._session.processes

    @property
    def vendor(self) -> bool:
        """Whether the target is somebody else's product, which stand-in clauses do not bind."""
        return self._session.target.vendor

    def can(self, capability: str) -> bool:
        """Whether the target has a capability of `conformance.cases.CAPABILITIES`."""
        return capability in self._session.capabilities

    # what was done and seen

    def step(self, text: str) -> None:
        """Say what the case does next; the report shows it above the exchanges that follow."""
        self._send(Step(self._session.name, self.case.id, StepKind.STEP, text))

    def note(self, text: str) -> None:
        """Remark something worth reading that decides nothing."""
        self._send(Step(self._session.name, self.case.id, StepKind.NOTE, text))

    def ask_person(self, text: str, answers: Sequence[str] = (DONE,)) -> str:
        """Have a person do something (needs `person`) and give the answer; skipped, the case is inconclusive.

        Question and answer stand in the report.
        """
        self.step(f"asked a person: {text}")
        answer = self._session.prompter.ask(f"{self.case.id}: {text}", answers)
        if answer is None:
            self.inconclusive(f"nobody did what was asked: {text}")
        self.note(f"the person answered: {answer}")
        return answer

    # findings

    def check(self, expected: object, observed: object, what: str, *, clause: str = "") -> None:
        """`observed` equals `expected`, or the case fails. `clause` defaults to the first one of the case.

        A miss of a stand-in clause on somebody else's product does not stop the case: it ends informational.
        """
        left, right = differing(expected, observed)
        self.check_that(expected == observed, left, right, what, clause=clause)

    def check_in(self, allowed: Collection[object], observed: object, what: str, *, clause: str = "") -> None:
        """`observed` is one of `allowed`, or the case fails."""
        expected = "one of " + ", ".join(shown(each) for each in allowed)
        self.check_that(observed in allowed, expected, observed, what, clause=clause)

    def check_that(
        self, holds: bool, expected: str, observed: object, what: str, *, clause: str = ""
    ) -> None:
        """`holds` is true, or the case fails; `expected` says in words what had to be so."""
        step = self._compared(StepKind.CHECK, holds, expected, observed, what, clause)
        if holds:
            return
        if self.vendor and self._level(step.clause) is Level.STAND_IN:
            self.findings.stand_in_missed.append(step)
            return
        if self.vendor and self._level(step.clause) is Level.SHOULD and not self._strict:
            self.findings.should_missed.append(step)
            return
        raise CaseFailed(
            f"{what}: expected {step.expected}, observed {step.observed}",
            clause=step.clause,
            expected=step.expected,
            observed=step.observed,
        )

    def should(self, holds: bool, expected: str, observed: object, what: str, *, clause: str = "") -> None:
        """`holds` should be true: a miss makes a pass non-strict, and fails the case under --strict."""
        step = self._compared(StepKind.SHOULD, holds, expected, observed, what, clause)
        if holds:
            return
        if self._strict:
            raise CaseFailed(
                f"{what}: should be {step.expected}, observed {step.observed}",
                clause=step.clause,
                expected=step.expected,
                observed=step.observed,
            )
        self.findings.should_missed.append(step)

    def fail(self, message: str, *, clause: str = "") -> NoReturn:
        """The case fails for a reason that is no comparison."""
        raise CaseFailed(message, clause=cited(self.case.id, clause) or self.case.clauses[0])

    def inconclusive(self, missing: str) -> NoReturn:
        """What would decide the case cannot be observed; say what."""
        raise Inconclusive(missing)

    def not_applicable(self, reason: str) -> NoReturn:
        """The target turns out to lack what the case needs; say what."""
        raise NotApplicable(reason)

    @contextmanager
    def preparing(self, what: str) -> Iterator[None]:
        """Whatever fails inside makes the case inconclusive: preparation is not what it judges."""
        self.step(f"prepare: {what}")
        try:
            yield
        except (Inconclusive, NotApplicable):
            raise
        except CaseStopped as stopped:
            raise Inconclusive(
                f"could not prepare ({what}): {stopped.message}",
                clause=stopped.clause,
                expected=stopped.expected,
                observed=stopped.observed,
            ) from stopped

    # for the runner

    def exchanged(
        self, layer: Layer, direction: Direction, raw: bytes, about: bytes = b"", line: int = 0
    ) -> None:
        """Write down bytes that crossed a wire; the drivers' tap. `line` is renumbered from 1 on."""
        place = self._lines.setdefault(line, len(self._lines) + 1) if line else 0
        lab_time = self._stream.lab_time()
        self._stream.send(
            Exchange(self._session.name, self.case.id, lab_time, layer, direction, raw, about, place)
        )

    def finish(self) -> None:
        """Close the drivers."""
        drivers = (
            *(self._module, self._drive, self._rpc, self._qpos, self._communicator),
            *(self._operator, self._ofd, self._register, self._portal, self._backoffice, self._pos),
        )
        for driver in drivers:
            if driver is not None:
                driver.close()

    def _only(self, *kinds: str) -> None:
        if self.case.target not in kinds:
            raise LookupError(f"{self.case.id} is a case for a {self.case.target}, it has no {kinds[0]}")

    def _compared(
        self, kind: StepKind, holds: bool, expected: str, observed: object, what: str, clause: str
    ) -> Step:
        step = Step(
            self._session.name,
            self.case.id,
            kind,
            what,
            holds,
            expected,
            shown(observed),
            cited(self.case.id, clause) or self.case.clauses[0],
        )
        self._send(step)
        return step

    def _level(self, clause: str) -> Level:
        return self._book.clause(clause).level

    def _send(self, step: Step) -> None:
        self._stream.send(step)
