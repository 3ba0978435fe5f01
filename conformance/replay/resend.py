"""A transcript sent to a second device: the same bytes again, answer compared with answer.

The transcript is read as a stream; what is kept is what differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from conformance.bench import PARTS_NEEDED
from conformance.events import Direction, Exchange, Layer, RunStarted, Verdict
from conformance.lab import Lab
from conformance.lab_parts import EVERY_PART
from conformance.replay.devices import DEVICES, Device, Unrepeatable
from conformance.replay.nature import Difference, compare
from conformance.replay.questions import told
from conformance.replay.steering import Steering, moves_time
from conformance.replay.transcripts import CaseBegun, Told, read_events
from conformance.replay.unsent import UNSENT
from conformance.session import Session
from conformance.targets import PARTS, Target, parse_target
from reference.protocol.uz.values import from_tashkent, parse_json_time

KINDS_OF_WIRES: Final = {
    "module": "module",
    "rest": "drive",
    "rpc": "drive-rpc",
    "qpos": "drive-qpos",
    "communicator": "drive-communicator",
    "operator": "operator",
    "kz": "operator-kz",
}
"""The kind of target behind a wire of the proxy."""

KEPT: Final = 1000
"""Differences that are kept field by field; the rest are counted."""

Options = Sequence[tuple[str, str]]


class ReplayError(Exception):
    """A transcript that cannot be sent to a device; the text says why."""


@dataclass(frozen=True, slots=True)
class Differing:
    """An answer that is another one than then: what was asked, and the fields that differ."""

    number: int
    asked: str
    fields: tuple[Difference, ...]

    @property
    def by_nature(self) -> bool:
        """Whether only that differs which had to."""
        return all(each.nature for each in self.fields)


@dataclass(slots=True)
class ReplayedCase:
    """One case, or one connection of a proxy, sent again."""

    target: str
    case_id: str
    equal: int = 0
    by_nature: int = 0
    different: int = 0
    differing: list[Differing] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def compared(self) -> int:
        """How many answers were compared."""
        return self.equal + self.by_nature + self.different

    def put(self, was: Exchange, fields: Sequence[Difference]) -> None:
        """Count one comparison."""
        if not fields:
            self.equal += 1
            return
        entry = Differing(
            self.compared + 1, told(was.layer, was.about) if was.about else str(was.layer), tuple(fields)
        )
        if entry.by_nature:
            self.by_nature += 1
        else:
            self.different += 1
        if len(self.differing) < KEPT:
            self.differing.append(entry)


@dataclass(slots=True)
class Replayed:
    """A whole transcript sent again."""

    cases: list[ReplayedCase] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def different(self) -> bool:
        """Whether something differs that had not to."""
        return any(case.different for case in self.cases)

    @property
    def compared(self) -> int:
        """How many answers were compared."""
        return sum(case.compared for case in self.cases)


def kinds_of(path: Path) -> tuple[dict[str, str], RunStarted | None]:
    """Targets of a transcript by name with their kinds, and the start of its run, if a run wrote it."""
    kinds: dict[str, str] = {}
    started = None
    for event in read_events(path, lambda text: None):  # noqa: ARG005 - said by the second reading
        if isinstance(event, RunStarted):
            started = event
            kinds |= {each.name: each.kind for each in event.targets}
            break
        if isinstance(event, Exchange):
            kinds.setdefault(event.target, KINDS_OF_WIRES.get(event.target, ""))
    unknown = [name for name, kind in kinds.items() if kind not in DEVICES]
    for name in unknown:
        if kinds[name] in UNSENT:
            continue
        raise ReplayError(f"{path}: {name!r} is no target or wire that can be sent to")
    if not kinds:
        raise ReplayError(f"{path} has no exchange to send")
    return kinds, started


def replay(
    path: Path,
    name: str,
    session: Session,
    cases: Sequence[str] = (),
    heard: Callable[[ReplayedCase], None] = lambda _: None,
) -> Replayed:
    """Send what was sent to the target `name` to the open `session`; `heard` gets each case as it ends.

    `cases` are compared, all without. A fresh lab is sent those before them too: they made its state.
    """
    replayed = Replayed()
    _, started = kinds_of(path)
    controls = next((each.controls for each in started.targets if each.name == name), {}) if started else {}
    sender = _Sender(session, replayed, heard, lambda case_id: _chosen(case_id, cases), controls)
    try:
        chosen = (
            event
            for event in read_events(path, replayed.notes.append)
            if getattr(event, "target", None) == name
            and (session.lab is not None or _chosen(case_of(event), cases))
        )
        for event, behind in _with_the_next(chosen):
            sender.take(event, getattr(behind, "lab_time", ""))
    finally:
        sender.close()
    return replayed


@contextmanager
def second_lab(kind: str, started: RunStarted | None, defects: Options = ()) -> Iterator[Session]:
    """A fresh lab with a part of the kind, of the seed and at the lab time of the transcript."""
    # Imported here: most replays go to a device that runs already.
    import tempfile

    from reference.runtime.chance import fresh_seed

    needed = PARTS_NEEDED[kind]
    options: dict[str, list[str]] = {}
    for part, defect in defects:
        options.setdefault(part, []).extend(("--defect", defect))
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="kassalab-replay-")))
        lab = Lab(
            folder,
            parts=[part for part in EVERY_PART if part.name in needed],
            seed=fresh_seed() if started is None else started.seed,
            start=None if started is None else _beginning(started),
            rate=0.0,
            options=options,
        )
        ends.enter_context(lab)
        yield Session(_target(kind, lab), lab)


def _beginning(started: RunStarted) -> datetime:
    """When the first lab began: a new module's last operation is that very second."""
    for facts in started.targets:
        if told := facts.facts.get("last operation"):
            return from_tashkent(parse_json_time(told))
    return datetime.fromisoformat(started.lab_time)


