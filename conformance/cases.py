"""How a conformance case is written, and the registry that holds them all.

A case is a plain function under `conformance/suites/`. It gets one argument, the context, through which it
speaks to the target and says what it expects::

    from conformance.cases import case, family
    from conformance.context import Context

    @case(
        "uz.module.shift.open-twice",
        target="module",
        clauses=["FM-Z-01", "ZR-02"],
        requirements=["UZ-SHF-01"],
        description="A shift is opened while one is open.",
        expectation="9022, and nothing in the module has changed.",
    )
    def open_twice(ctx: Context) -> None:
        ctx.module.ready(shift="open")
        before = ctx.module.memory()
        ctx.step("open again, one second after the last operation")
        answer = ctx.module.open(ctx.module.next_time())
        ctx.check(StatusWord.ZREPORT_IS_NOT_CLOSED, answer.sw, "status word", clause="FM-Z-01")
        ctx.check(before, ctx.module.memory(), "fiscal memory", clause="ZR-02")

One function, many cases, through a table (the key ends the id; every text may use `{key}`)::

    @family(
        "uz.module.time.invalid.{key}",
        rows={"month-13": "2024130154101010", "no-t": "2024010100101010"},
        target="module", clauses=["FM-C-04"], description="Open at a time that is none: {key}.",
        expectation="9010.",
    )
    def invalid_time(ctx: Context, text: str) -> None: ...

`clauses`, `requirements`, `description`, `expectation` and `needs` of a family may also be functions of the
row.

The rules: a case judges one thing and has a stable dotted id (`uz.`, `kz.` or `bx.`, then the target kind);
it prepares the target relative to what the target says, never from an assumed state; what it needs beyond the
wire stands in `needs` (names of `CAPABILITIES`), and it is then not applicable where that is missing;
expected values come from the clause, a vector or the case's own arithmetic. docs/writing-cases.md teaches the
rest.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from conformance.clauses import ClauseBook, UnknownClauseError, book, cited
from conformance.outcomes import Level

if TYPE_CHECKING:
    from conformance.context import Context

Row = TypeVar("Row")
Names = Iterable[str]
Body = Callable[["Context"], None]
RowBody = Callable[["Context", Row], None]

TARGET_KINDS = (
    *("module", "drive", "drive-rpc", "drive-qpos", "drive-communicator", "operator"),
    *("operator-kz", "register-kz", "portal", "backoffice", "pos"),
    *("pos-rpc", "pos-qpos"),
)

CAPABILITIES: dict[str, str] = {
    "control": "the target's own control API (state, reset, faults)",
    "clock": "a lab clock that the judge may move",
    "faults": "fault points that can be switched by the control API",
    "fresh-module": "the module can be reset to a new one with chosen settings",
    "module-control": "the control API of the module behind the target",
    "operator-control": "the control API of the operator behind the target, and its state page",
    "operator-kz-control": "the control API of the Kazakh operator that stands beside the target",
    "owner": "the judge plays the owner's portal that a point of sale reports to",
    "rest": "the point of sale speaks REST 3449 to its drive service, which the case is about",
    "wire": "the port of registers behind a portal, so that the judge can sell on a register made there",
    "test-certificates": "keys of the authority that a portal trusts, so that the judge can sign",
    "drive-control": "the control API of the drive in front of the target",
    "test-keys": "module and operator sign and take files with the public test keys",
    "power": "the judge can cut the module's power (TCP: by closing the connection)",
    "raw-link": "the judge sees the link's bytes (TCP), so it may send broken frames",
    "card": "the drive has at least one module connected",
    "processes": "the judge may kill and restart the parts (embedded lab)",
    "person": "somebody who does what no program can, such as pulling a cable (`--prompts`)",
    "destructive": "the owner agrees to lasting changes such as a filled memory (`destructive=yes`)",
}

_FOLDER = re.compile(r"(uz|kz|bx)\.([a-z0-9]+)(?:\.|$)")
_ID = re.compile(r"(uz|kz|bx)\.([a-z0-9]+(-[a-z0-9]+)*)(\.[a-z0-9]+(-[a-z0-9]+)*)+")


class CaseError(Exception):
    """A case that breaks the rules of the registry; the text names the case and the rule."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test of one rule. `level` is that of its most binding clause unless the case sets its own."""

    id: str
    target: str
    clauses: tuple[str, ...]
    requirements: tuple[str, ...]
    description: str
    expectation: str
    needs: frozenset[str]
    tags: frozenset[str]
    level: Level
    body: Body = field(repr=False, compare=False)


