"""The book of a proxy: every unit recorded and decoded, every finding, every disturbance.

It speaks the events of `conformance.events`, so that a record reads like the transcript of a run: a
connection is what a case is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from conformance.clauses import UnknownClauseError, book
from conformance.events import Consumer, Direction, Exchange, Step, StepKind
from conformance.outcomes import Level
from conformance.proxy.units import Side, Unit
from conformance.proxy.watching import Finding, Watcher
from conformance.proxy.wires import Wire
from reference.runtime.clock import PartClock

KEPT = 1000
"""Findings that are kept in words; the rest are counted."""

_log = structlog.get_logger("proxy")

_DIRECTIONS = {Side.REQUEST: Direction.SENT, Side.RESPONSE: Direction.RECEIVED}
_ARROWS = {Side.REQUEST: "→", Side.RESPONSE: "←"}


@dataclass(frozen=True, slots=True)
class Violation:
    """A finding with where and when it was made, and how binding its clause is."""

    line: int
    lab_time: str
    level: Level
    finding: Finding

    def text(self) -> str:
        """One sentence for a person."""
        found = self.finding
        compared = f" (expected {found.expected}, observed {found.observed})" if found.expected else ""
        return f"{found.clause} [{self.level}] {found.text}{compared}"


class Book:
    """What one proxy has seen. `say` gets a line of text for everything a person would want to see."""

    def __init__(
        self,
        wire: Wire,
        clock: PartClock,
        consumers: Sequence[Consumer] = (),
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.by_clause: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self._wire = wire
        self._clock = clock
        self._consumers = consumers
        self._say = say or _silence
        self._watchers: tuple[Watcher, ...] = wire.watchers()
        self._spoiled: set[tuple[int, Side]] = set()

    # what the lines tell

    def opened(self, line: int, client: str, server: str) -> None:
        """A client has been connected to the server."""
        self.counts["connections"] += 1
        self._step(line, StepKind.STEP, f"connection {line} from {client} to {server}")

    def came(self, line: int, unit: Unit) -> None:
        """A unit has come from the party that says it."""
        self.counts[f"{unit.side}s"] += 1
        self._say(f"{line} {_ARROWS[unit.side]} {unit.title}")
        self._record(line, _DIRECTIONS[unit.side], unit.raw, unit.about)
        if unit.trouble:
            self.counts["not understood"] += 1
            text = f"{unit.side} of {len(unit.raw)} bytes not understood, passed on as it is: {unit.trouble}"
            self._step(line, StepKind.NOTE, text)
        self._watch(line, unit.side, unit)

    def delivered(self, line: int, unit: Unit) -> None:
        """A unit is handed to the party that hears it."""
        self._watch(line, unit.side.other, unit)

    def disturbed(self, line: int, unit: Unit, text: str) -> None:
        """A rule has acted on a unit."""
        self.counts["disturbances"] += 1
        self._step(line, StepKind.NOTE, f"{text}: {unit.side} {unit.title}")

    def remarked(self, line: int, text: str) -> None:
        """Something else a reader of the record has to know."""
        self._step(line, StepKind.NOTE, text)

    def spoiled(self, line: int, hearing: Side) -> None:
        """From here on it is not known what the party `hearing` got on this connection: it is not judged."""
        self._spoiled.add((line, hearing))

    def closed(self, line: int, by: Side | None) -> None:
        """A connection is over; `by` whom, None for the proxy itself."""
        self._record(line, Direction.CLOSED, b"")
        whose = {None: "the proxy", Side.REQUEST: "the client", Side.RESPONSE: "the server"}[by]
        self._say(f"{line} closed by {whose}")
        for watcher in self._watchers:
            self._find(line, watcher.ended(line))
        self._spoiled = {each for each in self._spoiled if each[0] != line}

    # what it knows

    def violated(self, *, only_must: bool = False) -> bool:
        """Whether a clause was seen not to hold; `only_must` leaves out SHOULD and stand-in clauses."""
        levels = {_level(clause) for clause in self.by_clause}
        return Level.MUST in levels if only_must else bool(levels - {Level.SHOULD})

    def summary(self) -> list[str]:
        """The whole in a few lines."""
        counts = ", ".join(f"{name} {number}" for name, number in sorted(self.counts.items()))
        lines = [f"Seen: {counts or 'nothing'}."]
        if not self.by_clause:
            return [*lines, "No clause was seen to be broken."]
        lines += [
            f"{clause} [{_level(clause)}] broken {count} ×" for clause, count in self.by_clause.most_common()
        ]
        return lines

    def forget(self) -> None:
        """Begin anew: no counts, no findings, nothing known of any device."""
        self.counts.clear()
        self.by_clause.clear()
        self.violations.clear()
        for watcher in self._watchers:
            watcher.forget()

    # inside

    def _record(self, line: int, direction: Direction, raw: bytes, about: bytes = b"") -> None:
        if not self._consumers:
            return
        wire = self._wire
        exchange = Exchange(wire.name, self._case(line), self._now(), wire.layer, direction, raw, about)
        for consumer in self._consumers:
            consumer.take(exchange)

    def _watch(self, line: int, judged: Side, unit: Unit) -> None:
        if (line, judged) in self._spoiled:
            return
        for watcher in self._watchers:
            if watcher.judges is judged:
                self._find(line, self._judged(watcher, line, unit))

    def _judged(self, watcher: Watcher, line: int, unit: Unit) -> list[Finding]:
        try:
            return list(watcher.take(line, unit))
        except Exception as error:  # noqa: BLE001 - what the judge fails at must not stop the traffic
            self.counts["not judged"] += 1
            _log.error("a unit could not be judged", unit=unit.title, raw=unit.raw.hex(), exc_info=error)
            self.remarked(line, f"{unit.side} {unit.title} could not be judged: {error!r}")
            return []

    def _find(self, line: int, findings: Iterable[Finding]) -> None:
        for finding in findings:
            violation = Violation(line, self._now(), _level(finding.clause), finding)
            self.by_clause[finding.clause] += 1
            if len(self.violations) < KEPT:
                self.violations.append(violation)
            self._say(f"{line} ! {violation.text()}")
            step = Step(
                self._wire.name,
                self._case(line),
                StepKind.CHECK,
                finding.text,
                False,
                finding.expected,
                finding.observed,
                finding.clause,
            )
            for consumer in self._consumers:
                consumer.take(step)

    def _step(self, line: int, kind: StepKind, text: str) -> None:
        self._say(f"{line} · {text}")
        for consumer in self._consumers:
            consumer.take(Step(self._wire.name, self._case(line), kind, text))

    def _case(self, line: int) -> str:
        return f"connection-{line}"

    def _now(self) -> str:
        return self._clock.now().isoformat()


def _silence(text: str) -> None:
    """What is said to nobody."""


def _level(clause: str) -> Level:
    try:
        return book().clause(clause).level
    except UnknownClauseError:
        return Level.MUST
