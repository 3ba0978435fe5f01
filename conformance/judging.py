"""One run from request to verdict: choose the cases, bring up the targets, judge, and tell the consumers.

The command line, the demo and the tests of deliberate defects all come in here.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from conformance.bench import embedded, given
from conformance.budget import GIVEN_TARGET, Budget
from conformance.capability_file import CapabilityFileError, Claims, written
from conformance.cases import TARGET_KINDS, Case, Registry
from conformance.events import Consumer, EventStream, RunEnded
from conformance.prompts import Nobody, Prompter
from conformance.runner import Runner, RunSettings
from conformance.selection import SelectionError, select
from conformance.session import EXCHANGE_SECONDS, Session
from conformance.targets import Target
from reference.runtime.clock import LabClock, open_clock
from reference.runtime.clock_page import moment


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a person asks for. Without targets every kind the cases need is started as an embedded lab.

    `defects` are (part, name) pairs that the embedded parts are started with. `seconds` is the real time a
    target may keep silent in one exchange. `claims` are what owners say of their targets; `receipts` is how
    many receipts and shifts may be registered on each given target (None: GIVEN_TARGET without a control API,
    any number with one); `prompter` is who can be asked; `export` is where the capabilities go that were
    found and used.
    """

    seed: int
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    strict: bool = False
    defects: tuple[tuple[str, str], ...] = field(default=())
    seconds: float = EXCHANGE_SECONDS
    claims: tuple[Claims, ...] = ()
    receipts: int | None = None
    prompter: Prompter = field(default_factory=Nobody)
    export: Path | None = None

    @property
    def options(self) -> dict[str, object]:
        """The request as it stands in reports."""
        return {
            "select": " ".join(self.select) or "everything",
            "exclude": " ".join(self.exclude) or "nothing",
            "targets": ", ".join(target.text for target in self.targets) or "embedded lab",
            "strict": "yes" if self.strict else "no",
            "defects": ", ".join(f"{part}:{name}" for part, name in self.defects) or "none",
            "seconds an exchange may take": f"{self.seconds:g}",
            "claims": ", ".join(_claimed(each) for each in self.claims) or "none",
            "receipts and shifts": "as the target allows" if self.receipts is None else str(self.receipts),
            "a person can be asked": "yes" if self.prompter.present else "no",
        }

    @property
    def words(self) -> tuple[str, ...]:
        """Options of `kassalab run` that repeat this request for one case on an embedded lab."""
        return tuple(word for part, name in self.defects for word in ("--defect", f"{part}:{name}"))


def plan(request: RunRequest, registry: Registry) -> list[Case]:
    """Cases of the request in order; SelectionError when there is none."""
    kinds = {kind for target in request.targets for kind in target.kinds} or set(TARGET_KINDS)
    chosen = select(registry, request.select, request.exclude)
    cases = [case for case in chosen if case.target in kinds]
    if not cases:
        what = " ".join(request.select) or "the suites"
        raise SelectionError(f"{what}: no case is left for a {' or '.join(sorted(kinds))}")
    return cases


def judge(request: RunRequest, registry: Registry, consumers: Sequence[Consumer]) -> RunEnded:
    """Run the request; every consumer has seen the whole stream when this returns.

    SelectionError for a selection of nothing, LabError when the embedded lab does not start.
    """
    cases = plan(request, registry)
    settings = RunSettings(
        request.seed,
        request.strict,
        versions(),
        request.options,
        embedded=not request.targets,
        words=request.words,
    )
    with _sessions(request, cases) as sessions, _lab_time(sessions) as lab_time:
        _allow(request, sessions)
        ended = Runner(registry.book, EventStream(consumers, lab_time), settings).run(sessions, cases)
        if request.export is not None:
            _export(request.export, sessions)
        return ended


def _allow(request: RunRequest, sessions: Sequence[Session]) -> None:
    """Give every target its owner's claims, its budget and somebody to ask."""
    names = {name for session in sessions for name in (session.name, session.target.kind)}
    for claims in request.claims:
        if claims.target not in names:
            raise CapabilityFileError(
                f"claims are about {claims.target!r}, which is not judged; "
                f"there is {', '.join(sorted(names))}"
            )
    for session in sessions:
        session.prompter = request.prompter
        own = [each for each in request.claims if each.target in (session.name, session.target.kind)]
        session.claims = own[-1] if own else None
        limit = request.receipts
        if limit is None and session.claims is not None:
            limit = session.claims.receipts
        if limit is None and session.lab is None and session.target.part not in session.target.controls:
            limit = GIVEN_TARGET
        session.budget = Budget(limit)


def _export(folder: Path, sessions: Sequence[Session]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for session in sessions:
        text = written(session.name, session.capabilities, session.used, session.claims, session.budget.spent)
        (folder / f"{session.name}.toml").write_text(text, encoding="utf-8")


def _claimed(claims: Claims) -> str:
    said = ", ".join(f"{name} {claim.value}" for name, claim in claims.claims.items())
    return f"{claims.target}: {said or 'nothing'}"


def versions() -> dict[str, str]:
    """What judged: our version and Python's."""
    try:
        own = version("kassalab")
    except PackageNotFoundError:
        own = "not installed"
    return {"kassalab": own, "python": platform.python_version()}


@contextmanager
def _sessions(request: RunRequest, cases: Sequence[Case]) -> Iterator[list[Session]]:
    if request.targets:
        yield given(request.targets, request.seconds)
        return
    kinds = [kind for kind in TARGET_KINDS if any(case.target == kind for case in cases)]
    options: dict[str, list[str]] = {}
    for part, name in request.defects:
        options.setdefault(part, []).extend(("--defect", name))
    with embedded(kinds, request.seed, options=options, seconds=request.seconds) as sessions:
        yield sessions


@contextmanager
def _lab_time(sessions: Sequence[Session]) -> Iterator[Callable[[], str]]:
    """Lab time for the transcript: that of the embedded labs (they start together), else the judge's own."""
    labs = [session.lab for session in sessions if session.lab is not None]
    clock = LabClock.attach(labs[0].clock_path) if labs else open_clock(None)
    told: tuple[int, str] = (-1, "")

    def lab_time() -> str:
        nonlocal told
        now = clock.now_ns()
        if now != told[0]:  # in labs of our own it mostly stands still
            told = now, moment(now).isoformat(timespec="milliseconds")
        return told[1]

    try:
        yield lab_time
    finally:
        clock.close()
