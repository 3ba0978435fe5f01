"""A judge is worth what it finds: every deliberate mistake of the Kazakh operator fails a case about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.lab import Lab
from conformance.mutants import catchers_of
from ofd_mock.kz.defects import DEFECTS
from tests.conformance.kz_operator_lab import PART, judged, operator
from tests.conformance.labs import outcomes, story

CATCHERS = catchers_of(PART).mutants


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with operator(tmp_path_factory.mktemp("mutants-kz")) as running:
        yield running


def test_every_mistake_has_its_cases() -> None:
    assert set(CATCHERS) == set(DEFECTS)


@pytest.mark.parametrize("name", sorted(CATCHERS))
def test_mistake_is_found(lab: Lab, name: str) -> None:
    wanted = set(CATCHERS[name])
    record = judged(lab, sorted(wanted), defects=[name])
    found = outcomes(record)
    assert set(found.get("fail", ())) == wanted, f"{DEFECTS[name].sentence} {found}\n{story(record, 'pass')}"


def test_the_same_cases_pass_without_the_mistakes(lab: Lab) -> None:
    wanted = {case for cases in CATCHERS.values() for case in cases}
    lab.control(PART).reset()
    record = judged(lab, sorted(wanted))
    assert set(outcomes(record)) == {"pass"}, story(record)
