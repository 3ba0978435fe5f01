from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.cases import CAPABILITIES, CaseError, Registry, load_suites
from conformance.context import Context
from conformance.outcomes import Level
from conformance.targets import TILLS


def nothing(ctx: Context) -> None:
    """A case that judges nothing."""


def add(registry: Registry, case_id: str = "uz.operator.a.b", **changed: object) -> None:
    arguments: dict[str, object] = {
        "target": "operator",
        "clauses": ["OF-13"],
        "description": "Something is done.",
        "expectation": "Something is seen.",
        **changed,
    }
    decorate: Callable[..., object] = registry.case(case_id, **arguments)  # type: ignore[arg-type]
    decorate(nothing)


def test_a_case_keeps_what_it_says(registry: Registry) -> None:
    add(registry, requirements=["UZ-OFD-01"], needs={"control"}, tags={"slow"})
    case = registry["uz.operator.a.b"]
    assert case.clauses == ("OF-13",)
    assert case.requirements == ("UZ-OFD-01",)
    assert case.needs == {"control"}
    assert case.tags == {"slow"}
    assert case.level is Level.MUST


def test_an_id_stands_once(registry: Registry) -> None:
    add(registry)
    with pytest.raises(CaseError, match=r"uz\.operator\.a\.b: a case of this id exists"):
        add(registry)


@pytest.mark.parametrize(
    "case_id", ["uz.module", "us.module.x.y", "uz.Module.x", "uz.module.x y", "uz.module..x"]
)
def test_ids_are_dotted_words(registry: Registry, case_id: str) -> None:
    with pytest.raises(CaseError, match="dotted"):
        add(registry, case_id)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"clauses": ["OF-99"]}, "no clause 'OF-99'"),
        ({"clauses": []}, "at least one clause"),
        ({"requirements": ["UZ-NON-01"]}, "no requirement 'UZ-NON-01'"),
        ({"needs": ["telepathy"]}, "unknown needs telepathy"),
        ({"target": "toaster"}, "target is one of"),
    ],
)
def test_what_is_not_in_the_book_is_refused(
    registry: Registry, changed: dict[str, object], text: str
) -> None:
    with pytest.raises(CaseError, match=text):
        add(registry, **changed)
    assert len(registry) == 0


def test_the_level_follows_the_clauses_unless_given(registry: Registry) -> None:
    add(registry, "uz.operator.a.stand-in", clauses=["OF-20"])
    add(registry, "uz.operator.a.given", clauses=["OF-20"], level="must")
    assert registry["uz.operator.a.stand-in"].level is Level.STAND_IN
    assert registry["uz.operator.a.given"].level is Level.MUST


def test_a_family_makes_a_case_of_every_row(registry: Registry) -> None:
    seen: list[int] = []

    @registry.family(
        "uz.operator.number.{key}",
        rows={"one": 1, "two": 2},
        target="operator",
        clauses=lambda row: ["OF-13"] if row == 1 else ["OF-14"],
        description=lambda row: f"Row {row}, called {{key}}.",
        expectation="It is {key}.",
        needs=lambda row: ["control"] if row == 2 else [],
    )
    def number(ctx: Context, row: int) -> None:
        seen.append(row)

    assert [case.id for case in registry] == ["uz.operator.number.one", "uz.operator.number.two"]
    two = registry["uz.operator.number.two"]
    assert (two.clauses, two.description, two.expectation) == (("OF-14",), "Row 2, called two.", "It is two.")
    assert two.needs == {"control"}
    for case in registry:
        case.body(None)  # type: ignore[arg-type]
    assert seen == [1, 2]


def test_a_family_says_where_the_key_goes(registry: Registry) -> None:
    with pytest.raises(CaseError, match="key"):
        registry.family(
            "uz.operator.same",
            rows={"a": 1},
            target="operator",
            clauses=["OF-13"],
            description="",
            expectation="",
        )


SUBJECTS = {"rpc": "rpc1"}
"""What ids call a target by another name."""


def test_every_published_case_is_complete() -> None:
    registry = load_suites()
    assert len(registry) >= 4
    for case in registry:
        subject = "pos" if case.target in TILLS else case.target
        subject = subject.removeprefix("drive-").removesuffix("-kz")
        assert case.id.split(".")[1] == SUBJECTS.get(subject, subject), case.id
        assert case.description.endswith("."), case.id
        assert case.expectation.endswith("."), case.id
        assert case.needs <= CAPABILITIES.keys()