def _target(kind: str, lab: Lab) -> Target:
    own = PARTS.get(kind, kind)
    place = lab.addresses[own][own].removeprefix("http://")
    controls = "&".join(
        f"{'control' if part == own else f'{part}-control'}={lab.control_url(part)}"
        for part in PARTS_NEEDED[kind]
    )
    scheme = "http" if kind == "drive" else "tcp"
    return parse_target(f"{kind}:{scheme}://{place}?{controls}&vendor=no&destructive=yes")


def _with_the_next(events: Iterator[Told]) -> Iterator[tuple[Told, Told | None]]:
    held: Told | None = None
    for event in events:
        if held is not None:
            yield held, event
        held = event
    if held is not None:
        yield held, None


def case_of(event: Told) -> str:
    """The case that an event belongs to, empty for those of the run."""
    return str(getattr(event, "case_id", ""))


def _chosen(case_id: str, cases: Sequence[str]) -> bool:
    return not cases or any(
        fnmatchcase(case_id, term) or case_id.startswith(f"{term.rstrip('.')}.") for term in cases
    )


class _Sender:
    """Sends exchanges in the order of the transcript; of a proxy several connections are open at once."""

    def __init__(
        self,
        session: Session,
        replayed: Replayed,
        heard: Callable[[ReplayedCase], None],
        chosen: Callable[[str], bool],
        controls: Mapping[str, str],
    ) -> None:
        self._chosen = chosen
        self._session = session
        self._replayed = replayed
        self._heard = heard
        self._steering = Steering(session, controls)
        self._open: dict[str, tuple[ReplayedCase, Device]] = {}
        self._unanswered: set[str] = set()

    def take(self, event: Told, until: str) -> None:
        """Send, compare, or end a case; `until` is the lab time of the next event, or empty."""
        match event:
            case CaseBegun():
                self._begun(event.target, event.case_id)
            case Exchange():
                self._exchange(event, until or event.lab_time)
            case Verdict():
                self._over(event.case_id)

    def close(self) -> None:
        """End what is open."""
        for case_id in list(self._open):
            self._over(case_id)
        self._steering.close()

    def _begun(self, target: str, case_id: str) -> tuple[ReplayedCase, Device]:
        device: Device = DEVICES[self._session.target.kind](self._session)
        self._open[case_id] = ReplayedCase(target, case_id), device
        return self._open[case_id]

    def _over(self, case_id: str) -> None:
        case, device = self._open.pop(case_id)
        device.close()
        self._steering.case_over()
        if self._chosen(case_id):
            self._replayed.cases.append(case)
            self._heard(case)

    def _exchange(self, was: Exchange, until: str) -> None:
        case, device = self._open.get(was.case_id) or self._begun(was.target, was.case_id)
        part: Device | Steering = self._steering if was.layer is Layer.CONTROL else device
        if was.direction is Direction.SENT:
            self._steering.reach(was.lab_time)
            try:
                # A jump of lab time brings it to that of the next exchange by itself.
                with nullcontext() if moves_time(was) else self._steering.flowing(until):
                    part.sent(was)
            except Unrepeatable as reason:
                case.skipped[str(reason)] += 1
            return
        self._steering.reach(was.lab_time)
        now = part.came(was)
        if now is not None:
            case.put(was, compare(was, now))