class Registry:
    """All cases by id; refuses doubled ids and citations of what is not in the book."""

    def __init__(self, clause_book: ClauseBook | None = None) -> None:
        self._book = clause_book
        self._cases: dict[str, Case] = {}

    def add(self, new: Case) -> None:
        """Take a case in, or raise `CaseError`."""
        if new.id in self._cases:
            raise CaseError(f"{new.id}: a case of this id exists already")
        if not _ID.fullmatch(new.id):
            raise CaseError(f"{new.id}: an id is uz., kz. or bx. and dotted lower-case words after it")
        if not new.clauses:
            raise CaseError(f"{new.id}: a case cites at least one clause")
        self._check_citations(new)
        if new.target not in TARGET_KINDS:
            raise CaseError(f"{new.id}: target is one of {', '.join(TARGET_KINDS)}, not {new.target!r}")
        unknown = sorted(new.needs - CAPABILITIES.keys())
        if unknown:
            raise CaseError(f"{new.id}: unknown needs {', '.join(unknown)}; see CAPABILITIES")
        self._cases[new.id] = new

    def _check_citations(self, new: Case) -> None:
        clause_book = self.book
        try:
            for clause_id in new.clauses:
                clause_book.clause(clause_id)
            for requirement_id in new.requirements:
                clause_book.requirement(requirement_id)
        except UnknownClauseError as error:
            raise CaseError(f"{new.id}: {error}") from None

    @property
    def book(self) -> ClauseBook:
        """The clauses that cases of this registry may cite."""
        return self._book if self._book is not None else book()

    def ids(self) -> frozenset[str]:
        """Ids of all cases."""
        return frozenset(self._cases)

    def keep(self, ids: Collection[str]) -> None:
        """Forget every case but these."""
        self._cases = {case_id: each for case_id, each in self._cases.items() if case_id in ids}

    def __iter__(self) -> Iterator[Case]:
        return iter(sorted(self._cases.values(), key=lambda each: each.id))

    def __len__(self) -> int:
        return len(self._cases)

    def __getitem__(self, case_id: str) -> Case:
        return self._cases[case_id]

    def case(
        self,
        case_id: str,
        *,
        target: str,
        clauses: Names,
        description: str,
        expectation: str,
        requirements: Names = (),
        needs: Names = (),
        tags: Names = (),
        level: str | None = None,
    ) -> Callable[[Body], Body]:
        """Register the decorated function as one case."""

        def register(body: Body) -> Body:
            self.add(
                self._made(
                    case_id, target, clauses, requirements, description, expectation, needs, tags, level, body
                )
            )
            return body

        return register

    def family(
        self,
        pattern: str,
        *,
        rows: Mapping[str, Row],
        target: str,
        clauses: Names | Callable[[Row], Names],
        description: str | Callable[[Row], str],
        expectation: str | Callable[[Row], str],
        requirements: Names | Callable[[Row], Names] = (),
        needs: Names | Callable[[Row], Names] = (),
        tags: Names = (),
        level: str | None = None,
    ) -> Callable[[RowBody[Row]], RowBody[Row]]:
        """Register the decorated function once for every row;
        `{key}` in `pattern` and texts is the row's key.
        """
        if "{key}" not in pattern:
            raise CaseError(f"{pattern}: the id of a family holds {{key}}")

        def register(body: RowBody[Row]) -> RowBody[Row]:
            for key, row in rows.items():
                self.add(
                    self._made(
                        pattern.replace("{key}", key),
                        target,
                        _of_row(clauses, row),
                        _of_row(requirements, row),
                        _of_row(description, row).replace("{key}", key),
                        _of_row(expectation, row).replace("{key}", key),
                        _of_row(needs, row),
                        tags,
                        level,
                        _bound(body, row),
                    )
                )
            return body

        return register

    def _made(
        self,
        case_id: str,
        target: str,
        clauses: Names,
        requirements: Names,
        description: str,
        expectation: str,
        needs: Names,
        tags: Names,
        level: str | None,
        body: Body,
    ) -> Case:
        named = tuple(cited(case_id, each) for each in clauses)
        try:
            binding = Level(level) if level is not None else self.book.level(named)
        except UnknownClauseError as error:
            raise CaseError(f"{case_id}: {error}") from None
        return Case(
            case_id,
            target,
            named,
            tuple(requirements),
            description,
            expectation,
            frozenset(needs),
            frozenset(tags),
            binding,
            body,
        )


Value = TypeVar("Value")


def _of_row(value: Value | Callable[[Row], Value], row: Row) -> Value:
    return value(row) if callable(value) else value


def _bound(body: RowBody[Row], row: Row) -> Body:
    def run(ctx: Context) -> None:
        body(ctx, row)

    return run


REGISTRY = Registry()
case = REGISTRY.case
family = REGISTRY.family


def load_suites(terms: Iterable[str] = (), package: str = "conformance.suites") -> Registry:
    """Import the modules below `package`, which fills `REGISTRY`; returns it.

    Where each of the selection `terms` is an id or prefix within a chain and target kind, only their folders
    are imported. CaseError when a module cannot be imported, chained to what it raised.
    """
    for name in _folders(tuple(terms), package):
        parent = _imported(name)
        for found in pkgutil.walk_packages(parent.__path__, f"{name}."):
            _imported(found.name)
    return REGISTRY


def _folders(terms: tuple[str, ...], package: str) -> list[str]:
    matches = [_FOLDER.match(term) for term in terms]
    names = {f"{package}.{found[1]}.{found[2]}" for found in matches if found is not None}
    whole = not terms or None in matches or any(importlib.util.find_spec(name) is None for name in names)
    return [package] if whole else sorted(names)


def _imported(name: str) -> ModuleType:
    known = REGISTRY.ids()
    try:
        return importlib.import_module(name)
    except Exception as error:
        REGISTRY.keep(known)  # so that a second try tells the same error, not of ids that exist already
        if isinstance(error, CaseError):
            raise
        raise CaseError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
