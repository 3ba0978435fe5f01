"""The run as a person watches it: a line a case, and all that is known about each one that did not pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from conformance.clauses import ClauseBook
from conformance.controls import CLOCK_READING
from conformance.decode import decode_exchange
from conformance.diagnoses import diagnose
from conformance.drivers.wire import BY_US, RESET_BY_US
from conformance.events import (
    CaseRecord,
    CaseStarted,
    Direction,
    Event,
    Exchange,
    Layer,
    RunEnded,
    RunStarted,
    Step,
    Verdict,
)
from conformance.outcomes import Outcome

COLOURS = {
    Outcome.PASS: "green",
    Outcome.PASS_NON_STRICT: "yellow",
    Outcome.FAIL: "bold red",
    Outcome.INCONCLUSIVE: "magenta",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.INFORMATIONAL: "cyan",
    Outcome.TOOL_ERROR: "bold yellow",
}
SIGNS = {Direction.SENT: "→", Direction.RECEIVED: "←", Direction.CLOSED: "×"}
LAST_EXCHANGES = 6
LINES_OF_EXCHANGE = 14
LONGEST_LINE = 240
_BY_ITSELF = (BY_US, RESET_BY_US, CLOCK_READING)
_TOLD = (Outcome.FAIL, Outcome.TOOL_ERROR, Outcome.INCONCLUSIVE)


class ConsoleReport:
    """Consumer that writes to a rich console; `verbose` shows the cases that do not apply too."""

    def __init__(self, console: Console, book: ClauseBook, *, verbose: bool = False) -> None:
        self._console = console
        self._book = book
        self._verbose = verbose
        self._open: dict[str, CaseRecord] = {}
        self._several = False

    def take(self, event: Event) -> None:
        """Write what the event calls for."""
        match event:
            case RunStarted():
                self._started(event)
            case CaseStarted():
                self._open[event.target] = CaseRecord(event.target, event.case, event.lab_time)
            case Step() | Exchange():
                if event.target in self._open:
                    self._open[event.target].timeline.append(event)
            case Verdict():
                self._verdict(event)
            case RunEnded():
                self._ended(event)

    def _say(self, text: str | Text = "", style: str | None = None) -> None:
        """One line, never wrapped: ids and commands must stay whole to be copied.

        Halves of surrogate pairs, which no terminal can be sent, are written as what they are.
        """
        plain = text.plain if isinstance(text, Text) else text
        shown = plain.encode("utf-8", "backslashreplace").decode()
        if shown != plain:
            text = Text(shown, style=text.style) if isinstance(text, Text) else shown
        self._console.print(text, style=style, soft_wrap=True)

    def _started(self, event: RunStarted) -> None:
        self._several = len(event.targets) > 1
        versions = ", ".join(f"{name} {version}" for name, version in event.versions.items())
        self._say(f"[bold]seed {event.seed}[/]  {escape(versions)}")
        for target in event.targets:
            facts = ", ".join(f"{name} {value}" for name, value in target.facts.items())
            kind = " (somebody else's product)" if target.vendor else ""
            self._say(f"target [bold]{escape(target.name)}[/] {escape(target.address)}{kind}")
            self._say(f"  {escape(facts)}", style="dim")
            able = ", ".join(target.capabilities) or "nothing beyond its wire"
            self._say(f"  can: {escape(able)}", style="dim")
        self._say(f"{event.planned} case{'s' if event.planned != 1 else ''}\n")

    def _verdict(self, event: Verdict) -> None:
        record = self._open.pop(event.target)
        if event.outcome is Outcome.NOT_APPLICABLE and not self._verbose:
            return
        line = Text(f"{event.outcome.value:<16}", style=COLOURS[event.outcome])
        line.append(event.case_id, style="default")
        if self._several and record.case.target != event.target:
            line.append(f" on {event.target}", style="dim")
        line.append(f"  {event.seconds:.2f} s", style="dim")
        self._say(line)
        if event.outcome in _TOLD:
            self._tell(record, event)
        elif event.message and event.outcome is not Outcome.PASS:
            self._say(Text(f"    {event.message}"))

    def _tell(self, record: CaseRecord, verdict: Verdict) -> None:
        """Clause, expected, observed, the last exchanges decoded, the likely cause,
        and how to see it again.
        """
        rows = [("case", record.case.description), ("because", verdict.message)]
        if verdict.clause:
            clause = self._book.clause(verdict.clause)
            rows.append(("clause", f"{clause.id} ({clause.source}, {clause.mark}): {clause.text}"))
        if verdict.expected or verdict.observed:
            rows += [("expected", verdict.expected), ("observed", verdict.observed)]
        for name, text in rows:
            self._say(Text(f"    {name:<9} {text}"))
        for exchange in without_polls(record.exchanges)[-LAST_EXCHANGES:]:
            self._exchange(exchange)
        found = diagnose(verdict.observed, verdict.message, record.case.clauses)
        if found is not None and verdict.outcome is not Outcome.TOOL_ERROR:
            causes = "; or ".join(found.causes)
            self._say(Text(f"    likely    {found.symptom}: {causes}", style="yellow"))
        if verdict.trace:
            self._say(Text(verdict.trace.rstrip(), style="dim"))
        self._say(Text(f"    again     {verdict.again}", style="bold"))
        self._say()

    def _exchange(self, exchange: Exchange) -> None:
        sign = SIGNS[exchange.direction]
        tree = decode_exchange(exchange)
        told = tuple(child for child in tree.children if child.name != "headers")
        lines = list(replace(tree, children=told).lines())
        if len(lines) > LINES_OF_EXCHANGE:
            lines = [*lines[:LINES_OF_EXCHANGE], "…"]
        for number, line in enumerate(lines):
            shown = line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
            self._say(Text(f"      {sign if number == 0 else ' '} {shown}", style="dim"))

    def _ended(self, event: RunEnded) -> None:
        parts = [
            f"[{COLOURS[Outcome(name)]}]{count} {name}[/]" for name, count in event.summary.items() if count
        ]
        self._say(f"\n{', '.join(parts) or 'nothing was run'} in {event.seconds:.1f} s")
        if event.stopped:
            self._say(Text(event.stopped, style="bold red"))


def without_polls(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The exchanges with only the last of several equal looks in a row: GET and its answer, again and again.

    A case that waits for something would otherwise bury what came before. What the judge did by itself, such
    as closing or reading the clock, is left out too.
    """
    kept: list[Exchange] = []
    look = b""
    for exchange in reversed(exchanges):
        if exchange.about in _BY_ITSELF:
            continue
        asked = exchange.raw if exchange.direction is Direction.SENT else exchange.about
        if exchange.layer is Layer.HTTP and asked and asked == look:
            continue
        if exchange.layer is not Layer.HTTP:
            look = b""
        elif exchange.direction is Direction.SENT:
            look = exchange.raw if exchange.raw.startswith(b"GET ") else b""
        kept.append(exchange)
    return kept[::-1]
