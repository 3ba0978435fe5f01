"""The hunt for deliberate mistakes: it finds what its table points at, and what the table overlooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.bench import embedded
from conformance.cases import Registry, load_suites
from conformance.mutants import CatchersError, Hunt, catchers_of, load_catchers
from conformance.outcomes import Outcome
from conformance.session import Session

ABOUT, BESIDE = "uz.operator.files.thirty-three", "uz.operator.files.thirty-two"
SEED = 8


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with embedded(["operator"], SEED) as sessions:
        yield sessions[0]


@pytest.fixture
def registry() -> Registry:
    few = Registry()
    for case in load_suites(["uz.operator"]):
        if case.id in (ABOUT, BESIDE):
            few.add(case)
    return few


def hunt(session: Session, registry: Registry, *cases: str) -> Hunt:
    table = replace(catchers_of("operator"), mutants={"takes-33-files": cases})
    return Hunt(session, table, registry, SEED)


def test_mistake_is_found_by_the_case_about_it(session: Session, registry: Registry) -> None:
    found = hunt(session, registry, ABOUT).find("takes-33-files")
    assert (found.caught, found.by, found.missed, found.odd) == (True, (ABOUT,), (), ())


def test_mistake_the_table_overlooks_is_still_looked_for(session: Session, registry: Registry) -> None:
    found = hunt(session, registry, BESIDE).find("takes-33-files")
    assert (found.by, found.missed) == ((ABOUT,), (BESIDE,))


def test_mistake_no_case_is_about_is_not_caught(session: Session, registry: Registry) -> None:
    registry.keep([BESIDE])
    found = hunt(session, registry, BESIDE).find("takes-33-files")
    assert not found.caught
    assert found.missed == (BESIDE,)


def test_sound_part_passes_after_the_hunt(session: Session, registry: Registry) -> None:
    hunting = hunt(session, registry, ABOUT)
    hunting.find("takes-33-files")
    assert hunting.sound() == {ABOUT: Outcome.PASS}


def test_hunting_needs_a_lab_of_its_own(session: Session, registry: Registry) -> None:
    with pytest.raises(CatchersError, match="embedded lab"):
        hunt(Session(session.target), registry, ABOUT).find("takes-33-files")


def test_every_table_names_cases_that_exist() -> None:
    for table in load_catchers():
        known = load_suites([table.suite]).ids()
        wanted = {case for cases in table.mutants.values() for case in cases}
        assert wanted <= known, sorted(wanted - known)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[", "JSONDecodeError"),
        ('{"target": "module"}', "KeyError: 'suite'"),
        (
            json.dumps({"target": "t", "suite": "s", "part": "p", "mutants": {"m": []}}),
            "no case is named for m",
        ),
    ],
)
def test_broken_table_is_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "some.json").write_text(text)
    with pytest.raises(CatchersError, match=rf"some\.json: .*{problem}"):
        load_catchers(tmp_path)


def test_part_without_table_is_named() -> None:
    with pytest.raises(CatchersError, match="'till'"):
        catchers_of("till")
